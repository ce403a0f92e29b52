//! N22: old words, played back by bouncers and servers, are known from new ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use im::irc::{Client, Config, Event, Kind, Output, Said, server_time};

fn client(offer: &str, welcome: &str) -> Client {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.start();
    client.tell_time(server_time::parse(b"2026-11-25T12:00:00.000Z").unwrap());
    client.receive(format!(":s CAP * LS :{offer}\r\n").as_bytes());
    client.receive(format!("{welcome} 001 alice :Welcome\r\n").as_bytes());
    client
}

fn hear(client: &mut Client, line: &str) -> Vec<Said> {
    let outputs = client.receive(format!("{line}\r\n").as_bytes());
    let said = |output| match output {
        Output::Event(Event::Message(said)) => Some(said),
        Output::Event(_) | Output::Send(_) | Output::Close => None,
    };
    outputs.into_iter().filter_map(said).collect()
}

fn is_old(client: &mut Client, line: &str) -> bool {
    let [said] = &hear(client, line)[..] else {
        panic!("{line}")
    };
    said.history
}

#[test]
fn a_batch_of_a_play_back_is_old() {
    for kind in ["chathistory", "znc.in/playback", "draft/chathistory"] {
        let mut client = client("batch", ":s");
        hear(&mut client, &format!(":s BATCH +ref {kind} bob"));
        assert!(is_old(
            &mut client,
            "@batch=ref :bob!b@h PRIVMSG alice :?OTR:AAMC"
        ));
        assert!(is_old(&mut client, "@x=y;batch=ref :bob!b@h NOTICE alice :hi"));
        assert!(
            !is_old(&mut client, ":bob!b@h PRIVMSG alice :hi"),
            "outside the batch"
        );
        // A batch inside it.
        hear(&mut client, "@batch=ref :s BATCH +inner example/other");
        assert!(is_old(&mut client, "@batch=inner :bob!b@h PRIVMSG alice :hi"));
        hear(&mut client, ":s BATCH -ref");
    }
    let mut client = client("batch", ":s");
    hear(&mut client, ":s BATCH +ref example/other bob");
    assert!(!is_old(&mut client, "@batch=ref :bob!b@h PRIVMSG alice :hi"));
}

#[test]
fn a_batch_that_nobody_announced_counts_as_old() {
    let mut client = client("batch", ":s");
    assert!(is_old(&mut client, "@batch=ref :bob!b@h PRIVMSG alice :hi"));
    // More batches than anybody needs cost no memory, and the last ones are not taken for new.
    for number in 0..10_000 {
        hear(&mut client, &format!(":s BATCH +{number} example/other"));
    }
    assert!(!is_old(&mut client, "@batch=1 :bob!b@h PRIVMSG alice :hi"));
    assert!(is_old(&mut client, "@batch=9999 :bob!b@h PRIVMSG alice :hi"));
}

#[test]
fn words_from_before_the_connection_are_old() {
    // The server's clock is an hour ahead of ours, and it is the server's that counts.
    let mut client = client("server-time", "@time=2026-11-25T13:00:00.000Z :s");
    let said = |client: &mut Client, time: &str| {
        is_old(
            client,
            &format!("@time=2026-11-25T{time}Z :bob!b@h PRIVMSG alice :hi"),
        )
    };
    assert!(said(&mut client, "12:59:00.000"));
    assert!(said(&mut client, "00:00:00"));
    assert!(!said(&mut client, "12:59:55.000"), "clocks differ a little");
    assert!(!said(&mut client, "13:00:00.000"));
    assert!(!said(&mut client, "23:00:00.000"));
    // However long it took to arrive: it was said after the connection began.
    client.tell_time(server_time::parse(b"2026-11-26T12:00:00.000Z").unwrap());
    assert!(!said(&mut client, "13:00:01.000"));
    // What is no time says nothing.
    assert!(!is_old(&mut client, "@time=yesterday :bob!b@h PRIVMSG alice :hi"));
}

#[test]
fn without_a_time_of_the_server_our_own_counts() {
    let mut client = client("server-time", ":s");
    assert!(is_old(
        &mut client,
        "@time=2026-11-25T11:58:00.000Z :bob!b@h PRIVMSG alice :hi"
    ));
    let line = "@time=2026-11-25T12:00:05.500Z :bob!b@h PRIVMSG alice :hi";
    let said = hear(&mut client, line).remove(0);
    assert!(!said.history);
    assert_eq!(
        said.time.map(server_time::format).as_deref(),
        Some("2026-11-25T12:00:05.500Z")
    );
    // And without any clock nothing is known.
    let mut blind = Client::new(Config::new("alice")).unwrap();
    blind.receive(b":s 001 alice :Welcome\r\n");
    assert!(!is_old(
        &mut blind,
        "@time=2001-01-01T00:00:00.000Z :bob!b@h PRIVMSG alice :hi"
    ));
}

#[test]
fn the_welcome_that_a_bouncer_repeats_is_not_the_beginning() {
    let mut client = Client::new(Config::new("alice")).unwrap();
    client.start();
    client.receive(b":irc.znc.in CAP * LS :server-time\r\n");
    client.receive(b"@time=2026-11-25T12:00:00.000Z :irc.znc.in CAP alice ACK :server-time\r\n");
    client.receive(b"@time=2026-11-20T08:00:00.000Z :irc.example 001 alice :Welcome\r\n");
    let mut said = |time: &str| is_old(&mut client, &format!("@time={time}Z :bob!b@h PRIVMSG alice :hi"));
    assert!(said("2026-11-25T11:00:00.000"), "while we were away");
    assert!(!said("2026-11-25T12:00:01.000"));
}

#[test]
fn the_brackets_and_stamps_of_a_bouncer_are_understood() {
    let mut client = client("znc.in/self-message", ":irc.znc.in");
    assert!(!is_old(&mut client, ":bob!b@h PRIVMSG #a :hi"));
    assert!(hear(&mut client, ":***!znc@znc.in PRIVMSG #a :Buffer Playback...").is_empty());
    assert!(is_old(&mut client, ":bob!b@h PRIVMSG #A :hi"));
    assert!(!is_old(&mut client, ":bob!b@h PRIVMSG #b :hi"));
    assert!(hear(&mut client, ":***!znc@znc.in PRIVMSG #a :Playback Complete.").is_empty());
    assert!(!is_old(&mut client, ":bob!b@h PRIVMSG #a :hi"));
    // A bracket that is never closed ends with the next sign of life.
    hear(&mut client, ":***!znc@znc.in PRIVMSG alice :Buffer Playback...");
    assert!(is_old(&mut client, ":bob!b@h PRIVMSG alice :hi"));
    client.receive(b":irc.znc.in PONG irc.znc.in :still there\r\n");
    assert!(!is_old(&mut client, ":bob!b@h PRIVMSG alice :hi"));
    // Private words are not bracketed, only stamped.
    assert!(is_old(
        &mut client,
        ":bob!b@h PRIVMSG alice :[12:34:56] ?OTR:AAMC"
    ));
    for new in [
        "[12:34:5] x",
        "[12:34:56]",
        "[12:34:56]x",
        "12:34:56 x",
        "[1a:34:56] x",
        "",
    ] {
        let line = format!(":bob!b@h PRIVMSG alice :{new}");
        assert!(hear(&mut client, &line).iter().all(|said| !said.history), "{new}");
    }
}

#[test]
fn nobody_else_can_make_words_old() {
    let mut client = client("batch", ":s");
    // Without a bouncer a stamp is what somebody wrote, and brackets are somebody's words.
    assert!(!is_old(&mut client, ":bob!b@h PRIVMSG alice :[12:34:56] hello"));
    for line in [
        ":bob!znc@znc.in PRIVMSG alice :Buffer Playback...",
        ":***!b@h PRIVMSG alice :Buffer Playback...",
        ":*** PRIVMSG alice :Buffer Playback...",
    ] {
        assert_eq!(hear(&mut client, line).len(), 1, "{line}");
        assert!(!is_old(&mut client, ":bob!b@h PRIVMSG alice :hi"), "{line}");
    }
}

#[test]
fn our_own_words_come_back_as_our_own() {
    let mut client = client("echo-message", ":s");
    for line in [
        ":alice!a@h PRIVMSG bob :?OTRv3?",
        "@label=7;time=2026-11-25T12:00:00.000Z :ALICE!a@h PRIVMSG bob :?OTRv3?",
        ":alice!a@h NOTICE bob :x",
        ":alice!a@h PRIVMSG bob :\x01ACTION waves\x01",
        ":alice!a@h PRIVMSG #a :x",
        ":alice!a@h PRIVMSG alice :?OTRv3?",
    ] {
        let [said] = &hear(&mut client, line)[..] else {
            panic!("{line}")
        };
        assert_eq!(said.kind, Kind::Own, "{line}");
    }
    // And tell how others see us.
    let room = client.room(b"bob");
    assert_eq!(room, 512 - ":alice!a@h PRIVMSG bob :\r\n".len());
}

#[test]
fn times_do_not_overflow() {
    let mut client = client("server-time", ":s");
    client.tell_time(Duration::MAX);
    assert!(!is_old(
        &mut client,
        "@time=9999-12-31T23:59:60.999Z :bob!b@h PRIVMSG alice :hi"
    ));
}
