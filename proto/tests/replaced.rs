//! Whoever refers to what stands no more is told what stands in its place.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{
    activation, adopt, asks_attribution, asks_remedy, attribution, bytes, case, refused, remedy,
    replacing, with_basis_and_remedy, with_case,
};
use support::governance::{
    carry, closure, follow_up, protocol_text, ratification, reopening, with_text,
};
use support::statements::{corroboration, denial, with_liaisons};
use support::{Log, correction, report, withdrawal};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;

/// Asserts that a body is refused because of what its field refers to, and with what to use.
#[track_caller]
fn names(
    log: &Log,
    (member, station): (&str, &str),
    body: Body,
    (reason, field): (Reason, &str),
    instead: Option<RecordDigest>,
) {
    let refusal = refused(log, member, station, body);
    let instead = instead.map(|digest| digest.to_string());
    assert_eq!(
        (
            refusal.reason,
            refusal.field.as_str(),
            refusal.fact("use_digest")
        ),
        (reason, field, instead.as_deref())
    );
}

/// Every body that refers to a report, with its author and the path of the reference.
fn about_a_report(target: RecordDigest) -> [((&'static str, &'static str), Body, &'static str); 5] {
    let check = Body::Corroboration(corroboration(target));
    let denies = Body::PartyStatement(denial(target, "PPP"));
    let groups = Body::Case(case(vec![target], &["PPP"]));
    [
        (("AAA", "monitor"), correction(target), "correction.target"),
        (("AAA", "monitor"), withdrawal(target), "withdrawal.target"),
        (("BBB", "verifier"), check, "corroboration.target"),
        (("BBB", "liaison"), denies, "party_statement.target"),
        (("BBB", "verifier"), groups, "case.reports[0]"),
    ]
}

#[test]
fn a_report_that_was_corrected_or_withdrawn() {
    let mut log = with_liaisons();
    let first = Body::IncidentReport(report());
    let first = log.put("AAA", "monitor", first).unwrap();
    let second = log.put("AAA", "monitor", correction(first)).unwrap();
    for (author, body, field) in about_a_report(first) {
        let superseded = (Reason::ReferenceSuperseded, field);
        names(&log, author, body, superseded, Some(second));
    }
    log.put("AAA", "monitor", withdrawal(second)).unwrap();
    for version in [first, second] {
        for (author, body, field) in about_a_report(version) {
            let withdrawn = (Reason::ReferenceWithdrawn, field);
            names(&log, author, body, withdrawn, None);
        }
    }
}

#[test]
fn a_record_that_extends_a_case() {
    let (mut log, founding) = with_case(&["PPP"]);
    let more = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let extends = |reports, case: RecordDigest| {
        Body::Case(pb::Case {
            title: String::new(),
            extends: bytes(case),
            ..self::case(reports, &["PPP"])
        })
    };
    let extension = extends(vec![more], founding);
    let extension = log.put("BBB", "verifier", extension).unwrap();
    let asks = asks_attribution(attribution(extension, "PPP"));
    let ends = Body::Closure(closure(extension, pb::ClosureResult::Pending));
    let reopens = Body::Reopening(reopening(extension, &[more]));
    let commissioner = ("BBB", "commissioner");
    for (author, body, field) in [
        (
            ("BBB", "verifier"),
            extends(vec![more], extension),
            "case.extends",
        ),
        (commissioner, asks, "proposal.attribution.case"),
        (commissioner, ends, "closure.case"),
        (commissioner, reopens, "reopening.case"),
    ] {
        let superseded = (Reason::ReferenceSuperseded, field);
        names(&log, author, body, superseded, Some(founding));
    }
}

#[test]
fn a_decision_that_was_replaced() {
    let (mut log, [basis, first]) = with_basis_and_remedy();
    let answers = Body::Activation(activation(first));
    let answered = log.put("BBB", "authority", answers.clone()).unwrap();
    let second = adopt(&mut log, replacing(first, asks_remedy(remedy(basis))));
    let commissioner = ("BBB", "commissioner");
    let replaced = |field| (Reason::ReferenceSuperseded, field);
    let anew = replacing(first, asks_remedy(remedy(basis)));
    names(
        &log,
        commissioner,
        anew,
        replaced("proposal.supersedes"),
        Some(second),
    );
    let begins = replaced("activation.decision");
    names(
        &log,
        ("AAA", "authority"),
        answers.clone(),
        begins,
        Some(second),
    );
    let blind = (Reason::SupersedesRequired, "activation.supersedes");
    names(&log, ("BBB", "authority"), answers, blind, Some(answered));
    let second_thoughts = Body::Activation(pb::Activation {
        supersedes: bytes(answered),
        ..activation(first)
    });
    let finished = log.put("BBB", "authority", second_thoughts).unwrap();
    let acts = Body::FollowUp(follow_up(answered));
    let activation = replaced("follow_up.activation");
    names(&log, ("BBB", "authority"), acts, activation, Some(finished));
}

#[test]
fn an_attribution_that_was_replaced() {
    let (mut log, case) = with_case(&["PPP"]);
    let asks = || asks_attribution(attribution(case, "PPP"));
    let first = adopt(&mut log, asks());
    let anew = replacing(first, asks());
    let open = log.clone();
    let second = adopt(&mut log, anew.clone());
    let commissioner = ("BBB", "commissioner");
    for (body, field) in [
        (anew.clone(), "proposal.supersedes"),
        (asks_remedy(remedy(first)), "proposal.remedy.decision"),
    ] {
        let superseded = (Reason::ReferenceSuperseded, field);
        names(&log, commissioner, body, superseded, Some(second));
    }
    log.judge(&log.record("BBB", "commissioner", asks_remedy(remedy(second))))
        .unwrap();
    // Until the replacement is decided, none other may be proposed, and the first one stands.
    let mut log = open;
    log.put("AAA", "commissioner", anew.clone()).unwrap();
    let waits = (Reason::ProposalOpen, "proposal.supersedes");
    names(&log, commissioner, anew, waits, None);
    log.judge(&log.record("BBB", "commissioner", asks_remedy(remedy(first))))
        .unwrap();
}

#[test]
fn a_text_that_was_replaced() {
    let (mut log, first) = with_text();
    let replaces =
        support::commission::proposal(Question::ProtocolText(pb::ProtocolTextProposal {
            supersedes: bytes(first),
            ..protocol_text()
        }));
    let asked = log.put("AAA", "authority", replaces.clone()).unwrap();
    let second = carry(&mut log, asked);
    let signs = Body::Ratification(ratification(first, pb::RatificationStep::Signed));
    for (body, field) in [
        (replaces, "proposal.protocol_text.supersedes"),
        (signs, "ratification.decision"),
    ] {
        let superseded = (Reason::ReferenceSuperseded, field);
        names(&log, ("BBB", "authority"), body, superseded, Some(second));
    }
}
