//! Summaries, recomputed.

use super::incident::{Incident, Version};
use super::interval::Interval;
use super::view::Views;
use crate::hash::RecordDigest;
use crate::pb;
use crate::state::StateError;

/// One line of a summary beside what the log says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recount {
    /// What the summary states.
    pub stated: pb::SummaryCount,
    /// What the log says at the size that was counted.
    pub counted: pb::SummaryCount,
}

impl Recount {
    /// Tells whether every number is as stated.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.stated == self.counted
    }
}

/// Counts what a summary counted, line by line. `incidents` are those of the log, and `views` the views, both at the size
/// that the summary states.
///
/// # Errors
/// [`StateError`] when the place that keeps the log fails.
///
/// Source: `proto/spec/fold.md`, "Summaries".
pub fn recount<'a>(
    summary: &pb::Summary,
    incidents: impl IntoIterator<Item = &'a Incident>,
    views: &dyn Views,
) -> Result<Vec<Recount>, StateError> {
    let mut lines: Vec<Line> = summary.counts.iter().map(Line::new).collect();
    for incident in incidents {
        if !is_counted(summary, incident.newest()) {
            continue;
        }
        let kind = incident.newest().report.kind;
        let confirmed = incident.appraisal(views)?.first_confirmation().is_some();
        for line in &mut lines {
            if line.stated.kind == 0 || line.stated.kind == kind {
                line.add(incident, confirmed);
            }
        }
    }
    Ok(lines.into_iter().map(Line::finish).collect())
}

/// Tells whether a report is of the interval and the area of a summary.
fn is_counted(summary: &pb::Summary, version: &Version) -> bool {
    let interval = Interval {
        start_ms: summary.earliest_time,
        end_ms: summary.latest_time,
    };
    let area = version
        .report
        .place
        .as_ref()
        .map_or("", |place| &place.admin_area_1);
    interval.contains(version.report.earliest_time)
        && (summary.admin_area_1.is_empty() || summary.admin_area_1 == area)
}

/// A line of a summary while it is counted.
struct Line {
    stated: pb::SummaryCount,
    counted: pb::SummaryCount,
    cases: Vec<RecordDigest>,
}

impl Line {
    fn new(stated: &pb::SummaryCount) -> Self {
        Self {
            stated: *stated,
            counted: pb::SummaryCount {
                kind: stated.kind,
                ..pb::SummaryCount::default()
            },
            cases: Vec::new(),
        }
    }

    fn add(&mut self, incident: &Incident, confirmed: bool) {
        if incident.in_force().is_none() {
            self.counted.withdrawn += 1;
            return;
        }
        self.counted.reports += 1;
        self.counted.corroborated += u64::from(confirmed);
        self.cases.extend_from_slice(incident.cases());
    }

    fn finish(mut self) -> Recount {
        self.cases.sort_unstable();
        self.cases.dedup();
        self.counted.cases = self.cases.len() as u64;
        Recount {
            stated: self.stated,
            counted: self.counted,
        }
    }
}
