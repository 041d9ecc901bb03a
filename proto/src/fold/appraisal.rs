//! What the checks by other members make of an incident.

use std::collections::BTreeSet;

use super::Written;
use super::incident::Incident;
use super::view::Views;
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::CorroborationResult::{Confirm, Contradict};
use crate::state::StateError;

/// What the checks by other members make of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Appraisal<'a> {
    /// Where the newest version stands.
    pub standing: Standing,
    /// No check that counts confirms the newest version, but an independent one confirms an earlier version.
    pub earlier_version_corroborated: bool,
    /// Every check in the order of the log, with what it counts for.
    pub checks: Vec<Check<'a>>,
}

/// Where a version of a report stands among the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// No check that counts confirms or contradicts it.
    Uncorroborated,
    /// A check that counts confirms it, and none contradicts it.
    Corroborated,
    /// A check that counts contradicts it.
    Disputed,
}

/// One check with what it counts for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check<'a> {
    /// The check.
    pub written: &'a Written<pb::Corroboration>,
    /// What it counts for.
    pub weight: Weight,
}

/// What a check counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// It counts for the newest version.
    Counts,
    /// Its member is a party to a case that holds the incident, so it is not independent.
    Party,
    /// Its member has checked the same version again.
    Replaced,
    /// It names an earlier version.
    EarlierVersion,
}

impl Check<'_> {
    fn is(&self, weight: Weight, result: pb::CorroborationResult) -> bool {
        self.weight == weight && self.written.body.result() == result
    }
}

impl Incident {
    /// What the checks by other members make of it.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    ///
    /// Source: `proto/spec/fold.md`, "Corroboration".
    pub fn appraisal(&self, views: &dyn Views) -> Result<Appraisal<'_>, StateError> {
        let parties = self.parties(views)?;
        let newest = self.newest().stamp.digest;
        let mut seen = BTreeSet::new();
        let mut checks: Vec<Check<'_>> = self
            .corroborations()
            .iter()
            .rev()
            .map(|written| {
                let member = &written.stamp.member;
                let is_last = seen.insert((member, &written.body.target));
                Check {
                    written,
                    weight: if parties.contains(member) {
                        Weight::Party
                    } else if !is_last {
                        Weight::Replaced
                    } else if names(written, newest) {
                        Weight::Counts
                    } else {
                        Weight::EarlierVersion
                    },
                }
            })
            .collect();
        checks.reverse();
        let any = |weight, result| checks.iter().any(|check| check.is(weight, result));
        let confirmed = any(Weight::Counts, Confirm);
        let standing = match (any(Weight::Counts, Contradict), confirmed) {
            (true, _) => Standing::Disputed,
            (false, true) => Standing::Corroborated,
            (false, false) => Standing::Uncorroborated,
        };
        Ok(Appraisal {
            standing,
            earlier_version_corroborated: !confirmed && any(Weight::EarlierVersion, Confirm),
            checks,
        })
    }

    /// Codes of the parties to the cases that hold it.
    fn parties(&self, views: &dyn Views) -> Result<BTreeSet<String>, StateError> {
        let mut parties = BTreeSet::new();
        for name in self.cases() {
            if let Some(case) = views.load_case(name)? {
                parties.extend(case.parties().into_iter().map(str::to_owned));
            }
        }
        Ok(parties)
    }
}

impl<'a> Appraisal<'a> {
    /// The first check that counts and confirms.
    #[must_use]
    pub fn first_confirmation(&self) -> Option<&'a Written<pb::Corroboration>> {
        let mut checks = self.checks.iter();
        checks
            .find(|check| check.is(Weight::Counts, Confirm))
            .map(|check| check.written)
    }
}

fn names(check: &Written<pb::Corroboration>, version: RecordDigest) -> bool {
    check.body.target == version.as_bytes()
}
