//! Files with a password in their first line, which nobody else may read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::Setting;
use crate::config::complaint::{Complaint, Origin};

/// The first line of the file, without its end.
pub(super) fn first_line(file: &Setting<PathBuf>) -> Result<Zeroizing<Vec<u8>>, Complaint> {
    let path = file.value.display();
    let complain = |what: String, remedy: String| Complaint::new(file.origin.clone(), what).remedy(remedy);
    let unreadable = |error: std::io::Error| {
        complain(
            format!("the password cannot be read from {path}: {error}"),
            "the password stands in the first line of a file of its own".to_owned(),
        )
    };
    let open = File::open(&file.value).map_err(unreadable)?;
    if is_open_to_others(&open).map_err(unreadable)? {
        return Err(complain(
            format!("others can read the password in {path}"),
            format!("chmod 600 {path}"),
        ));
    }
    let mut text = Zeroizing::new(Vec::with_capacity(LIMIT));
    open.take(LIMIT as u64)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    match line {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_vec())),
        _ => Err(complain(
            format!("the first line of {path} is empty"),
            "write the password there".to_owned(),
        )),
    }
}

/// Whether somebody but the owner may read it. A pipe, as shells make them for `<(…)`, is nobody's file.
#[cfg(unix)]
fn is_open_to_others(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> std::io::Result<bool> {
    Ok(false)
}

/// Whoever can write the configuration decides where we connect to, and with whom we talk in the clear. A group may: on
/// many systems it is the person's own.
#[cfg(unix)]
pub(super) fn open_to_writers(path: &Path) -> Option<Complaint> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o002 != 0).then(|| {
        let path = path.display();
        Complaint::new(Origin::Default, format!("others can change {path}"))
            .remedy(format!("chmod 600 {path}"))
    })
}

#[cfg(not(unix))]
pub(super) fn open_to_writers(_: &Path) -> Option<Complaint> {
    None
}

/// So much of the file is looked at.
const LIMIT: usize = 1024;
