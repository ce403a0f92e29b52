//! `chatham chat --qr-png`.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Resolved;

/// Writes our fingerprint as a QR code into a picture.
pub(super) fn write(_resolved: &Resolved, _picture: &Path) -> ExitCode {
    super::complain("there is no QR code yet; `chatham keys fingerprint` shows your fingerprint")
}
