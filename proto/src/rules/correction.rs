//! Correction: restates a report; the version before stays in the log.
//!
//! Source: `proto/spec/rules.md`, "Correction".

use super::context::Context;
use super::model::{Key, RecordState};
use super::placed::RuleError;
use super::{fields, incident_report};
use crate::hash::RecordDigest;
use crate::limits::MAX_REASON_LEN;
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    correction: &pb::Correction,
) -> Result<(), RuleError> {
    change(context, correction).map_err(|error| error.below("correction"))
}

fn change(context: &mut Context<'_>, correction: &pb::Correction) -> Result<(), RuleError> {
    fields::required(
        correction.reason() != pb::CorrectionReason::Unspecified,
        "reason",
    )?;
    fields::text(&correction.reason_text, MAX_REASON_LEN, "reason_text")?;
    let other = correction.reason() == pb::CorrectionReason::Other;
    fields::required_when(
        other,
        !correction.reason_text.is_empty(),
        "reason_text",
        "CORRECTION_REASON_OTHER",
    )?;
    let report = correction
        .report
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "report"))?;
    incident_report::check(context, report).map_err(|error| error.below("report"))?;
    let (root, mut state) = own_report(context, &correction.target)?;
    state.current = context.digest().as_bytes().to_vec();
    context.belongs_to(root.as_bytes());
    context.store(&Key::Record(root.as_bytes()), &state);
    Ok(())
}

/// Reads the report whose version in force `target` names, which the author's member must have written.
pub(super) fn own_report(
    context: &Context<'_>,
    target: &[u8],
) -> Result<(RecordDigest, RecordState), RuleError> {
    let (root, state) = context.report_in_force(target, "target")?;
    context.own_record(&state, "target")?;
    Ok((root, state))
}
