//! Every buffer is bounded (S-26, S-40, S-43), secrets are not printed.

use otr::wire::Message;
use otr::wire::header::InstanceTag;
use otr::{Env, Output, Recipient, SmpAction, Start, Version};

use crate::common::forge::change;
use crate::common::{Person, deliver, open_policy, private_pair};

#[test]
fn every_buffer_is_bounded() {
    let mut alice = Person::alice(&[2, 3]);
    let ours = alice.account.instance_tag().raw();
    let body = "x".repeat(60_000);
    let mut peak = 0;
    for round in 0..4_000u32 {
        let sender = 0x100 + round % 500;
        let message = match round % 4 {
            0 => format!("?OTR|{sender:x}|{ours:x},1,65535,{body},"),
            1 => format!("?OTR|{sender:x}|0,1,2,{body},"),
            2 => format!(
                "?OTR|{:x}|{ours:x},{},65535,{body},",
                0x100 + round % 2,
                round % 40 + 1
            ),
            _ => format!("?OTR,1,65535,{body},"),
        };
        alice.receive(message.as_bytes());
        peak = peak.max(alice.conversation.incomplete_bytes());
    }
    assert!(peak < 8 * 1024 * 1024, "{peak} bytes for one hostile peer");
    assert!(peak > 0);
    alice.pass(61_000).act(|conversation, env| conversation.tick(env));
    assert_eq!(alice.conversation.incomplete_bytes(), 0);
    // One message that grows and grows.
    for index in 1..2_000 {
        alice.receive(format!("?OTR,{index},65535,{body},").as_bytes());
        assert!(alice.conversation.incomplete_bytes() <= 4 * 1024 * 1024);
    }
}

#[test]
fn s43_a_flood_of_devices_is_bounded_and_drops_nobody_private() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let key = bob.account.fingerprint();
    alice.conversation.set_trusted(key, true);
    let mut mallory = Person::new("mallory", 2, 9, open_policy(&[3]));
    for tag in 0..2_000u32 {
        mallory.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
        let from_new_device = change(&mallory.only_message(), |header, _| {
            header.sender = InstanceTag::new(0x1000 + tag).unwrap();
        });
        mallory.pass(5_000);
        alice.pass(1_000).receive(&from_new_device);
        assert!(alice.conversation.sessions().count() <= 16);
    }
    alice.take_outgoing();
    assert_eq!(
        alice.conversation.session(Recipient::Best).unwrap().fingerprint(),
        Some(key)
    );
    alice.say("to you alone");
    deliver(&mut alice, &mut bob);
    assert_eq!(bob.read(), ["to you alone"]);
}

#[test]
fn s26_handshakes_are_rationed() {
    let mut alice = Person::alice(&[2, 3]);
    for _ in 0..1_000 {
        alice.receive(b"?OTRv23?");
    }
    assert!(
        alice.take_outgoing().len() <= 16,
        "no more than the burst in one moment"
    );
    alice.pass(10_000);
    for _ in 0..1_000 {
        alice.receive(b"?OTRv23?");
    }
    assert!(alice.take_outgoing().len() <= 10, "and one a second after that");
}

#[test]
fn s26_a_flood_of_queries_does_not_starve_a_key_exchange_under_way() {
    for numbers in [&[2][..], &[3]] {
        let (mut alice, mut bob) = (Person::alice(numbers), Person::bob(numbers));
        bob.start();
        alice.receive(&bob.only_message());
        bob.receive(&alice.only_message());
        // Anybody can ask; nobody but Bob can go on with the exchange.
        for _ in 0..1_000 {
            alice.receive(b"?OTR Error: broken");
            alice.receive(&query(numbers));
        }
        deliver(&mut alice, &mut bob);
        assert!(
            alice.is_private() && bob.is_private(),
            "{numbers:?}: {:?}",
            bob.events
        );
    }
}

fn query(numbers: &[u16]) -> Vec<u8> {
    format!("?OTRv{}?", numbers[0]).into_bytes()
}

#[test]
fn a_flood_does_not_keep_the_person_from_starting() {
    let mut alice = Person::alice(&[3]);
    for _ in 0..100 {
        alice.receive(b"?OTRv3?");
    }
    alice.take_outgoing();
    alice.act(|conversation, env| conversation.start(env, Start::Interactive(Version::V3)).unwrap());
    assert_eq!(
        alice.take_outgoing().len(),
        1,
        "the person's own word is not rationed"
    );
}

#[test]
fn no_secret_in_debug() {
    let account = &Person::alice(&[3]).account;
    let shown = format!("{account:?}");
    let secret: String = account
        .key()
        .x()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(!shown.to_lowercase().contains(&secret[..8]), "{shown}");
    let shown = format!("{:?}", account.key());
    assert!(!shown.to_lowercase().contains(&secret[..8]), "{shown}");
}

#[test]
fn no_text_in_debug() {
    let words = b"lighthouse";
    let (mut alice, mut bob) = private_pair(&[3]);
    let mut shown = String::new();
    let mut carry = |from: &mut Person, to: &mut Person, outputs: Vec<Output>| {
        shown += &format!("{outputs:?}");
        for output in outputs {
            if let Output::Send(bytes) = output {
                let mut env = Env {
                    account: &to.account,
                    rng: &mut to.rng,
                    now: to.now,
                };
                shown += &format!("{:?}", to.conversation.receive(&mut env, &bytes));
            }
        }
        from.take_events();
    };
    for step in 0..4 {
        let mut env = Env {
            account: &alice.account,
            rng: &mut alice.rng,
            now: alice.now,
        };
        let (conversation, to) = (&mut alice.conversation, Recipient::Best);
        let outputs = match step {
            0 => conversation.send(&mut env, to, words, &[]).unwrap(),
            1 => {
                let secret = &words[..];
                let question = Some(secret);
                let action = SmpAction::Start { secret, question };
                conversation.smp(&mut env, to, action).unwrap()
            }
            2 => conversation.use_extra_key(&mut env, to, 1, words).unwrap().0,
            _ => {
                conversation.end_all(&mut env);
                conversation.send(&mut env, to, words, &[]).unwrap()
            }
        };
        carry(&mut alice, &mut bob, outputs);
    }
    for kind in ["Text {", "Asked {", "ExtraKey {", "ClearText {", "Send("] {
        assert!(shown.contains(kind), "{kind} in {shown}");
    }
    let numbers = format!("{:?}", &words[..4]);
    for leak in ["light", numbers.trim_matches(['[', ']'])] {
        assert!(!shown.contains(leak), "{leak} in {shown}");
    }
}

#[test]
fn a_commitment_is_no_storage() {
    let mut alice = Person::alice(&[2, 3]);
    for (number, version) in [(2, Version::V2), (3, Version::V3)] {
        let mut mallory = Person::new("mallory", 2, 9, open_policy(&[number]));
        mallory.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        let commit = mallory.only_message();
        for padding in [1, 100_000] {
            let large = change(&commit, |_, message| {
                if let Message::DhCommit(commit) = message {
                    commit.encrypted_gx.resize(196 + padding, 7);
                }
            });
            alice.receive(&large);
            assert_eq!(alice.take_outgoing().len(), 0, "{padding} bytes too many");
            assert_eq!(alice.conversation.sessions().count(), 0);
        }
        alice.receive(&commit);
        assert_eq!(alice.take_outgoing().len(), 1);
        alice = Person::alice(&[2, 3]);
    }
}
