//! The far end of one connection of the proxy to an IRC server, which says what the test says.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Scripted {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Scripted {
    pub async fn accept(listener: &TcpListener) -> Self {
        Self {
            stream: listener.accept().await.unwrap().0,
            pending: Vec::new(),
        }
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn say(&mut self, line: &str) {
        self.raw(format!("{line}\r\n").as_bytes()).await;
    }

    /// The next line that reaches the server.
    pub async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.pending.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return String::from_utf8(line)
                    .unwrap()
                    .strip_suffix("\r\n")
                    .unwrap()
                    .to_owned();
            }
            let mut bytes = [0; 4096];
            let read = self.stream.read(&mut bytes);
            let count = tokio::time::timeout(Duration::from_secs(60), read)
                .await
                .unwrap()
                .unwrap();
            assert!(count > 0, "the proxy has closed");
            self.pending.extend_from_slice(&bytes[..count]);
        }
    }
}
