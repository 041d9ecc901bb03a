//! The views of a stored log as of a size, each folded from the entries that concern its subject.

use std::{borrow::Cow, cell::Cell, sync::Arc};

use trucelog_proto::{
    entry::Entry,
    fold::{
        self, Case, Constitution, Incident, Proposal, Station, Subject, View, Views, fold_view,
    },
    hash::{LeafIndex, RecordDigest, TreeSize},
    limits::MAX_ANSWER_ENTRIES,
    record::{DecodedRecord, record_digest},
    state::{State, StateError},
};

use super::{QueryError, stored_entry, terms};
use crate::{reader::ReadError, sequencer::StoredState, store::Store};

/// The log as of a size.
#[derive(Debug)]
pub struct AsOf {
    pub(super) store: Arc<Store>,
    size: TreeSize,
    now: u64,
    latest_time: u64,
    /// Entries that views were folded from since [`Self::item`] began.
    entries: Cell<usize>,
}

impl AsOf {
    /// The first `size` entries of `store`, at least one, all of which are indexed.
    pub(super) fn new(
        store: Arc<Store>,
        size: TreeSize,
        latest_time: u64,
    ) -> Result<Self, QueryError> {
        let last = stored_entry(&store, LeafIndex::new(size.get() - 1))?;
        Ok(Self {
            now: Entry::decode(&last)?.accepted_time,
            store,
            size,
            latest_time,
            entries: Cell::new(0),
        })
    }

    /// Number of entries that the answer covers.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The latest time that an indexed report states, Unix milliseconds.
    #[must_use]
    pub fn latest_time(&self) -> u64 {
        self.latest_time
    }

    /// Bytes of an entry below the size.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
        self.entries.set(self.entries.get() + 1);
        stored_entry(&self.store, index)
    }

    /// What a record digest belongs to; absent for one that is not below the size.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn owner(&self, digest: &RecordDigest) -> Result<Option<Subject>, StateError> {
        let state = self.state();
        let index = terms::known_index(&state, digest)?;
        match index.filter(|index| index.get() < self.size.get()) {
            Some(_) => fold::owner(&state, digest.as_bytes()),
            None => Ok(None),
        }
    }

    /// What the record of an entry belongs to.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub fn owner_of_entry(&self, entry: &[u8]) -> Result<Option<Subject>, QueryError> {
        let entry = Entry::decode(entry)?;
        let record = DecodedRecord::decode(&entry.signed_record.record)?;
        let subjects = fold::subjects_of(&self.state(), &record)?;
        Ok(subjects.into_iter().next())
    }

    /// The first coverage report that replaces the one named `digest`.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub fn superseding(&self, digest: &RecordDigest) -> Result<Option<RecordDigest>, QueryError> {
        let name = terms::superseded_name(digest);
        let Some(index) = self.store.subject_entries(&name, self.size).next() else {
            return Ok(None);
        };
        let entry = Entry::decode(&self.entry(index?)?)?;
        Ok(Some(record_digest(&entry.signed_record.record)))
    }

    /// Runs `item`, which makes one item of an answer. Gives its result with the number of entries that it took.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooWide`] when it takes more than its limit; what `item` gives.
    pub fn item<T>(
        &self,
        field: &'static str,
        item: impl FnOnce() -> Result<T, QueryError>,
    ) -> Result<(T, usize), QueryError> {
        self.entries.set(0);
        let made = item();
        let taken = self.entries.get();
        if taken > MAX_ANSWER_ENTRIES {
            return Err(QueryError::TooWide {
                field,
                limit: MAX_ANSWER_ENTRIES,
                what: "entries for one item",
                remedy: "verify the log and ask your own copy, or read the entries themselves",
            });
        }
        made.map(|made| (made, taken))
    }

    fn state(&self) -> StoredState<Store> {
        StoredState(Arc::clone(&self.store))
    }

    /// Folds the view of a subject.
    fn view<V: View>(&self, subject: &Subject) -> Result<Option<Cow<'_, V>>, StateError> {
        let damaged = |error: &dyn std::error::Error| StateError(error.to_string());
        let mut entries = Vec::new();
        for index in self
            .store
            .subject_entries(&terms::subject_name(subject), self.size)
        {
            let index = index.map_err(|error| damaged(&error))?;
            if self.entries.get() > MAX_ANSWER_ENTRIES {
                return Err(StateError("too many entries for one item".to_owned()));
            }
            entries.push(self.entry(index).map_err(|error| damaged(&error))?);
        }
        let state = self.state();
        let view = fold_view(entries, &state as &dyn State).map_err(|error| damaged(&error))?;
        Ok(view.map(Cow::Owned))
    }
}

impl Views for AsOf {
    fn now(&self) -> u64 {
        self.now
    }

    fn load_incident(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Incident>>, StateError> {
        self.view(&Subject::Incident(*name))
    }

    fn load_case(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Case>>, StateError> {
        self.view(&Subject::Case(*name))
    }

    fn load_proposal(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Proposal>>, StateError> {
        self.view(&Subject::Proposal(*name))
    }

    fn load_station(
        &self,
        member: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, Station>>, StateError> {
        self.view(&Subject::Station(member.to_owned(), name.to_owned()))
    }

    fn load_constitution(&self) -> Result<Option<Cow<'_, Constitution>>, StateError> {
        self.view(&Subject::Constitution)
    }
}
