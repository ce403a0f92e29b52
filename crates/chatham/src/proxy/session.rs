//! One client and its connection to the server, from the first byte to the last.

use std::time::Duration;

use im::dial::{Cause, Stream};
use im::irc::{IrcLine, LineBuffer, LineError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};

use crate::proxy::asked::{Refusal, Waiting};
use crate::proxy::entrance::{Entrance, Verdict, closing, refusal};
use crate::proxy::front_door::Visitor;
use crate::proxy::observer::NAME;
use crate::proxy::passage::{FAREWELL, Traffic, ended, run};
use crate::proxy::password::Password;
use crate::proxy::pump::Pump;
use crate::proxy::room::Room;

/// Serves a client that has come by the door to this server, until one of the three is gone: the client, the server, the
/// proxy.
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
        Ok(Some(Arrival::Judged(Verdict::Out(lines), _))) => return write_last(&mut client, lines).await,
        Ok(Some(arrival)) => arrival,
        Ok(None) => return,
        Err(_) => return write_last(&mut client, refusal("no password came")).await,
    };
    let Some(_stay) = room.enter().await else {
        return write_last(&mut client, closing(TAKEN).into_iter().collect()).await;
    };
    let server = tokio::select! {
        server = room.dial.open() => server,
        () = ended(&mut stop) => return,
    };
    let server = match server {
        Ok(server) => server,
        Err(fault) => {
            let notice = IrcLine::command("NOTICE").source(NAME).param("*");
            let lines = [notice.trailing(fault.to_string()), closing(&fault.to_string())];
            return write_last(&mut client, lines.into_iter().flatten().collect()).await;
        }
    };
    let Some(mut pump) = Pump::new(room, buffer) else {
        return;
    };
    match arrival {
        Arrival::Curious(entrance) => pump.open_halfway(entrance, visitor.until),
        Arrival::Judged(Verdict::In { kept, password }, rest) => {
            pump.open(password.or_else(|| room.server_password.clone()), kept);
            rest.into_iter().for_each(|line| pump.client_says(line));
        }
        Arrival::Judged(Verdict::Wait | Verdict::Out(_), _) => return,
    }
    run(client, server, (&mut pump, room), stop).await;
    pump.lose();
}

/// The same for a client that is in already, and waits to hear whether there is a way to the server.
pub(super) async fn serve_known(
    waiting: Waiting,
    room: &Room,
    password: &Password,
    mut stop: watch::Receiver<bool>,
) {
    let Some(_stay) = room.enter().await else {
        let (cause, words) = (Cause::Forbidden, TAKEN.to_owned());
        return waiting.refuse(&Refusal { cause, words }).await;
    };
    let server = tokio::select! {
        server = room.dial.open() => server,
        () = ended(&mut stop) => return,
    };
    let server = match server {
        Ok(server) => server,
        Err(fault) => {
            let (cause, words) = (fault.cause(), fault.to_string());
            return waiting.refuse(&Refusal { cause, words }).await;
        }
    };
    let Some((client, early)) = waiting.accept().await else {
        return;
    };
    let Some(mut pump) = Pump::new(room, LineBuffer::new()) else {
        return;
    };
    pump.open_for(password);
    pump.client_sends(&early);
    run(client, server, (&mut pump, room), stop).await;
    pump.lose();
}

/// How a client has come.
enum Arrival<'p> {
    /// It is in, or has to go; and what it said behind that.
    Judged(Verdict, Vec<Result<IrcLine, LineError>>),
    /// It waits to hear what the server can do. It is a program of the same user.
    Curious(Entrance<'p>),
}

/// The client's first lines. `None` if it goes.
async fn come_in<'p>(
    client: &mut (impl AsyncRead + Unpin),
    buffer: &mut LineBuffer,
    visitor: Visitor<'p>,
) -> Option<Arrival<'p>> {
    let mut entrance = Entrance::new(visitor.password);
    let mut bytes = [0; 1024];
    loop {
        let read = if entrance.is_curious() && buffer.is_empty() {
            match timeout(HESITATION, client.read(&mut bytes)).await {
                Ok(read) => read,
                Err(_) if visitor.is_ours() => return Some(Arrival::Curious(entrance)),
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
                verdict => return Some(Arrival::Judged(verdict, lines.collect())),
            }
        }
    }
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
    "another client is connected to this server through the proxy, and answers; close it first";
/// A client that has asked what the server can do and says nothing for so long waits for the answer.
const HESITATION: Duration = Duration::from_millis(300);
