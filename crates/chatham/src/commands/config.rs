//! `chatham config`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::{EXAMPLE, default_path, write_example};
use crate::sanitize;

/// What can be typed behind `chatham config`.
#[derive(Debug, Args)]
#[command(
    after_help = "`chatham chat --check` reads the configuration, with every file it names, and explains what is wrong."
)]
pub struct Config {
    #[command(subcommand)]
    action: Action,
    /// The configuration [default: $XDG_CONFIG_HOME/chatham/config.toml or ~/.config/chatham/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a configuration in which every setting is explained; one that is there is never touched
    Init,
    /// Say where the configuration is
    Path,
    /// Show the configuration, or the commented example if there is none
    Show,
}

impl Config {
    /// Does it.
    pub fn run(self) -> ExitCode {
        let Some(path) = self.config.or_else(default_path) else {
            return super::complain("there is no home directory; name the file with --config");
        };
        let shown = sanitize::one_line(path.to_string_lossy().as_bytes());
        let done = match self.action {
            Action::Init => match write_example(&path) {
                Ok(()) => writeln!(
                    io::stdout(),
                    "{shown} is written; every line of it is explained there"
                ),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return super::complain(format!("{shown} is there already, and was not touched"));
                }
                Err(error) => return super::complain(format!("{shown} cannot be written: {error}")),
            },
            Action::Path => writeln!(io::stdout(), "{shown}"),
            Action::Show => match std::fs::read(&path) {
                Ok(text) => io::stdout().write_all(&text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    io::stdout().write_all(EXAMPLE.as_bytes())
                }
                Err(error) => return super::complain(format!("{shown} cannot be read: {error}")),
            },
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::complain(error),
        }
    }
}
