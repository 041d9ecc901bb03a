//! The anchor: the last checkpoint that this log signed, kept outside the database directory.
//!
//! RocksDB cannot tell that its newest acknowledged data is gone: a deleted or truncated write-ahead log opens without
//! an error. The anchor can. Nothing signed leaves the process before the anchor holds it, so a store that is smaller
//! than the anchor, or whose root at the anchor's size differs, has lost or changed something that was promised.
//!
//! # File
//!
//! One preallocated file of two slots of [`SLOT_LEN`] bytes. The value with counter *n* is written to slot *n* mod 2,
//! never to the other:
//!
//! ```text
//! offset      0        8            16         20                 20 + len
//!             +--------+------------+----------+------------------+---------------------+
//!             | magic  | counter    | len      | note             | SHA-256 of all bytes|
//!             | 8 B    | u64 BE, ≥1 | u32 BE   | len B, len ≥ 1   | before it, 32 B     |
//!             +--------+------------+----------+------------------+---------------------+
//! ```
//!
//! The file never changes its length, so `fdatasync` after one `pwrite` makes an update durable: one sync instead of
//! the three of "write a temporary file, rename it, sync the directory".
//!
//! # Why a torn slot may fall back to the other one
//!
//! Let *n* be the last update that [`Anchor::replace`] acknowledged. Update *n* + 1 writes only the slot that does not
//! hold *n*.
//!
//! 1. A crash inside that write leaves the other slot as it was. It holds *n*, because its `fdatasync` returned before
//!    *n* was acknowledged.
//! 2. The broken slot held *n* − 1 before, or was on its way to *n* + 1. Value *n* − 1 is superseded. Value *n* + 1 was
//!    not acknowledged, so no checkpoint with it left the process. Falling back to *n* forgets nothing that anybody was
//!    told.
//! 3. If the write of *n* + 1 did reach the disk although the crash came first, the slot is whole and *n* + 1 is
//!    adopted. That is safe too: the store committed the entries under it, with a sync, before it was signed.
//!
//! So at most one slot is ever in doubt, and only the one that does not hold the last acknowledged value. What the
//! fallback cannot tell from a torn write is a newest slot that decayed after it was acknowledged. Then the anchor
//! falls back by one update. Alone that loses nothing, because the store still holds the entries; start-up also refuses
//! when the store's own checkpoint is newer than the anchor. Two slots that are both bad, or counters that do not
//! follow each other, have no such explanation and stop the process.
//!
//! # Who may write
//!
//! One process holds an exclusive `flock` on the directory from open to exit. Every replacement reads the file again
//! through its path and compares it with the value last written, so that a second writer, or a file put back from a
//! backup, is noticed before the next signature.
//!
//! Source: `docs/server.md`, "Anchor".

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

/// The name of the anchor file inside the anchor directory.
pub const FILE_NAME: &str = "anchor";
/// The length of one slot in bytes.
pub const SLOT_LEN: usize = 8192;
/// The longest note that a slot holds, in bytes.
pub const MAX_NOTE_LEN: usize = SLOT_LEN - HEADER_LEN - DIGEST_LEN;

const MAGIC: [u8; 8] = *b"TLANCHR1";
const HEADER_LEN: usize = 20;
const DIGEST_LEN: usize = 32;
const FILE_LEN: usize = 2 * SLOT_LEN;

/// Why the anchor cannot be used. Every one of these stops the sequencer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// Another process holds the lock on the anchor directory.
    #[error("anchor directory {dir} is locked by another process: stop the other trucelogd first")]
    Locked {
        /// The anchor directory.
        dir: PathBuf,
    },
    /// There is no anchor where the log needs one.
    #[error(
        "no anchor at {path}: put the anchor file of this log back; if trucelogd init was interrupted, remove data_dir and anchor_dir and run it again"
    )]
    Missing {
        /// The expected file.
        path: PathBuf,
    },
    /// An anchor exists where a new log wants to create its own.
    #[error(
        "an anchor already exists at {path}: another log owns this directory; choose another anchor_dir"
    )]
    Exists {
        /// The existing file.
        path: PathBuf,
    },
    /// The file has the wrong length, both slots are bad, or the two slots do not belong together.
    #[error(
        "anchor {path} is damaged ({reason}): put the file back as it was at the last shutdown; if that is not possible, start a successor log"
    )]
    Damaged {
        /// The anchor file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file does not hold the value that this process wrote last.
    #[error(
        "anchor {path} does not hold the checkpoint written last: another process or a restored backup changed it; find out who before you start again"
    )]
    Changed {
        /// The anchor file.
        path: PathBuf,
    },
    /// An earlier replacement failed, so what the file holds is not known.
    #[error("anchor {path} had a write error before: restart trucelogd after the disk is in order")]
    Stopped {
        /// The anchor file.
        path: PathBuf,
    },
    /// The note does not fit into a slot.
    #[error("checkpoint note is {len} bytes, an anchor slot holds 1 to {MAX_NOTE_LEN}")]
    NoteLength {
        /// The length of the note in bytes.
        len: usize,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// A place that holds the last signed checkpoint durably. [`Anchor`] is the real one; tests put faults in front of it.
pub trait CheckpointAnchor: Send {
    /// The note that the anchor holds.
    fn note(&self) -> &[u8];

    /// Replaces `expected_last` by `new` durably, or fails without a promise about what is stored.
    ///
    /// # Errors
    ///
    /// Any [`AnchorError`]; the caller must not sign again in this process.
    fn replace(&mut self, expected_last: &[u8], new: &[u8]) -> Result<(), AnchorError>;
}

/// The open anchor file. The lock on its directory lives as long as this value.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
    file: File,
    last: Slot,
    stopped: bool,
    _lock: File,
}

/// The content of one valid slot.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    counter: u64,
    note: Vec<u8>,
}

impl Anchor {
    /// Creates the anchor of a new log with its first signed note. Creates `dir` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Exists`] if the file is there, [`AnchorError::Locked`], [`AnchorError::NoteLength`] or
    /// [`AnchorError::Io`].
    pub fn create(dir: &Path, note: &[u8]) -> Result<Self, AnchorError> {
        let first = Slot {
            counter: 1,
            note: note.to_vec(),
        };
        let bytes = first.encode()?;
        fs::create_dir_all(dir).map_err(io_error("create directory", dir))?;
        let lock = lock_directory(dir)?;
        let path = dir.join(FILE_NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => AnchorError::Exists { path: path.clone() },
                _ => io_error("create", &path)(source),
            })?;
        file.write_all_at(&[0; FILE_LEN], 0)
            .and_then(|()| file.write_all_at(&bytes, slot_offset(first.counter)))
            .and_then(|()| file.sync_all())
            .and_then(|()| lock.sync_all())
            .map_err(io_error("write", &path))?;
        sync_parent(dir)?;
        Ok(Self {
            path,
            file,
            last: first,
            stopped: false,
            _lock: lock,
        })
    }

    /// Opens the anchor of an existing log and takes the lock.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Missing`], [`AnchorError::Damaged`], [`AnchorError::Locked`] or [`AnchorError::Io`].
    pub fn open(dir: &Path) -> Result<Self, AnchorError> {
        let path = dir.join(FILE_NAME);
        if !path.try_exists().map_err(io_error("read", &path))? {
            return Err(AnchorError::Missing { path });
        }
        let lock = lock_directory(dir)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io_error("open", &path))?;
        let last = read_newest(&file, &path)?;
        Ok(Self {
            path,
            file,
            last,
            stopped: false,
            _lock: lock,
        })
    }

    /// Fails unless the file at the anchor's path is the open one and still holds the value written last.
    fn compare_with_disk(&self) -> Result<(), AnchorError> {
        let changed = || AnchorError::Changed {
            path: self.path.clone(),
        };
        let at_path = fs::metadata(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => changed(),
            _ => io_error("read", &self.path)(source),
        })?;
        let open = self.file.metadata().map_err(io_error("read", &self.path))?;
        if (at_path.dev(), at_path.ino()) != (open.dev(), open.ino()) {
            return Err(changed());
        }
        match read_newest(&self.file, &self.path) {
            Ok(found) if found == self.last => Ok(()),
            Ok(_) | Err(AnchorError::Damaged { .. }) => Err(changed()),
            Err(error) => Err(error),
        }
    }

    /// Writes `slot` to its place and waits until it is durable.
    fn write(&self, slot: &Slot) -> Result<(), AnchorError> {
        let bytes = slot.encode()?;
        self.file
            .write_all_at(&bytes, slot_offset(slot.counter))
            .and_then(|()| self.file.sync_data())
            .map_err(io_error("write", &self.path))
    }
}

impl CheckpointAnchor for Anchor {
    fn note(&self) -> &[u8] {
        &self.last.note
    }

    fn replace(&mut self, expected_last: &[u8], new: &[u8]) -> Result<(), AnchorError> {
        if self.stopped {
            return Err(AnchorError::Stopped {
                path: self.path.clone(),
            });
        }
        if !(1..=MAX_NOTE_LEN).contains(&new.len()) {
            return Err(AnchorError::NoteLength { len: new.len() });
        }
        // Whatever fails from here on leaves the content of the file unknown.
        self.stopped = true;
        if expected_last != self.last.note {
            return Err(AnchorError::Changed {
                path: self.path.clone(),
            });
        }
        self.compare_with_disk()?;
        let next = Slot {
            counter: self.last.counter + 1,
            note: new.to_vec(),
        };
        self.write(&next)?;
        self.last = next;
        self.stopped = false;
        Ok(())
    }
}

/// The anchor of a log that is being founded: it comes into being with the first checkpoint.
#[derive(Debug)]
pub enum NewAnchor {
    /// Nothing is there yet.
    Absent {
        /// The anchor directory.
        dir: PathBuf,
    },
    /// The first checkpoint is there.
    Created(Anchor),
}

impl NewAnchor {
    /// Reserves nothing; only sees that `dir` holds no anchor.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Exists`].
    pub fn prepare(dir: &Path) -> Result<Self, AnchorError> {
        let path = dir.join(FILE_NAME);
        if path.exists() {
            return Err(AnchorError::Exists { path });
        }
        Ok(Self::Absent {
            dir: dir.to_owned(),
        })
    }
}

impl CheckpointAnchor for NewAnchor {
    fn note(&self) -> &[u8] {
        match self {
            Self::Absent { .. } => &[],
            Self::Created(anchor) => anchor.note(),
        }
    }

    fn replace(&mut self, expected_last: &[u8], new: &[u8]) -> Result<(), AnchorError> {
        match self {
            Self::Absent { dir } => {
                *self = Self::Created(Anchor::create(dir, new)?);
                Ok(())
            }
            Self::Created(anchor) => anchor.replace(expected_last, new),
        }
    }
}

impl Slot {
    fn encode(&self) -> Result<Vec<u8>, AnchorError> {
        let len = self.note.len();
        let length_field = u32::try_from(len)
            .ok()
            .filter(|_| (1..=MAX_NOTE_LEN).contains(&len))
            .ok_or(AnchorError::NoteLength { len })?;
        let mut bytes = Vec::with_capacity(HEADER_LEN + len + DIGEST_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.extend_from_slice(&length_field.to_be_bytes());
        bytes.extend_from_slice(&self.note);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }

    /// Reads slot `place` (0 or 1); `None` if it is empty, torn or in the wrong place.
    fn decode(bytes: &[u8], place: u64) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (counter, rest) = rest.split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let counter = u64::from_be_bytes(*counter);
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
        if *magic != MAGIC
            || counter == 0
            || counter % 2 != place
            || !(1..=MAX_NOTE_LEN).contains(&len)
        {
            return None;
        }
        let (note, rest) = rest.split_at_checked(len)?;
        let digest = rest.first_chunk::<DIGEST_LEN>()?;
        (Sha256::digest(&bytes[..HEADER_LEN + len]).as_slice() == digest).then(|| Self {
            counter,
            note: note.to_vec(),
        })
    }
}

/// Reads both slots and returns the newer valid one, as the module head argues.
fn read_newest(file: &File, path: &Path) -> Result<Slot, AnchorError> {
    let damaged = |reason| AnchorError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let len = file.metadata().map_err(io_error("read", path))?.len();
    if len != FILE_LEN as u64 {
        return Err(damaged("the file does not have its fixed length"));
    }
    let mut bytes = vec![0; FILE_LEN];
    file.read_exact_at(&mut bytes, 0)
        .map_err(io_error("read", path))?;
    let (even, odd) = bytes.split_at(SLOT_LEN);
    match (Slot::decode(even, 0), Slot::decode(odd, 1)) {
        (Some(even), Some(odd)) => match even.counter.abs_diff(odd.counter) {
            1 if even.counter > odd.counter => Ok(even),
            1 => Ok(odd),
            _ => Err(damaged("the two slots do not follow each other")),
        },
        (Some(only), None) | (None, Some(only)) => Ok(only),
        (None, None) => Err(damaged("both slots are bad")),
    }
}

/// The file offset of the slot that a value with this counter belongs to.
fn slot_offset(counter: u64) -> u64 {
    (counter % 2) * SLOT_LEN as u64
}

fn lock_directory(dir: &Path) -> Result<File, AnchorError> {
    let handle = File::open(dir).map_err(io_error("open directory", dir))?;
    match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(handle),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(AnchorError::Locked {
            dir: dir.to_owned(),
        }),
        Err(errno) => Err(io_error("lock directory", dir)(errno.into())),
    }
}

fn sync_parent(dir: &Path) -> Result<(), AnchorError> {
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)
        .and_then(|handle| handle.sync_all())
        .map_err(io_error("sync directory", parent))
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> AnchorError {
    move |source| AnchorError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
