//! Records, what is signed of them, and submissions.
//!
//! In scope: the bytes of a record, its digest, its statement and its signature. Out of scope: whether the log
//! may hold it, which [`crate::rules`] judges.
//!
//! Source: `proto/spec/record.md`.

use prost::Message as _;

use crate::canonical::{self, grammar};
use crate::checkpoint::Origin;
use crate::error::DecodeError;
use crate::generations::Generations;
use crate::hash::{CharterDigest, RecordDigest, sha256};
use crate::limits::MAX_RECORD_LEN;
use crate::pb;
use crate::refusal::{Reason, Refusal};
use crate::signature::{self, PublicKey};

/// Length of an Ed25519 signature in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// What names a log for good: its origin and the digest of its charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogId {
    /// Origin of the log.
    pub origin: Origin,
    /// Record digest of its charter.
    pub charter: CharterDigest,
}

/// A record whose bytes are canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedRecord {
    /// SHA-256 of the bytes.
    pub digest: RecordDigest,
    /// The message.
    pub message: pb::Record,
}

impl DecodedRecord {
    /// Decodes the canonical bytes of a record.
    ///
    /// # Errors
    /// [`Refusal`] when the bytes are too long or not canonical.
    ///
    /// Source: `proto/spec/record.md`, "Record".
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_RECORD_LEN {
            return Err(Refusal::new(Reason::RecordTooLarge, "")
                .with("limit_bytes", MAX_RECORD_LEN)
                .with("found_bytes", bytes.len()));
        }
        canonical::check(&grammar::RECORD, bytes)?;
        let message = pb::Record::decode(bytes)
            .map_err(|error| Refusal::new(Reason::NotCanonical, "").with("problem", error))?;
        Ok(Self {
            digest: record_digest(bytes),
            message,
        })
    }

    /// Tells whether the record is a Charter, which is signed before its digest exists.
    #[must_use]
    pub fn is_charter(&self) -> bool {
        matches!(self.message.body, Some(pb::record::Body::Charter(_)))
    }
}

/// Digest of a record: SHA-256(record).
#[must_use]
pub fn record_digest(record: &[u8]) -> RecordDigest {
    RecordDigest::from_bytes(sha256(&[record]))
}

/// The bytes that a station signs:
/// `"trucelog/record/v1\n" ‖ origin ‖ "\n" ‖ hex(charter digest) ‖ "\n" ‖ hex(record digest) ‖ "\n"`.
/// For a Charter, `charter` is 32 zero bytes.
///
/// Source: `proto/spec/record.md`, "Statement".
#[must_use]
pub fn statement(origin: &Origin, charter: &CharterDigest, record: &RecordDigest) -> Vec<u8> {
    format!("trucelog/record/v1\n{origin}\n{charter}\n{record}\n").into_bytes()
}

/// The charter digest that stands in the statement of a Charter itself.
pub const NO_CHARTER: CharterDigest = CharterDigest::from_bytes([0; 32]);

/// Signs a record's bytes.
///
/// Source: `proto/spec/record.md`, "Signature".
#[must_use]
pub fn sign(record: Vec<u8>, id: &LogId, key: &ed25519_dalek::SigningKey) -> pb::SignedRecord {
    let statement = statement(&id.origin, &id.charter, &record_digest(&record));
    pb::SignedRecord {
        signature: signature::sign(key, &statement).to_vec(),
        public_key: key.verifying_key().to_bytes().to_vec(),
        record,
    }
}

/// A record with a signature that verifies: all that can be checked without the log's state.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedRecord {
    /// The record.
    pub record: DecodedRecord,
    /// The key that signed it.
    pub public_key: PublicKey,
}

/// Checks form and signature of a signed record, without the log's state.
///
/// # Errors
/// [`Refusal`]: too large, not canonical, key malformed or weak, signature invalid.
///
/// Source: `proto/spec/record.md`, "Checking".
pub fn verify(signed: &pb::SignedRecord, id: &LogId) -> Result<VerifiedRecord, Refusal> {
    let record = DecodedRecord::decode(&signed.record)?;
    verify_signature(record, signed, id, &KnownKeys::default())
}

/// Checks the signature of a record that is decoded already. A key that `keys` knows is not parsed again.
///
/// # Errors
/// [`Refusal`]: key malformed or weak, signature invalid.
///
/// Source: `proto/spec/record.md`, "Checking".
pub fn verify_signature(
    record: DecodedRecord,
    signed: &pb::SignedRecord,
    id: &LogId,
    keys: &KnownKeys,
) -> Result<VerifiedRecord, Refusal> {
    let public_key = keys.parse(&signed.public_key)?;
    let charter = if record.is_charter() {
        &NO_CHARTER
    } else {
        &id.charter
    };
    let statement = statement(&id.origin, charter, &record.digest);
    verify_parsed(&statement, &public_key, &signed.signature)?;
    Ok(VerifiedRecord { record, public_key })
}

/// Checks that `statement` is signed, and gives the key. Fields are `public_key` and `signature`.
pub(crate) fn verify_statement(
    statement: &[u8],
    public_key: &[u8],
    signature: &[u8],
) -> Result<PublicKey, Refusal> {
    let public_key = parse_key(public_key, "public_key")?;
    verify_parsed(statement, &public_key, signature)?;
    Ok(public_key)
}

fn verify_parsed(
    statement: &[u8],
    public_key: &PublicKey,
    signature: &[u8],
) -> Result<(), Refusal> {
    let signature: &[u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| {
        Refusal::new(Reason::FieldFormat, "signature")
            .with("form", format!("{SIGNATURE_LEN} bytes"))
    })?;
    signature::verify(public_key, statement, signature)
        .map_err(|_| Refusal::new(Reason::SignatureInvalid, "signature"))
}

/// Keys whose bytes were parsed before: parsing one costs a fifth of verifying a signature. Each thread may use it.
#[derive(Debug)]
pub struct KnownKeys(Generations<[u8; 32], PublicKey>);

/// Keys of one generation; one takes about 300 bytes.
const KNOWN_KEYS: usize = 4096;

impl Default for KnownKeys {
    fn default() -> Self {
        Self(Generations::of(KNOWN_KEYS))
    }
}

impl KnownKeys {
    fn parse(&self, bytes: &[u8]) -> Result<PublicKey, Refusal> {
        let known = bytes.try_into().ok().and_then(|bytes| self.0.get(bytes));
        if let Some(known) = known {
            return Ok(known);
        }
        let key = parse_key(bytes, "public_key")?;
        self.0.insert(*key.as_bytes(), key);
        Ok(key)
    }
}

/// Checks a submission: the log that it names, then form and signature.
///
/// # Errors
/// [`Refusal`], the first of: origin, charter, and what [`verify`] refuses.
///
/// Source: `proto/spec/record.md`, "Checking".
pub fn verify_submission(
    submission: &pb::Submission,
    id: &LogId,
    keys: &KnownKeys,
) -> Result<VerifiedRecord, Refusal> {
    if submission.origin != id.origin.as_str() {
        return Err(Refusal::new(Reason::WrongOrigin, "origin").with("expected", &id.origin));
    }
    if submission.charter_digest != id.charter.as_bytes() {
        return Err(
            Refusal::new(Reason::WrongCharter, "charter_digest").with("expected", id.charter)
        );
    }
    let signed = submission.signed_record.as_ref();
    let signed = signed.ok_or_else(|| Refusal::new(Reason::FieldRequired, "signed_record"))?;
    let record = DecodedRecord::decode(&signed.record)?;
    verify_signature(record, signed, id, keys)
}

/// Parses a public key in a field.
pub(crate) fn parse_key(bytes: &[u8], field: &str) -> Result<PublicKey, Refusal> {
    PublicKey::try_from(bytes).map_err(|error| {
        let reason = match error {
            DecodeError::PublicKeySmallOrder => Reason::KeyWeak,
            _ => Reason::KeyMalformed,
        };
        Refusal::new(reason, field).with("problem", error)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use ed25519_dalek::SigningKey;

    use super::*;

    fn submission(id: &LogId, key: &SigningKey) -> pb::Submission {
        let record = pb::Record {
            member: "UKR".to_owned(),
            ..pb::Record::default()
        };
        pb::Submission {
            origin: id.origin.to_string(),
            charter_digest: id.charter.as_bytes().to_vec(),
            signed_record: Some(sign(record.encode_to_vec(), id, key)),
        }
    }

    #[test]
    fn a_known_key_verifies_no_more_than_a_new_one() {
        let id = LogId {
            origin: "example.org/log".parse().unwrap(),
            charter: CharterDigest::from_bytes([7; 32]),
        };
        let keys = KnownKeys::default();
        let good = submission(&id, &SigningKey::from_bytes(&[1; 32]));
        let mut of_other = submission(&id, &SigningKey::from_bytes(&[2; 32]));
        assert!(verify_submission(&of_other, &id, &keys).is_ok());
        of_other.signed_record.as_mut().unwrap().signature =
            good.signed_record.as_ref().unwrap().signature.clone();
        let mut weak = good.clone();
        weak.signed_record.as_mut().unwrap().public_key = [vec![1], vec![0; 31]].concat();
        for _ in 0..2 {
            let verified = verify_submission(&good, &id, &keys).unwrap();
            let signed = good.signed_record.as_ref().unwrap();
            assert_eq!(verified, verify(signed, &id).unwrap());
            let refused = verify_submission(&of_other, &id, &keys).unwrap_err();
            assert_eq!(refused.reason, Reason::SignatureInvalid);
            let refused = verify_submission(&weak, &id, &keys).unwrap_err();
            assert_eq!(refused.reason, Reason::KeyWeak);
        }
    }
}
