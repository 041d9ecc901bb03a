//! MEMBERSHIP: a proposal that admits, suspends or reinstates a member, or lets it depart.
//!
//! Source: `proto/spec/rules.md`, "MEMBERSHIP".

use super::charter::{admit_member, key_state, stations};
use super::context::Context;
use super::fields;
use super::model::{Key, KeyState, MemberState, OPERATOR, ProposalState};
use super::placed::RuleError;
use super::question::{ask, claim};
use crate::limits::MAX_NAME_LEN;
use crate::pb;
use crate::pb::MembershipChange::{Admit, Depart, Reinstate, Suspend, Unspecified};
use crate::pb::proposal::Question;
use crate::record::parse_key;
use crate::refusal::{Reason, Refusal};

/// Asks for a change. One proposal on a member is open at a time, so that what is judged here still holds when it is
/// decided.
pub(super) fn propose(
    context: &mut Context<'_>,
    proposal: &pb::MembershipProposal,
    state: &mut ProposalState,
) -> Result<(), RuleError> {
    let change = proposal.change();
    fields::required(change != Unspecified, "change")?;
    let member = proposal
        .member
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "member"))?;
    let judged = if change == Admit {
        admissible(context, member)
    } else {
        changeable(context, change, member)
    };
    judged.map_err(|error| error.below("member"))?;
    let subject = member.code.as_bytes();
    claim(
        context,
        pb::ProposalKind::Membership,
        subject,
        "member.code",
    )?;
    if change == Admit {
        promise_keys(context, member).map_err(|error| error.below("member"))?;
    }
    state.party.clone_from(&member.code);
    ask(context, Question::Membership(proposal.clone()));
    Ok(())
}

fn admissible(context: &Context<'_>, member: &pb::CharterMember) -> Result<(), RuleError> {
    fields::code(&member.code, "code")?;
    fields::formed(
        member.code != OPERATOR,
        "code",
        "another code than OPERATOR",
    )?;
    if standing(context, &member.code)?.is_some() {
        return Err(Refusal::new(Reason::MemberKnown, "code").into());
    }
    if !context.charter()?.release_set.contains(&member.code) {
        return Err(Refusal::new(Reason::NotReleased, "code").into());
    }
    Ok(fields::filled_text(&member.name, MAX_NAME_LEN, "name")?)
}

fn changeable(
    context: &Context<'_>,
    change: pb::MembershipChange,
    member: &pb::CharterMember,
) -> Result<(), RuleError> {
    context.known_member(&member.code, "code")?;
    for (field, present) in [
        ("name", !member.name.is_empty()),
        ("authority_key", !member.authority_key.is_empty()),
        ("recovery_key", !member.recovery_key.is_empty()),
    ] {
        fields::absent_unless(false, present, field, Admit.as_str_name())?;
    }
    let suspended =
        standing(context, &member.code)?.is_some_and(|known| known.suspended_index.is_some());
    let fits = match change {
        Suspend => !suspended,
        Reinstate => suspended,
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::new(Reason::MemberStanding, "code")
        .with("suspended", suspended)
        .into())
}

fn standing(context: &Context<'_>, code: &str) -> Result<Option<MemberState>, RuleError> {
    context.load(&Key::Member(code))
}

/// Keeps the two keys for this member from now on: the vote takes time, and a key that is public in a proposal could
/// be enrolled by somebody else meanwhile.
fn promise_keys(context: &mut Context<'_>, member: &pb::CharterMember) -> Result<(), RuleError> {
    for ((station, role, key), field) in stations(member)
        .into_iter()
        .zip(["authority_key", "recovery_key"])
    {
        parse_key(key, field)?;
        if context.charter()?.log_key == key {
            return Err(Refusal::new(Reason::KeyReserved, field).into());
        }
        let promised = KeyState {
            promised: true,
            ..key_state(&member.code, station, role)
        };
        let known: Option<KeyState> = context.load(&Key::PublicKey(key))?;
        if known.is_some_and(|known| known != promised) {
            return Err(Refusal::new(Reason::KeyEnrolled, field).into());
        }
        context.store(&Key::PublicKey(key), &promised);
    }
    Ok(())
}

/// Changes the membership from the next index.
pub(super) fn adopt(
    context: &mut Context<'_>,
    proposal: &pb::MembershipProposal,
) -> Result<(), RuleError> {
    let member = proposal.member.clone().unwrap_or_default();
    if proposal.change() == Admit {
        return admit_member(context, &member);
    }
    let index = context.placed.index.get();
    let mut state = standing(context, &member.code)?.unwrap_or_default();
    match proposal.change() {
        Suspend => state.suspended_index = Some(index),
        Reinstate => state.suspended_index = None,
        Depart => state.departed_index = Some(index),
        Admit | Unspecified => {}
    }
    let mut list = context.members()?;
    list.members
        .retain(|known| known.member != member.code || state.departed_index.is_none());
    for known in &mut list.members {
        if known.member == member.code {
            known.suspended = state.suspended_index.is_some();
        }
    }
    context.store(&Key::Member(&member.code), &state);
    context.store(&Key::Members, &list);
    Ok(())
}
