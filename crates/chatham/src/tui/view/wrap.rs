//! Words in columns: how wide they are, and where they break.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
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

/// A styled line in rows of at most so many columns, broken like [`wrap`]. What is set in goes on set in.
pub fn wrap_line(line: &Line<'static>, width: usize) -> Vec<Line<'static>> {
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    if columns(&text) <= width {
        return vec![line.clone()];
    }
    let styled = |span: &Span<'static>| {
        let style = span.style;
        span.content.chars().map(move |c| (c, style)).collect::<Vec<_>>()
    };
    let mut letters = line.spans.iter().flat_map(styled);
    let indent = text.chars().take_while(|c| *c == ' ').count();
    let indent = if indent * 2 < width { indent } else { 0 };
    let mut rows = wrap(&text, width);
    let rest = rows.split_off(1).concat();
    rows.extend(wrap(&rest, width - indent));
    let rows = rows.into_iter().enumerate().map(|(at, row)| {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for c in row.chars() {
            // Spaces at an edge are not in the rows.
            let style = letters
                .find(|(letter, _)| *letter == c)
                .map_or(Style::new(), |(_, style)| style);
            match spans.last_mut().filter(|last| last.style == style) {
                Some(last) => last.content.to_mut().push(c),
                None => spans.push(Span::styled(c.to_string(), style)),
            }
        }
        if at > 0 && indent > 0 {
            spans.insert(0, Span::raw(" ".repeat(indent)));
        }
        Line::from(spans).style(line.style)
    });
    rows.collect()
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
    fn what_goes_on_is_set_in_like_its_beginning() {
        let rows = |text: &'static str, width| {
            let rows = wrap_line(&Line::from(text), width);
            rows.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(rows("  one two three four", 12), ["  one two ", "  three four"]);
        assert_eq!(rows("  abcdef", 3), ["  ", "abc", "def"]);
    }

    #[test]
    fn a_styled_line_keeps_its_styles() {
        let line = Line::from(vec![
            Span::raw("one two "),
            Span::styled("three", Style::new().bold()),
        ]);
        let rows = wrap_line(&line, 4);
        let words: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["one ", "two ", "thre", "e"]);
        assert!(rows[3].spans[0].style == Style::new().bold() && rows[1].spans[0].style == Style::new());
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
