//! What becomes of conversations and texts when one side has lost its keys, its connection or its name (user needs N1, N4,
//! N10, N14).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod people;

use chatham::engine::notice::{Delivery, How, LineId, Standing, What};
use chatham::engine::trust::Trust;
use im::irc::{CaseMapping, Kind};
use otr::{Fingerprint, Policy, Timestamp};

use crate::people::{Someone, carry, meet, nick, private_pair};

/// A private message of Bob's that Alice, who has lost the keys, cannot read.
fn unreadable(bob: &mut Someone) -> Vec<Vec<u8>> {
    bob.say("alice", "to keys of yesterday");
    bob.outgoing.drain(..).map(|(_, text)| text).collect()
}

fn receive(someone: &mut Someone, texts: &[Vec<u8>]) {
    for text in texts {
        someone.receive(&nick("bob"), text, Kind::Person);
    }
}

/// Somebody as they are after a restart: the account and the keys are there, and nothing else.
fn restarted(before: &Someone, seed: u8, knows: &Someone, policy: Policy) -> Someone {
    let mut anew = Someone::with_policy(&before.nick.to_string(), seed, policy);
    anew.engine.learn(&knows.nick, knows.fingerprint(), Trust::Seen);
    anew.now = before.now;
    anew
}

/// Waits so long that a program which would ask for new keys has done so.
fn wait(someone: &mut Someone) {
    someone.now += 5_000;
    let effects = someone.engine.tick(Timestamp::from_millis(someone.now));
    someone.file(effects);
}

fn queries(of: &Someone) -> usize {
    let query = |text: &[u8]| text.starts_with(b"?OTRv") || text.starts_with(b"?OTR?");
    of.outgoing.iter().filter(|(_, text)| query(text)).count()
}

#[test]
fn a_text_to_somebody_who_has_lost_the_keys_is_read_without_anybody_doing_anything() {
    for heals in [Policy::opportunistic(), Policy::manual()] {
        // With the second policy Alice does not ask for anything by herself, as many programs do not.
        let mut alice = Someone::with_policy("alice", 1, heals);
        let mut bob = Someone::new("bob", 2);
        alice.act("bob", |engine, bob, now| engine.start(bob, now));
        bob.engine.learn(&nick("alice"), alice.fingerprint(), Trust::Seen);
        carry(&mut alice, &mut bob);
        alice.say("bob", "first");
        carry(&mut alice, &mut bob);
        bob.say("alice", "so it was read");
        carry(&mut alice, &mut bob);
        let mut bob = restarted(&bob, 2, &alice, Policy::opportunistic());
        alice.say("bob", "are you there?");
        let line = alice.last_line();
        carry(&mut alice, &mut bob);
        wait(&mut bob);
        carry(&mut alice, &mut bob);
        assert_eq!(bob.heard(), [("are you there?".into(), How::Unverified)]);
        assert!(
            alice.shows(|what| matches!(what, What::Sent { line: sent, again: true, .. } if *sent == line))
        );
    }
}

#[test]
fn unreadable_messages_without_number_ask_once_and_answer_each_other_never() {
    let (alice, mut bob) = private_pair();
    let mut alice = restarted(&alice, 1, &bob, Policy::opportunistic());
    let text = unreadable(&mut bob);
    for _ in 0..50 {
        receive(&mut alice, &text);
    }
    assert_eq!(queries(&alice), 0, "the other side is told, and may ask");
    wait(&mut alice);
    assert_eq!(queries(&alice), 1);
    bob.now = alice.now;
    carry(&mut alice, &mut bob);
    assert_eq!(alice.engine.standing(&nick("bob")), Standing::Unverified);
    receive(&mut alice, &text);
    wait(&mut alice);
    assert_eq!(queries(&alice), 0, "not within a minute");
    alice.now += 61_000;
    receive(&mut alice, &text);
    wait(&mut alice);
    assert_eq!(queries(&alice), 1);
}

#[test]
fn nobody_is_asked_whom_we_do_not_know_or_whom_we_have_left() {
    let (mut alice, mut bob) = private_pair();
    let text = unreadable(&mut bob);
    let mut forgetful = Someone::new("alice", 1);
    receive(&mut forgetful, &text);
    wait(&mut forgetful);
    assert!(forgetful.outgoing.is_empty(), "a stranger");

    bob.say("alice", "crosses the end");
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    alice.outgoing.clear();
    for (_, text) in std::mem::take(&mut bob.outgoing) {
        alice.receive(&nick("bob"), &text, Kind::Person);
    }
    wait(&mut alice);
    assert_eq!(queries(&alice), 0, "the person wanted it to end");

    let mut alice = restarted(&alice, 1, &bob, Policy::opportunistic());
    for text in &text {
        let mut old = people::said(&nick("bob"), text, Kind::Person);
        old.history = true;
        let effects = alice.engine.receive(&old, Timestamp::from_millis(alice.now));
        alice.file(effects);
    }
    wait(&mut alice);
    assert!(alice.outgoing.is_empty(), "a bouncer plays back");
    receive(&mut alice, &text);
    wait(&mut alice);
    assert_eq!(queries(&alice), 1, "and so it is when it is new");
}

/// Lets so many milliseconds go by.
fn pass(someone: &mut Someone, milliseconds: u64) {
    someone.now += milliseconds;
    let effects = someone.engine.tick(Timestamp::from_millis(someone.now));
    someone.file(effects);
}

#[test]
fn a_question_that_went_nowhere_is_asked_again_while_a_text_waits() {
    let mut bob = Someone::new("bob", 2);
    let mut alice = Someone::with_policy("alice", 1, Policy::always());
    alice.engine.learn(&nick("bob"), bob.fingerprint(), Trust::Seen);
    bob.engine.learn(&nick("alice"), alice.fingerprint(), Trust::Seen);
    alice.say("bob", "are you there?");
    assert_eq!(queries(&alice), 1);
    alice.outgoing.clear();
    pass(&mut alice, 59_000);
    assert_eq!(queries(&alice), 0, "they may be slow");
    pass(&mut alice, 2_000);
    assert_eq!(queries(&alice), 1);
    bob.now = alice.now;
    carry(&mut alice, &mut bob);
    assert_eq!(bob.heard(), [("are you there?".into(), How::Unverified)]);
    pass(&mut alice, 3_600_000);
    assert_eq!(queries(&alice), 0, "nothing waits");
}

#[test]
fn nobody_is_asked_for_ever_and_no_stranger_twice() {
    let mut alice = Someone::with_policy("alice", 1, Policy::always());
    let bob = Someone::new("bob", 2);
    alice.engine.learn(&nick("bob"), bob.fingerprint(), Trust::Seen);
    for name in ["bob", "stranger"] {
        alice.say(name, "hello?");
    }
    alice.outgoing.clear();
    (0..600).for_each(|_| pass(&mut alice, 10_000));
    assert!(alice.outgoing.iter().all(|(to, _)| *to == nick("bob")));
    assert_eq!(queries(&alice), 3);
    assert_eq!(alice.engine.next_deadline(), None);
}

#[test]
fn who_has_ended_the_conversation_is_not_asked_again() {
    let mut alice = Someone::with_policy("alice", 1, Policy::always());
    let bob = Someone::new("bob", 2);
    alice.engine.learn(&nick("bob"), bob.fingerprint(), Trust::Seen);
    alice.say("bob", "hello?");
    alice.act("bob", |engine, bob, now| engine.end(bob, now));
    alice.outgoing.clear();
    pass(&mut alice, 61_000);
    assert_eq!(queries(&alice), 0);
}

#[test]
fn what_went_to_a_name_that_nobody_has_is_not_called_sent() {
    let (mut alice, _bob) = private_pair();
    alice.say("bob", "hello?");
    let line = alice.last_line();
    alice.act("bob", |engine, bob, now| engine.absent(bob, now));
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
    let unknown = alice.engine.absent(&nick("nobody"), Timestamp::from_millis(1));
    assert!(unknown.is_empty());
}

#[test]
fn of_more_texts_than_are_kept_each_one_is_told() {
    let (mut alice, _bob) = private_pair();
    let mut lines: Vec<LineId> = Vec::new();
    for number in 0..100 {
        alice.say("bob", &number.to_string());
        lines.push(alice.last_line());
    }
    let lost = alice.engine.connection_lost(Timestamp::from_millis(alice.now));
    alice.file(lost);
    for line in lines {
        assert_eq!(alice.delivery(line), Some(Delivery::Lost), "{line:?}");
    }
}

#[test]
fn texts_that_wait_for_somebody_stay_when_another_takes_the_name() {
    let mut alice = Someone::new("alice", 1);
    let bobs = Fingerprint::from_bytes([7; 20]);
    alice.engine.learn(&nick("bob"), bobs, Trust::Compared);
    alice.say("bob", "for bob alone");
    let line = alice.last_line();
    assert_eq!(alice.delivery(line), Some(Delivery::Held));
    alice.outgoing.clear();
    let mut mallory = Someone::new("mallory", 66);
    meet(&mut alice, &mut mallory);
    let effects = alice.engine.renamed(&nick("mallory"), &nick("bob"));
    alice.file(effects);
    mallory.nick = nick("bob");
    alice.act("bob", |engine, bob, now| engine.start(bob, now));
    carry(&mut alice, &mut mallory);
    assert!(mallory.heard().is_empty());
    alice.act("bob", |engine, bob, now| engine.held(bob, now));
    let waits =
        |what: &What| matches!(what, What::Waiting(texts) if texts.len() == 1 && texts[0].line == line);
    assert!(alice.shows(waits), "{:?}", alice.shown);
}

#[test]
fn what_was_on_its_way_to_the_last_owner_of_a_name_is_told_as_lost() {
    let (mut alice, _bob) = private_pair();
    let mut carol = Someone::new("carol", 3);
    meet(&mut alice, &mut carol);
    alice.say("bob", "still there?");
    let line = alice.last_line();
    let effects = alice.engine.renamed(&nick("carol"), &nick("bob"));
    alice.file(effects);
    assert_eq!(alice.delivery(line), Some(Delivery::Lost));
}

#[test]
fn two_spellings_that_become_one_name_lose_nothing() {
    let mut alice = Someone::new("alice", 1);
    alice.engine.set_case_mapping(CaseMapping::Ascii);
    let key = Fingerprint::from_bytes([7; 20]);
    let mut held = 0;
    for name in ["a[b", "a{b"] {
        let name = alice.engine.fold(name.as_bytes());
        alice.engine.learn(&name, key, Trust::Compared);
        let words = chatham::engine::notice::Words::said("x");
        let effects = alice.engine.say(&name, words, Timestamp::from_millis(1));
        alice.file(effects);
        held += 1;
    }
    alice.engine.set_case_mapping(CaseMapping::Rfc1459);
    let waiting: usize = alice.engine.people().map(|person| person.waiting).sum();
    assert_eq!((alice.engine.correspondents(), waiting), (1, held));
}
