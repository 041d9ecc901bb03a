//! One checkpoint on its way to quorum.

use std::sync::Arc;

use trucelog_proto::{
    checkpoint::Checkpoint,
    error::Error,
    note::{Note, NoteSignature},
};

use super::policies::Policies;
use crate::sequencer::Head;

/// A signed head with the cosignatures that were verified over its text.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The head as the log signed it, without cosignatures.
    head: Arc<Head>,
    /// The note of `head`.
    signed: Note,
    /// One place for each key of the policies.
    lines: Vec<Option<NoteSignature>>,
    pub(super) at_quorum: bool,
}

impl Round {
    /// Reads a note of this log: the log's own lines and those by keys of the policies. Verifies the latter; the caller
    /// has verified the former, or made them.
    pub(super) fn open(note: &[u8], policies: &Policies) -> Result<Self, Error> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let mut lines = vec![None; policies.keys().len()];
        let mut own = Vec::new();
        for line in note.signatures() {
            match policies.position(line) {
                Some(position) => lines[position] = Some(line.clone()),
                None if line.name == *checkpoint.origin.key_name() => own.push(line.clone()),
                None => {}
            }
        }
        if lines.iter().any(Option::is_some) {
            note.verify(policies.keys())?;
        }
        let signed = Note::new(note.text(), own)?;
        Ok(Self {
            head: Arc::new(Head {
                checkpoint,
                note: signed.format(),
            }),
            signed,
            lines,
            at_quorum: false,
        })
    }

    /// The head without cosignatures.
    pub(super) fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// The text that is cosigned.
    pub(super) fn text(&self) -> &str {
        self.signed.text()
    }

    /// Adds the verified line of the key at `position`; says whether that key had none before.
    pub(super) fn add(&mut self, position: usize, line: NoteSignature) -> bool {
        let place = &mut self.lines[position];
        let new = place.is_none();
        if new {
            *place = Some(line);
        }
        new
    }

    /// The head with its lines in order: log Ed25519, log ML-DSA-44, then the cosignatures, Ed25519 first.
    pub(super) fn cosigned(&self) -> Head {
        let own = self.signed.signatures().iter();
        let lines = own.chain(self.lines.iter().flatten()).cloned().collect();
        let note = Note::new(self.signed.text(), lines)
            .expect("Policies::parse leaves room for a line of every key");
        Head {
            checkpoint: self.head.checkpoint.clone(),
            note: note.format(),
        }
    }
}
