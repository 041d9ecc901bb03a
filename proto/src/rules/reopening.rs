//! Reopening: opens a closed case again, on something that is new.
//!
//! Source: `proto/spec/rules.md`, "Reopening".

use super::context::Context;
use super::fields;
use super::model::body;
use super::placed::RuleError;
use crate::limits::MAX_REMARK_LEN;
use crate::pb;
use crate::refusal::{Reason, Refusal};

/// What can be new about a case.
const NEWS: &[u32] = &[
    body::INCIDENT_REPORT,
    body::EVIDENCE_ITEM,
    body::CORROBORATION,
    body::CORRECTION,
    body::WITHDRAWAL,
];

pub(super) fn apply(context: &mut Context<'_>, reopening: &pb::Reopening) -> Result<(), RuleError> {
    reopen(context, reopening).map_err(|error| error.below("reopening"))
}

fn reopen(context: &mut Context<'_>, reopening: &pb::Reopening) -> Result<(), RuleError> {
    fields::filled_text(&reopening.reason, MAX_REMARK_LEN, "reason")?;
    fields::required(!reopening.evidence.is_empty(), "evidence")?;
    context.founding_case(&reopening.case, "case")?;
    let mut case = context.case(&reopening.case)?;
    let closed = case
        .closed_index
        .ok_or_else(|| Refusal::new(Reason::CaseOpen, "case"))?;
    for (position, digest) in reopening.evidence.iter().enumerate() {
        let field = format!("evidence[{position}]");
        let news = context.reference(digest, NEWS, &field)?;
        if news.index < closed {
            return Err(Refusal::new(Reason::EvidenceNotNew, field)
                .with("logged_at_index", news.index)
                .with("closed_at_index", closed)
                .into());
        }
    }
    case.closed_index = None;
    context.keep_case(&reopening.case, case)
}
