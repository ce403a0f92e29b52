//! The client-to-client protocol: `\x01WORD argument\x01` inside a message. `ACTION` is a person speaking (`/me`);
//! everything else is a program's question, to which this crate has no answer (security history S-65).

/// What the text of a PRIVMSG or NOTICE is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctcp<'a> {
    /// Ordinary words.
    Text(&'a [u8]),
    /// `/me`: what somebody does, without the framing.
    Action(&'a [u8]),
    /// Another request or answer.
    Other {
        /// Its first word, as it came.
        word: &'a [u8],
        /// What follows the word.
        argument: &'a [u8],
    },
}

/// Sorts the text of a message. Text that begins with `\x01` is never ordinary words, even if the closing `\x01`
/// was cut off.
#[must_use]
pub fn classify(text: &[u8]) -> Ctcp<'_> {
    let Some(inside) = text.strip_prefix(&[MARK]) else {
        return Ctcp::Text(text);
    };
    let end = inside
        .iter()
        .position(|&byte| byte == MARK)
        .unwrap_or(inside.len());
    let inside = inside.split_at(end).0;
    let word_end = inside
        .iter()
        .position(|&byte| byte == b' ')
        .unwrap_or(inside.len());
    let (word, rest) = inside.split_at(word_end);
    let argument = rest.strip_prefix(b" ").unwrap_or(rest);
    if word.eq_ignore_ascii_case(ACTION) {
        Ctcp::Action(argument)
    } else {
        Ctcp::Other { word, argument }
    }
}

/// Frames what somebody does as a message text. Any `\x01` inside is made harmless.
#[must_use]
pub fn action(deed: &[u8]) -> Vec<u8> {
    let mut text = vec![MARK];
    text.extend_from_slice(ACTION);
    text.push(b' ');
    text.extend_from_slice(&neutralise(deed));
    text.push(MARK);
    text
}

/// Writes what somebody does as the words that programs put inside an encrypted text: `/me deed`.
#[must_use]
pub fn me(deed: &[u8]) -> Vec<u8> {
    [ME, deed].concat()
}

/// What a person meant by a decrypted text: `/me deed` and a framed `ACTION` both are a deed.
///
/// Nothing else in a decrypted text is CTCP, whatever it looks like: show it, never act on it.
#[must_use]
pub fn spoken(text: &[u8]) -> Spoken {
    if let Some(deed) = text.strip_prefix(ME) {
        return Spoken::Deed(neutralise(deed));
    }
    match classify(text) {
        Ctcp::Action(deed) => Spoken::Deed(deed.to_vec()),
        Ctcp::Text(_) | Ctcp::Other { .. } => Spoken::Words(neutralise(text)),
    }
}

/// A text by its meaning, free of `\x01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// Said.
    Words(Vec<u8>),
    /// Done: `/me`.
    Deed(Vec<u8>),
}

/// The text with every `\x01` shown as `?`, so that no client takes any of it for CTCP.
#[must_use]
pub fn neutralise(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(|&byte| if byte == MARK { b'?' } else { byte })
        .collect()
}

/// The byte that frames CTCP.
pub const MARK: u8 = 0x01;

const ACTION: &[u8] = b"ACTION";
const ME: &[u8] = b"/me ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_messages() {
        assert_eq!(classify(b"hello \x01DCC\x01"), Ctcp::Text(b"hello \x01DCC\x01"));
        assert_eq!(
            classify(b"\x01ACTION waves  twice\x01"),
            Ctcp::Action(b"waves  twice")
        );
        assert_eq!(classify(b"\x01action waves"), Ctcp::Action(b"waves"));
        assert_eq!(classify(b"\x01ACTION\x01"), Ctcp::Action(b""));
        assert_eq!(
            classify(b"\x01ACTIONS x\x01"),
            Ctcp::Other {
                word: b"ACTIONS",
                argument: b"x"
            }
        );
        assert_eq!(
            classify(b"\x01VERSION\x01"),
            Ctcp::Other {
                word: b"VERSION",
                argument: b""
            }
        );
        assert_eq!(
            classify(b"\x01"),
            Ctcp::Other {
                word: b"",
                argument: b""
            }
        );
    }

    #[test]
    fn a_deed_survives_both_framings() {
        assert_eq!(spoken(&me(b"waves")), Spoken::Deed(b"waves".to_vec()));
        assert_eq!(spoken(&action(b"waves")), Spoken::Deed(b"waves".to_vec()));
        assert_eq!(spoken(b"/mean words"), Spoken::Words(b"/mean words".to_vec()));
    }

    #[test]
    fn nothing_decrypted_stays_ctcp() {
        for text in [
            &b"\x01DCC SEND x\x01"[..],
            b"a\x01b",
            b"/me a\x01DCC\x01",
            b"\x01ACTION a\x01\x01DCC\x01",
        ] {
            let (Spoken::Words(out) | Spoken::Deed(out)) = spoken(text);
            assert!(!out.contains(&MARK), "{text:?}");
        }
        assert_eq!(action(b"a\x01b"), b"\x01ACTION a?b\x01");
    }
}
