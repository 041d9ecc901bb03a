//! Succession: what a successor's charter says, and whether the predecessor's rules are satisfied.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{decision, proposal, vote};
use support::governance::{changed, governed, governed_charter};
use support::{Log, charter, charter_record, key, public};
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::{CharterDigest, LeafIndex, RootHash, TreeSize};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::MembershipChange::{Admit, Depart, Suspend};
use trucelog_proto::pb::VoteChoice::Concur;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::record::{DecodedRecord, LogId, NO_CHARTER, sign};
use trucelog_proto::refusal::Reason;
use trucelog_proto::signature::PublicKey;
use trucelog_proto::state::StateError;
use trucelog_proto::succession::{
    Contradiction, SuccessionError, contradiction, endorse, statement, terms, verify,
};
use trucelog_proto::tree::{RightEdge, leaf_hash};

const SUCCESSOR: &str = "log.example/next";

fn root(log: &Log) -> RootHash {
    let mut edge = RightEdge::new();
    for entry in &log.entries {
        edge.append(leaf_hash(entry));
    }
    edge.root()
}

/// The charter of a successor of `log`, not endorsed yet.
fn successor(log: &Log) -> pb::Charter {
    let log_key = VerifierKey::ed25519(SUCCESSOR.parse().unwrap(), PublicKey::of(&key("next log")));
    pb::Charter {
        origin: SUCCESSOR.to_owned(),
        log_key: log_key.to_string(),
        operator_key: public("next operator"),
        predecessor: Some(pb::Predecessor {
            origin: log.id.origin.to_string(),
            charter_digest: log.id.charter.as_bytes().to_vec(),
            size: u64::try_from(log.entries.len()).unwrap(),
            root: root(log).as_bytes().to_vec(),
            endorsements: Vec::new(),
        }),
        ..charter()
    }
}

fn predecessor(charter: &mut pb::Charter) -> &mut pb::Predecessor {
    charter.predecessor.as_mut().unwrap()
}

fn endorsed_by(mut charter: pb::Charter, members: &[&str]) -> pb::Charter {
    let endorsements = members.iter().map(|member| {
        let key = key(&format!("{member}/authority"));
        endorse(&charter, member, &key).unwrap()
    });
    let endorsements = endorsements.collect();
    predecessor(&mut charter).endorsements = endorsements;
    charter
}

fn endorsed(log: &Log) -> pb::Charter {
    endorsed_by(successor(log), &["AAA", "BBB"])
}

/// Asserts that a log cannot be founded with a charter that differs in one thing, and is with that thing mended.
fn refuses(mutate: impl FnOnce(&mut pb::Charter), reason: Reason, field: &str) {
    let log = governed();
    let good = endorsed(&log);
    found(good.clone()).unwrap();
    let mut bad = good;
    mutate(&mut bad);
    let refusal = found(bad).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (reason, &*format!("charter.predecessor{field}")),
        "{refusal}"
    );
}

fn found(charter: pb::Charter) -> Result<(), trucelog_proto::refusal::Refusal> {
    use prost::Message as _;
    let record = charter_record(charter);
    let origin = SUCCESSOR.parse().unwrap();
    let id = LogId {
        origin,
        charter: NO_CHARTER,
    };
    let signed = sign(record.encode_to_vec(), &id, &key("next operator"));
    let digest = trucelog_proto::record::record_digest(&signed.record);
    let id = LogId {
        charter: CharterDigest::from_bytes(*digest.as_bytes()),
        ..id
    };
    let record = trucelog_proto::record::verify(&signed, &id)?;
    let placed = trucelog_proto::rules::Placed {
        index: LeafIndex::new(0),
        accepted_time: support::START,
        leaf: trucelog_proto::entry::genesis_hash(&id.origin),
        record: &record,
    };
    let state = trucelog_proto::state::MemoryState::default();
    match trucelog_proto::rules::apply(&state, placed) {
        Ok(_) => Ok(()),
        Err(trucelog_proto::rules::RuleError::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn rejects_predecessors_that_do_not_hold() {
    refuses(
        |it| SUCCESSOR.clone_into(&mut predecessor(it).origin),
        Reason::FieldFormat,
        ".origin",
    );
    refuses(
        |it| predecessor(it).origin.push('!'),
        Reason::FieldFormat,
        ".origin",
    );
    refuses(
        |it| predecessor(it).charter_digest.truncate(31),
        Reason::FieldFormat,
        ".charter_digest",
    );
    refuses(
        |it| predecessor(it).root.clear(),
        Reason::FieldFormat,
        ".root",
    );
    refuses(
        |it| predecessor(it).size = 0,
        Reason::FieldRequired,
        ".size",
    );
    refuses(
        |it| predecessor(it).endorsements.clear(),
        Reason::FieldRequired,
        ".endorsements",
    );
    refuses(
        |it| predecessor(it).endorsements.reverse(),
        Reason::ListOrder,
        ".endorsements[1]",
    );
    refuses(
        |it| predecessor(it).endorsements[0].public_key.truncate(31),
        Reason::KeyMalformed,
        ".endorsements[0].public_key",
    );
    refuses(
        |it| predecessor(it).endorsements[0].public_key = [[1].as_slice(), &[0; 31]].concat(),
        Reason::KeyWeak,
        ".endorsements[0].public_key",
    );
    refuses(
        |it| predecessor(it).endorsements[1].signature.truncate(63),
        Reason::FieldFormat,
        ".endorsements[1].signature",
    );
    refuses(
        |it| predecessor(it).endorsements[1].signature[0] ^= 1,
        Reason::SignatureInvalid,
        ".endorsements[1].signature",
    );
}

/// An endorsement stands for every word of the charter: whatever changes, no signature holds any more.
#[test]
fn an_endorsement_binds_the_whole_charter() {
    for mutate in [
        (|it| it.title.push('!')) as fn(&mut pb::Charter),
        |it| it.rules.as_mut().unwrap().reply_window += 1,
        |it| it.members[0].authority_key = public("another"),
        |it| it.release_set.push("EEE".to_owned()),
        |it| predecessor(it).size += 1,
        |it| predecessor(it).root[0] ^= 1,
        |it| predecessor(it).charter_digest[0] ^= 1,
    ] {
        refuses(
            mutate,
            Reason::SignatureInvalid,
            ".endorsements[0].signature",
        );
    }
}

#[test]
fn verifies_endorsements_that_satisfy_the_predecessors_rules() {
    let log = governed();
    let root = root(&log);
    verify(&log.state, &root, &endorsed(&log)).unwrap();
    let all = endorsed_by(successor(&log), &["AAA", "BBB", "CCC"]);
    verify(&log.state, &root, &all).unwrap();
    let one = endorsed_by(successor(&log), &["CCC"]);
    assert_eq!(
        verify(&log.state, &root, &one),
        Err(SuccessionError::NotEnough {
            endorsing: 1,
            members: 3,
            numerator: 2,
            denominator: 3,
        })
    );
}

#[test]
fn rejects_another_log_size_or_history() {
    let mut log = governed();
    let (before, old) = (log.clone(), root(&log));
    let good = endorsed(&log);
    verify(&log.state, &old, &good).unwrap();
    log.put("AAA", "monitor", support::governance::reports())
        .unwrap();
    let size = TreeSize::new(u64::try_from(before.entries.len()).unwrap());
    assert_eq!(
        verify(&log.state, &root(&log), &good),
        Err(SuccessionError::Size {
            stated: size,
            found: TreeSize::new(size.get() + 1),
        })
    );
    let other = RootHash::from_bytes([1; 32]);
    assert_eq!(
        verify(&before.state, &other, &good),
        Err(SuccessionError::Root {
            size,
            stated: old,
            computed: other,
        })
    );
    let refused = |mutate: fn(&mut pb::Charter), reason: Reason, field: &str| {
        let mut bad = successor(&before);
        mutate(&mut bad);
        let bad = endorsed_by(bad, &["AAA", "BBB"]);
        let found = verify(&before.state, &old, &bad).unwrap_err();
        let SuccessionError::Refused(refusal) = found else {
            panic!("{found}");
        };
        assert_eq!((refusal.reason, refusal.field.as_str()), (reason, field));
    };
    refused(
        |it| predecessor(it).origin.push('2'),
        Reason::WrongOrigin,
        "charter.predecessor.origin",
    );
    refused(
        |it| predecessor(it).charter_digest[0] ^= 1,
        Reason::WrongCharter,
        "charter.predecessor.charter_digest",
    );
    let same_key = |it: &mut pb::Charter| {
        let key = PublicKey::of(&key("log"));
        it.log_key = VerifierKey::ed25519(SUCCESSOR.parse().unwrap(), key).to_string();
    };
    refused(same_key, Reason::KeyReserved, "charter.log_key");
    assert_eq!(
        verify(&before.state, &old, &charter()),
        Err(SuccessionError::Refused(
            trucelog_proto::refusal::Refusal::new(Reason::FieldRequired, "charter.predecessor")
        ))
    );
}

/// Endorses in the name of BBB, whoever holds the key, and gives why that does not count.
fn second_endorsement(log: &Log, member: &str, key_name: &str) -> Result<(), (Reason, String)> {
    let mut charter = endorsed_by(successor(log), &["AAA"]);
    let endorsement = endorse(&charter, member, &key(key_name)).unwrap();
    predecessor(&mut charter).endorsements.push(endorsement);
    match verify(&log.state, &root(log), &charter) {
        Ok(()) => Ok(()),
        Err(SuccessionError::Refused(refusal)) => Err((refusal.reason, refusal.field)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn rejects_endorsements_by_keys_that_may_not() {
    let mut log = governed();
    let field = |name: &str| format!("charter.predecessor.endorsements[1].{name}");
    let judges = |log: &Log, member: &str, key: &str| second_endorsement(log, member, key);
    judges(&log, "BBB", "BBB/authority").unwrap();
    for (member, key, reason, name) in [
        ("BBB", "stranger", Reason::KeyUnknown, "public_key"),
        ("BBB", "CCC/authority", Reason::OtherMember, "member"),
        ("BBB", "BBB/monitor", Reason::RoleNotAllowed, "public_key"),
        ("BBB", "BBB/recovery", Reason::RoleNotAllowed, "public_key"),
    ] {
        assert_eq!(
            judges(&log, member, key),
            Err((reason, field(name))),
            "{key}"
        );
    }
    let rotation = Change::Rotation(pb::Rotation {
        station: "authority".to_owned(),
        old_public_key: public("BBB/authority"),
        old_last_sequence: 99,
        new_public_key: public("BBB/authority-2"),
    });
    let mut rotated = log.clone();
    rotated
        .put("BBB", "recovery", support::change(rotation))
        .unwrap();
    assert_eq!(
        judges(&rotated, "BBB", "BBB/authority"),
        Err((Reason::KeyRevoked, field("public_key")))
    );
    judges(&rotated, "BBB", "BBB/authority-2").unwrap();
    changed(&mut log, Suspend, "BBB");
    assert_eq!(
        judges(&log, "BBB", "BBB/authority"),
        Err((Reason::MemberSuspended, field("member")))
    );
    changed(&mut log, Depart, "BBB");
    assert_eq!(
        judges(&log, "BBB", "BBB/authority"),
        Err((Reason::MemberDeparted, field("member")))
    );
    // Two members are left, and two endorse.
    let both = endorsed_by(successor(&log), &["AAA", "CCC"]);
    verify(&log.state, &root(&log), &both).unwrap();
}

#[test]
fn two_endorsed_successors_contradict_each_other() {
    let log = governed();
    let first = endorsed_by(successor(&log), &["AAA", "BBB"]);
    let mut other = successor(&log);
    other.title.push('!');
    let second = endorsed_by(other.clone(), &["BBB", "CCC"]);
    let digests = [1, 2].map(|byte| CharterDigest::from_bytes([byte; 32]));
    let compare = |second: &pb::Charter, digest| {
        contradiction((&first, &digests[0]), (second, &digests[digest]))
    };
    let by = |members: &[&str], same_statement| {
        Some(Contradiction {
            endorsed_both: members.iter().map(ToString::to_string).collect(),
            same_statement,
        })
    };
    assert_eq!(compare(&second, 1).unwrap(), by(&["BBB"], false));
    let apart = endorsed_by(other.clone(), &["CCC"]);
    assert_eq!(compare(&apart, 1).unwrap(), by(&[], false));
    // One record is no contradiction; the same terms in two records are the operator's.
    assert_eq!(compare(&first, 0).unwrap(), None);
    let again = endorsed_by(successor(&log), &["AAA", "BBB", "CCC"]);
    assert_eq!(compare(&again, 1).unwrap(), by(&[], true));
    predecessor(&mut other).origin.push('2');
    let elsewhere = endorsed_by(other, &["AAA", "BBB"]);
    assert_eq!(compare(&elsewhere, 1).unwrap(), None);
    let mut forged = second;
    predecessor(&mut forged).endorsements[0].signature[3] ^= 1;
    assert_eq!(
        compare(&forged, 1).unwrap_err().reason,
        Reason::SignatureInvalid
    );
}

fn record_at(log: &Log, index: LeafIndex) -> pb::Record {
    let entry = &log.entries[usize::try_from(index.get()).unwrap()];
    let record = Entry::decode(entry).unwrap().signed_record.record;
    DecodedRecord::decode(&record).unwrap().message
}

fn carried_over(log: &Log) -> pb::Charter {
    let record_at = |index| Ok::<_, StateError>(record_at(log, index));
    terms(&log.state, &root(log), record_at).unwrap()
}

/// Of an untouched log, the terms are its own charter but for the names and keys of the new one.
#[test]
fn terms_carry_over_the_charter() {
    let log = governed();
    let expected = pb::Charter {
        origin: String::new(),
        log_key: String::new(),
        operator_key: Vec::new(),
        predecessor: successor(&log).predecessor,
        ..governed_charter()
    };
    assert_eq!(carried_over(&log), expected);
}

/// They follow what the log has changed since: rules, members and their keys.
#[test]
fn terms_carry_over_what_is_in_force() {
    let mut log = governed();
    changed(&mut log, Admit, "DDD");
    changed(&mut log, Depart, "AAA");
    let mut rules = carried_over(&log).rules.unwrap();
    assert_eq!(rules.role_rules[0].members, ["BBB", "CCC"]);
    rules.reply_window += 1;
    let asked = proposal(Question::Rules(pb::RulesProposal {
        rules: Some(rules.clone()),
    }));
    let asked = log.put("BBB", "authority", asked).unwrap();
    let votes: Vec<_> = ["BBB", "CCC", "DDD"]
        .map(|member| log.put(member, "authority", vote(asked, Concur)).unwrap())
        .to_vec();
    let adopted = decision(asked, pb::Outcome::Adopted, &votes);
    log.put("BBB", "authority", adopted).unwrap();
    let rotation = Change::Rotation(pb::Rotation {
        station: "authority".to_owned(),
        old_public_key: public("BBB/authority"),
        old_last_sequence: 99,
        new_public_key: public("BBB/authority-2"),
    });
    log.put("BBB", "recovery", support::change(rotation))
        .unwrap();
    let revocation = Change::Revocation(pb::Revocation {
        station: "authority".to_owned(),
        public_key: public("CCC/authority"),
        last_sequence: 99,
        ..pb::Revocation::default()
    });
    log.put("CCC", "authority", support::change(revocation))
        .unwrap();

    let terms = carried_over(&log);
    let member = |code: &str, authority_key: Vec<u8>| pb::CharterMember {
        code: code.to_owned(),
        name: format!("Member {code}"),
        authority_key,
        recovery_key: public(&format!("{code}/recovery")),
    };
    assert_eq!(
        terms.members,
        [
            member("BBB", public("BBB/authority-2")),
            member("CCC", Vec::new()),
            member("DDD", public("DDD/authority")),
        ]
    );
    assert_eq!(terms.rules, Some(rules));
    assert_eq!(terms.predecessor, successor(&log).predecessor);
}

#[test]
fn terms_take_the_records_of_this_log_only() {
    let mut log = governed();
    changed(&mut log, Admit, "DDD");
    for index in [0, 1] {
        let other = |_| Ok::<_, StateError>(record_at(&log, LeafIndex::new(index)));
        terms(&log.state, &root(&log), other).unwrap_err();
    }
}

/// The example of the specification is this charter's statement.
#[test]
fn the_statement_is_as_specified() {
    let charter = successor(&governed());
    let text = String::from_utf8(statement(&charter).unwrap()).unwrap();
    let example = format!("```\n{text}```\n");
    let spec = include_str!("../spec/succession.md");
    assert!(spec.contains(&example), "{example}");
}
