//! Messages that the API would refuse to make.

use otr::wire::header::Header;
use otr::wire::{Incoming, Message, armor, classify, decode_message, encode_message};

/// Takes an armoured message apart.
pub fn open(bytes: &[u8]) -> (Header, Message) {
    match classify(bytes) {
        Incoming::Armored(text) => decode_message(&armor::decode(text).unwrap()).unwrap(),
        other => panic!("not an encoded message: {other:?}"),
    }
}

/// The binary form of an armoured message.
pub fn binary(bytes: &[u8]) -> Vec<u8> {
    match classify(bytes) {
        Incoming::Armored(text) => armor::decode(text).unwrap(),
        other => panic!("not an encoded message: {other:?}"),
    }
}

/// Puts a message together.
pub fn close(header: &Header, message: &Message) -> Vec<u8> {
    armor::encode(&encode_message(header, message))
}

/// Takes a message apart, changes it, and puts it together again.
pub fn change(bytes: &[u8], change: impl FnOnce(&mut Header, &mut Message)) -> Vec<u8> {
    let (mut header, mut message) = open(bytes);
    change(&mut header, &mut message);
    close(&header, &message)
}
