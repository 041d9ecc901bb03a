//! Sealed content: what a member commits to now and shows later, or never.
//!
//! In scope: the commitment, and whether an opening fits it. Out of scope: who may open which commitment in the log
//! ([`crate::rules`]), and the file in which a member keeps an opening (`trucelog-client`).
//!
//! Source: `proto/spec/sealed.md`.

use crate::checkpoint::Origin;
use crate::error::VerifyError;
use crate::hash::{Commitment, sha256};

/// Bytes of a salt.
pub const SALT_LEN: usize = 32;

/// 32 random bytes that keep a commitment from being guessed. Secret until the content is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; SALT_LEN]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// The commitment of a member to `content` for one log:
/// SHA-256("trucelog/sealed/v1\n" ‖ origin ‖ "\n" ‖ member ‖ "\n" ‖ salt ‖ content).
///
/// Source: `proto/spec/sealed.md`, "Commitment".
#[must_use]
pub fn commitment(origin: &Origin, member: &str, salt: &Salt, content: &[u8]) -> Commitment {
    Commitment::from_bytes(sha256(&[
        b"trucelog/sealed/v1\n",
        origin.as_str().as_bytes(),
        b"\n",
        member.as_bytes(),
        b"\n",
        &salt.0,
        content,
    ]))
}

/// Checks that `salt` and `content` are what the member committed to.
///
/// # Errors
/// [`VerifyError::Commitment`] with the commitment expected and the one that the opening gives.
///
/// Source: `proto/spec/sealed.md`, "Opening".
pub fn verify_opening(
    expected: Commitment,
    origin: &Origin,
    member: &str,
    salt: &Salt,
    content: &[u8],
) -> Result<(), VerifyError> {
    let computed = commitment(origin, member, salt, content);
    if computed == expected {
        Ok(())
    } else {
        Err(VerifyError::Commitment { expected, computed })
    }
}
