//! The plain client for scripts: JSON in and out, several conversations at once, and the example of docs/plain.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{Talker, chatham, free_port, text};
use serde_json::Value;

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn one_program_has_several_conversations_at_once() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let data = |name: &str| folder.path().join(name);
    let mut alice = Talker::start("alice", port, &data("alice"), &["--json"]);
    alice.expect(&[r#""event":"connected""#]);
    let mut bob = Talker::start("bob", port, &data("bob"), &["--json", "--peer", "alice"]);
    let mut carol = Talker::start("carol", port, &data("carol"), &["--peer", "alice"]);
    bob.expect(&[r#""event":"connected""#]);
    carol.expect(&["you are carol"]);

    alice.say(r#"{"do":"start","to":"bob"}"#);
    bob.expect(&[r#""event":"knock""#]);
    bob.say(r#"{"do":"accept"}"#);
    alice.expect(&[r#""event":"private""#, r#""with":"bob""#]);
    // Bob's side knows of it only when it has the last message of the exchange.
    bob.expect(&[r#""event":"private""#]);
    alice.say(r#"{"do":"say","to":"carol","text":"in the clear"}"#);
    alice.say("/msg bob not in the clear");
    carol.expect(&["[clear!] <alice> in the clear"]);
    let heard = object(&bob.expect(&[r#""event":"heard""#]));
    assert_eq!(
        (&heard["text"], &heard["security"]),
        (&"not in the clear".into(), &"unverified".into())
    );
    carol.say("hello");
    let heard = object(&alice.expect(&[r#""event":"heard""#]));
    assert_eq!(
        (&heard["with"], &heard["security"]),
        (&"carol".into(), &"clear".into())
    );

    // A text may hold what would be a command or an object on a line of its own.
    bob.say(r#"{"do":"say","text":"/quit\n{\"do\":\"quit\"}"}"#);
    let heard = object(&alice.expect(&[r#""event":"heard""#, r#""with":"bob""#]));
    assert_eq!(heard["text"], "/quit\n{\"do\":\"quit\"}");
    assert!(bob.quit() && carol.quit() && alice.quit());
}

#[test]
fn what_cannot_be_followed_is_an_event_and_nothing_else() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let mut alice = Talker::start("alice", port, folder.path(), &["--json"]);
    alice.expect(&[r#""event":"connected""#]);
    for (line, words) in [
        (r#"{"do":"say","text":"x"}"#, "to whom"),
        (r#"{"do":"say","to":"bob","texd":"x"}"#, "text"),
        (r#"{"do":"dance"}"#, "dance"),
        ("{", "no JSON"),
        ("/danse", "no such command"),
        (r#"{"do":"verify","to":"bob","secret":"x"}"#, ""),
        (r#"{"do":"answer","to":"bob","secret":"x"}"#, ""),
        (r#"{"do":"reconnect"}"#, "stands"),
    ] {
        alice.say(line);
        let mistake = object(&alice.expect(&[r#""event":"mistake""#]));
        assert!(
            mistake["words"].as_str().unwrap().contains(words),
            "{line}: {mistake}"
        );
    }
    alice.say(r#"{"do":"policy","to":"bob","mode":"always"}"#);
    let policy = object(&alice.expect(&[r#""event":"policy""#]));
    assert_eq!(
        (&policy["require-encryption"], &policy["with"]),
        (&true.into(), &"bob".into())
    );
    alice.say(r#"{"do":"say","to":"bob","text":"x"}"#);
    let held = object(&alice.expect(&[r#""event":"not-sent""#]));
    assert_eq!(
        (&held["held"], &held["reason"]),
        (&true.into(), &"awaiting-privacy".into())
    );
    assert!(alice.quit());
}

#[test]
fn rules_for_one_person_hold_from_the_first_word() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let config = folder.path().join("config.toml");
    let rules = format!(
        "[profile.default]\nnick='alice'\nserver.local={port}\n[profile.default.person.'BOB[x]']\nmode='always'\n"
    );
    std::fs::write(&config, rules).unwrap();
    let config = config.to_str().unwrap();
    let mut alice = Talker::with(
        "alice",
        &[
            "chat",
            "--plain",
            "--json",
            "--config",
            config,
            "--data",
            folder.path().join("data").to_str().unwrap(),
        ],
    );
    alice.expect(&[r#""event":"connected""#, r#""nick":"alice""#]);
    // On this network { and [ are one letter.
    alice.say("/msg bob{X} x");
    alice.expect(&[r#""event":"not-sent""#, r#""held":true"#]);
    alice.say("/msg carol x");
    alice.expect(&[r#""event":"sent""#, r#""security":"clear""#]);
    assert!(alice.quit());
}

#[test]
fn a_connection_that_breaks_is_made_anew_when_the_person_says_so() {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let data = |name: &str| folder.path().join(name);
    // The relay lives in the program that needed it first, and ends with it.
    let mut host = Talker::start("host", port, &data("host"), &[]);
    host.expect(&["you are host"]);
    let (server, alices) = (format!("127.0.0.1:{port}"), data("alice"));
    let mut alice = Talker::with(
        "alice",
        &[
            "chat",
            "--plain",
            "--json",
            "--server",
            &server,
            "--nick",
            "alice",
            "--data",
            alices.to_str().unwrap(),
        ],
    );
    alice.expect(&[r#""event":"connected""#]);
    assert!(host.quit());
    alice.expect(&[r#""event":"disconnected""#]);
    let waiting = object(&alice.expect(&[r#""event":"reconnecting""#]));
    assert!(waiting["milliseconds"].is_u64());
    alice.expect(&[r#""event":"unreachable""#]);
    let mut host = Talker::start("host", port, &data("host"), &["--peer", "alice"]);
    host.expect(&["you are host"]);
    alice.say("/reconnect");
    alice.expect(&[r#""event":"reconnected""#, r#""nick":"alice""#]);
    alice.say("/msg host here again");
    host.expect(&["[clear!] <alice> here again"]);
    assert!(alice.quit() && host.quit());
}

#[test]
fn what_keeps_it_from_beginning_is_an_event_too() {
    let folder = tempfile::tempdir().unwrap();
    let (data, server) = (
        folder.path().to_str().unwrap(),
        format!("127.0.0.1:{}", free_port()),
    );
    let begin = |server: &str| {
        let output = chatham(&[
            "chat", "--plain", "--json", "--server", server, "--nick", "x", "--data", data,
        ]);
        assert_eq!(output.status.code(), Some(1));
        assert!(!output.stderr.is_empty());
        object(text(&output.stdout).lines().last().unwrap())
    };
    let failed = begin(&server);
    assert_eq!(failed["event"], "failed");
    assert!(
        failed["words"].as_str().unwrap().contains("nothing listens"),
        "{failed}"
    );
    let complaint = begin("irc.example:6667");
    assert_eq!(
        (&complaint["event"], &complaint["option"]),
        (&"complaint".into(), &"--server".into())
    );
}

/// The script of docs/plain.md, as it stands there.
#[cfg(unix)]
#[test]
fn the_script_of_the_documentation_works() {
    let page = include_str!("../../../docs/plain.md");
    let (_, script) = page.split_once("```sh\n#!/bin/sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let program = Path::new(env!("CARGO_BIN_EXE_chatham")).parent().unwrap();
    let mut bob = Talker::start("bob", port, &folder.path().join("bob"), &["--peer", "alice"]);
    bob.expect(&["you are bob"]);
    let path = format!(
        "{}:{}",
        program.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let child = Command::new("sh")
        .args(["-c", script, "sh", &port.to_string(), "the owl flies at night"])
        .env("PATH", path)
        .env("CHATHAM_DATA", folder.path().join("alice"))
        .env("CHATHAM_CONFIG", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    bob.expect(&["is a stranger"]);
    bob.say("/otr accept");
    bob.expect(&["[private, unverified] <alice> the owl flies at night"]);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(
        text(&output.stdout).contains("unverified"),
        "{}",
        text(&output.stdout)
    );
    assert!(bob.quit());
}

/// Every event and every action has its row.
#[test]
fn the_documentation_names_every_event_and_every_action() {
    let page = include_str!("../../../docs/plain.md");
    let sources = [
        include_str!("../src/present/json.rs"),
        include_str!("../src/chat/remark.rs"),
        include_str!("../src/chat/plain.rs"),
        include_str!("../src/chat/arrival.rs"),
        include_str!("../src/chat/own.rs"),
        include_str!("../src/chat/attached.rs"),
    ];
    let mut events = Vec::new();
    for source in sources {
        for mark in ["\"event\": \"", "Remark::new(\"", "Self::new(\""] {
            events.extend(
                source
                    .split(mark)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next()),
            );
        }
    }
    assert!(events.len() > 40, "{events:?}");
    for event in events {
        assert!(page.contains(&format!("| `{event}`")), "{event}");
    }
    let actions = include_str!("../src/chat/object.rs");
    let (_, actions) = actions.split_once("match verb {").unwrap();
    let (actions, _) = actions.split_once("other =>").unwrap();
    for arm in actions.lines().filter(|line| line.trim_start().starts_with('"')) {
        let (words, _) = arm.split_once("=>").unwrap();
        for word in words.split('|') {
            assert!(
                page.contains(&format!("| `{}`", word.trim().trim_matches('"'))),
                "{word}"
            );
        }
    }
}
