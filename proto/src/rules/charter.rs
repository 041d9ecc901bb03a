//! Charter: founds the log.
//!
//! Source: `proto/spec/rules.md`, "Charter".

use std::sync::Arc;

use super::context::Context;
use super::fields::{self, Check};
use super::model::{
    AUTHORITY_STATION, CharterState, Key, KeyState, MemberList, MemberState, OPERATOR,
    OPERATOR_STATION, RECOVERY_STATION, Standing, StationState,
};
use super::placed::{Placed, RuleError};
use super::rule_set;
use super::station_change::count_holder;
use crate::limits::{MAX_NAME_LEN, MAX_TITLE_LEN};
use crate::note::{KeyMaterial, VerifierKey};
use crate::pb;
use crate::record::parse_key;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::succession::endorsement;

pub(super) fn found<'a>(
    state: &'a dyn State,
    placed: Placed<'a>,
    charter: &pb::Charter,
) -> Result<Context<'a>, RuleError> {
    if placed.index.get() != 0 {
        return Err(Refusal::new(Reason::CharterMisplaced, "charter").into());
    }
    let (log_key, log_key_pq) = check(placed, charter)?;
    let operator = key_state(OPERATOR, OPERATOR_STATION, pb::Role::Operator);
    let rules = charter.rules.clone().unwrap_or_default();
    let mut context = Context::new(state, placed, operator, Arc::new(rules.clone()));
    let fixed = CharterState {
        origin: charter.origin.clone(),
        digest: context.digest().as_bytes().to_vec(),
        log_key,
        log_key_pq,
        release_set: charter.release_set.clone(),
        parties: charter
            .parties
            .iter()
            .map(|party| party.code.clone())
            .collect(),
    };
    context.store(&Key::Charter, &fixed);
    context.store(&Key::Rules, &rules);
    for member in &charter.members {
        admit_member(&mut context, member)?;
    }
    Ok(context)
}

/// Makes a member of a state or organisation: its stations `authority` and `recovery` come to life.
pub(super) fn admit_member(
    context: &mut Context<'_>,
    member: &pb::CharterMember,
) -> Result<(), RuleError> {
    let index = context.placed.index.get();
    let state = MemberState {
        admitted_index: index,
        ..MemberState::default()
    };
    context.store(&Key::Member(&member.code), &state);
    let mut list: MemberList = context.members()?;
    list.members.push(Standing {
        member: member.code.clone(),
        suspended: false,
    });
    list.members.sort_by(|a, b| a.member.cmp(&b.member));
    context.store(&Key::Members, &list);
    for (station, role, key) in stations(member) {
        let state = KeyState {
            enrolled_index: index,
            ..key_state(&member.code, station, role)
        };
        context.store(&Key::PublicKey(key), &state);
        let keys = vec![key.to_vec()];
        context.store(&Key::Station(&member.code, station), &StationState { keys });
        count_holder(context, &state, true)?;
    }
    Ok(())
}

/// The stations that come with membership: name, role and key.
pub(super) fn stations(member: &pb::CharterMember) -> [(&'static str, pb::Role, &[u8]); 2] {
    [
        (
            AUTHORITY_STATION,
            pb::Role::Authority,
            &member.authority_key,
        ),
        (RECOVERY_STATION, pb::Role::Recovery, &member.recovery_key),
    ]
}

pub(super) fn key_state(member: &str, station: &str, role: pb::Role) -> KeyState {
    KeyState {
        member: member.to_owned(),
        station: station.to_owned(),
        role: role.into(),
        ..KeyState::default()
    }
}

/// Checks the charter and gives the log's keys, Ed25519 first.
fn check(placed: Placed<'_>, charter: &pb::Charter) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    check_envelope(placed)?;
    let inside = || -> Result<_, Refusal> {
        let log_key = check_keys(placed, charter)?;
        check_text(charter)?;
        check_codes(charter)?;
        let rules = charter
            .rules
            .as_ref()
            .ok_or_else(|| Refusal::new(Reason::FieldRequired, "rules"))?;
        let members: Vec<&str> = charter
            .members
            .iter()
            .map(|member| member.code.as_str())
            .collect();
        rule_set::check(rules, &members).map_err(|refusal| refusal.below("rules"))?;
        let log_key_pq = log_key_pq(charter)?;
        if let Some(predecessor) = &charter.predecessor {
            endorsement::check_form(charter, predecessor)?;
        }
        Ok((log_key, log_key_pq))
    };
    inside().map_err(|refusal| refusal.below("charter"))
}

fn check_envelope(placed: Placed<'_>) -> Check {
    let message = &placed.record.record.message;
    fields::formed(message.member == OPERATOR, "member", OPERATOR)?;
    fields::formed(
        message.station == OPERATOR_STATION,
        "station",
        OPERATOR_STATION,
    )?;
    fields::formed(message.sequence == 1, "sequence", "1")?;
    fields::absent_unless(
        false,
        !message.replaces.is_empty(),
        "replaces",
        "records after the charter",
    )?;
    fields::absent_unless(
        false,
        message.label.is_some(),
        "label",
        "records after the charter",
    )?;
    fields::required(message.created_time > 0, "created_time")
}

/// No key may stand twice: not the log's, not the operator's, not a member's.
fn check_keys(placed: Placed<'_>, charter: &pb::Charter) -> Result<Vec<u8>, Refusal> {
    let log_key = log_key(charter)?;
    if charter.operator_key != placed.record.public_key.as_bytes() {
        return Err(Refusal::new(Reason::KeyUnknown, "operator_key"));
    }
    let mut seen = vec![log_key.clone()];
    add_key(&mut seen, &charter.operator_key, "operator_key".to_owned())?;
    for (position, member) in charter.members.iter().enumerate() {
        add_key(
            &mut seen,
            &member.authority_key,
            format!("members[{position}].authority_key"),
        )?;
        add_key(
            &mut seen,
            &member.recovery_key,
            format!("members[{position}].recovery_key"),
        )?;
    }
    Ok(log_key)
}

fn add_key(seen: &mut Vec<Vec<u8>>, key: &[u8], field: String) -> Check {
    parse_key(key, &field)?;
    if seen.iter().any(|known| known == key) {
        let reason = if seen[0] == key {
            Reason::KeyReserved
        } else {
            Reason::KeyEnrolled
        };
        return Err(Refusal::new(reason, field));
    }
    seen.push(key.to_vec());
    Ok(())
}

fn log_key(charter: &pb::Charter) -> Result<Vec<u8>, Refusal> {
    let key = key_of_log(charter, &charter.log_key, "log_key")?;
    match key.material() {
        KeyMaterial::Ed25519(key) => Ok(key.as_bytes().to_vec()),
        _ => Err(malformed(
            "log_key",
            "it is not an Ed25519 key of type 0x01",
        )),
    }
}

/// The log's ML-DSA-44 key; empty if it has none.
fn log_key_pq(charter: &pb::Charter) -> Result<Vec<u8>, Refusal> {
    if charter.log_key_pq.is_empty() {
        return Ok(Vec::new());
    }
    let key = key_of_log(charter, &charter.log_key_pq, "log_key_pq")?;
    match key.material() {
        KeyMaterial::MlDsa44(key) => Ok(key.as_bytes().to_vec()),
        _ => Err(malformed(
            "log_key_pq",
            "it is not an ML-DSA-44 key of type 0x06",
        )),
    }
}

fn key_of_log(charter: &pb::Charter, vkey: &str, field: &str) -> Result<VerifierKey, Refusal> {
    let key: VerifierKey = vkey
        .parse()
        .map_err(|error| malformed(field, &format!("{error}")))?;
    if key.name().as_str() != charter.origin {
        return Err(malformed(field, "its name is not the origin"));
    }
    Ok(key)
}

fn malformed(field: &str, problem: &str) -> Refusal {
    Refusal::new(Reason::FieldFormat, field).with("problem", problem)
}

fn check_text(charter: &pb::Charter) -> Check {
    let origin: Result<crate::checkpoint::Origin, _> = charter.origin.parse();
    fields::formed(origin.is_ok(), "origin", "1 to 255 of [a-z0-9./_-]")?;
    fields::required(charter.purpose() != pb::LogPurpose::Unspecified, "purpose")?;
    fields::filled_text(&charter.title, MAX_TITLE_LEN, "title")
}

fn check_codes(charter: &pb::Charter) -> Check {
    fields::required(!charter.members.is_empty(), "members")?;
    fields::each(&charter.members, "members", |member| {
        fields::code(&member.code, "code")?;
        fields::formed(
            member.code != OPERATOR,
            "code",
            "another code than OPERATOR",
        )?;
        fields::filled_text(&member.name, MAX_NAME_LEN, "name")
    })?;
    fields::ascending(&charter.members, |member| member.code.clone(), "members")?;
    fields::each(&charter.release_set, "release_set", |code| {
        fields::code(code, "")
    })?;
    fields::ascending(&charter.release_set, Clone::clone, "release_set")?;
    let unreleased = charter
        .members
        .iter()
        .find(|member| !charter.release_set.contains(&member.code));
    if let Some(member) = unreleased {
        return Err(
            Refusal::new(Reason::LabelNarrower, "release_set").with("missing", &member.code)
        );
    }
    fields::each(&charter.parties, "parties", |party| {
        fields::code(&party.code, "code")?;
        fields::filled_text(&party.name, MAX_NAME_LEN, "name")
    })?;
    fields::ascending(&charter.parties, |party| party.code.clone(), "parties")
}
