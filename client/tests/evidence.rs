//! Evidence: what a verifier keeps of each lie, judged by somebody who has only the file and the pinned policy.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use support::{BEGIN_MS, LOG, Log, MONITOR, key};
use trucelog_client::Error;
use trucelog_client::evidence::{Evidence, EvidenceError, Judgement};
use trucelog_client::exit::Exit;
use trucelog_client::store::Store;
use trucelog_client::trust::Trust;
use trucelog_client::verifier::verify_log;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::{LeafHash, LeafIndex, RootHash, TreeSize};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::policy::Policy;
use trucelog_proto::proof::root_before;
use trucelog_proto::signature::PublicKey;

/// Seeds of the witnesses' keys.
const WITNESSES: [u8; 2] = [50, 51];

/// The policy of `log`, with two witnesses of which one is needed.
fn witnessed(log: &Log) -> Trust {
    let lines = WITNESSES.map(|seed| {
        let name = format!("example.org/w{seed}");
        let key = VerifierKey::cosignature(name.parse().unwrap(), PublicKey::of(&key(seed)));
        format!("witness w{seed} {key}\n")
    });
    let policy = log.trust().policy.format().replace(
        "quorum none",
        &format!("{}group one 1 w50 w51\nquorum one", lines.concat()),
    );
    Trust::new(Policy::parse(policy.as_bytes()).unwrap())
}

/// The checkpoint of `log`, cosigned by the witness of `seed` at `seconds`.
fn cosigned(log: &Log, seed: u8, seconds: u64) -> Vec<u8> {
    let name = format!("example.org/w{seed}");
    support::cosigned(&log.note(), &name, seed, seconds)
}

/// What a verifier keeps that is shown `log` under `note`, after it has accepted `before`.
fn evidence_of(trust: &Trust, before: Option<&Log>, log: &Log, note: &[u8]) -> Evidence {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let verify = |log: &Log, note: &[u8]| {
        let open = |start, _| Ok(log.source(start));
        let stop = AtomicBool::new(false);
        verify_log(&store, trust, note, open, |_| {}, &stop)
    };
    if let Some(before) = before {
        verify(before, &before.note()).unwrap();
    }
    match verify(log, note).unwrap_err() {
        Error::False(falsehood) => {
            assert_eq!(
                falsehood.evidence.parent().unwrap(),
                directory.path().join("evidence")
            );
            Evidence::read(&falsehood.evidence).unwrap()
        }
        error => panic!("not false: {error}"),
    }
}

fn of(log: &Log) -> Evidence {
    evidence_of(&log.trust(), None, log, &log.note())
}

/// Changes the entry at `index`; the ones after it stay as they are.
fn change(log: &mut Log, index: usize, change: impl FnOnce(&mut Entry)) {
    let mut entry = Entry::decode(&log.entries[index]).unwrap();
    change(&mut entry);
    log.entries[index] = entry.encode();
}

/// Each lie that the log's key alone stands for, with its kind.
fn lies() -> Vec<(&'static str, Evidence, Trust)> {
    let honest = Log::with_reports(6);
    let trust = honest.trust();
    let mut lies = Vec::new();
    let mut lie = |kind, evidence| lies.push((kind, evidence, trust.clone()));

    let mut log = honest.clone();
    log.entries[7].push(0);
    lie("bytes", of(&log));
    let mut log = honest.clone();
    change(&mut log, 7, |entry| entry.index = LeafIndex::new(9));
    lie("index", of(&log));
    for index in [6, 7] {
        let mut log = honest.clone();
        change(&mut log, index, |entry| {
            entry.previous = LeafHash::from_bytes([9; 32]);
        });
        lie("previous", of(&log));
    }
    let mut log = honest.clone();
    log.forge_narrative(4);
    lie("signature", of(&log));
    // Larger, of one size, and smaller than what was accepted.
    for size in [9, 8, 6] {
        let mut log = honest.clone();
        log.append(&log.next_report("More."));
        log.forge_narrative(3);
        log.truncate(size);
        let evidence = evidence_of(&trust, Some(&honest), &log, &log.note());
        lie("inconsistent", evidence);
    }
    lies.push(time_lie());
    lies.push(charter_lie());
    lies
}

/// A log whose newest entry is later than the cosignature over it, by more than the charter lets clocks differ.
fn time_lie() -> (&'static str, Evidence, Trust) {
    let log = Log::with_reports(6);
    let trust = witnessed(&log);
    let note = cosigned(&log, 50, BEGIN_MS / 1000 + 7 - 301);
    ("time", evidence_of(&trust, None, &log, &note), trust)
}

fn charter_lie() -> (&'static str, Evidence, Trust) {
    let log = Log::with_reports(6);
    let pinned = log.id.charter.to_string();
    let policy = log
        .trust()
        .policy
        .format()
        .replace(&pinned, &"ab".repeat(32));
    let trust = Trust::new(Policy::parse(policy.as_bytes()).unwrap());
    let evidence = evidence_of(&trust, None, &log, &log.note());
    ("charter", evidence, trust)
}

fn text(evidence: &Evidence) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = evidence.keep(directory.path()).unwrap();
    fs::read_to_string(path).unwrap()
}

fn judge(text: &str, trust: &Trust) -> Result<Judgement, EvidenceError> {
    Evidence::parse(text.as_bytes())?.judge(trust)
}

#[test]
fn what_the_log_key_signed_is_proven_by_the_file_alone() {
    for (kind, evidence, trust) in lies() {
        assert_eq!(evidence.kind(), kind);
        let judgement = evidence.judge(&trust).unwrap();
        assert!(judgement.proven, "{kind}: {judgement:?}");
        assert!(
            judgement.sentences[0].contains("example.org/log+"),
            "{kind}"
        );
    }
}

/// Whatever byte of the file is changed: it proves nothing, or what it proved before.
#[test]
fn a_changed_byte_never_proves_anything_else() {
    for (kind, evidence, trust) in lies() {
        let proven = evidence.judge(&trust).unwrap();
        let text = text(&evidence);
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] ^= 1;
            let judged = Evidence::parse(&changed).and_then(|evidence| evidence.judge(&trust));
            if let Ok(judgement) = judged {
                assert!(
                    !judgement.proven || judgement == proven,
                    "{kind}, byte {position}: {judgement:?}"
                );
            }
        }
    }
}

#[test]
fn signed_statements_that_agree_are_no_evidence() {
    let log = Log::with_reports(6);
    let mut longer = log.clone();
    longer.append(&longer.next_report("More."));
    let path = longer.inclusion(8, 9);
    let heads = |first: &[u8], second: &[u8]| {
        let evidence = Evidence::new("inconsistent", None, &"a lie", &log.trust().policy);
        evidence.with_note("a", first).with_note("b", second)
    };
    let entry = |kind: &str, index: u64, path: &[_]| {
        let at = LeafIndex::new(index);
        let bytes = &longer.entries[usize::try_from(index).unwrap()];
        Evidence::new(kind, Some(at), &"a lie", &log.trust().policy)
            .with_note("served", &longer.note())
            .with_entry(at, bytes, "served", Some(path))
    };
    let before = LeafIndex::new(7);
    let agreeing = [
        heads(&log.note(), &log.note()),
        heads(&log.note(), &longer.note()).with_entry(
            LeafIndex::new(8),
            &longer.entries[8],
            "b",
            Some(&path),
        ),
        entry("signature", 8, &path),
        entry("bytes", 8, &path),
        entry("previous", 8, &path).with_entry(
            before,
            &longer.entries[7],
            "served",
            Some(&longer.inclusion(7, 9)),
        ),
    ];
    for evidence in agreeing {
        let error = evidence.judge(&log.trust()).unwrap_err();
        assert!(matches!(error, EvidenceError::NothingFalse(_)), "{error}");
        assert_eq!(error.exit(), Exit::False);
    }
    let forged = entry("signature", 8, &longer.inclusion(7, 9));
    let mut false_entry = longer.clone();
    false_entry.forge_narrative(7);
    let other = Evidence::new("signature", Some(before), &"a lie", &log.trust().policy)
        .with_note("served", &longer.note())
        .with_entry(
            before,
            &false_entry.entries[7],
            "served",
            Some(&longer.inclusion(7, 9)),
        );
    for evidence in [forged, other] {
        assert_eq!(
            evidence.judge(&log.trust()).unwrap_err().exit(),
            Exit::False
        );
    }
}

#[test]
fn what_nobody_signed_is_not_proven() {
    let log = Log::with_reports(6);
    let trust = log.trust();
    let mut gap = log.clone();
    gap.append(&gap.report_at(9, "A gap."));
    let checkpoint = Checkpoint {
        root: RootHash::from_bytes([7; 32]),
        ..log.checkpoint()
    };
    let root = checkpoint.sign(&key(LOG).into());
    let text = String::from_utf8(log.note()).unwrap();
    // The last character before the padding and the newline is in the signature.
    let at = text.trim_end().trim_end_matches('=').len() - 6;
    let mut broken = text.into_bytes();
    broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
    let cases = [
        ("rule", of(&gap)),
        ("root", evidence_of(&trust, None, &log, &root)),
        ("checkpoint", evidence_of(&trust, None, &log, &broken)),
    ];
    for (kind, evidence) in cases {
        assert_eq!(evidence.kind(), kind);
        let judgement = evidence.judge(&trust).unwrap();
        assert!(!judgement.proven, "{kind}");
    }
}

/// A server that serves entries and no proofs leaves less in hand, and the file says so.
#[test]
fn evidence_without_proofs_does_not_suffice() {
    for (kind, evidence, trust) in lies() {
        let mut value: serde_json::Value = serde_json::from_str(&text(&evidence)).unwrap();
        for entry in value["entries"].as_array_mut().unwrap() {
            entry["inclusion"] = serde_json::Value::Null;
        }
        let judgement = judge(&value.to_string(), &trust).unwrap();
        let one_size = kind == "inconsistent" && value["entries"] == serde_json::json!([]);
        assert_eq!(judgement.proven, one_size, "{kind}: {judgement:?}");
    }
}

#[test]
fn evidence_about_another_log_says_nothing() {
    let mut log = Log::with_reports(6);
    log.forge_narrative(4);
    let evidence = of(&log);
    let other = charter_lie().2;
    assert_eq!(evidence.judge(&other).unwrap_err().exit(), Exit::NotEnough);
    let key = VerifierKey::ed25519(
        "example.org/log".parse().unwrap(),
        PublicKey::of(&key(MONITOR)),
    );
    let text = text(&evidence);
    let own = log.trust().policy.log_key().to_string();
    let policy = log.trust().policy.format().replace(&own, &key.to_string());
    let trust = Trust::new(Policy::parse(policy.as_bytes()).unwrap());
    // The file says that it is about the pinned log, but that log's key has not signed.
    let error = judge(&text.replace(&own, &key.to_string()), &trust).unwrap_err();
    assert_eq!(error.exit(), Exit::NotEnough, "{error}");
}

#[test]
fn a_receipt_proves_what_the_log_signed_and_no_more() {
    let log = Log::with_reports(6);
    let trust = log.trust();
    let asked = trucelog_client::station::digest_of(&log.report_at(3, "Three explosions."));
    let of = |receipt: &[u8]| {
        Evidence::new("receipt", None, &"it does not hold", &trust.policy)
            .with_receipt(receipt, &asked)
            .judge(&trust)
    };
    let mut forged = log.clone();
    forged.forge_narrative(4);
    assert!(of(&forged.receipt(4)).unwrap().proven);
    // A receipt for another record, and no receipt at all: nobody signed the answer.
    assert!(!of(&log.receipt(3)).unwrap().proven);
    assert!(!of(b"").unwrap().proven);
    assert!(matches!(
        of(&log.receipt(4)).unwrap_err(),
        EvidenceError::NothingFalse(_)
    ));
}

#[test]
fn an_accepted_record_that_is_left_out_is_proven() {
    let log = Log::with_reports(6);
    let mut other = log.clone();
    other.truncate(7);
    other.append(&other.next_report("Another."));
    other.append(&other.next_report("More."));
    let trust = witnessed(&log);
    let index = LeafIndex::new(7);
    let promised = cosigned(&log, 50, 1_772_400_000);
    let promise = |shown: &[u8]| {
        Evidence::new("omitted", Some(index), &"left out", &trust.policy)
            .with_note("receipt", &promised)
            .with_note("log", shown)
            .with_entry(
                index,
                &log.entries[7],
                "receipt",
                Some(&log.inclusion(7, 8)),
            )
    };
    let replaced = promise(&other.note()).with_entry(
        index,
        &other.entries[7],
        "log",
        Some(&other.inclusion(7, 9)),
    );
    assert!(replaced.judge(&trust).unwrap().proven);
    // The same entry is there: nothing is left out.
    let held =
        promise(&log.note()).with_entry(index, &log.entries[7], "log", Some(&log.inclusion(7, 8)));
    held.judge(&trust).unwrap_err();

    let mut shorter = log.clone();
    shorter.truncate(7);
    let later = promise(&cosigned(&shorter, 50, 1_772_400_001));
    assert!(later.judge(&trust).unwrap().proven);
    // An older one, and one by another witness, are no contradiction.
    for note in [
        cosigned(&shorter, 50, 1_772_399_999),
        cosigned(&shorter, 51, 1_772_400_001),
    ] {
        let error = promise(&note).judge(&trust).unwrap_err();
        assert!(matches!(error, EvidenceError::NothingFalse(_)), "{error}");
    }
}

#[test]
fn the_same_evidence_goes_to_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(6);
    log.forge_narrative(4);
    let keep = |evidence: Evidence| evidence.keep(directory.path()).unwrap();
    let path = keep(of(&log));
    assert_eq!(keep(of(&log)), path);
    log.append(&log.next_report("More."));
    assert_ne!(keep(of(&log)), path);
    assert!(is_named(&path), "{}", path.display());
}

/// `KIND-XXXXXXXX.json`.
fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let digits = name
        .strip_prefix("signature-")
        .and_then(|name| name.strip_suffix(".json"));
    digits.is_some_and(|digits| digits.len() == 8)
}

/// The tree below an entry, as its proof gives it, is the tree that was signed.
#[test]
fn the_tree_before_an_entry_follows_from_its_proof() {
    let log = Log::with_reports(15);
    for size in 1..=log.entries.len() as u64 {
        for index in 0..size {
            let mut smaller = log.clone();
            smaller.entries.truncate(usize::try_from(index).unwrap());
            let root = root_before(
                LeafIndex::new(index),
                TreeSize::new(size),
                &log.inclusion(index, size),
            );
            assert_eq!(
                root.unwrap(),
                smaller.checkpoint().root,
                "{index} of {size}"
            );
        }
    }
}

/// Runs `trucelog verify evidence` on a file, with a fresh state.
fn command(text: &str, trust: &Trust) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("evidence.json"), text).unwrap();
    fs::write(path("policy"), trust.policy.format()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_trucelog"))
        .args(["verify", "evidence", "evidence.json", "--state", "state"])
        .args([
            "--policy",
            "policy",
            "--charter",
            &trust.id.charter.to_string(),
        ])
        .current_dir(directory.path())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn the_command_explains_in_three_sentences_and_its_exit_code_is_the_verdict() {
    let (_, evidence, trust) = lies().swap_remove(4);
    let proven = text(&evidence);
    let (code, printed) = command(&proven, &trust);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(printed.lines().count(), 4, "{printed}");
    assert!(printed.contains("Entry 4 is in that tree"), "{printed}");

    let mut gap = Log::with_reports(2);
    gap.append(&gap.report_at(9, "A gap."));
    let (code, printed) = command(&text(&of(&gap)), &gap.trust());
    assert_eq!(code, Some(3), "{printed}");
    assert!(printed.starts_with("NOT PROVEN "), "{printed}");
    assert!(printed.contains("does not prove it"), "{printed}");

    let forged = proven.replace("\"signature\"", "\"bytes\"");
    for file in [forged.as_str(), "{}"] {
        let (code, printed) = command(file, &trust);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.starts_with("FALSE evidence.json"), "{printed}");
    }
    assert_eq!(command(&proven, &charter_lie().2).0, Some(3));
}
