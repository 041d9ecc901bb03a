//! Withdrawal: takes a report back for good; it stays in the log.
//!
//! Source: `proto/spec/rules.md`, "Withdrawal".

use super::context::Context;
use super::correction::own_report;
use super::fields;
use super::model::Key;
use super::placed::RuleError;
use crate::limits::MAX_REASON_LEN;
use crate::pb;

pub(super) fn apply(
    context: &mut Context<'_>,
    withdrawal: &pb::Withdrawal,
) -> Result<(), RuleError> {
    withdraw(context, withdrawal).map_err(|error| error.below("withdrawal"))
}

fn withdraw(context: &mut Context<'_>, withdrawal: &pb::Withdrawal) -> Result<(), RuleError> {
    fields::required(
        withdrawal.reason() != pb::WithdrawalReason::Unspecified,
        "reason",
    )?;
    fields::text(&withdrawal.reason_text, MAX_REASON_LEN, "reason_text")?;
    let other = withdrawal.reason() == pb::WithdrawalReason::Other;
    fields::required_when(
        other,
        !withdrawal.reason_text.is_empty(),
        "reason_text",
        "WITHDRAWAL_REASON_OTHER",
    )?;
    let (root, mut state) = own_report(context, &withdrawal.target)?;
    state.withdrawn = true;
    context.belongs_to(root.as_bytes());
    context.store(&Key::Record(root.as_bytes()), &state);
    Ok(())
}
