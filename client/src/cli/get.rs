//! `trucelog get`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trucelog_proto::fold::Views as _;
use trucelog_proto::hash::{LeafIndex, RecordDigest};

use super::args::digest;
use super::fold::{ReadArgs, View};
use super::output::Format;
use super::view;
use crate::Error;
use crate::bundle::Bundle;
use crate::reader::LocalEntry;

/// Shows one thing of the locally verified log.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog get incident SHA256
  trucelog get record SHA256 --raw | sha256sum")]
pub(super) enum Command {
    Incident(Incident),
    Case(Case),
    Entry(Entry),
    Record(Record),
    Bundle(BundleCommand),
}

/// Show an incident: every version, what each changed, and its withdrawal.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog get incident SHA256
  trucelog get incident SHA256 --as-of-size 1200 -o json")]
pub(super) struct Incident {
    /// Record digest of the report, or of any record about it.
    #[arg(value_name = "SHA256", value_parser = digest)]
    digest: RecordDigest,
    #[command(flatten)]
    read: ReadArgs,
}

/// Show a case: its reports, and what was proposed and decided on it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog get case SHA256
  trucelog get case SHA256 --as-of-size 1200 -o json")]
pub(super) struct Case {
    /// Record digest of the Case that founded the group, or of an extension.
    #[arg(value_name = "SHA256", value_parser = digest)]
    digest: RecordDigest,
    #[command(flatten)]
    read: ReadArgs,
}

/// Show an entry by its index.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog get entry 0
  trucelog get entry 1234 -o json")]
pub(super) struct Entry {
    /// Index of the entry.
    #[arg(value_name = "INDEX")]
    index: u64,
    /// Write the entry's bytes, one leaf of the tree, instead.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    read: ReadArgs,
}

/// Show a record by its digest or its index.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog get record SHA256 -o json
  trucelog get record 1234 --raw | sha256sum")]
pub(super) struct Record {
    /// Digest of the record, or index of its entry.
    #[arg(value_name = "SHA256|INDEX", value_parser = name)]
    name: Name,
    /// Write the record's bytes, as they were signed, instead.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    read: ReadArgs,
}

/// Write a record, everything that it rests on and the proofs into one file, which `trucelog verify bundle` checks
/// without a network.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog get bundle SHA256 --out decision.bundle.json
  trucelog get bundle SHA256 --out decision.bundle.json --as-of-size 1200")]
pub(super) struct BundleCommand {
    /// Digest of the record: a decision, a case, a report, or any other.
    #[arg(value_name = "SHA256", value_parser = digest)]
    digest: RecordDigest,
    /// Where to write the bundle.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Digest(RecordDigest),
    Index(u64),
}

fn name(text: &str) -> Result<Name, String> {
    match text.parse() {
        Ok(index) => Ok(Name::Index(index)),
        Err(_) => digest(text).map(Name::Digest),
    }
}

impl Command {
    pub(super) fn format(&self) -> Format {
        let read = match self {
            Self::Incident(command) => &command.read,
            Self::Case(command) => &command.read,
            Self::Entry(command) => &command.read,
            Self::Record(command) => &command.read,
            Self::Bundle(command) => &command.read,
        };
        read.output.output
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        match self {
            Self::Incident(command) => incident(&command, stop).await,
            Self::Case(command) => case(&command, stop).await,
            Self::Entry(command) => {
                let view = command.read.open(stop).await?;
                let entry = entry_at(&view, command.index)?;
                if command.raw {
                    return write_raw(&entry.bytes);
                }
                print_entry("get.entry", &command.read, &view, &entry);
                Ok(())
            }
            Self::Record(command) => record(&command, stop).await,
            Self::Bundle(command) => bundle(&command, stop).await,
        }
    }
}

async fn incident(command: &Incident, stop: &AtomicBool) -> Result<(), Error> {
    let read = &command.read;
    let view = read.open(stop).await?;
    let fold = view.fold()?;
    let not_found = || {
        Error::NotFound(format!(
            "incident {} in {} entries",
            command.digest, view.size
        ))
    };
    let incident = fold.incident(&command.digest).ok_or_else(not_found)?;
    let json = view::incident(&fold, incident)?;
    read.print(
        "get.incident",
        &view,
        fold.now(),
        &view::incident_text(&fold, incident)?,
        json,
    );
    Ok(())
}

async fn case(command: &Case, stop: &AtomicBool) -> Result<(), Error> {
    let read = &command.read;
    let view = read.open(stop).await?;
    let fold = view.fold()?;
    let not_found = || Error::NotFound(format!("case {} in {} entries", command.digest, view.size));
    let case = fold.case(&command.digest).ok_or_else(not_found)?;
    let text = view::case_text(&fold, case)?;
    let json = view::case(&fold, case)?;
    read.print("get.case", &view, fold.now(), &text, json);
    Ok(())
}

async fn record(command: &Record, stop: &AtomicBool) -> Result<(), Error> {
    let view = command.read.open(stop).await?;
    let entry = match command.name {
        Name::Index(index) => entry_at(&view, index)?,
        Name::Digest(digest) => {
            let entry = view.log.find(&digest)?;
            entry_at(&view, entry.entry.index.get())?
        }
    };
    if command.raw {
        return write_raw(&entry.entry.signed_record.record);
    }
    print_entry("get.record", &command.read, &view, &entry);
    Ok(())
}

async fn bundle(command: &BundleCommand, stop: &AtomicBool) -> Result<(), Error> {
    let view = command.read.open(stop).await?;
    let fold = view.fold()?;
    let bundle = Bundle::collect(&view.log, &fold, view.size, &command.digest)?;
    bundle.write(&command.out)?;
    let text = format!(
        "bundle of record {} with {} entries {}",
        command.digest,
        bundle.len(),
        command.out.display()
    );
    let json = json!({
        "record_digest": command.digest.to_string(),
        "entries": bundle.len(),
        "file": command.out,
    });
    command
        .read
        .print("get.bundle", &view, fold.now(), &text, json);
    Ok(())
}

fn entry_at(view: &View, index: u64) -> Result<LocalEntry, Error> {
    if index >= view.size.get() {
        return Err(Error::NotFound(format!(
            "entry {index} in {} entries",
            view.size
        )));
    }
    view.log.entry(LeafIndex::new(index))
}

fn print_entry(what: &str, read: &ReadArgs, view: &View, entry: &LocalEntry) {
    let json: Value = view::entry(entry);
    let text = format!("{}\n{:#}", view::entry_line(entry), json["record"]);
    read.print(what, view, entry.entry.accepted_time, &text, json);
}

fn write_raw(bytes: &[u8]) -> Result<(), Error> {
    std::io::stdout()
        .write_all(bytes)
        .map_err(Error::io(Path::new("standard output")))
}
