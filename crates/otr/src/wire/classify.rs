//! What kind of message is this? The first look at whatever comes off the network.

use std::borrow::Cow;

use super::fragment::{self, Piece};
use super::header::Versions;
use super::{armor, discovery, markup};

/// A message from the network, sorted by its marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Words of a person, tags taken out; the offered versions if there was a tag, possibly none that is known.
    Plaintext(Cow<'a, [u8]>, Option<Versions>),
    /// A query message; the versions it offers, possibly none.
    Query(Versions),
    /// An error message: the words behind the marker and its blanks. Anybody may have written them.
    Error(&'a [u8]),
    /// One piece of a cut message.
    Piece(Piece<'a>),
    /// The marker of a piece with an illegal frame behind it.
    BadPiece,
    /// An encoded message: the base64 text for [`armor::decode`].
    Armored(&'a [u8]),
    /// The marker of an encoded message without its full stop, or too long a one.
    BadArmor,
}

/// Sorts a message. Total, linear in its length, and copies only a text that holds a tag.
///
/// A marker counts at the start of the message only, behind white space and opening HTML tags (256 bytes of them at
/// most): elsewhere somebody may have pasted it. `?OTR` before anything that is no legal marker is plaintext. Tags
/// count anywhere.
pub fn classify(message: &[u8]) -> Incoming<'_> {
    let start = message.get(markup::opening(message)..).unwrap_or(message);
    match marked(start) {
        Some(incoming) => incoming,
        None => {
            let (text, offer) = discovery::strip_tags(message);
            Incoming::Plaintext(text, offer)
        }
    }
}

fn marked(start: &[u8]) -> Option<Incoming<'_>> {
    // Pieces first: the text demands it, since a piece may hold any other marker.
    if start.starts_with(b"?OTR|") || start.starts_with(b"?OTR,") {
        return Some(fragment::parse(start).map_or(Incoming::BadPiece, Incoming::Piece));
    }
    if let Some(rest) = start.strip_prefix(armor::MARKER.as_bytes()) {
        return Some(armor::body(rest).map_or(Incoming::BadArmor, Incoming::Armored));
    }
    if let Some(words) = start.strip_prefix(b"?OTR Error:") {
        return Some(Incoming::Error(words.trim_ascii()));
    }
    discovery::parse_query(start).map(Incoming::Query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &[u8]) -> Incoming<'_> {
        Incoming::Plaintext(Cow::Borrowed(text), None)
    }

    #[test]
    fn every_marker_at_the_start() {
        let table: [(&[u8], Incoming<'_>); 9] = [
            (b"?OTR:AAMD.", Incoming::Armored(b"AAMD")),
            (b"?OTR:AAMD.</body></html>", Incoming::Armored(b"AAMD")),
            (b"?OTR:AAMD", Incoming::BadArmor),
            (
                b"?OTR Error: You sent rubbish\r\n",
                Incoming::Error(b"You sent rubbish"),
            ),
            (b"?OTR Error:", Incoming::Error(b"")),
            (b"?OTRv23?\nPlease", Incoming::Query(Versions::V2 | Versions::V3)),
            (
                b"?OTR,1,2,?OTR:AAMD,",
                Incoming::Piece(Piece {
                    identifier: None,
                    tags: None,
                    index: 1,
                    total: 2,
                    body: b"?OTR:AAMD",
                }),
            ),
            (b"?OTR,1,2,", Incoming::BadPiece),
            (b"?OTR|1,2,x,", Incoming::BadPiece),
        ];
        for (message, expected) in table {
            assert_eq!(classify(message), expected, "{message:?}");
            for before in [&b" \t\r\n"[..], b"<html><body>", b" <p class='x'>\n"] {
                assert_eq!(classify(&[before, message].concat()), expected);
            }
            for before in [&b"x"[..], b"> ", b"</p>", b"\"", &[b' '; 257]] {
                let pasted = [before, message].concat();
                assert_eq!(classify(&pasted), plain(&pasted));
            }
        }
    }

    #[test]
    fn what_is_no_marker_is_plaintext() {
        let table: [&[u8]; 14] = [
            b"",
            b"?",
            b"?OT",
            b"?OTR",
            b"?otr?",
            b"?OTR ",
            b"?OTRv",
            b"?OTRv2",
            b"?OTRv2 ?",
            b"?OTRx?",
            b"?OTR.",
            b"?OTR error:",
            b"?OTR Error",
            b"??OTR?",
        ];
        for message in table {
            assert_eq!(classify(message), plain(message), "{message:?}");
        }
    }

    #[test]
    fn plaintext_keeps_its_own_white_space() {
        let tag = discovery::tag(Versions::V3);
        let tagged = [b"  hi ", &tag[..], b" there "].concat();
        let expected = Incoming::Plaintext(Cow::Owned(b"  hi  there ".to_vec()), Some(Versions::V3));
        assert_eq!(classify(&tagged), expected);
    }
}
