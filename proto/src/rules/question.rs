//! What a proposal asks: its subject, which it holds until it is decided, and what the decision puts in force.

use super::context::Context;
use super::fields::{self, Check};
use super::model::{Key, ProposalState, RecordState, SubjectState};
use super::placed::RuleError;
use crate::pb;
use crate::pb::proposal::Question;
use crate::refusal::{Reason, Refusal};

/// Takes a subject for this proposal. A second one is refused until the first is decided.
pub(super) fn claim(
    context: &mut Context<'_>,
    kind: pb::ProposalKind,
    subject: &[u8],
    field: &str,
) -> Result<(), RuleError> {
    let key = Key::Subject(kind, subject);
    if let Some(SubjectState { proposal }) = context.load(&key)?
        && !context.proposal(&proposal)?.decided
    {
        return Err(Refusal::new(Reason::ProposalOpen, field)
            .with("proposal", fields::digest(&proposal, field)?)
            .into());
    }
    let proposal = context.digest().as_bytes().to_vec();
    context.store(&key, &SubjectState { proposal });
    Ok(())
}

/// Keeps what the decision will put in force.
pub(super) fn ask(context: &mut Context<'_>, question: Question) {
    let asked = pb::Proposal {
        question: Some(question),
        ..pb::Proposal::default()
    };
    context.store(&Key::Question(context.digest().as_bytes()), &asked);
}

/// Names the decision that this proposal is to replace: one that none has replaced, nor is about to.
pub(super) fn replace(
    context: &mut Context<'_>,
    before: &RecordState,
    digest: &[u8],
    state: &mut ProposalState,
) -> Result<(), RuleError> {
    const FIELD: &str = "supersedes";
    not_replaced(before, FIELD)?;
    claim(context, state.rule.kind(), digest, FIELD)?;
    state.superseded = digest.to_vec();
    Ok(())
}

/// Refuses a decision that a later one has replaced.
pub(super) fn not_replaced(decision: &RecordState, field: &str) -> Check {
    if decision.current.is_empty() {
        return Ok(());
    }
    let current = fields::digest(&decision.current, field)?;
    Err(Refusal::new(Reason::ReferenceSuperseded, field).with("use_digest", current))
}
