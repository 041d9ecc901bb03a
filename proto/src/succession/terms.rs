//! The terms that a successor starts from: what the predecessor's state carries over.
//!
//! Source: `proto/spec/succession.md`, "Terms".

use crate::hash::{LeafIndex, RootHash};
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::rules::{
    self, AUTHORITY_STATION, CharterState, Head, Key, KeyState, MemberList, MemberState,
    RECOVERY_STATION, RecordState, StationState,
};
use crate::state::{State, StateError};

/// The charter of a successor as the predecessor's `state` and `root` give it, to be edited and endorsed: its members
/// with the keys in force, its rules, parties and release set. Origin and keys of the new log are left empty; a key of
/// a member is, too, when none is in force. `record_at` gives a record of the predecessor by the index of its entry;
/// it is asked for the charter and for two records of each member that was admitted later.
///
/// # Errors
/// Whatever `record_at` returns; [`StateError`] when state and records are not of one log.
///
/// Source: `proto/spec/succession.md`, "Terms".
pub fn terms<E: From<StateError>>(
    state: &dyn State,
    root: &RootHash,
    mut record_at: impl FnMut(LeafIndex) -> Result<pb::Record, E>,
) -> Result<pb::Charter, E> {
    let Some(Body::Charter(founding)) = record_at(LeafIndex::new(0))?.body else {
        return Err(StateError("entry 0 holds no charter".to_owned()).into());
    };
    let known: CharterState = rules::load(state, &Key::Charter)?.unwrap_or_default();
    let head: Head = rules::load(state, &Key::Head)?.unwrap_or_default();
    let standing: MemberList = rules::load(state, &Key::Members)?.unwrap_or_default();
    let mut members = Vec::new();
    for standing in &standing.members {
        let code = &standing.member;
        members.push(pb::CharterMember {
            name: name(state, code, &founding, &mut record_at)?,
            authority_key: key_in_force(state, code, AUTHORITY_STATION)?,
            recovery_key: key_in_force(state, code, RECOVERY_STATION)?,
            code: code.clone(),
        });
    }
    Ok(pb::Charter {
        purpose: founding.purpose,
        title: founding.title,
        members,
        release_set: founding.release_set,
        parties: founding.parties,
        rules: Some(rules_for(state, &standing)?),
        predecessor: Some(pb::Predecessor {
            origin: known.origin,
            charter_digest: known.digest,
            size: head.size,
            root: root.as_bytes().to_vec(),
            endorsements: Vec::new(),
        }),
        ..pb::Charter::default()
    })
}

/// The rules in force. A role is held by members only, so departed ones are not named any more.
fn rules_for(state: &dyn State, standing: &MemberList) -> Result<pb::Rules, StateError> {
    let mut rules: pb::Rules = rules::load(state, &Key::Rules)?.unwrap_or_default();
    for rule in &mut rules.role_rules {
        rule.members.retain(|code| standing.holds(code));
    }
    Ok(rules)
}

/// A member's name stands in the record that made it a member: the charter, or the proposal that was adopted.
fn name<E: From<StateError>>(
    state: &dyn State,
    code: &str,
    founding: &pb::Charter,
    record_at: &mut impl FnMut(LeafIndex) -> Result<pb::Record, E>,
) -> Result<String, E> {
    let member: MemberState = rules::load(state, &Key::Member(code))?.unwrap_or_default();
    if member.admitted_index == 0 {
        let named = founding.members.iter().find(|member| member.code == code);
        return Ok(named.map(|member| member.name.clone()).unwrap_or_default());
    }
    let admitting = record_at(LeafIndex::new(member.admitted_index))?;
    let Some(Body::Decision(decision)) = admitting.body else {
        let problem = format!("entry {} does not admit {code}", member.admitted_index);
        return Err(StateError(problem).into());
    };
    let asked: Option<RecordState> = rules::load(state, &Key::Record(&decision.proposal))?;
    let asked = record_at(LeafIndex::new(asked.unwrap_or_default().index))?;
    if let Some(Body::Proposal(proposal)) = asked.body
        && let Some(Question::Membership(proposal)) = proposal.question
    {
        return Ok(proposal.member.unwrap_or_default().name);
    }
    Err(StateError(format!("the proposal that admitted {code} is not there")).into())
}

/// The newest key of a station that has not ended; empty when there is none.
fn key_in_force(state: &dyn State, member: &str, station: &str) -> Result<Vec<u8>, StateError> {
    let station: StationState =
        rules::load(state, &Key::Station(member, station))?.unwrap_or_default();
    for key in station.keys.into_iter().rev() {
        let known: KeyState = rules::load(state, &Key::PublicKey(&key))?.unwrap_or_default();
        if known.revoked_index.is_none() {
            return Ok(key);
        }
    }
    Ok(Vec::new())
}
