//! A log of three members whose commission has voted an attribution down.

use trucelog_client::station::digest_of;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;

use crate::party::Party;
use crate::support::operator::Operator;
use crate::support::{self, AUTHORITY, Log, public, report};
use crate::table::Verdict;

const DAY_MS: u64 = 86_400_000;
/// Each member with the seeds of its authority's and its recovery's keys, and of its commissioner's key.
pub(crate) const MEMBERS: [(&str, u8, u8, u8); 3] = [
    ("DEU", 30, 31, 32),
    ("FRA", 40, 41, 42),
    ("UKR", AUTHORITY, support::RECOVERY, 52),
];
const VERIFIER: u8 = 53;

/// Index of the decision, the record after this log.
pub(crate) const DECISION: u64 = 12;

/// Charter 0, enrolments 1 … 5, report 6, case 7, proposal 8, votes 9 … 11: one for, two against.
pub(crate) fn voted_down() -> Log {
    let mut log = Log::found(charter());
    log.append(&log.enrolment_of("m1", 1, support::MONITOR));
    append(
        &mut log,
        ("UKR", "authority", 2, AUTHORITY),
        enrolment("v1", pb::Role::Verifier, VERIFIER),
    );
    for (member, authority, _, commissioner) in MEMBERS {
        let sequence = if member == "UKR" { 3 } else { 1 };
        let body = enrolment("c1", pb::Role::Commissioner, commissioner);
        append(&mut log, (member, "authority", sequence, authority), body);
    }
    let report = append(
        &mut log,
        ("UKR", "m1", 1, support::MONITOR),
        Body::IncidentReport(report("Three explosions.")),
    );
    let case = pb::Case {
        title: "A breach".to_owned(),
        reports: vec![report],
        parties: vec!["PPP".to_owned()],
        ..pb::Case::default()
    };
    let case = append(&mut log, ("UKR", "v1", 1, VERIFIER), Body::Case(case));
    append(
        &mut log,
        ("DEU", "c1", 1, 32),
        Body::Proposal(proposal(case)),
    );
    for (member, _, _, commissioner) in MEMBERS {
        let sequence = if member == "DEU" { 2 } else { 1 };
        let vote = vote(&log, member);
        append(&mut log, (member, "c1", sequence, commissioner), vote);
    }
    assert_eq!(log.entries.len() as u64, DECISION);
    log
}

/// The decision on the proposal, as the authority of UKR signs it, with an outcome that it is free to lie about.
pub(crate) fn decision(log: &Log, outcome: pb::Outcome) -> pb::Submission {
    let decision = pb::Decision {
        proposal: digest(log, 8),
        outcome: outcome.into(),
        votes: [9, 10, 11].map(|index| digest(log, index)).to_vec(),
    };
    log.sign_as("UKR", "authority", 4, AUTHORITY, Body::Decision(decision))
}

/// Appends a record of a member's station, with its sequence and the seed of its key, and gives its digest.
fn append(
    log: &mut Log,
    (member, station, sequence, seed): (&str, &str, u64, u8),
    body: Body,
) -> Vec<u8> {
    let submission = log.sign_as(member, station, sequence, seed, body);
    log.append(&submission);
    digest_of(&submission).as_bytes().to_vec()
}

fn digest(log: &Log, index: usize) -> Vec<u8> {
    log.digest(index).as_bytes().to_vec()
}

fn enrolment(station: &str, role: pb::Role, seed: u8) -> Body {
    let enrolment = pb::Enrolment {
        station: station.to_owned(),
        role: role.into(),
        public_key: public(seed),
        holder_kind: pb::HolderKind::Office.into(),
    };
    Body::StationChange(pb::StationChange {
        change: Some(Change::Enrolment(enrolment)),
    })
}

fn proposal(case: Vec<u8>) -> pb::Proposal {
    let attribution = pb::AttributionProposal {
        case,
        clause: Some(pb::ClauseReference {
            clause: "1.a".to_owned(),
            ..pb::ClauseReference::default()
        }),
        finding: pb::AttributionFinding::Party.into(),
        party: "PPP".to_owned(),
        basis: pb::AttributionBasis::Organ.into(),
        intent: pb::Intent::Deliberate.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        confidence: pb::Confidence::High.into(),
        finality: pb::Finality::Final.into(),
    };
    pb::Proposal {
        title: "Who fired?".to_owned(),
        question: Some(pb::proposal::Question::Attribution(attribution)),
        ..pb::Proposal::default()
    }
}

/// DEU is for it, the others are against it.
fn vote(log: &Log, member: &str) -> Body {
    let (choice, opinion) = match member {
        "DEU" => (pb::VoteChoice::Concur, ""),
        _ => (pb::VoteChoice::Dissent, "The crater says otherwise."),
    };
    Body::Vote(pb::Vote {
        proposal: digest(log, 8),
        choice: choice.into(),
        opinion: opinion.to_owned(),
    })
}

pub(crate) fn charter() -> pb::Charter {
    let one = support::charter();
    let codes = MEMBERS.map(|(code, ..)| code.to_owned()).to_vec();
    let fraction = |numerator, denominator| {
        Some(pb::Fraction {
            numerator,
            denominator,
        })
    };
    let roles = [
        pb::Role::Monitor,
        pb::Role::Verifier,
        pb::Role::Commissioner,
    ];
    let attribution = pb::ProposalRule {
        kind: pb::ProposalKind::Attribution.into(),
        proposer: pb::Role::Commissioner.into(),
        electorate: pb::Role::Commissioner.into(),
        quorum: fraction(2, 3),
        majority: fraction(1, 2),
        recusal: pb::RecusalRule::Parties.into(),
        vote_window: DAY_MS,
        standard_of_proof: pb::StandardOfProof::BalanceOfProbabilities.into(),
        provisional_basis: false,
    };
    let role_rule = |role: pb::Role| pb::RoleRule {
        role: role.into(),
        members: codes.clone(),
    };
    let member = |(code, authority, recovery, _): (&str, u8, u8, u8)| pb::CharterMember {
        code: code.to_owned(),
        name: format!("Member {code}"),
        authority_key: public(authority),
        recovery_key: public(recovery),
    };
    pb::Charter {
        members: MEMBERS.map(member).to_vec(),
        release_set: codes.clone(),
        parties: vec![pb::Party {
            code: "PPP".to_owned(),
            name: "A party".to_owned(),
        }],
        rules: Some(pb::Rules {
            proposal_rules: vec![attribution],
            role_rules: roles.map(role_rule).to_vec(),
            reply_window: DAY_MS,
            ..one.rules.clone().unwrap()
        }),
        ..one
    }
}

/// The log is good but for the decision that an attack adds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_decision_that_the_votes_give_verifies() {
    let mut log = voted_down();
    log.append(&decision(&log, pb::Outcome::Rejected));
    let operator = Operator::serve(log.clone()).await;
    let party = Party::of(&log.trust(), &operator.url);
    party.run("verify log").is(Verdict::Verified);
}
