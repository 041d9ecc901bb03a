//! Which incidents, cases, proposals and coverage reports a question is about: one predicate for each, for the server's
//! index and for a verifier's own copy.
//!
//! In scope: time, place and words of the newest version of a report, and what is said of it. Out of scope: finding what
//! is meant, which is an index's task.
//!
//! Source: `proto/spec/fold.md`, "Filters".

mod area;
mod coverage;
mod decision;

use crate::hash::RecordDigest;
use crate::limits::MAX_FILTER_VALUES;
use crate::pb;
use crate::pb::place::Location;
use crate::refusal::{Reason, Refusal};
use crate::state::StateError;

use super::{Incident, Interval, Standing, Views};

pub use area::{Area, Circle, GeoBox};
pub use coverage::CoverageFilter;
pub use decision::{CaseFilter, DecisionFilter, decision_status};

/// How sure it must be that an incident lies in an interval or area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It may lie there: its interval meets the one asked for, its circle of uncertainty meets the area.
    #[default]
    Possible,
    /// It lies there whatever its uncertainty: its whole interval and its whole circle do.
    Certain,
}

impl Overlap {
    /// Tells whether what happened at some time from `earliest_ms` to `latest_ms` lies in an interval.
    #[must_use]
    pub fn in_time(self, interval: Interval, earliest_ms: u64, latest_ms: u64) -> bool {
        match self {
            Self::Possible => interval.possibly_holds(earliest_ms, latest_ms),
            Self::Certain => interval.certainly_holds(earliest_ms, latest_ms),
        }
    }
}

/// Reads an interval from a request: from `since` up to, not including, `until`.
fn interval(
    since: Option<&prost_types::Timestamp>,
    until: Option<&prost_types::Timestamp>,
) -> Result<Interval, Refusal> {
    Interval::bounded(since.map(first_millisecond), until.map(first_millisecond))
}

/// The first whole millisecond that is not before a time; 0 for times before 1970.
fn first_millisecond(time: &prost_types::Timestamp) -> u64 {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    let nanos = if time.seconds < 0 { 0 } else { time.nanos };
    let rest = u64::try_from(nanos).unwrap_or(0).div_ceil(1_000_000);
    seconds.saturating_mul(1000).saturating_add(rest)
}

/// Which incidents. What is empty or absent does not restrict; several values of one field are alternatives.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentFilter {
    /// When.
    pub interval: Interval,
    /// Where. A report without a position lies in no area.
    pub area: Option<Area>,
    /// How sure it must be that it lies in the interval and in the area.
    pub overlap: Overlap,
    /// What happened.
    pub kinds: Vec<pb::IncidentKind>,
    /// Codes of the parties from whose side it seemed to come.
    pub parties: Vec<String>,
    /// Codes of the members that reported it.
    pub members: Vec<String>,
    /// Of what it has one.
    pub statuses: Vec<pb::IncidentStatus>,
    /// Name of the case that holds it.
    pub case: Option<RecordDigest>,
}

impl Default for IncidentFilter {
    /// All incidents.
    fn default() -> Self {
        Self {
            interval: Interval::ALL,
            area: None,
            overlap: Overlap::default(),
            kinds: Vec::new(),
            parties: Vec::new(),
            members: Vec::new(),
            statuses: Vec::new(),
            case: None,
        }
    }
}

impl IncidentFilter {
    /// Reads a filter from a request.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is not of its form, or of which there is too much.
    pub fn parse(filter: &pb::IncidentFilter) -> Result<Self, Refusal> {
        let area = filter.area.as_ref().map(Area::parse).transpose();
        Ok(Self {
            interval: interval(filter.since.as_ref(), filter.until.as_ref())?,
            area: area.map_err(|refusal| refusal.below("area"))?,
            overlap: match pb::Overlap::try_from(filter.overlap) {
                Ok(pb::Overlap::Unspecified | pb::Overlap::Possible) => Overlap::Possible,
                Ok(pb::Overlap::Certain) => Overlap::Certain,
                Err(_) => return Err(not_a_value("overlap", "a value of Overlap")),
            },
            kinds: values(&filter.kinds, "kinds")?,
            parties: texts(&filter.parties, "parties")?,
            members: texts(&filter.members, "members")?,
            statuses: values(&filter.statuses, "statuses")?,
            case: case(&filter.case)?,
        })
    }

    /// Tells whether an incident is one of those that are meant.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn matches(&self, incident: &Incident, views: &dyn Views) -> Result<bool, StateError> {
        let newest = incident.newest();
        if !self.matches_report(&newest.report)
            || !is_one_of(&self.members, &newest.stamp.member)
            || !self
                .case
                .is_none_or(|case| incident.cases().contains(&case))
        {
            return Ok(false);
        }
        if self.statuses.is_empty() {
            return Ok(true);
        }
        let statuses = statuses(incident, views)?;
        Ok(statuses.iter().any(|status| self.statuses.contains(status)))
    }

    /// Tells whether an incident is counted: it is one of those that are meant, and not withdrawn unless statuses are
    /// asked for.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn counts(&self, incident: &Incident, views: &dyn Views) -> Result<bool, StateError> {
        let in_force = incident.in_force().is_some() || !self.statuses.is_empty();
        Ok(in_force && self.matches(incident, views)?)
    }

    fn matches_report(&self, report: &pb::IncidentReport) -> bool {
        let (earliest, latest) = (report.earliest_time, report.latest_time);
        self.overlap.in_time(self.interval, earliest, latest)
            && is_one_of(&self.kinds, &report.kind())
            && is_one_of(&self.parties, &report.apparent_origin)
            && self.area.is_none_or(|area| {
                position(report).is_some_and(|circle| area.holds(&circle, self.overlap))
            })
    }
}

/// What can be said of an incident, ascending.
///
/// # Errors
/// [`StateError`] when the place that keeps the log fails.
pub fn statuses(
    incident: &Incident,
    views: &dyn Views,
) -> Result<Vec<pb::IncidentStatus>, StateError> {
    use pb::IncidentStatus::{
        Corrected, Corroborated, Disputed, InForce, Uncorroborated, Withdrawn,
    };
    let in_force = incident.in_force().is_some();
    let standing = incident.appraisal(views)?.standing;
    let statuses = [
        (InForce, in_force),
        (Corrected, incident.versions().nth(1).is_some()),
        (Withdrawn, !in_force),
        (Corroborated, standing == Standing::Corroborated),
        (Disputed, standing == Standing::Disputed),
        (Uncorroborated, standing == Standing::Uncorroborated),
    ];
    let held = statuses.into_iter().filter(|(_, holds)| *holds);
    Ok(held.map(|(status, _)| status).collect())
}

/// The circle of uncertainty around the position that a report states; absent when it states none.
#[must_use]
pub fn position(report: &pb::IncidentReport) -> Option<Circle> {
    match report.place.as_ref()?.location.as_ref()? {
        Location::Position(position) => Some(Circle::of(position)),
        Location::BearingFix(_) => None,
    }
}

/// Reads the values of an enumeration in a filter: not too many, none of them zero or unknown.
fn values<E: TryFrom<i32> + Default + PartialEq>(
    numbers: &[i32],
    field: &'static str,
) -> Result<Vec<E>, Refusal> {
    check_count(numbers.len(), field)?;
    numbers
        .iter()
        .map(|number| {
            E::try_from(*number)
                .ok()
                .filter(|value| *value != E::default())
                .ok_or_else(|| not_a_value(field, "values of the enumeration, not zero"))
        })
        .collect()
}

/// Reads the codes in a filter: not too many.
fn texts(texts: &[String], field: &'static str) -> Result<Vec<String>, Refusal> {
    check_count(texts.len(), field)?;
    Ok(texts.to_vec())
}

/// Reads the name of a case in a filter; absent when it is empty.
fn case(digest: &[u8]) -> Result<Option<RecordDigest>, Refusal> {
    if digest.is_empty() {
        return Ok(None);
    }
    RecordDigest::try_from(digest)
        .map(Some)
        .map_err(|_| not_a_value("case", "32 bytes"))
}

fn check_count(found: usize, field: &'static str) -> Result<(), Refusal> {
    if found <= MAX_FILTER_VALUES {
        return Ok(());
    }
    Err(Refusal::new(Reason::ListTooLong, field)
        .with("limit", MAX_FILTER_VALUES)
        .with("found", found))
}

fn not_a_value(field: &str, form: &str) -> Refusal {
    Refusal::new(Reason::FieldFormat, field).with("form", form)
}

fn is_one_of<T: PartialEq>(allowed: &[T], value: &T) -> bool {
    allowed.is_empty() || allowed.contains(value)
}
