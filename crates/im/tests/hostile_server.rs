//! Whatever a server says, in whatever order: no panic, bounded memory, no password out of turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use im::irc::{Client, Config, Output, Sasl};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// Lines that mean something, more or less.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let tags = prop_oneof![
        4 => Just(String::new()),
        1 => Just("@time=2026-11-25T12:00:00.000Z ".to_owned()),
        1 => Just("@batch=r;account=x ".to_owned()),
        1 => "@[a-z=;\\\\]{0,20} ",
    ];
    let source = prop_oneof![
        Just(""),
        Just(":s "),
        Just(":alice!a@h "),
        Just(":bob!b@h "),
        Just(":***!znc@znc.in "),
        Just(":!@ "),
    ];
    let command = prop_oneof![
        Just("CAP * LS"),
        Just("CAP * LS *"),
        Just("CAP * ACK"),
        Just("CAP * NAK"),
        Just("CAP * NEW"),
        Just("CAP * DEL"),
        Just("CAP"),
        Just("AUTHENTICATE"),
        Just("001 alice"),
        Just("005 alice"),
        Just("900 * *"),
        Just("903 *"),
        Just("904 *"),
        Just("908 *"),
        Just("433 *"),
        Just("302 *"),
        Just("BATCH"),
        Just("PRIVMSG alice"),
        Just("NOTICE #a"),
        Just("NICK"),
        Just("JOIN"),
        Just("KICK #a"),
        Just("QUIT"),
        Just("KILL"),
        Just("ACCOUNT"),
        Just("FAIL"),
        Just("PING"),
        Just("PONG"),
        Just("MODE alice"),
        Just("396 *"),
    ];
    let rest = prop_oneof![
        Just(String::new()),
        Just("+".to_owned()),
        Just("alice".to_owned()),
        Just("+r chathistory".to_owned()),
        Just("-r".to_owned()),
        Just(":sasl=PLAIN batch server-time".to_owned()),
        Just(":sasl".to_owned()),
        Just("CASEMAPPING=ascii LINELEN=1 :x".to_owned()),
        Just("a.b c.d".to_owned()),
        ":?[ -~]{0,40}",
    ];
    (tags, source, command, rest)
        .prop_map(|(tags, source, command, rest)| format!("{tags}{source}{command} {rest}\r\n").into_bytes())
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..200)
}

fn client(with_account: bool) -> Client {
    let mut config = Config::new("alice");
    if with_account {
        let password = Zeroizing::new(b"hunter2".to_vec());
        config.sasl = Some(Sasl::Plain {
            account: b"alice".to_vec(),
            password,
        });
    }
    let mut client = Client::new(config).unwrap();
    client.start();
    client
}

proptest! {
    #[test]
    fn any_server_is_survived(
        with_account in any::<bool>(),
        now in any::<u64>(),
        pieces in proptest::collection::vec(prop_oneof![3 => line(), 1 => any_bytes()], 0..60),
    ) {
        let mut client = client(with_account);
        let mut challenges = 0;
        let mut answers = 0;
        for piece in pieces {
            client.tell_time(Duration::from_secs(now));
            challenges += piece.windows(12).filter(|at| at.eq_ignore_ascii_case(b"authenticate")).count();
            let outputs = client.receive(&piece);
            let closed = outputs.iter().position(|output| matches!(output, Output::Close));
            prop_assert!(closed.is_none_or(|at| at + 1 == outputs.len()), "nothing after the end: {outputs:?}");
            for output in &outputs {
                if let Output::Send(line) = output {
                    let line = line.as_bytes();
                    prop_assert!(line.len() <= 512, "{} bytes", line.len());
                    answers += usize::from(line.starts_with(b"AUTHENTICATE YWxpY2U"));
                }
            }
            let _room = client.room(b"bob");
        }
        prop_assert!(answers <= challenges.min(1), "the proof is given once, and when asked for");
    }
}
