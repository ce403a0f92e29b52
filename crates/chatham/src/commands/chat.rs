//! `chatham chat`.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::chat::{Options, Place, local, run, standard_input};
use crate::vault::default_directory;

/// What can be typed behind `chatham chat`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("where").required(true),
    after_help = "The relay of --local is an ordinary IRC server on 127.0.0.1:16667, which any IRC client can join. \
                  The first program that needs it runs it; when that one ends, the relay ends.\n\n\
                  Keys and trust are kept in the data directory, in libotr's own file formats."
)]
pub struct Chat {
    /// Lines in, lines out (the only form there is so far)
    #[arg(long)]
    plain: bool,
    /// An IRC server; the port is 6667 if it is not named
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server, group = "where")]
    server: Option<(String, u16)>,
    /// The relay of this computer, started if it is not there; on another port than 16667 if it is named
    #[arg(long, value_name = "PORT", group = "where", num_args = 0..=1, require_equals = true,
          default_missing_value = "16667", value_parser = clap::value_parser!(u16).range(1..))]
    local: Option<u16>,
    /// Your nick, and the name of your key
    #[arg(long)]
    nick: String,
    /// With whom to talk at first; /to changes it
    #[arg(long, value_name = "NICK")]
    peer: Option<String>,
    /// Where keys and trust are kept [default: $XDG_DATA_HOME/chatham or ~/.local/share/chatham]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// One JSON object a line for everything that happens
    #[arg(long)]
    json: bool,
    /// The server's password is the first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Chat {
    /// Talks.
    pub fn run(self) -> ExitCode {
        if !self.plain {
            eprintln!("chatham: the full-screen client does not exist yet; use `chatham chat --plain`.");
            return ExitCode::from(super::USAGE);
        }
        let Some(data) = self.data.or_else(default_directory) else {
            return super::complain("there is no home directory to keep keys in; name one with --data");
        };
        let password = match self.password_file.map(first_line).transpose() {
            Ok(password) => password,
            Err(error) => return super::complain(format!("the password cannot be read: {error}")),
        };
        let place = match (self.server, self.local) {
            (Some((host, port)), _) => Place::Server(host, port),
            (None, local) => Place::Local(local.unwrap_or(local::PORT)),
        };
        let options = Options {
            place,
            nick: self.nick,
            peer: self.peer,
            data,
            json: self.json,
            password,
        };
        let talk = async {
            let mut out = io::stdout().lock();
            run(options, standard_input(), &mut out).await
        };
        super::in_runtime(talk, |wished| {
            if wished {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        })
    }
}

/// `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`.
fn server(text: &str) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, rest)) => (
            host,
            rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("")),
        ),
        None => match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            Some(_) => (text, Some("")),
            None => (text, Some("")),
        },
    };
    let port = match port {
        Some("") if !text.ends_with(':') || text.contains("::") => Ok(IRC),
        Some(port) => port.parse().map_err(|_| format!("{port:?} is no port")),
        None => Err("the form is HOST:PORT".to_owned()),
    }?;
    if host.is_empty() {
        return Err("the form is HOST:PORT".to_owned());
    }
    Ok((host.to_owned(), port))
}

fn first_line(path: PathBuf) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(path)?
        .take(PASSWORD_LIMIT)
        .read_to_end(&mut text)?;
    Ok(text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default()
        .to_vec())
}

const IRC: u16 = 6667;
const PASSWORD_LIMIT: u64 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_servers() {
        for (text, host, port) in [
            ("irc.example", "irc.example", 6667),
            ("irc.example:7000", "irc.example", 7000),
            ("[::1]:7000", "::1", 7000),
            ("[::1]", "::1", 6667),
            ("::1", "::1", 6667),
        ] {
            assert_eq!(server(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in ["", ":6667", "host:", "host:x", "host:70000", "[::1]x", "[]:1"] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
