//! `trucelog statement`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// States what a party says about a record, beside it and never over it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog statement SHA256 --party RUS --stance deny --text \"Our forces did not fire.\" --station-dir liaison
  trucelog statement SHA256 --party UKR --stance no-comment --station-dir liaison")]
pub(super) struct Command {
    /// Record digest of a report (version in force), open evidence, disclosure, case, proposal or decision.
    #[arg(value_name = "SHA256", value_parser = digest)]
    target: RecordDigest,
    /// Code of the party: one's own member, or a party that is no member.
    #[arg(long, value_name = "CODE")]
    party: String,
    /// deny, admit, claim-response or no-comment.
    #[arg(long, value_parser = |text: &str| named(text, "PARTY_STANCE_", pb::PartyStance::from_str_name))]
    stance: pb::PartyStance,
    /// In words; needed with claim-response.
    #[arg(long, default_value = "")]
    text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let statement = pb::PartyStatement {
            party: self.party,
            target: self.target.as_bytes().to_vec(),
            stance: self.stance.into(),
            text: self.text,
        };
        self.author.write(Body::PartyStatement(statement)).await
    }
}
