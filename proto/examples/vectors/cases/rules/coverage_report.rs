//! CoverageReport.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::statements::{coverage, with_liaisons};
use super::support::{HOUR, Log, START};
use crate::body;

const MINUTE: u64 = 60_000;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    let first = log.put("AAA", "sensor", Body::CoverageReport(coverage()));
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. Camera 4 of AAA was up from three hours ago until two hours ago.",
    );
    forms(&mut cases, &log);
    order(&mut cases, &log);
    restatements(&mut cases, log, first.unwrap());
    cases
}

/// The hour after the one that is stated.
fn next() -> pb::CoverageReport {
    pb::CoverageReport {
        earliest_time: START - 2 * HOUR,
        latest_time: START - HOUR,
        ..coverage()
    }
}

fn record(log: &Log, report: pb::CoverageReport) -> pb::Record {
    log.record("AAA", "sensor", Body::CoverageReport(report))
}

fn forms(cases: &mut Cases, log: &Log) {
    let good = record(log, next());
    let at = (log, &good);
    cases.accepts(
        "nothing-observed",
        "A camera that was up and saw nothing.",
        log,
        &good,
    );
    cases.refuses(
        "no-sensor",
        "A report on no sensor.",
        at,
        |it| body!(it, CoverageReport).sensor.clear(),
        (Reason::FieldRequired, "coverage_report.sensor"),
    );
    cases.refuses(
        "sensor-too-long",
        "The name of a sensor of 65 bytes.",
        at,
        |it| body!(it, CoverageReport).sensor = "s".repeat(65),
        (Reason::FieldTooLong, "coverage_report.sensor"),
    );
    cases.refuses(
        "no-earliest-time",
        "An interval without a start.",
        at,
        |it| body!(it, CoverageReport).earliest_time = 0,
        (Reason::FieldRequired, "coverage_report.earliest_time"),
    );
    cases.refuses(
        "empty-interval",
        "An interval that ends where it starts.",
        at,
        |it| body!(it, CoverageReport).latest_time = START - 2 * HOUR,
        (Reason::TimeOrder, "coverage_report.latest_time"),
    );
    cases.refuses(
        "ahead",
        "An interval that ends later than the tolerance allows.",
        at,
        |it| body!(it, CoverageReport).latest_time = START + 300_001,
        (Reason::TimeAhead, "coverage_report.latest_time"),
    );
    cases.refuses(
        "no-status",
        "A report without a status.",
        at,
        |it| body!(it, CoverageReport).status = 0,
        (Reason::FieldRequired, "coverage_report.status"),
    );
    for (name, description, status) in [
        (
            "observed-while-down",
            "A sensor that was down observed nothing, not zero incidents.",
            pb::CoverageStatus::Down,
        ),
        (
            "observed-without-access",
            "Monitors without access observed nothing, not zero incidents.",
            pb::CoverageStatus::AccessDenied,
        ),
    ] {
        cases.refuses(
            name,
            description,
            at,
            |it| body!(it, CoverageReport).status = status.into(),
            (Reason::FieldNotAllowed, "coverage_report.observed_count"),
        );
    }
    cases.refuses(
        "place-zero",
        "A place at (0, 0).",
        at,
        |it| {
            body!(it, CoverageReport).place.as_mut().unwrap().location =
                Some(pb::place::Location::Position(pb::Position {
                    radius_m: 10,
                    basis: pb::PositionBasis::Point.into(),
                    ..pb::Position::default()
                }));
        },
        (Reason::PositionZero, "coverage_report.place.position"),
    );
    cases.refuses(
        "text-too-long",
        "Remarks of 1,025 bytes.",
        at,
        |it| body!(it, CoverageReport).text = "t".repeat(1_025),
        (Reason::FieldTooLong, "coverage_report.text"),
    );
    cases.rejects(
        "by-a-verifier",
        "A verifier reports coverage.",
        log,
        &log.record("AAA", "verifier", Body::CoverageReport(next())),
        (Reason::RoleNotAllowed, "coverage_report"),
    );
}

fn order(cases: &mut Cases, log: &Log) {
    cases.refuses(
        "overlap",
        "An interval that begins a millisecond before the sensor's newest one ends.",
        (log, &record(log, next())),
        |it| body!(it, CoverageReport).earliest_time -= 1,
        (Reason::IntervalOverlap, "coverage_report.earliest_time"),
    );
    let same_hour = record(
        log,
        pb::CoverageReport {
            sensor: "camera 5".to_owned(),
            ..coverage()
        },
    );
    cases.accepts(
        "another-sensor",
        "The same hour of another camera.",
        log,
        &same_hour,
    );
    let of_other_member = log.record("BBB", "sensor", Body::CoverageReport(coverage()));
    cases.accepts(
        "another-member",
        "The same hour of a sensor of another member that has the same name.",
        log,
        &of_other_member,
    );
}

fn restatements(cases: &mut Cases, mut log: Log, first: RecordDigest) {
    let restated = pb::CoverageReport {
        latest_time: START - 3 * HOUR + 20 * MINUTE,
        status: pb::CoverageStatus::Jammed.into(),
        supersedes: first.as_bytes().to_vec(),
        ..coverage()
    };
    let good = log.record("AAA", "monitor", Body::CoverageReport(restated.clone()));
    let at = (&log, &good);
    cases.accepts(
        "restates",
        "The first twenty minutes, stated anew.",
        &log,
        &good,
    );
    cases.refuses(
        "supersedes-unknown",
        "It restates a record that the log does not hold.",
        at,
        |it| body!(it, CoverageReport).supersedes = vec![1; 32],
        (Reason::ReferenceUnknown, "coverage_report.supersedes"),
    );
    cases.refuses(
        "supersedes-of-other-type",
        "It restates the charter.",
        at,
        |it| body!(it, CoverageReport).supersedes = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "coverage_report.supersedes"),
    );
    cases.rejects(
        "supersedes-of-other-member",
        "It restates a report of another member.",
        &log,
        &log.record("BBB", "sensor", Body::CoverageReport(restated.clone())),
        (Reason::OtherMember, "coverage_report.supersedes"),
    );
    cases.refuses(
        "supersedes-of-other-sensor",
        "It restates a report of another sensor.",
        at,
        |it| body!(it, CoverageReport).sensor = String::from("camera 5"),
        (Reason::SensorDiffers, "coverage_report.sensor"),
    );
    cases.refuses(
        "restates-too-early",
        "It begins before what it restates.",
        at,
        |it| body!(it, CoverageReport).earliest_time -= 1,
        (Reason::TimeOrder, "coverage_report.earliest_time"),
    );
    cases.refuses(
        "restates-too-late",
        "It ends after what it restates.",
        at,
        |it| body!(it, CoverageReport).latest_time = START - 2 * HOUR + 1,
        (Reason::IntervalOverlap, "coverage_report.latest_time"),
    );
    log.put_record(&good).unwrap();
    let rest = pb::CoverageReport {
        earliest_time: restated.latest_time,
        latest_time: START - 2 * HOUR,
        ..restated
    };
    let rest = record(&log, rest);
    cases.accepts(
        "restates-the-rest",
        "The other forty minutes, stated anew.",
        &log,
        &rest,
    );
    cases.refuses(
        "restated-already",
        "The same again, from a millisecond before the end of what restates it already.",
        (&log, &rest),
        |it| body!(it, CoverageReport).earliest_time -= 1,
        (Reason::ReferenceSuperseded, "coverage_report.supersedes"),
    );
}
