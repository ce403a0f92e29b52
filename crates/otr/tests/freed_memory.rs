//! Searches the memory of this process, freed memory included, for secrets after their owners are gone.
//!
//! A program of its own without threads, so that everything but the stack is known to be the heap's. Linux only: that
//! shows a process its own memory as a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use otr::{Env, Event, Output, Recipient, SmpAction, SmpEvent};
use zeroize::Zeroize;

use crate::common::{Person, deliver, private_pair};

fn main() {
    if !Path::new("/proc/self/mem").exists() {
        println!("no such file here: nothing was searched");
        return;
    }
    what_is_freed_without_care_is_found();
    received_text_is_gone();
    questions_and_compared_secrets_are_gone(&[3], 17);
    questions_and_compared_secrets_are_gone(&[4], 25);
    keys_are_gone();
    all_keys_of_a_conversation_of_version_4_are_gone();
    println!("test result: ok. no secret in freed memory");
}

/// A secret to search for, kept in a form in which the search does not find it here.
struct Wanted {
    what: &'static str,
    veiled: Vec<u8>,
    /// Made beforehand: what the search allocated would take the place of what was freed.
    maps: Vec<u8>,
    ranges: Vec<(usize, usize)>,
    part: Vec<u8>,
}

const VEIL: u8 = 0xa5;

impl Wanted {
    /// The middle of it: an allocator writes to the beginning of what was freed.
    fn middle_of(what: &'static str, secret: &[u8]) -> Self {
        let (from, to) = (secret.len() / 3, secret.len() - secret.len() / 6);
        Self {
            what,
            veiled: secret[from..to].iter().map(|byte| byte ^ VEIL).collect(),
            maps: Vec::with_capacity(1 << 18),
            ranges: Vec::with_capacity(4096),
            part: vec![0; 1 << 20],
        }
    }

    /// In how many places of the heap it stands.
    fn places(&mut self) -> usize {
        self.read_maps();
        let mut memory = File::open("/proc/self/mem").unwrap();
        let own = self.part.as_ptr() as usize;
        let own = own..own + self.part.len();
        let mut found = 0;
        for &(start, end) in &self.ranges {
            let mut at = start;
            // The parts overlap, so that nothing hides between two.
            while at + self.veiled.len() <= end {
                let part = &mut self.part[..(1 << 20).min(end - at)];
                memory.seek(SeekFrom::Start(at as u64)).unwrap();
                if memory.read_exact(part).is_err() {
                    break;
                }
                found += part
                    .windows(self.veiled.len())
                    .enumerate()
                    .filter(|(offset, _)| !own.contains(&(at + offset)))
                    .filter(|(_, window)| {
                        let mut pairs = window.iter().zip(&self.veiled);
                        pairs.all(|(byte, veiled)| byte ^ VEIL == *veiled)
                    })
                    .count();
                at += part.len() - self.veiled.len() + 1;
            }
        }
        self.part.zeroize();
        self.part.resize(1 << 20, 0);
        found
    }

    /// What can be written and is neither the stack nor the kernel's.
    fn read_maps(&mut self) {
        self.maps.clear();
        let mut file = File::open("/proc/self/maps").unwrap();
        self.maps.resize(1 << 18, 0);
        let mut length = 0;
        while let Ok(read @ 1..) = file.read(&mut self.maps[length..]) {
            length += read;
        }
        assert!(length < 1 << 18, "all of it was read");
        self.ranges.clear();
        for line in std::str::from_utf8(&self.maps[..length]).unwrap().lines() {
            let mut fields = line.split_whitespace();
            let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
            let name = fields.nth(3).unwrap_or_default();
            if rights.starts_with("rw") && (name == "[heap]" || !name.starts_with('[')) {
                let (start, end) = range.split_once('-').unwrap();
                let address = |digits| usize::from_str_radix(digits, 16).unwrap();
                self.ranges.push((address(start), address(end)));
            }
        }
    }

    fn must_be_gone(&mut self) {
        assert_eq!(self.places(), 0, "{} is still there", self.what);
    }
}

/// Words that are nowhere in the program: made when they are needed.
fn words(seed: u8) -> Vec<u8> {
    (0..120u8)
        .map(|at| b'a' + at.wrapping_mul(seed).wrapping_add(seed ^ at) % 26)
        .collect()
}

fn what_is_freed_without_care_is_found() {
    let mut secret = words(3);
    let mut wanted = Wanted::middle_of("a plain vector", &secret);
    assert_eq!(wanted.places(), 1, "it is found while it is there");
    drop(std::hint::black_box(secret.clone()));
    secret.zeroize();
    assert_eq!(wanted.places(), 1, "and when it was freed");
}

/// Sends, and gives back what the other side was told.
fn carry(from: &mut Person, to: &mut Person, text: &[u8]) -> Vec<Event> {
    from.try_send(Recipient::Best, text).unwrap();
    deliver(from, to);
    to.take_events()
}

fn received_text_is_gone() {
    for numbers in [&[1][..], &[2], &[3], &[4]] {
        let (mut alice, mut bob) = private_pair(numbers);
        let mut secret = words(5);
        let mut wanted = Wanted::middle_of("a private text", &secret);
        let told = carry(&mut alice, &mut bob, &secret);
        secret.zeroize();
        assert!(matches!(&told[..], [Event::Text { .. }]));
        assert_eq!(wanted.places(), 1, "{numbers:?}: in the event, and nowhere else");
        drop(told);
        wanted.must_be_gone();
    }
}

fn questions_and_compared_secrets_are_gone(numbers: &[u16], seed: u8) {
    let (mut alice, mut bob) = private_pair(numbers);
    let (mut question, mut secret) = (words(seed), words(seed + 4));
    let mut wanted = [
        Wanted::middle_of("a question", &question),
        Wanted::middle_of("a compared secret", &secret),
    ];
    let start = SmpAction::Start {
        secret: &secret,
        question: Some(&question),
    };
    alice.act(|conversation, env| conversation.smp(env, Recipient::Best, start).unwrap());
    deliver(&mut alice, &mut bob);
    let answer = SmpAction::Answer { secret: &secret };
    bob.act(|conversation, env| conversation.smp(env, Recipient::Best, answer).unwrap());
    deliver(&mut alice, &mut bob);
    let succeeded = |event: &Event| {
        matches!(
            event,
            Event::Smp {
                event: SmpEvent::Succeeded,
                ..
            }
        )
    };
    assert!(alice.take_events().iter().any(succeeded) && bob.take_events().iter().any(succeeded));
    question.zeroize();
    secret.zeroize();
    wanted.iter_mut().for_each(Wanted::must_be_gone);
}

fn keys_are_gone() {
    let (mut alice, bob) = private_pair(&[3]);
    let mut x = Wanted::middle_of("the long-term key", alice.account.key().x().as_slice());
    let mut env = Env {
        account: &alice.account,
        rng: &mut alice.rng,
        now: alice.now,
    };
    let used = alice
        .conversation
        .use_extra_key(&mut env, Recipient::Best, 1, b"");
    let (sent, extra) = used.unwrap();
    assert!(matches!(sent[..], [Output::Send(_)]));
    let mut wanted = Wanted::middle_of("the extra key", extra.expose());
    assert!(
        x.places() > 0 && wanted.places() > 0,
        "they are found while they are there"
    );
    drop(extra);
    drop((alice, bob));
    wanted.must_be_gone();
    // The keys of these tests are kept to be used again: what is left of this one is that copy.
    assert_eq!(x.places(), 1, "{}", x.what);
}

/// Every key that decides what a conversation of version 4 does next, in both its sides: root, brace, chains, those kept for
/// late messages, and the secret numbers of Diffie-Hellman. Scalars of the curve are kept in a form that cannot be searched.
fn all_keys_of_a_conversation_of_version_4_are_gone() {
    let (mut alice, mut bob) = private_pair(&[4]);
    let whole = carry(&mut alice, &mut bob, b"one");
    drop((whole, carry(&mut bob, &mut alice, b"two")));
    // One that does not arrive, so that its keys are kept.
    alice.try_send(Recipient::Best, b"lost").unwrap();
    alice.take_outgoing();
    drop(carry(&mut alice, &mut bob, b"three"));
    let mut wanted = Vec::new();
    for person in [&alice, &bob] {
        let mut state = otr::hazmat::state(&person.conversation);
        for field in fields(&state).filter(|field| [32, 64, 80].contains(&field.len())) {
            wanted.push(Wanted::middle_of("a key of version 4", field));
        }
        state.zeroize();
    }
    assert!(wanted.len() >= 10, "{}", wanted.len());
    let found = wanted.iter_mut().map(Wanted::places).filter(|places| *places > 0);
    assert!(found.count() >= 10, "they are found while they are there");
    drop((alice, bob));
    wanted.iter_mut().for_each(Wanted::must_be_gone);
}

/// The fields of a state: each with its length before it.
fn fields(mut state: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = state.split_first_chunk::<8>()?;
        let (field, rest) = rest.split_at(usize::try_from(u64::from_be_bytes(*length)).unwrap());
        state = rest;
        Some(field)
    })
}
