//! `trucelog vote`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// Casts a member's one and final vote.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog vote SHA256 --choice concur --station-dir commissioner
  trucelog vote SHA256 --choice dissent --opinion \"One source only.\" --station-dir commissioner")]
pub(super) struct Command {
    /// Record digest of the Proposal.
    #[arg(value_name = "SHA256", value_parser = digest)]
    proposal: RecordDigest,
    /// concur, concur-separately, dissent, abstain or recused.
    #[arg(long, value_parser = |text: &str| named(text, "VOTE_CHOICE_", pb::VoteChoice::from_str_name))]
    choice: pb::VoteChoice,
    /// Opinion; required with concur-separately, dissent and recused.
    #[arg(long, default_value = "")]
    opinion: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let vote = pb::Vote {
            proposal: self.proposal.as_bytes().to_vec(),
            choice: self.choice.into(),
            opinion: self.opinion,
        };
        self.author.write(Body::Vote(vote)).await
    }
}
