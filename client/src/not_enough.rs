//! What is true as far as it goes, and does not suffice: nothing false was seen.

use std::path::PathBuf;

use trucelog_proto::error::{PolicyError, VerifyError};
use trucelog_proto::hash::{LeafIndex, TreeSize};
use trucelog_proto::refusal::Refusal;

/// Nothing false was seen, but it is not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEnough {
    /// The server shows less than was verified before.
    #[error(
        "stale: the server shows size {served}, size {accepted} was verified before; ask again or ask another server"
    )]
    Stale {
        /// Size that the server shows.
        served: TreeSize,
        /// Size that was verified.
        accepted: TreeSize,
    },
    /// Too few witnesses have signed.
    #[error(transparent)]
    Quorum(#[from] PolicyError),
    /// Too few witnesses have signed with ML-DSA-44 keys, or the log has not.
    #[error("policy-pq: {0}")]
    QuorumPq(PolicyError),
    /// The checkpoint is signed by keys that are not pinned.
    #[error("the checkpoint is signed by none of the pinned keys")]
    UnknownKey,
    /// Evidence holds, but not without something that is not in its file.
    #[error("the evidence does not suffice on its own\n{}", .0.join("\n"))]
    Evidence(Box<[String; 3]>),
    /// A server gave no proof that one checkpoint continues another.
    #[error("the server's consistency proof does not hold: {0}")]
    Consistency(VerifyError),
    /// An entry is of a kind that this software does not judge.
    #[error("entry {index}: newer software is needed: {refusal}")]
    Newer {
        /// Index of the entry.
        index: LeafIndex,
        /// What is not supported.
        refusal: Refusal,
    },
    /// No log has been verified here yet.
    #[error("nothing is verified yet in {}: run trucelog verify log", .0.display())]
    NothingVerified(PathBuf),
    /// The log is shorter than the size that was asked about.
    #[error("size {asked} was asked for, {verified} entries are verified")]
    Size {
        /// Size that was asked for.
        asked: u64,
        /// Entries that are verified.
        verified: TreeSize,
    },
}
