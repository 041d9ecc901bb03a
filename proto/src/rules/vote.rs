//! Vote: one member's vote, final.
//!
//! Source: `proto/spec/rules.md`, "Vote".

use super::context::Context;
use super::fields;
use super::model::{ProposalState, VoteState, body};
use super::placed::RuleError;
use crate::limits::MAX_NARRATIVE_LEN;
use crate::pb;
use crate::pb::VoteChoice::{ConcurSeparately, Dissent, Recused, Unspecified};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, vote: &pb::Vote) -> Result<(), RuleError> {
    cast(context, vote).map_err(|error| error.below("vote"))
}

fn cast(context: &mut Context<'_>, vote: &pb::Vote) -> Result<(), RuleError> {
    fields::required(vote.choice() != Unspecified, "choice")?;
    fields::text(&vote.opinion, MAX_NARRATIVE_LEN, "opinion")?;
    let reasoned = matches!(vote.choice(), ConcurSeparately | Dissent | Recused);
    fields::required_when(
        reasoned,
        !vote.opinion.is_empty(),
        "opinion",
        vote.choice().as_str_name(),
    )?;
    let mut state = proposal(context, &vote.proposal)?;
    context.require_role(&[state.rule.electorate()], "proposal")?;
    check_voter(context, vote, &state)?;
    state.votes.push(VoteState {
        member: context.member().to_owned(),
        choice: vote.choice,
        digest: context.digest().as_bytes().to_vec(),
    });
    context.belongs_to(&vote.proposal);
    context.keep_proposal(&vote.proposal, state)
}

/// Reads the proposal that a vote or decision names.
pub(super) fn proposal(context: &Context<'_>, digest: &[u8]) -> Result<ProposalState, RuleError> {
    context.reference(digest, &[body::PROPOSAL], "proposal")?;
    context.proposal(digest)
}

fn check_voter(
    context: &Context<'_>,
    vote: &pb::Vote,
    state: &ProposalState,
) -> Result<(), RuleError> {
    let closed =
        || Refusal::new(Reason::VotingClosed, "proposal").with("closed_ms", state.deadline());
    if state.decided {
        return Err(closed().into());
    }
    let member = context.member();
    if !state.electorate.iter().any(|eligible| eligible == member) {
        return Err(Refusal::new(Reason::NotEligible, "proposal")
            .with("electorate", state.electorate.join(" "))
            .into());
    }
    if let Some(first) = state.vote_of(member) {
        let first = fields::digest(&first.digest, "proposal")?;
        return Err(Refusal::new(Reason::SecondVote, "proposal")
            .with("first_vote", first)
            .into());
    }
    if state.barred.iter().any(|barred| barred == member) && vote.choice() != Recused {
        return Err(Refusal::new(Reason::RecusalRequired, "choice").into());
    }
    if context.placed.accepted_time >= state.deadline() {
        return Err(closed().into());
    }
    Ok(())
}
