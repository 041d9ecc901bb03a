//! Every refusal of the rules: the reason and the field, and that the same record is accepted with only that field
//! mended.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{
    HOUR, Log, START, change, charter, charter_record, correction, enrolment, key, public, report,
    withdrawal,
};
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::record;
use trucelog_proto::refusal::Reason;

/// Asserts that `good` is accepted, and that `bad`, which differs in one field, is refused for it.
fn refuses(
    log: &Log,
    good: &pb::Record,
    mutate: impl FnOnce(&mut pb::Record),
    reason: Reason,
    field: &str,
) {
    log.judge(good)
        .unwrap_or_else(|refusal| panic!("the mended record is refused: {refusal}"));
    let mut bad = good.clone();
    mutate(&mut bad);
    assert_ne!(&bad, good, "the mutation changes nothing");
    let refusal = log.judge(&bad).expect_err("accepted");
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (reason, field),
        "{refusal}"
    );
}

/// The same, for a mutation of an incident report by a monitor.
fn refuses_report(mutate: impl FnOnce(&mut pb::IncidentReport), reason: Reason, field: &str) {
    let log = Log::staffed();
    let good = log.record("AAA", "monitor", Body::IncidentReport(report()));
    refuses(
        &log,
        &good,
        |record| mutate(report_of(record)),
        reason,
        &format!("incident_report.{field}"),
    );
}

fn report_of(record: &mut pb::Record) -> &mut pb::IncidentReport {
    match record.body.as_mut().unwrap() {
        Body::IncidentReport(report) => report,
        Body::Correction(correction) => correction.report.as_mut().unwrap(),
        _ => panic!("not a report"),
    }
}

#[test]
fn rejects_a_record_whose_envelope_is_wrong() {
    let mut log = Log::staffed();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let second = pb::IncidentReport {
        observer_count: 9,
        ..report()
    };
    let good = log.record("AAA", "monitor", Body::IncidentReport(second));
    refuses(
        &log,
        &good,
        |record| record.sequence = 3,
        Reason::SequenceGap,
        "sequence",
    );
    refuses(
        &log,
        &good,
        |record| record.sequence = 1,
        Reason::SequenceUsed,
        "sequence",
    );
    refuses(
        &log,
        &good,
        |record| record.created_time = 0,
        Reason::FieldRequired,
        "created_time",
    );
    refuses(
        &log,
        &good,
        |record| record.created_time += 300_001,
        Reason::TimeAhead,
        "created_time",
    );
    refuses(
        &log,
        &good,
        |record| record.replaces = vec![vec![1; 31]],
        Reason::FieldFormat,
        "replaces[0]",
    );
    let logged = first.as_bytes().to_vec();
    refuses(
        &log,
        &good,
        |record| record.replaces = vec![logged],
        Reason::ReplacesLogged,
        "replaces[0]",
    );
    let label = pb::Label {
        releasable_to: vec!["AAA".to_owned(), "BBB".to_owned()],
        ..pb::Label::default()
    };
    refuses(
        &log,
        &good,
        |record| record.label = Some(label),
        Reason::LabelNarrower,
        "label.releasable_to",
    );
    refuses(
        &log,
        &good,
        |record| record.body = None,
        Reason::FieldRequired,
        "body",
    );
}

#[test]
fn names_the_sequence_that_it_expects() {
    let log = Log::staffed();
    let mut record = log.record("AAA", "monitor", Body::IncidentReport(report()));
    record.sequence = 7;
    assert_eq!(
        log.judge(&record).unwrap_err().fact("expected_sequence"),
        Some("1")
    );
}

#[test]
fn rejects_keys_that_may_not_speak() {
    let log = Log::staffed();
    let good = log.record("AAA", "monitor", Body::IncidentReport(report()));
    let refused_for = |signed: pb::SignedRecord| log.clone().append(signed).unwrap_err().reason;
    assert!(log.clone().append(log.signed(&good)).is_ok());
    let stranger = record::sign(
        prost::Message::encode_to_vec(&good),
        &log.id,
        &key("stranger"),
    );
    assert_eq!(refused_for(stranger), Reason::KeyUnknown);
    let mut other_station = good.clone();
    other_station.station = "monitor-2".to_owned();
    let signed = record::sign(
        prost::Message::encode_to_vec(&other_station),
        &log.id,
        &key("AAA/monitor"),
    );
    assert_eq!(refused_for(signed), Reason::KeyOfOtherStation);
    let mut other_member = good.clone();
    other_member.member = "BBB".to_owned();
    let signed = record::sign(
        prost::Message::encode_to_vec(&other_member),
        &log.id,
        &key("AAA/monitor"),
    );
    assert_eq!(refused_for(signed), Reason::KeyOfOtherStation);
    let mut weak = log.signed(&good);
    weak.public_key = [[1].as_slice(), &[0; 31]].concat();
    assert_eq!(refused_for(weak), Reason::KeyWeak);
    let mut forged = log.signed(&good);
    forged.signature[0] ^= 1;
    assert_eq!(refused_for(forged), Reason::SignatureInvalid);
}

#[test]
fn rejects_a_record_again() {
    let mut log = Log::staffed();
    let record = log.record("AAA", "monitor", Body::IncidentReport(report()));
    log.put_record(&record).unwrap();
    assert_eq!(log.judge(&record).unwrap_err().reason, Reason::RecordLogged);
}

#[test]
fn rejects_a_body_of_another_role() {
    let log = Log::staffed();
    let body = || Body::IncidentReport(report());
    for station in ["verifier", "commissioner", "authority", "recovery"] {
        let refusal = log.judge(&log.record("AAA", station, body())).unwrap_err();
        assert_eq!(
            (refusal.reason, refusal.field.as_str()),
            (Reason::RoleNotAllowed, "incident_report"),
            "{station}"
        );
    }
    log.judge(&log.record("AAA", "sensor", body())).unwrap();
    let case = Body::Case(pb::Case::default());
    assert_eq!(
        log.judge(&log.record("AAA", "monitor", case))
            .unwrap_err()
            .reason,
        Reason::RoleNotAllowed
    );
}

#[test]
fn rejects_reports_that_do_not_say_what_when_or_how() {
    use Reason::{
        FieldNotAllowed, FieldRequired, FieldTooLong, ListOrder, SpanTooLong, TimeAhead, TimeOrder,
    };
    refuses_report(|report| report.kind = 0, FieldRequired, "kind");
    refuses_report(
        |report| report.kind = pb::IncidentKind::Other.into(),
        FieldRequired,
        "kind_text",
    );
    refuses_report(
        |report| report.kind_text = "x".to_owned(),
        FieldNotAllowed,
        "kind_text",
    );
    refuses_report(|report| report.domain = 0, FieldRequired, "domain");
    refuses_report(|report| report.means.clear(), FieldRequired, "means");
    refuses_report(|report| report.means.reverse(), ListOrder, "means[1]");
    refuses_report(
        |report| report.time_precision = 0,
        FieldRequired,
        "time_precision",
    );
    refuses_report(
        |report| report.earliest_time = 0,
        FieldRequired,
        "earliest_time",
    );
    refuses_report(
        |report| report.latest_time = report.earliest_time - 1,
        TimeOrder,
        "latest_time",
    );
    refuses_report(
        |report| report.latest_time = START + 300_001,
        TimeAhead,
        "latest_time",
    );
    refuses_report(
        |report| report.earliest_time -= 31 * 24 * HOUR,
        SpanTooLong,
        "latest_time",
    );
    refuses_report(
        |report| {
            report.time_precision = pb::TimePrecision::Second.into();
            report.clock_source = pb::ClockSource::Manual.into();
        },
        FieldNotAllowed,
        "time_precision",
    );
    refuses_report(
        |report| report.time_zone = "Z".repeat(65),
        FieldTooLong,
        "time_zone",
    );
    refuses_report(
        |report| report.narrative = "n".repeat(8_193),
        FieldTooLong,
        "narrative",
    );
    refuses_report(
        |report| report.source_reliability = 0,
        FieldNotAllowed,
        "information_credibility",
    );
    refuses_report(
        |report| report.information_credibility = 0,
        FieldRequired,
        "information_credibility",
    );
}

fn position(report: &mut pb::IncidentReport) -> &mut pb::Position {
    match report.place.as_mut().unwrap().location.as_mut().unwrap() {
        pb::place::Location::Position(position) => position,
        pb::place::Location::BearingFix(_) => panic!("a bearing"),
    }
}

#[test]
fn rejects_positions_that_cannot_be() {
    use Reason::{FieldNotAllowed, FieldRequired, OutOfRange, PositionZero};
    let at = |field: &str| format!("place.position{field}");
    refuses_report(
        |report| position(report).latitude = 900_000_001,
        OutOfRange,
        &at(".latitude"),
    );
    refuses_report(
        |report| position(report).latitude = -900_000_001,
        OutOfRange,
        &at(".latitude"),
    );
    refuses_report(
        |report| position(report).longitude = 1_800_000_001,
        OutOfRange,
        &at(".longitude"),
    );
    refuses_report(
        |report| position(report).longitude = i32::MIN,
        OutOfRange,
        &at(".longitude"),
    );
    refuses_report(
        |report| (position(report).latitude, position(report).longitude) = (0, 0),
        PositionZero,
        &at(""),
    );
    refuses_report(
        |report| position(report).radius_m = 0,
        OutOfRange,
        &at(".radius_m"),
    );
    refuses_report(
        |report| position(report).radius_m = 20_100_001,
        OutOfRange,
        &at(".radius_m"),
    );
    refuses_report(
        |report| position(report).basis = 0,
        FieldRequired,
        &at(".basis"),
    );
    refuses_report(
        |report| position(report).altitude_m = Some(5),
        FieldRequired,
        &at(".altitude_reference"),
    );
    refuses_report(
        |report| position(report).altitude_reference = 1,
        FieldNotAllowed,
        &at(".altitude_reference"),
    );
}

#[test]
fn accepts_a_position_on_the_equator() {
    let log = Log::staffed();
    let mut record = log.record("AAA", "monitor", Body::IncidentReport(report()));
    position(report_of(&mut record)).latitude = 0;
    log.judge(&record).unwrap();
}

#[test]
fn rejects_bearings_that_cannot_be() {
    let log = Log::staffed();
    let fix = pb::BearingFix {
        observer_commitment: vec![7; 32],
        bearing: 3_599,
        bearing_error: 10,
        distance_m: Some(900),
        distance_error_m: 50,
    };
    let mut good = log.record("AAA", "monitor", Body::IncidentReport(report()));
    report_of(&mut good).place.as_mut().unwrap().location =
        Some(pb::place::Location::BearingFix(fix));
    let refuses_fix = |mutate: fn(&mut pb::BearingFix), reason: Reason, field: &str| {
        let mutate = |record: &mut pb::Record| {
            let place = report_of(record).place.as_mut().unwrap();
            let Some(pb::place::Location::BearingFix(fix)) = place.location.as_mut() else {
                panic!("no bearing")
            };
            mutate(fix);
        };
        refuses(
            &log,
            &good,
            mutate,
            reason,
            &format!("incident_report.place.bearing_fix.{field}"),
        );
    };
    refuses_fix(|fix| fix.bearing = 3_600, Reason::OutOfRange, "bearing");
    refuses_fix(
        |fix| fix.bearing_error = 1_801,
        Reason::OutOfRange,
        "bearing_error",
    );
    refuses_fix(
        |fix| fix.observer_commitment.clear(),
        Reason::FieldRequired,
        "observer_commitment",
    );
    refuses_fix(
        |fix| fix.distance_m = None,
        Reason::FieldNotAllowed,
        "distance_error_m",
    );
}

#[test]
fn rejects_numbers_that_do_not_fit() {
    use Reason::{CasualtyRange, FieldNotAllowed, FieldRequired, OutOfRange};
    refuses_report(
        |report| report.count.as_mut().unwrap().kind = 0,
        FieldRequired,
        "count.kind",
    );
    refuses_report(
        |report| report.count.as_mut().unwrap().number = 0,
        FieldRequired,
        "count.number",
    );
    refuses_report(
        |report| report.count.as_mut().unwrap().kind = pb::CountKind::NotKnown.into(),
        FieldNotAllowed,
        "count.number",
    );
    refuses_report(
        |report| report.count.as_mut().unwrap().unit = 0,
        FieldRequired,
        "count.unit",
    );
    refuses_report(
        |report| report.weapon.as_mut().unwrap().class = 0,
        FieldRequired,
        "weapon.class",
    );
    refuses_report(
        |report| report.weapon.as_mut().unwrap().calibre = 50_001,
        OutOfRange,
        "weapon.calibre",
    );
    refuses_report(
        |report| report.means.truncate(1),
        FieldNotAllowed,
        "weapon.certainty",
    );
    refuses_report(
        |report| report.casualties[0].low = 3,
        CasualtyRange,
        "casualties[0].low",
    );
    refuses_report(
        |report| report.casualties[0].high = 1,
        CasualtyRange,
        "casualties[0].high",
    );
    refuses_report(
        |report| report.casualties[0].harm = 0,
        FieldRequired,
        "casualties[0].harm",
    );
    refuses_report(
        |report| report.casualties.push(report.casualties[0]),
        Reason::ListOrder,
        "casualties[1]",
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

#[test]
fn accepts_broken_estimates_and_long_intervals_only_when_imported() {
    let log = Log::staffed();
    let mut good = log.record("AAA", "monitor", Body::IncidentReport(report()));
    report_of(&mut good).imported = Some(imported());
    report_of(&mut good).casualties[0].low = 3;
    let not_imported = |record: &mut pb::Record| report_of(record).imported = None;
    refuses(
        &log,
        &good,
        not_imported,
        Reason::CasualtyRange,
        "incident_report.casualties[0].low",
    );
    report_of(&mut good).casualties[0].low = 1;
    report_of(&mut good).earliest_time -= 364 * 24 * HOUR;
    refuses(
        &log,
        &good,
        not_imported,
        Reason::SpanTooLong,
        "incident_report.latest_time",
    );
}

#[test]
fn rejects_what_a_sensor_may_not_say() {
    let log = Log::staffed();
    let good = log.record("AAA", "sensor", Body::IncidentReport(report()));
    let import = |record: &mut pb::Record| report_of(record).imported = Some(imported());
    refuses(
        &log,
        &good,
        import,
        Reason::RoleNotAllowed,
        "incident_report.imported",
    );
    let attribute = |record: &mut pb::Record| report_of(record).apparent_origin = "PPP".to_owned();
    refuses(
        &log,
        &good,
        attribute,
        Reason::RoleNotAllowed,
        "incident_report.apparent_origin",
    );
}

#[test]
fn rejects_references_to_nothing_or_to_the_wrong_type() {
    let mut log = Log::staffed();
    let first = log
        .put("BBB", "monitor", Body::IncidentReport(report()))
        .unwrap()
        .as_bytes()
        .to_vec();
    let mut good = log.record("AAA", "monitor", Body::IncidentReport(report()));
    report_of(&mut good).apparent_origin = "PPP".to_owned();
    report_of(&mut good).relations = vec![pb::Relation {
        kind: pb::RelationKind::Follows.into(),
        target: first.clone(),
    }];
    let at = |field: &str| format!("incident_report.{field}");
    let unknown = |record: &mut pb::Record| report_of(record).relations[0].target = vec![9; 32];
    refuses(
        &log,
        &good,
        unknown,
        Reason::ReferenceUnknown,
        &at("relations[0].target"),
    );
    let charter = log.id.charter.as_bytes().to_vec();
    let wrong = |record: &mut pb::Record| report_of(record).relations[0].target = charter;
    refuses(
        &log,
        &good,
        wrong,
        Reason::ReferenceType,
        &at("relations[0].target"),
    );
    let evidence = |record: &mut pb::Record| report_of(record).evidence = vec![first];
    refuses(
        &log,
        &good,
        evidence,
        Reason::ReferenceType,
        &at("evidence[0]"),
    );
    let party = |record: &mut pb::Record| report_of(record).apparent_origin = "QQQ".to_owned();
    refuses(
        &log,
        &good,
        party,
        Reason::PartyUnknown,
        &at("apparent_origin"),
    );
}

#[test]
fn rejects_corrections_that_do_not_hold() {
    let mut log = Log::staffed();
    let report = log
        .put("AAA", "sensor", Body::IncidentReport(report()))
        .unwrap();
    let good = log.record("AAA", "monitor", correction(report));
    let no_reason = |record: &mut pb::Record| body!(record, Correction).reason = 0;
    refuses(
        &log,
        &good,
        no_reason,
        Reason::FieldRequired,
        "correction.reason",
    );
    let other = |record: &mut pb::Record| {
        body!(record, Correction).reason = pb::CorrectionReason::Other.into();
    };
    refuses(
        &log,
        &good,
        other,
        Reason::FieldRequired,
        "correction.reason_text",
    );
    let no_report = |record: &mut pb::Record| body!(record, Correction).report = None;
    refuses(
        &log,
        &good,
        no_report,
        Reason::FieldRequired,
        "correction.report",
    );
    let bad_report = |record: &mut pb::Record| report_of(record).casualties[0].low = 9;
    refuses(
        &log,
        &good,
        bad_report,
        Reason::CasualtyRange,
        "correction.report.casualties[0].low",
    );
    let no_target = |record: &mut pb::Record| body!(record, Correction).target.clear();
    refuses(
        &log,
        &good,
        no_target,
        Reason::FieldRequired,
        "correction.target",
    );
    let foreign = log.record("BBB", "monitor", correction(report));
    let refusal = log.judge(&foreign).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::OtherMember, "correction.target")
    );
}

#[test]
fn names_the_version_to_correct_instead() {
    let mut log = Log::staffed();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let second = log.put("AAA", "monitor-2", correction(first)).unwrap();
    let refusal = log
        .judge(&log.record("AAA", "monitor", correction(first)))
        .unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::ReferenceSuperseded, "correction.target")
    );
    assert_eq!(
        refusal.fact("use_digest"),
        Some(second.to_string().as_str())
    );
    let third = log.put("AAA", "monitor", correction(second)).unwrap();
    log.put("AAA", "monitor", withdrawal(third)).unwrap();
    let refusal = log
        .judge(&log.record("AAA", "monitor", correction(third)))
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::ReferenceWithdrawn);
}

#[test]
fn rejects_withdrawals_that_do_not_hold() {
    let mut log = Log::staffed();
    let report = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let good = log.record("AAA", "monitor", withdrawal(report));
    let no_reason = |record: &mut pb::Record| body!(record, Withdrawal).reason = 0;
    refuses(
        &log,
        &good,
        no_reason,
        Reason::FieldRequired,
        "withdrawal.reason",
    );
    let other = |record: &mut pb::Record| {
        body!(record, Withdrawal).reason = pb::WithdrawalReason::Other.into();
    };
    refuses(
        &log,
        &good,
        other,
        Reason::FieldRequired,
        "withdrawal.reason_text",
    );
    let foreign = log
        .judge(&log.record("BBB", "monitor", withdrawal(report)))
        .unwrap_err();
    assert_eq!(foreign.reason, Reason::OtherMember);
    log.put_record(&good).unwrap();
    let again = log
        .judge(&log.record("AAA", "monitor", withdrawal(report)))
        .unwrap_err();
    assert_eq!(
        (again.reason, again.field.as_str()),
        (Reason::ReferenceWithdrawn, "withdrawal.target")
    );
}

fn rotation(station: &str, old: &str, last: u64, new: &str) -> Body {
    change(Change::Rotation(pb::Rotation {
        station: station.to_owned(),
        old_public_key: public(old),
        old_last_sequence: last,
        new_public_key: public(new),
    }))
}

fn revocation(station: &str, key: &str, last: u64) -> Body {
    change(Change::Revocation(pb::Revocation {
        station: station.to_owned(),
        public_key: public(key),
        last_sequence: last,
        reason: "lost".to_owned(),
    }))
}

fn enrolment_of(record: &mut pb::Record) -> &mut pb::Enrolment {
    match body!(record, StationChange).change.as_mut().unwrap() {
        Change::Enrolment(enrolment) => enrolment,
        _ => panic!("no enrolment"),
    }
}

#[test]
fn rejects_enrolments_that_do_not_hold() {
    let log = Log::staffed();
    let good = log.record(
        "AAA",
        "authority",
        enrolment("new", pb::Role::Monitor, "new"),
    );
    let at = |field: &str| format!("station_change.enrolment.{field}");
    let refuses_it = |mutate: &dyn Fn(&mut pb::Enrolment), reason: Reason, field: &str| {
        refuses(
            &log,
            &good,
            |record| mutate(enrolment_of(record)),
            reason,
            &at(field),
        );
    };
    refuses_it(
        &|it| it.station = "No".to_owned(),
        Reason::FieldFormat,
        "station",
    );
    refuses_it(
        &|it| it.station = "recovery".to_owned(),
        Reason::FieldFormat,
        "station",
    );
    refuses_it(
        &|it| it.station = "monitor".to_owned(),
        Reason::StationActive,
        "station",
    );
    refuses_it(&|it| it.role = 0, Reason::FieldRequired, "role");
    refuses_it(
        &|it| it.role = pb::Role::Operator.into(),
        Reason::RoleNotAdmitted,
        "role",
    );
    refuses_it(
        &|it| it.role = pb::Role::Investigator.into(),
        Reason::RoleNotAdmitted,
        "role",
    );
    refuses_it(
        &|it| it.public_key = public("AAA/monitor"),
        Reason::KeyEnrolled,
        "public_key",
    );
    refuses_it(
        &|it| it.public_key = public("operator"),
        Reason::KeyEnrolled,
        "public_key",
    );
    refuses_it(
        &|it| it.public_key = public("log"),
        Reason::KeyReserved,
        "public_key",
    );
    refuses_it(
        &|it| it.public_key = vec![0; 32],
        Reason::KeyWeak,
        "public_key",
    );
    refuses_it(
        &|it| it.public_key = vec![0xFF; 32],
        Reason::KeyMalformed,
        "public_key",
    );
}

#[test]
fn rejects_key_changes_that_do_not_hold() {
    let mut log = Log::staffed();
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let good = log.record(
        "AAA",
        "authority",
        rotation("monitor", "AAA/monitor", 1, "next"),
    );
    let behind = log.record(
        "AAA",
        "authority",
        rotation("monitor", "AAA/monitor", 0, "next"),
    );
    log.judge(&good).unwrap();
    let refusal = log.judge(&behind).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (
            Reason::LastSequenceBehind,
            "station_change.rotation.old_last_sequence"
        )
    );
    let foreign = log.record(
        "BBB",
        "authority",
        rotation("monitor", "AAA/monitor", 1, "next"),
    );
    assert_eq!(
        log.judge(&foreign).unwrap_err().reason,
        Reason::StationUnknown
    );
    let behind = log.record("AAA", "authority", revocation("monitor", "AAA/monitor", 0));
    assert_eq!(
        log.judge(&behind).unwrap_err().reason,
        Reason::LastSequenceBehind
    );
    let ahead = log.record("AAA", "authority", mark(u64::MAX));
    let refusal = log.judge(&ahead).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (
            Reason::OutOfRange,
            "station_change.compromise_mark.since_index"
        )
    );
    log.put("AAA", "authority", mark(3)).unwrap();
}

fn mark(since_index: u64) -> Body {
    change(Change::CompromiseMark(pb::CompromiseMark {
        station: "monitor".to_owned(),
        public_key: public("AAA/monitor"),
        since_index,
        reason: String::new(),
    }))
}

#[test]
fn a_revoked_key_speaks_no_more_and_its_past_stays() {
    let mut log = Log::staffed();
    let report_digest = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let next = log.record("AAA", "monitor", Body::IncidentReport(report()));
    log.judge(&next).unwrap();
    log.put("AAA", "authority", revocation("monitor", "AAA/monitor", 5))
        .unwrap();
    let refusal = log.judge(&next).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::KeyRevoked, "public_key")
    );
    log.put("AAA", "monitor-2", correction(report_digest))
        .unwrap();
    let again = log.record("AAA", "authority", revocation("monitor", "AAA/monitor", 5));
    assert_eq!(log.judge(&again).unwrap_err().reason, Reason::KeyRevoked);
    log.put(
        "AAA",
        "authority",
        enrolment("monitor", pb::Role::Monitor, "second"),
    )
    .unwrap();
}

#[test]
fn the_recovery_key_replaces_the_authority_key_and_nothing_else() {
    let mut log = Log::staffed();
    let other = log.record(
        "AAA",
        "recovery",
        rotation("monitor", "AAA/monitor", 1, "next"),
    );
    let refusal = log.judge(&other).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::RoleNotAllowed, "station_change.rotation.station")
    );
    let enrols = log.record(
        "AAA",
        "recovery",
        enrolment("new", pb::Role::Monitor, "new"),
    );
    assert_eq!(
        log.judge(&enrols).unwrap_err().reason,
        Reason::RoleNotAllowed
    );
    let last = log.stations[&("AAA".to_owned(), "authority".to_owned())].1;
    log.put(
        "AAA",
        "recovery",
        rotation("authority", "AAA/authority", last, "new authority"),
    )
    .unwrap();
    let old = log.record(
        "AAA",
        "authority",
        enrolment("new", pb::Role::Monitor, "new"),
    );
    assert_eq!(log.judge(&old).unwrap_err().reason, Reason::KeyRevoked);
    log.stations.insert(
        ("AAA".to_owned(), "authority".to_owned()),
        ("new authority".to_owned(), 0),
    );
    log.put(
        "AAA",
        "authority",
        enrolment("new", pb::Role::Monitor, "new"),
    )
    .unwrap();
}

#[test]
fn an_authority_rotates_itself() {
    let mut log = Log::staffed();
    let next = log.stations[&("AAA".to_owned(), "authority".to_owned())].1 + 1;
    let behind = log.record(
        "AAA",
        "authority",
        rotation("authority", "AAA/authority", next - 1, "new authority"),
    );
    assert_eq!(
        log.judge(&behind).unwrap_err().reason,
        Reason::LastSequenceBehind
    );
    log.put(
        "AAA",
        "authority",
        rotation("authority", "AAA/authority", next, "new authority"),
    )
    .unwrap();
    log.stations.insert(
        ("AAA".to_owned(), "authority".to_owned()),
        ("new authority".to_owned(), 0),
    );
    log.put(
        "AAA",
        "authority",
        enrolment("new", pb::Role::Monitor, "new"),
    )
    .unwrap();
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn rejects_charters_that_do_not_hold() {
    use Reason::{
        FieldFormat, FieldRequired, KeyEnrolled, KeyReserved, KeyUnknown, LabelNarrower, ListOrder,
        MemberUnknown, NotSupported, OutOfRange,
    };
    let refuses = |mutate: &dyn Fn(&mut pb::Charter), reason: Reason, field: &str| {
        let mut bad = charter();
        mutate(&mut bad);
        let refusal = Log::found(&charter_record(bad)).err().expect("accepted");
        assert_eq!(
            (refusal.reason, refusal.field),
            (reason, format!("charter.{field}"))
        );
    };
    assert!(Log::found(&charter_record(charter())).is_ok());
    refuses(
        &|it| it.origin = "other.example".to_owned(),
        FieldFormat,
        "log_key",
    );
    refuses(&|it| it.log_key = "x".to_owned(), FieldFormat, "log_key");
    let pq = |name: &str| {
        let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[1; 32]));
        VerifierKey::ml_dsa_44(name.parse().unwrap(), key).to_string()
    };
    let mut with_pq = charter();
    with_pq.log_key_pq = pq(&with_pq.origin);
    assert!(Log::found(&charter_record(with_pq)).is_ok());
    for wrong in ["x".to_owned(), pq("other.example"), charter().log_key] {
        refuses(
            &|it| it.log_key_pq.clone_from(&wrong),
            FieldFormat,
            "log_key_pq",
        );
    }
    refuses(
        &|it| it.operator_key = public("log"),
        KeyUnknown,
        "operator_key",
    );
    refuses(
        &|it| it.members[1].authority_key = public("log"),
        KeyReserved,
        "members[1].authority_key",
    );
    refuses(
        &|it| it.members[1].recovery_key = public("AAA/authority"),
        KeyEnrolled,
        "members[1].recovery_key",
    );
    refuses(&|it| it.purpose = 0, FieldRequired, "purpose");
    refuses(&|it| it.title.clear(), FieldRequired, "title");
    refuses(&|it| it.members.clear(), FieldRequired, "members");
    refuses(
        &|it| it.members[0].code = "aaa".to_owned(),
        FieldFormat,
        "members[0].code",
    );
    refuses(
        &|it| it.members[0].code = "OPERATOR".to_owned(),
        FieldFormat,
        "members[0].code",
    );
    refuses(&|it| it.members.swap(0, 1), ListOrder, "members[1]");
    refuses(
        &|it| it.release_set.truncate(2),
        LabelNarrower,
        "release_set",
    );
    refuses(&|it| it.rules = None, FieldRequired, "rules");
    let rules = |mutate: &dyn Fn(&mut pb::Rules), reason: Reason, field: &str| {
        refuses(
            &|it| mutate(it.rules.as_mut().unwrap()),
            reason,
            &format!("rules.{field}"),
        );
    };
    rules(&|it| it.rules_version = 2, NotSupported, "rules_version");
    rules(
        &|it| it.proposal_rules.swap(0, 1),
        ListOrder,
        "proposal_rules[1]",
    );
    rules(
        &|it| it.proposal_rules[0].quorum = support::fraction(4, 3),
        OutOfRange,
        "proposal_rules[0].quorum.numerator",
    );
    rules(
        &|it| it.proposal_rules[0].majority = None,
        FieldRequired,
        "proposal_rules[0].majority",
    );
    rules(
        &|it| it.proposal_rules[0].standard_of_proof = 0,
        FieldRequired,
        "proposal_rules[0].standard_of_proof",
    );
    rules(
        &|it| it.proposal_rules[1].electorate = pb::Role::Monitor.into(),
        FieldFormat,
        "proposal_rules[1].electorate",
    );
    rules(
        &|it| it.role_rules[0].role = pb::Role::Recovery.into(),
        FieldFormat,
        "role_rules[0].role",
    );
    rules(
        &|it| it.role_rules[0].members[0] = "ZZZ".to_owned(),
        ListOrder,
        "role_rules[0].members[1]",
    );
    rules(
        &|it| it.role_rules[0].members = vec!["ZZZ".to_owned()],
        MemberUnknown,
        "role_rules[0].members[0]",
    );
    rules(&|it| it.succession = None, FieldRequired, "succession");
    rules(
        &|it| it.stage_rules[0].duration = 0,
        FieldRequired,
        "stage_rules[0].duration",
    );
    rules(
        &|it| it.clock_tolerance = 0,
        FieldRequired,
        "clock_tolerance",
    );
}

#[test]
fn rejects_a_second_charter() {
    let mut log = Log::founded();
    let signed = record::sign(
        prost::Message::encode_to_vec(&charter_record(charter())),
        &record::LogId {
            charter: record::NO_CHARTER,
            ..log.id.clone()
        },
        &key("operator"),
    );
    assert_eq!(
        log.append(signed).unwrap_err().reason,
        Reason::CharterMisplaced
    );
}

#[test]
fn the_operator_writes_nothing_else() {
    let mut log = Log::founded();
    log.stations.insert(
        ("OPERATOR".to_owned(), "log".to_owned()),
        ("operator".to_owned(), 1),
    );
    let refusal = log
        .judge(&log.record("OPERATOR", "log", Body::IncidentReport(report())))
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::RoleNotAllowed);
}
