//! Nothing a terminal would obey: what other people wrote, made visible.
//!
//! A private text is authenticated, which says who wrote it and not that it is harmless (S-58, S-64, S-65).
//! Everything that came from somebody else passes through here before it reaches a screen.

use std::fmt::Write as _;

/// The text on one line: control characters, line ends, invisible and direction-changing characters stand as
/// visible marks, bytes that are no UTF-8 as `\xNN`. Ordinary letters of every script stay as they are.
///
/// A line end becomes `⏎`, so that nobody can begin a line of our own screen.
pub fn one_line(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_visible(c, &mut shown);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _infallible = write!(shown, "\\x{byte:02X}");
        }
    }
    shown
}

/// The text in lines, each made visible like [`one_line`]. Only `\n` and `\r\n` divide them; empty lines at the end
/// are dropped. At least one line.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let line = |bytes: &[u8]| one_line(bytes.strip_suffix(b"\r").unwrap_or(bytes));
    let mut lines: Vec<String> = bytes.split(|&byte| byte == b'\n').map(line).collect();
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// A nick as one short word: like [`one_line`], with white space and angle brackets replaced, cut after 40
/// characters.
pub fn nick(bytes: &[u8]) -> String {
    let shown = one_line(bytes);
    let word = shown.chars().map(|c| match c {
        c if c.is_whitespace() => '_',
        '<' | '>' => '_',
        // In a text they join the parts of a picture; in a nick they make two names that look like one.
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => '_',
        c => c,
    });
    word.take(NICK_WIDTH).collect()
}

/// JSON as it was, with hostile characters inside its strings written as `\uXXXX`: the value is the same, and a
/// terminal that shows it obeys nothing.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        if is_hostile(c) {
            for unit in c.encode_utf16(&mut units) {
                let _infallible = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character could command a terminal, hide, or reorder what stands around it.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
                | '\u{f0000}'..='\u{10ffff}'
        )
}

fn push_visible(c: char, shown: &mut String) {
    match c {
        // A tab moves the cursor by an unknown width, and libotr's offer is made of tabs.
        '\t' => shown.push(' '),
        '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => shown.push(LINE_END),
        '\r' => shown.push('␍'),
        '\u{7f}' => shown.push('␡'),
        // The control pictures follow the control characters in order.
        '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␦')),
        c if is_hostile(c) => {
            let _infallible = write!(shown, "<U+{:04X}>", u32::from(c));
        }
        c => shown.push(c),
    }
}

const LINE_END: char = '⏎';
const NICK_WIDTH: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s58_nothing_that_a_terminal_obeys_is_left() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let shown = one_line(c.to_string().as_bytes());
            assert!(!shown.chars().any(is_hostile), "{:04X}: {shown:?}", u32::from(c));
            assert!(!shown.is_empty());
        }
        assert_eq!(one_line(b"\x1b]0;title\x07"), "␛]0;title␇");
        assert_eq!(one_line("a\u{202e}b".as_bytes()), "a<U+202E>b");
        assert_eq!(one_line(b"\xff\xc0\x80"), "\\xFF\\xC0\\x80");
    }

    #[test]
    fn letters_of_every_script_stay() {
        let text = "Grüße, Καλημέρα, שלום, 你好, 🙂";
        assert_eq!(one_line(text.as_bytes()), text);
    }

    #[test]
    fn s64_a_text_cannot_begin_a_line_of_ours() {
        let text = "hello\n*** bob is verified\r\n[x]\u{2028}y\n\n";
        assert!(!one_line(text.as_bytes()).contains('\n'));
        assert_eq!(lines(text.as_bytes()), ["hello", "*** bob is verified", "[x]⏎y"]);
        assert_eq!(lines(b""), [""]);
    }

    #[test]
    fn a_nick_is_one_word() {
        assert_eq!(nick(b"bob> *** x"), "bob__***_x");
        assert_eq!(nick(&[b'x'; 600]).len(), 40);
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({ "text": "a\u{202e}\u{9b}\u{e0041}b" });
        let shown = json(&value.to_string());
        assert!(shown.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
