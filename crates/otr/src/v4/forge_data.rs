//! Forging data messages ("Forging", the toolkit that the text asks for), on the functions of the honest code.
//!
//! | what somebody has | what it lets them do |
//! |---|---|
//! | the MAC key of a message, which its receiver has published | change it without a trace: [`modify`], [`authenticate_again`] |
//! | the key of a message | read it, and its MAC key: [`read`], [`MacKey::of`] |
//! | a chain key | read, and write anew, every message from there on: [`read_with_chain`], [`write_with_chain`] |
//! | nothing | write down a whole conversation that never took place: [`transcript`] |

use rand_core::CryptoRng;

use crate::reject::Reject;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::v4::Channel;
use crate::v4::channel::padded;
use crate::v4::forge::Forged;
use crate::v4::message_keys::{ChainKey, MacKey, MessageKeys, RevealedMacKey, crypt};
use crate::v4::ratchet::Side;
use crate::wire::header::Header;
use crate::wire::v4::Data;

/// A message with an authenticator that holds, whatever else was done to it.
pub fn authenticate_again(mac_key: &MacKey, header: &Header, data: &mut Data) {
    data.mac = mac_key.authenticate([&data.authenticated_prefix(header), &data.ciphertext]);
}

/// The message with `new` in the place of `old`, which stood at `offset` of what it says: nobody has to know more of it.
/// `None` if it is not so long, or the two are not of one length.
#[must_use]
pub fn modify(
    revealed: &RevealedMacKey,
    header: &Header,
    data: &Data,
    offset: usize,
    old: &[u8],
    new: &[u8],
) -> Option<Data> {
    let mut data = data.clone();
    let end = offset.checked_add(old.len())?;
    let place = data.ciphertext.get_mut(offset..end)?;
    if old.len() != new.len() {
        return None;
    }
    for ((byte, old), new) in place.iter_mut().zip(old).zip(new) {
        *byte ^= old ^ new;
    }
    authenticate_again(&revealed.as_mac_key(), header, &mut data);
    Some(data)
}

/// What a message says, by its key `MKenc`.
#[must_use]
pub fn read(encryption: &Secret<64>, data: &Data) -> Vec<u8> {
    let mut text = data.ciphertext.clone();
    crypt(encryption, &mut text);
    text
}

/// What a message says, by a chain key of its ratchet. `distance` is how many messages lie between that chain key and
/// the message.
#[must_use]
pub fn read_with_chain(chain: &ChainKey, distance: u32, data: &Data) -> Vec<u8> {
    let mut text = data.ciphertext.clone();
    keys(chain, distance).decrypt(&mut text);
    text
}

/// The message with other words in it.
#[must_use]
pub fn write_with_chain(chain: &ChainKey, distance: u32, header: &Header, data: &Data, text: &[u8]) -> Data {
    let keys = keys(chain, distance);
    let mac_key = keys.mac_key();
    let mut ciphertext = text.to_vec();
    keys.encrypt(&mut ciphertext);
    let mut forged = Data {
        ciphertext,
        ..data.clone()
    };
    authenticate_again(&mac_key, header, &mut forged);
    forged
}

/// Who says something in a forged conversation, and what.
pub type Line<'a> = (Side, &'a [u8]);

/// Writes a conversation after a forged exchange. `headers` are those of Alice's messages and of Bob's.
///
/// # Errors
/// [`Reject::BadGroupElement`] for keys that contribute nothing, and [`Reject::LimitReached`] for more than can be said.
pub fn transcript(
    exchange: Forged,
    headers: [Header; 2],
    lines: &[Line<'_>],
    rng: &mut dyn CryptoRng,
    now: Timestamp,
) -> Result<Vec<(Header, Data)>, Reject> {
    let mut alice = Channel::start(exchange.alice.established, now)?;
    let mut bob = Channel::start(exchange.bob.established, now)?;
    let mut written = Vec::with_capacity(lines.len());
    for (side, text) in lines {
        let (speaker, listener, header) = match side {
            Side::Alice => (&mut alice, &mut bob, headers[0]),
            Side::Bob => (&mut bob, &mut alice, headers[1]),
        };
        let sealed = speaker.seal(&header, padded(text, Vec::new(), 0), 0, rng, now);
        let (data, _) = sealed.ok_or(Reject::LimitReached)?;
        listener.open(&header, data.clone(), now)?;
        written.push((header, data));
    }
    Ok(written)
}

fn keys(chain: &ChainKey, distance: u32) -> MessageKeys {
    let mut chain = chain.duplicate();
    for _ in 0..distance {
        chain = chain.next();
    }
    chain.message_keys()
}
