//! What a JSON object on a line means: `{"do": "say", "to": "bob", "text": "hello"}`.
//!
//! The names are those of the commands; docs/plain.md lists them.

use otr::{Fingerprint, InstanceTag};
use serde_json::{Map, Value};

use crate::chat::action::{Action, Command, Secret};
use crate::config::Mode;
use crate::engine::notice::Words;

/// Reads an object.
///
/// # Errors
/// Why it means nothing, as a sentence; nothing is done then.
pub fn read(line: &[u8]) -> Result<Command, String> {
    let value = serde_json::from_slice(line).map_err(|fault| format!("this is no JSON object: {fault}"))?;
    let Value::Object(fields) = value else {
        return Err("this is no JSON object".to_owned());
    };
    of(fields)
}

/// The same, of an object that was read already.
///
/// # Errors
/// Why it means nothing, as a sentence.
pub(crate) fn of(fields: Map<String, Value>) -> Result<Command, String> {
    let mut object = Object { fields };
    let verb = object.text("do")?.ok_or("an object needs \"do\"")?;
    let to = object.text("to")?.map(String::into_bytes);
    let action = object.action(&verb)?;
    if action == Action::Turn && to.is_none() {
        return Err("\"turn\" needs \"to\"".to_owned());
    }
    match object.fields.keys().next() {
        Some(stray) => Err(format!("\"{verb}\" has no \"{stray}\"; nothing was done")),
        None => Ok(Command { to, action }),
    }
}

/// What is left of an object.
struct Object {
    fields: Map<String, Value>,
}

impl Object {
    fn action(&mut self, verb: &str) -> Result<Action, String> {
        Ok(match verb {
            "say" => {
                let text = self.needed("text")?;
                let deed = self.flag("me")?;
                Action::Say(if deed {
                    Words::done(text)
                } else {
                    Words::said(text)
                })
            }
            "turn" => Action::Turn,
            "start" => Action::Start,
            "end" => Action::End,
            "accept" => Action::Accept(self.fingerprint()?),
            "compare" => Action::Compare,
            "confirm" => Action::Confirm,
            "verify" => Action::Verify {
                secret: Secret::new(self.needed("secret")?),
                question: self.text("question")?.map(String::into_bytes),
                device: self.device()?,
            },
            "answer" => Action::Answer {
                secret: Secret::new(self.needed("secret")?),
                device: self.device()?,
            },
            "abort" => Action::Abort,
            "trust" => Action::Trust(self.fingerprint()?),
            "distrust" => Action::Distrust(self.fingerprint()?),
            "fingerprints" => Action::Fingerprints,
            "qr" => Action::Qr(self.needed("file")?.into()),
            "status" | "devices" => Action::Status,
            "people" => Action::People,
            "held" => Action::Held,
            "drop" => Action::Drop(self.number("line")?),
            "send-again" => Action::SendAgain(self.number("line")?.ok_or("\"send-again\" needs \"line\"")?),
            "policy" => Action::Policy(self.mode()?),
            "reconnect" => Action::Reconnect,
            "help" => Action::Help,
            "quit" => Action::Quit,
            other => {
                return Err(format!(
                    "there is nothing to do called \"{other}\"; see docs/plain.md"
                ));
            }
        })
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(format!("\"{name}\" has to be a text")),
        }
    }

    fn needed(&mut self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("\"{name}\" is missing"))
    }

    fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(format!("\"{name}\" has to be true or false")),
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| format!("\"{name}\" has to be a number")),
        }
    }

    fn fingerprint(&mut self) -> Result<Option<Fingerprint>, String> {
        let Some(text) = self.text("fingerprint")? else {
            return Ok(None);
        };
        let key = Fingerprint::from_hex(&text);
        key.map(Some)
            .ok_or_else(|| "a fingerprint has forty hexadecimal digits".to_owned())
    }

    /// A device as it is shown: its instance tag in eight hexadecimal digits.
    fn device(&mut self) -> Result<Option<InstanceTag>, String> {
        let Some(text) = self.text("device")? else {
            return Ok(None);
        };
        let tag = u32::from_str_radix(&text, 16).ok().and_then(InstanceTag::new);
        tag.map(Some)
            .ok_or_else(|| "a device is named by its eight hexadecimal digits".to_owned())
    }

    fn mode(&mut self) -> Result<Option<Mode>, String> {
        let Some(word) = self.text("mode")? else {
            return Ok(None);
        };
        let mode = Mode::named(&word);
        mode.map(Some)
            .ok_or_else(|| format!("there is no mode \"{word}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_objects() {
        let words = |text: &str| Action::Say(Words::said(text));
        for (line, command) in [
            (
                r#"{"do":"say","to":"bob","text":"/x\n{"}"#,
                Command::with("bob", words("/x\n{")),
            ),
            (
                r#"{"do":"say","text":"waves","me":true}"#,
                Command::new(Action::Say(Words::done("waves"))),
            ),
            (r#"{"do":"turn","to":"bob"}"#, Command::with("bob", Action::Turn)),
            (
                r#"{"do":"drop","to":"bob","line":7}"#,
                Command::with("bob", Action::Drop(Some(7))),
            ),
            (
                r#"{"do":"trust","fingerprint":null}"#,
                Command::new(Action::Trust(None)),
            ),
            (
                r#"{"do":"policy","mode":"always"}"#,
                Command::new(Action::Policy(Some(Mode::Always))),
            ),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn an_object_with_anything_unknown_does_nothing() {
        for line in [
            "{",
            "{}",
            "[]",
            r#"{"do":1}"#,
            r#"{"do":"dance"}"#,
            r#"{"do":"say"}"#,
            r#"{"do":"turn"}"#,
            r#"{"do":"say","text":"x","private":true}"#,
            r#"{"do":"drop","line":-1}"#,
            r#"{"do":"drop","line":1.5}"#,
            r#"{"do":"trust","fingerprint":"12"}"#,
            r#"{"do":"say","text":"x","me":"no"}"#,
            r#"{"do":"policy","mode":"x"}"#,
            r#"{"do":"send-again"}"#,
            "{\"do\":\"say\",\"text\":\"\u{0}\"}",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
