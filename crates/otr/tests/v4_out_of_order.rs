//! Messages in any order, with losses and copies: all that arrive are read, each once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;

use chacha20::ChaCha20Rng;
use otr::Reject;
use otr::hazmat::channel_state;
use rand_core::{Rng, SeedableRng};
use v4_people::{Letter, Person, below, people, shuffle, to_and_fro};

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// A copy of what was read is refused without a trace.
fn assert_copy_refused(person: &mut Person, letter: &Letter) {
    let before = channel_state(&person.channel);
    assert!(person.open(letter).is_err(), "read twice: {letter:?}");
    assert!(before == channel_state(&person.channel), "the copy left a trace");
}

#[test]
fn a_thousand_messages_of_one_ratchet_in_any_order_are_all_read() {
    for seed in 0..4 {
        let [mut alice, mut bob] = people(seed);
        let mut letters: Vec<_> = (0..1000)
            .map(|number| (number.to_string(), alice.say(&number.to_string())))
            .collect();
        match seed {
            0 => letters.reverse(),
            _ => shuffle(&mut letters, &mut rng(seed)),
        }
        for (text, letter) in &letters {
            assert_eq!(bob.read(letter), Ok(text.clone()));
        }
        assert_eq!(bob.channel.awaited(), 0);
        for (_, letter) in letters.iter().step_by(37) {
            bob.assert_refused(letter, Reject::Replayed);
        }
    }
}

#[test]
fn a_thousand_messages_of_many_ratchets_in_any_order_are_all_read() {
    for seed in 10..13 {
        let mut both = people(seed);
        let mut rng = rng(seed);
        let mut held = Vec::new();
        for turn in 0..50 {
            // One message of each turn arrives and turns the ratchet on; the rest stays under way.
            let (from, to) = (turn % 2, 1 - turn % 2);
            let mut letters: Vec<_> = (0..20)
                .map(|number| {
                    let text = format!("{turn}.{number}");
                    let letter = both[from].say(&text);
                    (to, text, letter)
                })
                .collect();
            let (_, text, letter) = letters.swap_remove(below(&mut rng, 20));
            assert_eq!(both[to].read(&letter), Ok(text));
            held.extend(letters);
        }
        shuffle(&mut held, &mut rng);
        assert_eq!(held.len(), 950);
        for (to, text, letter) in &held {
            assert_eq!(both[*to].read(letter), Ok(text.clone()), "{text}");
        }
        for (to, _, letter) in held.iter().step_by(37) {
            assert_copy_refused(&mut both[*to], letter);
        }
        // And the conversation goes on.
        to_and_fro(&mut both, 4);
    }
}

#[test]
fn whatever_is_lost_the_rest_is_read() {
    let mut rng = rng(20);
    for percent in [1, 10, 50, 90, 99] {
        let mut both = people(20);
        for turn in 0..12 {
            let (from, to) = (turn % 2, 1 - turn % 2);
            let mut arrived = 0;
            for number in 0..40 {
                let text = format!("{turn}.{number}");
                let letter = both[from].say(&text);
                // Of each turn at least the last arrives, so that somebody has a reason to answer.
                if below(&mut rng, 100) >= percent || (number == 39 && arrived == 0) {
                    assert_eq!(both[to].read(&letter), Ok(text));
                    arrived += 1;
                }
            }
        }
    }
}

/// Two people talk, and the network does what it wants.
fn random_schedule(seed: u8, round: u8) {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    rng.set_stream(u64::from(round));
    let mut both = people(seed ^ round.rotate_left(4));
    let mut under_way: Vec<(usize, String, Letter)> = Vec::new();
    let mut read: Vec<(usize, Letter)> = Vec::new();
    for step in 0..60 {
        match below(&mut rng, 10) {
            0..4 => {
                let from = below(&mut rng, 2);
                for number in 0..=below(&mut rng, 3) {
                    let text = format!("{step}.{number}");
                    let letter = both[from].say(&text);
                    under_way.push((1 - from, text, letter));
                }
            }
            4..8 if !under_way.is_empty() => {
                // Mostly the oldest, as networks do.
                let place = match rng.next_u32() % 3 {
                    0 => below(&mut rng, under_way.len()),
                    _ => 0,
                };
                let (to, text, letter) = under_way.remove(place);
                assert_eq!(both[to].read(&letter), Ok(text));
                read.push((to, letter));
            }
            8 if !under_way.is_empty() => drop(under_way.swap_remove(below(&mut rng, under_way.len()))),
            9 if !read.is_empty() => {
                let place = below(&mut rng, read.len());
                let (to, letter) = &read[place];
                assert_copy_refused(&mut both[*to], letter);
            }
            _ => {}
        }
    }
    for (to, text, letter) in under_way {
        assert_eq!(both[to].read(&letter), Ok(text));
    }
    to_and_fro(&mut both, 4);
}

/// A hundred; as many as `CHATHAM_SCHEDULES` says by hand.
#[test]
fn random_schedules_with_reordering_loss_and_copies() {
    let wanted = std::env::var("CHATHAM_SCHEDULES")
        .ok()
        .and_then(|number| number.parse().ok());
    let pairs = (30..=u8::MAX).flat_map(|seed| (0..=u8::MAX).map(move |round| (seed, round)));
    for (seed, round) in pairs.take(wanted.unwrap_or(100)) {
        random_schedule(seed, round);
    }
}

#[test]
fn both_may_talk_at_once_from_the_start() {
    let [mut alice, mut bob] = people(60);
    // Both have a chain for sending at once, and both are called ratchet 0.
    let (a, b) = (alice.say("from alice"), bob.say("from bob"));
    assert_eq!((a.data.ratchet_id, b.data.ratchet_id), (0, 0));
    assert_ne!(a.data.ecdh, b.data.ecdh);
    let late = alice.say("late");
    assert_eq!(alice.read(&b), Ok("from bob".into()));
    let next = alice.say("next");
    assert_eq!((next.data.ratchet_id, next.data.previous_sent), (1, 2));
    assert!(next.data.dh.is_zero());
    assert_eq!(bob.read(&next), Ok("next".into()));
    assert_eq!(bob.read(&late), Ok("late".into()));
    assert_eq!(bob.read(&a), Ok("from alice".into()));
    assert_eq!(bob.channel.awaited(), 0);
}

#[test]
fn every_third_ratchet_has_a_dh_key_in_every_message() {
    let mut both = people(61);
    let mut seen = Vec::new();
    for turn in 0..12 {
        let (from, to) = (turn % 2, 1 - turn % 2);
        for number in 0..3 {
            let letter = both[from].say("x");
            assert_eq!(letter.data.message_id, number);
            assert_eq!(
                !letter.data.dh.is_zero(),
                letter.data.ratchet_id.is_multiple_of(3)
            );
            seen.push(letter.data.ratchet_id);
            both[to].read(&letter).unwrap();
        }
    }
    // Both first chains are called ratchet 0.
    seen.dedup();
    assert_eq!(seen, Vec::from_iter(0..=10));
}
