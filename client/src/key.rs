//! Key files: private keys that only their owner may read, and public keys, in PEM.
//!
//! Stations, operators and the first key of logs and cosigners are Ed25519. Logs and cosigners may have an ML-DSA-44 key
//! beside it.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use trucelog_proto::error::DecodeError;
use trucelog_proto::mldsa::{self, MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::{KeyName, VerifierKey};
use trucelog_proto::signature::{self, PublicKey};

use crate::{Error, durable};

/// A key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Others may read the key.
    #[error("{}: others may read this private key; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
}

/// Reads an Ed25519 private key, PKCS#8 PEM.
///
/// # Errors
/// [`KeyError::Exposed`] when others may read the file; [`Error::Io`]; [`Error::Decode`].
pub fn read(path: &Path) -> Result<SigningKey, Error> {
    read_private(path, signature::private_key_from_pem)
}

/// Reads an ML-DSA-44 private key, PKCS#8 PEM.
///
/// # Errors
/// As [`read`].
pub fn read_ml_dsa(path: &Path) -> Result<MlDsaSigningKey, Error> {
    read_private(path, mldsa::private_key_from_pem)
}

fn read_private<K>(
    path: &Path,
    decode: impl FnOnce(&str) -> Result<K, DecodeError>,
) -> Result<K, Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned()).into());
    }
    decode(&read_text(path)?).map_err(Error::decode(&path.display()))
}

fn read_text(path: &Path) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&durable::read(path)?).into_owned())
}

/// Makes an Ed25519 key and writes it to `path`, which must not exist.
///
/// # Errors
/// [`Error::Io`]; [`Error::Random`].
pub fn create(path: &Path) -> Result<SigningKey, Error> {
    let key = SigningKey::from_bytes(&seed()?);
    durable::create_private(path, signature::private_key_to_pem(&key).as_bytes())?;
    Ok(key)
}

/// Makes an ML-DSA-44 key and writes it to `path`, which must not exist.
///
/// # Errors
/// [`Error::Io`]; [`Error::Random`].
pub fn create_ml_dsa(path: &Path) -> Result<MlDsaSigningKey, Error> {
    let key = MlDsaSigningKey::from_seed(&seed()?);
    durable::create_private(path, mldsa::private_key_to_pem(&key).as_bytes())?;
    Ok(key)
}

fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// A public key of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyPublicKey {
    /// Ed25519.
    Ed25519(PublicKey),
    /// ML-DSA-44.
    MlDsa44(MlDsaPublicKey),
}

impl AnyPublicKey {
    /// Reads the public key of a PEM file with a private or a public key.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::NotA`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = read_text(path)?;
        let ed25519 = signature::private_key_from_pem(&text)
            .map(|key| PublicKey::of(&key))
            .or_else(|_| signature::public_key_from_pem(&text))
            .map(Self::Ed25519);
        let ml_dsa = || {
            mldsa::private_key_from_pem(&text)
                .map(|key| MlDsaPublicKey::of(&key))
                .or_else(|_| mldsa::public_key_from_pem(&text))
                .map(Self::MlDsa44)
        };
        match ed25519 {
            // A key that verifies nothing is told apart from what is no key.
            Err(DecodeError::Pem { .. }) => ml_dsa().map_err(|_| Error::NotA {
                what: path.display().to_string(),
                expected: "an Ed25519 or ML-DSA-44 key in PEM",
            }),
            known => known.map_err(Error::decode(&path.display())),
        }
    }

    /// The key with a log's name, as others pin it.
    #[must_use]
    pub fn vkey(&self, name: KeyName) -> VerifierKey {
        match self {
            Self::Ed25519(key) => VerifierKey::ed25519(name, *key),
            Self::MlDsa44(key) => VerifierKey::ml_dsa_44(name, key.clone()),
        }
    }

    /// The key with a cosigner's name, as others pin it.
    #[must_use]
    pub fn cosigner_vkey(&self, name: KeyName) -> VerifierKey {
        match self {
            Self::Ed25519(key) => VerifierKey::cosignature(name, *key),
            Self::MlDsa44(key) => VerifierKey::ml_dsa_44(name, key.clone()),
        }
    }

    /// The key as SPKI PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        match self {
            Self::Ed25519(key) => signature::public_key_to_pem(key),
            Self::MlDsa44(key) => mldsa::public_key_to_pem(key),
        }
    }
}

impl fmt::Display for AnyPublicKey {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Ed25519(key) => key.as_bytes(),
            Self::MlDsa44(key) => key.as_bytes(),
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
