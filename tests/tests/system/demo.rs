//! The demo plays to its end: on either database, and two at once.

use std::process::{Command, Output};

use tests::database::server;
use tests::program::{command, told};
use uuid::Uuid;

fn demo() -> Command {
    let mut command = command();
    command.arg("demo");
    command
}

fn expect_success(output: &Output) {
    assert!(output.status.success(), "{}", told(output));
    let text = String::from_utf8_lossy(&output.stdout);
    for count in ["664", "108", "135", "170"] {
        assert!(text.contains(count), "the demo tells the real counts, {count} among them: {text}");
    }
}

#[test]
fn two_demos_at_once_play_to_their_end() {
    let start = || demo().stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("the program starts");
    for child in [start(), start()] {
        expect_success(&child.wait_with_output().expect("a child can be awaited"));
    }
}

#[test]
fn the_demo_plays_on_postgres() {
    let server = server();
    let (address, _) = server.rsplit_once('/').expect("the address of a server ends with a database");
    let url = format!("{address}/townlink_demo_{}", Uuid::new_v4().simple());
    let output = demo().args(["--postgres", &url]).output().expect("the program starts");
    expect_success(&output);
}
