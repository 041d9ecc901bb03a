//! `trucelog activate`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named, time};
use super::author::AuthorArgs;
use crate::Error;

/// Records a member's own decision on an adopted remedy.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog activate SHA256 --choice approve --effective-time 2026-03-02T00:00:00Z --station-dir authority
  trucelog activate SHA256 --choice pending-procedure --procedure \"Vote of parliament\" --station-dir authority")]
pub(super) struct Command {
    /// Record digest of the Decision that adopted the remedy.
    #[arg(value_name = "SHA256", value_parser = digest)]
    decision: RecordDigest,
    /// approve, approve-in-part, decline or pending-procedure.
    #[arg(long, value_parser = |text: &str| named(text, "ACTIVATION_CHOICE_", pb::ActivationChoice::from_str_name))]
    choice: pb::ActivationChoice,
    /// Number of a measure, from 1; with approve-in-part. May be given again.
    #[arg(long, value_name = "N")]
    measure: Vec<u32>,
    /// The national procedure; required with pending-procedure.
    #[arg(long, default_value = "")]
    procedure: String,
    /// From when.
    #[arg(long, value_name = "TIME", value_parser = time)]
    effective_time: Option<u64>,
    /// Until when.
    #[arg(long, value_name = "TIME", value_parser = time)]
    expiry_time: Option<u64>,
    /// Remarks.
    #[arg(long, default_value = "")]
    text: String,
    /// Record digest of the member's own earlier Activation of this remedy.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    supersedes: Option<RecordDigest>,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(mut self) -> Result<(), Error> {
        self.measure.sort_unstable();
        self.measure.dedup();
        let activation = pb::Activation {
            decision: self.decision.as_bytes().to_vec(),
            choice: self.choice.into(),
            measures: self.measure,
            procedure: self.procedure,
            effective_time: self.effective_time.unwrap_or_default(),
            expiry_time: self.expiry_time.unwrap_or_default(),
            text: self.text,
            supersedes: self
                .supersedes
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
        };
        self.author.write(Body::Activation(activation)).await
    }
}
