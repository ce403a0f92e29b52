//! Pieces of messages: cutting, and reading one (versions 2 and 3, "Fragmentation").
//!
//! ```text
//! ?OTR|sender|receiver,index,total,piece,     version 3, tags in hexadecimal
//! ?OTR,index,total,piece,                     versions 1 and 2
//! ```

use crate::wire::DecodeError;
use crate::wire::header::InstanceTag;
use crate::wire::search::position_of;

/// One piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Sender's and receiver's device, as written; `None` in the form without tags.
    pub tags: Option<(InstanceTag, InstanceTag)>,
    /// 1 to `total`.
    pub index: u16,
    /// How many pieces there are.
    pub total: u16,
    /// The piece itself, not empty.
    pub body: &'a [u8],
}

/// A message cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutError {
    /// Not one byte fits beside the header of a piece.
    LimitTooSmall,
    /// More than 65535 pieces would be needed.
    TooManyPieces,
}

impl<'a> Piece<'a> {
    /// Reads a piece that begins with `?OTR|` or `?OTR,`.
    ///
    /// # Errors
    /// [`DecodeError::BadPiece`]: decimal digits only, 1 ≤ index ≤ total ≤ 65535, a body that is not empty
    /// and has no comma.
    pub fn parse(message: &'a [u8]) -> Result<Self, DecodeError> {
        let bad = DecodeError::BadPiece;
        let (tags, rest) = if let Some(rest) = message.strip_prefix(MARKER_TAGGED) {
            let (sender, rest) = split_at_byte(rest, b'|').ok_or(bad)?;
            let (receiver, rest) = split_at_byte(rest, b',').ok_or(bad)?;
            let tag = |digits| number(digits, 16, u64::from(u32::MAX)).and_then(|tag| u32::try_from(tag).ok());
            let sender = tag(sender).map(InstanceTag::from_raw).ok_or(bad)?;
            let receiver = tag(receiver).map(InstanceTag::from_raw).ok_or(bad)?;
            (Some((sender, receiver)), rest)
        } else {
            (None, message.strip_prefix(MARKER_PLAIN).ok_or(bad)?)
        };
        let (index, rest) = split_at_byte(rest, b',').ok_or(bad)?;
        let (total, rest) = split_at_byte(rest, b',').ok_or(bad)?;
        let (body, rest) = split_at_byte(rest, b',').ok_or(bad)?;
        let count = |digits| number(digits, 10, u64::from(u16::MAX)).and_then(|n| u16::try_from(n).ok());
        let (index, total) = (count(index).ok_or(bad)?, count(total).ok_or(bad)?);
        // Some carriers append white space to a message.
        let nothing_behind = rest.iter().all(u8::is_ascii_whitespace);
        if index == 0 || index > total || body.is_empty() || !nothing_behind {
            return Err(bad);
        }
        Ok(Self { tags, index, total, body })
    }
}

/// Cuts a message so that no part is longer than `limit` bytes; one that fits stays whole.
///
/// # Errors
/// If the limit is too small for it.
pub fn cut(
    message: Vec<u8>,
    limit: usize,
    tags: Option<(InstanceTag, InstanceTag)>,
) -> Result<Vec<Vec<u8>>, CutError> {
    if message.len() <= limit {
        return Ok(vec![message]);
    }
    let header = |index: usize, total: usize| match tags {
        Some((sender, receiver)) => {
            format!("?OTR|{:08x}|{:08x},{index:05},{total:05},", sender.raw(), receiver.raw())
        }
        None => format!("?OTR,{index:05},{total:05},"),
    };
    let room = limit.checked_sub(header(0, 0).len() + 1).filter(|room| *room > 0);
    let bodies = message.chunks(room.ok_or(CutError::LimitTooSmall)?);
    let total = bodies.len();
    if total > usize::from(u16::MAX) {
        return Err(CutError::TooManyPieces);
    }
    let piece = |(position, body): (usize, &[u8])| {
        let mut piece = header(position + 1, total).into_bytes();
        piece.reserve_exact(body.len() + 1);
        piece.extend_from_slice(body);
        piece.push(b',');
        piece
    };
    Ok(bodies.enumerate().map(piece).collect())
}

fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let position = position_of(separator, bytes)?;
    Some((bytes.get(..position)?, bytes.get(position + 1..)?))
}

/// Digits of the radix only: no sign, no blank, no prefix; leading zeros are fine (S-41).
fn number(digits: &[u8], radix: u32, maximum: u64) -> Option<u64> {
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    let mut value: u64 = 0;
    for digit in digits {
        let digit = char::from(*digit).to_digit(radix)?;
        value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
        if value > maximum {
            return None;
        }
    }
    Some(value)
}

const MARKER_TAGGED: &[u8] = b"?OTR|";
const MARKER_PLAIN: &[u8] = b"?OTR,";
/// Far more than any value needs, leading zeros included.
const MAX_DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_fits_the_limit_and_is_read_back() {
        let message: Vec<u8> = b"?OTR:".iter().copied().chain((0..500).map(|n| b'a' + n as u8 % 26)).collect();
        let tagged = Some((InstanceTag::from_raw(0x5a73a599), InstanceTag::from_raw(0x27e31597)));
        for tags in [None, tagged] {
            for limit in [37, 64, 100, 400, 504, 505, 600] {
                let pieces = cut(message.clone(), limit, tags).unwrap();
                assert!(pieces.iter().all(|piece| piece.len() <= limit));
                if pieces.len() == 1 {
                    assert_eq!(pieces[0], message);
                    continue;
                }
                let mut whole = Vec::new();
                for (position, piece) in pieces.iter().enumerate() {
                    let piece = Piece::parse(piece).unwrap();
                    assert_eq!(usize::from(piece.index), position + 1);
                    assert_eq!((piece.tags, usize::from(piece.total)), (tags, pieces.len()));
                    whole.extend_from_slice(piece.body);
                }
                assert_eq!(whole, message);
            }
        }
    }

    #[test]
    fn a_limit_that_holds_nothing_is_refused() {
        assert_eq!(cut(vec![b'x'; 100], 17, None), Err(CutError::LimitTooSmall));
        assert_eq!(cut(vec![b'x'; 70_000], 18, None), Err(CutError::TooManyPieces));
    }
}
