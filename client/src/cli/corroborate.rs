//! `trucelog corroborate`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// States what one's own check of another member's report gave. The newest check of a version counts.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog corroborate SHA256 --result confirm --means uav --means satellite --station-dir verifier
  trucelog corroborate SHA256 --result cannot-assess --text \"No aircraft was near.\" --station-dir verifier")]
pub(super) struct Command {
    /// Record digest of the version in force.
    #[arg(value_name = "SHA256", value_parser = digest)]
    target: RecordDigest,
    /// confirm, partial, contradict or cannot-assess.
    #[arg(long, value_parser = |text: &str| named(text, "CORROBORATION_RESULT_", pb::CorroborationResult::from_str_name))]
    result: pb::CorroborationResult,
    /// How it was checked: seen, camera, uav, satellite and so on. May be given again; needed unless cannot-assess.
    #[arg(long, value_parser = |text: &str| named(text, "MEANS_", pb::Means::from_str_name))]
    means: Vec<pb::Means>,
    /// Record digest of an EvidenceItem. May be given again.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    evidence: Vec<RecordDigest>,
    /// Remarks; needed unless confirm.
    #[arg(long, default_value = "")]
    text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let mut means: Vec<i32> = self.means.into_iter().map(i32::from).collect();
        means.sort_unstable();
        means.dedup();
        let check = pb::Corroboration {
            target: self.target.as_bytes().to_vec(),
            result: self.result.into(),
            means,
            evidence: self
                .evidence
                .iter()
                .map(|digest| digest.as_bytes().to_vec())
                .collect(),
            text: self.text,
        };
        self.author.write(Body::Corroboration(check)).await
    }
}
