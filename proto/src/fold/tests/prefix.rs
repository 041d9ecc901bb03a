//! Folding entry by entry.

use super::incident::casualties;
use super::support::{Log, report};
use crate::fold::{Fold, FoldError, Views as _};
use crate::hash::TreeSize;
use crate::pb;
use crate::pb::record::Body;
use crate::refusal::Reason;
use crate::rules::RuleError;

#[test]
fn folding_a_prefix_is_the_answer_as_of_its_size() {
    let mut log = Log::new();
    let first = log.report("first");
    let size = log.entries.len();
    let mut prefix = Fold::default();
    log.correct(
        first,
        pb::CorrectionReason::LateInformation,
        report("second"),
    );
    log.withdraw(log.fold.incident(&first).unwrap().newest().stamp.digest);
    for entry in &log.entries[..size] {
        prefix.append_entry(entry).unwrap();
    }
    assert_eq!(prefix.size(), TreeSize::new(size as u64));
    assert_eq!(
        prefix.now(),
        prefix.incidents()[0].first().stamp.accepted_time
    );
    let then = prefix.incident(&first).unwrap();
    assert_eq!(then.in_force().unwrap().report, report("first"));
    for entry in &log.entries[size..] {
        prefix.append_entry(entry).unwrap();
    }
    assert_eq!(prefix.incidents(), log.fold.incidents());
    assert_eq!(prefix.now(), log.fold.now());
}

#[test]
fn rejects_entries_out_of_order_and_stays_as_it_was() {
    let mut log = Log::new();
    log.report("first");
    let last = log.entries.last().unwrap().clone();
    let size = log.fold.size().get();
    let order = FoldError::Order {
        expected: size,
        found: size - 1,
    };
    assert_eq!(log.fold.append_entry(&last), Err(order));
    assert_eq!(log.fold.size().get(), size);
    log.report("second");
}

#[test]
fn rejects_what_the_rules_refuse_and_stays_as_it_was() {
    let mut log = Log::new();
    let mut wrong = report("low above best");
    wrong.casualties = vec![casualties(7, 7, 6)];
    let refused = log.try_write(30, "DEU", "monitor", Body::IncidentReport(wrong));
    let Err(FoldError::Rules(RuleError::Refused(refusal))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.reason, Reason::CasualtyRange);
    assert!(log.fold.incidents().is_empty());
    log.report("first");
    assert_eq!(log.fold.incidents().len(), 1);
}
