//! The program as a person or a script meets it, where no town is needed.

mod calendar;
mod catalogue;
mod demo;
mod doctor;
mod help;
mod problems;
mod processes;
mod register;
mod traces;
mod unreached;
mod verify;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in a folder of its own, without what the person who runs the tests has set.
fn townlink(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_townlink"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TOWNLINK_AS")
        .env_remove("TOWNLINK_DATA_DIR")
        .output()
        .expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}
