//! A bundle: one file with a record, everything that it rests on, and the proof that all of it is in the log.
//!
//! In scope: collecting the entries from the verified log, and checking a file that somebody else made, without a
//! network. Out of scope: whether the rules allowed each record at its place, which only the whole log shows
//! ([`crate::verifier`]).
//!
//! Source: `proto/spec/bundle.md`.

mod check;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trucelog_proto::error::{Error as ProofError, VerifyError};
use trucelog_proto::fold::Fold;
use trucelog_proto::hash::{LeafIndex, RecordDigest, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::rules::{self, Key, KeyState, references};
use trucelog_proto::state::MemoryState;
use trucelog_proto::verify::Finding;

use crate::exit::Exit;
use crate::json::{Base64Bytes, ProofHashes};
use crate::not_enough::NotEnough;
use crate::reader::{LocalEntry, LocalLog};
use crate::{Error, durable};
pub use check::Verified;

/// Schema of the file.
pub const SCHEMA: &str = "trucelog.bundle/v1";
/// The longest file, in bytes.
pub const MAX_LEN: usize = 64 * 1024 * 1024;
/// The most entries.
pub const MAX_ENTRIES: usize = 4096;

/// A record with everything that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    schema: String,
    record: String,
    checkpoint: String,
    entries: Vec<BundledEntry>,
}

/// An entry with its inclusion proof under the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledEntry {
    index: u64,
    entry: Base64Bytes,
    inclusion: ProofHashes,
}

/// A bundle cannot be made, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The record rests on too much for one file.
    #[error("it rests on more than {MAX_ENTRIES} entries: hand over the whole log")]
    TooLarge,
    /// It is not of its form.
    #[error("it is not a bundle of schema {SCHEMA}: {0}")]
    Malformed(String),
    /// Its checkpoint does not hold.
    #[error("its checkpoint: {0}")]
    Checkpoint(ProofError),
    /// Too few witnesses have signed its checkpoint.
    #[error("not enough: {0}")]
    Policy(NotEnough),
    /// An entry is false whatever stands before it.
    #[error("{0}")]
    Entry(Finding),
    /// An entry is not in the tree.
    #[error("its proof of entry {index}: {source}")]
    Inclusion {
        /// Index of the entry.
        index: LeafIndex,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// It does not show who enrolled the key of a record.
    #[error("entry {0}: no earlier entry of the bundle enrols its key")]
    KeyNotEnrolled(LeafIndex),
    /// A charter stands where none may.
    #[error("entry {0}: a charter is at index 0 and nowhere else")]
    CharterMisplaced(LeafIndex),
    /// A key is enrolled that was enrolled before.
    #[error("entry {0}: it enrols a key that was enrolled before")]
    KeyEnrolledTwice(LeafIndex),
    /// The key of a record had ended before.
    #[error("entry {index}: its key was ended by entry {ended}")]
    KeyEnded {
        /// Index of the entry.
        index: LeafIndex,
        /// Index of the entry that ended its key.
        ended: LeafIndex,
    },
    /// The key of a record is another station's.
    #[error("entry {index}: its key is that of station {station} of {member}")]
    OtherStation {
        /// Index of the entry.
        index: LeafIndex,
        /// Code of the member.
        member: String,
        /// Name of the station.
        station: String,
    },
    /// The station may not write what it wrote.
    #[error("entry {index}: a station with {} may not write this", role.as_str_name())]
    Role {
        /// Index of the entry.
        index: LeafIndex,
        /// The station's role.
        role: pb::Role,
    },
    /// A record that an entry refers to is missing.
    #[error(
        "entry {index}: it refers to record {digest}, which no earlier entry of the bundle holds"
    )]
    Reference {
        /// Index of the entry.
        index: LeafIndex,
        /// The record.
        digest: RecordDigest,
    },
    /// The record itself is missing.
    #[error("it does not hold record {0}, which it is about")]
    Absent(RecordDigest),
}

impl BundleError {
    /// The exit code of a command that ends with this error. A checkpoint by keys that nobody pinned says nothing.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::TooLarge => Exit::Usage,
            Self::Policy(_)
            | Self::Checkpoint(ProofError::Verify(VerifyError::NoKnownSignature { .. })) => {
                Exit::NotEnough
            }
            _ => Exit::False,
        }
    }
}

impl Bundle {
    /// Collects the record `digest` and what it rests on among the first `size` entries of the verified log, of which
    /// `fold` is the fold: the charter; the entries that records refer to; those that enrolled the keys of their
    /// authors, and that ended them; every version and the withdrawal of each report, with what others found and parties
    /// say; the disclosure of sealed evidence; what restates coverage or replaces a text; every record of each case.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`BundleError::TooLarge`]; [`Error::Damaged`]; [`Error::Io`].
    pub fn collect(
        log: &LocalLog,
        fold: &Fold,
        size: TreeSize,
        digest: &RecordDigest,
    ) -> Result<Self, Error> {
        let index = log.find(digest)?.entry.index;
        if index.get() >= size.get() {
            return Err(Error::NotFound(format!(
                "record {digest} in {size} entries"
            )));
        }
        let state = log.state()?;
        let mut entries = BTreeMap::new();
        let mut wanted = vec![LeafIndex::new(0), index];
        while let Some(index) = wanted.pop() {
            if index.get() >= size.get() || entries.contains_key(&index) {
                continue;
            }
            let entry = log.entry(index)?;
            wanted.extend(rests_on(&entry, fold, &state)?);
            entries.insert(index, entry.bytes);
            if entries.len() > MAX_ENTRIES {
                return Err(BundleError::TooLarge.into());
            }
        }
        let indexes: Vec<LeafIndex> = entries.keys().copied().collect();
        let proofs = log.prove_all(&indexes)?;
        let entries = entries.into_iter().zip(proofs);
        Ok(Self {
            schema: SCHEMA.to_owned(),
            record: digest.to_string(),
            checkpoint: String::from_utf8_lossy(log.note()).into_owned(),
            entries: entries
                .map(|((index, entry), proof)| BundledEntry {
                    index: index.get(),
                    entry: Base64Bytes(entry),
                    inclusion: ProofHashes(proof),
                })
                .collect(),
        })
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the bundle.
    ///
    /// # Errors
    /// [`Error::Io`].
    ///
    /// # Panics
    /// Never: numbers, text and lists have a JSON form.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text =
            serde_json::to_string_pretty(self).expect("numbers, text and lists have a JSON form");
        durable::replace(path, (text + "\n").as_bytes())
    }

    /// Parses a bundle. Nothing in it is verified.
    ///
    /// # Errors
    /// [`BundleError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let malformed = |problem: String| BundleError::Malformed(problem);
        if bytes.len() > MAX_LEN {
            return Err(malformed(format!("longer than {MAX_LEN} bytes")));
        }
        let bundle: Self =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if bundle.schema != SCHEMA {
            return Err(malformed(format!("its schema is {:?}", bundle.schema)));
        }
        if bundle.entries.len() > MAX_ENTRIES {
            return Err(malformed(format!("more than {MAX_ENTRIES} entries")));
        }
        let indexes = bundle.entries.windows(2);
        if !indexes
            .into_iter()
            .all(|pair| pair[0].index < pair[1].index)
        {
            return Err(malformed(
                "its entries are not in the order of the log".to_owned(),
            ));
        }
        Ok(bundle)
    }

    /// Reads a bundle from a file. Nothing in it is verified.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::BundleFile`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let parsed = Self::parse(&durable::read(path)?);
        parsed.map_err(|source| in_file(path, source))
    }
}

/// Says in which file something is wrong.
pub(crate) fn in_file(path: &Path, source: BundleError) -> Error {
    Error::BundleFile {
        path: PathBuf::from(path),
        source: Box::new(source),
    }
}

/// The entries that one entry rests on.
fn rests_on(entry: &LocalEntry, fold: &Fold, state: &MemoryState) -> Result<Vec<LeafIndex>, Error> {
    let mut indexes = Vec::new();
    let mut keys = vec![entry.entry.signed_record.public_key.clone()];
    if let Some(body) = &entry.record.body {
        for digest in references(body) {
            let record: Option<rules::RecordState> =
                rules::load(state, &Key::Record(digest.as_bytes()))?;
            indexes.extend(record.map(|record| LeafIndex::new(record.index)));
        }
        keys.extend(ended_key(body));
    }
    for key in keys {
        let key: Option<KeyState> = rules::load(state, &Key::PublicKey(&key))?;
        let key = key.unwrap_or_default();
        indexes.push(LeafIndex::new(key.enrolled_index));
        indexes.extend(key.revoked_index.map(LeafIndex::new));
    }
    indexes.extend(replaced_by(entry, state)?);
    if let Some(incident) = fold.incident(&entry.digest) {
        indexes.extend(incident.versions().map(|version| version.stamp.index));
        indexes.extend(incident.withdrawal().map(|written| written.stamp.index));
        let checks = incident.corroborations().iter();
        indexes.extend(checks.map(|written| written.stamp.index));
        let statements = incident.statements().iter();
        indexes.extend(statements.map(|written| written.stamp.index));
    }
    if let Some(case) = fold.case(&entry.digest) {
        indexes.extend(case.records().map(|written| written.stamp.index));
    }
    Ok(indexes)
}

/// The newest record that stands for this one: the correction of a report, what restates a coverage report, the
/// disclosure of sealed evidence, the decision that replaced another one.
fn replaced_by(entry: &LocalEntry, state: &MemoryState) -> Result<Option<LeafIndex>, Error> {
    let load = |digest: &[u8]| rules::load::<rules::RecordState>(state, &Key::Record(digest));
    let own = load(entry.digest.as_bytes())?.unwrap_or_default();
    let newest = load(&own.current)?;
    Ok(newest.map(|record| LeafIndex::new(record.index)))
}

/// The key that a station change ends.
fn ended_key(body: &Body) -> Option<Vec<u8>> {
    let Body::StationChange(change) = body else {
        return None;
    };
    match change.change.as_ref()? {
        Change::Rotation(rotation) => Some(rotation.old_public_key.clone()),
        Change::Revocation(revocation) => Some(revocation.public_key.clone()),
        Change::Enrolment(_) | Change::CompromiseMark(_) => None,
    }
}
