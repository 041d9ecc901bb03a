//! Cases, proposals and remedies.

use super::support::{Log, attribution, paths, remedy, report};
use crate::fold::{Answer, BasisChange, ProposalStatus, Remedy, Views as _};
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;

#[test]
fn groups_reports_into_a_case_and_counts_votes() {
    let mut log = Log::new();
    let reports = [log.report("1"), log.report("2"), log.report("3")];
    let case = log.case(None, &reports[..2]);
    let extension = log.case(Some(case), &reports[1..]);
    let view = log.fold.case(&extension).unwrap();
    assert_eq!(view.digest(), case);
    assert_eq!(view.parties(), ["XAA"].into());
    assert_eq!(view.incident_names(), reports);
    let incidents = view.incidents(&log.fold).unwrap();
    assert!(incidents.iter().map(|i| i.digest()).eq(reports));

    let proposal = log.propose(attribution(case), None);
    log.vote(0, proposal, pb::VoteChoice::Concur);
    let status = |log: &Log| log.fold.proposal(&proposal).unwrap().status(log.fold.now());
    assert!(matches!(status(&log), ProposalStatus::Open { closes_ms } if closes_ms > log.time));
    log.vote(1, proposal, pb::VoteChoice::Dissent);
    let vote = log.vote(2, proposal, pb::VoteChoice::ConcurSeparately);
    assert_eq!(status(&log), ProposalStatus::AwaitingDecision);
    let tally = log.fold.proposal(&vote).unwrap().tally();
    assert_eq!((tally.concur, tally.dissent, tally.eligible), (2, 1, 3));
    assert_eq!(
        log.fold.proposal(&vote).unwrap().votes()[1].body.opinion,
        "Because."
    );
    log.decide(proposal, pb::Outcome::Adopted);
    assert_eq!(status(&log), ProposalStatus::Decided(pb::Outcome::Adopted));
}

#[test]
fn marks_a_basis_that_was_changed_or_withdrawn() {
    use pb::CorrectionReason::{Actor, Count, Time};
    let mut log = Log::new();
    let reports = [
        log.report("1"),
        log.report("2"),
        log.report("3"),
        log.report("later"),
    ];
    let case = log.case(None, &reports[..3]);
    let before = log.correct(reports[0], Time, report("before the proposal"));
    let proposal = log.propose(attribution(case), None);
    let mut moved = report("1");
    moved.earliest_time += 1;
    let changed = log.correct(before, Time, moved);
    for m in 0..3 {
        log.vote(m, proposal, pb::VoteChoice::Concur);
    }
    let decision = log.decide(proposal, pb::Outcome::Adopted);
    log.correct(reports[1], Count, report("2, but not its basis"));
    let actor = log.correct(reports[2], Actor, report("3, other actor"));
    let end = log.withdraw(actor);
    log.case(Some(case), &reports[3..]);
    log.withdraw(reports[3]);

    let index = |digest: RecordDigest| {
        let incident = log.fold.incident(&digest).unwrap();
        let mut stamps = incident.versions().map(|version| &version.stamp);
        let stamp = stamps.find(|stamp| stamp.digest == digest);
        stamp.map_or_else(
            || incident.withdrawal().unwrap().stamp.index,
            |stamp| stamp.index,
        )
    };
    let marks = log.fold.proposal(&decision).unwrap();
    let marks = marks.basis_marks(&log.fold).unwrap();
    let told: Vec<(RecordDigest, LeafIndex, Option<Vec<&str>>, bool)> = marks
        .iter()
        .map(|mark| {
            let fields = match &mark.change {
                BasisChange::Withdrawn => None,
                BasisChange::Changed(fields) => Some(paths(fields)),
            };
            (mark.report, mark.index, fields, mark.before_decision)
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                reports[0],
                index(changed),
                Some(vec!["earliest_time"]),
                true
            ),
            (reports[2], index(actor), Some(vec![]), false),
            (reports[2], index(end), None, false),
        ]
    );
}

#[test]
fn tells_what_each_member_did_about_each_measure() {
    let mut log = Log::new();
    let report = log.report("1");
    let case = log.case(None, &[report]);
    let basis = log.adopt(attribution(case), None);
    let decision = log.adopt(remedy(basis), None);
    let approve = |choice: pb::ActivationChoice| pb::Activation {
        decision: decision.as_bytes().to_vec(),
        choice: choice.into(),
        ..pb::Activation::default()
    };
    let mut pending = approve(pb::ActivationChoice::PendingProcedure);
    pending.procedure = "Bundestag".to_owned();
    let first = log.activate(0, pending);
    let mut part = approve(pb::ActivationChoice::ApproveInPart);
    part.measures = vec![2];
    part.supersedes = first.as_bytes().to_vec();
    let newest = log.activate(0, part);
    log.activate(2, approve(pb::ActivationChoice::Approve));

    let remedies: Vec<Remedy<'_>> = log.fold.remedies().unwrap();
    let [remedy] = remedies.as_slice() else {
        panic!("{remedies:?}");
    };
    assert_eq!(
        remedy
            .attribution
            .as_ref()
            .unwrap()
            .decision()
            .unwrap()
            .stamp
            .digest,
        basis
    );
    assert!(!remedy.stale);
    assert_eq!(remedy.responses[0].newest.unwrap().stamp.digest, newest);
    assert_eq!(remedy.proposal.activations().len(), 3);
    let answers: Vec<(&str, &[Answer])> = remedy
        .responses
        .iter()
        .map(|response| (response.member.as_str(), response.answers.as_slice()))
        .collect();
    assert_eq!(
        answers,
        [
            ("DEU", [Answer::LeftOut, Answer::Approved].as_slice()),
            ("FRA", &[Answer::None, Answer::None]),
            ("GBR", &[Answer::Approved, Answer::NotAsked]),
        ]
    );

    log.adopt(attribution(case), Some(basis));
    assert!(log.fold.remedies().unwrap()[0].stale);
}
