//! Closure: ends a case with the result that the commission's decisions give.
//!
//! Source: `proto/spec/rules.md`, "Closure".

use super::context::Context;
use super::fields;
use super::placed::RuleError;
use crate::limits::MAX_REMARK_LEN;
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, closure: &pb::Closure) -> Result<(), RuleError> {
    close(context, closure).map_err(|error| error.below("closure"))
}

fn close(context: &mut Context<'_>, closure: &pb::Closure) -> Result<(), RuleError> {
    let stated = closure.result() != pb::ClosureResult::Unspecified;
    fields::required(stated, "result")?;
    fields::filled_text(&closure.reason, MAX_REMARK_LEN, "reason")?;
    let mut case = context.open_case(&closure.case, "case")?;
    if case.open_proposals > 0 {
        return Err(Refusal::new(Reason::ProposalOpen, "case")
            .with("open_proposals", case.open_proposals)
            .into());
    }
    if closure.result() != case.result() {
        return Err(Refusal::new(Reason::ResultDiffers, "result")
            .with("computed", case.result().as_str_name())
            .into());
    }
    case.closed_index = Some(context.placed.index.get());
    context.keep_case(&closure.case, case)
}
