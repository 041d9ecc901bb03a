//! Sensors: when they were listening.

use std::collections::BTreeSet;

use super::interval::Interval;
use super::view::{View, cannot_begin};
use super::{FoldError, Written, with_placed};
use crate::pb;
use crate::pb::CoverageStatus::{AccessDenied, Degraded, Down, Jammed, Unspecified, Up};
use crate::pb::record::Body;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// A sensor with what its member reported of its coverage.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    reports: Vec<Written<pb::CoverageReport>>,
}

/// How a sensor spent an interval, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// It was working.
    pub up_ms: u64,
    /// It was working in part.
    pub degraded_ms: u64,
    /// It was down, jammed, or monitors had no access: silence says nothing.
    pub blind_ms: u64,
    /// Nothing was reported about it: silence says nothing.
    pub unknown_ms: u64,
}

impl Sensor {
    /// Code of the member that speaks for it.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.reports[0].stamp.member
    }

    /// Its name, which is unique within its member.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.reports[0].body.sensor
    }

    /// All coverage reports in the order of the log, superseded ones too. At least one.
    #[must_use]
    pub fn reports(&self) -> &[Written<pb::CoverageReport>] {
        &self.reports
    }

    /// What is known of its coverage: the reports that no other one states anew, ascending by time. They do not overlap.
    ///
    /// Source: `proto/spec/fold.md`, "Coverage".
    #[must_use]
    pub fn coverage(&self) -> Vec<&Written<pb::CoverageReport>> {
        let restated = self
            .reports
            .iter()
            .map(|report| report.body.supersedes.as_slice());
        let restated: BTreeSet<&[u8]> = restated.collect();
        let mut coverage: Vec<&Written<pb::CoverageReport>> = self
            .reports
            .iter()
            .filter(|report| !restated.contains(report.stamp.digest.as_bytes().as_slice()))
            .collect();
        coverage.sort_by_key(|report| report.body.earliest_time);
        coverage
    }
}

impl Watch {
    /// How a sensor with this coverage spent an interval.
    #[must_use]
    pub fn of(coverage: &[&Written<pb::CoverageReport>], interval: Interval) -> Self {
        let mut watch = Self {
            unknown_ms: interval.end_ms - interval.start_ms,
            ..Self::default()
        };
        for report in coverage {
            let shared = interval_of(report).shared_ms(interval);
            let spent = match report.body.status() {
                Up => &mut watch.up_ms,
                Degraded => &mut watch.degraded_ms,
                Down | Jammed | AccessDenied => &mut watch.blind_ms,
                Unspecified => continue,
            };
            *spent += shared;
            watch.unknown_ms -= shared;
        }
        watch
    }

    /// Tells whether it was working, in whole or in part, through the whole interval, so that silence says something.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.blind_ms == 0 && self.unknown_ms == 0
    }
}

fn interval_of(report: &Written<pb::CoverageReport>) -> Interval {
    Interval {
        start_ms: report.body.earliest_time,
        end_ms: report.body.latest_time,
    }
}

impl View for Sensor {
    fn found(placed: Placed<'_>, state: &dyn State) -> Result<Self, StateError> {
        let mut sensor = Self {
            reports: Vec::new(),
        };
        sensor.append(placed, state)?;
        Ok(sensor)
    }

    fn append(&mut self, placed: Placed<'_>, _state: &dyn State) -> Result<(), StateError> {
        let Some(Body::CoverageReport(report)) = placed.body() else {
            return Err(cannot_begin("coverage of a sensor", placed));
        };
        self.reports.push(Written::new(placed, report));
        Ok(())
    }
}

/// The coverage report in a verified entry, given as its canonical bytes; absent when the entry holds another body.
///
/// # Errors
/// [`FoldError`] when the entry is malformed.
pub fn coverage_report(entry: &[u8]) -> Result<Option<Written<pb::CoverageReport>>, FoldError> {
    with_placed(entry, |placed| {
        Ok(match placed.body() {
            Some(Body::CoverageReport(report)) => Some(Written::new(placed, report)),
            _ => None,
        })
    })
}
