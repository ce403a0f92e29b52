//! Keys and trust for other programs.

use std::path::Path;

use otr_store::foreign::{self, Export, Format};
use otr_store::{AccountId, KnownKey};
use serde_json::json;

use super::{Keys, KeysError, Report, fingerprint_of, hex, name};
use crate::sanitize;

/// What another program is to get.
#[derive(Clone, Debug)]
pub struct Order {
    /// The program.
    pub format: Format,
    /// Our profile; the default one, or the only one, if it is not named.
    pub profile: Option<String>,
    /// The account's name in that program.
    pub account: String,
    /// That program's word for the network, if it is not the usual one.
    pub protocol: Option<String>,
    /// The name of the files, if it is not the account's.
    pub stem: Option<String>,
    /// Leave the key here.
    pub trust_only: bool,
}

impl Keys {
    /// Writes keys and trust as another program keeps them. Nothing is overwritten.
    ///
    /// # Errors
    /// If there is no key, or a file is there already.
    pub fn export(&self, directory: &Path, order: &Order) -> Result<Report, KeysError> {
        let id = self.account(order.profile.as_deref())?;
        let key = self.store.key(&id).ok_or_else(|| KeysError::NoKey(name(&id)))?;
        let known: Vec<&KnownKey> = self
            .store
            .known_keys()
            .filter(|known| *known.correspondent.account() == id)
            .collect();
        // Version 4 is nothing that the other program knows.
        let (left, known): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.fingerprint.is_v4());
        let left = left.len();
        let protocol = order
            .protocol
            .as_deref()
            .unwrap_or_else(|| order.format.usual_protocol());
        let people = known.len();
        let export = Export {
            format: order.format,
            account: AccountId::new(order.account.as_bytes(), protocol),
            stem: order.stem.clone().unwrap_or_else(|| order.account.clone()),
            key: Some(key).filter(|_| !order.trust_only),
            known,
        };
        let files = foreign::write(directory, &export)?;
        let (title, account) = (order.format.title(), sanitize::nick(order.account.as_bytes()));
        let print = fingerprint_of(key);
        let mut lines = Vec::new();
        if export.key.is_some() {
            lines.push(format!(
                "the key {print} of {}, for {account} in {title}",
                name(&id)
            ));
            lines.push(
                "it is not encrypted there: remove the files when they are no longer needed".to_owned(),
            );
        }
        lines.push(format!("fingerprints of others: {people}"));
        if left > 0 {
            lines.push(format!("fingerprints of version 4, which stay here: {left}"));
        }
        for file in &files {
            lines.push(format!(
                "written: {}",
                sanitize::nick(file.as_os_str().as_encoded_bytes())
            ));
        }
        if !order.format.is_verified() {
            lines.push(format!("unverified: there was no {title} to hold this against"));
        }
        let files: Vec<_> = files
            .iter()
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        Ok(Report {
            lines,
            value: json!({
                "format": order.format.word(), "profile": name(&id), "account": order.account,
                "protocol": protocol, "fingerprint": hex(&print), "key": !order.trust_only, "known": people, "left": left,
                "files": files, "verified-format": order.format.is_verified(),
            }),
        })
    }
}
