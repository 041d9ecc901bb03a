//! What a file of evidence proves to somebody who knows only the pinned policy.
//!
//! Source: `proto/spec/evidence.md`, "Judging".

use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::entry::Entry;
use trucelog_proto::error::{Error as ProofError, VerifyError};
use trucelog_proto::hash::{LeafIndex, NodeHash, RecordDigest, RootHash};
use trucelog_proto::pb::record::Body;
use trucelog_proto::policy::{Cosigner, Policy};
use trucelog_proto::proof;
use trucelog_proto::record::{DecodedRecord, KnownKeys, record_digest};
use trucelog_proto::tlog_proof::TlogProof;
use trucelog_proto::tree::leaf_hash;
use trucelog_proto::verify::{self, CheckedEntry};

use super::{Evidence, EvidenceError, LOG_NOTE, RECEIPT_NOTE, ShownEntry, malformed};
use crate::json::{Base64Bytes, ProofHashes};
use crate::receipt;
use crate::trust::{Judged, Trust};

/// What a file of evidence says to somebody who knows only the pinned policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the file alone proves that something signed is false.
    pub proven: bool,
    /// Who signed what; what else the file shows; why it cannot both be true, or what the file alone does not prove.
    pub sentences: [String; 3],
}

impl Evidence {
    /// Checks everything in the file again, under the pinned policy and without a network, and says what it proves.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file does not hold: it is about another log, a signature or a proof in it is not good,
    /// or what it shows can all be true.
    ///
    /// Source: `proto/spec/evidence.md`, "Judging".
    pub fn judge(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        self.check_log(trust)?;
        self.check_index()?;
        match self.kind.as_str() {
            "inconsistent" => self.judge_heads(trust),
            "bytes" | "index" | "charter" | "signature" => self.judge_entry(trust),
            "previous" => self.judge_link(trust),
            "time" => self.judge_time(trust),
            "rule" => self.judge_rule(trust),
            "root" => self.judge_root(trust),
            "checkpoint" => self.judge_checkpoint(trust),
            "receipt" => self.judge_receipt(trust),
            "omitted" => self.judge_omission(trust),
            "successors" => Ok(self.successors(trust)?.judge_alone()),
            kind => Err(malformed(&format!("its kind is {kind:?}"))),
        }
    }

    pub(super) fn check_log(&self, trust: &Trust) -> Result<(), EvidenceError> {
        let policy = Policy::parse(self.policy.as_bytes());
        let policy = policy.map_err(|error| malformed(&format!("policy: {error}")))?;
        let name =
            |policy: &Policy| format!("{} with charter {}", policy.origin(), policy.charter());
        let (found, pinned) = (name(&policy), name(&trust.policy));
        if found == pinned {
            return Ok(());
        }
        Err(EvidenceError::OtherLog { found, pinned })
    }

    /// The index is that of the entry to blame, where one is.
    fn check_index(&self) -> Result<(), EvidenceError> {
        let blamed = match self.kind.as_str() {
            "inconsistent" | "root" | "checkpoint" | "receipt" | "successors" => None,
            _ => Some(self.item(0)?.index),
        };
        if self.index == blamed {
            return Ok(());
        }
        Err(malformed(&"index is not that of its first entry"))
    }

    /// Opens a note under the pinned log key.
    pub(super) fn head(
        &self,
        name: &str,
        trust: &Trust,
    ) -> Result<SignedCheckpoint, EvidenceError> {
        let note = self.note_named(name)?;
        Checkpoint::open(note, trust.policy.log_key(), trust.policy.origin())
            .map_err(note_error(name))
    }

    /// Opens a note with its cosignatures.
    fn judged(&self, name: &str, trust: &Trust) -> Result<Judged, EvidenceError> {
        let note = self.note_named(name)?;
        trust.judge(note).map_err(note_error(name))
    }

    fn note_named(&self, name: &str) -> Result<&[u8], EvidenceError> {
        self.note(name)
            .ok_or_else(|| malformed(&format!("it has no note {name:?}")))
    }

    fn item(&self, position: usize) -> Result<&ShownEntry, EvidenceError> {
        self.entries
            .get(position)
            .ok_or_else(|| malformed(&format!("it has no entry {position}")))
    }

    /// Two heads of one log of which one does not continue the other.
    fn judge_heads(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let [first, second] = self.notes.as_slice() else {
            return Err(malformed(&"two notes are needed"));
        };
        let first = self.head(&first.name, trust)?;
        let second = self.head(&second.name, trust)?;
        let (smaller, larger) = match (first.checkpoint(), second.checkpoint()) {
            (first, second) if first.size <= second.size => (first, second),
            (first, second) => (second, first),
        };
        let signed = format!(
            "{} signed a checkpoint of {}, and a checkpoint of {}.",
            log_key(trust),
            words(smaller),
            words(larger)
        );
        if smaller.size == larger.size {
            if smaller.root == larger.root {
                return Err(EvidenceError::NothingFalse("both notes have one root"));
            }
            return Ok(Judgement::proven([
                signed,
                "Both are of one size.".to_owned(),
                "A log of that size has one root, so both cannot be true: whoever holds the key has shown two histories."
                    .to_owned(),
            ]));
        }
        let unproven = || {
            Judgement::unproven([
                signed.clone(),
                format!(
                    "The finder reports that the second does not continue the first: {}.",
                    self.finding
                ),
                format!(
                    "The file alone does not prove it: it has no inclusion proof of entry {} under the larger checkpoint.",
                    smaller.size
                ),
            ])
        };
        let Some(item) = self.entries.first() else {
            return Ok(unproven());
        };
        if item.index != smaller.size.get() {
            return Err(malformed(
                &"its entry is not the first after the smaller head",
            ));
        }
        let Some(proof) = item.verify(larger)? else {
            return Ok(unproven());
        };
        let root = root_before(item, larger, proof)?;
        if root == smaller.root {
            return Err(EvidenceError::NothingFalse(
                "the larger head continues the smaller one",
            ));
        }
        Ok(Judgement::proven([
            signed,
            format!(
                "The inclusion proof of entry {} under the larger one shows that its first {} entries have root {root}.",
                item.index, smaller.size
            ),
            "The first entries of a log have one root, so both cannot be true: whoever holds the key has shown two \
             histories."
                .to_owned(),
        ]))
    }

    /// An entry that is false whatever stands before it.
    fn judge_entry(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let item = self.item(0)?;
        let head = self.head(&item.note, trust)?;
        let head = head.checkpoint();
        let checked = look(trust, item);
        let Err(finding) = checked.verify_alone(&trust.id.charter) else {
            return Err(EvidenceError::NothingFalse(
                "the entry is good whatever stands before it",
            ));
        };
        if finding.kind() != self.kind {
            return Err(malformed(&"its entry is false in another way than it says"));
        }
        item.blame(
            head,
            trust,
            &format!("The entry is false whatever stands before it: {finding}."),
        )
    }

    /// An entry that does not name the one before it.
    fn judge_link(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let (item, before) = (self.item(0)?, self.item(1)?);
        if item.note != before.note || before.index.checked_add(1) != Some(item.index) {
            return Err(malformed(
                &"its entries do not follow each other in one tree",
            ));
        }
        let head = self.head(&item.note, trust)?;
        let head = head.checkpoint();
        let entry = Entry::decode(&item.entry.0)
            .map_err(|refusal| malformed(&format!("its first entry: {refusal}")))?;
        let leaf = leaf_hash(&before.entry.0);
        if entry.previous == leaf {
            return Err(EvidenceError::NothingFalse(
                "the entry names the one before it",
            ));
        }
        let finding = format!(
            "It names {} as the entry before it, which is {leaf}.",
            entry.previous
        );
        if before.verify(head)?.is_none() {
            return item.blame_without_proof(head, trust, &finding);
        }
        item.blame(head, trust, &finding)
    }

    /// An entry accepted after a cosigner had signed a tree that holds it.
    fn judge_time(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let (item, charter) = (self.item(0)?, self.item(1)?);
        let judged = self.judged(&item.note, trust)?;
        let head = judged.verdict.checkpoint.checkpoint();
        let entry = Entry::decode(&item.entry.0)
            .map_err(|refusal| malformed(&format!("its first entry: {refusal}")))?;
        let tolerance = clock_tolerance(&charter.entry.0, trust)?;
        let mut cosigners = judged.verdicts().flat_map(|verdict| &verdict.cosigners);
        let ahead = cosigners.find(|cosigner| {
            let cosigned = cosigner.time.seconds().saturating_mul(1_000);
            entry.accepted_time > cosigned.saturating_add(tolerance)
        });
        let Some(cosigner) = ahead else {
            return Err(EvidenceError::NothingFalse(
                "no cosignature is older than the entry",
            ));
        };
        let finding = format!(
            "It says that it was accepted at {} ms, but {} cosigned the tree at {} s, and the charter lets clocks \
             differ by {tolerance} ms.",
            entry.accepted_time,
            cosigner.name,
            cosigner.time.seconds()
        );
        item.blame(head, trust, &finding)
    }

    /// An entry that the rules refuse. That takes the entries before it.
    fn judge_rule(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let item = self.item(0)?;
        let head = self.head(&item.note, trust)?;
        let shown = if item.verify(head.checkpoint())?.is_some() {
            "is in that tree, by its inclusion proof"
        } else {
            "was served for that tree, which the file does not prove"
        };
        Ok(Judgement::unproven([
            format!(
                "{} signed a checkpoint of {}.",
                log_key(trust),
                words(head.checkpoint())
            ),
            format!("Entry {} {shown}.", item.index),
            format!(
                "The finder reports that the rules refuse it ({}); the file alone does not prove it, because the \
                 rules look at the entries before: verify the log up to that entry.",
                self.finding
            ),
        ]))
    }

    /// A root that the served entries do not give.
    fn judge_root(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let [note] = self.notes.as_slice() else {
            return Err(malformed(&"one note is needed"));
        };
        let head = self.head(&note.name, trust)?;
        Ok(Judgement::unproven([
            format!("{} signed a checkpoint of {}.", log_key(trust), words(head.checkpoint())),
            format!(
                "The finder reports that the entries that were served give another root: {}.",
                self.finding
            ),
            "The file alone does not prove it, because nobody signed what was served: verify the log again, best \
             from another server."
                .to_owned(),
        ]))
    }

    /// A note whose log signature, origin or cosignature is false.
    fn judge_checkpoint(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let [note] = self.notes.as_slice() else {
            return Err(malformed(&"one note is needed"));
        };
        match trust.judge(note.note.as_bytes()) {
            Ok(_) => Err(EvidenceError::NothingFalse("every signature is good")),
            Err(ProofError::Verify(VerifyError::Origin { expected, found })) => {
                Ok(Judgement::proven([
                    format!("{} signed a checkpoint of {found}.", log_key(trust)),
                    format!("The key is that of {expected}."),
                    "A log's key signs for that log only, so its holder has used it for two.".to_owned(),
                ]))
            }
            Err(ProofError::Verify(
                error @ (VerifyError::NoteSignature { .. } | VerifyError::Signature),
            )) => Ok(Judgement::unproven([
                "The note carries a signature line by a pinned key.".to_owned(),
                format!("The signature is not good: {error}."),
                "Anybody can write such a line, so the file proves nothing against the holder of the key: only \
                 whoever served it knows where it is from."
                    .to_owned(),
            ])),
            Err(source) => Err(note_error(&note.name)(source)),
        }
    }

    /// A receipt that does not hold.
    fn judge_receipt(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let (Some(bytes), Some(asked)) = (&self.receipt, &self.record_digest) else {
            return Err(malformed(&"receipt and record_digest are needed"));
        };
        let asked: RecordDigest = asked
            .parse()
            .map_err(|error| malformed(&format!("record_digest: {error}")))?;
        let Err(error) = receipt::verify(&bytes.0, trust, Some(&asked)) else {
            return Err(EvidenceError::NothingFalse("the receipt holds"));
        };
        if let Some(judgement) = judge_included(&bytes.0, trust) {
            return Ok(judgement);
        }
        Ok(Judgement::unproven([
            format!("For record {asked} this receipt was handed out."),
            format!("It does not hold: {error}."),
            "The file alone proves nothing against the log's key, because nobody signed that this receipt is for that \
             record: only whoever asked for it knows who sent it."
                .to_owned(),
        ]))
    }

    /// A receipt for a record that the log does not hold at its index.
    fn judge_omission(&self, trust: &Trust) -> Result<Judgement, EvidenceError> {
        let item = self.item(0)?;
        let (promised, shown) = (
            self.judged(RECEIPT_NOTE, trust)?,
            self.judged(LOG_NOTE, trust)?,
        );
        let (promise, head) = (
            promised.verdict.checkpoint.checkpoint(),
            shown.verdict.checkpoint.checkpoint(),
        );
        if item.note != RECEIPT_NOTE || item.verify(promise)?.is_none() {
            return Err(malformed(&"it does not show the entry of the receipt"));
        }
        let digest = Entry::decode(&item.entry.0)
            .map(|entry| record_digest(&entry.signed_record.record))
            .map_err(|refusal| malformed(&format!("its first entry: {refusal}")))?;
        let signed = format!(
            "{} signed a checkpoint of {} that holds record {digest} at index {}, by its receipt.",
            log_key(trust),
            words(promise),
            item.index
        );
        let Some(other) = self.entries.get(1) else {
            return judge_withheld(signed, item.index(), &promised, &shown);
        };
        if other.note != LOG_NOTE || other.index != item.index || other.entry == item.entry {
            return Err(malformed(
                &"its second entry is not another one at the same index",
            ));
        }
        if other.verify(head)?.is_none() {
            return Err(malformed(
                &"it does not prove the entry in the record's place",
            ));
        }
        Ok(Judgement::proven([
            signed,
            format!(
                "It also signed a checkpoint of {} that holds another entry at index {}, by its inclusion proof.",
                words(head),
                other.index
            ),
            "A log holds one entry at an index for good, so both cannot be true: the record was accepted and is \
             left out."
                .to_owned(),
        ]))
    }
}

/// A witness that cosigned a smaller tree after the tree of the receipt.
fn judge_withheld(
    signed: String,
    index: LeafIndex,
    promised: &Judged,
    shown: &Judged,
) -> Result<Judgement, EvidenceError> {
    let Some((name, before, after)) = cosigned_backwards(promised, shown) else {
        return Err(EvidenceError::NothingFalse(
            "no witness cosigned the smaller tree after the larger one",
        ));
    };
    let size = shown.verdict.checkpoint.checkpoint().size;
    if size.get() > index.get() {
        return Err(EvidenceError::NothingFalse(
            "the smaller tree is large enough for the record",
        ));
    }
    Ok(Judgement::proven([
        signed,
        format!(
            "{name} cosigned that checkpoint at {before} s, and later, at {after} s, one of size {size}, which does \
             not reach that index."
        ),
        "A log only grows and a witness never goes back, so both cannot be true: the record was accepted and then \
         left out."
            .to_owned(),
    ]))
}

/// A witness that cosigned the larger checkpoint first and the smaller one later, with the two times, Unix seconds.
pub(crate) fn cosigned_backwards(larger: &Judged, smaller: &Judged) -> Option<(String, u64, u64)> {
    larger.pairs(smaller).find_map(|(larger, smaller)| {
        larger.cosigners.iter().find_map(|before| {
            let later = |after: &&Cosigner| after.name == before.name && after.time > before.time;
            let after = smaller.cosigners.iter().find(later)?;
            let (before_s, after_s) = (before.time.seconds(), after.time.seconds());
            Some((before.name.clone(), before_s, after_s))
        })
    })
}

/// Looks at an entry on its own.
fn look(trust: &Trust, item: &ShownEntry) -> CheckedEntry {
    verify::check(
        &trust.id,
        &KnownKeys::default(),
        item.index(),
        &item.entry.0,
    )
}

/// A receipt under whose signed root stands an entry that is false.
fn judge_included(bytes: &[u8], trust: &Trust) -> Option<Judgement> {
    let proof = TlogProof::parse(bytes).ok()?;
    let item = ShownEntry {
        index: proof.index.get(),
        entry: Base64Bytes(proof.extra?),
        note: RECEIPT_NOTE.to_owned(),
        inclusion: Some(ProofHashes(proof.hashes)),
    };
    let policy = &trust.policy;
    let head = Checkpoint::open(&proof.checkpoint_note, policy.log_key(), policy.origin()).ok()?;
    let checked = look(trust, &item);
    let finding = checked.verify_alone(&trust.id.charter).err()?;
    let finding = format!("The entry is false whatever stands before it: {finding}.");
    item.blame(head.checkpoint(), trust, &finding).ok()
}

impl ShownEntry {
    fn index(&self) -> LeafIndex {
        LeafIndex::new(self.index)
    }

    /// Verifies the inclusion proof, if there is one, and gives it.
    fn verify(&self, head: &Checkpoint) -> Result<Option<&[NodeHash]>, EvidenceError> {
        let Some(ProofHashes(hashes)) = &self.inclusion else {
            return Ok(None);
        };
        let leaf = leaf_hash(&self.entry.0);
        proof::verify_inclusion(&leaf, self.index(), head.size, hashes, &head.root)
            .map_err(inclusion_error(self.index()))?;
        Ok(Some(hashes))
    }

    /// The judgement that the log's key stands for this entry, which is false.
    fn blame(
        &self,
        head: &Checkpoint,
        trust: &Trust,
        finding: &str,
    ) -> Result<Judgement, EvidenceError> {
        if self.verify(head)?.is_none() {
            return self.blame_without_proof(head, trust, finding);
        }
        Ok(Judgement::proven([
            format!("{} signed a checkpoint of {}.", log_key(trust), words(head)),
            format!(
                "Entry {} is in that tree, by its inclusion proof.",
                self.index
            ),
            format!("{finding} So the log's key has signed what cannot be true."),
        ]))
    }

    fn blame_without_proof(
        &self,
        head: &Checkpoint,
        trust: &Trust,
        finding: &str,
    ) -> Result<Judgement, EvidenceError> {
        self.verify(head)?;
        Ok(Judgement::unproven([
            format!("{} signed a checkpoint of {}.", log_key(trust), words(head)),
            format!("Entry {} was served for that tree. {finding}", self.index),
            "The file alone does not prove that the entry is in the tree, because an inclusion proof is missing: \
             verify the log again."
                .to_owned(),
        ]))
    }
}

impl Judgement {
    pub(super) fn proven(sentences: [String; 3]) -> Self {
        Self {
            proven: true,
            sentences,
        }
    }

    pub(super) fn unproven(sentences: [String; 3]) -> Self {
        Self {
            proven: false,
            sentences,
        }
    }
}

/// The root of the entries before `item`, by its inclusion proof.
fn root_before(
    item: &ShownEntry,
    head: &Checkpoint,
    proof: &[NodeHash],
) -> Result<RootHash, EvidenceError> {
    proof::root_before(item.index(), head.size, proof).map_err(inclusion_error(item.index()))
}

/// The clock tolerance of the charter's rules, milliseconds.
fn clock_tolerance(charter: &[u8], trust: &Trust) -> Result<u64, EvidenceError> {
    let record = Entry::decode(charter)
        .and_then(|entry| DecodedRecord::decode(&entry.signed_record.record))
        .map_err(|refusal| malformed(&format!("its second entry: {refusal}")))?;
    match record.message.body {
        Some(Body::Charter(charter)) if record.digest.as_bytes() == trust.id.charter.as_bytes() => {
            Ok(charter.rules.unwrap_or_default().clock_tolerance)
        }
        _ => Err(malformed(&"its second entry is not the pinned charter")),
    }
}

fn log_key(trust: &Trust) -> String {
    let key = trust.policy.log_key();
    format!("The log's key {}+{:08x}", key.name(), key.key_id())
}

fn words(head: &Checkpoint) -> String {
    format!("size {} with root {}", head.size, head.root)
}

fn note_error(name: &str) -> impl FnOnce(ProofError) -> EvidenceError {
    let name = name.to_owned();
    move |source| EvidenceError::Note { name, source }
}

fn inclusion_error(index: LeafIndex) -> impl FnOnce(VerifyError) -> EvidenceError {
    move |source| EvidenceError::Inclusion { index, source }
}
