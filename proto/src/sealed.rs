//! Sealed content: what a member commits to now and shows later, or never.
//!
//! In scope: the commitment, and whether an opening fits it. Out of scope: who may open which commitment in the log
//! ([`crate::rules`]), and the file in which a member keeps an opening (`trucelog-client`).
//!
//! Source: `proto/spec/sealed.md`.

use sha2::{Digest as _, Sha256};

use crate::checkpoint::Origin;
use crate::error::VerifyError;
use crate::hash::Commitment;

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

/// Computes a commitment over content that comes in pieces.
#[derive(Clone, Debug)]
pub struct Committer(Sha256);

impl Committer {
    /// Starts the commitment of a member for one log.
    ///
    /// Source: `proto/spec/sealed.md`, "Commitment".
    #[must_use]
    pub fn new(origin: &Origin, member: &str, salt: &Salt) -> Self {
        let mut hasher = Sha256::new_with_prefix(b"trucelog/sealed/v1\n");
        for part in [
            origin.as_str().as_bytes(),
            b"\n",
            member.as_bytes(),
            b"\n",
            &salt.0,
        ] {
            hasher.update(part);
        }
        Self(hasher)
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Gives the commitment.
    #[must_use]
    pub fn finish(self) -> Commitment {
        Commitment::from_bytes(self.0.finalize().into())
    }
}

/// The commitment of a member to `content` for one log:
/// SHA-256("trucelog/sealed/v1\n" ‖ origin ‖ "\n" ‖ member ‖ "\n" ‖ salt ‖ content).
///
/// Source: `proto/spec/sealed.md`, "Commitment".
#[must_use]
pub fn commitment(origin: &Origin, member: &str, salt: &Salt, content: &[u8]) -> Commitment {
    let mut committer = Committer::new(origin, member, salt);
    committer.update(content);
    committer.finish()
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
