//! What the hot functions cost: `cargo bench --profile release --workspace --bench hot`.
#![allow(
    missing_docs,
    reason = "the macros of criterion make undocumented items"
)]
#![expect(clippy::unwrap_used, reason = "a benchmark ends when something fails")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use support::{Log, report};
use trucelog_proto::canonical::{self, grammar};
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::LeafIndex;
use trucelog_proto::pb::record::Body;
use trucelog_proto::proof::{prove_inclusion, verify_inclusion};
use trucelog_proto::record::{DecodedRecord, KnownKeys, statement};
use trucelog_proto::signature::{self, PublicKey};
use trucelog_proto::state::{MemoryState, State as _, StateMut as _, Writes};
use trucelog_proto::tile::{RightTiles, TileHashes, TileId, TileReader};
use trucelog_proto::tree::leaf_hash;
use trucelog_proto::verify::{Verifier, check};

/// A log whose last entry is a report.
fn log() -> Log {
    let mut log = Log::staffed();
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    log
}

fn records(criterion: &mut Criterion) {
    let log = log();
    let bytes = log.entries.last().unwrap();
    let signed = Entry::decode(bytes).unwrap().signed_record;
    let record = DecodedRecord::decode(&signed.record).unwrap();
    let key = PublicKey::try_from(signed.public_key.as_slice()).unwrap();
    let statement = statement(&log.id.origin, &log.id.charter, &record.digest);
    let made: [u8; 64] = signed.signature.as_slice().try_into().unwrap();
    let mut group = criterion.benchmark_group("record");
    group.bench_function("verify a signature", |it| {
        it.iter(|| signature::verify(&key, black_box(&statement), &made).unwrap());
    });
    group.bench_function("parse a key", |it| {
        it.iter(|| PublicKey::from_bytes(black_box(*key.as_bytes())).unwrap());
    });
    group.bench_function("check that an entry is canonical", |it| {
        it.iter(|| canonical::check(&grammar::ENTRY, black_box(bytes)).unwrap());
    });
    group.bench_function("decode an entry", |it| {
        it.iter(|| Entry::decode(black_box(bytes)).unwrap());
    });
    group.bench_function("decode a record", |it| {
        it.iter(|| DecodedRecord::decode(black_box(&signed.record)).unwrap());
    });
}

fn log_verification(criterion: &mut Criterion) {
    let log = log();
    let keys = KnownKeys::default();
    let (bytes, before) = log.entries.split_last().unwrap();
    let index = LeafIndex::new(before.len() as u64);
    let mut verifier = Verifier::new(log.id.clone());
    for (at, bytes) in before.iter().enumerate() {
        let checked = check(&log.id, &keys, LeafIndex::new(at as u64), bytes);
        verifier.append(checked).unwrap();
    }
    let mut group = criterion.benchmark_group("log");
    group.bench_function("look at an entry on its own", |it| {
        it.iter(|| check(&log.id, &keys, index, black_box(bytes)));
    });
    let checked = check(&log.id, &keys, index, bytes);
    group.bench_function("judge an entry in order", |it| {
        it.iter_batched(
            || (verifier.clone(), checked.clone()),
            |(mut verifier, checked)| {
                verifier.append(checked).unwrap();
                verifier
            },
            BatchSize::SmallInput,
        );
    });
}

/// The tiles of a tree, in memory.
struct Tiles(BTreeMap<TileId, Vec<u8>>);

impl TileReader for Tiles {
    type Error = TileId;

    fn tile(&self, id: TileId, _: u16) -> Result<Vec<u8>, TileId> {
        self.0.get(&id).cloned().ok_or(id)
    }
}

fn tree(criterion: &mut Criterion) {
    const SIZE: u64 = 100_000;
    let mut tiles = RightTiles::new();
    for at in 0..SIZE {
        tiles.append(leaf_hash(&at.to_be_bytes()));
    }
    let stored = Tiles(tiles.take_changed().into_iter().collect());
    let hashes = TileHashes::new(stored);
    let (root, size) = (tiles.right_edge().root(), tiles.size());
    let index = LeafIndex::new(12_345);
    let leaf = leaf_hash(&index.get().to_be_bytes());
    let proof = prove_inclusion(index, size, &hashes).unwrap();
    let mut group = criterion.benchmark_group("tree");
    group.bench_function("hash a leaf of 400 bytes", |it| {
        it.iter(|| leaf_hash(black_box(&[0x5a; 400])));
    });
    let mut edge = tiles.right_edge();
    group.bench_function("append a leaf", |it| {
        it.iter(|| edge.append(black_box(leaf)));
    });
    group.bench_function("prove inclusion, hot", |it| {
        it.iter(|| prove_inclusion(black_box(index), size, &hashes).unwrap());
    });
    group.bench_function("verify inclusion", |it| {
        it.iter(|| verify_inclusion(black_box(&leaf), index, size, &proof, &root).unwrap());
    });
}

fn state(criterion: &mut Criterion) {
    let mut state = MemoryState::default();
    let key = |number: u64| number.to_be_bytes().repeat(4);
    for number in 0..100_000 {
        let mut writes = Writes::default();
        writes.put(key(number), vec![0; 20]);
        state.apply(&writes).unwrap();
    }
    let mut group = criterion.benchmark_group("state");
    group.bench_function("read an item", |it| {
        it.iter(|| state.get(black_box(&key(12_345))).unwrap().unwrap());
    });
    group.bench_function("change an item", |it| {
        let mut writes = Writes::default();
        writes.put(key(12_345), vec![1; 20]);
        it.iter(|| state.apply(black_box(&writes)).unwrap());
    });
}

criterion_group!(benches, records, log_verification, tree, state);
criterion_main!(benches);
