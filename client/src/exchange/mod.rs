//! Reports from foreign tables, and verified incidents as files for other programs.
//!
//! ```text
//! CSV, JSON ── Table ──▶ rows ── Importer (a Mapping) ──▶ reports ── Plan ──▶ what a station signs
//! verified log ── export ──▶ JSON lines, CSV with an HXL row, GeoJSON
//! ```
//!
//! - [`table`]: a foreign file as columns and rows of text.
//! - [`mapping`]: the mapping file, which says how a row becomes a report, and a report a row.
//! - [`cell`]: one cell as the value of one field, and back.
//! - [`plan`]: which rows are to be signed, which are signed already, and what is wrong with the others.
//! - [`export`]: verified incidents as text.
//! - [`lines`]: exported JSON lines checked against the digests that they state.
//!
//! Out of scope: keys and sequences ([`crate::station`]), and the rules, which [`crate::rehearsal`] runs.
//! `docs/mapping.md` is the manual of mapping files.

pub mod cell;
mod escape;
pub mod export;
pub mod lines;
pub mod mapping;
pub mod plan;
pub mod shipped;
pub mod table;

#[cfg(test)]
mod tests;

pub use escape::{escape, unescape};

use std::path::PathBuf;

use prost::Message as _;
use trucelog_proto::hash::{RecordDigest, sha256};
use trucelog_proto::pb;

use crate::exit::Exit;
use crate::json::hex;

/// Digest of what a report says, whoever signs it when: SHA-256(canonical bytes of the `IncidentReport`), in lower-case
/// hexadecimal.
#[must_use]
pub fn body_digest(report: &pb::IncidentReport) -> String {
    hex(&sha256(&[&report.encode_to_vec()]))
}

/// A table cannot be taken over, or a file of an export is not what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The mapping file is not of its form.
    #[error("mapping {name}, line {line}: {problem}")]
    Mapping {
        /// The file, or the name of a shipped mapping.
        name: String,
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// The table is not of its form.
    #[error("{}: {problem}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Table and mapping do not fit together.
    #[error("{0}")]
    Fit(String),
    /// Rows have no report, or one that would be refused. They are in the answer.
    #[error(
        "{bad} of {rows} rows cannot be taken over and nothing was signed: mend them, or sign the others with --skip-bad"
    )]
    Rows {
        /// How many.
        bad: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// Lines of an export do not hold what they state. They are in the answer.
    #[error("{}: {bad} of {lines} records are not those that the file states", path.display())]
    Lines {
        /// The file.
        path: PathBuf,
        /// How many.
        bad: usize,
        /// How many lines there are.
        lines: usize,
    },
    /// A report, correction or withdrawal belongs to no incident.
    #[error("record {0} belongs to no incident")]
    NoIncident(RecordDigest),
}

impl ExchangeError {
    /// The exit code of a command that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Lines { .. } => Exit::False,
            Self::NoIncident(_) => Exit::NotChecked,
            _ => Exit::Usage,
        }
    }
}
