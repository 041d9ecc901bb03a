//! Coverage of sensors, and what silence says.

use super::support::{HOUR, Log, START, bytes, report};
use crate::fold::{Counts, Fold, IncidentFilter, Interval, IntervalCount, Sensor, Watch};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::CoverageStatus::{Degraded, Down, Up};
use crate::pb::record::Body;

/// Reports on a sensor from one hour to another before the start of the log.
fn cover(
    log: &mut Log,
    hours_before: (u64, u64),
    status: pb::CoverageStatus,
    supersedes: Option<RecordDigest>,
) -> RecordDigest {
    let report = pb::CoverageReport {
        sensor: "camera-1".to_owned(),
        earliest_time: START - hours_before.0 * HOUR,
        latest_time: START - hours_before.1 * HOUR,
        status: status.into(),
        observed_count: (status != Down).then_some(0),
        supersedes: supersedes.map_or_else(Vec::new, bytes),
        ..pb::CoverageReport::default()
    };
    log.monitor(Body::CoverageReport(report))
}

fn before(hours: (u64, u64)) -> Interval {
    Interval {
        start_ms: START - hours.0 * HOUR,
        end_ms: START - hours.1 * HOUR,
    }
}

fn told(sensor: &Sensor) -> Vec<(u64, u64, pb::CoverageStatus)> {
    let hours = |time| (START - time) / HOUR;
    let coverage = sensor.coverage();
    let told = coverage.iter().map(|report| {
        let report = &report.body;
        (
            hours(report.earliest_time),
            hours(report.latest_time),
            report.status(),
        )
    });
    told.collect()
}

#[test]
fn a_report_that_is_stated_anew_states_nothing_any_more() {
    let mut log = Log::new();
    let whole = cover(&mut log, (24, 12), Up, None);
    cover(&mut log, (12, 6), Degraded, None);
    let sensor = |log: &Log| log.fold.sensors()[0].clone();
    assert_eq!(told(&sensor(&log)), [(24, 12, Up), (12, 6, Degraded)]);
    let part = cover(&mut log, (20, 18), Down, Some(whole));
    cover(&mut log, (18, 14), Up, Some(whole));
    assert_eq!(
        told(&sensor(&log)),
        [(20, 18, Down), (18, 14, Up), (12, 6, Degraded)]
    );
    cover(&mut log, (19, 18), Down, Some(part));
    assert_eq!(
        told(&sensor(&log)),
        [(19, 18, Down), (18, 14, Up), (12, 6, Degraded)]
    );
    assert_eq!(log.fold.sensors().len(), 1);
    assert_eq!(sensor(&log).reports().len(), 5);
    assert_eq!(
        (sensor(&log).member(), sensor(&log).name()),
        ("DEU", "camera-1")
    );

    let watch = |hours| Watch::of(&sensor(&log).coverage(), before(hours));
    let expected = Watch {
        up_ms: 4 * HOUR,
        degraded_ms: 6 * HOUR,
        blind_ms: HOUR,
        unknown_ms: 13 * HOUR,
    };
    assert_eq!(watch((24, 0)), expected);
    assert!(watch((12, 6)).is_complete(), "working in part is working");
    assert!(!watch((19, 18)).is_complete(), "it was down");
    assert!(!watch((14, 12)).is_complete(), "nothing is known");
}

fn count(fold: &Fold, day: Interval) -> IntervalCount {
    let mut counts = Counts::new(vec![day]);
    for incident in fold.incidents() {
        if IncidentFilter::default().counts(incident, fold).unwrap() {
            counts.add(&incident.newest().report);
        }
    }
    counts.rows_of_day(0).map(|row| row.count).sum()
}

#[test]
fn counts_what_may_have_happened_and_what_did_for_certain() {
    let mut log = Log::new();
    let reported = log.report("from two hours before to one hour before");
    let count = |log: &Log, hours| count(&log.fold, before(hours));
    let counted = |certain, possible| IntervalCount { certain, possible };
    assert_eq!(count(&log, (3, 0)), counted(1, 1));
    assert_eq!(count(&log, (2, 1)), counted(0, 1), "the end is not in it");
    assert_eq!(count(&log, (1, 0)), counted(0, 1));
    assert_eq!(
        count(&log, (3, 2)),
        counted(0, 0),
        "the start is the next one's"
    );
    let corrected = log.correct(reported, pb::CorrectionReason::Time, {
        let mut moved = report("moved");
        moved.earliest_time = START - 5 * HOUR;
        moved.latest_time = START - 4 * HOUR;
        moved
    });
    assert_eq!(count(&log, (3, 0)), counted(0, 0));
    assert_eq!(count(&log, (6, 3)), counted(1, 1));
    log.withdraw(corrected);
    assert_eq!(count(&log, (6, 3)), counted(0, 0));
}
