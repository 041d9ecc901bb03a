//! The outbox: a station directory whose signed records are sent in order until each has its receipt.
//!
//! There is no second store. A record is in the outbox as soon as it is in `signed/`, synced; it has left it when its
//! receipt lies beside it, synced. Nothing else is remembered, so a crash at any moment loses nothing and sends nothing
//! twice: the log answers a record that it holds with its first receipt.
//!
//! In scope: sending, and comparing receipts with the verified log. Out of scope: signing ([`crate::station`]), one
//! attempt to submit ([`crate::submit`]).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use prost::Message as _;
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::tlog_proof::TlogProof;

use crate::evidence::{Evidence, LOG_NOTE, RECEIPT_NOTE, cosigned_backwards};
use crate::falsehood::{False, Falsehood, Instead};
use crate::reader::LocalLog;
use crate::receipt::Receipt;
use crate::refused::Refused;
use crate::station::{self, SignedFiles, note_refused, noted_refusal, receipt_path};
use crate::submit::{Outcome, Submitter, keep_evidence};
use crate::trust::Trust;
use crate::{Error, durable};

/// Records that are under way at a time.
const WINDOW: usize = 64;
/// How often a runner that follows looks for new records.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// A signed record in the outbox.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its sequence among the records of its key.
    pub sequence: u64,
    /// Its digest.
    pub digest: RecordDigest,
    /// Its `.signed` file.
    pub path: PathBuf,
    /// What has become of it.
    pub state: LetterState,
}

/// What has become of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// It has no receipt yet.
    Waiting {
        /// Since when it is in the outbox.
        since: SystemTime,
    },
    /// Its receipt holds.
    Logged {
        /// Index that the receipt promises.
        index: LeafIndex,
    },
    /// The server has refused it. It is sent again until another record replaces it.
    Refused(Box<Refused>),
    /// It was refused, and another record is signed or logged in its place.
    Replaced,
}

/// Reads the outbox of a station directory, in the order of sequences, and checks every receipt. A receipt that does
/// not hold counts as none: the record is sent again.
///
/// # Errors
/// [`Error::Io`]; [`Error::NotA`]; [`station::StationError::Malformed`].
pub fn read(directory: &Path, trust: &Trust) -> Result<Vec<Letter>, Error> {
    let files = station::signed_files(directory)?;
    let letters = files.iter().map(|((sequence, digest), path)| {
        let submission = station::read_submission(path)?;
        let receipt = station::stored_receipt(path, &submission, trust)?;
        let state = match (receipt, noted_refusal(path)?) {
            (Some(receipt), _) => LetterState::Logged {
                index: receipt.index,
            },
            (None, _) if is_replaced(&files, (*sequence, *digest))? => LetterState::Replaced,
            (None, Some(refused)) => LetterState::Refused(Box::new(refused)),
            (None, None) => LetterState::Waiting {
                since: modified(path)?,
            },
        };
        Ok(Letter {
            sequence: *sequence,
            digest: *digest,
            path: path.clone(),
            state,
        })
    });
    letters.collect()
}

fn modified(path: &Path) -> Result<SystemTime, Error> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .map_err(Error::io(path))
}

/// Tells whether another record of the same sequence names this one in `replaces`, or has a receipt.
fn is_replaced(
    files: &SignedFiles,
    (sequence, digest): (u64, RecordDigest),
) -> Result<bool, Error> {
    for ((_, other), path) in station::files_at(files, sequence) {
        if *other != digest && (receipt_path(path).exists() || replaces(path)?.contains(&digest)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn replaces(path: &Path) -> Result<Vec<RecordDigest>, Error> {
    let signed = station::read_submission(path)?.signed_record;
    let record = pb::Record::decode(signed.unwrap_or_default().record.as_slice());
    let digests = record.unwrap_or_default().replaces.into_iter();
    Ok(digests
        .filter_map(|digest| RecordDigest::try_from(digest.as_slice()).ok())
        .collect())
}

/// Sends the records of a station directory in order and keeps each receipt as it comes, until all have one; with
/// `follow` it goes on with records that are added later. `told` hears of each new receipt. What is false goes to
/// `evidence` below `evidence_directory`.
///
/// # Errors
/// [`Error::Refused`] at the first refusal, after which nothing is sent; [`Error::False`] when the server answers with
/// a receipt that is false; [`Error::Deadline`] when the submitter's patience ends; [`Error::Locked`] when another
/// process sends from here; as [`Submitter::submit_all`] and [`read`].
pub async fn run(
    directory: &Path,
    submitter: &Submitter,
    follow: bool,
    evidence_directory: &Path,
    mut told: impl FnMut(&Path, &Receipt),
) -> Result<(), Error> {
    let _lock = durable::lock(&directory.join("run.lock"))?;
    let mut settled = BTreeSet::new();
    loop {
        let window = next_window(directory, submitter.trust(), &mut settled)?;
        if window.is_empty() && !follow {
            return Ok(());
        }
        if window.is_empty() {
            tokio::time::sleep(LOOK_INTERVAL).await;
            continue;
        }
        let (paths, submissions): (Vec<PathBuf>, Vec<pb::Submission>) = window.into_iter().unzip();
        let sent = submitter.submit_all(submissions, |number, outcome| match outcome {
            Outcome::Logged(receipt) => {
                durable::replace(&receipt_path(&paths[number]), &receipt.bytes)?;
                told(&paths[number], &receipt);
                Ok(())
            }
            Outcome::Refused(refused) => {
                note_refused(&paths[number], &refused)?;
                Err(Error::Refused(refused))
            }
        });
        sent.await
            .map_err(|error| keep_evidence(error, submitter.trust(), evidence_directory))?;
    }
}

/// The first records that have no receipt, in order. What has one, or was replaced, goes to `settled` and is not looked
/// at again.
fn next_window(
    directory: &Path,
    trust: &Trust,
    settled: &mut BTreeSet<(u64, RecordDigest)>,
) -> Result<Vec<(PathBuf, pb::Submission)>, Error> {
    let files = station::signed_files(directory)?;
    let mut window = Vec::new();
    for (key, path) in &files {
        if window.len() == WINDOW {
            break;
        }
        if settled.contains(key) {
            continue;
        }
        let submission = station::read_submission(path)?;
        let logged = station::stored_receipt(path, &submission, trust)?.is_some();
        if logged || is_replaced(&files, *key)? {
            settled.insert(*key);
        } else {
            window.push((path.clone(), submission));
        }
    }
    Ok(window)
}

/// How the receipts of an outbox compare with the verified log.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Number of records that the log holds where their receipts say.
    pub held: usize,
    /// Number of records beyond the verified size.
    pub beyond: usize,
    /// Records that were accepted and that the log does not hold, with the evidence.
    pub omitted: Vec<Falsehood>,
}

/// Compares each receipt with the verified log, and keeps evidence below `evidence_directory` of every record that was
/// accepted and is not where its receipt says.
///
/// # Errors
/// [`Error::Io`]; [`Error::Damaged`].
pub fn compare(
    letters: &[Letter],
    log: &LocalLog,
    trust: &Trust,
    evidence_directory: &Path,
) -> Result<Comparison, Error> {
    let mut comparison = Comparison::default();
    for letter in letters {
        let LetterState::Logged { index } = letter.state else {
            continue;
        };
        let receipt = durable::read(&receipt_path(&letter.path))?;
        let promise = TlogProof::parse(&receipt).map_err(Error::decode(&letter.path.display()))?;
        match shown(index, &promise, log, trust)? {
            Shown::Held => comparison.held += 1,
            Shown::Beyond => comparison.beyond += 1,
            Shown::Instead(found) => {
                let what = False::Omitted {
                    record: letter.digest,
                    index,
                    found,
                };
                let evidence = omission(&what, index, &promise, log, trust)?;
                let evidence = evidence.keep(evidence_directory)?;
                comparison.omitted.push(Falsehood { what, evidence });
            }
        }
    }
    Ok(comparison)
}

/// What the verified log shows at the index of a receipt.
enum Shown {
    Held,
    Beyond,
    Instead(Instead),
}

fn shown(
    index: LeafIndex,
    promise: &TlogProof,
    log: &LocalLog,
    trust: &Trust,
) -> Result<Shown, Error> {
    if index.get() < log.size().get() {
        let entry = log.entry(index)?;
        let promised = promise.extra.as_deref().unwrap_or_default();
        return Ok(if entry.bytes == promised {
            Shown::Held
        } else {
            Shown::Instead(Instead::Record(entry.digest))
        });
    }
    let judged = |note: &[u8]| trust.judge(note).ok();
    let heads = judged(&promise.checkpoint_note).zip(judged(log.note()));
    let backwards = heads.and_then(|(promised, shown)| cosigned_backwards(&promised, &shown));
    Ok(match backwards {
        Some(_) => Shown::Instead(Instead::Nothing(log.size())),
        None => Shown::Beyond,
    })
}

/// The receipt, and the log's signed head that contradicts it.
fn omission(
    what: &False,
    index: LeafIndex,
    promise: &TlogProof,
    log: &LocalLog,
    trust: &Trust,
) -> Result<Evidence, Error> {
    let promised = promise.extra.as_deref().unwrap_or_default();
    let evidence = Evidence::new(what.kind(), Some(index), what, &trust.policy)
        .with_note(RECEIPT_NOTE, &promise.checkpoint_note)
        .with_note(LOG_NOTE, log.note())
        .with_entry(index, promised, RECEIPT_NOTE, Some(&promise.hashes));
    if index.get() >= log.size().get() {
        return Ok(evidence);
    }
    let (entry, proof) = log.prove(index)?;
    Ok(evidence.with_entry(index, &entry, LOG_NOTE, Some(&proof)))
}
