//! `NAME/verifier`: cosigns what it has verified in full.
//!
//! In scope: judging one candidate ([`VerifierCosigner::answer`]) and dialling out ([`run`]). Out of scope: the check
//! itself ([`crate::verifier`]), and asking by HTTP ([`super::http`]).

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::hash::TreeSize;
use trucelog_proto::note::{Note, NoteSignature};
use trucelog_proto::pb::{self, CheckpointKind};

use super::cosigned::{Cosigned, Last, Signer, now, only_by};
use super::halt;
use crate::Error;
use crate::fetch::Fetcher;
use crate::follow::{Heads, proves_nothing};
use crate::not_enough::NotEnough;
use crate::store::Store;
use crate::trust::Trust;
use crate::verifier::{LogVerifier, Report};

/// The verifier of one log with its cosigner.
#[derive(Debug)]
pub struct VerifierCosigner {
    directory: PathBuf,
    log: LogVerifier,
    cosigned: Cosigned,
    fetcher: Fetcher,
}

/// What a candidate is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The cosigner's lines. The checkpoint is on disk.
    Cosigned(Vec<NoteSignature>),
    /// Nothing, for now: the newest entry was accepted too far ahead of this machine's clock. When, Unix milliseconds.
    Withheld(u64),
    /// Nothing: the log shows less than was cosigned, the last cosigned note.
    Behind(Vec<u8>),
}

impl VerifierCosigner {
    /// Opens the verifier in `directory`, with the policy pinned in its state.
    ///
    /// # Errors
    /// As [`LogVerifier::open`] and [`Cosigned::open`].
    pub fn open(
        directory: &Path,
        store: Store,
        trust: Trust,
        signer: Signer,
        fetcher: Fetcher,
    ) -> Result<Self, Error> {
        Ok(Self {
            directory: directory.to_owned(),
            log: LogVerifier::open(store, trust)?,
            cosigned: Cosigned::open(directory, "verifier", signer)?,
            fetcher,
        })
    }

    /// What is trusted.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        self.log.trust()
    }

    /// The last cosigned checkpoint.
    #[must_use]
    pub fn last(&self) -> Option<&Last> {
        self.cosigned.last()
    }

    /// Size of the last cosigned checkpoint; 0 for none.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.cosigned.size()
    }

    /// Number of entries that are verified, cosigned or not.
    #[must_use]
    pub fn verified(&self) -> TreeSize {
        self.log.verified()
    }

    /// Verifies the entries up to the checkpoint `note`, and cosigns nothing. Blocks; needs a tokio runtime around it.
    ///
    /// # Errors
    /// As [`LogVerifier::check`]. After [`Error::False`] the witness has halted.
    pub fn verify(&mut self, note: &[u8], stop: &AtomicBool) -> Result<Report, Error> {
        let note = self.open_note(note)?.note_bytes();
        self.catch_up(stop)?;
        let report = self.check(&note, stop)?;
        self.log.save_progress()?;
        Ok(report)
    }

    /// Answers the candidate `note`: verifies its entries in full, and cosigns. Blocks; needs a tokio runtime around it.
    ///
    /// # Errors
    /// As [`LogVerifier::check`]. After [`Error::False`] the witness has halted.
    pub fn answer(&mut self, note: &[u8], stop: &AtomicBool) -> Result<Answer, Error> {
        let signed = self.open_note(note)?;
        let less = signed.checkpoint().size < self.size();
        if less && self.log.accepted() < self.size() {
            // The entries that were cosigned are neither here nor there.
            return Ok(self.behind());
        }
        self.catch_up(stop)?;
        let report = match self.check(&signed.note_bytes(), stop) {
            Err(Error::NotEnough(NotEnough::Stale { .. })) => return Ok(self.behind()),
            checked => checked?,
        };
        if !self.log.is_timely(now())? {
            self.log.save_progress()?;
            return Ok(Answer::Withheld(report.last_accepted_time));
        }
        let lines = self.cosigned.cosign(&signed)?;
        self.log.accept(&report)?;
        Ok(Answer::Cosigned(lines))
    }

    fn behind(&self) -> Answer {
        Answer::Behind(self.last().map_or_else(Vec::new, |last| last.note.clone()))
    }

    /// The checkpoint with the log's lines only.
    fn open_note(&self, note: &[u8]) -> Result<SignedCheckpoint, Error> {
        let note = Note::parse(note).map_err(Error::AnswerForm)?;
        let note = only_by(&note, &self.trust().log_keys())?.format();
        let policy = &self.trust().policy;
        Checkpoint::open(&note, policy.log_key(), policy.origin())
            .map_err(|_| NotEnough::UnknownKey.into())
    }

    /// Verifies up to the last cosigned checkpoint, when a crash or a person has left less. What the log shows must lead
    /// there, because its key has signed it.
    fn catch_up(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        let Some(last) = self
            .last()
            .filter(|last| last.checkpoint.size > self.log.accepted())
        else {
            return Ok(());
        };
        let note = self.open_note(&last.note)?.note_bytes();
        let report = self.check(&note, stop)?;
        self.log.accept(&report)
    }

    fn check(&mut self, note: &[u8], stop: &AtomicBool) -> Result<Report, Error> {
        let fetcher = &self.fetcher;
        let entries = |start, end| Ok(fetcher.entries(start, end));
        let checked = self.log.check(note, entries, |_| {}, stop);
        if let Err(Error::False(falsehood)) = &checked {
            halt(&self.directory, falsehood)?;
        }
        checked
    }
}

/// What happened, for a person to read.
#[derive(Debug)]
pub enum Event<'a> {
    /// A checkpoint was cosigned and handed in.
    Cosigned {
        /// The checkpoint.
        checkpoint: &'a Checkpoint,
        /// What the log made of it.
        handed_in: &'a pb::AddCosignatureResponse,
    },
    /// A checkpoint was not cosigned: its newest entry was accepted at this time, Unix milliseconds, too far ahead.
    Withheld(u64),
    /// The log shows less than was cosigned, of this size.
    Behind(TreeSize),
    /// Something failed, and is tried again.
    Trouble(&'a Error, Duration),
}

/// Watches candidates, answers each, and hands the answers in, until something is false. Needs a multi-threaded tokio
/// runtime.
///
/// # Errors
/// [`Error::False`] with evidence; [`NotEnough::Newer`]; [`Error::Io`], [`Error::Damaged`], [`Error::State`] and
/// [`Error::Witness`] of what is on disk; [`Error::Interrupted`].
pub async fn run(
    cosigner: &Arc<Mutex<VerifierCosigner>>,
    fetcher: &Fetcher,
    told: &impl Fn(Event<'_>),
    stop: &AtomicBool,
) -> Result<Infallible, Error> {
    let mut trouble = |error: &Error, delay| told(Event::Trouble(error, delay));
    let mut heads = Heads::new(fetcher.clone(), CheckpointKind::Candidate);
    loop {
        let note = heads.next(&mut trouble).await?;
        match one(cosigner, fetcher, &note, told, stop).await {
            Ok(()) => heads.progressed(),
            Err(error) if proves_nothing(&error) => heads.failed(&error, &mut trouble).await,
            Err(error) => {
                if matches!(error, Error::False(_)) {
                    tell_log(cosigner, fetcher).await;
                }
                return Err(error);
            }
        }
    }
}

async fn one(
    cosigner: &Mutex<VerifierCosigner>,
    fetcher: &Fetcher,
    note: &[u8],
    told: &impl Fn(Event<'_>),
    stop: &AtomicBool,
) -> Result<(), Error> {
    let answer = tokio::task::block_in_place(|| lock(cosigner).answer(note, stop))?;
    match answer {
        Answer::Withheld(accepted) => told(Event::Withheld(accepted)),
        Answer::Behind(own) => {
            fetcher.add_cosignature(own).await?;
            told(Event::Behind(lock(cosigner).size()));
        }
        Answer::Cosigned(lines) => {
            let note = Note::parse(note).map_err(Error::AnswerForm)?;
            let text = note.text();
            let checkpoint = Checkpoint::parse(text).map_err(Error::AnswerForm)?;
            let answer = Note::new(text, lines).map_err(Error::decode(&"the cosignatures"))?;
            let handed_in = &fetcher.add_cosignature(answer.format()).await?;
            let checkpoint = &checkpoint;
            told(Event::Cosigned {
                checkpoint,
                handed_in,
            });
        }
    }
    Ok(())
}

/// Shows the log what was cosigned before, as far as it listens.
async fn tell_log(cosigner: &Mutex<VerifierCosigner>, fetcher: &Fetcher) {
    let own = lock(cosigner).last().map(|last| last.note.clone());
    if let Some(own) = own {
        let told = tokio::time::timeout(Duration::from_secs(5), fetcher.add_cosignature(own));
        drop(told.await);
    }
}

/// A thread that has panicked may have left anything in memory: whoever comes after it stops, too.
pub(super) fn lock(
    cosigner: &Mutex<VerifierCosigner>,
) -> std::sync::MutexGuard<'_, VerifierCosigner> {
    cosigner.lock().expect("no thread has panicked")
}
