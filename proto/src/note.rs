//! Signed notes and the keys that verify them.
//!
//! A note is text with signature lines. Its text means nothing until [`Note::verify`] or
//! [`crate::checkpoint::Checkpoint::open`] has verified a signature by a key that the caller trusts. The text of
//! checkpoints is in [`crate::checkpoint`], the message of cosignatures in [`crate::cosignature`].

use std::{fmt, str::FromStr};

use ed25519_dalek::SigningKey;

use crate::{
    cosignature::{self, CosignatureTime},
    error::{DecodeError, VerifyError},
    hash::{array, sha256},
    mldsa::{MlDsaPublicKey, MlDsaSigningKey},
    signature::{self, PublicKey},
    text::{format_base64, parse_base64, parse_text},
};

/// The largest note, in bytes.
pub const MAX_NOTE_LEN: usize = 512 * 1024;

/// The largest number of lines of a note, counting text, the blank line and signatures.
pub const MAX_NOTE_LINES: usize = 100;

/// The signature type of Ed25519 signatures over the note's text.
pub const ED25519: u8 = 0x01;

/// The signature type of timestamped Ed25519 cosignatures.
pub const COSIGNATURE: u8 = 0x04;

/// The signature type of timestamped ML-DSA-44 cosignatures, which logs make too.
pub const ML_DSA_44: u8 = 0x06;

/// The name of a key: not empty, without white space, control characters and `+`, at most 255 bytes.
///
/// Source: `note.md`; c2sp.org/signed-note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let field = "key name";
        if text.len() > Self::MAX_LEN {
            return Err(DecodeError::TooLong {
                field,
                limit: Self::MAX_LEN,
                found: text.len(),
            });
        }
        let allowed = |c: char| c != '+' && !c.is_whitespace() && c >= ' ';
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(DecodeError::Syntax {
                field,
                expected: "at least one character, no white space, no control character, no +",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a verifier key holds beside its name.
///
/// Source: `note.md`; c2sp.org/signed-note; c2sp.org/tlog-cosignature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// A key for Ed25519 signatures over the text, type 0x01.
    Ed25519(PublicKey),
    /// A key for timestamped Ed25519 cosignatures, type 0x04.
    Cosignature(PublicKey),
    /// A key for timestamped ML-DSA-44 cosignatures, of a log or a cosigner, type 0x06.
    MlDsa44(MlDsaPublicKey),
    /// A key of a type that this software keeps but cannot verify with.
    Unknown {
        /// The signature type.
        algorithm: u8,
        /// The key, without the signature type.
        key: Vec<u8>,
    },
}

impl KeyMaterial {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (algorithm, key) = bytes.split_first().ok_or(DecodeError::Missing {
            field: "signature type of a verifier key",
        })?;
        Ok(match *algorithm {
            ED25519 => Self::Ed25519(PublicKey::try_from(key)?),
            COSIGNATURE => Self::Cosignature(PublicKey::try_from(key)?),
            ML_DSA_44 => Self::MlDsa44(MlDsaPublicKey::try_from(key)?),
            algorithm => Self::Unknown {
                algorithm,
                key: key.to_vec(),
            },
        })
    }

    /// Returns the signature type.
    #[must_use]
    pub fn algorithm(&self) -> u8 {
        match self {
            Self::Ed25519(_) => ED25519,
            Self::Cosignature(_) => COSIGNATURE,
            Self::MlDsa44(_) => ML_DSA_44,
            Self::Unknown { algorithm, .. } => *algorithm,
        }
    }

    /// Returns the key without the signature type.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) | Self::Cosignature(key) => key.as_bytes(),
            Self::MlDsa44(key) => key.as_bytes(),
            Self::Unknown { key, .. } => key,
        }
    }

    /// Computes SHA-256(name ‖ 0x0A ‖ type ‖ key)[..4].
    fn key_id(&self, name: &KeyName) -> u32 {
        let digest = sha256(&[
            name.as_str().as_bytes(),
            b"\n",
            &[self.algorithm()],
            self.key(),
        ]);
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }
}

/// A key that verifies notes: name, key ID and key. Its text form, the vkey, is `NAME+KEYID+BASE64`.
///
/// Source: `note.md`; c2sp.org/signed-note.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    key_id: u32,
    material: KeyMaterial,
}

impl VerifierKey {
    /// Joins a name and an Ed25519 public key, type 0x01.
    #[must_use]
    pub fn ed25519(name: KeyName, key: PublicKey) -> Self {
        Self::of(name, KeyMaterial::Ed25519(key))
    }

    /// Joins a name and the public key of a cosigner, type 0x04.
    #[must_use]
    pub fn cosignature(name: KeyName, key: PublicKey) -> Self {
        Self::of(name, KeyMaterial::Cosignature(key))
    }

    /// Joins a name and the ML-DSA-44 public key of a log or cosigner, type 0x06.
    #[must_use]
    pub fn ml_dsa_44(name: KeyName, key: MlDsaPublicKey) -> Self {
        Self::of(name, KeyMaterial::MlDsa44(key))
    }

    fn of(name: KeyName, material: KeyMaterial) -> Self {
        let key_id = material.key_id(&name);
        Self {
            name,
            key_id,
            material,
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns the key ID.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Returns the key with its type.
    #[must_use]
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// Says whether a signature line claims to be by this key.
    fn is_named_by(&self, line: &NoteSignature) -> bool {
        self.name == line.name && self.key_id == line.key_id
    }
}

impl FromStr for VerifierKey {
    type Err = DecodeError;

    /// Parses a vkey.
    ///
    /// The key ID is checked for the types 0x01, 0x04 and 0x06; other types may compute theirs differently.
    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || {
            parts.next().ok_or(DecodeError::Syntax {
                field: "verifier key",
                expected: "NAME+KEYID+BASE64",
            })
        };
        let (name, key_id, key) = (part()?.parse()?, parse_key_id(part()?)?, part()?);
        let material = KeyMaterial::decode(&parse_base64(key, "verifier key")?)?;
        if let KeyMaterial::Unknown { .. } = material {
            return Ok(Self {
                name,
                key_id,
                material,
            });
        }
        let key = Self::of(name, material);
        if key.key_id == key_id {
            return Ok(key);
        }
        Err(DecodeError::KeyId {
            expected: key.key_id,
            found: key_id,
        })
    }
}

fn parse_key_id(text: &str) -> Result<u32, DecodeError> {
    let field = "key ID";
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 8 || !text.bytes().all(lower_hex) {
        return Err(DecodeError::Hex { field });
    }
    u32::from_str_radix(text, 16).map_err(|_| DecodeError::Hex { field })
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.material.algorithm()], self.material.key()].concat();
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.key_id,
            format_base64(&bytes)
        )
    }
}

/// The private keys of one signer, a log or a cosigner. Both kinds sign the same checkpoints.
#[derive(Clone, Debug)]
pub struct SignerKeys {
    /// The Ed25519 key.
    pub ed25519: SigningKey,
    /// The ML-DSA-44 key, if the signer has one.
    pub ml_dsa: Option<MlDsaSigningKey>,
}

impl From<SigningKey> for SignerKeys {
    fn from(ed25519: SigningKey) -> Self {
        Self {
            ed25519,
            ml_dsa: None,
        }
    }
}

/// One signature line of a note, verified or not: key name, key ID and the bytes after the key ID.
///
/// Source: `note.md`; c2sp.org/signed-note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// The key ID.
    pub key_id: u32,
    /// The signature, at least one byte; its form depends on the signature type.
    pub bytes: Vec<u8>,
}

impl NoteSignature {
    /// Signs a note's text with Ed25519, type 0x01.
    ///
    /// Source: `note.md`; c2sp.org/signed-note.
    #[must_use]
    pub fn sign(text: &str, name: &KeyName, key: &SigningKey) -> Self {
        Self {
            name: name.clone(),
            key_id: KeyMaterial::Ed25519(PublicKey::of(key)).key_id(name),
            bytes: signature::sign(key, text.as_bytes()).to_vec(),
        }
    }

    fn verify(
        &self,
        text: &str,
        key: &VerifierKey,
    ) -> Result<Option<CosignatureTime>, VerifyError> {
        let verdict = match &key.material {
            KeyMaterial::Ed25519(key) => array(&self.bytes, "signature")
                .map_err(|_| VerifyError::Signature)
                .and_then(|bytes| signature::verify(key, text.as_bytes(), &bytes))
                .map(|()| None),
            KeyMaterial::Cosignature(key) => cosignature::verify(text, key, &self.bytes).map(Some),
            KeyMaterial::MlDsa44(key) => {
                cosignature::verify_ml_dsa(text, &self.name, key, &self.bytes)
            }
            KeyMaterial::Unknown { .. } => {
                return Err(VerifyError::UnsupportedKey {
                    name: self.name.to_string(),
                    key_id: self.key_id,
                });
            }
        };
        verdict.map_err(|_| VerifyError::NoteSignature {
            name: self.name.to_string(),
            key_id: self.key_id,
        })
    }
}

impl fmt::Display for NoteSignature {
    /// Formats the line without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes(), self.bytes.as_slice()].concat();
        write!(f, "— {} {}", self.name, format_base64(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = DecodeError;

    /// Parses a line without its newline.
    fn from_str(line: &str) -> Result<Self, DecodeError> {
        let syntax = || DecodeError::Syntax {
            field: "signature line",
            expected: "an em dash, a space, the key name, a space, base64",
        };
        let rest = line.strip_prefix("— ").ok_or_else(syntax)?;
        let (name, bytes) = rest.split_once(' ').ok_or_else(syntax)?;
        let bytes = parse_base64(bytes, "signature line")?;
        match bytes.split_first_chunk() {
            Some((key_id, bytes)) if !bytes.is_empty() => Ok(Self {
                name: name.parse()?,
                key_id: u32::from_be_bytes(*key_id),
                bytes: bytes.to_vec(),
            }),
            _ => Err(DecodeError::Truncated {
                field: "signature line",
            }),
        }
    }
}

/// A signature line that has been verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature<'a> {
    /// The key that signed.
    pub key: &'a VerifierKey,
    /// The time stated by a cosignature; none for type 0x01, and for a time of 0 of type 0x06.
    pub time: Option<CosignatureTime>,
}

/// A note that is well formed. Nothing about its signatures is known before [`Note::verify`].
///
/// Source: `note.md`; c2sp.org/signed-note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Joins a text and its signature lines.
    ///
    /// # Errors
    ///
    /// If the text does not end in a newline or holds other control characters, there is no signature, or the note
    /// exceeds [`MAX_NOTE_LEN`] or [`MAX_NOTE_LINES`].
    pub fn new(text: &str, signatures: Vec<NoteSignature>) -> Result<Self, DecodeError> {
        let note = Self {
            text: text.to_owned(),
            signatures,
        };
        Self::parse(&note.format())
    }

    /// Parses a note.
    ///
    /// # Errors
    ///
    /// If the bytes exceed [`MAX_NOTE_LEN`] or [`MAX_NOTE_LINES`] or do not follow the grammar.
    ///
    /// Source: `note.md`; c2sp.org/signed-note.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let syntax = |expected| DecodeError::Syntax {
            field: "note",
            expected,
        };
        let note = parse_text(bytes, MAX_NOTE_LEN, b"\n", "note")?;
        if note.split_inclusive('\n').count() > MAX_NOTE_LINES {
            return Err(DecodeError::TooMany {
                field: "note lines",
                limit: MAX_NOTE_LINES,
            });
        }
        let blank = note
            .rfind("\n\n")
            .ok_or_else(|| syntax("a blank line before the signatures"))?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| syntax("a newline at the end"))?;
        let signatures = lines
            .split('\n')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// Formats the note; parsing the result gives the same note.
    ///
    /// Source: `note.md`; c2sp.org/signed-note.
    #[must_use]
    pub fn format(&self) -> Vec<u8> {
        let mut note = format!("{}\n", self.text);
        for line in &self.signatures {
            note.push_str(&line.to_string());
            note.push('\n');
        }
        note.into_bytes()
    }

    /// Returns the text, with its newline at the end. It is not to be trusted before a signature is verified.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns all signature lines, verified or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Verifies every line whose name and key ID match a key in `known`; other lines are ignored.
    ///
    /// Several lines by one key must all verify; the result then names the key once for each.
    ///
    /// # Errors
    ///
    /// If a line by a known key does not verify, two known keys share name and key ID of a line, a known key is of a
    /// type that cannot verify, or no line is by a known key.
    ///
    /// Source: `note.md`; c2sp.org/signed-note.
    pub fn verify<'a>(
        &self,
        known: &'a [VerifierKey],
    ) -> Result<Vec<VerifiedSignature<'a>>, VerifyError> {
        let mut verified = Vec::new();
        for line in &self.signatures {
            if let Some(key) = find_key(known, line)? {
                let time = line.verify(&self.text, key)?;
                verified.push(VerifiedSignature { key, time });
            }
        }
        if verified.is_empty() {
            return Err(VerifyError::NoKnownSignature { known: known.len() });
        }
        Ok(verified)
    }
}

fn find_key<'a>(
    known: &'a [VerifierKey],
    line: &NoteSignature,
) -> Result<Option<&'a VerifierKey>, VerifyError> {
    let mut keys = known.iter().filter(|key| key.is_named_by(line));
    let key = keys.next();
    if keys.next().is_some() {
        return Err(VerifyError::AmbiguousKey {
            name: line.name.to_string(),
            key_id: line.key_id,
        });
    }
    Ok(key)
}
