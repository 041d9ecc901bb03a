//! The indexer: follows the signed heads and derives the index, apart from the sign path.

use std::sync::Arc;

use tokio::{sync::watch, task::spawn_blocking};
use trucelog_proto::hash::{LeafIndex, TreeSize};

use super::{error::IndexError, stored_entries, terms};
use crate::{
    sequencer::{Head, StoredState},
    store::{IndexBatch, Indexed, Store},
};

/// Entries in one write.
const RUN: u64 = 512;

/// Follows `heads` until nobody signs any more, or the runtime is shut down.
///
/// # Errors
///
/// [`IndexError`].
pub async fn follow(
    store: Arc<Store>,
    mut heads: watch::Receiver<Arc<Head>>,
) -> Result<(), IndexError> {
    loop {
        let size = heads.borrow_and_update().checkpoint.size;
        loop {
            let store = Arc::clone(&store);
            let Ok(reached) = spawn_blocking(move || index_run(&store, size)).await else {
                return Ok(());
            };
            if reached? {
                break;
            }
        }
        if heads.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// Indexes everything below `size`.
///
/// # Errors
///
/// [`IndexError`].
pub fn catch_up(store: &Arc<Store>, size: TreeSize) -> Result<(), IndexError> {
    while !index_run(store, size)? {}
    Ok(())
}

/// Indexes the next entries below `size`, and tells whether it has come so far. Drops an index of another version first,
/// and one that covers entries that the store does not have.
fn index_run(store: &Arc<Store>, size: TreeSize) -> Result<bool, IndexError> {
    let mut indexed = store.indexed()?;
    if indexed.version != terms::VERSION || indexed.size > size.get() {
        store.drop_index()?;
        indexed = Indexed {
            version: terms::VERSION,
            ..Indexed::default()
        };
    }
    let end = size.get().min(indexed.size + RUN);
    let mut batch = IndexBatch {
        indexed,
        ..IndexBatch::default()
    };
    let state = StoredState(Arc::clone(store));
    let entries = stored_entries(store, TreeSize::new(indexed.size), TreeSize::new(end))?;
    for (index, entry) in (indexed.size..).map(LeafIndex::new).zip(&entries) {
        terms::index_entry(&mut batch, &state, index, entry)?;
    }
    batch.indexed.size = end;
    if end > indexed.size {
        store.extend_index(&batch)?;
    }
    Ok(end == size.get())
}
