//! `trucelog correct`.

use std::path::PathBuf;

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::{Error, durable, json};

/// Restates a report of one's own member, whole.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog correct report.json --target SHA256 --reason count --station-dir station
  trucelog correct report.json --target SHA256 --reason other --reason-text \"second source\" --station-dir station \\
      --sign-only correction.signed")]
pub(super) struct Command {
    /// The report as it now reads, as JSON.
    #[arg(value_name = "FILE")]
    report: PathBuf,
    /// Record digest of the version in force.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    target: RecordDigest,
    /// Why: typing-error, late-information, reclassified, position, time, count, actor or other.
    #[arg(long, value_parser = |text: &str| named(text, "CORRECTION_REASON_", pb::CorrectionReason::from_str_name))]
    reason: pb::CorrectionReason,
    /// Why, in words; required with other.
    #[arg(long, default_value = "")]
    reason_text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let text = String::from_utf8_lossy(&durable::read(&self.report)?).into_owned();
        let Some(Body::IncidentReport(report)) = json::parse_record(&text)?.body else {
            return Err(Error::NotA {
                what: self.report.display().to_string(),
                expected: "an incident report: {\"incident_report\": {…}}",
            });
        };
        let correction = pb::Correction {
            target: self.target.as_bytes().to_vec(),
            reason: self.reason.into(),
            reason_text: self.reason_text,
            report: Some(report),
        };
        self.author.write(Body::Correction(correction)).await
    }
}
