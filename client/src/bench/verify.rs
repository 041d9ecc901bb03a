//! `trucelog bench verify`: how fast a whole log is verified from its charter on.
//!
//! The entries are fetched beforehand, so that only the verifier works: bytes, chain, strict signatures, rules, root, and
//! keeping what was verified.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde_json::{Value, json};
use trucelog_proto::hash::{LeafIndex, TreeSize};

use super::figures::{Line, table};
use super::ground::Ground;
use super::limits::Limits;
use super::load::{Way, send};
use crate::Error;
use crate::demo::DemoError;
use crate::entry_source::EntrySource;
use crate::store::Store;
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

/// Writes a log of about `records` records, and verifies it: once from the charter on, once with nothing new.
///
/// # Errors
/// [`DemoError`].
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, STATIONS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let signed = ground.sign(STATIONS, records.div_ceil(STATIONS))?;
    let trust = ground.trust().clone();
    let sent = send(&ground.connections()?, &trust, signed, Way::Streams).await?;
    let note = ground.head().await?;
    let size = 1 + STATIONS + sent.records;
    let entries = ground.entries(size as u64)?;
    let state = ground.directory().join("audit");
    let store = Store::open(&state)?;

    let stop = AtomicBool::new(false);
    let check = || {
        let open = |start: LeafIndex, _: TreeSize| {
            let start = usize::try_from(start.get()).unwrap_or(usize::MAX);
            Ok(Held {
                entries: entries.get(start..).unwrap_or_default(),
            })
        };
        let begun = Instant::now();
        let report = verify_log(&store, &trust, &note, open, |_| {}, &stop)?;
        Ok::<_, Error>((report.entries_verified, begun.elapsed()))
    };
    let (verified, first) = check()?;
    let (again, second) = check()?;
    if (verified, again) != (size as u64, 0) {
        return Err(DemoError::NotShown(vec![
            "every entry is verified once, and only once",
        ]));
    }
    limits.measure_again();
    let lines = vec![
        Line::new("from the charter on", size, first).beside(limits.signature_rate()),
        Line::new("again, nothing new", 0, second),
    ];
    Ok(Report { limits, lines })
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n\n{}", self.limits.to_text(), table(&self.lines))
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.verify/v1",
            "limits": self.limits,
            "lines": self.lines,
        })
    }
}
