//! One client and its connection to the server, from the first byte to the last.

use std::io;
use std::time::Duration;

use im::dial::Stream;
use im::xmpp::{BareJid, FrameReader, Header, LoggedIn, LoginError, STREAMS, SaslFault, Stanza};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::proxy::front_door::Visitor;
use crate::proxy::passage::{FAREWELL, ended};
use crate::proxy::xmpp::adapter::Adapter;
use crate::proxy::xmpp::lodging::Lodging;
use crate::proxy::xmpp::passage::run;
use crate::proxy::xmpp::pump::Pump;
use crate::proxy::xmpp::upward::STREAM_MANAGEMENT;
use crate::proxy::xmpp::way_back::WayBack;
use crate::proxy::xmpp::welcome::{Next, Welcome, stream_error};

/// Serves a client until one of the three is gone: the client, the server, the proxy.
pub(in crate::proxy) async fn serve(
    client: Box<dyn Stream>,
    visitor: Visitor<'_>,
    lodging: &Lodging,
    stop: watch::Receiver<bool>,
) {
    // docs/decisions/0140-the-proxy-and-xmpp.md
    if !visitor.is_anothers() {
        serve_known(client, lodging, stop).await;
    }
}

/// The same for a client that is somebody who may, by a door where it has said where it wants to go.
pub(in crate::proxy) async fn serve_known(
    client: Box<dyn Stream>,
    lodging: &Lodging,
    mut stop: watch::Receiver<bool>,
) {
    let arrived = tokio::select! {
        arrived = timeout(PATIENCE, come_in(client, lodging)) => arrived,
        () = ended(&mut stop) => return,
    };
    let Ok(Some(Arrived {
        mut client,
        header,
        from_client,
        server,
        password,
    })) = arrived
    else {
        return;
    };
    let Some(_stay) = lodging.room.enter().await else {
        let words = "too many clients are connected through this port of the proxy; close one first";
        return write_last(&mut client, &stream_error("conflict", words)).await;
    };
    let first = beginning(&server.header, &server.features);
    let back = is_managed(&server).then(|| {
        let login = lodging.login.clone();
        WayBack::new(login, (user(&lodging.account), password), server.header.clone())
    });
    let (socket, from_server) = server.stream.into_parts();
    let adapter = Adapter::new(
        lodging.room.habits.clone(),
        lodging.account.clone(),
        header,
        server.header,
        seed(),
    );
    let readers = (from_client, from_server);
    let mut pump = Pump::new((&lodging.room, adapter), readers, &first, back);
    run(client, socket, (&mut pump, &lodging.room), stop).await;
    pump.lose();
}

/// A client that the server has let in.
struct Arrived {
    client: Box<dyn Stream>,
    header: Header,
    from_client: FrameReader,
    server: LoggedIn,
    password: Zeroizing<String>,
}

/// The client's way in, up to its last stream. `None` if it goes, or has to.
async fn come_in(mut socket: Box<dyn Stream>, lodging: &Lodging) -> Option<Arrived> {
    let first = socket.read_u8().await.ok()?;
    // TLS from the first byte is as good.
    let encrypted = first == TLS_HANDSHAKE;
    let mut welcome = Welcome::new(lodging.account.clone(), (encrypted, lodging.plain), seed());
    let mut steps = Vec::new().into_iter();
    let mut client: Box<dyn Stream> = if encrypted {
        let (reads, writes) = tokio::io::split(socket);
        let whole = tokio::io::join(io::Cursor::new([first]).chain(reads), writes);
        Box::new(lodging.acceptor.accept(whole).await.ok()?)
    } else {
        steps = welcome.push(&[first]).into_iter();
        socket
    };
    let mut server = None;
    loop {
        let Some(step) = steps.next() else {
            let mut bytes = Zeroizing::new([0; READ]);
            let count = client.read(&mut *bytes).await.ok().filter(|&count| count > 0)?;
            steps = welcome.push(bytes.get(..count)?).into_iter();
            continue;
        };
        match step {
            Next::Say(bytes) => {
                client.write_all(&bytes).await.ok()?;
                client.flush().await.ok()?;
            }
            Next::Encrypt => {
                client = Box::new(lodging.acceptor.accept(client).await.ok()?);
                welcome.encrypted();
            }
            Next::Prove(password) => {
                let judged = match lodging.login.log_in(&user(&lodging.account), &password).await {
                    Ok(reached) => {
                        server = Some((reached, password));
                        Ok(())
                    }
                    Err(fault) => Err((condition(&fault), fault.to_string())),
                };
                steps = welcome.judge(judged).into_iter();
            }
            Next::Enter(header) => {
                let (server, password) = server?;
                return Some(Arrived {
                    client,
                    header,
                    from_client: welcome.into_reader(),
                    server,
                    password,
                });
            }
            Next::Close(bytes) => {
                write_last(&mut client, &bytes).await;
                return None;
            }
        }
    }
}

/// The name of an account at its server.
fn user(account: &BareJid) -> String {
    account.node().map(|node| node.to_string()).unwrap_or_default()
}

/// Whether the server counts what comes and goes, so that a stream may go on after a break.
fn is_managed(server: &LoggedIn) -> bool {
    let features = server.header.read(&server.features);
    features.is_some_and(|features| features.has_child("sm", STREAM_MANAGEMENT))
}

/// What the client is told of why it was not let in.
fn condition(fault: &LoginError) -> &'static str {
    match fault {
        LoginError::Sasl {
            fault: SaslFault::NotAuthorized,
            ..
        } => "not-authorized",
        LoginError::Sasl {
            fault: SaslFault::Refused { condition, .. },
            ..
        } => match condition.as_str() {
            "account-disabled" => "account-disabled",
            "credentials-expired" => "credentials-expired",
            _ => "temporary-auth-failure",
        },
        _ => "temporary-auth-failure",
    }
}

/// The client's last stream is the server's own, so that what both say afterwards means the same on either side; but what
/// the proxy does not take part in is not offered.
fn beginning(header: &Header, features: &Stanza) -> Vec<u8> {
    let mut first = b"<?xml version='1.0'?>".to_vec();
    first.extend_from_slice(header.as_bytes());
    let offered = header.read(features);
    let inner: String = offered
        .iter()
        .flat_map(|features| features.children())
        .filter(|feature| !NOT_OFFERED.contains(&feature.ns().as_str()))
        .map(String::from)
        .collect();
    let features = format!("<stream:features xmlns:stream='{STREAMS}'>{inner}</stream:features>");
    first.extend_from_slice(features.as_bytes());
    first
}

async fn write_last(client: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: &[u8]) {
    let last = async {
        client.write_all(bytes).await?;
        client.shutdown().await
    };
    let _already_gone: Result<io::Result<()>, _> = timeout(FAREWELL, last).await;
}

/// What makes identifiers differ between connections. It is no secret.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    crate::randomness().fill_bytes(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// What streams are made of before and after the login, and what would have to be counted on both sides:
/// docs/decisions/0140-the-proxy-and-xmpp.md.
const NOT_OFFERED: [&str; 7] = [
    "urn:xmpp:sm:2",
    "urn:xmpp:sm:3",
    "http://jabber.org/features/compress",
    "urn:ietf:params:xml:ns:xmpp-tls",
    "urn:ietf:params:xml:ns:xmpp-sasl",
    "urn:xmpp:sasl:2",
    "urn:xmpp:bind:0",
];
/// The first byte of TLS.
const TLS_HANDSHAKE: u8 = 22;
const READ: usize = 8 * 1024;
/// How long a client may take until the server has let it in. A person may have to look at a certificate.
const PATIENCE: Duration = Duration::from_secs(180);
