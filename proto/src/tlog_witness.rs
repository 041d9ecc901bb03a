//! The texts of the witness protocol: what a log sends to `add-checkpoint`, and what a witness answers.
//!
//! This module has the form only. Whether a checkpoint is signed and consistent is for the witness, whether a
//! cosignature holds for the log.
//!
//! Source: `tlog_witness.md`; c2sp.org/tlog-witness.

use crate::{
    error::DecodeError,
    hash::{NodeHash, TreeSize},
    note::{MAX_NOTE_LEN, MAX_NOTE_LINES, Note, NoteSignature},
    text::{format_base64, parse_base64, parse_decimal, parse_text},
};

/// The largest number of hashes of a consistency proof.
pub const MAX_HASHES: usize = 63;

/// The largest request, in bytes: a note of the largest size and 8 KiB for everything before it.
pub const MAX_LEN: usize = MAX_NOTE_LEN + 8 * 1024;

/// The content type of an answer that states the size of the last cosigned checkpoint.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The body of a request to `add-checkpoint`; nothing in it is verified.
///
/// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last, 0 for none.
    pub old_size: TreeSize,
    /// Proves that the new checkpoint continues the old one; at most 63 hashes, none if `old_size` is 0.
    pub proof: Vec<NodeHash>,
    /// The new checkpoint, a signed note.
    pub note: Note,
}

impl AddCheckpoint {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// If the bytes exceed [`MAX_LEN`] or do not follow the grammar, there are more than [`MAX_HASHES`] hashes, or the
    /// note does not parse.
    ///
    /// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let text = parse_text(bytes, MAX_LEN, b"\n", "add-checkpoint request")?;
        let (head, note) = text.split_once("\n\n").ok_or(SYNTAX)?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .ok_or(SYNTAX)?;
        let proof = lines
            .map(|line| NodeHash::try_from(parse_base64(line, "consistency proof")?.as_slice()))
            .collect::<Result<Vec<_>, _>>()?;
        if proof.len() > MAX_HASHES {
            return Err(DecodeError::TooMany {
                field: "consistency proof",
                limit: MAX_HASHES,
            });
        }
        Ok(Self {
            old_size: TreeSize::new(parse_decimal(old_size, "old size")?),
            proof,
            note: Note::parse(note.as_bytes())?,
        })
    }

    /// Formats the request; parsing it gives the same request.
    ///
    /// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
    #[must_use]
    pub fn format(&self) -> Vec<u8> {
        let hashes = self.proof.iter().map(|hash| format_base64(hash.as_bytes()));
        let lines: Vec<String> = std::iter::once(format!("old {}", self.old_size))
            .chain(hashes)
            .collect();
        let head = lines.join("\n") + "\n\n";
        [head.as_bytes(), &self.note.format()].concat()
    }
}

const SYNTAX: DecodeError = DecodeError::Syntax {
    field: "add-checkpoint request",
    expected: "old SIZE, hashes in base64, a blank line, a checkpoint",
};

/// Parses the answer of a witness: one or more signature lines.
///
/// # Errors
///
/// If the bytes exceed [`MAX_NOTE_LEN`], there are more than [`MAX_NOTE_LINES`] lines, or one is no signature line.
///
/// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
pub fn parse_cosignatures(bytes: &[u8]) -> Result<Vec<NoteSignature>, DecodeError> {
    let text = parse_text(bytes, MAX_NOTE_LEN, b"\n", "cosignatures")?;
    let lines = text.strip_suffix('\n').ok_or(DecodeError::Syntax {
        field: "cosignatures",
        expected: "one or more signature lines, each with a newline",
    })?;
    if lines.split('\n').count() > MAX_NOTE_LINES {
        return Err(DecodeError::TooMany {
            field: "cosignatures",
            limit: MAX_NOTE_LINES,
        });
    }
    lines.split('\n').map(str::parse).collect()
}

/// Formats the answer of a witness; parsing it gives the same lines.
///
/// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
#[must_use]
pub fn format_cosignatures(lines: &[NoteSignature]) -> String {
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

/// Parses the answer of a witness that has cosigned another size than the request states: that size.
///
/// # Errors
///
/// If the bytes are not a decimal number and a newline.
///
/// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
pub fn parse_size(bytes: &[u8]) -> Result<TreeSize, DecodeError> {
    let field = "size of the cosigned checkpoint";
    let text = parse_text(bytes, MAX_LEN, b"\n", field)?;
    let size = text.strip_suffix('\n').ok_or(DecodeError::Syntax {
        field,
        expected: "a decimal number and a newline",
    })?;
    Ok(TreeSize::new(parse_decimal(size, field)?))
}

/// Formats the answer of a witness that has cosigned another size; parsing it gives the same size.
///
/// Source: `tlog_witness.md`; c2sp.org/tlog-witness.
#[must_use]
pub fn format_size(size: TreeSize) -> String {
    format!("{size}\n")
}
