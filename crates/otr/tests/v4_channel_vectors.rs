//! Data messages byte for byte as the plain reference of the protocol makes them, with its seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod v4_people;
mod v4_vectors;

use otr::crypto::dh3072::DhSecret;
use otr::crypto::ed448::KeyPair;
use otr::crypto::legacy::sha256;
use otr::v4::channel::padded;
use otr::v4::message_keys::ChainKey;
use otr::v4::{Channel, Established, Opened};
use otr::wire::v4::Message as V4;
use otr::wire::{Header, Incoming, Message, Plaintext, armor, classify, decode_message, encode_message};
use otr::{InstanceTag, Version};
use rand_core::Rng;
use v4_people::{NOW, exchange};
use v4_vectors::{SeedRng, array, hex, run, run_text};

/// A person of the reference: who they are, and the randomness that their ratchet draws.
struct Person {
    rng: SeedRng,
    header: Header,
}

/// Alice and Bob of the reference, just before their first keys of the ratchet are drawn, with the tags that they had.
fn people(seeds: [&str; 2], tags: [u32; 2]) -> [Person; 2] {
    let tags = tags.map(InstanceTag::from_raw);
    let receivers = [tags[1], tags[0]];
    let mut all = seeds.into_iter().zip(tags.into_iter().zip(receivers));
    [(); 2].map(|()| {
        let (seed, (sender, receiver)) = all.next().unwrap();
        let mut rng = SeedRng::new(seed);
        // Two long-term keys and a tag.
        (0..3).for_each(|_| rng.fill_bytes(&mut [0; 57]));
        // The keys that authenticate.
        KeyPair::generate(&mut rng);
        DhSecret::generate(&mut rng);
        Person {
            rng,
            header: Header {
                version: Version::V4,
                sender,
                receiver,
            },
        }
    })
}

fn exchanged(people: &mut [Person; 2], k: &[u8]) -> [Channel; 2] {
    let [alice, bob] = people;
    let both = exchange(array(k), &mut alice.rng, &mut bob.rng);
    // The numbers of a ring signature.
    for person in people.iter_mut() {
        (0..7).for_each(|_| person.rng.fill_bytes(&mut [0; 57]));
    }
    both.map(|established: Established| Channel::start(established, NOW).unwrap())
}

fn open(channel: &mut Channel, text: &str) -> Opened {
    let Incoming::Armored(body) = classify(text.as_bytes()) else {
        panic!("no encoded message: {text}")
    };
    let (header, message) = decode_message(&armor::decode(body).unwrap()).unwrap();
    let Message::V4(message) = message else {
        panic!("no message of version 4")
    };
    let V4::Data(data) = *message else {
        panic!("no data message")
    };
    channel.open(&header, data, NOW).unwrap()
}

fn say(channel: &mut Channel, person: &mut Person, text: &str) -> String {
    let plaintext = padded(text.as_bytes(), Vec::new(), 0);
    let sealed = channel.seal(&person.header, plaintext, 0, &mut person.rng, NOW);
    let (data, _) = sealed.unwrap();
    let message = Message::V4(Box::new(V4::Data(data)));
    let bytes = armor::encode(&encode_message(&person.header, &message));
    String::from_utf8(bytes).unwrap()
}

fn text(opened: Opened) -> String {
    String::from_utf8(Plaintext::decode(opened.plaintext).text.into_bytes()).unwrap()
}

#[test]
fn the_recorded_run() {
    let mut both = people(["vector-alice", "vector-bob"], [0x0002_cbe6, 0x0038_e44b]);
    let [mut alice, mut bob] = exchanged(&mut both, &run("alice.K"));

    let message = say(&mut alice, &mut both[0], "hello");
    assert_eq!(message, run_text("alice.data0"));
    let chain = ChainKey::fill_with(|key| *key = array(&run("alice.chain_s")));
    assert_eq!(
        chain.message_keys().extra_key().expose().as_slice(),
        run("alice.esk")
    );
    let opened = open(&mut bob, &message);
    assert!(opened.extra_key.is_none());
    assert_eq!(text(opened), "hello");

    let message = say(&mut bob, &mut both[1], "hi");
    assert_eq!(message, run_text("bob.data0"));
    assert_eq!(text(open(&mut alice, &message)), "hi");

    let message = say(&mut alice, &mut both[0], "again");
    assert_eq!(message, run_text("alice.data ratchet 1"));
    assert_eq!(text(open(&mut bob, &message)), "again");
}

#[test]
fn a_long_run_with_gaps_and_late_messages() {
    let file = include_str!("vectors/v4_ratchet.txt");
    let value = |name: &str| {
        let mut lines = file.lines().filter_map(|line| line.split_once(" = "));
        lines.find(|(known, _)| *known == name).unwrap().1
    };
    let tags: Vec<u32> = value("tags")
        .split(' ')
        .map(|tag| u32::from_str_radix(tag, 16).unwrap())
        .collect();
    let mut both = people(["ratchet-alice", "ratchet-bob"], [tags[0], tags[1]]);
    let mut channels = exchanged(&mut both, &hex(value("K")));
    let number = |words: &str| usize::from(words.starts_with("bob"));
    let (mut sent, mut read) = (0, 0);
    for line in file.lines() {
        if let Some((words, message)) = line.strip_prefix("send ").and_then(|rest| rest.split_once(" = ")) {
            let person = number(words);
            let sealed = say(&mut channels[person], &mut both[person], words);
            assert_eq!(sealed, message, "{words}");
            sent += 1;
        } else if let Some(words) = line.strip_prefix("read ") {
            let message = value(&format!("send {words}"));
            assert_eq!(text(open(&mut channels[1 - number(words)], message)), words);
            read += 1;
        }
    }
    assert_eq!((sent, read), (55, 52));
}

#[test]
fn random_schedules_of_the_reference() {
    let file = include_str!("vectors/v4_schedules.txt");
    let mut read = 0;
    let schedules = file.lines().filter(|line| !line.starts_with('#'));
    for (number, line) in schedules.enumerate() {
        let mut columns = line.split(' ').map(str::to_string);
        let [secret, actions, digest] = [(); 3].map(|()| columns.next().unwrap());
        let mut both =
            [("alice", 0x1111, 0x2222), ("bob", 0x2222, 0x1111)].map(|(name, sender, receiver)| {
                let rng = SeedRng::new(&format!("schedule-{name}-{number}"));
                let [sender, receiver] = [sender, receiver].map(InstanceTag::from_raw);
                let header = Header {
                    version: Version::V4,
                    sender,
                    receiver,
                };
                Person { rng, header }
            });
        let [alice, bob] = &mut both;
        let mut channels = exchange(array(&hex(&secret)), &mut alice.rng, &mut bob.rng)
            .map(|established| Channel::start(established, NOW).unwrap());
        let mut written: Vec<String> = Vec::new();
        for action in actions.split(',') {
            match action {
                "A" | "B" => {
                    let person = usize::from(action == "B");
                    let words = written.len().to_string();
                    let message = say(&mut channels[person], &mut both[person], &words);
                    written.push(message);
                }
                _ => {
                    let (person, which) = action.split_at(1);
                    let message = &written[which.parse::<usize>().unwrap()];
                    let opened = open(&mut channels[usize::from(person == "b")], message);
                    assert_eq!(text(opened), which);
                    read += 1;
                }
            }
        }
        let all: String = sha256(&[written.concat().as_bytes()])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(all, digest, "schedule {number}");
    }
    assert_eq!(read, 1843);
}
