//! `trucelog verify opening`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::record::{self, DecodedRecord};

use super::super::args::{OutputArgs, TrustArgs, digest};
use super::super::output::{self, Format};
use crate::opening::{self, Opening};
use crate::reader::LocalLog;
use crate::trust::Trust;
use crate::{Error, station};

/// Check an opening, without a network: the content of a file is what a member committed to in a record.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify opening position.opening.json --content position.txt --target SHA256 --state audit
  trucelog verify opening position.opening.json --content position.txt --record evidence.signed -o json")]
pub(in crate::cli) struct Command {
    /// The opening: what `trucelog evidence --seal` wrote.
    #[arg(value_name = "FILE.json")]
    opening: PathBuf,
    /// The content.
    #[arg(long, value_name = "FILE")]
    content: PathBuf,
    /// Record digest of the record with the commitment, in the locally verified log.
    #[arg(long, value_name = "SHA256", value_parser = digest, required_unless_present = "record")]
    target: Option<RecordDigest>,
    /// The record with the commitment, as a .signed file, where no verified log is at hand.
    #[arg(long, value_name = "FILE.signed", conflicts_with = "target")]
    record: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.output.output
    }

    pub(super) fn run(&self) -> Result<(), Error> {
        verify(self)
    }
}

fn verify(command: &Command) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let opening = Opening::read(&command.opening)?;
    let (record, mut not_proven) = sealing_record(command, &trust)?;
    not_proven.push("that the content is true");
    let held = opening::commitments(&record.message);
    let committer = (&trust.id.origin, record.message.member.as_str());
    let held = opening.verify(&command.opening, &command.content, committer, &held)?;
    let text = format!(
        "VERIFIED opening of record {} {} {}: {} committed to this content; not proven: {}",
        record.digest,
        held.field,
        held.commitment,
        record.message.member,
        not_proven.join("; ")
    );
    let json = json!({
        "schema": "trucelog.verify.opening/v1",
        "verdict": "verified",
        "record_digest": record.digest.to_string(),
        "member": record.message.member,
        "field": held.field,
        "commitment": held.commitment.to_string(),
        "not_proven": not_proven,
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

/// The record with the commitment, and what stays unproven because of where it comes from.
fn sealing_record(
    command: &Command,
    trust: &Trust,
) -> Result<(DecodedRecord, Vec<&'static str>), Error> {
    if let Some(path) = &command.record {
        let signed = station::read_submission(path)?.signed_record;
        let verified = record::verify(&signed.unwrap_or_default(), &trust.id)?;
        return Ok((
            verified.record,
            vec!["that the record is in the log", "that its key was enrolled"],
        ));
    }
    let target = command.target.ok_or(Error::Missing {
        what: "the record with the commitment",
        remedy: "give --target SHA256 or --record FILE.signed",
    })?;
    let log = LocalLog::open(&command.trust.state()?, trust)?;
    let entry = log.find(&target)?;
    let decoded = DecodedRecord {
        digest: entry.digest,
        message: entry.record,
    };
    Ok((decoded, Vec::new()))
}
