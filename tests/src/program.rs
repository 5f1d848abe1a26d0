//! The real program as a child process: `townlink`, started, killed, stopped, and called as a command.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Names the program to test; without it, the one that stands beside the test in the target directory.
pub const PROGRAM_VARIABLE: &str = "TOWNLINK_TEST_PROGRAM";

/// How long the program may take to end when it is asked to.
const END_LIMIT: Duration = Duration::from_secs(30);

/// The pause between two looks at a process.
const PAUSE: Duration = Duration::from_millis(10);

/// How many lines of a program's output a failed test shows.
const SHOWN_LINES: usize = 60;

/// The program under test.
///
/// # Panics
/// Where it is not built.
#[must_use]
pub fn path() -> PathBuf {
    if let Some(named) = std::env::var_os(PROGRAM_VARIABLE) {
        return named.into();
    }
    let test = std::env::current_exe().expect("a test knows its own file");
    // A test lies in target/<profile>/deps, a program in target/<profile>.
    let beside =
        test.ancestors().skip(1).take(2).map(|folder| folder.join("townlink")).find(|program| program.is_file());
    beside.unwrap_or_else(|| {
        panic!("townlink is not built beside {}: run `cargo build --workspace` first, as tests/run does, or name it in {PROGRAM_VARIABLE}", test.display())
    })
}

/// A command of the program, without the settings of whoever runs the tests.
#[must_use]
pub fn command() -> Command {
    command_of(path())
}

/// A command of any program, without those settings.
#[must_use]
pub fn command_of(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("TOWNLINK")) {
        command.env_remove(key);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
///
/// # Panics
/// Where it cannot be started.
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    command().args(arguments).output().expect("the program starts")
}

/// What a command printed, for a message.
#[must_use]
pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// A running program. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a command; what it prints goes to a file.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).expect("the output file can be written");
        let errors = file.try_clone().expect("the output file can be shared");
        let child = command.stdout(file).stderr(errors).spawn().expect("the program starts");
        Self { child, log: log.to_owned() }
    }

    /// The number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.ended().is_none()
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    /// Kills it in the middle of whatever it does (SIGKILL).
    ///
    /// # Panics
    /// Where it ended by itself before.
    pub fn kill(mut self) {
        assert!(self.runs(), "the program ended by itself:\n{}", self.shown());
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be awaited");
    }

    /// Asks it to end (SIGTERM) and expects that it does, with success.
    ///
    /// # Panics
    /// Where it does not, or fails.
    pub fn stop(mut self) {
        let asked =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill(1) can be run");
        assert!(asked.success(), "the program ended by itself:\n{}", self.shown());
        let begin = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                assert!(status.success(), "the program ended with {status}:\n{}", self.shown());
                return;
            }
            assert!(begin.elapsed() < END_LIMIT, "the program did not end in {END_LIMIT:?}:\n{}", self.shown());
            std::thread::sleep(PAUSE);
        }
    }

    /// The last lines that it printed.
    #[must_use]
    pub fn shown(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.log.display(), self.shown());
        }
        // Nothing is left to do where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
