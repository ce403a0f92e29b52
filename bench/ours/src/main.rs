//! What each operation costs, in CPU time of both ends together: `bench-ours [ROW|all] [v3|v2|v4] [KEYS] [portable]`.
//!
//! A row that goes wrong in any way stops the program: no figure rests on a broken exchange.

mod people;
mod rows;
mod sample;

use std::process::ExitCode;

use otr::Version;

/// Why there is no figure.
pub type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("FAIL: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let row = arguments.first().map_or("all", String::as_str);
    let version = match arguments.get(1).map_or("v3", String::as_str) {
        "v2" => Version::V2,
        "v3" => Version::V3,
        "v4" => Version::V4,
        other => return Err(format!("no such version here: {other}").into()),
    };
    let keys = arguments.get(2).map_or(Ok(51), |keys| keys.parse())?;
    match arguments.get(3).map(String::as_str) {
        None => {}
        Some("portable") => otr_arith::force_portable(),
        Some(other) => return Err(format!("no such kernel: {other}").into()),
    }
    match row {
        "all" => rows::ROWS
            .iter()
            .filter(|row| version == Version::V4 || !rows::ONLY_V4.contains(row))
            .try_for_each(|row| rows::measure(row, version, keys)),
        row => rows::measure(row, version, keys),
    }
}
