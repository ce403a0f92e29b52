//! What can be seen of a ciphertext from outside: for which device it is, and whether it is a message of a conversation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The devices between which a message goes. A message of version 2 names none: both are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Who has said it.
    pub sender: u32,
    /// For whom it is.
    pub receiver: u32,
}

/// The tags of a message, or of a piece of one. `None` if it is no ciphertext.
#[must_use]
pub fn tags(text: &str) -> Option<Tags> {
    if let Some(piece) = text.strip_prefix("?OTR|") {
        // Version 4 puts an identifier before them.
        let tags = piece.split(',').next()?;
        let mut words = tags.rsplit('|');
        let receiver = u32::from_str_radix(words.next()?, 16).ok()?;
        let sender = u32::from_str_radix(words.next()?, 16).ok()?;
        return Some(Tags { sender, receiver });
    }
    if text.starts_with("?OTR,") {
        return Some(Tags::default());
    }
    let header = header(text)?;
    let word = |at: usize| {
        let four: Option<[u8; 4]> = header.get(at..at + 4)?.try_into().ok();
        four.map(u32::from_be_bytes)
    };
    match header.get(1)? {
        0..=2 => Some(Tags::default()),
        _ => Some(Tags {
            sender: word(3)?,
            receiver: word(7)?,
        }),
    }
}

/// Whether it is something of the protocol, and no words.
#[must_use]
pub fn is_ciphertext(text: &str) -> bool {
    text.trim_start().starts_with("?OTR")
}

/// Words without the white space in them that offers a private conversation.
#[must_use]
pub fn without_offer(text: &str) -> String {
    let Some((before, behind)) = text.split_once(OFFER) else {
        return text.to_owned();
    };
    let mut words = behind;
    // Each version that is offered has eight signs.
    while let Some((version, rest)) = words.split_at_checked(8)
        && version.bytes().all(|sign| matches!(sign, b' ' | b'\t'))
    {
        words = rest;
    }
    [before, words].concat()
}

/// Whether it is a message of a conversation that stands already, and no part of how one begins.
#[must_use]
pub fn is_data(text: &str) -> bool {
    header(text).is_some_and(|header| header.get(2) == Some(&DATA))
}

/// The first bytes of an encoded message.
fn header(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix("?OTR:")?.as_bytes();
    BASE64.decode(encoded.get(..HEADER)?).ok()
}

/// How an offer begins.
const OFFER: &str = " \t  \t\t\t\t \t \t \t  ";
const DATA: u8 = 3;
/// So many letters hold the version, the type and both tags.
const HEADER: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tags_of_every_form() {
        // 0003 03 00000101 00000202
        assert_eq!(
            tags("?OTR:AAMDAAABAQAAAgIA."),
            Some(Tags {
                sender: 0x101,
                receiver: 0x202
            })
        );
        assert!(is_data("?OTR:AAMDAAABAQAAAgIA."));
        assert_eq!(tags("?OTR:AAICAAAAxAAAAAAA."), Some(Tags::default()));
        assert!(!is_data("?OTR:AAMCAAABAQAAAgIA."));
        assert_eq!(
            tags("?OTR|5a73a599|27e31597,00001,00003,?OTR:,"),
            Some(Tags {
                sender: 0x5a73_a599,
                receiver: 0x27e3_1597
            })
        );
        assert_eq!(
            tags("?OTR|00000001|5a73a599|27e31597,00001,00003,?OTR:,"),
            Some(Tags {
                sender: 0x5a73_a599,
                receiver: 0x27e3_1597
            })
        );
        for text in [
            "?OTRv23?",
            "?OTR:",
            "?OTR:AA!",
            "?OTR|x|y,1,2,z,",
            "hello",
            "?OTR Error: x",
        ] {
            assert_eq!(tags(text), None, "{text}");
        }
    }

    #[test]
    fn an_offer_is_no_word() {
        let offer = [OFFER, "  \t\t  \t\t"].concat();
        assert_eq!(without_offer(&["hello", &offer].concat()), "hello");
        assert_eq!(without_offer("hello \t  "), "hello \t  ");
        assert_eq!(without_offer(&[&offer, " and more"].concat()), " and more");
        assert!(is_ciphertext(" ?OTRv34?") && !is_ciphertext("what is ?OTRv34?"));
    }
}
