//! `trucelog withdraw`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// Takes a report of one's own member back for good.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog withdraw SHA256 --reason duplicate --station-dir station
  trucelog withdraw SHA256 --reason other --reason-text \"no such event\" --station-dir station")]
pub(super) struct Command {
    /// Record digest of the version in force.
    #[arg(value_name = "SHA256", value_parser = digest)]
    target: RecordDigest,
    /// Why: duplicate, error, exercise, unsafe, fabricated or other.
    #[arg(long, value_parser = |text: &str| named(text, "WITHDRAWAL_REASON_", pb::WithdrawalReason::from_str_name))]
    reason: pb::WithdrawalReason,
    /// Why, in words; required with other.
    #[arg(long, default_value = "")]
    reason_text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let withdrawal = pb::Withdrawal {
            target: self.target.as_bytes().to_vec(),
            reason: self.reason.into(),
            reason_text: self.reason_text,
        };
        self.author.write(Body::Withdrawal(withdrawal)).await
    }
}
