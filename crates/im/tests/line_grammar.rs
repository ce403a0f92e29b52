//! The grammar of lines, with a published parser as the judge on lines that are UTF-8.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use im::irc::{IrcLine, LineBuffer, Message, Source};
use irc_proto::{Command, Prefix};
use proptest::prelude::*;

/// A line in the form in which both parsers have to agree: single spaces, at most fourteen parameters.
#[derive(Clone, Debug)]
struct Sample {
    tags: Vec<(String, Option<String>)>,
    source: Option<String>,
    command: String,
    middles: Vec<String>,
    trailing: Option<String>,
}

impl Sample {
    fn text(&self) -> String {
        let mut text = String::new();
        if !self.tags.is_empty() {
            let tag = |(key, value): &(String, Option<String>)| match value {
                Some(value) => format!("{key}={value}"),
                None => key.clone(),
            };
            text += &format!("@{} ", self.tags.iter().map(tag).collect::<Vec<_>>().join(";"));
        }
        if let Some(source) = &self.source {
            text += &format!(":{source} ");
        }
        text += &self.command;
        for middle in &self.middles {
            text += &format!(" {middle}");
        }
        if let Some(trailing) = &self.trailing {
            text += &format!(" :{trailing}");
        }
        text
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let key = "[a-z][a-z0-9-]{0,6}";
    let value = proptest::option::of(r"[^ ;\r\n\x00]{0,8}");
    let source = r"[a-zA-Z\[\]{}|^`_][a-zA-Z0-9.-]{0,8}(![a-z~]{1,5})?(@[a-z0-9.:/-]{1,12})?";
    (
        proptest::collection::btree_map(key, value, 0..4),
        proptest::option::of(source),
        // No command that the other parser knows the parameters of.
        "(XQ[A-Z]{0,5}|[6][7-9][0-9])",
        proptest::collection::vec(r"[^ :\r\n\x00][^ \r\n\x00]{0,8}", 0..10),
        proptest::option::of(r"[^\r\n\x00]{0,30}"),
    )
        .prop_map(|(tags, source, command, middles, trailing)| Sample {
            tags: tags.into_iter().collect(),
            source,
            command,
            middles,
            trailing,
        })
}

proptest! {
    #[test]
    fn agrees_with_a_published_parser(sample in sample()) {
        let text = sample.text();
        let ours = Message::parse(text.as_bytes()).unwrap();
        let theirs: irc_proto::Message = text.parse().unwrap();

        let Command::Raw(command, params) = &theirs.command else { panic!("known command in {text:?}") };
        prop_assert_eq!(ours.command, command.as_bytes());
        let params: Vec<&[u8]> = params.iter().map(String::as_bytes).collect();
        prop_assert_eq!(&ours.params, &params);

        match (&theirs.prefix, ours.source) {
            (None, None) => {}
            (Some(Prefix::ServerName(name)), Some(source)) => {
                prop_assert!(source.is_server());
                prop_assert_eq!(source.name, name.as_bytes());
            }
            (Some(Prefix::Nickname(name, user, host)), Some(source)) => {
                prop_assert_eq!(source, Source {
                    name: name.as_bytes(),
                    user: Some(user.as_bytes()).filter(|user| !user.is_empty()),
                    host: Some(host.as_bytes()).filter(|host| !host.is_empty()),
                });
            }
            other => prop_assert!(false, "{other:?} in {text:?}"),
        }
        for irc_proto::message::Tag(key, value) in theirs.tags.unwrap_or_default() {
            prop_assert_eq!(ours.tag(&key), Some(value.unwrap_or_default().into_bytes()));
        }
    }

    #[test]
    fn what_is_built_is_read_back(
        source in proptest::option::of("[^ \r\n\0]{1,20}"),
        middles in proptest::collection::vec("[^ :\r\n\0][^ \r\n\0]{0,20}", 0..6),
        trailing in proptest::option::of("[^\r\n\0]{0,40}"),
    ) {
        let mut builder = IrcLine::command("PRIVMSG");
        if let Some(source) = &source {
            builder = builder.source(source);
        }
        for middle in &middles {
            builder = builder.param(middle);
        }
        let line = match &trailing {
            Some(trailing) => builder.trailing(trailing).unwrap(),
            None => builder.build().unwrap(),
        };
        let message = line.parse().unwrap();
        let mut expected: Vec<&[u8]> = middles.iter().map(String::as_bytes).collect();
        expected.extend(trailing.as_ref().map(String::as_bytes));
        prop_assert_eq!(message.params, expected);
        prop_assert_eq!(message.source, source.as_ref().map(|source| Source::parse(source.as_bytes())));
        prop_assert_eq!(message.command, b"PRIVMSG");
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&bytes) {
            prop_assert!(!message.command.is_empty() && !message.command.contains(&b' '));
            let middles = message.params.len().saturating_sub(1);
            prop_assert!(message.params.iter().take(middles).all(|middle| !middle.contains(&b' ')));
            let _any = message.tag("time");
        }
    }

    #[test]
    fn a_stream_gives_the_same_lines_however_it_is_cut(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0u8), any::<u8>()], 0..300),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let mut pieces = LineBuffer::new();
        let cut: Vec<_> = at.windows(2).flat_map(|pair| pieces.feed(&bytes[pair[0]..pair[1]])).collect();
        let whole = LineBuffer::new().feed(&bytes);
        prop_assert_eq!(&cut, &whole);
        for line in whole.into_iter().flatten() {
            prop_assert!(!line.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)));
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_stay_as_they_are() {
    let wire = b":n\xff!u@h PRIVMSG \xc4\xd6 :\xe9t\xe9 \xf0\x9f\r\n";
    let line = LineBuffer::new().feed(wire).remove(0).unwrap();
    assert_eq!(line.to_wire(), wire);
    assert_eq!(
        line.parse().unwrap().params,
        [&b"\xc4\xd6"[..], b"\xe9t\xe9 \xf0\x9f"]
    );
}
