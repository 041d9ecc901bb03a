//! The keys of a cosigner, and the last checkpoint that it has cosigned for a log.

use std::path::{Path, PathBuf};

use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::cosignature::{self, CosignatureTime};
use trucelog_proto::hash::TreeSize;
use trucelog_proto::mldsa::MlDsaPublicKey;
use trucelog_proto::note::{KeyName, Note, NoteSignature, SignerKeys, VerifierKey};
use trucelog_proto::signature::PublicKey;

use super::WitnessError;
use crate::key::{self, AnyPublicKey};
use crate::not_enough::NotEnough;
use crate::{Error, durable, station};

/// Name and keys of a cosigner.
#[derive(Clone, Debug)]
pub struct Signer {
    name: KeyName,
    keys: SignerKeys,
}

impl Signer {
    /// Reads the keys `WHICH.pem` and `WHICH-pq.pem` in `directory`.
    ///
    /// # Errors
    /// As [`key::read`].
    pub fn read(directory: &Path, which: &str, name: KeyName) -> Result<Self, Error> {
        let [ed25519, ml_dsa] = key_paths(directory, which);
        let keys = SignerKeys {
            ed25519: key::read(&ed25519)?,
            ml_dsa: Some(key::read_ml_dsa(&ml_dsa)?),
        };
        Ok(Self { name, keys })
    }

    /// Makes the keys in `directory`, where there must be none.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Random`].
    pub fn create(directory: &Path, which: &str, name: KeyName) -> Result<Self, Error> {
        let [ed25519, ml_dsa] = key_paths(directory, which);
        let keys = SignerKeys {
            ed25519: key::create(&ed25519)?,
            ml_dsa: Some(key::create_ml_dsa(&ml_dsa)?),
        };
        Ok(Self { name, keys })
    }

    /// Copies the keys from another directory into `directory`, where there must be none.
    ///
    /// # Errors
    /// [`Error::Io`]; as [`key::read`].
    pub fn copy(from: &Path, directory: &Path, which: &str, name: KeyName) -> Result<Self, Error> {
        for (from, to) in key_paths(from, which)
            .iter()
            .zip(key_paths(directory, which))
        {
            durable::create_private(&to, &durable::read(from)?)?;
        }
        Self::read(directory, which, name)
    }

    /// The keys as others pin them, Ed25519 first.
    #[must_use]
    pub fn vkeys(&self) -> Vec<VerifierKey> {
        let ed25519 = AnyPublicKey::Ed25519(PublicKey::of(&self.keys.ed25519));
        let ml_dsa = self.keys.ml_dsa.as_ref();
        let ml_dsa = ml_dsa.map(|key| AnyPublicKey::MlDsa44(MlDsaPublicKey::of(key)));
        std::iter::once(ed25519)
            .chain(ml_dsa)
            .map(|key| key.cosigner_vkey(self.name.clone()))
            .collect()
    }
}

fn key_paths(directory: &Path, which: &str) -> [PathBuf; 2] {
    ["", "-pq"].map(|suffix| directory.join(format!("{which}{suffix}.pem")))
}

/// The last checkpoint that a cosigner has cosigned for one log, on disk.
#[derive(Debug)]
pub struct Cosigned {
    path: PathBuf,
    signer: Signer,
    last: Option<Last>,
}

/// A cosigned checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// What it states.
    pub checkpoint: Checkpoint,
    /// The note, with the log's lines and the cosigner's.
    pub note: Vec<u8>,
    /// When it was cosigned, Unix seconds.
    pub time: CosignatureTime,
}

impl Cosigned {
    /// Opens the file of one log in `directory`; none means that nothing was cosigned.
    ///
    /// # Errors
    /// [`WitnessError::Cosigned`] when it is not what this cosigner wrote; [`Error::Io`].
    pub fn open(directory: &Path, file: &str, signer: Signer) -> Result<Self, Error> {
        let directory = directory.join("cosigned");
        durable::create_directory(&directory)?;
        let path = directory.join(file);
        let last = durable::read_if_present(&path)?
            .map(|note| read_last(note, &signer, &path))
            .transpose()?;
        Ok(Self { path, signer, last })
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> Option<&Last> {
        self.last.as_ref()
    }

    /// Size of the last one; 0 for none.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.last
            .as_ref()
            .map_or(TreeSize::new(0), |last| last.checkpoint.size)
    }

    /// Cosigns a checkpoint that the caller has verified, and gives the lines after it is on disk. The note
    /// must hold lines of the log only ([`only_by`]).
    ///
    /// # Errors
    /// [`WitnessError::Conflict`] when it is smaller than the last one, or has another root at its size; [`Error::Io`].
    pub fn cosign(&mut self, signed: &SignedCheckpoint) -> Result<Vec<NoteSignature>, Error> {
        let checkpoint = signed.checkpoint();
        if let Some(last) = &self.last {
            let last = &last.checkpoint;
            let other_root = checkpoint.size == last.size && checkpoint.root != last.root;
            if checkpoint.size < last.size || other_root {
                return Err(WitnessError::Conflict {
                    size: checkpoint.size,
                    root: checkpoint.root,
                    last_size: last.size,
                    last_root: last.root,
                }
                .into());
            }
        }
        let time = now();
        let Signer { name, keys } = &self.signer;
        let lines = cosignature::sign_all(checkpoint, name, keys, time);
        let log = signed.note().signatures().iter().cloned();
        let note = Note::new(
            &checkpoint.format(),
            log.chain(lines.iter().cloned()).collect(),
        )
        .map_err(Error::decode(&"the cosigned checkpoint"))?
        .format();
        durable::replace(&self.path, &note)?;
        self.last = Some(Last {
            checkpoint: checkpoint.clone(),
            note,
            time,
        });
        Ok(lines)
    }
}

/// A note without the lines of others than `keys`. Nobody may make a cosigner stumble over a line by somebody else.
///
/// # Errors
/// [`NotEnough::UnknownKey`] when nothing is left.
pub(super) fn only_by(note: &Note, keys: &[VerifierKey]) -> Result<Note, Error> {
    let is_known = |line: &&NoteSignature| {
        keys.iter()
            .any(|key| *key.name() == line.name && key.key_id() == line.key_id)
    };
    let lines = note.signatures().iter().filter(is_known).cloned();
    Note::new(note.text(), lines.collect()).map_err(|_| NotEnough::UnknownKey.into())
}

/// The time now; at least 1, because 0 states no time.
pub(super) fn now() -> CosignatureTime {
    let seconds = (station::now_ms() / 1000).max(1);
    CosignatureTime::new(seconds).unwrap_or(CosignatureTime::MAX)
}

fn read_last(note: Vec<u8>, signer: &Signer, path: &Path) -> Result<Last, Error> {
    let damaged = |problem: &dyn std::fmt::Display| WitnessError::Cosigned {
        path: path.to_owned(),
        problem: problem.to_string(),
    };
    let parsed = Note::parse(&note).map_err(|error| damaged(&error))?;
    let vkeys = signer.vkeys();
    let verified = parsed.verify(&vkeys).map_err(|error| damaged(&error))?;
    let time = verified.iter().find_map(|line| line.time);
    let checkpoint = Checkpoint::parse(parsed.text()).map_err(|error| damaged(&error))?;
    Ok(Last {
        checkpoint,
        note,
        time: time.ok_or_else(|| damaged(&"no time"))?,
    })
}
