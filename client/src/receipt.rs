//! Receipts: checking without a network that a log has committed to a record.
//!
//! A receipt proves that the log's key has signed a tree that holds the record at an index. It does not prove that
//! the record's key was enrolled: only the whole log, verified, does.

use trucelog_proto::entry::Entry;
use trucelog_proto::error::{DecodeError, Error as ProofError, VerifyError};
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::policy::{Policy, Verdict};
use trucelog_proto::proof;
use trucelog_proto::record::{self, VerifiedRecord};
use trucelog_proto::refusal::Refusal;
use trucelog_proto::tlog_proof::TlogProof;
use trucelog_proto::tree;

use crate::exit::Exit;
use crate::not_enough::NotEnough;
use crate::trust::{self, Judged, Trust, VerdictPq};

/// A receipt does not hold, or is not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The receipt is not a well-formed proof.
    #[error("the receipt is not well formed: {0}")]
    Malformed(#[from] DecodeError),
    /// The proof carries no entry.
    #[error("the receipt carries no entry: the line `extra` is missing")]
    NoEntry,
    /// The entry or its record is not well formed, or the record's signature is not good.
    #[error("the receipt's entry: {0}")]
    Entry(#[from] Refusal),
    /// The receipt is for another index than the entry in it.
    #[error("the receipt is for index {receipt}, the entry in it is at index {entry}")]
    Index {
        /// Index that the receipt states.
        receipt: LeafIndex,
        /// Index that the entry states.
        entry: LeafIndex,
    },
    /// The receipt is for another record.
    #[error("the receipt is for record {found}, not for {expected}")]
    OtherRecord {
        /// The record that was asked for.
        expected: RecordDigest,
        /// The record in the receipt.
        found: RecordDigest,
    },
    /// The checkpoint does not hold.
    #[error("the receipt's checkpoint: {0}")]
    Checkpoint(#[from] ProofError),
    /// The inclusion proof does not hold.
    #[error("the receipt's proof: {0}")]
    Inclusion(#[from] VerifyError),
    /// The receipt holds, but too few witnesses have signed.
    #[error("not enough: {0}")]
    Policy(#[from] NotEnough),
}

impl ReceiptError {
    /// The exit code of a command that ends with this error. A checkpoint signed by keys that nobody pinned is not
    /// false: nothing is known about it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Policy(_)
            | Self::Checkpoint(ProofError::Verify(VerifyError::NoKnownSignature { .. })) => {
                Exit::NotEnough
            }
            _ => Exit::False,
        }
    }
}

/// A receipt that holds.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Index of the entry.
    pub index: LeafIndex,
    /// When the log says that it accepted the record, Unix milliseconds.
    pub accepted_time: u64,
    /// The record with the key that signed it. The key may not have been enrolled.
    pub record: VerifiedRecord,
    /// The signed record, as submitted.
    pub signed_record: pb::SignedRecord,
    /// The checkpoint and who has signed it.
    pub verdict: Verdict,
    /// Who has signed it with ML-DSA-44 keys, if a policy with such keys is pinned.
    pub verdict_pq: Option<VerdictPq>,
    /// The receipt's bytes, a `.tlog-proof` file.
    pub bytes: Vec<u8>,
}

impl Receipt {
    /// Digest of the record.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.record.record.digest
    }
}

/// Checks a receipt under a pinned policy, and that it is for the record `expected` if one is given.
///
/// 1. The proof is well formed and carries the entry; both state the same index.
/// 2. SHA-256 of the record in the entry is the digest that was asked for.
/// 3. The record's signature holds for this log's origin and charter.
/// 4. The checkpoint is signed by the pinned log key, for the pinned origin.
/// 5. The inclusion proof leads from the entry's leaf hash to the checkpoint's root.
/// 6. The quorum of each policy is reached.
///
/// # Errors
/// [`ReceiptError`], the first that applies; [`ReceiptError::Policy`] only when everything else holds.
///
/// Source: `proto/spec/tlog_proof.md`.
pub fn verify(
    bytes: &[u8],
    trust: &Trust,
    expected: Option<&RecordDigest>,
) -> Result<Receipt, ReceiptError> {
    let proof = TlogProof::parse(bytes)?;
    let extra = proof.extra.as_deref().ok_or(ReceiptError::NoEntry)?;
    let entry = Entry::decode(extra)?;
    if entry.index != proof.index {
        return Err(ReceiptError::Index {
            receipt: proof.index,
            entry: entry.index,
        });
    }
    let found = record::record_digest(&entry.signed_record.record);
    if let Some(expected) = expected.filter(|expected| **expected != found) {
        return Err(ReceiptError::OtherRecord {
            expected: *expected,
            found,
        });
    }
    let record = record::verify(&entry.signed_record, &trust.id)?;
    let Judged {
        verdict,
        verdict_pq,
    } = trust.judge(&proof.checkpoint_note)?;
    let head = verdict.checkpoint.checkpoint();
    let leaf = tree::leaf_hash(extra);
    proof::verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root)?;
    trust::enough(&verdict, verdict_pq.as_ref())?;
    Ok(Receipt {
        index: proof.index,
        accepted_time: entry.accepted_time,
        record,
        signed_record: entry.signed_record,
        verdict,
        verdict_pq,
        bytes: bytes.to_vec(),
    })
}

/// The witnesses of a verdict in words, for example `witnesses 5 of 7 (policy needs "five")`.
#[must_use]
pub fn witnesses(verdict: &Verdict, trust: &Trust) -> String {
    count("policy", &trust.policy, Some(verdict))
}

/// The witnesses with ML-DSA-44 keys in words, if a policy with such keys is pinned.
#[must_use]
pub fn witnesses_pq(verdict: Option<&VerdictPq>, trust: &Trust) -> Option<String> {
    let policy = trust.policy_pq.as_ref()?;
    Some(match verdict? {
        Ok(verdict) => count("policy-pq", policy, Some(verdict)),
        Err(_) => format!("{}, nor the log", count("policy-pq", policy, None)),
    })
}

fn count(name: &str, policy: &Policy, verdict: Option<&Verdict>) -> String {
    format!(
        "witnesses {} of {} ({name} needs {})",
        verdict.map_or(0, |verdict| verdict.cosigners.len()),
        policy.witnesses().count(),
        policy.quorum_name()
    )
}
