//! PartyStatement: what a party says about a record, beside it and never over it.
//!
//! Source: `proto/spec/rules.md`, "PartyStatement".

use super::context::Context;
use super::fields;
use super::model::body::{
    CASE, CORRECTION, DECISION, DISCLOSURE, EVIDENCE_ITEM, INCIDENT_REPORT, PROPOSAL,
};
use super::model::{Key, MemberState};
use super::placed::RuleError;
use crate::limits::MAX_NARRATIVE_LEN;
use crate::pb;
use crate::pb::PartyStance::{ClaimResponse, Unspecified};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    statement: &pb::PartyStatement,
) -> Result<(), RuleError> {
    state(context, statement).map_err(|error| error.below("party_statement"))
}

fn state(context: &Context<'_>, statement: &pb::PartyStatement) -> Result<(), RuleError> {
    context.known_party(&statement.party, "party")?;
    speaks_for(context, &statement.party)?;
    fields::required(statement.stance() != Unspecified, "stance")?;
    fields::required_when(
        statement.stance() == ClaimResponse,
        !statement.text.is_empty(),
        "text",
        ClaimResponse.as_str_name(),
    )?;
    fields::text(&statement.text, MAX_NARRATIVE_LEN, "text")?;
    check_target(context, &statement.target)
}

/// A member speaks for itself; for a party that is no member, any liaison passes the statement on.
fn speaks_for(context: &Context<'_>, party: &str) -> Result<(), RuleError> {
    let member: Option<MemberState> = context.load(&Key::Member(party))?;
    let is_member = member.is_some_and(|member| member.departed_index.is_none());
    if party == context.member() || !is_member {
        return Ok(());
    }
    Err(Refusal::new(Reason::OtherMember, "party")
        .with("member", party)
        .into())
}

fn check_target(context: &Context<'_>, target: &[u8]) -> Result<(), RuleError> {
    const FIELD: &str = "target";
    const BODIES: &[u32] = &[
        INCIDENT_REPORT,
        EVIDENCE_ITEM,
        CORRECTION,
        CASE,
        PROPOSAL,
        DECISION,
        DISCLOSURE,
    ];
    let found = context.reference(target, BODIES, FIELD)?;
    match found.body {
        INCIDENT_REPORT | CORRECTION => context.report_in_force(target, FIELD).map(drop),
        CASE => context.founding_case(target, FIELD).map(drop),
        EVIDENCE_ITEM if !found.commitment.is_empty() => {
            let refusal = Refusal::new(Reason::ReferenceSealed, FIELD);
            if found.current.is_empty() {
                return Err(refusal.into());
            }
            let disclosure = fields::digest(&found.current, FIELD)?;
            Err(refusal.with("use_digest", disclosure).into())
        }
        _ => Ok(()),
    }
}
