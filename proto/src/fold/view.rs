//! How a view comes about, and where one view finds another.

use std::borrow::Cow;

use super::{Case, Constitution, FoldError, Incident, Proposal, Station, with_placed};
use crate::hash::RecordDigest;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// What the log says about one subject, folded from the records that concern it and from nothing else.
///
/// The records come in the order of the log; those before index N give the view as of size N. `state` may be that of
/// any later size: only what never changes once it is written is looked up in it.
pub trait View: Clone + Sized {
    /// Begins with the first record that concerns the subject.
    ///
    /// # Errors
    /// [`StateError`] when the state fails, or no view of this kind begins with such a record.
    fn found(placed: Placed<'_>, state: &dyn State) -> Result<Self, StateError>;

    /// Appends the next record that concerns the subject.
    ///
    /// # Errors
    /// [`StateError`] when the state fails.
    fn append(&mut self, placed: Placed<'_>, state: &dyn State) -> Result<(), StateError>;
}

/// The views at one size of the log, found by the names of their subjects.
///
/// A [`Fold`](super::Fold) holds them all in memory. A server reads the entries that it has listed for a subject and
/// gives them to [`fold_view`].
pub trait Views {
    /// `accepted_time` of the last entry, Unix milliseconds.
    fn now(&self) -> u64;

    /// The incident that is called by the digest of its first version.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    fn load_incident(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Incident>>, StateError>;

    /// The case that is called by the digest of its founding record.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    fn load_case(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Case>>, StateError>;

    /// The proposal that is called by its own digest.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    fn load_proposal(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Proposal>>, StateError>;

    /// The station that is called by its member and name; absent until something of it is changed.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    fn load_station(
        &self,
        member: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, Station>>, StateError>;

    /// The members and the rules; absent for an empty log.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    fn load_constitution(&self) -> Result<Option<Cow<'_, Constitution>>, StateError>;
}

/// Folds a view from the verified entries that concern its subject, given as their canonical bytes in the order of the
/// log; absent when there are none.
///
/// # Errors
/// [`FoldError`] when an entry is malformed, or the state fails.
pub fn fold_view<V: View>(
    entries: impl IntoIterator<Item = impl AsRef<[u8]>>,
    state: &dyn State,
) -> Result<Option<V>, FoldError> {
    let mut view = None;
    for entry in entries {
        with_placed(entry.as_ref(), |placed| {
            append_to(&mut view, placed, state).map_err(FoldError::from)
        })?;
    }
    Ok(view)
}

/// Appends a record to a view, which begins with it if there is none.
pub(super) fn append_to<V: View>(
    view: &mut Option<V>,
    placed: Placed<'_>,
    state: &dyn State,
) -> Result<(), StateError> {
    match view {
        Some(view) => view.append(placed, state),
        None => V::found(placed, state).map(|founded| *view = Some(founded)),
    }
}

/// A view cannot begin with the record at hand.
pub(super) fn cannot_begin(what: &str, placed: Placed<'_>) -> StateError {
    StateError(format!("no {what} begins at index {}", placed.index))
}
