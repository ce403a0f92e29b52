//! HTML from old clients as text.
//!
//! Pidgin and Adium put HTML into what they encrypt, and nothing in the protocol says so. A person who types `<3` or
//! `&lt;` means just that. So it is decided for each correspondent, and remembered while the program runs: a text that is
//! wrapped in the tags of those programs shows that they write HTML; from then on their texts are read as it, and until
//! then every text is shown as it came.
//!
//! What comes out is text and nothing else: line ends, and behind the words of a link where it leads. It is not harmless
//! yet; [`sanitize`](crate::sanitize) makes it so.

use std::borrow::Cow;

use html_escape::decode_html_entities;

/// What a correspondent's texts have shown so far.
#[derive(Debug, Default)]
pub struct Dialect {
    writes_html: bool,
}

impl Dialect {
    /// The text of one message of theirs.
    pub fn read<'a>(&mut self, message: &'a [u8]) -> Cow<'a, [u8]> {
        let Ok(text) = std::str::from_utf8(message) else {
            return Cow::Borrowed(message);
        };
        self.writes_html |= is_wrapped(text);
        if self.writes_html {
            Cow::Owned(to_text(text).into_bytes())
        } else {
            Cow::Borrowed(message)
        }
    }
}

/// Whether a whole text stands inside an element that people do not type: `<FONT SIZE="2">…</FONT>`.
fn is_wrapped(text: &str) -> bool {
    let text = text.trim();
    let Some(Tag { name, opens, rest }) = tag(text) else {
        return false;
    };
    let Some((_, end)) = text.rsplit_once("</") else {
        return false;
    };
    let ends = end
        .strip_suffix('>')
        .is_some_and(|end| end.trim().eq_ignore_ascii_case(name));
    opens && ends && !rest.is_empty() && WRAPPERS.iter().any(|wrapper| name.eq_ignore_ascii_case(wrapper))
}

/// The text of a piece of HTML, in one pass.
pub fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut link: Option<(String, usize)> = None;
    let mut left = html;
    while let Some(at) = left.find('<') {
        let (words, from_tag) = left.split_at(at);
        push_words(words, &mut text);
        let Some(found) = tag(from_tag) else {
            // A sign, not a tag.
            text.push('<');
            left = from_tag.split_at(1).1;
            continue;
        };
        left = found.rest;
        let inside = from_tag.split_at(from_tag.len() - found.rest.len()).0;
        let is = |name: &str| found.name.eq_ignore_ascii_case(name);
        if is("br") || is("p") || is("div") || is("tr") || is("li") {
            // Opening a paragraph at the very beginning of a line ends no line.
            if is("br") || !(text.is_empty() || text.ends_with('\n')) {
                text.push('\n');
            }
        } else if is("a") && found.opens {
            link = target(inside).map(|target| (target, text.len()));
        } else if is("a") {
            if let Some((target, begins)) = link.take() {
                finish_link(&target, begins, &mut text);
            }
        } else if (is("script") || is("style") || is("head")) && found.opens {
            left = after_end(left, found.name);
        }
    }
    push_words(left, &mut text);
    if let Some((target, begins)) = link {
        finish_link(&target, begins, &mut text);
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// A tag at the very beginning of a text.
struct Tag<'a> {
    name: &'a str,
    opens: bool,
    /// What follows it.
    rest: &'a str,
}

/// The tag that a text begins with: `<`, perhaps `/`, a letter. A comment counts as a tag without a name.
fn tag(text: &str) -> Option<Tag<'_>> {
    let inner = text.strip_prefix('<')?;
    if let Some(comment) = inner.strip_prefix("!--") {
        let rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
        return Some(Tag {
            name: "",
            opens: true,
            rest,
        });
    }
    let (opens, inner) = match inner.strip_prefix('/') {
        Some(inner) => (false, inner),
        None => (true, inner),
    };
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name_ends = inner.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (name, after) = inner.split_at(name_ends);
    // A tag does not hold another one, so each byte is looked at a bounded number of times.
    let end = after.find(['>', '<'])?;
    let (_, end) = after.split_at(end);
    let rest = end.strip_prefix('>')?;
    Some(Tag { name, opens, rest })
}

/// Where a link leads, if it is a place that a person may want to know: nothing that runs, no file.
fn target(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find("href")?;
    let value = tag
        .get(at + "href".len()..)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split([' ', '>']).next()?,
    };
    let value = decode_html_entities(value);
    let safe = ["http://", "https://", "mailto:", "xmpp:", "irc://", "ircs://"];
    let known = safe.iter().any(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    known.then(|| value.into_owned())
}

/// Writes where a link leads behind its words, unless they say so themselves.
fn finish_link(target: &str, begins: usize, text: &mut String) {
    let words = text.get(begins..).unwrap_or_default().trim();
    if words != target && words != target.trim_start_matches("mailto:") {
        text.push_str(" (");
        text.push_str(target);
        text.push(')');
    }
}

/// What follows the end of an element whose content is nobody's words.
fn after_end<'a>(text: &'a str, name: &str) -> &'a str {
    let mut left = text;
    while let Some((_, end)) = left.split_once("</") {
        let same = end
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        if same {
            return end.split_once('>').map_or("", |(_, rest)| rest);
        }
        left = end;
    }
    ""
}

fn push_words(words: &str, text: &mut String) {
    // A space that does not break is a space to a reader.
    text.push_str(&decode_html_entities(words).replace('\u{a0}', " "));
}

/// Elements that Pidgin, Adium and their kind put around a text.
const WRAPPERS: [&str; 6] = ["html", "body", "font", "div", "span", "p"];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: &mut Dialect, text: &str) -> String {
        String::from_utf8(dialect.read(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn what_a_person_typed_is_shown_as_typed() {
        let mut dialect = Dialect::default();
        for text in [
            "<3",
            "&lt;3 &amp; more",
            "a < b > c",
            "use <b>bold</b> here",
            "<br>",
            "<b>bold</b>",
            "<font> is a tag, and </font> ends it, I think",
            "<p>",
            "5 &lt; 6",
        ] {
            assert_eq!(read(&mut dialect, text), text);
        }
    }

    #[test]
    fn a_program_that_writes_html_is_known_by_its_wrapping() {
        let mut dialect = Dialect::default();
        assert_eq!(read(&mut dialect, "it&apos;s &lt;3"), "it&apos;s &lt;3");
        assert_eq!(
            read(&mut dialect, r#"<FONT COLOR="red">it&apos;s &lt;3</FONT>"#),
            "it's <3"
        );
        assert_eq!(
            read(&mut dialect, "one<br>two &amp;lt; three"),
            "one\ntwo &lt; three",
            "from now on, and once"
        );
        assert_eq!(read(&mut dialect, "<3 you"), "<3 you");
    }

    #[test]
    fn s57_what_comes_out_is_text_only() {
        for (html, text) in [
            ("<html><head><title>x</title></head><body>hi</body></html>", "hi"),
            ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
            (
                r#"<a href="https://example.org/x">see</a>"#,
                "see (https://example.org/x)",
            ),
            (
                r#"<a href="https://example.org">https://example.org</a>"#,
                "https://example.org",
            ),
            (r#"<a href="javascript:alert(1)">see</a>"#, "see"),
            (
                r#"<a href="file:///etc/passwd">see</a><img src=x onerror=y>"#,
                "see",
            ),
            ("<a href=https://e.org>open", "open (https://e.org)"),
            ("<p>one</p><p>two</p>", "one\ntwo"),
            ("a<!-- hidden -->b", "ab"),
            ("x&nbsp;y", "x y"),
            ("<scr<script>ipt>x", "<scr"),
            ("broken <font color=", "broken <font color="),
            ("<", "<"),
            ("</", "</"),
            ("a</script>b", "ab"),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn it_takes_what_cannot_be_read_and_what_is_endless() {
        let mut dialect = Dialect { writes_html: true };
        assert_eq!(dialect.read(b"\xff<b>"), &b"\xff<b>"[..]);
        for part in ["<b>", "<", "<!--", "<a href=", "&amp;", "</", "<script>", "<p "] {
            let text = to_text(&part.repeat(100_000));
            assert!(text.len() <= part.len() * 100_000);
        }
    }
}
