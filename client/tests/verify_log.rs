//! The verifier with its state on disk, against honest and lying operators.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{LOG, Log, MONITOR, RECOVERY, key, with_witness};
use trucelog_client::Error;
use trucelog_client::evidence::Evidence;
use trucelog_client::exit::Exit;
use trucelog_client::falsehood::Falsehood;
use trucelog_client::not_enough::NotEnough;
use trucelog_client::reader::LocalLog;
use trucelog_client::store::Store;
use trucelog_client::trust::Trust;
use trucelog_client::verifier::{Report, verify_log};
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::cosignature::{self, CosignatureTime};
use trucelog_proto::hash::{LeafIndex, RootHash, TreeSize};
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::{KeyName, SignerKeys, VerifierKey};
use trucelog_proto::pb::CheckpointKind;
use trucelog_proto::policy::Policy;
use trucelog_proto::tile::decode_bundle;

fn verify(directory: &Path, log: &Log) -> Result<Report, Error> {
    verify_note(directory, log, &log.note())
}

fn verify_note(directory: &Path, log: &Log, note: &[u8]) -> Result<Report, Error> {
    let store = Store::open(directory).unwrap();
    let stop = AtomicBool::new(false);
    verify_log(
        &store,
        &log.trust(),
        note,
        |start, _| Ok(log.source(start)),
        |_| {},
        &stop,
    )
}

/// Stops after the first run of entries.
fn interrupt(directory: &Path, log: &Log) {
    let store = Store::open(directory).unwrap();
    let stop = AtomicBool::new(false);
    let watch = |_| stop.store(true, Ordering::Relaxed);
    let result = verify_log(
        &store,
        &log.trust(),
        &log.note(),
        |start, _| Ok(log.source(start)),
        watch,
        &stop,
    );
    assert_eq!(result.unwrap_err().exit(), Exit::Interrupted);
}

fn falsehood(result: Result<Report, Error>) -> Falsehood {
    match result.unwrap_err() {
        Error::False(falsehood) => *falsehood,
        error => panic!("not false: {error}"),
    }
}

fn evidence(falsehood: &Falsehood) -> Evidence {
    Evidence::read(&falsehood.evidence).unwrap()
}

#[test]
fn an_honest_log_is_verified_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(600);
    let report = verify(directory.path(), &log).unwrap();
    assert_eq!(report.entries_verified, 602);
    assert_eq!(verify(directory.path(), &log).unwrap().entries_verified, 0);

    log.append(&log.next_report("More."));
    let report = verify(directory.path(), &log).unwrap();
    assert_eq!(
        (report.entries_verified, report.size_before.get()),
        (1, 602)
    );
}

#[test]
fn verified_entries_are_bundles_that_other_tools_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(298);
    verify(directory.path(), &log).unwrap();
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    assert_eq!(
        decode_bundle(&read("tile/entries/000"), 256).unwrap(),
        log.entries[..256]
    );
    assert_eq!(
        decode_bundle(&read("tile/entries/001.p/44"), 44).unwrap(),
        log.entries[256..]
    );
    assert_eq!(read("checkpoint"), log.note());

    log.append(&log.next_report("More."));
    verify(directory.path(), &log).unwrap();
    assert_eq!(
        decode_bundle(&read("tile/entries/001.p/45"), 45).unwrap(),
        log.entries[256..]
    );
    assert!(!directory.path().join("tile/entries/001.p/44").exists());
}

#[test]
fn the_reader_gives_what_was_verified() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(300);
    let local = || LocalLog::open(directory.path(), &log.trust());
    assert_eq!(local().unwrap_err().exit(), Exit::NotEnough);
    verify(directory.path(), &log).unwrap();
    let local = local().unwrap();
    let mut read = Vec::new();
    local
        .for_each(TreeSize::new(260), |entry| {
            read.push(entry.bytes);
            Ok(())
        })
        .unwrap();
    assert_eq!(read, log.entries[..260]);
    let last = local.entry(LeafIndex::new(301)).unwrap();
    assert_eq!(local.find(&last.digest).unwrap(), last);
    assert_eq!(
        local.entry(LeafIndex::new(302)).unwrap_err().exit(),
        Exit::NotFound
    );
    assert_eq!(local.as_of(Some(303)).unwrap_err().exit(), Exit::NotEnough);
}

#[test]
fn an_interrupted_check_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(10);
    interrupt(directory.path(), &log);
    assert!(!directory.path().join("checkpoint").exists());
    assert_eq!(verify(directory.path(), &log).unwrap().entries_verified, 9);
    assert!(!directory.path().join("progress").exists());
}

/// Entries of an interrupted check bind nobody: the log that is then served may be another one.
#[test]
fn progress_on_another_history_decides_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut other = Log::with_reports(0);
    other.append(&other.next_report("Another history."));
    other.append(&other.next_report("Another history."));
    interrupt(directory.path(), &other);
    let log = Log::with_reports(5);
    assert_eq!(verify(directory.path(), &log).unwrap().entries_verified, 7);
    assert!(!directory.path().join("evidence").exists());
}

#[test]
fn a_fresh_verifier_names_the_forged_entry_and_its_signature() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(10);
    log.forge_narrative(7);
    let falsehood = falsehood(verify(directory.path(), &log));
    assert_eq!(falsehood.what.index(), Some(LeafIndex::new(7)));
    assert_eq!(falsehood.what.kind(), "signature");
    let evidence = evidence(&falsehood);
    assert_eq!(
        evidence.entry(LeafIndex::new(7)),
        Some(log.entries[7].as_slice())
    );
    assert_eq!(evidence.note("served"), Some(log.note().as_slice()));
    assert!(!directory.path().join("checkpoint").exists());
}

#[test]
fn a_verifier_that_knew_the_log_names_the_inconsistency_and_keeps_both_notes() {
    let honest = Log::with_reports(10);
    let mut longer = honest.clone();
    longer.append(&longer.next_report("More."));
    // Larger, of the same size, and smaller than what was accepted.
    for (size, forged) in [(13, 7), (12, 7), (10, 7)] {
        let directory = tempfile::tempdir().unwrap();
        verify(directory.path(), &honest).unwrap();
        let mut log = longer.clone();
        log.forge_narrative(forged);
        log.truncate(size);
        let falsehood = falsehood(verify(directory.path(), &log));
        assert_eq!(falsehood.what.kind(), "inconsistent", "size {size}");
        let evidence = evidence(&falsehood);
        assert_eq!(evidence.note("accepted"), Some(honest.note().as_slice()));
        assert_eq!(evidence.note("served"), Some(log.note().as_slice()));
        assert_eq!(
            fs::read(directory.path().join("checkpoint")).unwrap(),
            honest.note()
        );
    }
}

#[test]
fn a_smaller_checkpoint_of_the_same_log_is_stale() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(10);
    verify(directory.path(), &log).unwrap();
    log.truncate(9);
    let error = verify(directory.path(), &log).unwrap_err();
    assert_eq!(error.exit(), Exit::NotEnough);
    assert!(matches!(error, Error::NotEnough(NotEnough::Stale { .. })));
}

#[test]
fn a_root_that_the_entries_do_not_give_is_false() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(4);
    let checkpoint = Checkpoint {
        root: RootHash::from_bytes([7; 32]),
        ..log.checkpoint()
    };
    let falsehood = falsehood(verify_note(
        directory.path(),
        &log,
        &checkpoint.sign(&key(LOG).into()),
    ));
    assert_eq!(
        (falsehood.what.kind(), falsehood.what.index()),
        ("root", None)
    );
}

#[test]
fn a_record_that_breaks_a_rule_is_false() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(2);
    log.append(&log.report_at(4, "A gap."));
    let falsehood = falsehood(verify(directory.path(), &log));
    assert_eq!(falsehood.what.kind(), "rule");
    assert_eq!(falsehood.what.index(), Some(LeafIndex::new(4)));
    assert!(
        falsehood.to_string().contains("SEQUENCE_GAP"),
        "{falsehood}"
    );
}

#[test]
fn a_checkpoint_by_another_key_proves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(1);
    let note = log.checkpoint().sign(&key(MONITOR).into());
    let error = verify_note(directory.path(), &log, &note).unwrap_err();
    assert_eq!(error.exit(), Exit::NotEnough);
}

#[test]
fn a_changed_byte_of_the_checkpoint_is_never_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(1);
    let note = log.note();
    for position in 0..note.len() {
        let mut changed = note.clone();
        changed[position] ^= 1;
        verify_note(directory.path(), &log, &changed).unwrap_err();
        assert!(
            !directory.path().join("checkpoint").exists(),
            "byte {position}"
        );
    }
}

#[test]
fn a_server_that_withholds_entries_leaves_progress() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(10);
    let store = Store::open(directory.path()).unwrap();
    let stop = AtomicBool::new(false);
    let cut = |start: LeafIndex, _| {
        let mut source = log.source(start);
        source.entries.truncate(5);
        Ok(source)
    };
    let result = verify_log(&store, &log.trust(), &log.note(), cut, |_| {}, &stop);
    assert_eq!(result.unwrap_err().exit(), Exit::NotChecked);
    drop(store);
    assert_eq!(verify(directory.path(), &log).unwrap().entries_verified, 7);
}

#[test]
fn a_missing_quorum_is_not_enough_and_accepts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(3);
    let trust = with_witness(&log);
    let store = Store::open(directory.path()).unwrap();
    let stop = AtomicBool::new(false);
    let result = verify_log(
        &store,
        &trust,
        &log.note(),
        |start, _| Ok(log.source(start)),
        |_| {},
        &stop,
    );
    assert!(matches!(
        result.unwrap_err(),
        Error::NotEnough(NotEnough::Quorum(_))
    ));
    assert!(!directory.path().join("checkpoint").exists());
}

/// The policy with ML-DSA-44 keys is judged apart: both quora, or nothing is accepted.
#[test]
fn each_policy_is_judged_on_its_own() {
    let log = Log::with_reports(3);
    let name = log.id.origin.key_name().clone();
    let log_pq = MlDsaSigningKey::from_seed(&[8; 32]);
    let vkey = VerifierKey::ml_dsa_44(name, MlDsaPublicKey::of(&log_pq));
    let witness_name: KeyName = "example.org/witness".parse().unwrap();
    let witness_pq = MlDsaSigningKey::from_seed(&[9; 32]);
    let witness = VerifierKey::ml_dsa_44(witness_name.clone(), MlDsaPublicKey::of(&witness_pq));
    let charter = log.id.charter;
    let policy =
        format!("# trucelog-charter {charter}\nlog {vkey}\nwitness w {witness}\nquorum w\n");
    let policy_pq = Policy::parse(policy.as_bytes()).unwrap();
    let trust = log
        .trust()
        .with_pq(policy_pq, Path::new("policy-pq"))
        .unwrap();
    assert_eq!(trust.head_kind(), CheckpointKind::Witnessed);

    let keys = SignerKeys {
        ed25519: key(LOG),
        ml_dsa: Some(log_pq),
    };
    let with_log_line = log.checkpoint().sign(&keys);
    let time = |seconds| CosignatureTime::new(seconds).unwrap();
    let cosigned = |seconds| {
        let line =
            cosignature::sign_ml_dsa(&log.checkpoint(), &witness_name, &witness_pq, time(seconds));
        [with_log_line.clone(), format!("{line}\n").into_bytes()].concat()
    };
    let directory = tempfile::tempdir().unwrap();
    let verify = |note: &[u8]| {
        let store = Store::open(directory.path()).unwrap();
        let stop = AtomicBool::new(false);
        let open = |start, _: TreeSize| Ok(log.source(start));
        verify_log(&store, &trust, note, open, |_| {}, &stop)
    };
    // Without the log's own line, without the witness's: not enough, and not false.
    for note in [log.note(), with_log_line.clone()] {
        let error = verify(&note).unwrap_err();
        assert!(
            matches!(error, Error::NotEnough(NotEnough::QuorumPq(_))),
            "{error}"
        );
        assert!(!directory.path().join("checkpoint").exists());
    }
    // A cosigner that had signed before the entries were accepted makes the log false here, too.
    let falsehood = falsehood(verify(&cosigned(1_700_000_000)));
    assert_eq!(falsehood.what.kind(), "time");
    assert!(evidence(&falsehood).judge(&trust).unwrap().proven);
    let report = verify(&cosigned(1_790_000_000)).unwrap();
    assert_eq!(report.verdict_pq.unwrap().unwrap().cosigners.len(), 1);
    // Whoever pins no such policy is not bothered by its lines.
    verify_note(
        tempfile::tempdir().unwrap().path(),
        &log,
        &cosigned(1_790_000_000),
    )
    .unwrap();
}

#[test]
fn a_policy_key_that_is_a_station_key_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(1);
    let policy = with_witness(&log)
        .policy
        .format()
        .replace("quorum w", "quorum none");
    let trust = Trust::new(Policy::parse(policy.as_bytes()).unwrap());
    let store = Store::open(directory.path()).unwrap();
    let stop = AtomicBool::new(false);
    let report = verify_log(
        &store,
        &trust,
        &log.note(),
        |start, _| Ok(log.source(start)),
        |_| {},
        &stop,
    );
    let warnings = report.unwrap().warnings;
    assert!(warnings[0].contains("station m1 of UKR"), "{warnings:?}");
}

/// The station says that it signed more than the log holds. Every later check names it, also one that goes on.
#[test]
fn a_gap_of_an_ended_key_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(3);
    log.append(&log.revocation(5));
    log.append(&log.enrolment_of("m2", 3, RECOVERY + 10));
    for _ in 0..2 {
        let gaps = verify(directory.path(), &log).unwrap().gaps;
        let [gap] = gaps.gaps.as_slice() else {
            panic!("not one gap: {gaps:?}");
        };
        assert_eq!((gap.member.as_str(), gap.station.as_str()), ("UKR", "m1"));
        assert_eq!((gap.stated_last_sequence, gap.logged_last_sequence), (5, 3));
        assert_eq!(gap.ended_index, 5);
        log.append(&log.enrolment_of("m3", 4, RECOVERY + 11));
    }
    let complete = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(3);
    log.append(&log.revocation(3));
    assert!(verify(complete.path(), &log).unwrap().gaps.gaps.is_empty());
}

/// The files of a state directory after some heads: a snapshot with a journal after it.
fn verified_in_steps(directory: &Path) -> Log {
    let mut log = Log::with_reports(1_500);
    verify(directory, &log).unwrap();
    for _ in 0..3 {
        log.append(&log.next_report("More."));
        verify(directory, &log).unwrap();
    }
    for file in ["snapshot", "journal"] {
        assert!(
            fs::metadata(directory.join(file)).unwrap().len() > 0,
            "{file}"
        );
    }
    log
}

#[test]
fn a_damaged_snapshot_or_journal_is_never_used() {
    let directory = tempfile::tempdir().unwrap();
    let log = verified_in_steps(directory.path());
    for (file, step) in [("snapshot", 499), ("journal", 1)] {
        let path = directory.path().join(file);
        let bytes = fs::read(&path).unwrap();
        for position in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            fs::write(&path, changed).unwrap();
            let error = verify(directory.path(), &log).unwrap_err();
            assert_eq!(error.exit(), Exit::NotChecked, "{file} {position}: {error}");
            assert!(
                LocalLog::open(directory.path(), &log.trust())
                    .unwrap()
                    .state()
                    .is_err()
            );
        }
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(verify(directory.path(), &log).unwrap().entries_verified, 0);
}

/// A crash while the journal is written cuts it anywhere: the check then goes on from what is whole.
#[test]
fn a_journal_that_a_crash_has_cut_off_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = verified_in_steps(directory.path());
    let journal = directory.path().join("journal");
    let before = fs::read(&journal).unwrap();
    let (size, checkpoint) = (log.entries.len() as u64, log.note());
    log.append(&log.next_report("Last."));
    verify(directory.path(), &log).unwrap();
    let whole = fs::read(&journal).unwrap();
    for len in before.len()..whole.len() {
        fs::write(directory.path().join("checkpoint"), &checkpoint).unwrap();
        fs::write(&journal, &whole[..len]).unwrap();
        let report = verify(directory.path(), &log).unwrap();
        let found = (report.size_before.get(), report.entries_verified);
        assert_eq!(found, (size, 1), "{len} bytes");
        assert_eq!(fs::read(&journal).unwrap(), whole);
    }
}

/// A crash between a new snapshot and the end of its journal leaves the old journal.
#[test]
fn a_journal_of_an_older_snapshot_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(3);
    verify(directory.path(), &log).unwrap();
    let journal = directory.path().join("journal");
    let older = fs::read(&journal).unwrap();
    for _ in 0..1_500 {
        log.append(&log.next_report("More."));
    }
    verify(directory.path(), &log).unwrap();
    assert_eq!(fs::metadata(&journal).unwrap().len(), 0);
    fs::write(&journal, older).unwrap();
    let report = verify(directory.path(), &log).unwrap();
    assert_eq!(
        (report.size_before.get(), report.entries_verified),
        (1_505, 0)
    );
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let _store = Store::open(directory.path()).unwrap();
    assert!(matches!(
        Store::open(directory.path()),
        Err(Error::Locked(_))
    ));
}
