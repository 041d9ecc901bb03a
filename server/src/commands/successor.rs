//! `trucelogd init --successor-of`: a log that takes over from one whose mirror is at hand.
//!
//! In scope: drafting the new log's charter from what the mirror has verified, and checking the endorsed charter against
//! it. Out of scope: endorsing, which the members do (`trucelog charter endorse`), and founding ([`super::init`]).
//!
//! The mirror must not run meanwhile: one process has its store open.

use std::{fs, path::Path, sync::Arc};

use trucelog_client::{
    json,
    succession::{Predecessor, ReplayError},
};
use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    entry::Entry,
    hash::LeafIndex,
    pb::{self, record::Body},
    record::{DecodedRecord, LogId},
    signature::PublicKey,
};

use super::{
    CommandError,
    check::CheckError,
    mirror::{open_store, read_trust},
    read_keys,
};
use crate::{
    config::Config,
    mirror::{Mirror, config::MirrorConfig},
    sequencer::Identity,
    store::{LogStore as _, Store, StoreError},
};

/// A draft that was written.
#[derive(Debug)]
pub struct Drafted {
    /// The head of the predecessor that is carried over.
    pub head: Checkpoint,
    /// What is to be looked at before anybody endorses the draft.
    pub notes: Vec<String>,
}

/// Writes the charter of a successor to `file`, as JSON: what the log of the mirror carries over, with the configured
/// log keys, `origin` and the operator's key. It is to be edited, and then endorsed.
///
/// # Errors
///
/// [`CommandError`]; nothing is written then.
pub fn draft(
    config: &Config,
    mirror: &MirrorConfig,
    origin: &Origin,
    operator_key: &PublicKey,
    file: &Path,
) -> Result<Drafted, CommandError> {
    let copy = Copy::open(mirror)?;
    let predecessor = copy.replay()?;
    let mut charter = predecessor.terms(|index| copy.record(index))?;
    let identity = Identity {
        log: LogId {
            origin: origin.clone(),
            ..copy.id.clone()
        },
        keys: read_keys(config)?,
    };
    charter.origin = origin.to_string();
    charter.log_key = identity.verifier_key().to_string();
    let log_key_pq = identity.verifier_key_pq();
    charter.log_key_pq = log_key_pq.map(|key| key.to_string()).unwrap_or_default();
    charter.operator_key = operator_key.as_bytes().to_vec();
    let notes = notes(&charter, &predecessor)?;
    let record = pb::Record {
        body: Some(Body::Charter(charter)),
        ..pb::Record::default()
    };
    let text = format!("{:#}\n", json::from_record(&record));
    fs::write(file, text).map_err(|source| CommandError::Unwritable {
        what: "draft",
        path: file.to_owned(),
        source,
    })?;
    Ok(Drafted {
        head: copy.head,
        notes,
    })
}

/// Verifies that `charter` succeeds the log of the mirror.
///
/// # Errors
///
/// [`CommandError::Succession`]; or that the mirror cannot be read.
pub fn check(mirror: &MirrorConfig, charter: &pb::Charter) -> Result<(), CommandError> {
    let copy = Copy::open(mirror)?;
    Ok(copy.replay()?.verify(charter)?)
}

/// What the state cannot carry over as it stands.
fn notes(charter: &pb::Charter, predecessor: &Predecessor) -> Result<Vec<String>, CommandError> {
    let mut notes = Vec::new();
    for member in &charter.members {
        let code = &member.code;
        for (field, key) in [
            ("authority_key", &member.authority_key),
            ("recovery_key", &member.recovery_key),
        ] {
            if key.is_empty() {
                notes.push(format!("{code} has no {field} in force: fill it in"));
            }
        }
    }
    let standing = predecessor.members()?.members.into_iter();
    notes.extend(standing.filter(|member| member.suspended).map(|member| {
        format!(
            "{} is suspended there and would not be here: take it out, or leave it in",
            member.member
        )
    }));
    Ok(notes)
}

/// The copy that a mirror keeps, up to the head that it accepted last.
struct Copy {
    id: LogId,
    store: Arc<Store>,
    head: Checkpoint,
}

impl Copy {
    fn open(config: &MirrorConfig) -> Result<Self, CommandError> {
        let trust = read_trust(config)?;
        let id = trust.id.clone();
        let store = open_store(config, &trust).map_err(|error| match error {
            CommandError::Store(source @ StoreError::Rocks { .. }) => {
                CommandError::MirrorOpen { source }
            }
            error => error,
        })?;
        let store = Arc::new(store);
        let mirror = Mirror::open(Arc::clone(&store), trust, config.evidence_dir.clone())?;
        let head = mirror.accepted().borrow().clone();
        let head = head.ok_or_else(|| CommandError::EmptyMirror {
            data_dir: config.data_dir.clone(),
        })?;
        Ok(Self {
            id,
            store,
            head: head.checkpoint.clone(),
        })
    }

    /// Verifies every entry again, from the charter on: what members endorse rests on it, and disks rot.
    fn replay(&self) -> Result<Predecessor, CommandError> {
        let entries = (0..self.head.size.get()).map(|index| self.entry(LeafIndex::new(index)));
        let replayed = Predecessor::replay(&self.id, entries);
        replayed.map_err(|error| match error {
            ReplayError::Read(error) => error,
            ReplayError::Stopped(error) => CheckError::from(error).into(),
        })
    }

    fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, CommandError> {
        let bytes = self.store.entry(index)?;
        bytes.ok_or_else(|| CheckError::Missing { index }.into())
    }

    fn record(&self, index: LeafIndex) -> Result<pb::Record, CommandError> {
        let entry = Entry::decode(&self.entry(index)?)?;
        Ok(DecodedRecord::decode(&entry.signed_record.record)?.message)
    }
}
