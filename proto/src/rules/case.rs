//! Case: groups the reports of one breach, or extends a group.
//!
//! Source: `proto/spec/rules.md`, "Case".

use super::context::Context;
use super::model::{CaseState, Key};
use super::{RuleError, fields, incident_report};
use crate::limits::{MAX_LIST_LEN, MAX_NAME_LEN, MAX_REMARK_LEN};
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, case: &pb::Case) -> Result<(), RuleError> {
    group(context, case).map_err(|error| error.below("case"))
}

fn group(context: &mut Context<'_>, case: &pb::Case) -> Result<(), RuleError> {
    let founds = case.extends.is_empty();
    fields::text(&case.title, MAX_NAME_LEN, "title")?;
    fields::required_when(founds, !case.title.is_empty(), "title", "a founding Case")?;
    fields::required_when(
        founds,
        !case.reports.is_empty(),
        "reports",
        "a founding Case",
    )?;
    fields::text(&case.text, MAX_REMARK_LEN, "text")?;
    fields::ascending(&case.parties, Clone::clone, "parties")?;
    for (position, party) in case.parties.iter().enumerate() {
        context.known_party(party, &format!("parties[{position}]"))?;
    }
    incident_report::check_clauses(context, &case.clause_references, "clause_references")?;
    for (position, report) in case.reports.iter().enumerate() {
        context.report_in_force(report, &format!("reports[{position}]"))?;
    }
    let founding = if founds {
        context.digest().as_bytes().to_vec()
    } else {
        extended(context, case)?
    };
    add_parties(context, &founding, &case.parties)
}

fn extended(context: &mut Context<'_>, case: &pb::Case) -> Result<Vec<u8>, RuleError> {
    context.open_case(&case.extends, "extends")?;
    context.belongs_to(&case.extends);
    Ok(case.extends.clone())
}

fn add_parties(
    context: &mut Context<'_>,
    founding: &[u8],
    parties: &[String],
) -> Result<(), RuleError> {
    let state: Option<CaseState> = context.load(&Key::Case(founding))?;
    let mut state = state.unwrap_or_default();
    state.parties.extend_from_slice(parties);
    state.parties.sort_unstable();
    state.parties.dedup();
    if state.parties.len() > MAX_LIST_LEN {
        return Err(Refusal::new(Reason::ListTooLong, "parties")
            .with("limit", MAX_LIST_LEN)
            .into());
    }
    context.store(&Key::Case(founding), &state);
    Ok(())
}
