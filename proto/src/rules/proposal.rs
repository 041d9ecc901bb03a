//! Proposal: puts a question to a vote. Rule and electorate freeze here.
//!
//! Source: `proto/spec/rules.md`, "Proposal".

use super::context::Context;
use super::model::ProposalState;
use super::placed::RuleError;
use super::question::{not_replaced, replace};
use super::{fields, membership, protocol_text, rule_set};
use crate::limits::{MAX_MEASURE_LEN, MAX_NAME_LEN, MAX_NARRATIVE_LEN};
use crate::pb;
use crate::pb::proposal::Question;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, proposal: &pb::Proposal) -> Result<(), RuleError> {
    propose(context, proposal).map_err(|error| error.below("proposal"))
}

fn propose(context: &mut Context<'_>, proposal: &pb::Proposal) -> Result<(), RuleError> {
    fields::filled_text(&proposal.title, MAX_NAME_LEN, "title")?;
    fields::text(&proposal.text, MAX_NARRATIVE_LEN, "text")?;
    let question = proposal
        .question
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "question"))?;
    let (kind, name) = kind_of(question);
    let mut state = frozen(context, kind, name)?;
    fields::absent_unless(
        kind != pb::ProposalKind::ProtocolText,
        !proposal.supersedes.is_empty(),
        "supersedes",
        "other kinds; a text names the text that it replaces",
    )?;
    if !proposal.supersedes.is_empty() {
        let (before, _) = context.decided(&proposal.supersedes, kind, "supersedes")?;
        replace(context, &before, &proposal.supersedes, &mut state)?;
    }
    let asked = match question {
        Question::Attribution(attribution) => attribute(context, attribution, &mut state),
        Question::Remedy(remedy) => determine(context, remedy, &mut state),
        Question::Membership(membership) => membership::propose(context, membership, &mut state),
        Question::ProtocolText(text) => protocol_text::propose(context, text, &mut state),
        Question::Rules(rules) => rule_set::propose(context, rules),
    };
    asked.map_err(|error| error.below(name))?;
    if !state.case.is_empty() {
        open_in_case(context, &state.case)?;
    }
    bar_parties(context, &mut state)?;
    context.keep_proposal(context.digest().as_bytes(), state)
}

fn kind_of(question: &Question) -> (pb::ProposalKind, &'static str) {
    match question {
        Question::Attribution(_) => (pb::ProposalKind::Attribution, "attribution"),
        Question::Remedy(_) => (pb::ProposalKind::Remedy, "remedy"),
        Question::Membership(_) => (pb::ProposalKind::Membership, "membership"),
        Question::ProtocolText(_) => (pb::ProposalKind::ProtocolText, "protocol_text"),
        Question::Rules(_) => (pb::ProposalKind::Rules, "rules"),
    }
}

/// Counts a proposal on a case, which is not closed before it is decided.
fn open_in_case(context: &mut Context<'_>, case: &[u8]) -> Result<(), RuleError> {
    let mut state = context.case(case)?;
    state.open_proposals = state.open_proposals.saturating_add(1);
    context.keep_case(case, state)
}

/// Takes the rule and the electorate of this moment.
fn frozen(
    context: &Context<'_>,
    kind: pb::ProposalKind,
    field: &str,
) -> Result<ProposalState, RuleError> {
    let rules = &context.rules.proposal_rules;
    let rule = rules.iter().find(|rule| rule.kind() == kind).copied();
    let rule = rule.ok_or_else(|| {
        Refusal::new(Reason::ProposalKindNotAllowed, field).with("kind", kind.as_str_name())
    })?;
    context.require_role(&[rule.proposer()], field)?;
    let electorate = context.voters(rule.electorate())?;
    if electorate.is_empty() {
        return Err(Refusal::new(Reason::ElectorateEmpty, field)
            .with("role", rule.electorate().as_str_name())
            .into());
    }
    Ok(ProposalState {
        accepted_time: context.placed.accepted_time,
        rule,
        electorate,
        ..ProposalState::default()
    })
}

fn attribute(
    context: &Context<'_>,
    attribution: &pb::AttributionProposal,
    state: &mut ProposalState,
) -> Result<(), RuleError> {
    context.open_case(&attribution.case, "case")?;
    fields::required(
        attribution.finding() != pb::AttributionFinding::Unspecified,
        "finding",
    )?;
    let breach = attribution.finding() != pb::AttributionFinding::NotABreach;
    fields::required_when(breach, attribution.clause.is_some(), "clause", "a breach")?;
    if let Some(clause) = &attribution.clause {
        protocol_text::check_clause(context, clause).map_err(|error| error.below("clause"))?;
    }
    check_party(context, attribution)?;
    fields::required(
        attribution.standard_of_proof() != pb::StandardOfProof::Unspecified,
        "standard_of_proof",
    )?;
    if attribution.standard_of_proof < state.rule.standard_of_proof {
        let least = state.rule.standard_of_proof().as_str_name();
        return Err(Refusal::new(Reason::StandardTooLow, "standard_of_proof")
            .with("least", least)
            .into());
    }
    fields::required(
        attribution.finality() != pb::Finality::Unspecified,
        "finality",
    )?;
    state.case.clone_from(&attribution.case);
    state.finding = attribution.finding;
    state.finality = attribution.finality;
    state.party.clone_from(&attribution.party);
    Ok(())
}

fn check_party(
    context: &Context<'_>,
    attribution: &pb::AttributionProposal,
) -> Result<(), RuleError> {
    const WHEN: &str = "ATTRIBUTION_FINDING_PARTY";
    let names = attribution.finding() == pb::AttributionFinding::Party;
    fields::exactly_when(names, !attribution.party.is_empty(), "party", WHEN)?;
    fields::exactly_when(
        names,
        attribution.basis() != pb::AttributionBasis::Unspecified,
        "basis",
        WHEN,
    )?;
    fields::exactly_when(
        names,
        attribution.intent() != pb::Intent::Unspecified,
        "intent",
        WHEN,
    )?;
    if names {
        context.known_party(&attribution.party, "party")
    } else {
        Ok(())
    }
}

fn determine(
    context: &Context<'_>,
    remedy: &pb::RemedyProposal,
    state: &mut ProposalState,
) -> Result<(), RuleError> {
    let (decision, basis) =
        context.adoption(&remedy.decision, pb::ProposalKind::Attribution, "decision")?;
    not_replaced(&decision, "decision")?;
    context.not_closed(&basis.case, "decision")?;
    if basis.finding() == pb::AttributionFinding::NotABreach {
        return Err(Refusal::new(Reason::BasisNotABreach, "decision").into());
    }
    if basis.finality() != pb::Finality::Final && !state.rule.provisional_basis {
        return Err(Refusal::new(Reason::BasisProvisional, "decision").into());
    }
    fields::required(!remedy.measures.is_empty(), "measures")?;
    for (position, measure) in remedy.measures.iter().enumerate() {
        check_measure(context, measure)
            .map_err(|error| error.below(&format!("measures[{position}]")))?;
    }
    state.case = basis.case;
    state.party = basis.party;
    state.measure_count = u32::try_from(remedy.measures.len()).unwrap_or(u32::MAX);
    state.addressees = addressees(&remedy.measures);
    Ok(())
}

fn check_measure(context: &Context<'_>, measure: &pb::Measure) -> Result<(), RuleError> {
    fields::required(measure.kind() != pb::RemedyKind::Unspecified, "kind")?;
    let other = measure.kind() == pb::RemedyKind::Other;
    fields::required_when(other, !measure.text.is_empty(), "text", "REMEDY_KIND_OTHER")?;
    fields::text(&measure.text, MAX_MEASURE_LEN, "text")?;
    fields::ascending(&measure.addressees, Clone::clone, "addressees")?;
    for (position, member) in measure.addressees.iter().enumerate() {
        context.known_member(member, &format!("addressees[{position}]"))?;
    }
    if measure.stage() != pb::ResponseStage::Unspecified {
        let known = context
            .rules
            .stage_rules
            .iter()
            .any(|rule| rule.stage == measure.stage);
        fields::formed(known, "stage", "a stage of the rules")?;
    }
    Ok(())
}

/// The members that any measure asks to act; none when one measure asks all.
fn addressees(measures: &[pb::Measure]) -> Vec<String> {
    if measures.iter().any(|measure| measure.addressees.is_empty()) {
        return Vec::new();
    }
    let mut members: Vec<String> = measures
        .iter()
        .flat_map(|measure| measure.addressees.iter().cloned())
        .collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// Marks the members of the electorate that are parties, where the rule says that they count as recused.
fn bar_parties(context: &Context<'_>, state: &mut ProposalState) -> Result<(), RuleError> {
    if state.rule.recusal() != pb::RecusalRule::Parties {
        return Ok(());
    }
    let parties = context.case(&state.case)?.parties;
    let is_party = |member: &String| *member == state.party || parties.contains(member);
    state.barred = state
        .electorate
        .iter()
        .filter(|member| is_party(member))
        .cloned()
        .collect();
    Ok(())
}
