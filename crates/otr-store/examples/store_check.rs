//! One half of `interop/store-check`: writes a store for libotr to read, or prints one that libotr
//! wrote in the words of `interop/peers/files.c`.
//!
//! ```text
//! store_check fill DIR ACCOUNT PROTOCOL USER FINGERPRINT TRUST TAG    names in hex
//! store_check dump DIR
//! ```

use std::error::Error;
use std::path::Path;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otr::crypto::dsa::PrivateKey;
use otr_store::{AccountId, Correspondent, Store, Trust};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", folder, account, protocol, user, fingerprint, trust, tag] => {
            let mut store = Store::open(Path::new(folder))?;
            let account = AccountId::new(unhex(account)?, unhex(protocol)?);
            // A key of each account's own; these protect nothing.
            let seed = store.accounts().count().to_le_bytes();
            let mut rng = ChaCha20Rng::from_seed(std::array::from_fn(|i| seed.get(i).copied().unwrap_or(7)));
            store.add_key(account.clone(), PrivateKey::generate(&mut rng))?;
            store.set_instance_tag(&account, u32::from_str_radix(tag, 16)?)?;
            let person = Correspondent::new(unhex(user)?, account);
            let fingerprint =
                <[u8; 20]>::try_from(unhex(fingerprint)?).map_err(|_| "a fingerprint has 20 bytes")?;
            store.remember(&person, fingerprint)?;
            store.set_trust(
                &person,
                fingerprint,
                &Trust::from_bytes(&unhex(trust)?).ok_or("no such trust")?,
            )?;
        }
        ["dump", folder] => dump(&Store::open(Path::new(folder))?),
        _ => return Err("usage: store_check fill|dump DIR …".into()),
    }
    Ok(())
}

fn dump(store: &Store) {
    for account in store.accounts() {
        let names = format!("{} {}", hex(account.name()), hex(account.protocol()));
        if let Some(key) = store.key(account) {
            let [p, q, g, y] = key.public().parts().map(hex);
            let x = key.x();
            let zeros = x.iter().take_while(|byte| **byte == 0).count();
            println!(
                "key {names} {p} {q} {g} {y} {}",
                hex(x.get(zeros..).unwrap_or_default())
            );
        }
    }
    for entry in store.instance_tags() {
        let account = &entry.account;
        println!(
            "tag {} {} {:08x}",
            hex(account.name()),
            hex(account.protocol()),
            entry.tag
        );
    }
    for known in store.known_keys() {
        let account = known.correspondent.account();
        let names = [known.correspondent.user(), account.name(), account.protocol()]
            .map(hex)
            .join(" ");
        println!(
            "fingerprint {names} {} {}",
            hex(known.fingerprint.as_bytes()),
            hex(known.trust.as_bytes())
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".into();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let text = if text == "-" { "" } else { text };
    let pairs = text
        .as_bytes()
        .chunks(2)
        .map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?));
    pairs.collect()
}
