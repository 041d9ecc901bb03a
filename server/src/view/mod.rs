//! Answers about what the log says: incidents, cases, decisions, as of any size.
//!
//! ```text
//! entry ── terms ──▶ postings, subjects        the indexer follows the signed heads, apart from the sign path
//! filter ── terms ──▶ postings ──▶ candidates  one list, or a few merged, in the order of the log
//! candidate ── subjects ──▶ entries below N ──▶ view ──▶ the filter itself ──▶ page
//! ```
//!
//! In scope: the index, paging, and what an answer as of size N is folded from. Out of scope: what the entries say when
//! they are taken together ([`trucelog_proto::fold`]), and gRPC ([`crate::service::incidents`]).
//!
//! **Invariant:** an answer as of size N is made from entries below N alone, whatever the index holds beyond. Postings
//! name candidates; the filter decides on the view.
//!
//! **Invariant:** the index is never written by who signs, and covers no entry above the newest signed head.
//!
//! Source: `docs/server.md`, "Questions".

pub mod answer;
pub mod error;
pub mod indexer;
pub mod page;
pub mod terms;
mod views;

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::runtime::Handle;
use trucelog_proto::{
    fold::FoldError,
    hash::{LeafIndex, TreeSize},
    refusal::Refusal,
    state::StateError,
};

pub use self::views::AsOf;
use crate::{
    reader::{ReadError, Reader},
    store::{LogStore as _, Store, StoreError},
};

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The request is not of its form.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What is asked for is not there, or the store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The index does not cover the size yet.
    #[error("the index covers {indexed} entries so far, not {asked}: ask again in a moment")]
    NotIndexed {
        /// The size asked for.
        asked: TreeSize,
        /// The size that the index covers.
        indexed: TreeSize,
    },
    /// A page token is not one of this request's.
    #[error("the page token belongs to another request: repeat the request that gave it unchanged")]
    OtherToken,
    /// An answer would need more than its limit.
    #[error("{field}: the answer needs more than {limit} {what}: {remedy}")]
    TooWide {
        /// The field of the request that is to be narrowed.
        field: &'static str,
        /// The limit.
        limit: usize,
        /// What is limited.
        what: &'static str,
        /// How to ask instead.
        remedy: &'static str,
    },
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<StateError> for QueryError {
    fn from(error: StateError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<FoldError> for QueryError {
    fn from(error: FoldError) -> Self {
        ReadError::Damaged(error.to_string()).into()
    }
}

/// The index of a log, which any number of requests share.
#[derive(Clone, Debug)]
pub struct Index {
    store: Arc<Store>,
    reader: Reader<Store>,
}

impl Index {
    /// Answers from `store`, up to the checkpoints that its reader brings.
    #[must_use]
    pub fn new(store: Arc<Store>, reader: Reader<Store>) -> Self {
        Self { store, reader }
    }

    /// Keeps the index up with the signed heads, on a thread of its own that waits on `runtime`, until nobody signs any
    /// more. An error ends it, and is logged: what is indexed is answered on. Whoever ends the process waits for the thread,
    /// because RocksDB cannot be in use while a process ends.
    ///
    /// # Errors
    ///
    /// [`io::Error`] if the operating system gives no thread.
    pub fn follow(self, runtime: Handle) -> io::Result<JoinHandle<()>> {
        let follow = move || {
            let followed = indexer::follow(&self.store, self.reader.heads(), &runtime);
            if let Err(error) = followed {
                tracing::error!(%error, "the index is not continued; what it covers is answered on");
            }
        };
        thread::Builder::new().name("indexer".into()).spawn(follow)
    }

    /// The log as of a size; as of the newest that the index covers for 0.
    ///
    /// # Errors
    ///
    /// [`QueryError::NotIndexed`]; [`ReadError::OutOfRange`] beyond the end of the log.
    pub fn as_of(&self, asked: u64) -> Result<AsOf, QueryError> {
        let indexed = self.store.indexed()?;
        let covered = if indexed.version == terms::VERSION {
            indexed.size
        } else {
            0
        };
        let size = if asked == 0 { covered } else { asked };
        let newest = self.reader.size().get();
        if size > newest {
            return Err(QueryError::Read(ReadError::OutOfRange {
                field: "as_of_size",
                min: 1,
                max: newest,
                found: size,
            }));
        }
        if size > covered || size == 0 {
            return Err(QueryError::NotIndexed {
                asked: TreeSize::new(size.max(1)),
                indexed: TreeSize::new(covered),
            });
        }
        AsOf::new(
            Arc::clone(&self.store),
            TreeSize::new(size),
            indexed.latest_time,
        )
    }
}

/// The bytes of a stored entry, which must be there.
fn stored_entry(store: &Store, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
    store.entry(index)?.ok_or_else(|| missing(index.get()))
}

/// The bytes of stored entries, from `first` on and below `end`, which must be there.
fn stored_entries(
    store: &Store,
    first: TreeSize,
    end: TreeSize,
) -> Result<Vec<Vec<u8>>, ReadError> {
    let entries = store.entries(first, end)?;
    let read = first.get() + entries.len() as u64;
    if read < end.get() {
        return Err(missing(read));
    }
    Ok(entries)
}

fn missing(index: u64) -> ReadError {
    ReadError::Damaged(format!("entry {index} is missing"))
}
