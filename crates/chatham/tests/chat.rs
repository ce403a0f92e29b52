//! Two programs over the relay of this computer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Talker, chatham, free_port, text};

#[test]
fn two_programs_have_a_private_and_verified_conversation() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let (alices, bobs) = (folder.path().join("alice"), folder.path().join("bob"));
    let mut alice = Talker::start("alice", port, &alices, &["--json"]);
    alice.expect(&[r#""event":"relay""#]);
    alice.expect(&[r#""event":"connected""#]);
    let mut bob = Talker::start("bob", port, &bobs, &["--peer", "Alice"]);
    bob.expect(&["*** you are bob"]);

    alice.say("/to bob");
    alice.say("hello bob");
    alice.expect(&[r#""event":"sent""#, r#""security":"clear""#]);
    bob.expect(&["[clear!] <alice> hello bob"]);
    bob.expect(&["*** alice: is a stranger"]);
    bob.say("hello alice");
    bob.expect(&["[clear!] <to alice> hello alice"]);
    // The white space behind his answer did it.
    bob.expect(&[
        "*** ",
        "private conversation (OTR version 4) with the UNVERIFIED key",
    ]);
    alice.expect(&[r#""event":"private""#, r#""trust":"none""#]);

    alice.say("nobody else reads this");
    bob.expect(&["[private, unverified] <alice> nobody else reads this"]);
    bob.say("/me nods");
    alice.expect(&[
        r#""event":"heard""#,
        r#""me":true"#,
        r#""text":"nods""#,
        r#""security":"unverified""#,
    ]);

    alice.say("/verify \"an owl\"");
    bob.expect(&["*** alice: wants to compare a shared secret"]);
    bob.say("/answer an owl");
    bob.expect(&["*** alice: VERIFIED"]);
    alice.expect(&[r#""event":"same-secret""#, r#""verified":true"#]);
    bob.say("so it is you");
    alice.expect(&[r#""text":"so it is you""#, r#""security":"verified""#]);

    bob.say("/fingerprints");
    let own = bob.expect(&["*** your own key: "]);
    let key = own.rsplit(": ").next().unwrap().replace(' ', "");
    alice.say("/status");
    alice.expect(&[r#""event":"status""#, &key, r#""next":"verified""#]);

    assert!(bob.quit());
    alice.expect(&[r#""event":"peer-ended""#]);
    alice.say("too late");
    alice.expect(&[
        r#""event":"not-sent""#,
        r#""reason":"peer-ended""#,
        r#""held":true"#,
    ]);

    // Bob comes back with what he has stored: the same key, and trust in Alice's. What waited arrives.
    let mut bob = Talker::start("bob", port, &bobs, &["--peer", "alice"]);
    bob.expect(&["*** you are bob"]);
    bob.say("/otr start");
    bob.expect(&["with the verified key"]);
    bob.expect(&["[private, verified] <alice> too late"]);
    assert!(bob.quit());
    assert!(alice.quit());

    let listed = text(&chatham(&["keys", "list", "--data", alices.to_str().unwrap()]).stdout);
    let theirs = listed.lines().find(|line| line.starts_with("theirs")).unwrap();
    assert!(
        theirs.contains("bob") && theirs.contains("verified by a shared secret"),
        "{listed}"
    );
    assert!(theirs.replace(' ', "").contains(&key));
}

#[test]
fn a_server_that_is_not_there_is_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let server = format!("127.0.0.1:{}", free_port());
    let output = chatham(&[
        "chat", "--plain", "--server", &server, "--nick", "x", "--data", data,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let words = text(&output.stderr);
    assert!(
        words.starts_with("chatham: cannot connect") && words.lines().count() == 1,
        "{words}"
    );
}
