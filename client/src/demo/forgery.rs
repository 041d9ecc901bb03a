//! An operator's forgery: one byte of one entry changed, everything above it computed again and signed.
//!
//! The forger has all that an operator has: every entry and the log's own key. It does not have the stations' keys.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::{LeafIndex, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::tree::{RightEdge, leaf_hash};
use trucelog_proto::verify::Finding;

use super::DemoError;
use crate::Error;
use crate::entry_source::EntrySource;
use crate::evidence::Evidence;
use crate::falsehood::{False, Falsehood};
use crate::store::Store;
use crate::trust::Trust;
use crate::verifier::verify_log;

/// A log that an operator has changed and signed again.
#[derive(Clone, Debug)]
pub struct Forgery {
    /// Index of the entry that was changed.
    pub index: LeafIndex,
    /// All entries, each naming the one before.
    pub entries: Vec<Vec<u8>>,
    /// The checkpoint over them, signed with the log's key.
    pub note: Vec<u8>,
}

impl Forgery {
    /// Changes one byte of the first imported value in the first report, and computes and signs everything again.
    /// Nothing when no entry holds such a report.
    ///
    /// # Errors
    /// [`DemoError::Client`] when `entries` are not a log's.
    pub fn forge(
        entries: &[Vec<u8>],
        trust: &Trust,
        log_key: &SigningKey,
    ) -> Result<Option<Self>, DemoError> {
        let mut decoded = Vec::new();
        for bytes in entries {
            decoded.push(Entry::decode(bytes).map_err(Error::from)?);
        }
        let change = |entry: &mut Entry| change_one_byte(&mut entry.signed_record.record);
        let Some(position) = decoded.iter_mut().position(change) else {
            return Ok(None);
        };
        let index = decoded[position].index;
        let (entries, edge) = chain(decoded);
        let checkpoint = Checkpoint {
            origin: trust.id.origin.clone(),
            size: edge.size(),
            root: edge.root(),
        };
        Ok(Some(Self {
            index,
            entries,
            note: checkpoint.sign(&log_key.clone().into()),
        }))
    }

    /// Tells whether a verifier that has seen nothing before names the entry and "signature". It keeps its state in
    /// `directory`.
    ///
    /// # Errors
    /// [`DemoError::Client`] when it could not check.
    pub fn is_caught_afresh(&self, trust: &Trust, directory: &Path) -> Result<bool, DemoError> {
        let store = Store::open(directory)?;
        let caught = false_part(verify(&store, trust, &self.note, &self.entries))?;
        Ok(caught.is_some_and(|caught| match caught.what {
            False::Log(Finding::Signature { index, .. }) => index == self.index,
            _ => false,
        }))
    }

    /// Tells whether a verifier that has accepted the honest `note` over `honest` entries names the inconsistency and
    /// keeps both notes. It keeps its state in `directory`.
    ///
    /// # Errors
    /// [`DemoError::Client`] when it could not check.
    pub fn is_caught_later(
        &self,
        trust: &Trust,
        directory: &Path,
        note: &[u8],
        honest: &[Vec<u8>],
    ) -> Result<bool, DemoError> {
        let store = Store::open(directory)?;
        verify(&store, trust, note, honest)?;
        let caught = false_part(verify(&store, trust, &self.note, &self.entries))?;
        let Some(caught) = caught else {
            return Ok(false);
        };
        let evidence = Evidence::read(&caught.evidence)?;
        Ok(
            matches!(caught.what, False::Log(Finding::Inconsistent { .. }))
                && evidence.note("accepted") == Some(note)
                && evidence.note("served") == Some(&self.note),
        )
    }
}

/// Changes one byte of the first imported value of a report. The record stays canonical and as long as it was.
fn change_one_byte(bytes: &mut Vec<u8>) -> bool {
    let Ok(mut record) = pb::Record::decode(bytes.as_slice()) else {
        return false;
    };
    let Some(Body::IncidentReport(report)) = &mut record.body else {
        return false;
    };
    let fields = report
        .imported
        .as_mut()
        .map(|imported| &mut imported.fields);
    let Some(field) = fields.and_then(|fields| fields.first_mut()) else {
        return false;
    };
    let replaced = match field.value.pop() {
        Some('0') => '1',
        _ => '0',
    };
    field.value.push(replaced);
    let changed = record.encode_to_vec();
    let one = bytes.len() == changed.len()
        && bytes.iter().zip(&changed).filter(|(a, b)| a != b).count() == 1;
    if one {
        *bytes = changed;
    }
    one
}

/// Lets each entry name the one before, and gives the bytes of all with the right edge of their tree.
fn chain(entries: Vec<Entry>) -> (Vec<Vec<u8>>, RightEdge) {
    let mut edge = RightEdge::new();
    let mut previous = None;
    let chained = entries.into_iter().map(|mut entry| {
        if let Some(previous) = previous {
            entry.previous = previous;
        }
        let bytes = entry.encode();
        let leaf = leaf_hash(&bytes);
        edge.append(leaf);
        previous = Some(leaf);
        bytes
    });
    let chained = chained.collect();
    (chained, edge)
}

/// Entries in memory.
struct Slice<'a>(&'a [Vec<u8>]);

impl EntrySource for Slice<'_> {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        match std::mem::take(&mut self.0) {
            [] => Err(Error::Answer("it holds fewer entries than its checkpoint")),
            entries => Ok(entries.to_vec()),
        }
    }
}

fn verify(store: &Store, trust: &Trust, note: &[u8], entries: &[Vec<u8>]) -> Result<(), Error> {
    let open = |start: LeafIndex, _: TreeSize| {
        let start = usize::try_from(start.get()).unwrap_or(usize::MAX);
        Ok(Slice(entries.get(start..).unwrap_or_default()))
    };
    verify_log(store, trust, note, open, |_| (), &AtomicBool::new(false))?;
    Ok(())
}

/// What was seen to be false; an error when the check failed for another reason.
fn false_part(result: Result<(), Error>) -> Result<Option<Box<Falsehood>>, Error> {
    match result {
        Ok(()) => Ok(None),
        Err(Error::False(falsehood)) => Ok(Some(falsehood)),
        Err(error) => Err(error),
    }
}
