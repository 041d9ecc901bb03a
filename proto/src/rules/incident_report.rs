//! IncidentReport: what a station saw, or took over from a data set.
//!
//! Source: `proto/spec/rules.md`, "IncidentReport".

use super::context::Context;
use super::fields::{self, Check};
use super::model::body;
use super::placed::RuleError;
use super::{evidence_item, protocol_text};
use crate::limits::{
    MAX_BEARING, MAX_BEARING_ERROR, MAX_CALIBRE, MAX_DATASET_LEN, MAX_IDENTIFIER_LEN,
    MAX_IMPORTED_VALUE_LEN, MAX_LATITUDE, MAX_LONGITUDE, MAX_NAME_LEN, MAX_NARRATIVE_LEN,
    MAX_RADIUS_M, MAX_REASON_LEN,
};
use crate::pb;
use crate::pb::place::Location;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    report: &pb::IncidentReport,
) -> Result<(), RuleError> {
    check(context, report).map_err(|error| error.below("incident_report"))
}

/// Checks a report, here and inside a correction.
pub(super) fn check(context: &Context<'_>, report: &pb::IncidentReport) -> Result<(), RuleError> {
    check_what(report)?;
    check_times(context, report)?;
    if let Some(place) = &report.place {
        check_place(place).map_err(|refusal| refusal.below("place"))?;
    }
    check_details(report)?;
    check_source(report)?;
    check_imported(context, report)?;
    check_references(context, report)
}

fn check_what(report: &pb::IncidentReport) -> Check {
    fields::required(report.kind() != pb::IncidentKind::Unspecified, "kind")?;
    let other = report.kind() == pb::IncidentKind::Other;
    fields::exactly_when(
        other,
        !report.kind_text.is_empty(),
        "kind_text",
        "INCIDENT_KIND_OTHER",
    )?;
    fields::text(&report.kind_text, MAX_NAME_LEN, "kind_text")?;
    fields::required(report.domain() != pb::IncidentDomain::Unspecified, "domain")?;
    fields::required(!report.means.is_empty(), "means")?;
    fields::ascending(&report.means, |means| *means, "means")
}

fn check_times(context: &Context<'_>, report: &pb::IncidentReport) -> Result<(), RuleError> {
    fields::required(
        report.time_precision() != pb::TimePrecision::Unspecified,
        "time_precision",
    )?;
    fields::required(report.earliest_time > 0, "earliest_time")?;
    fields::time_order(report.earliest_time, report.latest_time, "latest_time")?;
    context.not_ahead(
        report.latest_time,
        context.message().created_time,
        "latest_time",
    )?;
    fields::text(&report.time_zone, MAX_IDENTIFIER_LEN, "time_zone")?;
    let to_the_second = report.time_precision() == pb::TimePrecision::Second;
    if to_the_second && report.clock_source() == pb::ClockSource::Manual {
        let refusal = Refusal::new(Reason::FieldNotAllowed, "time_precision");
        return Err(refusal
            .with("not_with", pb::ClockSource::Manual.as_str_name())
            .into());
    }
    let limit = context.rules.event_span;
    let span = report.latest_time - report.earliest_time;
    if span > limit && !report.period && report.imported.is_none() {
        let refusal = Refusal::new(Reason::SpanTooLong, "latest_time");
        return Err(refusal
            .with("limit_ms", limit)
            .with("found_ms", span)
            .into());
    }
    Ok(())
}

pub(super) fn check_place(place: &pb::Place) -> Check {
    fields::text(&place.name, MAX_NAME_LEN, "name")?;
    fields::text(&place.description, MAX_REASON_LEN, "description")?;
    fields::text(&place.admin_area_1, MAX_NAME_LEN, "admin_area_1")?;
    fields::text(&place.admin_area_2, MAX_NAME_LEN, "admin_area_2")?;
    match &place.location {
        None => Ok(()),
        Some(Location::Position(position)) => {
            check_position(position).map_err(|refusal| refusal.below("position"))
        }
        Some(Location::BearingFix(fix)) => {
            check_bearing(fix).map_err(|refusal| refusal.below("bearing_fix"))
        }
    }
}

fn check_position(position: &pb::Position) -> Check {
    fields::at_most(position.latitude.unsigned_abs(), MAX_LATITUDE, "latitude")?;
    fields::at_most(
        position.longitude.unsigned_abs(),
        MAX_LONGITUDE,
        "longitude",
    )?;
    if (position.latitude, position.longitude) == (0, 0) {
        return Err(Refusal::new(Reason::PositionZero, ""));
    }
    fields::range(position.radius_m, 1, MAX_RADIUS_M, "radius_m")?;
    fields::required(position.basis() != pb::PositionBasis::Unspecified, "basis")?;
    let reference = position.altitude_reference() != pb::AltitudeReference::Unspecified;
    fields::exactly_when(
        position.altitude_m.is_some(),
        reference,
        "altitude_reference",
        "altitude_m",
    )
}

fn check_bearing(fix: &pb::BearingFix) -> Check {
    fields::digest(&fix.observer_commitment, "observer_commitment")?;
    fields::at_most(fix.bearing, MAX_BEARING, "bearing")?;
    fields::at_most(fix.bearing_error, MAX_BEARING_ERROR, "bearing_error")?;
    fields::absent_unless(
        fix.distance_m.is_some(),
        fix.distance_error_m > 0,
        "distance_error_m",
        "distance_m",
    )
}

fn check_details(report: &pb::IncidentReport) -> Check {
    if let Some(count) = &report.count {
        check_count(count).map_err(|refusal| refusal.below("count"))?;
    }
    if let Some(weapon) = &report.weapon {
        check_weapon(weapon, &report.means).map_err(|refusal| refusal.below("weapon"))?;
    }
    if let Some(direction) = &report.direction {
        check_direction(direction).map_err(|refusal| refusal.below("direction"))?;
    }
    fields::ascending(
        &report.casualties,
        |count| (count.harm, count.group),
        "casualties",
    )?;
    fields::each(&report.casualties, "casualties", |count| {
        check_casualties(count, report.imported.is_some())
    })?;
    fields::each(&report.damage, "damage", |damage| {
        fields::filled_text(&damage.text, MAX_REASON_LEN, "text")?;
        fields::optional_hash(&damage.facility_commitment, "facility_commitment")
    })?;
    fields::text(&report.narrative, MAX_NARRATIVE_LEN, "narrative")
}

fn check_count(count: &pb::Count) -> Check {
    fields::required(count.kind() != pb::CountKind::Unspecified, "kind")?;
    let known = count.kind() != pb::CountKind::NotKnown;
    fields::exactly_when(known, count.number > 0, "number", "a count that is known")?;
    fields::required(count.unit() != pb::CountUnit::Unspecified, "unit")
}

fn check_weapon(weapon: &pb::Weapon, means: &[i32]) -> Check {
    fields::required(weapon.class() != pb::WeaponClass::Unspecified, "class")?;
    fields::at_most(weapon.calibre, MAX_CALIBRE, "calibre")?;
    fields::required(
        weapon.certainty() != pb::Certainty::Unspecified,
        "certainty",
    )?;
    let only_heard = means == [i32::from(pb::Means::Heard)];
    if only_heard && weapon.certainty() == pb::Certainty::Confirmed {
        return Err(Refusal::new(Reason::FieldNotAllowed, "certainty")
            .with("by_sound_alone", "CERTAINTY_ASSESSED"));
    }
    Ok(())
}

fn check_direction(direction: &pb::Direction) -> Check {
    fields::required(
        direction.movement() != pb::Movement::Unspecified,
        "movement",
    )?;
    fields::at_most(direction.from.unwrap_or(0), MAX_BEARING, "from")?;
    fields::at_most(direction.to.unwrap_or(0), MAX_BEARING, "to")
}

/// An imported report that breaks the order of the estimates is kept as it was published; readers flag it.
fn check_casualties(count: &pb::CasualtyCount, imported: bool) -> Check {
    fields::required(count.harm() != pb::Harm::Unspecified, "harm")?;
    fields::required(count.group() != pb::PersonGroup::Unspecified, "group")?;
    if imported || is_ordered(count) {
        return Ok(());
    }
    let field = if count.low > count.best {
        "low"
    } else {
        "high"
    };
    Err(Refusal::new(Reason::CasualtyRange, field)
        .with("low", count.low)
        .with("best", count.best)
        .with("high", count.high))
}

/// Tells whether low ≤ best ≤ high.
#[must_use]
pub fn is_ordered(count: &pb::CasualtyCount) -> bool {
    count.low <= count.best && count.best <= count.high
}

fn check_source(report: &pb::IncidentReport) -> Check {
    let reliability = report.source_reliability() != pb::SourceReliability::Unspecified;
    let credibility = report.information_credibility() != pb::InformationCredibility::Unspecified;
    fields::exactly_when(
        reliability,
        credibility,
        "information_credibility",
        "source_reliability",
    )
}

fn check_imported(context: &Context<'_>, report: &pb::IncidentReport) -> Result<(), RuleError> {
    let Some(imported) = &report.imported else {
        return Ok(());
    };
    context.require_role(&[pb::Role::Monitor], "imported")?;
    let check = || -> Check {
        fields::filled_text(&imported.dataset, MAX_DATASET_LEN, "dataset")?;
        fields::filled_text(&imported.version, MAX_IDENTIFIER_LEN, "version")?;
        fields::filled_text(&imported.row, MAX_DATASET_LEN, "row")?;
        fields::each(&imported.fields, "fields", |field| {
            fields::filled_text(&field.name, MAX_DATASET_LEN, "name")?;
            fields::text(&field.value, MAX_IMPORTED_VALUE_LEN, "value")
        })
    };
    Ok(check().map_err(|refusal| refusal.below("imported"))?)
}

fn check_references(context: &Context<'_>, report: &pb::IncidentReport) -> Result<(), RuleError> {
    if !report.apparent_origin.is_empty() {
        context.require_role(&[pb::Role::Monitor], "apparent_origin")?;
        context.known_party(&report.apparent_origin, "apparent_origin")?;
    }
    check_clauses(context, &report.clause_references, "clause_references")?;
    evidence_item::check_references(context, &report.evidence)?;
    for (position, relation) in report.relations.iter().enumerate() {
        let field = format!("relations[{position}]");
        fields::required(
            relation.kind() != pb::RelationKind::Unspecified,
            &format!("{field}.kind"),
        )?;
        let reports = [body::INCIDENT_REPORT, body::CORRECTION];
        context.reference(&relation.target, &reports, &format!("{field}.target"))?;
    }
    Ok(())
}

/// Checks references to clauses of agreed texts.
pub(super) fn check_clauses(
    context: &Context<'_>,
    clauses: &[pb::ClauseReference],
    field: &str,
) -> Result<(), RuleError> {
    for (position, clause) in clauses.iter().enumerate() {
        protocol_text::check_clause(context, clause)
            .map_err(|error| error.below(&format!("{field}[{position}]")))?;
    }
    Ok(())
}
