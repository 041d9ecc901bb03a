//! Exported JSON lines checked against what they state, from each line alone.

use trucelog_proto::hash::{CharterDigest, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::record::{self, LogId};
use trucelog_proto::refusal::Refusal;

use super::export::{LINE_SCHEMA, Line};
use crate::json::{self, JsonError, parse_hex};

/// A line does not hold what it states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line is not of its form.
    #[error("not a line of an export: {0}")]
    Form(String),
    /// The record is not of its form.
    #[error("the record: {0}")]
    Record(#[from] JsonError),
    /// The record has no canonical bytes.
    #[error("the record: {0}")]
    Canonical(Refusal),
    /// The record has another digest than the line states.
    #[error("the record's digest is {computed}, the line states {stated}")]
    Digest {
        /// What the line states.
        stated: String,
        /// What its record has.
        computed: RecordDigest,
    },
    /// The signature is not over this record.
    #[error("the signature: {0}")]
    Signature(Refusal),
}

/// What a line states of its record, and what was found wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLine {
    /// Line of the file, from 1.
    pub number: usize,
    /// Digest of the record, computed, or why there is none.
    pub result: Result<RecordDigest, LineError>,
}

/// Tells whether a file begins like exported JSON lines.
#[must_use]
pub fn is_export(bytes: &[u8]) -> bool {
    let first = bytes.split(|&byte| byte == b'\n').next();
    first.is_some_and(|line| serde_json::from_slice::<Line>(line).is_ok())
}

/// Computes the digest of each line's record from its JSON, compares it with the stated one, and checks the signature.
#[must_use]
pub fn check(bytes: &[u8]) -> Vec<CheckedLine> {
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = (1..).zip(lines).filter(|(_, line)| !line.is_empty());
    lines
        .map(|(number, line)| CheckedLine {
            number,
            result: check_line(line),
        })
        .collect()
}

fn check_line(line: &[u8]) -> Result<RecordDigest, LineError> {
    let form = |problem: &dyn std::fmt::Display| LineError::Form(problem.to_string());
    let line: Line = serde_json::from_slice(line).map_err(|error| form(&error))?;
    if line.schema != LINE_SCHEMA {
        return Err(form(&format_args!("the schema is not {LINE_SCHEMA}")));
    }
    let record: pb::Record = json::parse_value("trucelog.v1.Record", line.record)?;
    let bytes =
        json::canonical_bytes(&record).map_err(|error| LineError::Canonical(error.into()))?;
    let computed = record::record_digest(&bytes);
    if computed.to_string() != line.record_digest {
        return Err(LineError::Digest {
            stated: line.record_digest,
            computed,
        });
    }
    let hex = |text: &str, what| {
        let not_hex = || form(&format_args!("{what} is not lower-case hexadecimal"));
        parse_hex(text).ok_or_else(not_hex)
    };
    let charter: CharterDigest = line.charter_digest.parse().map_err(|error| form(&error))?;
    let id = LogId {
        origin: line.origin.parse().map_err(|error| form(&error))?,
        charter,
    };
    let signed = pb::SignedRecord {
        record: bytes,
        public_key: hex(&line.public_key, "public_key")?,
        signature: hex(&line.signature, "signature")?,
    };
    record::verify(&signed, &id).map_err(LineError::Signature)?;
    Ok(computed)
}
