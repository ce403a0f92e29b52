//! The side of `chatham ctl` and `chatham keys`.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zeroize::Zeroizing;

use crate::control::lines::{Line, Lines};
use crate::control::{LONGEST, VERSION, place};

/// A connection to a running proxy.
pub struct Client {
    lines: Lines<OwnedReadHalf>,
    writes: OwnedWriteHalf,
    /// The process.
    pub pid: u64,
}

/// Why something was not done at the proxy.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No proxy runs with this store.
    #[error("no proxy runs with the store in {}; `chatham proxy` starts one", .0.display())]
    Nobody(PathBuf),
    /// The socket cannot be used, or the proxy has gone.
    #[error("the proxy cannot be asked: {0}")]
    Socket(#[from] io::Error),
    /// Another version of the program.
    #[error("the proxy speaks another version of the control protocol ({0}); start it anew")]
    Version(String),
    /// It said no.
    #[error("{words}")]
    Refused {
        /// One word for why.
        reason: String,
        /// A sentence.
        words: String,
    },
}

impl Client {
    /// Connects to the proxy that has the store in this folder.
    ///
    /// # Errors
    /// If there is none, or it is not one of ours.
    pub async fn connect(data: &Path) -> Result<Self, ControlError> {
        let stream = place::connect(data).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ControlError::Nobody(data.to_owned())
            }
            _ => ControlError::Socket(error),
        })?;
        let (reads, writes) = stream.into_split();
        let mut client = Self {
            lines: Lines::new(reads, LONGEST_ANSWER),
            writes,
            pid: 0,
        };
        let hello = client.hear().await?;
        let version = hello.get("version").and_then(Value::as_u64);
        if hello.get("hello").and_then(Value::as_str) != Some("chatham-control") || version != Some(VERSION) {
            let words = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(ControlError::Version(words));
        }
        client.pid = hello.get("pid").and_then(Value::as_u64).unwrap_or_default();
        Ok(client)
    }

    /// Sends a request: an object, and a secret that goes into it.
    ///
    /// # Errors
    /// If the proxy has gone, or the request is too long.
    pub async fn ask(&mut self, request: &Value, secret: Option<&str>) -> Result<(), ControlError> {
        // It never grows, so that no copy of the secret is left anywhere.
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
        line.extend_from_slice(request.to_string().as_bytes());
        if let Some(secret) = secret {
            line.pop();
            line.extend_from_slice(b",\"secret\":");
            let quoted = secret.len().saturating_mul(6) + line.len() + 4;
            if quoted > LONGEST {
                return Err(io::Error::other("that secret is too long").into());
            }
            serde_json::to_writer(&mut *line, secret).map_err(io::Error::from)?;
            line.push(b'}');
        }
        line.push(b'\n');
        self.writes.write_all(&line).await?;
        Ok(())
    }

    /// The next object.
    ///
    /// # Errors
    /// If the proxy has gone.
    pub async fn hear(&mut self) -> Result<Value, ControlError> {
        match self.lines.next().await? {
            Line::Whole(line) => Ok(serde_json::from_slice(&line).map_err(io::Error::from)?),
            Line::End => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended").into()),
            Line::TooLong | Line::Half => Err(io::Error::other("its answer has no end").into()),
        }
    }

    /// Asks, and hands on what is told until it is done.
    ///
    /// # Errors
    /// What the proxy refuses, and what `told` says.
    pub async fn request(
        &mut self,
        request: &Value,
        secret: Option<&str>,
        mut told: impl FnMut(Value) -> io::Result<()>,
    ) -> Result<(), ControlError> {
        self.ask(request, secret).await?;
        loop {
            let value = self.hear().await?;
            let Some(done) = value.get("done").and_then(Value::as_bool) else {
                told(value)?;
                continue;
            };
            let text = |name: &str| {
                let text = value.get(name).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            return match done {
                true => Ok(()),
                false => Err(ControlError::Refused {
                    reason: text("reason"),
                    words: text("error"),
                }),
            };
        }
    }
}

/// A list of many people and keys.
const LONGEST_ANSWER: usize = 4 << 20;
