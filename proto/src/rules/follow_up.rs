//! FollowUp: what an acting member did about the measures that it approved.
//!
//! Source: `proto/spec/rules.md`, "FollowUp".

use super::context::Context;
use super::model::{ActivationState, Key, body};
use super::placed::RuleError;
use super::{evidence_item, fields};
use crate::limits::MAX_REMARK_LEN;
use crate::pb;
use crate::pb::ActivationChoice::{Approve, ApproveInPart};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, follow_up: &pb::FollowUp) -> Result<(), RuleError> {
    act(context, follow_up).map_err(|error| error.below("follow_up"))
}

fn act(context: &mut Context<'_>, follow_up: &pb::FollowUp) -> Result<(), RuleError> {
    let status = follow_up.status() != pb::FollowUpStatus::Unspecified;
    fields::required(status, "status")?;
    fields::text(&follow_up.text, MAX_REMARK_LEN, "text")?;
    let (decision, activation) = newest_activation(context, &follow_up.activation)?;
    let (_, remedy) = context.adoption(&decision, pb::ProposalKind::Remedy, "activation")?;
    check_measures(follow_up, &activation, remedy.measure_count)?;
    evidence_item::check_references(context, &follow_up.evidence)?;
    Ok(())
}

/// An activation of the author's member that no later one has replaced and that approves something, with the digest
/// of the decision that it is about.
fn newest_activation(
    context: &Context<'_>,
    digest: &[u8],
) -> Result<(Vec<u8>, ActivationState), RuleError> {
    const FIELD: &str = "activation";
    let named = context.reference(digest, &[body::ACTIVATION], FIELD)?;
    context.own_record(&named, FIELD)?;
    let newest: Option<ActivationState> =
        context.load(&Key::Activation(&named.root, context.member()))?;
    let newest = newest.unwrap_or_default();
    if newest.digest != digest {
        return Err(Refusal::new(Reason::ReferenceSuperseded, FIELD)
            .with("use_digest", fields::digest(&newest.digest, FIELD)?)
            .into());
    }
    if !matches!(newest.choice(), Approve | ApproveInPart) {
        return Err(Refusal::new(Reason::NotApproved, FIELD)
            .with("choice", newest.choice().as_str_name())
            .into());
    }
    Ok((named.root, newest))
}

fn check_measures(
    follow_up: &pb::FollowUp,
    activation: &ActivationState,
    measure_count: u32,
) -> Result<(), Refusal> {
    fields::ascending(&follow_up.measures, |measure| *measure, "measures")?;
    let limit = usize::try_from(measure_count).unwrap_or(usize::MAX);
    fields::each(&follow_up.measures, "measures", |measure| {
        fields::range(*measure, 1, limit, "")?;
        if activation.choice() == Approve || activation.measures.contains(measure) {
            return Ok(());
        }
        Err(Refusal::new(Reason::NotApproved, "").with("measure", measure))
    })
}
