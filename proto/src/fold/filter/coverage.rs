//! Which coverage reports a question is about.

use super::super::{Interval, Written};
use super::{interval, is_one_of, texts};
use crate::pb;
use crate::refusal::Refusal;

/// Which coverage reports. What is empty does not restrict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageFilter {
    /// What their intervals meet.
    pub interval: Interval,
    /// Codes of the members that wrote them.
    pub members: Vec<String>,
}

impl CoverageFilter {
    /// Reads a filter from a request.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is not of its form, or of which there is too much.
    pub fn parse(request: &pb::ListCoverageRequest) -> Result<Self, Refusal> {
        Ok(Self {
            interval: interval(request.since.as_ref(), request.until.as_ref())?,
            members: texts(&request.members, "members")?,
        })
    }

    /// Tells whether a coverage report is one of those that are meant.
    #[must_use]
    pub fn matches(&self, report: &Written<pb::CoverageReport>) -> bool {
        let (earliest, latest) = (report.body.earliest_time, report.body.latest_time);
        self.interval.possibly_holds(earliest, latest)
            && is_one_of(&self.members, &report.stamp.member)
    }
}
