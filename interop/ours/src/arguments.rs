//! What the command line asks for.

use std::fs;
use std::path::Path;

use otr::{InstanceTag, Policy, PrivateKey, Version, Versions};
use rand_core::CryptoRng;

use crate::tell::{bytes, hex};

/// The settings of one run.
pub struct Arguments {
    /// How the network names the two. Version 4 signs both.
    pub names: [String; 2],
    pub policy: Policy,
    pub carrier_limit: Option<usize>,
    /// Zero: the library draws one.
    pub instance: InstanceTag,
    pub key_file: Option<String>,
}

impl Arguments {
    /// Reads `ME PEER name=value…`.
    pub fn read(words: &[String]) -> Result<Self, String> {
        let [me, peer, options @ ..] = words else {
            return Err("who talks to whom?".to_owned());
        };
        let (mut versions, mut policy) = ("23", "manual");
        let mut arguments = Self {
            names: [me.clone(), peer.clone()],
            policy: Policy::manual(),
            carrier_limit: None,
            instance: InstanceTag::ZERO,
            key_file: None,
        };
        for option in options {
            let wrong = || format!("bad argument {option}");
            match option.split_once('=').ok_or_else(wrong)? {
                ("versions", digits) => versions = digits,
                ("policy", name) => policy = name,
                ("fragment", number) => {
                    arguments.carrier_limit = Some(number.parse().map_err(|_| wrong())?).filter(|n| *n > 0);
                }
                ("instance", digits) => {
                    let tag = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
                    arguments.instance = InstanceTag::new(tag).ok_or_else(wrong)?;
                }
                ("keyfile", path) => arguments.key_file = Some(path.to_owned()),
                _ => return Err(wrong()),
            }
        }
        arguments.policy = Policy {
            versions: set_of(versions)?,
            ..preset(policy)?
        };
        Ok(arguments)
    }

    /// The long-term key of versions 1 to 3: from the file, or a new one that is then written there.
    pub fn key(&self, rng: &mut dyn CryptoRng) -> Result<PrivateKey, String> {
        let Some(path) = &self.key_file else {
            return Ok(PrivateKey::generate(rng));
        };
        if !Path::new(path).exists() {
            let key = PrivateKey::generate(rng);
            fs::write(path, written(&key)).map_err(|why| format!("{path}: {why}"))?;
            return Ok(key);
        }
        let text = fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
        let parts: Vec<Vec<u8>> = text.lines().map_while(bytes).collect();
        match parts.as_slice() {
            [p, q, g, y, x] => PrivateKey::from_parts(p, q, g, y, x).map_err(|why| format!("{path}: {why}")),
            _ => Err(format!(
                "{path}: not the five numbers p, q, g, y, x in hexadecimal digits"
            )),
        }
    }
}

/// A key file of these tests alone: p, q, g, y and x, one a line.
fn written(key: &PrivateKey) -> String {
    let mut lines: Vec<String> = key.public().parts().iter().map(|part| hex(part)).collect();
    lines.push(hex(&key.x()[..]));
    lines.join("\n") + "\n"
}

fn set_of(digits: &str) -> Result<Versions, String> {
    digits.chars().try_fold(Versions::NONE, |set, digit| match digit {
        '1' => Ok(set.with(Version::V1)),
        '2' => Ok(set.with(Version::V2)),
        '3' => Ok(set.with(Version::V3)),
        '4' => Ok(set.with(Version::V4)),
        other => Err(format!("no such version: {other}")),
    })
}

fn preset(name: &str) -> Result<Policy, String> {
    match name {
        "manual" => Ok(Policy::manual()),
        "tag" => Ok(Policy {
            send_tag: true,
            tag_starts: true,
            ..Policy::manual()
        }),
        "opportunistic" => Ok(Policy::opportunistic()),
        "always" => Ok(Policy::always()),
        other => Err(format!("no such policy: {other}")),
    }
}
