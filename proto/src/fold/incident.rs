//! Incidents: a report with its corrections and its withdrawal.

use super::difference::{Difference, difference};
use super::subject::{Subject, known_owner};
use super::view::{View, cannot_begin};
use super::{Stamp, Written};
use crate::canonical::grammar;
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::pb::record::Body;
use crate::rules::{Placed, is_ordered};
use crate::state::{State, StateError};

/// An incident: what was first reported, and what was said of it since.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    first: Version,
    corrections: Vec<Version>,
    withdrawal: Option<Written<pb::Withdrawal>>,
    corroborations: Vec<Written<pb::Corroboration>>,
    statements: Vec<Written<pb::PartyStatement>>,
    cases: Vec<RecordDigest>,
}

/// One version of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Where it stands, and who wrote it.
    pub stamp: Stamp,
    /// The whole report as this version states it.
    pub report: pb::IncidentReport,
    /// Why it replaces the version before; absent for the first one.
    pub reason: Option<Reason>,
}

/// Why a report was corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason.
    pub code: pb::CorrectionReason,
    /// The reason in words, may be empty.
    pub text: String,
}

/// What a reader is told about a version beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flag {
    /// An imported casualty count breaks low ≤ best ≤ high.
    CasualtyRange,
}

impl Version {
    /// What is flagged.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        if self.report.casualties.iter().all(is_ordered) {
            Vec::new()
        } else {
            vec![Flag::CasualtyRange]
        }
    }

    /// The fields in which this version differs from `before`, ordered by path.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Difference> {
        difference(&grammar::INCIDENT_REPORT, &before.report, &self.report)
    }
}

impl Incident {
    /// Digest of the first version: the name of the incident.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.first.stamp.digest
    }

    /// The first version.
    #[must_use]
    pub fn first(&self) -> &Version {
        &self.first
    }

    /// All versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        std::iter::once(&self.first).chain(&self.corrections)
    }

    /// The newest version, in force or withdrawn.
    #[must_use]
    pub fn newest(&self) -> &Version {
        self.corrections.last().unwrap_or(&self.first)
    }

    /// The version in force; absent when the report was withdrawn.
    #[must_use]
    pub fn in_force(&self) -> Option<&Version> {
        self.withdrawal.is_none().then(|| self.newest())
    }

    /// The withdrawal.
    #[must_use]
    pub fn withdrawal(&self) -> Option<&Written<pb::Withdrawal>> {
        self.withdrawal.as_ref()
    }

    /// The newest version that the log held before `index`.
    #[must_use]
    pub fn version_before(&self, index: LeafIndex) -> Option<&Version> {
        self.versions()
            .rev()
            .find(|version| version.stamp.index < index)
    }

    /// Every correction with the fields that it changed in the version before it.
    pub fn history(&self) -> impl Iterator<Item = (&Version, Vec<Difference>)> {
        self.versions()
            .zip(&self.corrections)
            .map(|(before, correction)| (correction, correction.changes_since(before)))
    }
}

impl Incident {
    /// What others found when they checked it, in the order of the log.
    #[must_use]
    pub fn corroborations(&self) -> &[Written<pb::Corroboration>] {
        &self.corroborations
    }

    /// What parties say about it, in the order of the log.
    #[must_use]
    pub fn statements(&self) -> &[Written<pb::PartyStatement>] {
        &self.statements
    }

    /// Names of the cases that it was put into, in the order of the log.
    #[must_use]
    pub fn cases(&self) -> &[RecordDigest] {
        &self.cases
    }

    /// Where the version `digest` stands; the first version for any other digest.
    #[must_use]
    pub fn stamp_of(&self, digest: &[u8]) -> &Stamp {
        let mut stamps = self.versions().map(|version| &version.stamp);
        let named = stamps.find(|stamp| stamp.digest.as_bytes() == digest);
        named.unwrap_or(&self.first.stamp)
    }

    fn correct(&mut self, placed: Placed<'_>, correction: &pb::Correction) {
        self.corrections.push(Version {
            stamp: Stamp::of(placed),
            report: correction.report.clone().unwrap_or_default(),
            reason: Some(Reason {
                code: correction.reason(),
                text: correction.reason_text.clone(),
            }),
        });
    }

    fn group(&mut self, case: RecordDigest) {
        if !self.cases.contains(&case) {
            self.cases.push(case);
        }
    }
}

impl View for Incident {
    fn found(placed: Placed<'_>, _state: &dyn State) -> Result<Self, StateError> {
        let Some(Body::IncidentReport(report)) = placed.body() else {
            return Err(cannot_begin("incident", placed));
        };
        Ok(Self {
            first: Version {
                stamp: Stamp::of(placed),
                report: report.clone(),
                reason: None,
            },
            corrections: Vec::new(),
            withdrawal: None,
            corroborations: Vec::new(),
            statements: Vec::new(),
            cases: Vec::new(),
        })
    }

    fn append(&mut self, placed: Placed<'_>, state: &dyn State) -> Result<(), StateError> {
        match placed.body() {
            Some(Body::Correction(body)) => self.correct(placed, body),
            Some(Body::Withdrawal(body)) => self.withdrawal = Some(Written::new(placed, body)),
            Some(Body::Corroboration(body)) => self.corroborations.push(Written::new(placed, body)),
            Some(Body::PartyStatement(body)) => self.statements.push(Written::new(placed, body)),
            Some(Body::Case(body)) if body.extends.is_empty() => {
                self.group(placed.record.record.digest);
            }
            Some(Body::Case(body)) => {
                if let Subject::Case(case) = known_owner(placed, state, &body.extends)? {
                    self.group(case);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
