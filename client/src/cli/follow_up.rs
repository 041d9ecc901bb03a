//! `trucelog follow-up`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// Records what a member did about the measures that it approved.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog follow-up SHA256 --status started --station-dir authority
  trucelog follow-up SHA256 --status done --measure 2 --text \"Delivered.\" --station-dir authority")]
pub(super) struct Command {
    /// Record digest of the member's newest Activation of the remedy.
    #[arg(value_name = "SHA256", value_parser = digest)]
    activation: RecordDigest,
    /// started, done, failed or lifted.
    #[arg(long, value_parser = |text: &str| named(text, "FOLLOW_UP_STATUS_", pb::FollowUpStatus::from_str_name))]
    status: pb::FollowUpStatus,
    /// Number of a measure, from 1; none for all that are approved. May be given again.
    #[arg(long, value_name = "N")]
    measure: Vec<u32>,
    /// Record digest of an EvidenceItem. May be given again.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    evidence: Vec<RecordDigest>,
    /// Remarks.
    #[arg(long, default_value = "")]
    text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(mut self) -> Result<(), Error> {
        self.measure.sort_unstable();
        self.measure.dedup();
        let evidence = self.evidence.iter();
        let follow_up = pb::FollowUp {
            activation: self.activation.as_bytes().to_vec(),
            status: self.status.into(),
            measures: self.measure,
            evidence: evidence.map(|digest| digest.as_bytes().to_vec()).collect(),
            text: self.text,
        };
        self.author.write(Body::FollowUp(follow_up)).await
    }
}
