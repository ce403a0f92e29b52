//! Who may come in: the first lines of a client, until it has said the password.

use std::sync::Arc;

use im::irc::{IrcLine, Message};

use crate::proxy::observer::NAME;
use crate::proxy::password::Password;

/// The first lines of one client.
pub(super) struct Entrance {
    password: Arc<Password>,
    kept: Vec<IrcLine>,
    named: [bool; 2],
}

/// What becomes of a client.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It has not said enough.
    Wait,
    /// It is in. These lines of it are still to be looked at, and this password is for the server.
    In {
        /// The lines, in their order.
        kept: Vec<IrcLine>,
        /// What the client has said behind the password.
        password: Option<IrcLine>,
    },
    /// It has to go. It gets these lines; none if it is no IRC client.
    Out(Vec<IrcLine>),
}

impl Entrance {
    /// Nobody has said anything yet.
    pub(super) fn new(password: Arc<Password>) -> Self {
        Self {
            password,
            kept: Vec::new(),
            named: [false; 2],
        }
    }

    /// Takes a line of the client.
    pub(super) fn take(&mut self, line: IrcLine) -> Verdict {
        let Ok(message) = line.parse() else {
            return Verdict::Out(Vec::new());
        };
        match message.command.to_ascii_uppercase().as_slice() {
            b"PASS" => return self.judge(&message),
            b"NICK" => self.named[0] = true,
            b"USER" => self.named[1] = true,
            b"CAP" | b"AUTHENTICATE" | b"PING" => {}
            // What irssi says to itself before anything else; no server would take it now.
            b"JOIN" => return Verdict::Wait,
            // A browser, for one, which somebody's page sends here.
            _ => return Verdict::Out(Vec::new()),
        }
        if self.named == [true; 2] || self.kept.len() >= MOST_KEPT {
            return Verdict::Out(refusal(
                "the password is missing: it is the password of the server in your client",
            ));
        }
        self.kept.push(line);
        Verdict::Wait
    }

    /// Whether the client has asked what the server can do, and may be waiting for the answer.
    pub(super) fn is_curious(&self) -> bool {
        self.kept.iter().any(is_about_capabilities) && self.kept.iter().all(is_about_capabilities)
    }

    /// What is kept about capabilities, which says nothing of the person.
    pub(super) fn take_curiosity(&mut self) -> Vec<IrcLine> {
        let kept = std::mem::take(&mut self.kept).into_iter();
        let (curious, others) = kept.partition(is_about_capabilities);
        self.kept = others;
        curious
    }

    fn judge(&mut self, message: &Message<'_>) -> Verdict {
        let Some(rest) = self.password.opens(message.param(0)) else {
            return Verdict::Out(refusal("this is not the password of the proxy"));
        };
        let password = (!rest.is_empty())
            .then(|| IrcLine::command("PASS").trailing(rest))
            .and_then(Result::ok);
        Verdict::In {
            kept: std::mem::take(&mut self.kept),
            password,
        }
    }
}

fn is_about_capabilities(line: &IrcLine) -> bool {
    line.parse().is_ok_and(|message| message.is("CAP"))
}

/// What somebody is told who may not come in.
pub(super) fn refusal(why: &str) -> Vec<IrcLine> {
    let hint = "`chatham proxy setup` tells how a client is set up";
    let lines = [
        IrcLine::command("464")
            .source(NAME)
            .param("*")
            .trailing(format!("{why}; {hint}")),
        closing(why),
    ];
    lines.into_iter().flatten().collect()
}

/// The last line to a client.
pub(super) fn closing(why: &str) -> Result<IrcLine, im::irc::LineError> {
    let words = crate::sanitize::one_line(why.as_bytes());
    IrcLine::command("ERROR").trailing(format!("Closing link: {words}"))
}

/// So many lines may come before the password.
const MOST_KEPT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness;

    fn password() -> Arc<Password> {
        let folder = tempfile::tempdir().unwrap();
        Arc::new(Password::of(folder.path(), &mut *randomness()).unwrap())
    }

    fn play(password: &Arc<Password>, lines: &[&str]) -> Verdict {
        let mut entrance = Entrance::new(Arc::clone(password));
        let mut last = Verdict::Wait;
        for line in lines {
            assert!(
                matches!(last, Verdict::Wait),
                "{line:?} comes after the verdict {last:?}"
            );
            last = entrance.take(IrcLine::new(*line).unwrap());
        }
        last
    }

    #[test]
    fn the_password_opens_in_every_order_that_clients_have() {
        let password = password();
        let pass = format!("PASS :{}", password.reveal());
        let Verdict::In { kept, password: None } =
            play(&password, &["CAP LS 302", "NICK a", "PING x", &pass])
        else {
            panic!()
        };
        assert_eq!(kept.len(), 3);
        let further = format!("pass {}:me:pw", password.reveal());
        let Verdict::In {
            kept,
            password: Some(line),
        } = play(&password, &[&further])
        else {
            panic!()
        };
        assert!(kept.is_empty());
        assert_eq!(line.as_bytes(), b"PASS :me:pw");
    }

    #[test]
    fn s70_nobody_else_comes_in() {
        let password = password();
        for lines in [
            &["NICK a", "USER a 0 * :a"][..],
            &["CAP LS", "USER a 0 * :a", "NICK a"],
            &["PASS hunter2"],
            &["PASS"],
        ] {
            let Verdict::Out(told) = play(&password, lines) else {
                panic!("{lines:?}")
            };
            assert_eq!(told.len(), 2, "{lines:?}");
        }
        let flood = ["CAP LS"; MOST_KEPT + 1];
        assert!(matches!(play(&password, &flood), Verdict::Out(_)));
    }

    #[test]
    fn s70_a_browser_is_shown_the_door_at_its_first_line() {
        for line in [
            "GET / HTTP/1.1",
            "POST /x HTTP/1.1",
            "Host: localhost",
            "PRIVMSG bob :x",
            "NOTICE bob :x",
        ] {
            let Verdict::Out(told) = play(&password(), &[line]) else {
                panic!("{line}")
            };
            assert!(told.is_empty(), "{line}");
        }
    }
}
