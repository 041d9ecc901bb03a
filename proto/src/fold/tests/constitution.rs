//! Members, rules and texts, and how they change.

use super::support::{HOUR, Log, START, bytes, charter, key_bytes};
use crate::fold::{Text, TextStatus, Views as _};
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::pb::RatificationStep::{Ratified, Refused, Signed};
use crate::pb::proposal::Question;
use crate::pb::record::Body;

#[test]
fn rules_are_in_force_from_the_entry_after_their_decision() {
    let mut log = Log::new();
    let mut rules = charter().rules.unwrap();
    rules.reply_window = HOUR;
    let proposal = log.propose(
        Question::Rules(pb::RulesProposal { rules: Some(rules) }),
        None,
    );
    for m in 0..3 {
        log.vote(m, proposal, pb::VoteChoice::Concur);
    }
    let decision = log.decide(proposal, pb::Outcome::Adopted);
    let decided = log.index_of(decision);
    let constitution = log.fold.constitution().unwrap();
    let window = |index| constitution.rules_at(LeafIndex::new(index)).reply_window;
    assert_eq!(window(decided.get()), 48 * HOUR);
    assert_eq!(window(decided.get() + 1), HOUR);
    assert_eq!(constitution.amendments()[0].decision.digest, decision);
}

#[test]
fn rules_that_were_rejected_change_nothing() {
    let mut log = Log::new();
    let mut rules = charter().rules.unwrap();
    rules.reply_window = HOUR;
    let proposal = log.propose(
        Question::Rules(pb::RulesProposal { rules: Some(rules) }),
        None,
    );
    for m in 0..3 {
        log.vote(m, proposal, pb::VoteChoice::Dissent);
    }
    log.decide(proposal, pb::Outcome::Rejected);
    let constitution = log.fold.constitution().unwrap();
    assert_eq!(constitution.amendments(), []);
    assert_eq!(
        constitution.rules_at(LeafIndex::new(1_000)).reply_window,
        48 * HOUR
    );
}

#[test]
fn an_admitted_member_has_a_row_in_every_table() {
    let mut log = Log::new();
    let member = pb::CharterMember {
        code: "POL".to_owned(),
        name: "Poland".to_owned(),
        authority_key: key_bytes(13),
        recovery_key: key_bytes(23),
    };
    let admission = Question::Membership(pb::MembershipProposal {
        change: pb::MembershipChange::Admit.into(),
        member: Some(member),
    });
    log.adopt(admission, None);
    let constitution = log.fold.constitution().unwrap();
    let members: Vec<&str> = constitution.members().into_iter().collect();
    assert_eq!(members, ["DEU", "FRA", "GBR", "POL"]);
    assert_eq!(
        constitution.standing("POL"),
        Some(pb::MembershipChange::Admit)
    );
    assert_eq!(constitution.standing("DEU"), None);
}

pub(super) fn protocol_text(title: &str, supersedes: Option<RecordDigest>) -> Question {
    Question::ProtocolText(pb::ProtocolTextProposal {
        title: title.to_owned(),
        language_versions: vec![pb::LanguageVersion {
            language: "en".to_owned(),
            digest: vec![1; 32],
        }],
        effective_time: START + HOUR,
        effective_as_written: "tomorrow".to_owned(),
        expiry_time: START + 2 * HOUR,
        supersedes: supersedes.map_or_else(Vec::new, bytes),
        ..pb::ProtocolTextProposal::default()
    })
}

pub(super) fn ratify(log: &mut Log, m: u8, decision: RecordDigest, step: pb::RatificationStep) {
    let ratification = pb::Ratification {
        decision: bytes(decision),
        step: step.into(),
        body: "Parliament".to_owned(),
        ..pb::Ratification::default()
    };
    log.authority_of(m, Body::Ratification(ratification));
}

fn texts(log: &Log) -> Vec<Text<'_>> {
    let proposals = log.fold.proposals().iter();
    proposals
        .filter_map(|proposal| proposal.text(&log.fold).unwrap())
        .collect()
}

#[test]
fn a_text_has_a_row_of_steps_for_each_member() {
    let mut log = Log::new();
    let decision = log.adopt(protocol_text("First", None), None);
    ratify(&mut log, 0, decision, Signed);
    ratify(&mut log, 1, decision, Signed);
    ratify(&mut log, 0, decision, Ratified);
    ratify(&mut log, 1, decision, Refused);
    let texts = texts(&log);
    let steps = texts[0].ratifications.iter();
    let steps: Vec<_> = steps
        .map(|row| (row.member.as_str(), row.steps.len(), row.newest()))
        .collect();
    let expected = [
        ("DEU", 2, Some(Ratified)),
        ("FRA", 2, Some(Refused)),
        ("GBR", 0, None),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_text_is_in_effect_between_its_times_unless_another_replaces_it() {
    let mut log = Log::new();
    let first = log.adopt(protocol_text("First", None), None);
    let status = |log: &Log, now| texts(log)[0].status(now);
    assert_eq!(status(&log, log.fold.now()), TextStatus::NotYetEffective);
    assert_eq!(status(&log, START + HOUR), TextStatus::InEffect);
    assert_eq!(status(&log, START + 2 * HOUR), TextStatus::Expired);
    log.adopt(protocol_text("Second", Some(first)), None);
    let second = texts(&log)[1].proposal.digest();
    assert_eq!(texts(&log)[0].superseded_by, Some(second));
    assert_eq!(status(&log, START + HOUR), TextStatus::Superseded);
    assert_eq!(texts(&log)[1].status(START + HOUR), TextStatus::InEffect);
}
