//! `trucelogd init`: founds a log from its signed charter.

use std::{fs, path::Path, sync::Arc};

use prost::Message as _;
use trucelog_proto::{
    checkpoint::Origin,
    entry::genesis_hash,
    error::DecodeError,
    hash::{CharterDigest, LeafIndex},
    pb::{self, record::Body},
    record::{self, LogId, record_digest},
    rules::{self, Placed, RuleError},
    state::MemoryState,
};

use super::{CommandError, compare_log_keys, read_keys, successor};
use crate::{
    anchor::NewAnchor,
    config::Config,
    mirror::config::MirrorConfig,
    sequencer::{
        Admitted, Fatal, Head, Identity,
        clock::{Clock as _, SystemClock},
        found,
    },
    store::{Meta, Store},
};

/// A founded log.
#[derive(Debug)]
pub struct Founded {
    /// Origin and charter digest.
    pub log: LogId,
    /// The vkey that verifiers need.
    pub verifier_key: String,
    /// The first checkpoint.
    pub head: Arc<Head>,
}

/// Creates store and anchor with the charter in `file`, a `.signed` file, as entry 0. With a mirror, only if the charter
/// succeeds the mirror's log.
///
/// # Errors
///
/// [`CommandError`]; nothing is created when the charter is refused or the directories are taken.
pub fn run(
    config: &Config,
    file: &Path,
    successor_of: Option<&MirrorConfig>,
) -> Result<Founded, CommandError> {
    let submission = read_submission(file)?;
    let log = log_id(&submission, file)?;
    let signed_record = submission.signed_record.unwrap_or_default();
    let charter = Admitted {
        record: record::verify(&signed_record, &log)?,
        signed_record,
    };
    let identity = Identity {
        log: log.clone(),
        keys: read_keys(config)?,
    };
    let verifier_key = identity.verifier_key().to_string();
    let body = charter_of(&charter, file)?;
    check_names_keys(body, &identity, config)?;
    judge(&charter, &log)?;
    if let Some(mirror) = successor_of {
        successor::check(mirror, body)?;
    }
    let anchor = NewAnchor::prepare(&config.anchor_dir)?;
    let store = Arc::new(Store::create(&config.data_dir, Meta { log: log.clone() })?);
    let head = found(identity, store, anchor, SystemClock::new(), charter)??;
    Ok(Founded {
        log,
        verifier_key,
        head,
    })
}

fn read_submission(file: &Path) -> Result<pb::Submission, CommandError> {
    let bytes = fs::read(file).map_err(|source| CommandError::Unreadable {
        what: "charter",
        path: file.to_owned(),
        source,
    })?;
    pb::Submission::decode(bytes.as_slice()).map_err(|error| malformed(file, error.to_string()))
}

/// What the log will be called for good: the origin that the charter was signed for, and the charter's own digest.
fn log_id(submission: &pb::Submission, file: &Path) -> Result<LogId, CommandError> {
    let origin: Origin = submission
        .origin
        .parse()
        .map_err(|error: DecodeError| malformed(file, error.to_string()))?;
    let record = submission
        .signed_record
        .as_ref()
        .map_or(&[][..], |signed| &signed.record);
    let digest = record_digest(record);
    Ok(LogId {
        origin,
        charter: CharterDigest::from_bytes(*digest.as_bytes()),
    })
}

fn charter_of<'a>(charter: &'a Admitted, file: &Path) -> Result<&'a pb::Charter, CommandError> {
    match &charter.record.record.message.body {
        Some(Body::Charter(charter)) => Ok(charter),
        _ => Err(malformed(file, "it holds no Charter".to_owned())),
    }
}

/// Fails unless the Charter names the configured keys as the log's.
fn check_names_keys(
    charter: &pb::Charter,
    identity: &Identity,
    config: &Config,
) -> Result<(), CommandError> {
    let key_pq = identity.verifier_key_pq();
    let key_pq = key_pq.map(|key| key.to_string()).unwrap_or_default();
    compare_log_keys(
        config,
        charter.log_key == identity.verifier_key().to_string(),
        charter.log_key_pq == key_pq,
    )
}

/// Asks the rules before anything is created.
fn judge(charter: &Admitted, log: &LogId) -> Result<(), CommandError> {
    let placed = Placed {
        index: LeafIndex::new(0),
        accepted_time: SystemClock::new().read().wall_ms,
        leaf: genesis_hash(&log.origin),
        record: &charter.record,
    };
    match rules::apply(&MemoryState::default(), placed) {
        Ok(_) => Ok(()),
        Err(RuleError::Refused(refusal)) => Err(refusal.into()),
        Err(RuleError::State(error)) => Err(Fatal::State(error).into()),
    }
}

fn malformed(file: &Path, problem: String) -> CommandError {
    CommandError::Malformed {
        what: "charter",
        path: file.to_owned(),
        problem,
    }
}
