//! Cosignatures: a cosigner's timestamped statement that a checkpoint continues every one that it saw before.
//!
//! There are two types, which say the same: Ed25519 over the text (0x04) and ML-DSA-44 over a structure (0x06). A log
//! signs its own checkpoints with the second, too. Which cosigners are needed is in [`crate::policy`].

use std::fmt;

use ed25519_dalek::SigningKey;

use crate::{
    checkpoint::Checkpoint,
    error::{DecodeError, VerifyError},
    mldsa::{self, MlDsaPublicKey, MlDsaSigningKey},
    note::{KeyName, NoteSignature, SignerKeys, VerifierKey},
    signature::{self, PublicKey},
};

/// The time of a cosignature, in seconds since 1970-01-01 UTC; at most 2^63 - 1.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignatureTime(u64);

impl CosignatureTime {
    /// No statement about the time: what a log writes beside its own ML-DSA-44 signature.
    pub const NONE: Self = Self(0);

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

fn split<const N: usize>(bytes: &[u8]) -> Option<(u64, &[u8; N])> {
    let (time, signature) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*time), signature.try_into().ok()?))
}

/// The label in front of the bytes that ML-DSA-44 signs.
const ML_DSA_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// Builds the bytes that are signed: label, name, time, origin, start 0, end and root, names behind their length in one
/// byte, numbers as 8 bytes, big-endian.
fn ml_dsa_message(checkpoint: &Checkpoint, name: &KeyName, time: CosignatureTime) -> Vec<u8> {
    let with_len = |text: &str| {
        let len = u8::try_from(text.len()).expect("names have at most 255 bytes");
        [&[len], text.as_bytes()].concat()
    };
    [
        ML_DSA_LABEL.as_slice(),
        &with_len(name.as_str()),
        &time.0.to_be_bytes(),
        &with_len(checkpoint.origin.as_str()),
        &0_u64.to_be_bytes(),
        &checkpoint.size.get().to_be_bytes(),
        checkpoint.root.as_bytes(),
    ]
    .concat()
}

/// Cosigns a checkpoint with ML-DSA-44. The line's signature is the time as 8 bytes, big-endian, and the signature.
///
/// A log names itself by its origin and states [`CosignatureTime::NONE`]. Any other caller has verified the checkpoint
/// and persisted its size before.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
#[must_use]
pub fn sign_ml_dsa(
    checkpoint: &Checkpoint,
    name: &KeyName,
    key: &MlDsaSigningKey,
    time: CosignatureTime,
) -> NoteSignature {
    let signature = mldsa::sign(key, &ml_dsa_message(checkpoint, name, time));
    NoteSignature {
        name: name.clone(),
        key_id: VerifierKey::ml_dsa_44(name.clone(), MlDsaPublicKey::of(key)).key_id(),
        bytes: [time.0.to_be_bytes().as_slice(), &signature].concat(),
    }
}

/// Cosigns a checkpoint with every key of a cosigner, Ed25519 first.
///
/// The caller has verified the checkpoint and persisted its size before.
///
/// Source: `cosignature.md`.
#[must_use]
pub fn sign_all(
    checkpoint: &Checkpoint,
    name: &KeyName,
    keys: &SignerKeys,
    time: CosignatureTime,
) -> Vec<NoteSignature> {
    let ed25519 = sign(&checkpoint.format(), name, &keys.ed25519, time);
    let ml_dsa = keys
        .ml_dsa
        .as_ref()
        .map(|key| sign_ml_dsa(checkpoint, name, key, time));
    std::iter::once(ed25519).chain(ml_dsa).collect()
}

/// Verifies an ML-DSA-44 cosignature of a checkpoint's text and returns its time, none if it states none.
///
/// `bytes` is what follows the key ID in the signature line.
///
/// # Errors
///
/// [`VerifyError::Signature`] if the text is not a checkpoint, `bytes` is not 2,428 long, the time exceeds 2^63 - 1, or
/// the signature is not valid.
///
/// Source: `cosignature.md`; c2sp.org/tlog-cosignature.
pub fn verify_ml_dsa(
    text: &str,
    name: &KeyName,
    key: &MlDsaPublicKey,
    bytes: &[u8],
) -> Result<Option<CosignatureTime>, VerifyError> {
    let checkpoint = Checkpoint::parse(text).map_err(|_| VerifyError::Signature)?;
    let (time, signature) = split(bytes).ok_or(VerifyError::Signature)?;
    let time = CosignatureTime::new(time).map_err(|_| VerifyError::Signature)?;
    mldsa::verify(key, &ml_dsa_message(&checkpoint, name, time), signature)?;
    Ok((time != CosignatureTime::NONE).then_some(time))
}
