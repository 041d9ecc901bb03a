//! Entries: records at their place in the log, each naming the entry before.
//!
//! In scope: the bytes of an entry and the link to the one before. Out of scope: the tree over the entries
//! ([`crate::tree`]) and the rules ([`crate::rules`]).
//!
//! Source: `proto/spec/entry.md`.

use prost::Message as _;

use crate::canonical::{self, grammar};
use crate::checkpoint::Origin;
use crate::hash::{LeafHash, LeafIndex, sha256};
use crate::limits::MAX_ENTRY_LEN;
use crate::pb;
use crate::refusal::{Reason, Refusal};

/// An entry whose bytes are canonical, apart from the record inside, which is not looked into.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Position in the log.
    pub index: LeafIndex,
    /// Leaf hash of the entry before; the genesis hash at index 0.
    pub previous: LeafHash,
    /// When the log accepted the record, Unix milliseconds.
    pub accepted_time: u64,
    /// The record as submitted.
    pub signed_record: pb::SignedRecord,
}

impl Entry {
    /// Decodes the canonical bytes of an entry.
    ///
    /// # Errors
    /// [`Refusal`] when the bytes are too long, not canonical, or lack `previous` or `signed_record`.
    ///
    /// Source: `proto/spec/entry.md`, "Entry".
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_ENTRY_LEN {
            return Err(Refusal::new(Reason::RecordTooLarge, "").with("limit_bytes", MAX_ENTRY_LEN));
        }
        canonical::check(&grammar::ENTRY, bytes)?;
        let message = pb::Entry::decode(bytes)
            .map_err(|error| Refusal::new(Reason::NotCanonical, "").with("problem", error))?;
        let previous = LeafHash::try_from(message.previous.as_slice()).map_err(|error| {
            Refusal::new(Reason::FieldFormat, "previous").with("problem", error)
        })?;
        let signed_record = message
            .signed_record
            .ok_or_else(|| Refusal::new(Reason::FieldRequired, "signed_record"))?;
        Ok(Self {
            index: LeafIndex::new(message.index),
            previous,
            accepted_time: message.accepted_time,
            signed_record,
        })
    }

    /// Encodes the entry into its canonical bytes, one leaf of the tree.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        pb::Entry {
            index: self.index.get(),
            previous: self.previous.as_bytes().to_vec(),
            accepted_time: self.accepted_time,
            signed_record: Some(self.signed_record.clone()),
        }
        .encode_to_vec()
    }
}

/// What entry 0 names as the entry before: `SHA-256("trucelog/genesis/v1\n" ‖ origin ‖ "\n")`.
///
/// Source: `proto/spec/entry.md`, "Genesis".
#[must_use]
pub fn genesis_hash(origin: &Origin) -> LeafHash {
    LeafHash::from_bytes(sha256(&[
        b"trucelog/genesis/v1\n",
        origin.as_str().as_bytes(),
        b"\n",
    ]))
}
