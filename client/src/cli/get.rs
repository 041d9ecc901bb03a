//! `trucelog get`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trucelog_proto::fold::{Fold, Remedy, Text};
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
    /// Show an incident: every version, what each changed, and its withdrawal.
    #[command(after_help = "Examples:
  trucelog get incident SHA256
  trucelog get incident SHA256 --as-of 1200 -o json")]
    Incident(Named),
    /// Show a case: its reports, and what was proposed and decided on it.
    #[command(after_help = "Examples:
  trucelog get case SHA256
  trucelog get case SHA256 --as-of 1200 -o json")]
    Case(Named),
    /// Show a proposal: its question, its votes with their opinions, its decision, and what happened to its basis.
    #[command(after_help = "Examples:
  trucelog get decision SHA256
  trucelog get decision SHA256 --as-of 1200 -o json")]
    Decision(Named),
    /// Show an adopted remedy: what each member did about each measure, and what it owes.
    #[command(after_help = "Examples:
  trucelog get remedy SHA256
  trucelog get remedy SHA256 --as-of 1200 -o json")]
    Remedy(Named),
    /// Show an adopted protocol text: its versions, and what each member did to ratify it.
    #[command(after_help = "Examples:
  trucelog get text SHA256
  trucelog get text SHA256 --as-of 1200 -o json")]
    Text(Named),
    Entry(Entry),
    Record(Record),
    Bundle(BundleCommand),
}

/// Which thing, of which log.
#[derive(Args, Debug)]
pub(super) struct Named {
    /// Digest of the record that began it, or of any later record about it.
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
  trucelog get bundle SHA256 --out decision.bundle.json --as-of 1200")]
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
            Self::Incident(command)
            | Self::Case(command)
            | Self::Decision(command)
            | Self::Remedy(command)
            | Self::Text(command) => &command.read,
            Self::Entry(command) => &command.read,
            Self::Record(command) => &command.read,
            Self::Bundle(command) => &command.read,
        };
        read.output.output
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        match self {
            Self::Incident(command) => command.show("incident", incident, stop).await,
            Self::Case(command) => command.show("case", case, stop).await,
            Self::Decision(command) => command.show("decision", decision, stop).await,
            Self::Remedy(command) => command.show("remedy", remedy, stop).await,
            Self::Text(command) => command.show("text", text, stop).await,
            Self::Entry(command) => entry(&command, stop).await,
            Self::Record(command) => record(&command, stop).await,
            Self::Bundle(command) => bundle(&command, stop).await,
        }
    }
}

/// Text and JSON of what a record belongs to; none when it belongs to no such thing.
type Find = fn(&Fold, &RecordDigest) -> Result<Option<(String, Value)>, Error>;

impl Named {
    async fn show(&self, what: &str, find: Find, stop: &AtomicBool) -> Result<(), Error> {
        let view = self.read.open(stop).await?;
        let found = find(&view.fold()?, &self.digest)?;
        let not_found =
            || Error::NotFound(format!("{what} {} in {} entries", self.digest, view.size));
        let (text, json) = found.ok_or_else(not_found)?;
        self.read.print(&format!("get.{what}"), &view, &text, json);
        Ok(())
    }
}

fn incident(fold: &Fold, digest: &RecordDigest) -> Result<Option<(String, Value)>, Error> {
    let shown = fold.incident(digest).map(|incident| {
        let json = view::incident(fold, incident)?;
        Ok((view::incident_text(fold, incident)?, json))
    });
    shown.transpose()
}

fn case(fold: &Fold, digest: &RecordDigest) -> Result<Option<(String, Value)>, Error> {
    let shown = fold.case(digest).map(|case| {
        let json = view::case(fold, case)?;
        Ok((view::case_text(fold, case)?, json))
    });
    shown.transpose()
}

fn decision(fold: &Fold, digest: &RecordDigest) -> Result<Option<(String, Value)>, Error> {
    let shown = fold.proposal(digest).map(|proposal| {
        let json = view::proposal(fold, proposal)?;
        Ok((view::proposal_text(fold, proposal)?, json))
    });
    shown.transpose()
}

fn remedy(fold: &Fold, digest: &RecordDigest) -> Result<Option<(String, Value)>, Error> {
    let Some(proposal) = fold.proposal(digest) else {
        return Ok(None);
    };
    let shown = |remedy: Remedy<'_>| {
        (
            view::remedy_text(fold, &remedy),
            view::remedy(fold, &remedy),
        )
    };
    Ok(proposal.remedy(fold)?.map(shown))
}

fn text(fold: &Fold, digest: &RecordDigest) -> Result<Option<(String, Value)>, Error> {
    let Some(proposal) = fold.proposal(digest) else {
        return Ok(None);
    };
    let shown = |text: Text<'_>| (view::text_text(fold, &text), view::text(fold, &text));
    Ok(proposal.text(fold)?.map(shown))
}

async fn entry(command: &Entry, stop: &AtomicBool) -> Result<(), Error> {
    let view = command.read.open(stop).await?;
    let entry = entry_at(&view, command.index)?;
    if command.raw {
        return write_raw(&entry.bytes);
    }
    print_entry("get.entry", &command.read, &view, &entry);
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
    command.read.print("get.bundle", &view, &text, json);
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
    read.print(what, view, &text, json);
}

fn write_raw(bytes: &[u8]) -> Result<(), Error> {
    std::io::stdout()
        .write_all(bytes)
        .map_err(Error::io(Path::new("standard output")))
}
