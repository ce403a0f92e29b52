//! The socialist millionaires' protocol inside a conversation.

use otr::{Event, PrivateError, Recipient, SmpAction, SmpEvent};

use crate::common::{Person, deliver, private_pair};

fn begin(person: &mut Person, secret: &str, question: Option<&str>) {
    person.act(|conversation, env| {
        let question = question.map(str::as_bytes);
        let action = SmpAction::Start {
            secret: secret.as_bytes(),
            question,
        };
        conversation.smp(env, Recipient::Best, action).unwrap()
    });
}

fn answer(person: &mut Person, secret: &str) {
    person.act(|conversation, env| {
        let action = SmpAction::Answer {
            secret: secret.as_bytes(),
        };
        conversation.smp(env, Recipient::Best, action).unwrap()
    });
}

fn results(person: &mut Person) -> Vec<SmpEvent> {
    let events = person.take_events().into_iter();
    events
        .filter_map(|event| {
            if let Event::Smp { event, .. } = event {
                Some(event)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn equal_and_unequal_secrets_in_both_roles() {
    for numbers in [&[2][..], &[3]] {
        for question in [None, Some("Where did we meet?")] {
            for (left, right, matched) in [("Café", "Café", true), ("Café", "cafe", false), ("", "", true)]
            {
                let (mut alice, mut bob) = private_pair(numbers);
                begin(&mut alice, left, question);
                deliver(&mut alice, &mut bob);
                let asked = SmpEvent::Asked {
                    question: question.map(otr::Text::from),
                };
                assert_eq!(results(&mut bob), [asked]);
                answer(&mut bob, right);
                deliver(&mut alice, &mut bob);
                let result = if matched {
                    SmpEvent::Succeeded
                } else {
                    SmpEvent::Failed
                };
                assert_eq!(
                    results(&mut alice),
                    std::slice::from_ref(&result),
                    "{left} {right}"
                );
                assert_eq!(results(&mut bob), [result], "{left} {right}");
            }
        }
    }
}

#[test]
fn either_side_may_give_up_at_any_time() {
    for steps in 0..4 {
        let (mut alice, mut bob) = private_pair(&[3]);
        begin(&mut alice, "x", None);
        if steps > 0 {
            deliver(&mut alice, &mut bob);
        }
        if steps > 1 {
            answer(&mut bob, "x");
        }
        if steps > 2 {
            alice.receive(&bob.only_message());
        }
        bob.act(|conversation, env| conversation.smp(env, Recipient::Best, SmpAction::Abort).unwrap());
        deliver(&mut alice, &mut bob);
        assert!(!results(&mut alice).contains(&SmpEvent::Succeeded));
        results(&mut bob);
        assert!(alice.is_private() && bob.is_private());
        begin(&mut bob, "y", None);
        deliver(&mut alice, &mut bob);
        answer(&mut alice, "y");
        deliver(&mut alice, &mut bob);
        assert!(
            results(&mut alice).contains(&SmpEvent::Succeeded),
            "after giving up at {steps}"
        );
        assert!(results(&mut bob).contains(&SmpEvent::Succeeded));
    }
}

#[test]
fn both_may_begin_at_once() {
    let (mut alice, mut bob) = private_pair(&[3]);
    begin(&mut alice, "x", None);
    begin(&mut bob, "x", None);
    deliver(&mut alice, &mut bob);
    results(&mut alice);
    results(&mut bob);
    begin(&mut alice, "x", None);
    deliver(&mut alice, &mut bob);
    answer(&mut bob, "x");
    deliver(&mut alice, &mut bob);
    assert!(results(&mut alice).contains(&SmpEvent::Succeeded));
}

#[test]
fn s32_a_relay_between_two_conversations_fails_with_the_right_secret() {
    // Mallory sits between Alice and Bob, with a private conversation of her own with each, and passes the
    // records of the protocol on. Both victims use the same secret.
    let (mut alice, mut to_alice) = private_pair(&[3]);
    let mut to_bob = Person::new("mallory", 2, 0x41, crate::common::open_policy(&[3]));
    let mut bob = Person::new("bob", 1, 0x42, crate::common::open_policy(&[3]));
    to_bob.start();
    deliver(&mut to_bob, &mut bob);
    bob.take_events();
    // The relay cannot use its own library for it: what it needs is one secret on both links.
    begin(&mut alice, "same secret", None);
    deliver(&mut alice, &mut to_alice);
    results(&mut to_alice);
    begin(&mut to_bob, "same secret", None);
    deliver(&mut to_bob, &mut bob);
    answer(&mut bob, "same secret");
    deliver(&mut to_bob, &mut bob);
    // On each link the keys are those of the relay: were the secret all that is compared, a guess of the
    // relay would do; so the fingerprints and the session id are in it too. A record of one link put into
    // the other is refused.
    answer(&mut to_alice, "not the secret");
    deliver(&mut alice, &mut to_alice);
    assert_eq!(results(&mut alice), [SmpEvent::Failed]);
}

#[test]
fn the_result_names_the_key_it_is_about() {
    let (mut alice, mut bob) = private_pair(&[3]);
    begin(&mut alice, "x", None);
    deliver(&mut alice, &mut bob);
    answer(&mut bob, "x");
    deliver(&mut alice, &mut bob);
    let told = alice.take_events();
    let [
        Event::Smp {
            fingerprint,
            event: SmpEvent::Succeeded,
            ..
        },
    ] = told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(fingerprint, bob.account.fingerprint());
}

#[test]
fn a_new_key_exchange_ends_the_run() {
    let (mut alice, mut bob) = private_pair(&[3]);
    begin(&mut alice, "x", None);
    deliver(&mut alice, &mut bob);
    results(&mut bob);
    alice.start();
    deliver(&mut alice, &mut bob);
    assert_eq!(results(&mut bob), [SmpEvent::Aborted { told: false }]);
    bob.act(|conversation, env| {
        let late = conversation.smp(env, Recipient::Best, SmpAction::Answer { secret: b"x" });
        assert_eq!(late.unwrap_err(), PrivateError::NotAsked);
        Vec::new()
    });
}

#[test]
fn s34_who_gives_up_knowing_the_result_has_made_a_guess() {
    for aborts in [false, true] {
        let (mut alice, mut bob) = private_pair(&[3]);
        begin(&mut alice, "x", None);
        deliver(&mut alice, &mut bob);
        answer(&mut bob, "guess");
        for message in bob.take_outgoing() {
            alice.receive(&message);
        }
        // With the third message, Bob can tell. Instead of the fourth he sends whatever ends the run.
        let session = alice.conversation.sessions().next().unwrap();
        assert!(session.smp_has_told());
        alice.take_outgoing();
        if aborts {
            bob.act(|conversation, env| conversation.smp(env, Recipient::Best, SmpAction::Abort).unwrap());
        } else {
            bob.start();
        }
        deliver(&mut alice, &mut bob);
        assert_eq!(results(&mut alice), [SmpEvent::Aborted { told: true }]);
    }
}

#[test]
fn not_without_privacy_and_not_in_version_one() {
    let refused = |person: &mut Person| {
        let mut reason = None;
        person.act(|conversation, env| {
            let action = SmpAction::Start {
                secret: b"x",
                question: None,
            };
            reason = conversation.smp(env, Recipient::Best, action).err();
            Vec::new()
        });
        reason
    };
    assert_eq!(refused(&mut Person::alice(&[3])), Some(PrivateError::NotPrivate));
    assert_eq!(
        refused(&mut private_pair(&[1]).0),
        Some(PrivateError::NotInThisVersion)
    );
    let (mut alice, _) = private_pair(&[3]);
    alice.act(|conversation, env| {
        for (question, reason) in [
            (vec![b'q'; 600], PrivateError::TooLong),
            (b"a\0b".to_vec(), PrivateError::ContainsNul),
        ] {
            let action = SmpAction::Start {
                secret: b"x",
                question: Some(&question),
            };
            assert_eq!(
                conversation.smp(env, Recipient::Best, action).unwrap_err(),
                reason
            );
        }
        Vec::new()
    });
}
