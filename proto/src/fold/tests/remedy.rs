//! The table of members and measures.

use super::support::{HOUR, Log, START, attribution, bytes, remedy};
use crate::fold::{Overdue, Remedy, Views as _};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::ActivationChoice::{Approve, Decline, PendingProcedure};
use crate::pb::FollowUpStatus::{Done, Failed, Started};
use crate::pb::proposal::Question;
use crate::pb::record::Body;

/// A log with an adopted remedy whose measures belong to the first and second stage, with its decision.
fn with_remedy() -> (Log, RecordDigest) {
    let mut log = Log::new();
    let report = log.report("two hours before");
    let case = log.case(None, &[report]);
    let basis = log.adopt(attribution(case), None);
    let Question::Remedy(mut asked) = remedy(basis) else {
        panic!("a remedy");
    };
    asked.measures[0].stage = pb::ResponseStage::First.into();
    asked.measures[1].stage = pb::ResponseStage::Second.into();
    let decision = log.adopt(Question::Remedy(asked), None);
    (log, decision)
}

fn answer(
    log: &mut Log,
    m: u8,
    decision: RecordDigest,
    choice: pb::ActivationChoice,
) -> RecordDigest {
    let pending = choice == PendingProcedure;
    log.activate(
        m,
        pb::Activation {
            decision: bytes(decision),
            choice: choice.into(),
            procedure: if pending {
                "Bundestag".to_owned()
            } else {
                String::new()
            },
            ..pb::Activation::default()
        },
    )
}

fn act(
    log: &mut Log,
    m: u8,
    activation: RecordDigest,
    status: pb::FollowUpStatus,
    measures: &[u32],
) {
    let follow_up = pb::FollowUp {
        activation: bytes(activation),
        status: status.into(),
        measures: measures.to_vec(),
        ..pb::FollowUp::default()
    };
    log.authority_of(m, Body::FollowUp(follow_up));
}

fn owed(log: &Log) -> Vec<Vec<Option<Overdue>>> {
    let remedies = log.fold.remedies().unwrap();
    let remedy: &Remedy<'_> = &remedies[0];
    let now = log.fold.now();
    let owes = |response| {
        let positions = 0..remedy.measures.len();
        positions
            .map(move |position| remedy.overdue(response, position, now))
            .collect()
    };
    remedy.responses.iter().map(owes).collect()
}

#[test]
fn answers_and_acts_are_overdue_when_the_stage_has_ended() {
    use Overdue::{Action, Answer};
    let (mut log, decision) = with_remedy();
    let first_breach = START - 2 * HOUR;
    assert_eq!(
        log.fold.remedies().unwrap()[0].due_times,
        [
            Some(first_breach + 24 * HOUR),
            Some(first_breach + 48 * HOUR)
        ]
    );
    let approved = answer(&mut log, 0, decision, Approve);
    answer(&mut log, 1, decision, PendingProcedure);
    assert_eq!(owed(&log), vec![vec![None; 2]; 3], "no stage has ended");

    log.time = first_breach + 25 * HOUR;
    log.report("an hour after the first stage");
    let expected = [
        vec![Some(Action), None],
        vec![Some(Answer), None],
        vec![Some(Answer), None],
    ];
    assert_eq!(owed(&log), expected);

    log.time = first_breach + 49 * HOUR;
    act(&mut log, 0, approved, Started, &[1]);
    let expected = [
        vec![None, Some(Action)],
        vec![Some(Answer), Some(Answer)],
        vec![Some(Answer), None],
    ];
    assert_eq!(
        owed(&log),
        expected,
        "GBR is not asked for the second measure"
    );
    act(&mut log, 0, approved, Failed, &[]);
    answer(&mut log, 2, decision, Decline);
    let expected = [
        vec![Some(Action), Some(Action)],
        vec![Some(Answer), Some(Answer)],
        vec![None, None],
    ];
    assert_eq!(owed(&log), expected);
}

#[test]
fn shows_what_was_last_done_about_each_measure() {
    let (mut log, decision) = with_remedy();
    let approved = answer(&mut log, 0, decision, Approve);
    act(&mut log, 0, approved, Started, &[]);
    act(&mut log, 0, approved, Done, &[2]);
    let remedies = log.fold.remedies().unwrap();
    let last = |member: usize| {
        let acts = remedies[0].responses[member].follow_ups.iter();
        acts.map(|act| act.map(|act| act.body.status()))
            .collect::<Vec<_>>()
    };
    assert_eq!(last(0), [Some(Started), Some(Done)]);
    assert_eq!(last(1), [None, None]);
}

#[test]
fn a_moved_first_breach_moves_what_is_due() {
    let (mut log, _) = with_remedy();
    let report = log.fold.incidents()[0].digest();
    let mut earlier = super::support::report("five hours before");
    earlier.earliest_time = START - 5 * HOUR;
    log.correct(report, pb::CorrectionReason::Time, earlier);
    let remedies = log.fold.remedies().unwrap();
    assert_eq!(remedies[0].due_times[0], Some(START + 19 * HOUR));
}
