//! ML-DSA-44 and the PEM form of its keys.
//!
//! Logs and cosigners sign their checkpoints with it beside Ed25519, so that what binds them today still binds them
//! when Ed25519 no longer does. What is signed is in [`crate::cosignature`]. Records are never signed with it.
//!
//! Source: `cosignature.md`; FIPS 204.

use std::fmt;

use ml_dsa::{
    EncodedSignature, EncodedVerifyingKey, MlDsa44, Seed, Signature, SigningKey, VerifyingKey,
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
        spki::der::{pem::LineEnding, zeroize::Zeroizing},
    },
    signature::{Keypair as _, Signer as _, Verifier as _},
};

use crate::{
    error::{DecodeError, VerifyError},
    hash::array,
};

/// Bytes of a public key.
pub const PUBLIC_KEY_LEN: usize = 1312;

/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 2420;

/// An ML-DSA-44 public key. Every 1,312 bytes are one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MlDsaPublicKey(Box<[u8; PUBLIC_KEY_LEN]>);

impl MlDsaPublicKey {
    /// Returns the public key of a private key.
    #[must_use]
    pub fn of(key: &MlDsaSigningKey) -> Self {
        Self::encoded(&key.0.verifying_key())
    }

    /// Returns the 1,312 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LEN] {
        &self.0
    }

    fn encoded(key: &VerifyingKey<MlDsa44>) -> Self {
        Self(Box::new(key.encode().into()))
    }

    fn decoded(&self) -> VerifyingKey<MlDsa44> {
        VerifyingKey::decode(&EncodedVerifyingKey::<MlDsa44>::from(*self.0))
    }
}

impl TryFrom<&[u8]> for MlDsaPublicKey {
    type Error = DecodeError;

    fn try_from(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(Box::new(array(bytes, "ML-DSA-44 public key")?)))
    }
}

impl fmt::Debug for MlDsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MlDsaPublicKey(")?;
        self.0[..4]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

/// An ML-DSA-44 private key.
#[derive(Clone)]
pub struct MlDsaSigningKey(SigningKey<MlDsa44>);

impl MlDsaSigningKey {
    /// Makes the key of a seed.
    ///
    /// Source: FIPS 204, algorithm 6.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_seed(&Seed::from(*seed)))
    }
}

impl fmt::Debug for MlDsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MlDsaSigningKey(…)")
    }
}

/// Signs a message with the deterministic variant and an empty context.
///
/// Source: FIPS 204, algorithm 2.
#[must_use]
pub fn sign(key: &MlDsaSigningKey, message: &[u8]) -> [u8; SIGNATURE_LEN] {
    key.0.sign(message).encode().into()
}

/// Verifies a signature with an empty context.
///
/// # Errors
///
/// [`VerifyError::Signature`] if it does not hold.
///
/// Source: FIPS 204, algorithm 3.
pub fn verify(
    key: &MlDsaPublicKey,
    message: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), VerifyError> {
    let signature = Signature::decode(&EncodedSignature::<MlDsa44>::from(*signature))
        .ok_or(VerifyError::Signature)?;
    key.decoded()
        .verify(message, &signature)
        .map_err(|_| VerifyError::Signature)
}

/// Writes a private key as PKCS#8 in PEM: the seed alone.
///
/// # Panics
///
/// Never: a seed always has this form.
///
/// Source: RFC 9881 section 6.
#[must_use]
pub fn private_key_to_pem(key: &MlDsaSigningKey) -> Zeroizing<String> {
    key.0
        .to_pkcs8_pem(LineEnding::LF)
        .expect("a seed always has a PKCS#8 form")
}

/// Reads a private key from PKCS#8 in PEM that holds the seed alone.
///
/// # Errors
///
/// [`DecodeError::Pem`] if the text is anything else.
///
/// Source: RFC 9881 section 6.
pub fn private_key_from_pem(pem: &str) -> Result<MlDsaSigningKey, DecodeError> {
    let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| DecodeError::Pem {
        field: "ML-DSA-44 private key",
    })?;
    Ok(MlDsaSigningKey(key))
}

/// Writes a public key as a `SubjectPublicKeyInfo` in PEM.
///
/// # Panics
///
/// Never: 1,312 bytes always have this form.
///
/// Source: RFC 9881 section 4.
#[must_use]
pub fn public_key_to_pem(key: &MlDsaPublicKey) -> String {
    key.decoded()
        .to_public_key_pem(LineEnding::LF)
        .expect("1,312 bytes always have an SPKI form")
}

/// Reads a public key from a `SubjectPublicKeyInfo` in PEM.
///
/// # Errors
///
/// [`DecodeError::Pem`] if the text is anything else.
///
/// Source: RFC 9881 section 4.
pub fn public_key_from_pem(pem: &str) -> Result<MlDsaPublicKey, DecodeError> {
    let key = VerifyingKey::<MlDsa44>::from_public_key_pem(pem).map_err(|_| DecodeError::Pem {
        field: "ML-DSA-44 public key",
    })?;
    Ok(MlDsaPublicKey::encoded(&key))
}
