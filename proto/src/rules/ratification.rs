//! Ratification: a member's national step on an adopted protocol text.
//!
//! Source: `proto/spec/rules.md`, "Ratification".

use super::context::Context;
use super::model::{Key, RatificationState};
use super::placed::RuleError;
use super::{fields, question};
use crate::limits::{MAX_NAME_LEN, MAX_REASON_LEN};
use crate::pb;
use crate::pb::RatificationStep::{Ratified, Refused, Signed, Unspecified};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    ratification: &pb::Ratification,
) -> Result<(), RuleError> {
    step(context, ratification).map_err(|error| error.below("ratification"))
}

fn step(context: &mut Context<'_>, ratification: &pb::Ratification) -> Result<(), RuleError> {
    let step = ratification.step();
    fields::required(step != Unspecified, "step")?;
    let by_a_body = matches!(step, Ratified | Refused);
    let has_body = !ratification.body.is_empty();
    fields::required_when(by_a_body, has_body, "body", step.as_str_name())?;
    fields::text(&ratification.body, MAX_NAME_LEN, "body")?;
    fields::text(&ratification.procedure, MAX_REASON_LEN, "procedure")?;
    fields::optional_hash(&ratification.instrument, "instrument")?;
    let (adopted, _) = context.adoption(
        &ratification.decision,
        pb::ProposalKind::ProtocolText,
        "decision",
    )?;
    if step == Signed {
        question::not_replaced(&adopted, "decision")?;
    }
    let key = Key::Ratification(&ratification.decision, context.member());
    check_order(context.load(&key)?, step)?;
    context.store(&key, &RatificationState { step: step.into() });
    Ok(())
}

/// A member signs first; then it ratifies, refuses or withdraws, and that is final.
fn check_order(
    newest: Option<RatificationState>,
    step: pb::RatificationStep,
) -> Result<(), Refusal> {
    let newest = newest.map_or(Unspecified, |state| state.step());
    let allowed = match newest {
        Unspecified => step == Signed,
        Signed => step != Signed,
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::new(Reason::StepOrder, "step").with("newest_step", newest.as_str_name()))
}
