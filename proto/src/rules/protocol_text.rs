//! `PROTOCOL_TEXT`: a proposal that agrees a text in its language versions, by digest, with its clauses.
//!
//! Source: `proto/spec/rules.md`, "`PROTOCOL_TEXT`".

use super::context::Context;
use super::fields::{self, Check};
use super::model::{ClauseState, Key, ProposalState};
use super::placed::RuleError;
use super::question::replace;
use crate::limits::{
    MAX_IDENTIFIER_LEN, MAX_LANGUAGE_LEN, MAX_NAME_LEN, MAX_TITLE_LEN, MAX_WRITTEN_TIME_LEN,
    MIN_LANGUAGE_LEN,
};
use crate::pb;
use crate::refusal::{Reason, Refusal};

const KIND: pb::ProposalKind = pb::ProposalKind::ProtocolText;

pub(super) fn propose(
    context: &mut Context<'_>,
    text: &pb::ProtocolTextProposal,
    state: &mut ProposalState,
) -> Result<(), RuleError> {
    check(text)?;
    if !text.supersedes.is_empty() {
        let (before, _) = context.adoption(&text.supersedes, KIND, "supersedes")?;
        replace(context, &before, &text.supersedes, state)?;
    }
    let proposal = context.digest();
    for clause in &text.clauses {
        let key = Key::Clause(proposal.as_bytes(), &clause.id);
        context.store(&key, &ClauseState {});
    }
    Ok(())
}

fn check(text: &pb::ProtocolTextProposal) -> Check {
    fields::filled_text(&text.title, MAX_TITLE_LEN, "title")?;
    fields::required(!text.language_versions.is_empty(), "language_versions")?;
    fields::each(&text.language_versions, "language_versions", |version| {
        language(&version.language)?;
        fields::hash(&version.digest, "digest")
    })?;
    fields::ascending(
        &text.language_versions,
        |version| version.language.clone(),
        "language_versions",
    )?;
    fields::each(&text.clauses, "clauses", |clause| {
        fields::filled_text(&clause.id, MAX_IDENTIFIER_LEN, "id")?;
        fields::hash(&clause.digest, "digest")?;
        fields::text(&clause.title, MAX_NAME_LEN, "title")
    })?;
    fields::ascending(&text.clauses, |clause| clause.id.clone(), "clauses")?;
    fields::required(text.effective_time > 0, "effective_time")?;
    fields::filled_text(
        &text.effective_as_written,
        MAX_WRITTEN_TIME_LEN,
        "effective_as_written",
    )?;
    if text.expiry_time > 0 {
        fields::time_order(text.effective_time, text.expiry_time, "expiry_time")?;
    }
    fields::each(&text.annexes, "annexes", |annex| fields::hash(annex, ""))
}

fn language(tag: &str) -> Check {
    let form = (MIN_LANGUAGE_LEN..=MAX_LANGUAGE_LEN).contains(&tag.len())
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fields::formed(form, "language", "2 to 35 of [A-Za-z0-9-]")
}

/// Checks that a record may name a clause of an adopted text, in force or not: an event is judged under the text of
/// its time, and reports come late.
pub(super) fn check_clause(
    context: &Context<'_>,
    clause: &pb::ClauseReference,
) -> Result<(), RuleError> {
    fields::filled_text(&clause.clause, MAX_IDENTIFIER_LEN, "clause")?;
    if clause.protocol_text.is_empty() {
        return Ok(());
    }
    let (decision, _) = context.adoption(&clause.protocol_text, KIND, "protocol_text")?;
    let known: Option<ClauseState> = context.load(&Key::Clause(&decision.root, &clause.clause))?;
    match known {
        Some(_) => Ok(()),
        None => Err(Refusal::new(Reason::ClauseUnknown, "clause").into()),
    }
}
