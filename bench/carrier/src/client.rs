//! A client of the proxy, of the relay or of the server itself.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::Failure;

/// Somebody who is known to the server.
pub struct Client {
    pub reading: Reading,
    pub writing: OwnedWriteHalf,
}

/// Lines that arrive.
pub struct Reading {
    socket: BufReader<OwnedReadHalf>,
    line: String,
}

impl Client {
    pub async fn enter(port: u16, password: &str, nick: &str) -> Result<Self, Failure> {
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        let (reading, writing) = socket.into_split();
        let socket = BufReader::with_capacity(1 << 16, reading);
        let line = String::new();
        let mut client = Self {
            reading: Reading { socket, line },
            writing,
        };
        client
            .say(&format!(
                "PASS {password}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}"
            ))
            .await?;
        client.reading.until(" 422 ").await?;
        Ok(client)
    }

    pub async fn say(&mut self, line: &str) -> Result<(), Failure> {
        Ok(self.writing.write_all(format!("{line}\r\n").as_bytes()).await?)
    }
}

impl Reading {
    /// The next line, without its end.
    pub async fn next(&mut self) -> Result<&str, Failure> {
        self.line.clear();
        match self.socket.read_line(&mut self.line).await? {
            0 => Err("the connection has ended".into()),
            _ => Ok(self.line.trim_end()),
        }
    }

    /// Reads on until a line has `part` in it.
    pub async fn until(&mut self, part: &str) -> Result<String, Failure> {
        loop {
            let line = self.next().await?;
            if line.contains(part) {
                return Ok(line.to_owned());
            }
        }
    }
}
