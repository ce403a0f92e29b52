//! The algebra that the protocol is written over.

use rand_core::CryptoRng;

use crate::wire::tlv::Tlv;

/// A group of prime order q with a fixed generator g1, a hash into challenges, and an encoding of messages.
///
/// Implementations compute in constant time wherever a [`Scalar`](Self::Scalar) is secret, and wipe what they drop.
pub trait Group: Sized {
    /// An element of the group.
    type Element: Clone;
    /// An integer modulo q.
    type Scalar;
    /// What both sides compare: a hash that binds the words of a person to the conversation.
    type Secret;
    /// Reads the fields of one message.
    type Fields<'a>: Fields<Self>;

    /// A scalar uniform in 1..q.
    fn random_scalar(rng: &mut dyn CryptoRng) -> Self::Scalar;

    /// The compared secret, as the integer that it spells.
    fn secret_scalar(secret: &Self::Secret) -> Self::Scalar;

    /// g1^`exponent`.
    fn base_power(exponent: &Self::Scalar) -> Self::Element;

    /// `base`^`exponent`.
    fn power(base: &Self::Element, exponent: &Self::Scalar) -> Self::Element;

    /// `base`^`x` and `base`^`y`.
    fn two_powers(base: &Self::Element, x: &Self::Scalar, y: &Self::Scalar) -> [Self::Element; 2];

    /// `left`^`x` times `right`^`y`.
    fn power_product(
        left: &Self::Element,
        x: &Self::Scalar,
        right: &Self::Element,
        y: &Self::Scalar,
    ) -> Self::Element;

    /// `left` times `right`.
    fn product(left: &Self::Element, right: &Self::Element) -> Self::Element;

    /// `left` divided by `right`.
    fn quotient(left: &Self::Element, right: &Self::Element) -> Self::Element;

    /// Whether both elements are the same, in constant time.
    fn same_element(left: &Self::Element, right: &Self::Element) -> bool;

    /// Whether both scalars are the same, in constant time.
    fn same_scalar(left: &Self::Scalar, right: &Self::Scalar) -> bool;

    /// The hash of `ordinal` and the elements, as a scalar. The ordinal, 1 to 8, is another one for each proof of the
    /// protocol, so that no proof can stand in the place of another.
    fn challenge(ordinal: u8, elements: &[&Self::Element]) -> Self::Scalar;

    /// `blind` - `secret` times `challenge`, modulo q.
    fn response(blind: &Self::Scalar, secret: &Self::Scalar, challenge: &Self::Scalar) -> Self::Scalar;

    /// The record of the first message, with what the initiator asks, as much of it as there is room for.
    fn first_record(question: Option<&[u8]>, message: Vec<u8>) -> Option<Tlv>;

    /// Opens the first message's record: what is asked, and the message. `None` if a record of this type is none.
    fn open_first_record(kind: u16, value: &[u8]) -> Option<Result<FirstRecord<'_>, BadMessage>>;

    /// The message made of these fields.
    fn encode(fields: &[Field<'_, Self>]) -> Vec<u8>;

    /// Opens a message of `count` fields.
    ///
    /// # Errors
    /// [`BadMessage`] if the message itself says that it has another number of them. Nothing is allocated from what
    /// it says.
    fn fields(message: &[u8], count: u32) -> Result<Self::Fields<'_>, BadMessage>;
}

/// What the first message's record holds.
pub struct FirstRecord<'a> {
    /// What the initiator asks, if anything.
    pub question: Option<&'a [u8]>,
    /// The message.
    pub message: &'a [u8],
}

/// One field of an outgoing message.
pub enum Field<'a, G: Group> {
    /// A group element.
    Element(&'a G::Element),
    /// A challenge or a response.
    Scalar(&'a G::Scalar),
}

/// The fields of an incoming message, in their order. What it gives is in range; whether the proofs hold is not said.
pub trait Fields<G: Group> {
    /// A group element.
    ///
    /// # Errors
    /// [`BadMessage`] if there is none, or one that no honest peer sends: the neutral element, for one.
    fn element(&mut self) -> Result<G::Element, BadMessage>;

    /// A challenge.
    ///
    /// # Errors
    /// [`BadMessage`] if there is none, or one that the hash cannot give.
    fn challenge(&mut self) -> Result<G::Scalar, BadMessage>;

    /// A response.
    ///
    /// # Errors
    /// [`BadMessage`] if there is none, or one outside 1..q.
    fn response(&mut self) -> Result<G::Scalar, BadMessage>;

    /// Ends the message.
    ///
    /// # Errors
    /// [`BadMessage`] if something follows.
    fn finish(self) -> Result<(), BadMessage>;
}

/// A message is malformed, holds a number out of range, or its proofs do not hold. The peer is broken or cheats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMessage;
