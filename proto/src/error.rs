//! Errors by blame.
//!
//! A [`DecodeError`] says that bytes are not of the form; a [`VerifyError`] that they are well formed but false; a
//! [`PolicyError`] that they are true but not enough. [`Error`] holds one of the three for operations that can fail in
//! more than one way. Errors of storage and transport belong to the programs, not to this crate.

pub(crate) mod decode;

pub use decode::DecodeError;

use crate::hash::{Commitment, LeafIndex, RootHash, TreeSize};

/// Says that something well formed is false.
///
/// Source: the specification of the artefact that was verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// An Ed25519 signature does not verify.
    #[error("signature: not valid for this message and key")]
    Signature,
    /// A signature line of a note by a known key does not verify.
    #[error("note: the signature of {name}+{key_id:08x} is not valid")]
    NoteSignature {
        /// The key name.
        name: String,
        /// The key ID.
        key_id: u32,
    },
    /// No known key has signed a note.
    #[error("note: signed by none of the {known} known keys")]
    NoKnownSignature {
        /// The number of keys that were known.
        known: usize,
    },
    /// A known key has a signature type with which a note cannot be verified.
    #[error("note: the key {name}+{key_id:08x} has a signature type that cannot be verified here")]
    UnsupportedKey {
        /// The key name.
        name: String,
        /// The key ID.
        key_id: u32,
    },
    /// Two known keys share name and key ID.
    #[error("note: two known keys are called {name}+{key_id:08x}")]
    AmbiguousKey {
        /// The key name.
        name: String,
        /// The key ID.
        key_id: u32,
    },
    /// A checkpoint or key belongs to another log.
    #[error("origin: {found}, expected {expected}")]
    Origin {
        /// The origin that was asked for.
        expected: String,
        /// The origin that was found.
        found: String,
    },
    /// Salt and content are not what was committed to.
    #[error("commitment: {expected} was made, salt and content give {computed}")]
    Commitment {
        /// The commitment that was made.
        expected: Commitment,
        /// The commitment that salt and content give.
        computed: Commitment,
    },
    /// An index lies outside the tree.
    #[error("index {index} is not below the tree size {size}")]
    IndexOutOfRange {
        /// The index.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The older tree is larger than the newer one.
    #[error("old size {old} exceeds new size {new}")]
    SizeOrder {
        /// The old size.
        old: TreeSize,
        /// The new size.
        new: TreeSize,
    },
    /// A proof has another number of hashes than its index and sizes demand.
    #[error("proof: {found} hashes, must be {expected}")]
    ProofLength {
        /// The number of hashes that index and sizes demand.
        expected: usize,
        /// The number of hashes found.
        found: usize,
    },
    /// A root does not agree with what was computed.
    #[error("root at size {size}: {expected} was stated, {computed} was computed")]
    Root {
        /// The size of the tree.
        size: TreeSize,
        /// The root that was stated.
        expected: RootHash,
        /// The root that was computed.
        computed: RootHash,
    },
}

/// Says that something true is not enough for the verifier's policy.
///
/// Source: `policy.md`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too few cosigners have signed.
    #[error("quorum {quorum}: not reached; cosigned by [{}], missing [{}]", present.join(", "), missing.join(", "))]
    Quorum {
        /// The name of the quorum in the policy.
        quorum: String,
        /// The witnesses of the policy that have signed, by their names there.
        present: Vec<String>,
        /// The witnesses of the policy that have not signed, by their names there.
        missing: Vec<String>,
    },
}

/// Holds an error of any of the three kinds.
///
/// Source: none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not of the form.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Well formed but false.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// True but not enough.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Error {
    /// Names the kind of the error as the vectors do: `DecodeError`, `VerifyError` or `PolicyError`.
    ///
    /// Source: none.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Decode(_) => "DecodeError",
            Self::Verify(_) => "VerifyError",
            Self::Policy(_) => "PolicyError",
        }
    }
}
