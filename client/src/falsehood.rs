//! What was seen that does not hold: something false, and the evidence that was kept of it.
//!
//! In scope: the words for it. Out of scope: who finds it ([`crate::verifier`], [`crate::submit`], [`crate::outbox`],
//! [`crate::succession`]) and
//! what the file of evidence shows ([`crate::evidence`]).

use std::path::PathBuf;

use trucelog_proto::error::VerifyError;
use trucelog_proto::hash::{CharterDigest, LeafIndex, RecordDigest, TreeSize};
use trucelog_proto::verify::Finding;

use crate::receipt::ReceiptError;

/// What was seen that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum False {
    /// The checkpoint's own signature.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] VerifyError),
    /// Something in the log that the checkpoint stands for.
    #[error(transparent)]
    Log(#[from] Finding),
    /// A receipt.
    #[error("the server's receipt: {0}")]
    Receipt(ReceiptError),
    /// The log does not hold a record that its receipt promised.
    #[error("OMITTED record {record}: its receipt promises index {index}, {found}")]
    Omitted {
        /// The record.
        record: RecordDigest,
        /// Index that the receipt promises.
        index: LeafIndex,
        /// What there is instead.
        found: Instead,
    },
    /// Another successor of the log is endorsed as well as the one that was followed.
    #[error(
        "SUCCESSORS the charter {other} succeeds the log as well as {followed}, which was followed before"
    )]
    Successors {
        /// Digest of the charter that was followed.
        followed: CharterDigest,
        /// Digest of the other charter.
        other: CharterDigest,
    },
}

/// What the verified log shows in place of an accepted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Instead {
    /// Another entry has the index.
    #[error("where the verified log holds another entry, with record {0}")]
    Record(RecordDigest),
    /// The log ends before the index, though a witness saw it longer earlier.
    #[error("which the verified log of size {0} does not reach, though a witness saw more before")]
    Nothing(TreeSize),
}

impl False {
    /// One word for what is false.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Checkpoint(_) => "checkpoint",
            Self::Log(finding) => finding.kind(),
            Self::Receipt(_) => "receipt",
            Self::Omitted { .. } => "omitted",
            Self::Successors { .. } => "successors",
        }
    }

    /// Index of the first false entry, where one entry is to blame.
    #[must_use]
    pub fn index(&self) -> Option<LeafIndex> {
        match self {
            Self::Checkpoint(_) | Self::Receipt(_) | Self::Successors { .. } => None,
            Self::Log(finding) => finding.index(),
            Self::Omitted { index, .. } => Some(*index),
        }
    }
}

/// Something false, with the evidence that was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Falsehood {
    /// What is false.
    pub what: False,
    /// The file of evidence, [`crate::evidence`].
    pub evidence: PathBuf,
}
