//! What never leaves.

use otr::{Event, Policy, Recipient, SendError, Start, Version};

use crate::common::{Person, deliver, open_policy, private_pair, versions};

#[test]
fn user_text_leaves_only_through_send() {
    // Everything that can happen to a conversation in which "secret words" were sent, after that: none of
    // it may carry the words again, in whatever form.
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("secret words");
    let sealed = alice.only_message();
    let mut mallory = Person::new("mallory", 2, 3, open_policy(&[2, 3]));
    bob.receive(b"?OTR Error: unreadable");
    alice
        .pass(5_000)
        .receive(b"?OTR Error: unreadable")
        .receive(b"?OTRv23?")
        .receive(b"hello");
    deliver(&mut alice, &mut mallory);
    alice.pass(60_000).act(|conversation, env| conversation.tick(env));
    alice.act(|conversation, env| conversation.end_all(env));
    deliver(&mut alice, &mut mallory);
    assert_eq!(mallory.read(), Vec::<String>::new());
    bob.receive(&sealed);
    assert_eq!(bob.read(), ["secret words"]);
}

#[test]
fn no_reply_loops() {
    // Two people who cannot read each other at all, and both heal after errors.
    let (mut alice, _) = private_pair(&[2, 3]);
    let (_, mut bob) = private_pair(&[2, 3]);
    for person in [&mut alice, &mut bob] {
        person.conversation.set_policy(Policy {
            error_starts: true,
            ..open_policy(&[2, 3])
        });
    }
    alice.say("for another Bob");
    let mut messages = 0;
    while let Some(bytes) = alice
        .outgoing
        .pop_front()
        .map(|bytes| (true, bytes))
        .or_else(|| bob.outgoing.pop_front().map(|bytes| (false, bytes)))
    {
        match bytes {
            (true, bytes) => bob.receive(&bytes),
            (false, bytes) => alice.receive(&bytes),
        };
        messages += 1;
        assert!(messages < 100, "they never fall silent");
    }
    // Errors alone: answered by at most a burst of queries, never by an error.
    let mut carol = Person::alice(&[2, 3]);
    carol.conversation.set_policy(Policy {
        error_starts: true,
        ..open_policy(&[2, 3])
    });
    for _ in 0..10_000 {
        carol.receive(b"?OTR Error: again");
    }
    let answers = carol.take_outgoing();
    assert!(answers.len() <= 16, "{} answers", answers.len());
    assert!(answers.iter().all(|answer| answer.starts_with(b"?OTRv")));
}

#[test]
fn heartbeats_never_answer_heartbeats() {
    let (mut alice, mut bob) = private_pair(&[2, 3]);
    alice.say("hello");
    bob.pass(70_000);
    deliver(&mut alice, &mut bob);
    assert!(
        alice
            .events
            .iter()
            .any(|event| matches!(event, Event::Heartbeat { .. })),
        "{:?}",
        alice.events
    );
    assert_eq!(bob.take_events().len(), 1);
    alice.pass(200_000);
    bob.pass(200_000)
        .act(|conversation, env| conversation.heartbeat(env, Recipient::Best).unwrap());
    deliver(&mut alice, &mut bob);
    assert!(alice.outgoing.is_empty() && bob.take_events().is_empty());
}

#[test]
fn a_stranger_learns_nothing() {
    let policy = Policy {
        versions: versions(&[1, 2, 3, 4]),
        ..Policy::opportunistic()
    };
    let mut alice = Person::new("alice", 0, 1, policy);
    let mut stranger = Person::bob(&[1, 2, 3, 4]);
    let mut knocks = Vec::new();
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        stranger.act(|conversation, env| conversation.start(env, Start::Interactive(version)).unwrap());
        knocks.push(stranger.only_message());
    }
    let (mut other, _) = private_pair(&[2]);
    other.say("unreadable");
    knocks.push(other.only_message());
    let texts: [&[u8]; 7] = [
        b"?OTRv23?",
        b"?OTR?",
        b"?OTR Error: hello",
        b"hi \t  \t\t\t\t \t \t \t    \t\t  \t\t",
        b"?OTR:AAM=.",
        b"?OTR,1,1,x,",
        b"?OTR:",
    ];
    knocks.extend(texts.map(<[u8]>::to_vec));
    for knock in &knocks {
        alice.pass(20_000).receive(knock);
        assert_eq!(
            alice.take_outgoing(),
            Vec::<Vec<u8>>::new(),
            "{:?}",
            String::from_utf8_lossy(knock)
        );
    }
    let told = alice.take_events();
    assert_eq!(
        told.iter()
            .filter(|event| matches!(event, Event::Knock { .. }))
            .count(),
        7
    );
    // One decision of the person, and the exchange goes through.
    stranger = Person::bob(&[2, 3]);
    alice.act(|conversation, env| {
        let _ = conversation.receive(env, b"?OTRv23?");
        conversation.accept(env).unwrap()
    });
    deliver(&mut alice, &mut stranger);
    assert!(alice.is_private() && stranger.is_private());
}

#[test]
fn s22_markers_inside_a_text_are_text() {
    let mut alice = Person::alice(&[1, 2, 3]);
    for text in [
        "see ?OTRv23?",
        "he said \"?OTR Error: x\"",
        "x?OTR:AAMD.",
        "a ?OTR,1,1,b,",
    ] {
        alice.receive(text.as_bytes());
        let clear = Event::ClearText {
            text: text.into(),
            expected: true,
        };
        assert_eq!(alice.take_events(), [clear], "{text}");
        assert!(alice.outgoing.is_empty());
    }
}

#[test]
fn what_would_be_taken_for_a_message_is_not_sent_as_text() {
    let mut alice = Person::alice(&[2, 3]);
    for text in ["?OTRv2?", "?OTR:AAMD.", "?OTR Error: x", "?OTR,1,1,b,"] {
        assert_eq!(alice.try_say(text), Err(SendError::ProtocolText), "{text}");
    }
    assert_eq!(alice.try_say("a\0b"), Err(SendError::ContainsNul));
    assert!(alice.outgoing.is_empty());
}
