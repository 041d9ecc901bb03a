//! Receipts, bundles, proofs and evidence that do not hold, handed over as files or as answers.

use std::fs;

use base64ct::{Base64, Encoding as _};
use prost::Message as _;
use serde_json::{Value, json};
use trucelog_client::evidence::Evidence;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::entry::Entry;
use trucelog_proto::error::VerifyError;
use trucelog_proto::hash::{LeafIndex, NodeHash, RootHash, TreeSize};
use trucelog_proto::proof::verify_inclusion;
use trucelog_proto::tlog_proof::TlogProof;
use trucelog_proto::tree::{HashReader as _, NodeId, leaf_hash};

use crate::party::Party;
use crate::support::operator::Operator;
use crate::support::{LOG, Log, key};
use crate::table::{By, Hand, Row, Seen, Verdict, Who, lead, show_all};

/// A receipt that does not hold, in many forms.
struct Receipts {
    attack: &'static str,
    /// Receipts for the record at [`INDEX`].
    forms: fn() -> Vec<Vec<u8>>,
    seen: &'static [Seen],
}

/// Index of the record that all receipts are asked for.
const INDEX: u64 = 5;

const fn holder(words: &'static str) -> Seen {
    Seen {
        by: By::Holder,
        verdict: Verdict::FalseFile(words),
        hand: Hand::File("the receipt, which proves nothing"),
    }
}

const SUBMITTER: Seen = Seen {
    by: By::Submitter,
    verdict: Verdict::False("receipt", None),
    hand: lead(&[], &[]),
};

const RECEIPTS: &[Receipts] = &[
    Receipts {
        attack: "flips, drops, adds or swaps a hash of a receipt's proof, in trees of the sizes 2^k − 1, 2^k and 2^k + 1",
        forms: || small_sizes().iter().flat_map(mutated).collect(),
        seen: &[holder("proof"), SUBMITTER],
    },
    Receipts {
        attack: "the same in trees of the sizes 2^63 − 1, 2^63 and 2^63 + 1",
        forms: || {
            let sizes = [(1 << 63) - 1, 1 << 63, (1 << 63) + 1];
            sizes
                .iter()
                .flat_map(|size| mutated(&in_large_tree(*size)))
                .collect()
        },
        seen: &[holder("proof")],
    },
    Receipts {
        attack: "passes a node of the tree off as an entry",
        forms: || nodes_as_leaves(&log()),
        seen: &[holder("the receipt's entry"), SUBMITTER],
    },
    Receipts {
        attack: "passes a piece of the hash chain off as a proof (linear-fake)",
        forms: || {
            let log = log();
            let chain = chain(&log, INDEX + 1, log.entries.len() as u64);
            (0..=chain.len())
                .map(|len| with_hashes(&receipt(&log), chain[..len].to_vec()))
                .collect()
        },
        seen: &[holder("the receipt's proof"), SUBMITTER],
    },
    Receipts {
        attack: "gives the receipt of another record",
        forms: || vec![log().receipt(INDEX + 1)],
        seen: &[holder("the receipt is for record"), SUBMITTER],
    },
];

const BUNDLE: &str = "flips, drops, adds or swaps a hash of a proof in a bundle";
const BUNDLE_SEEN: Seen = Seen {
    by: By::BundleHolder,
    verdict: Verdict::FalseFile("its proof of entry"),
    hand: Hand::File("the bundle, which proves nothing"),
};

const CONSISTENCY: &str = "answers with a false consistency proof: a hash flipped, dropped, added or swapped, or a piece of the hash chain";
const CONSISTENCY_SEEN: Seen = Seen {
    by: By::Comparer,
    verdict: Verdict::NotProven("consistency proof does not hold"),
    hand: Hand::Nothing("nothing: nobody signed the answer; `verify log` decides"),
};

const WITHHELD: &str = "has changed a record, and answers with false inclusion proofs";
const WITHHELD_SEEN: Seen = Seen {
    by: By::Newcomer,
    verdict: Verdict::False("signature", Some(4)),
    hand: lead(&["served"], &[4]),
};

const FRAMED: &str =
    "frames the operator with evidence in which a node of its tree stands as an entry";
const FRAMED_SEEN: Seen = Seen {
    by: By::Judge,
    verdict: Verdict::FalseFile("its proof of entry"),
    hand: Hand::File("the false evidence"),
};

pub(crate) fn rows() -> Vec<Row> {
    let receipts = RECEIPTS.iter().flat_map(|receipts| {
        receipts.seen.iter().map(|seen| Row {
            who: Who::Server,
            attack: receipts.attack,
            seen: *seen,
        })
    });
    let others = [
        (Who::Anybody, BUNDLE, BUNDLE_SEEN),
        (Who::Server, CONSISTENCY, CONSISTENCY_SEEN),
        (Who::Operator, WITHHELD, WITHHELD_SEEN),
        (Who::Anybody, FRAMED, FRAMED_SEEN),
    ];
    let others = others.map(|(who, attack, seen)| Row { who, attack, seen });
    receipts.chain(others).collect()
}

fn log() -> Log {
    Log::with_reports(6)
}

fn receipt(log: &Log) -> TlogProof {
    TlogProof::parse(&log.receipt(INDEX)).unwrap()
}

/// Receipts under heads of the sizes around powers of two that hold the record.
fn small_sizes() -> Vec<TlogProof> {
    let log = Log::with_reports(7);
    let sizes = [7, 8, 9];
    let at = |size: usize| {
        let mut log = log.clone();
        log.truncate(size);
        receipt(&log)
    };
    sizes.into_iter().map(at).collect()
}

/// A receipt under a signed head of a size that no test can reach: beside the path stand hashes of nothing.
fn in_large_tree(size: u64) -> TlogProof {
    let log = log();
    let entry = log.entries[usize::try_from(INDEX).unwrap()].clone();
    let height = u64::BITS - (size - 1).leading_zeros();
    let hashes: Vec<NodeHash> = (0..height)
        .map(|level| NodeHash::from_bytes([u8::try_from(level).unwrap(); 32]))
        .collect();
    let (index, size) = (LeafIndex::new(INDEX), TreeSize::new(size));
    let any = RootHash::from_bytes([0; 32]);
    let Err(VerifyError::Root { computed, .. }) =
        verify_inclusion(&leaf_hash(&entry), index, size, &hashes, &any)
    else {
        panic!("a proof of {height} hashes leads to a root")
    };
    let checkpoint = Checkpoint {
        origin: log.id.origin.clone(),
        size,
        root: computed,
    };
    TlogProof {
        extra: Some(entry),
        index,
        hashes,
        checkpoint_note: checkpoint.sign(&key(LOG).into()),
    }
}

fn with_hashes(receipt: &TlogProof, hashes: Vec<NodeHash>) -> Vec<u8> {
    TlogProof {
        hashes,
        ..receipt.clone()
    }
    .format()
    .unwrap()
}

/// The receipt with each kind of change, at the first hash, the one in the middle and the last.
fn mutated(receipt: &TlogProof) -> Vec<Vec<u8>> {
    let changed = changed(&receipt.hashes).into_iter();
    // The form itself has no room for a 65th hash.
    changed
        .filter(|hashes| hashes.len() <= 64)
        .map(|hashes| with_hashes(receipt, hashes))
        .collect()
}

/// A proof with a hash flipped, dropped, added, and swapped with the next: the first, the one in the middle, the last.
fn changed(proof: &[NodeHash]) -> Vec<Vec<NodeHash>> {
    let len = proof.len();
    let places = std::collections::BTreeSet::from([0, len / 2, len - 1]);
    let at = |place: usize| {
        let mut flipped = proof.to_vec();
        let mut bytes = *proof[place].as_bytes();
        bytes[31] ^= 1;
        flipped[place] = NodeHash::from_bytes(bytes);
        let mut dropped = proof.to_vec();
        dropped.remove(place);
        let mut added = proof.to_vec();
        added.insert(place, NodeHash::from_bytes([7; 32]));
        let mut swapped = proof.to_vec();
        swapped.swap(place, (place + 1) % len);
        [flipped, dropped, added, swapped]
    };
    let changed = places.into_iter().flat_map(at);
    changed.filter(|changed| changed != proof).collect()
}

/// The leaf hashes of the entries from `start` on, which link one entry to the next.
fn chain(log: &Log, start: u64, end: u64) -> Vec<NodeHash> {
    (start..end).map(|index| node(log, 0, index)).collect()
}

fn node(log: &Log, level: u8, index: u64) -> NodeHash {
    let Ok(hash) = log.node(NodeId { level, index });
    hash
}

/// What is hashed to the node above the entry at [`INDEX`] and its neighbour, but for the prefix byte.
fn preimage(log: &Log) -> Vec<u8> {
    let [left, right] = [INDEX - 1, INDEX].map(|index| node(log, 0, index));
    [left.as_bytes().as_slice(), right.as_bytes()].concat()
}

/// Receipts whose entry is the preimage of a node: at the node's place, and at that of a leaf.
fn nodes_as_leaves(log: &Log) -> Vec<Vec<u8>> {
    let honest = receipt(log);
    let places = [(INDEX / 2, 1), (INDEX / 2, 0), (INDEX, 1), (INDEX, 0)];
    let receipt = |(index, skipped): (u64, usize)| {
        let receipt = TlogProof {
            extra: Some(preimage(log)),
            index: LeafIndex::new(index),
            hashes: honest.hashes[skipped..].to_vec(),
            ..honest.clone()
        };
        receipt.format().unwrap()
    };
    places.into_iter().map(receipt).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts() {
    let rows = RECEIPTS.iter().flat_map(|receipts| {
        let row = move |seen| {
            (
                format!("{}: {seen:?}", receipts.attack),
                receipts.show(seen),
            )
        };
        receipts.seen.iter().map(row)
    });
    show_all(rows).await;
}

impl Receipts {
    async fn show(&self, seen: &'static Seen) {
        let log = log();
        let operator = Operator::serve(log.clone()).await;
        let party = Party::of(&log.trust(), &operator.url);
        let record = log.report_at(INDEX - 1, "Three explosions.");
        party.write("report.signed", &record.encode_to_vec());
        let forms = (self.forms)();
        assert!(!forms.is_empty());
        for form in forms {
            match seen.by {
                By::Holder => hold(&party, seen, &form),
                _ => submit(&party, seen, &operator, &form),
            }
        }
        submit_honestly(&party, &operator, &log.receipt(INDEX));
    }
}

fn hold(party: &Party, seen: &Seen, receipt: &[u8]) {
    party.write("given.tlog-proof", receipt);
    party.check(
        seen,
        &party.run("verify receipt given.tlog-proof --record report.signed"),
    );
}

/// No receipt that does not hold is kept.
fn submit(party: &Party, seen: &Seen, operator: &Operator, receipt: &[u8]) {
    operator.answer_records(receipt.to_vec());
    party.check(seen, &party.run("submit report.signed"));
    assert!(!party.path().join("report.tlog-proof").exists());
}

fn submit_honestly(party: &Party, operator: &Operator, receipt: &[u8]) {
    operator.answer_records(receipt.to_vec());
    assert_eq!(party.run("submit report.signed").code, Some(0));
    let kept = party.run("verify receipt report.tlog-proof --record report.signed");
    kept.is(Verdict::Verified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bundles() {
    let log = log();
    let operator = Operator::serve(log.clone()).await;
    let party = Party::of(&log.trust(), &operator.url);
    party.run("verify log").is(Verdict::Verified);
    let digest = log.digest(usize::try_from(INDEX).unwrap());
    let collected = party.run(&format!("get bundle {digest} --out honest.json"));
    assert_eq!(collected.code, Some(0));
    let honest: Value =
        serde_json::from_slice(&fs::read(party.path().join("honest.json")).unwrap()).unwrap();
    let proof = log.inclusion(1, 8);
    for changed in changed(&proof) {
        let mut bundle = honest.clone();
        assert_eq!(bundle["entries"][1]["index"], 1);
        let hashes = changed
            .iter()
            .map(|hash| Base64::encode_string(hash.as_bytes()));
        bundle["entries"][1]["inclusion"] = json!(hashes.collect::<Vec<_>>());
        party.write("given.json", bundle.to_string().as_bytes());
        party.check(&BUNDLE_SEEN, &party.run("verify bundle given.json"));
    }
    party.run("verify bundle honest.json").is(Verdict::Verified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consistency_proofs() {
    let log = log();
    let operator = Operator::serve(log.clone()).await;
    let mut older = log.clone();
    older.truncate(5);
    let party = Party::of(&log.trust(), &operator.url);
    party.write("old", &older.note());
    party.write("new", &log.note());
    let command = "verify consistency old new";
    party.run(command).is(Verdict::Verified);
    let proof =
        trucelog_proto::proof::prove_consistency(TreeSize::new(5), TreeSize::new(8), &log).unwrap();
    let chain = chain(&log, 5, 8);
    let pieces = (0..=chain.len()).map(|len| chain[..len].to_vec());
    for changed in changed(&proof).into_iter().chain(pieces) {
        operator.answer_proofs(
            changed
                .iter()
                .map(|hash| hash.as_bytes().to_vec())
                .collect(),
        );
        party.check(&CONSISTENCY_SEEN, &party.run(command));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inclusion_proofs() {
    let mut log = log();
    log.forge_narrative(4);
    let operator = Operator::serve(log.clone()).await;
    for changed in changed(&log.inclusion(4, 8)) {
        operator.answer_proofs(
            changed
                .iter()
                .map(|hash| hash.as_bytes().to_vec())
                .collect(),
        );
        let party = Party::of(&log.trust(), &operator.url);
        party.check(&WITHHELD_SEEN, &party.run("verify log"));
    }
}

#[test]
fn an_honest_operator_is_not_framed() {
    let log = log();
    let party = Party::offline(&log.trust());
    let path = log.inclusion(INDEX, 8);
    for (index, skipped) in [(INDEX / 2, 1), (INDEX / 2, 0), (INDEX, 1), (INDEX, 0)] {
        let index = LeafIndex::new(index);
        let evidence = Evidence::new("bytes", Some(index), &"not an entry", &log.trust().policy)
            .with_note("served", &log.note())
            .with_entry(index, &preimage(&log), "served", Some(&path[skipped..]));
        let file = evidence.keep(party.path()).unwrap();
        party.check(
            &FRAMED_SEEN,
            &party.run(&format!("verify evidence {}", file.display())),
        );
    }
    assert!(Entry::decode(&preimage(&log)).is_err());
}
