//! Several clients of one XMPP account behind one door: one person with one private conversation, shown on each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod xmpp;

use xmpp::{Client, Two};

// No four letters in a row that could be base64: ciphertext has them by chance.
const SECRETS: [&str; 4] = ["ge·hëïm·eï·ns", "ge·hëïm·zw·eï", "ge·hëïm·dr·eï", "ge·hëïm·vi·ér"];
const COPY: &str = "urn:xmpp:carbons:2";

fn to_bob(id: &str, text: &str) -> String {
    format!("<message type='chat' to='bob@example.org' id='{id}'><body>{text}</body></message>")
}

/// Alice's second client.
async fn desk(two: &Two) -> Client {
    Client::enter_with_copies("alice", "desk", two.door(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_write_into_one_private_conversation() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    two.ann.say(&to_bob("a1", SECRETS[0])).await;
    two.ben.until(&[SECRETS[0]]).await;
    desk.say(&to_bob("d1", SECRETS[1])).await;
    two.ben.until(&[SECRETS[1]]).await;
    // Both know what was said on the other one, if they have asked for copies.
    let shown = desk.until(&[SECRETS[0]]).await;
    for part in [
        COPY,
        "<sent",
        "from='alice@example.org' to='alice@example.org/desk'",
        "from='alice@example.org/a' id='a1' to='bob@example.org'",
    ] {
        assert!(shown.replace('"', "'").contains(part), "{part}: {shown}");
    }
    assert_eq!(desk.count(&two.server, "alice/desk", SECRETS[0]).await, 1);
    assert_eq!(two.ann.count(&two.server, "alice/a", SECRETS[1]).await, 0);
    assert_eq!(two.ben.count(&two.server, "bob", "ge·hëïm").await, 2);
    // What is encrypted has an order, and two streams have none.
    let by_desk = two.server.heard("alice/desk").concat();
    assert!(!by_desk.contains("?OTR"), "{by_desk}");
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_text_is_shown_once_on_each_client_whoever_gets_it() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    let to = |to: &str, text: &str| {
        format!("<message type='chat' to='alice@example.org{to}' id='b1'><body>{text}</body></message>")
    };
    // For one of them, which is where she has been heard.
    two.ben.say(&to("", SECRETS[0])).await;
    let shown = desk.until(&[SECRETS[0]]).await;
    assert!(shown.contains(COPY) && shown.contains("<received"), "{shown}");
    assert!(shown.contains("bob@example.org/b"), "{shown}");
    two.ann.until(&[SECRETS[0]]).await;
    // Whoever has gone through another server, or forgets where she is, writes to all of them.
    let ciphertext = two.server.heard("bob").pop().unwrap();
    assert!(ciphertext.contains("?OTR:"), "{ciphertext}");
    let again = ciphertext.replacen("<message", "<message from='bob@example.org/b'", 1);
    two.server.inject("alice/desk", &again).await;
    for (client, who) in [(&mut two.ann, "alice/a"), (&mut desk, "alice/desk")] {
        assert_eq!(client.count(&two.server, who, SECRETS[0]).await, 1, "{who}");
        assert!(!client.saw("?OTR"), "{who}");
        assert!(!client.saw("could not be read"), "{who}");
    }
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_gives_to_both_is_answered_once() {
    let mut two = Two::both_arrive().await;
    let mut desk = desk(&two).await;
    // Who is written to is no stranger. The answer has an offer in it, and the server gives it to both.
    two.ann.say(&to_bob("k", "hi")).await;
    two.ben.until(&["hi"]).await;
    two.ben
        .say("<message type='chat' to='alice@example.org' id='h'><body>hello</body></message>")
        .await;
    two.ann
        .until(&["chatham.invalid", "private conversation ("])
        .await;
    desk.until(&["chatham.invalid", "private conversation ("]).await;
    // The first message of an exchange of version 4.
    let asked = two.server.heard("alice");
    assert_eq!(asked.iter().filter(|said| said.contains("?OTR:AAQ1")).count(), 1);
    for (client, who) in [(&mut two.ann, "alice/a"), (&mut desk, "alice/desk")] {
        assert_eq!(client.count(&two.server, who, "hello").await, 1, "{who}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_gives_to_both_is_told_once() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    let error = "<message from='bob@example.org/b' type='chat' id='e'><body>?OTR Error: the cat is on the keys</body></message>";
    two.server.inject("alice/a", error).await;
    two.ann.until(&["chatham.invalid", "the cat"]).await;
    desk.until(&["chatham.invalid", "the cat"]).await;
    // It is answered; what comes behind that is news.
    desk.until(&["chatham.invalid", "has new keys"]).await;
    two.server.inject("alice/desk", error).await;
    assert_eq!(desk.count(&two.server, "alice/desk", "the cat").await, 1);
    // The next one is another one, though it says the same.
    let again = error.replace("id='e'", "id='f'");
    two.server.inject("alice/desk", &again).await;
    assert_eq!(desk.count(&two.server, "alice/desk", "the cat").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_clients_learn_that_a_conversation_is_over() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    desk.say(&to_bob("x", "!otr status")).await;
    desk.until(&["chatham.invalid", "text goes private"]).await;
    desk.say(&to_bob("x", "!otr end")).await;
    desk.until(&["chatham.invalid", "ended"]).await;
    two.ann.until(&["chatham.invalid", "ended"]).await;
    assert!(!two.ann.saw("text goes private"), "an answer to somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_first_client_goes_the_other_one_goes_on() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    desk.say(&to_bob("d1", SECRETS[0])).await;
    two.ben.until(&[SECRETS[0]]).await;
    two.ann.leave().await;
    desk.until(&["chatham.invalid", "has new keys"]).await;
    desk.say(&to_bob("d2", SECRETS[1])).await;
    let shown = two.ben.until(&[SECRETS[1]]).await;
    assert!(shown.contains("alice@example.org/desk"), "{shown}");
    two.ben
        .say(&format!(
            "<message type='chat' to='alice@example.org' id='b1'><body>{}</body></message>",
            SECRETS[2]
        ))
        .await;
    desk.until(&[SECRETS[2]]).await;
    // And the one that comes back is one of two again.
    two.ann = Client::enter_with_copies("alice", "a", two.door(0)).await;
    two.ann.say(&to_bob("a2", SECRETS[3])).await;
    two.ben.until(&[SECRETS[3]]).await;
    desk.until(&[SECRETS[3], COPY]).await;
    for (number, secret) in SECRETS.iter().enumerate() {
        let shown = two.ben.count(&two.server, "bob", secret).await;
        assert_eq!(shown, usize::from(number != 2), "{secret}");
    }
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_shown_elsewhere_when_it_goes() {
    let mut two = Two::both_arrive().await;
    let mut desk = desk(&two).await;
    two.ben
        .say("<message type='chat' to='alice@example.org' id='c'><body>hello</body></message>")
        .await;
    desk.until(&["hello"]).await;
    desk.say(&to_bob("s", "!otr start")).await;
    desk.say(&to_bob("w", SECRETS[0])).await;
    two.ben.until(&[SECRETS[0]]).await;
    // This client has not asked for copies, and the other one has typed it.
    assert_eq!(desk.count(&two.server, "alice/desk", SECRETS[0]).await, 0);
    assert_eq!(two.ann.count(&two.server, "alice/a", SECRETS[0]).await, 0);
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_places_are_taken_those_who_do_not_answer_go() {
    let mut two = Two::private().await;
    let mut others = Vec::new();
    for number in 2..=8 {
        others.push(Client::enter_as("alice", &format!("c{number}"), two.door(0)).await);
    }
    let door = two.door(0);
    let answer = |ping: String| {
        let id = ping.split("id='").nth(1).unwrap().split('\'').next().unwrap();
        format!("<iq type='result' to='chatham@chatham.invalid/proxy' id='{id}'/>")
    };
    let answers = async {
        let ping = two.ann.until(&["urn:xmpp:ping"]).await;
        two.ann.say(&answer(ping)).await;
        for other in &mut others {
            let ping = other.until(&["urn:xmpp:ping"]).await;
            other.say(&answer(ping)).await;
        }
    };
    let (said, ()) = tokio::join!(Client::refused(door, "secret"), answers);
    assert!(said.contains("<conflict"), "{said}");
    // Who does not answer gives the place away.
    Client::enter_as("alice", "ninth", door).await;
}

/// What somebody at the control socket is answered, up to the end.
async fn ask(two: &Two, request: &str) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let socket = two.data().join("control/socket");
    let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
    let (reads, _writes) = stream.split();
    let mut lines = BufReader::new(reads).lines();
    let mut answer = String::new();
    while !answer.contains(r#""done""#) {
        answer += &lines.next_line().await.unwrap().expect("it was closed");
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_at_the_control_socket_is_shown_on_every_client() {
    let mut two = Two::private().await;
    let mut desk = desk(&two).await;
    let say =
        |text: &str| format!(r#"{{"do":"say","profile":"alice","to":"bob@example.org","text":"{text}"}}"#);
    let answer = ask(&two, &say(SECRETS[0])).await;
    assert!(
        answer.contains(r#""event":"sent""#) && answer.contains(r#""done":true"#),
        "{answer}"
    );
    two.ben.until(&[SECRETS[0]]).await;
    let shown = desk.until(&[SECRETS[0]]).await;
    assert!(shown.contains(COPY) && shown.contains("<sent"), "{shown}");
    // Who has not asked for copies is told in words.
    let shown = two.ann.until(&[SECRETS[0]]).await;
    assert!(
        shown.contains("chatham.invalid") && shown.contains("you said elsewhere, privately"),
        "{shown}"
    );
    assert_eq!(desk.count(&two.server, "alice/desk", SECRETS[0]).await, 1);
    assert_eq!(two.ann.count(&two.server, "alice/a", SECRETS[0]).await, 1);
    two.nothing_leaked(&SECRETS);
    let refused = ask(&two, &say("\\u0007")).await;
    assert!(refused.contains("no control characters"), "{refused}");
    let refused = ask(&two, &say("x").replace("bob@example.org", "example.org")).await;
    assert!(refused.contains("that is no person"), "{refused}");
}
