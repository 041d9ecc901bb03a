//! Governance: membership, texts, rules, and what members and the commission do with adopted decisions.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use prost::Message as _;
use support::commission::{
    asks_attribution, asks_remedy, attribution, bytes, case, decision, proposal, refused, refuses,
    remedy, vote, with_remedy,
};
use support::governance::{
    adopt, carry, changed, governed, governed_charter, is_accepted, is_refused, membership,
    protocol_text, ratification, reports, with_text,
};
use support::{HOUR, change, public, report};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::MembershipChange::{Admit, Depart, Reinstate, Suspend};
use trucelog_proto::pb::RatificationStep::{Ratified, Refused, Signed, Withdrawn};
use trucelog_proto::pb::VoteChoice::{Concur, Dissent};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::Key;
use trucelog_proto::state::{StateMut as _, Writes};

const AUTHORITY: (&str, &str) = ("AAA", "authority");

fn asks_membership(body: pb::MembershipProposal) -> Body {
    proposal(Question::Membership(body))
}

fn asks_text(body: pb::ProtocolTextProposal) -> Body {
    proposal(Question::ProtocolText(body))
}

fn asks_rules(body: pb::RulesProposal) -> Body {
    proposal(Question::Rules(body))
}

fn rules(mutate: impl FnOnce(&mut pb::Rules)) -> pb::RulesProposal {
    let mut rules = governed_charter().rules.unwrap();
    mutate(&mut rules);
    pb::RulesProposal { rules: Some(rules) }
}

fn role_rule(rules: &mut pb::Rules, role: pb::Role) -> &mut pb::RoleRule {
    let mut all = rules.role_rules.iter_mut();
    all.find(|rule| rule.role() == role).unwrap()
}

// Membership.

#[test]
fn one_proposal_on_a_member_is_open_at_a_time() {
    let mut log = governed();
    let asked = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Suspend, "CCC")),
        )
        .unwrap();
    let second = asks_membership(membership(Depart, "CCC"));
    is_refused(
        &log,
        ("BBB", "authority"),
        second.clone(),
        Reason::ProposalOpen,
        "proposal.membership.member.code",
    );
    is_accepted(
        &log,
        ("BBB", "authority"),
        asks_membership(membership(Suspend, "AAA")),
    );
    log.now += 24 * HOUR;
    is_refused(
        &log,
        ("BBB", "authority"),
        second.clone(),
        Reason::ProposalOpen,
        "proposal.membership.member.code",
    );
    log.put(
        "BBB",
        "authority",
        decision(asked, pb::Outcome::Lapsed, &[]),
    )
    .unwrap();
    is_accepted(&log, ("BBB", "authority"), second);
}

#[test]
fn an_admitted_member_speaks_from_the_next_index() {
    let mut log = governed();
    let open = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Suspend, "CCC")),
        )
        .unwrap();
    changed(&mut log, Admit, "DDD");
    let enrols = support::enrolment("extra", pb::Role::Authority, "DDD/extra");
    is_refused(
        &log,
        ("DDD", "authority"),
        enrols,
        Reason::RoleNotAdmitted,
        "station_change.enrolment.role",
    );
    let frozen = refused(&log, "DDD", "authority", vote(open, Concur));
    assert_eq!(frozen.reason, Reason::NotEligible);
    let later = log
        .put(
            "DDD",
            "authority",
            asks_membership(membership(Suspend, "BBB")),
        )
        .unwrap();
    is_accepted(&log, ("DDD", "authority"), vote(later, Concur));
    let rotation = Change::Rotation(pb::Rotation {
        station: "authority".to_owned(),
        old_public_key: public("DDD/authority"),
        old_last_sequence: 1,
        new_public_key: public("DDD/authority-2"),
    });
    is_accepted(&log, ("DDD", "recovery"), change(rotation));
    // The rules may name it from now on, and not before.
    let with_monitor = rules(|it| {
        role_rule(it, pb::Role::Monitor)
            .members
            .push("DDD".to_owned());
    });
    is_refused(
        &governed(),
        AUTHORITY,
        asks_rules(with_monitor.clone()),
        Reason::MemberUnknown,
        "proposal.rules.rules.role_rules[2].members[3]",
    );
    adopt(&mut log, Question::Rules(with_monitor));
    log.enrol("DDD", "monitor", pb::Role::Monitor);
    is_accepted(&log, ("DDD", "monitor"), reports());
}

#[test]
fn a_promised_key_is_nobody_elses_and_signs_nothing_before_its_time() {
    let mut log = governed();
    let asked = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Admit, "DDD")),
        )
        .unwrap();
    is_refused(
        &log,
        ("BBB", "authority"),
        support::enrolment("thief", pb::Role::Monitor, "DDD/authority"),
        Reason::KeyEnrolled,
        "station_change.enrolment.public_key",
    );
    let mut other = membership(Admit, "EEE");
    other.member.as_mut().unwrap().authority_key = public("DDD/authority");
    is_refused(
        &log,
        AUTHORITY,
        asks_membership(other),
        Reason::KeyEnrolled,
        "proposal.membership.member.authority_key",
    );
    let early = refused(
        &log,
        "DDD",
        "authority",
        asks_membership(membership(Suspend, "AAA")),
    );
    assert_eq!(early.reason, Reason::KeyUnknown);
    // Rejected once, the same keys may be asked for again.
    let votes: Vec<_> = support::MEMBERS
        .iter()
        .map(|member| log.put(member, "authority", vote(asked, Dissent)).unwrap())
        .collect();
    log.put(
        "AAA",
        "authority",
        decision(asked, pb::Outcome::Rejected, &votes),
    )
    .unwrap();
    let still = refused(
        &log,
        "DDD",
        "authority",
        asks_membership(membership(Suspend, "AAA")),
    );
    assert_eq!(still.reason, Reason::KeyUnknown);
    changed(&mut log, Admit, "DDD");
    is_accepted(
        &log,
        ("DDD", "authority"),
        asks_membership(membership(Suspend, "AAA")),
    );
}

#[test]
fn a_suspended_member_only_looks_after_its_keys() {
    let mut log = governed();
    let asked = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Admit, "DDD")),
        )
        .unwrap();
    let before = log.put("CCC", "authority", vote(asked, Concur)).unwrap();
    changed(&mut log, Suspend, "CCC");
    for station in ["monitor", "sensor"] {
        is_refused(
            &log,
            ("CCC", station),
            reports(),
            Reason::MemberSuspended,
            "member",
        );
    }
    let revocation = Change::Revocation(pb::Revocation {
        station: "monitor".to_owned(),
        public_key: public("CCC/monitor"),
        last_sequence: 0,
        reason: "Lost.".to_owned(),
    });
    log.put("CCC", "authority", change(revocation)).unwrap();
    // New electorates leave it out; the open one still counts its vote and its seat.
    let later = log
        .put(
            "BBB",
            "authority",
            asks_membership(membership(Admit, "EEE")),
        )
        .unwrap();
    is_refused(
        &log,
        ("CCC", "authority"),
        vote(later, Concur),
        Reason::MemberSuspended,
        "member",
    );
    let others: Vec<_> = ["AAA", "BBB"]
        .iter()
        .map(|member| log.put(member, "authority", vote(later, Concur)).unwrap())
        .collect();
    log.put(
        "AAA",
        "authority",
        decision(later, pb::Outcome::Adopted, &others),
    )
    .unwrap();
    let votes = [
        before,
        log.put("AAA", "authority", vote(asked, Concur)).unwrap(),
        log.put("BBB", "authority", vote(asked, Dissent)).unwrap(),
    ];
    log.put(
        "AAA",
        "authority",
        decision(asked, pb::Outcome::Adopted, &votes),
    )
    .unwrap();
    changed(&mut log, Reinstate, "CCC");
    is_accepted(&log, ("CCC", "monitor-2"), reports());
    let newest = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Suspend, "BBB")),
        )
        .unwrap();
    is_accepted(&log, ("CCC", "authority"), vote(newest, Concur));
}

#[test]
fn the_member_concerned_counts_as_a_party() {
    let mut log = governed();
    let asked = log
        .put(
            "AAA",
            "authority",
            asks_membership(membership(Suspend, "CCC")),
        )
        .unwrap();
    is_refused(
        &log,
        ("CCC", "authority"),
        vote(asked, Dissent),
        Reason::RecusalRequired,
        "vote.choice",
    );
    carry(&mut log, asked);
}

#[test]
fn a_departed_members_past_stays_and_its_keys_end() {
    let mut log = governed();
    let logged = log.put("CCC", "monitor", reports()).unwrap();
    let founding = log
        .put("AAA", "verifier", Body::Case(case(vec![logged], &["PPP"])))
        .unwrap();
    changed(&mut log, Depart, "CCC");
    for station in ["monitor", "authority", "recovery", "commissioner"] {
        let body = || match station {
            "monitor" => reports(),
            "commissioner" => asks_attribution(attribution(founding, "PPP")),
            _ => change(Change::Rotation(pb::Rotation {
                station: "authority".to_owned(),
                old_public_key: public("CCC/authority"),
                old_last_sequence: 9,
                new_public_key: public("CCC/authority-2"),
            })),
        };
        is_refused(
            &log,
            ("CCC", station),
            body(),
            Reason::MemberDeparted,
            "member",
        );
    }
    is_accepted(
        &log,
        ("BBB", "verifier"),
        Body::Case(case(vec![logged], &["CCC"])),
    );
    is_refused(
        &log,
        AUTHORITY,
        asks_membership(membership(Admit, "CCC")),
        Reason::MemberKnown,
        "proposal.membership.member.code",
    );
    is_refused(
        &log,
        ("BBB", "authority"),
        support::enrolment("monitor-3", pb::Role::Monitor, "CCC/monitor"),
        Reason::KeyEnrolled,
        "station_change.enrolment.public_key",
    );
    let asked = log
        .put(
            "AAA",
            "commissioner",
            asks_attribution(attribution(founding, "PPP")),
        )
        .unwrap();
    let votes: Vec<_> = ["AAA", "BBB"]
        .iter()
        .map(|member| {
            log.put(member, "commissioner", vote(asked, Concur))
                .unwrap()
        })
        .collect();
    let adopted = log
        .put(
            "AAA",
            "commissioner",
            decision(asked, pb::Outcome::Adopted, &votes),
        )
        .unwrap();
    let mut asks_it = remedy(adopted);
    asks_it.measures[1].addressees = vec!["CCC".to_owned()];
    is_refused(
        &log,
        ("AAA", "commissioner"),
        asks_remedy(asks_it),
        Reason::MemberUnknown,
        "proposal.remedy.measures[1].addressees[0]",
    );
}

// Rules.

#[test]
fn one_proposal_of_rules_is_open_at_a_time() {
    let mut log = governed();
    let asked = log
        .put("AAA", "authority", asks_rules(rules(|_| {})))
        .unwrap();
    let second = asks_rules(rules(|it| it.reply_window += 1));
    is_refused(
        &log,
        ("BBB", "authority"),
        second.clone(),
        Reason::ProposalOpen,
        "proposal.rules",
    );
    carry(&mut log, asked);
    is_accepted(&log, ("BBB", "authority"), second);
}

#[test]
fn rules_bind_from_the_index_after_their_decision() {
    let mut log = governed();
    let logged = log.put("AAA", "monitor", reports()).unwrap();
    let founding = log
        .put("BBB", "verifier", Body::Case(case(vec![logged], &["PPP"])))
        .unwrap();
    let asks = || asks_attribution(attribution(founding, "PPP"));
    let strict = pb::StandardOfProof::BeyondReasonableDoubt;
    let asked = log
        .put(
            "AAA",
            "authority",
            asks_rules(rules(|it| {
                it.proposal_rules[0].standard_of_proof = strict.into();
            })),
        )
        .unwrap();
    is_accepted(&log, ("AAA", "commissioner"), asks());
    carry(&mut log, asked);
    is_refused(
        &log,
        ("AAA", "commissioner"),
        asks(),
        Reason::StandardTooLow,
        "proposal.attribution.standard_of_proof",
    );
}

#[test]
fn rejected_rules_change_nothing() {
    let mut log = governed();
    let before = log.state.save();
    let tolerance = asks_rules(rules(|it| it.clock_tolerance = 1));
    let asked = log.put("AAA", "authority", tolerance).unwrap();
    let votes: Vec<_> = support::MEMBERS
        .iter()
        .map(|member| log.put(member, "authority", vote(asked, Dissent)).unwrap())
        .collect();
    log.put(
        "AAA",
        "authority",
        decision(asked, pb::Outcome::Rejected, &votes),
    )
    .unwrap();
    let rules_of = |saved: &[u8]| {
        let state = trucelog_proto::state::MemoryState::load(saved).unwrap();
        trucelog_proto::rules::load::<pb::Rules>(&state, &Key::Rules).unwrap()
    };
    assert_eq!(rules_of(&before), rules_of(&log.state.save()));
}

#[test]
fn a_member_that_the_rules_drop_finishes_what_it_began() {
    let mut log = governed();
    let logged = log.put("CCC", "monitor", reports()).unwrap();
    let founding = log
        .put("AAA", "verifier", Body::Case(case(vec![logged], &["PPP"])))
        .unwrap();
    let asks = || asks_attribution(attribution(founding, "PPP"));
    let open = log.put("AAA", "commissioner", asks()).unwrap();
    let without = rules(|it| {
        for role in [pb::Role::Monitor, pb::Role::Commissioner] {
            role_rule(it, role).members.retain(|code| code != "CCC");
        }
    });
    adopt(&mut log, Question::Rules(without));
    is_refused(
        &log,
        ("CCC", "monitor"),
        reports(),
        Reason::RoleNotAdmitted,
        "incident_report",
    );
    is_refused(
        &log,
        ("CCC", "commissioner"),
        asks(),
        Reason::RoleNotAdmitted,
        "proposal",
    );
    let restated = pb::IncidentReport {
        observer_count: 2,
        ..report()
    };
    let correction = Body::Correction(pb::Correction {
        target: bytes(logged),
        reason: pb::CorrectionReason::TypingError.into(),
        report: Some(restated),
        ..pb::Correction::default()
    });
    is_accepted(&log, ("CCC", "monitor"), correction);
    let withdrawal = Body::Withdrawal(pb::Withdrawal {
        target: bytes(logged),
        reason: pb::WithdrawalReason::Error.into(),
        ..pb::Withdrawal::default()
    });
    is_accepted(&log, ("CCC", "monitor"), withdrawal);
    is_accepted(&log, ("CCC", "commissioner"), vote(open, Concur));
    is_refused(
        &log,
        ("CCC", "authority"),
        support::enrolment("monitor-3", pb::Role::Monitor, "CCC/monitor-3"),
        Reason::RoleNotAdmitted,
        "station_change.enrolment.role",
    );
    let later = log.put("AAA", "commissioner", asks()).unwrap();
    is_refused(
        &log,
        ("CCC", "commissioner"),
        vote(later, Concur),
        Reason::NotEligible,
        "vote.proposal",
    );
}

/// Under rules of a version that this software does not know, nothing is false.
#[test]
fn rules_of_a_later_version_ask_for_newer_software() {
    let mut log = governed();
    let mut later = rules(|_| {}).rules.unwrap();
    is_accepted(&log, ("AAA", "monitor"), reports());
    later.rules_version = 2;
    let mut writes = Writes::default();
    writes.put(Key::Rules.encode(), later.encode_to_vec());
    log.state.apply(&writes).unwrap();
    for body in [reports(), vote(RecordDigest::from_bytes([1; 32]), Concur)] {
        is_refused(&log, ("AAA", "monitor"), body, Reason::NotSupported, "");
    }
}

// Protocol texts.

#[test]
fn a_text_replaces_the_one_in_force_and_one_at_a_time() {
    let (mut log, first) = with_text();
    let replaces = |digest: RecordDigest| pb::ProtocolTextProposal {
        supersedes: bytes(digest),
        ..protocol_text()
    };
    let asked = log
        .put("AAA", "authority", asks_text(replaces(first)))
        .unwrap();
    is_refused(
        &log,
        ("BBB", "authority"),
        asks_text(replaces(first)),
        Reason::ProposalOpen,
        "proposal.protocol_text.supersedes",
    );
    is_accepted(&log, ("BBB", "authority"), asks_text(protocol_text()));
    let second = carry(&mut log, asked);
    let refusal = refused(&log, "BBB", "authority", asks_text(replaces(first)));
    assert_eq!(
        (
            refusal.reason,
            refusal.field.as_str(),
            refusal.fact("use_digest")
        ),
        (
            Reason::ReferenceSuperseded,
            "proposal.protocol_text.supersedes",
            Some(&*second.to_string())
        )
    );
    is_accepted(&log, ("BBB", "authority"), asks_text(replaces(second)));
}

#[test]
fn a_record_names_a_clause_of_an_adopted_text() {
    let (mut log, first) = with_text();
    let names = |text: RecordDigest, clause: &str| {
        Body::IncidentReport(pb::IncidentReport {
            clause_references: vec![pb::ClauseReference {
                protocol_text: bytes(text),
                clause: clause.to_owned(),
            }],
            ..report()
        })
    };
    is_accepted(&log, ("AAA", "monitor"), names(first, "2.1"));
    is_refused(
        &log,
        ("AAA", "monitor"),
        names(first, "9"),
        Reason::ClauseUnknown,
        "incident_report.clause_references[0].clause",
    );
    let next = pb::ProtocolTextProposal {
        supersedes: bytes(first),
        clauses: Vec::new(),
        ..protocol_text()
    };
    let second = adopt(&mut log, Question::ProtocolText(next));
    is_accepted(&log, ("AAA", "monitor"), names(first, "2.1"));
    is_refused(
        &log,
        ("AAA", "monitor"),
        names(second, "2.1"),
        Reason::ClauseUnknown,
        "incident_report.clause_references[0].clause",
    );
    let asked = log
        .put("AAA", "authority", asks_text(protocol_text()))
        .unwrap();
    let votes: Vec<_> = support::MEMBERS
        .iter()
        .map(|member| log.put(member, "authority", vote(asked, Dissent)).unwrap())
        .collect();
    let rejected = log
        .put(
            "AAA",
            "authority",
            decision(asked, pb::Outcome::Rejected, &votes),
        )
        .unwrap();
    is_refused(
        &log,
        ("AAA", "monitor"),
        names(rejected, "2.1"),
        Reason::NotAdopted,
        "incident_report.clause_references[0].protocol_text",
    );
}

// Ratification.

#[test]
fn a_member_signs_first_and_ends_once() {
    let (mut log, adopted) = with_text();
    let takes = |step| Body::Ratification(ratification(adopted, step));
    for step in [Ratified, Refused, Withdrawn] {
        is_refused(
            &log,
            AUTHORITY,
            takes(step),
            Reason::StepOrder,
            "ratification.step",
        );
    }
    log.put("AAA", "authority", takes(Signed)).unwrap();
    is_refused(
        &log,
        AUTHORITY,
        takes(Signed),
        Reason::StepOrder,
        "ratification.step",
    );
    for last in [Ratified, Refused, Withdrawn] {
        let mut log = log.clone();
        log.put("AAA", "authority", takes(last)).unwrap();
        for step in [Signed, Ratified, Refused, Withdrawn] {
            is_refused(
                &log,
                AUTHORITY,
                takes(step),
                Reason::StepOrder,
                "ratification.step",
            );
        }
        is_accepted(&log, ("BBB", "authority"), takes(Signed));
    }
    let good = ratification(adopted, Ratified);
    refuses(
        &log,
        AUTHORITY,
        &good,
        Body::Ratification,
        |it| it.body.clear(),
        (Reason::FieldRequired, "ratification.body"),
    );
}

#[test]
fn a_superseded_text_is_not_signed_and_may_still_be_ratified() {
    let (mut log, first) = with_text();
    log.put(
        "AAA",
        "authority",
        Body::Ratification(ratification(first, Signed)),
    )
    .unwrap();
    let next = pb::ProtocolTextProposal {
        supersedes: bytes(first),
        ..protocol_text()
    };
    let second = adopt(&mut log, Question::ProtocolText(next));
    let late = Body::Ratification(ratification(first, Signed));
    is_refused(
        &log,
        ("BBB", "authority"),
        late,
        Reason::ReferenceSuperseded,
        "ratification.decision",
    );
    is_accepted(
        &log,
        ("BBB", "authority"),
        Body::Ratification(ratification(second, Signed)),
    );
    is_accepted(
        &log,
        AUTHORITY,
        Body::Ratification(ratification(first, Ratified)),
    );
}

#[test]
fn a_ratification_names_a_text() {
    let (log, remedy) = with_remedy();
    let body = Body::Ratification(ratification(remedy, Signed));
    is_refused(
        &log,
        AUTHORITY,
        body,
        Reason::ReferenceType,
        "ratification.decision",
    );
}
