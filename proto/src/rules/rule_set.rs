//! Rules as a whole: checked in the charter, and replaced by a proposal of kind RULES.
//!
//! Source: `proto/spec/rules.md`, "Rules" and "RULES".

use super::context::Context;
use super::fields::{self, Check};
use super::model::Key;
use super::placed::{RULES_VERSION, RuleError};
use super::question::{ask, claim};
use crate::pb;
use crate::pb::proposal::Question;
use crate::refusal::{Reason, Refusal};

/// Asks for new rules, complete. One proposal is open at a time: two would each be judged against the rules now in
/// force, and the second to be adopted would undo the first unseen.
pub(super) fn propose(
    context: &mut Context<'_>,
    proposal: &pb::RulesProposal,
) -> Result<(), RuleError> {
    let rules = proposal
        .rules
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "rules"))?;
    let members = context.members()?;
    let codes: Vec<&str> = members
        .members
        .iter()
        .map(|known| known.member.as_str())
        .collect();
    check(rules, &codes).map_err(|refusal| refusal.below("rules"))?;
    claim(context, pb::ProposalKind::Rules, &[], "")?;
    ask(context, Question::Rules(proposal.clone()));
    Ok(())
}

/// Puts the rules in force from the next index.
pub(super) fn adopt(context: &mut Context<'_>, proposal: &pb::RulesProposal) {
    context.store(&Key::Rules, &proposal.rules.clone().unwrap_or_default());
}

/// Checks complete rules, of a charter or of a proposal; `members` are those that a role rule may name.
///
/// Source: `proto/spec/rules.md`, "Rules".
pub(super) fn check(rules: &pb::Rules, members: &[&str]) -> Check {
    fields::required(rules.rules_version > 0, "rules_version")?;
    if rules.rules_version > RULES_VERSION {
        return Err(
            Refusal::new(Reason::NotSupported, "rules_version").with("supported", RULES_VERSION)
        );
    }
    fields::each(&rules.proposal_rules, "proposal_rules", check_proposal_rule)?;
    fields::ascending(&rules.proposal_rules, |rule| rule.kind, "proposal_rules")?;
    fields::each(&rules.role_rules, "role_rules", |rule| {
        check_role_rule(rule, members)
    })?;
    fields::ascending(&rules.role_rules, |rule| rule.role, "role_rules")?;
    let succession = rules
        .succession
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "succession"))?;
    fields::fraction(succession.endorsements, "endorsements")
        .map_err(|refusal| refusal.below("succession"))?;
    fields::each(&rules.stage_rules, "stage_rules", |rule| {
        fields::required(rule.stage() != pb::ResponseStage::Unspecified, "stage")?;
        fields::required(rule.duration > 0, "duration")
    })?;
    fields::ascending(&rules.stage_rules, |rule| rule.stage, "stage_rules")?;
    fields::required(rules.clock_tolerance > 0, "clock_tolerance")?;
    fields::required(rules.event_span > 0, "event_span")
}

fn check_proposal_rule(rule: &pb::ProposalRule) -> Check {
    use pb::ProposalKind::{Attribution, Remedy, Unspecified};
    fields::required(rule.kind() != Unspecified, "kind")?;
    voting_role(rule.proposer(), "proposer")?;
    voting_role(rule.electorate(), "electorate")?;
    fields::fraction(rule.quorum, "quorum")?;
    fields::fraction(rule.majority, "majority")?;
    fields::required(rule.recusal() != pb::RecusalRule::Unspecified, "recusal")?;
    fields::required(rule.vote_window > 0, "vote_window")?;
    let standard = rule.standard_of_proof() != pb::StandardOfProof::Unspecified;
    fields::exactly_when(
        rule.kind() == Attribution,
        standard,
        "standard_of_proof",
        "ATTRIBUTION",
    )?;
    fields::absent_unless(
        rule.kind() == Remedy,
        rule.provisional_basis,
        "provisional_basis",
        "REMEDY",
    )
}

fn voting_role(role: pb::Role, field: &str) -> Check {
    let votes = matches!(role, pb::Role::Authority | pb::Role::Commissioner);
    fields::formed(votes, field, "ROLE_AUTHORITY or ROLE_COMMISSIONER")
}

fn check_role_rule(rule: &pb::RoleRule, members: &[&str]) -> Check {
    let reserved = matches!(
        rule.role(),
        pb::Role::Unspecified | pb::Role::Operator | pb::Role::Recovery
    );
    fields::formed(!reserved, "role", "a role that may be enrolled")?;
    fields::ascending(&rule.members, Clone::clone, "members")?;
    fields::each(&rule.members, "members", |code| {
        if members.contains(&code.as_str()) {
            Ok(())
        } else {
            Err(Refusal::new(Reason::MemberUnknown, "").with("found", code))
        }
    })
}
