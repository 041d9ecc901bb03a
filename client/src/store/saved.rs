//! What verification leaves behind for the next process: state, right edge and accepted checkpoint.
//!
//! A snapshot holds all of it, the journal what has changed since. A verifier that follows a log so writes a few
//! hundred bytes per head, and going on costs reading both files: nothing is hashed or verified again. When the journal
//! has become longer than the snapshot, a new snapshot replaces both.
//!
//! ```text
//! snapshot  "trucelog/snapshot/v1\n" ‖ part(note) ‖ part(edge) ‖ SHA-256(all before) ‖ state with its own digest
//! journal   { u32 length of body ‖ body ‖ SHA-256(digest before ‖ body) }…
//! body      part(note) ‖ part(edge) ‖ { part(key) ‖ part(value) }…
//! part      u32 length ‖ bytes
//! ```
//!
//! The digest before the first journal record is that in the snapshot. So a journal belongs to one snapshot, its
//! records have an order, and whatever a crash has cut off at its end does not count. A record without note adds
//! entries beyond the accepted checkpoint, which bind nobody.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::{TreeSize, sha256};
use trucelog_proto::note::Note;
use trucelog_proto::state::{MemoryState, State, StateError, StateMut, Writes};
use trucelog_proto::tree::RightEdge;

use super::damaged;
use crate::{Error, durable};

const MAGIC: &[u8] = b"trucelog/snapshot/v1\n";
/// A journal shorter than this is never replaced by a snapshot.
const LONG_JOURNAL: u64 = 64 * 1024;

/// What the files give.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// Note of the accepted checkpoint; empty before the first one.
    pub(crate) note: Vec<u8>,
    /// Right edge of the tree over the verified entries.
    pub(crate) edge: RightEdge,
    /// State that the verified entries give.
    pub(crate) state: MemoryState,
}

/// Whether entries beyond the accepted checkpoint are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All entries that were verified.
    Verified,
    /// Those that the accepted checkpoint covers.
    Accepted,
}

/// Where a journal can be gone on with.
#[derive(Clone, Copy, Debug)]
struct End {
    len: u64,
    digest: [u8; 32],
    snapshot_len: u64,
}

/// Reads what is saved in `directory`, which another process may be writing.
///
/// # Errors
/// [`Error::Damaged`] when the files do not reach the accepted checkpoint; [`Error::Io`].
pub(crate) fn read(directory: &Path, extent: Extent) -> Result<Saved, Error> {
    Ok(load(directory, extent)?.0)
}

/// The order of reading is the reverse of that of writing: what is read later is at least as new, and a journal that is
/// older than the snapshot does not continue it.
fn load(directory: &Path, extent: Extent) -> Result<(Saved, End), Error> {
    let promised = durable::read_if_present(&checkpoint_path(directory))?.unwrap_or_default();
    let journal = durable::read_if_present(&journal_path(directory))?.unwrap_or_default();
    let (mut saved, mut end) = read_snapshot(&snapshot_path(directory))?;
    let mut records = Vec::new();
    let mut rest = journal.as_slice();
    let mut digest = end.digest;
    while let Some((body, next, after)) = split_record(rest, &digest) {
        (rest, digest) = (after, next);
        let len = (journal.len() - rest.len()) as u64;
        records.push((body, End { len, digest, ..end }));
    }
    if extent == Extent::Accepted {
        let accepting = |body: &[u8]| split_part(body).is_some_and(|(note, _)| !note.is_empty());
        let kept = records.iter().rposition(|(body, _)| accepting(body));
        records.truncate(kept.map_or(0, |last| last + 1));
    }
    for (body, after) in records {
        replay(&mut saved, body).ok_or_else(|| Error::Damaged {
            path: journal_path(directory),
            problem: "a record is not of its form".to_owned(),
        })??;
        end = after;
    }
    let path = checkpoint_path(directory);
    if size_of(&saved.note, &path)? < size_of(&promised, &path)? {
        return Err(Error::Damaged {
            path,
            problem: "snapshot and journal end before it".to_owned(),
        });
    }
    Ok((saved, end))
}

fn read_snapshot(path: &Path) -> Result<(Saved, End), Error> {
    let Some(bytes) = durable::read_if_present(path)? else {
        let end = End {
            len: 0,
            digest: sha256(&[MAGIC]),
            snapshot_len: 0,
        };
        return Ok((Saved::default(), end));
    };
    let snapshot = split_snapshot(&bytes).ok_or_else(|| Error::Damaged {
        path: path.to_owned(),
        problem: "its digest does not fit".to_owned(),
    })?;
    let saved = Saved {
        note: snapshot.note.to_vec(),
        edge: RightEdge::decode(snapshot.edge).map_err(damaged(path))?,
        state: MemoryState::load(snapshot.state).map_err(damaged(path))?,
    };
    let end = End {
        len: 0,
        digest: *snapshot.digest,
        snapshot_len: bytes.len() as u64,
    };
    Ok((saved, end))
}

/// The parts of a snapshot.
struct Snapshot<'a> {
    note: &'a [u8],
    edge: &'a [u8],
    /// Of all before it.
    digest: &'a [u8; 32],
    state: &'a [u8],
}

/// Splits a snapshot whose header is whole.
fn split_snapshot(bytes: &[u8]) -> Option<Snapshot<'_>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (note, rest) = split_part(rest)?;
    let (edge, rest) = split_part(rest)?;
    let header = &bytes[..bytes.len() - rest.len()];
    let (digest, state) = rest.split_first_chunk()?;
    (sha256(&[header]) == *digest).then_some(Snapshot {
        note,
        edge,
        digest,
        state,
    })
}

/// Body, digest and what follows of the record that continues `before`.
fn split_record<'a>(bytes: &'a [u8], before: &[u8; 32]) -> Option<(&'a [u8], [u8; 32], &'a [u8])> {
    let (body, rest) = split_part(bytes)?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    (sha256(&[before, body]) == *digest).then_some((body, *digest, rest))
}

/// Adds one record, or gives nothing when it is not of its form.
fn replay(saved: &mut Saved, body: &[u8]) -> Option<Result<(), StateError>> {
    let (note, rest) = split_part(body)?;
    let (edge, mut items) = split_part(rest)?;
    let mut writes = Writes::default();
    while !items.is_empty() {
        let (key, rest) = split_part(items)?;
        let (value, rest) = split_part(rest)?;
        writes.put(key.to_vec(), value.to_vec());
        items = rest;
    }
    saved.edge = RightEdge::decode(edge).ok()?;
    if !note.is_empty() {
        saved.note = note.to_vec();
    }
    Some(saved.state.apply(&writes))
}

fn put_part(bytes: &mut Vec<u8>, part: &[u8]) {
    let len = u32::try_from(part.len()).expect("notes, edges and items of state are short");
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(part);
}

fn split_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

/// Size that a note states; 0 for none. Who signed it is for [`crate::verifier`].
fn size_of(note: &[u8], path: &Path) -> Result<TreeSize, Error> {
    if note.is_empty() {
        return Ok(TreeSize::new(0));
    }
    let note = Note::parse(note).map_err(damaged(path))?;
    Ok(Checkpoint::parse(note.text()).map_err(damaged(path))?.size)
}

/// State in memory that remembers what has changed since it was saved.
#[derive(Debug, Default)]
pub(crate) struct JournaledState {
    memory: MemoryState,
    unsaved: MemoryState,
}

impl JournaledState {
    pub(crate) fn new(memory: MemoryState) -> Self {
        Self {
            memory,
            unsaved: MemoryState::default(),
        }
    }

    pub(crate) fn memory(&self) -> &MemoryState {
        &self.memory
    }
}

impl State for JournaledState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.memory.get(key)
    }
}

impl StateMut for JournaledState {
    fn apply(&mut self, writes: &Writes) -> Result<(), StateError> {
        self.memory.apply(writes)?;
        self.unsaved.apply(writes)
    }
}

/// Writes snapshot, journal and accepted checkpoint of a directory. Whoever has one holds the directory's lock.
#[derive(Debug)]
pub(crate) struct Journal {
    directory: PathBuf,
    file: File,
    end: End,
}

impl Journal {
    /// Opens the journal, cuts off what does not count, and gives what is saved.
    pub(crate) fn open(directory: &Path, extent: Extent) -> Result<(Self, Saved), Error> {
        let (saved, end) = load(directory, extent)?;
        let path = journal_path(directory);
        let file = fs::File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io(&path))?;
        let journal = Self {
            directory: directory.to_owned(),
            file,
            end,
        };
        journal.cut()?;
        // A crash may have come between journal and checkpoint.
        journal.publish(&saved.note)?;
        Ok((journal, saved))
    }

    /// Keeps entries that no accepted checkpoint covers yet.
    pub(crate) fn save_progress(
        &mut self,
        edge: &RightEdge,
        state: &mut JournaledState,
    ) -> Result<(), Error> {
        self.append(&[], edge, state)
    }

    /// Accepts a checkpoint, after its entries have been flushed.
    pub(crate) fn accept(
        &mut self,
        note: &[u8],
        edge: &RightEdge,
        state: &mut JournaledState,
    ) -> Result<(), Error> {
        self.append(note, edge, state)?;
        if self.end.len > self.end.snapshot_len.max(LONG_JOURNAL) {
            self.replace_snapshot(note, edge, &state.memory)?;
        }
        self.publish(note)
    }

    fn append(
        &mut self,
        note: &[u8],
        edge: &RightEdge,
        state: &mut JournaledState,
    ) -> Result<(), Error> {
        let mut body = Vec::new();
        put_part(&mut body, note);
        put_part(&mut body, &edge.encode());
        for (key, value) in state.unsaved.iter() {
            put_part(&mut body, key);
            put_part(&mut body, value);
        }
        let digest = sha256(&[&self.end.digest, &body]);
        let mut record = Vec::with_capacity(body.len() + 36);
        put_part(&mut record, &body);
        record.extend_from_slice(&digest);
        let written = self.file.write_all_at(&record, self.end.len);
        let written = written.and_then(|()| self.file.sync_data());
        written.map_err(Error::io(&journal_path(&self.directory)))?;
        self.end.len += record.len() as u64;
        self.end.digest = digest;
        state.unsaved = MemoryState::default();
        Ok(())
    }

    fn replace_snapshot(
        &mut self,
        note: &[u8],
        edge: &RightEdge,
        state: &MemoryState,
    ) -> Result<(), Error> {
        let mut header = MAGIC.to_vec();
        put_part(&mut header, note);
        put_part(&mut header, &edge.encode());
        let digest = sha256(&[&header]);
        let mut snapshot_len = 0;
        durable::replace_with(&snapshot_path(&self.directory), |file| {
            let mut put = |part: &[u8]| {
                snapshot_len += part.len() as u64;
                file.write_all(part)
            };
            put(&header)?;
            put(&digest)?;
            state.save_to(put)
        })?;
        self.end = End {
            len: 0,
            digest,
            snapshot_len,
        };
        self.cut()
    }

    fn cut(&self) -> Result<(), Error> {
        let cut = self.file.set_len(self.end.len);
        cut.and_then(|()| self.file.sync_all())
            .map_err(Error::io(&journal_path(&self.directory)))
    }

    /// Shows the accepted checkpoint to readers.
    fn publish(&self, note: &[u8]) -> Result<(), Error> {
        let path = checkpoint_path(&self.directory);
        if note.is_empty() || durable::read_if_present(&path)?.as_deref() == Some(note) {
            return Ok(());
        }
        durable::replace(&path, note)
    }
}

fn snapshot_path(directory: &Path) -> PathBuf {
    directory.join("snapshot")
}

fn journal_path(directory: &Path) -> PathBuf {
    directory.join("journal")
}

/// The accepted checkpoint of a state directory.
pub(crate) fn checkpoint_path(directory: &Path) -> PathBuf {
    directory.join("checkpoint")
}
