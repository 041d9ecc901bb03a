//! State in memory: the same answers as a map, small, and saved without loss.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::commission::case;
use support::statements::{
    CONTENT, corroboration, coverage, denial, disclosure, photograph, sealed, with_liaisons,
};
use support::{Log, correction, report};
use trucelog_proto::hash::sha256;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::state::{MemoryState, Overlay, State as _, StateMut as _, Writes};

fn writes(items: &[(Vec<u8>, Vec<u8>)]) -> Writes {
    let mut writes = Writes::default();
    for (key, value) in items {
        writes.put(key.clone(), value.clone());
    }
    writes
}

proptest! {
    #[test]
    fn answers_as_a_map(rounds in proptest::collection::vec(
        proptest::collection::vec(
            (proptest::collection::vec(0..4_u8, 0..3), proptest::collection::vec(any::<u8>(), 0..40)), 0..20),
        0..20)) {
        let mut map = BTreeMap::new();
        let mut state = MemoryState::default();
        for items in &rounds {
            map.extend(items.iter().cloned());
            state.apply(&writes(items)).unwrap();
        }
        let loaded = MemoryState::load(&state.save()).unwrap();
        prop_assert_eq!(loaded.len(), map.len());
        for (key, value) in &map {
            prop_assert_eq!(state.get(key).unwrap(), Some(value.clone()));
            prop_assert_eq!(loaded.get(key).unwrap(), Some(value.clone()));
        }
        prop_assert_eq!(state.get(b"absent").unwrap(), None);
    }
}

#[test]
fn an_overlay_answers_first() {
    let mut below = MemoryState::default();
    below
        .apply(&writes(&[(vec![1], vec![1]), (vec![2], vec![2])]))
        .unwrap();
    let mut overlay = Overlay::new(&below);
    overlay.extend(writes(&[(vec![2], vec![3])]));
    assert_eq!(overlay.get(&[1]).unwrap(), Some(vec![1]));
    assert_eq!(overlay.get(&[2]).unwrap(), Some(vec![3]));
    assert_eq!(below.get(&[2]).unwrap(), Some(vec![2]));
    assert_eq!(overlay.into_writes(), writes(&[(vec![2], vec![3])]));
}

#[test]
fn rejects_saved_state_that_was_changed() {
    let mut state = MemoryState::default();
    state
        .apply(&writes(&[(vec![1; 33], vec![2; 20]), (vec![3], vec![])]))
        .unwrap();
    let saved = state.save();
    for at in 0..saved.len() {
        let mut changed = saved.clone();
        changed[at] ^= 1;
        assert!(MemoryState::load(&changed).is_err(), "byte {at}");
        assert!(MemoryState::load(&saved[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn rejects_items_that_are_too_long() {
    let mut state = MemoryState::default();
    assert!(state.apply(&writes(&[(vec![0; 256], vec![])])).is_err());
    assert!(
        state
            .apply(&writes(&[(vec![0], vec![0; 1 << 20])]))
            .is_err()
    );
}

#[test]
fn costs_at_most_100_bytes_a_record() {
    let mut log = Log::staffed();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let before = log.state.len();
    log.put(
        "AAA",
        "monitor",
        Body::IncidentReport(pb::IncidentReport {
            observer_count: 2,
            ..report()
        }),
    )
    .unwrap();
    assert_eq!(log.state.len() - before, 1, "a report adds one item");
    let key = [b"d".as_slice(), first.as_bytes()].concat();
    let value = log.state.get(&key).unwrap().unwrap();
    let corrected = value.len() + 34;
    let mut state = MemoryState::default();
    let count = 300_000_u32;
    for number in 0..count {
        let key = [b"d".as_slice(), &sha256(&[&number.to_be_bytes()])].concat();
        // Every fourth report is corrected once, which adds the digest of the new version.
        let len = if number % 4 == 0 {
            corrected
        } else {
            value.len()
        };
        state.apply(&writes(&[(key, vec![1; len])])).unwrap();
    }
    let bytes = state.memory_len() / usize::try_from(count).unwrap();
    assert!(bytes <= 100, "{bytes} bytes a record");
}

#[test]
fn an_item_that_outgrows_its_place_leaves_it_to_another() {
    let mut state = MemoryState::default();
    let key = |number: u32| [b"d".as_slice(), &sha256(&[&number.to_be_bytes()])].concat();
    let value = |number: u32, len: usize| number.to_be_bytes().repeat(len / 4);
    for number in 0..20_000 {
        for len in [12, 60, 40] {
            let item = (key(number), value(number, len));
            state.apply(&writes(&[item])).unwrap();
        }
    }
    let compact = MemoryState::load(&state.save()).unwrap();
    let (len, least) = (state.memory_len(), compact.memory_len());
    assert!(len <= least + least / 50, "{len} bytes instead of {least}");
    for number in 0..20_000 {
        let found = state.get(&key(number)).unwrap();
        assert_eq!(found, Some(value(number, 40)));
    }
}

/// An item costs its key, its value and 4 bytes of lengths; up to 8 bytes more of alignment and table come on top.
const OVERHEAD: usize = 12;

/// What a record adds to the saved state.
fn growth(log: &mut Log, member: &str, station: &str, body: Body) -> usize {
    let before = log.state.save().len();
    log.put(member, station, body).unwrap();
    log.state.save().len() - before
}

#[test]
fn a_day_of_all_kinds_of_reports_costs_at_most_100_bytes_a_record() {
    let mut log = with_liaisons();
    let report = |number: u32| pb::IncidentReport {
        observer_count: number,
        ..report()
    };
    log.put("AAA", "sensor", Body::CoverageReport(coverage()))
        .unwrap();
    let mut costs = BTreeMap::new();
    let mut add = |kind: &'static str, cost: usize| costs.insert(kind, cost + OVERHEAD);
    let mut hour = coverage();
    hour.earliest_time = hour.latest_time;
    hour.latest_time += 1_000;
    let body = Body::CoverageReport(hour);
    add("coverage", growth(&mut log, "AAA", "sensor", body));
    let body = Body::IncidentReport(report(1));
    add("report", growth(&mut log, "AAA", "monitor", body));
    let first = log.last();
    let founding = Body::Case(case(vec![first], &[]));
    let founding = log.put("CCC", "verifier", founding).unwrap();
    let next = log
        .put("AAA", "monitor", Body::IncidentReport(report(2)))
        .unwrap();
    let extension = Body::Case(pb::Case {
        extends: founding.as_bytes().to_vec(),
        reports: vec![next.as_bytes().to_vec()],
        ..pb::Case::default()
    });
    add("extension", growth(&mut log, "CCC", "verifier", extension));
    add(
        "correction",
        growth(&mut log, "AAA", "monitor", correction(first)),
    );
    let current = log.last();
    let body = Body::Corroboration(corroboration(current));
    add("corroboration", growth(&mut log, "BBB", "verifier", body));
    let body = Body::PartyStatement(denial(current, "PPP"));
    add("statement", growth(&mut log, "BBB", "liaison", body));
    let body = Body::EvidenceItem(photograph());
    add("open", growth(&mut log, "AAA", "monitor", body));
    let body = Body::EvidenceItem(sealed(&log, "AAA", CONTENT));
    add("sealed", growth(&mut log, "AAA", "monitor", body));
    let body = Body::Disclosure(disclosure(log.last()));
    add("disclosure", growth(&mut log, "AAA", "monitor", body));
    // Of a hundred records.
    let day = [
        ("report", 45),
        ("coverage", 20),
        ("open", 10),
        ("corroboration", 8),
        ("correction", 5),
        ("sealed", 4),
        ("extension", 3),
        ("statement", 4),
        ("disclosure", 1),
    ];
    let total: usize = day.iter().map(|(kind, count)| costs[kind] * count).sum();
    assert!(total <= 100 * 100, "{costs:?}");
    for kind in ["report", "coverage", "open", "corroboration", "statement"] {
        assert!(costs[kind] <= 100, "{kind}: {costs:?}");
    }
    println!("{costs:?}, on average {}", total / 100);
}
