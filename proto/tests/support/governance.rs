//! What the authorities write on membership, texts and rules, for tests.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::Concur;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;

use super::commission::{
    all_vote, asks_attribution, attribution, bytes, case, decision, proposal, refused, vote,
};
use super::{HOUR, Log, START, charter, public, report};

/// A charter under which the authorities decide on rules, membership and texts, and `DDD` and `EEE` may be admitted.
pub(crate) fn governed_charter() -> pb::Charter {
    let mut charter = charter();
    let rules = charter.rules.as_mut().unwrap();
    let first = rules.proposal_rules[1];
    for kind in [
        pb::ProposalKind::Membership,
        pb::ProposalKind::ProtocolText,
        pb::ProposalKind::Rules,
    ] {
        rules.proposal_rules.push(pb::ProposalRule {
            kind: kind.into(),
            proposer: pb::Role::Authority.into(),
            electorate: pb::Role::Authority.into(),
            ..first
        });
    }
    charter
        .release_set
        .extend(["DDD".to_owned(), "EEE".to_owned()]);
    charter
}

/// A staffed log under that charter, with keys for those that may be admitted.
pub(crate) fn governed() -> Log {
    with_candidates(Log::staffed_under(governed_charter()))
}

/// Knows the keys of those that may be admitted.
pub(crate) fn with_candidates(mut log: Log) -> Log {
    for member in ["DDD", "EEE"] {
        for station in ["authority", "recovery"] {
            let name = format!("{member}/{station}");
            log.stations
                .insert((member.to_owned(), station.to_owned()), (name, 0));
        }
    }
    log
}

/// Votes of all authorities that may vote, and the decision that adopts a question.
pub(crate) fn adopt(log: &mut Log, question: pb::proposal::Question) -> RecordDigest {
    let asked = log.put("AAA", "authority", proposal(question)).unwrap();
    carry(log, asked)
}

/// Votes of all authorities that may vote, and the decision that adopts an open proposal.
pub(crate) fn carry(log: &mut Log, asked: RecordDigest) -> RecordDigest {
    let votes: Vec<RecordDigest> = ["AAA", "BBB", "CCC", "DDD", "EEE"]
        .iter()
        .filter_map(|member| log.put(member, "authority", vote(asked, Concur)).ok())
        .collect();
    let adopted = decision(asked, pb::Outcome::Adopted, &votes);
    log.put("AAA", "authority", adopted).unwrap()
}

pub(crate) fn membership(change: pb::MembershipChange, code: &str) -> pb::MembershipProposal {
    let admitted = change == pb::MembershipChange::Admit;
    let given = |value: Vec<u8>| if admitted { value } else { Vec::new() };
    pb::MembershipProposal {
        change: change.into(),
        member: Some(pb::CharterMember {
            code: code.to_owned(),
            name: if admitted {
                format!("Member {code}")
            } else {
                String::new()
            },
            authority_key: given(public(&format!("{code}/authority"))),
            recovery_key: given(public(&format!("{code}/recovery"))),
        }),
    }
}

/// A log in which `change` of `code` was adopted.
pub(crate) fn changed(log: &mut Log, change: pb::MembershipChange, code: &str) -> RecordDigest {
    let question = pb::proposal::Question::Membership(membership(change, code));
    adopt(log, question)
}

pub(crate) fn protocol_text() -> pb::ProtocolTextProposal {
    let hash = |name: &str| trucelog_proto::hash::sha256(&[name.as_bytes()]).to_vec();
    let clause = |id: &str| pb::Clause {
        id: id.to_owned(),
        digest: hash(id),
        title: format!("Clause {id}"),
    };
    let version = |language: &str| pb::LanguageVersion {
        language: language.to_owned(),
        digest: hash(language),
    };
    pb::ProtocolTextProposal {
        title: "Agreement on a ceasefire".to_owned(),
        language_versions: vec![version("en"), version("uk")],
        clauses: vec![clause("1.a"), clause("2.1")],
        effective_time: START,
        effective_as_written: "00:00 Eastern European Time, 18 March".to_owned(),
        expiry_time: START + HOUR,
        annexes: vec![hash("protected sites")],
        supersedes: Vec::new(),
    }
}

/// A log with an adopted protocol text, and its decision.
pub(crate) fn with_text() -> (Log, RecordDigest) {
    let mut log = governed();
    let decision = adopt(
        &mut log,
        pb::proposal::Question::ProtocolText(protocol_text()),
    );
    (log, decision)
}

/// Asserts why a body is refused.
pub(crate) fn is_refused(
    log: &Log,
    (member, station): (&str, &str),
    body: Body,
    reason: Reason,
    field: &str,
) {
    let refusal = refused(log, member, station, body);
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (reason, field),
        "{refusal}"
    );
}

pub(crate) fn is_accepted(log: &Log, (member, station): (&str, &str), body: Body) {
    log.judge(&log.record(member, station, body)).unwrap();
}

pub(crate) fn reports() -> Body {
    Body::IncidentReport(report())
}

pub(crate) fn ratification(decision: RecordDigest, step: pb::RatificationStep) -> pb::Ratification {
    pb::Ratification {
        decision: bytes(decision),
        step: step.into(),
        body: "Parliament".to_owned(),
        procedure: "Article 9".to_owned(),
        effective_time: START,
        instrument: vec![3; 32],
    }
}

pub(crate) fn follow_up(activation: RecordDigest) -> pb::FollowUp {
    pb::FollowUp {
        activation: bytes(activation),
        status: pb::FollowUpStatus::Started.into(),
        measures: vec![2],
        evidence: Vec::new(),
        text: "Under way.".to_owned(),
    }
}

pub(crate) fn closure(case: RecordDigest, result: pb::ClosureResult) -> pb::Closure {
    pb::Closure {
        case: bytes(case),
        result: result.into(),
        reason: "All is said.".to_owned(),
    }
}

pub(crate) fn reopening(case: RecordDigest, evidence: &[RecordDigest]) -> pb::Reopening {
    pb::Reopening {
        case: bytes(case),
        evidence: evidence.iter().copied().map(bytes).collect(),
        reason: "A late report.".to_owned(),
    }
}

/// A log with a closed case, its report logged before, and the attribution that was adopted.
pub(crate) fn with_closed_case() -> (Log, RecordDigest, RecordDigest, RecordDigest) {
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
