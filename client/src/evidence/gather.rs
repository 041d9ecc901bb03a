//! Makes evidence of a finding, out of what a verifier holds of the log and what the server still answers.
//!
//! In scope: which heads, entries and proofs show each kind of finding. Out of scope: finding, and holding a copy, which
//! [`crate::verifier`] and a mirror do; what a file shows to others ([`super::judge`]).

use std::path::Path;

use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize};
use trucelog_proto::verify::Finding;

use super::Evidence;
use crate::Error;
use crate::entry_source::EntrySource;
use crate::falsehood::{False, Falsehood};
use crate::trust::Trust;

/// Name of the note that was served.
const SERVED: &str = "served";
/// Name of the note that was accepted before.
const ACCEPTED: &str = "accepted";

/// An entry as it was shown, with its index.
pub type ShownEntry = (LeafIndex, Vec<u8>);

/// What is false, and where.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is false.
    pub what: False,
    /// The entry that is to blame, if one is.
    pub entry: Option<ShownEntry>,
    /// The verified entry before it, if it is not held yet.
    pub before: Option<ShownEntry>,
}

impl Found {
    /// Something false for which no single entry is to blame.
    #[must_use]
    pub fn new(what: False) -> Self {
        Self {
            what,
            entry: None,
            before: None,
        }
    }
}

/// The newest head that covers what is held.
#[derive(Clone, Debug)]
pub struct HeldHead {
    /// The signed note.
    pub note: Vec<u8>,
    /// The size that it states.
    pub size: TreeSize,
}

/// What a verifier holds of a log: entries that it has verified, and a head.
pub trait Held {
    /// Why what is held cannot be read.
    type Error: From<Error>;

    /// What is trusted.
    fn trust(&self) -> &Trust;

    /// Below which evidence is kept.
    fn directory(&self) -> &Path;

    /// The head to which the log is held beside the one that was served; none before the first.
    ///
    /// # Errors
    /// When it cannot be read.
    fn head_beside(&self, served: &[u8]) -> Result<Option<HeldHead>, Self::Error>;

    /// Number of verified entries, which may be more or fewer than the head covers.
    fn size(&self) -> TreeSize;

    /// A verified entry, at an index below [`Self::size`].
    ///
    /// # Errors
    /// When it cannot be read.
    fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, Self::Error>;

    /// A verified entry with its inclusion proof in the tree of `size` entries, at most [`Self::size`].
    ///
    /// # Errors
    /// When it cannot be read.
    fn prove(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(Vec<u8>, Vec<NodeHash>), Self::Error>;
}

/// Keeps evidence against the signed note `note` at once, and again when there are proofs that complete it. `ask` gives entries and proofs of the
/// server, from an index up to a size; they are not believed.
///
/// # Errors
/// Those of `held`; [`Error::Io`].
pub fn keep<H: Held, S: EntrySource>(
    held: &H,
    found: Found,
    note: &[u8],
    mut ask: impl FnMut(LeafIndex, TreeSize) -> Option<S>,
) -> Result<Falsehood, H::Error> {
    let mut gathered = gather(held, &found, note)?;
    let evidence = gathered.keep(held.directory())?;
    if gathered.complete(held.trust(), prove(&mut ask)) {
        gathered.keep(held.directory())?;
    }
    let what = found.what;
    if let False::Log(Finding::Root { .. }) = what
        && let Some(falsehood) = keep_rewritten(held, note, ask)?
    {
        return Ok(falsehood);
    }
    Ok(Falsehood { what, evidence })
}

/// Entries that go on from the held ones, under a head whose tree they do not give, may hide that the history before
/// them was changed. The inclusion proof of the first of them shows whether it was; otherwise nothing is kept.
///
/// # Errors
/// As [`keep`].
///
/// Source: `proto/spec/verify.md`, step 4.
pub fn keep_rewritten<H: Held, S: EntrySource>(
    held: &H,
    note: &[u8],
    mut ask: impl FnMut(LeafIndex, TreeSize) -> Option<S>,
) -> Result<Option<Falsehood>, H::Error> {
    let Some(own) = held.head_beside(note)? else {
        return Ok(None);
    };
    let first = LeafIndex::new(own.size.get());
    let entry = if first.get() < held.size().get() {
        held.entry(first)?
    } else if let Some(entry) = ask_entry(&mut ask, first) {
        entry
    } else {
        return Ok(None);
    };
    let found = Found {
        what: Finding::Inconsistent { size: own.size }.into(),
        entry: Some((first, entry)),
        before: None,
    };
    let mut gathered = gather(held, &found, note)?;
    gathered.complete(held.trust(), prove(ask));
    let judgement = gathered.judge(held.trust());
    if !judgement.is_ok_and(|judgement| judgement.proven) {
        return Ok(None);
    }
    let evidence = gathered.keep(held.directory())?;
    let what = found.what;
    Ok(Some(Falsehood { what, evidence }))
}

fn prove<S: EntrySource>(
    mut ask: impl FnMut(LeafIndex, TreeSize) -> Option<S>,
) -> impl FnMut(LeafIndex, TreeSize) -> Option<Vec<NodeHash>> {
    move |index, size| ask(index, size)?.inclusion(index, size)
}

fn ask_entry<S: EntrySource>(
    mut ask: impl FnMut(LeafIndex, TreeSize) -> Option<S>,
    index: LeafIndex,
) -> Option<Vec<u8>> {
    let mut source = ask(index, TreeSize::new(index.get() + 1))?;
    loop {
        if let Some(entry) = source.next().ok()?.into_iter().next() {
            return Some(entry);
        }
    }
}

/// What shows `found`, as far as it is in hand.
fn gather<H: Held>(held: &H, found: &Found, note: &[u8]) -> Result<Evidence, H::Error> {
    let Found {
        what,
        entry,
        before,
    } = found;
    let mut evidence = Evidence::new(what.kind(), what.index(), what, &held.trust().policy)
        .with_note(SERVED, note);
    if let Some((index, bytes)) = entry {
        evidence = evidence.with_entry(*index, bytes, SERVED, None);
    }
    let False::Log(finding) = what else {
        return Ok(evidence);
    };
    match finding {
        Finding::Inconsistent { size } => {
            let Some(own) = held.head_beside(note)? else {
                return Ok(evidence);
            };
            let shows_entry = entry.is_none() && *size < own.size && own.size <= held.size();
            evidence = evidence.with_note(ACCEPTED, &own.note);
            if shows_entry {
                evidence = with_held(
                    evidence,
                    held,
                    LeafIndex::new(size.get()),
                    ACCEPTED,
                    own.size,
                )?;
            }
        }
        Finding::Previous { index, .. } => {
            if let Some((index, bytes)) = before {
                evidence = evidence.with_entry(*index, bytes, SERVED, None);
            } else if let Some(index) = index.get().checked_sub(1).map(LeafIndex::new) {
                evidence = evidence.with_entry(index, &held.entry(index)?, SERVED, None);
            }
        }
        Finding::AcceptedAhead { index, .. } => {
            let charter = LeafIndex::new(0);
            evidence = with_held(evidence, held, *index, SERVED, held.size())?.with_entry(
                charter,
                &held.entry(charter)?,
                SERVED,
                None,
            );
        }
        _ => {}
    }
    Ok(evidence)
}

/// Adds an entry that is held, with its proof under the head `note` of `size` entries.
fn with_held<H: Held>(
    evidence: Evidence,
    held: &H,
    index: LeafIndex,
    note: &str,
    size: TreeSize,
) -> Result<Evidence, H::Error> {
    let (entry, proof) = held.prove(index, size)?;
    Ok(evidence.with_entry(index, &entry, note, Some(&proof)))
}
