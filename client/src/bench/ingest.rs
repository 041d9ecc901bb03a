//! `trucelog bench ingest`: how many records a second a log takes, and how long each waits for its receipt.
//!
//! Server and load share the machine. Every record is durable, in the tree, signed for and anchored before its receipt
//! comes; every signature is verified strictly, and every rule applies.

use std::path::Path;

use serde_json::{Value, json};
use trucelog_proto::checkpoint::Checkpoint;

use super::figures::{Line, table};
use super::ground::Ground;
use super::limits::Limits;
use super::load::{Way, send};
use crate::Error;
use crate::demo::DemoError;

/// Stations that send over streams.
const STREAMS: usize = 8;
/// Stations that send one unary call after the other.
const CALLERS: usize = 512;
/// Records of the client that is alone.
const ALONE: usize = 200;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// The results.
    pub lines: Vec<Line>,
    /// Entries in the log at the end.
    pub size: u64,
    /// Mean length of an entry in bytes.
    pub entry_len: usize,
}

/// Measures with about `records` records at full speed, and as many again over unary calls and on a schedule.
///
/// # Errors
/// [`DemoError`]; also when the log is not as long at the end as what was sent.
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, CALLERS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let connections = ground.connections()?;
    let trust = ground.trust().clone();
    let before = size(&ground).await?;
    let mut lines = Vec::new();

    let signed = ground.sign(1, ALONE)?;
    let alone = send(&connections, &trust, signed, Way::Unary).await?;
    lines.push(Line::new("one client alone", alone.records, alone.time).with(alone.latencies));

    let signed = ground.sign(STREAMS, records.div_ceil(STREAMS))?;
    let streams = send(&connections, &trust, signed, Way::Streams).await?;
    let saturated = Line::new("streams", streams.records, streams.time);
    let rate = saturated.records_per_second;

    let signed = ground.sign(CALLERS, records.div_ceil(CALLERS))?;
    let unary = send(&connections, &trust, signed, Way::Unary).await?;
    let unary = Line::new("unary calls", unary.records, unary.time).with(unary.latencies);

    let signed = ground.sign(STREAMS, records.div_ceil(STREAMS))?;
    let half = send(&connections, &trust, signed, Way::Scheduled(rate / 2.0)).await?;
    let half = Line::new("streams at half of that", half.records, half.time).with(half.latencies);

    limits.measure_again();
    let limit = limits.signature_rate();
    lines.extend([saturated.beside(limit), unary.beside(limit), half]);
    let sent: usize = lines.iter().map(|line| line.records).sum();
    let size = size(&ground).await?;
    if size != before + sent as u64 {
        return Err(DemoError::NotShown(vec![
            "as many entries as records were sent",
        ]));
    }
    Ok(Report {
        limits,
        lines,
        size,
        entry_len: entry_len(&ground)?,
    })
}

async fn size(ground: &Ground) -> Result<u64, DemoError> {
    let note = ground.head().await?;
    let trust = ground.trust();
    let opened = Checkpoint::open(&note, trust.policy.log_key(), trust.policy.origin());
    let opened = opened.map_err(|_| Error::Answer("its checkpoint does not hold"))?;
    Ok(opened.checkpoint().size.get())
}

/// Mean length of the first entries that are reports: after the charter and the enrolments.
fn entry_len(ground: &Ground) -> Result<usize, Error> {
    let entries = ground.entries((1 + CALLERS + ALONE) as u64)?;
    let reports = &entries[1 + CALLERS..];
    Ok(reports.iter().map(Vec::len).sum::<usize>() / reports.len())
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\nentries of {} bytes, {} in the log at the end\n\n{}",
            self.limits.to_text(),
            self.entry_len,
            self.size,
            table(&self.lines)
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.ingest/v1",
            "limits": self.limits,
            "entry_len": self.entry_len,
            "size": self.size,
            "lines": self.lines,
        })
    }
}
