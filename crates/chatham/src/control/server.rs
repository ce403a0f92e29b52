//! The side of the proxy: connections to the control socket, each by itself. However slow or hostile one is, nobody else
//! waits for it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::control::answer::{Answer, Refusal};
use crate::control::converse::Partaker;
use crate::control::desk::Desk;
use crate::control::lines::{Line, Lines};
use crate::control::request::{Meaningless, Request, Wish};
use crate::control::{LONGEST, VERSION, Wiped, place};
use crate::proxy::outside::Told;
use crate::sanitize;

/// The open socket.
pub(crate) struct Server {
    listener: UnixListener,
    data: PathBuf,
    desk: Arc<Desk>,
    us: u32,
}

impl Server {
    /// Opens the socket of the store in this folder, whose lock the caller has.
    ///
    /// # Errors
    /// If it cannot be opened for its owner alone.
    pub(crate) fn open(data: PathBuf, desk: Desk) -> io::Result<Self> {
        Ok(Self {
            listener: place::bind(&data)?,
            us: place::ourselves()?,
            data,
            desk: Arc::new(desk),
        })
    }

    /// Serves until the proxy ends.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                () = ended(&mut stop) => break,
                Some(_) = visits.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if visits.len() < MOST_VISITS && self.is_ours(&stream) => {
                        let desk = Arc::clone(&self.desk);
                        visits.spawn(async move {
                            // Whoever has gone is not told that they have.
                            let _gone = visit(stream, &desk).await;
                        });
                    }
                    Ok(_) => {}
                    // Out of descriptors, most likely: others have to leave first.
                    Err(_) => sleep(PAUSE).await,
                },
            }
        }
    }

    fn is_ours(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.us)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        place::clear(&self.data);
    }
}

async fn ended(stop: &mut watch::Receiver<bool>) {
    // An error means that the proxy has ended without a word.
    let _ended = stop.wait_for(|&stop| stop).await;
}

/// One connection, from the first line to the last.
async fn visit(stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let (reads, mut writes) = stream.into_split();
    let mut lines = Lines::new(reads, LONGEST);
    let hello = json!({
        "hello": "chatham-control", "version": VERSION, "program": concat!("chatham ", env!("CARGO_PKG_VERSION")),
        "pid": std::process::id(), "profiles": desk.profiles(),
    });
    say(&mut writes, &hello).await?;
    let (post, mut news) = mpsc::channel::<Wiped>(1);
    let mut watches = JoinSet::new();
    let mut partakes = None;
    loop {
        let line = tokio::select! {
            biased;
            Some(told) = news.recv() => {
                say(&mut writes, told.value()).await?;
                continue;
            }
            line = heard(&mut lines, !watches.is_empty()) => line?,
        };
        match line {
            Heard::Line(Line::Whole(line)) => {
                if let Some(begun) = answer(&line, desk, partakes.clone(), &mut writes).await? {
                    watches.abort_all();
                    (watches, partakes) = (JoinSet::new(), None);
                    if begun.takes_part {
                        if let Ok(room) = desk.room(begun.profile.as_deref()) {
                            let (partaker, told) = Partaker::begin(Arc::clone(room));
                            tell(&mut writes, told, begun.id.as_ref()).await?;
                            watches.spawn(partaker.pass_on(post.clone()));
                            partakes = Some(room.shelf.profile.clone());
                        }
                    } else {
                        for room in desk.rooms(begun.profile.as_deref()).unwrap_or_default() {
                            let seen = room.resident().outside.watch();
                            watches.spawn(forward(room.shelf.profile.clone(), seen, post.clone()));
                        }
                    }
                    done(&mut writes, Ok(()), begun.id.as_ref()).await?;
                }
            }
            Heard::Line(Line::TooLong) => return refuse(&mut writes, "a line is too long").await,
            Heard::Line(Line::Half) => {
                return refuse(&mut writes, "half a line came, and not the rest").await;
            }
            Heard::Silence => return refuse(&mut writes, "nothing was asked for a minute").await,
            Heard::Line(Line::End) => return Ok(()),
        }
    }
}

enum Heard {
    Line(Line),
    /// Nothing for so long that the place is given to others.
    Silence,
}

async fn heard(lines: &mut Lines<OwnedReadHalf>, watching: bool) -> io::Result<Heard> {
    if watching {
        return lines.next().await.map(Heard::Line);
    }
    match timeout(IDLE, lines.next()).await {
        Ok(line) => line.map(Heard::Line),
        Err(_) => Ok(Heard::Silence),
    }
}

/// Somebody wants to be told what happens from now on.
struct Begun {
    profile: Option<String>,
    id: Option<Value>,
    /// With every word.
    takes_part: bool,
}

/// Answers one request, but one to be told what happens.
async fn answer(
    line: &[u8],
    desk: &Desk,
    partakes: Option<String>,
    writes: &mut OwnedWriteHalf,
) -> io::Result<Option<Begun>> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let request = match Request::read(line) {
        Ok(request) => request,
        Err(Meaningless { id, words }) => {
            let refusal = Refusal::new("bad-request", words);
            done(writes, Err(refusal), id.as_ref()).await?;
            return Ok(None);
        }
    };
    let takes_part = matches!(request.wish, Wish::Converse);
    let watches = takes_part || matches!(request.wish, Wish::Watch);
    let mut answer = Answer {
        partakes,
        ..Answer::default()
    };
    let end = desk.answer(request.profile.as_deref(), request.wish, &mut answer);
    if watches && end.is_ok() {
        return Ok(Some(Begun {
            profile: request.profile,
            id: request.id,
            takes_part,
        }));
    }
    tell(writes, answer.events, request.id.as_ref()).await?;
    done(writes, end, request.id.as_ref()).await?;
    Ok(None)
}

/// The events of an answer.
async fn tell(writes: &mut OwnedWriteHalf, events: Vec<Wiped>, id: Option<&Value>) -> io::Result<()> {
    for mut event in events {
        if let Some(id) = id {
            event.insert("id", id.clone());
        }
        say(writes, event.value()).await?;
    }
    Ok(())
}

/// Passes on what one resident tells, as fast as it is read.
async fn forward(profile: String, mut seen: Receiver<Arc<Told>>, post: mpsc::Sender<Wiped>) {
    loop {
        let value = match seen.recv().await {
            Ok(told) => {
                let mut value = told.value.clone();
                if let Value::Object(fields) = &mut value {
                    fields.insert("profile".to_owned(), json!(profile));
                    fields.insert("lines".to_owned(), json!(told.lines));
                }
                value
            }
            Err(RecvError::Lagged(count)) => json!({
                "event": "left-out", "profile": profile, "count": count,
                "lines": [format!("{count} events were left out: they were read too slowly")],
            }),
            Err(RecvError::Closed) => return,
        };
        if post.send(value.into()).await.is_err() {
            return;
        }
    }
}

async fn done(writes: &mut OwnedWriteHalf, end: Result<(), Refusal>, id: Option<&Value>) -> io::Result<()> {
    let mut fields = Map::new();
    fields.insert("done".to_owned(), json!(end.is_ok()));
    if let Err(Refusal { reason, words }) = end {
        fields.insert("reason".to_owned(), json!(reason));
        fields.insert("error".to_owned(), json!(words));
    }
    fields.extend(id.map(|id| ("id".to_owned(), id.clone())));
    say(writes, &Value::Object(fields)).await
}

/// The last line of a connection that cannot go on.
async fn refuse(writes: &mut OwnedWriteHalf, words: &str) -> io::Result<()> {
    done(writes, Err(Refusal::new("bad-request", words)), None).await?;
    writes.shutdown().await
}

/// Writes a line. Whoever does not read it in time is left.
async fn say(writes: &mut (impl AsyncWrite + Unpin), value: &Value) -> io::Result<()> {
    let line = Zeroizing::new(value.to_string());
    let line = Zeroizing::new(sanitize::json(&line) + "\n");
    match timeout(PATIENCE, writes.write_all(line.as_bytes())).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Terminals and scripts of one person.
const MOST_VISITS: usize = 32;
const PAUSE: Duration = Duration::from_millis(50);
/// How long a line of ours may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing may be asked by somebody who does not watch.
const IDLE: Duration = Duration::from_secs(60);
