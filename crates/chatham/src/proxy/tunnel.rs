//! A connection of which the proxy knows nothing: it passes as it is, unless it turns out to be one that could have been
//! off the record.

use std::time::Duration;

use im::dial::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::proxy::entrance::closing;
use crate::proxy::passage::ended;

/// Passes bytes both ways until one side is gone, or the proxy ends. What the client says first is looked at before it
/// passes.
pub(super) async fn pass(
    mut client: Box<dyn Stream>,
    mut server: Box<dyn Stream>,
    early: Vec<u8>,
    mut stop: watch::Receiver<bool>,
) {
    tokio::select! {
        () = carry(&mut client, &mut server, early) => {}
        () = ended(&mut stop) => {}
    }
    let last = async {
        let _already_gone = client.shutdown().await;
        let _already_gone = server.shutdown().await;
    };
    let _already_gone = timeout(FAREWELL, last).await;
}

async fn carry(client: &mut Box<dyn Stream>, server: &mut Box<dyn Stream>, mut first: Vec<u8>) {
    let (mut near, mut far) = ([0; FIRST], [0; FIRST]);
    // Many servers speak first; and a client may say its first word in pieces.
    loop {
        match speech(&first) {
            Speech::Chat(what) => return refuse(client, what).await,
            Speech::Other => break,
            Speech::Open => {}
        }
        tokio::select! {
            read = client.read(&mut near) => match read {
                Ok(count @ 1..) => first.extend_from_slice(near.get(..count).unwrap_or_default()),
                Ok(0) | Err(_) => break,
            },
            read = server.read(&mut far) => match read {
                Ok(count @ 1..) => {
                    let bytes = far.get(..count).unwrap_or_default();
                    if client.write_all(bytes).await.is_err() || client.flush().await.is_err() {
                        return;
                    }
                }
                Ok(0) | Err(_) => return,
            },
            // Nobody says "CAP" letter by letter; whoever stops here waits for an answer to something else.
            () = sleep(HESITATION), if !first.is_empty() => break,
        }
    }
    if server.write_all(&first).await.is_err() || server.flush().await.is_err() {
        return;
    }
    drop(first);
    let _ended = copy_bidirectional_with_sizes(client, server, READ, READ).await;
}

/// What a connection is, as far as one can tell by its first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Speech {
    /// That of a chat network, which has to have a profile.
    Chat(&'static str),
    Other,
    /// It could become either.
    Open,
}

fn speech(first: &[u8]) -> Speech {
    let begins = |word: &str| {
        let common = first.len().min(word.len());
        let same = first.get(..common).zip(word.as_bytes().get(..common));
        same.is_some_and(|(have, want)| have.eq_ignore_ascii_case(want))
    };
    let found = WORDS.iter().find(|(word, _)| begins(word));
    match found {
        Some((word, what)) if first.len() >= word.len() => Speech::Chat(what),
        Some(_) => Speech::Open,
        None => Speech::Other,
    }
}

async fn refuse(client: &mut Box<dyn Stream>, what: &str) {
    let words =
        format!("this is {what}, and no profile of the proxy leads here: nothing would be off the record");
    if let Ok(line) = closing(&words) {
        // Who does not speak IRC sees the connection end.
        let _already_gone = client.write_all(&line.to_wire()).await;
    }
}

/// How clients of chat networks begin.
const WORDS: [(&str, &str); 6] = [
    ("CAP ", "IRC"),
    ("NICK ", "IRC"),
    ("PASS ", "IRC"),
    ("USER ", "IRC"),
    ("<?xml", "XMPP"),
    ("<stream:stream", "XMPP"),
];
const FIRST: usize = 1024;
const READ: usize = 8 * 1024;
const HESITATION: Duration = Duration::from_secs(2);
const FAREWELL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_networks_are_known_by_their_first_word() {
        for (first, want) in [
            (&b""[..], Speech::Open),
            (b"C", Speech::Open),
            (b"cap LS 302\r\n", Speech::Chat("IRC")),
            (b"NICK a", Speech::Chat("IRC")),
            (b"PASS", Speech::Open),
            (b"PASSENGER", Speech::Other),
            (b"<?xml version='1.0'?>", Speech::Chat("XMPP")),
            (b"<stream:stream to='x'>", Speech::Chat("XMPP")),
            (b"<html>", Speech::Other),
            (b"GET / HTTP/1.1", Speech::Other),
            (b"CONNECT", Speech::Other),
            (b"\x16\x03\x01", Speech::Other),
        ] {
            assert_eq!(speech(first), want, "{first:?}");
        }
    }
}
