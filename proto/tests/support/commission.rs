//! What the commission writes, for tests.

use super::{Log, MEMBERS, report};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Abstain, Concur, ConcurSeparately, Dissent};
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::{Reason, Refusal};

pub(crate) fn bytes(digest: RecordDigest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}

pub(crate) fn case(reports: Vec<RecordDigest>, parties: &[&str]) -> pb::Case {
    pb::Case {
        title: "A breach".to_owned(),
        reports: reports.into_iter().map(bytes).collect(),
        parties: parties.iter().map(ToString::to_string).collect(),
        ..pb::Case::default()
    }
}

pub(crate) fn attribution(case: RecordDigest, party: &str) -> pb::AttributionProposal {
    pb::AttributionProposal {
        case: bytes(case),
        clause: Some(pb::ClauseReference {
            clause: "1.a".to_owned(),
            ..pb::ClauseReference::default()
        }),
        finding: pb::AttributionFinding::Party.into(),
        party: party.to_owned(),
        basis: pb::AttributionBasis::Organ.into(),
        intent: pb::Intent::Deliberate.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        confidence: pb::Confidence::High.into(),
        finality: pb::Finality::Final.into(),
    }
}

pub(crate) fn remedy(decision: RecordDigest) -> pb::RemedyProposal {
    let measure = |kind: pb::RemedyKind, addressees: &[&str]| pb::Measure {
        kind: kind.into(),
        text: "as agreed".to_owned(),
        addressees: addressees.iter().map(ToString::to_string).collect(),
        stage: pb::ResponseStage::First.into(),
    };
    pb::RemedyProposal {
        decision: bytes(decision),
        measures: vec![
            measure(pb::RemedyKind::DiplomaticInitiative, &["AAA"]),
            measure(pb::RemedyKind::AdditionalSanctions, &["AAA", "BBB"]),
        ],
    }
}

pub(crate) fn proposal(question: pb::proposal::Question) -> Body {
    Body::Proposal(pb::Proposal {
        title: "A question".to_owned(),
        question: Some(question),
        ..pb::Proposal::default()
    })
}

pub(crate) fn asks_attribution(attribution: pb::AttributionProposal) -> Body {
    proposal(pb::proposal::Question::Attribution(attribution))
}

pub(crate) fn asks_remedy(remedy: pb::RemedyProposal) -> Body {
    proposal(pb::proposal::Question::Remedy(remedy))
}

/// A proposal that is to replace a decision.
pub(crate) fn replacing(decision: RecordDigest, asked: Body) -> Body {
    match asked {
        Body::Proposal(proposal) => Body::Proposal(pb::Proposal {
            supersedes: bytes(decision),
            ..proposal
        }),
        other => other,
    }
}

pub(crate) fn vote(proposal: RecordDigest, choice: pb::VoteChoice) -> Body {
    let opinion = if matches!(choice, Concur | Abstain) {
        ""
    } else {
        "For reasons."
    };
    Body::Vote(pb::Vote {
        proposal: bytes(proposal),
        choice: choice.into(),
        opinion: opinion.to_owned(),
    })
}

pub(crate) fn decision(
    proposal: RecordDigest,
    outcome: pb::Outcome,
    votes: &[RecordDigest],
) -> Body {
    let votes = votes.iter().copied().map(bytes).collect();
    Body::Decision(pb::Decision {
        proposal: bytes(proposal),
        outcome: outcome.into(),
        votes,
    })
}

pub(crate) fn activation(decision: RecordDigest) -> pb::Activation {
    pb::Activation {
        decision: bytes(decision),
        choice: pb::ActivationChoice::Approve.into(),
        ..pb::Activation::default()
    }
}

/// A log with a case of one report, parties as given.
pub(crate) fn with_case(parties: &[&str]) -> (Log, RecordDigest) {
    let mut log = Log::staffed();
    let report = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let case = log
        .put("BBB", "verifier", Body::Case(case(vec![report], parties)))
        .unwrap();
    (log, case)
}

/// A log with an attribution to PPP under vote.
pub(crate) fn with_proposal() -> (Log, RecordDigest) {
    let (mut log, case) = with_case(&["PPP"]);
    let proposal = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(case, "PPP")),
        )
        .unwrap();
    (log, proposal)
}

pub(crate) fn all_vote(
    log: &mut Log,
    proposal: RecordDigest,
    choices: [pb::VoteChoice; 3],
) -> Vec<RecordDigest> {
    let members = MEMBERS.iter().zip(choices);
    members
        .map(|(member, choice)| {
            log.put(member, "commissioner", vote(proposal, choice))
                .unwrap()
        })
        .collect()
}

/// Proposes, votes and decides: the decision that adopts it.
pub(crate) fn adopt(log: &mut Log, asked: Body) -> RecordDigest {
    let proposal = log.put("AAA", "commissioner", asked).unwrap();
    let votes = all_vote(log, proposal, [Concur, Concur, Abstain]);
    let decision = decision(proposal, pb::Outcome::Adopted, &votes);
    log.put("BBB", "authority", decision).unwrap()
}

/// A log with an adopted attribution.
pub(crate) fn with_attribution(
    attribution: impl FnOnce(RecordDigest) -> pb::AttributionProposal,
) -> (Log, RecordDigest) {
    let (mut log, case) = with_case(&["PPP"]);
    let proposal = log
        .put("AAA", "commissioner", asks_attribution(attribution(case)))
        .unwrap();
    let votes = all_vote(&mut log, proposal, [Concur, Dissent, ConcurSeparately]);
    let decision = log
        .put(
            "BBB",
            "authority",
            decision(proposal, pb::Outcome::Adopted, &votes),
        )
        .unwrap();
    (log, decision)
}

/// A log with an adopted remedy.
pub(crate) fn with_remedy() -> (Log, RecordDigest) {
    let (log, [_, remedy]) = with_basis_and_remedy();
    (log, remedy)
}

/// A log with an adopted attribution and a remedy on it.
pub(crate) fn with_basis_and_remedy() -> (Log, [RecordDigest; 2]) {
    let (mut log, basis) = with_attribution(|case| attribution(case, "PPP"));
    let proposal = log
        .put("CCC", "commissioner", asks_remedy(remedy(basis)))
        .unwrap();
    let votes = all_vote(&mut log, proposal, [Concur, Concur, Abstain]);
    let decision = log
        .put(
            "CCC",
            "commissioner",
            decision(proposal, pb::Outcome::Adopted, &votes),
        )
        .unwrap();
    (log, [basis, decision])
}

/// Asserts that the body is accepted, and refused for one field once it is mutated.
pub(crate) fn refuses<B: Clone>(
    log: &Log,
    (member, station): (&str, &str),
    body: &B,
    wrap: impl Fn(B) -> Body,
    mutate: impl FnOnce(&mut B),
    expected: (Reason, &str),
) {
    log.judge(&log.record(member, station, wrap(body.clone())))
        .unwrap();
    let mut bad = body.clone();
    mutate(&mut bad);
    let refusal = log
        .judge(&log.record(member, station, wrap(bad)))
        .unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        expected,
        "{refusal}"
    );
}

pub(crate) fn refused(log: &Log, member: &str, station: &str, body: Body) -> Refusal {
    log.judge(&log.record(member, station, body)).unwrap_err()
}
