//! A report as the first record of a station in a log that does not exist: every rule that needs no log.
//!
//! In scope: the rules with the usual limits, which a log's charter may set otherwise. Out of scope: references to other
//! records, and parties, which only the log knows.

use prost::Message as _;
use trucelog_proto::hash::{LeafHash, LeafIndex};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{DecodedRecord, VerifiedRecord};
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::rules::{self, CharterState, Key, KeyState, Placed, RULES_VERSION, RuleError};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::state::{MemoryState, StateMut as _, Writes};

use crate::{json, station};

/// Limits of the usual rules, which a log's charter may set otherwise.
const CLOCK_TOLERANCE_MS: u64 = 300_000;
const EVENT_SPAN_MS: u64 = 7 * 24 * 3_600_000;

/// What a rehearsal shows of a record that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong with it.
    Good,
    /// Nothing is wrong with it up to this field, which only the log can check.
    UpTo(String),
}

/// Judges a record as one that a station of `role` makes now. Envelope fields that are empty are filled in.
///
/// # Errors
/// [`RuleError::Refused`] when the record has no canonical bytes, is too long, or breaks a rule.
pub fn judge(record: pb::Record, role: pb::Role) -> Result<Verdict, RuleError> {
    match Scratch::new(record, role)?.judge() {
        Ok(_) => Ok(Verdict::Good),
        Err(RuleError::Refused(refusal)) if refusal.reason == Reason::ReferenceUnknown => {
            Ok(Verdict::UpTo(refusal.field))
        }
        Err(error) => Err(error),
    }
}

/// A report as the first record of a station in a log that does not exist.
struct Scratch {
    state: MemoryState,
    record: VerifiedRecord,
    now: u64,
}

impl Scratch {
    fn new(mut record: pb::Record, role: pb::Role) -> Result<Self, RuleError> {
        let now = station::now_ms();
        let fill = |field: &mut String, value: &str| {
            if field.is_empty() {
                value.clone_into(field);
            }
        };
        fill(&mut record.member, "XXX");
        fill(&mut record.station, "station");
        record.sequence = 1;
        record.replaces.clear();
        if record.created_time == 0 {
            record.created_time = now;
        }
        let bytes = json::canonical_bytes(&record).map_err(Refusal::from)?;
        let record = DecodedRecord::decode(&bytes)?;
        let public_key = PublicKey::of(&ed25519_dalek::SigningKey::from_bytes(&[1; 32]));
        let mut state = MemoryState::default();
        state.apply(&facts(&record.message, &public_key, role))?;
        Ok(Self {
            state,
            record: VerifiedRecord { record, public_key },
            now,
        })
    }

    fn judge(&self) -> Result<Writes, RuleError> {
        let placed = Placed {
            index: LeafIndex::new(1),
            accepted_time: self.now,
            leaf: LeafHash::from_bytes([0; 32]),
            record: &self.record,
        };
        rules::apply(&self.state, placed)
    }
}

/// State in which the station may write, and every party that the report names is one.
fn facts(record: &pb::Record, key: &PublicKey, role: pb::Role) -> Writes {
    let parties = match &record.body {
        Some(Body::IncidentReport(report)) if !report.apparent_origin.is_empty() => {
            vec![report.apparent_origin.clone()]
        }
        _ => Vec::new(),
    };
    let station = KeyState {
        member: record.member.clone(),
        station: record.station.clone(),
        role: role.into(),
        ..KeyState::default()
    };
    let charter = CharterState {
        parties,
        ..CharterState::default()
    };
    let limits = pb::Rules {
        rules_version: RULES_VERSION,
        role_rules: vec![pb::RoleRule {
            role: role.into(),
            members: vec![record.member.clone()],
        }],
        clock_tolerance: CLOCK_TOLERANCE_MS,
        event_span: EVENT_SPAN_MS,
        ..pb::Rules::default()
    };
    let mut writes = Writes::default();
    writes.put(
        Key::PublicKey(key.as_bytes()).encode(),
        station.encode_to_vec(),
    );
    writes.put(Key::Charter.encode(), charter.encode_to_vec());
    writes.put(Key::Rules.encode(), limits.encode_to_vec());
    writes
}
