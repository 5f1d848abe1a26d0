//! The README's lines work as they are typed.
//!
//! Blocks marked `console` are run in order in one shell and one empty folder, as a reader would. A line after `$ ` is typed,
//! with its continuations; the lines below show what comes, where `…` stands for anything. A command that ends with `&` goes on
//! in the background, and ends with the test.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use runtime::db::Backend;
use tests::database::Databases;
use tests::town::SERVICES;
use tests::{ledger, program};

/// One thing that the README types.
#[derive(Debug)]
struct Typed {
    line: usize,
    command: String,
    shown: Vec<String>,
}

fn read(text: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    let (mut inside, mut continues) = (false, false);
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line.trim() == "```console";
            continues = false;
        } else if inside && continues {
            let last = typed.last_mut().expect("a continuation follows a command");
            last.command.push('\n');
            last.command.push_str(line.trim_start_matches("> "));
            continues = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            typed.push(Typed { line: index + 1, command: command.to_owned(), shown: Vec::new() });
            continues = command.ends_with('\\');
        } else if inside {
            typed.last_mut().expect("a block begins with a command").shown.push(line.to_owned());
        }
    }
    typed
}

/// Whether a line that came is the line that the README shows.
fn fits(shown: &str, came: &str) -> bool {
    let mut rest = came.trim();
    let mut pieces = shown.trim().split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let mut open = false;
    for piece in pieces {
        open = piece.is_empty();
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    open || rest.is_empty()
}

/// The lines that the README shows come in their order; lines in between that it leaves out with `…` may be any.
fn check(typed: &Typed, came: &str) -> Result<(), String> {
    let mut lines = came.lines().filter(|line| !line.trim().is_empty());
    let mut skipping = false;
    for shown in typed.shown.iter().filter(|line| !line.trim().is_empty()) {
        if shown.trim() == "…" {
            skipping = true;
            continue;
        }
        let found = if skipping {
            lines.any(|line| fits(shown, line))
        } else {
            lines.next().is_some_and(|line| fits(shown, line))
        };
        if !found {
            return Err(format!("README.md:{}: {}\nshows\n{shown}\nbut this came:\n{came}", typed.line, typed.command));
        }
        skipping = false;
    }
    Ok(())
}

/// One script for one shell: variables and folders live on from line to line. Each command's output goes to a file of its own.
fn script(typed: &[Typed], out: &Path) -> String {
    let mut script = String::from("set -u\n");
    for (number, typed) in typed.iter().enumerate() {
        let file = out.join(format!("{number}"));
        let file = file.display();
        match typed.command.trim_end().strip_suffix('&') {
            Some(command) => script.push_str(&format!("{{ {command}\n}} >{file} 2>&1 &\n")),
            None => script.push_str(&format!("{{ {}\n}} >{file} 2>&1; echo $? >{file}.code\n", typed.command)),
        }
    }
    script
}

#[tokio::test]
async fn the_lines_of_the_readme_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let typed = read(&fs::read_to_string(root.join("README.md")).expect("there is a README"));
    assert!(typed.len() >= 8, "the README types a tour");
    let folder = tempfile::Builder::new().prefix("townlink-readme-").tempdir().expect("a temporary folder");
    let (work, out) = (folder.path().join("work"), folder.path().join("out"));
    for made in [&work, &out] {
        fs::create_dir(made).expect("a folder");
    }
    let mut shell = program::command_of("bash");
    let programs = program::path().parent().expect("a program lies in a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path))).expect("paths");
    // What goes on in the background belongs to the shell's process group, and ends with it.
    shell
        .args(["-c", &script(&typed, &out)])
        .env("PATH", paths)
        .current_dir(&work)
        .stdout(Stdio::null())
        .process_group(0);
    let mut shell = shell.spawn().expect("bash starts");
    let status = shell.wait().expect("bash can be awaited");
    let killed = Command::new("kill").args(["-KILL", "--", &format!("-{}", shell.id())]).status();
    assert!(killed.expect("kill(1) can be run").success(), "the town of the tour still ran");
    assert!(status.code().is_some(), "the shell ends by itself");

    let mut complaints = Vec::new();
    for (number, typed) in typed.iter().enumerate() {
        let came = fs::read_to_string(out.join(number.to_string())).unwrap_or_default();
        if !typed.command.trim_end().ends_with('&') {
            let code = fs::read_to_string(out.join(format!("{number}.code"))).unwrap_or_default();
            let refused = typed.shown.iter().any(|line| line.starts_with("refused:"));
            let expected = if refused { "3" } else { "0" };
            if code.trim() != expected {
                complaints.push(format!(
                    "README.md:{}: {}\nended with {}, not {expected}:\n{came}",
                    typed.line,
                    typed.command,
                    code.trim()
                ));
                continue;
            }
        }
        complaints.extend(check(typed, &came).err());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    let databases = Databases::new(Backend::Sqlite, &work.join("townlink-data"), &SERVICES);
    ledger::check(&databases).await;
}

#[test]
fn shown_lines_fit_with_gaps() {
    assert!(
        fits("a … c", "a b c")
            && fits("a…", "abc")
            && fits("…c", "abc")
            && fits("abc", " abc ")
            && fits("a…b…c", "a1b2c")
    );
    assert!(!fits("a … c", "a b d") && !fits("a", "ab") && !fits("a…b", "abc"));
}

#[test]
fn what_is_shown_must_come() {
    let text = "```console\n$ one \\\n    two\na …\n…\nz\n```\n```sh\n$ not run\n```\n";
    let typed = read(text);
    assert_eq!((typed.len(), typed[0].command.as_str()), (1, "one \\\n    two"));
    assert!(check(&typed[0], "a b\nc\nd\nz\n").is_ok());
    for other in ["", "b\nz", "a b\nc", "a b"] {
        assert!(check(&typed[0], other).is_err(), "{other:?}");
    }
}
