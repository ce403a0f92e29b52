//! From a shared secret to every key, against another implementation: the values were computed by potr 1.0.2 (its
//! `AuthKeyExchange` and `DHSession`) from the two exponents, streams and authenticators by the library under it,
//! pycryptodome, from potr's keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use otr::classic::ake_keys::AkeKeys;
use otr::classic::pair_keys::PairKeys;
use otr::crypto::modp::{DhPublic, DhSecret, DhShared};

/// Everything in hexadecimal digits.
struct Vector {
    /// Our exponent, and theirs.
    x: &'static str,
    y: &'static str,
    ssid: &'static str,
    c: &'static str,
    c_prime: &'static str,
    m1: &'static str,
    m1_prime: &'static str,
    m2: &'static str,
    m2_prime: &'static str,
    extra: &'static str,
    /// The first 40 bytes of the key stream under the counter 1, and the authenticator of [`AUTHENTICATED`].
    send_stream: &'static str,
    send_mac: &'static str,
    receive_stream: &'static str,
    receive_mac: &'static str,
}

const AUTHENTICATED: &[u8] = b"authenticated bytes";

fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    assert_eq!(digits.len(), 2 * N);
    core::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Our public value, theirs, and what both share, computed by one end.
fn meet(ours: &str, theirs: &str) -> (DhPublic, DhPublic, DhShared) {
    let [ours, theirs] = [ours, theirs].map(|digits| DhSecret::from_bytes(&bytes(digits)).unwrap());
    let (public, other) = (ours.public(), theirs.public());
    let shared = ours.agree(&other);
    (public, other, shared)
}

#[test]
fn the_seven_values_of_the_key_exchange() {
    for vector in &VECTORS {
        for (ours, theirs) in [(vector.x, vector.y), (vector.y, vector.x)] {
            let keys = AkeKeys::derive(&meet(ours, theirs).2);
            assert_eq!(hex(&keys.ssid), vector.ssid);
            assert_eq!(hex(keys.reveal.cipher.expose()), vector.c);
            assert_eq!(hex(keys.signature.cipher.expose()), vector.c_prime);
            assert_eq!(hex(keys.reveal.signed_mac.expose()), vector.m1);
            assert_eq!(hex(keys.signature.signed_mac.expose()), vector.m1_prime);
            assert_eq!(hex(keys.reveal.outer_mac.expose()), vector.m2);
            assert_eq!(hex(keys.signature.outer_mac.expose()), vector.m2_prime);
        }
    }
}

#[test]
fn the_keys_of_data_messages_and_the_extra_key() {
    for vector in &VECTORS {
        let (ours, theirs, shared) = meet(vector.x, vector.y);
        let mut pair = PairKeys::derive(1, &ours, 1, &theirs, &shared);
        assert_eq!(hex(pair.extra_key().expose()), vector.extra);

        let mut stream = [0; 40];
        assert_eq!(pair.sending.encrypt(&mut stream), Some([0, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(hex(&stream), vector.send_stream);
        assert_eq!(hex(&pair.sending.authenticate(&[AUTHENTICATED])), vector.send_mac);

        let mut stream = [0; 40];
        pair.receiving.decrypt([0, 0, 0, 0, 0, 0, 0, 1], &mut stream);
        assert_eq!(hex(&stream), vector.receive_stream);
        assert!(
            pair.receiving
                .verifies(&[AUTHENTICATED], &bytes(vector.receive_mac))
        );
    }
}

#[test]
fn the_other_end_has_the_same_keys_the_other_way_round() {
    for vector in &VECTORS {
        let (ours, theirs, shared) = meet(vector.y, vector.x);
        let mut pair = PairKeys::derive(1, &ours, 1, &theirs, &shared);
        let mut stream = [0; 40];
        pair.sending.encrypt(&mut stream).unwrap();
        assert_eq!(hex(&stream), vector.receive_stream);
        assert_eq!(
            hex(&pair.sending.authenticate(&[AUTHENTICATED])),
            vector.receive_mac
        );
        assert!(pair.receiving.verifies(&[AUTHENTICATED], &bytes(vector.send_mac)));
    }
}

#[test]
fn the_vectors_hold_what_they_say() {
    let ends = VECTORS.map(|vector| meet(vector.x, vector.y));
    assert!(ends[0].0 > ends[0].1 && ends[1].0 < ends[1].1);
    let length = |at: usize| ends[at].2.secbytes().len();
    assert_eq!([length(0), length(1), length(2)], [4 + 192, 4 + 192, 4 + 191]);
}

const VECTORS: [Vector; 3] = [
    // We are the high end.
    Vector {
        x: "b108410df7cc7dc6aaaa87ca39a6b028271616f181aa1bc7b32834d30a7ea636b26d1c7159cd4cc3",
        y: "e92850396c61f61755a7bd045f95609f2359c9559c583b6831a72a0b92e051081b97e412b94c8225",
        ssid: "b4971261603e5ef1",
        c: "7006221562219998a84fe67c4a0aebf6",
        c_prime: "354c01f7e9c9a915367ecc7a330279fd",
        m1: "f6a5a74c87d82756988382c59ab0d2d4c19446910923f648cd5e1cef1f265c42",
        m1_prime: "88cfad7b47434b5de8a45c02193793a8e409113d00deda2e9c4612ffd23451c3",
        m2: "52f8ab1c99b3a110314196561de3708a4d5de250ac39fdc333dce5dd16082fc8",
        m2_prime: "6427e757f0198c19d60b73ff7df97a629956097f9579ca1708e635dad04d0380",
        extra: "0463c1a304417698532192a7c4e14cb6b9754cce7a0d07c89ef717ef60e5b757",
        send_stream: "643957547788ee942b88a9ae30f0cfb5b13da733de815785903bb0a25e02df17a474d2425dd892b0",
        send_mac: "a5b7098aa5c44b7d7c840b25cce4e66f24f76c19",
        receive_stream: "0bca649fc623af029d546d8dc0757f13038a602b5a973c358e81c46136caea3666e28ee7b6e9a9b4",
        receive_mac: "7bb00286d2c7129822fca9b21bea3c64a0960fd1",
    },
    // We are the low end.
    Vector {
        x: "f189f3973cae294ca0cdbae556b487a2c4c3aadb103119df9af0c60776692efc335c164c30e598a7",
        y: "ba6890ec4587bc4c4a171caf920f8eca11948541488d6aac73393eb69e2ca1ad86353dd4f1c0de1c",
        ssid: "65abc54d5cddbbe9",
        c: "4acd91231f37befc7e8ae6329f48e316",
        c_prime: "88d1d8f40705b734fad3169006327a5c",
        m1: "fe425330313305668f2b9a9e4b58e37369f846eef7179512e18e2743e5b39219",
        m1_prime: "8f494bac208cb9077d84027183f61204d64c348c61fbc568940b56ec99a2d452",
        m2: "f48b64f28c4b5e81cce4bf36fa033268b885c3a1c0aed9f1bd4b0e9eac3be67b",
        m2_prime: "fe99199dc2aac3d86957400cb40b01fbe696d4f77a651ee4f577aa29e28bd764",
        extra: "f24f77d52097b6becf3fb0c5f44b7045200a5a06c00530913fe4fd367aa11b47",
        send_stream: "82efba601405a0505c5538192065d3398a6a19d35e00fb7592f7e3833c98cbe25327405c0de14609",
        send_mac: "55c200186ca79c580d6c3b896baef85242825b54",
        receive_stream: "ae65de8a3ef5905c276747ca0d8e226e1f1415873fec48c02bcfb65ea2038a6e94d7ad8db30b2885",
        receive_mac: "14404d854a01ad1e6a346974009f5af2b44b7068",
    },
    // The shared secret has a leading zero byte, which is not hashed.
    Vector {
        x: "964e5f85d058d950d9a461e66d84ad7be72b2aacf61bd4043dea1b6651ba14d73f52c8fddb413a4b",
        y: "90270a30b08fb1169fd56847d6baaf88afcc3918a776be7b78b11555e4b635fbaf1f63fa439c2ebb",
        ssid: "4188db4b7eae8d72",
        c: "c3c118c4de4e6876aeebc4f749c56d28",
        c_prime: "86ed836a0dea417fcf410e2edd69f83d",
        m1: "c1fc5e03c8228e3e2f8d10bf073e628a3a1858052df3d3c3e9b05bdc90645996",
        m1_prime: "dfabe1c34c1d0c7de142a1e67d9544d436b8244d5262fcc83634d057bd244ca8",
        m2: "7c0055df2f9529ba7a9e99bb40f6e306f910d8cba011d89e4deaeccde5429b98",
        m2_prime: "f9c8c798e2d7e66ea486b177d9f2b2b2f8cdf8499ebd00de7cd166db85c31b1c",
        extra: "6ad12c3f576b2e8fdb33758e74c964ad47c589d0fac2ee55a52d32a314701ff3",
        send_stream: "02396ad9ecfc694caa51e861ba05ccc6acdcd8e728789120d64e4081edba68ae382c78bbe2582cea",
        send_mac: "dc21b70704048eadaff4073dbfdd687bfe13a5a5",
        receive_stream: "43d9ca660c792dc0a9b14ea29f0de8560f3942361e291b7cc94d5bc1bd85b55b0e22968fe74b4558",
        receive_mac: "dbc74c48ef94cab9a8d9b21f78f6d184e7bbadb7",
    },
];
