//! `trucelog bench ingest`: how many records a second a log takes, and how long each waits for its receipt.
//!
//! Server and load share the machine. Every record is durable, in the tree, signed for and anchored before its receipt
//! comes; every signature is verified strictly, and every rule applies.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use trucelog_proto::checkpoint::Checkpoint;

use super::figures::{Line, per_second, table};
use super::ground::Ground;
use super::limits::Limits;
use super::load::{Way, flood, send, send_one, send_unproven};
use super::sink;
use crate::Error;
use crate::demo::DemoError;

/// Stations that send over streams.
const STREAMS: usize = 8;
/// Stations that send one unary call after the other.
const CALLERS: usize = 256;
/// Stations that call, however long the server takes, when more is sent than it can take; and their connections.
const CROWD: usize = 4096;
const CROWD_CONNECTIONS: usize = 64;
/// Records of the client that is alone.
const ALONE: usize = 200;
/// How many times the best rate is sent when more is sent than the server can take.
const TOO_MUCH: f64 = 2.0;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// What the transport can do with the same bytes and nothing behind it.
    pub bare: Vec<Line>,
    /// The results.
    pub lines: Vec<Line>,
    /// What became of more than the server can take.
    pub overload: Overload,
    /// Entries in the log at the end.
    pub size: u64,
    /// Mean length of an entry in bytes.
    pub entry_len: usize,
    /// Length of a receipt in bytes.
    pub receipt_len: usize,
}

/// Unary calls on a schedule that the server cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overload {
    /// Calls per second that were due.
    pub offered_per_second: f64,
    /// Records per second that got their receipt.
    pub accepted_per_second: f64,
    /// The same as a part of what the server takes when callers wait for their answers.
    pub ratio: f64,
    /// Records that got their receipt.
    pub accepted: usize,
    /// Calls that were put off with `RESOURCE_EXHAUSTED` and a `RetryInfo`.
    pub refused: usize,
}

/// Measures with about `records` records at full speed, and as many again over unary calls, on a schedule, and twice as
/// fast as the server can take them.
///
/// # Errors
/// [`DemoError`]; also when the log is not as long at the end as what was sent.
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, CROWD).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let connections = ground.connections()?;
    let trust = ground.trust().clone();
    let before = size(&ground).await?;
    let mut lines = Vec::new();

    let signed = ground.sign(1, ALONE)?;
    let alone = send(&connections, &trust, signed, Way::Unary).await?;
    lines.push(Line::new("one client alone", alone.records, alone.time).with(alone.latencies));

    let first = ground.sign(1, 1)?.into_iter().flatten().next();
    let receipt = send_one(&connections[0], first.unwrap_or_default()).await?;
    let receipt_len = receipt.tlog_proof.len();
    let sink = sink::serve(receipt).await?;
    let bare = sink.connect(connections.len())?;

    let signed = ground.sign(STREAMS, records.div_ceil(STREAMS))?;
    let bare_streams = send_unproven(&bare, signed.clone(), Way::Streams).await?;
    let streams = send(&connections, &trust, signed, Way::Streams).await?;
    let saturated = Line::new("streams", streams.records, streams.time).with(streams.latencies);
    let rate = saturated.records_per_second;

    let signed = ground.sign(CALLERS, records.div_ceil(CALLERS))?;
    let bare_unary = send_unproven(&bare, signed.clone(), Way::Unary).await?;
    let unary = send(&connections, &trust, signed, Way::Unary).await?;
    let unary = Line::new("unary calls", unary.records, unary.time).with(unary.latencies);

    let signed = ground.sign(STREAMS, records.div_ceil(STREAMS))?;
    let half = send(&connections, &trust, signed, Way::Scheduled(rate / 2.0)).await?;
    let half = Line::new("streams at half of that", half.records, half.time).with(half.latencies);

    let overload = overload(&mut ground, records, unary.records_per_second).await?;

    limits.measure_again();
    let limit = limits.signature_rate();
    lines.extend([saturated.beside(limit), unary.beside(limit), half]);
    let sent: usize = lines.iter().map(|line| line.records).sum();
    let size = size(&ground).await?;
    if size != before + (sent + 1 + overload.accepted) as u64 {
        return Err(DemoError::NotShown(vec![
            "as many entries as records were sent",
        ]));
    }
    Ok(Report {
        limits,
        bare: vec![
            Line::new("bare tonic stream", bare_streams.records, bare_streams.time).beside(limit),
            Line::new("bare tonic unary", bare_unary.records, bare_unary.time)
                .beside(limit)
                .with(bare_unary.latencies),
        ],
        lines,
        overload,
        size,
        entry_len: entry_len(&ground)?,
        receipt_len,
    })
}

/// Calls twice as often as the server can take, for as long as it would take `records` records.
async fn overload(ground: &mut Ground, records: usize, best: f64) -> Result<Overload, DemoError> {
    let offered = TOO_MUCH * best;
    let signed = ground.sign(CROWD, (2 * records).div_ceil(CROWD))?;
    let connections = ground.connect(CROWD_CONNECTIONS)?;
    let count = u32::try_from(records).unwrap_or(u32::MAX);
    let time = Duration::from_secs_f64(f64::from(count) / best);
    let seen = flood(&connections, ground.trust(), signed, offered, time).await?;
    let accepted = per_second(seen.accepted, seen.time);
    Ok(Overload {
        offered_per_second: offered,
        accepted_per_second: accepted,
        ratio: accepted / best,
        accepted: seen.accepted,
        refused: seen.refused,
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
    let entries = ground.entries((1 + CROWD + ALONE) as u64)?;
    let reports = &entries[1 + CROWD..];
    Ok(reports.iter().map(Vec::len).sum::<usize>() / reports.len())
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let overload = self.overload;
        format!(
            "{}\nentries of {} bytes, receipts of {}, {} entries in the log at the end\n\n{}\n\n{}\n\n\
             {:.0} unary calls/s were due: {:.0}/s got a receipt ({:.2} of the best), {} calls were put off",
            self.limits.to_text(),
            self.entry_len,
            self.receipt_len,
            self.size,
            table(&self.bare),
            table(&self.lines),
            overload.offered_per_second,
            overload.accepted_per_second,
            overload.ratio,
            overload.refused,
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.ingest/v1",
            "limits": self.limits,
            "entry_len": self.entry_len,
            "receipt_len": self.receipt_len,
            "size": self.size,
            "bare": self.bare,
            "lines": self.lines,
            "overload": self.overload,
        })
    }
}
