//! A record at its place, and why the rules do not let it in.

use thiserror::Error;

use crate::hash::{LeafHash, LeafIndex};
use crate::pb::record::Body;
use crate::record::VerifiedRecord;
use crate::refusal::Refusal;
use crate::state::StateError;

/// The version of the rules that this software judges.
pub const RULES_VERSION: u32 = 1;

/// A record at the place in the log that it has or shall have.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Index of its entry.
    pub index: LeafIndex,
    /// When the log accepted it, Unix milliseconds.
    pub accepted_time: u64,
    /// Leaf hash of its entry.
    pub leaf: LeafHash,
    /// The record, form and signature checked.
    pub record: &'a VerifiedRecord,
}

impl<'a> Placed<'a> {
    /// What the record says.
    #[must_use]
    pub fn body(&self) -> Option<&'a Body> {
        self.record.record.message.body.as_ref()
    }
}

/// The rules do not let a record in, or could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RuleError {
    /// The record is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The state could not be read; nothing is said about the record.
    #[error(transparent)]
    State(#[from] StateError),
}

impl RuleError {
    /// Puts the field of a refusal below another one.
    pub(super) fn below(self, parent: &str) -> Self {
        match self {
            Self::Refused(refusal) => refusal.below(parent).into(),
            other @ Self::State(_) => other,
        }
    }
}
