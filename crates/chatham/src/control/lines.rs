//! Lines of a socket, bounded in length and in time. They may hold secrets, and are wiped.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};
use zeroize::{Zeroize, Zeroizing};

/// What came.
pub(super) enum Line {
    /// A line without its end.
    Whole(Zeroizing<Vec<u8>>),
    /// More than a line may be, without an end.
    TooLong,
    /// A part of a line, and the rest did not come in time.
    Half,
    /// Nothing more comes.
    End,
}

/// The reading half of a connection. No wait that is given up loses anything.
pub(super) struct Lines<R> {
    reads: R,
    kept: Zeroizing<Vec<u8>>,
    longest: usize,
    /// When the line that has begun has to have come.
    due: Option<Instant>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reads: R, longest: usize) -> Self {
        Self {
            reads,
            // It never grows, so that no copy is left anywhere.
            kept: Zeroizing::new(Vec::with_capacity(longest + READ)),
            longest,
            due: None,
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// What the system says.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            if let Some(end) = self.kept.iter().position(|&byte| byte == b'\n') {
                self.due = None;
                return Ok(match self.take(end) {
                    line if line.len() > self.longest => Line::TooLong,
                    line => Line::Whole(line),
                });
            }
            if self.kept.len() > self.longest {
                return Ok(Line::TooLong);
            }
            if self.kept.is_empty() {
                self.due = None;
            } else if self.due.is_none() {
                self.due = Some(Instant::now() + PATIENCE);
            }
            let mut bytes = Zeroizing::new([0; READ]);
            let count = match self.due {
                None => self.reads.read(&mut *bytes).await?,
                Some(due) => match timeout_at(due, self.reads.read(&mut *bytes)).await {
                    Ok(read) => read?,
                    Err(_) => return Ok(Line::Half),
                },
            };
            if count == 0 {
                return Ok(Line::End);
            }
            self.kept
                .extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
    }

    /// The bytes before the line's end, which goes with them.
    fn take(&mut self, end: usize) -> Zeroizing<Vec<u8>> {
        let line = self.kept.get(..end).unwrap_or_default();
        let line = Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
        let left = self.kept.len() - end - 1;
        self.kept.copy_within(end + 1.., 0);
        if let Some(stale) = self.kept.get_mut(left..) {
            stale.zeroize();
        }
        self.kept.truncate(left);
        line
    }
}

const READ: usize = 4096;
/// Whoever has begun a line ends it soon.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8], longest: usize) -> Vec<String> {
        let mut lines = Lines::new(bytes, longest);
        let mut read = Vec::new();
        loop {
            match lines.next().await.unwrap() {
                Line::Whole(line) => read.push(String::from_utf8(line.to_vec()).unwrap()),
                Line::TooLong => {
                    read.push("too long".into());
                    return read;
                }
                Line::Half => panic!("it was all there"),
                Line::End => return read,
            }
        }
    }

    #[tokio::test]
    async fn lines_have_ends_and_bounds() {
        assert_eq!(all(b"a\r\n\nbc\nd", 9).await, ["a", "", "bc"]);
        assert_eq!(all(b"abc\nabcd\n", 3).await, ["abc", "too long"]);
        assert_eq!(all(&[b'x'; 100_000], 9).await, ["too long"]);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_line_is_not_waited_for() {
        let (mut here, there) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut here, b"{\"do\"")
            .await
            .unwrap();
        let mut lines = Lines::new(there, 64);
        assert!(matches!(lines.next().await.unwrap(), Line::Half));
    }
}
