//! The side of `chatham ctl`, `chatham keys` and `chatham chat`.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zeroize::Zeroizing;

use crate::control::lines::{Line, Lines};
use crate::control::{LONGEST, VERSION, Wiped, place};

/// A connection to a running proxy.
pub struct Client {
    lines: Lines<OwnedReadHalf>,
    writes: OwnedWriteHalf,
    /// The process.
    pub pid: u64,
    /// The profiles that it has.
    pub profiles: Vec<String>,
    /// Lines that wait to be written, and how much of the first is.
    unwritten: VecDeque<Zeroizing<Vec<u8>>>,
    written: usize,
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
    /// What was asked is longer than it takes.
    #[error("that is too long: the proxy takes {LONGEST} bytes at a time")]
    TooLong,
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
            profiles: Vec::new(),
            unwritten: VecDeque::new(),
            written: 0,
        };
        let hello = client.hear().await?;
        let version = hello.get("version").and_then(Value::as_u64);
        if hello.get("hello").and_then(Value::as_str) != Some("chatham-control") || version != Some(VERSION) {
            let words = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(ControlError::Version(words));
        }
        client.pid = hello.get("pid").and_then(Value::as_u64).unwrap_or_default();
        let profiles = hello
            .get("profiles")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        client.profiles = profiles.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(client)
    }

    /// Sends a request: an object, and a secret that goes into it.
    ///
    /// # Errors
    /// If the proxy has gone, or the request is too long.
    pub async fn ask(&mut self, request: &Value, secret: Option<&str>) -> Result<(), ControlError> {
        let line = written(request, secret.map(|secret| ("secret", secret)))?;
        self.writes.write_all(&line).await?;
        Ok(())
    }

    /// Leaves a request to [`Self::exchange`]: an object, and a field that is nobody's to see.
    ///
    /// # Errors
    /// If it is too long, or too many wait.
    pub(crate) fn leave(
        &mut self,
        request: &Value,
        private: Option<(&str, &str)>,
    ) -> Result<(), ControlError> {
        if self.unwritten.len() >= MOST_UNWRITTEN {
            return Err(io::Error::other("it takes nothing any more").into());
        }
        self.unwritten.push_back(written(request, private)?);
        Ok(())
    }

    /// Says what was left, and hears the next object. Nothing is lost if the wait is given up.
    ///
    /// # Errors
    /// If the proxy has gone.
    pub(crate) async fn exchange(&mut self) -> Result<Wiped, ControlError> {
        loop {
            let waits = self.unwritten.front().and_then(|line| line.get(self.written..));
            tokio::select! {
                line = self.lines.next() => return read(line?),
                wrote = self.writes.write(waits.unwrap_or_default()), if waits.is_some() => match wrote {
                    Ok(count) => {
                        self.written += count;
                        if self.unwritten.front().is_some_and(|line| line.len() <= self.written) {
                            self.unwritten.pop_front();
                            self.written = 0;
                        }
                    }
                    // What it has said before it went is heard still, and then its end.
                    Err(_) => self.unwritten.clear(),
                }
            }
        }
    }

    /// The next object.
    ///
    /// # Errors
    /// If the proxy has gone.
    pub async fn hear(&mut self) -> Result<Value, ControlError> {
        let line = self.lines.next().await?;
        Ok(read(line)?.value().clone())
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

/// What a line of the proxy says.
fn read(line: Line) -> Result<Wiped, ControlError> {
    match line {
        Line::Whole(line) => {
            let value: Value = serde_json::from_slice(&line).map_err(io::Error::from)?;
            Ok(value.into())
        }
        Line::End => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended").into()),
        Line::TooLong | Line::Half => Err(io::Error::other("its answer has no end").into()),
    }
}

/// A request as a line. It never grows, so that no copy of what is private is left anywhere.
fn written(request: &Value, private: Option<(&str, &str)>) -> Result<Zeroizing<Vec<u8>>, ControlError> {
    let open = request.to_string();
    // A character has six in JSON at most.
    let closed = private.map_or(0, |(name, value)| {
        name.len() + value.len().saturating_mul(6) + MARKS
    });
    let room = LONGEST.min(open.len().saturating_add(closed));
    let mut line = Bounded(Zeroizing::new(Vec::with_capacity(room + 1)));
    let whole = (|| {
        line.write_all(open.as_bytes())?;
        if let Some((name, value)) = private {
            line.0.pop();
            write!(line, ",\"{name}\":")?;
            serde_json::to_writer(&mut line, value)?;
            line.write_all(b"}")?;
        }
        io::Result::Ok(())
    })();
    whole.map_err(|_| ControlError::TooLong)?;
    line.0.push(b'\n');
    Ok(line.0)
}

/// A line that is no longer than it may be.
struct Bounded(Zeroizing<Vec<u8>>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A list of many people and keys.
const LONGEST_ANSWER: usize = 4 << 20;
/// So many requests wait for a proxy that is busy.
const MOST_UNWRITTEN: usize = 1024;
/// What stands around a field: comma, colon, quotes.
const MARKS: usize = 6;
