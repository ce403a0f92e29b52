//! What waits for one side of a connection.

use std::collections::VecDeque;

use zeroize::Zeroizing;

/// Bytes that wait for one side, in pieces that mean something only as a whole.
#[derive(Default)]
pub(super) struct Backlog {
    /// The pieces, from the beginning of the first one that has not gone as a whole.
    bytes: Zeroizing<Vec<u8>>,
    /// So many bytes of it have gone.
    gone: usize,
    /// How long the pieces are, and whether they are words to the person.
    pieces: VecDeque<(usize, bool)>,
}

impl Backlog {
    pub(super) fn push(&mut self, piece: &[u8], words: bool) {
        self.bytes.extend_from_slice(piece);
        self.pieces.push_back((piece.len(), words));
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.gone..).unwrap_or_default()
    }

    pub(super) fn went(&mut self, count: usize) {
        self.gone = self.bytes.len().min(self.gone + count);
        let mut whole = 0;
        while let Some(&(length, _)) = self.pieces.front()
            && whole + length <= self.gone
        {
            whole += length;
            self.pieces.pop_front();
        }
        self.bytes.drain(..whole);
        self.gone -= whole;
    }

    /// Words that have not gone as a whole. Who has said them believes that they were read.
    pub(super) fn unread_words(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.pieces.iter().filter_map(move |&(length, words)| {
            let (piece, behind) = rest.split_at_checked(length)?;
            rest = behind;
            words.then_some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn words_that_went_in_part_have_not_gone() {
        let mut backlog = Backlog::default();
        for (piece, words) in [("one", true), ("two", false), ("three", true), ("four", true)] {
            backlog.push(piece.as_bytes(), words);
        }
        backlog.went(4);
        assert_eq!(backlog.rest(), b"wothreefour");
        backlog.went(4);
        assert_eq!(backlog.rest(), b"reefour");
        assert_eq!(
            backlog.unread_words().collect::<Vec<_>>(),
            [&b"three"[..], b"four"]
        );
        backlog.went(7);
        assert!(backlog.rest().is_empty() && backlog.unread_words().next().is_none());
    }
}
