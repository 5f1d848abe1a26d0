//! A town whose services run as processes of their own: the same data directory, mutual TLS between them.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{folder, stderr, stdout};

/// Ends a process with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The addresses of the services, as the environment says them to every process and every command.
struct Town<'a> {
    folder: &'a Path,
    settings: Vec<(String, String)>,
}

impl Town<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
        command.args(arguments).current_dir(self.folder).envs(self.settings.clone());
        command.env_remove("TOWNLINK_AS").env_remove("TOWNLINK_DATA_DIR").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    fn serve(&self, service: &str) -> Process {
        let child = self.command(&["serve", service]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Process(child.expect("the program runs"))
    }

    /// Asks until a command succeeds.
    fn until(&self, arguments: &[&str]) -> String {
        let begun = Instant::now();
        loop {
            let output = self.run(arguments);
            if output.status.success() {
                return stdout(&output);
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", stderr(&output));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn services_in_processes_of_their_own_are_one_town() {
    let folder = folder();
    let mut settings = Vec::new();
    for service in ["OFFICE", "GATEWAY"] {
        let address = format!("127.0.0.1:{}", free_port());
        for key in ["LISTEN", "ADDRESS"] {
            settings.push((format!("TOWNLINK__SERVICES__{service}__{key}"), address.clone()));
        }
    }
    let town = Town { folder: folder.path(), settings };
    // The first start makes keys and settings; it ends at once, since its standard input is at its end.
    let first = town.run(&["up", "--ports", "auto", "--clock", "manual", "--until-eof"]);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(town.run(&["migrate"]).status.success());

    let office = town.serve("office");
    let _gateway = town.serve("gateway");
    assert!(town.until(&["roster", "list"]).contains("relay-clerk"));
    // The gateway asks the office, over the network, what the person may do.
    assert!(town.run(&["key", "generate", "county-government"]).status.success());
    let register = [
        "--as",
        "person/key-registrar",
        "key",
        "register",
        "county-government",
        "--owner",
        "county/government",
        "--issuer",
        "昆山市人民政府",
        "--from",
        "2026-03-02",
        "--document",
        "昆政办函〔2026〕1号",
    ];
    assert!(town.until(&register).contains("PENDING"));

    drop(office);
    let away = town.run(&["roster", "list"]);
    assert_eq!(away.status.code(), Some(4), "{}", stderr(&away));
    // Whoever asks sees it, and so does the gateway; both say the same, once.
    let doctor = town.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1), "{}", stderr(&doctor));
    assert_eq!(stdout(&doctor).matches("fault: office: DR-PEER-AWAY").count(), 1, "{}", stdout(&doctor));
    let clocks = town.run(&["clock", "show"]);
    assert_eq!(clocks.status.code(), Some(4));
    assert!(stdout(&clocks).contains("gateway") && !stdout(&clocks).contains("office"), "{}", stdout(&clocks));
}
