//! Exit codes, and that each problem names fault, place and remedy.

use std::io::Read as _;
use std::process::{Command, Stdio};

use super::{folder, stderr, stdout, townlink};

#[test]
fn a_town_that_does_not_serve_is_unavailable() {
    let output = townlink(folder().path(), &["power", "list"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("no town serves here") && stderr(&output).contains("townlink up"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn whoever_changes_something_must_say_who_acts() {
    let output = townlink(folder().path(), &["inbox", "sign-for", "3f2a"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--as person/relay-clerk"), "{}", stderr(&output));
}

#[test]
fn an_unknown_setting_is_told_with_its_nearest() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("townlink-data")).expect("a folder");
    std::fs::write(folder.path().join("townlink-data/townlink.toml"), "[clok]\nmode = \"manual\"\n").expect("a file");
    let output = townlink(folder.path(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean clock?"), "{}", stderr(&output));
}

/// A data directory with these settings.
fn configured(settings: &str) -> tempfile::TempDir {
    let folder = folder();
    std::fs::create_dir(folder.path().join("townlink-data")).expect("a folder");
    std::fs::write(folder.path().join("townlink-data/townlink.toml"), settings).expect("a file");
    folder
}

#[test]
fn a_table_that_differs_needs_a_document() {
    let gateway = "[gateway]\ndemands = ['必须']\n";
    let office = "[[office.register.issuers]]\nname = '太仓市人民政府'\nrank = 20\n";
    for (section, table, key) in [("gateway", gateway, "demands"), ("office", office, "register.issuers")] {
        let document = |number: &str, from: &str| {
            configured(&format!("{table}[{section}.rules_document]\nnumber = '{number}'\nfrom = '{from}'\n"))
        };
        let faults = [
            (configured(table), format!("{section}.rules_document names no document")),
            (document("昆政发[2026]5号", "2026-03-01"), format!("{section}.rules_document.number cannot be read")),
            (document("昆政发〔2026〕5号", "2026-3-1"), format!("{section}.rules_document.from cannot be read")),
        ];
        for (folder, fault) in &faults {
            for arguments in [&["config", "check"][..], &["up", "--ports", "auto"]] {
                let output = townlink(folder.path(), arguments);
                assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", stderr(&output));
                assert!(stderr(&output).contains(fault), "{arguments:?} {}", stderr(&output));
            }
        }
        let said = stderr(&townlink(faults[0].0.path(), &["config", "check"]));
        assert!(said.contains(&format!("built-in ones: {key};")), "{said}");

        let named = document("昆政发〔2026〕5号", "2026-03-01");
        let output = townlink(named.path(), &["config", "check"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("昆政发〔2026〕5号"), "{}", stdout(&output));

        let to_come = document("昆政发〔2026〕5号", "2099-01-01");
        let output = townlink(to_come.path(), &["up", "--ports", "auto"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(&format!("{section}.rules_document.from is 2099-01-01")),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let output = townlink(folder().path(), &["--json", "config", "check"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let settings = value["settings"].as_array().expect("settings");
    let cell = settings.iter().find(|it| it["key"] == "cell").expect("the cell");
    assert_eq!((&cell["value"], &cell["origin"]), (&"zhangpu.kunshan".into(), &"default".into()));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_townlink"))
        .args(["power", "catalogue"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // One byte is read, then nobody reads any more: the file is longer than a pipe holds.
    let mut first = [0];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a byte");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_key_is_never_overwritten() {
    let folder = folder();
    assert!(townlink(folder.path(), &["key", "generate", "county-government"]).status.success());
    let again = townlink(folder.path(), &["key", "generate", "county-government"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(folder.path().join("townlink-data/keys/county-government.pub").is_file());
}

#[test]
fn a_key_has_a_plain_name() {
    let folder = folder();
    for name in ["../x", "A", "a/b", "", "钥"] {
        let output = townlink(folder.path(), &["key", "generate", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    assert!(!folder.path().join("townlink-data").exists());
}

#[test]
fn a_program_is_told_its_usage_as_json() {
    let output = townlink(folder().path(), &["--json", "power", "lst"]);
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    assert_eq!(told["error"]["kind"], "usage");
    assert!(told["error"]["fault"].as_str().is_some_and(|fault| fault.contains("lst")), "{told}");
}

#[test]
fn what_a_town_keeps_is_private_and_has_one_process() {
    let folder = folder();
    let up = ["up", "--ports", "auto", "--until-eof"];
    let town = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
        command.args(up).current_dir(folder.path()).stdin(Stdio::null());
        command.output().expect("the program runs")
    };
    assert!(town().status.success());
    let data = folder.path().join("townlink-data");
    let mode = |path: &std::path::Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).expect("there").permissions()) & 0o777
    };
    assert_eq!(mode(&data), 0o700);
    let database = std::fs::read_dir(&data).expect("a folder").filter_map(Result::ok).map(|entry| entry.path());
    let database: Vec<_> = database.filter(|path| path.extension().is_some_and(|it| it == "db")).collect();
    assert!(!database.is_empty() && database.iter().all(|file| mode(file) == 0o600), "{database:?}");

    let lock = std::fs::File::open(database[0].with_added_extension("lock")).expect("a lock");
    lock.lock().expect("held");
    for command in [&up[..], &["migrate"], &["serve", "office", "gateway"]] {
        let output = townlink_no_input(folder.path(), command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("is in use by another process"), "{}", stderr(&output));
    }
    drop(lock);

    std::fs::write(&database[0], b"no database at all, but long enough to be taken for one").expect("damaged");
    let damaged = town();
    assert_eq!(damaged.status.code(), Some(2));
    let told = stderr(&damaged);
    assert!(told.contains(&database[0].display().to_string()) && told.contains("backup"), "{told}");
}

fn townlink_no_input(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("the program runs")
}

#[test]
fn identities_are_issued_and_listed() {
    let folder = folder();
    let none = townlink(folder.path(), &["pki", "list"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(townlink(folder.path(), &["pki", "init"]).status.success());
    assert!(townlink(folder.path(), &["pki", "issue", "person/relay-clerk"]).status.success());
    assert_eq!(stdout(&townlink(folder.path(), &["pki", "list"])), "IDENTITY\nperson/relay-clerk\n");
    let twice = townlink(folder.path(), &["pki", "issue", "person/relay-clerk"]);
    assert_eq!(twice.status.code(), Some(2));
    let unknown = townlink(folder.path(), &["pki", "issue", "mayor"]);
    assert_eq!(unknown.status.code(), Some(2));
}
