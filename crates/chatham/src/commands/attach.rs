//! `chatham chat` beside a proxy that runs with the same keys: another screen on its conversations.

use std::io;
use std::process::ExitCode;

use crate::chat::{plain, standard_input};
use crate::config::{Attachment, Form};
use crate::control::Client;
use crate::{sanitize, tui};

/// Talks through the proxy. `stray` is an option that only a connection of one's own could follow.
pub(super) fn run(attachment: &Attachment, stray: Option<&str>) -> ExitCode {
    if let Some(option) = stray {
        let words = format!(
            "{option} is about a connection of its own, and a proxy runs with the keys in {}: without {option} \
             `chatham chat` talks through the proxy. Or end the proxy first, or name another folder with --data",
            attachment.data.display()
        );
        return fail(attachment, &words);
    }
    let talk = async {
        let client = Client::connect(&attachment.data)
            .await
            .map_err(io::Error::other)?;
        let profile = match attachment.choose(&client.profiles) {
            Ok(profile) => profile,
            Err(words) => return Ok(Err(words)),
        };
        let seat = (client, profile);
        match attachment.form {
            Form::Screen => tui::attach(attachment, seat).await.map(|_| Ok(true)),
            Form::Plain | Form::Json => {
                let mut out = io::stdout().lock();
                plain::attach(attachment, seat, standard_input(), &mut out)
                    .await
                    .map(Ok)
            }
        }
    };
    super::in_runtime(talk, |wished| match wished {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(words) => fail(attachment, &words),
    })
}

/// Whoever reads objects learns of it there, too.
fn fail(attachment: &Attachment, words: &str) -> ExitCode {
    if attachment.form == Form::Json {
        let value = serde_json::json!({ "event": "failed", "words": words });
        println!("{}", sanitize::json(&value.to_string()));
    }
    super::complain(words)
}
