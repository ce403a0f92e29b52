//! Stream management between the proxy and a server of XMPP: both count, and a stream that breaks goes on, without anybody's
//! noticing; or it does not, and everything is as without.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod xmpp;

use xmpp::{Client, Management, Server, Two};

// No four letters in a row that could be base64: ciphertext has them by chance.
const SECRETS: [&str; 4] = ["ge·hëïm·eï·ns", "ge·hëïm·zw·eï", "ge·hëïm·dr·eï", "ge·hëïm·vi·ér"];
const SM: &str = "urn:xmpp:sm:3";
const BROKEN: &str = "remote-connection-failed";

fn to_bob(id: &str, text: &str) -> String {
    format!("<message type='chat' to='bob@example.org' id='{id}'><body>{text}</body></message>")
}

fn to_alice(id: &str, text: &str) -> String {
    to_bob(id, text).replace("bob", "alice")
}

fn ping(id: &str) -> String {
    format!("<iq type='get' id='{id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>")
}

async fn private() -> Two {
    Two::private_at(Server::start_managed().await).await
}

/// The server asks how much of its own has come; the answer is what it has sent.
async fn both_count_the_same(server: &Server) {
    let sent = server.counts("alice")[0];
    let answer = format!("<a xmlns='{SM}' h='{sent}'/>");
    server.inject("alice", &format!("<r xmlns='{SM}'/>")).await;
    server.until("alice", |heard| heard == answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_count_what_passes_what_is_swallowed_and_what_is_added() {
    let mut two = private().await;
    assert!(two.server.counts("alice").iter().all(|&count| count > 2));
    both_count_the_same(&two.server).await;
    // Swallowed by the proxy, and passed.
    for stanza in [
        "<message from='chatham@chatham.invalid' type='chat'><body>forged words</body></message>",
        "<message from='bob@example.org/b' type='chat'><body>?OTR:AAMDAAABAQAAAgIA.</body><delay \
         xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/></message>",
        "<presence from='carol@example.org/c'/>",
        " ",
        "<iq from='example.org' type='get' id='who'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<thing xmlns='some:thing'/>",
    ] {
        two.server.inject("alice", stanza).await;
    }
    two.ann.until(&["<thing"]).await;
    both_count_the_same(&two.server).await;
    // What is for the proxy is no stanza to the server, nor is what stands between stanzas.
    let before = two.server.counts("alice")[1];
    two.ann
        .say(" <message type='chat' to='chatham@chatham.invalid' id='c1'><body>people</body></message>")
        .await;
    two.ann.say("<active xmlns='urn:xmpp:csi:0'/>").await;
    two.ann.say(&to_bob("m1", SECRETS[0])).await;
    two.ben.until(&[SECRETS[0]]).await;
    assert_eq!(two.server.counts("alice")[1], before + 1);
    // The server was asked what it has taken, and its answers fit.
    let asked = format!("<r xmlns='{SM}'/>");
    assert!(two.server.heard("alice").contains(&asked));
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_questions_is_answered_truly() {
    let mut two = private().await;
    let flood = format!("<r xmlns='{SM}'/>").repeat(20_000);
    two.server.inject("alice", &flood).await;
    two.server
        .inject("alice", "<presence from='carol@example.org/c'/>")
        .await;
    both_count_the_same(&two.server).await;
    two.ann.say(&to_bob("m1", SECRETS[0])).await;
    two.ben.until(&[SECRETS[0]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_goes_on_and_nobody_notices() {
    let mut two = private().await;
    // What the server does not count, and what it has.
    two.ann.say("<active xmlns='urn:xmpp:csi:0'/>").await;
    two.ann.say(&to_bob("m0", "vor·her·ig·es")).await;
    two.ben.until(&["vor·her·ig·es"]).await;
    two.server.sever("alice");
    // What has gone, and what has not: nobody knows yet.
    let iq = ping("q1");
    let room =
        "<message type='groupchat' to='room@rooms.example.org' id='r1'><body>to a room</body></message>";
    for stanza in [&to_bob("m1", SECRETS[0]), &iq, room, &to_bob("m2", SECRETS[1])] {
        two.ann.say(stanza).await;
    }
    two.server.until_lost(|text| text.contains("id='m2'")).await;
    two.ben.say(&to_alice("m3", SECRETS[2])).await;
    two.server.until("bob", |heard| heard.contains("id='m3'")).await;
    two.server.cut("alice").await;
    two.ann.say(&to_bob("m4", SECRETS[3])).await;
    // The proxy is there all the while.
    two.ann
        .say("<message type='chat' to='chatham@chatham.invalid' id='c1'><body>people</body></message>")
        .await;
    for text in [SECRETS[0], SECRETS[1], SECRETS[3]] {
        two.ben.until(&[text]).await;
    }
    two.ann.until(&[SECRETS[2]]).await;
    let up = two.server.heard("alice");
    let order = ["id='m0'", "id='m1'", "id='q1'", "id='r1'", "id='m2'", "id='m4'"];
    let places: Vec<_> = order
        .iter()
        .map(|id| {
            let found: Vec<_> = (0..up.len()).filter(|&at| up[at].contains(id)).collect();
            assert_eq!(found.len(), 1, "{id}: {up:#?}");
            found[0]
        })
        .collect();
    assert!(places.is_sorted(), "{up:#?}");
    assert!(up.contains(&iq) && up.contains(&room.to_owned()));
    both_count_the_same(&two.server).await;
    assert_eq!(two.server.wishes(), 1);
    for (client, account, texts) in [
        (&mut two.ann, "alice", &SECRETS[2..3]),
        (&mut two.ben, "bob", &SECRETS[..2]),
    ] {
        for text in texts {
            assert_eq!(client.count(&two.server, account, text).await, 1);
        }
        assert!(!client.saw("stream:error") && !client.saw("urn:xmpp:sm"));
        assert_eq!(client.times("private conversation ("), 1, "new keys");
    }
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_kept_meanwhile_is_answered() {
    let mut two = Two::arrive_at(Server::start_managed().await).await;
    two.ann.say(&to_bob("m1", "hello")).await;
    two.ben.until(&["alice@example.org", "hello"]).await;
    two.server.sever("alice");
    two.ben.say(&to_alice("m2", "!otr start")).await;
    two.server.until("bob", |heard| heard.contains("?OTRv")).await;
    two.server.cut("alice").await;
    for client in [&mut two.ann, &mut two.ben] {
        client.until(&["chatham.invalid", "private conversation ("]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_as_often_as_it_breaks() {
    let mut two = private().await;
    for (number, text) in SECRETS[..3].iter().enumerate() {
        two.server.sever("alice");
        two.ann.say(&to_bob("m", text)).await;
        two.server.cut("alice").await;
        two.ben.until(&[text]).await;
        assert_eq!(two.server.wishes(), number + 1);
    }
    both_count_the_same(&two.server).await;
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_has_not_taken_that_does_not_go_on_goes_later() {
    let mut two = private().await;
    let taken = two.server.counts("alice")[1];
    two.server.sever("alice");
    two.ann.say(&to_bob("m1", SECRETS[0])).await;
    two.server.until_lost(|text| text.contains("id='m1'")).await;
    two.server.answer(&format!("<failed xmlns='{SM}' h='{taken}'/>"));
    two.server.cut("alice").await;
    two.ann.until(&[BROKEN]).await;
    two.ann.leave().await;
    two.ann = Client::enter("alice", two.door(0)).await;
    two.ben.until(&[SECRETS[0]]).await;
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_go_on_ends_as_without_and_what_may_be_lost_is_told() {
    let failed = format!("<failed xmlns='{SM}'><item-not-found/></failed>");
    let of_another = format!("<resumed xmlns='{SM}' h='TAKEN' previd='bob/b'/>");
    let too_much = format!("<resumed xmlns='{SM}' h='4000' previd='alice/a'/>");
    let less = format!("<resumed xmlns='{SM}' h='1' previd='alice/a'/>");
    let nothing = format!("<resumed xmlns='{SM}' previd='alice/a'/>");
    for verdict in [failed, of_another, too_much, less, nothing] {
        let mut two = private().await;
        two.server.sever("alice");
        two.ann.say(&to_bob("m1", SECRETS[0])).await;
        two.server.until_lost(|text| text.contains("id='m1'")).await;
        let taken = two.server.counts("alice")[1].to_string();
        two.server.answer(&verdict.replace("TAKEN", &taken));
        two.server.cut("alice").await;
        two.ann.until(&[BROKEN]).await;
        two.ann.say(&to_bob("m2", SECRETS[1])).await;
        two.ann.leave().await;
        two.ann = Client::enter("alice", two.door(0)).await;
        two.ben.until(&[SECRETS[1]]).await;
        two.ann.until(&["chatham.invalid", "one text may be lost"]).await;
        two.ann.say(&to_bob("h", "!otr held")).await;
        two.ann.until(&["chatham.invalid", SECRETS[0]]).await;
        assert_eq!(
            two.ben.count(&two.server, "bob", SECRETS[0]).await,
            0,
            "{verdict}"
        );
        two.nothing_leaked(&SECRETS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_counts_what_was_never_sent_is_left() {
    for count in ["4000", "1", "x"] {
        let mut two = private().await;
        two.server
            .inject("alice", &format!("<a xmlns='{SM}' h='{count}'/>"))
            .await;
        two.ann.until(&[BROKEN, "never sent"]).await;
        assert_eq!(two.server.wishes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_know_it_or_has_ended_the_stream_is_not_asked() {
    let mut two = Two::private_at(Server::offering("", Some(Management::default())).await).await;
    assert!(!two.server.heard("alice").concat().contains(SM));
    two.server.cut("alice").await;
    two.ann.until(&[BROKEN]).await;
    assert_eq!(two.server.wishes(), 0);

    for last in [
        "</stream:stream>",
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    ] {
        let mut two = private().await;
        two.server.inject("alice", last).await;
        two.server.cut("alice").await;
        // The client is told, and reads on to the end.
        while two.ann.try_read().await {}
        assert_eq!(two.server.wishes(), 0, "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_that_goes_while_the_server_is_looked_for_is_not_lost() {
    let mut two = private().await;
    two.server.cut_off("alice").await;
    two.ann.say(&to_bob("m1", SECRETS[0])).await;
    two.ann.leave().await;
    two.ann = Client::enter("alice", two.door(0)).await;
    two.ben.until(&[SECRETS[0]]).await;
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_not_right_any_more_is_said_once() {
    let mut two = private().await;
    two.server.lock();
    two.server.cut("alice").await;
    two.ann.until(&[BROKEN]).await;
    assert_eq!((two.server.sent_away(), two.server.wishes()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_clients_the_one_that_speaks_for_all_does_so_when_its_stream_goes_on() {
    let mut two = private().await;
    let mut other = Client::enter_with_copies("alice", "two", two.door(0)).await;
    two.server.sever("alice/a");
    two.server.cut("alice/a").await;
    other.say(&to_bob("m1", SECRETS[0])).await;
    two.ben.until(&["alice@example.org/a", SECRETS[0]]).await;
    two.ben.say(&to_alice("m2", SECRETS[1])).await;
    two.ann.until(&[SECRETS[1]]).await;
    other.until(&[SECRETS[1]]).await;
    assert_eq!(two.server.wishes(), 1);
    assert!(!two.ann.saw("stream:error"));
    two.nothing_leaked(&SECRETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_says_what_came_or_it_would_come_again() {
    let mut two = private().await;
    let sent = two.server.counts("alice")[0] + 1;
    two.server
        .inject("alice", "<presence from='carol@example.org/c'/>")
        .await;
    two.ann.until(&["carol@example.org"]).await;
    two.ann.leave().await;
    let answer = format!("<a xmlns='{SM}' h='{sent}'/>");
    two.server.until("alice", |heard| heard == answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_does_not_come_again_with_the_next_client() {
    let mut two = private().await;
    let sent = two.server.counts("alice")[0] + 1;
    let (open, close) = ("<x>".repeat(100), "</x>".repeat(100));
    let deep = format!("<message from='bob@example.org/b'>{open}{close}</message>");
    two.server.inject("alice", &deep).await;
    two.ann.until(&[BROKEN]).await;
    let answer = format!("<a xmlns='{SM}' h='{sent}'/>");
    two.server.until("alice", |heard| heard == answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_in_the_clear_that_may_be_lost_are_told_of() {
    let refused = format!("<failed xmlns='{SM}'><item-not-found/></failed>");
    let ended = "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    for (last, verdict, wishes) in [("", refused.as_str(), 1), (ended, "", 0)] {
        let mut two = Two::arrive_at(Server::start_managed().await).await;
        two.server.sever("alice");
        two.ann.say(&to_bob("m1", "for everybody")).await;
        two.server.until_lost(|text| text.contains("id='m1'")).await;
        two.server.answer(verdict);
        two.server.inject("alice", last).await;
        two.server.cut("alice").await;
        two.ann.until(&[BROKEN]).await;
        assert_eq!(two.server.wishes(), wishes);
        told_once(&mut two).await;
    }
    // The client goes while the server is looked for.
    let mut two = Two::arrive_at(Server::start_managed().await).await;
    two.server.sever("alice");
    two.ann.say(&to_bob("m1", "for everybody")).await;
    two.server.until_lost(|text| text.contains("id='m1'")).await;
    two.server.answer(&refused);
    two.server.cut_off("alice").await;
    told_once(&mut two).await;
}

/// The next client is told once that something may be lost.
async fn told_once(two: &mut Two) {
    two.ann.leave().await;
    two.ann = Client::enter("alice", two.door(0)).await;
    let told = two
        .ann
        .count(&two.server, "alice", "in the clear may be lost")
        .await;
    assert_eq!(told, 1);
}
