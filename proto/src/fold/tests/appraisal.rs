//! Checks by other members, and statements of parties.

use super::support::{HOUR, Log, report};
use crate::fold::{Standing, Weight};
use crate::hash::RecordDigest;
use crate::pb::CorrectionReason::LateInformation;
use crate::pb::CorroborationResult::{CannotAssess, Confirm, Contradict, Partial};

/// Where an incident stands, whether an earlier version was corroborated, and what each check counts for.
fn appraised(log: &Log, report: RecordDigest) -> (Standing, bool, Vec<Weight>) {
    let incident = log.fold.incident(&report).unwrap();
    let appraisal = incident.appraisal(&log.fold).unwrap();
    let weights = appraisal.checks.iter().map(|check| check.weight).collect();
    (
        appraisal.standing,
        appraisal.earlier_version_corroborated,
        weights,
    )
}

#[test]
fn a_check_counts_for_the_version_that_it_names() {
    let mut log = Log::new();
    let report_digest = log.report("first");
    let told = |log: &Log| appraised(log, report_digest);
    assert_eq!(told(&log), (Standing::Uncorroborated, false, vec![]));
    log.check(1, report_digest, Partial);
    log.check(2, report_digest, CannotAssess);
    let (standing, _, weights) = told(&log);
    assert_eq!(standing, Standing::Uncorroborated);
    assert_eq!(weights, [Weight::Counts, Weight::Counts]);

    log.check(1, report_digest, Confirm);
    let (standing, earlier, weights) = told(&log);
    assert_eq!((standing, earlier), (Standing::Corroborated, false));
    assert_eq!(weights, [Weight::Replaced, Weight::Counts, Weight::Counts]);

    let corrected = log.correct(report_digest, LateInformation, report("second"));
    let (standing, earlier, weights) = told(&log);
    assert_eq!((standing, earlier), (Standing::Uncorroborated, true));
    assert_eq!(weights[2], Weight::EarlierVersion);

    log.check(2, corrected, Confirm);
    let (standing, earlier, weights) = told(&log);
    assert_eq!((standing, earlier), (Standing::Corroborated, false));
    let expected = [
        Weight::Replaced,
        Weight::EarlierVersion,
        Weight::EarlierVersion,
        Weight::Counts,
    ];
    assert_eq!(
        weights, expected,
        "a check of another version replaces none"
    );
}

#[test]
fn one_contradiction_that_counts_is_a_dispute() {
    let mut log = Log::new();
    let report = log.report("first");
    log.check(1, report, Confirm);
    log.check(2, report, Contradict);
    assert_eq!(appraised(&log, report).0, Standing::Disputed);
    log.check(2, report, Confirm);
    let (standing, _, weights) = appraised(&log, report);
    assert_eq!(
        standing,
        Standing::Corroborated,
        "the member has thought again"
    );
    assert_eq!(weights, [Weight::Counts, Weight::Replaced, Weight::Counts]);
}

#[test]
fn a_member_that_becomes_a_party_no_longer_counts() {
    let mut log = Log::new();
    let report = log.report("first");
    log.check(1, report, Confirm);
    let case = log.case(None, &[report]);
    assert_eq!(appraised(&log, report).0, Standing::Corroborated);
    log.case_with(Some(case), &[], "FRA");
    let told = appraised(&log, report);
    assert_eq!(told, (Standing::Uncorroborated, false, vec![Weight::Party]));
}

#[test]
fn a_statement_stands_beside_the_report_and_may_be_late() {
    let mut log = Log::new();
    let report = log.report("first");
    log.state(1, report);
    log.time += 48 * HOUR;
    log.state(2, report);
    let incident = log.fold.incident(&report).unwrap();
    let target = incident.stamp_of(report.as_bytes());
    let late = incident.statements().iter();
    let late: Vec<bool> = late
        .map(|said| said.is_late(target, &log.fold).unwrap())
        .collect();
    assert_eq!(late, [false, true]);
    assert_eq!(appraised(&log, report).0, Standing::Uncorroborated);
    assert!(incident.in_force().is_some());
}

#[test]
fn the_reply_window_ends_to_the_millisecond() {
    let mut log = Log::new();
    let report = log.report("first");
    let accepted = log
        .fold
        .incident(&report)
        .unwrap()
        .first()
        .stamp
        .accepted_time;
    log.time = accepted + 48 * HOUR - 1;
    log.state(1, report);
    log.time = accepted + 48 * HOUR;
    log.state(2, report);
    let incident = log.fold.incident(&report).unwrap();
    let target = incident.stamp_of(report.as_bytes());
    let said = incident.statements();
    assert_eq!(said[0].stamp.accepted_time, accepted + 48 * HOUR);
    assert!(!said[0].is_late(target, &log.fold).unwrap());
    assert!(said[1].is_late(target, &log.fold).unwrap());
}
