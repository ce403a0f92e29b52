//! One client and its connection to the server, from the first byte to the last.

use std::io;
use std::time::Duration;

use im::dial::{Cause, Stream};
use im::irc::{IrcLine, LineBuffer, LineError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::proxy::asked::{Refusal, Waiting};
use crate::proxy::entrance::{Entrance, Verdict, closing, refusal};
use crate::proxy::front_door::Visitor;
use crate::proxy::observer::NAME;
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
    let Some(mut pump) = Pump::new(room) else {
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
    run(client, server, &mut buffer, (&mut pump, room), stop).await;
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
    let Some(mut pump) = Pump::new(room) else {
        return;
    };
    pump.open_for(password);
    let mut buffer = LineBuffer::new();
    pump.client_sends(&mut buffer, &early);
    run(client, server, &mut buffer, (&mut pump, room), stop).await;
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

/// Passes lines both ways, until nothing more can be said.
async fn run(
    client: Box<dyn Stream>,
    server: Box<dyn Stream>,
    buffer: &mut LineBuffer,
    (pump, room): (&mut Pump<'_>, &Room),
    mut stop: watch::Receiver<bool>,
) {
    let (mut client_reads, mut client_writes) = tokio::io::split(client);
    let (mut server_reads, mut server_writes): (ReadHalf<_>, WriteHalf<_>) = tokio::io::split(server);
    let mut from_server = LineBuffer::new();
    let (mut near, mut far) = (vec![0; READ], vec![0; READ]);
    // Bytes that TLS has taken and not sent.
    let mut unflushed = false;
    let mut leaving: Option<Instant> = None;
    let (mut client_gone, mut server_gone) = (false, false);
    // The client has heard that there is nothing more to hear.
    let mut hung_up = false;
    // Until when the client has to say that it is still there.
    let mut asked: Option<Instant> = None;
    loop {
        let until = pump.refill();
        let said_all = pump.is_said() && !unflushed;
        let told_all = pump.down().is_empty() || hung_up;
        if leaving.is_some() && (said_all || server_gone) && (told_all || client_gone) {
            if client_gone || !server_gone || pump.is_over() {
                break;
            }
            // What the client has said before it hears of the end is on its way still, and is not lost: it waits.
            if !std::mem::replace(&mut hung_up, true) {
                let end = Instant::now() + Duration::from_secs(1);
                let _already_gone = timeout_at(end, client_writes.shutdown()).await;
            }
        }
        let wake = [leaving, asked].into_iter().flatten().fold(until, Instant::min);
        tokio::select! {
            read = client_reads.read(&mut near),
                if !client_gone && (leaving.is_none() || server_gone) && pump.takes_from_client() =>
            {
                match read {
                    Ok(count @ 1..) => {
                        asked = None;
                        let bytes = near.get(..count).unwrap_or_default();
                        pump.client_sends(buffer, bytes);
                    }
                    Ok(0) | Err(_) => {
                        client_gone = true;
                        pump.say_goodbye();
                        leaving = leaving.or_else(|| Some(Instant::now() + FAREWELL));
                    }
                }
            }
            read = server_reads.read(&mut far), if !server_gone && pump.takes_from_server() => {
                match read {
                    Ok(count @ 1..) => {
                        let bytes = far.get(..count).unwrap_or_default();
                        from_server.feed(bytes).into_iter().flatten().for_each(|line| pump.server_says(&line));
                    }
                    Ok(0) | Err(_) => {
                        server_gone = true;
                        leaving = leaving.or_else(|| Some(Instant::now() + FAREWELL));
                    }
                }
            }
            wrote = client_writes.write(pump.down()), if !client_gone && !hung_up && !pump.down().is_empty() => match wrote {
                Ok(count @ 1..) => pump.told(count),
                Ok(0) | Err(_) => {
                    client_gone = true;
                    pump.say_goodbye();
                    leaving = leaving.or_else(|| Some(Instant::now() + FAREWELL));
                }
            },
            wrote = write_or_flush(&mut server_writes, pump.up()),
                if !server_gone && (unflushed || !pump.up().is_empty()) =>
            {
                match wrote {
                    Ok(count) => {
                        unflushed = count > 0;
                        pump.said(count);
                    }
                    Err(_) => {
                        server_gone = true;
                        leaving = leaving.or_else(|| Some(Instant::now() + FAREWELL));
                    }
                }
            }
            () = pump.errand() => pump.run_errands(),
            () = sleep_until(wake) => {
                if leaving.is_some_and(|leaving| leaving <= Instant::now()) {
                    break;
                }
                if asked.is_some_and(|asked| asked <= Instant::now()) {
                    asked = None;
                    client_gone = true;
                    pump.say_goodbye();
                    leaving = Some(Instant::now() + FAREWELL);
                }
                pump.tick();
            }
            () = room.knocked(), if asked.is_none() && leaving.is_none() => {
                pump.ask_whether_there();
                asked = Some(Instant::now() + ANSWER);
            }
            () = ended(&mut stop), if leaving.is_none() => {
                pump.end();
                leaving = Some(Instant::now() + FAREWELL);
            }
        }
        if leaving.is_none() && pump.is_over() {
            leaving = Some(Instant::now() + FAREWELL);
        }
    }
    let end = Instant::now() + Duration::from_secs(1);
    let _already_gone = timeout_at(end, server_writes.shutdown()).await;
    let _already_gone = timeout_at(end, client_writes.shutdown()).await;
}

/// Writes some of the bytes; sees to it that they have gone if there are none any more. Nothing happens if the wait is
/// given up.
pub(super) async fn write_or_flush(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Waits until the proxy ends.
pub(super) async fn ended(stop: &mut watch::Receiver<bool>) {
    // An error means that it has ended without a word.
    let _ended = stop.wait_for(|&stop| stop).await;
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
/// How long a client may be silent that is asked whether it is still there.
const ANSWER: Duration = Duration::from_secs(4);
const READ: usize = 8 * 1024;
/// A client that has asked what the server can do and says nothing for so long waits for the answer.
const HESITATION: Duration = Duration::from_millis(300);
/// How long the last lines may take.
const FAREWELL: Duration = Duration::from_secs(3);
