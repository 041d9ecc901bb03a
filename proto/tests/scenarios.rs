//! Stories from practice, each from its first record to its end.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{
    asks_attribution, attribution, bytes, case, decision, refused, vote, with_case, with_proposal,
};
use support::governance::{adopt, changed, closure, governed, governed_charter, reports};
use support::{HOUR, Log, change, charter, public, report};
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::pb::AttributionFinding::{NotABreach, Party};
use trucelog_proto::pb::ClosureResult::{NoViolation, Pending, Violation};
use trucelog_proto::pb::VoteChoice::{Concur, Dissent};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::record::KnownKeys;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::{load_case, load_proposal};
use trucelog_proto::verify::{Verifier, check};

/// A verifier that has seen nothing but the charter's digest comes to the same state.
fn replays(log: &Log) {
    let mut verifier = Verifier::new(log.id.clone());
    let keys = KnownKeys::default();
    for bytes in &log.entries {
        let index = LeafIndex::new(verifier.size().get());
        verifier
            .append(check(&log.id, &keys, index, bytes))
            .unwrap();
    }
    assert!(verifier.state().save() == log.state.save());
}

fn revokes(member: &str) -> Body {
    change(Change::Revocation(pb::Revocation {
        station: "commissioner".to_owned(),
        public_key: public(&format!("{member}/commissioner")),
        last_sequence: 9,
        reason: String::new(),
    }))
}

/// The electorate would have to be unanimous under the rules that come between proposal and votes.
#[test]
fn rules_changed_between_proposal_and_vote() {
    let mut log = governed();
    let logged = log.put("AAA", "monitor", reports()).unwrap();
    let founding = Body::Case(case(vec![logged], &["PPP"]));
    let founding = log.put("BBB", "verifier", founding).unwrap();
    let asks = || asks_attribution(attribution(founding, "PPP"));
    let before = log.put("AAA", "commissioner", asks()).unwrap();
    let mut rules = governed_charter().rules.unwrap();
    rules.proposal_rules[0].majority = support::fraction(9, 10);
    rules.proposal_rules[0].vote_window = HOUR;
    adopt(
        &mut log,
        Question::Rules(pb::RulesProposal { rules: Some(rules) }),
    );
    let after = log.put("AAA", "commissioner", asks()).unwrap();
    for (asked, outcome) in [
        (before, pb::Outcome::Adopted),
        (after, pb::Outcome::Rejected),
    ] {
        let choices = [("AAA", Concur), ("BBB", Concur), ("CCC", Dissent)];
        let votes = choices.map(|(member, choice)| {
            let body = vote(asked, choice);
            log.put(member, "commissioner", body).unwrap()
        });
        let wrong = match outcome {
            pb::Outcome::Adopted => pb::Outcome::Rejected,
            _ => pb::Outcome::Adopted,
        };
        let against = refused(&log, "CCC", "commissioner", decision(asked, wrong, &votes));
        assert_eq!(against.fact("computed"), Some(outcome.as_str_name()));
        log.put("CCC", "commissioner", decision(asked, outcome, &votes))
            .unwrap();
    }
    replays(&log);
}

#[test]
fn a_voting_key_revoked_just_before_and_just_after_its_vote() {
    let (mut log, asked) = with_proposal();
    log.put("AAA", "authority", revokes("AAA")).unwrap();
    let late = refused(&log, "AAA", "commissioner", vote(asked, Concur));
    assert_eq!(
        (late.reason, late.field.as_str()),
        (Reason::KeyRevoked, "public_key")
    );
    let stands = log.put("BBB", "commissioner", vote(asked, Concur)).unwrap();
    log.put("BBB", "authority", revokes("BBB")).unwrap();
    let third = log.put("CCC", "commissioner", vote(asked, Concur)).unwrap();
    log.now += 24 * HOUR;
    let votes = [stands, third];
    let adopted = decision(asked, pb::Outcome::Adopted, &votes);
    log.put("CCC", "authority", adopted).unwrap();
    replays(&log);
}

#[test]
fn a_decision_filed_too_early_and_a_vote_too_late() {
    let (mut log, asked) = with_proposal();
    let first = log.put("AAA", "commissioner", vote(asked, Concur)).unwrap();
    let lapses = || decision(asked, pb::Outcome::Lapsed, &[first]);
    log.now += 24 * HOUR - 1;
    let early = refused(&log, "AAA", "commissioner", lapses());
    assert_eq!(
        (early.reason, early.fact("missing_votes")),
        (Reason::VotingOpen, Some("BBB CCC"))
    );
    log.now += 1;
    let late = refused(&log, "BBB", "commissioner", vote(asked, Concur));
    assert_eq!(
        (late.reason, late.field.as_str()),
        (Reason::VotingClosed, "vote.proposal")
    );
    log.put("AAA", "commissioner", lapses()).unwrap();
    replays(&log);
}

/// The chair proposes, loses, and files nothing. Another member's authority files what the votes give.
#[test]
fn a_chair_who_withholds_the_decision() {
    let (mut log, founding) = with_case(&["PPP"]);
    let asks = asks_attribution(attribution(founding, "PPP"));
    let asked = log.put("AAA", "commissioner", asks).unwrap();
    let choices = [("AAA", Concur), ("BBB", Dissent), ("CCC", Dissent)];
    let votes = choices.map(|(member, choice)| {
        log.put(member, "commissioner", vote(asked, choice))
            .unwrap()
    });
    let closes = |result| Body::Closure(closure(founding, result));
    let open = refused(&log, "BBB", "commissioner", closes(Pending));
    assert_eq!(open.reason, Reason::ProposalOpen);
    let against = refused(
        &log,
        "AAA",
        "commissioner",
        decision(asked, pb::Outcome::Adopted, &votes),
    );
    assert_eq!(against.reason, Reason::OutcomeDiffers);
    let rejects = || decision(asked, pb::Outcome::Rejected, &votes);
    log.put("CCC", "authority", rejects()).unwrap();
    let again = refused(&log, "AAA", "commissioner", rejects());
    assert_eq!(again.reason, Reason::SecondDecision);
    log.put("BBB", "commissioner", closes(Pending)).unwrap();
    replays(&log);
}

#[test]
fn a_departed_members_past_stays_valid() {
    let mut log = governed();
    let logged = log.put("CCC", "monitor", reports()).unwrap();
    let founding = Body::Case(case(vec![logged], &["PPP"]));
    let founding = log.put("CCC", "verifier", founding).unwrap();
    let asks = asks_attribution(attribution(founding, "PPP"));
    let asked = log.put("CCC", "commissioner", asks).unwrap();
    let cast = log.put("CCC", "commissioner", vote(asked, Concur)).unwrap();
    changed(&mut log, pb::MembershipChange::Depart, "CCC");
    let gone = refused(&log, "CCC", "monitor", reports());
    assert_eq!(gone.reason, Reason::MemberDeparted);
    let votes = [
        cast,
        log.put("AAA", "commissioner", vote(asked, Concur)).unwrap(),
        log.put("BBB", "commissioner", vote(asked, Dissent))
            .unwrap(),
    ];
    let adopted = decision(asked, pb::Outcome::Adopted, &votes);
    log.put("AAA", "commissioner", adopted).unwrap();
    let extends = pb::Case {
        extends: bytes(founding),
        reports: vec![bytes(logged)],
        ..pb::Case::default()
    };
    log.put("BBB", "verifier", Body::Case(extends)).unwrap();
    replays(&log);
}

/// Sri Lanka 2002 to 2005: complaints by the party complained of, ruled a violation, ruled none; the rest stayed open.
const COMPLAINTS: [(&str, usize, usize, usize); 2] =
    [("LTTE", 6_751, 2_500, 1_609), ("GOSL", 1_313, 165, 748)];

/// A mission whose head alone rules, as that one's did.
fn mission() -> Log {
    let mut charter = charter();
    charter.parties = ["GOSL", "LTTE"]
        .map(|code| pb::Party {
            code: code.to_owned(),
            name: format!("Party {code}"),
        })
        .to_vec();
    let rules = charter.rules.as_mut().unwrap();
    let commission = rules.role_rules.last_mut().unwrap();
    commission.members.truncate(1);
    let mut log = Log::found(&support::charter_record(charter)).unwrap();
    for (station, role) in [
        ("monitor", pb::Role::Monitor),
        ("verifier", pb::Role::Verifier),
        ("commissioner", pb::Role::Commissioner),
    ] {
        log.enrol("AAA", station, role);
    }
    log
}

/// A complaint with its inquiry, and its end.
fn inquires(
    log: &mut Log,
    number: u32,
    party: &str,
    ruling: Option<pb::AttributionFinding>,
) -> RecordDigest {
    let complaint = Body::IncidentReport(pb::IncidentReport {
        observer_count: number,
        ..report()
    });
    let complaint = log.put("AAA", "monitor", complaint).unwrap();
    let founding = Body::Case(case(vec![complaint], &[party]));
    let founding = log.put("AAA", "verifier", founding).unwrap();
    if let Some(finding) = ruling {
        let whole = attribution(founding, party);
        let ruling = match finding {
            Party => whole,
            _ => pb::AttributionProposal {
                finding: finding.into(),
                party: String::new(),
                basis: 0,
                intent: 0,
                ..whole
            },
        };
        let mut write = |body| log.put("AAA", "commissioner", body).unwrap();
        let asked = write(asks_attribution(ruling));
        let cast = write(vote(asked, Concur));
        write(decision(asked, pb::Outcome::Adopted, &[cast]));
    }
    let result = match ruling {
        Some(Party) => Violation,
        Some(_) => NoViolation,
        None => Pending,
    };
    let ends = Body::Closure(closure(founding, result));
    log.put("AAA", "commissioner", ends).unwrap();
    founding
}

#[test]
fn each_of_8064_complaints_ends() {
    let mut log = mission();
    let mut cases = Vec::new();
    for (party, total, violations, none) in COMPLAINTS {
        for number in 0..total {
            let ruling = if number < violations {
                Some(Party)
            } else {
                (number < violations + none).then_some(NotABreach)
            };
            let count = u32::try_from(cases.len()).unwrap();
            cases.push((party, inquires(&mut log, count, party, ruling)));
        }
    }
    assert_eq!(cases.len(), 8_064);
    let bytes = log.state.memory_len() / usize::try_from(log.size()).unwrap();
    assert!(bytes <= 100, "{bytes} bytes of state a record");
    for (party, total, violations, none) in COMPLAINTS {
        let results: Vec<pb::ClosureResult> = cases
            .iter()
            .filter(|(against, _)| *against == party)
            .map(|(_, case)| {
                let state = load_case(&log.state, case.as_bytes()).unwrap().unwrap();
                assert!(state.closed_index.is_some(), "{case} has no end");
                state.result()
            })
            .collect();
        let count = |result| results.iter().filter(|found| **found == result).count();
        let ends = (count(Violation), count(NoViolation), count(Pending));
        assert_eq!(ends, (violations, none, total - violations - none));
    }
}

#[test]
fn an_open_vote_outlives_the_suspension_of_a_voter() {
    let mut log = governed();
    let text = Question::ProtocolText(support::governance::protocol_text());
    let asked = log
        .put("AAA", "authority", support::commission::proposal(text))
        .unwrap();
    changed(&mut log, pb::MembershipChange::Suspend, "CCC");
    let state = load_proposal(&log.state, asked.as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(state.electorate, ["AAA", "BBB", "CCC"]);
    let votes =
        ["AAA", "BBB"].map(|member| log.put(member, "authority", vote(asked, Concur)).unwrap());
    let adopts = || decision(asked, pb::Outcome::Adopted, &votes);
    let open = refused(&log, "AAA", "authority", adopts());
    assert_eq!(open.fact("missing_votes"), Some("CCC"));
    let mut window_over = log.clone();
    window_over.now += 24 * HOUR;
    window_over.put("AAA", "authority", adopts()).unwrap();
    replays(&window_over);
    changed(&mut log, pb::MembershipChange::Reinstate, "CCC");
    let third = log.put("CCC", "authority", vote(asked, Dissent)).unwrap();
    let all = [votes[0], votes[1], third];
    log.put(
        "AAA",
        "authority",
        decision(asked, pb::Outcome::Adopted, &all),
    )
    .unwrap();
    replays(&log);
}
