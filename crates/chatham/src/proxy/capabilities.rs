//! One connection, and clients that want different things of it: each line as a client understands it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use im::irc::{IrcLine, Message};

use crate::proxy::line;

/// The capabilities that the server has granted.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(BTreeSet<Vec<u8>>);

/// What a client has asked for.
#[derive(Clone, Debug)]
pub(super) enum Wants {
    /// Whatever holds on the connection: it has asked the server itself.
    Everything,
    /// These, which it has asked us for.
    Only(BTreeSet<Vec<u8>>),
}

impl Held {
    /// Takes an answer of the server.
    pub(super) fn hear(&mut self, message: &Message<'_>) {
        let word = message.param(1).to_ascii_uppercase();
        for name in words(message.last()) {
            match (word.as_slice(), name.strip_prefix(b"-")) {
                (b"ACK", None) if self.0.len() < MOST => {
                    self.0.insert(name.to_vec());
                }
                (b"ACK", Some(name)) => {
                    self.0.remove(name);
                }
                (b"DEL", _) => {
                    self.0.remove(name);
                }
                _ => {}
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name.as_bytes())
    }

    /// What a client can be given that comes to a connection which stands.
    fn offer(&self) -> impl Iterator<Item = &[u8]> {
        let held = self.0.iter().map(Vec::as_slice);
        held.filter(|name| !NOT_OFFERED.contains(name))
            .chain([SELF_MESSAGE.as_bytes()])
    }

    fn offers(&self, name: &[u8]) -> bool {
        self.offer().any(|offered| offered == name)
    }
}

impl Wants {
    pub(super) fn has(&self, name: &str, held: &Held) -> bool {
        match self {
            Self::Everything => held.has(name),
            Self::Only(names) => names.contains(name.as_bytes()),
        }
    }

    /// Answers what the client asks of capabilities. The server hears nothing of it.
    pub(super) fn answer(
        &mut self,
        held: &Held,
        message: &Message<'_>,
        (server, nick): (&[u8], &[u8]),
    ) -> Option<IrcLine> {
        let reply = |word: &str, list: &[&[u8]]| {
            let line = IrcLine::command("CAP").source(server).param(nick).param(word);
            line.trailing(list.join(&b' ')).ok()
        };
        match message.param(0).to_ascii_uppercase().as_slice() {
            b"LS" => reply("LS", &held.offer().collect::<Vec<_>>()),
            b"LIST" => {
                let names = self.names(held);
                reply("LIST", &names.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            b"REQ" => {
                let asked: Vec<&[u8]> = words(message.last()).collect();
                let known = |name: &&[u8]| name.starts_with(b"-") || held.offers(name);
                if !asked.iter().all(known) {
                    return reply("NAK", &asked);
                }
                let mut names = self.names(held);
                for name in &asked {
                    match name.strip_prefix(b"-") {
                        Some(name) => names.remove(name),
                        None => names.insert(name.to_vec()),
                    };
                }
                *self = Self::Only(names);
                reply("ACK", &asked)
            }
            b"END" => None,
            word => {
                let line = IrcLine::command("410").source(server).param(nick);
                let word: &[u8] = if word.is_empty() { b"*" } else { word };
                line.param(word).trailing("Invalid CAP command").ok()
            }
        }
    }

    fn names(&self, held: &Held) -> BTreeSet<Vec<u8>> {
        match self {
            Self::Everything => held.0.clone(),
            Self::Only(names) => names.clone(),
        }
    }

    /// The line as the client wants it; `None` if it is not for it. `own` are words of ours that the server has sent back,
    /// `ours` is what concerns nobody but us.
    pub(super) fn dress<'l>(
        &self,
        line: &'l IrcLine,
        message: &Message<'_>,
        held: &Held,
        (own, ours): (bool, bool),
    ) -> Option<Cow<'l, IrcLine>> {
        if matches!(self, Self::Everything) {
            return Some(Cow::Borrowed(line));
        }
        let lacks = |name: &str| held.has(name) && !self.has(name, held);
        let command = message.command.to_ascii_uppercase();
        let hidden = match command.as_slice() {
            b"PRIVMSG" | b"NOTICE" if own => lacks("echo-message"),
            b"TAGMSG" => lacks("message-tags") || own && lacks("echo-message"),
            b"BATCH" => lacks("batch"),
            b"AWAY" => lacks("away-notify"),
            b"ACCOUNT" => lacks("account-notify"),
            b"CHGHOST" => lacks("chghost"),
            b"SETNAME" => lacks("setname"),
            b"INVITE" => !ours && lacks("invite-notify"),
            // What comes and goes of capabilities is for the client that has asked the server.
            b"CAP" => true,
            _ => false,
        };
        if hidden {
            return None;
        }
        let kept = |name: &[u8]| match name {
            b"time" => self.has("server-time", held),
            b"account" => self.has("account-tag", held),
            b"batch" => self.has("batch", held),
            b"label" => self.has("labeled-response", held),
            _ => self.has("message-tags", held),
        };
        let plainer = match command.as_slice() {
            b"JOIN" if message.params.len() > 1 && lacks("extended-join") => {
                let join = IrcLine::command("JOIN");
                let join = message
                    .source
                    .as_ref()
                    .map(line::written)
                    .map(|by| join.source(by));
                join.and_then(|join| join.param(message.param(0)).build().ok())
            }
            b"353" if lacks("multi-prefix") || lacks("userhost-in-names") => {
                let names = words(message.last()).map(|name| {
                    let end = name.iter().position(|&byte| byte == b'!');
                    let end = end.filter(|_| lacks("userhost-in-names"));
                    let name = name.split_at(end.unwrap_or(name.len())).0;
                    if lacks("multi-prefix") {
                        with_one_sign(name)
                    } else {
                        name.to_vec()
                    }
                });
                with_last(line, message, &names.collect::<Vec<_>>().join(&b' '))
            }
            _ => None,
        };
        match plainer {
            Some(plain) => line::with_tags(message.tags, kept, &plain).map(Cow::Owned),
            None if line::each_tag(message.tags).all(|tag| kept(line::name_of(tag))) => {
                Some(Cow::Borrowed(line))
            }
            None => line::with_tags(message.tags, kept, line).map(Cow::Owned),
        }
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b' ').filter(|word| !word.is_empty())
}

/// A member's name with the first of the signs before it.
fn with_one_sign(name: &[u8]) -> Vec<u8> {
    let signs = name.iter().take_while(|byte| b"~&@%+!*".contains(byte)).count();
    let (signs, name) = name.split_at(signs);
    signs.iter().take(1).chain(name).copied().collect()
}

/// The line without its tags, and with another last parameter.
fn with_last(line: &IrcLine, message: &Message<'_>, last: &[u8]) -> Option<IrcLine> {
    let head = line::untagged(line.as_bytes()).strip_suffix(message.last())?;
    IrcLine::new([head, last].concat()).ok()
}

/// By which a client says that it understands its own words from elsewhere, as bouncers give them.
pub(super) const SELF_MESSAGE: &str = "znc.in/self-message";
/// What belongs to whoever made the connection; `cap-notify`, for there will be nothing new; and texts that are no lines.
const NOT_OFFERED: [&[u8]; 5] = [b"sasl", b"cap-notify", b"tls", b"sts", b"draft/multiline"];
const MOST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn held(names: &str) -> Held {
        let mut held = Held::default();
        let line = IrcLine::new(format!(":s CAP * ACK :{names}")).unwrap();
        held.hear(&line.parse().unwrap());
        held
    }

    fn only(names: &[&str]) -> Wants {
        Wants::Only(names.iter().map(|name| name.as_bytes().to_vec()).collect())
    }

    fn dressed(wants: &Wants, held: &Held, line: &str, own: bool) -> Option<String> {
        let line = IrcLine::new(line).unwrap();
        let message = line.parse().unwrap();
        let dressed = wants.dress(&line, &message, held, (own, false));
        dressed.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
    }

    const ALL: &str = "message-tags server-time account-tag batch labeled-response extended-join multi-prefix \
                       userhost-in-names away-notify account-notify chghost setname invite-notify echo-message sasl";

    #[test]
    fn who_asked_for_everything_gets_bytes_as_they_came() {
        let (held, odd) = (held(ALL), "@time=1;x  :s  353 a = #c :@+bob!b@h ");
        assert_eq!(dressed(&Wants::Everything, &held, odd, false).unwrap(), odd);
    }

    #[test]
    fn who_asked_for_nothing_gets_the_old_protocol() {
        let (held, wants) = (held(ALL), only(&[]));
        for (line, own, shown) in [
            (
                "@time=1;msgid=2;+x=3 :b!b@h PRIVMSG a :hi",
                false,
                Some(":b!b@h PRIVMSG a :hi"),
            ),
            ("@label=1 :a!a@h PRIVMSG b :hi", true, None),
            ("@label=1 :s 318 a b :end", false, Some(":s 318 a b :end")),
            (
                "@time=1 :b!b@h JOIN #c acc :Real Name",
                false,
                Some(":b!b@h JOIN #c"),
            ),
            (":b!b@h JOIN :#c", false, Some(":b!b@h JOIN :#c")),
            (
                "@time=1 :s 353 a = #c :@+bob!b@h +carol!c@h dan!d@h",
                false,
                Some(":s 353 a = #c :@bob +carol dan"),
            ),
            (":b!b@h AWAY :gone", false, None),
            (":b!b@h ACCOUNT x", false, None),
            (":b!b@h CHGHOST u h", false, None),
            (":b!b@h SETNAME :x", false, None),
            (":b!b@h INVITE c #c", false, None),
            ("@+typing=active :b!b@h TAGMSG a", false, None),
            (":s BATCH +1 netsplit a b", false, None),
            ("@batch=1 :b!b@h QUIT :x", false, Some(":b!b@h QUIT :x")),
            (":s CAP a DEL :batch", false, None),
        ] {
            assert_eq!(dressed(&wants, &held, line, own).as_deref(), shown, "{line}");
        }
        let wants = only(&["server-time", "away-notify", "multi-prefix"]);
        assert_eq!(
            dressed(&wants, &held, "@time=1;msgid=2 :b!b@h AWAY :gone", false).unwrap(),
            "@time=1 :b!b@h AWAY :gone"
        );
        assert_eq!(
            dressed(&wants, &held, ":s 353 a = #c :@+bob!b@h", false).unwrap(),
            ":s 353 a = #c :@+bob"
        );
    }

    #[test]
    fn only_what_holds_is_granted() {
        let (held, mut wants) = (held("server-time sasl batch -batch"), only(&[]));
        let mut ask = |line: &str| {
            let line = IrcLine::new(line).unwrap();
            let answer = wants.answer(&held, &line.parse().unwrap(), (b"s", b"*"));
            answer.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        };
        assert_eq!(
            ask("CAP LS 302").unwrap(),
            ":s CAP * LS :server-time znc.in/self-message"
        );
        assert_eq!(
            ask("CAP REQ :server-time sasl").unwrap(),
            ":s CAP * NAK :server-time sasl"
        );
        assert_eq!(ask("CAP LIST").unwrap(), ":s CAP * LIST :");
        assert_eq!(ask("CAP REQ :server-time").unwrap(), ":s CAP * ACK :server-time");
        assert_eq!(ask("CAP REQ batch").unwrap(), ":s CAP * NAK :batch");
        assert_eq!(ask("CAP LIST").unwrap(), ":s CAP * LIST :server-time");
        assert_eq!(
            ask("CAP REQ :-server-time").unwrap(),
            ":s CAP * ACK :-server-time"
        );
        assert_eq!(ask("CAP LIST").unwrap(), ":s CAP * LIST :");
        assert_eq!(ask("CAP END"), None);
        assert_eq!(ask("CAP WHAT").unwrap(), ":s 410 * WHAT :Invalid CAP command");
    }
}
