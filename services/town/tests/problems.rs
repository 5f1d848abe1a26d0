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
