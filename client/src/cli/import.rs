//! `trucelog import`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde_json::{Value, json};
use trucelog_proto::pb;

use super::args::{OutputArgs, TrustArgs, named};
use super::author::{Signer, SignerArgs};
use super::output::{self, Format};
use super::progress::Bar;
use crate::exchange::ExchangeError;
use crate::exchange::lines::{self, CheckedLine};
use crate::exchange::mapping::{Importer, Mapping};
use crate::exchange::plan::{Envelope, Plan, PlannedRow, Problem, Signed};
use crate::exchange::shipped::Shipped;
use crate::exchange::table::Table;
use crate::station::{StationDir, digest_of};
use crate::{Error, durable};

const EXAMPLES: &str = "Examples:
  trucelog import events.csv --mapping mapping.toml --check
  trucelog import ged.csv --mapping ucdp-ged --set version=22.1 --station-dir desk --member UKR --station desk
  trucelog import incidents.jsonl

The signed records go to the station's directory; `trucelog outbox run` or `trucelog submit` sends them. The same import
again signs only rows that are not signed yet. docs/mapping.md is the manual of mapping files.";

/// Take over a table: each row becomes an incident report, signed by the station.
///
/// Without --mapping, check a file that `trucelog export incidents --format jsonl` wrote: every record against the digest
/// and the signature beside it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Command {
    /// CSV with a header row, and perhaps an HXL row; or JSON, an array of objects or one object after the other.
    #[arg(value_name = "FILE")]
    table: PathBuf,
    /// The mapping file, or the name of one that comes with the program: ucdp-ged, trucelog-csv.
    #[arg(long, value_name = "FILE|NAME")]
    mapping: Option<PathBuf>,
    /// A value that the mapping asks for. May be given again.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// List every row that cannot be taken over, and sign nothing.
    #[arg(long)]
    check: bool,
    /// Sign the good rows although others are bad. Without it, nothing is signed unless all rows are good.
    #[arg(long)]
    skip_bad: bool,
    /// Role of the station that signs.
    #[arg(long, default_value = "monitor", value_parser = |text: &str| named(text, "ROLE_", pb::Role::from_str_name))]
    role: pb::Role,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.output.output
    }

    pub(super) fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let bytes = durable::read(&self.table)?;
        match &self.mapping {
            Some(mapping) => self.import(&bytes, &read_mapping(mapping)?, stop),
            None if lines::is_export(&bytes) => self.check_lines(&lines::check(&bytes)),
            None => Err(Error::Missing {
                what: "the mapping",
                remedy: "give --mapping FILE; only what `trucelog export incidents --format jsonl` wrote needs none",
            }),
        }
    }

    fn import(&self, bytes: &[u8], mapping: &Mapping, stop: &AtomicBool) -> Result<(), Error> {
        let table = |problem| ExchangeError::Table {
            path: self.table.clone(),
            problem,
        };
        let table = Table::parse(bytes, mapping.delimiter()).map_err(table)?;
        let options: BTreeMap<String, String> = self.options.iter().cloned().collect();
        let importer = Importer::new(mapping, &table.columns, &options)?;
        let station = self.station()?;
        let signed = match &self.signer.station_dir {
            Some(directory) if station.is_some() => Signed::read(directory)?,
            _ => Signed::default(),
        };
        let envelope = Envelope {
            role: self.role,
            created_time: self.signer.created_time(),
        };
        let plan = Plan::new(&importer, &table, &signed, &envelope)?;
        let bad = plan.bad().count();
        let may_sign = !self.check && (bad == 0 || self.skip_bad);
        let (digests, result) = match &station {
            Some(station) if may_sign => sign(station, &plan, &envelope, stop),
            _ => (Vec::new(), Ok(())),
        };
        self.print(&plan, &digests);
        result?;
        if bad > 0 && !may_sign {
            let rows = plan.rows.len();
            return Err(ExchangeError::Rows { bad, rows }.into());
        }
        Ok(())
    }

    /// The station; in a check only if its directory is given.
    fn station(&self) -> Result<Option<Box<StationDir>>, Error> {
        if self.check && self.signer.station_dir.is_none() {
            return Ok(None);
        }
        match self.signer.open(&self.trust)? {
            Signer::Dir(station) => Ok(Some(station)),
            Signer::Key { .. } => Err(Error::Missing {
                what: "the station's directory",
                remedy: "give --station-dir DIR, where the signed records go; with --check nothing is signed",
            }),
        }
    }

    fn print(&self, plan: &Plan, digests: &[String]) {
        let bad: Vec<(&PlannedRow, &Problem)> = plan.bad().collect();
        let new = plan.reports().count();
        let mut text: Vec<String> = bad
            .iter()
            .map(|(row, problem)| line(row, problem))
            .collect();
        text.push(format!(
            "{} rows: {} signed, {} to be signed, {} signed before, {} bad",
            plan.rows.len(),
            digests.len(),
            new - digests.len(),
            plan.signed(),
            bad.len()
        ));
        let json = json!({
            "schema": "trucelog.import/v1",
            "check": self.check,
            "rows": plan.rows.len(),
            "signed": digests,
            "to_be_signed": new - digests.len(),
            "signed_before": plan.signed(),
            "bad": bad.iter().map(|(row, problem)| row_json(row, problem)).collect::<Vec<_>>(),
        });
        output::print(self.output.output, &text.join("\n"), &json);
    }

    fn check_lines(&self, checked: &[CheckedLine]) -> Result<(), Error> {
        let wrong = checked
            .iter()
            .filter_map(|line| Some((line.number, line.result.as_ref().err()?)));
        let wrong: Vec<_> = wrong.collect();
        let mut text: Vec<String> = wrong
            .iter()
            .map(|(number, error)| format!("line {number}: {error}"))
            .collect();
        text.push(format!(
            "{} records: {} have the digest and a signature of the key that the file states, {} do not; not proven: \
             that the keys were enrolled and the log holds the records",
            checked.len(),
            checked.len() - wrong.len(),
            wrong.len()
        ));
        let json = json!({
            "schema": "trucelog.import.lines/v1",
            "records": checked.len(),
            "equal": checked.len() - wrong.len(),
            "not_proven": ["that the keys were enrolled", "that the log holds the records"],
            "wrong": wrong
                .iter()
                .map(|(number, error)| json!({ "line": number, "message": error.to_string() }))
                .collect::<Vec<_>>(),
        });
        output::print(self.output.output, &text.join("\n"), &json);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(ExchangeError::Lines {
            path: self.table.clone(),
            bad: wrong.len(),
            lines: checked.len(),
        }
        .into())
    }
}

fn read_mapping(given: &Path) -> Result<Mapping, Error> {
    if let Some(shipped) = given.to_str().and_then(Shipped::find) {
        return Ok(shipped.read()?);
    }
    let text = String::from_utf8_lossy(&durable::read(given)?).into_owned();
    Ok(Mapping::parse(&given.display().to_string(), &text)?)
}

/// Signs what is planned. Gives the digests of what was signed, also when it was interrupted.
fn sign(
    station: &StationDir,
    plan: &Plan,
    envelope: &Envelope,
    stop: &AtomicBool,
) -> (Vec<String>, Result<(), Error>) {
    let mut digests = Vec::new();
    let mut bar = Bar::new("records signed", plan.reports().count() as u64);
    let records = plan.reports().map(|report| envelope.record(report.clone()));
    let result = station.sign_all(records, |submission| {
        digests.push(digest_of(submission).to_string());
        bar.set(digests.len() as u64);
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    });
    bar.finish();
    (digests, result)
}

fn line(row: &PlannedRow, problem: &Problem) -> String {
    let line = row
        .line
        .map(|line| format!(" (line {line})"))
        .unwrap_or_default();
    let columns = problem.columns();
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(", column {}", columns.join(", "))
    };
    let remedy = match problem {
        // The refusal's own words end with it.
        Problem::Refused { .. } => String::new(),
        _ => format!(". {}", problem.remedy()),
    };
    format!("row {}{line}{columns}: {problem}{remedy}", row.number)
}

fn row_json(row: &PlannedRow, problem: &Problem) -> Value {
    json!({
        "row": row.number,
        "line": row.line,
        "columns": problem.columns(),
        "field": problem.field(),
        "reason": problem.reason(),
        "facts": problem.facts(),
        "message": problem.to_string(),
        "remedy": problem.remedy(),
    })
}
