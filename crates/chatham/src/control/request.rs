//! What a line at the control socket asks for.
//!
//! It is an object as `chatham chat --plain --json` takes it, with `profile` and `id` beside; and a few more that are about
//! the proxy as a whole.

use serde_json::{Map, Value};

use crate::chat::action::{Action, Command};
use crate::chat::object;
use crate::proxy::talk;

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    /// What stands in every answer to it, if anything was given.
    pub(super) id: Option<Value>,
    /// Whose conversations.
    pub(super) profile: Option<String>,
    pub(super) wish: Wish,
}

/// What is wanted.
#[derive(Debug)]
pub(super) enum Wish {
    /// How the proxy itself stands.
    Proxy,
    /// To be told what happens from now on.
    Watch,
    /// To take part: the same with every word, and how things stand.
    Converse,
    /// Something a person does, as in a conversation.
    Act(Command),
    /// Something of `chatham keys`.
    Keys(KeysWish),
}

/// What `chatham keys` wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeysWish {
    List,
    Fingerprint {
        account: Option<String>,
    },
    Trust {
        account: Option<String>,
        nick: String,
        key: String,
        trusted: bool,
    },
}

/// Why a line means nothing, with the id that it has all the same.
#[derive(Debug)]
pub(super) struct Meaningless {
    pub(super) id: Option<Value>,
    pub(super) words: String,
}

impl Request {
    pub(super) fn read(line: &[u8]) -> Result<Self, Meaningless> {
        let fault = |id, words: String| Meaningless { id, words };
        let value = serde_json::from_slice(line);
        // What serde says of a fault may repeat words of the line.
        let value =
            value.map_err(|_: serde_json::Error| fault(None, "this line is no JSON object".to_owned()))?;
        let Value::Object(mut fields) = value else {
            return Err(fault(None, "this line is no JSON object".to_owned()));
        };
        let id = fields.remove("id").filter(is_short);
        let read = text(&mut fields, "profile").and_then(|profile| Ok((profile, wish(fields)?)));
        match read {
            Ok((profile, wish)) => Ok(Self { id, profile, wish }),
            Err(words) => Err(fault(id, words)),
        }
    }
}

fn wish(mut fields: Map<String, Value>) -> Result<Wish, String> {
    let verb = fields.get("do").and_then(Value::as_str).unwrap_or_default();
    match (verb, fields.contains_key("to")) {
        ("watch", _) => alone(fields).map(|()| Wish::Watch),
        ("converse", _) => alone(fields).map(|()| Wish::Converse),
        ("proxy", _) | ("status", false) => alone(fields).map(|()| Wish::Proxy),
        ("keys", _) => {
            fields.remove("do");
            keys(fields).map(Wish::Keys)
        }
        _ => {
            let command = object::of(fields)?;
            let said = matches!(command.action, Action::Say(_));
            if !said && !talk::is_ours(&command.action) || command.action == Action::Help {
                return Err("that cannot be done here: nothing was done".to_owned());
            }
            Ok(Wish::Act(command))
        }
    }
}

fn keys(mut fields: Map<String, Value>) -> Result<KeysWish, String> {
    let what = text(&mut fields, "what")?.unwrap_or_default();
    let account = text(&mut fields, "account")?;
    let wish = match what.as_str() {
        "list" if account.is_none() => KeysWish::List,
        "fingerprint" => KeysWish::Fingerprint { account },
        "trust" | "distrust" => {
            let mut needed = |name| text(&mut fields, name)?.ok_or_else(|| format!("\"{name}\" is missing"));
            KeysWish::Trust {
                account,
                nick: needed("to")?,
                key: needed("fingerprint")?,
                trusted: what == "trust",
            }
        }
        _ => return Err("\"keys\" needs \"what\": list, fingerprint, trust or distrust".to_owned()),
    };
    nothing_else(&fields).map(|()| wish)
}

/// A request with nothing in it but its verb.
fn alone(mut fields: Map<String, Value>) -> Result<(), String> {
    fields.remove("do");
    nothing_else(&fields)
}

fn nothing_else(fields: &Map<String, Value>) -> Result<(), String> {
    match fields.keys().next() {
        Some(stray) => Err(format!("there is no \"{stray}\" here; nothing was done")),
        None => Ok(()),
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("\"{name}\" has to be a text")),
    }
}

/// Whether it can stand in every answer.
fn is_short(id: &Value) -> bool {
    match id {
        Value::String(text) => text.len() <= 64,
        Value::Number(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, Meaningless> {
        Request::read(line.as_bytes())
    }

    #[test]
    fn reads_requests() {
        let request = read(r#"{"do":"start","to":"bob","profile":"work","id":7}"#).unwrap();
        assert_eq!(
            (request.id, request.profile.as_deref()),
            (Some(7.into()), Some("work"))
        );
        assert!(matches!(request.wish, Wish::Act(command) if command == Command::with("bob", Action::Start)));
        for line in [r#"{"do":"proxy"}"#, r#"{"do":"status"}"#] {
            assert!(matches!(read(line).unwrap().wish, Wish::Proxy), "{line}");
        }
        let trust = r#"{"do":"keys","what":"distrust","to":"bob","fingerprint":"AB","id":"x"}"#;
        let expected = KeysWish::Trust {
            account: None,
            nick: "bob".into(),
            key: "AB".into(),
            trusted: false,
        };
        assert!(matches!(read(trust).unwrap().wish, Wish::Keys(wish) if wish == expected));
    }

    #[test]
    fn nothing_unknown_is_done() {
        for line in [
            "",
            "[]",
            "hello",
            "{}",
            r#"{"do":"say","to":"bob"}"#,
            r#"{"do":"converse","to":"bob"}"#,
            r#"{"do":"quit"}"#,
            r#"{"do":"turn","to":"bob"}"#,
            r#"{"do":"qr","file":"/tmp/x"}"#,
            r#"{"do":"reconnect"}"#,
            r#"{"do":"help"}"#,
            r#"{"do":"watch","to":"bob"}"#,
            r#"{"do":"proxy","x":1}"#,
            r#"{"do":"keys"}"#,
            r#"{"do":"keys","what":"generate"}"#,
            r#"{"do":"keys","what":"trust","to":"bob"}"#,
            r#"{"do":"keys","what":"list","to":"bob"}"#,
            r#"{"do":"start","to":"bob","profile":7}"#,
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        let fault = read(r#"{"do":"dance","id":3}"#).unwrap_err();
        assert_eq!(fault.id, Some(3.into()));
        assert_eq!(read(r#"{"do":"dance","id":[3]}"#).unwrap_err().id, None);
    }

    #[test]
    fn neither_a_secret_nor_a_text_is_shown() {
        let text = r#"{"do":"say","to":"bob","text":"hush hush"}"#;
        assert!(!format!("{:?}", read(text)).contains("hush"));
        let secret = r#"{"do":"answer","to":"bob","secret":"hush hush"}"#;
        assert!(!format!("{:?}", read(secret)).contains("hush"));
        let broken = r#"{"do":"answer","to":"bob","secret":"hush hush"#;
        assert!(!read(broken).unwrap_err().words.contains("hush"));
    }
}
