//! State in memory: the same answers as a map, small, and saved without loss.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{Log, report};
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
