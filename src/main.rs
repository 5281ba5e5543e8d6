//! The binary: parse the command line, hand over, turn the outcome into an exit code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    zhaoshen::cli::run()
}
