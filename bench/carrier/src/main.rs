//! What the proxy is measured with. `bench/proxy` puts it together:
//!
//! ```text
//! bench-carrier relay PORT TO             a plain relay: what is the least that passing on costs?
//! bench-carrier server PORT               a small IRC server; what is said in #mirror comes back
//! bench-carrier lines PORT PASS N         N lines to #mirror as fast as they go: seconds
//! bench-carrier trips PORT PASS N         N times one line and its way back: median, and 99 of 100, in microseconds
//! bench-carrier hold PASS PORT...         one client each, until the input ends
//! bench-carrier talk PORT PASS PORT PASS N
//!                                         two people become private, N texts go one way: seconds every tenth of them
//! ```
//!
//! Ports are those of 127.0.0.1. Everything that is not as it should be ends the program: no figure rests on lost lines.

mod client;
mod relay;
mod server;
mod work;

use std::process::ExitCode;

/// Why there is no figure.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("FAIL: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        ["relay", port, to] => relay::run(port.parse()?, to.parse()?).await,
        ["server", port] => server::run(port.parse()?).await,
        ["lines", port, password, count] => work::lines(port.parse()?, password, count.parse()?).await,
        ["trips", port, password, count] => work::trips(port.parse()?, password, count.parse()?).await,
        ["hold", password, ports @ ..] => work::hold(password, ports).await,
        ["talk", port, password, other_port, other_password, count] => {
            let ends = [(port.parse()?, *password), (other_port.parse()?, *other_password)];
            work::talk(ends, count.parse()?).await
        }
        _ => Err("see the beginning of carrier/src/main.rs".into()),
    }
}
