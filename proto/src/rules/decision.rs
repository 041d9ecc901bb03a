//! Decision: records the outcome that the votes give. Nobody can withhold it or decide against the votes.
//!
//! Source: `proto/spec/rules.md`, "Decision".

use super::context::Context;
use super::model::{Key, ProposalState, RecordState};
use super::placed::RuleError;
use super::vote::proposal;
use super::{fields, membership, rule_set};
use crate::pb;
use crate::pb::Outcome;
use crate::pb::proposal::Question;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, decision: &pb::Decision) -> Result<(), RuleError> {
    decide(context, decision).map_err(|error| error.below("decision"))
}

fn decide(context: &mut Context<'_>, decision: &pb::Decision) -> Result<(), RuleError> {
    fields::required(decision.outcome() != Outcome::Unspecified, "outcome")?;
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
    state.votes.clear();
    context.belongs_to(&decision.proposal);
    context.states_outcome(outcome);
    context.keep_proposal(&decision.proposal, state.clone())?;
    leave_case(context, &state, outcome)?;
    put_in_force(context, &decision.proposal, &state, outcome)
}

/// One proposal less on the case, and what it found if it was adopted and final.
fn leave_case(
    context: &mut Context<'_>,
    state: &ProposalState,
    outcome: Outcome,
) -> Result<(), RuleError> {
    if state.case.is_empty() {
        return Ok(());
    }
    let mut case = context.case(&state.case)?;
    case.open_proposals = case.open_proposals.saturating_sub(1);
    let finds = state.rule.kind() == pb::ProposalKind::Attribution;
    if finds && outcome == Outcome::Adopted && state.finality() == pb::Finality::Final {
        case.finding = state.finding;
    }
    context.keep_case(&state.case, case)
}

/// Puts in force from the next index what was adopted, in place of what it replaces, and forgets what was asked.
fn put_in_force(
    context: &mut Context<'_>,
    proposal: &[u8],
    state: &ProposalState,
    outcome: Outcome,
) -> Result<(), RuleError> {
    let key = Key::Question(proposal);
    let asked: Option<pb::Proposal> = context.load(&key)?;
    if asked.is_some() {
        context.store(&key, &pb::Proposal::default());
    }
    if outcome != Outcome::Adopted {
        return Ok(());
    }
    if !state.superseded.is_empty() {
        let key = Key::Record(&state.superseded);
        let mut before: RecordState = context.load(&key)?.unwrap_or_default();
        before.current = context.digest().as_bytes().to_vec();
        context.store(&key, &before);
    }
    match asked.and_then(|asked| asked.question) {
        Some(Question::Membership(membership)) => membership::adopt(context, &membership),
        Some(Question::Rules(rules)) => {
            rule_set::adopt(context, &rules);
            Ok(())
        }
        _ => Ok(()),
    }
}
