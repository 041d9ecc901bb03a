//! Why the index cannot be continued.

use trucelog_proto::{refusal::Refusal, state::StateError};

use crate::{reader::ReadError, store::StoreError};

/// Why the index cannot be continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry is not of its form.
    #[error("a stored entry is malformed: {0}")]
    Malformed(#[from] Refusal),
    /// The state does not hold what an entry refers to.
    #[error(transparent)]
    State(#[from] StateError),
}
