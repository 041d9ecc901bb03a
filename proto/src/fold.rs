//! The log as it reads after its first N entries: incidents, cases, proposals, decisions, remedies, coverage, members.
//!
//! In scope: what the entries say when they are taken together. Nothing here is stored in the log; everyone folds
//! it anew, and folding the first N entries gives the answer as of size N. "Now" is the `accepted_time` of the last
//! of them. Out of scope: whether the entries are true, which must have been checked before.
//!
//! ```text
//! record ── subjects_of ──▶ subjects         which subjects it concerns
//! records of one subject ── View ──▶ view    what the log says about it
//! view, Views ──▶ status                     computed when it is asked for, from the view and its neighbours
//! ```
//!
//! A [`Fold`] does this in memory for a whole log: it runs [`rules::apply`] on every entry and keeps every view. A
//! server does it for one subject at a time: it lists the entries of each subject when it accepts them, and
//! [`fold_view`] folds those before index N.
//!
//! Source: `proto/spec/fold.md`.

mod appraisal;
mod basis;
mod case;
mod change;
mod clock;
mod constitution;
mod count;
mod days;
mod difference;
mod evidence;
pub mod filter;
mod incident;
mod interval;
mod proposal;
mod remedy;
mod sensor;
mod statement;
mod station;
mod subject;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod view;
mod withheld;

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::entry::Entry;
use crate::hash::{LeafIndex, RecordDigest, TreeSize};
use crate::pb;
use crate::pb::record::Body;
use crate::record::{DecodedRecord, VerifiedRecord, parse_key};
use crate::refusal::Refusal;
use crate::rules::{self, Placed, RuleError};
use crate::signature::PublicKey;
use crate::state::{MemoryState, State, StateError, StateMut as _};
use crate::tree::leaf_hash;

pub use appraisal::{Appraisal, Check, Standing, Weight};
pub use basis::{BasisChange, BasisMark};
pub use case::{Case, CaseStatus, GroupedReport, Turn};
pub use change::Change;
pub use clock::{Clock, Milestone, Moment, Move, Times};
pub use constitution::{Amendment, Constitution};
pub use count::{Counts, DaySector};
pub use days::{DayCut, DaysError};
pub use difference::{Difference, Value, difference, fields};
pub use evidence::Evidence;
pub use filter::{Area, Circle, GeoBox, IncidentFilter, Overlap, position};
pub use incident::{Flag, Incident, Reason, Version};
pub use interval::{Interval, IntervalCount};
pub use proposal::{Proposal, ProposalStatus};
pub use remedy::{Answer, Overdue, Remedy, Response};
pub use sensor::{Sensor, Watch, coverage_report};
pub use station::Station;
pub use subject::{Subject, owner, subjects_of};
pub use summary::{Recount, recount};
pub use text::{NationalSteps, Text, TextStatus};
pub use view::{View, Views, fold_view};
pub use withheld::{Withheld, WithheldKind};

/// Where a record stands in the log, and who wrote it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamp {
    /// Digest of the record.
    pub digest: RecordDigest,
    /// Index of its entry.
    pub index: LeafIndex,
    /// When the log accepted it, Unix milliseconds.
    pub accepted_time: u64,
    /// When the station made it, Unix milliseconds.
    pub created_time: u64,
    /// Code of the member that wrote it.
    pub member: String,
    /// Name of the station that wrote it.
    pub station: String,
    /// The key that signed it.
    pub public_key: PublicKey,
}

impl Stamp {
    pub(crate) fn of(placed: Placed<'_>) -> Self {
        let message = &placed.record.record.message;
        Self {
            digest: placed.record.record.digest,
            index: placed.index,
            accepted_time: placed.accepted_time,
            created_time: message.created_time,
            member: message.member.clone(),
            station: message.station.clone(),
            public_key: placed.record.public_key,
        }
    }
}

/// The body of a record with its [`Stamp`].
#[derive(Clone, Debug, PartialEq)]
pub struct Written<T> {
    /// Where it stands, and who wrote it.
    pub stamp: Stamp,
    /// What it says.
    pub body: T,
}

impl<T: Clone> Written<T> {
    fn new(placed: Placed<'_>, body: &T) -> Self {
        Self {
            stamp: Stamp::of(placed),
            body: body.clone(),
        }
    }
}

/// An entry cannot be folded: it does not continue this log, or has not been verified.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FoldError {
    /// Entries come in the order of the log, none left out.
    #[error("entry {found} does not follow; the next one is {expected}")]
    Order {
        /// Index of the next entry.
        expected: u64,
        /// Index found.
        found: u64,
    },
    /// The entry is not of its form.
    #[error("the entry is malformed: {0}")]
    Malformed(#[from] Refusal),
    /// The rules refuse the entry.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The state in memory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The log as it reads after its first entries, in memory.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    state: MemoryState,
    size: u64,
    now: u64,
    incidents: Vec<Incident>,
    cases: Vec<Case>,
    proposals: Vec<Proposal>,
    evidence: Vec<Evidence>,
    sensors: Vec<Sensor>,
    stations: Vec<Station>,
    constitution: Option<Constitution>,
    summaries: Vec<Written<pb::Summary>>,
    positions: BTreeMap<Subject, usize>,
    owners: BTreeMap<RecordDigest, Subject>,
}

impl Fold {
    /// Appends the next entry, given as its canonical bytes. Neither chain nor signature is looked at.
    ///
    /// # Errors
    /// [`FoldError`]; the fold then is as before.
    pub fn append_entry(&mut self, bytes: &[u8]) -> Result<(), FoldError> {
        with_placed(bytes, |placed| self.append(placed))
    }

    /// Appends the next entry, given as its verified record at its place.
    ///
    /// # Errors
    /// [`FoldError`]; the fold then is as before.
    pub fn append(&mut self, placed: Placed<'_>) -> Result<(), FoldError> {
        if placed.index.get() != self.size {
            return Err(FoldError::Order {
                expected: self.size,
                found: placed.index.get(),
            });
        }
        let writes = rules::apply(&self.state, placed)?;
        self.state.apply(&writes)?;
        self.size += 1;
        self.now = placed.accepted_time;
        Ok(self.view(placed)?)
    }

    /// Appends a record that the rules let in to the views of the subjects that it concerns.
    fn view(&mut self, placed: Placed<'_>) -> Result<(), StateError> {
        if let Some(Body::Summary(summary)) = placed.body() {
            self.summaries.push(Written::new(placed, summary));
        }
        let record = &placed.record.record;
        let subjects = subjects_of(&self.state, record)?;
        if let Some(owner) = subjects.first() {
            self.owners.insert(record.digest, owner.clone());
        }
        for subject in subjects {
            let mut place = Place {
                position: self.positions.get(&subject).copied(),
                placed,
                state: &self.state,
            };
            match subject {
                Subject::Incident(_) => place.append_to(&mut self.incidents)?,
                Subject::Case(_) => place.append_to(&mut self.cases)?,
                Subject::Proposal(_) => place.append_to(&mut self.proposals)?,
                Subject::Evidence(_) => place.append_to(&mut self.evidence)?,
                Subject::Sensor(..) => place.append_to(&mut self.sensors)?,
                Subject::Station(..) => place.append_to(&mut self.stations)?,
                Subject::Constitution => {
                    view::append_to(&mut self.constitution, placed, &self.state)?;
                }
            }
            if let Some(position) = place.position {
                self.positions.insert(subject, position);
            }
        }
        Ok(())
    }

    /// Number of entries folded: the size that every answer is as of.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// All incidents in the order in which they were first reported, withdrawn ones too.
    #[must_use]
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// All cases in the order in which they were founded.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// All proposals in the order of the log, with their votes and decisions.
    #[must_use]
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// The adopted remedies in the order of the log.
    ///
    /// # Errors
    /// [`StateError`] when the state in memory is damaged.
    pub fn remedies(&self) -> Result<Vec<Remedy<'_>>, StateError> {
        let remedies = self.proposals.iter().map(|proposal| proposal.remedy(self));
        remedies.filter_map(Result::transpose).collect()
    }

    /// All pieces of evidence in the order of the log.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// All sensors in the order in which they were first reported on.
    #[must_use]
    pub fn sensors(&self) -> &[Sensor] {
        &self.sensors
    }

    /// All summaries in the order of the log. [`recount`] needs a fold of the size that each states.
    #[must_use]
    pub fn summaries(&self) -> &[Written<pb::Summary>] {
        &self.summaries
    }

    /// All that the log commits to and does not show or did not, in the order of the log.
    #[must_use]
    pub fn withheld(&self) -> Vec<Withheld> {
        let of_incidents = self.incidents.iter().flat_map(Incident::withheld);
        let of_evidence = self.evidence.iter().filter_map(Evidence::withheld);
        let of_sensors = self.sensors.iter().flat_map(Sensor::withheld);
        let mut withheld: Vec<Withheld> =
            of_incidents.chain(of_evidence).chain(of_sensors).collect();
        withheld.sort_by_key(|withheld| withheld.by.index);
        withheld
    }

    /// The members and the rules; absent for an empty log.
    #[must_use]
    pub fn constitution(&self) -> Option<&Constitution> {
        self.constitution.as_ref()
    }

    /// What the record `digest` belongs to; absent for a record that the log does not hold, and for a summary.
    #[must_use]
    pub fn owner(&self, digest: &RecordDigest) -> Option<&Subject> {
        self.owners.get(digest)
    }

    /// The incident that a record belongs to: a report, or any record about it.
    #[must_use]
    pub fn incident(&self, digest: &RecordDigest) -> Option<&Incident> {
        match self.owner(digest)? {
            owner @ Subject::Incident(_) => self.find(&self.incidents, owner),
            _ => None,
        }
    }

    /// The case that a record belongs to: a Case, a Closure or a Reopening.
    #[must_use]
    pub fn case(&self, digest: &RecordDigest) -> Option<&Case> {
        match self.owner(digest)? {
            owner @ Subject::Case(_) => self.find(&self.cases, owner),
            _ => None,
        }
    }

    /// The proposal that a record belongs to: a proposal, a vote, a decision, or what followed from it.
    #[must_use]
    pub fn proposal(&self, digest: &RecordDigest) -> Option<&Proposal> {
        match self.owner(digest)? {
            owner @ Subject::Proposal(_) => self.find(&self.proposals, owner),
            _ => None,
        }
    }

    fn find<'a, V>(&self, views: &'a [V], subject: &Subject) -> Option<&'a V> {
        self.positions
            .get(subject)
            .map(|position| &views[*position])
    }
}

impl Views for Fold {
    fn now(&self) -> u64 {
        self.now
    }

    fn load_incident(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Incident>>, StateError> {
        Ok(self
            .find(&self.incidents, &Subject::Incident(*name))
            .map(Cow::Borrowed))
    }

    fn load_case(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Case>>, StateError> {
        Ok(self
            .find(&self.cases, &Subject::Case(*name))
            .map(Cow::Borrowed))
    }

    fn load_proposal(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Proposal>>, StateError> {
        Ok(self
            .find(&self.proposals, &Subject::Proposal(*name))
            .map(Cow::Borrowed))
    }

    fn load_station(
        &self,
        member: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, Station>>, StateError> {
        let subject = Subject::Station(member.to_owned(), name.to_owned());
        Ok(self.find(&self.stations, &subject).map(Cow::Borrowed))
    }

    fn load_constitution(&self) -> Result<Option<Cow<'_, Constitution>>, StateError> {
        Ok(self.constitution().map(Cow::Borrowed))
    }
}

/// A record on its way into the view at a position, which it begins if there is none.
struct Place<'a> {
    position: Option<usize>,
    placed: Placed<'a>,
    state: &'a dyn State,
}

impl Place<'_> {
    fn append_to<V: View>(&mut self, views: &mut Vec<V>) -> Result<(), StateError> {
        if let Some(position) = self.position {
            return views[position].append(self.placed, self.state);
        }
        views.push(V::found(self.placed, self.state)?);
        self.position = Some(views.len() - 1);
        Ok(())
    }
}

/// Gives `each` the record of an entry at its place. Neither chain nor signature is looked at.
fn with_placed<T>(
    bytes: &[u8],
    each: impl FnOnce(Placed<'_>) -> Result<T, FoldError>,
) -> Result<T, FoldError> {
    let entry = Entry::decode(bytes)?;
    let record = VerifiedRecord {
        record: DecodedRecord::decode(&entry.signed_record.record)?,
        public_key: parse_key(&entry.signed_record.public_key, "public_key")?,
    };
    each(Placed {
        index: entry.index,
        accepted_time: entry.accepted_time,
        leaf: leaf_hash(bytes),
        record: &record,
    })
}
