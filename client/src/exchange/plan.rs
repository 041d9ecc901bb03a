//! Which rows a station is to sign, which it has signed already, and what is wrong with the others.
//!
//! A row is signed already when the station has signed the same report, byte for byte, in a record that was not
//! refused. So the same import again signs only what is missing. A row that the station has signed otherwise is not
//! signed again: what changed in it is a correction.

use std::collections::HashMap;
use std::path::Path;

use prost::Message as _;
use serde_json::{Value, json};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::DecodedRecord;
use trucelog_proto::refusal::Refusal;
use trucelog_proto::rules::RuleError;

use super::body_digest;
use super::mapping::{CellError, Importer, Mapped};
use super::table::{Row, Table};
use crate::Error;
use crate::rehearsal;
use crate::station::{noted_refusal, read_submission, receipt_path, signed_files};

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The row has more or fewer cells than the header.
    #[error("it has {found} cells, the header has {expected}")]
    Length {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// A cell cannot become the value of its field.
    #[error(transparent)]
    Cell(CellError),
    /// The report would be refused.
    #[error("{refusal}")]
    Refused {
        /// The columns behind the field.
        columns: Vec<String>,
        /// The refusal.
        refusal: Refusal,
    },
    /// The row states the digest of another report.
    #[error("the row states body digest {stated}, and its report has {computed}")]
    BodyDigest {
        /// What the row states.
        stated: String,
        /// What its report has.
        computed: String,
    },
    /// An earlier row of the same file gives the same report, or has the same `imported.row`.
    #[error("row {0} is the same")]
    Twice(usize),
    /// The station has signed another report of this row.
    #[error("record {record} took this row over from version {version}, with other content")]
    Otherwise {
        /// What it has signed.
        record: RecordDigest,
        /// Version of the data set in it.
        version: String,
    },
}

impl Problem {
    /// Name of the problem: that of the refusal, or one of the import's own.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Length { .. } => "ROW_LENGTH",
            Self::Cell(_) => "CELL_VALUE",
            Self::Refused { refusal, .. } => refusal.reason.name(),
            Self::BodyDigest { .. } => "BODY_DIGEST",
            Self::Twice(_) => "ROW_TWICE",
            Self::Otherwise { .. } => "ROW_SIGNED_OTHERWISE",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Length { .. } => "Quote cells that hold the delimiter, or set `delimiter` in the mapping.".to_owned(),
            Self::Cell(_) => "Mend the cell, or map the column in another form.".to_owned(),
            Self::Refused { refusal, .. } => refusal.reason.remedy().to_owned(),
            Self::BodyDigest { .. } => {
                "Another program has changed the row: export it anew, or empty the cell if the change is meant.".to_owned()
            }
            Self::Twice(_) => "Leave one out, or give each row a name of its own in imported.row.".to_owned(),
            Self::Otherwise { record, .. } => format!("State what changed: trucelog correct {record}."),
        }
    }

    /// The columns that are to blame.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Cell(error) => error.column.as_deref().into_iter().collect(),
            Self::Refused { columns, .. } => columns.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Path of the field in the report; empty for the row itself.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Cell(error) => &error.field,
            Self::Refused { refusal, .. } => below_report(&refusal.field),
            Self::Otherwise { .. } => "imported.row",
            _ => "",
        }
    }

    /// Facts by name: limits, what was found, what is expected.
    #[must_use]
    pub fn facts(&self) -> Value {
        match self {
            Self::Length { found, expected } => json!({ "found": found, "expected": expected }),
            Self::Cell(error) => json!({ "found": error.found, "expected": error.expected }),
            Self::Refused { refusal, .. } => {
                let facts = refusal.facts.iter();
                facts
                    .map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())))
                    .collect()
            }
            Self::BodyDigest { stated, computed } => {
                json!({ "stated": stated, "computed": computed })
            }
            Self::Twice(row) => json!({ "row": row }),
            Self::Otherwise { record, version } => {
                json!({ "record_digest": record.to_string(), "version": version })
            }
        }
    }
}

/// A path in a record as a path in its report.
fn below_report(field: &str) -> &str {
    let below = field.strip_prefix("incident_report").unwrap_or(field);
    below.strip_prefix('.').unwrap_or(below)
}

/// What is to become of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is to be signed.
    New(Box<pb::IncidentReport>),
    /// The station has signed it.
    Signed(RecordDigest),
    /// It cannot be taken over.
    Bad(Box<Problem>),
}

/// A row with what is to become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRow {
    /// Number of the row, from 1.
    pub number: usize,
    /// Line of the file, from 1; unknown inside a JSON array.
    pub line: Option<u64>,
    /// What is to become of it.
    pub outcome: Outcome,
}

/// Every row of a table with what is to become of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The rows in their order.
    pub rows: Vec<PlannedRow>,
}

/// The envelope that the reports get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Role of the station.
    pub role: pb::Role,
    /// When the records are made, Unix milliseconds; none for when each is signed.
    pub created_time: Option<u64>,
}

impl Envelope {
    /// The record with a report.
    #[must_use]
    pub fn record(&self, report: pb::IncidentReport) -> pb::Record {
        pb::Record {
            created_time: self.created_time.unwrap_or_default(),
            body: Some(Body::IncidentReport(report)),
            ..pb::Record::default()
        }
    }
}

impl Plan {
    /// Plans the import of a table by a station that has signed what `signed` says.
    ///
    /// # Errors
    /// [`Error::State`] when the rules' state in memory fails.
    pub fn new(
        importer: &Importer<'_>,
        table: &Table,
        signed: &Signed,
        envelope: &Envelope,
    ) -> Result<Self, Error> {
        let mut seen = HashMap::new();
        let rows = table.rows.iter().map(|row| {
            let outcome = match judge(importer, row, signed, envelope)? {
                Outcome::New(report) => only_once(report, row.number, &mut seen),
                outcome => outcome,
            };
            Ok(PlannedRow {
                number: row.number,
                line: row.line,
                outcome,
            })
        });
        Ok(Self {
            rows: rows.collect::<Result<_, Error>>()?,
        })
    }

    /// The reports that are to be signed, in the order of their rows.
    pub fn reports(&self) -> impl Iterator<Item = &pb::IncidentReport> {
        self.rows.iter().filter_map(|row| match &row.outcome {
            Outcome::New(report) => Some(&**report),
            _ => None,
        })
    }

    /// Number of rows that are signed already.
    #[must_use]
    pub fn signed(&self) -> usize {
        let signed = |row: &&PlannedRow| matches!(row.outcome, Outcome::Signed(_));
        self.rows.iter().filter(signed).count()
    }

    /// The rows that cannot be taken over.
    pub fn bad(&self) -> impl Iterator<Item = (&PlannedRow, &Problem)> {
        self.rows.iter().filter_map(|row| match &row.outcome {
            Outcome::Bad(problem) => Some((row, &**problem)),
            _ => None,
        })
    }
}

/// What is to become of a row, whatever the others are.
fn judge(
    importer: &Importer<'_>,
    row: &Row,
    signed: &Signed,
    envelope: &Envelope,
) -> Result<Outcome, Error> {
    let mapped = match map(importer, row) {
        Ok(mapped) => mapped,
        Err(problem) => return Ok(bad(problem)),
    };
    if let Some(outcome) = signed.outcome(&mapped.report) {
        return Ok(outcome);
    }
    match rehearsal::judge(envelope.record(mapped.report.clone()), envelope.role) {
        Ok(_) => Ok(Outcome::New(Box::new(mapped.report))),
        Err(RuleError::State(error)) => Err(error.into()),
        Err(RuleError::Refused(refusal)) => {
            let columns = mapped.columns_of(below_report(&refusal.field));
            Ok(bad(Problem::Refused {
                columns: columns.into_iter().map(ToOwned::to_owned).collect(),
                refusal,
            }))
        }
    }
}

fn bad(problem: Problem) -> Outcome {
    Outcome::Bad(Box::new(problem))
}

fn map(importer: &Importer<'_>, row: &Row) -> Result<Mapped, Problem> {
    if row.cells.len() != importer.width() {
        return Err(Problem::Length {
            found: row.cells.len(),
            expected: importer.width(),
        });
    }
    let mapped = importer.report(&row.cells).map_err(Problem::Cell)?;
    let computed = body_digest(&mapped.report);
    match importer.stated_digest(&row.cells) {
        Some(stated) if stated != computed => Err(Problem::BodyDigest {
            stated: stated.to_owned(),
            computed,
        }),
        _ => Ok(mapped),
    }
}

/// Where a report was taken over from: data set and row.
type RowName = (String, String);

fn row_name(report: &pb::IncidentReport) -> Option<RowName> {
    let imported = report.imported.as_ref()?;
    Some((imported.dataset.clone(), imported.row.clone()))
}

/// What makes two rows of a file the same.
#[derive(PartialEq, Eq, Hash)]
enum Same {
    Body(Vec<u8>),
    Row(RowName),
}

fn only_once(
    report: Box<pb::IncidentReport>,
    number: usize,
    seen: &mut HashMap<Same, usize>,
) -> Outcome {
    let same = row_name(&report).map_or_else(|| Same::Body(report.encode_to_vec()), Same::Row);
    if let Some(earlier) = seen.get(&same) {
        return bad(Problem::Twice(*earlier));
    }
    seen.insert(same, number);
    Outcome::New(report)
}

/// The reports that a station has signed in records that were not refused.
#[derive(Clone, Debug, Default)]
pub struct Signed {
    /// By their canonical bytes.
    bodies: HashMap<Vec<u8>, RecordDigest>,
    /// By the row that they were taken over from, with the version of the data set.
    rows: HashMap<RowName, (RecordDigest, String)>,
}

impl Signed {
    /// Reads the signed records of a station directory.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::NotA`]; [`Error::Invalid`] when a file holds something else.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let mut signed = Self::default();
        for path in signed_files(directory)?.into_values() {
            if noted_refusal(&path)?.is_some() && !receipt_path(&path).exists() {
                continue;
            }
            let submission = read_submission(&path)?;
            let record = submission.signed_record.unwrap_or_default().record;
            let record = DecodedRecord::decode(&record)?;
            if let Some(Body::IncidentReport(report)) = record.message.body {
                signed.insert(record.digest, &report);
            }
        }
        Ok(signed)
    }

    /// What became of a report, if it or its row was signed.
    fn outcome(&self, report: &pb::IncidentReport) -> Option<Outcome> {
        if let Some(digest) = self.bodies.get(&report.encode_to_vec()) {
            return Some(Outcome::Signed(*digest));
        }
        let (record, version) = self.rows.get(&row_name(report)?)?;
        Some(bad(Problem::Otherwise {
            record: *record,
            version: version.clone(),
        }))
    }

    fn insert(&mut self, digest: RecordDigest, report: &pb::IncidentReport) {
        self.bodies.insert(report.encode_to_vec(), digest);
        if let (Some(name), Some(imported)) = (row_name(report), &report.imported) {
            self.rows.insert(name, (digest, imported.version.clone()));
        }
    }
}
