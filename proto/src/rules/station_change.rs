//! StationChange: enrols, rotates, revokes or marks a station key.
//!
//! Source: `proto/spec/rules.md`, "StationChange".

use super::context::Context;
use super::fields;
use super::model::{
    AUTHORITY_STATION, Gap, GapList, Holder, HolderList, Key, KeyState, OPERATOR_STATION,
    RECOVERY_STATION, StationState,
};
use super::placed::RuleError;
use crate::limits::{MAX_REASON_LEN, MAX_STATION_KEYS};
use crate::pb;
use crate::pb::station_change::Change;
use crate::record::parse_key;
use crate::refusal::{Reason, Refusal};

/// Gaps that are listed; more are counted.
const LISTED_GAPS: usize = 256;

pub(super) fn apply(
    context: &mut Context<'_>,
    change: &pb::StationChange,
) -> Result<(), RuleError> {
    let (name, result) = match change.change.as_ref() {
        None => return Err(Refusal::new(Reason::FieldRequired, "station_change.change").into()),
        Some(Change::Enrolment(enrolment)) => ("enrolment", enrol(context, enrolment)),
        Some(Change::Rotation(rotation)) => ("rotation", rotate(context, rotation)),
        Some(Change::Revocation(revocation)) => ("revocation", revoke(context, revocation)),
        Some(Change::CompromiseMark(mark)) => ("compromise_mark", mark_compromised(context, mark)),
    };
    result.map_err(|error| error.below(&format!("station_change.{name}")))
}

fn enrol(context: &mut Context<'_>, enrolment: &pb::Enrolment) -> Result<(), RuleError> {
    context.require_role(&[pb::Role::Authority], "")?;
    fields::station(&enrolment.station, "station")?;
    let reserved = [OPERATOR_STATION, RECOVERY_STATION].contains(&enrolment.station.as_str());
    fields::formed(!reserved, "station", "another name than log and recovery")?;
    admitted_role(context, enrolment.role())?;
    let member = context.member();
    let mut keys = station_keys(context, &enrolment.station)?;
    if let Some(last) = keys.keys.last()
        && key_of(context, last)?.revoked_index.is_none()
    {
        return Err(Refusal::new(Reason::StationActive, "station").into());
    }
    let key = KeyState {
        member: member.to_owned(),
        station: enrolment.station.clone(),
        role: enrolment.role,
        enrolled_index: context.placed.index.get(),
        ..KeyState::default()
    };
    add_key(
        context,
        &mut keys,
        &enrolment.public_key,
        &key,
        "public_key",
    )
}

fn rotate(context: &mut Context<'_>, rotation: &pb::Rotation) -> Result<(), RuleError> {
    let recovers = context.key.role() == pb::Role::Recovery;
    if recovers && rotation.station != AUTHORITY_STATION {
        return Err(Refusal::new(Reason::RoleNotAllowed, "station")
            .with("allowed_station", AUTHORITY_STATION)
            .into());
    }
    let mut keys = station_keys(context, &rotation.station)?;
    let mut old = owned_key(context, &keys, &rotation.old_public_key, "old_public_key")?;
    if keys.keys.last() != Some(&rotation.old_public_key)
        || (old.revoked_index.is_some() && !recovers)
    {
        return Err(Refusal::new(Reason::StationUnknown, "old_public_key").into());
    }
    let new = KeyState {
        enrolled_index: context.placed.index.get(),
        last_sequence: 0,
        revoked_index: None,
        compromised_since_index: None,
        ..old.clone()
    };
    let end = End {
        key: &rotation.old_public_key,
        last_sequence: rotation.old_last_sequence,
        field: "old_last_sequence",
    };
    end_key(context, &end, &mut old)?;
    add_key(
        context,
        &mut keys,
        &rotation.new_public_key,
        &new,
        "new_public_key",
    )
}

fn revoke(context: &mut Context<'_>, revocation: &pb::Revocation) -> Result<(), RuleError> {
    context.require_role(&[pb::Role::Authority], "")?;
    fields::text(&revocation.reason, MAX_REASON_LEN, "reason")?;
    let keys = station_keys(context, &revocation.station)?;
    let mut key = owned_key(context, &keys, &revocation.public_key, "public_key")?;
    if let Some(index) = key.revoked_index {
        return Err(Refusal::new(Reason::KeyRevoked, "public_key")
            .with("revoked_at_index", index)
            .into());
    }
    let end = End {
        key: &revocation.public_key,
        last_sequence: revocation.last_sequence,
        field: "last_sequence",
    };
    end_key(context, &end, &mut key)
}

fn mark_compromised(context: &mut Context<'_>, mark: &pb::CompromiseMark) -> Result<(), RuleError> {
    context.require_role(&[pb::Role::Authority], "")?;
    fields::text(&mark.reason, MAX_REASON_LEN, "reason")?;
    let keys = station_keys(context, &mark.station)?;
    let mut key = owned_key(context, &keys, &mark.public_key, "public_key")?;
    let now = context.placed.index.get();
    if mark.since_index > now {
        return Err(Refusal::new(Reason::OutOfRange, "since_index")
            .with("most", now)
            .with("found", mark.since_index)
            .into());
    }
    key.compromised_since_index = Some(mark.since_index);
    context.store(&Key::PublicKey(&mark.public_key), &key);
    Ok(())
}

fn admitted_role(context: &Context<'_>, role: pb::Role) -> Result<(), RuleError> {
    fields::required(role != pb::Role::Unspecified, "role")?;
    let mut rules = context.rules.role_rules.iter();
    let admitted = rules.find(|rule| rule.role() == role);
    if admitted.is_some_and(|rule| rule.members.iter().any(|code| code == context.member())) {
        return Ok(());
    }
    Err(context.not_admitted(role, "role"))
}

fn station_keys(context: &Context<'_>, station: &str) -> Result<StationState, RuleError> {
    Ok(context
        .load(&Key::Station(context.member(), station))?
        .unwrap_or_default())
}

fn key_of(context: &Context<'_>, key: &[u8]) -> Result<KeyState, RuleError> {
    Ok(context.load(&Key::PublicKey(key))?.unwrap_or_default())
}

/// A key that belongs to the station.
fn owned_key(
    context: &Context<'_>,
    keys: &StationState,
    key: &[u8],
    field: &str,
) -> Result<KeyState, RuleError> {
    if keys.keys.iter().any(|known| known == key) {
        return key_of(context, key);
    }
    Err(Refusal::new(Reason::StationUnknown, field).into())
}

/// The end of a key, as a rotation or revocation states it.
struct End<'a> {
    key: &'a [u8],
    last_sequence: u64,
    field: &'static str,
}

/// The sequence stated must cover every record logged, this one too if the key ends itself. A higher one is a gap.
fn end_key(
    context: &mut Context<'_>,
    end: &End<'_>,
    state: &mut KeyState,
) -> Result<(), RuleError> {
    let ends_itself = end.key == context.placed.record.public_key.as_bytes();
    let logged = if ends_itself {
        context.message().sequence
    } else {
        state.last_sequence
    };
    if end.last_sequence < logged {
        return Err(Refusal::new(Reason::LastSequenceBehind, end.field)
            .with("least", logged)
            .with("found", end.last_sequence)
            .into());
    }
    if state.revoked_index.is_some() {
        return Ok(());
    }
    if end.last_sequence > logged {
        note_gap(context, end, state, logged)?;
    }
    count_holder(context, state, false)?;
    state.revoked_index = Some(context.placed.index.get());
    context.store(&Key::PublicKey(end.key), state);
    Ok(())
}

/// Lists a key that signed more than the log holds, or counts it when the list is full.
fn note_gap(
    context: &mut Context<'_>,
    end: &End<'_>,
    state: &KeyState,
    logged: u64,
) -> Result<(), RuleError> {
    let mut list: GapList = context.load(&Key::Gaps)?.unwrap_or_default();
    if list.gaps.len() < LISTED_GAPS {
        list.gaps.push(Gap {
            member: state.member.clone(),
            station: state.station.clone(),
            public_key: end.key.to_vec(),
            stated_last_sequence: end.last_sequence,
            logged_last_sequence: logged,
            ended_index: context.placed.index.get(),
        });
    } else {
        list.more = list.more.saturating_add(1);
    }
    context.store(&Key::Gaps, &list);
    Ok(())
}

fn add_key(
    context: &mut Context<'_>,
    keys: &mut StationState,
    key: &[u8],
    state: &KeyState,
    field: &str,
) -> Result<(), RuleError> {
    parse_key(key, field)?;
    if keys.keys.len() >= MAX_STATION_KEYS {
        return Err(Refusal::new(Reason::StationFull, "station")
            .with("limit", MAX_STATION_KEYS)
            .into());
    }
    if context.charter()?.log_key == key {
        return Err(Refusal::new(Reason::KeyReserved, field).into());
    }
    if context.load::<KeyState>(&Key::PublicKey(key))?.is_some() {
        return Err(Refusal::new(Reason::KeyEnrolled, field).into());
    }
    keys.keys.push(key.to_vec());
    context.store(&Key::Station(&state.member, &state.station), keys);
    context.store(&Key::PublicKey(key), state);
    count_holder(context, state, true)
}

/// Keeps the number of active keys of a member with a role that votes.
pub(super) fn count_holder(
    context: &mut Context<'_>,
    key: &KeyState,
    begins: bool,
) -> Result<(), RuleError> {
    let role = key.role();
    if !matches!(role, pb::Role::Authority | pb::Role::Commissioner) {
        return Ok(());
    }
    let list: Option<HolderList> = context.load(&Key::Holders(role))?;
    let mut holders = list.unwrap_or_default().holders;
    match (
        holders.binary_search_by(|holder| holder.member.cmp(&key.member)),
        begins,
    ) {
        (Ok(at), true) => holders[at].key_count = holders[at].key_count.saturating_add(1),
        (Ok(at), false) if holders[at].key_count > 1 => holders[at].key_count -= 1,
        (Ok(at), false) => drop(holders.remove(at)),
        (Err(at), true) => holders.insert(
            at,
            Holder {
                member: key.member.clone(),
                key_count: 1,
            },
        ),
        (Err(_), false) => {}
    }
    context.store(&Key::Holders(role), &HolderList { holders });
    Ok(())
}
