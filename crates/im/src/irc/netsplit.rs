//! Whether somebody left because two servers lost each other.

/// Whether a QUIT's words are those of a netsplit: the names of two servers, or the stars that hide them. Servers
/// write something before what people say themselves, but not all do: it is a guess.
pub(super) fn is_netsplit(reason: &[u8]) -> bool {
    let mut names = reason.split(|&byte| byte == b' ');
    match (names.next(), names.next(), names.next()) {
        (Some(one), Some(other), None) => one != other && is_server(one) && is_server(other),
        _ => false,
    }
}

fn is_server(name: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.*".contains(byte);
    let letters = |label: &[u8]| !label.is_empty();
    name.len() <= LONGEST
        && name.contains(&b'.')
        && name.iter().all(legal)
        && name.split(|&byte| byte == b'.').all(letters)
        // No address and no number: those end in a figure.
        && name.last().is_some_and(u8::is_ascii_alphabetic)
}

/// The longest name of a server (RFC 2812, section 1.1).
const LONGEST: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_netsplit_from_words() {
        for split in [
            "hub.example leaf.example",
            "*.net *.split",
            "irc-1.a.example irc-2.a.example",
        ] {
            assert!(is_netsplit(split.as_bytes()), "{split}");
        }
        for words in [
            "",
            "bye",
            "hub.example",
            "hub.example ",
            " hub.example",
            "a.b c.d e.f",
            "Quit: a.b c.d",
            "see you.",
            "hub.example hub.example",
            "v1.2 v1.3",
            "http://a.b c.d",
            "a..b c.d",
            "Ping timeout",
        ] {
            assert!(!is_netsplit(words.as_bytes()), "{words}");
        }
    }
}
