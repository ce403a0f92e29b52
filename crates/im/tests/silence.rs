//! A connection that is dead and does not know it; and what has certainly not been written to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use im::irc::{Config, Event, IrcLine, Pacing};
use im::link::Link;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

async fn welcomed(pacing: Pacing) -> (Link, DuplexStream) {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let mut link = Link::over(near, Config::new("alice"), pacing).unwrap();
    far.write_all(b":s 001 alice :Welcome\r\n").await.unwrap();
    while !matches!(link.next().await.unwrap(), Event::Registered { .. }) {}
    (link, far)
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_asked_and_then_given_up() {
    let (mut link, mut far) = welcomed(Pacing::unlimited()).await;
    let began = Instant::now();
    // It answers once, and never again.
    let server = tokio::spawn(async move {
        let mut all = Vec::new();
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = far.read(&mut bytes).await {
            let first = !all.windows(4).any(|at| at == b"PING");
            all.extend_from_slice(&bytes[..count]);
            if first && all.windows(4).any(|at| at == b"PING") {
                far.write_all(b":s PONG s :still there\r\n").await.unwrap();
            }
        }
        all
    });
    let end = loop {
        match link.next().await.unwrap() {
            Event::Disconnected { reason } => break reason.unwrap(),
            other => assert!(!matches!(other, Event::Message(_)), "{other:?}"),
        }
    };
    assert_eq!(end, "the server has not been heard for 120 seconds");
    let waited = began.elapsed().as_secs();
    assert!(
        (179..=181).contains(&waited),
        "60 s to the first question, then 60 and 60: {waited}"
    );
    drop(link);
    let all = server.await.unwrap();
    assert_eq!(
        all.windows(18).filter(|at| at == b"PING :still there\r").count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_lets_us_in_is_given_up_without_a_question() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let mut link = Link::over(near, Config::new("alice"), Pacing::unlimited()).unwrap();
    assert!(matches!(
        link.next().await,
        Some(Event::Disconnected { reason: Some(_) })
    ));
    drop(link);
    let mut said = Vec::new();
    far.read_to_end(&mut said).await.unwrap();
    assert!(
        said.ends_with(b"USER alice 0 * :alice\r\n"),
        "{:?}",
        String::from_utf8_lossy(&said)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_talks_is_given_up() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let mut link = Link::over(near, Config::new("alice"), Pacing::unlimited()).unwrap();
    let began = Instant::now();
    let talker = tokio::spawn(async move {
        while far.write_all(b":s NOTICE * :please wait\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    });
    let end = loop {
        if let Some(Event::Disconnected { reason }) = link.next().await {
            break reason.unwrap();
        }
    };
    assert_eq!(end, "the server has not let us in for 120 seconds");
    assert!(began.elapsed().as_secs() <= 121);
    drop(link);
    talker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_not_written_is_given_back_and_nothing_else() {
    let pacing = Pacing {
        burst: 2,
        interval: Duration::from_secs(1),
    };
    let (mut link, mut far) = welcomed(pacing).await;
    let line = |number: usize| IrcLine::new(format!("PRIVMSG bob :{number}")).unwrap();
    for number in 0..10 {
        link.send(line(number)).unwrap();
    }
    assert!(link.take_unsent().is_empty(), "not while the connection stands");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let mut bytes = vec![0; 1 << 16];
    let count = far.read(&mut bytes).await.unwrap();
    let written = String::from_utf8_lossy(&bytes[..count])
        .matches("PRIVMSG")
        .count();
    assert!((2..10).contains(&written));
    drop(far);
    while link.next().await.is_some() {}
    let unsent = link.take_unsent();
    // The writer may have taken one more line when it found out.
    assert!(
        (10 - written - 1..=10 - written).contains(&unsent.len()),
        "{written} written, {unsent:?}"
    );
    let first = 10 - unsent.len();
    assert!(
        unsent
            .iter()
            .enumerate()
            .all(|(place, unsent)| *unsent == line(first + place))
    );
    assert!(link.take_unsent().is_empty());
}
