//! The binary: parse the command line, hand over, turn the outcome into an exit code.

#![forbid(unsafe_code)]

fn main() {}
