//! Checkpoints: what a log states about its tree, and signs.
//!
//! The text is exactly three lines: origin, size, root. How it is signed is in [`crate::note`], who else must have
//! signed it in [`crate::policy`].

use std::{fmt, str::FromStr};

use crate::{
    cosignature::{self, CosignatureTime},
    error::{DecodeError, Error, VerifyError},
    hash::{RootHash, TreeSize},
    note::{ED25519, KeyMaterial, KeyName, Note, NoteSignature, SignerKeys, VerifierKey},
    text::{format_base64, parse_base64, parse_decimal},
};

/// The name of a log: 1 to 255 bytes of `[a-z0-9./_-]`. Cosigners have names of the same form.
///
/// Source: `checkpoint.md`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(KeyName);

impl Origin {
    /// Returns the origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the name of the log's key, which is the origin.
    #[must_use]
    pub fn key_name(&self) -> &KeyName {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'_' | b'-');
        if text.bytes().all(allowed) {
            return text.parse().map(Self);
        }
        Err(DecodeError::Syntax {
            field: "origin",
            expected: "1 to 255 characters of a-z, 0-9, . / _ and -",
        })
    }
}

impl TryFrom<&KeyName> for Origin {
    type Error = DecodeError;

    fn try_from(name: &KeyName) -> Result<Self, DecodeError> {
        name.as_str().parse()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The head of a log's tree.
///
/// Source: `checkpoint.md`; c2sp.org/tlog-checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// The number of leaves.
    pub size: TreeSize,
    /// The root of the tree at this size.
    pub root: RootHash,
}

impl Checkpoint {
    /// Parses the text of a checkpoint: exactly three lines.
    ///
    /// # Errors
    ///
    /// If the text has other than three lines, or a line is not in its one canonical form.
    ///
    /// Source: `checkpoint.md`; c2sp.org/tlog-checkpoint.
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(DecodeError::Syntax {
                field: "checkpoint",
                expected: "exactly three lines: origin, size, root",
            });
        };
        Ok(Self {
            origin: origin.parse()?,
            size: TreeSize::new(parse_decimal(size, "checkpoint size")?),
            root: RootHash::try_from(parse_base64(root, "checkpoint root")?.as_slice())?,
        })
    }

    /// Formats the text of the checkpoint; parsing it gives the same checkpoint.
    ///
    /// Source: `checkpoint.md`; c2sp.org/tlog-checkpoint.
    #[must_use]
    pub fn format(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            format_base64(self.root.as_bytes())
        )
    }

    /// Signs the checkpoint with the log's keys, Ed25519 first, and returns the note's bytes.
    ///
    /// # Panics
    ///
    /// Never: the text of a checkpoint with two signatures is always a note.
    ///
    /// Source: `checkpoint.md`; c2sp.org/tlog-checkpoint; c2sp.org/signed-note.
    #[must_use]
    pub fn sign(&self, keys: &SignerKeys) -> Vec<u8> {
        let text = self.format();
        let name = self.origin.key_name();
        let ed25519 = NoteSignature::sign(&text, name, &keys.ed25519);
        let ml_dsa = keys
            .ml_dsa
            .as_ref()
            .map(|key| cosignature::sign_ml_dsa(self, name, key, CosignatureTime::NONE));
        let note = Note::new(&text, std::iter::once(ed25519).chain(ml_dsa).collect());
        note.expect("three short lines and two signatures are within all limits")
            .format()
    }

    /// Opens a note: verifies the log's signature and that the checkpoint is of the log `expected`.
    ///
    /// `key` must be of type 0x01 or 0x06 and its name the origin. Signature lines by other keys are ignored.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if the note or its text is malformed; a [`VerifyError`] if the key is not the log's, its
    /// signature is missing or false, or the origin is another.
    ///
    /// Source: `checkpoint.md`; c2sp.org/tlog-checkpoint; c2sp.org/signed-note.
    pub fn open(
        bytes: &[u8],
        key: &VerifierKey,
        expected: &Origin,
    ) -> Result<SignedCheckpoint, Error> {
        check_log_key(key, expected)?;
        let note = Note::parse(bytes)?;
        note.verify(std::slice::from_ref(key))?;
        let checkpoint = Self::parse(note.text())?;
        check_origin(checkpoint.origin.as_str(), expected)?;
        Ok(SignedCheckpoint { checkpoint, note })
    }
}

fn check_log_key(key: &VerifierKey, expected: &Origin) -> Result<(), Error> {
    if !matches!(
        key.material(),
        KeyMaterial::Ed25519(_) | KeyMaterial::MlDsa44(_)
    ) {
        return Err(Error::Decode(DecodeError::KeyType {
            field: "log key",
            expected: ED25519,
            found: key.material().algorithm(),
        }));
    }
    check_origin(key.name().as_str(), expected).map_err(Error::Verify)
}

fn check_origin(found: &str, expected: &Origin) -> Result<(), VerifyError> {
    if found == expected.as_str() {
        return Ok(());
    }
    Err(VerifyError::Origin {
        expected: expected.to_string(),
        found: found.to_owned(),
    })
}

/// A checkpoint whose log signature has been verified, with the note that proves it.
///
/// Only [`Checkpoint::open`] makes one. Compare heads by size and root, never by note bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Returns what the log states.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the note with all its signature lines; only the log's are verified.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Returns the bytes of the note, exactly as they were opened.
    #[must_use]
    pub fn note_bytes(&self) -> Vec<u8> {
        self.note.format()
    }
}
