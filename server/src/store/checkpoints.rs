//! Column family `checkpoints`: the newest checkpoint notes.
//!
//! ```text
//! key    "signed", "candidate", "witnessed", "other" or "upstream"
//! value  signed note
//! ```
//!
//! A note is written without a sync and becomes durable with the next commit. After a crash `signed` may therefore be
//! older than the anchor, which is the durable copy; cosignatures that are lost with `candidate` are asked for again.
//!
//! Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, `docs/server.md`, "Sign path".

/// The name of the column family.
pub const NAME: &str = "checkpoints";

/// Which of the newest checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointKind {
    /// The newest one that carries the log's signature.
    Signed,
    /// The one that is offered to cosigners, with the cosignatures so far.
    Candidate,
    /// The newest one at quorum, as it is served.
    Witnessed,
    /// One with the log's signature that the stored log does not continue, as somebody handed it in.
    Other,
    /// Of a mirror: one that covers everything stored, though not all of its entries may be here yet.
    Upstream,
}

impl CheckpointKind {
    pub(super) fn key(self) -> &'static [u8] {
        match self {
            Self::Signed => b"signed",
            Self::Candidate => b"candidate",
            Self::Witnessed => b"witnessed",
            Self::Other => b"other",
            Self::Upstream => b"upstream",
        }
    }
}
