//! `trucelog decide`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::rules::{self, ProposalState};

use super::args::digest;
use super::author::AuthorArgs;
use super::output;
use crate::reader::LocalLog;
use crate::{Error, station};

/// Records the outcome of a vote. Outcome and votes are computed from the locally verified log: run
/// `trucelog verify log` first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog decide SHA256 --station-dir commissioner
  trucelog decide SHA256 --station-dir commissioner --sign-only decision.signed")]
pub(super) struct Command {
    /// Record digest of the Proposal.
    #[arg(value_name = "SHA256", value_parser = digest)]
    proposal: RecordDigest,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let trust = self.author.trust.open()?;
        let log = LocalLog::open(&self.author.trust.state()?, &trust)?;
        let state = rules::load_proposal(&log.state()?, self.proposal.as_bytes())?;
        let state = state.ok_or_else(|| Error::NotFound(format!("proposal {}", self.proposal)))?;
        check_closed(&state)?;
        let tally = state.tally();
        output::line(format_args!(
            "{} of {} eligible, {} recused: {} concur, {} dissent, {} abstain: {}",
            state.votes.len(),
            tally.eligible,
            tally.recused,
            tally.concur,
            tally.dissent,
            tally.abstain,
            tally.outcome.as_str_name()
        ));
        let decision = pb::Decision {
            proposal: self.proposal.as_bytes().to_vec(),
            outcome: tally.outcome.into(),
            votes: state.votes.into_iter().map(|vote| vote.digest).collect(),
        };
        self.author.write(Body::Decision(decision)).await
    }
}

/// Voting must have closed, as far as the verified log and this machine's clock can tell, and nobody have decided; the
/// server judges.
fn check_closed(state: &ProposalState) -> Result<(), Refusal> {
    if state.decided {
        return Err(Refusal::new(Reason::SecondDecision, "decision.proposal"));
    }
    if state.is_closed(station::now_ms()) {
        return Ok(());
    }
    let missing: Vec<&str> = state.missing().collect();
    Err(Refusal::new(Reason::VotingOpen, "decision.proposal")
        .with("missing", missing.join(" "))
        .with("closes_at_ms", state.deadline()))
}
