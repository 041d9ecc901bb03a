//! Receipts: what holds, and that nothing else does.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Log, MONITOR};
use trucelog_client::exit::Exit;
use trucelog_client::receipt::{ReceiptError, verify};
use trucelog_client::station::digest_of;

#[test]
fn receipts_of_all_sizes_hold() {
    let log = Log::with_reports(20);
    for size in 1..=log.entries.len() {
        let mut shorter = log.clone();
        shorter.entries.truncate(size);
        for index in 0..size as u64 {
            let receipt = verify(&shorter.receipt(index), &log.trust(), None).unwrap();
            assert_eq!(receipt.index.get(), index);
        }
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let log = Log::with_reports(5);
    let receipt = log.receipt(3);
    verify(&receipt, &log.trust(), None).unwrap();
    for position in 0..receipt.len() {
        for bit in [0x01, 0x02, 0x20] {
            let mut changed = receipt.clone();
            changed[position] ^= bit;
            assert!(
                verify(&changed, &log.trust(), None).is_err(),
                "byte {position}"
            );
        }
    }
    for end in 0..receipt.len() {
        assert!(
            verify(&receipt[..end], &log.trust(), None).is_err(),
            "cut at {end}"
        );
    }
}

#[test]
fn a_receipt_for_another_record_is_refused() {
    let log = Log::with_reports(3);
    let asked = digest_of(&log.report_at(2, "Three explosions."));
    verify(&log.receipt(3), &log.trust(), Some(&asked)).unwrap();
    let error = verify(&log.receipt(2), &log.trust(), Some(&asked)).unwrap_err();
    assert!(matches!(error, ReceiptError::OtherRecord { .. }));
    assert_eq!(error.exit(), Exit::False);
}

#[test]
fn a_receipt_by_another_log_key_proves_nothing() {
    let log = Log::with_reports(3);
    let error = verify(&log.receipt_by(3, MONITOR), &log.trust(), None).unwrap_err();
    assert_eq!(error.exit(), Exit::NotEnough);
}

#[test]
fn a_receipt_for_a_forged_record_is_refused() {
    let mut log = Log::with_reports(3);
    log.forge_narrative(3);
    let error = verify(&log.receipt(3), &log.trust(), None).unwrap_err();
    assert!(matches!(error, ReceiptError::Entry(_)), "{error}");
    assert_eq!(error.exit(), Exit::False);
}

/// The files that `tests/cmd` uses. `TRUCELOG_WRITE_FIXTURES=1` writes them instead.
#[test]
fn the_fixtures_are_of_the_log_in_memory() {
    use prost::Message as _;
    let log = Log::with_reports(3);
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/receipt.in");
    let files = [
        ("policy", log.trust().policy.format().into_bytes()),
        (
            "report.signed",
            log.report_at(2, "Three explosions.").encode_to_vec(),
        ),
        ("report.tlog-proof", log.receipt(3)),
        ("other.tlog-proof", log.receipt(4)),
        ("foreign.tlog-proof", log.receipt_by(3, MONITOR)),
        ("checkpoint", log.note()),
    ];
    for (name, bytes) in files {
        let path = format!("{directory}/{name}");
        if std::env::var_os("TRUCELOG_WRITE_FIXTURES").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{path} differs");
    }
}
