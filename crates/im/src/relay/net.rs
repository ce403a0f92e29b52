//! The relay on a socket. It listens on 127.0.0.1 and nowhere else, whatever it is asked (security history S-70).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::allowance::Allowance;
use super::capture::{Capture, Direction};
use super::server::{ConnectionId, Effect, Server, ServerConfig};
use crate::accept::{Acceptor, ServerCertificate};

/// What a relay needs to begin.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// How it presents itself.
    pub server: ServerConfig,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How many connections may stand at a time; more are told so and closed.
    pub most_connections: usize,
    /// Where every byte of every socket is recorded.
    pub capture: Option<Capture>,
    /// With this, every connection is encrypted; the capture holds what is inside.
    pub tls: Option<ServerCertificate>,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            server: ServerConfig::default(),
            port: 0,
            most_connections: 64,
            capture: None,
            tls: None,
        }
    }
}

/// A running relay. Dropping it ends it at once; [`shutdown`](Self::shutdown) ends it and waits.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Relay {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system says if the port is not to be had, or the certificate cannot be used.
    pub async fn start(config: RelayConfig) -> io::Result<Self> {
        let acceptor = config.tls.as_ref().map(ServerCertificate::acceptor).transpose()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                server: Server::new(config.server),
                sockets: BTreeMap::new(),
                next: 1,
            }),
            capture: config.capture,
            most_connections: config.most_connections,
            acceptor,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared), stopped));
        Ok(Self {
            address,
            shared,
            stop,
            tasks,
        })
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections that stand: number, the client's own address, and its nick if it has registered.
    #[must_use]
    pub fn connections(&self) -> Vec<(ConnectionId, SocketAddr, Option<Vec<u8>>)> {
        let state = self.shared.state();
        let nick = |id| state.server.nick_of(id).map(<[u8]>::to_vec);
        state
            .sockets
            .iter()
            .map(|(&id, socket)| (id, socket.peer, nick(id)))
            .collect()
    }

    /// Loses the `nth` PRIVMSG from now on that `from` sends to `to`; see [`Server::lose`].
    pub fn lose(&self, from: &[u8], to: &[u8], nth: u32) {
        self.shared.state().server.lose(from, to, nth);
    }

    /// Keeps what `from` sends to `to` from now on; see [`Server::hold`].
    pub fn hold(&self, from: &[u8], to: &[u8]) {
        self.shared.state().server.hold(from, to);
    }

    /// Lets go of what was kept, the last line first.
    pub fn release_reversed(&self) {
        let mut state = self.shared.state();
        let effects = state.server.release_reversed();
        state.carry_out(effects);
    }

    /// How many lines were lost on request.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.state().server.lost()
    }

    /// Cuts a connection without a word, as a failing network does. Nothing happens if there is none.
    pub fn cut(&self, id: ConnectionId) {
        self.shared.cut(id);
    }

    /// Cuts a connection when so many more bytes have gone this way over it, be it in the middle of a line.
    pub fn cut_after(&self, id: ConnectionId, direction: Direction, bytes: usize) {
        if let Some(socket) = self.shared.state().sockets.get_mut(&id) {
            socket.allowance.set(direction, bytes);
        }
    }

    /// Throws somebody off, as an operator does.
    pub fn kill(&self, nick: &[u8], reason: &[u8]) {
        let mut state = self.shared.state();
        let effects = state.server.kill(nick, reason);
        state.carry_out(effects);
    }

    /// Closes every connection and the port, and returns when nothing of the relay runs any more.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.shared.state().sockets.clear();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

struct Shared {
    state: Mutex<State>,
    capture: Option<Capture>,
    most_connections: usize,
    acceptor: Option<Acceptor>,
}

struct State {
    server: Server,
    sockets: BTreeMap<ConnectionId, Socket>,
    next: u64,
}

/// Our end of a connection's tasks. Dropping the queue makes the writer finish what waits and close.
struct Socket {
    peer: SocketAddr,
    queue: mpsc::Sender<Vec<u8>>,
    gone: watch::Sender<bool>,
    allowance: Allowance,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic; if it did, the server's tables would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection is gone, if the server does not know it yet.
    fn forget(&self, id: ConnectionId) {
        let mut state = self.state();
        let effects = state.server.disconnect(id, b"Connection closed");
        state.sockets.remove(&id);
        state.carry_out(effects);
    }

    fn cut(&self, id: ConnectionId) {
        let mut state = self.state();
        let effects = state.server.disconnect(id, b"Connection reset by peer");
        if let Some(socket) = state.sockets.remove(&id) {
            socket.gone.send_replace(true);
        }
        state.carry_out(effects);
    }

    /// How many of so many bytes may pass, and whether the connection is cut then.
    fn allow(&self, id: ConnectionId, direction: Direction, bytes: usize) -> (usize, bool) {
        let mut state = self.state();
        let socket = state.sockets.get_mut(&id);
        socket.map_or((bytes, false), |socket| socket.allowance.take(direction, bytes))
    }

    fn record(&self, id: ConnectionId, direction: Direction, bytes: &[u8]) {
        if let Some(capture) = &self.capture {
            capture.record(id, direction, bytes);
        }
    }
}

impl State {
    /// Does what the server says. A client that does not read for so long that its queue is full is thrown out.
    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut stuck = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(id, line) => {
                    let full = self
                        .sockets
                        .get(&id)
                        .is_some_and(|s| s.queue.try_send(line.to_wire()).is_err());
                    if full && !stuck.contains(&id) {
                        stuck.push(id);
                    }
                }
                Effect::Close(id) => {
                    self.sockets.remove(&id);
                }
            }
        }
        for id in stuck {
            if let Some(socket) = self.sockets.remove(&id) {
                socket.gone.send_replace(true);
                let effects = self.server.disconnect(id, b"Send queue exceeded");
                self.carry_out(effects);
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => admit(stream, peer, &shared, &mut connections),
                // Out of descriptors, most likely: others have to leave first.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    // What was told to the connections is written out, but nobody who does not read can hold us up.
    let ended = async { while connections.join_next().await.is_some() {} };
    let _unfinished = tokio::time::timeout(PATIENCE, ended).await;
}

fn admit(stream: TcpStream, peer: SocketAddr, shared: &Arc<Shared>, tasks: &mut JoinSet<()>) {
    // Only slower without it.
    let _ignored = stream.set_nodelay(true);
    let mut state = shared.state();
    if state.sockets.len() >= shared.most_connections {
        // The socket's own buffer is empty, so this either goes out at once or not at all.
        let _unsent = stream.try_write(b"ERROR :Closing link: too many connections\r\n");
        return;
    }
    let id = ConnectionId(state.next);
    state.next += 1;
    let (queue, lines) = mpsc::channel(SEND_QUEUE);
    let (gone, gone_seen) = watch::channel(false);
    state.server.connect(id, peer.ip().to_string().as_bytes());
    let allowance = Allowance::default();
    state.sockets.insert(
        id,
        Socket {
            peer,
            queue,
            gone,
            allowance,
        },
    );
    let shared = Arc::clone(shared);
    tasks.spawn(async move {
        let Some(acceptor) = shared.acceptor.clone() else {
            return serve(id, stream, lines, gone_seen, shared).await;
        };
        match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve(id, stream, lines, gone_seen, shared).await,
            Ok(Err(_)) | Err(_) => shared.forget(id),
        }
    });
}

/// One connection from its first byte to its last.
async fn serve(
    id: ConnectionId,
    stream: impl AsyncRead + AsyncWrite,
    lines: mpsc::Receiver<Vec<u8>>,
    mut gone: watch::Receiver<bool>,
    shared: Arc<Shared>,
) {
    let (reader, writer) = tokio::io::split(stream);
    let mut writing = pin!(write(id, writer, lines, &shared));
    let thrown_out = tokio::select! {
        () = read(id, reader, &shared) => false,
        // The client is gone, or the server has closed the connection and all is said.
        () = &mut writing => true,
        // An error means only that the server has closed the connection: what waits is still to be said.
        seen = gone.wait_for(|&gone| gone) => seen.is_ok(),
    };
    shared.forget(id);
    if !thrown_out {
        let _unfinished = tokio::time::timeout(PATIENCE, writing).await;
    }
}

async fn read(id: ConnectionId, mut reader: impl AsyncRead + Unpin, shared: &Shared) {
    let mut bytes = vec![0; READ_SIZE];
    loop {
        let read = match reader.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.get(..count).unwrap_or_default(),
        };
        let (passing, cut) = shared.allow(id, Direction::In, read.len());
        let read = read.get(..passing).unwrap_or_default();
        shared.record(id, Direction::In, read);
        let mut state = shared.state();
        if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
            state.server.tell_time(now);
        }
        let effects = state.server.receive(id, read);
        state.carry_out(effects);
        drop(state);
        if cut {
            return shared.cut(id);
        }
    }
}

async fn write(
    id: ConnectionId,
    mut writer: impl AsyncWrite + Unpin,
    mut lines: mpsc::Receiver<Vec<u8>>,
    shared: &Shared,
) {
    while let Some(mut bytes) = lines.recv().await {
        while bytes.len() < WRITE_SIZE
            && let Ok(more) = lines.try_recv()
        {
            bytes.extend_from_slice(&more);
        }
        let (passing, cut) = shared.allow(id, Direction::Out, bytes.len());
        bytes.truncate(passing);
        // Recorded first, so that whoever has read a line finds it in the capture.
        shared.record(id, Direction::Out, &bytes);
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            break;
        }
        if cut {
            shared.cut(id);
            break;
        }
    }
    let _already_gone = writer.shutdown().await;
}

/// How many lines may wait for a client that does not read: two megabytes at most.
const SEND_QUEUE: usize = 4096;
const READ_SIZE: usize = 4096;
const WRITE_SIZE: usize = 16 * 1024;
/// How long a client may take to agree on the encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client that is told goodbye may take to read it.
const PATIENCE: Duration = Duration::from_secs(2);
