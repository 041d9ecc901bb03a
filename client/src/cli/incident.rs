//! `trucelog incident`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trucelog_proto::hash::{LeafHash, LeafIndex};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{DecodedRecord, VerifiedRecord};
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::{self, CharterState, Key, KeyState, Placed, RULES_VERSION, RuleError};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::state::{MemoryState, StateMut as _, Writes};

use super::args::named;
use super::output;
use crate::{Error, durable, json, station};

/// An incident report with the usual fields, to be edited.
const TEMPLATE: &str = include_str!("../../templates/incident.json");

/// Limits of the usual rules, which a log's charter may set otherwise.
const CLOCK_TOLERANCE_MS: u64 = 300_000;
const EVENT_SPAN_MS: u64 = 7 * 24 * 3_600_000;

/// Writes and checks incident reports.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog incident template > report.json
  trucelog incident check report.json")]
pub(super) enum Command {
    /// Print a report to edit.
    #[command(after_help = "Examples:
  trucelog incident template
  trucelog incident template > report.json")]
    Template,
    Check(Check),
}

/// Check a report without a network: its bytes and every rule that needs no log. References to other records, parties
/// and the limits of the log's own charter are checked by the server.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog incident check report.json
  trucelog incident check report.json --role sensor")]
pub(super) struct Check {
    /// The report as JSON.
    #[arg(value_name = "FILE")]
    report: PathBuf,
    /// Role of the station that will write it.
    #[arg(long, default_value = "monitor", value_parser = |text: &str| named(text, "ROLE_", pb::Role::from_str_name))]
    role: pb::Role,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        match self {
            Self::Template => {
                output::line(TEMPLATE.trim_end());
                Ok(())
            }
            Self::Check(command) => check(&command),
        }
    }
}

fn check(command: &Check) -> Result<(), Error> {
    let text = String::from_utf8_lossy(&durable::read(&command.report)?).into_owned();
    let record = json::parse_record(&text)?;
    if !matches!(record.body, Some(Body::IncidentReport(_))) {
        return Err(Error::NotA {
            what: command.report.display().to_string(),
            expected: "an incident report: {\"incident_report\": {…}}",
        });
    }
    let scratch = Scratch::new(record, command.role)?;
    match scratch.judge() {
        Ok(_) => output::line("OK; parties and references are checked by the server"),
        Err(RuleError::Refused(refusal)) if refusal.reason == Reason::ReferenceUnknown => {
            output::line(format_args!(
                "OK up to {}, which only the log can check",
                refusal.field
            ));
        }
        Err(RuleError::Refused(refusal)) => return Err(refusal.into()),
        Err(RuleError::State(error)) => return Err(error.into()),
    }
    Ok(())
}

/// A report as the first record of a station in a log that does not exist.
struct Scratch {
    state: MemoryState,
    record: VerifiedRecord,
    now: u64,
}

impl Scratch {
    fn new(mut record: pb::Record, role: pb::Role) -> Result<Self, Error> {
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
        let bytes =
            json::canonical_bytes(&record).map_err(trucelog_proto::refusal::Refusal::from)?;
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
    use prost::Message as _;
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
