//! Proofs of logging that can be verified offline: entry, index, inclusion proof and checkpoint in one text.
//!
//! This module has the form only. Whether the proof holds is for the verifier: leaf hash of the entry in `extra`,
//! [`crate::proof::verify_inclusion`], [`crate::policy::Policy::evaluate`], and the record's own signature.

use crate::{
    checkpoint::Checkpoint,
    error::DecodeError,
    hash::{LeafIndex, NodeHash},
    note::{MAX_NOTE_LEN, Note},
    text::{base64_len, parse_base64, parse_decimal, parse_text, push_base64},
    tile::MAX_ENTRY_LEN,
};

/// The first line of every proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The largest number of hashes: the height of a tree of 2^64 - 1 leaves.
pub const MAX_HASHES: usize = 64;

/// The largest proof, in bytes: a checkpoint's note of the largest size and 128 KiB for everything before it.
pub const MAX_LEN: usize = MAX_NOTE_LEN + 128 * 1024;

/// A proof of logging that is well formed; nothing in it is verified.
///
/// Source: `tlog_proof.md`; c2sp.org/tlog-proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's bytes, 1 to 65,535; not authenticated by this text but by the tree, once verified.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: LeafIndex,
    /// The inclusion proof, from the leaf's sibling up; at most 64 hashes.
    pub hashes: Vec<NodeHash>,
    /// The signed note of the checkpoint, verbatim.
    pub checkpoint_note: Vec<u8>,
}

impl TlogProof {
    /// Parses a proof.
    ///
    /// # Errors
    ///
    /// If the bytes exceed [`MAX_LEN`] or do not follow the grammar, a list exceeds its limit, or the checkpoint
    /// and its note do not parse.
    ///
    /// Source: `tlog_proof.md`; c2sp.org/tlog-proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let text = parse_text(bytes, MAX_LEN, b"\n", "tlog proof")?;
        let (head, checkpoint_note) = text.split_once("\n\n").ok_or(SYNTAX)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(SYNTAX);
        }
        let extra = lines.peek().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(parse_extra).transpose()?;
        if extra.is_some() {
            lines.next();
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .ok_or(SYNTAX)?;
        let index = LeafIndex::new(parse_decimal(index, "tlog proof index")?);
        let hashes = lines.map(parse_hash).collect::<Result<Vec<_>, _>>()?;
        check_hashes(&hashes)?;
        check_note(checkpoint_note.as_bytes())?;
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint_note: checkpoint_note.as_bytes().to_vec(),
        })
    }

    /// Formats the proof; parsing the result gives the same proof. The note is taken as it is: it must be one that
    /// parses, with the text of a checkpoint.
    ///
    /// # Errors
    ///
    /// If `extra` is empty or too long, or there are too many hashes.
    ///
    /// Source: `tlog_proof.md`; c2sp.org/tlog-proof.
    pub fn format(&self) -> Result<Vec<u8>, DecodeError> {
        check_hashes(&self.hashes)?;
        let mut text = Vec::with_capacity(self.len_at_most());
        text.extend_from_slice(HEADER.as_bytes());
        if let Some(extra) = &self.extra {
            check_extra(extra)?;
            text.extend_from_slice(b"\nextra ");
            push_base64(&mut text, extra);
        }
        text.extend_from_slice(format!("\nindex {}", self.index).as_bytes());
        for hash in &self.hashes {
            text.push(b'\n');
            push_base64(&mut text, hash.as_bytes());
        }
        text.extend_from_slice(b"\n\n");
        text.extend_from_slice(&self.checkpoint_note);
        Ok(text)
    }

    /// A bound on the length of the text: an index has at most 20 digits.
    fn len_at_most(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, Vec::len);
        let hashes = self.hashes.len() * (base64_len(32) + 1);
        HEADER.len() + 64 + base64_len(extra) + hashes + self.checkpoint_note.len()
    }
}

const SYNTAX: DecodeError = DecodeError::Syntax {
    field: "tlog proof",
    expected: "c2sp.org/tlog-proof@v1, optional extra, index, hashes, a blank line, a checkpoint",
};

fn parse_extra(text: &str) -> Result<Vec<u8>, DecodeError> {
    let extra = parse_base64(text, "tlog proof extra")?;
    check_extra(&extra)?;
    Ok(extra)
}

fn check_extra(extra: &[u8]) -> Result<(), DecodeError> {
    if extra.is_empty() {
        return Err(DecodeError::Missing {
            field: "tlog proof extra",
        });
    }
    if extra.len() > MAX_ENTRY_LEN {
        return Err(DecodeError::TooLong {
            field: "tlog proof extra",
            limit: MAX_ENTRY_LEN,
            found: extra.len(),
        });
    }
    Ok(())
}

fn parse_hash(line: &str) -> Result<NodeHash, DecodeError> {
    NodeHash::try_from(parse_base64(line, "tlog proof hash")?.as_slice())
}

fn check_note(note: &[u8]) -> Result<(), DecodeError> {
    Checkpoint::parse(Note::parse(note)?.text())?;
    Ok(())
}

fn check_hashes(hashes: &[NodeHash]) -> Result<(), DecodeError> {
    if hashes.len() <= MAX_HASHES {
        return Ok(());
    }
    Err(DecodeError::TooMany {
        field: "tlog proof hashes",
        limit: MAX_HASHES,
    })
}
