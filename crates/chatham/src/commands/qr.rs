//! `chatham chat --qr-png`.

use std::path::Path;
use std::process::ExitCode;

use crate::chat::arrival::open_store;
use crate::config::Resolved;
use crate::vault::Vault;
use crate::verify::qr;
use crate::{randomness, sanitize};

/// Writes our fingerprint as a QR code into a picture.
pub(super) fn write(resolved: &Resolved, picture: &Path) -> ExitCode {
    let store = match open_store(resolved) {
        Ok(store) => store,
        Err(error) => return super::complain(error),
    };
    let mut vault = Vault::new(store, &resolved.profile, &resolved.nick());
    let account = match vault.account(&mut *randomness()) {
        Ok(account) => account,
        Err(error) => return super::complain(error),
    };
    let (key, shown) = (account.newest_fingerprint(), picture.display().to_string());
    match qr::write_png(key, picture) {
        Ok(()) => {
            let shown = sanitize::one_line(shown.as_bytes());
            println!("{shown} shows {key}");
            ExitCode::SUCCESS
        }
        Err(error) => super::complain(format!("{shown} was not written: {error}")),
    }
}
