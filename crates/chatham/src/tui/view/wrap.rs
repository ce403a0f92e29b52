//! Words in columns: how wide they are, and where they break.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The beginning of a text that fits, with a sign if something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        shown.push(c);
    }
    if width > 0 {
        shown.push(if text.is_ascii() { '>' } else { '…' });
    }
    shown
}

/// A text in rows of at most so many columns, broken between words where that is possible. At least one row.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let bare = columns(word.trim_end_matches(' '));
        if used > 0 && used + bare > width {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            // A space at the edge may go; everything else begins a new row.
            if used + wide > width {
                if c == ' ' {
                    continue;
                }
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            row.push(c);
            used += wide;
        }
    }
    if !row.is_empty() || rows.is_empty() {
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_and_inside_long_ones() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("ab cdefghij", 4), ["ab ", "cdef", "ghij"]);
        assert_eq!(wrap("abcd efgh", 4), ["abcd", "efgh"]);
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(wrap("你好世界", 5), ["你好", "世界"]);
        assert_eq!(cut("你好世界", 5), "你好…");
        assert_eq!(cut("abcdef", 4), "abc>");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn nothing_is_lost_and_nothing_too_wide() {
        for text in [
            "Grüße, Καλημέρα, שלום, 你好, 🙂 and more",
            "🙂🙂🙂🙂🙂",
            "a b c d e f g",
        ] {
            for width in 2..20 {
                let rows = wrap(text, width);
                assert!(rows.iter().all(|row| columns(row) <= width), "{width}: {rows:?}");
                let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
                assert_eq!(letters(&rows.concat()), letters(text));
            }
        }
    }
}
