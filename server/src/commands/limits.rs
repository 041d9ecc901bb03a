//! `trucelogd limits`: what the disk and the storage engine of this machine can do, for `trucelog bench` to compare
//! with.
//!
//! Everything happens in a temporary directory, with the settings that a log has.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;
use trucelog_proto::{
    checkpoint::Origin,
    hash::{CharterDigest, LeafIndex},
    proof,
    record::LogId,
    tile::{RightTiles, TileHashes},
    tree::leaf_hash,
};

use super::CommandError;
use crate::reader::ReadError;
use crate::store::{Batch, LogStore as _, Meta, Store, StoredTiles};

/// Length of one write to the disk, and number of writes.
const PAGE_LEN: usize = 4096;
const SYNCS: usize = 100;
/// Length of an entry, entries in a batch, and batches.
const ENTRY_LEN: usize = 400;
const BATCH: u64 = 1000;
const BATCHES: u64 = 50;
/// How long proofs are built for.
const PROOF_TIME: Duration = Duration::from_millis(700);
/// Visits the entries of a log in an order without a pattern that a cache could use.
const STRIDE: u64 = 7919;

/// What this machine can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    schema: &'static str,
    /// Median time of a write of one page with `fdatasync`, in microseconds.
    pub fdatasync_us: f64,
    /// Puts per second of entries of 400 bytes, in synced batches of 1,000.
    pub rocksdb_puts_per_second: f64,
    /// Inclusion proofs per second from a hot store, on one core.
    pub proofs_per_second: f64,
}

/// Measures in a temporary directory below `dir`.
///
/// # Errors
///
/// [`CommandError::Io`] or [`CommandError::Store`].
pub fn run(dir: &Path) -> Result<Limits, CommandError> {
    let place = tempfile::Builder::new()
        .prefix("trucelog-limits-")
        .tempdir_in(dir)?;
    let store = Store::create(&place.path().join("data"), meta())?;
    Ok(Limits {
        schema: "trucelog.limits/v1",
        fdatasync_us: sync_time(&place.path().join("page"))?.as_secs_f64() * 1e6,
        rocksdb_puts_per_second: put_rate(&store)?,
        proofs_per_second: proof_rate(&store)?,
    })
}

impl Limits {
    /// The limits for programs.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    /// The limits in words.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "fdatasync {:.0} us\nRocksDB {:.0} puts/s in synced batches of {BATCH}\nproofs {:.0}/s on one core",
            self.fdatasync_us, self.rocksdb_puts_per_second, self.proofs_per_second
        )
    }
}

fn meta() -> Meta {
    let origin: Origin = "limits.trucelog.example"
        .parse()
        .expect("the origin is well formed");
    Meta {
        log: LogId {
            origin,
            charter: CharterDigest::from_bytes([0; 32]),
        },
    }
}

fn sync_time(path: &Path) -> Result<Duration, CommandError> {
    let file = File::options().write(true).create_new(true).open(path)?;
    let mut times = Vec::with_capacity(SYNCS);
    for number in 0..SYNCS {
        let page = [number.to_le_bytes()[0]; PAGE_LEN];
        let begun = Instant::now();
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

/// Bytes that do not compress away: a counter hashed.
fn entry(index: u64) -> Vec<u8> {
    (0..)
        .flat_map(|part: u64| {
            *leaf_hash(&[index.to_be_bytes(), part.to_be_bytes()].concat()).as_bytes()
        })
        .take(ENTRY_LEN)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
fn put_rate(store: &Store) -> Result<f64, CommandError> {
    let mut time = Duration::ZERO;
    for batch in 0..BATCHES {
        let indexes = batch * BATCH..(batch + 1) * BATCH;
        let batch = Batch {
            entries: indexes
                .map(|index| (LeafIndex::new(index), entry(index)))
                .collect(),
            ..Batch::default()
        };
        let begun = Instant::now();
        store.commit(&batch)?;
        time += begun.elapsed();
    }
    Ok((BATCHES * BATCH) as f64 / time.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
fn proof_rate(store: &Store) -> Result<f64, CommandError> {
    let mut tree = RightTiles::new();
    for index in 0..BATCHES * BATCH {
        tree.append(leaf_hash(&index.to_be_bytes()));
    }
    store.commit(&Batch {
        tiles: tree.take_changed(),
        ..Batch::default()
    })?;
    let hashes = TileHashes::new(StoredTiles(store));
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < PROOF_TIME {
        let index = LeafIndex::new(count * STRIDE % tree.size().get());
        let proof = proof::prove_inclusion(index, tree.size(), &hashes);
        proof.map_err(ReadError::from)?;
        count += 1;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
