//! Pieces of a message too long for the network ("Fragmentation"): cutting, and reading one piece. Putting pieces
//! together needs memory and is done above.

use std::fmt;

use super::error::DecodeError;
use super::header::InstanceTag;
use super::markup;
use super::search::position_of;

/// One piece of a cut message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Which message this is a piece of, in the form of version 4 only.
    pub identifier: Option<u32>,
    /// Sender and receiver in the forms of versions 3 and 4; nothing in that of versions 1 and 2.
    pub tags: Option<(InstanceTag, InstanceTag)>,
    /// Which piece this is, from 1 to `total`.
    pub index: u16,
    /// How many pieces there are, at least 1.
    pub total: u16,
    /// The piece itself. It may hold commas: libotr cuts the words of its query as well. Behind the first piece it may
    /// be empty, before version 4: the Go package otr3 ends a message so when the last cut falls on its end.
    pub body: &'a [u8],
}

/// Reads a message that starts with `?OTR|` or `?OTR,`:
///
/// ```text
/// ?OTR|identifier|sender|receiver,index,total,body,      version 4: hexadecimal, then decimal numbers
/// ?OTR|sender|receiver,index,total,body,                 version 3
/// ?OTR,index,total,body,                                 versions 1 and 2
/// ```
///
/// Stricter than the `printf` patterns of the text: numbers are digits only (leading zeros are legal), they must fit,
/// and nothing but white space and markup may follow the last comma.
///
/// # Errors
/// [`DecodeError::BadPiece`]; [`DecodeError::BadInstanceTag`] for tags that no message may carry.
pub fn parse(message: &[u8]) -> Result<Piece<'_>, DecodeError> {
    parse_frame(message)
        .ok_or(DecodeError::BadPiece)
        .and_then(|piece| {
            if let Some((sender, receiver)) = piece.tags {
                InstanceTag::check_pair(sender, receiver)?;
            }
            Ok(piece)
        })
}

/// Cuts a message so that no part is longer than `limit` bytes, frame included. A message that fits stays whole, as it
/// is. With `tags` (sender, receiver) the parts have the form of version 3.
///
/// # Errors
/// [`CutError`].
pub fn cut(
    armored: &[u8],
    limit: usize,
    tags: Option<(InstanceTag, InstanceTag)>,
) -> Result<Vec<Vec<u8>>, CutError> {
    let frame = if tags.is_some() { FRAME_WITH_TAGS } else { FRAME };
    cut_into(armored, limit, frame, None, tags)
}

/// [`cut`] in the form of version 4: with an `identifier` that no other message of the last minutes has, the parts may
/// arrive in any order and among those of other messages.
///
/// # Errors
/// [`CutError`].
pub fn cut_identified(
    armored: &[u8],
    limit: usize,
    identifier: u32,
    sender: InstanceTag,
    receiver: InstanceTag,
) -> Result<Vec<Vec<u8>>, CutError> {
    let tags = Some((sender, receiver));
    cut_into(armored, limit, FRAME_WITH_IDENTIFIER, Some(identifier), tags)
}

fn cut_into(
    armored: &[u8],
    limit: usize,
    frame: usize,
    identifier: Option<u32>,
    tags: Option<(InstanceTag, InstanceTag)>,
) -> Result<Vec<Vec<u8>>, CutError> {
    if armored.len() <= limit {
        return Ok(vec![armored.to_vec()]);
    }
    let room = limit
        .checked_sub(frame)
        .filter(|&room| room > 0)
        .ok_or(CutError::LimitTooSmall)?;
    let total = u16::try_from(armored.len().div_ceil(room)).map_err(|_| CutError::TooManyPieces)?;
    let pieces = armored.chunks(room).zip(1..=total);
    Ok(pieces
        .map(|(body, index)| {
            write(&Piece {
                identifier,
                tags,
                index,
                total,
                body,
            })
        })
        .collect())
}

/// Why a message cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutError {
    /// The frame alone is as long as the limit: [`FRAME`], [`FRAME_WITH_TAGS`] or [`FRAME_WITH_IDENTIFIER`] bytes.
    LimitTooSmall,
    /// More than 65535 pieces would be needed.
    TooManyPieces,
}

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LimitTooSmall => "the size limit leaves no room for a piece of the message",
            Self::TooManyPieces => "the size limit would need more than 65535 pieces",
        })
    }
}

impl std::error::Error for CutError {}

/// Bytes around the body of a piece in the form of versions 1 and 2.
pub const FRAME: usize = "?OTR,00001,00001,,".len();
/// Bytes around the body of a piece in the form of version 3.
pub const FRAME_WITH_TAGS: usize = "?OTR|00000100|00000100,00001,00001,,".len();

/// Bytes around the body of a piece in the form of version 4.
pub const FRAME_WITH_IDENTIFIER: usize = "?OTR|00000000|00000100|00000100,00001,00001,,".len();

/// Writes a piece with a frame of fixed width, as most programs do.
fn write(piece: &Piece<'_>) -> Vec<u8> {
    let Piece {
        identifier,
        tags,
        index,
        total,
        body,
    } = *piece;
    let mut text = Vec::with_capacity(FRAME_WITH_IDENTIFIER.saturating_add(body.len()));
    text.extend_from_slice(b"?OTR");
    let tags = tags.map(|(sender, receiver)| [sender.raw(), receiver.raw()]);
    for number in identifier.into_iter().chain(tags.into_iter().flatten()) {
        text.push(b'|');
        let digits = number.to_be_bytes();
        text.extend(
            digits
                .into_iter()
                .flat_map(|byte| [byte >> 4, byte & 15].map(hexadecimal_digit)),
        );
    }
    for number in [index, total] {
        text.push(b',');
        text.extend([10_000, 1000, 100, 10, 1].map(|place| decimal_digit(number / place % 10)));
    }
    text.push(b',');
    text.extend_from_slice(body);
    text.push(b',');
    text
}

/// The digit of a number below 16.
const fn hexadecimal_digit(number: u8) -> u8 {
    if number < 10 {
        b'0' + number
    } else {
        b'a' + (number - 10)
    }
}

/// The digit of a number below 10.
const fn decimal_digit(number: u16) -> u8 {
    b'0' + number.to_le_bytes()[0]
}

fn parse_frame(message: &[u8]) -> Option<Piece<'_>> {
    let rest = message.strip_prefix(b"?OTR")?;
    let (identifier, tags, rest) = match rest.split_first()? {
        (b'|', rest) => {
            let (first, rest) = field(rest, b'|')?;
            let (second, rest) = field(rest, b',')?;
            let (identifier, sender, receiver) = match field(second, b'|') {
                None => (None, first, second),
                Some((sender, receiver)) => (Some(identifier(first)?), sender, receiver),
            };
            let tags = (tag(sender)?, tag(receiver)?);
            (identifier, Some(tags), rest)
        }
        (b',', rest) => (None, None, rest),
        _ => return None,
    };
    let (index, rest) = field(rest, b',')?;
    let (total, rest) = field(rest, b',')?;
    // The last comma ends the body; what comes before it may hold commas itself.
    let end = rest.iter().rposition(|&byte| byte == b',')?;
    let (body, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    let (index, total) = (decimal(index)?, decimal(total)?);
    // The texts forbid to send an empty piece, and do not say to refuse one. Only before version 4 is there a program
    // that sends them.
    let filled = !body.is_empty() || (index > 1 && identifier.is_none());
    let legal = 1 <= index && index <= total && filled && markup::is_only_markup(rest);
    legal.then_some(Piece {
        identifier,
        tags,
        index,
        total,
        body,
    })
}

/// What stands before and after the first `end`.
fn field(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let length = position_of(end, text)?;
    Some((text.get(..length)?, text.get(length + 1..)?))
}

/// A number without a sign; 0, which no piece may carry, for no digits at all.
fn decimal(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |number, &digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// One to eight digits: otrr writes and wants eight, otr4j takes fewer.
fn identifier(digits: &[u8]) -> Option<u32> {
    hexadecimal(digits).filter(|_| digits.len() <= 8)
}

fn tag(digits: &[u8]) -> Option<InstanceTag> {
    hexadecimal(digits).map(InstanceTag::from_raw)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: (InstanceTag, InstanceTag) = (
        InstanceTag::from_raw(0x5a73_a599),
        InstanceTag::from_raw(0x27e3_1597),
    );

    #[test]
    fn the_frame_has_a_fixed_width() {
        let piece = Piece {
            identifier: None,
            tags: Some(TAGS),
            index: 1,
            total: 3,
            body: b"?OTR:AAMD",
        };
        assert_eq!(write(&piece), b"?OTR|5a73a599|27e31597,00001,00003,?OTR:AAMD,");
        assert_eq!(parse(&write(&piece)), Ok(piece));
        let piece = Piece {
            identifier: Some(0x00c0_ffee),
            ..piece
        };
        assert_eq!(
            write(&piece),
            b"?OTR|00c0ffee|5a73a599|27e31597,00001,00003,?OTR:AAMD,"
        );
        assert_eq!(parse(&write(&piece)), Ok(piece));
        assert_eq!(write(&piece).len(), FRAME_WITH_IDENTIFIER + piece.body.len());
        let piece = Piece {
            identifier: None,
            tags: None,
            index: 65535,
            total: 65535,
            body: b"x",
        };
        assert_eq!(write(&piece), b"?OTR,65535,65535,x,");
        assert_eq!(parse(&write(&piece)), Ok(piece));
        assert_eq!(write(&piece).len(), FRAME + 1);
    }

    #[test]
    fn cutting_at_the_edges_of_the_limit() {
        let message = b"?OTR:AAMDAAAAAAAA.";
        for (tags, frame) in [(None, FRAME), (Some(TAGS), FRAME_WITH_TAGS)] {
            let long = [&message[..], &[b'A'; 100]].concat();
            assert_eq!(cut(message, message.len(), tags), Ok(vec![message.to_vec()]));
            assert_eq!(cut(&long, 0, tags), Err(CutError::LimitTooSmall));
            assert_eq!(cut(&long, frame, tags), Err(CutError::LimitTooSmall));
            let parts = cut(&long, frame + 1, tags).unwrap();
            assert_eq!(parts.len(), long.len());
            assert!(parts.iter().all(|part| part.len() == frame + 1));
            assert_eq!(cut(&long, long.len() - 1, tags).unwrap().len(), 2);
        }
        assert_eq!(cut(b"", 0, None), Ok(vec![vec![]]));
        assert_eq!(
            cut(&vec![b'A'; 65535], FRAME + 1, None).map(|parts| parts.len()),
            Ok(65535)
        );
        assert_eq!(
            cut(&vec![b'A'; 65536], FRAME + 1, None),
            Err(CutError::TooManyPieces)
        );
    }
}
