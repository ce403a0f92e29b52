//! The session id as six words: easier to read over a telephone than sixteen digits.
//!
//! Each half of the id has 32 bits. With one zero bit before them they are three numbers of eleven bits, the most
//! significant first, and each number is a word of the English list of BIP-39, whose words differ in their first four
//! letters. Both programs have to show the same words, so this is a format: docs/decisions/0041-words-and-pictures.md.

use bip39::Language;
use otr::{Half, Ssid};

/// Six words, three for each side to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    first: [&'static str; 3],
    second: [&'static str; 3],
    half: Half,
}

impl Phrase {
    /// The words for a session id; `None` for the long one of version 1, which stays in digits.
    pub fn of(ssid: &Ssid) -> Option<Self> {
        let (first, second) = ssid.as_bytes().split_first_chunk::<4>()?;
        let second: [u8; 4] = second.try_into().ok()?;
        Some(Self {
            first: three_words(u32::from_be_bytes(*first)),
            second: three_words(u32::from_be_bytes(second)),
            half: ssid.half(),
        })
    }

    /// What we read to them.
    pub fn ours(&self) -> [&'static str; 3] {
        match self.half {
            Half::First => self.first,
            Half::Second => self.second,
        }
    }

    /// What they read to us.
    pub fn theirs(&self) -> [&'static str; 3] {
        match self.half {
            Half::First => self.second,
            Half::Second => self.first,
        }
    }
}

fn three_words(half: u32) -> [&'static str; 3] {
    let list = Language::English.word_list();
    // Eleven bits are always below 2048, the length of the list.
    [22, 11, 0].map(|shift| list[((half >> shift) & 0x7ff) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of the published list, counted from zero: 0 abandon, 1 ability, 2 able, 1023 lend, 1024 length,
    /// 2046 zone, 2047 zoo.
    #[test]
    fn the_words_are_those_of_the_published_list() {
        // 0|0000000000 00000000000 00000000000, and 0|1111111111 11111111111 11111111111.
        let ssid = Ssid::short([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], Half::First);
        let phrase = Phrase::of(&ssid).unwrap();
        assert_eq!(phrase.ours(), ["abandon", "abandon", "abandon"]);
        assert_eq!(phrase.theirs(), ["lend", "zoo", "zoo"]);
        // 0|0000000001 00000000010 11111111110 = 0x004017fe; 0|0000000000 10000000000 00000000000 = 0x00200000.
        let ssid = Ssid::short([0x00, 0x40, 0x17, 0xfe, 0x00, 0x20, 0x00, 0x00], Half::First);
        let phrase = Phrase::of(&ssid).unwrap();
        assert_eq!(phrase.ours(), ["ability", "able", "zone"]);
        assert_eq!(phrase.theirs(), ["abandon", "length", "abandon"]);
    }

    #[test]
    fn what_one_side_reads_is_what_the_other_expects() {
        let id = [1, 2, 3, 4, 5, 6, 7, 8];
        let one = Phrase::of(&Ssid::short(id, Half::First)).unwrap();
        let other = Phrase::of(&Ssid::short(id, Half::Second)).unwrap();
        assert_eq!((one.ours(), one.theirs()), (other.theirs(), other.ours()));
        assert_ne!(one.ours(), one.theirs());
    }

    #[test]
    fn different_halves_have_different_words() {
        let mut seen = std::collections::HashSet::new();
        for bit in 0..32 {
            assert!(seen.insert(three_words(1 << bit)), "bit {bit}");
        }
        assert!(seen.insert(three_words(0)));
    }

    #[test]
    fn a_long_id_has_no_words() {
        assert_eq!(Phrase::of(&Ssid::long([7; 20], Half::First)), None);
    }
}
