//! Where the control socket is: in a folder of its own beside the keys, so that it belongs to exactly one store. Whoever
//! has the store's lock is the only one who may put a socket there.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The socket of the proxy that has the store in this folder.
pub fn socket(data: &Path) -> PathBuf {
    folder(data).join(SOCKET)
}

/// Puts a socket there. What a proxy has left that was killed is taken away: the caller has the store's lock, so nobody
/// listens on it.
///
/// # Errors
/// If the folder is not ours alone, or something else stands there.
pub(super) fn bind(data: &Path) -> io::Result<UnixListener> {
    let folder = folder(data);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    look_at(&folder, ourselves()?)?;
    let path = socket(data);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(&path)?,
        Ok(_) => {
            let words = format!("{} is no socket; move it away", path.display());
            return Err(io::Error::other(words));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let short = Short::of(&folder)?;
    let listener = UnixListener::bind(short.socket())?;
    // Until here the folder alone keeps others out.
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes it away again.
pub(super) fn clear(data: &Path) {
    // If it cannot be, the next proxy does it.
    let _left = fs::remove_file(socket(data));
}

/// Whether anybody serves it. Who that is only [`connect`] finds out.
pub(crate) fn is_served(data: &Path) -> bool {
    let short = Short::of(&folder(data));
    short.is_ok_and(|short| std::os::unix::net::UnixStream::connect(short.socket()).is_ok())
}

/// Connects to it.
///
/// # Errors
/// `NotFound` or `ConnectionRefused` if nobody is there; else what is wrong with it.
pub(super) async fn connect(data: &Path) -> io::Result<UnixStream> {
    let (folder, us) = (folder(data), ourselves()?);
    look_at(&folder, us)?;
    let short = Short::of(&folder)?;
    let stream = UnixStream::connect(short.socket()).await?;
    if stream.peer_cred()?.uid() != us {
        let words = format!("{} is another user's", socket(data).display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    Ok(stream)
}

/// The user for whom we run, as the kernel tells it of a socket of ours.
pub(super) fn ourselves() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// A folder of ours that nobody else can enter.
fn look_at(folder: &Path, us: u32) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let fault = if !found.is_dir() {
        "is no folder; move it away".to_owned()
    } else if found.uid() != us {
        "is another user's; delete it".to_owned()
    } else if found.mode() & 0o077 != 0 {
        format!("is open to others; to mend it: chmod 700 {}", folder.display())
    } else {
        return Ok(());
    };
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} {fault}", folder.display()),
    ))
}

/// A way to the folder that fits into the address of a socket, which holds a hundred bytes.
struct Short {
    path: PathBuf,
    _open: Option<File>,
}

impl Short {
    fn of(folder: &Path) -> io::Result<Self> {
        if folder.as_os_str().len() + SOCKET.len() < ADDRESS || !cfg!(target_os = "linux") {
            return Ok(Self {
                path: folder.to_owned(),
                _open: None,
            });
        }
        let open = File::open(folder)?;
        let number = std::os::fd::AsRawFd::as_raw_fd(&open);
        Ok(Self {
            path: PathBuf::from(format!("/proc/self/fd/{number}")),
            _open: Some(open),
        })
    }

    fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }
}

const FOLDER: &str = "control";
const SOCKET: &str = "socket";
/// Enough for every system.
const ADDRESS: usize = 100;
