//! `chatham chat` beside a running proxy with the same keys: a second screen on its conversations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod control;
mod xmpp;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use common::Talker;
use control::{Client, Proxy, network, network_with, program, said};
use im::relay::Capture;
use serde_json::Value;

// No four letters in a row that could be base64: ciphertext has them by chance.
const SECRETS: [&str; 4] = ["ge·hëïm·eï·ns", "ge·hëïm·zw·eï", "ge·hëïm·dr·eï", "ge·hëïm·vi·ér"];

fn attach(proxy: &Proxy, more: &[&str]) -> Talker {
    let arguments = ["chat", "--plain", "--data", proxy.data.to_str().unwrap()];
    Talker::with("attached", &[&arguments, more].concat())
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// Alice and Bob behind a proxy each, who know each other, and what passes between the proxies.
struct Two {
    capture: Capture,
    alice: Proxy,
    bob: Proxy,
    ann: Client,
    ben: Client,
}

impl Two {
    fn acquainted() -> Self {
        let capture = Capture::new(8 << 20);
        let port = network_with(Some(capture.clone()));
        let (alice, bob) = (Proxy::start(port), Proxy::start(port));
        let (mut ann, mut ben) = (alice.enter("alice"), bob.enter("bob"));
        ben.say("PRIVMSG alice :hello");
        ann.until(&[":hello"]);
        Self {
            capture,
            alice,
            bob,
            ann,
            ben,
        }
    }

    fn private() -> Self {
        let mut two = Self::acquainted();
        two.alice.done(&["start", "bob", "--wait", "60"]);
        two.ann.until(&["*chatham", "private conversation ("]);
        two.ben.until(&["*chatham", "private conversation ("]);
        two
    }

    fn nothing_leaked(&self) {
        assert!(self.capture.is_complete() && !self.capture.find(b"?OTR").is_empty());
        for secret in SECRETS {
            let letters: Vec<char> = secret.chars().collect();
            for piece in letters.windows(4) {
                let piece: String = piece.iter().collect();
                assert!(self.capture.find(piece.as_bytes()).is_empty(), "{piece}");
            }
        }
    }
}

#[test]
fn what_is_said_on_either_screen_is_seen_on_both() {
    let mut two = Two::private();
    let mut watch = two.alice.begin(&["watch", "--json"]);
    let mut watched = BufReader::new(watch.stdout.take().unwrap());
    let mut chat = attach(&two.alice, &["--peer", "bob"]);
    let pid = two.alice.child.id().to_string();
    chat.expect(&[
        "you talk through the running proxy",
        &pid,
        "profile default",
        "leaving ends nothing",
    ]);
    chat.expect(&["you are alice; your key is"]);
    chat.expect(&["you talk to bob"]);
    chat.say("/people");
    chat.expect(&["*** bob: private, unverified"]);

    chat.say(SECRETS[0]);
    chat.expect(&["[private, unverified]", SECRETS[0]]);
    two.ben.until(&[":alice!", SECRETS[0]]);
    let shown = two.ann.until(&[SECRETS[0]]);
    assert!(
        shown.starts_with(":*chatham!") && shown.contains("you said elsewhere, privately"),
        "{shown}"
    );
    two.ben.say(&format!("PRIVMSG alice :{}", SECRETS[1]));
    chat.expect(&["[private, unverified] <bob>", SECRETS[1]]);
    two.ann.until(&[":bob!", SECRETS[1]]);
    two.ann.say(&format!("PRIVMSG bob :{}", SECRETS[2]));
    chat.expect(&["[private, unverified]", SECRETS[2]]);
    two.ben.until(&[":alice!", SECRETS[2]]);
    chat.say(&format!("/me {}", SECRETS[3]));
    two.ben.until(&["\u{1}ACTION", SECRETS[3]]);
    two.ann.until(&["*chatham", &format!("/me {}", SECRETS[3])]);

    chat.expect(&[SECRETS[3]]);
    for secret in SECRETS {
        let shown = chat.seen().iter().filter(|line| line.contains(secret));
        assert_eq!(shown.count(), 1, "{secret}");
    }
    two.ben.say("PRIVMSG alice :nothing more");
    two.ann.until(&["nothing more"]);
    for (secret, count) in SECRETS.into_iter().zip([1, 1, 0, 1]) {
        let shown = two.ann.lines.iter().filter(|line| line.contains(secret));
        assert_eq!(shown.count(), count, "{secret}: {:?}", two.ann.lines);
    }

    // Whoever leaves ends nothing, and what was said last is said.
    chat.say("the last word\n/quit");
    let (well, seen) = chat.rest();
    assert!(
        well && !seen.iter().any(|line| line.contains("not sent")),
        "{seen:#?}"
    );
    two.ben.until(&[":alice!", "the last word"]);
    // What comes by itself is in no answer as well.
    assert!(
        !seen.iter().any(|line| line.contains("does not understand")),
        "{seen:#?}"
    );
    assert_eq!(two.alice.done(&["people"]), "bob: private, unverified\n");
    two.nothing_leaked();
    // Each text once, and to whoever only watches none.
    two.ann.say("PING the-end");
    two.ann.until(&["PONG", "the-end"]);
    for secret in SECRETS {
        let shown = two.ann.lines.iter().filter(|line| line.contains(secret)).count();
        assert_eq!(shown, usize::from(secret != SECRETS[2]), "{secret}");
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    let mut told = String::new();
    watched.read_to_string(&mut told).unwrap();
    assert!(told.contains("\"heard\"") && told.contains("\"sent\""), "{told}");
    assert!(!told.contains("hëïm") && !told.contains("\"network\""), "{told}");
}

#[test]
fn everything_can_be_done_from_there() {
    let mut two = Two::private();
    let mut chat = attach(&two.alice, &["--peer", "bob", "--json"]);
    let attached = object(&chat.expect(&[r#""event":"attached""#]));
    assert_eq!(
        (&attached["process"], &attached["profile"]),
        (&two.alice.child.id().into(), &"default".into())
    );
    let connected = object(&chat.expect(&[r#""event":"connected""#]));
    assert_eq!(connected["nick"], "alice");
    assert!(connected["fingerprint"].is_string(), "{connected}");
    chat.say("/people");
    let person = object(&chat.expect(&[r#""event":"person""#]));
    assert_eq!(
        (&person["with"], &person["standing"]),
        (&"bob".into(), &"unverified".into())
    );
    // The objects are those of a client of one's own: nothing of the socket's beside them.
    assert!(
        person.get("profile").is_none() && person.get("lines").is_none(),
        "{person}"
    );

    // What is confirmed is what was shown, and nothing else.
    chat.say("/confirm");
    chat.expect(&[r#""event":"mistake""#, "nothing was compared yet"]);
    chat.say("/verify compare");
    let shown = object(&chat.expect(&[r#""event":"compare""#]));
    let mut other = shown.clone();
    other["fingerprint"] = "00".repeat(20).into();
    let confirm = |compared: &Value| format!(r#"{{"do":"confirm","compared":{compared}}}"#);
    chat.say(&confirm(&other));
    chat.expect(&[r#""event":"mistake""#, "compare again"]);
    chat.say(&confirm(&shown));
    let trust = object(&chat.expect(&[r#""event":"trust""#]));
    assert_eq!(
        (&trust["trust"], &trust["fingerprint"]),
        (&"verified".into(), &shown["fingerprint"])
    );
    two.ann.until(&["*chatham", "verified"]);

    // A secret.
    chat.say(r#"{"do":"verify","to":"bob","question":"which bird?","secret":"ämsel"}"#);
    two.ben.until(&["*chatham", "which bird?"]);
    two.ben.say("PRIVMSG alice :!otr answer ämsel");
    let same = object(&chat.expect(&[r#""event":"same-secret""#]));
    assert_eq!(same["verified"], true);

    chat.say("/status");
    let status = object(&chat.expect(&[r#""event":"status""#]));
    assert_eq!(status["next"], "verified");
    chat.say("/policy always");
    chat.expect(&[r#""event":"policy""#, r#""require-encryption":true"#]);
    chat.say("/fingerprints");
    chat.expect(&[r#""event":"own-fingerprint""#]);
    chat.expect(&[r#""event":"status""#]);

    // They end it: what is said waits, is looked at, dropped.
    two.bob.done(&["end", "alice"]);
    chat.expect(&[r#""event":"peer-ended""#]);
    chat.say(r#"{"do":"say","text":"a text\nthat waits"}"#);
    let held = object(&chat.expect(&[r#""event":"not-sent""#]));
    assert_eq!(
        (&held["held"], &held["text"]),
        (&true.into(), &"a text\nthat waits".into())
    );
    chat.say("/held");
    chat.expect(&[r#""event":"waiting""#, "that waits"]);
    chat.say("/drop");
    chat.expect(&[r#""event":"dropped""#, r#""texts":1"#]);
    chat.say("/otr end");
    chat.expect(&[r#""event":"ended""#]);
    chat.say("/reconnect");
    chat.expect(&[r#""event":"mistake""#, "the proxy's"]);
    chat.say("/msg #room hi");
    chat.expect(&[r#""event":"not-sent""#, "that is no person", r#""text":"hi""#]);
    chat.say(&format!("/msg bob {}", "x".repeat(20_000)));
    chat.expect(&[r#""event":"not-sent""#, "too long", r#""held":false"#]);
    chat.say("/help");
    chat.expect(&["the conversations go on in the proxy"]);
    // A question of the person at the other client is answered there alone.
    two.ann.say("PRIVMSG *chatham :status bob");
    two.ann.until(&["*chatham", "bob", "text"]);
    chat.say("/policy");
    chat.expect(&[r#""event":"policy""#]);
    let statuses = chat
        .seen()
        .iter()
        .filter(|line| line.contains(r#""event":"status""#));
    assert_eq!(statuses.count(), 2);
    assert!(chat.quit());
}

#[test]
fn each_screen_decides_about_what_was_shown_on_it() {
    let two = Two::private();
    let mut screens = [(); 2].map(|()| attach(&two.alice, &["--peer", "bob", "--json"]));
    let [one, other] = &mut screens;
    one.expect(&[r#""event":"to""#]);
    other.expect(&[r#""event":"to""#]);
    one.say("/trust");
    one.expect(&[r#""event":"mistake""#, "no key of theirs was shown here"]);
    one.say("/verify compare");
    one.expect(&[r#""event":"compare""#]);
    // There is another session, which is compared elsewhere.
    two.alice.done(&["start", "bob"]);
    one.expect(&[r#""event":"renewed""#]);
    other.expect(&[r#""event":"renewed""#]);
    other.say("/verify compare");
    other.expect(&[r#""event":"compare""#]);
    one.say("/confirm");
    one.expect(&[r#""event":"mistake""#, "compare again"]);
    let mut third = attach(&two.alice, &["--peer", "bob", "--json"]);
    third.expect(&[r#""event":"to""#]);
    third.say("/confirm");
    third.expect(&[r#""event":"mistake""#, "nothing was compared"]);
    third.say("/status");
    let status = object(&third.expect(&[r#""event":"status""#]));
    third.say("/trust");
    let trust = object(&third.expect(&[r#""event":"trust""#]));
    assert_eq!(trust["fingerprint"], status["keys"][0]["fingerprint"]);
    third.say("/distrust");
    other.expect(&[r#""event":"trust""#, r#""trust":"none""#]);
    other.say("/confirm");
    other.expect(&[r#""event":"trust""#, r#""trust":"verified""#]);
}

#[test]
fn a_long_text_to_somebody_new_arrives_whole_and_too_many_are_refused() {
    let port = network();
    let (alice, bob) = (Proxy::start(port), Proxy::start(port));
    let (_ann, mut ben) = (alice.enter("alice"), bob.enter("bob"));
    let mut chat = attach(&alice, &["--peer", "bob", "--json"]);
    chat.expect(&[r#""event":"to""#]);
    chat.say(&format!("{} the end", "owl ".repeat(300)));
    ben.until(&["the end"]);
    let heard: usize = ben.lines.iter().map(|line| line.matches("owl").count()).sum();
    assert_eq!(heard, 300);
    // The server takes a line now and then, and a thousand do not fit. Of each it is told what became of it.
    (0..1000).for_each(|at| chat.say(&format!("number {at}.")));
    let mut left: Vec<String> = (0..1000).map(|at| format!("number {at}.")).collect();
    let mut refused = 0;
    while !left.is_empty() {
        let told = object(&chat.expect(&[r#""text":"number "#]));
        let at = left.iter().position(|text| told["text"] == text.as_str());
        left.swap_remove(at.unwrap_or_else(|| panic!("{told} was told twice")));
        if told["event"] == "not-sent" {
            assert!(
                told["reason"].as_str().unwrap().contains("too much waits"),
                "{told}"
            );
            refused += 1;
        }
    }
    assert!((400..600).contains(&refused), "{refused}");
}

#[test]
fn without_a_client_a_text_waits_and_goes_when_there_is_one() {
    let port = network();
    let (alice, bob) = (Proxy::start(port), Proxy::start(port));
    let mut ben = bob.enter("bob");
    let mut chat = attach(&alice, &["--peer", "bob"]);
    chat.expect(&["no client of", "waits there until one is"]);
    chat.say("said to nobody yet");
    chat.expect(&["there is no connection", "It waits"]);
    chat.say("/otr start");
    chat.expect(&["no client of yours is connected"]);
    let mut ann = alice.enter("alice");
    chat.expect(&["connected again; you are alice"]);
    chat.expect(&["[clear!]", "said to nobody yet"]);
    ben.until(&[":alice!", ":said to nobody yet"]);
    ann.until(&["*chatham", "you said elsewhere, in the clear: said to nobody yet"]);
    // The client goes, and the next text waits again.
    drop(ann);
    chat.expect(&["no client of alice is connected"]);
    chat.say("and another");
    chat.expect(&["there is no connection"]);
    let mut ann = alice.enter("alice");
    ben.until(&[":alice!", ":and another"]);
    ann.say("NICK alicia");
    chat.expect(&["you are alicia now"]);
    assert!(chat.quit());
}

#[test]
fn when_the_proxy_ends_so_does_it() {
    let mut two = Two::private();
    let mut chat = attach(&two.alice, &["--peer", "bob"]);
    chat.expect(&["you talk to bob"]);
    // What waits is gone then, which is told.
    two.bob.done(&["end", "alice"]);
    chat.expect(&["ended the private conversation"]);
    chat.say("a text that waits");
    chat.expect(&["It waits"]);
    chat.say("/people");
    chat.expect(&["one text waits"]);
    assert!(two.alice.end());
    chat.expect(&["the connection is gone: the proxy has ended", "may be lost: 1"]);
    assert!(!chat.ended(), "that is not as it was wanted");
}

#[test]
fn what_contradicts_a_running_proxy_is_refused() {
    let proxy = Proxy::start(network());
    let pid = proxy.child.id().to_string();
    for (arguments, parts) in [
        (&["--plain", "--local=1"][..], &["--local", "without --local"][..]),
        (&["--plain", "--server", "irc.example"], &["--server"]),
        (&["--plain", "--json", "--nick", "alice"], &["--nick"]),
        (&["--xmpp", "a@example.org"], &["--xmpp"]),
        (&["--plain", "--profile", "work"], &["no profile work", "default"]),
        (
            &["--qr-png", "/nonexistent/x.png"],
            &["a proxy runs", pid.as_str()],
        ),
    ] {
        let output = program(&proxy.data, "chat", arguments)
            .stdin(Stdio::null())
            .output();
        let (code, said, complaint) = said(output.unwrap());
        assert_eq!(code, 1, "{arguments:?}: {complaint}");
        for part in parts {
            assert!(complaint.contains(part), "{part}: {complaint}");
        }
        assert_eq!(
            said.contains(r#""event":"failed""#),
            arguments.contains(&"--json"),
            "{said}"
        );
    }
    let output = program(&proxy.data, "chat", &["--check"]).output();
    let (code, words, complaint) = said(output.unwrap());
    assert_eq!(code, 0, "{words}{complaint}");
    assert!(words.contains("talks through it"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_xmpp_has_a_second_screen_too() {
    let mut two = xmpp::Two::private().await;
    let data = two.data();
    let arguments = [
        "chat",
        "--plain",
        "--peer",
        "bob@example.org",
        "--data",
        data.to_str().unwrap(),
    ];
    // The proxy has two profiles, and nobody has said which.
    assert!(!Talker::with("nobody", &arguments).ended());
    let mut chat = Talker::with("alice", &[&arguments[..], &["--profile", "alice"]].concat());
    chat.expect(&["you are alice@example.org"]);
    chat.say(SECRETS[0]);
    chat.expect(&["[private, unverified]", SECRETS[0]]);
    two.ben.until(&["alice@example.org", SECRETS[0]]).await;
    two.ann
        .until(&["chatham.invalid", "you said elsewhere", SECRETS[0]])
        .await;
    let to = |name: &str, text: &str| {
        format!("<message type='chat' to='{name}@example.org' id='p'><body>{text}</body></message>")
    };
    two.ben.say(&to("alice", SECRETS[1])).await;
    chat.expect(&["[private, unverified] <bob@example.org>", SECRETS[1]]);
    two.ann.say(&to("bob", SECRETS[2])).await;
    chat.expect(&["[private, unverified]", SECRETS[2]]);
    // One of their clients is nobody else with whom nothing private stands.
    chat.say(&format!("/msg bob@example.org/b {}", SECRETS[3]));
    chat.expect(&["not sent", "no person"]);
    assert!(chat.quit());
    two.nothing_leaked(&SECRETS);
}

/// Somebody who says what they like to whoever connects.
fn impostor(answers: Vec<u8>) -> (tempfile::TempDir, Talker) {
    let folder = tempfile::tempdir().unwrap();
    let control = folder.path().join("control");
    fs::create_dir(&control).unwrap();
    for path in [folder.path(), &control] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let listener = UnixListener::bind(control.join("socket")).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answers) = (stream.unwrap(), answers.clone());
            std::thread::spawn(move || {
                let hello = r#"{"hello":"chatham-control","version":1,"pid":7,"profiles":["default"]}"#;
                let _gone = writeln!(stream, "{hello}");
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let key = format!(
                    r#"{{"event":"own-fingerprint","fingerprint":"{}"}}"#,
                    "AB".repeat(20)
                );
                let network =
                    r#"{"event":"network","connected":true,"nick":"mallory","case-mapping":"rfc1459"}"#;
                for told in [key.as_str(), network] {
                    if lines.next().is_none() {
                        return;
                    }
                    let _gone = writeln!(stream, "{told}\n{{\"done\":true}}");
                }
                let _gone = stream.write_all(&answers);
                // It stays until the other goes, so that what was said is read.
                lines.for_each(drop);
            });
        }
    });
    let data = folder.path().to_str().unwrap().to_owned();
    let chat = Talker::with("victim", &["chat", "--plain", "--peer", "bob", "--data", &data]);
    (folder, chat)
}

#[test]
fn a_hostile_socket_is_told_of_and_does_no_harm() {
    for (answer, words) in [
        (
            &b"{\"event\":\"dance\\u001b[2J\"}\n"[..],
            "does not understand: dance",
        ),
        (b"[]\n", "does not understand: nothing"),
        (b"7\n", "does not understand"),
        (
            b"{\"event\":\"heard\",\"with\":\"bob\"}\n",
            "does not understand: heard",
        ),
        (
            b"{\"event\":\"standing\",\"with\":7}\n",
            "does not understand: standing",
        ),
        (
            b"{\"event\":\"network\",\"connected\":9}\n",
            "does not understand: network",
        ),
        (b"{\"done\":false,\"id\":99}\n", "says not why"),
        (b"no JSON\n", "the connection is gone"),
        (b"\xff\xfe\n", "the connection is gone"),
    ] {
        let (_folder, mut chat) = impostor(answer.to_vec());
        chat.expect(&["you are mallory"]);
        let shown = chat.expect(&[words]);
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }
    // Nothing is told that could be taken for words of the program or of somebody else.
    let forged = "{\"event\":\"heard\",\"with\":\"bob\",\"text\":\"x\\n*** all is well\",\"me\":false,\
                  \"security\":\"clear\",\"expected\":true,\"device\":\"00000000\"}\n";
    let (_folder, mut chat) = impostor(forged.as_bytes().to_vec());
    chat.expect(&["[clear!] <bob> x"]);
    chat.expect(&["[clear!] <bob> *** all is well"]);
    for (answer, words) in [
        (
            r#"{"event":"mistake","with":"bob","words":"x\n*** \u001b[2J"}"#,
            "*** bob: x⏎*** ␛[2J",
        ),
        (r#"{"done":false,"error":"y\n*** \u001b[2J"}"#, "*** y⏎*** ␛[2J"),
        (
            r#"{"event":"not-sent","with":"bob","line":1,"text":"t","me":false,"reason":"z\n***","held":false}"#,
            "*** bob: z⏎***",
        ),
    ] {
        let (_folder, mut chat) = impostor(format!("{answer}\n").into_bytes());
        assert_eq!(chat.expect(&["⏎"]), words);
    }
    // A line without an end, longer than any may be.
    let (_folder, mut chat) = impostor(vec![b'x'; 5 << 20]);
    chat.expect(&["the connection is gone", "has no end"]);
}
