//! Bundles: what is collected, and that nothing in one can be changed, left out or slipped in.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::sync::atomic::AtomicBool;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use support::{AUTHORITY, Log, MONITOR, RECOVERY, public, report};
use trucelog_client::bundle::{Bundle, BundleError, Verified};
use trucelog_client::exit::Exit;
use trucelog_client::reader::LocalLog;
use trucelog_client::station::digest_of;
use trucelog_client::store::Store;
use trucelog_client::verifier::verify_log;
use trucelog_proto::entry::Entry;
use trucelog_proto::fold::Fold;
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;

/// Charter 0, enrolment of m1 1, reports 2 … 4, correction of the report at 3 by m2 6, withdrawal 7, revocation 8.
fn log() -> Log {
    let mut log = Log::with_reports(3);
    log.append(&log.enrolment_of("m2", 2, RECOVERY + 10));
    let target = log.digest(3).as_bytes().to_vec();
    let correction = pb::Correction {
        target,
        reason: pb::CorrectionReason::Count.into(),
        report: Some(report("Four explosions.")),
        ..pb::Correction::default()
    };
    log.append(&log.sign(Body::Correction(correction), "m2", 1, RECOVERY + 10));
    let withdrawal = pb::Withdrawal {
        target: log.digest(6).as_bytes().to_vec(),
        reason: pb::WithdrawalReason::Exercise.into(),
        ..pb::Withdrawal::default()
    };
    log.append(&log.sign(Body::Withdrawal(withdrawal), "m2", 2, RECOVERY + 10));
    log.append(&revocation(&log, 3));
    log
}

fn revocation(log: &Log, sequence: u64) -> pb::Submission {
    let revocation = pb::Revocation {
        station: "m1".to_owned(),
        public_key: public(MONITOR),
        last_sequence: 3,
        reason: String::new(),
    };
    let change = pb::StationChange {
        change: Some(Change::Revocation(revocation)),
    };
    log.sign(
        Body::StationChange(change),
        "authority",
        sequence,
        AUTHORITY,
    )
}

/// A bundle of the entries at `indexes`, whatever they are.
fn bundle_of(log: &Log, indexes: &[u64], record: &RecordDigest) -> Value {
    let size = log.entries.len() as u64;
    let base64 = |bytes: &[u8]| Base64::encode_string(bytes);
    let entries: Vec<Value> = indexes
        .iter()
        .map(|index| {
            let proof = log.inclusion(*index, size);
            let proof: Vec<String> = proof.iter().map(|hash| base64(hash.as_bytes())).collect();
            let bytes = &log.entries[usize::try_from(*index).unwrap()];
            json!({"index": index, "entry": base64(bytes), "inclusion": proof})
        })
        .collect();
    json!({
        "schema": "trucelog.bundle/v1",
        "record": record.to_string(),
        "checkpoint": String::from_utf8(log.note()).unwrap(),
        "entries": entries,
    })
}

fn verify(bundle: &str, log: &Log) -> Result<Verified, BundleError> {
    Bundle::parse(bundle.as_bytes())?.verify(&log.trust())
}

#[track_caller]
fn refused(bundle: &Value, log: &Log) -> BundleError {
    let error = verify(&bundle.to_string(), log).unwrap_err();
    assert_eq!(error.exit(), Exit::False, "{error}");
    error
}

/// What `trucelog get bundle` collects of the verified log.
fn collect(log: &Log, record: &RecordDigest, size: u64) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let open = |start, _| Ok(log.source(start));
    verify_log(
        &store,
        &log.trust(),
        &log.note(),
        open,
        |_| {},
        &AtomicBool::new(false),
    )
    .unwrap();
    let local = LocalLog::open(directory.path(), &log.trust()).unwrap();
    let size = local.as_of(Some(size)).unwrap();
    let mut fold = Fold::default();
    local
        .for_each(size, |entry| Ok(fold.append_entry(&entry.bytes)?))
        .unwrap();
    let path = directory.path().join("bundle.json");
    Bundle::collect(&local, &fold, size, record)
        .unwrap()
        .write(&path)
        .unwrap();
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn indexes(bundle: &Value) -> Vec<u64> {
    let entries = bundle["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["index"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_bundle_holds_what_its_record_rests_on_and_nothing_else() {
    let log = log();
    // A report with its correction and withdrawal, both stations' enrolments, and the revocation of the first.
    let corrected = collect(&log, &log.digest(3), 9);
    assert_eq!(indexes(&corrected), [0, 1, 3, 5, 6, 7, 8]);
    let other = collect(&log, &log.digest(4), 9);
    assert_eq!(indexes(&other), [0, 1, 4, 8]);
    // As of an earlier size, later entries are not there; the checkpoint is the newest.
    let earlier = collect(&log, &log.digest(3), 6);
    assert_eq!(indexes(&earlier), [0, 1, 3]);
    for bundle in [corrected, other, earlier] {
        let verified = verify(&bundle.to_string(), &log).unwrap();
        assert_eq!(
            verified.judged.verdict.checkpoint.checkpoint().size.get(),
            9
        );
        assert_eq!(verified.record.digest.to_string(), bundle["record"]);
    }
}

#[test]
fn a_changed_byte_is_never_verified() {
    let log = log();
    let text = format!("{:#}", bundle_of(&log, &[0, 1, 4], &log.digest(4)));
    verify(&text, &log).unwrap();
    let signer = text.find("— example.org/log ").unwrap();
    let mut by_class = 0;
    for position in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[position] ^= 1;
        let error = Bundle::parse(&changed)
            .and_then(|bundle| bundle.verify(&log.trust()))
            .unwrap_err();
        // Name and number of the key in the signature line: another key that nobody pinned.
        let other_key = (signer..signer + 40).contains(&position);
        assert!(
            error.exit() == Exit::False || (other_key && error.exit() == Exit::NotEnough),
            "byte {position}: {error}"
        );
        by_class += u32::from(error.exit() == Exit::NotEnough);
    }
    assert!(by_class > 0);
}

#[test]
fn nothing_is_left_out_or_swapped() {
    let log = log();
    let whole = collect(&log, &log.digest(7), 9);
    verify(&whole.to_string(), &log).unwrap();
    let count = indexes(&whole).len();
    // Only the revocation may be missing: nothing refers to it, and the verdict says so.
    for position in 0..count - 1 {
        let mut bundle = whole.clone();
        bundle["entries"].as_array_mut().unwrap().remove(position);
        refused(&bundle, &log);
    }
    let mut bundle = whole.clone();
    bundle["entries"].as_array_mut().unwrap().swap(2, 3);
    refused(&bundle, &log);
    for member in ["entry", "inclusion"] {
        let mut bundle = whole.clone();
        let other = bundle["entries"][3][member].clone();
        bundle["entries"][2][member] = other;
        refused(&bundle, &log);
    }
    let mut bundle = whole.clone();
    bundle["entries"][2]["inclusion"]
        .as_array_mut()
        .unwrap()
        .pop();
    refused(&bundle, &log);
    let absent = refused(&bundle_of(&log, &[0, 1], &log.digest(4)), &log);
    assert!(matches!(absent, BundleError::Absent(_)), "{absent}");
}

/// The operator slips in what the rules refuse, and hands out a bundle of it.
#[test]
fn a_record_whose_key_does_not_stand_behind_it_is_refused() {
    let mut log = log();
    let late = log.report_at(4, "After the end.");
    log.append(&late);
    let ended = refused(&bundle_of(&log, &[0, 1, 8, 9], &digest_of(&late)), &log);
    let at = |index| LeafIndex::new(index);
    assert_eq!(
        ended,
        BundleError::KeyEnded {
            index: at(9),
            ended: at(8)
        }
    );

    let stranger = log.sign(Body::IncidentReport(report("Who?")), "m9", 1, 77);
    log.append(&stranger);
    let unknown = refused(&bundle_of(&log, &[0, 10], &digest_of(&stranger)), &log);
    assert_eq!(unknown, BundleError::KeyNotEnrolled(at(10)));

    let other = log.sign(Body::IncidentReport(report("Who?")), "m1", 3, RECOVERY + 10);
    log.append(&other);
    let other = refused(&bundle_of(&log, &[0, 5, 11], &digest_of(&other)), &log);
    assert!(matches!(other, BundleError::OtherStation { .. }), "{other}");

    // A monitor enrols a station, and that station reports.
    let enrolment = pb::Enrolment {
        station: "m9".to_owned(),
        role: pb::Role::Monitor.into(),
        public_key: public(77),
        holder_kind: pb::HolderKind::Office.into(),
    };
    let change = pb::StationChange {
        change: Some(Change::Enrolment(enrolment)),
    };
    let enrolment = log.sign(Body::StationChange(change), "m2", 3, RECOVERY + 10);
    log.append(&enrolment);
    log.append(&stranger);
    let role = refused(
        &bundle_of(&log, &[0, 5, 12, 13], &digest_of(&stranger)),
        &log,
    );
    assert!(matches!(role, BundleError::Role { .. }), "{role}");
}

#[test]
fn keys_come_from_the_pinned_charter_and_are_enrolled_once() {
    let mut log = log();
    // A second charter, which names the keys that it likes.
    let charter = Entry::decode(&log.entries[0]).unwrap().signed_record;
    log.append_signed(charter);
    let report = log.digest(4);
    let misplaced = refused(&bundle_of(&log, &[0, 1, 4, 9], &report), &log);
    assert_eq!(misplaced, BundleError::CharterMisplaced(LeafIndex::new(9)));
    log.append(&log.enrolment_of("m7", 4, MONITOR));
    let twice = refused(&bundle_of(&log, &[0, 1, 4, 10], &report), &log);
    assert_eq!(twice, BundleError::KeyEnrolledTwice(LeafIndex::new(10)));
}

#[test]
fn a_bundle_of_another_log_and_a_missing_quorum_are_not_enough() {
    let log = log();
    let bundle = bundle_of(&log, &[0, 1, 4], &log.digest(4));
    let mut other = bundle.clone();
    let by_other = log.checkpoint().sign(&support::key(MONITOR).into());
    other["checkpoint"] = json!(String::from_utf8(by_other).unwrap());
    let error = verify(&other.to_string(), &log).unwrap_err();
    assert_eq!(error.exit(), Exit::NotEnough, "{error}");

    let trust = support::with_witness(&log);
    let parsed = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let error = parsed.verify(&trust).unwrap_err();
    assert!(matches!(error, BundleError::Policy(_)), "{error}");
    assert_eq!(error.exit(), Exit::NotEnough);
}
