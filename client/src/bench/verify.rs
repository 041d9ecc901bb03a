//! `trucelog bench verify`: how fast a whole log is verified from its charter on.
//!
//! The entries are fetched beforehand, so that only the verifier works: bytes, chain, strict signatures, rules, root, and
//! keeping what was verified. Then the log grows by a tenth, and the verifier goes on from what it has kept.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trucelog_proto::hash::{LeafIndex, TreeSize};

use super::apart;
use super::figures::{Line, table};
use super::ground::Ground;
use super::limits::Limits;
use crate::Error;
use crate::demo::DemoError;
use crate::entry_source::EntrySource;
use crate::store::{Extent, Store, read_saved};
use crate::verifier::verify_log;

/// Stations that write the log.
const STATIONS: usize = 64;
/// Entries that the source gives at a time.
const RUN: usize = 4096;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// The results.
    pub lines: Vec<Line>,
    /// Bytes of memory that the verifier's state takes for each record.
    pub state_len_per_record: usize,
    /// The most memory of a verifier in a process of its own, in bytes.
    pub peak_memory_len: u64,
}

/// Entries in memory.
struct Held<'a> {
    entries: &'a [Vec<u8>],
}

impl EntrySource for Held<'_> {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let (run, rest) = self.entries.split_at(RUN.min(self.entries.len()));
        self.entries = rest;
        Ok(run.to_vec())
    }
}

/// Writes a log of about `records` records, and verifies it: from the charter on, with nothing new, with a tenth more.
///
/// # Errors
/// [`DemoError`].
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, STATIONS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let directory = ground.directory().join("audit");
    let store = Store::open(&directory)?;
    let sent = ground.append(records).await?;
    let size = 1 + STATIONS + sent.records;
    let first = check(&ground, &store, size).await?;
    let again = check(&ground, &store, size).await?;
    let apart = apart::verify(&ground).await?;
    let sent = ground.append(records.div_ceil(10)).await?;
    let later = check(&ground, &store, size + sent.records).await?;
    if [first.0, again.0, later.0] != [size, 0, sent.records] {
        return Err(DemoError::NotShown(vec![
            "every entry is verified once, and only once",
        ]));
    }
    limits.measure_again();
    let lines = vec![
        Line::new("from the charter on", size, first.1).beside(limits.signature_rate()),
        Line::new("by trucelog verify log", size, apart.time).beside(limits.signature_rate()),
        Line::new("again, nothing new", 0, again.1),
        Line::new("a tenth more", later.0, later.1).beside(limits.signature_rate()),
    ];
    let state = read_saved(&directory, Extent::Accepted)?.state;
    Ok(Report {
        limits,
        lines,
        peak_memory_len: apart.peak_memory_len,
        state_len_per_record: state.memory_len() / (size + sent.records),
    })
}

/// Verifies the log of `size` entries: how many it had to look at, and how long it took.
async fn check(
    ground: &Ground,
    store: &Store,
    size: usize,
) -> Result<(usize, Duration), DemoError> {
    let note = ground.head().await?;
    let entries = ground.entries(size as u64)?;
    let open = |start: LeafIndex, _: TreeSize| {
        let start = usize::try_from(start.get()).unwrap_or(usize::MAX);
        Ok(Held {
            entries: entries.get(start..).unwrap_or_default(),
        })
    };
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let report = verify_log(store, ground.trust(), &note, open, |_| {}, &stop)?;
    let verified = usize::try_from(report.entries_verified).unwrap_or(usize::MAX);
    Ok((verified, begun.elapsed()))
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\nthe state of the verifier takes {} bytes of memory for each record, all of `trucelog verify log` at most \
             {} MB\n\n{}",
            self.limits.to_text(),
            self.state_len_per_record,
            self.peak_memory_len / 1_000_000,
            table(&self.lines)
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.verify/v1",
            "limits": self.limits,
            "lines": self.lines,
            "state_len_per_record": self.state_len_per_record,
            "peak_memory_len": self.peak_memory_len,
        })
    }
}
