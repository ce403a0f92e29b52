//! The little that has to be known about HTML: some networks wrap every message in it.

/// How many bytes of ASCII white space and whole opening tags a message starts with, looking no further than
/// [`LOOK_AHEAD`] bytes.
pub(super) fn opening(message: &[u8]) -> usize {
    let window = message.get(..LOOK_AHEAD).unwrap_or(message);
    let mut rest = window;
    loop {
        rest = rest.trim_ascii_start();
        match after_tag(rest, false) {
            Some(after) => rest = after,
            None => break,
        }
    }
    window.len() - rest.len()
}

/// Whether nothing but ASCII white space and tags is there, so that it may be dropped behind a message.
pub(super) fn is_only_markup(rest: &[u8]) -> bool {
    let mut rest = rest.trim_ascii_start();
    while let Some(after) = after_tag(rest, true) {
        rest = after.trim_ascii_start();
    }
    rest.is_empty()
}

/// What follows a tag that `text` starts with.
fn after_tag(text: &[u8], closing_too: bool) -> Option<&[u8]> {
    let name = match text.strip_prefix(b"<")? {
        [b'/', name @ ..] if closing_too => name,
        name => name,
    };
    if !name.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let end = name.iter().position(|&byte| byte == b'>')?;
    name.get(end + 1..)
}

/// How far into a message its marker may stand.
const LOOK_AHEAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_opening_tags_are_skipped() {
        let table: [(&[u8], usize); 11] = [
            (b"", 0),
            (b"?OTR", 0),
            (b" \t\r\n?OTR", 4),
            (b"<html><body>?OTR", 12),
            (b" <FONT color=\"red\"> ?OTR", 20),
            (b"<br/>?OTR", 5),
            (b"</b>?OTR", 0),
            (b"<3 ?OTR", 0),
            (b"<b ?OTR", 0),
            (b"<>?OTR", 0),
            (b"x <b>?OTR", 0),
        ];
        for (message, length) in table {
            assert_eq!(opening(message), length, "{message:?}");
        }
    }

    #[test]
    fn the_look_ahead_is_bounded() {
        for (blanks, length) in [(255, 255), (256, 256), (257, 256), (100_000, 256)] {
            assert_eq!(opening(&[&vec![b' '; blanks][..], b"?OTR"].concat()), length);
        }
        for (letters, length) in [(252, 254), (253, 255), (254, 256), (255, 0), (100_000, 0)] {
            let message = [b"<", &vec![b'b'; letters][..], b">?OTR"].concat();
            assert_eq!(opening(&message), length);
        }
    }

    #[test]
    fn only_markup_may_follow() {
        for rest in [&b""[..], b" \r\n", b"</body></html>", b"<br> </p>\n"] {
            assert!(is_only_markup(rest), "{rest:?}");
        }
        for rest in [&b"x"[..], b"</body> x", b"<", b"</", b"<3>", b","] {
            assert!(!is_only_markup(rest), "{rest:?}");
        }
    }
}
