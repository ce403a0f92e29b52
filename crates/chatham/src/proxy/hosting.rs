//! Bytes of the clients on one connection and of its server, until there is nobody, or nothing to be said any more.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use im::dial::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::proxy::berth::Turn;
use crate::proxy::guest::{Newcomer, Sign};
use crate::proxy::passage::{FAREWELL, ended, write_or_flush};
use crate::proxy::pump::Pump;

/// What has happened.
enum Happening {
    Client(usize, Sign),
    /// The server has said so many bytes.
    Heard(usize),
    /// The server has taken so many.
    Said(usize),
    ServerGone,
    Newcomer(Box<Newcomer>),
    Errands,
    Time,
    Knock,
    ProxyEnds,
}

/// Passes bytes, and takes in the clients that wait as soon as the server has let the first one in. Those that come too late
/// wait still.
pub(super) async fn host(
    server: Box<dyn Stream>,
    pump: &mut Pump<'_>,
    (turn, waiting): (&Turn<'_>, &mut VecDeque<Newcomer>),
    mut stop: watch::Receiver<bool>,
) {
    let (mut reads, mut writes) = tokio::io::split(server);
    let mut far = vec![0; READ];
    // Bytes that TLS has taken and not sent.
    let mut kept = false;
    let mut server_gone = false;
    let mut leaving: Option<Instant> = None;
    let mut closed = false;
    let (door, mut arrivals) = mpsc::channel(MOST_ARRIVALS);
    let mut door = Some(door);
    // Whoever knocks is not the first: those that were asked just now have answered.
    let mut knocked: Option<Instant> = None;
    let room = pump.room;
    let mut errands = room.errands();
    loop {
        if !pump.sweep() || server_gone {
            pump.say_goodbye();
            if leaving.is_none() {
                leaving = Some(Instant::now() + FAREWELL);
            }
        }
        // Who came in now would speak behind the farewell, which nobody hears.
        if pump.goodbye && !std::mem::replace(&mut closed, true) {
            turn.close();
            arrivals.close();
        }
        if pump.is_ready()
            && !closed
            && let Some(door) = door.take()
        {
            turn.open(door);
            waiting.drain(..).for_each(|newcomer| pump.board(newcomer));
        }
        let until = pump.refill();
        let said_all = pump.is_said() && !kept;
        if leaving.is_some() && (said_all || server_gone) && pump.party.guests.is_empty() {
            break;
        }
        let wake = leaving.map_or(until, |leaving| leaving.min(until));
        let takes_server = !server_gone && pump.takes_from_server();
        let takes_clients =
            (leaving.is_none() || server_gone) && !pump.is_over() && pump.takes_from_clients();
        let (party, up) = pump.sides();
        let may_write = !server_gone && (kept || !up.is_empty());
        let happened = tokio::select! {
            (at, sign) = poll_fn(|context| party.poll(context, takes_clients)) => Happening::Client(at, sign),
            read = reads.read(&mut far), if takes_server => match read {
                Ok(count @ 1..) => Happening::Heard(count),
                Ok(0) | Err(_) => Happening::ServerGone,
            },
            wrote = write_or_flush(&mut writes, up), if may_write => {
                wrote.map_or(Happening::ServerGone, Happening::Said)
            }
            Some(newcomer) = arrivals.recv(), if !closed => Happening::Newcomer(Box::new(newcomer)),
            Ok(()) = errands.changed() => Happening::Errands,
            () = sleep_until(wake) => Happening::Time,
            () = room.knocked(), if leaving.is_none() => Happening::Knock,
            () = ended(&mut stop), if leaving.is_none() => Happening::ProxyEnds,
        };
        match happened {
            Happening::Client(at, Sign::Said(count)) => pump.client_said(at, count),
            Happening::Client(at, Sign::Gone) => pump.client_is_gone(at),
            Happening::Client(_, Sign::Took) => {}
            Happening::Heard(count) => pump.server_sends(far.get(..count).unwrap_or_default()),
            Happening::Said(count) => {
                kept = count > 0;
                pump.said(count);
            }
            Happening::ServerGone => {
                server_gone = true;
                pump.server_is_gone();
            }
            Happening::Newcomer(newcomer) => pump.board(*newcomer),
            Happening::Errands => pump.run_errands(),
            Happening::Time => {
                if leaving.is_some_and(|leaving| leaving <= Instant::now()) {
                    break;
                }
                if pump.tick() && !server_gone {
                    server_gone = true;
                    pump.server_is_gone();
                }
            }
            Happening::Knock => {
                let now = Instant::now();
                if knocked.is_none_or(|knocked| knocked + QUIET <= now) {
                    knocked = Some(now);
                    pump.ask_whether_there();
                }
            }
            Happening::ProxyEnds => {
                pump.end();
                leaving = Some(Instant::now() + FAREWELL);
            }
        }
    }
    let end = Instant::now() + Duration::from_secs(1);
    let _already_gone = timeout_at(end, writes.shutdown()).await;
    while let Ok(newcomer) = arrivals.try_recv() {
        waiting.push_back(newcomer);
    }
}

const READ: usize = 8 * 1024;
/// As many as can have a place.
const MOST_ARRIVALS: usize = 16;
/// One question is enough for so long.
const QUIET: Duration = Duration::from_secs(6);
