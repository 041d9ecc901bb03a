//! Verifies a whole log from its charter on, with state on disk, so that nothing is verified twice.
//!
//! The steps are those of `proto/spec/verify.md`; what they mean is in [`trucelog_proto::verify`]. Here they get
//! their bytes, all cores, and a place to keep what was verified. State is accepted only after the whole check; an
//! interrupted one leaves its progress.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::error::{Error as ProtoError, PolicyError, VerifyError};
use trucelog_proto::hash::{LeafIndex, NodeHash, RootHash, TreeSize};
use trucelog_proto::note::KeyMaterial;
use trucelog_proto::policy::Verdict;
use trucelog_proto::refusal::Refusal;
use trucelog_proto::rules::{self, Head, Key, KeyState};
use trucelog_proto::state::MemoryState;
use trucelog_proto::tree::{RightEdge, leaf_hash};
use trucelog_proto::verify::{self, Finding, HeadPlace, StopError, Verifier, place_head};

use crate::Error;
use crate::evidence::Evidence;
use crate::store::{BundleWriter, Snapshot, Store, bundle_count};
use crate::trust::Trust;

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
    /// The file of evidence, [`crate::evidence`].
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
    /// Evidence holds, but not without something that is not in its file.
    #[error("the evidence does not suffice on its own\n{}", .0.join("\n"))]
    Evidence(Box<[String; 3]>),
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

    /// Gives the inclusion proof of the entry at `index` in the tree of `size` entries, if the source has it. It is not
    /// believed: evidence takes it when it holds.
    fn inclusion(&mut self, _index: LeafIndex, _size: TreeSize) -> Option<Vec<NodeHash>> {
        None
    }
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
    let checked = check_log(store, trust, note, &mut open, &mut watch, stop);
    checked.map_err(|ended| match ended {
        Ended::Error(error) => error,
        Ended::False(found) => {
            let prove = |index, size| open(index, size).ok()?.inclusion(index, size);
            match keep(store, trust, *found, prove) {
                Ok(falsehood) => falsehood.into(),
                Err(error) => error,
            }
        }
    })
}

fn check_log<S: EntrySource>(
    store: &Store,
    trust: &Trust,
    note: &[u8],
    open: &mut impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
    watch: &mut impl FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Report, Ended> {
    let checkpoint = open_checkpoint(trust, note)?;
    let mut check = |check: &mut Check<'_>| check.run(open, watch, stop);
    if let Some(progress) = store.progress()? {
        match check(&mut Check::new(store, trust, &checkpoint, note, progress)?) {
            // Entries beyond the accepted size bind nobody: without them, the check decides again.
            Err(Ended::False(_)) => store.discard_progress()?,
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

/// Keeps evidence at once, and again when there are proofs that complete it.
fn keep(
    store: &Store,
    trust: &Trust,
    found: Found,
    prove: impl FnMut(LeafIndex, TreeSize) -> Option<Vec<NodeHash>>,
) -> Result<Box<Falsehood>, Error> {
    let Found { what, mut evidence } = found;
    let path = evidence.keep(store.directory())?;
    if evidence.complete(trust, prove) {
        evidence.keep(store.directory())?;
    }
    Ok(Box::new(Falsehood {
        what,
        evidence: path,
    }))
}

/// Step 1: the checkpoint's signature under the pinned log key and origin.
fn open_checkpoint(trust: &Trust, note: &[u8]) -> Result<SignedCheckpoint, Ended> {
    let opened = Checkpoint::open(note, trust.policy.log_key(), trust.policy.origin());
    opened.map_err(|error| match error {
        ProtoError::Verify(VerifyError::NoKnownSignature { .. }) => {
            Error::from(NotEnough::UnknownKey).into()
        }
        ProtoError::Verify(error) => {
            let what = False::from(error);
            let evidence = Evidence::new(what.kind(), None, &what, &trust.policy);
            Found::new(what, evidence.with_note(SERVED, note)).into()
        }
        _ => Error::Answer("it holds no checkpoint").into(),
    })
}

/// Names of the notes in evidence.
const SERVED: &str = "served";
const ACCEPTED: &str = "accepted";

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
    ) -> Result<Report, Ended> {
        // Step 2.
        let size = self.verifier.size();
        let place = place_head(self.checkpoint, size, |size| self.own_root(size));
        let place = place.map_err(|error: Stop| self.ended(error, None))?;
        if place == HeadPlace::Older {
            return Err(Error::from(NotEnough::Stale {
                served: self.checkpoint.size,
                accepted: size,
            })
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
        writer.flush()?;
        let verdict = self.judge()?;
        if let Err(error) = &verdict.quorum {
            self.save_progress(&mut writer)?;
            return Err(Error::from(NotEnough::Quorum(error.clone())).into());
        }
        // Step 6.
        self.store
            .accept(self.note, self.verifier.edge(), self.verifier.state())?;
        Ok(self.report(verdict)?)
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
    ) -> Result<(), Ended> {
        let mut saved = Instant::now();
        while self.verifier.size() < self.checkpoint.size {
            if stop.load(Ordering::Relaxed) {
                self.save_progress(writer)?;
                return Err(Error::Interrupted.into());
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
    ) -> Result<(), Ended> {
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
                writer.flush()?;
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

    fn judge(&self) -> Result<Verdict, Ended> {
        let verdict = self
            .trust
            .policy
            .evaluate(self.note)
            .map_err(|error| match error {
                ProtoError::Verify(error) => self.ended(Stop::False(error.into()), None),
                _ => Error::Answer("it holds no checkpoint").into(),
            })?;
        for cosigner in &verdict.cosigners {
            let timely = self.verifier.check_cosignature(cosigner.time);
            timely.map_err(|error| self.ended(error.into(), None))?;
        }
        Ok(verdict)
    }

    /// Why the check ended, with evidence of something false.
    fn ended(&self, stop: Stop, entry: Option<&[u8]>) -> Ended {
        match stop {
            Stop::False(what) => match self.evidence(&what, entry) {
                Ok(evidence) => Found::new(what, evidence).into(),
                Err(error) => error.into(),
            },
            Stop::Error(error) => error.into(),
        }
    }

    /// What shows `what`, as far as it is in hand; `entry` are the bytes of the entry that was refused.
    fn evidence(&self, what: &False, entry: Option<&[u8]>) -> Result<Evidence, Error> {
        let evidence = Evidence::new(what.kind(), what.index(), what, &self.trust.policy)
            .with_note(SERVED, self.note);
        let bundles = self.store.bundles();
        let verified = self.verifier.size();
        Ok(match (what, entry) {
            (False::Log(Finding::Inconsistent { .. }), Some(entry)) => evidence
                .with_note(ACCEPTED, &self.accepted_note)
                .with_entry(LeafIndex::new(self.accepted.get()), entry, SERVED, None),
            (False::Log(Finding::Inconsistent { .. }), None) => {
                let evidence = evidence.with_note(ACCEPTED, &self.accepted_note);
                let index = LeafIndex::new(self.checkpoint.size.get());
                if self.checkpoint.size >= self.accepted {
                    return Ok(evidence);
                }
                let (entry, proof) = bundles.prove(index, self.accepted)?;
                evidence.with_entry(index, &entry, ACCEPTED, Some(&proof))
            }
            (False::Log(Finding::Previous { index, .. }), Some(entry)) => {
                let evidence = evidence.with_entry(*index, entry, SERVED, None);
                let Some(before) = index.get().checked_sub(1).map(LeafIndex::new) else {
                    return Ok(evidence);
                };
                let bytes = bundles.entry(before, verified)?;
                evidence.with_entry(before, &bytes, SERVED, None)
            }
            (False::Log(Finding::AcceptedAhead { index, .. }), _) => {
                let (entry, proof) = bundles.prove(*index, verified)?;
                let charter = LeafIndex::new(0);
                evidence
                    .with_entry(*index, &entry, SERVED, Some(&proof))
                    .with_entry(charter, &bundles.entry(charter, verified)?, SERVED, None)
            }
            (what, Some(entry)) => {
                let index = what.index().unwrap_or(LeafIndex::new(verified.get()));
                evidence.with_entry(index, entry, SERVED, None)
            }
            (_, None) => evidence,
        })
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

/// Why the check ended.
enum Ended {
    False(Box<Found>),
    Error(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Found> for Ended {
    fn from(found: Found) -> Self {
        Self::False(Box::new(found))
    }
}

/// Something false, with evidence that is not kept yet.
struct Found {
    what: False,
    evidence: Evidence,
}

impl Found {
    fn new(what: False, evidence: Evidence) -> Self {
        Self { what, evidence }
    }
}

/// Why a step ended the check.
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
