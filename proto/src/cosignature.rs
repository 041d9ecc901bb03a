//! Cosignatures: a cosigner's timestamped statement that a checkpoint continues every one that it saw before.
//!
//! This module has the Ed25519 type, 0x04. Which cosigners are needed is in [`crate::policy`].

use std::fmt;

use ed25519_dalek::SigningKey;

use crate::{
    error::{DecodeError, VerifyError},
    note::{KeyName, NoteSignature, VerifierKey},
    signature::{self, PublicKey},
};

/// The time of a cosignature, in seconds since 1970-01-01 UTC; at most 2^63 - 1.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignatureTime(u64);

impl CosignatureTime {
    /// The latest time, 2^63 - 1.
    pub const MAX: Self = Self(u64::MAX >> 1);

    /// Checks and wraps a time in seconds.
    ///
    /// # Errors
    ///
    /// If `seconds` exceeds 2^63 - 1.
    pub fn new(seconds: u64) -> Result<Self, DecodeError> {
        let time = Self(seconds);
        if time <= Self::MAX {
            return Ok(time);
        }
        Err(DecodeError::OutOfRange {
            field: "cosignature time",
            min: 0,
            max: Self::MAX.0,
            found: seconds,
        })
    }

    /// Returns the time in seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CosignatureTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Builds the bytes that are signed: "cosignature/v1\ntime T\n" and the note's text.
fn message(text: &str, time: CosignatureTime) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Cosigns the text of a checkpoint. The line's signature is the time as 8 bytes, big-endian, and the Ed25519 one.
///
/// The caller has verified the checkpoint and persisted its size before.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
#[must_use]
pub fn sign(text: &str, name: &KeyName, key: &SigningKey, time: CosignatureTime) -> NoteSignature {
    let signature = signature::sign(key, message(text, time).as_bytes());
    NoteSignature {
        name: name.clone(),
        key_id: VerifierKey::cosignature(name.clone(), PublicKey::of(key)).key_id(),
        bytes: [time.0.to_be_bytes().as_slice(), &signature].concat(),
    }
}

/// Verifies a cosignature of a checkpoint's text and returns its time.
///
/// `bytes` is what follows the key ID in the signature line.
///
/// # Errors
///
/// [`VerifyError::Signature`] if `bytes` is not 72 long, the time exceeds 2^63 - 1, or the signature is not valid.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
pub fn verify(text: &str, key: &PublicKey, bytes: &[u8]) -> Result<CosignatureTime, VerifyError> {
    let (time, signature) = split(bytes).ok_or(VerifyError::Signature)?;
    let time = CosignatureTime::new(time).map_err(|_| VerifyError::Signature)?;
    signature::verify(key, message(text, time).as_bytes(), signature)?;
    Ok(time)
}

fn split(bytes: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*time), signature.try_into().ok()?))
}
