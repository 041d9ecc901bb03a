//! Succession, from the side of whoever has verified the log that is succeeded.
//!
//! In scope: that log's state at the size that a successor names, and following the successor ([`follow`]). Out of scope:
//! what a charter must say and how endorsements count, which [`trucelog_proto::succession`] judges.
//!
//! Source: `proto/spec/succession.md`.

pub mod follow;

use std::path::Path;

use rayon::prelude::*;
use trucelog_proto::hash::{LeafIndex, RootHash, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::record::{KnownKeys, LogId};
use trucelog_proto::rules::{self, Key, MemberList, RuleError};
use trucelog_proto::state::{MemoryState, StateError};
use trucelog_proto::succession::{self, SuccessionError};
use trucelog_proto::verify::{self, StopError, Verifier};

use crate::Error;
use crate::reader::LocalLog;

/// Entries that are looked at together, on all cores.
const RUN: usize = 1024;

/// A log at the size at which it is succeeded.
#[derive(Clone, Debug)]
pub struct Predecessor {
    state: MemoryState,
    root: RootHash,
}

/// The entries of a log do not give a state.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E> {
    /// An entry could not be read.
    #[error(transparent)]
    Read(E),
    /// An entry is not what was verified before.
    #[error(transparent)]
    Stopped(#[from] StopError),
}

impl Predecessor {
    /// Verifies entries of the log `id`, from its charter on, and gives what they come to. Takes memory for the state,
    /// about 120 bytes for each entry.
    ///
    /// # Errors
    /// [`ReplayError`] of the first entry that cannot be read or does not hold.
    ///
    /// Source: `proto/spec/verify.md`, step 3.
    pub fn replay<E>(
        id: &LogId,
        mut entries: impl Iterator<Item = Result<Vec<u8>, E>>,
    ) -> Result<Self, ReplayError<E>> {
        let mut verifier = Verifier::new(id.clone());
        let keys = KnownKeys::default();
        loop {
            let run: Result<Vec<Vec<u8>>, E> = entries.by_ref().take(RUN).collect();
            let run = run.map_err(ReplayError::Read)?;
            if run.is_empty() {
                break;
            }
            let start = verifier.size().get();
            let checked: Vec<_> = (start..)
                .zip(&run)
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|(index, bytes)| verify::check(id, &keys, LeafIndex::new(index), bytes))
                .collect();
            for checked in checked {
                verifier.append(checked)?;
            }
        }
        let root = verifier.edge().root();
        Ok(Self {
            state: verifier.into_state(),
            root,
        })
    }

    /// The log in a verifier's state directory, at `size`. Costs reading the saved state; and replaying the entries
    /// when more than `size` are verified.
    ///
    /// # Errors
    /// [`crate::not_enough::NotEnough::Size`] when fewer are verified; [`Error::Damaged`]; [`Error::Io`].
    pub fn at(log: &LocalLog, id: &LogId, size: TreeSize) -> Result<Self, Error> {
        let size = log.as_of(Some(size.get()))?;
        if size == log.size() {
            return Ok(Self {
                state: log.state()?,
                root: log.root(),
            });
        }
        Self::replay(id, log.entries(size)).map_err(|error| match error {
            ReplayError::Read(error) => error,
            ReplayError::Stopped(error) => Error::Damaged {
                path: log.directory().to_owned(),
                problem: error.to_string(),
            },
        })
    }

    /// Root over the entries.
    #[must_use]
    pub fn root(&self) -> RootHash {
        self.root
    }

    /// The charter of a successor, to be edited; see [`succession::terms`].
    ///
    /// # Errors
    /// Whatever `record_at` returns; [`StateError`].
    pub fn terms<E: From<StateError>>(
        &self,
        record_at: impl FnMut(LeafIndex) -> Result<pb::Record, E>,
    ) -> Result<pb::Charter, E> {
        succession::terms(&self.state, &self.root, record_at)
    }

    /// The members that have not departed.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn members(&self) -> Result<MemberList, StateError> {
        Ok(rules::load(&self.state, &Key::Members)?.unwrap_or_default())
    }

    /// Verifies that a charter succeeds this log.
    ///
    /// # Errors
    /// As [`succession::verify`].
    pub fn verify(&self, charter: &pb::Charter) -> Result<(), SuccessionError> {
        succession::verify(&self.state, &self.root, charter)
    }

    /// Verifies that a charter succeeds this log as far as its endorsements go, however many they are.
    ///
    /// # Errors
    /// As [`Self::verify`], without [`SuccessionError::NotEnough`].
    pub fn verify_so_far(&self, charter: &pb::Charter) -> Result<(), SuccessionError> {
        match self.verify(charter) {
            Err(SuccessionError::NotEnough { .. }) => Ok(()),
            verdict => verdict,
        }
    }
}

/// A charter that no log is founded with succeeds none.
pub(crate) fn of_rules(error: RuleError) -> SuccessionError {
    match error {
        RuleError::Refused(refusal) => refusal.into(),
        RuleError::State(error) => error.into(),
    }
}

/// Names the file in which a charter stands that does not succeed the log.
pub fn in_file(path: &Path) -> impl Fn(SuccessionError) -> Error {
    let path = path.to_owned();
    move |source| Error::SuccessorFile {
        path: path.clone(),
        source: Box::new(source),
    }
}
