//! `trucelog bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::OutputArgs;
use super::output::{self, Format};
use crate::Error;
use crate::bench::{ingest, open, proof, query, verify};
use crate::demo::find;

/// Measure what a throw-away log does on this machine, beside what the machine itself can do.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog bench ingest
  trucelog bench verify --records 1000000 -o json")]
pub(super) enum Command {
    /// Submit records over gRPC: alone, over streams, over unary calls, on a schedule.
    #[command(after_help = "Examples:
  trucelog bench ingest
  trucelog bench ingest --records 500000 -o json")]
    Ingest(Bench),
    /// Verify a whole log from its charter on, and again with nothing new.
    #[command(after_help = "Examples:
  trucelog bench verify
  trucelog bench verify --records 1000000 -o json")]
    Verify(Bench),
    /// Ask for inclusion proofs and entries over gRPC, beside a server without a log behind it.
    #[command(after_help = "Examples:
  trucelog bench proof
  trucelog bench proof --records 1000000 -o json")]
    Proof(Bench),
    /// Ask for pages of incidents in a small log, and again when it has grown.
    #[command(after_help = "Examples:
  trucelog bench query
  trucelog bench query --records 1000000 -o json")]
    Query(Bench),
    /// Let a log grow, stop it, kill it, and open it again: cost of a record, time to open, bytes on disk.
    #[command(after_help = "Examples:
  trucelog bench open
  trucelog bench open --records 1000000 -o json")]
    Open(Bench),
}

/// Records unless it is said.
const RECORDS: usize = 50_000;

/// The options of every benchmark.
#[derive(Args, Debug)]
pub(super) struct Bench {
    /// About how many records the log takes; of ingest, each part. Default: 50000, of open 200000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(100..))]
    records: Option<u64>,
    /// The program trucelogd. Default: TRUCELOGD, beside this program, or on PATH.
    #[arg(long, value_name = "PATH")]
    server_bin: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Bench {
    fn records(&self, default: usize) -> usize {
        let records = self.records.map(usize::try_from);
        records.map_or(default, |records| records.unwrap_or(usize::MAX))
    }
}

impl Command {
    fn bench(&self) -> &Bench {
        match self {
            Self::Ingest(bench)
            | Self::Verify(bench)
            | Self::Proof(bench)
            | Self::Query(bench)
            | Self::Open(bench) => bench,
        }
    }

    pub(super) fn format(&self) -> Format {
        self.bench().output.output
    }

    pub(super) async fn run(self) -> Result<(), Error> {
        let bench = self.bench();
        let trucelogd = find(
            "trucelogd",
            "--server-bin",
            "TRUCELOGD",
            bench.server_bin.as_deref(),
        )?;
        let (text, json) = match &self {
            Self::Ingest(_) => {
                let report = ingest::run(&trucelogd, bench.records(RECORDS)).await?;
                (report.to_text(), report.to_json())
            }
            Self::Verify(_) => {
                let report = verify::run(&trucelogd, bench.records(RECORDS)).await?;
                (report.to_text(), report.to_json())
            }
            Self::Proof(_) => {
                let report = proof::run(&trucelogd, bench.records(RECORDS)).await?;
                (report.to_text(), report.to_json())
            }
            Self::Query(_) => {
                let report = query::run(&trucelogd, bench.records(RECORDS)).await?;
                (report.to_text(), report.to_json())
            }
            Self::Open(_) => {
                let report = open::run(&trucelogd, bench.records(open::RECORDS)).await?;
                (report.to_text(), report.to_json())
            }
        };
        output::print(self.format(), &text, &json);
        Ok(())
    }
}
