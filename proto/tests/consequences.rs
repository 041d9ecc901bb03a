//! What follows from decisions: follow-ups of members, the closure of a case and its reopening.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::Log;
use support::commission::{
    activation, all_vote, asks_attribution, asks_remedy, attribution, bytes, case, decision,
    refused, refuses, remedy, with_attribution, with_case, with_proposal, with_remedy,
};
use support::governance::{is_accepted, is_refused, reports};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Concur, Dissent};
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::{Key, ProposalState, RecordState, load};

const AUTHORITY: (&str, &str) = ("AAA", "authority");

// FollowUp.

fn follow_up(activation: RecordDigest) -> pb::FollowUp {
    pb::FollowUp {
        activation: bytes(activation),
        status: pb::FollowUpStatus::Started.into(),
        measures: vec![2],
        evidence: Vec::new(),
        text: "Under way.".to_owned(),
    }
}

#[test]
fn rejects_follow_ups_that_do_not_hold() {
    let (mut log, adopted) = with_remedy();
    let others = log
        .put("BBB", "authority", Body::Activation(activation(adopted)))
        .unwrap();
    let in_part = pb::Activation {
        choice: pb::ActivationChoice::ApproveInPart.into(),
        measures: vec![2],
        ..activation(adopted)
    };
    let own = log
        .put("AAA", "authority", Body::Activation(in_part))
        .unwrap();
    let logged = log.put("AAA", "monitor", reports()).unwrap();
    let good = follow_up(own);
    let refuses_it = |mutate: &dyn Fn(&mut pb::FollowUp), reason: Reason, field: &str| {
        let field = format!("follow_up.{field}");
        refuses(
            &log,
            AUTHORITY,
            &good,
            Body::FollowUp,
            |it| mutate(it),
            (reason, &field),
        );
    };
    refuses_it(&|it| it.status = 0, Reason::FieldRequired, "status");
    refuses_it(
        &|it| it.text = "x".repeat(4097),
        Reason::FieldTooLong,
        "text",
    );
    refuses_it(
        &|it| it.activation = vec![1; 32],
        Reason::ReferenceUnknown,
        "activation",
    );
    refuses_it(
        &|it| it.activation = bytes(adopted),
        Reason::ReferenceType,
        "activation",
    );
    refuses_it(
        &|it| it.activation = bytes(others),
        Reason::OtherMember,
        "activation",
    );
    refuses_it(
        &|it| it.measures = vec![2, 2],
        Reason::ListOrder,
        "measures[1]",
    );
    refuses_it(
        &|it| it.measures = vec![0],
        Reason::OutOfRange,
        "measures[0]",
    );
    refuses_it(
        &|it| it.measures = vec![3],
        Reason::OutOfRange,
        "measures[0]",
    );
    refuses_it(
        &|it| it.measures = vec![1],
        Reason::NotApproved,
        "measures[0]",
    );
    refuses_it(
        &|it| it.evidence = vec![vec![1; 32]],
        Reason::ReferenceUnknown,
        "evidence[0]",
    );
    refuses_it(
        &|it| it.evidence = vec![bytes(logged)],
        Reason::ReferenceType,
        "evidence[0]",
    );
    is_accepted(
        &log,
        ("BBB", "authority"),
        Body::FollowUp(pb::FollowUp {
            measures: vec![1, 2],
            ..follow_up(others)
        }),
    );
}

#[test]
fn a_follow_up_names_the_newest_activation_that_approves() {
    let (mut log, adopted) = with_remedy();
    let first = log
        .put("BBB", "authority", Body::Activation(activation(adopted)))
        .unwrap();
    let declines = pb::Activation {
        choice: pb::ActivationChoice::Decline.into(),
        supersedes: bytes(first),
        ..activation(adopted)
    };
    let second = log
        .put("BBB", "authority", Body::Activation(declines))
        .unwrap();
    let refusal = refused(&log, "BBB", "authority", Body::FollowUp(follow_up(first)));
    assert_eq!(
        (
            refusal.reason,
            refusal.field.as_str(),
            refusal.fact("use_digest")
        ),
        (
            Reason::ReferenceSuperseded,
            "follow_up.activation",
            Some(&*second.to_string())
        )
    );
    is_refused(
        &log,
        ("BBB", "authority"),
        Body::FollowUp(follow_up(second)),
        Reason::NotApproved,
        "follow_up.activation",
    );
}

// Closure and reopening.

fn closure(case: RecordDigest, result: pb::ClosureResult) -> pb::Closure {
    pb::Closure {
        case: bytes(case),
        result: result.into(),
        reason: "All is said.".to_owned(),
    }
}

fn reopening(case: RecordDigest, evidence: &[RecordDigest]) -> pb::Reopening {
    pb::Reopening {
        case: bytes(case),
        evidence: evidence.iter().copied().map(bytes).collect(),
        reason: "A late report.".to_owned(),
    }
}

/// The case that a proposal is about.
fn case_of(log: &Log, proposal: &[u8]) -> RecordDigest {
    let state: ProposalState = load(&log.state, &Key::Proposal(proposal)).unwrap().unwrap();
    RecordDigest::try_from(state.case.as_slice()).unwrap()
}

const COMMISSIONER: (&str, &str) = ("BBB", "commissioner");

#[test]
fn rejects_closures_that_do_not_hold() {
    use pb::ClosureResult::{NoViolation, Pending, Violation};
    let (mut log, founding) = with_case(&["PPP"]);
    let extension = Body::Case(pb::Case {
        extends: bytes(founding),
        ..pb::Case::default()
    });
    let extended = log.put("AAA", "verifier", extension).unwrap();
    let good = closure(founding, Pending);
    let refuses_it = |mutate: &dyn Fn(&mut pb::Closure), reason: Reason, field: &str| {
        let field = format!("closure.{field}");
        refuses(
            &log,
            COMMISSIONER,
            &good,
            Body::Closure,
            |it| mutate(it),
            (reason, &field),
        );
    };
    refuses_it(&|it| it.result = 0, Reason::FieldRequired, "result");
    refuses_it(&|it| it.reason.clear(), Reason::FieldRequired, "reason");
    refuses_it(
        &|it| it.reason = "x".repeat(4097),
        Reason::FieldTooLong,
        "reason",
    );
    refuses_it(
        &|it| it.case = vec![1; 32],
        Reason::ReferenceUnknown,
        "case",
    );
    refuses_it(
        &|it| it.case = bytes(extended),
        Reason::ReferenceSuperseded,
        "case",
    );
    for result in [Violation, NoViolation] {
        refuses_it(
            &|it| it.result = result.into(),
            Reason::ResultDiffers,
            "result",
        );
    }
    is_refused(
        &log,
        ("AAA", "verifier"),
        Body::Closure(good.clone()),
        Reason::RoleNotAllowed,
        "closure",
    );
    log.put("BBB", "commissioner", Body::Closure(good.clone()))
        .unwrap();
    is_refused(
        &log,
        COMMISSIONER,
        Body::Closure(good),
        Reason::CaseClosed,
        "closure.case",
    );
}

#[test]
fn a_case_with_an_open_proposal_is_not_closed() {
    let (mut log, asked) = with_proposal();
    let founding = case_of(&log, asked.as_bytes());
    let second = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(founding, "PPP")),
        )
        .unwrap();
    let ends = |result| Body::Closure(closure(founding, result));
    let pending = ends(pb::ClosureResult::Pending);
    is_refused(
        &log,
        COMMISSIONER,
        pending.clone(),
        Reason::ProposalOpen,
        "closure.case",
    );
    let votes = all_vote(&mut log, asked, [Dissent, Dissent, Concur]);
    log.put(
        "AAA",
        "commissioner",
        decision(asked, pb::Outcome::Rejected, &votes),
    )
    .unwrap();
    is_refused(
        &log,
        COMMISSIONER,
        pending.clone(),
        Reason::ProposalOpen,
        "closure.case",
    );
    let votes = all_vote(&mut log, second, [Concur, Dissent, Concur]);
    log.put(
        "AAA",
        "commissioner",
        decision(second, pb::Outcome::Adopted, &votes),
    )
    .unwrap();
    is_refused(
        &log,
        COMMISSIONER,
        pending,
        Reason::ResultDiffers,
        "closure.result",
    );
    is_accepted(&log, COMMISSIONER, ends(pb::ClosureResult::Violation));
}

#[test]
fn a_closure_states_what_the_newest_final_attribution_found() {
    use pb::AttributionFinding::{NotABreach, Party, Unattributed};
    use pb::ClosureResult::{NoViolation, Pending, Violation};
    let found = |finality: pb::Finality, finding: pb::AttributionFinding| {
        let (log, adopted) = with_attribution(|case| {
            let names = finding == pb::AttributionFinding::Party;
            let whole = attribution(case, "PPP");
            let none = pb::AttributionProposal {
                party: String::new(),
                basis: 0,
                intent: 0,
                ..whole.clone()
            };
            pb::AttributionProposal {
                finding: finding.into(),
                finality: finality.into(),
                ..if names { whole } else { none }
            }
        });
        let key = Key::Record(adopted.as_bytes());
        let decision: RecordState = load(&log.state, &key).unwrap().unwrap();
        let case = case_of(&log, &decision.root);
        (log, case)
    };
    for (finality, finding, result) in [
        (pb::Finality::Final, Party, Violation),
        (pb::Finality::Final, Unattributed, Violation),
        (pb::Finality::Final, NotABreach, NoViolation),
        (pb::Finality::Provisional, Party, Pending),
    ] {
        let (log, case) = found(finality, finding);
        for stated in [Violation, NoViolation, Pending] {
            let body = Body::Closure(closure(case, stated));
            if stated == result {
                is_accepted(&log, COMMISSIONER, body);
            } else {
                is_refused(
                    &log,
                    COMMISSIONER,
                    body,
                    Reason::ResultDiffers,
                    "closure.result",
                );
            }
        }
    }
}

/// A log with a closed case, its report logged before, and the attribution that was adopted.
fn with_closed_case() -> (Log, RecordDigest, RecordDigest, RecordDigest) {
    let mut log = Log::staffed();
    let logged = log.put("AAA", "monitor", reports()).unwrap();
    let founding = log
        .put("BBB", "verifier", Body::Case(case(vec![logged], &["PPP"])))
        .unwrap();
    let asked = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(founding, "PPP")),
        )
        .unwrap();
    let votes = all_vote(&mut log, asked, [Concur, Concur, Concur]);
    let adopted = log
        .put(
            "AAA",
            "commissioner",
            decision(asked, pb::Outcome::Adopted, &votes),
        )
        .unwrap();
    let ends = Body::Closure(closure(founding, pb::ClosureResult::Violation));
    log.put("BBB", "commissioner", ends).unwrap();
    (log, founding, logged, adopted)
}

#[test]
fn nothing_is_added_to_a_closed_case() {
    let (mut log, founding, logged, adopted) = with_closed_case();
    let extension = Body::Case(pb::Case {
        extends: bytes(founding),
        ..pb::Case::default()
    });
    let asks = asks_attribution(attribution(founding, "PPP"));
    let determines = asks_remedy(remedy(adopted));
    let bodies = [
        (("AAA", "verifier"), extension, "case.extends"),
        (("AAA", "commissioner"), asks, "proposal.attribution.case"),
        (
            ("AAA", "commissioner"),
            determines,
            "proposal.remedy.decision",
        ),
    ];
    for (author, body, field) in &bodies {
        is_refused(&log, *author, body.clone(), Reason::CaseClosed, field);
    }
    let withdrawal = Body::Withdrawal(pb::Withdrawal {
        target: bytes(logged),
        reason: pb::WithdrawalReason::Error.into(),
        ..pb::Withdrawal::default()
    });
    let news = log.put("AAA", "monitor", withdrawal).unwrap();
    log.put(
        "CCC",
        "commissioner",
        Body::Reopening(reopening(founding, &[news])),
    )
    .unwrap();
    for (author, body, _) in bodies {
        is_accepted(&log, author, body);
    }
    is_accepted(
        &log,
        COMMISSIONER,
        Body::Closure(closure(founding, pb::ClosureResult::Violation)),
    );
}

#[test]
fn rejects_reopenings_that_do_not_hold() {
    let (mut log, founding, logged, adopted) = with_closed_case();
    let news = log.put("CCC", "monitor", reports()).unwrap();
    let good = reopening(founding, &[news]);
    let refuses_it = |mutate: &dyn Fn(&mut pb::Reopening), reason: Reason, field: &str| {
        let field = format!("reopening.{field}");
        refuses(
            &log,
            COMMISSIONER,
            &good,
            Body::Reopening,
            |it| mutate(it),
            (reason, &field),
        );
    };
    refuses_it(&|it| it.reason.clear(), Reason::FieldRequired, "reason");
    refuses_it(
        &|it| it.reason = "x".repeat(4097),
        Reason::FieldTooLong,
        "reason",
    );
    refuses_it(&|it| it.evidence.clear(), Reason::FieldRequired, "evidence");
    refuses_it(
        &|it| it.case = vec![1; 32],
        Reason::ReferenceUnknown,
        "case",
    );
    refuses_it(&|it| it.case = bytes(news), Reason::ReferenceType, "case");
    refuses_it(
        &|it| it.evidence[0] = vec![1; 32],
        Reason::ReferenceUnknown,
        "evidence[0]",
    );
    refuses_it(
        &|it| it.evidence.push(bytes(adopted)),
        Reason::ReferenceType,
        "evidence[1]",
    );
    refuses_it(
        &|it| it.evidence.push(bytes(logged)),
        Reason::EvidenceNotNew,
        "evidence[1]",
    );
    is_refused(
        &log,
        ("AAA", "verifier"),
        Body::Reopening(good.clone()),
        Reason::RoleNotAllowed,
        "reopening",
    );
    log.put("BBB", "commissioner", Body::Reopening(good.clone()))
        .unwrap();
    is_refused(
        &log,
        COMMISSIONER,
        Body::Reopening(good),
        Reason::CaseOpen,
        "reopening.case",
    );
}
