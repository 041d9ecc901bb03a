//! Policies: grammar, verdicts and the arithmetic of split views.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    cosignature::{self, CosignatureTime},
    error::{DecodeError, Error, PolicyError, VerifyError},
    hash::TreeSize,
    note::{KeyName, Note, VerifierKey},
    policy::Policy,
    signature::PublicKey,
    tree,
};

const CHARTER: &str =
    "# trucelog-charter e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
const ORIGIN: &str = "log.example/truce";

pub(crate) fn private(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::of(&private(seed))
}

pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::ed25519(ORIGIN.parse().unwrap(), public(1))
}

fn witness_name(n: u8) -> KeyName {
    format!("w{n}.example/witness").parse().unwrap()
}

fn witness_key(n: u8) -> VerifierKey {
    VerifierKey::cosignature(witness_name(n), public(100 + n))
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.parse().unwrap(),
        size: TreeSize::new(7),
        root: tree::empty_root(),
    }
}

/// A checkpoint signed by the log and by some witnesses, each with its time.
pub(crate) fn cosigned(witnesses: &[(u8, u64)]) -> Vec<u8> {
    let text = checkpoint().format();
    let note = Note::parse(&checkpoint().sign(&private(1).into())).unwrap();
    let mut lines = note.signatures().to_vec();
    for &(n, seconds) in witnesses {
        let time = CosignatureTime::new(seconds).unwrap();
        lines.push(cosignature::sign(
            &text,
            &witness_name(n),
            &private(100 + n),
            time,
        ));
    }
    Note::new(&text, lines).unwrap().format()
}

/// A policy with a log, `witnesses` w0, w1 … and the lines after them.
pub(crate) fn policy_text(witnesses: u8, rest: &str) -> String {
    let witnesses: Vec<String> = (0..witnesses)
        .map(|n| format!("witness w{n} {}\n", witness_key(n)))
        .collect();
    format!("{CHARTER}log {}\n{}{rest}", log_key(), witnesses.concat())
}

pub(crate) fn policy(witnesses: u8, rest: &str) -> Policy {
    Policy::parse(policy_text(witnesses, rest).as_bytes()).unwrap()
}

fn reached(policy: &Policy, witnesses: &[u8]) -> bool {
    let witnesses: Vec<(u8, u64)> = witnesses
        .iter()
        .map(|n| (*n, 1000 + u64::from(*n)))
        .collect();
    policy
        .evaluate(&cosigned(&witnesses))
        .unwrap()
        .quorum
        .is_ok()
}

#[test]
fn a_threshold_group_needs_that_many() {
    let policy = policy(3, "group g 2 w0 w1 w2\nquorum g\n");
    for (witnesses, expected) in [
        (&[][..], false),
        (&[0], false),
        (&[2], false),
        (&[0, 1], true),
        (&[1, 2], true),
        (&[0, 1, 2], true),
    ] {
        assert_eq!(reached(&policy, witnesses), expected, "{witnesses:?}");
    }
}

#[test]
fn nested_groups_need_what_each_says() {
    let rest = "group x 2 w0 w1 w2\ngroup y any w3 w4\ngroup both all x y\nquorum both\n";
    let policy = policy(5, rest);
    assert!(reached(&policy, &[0, 2, 4]));
    assert!(!reached(&policy, &[0, 1, 2]));
    assert!(!reached(&policy, &[0, 3, 4]));
}

#[test]
fn a_quorum_can_be_one_witness_or_none() {
    assert!(reached(&policy(2, "quorum w1\n"), &[1]));
    assert!(!reached(&policy(2, "quorum w1\n"), &[0]));
    assert!(reached(&policy(0, "quorum none\n"), &[]));
}

#[test]
fn the_verdict_names_who_signed_when_and_who_is_missing() {
    let policy = policy(3, "group g all w0 w1 w2\nquorum g\n");
    let verdict = policy
        .evaluate(&cosigned(&[(2, 50), (0, 40), (0, 30), (9, 1)]))
        .unwrap();
    let cosigners: Vec<(&str, u64)> = verdict
        .cosigners
        .iter()
        .map(|c| (c.name.as_str(), c.time.seconds()))
        .collect();
    assert_eq!(
        cosigners,
        [("w0", 30), ("w2", 50)],
        "a witness counts once, with its earliest time"
    );
    assert_eq!(verdict.missing, ["w1"]);
    assert_eq!(verdict.checkpoint.checkpoint(), &checkpoint());
    let error = PolicyError::Quorum {
        quorum: "g".to_owned(),
        present: vec!["w0".to_owned(), "w2".to_owned()],
        missing: vec!["w1".to_owned()],
    };
    assert_eq!(verdict.quorum, Err(error));
}

#[test]
fn rejects_a_note_without_the_logs_signature_or_of_another_log() {
    let policy = policy(1, "quorum none\n");
    let other_key = checkpoint().sign(&private(2).into());
    let error = VerifyError::NoKnownSignature { known: 1 };
    assert_eq!(policy.evaluate(&other_key), Err(Error::Verify(error)));
    let elsewhere = Checkpoint {
        origin: "log.example/other".parse().unwrap(),
        ..checkpoint()
    };
    let text = elsewhere.format();
    let origin: Origin = ORIGIN.parse().unwrap();
    let line = trucelog_proto::note::NoteSignature::sign(&text, origin.key_name(), &private(1));
    let note = Note::new(&text, vec![line]).unwrap().format();
    let error = VerifyError::Origin {
        expected: ORIGIN.to_owned(),
        found: "log.example/other".to_owned(),
    };
    assert_eq!(policy.evaluate(&note), Err(Error::Verify(error)));
}

#[test]
fn rejects_a_false_signature_by_a_known_witness_even_beside_a_true_one() {
    let policy = policy(2, "group g any w0 w1\nquorum g\n");
    let text = checkpoint().format();
    let mut lines = Note::parse(&cosigned(&[(0, 10), (1, 10)]))
        .unwrap()
        .signatures()
        .to_vec();
    let mut forged = lines[1].clone();
    forged.bytes[7] += 1;
    lines.push(forged);
    let note = Note::new(&text, lines).unwrap().format();
    let verdict = policy.evaluate(&note);
    assert!(
        matches!(
            verdict,
            Err(Error::Verify(VerifyError::NoteSignature { .. }))
        ),
        "{verdict:?}"
    );
}

#[test]
fn roundtrip_text_without_comments() {
    let rest = "\n \t# a comment\ngroup x 2 w0  w1\tw2\n\ngroup é all x w3 \nquorum é\n";
    let policy = policy(4, rest);
    let text = policy.format();
    assert!(
        text.ends_with("group x 2 w0 w1 w2\ngroup é 2 x w3\nquorum é\n"),
        "{text}"
    );
    assert_eq!(Policy::parse(text.as_bytes()), Ok(policy));
}

#[test]
fn urls_are_kept() {
    let log = log_key();
    let text = format!(
        "{CHARTER}log {log} https://log.example/\nwitness w {} http://w\nquorum w\n",
        witness_key(0)
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.log_url(), Some("https://log.example/"));
    assert_eq!(policy.witnesses().next().unwrap().url, Some("http://w"));
    assert_eq!(policy.format(), text);
}

#[test]
fn rejects_what_the_grammar_does_not_allow() {
    let (log, w0) = (log_key(), witness_key(0));
    let unknown_type = "w9.example/pq+00000000+BwAA";
    let upper = VerifierKey::cosignature("W.example".parse().unwrap(), public(9));
    let same_key = VerifierKey::cosignature("again.example".parse().unwrap(), public(100));
    let log_as_witness = VerifierKey::cosignature("log.example/w".parse().unwrap(), public(1));
    // With w0 and w1, one witness more than the limit.
    let many: Vec<String> = (0..63)
        .map(|n| format!("witness v{n} {}\n", witness_key(10 + n)))
        .collect();
    let many = many.concat();
    for rest in [
        String::new(),
        "quorum\n".into(),
        "quorum w0\nquorum w0\n".into(),
        "quorum w9\n".into(),
        "quorum w0".into(),
        "group g 2 w0 w1\n".into(),
        "group g 0 w0 w1\nquorum g\n".into(),
        "group g 3 w0 w1\nquorum g\n".into(),
        "group g 01 w0 w1\nquorum g\n".into(),
        "group g +1 w0 w1\nquorum g\n".into(),
        "group g any\nquorum g\n".into(),
        "group g any w0 w0\nquorum g\n".into(),
        "group g any w0\ngroup h any w0\nquorum h\n".into(),
        "group g any g\nquorum g\n".into(),
        "group g any none\nquorum g\n".into(),
        "group none any w0\nquorum none\n".into(),
        "group w0 any w1\nquorum w0\n".into(),
        format!("witness w0 {}\nquorum w0\n", witness_key(5)),
        format!("witness w2 {w0}\nquorum w0\n"),
        format!("witness w2 {same_key}\nquorum w0\n"),
        format!("witness w2 {log_as_witness}\nquorum w0\n"),
        format!("witness w2 {log}\nquorum w0\n"),
        format!("witness w2 {upper}\nquorum w0\n"),
        format!("witness w2 {unknown_type}\nquorum w0\n"),
        format!(
            "witness w2 {} http://a http://b\nquorum w0\n",
            witness_key(5)
        ),
        format!("log {log}\nquorum w0\n"),
        format!("{many}quorum w0\n"),
        "witnesses w0\nquorum w0\n".into(),
        "quorum w0\n\r\n".into(),
        "# \u{7}\nquorum w0\n".into(),
    ] {
        let text = policy_text(2, &rest);
        assert!(Policy::parse(text.as_bytes()).is_err(), "{rest}");
    }
    assert!(Policy::parse(policy_text(2, "quorum w0\n").as_bytes()).is_ok());
}

#[test]
fn rejects_a_policy_without_its_charter_or_log() {
    let text = policy_text(1, "quorum w0\n");
    let after_first = text.split_once('\n').unwrap().1;
    let digest = "a".repeat(64);
    for first in [
        String::new(),
        "# a comment\n".into(),
        format!("#trucelog-charter {digest}\n"),
        format!("# trucelog-charter {digest}0\n"),
        format!("# trucelog-charter {}\n", digest.to_uppercase()),
        format!("# trucelog-charter  {digest}\n"),
        format!("\n# trucelog-charter {digest}\n"),
    ] {
        assert!(
            Policy::parse(format!("{first}{after_first}").as_bytes()).is_err(),
            "{first}"
        );
    }
    let without_log = format!("{CHARTER}witness w0 {}\nquorum w0\n", witness_key(0));
    let error = DecodeError::Missing {
        field: "policy log",
    };
    assert_eq!(Policy::parse(without_log.as_bytes()), Err(error));
    let wrong_type = format!("{CHARTER}log {}\nquorum none\n", witness_key(0));
    assert!(matches!(
        Policy::parse(wrong_type.as_bytes()),
        Err(DecodeError::KeyType { .. })
    ));
}

#[test]
fn a_split_view_costs_what_the_quorums_share() {
    for (witnesses, rest, liars, warns) in [
        (0, "quorum none\n", 0, true),
        (1, "quorum w0\n", 1, false),
        (3, "group g 2 w0 w1 w2\nquorum g\n", 1, false),
        (3, "group g all w0 w1 w2\nquorum g\n", 3, false),
        (4, "group g 2 w0 w1 w2 w3\nquorum g\n", 0, true),
        (4, "group g 3 w0 w1 w2 w3\nquorum g\n", 2, false),
        (7, "group g 4 w0 w1 w2 w3 w4 w5 w6\nquorum g\n", 1, true),
        (7, "group g 5 w0 w1 w2 w3 w4 w5 w6\nquorum g\n", 3, false),
        // Two of three shared groups: the two cheapest, one of which is free.
        (
            6,
            "group a any w0 w1\ngroup b all w2 w3\ngroup c all w4 w5\ngroup g all a b c\nquorum g\n",
            4,
            false,
        ),
        (
            6,
            "group a any w0 w1\ngroup b all w2 w3\ngroup c all w4 w5\ngroup g 2 a b c\nquorum g\n",
            0,
            true,
        ),
    ] {
        let policy = policy(witnesses, rest);
        assert_eq!(policy.liars_for_split_view(), liars, "{rest}");
        assert_eq!(policy.split_view_warning().is_some(), warns, "{rest}");
    }
}

/// Says whether witnesses, as a set of bits, reach a quorum.
type Reaches = fn(u8) -> bool;

#[test]
fn every_quorum_meets_exactly_the_sets_that_it_cannot_do_without() {
    let cases: [(u8, &str, Reaches); 4] = [
        (5, "group g 3 w0 w1 w2 w3 w4\nquorum g\n", |set| {
            set.count_ones() >= 3
        }),
        (
            6,
            "group a 2 w0 w1 w2\ngroup b any w3 w4\ngroup g all a b\nquorum g\n",
            |set| (set & 7).count_ones() >= 2 && set & 0b1_1000 != 0,
        ),
        (
            6,
            "group a all w0 w1\ngroup b all w2 w3\ngroup c all w4 w5\ngroup g 2 a b c\nquorum g\n",
            |set| {
                let whole = |pair: u8| u8::from(set & pair == pair);
                whole(0b11) + whole(0b1100) + whole(0b11_0000) >= 2
            },
        ),
        (2, "quorum w1\n", |set| set & 2 != 0),
    ];
    for (count, rest, reaches) in cases {
        let policy = policy(count, rest);
        for answered in 0..1 << count {
            let mut quorums = (0..1 << count).filter(|set| reaches(*set));
            let expected = quorums.all(|quorum| quorum & answered != 0);
            let names = (0..count).filter(|n| answered & (1 << n) != 0);
            let names: BTreeSet<String> = names.map(|n| format!("w{n}")).collect();
            assert_eq!(
                policy.every_quorum_meets(&names),
                expected,
                "{rest} {names:?}"
            );
        }
    }
    assert!(policy(1, "quorum none\n").every_quorum_meets(&BTreeSet::new()));
}
