//! Somebody behind a proxy, with a client that knows nothing of OTR, and somebody with an engine of their own.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use std::future::Future;

use chatham::engine::notice::How;
use im::irc::{Capability, Pacing};
use im::relay::{Capture, Relay};

use crate::doors::{Client, House, network};
use crate::seats::Someone;

/// Alice behind the proxy with a client that knows nothing, Bob with an engine of his own.
pub struct Pair {
    pub house: House,
    pub alice: Client,
    pub bob: Someone,
    pub relay: Relay,
    pub capture: Capture,
}

impl Pair {
    pub async fn clear() -> Self {
        Self::with("").await
    }

    pub async fn with(more: &str) -> Self {
        let (relay, capture) = network(Vec::new()).await;
        let house = House::with(relay.address().port(), more).await;
        let alice = house.enter("alice").await;
        Self::of(house, alice, (relay, capture)).await
    }

    /// At a server that sends back what one says.
    pub async fn echoing() -> Self {
        let network = network(vec![
            Capability::EchoMessage,
            Capability::MessageTags,
            Capability::ServerTime,
        ])
        .await;
        let house = House::before(network.0.address().port()).await;
        let mut alice = house.knock().await;
        alice.say("CAP LS 302").await;
        alice.say(&format!("PASS {}", house.password)).await;
        alice.until(&["CAP", "LS", "echo-message"]).await;
        alice.say("CAP REQ :echo-message server-time").await;
        alice.until(&["ACK", "echo-message"]).await;
        alice.say("CAP END").await;
        alice.register(None, "alice").await;
        Self::of(house, alice, network).await
    }

    /// Bob comes to where Alice is.
    pub async fn of(house: House, alice: Client, (relay, capture): (Relay, Capture)) -> Self {
        let bob = Someone::sit(&relay, "bob", 2, Pacing::unlimited()).await;
        Self {
            house,
            alice,
            bob,
            relay,
            capture,
        }
    }

    pub async fn private() -> Self {
        let mut pair = Self::clear().await;
        pair.become_private().await;
        pair
    }

    pub async fn become_private(&mut self) {
        // Bob knows Alice, so that her question is no stranger's.
        self.bob.say("alice", "hello");
        self.alice.say("PRIVMSG bob :!otr start").await;
        let bob = &mut self.bob;
        meanwhile(
            bob,
            self.alice
                .until(&["*chatham", "private conversation (OTR version 3)"]),
        )
        .await;
        bob.until(|bob| {
            bob.told
                .iter()
                .any(|what| format!("{what:?}").starts_with("Private"))
        })
        .await;
    }

    pub async fn alice_hears(&mut self, parts: &[&str]) -> String {
        meanwhile(&mut self.bob, self.alice.until(parts)).await
    }

    pub async fn bob_hears(&mut self, text: &str) -> How {
        self.bob.until(|bob| bob.has_heard(text)).await;
        let heard = self.bob.heard.iter().find(|(heard, _)| heard == text);
        heard.unwrap().1
    }

    /// No four bytes of any of these went over the relay's sockets.
    pub fn nothing_of(&self, texts: &[&str]) {
        assert!(self.capture.is_complete());
        for text in texts {
            for bytes in text.as_bytes().windows(4) {
                let found = self.capture.find(bytes);
                assert!(
                    found.is_empty(),
                    "{:?} of {text:?} stands in the capture",
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }
}

/// Lets somebody go on while something else is waited for.
pub async fn meanwhile<T>(someone: &mut Someone, wait: impl Future<Output = T>) -> T {
    tokio::pin!(wait);
    loop {
        tokio::select! {
            done = &mut wait => return done,
            () = someone.step() => {}
        }
    }
}

// No four bytes of these can stand in base64.
pub const UP: [&str; 3] = ["«·1·» Grüße·vön·ünté", "«·2·»·ö", "»äöü·äöü«"];
pub const DOWN: [&str; 2] = ["›·1·‹·öäü·öäü", "›·2·‹·hïér·ö"];
