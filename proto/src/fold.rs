//! The log as it reads after its first N entries: incidents, cases, proposals, decisions, remedies, stations.
//!
//! In scope: what the entries say when they are taken together. Nothing here is stored in the log; everyone folds
//! it anew, and folding the first N entries gives the answer as of size N. "Now" is the `accepted_time` of the last
//! of them. Out of scope: whether the entries are true, which must have been checked before.
//!
//! A [`Fold`] runs [`rules::apply`] on every entry, so that what counts (a tally, the keys of a station, the version
//! in force) is decided in one place. It keeps the bodies in memory.
//!
//! Source: `proto/spec/fold.md`.

mod commission;
mod difference;
mod incident;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::entry::Entry;
use crate::hash::{LeafIndex, RecordDigest, TreeSize};
use crate::pb;
use crate::pb::record::Body;
use crate::record::{DecodedRecord, VerifiedRecord, parse_key};
use crate::refusal::Refusal;
use crate::rules::{self, Key, KeyState, Placed, RuleError, StationState, load};
use crate::signature::PublicKey;
use crate::state::{MemoryState, StateError, StateMut as _};
use crate::tree::leaf_hash;

pub use commission::{
    Answer, BasisChange, BasisMark, Case, GroupedReport, Proposal, ProposalStatus, Remedy, Response,
};
pub use difference::{Difference, Value, difference, fields};
pub use incident::{Flag, Incident, Reason, Version};

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
    fn of(placed: Placed<'_>) -> Self {
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

/// A station with its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Code of the member.
    pub member: String,
    /// Name of the station.
    pub name: String,
    /// Its keys, oldest first, with what the rules keep of each.
    pub keys: Vec<(PublicKey, KeyState)>,
}

/// What a record digest belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// A report, one of its corrections or its withdrawal.
    Incident(&'a Incident),
    /// A case or its extension.
    Case(&'a Case),
    /// A proposal, one of its votes, its decision, or an activation of what was decided.
    Proposal(&'a Proposal),
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

/// Position of the view that a record belongs to.
#[derive(Clone, Copy, Debug)]
enum At {
    Incident(usize),
    Case(usize),
    Proposal(usize),
}

/// The log as it reads after its first entries.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    state: MemoryState,
    size: u64,
    now: u64,
    charter: Option<Written<pb::Charter>>,
    incidents: Vec<Incident>,
    cases: Vec<Case>,
    proposals: Vec<Proposal>,
    station_names: BTreeSet<(String, String)>,
    subjects: BTreeMap<RecordDigest, At>,
}

impl Fold {
    /// Appends the next entry, given as its canonical bytes. Neither chain nor signature is looked at.
    ///
    /// # Errors
    /// [`FoldError`]; the fold then is as before.
    pub fn append_entry(&mut self, bytes: &[u8]) -> Result<(), FoldError> {
        let entry = Entry::decode(bytes)?;
        let record = VerifiedRecord {
            record: DecodedRecord::decode(&entry.signed_record.record)?,
            public_key: parse_key(&entry.signed_record.public_key, "public_key")?,
        };
        self.append(Placed {
            index: entry.index,
            accepted_time: entry.accepted_time,
            leaf: leaf_hash(bytes),
            record: &record,
        })
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
        if let Some(body) = &placed.record.record.message.body {
            self.view(Stamp::of(placed), body)?;
        }
        Ok(())
    }

    /// Number of entries folded: the size that every answer is as of.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// `accepted_time` of the last entry, Unix milliseconds; 0 for an empty log.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The charter; absent for an empty log.
    #[must_use]
    pub fn charter(&self) -> Option<&Written<pb::Charter>> {
        self.charter.as_ref()
    }

    /// The rules in force; absent for an empty log.
    ///
    /// # Errors
    /// [`StateError`] when the state in memory is damaged.
    pub fn rules(&self) -> Result<Option<pb::Rules>, StateError> {
        load(&self.state, &Key::Rules)
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

    /// All stations by member and name, with their keys.
    ///
    /// # Errors
    /// [`StateError`] when the state in memory is damaged.
    pub fn stations(&self) -> Result<Vec<Station>, StateError> {
        self.station_names
            .iter()
            .map(|(member, name)| self.station(member, name))
            .collect()
    }

    fn station(&self, member: &str, name: &str) -> Result<Station, StateError> {
        let known: Option<StationState> = load(&self.state, &Key::Station(member, name))?;
        let keys = known.unwrap_or_default().keys;
        let keys = keys.iter().map(|bytes| {
            let key = PublicKey::try_from(bytes.as_slice())
                .map_err(|error| StateError(error.to_string()))?;
            let state: Option<KeyState> = load(&self.state, &Key::PublicKey(bytes))?;
            Ok((key, state.unwrap_or_default()))
        });
        Ok(Station {
            member: member.to_owned(),
            name: name.to_owned(),
            keys: keys.collect::<Result<_, StateError>>()?,
        })
    }

    /// Tells whether a key was marked as compromised from this record's index or an earlier one.
    ///
    /// # Errors
    /// [`StateError`] when the state in memory is damaged.
    pub fn is_in_doubt(&self, stamp: &Stamp) -> Result<bool, StateError> {
        let key: Option<KeyState> =
            load(&self.state, &Key::PublicKey(stamp.public_key.as_bytes()))?;
        let since = key.and_then(|key| key.compromised_since_index);
        Ok(since.is_some_and(|since| stamp.index.get() >= since))
    }

    /// What a record belongs to; absent for an unknown digest, the charter and changes of stations.
    #[must_use]
    pub fn subject(&self, digest: &RecordDigest) -> Option<Subject<'_>> {
        self.subjects.get(digest).map(|at| match *at {
            At::Incident(position) => Subject::Incident(&self.incidents[position]),
            At::Case(position) => Subject::Case(&self.cases[position]),
            At::Proposal(position) => Subject::Proposal(&self.proposals[position]),
        })
    }

    /// The incident that a report, correction or withdrawal belongs to.
    #[must_use]
    pub fn incident(&self, digest: &RecordDigest) -> Option<&Incident> {
        match self.subject(digest)? {
            Subject::Incident(incident) => Some(incident),
            _ => None,
        }
    }

    /// The case that a Case record belongs to.
    #[must_use]
    pub fn case(&self, digest: &RecordDigest) -> Option<&Case> {
        match self.subject(digest)? {
            Subject::Case(case) => Some(case),
            _ => None,
        }
    }

    /// The proposal that a proposal, vote, decision or activation belongs to.
    #[must_use]
    pub fn proposal(&self, digest: &RecordDigest) -> Option<&Proposal> {
        match self.subject(digest)? {
            Subject::Proposal(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// Puts a record that the rules let in into the views.
    fn view(&mut self, stamp: Stamp, body: &Body) -> Result<(), StateError> {
        match body {
            Body::Charter(charter) => self.found(stamp, charter),
            Body::StationChange(change) => self.change_station(&stamp, change),
            Body::IncidentReport(report) => self.report(stamp, report),
            Body::Correction(correction) => self.correct(stamp, correction),
            Body::Withdrawal(withdrawal) => self.withdraw(stamp, withdrawal),
            Body::Case(case) => self.group(stamp, case),
            Body::Proposal(proposal) => self.propose(stamp, proposal)?,
            Body::Vote(vote) => self.vote(stamp, vote)?,
            Body::Decision(decision) => self.decide(stamp, decision)?,
            Body::Activation(activation) => self.activate(stamp, activation),
            _ => {}
        }
        Ok(())
    }

    fn found(&mut self, stamp: Stamp, charter: &pb::Charter) {
        for member in &charter.members {
            for name in [rules::AUTHORITY_STATION, rules::RECOVERY_STATION] {
                self.station_names
                    .insert((member.code.clone(), name.to_owned()));
            }
        }
        self.charter = Some(Written {
            stamp,
            body: charter.clone(),
        });
    }

    fn change_station(&mut self, stamp: &Stamp, change: &pb::StationChange) {
        if let Some(pb::station_change::Change::Enrolment(enrolment)) = &change.change {
            self.station_names
                .insert((stamp.member.clone(), enrolment.station.clone()));
        }
    }

    /// Position of the view that `digest` belongs to.
    fn at(&self, digest: &[u8]) -> Option<At> {
        let digest = RecordDigest::try_from(digest).ok()?;
        self.subjects.get(&digest).copied()
    }
}
