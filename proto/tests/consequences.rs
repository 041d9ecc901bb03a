//! What follows from decisions: follow-ups of members, the closure of a case and its reopening.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::Log;
use support::commission::{
    activation, all_vote, asks_attribution, asks_remedy, attribution, bytes, decision, refused,
    remedy, with_attribution, with_proposal, with_remedy,
};
use support::governance::{
    closure, follow_up, is_accepted, is_refused, reopening, with_closed_case,
};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Concur, Dissent};
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::{Key, RecordState, load, load_proposal};

// FollowUp.

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

/// The case that a proposal is about.
fn case_of(log: &Log, proposal: &[u8]) -> RecordDigest {
    let state = load_proposal(&log.state, proposal).unwrap().unwrap();
    RecordDigest::try_from(state.case.as_slice()).unwrap()
}

const COMMISSIONER: (&str, &str) = ("BBB", "commissioner");

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
