//! Summaries, recomputed.

use super::support::{HOUR, Log, START, report};
use crate::fold::{Fold, Recount, recount};
use crate::pb;
use crate::pb::CorroborationResult::Confirm;
use crate::pb::IncidentKind::{Explosion, Shot, Unspecified};
use crate::pb::record::Body;

fn count(kind: pb::IncidentKind, numbers: [u64; 4]) -> pb::SummaryCount {
    let [reports, cases, corroborated, withdrawn] = numbers;
    pb::SummaryCount {
        kind: kind.into(),
        reports,
        cases,
        corroborated,
        withdrawn,
    }
}

fn summary(size: u64, counts: Vec<pb::SummaryCount>) -> pb::Summary {
    pb::Summary {
        earliest_time: START - 24 * HOUR,
        latest_time: START,
        time_zone: "Europe/Kyiv".to_owned(),
        size,
        counts,
        ..pb::Summary::default()
    }
}

/// Writes a summary and recounts it at the size that it states.
fn recounted(log: &mut Log, summary: pb::Summary) -> Vec<Recount> {
    let size = usize::try_from(summary.size).unwrap();
    log.write(50, "DEU", "desk", Body::Summary(summary));
    let mut then = Fold::default();
    for entry in &log.entries[..size] {
        then.append_entry(entry).unwrap();
    }
    let summaries = log.fold.summaries();
    let last = &summaries.last().unwrap().body;
    recount(last, then.incidents(), &then).unwrap()
}

fn shot(area: &str, hours_before: u64) -> Body {
    let mut shot = report("a shot");
    shot.kind = pb::IncidentKind::Shot.into();
    shot.earliest_time = START - hours_before * HOUR;
    shot.place = Some(pb::Place {
        admin_area_1: area.to_owned(),
        ..pb::Place::default()
    });
    Body::IncidentReport(shot)
}

/// A log with two explosions in one case, one of them corroborated; a shot that was withdrawn; one of the day before.
fn busy() -> Log {
    let mut log = Log::new();
    let explosions = [log.report("1"), log.report("2")];
    log.check(1, explosions[0], Confirm);
    log.case(None, &explosions);
    let shot_digest = log.monitor(shot("Luhansk", 3));
    log.withdraw(shot_digest);
    log.monitor(shot("Donetsk", 30));
    log
}

#[test]
fn counts_reports_cases_corroborations_and_withdrawals() {
    let mut log = busy();
    let size = log.entries.len() as u64;
    let stated = vec![
        count(Unspecified, [2, 1, 1, 1]),
        count(Explosion, [2, 1, 1, 0]),
        count(Shot, [0, 0, 0, 1]),
    ];
    let lines = recounted(&mut log, summary(size, stated.clone()));
    assert!(lines.iter().all(Recount::matches), "{lines:?}");
    assert_eq!(
        lines.iter().map(|line| line.counted).collect::<Vec<_>>(),
        stated
    );
}

#[test]
fn a_number_that_differs_is_a_mismatch_of_its_line_only() {
    let mut log = busy();
    let size = log.entries.len() as u64;
    let stated = vec![
        count(Unspecified, [3, 1, 1, 1]),
        count(Explosion, [2, 1, 1, 0]),
    ];
    let lines = recounted(&mut log, summary(size, stated));
    let matches: Vec<bool> = lines.iter().map(Recount::matches).collect();
    assert_eq!(matches, [false, true]);
    assert_eq!((lines[0].stated.reports, lines[0].counted.reports), (3, 2));
}

#[test]
fn what_came_after_the_size_that_was_counted_is_no_mismatch() {
    let mut log = busy();
    let size = log.entries.len() as u64;
    log.report("after the summary was counted");
    let lines = recounted(
        &mut log,
        summary(size, vec![count(Explosion, [2, 1, 1, 0])]),
    );
    assert!(lines[0].matches(), "{lines:?}");
    let now = log.entries.len() as u64;
    let lines = recounted(&mut log, summary(now, vec![count(Explosion, [2, 1, 1, 0])]));
    assert_eq!(lines[0].counted.reports, 3);
}

#[test]
fn an_area_restricts_what_is_counted() {
    let mut log = busy();
    let size = log.entries.len() as u64;
    let mut of_area = summary(size, vec![count(Unspecified, [0, 0, 0, 1])]);
    of_area.admin_area_1 = "Luhansk".to_owned();
    let lines = recounted(&mut log, of_area);
    assert!(lines[0].matches(), "{lines:?}");
}
