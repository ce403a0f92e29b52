//! The group of version 4 and the encoding of its messages: POINTs and SCALARs one after the other (version 4,
//! "Socialist Millionaires Protocol (SMP)").

use rand_core::CryptoRng;

use super::group::{BadMessage, Field, Fields, FirstRecord, Group};
use crate::crypto::ed448::{Point, SIZE, Scalar, hash_to_scalar};
use crate::crypto::kdf::{self, Usage};
use crate::secret::Secret;
use crate::wire::reader::Reader;
use crate::wire::tlv::{self, Tlv};
use crate::wire::writer::Writer;

/// Ed448-Goldilocks with SHAKE-256.
pub struct Ed448;

/// "Secret Information": what is really compared. Both fingerprints, the initiator's first, and the session bind the
/// words to this conversation and to nobody else's.
#[must_use]
pub fn compared_secret(
    initiator: &[u8; 56],
    responder: &[u8; 56],
    ssid: &[u8],
    words: &[u8],
) -> Secret<SIZE> {
    let length = u32::try_from(words.len()).unwrap_or(u32::MAX).to_be_bytes();
    kdf::secret(
        Usage::SMP_SECRET,
        &[&[VERSION], initiator, responder, ssid, &length, words],
    )
}

impl Group for Ed448 {
    type Element = Point;
    type Scalar = Scalar;
    /// What [`compared_secret`] gives.
    type Secret = Secret<SIZE>;
    type Fields<'a> = Ed448Fields<'a>;

    fn random_scalar(rng: &mut dyn CryptoRng) -> Scalar {
        Scalar::random(rng)
    }

    /// Little-endian, and pruned as the text prunes its secret keys (decision 0096).
    fn secret_scalar(secret: &Secret<SIZE>) -> Scalar {
        let pruned = Secret::fill_with(|bytes: &mut [u8; SIZE]| {
            *bytes = *secret.expose();
            bytes[0] &= 0xfc;
            bytes[SIZE - 2] |= 0x80;
            bytes[SIZE - 1] = 0;
        });
        Scalar::from_le_bytes_reduced(pruned.expose())
    }

    fn base_power(exponent: &Scalar) -> Point {
        Point::base_mul(exponent)
    }

    fn power(base: &Point, exponent: &Scalar) -> Point {
        base.mul(exponent)
    }

    fn two_powers(base: &Point, x: &Scalar, y: &Scalar) -> [Point; 2] {
        [base.mul(x), base.mul(y)]
    }

    fn power_product(left: &Point, x: &Scalar, right: &Point, y: &Scalar) -> Point {
        left.mul(x).add(&right.mul(y))
    }

    fn product(left: &Point, right: &Point) -> Point {
        left.add(right)
    }

    fn quotient(left: &Point, right: &Point) -> Point {
        left.sub(right)
    }

    fn same_element(left: &Point, right: &Point) -> bool {
        left.ct_eq(right)
    }

    fn same_scalar(left: &Scalar, right: &Scalar) -> bool {
        left.ct_eq(right)
    }

    /// The KDF with the ordinal as its usage, over the points.
    fn challenge(ordinal: u8, elements: &[&Point]) -> Scalar {
        let encoded: Vec<[u8; SIZE]> = elements.iter().map(|element| element.encode()).collect();
        let parts: Vec<&[u8]> = encoded.iter().map(<[u8; SIZE]>::as_slice).collect();
        hash_to_scalar(Usage::smp_proof(ordinal), &parts)
    }

    fn response(blind: &Scalar, secret: &Scalar, challenge: &Scalar) -> Scalar {
        blind.sub_mul(secret, challenge)
    }

    /// There is always a question, which may be empty.
    fn first_record(question: Option<&[u8]>, message: Vec<u8>) -> Option<Tlv> {
        let room = usize::from(u16::MAX).saturating_sub(message.len() + LENGTH_SIZE);
        let question = question.unwrap_or_default();
        let mut value = Writer::with_capacity(LENGTH_SIZE + question.len() + message.len());
        value.data(question.get(..room).unwrap_or(question));
        value.bytes(&message);
        Tlv::new(tlv::SMP1, value.into_bytes())
    }

    fn open_first_record(kind: u16, value: &[u8]) -> Option<Result<FirstRecord<'_>, BadMessage>> {
        if kind != tlv::SMP1 {
            return None;
        }
        let mut reader = Reader::new(value);
        let question = reader.data().map_err(|_| BadMessage);
        Some(question.map(|question| FirstRecord {
            question: (!question.is_empty()).then_some(question),
            message: reader.rest(),
        }))
    }

    fn encode(fields: &[Field<'_, Self>]) -> Vec<u8> {
        let mut message = Writer::with_capacity(fields.len() * SIZE);
        for field in fields {
            message.bytes(&match field {
                Field::Element(element) => element.encode(),
                Field::Scalar(scalar) => scalar.to_le_bytes(),
            });
        }
        message.into_bytes()
    }

    /// A message does not say how many fields it has: its length does.
    fn fields(message: &[u8], count: u32) -> Result<Ed448Fields<'_>, BadMessage> {
        let count = usize::try_from(count).map_err(|_| BadMessage)?;
        if message.len() == count * SIZE {
            Ok(Ed448Fields {
                reader: Reader::new(message),
            })
        } else {
            Err(BadMessage)
        }
    }
}

/// The POINTs and SCALARs of one incoming message.
pub struct Ed448Fields<'a> {
    reader: Reader<'a>,
}

impl Ed448Fields<'_> {
    fn bytes(&mut self) -> Result<[u8; SIZE], BadMessage> {
        self.reader.array().map_err(|_| BadMessage)
    }
}

impl Fields<Ed448> for Ed448Fields<'_> {
    fn element(&mut self) -> Result<Point, BadMessage> {
        Point::decode(&self.bytes()?).map_err(|_| BadMessage)
    }

    /// Compared modulo q: not every peer reduces the hash that it sends.
    fn challenge(&mut self) -> Result<Scalar, BadMessage> {
        Ok(Scalar::from_le_bytes_reduced(&self.bytes()?))
    }

    fn response(&mut self) -> Result<Scalar, BadMessage> {
        let response = Scalar::from_le_bytes_reduced(&self.bytes()?);
        if response.is_zero() {
            return Err(BadMessage);
        }
        Ok(response)
    }

    fn finish(self) -> Result<(), BadMessage> {
        self.reader.finish().map_err(|_| BadMessage)
    }
}

/// The byte in front of the compared secret: the version of this way to make it.
const VERSION: u8 = 1;
/// Bytes of the length in front of a question.
const LENGTH_SIZE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_whole_and_in_range() {
        for (length, whole) in [(0, false), (56, false), (57, true), (58, false), (114, false)] {
            assert_eq!(Ed448::fields(&vec![1; length], 1).is_ok(), whole, "{length}");
        }
        let response = |bytes: &[u8; SIZE]| Ed448::fields(bytes, 1).and_then(|mut fields| fields.response());
        let mut one = [0; SIZE];
        one[0] = 1;
        assert!(response(&one).is_ok());
        assert!(response(&[0; SIZE]).is_err());
        // The order of the curve is zero in another spelling.
        let mut order = Scalar::from_le_bytes_reduced(&[0; SIZE])
            .sub(&Scalar::from_le_bytes_reduced(&one))
            .to_le_bytes();
        assert!(response(&order).is_ok());
        order[0] += 1;
        assert!(response(&order).is_err());
    }
}
