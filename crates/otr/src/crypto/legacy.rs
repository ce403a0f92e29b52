//! The symmetric primitives of versions 1 to 3, under the names of their roles.
//!
//! Hashes and MACs take their input in parts, so that no caller joins buffers that hold secrets.

use aes::Aes128;
use ctr::CtrCore;
use ctr::cipher::{InnerIvInit, KeyIvInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::flavors::Ctr64BE;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// SHA-1 of the parts one after the other.
#[must_use]
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    digest::<Sha1>(parts).into()
}

/// SHA-256 of the parts one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(parts).into()
}

/// HMAC-SHA1 (RFC 2104) of the parts one after the other. The key may have any length.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "HMAC hashes long keys and pads short ones: no length is refused"
)]
pub fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256 (RFC 2104) of the parts one after the other. The key may have any length.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "HMAC hashes long keys and pads short ones: no length is refused"
)]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// AES-128 in counter mode over `data` in place; encrypting and decrypting are the same.
///
/// The counter block is `counter_top` followed by 64 bits that start at zero and count the blocks, as OTR has it.
pub fn aes128_ctr(key: &[u8; 16], counter_top: &[u8; 8], data: &mut [u8]) {
    let mut counter = [0; 16];
    counter[..8].copy_from_slice(counter_top);
    // Both types are wiped by their own drop.
    let mut cipher = ctr::Ctr64BE::<Aes128>::new(key.into(), (&counter).into());
    cipher.apply_keystream(data);
    counter.zeroize();
}

/// HMAC-SHA1 with one key for many messages: the two blocks of the key are hashed once. Wiped on drop.
pub struct HmacSha1(Box<KeyBlocks>);

/// RFC 2104: the hash of the key xor ipad, and of the key xor opad, with more to come.
struct KeyBlocks {
    inner: Sha1,
    outer: Sha1,
}

impl HmacSha1 {
    /// The key of a data message.
    #[must_use]
    pub fn new(key: &[u8; 20]) -> Self {
        let hashed = |pad: u8| {
            let mut block = Zeroizing::new([pad; 64]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            Sha1::new_with_prefix(block.as_slice())
        };
        Self(Box::new(KeyBlocks {
            inner: hashed(0x36),
            outer: hashed(0x5c),
        }))
    }

    /// HMAC-SHA1 of the parts one after the other.
    #[must_use]
    pub fn of(&self, parts: &[&[u8]]) -> [u8; 20] {
        let (mut inner, mut outer) = (self.0.inner.clone(), self.0.outer.clone());
        for part in parts {
            inner.update(part);
        }
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

/// AES-128 in counter mode with one key for many messages: its round keys are made once. Wiped on drop.
pub struct Aes128Ctr(Box<Aes128>);

impl Aes128Ctr {
    /// The key.
    #[must_use]
    pub fn new(key: &[u8; 16]) -> Self {
        Self(Box::new(<Aes128 as KeyInit>::new(key.into())))
    }

    /// What [`aes128_ctr`] does.
    pub fn apply(&self, counter_top: &[u8; 8], data: &mut [u8]) {
        let mut counter = [0; 16];
        counter[..8].copy_from_slice(counter_top);
        let core = CtrCore::<&Aes128, Ctr64BE>::inner_iv_init(&self.0, (&counter).into());
        StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
    }
}

// What they are made of wipes itself.
const _: fn() = || {
    fn wipes<T: ZeroizeOnDrop>() {}
    wipes::<Sha1>();
    wipes::<Aes128>();
};

/// Whether two byte strings are equal, in time that depends on their lengths alone.
#[must_use]
pub fn ct_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

fn digest<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(|d| u8::try_from(d).unwrap())
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// FIPS 180 examples, each also with the input cut in the middle.
    #[test]
    fn hashes_match_fips_180() {
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(
            sha1(&[b"abc"])[..],
            hex("a9993e364706816aba3e25717850c26c9cd0d89d")
        );
        assert_eq!(sha1(&[])[..], hex("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert_eq!(
            sha1(&[&long[..20], &long[20..]])[..],
            hex("84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        );
        assert_eq!(
            sha256(&[b"abc"])[..],
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            sha256(&[b""])[..],
            hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        assert_eq!(
            sha256(&[&long[..1], b"", &long[1..]])[..],
            hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        );
    }

    /// RFC 2202 cases 1, 2, 6 and RFC 4231 cases 1, 2, 6: a short key, a text key and a key longer than a block.
    #[test]
    fn macs_match_their_rfcs() {
        assert_eq!(
            hmac_sha1(&[0x0b; 20], &[b"Hi There"])[..],
            hex("b617318655057264e28bc0b6fb378c8ef146be00")
        );
        assert_eq!(
            hmac_sha1(b"Jefe", &[b"what do ya want ", b"for nothing?"])[..],
            hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        );
        let text: &[u8] = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hmac_sha1(&[0xaa; 80], &[text])[..],
            hex("aa4ae5e15272d00e95705637ce8a3b55ed402112")
        );
        assert_eq!(
            hmac_sha256(&[0x0b; 20], &[b"Hi There"])[..],
            hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        );
        assert_eq!(
            hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"])[..],
            hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
        assert_eq!(
            hmac_sha256(&[0xaa; 131], &[text])[..],
            hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        );
    }

    /// NIST SP 800-38A has no counter whose low half is zero, so its AES core vectors are run through ours: the
    /// key stream is the encryption of `top ‖ n`, which FIPS 197 and SP 800-38A F.1.1 pin for given blocks.
    #[test]
    fn counter_mode_matches_the_block_cipher() {
        use aes::cipher::BlockCipherEncrypt;
        let key: [u8; 16] = hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap();
        let cipher = <Aes128 as KeyInit>::new(&key.into());
        let mut block = hex("6bc1bee22e409f96e93d7e117393172a");
        cipher.encrypt_block(block.as_mut_slice().try_into().unwrap());
        assert_eq!(block, hex("3ad77bb40d7a3660a89ecaf32466ef97"));

        let top = [0xff; 8];
        let mut stream = [0; 50];
        aes128_ctr(&key, &top, &mut stream);
        for (index, part) in stream.chunks(16).enumerate() {
            let mut expected = [0xff; 16];
            expected[8..].copy_from_slice(&u64::try_from(index).unwrap().to_be_bytes());
            cipher.encrypt_block((&mut expected).into());
            assert_eq!(part, &expected[..part.len()]);
        }
    }

    #[test]
    fn keys_for_many_messages_give_what_keys_for_one_give() {
        let (cipher, mac) = (Aes128Ctr::new(&[7; 16]), HmacSha1::new(&[8; 20]));
        for (length, top) in [(0, [0; 8]), (1, [1; 8]), (100, [0xff; 8]), (5000, [3; 8])] {
            let (mut one, mut other) = (vec![5; length], vec![5; length]);
            cipher.apply(&top, &mut one);
            aes128_ctr(&[7; 16], &top, &mut other);
            assert_eq!(one, other);
            assert_eq!(mac.of(&[&one, &top]), hmac_sha1(&[8; 20], &[&one, &top]));
        }
    }

    /// A whole vector made with another implementation (`openssl enc -aes-128-ctr`).
    #[test]
    fn counter_mode_matches_openssl() {
        let key: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
        let top: [u8; 8] = hex("0000000000000001").try_into().unwrap();
        let mut data = b"Off-the-Record Messaging, versions one to three.".to_vec();
        aes128_ctr(&key, &top, &mut data);
        assert_eq!(
            data,
            hex(
                "5c7efc4790c3628322c6c9d242dab993eae75a252be62552b5626450c763b652fa27665b720a7905912ec20ac39efc7e"
            )
        );
        aes128_ctr(&key, &top, &mut data);
        assert_eq!(data, b"Off-the-Record Messaging, versions one to three.");
    }

    #[test]
    fn comparison_looks_at_everything() {
        assert!(ct_eq(b"", b""));
        assert!(ct_eq(b"abc", b"abc"));
        assert!(!ct_eq(b"abc", b"abd"));
        assert!(!ct_eq(b"abc", b"bbc"));
        assert!(!ct_eq(b"abc", b"ab"));
    }
}
