//! What the index posts of each entry, and which terms a filter asks for.
//!
//! A term is one value of one dimension of one collection: the incidents of a kind, the cases of a party. Postings
//! name candidates, so it does no harm that a subject stays under a term that a correction took from it.
//!
//! Intervals and areas are posted in pyramids of cells, days and squares of about twelve kilometres at the bottom, each
//! level made of larger cells. What touches few cells of a level is *narrow* there, and posted in these cells of this
//! level and of all above. A question takes the lowest level at which it touches few cells, and looks there for what is
//! narrow, and on the levels above for what is *wide*: narrow there and nowhere below. So it costs a bounded number of
//! lists, however long the interval, and finds everything that may overlap.

use trucelog_proto::{
    entry::Entry,
    fold::{self, GeoBox, IncidentFilter, Interval, Subject, filter::CoverageFilter},
    hash::{LeafIndex, RecordDigest},
    limits::{MAX_LATITUDE, MAX_LONGITUDE},
    pb::{self, record::Body},
    record::DecodedRecord,
    rules::{self, Key, RecordState},
    state::{State, StateError},
};

use super::error::IndexError;
use crate::store::{IndexBatch, Posting};

/// Version of the terms. Raised when they change: an index of another version is dropped and made anew.
pub const VERSION: u32 = 1;

const DAY_MS: u64 = 24 * 3600 * 1000;
/// Widths of the cells of time, in milliseconds.
const SPANS: [u64; 3] = [DAY_MS, 16 * DAY_MS, 256 * DAY_MS];
/// Cells of time that a narrow interval may touch.
const SPANS_POSTED: u64 = 2;
/// Widths of the cells of area, in 1e-7 degree.
const SQUARES: [u64; 3] = [1 << 20, 1 << 23, 1 << 26];
/// Cells of area that a narrow circle may touch.
const SQUARES_POSTED: u64 = 4;
/// Cells of one level that a question may touch.
const ASKED: u64 = 16;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Incidents, by the digest of the first version.
    Incidents = 1,
    /// Cases, by the digest of the founding record.
    Cases = 2,
    /// Proposals.
    Proposals = 3,
    /// Coverage reports.
    Coverage = 4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    All = 0,
    Kind = 1,
    Party = 2,
    Member = 3,
    Status = 4,
    Case = 5,
    Span = 6,
    WideSpan = 7,
    Square = 8,
    WideSquare = 9,
}

/// One value of one dimension of one collection.
///
/// ```text
/// length of what follows (1 B) ‖ collection (1 B) ‖ dimension (1 B) ‖ value
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(Vec<u8>);

impl Term {
    fn new(collection: Collection, dimension: Dimension, value: &[u8]) -> Self {
        let len = u8::try_from(2 + value.len())
            .expect("codes, digests, numbers and cells are shorter than 253 bytes");
        let mut bytes = vec![len, collection as u8, dimension as u8];
        bytes.extend(value);
        Self(bytes)
    }

    /// Everything in a collection.
    #[must_use]
    pub fn all(collection: Collection) -> Self {
        Self::new(collection, Dimension::All, &[])
    }

    /// What has a kind: of incident or of proposal.
    #[must_use]
    pub fn kind(collection: Collection, kind: i32) -> Self {
        Self::new(collection, Dimension::Kind, &kind.to_be_bytes())
    }

    /// What a member wrote.
    #[must_use]
    pub fn member(collection: Collection, code: &str) -> Self {
        Self::new(collection, Dimension::Member, code.as_bytes())
    }

    /// What a party is named in.
    #[must_use]
    pub fn party(collection: Collection, code: &str) -> Self {
        Self::new(collection, Dimension::Party, code.as_bytes())
    }

    /// What belongs to a case.
    #[must_use]
    pub fn case(collection: Collection, name: &RecordDigest) -> Self {
        Self::new(collection, Dimension::Case, name.as_bytes())
    }

    fn status(status: pb::IncidentStatus) -> Self {
        let status = i32::from(status).to_be_bytes();
        Self::new(Collection::Incidents, Dimension::Status, &status)
    }

    /// The bytes with which its postings begin.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Levels of cells over a line or a plane. `cells` gives the cells of a level that something touches, or none if there
/// are more than a number of them.
struct Pyramid<F> {
    collection: Collection,
    narrow: Dimension,
    wide: Dimension,
    levels: usize,
    cells: F,
}

impl<F: Fn(usize, u64) -> Option<Vec<Vec<u8>>>> Pyramid<F> {
    fn term(&self, dimension: Dimension, level: usize, cell: &[u8]) -> Term {
        let level = u8::try_from(level).expect("a pyramid has less than 256 levels");
        Term::new(self.collection, dimension, &[&[level], cell].concat())
    }

    /// The terms under which something is posted.
    fn posted(&self, limit: u64) -> Vec<Term> {
        let mut terms = Vec::new();
        for level in 0..self.levels {
            let Some(cells) = (self.cells)(level, limit) else {
                continue;
            };
            if terms.is_empty() {
                terms.extend(cells.iter().map(|cell| self.term(self.wide, level, cell)));
            }
            terms.extend(cells.iter().map(|cell| self.term(self.narrow, level, cell)));
        }
        if terms.is_empty() {
            terms.push(self.term(self.wide, self.levels, &[]));
        }
        terms
    }

    /// The terms that a question asks for; none if it touches many cells at every level.
    fn asked(&self) -> Option<Vec<Term>> {
        let level = self.lowest_level()?;
        let cells = (self.cells)(level, ASKED)?;
        let mut terms: Vec<Term> = cells
            .iter()
            .map(|cell| self.term(self.narrow, level, cell))
            .collect();
        for wider in level + 1..self.levels {
            let cells = (self.cells)(wider, ASKED)?;
            terms.extend(cells.iter().map(|cell| self.term(self.wide, wider, cell)));
        }
        terms.push(self.term(self.wide, self.levels, &[]));
        Some(terms)
    }

    /// The lowest level at which a question touches few cells.
    fn lowest_level(&self) -> Option<usize> {
        (0..self.levels).find(|level| (self.cells)(*level, ASKED).is_some())
    }
}

/// The pyramid of an interval, both ends included.
fn spans(
    collection: Collection,
    first: u64,
    last: u64,
) -> Pyramid<impl Fn(usize, u64) -> Option<Vec<Vec<u8>>>> {
    Pyramid {
        collection,
        narrow: Dimension::Span,
        wide: Dimension::WideSpan,
        levels: SPANS.len(),
        cells: move |level: usize, limit| {
            let (first, last) = (first / SPANS[level], last / SPANS[level]);
            let few = last.checked_sub(first)? < limit;
            few.then(|| {
                (first..=last)
                    .map(|cell| cell.to_be_bytes().to_vec())
                    .collect()
            })
        },
    }
}

/// The pyramid of a box that leaves out the 180th meridian; none for an absent box.
fn squares(bounds: Option<GeoBox>) -> Pyramid<impl Fn(usize, u64) -> Option<Vec<Vec<u8>>>> {
    let from_zero = |coordinate: i32, max: usize| {
        u64::try_from(i64::from(coordinate) + i64::try_from(max).unwrap_or(i64::MAX)).unwrap_or(0)
    };
    let sides = bounds.map(|bounds| {
        let rows = [bounds.south, bounds.north].map(|side| from_zero(side, MAX_LATITUDE));
        let columns = [bounds.west, bounds.east].map(|side| from_zero(side, MAX_LONGITUDE));
        (rows, columns)
    });
    Pyramid {
        collection: Collection::Incidents,
        narrow: Dimension::Square,
        wide: Dimension::WideSquare,
        levels: SQUARES.len(),
        cells: move |level: usize, limit| {
            let (rows, columns) = sides?;
            let [south, north] = rows.map(|side| side / SQUARES[level]);
            let [west, east] = columns.map(|side| side / SQUARES[level]);
            let count = (north - south + 1) * (east - west + 1);
            (count <= limit).then(|| {
                let row = |row: u64| (west..=east).map(move |column| cell(row, column));
                (south..=north).flat_map(row).collect()
            })
        },
    }
}

fn cell(row: u64, column: u64) -> Vec<u8> {
    [row.to_be_bytes(), column.to_be_bytes()].concat()
}

/// The terms whose postings hold every incident that a filter means, and what chose them. `latest_time` is the latest
/// time that a posted report states.
///
/// The first of these that the filter has: case; an interval that touches few days; area; interval; party; kind;
/// status; member. Without any of them, all incidents.
#[must_use]
pub fn asked_for(filter: &IncidentFilter, latest_time: u64) -> Vec<Term> {
    use Collection::Incidents;
    if let Some(case) = &filter.case {
        return vec![Term::case(Incidents, case)];
    }
    let spans = asked_spans(Incidents, filter.interval, latest_time);
    if spans.lowest_level() == Some(0) {
        return spans.asked().unwrap_or_default();
    }
    let squares = filter.area.and_then(|area| squares(area.bounds()).asked());
    let terms = squares.or_else(|| spans.asked());
    let terms = terms.or_else(|| each(&filter.parties, |code| Term::party(Incidents, code)));
    let terms = terms.or_else(|| {
        each(&filter.kinds, |kind| {
            Term::kind(Incidents, i32::from(*kind))
        })
    });
    let terms = terms.or_else(|| asked_statuses(&filter.statuses));
    let terms = terms.or_else(|| each(&filter.members, |code| Term::member(Incidents, code)));
    terms.unwrap_or_else(|| vec![Term::all(Incidents)])
}

/// The terms whose postings hold every coverage report of an interval, or by one of some members.
#[must_use]
pub fn asked_coverage(filter: &CoverageFilter, latest_time: u64) -> Vec<Term> {
    use Collection::Coverage;
    asked_spans(Coverage, filter.interval, latest_time)
        .asked()
        .or_else(|| each(&filter.members, |code| Term::member(Coverage, code)))
        .unwrap_or_else(|| vec![Term::all(Coverage)])
}

/// The terms of one dimension for each of some values; none for no values.
pub fn each<T>(values: &[T], term: impl Fn(&T) -> Term) -> Option<Vec<Term>> {
    (!values.is_empty()).then(|| values.iter().map(term).collect())
}

fn asked_spans(
    collection: Collection,
    interval: Interval,
    latest_time: u64,
) -> Pyramid<impl Fn(usize, u64) -> Option<Vec<Vec<u8>>>> {
    let last = interval.end_ms.saturating_sub(1).min(latest_time);
    spans(collection, interval.start_ms.min(last), last)
}

/// Statuses that an incident has only after a record that says so. The others say that no such record came.
fn asked_statuses(statuses: &[pb::IncidentStatus]) -> Option<Vec<Term>> {
    use pb::IncidentStatus::{Corrected, Corroborated, Disputed, Withdrawn};
    let posted = |status: &pb::IncidentStatus| {
        matches!(status, Corrected | Corroborated | Disputed | Withdrawn)
    };
    if !statuses.iter().all(posted) {
        return None;
    }
    each(statuses, |status| Term::status(*status))
}

/// The bytes that name a subject in the store.
///
/// ```text
/// length of what follows (1 B) ‖ kind of subject (1 B) ‖ name: a digest, or a member's code, '/' and a name
/// ```
#[must_use]
pub fn subject_name(subject: &Subject) -> Vec<u8> {
    let (kind, name) = match subject {
        Subject::Incident(digest) => (1, digest.as_bytes().to_vec()),
        Subject::Case(digest) => (2, digest.as_bytes().to_vec()),
        Subject::Proposal(digest) => (3, digest.as_bytes().to_vec()),
        Subject::Evidence(digest) => (4, digest.as_bytes().to_vec()),
        Subject::Sensor(member, name) => (5, format!("{member}/{name}").into_bytes()),
        Subject::Station(member, name) => (6, format!("{member}/{name}").into_bytes()),
        Subject::Constitution => (7, Vec::new()),
        _ => (0, Vec::new()),
    };
    named(kind, &name)
}

/// The name under which the coverage reports stand that replace the one named `digest`.
#[must_use]
pub fn superseded_name(digest: &RecordDigest) -> Vec<u8> {
    named(8, digest.as_bytes())
}

fn named(kind: u8, name: &[u8]) -> Vec<u8> {
    let len = u8::try_from(1 + name.len())
        .expect("the rules let in codes and names that are shorter than 254 bytes together");
    [&[len, kind], name].concat()
}

/// Adds what the index keeps of the entry at `index`, given as its canonical bytes, to `batch`. `state` is that of the
/// rules after the entry, or at any later size.
///
/// # Errors
///
/// [`IndexError`] when the entry is malformed, or the state fails or does not hold what the record refers to.
pub fn index_entry(
    batch: &mut IndexBatch,
    state: &dyn State,
    index: LeafIndex,
    entry: &[u8],
) -> Result<(), IndexError> {
    let entry = Entry::decode(entry)?;
    let record = &DecodedRecord::decode(&entry.signed_record.record)?;
    let subjects = fold::subjects_of(state, record)?;
    for (digest, term) in posted(state, record, &subjects)? {
        let founded = if digest == record.digest {
            Some(index)
        } else {
            known_index(state, &digest)?
        };
        let index = founded.ok_or_else(|| StateError(format!("record {digest} is not known")))?;
        batch.postings.push((term.0, Posting { index, digest }));
    }
    let names = subjects.iter().map(subject_name).chain(superseded(record));
    batch.subjects.extend(names.map(|name| (name, index)));
    batch.indexed.latest_time = batch.indexed.latest_time.max(latest_time(record));
    Ok(())
}

/// The name of the coverage report that a record replaces.
fn superseded(record: &DecodedRecord) -> Option<Vec<u8>> {
    let Some(Body::CoverageReport(report)) = &record.message.body else {
        return None;
    };
    let replaced = RecordDigest::try_from(report.supersedes.as_slice()).ok()?;
    Some(superseded_name(&replaced))
}

/// Index of the entry that holds the record `digest`; absent for one that the log does not hold.
pub(super) fn known_index(
    state: &dyn State,
    digest: &RecordDigest,
) -> Result<Option<LeafIndex>, StateError> {
    let record: Option<RecordState> = rules::load(state, &Key::Record(digest.as_bytes()))?;
    Ok(record.map(|record| LeafIndex::new(record.index)))
}

/// The terms that a record adds, each with the name of the subject that is posted under it. `subjects` are those that
/// it concerns.
fn posted(
    state: &dyn State,
    record: &DecodedRecord,
    subjects: &[Subject],
) -> Result<Vec<(RecordDigest, Term)>, StateError> {
    use Collection::{Coverage, Incidents, Proposals};
    let message = &record.message;
    let of_own = |terms: Vec<Term>| with(record.digest, terms);
    let of_incident = |terms: Vec<Term>| match subjects.first() {
        Some(Subject::Incident(incident)) => with(*incident, terms),
        _ => Vec::new(),
    };
    Ok(match &message.body {
        Some(Body::IncidentReport(report)) => of_own(
            [
                Term::all(Incidents),
                Term::member(Incidents, &message.member),
            ]
            .into_iter()
            .chain(of_report(report))
            .collect(),
        ),
        Some(Body::Correction(correction)) => of_incident(
            correction
                .report
                .iter()
                .flat_map(of_report)
                .chain([Term::status(pb::IncidentStatus::Corrected)])
                .collect(),
        ),
        Some(Body::Withdrawal(_)) => of_incident(vec![Term::status(pb::IncidentStatus::Withdrawn)]),
        Some(Body::Corroboration(body)) => of_incident(of_corroboration(body.result())),
        Some(Body::Case(case)) => of_case(record.digest, case, subjects),
        Some(Body::Proposal(_)) => {
            let frozen = rules::load_proposal(state, record.digest.as_bytes())?;
            let kind = frozen.unwrap_or_default().rule.kind;
            let mut terms = vec![Term::all(Proposals), Term::kind(Proposals, kind)];
            terms.extend(subjects.iter().filter_map(|subject| match subject {
                Subject::Case(case) => Some(Term::case(Proposals, case)),
                _ => None,
            }));
            of_own(terms)
        }
        Some(Body::CoverageReport(report)) => {
            let spans = spans(Coverage, report.earliest_time, report.latest_time);
            let mut terms = spans.posted(SPANS_POSTED);
            terms.push(Term::all(Coverage));
            terms.push(Term::member(Coverage, &message.member));
            of_own(terms)
        }
        _ => Vec::new(),
    })
}

fn with(name: RecordDigest, terms: Vec<Term>) -> Vec<(RecordDigest, Term)> {
    terms.into_iter().map(|term| (name, term)).collect()
}

fn of_report(report: &pb::IncidentReport) -> Vec<Term> {
    use Collection::Incidents;
    let mut terms = vec![Term::kind(Incidents, report.kind)];
    if !report.apparent_origin.is_empty() {
        terms.push(Term::party(Incidents, &report.apparent_origin));
    }
    terms.extend(spans(Incidents, report.earliest_time, report.latest_time).posted(SPANS_POSTED));
    if let Some(circle) = fold::position(report) {
        terms.extend(squares(circle.bounds()).posted(SQUARES_POSTED));
    }
    terms
}

fn of_corroboration(result: pb::CorroborationResult) -> Vec<Term> {
    match result {
        pb::CorroborationResult::Confirm => vec![Term::status(pb::IncidentStatus::Corroborated)],
        pb::CorroborationResult::Contradict => vec![Term::status(pb::IncidentStatus::Disputed)],
        _ => Vec::new(),
    }
}

fn of_case(
    digest: RecordDigest,
    case: &pb::Case,
    subjects: &[Subject],
) -> Vec<(RecordDigest, Term)> {
    let Some(Subject::Case(name)) = subjects.first() else {
        return Vec::new();
    };
    let mut terms = Vec::new();
    if *name == digest {
        terms.push(Term::all(Collection::Cases));
    }
    terms.extend(
        case.parties
            .iter()
            .map(|code| Term::party(Collection::Cases, code)),
    );
    let mut posted = with(*name, terms);
    posted.extend(subjects.iter().filter_map(|subject| match subject {
        Subject::Incident(incident) => Some((*incident, Term::case(Collection::Incidents, name))),
        _ => None,
    }));
    posted
}

/// The latest time that a record states of what it reports, Unix milliseconds.
fn latest_time(record: &DecodedRecord) -> u64 {
    match &record.message.body {
        Some(Body::IncidentReport(report)) => report.latest_time,
        Some(Body::Correction(body)) => body.report.as_ref().map_or(0, |report| report.latest_time),
        Some(Body::CoverageReport(report)) => report.latest_time,
        _ => 0,
    }
}
