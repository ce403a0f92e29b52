//! Lines of the standard input.

use std::io::{self, BufRead};

use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// What was typed.
#[derive(PartialEq, Eq)]
pub enum Typed {
    /// A line without its end. It may hold a secret.
    Line(Zeroizing<Vec<u8>>),
    /// A line that was too long, and is dropped as a whole: a half of it could mean something else.
    TooLong,
}

/// Reads lines of the standard input on a thread of its own, so that waiting for them blocks nothing. The channel
/// closes at the end of the input.
pub fn standard_input() -> mpsc::Receiver<Typed> {
    let (lines, input) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Ok(Some(typed)) = next(&mut stdin, LONGEST) {
            if lines.blocking_send(typed).is_err() {
                return;
            }
        }
    });
    input
}

/// The next line; `None` at the end.
fn next(input: &mut impl BufRead, longest: usize) -> io::Result<Option<Typed>> {
    let mut line = Zeroizing::new(Vec::new());
    let mut dropped = false;
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok((dropped || !line.is_empty()).then(|| finish(line, dropped)));
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let part = available
            .get(..end.unwrap_or(available.len()))
            .unwrap_or_default();
        dropped |= line.len() + part.len() > longest;
        if dropped {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(finish(line, dropped)));
        }
    }
}

fn finish(mut line: Zeroizing<Vec<u8>>, dropped: bool) -> Typed {
    if dropped {
        return Typed::TooLong;
    }
    while line.last() == Some(&b'\r') {
        line.pop();
    }
    Typed::Line(line)
}

/// So many lines are read ahead of the network.
const QUEUE: usize = 16;
/// Four times the longest text, for one in JSON may be written with escapes.
const LONGEST: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_dropped_as_a_whole() {
        let mut input = io::BufReader::with_capacity(3, &b"ab\r\n\nabcdef\n/quit"[..]);
        let mut read = Vec::new();
        while let Some(typed) = next(&mut input, 5).unwrap() {
            read.push(match typed {
                Typed::Line(line) => String::from_utf8(line.to_vec()).unwrap(),
                Typed::TooLong => "too long".to_owned(),
            });
        }
        assert_eq!(read, ["ab", "", "too long", "/quit"]);
    }
}
