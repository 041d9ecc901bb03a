//! What happened to the reports that an attribution rests on.

use std::collections::BTreeSet;

use super::difference::Difference;
use super::incident::Incident;
use super::proposal::Proposal;
use super::view::Views;
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::state::StateError;

/// What happened to a report of the case after an attribution was proposed on it.
#[derive(Clone, Debug, PartialEq)]
pub struct BasisMark {
    /// Digest of the first version of the report.
    pub report: RecordDigest,
    /// Index of the correction or withdrawal.
    pub index: LeafIndex,
    /// What it did to the basis.
    pub change: BasisChange,
    /// It came before the decision, or there is no decision.
    pub before_decision: bool,
}

/// What a correction or withdrawal did to the basis of an attribution.
#[derive(Clone, Debug, PartialEq)]
pub enum BasisChange {
    /// The report was withdrawn: "basis withdrawn".
    Withdrawn,
    /// Kind, actor, time or place were corrected: "basis changed". Holds the fields of these that changed; none when
    /// only the stated reason says so, as for an actor that stands in an imported column.
    Changed(Vec<Difference>),
}

impl Proposal {
    /// What happened to the basis of an attribution, or of the attribution that a remedy rests on, since it was
    /// proposed. The basis are the reports that were in the case then, in the versions in force then.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn basis_marks(&self, views: &dyn Views) -> Result<Vec<BasisMark>, StateError> {
        let attribution = self.attribution(views)?;
        let attribution = attribution.as_deref().unwrap_or(self);
        let case = match attribution.case() {
            Some(case) => views.load_case(&case)?,
            None => None,
        };
        let Some(case) = case else {
            return Ok(Vec::new());
        };
        let proposed = attribution.written().stamp.index;
        let mut seen = BTreeSet::new();
        let mut marks = Vec::new();
        for report in case.reports() {
            if report.grouped_index < proposed
                && seen.insert(report.incident)
                && let Some(incident) = views.load_incident(&report.incident)?
            {
                marks.extend(marks_of(&incident, attribution));
            }
        }
        Ok(marks)
    }
}

/// The marks that one report puts on an attribution.
fn marks_of(incident: &Incident, attribution: &Proposal) -> Vec<BasisMark> {
    let proposed = attribution.written().stamp.index;
    let decided = attribution.decision().map(|decision| decision.stamp.index);
    let mark = |index: LeafIndex, change: BasisChange| BasisMark {
        report: incident.digest(),
        index,
        change,
        before_decision: decided.is_none_or(|decided| index < decided),
    };
    let mut marks: Vec<BasisMark> = incident
        .history()
        .filter(|(correction, _)| correction.stamp.index > proposed)
        .filter_map(|(correction, differences)| {
            let changed: Vec<Difference> =
                differences.into_iter().filter(is_of_the_basis).collect();
            let says_so = correction
                .reason
                .as_ref()
                .is_some_and(|reason| concerns_the_basis(reason.code));
            (says_so || !changed.is_empty())
                .then(|| mark(correction.stamp.index, BasisChange::Changed(changed)))
        })
        .collect();
    if let Some(withdrawal) = incident.withdrawal() {
        marks.push(mark(withdrawal.stamp.index, BasisChange::Withdrawn));
    }
    marks
}

/// Tells whether a field says what happened, who did it, when or where.
fn is_of_the_basis(difference: &Difference) -> bool {
    const FIELDS: [&str; 8] = [
        "kind",
        "kind_text",
        "domain",
        "apparent_origin",
        "earliest_time",
        "latest_time",
        "time_precision",
        "place",
    ];
    let first = difference.path.split('.').next().unwrap_or_default();
    FIELDS.contains(&first)
}

fn concerns_the_basis(reason: pb::CorrectionReason) -> bool {
    use pb::CorrectionReason::{Actor, Position, Reclassified, Time};
    matches!(reason, Actor | Position | Reclassified | Time)
}
