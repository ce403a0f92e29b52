//! What operations cost, counted in powers modulo p of both ends together: a number that no machine changes.

use otr::hazmat::{Powers, take_powers};
use otr::{Recipient, SmpAction};

use crate::common::{Person, deliver, private_pair};

fn say(from: &mut Person, to: &mut Person) -> Powers {
    take_powers();
    from.say("x");
    deliver(from, to);
    assert_eq!(to.read(), ["x"]);
    take_powers()
}

#[test]
fn a_key_exchange_costs_four() {
    for numbers in [&[2][..], &[3]] {
        take_powers();
        private_pair(numbers);
        let expected = Powers {
            of_two: 2,
            of_any: 2,
            ..Powers::default()
        };
        assert_eq!(take_powers(), expected, "{numbers:?}");
    }
}

#[test]
fn a_message_that_turns_the_keys_costs_three() {
    let (mut alice, mut bob) = private_pair(&[3]);
    // The first messages use the secret of the exchange: each end only makes its next key.
    let first = Powers {
        of_two: 1,
        ..Powers::default()
    };
    assert_eq!(say(&mut alice, &mut bob), first);
    for _ in 0..3 {
        let turning = Powers {
            of_two: 1,
            of_any: 2,
            ..Powers::default()
        };
        assert_eq!(say(&mut bob, &mut alice), turning);
        assert_eq!(say(&mut alice, &mut bob), turning);
    }
}

#[test]
fn further_messages_of_one_side_cost_none() {
    let (mut alice, mut bob) = private_pair(&[3]);
    say(&mut bob, &mut alice);
    say(&mut alice, &mut bob);
    for _ in 0..5 {
        assert_eq!(say(&mut alice, &mut bob), Powers::default());
    }
}

#[test]
fn a_comparison_of_secrets_costs_no_more_than_it_did() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let secret = "Café".as_bytes();
    take_powers();
    let start = SmpAction::Start {
        secret,
        question: None,
    };
    alice.act(|conversation, env| conversation.smp(env, Recipient::Best, start).unwrap());
    deliver(&mut alice, &mut bob);
    let answer = SmpAction::Answer { secret };
    bob.act(|conversation, env| conversation.smp(env, Recipient::Best, answer).unwrap());
    deliver(&mut alice, &mut bob);
    // Ten of them are of the four messages, of which the first makes a key and the others turn the keys.
    let expected = Powers {
        of_two: 22 + 4,
        of_any: 16 + 6,
        products: 6,
        pairs: 4,
    };
    assert_eq!(take_powers(), expected);
}
