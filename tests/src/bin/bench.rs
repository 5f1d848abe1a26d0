//! The benchmark, as `tests/bench` runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::bench::main()
}
