//! `chatham demo`.

use std::io::{self, BufWriter, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use terminal_size::{Width, terminal_size};

use crate::demo::teller::Form;
use crate::demo::{Options, run};

/// What can be typed behind `chatham demo`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0: every promise was kept. 1: one was not, or the demo could not go on.")]
pub struct Demo {
    /// One JSON object a line for everything that happens, and for each check
    #[arg(long)]
    json: bool,
    /// No colours, as if NO_COLOR were set
    #[arg(long)]
    no_color: bool,
    /// Three columns of this total width, even without a terminal
    #[arg(long, value_name = "CELLS", conflicts_with = "json", value_parser = clap::value_parser!(u16).range(60..))]
    width: Option<u16>,
    /// Let Alice's program send one private text in the clear, to see that the demo notices
    #[cfg(feature = "deliberate-leak")]
    #[arg(long)]
    leak: bool,
}

impl Demo {
    /// Plays the story to the standard output.
    pub fn run(self) -> ExitCode {
        let terminal = io::stdout().is_terminal();
        let plain_wanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let options = Options {
            form: self.form(terminal),
            color: terminal && !self.no_color && !plain_wanted,
            #[cfg(feature = "deliberate-leak")]
            leak: self.leak,
        };
        let story = async {
            let mut out = BufWriter::new(io::stdout().lock());
            run(options, &mut out).await
        };
        super::in_runtime(story, |kept| {
            if kept {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        })
    }

    fn form(&self, terminal: bool) -> Form {
        if self.json {
            return Form::Json;
        }
        let width = self.width.map(usize::from);
        let width = width.or_else(|| {
            let (Width(width), _) = terminal_size().filter(|_| terminal)?;
            Some(usize::from(width))
        });
        width.map_or(Form::Plain, Form::Columns)
    }
}
