//! Case: groups the reports of one breach, or extends a group.
//!
//! Source: `proto/spec/rules.md`, "Case".

use super::context::Context;
use super::model::{CaseName, Key};
use super::placed::RuleError;
use super::{fields, incident_report};
use crate::limits::{MAX_CASES_OF_REPORT, MAX_LIST_LEN, MAX_NAME_LEN, MAX_REMARK_LEN};
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
    let (founding, index) = if founds {
        founded(context)
    } else {
        extended(context, case)?
    };
    for (position, report) in case.reports.iter().enumerate() {
        hold(context, report, index, &format!("reports[{position}]"))?;
    }
    add_parties(context, &founding, &case.parties)
}

/// Names the case that this record founds: digest and index of its founding record.
fn founded(context: &mut Context<'_>) -> (Vec<u8>, u64) {
    let digest = context.digest().as_bytes().to_vec();
    let index = context.placed.index.get();
    let name = CaseName {
        digest: digest.clone(),
    };
    context.store(&Key::CaseAt(index), &name);
    (digest, index)
}

/// Names the case that this record extends.
fn extended(context: &mut Context<'_>, case: &pb::Case) -> Result<(Vec<u8>, u64), RuleError> {
    let founding = context.founding_case(&case.extends, "extends")?;
    context.not_closed(&case.extends, "extends")?;
    context.belongs_to(&case.extends);
    Ok((case.extends.clone(), founding.index))
}

/// Puts a report into the case that was founded at `index`.
fn hold(
    context: &mut Context<'_>,
    report: &[u8],
    index: u64,
    field: &str,
) -> Result<(), RuleError> {
    let (root, mut state) = context.report_in_force(report, field)?;
    if state.cases.contains(&index) {
        return Ok(());
    }
    if state.cases.len() >= MAX_CASES_OF_REPORT {
        return Err(Refusal::new(Reason::ListTooLong, field)
            .with("limit", MAX_CASES_OF_REPORT)
            .into());
    }
    state.cases.push(index);
    context.store(&Key::Record(root.as_bytes()), &state);
    Ok(())
}

fn add_parties(
    context: &mut Context<'_>,
    founding: &[u8],
    parties: &[String],
) -> Result<(), RuleError> {
    let mut state = context.case(founding)?;
    state.parties.extend_from_slice(parties);
    state.parties.sort_unstable();
    state.parties.dedup();
    if state.parties.len() > MAX_LIST_LEN {
        return Err(Refusal::new(Reason::ListTooLong, "parties")
            .with("limit", MAX_LIST_LEN)
            .into());
    }
    context.keep_case(founding, state)
}
