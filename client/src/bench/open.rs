//! `trucelog bench open`: how a log behaves as it grows: the cost of an appended record, the time to open, bytes on disk.
//!
//! The log is filled part by part over streams. Then its server is killed and stopped, and started again each time. At
//! the end every entry is fetched: their tree must have the root that was signed, before and after.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::task::block_in_place;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::tree::{RightEdge, leaf_hash};

use super::figures::{Line, Ratio, ratios, table};
use super::ground::Ground;
use super::limits::Limits;
use crate::Error;
use crate::demo::DemoError;
use crate::entry_source::EntrySource as _;

/// About how many records are written unless it is said.
pub const RECORDS: usize = 200_000;
/// Stations that write the log, each over a stream.
const STATIONS: usize = 8;
/// Records that are signed and sent at a time; the first and the last part are compared.
const PART: usize = 100_000;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// The results.
    pub lines: Vec<Line>,
    /// The results beside each other.
    pub ratios: Vec<Ratio>,
    /// Entries in the log at the end.
    pub size: u64,
    /// Bytes of all entries.
    pub entries_len: u64,
    /// Bytes of all files of the store.
    pub stored_len: u64,
    /// Records per second of each part of the log, in order.
    pub parts: Vec<f64>,
}

/// Writes a log of about `records` records and measures on the way and at the end.
///
/// # Errors
/// [`DemoError`]; also when the log is another after it was opened again.
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, STATIONS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let parts = fill(&mut ground, records).await?;
    let before = ground.checkpoint().await?;
    // The crash comes first: it leaves the longest log of writes to go through again.
    let crashed = ground.reopen(true)?;
    let after_crash = ground.checkpoint().await?;
    let stopped = ground.reopen(false)?;
    let after_stop = ground.checkpoint().await?;
    let stored_len = ground.stored_len()?;
    let begun = Instant::now();
    let (fetched, entries_len) = fetch(&ground, &before)?;
    let streamed = begun.elapsed();
    let sent: usize = parts.iter().map(|part| part.records).sum();
    let size = 1 + STATIONS + sent;
    let expected = size as u64;
    if [&after_stop, &after_crash, &fetched] != [&before; 3] || before.size.get() != expected {
        return Err(DemoError::NotShown(vec![
            "the log is the same after it was stopped and killed",
        ]));
    }
    limits.measure_again();
    let (first, last) = (&parts[0], &parts[parts.len() - 1]);
    let ratios = vec![
        Ratio::new(
            "a record of the last part / of the first",
            first.records_per_second,
            last.records_per_second,
        ),
        Ratio::new(
            "bytes on disk / bytes of entries",
            float(stored_len),
            float(entries_len),
        ),
    ];
    let rates = parts.iter().map(|part| part.records_per_second).collect();
    let mut lines = vec![first.clone(), last.clone()];
    lines[0].name = "append, first part";
    lines[1].name = "append, last part";
    lines.push(Line::new("open after a crash", 0, crashed));
    lines.push(Line::new("open after a stop", 0, stopped));
    lines.push(Line::new("fetch and hash all", size, streamed));
    Ok(Report {
        limits,
        lines,
        ratios,
        size: expected,
        entries_len,
        stored_len,
        parts: rates,
    })
}

async fn fill(ground: &mut Ground, records: usize) -> Result<Vec<Line>, DemoError> {
    let count = records.div_ceil(PART).max(2);
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let part = ground.append(records.div_ceil(count)).await?;
        parts.push(Line::new("append", part.records, part.time));
    }
    Ok(parts)
}

/// Fetches every entry under a head: the head that they give, and their bytes.
fn fetch(ground: &Ground, head: &Checkpoint) -> Result<(Checkpoint, u64), Error> {
    let mut source = ground.source(head.size.get())?;
    let mut edge = RightEdge::new();
    let mut len = 0;
    while edge.size() < head.size {
        for entry in block_in_place(|| source.next())? {
            edge.append(leaf_hash(&entry));
            len += entry.len() as u64;
        }
    }
    let given = Checkpoint {
        size: edge.size(),
        root: edge.root(),
        ..head.clone()
    };
    Ok((given, len))
}

#[expect(clippy::cast_precision_loss, reason = "no store has 2^52 bytes")]
fn float(len: u64) -> f64 {
    len as f64
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{} entries, {} bytes of entries, {} bytes on disk\n\n{}\n\n{}",
            self.limits.to_text(),
            self.size,
            self.entries_len,
            self.stored_len,
            table(&self.lines),
            ratios(&self.ratios)
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.open/v1",
            "limits": self.limits,
            "lines": self.lines,
            "ratios": self.ratios,
            "size": self.size,
            "entries_len": self.entries_len,
            "stored_len": self.stored_len,
            "parts_records_per_second": self.parts,
        })
    }
}
