//! The times of a case: first breach, first report, first corroboration, attribution, and the clocks that run from the
//! first breach.

use std::borrow::Cow;

use super::case::Case;
use super::incident::{Incident, Version};
use super::proposal::Proposal;
use super::view::Views;
use super::{Stamp, Written};
use crate::hash::LeafIndex;
use crate::pb;
use crate::pb::CorroborationResult::Confirm;
use crate::pb::proposal::Question;
use crate::state::StateError;

/// The times of a case, each as it reads now and as it was first claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// When the first breach began, by the earliest time of the reports.
    pub first_breach: Milestone,
    /// How the first breach moved since it was first claimed, in the order of the log; the last one is as it reads now.
    pub breach_moves: Vec<Move>,
    /// When the log accepted the first report.
    pub first_report: Milestone,
    /// When the log accepted the first confirmation by an independent member.
    pub first_corroboration: Milestone,
    /// When the log accepted the decision that attributes the breach.
    pub attribution: Milestone,
    /// The clocks that run from the first breach, ascending by stage.
    pub clocks: Vec<Clock>,
}

/// A time as it reads now and as it was first claimed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Milestone {
    /// As it reads now; absent when nothing in force says so.
    pub in_force: Option<Moment>,
    /// As it was first claimed; absent when nobody did.
    pub first_claimed: Option<Moment>,
}

/// A time, and the record that states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The time, Unix milliseconds.
    pub time_ms: u64,
    /// The record that states it.
    pub stated_by: Stamp,
}

/// A change of the first breach.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Index of the entry that moved it: a correction, a withdrawal, or a Case that added a report.
    pub index: LeafIndex,
    /// What it moved to; absent when no report of the case was left in force.
    pub to: Option<Moment>,
}

/// The clock of one response stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The stage.
    pub stage: pb::ResponseStage,
    /// How long the stage lasts, milliseconds.
    pub duration_ms: u64,
    /// When it ends, Unix milliseconds, counted from the first breach as it reads now.
    pub due_ms: Option<u64>,
    /// When it ends, counted from the first breach as it was first claimed.
    pub first_claimed_due_ms: Option<u64>,
}

impl Clock {
    /// Tells whether it has run out at `now`, Unix milliseconds.
    #[must_use]
    pub fn has_run_out(&self, now: u64) -> bool {
        self.due_ms.is_some_and(|due| now >= due)
    }
}

impl Case {
    /// The times of the case.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    ///
    /// Source: `proto/spec/fold.md`, "Times and clocks".
    pub fn times(&self, views: &dyn Views) -> Result<Times, StateError> {
        let reports = self.grouped(views)?;
        let (first_breach, breach_moves) = first_breach(self, &reports);
        Ok(Times {
            clocks: self.clocks_from(&first_breach, views)?,
            first_report: first_report(self, &reports),
            first_corroboration: first_corroboration(&reports, views)?,
            attribution: attribution(&self.proposals(views)?, views)?,
            first_breach,
            breach_moves,
        })
    }

    /// The clocks that run from the first breach, ascending by stage.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn clocks(&self, views: &dyn Views) -> Result<Vec<Clock>, StateError> {
        let (first_breach, _) = first_breach(self, &self.grouped(views)?);
        self.clocks_from(&first_breach, views)
    }

    fn clocks_from(
        &self,
        first_breach: &Milestone,
        views: &dyn Views,
    ) -> Result<Vec<Clock>, StateError> {
        let constitution = views.load_constitution()?;
        let rules = constitution.map(|known| known.rules_at(self.founding().stamp.index));
        let due = |moment: &Option<Moment>, duration| {
            let moment = moment.as_ref()?;
            Some(moment.time_ms.saturating_add(duration))
        };
        Ok(rules
            .unwrap_or_default()
            .stage_rules
            .iter()
            .map(|rule| Clock {
                stage: rule.stage(),
                duration_ms: rule.duration,
                due_ms: due(&first_breach.in_force, rule.duration),
                first_claimed_due_ms: due(&first_breach.first_claimed, rule.duration),
            })
            .collect())
    }

    /// Its incidents, each with the index of the entry that first put it into the case.
    fn grouped<'v>(&self, views: &'v dyn Views) -> Result<Vec<Grouped<'v>>, StateError> {
        let mut grouped = Vec::new();
        for name in self.incident_names() {
            let mut reports = self.reports().iter();
            let first = reports.find(|report| report.incident == name);
            if let (Some(first), Some(incident)) = (first, views.load_incident(&name)?) {
                grouped.push(Grouped {
                    index: first.grouped_index,
                    incident,
                });
            }
        }
        Ok(grouped)
    }
}

/// An incident of a case.
struct Grouped<'v> {
    /// Index of the entry that put it into the case.
    index: LeafIndex,
    incident: Cow<'v, Incident>,
}

impl Grouped<'_> {
    /// The version that the case rests on after the entry `index`.
    fn version_after(&self, index: LeafIndex) -> Option<&Version> {
        let withdrawal = self.incident.withdrawal();
        if self.index > index || withdrawal.is_some_and(|end| end.stamp.index <= index) {
            return None;
        }
        self.incident
            .version_before(LeafIndex::new(index.get() + 1))
    }

    /// Indexes of the entries that may move the first breach.
    fn moving(&self) -> impl Iterator<Item = LeafIndex> {
        let withdrawal = self.incident.withdrawal().map(|end| end.stamp.index);
        self.incident
            .versions()
            .map(|version| version.stamp.index)
            .chain(withdrawal)
            .chain([self.index])
    }
}

fn breach(version: &Version) -> Moment {
    Moment {
        time_ms: version.report.earliest_time,
        stated_by: version.stamp.clone(),
    }
}

fn accepted(stamp: &Stamp) -> Moment {
    Moment {
        time_ms: stamp.accepted_time,
        stated_by: stamp.clone(),
    }
}

/// The earliest moment; of two at the same time the one that was stated first.
fn earliest(moments: impl Iterator<Item = Moment>) -> Option<Moment> {
    moments.min_by_key(|moment| (moment.time_ms, moment.stated_by.index))
}

fn first_breach(case: &Case, reports: &[Grouped<'_>]) -> (Milestone, Vec<Move>) {
    let founded = case.founding().stamp.index;
    let founding = reports.iter().filter(|report| report.index == founded);
    let first_claimed = earliest(founding.map(|report| breach(report.incident.first())));
    let at = |index| {
        earliest(
            reports
                .iter()
                .filter_map(|r| r.version_after(index))
                .map(breach),
        )
    };
    let mut indexes: Vec<LeafIndex> = reports
        .iter()
        .flat_map(Grouped::moving)
        .filter(|index| *index >= founded)
        .collect();
    indexes.sort_unstable();
    indexes.dedup();
    let time = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.time_ms);
    let mut in_force = first_claimed.clone();
    let mut moves = Vec::new();
    for index in indexes {
        let to = at(index);
        if time(&to) != time(&in_force) {
            moves.push(Move {
                index,
                to: to.clone(),
            });
        }
        in_force = to;
    }
    let milestone = Milestone {
        in_force,
        first_claimed,
    };
    (milestone, moves)
}

fn first_report(case: &Case, reports: &[Grouped<'_>]) -> Milestone {
    let founded = case.founding().stamp.index;
    let first = |report: &Grouped<'_>| accepted(&report.incident.first().stamp);
    let in_force = reports
        .iter()
        .filter(|report| report.incident.in_force().is_some());
    let founding = reports.iter().filter(|report| report.index == founded);
    Milestone {
        in_force: earliest(in_force.map(first)),
        first_claimed: earliest(founding.map(first)),
    }
}

fn first_corroboration(
    reports: &[Grouped<'_>],
    views: &dyn Views,
) -> Result<Milestone, StateError> {
    let mut counting = Vec::new();
    let mut all = Vec::new();
    for Grouped { incident, .. } in reports {
        if incident.in_force().is_some() {
            counting.extend(
                incident
                    .appraisal(views)?
                    .first_confirmation()
                    .map(moment_of),
            );
        }
        let confirms = incident.corroborations().iter();
        all.extend(
            confirms
                .filter(|check| check.body.result() == Confirm)
                .map(moment_of),
        );
    }
    Ok(Milestone {
        in_force: earliest(counting.into_iter()),
        first_claimed: earliest(all.into_iter()),
    })
}

fn moment_of<T>(written: &Written<T>) -> Moment {
    accepted(&written.stamp)
}

fn attribution(
    proposals: &[Cow<'_, Proposal>],
    views: &dyn Views,
) -> Result<Milestone, StateError> {
    let mut milestone = Milestone::default();
    for proposal in proposals {
        let is_attribution = matches!(
            proposal.written().body.question,
            Some(Question::Attribution(_))
        );
        let Some(decision) = proposal.decision() else {
            continue;
        };
        if !is_attribution || !proposal.is_adopted() {
            continue;
        }
        let moment = moment_of(decision);
        milestone.first_claimed =
            earliest(milestone.first_claimed.into_iter().chain([moment.clone()]));
        if proposal.superseded_by(views)?.is_none() {
            milestone.in_force = earliest(milestone.in_force.into_iter().chain([moment]));
        }
    }
    Ok(milestone)
}
