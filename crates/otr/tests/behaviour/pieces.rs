//! Pieces: any legal cut, in both forms, and what breaks a message.

use otr::{Event, LimitTooSmall, Reject, SendError};

use crate::common::{deliver, private_pair};

#[test]
fn long_texts_pass_in_pieces_of_any_size() {
    let long: String = (0..65_536u32)
        .map(|n| char::from(b'a' + (n * 7 % 26) as u8))
        .collect();
    for numbers in [&[1][..], &[2], &[3]] {
        for limit in [64, 200, 400, 4096] {
            let (mut alice, mut bob) = private_pair(numbers);
            alice.conversation.set_carrier_limit(Some(limit)).unwrap();
            alice.say(&long).say("").say("short");
            assert!(alice.outgoing.iter().all(|piece| piece.len() <= limit));
            assert!(alice.outgoing.len() > 20);
            deliver(&mut alice, &mut bob);
            assert_eq!(bob.read(), [long.clone(), "short".into()], "{numbers:?} {limit}");
        }
    }
}

#[test]
fn a_handshake_passes_in_pieces() {
    for numbers in [&[1][..], &[2], &[3]] {
        let mut alice = crate::common::Person::alice(numbers);
        let mut bob = crate::common::Person::bob(numbers);
        for person in [&mut alice, &mut bob] {
            person.conversation.set_carrier_limit(Some(64)).unwrap();
        }
        alice.start();
        deliver(&mut alice, &mut bob);
        assert!(alice.is_private() && bob.is_private(), "{numbers:?}");
    }
}

#[test]
fn one_lost_piece_never_yields_a_message_and_hurts_only_that_one() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.conversation.set_carrier_limit(Some(100)).unwrap();
    alice.say("first message, of some pieces");
    let pieces = alice.take_outgoing();
    for lost in 0..pieces.len() {
        for (position, piece) in pieces.iter().enumerate() {
            if position != lost {
                bob.receive(piece);
            }
        }
        assert_eq!(bob.take_events(), [], "piece {lost} lost");
    }
    alice.say("second");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["second"]);
    assert!(matches!(
        bob.take_events()[..],
        [Event::Missed { messages: 1, .. }]
    ));
}

#[test]
fn pieces_of_two_devices_may_interleave_and_clear_text_does_not_break_them() {
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.conversation.set_carrier_limit(Some(100)).unwrap();
    alice.say("a text of several pieces");
    let ours = bob.account.instance_tag().raw();
    for (position, piece) in alice.take_outgoing().into_iter().enumerate() {
        bob.receive(format!("?OTR|4242|{ours:x},{},9999,abc,", position + 1).as_bytes());
        bob.receive(b"and somebody types");
        bob.receive(&piece);
    }
    assert_eq!(bob.read(), ["a text of several pieces"]);
}

#[test]
fn s42_clear_text_between_untagged_pieces_drops_the_message() {
    let (mut alice, mut bob) = private_pair(&[2]);
    alice.conversation.set_carrier_limit(Some(100)).unwrap();
    alice.say("a text of several pieces");
    let pieces = alice.take_outgoing();
    bob.receive(&pieces[0]).receive(b"interruption");
    for piece in &pieces[1..] {
        bob.receive(piece);
    }
    assert_eq!(bob.read(), Vec::<String>::new());
    assert_eq!(bob.conversation.incomplete_bytes(), 0);
}

#[test]
fn what_is_put_together_is_no_piece_again() {
    // A piece may be written inside pieces; what they make together is refused.
    let (mut alice, _) = private_pair(&[3]);
    alice.receive(b"?OTR,1,2,?OTR,").receive(b"?OTR,2,2,,1,1,hello,,");
    assert_eq!(
        alice.take_events(),
        [Event::Refused {
            reason: Reject::Malformed
        }]
    );
    assert!(alice.outgoing.is_empty());
}

#[test]
fn s41_numbers_are_read_strictly() {
    let (mut alice, _) = private_pair(&[3]);
    let bad = [
        "?OTR,0,1,x,",
        "?OTR,1,0,x,",
        "?OTR,2,1,x,",
        "?OTR,65536,65536,x,",
        "?OTR,1,65537,x,",
        "?OTR,-1,2,x,",
        "?OTR,+1,2,x,",
        "?OTR, 1,2,x,",
        "?OTR,0x1,2,x,",
        "?OTR,1,2,,",
        "?OTR,1,2,x",
        "?OTR,,,,",
        "?OTR|1ffffffff|0,1,2,x,",
        "?OTR|g|0,1,2,x,",
        "?OTR||,1,2,x,",
        "?OTR|100,1,2,x,",
        "?OTR|ff|0,1,2,x,",
        "?OTR|-100|0,1,2,x,",
    ];
    for piece in bad {
        alice.receive(piece.as_bytes());
        assert_eq!(
            alice.take_events(),
            [Event::Refused {
                reason: Reject::Malformed
            }],
            "{piece}"
        );
        assert_eq!(alice.conversation.incomplete_bytes(), 0, "{piece}");
    }
    let zeros = "0".repeat(20);
    let ours = alice.account.instance_tag().raw();
    for piece in [
        format!("?OTR,{zeros}1,{zeros}2,x,"),
        format!("?OTR|00000000100|{ours:012x},1,2,x, \r"),
    ] {
        alice.receive(piece.as_bytes());
        assert_eq!(alice.take_events(), [], "{piece}");
    }
    assert!(alice.conversation.incomplete_bytes() > 0);
}

#[test]
fn limits_of_the_carrier() {
    let (mut alice, _) = private_pair(&[3]);
    assert_eq!(
        alice.conversation.set_carrier_limit(Some(63)),
        Err(LimitTooSmall { minimum: 64 })
    );
    let long = "x".repeat(300_000);
    assert_eq!(alice.try_say(&long), Err(SendError::TooLong));
    assert!(alice.outgoing.is_empty());
}

#[test]
fn pieces_with_identifiers_are_read_in_any_order() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let tags = (alice.account.instance_tag(), bob.account.instance_tag());
    for identifier in 0..3 {
        alice.say("put together again");
        let message = alice.take_outgoing().remove(0);
        let pieces = otr::wire::fragment::cut_identified(&message, 100, identifier, tags.0, tags.1);
        let pieces = pieces.unwrap();
        assert!(pieces.len() > 3);
        // Another whole message between them drops nothing.
        alice.say("between");
        let between = alice.take_outgoing().remove(0);
        for (position, piece) in pieces.iter().rev().enumerate() {
            if identifier == 1 && position == 2 {
                bob.receive(&between);
            }
            bob.receive(piece);
        }
        let expected: &[&str] = if identifier == 1 {
            &["between"]
        } else {
            &["put together again"]
        };
        // Version 3 itself wants its messages in order, so the one that was overtaken is a copy to it.
        assert_eq!(bob.read(), expected);
    }
}

#[test]
fn s41_a_forged_piece_spoils_one_message_and_no_conversation() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let tags = (alice.account.instance_tag(), bob.account.instance_tag());
    alice.say("spoiled");
    let message = alice.take_outgoing().remove(0);
    let pieces = otr::wire::fragment::cut_identified(&message, 100, 7, tags.0, tags.1).unwrap();
    let (last, first) = pieces.split_last().unwrap();
    for piece in first {
        bob.receive(piece);
    }
    let (from, to) = (tags.0.raw(), tags.1.raw());
    for forged in ["00001,00001,x,", "00001,65535,x,"] {
        bob.receive(format!("?OTR|00000007|{from:08x}|{to:08x},{forged}").as_bytes());
    }
    bob.receive(last);
    assert!(bob.read().is_empty());
    alice.say("whole");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["whole"]);
}
