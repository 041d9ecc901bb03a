//! The commission: cases, proposals, votes, decisions, activations.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{
    activation, all_vote, asks_attribution, asks_remedy, attribution, bytes, case, decision,
    proposal, refused, refuses, remedy, vote, with_attribution, with_case, with_proposal,
    with_remedy,
};
use support::{HOUR, Log, charter, charter_record, public, report};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Abstain, Concur, ConcurSeparately, Dissent, Recused};
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::{ProposalState, VoteState};

#[test]
fn rejects_cases_that_do_not_hold() {
    let (mut log, founding) = with_case(&["PPP"]);
    let digest = log.put(
        "AAA",
        "monitor",
        Body::IncidentReport(pb::IncidentReport {
            observer_count: 2,
            ..report()
        }),
    );
    let good = case(vec![digest.unwrap()], &["AAA", "PPP"]);
    let refuses_case = |mutate: &dyn Fn(&mut pb::Case), expected: (Reason, &str)| {
        refuses(
            &log,
            ("BBB", "verifier"),
            &good,
            Body::Case,
            |it| mutate(it),
            expected,
        );
    };
    refuses_case(
        &|it| it.title.clear(),
        (Reason::FieldRequired, "case.title"),
    );
    refuses_case(
        &|it| it.reports.clear(),
        (Reason::FieldRequired, "case.reports"),
    );
    refuses_case(
        &|it| it.reports[0] = vec![5; 32],
        (Reason::ReferenceUnknown, "case.reports[0]"),
    );
    refuses_case(
        &|it| it.reports[0] = bytes(founding),
        (Reason::ReferenceType, "case.reports[0]"),
    );
    refuses_case(
        &|it| it.parties.reverse(),
        (Reason::ListOrder, "case.parties[1]"),
    );
    refuses_case(
        &|it| it.parties[1] = "ZZZ".to_owned(),
        (Reason::PartyUnknown, "case.parties[1]"),
    );
    refuses_case(
        &|it| it.extends = vec![5; 32],
        (Reason::ReferenceUnknown, "case.extends"),
    );
    let extension = pb::Case {
        extends: bytes(founding),
        parties: vec!["AAA".to_owned()],
        ..pb::Case::default()
    };
    let extended = log
        .put("CCC", "commissioner", Body::Case(extension.clone()))
        .unwrap();
    let chained = pb::Case {
        extends: bytes(extended),
        ..extension
    };
    let refusal = refused(&log, "BBB", "verifier", Body::Case(chained));
    assert_eq!(
        (refusal.reason, refusal.fact("use_digest")),
        (Reason::ReferenceSuperseded, Some(&*founding.to_string()))
    );
}

#[test]
fn rejects_attributions_that_do_not_hold() {
    let (log, case) = with_case(&["PPP"]);
    let good = attribution(case, "PPP");
    let refuses_it =
        |mutate: &dyn Fn(&mut pb::AttributionProposal), reason: Reason, field: &str| {
            let field = format!("proposal.attribution.{field}");
            refuses(
                &log,
                ("AAA", "commissioner"),
                &good,
                asks_attribution,
                |it| mutate(it),
                (reason, &field),
            );
        };
    refuses_it(
        &|it| it.case = vec![4; 32],
        Reason::ReferenceUnknown,
        "case",
    );
    refuses_it(&|it| it.finding = 0, Reason::FieldRequired, "finding");
    refuses_it(&|it| it.clause = None, Reason::FieldRequired, "clause");
    refuses_it(
        &|it| it.clause.as_mut().unwrap().clause.clear(),
        Reason::FieldRequired,
        "clause.clause",
    );
    let text =
        |it: &mut pb::AttributionProposal| it.clause.as_mut().unwrap().protocol_text = bytes(case);
    refuses_it(&text, Reason::ReferenceType, "clause.protocol_text");
    refuses_it(&|it| it.party.clear(), Reason::FieldRequired, "party");
    refuses_it(
        &|it| it.party = "ZZZ".to_owned(),
        Reason::PartyUnknown,
        "party",
    );
    refuses_it(
        &|it| it.finding = pb::AttributionFinding::Unattributed.into(),
        Reason::FieldNotAllowed,
        "party",
    );
    refuses_it(&|it| it.basis = 0, Reason::FieldRequired, "basis");
    refuses_it(&|it| it.intent = 0, Reason::FieldRequired, "intent");
    refuses_it(
        &|it| it.standard_of_proof = 0,
        Reason::FieldRequired,
        "standard_of_proof",
    );
    refuses_it(
        &|it| it.standard_of_proof = 1,
        Reason::StandardTooLow,
        "standard_of_proof",
    );
    refuses_it(&|it| it.finality = 0, Reason::FieldRequired, "finality");
    let untitled = Body::Proposal(pb::Proposal {
        question: Some(pb::proposal::Question::Attribution(good.clone())),
        ..pb::Proposal::default()
    });
    assert_eq!(
        refused(&log, "AAA", "commissioner", untitled).field,
        "proposal.title"
    );
    assert_eq!(
        refused(&log, "AAA", "authority", asks_attribution(good)).reason,
        Reason::RoleNotAllowed
    );
    let rules = proposal(pb::proposal::Question::Rules(pb::RulesProposal::default()));
    assert_eq!(
        refused(&log, "AAA", "commissioner", rules).reason,
        Reason::ProposalKindNotAllowed
    );
}

#[test]
fn an_attribution_without_electorate_is_refused() {
    let mut log = Log::founded();
    log.enrol("AAA", "monitor", pb::Role::Monitor);
    log.enrol("AAA", "verifier", pb::Role::Verifier);
    let mut good = charter();
    good.rules.as_mut().unwrap().proposal_rules[0].proposer = pb::Role::Authority.into();
    let mut log = Log::found(&charter_record(good)).unwrap();
    let body = || asks_attribution(attribution(RecordDigest::from_bytes([1; 32]), "PPP"));
    assert_eq!(
        refused(&log, "AAA", "authority", body()).reason,
        Reason::ElectorateEmpty
    );
    log.enrol("AAA", "commissioner", pb::Role::Commissioner);
    assert_eq!(
        refused(&log, "AAA", "authority", body()).reason,
        Reason::ReferenceUnknown
    );
}

#[test]
fn a_second_vote_names_the_first() {
    let (mut log, proposal) = with_proposal();
    let first = log
        .put("AAA", "commissioner", vote(proposal, Dissent))
        .unwrap();
    let second = refused(&log, "AAA", "commissioner", vote(proposal, Concur));
    assert_eq!(
        (second.reason, second.fact("first_vote")),
        (Reason::SecondVote, Some(&*first.to_string()))
    );
}

#[test]
fn the_electorate_freezes_with_the_proposal() {
    let mut log = Log::founded();
    for (member, station, role) in [
        ("AAA", "monitor", pb::Role::Monitor),
        ("AAA", "verifier", pb::Role::Verifier),
        ("AAA", "commissioner", pb::Role::Commissioner),
        ("BBB", "commissioner", pb::Role::Commissioner),
    ] {
        log.enrol(member, station, role);
    }
    let report = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let case = log
        .put("AAA", "verifier", Body::Case(case(vec![report], &["PPP"])))
        .unwrap();
    let proposal = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(case, "PPP")),
        )
        .unwrap();
    log.enrol("CCC", "commissioner", pb::Role::Commissioner);
    assert_eq!(
        refused(&log, "CCC", "commissioner", vote(proposal, Concur)).reason,
        Reason::NotEligible
    );
    let later = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(case, "PPP")),
        )
        .unwrap();
    log.put("CCC", "commissioner", vote(later, Concur)).unwrap();
}

#[test]
fn a_vote_by_a_key_revoked_before_is_refused_and_after_it_stands() {
    let (mut log, proposal) = with_proposal();
    let vote_a = log
        .put("AAA", "commissioner", vote(proposal, Concur))
        .unwrap();
    for member in ["AAA", "BBB"] {
        let revocation = pb::Revocation {
            station: "commissioner".to_owned(),
            public_key: public(&format!("{member}/commissioner")),
            last_sequence: 9,
            reason: String::new(),
        };
        log.put(
            member,
            "authority",
            support::change(Change::Revocation(revocation)),
        )
        .unwrap();
    }
    assert_eq!(
        refused(&log, "BBB", "commissioner", vote(proposal, Concur)).reason,
        Reason::KeyRevoked
    );
    let vote_c = log
        .put("CCC", "commissioner", vote(proposal, Concur))
        .unwrap();
    log.now += 24 * HOUR;
    log.put(
        "CCC",
        "commissioner",
        decision(proposal, pb::Outcome::Adopted, &[vote_a, vote_c]),
    )
    .unwrap();
}

#[test]
fn nobody_decides_early_twice_or_against_the_votes() {
    let (mut log, proposal) = with_proposal();
    let first = log
        .put("AAA", "commissioner", vote(proposal, Concur))
        .unwrap();
    let second = log
        .put("BBB", "commissioner", vote(proposal, Concur))
        .unwrap();
    let early = refused(
        &log,
        "AAA",
        "commissioner",
        decision(proposal, pb::Outcome::Adopted, &[first, second]),
    );
    assert_eq!(
        (early.reason, early.field.as_str()),
        (Reason::VotingOpen, "decision.proposal")
    );
    assert_eq!(early.fact("missing_votes"), Some("CCC"));
    let third = log
        .put("CCC", "commissioner", vote(proposal, Dissent))
        .unwrap();
    let votes = [first, second, third];
    let outcome = |outcome| {
        refused(
            &log,
            "AAA",
            "commissioner",
            decision(proposal, outcome, &votes),
        )
    };
    let wrong = outcome(pb::Outcome::Rejected);
    assert_eq!(
        (wrong.reason, wrong.field.as_str()),
        (Reason::OutcomeDiffers, "decision.outcome")
    );
    assert_eq!(wrong.fact("computed"), Some("OUTCOME_ADOPTED"));
    assert_eq!(
        outcome(pb::Outcome::Unspecified).reason,
        Reason::FieldRequired
    );
    for list in [vec![first, third], vec![first, third, second], vec![]] {
        let refusal = refused(
            &log,
            "AAA",
            "commissioner",
            decision(proposal, pb::Outcome::Adopted, &list),
        );
        assert_eq!(
            (refusal.reason, refusal.field.as_str()),
            (Reason::VotesDiffer, "decision.votes")
        );
    }
    log.put(
        "AAA",
        "commissioner",
        decision(proposal, pb::Outcome::Adopted, &votes),
    )
    .unwrap();
    let again = refused(
        &log,
        "BBB",
        "authority",
        decision(proposal, pb::Outcome::Adopted, &votes),
    );
    assert_eq!(
        (again.reason, again.field.as_str()),
        (Reason::SecondDecision, "decision.proposal")
    );
}

#[test]
fn voting_closes_with_its_window_and_anyone_may_decide() {
    let (mut log, proposal) = with_proposal();
    let first = log
        .put("AAA", "commissioner", vote(proposal, Concur))
        .unwrap();
    log.now += 24 * HOUR - 1;
    let body = || decision(proposal, pb::Outcome::Lapsed, &[first]);
    assert_eq!(
        refused(&log, "BBB", "authority", body()).reason,
        Reason::VotingOpen
    );
    log.judge(&log.record("BBB", "commissioner", vote(proposal, Concur)))
        .unwrap();
    log.now += 1;
    let late = refused(&log, "BBB", "commissioner", vote(proposal, Concur));
    assert_eq!(
        (late.reason, late.field.as_str()),
        (Reason::VotingClosed, "vote.proposal")
    );
    log.put("BBB", "authority", body()).unwrap();
}

#[test]
fn a_party_counts_as_recused() {
    let (mut log, case) = with_case(&["AAA"]);
    let proposal = log
        .put(
            "BBB",
            "commissioner",
            asks_attribution(attribution(case, "AAA")),
        )
        .unwrap();
    let refusal = refused(&log, "AAA", "commissioner", vote(proposal, Dissent));
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::RecusalRequired, "vote.choice")
    );
    let vote_b = log
        .put("BBB", "commissioner", vote(proposal, Concur))
        .unwrap();
    let vote_c = log
        .put("CCC", "commissioner", vote(proposal, Concur))
        .unwrap();
    log.judge(&log.record("AAA", "commissioner", vote(proposal, Recused)))
        .unwrap();
    log.put(
        "BBB",
        "commissioner",
        decision(proposal, pb::Outcome::Adopted, &[vote_b, vote_c]),
    )
    .unwrap();
}

#[test]
fn rejects_remedies_that_do_not_hold() {
    let (log, basis) = with_attribution(|case| attribution(case, "PPP"));
    let good = remedy(basis);
    let refuses_it = |mutate: &dyn Fn(&mut pb::RemedyProposal), reason: Reason, field: &str| {
        let field = format!("proposal.remedy.{field}");
        refuses(
            &log,
            ("AAA", "commissioner"),
            &good,
            asks_remedy,
            |it| mutate(it),
            (reason, &field),
        );
    };
    refuses_it(
        &|it| it.decision = vec![2; 32],
        Reason::ReferenceUnknown,
        "decision",
    );
    refuses_it(&|it| it.measures.clear(), Reason::FieldRequired, "measures");
    refuses_it(
        &|it| it.measures[0].kind = 0,
        Reason::FieldRequired,
        "measures[0].kind",
    );
    let other = |it: &mut pb::RemedyProposal| {
        it.measures[1].kind = pb::RemedyKind::Other.into();
        it.measures[1].text.clear();
    };
    refuses_it(&other, Reason::FieldRequired, "measures[1].text");
    let stranger = |it: &mut pb::RemedyProposal| it.measures[0].addressees = vec!["PPP".to_owned()];
    refuses_it(
        &stranger,
        Reason::MemberUnknown,
        "measures[0].addressees[0]",
    );
    let stage =
        |it: &mut pb::RemedyProposal| it.measures[0].stage = pb::ResponseStage::Third.into();
    refuses_it(&stage, Reason::FieldFormat, "measures[0].stage");
}

#[test]
fn a_remedy_rests_on_an_adopted_final_breach() {
    let provisional = |case| pb::AttributionProposal {
        finality: pb::Finality::Provisional.into(),
        ..attribution(case, "PPP")
    };
    let (log, basis) = with_attribution(provisional);
    assert_eq!(
        refused(&log, "AAA", "commissioner", asks_remedy(remedy(basis))).reason,
        Reason::BasisProvisional
    );
    let no_breach = |case: RecordDigest| pb::AttributionProposal {
        case: bytes(case),
        finding: pb::AttributionFinding::NotABreach.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        finality: pb::Finality::Final.into(),
        ..pb::AttributionProposal::default()
    };
    let (log, basis) = with_attribution(no_breach);
    assert_eq!(
        refused(&log, "AAA", "commissioner", asks_remedy(remedy(basis))).reason,
        Reason::BasisNotABreach
    );
    let (mut log, proposal) = with_proposal();
    let votes = all_vote(&mut log, proposal, [Dissent, Dissent, Concur]);
    let basis = log
        .put(
            "AAA",
            "authority",
            decision(proposal, pb::Outcome::Rejected, &votes),
        )
        .unwrap();
    assert_eq!(
        refused(&log, "AAA", "commissioner", asks_remedy(remedy(basis))).reason,
        Reason::NotAdopted
    );
}

#[test]
fn rejects_activations_that_do_not_hold() {
    let (mut log, decision) = with_remedy();
    let good = pb::Activation {
        choice: pb::ActivationChoice::ApproveInPart.into(),
        measures: vec![2],
        effective_time: 5,
        expiry_time: 6,
        ..activation(decision)
    };
    let refuses_it = |mutate: &dyn Fn(&mut pb::Activation), reason: Reason, field: &str| {
        let field = format!("activation.{field}");
        refuses(
            &log,
            ("BBB", "authority"),
            &good,
            Body::Activation,
            |it| mutate(it),
            (reason, &field),
        );
    };
    refuses_it(&|it| it.choice = 0, Reason::FieldRequired, "choice");
    refuses_it(&|it| it.measures.clear(), Reason::FieldRequired, "measures");
    refuses_it(
        &|it| it.measures = vec![3],
        Reason::OutOfRange,
        "measures[0]",
    );
    refuses_it(
        &|it| it.measures = vec![2, 1],
        Reason::ListOrder,
        "measures[1]",
    );
    refuses_it(
        &|it| it.choice = pb::ActivationChoice::Decline.into(),
        Reason::FieldNotAllowed,
        "measures",
    );
    refuses_it(&|it| it.expiry_time = 4, Reason::TimeOrder, "expiry_time");
    refuses_it(
        &|it| it.decision = vec![3; 32],
        Reason::ReferenceUnknown,
        "decision",
    );
    refuses_it(
        &|it| it.supersedes = vec![3; 32],
        Reason::ReferenceUnknown,
        "supersedes",
    );
    let pending = pb::Activation {
        choice: pb::ActivationChoice::PendingProcedure.into(),
        ..activation(decision)
    };
    let refusal = refused(&log, "BBB", "authority", Body::Activation(pending.clone()));
    assert_eq!(refusal.field, "activation.procedure");
    assert_eq!(
        refused(
            &log,
            "CCC",
            "authority",
            Body::Activation(activation(decision))
        )
        .reason,
        Reason::NotAnAddressee
    );
    let pending = pb::Activation {
        procedure: "A vote in parliament.".to_owned(),
        ..pending
    };
    let first = log
        .put("BBB", "authority", Body::Activation(pending))
        .unwrap();
    let blind = refused(
        &log,
        "BBB",
        "authority",
        Body::Activation(activation(decision)),
    );
    assert_eq!(
        (blind.reason, blind.field.as_str()),
        (Reason::SupersedesRequired, "activation.supersedes")
    );
    assert_eq!(blind.fact("use_digest"), Some(&*first.to_string()));
    let second = pb::Activation {
        supersedes: bytes(first),
        ..activation(decision)
    };
    log.put("BBB", "authority", Body::Activation(second))
        .unwrap();
}

#[test]
fn an_activation_names_a_remedy() {
    let (log, basis) = with_attribution(|case| attribution(case, "PPP"));
    let refusal = refused(
        &log,
        "AAA",
        "authority",
        Body::Activation(activation(basis)),
    );
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::ReferenceType, "activation.decision")
    );
}

/// Outcome by quorum and majority, worked out by hand.
#[test]
fn tallies_as_the_rules_say() {
    use pb::Outcome::{Adopted, Lapsed, Rejected};
    let rule = support::rules().proposal_rules[0];
    let cases: &[(&[pb::VoteChoice], pb::Outcome)] = &[
        (&[Concur, Concur, Concur, Concur], Adopted),
        (&[Concur, Concur, Concur, Dissent, Dissent], Adopted),
        (&[Concur, Concur, Dissent, Dissent], Rejected),
        (&[Concur, Abstain, Abstain, Abstain], Adopted),
        (&[Abstain, Abstain, Abstain, Abstain], Rejected),
        (&[Concur, Concur, Concur], Lapsed),
        (
            &[Concur, ConcurSeparately, Recused, Recused, Abstain],
            Adopted,
        ),
        (&[Concur, Recused, Recused, Recused, Recused], Lapsed),
        (
            &[Concur, Recused, Recused, Recused, Recused, Recused],
            Adopted,
        ),
        (&[], Lapsed),
    ];
    for (choices, outcome) in cases {
        let names: Vec<String> = (0..6).map(|number| format!("M{number:02}")).collect();
        let votes = names
            .iter()
            .zip(*choices)
            .map(|(member, choice)| VoteState {
                member: member.clone(),
                choice: (*choice).into(),
                digest: vec![0; 32],
            });
        let state = ProposalState {
            rule,
            votes: votes.collect(),
            electorate: names.clone(),
            ..ProposalState::default()
        };
        assert_eq!(state.tally().outcome, *outcome, "{choices:?}");
    }
}
