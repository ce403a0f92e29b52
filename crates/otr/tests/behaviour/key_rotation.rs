//! Keys change while people talk, however their messages cross.

use otr::wire::Message;

use crate::common::forge::open;
use crate::common::{deliver, private_pair};

#[test]
fn ids_rise_by_one_with_each_turn() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let mut seen = Vec::new();
    for turn in 0..6 {
        let (from, to) = if turn % 2 == 0 {
            (&mut alice, &mut bob)
        } else {
            (&mut bob, &mut alice)
        };
        from.say("x");
        let message = from.only_message();
        let Message::Data(data) = open(&message).1 else {
            panic!()
        };
        seen.push((data.sender_key_id, data.recipient_key_id));
        to.receive(&message);
    }
    assert_eq!(seen, [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]);
}

#[test]
fn any_crossing_of_messages_is_read() {
    // Sixteen schedules of who speaks before hearing the other: bits of `schedule`.
    for schedule in 0..16u32 {
        let (mut alice, mut bob) = private_pair(&[2, 3]);
        for round in 0..12 {
            let crossing = schedule >> (round % 4) & 1 == 1;
            alice.say(&format!("a{round}"));
            if !crossing {
                deliver(&mut alice, &mut bob);
            }
            bob.say(&format!("b{round}"));
            deliver(&mut alice, &mut bob);
            assert_eq!(bob.read(), [format!("a{round}")], "schedule {schedule}");
            assert_eq!(alice.read(), [format!("b{round}")], "schedule {schedule}");
        }
        assert_eq!((alice.take_events(), bob.take_events()), (vec![], vec![]));
    }
}

#[test]
fn a_value_outside_the_group_is_refused_as_next_key() {
    // S-14: it would have to be authenticated first, so only a malicious partner can send one. The partner
    // here is honest, and the message is not theirs any more: the MAC catches it before the group check.
    let (mut alice, mut bob) = private_pair(&[3]);
    alice.say("x");
    let message = alice.only_message();
    for value in [&[][..], &[1], &[0xff; 193]] {
        bob.receive(&crate::common::forge::change(&message, |_, message| {
            if let Message::Data(data) = message {
                data.next_dh = otr::wire::Mpi::from_be_bytes(value);
            }
        }));
        assert_eq!(bob.read(), Vec::<String>::new());
    }
    bob.receive(&message);
    assert_eq!(bob.read(), ["x"]);
}
