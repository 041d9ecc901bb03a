//! What the stations write: rows as reports, revisions as corrections and withdrawals, one breach as a case.
//!
//! In scope: signed records, in the order of their stations. Out of scope: how they get into the log
//! ([`super::scenario`]).

use std::collections::HashMap;

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::LogId;
use trucelog_proto::sealed::Salt;

use super::DemoError;
use super::cast::{Cast, MEMBERS};
use super::data::{Column, EventRevision, Revisions, Row, Table};
use super::mapping;
use crate::station::digest_of;

/// What later records of the story name.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// The decision that agreed the text.
    pub(super) text: Option<RecordDigest>,
    /// The case.
    pub(super) case: Option<RecordDigest>,
    /// The adopted remedy, and what the members decided on it first, Britain's, Canada's and Germany's.
    pub(super) remedy: Option<(RecordDigest, Vec<RecordDigest>)>,
    /// The sealed evidence, and what opens it.
    pub(super) sealed: Option<(RecordDigest, Salt)>,
}

/// What is replayed.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The first table.
    pub first: Table,
    /// The second table.
    pub second: Table,
    /// What leads from the first to the second.
    pub revisions: Revisions,
}

impl Inputs {
    /// The published tables.
    ///
    /// # Errors
    /// [`super::data::DataError`] when the embedded data is damaged.
    pub fn published() -> Result<Self, super::data::DataError> {
        Ok(Self {
            first: Table::first()?,
            second: Table::second()?,
            revisions: Revisions::published()?,
        })
    }

    /// The event that goes to the commission: the first one whose actor is revised later, so that a reader sees the
    /// basis of the decision change.
    #[must_use]
    pub fn breach(&self) -> Option<&Row> {
        let revised = self
            .revisions
            .changed
            .iter()
            .find(|event| reason(event) == pb::CorrectionReason::Actor);
        let of_revision = |row: &&Row| revised.is_some_and(|event| event.id == row.id());
        self.first
            .rows
            .iter()
            .find(of_revision)
            .or(self.first.rows.first())
    }
}

/// What is in the log of one event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Position of the member that reported it.
    pub(super) member: usize,
    /// Digest of the version in force.
    pub(super) version: RecordDigest,
    pub(super) row: Row,
}

/// Everyone who writes, and what they have written.
#[derive(Debug)]
pub struct Desk {
    /// The stations.
    pub cast: Cast,
    /// The log that they write for.
    pub id: LogId,
    events: HashMap<String, Event>,
    pub(super) life: Life,
}

impl Desk {
    /// Begins with an empty log.
    #[must_use]
    pub fn new(cast: Cast, id: LogId) -> Self {
        Self {
            cast,
            id,
            events: HashMap::new(),
            life: Life::default(),
        }
    }

    /// The records of each authority that enrol its member's stations.
    ///
    /// # Errors
    /// [`DemoError::Client`] when a record cannot be signed.
    pub fn enrol(&mut self) -> Result<Vec<Vec<pb::Submission>>, DemoError> {
        let members = self.cast.members.iter_mut();
        let batches = members.map(|member| member.enrolments(&self.id));
        Ok(batches.collect::<Result<_, _>>()?)
    }

    /// Digest of the version in force of an event.
    #[must_use]
    pub fn version(&self, event: &str) -> Option<RecordDigest> {
        self.events.get(event).map(|event| event.version)
    }

    /// The rows as reports, one batch for each member.
    ///
    /// # Errors
    /// [`DemoError`] when a row has no report.
    pub fn report<'a>(
        &mut self,
        rows: impl IntoIterator<Item = &'a Row>,
        version: &str,
    ) -> Result<Vec<Vec<pb::Submission>>, DemoError> {
        let mut batches = self.empty_batches();
        for (number, row) in rows.into_iter().enumerate() {
            let member = number % MEMBERS.len();
            let body = Body::IncidentReport(mapping::report(row, version)?);
            let digest = self.write(member, body, &mut batches)?;
            let event = Event {
                member,
                version: digest,
                row: row.clone(),
            };
            self.events.insert(row.id().to_owned(), event);
        }
        Ok(batches)
    }

    /// The revisions as corrections, withdrawals and new reports, one batch for each member.
    ///
    /// # Errors
    /// [`DemoError`] when a revision does not fit what was reported.
    pub fn revise(&mut self, inputs: &Inputs) -> Result<Vec<Vec<pb::Submission>>, DemoError> {
        let Inputs {
            second, revisions, ..
        } = inputs;
        let mut batches = self.empty_batches();
        for revision in &revisions.changed {
            self.correct(revision, second.version, &mut batches)?;
        }
        for id in &revisions.withdrawn {
            self.withdraw(id, &mut batches)?;
        }
        let added = |row: &&Row| revisions.added.iter().any(|id| id == row.id());
        let added = self.report(second.rows.iter().filter(added), second.version)?;
        for (batch, reports) in batches.iter_mut().zip(added) {
            batch.extend(reports);
        }
        Ok(batches)
    }

    fn correct(
        &mut self,
        revision: &EventRevision,
        version: &str,
        batches: &mut [Vec<pb::Submission>],
    ) -> Result<(), DemoError> {
        let mut event = self.event(&revision.id)?;
        event.row = revision.apply(&event.row)?;
        let body = Body::Correction(pb::Correction {
            target: event.version.as_bytes().to_vec(),
            reason: reason(revision).into(),
            reason_text: String::new(),
            report: Some(mapping::report(&event.row, version)?),
        });
        event.version = self.write(event.member, body, batches)?;
        self.events.insert(revision.id.clone(), event);
        Ok(())
    }

    fn withdraw(&mut self, id: &str, batches: &mut [Vec<pb::Submission>]) -> Result<(), DemoError> {
        let event = self.event(id)?;
        let body = Body::Withdrawal(pb::Withdrawal {
            target: event.version.as_bytes().to_vec(),
            reason: pb::WithdrawalReason::Other.into(),
            reason_text: "No longer in the data set.".to_owned(),
        });
        self.write(event.member, body, batches)?;
        Ok(())
    }

    pub(super) fn event(&self, id: &str) -> Result<Event, DemoError> {
        let event = self.events.get(id).cloned();
        Ok(event.ok_or_else(|| super::data::DataError::NoEvent(id.to_owned()))?)
    }

    fn write(
        &mut self,
        member: usize,
        body: Body,
        batches: &mut [Vec<pb::Submission>],
    ) -> Result<RecordDigest, DemoError> {
        let submission = self.cast.members[member].monitor.sign(&self.id, body)?;
        let digest = digest_of(&submission);
        batches[member].push(submission);
        Ok(digest)
    }

    fn empty_batches(&self) -> Vec<Vec<pb::Submission>> {
        vec![Vec::new(); self.cast.members.len()]
    }
}

/// The reason of a correction: the weightiest of its changes.
fn reason(revision: &EventRevision) -> pb::CorrectionReason {
    use pb::CorrectionReason::{Actor, Count, LateInformation, Position, Reclassified, Time};
    let of = |column: Column| match column {
        Column::SideA | Column::SideB => Actor,
        Column::TypeOfViolence => Reclassified,
        Column::DateStart | Column::DateEnd | Column::DatePrec => Time,
        Column::Latitude | Column::Longitude | Column::WherePrec => Position,
        Column::Best
        | Column::High
        | Column::Low
        | Column::DeathsA
        | Column::DeathsB
        | Column::DeathsCivilians
        | Column::DeathsUnknown => Count,
        _ => LateInformation,
    };
    let reasons: Vec<pb::CorrectionReason> =
        revision.changes.iter().map(|change| of(change.0)).collect();
    [Actor, Reclassified, Time, Position, Count]
        .into_iter()
        .find(|reason| reasons.contains(reason))
        .unwrap_or(LateInformation)
}
