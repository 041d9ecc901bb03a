//! What records say, as plainly as the rules allow.

use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::pb::{self, Role};

pub(crate) const PARTY: &str = "PPP";
const DAY_MS: u64 = 86_400_000;

pub(crate) fn change(change: Change) -> Body {
    Body::StationChange(pb::StationChange {
        change: Some(change),
    })
}

/// A report with fields of every type.
pub(crate) fn report(time: u64, narrative: String) -> pb::IncidentReport {
    pb::IncidentReport {
        kind: pb::IncidentKind::Explosion.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into(), pb::Means::Seen.into()],
        earliest_time: time - 60_000,
        latest_time: time,
        time_precision: pb::TimePrecision::Minute.into(),
        period: true,
        place: Some(pb::Place {
            name: "Here".to_owned(),
            location: Some(pb::place::Location::Position(pb::Position {
                latitude: -480_000_000,
                longitude: 380_000_000,
                radius_m: 100,
                basis: pb::PositionBasis::Point.into(),
                altitude_m: Some(0),
                altitude_reference: pb::AltitudeReference::Ground.into(),
            })),
            ..pb::Place::default()
        }),
        casualties: vec![pb::CasualtyCount {
            harm: pb::Harm::Killed.into(),
            group: pb::PersonGroup::All.into(),
            low: 1,
            best: 2,
            high: 3,
        }],
        narrative,
        ..pb::IncidentReport::default()
    }
}

pub(crate) fn correction(report: Vec<u8>, restated: pb::IncidentReport) -> Body {
    Body::Correction(pb::Correction {
        target: report,
        reason: pb::CorrectionReason::LateInformation.into(),
        report: Some(restated),
        ..pb::Correction::default()
    })
}

pub(crate) fn withdrawal(report: Vec<u8>) -> Body {
    Body::Withdrawal(pb::Withdrawal {
        target: report,
        reason: pb::WithdrawalReason::Error.into(),
        ..pb::Withdrawal::default()
    })
}

pub(crate) fn case(report: Vec<u8>) -> Body {
    Body::Case(pb::Case {
        title: "A breach".to_owned(),
        reports: vec![report],
        parties: vec![PARTY.to_owned()],
        ..pb::Case::default()
    })
}

pub(crate) fn attribution(case: Vec<u8>) -> Body {
    let attribution = pb::AttributionProposal {
        case,
        clause: Some(pb::ClauseReference {
            clause: "1".to_owned(),
            ..pb::ClauseReference::default()
        }),
        finding: pb::AttributionFinding::Party.into(),
        party: PARTY.to_owned(),
        basis: pb::AttributionBasis::Organ.into(),
        intent: pb::Intent::Deliberate.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        confidence: pb::Confidence::High.into(),
        finality: pb::Finality::Final.into(),
    };
    Body::Proposal(pb::Proposal {
        title: "Who".to_owned(),
        question: Some(pb::proposal::Question::Attribution(attribution)),
        ..pb::Proposal::default()
    })
}

pub(crate) fn concur(proposal: Vec<u8>) -> Body {
    Body::Vote(pb::Vote {
        proposal,
        choice: pb::VoteChoice::Concur.into(),
        opinion: String::new(),
    })
}

pub(crate) fn adopted(proposal: Vec<u8>, votes: Vec<Vec<u8>>) -> Body {
    Body::Decision(pb::Decision {
        proposal,
        outcome: pb::Outcome::Adopted.into(),
        votes,
    })
}

pub(crate) fn rules(members: &[&str], clock_tolerance: u64) -> pb::Rules {
    let fraction = |numerator, denominator| {
        Some(pb::Fraction {
            numerator,
            denominator,
        })
    };
    let role_rule = |role: Role, members: &[&str]| pb::RoleRule {
        role: role.into(),
        members: members.iter().map(ToString::to_string).collect(),
    };
    pb::Rules {
        rules_version: 1,
        proposal_rules: vec![pb::ProposalRule {
            kind: pb::ProposalKind::Attribution.into(),
            proposer: Role::Commissioner.into(),
            electorate: Role::Commissioner.into(),
            quorum: fraction(1, 2),
            majority: fraction(1, 2),
            recusal: pb::RecusalRule::Parties.into(),
            // No edit of a time closes a vote: votes are not judged by the second verifier.
            vote_window: u64::MAX,
            standard_of_proof: pb::StandardOfProof::BalanceOfProbabilities.into(),
            provisional_basis: false,
        }],
        role_rules: vec![
            role_rule(Role::Sensor, members),
            role_rule(Role::Monitor, members),
            role_rule(Role::Verifier, members),
            role_rule(Role::Investigator, &members[..1]),
            role_rule(Role::Commissioner, members),
        ],
        succession: Some(pb::SuccessionRule {
            endorsements: fraction(2, 3),
        }),
        clock_tolerance,
        event_span: DAY_MS,
        ..pb::Rules::default()
    }
}
