//! The `townlink` program. Everything it does is in the library of this crate, so that tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    town::main()
}
