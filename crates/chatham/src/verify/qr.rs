//! A fingerprint as a QR code, on the screen or in a picture, and the reading of what a scanner gives back.
//!
//! The payload is `OTR-FINGERPRINT:` and forty, in version 4 a hundred and twelve, upper-case hexadecimal digits. It is a URI, whose scheme may be in either
//! case; upper case makes the code smaller. A program that does not know it shows it as text that can be compared.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use otr::Fingerprint;
use qrcode::{Color, EcLevel, QrCode};

/// A square of dark and light fields, without the quiet zone around it.
#[derive(Clone, PartialEq, Eq)]
pub struct Square {
    width: usize,
    dark: Vec<bool>,
}

/// What the code of a fingerprint says.
pub fn payload(key: Fingerprint) -> String {
    let digits: String = key.to_string().split(' ').collect();
    format!("{SCHEME}:{digits}")
}

/// Reads what a scanner gives back: our own payload, the `otr-fingerprint` of an address as XMPP programs show it, or
/// just the digits. `None` if there is no fingerprint in it.
pub fn read(text: &str) -> Option<Fingerprint> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let rest = [":", "="].iter().find_map(|sign| {
        let mark = format!("{}{sign}", SCHEME.to_ascii_lowercase());
        Some(&text[lower.find(&mark)? + mark.len()..])
    });
    let digits = rest.map_or(text, |rest| {
        rest.split(['?', '&', ';', '#']).next().unwrap_or(rest)
    });
    Fingerprint::from_hex(digits)
}

impl Square {
    /// The code of a fingerprint. `None` never happens: the payload always fits.
    pub fn of(key: Fingerprint) -> Option<Self> {
        let code = QrCode::with_error_correction_level(payload(key), level(key)).ok()?;
        Some(Self {
            width: code.width(),
            dark: code
                .to_colors()
                .into_iter()
                .map(|color| color == Color::Dark)
                .collect(),
        })
    }

    /// How many fields wide and high it is, with so many light fields on each side.
    pub fn width(&self, quiet: usize) -> usize {
        self.width + 2 * quiet
    }

    /// Whether a field is dark; everything outside is light.
    pub fn is_dark(&self, column: usize, row: usize, quiet: usize) -> bool {
        let inside = |at: usize| at.checked_sub(quiet).filter(|&at| at < self.width);
        match (inside(column), inside(row)) {
            (Some(column), Some(row)) => self.dark.get(row * self.width + column) == Some(&true),
            _ => false,
        }
    }
}

/// A longer fingerprint does with less redundancy, so that its code has room on a screen of eighty by twenty-four.
fn level(key: Fingerprint) -> EcLevel {
    match key.v4() {
        Some(_) => EcLevel::L,
        None => EcLevel::M,
    }
}

/// Writes the code as a PNG picture. The file is for its owner only, and must not be there yet.
///
/// # Errors
/// If there is such a file, or it cannot be written.
pub fn write_png(key: Fingerprint, path: &Path) -> io::Result<()> {
    let square = Square::of(key).ok_or_else(|| io::Error::other("the code cannot be made"))?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    let written = draw(&square, &file).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a picture helps nobody; what went wrong is told.
        let _gone = std::fs::remove_file(path);
    }
    written
}

fn draw(square: &Square, file: &File) -> io::Result<()> {
    let side = square.width(QUIET) * SCALE;
    let mut pixels = Vec::with_capacity(side * side);
    for row in 0..side {
        for column in 0..side {
            let dark = square.is_dark(column / SCALE, row / SCALE, QUIET);
            pixels.push(if dark { 0 } else { u8::MAX });
        }
    }
    let side = u32::try_from(side).map_err(io::Error::other)?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(&pixels).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)
}

/// The light fields that scanners want on each side.
pub const QUIET: usize = 4;
const SCHEME: &str = "OTR-FINGERPRINT";
const SCALE: usize = 8;
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Fingerprint {
        Fingerprint::from_hex("000D1A27 34414E5B 6875828F 9CA9B6C3 D0DDEAF7").unwrap()
    }

    #[test]
    fn reads_what_it_writes_and_what_others_write() {
        let payload = payload(key());
        assert_eq!(
            payload,
            "OTR-FINGERPRINT:000D1A2734414E5B6875828F9CA9B6C3D0DDEAF7"
        );
        for text in [
            payload.clone(),
            payload.to_lowercase(),
            format!(" {payload}?nick=bob\n"),
            "xmpp:bob@example.org?otr-fingerprint=000d1a2734414e5b6875828f9ca9b6c3d0ddeaf7;x=y".into(),
            "000D1A27 34414E5B 6875828F 9CA9B6C3 D0DDEAF7".into(),
        ] {
            assert_eq!(read(&text), Some(key()), "{text}");
        }
        for text in [
            "",
            "OTR-FINGERPRINT:",
            "OTR-FINGERPRINT:12",
            "https://example.org/",
            "İ:otr-fingerprint",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_picture_is_for_its_owner_and_overwrites_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.png");
        write_png(key(), &path).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let error = write_png(key(), &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }
}
