//! Two people behind two proxies, each with a client that knows nothing; everything is done from shells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod control;

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use control::{Client, Proxy, network, said};
use serde_json::Value;

/// What `ctl watch` tells.
struct Watch {
    child: std::process::Child,
    events: Receiver<Value>,
    seen: Vec<Value>,
}

impl Watch {
    fn of(proxy: &Proxy) -> Self {
        let mut child = proxy.begin(&["watch", "--json"]);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            let values = lines
                .map_while(Result::ok)
                .map(|line| serde_json::from_str(&line).unwrap());
            for value in values {
                let _sent = sender.send(value);
            }
        });
        Self {
            child,
            events,
            seen: Vec::new(),
        }
    }

    fn until(&mut self, event: &str) -> Value {
        loop {
            let Ok(value) = self.events.recv_timeout(Duration::from_secs(60)) else {
                panic!("{event} never came, but {:#?}", self.seen);
            };
            self.seen.push(value.clone());
            if value["event"] == event {
                return value;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

struct Two {
    alice: Proxy,
    bob: Proxy,
    ann: Client,
    ben: Client,
    watch: Watch,
}

impl Two {
    fn private() -> Self {
        let port = network();
        let (alice, bob) = (Proxy::start(port), Proxy::start(port));
        let (ann, mut ben) = (alice.enter("alice"), bob.enter("bob"));
        let watch = Watch::of(&bob);
        // Bob knows Alice, so that her question is no stranger's.
        ben.say("PRIVMSG alice :hello");
        let mut two = Self {
            alice,
            bob,
            ann,
            ben,
            watch,
        };
        two.ann.until(&[":hello"]);
        let said = two.alice.done(&["start", "bob", "--wait", "60"]);
        assert!(said.contains("private conversation (OTR version 4)"), "{said}");
        two.watch.until("private");
        two
    }
}

#[test]
fn a_secret_is_compared_from_two_shells() {
    let mut two = Two::private();
    let mut asking = two.alice.begin(&[
        "verify",
        "bob",
        "question",
        "which bird?",
        "--wait",
        "60",
        "--json",
    ]);
    std::io::Write::write_all(&mut asking.stdin.take().unwrap(), "ämsel\n".as_bytes()).unwrap();
    let asked = two.watch.until("asked");
    assert_eq!(
        (&asked["question"], &asked["with"]),
        (&"which bird?".into(), &"alice".into())
    );
    let (code, words, complaint) = two.bob.ctl_with("ämsel\n", &["answer", "alice", "--wait", "60"]);
    assert_eq!(code, 0, "{words}{complaint}");
    let (code, words, complaint) = said(asking.wait_with_output().unwrap());
    assert_eq!(code, 0, "{words}{complaint}");
    let last: Value = serde_json::from_str(words.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["verified"]),
        (&"same-secret".into(), &true.into())
    );
    // Whoever sits at the client learns of it, too.
    two.ann.until(&["*chatham", "VERIFIED"]);
    let status = two.alice.done(&["status", "bob"]);
    assert!(
        status.contains("text goes private, to a verified key"),
        "{status}"
    );
    let known = two.alice.keys(&["list", "--json"]).1;
    let known: Value = serde_json::from_str(&known).unwrap();
    assert_eq!(known["known"][0]["trust"], "smp", "{known}");

    // Another secret: nobody is verified by it, and the exit code says so.
    let mut asking = two.alice.begin(&["verify", "bob", "secret", "--wait", "60"]);
    std::io::Write::write_all(&mut asking.stdin.take().unwrap(), b"owl").unwrap();
    two.watch.until("asked");
    let (code, ..) = two.bob.ctl_with("crow", &["answer", "alice", "--wait", "60"]);
    assert_eq!(code, 4);
    let (code, words, _) = said(asking.wait_with_output().unwrap());
    assert_eq!(code, 4, "{words}");
}

#[test]
fn everything_of_a_conversation_can_be_done_from_a_shell() {
    let mut two = Two::private();
    let people = two.alice.done(&["people"]);
    assert_eq!(people, "bob: private, unverified\n");
    let own = two.alice.done(&["fingerprints"]);
    assert!(own.starts_with("your own key: "), "{own}");
    let (code, _, complaint) = two.alice.ctl(&["confirm", "bob"]);
    assert!(
        code == 1 && complaint.contains("nothing was compared yet"),
        "{complaint}"
    );
    let compare = two.alice.done(&["verify", "bob"]);
    assert!(compare.contains("`chatham ctl confirm bob`"), "{compare}");
    two.alice.done(&["confirm", "bob"]);
    assert_eq!(two.alice.done(&["people"]), "bob: private, verified\n");
    // A key that is distrusted gets nothing before another decision.
    two.alice.done(&["distrust", "bob"]);
    assert!(two.alice.done(&["people"]).contains("nothing is sent"));
    two.alice.done(&["accept", "bob"]);
    assert_eq!(two.alice.done(&["people"]), "bob: private, unverified\n");

    // They end it: what is said then waits, and can be looked at and dropped.
    two.bob.done(&["end", "alice"]);
    two.ben.until(&["*chatham", "private conversation ended"]);
    two.ann.until(&["*chatham", "ended the private conversation"]);
    two.ann.say("PRIVMSG bob :a text that waits");
    two.ann.until(&["*chatham", "not sent"]);
    let held = two.alice.done(&["held", "bob"]);
    assert!(held.contains("a text that waits"), "{held}");
    let (code, _, complaint) = two.alice.ctl(&["send-again", "bob", "77"]);
    assert!(
        code == 1 && complaint.contains("no text of this number"),
        "{complaint}"
    );
    two.alice.done(&["drop", "bob"]);
    two.ann.until(&["*chatham", "dropped"]);
    let policy = two.alice.done(&["policy", "bob", "always", "--json"]);
    assert!(policy.contains("\"require-encryption\":true"), "{policy}");
    two.alice.done(&["end", "bob"]);
    two.ann.say("PRIVMSG bob :not in the clear");
    two.ann.until(&["*chatham", "not sent"]);
    // Nothing of what was said was told to whoever watched.
    let seen = format!("{:?}", two.watch.seen);
    assert!(!seen.contains("hello") && !seen.contains("waits"), "{seen}");
}

#[test]
fn keys_are_looked_at_and_trusted_while_the_proxy_talks() {
    let mut two = Two::private();
    let list = two.alice.keys(&["list", "--json"]);
    let list: Value = serde_json::from_str(&list.1).unwrap();
    let key = list["known"][0]["fingerprint"].as_str().unwrap().to_owned();
    let (code, words, complaint) = two.alice.keys(&["trust", "bob", &key, "--yes"]);
    assert!(
        code == 0 && words.contains("verified by comparing"),
        "{words}{complaint}"
    );
    // The conversation knows it at once, and so does the client.
    assert_eq!(two.alice.done(&["people"]), "bob: private, verified\n");
    two.ann.until(&["*chatham", "verified by comparing"]);
    let (code, _, complaint) = two.alice.keys(&["trust", "bob", &"AB".repeat(20), "--yes"]);
    assert!(
        code == 1 && complaint.contains("has never shown the key"),
        "{complaint}"
    );
    assert_eq!(two.alice.keys(&["distrust", "bob", &key]).0, 0);
    assert!(two.alice.done(&["people"]).contains("nothing is sent"));
    assert!(two.alice.end() && two.bob.end());
    let list = two.alice.keys(&["list", "--json"]);
    let list: Value = serde_json::from_str(&list.1).unwrap();
    assert_eq!(list["known"][0]["trust"], "none", "it is in the store: {list}");
}
