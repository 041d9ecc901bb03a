//! Incidents: a report with its corrections and its withdrawal.

use super::difference::{Difference, difference};
use super::{At, Fold, Stamp, Written};
use crate::canonical::grammar;
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::rules::is_ordered;

/// An incident: what was first reported, and what was said of it since.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    first: Version,
    corrections: Vec<Version>,
    withdrawal: Option<Written<pb::Withdrawal>>,
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

impl Fold {
    pub(super) fn report(&mut self, stamp: Stamp, report: &pb::IncidentReport) {
        let at = At::Incident(self.incidents.len());
        self.subjects.insert(stamp.digest, at);
        let first = Version {
            stamp,
            report: report.clone(),
            reason: None,
        };
        self.incidents.push(Incident {
            first,
            corrections: Vec::new(),
            withdrawal: None,
        });
    }

    pub(super) fn correct(&mut self, stamp: Stamp, correction: &pb::Correction) {
        let digest = stamp.digest;
        let version = Version {
            stamp,
            report: correction.report.clone().unwrap_or_default(),
            reason: Some(Reason {
                code: correction.reason(),
                text: correction.reason_text.clone(),
            }),
        };
        self.target(digest, &correction.target)
            .corrections
            .push(version);
    }

    pub(super) fn withdraw(&mut self, stamp: Stamp, withdrawal: &pb::Withdrawal) {
        let digest = stamp.digest;
        let written = Written {
            stamp,
            body: withdrawal.clone(),
        };
        self.target(digest, &withdrawal.target).withdrawal = Some(written);
    }

    /// The incident that a correction or withdrawal named `digest` is about.
    fn target(&mut self, digest: RecordDigest, target: &[u8]) -> &mut Incident {
        let position = match self.at(target) {
            Some(At::Incident(position)) => Some(position),
            _ => None,
        };
        let position = position.expect("the rules let in no change of anything but a report");
        self.subjects.insert(digest, At::Incident(position));
        &mut self.incidents[position]
    }
}
