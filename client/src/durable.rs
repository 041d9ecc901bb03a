//! Files that survive a crash: written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use crate::Error;

/// Replaces `path` by `bytes`: temporary file, sync, rename, sync of the directory.
///
/// # Errors
/// [`Error::Io`]; the old content is then still there, or the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace_with(path, |file| file.write_all(bytes))
}

/// As [`replace`], by what `content` writes.
///
/// # Errors
/// As [`replace`].
pub fn replace_with(
    path: &Path,
    content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Error> {
    let directory = parent(path);
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(NamedTempFile::new_in(directory)?);
        content(&mut file)?;
        let file = file.into_inner()?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(Error::io(path))
}

/// Creates `path`, readable by its owner only, and fails when there is a file of this name.
///
/// # Errors
/// [`Error::Io`].
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        File::open(parent(path))?.sync_all()
    };
    write().map_err(Error::io(path))
}

/// Creates a directory with its parents, readable by its owner only. It survives a crash before anything is put in it.
///
/// # Errors
/// [`Error::Io`].
pub fn create_directory(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    if path.is_dir() {
        return Ok(());
    }
    if !parent(path).is_dir() {
        create_directory(parent(path))?;
    }
    let created = fs::DirBuilder::new().mode(0o700).create(path);
    let synced = created.and_then(|()| File::open(parent(path))?.sync_all());
    match synced {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        synced => synced.map_err(Error::io(path)),
    }
}

/// Reads a file whole.
///
/// # Errors
/// [`Error::Io`].
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::io(path))
}

/// Reads a file whole, or nothing when there is no such file.
///
/// # Errors
/// [`Error::Io`].
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Removes a file, if it is there.
///
/// # Errors
/// [`Error::Io`].
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Holds a lock file for as long as the result lives.
///
/// # Errors
/// [`Error::Locked`] when another process holds it; [`Error::Io`].
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::io(path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked(path.to_owned())),
        Err(error) => Err(Error::io(path)(io::Error::from(error))),
    }
}
