//! Two people behind doors to XMPP accounts, with scripted clients that know nothing of OTR, and a scripted server that
//! remembers what it got: what passes, what does not, and what nobody else can make a client believe.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod xmpp;

use std::time::Duration;

use xmpp::{BOUND, Client, Two, body};

// No four letters in a row that could be base64: ciphertext has them by chance.
const SECRETS: [&str; 4] = ["ge·hëïm·eï·ns", "ge·hëïm·zw·eï", "ge·hëïm·dr·eï", "ge·hëïm·vi·ér"];

#[tokio::test(flavor = "multi_thread")]
async fn a_private_text_goes_up_as_ciphertext_alone_and_comes_down_as_it_was_said() {
    let mut two = Two::private().await;
    let rich = |text: &str, id: &str| {
        format!(
            "<message type='chat' to='bob@example.org' id='{id}'><body>{text}</body><subject>{text}</subject>\
             <html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><b>{text}</b></body>\
             </html><request xmlns='urn:xmpp:receipts'/><x xmlns='some:thing'>{text}</x></message>"
        )
    };
    two.ann.say(&rich(SECRETS[0], "m1")).await;
    let shown = two.ben.until(&[SECRETS[0], "<body"]).await;
    assert!(shown.contains("urn:xmpp:receipts"), "{shown}");
    assert!(shown.contains("alice@example.org/a"), "{shown}");
    assert!(!shown.contains("?OTR") && !shown.contains("xhtml-im"), "{shown}");
    two.ben
        .say(&format!(
            "<message type='chat' to='alice@example.org/a' id='m2'><body>{} &amp; &lt;b&gt;</body></message>",
            SECRETS[1]
        ))
        .await;
    two.ann.until(&[&format!("{} &amp; &lt;b", SECRETS[1])]).await;
    // What names no device yet goes to the one that has asked, wherever the server would take it.
    let answer = two
        .server
        .heard("bob")
        .into_iter()
        .find(|stanza| stanza.contains("?OTR:"))
        .unwrap();
    assert!(answer.contains(&format!("to='{BOUND}'")), "{answer}");
    let up = two.server.heard("alice");
    let sent = up.iter().rfind(|stanza| stanza.contains("id='m1'")).unwrap();
    assert!(sent.contains("<body>?OTR:"), "{sent}");
    for hint in [
        "urn:xmpp:eme:0",
        "no-copy",
        "no-permanent-store",
        "<private xmlns='urn:xmpp:carbons:2'/>",
    ] {
        assert!(sent.contains(hint), "{hint}: {sent}");
    }
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_texts_is_held_back_while_private() {
    let mut two = Two::private().await;
    let reaction = "<message type='chat' to='bob@example.org' id='r1'><reactions xmlns='urn:xmpp:reactions:0' \
        id='x'><reaction>ge·hëïm·eï·ns</reaction></reactions></message>";
    two.ann.say(reaction).await;
    two.ann.until(&["chatham.invalid", "not sent"]).await;
    // What says nothing of anybody's words passes, and nothing else with it.
    let state = "<message type='chat' to='bob@example.org' id='r2'><composing \
        xmlns='http://jabber.org/protocol/chatstates'>ge·hëïm·zw·eï</composing></message>";
    two.ann.say(state).await;
    two.ben.until(&["<composing"]).await;
    two.nothing_leaked(&SECRETS);
    assert!(!two.server.heard("alice").concat().contains("reactions"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_conversation_passes_byte_for_byte() {
    let mut two = Two::private().await;
    for stanza in [
        "<message  type=\"groupchat\" to='room@rooms.example.org' ><body>a  &amp;&#x20;b</body><x xmlns='y'/></message>",
        "<iq type='set' id='q1' to='example.org'><query xmlns='some:thing'  a=\"1\"><![CDATA[<]]></query></iq>",
        "<presence to='bob@example.org' ><show>away</show></presence>",
    ] {
        two.ann.say(stanza).await;
        two.server.until("alice", |heard| heard == stanza).await;
    }
    for stanza in [
        "<message from='room@rooms.example.org/bob'  type=\"groupchat\"><body>?OTR:AAMD &amp;&#x20;b</body></message>",
        "<iq from='example.org' type='result' id='q1' ><query xmlns='some:thing'  a=\"1\"/></iq>",
    ] {
        two.server.inject("alice", stanza).await;
        two.ann.until_is(stanza).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s60_copies_count_from_the_own_address_only_and_never_with_ciphertext() {
    let mut two = Two::private().await;
    let copy = |from: &str, text: &str| {
        format!(
            "<message from='{from}' to='{BOUND}' type='chat'><sent xmlns='urn:xmpp:carbons:2'><forwarded \
             xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='alice@example.org/b' to='bob@example.org' \
             type='chat'><body>{text}</body></message></forwarded></sent></message>"
        )
    };
    for (from, text) in [
        ("bob@example.org/b", "forged one"),
        ("example.org", "forged two"),
        ("alice@example.org/b", "forged three"),
        ("alice@example.org", "?OTR:AAMDAAABAQAAAgIA."),
    ] {
        two.server.inject("alice", &copy(from, text)).await;
    }
    let good = copy("alice@example.org", "said elsewhere");
    two.server.inject("alice", &good).await;
    two.ann.until_is(&good).await;
    for text in ["forged", "AAMDAAABAQAAAgIA"] {
        assert!(!two.ann.saw(text), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_and_is_no_word_of_anybody() {
    let mut two = Two::private().await;
    two.ann
        .say(&format!(
            "<message type='chat' to='bob@example.org' id='e1'><body>{}</body></message>",
            SECRETS[2]
        ))
        .await;
    two.ben.until(&[SECRETS[2]]).await;
    let heard = two.server.heard("alice");
    let sent = heard.iter().rfind(|stanza| stanza.contains("id='e1'")).unwrap();
    let returned = body(sent);
    // The whole ciphertext comes back, and then somebody's question: neither may be answered as if Bob had said it.
    let before = heard.len();
    for body in [returned, "?OTRv34?"] {
        two.server
            .inject(
                "alice",
                &format!(
                    "<message from='bob@example.org/b' to='{BOUND}' type='error' id='e1'><body>{body}</body><error \
                     type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
                ),
            )
            .await;
    }
    two.ann
        .until(&["chatham.invalid", "was not delivered (service-unavailable)"])
        .await;
    two.ann
        .say("<iq type='get' id='fence' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    two.server.until("alice", |heard| heard.contains("'fence'")).await;
    let after: Vec<String> = two.server.heard("alice").split_off(before);
    assert!(!after.concat().contains("?OTR"), "{after:#?}");
    assert!(!two.ann.saw(returned), "ciphertext is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn s66_nobody_on_the_network_speaks_in_the_name_of_the_proxy() {
    let mut two = Two::both_arrive().await;
    for stanza in [
        "<message from='chatham@chatham.invalid' type='chat'><body>forged words</body></message>",
        "<message from='Chatham@CHATHAM.Invalid/proxy' type='chat'><body>forged words</body></message>",
        "<message from='alice@example.org' type='chat'><received xmlns='urn:xmpp:carbons:2'><forwarded \
         xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='chatham@chatham.invalid/proxy' \
         type='chat'><body>forged words</body></message></forwarded></received></message>",
        "<presence from='chatham@chatham.invalid' type='unavailable'><status>forged words</status></presence>",
    ] {
        two.server.inject("alice", stanza).await;
    }
    two.ann.until(&["chatham.invalid", "came in the name of"]).await;
    two.server
        .inject(
            "alice",
            "<message from='bob@example.org/b' type='chat'><body>fence</body></message>",
        )
        .await;
    two.ann.until(&["fence"]).await;
    assert!(!two.ann.saw("forged words"));
    // And what is said to the proxy stays here.
    two.ann
        .say("<message type='chat' to='chatham@chatham.invalid' id='c1'><body>status bob@example.org</body></message>")
        .await;
    two.ann.until(&["chatham.invalid", "bob@example.org:"]).await;
    let up = two.server.heard("alice").concat();
    assert!(!up.contains("chatham.invalid") && !up.contains("status"), "{up}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_wrong() {
    let two = Two::both_arrive().await;
    let said = Client::refused(two.door(0), "hunter2").await;
    assert!(said.contains("<not-authorized/>"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_the_server_goes_waits_and_goes_later() {
    let mut two = Two::private().await;
    two.server.cut("alice").await;
    two.ann.until(&["remote-connection-failed"]).await;
    two.ann
        .say(&format!(
            "<message type='chat' to='bob@example.org' id='late'><body>{}</body></message>",
            SECRETS[3]
        ))
        .await;
    two.ann.leave().await;
    two.ann = Client::enter("alice", two.door(0)).await;
    let shown = two.ben.until(&[SECRETS[3]]).await;
    assert!(!shown.contains("?OTR"), "{shown}");
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_the_client_has_not_read_are_shown_to_the_next_one() {
    let mut two = Two::both_arrive().await;
    // More than the sockets on the way hold.
    let long = "long ".repeat(40_000);
    for number in 0..64 {
        let text = format!(
            "<message from='bob@example.org/b' to='{BOUND}' type='chat'><body>number {number:02} {long}</body></message>"
        );
        two.server.inject("alice", &text).await;
    }
    two.ann.until(&["number 00"]).await;
    // Until the way is full: nobody can see that from here.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let door = two.door(0);
    drop(two.ann);
    let mut next = Client::enter("alice", door).await;
    next.until(&["<body>number "]).await;
}

/// A copy of what another device of Alice got from Bob.
fn copied(text: &str) -> String {
    format!(
        "<message from='alice@example.org' to='{BOUND}' type='chat'><received xmlns='urn:xmpp:carbons:2'><forwarded \
         xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@example.org/a' to='alice@example.org' \
         type='chat'><body>{text}</body></message></forwarded></received></message>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_us_is_read_once_though_the_server_gave_it_to_another_device() {
    let mut two = Two::private().await;
    // What Bob writes to the account goes elsewhere: here it is kept from Alice, and a copy is made of it.
    two.server.divert("alice");
    let say = |text: &str| {
        format!("<message type='chat' to='alice@example.org' id='c'><body>{text}</body></message>")
    };
    two.ben.say(&say(SECRETS[0])).await;
    two.server.until("bob", |stanza| stanza.contains("id='c'")).await;
    let heard = two.server.heard("bob");
    let said = heard.iter().rfind(|stanza| stanza.contains("id='c'")).unwrap();
    let text = body(said);
    assert!(text.starts_with("?OTR:"), "{said}");
    for _ in 0..2 {
        two.server.inject("alice", &copied(text)).await;
    }
    two.ann.until(&["bob@example.org/a", SECRETS[0]]).await;
    // What is for another device, how an exchange begins that nobody here has asked for, and a question.
    let heard = two.server.heard("alice").len();
    for noise in [
        "?OTR:AAMDAAABAQAAAgIA.",
        "?OTR:AAMCAAABAQAAAAAA.",
        "?OTRv34?",
        "?OTR Error: x",
    ] {
        two.server.inject("alice", &copied(noise)).await;
    }
    two.server.inject("alice", &copied("the end")).await;
    // Clear words amid private ones have their mark, in a copy as well.
    let last = two.ann.until(&["[CLEAR, NOT PRIVATE!] the end"]).await;
    assert!(
        last.contains("carbons") && last.contains("bob@example.org/a"),
        "{last}"
    );
    assert_eq!(two.ann.times(SECRETS[0]), 1);
    assert!(!two.ann.saw("?OTR"));
    assert_eq!(two.server.heard("alice").len(), heard, "something was answered");
    two.nothing_leaked(&SECRETS);
}

/// A message out of an archive, of this version of its specification.
fn archived(from: &str, version: u32, text: &str) -> String {
    format!(
        "<message from='{from}' to='{BOUND}'><result xmlns='urn:xmpp:mam:{version}' id='r'><forwarded \
         xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@example.org/b' to='alice@example.org' \
         type='chat'><body>{text}</body></message></forwarded></result></message>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_gives_out_no_ciphertext_and_nobody_has_one_of_their_own() {
    let mut two = Two::private().await;
    let heard = two.server.heard("alice").len();
    for version in 0..3 {
        for text in ["?OTR:AAMDAAABAQAAAgIA.", "?OTRv34?"] {
            two.server
                .inject("alice", &archived("alice@example.org", version, text))
                .await;
        }
        two.server
            .inject("alice", &archived("bob@example.org", version, "forged"))
            .await;
        let good = archived("alice@example.org", version, "said before");
        two.server.inject("alice", &good).await;
        two.ann.until_is(&good).await;
    }
    // Whoever has no private conversation with us may be a room that the client asks.
    let room = archived("room@rooms.example.org", 2, "said there")
        .replace("from='bob@example.org/b'", "from='room@rooms.example.org/bob'");
    two.server.inject("alice", &room).await;
    two.ann.until_is(&room).await;
    // But nobody tells what others have said elsewhere.
    for (stranger, text) in [
        ("mallory@example.net", "forged"),
        ("example.net", "forged"),
        ("mallory@example.net", "?OTR:AAMDAAABAQAAAgIA."),
    ] {
        let forged = archived(stranger, 2, text).replace("bob@", "carol@");
        two.server.inject("alice", &forged).await;
    }
    let copy = copied("forged").replace("from='alice@example.org'", "from='room@rooms.example.org/bob'");
    let copy = copy.replacen("type='chat'", "type='groupchat'", 1);
    two.server.inject("alice", &copy).await;
    two.server.inject("alice", &room).await;
    assert_eq!(two.ann.count(&two.server, "alice", "said there").await, 2);
    assert!(!two.ann.saw("carol@"));
    assert!(!two.ann.saw("?OTR") && !two.ann.saw("forged"));
    assert_eq!(two.server.heard("alice").len(), heard, "something was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_waited_keeps_its_identifier_and_the_request_for_a_receipt() {
    let mut two = Two::private().await;
    two.ben
        .say("<message type='chat' to='alice@example.org' id='e'><body>!otr end</body></message>")
        .await;
    two.ann.until(&["chatham.invalid", "ended"]).await;
    two.ann
        .say(&format!(
            "<message type='chat' to='bob@example.org' id='waits'><body>{}</body><request xmlns='urn:xmpp:receipts'/>\
             </message>",
            SECRETS[0]
        ))
        .await;
    two.ann.until(&["chatham.invalid", "not sent"]).await;
    two.ann
        .say("<message type='chat' to='bob@example.org' id='s'><body>!otr start</body></message>")
        .await;
    let shown = two.ben.until(&[SECRETS[0]]).await;
    assert!(
        shown.contains("id='waits'") && shown.contains("urn:xmpp:receipts"),
        "{shown}"
    );
    // A receipt for anything else would be taken for one of the text.
    let named = |stanza: &&String| stanza.contains("id='waits'") || stanza.contains("urn:xmpp:receipts");
    let up = two.server.heard("alice");
    assert_eq!(up.iter().filter(named).count(), 1, "{up:#?}");
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_that_a_waiting_text_asks_takes_nothing_of_it() {
    let mut two = Two::both_arrive().await;
    let to = |name: &str, text: &str| {
        format!(
            "<message type='chat' to='{name}@example.org' id='waits'><body>{text}</body><request \
             xmlns='urn:xmpp:receipts'/></message>"
        )
    };
    // Who has spoken is no stranger.
    two.ben.say(&to("alice", "in the clear")).await;
    two.ann.until(&["in the clear"]).await;
    two.ann.say(&to("bob", "!otr policy always")).await;
    two.ann.say(&to("bob", SECRETS[0])).await;
    let shown = two.ben.until(&[SECRETS[0]]).await;
    assert!(
        shown.contains("id='waits'") && shown.contains("urn:xmpp:receipts"),
        "{shown}"
    );
    let up = two.server.heard("alice");
    let question = up.iter().find(|stanza| stanza.contains("?OTRv")).unwrap();
    assert!(
        !question.contains("id='waits'") && !question.contains("receipts"),
        "{question}"
    );
    two.nothing_leaked(&SECRETS);
}
