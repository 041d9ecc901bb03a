//! Evidence: one file that shows what was found false, so that anybody can judge it without a network.
//!
//! In scope: the form of the file, and what it proves under a pinned policy. Out of scope: finding something false,
//! which [`crate::verifier`],
//! [`crate::submit`], [`crate::outbox`] and [`crate::succession`] do.
//!
//! Source: `proto/spec/evidence.md`.

pub mod gather;
mod judge;
mod successors;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use prost::Message as _;
use serde::{Deserialize, Serialize};
use trucelog_proto::error::{Error as ProofError, VerifyError};
use trucelog_proto::hash::{CharterDigest, LeafIndex, NodeHash, RecordDigest, TreeSize, sha256};
use trucelog_proto::pb;
use trucelog_proto::policy::Policy;
use trucelog_proto::proof;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::succession::SuccessionError;
use trucelog_proto::tree::leaf_hash;

use crate::exit::Exit;
use crate::json::{Base64Bytes, ProofHashes, hex};
use crate::trust::Trust;
use crate::{Error, durable};
pub use judge::Judgement;
pub(crate) use judge::cosigned_backwards;
pub use successors::Successors;

/// Schema of the file.
pub const SCHEMA: &str = "trucelog.evidence/v1";
/// The longest file, in bytes: it holds in base64 whatever fits into one answer of a server, 4 MiB.
pub const MAX_LEN: usize = 8 * 1024 * 1024;
/// The most notes, entries and charters.
const MAX_ITEMS: usize = 2;

/// What was found false, with everything signed that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    schema: String,
    kind: String,
    index: Option<u64>,
    finding: String,
    policy: String,
    notes: Vec<NamedNote>,
    entries: Vec<ShownEntry>,
    record_digest: Option<String>,
    receipt: Option<Base64Bytes>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    charters: Vec<Base64Bytes>,
}

/// A signed note with its name in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedNote {
    name: String,
    note: String,
}

/// An entry, and its proof under one of the notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownEntry {
    index: u64,
    entry: Base64Bytes,
    note: String,
    inclusion: Option<ProofHashes>,
}

/// A file of evidence does not hold: it is not of its form, or it does not show what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// It is not of its form.
    #[error("it is not evidence of schema {SCHEMA}: {0}")]
    Malformed(String),
    /// It is about a log that is not pinned.
    #[error("it is about {found}, pinned is {pinned}; give --policy and --charter of that log")]
    OtherLog {
        /// Origin and charter that the file states.
        found: String,
        /// Origin and charter that are pinned.
        pinned: String,
    },
    /// A note is not signed as it should be.
    #[error("its note {name:?}: {source}")]
    Note {
        /// Name of the note in the file.
        name: String,
        /// What is wrong with it.
        source: ProofError,
    },
    /// An inclusion proof does not hold.
    #[error("its proof of entry {index}: {source}")]
    Inclusion {
        /// Index of the entry.
        index: LeafIndex,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// A charter in it does not succeed the log.
    #[error("its charter {charter}: {source}")]
    Successor {
        /// Digest of the charter.
        charter: CharterDigest,
        /// What is wrong with it, or what it lacks.
        source: SuccessionError,
    },
    /// What it shows can all be true.
    #[error("it shows nothing false: {0}")]
    NothingFalse(&'static str),
}

impl EvidenceError {
    /// The exit code of a command that ends with this error. Keys that nobody pinned say nothing, true or false; nor do
    /// charters that take newer software.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::OtherLog { .. }
            | Self::Note {
                source: ProofError::Verify(VerifyError::NoKnownSignature { .. }),
                ..
            }
            | Self::Successor {
                source:
                    SuccessionError::Refused(Refusal {
                        reason: Reason::NotSupported,
                        ..
                    }),
                ..
            } => Exit::NotEnough,
            _ => Exit::False,
        }
    }
}

impl Evidence {
    /// Begins evidence that something of `kind` is false under the pinned policy: `finding` says it in words, `index`
    /// is that of the entry to blame.
    #[must_use]
    pub fn new(
        kind: &str,
        index: Option<LeafIndex>,
        finding: &dyn Display,
        policy: &Policy,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            kind: kind.to_owned(),
            index: index.map(LeafIndex::get),
            finding: finding.to_string(),
            policy: policy.format(),
            notes: Vec::new(),
            entries: Vec::new(),
            record_digest: None,
            receipt: None,
            charters: Vec::new(),
        }
    }

    /// Adds a signed note. Nothing is added when `note` is empty.
    #[must_use]
    pub fn with_note(mut self, name: &str, note: &[u8]) -> Self {
        if !note.is_empty() {
            self.notes.push(NamedNote {
                name: name.to_owned(),
                note: String::from_utf8_lossy(note).into_owned(),
            });
        }
        self
    }

    /// Adds the bytes of the entry at `index`, with its inclusion proof under the note `note`, if there is one yet.
    #[must_use]
    pub fn with_entry(
        mut self,
        index: LeafIndex,
        entry: &[u8],
        note: &str,
        inclusion: Option<&[NodeHash]>,
    ) -> Self {
        self.entries.push(ShownEntry {
            index: index.get(),
            entry: Base64Bytes(entry.to_vec()),
            note: note.to_owned(),
            inclusion: inclusion.map(|hashes| ProofHashes(hashes.to_vec())),
        });
        self
    }

    /// Adds a receipt as it came, and the digest of the record that it was asked for.
    #[must_use]
    pub fn with_receipt(mut self, receipt: &[u8], asked: &RecordDigest) -> Self {
        self.receipt = Some(Base64Bytes(receipt.to_vec()));
        self.record_digest = Some(asked.to_string());
        self
    }

    /// Adds the charters of two successors.
    #[must_use]
    pub fn with_charters(mut self, charters: [&pb::SignedRecord; 2]) -> Self {
        let bytes = charters.map(|signed| Base64Bytes(signed.encode_to_vec()));
        self.charters = bytes.to_vec();
        self
    }

    /// Asks `prove` for each inclusion proof that is missing, by index and tree size, and takes it if it holds. Tells
    /// whether there is a new one.
    pub fn complete(
        &mut self,
        trust: &Trust,
        mut prove: impl FnMut(LeafIndex, TreeSize) -> Option<Vec<NodeHash>>,
    ) -> bool {
        let mut found = false;
        for position in 0..self.entries.len() {
            let item = &self.entries[position];
            let Ok(head) = self.head(&item.note, trust) else {
                continue;
            };
            let (index, head) = (LeafIndex::new(item.index), head.checkpoint());
            if item.inclusion.is_some() || index.get() >= head.size.get() {
                continue;
            }
            let leaf = leaf_hash(&item.entry.0);
            let proof = prove(index, head.size).filter(|proof| {
                proof::verify_inclusion(&leaf, index, head.size, proof, &head.root).is_ok()
            });
            if let Some(proof) = proof {
                self.entries[position].inclusion = Some(ProofHashes(proof));
                found = true;
            }
        }
        found
    }

    /// Keeps the evidence as `evidence/KIND-XXXXXXXX.json` below `directory`, durably, and gives the path. The same
    /// notes and entries go to the same file.
    ///
    /// # Errors
    /// [`Error::Io`].
    ///
    /// # Panics
    /// Never: numbers, text and lists have a JSON form.
    pub fn keep(&self, directory: &Path) -> Result<PathBuf, Error> {
        let notes = self.notes.iter().map(|note| note.note.as_bytes());
        let entries = self.entries.iter().map(|item| item.entry.0.as_slice());
        let receipt = self.receipt.iter().map(|receipt| receipt.0.as_slice());
        let charters = self.charters.iter().map(|charter| charter.0.as_slice());
        let parts: Vec<&[u8]> = notes
            .chain(entries)
            .chain(receipt)
            .chain(charters)
            .collect();
        let directory = directory.join("evidence");
        durable::create_directory(&directory)?;
        let name = format!("{}-{}.json", self.kind, hex(&sha256(&parts)[..4]));
        let path = directory.join(name);
        let text =
            serde_json::to_string_pretty(self).expect("numbers, text and lists have a JSON form");
        durable::replace(&path, (text + "\n").as_bytes())?;
        Ok(path)
    }

    /// Reads a file of evidence. Nothing in it is verified.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > MAX_LEN {
            return Err(malformed(&format!("longer than {MAX_LEN} bytes")));
        }
        let evidence: Self = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        if evidence.schema != SCHEMA {
            return Err(malformed(&format!("its schema is {:?}", evidence.schema)));
        }
        let counts = [
            evidence.notes.len(),
            evidence.entries.len(),
            evidence.charters.len(),
        ];
        if counts.iter().any(|count| *count > MAX_ITEMS) {
            return Err(malformed(&format!(
                "more than {MAX_ITEMS} notes, entries or charters"
            )));
        }
        Ok(evidence)
    }

    /// Reads a file of evidence. Nothing in it is verified.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::EvidenceFile`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&durable::read(path)?).map_err(|source| Error::EvidenceFile {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// One word for what is false.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What the finder said.
    #[must_use]
    pub fn finding(&self) -> &str {
        &self.finding
    }

    /// Index of the entry to blame.
    #[must_use]
    pub fn index(&self) -> Option<LeafIndex> {
        self.index.map(LeafIndex::new)
    }

    /// The bytes of a note by its name.
    #[must_use]
    pub fn note(&self, name: &str) -> Option<&[u8]> {
        let note = self.notes.iter().find(|note| note.name == name);
        note.map(|note| note.note.as_bytes())
    }

    /// The bytes of the entry at `index`.
    #[must_use]
    pub fn entry(&self, index: LeafIndex) -> Option<&[u8]> {
        let item = self.entries.iter().find(|item| item.index == index.get());
        item.map(|item| item.entry.0.as_slice())
    }
}

/// Name of the note in a receipt.
pub(crate) const RECEIPT_NOTE: &str = "receipt";
/// Name of the note of the log that was verified.
pub(crate) const LOG_NOTE: &str = "log";

fn malformed(problem: &dyn Display) -> EvidenceError {
    EvidenceError::Malformed(problem.to_string())
}
