//! IncidentReport.

use trucelog_proto::pb::{self, place::Location, record::Body};
use trucelog_proto::refusal::Reason::{
    CasualtyRange, FieldFormat, FieldNotAllowed, FieldRequired, FieldTooLong, ListOrder,
    OutOfRange, PartyUnknown, PositionZero, ReferenceType, ReferenceUnknown, RoleNotAllowed,
    SpanTooLong, TimeAhead, TimeOrder,
};

use super::support::statements::{photograph, with_liaisons};
use super::support::{HOUR, Log, START, report};
use super::{Cases, Good};

const MONITOR: (&str, &str) = ("AAA", "monitor");
const SENSOR: (&str, &str) = ("AAA", "sensor");

type Report = pb::IncidentReport;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    log.put("BBB", "monitor", Body::EvidenceItem(photograph()))
        .unwrap();
    log.put("BBB", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. BBB has registered a photograph and reported an explosion.",
    );
    what_and_when(&mut good(&mut cases, &log, "report", "An explosion."));
    positions(&mut cases, &log);
    bearings(&mut cases, &log);
    counts(&mut cases, &log);
    imports(&mut cases, &log);
    sensors(&mut cases, &log);
    references(&mut cases, &log);
    cases
}

/// A report that differs in nothing from any other but in its narrative.
fn good<'a>(
    cases: &'a mut Cases,
    log: &'a Log,
    name: &'static str,
    description: &str,
) -> Good<'a, Report> {
    good_with(cases, log, (name, description), |_| ())
}

fn good_with<'a>(
    cases: &'a mut Cases,
    log: &'a Log,
    (name, description): (&'static str, &str),
    change: impl FnOnce(&mut Report),
) -> Good<'a, Report> {
    let mut body = Report {
        narrative: description.to_owned(),
        ..report()
    };
    change(&mut body);
    cases.good(
        (name, description),
        (log, MONITOR),
        (body, Body::IncidentReport),
        "incident_report",
    )
}

fn what_and_when(good: &mut Good<'_, Report>) {
    good.refuses(
        "no-kind",
        "It does not say what happened.",
        |it| it.kind = 0,
        (FieldRequired, "kind"),
    );
    good.refuses(
        "no-kind-text",
        "Another kind, not told in words.",
        |it| it.kind = pb::IncidentKind::Other.into(),
        (FieldRequired, "kind_text"),
    );
    good.refuses(
        "kind-text",
        "A kind of the list, and words for another.",
        |it| "A bang.".clone_into(&mut it.kind_text),
        (FieldNotAllowed, "kind_text"),
    );
    good.refuses(
        "no-domain",
        "It does not say where.",
        |it| it.domain = 0,
        (FieldRequired, "domain"),
    );
    good.refuses(
        "no-means",
        "It does not say how it was observed.",
        |it| it.means.clear(),
        (FieldRequired, "means"),
    );
    good.refuses(
        "means-not-ascending",
        "Means out of order.",
        |it| it.means.reverse(),
        (ListOrder, "means[1]"),
    );
    good.refuses(
        "no-time-precision",
        "Times of unknown precision.",
        |it| it.time_precision = 0,
        (FieldRequired, "time_precision"),
    );
    good.refuses(
        "no-earliest-time",
        "No start.",
        |it| it.earliest_time = 0,
        (FieldRequired, "earliest_time"),
    );
    good.refuses(
        "ends-before-it-starts",
        "The end is a millisecond before the start.",
        |it| it.latest_time = it.earliest_time - 1,
        (TimeOrder, "latest_time"),
    );
    good.refuses(
        "ahead",
        "The end lies ahead of the station's own clock by more than the tolerance.",
        |it| it.latest_time = START + 300_001,
        (TimeAhead, "latest_time"),
    );
    good.refuses(
        "span-too-long",
        "An interval of 31 days that is not marked as a period.",
        |it| it.earliest_time = it.latest_time - 31 * 24 * HOUR,
        (SpanTooLong, "latest_time"),
    );
    good.refuses(
        "to-the-second-by-hand",
        "A watch that is read to the second.",
        |it| {
            it.time_precision = pb::TimePrecision::Second.into();
            it.clock_source = pb::ClockSource::Manual.into();
        },
        (FieldNotAllowed, "time_precision"),
    );
    good.refuses(
        "time-zone-too-long",
        "A zone of 65 bytes.",
        |it| it.time_zone = "Z".repeat(65),
        (FieldTooLong, "time_zone"),
    );
    good.refuses(
        "narrative-too-long",
        "A narrative of 8,193 bytes.",
        |it| it.narrative = "n".repeat(8_193),
        (FieldTooLong, "narrative"),
    );
    good.refuses(
        "credibility-without-reliability",
        "How credible, and not how reliable the source.",
        |it| it.source_reliability = 0,
        (FieldNotAllowed, "information_credibility"),
    );
    good.refuses(
        "reliability-without-credibility",
        "How reliable the source, and not how credible.",
        |it| it.information_credibility = 0,
        (FieldRequired, "information_credibility"),
    );
}

fn position(report: &mut Report) -> &mut pb::Position {
    match report.place.as_mut().unwrap().location.as_mut().unwrap() {
        Location::Position(position) => position,
        Location::BearingFix(_) => panic!("a bearing"),
    }
}

fn positions(cases: &mut Cases, log: &Log) {
    let named = ("equator", "A position on the equator.");
    let mut good = good_with(cases, log, named, |it| position(it).latitude = 0);
    good.refuses(
        "position-zero",
        "The position (0, 0).",
        |it| position(it).longitude = 0,
        (PositionZero, "place.position"),
    );
    good.refuses(
        "latitude-too-far-north",
        "A latitude beyond 90 degrees north.",
        |it| position(it).latitude = 900_000_001,
        (OutOfRange, "place.position.latitude"),
    );
    good.refuses(
        "latitude-too-far-south",
        "A latitude beyond 90 degrees south.",
        |it| position(it).latitude = -900_000_001,
        (OutOfRange, "place.position.latitude"),
    );
    good.refuses(
        "longitude-too-far-east",
        "A longitude beyond 180 degrees east.",
        |it| position(it).longitude = 1_800_000_001,
        (OutOfRange, "place.position.longitude"),
    );
    good.refuses(
        "longitude-least",
        "The least number that the field holds.",
        |it| position(it).longitude = i32::MIN,
        (OutOfRange, "place.position.longitude"),
    );
    good.refuses(
        "no-radius",
        "A position without its radius.",
        |it| position(it).radius_m = 0,
        (OutOfRange, "place.position.radius_m"),
    );
    good.refuses(
        "radius-too-large",
        "A radius of more than half the globe.",
        |it| position(it).radius_m = 20_100_001,
        (OutOfRange, "place.position.radius_m"),
    );
    good.refuses(
        "no-basis",
        "A position that stands for nothing said.",
        |it| position(it).basis = 0,
        (FieldRequired, "place.position.basis"),
    );
    good.refuses(
        "altitude-without-reference",
        "An altitude that does not say above what.",
        |it| position(it).altitude_m = Some(5),
        (FieldRequired, "place.position.altitude_reference"),
    );
    good.refuses(
        "reference-without-altitude",
        "Above what, and no altitude.",
        |it| position(it).altitude_reference = pb::AltitudeReference::Ground.into(),
        (FieldNotAllowed, "place.position.altitude_reference"),
    );
}

fn bearing(report: &mut Report) -> &mut pb::BearingFix {
    match report.place.as_mut().unwrap().location.as_mut().unwrap() {
        Location::BearingFix(fix) => fix,
        Location::Position(_) => panic!("a position"),
    }
}

fn bearings(cases: &mut Cases, log: &Log) {
    let named = (
        "bearing",
        "A bearing from a place that is only committed to.",
    );
    let fix = pb::BearingFix {
        observer_commitment: vec![7; 32],
        bearing: 3_599,
        bearing_error: 10,
        distance_m: Some(900),
        distance_error_m: 50,
    };
    let mut good = good_with(cases, log, named, |it| {
        it.place.as_mut().unwrap().location = Some(Location::BearingFix(fix));
    });
    good.refuses(
        "full-circle",
        "A bearing of 360 degrees.",
        |it| bearing(it).bearing = 3_600,
        (OutOfRange, "place.bearing_fix.bearing"),
    );
    good.refuses(
        "bearing-error-too-large",
        "An error of more than half a circle.",
        |it| bearing(it).bearing_error = 1_801,
        (OutOfRange, "place.bearing_fix.bearing_error"),
    );
    good.refuses(
        "no-observer",
        "A bearing from nowhere.",
        |it| bearing(it).observer_commitment.clear(),
        (FieldRequired, "place.bearing_fix.observer_commitment"),
    );
    good.refuses(
        "observer-short",
        "A commitment of 31 bytes.",
        |it| bearing(it).observer_commitment = vec![7; 31],
        (FieldFormat, "place.bearing_fix.observer_commitment"),
    );
    good.refuses(
        "error-of-no-distance",
        "The error of a distance that is not given.",
        |it| bearing(it).distance_m = None,
        (FieldNotAllowed, "place.bearing_fix.distance_error_m"),
    );
}

fn counts(cases: &mut Cases, log: &Log) {
    let named = ("damage", "A damaged facility, named by commitment.");
    let mut good = good_with(cases, log, named, |it| {
        it.damage = vec![pb::Damage {
            text: "A substation.".to_owned(),
            facility_commitment: vec![9; 32],
        }];
    });
    good.refuses(
        "no-count-kind",
        "A count that does not say how sure.",
        |it| it.count.as_mut().unwrap().kind = 0,
        (FieldRequired, "count.kind"),
    );
    good.refuses(
        "no-number",
        "An exact count without a number.",
        |it| it.count.as_mut().unwrap().number = 0,
        (FieldRequired, "count.number"),
    );
    good.refuses(
        "number-not-known",
        "A number that is not known.",
        |it| it.count.as_mut().unwrap().kind = pb::CountKind::NotKnown.into(),
        (FieldNotAllowed, "count.number"),
    );
    good.refuses(
        "no-unit",
        "A count of nothing said.",
        |it| it.count.as_mut().unwrap().unit = 0,
        (FieldRequired, "count.unit"),
    );
    good.refuses(
        "no-weapon-class",
        "A weapon of no class.",
        |it| it.weapon.as_mut().unwrap().class = 0,
        (FieldRequired, "weapon.class"),
    );
    good.refuses(
        "calibre-too-large",
        "A calibre of more than 500 mm.",
        |it| it.weapon.as_mut().unwrap().calibre = 50_001,
        (OutOfRange, "weapon.calibre"),
    );
    good.refuses(
        "weapon-confirmed-by-sound",
        "A weapon that is confirmed and was only heard.",
        |it| it.means.truncate(1),
        (FieldNotAllowed, "weapon.certainty"),
    );
    good.refuses(
        "low-above-best",
        "A lowest estimate above the best.",
        |it| it.casualties[0].low = 3,
        (CasualtyRange, "casualties[0].low"),
    );
    good.refuses(
        "best-above-high",
        "A best estimate above the highest.",
        |it| it.casualties[0].high = 1,
        (CasualtyRange, "casualties[0].high"),
    );
    good.refuses(
        "no-harm",
        "Casualties that came to no harm said.",
        |it| it.casualties[0].harm = 0,
        (FieldRequired, "casualties[0].harm"),
    );
    good.refuses(
        "no-group",
        "Casualties of no group.",
        |it| it.casualties[0].group = 0,
        (FieldRequired, "casualties[0].group"),
    );
    good.refuses(
        "casualties-twice",
        "The same harm and group twice.",
        |it| it.casualties.push(it.casualties[0]),
        (ListOrder, "casualties[1]"),
    );
    good.refuses(
        "no-damage-text",
        "Damage to nothing said.",
        |it| it.damage[0].text.clear(),
        (FieldRequired, "damage[0].text"),
    );
    good.refuses(
        "facility-short",
        "A commitment of 31 bytes.",
        |it| it.damage[0].facility_commitment = vec![9; 31],
        (FieldFormat, "damage[0].facility_commitment"),
    );
}

fn imported() -> pb::Imported {
    pb::Imported {
        dataset: "Example".to_owned(),
        version: "1".to_owned(),
        row: "77".to_owned(),
        fields: vec![pb::ImportedField {
            name: "side".to_owned(),
            value: "x".to_owned(),
        }],
    }
}

fn imports(cases: &mut Cases, log: &Log) {
    let named = (
        "imported",
        "An imported report keeps its estimates and its interval of a year as they were published.",
    );
    let mut good = good_with(cases, log, named, |it| {
        it.imported = Some(imported());
        it.casualties[0].low = 3;
        it.earliest_time -= 364 * 24 * HOUR;
    });
    good.refuses(
        "not-imported",
        "The same report, not imported.",
        |it| it.imported = None,
        (SpanTooLong, "latest_time"),
    );
    for (name, description, clear, field) in [
        (
            "no-dataset",
            "Imported from no data set.",
            (|it| it.dataset.clear()) as fn(&mut pb::Imported),
            "imported.dataset",
        ),
        (
            "no-version",
            "Imported from no version.",
            |it| it.version.clear(),
            "imported.version",
        ),
        (
            "no-row",
            "Imported from no row.",
            |it| it.row.clear(),
            "imported.row",
        ),
        (
            "no-column",
            "A column without a name.",
            |it| it.fields[0].name.clear(),
            "imported.fields[0].name",
        ),
    ] {
        let mutate = |it: &mut Report| clear(it.imported.as_mut().unwrap());
        good.refuses(name, description, mutate, (FieldRequired, field));
    }
}

fn sensors(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("sensor", "A sensor reports."),
        (log, SENSOR),
        (report(), Body::IncidentReport),
        "incident_report",
    );
    good.refuses(
        "imported-by-a-sensor",
        "A sensor takes a report over.",
        |it| it.imported = Some(imported()),
        (RoleNotAllowed, "imported"),
    );
    good.refuses(
        "origin-by-a-sensor",
        "A sensor names a party.",
        |it| "PPP".clone_into(&mut it.apparent_origin),
        (RoleNotAllowed, "apparent_origin"),
    );
}

fn references(cases: &mut Cases, log: &Log) {
    let first = log.last().as_bytes().to_vec();
    let named = (
        "follows",
        "Fire from the side of PPP that followed BBB's explosion.",
    );
    let relation = pb::Relation {
        kind: pb::RelationKind::Follows.into(),
        target: first.clone(),
    };
    let mut good = good_with(cases, log, named, |it| {
        "PPP".clone_into(&mut it.apparent_origin);
        it.relations = vec![relation];
    });
    good.refuses(
        "party-unknown",
        "Fire from the side of a party that the charter does not know.",
        |it| "QQQ".clone_into(&mut it.apparent_origin),
        (PartyUnknown, "apparent_origin"),
    );
    good.refuses(
        "no-relation",
        "A relation of no kind.",
        |it| it.relations[0].kind = 0,
        (FieldRequired, "relations[0].kind"),
    );
    good.refuses(
        "relation-unknown",
        "A relation to a record that the log does not hold.",
        |it| it.relations[0].target = vec![9; 32],
        (ReferenceUnknown, "relations[0].target"),
    );
    let charter = log.id.charter.as_bytes().to_vec();
    good.refuses(
        "relation-of-other-type",
        "A relation to the charter.",
        |it| it.relations[0].target = charter,
        (ReferenceType, "relations[0].target"),
    );
    good.refuses(
        "evidence-unknown",
        "Evidence that the log does not hold.",
        |it| it.evidence = vec![vec![9; 32]],
        (ReferenceUnknown, "evidence[0]"),
    );
    good.refuses(
        "evidence-of-other-type",
        "A report as evidence.",
        |it| it.evidence = vec![first],
        (ReferenceType, "evidence[0]"),
    );
}
