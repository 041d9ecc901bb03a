//! `trucelog bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::OutputArgs;
use super::output::{self, Format};
use crate::Error;
use crate::bench::{ingest, verify};
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
}

/// The options of every benchmark.
#[derive(Args, Debug)]
pub(super) struct Bench {
    /// About how many records each part takes.
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    records: usize,
    /// The program trucelogd. Default: TRUCELOGD, beside this program, or on PATH.
    #[arg(long, value_name = "PATH")]
    server_bin: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    fn bench(&self) -> &Bench {
        match self {
            Self::Ingest(bench) | Self::Verify(bench) => bench,
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
                let report = ingest::run(&trucelogd, bench.records).await?;
                (report.to_text(), report.to_json())
            }
            Self::Verify(_) => {
                let report = verify::run(&trucelogd, bench.records).await?;
                (report.to_text(), report.to_json())
            }
        };
        output::print(self.format(), &text, &json);
        Ok(())
    }
}
