//! `chatham`: see `chatham --help`.

use std::process::ExitCode;

use chatham::commands::Cli;
use clap::Parser;

fn main() -> ExitCode {
    Cli::parse().run()
}
