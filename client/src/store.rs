//! The verifier's state on disk, one log per directory.
//!
//! ```text
//! DIR/policy               the pinned policy (crate::trust)
//! DIR/lock                 held by the process that verifies
//! DIR/snapshot             state, tree edge and accepted checkpoint at some earlier time
//! DIR/journal              what has changed since
//! DIR/checkpoint           the accepted checkpoint, as c2sp.org/tlog-tiles names it
//! DIR/tile/entries/…       the verified entries, c2sp.org/tlog-tiles bundles
//! DIR/evidence/…           what was found false (crate::evidence)
//! DIR/successor.signed     the successor that was followed from here (crate::succession::follow)
//! ```
//!
//! **Invariant:** `journal` is written after its entries, `checkpoint` after `journal`. So every entry below the size
//! of `checkpoint` is in the bundles and was verified.

mod bundles;
mod saved;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trucelog_proto::error::DecodeError;

pub use self::bundles::Bundles;
pub(crate) use self::bundles::{BundleWriter, StoredTree, bundle_count};
pub(crate) use self::saved::{
    Extent, Journal, JournaledState, Saved, checkpoint_path, read as read_saved,
};
use crate::{Error, durable};

/// The state directory, held by one process at a time. Clones share the hold.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
    _lock: Arc<fs::File>,
}

impl Store {
    /// Opens the state directory, and creates it when it is not there.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Io`].
    pub fn open(directory: &Path) -> Result<Self, Error> {
        durable::create_directory(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            _lock: Arc::new(durable::lock(&directory.join("lock"))?),
        })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The verified entries.
    #[must_use]
    pub fn bundles(&self) -> Bundles {
        Bundles::new(&self.directory)
    }
}

fn damaged(path: &Path) -> impl Fn(DecodeError) -> Error {
    let path = path.to_owned();
    move |error| Error::Damaged {
        path: path.clone(),
        problem: error.to_string(),
    }
}
