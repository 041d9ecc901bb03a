//! The indexer: follows the signed heads and derives the index, apart from the sign path.

use std::{sync::Arc, thread, time::Duration};

use rustix::process::nice;
use tokio::{runtime::Handle, sync::watch};
use trucelog_proto::hash::{LeafIndex, TreeSize};

use super::{error::IndexError, stored_entries, terms};
use crate::{
    sequencer::{Head, StoredState},
    store::{IndexBatch, Indexed, Store},
};

/// Entries in one write. The sign path may have to wait for one.
const RUN: u64 = 512;
/// Rest after the newest head is reached, so that a busy log is indexed by the hundred, not record by record.
const PAUSE: Duration = Duration::from_millis(10);
/// What is derived gives way to what is promised, where the processor does not suffice for both.
const NICE: i32 = 10;

/// Follows `heads` on this thread, and waits on `runtime` for the next one, until nobody signs any more.
///
/// # Errors
///
/// [`IndexError`].
pub fn follow(
    store: &Arc<Store>,
    mut heads: watch::Receiver<Arc<Head>>,
    runtime: &Handle,
) -> Result<(), IndexError> {
    // Where the system does not allow it, the index takes its full share.
    let _ = nice(NICE);
    loop {
        let size = heads.borrow_and_update().checkpoint.size;
        while !index_run(store, size)? {
            if heads.has_changed().is_err() {
                return Ok(());
            }
        }
        thread::sleep(PAUSE);
        if runtime.block_on(heads.changed()).is_err() {
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
