//! Bytes of one client and its server, both ways, until nothing more can be said.

use std::time::Duration;

use im::dial::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::proxy::passage::{FAREWELL, ended, write_or_flush};
use crate::proxy::room::Room;
use crate::proxy::xmpp::pump::Pump;
use crate::proxy::xmpp::way_back::{Found, Search};

/// Passes bytes both ways, until nothing more can be said.
pub(super) async fn run(
    client: Box<dyn Stream>,
    server: Box<dyn Stream>,
    (pump, room): (&mut Pump<'_>, &Room),
    mut stop: watch::Receiver<bool>,
) {
    let (mut client_reads, mut client_writes) = tokio::io::split(client);
    let (mut server_reads, mut server_writes) = tokio::io::split(server);
    let (mut near, mut far) = (vec![0; READ], vec![0; READ]);
    // Bytes that TLS has taken and not sent, on either side.
    let (mut kept_near, mut kept_far) = (false, false);
    let (mut client_gone, mut server_gone) = (false, false);
    let mut search = None;
    let mut leaving: Option<Instant> = None;
    // The client has heard that there is nothing more to hear.
    let mut hung_up = false;
    // Until when the client has to say that it is still there.
    let mut asked: Option<Instant> = None;
    let mut errands = room.errands();
    loop {
        let until = pump.refill();
        let said_all = pump.is_said() && !kept_far;
        let told_all = hung_up || pump.down().is_empty() && !kept_near;
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
        let server_was_gone = server_gone;
        tokio::select! {
            read = client_reads.read(&mut near),
                if !client_gone && (leaving.is_none() || server_gone) && pump.takes_from_client() => match read
            {
                Ok(count @ 1..) => {
                    asked = None;
                    pump.client_sends(near.get(..count).unwrap_or_default());
                }
                Ok(0) | Err(_) => client_gone = true,
            },
            read = server_reads.read(&mut far), if !server_gone && pump.takes_from_server() => match read {
                Ok(count @ 1..) => {
                    pump.server_sends(far.get(..count).unwrap_or_default());
                    server_gone = pump.server_has_ended();
                }
                Ok(0) | Err(_) => server_gone = true,
            },
            wrote = write_or_flush(&mut client_writes, pump.down()),
                if !client_gone && !hung_up && (kept_near || !pump.down().is_empty()) => match wrote
            {
                Ok(count) => {
                    kept_near = count > 0;
                    pump.told(count);
                }
                Err(_) => client_gone = true,
            },
            wrote = write_or_flush(&mut server_writes, pump.up()),
                if !server_gone && (kept_far || !pump.up().is_empty()) => match wrote
            {
                Ok(count) => {
                    kept_far = count > 0;
                    pump.said(count);
                }
                Err(_) => server_gone = true,
            },
            found = end_of(&mut search), if leaving.is_none() => {
                search = None;
                match found.and_then(|found| pump.server_is_back(found)) {
                    Some(server) => {
                        (server_reads, server_writes) = tokio::io::split(server);
                        (server_gone, kept_far) = (false, false);
                    }
                    None => pump.server_is_gone(),
                }
            }
            Ok(()) = errands.changed() => pump.run_errands(),
            () = sleep_until(wake) => {
                if leaving.is_some_and(|leaving| leaving <= Instant::now()) {
                    break;
                }
                if asked.is_some_and(|asked| asked <= Instant::now()) {
                    asked = None;
                    client_gone = true;
                }
                pump.tick();
                server_gone |= pump.server_is_silent();
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
        if client_gone {
            pump.say_goodbye();
        }
        if server_gone && !server_was_gone {
            if leaving.is_none() && !client_gone {
                search = pump.search();
            }
            match search {
                // The server sees as well that this is over.
                Some(_) => (server_reads, server_writes) = tokio::io::split(nowhere()),
                None => pump.server_is_gone(),
            }
        }
        let lost = server_gone && search.is_none();
        if leaving.is_none() && (client_gone || lost || pump.is_over()) {
            leaving = Some(Instant::now() + FAREWELL);
        }
    }
    let end = Instant::now() + Duration::from_secs(1);
    let _already_gone = timeout_at(end, server_writes.shutdown()).await;
    let _already_gone = timeout_at(end, client_writes.shutdown()).await;
}

/// A connection on which nothing comes, and of which nothing arrives.
fn nowhere() -> Box<dyn Stream> {
    Box::new(tokio::io::join(tokio::io::empty(), tokio::io::sink()))
}

/// Waits until a search is over; without one for ever.
async fn end_of(search: &mut Option<Search>) -> Option<Found> {
    match search {
        Some(search) => search.await,
        None => std::future::pending().await,
    }
}

const READ: usize = 8 * 1024;
/// How long a client may be silent that is asked whether it is still there.
const ANSWER: Duration = Duration::from_secs(4);
