//! Scenes from real practice, and how the log reads after them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{asks_attribution, attribution, bytes, case, decision, vote};
use support::statements::{corroboration, coverage, summary, with_liaisons};
use support::{HOUR, Log, MEMBERS, START, report, withdrawal};
use trucelog_proto::fold::{
    BasisChange, Case, Counts, Fold, Incident, Interval, IntervalCount, Proposal, Recount,
    Standing, Watch, Weight, recount,
};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::Concur;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;

/// The log as of its first entries.
fn fold_at(log: &Log, size: usize) -> Fold {
    let mut fold = Fold::default();
    for entry in &log.entries[..size] {
        fold.append_entry(entry).unwrap();
    }
    fold
}

fn fold(log: &Log) -> Fold {
    fold_at(log, log.entries.len())
}

fn incident(fold: &Fold, digest: RecordDigest) -> &Incident {
    fold.incident(&digest).unwrap()
}

fn reports(log: &mut Log, member: &str, report: pb::IncidentReport) -> RecordDigest {
    log.now += 1;
    log.put(member, "monitor", Body::IncidentReport(report))
        .unwrap()
}

fn corrects(
    log: &mut Log,
    target: RecordDigest,
    reason: pb::CorrectionReason,
    report: pb::IncidentReport,
) -> RecordDigest {
    let correction = pb::Correction {
        target: bytes(target),
        reason: reason.into(),
        reason_text: String::new(),
        report: Some(report),
    };
    log.now += 1;
    log.put("AAA", "monitor", Body::Correction(correction))
        .unwrap()
}

fn groups(log: &mut Log, reports: Vec<RecordDigest>, parties: &[&str]) -> RecordDigest {
    log.now += 1;
    let case = Body::Case(case(reports, parties));
    log.put("BBB", "verifier", case).unwrap()
}

/// An attribution to PPP that all members concur in, with its decision.
fn attributes(log: &mut Log, case: RecordDigest) -> RecordDigest {
    let asked = asks_attribution(attribution(case, "PPP"));
    let proposal = log.put("AAA", "commissioner", asked).unwrap();
    let concurs = |member: &&str| {
        log.put(member, "commissioner", vote(proposal, Concur))
            .unwrap()
    };
    let votes: Vec<RecordDigest> = MEMBERS.iter().map(concurs).collect();
    let adopted = decision(proposal, pb::Outcome::Adopted, &votes);
    log.put("BBB", "commissioner", adopted).unwrap()
}

fn began_at(time_ms: u64) -> pb::IncidentReport {
    pb::IncidentReport {
        earliest_time: time_ms,
        latest_time: time_ms,
        ..report()
    }
}

fn only_case(fold: &Fold) -> &Case {
    let [case] = fold.cases() else {
        panic!("one case");
    };
    case
}

fn only_proposal(fold: &Fold) -> &Proposal {
    let [proposal] = fold.proposals() else {
        panic!("one proposal");
    };
    proposal
}

#[test]
fn a_report_is_withdrawn_after_a_decision_relied_on_it() {
    let mut log = with_liaisons();
    let report = reports(&mut log, "AAA", report());
    let case = groups(&mut log, vec![report], &["PPP"]);
    attributes(&mut log, case);
    let before = log.entries.len();
    log.put("AAA", "monitor", withdrawal(report)).unwrap();

    let then = fold_at(&log, before);
    assert_eq!(only_proposal(&then).basis_marks(&then).unwrap(), []);
    let now = fold(&log);
    let proposal = only_proposal(&now);
    let [mark] = proposal.basis_marks(&now).unwrap().try_into().unwrap();
    assert_eq!((mark.report, mark.change), (report, BasisChange::Withdrawn));
    assert!(!mark.before_decision);
    assert!(
        proposal.is_adopted(),
        "a decision is not undone by its author's witness"
    );
    let times = only_case(&now).times(&now).unwrap();
    assert_eq!(times.first_breach.in_force, None);
    assert_eq!(
        times.first_breach.first_claimed.unwrap().stated_by.digest,
        report
    );
    assert!(times.attribution.in_force.is_some());
}

#[test]
fn a_correction_changes_the_actor_of_a_decided_case() {
    let mut log = with_liaisons();
    let named = pb::IncidentReport {
        apparent_origin: "PPP".to_owned(),
        ..report()
    };
    let first = reports(&mut log, "AAA", named.clone());
    let case = groups(&mut log, vec![first], &["PPP"]);
    attributes(&mut log, case);
    let other = pb::IncidentReport {
        apparent_origin: "CCC".to_owned(),
        ..named
    };
    corrects(&mut log, first, pb::CorrectionReason::Actor, other);

    let now = fold(&log);
    let [mark] = only_proposal(&now)
        .basis_marks(&now)
        .unwrap()
        .try_into()
        .unwrap();
    let BasisChange::Changed(changed) = mark.change else {
        panic!("the report was not withdrawn");
    };
    let told: Vec<String> = changed
        .iter()
        .map(|change| {
            let value = |value: &Option<_>| value.as_ref().map(ToString::to_string);
            format!(
                "{}: {:?} {:?}",
                change.path,
                value(&change.old),
                value(&change.new)
            )
        })
        .collect();
    assert_eq!(told, [r#"apparent_origin: Some("PPP") Some("CCC")"#]);
    assert_eq!(incident(&now, first).first().report.apparent_origin, "PPP");
    let proposal = only_proposal(&now);
    assert_eq!(
        proposal.state().party,
        "PPP",
        "the decision stands as it was made"
    );
}

#[test]
fn a_late_upload_predates_the_first_breach() {
    let mut log = with_liaisons();
    let first = reports(&mut log, "AAA", began_at(START - HOUR));
    let founded = groups(&mut log, vec![first], &["PPP"]);
    let late = reports(&mut log, "CCC", began_at(START - 20 * HOUR));
    let extension = Body::Case(pb::Case {
        extends: bytes(founded),
        reports: vec![bytes(late)],
        ..pb::Case::default()
    });
    log.put("BBB", "verifier", extension).unwrap();

    let now = fold(&log);
    let times = only_case(&now).times(&now).unwrap();
    let in_force = times.first_breach.in_force.unwrap();
    let first_claimed = times.first_breach.first_claimed.unwrap();
    assert_eq!(
        (in_force.time_ms, in_force.stated_by.digest),
        (START - 20 * HOUR, late)
    );
    assert_eq!(
        (first_claimed.time_ms, first_claimed.stated_by.digest),
        (START - HOUR, first)
    );
    let [clock] = times.clocks.try_into().unwrap();
    assert_eq!(clock.due_ms, Some(START + 4 * HOUR));
    assert_eq!(clock.first_claimed_due_ms, Some(START + 23 * HOUR));
    let [moved] = times.breach_moves.try_into().unwrap();
    assert_eq!(
        moved.index.get(),
        log.size() - 1,
        "the Case record that added it"
    );
    let before = fold_at(&log, log.entries.len() - 1);
    let before = only_case(&before).clocks(&before).unwrap();
    assert_eq!(
        before[0].due_ms,
        Some(START + 23 * HOUR),
        "no later entry changes that"
    );
}

#[test]
fn a_member_that_is_a_party_cannot_corroborate_itself() {
    let mut log = with_liaisons();
    let report = reports(&mut log, "AAA", report());
    let confirms = || Body::Corroboration(corroboration(report));
    log.put("CCC", "verifier", confirms()).unwrap();
    let own = log.record("AAA", "verifier", confirms());
    assert_eq!(log.judge(&own).unwrap_err().reason, Reason::OwnReport);
    let before = fold(&log);
    let appraisal = incident(&before, report).appraisal(&before).unwrap();
    assert_eq!(appraisal.standing, Standing::Corroborated);

    groups(&mut log, vec![report], &["CCC", "PPP"]);
    let again = log.record("CCC", "monitor", confirms());
    assert_eq!(log.judge(&again).unwrap_err().reason, Reason::PartyToCase);
    let now = fold(&log);
    let appraisal = incident(&now, report).appraisal(&now).unwrap();
    assert_eq!(appraisal.standing, Standing::Uncorroborated);
    assert_eq!(appraisal.checks[0].weight, Weight::Party);
    log.put("BBB", "verifier", confirms()).unwrap();
    let now = fold(&log);
    let appraisal = incident(&now, report).appraisal(&now).unwrap();
    assert_eq!(appraisal.standing, Standing::Corroborated);
}

#[test]
fn a_summary_does_not_match() {
    let mut log = with_liaisons();
    for minute in 0..28 {
        reports(&mut log, "AAA", began_at(START - HOUR + minute));
    }
    let size = log.size();
    let stated = pb::Summary {
        counts: vec![pb::SummaryCount {
            reports: 47,
            ..pb::SummaryCount::default()
        }],
        ..summary(size)
    };
    for _ in 28..47 {
        reports(&mut log, "AAA", began_at(START - HOUR));
    }
    log.put("BBB", "verifier", Body::Summary(stated)).unwrap();

    let now = fold(&log);
    let [written] = now.summaries() else {
        panic!("one summary");
    };
    let recounted = |fold: &Fold| {
        let lines = recount(&written.body, fold.incidents(), fold).unwrap();
        let [line]: [Recount; 1] = lines.try_into().unwrap();
        line
    };
    let then = recounted(&fold_at(&log, usize::try_from(size).unwrap()));
    assert_eq!((then.stated.reports, then.counted.reports), (47, 28));
    assert!(!then.matches());
    assert!(
        recounted(&now).matches(),
        "that is why the size that was counted decides"
    );
}

/// Instants at which days are cut at 19:30 in Kyiv around the end of summer time in 2021: on 29 and 30 October in
/// summer time, on 31 October and 1 November in winter time.
const CUTS: [u64; 4] = [
    1_635_525_000_000,
    1_635_611_400_000,
    1_635_701_400_000,
    1_635_787_800_000,
];

/// The incidents of each day. None of them is withdrawn.
fn counts(fold: &Fold, days: Vec<Interval>) -> Vec<IntervalCount> {
    let numbers = 0..days.len();
    let mut counts = Counts::new(days);
    for incident in fold.incidents() {
        counts.add(&incident.newest().report);
    }
    let of_day = |number| counts.rows_of_day(number).map(|row| row.count).sum();
    numbers.map(of_day).collect()
}

#[test]
fn the_hour_that_comes_twice_belongs_to_a_day_of_25_hours() {
    let days = Interval::between(&CUTS);
    let hours: Vec<u64> = days
        .iter()
        .map(|day| (day.end_ms - day.start_ms) / HOUR)
        .collect();
    assert_eq!(hours, [24, 25, 24]);
    let midnight_utc = 1_635_638_400_000;
    let mut log = with_liaisons();
    for time_ms in [
        midnight_utc + HOUR / 2,
        midnight_utc + HOUR + HOUR / 2,
        CUTS[2] - HOUR / 2,
        CUTS[2],
    ] {
        reports(&mut log, "AAA", began_at(time_ms));
    }
    let over_the_cut = pb::IncidentReport {
        earliest_time: CUTS[1] - HOUR,
        latest_time: CUTS[1] + HOUR,
        ..report()
    };
    reports(&mut log, "AAA", over_the_cut);

    let now = fold(&log);
    let counts: [IntervalCount; 3] = counts(&now, days).try_into().unwrap();
    let count = |certain, possible| IntervalCount { certain, possible };
    assert_eq!(counts, [count(0, 1), count(3, 4), count(1, 1)]);
}

#[test]
fn nothing_observed_says_something_only_while_the_sensor_is_up() {
    let mut log = with_liaisons();
    let down = pb::CoverageReport {
        earliest_time: START - 2 * HOUR,
        latest_time: START - HOUR,
        status: pb::CoverageStatus::Down.into(),
        observed_count: None,
        ..coverage()
    };
    for report in [coverage(), down] {
        log.put("AAA", "sensor", Body::CoverageReport(report))
            .unwrap();
    }
    let now = fold(&log);
    let [sensor] = now.sensors() else {
        panic!("one sensor");
    };
    let coverage = sensor.coverage();
    let hour = |before: u64| Interval {
        start_ms: START - before * HOUR,
        end_ms: START - (before - 1) * HOUR,
    };
    let read = |before| {
        let hour = hour(before);
        (
            counts(&now, vec![hour])[0].possible,
            Watch::of(&coverage, hour),
        )
    };
    let (up, down, unknown) = (read(3), read(2), read(1));
    assert_eq!(
        [up.0, down.0, unknown.0],
        [0; 3],
        "the counts alone tell nothing apart"
    );
    let complete = [up, down, unknown].map(|(_, watch)| watch.is_complete());
    assert_eq!(complete, [true, false, false]);
    assert_eq!((down.1.blind_ms, down.1.unknown_ms), (HOUR, 0));
    assert_eq!((unknown.1.blind_ms, unknown.1.unknown_ms), (0, HOUR));
    assert_eq!(coverage[0].body.observed_count, Some(0));
}
