//! The `townlink` program: composes services into processes, and is the command line for every contract.
//!
//! - `bench`: what benchmarks compare with; in no other program.
//! - [`catalogue`]: the power catalogue and the grants that `data/` makes.
//! - [`commands`]: one module for each command of the command line.
//! - [`compose`]: services into processes; the only place that knows every service.
//! - [`connection`]: a client of a running town.
//! - [`demo`]: the story of the README, played and checked.
//! - [`development`]: what a development town starts with: identities, keys, persons.
//! - [`files`]: reading and writing files, told by their name.
//! - [`names`]: names and times as people type them.
//! - [`output`]: tables for people, JSON for programs.
//! - [`paper`]: papers as a county department makes and signs them.
//! - [`problem`]: what went wrong, and the exit codes.

#[cfg(feature = "bench")]
mod bench;
pub mod catalogue;
mod cli;
mod commands;
mod compose;
pub mod connection;
mod demo;
mod development;
mod files;
mod names;
pub mod output;
pub mod paper;
pub mod problem;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::output::Reader;
use crate::problem::{Exit, Problem};

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let reader = cli.reader();
    match cli::run(cli) {
        Ok(()) => Exit::Ok.into(),
        Err(problem) => {
            tell(&problem, reader);
            problem.exit().into()
        }
    }
}

/// Tells what the command line does not understand, to a program as JSON where it asked for that. Help and version are no fault.
fn misread(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
        error.exit();
    }
    let text = error.to_string();
    let fault = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let problem = Problem::usage(fault, "`townlink help COMMAND` shows each command with examples");
    tell(&problem, Reader::Program);
    problem.exit().into()
}

/// Tells a problem on the error stream. A stream that is closed is nobody to tell.
fn tell(problem: &Problem, reader: Reader) {
    let text = match (problem, reader) {
        (Problem::Closed, _) => return,
        (_, Reader::Person) => output::harmless(&problem.to_string()),
        (_, Reader::Program) => problem.to_json().to_string(),
    };
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
