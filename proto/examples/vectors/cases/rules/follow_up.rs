//! FollowUp.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::commission::{activation, bytes, with_remedy};
use super::support::governance::{follow_up, reports};

const AUTHORITY: (&str, &str) = ("AAA", "authority");

pub(super) fn cases() -> Cases {
    let (mut log, remedy) = with_remedy();
    let in_part = pb::Activation {
        choice: pb::ActivationChoice::ApproveInPart.into(),
        measures: vec![2],
        ..activation(remedy)
    };
    let own = log
        .put("AAA", "authority", Body::Activation(in_part))
        .unwrap();
    let others = log
        .put("BBB", "authority", Body::Activation(activation(remedy)))
        .unwrap();
    let mut cases = Cases::after(
        &log,
        "An adopted remedy of two measures; AAA approves the second, BBB all.",
    );
    form(&mut cases, &log, own, others);
    measures(&mut cases, &log, own, others);
    evidence(&mut cases, log.clone(), own);
    newest(&mut cases, log, remedy, others);
    cases
}

fn form(cases: &mut Cases, log: &Log, own: RecordDigest, others: RecordDigest) {
    let mut good = cases.good(
        ("started", "Work on a measure has begun."),
        (log, AUTHORITY),
        (follow_up(own), Body::FollowUp),
        "follow_up",
    );
    good.refuses(
        "no-status",
        "A follow-up without a status.",
        |it| it.status = 0,
        (Reason::FieldRequired, "status"),
    );
    good.refuses(
        "text-too-long",
        "Remarks of 4,097 bytes.",
        |it| it.text = "x".repeat(4_097),
        (Reason::FieldTooLong, "text"),
    );
    good.refuses(
        "activation-unknown",
        "An activation that the log does not hold.",
        |it| it.activation = vec![1; 32],
        (Reason::ReferenceUnknown, "activation"),
    );
    good.refuses(
        "activation-of-other-type",
        "The charter as an activation.",
        |it| it.activation = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "activation"),
    );
    good.refuses(
        "activation-of-other-member",
        "Another member's activation.",
        |it| it.activation = bytes(others),
        (Reason::OtherMember, "activation"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor tells what its member did.",
        log,
        &log.record("AAA", "monitor", Body::FollowUp(follow_up(own))),
        (Reason::RoleNotAllowed, "follow_up"),
    );
}

fn measures(cases: &mut Cases, log: &Log, own: RecordDigest, others: RecordDigest) {
    let both = pb::FollowUp {
        measures: vec![1, 2],
        ..follow_up(others)
    };
    cases.accepts(
        "both-measures",
        "Both measures, where all are approved.",
        log,
        &log.record("BBB", "authority", Body::FollowUp(both)),
    );
    let all = pb::FollowUp {
        measures: Vec::new(),
        status: pb::FollowUpStatus::Done.into(),
        ..follow_up(own)
    };
    let mut good = cases.good(
        ("all-approved", "All measures that are approved."),
        (log, AUTHORITY),
        (all, Body::FollowUp),
        "follow_up",
    );
    good.refuses(
        "measures-order",
        "A measure named twice.",
        |it| it.measures = vec![2, 2],
        (Reason::ListOrder, "measures[1]"),
    );
    good.refuses(
        "measure-zero",
        "Measures are numbered from 1.",
        |it| it.measures = vec![0],
        (Reason::OutOfRange, "measures[0]"),
    );
    good.refuses(
        "measure-beyond-the-remedy",
        "A third measure of two.",
        |it| it.measures = vec![3],
        (Reason::OutOfRange, "measures[0]"),
    );
    good.refuses(
        "measure-not-approved",
        "A measure that the member left out.",
        |it| it.measures = vec![1],
        (Reason::NotApproved, "measures[0]"),
    );
}

fn evidence(cases: &mut Cases, mut log: Log, own: RecordDigest) {
    let report = log.put("AAA", "monitor", reports()).unwrap();
    let mut good = cases.good(
        ("failed", "The same member, later."),
        (&log, AUTHORITY),
        (
            pb::FollowUp {
                status: pb::FollowUpStatus::Failed.into(),
                ..follow_up(own)
            },
            Body::FollowUp,
        ),
        "follow_up",
    );
    good.refuses(
        "evidence-unknown",
        "Evidence that the log does not hold.",
        |it| it.evidence = vec![vec![1; 32]],
        (Reason::ReferenceUnknown, "evidence[0]"),
    );
    good.refuses(
        "evidence-of-other-type",
        "A report as evidence.",
        |it| it.evidence = vec![bytes(report)],
        (Reason::ReferenceType, "evidence[0]"),
    );
}

fn newest(cases: &mut Cases, mut log: Log, remedy: RecordDigest, first: RecordDigest) {
    let declines = pb::Activation {
        choice: pb::ActivationChoice::Decline.into(),
        supersedes: bytes(first),
        ..activation(remedy)
    };
    let second = log
        .put("BBB", "authority", Body::Activation(declines))
        .unwrap();
    cases.rejects(
        "activation-superseded",
        "An activation that the member has replaced.",
        &log,
        &log.record("BBB", "authority", Body::FollowUp(follow_up(first))),
        (Reason::ReferenceSuperseded, "follow_up.activation"),
    );
    cases.rejects(
        "activation-declines",
        "An activation that approves nothing.",
        &log,
        &log.record("BBB", "authority", Body::FollowUp(follow_up(second))),
        (Reason::NotApproved, "follow_up.activation"),
    );
}
