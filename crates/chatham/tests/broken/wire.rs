//! A wire to a server: it remembers what went over it, and breaks after as many bytes as one likes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Towards the server, and from it.
pub const UP: usize = 0;
pub const DOWN: usize = 1;

struct State {
    captured: Vec<u8>,
    /// How many bytes may go either way before the connection breaks.
    left: [usize; 2],
}

pub struct Wire {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Wire {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            captured: Vec::new(),
            left: [usize::MAX; 2],
        }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(carry(near, far, Arc::clone(&shared)));
            }
        });
        Self { port, state }
    }

    /// The connection breaks when so many bytes more have gone this way. The next one is whole.
    pub fn cut_after(&self, way: usize, bytes: usize) {
        self.state.lock().unwrap().left[way] = bytes;
    }

    pub fn mend(&self) {
        self.state.lock().unwrap().left = [usize::MAX; 2];
    }

    /// Everything that went over it, either way.
    pub fn captured(&self) -> Vec<u8> {
        self.state.lock().unwrap().captured.clone()
    }
}

impl State {
    /// How many of these bytes pass, and whether the connection breaks behind them.
    fn pass(&mut self, way: usize, bytes: &[u8]) -> (usize, bool) {
        let count = bytes.len().min(self.left[way]);
        self.captured.extend_from_slice(&bytes[..count]);
        if count < bytes.len() {
            self.left = [usize::MAX; 2];
            return (count, true);
        }
        if self.left[way] != usize::MAX {
            self.left[way] -= count;
        }
        (count, false)
    }
}

async fn carry(near: TcpStream, far: TcpStream, state: Arc<Mutex<State>>) {
    let ((mut near_reads, mut near_writes), (mut far_reads, mut far_writes)) =
        (near.into_split(), far.into_split());
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        let (way, count) = tokio::select! {
            read = near_reads.read(&mut up) => (UP, read),
            read = far_reads.read(&mut down) => (DOWN, read),
        };
        let Ok(count @ 1..) = count else { return };
        let bytes = if way == UP { &up[..count] } else { &down[..count] };
        let (count, breaks) = state.lock().unwrap().pass(way, bytes);
        let wrote = match way {
            UP => far_writes.write_all(&bytes[..count]).await,
            _ => near_writes.write_all(&bytes[..count]).await,
        };
        if wrote.is_err() || breaks {
            return;
        }
    }
}
