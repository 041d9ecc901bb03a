//! Verifies a whole log from its charter on, with state on disk, so that nothing is verified twice.
//!
//! The steps are those of `proto/spec/verify.md`; what they mean is in [`trucelog_proto::verify`]. Here they get
//! their bytes, all cores, and a place to keep what was verified. State is accepted only after the whole check; an
//! interrupted one leaves its progress.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde_json::json;
use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::error::{Error as ProtoError, PolicyError, VerifyError};
use trucelog_proto::hash::{LeafIndex, RootHash, TreeSize, sha256};
use trucelog_proto::note::KeyMaterial;
use trucelog_proto::policy::Verdict;
use trucelog_proto::refusal::Refusal;
use trucelog_proto::rules::{self, Head, Key, KeyState};
use trucelog_proto::state::MemoryState;
use trucelog_proto::tree::{RightEdge, leaf_hash};
use trucelog_proto::verify::{self, Finding, HeadPlace, StopError, Verifier, place_head};

use crate::store::{BundleWriter, Snapshot, Store, bundle_count};
use crate::trust::Trust;
use crate::{Error, json};

/// How often an unfinished check saves its progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);

/// What was seen that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum False {
    /// The checkpoint's own signature.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] VerifyError),
    /// Something in the log that the checkpoint stands for.
    #[error(transparent)]
    Log(#[from] Finding),
}

impl False {
    /// One word for what is false.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Checkpoint(_) => "checkpoint",
            Self::Log(finding) => finding.kind(),
        }
    }

    /// Index of the first false entry, where one entry is to blame.
    #[must_use]
    pub fn index(&self) -> Option<LeafIndex> {
        match self {
            Self::Checkpoint(_) => None,
            Self::Log(finding) => finding.index(),
        }
    }
}

/// Something false, with the evidence that was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Falsehood {
    /// What is false.
    pub what: False,
    /// Directory of the evidence: the signed notes and, where one entry is to blame, its bytes.
    pub evidence: PathBuf,
}

/// Nothing false was seen, but it is not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEnough {
    /// The server shows less than was verified before.
    #[error(
        "stale: the server shows size {served}, size {accepted} was verified before; ask again or ask another server"
    )]
    Stale {
        /// Size that the server shows.
        served: TreeSize,
        /// Size that was verified.
        accepted: TreeSize,
    },
    /// Too few witnesses have signed.
    #[error(transparent)]
    Quorum(#[from] PolicyError),
    /// The checkpoint is signed by keys that are not pinned.
    #[error("the checkpoint is signed by none of the pinned keys")]
    UnknownKey,
    /// A server gave no proof that one checkpoint continues another.
    #[error("the server's consistency proof does not hold: {0}")]
    Consistency(VerifyError),
    /// An entry is of a kind that this software does not judge.
    #[error("entry {index}: newer software is needed: {refusal}")]
    Newer {
        /// Index of the entry.
        index: LeafIndex,
        /// What is not supported.
        refusal: Refusal,
    },
    /// No log has been verified here yet.
    #[error("nothing is verified yet in {}: run trucelog verify log", .0.display())]
    NothingVerified(PathBuf),
    /// The log is shorter than the size that was asked about.
    #[error("size {asked} was asked for, {verified} entries are verified")]
    Size {
        /// Size that was asked for.
        asked: u64,
        /// Entries that are verified.
        verified: TreeSize,
    },
}

/// Where the entries of a log come from.
pub trait EntrySource {
    /// Gives the next entries in order; none when none have come within a moment.
    ///
    /// # Errors
    /// When there is no answer. What was given before stands.
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error>;
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries that were verified, in this check and before.
    pub verified: u64,
    /// Entries that the checkpoint covers.
    pub size: u64,
}

/// A check that found nothing false and enough signatures.
#[derive(Clone, Debug)]
pub struct Report {
    /// The checkpoint and who has signed it.
    pub verdict: Verdict,
    /// Size that was accepted before.
    pub size_before: TreeSize,
    /// Entries verified by this check, not by an earlier one.
    pub entries_verified: u64,
    /// When the log says that it accepted the last entry, Unix milliseconds.
    pub last_accepted_time: u64,
    /// What the person should know though nothing is false.
    pub warnings: Vec<String>,
}

/// Checks the log that the signed checkpoint `note` stands for, and accepts it. `open` gives the entries from an index
/// on, up to the checkpoint's size. `watch` is told of progress. When `stop` becomes true, progress is saved and the
/// check ends.
///
/// # Errors
/// [`Error::False`] with evidence; [`Error::NotEnough`]; [`Error::Interrupted`]; whatever `open` and its source
/// return; [`Error::Io`], [`Error::Damaged`] and [`Error::State`] of the state on disk.
///
/// Source: `proto/spec/verify.md`.
pub fn verify_log<S: EntrySource>(
    store: &Store,
    trust: &Trust,
    note: &[u8],
    mut open: impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
    mut watch: impl FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Report, Error> {
    let checkpoint = open_checkpoint(store, trust, note)?;
    let mut check = |check: &mut Check<'_>| check.run(&mut open, &mut watch, stop);
    if let Some(progress) = store.progress()? {
        match check(&mut Check::new(store, trust, &checkpoint, note, progress)?) {
            // Entries beyond the accepted size bind nobody: without them, the check decides again.
            Err(Error::False(_)) => store.discard_progress()?,
            result => return result,
        }
    }
    check(&mut Check::new(
        store,
        trust,
        &checkpoint,
        note,
        store.snapshot()?,
    )?)
}

/// Step 1: the checkpoint's signature under the pinned log key and origin.
fn open_checkpoint(store: &Store, trust: &Trust, note: &[u8]) -> Result<SignedCheckpoint, Error> {
    let opened = Checkpoint::open(note, trust.policy.log_key(), trust.policy.origin());
    opened.map_err(|error| match error {
        ProtoError::Verify(VerifyError::NoKnownSignature { .. }) => NotEnough::UnknownKey.into(),
        ProtoError::Verify(error) => match keep(store, error.into(), note, &[], None) {
            Ok(falsehood) => falsehood.into(),
            Err(error) => error,
        },
        _ => Error::Answer("it holds no checkpoint"),
    })
}

struct Check<'a> {
    store: &'a Store,
    trust: &'a Trust,
    checkpoint: &'a Checkpoint,
    note: &'a [u8],
    /// The accepted note; empty for none.
    accepted_note: Vec<u8>,
    accepted: TreeSize,
    verifier: Verifier<MemoryState>,
    entries_verified: u64,
}

impl<'a> Check<'a> {
    fn new(
        store: &'a Store,
        trust: &'a Trust,
        checkpoint: &'a SignedCheckpoint,
        note: &'a [u8],
        snapshot: Snapshot,
    ) -> Result<Self, Error> {
        let accepted = accepted_size(trust, &snapshot.note)?;
        let Snapshot {
            note: accepted_note,
            edge,
            state,
        } = snapshot;
        Ok(Self {
            store,
            trust,
            checkpoint: checkpoint.checkpoint(),
            note,
            accepted_note,
            accepted,
            verifier: Verifier::resume(trust.id.clone(), state, edge, accepted)?,
            entries_verified: 0,
        })
    }

    fn run<S: EntrySource>(
        &mut self,
        open: &mut impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
        watch: &mut impl FnMut(Progress),
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        // Step 2.
        let size = self.verifier.size();
        let place = place_head(self.checkpoint, size, |size| self.own_root(size));
        let place = place.map_err(|error: Stop| self.ended(error, None))?;
        if place == HeadPlace::Older {
            return Err(NotEnough::Stale {
                served: self.checkpoint.size,
                accepted: size,
            }
            .into());
        }
        // Step 3.
        let mut writer = BundleWriter::resume(self.store.bundles(), size)?;
        if place == HeadPlace::Newer {
            let mut source = open(LeafIndex::new(size.get()), self.checkpoint.size)?;
            self.replay(&mut source, &mut writer, watch, stop)?;
        }
        // Step 4.
        let finished = self.verifier.finish(self.checkpoint);
        finished.map_err(|finding| self.ended(finding.into(), None))?;
        // Step 5.
        let verdict = self.judge()?;
        if let Err(error) = &verdict.quorum {
            self.save_progress(&mut writer)?;
            return Err(NotEnough::Quorum(error.clone()).into());
        }
        // Step 6.
        writer.flush()?;
        self.store
            .accept(self.note, self.verifier.edge(), self.verifier.state())?;
        self.report(verdict)
    }

    /// Our own root at a size that we have verified.
    fn own_root(&self, size: TreeSize) -> Result<RootHash, Stop> {
        if size == self.verifier.size() {
            return Ok(self.verifier.edge().root());
        }
        let bundles = self.store.bundles();
        let mut edge = RightEdge::new();
        for bundle in 0..bundle_count(size) {
            let entries = bundles.read(bundle, self.verifier.size())?;
            let rest = usize::try_from(size.get() - edge.size().get()).unwrap_or(usize::MAX);
            let leaves = entries.iter().take(rest).map(|entry| leaf_hash(entry));
            leaves.for_each(|leaf| edge.append(leaf));
        }
        Ok(edge.root())
    }

    fn replay<S: EntrySource>(
        &mut self,
        source: &mut S,
        writer: &mut BundleWriter,
        watch: &mut impl FnMut(Progress),
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let mut saved = Instant::now();
        while self.verifier.size() < self.checkpoint.size {
            if stop.load(Ordering::Relaxed) {
                self.save_progress(writer)?;
                return Err(Error::Interrupted);
            }
            let entries = source.next().or_else(|error| {
                self.save_progress(writer)?;
                Err(error)
            })?;
            if entries.is_empty() {
                continue;
            }
            self.append(entries, writer)?;
            watch(Progress {
                verified: self.verifier.size().get(),
                size: self.checkpoint.size.get(),
            });
            if saved.elapsed() > PROGRESS_INTERVAL {
                self.save_progress(writer)?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    /// Looks at entries on all cores, then judges them in order.
    fn append(
        &mut self,
        mut entries: Vec<Vec<u8>>,
        writer: &mut BundleWriter,
    ) -> Result<(), Error> {
        let start = self.verifier.size().get();
        let wanted = usize::try_from(self.checkpoint.size.get() - start).unwrap_or(usize::MAX);
        entries.truncate(wanted);
        let checked: Vec<_> = (start..)
            .zip(&entries)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(index, bytes)| verify::check(&self.trust.id, LeafIndex::new(index), bytes))
            .collect();
        for (checked, bytes) in checked.into_iter().zip(entries) {
            if let Err(error) = self.verifier.append(checked) {
                return Err(self.ended(error.into(), Some(&bytes)));
            }
            writer.push(bytes)?;
            self.entries_verified += 1;
        }
        Ok(())
    }

    fn save_progress(&self, writer: &mut BundleWriter) -> Result<(), Error> {
        writer.flush()?;
        self.store.save_progress(
            &self.accepted_note,
            self.verifier.edge(),
            self.verifier.state(),
        )
    }

    fn judge(&self) -> Result<Verdict, Error> {
        let verdict = self
            .trust
            .policy
            .evaluate(self.note)
            .map_err(|error| match error {
                ProtoError::Verify(error) => self.ended(Stop::False(error.into()), None),
                _ => Error::Answer("it holds no checkpoint"),
            })?;
        for cosigner in &verdict.cosigners {
            let timely = self.verifier.check_cosignature(cosigner.time);
            timely.map_err(|error| self.ended(error.into(), None))?;
        }
        Ok(verdict)
    }

    /// Why the check ended. Evidence of something false is kept.
    fn ended(&self, stop: Stop, entry: Option<&[u8]>) -> Error {
        match stop {
            Stop::False(what) => {
                match keep(self.store, what, self.note, &self.accepted_note, entry) {
                    Ok(falsehood) => falsehood.into(),
                    Err(error) => error,
                }
            }
            Stop::Error(error) => error,
        }
    }

    fn report(&self, verdict: Verdict) -> Result<Report, Error> {
        let head: Head = rules::load(self.verifier.state(), &Key::Head)?.unwrap_or_default();
        Ok(Report {
            verdict,
            size_before: self.accepted,
            entries_verified: self.entries_verified,
            last_accepted_time: head.accepted_time,
            warnings: self.warnings()?,
        })
    }

    fn warnings(&self) -> Result<Vec<String>, Error> {
        let policy = &self.trust.policy;
        let mut warnings = Vec::new();
        if policy.quorum_name() != "none" {
            warnings.extend(
                policy
                    .split_view_warning()
                    .map(|warning| warning.to_string()),
            );
        }
        let log = [policy.log_key()].into_iter();
        for key in log.chain(policy.witnesses().map(|witness| witness.key)) {
            let station: Option<KeyState> =
                rules::load(self.verifier.state(), &Key::PublicKey(key.material().key()))?;
            if let (Some(station), KeyMaterial::Ed25519(_) | KeyMaterial::Cosignature(_)) =
                (station, key.material())
            {
                warnings.push(format!(
                    "the policy key {} is also the key of station {} of {}",
                    key.name(),
                    station.station,
                    station.member
                ));
            }
        }
        Ok(warnings)
    }
}

/// Why a step ended the check, before evidence is kept.
enum Stop {
    False(False),
    Error(Error),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::False(finding.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<StopError> for Stop {
    fn from(error: StopError) -> Self {
        match error {
            StopError::False(finding) => finding.into(),
            StopError::Newer { index, refusal } => {
                Self::Error(NotEnough::Newer { index, refusal }.into())
            }
            StopError::State(error) => Self::Error(error.into()),
            _ => Self::Error(Error::Answer("it holds an entry that cannot be judged")),
        }
    }
}

/// Size of the accepted checkpoint; 0 for none.
fn accepted_size(trust: &Trust, note: &[u8]) -> Result<TreeSize, Error> {
    if note.is_empty() {
        return Ok(TreeSize::new(0));
    }
    let opened = Checkpoint::open(note, trust.policy.log_key(), trust.policy.origin());
    let accepted = opened.map_err(|_| Error::NotA {
        what: "the accepted checkpoint in the state directory".to_owned(),
        expected: "signed by the pinned key; give each log a state directory of its own",
    })?;
    Ok(accepted.checkpoint().size)
}

/// Keeps what was seen, so that anybody can judge it.
fn keep(
    store: &Store,
    what: False,
    note: &[u8],
    accepted_note: &[u8],
    entry: Option<&[u8]>,
) -> Result<Box<Falsehood>, Error> {
    let index = what.index().map(LeafIndex::get);
    let finding = json!({
        "schema": "trucelog.evidence/v1",
        "kind": what.kind(),
        "index": index,
        "finding": what.to_string(),
        "served_checkpoint": "served.checkpoint",
        "accepted_checkpoint": (!accepted_note.is_empty()).then_some("accepted.checkpoint"),
        "entry": entry.map(|_| "entry"),
    });
    let finding = format!("{finding:#}\n");
    let mut files: Vec<(&str, &[u8])> = vec![
        ("finding.json", finding.as_bytes()),
        ("served.checkpoint", note),
    ];
    if !accepted_note.is_empty() {
        files.push(("accepted.checkpoint", accepted_note));
    }
    if let Some(entry) = entry {
        files.push(("entry", entry));
    }
    let digest = json::hex(&sha256(&[note, entry.unwrap_or_default()])[..4]);
    let evidence = store.keep_evidence(&format!("{}-{digest}", what.kind()), &files)?;
    Ok(Box::new(Falsehood { what, evidence }))
}
