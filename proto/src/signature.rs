//! Ed25519 with one verdict for every input, and the PEM form of keys.
//!
//! A public key is checked once, when it is made; [`verify`] then needs no further conditions. What is signed is not
//! this module's business: statements are in the record's module, notes in [`crate::note`].

use std::{cmp::Ordering, fmt};

use ed25519_dalek::{
    Signature, Signer, SigningKey, Verifier as _, VerifyingKey,
    pkcs8::{
        DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
        PublicKeyBytes,
        spki::der::{pem::LineEnding, zeroize::Zeroizing},
    },
};

use crate::{
    error::{DecodeError, VerifyError},
    hash::array,
};

/// An Ed25519 public key that can verify: canonical, on the curve, not of small order.
///
/// It may have a component of small order beside its large one; [`verify`] says what that means.
///
/// Source: `signature.md`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Checks and wraps the 32 bytes of a public key.
    ///
    /// # Errors
    ///
    /// [`DecodeError::PublicKeyNotCanonical`] if y ≥ p, [`DecodeError::PublicKeyNotOnCurve`] if no point has this y,
    /// [`DecodeError::PublicKeySmallOrder`] if the point's order divides 8. The order of the checks is this one.
    ///
    /// Source: `signature.md`.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, DecodeError> {
        if !y_is_canonical(&bytes) {
            return Err(DecodeError::PublicKeyNotCanonical);
        }
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| DecodeError::PublicKeyNotOnCurve)?;
        // Also covers x = 0 with the sign bit set, which the library decodes: such points have order 1 or 2.
        if key.is_weak() {
            return Err(DecodeError::PublicKeySmallOrder);
        }
        Ok(Self(key))
    }

    /// Returns the public key of a private key.
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }

    /// Returns the 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl TryFrom<&[u8]> for PublicKey {
    type Error = DecodeError;

    fn try_from(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_bytes(array(bytes, "public key")?)
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Says whether the y coordinate in an encoding, its low 255 bits, is below p = 2^255 - 19.
fn y_is_canonical(bytes: &[u8; 32]) -> bool {
    let high_bits_set = bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff);
    !(high_bits_set && bytes[0] >= 0xed)
}

/// Signs a message with Ed25519 as in RFC 8032.
///
/// Source: `signature.md`; RFC 8032 section 5.1.6.
#[must_use]
pub fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    key.sign(message).to_bytes()
}

/// Verifies an Ed25519 signature R ‖ S: S < L; R a canonical encoding and not of small order; and
/// `encode([S]B - [k]A)` equals R byte for byte, where k = SHA-512(R ‖ A ‖ M) mod L.
///
/// There is no multiplication by the cofactor. A key with a component of small order therefore verifies exactly the
/// signatures for which the equation holds as written.
///
/// # Errors
///
/// [`VerifyError::Signature`] in every other case.
///
/// Source: `signature.md`; RFC 8032 section 5.1.7.
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Result<(), VerifyError> {
    // ed25519-dalek 3 `verify` refuses S ≥ L (unless built with its feature `legacy_compatibility`, which this workspace
    // never enables) and compares encode([S]B - [k]A) with the bytes of R. Bytes that equal an encoding are canonical
    // and decode to a point, so that R need not be decoded, as `verify_strict` does, to know whether it has small order:
    // it has if and only if it is one of the canonical encodings of the points that do. `PublicKey` has checked the key.
    let signature = Signature::from_bytes(signature);
    if has_small_order(signature.r_bytes()) {
        return Err(VerifyError::Signature);
    }
    key.0
        .verify(message, &signature)
        .map_err(|_| VerifyError::Signature)
}

/// The y coordinates of the points whose order divides 8, encoded without the sign bit.
///
/// Source: `signature.md`, "What a verifier in another language must check first".
const SMALL_ORDER_Y: [[u8; 32]; 5] = {
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    let order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let other_order_8 = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    [[0; 32], one, minus_one, order_8, other_order_8]
};

/// Says whether canonical bytes encode a point whose order divides 8.
fn has_small_order(bytes: &[u8; 32]) -> bool {
    let mut y = *bytes;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// Writes a private key as PKCS#8 version 1 in PEM, the version that OpenSSL 3.0 and Python's `cryptography` read.
///
/// # Panics
///
/// Never: 32 bytes always have this form.
///
/// Source: `signature.md`; RFC 5958; RFC 8410 section 7.
#[must_use]
pub fn private_key_to_pem(key: &SigningKey) -> Zeroizing<String> {
    // A public key beside the private one would make this version 2.
    let pair = KeypairBytes {
        secret_key: key.to_bytes(),
        public_key: None,
    };
    pair.to_pkcs8_pem(LineEnding::LF)
        .expect("32 bytes always have a PKCS#8 form")
}

/// Reads a private key from PKCS#8 in PEM, version 1 or 2.
///
/// # Errors
///
/// [`DecodeError::Pem`] if the text is anything else, or a public key in it is not the private key's own.
///
/// Source: `signature.md`; RFC 5958; RFC 8410 section 7.
pub fn private_key_from_pem(pem: &str) -> Result<SigningKey, DecodeError> {
    SigningKey::from_pkcs8_pem(pem).map_err(|_| DecodeError::Pem {
        field: "private key",
    })
}

/// Writes a public key as a `SubjectPublicKeyInfo` in PEM.
///
/// # Panics
///
/// Never: 32 bytes always have this form.
///
/// Source: `signature.md`; RFC 8410 section 4.
#[must_use]
pub fn public_key_to_pem(key: &PublicKey) -> String {
    let bytes = PublicKeyBytes(*key.as_bytes());
    bytes
        .to_public_key_pem(LineEnding::LF)
        .expect("32 bytes always have an SPKI form")
}

/// Reads a public key from a `SubjectPublicKeyInfo` in PEM.
///
/// # Errors
///
/// [`DecodeError::Pem`] if the text is anything else, or those of [`PublicKey::from_bytes`].
///
/// Source: `signature.md`; RFC 8410 section 4.
pub fn public_key_from_pem(pem: &str) -> Result<PublicKey, DecodeError> {
    let bytes = PublicKeyBytes::from_public_key_pem(pem).map_err(|_| DecodeError::Pem {
        field: "public key",
    })?;
    PublicKey::from_bytes(bytes.0)
}
