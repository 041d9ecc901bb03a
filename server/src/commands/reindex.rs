//! `trucelogd reindex`: drops the index from which questions are answered. The next start makes it anew.

use super::{CommandError, OpenLog, open_log};
use crate::config::Config;

/// Drops the index of the log of `config`. Holds the anchor's lock, so it runs only while `serve` does not.
///
/// # Errors
///
/// [`CommandError`].
pub fn run(config: &Config) -> Result<(), CommandError> {
    let OpenLog { store, .. } = open_log(config)?;
    Ok(store.drop_index()?)
}
