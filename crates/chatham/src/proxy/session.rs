//! A client's way in: it comes to the connection to the server that stands, or makes one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use im::dial::{Cause, DialError, Stream};
use im::irc::{IrcLine, LineBuffer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::proxy::asked::{Refusal, Waiting};
use crate::proxy::berth::{Turn, Way};
use crate::proxy::entrance::{Entrance, Verdict, closing, refusal};
use crate::proxy::front_door::Visitor;
use crate::proxy::guest::{Arrival, Newcomer};
use crate::proxy::hosting::host;
use crate::proxy::observer::NAME;
use crate::proxy::passage::{FAREWELL, ended};
use crate::proxy::password::Password;
use crate::proxy::pump::Pump;
use crate::proxy::room::Room;

/// Serves a client that has come by the door to this server. If it makes the connection, until that ends.
pub(super) async fn serve(
    mut client: Box<dyn Stream>,
    visitor: Visitor<'_>,
    room: &Room,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = LineBuffer::new();
    let come_in = timeout_at(visitor.until, come_in(&mut client, &mut buffer, visitor));
    let arrival = tokio::select! {
        arrival = come_in => arrival,
        () = ended(&mut stop) => return,
    };
    let arrival = match arrival {
        Ok(Some(Ok(arrival))) => arrival,
        Ok(Some(Err(lines))) => return write_last(&mut client, lines).await,
        Ok(None) => return,
        Err(_) => return write_last(&mut client, refusal("no password came")).await,
    };
    let Some(place) = room.enter().await else {
        return write_last(&mut client, closing(TAKEN).into_iter().collect()).await;
    };
    let newcomer = Newcomer {
        stream: client,
        buffer,
        arrival,
        place,
    };
    come_to(room, newcomer, stop).await;
}

/// Leads a client to the connection that stands, or makes one for it.
async fn come_to(room: &Room, mut newcomer: Newcomer, mut stop: watch::Receiver<bool>) {
    let until = Instant::now() + PATIENCE;
    let turn = loop {
        let way = tokio::select! {
            way = room.berth.find(until) => way,
            () = ended(&mut stop) => return,
        };
        match way {
            Way::Yours(turn) => break turn,
            Way::Stands(door) => match door.send(newcomer).await {
                Ok(()) => return,
                Err(SendError(back)) => newcomer = back,
            },
            Way::TooLate => {
                return write_last(&mut newcomer.stream, closing(NOT_READY).into_iter().collect()).await;
            }
        }
    };
    let server = tokio::select! {
        server = room.dial.open() => server,
        () = ended(&mut stop) => return,
    };
    match server {
        Ok(server) => keep(room, &turn, server, newcomer, stop).await,
        Err(fault) => write_last(&mut newcomer.stream, no_way(&fault)).await,
    }
}

/// The same for a client that is in already, and waits to hear whether there is a way to the server.
pub(super) async fn serve_known(
    waiting: Waiting,
    room: &Room,
    password: &Arc<Password>,
    mut stop: watch::Receiver<bool>,
) {
    let forbidden = |words: &str| Refusal {
        cause: Cause::Forbidden,
        words: words.to_owned(),
    };
    let Some(place) = room.enter().await else {
        return waiting.refuse(&forbidden(TAKEN)).await;
    };
    let way = tokio::select! {
        way = room.berth.find(Instant::now() + PATIENCE) => way,
        () = ended(&mut stop) => return,
    };
    let turn = match way {
        Way::TooLate => return waiting.refuse(&forbidden(NOT_READY)).await,
        Way::Stands(_) => None,
        Way::Yours(turn) => Some(turn),
    };
    let server = match &turn {
        Some(_) => tokio::select! {
            server = room.dial.open() => server.map(Some),
            () = ended(&mut stop) => return,
        },
        None => Ok(None),
    };
    let server = match server {
        Ok(server) => server,
        Err(fault) => {
            let (cause, words) = (fault.cause(), fault.to_string());
            return waiting.refuse(&Refusal { cause, words }).await;
        }
    };
    let Some((stream, early)) = waiting.accept().await else {
        return;
    };
    let newcomer = Newcomer {
        stream,
        buffer: LineBuffer::new(),
        arrival: Arrival::Known(Arc::clone(password), early),
        place,
    };
    match turn.zip(server) {
        Some((turn, server)) => keep(room, &turn, server, newcomer, stop).await,
        None => come_to(room, newcomer, stop).await,
    }
}

/// Has the connection until it ends; and another one, if somebody came at the last moment.
async fn keep(
    room: &Room,
    turn: &Turn<'_>,
    mut server: Box<dyn Stream>,
    mut first: Newcomer,
    mut stop: watch::Receiver<bool>,
) {
    // They come when the server has let the first one in.
    let mut waiting = VecDeque::new();
    loop {
        let Some(mut pump) = Pump::new(room) else {
            return;
        };
        pump.board(first);
        host(server, &mut pump, (turn, &mut waiting), stop.clone()).await;
        pump.lose();
        first = match waiting.pop_front() {
            Some(next) if !*stop.borrow() => next,
            _ => return,
        };
        let opened = tokio::select! {
            opened = room.dial.open() => opened,
            () = ended(&mut stop) => return,
        };
        server = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                for mut newcomer in std::iter::once(first).chain(waiting) {
                    write_last(&mut newcomer.stream, no_way(&fault)).await;
                }
                return;
            }
        };
    }
}

/// The client's first lines; `None` if it goes, and what it is told if it has to.
async fn come_in(
    client: &mut (impl AsyncRead + Unpin),
    buffer: &mut LineBuffer,
    visitor: Visitor<'_>,
) -> Option<Result<Arrival, Vec<IrcLine>>> {
    let mut entrance = Entrance::new(Arc::clone(visitor.password));
    let mut bytes = [0; 1024];
    loop {
        let read = if entrance.is_curious() && buffer.is_empty() {
            match timeout(HESITATION, client.read(&mut bytes)).await {
                Ok(read) => read,
                Err(_) if visitor.is_ours() => return Some(Ok(Arrival::Curious(entrance, visitor.until))),
                // Whoever it is, the password comes first.
                Err(_) => client.read(&mut bytes).await,
            }
        } else {
            client.read(&mut bytes).await
        };
        let count = read.ok().filter(|&count| count > 0)?;
        let mut lines = buffer.feed(bytes.get(..count)?).into_iter();
        while let Some(line) = lines.next() {
            match entrance.take(line.ok()?) {
                Verdict::Wait => {}
                Verdict::Out(lines) => return Some(Err(lines)),
                Verdict::In { kept, password } => {
                    let lines = kept.into_iter().map(Ok).chain(lines).collect();
                    return Some(Ok(Arrival::Judged { password, lines }));
                }
            }
        }
    }
}

fn no_way(fault: &DialError) -> Vec<IrcLine> {
    let notice = IrcLine::command("NOTICE").source(NAME).param("*");
    let lines = [notice.trailing(fault.to_string()), closing(&fault.to_string())];
    lines.into_iter().flatten().collect()
}

async fn write_last(client: &mut (impl AsyncWrite + Unpin), lines: Vec<IrcLine>) {
    let bytes: Vec<u8> = lines.iter().flat_map(IrcLine::to_wire).collect();
    let last = async {
        client.write_all(&bytes).await?;
        client.shutdown().await
    };
    let _already_gone = timeout(FAREWELL, last).await;
}

const TAKEN: &str =
    "eight clients are connected to this server through the proxy, and all of them answer; close one first";
const NOT_READY: &str = "the server has not let your first client in yet; try again";
/// A client that has asked what the server can do and says nothing for so long waits for the answer.
const HESITATION: Duration = Duration::from_millis(300);
/// How long a client waits for a connection that is being made, or about to end.
const PATIENCE: Duration = Duration::from_secs(20);
