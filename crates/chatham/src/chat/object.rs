//! What a JSON object on a line means: `{"do": "say", "to": "bob", "text": "hello"}`.
//!
//! The names are those of the commands; docs/plain.md lists them.

use im::xmpp::ListWish;
use otr::{Fingerprint, InstanceTag};
use serde_json::{Map, Value, json};

use crate::chat::action::{Action, Command, Secret};
use crate::config::Mode;
use crate::engine::notice::{Comparison, Words};
use crate::present::{from_json, json as objects, words};

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

/// The object for an action: the part that anybody may see, and the field that is words or a secret.
pub(crate) fn written(action: &Action) -> (Value, Option<(&'static str, &[u8])>) {
    let device = |device: &Option<InstanceTag>| device.map(words::tag);
    let key = |key: &Option<Fingerprint>| key.map(objects::fingerprint);
    let open = match action {
        Action::Say(words) => {
            let open = json!({ "do": "say", "me": words.deed });
            return (open, Some(("text", &words.text)));
        }
        Action::Verify {
            secret,
            question,
            device: whom,
        } => {
            let question = question.as_deref().map(String::from_utf8_lossy);
            let open = json!({ "do": "verify", "question": question, "device": device(whom) });
            return (open, Some(("secret", secret.bytes())));
        }
        Action::Answer { secret, device: whom } => {
            let open = json!({ "do": "answer", "device": device(whom) });
            return (open, Some(("secret", secret.bytes())));
        }
        Action::Turn => json!({ "do": "turn" }),
        Action::Start => json!({ "do": "start" }),
        Action::End => json!({ "do": "end" }),
        Action::Accept(shown) => json!({ "do": "accept", "fingerprint": key(shown) }),
        Action::Compare => json!({ "do": "compare" }),
        Action::Confirm(compared) => {
            json!({ "do": "confirm", "compared": compared.as_ref().map(objects::comparison_value) })
        }
        Action::Abort => json!({ "do": "abort" }),
        Action::Trust(shown) => json!({ "do": "trust", "fingerprint": key(shown) }),
        Action::Distrust(shown) => json!({ "do": "distrust", "fingerprint": key(shown) }),
        Action::Fingerprints => json!({ "do": "fingerprints" }),
        Action::Qr(file) => json!({ "do": "qr", "file": file.to_string_lossy() }),
        Action::Status => json!({ "do": "status" }),
        Action::People => json!({ "do": "people" }),
        Action::Held => json!({ "do": "held" }),
        Action::Drop(line) => json!({ "do": "drop", "line": line }),
        Action::SendAgain(line) => json!({ "do": "send-again", "line": line }),
        Action::Policy(mode) => json!({ "do": "policy", "mode": mode.map(Mode::word) }),
        Action::List(wish) => json!({ "do": list_word(*wish) }),
        Action::Reconnect => json!({ "do": "reconnect" }),
        Action::Help => json!({ "do": "help" }),
        Action::Quit => json!({ "do": "quit" }),
    };
    (open, None)
}

const fn list_word(wish: ListWish) -> &'static str {
    match wish {
        ListWish::Add => "add",
        ListWish::Allow => "allow",
        ListWish::Refuse => "refuse",
        ListWish::Remove => "remove",
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
            "confirm" => Action::Confirm(self.comparison()?),
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
            "add" => Action::List(ListWish::Add),
            "allow" => Action::List(ListWish::Allow),
            "refuse" => Action::List(ListWish::Refuse),
            "remove" => Action::List(ListWish::Remove),
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

    /// What was compared, as `compare` has told it.
    fn comparison(&mut self) -> Result<Option<Comparison>, String> {
        let Some(value) = self.fields.remove("compared").filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let compared = from_json::comparison(&value);
        compared
            .map(Some)
            .ok_or_else(|| "\"compared\" is nothing that \"compare\" has told".to_owned())
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
    fn what_is_written_is_read_as_the_same() {
        let key = Fingerprint::from_bytes([0xab; 20]);
        let device = InstanceTag::new(0x1234);
        let secret = || Secret::new("an \"owl\"");
        let compared = Comparison {
            ssid: otr::Ssid::short([7; 8], otr::Half::First),
            our_key: key,
            their_key: key,
            device: InstanceTag::ZERO,
        };
        for action in [
            Action::Say(Words::said("a\n\"text\"")),
            Action::Say(Words::done("waves")),
            Action::Start,
            Action::End,
            Action::Accept(Some(key)),
            Action::Accept(None),
            Action::Compare,
            Action::Confirm(None),
            Action::Confirm(Some(compared)),
            Action::Verify {
                secret: secret(),
                question: Some(b"which bird?".to_vec()),
                device,
            },
            Action::Answer {
                secret: secret(),
                device: None,
            },
            Action::Abort,
            Action::Trust(Some(key)),
            Action::Distrust(None),
            Action::Fingerprints,
            Action::Qr("x.png".into()),
            Action::Status,
            Action::People,
            Action::Held,
            Action::Drop(Some(7)),
            Action::SendAgain(8),
            Action::Policy(Some(Mode::Always)),
            Action::Policy(None),
            Action::List(ListWish::Add),
            Action::List(ListWish::Refuse),
            Action::Reconnect,
            Action::Help,
            Action::Quit,
        ] {
            let (mut value, private) = written(&action);
            value["to"] = "bob".into();
            let open = value.to_string();
            if let Some((name, bytes)) = private {
                assert!(!open.contains("owl") && !open.contains("text"), "{open}");
                value[name] = String::from_utf8_lossy(bytes).into();
            }
            let line = value.to_string();
            assert_eq!(read(line.as_bytes()), Ok(Command::with("bob", action)), "{line}");
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
            r#"{"do":"confirm","compared":{"fingerprint":"AB"}}"#,
            r#"{"do":"confirm","compared":7}"#,
            "{\"do\":\"say\",\"text\":\"\u{0}\"}",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
