//! Cases: the reports of one breach, and what was proposed about them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Written;
use super::incident::Incident;
use super::proposal::Proposal;
use super::subject::{Subject, known_owner};
use super::view::{View, Views, cannot_begin};
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::pb::record::Body;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// A case: its founding record, what extended it, closed it and opened it again, and what was proposed on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    founding: Written<pb::Case>,
    extensions: Vec<Written<pb::Case>>,
    reports: Vec<GroupedReport>,
    proposals: Vec<RecordDigest>,
    turns: Vec<Turn>,
    statements: Vec<Written<pb::PartyStatement>>,
}

/// A report in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupedReport {
    /// Digest of the version that was in force when it was put into the case.
    pub version: RecordDigest,
    /// Digest of its first version: the name of the incident.
    pub incident: RecordDigest,
    /// Index of the Case record that put it there.
    pub grouped_index: LeafIndex,
}

/// The end of a case, or its new beginning.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// It was closed.
    Closed(Written<pb::Closure>),
    /// It was opened again.
    Reopened(Written<pb::Reopening>),
}

/// Whether a case is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseStatus {
    /// It was never closed.
    Open,
    /// It is closed, with this result.
    Closed(pb::ClosureResult),
    /// It was closed and is open again.
    Reopened,
}

impl Case {
    /// Digest of the founding record: the name of the case.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.founding.stamp.digest
    }

    /// Title that the case was founded with.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.founding.body.title
    }

    /// The founding record.
    #[must_use]
    pub fn founding(&self) -> &Written<pb::Case> {
        &self.founding
    }

    /// The founding record and the extensions in the order of the log.
    pub fn records(&self) -> impl Iterator<Item = &Written<pb::Case>> {
        std::iter::once(&self.founding).chain(&self.extensions)
    }

    /// The reports in the order in which they were put into the case; one that was put there again comes again.
    #[must_use]
    pub fn reports(&self) -> &[GroupedReport] {
        &self.reports
    }

    /// Names of its incidents, in the order in which they were put into it, none twice.
    #[must_use]
    pub fn incident_names(&self) -> Vec<RecordDigest> {
        let mut seen = BTreeSet::new();
        self.reports
            .iter()
            .map(|report| report.incident)
            .filter(|name| seen.insert(*name))
            .collect()
    }

    /// Codes of the parties.
    #[must_use]
    pub fn parties(&self) -> BTreeSet<&str> {
        self.records()
            .flat_map(|record| record.body.parties.iter().map(String::as_str))
            .collect()
    }

    /// Names of the attributions proposed on it and of the remedies that rest on those, in the order of the log.
    #[must_use]
    pub fn proposal_names(&self) -> &[RecordDigest] {
        &self.proposals
    }

    /// When it was closed and opened again, in the order of the log.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// What parties say about the case itself, in the order of the log.
    #[must_use]
    pub fn statements(&self) -> &[Written<pb::PartyStatement>] {
        &self.statements
    }

    /// Whether it is open.
    #[must_use]
    pub fn status(&self) -> CaseStatus {
        match self.turns.last() {
            None => CaseStatus::Open,
            Some(Turn::Closed(closure)) => CaseStatus::Closed(closure.body.result()),
            Some(Turn::Reopened(_)) => CaseStatus::Reopened,
        }
    }

    /// The incidents of the case, in the order in which they were put into it.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn incidents<'v>(
        &self,
        views: &'v dyn Views,
    ) -> Result<Vec<Cow<'v, Incident>>, StateError> {
        let names = self.incident_names();
        let found = names.iter().map(|name| views.load_incident(name));
        found.filter_map(Result::transpose).collect()
    }

    /// What was proposed on the case, in the order of the log.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn proposals<'v>(
        &self,
        views: &'v dyn Views,
    ) -> Result<Vec<Cow<'v, Proposal>>, StateError> {
        let found = self.proposals.iter().map(|name| views.load_proposal(name));
        found.filter_map(Result::transpose).collect()
    }

    fn group(
        &mut self,
        placed: Placed<'_>,
        state: &dyn State,
        case: &pb::Case,
    ) -> Result<(), StateError> {
        for report in &case.reports {
            let Subject::Incident(incident) = known_owner(placed, state, report)? else {
                continue;
            };
            self.reports.push(GroupedReport {
                version: RecordDigest::try_from(report.as_slice()).unwrap_or(incident),
                incident,
                grouped_index: placed.index,
            });
        }
        Ok(())
    }
}

impl View for Case {
    fn found(placed: Placed<'_>, state: &dyn State) -> Result<Self, StateError> {
        let Some(Body::Case(founding)) = placed.body() else {
            return Err(cannot_begin("case", placed));
        };
        let mut case = Self {
            founding: Written::new(placed, founding),
            extensions: Vec::new(),
            reports: Vec::new(),
            proposals: Vec::new(),
            turns: Vec::new(),
            statements: Vec::new(),
        };
        case.group(placed, state, founding)?;
        Ok(case)
    }

    fn append(&mut self, placed: Placed<'_>, state: &dyn State) -> Result<(), StateError> {
        match placed.body() {
            Some(Body::Case(body)) => {
                self.extensions.push(Written::new(placed, body));
                self.group(placed, state, body)?;
            }
            Some(Body::Proposal(_)) => self.proposals.push(placed.record.record.digest),
            Some(Body::Closure(body)) => {
                self.turns.push(Turn::Closed(Written::new(placed, body)));
            }
            Some(Body::Reopening(body)) => {
                self.turns.push(Turn::Reopened(Written::new(placed, body)));
            }
            Some(Body::PartyStatement(body)) => self.statements.push(Written::new(placed, body)),
            _ => {}
        }
        Ok(())
    }
}
