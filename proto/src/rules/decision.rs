//! Decision: records the outcome that the votes give. Nobody can withhold it or decide against the votes.
//!
//! Source: `proto/spec/rules.md`, "Decision".

use super::context::Context;
use super::model::Key;
use super::vote::proposal;
use super::{RuleError, fields};
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, decision: &pb::Decision) -> Result<(), RuleError> {
    decide(context, decision).map_err(|error| error.below("decision"))
}

fn decide(context: &mut Context<'_>, decision: &pb::Decision) -> Result<(), RuleError> {
    fields::required(decision.outcome() != pb::Outcome::Unspecified, "outcome")?;
    let mut state = proposal(context, &decision.proposal)?;
    if state.decided {
        return Err(Refusal::new(Reason::SecondDecision, "proposal").into());
    }
    if !state.is_closed(context.placed.accepted_time) {
        return Err(Refusal::new(Reason::VotingOpen, "proposal")
            .with(
                "missing_votes",
                state.missing().collect::<Vec<_>>().join(" "),
            )
            .with("closes_ms", state.deadline())
            .into());
    }
    if !decision
        .votes
        .iter()
        .eq(state.votes.iter().map(|vote| &vote.digest))
    {
        return Err(Refusal::new(Reason::VotesDiffer, "votes")
            .with("vote_count", state.votes.len())
            .into());
    }
    let outcome = state.tally().outcome;
    if decision.outcome() != outcome {
        return Err(Refusal::new(Reason::OutcomeDiffers, "outcome")
            .with("computed", outcome.as_str_name())
            .into());
    }
    state.decided = true;
    context.belongs_to(&decision.proposal);
    context.states_outcome(outcome);
    context.store(&Key::Proposal(&decision.proposal), &state);
    Ok(())
}
