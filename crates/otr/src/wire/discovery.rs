//! Offers to speak OTR: query messages ("OTR Query Messages") and white-space tags ("Tagged plaintext messages").

use std::borrow::Cow;

use super::header::{Version, Versions};

/// The versions offered by a message that starts with a query; `None` if it starts with none.
///
/// ```text
/// ?OTR?        version 1
/// ?OTRv23?     one letter or digit a version, any order
/// ?OTR?v23?    version 1 and those
/// ```
///
/// Letters and digits without a meaning here, repeated ones and an empty list are legal. A list that its final
/// question mark does not end offers nothing; after `?OTR?` it is words of the person's.
pub fn parse_query(message: &[u8]) -> Option<Versions> {
    let rest = message.strip_prefix(b"?OTR")?;
    match rest.strip_prefix(b"?") {
        Some(rest) => Some(Versions::V1 | version_list(rest).unwrap_or_default()),
        None => version_list(rest),
    }
}

/// A query message that offers `versions`, with `words` for people whose program does not understand it. An empty set
/// gives `?OTRv?`.
pub fn query(versions: Versions, words: &[u8]) -> Vec<u8> {
    let mut message = b"?OTR".to_vec();
    if versions.contains(Version::V1) {
        message.push(b'?');
    }
    if versions.without(Version::V1).is_empty() {
        if !versions.contains(Version::V1) {
            message.extend_from_slice(b"v?");
        }
    } else {
        message.push(b'v');
        message.extend(
            DIGITS
                .iter()
                .filter(|(version, _)| versions.contains(*version))
                .map(|(_, digit)| digit),
        );
        message.push(b'?');
    }
    if !words.is_empty() {
        message.push(b' ');
        message.extend_from_slice(words);
    }
    message
}

/// The white space that offers `versions` when it is put anywhere into a text, version 1 first as the text demands;
/// empty for no version.
pub fn tag(versions: Versions) -> Vec<u8> {
    if versions.is_empty() {
        return Vec::new();
    }
    let groups = [(Version::V1, TAG_V1)]
        .into_iter()
        .chain(DIGITS)
        .filter(|(version, _)| versions.contains(*version))
        .map(|(_, id)| id);
    BASE.into_iter().chain(groups).flat_map(blanks).collect()
}

/// Takes every tag out of a text and says which versions they offer together; `None` if there is none. A tag without
/// a known version, even without any version, is taken out too. The result holds no tag, not even one that only forms
/// when another is taken out of its middle.
pub fn strip_tags(text: &[u8]) -> (Cow<'_, [u8]>, Option<Versions>) {
    let mut window = Window::default();
    let Some(first) = text.iter().position(|&byte| window.slide(byte)) else {
        return (Cow::Borrowed(text), None);
    };
    let (head, mut rest) = text.split_at_checked(first + 1).unwrap_or((text, &[]));
    let mut kept = Vec::with_capacity(text.len());
    kept.extend_from_slice(head);
    let mut versions = Versions::NONE;
    loop {
        // `kept` ends in a base.
        kept.truncate(kept.len().saturating_sub(BASE_LENGTH));
        rest = take_groups(rest, &mut versions);
        let tail = kept.len().saturating_sub(BASE_LENGTH - 1);
        window = Window::default();
        for &byte in kept.get(tail..).unwrap_or_default() {
            window.slide(byte);
        }
        let length = rest
            .iter()
            .position(|&byte| window.slide(byte))
            .map_or(rest.len(), |end| end + 1);
        let (plain, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        kept.extend_from_slice(plain);
        rest = after;
        if !window.holds_base() {
            return (Cow::Owned(kept), Some(versions));
        }
    }
}

/// `v`, letters and digits, `?`.
fn version_list(text: &[u8]) -> Option<Versions> {
    let text = text.strip_prefix(b"v")?;
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let (list, rest) = text.split_at_checked(end)?;
    rest.starts_with(b"?")
        .then(|| list.iter().fold(Versions::NONE, |set, &id| set | identified(id)))
}

/// Takes the version groups, and any further base, that `text` starts with.
fn take_groups<'a>(text: &'a [u8], versions: &mut Versions) -> &'a [u8] {
    let mut text = text;
    while let Some((group, rest)) = text.split_first_chunk::<8>() {
        let Some(id) = letter(group) else { break };
        let second = rest.first_chunk::<8>().and_then(letter);
        if id == BASE[0] && second == Some(BASE[1]) {
            text = rest.get(8..).unwrap_or_default();
            continue;
        }
        // Groups spell their version in ASCII; any other run of blanks is the person's own.
        if !id.is_ascii_alphanumeric() {
            break;
        }
        *versions = *versions
            | if id == TAG_V1 {
                Versions::V1
            } else {
                identified(id)
            };
        text = rest;
    }
    text
}

fn identified(id: u8) -> Versions {
    match id {
        b'2' => Versions::V2,
        b'3' => Versions::V3,
        b'4' => Versions::V4,
        _ => Versions::OTHER,
    }
}

/// A byte in white space: eight blanks, the highest bit first, a tab for 1 and a space for 0.
fn blanks(byte: u8) -> [u8; 8] {
    std::array::from_fn(|place| if (byte << place) & 0x80 == 0 { b' ' } else { b'\t' })
}

/// The byte that eight blanks spell.
fn letter(group: &[u8; 8]) -> Option<u8> {
    group
        .iter()
        .try_fold(0_u8, |byte, &blank| Some((byte << 1) | bit(blank)?))
}

const fn bit(blank: u8) -> Option<u8> {
    match blank {
        b' ' => Some(0),
        b'\t' => Some(1),
        _ => None,
    }
}

/// The last sixteen bytes of a text, as far as they are blanks: finds bases in one pass, whatever the text.
#[derive(Default)]
struct Window {
    bits: u16,
    length: usize,
}

impl Window {
    /// Goes one byte on and says whether a base ends there.
    fn slide(&mut self, byte: u8) -> bool {
        match bit(byte) {
            Some(bit) => {
                self.bits = (self.bits << 1) | u16::from(bit);
                self.length += 1;
            }
            None => self.length = 0,
        }
        self.holds_base()
    }

    const fn holds_base(&self) -> bool {
        self.length >= BASE_LENGTH && self.bits == u16::from_be_bytes(BASE)
    }
}

/// What the first sixteen blanks of every tag spell; with version 1 behind it is the name of the protocol.
const BASE: [u8; 2] = *b"OT";
/// Blanks in a base.
const BASE_LENGTH: usize = 16;
/// The group of version 1, which is not a digit.
const TAG_V1: u8 = b'R';
/// How queries and tags name the later versions.
const DIGITS: [(Version, u8); 3] = [(Version::V2, b'2'), (Version::V3, b'3'), (Version::V4, b'4')];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_the_text() {
        let base = b"\x20\x09\x20\x20\x09\x09\x09\x09\x20\x09\x20\x09\x20\x09\x20\x20";
        let table: [(u8, &[[u8; 8]]); 6] = [
            (1, &[*b"\x20\x09\x20\x09\x20\x20\x09\x20"]),
            (2, &[*b"\x20\x20\x09\x09\x20\x20\x09\x20"]),
            (4, &[*b"\x20\x20\x09\x09\x20\x20\x09\x09"]),
            (8, &[*b"\x20\x20\x09\x09\x20\x09\x20\x20"]),
            (
                12,
                &[
                    *b"\x20\x20\x09\x09\x20\x20\x09\x09",
                    *b"\x20\x20\x09\x09\x20\x09\x20\x20",
                ],
            ),
            (
                5,
                &[
                    *b"\x20\x09\x20\x09\x20\x20\x09\x20",
                    *b"\x20\x20\x09\x09\x20\x20\x09\x09",
                ],
            ),
        ];
        for (bits, groups) in table {
            let versions = Versions::from_bits(bits);
            assert_eq!(tag(versions), [&base[..], &groups.concat()].concat());
            assert_eq!(
                strip_tags(&tag(versions)),
                (Cow::Owned(Vec::new()), Some(versions))
            );
        }
        assert!(tag(Versions::OTHER).is_empty());
    }

    #[test]
    fn queries_written() {
        let forms: [&[u8]; 16] = [
            b"?OTRv?",
            b"?OTR?",
            b"?OTRv2?",
            b"?OTR?v2?",
            b"?OTRv3?",
            b"?OTR?v3?",
            b"?OTRv23?",
            b"?OTR?v23?",
            b"?OTRv4?",
            b"?OTR?v4?",
            b"?OTRv24?",
            b"?OTR?v24?",
            b"?OTRv34?",
            b"?OTR?v34?",
            b"?OTRv234?",
            b"?OTR?v234?",
        ];
        for (bits, form) in (0..16).zip(forms) {
            let versions = Versions::from_bits(bits);
            assert_eq!(query(versions, b""), form);
            assert_eq!(query(versions, b"hello"), [form, b" hello"].concat());
            assert_eq!(parse_query(&query(versions, b"v2? x")), Some(versions));
        }
    }

    #[test]
    fn a_text_without_a_tag_is_not_copied() {
        assert!(matches!(
            strip_tags(b"  plain \t words"),
            (Cow::Borrowed(_), None)
        ));
    }
}
