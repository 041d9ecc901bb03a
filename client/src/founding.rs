//! The record that founds a log: a charter with the operator's signature, or one that is still to be signed.
//!
//! In scope: whether a log can be founded with it. Out of scope: whether the predecessor that it names, if any, is
//! succeeded by it ([`crate::succession`]).

use std::path::Path;

use prost::Message as _;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::entry::genesis_hash;
use trucelog_proto::hash::{CharterDigest, LeafIndex};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{self, DecodedRecord, LogId, VerifiedRecord, record_digest};
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::rules::{self, OPERATOR, OPERATOR_STATION, Placed, RuleError};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::state::MemoryState;

use crate::station::{Slot, Speaker};
use crate::{Error, durable, json, station};

/// A charter that is signed and with which a log can be founded.
#[derive(Clone, Debug, PartialEq)]
pub struct Founding {
    /// The log that it founds.
    pub id: LogId,
    /// The record with its signature.
    pub signed: pb::SignedRecord,
    /// The record.
    pub record: pb::Record,
    /// The charter in it.
    pub charter: pb::Charter,
}

impl Founding {
    /// Checks form, signature and rules of a signed charter.
    ///
    /// # Errors
    /// [`RuleError::Refused`] with the first thing that does not hold.
    ///
    /// Source: `proto/spec/rules.md`, "Charter".
    pub fn of(signed: pb::SignedRecord) -> Result<Self, RuleError> {
        let record = DecodedRecord::decode(&signed.record)?.message;
        let Some(Body::Charter(charter)) = record.body.clone() else {
            return Err(Refusal::new(Reason::FieldRequired, "charter").into());
        };
        let id = LogId {
            origin: origin_of(&charter)?,
            charter: CharterDigest::from_bytes(*record_digest(&signed.record).as_bytes()),
        };
        judge(&record::verify(&signed, &id)?, &id.origin)?;
        Ok(Self {
            id,
            signed,
            record,
            charter,
        })
    }

    /// Reads a `.signed` file, and checks what is in it.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::NotA`] when it is no such file; [`Error::Invalid`] as [`Self::of`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self::of(read_signed(path)?)?)
    }
}

/// Reads the signed record in a `.signed` file. Nothing in it is verified.
///
/// # Errors
/// [`Error::Io`]; [`Error::NotA`] when it is no such file.
pub fn read_signed(path: &Path) -> Result<pb::SignedRecord, Error> {
    let submission = station::read_submission(path)?;
    submission.signed_record.ok_or_else(|| Error::NotA {
        what: path.display().to_string(),
        expected: "a signed record",
    })
}

/// Reads a charter that is written as JSON; see `trucelog charter template`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Json`]; [`Error::NotA`] when it is another record.
pub fn read_draft(path: &Path) -> Result<(pb::Record, pb::Charter), Error> {
    let text = String::from_utf8_lossy(&durable::read(path)?).into_owned();
    let record = json::parse_record(&text)?;
    match record.body.clone() {
        Some(Body::Charter(charter)) => Ok((record, charter)),
        _ => Err(Error::NotA {
            what: path.display().to_string(),
            expected: "a charter",
        }),
    }
}

/// Who signs a charter.
#[must_use]
pub fn speaker() -> Speaker {
    Speaker {
        member: OPERATOR.to_owned(),
        station: OPERATOR_STATION.to_owned(),
    }
}

/// A charter's place among the records of its key: it is the only one.
#[must_use]
pub fn slot() -> Slot {
    Slot {
        sequence: 1,
        replaces: Vec::new(),
    }
}

/// Checks a charter as if the operator that it names had signed it.
///
/// # Errors
/// [`RuleError::Refused`] with the first thing that does not hold.
///
/// Source: `proto/spec/rules.md`, "Charter".
pub fn rehearse(charter: &pb::Charter) -> Result<(), RuleError> {
    let (speaker, slot) = (speaker(), slot());
    let record = pb::Record {
        member: speaker.member,
        station: speaker.station,
        sequence: slot.sequence,
        created_time: 1,
        body: Some(Body::Charter(charter.clone())),
        ..pb::Record::default()
    };
    let public_key = PublicKey::try_from(charter.operator_key.as_slice()).map_err(|error| {
        Refusal::new(Reason::KeyMalformed, "charter.operator_key").with("problem", error)
    })?;
    let record = DecodedRecord::decode(&record.encode_to_vec())?;
    judge(&VerifiedRecord { record, public_key }, &origin_of(charter)?)
}

fn origin_of(charter: &pb::Charter) -> Result<Origin, Refusal> {
    let origin: Result<Origin, _> = charter.origin.parse();
    origin
        .map_err(|error| Refusal::new(Reason::FieldFormat, "charter.origin").with("problem", error))
}

/// Asks the rules, as the server will.
fn judge(record: &VerifiedRecord, origin: &Origin) -> Result<(), RuleError> {
    let placed = Placed {
        index: LeafIndex::new(0),
        accepted_time: record.record.message.created_time,
        leaf: genesis_hash(origin),
        record,
    };
    rules::apply(&MemoryState::default(), placed).map(drop)
}
