//! Two people, each behind a proxy, speak version 4, whatever the network calls them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod doors;

use im::relay::{Capture, Relay};

use crate::doors::{Client, House, network};

/// What the proxy says of a private conversation in version 4.
const PRIVATE: [&str; 2] = ["*chatham", "private conversation (OTR version 4)"];
// No four bytes of these can stand in base64.
const UP: &str = "«·1·» Grüße·vön·ünté";
const DOWN: &str = "›·1·‹·öäü·öäü";

struct Pair {
    alice: Client,
    bob: Client,
    capture: Capture,
    _network: (Relay, House, House),
}

impl Pair {
    async fn called(alice: &str, bob: &str) -> Self {
        let (relay, capture) = network(Vec::new()).await;
        let houses = [
            House::before(relay.address().port()).await,
            House::before(relay.address().port()).await,
        ];
        let [of_alice, of_bob] = houses;
        let mut pair = Self {
            alice: of_alice.enter(alice).await,
            bob: of_bob.enter(bob).await,
            capture,
            _network: (relay, of_alice, of_bob),
        };
        // Bob has spoken to her, so that her wish is no stranger's.
        pair.bob.say(&format!("PRIVMSG {alice} :hello")).await;
        pair.alice.until(&["hello"]).await;
        pair
    }

    async fn become_private(&mut self, bob: &str) {
        self.alice.say(&format!("PRIVMSG {bob} :!otr start")).await;
        self.alice.until(&PRIVATE).await;
        self.bob.until(&PRIVATE).await;
    }

    async fn talk(&mut self, alice: &str, bob: &str) {
        self.alice.say(&format!("PRIVMSG {bob} :{UP}")).await;
        self.bob.until(&[UP]).await;
        self.bob.say(&format!("PRIVMSG {alice} :{DOWN}")).await;
        self.alice.until(&[DOWN]).await;
    }
}

#[tokio::test]
async fn two_proxies_speak_version_four() {
    let mut pair = Pair::called("alice", "bob").await;
    pair.become_private("bob").await;
    pair.talk("alice", "bob").await;
    pair.alice.say("PRIVMSG bob :!otr fingerprints").await;
    pair.alice
        .until(&["*chatham", "your own key", "in version 4, and "])
        .await;
    for text in [UP, DOWN] {
        for bytes in text.as_bytes().windows(4) {
            assert!(pair.capture.find(bytes).is_empty(), "{text:?} has passed");
        }
    }
}

#[tokio::test]
async fn names_are_signed_as_the_network_folds_them() {
    let mut pair = Pair::called("Alice[1]", "BOB").await;
    pair.become_private("bob").await;
    pair.talk("alice{1}", "Bob").await;
}

#[tokio::test]
async fn a_new_nick_is_no_obstacle() {
    let mut pair = Pair::called("alice", "bob").await;
    for client in [&mut pair.alice, &mut pair.bob] {
        client.say("JOIN #room").await;
        client.until(&[" 366 "]).await;
    }
    pair.alice.say("NICK alicia").await;
    pair.bob.until(&["NICK", "alicia"]).await;
    pair.bob.say("PRIVMSG alicia :hello again").await;
    pair.alice.until(&["hello again"]).await;
    pair.become_private("bob").await;
    pair.talk("alicia", "bob").await;
}
