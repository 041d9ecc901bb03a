//! Corroboration: another member's check of one version of a report.
//!
//! Source: `proto/spec/rules.md`, "Corroboration".

use super::context::Context;
use super::model::{CaseName, Key, RecordState};
use super::placed::RuleError;
use super::{evidence_item, fields};
use crate::limits::MAX_REMARK_LEN;
use crate::pb;
use crate::pb::CorroborationResult::{CannotAssess, Confirm, Unspecified};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, check: &pb::Corroboration) -> Result<(), RuleError> {
    corroborate(context, check).map_err(|error| error.below("corroboration"))
}

fn corroborate(context: &Context<'_>, check: &pb::Corroboration) -> Result<(), RuleError> {
    check_result(check)?;
    evidence_item::check_references(context, &check.evidence)?;
    let (_, report) = context.report_in_force(&check.target, "target")?;
    if report.member == context.member() {
        return Err(Refusal::new(Reason::OwnReport, "target").into());
    }
    check_independence(context, &report)
}

fn check_result(check: &pb::Corroboration) -> fields::Check {
    let result = check.result();
    fields::required(result != Unspecified, "result")?;
    fields::required_when(
        result != CannotAssess,
        !check.means.is_empty(),
        "means",
        "a result",
    )?;
    fields::ascending(&check.means, |means| *means, "means")?;
    fields::required_when(
        result != Confirm,
        !check.text.is_empty(),
        "text",
        result.as_str_name(),
    )?;
    fields::text(&check.text, MAX_REMARK_LEN, "text")
}

/// Refuses a member that is a party to a case which holds the report.
fn check_independence(context: &Context<'_>, report: &RecordState) -> Result<(), RuleError> {
    for &index in &report.cases {
        let name: Option<CaseName> = context.load(&Key::CaseAt(index))?;
        let digest = name.unwrap_or_default().digest;
        let parties = context.case(&digest)?.parties;
        if parties.iter().any(|party| party == context.member()) {
            return Err(Refusal::new(Reason::PartyToCase, "target")
                .with("case", fields::digest(&digest, "target")?)
                .into());
        }
    }
    Ok(())
}
