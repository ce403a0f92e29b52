//! The group of versions 1 to 3 and the encoding of its messages: a count (INT), then that many MPIs.

use rand_core::CryptoRng;

use super::group::{BadMessage, Field, Fields, FirstRecord, Group};
use crate::crypto::legacy::sha256;
use crate::crypto::modp::{Element, Exponent};
use crate::secret::Secret;
use crate::wire::mpi::Mpi;
use crate::wire::reader::Reader;
use crate::wire::tlv::{self, Tlv};
use crate::wire::writer::Writer;

/// The 1536-bit group with SHA-256.
pub struct Modp;

impl Group for Modp {
    type Element = Element;
    type Scalar = Exponent;
    /// A SHA-256 hash, big-endian.
    type Secret = Secret<32>;
    type Fields<'a> = ModpFields<'a>;

    fn random_scalar(rng: &mut dyn CryptoRng) -> Exponent {
        Exponent::random(rng)
    }

    fn secret_scalar(secret: &Secret<32>) -> Exponent {
        Exponent::from_be_bytes_reduced(secret.expose())
    }

    fn base_power(exponent: &Exponent) -> Element {
        Element::base_pow(exponent)
    }

    fn power(base: &Element, exponent: &Exponent) -> Element {
        base.pow(exponent)
    }

    fn two_powers(base: &Element, x: &Exponent, y: &Exponent) -> [Element; 2] {
        base.two_pows([x, y])
    }

    fn power_product(left: &Element, x: &Exponent, right: &Element, y: &Exponent) -> Element {
        left.pow_mul_pow(x, right, y)
    }

    fn product(left: &Element, right: &Element) -> Element {
        left.mul(right)
    }

    fn quotient(left: &Element, right: &Element) -> Element {
        left.div(right)
    }

    fn same_element(left: &Element, right: &Element) -> bool {
        left.ct_eq(right)
    }

    fn same_scalar(left: &Exponent, right: &Exponent) -> bool {
        left.ct_eq(right)
    }

    /// SHA-256 of the ordinal (BYTE) and the elements (MPI each).
    fn challenge(ordinal: u8, elements: &[&Element]) -> Exponent {
        let mut input = Writer::new();
        for element in elements {
            input.mpi(&Mpi::from_be_bytes(&element.to_be_bytes()));
        }
        Exponent::from_be_bytes_reduced(&sha256(&[&[ordinal], &input.into_bytes()]))
    }

    fn response(blind: &Exponent, secret: &Exponent, challenge: &Exponent) -> Exponent {
        blind.sub_mul(secret, challenge)
    }

    /// A question, which ends before its first NUL, has a record of its own type: the question, NUL, the message.
    fn first_record(question: Option<&[u8]>, message: Vec<u8>) -> Option<Tlv> {
        let Some(question) = question else {
            return Tlv::new(tlv::SMP1, message);
        };
        let room = usize::from(u16::MAX).saturating_sub(message.len() + 1);
        let nul = question.iter().position(|&byte| byte == 0);
        let end = nul.unwrap_or(question.len()).min(room);
        // A vector that grows leaves copies of the question behind.
        let mut value = Vec::with_capacity(end + 1 + message.len());
        value.extend_from_slice(question.get(..end).unwrap_or(question));
        value.push(0);
        value.extend_from_slice(&message);
        Tlv::new(tlv::SMP1Q, value)
    }

    fn open_first_record(kind: u16, value: &[u8]) -> Option<Result<FirstRecord<'_>, BadMessage>> {
        match kind {
            tlv::SMP1 => Some(Ok(FirstRecord {
                question: None,
                message: value,
            })),
            tlv::SMP1Q => {
                let end = value.iter().position(|&byte| byte == 0);
                let parts = end.and_then(|end| Some((value.get(..end)?, value.get(end + 1..)?)));
                Some(parts.ok_or(BadMessage).map(|(question, message)| FirstRecord {
                    question: Some(question),
                    message,
                }))
            }
            _ => None,
        }
    }

    fn encode(fields: &[Field<'_, Self>]) -> Vec<u8> {
        let mut message = Writer::new();
        message.u32(u32::try_from(fields.len()).unwrap_or(u32::MAX));
        for field in fields {
            message.mpi(&Mpi::from_be_bytes(&match field {
                Field::Element(element) => element.to_be_bytes(),
                Field::Scalar(scalar) => scalar.to_be_bytes(),
            }));
        }
        message.into_bytes()
    }

    fn fields(message: &[u8], count: u32) -> Result<ModpFields<'_>, BadMessage> {
        let mut reader = Reader::new(message);
        if reader.u32().map_err(|_| BadMessage)? == count {
            Ok(ModpFields { reader })
        } else {
            Err(BadMessage)
        }
    }
}

/// The MPIs of one incoming message.
pub struct ModpFields<'a> {
    reader: Reader<'a>,
}

impl ModpFields<'_> {
    fn mpi(&mut self) -> Result<Mpi, BadMessage> {
        self.reader.mpi().map_err(|_| BadMessage)
    }
}

impl Fields<Modp> for ModpFields<'_> {
    fn element(&mut self) -> Result<Element, BadMessage> {
        Element::from_be_bytes(self.mpi()?.as_bytes()).map_err(|_| BadMessage)
    }

    fn challenge(&mut self) -> Result<Exponent, BadMessage> {
        let mpi = self.mpi()?;
        // A longer integer is no hash, and reducing it would give one challenge many spellings.
        if mpi.as_bytes().len() > CHALLENGE_SIZE {
            return Err(BadMessage);
        }
        Ok(Exponent::from_be_bytes_reduced(mpi.as_bytes()))
    }

    fn response(&mut self) -> Result<Exponent, BadMessage> {
        Exponent::from_be_bytes(self.mpi()?.as_bytes()).map_err(|_| BadMessage)
    }

    fn finish(self) -> Result<(), BadMessage> {
        self.reader.finish().map_err(|_| BadMessage)
    }
}

/// Bytes of a SHA-256 hash.
const CHALLENGE_SIZE: usize = 32;
