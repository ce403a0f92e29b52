//! S-23: queries of every legal and bizarre form, and tags anywhere.

use otr::wire::{Incoming, classify};
use otr::{Event, Version};

use crate::common::{Person, versions};

fn offered(message: &str) -> Option<Vec<u16>> {
    match classify(message.as_bytes()) {
        Incoming::Query(offered) => {
            let mut numbers: Vec<u16> = offered.iter().map(Version::number).collect();
            numbers.reverse();
            Some(numbers)
        }
        _ => None,
    }
}

#[test]
fn queries() {
    // The examples of the text, and the bizarre ones around them.
    let table: [(&str, Option<&[u16]>); 22] = [
        ("?OTR?", Some(&[1])),
        ("?OTRv2?", Some(&[2])),
        ("?OTRv23?", Some(&[2, 3])),
        ("?OTRv32?", Some(&[2, 3])),
        ("?OTR?v2?", Some(&[1, 2])),
        ("?OTRv24x?", Some(&[2, 4])),
        ("?OTR?v24x?", Some(&[1, 2, 4])),
        ("?OTR?v?", Some(&[1])),
        ("?OTRv?", Some(&[])),
        ("?OTRv99?", Some(&[])),
        ("?OTR?v2", Some(&[1])),
        ("?OTRv23? would like a private conversation", Some(&[2, 3])),
        ("  \n?OTRv3?", Some(&[3])),
        ("<p><b>?OTRv3?</b></p>", Some(&[3])),
        (
            "<html>\n<body> ?OTR?v23?\n<b>alice</b> has requested",
            Some(&[1, 2, 3]),
        ),
        ("?OTRv22?", Some(&[2])),
        ("?OTR", None),
        ("?OTRv", None),
        ("?OTRv2", None),
        ("?OTR v2?", None),
        ("?otrv2?", None),
        ("text ?OTRv2?", None),
    ];
    for (message, expected) in table {
        assert_eq!(offered(message).as_deref(), expected, "{message}");
    }
    assert_eq!(offered(&format!("?OTRv{}?", "2".repeat(100_000))), Some(vec![2]));
    assert_eq!(offered(&format!("?OTRv{}", "2".repeat(100_000))), None);
}

#[test]
fn a_query_is_answered_in_the_best_common_version() {
    let table: [(&[u16], &str, Option<u16>); 7] = [
        (&[2, 3], "?OTRv23?", Some(3)),
        (&[2, 3], "?OTRv2?", Some(2)),
        (&[2], "?OTRv23?", Some(2)),
        (&[2, 3], "?OTR?", None),
        (&[2, 3], "?OTRv4?", None),
        (&[1, 2, 3], "?OTR?", Some(1)),
        (&[2, 3], "?OTR?v?", None),
    ];
    for (ours, query, expected) in table {
        let mut alice = Person::alice(ours);
        alice.receive(query.as_bytes());
        let answered = alice
            .outgoing
            .front()
            .map(|message| crate::common::forge::open(message).0.version.number());
        assert_eq!(answered, expected, "{ours:?} {query}");
    }
}

#[test]
fn tags_anywhere_are_found_and_removed() {
    let base = " \t  \t\t\t\t \t \t \t  ";
    let (one, two, three) = (" \t \t  \t ", "  \t\t  \t ", "  \t\t  \t\t");
    let split = format!("hi{}x{}{two}", &base[..8], &base[8..]);
    let no_base = format!("hi{two}");
    let table: [(String, &str, Option<&[u16]>); 10] = [
        (format!("hi{base}{two}"), "hi", Some(&[2][..])),
        (format!("{base}{three}hi"), "hi", Some(&[3])),
        (format!("h{base}{two}{three}i"), "hi", Some(&[2, 3])),
        (format!("h{base}{three}{two}i"), "hi", Some(&[2, 3])),
        (format!("hi{base}{one}{two}"), "hi", Some(&[1, 2])),
        (format!("hi{base}"), "hi", Some(&[])),
        (format!("hi{base}{base}{two}"), "hi", Some(&[2])),
        (format!("a{base}{two}b{base}{three}c"), "abc", Some(&[2, 3])),
        (no_base.clone(), &no_base, None),
        (split.clone(), &split, None),
    ];
    for (message, text, expected) in table {
        let Incoming::Plaintext(stripped, offered) = classify(message.as_bytes()) else {
            panic!()
        };
        assert_eq!(stripped.as_ref(), text.as_bytes(), "{message:?}");
        assert_eq!(offered, expected.map(versions), "{message:?}");
    }
}

#[test]
fn a_tag_starts_the_exchange_only_where_the_policy_says_so() {
    let tagged = b"hi \t  \t\t\t\t \t \t \t    \t\t  \t\t";
    for starts in [false, true] {
        let mut alice = Person::alice(&[2, 3]);
        let policy = otr::Policy {
            tag_starts: starts,
            ..crate::common::open_policy(&[2, 3])
        };
        alice.conversation.set_policy(policy);
        alice.receive(tagged);
        assert_eq!(
            alice.take_events(),
            [Event::ClearText {
                text: "hi".into(),
                expected: true
            }]
        );
        assert_eq!(alice.take_outgoing().len(), usize::from(starts));
    }
}

#[test]
fn the_tag_stops_when_the_other_side_answers_without_otr() {
    let mut alice = Person::alice(&[2, 3]);
    alice.conversation.set_policy(otr::Policy {
        send_tag: true,
        ..crate::common::open_policy(&[2, 3])
    });
    alice.say("one").say("two");
    assert!(
        alice
            .take_outgoing()
            .iter()
            .all(|message| message.ends_with(b"\t\t"))
    );
    alice.receive(b"I have no idea what you mean").say("three");
    assert_eq!(alice.only_message(), b"three");
}
