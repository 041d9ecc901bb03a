//! Verifies a whole log from its charter on, with state on disk, so that nothing is verified twice.
//!
//! The steps are those of `proto/spec/verify.md`; what they mean is in [`trucelog_proto::verify`]. Here they get
//! their bytes, all cores, and a place to keep what was verified ([`crate::store`]). State is accepted only after the
//! whole check; an interrupted one leaves its progress.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::cosignature::CosignatureTime;
use trucelog_proto::error::{Error as ProtoError, VerifyError};
use trucelog_proto::hash::{LeafIndex, NodeHash, RootHash, TreeSize};
use trucelog_proto::note::KeyMaterial;
use trucelog_proto::policy::Verdict;
use trucelog_proto::record::{KnownKeys, LogId};
use trucelog_proto::rules::{self, GapList, Head, Key, KeyState};
use trucelog_proto::state::MemoryState;
use trucelog_proto::tree::{RightEdge, leaf_hash};
use trucelog_proto::verify::{
    self, CheckedEntry, Finding, HeadPlace, StopError, Verifier, place_head,
};

use crate::Error;
use crate::entry_source::EntrySource;
use crate::evidence::gather::{self, Found, Held, HeldHead};
use crate::falsehood::{False, Falsehood};
use crate::not_enough::NotEnough;
use crate::store::{BundleWriter, Extent, Journal, JournaledState, Saved, Store, bundle_count};
use crate::trust::{self, Judged, Trust, VerdictPq};

/// How often an unfinished check saves its progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(30);
/// Entries after which it does so anyway, because changes that are not saved yet take memory.
const PROGRESS_ENTRIES: u64 = 50_000;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries that were verified, in this check and before.
    pub verified: u64,
    /// Entries that the checkpoint covers.
    pub size: u64,
}

/// A check that found nothing false.
#[derive(Clone, Debug)]
pub struct Report {
    /// The checkpoint and who has signed it.
    pub verdict: Verdict,
    /// Who has signed it with ML-DSA-44 keys, if a policy with such keys is pinned.
    pub verdict_pq: Option<VerdictPq>,
    /// Size that was accepted before.
    pub size_before: TreeSize,
    /// Entries verified by this check, not by an earlier one.
    pub entries_verified: u64,
    /// When the log says that it accepted the last entry, Unix milliseconds.
    pub last_accepted_time: u64,
    /// Keys that ended with more records signed than the log holds: something was signed and never logged.
    pub gaps: GapList,
    /// What the person should know though nothing is false.
    pub warnings: Vec<String>,
}

impl Report {
    /// Whether the checkpoint is larger than the one that was accepted before.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.verdict.checkpoint.checkpoint().size > self.size_before
    }

    /// Whether enough witnesses have signed, under each policy.
    ///
    /// # Errors
    /// As [`trust::enough`].
    pub fn enough(&self) -> Result<(), NotEnough> {
        trust::enough(&self.verdict, self.verdict_pq.as_ref())
    }
}

/// Checks the log that the signed checkpoint `note` stands for, and accepts it at quorum. `open` gives the entries from
/// an index on, up to the checkpoint's size. `watch` is told of progress. When `stop` becomes true, progress is saved
/// and the check ends.
///
/// # Errors
/// As [`LogVerifier::check`] and [`LogVerifier::accept`]; [`Error::NotEnough`] without quorum.
///
/// Source: `proto/spec/verify.md`.
pub fn verify_log<S: EntrySource>(
    store: &Store,
    trust: &Trust,
    note: &[u8],
    open: impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
    watch: impl FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Report, Error> {
    let mut verifier = LogVerifier::open(store.clone(), trust.clone())?;
    let report = verifier.check(note, open, watch, stop)?;
    verifier.keep(&report)?;
    report.enough()?;
    Ok(report)
}

/// A verifier of one log, with its state in memory and on disk.
#[derive(Debug)]
pub struct LogVerifier {
    store: Store,
    trust: Trust,
    journal: Journal,
    /// The accepted note; empty for none.
    accepted_note: Vec<u8>,
    accepted: TreeSize,
    verifier: Verifier<JournaledState>,
    keys: Arc<KnownKeys>,
    writer: BundleWriter,
    /// Entries in memory that the journal does not have.
    unsaved: u64,
    saved: Instant,
}

impl LogVerifier {
    /// Goes on with what is saved in `store`. No entry is hashed or verified again.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::State`] and [`Error::Io`] of the state on disk; [`Error::NotA`] when it is of
    /// another log.
    pub fn open(store: Store, trust: Trust) -> Result<Self, Error> {
        Self::open_to(store, trust, Extent::Verified)
    }

    fn open_to(store: Store, trust: Trust, extent: Extent) -> Result<Self, Error> {
        let (journal, saved) = Journal::open(store.directory(), extent)?;
        let Saved { note, edge, state } = saved;
        let accepted = accepted_size(&trust, &note)?;
        let state = JournaledState::new(state);
        let verifier = Verifier::resume(trust.id.clone(), state, edge, accepted)?;
        let writer = BundleWriter::resume(store.bundles(), verifier.size())?;
        Ok(Self {
            store,
            trust,
            journal,
            accepted_note: note,
            accepted,
            verifier,
            keys: Arc::default(),
            writer,
            unsaved: 0,
            saved: Instant::now(),
        })
    }

    /// Size of the accepted checkpoint; 0 for none.
    #[must_use]
    pub fn accepted(&self) -> TreeSize {
        self.accepted
    }

    /// Number of entries that are verified, accepted or not.
    #[must_use]
    pub fn verified(&self) -> TreeSize {
        self.verifier.size()
    }

    /// What the rules look up after the verified entries.
    #[must_use]
    pub fn state(&self) -> &MemoryState {
        self.verifier.state().memory()
    }

    /// Whether a cosignature made now would hold: the newest entry was not accepted later than now, by more than the
    /// rules tolerate.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn is_timely(&self, now: CosignatureTime) -> Result<bool, Error> {
        match self.verifier.check_cosignature(now) {
            Ok(()) => Ok(true),
            Err(StopError::State(error)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    /// What is trusted.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Steps 1 to 5: checks the log that the signed checkpoint `note` stands for. `open` gives the entries from an index
    /// on, up to the checkpoint's size. `watch` is told of progress. When `stop` becomes true, progress is saved and the
    /// check ends. Nothing is accepted yet, and a quorum that is missing is part of the report.
    ///
    /// # Errors
    /// [`Error::False`] with evidence, after which this verifier is to be dropped; [`Error::NotEnough`];
    /// [`Error::Interrupted`]; whatever `open` and its source return; [`Error::Io`], [`Error::Damaged`] and
    /// [`Error::State`] of the state on disk.
    ///
    /// Source: `proto/spec/verify.md`.
    pub fn check<S: EntrySource>(
        &mut self,
        note: &[u8],
        mut open: impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
        mut watch: impl FnMut(Progress),
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        let mut entries = Entries {
            open: &mut open,
            watch: &mut watch,
            stop,
        };
        let mut checked = self.try_check(note, &mut entries);
        if self.verifier.size() > self.accepted && checked.as_ref().is_err_and(Stop::is_about_log) {
            // Entries beyond the accepted size bind nobody: without them, the check decides again.
            self.reload()?;
            checked = self.try_check(note, &mut entries);
        }
        checked.map_err(|stop| match stop {
            Stop::Error(error) => error,
            Stop::False(found) => self
                .keep_evidence(*found, note, open)
                .map_or_else(|error| error, |falsehood| Box::new(falsehood).into()),
        })
    }

    /// Forgets entries beyond the accepted checkpoint.
    fn reload(&mut self) -> Result<(), Error> {
        *self = Self::open_to(self.store.clone(), self.trust.clone(), Extent::Accepted)?;
        Ok(())
    }

    fn try_check<S: EntrySource>(
        &mut self,
        note: &[u8],
        entries: &mut Entries<'_, S>,
    ) -> Result<Report, Stop> {
        // Step 1.
        let signed = open_checkpoint(&self.trust, note)?;
        let checkpoint = signed.checkpoint();
        // Step 2.
        let size = self.verifier.size();
        let place = place_head(checkpoint, size, |size| self.own_root(size))?;
        if place == HeadPlace::Older {
            let stale = NotEnough::Stale {
                served: checkpoint.size,
                accepted: size,
            };
            return Err(Error::from(stale).into());
        }
        // Step 3.
        if place == HeadPlace::Newer {
            let source = (entries.open)(LeafIndex::new(size.get()), checkpoint.size)?;
            self.replay(source, checkpoint, entries)?;
        }
        // Step 4.
        self.verifier.finish(checkpoint)?;
        // Step 5.
        let judged = self.judge(note)?;
        Ok(self.report(judged, self.verifier.size().get() - size.get())?)
    }

    /// Step 6: accepts the checkpoint that was checked last. What the report says has been delivered before.
    ///
    /// # Errors
    /// [`Error::Io`].
    ///
    /// # Panics
    /// When `report` is not that of the last check.
    pub fn accept(&mut self, report: &Report) -> Result<(), Error> {
        let head = &report.verdict.checkpoint;
        assert_eq!(head.checkpoint().size, self.verifier.size());
        let note = head.note_bytes();
        if note == self.accepted_note {
            return Ok(());
        }
        self.flush()?;
        let edge = self.verifier.edge().clone();
        self.journal
            .accept(&note, &edge, self.verifier.state_mut())?;
        self.accepted = self.verifier.size();
        self.accepted_note = note;
        Ok(())
    }

    /// As [`Self::accept`], if the report says that it is enough; otherwise the entries are kept as progress.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&mut self, report: &Report) -> Result<(), Error> {
        match report.enough() {
            Ok(()) => self.accept(report),
            Err(_) => self.save_progress(),
        }
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

    /// Verifies entries, on all cores: while one run is judged in order, the next one is looked at.
    fn replay<S: EntrySource>(
        &mut self,
        mut source: S,
        checkpoint: &Checkpoint,
        entries: &mut Entries<'_, S>,
    ) -> Result<(), Stop> {
        let (id, keys) = (self.trust.id.clone(), Arc::clone(&self.keys));
        let mut looked = Vec::new();
        let mut start = self.verifier.size().get();
        while self.verifier.size() < checkpoint.size {
            let run = match entries.read(&mut source, checkpoint.size.get() - start) {
                Ok(run) => run,
                Err(error) => {
                    self.append(looked)?;
                    self.save_progress()?;
                    return Err(error.into());
                }
            };
            let next = start + run.len() as u64;
            let judged = std::mem::take(&mut looked);
            let (appended, then) = rayon::join(
                || self.append_run(judged),
                || look(&id, &keys, LeafIndex::new(start), run),
            );
            appended?;
            (looked, start) = (then, next);
            (entries.watch)(Progress {
                verified: self.verifier.size().get(),
                size: checkpoint.size.get(),
            });
        }
        Ok(())
    }

    /// Judges entries in order, and saves progress when it is time.
    fn append_run(&mut self, looked: Vec<Looked>) -> Result<(), Stop> {
        self.append(looked)?;
        if self.unsaved > PROGRESS_ENTRIES || self.saved.elapsed() > PROGRESS_INTERVAL {
            self.save_progress()?;
        }
        Ok(())
    }

    fn append(&mut self, looked: Vec<Looked>) -> Result<(), Stop> {
        for Looked { checked, bytes } in looked {
            let index = LeafIndex::new(self.verifier.size().get());
            if let Err(error) = self.verifier.append(checked) {
                return Err(Stop::from(error).with_entry(index, bytes));
            }
            self.writer.push(bytes)?;
            self.unsaved += 1;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.unsaved > 0 {
            self.writer.flush()?;
        }
        self.unsaved = 0;
        self.saved = Instant::now();
        Ok(())
    }

    /// Keeps entries that are verified and not accepted, so that they are not verified again.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save_progress(&mut self) -> Result<(), Error> {
        if self.unsaved == 0 {
            return Ok(());
        }
        self.flush()?;
        let edge = self.verifier.edge().clone();
        self.journal.save_progress(&edge, self.verifier.state_mut())
    }

    fn judge(&self, note: &[u8]) -> Result<Judged, Stop> {
        let judged = self.trust.judge(note).map_err(|error| match error {
            ProtoError::Verify(error) => Stop::from(False::from(error)),
            error => Error::no_checkpoint(error).into(),
        })?;
        for verdict in judged.verdicts() {
            for cosigner in &verdict.cosigners {
                self.verifier.check_cosignature(cosigner.time)?;
            }
        }
        Ok(judged)
    }

    fn keep_evidence<S: EntrySource>(
        &mut self,
        found: Found,
        note: &[u8],
        mut open: impl FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
    ) -> Result<Falsehood, Error> {
        self.writer.flush()?;
        gather::keep(self, found, note, |start, end| open(start, end).ok())
    }

    fn report(&self, judged: Judged, entries_verified: u64) -> Result<Report, Error> {
        let state = self.verifier.state();
        let head: Head = rules::load(state, &Key::Head)?.unwrap_or_default();
        Ok(Report {
            verdict: judged.verdict,
            verdict_pq: judged.verdict_pq,
            size_before: self.accepted,
            entries_verified,
            last_accepted_time: head.accepted_time,
            gaps: rules::load(state, &Key::Gaps)?.unwrap_or_default(),
            warnings: self.warnings()?,
        })
    }

    fn warnings(&self) -> Result<Vec<String>, Error> {
        let mut warnings = self.trust.warnings();
        let keys = self.trust.policies().flat_map(|(_, policy)| {
            let witnesses = policy.witnesses().map(|witness| witness.key);
            std::iter::once(policy.log_key()).chain(witnesses)
        });
        for key in keys {
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

impl Held for LogVerifier {
    type Error = Error;

    fn trust(&self) -> &Trust {
        &self.trust
    }

    fn directory(&self) -> &Path {
        self.store.directory()
    }

    fn head_beside(&self, _served: &[u8]) -> Result<Option<HeldHead>, Error> {
        let note = Some(self.accepted_note.clone()).filter(|note| !note.is_empty());
        let size = self.accepted;
        Ok(note.map(|note| HeldHead { note, size }))
    }

    fn size(&self) -> TreeSize {
        self.verifier.size()
    }

    fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, Error> {
        self.store.bundles().entry(index, self.verifier.size())
    }

    fn prove(&self, index: LeafIndex, size: TreeSize) -> Result<(Vec<u8>, Vec<NodeHash>), Error> {
        self.store.bundles().prove(index, size)
    }
}

/// Where the entries of a check come from, and who is told.
struct Entries<'a, S> {
    open: &'a mut dyn FnMut(LeafIndex, TreeSize) -> Result<S, Error>,
    watch: &'a mut dyn FnMut(Progress),
    stop: &'a AtomicBool,
}

impl<S: EntrySource> Entries<'_, S> {
    /// The next entries, at most `left`.
    fn read(&self, source: &mut S, left: u64) -> Result<Vec<Vec<u8>>, Error> {
        if left == 0 {
            return Ok(Vec::new());
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let mut run = source.next()?;
        run.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        Ok(run)
    }
}

/// An entry that was looked at on its own.
struct Looked {
    checked: CheckedEntry,
    bytes: Vec<u8>,
}

/// Looks at the entries from `start` on, on all cores.
fn look(id: &LogId, keys: &KnownKeys, start: LeafIndex, run: Vec<Vec<u8>>) -> Vec<Looked> {
    let look = |(offset, bytes): (usize, Vec<u8>)| {
        let index = LeafIndex::new(start.get() + offset as u64);
        let checked = verify::check(id, keys, index, &bytes);
        Looked { checked, bytes }
    };
    run.into_par_iter().enumerate().map(look).collect()
}

/// Why a check ended, before evidence is kept.
enum Stop {
    False(Box<Found>),
    Error(Error),
}

impl Stop {
    fn with_entry(self, index: LeafIndex, bytes: Vec<u8>) -> Self {
        match self {
            Self::False(mut found) => {
                found.entry = Some((index, bytes));
                Self::False(found)
            }
            Self::Error(error) => error.into(),
        }
    }

    /// Whether the log is the reason, and not that something failed.
    fn is_about_log(&self) -> bool {
        matches!(
            self,
            Self::False(..) | Self::Error(Error::NotEnough(NotEnough::Stale { .. }))
        )
    }
}

impl From<False> for Stop {
    fn from(what: False) -> Self {
        Self::False(Box::new(Found::new(what)))
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        False::from(finding).into()
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

/// Step 1: the checkpoint's signature under the pinned log key and origin.
fn open_checkpoint(trust: &Trust, note: &[u8]) -> Result<SignedCheckpoint, Stop> {
    let opened = Checkpoint::open(note, trust.policy.log_key(), trust.policy.origin());
    opened.map_err(|error| match error {
        ProtoError::Verify(VerifyError::NoKnownSignature { .. }) => {
            Error::from(NotEnough::UnknownKey).into()
        }
        ProtoError::Verify(error) => False::from(error).into(),
        error => Error::no_checkpoint(error).into(),
    })
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
