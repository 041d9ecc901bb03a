//! `trucelog export`.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use trucelog_proto::fold::Fold;
use trucelog_proto::record::LogId;

use super::fold::{ReadArgs, View};
use super::output::Format;
use crate::exchange::export::{self, Export};
use crate::exchange::shipped::Shipped;
use crate::{Error, durable};

/// Write verified incidents to files for other programs.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog export incidents --format csv --out incidents.csv
  trucelog export incidents --format jsonl --out incidents.jsonl --as-of 1200")]
pub(super) enum Command {
    Incidents(Incidents),
}

/// Write the incidents of the locally verified log, withdrawn ones too. docs/mapping.md says what comes back when the
/// file is read again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog export incidents --format csv --out incidents.csv
  trucelog export incidents --format geojson --out incidents.geojson --as-of 1200 -o json")]
pub(super) struct Incidents {
    /// Form of the file.
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: FileFormat,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// One record per line: every report, correction and withdrawal as it was signed.
    Jsonl,
    /// One row per incident in its newest version, with a header row and an HXL row.
    Csv,
    /// One feature per incident in its newest version, RFC 7946.
    Geojson,
}

impl FileFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Geojson => "geojson",
        }
    }
}

impl Command {
    pub(super) fn format(&self) -> Format {
        let Self::Incidents(command) = self;
        command.read.output.output
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let Self::Incidents(command) = self;
        command.run(stop).await
    }
}

impl Incidents {
    async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let view = self.read.open(stop).await?;
        let fold = view.fold()?;
        let mapping = Shipped::TrucelogCsv.read()?;
        let export = match self.format {
            FileFormat::Jsonl => lines(&view, &fold, &self.read.log()?)?,
            FileFormat::Csv => export::csv(fold.incidents(), &mapping)?,
            FileFormat::Geojson => export::geojson(fold.incidents(), &mapping),
        };
        durable::replace(&self.out, &export.bytes)?;
        let json = json!({
            "format": self.format.name(),
            "file": self.out,
            "count": export.count,
            "inexact": export.inexact.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        let text = self.text(&export);
        self.read.print("export.incidents", &view, &text, json);
        Ok(())
    }

    fn text(&self, export: &Export) -> String {
        let what = match self.format {
            FileFormat::Jsonl => "records",
            _ => "incidents",
        };
        let mut lines: Vec<String> = export
            .inexact
            .iter()
            .map(|digest| {
                format!("record {digest} does not come back byte for byte: use jsonl for it")
            })
            .collect();
        let file = self.out.display();
        lines.push(format!("{} {what} {file}", export.count));
        lines.join("\n")
    }
}

fn lines(view: &View, fold: &Fold, id: &LogId) -> Result<Export, Error> {
    let mut export = Export::default();
    view.log
        .for_each(view.size, |entry| Ok(export.push(&entry, fold, id)?))?;
    Ok(export)
}
