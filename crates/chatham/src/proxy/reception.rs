//! A client that comes to a connection which stands: what it says to be let in is answered here.

use im::irc::{IrcLine, Message};

use crate::proxy::capabilities::{Held, Wants};

/// How far a client has come.
#[derive(Debug, Default)]
pub(super) struct Reception {
    /// Whether it has said its nick, and who it is.
    named: [bool; 2],
    /// It is asking for capabilities, and will say when it has done so.
    negotiating: bool,
}

impl Reception {
    /// Takes a line of the client; what it gets in return.
    pub(super) fn take(
        &mut self,
        message: &Message<'_>,
        (wants, held): (&mut Wants, &Held),
        server: &[u8],
    ) -> Option<IrcLine> {
        let server: &[u8] = if server.is_empty() { b"localhost" } else { server };
        let reply = |number: &str| IrcLine::command(number).source(server).param("*");
        match message.command.to_ascii_uppercase().as_slice() {
            b"CAP" => {
                match message.param(0).to_ascii_uppercase().as_slice() {
                    b"LS" | b"REQ" => self.negotiating = true,
                    b"END" => self.negotiating = false,
                    _ => {}
                }
                wants.answer(held, message, (server, b"*"))
            }
            b"NICK" => {
                self.named[0] = true;
                None
            }
            b"USER" => {
                self.named[1] = true;
                None
            }
            b"PING" => {
                let pong = IrcLine::command("PONG").source(server).param(server);
                pong.trailing(message.param(0)).ok()
            }
            // The account was proved by the client that made the connection.
            b"AUTHENTICATE" => reply("904")
                .trailing("The connection stands: nothing is to be proved")
                .ok(),
            b"PASS" | b"PONG" | b"JOIN" => None,
            _ => reply("451").trailing("You have not registered").ok(),
        }
    }

    /// Whether it has said everything.
    pub(super) fn is_over(&self) -> bool {
        self.named == [true; 2] && !self.negotiating
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_client_comes_in_with_and_without_capabilities() {
        let bare = ["NICK a", "PING :x", "USER a 0 * :a"];
        let asking = [
            "CAP LS 302",
            "NICK a",
            "USER a 0 * :a",
            "CAP REQ :znc.in/self-message",
            "AUTHENTICATE PLAIN",
            "PRIVMSG bob :too early",
            "CAP END",
        ];
        for (lines, answers) in [
            (&bare[..], &[":s PONG s :x"][..]),
            (
                &asking[..],
                &[
                    ":s CAP * LS :znc.in/self-message",
                    ":s CAP * ACK :znc.in/self-message",
                    ":s 904 * :The connection stands: nothing is to be proved",
                    ":s 451 * :You have not registered",
                ],
            ),
        ] {
            let (mut reception, held) = (Reception::default(), Held::default());
            let mut wants = Wants::Only(BTreeSet::new());
            let mut got = Vec::new();
            for line in lines {
                assert!(!reception.is_over(), "{line}");
                let line = IrcLine::new(*line).unwrap();
                let answer = reception.take(&line.parse().unwrap(), (&mut wants, &held), b"s");
                got.extend(answer.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()));
            }
            assert!(reception.is_over());
            assert_eq!(got, answers);
        }
    }
}
