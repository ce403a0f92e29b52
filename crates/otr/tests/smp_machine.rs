//! The Socialist Millionaires' Protocol as its users see it: two state machines that exchange TLVs, and a third
//! person who changes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod smp_people;

use otr::secret::Secret;
use otr::smp::{NotAsked, Outcome, Progress};
use otr::wire::tlv::{self, Tlv};
use smp_people::{Person, abort, alice_after, asked, bob_after, messages, up_to};

/// A whole run; gives what Bob and Alice learned.
fn compare(alice: &mut Person, alice_knows: u8, bob: &mut Person, bob_knows: u8) -> (bool, bool) {
    let smp1 = alice.ask(alice_knows);
    assert_eq!(bob.receive(&smp1), asked());
    let smp2 = bob.answer(bob_knows).unwrap();
    let smp3 = alice.reply(&smp2);
    let Outcome::Done {
        matched: bob_learned,
        reply: Some(smp4),
    } = bob.receive(&smp3)
    else {
        panic!("Bob is not done")
    };
    let Outcome::Done {
        matched: alice_learned,
        reply: None,
    } = alice.receive(&smp4)
    else {
        panic!("Alice is not done")
    };
    (bob_learned, alice_learned)
}

#[test]
fn equal_secrets_match_and_unequal_ones_do_not() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    assert_eq!(compare(&mut alice, 7, &mut bob, 7), (true, true));
    assert_eq!(compare(&mut alice, 7, &mut bob, 8), (false, false));
    // With the roles exchanged, and over the same machines.
    assert_eq!(compare(&mut bob, 9, &mut alice, 9), (true, true));
    assert_eq!(compare(&mut bob, 0xff, &mut alice, 0), (false, false));
    assert_eq!(alice.smp.progress(), Progress::Idle);
    assert_eq!(bob.smp.progress(), Progress::Idle);
}

/// A single bit makes another secret, wherever it is.
#[test]
fn secrets_are_compared_to_the_last_bit() {
    for changed in [0, 31] {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let smp1 = alice.ask(7);
        bob.receive(&smp1);
        let almost = Secret::fill_with(|bytes| {
            bytes.fill(7);
            bytes[changed] ^= if changed == 0 { 0x80 } else { 1 };
        });
        let smp2 = bob.smp.answer(&almost, &mut bob.rng).unwrap();
        let smp3 = alice.reply(&smp2);
        assert!(matches!(bob.receive(&smp3), Outcome::Done { matched: false, .. }));
    }
}

#[test]
fn progress_names_whose_turn_it_is() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let smp1 = alice.ask(7);
    assert_eq!(
        (alice.smp.progress(), bob.smp.progress()),
        (Progress::WaitingForPeer, Progress::Idle)
    );
    bob.receive(&smp1);
    assert_eq!(bob.smp.progress(), Progress::WaitingForOurSecret);
    let smp2 = bob.answer(7).unwrap();
    assert_eq!(bob.smp.progress(), Progress::WaitingForPeer);
    let smp3 = alice.reply(&smp2);
    assert_eq!(alice.smp.progress(), Progress::WaitingForPeer);
    bob.receive(&smp3);
    assert_eq!(
        (alice.smp.progress(), bob.smp.progress()),
        (Progress::WaitingForPeer, Progress::Idle)
    );
}

#[test]
fn questions_travel_with_the_first_message() {
    let long = vec![b'?'; 2000];
    let questions: [&[u8]; 4] = [
        b"Where did we meet?",
        b"",
        "Wo war's? \u{1f642}\n\x1b[2J".as_bytes(),
        &long,
    ];
    for question in questions {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let [smp1q] = alice.start(7, Some(question)).try_into().unwrap();
        assert_eq!(smp1q.kind(), tlv::SMP1Q);
        assert_eq!(
            bob.receive(&smp1q),
            Outcome::Asked {
                question: Some(question.into())
            }
        );
        let smp2 = bob.answer(7).unwrap();
        let smp3 = alice.reply(&smp2);
        assert!(matches!(bob.receive(&smp3), Outcome::Done { matched: true, .. }));
    }
}

/// S-34: a NUL ends the question, and one that is too long for a TLV is cut; neither breaks the message.
#[test]
fn questions_that_cannot_be_sent_whole_are_cut() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let [smp1q] = alice.start(7, Some(b"before\0after")).try_into().unwrap();
    assert_eq!(
        bob.receive(&smp1q),
        Outcome::Asked {
            question: Some("before".into())
        }
    );

    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let [smp1q] = alice.start(7, Some(&vec![b'x'; 70_000])).try_into().unwrap();
    let Outcome::Asked {
        question: Some(question),
    } = bob.receive(&smp1q)
    else {
        panic!("not asked")
    };
    assert!(question.len() > 60_000 && question.iter().all(|&byte| byte == b'x'));
}

#[test]
fn a_question_without_an_end_is_refused() {
    let (mut bob, smp1) = (Person::new(2), Person::new(1).ask(7));
    let endless = Tlv::new(tlv::SMP1Q, b"no NUL in here".to_vec()).unwrap();
    assert_eq!(bob.receive(&endless), Outcome::Cheated(abort()));
    // The first zero byte of a bare first message ends a "question" and leaves no message.
    let bare = Tlv::new(tlv::SMP1Q, smp1.value().to_vec()).unwrap();
    assert_eq!(bob.receive(&bare), Outcome::Cheated(abort()));
    assert_eq!(
        bob.receive(&Tlv::new(tlv::SMP1Q, vec![0]).unwrap()),
        Outcome::Cheated(abort())
    );
    assert_eq!(
        bob.receive(&Tlv::new(tlv::SMP1Q, vec![]).unwrap()),
        Outcome::Cheated(abort())
    );
}

#[test]
fn only_who_was_asked_can_answer() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    assert_eq!(bob.answer(7), Err(NotAsked));
    let smp1 = alice.ask(7);
    assert_eq!(alice.answer(7), Err(NotAsked));
    assert_eq!(alice.smp.progress(), Progress::WaitingForPeer);
    bob.receive(&smp1);
    let smp2 = bob.answer(7).unwrap();
    assert_eq!(bob.answer(7), Err(NotAsked));
    // The useless calls took nothing away.
    let smp3 = alice.reply(&smp2);
    assert!(matches!(bob.receive(&smp3), Outcome::Done { matched: true, .. }));
    assert_eq!(bob.answer(7), Err(NotAsked));
}

/// Either side gives up after each message; the other learns it once, and the next run works.
#[test]
fn an_abort_at_any_step_leads_back_to_idle() {
    for step in 1..=4 {
        for alice_aborts in [true, false] {
            let (mut alice, mut bob, message) = up_to(step);
            if step == 1 {
                bob.receive(&message);
            }
            let running = |person: &Person| person.smp.progress() != Progress::Idle;
            let (quitter, other) = if alice_aborts {
                (&mut alice, &mut bob)
            } else {
                (&mut bob, &mut alice)
            };
            let tlv = quitter.smp.abort();
            assert_eq!(tlv, abort());
            let expected = if running(other) {
                Outcome::AbortedByPeer
            } else {
                Outcome::Ignored
            };
            assert_eq!(other.receive(&tlv), expected, "step {step}");
            assert!(!running(quitter) && !running(other));
            assert_eq!(other.receive(&tlv), Outcome::Ignored);
            // The message that was under way comes too late, and opens nothing.
            if step > 1 {
                let late = if step % 2 == 0 { &mut alice } else { &mut bob };
                assert_eq!(late.receive(&message), Outcome::OutOfOrder(abort()));
            }
            assert_eq!(compare(&mut bob, 3, &mut alice, 3), (true, true));
        }
    }
}

#[test]
fn a_reset_forgets_everything_silently() {
    for step in 1..=4 {
        let (mut alice, mut bob, message) = up_to(step);
        alice.smp.reset();
        bob.smp.reset();
        assert_eq!(
            (alice.smp.progress(), bob.smp.progress()),
            (Progress::Idle, Progress::Idle)
        );
        if step > 1 {
            assert_eq!(alice.receive(&message), Outcome::OutOfOrder(abort()));
            assert_eq!(bob.receive(&message), Outcome::OutOfOrder(abort()));
        }
        assert_eq!(bob.answer(7), Err(NotAsked));
    }
}

/// Starting over in any state aborts what was going on first, and the new run counts.
#[test]
fn a_restart_aborts_the_run_before() {
    for step in 1..=4 {
        let (mut alice, mut bob, message) = up_to(step);
        if step == 1 {
            bob.receive(&message);
        }
        let bob_runs = bob.smp.progress() != Progress::Idle;
        let [first, smp1] = alice.start(9, None).try_into().unwrap();
        assert_eq!(first, abort());
        assert_eq!(
            bob.receive(&first),
            if bob_runs {
                Outcome::AbortedByPeer
            } else {
                Outcome::Ignored
            }
        );
        assert_eq!(bob.receive(&smp1), asked());
        let smp2 = bob.answer(9).unwrap();
        let smp3 = alice.reply(&smp2);
        assert!(matches!(bob.receive(&smp3), Outcome::Done { matched: true, .. }));
    }
    // Bob, who was asked, asks instead.
    let (mut alice, mut bob, smp1) = up_to(1);
    bob.receive(&smp1);
    let [first, smp1] = bob.start(9, None).try_into().unwrap();
    assert_eq!(alice.receive(&first), Outcome::AbortedByPeer);
    assert_eq!(alice.receive(&smp1), asked());
}

/// Two first messages that cross: both sides give up, and nobody hangs.
#[test]
fn both_starting_at_once_aborts_both() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let (from_alice, from_bob) = (alice.ask(7), bob.ask(7));
    let Outcome::OutOfOrder(bobs_abort) = bob.receive(&from_alice) else {
        panic!("out of order")
    };
    let Outcome::OutOfOrder(alices_abort) = alice.receive(&from_bob) else {
        panic!("out of order")
    };
    assert_eq!(alice.receive(&bobs_abort), Outcome::Ignored);
    assert_eq!(bob.receive(&alices_abort), Outcome::Ignored);
    assert_eq!(compare(&mut alice, 7, &mut bob, 7), (true, true));
}

/// Every state and every type: one is expected, the others end the run. The table is the specification's.
#[test]
fn messages_out_of_order_end_the_run() {
    use tlv::{SMP_ABORT, SMP1, SMP1Q, SMP2, SMP3, SMP4};
    let person = |state: &str| match state {
        "expect 1" => Person::new(9),
        "asked" => {
            let mut bob = bob_after(1);
            bob.receive(&messages()[0]);
            bob
        }
        "expect 2" => alice_after(1),
        "expect 3" => bob_after(2),
        "expect 4" => alice_after(3),
        _ => panic!("no such state"),
    };
    let expected: [(&str, &[u16]); 5] = [
        ("expect 1", &[SMP1, SMP1Q]),
        ("asked", &[]),
        ("expect 2", &[SMP2]),
        ("expect 3", &[SMP3]),
        ("expect 4", &[SMP4]),
    ];
    let messages = messages();
    let with_question = [b"why?\0", messages[0].value()].concat();
    for (state, welcome) in expected {
        for kind in [SMP1, SMP1Q, SMP2, SMP3, SMP4] {
            let value = if kind == SMP1Q {
                with_question.as_slice()
            } else {
                messages
                    .iter()
                    .find(|message| message.kind() == kind)
                    .unwrap()
                    .value()
            };
            let mut person = person(state);
            let outcome = person.smp.receive(kind, value, &mut person.rng);
            if welcome.contains(&kind) {
                assert!(
                    matches!(
                        outcome,
                        Outcome::Asked { .. } | Outcome::Reply(_) | Outcome::Done { .. }
                    ),
                    "{kind} in {state}: {outcome:?}"
                );
            } else {
                assert_eq!(outcome, Outcome::OutOfOrder(abort()), "{kind} in {state}");
                assert_eq!(person.smp.progress(), Progress::Idle);
            }
        }
        let mut stopped = person(state);
        let outcome = stopped.smp.receive(SMP_ABORT, &[], &mut stopped.rng);
        assert_eq!(
            outcome,
            if state == "expect 1" {
                Outcome::Ignored
            } else {
                Outcome::AbortedByPeer
            },
            "{state}"
        );
        assert_eq!(stopped.smp.progress(), Progress::Idle);

        // TLVs of other kinds are not ours to judge and change nothing.
        let mut left_alone = person(state);
        let before = left_alone.smp.progress();
        for kind in [0, 1, 8, 9, 0x100, u16::MAX] {
            assert_eq!(
                left_alone.smp.receive(kind, b"anything", &mut left_alone.rng),
                Outcome::Ignored
            );
        }
        assert_eq!(left_alone.smp.progress(), before);
    }
}

/// The same message once more is never the next one.
#[test]
fn repeated_messages_end_the_run() {
    let (mut alice, mut bob, smp1) = up_to(1);
    assert_eq!(bob.receive(&smp1), asked());
    assert_eq!(bob.receive(&smp1), Outcome::OutOfOrder(abort()));
    assert_eq!(bob.answer(7), Err(NotAsked));

    bob.receive(&smp1);
    let smp2 = bob.answer(7).unwrap();
    alice.reply(&smp2);
    assert_eq!(alice.receive(&smp2), Outcome::OutOfOrder(abort()));

    let (_, mut bob, smp3) = up_to(3);
    assert!(matches!(bob.receive(&smp3), Outcome::Done { .. }));
    assert_eq!(bob.receive(&smp3), Outcome::OutOfOrder(abort()));

    let (mut alice, _, smp4) = up_to(4);
    assert_eq!(
        alice.receive(&smp4),
        Outcome::Done {
            matched: true,
            reply: None
        }
    );
    assert_eq!(alice.receive(&smp4), Outcome::OutOfOrder(abort()));
}

#[test]
fn debug_shows_the_state_and_no_secret() {
    let (mut alice, mut bob, smp1) = up_to(1);
    assert_eq!(format!("{:?}", bob.smp), "Smp(Expect1)");
    bob.receive(&smp1);
    assert_eq!(format!("{:#?}", alice.smp), "Smp(Expect2)");
    assert_eq!(format!("{:#?}", bob.smp), "Smp(Asked)");
    let smp2 = bob.answer(7).unwrap();
    assert_eq!(format!("{:?}", bob.smp), "Smp(Expect3)");
    alice.reply(&smp2);
    assert_eq!(format!("{:?}", alice.smp), "Smp(Expect4)");
}
