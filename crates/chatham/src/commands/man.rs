//! `chatham man`: manual pages from the same definitions as the command line itself.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;

/// What can be typed behind `chatham man`.
#[derive(Debug, Args)]
#[command(after_help = "For man to find them: chatham man ~/.local/share/man/man1")]
pub struct Man {
    /// Write a page for each command into this folder, instead of the first one to the standard output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Man {
    /// Writes the pages.
    pub fn run(self) -> ExitCode {
        let pages = match pages(super::Cli::command()) {
            Ok(pages) => pages,
            Err(error) => return super::complain(error),
        };
        let written = match self.folder {
            None => pages
                .first()
                .map_or(Ok(()), |(_, page)| io::stdout().write_all(page)),
            Some(folder) => fs::create_dir_all(&folder).and_then(|()| {
                pages
                    .iter()
                    .try_for_each(|(name, page)| fs::write(folder.join(name), page))
            }),
        };
        match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => super::complain(error),
        }
    }
}

/// The pages by their file names, the one of the program itself first.
fn pages(program: Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    // `help` would have a page for each page.
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut page = Vec::new();
    // A page is found under its whole name, as git's are.
    Page::new(command.clone())
        .title(name.clone())
        .manual("Chatham")
        .source(concat!("chatham ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)?;
    pages.push((format!("{name}.1"), page));
    let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set());
    inner.into_iter().try_for_each(|inner| add(inner, pages))
}
