//! The command line: what can be typed, and nothing of what it does.

mod attach;
pub mod chat;
pub mod completions;
pub mod config;
pub mod ctl;
pub mod demo;
pub mod keys;
pub mod man;
pub mod proxy;
mod proxy_setup;
mod proxy_text;
mod qr;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Off-the-record conversations over the chat networks people already use.
#[derive(Debug, Parser)]
#[command(
    name = "chatham",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Try `chatham demo` first, then `chatham chat --local --nick alice` in one terminal and the same \
                  with another nick in a second one. `chatham COMMAND --help` tells more about each."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the whole story on a network of its own, and check every promise as it is told
    Demo(demo::Demo),
    /// Talk to people on IRC or XMPP
    Chat(Box<chat::Chat>),
    /// Give the IRC or XMPP client you like private conversations: it connects to this program, and this program to the server
    Proxy(Box<proxy::Proxy>),
    /// Ask a running proxy, and tell it what to do
    Ctl(ctl::Ctl),
    /// Make and look at keys, and decide whose are trusted
    Keys(keys::Keys),
    /// Write, find and show the configuration
    Config(config::Config),
    /// Print the completions of the command line for a shell
    Completions(completions::Completions),
    /// Print the manual page, or write one for each command
    Man(man::Man),
}

impl Cli {
    /// Does what was typed.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Demo(demo) => demo.run(),
            Command::Chat(chat) => chat.run(),
            Command::Proxy(proxy) => proxy.run(),
            Command::Ctl(ctl) => ctl.run(),
            Command::Keys(keys) => keys.run(),
            Command::Config(config) => config.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}

/// Runs something that waits for sockets, and turns what went wrong into a sentence.
fn in_runtime<T>(
    work: impl Future<Output = std::io::Result<T>>,
    done: impl FnOnce(T) -> ExitCode,
) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| {
        let result = runtime.block_on(work);
        // Nothing that still runs can keep the program alive.
        runtime.shutdown_background();
        result
    }) {
        Ok(value) => done(value),
        // Whoever read our output has gone, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) => complain(error),
    }
}

/// Says in one sentence what went wrong.
fn complain(error: impl std::fmt::Display) -> ExitCode {
    let words = crate::sanitize::one_line(error.to_string().as_bytes());
    eprintln!("chatham: {words}");
    ExitCode::FAILURE
}
