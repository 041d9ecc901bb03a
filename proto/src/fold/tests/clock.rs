//! Times and clocks of a case.

use super::support::{HOUR, Log, START, attribution, report};
use crate::fold::{Milestone, Times};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::CorrectionReason::Time;
use crate::pb::CorroborationResult::Confirm;

fn times(log: &Log) -> Times {
    log.fold.cases()[0].times(&log.fold).unwrap()
}

/// In force and as first claimed: the time in hours before the start of the log, and the record that states it.
fn breach(milestone: &Milestone) -> [Option<(u64, RecordDigest)>; 2] {
    [&milestone.in_force, &milestone.first_claimed].map(|moment| {
        let moment = moment.as_ref()?;
        Some(((START - moment.time_ms) / HOUR, moment.stated_by.digest))
    })
}

fn stated(milestone: &Milestone) -> [Option<RecordDigest>; 2] {
    [&milestone.in_force, &milestone.first_claimed]
        .map(|moment| moment.as_ref().map(|moment| moment.stated_by.digest))
}

fn began(hours_before: u64) -> pb::IncidentReport {
    let mut report = report("moved");
    report.earliest_time = START - hours_before * HOUR;
    report.latest_time = report.earliest_time + HOUR;
    report
}

fn due_hours(times: &Times) -> Vec<(Option<u64>, Option<u64>)> {
    let hours = |due: Option<u64>| due.map(|due| (due + 100 * HOUR - START) / HOUR);
    let clocks = times.clocks.iter();
    clocks
        .map(|clock| (hours(clock.due_ms), hours(clock.first_claimed_due_ms)))
        .collect()
}

#[test]
fn a_correction_moves_the_clocks_and_both_values_stay() {
    let mut log = Log::new();
    let first = log.report("two hours before");
    log.case(None, &[first]);
    assert_eq!(breach(&times(&log).first_breach), [Some((2, first)); 2]);
    assert_eq!(times(&log).breach_moves, []);
    assert_eq!(
        due_hours(&times(&log)),
        [
            (Some(122), Some(122)),
            (Some(146), Some(146)),
            (Some(170), Some(170))
        ]
    );

    let corrected = log.correct(first, Time, began(5));
    let times = times(&log);
    assert_eq!(
        breach(&times.first_breach),
        [Some((5, corrected)), Some((2, first))]
    );
    assert_eq!(times.breach_moves.len(), 1);
    assert_eq!(times.breach_moves[0].index, log.index_of(corrected));
    assert_eq!(due_hours(&times)[0], (Some(119), Some(122)));
    let due = times.clocks[0].due_ms.unwrap();
    assert!(!times.clocks[0].has_run_out(due - 1));
    assert!(times.clocks[0].has_run_out(due));
}

#[test]
fn a_correction_before_the_case_hides_no_first_claim() {
    let mut log = Log::new();
    let first = log.report("two hours before");
    let corrected = log.correct(first, Time, began(1));
    let case = log.case(None, &[corrected]);
    let times = times(&log);
    assert_eq!(
        breach(&times.first_breach),
        [Some((1, corrected)), Some((2, first))]
    );
    assert_eq!(times.breach_moves[0].index, log.index_of(case));
}

#[test]
fn a_late_upload_moves_the_clocks_from_the_case_record_on() {
    let mut log = Log::new();
    let first = log.report("two hours before");
    let case = log.case(None, &[first]);
    let late = log.monitor_of(1, pb::record::Body::IncidentReport(began(7)));
    assert_eq!(breach(&times(&log).first_breach), [Some((2, first)); 2]);
    let extension = log.case(Some(case), &[late]);
    let times = times(&log);
    assert_eq!(
        breach(&times.first_breach),
        [Some((7, late)), Some((2, first))]
    );
    let moves: Vec<u64> = times
        .breach_moves
        .iter()
        .map(|moved| moved.index.get())
        .collect();
    assert_eq!(moves, [log.index_of(extension).get()]);
    assert_eq!(stated(&times.first_report), [Some(first), Some(first)]);
}

#[test]
fn a_withdrawal_takes_its_times_out_of_force() {
    let mut log = Log::new();
    let early = log.monitor(pb::record::Body::IncidentReport(began(9)));
    let other = log.report("two hours before");
    log.case(None, &[early, other]);
    let first_end = log.withdraw(early);
    let told = times(&log);
    assert_eq!(
        breach(&told.first_breach),
        [Some((2, other)), Some((9, early))]
    );
    assert_eq!(stated(&told.first_report), [Some(other), Some(early)]);
    let second_end = log.withdraw(other);
    let told = times(&log);
    assert_eq!(breach(&told.first_breach), [None, Some((9, early))]);
    assert_eq!(due_hours(&told)[0], (None, Some(115)));
    let moves: Vec<(u64, bool)> = told
        .breach_moves
        .iter()
        .map(|m| (m.index.get(), m.to.is_some()))
        .collect();
    let ends = [first_end, second_end].map(|end| log.index_of(end).get());
    assert_eq!(moves, [(ends[0], true), (ends[1], false)]);
    assert!(!told.clocks[0].has_run_out(u64::MAX));
}

#[test]
fn the_first_corroboration_in_force_is_independent_and_of_the_newest_version() {
    let mut log = Log::new();
    let first = log.report("first");
    let claimed = log.check(1, first, Confirm);
    let case = log.case(None, &[first]);
    assert_eq!(stated(&times(&log).first_corroboration), [Some(claimed); 2]);
    let corrected = log.correct(first, Time, began(3));
    assert_eq!(
        stated(&times(&log).first_corroboration),
        [None, Some(claimed)]
    );
    let counting = log.check(2, corrected, Confirm);
    assert_eq!(
        stated(&times(&log).first_corroboration),
        [Some(counting), Some(claimed)]
    );
    log.case_with(Some(case), &[], "GBR");
    assert_eq!(
        stated(&times(&log).first_corroboration),
        [None, Some(claimed)]
    );
}

#[test]
fn an_attribution_that_was_superseded_is_not_in_force() {
    let mut log = Log::new();
    let report = log.report("first");
    let case = log.case(None, &[report]);
    assert_eq!(stated(&times(&log).attribution), [None, None]);
    let first = log.adopt(attribution(case), None);
    assert_eq!(stated(&times(&log).attribution), [Some(first); 2]);
    let second = log.adopt(attribution(case), Some(first));
    assert_eq!(
        stated(&times(&log).attribution),
        [Some(second), Some(first)]
    );
}

#[test]
fn a_corroboration_of_a_withdrawn_report_is_not_in_force() {
    let mut log = Log::new();
    let reports = [log.report("first"), log.report("second")];
    let checks = reports.map(|report| log.check(1, report, Confirm));
    log.case(None, &reports);
    log.withdraw(reports[0]);
    let told = stated(&times(&log).first_corroboration);
    assert_eq!(told, [Some(checks[1]), Some(checks[0])]);
}
