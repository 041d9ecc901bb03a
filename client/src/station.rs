//! A station: its key, the sequence of its records, and its signed records on disk.
//!
//! ```text
//! DIR/key.pem                         the private key, readable by its owner only
//! DIR/station.json                    member, station, origin, charter and public key, fixed at first use
//! DIR/signed/SEQUENCE-DIGEST.signed   every record signed with the key
//! DIR/signed/SEQUENCE-DIGEST.tlog-proof   its receipt
//! DIR/signed/SEQUENCE-DIGEST.refused  why the server refused it, when it did
//! ```
//!
//! **Invariant:** signed bytes leave this module only after they are in `signed/`, synced. The next sequence is one
//! more than the highest in `signed/`, so no crash makes the key sign two records at one sequence of which neither
//! names the other. The server's word is never used.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::record::{self, DecodedRecord, LogId, NO_CHARTER};
use trucelog_proto::signature::PublicKey;

use crate::key;
use crate::receipt::{self, Receipt};
use crate::refused::Refused;
use crate::trust::Trust;
use crate::{Error, durable};

/// A station's directory or counter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StationError {
    /// The station directory was set up for something else.
    #[error("{}: {field} is {known} here, {given} was given; one directory serves one key of one station", path.display())]
    Other {
        /// The file that fixes it.
        path: PathBuf,
        /// What differs.
        field: &'static str,
        /// What the file says.
        known: String,
        /// What was given.
        given: String,
    },
    /// The station directory is new and something is missing.
    #[error("{} is new: give --{option} once, it is remembered there", directory.display())]
    NotSetUp {
        /// The station directory.
        directory: PathBuf,
        /// The missing option.
        option: &'static str,
    },
    /// A record is to be replaced that is not in the way.
    #[error(
        "{0} was not refused: only a refused record of this station is replaced; see trucelog outbox status"
    )]
    NotRefused(RecordDigest),
    /// A file in the station directory is not of its form.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Who signs: the speaker of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Code of the member.
    pub member: String,
    /// Name of the station.
    pub station: String,
}

/// What a record needs beside its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Sequence of the record among those of its key.
    pub sequence: u64,
    /// Digests of refused records at this sequence.
    pub replaces: Vec<RecordDigest>,
}

/// The time now, Unix milliseconds.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Fills in the envelope of `record`, signs it for the log `id`, and gives what is to be submitted. A `created_time`
/// or `label` that is set stays. A Charter is signed for no charter.
///
/// # Errors
/// [`Error::Invalid`] when the record has no canonical bytes or is too long.
pub fn sign(
    mut record: pb::Record,
    speaker: &Speaker,
    slot: &Slot,
    id: &LogId,
    key: &SigningKey,
) -> Result<pb::Submission, Error> {
    record.member.clone_from(&speaker.member);
    record.station.clone_from(&speaker.station);
    record.sequence = slot.sequence;
    record.replaces = slot
        .replaces
        .iter()
        .map(|digest| digest.as_bytes().to_vec())
        .collect();
    if record.created_time == 0 {
        record.created_time = now_ms();
    }
    let bytes = record.encode_to_vec();
    let decoded = DecodedRecord::decode(&bytes)?;
    let mut id = id.clone();
    if decoded.is_charter() {
        id.charter = NO_CHARTER;
    }
    Ok(pb::Submission {
        origin: id.origin.as_str().to_owned(),
        charter_digest: id.charter.as_bytes().to_vec(),
        signed_record: Some(record::sign(bytes, &id, key)),
    })
}

const LOWEST: RecordDigest = RecordDigest::from_bytes([0; 32]);
const HIGHEST: RecordDigest = RecordDigest::from_bytes([0xff; 32]);

/// What a station directory is for, the content of `station.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    schema: String,
    member: String,
    station: String,
    origin: String,
    charter: String,
    public_key: String,
}

const IDENTITY_SCHEMA: &str = "trucelog.station/v1";

/// A station directory, held by one process at a time.
#[derive(Debug)]
pub struct StationDir {
    directory: PathBuf,
    speaker: Speaker,
    id: LogId,
    key: SigningKey,
    _lock: fs::File,
}

/// What may be known of a station before its directory is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Code of the member.
    pub member: Option<String>,
    /// Name of the station.
    pub station: Option<String>,
}

impl StationDir {
    /// Opens a station directory for the log `id`. It must hold `key.pem`. What `claims` says is remembered at first
    /// use and compared afterwards.
    ///
    /// # Errors
    /// [`StationError`] when the directory is of another key, station or log, or when it is new and member or station
    /// are not given; [`Error::Locked`]; [`Error::Io`].
    pub fn open(directory: &Path, id: &LogId, claims: &Claims) -> Result<Self, Error> {
        let key = key::read(&directory.join("key.pem"))?;
        let lock = durable::lock(&directory.join("lock"))?;
        let path = directory.join("station.json");
        let identity = match durable::read_if_present(&path)? {
            Some(bytes) => {
                let known =
                    serde_json::from_slice(&bytes).map_err(|error| malformed(&path, &error))?;
                check_identity(&known, id, claims, &key, &path)?;
                known
            }
            None => set_up(directory, id, claims, &key, &path)?,
        };
        durable::create_directory(&directory.join("signed"))?;
        Ok(Self {
            directory: directory.to_owned(),
            speaker: Speaker {
                member: identity.member,
                station: identity.station,
            },
            id: id.clone(),
            key,
            _lock: lock,
        })
    }

    /// Who speaks.
    #[must_use]
    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// Directory of the signed records, their receipts and refusals.
    #[must_use]
    pub fn signed_directory(&self) -> PathBuf {
        signed_directory(&self.directory)
    }

    /// The next free sequence: the lowest one at which every signed record was refused, or one more than the highest
    /// signed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn next_slot(&self) -> Result<Slot, Error> {
        let files = signed_files(&self.directory)?;
        let sequences = files.keys().map(|(sequence, _)| *sequence);
        let slots = sequences.map(|sequence| slot_at(&files, sequence));
        Ok(slots.flatten().next().unwrap_or_else(|| slot_after(&files)))
    }

    /// Signs a record at the next free sequence. Its bytes are in [`signed_directory`], synced, before they are given.
    ///
    /// # Errors
    /// As [`sign`]; [`Error::Io`].
    pub fn sign(&self, record: pb::Record) -> Result<(PathBuf, pb::Submission), Error> {
        self.sign_at(record, &self.next_slot()?)
    }

    /// Signs records one after the other, each at the next free sequence. Costs one look at the directory, and one more
    /// for each refused sequence that is used again. `each` is told of every record when it is signed, and may end it.
    ///
    /// # Errors
    /// As [`Self::sign`]; whatever `each` returns. What is signed before stays signed.
    pub fn sign_all(
        &self,
        records: impl IntoIterator<Item = pb::Record>,
        mut each: impl FnMut(&pb::Submission) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut slot = self.next_slot()?;
        for record in records {
            let (_, submission) = self.sign_at(record, &slot)?;
            each(&submission)?;
            slot = if slot.replaces.is_empty() {
                Slot {
                    sequence: slot.sequence + 1,
                    replaces: Vec::new(),
                }
            } else {
                self.next_slot()?
            };
        }
        Ok(())
    }

    /// Signs a record after all that are signed, also when an earlier one was refused.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn append(&self, record: pb::Record) -> Result<(PathBuf, pb::Submission), Error> {
        self.sign_at(record, &slot_after(&signed_files(&self.directory)?))
    }

    /// Signs a record at the sequence of the refused record `digest`, and names in it all that were refused there.
    ///
    /// # Errors
    /// As [`Self::sign`]; [`StationError::NotRefused`].
    pub fn replace(
        &self,
        record: pb::Record,
        digest: &RecordDigest,
    ) -> Result<(PathBuf, pb::Submission), Error> {
        let files = signed_files(&self.directory)?;
        let sequence = files.keys().find(|(_, signed)| signed == digest);
        let slot = sequence.and_then(|(sequence, _)| slot_at(&files, *sequence));
        let slot = slot.ok_or(StationError::NotRefused(*digest))?;
        self.sign_at(record, &slot)
    }

    /// The newest signed record.
    ///
    /// # Errors
    /// As [`read_submission`].
    pub fn newest(&self) -> Result<Option<(PathBuf, pb::Submission)>, Error> {
        let Some((_, path)) = signed_files(&self.directory)?.pop_last() else {
            return Ok(None);
        };
        let submission = read_submission(&path)?;
        Ok(Some((path, submission)))
    }

    fn sign_at(&self, record: pb::Record, slot: &Slot) -> Result<(PathBuf, pb::Submission), Error> {
        let submission = sign(record, &self.speaker, slot, &self.id, &self.key)?;
        let digest = digest_of(&submission);
        let name = format!("{:016}-{}.signed", slot.sequence, digest);
        let path = self.signed_directory().join(name);
        durable::replace(&path, &submission.encode_to_vec())?;
        Ok((path, submission))
    }
}

/// Directory of the signed records, their receipts and refusals in a station directory.
#[must_use]
pub fn signed_directory(directory: &Path) -> PathBuf {
    directory.join("signed")
}

/// The slot at `sequence`, when every record signed there was refused and none is logged.
fn slot_at(files: &SignedFiles, sequence: u64) -> Option<Slot> {
    let mut replaces = Vec::new();
    for ((_, digest), path) in files_at(files, sequence) {
        if !refused_path(path).exists() || receipt_path(path).exists() {
            return None;
        }
        replaces.push(*digest);
    }
    Some(Slot { sequence, replaces })
}

/// The records signed at `sequence`.
pub(crate) fn files_at(
    files: &SignedFiles,
    sequence: u64,
) -> impl Iterator<Item = (&(u64, RecordDigest), &PathBuf)> {
    files.range((sequence, LOWEST)..=(sequence, HIGHEST))
}

/// The slot after all signed records.
fn slot_after(files: &SignedFiles) -> Slot {
    let highest = files.last_key_value().map(|((sequence, _), _)| *sequence);
    Slot {
        sequence: highest.map_or(1, |sequence| sequence + 1),
        replaces: Vec::new(),
    }
}

/// Signed records by sequence and digest.
pub(crate) type SignedFiles = BTreeMap<(u64, RecordDigest), PathBuf>;

/// The signed records of a station directory.
pub(crate) fn signed_files(directory: &Path) -> Result<SignedFiles, Error> {
    let directory = signed_directory(directory);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&directory).map_err(Error::io(&directory))? {
        let path = entry.map_err(Error::io(&directory))?.path();
        if let Some(key) = parse_name(&path) {
            files.insert(key, path);
        }
    }
    Ok(files)
}

/// Where the receipt of a `.signed` file lies: beside it, with `.tlog-proof` instead.
#[must_use]
pub fn receipt_path(signed: &Path) -> PathBuf {
    signed.with_extension("tlog-proof")
}

/// The receipt that lies beside a `.signed` file, if it holds.
///
/// # Errors
/// [`Error::Io`].
pub fn stored_receipt(
    signed: &Path,
    submission: &pb::Submission,
    trust: &Trust,
) -> Result<Option<Receipt>, Error> {
    let bytes = durable::read_if_present(&receipt_path(signed))?;
    Ok(bytes.and_then(|bytes| receipt::verify(&bytes, trust, Some(&digest_of(submission))).ok()))
}

/// Where the refusal of a `.signed` file lies: beside it, with `.refused` instead.
fn refused_path(signed: &Path) -> PathBuf {
    signed.with_extension("refused")
}

/// Notes beside a `.signed` file that the server has refused it, so that its sequence may be signed anew by a record
/// that names it in `replaces`. A refusal that says nothing about the record is not noted.
///
/// # Errors
/// [`Error::Io`].
///
/// # Panics
/// Never: text has a JSON form.
pub fn note_refused(signed: &Path, refused: &Refused) -> Result<(), Error> {
    if !refused.is_about_record() {
        return Ok(());
    }
    let text = serde_json::to_vec_pretty(refused).expect("text has a JSON form");
    durable::replace(&refused_path(signed), &text)
}

/// The refusal that is noted beside a `.signed` file.
///
/// # Errors
/// [`Error::Io`]; [`StationError::Malformed`].
pub fn noted_refusal(signed: &Path) -> Result<Option<Refused>, Error> {
    let path = refused_path(signed);
    let Some(bytes) = durable::read_if_present(&path)? else {
        return Ok(None);
    };
    let refused = serde_json::from_slice(&bytes).map_err(|error| malformed(&path, &error))?;
    Ok(Some(refused))
}

fn parse_name(path: &Path) -> Option<(u64, RecordDigest)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".signed")?;
    let (sequence, digest) = name.split_once('-')?;
    Some((sequence.parse().ok()?, digest.parse().ok()?))
}

/// Digest of the record of a submission.
#[must_use]
pub fn digest_of(submission: &pb::Submission) -> RecordDigest {
    let record = submission
        .signed_record
        .as_ref()
        .map_or(&[][..], |signed| &signed.record);
    record::record_digest(record)
}

/// Reads a `.signed` file.
///
/// # Errors
/// [`Error::Io`]; [`Error::NotA`] when it holds something else.
pub fn read_submission(path: &Path) -> Result<pb::Submission, Error> {
    let bytes = durable::read(path)?;
    let not = || Error::NotA {
        what: path.display().to_string(),
        expected: "a .signed file",
    };
    let submission = pb::Submission::decode(bytes.as_slice()).map_err(|_| not())?;
    if submission.signed_record.is_none() || submission.encode_to_vec() != bytes {
        return Err(not());
    }
    Ok(submission)
}

fn set_up(
    directory: &Path,
    id: &LogId,
    claims: &Claims,
    key: &SigningKey,
    path: &Path,
) -> Result<Identity, Error> {
    let missing = |option| StationError::NotSetUp {
        directory: directory.to_owned(),
        option,
    };
    let identity = Identity {
        schema: IDENTITY_SCHEMA.to_owned(),
        member: claims.member.clone().ok_or_else(|| missing("member"))?,
        station: claims.station.clone().ok_or_else(|| missing("station"))?,
        origin: id.origin.to_string(),
        charter: id.charter.to_string(),
        public_key: PublicKey::of(key).to_string(),
    };
    let text = serde_json::to_vec_pretty(&identity).expect("text has a JSON form");
    durable::replace(path, &text)?;
    Ok(identity)
}

fn check_identity(
    known: &Identity,
    id: &LogId,
    claims: &Claims,
    key: &SigningKey,
    path: &Path,
) -> Result<(), StationError> {
    let fields = [
        ("schema", &known.schema, Some(IDENTITY_SCHEMA.to_owned())),
        ("member", &known.member, claims.member.clone()),
        ("station", &known.station, claims.station.clone()),
        ("origin", &known.origin, Some(id.origin.to_string())),
        ("charter", &known.charter, Some(id.charter.to_string())),
        (
            "key",
            &known.public_key,
            Some(PublicKey::of(key).to_string()),
        ),
    ];
    for (field, known, given) in fields {
        if let Some(given) = given.filter(|given| given != known) {
            return Err(StationError::Other {
                path: path.to_owned(),
                field,
                known: known.clone(),
                given,
            });
        }
    }
    Ok(())
}

fn malformed(path: &Path, problem: &dyn std::fmt::Display) -> StationError {
    StationError::Malformed {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}
