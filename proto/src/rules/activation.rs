//! Activation: a member's own political decision on an adopted remedy.
//!
//! Source: `proto/spec/rules.md`, "Activation".

use super::context::Context;
use super::model::{ActivationState, Key, ProposalState, body};
use super::placed::RuleError;
use super::{fields, question};
use crate::limits::{MAX_REASON_LEN, MAX_REMARK_LEN};
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    activation: &pb::Activation,
) -> Result<(), RuleError> {
    activate(context, activation).map_err(|error| error.below("activation"))
}

fn activate(context: &mut Context<'_>, activation: &pb::Activation) -> Result<(), RuleError> {
    check_choice(activation)?;
    let (decision, remedy) =
        context.adoption(&activation.decision, pb::ProposalKind::Remedy, "decision")?;
    check_measures(activation, &remedy)?;
    let member = context.member();
    if !remedy.addressees.is_empty()
        && !remedy
            .addressees
            .iter()
            .any(|addressee| addressee == member)
    {
        let addressees = remedy.addressees.join(" ");
        return Err(Refusal::new(Reason::NotAnAddressee, "decision")
            .with("addressees", addressees)
            .into());
    }
    if !check_earlier(context, activation)? {
        question::not_replaced(&decision, "decision")?;
    }
    context.belongs_to(&activation.decision);
    let newest = ActivationState {
        digest: context.digest().as_bytes().to_vec(),
        choice: activation.choice,
        measures: activation.measures.clone(),
    };
    context.store(&Key::Activation(&activation.decision, member), &newest);
    Ok(())
}

fn check_choice(activation: &pb::Activation) -> Result<(), Refusal> {
    let choice = activation.choice();
    fields::required(choice != pb::ActivationChoice::Unspecified, "choice")?;
    let in_part = choice == pb::ActivationChoice::ApproveInPart;
    fields::exactly_when(
        in_part,
        !activation.measures.is_empty(),
        "measures",
        "ACTIVATION_CHOICE_APPROVE_IN_PART",
    )?;
    let pending = choice == pb::ActivationChoice::PendingProcedure;
    let procedure = !activation.procedure.is_empty();
    fields::required_when(
        pending,
        procedure,
        "procedure",
        "ACTIVATION_CHOICE_PENDING_PROCEDURE",
    )?;
    fields::text(&activation.procedure, MAX_REASON_LEN, "procedure")?;
    fields::text(&activation.text, MAX_REMARK_LEN, "text")?;
    if activation.expiry_time > 0 {
        fields::time_order(
            activation.effective_time,
            activation.expiry_time,
            "expiry_time",
        )?;
    }
    Ok(())
}

fn check_measures(activation: &pb::Activation, remedy: &ProposalState) -> Result<(), Refusal> {
    fields::ascending(&activation.measures, |measure| *measure, "measures")?;
    let limit = usize::try_from(remedy.measure_count).unwrap_or(usize::MAX);
    fields::each(&activation.measures, "measures", |measure| {
        fields::range(*measure, 1, limit, "")
    })
}

/// A member that decided before must say so, so that two of its decisions never cross unseen. Tells whether it did.
fn check_earlier(context: &Context<'_>, activation: &pb::Activation) -> Result<bool, RuleError> {
    let earlier: Option<ActivationState> =
        context.load(&Key::Activation(&activation.decision, context.member()))?;
    if let Some(earlier) = &earlier
        && earlier.digest != activation.supersedes
    {
        let digest = fields::digest(&earlier.digest, "supersedes")?;
        return Err(Refusal::new(Reason::SupersedesRequired, "supersedes")
            .with("use_digest", digest)
            .into());
    }
    if earlier.is_none() && !activation.supersedes.is_empty() {
        context.reference(&activation.supersedes, &[body::ACTIVATION], "supersedes")?;
        return Err(Refusal::new(Reason::FieldNotAllowed, "supersedes")
            .with(
                "allowed_only_with",
                "an earlier Activation of this remedy by this member",
            )
            .into());
    }
    Ok(earlier.is_some())
}
