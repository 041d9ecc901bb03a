//! Sensors: when they were listening.

use super::view::{View, cannot_begin};
use super::{FoldError, Written, with_placed};
use crate::pb;
use crate::pb::record::Body;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// A sensor with what its member reported of its coverage.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    reports: Vec<Written<pb::CoverageReport>>,
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
