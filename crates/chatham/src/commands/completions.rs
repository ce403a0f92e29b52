//! `chatham completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

/// What can be typed behind `chatham completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "For bash: chatham completions bash > ~/.local/share/bash-completion/completions/chatham"
)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints the completions.
    pub fn run(self) -> ExitCode {
        let mut script = Vec::new();
        generate(self.shell, &mut super::Cli::command(), "chatham", &mut script);
        match io::stdout().write_all(&script) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::complain(error),
        }
    }
}
