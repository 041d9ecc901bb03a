//! Verification of whole logs: what a lying operator can change, and what every verifier then names.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Log, charter, charter_record, key, report};
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::cosignature::CosignatureTime;
use trucelog_proto::entry::{Entry, genesis_hash};
use trucelog_proto::hash::{CharterDigest, LeafHash, LeafIndex, RootHash, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{self, KnownKeys, LogId};
use trucelog_proto::refusal::Reason;
use trucelog_proto::state::MemoryState;
use trucelog_proto::tree::{RightEdge, leaf_hash};
use trucelog_proto::verify::{self, Finding, HeadPlace, StopError, Verifier};

fn log() -> Log {
    let mut log = Log::staffed();
    for number in 0..6 {
        let report = pb::IncidentReport {
            observer_count: number,
            ..report()
        };
        log.put("AAA", "monitor", Body::IncidentReport(report))
            .unwrap();
    }
    log
}

fn size(entries: &[Vec<u8>]) -> TreeSize {
    TreeSize::new(u64::try_from(entries.len()).unwrap())
}

fn checkpoint(id: &LogId, entries: &[Vec<u8>]) -> Checkpoint {
    let mut edge = RightEdge::new();
    for entry in entries {
        edge.append(leaf_hash(entry));
    }
    Checkpoint {
        origin: id.origin.clone(),
        size: size(entries),
        root: edge.root(),
    }
}

fn feed(
    verifier: &mut Verifier<MemoryState>,
    id: &LogId,
    entries: &[Vec<u8>],
) -> Result<(), StopError> {
    let start = usize::try_from(verifier.size().get()).unwrap();
    let keys = KnownKeys::default();
    for (at, bytes) in entries.iter().enumerate().skip(start) {
        let index = LeafIndex::new(u64::try_from(at).unwrap());
        verifier.append(verify::check(id, &keys, index, bytes))?;
    }
    Ok(verifier.finish(&checkpoint(id, entries))?)
}

fn verdict(id: &LogId, entries: &[Vec<u8>]) -> Result<(), StopError> {
    feed(&mut Verifier::new(id.clone()), id, entries)
}

/// What an operator does who holds the log key but no station's: the chain is linked anew from `from` on.
fn relink(id: &LogId, entries: &mut [Vec<u8>], from: usize) {
    let mut previous = from
        .checked_sub(1)
        .map_or(genesis_hash(&id.origin), |before| {
            leaf_hash(&entries[before])
        });
    for bytes in &mut entries[from..] {
        *bytes = Entry {
            previous,
            ..Entry::decode(bytes).unwrap()
        }
        .encode();
        previous = leaf_hash(bytes);
    }
}

fn finding(result: Result<(), StopError>) -> Finding {
    match result.unwrap_err() {
        StopError::False(finding) => finding,
        other => panic!("{other}"),
    }
}

#[test]
fn accepts_a_true_log_and_goes_on_from_saved_state() {
    let log = log();
    verdict(&log.id, &log.entries).unwrap();
    for split in 0..=log.entries.len() {
        let mut first = Verifier::new(log.id.clone());
        feed(&mut first, &log.id, &log.entries[..split]).unwrap();
        let state = MemoryState::load(&first.state().save()).unwrap();
        let edge = RightEdge::decode(&first.edge().encode()).unwrap();
        let mut second = Verifier::resume(log.id.clone(), state, edge, first.size()).unwrap();
        feed(&mut second, &log.id, &log.entries).unwrap();
        assert_eq!(second.state().save(), log.state.save());
    }
}

#[test]
fn names_the_entry_whose_record_the_operator_changed() {
    let log = log();
    let mut entries = log.entries.clone();
    let at = entries.len() - 3;
    let mut entry = Entry::decode(&entries[at]).unwrap();
    let narrative = entry
        .signed_record
        .record
        .windows(3)
        .position(|bytes| bytes == b"Two")
        .unwrap();
    entry.signed_record.record[narrative] = b'U';
    entries[at] = entry.encode();
    relink(&log.id, &mut entries, at + 1);
    let found = finding(verdict(&log.id, &entries));
    assert_eq!(
        (found.kind(), found.index()),
        (
            "signature",
            Some(LeafIndex::new(u64::try_from(at).unwrap()))
        )
    );
    // A verifier with an older head is shown another past as soon as it asks for more.
    let mut older = Verifier::new(log.id.clone());
    feed(&mut older, &log.id, &log.entries[..=at]).unwrap();
    let found = finding(feed(&mut older, &log.id, &entries));
    assert_eq!(
        found,
        Finding::Inconsistent {
            size: size(&entries[..=at])
        }
    );
}

#[test]
fn rejects_every_changed_byte_of_every_entry() {
    let log = log();
    for at in (0..log.entries.len()).step_by(5) {
        for byte in 0..log.entries[at].len() {
            let mut entries = log.entries.clone();
            entries[at][byte] ^= 1;
            assert!(
                verdict(&log.id, &entries).is_err(),
                "entry {at}, byte {byte}"
            );
        }
        for cut in 0..log.entries[at].len() {
            let mut entries = log.entries.clone();
            entries[at].truncate(cut);
            assert!(
                verdict(&log.id, &entries).is_err(),
                "entry {at}, cut at {cut}"
            );
        }
    }
}

/// The accepted time is the operator's own claim; changing it with all hashes recomputed is seen by whoever has a
/// head, and by everyone when it decreases.
#[test]
fn names_an_accepted_time_that_decreases() {
    let log = log();
    let mut entries = log.entries.clone();
    let mut entry = Entry::decode(&entries[4]).unwrap();
    entry.accepted_time -= 1;
    entries[4] = entry.encode();
    relink(&log.id, &mut entries, 5);
    let Finding::Rule { index, refusal } = finding(verdict(&log.id, &entries)) else {
        panic!("another finding")
    };
    assert_eq!(
        (index.get(), refusal.reason, refusal.field.as_str()),
        (4, Reason::TimeOrder, "accepted_time")
    );
}

#[test]
fn names_entries_that_are_swapped_dropped_or_repeated() {
    let log = log();
    let mut swapped = log.entries.clone();
    swapped.swap(3, 4);
    assert_eq!(
        finding(verdict(&log.id, &swapped)),
        Finding::Index {
            index: LeafIndex::new(3),
            found: LeafIndex::new(4)
        }
    );
    let renumber = |entries: &mut Vec<Vec<u8>>| {
        for (at, bytes) in entries.iter_mut().enumerate() {
            let index = LeafIndex::new(u64::try_from(at).unwrap());
            *bytes = Entry {
                index,
                ..Entry::decode(bytes).unwrap()
            }
            .encode();
        }
        relink(&log.id, entries, 0);
    };
    let mut dropped = log.entries.clone();
    dropped.remove(dropped.len() - 2);
    renumber(&mut dropped);
    let Finding::Rule { refusal, .. } = finding(verdict(&log.id, &dropped)) else {
        panic!("another finding")
    };
    assert_eq!(refusal.reason, Reason::SequenceGap);
    let mut repeated = log.entries.clone();
    repeated.push(repeated.last().unwrap().clone());
    renumber(&mut repeated);
    let Finding::Rule { refusal, .. } = finding(verdict(&log.id, &repeated)) else {
        panic!("another finding")
    };
    assert_eq!(refusal.reason, Reason::RecordLogged);
    let unlinked = {
        let mut entries = log.entries.clone();
        entries[6] = Entry {
            previous: LeafHash::from_bytes([7; 32]),
            ..Entry::decode(&entries[6]).unwrap()
        }
        .encode();
        entries
    };
    assert_eq!(finding(verdict(&log.id, &unlinked)).kind(), "previous");
}

#[test]
fn names_a_record_that_the_operator_slipped_in() {
    let log = log();
    let slip = |log: &Log, signed_record: pb::SignedRecord| {
        let mut entries = log.entries.clone();
        let index = LeafIndex::new(size(&entries).get());
        entries.push(
            Entry {
                index,
                previous: log.previous,
                accepted_time: log.now,
                signed_record,
            }
            .encode(),
        );
        finding(verdict(&log.id, &entries))
    };
    let record = log.record("AAA", "monitor", Body::IncidentReport(report()));
    let stranger = record::sign(
        prost::Message::encode_to_vec(&record),
        &log.id,
        &key("stranger"),
    );
    let Finding::Rule { refusal, .. } = slip(&log, stranger) else {
        panic!("another finding")
    };
    assert_eq!(refusal.reason, Reason::KeyUnknown);
    let foreign = LogId {
        origin: "other.example".parse().unwrap(),
        ..log.id.clone()
    };
    let replayed = record::sign(
        prost::Message::encode_to_vec(&record),
        &foreign,
        &key("AAA/monitor"),
    );
    assert_eq!(slip(&log, replayed).kind(), "signature");
}

#[test]
fn names_another_charter() {
    let log = log();
    let id = LogId {
        charter: CharterDigest::from_bytes([1; 32]),
        ..log.id.clone()
    };
    assert_eq!(finding(verdict(&id, &log.entries)).kind(), "charter");
}

#[test]
fn asks_for_newer_software_and_does_not_call_it_false() {
    let mut log = Log::unfounded();
    let mut charter = charter();
    charter.rules.as_mut().unwrap().rules_version = 2;
    let signed_record = log.signed(&charter_record(charter));
    let digest = record::record_digest(&signed_record.record);
    let entry = Entry {
        index: LeafIndex::new(0),
        previous: log.previous,
        accepted_time: log.now,
        signed_record,
    };
    log.id.charter = CharterDigest::from_bytes(*digest.as_bytes());
    let judged = verdict(&log.id, &[entry.encode()]);
    assert!(
        matches!(judged, Err(StopError::Newer { index, .. }) if index == entry.index),
        "{judged:?}"
    );
}

#[test]
fn rejects_a_root_that_the_entries_do_not_give() {
    let log = log();
    let mut verifier = Verifier::new(log.id.clone());
    feed(&mut verifier, &log.id, &log.entries).unwrap();
    let truth = checkpoint(&log.id, &log.entries);
    let other_root = Checkpoint {
        root: RootHash::from_bytes([0; 32]),
        ..truth.clone()
    };
    assert_eq!(verifier.finish(&other_root).unwrap_err().kind(), "root");
    let other_size = Checkpoint {
        size: TreeSize::new(1),
        ..truth.clone()
    };
    assert_eq!(verifier.finish(&other_size).unwrap_err().kind(), "root");
    verifier.finish(&truth).unwrap();
}

#[test]
fn places_heads_against_the_accepted_one() {
    let log = log();
    let own = |at: TreeSize| -> Result<RootHash, Finding> {
        Ok(checkpoint(&log.id, &log.entries[..usize::try_from(at.get()).unwrap()]).root)
    };
    let accepted = TreeSize::new(9);
    let head = |len: usize| checkpoint(&log.id, &log.entries[..len]);
    let place = |head: &Checkpoint| verify::place_head(head, accepted, own);
    assert_eq!(place(&head(10)), Ok(HeadPlace::Newer));
    assert_eq!(place(&head(9)), Ok(HeadPlace::Same));
    assert_eq!(place(&head(8)), Ok(HeadPlace::Older));
    for len in [8, 9] {
        let forked = Checkpoint {
            root: RootHash::from_bytes([3; 32]),
            ..head(len)
        };
        assert_eq!(
            place(&forked),
            Err(Finding::Inconsistent { size: forked.size })
        );
    }
    let no_tree = Checkpoint {
        root: RootHash::from_bytes([3; 32]),
        ..head(0)
    };
    assert_eq!(place(&no_tree).unwrap_err().kind(), "root");
}

#[test]
fn refuses_saved_state_of_another_log_or_size() {
    let log = log();
    let mut verifier = Verifier::new(log.id.clone());
    feed(&mut verifier, &log.id, &log.entries).unwrap();
    let (state, edge) = (verifier.state().clone(), verifier.edge().clone());
    let other = LogId {
        charter: CharterDigest::from_bytes([1; 32]),
        ..log.id.clone()
    };
    assert!(Verifier::resume(other, state.clone(), edge.clone(), verifier.size()).is_err());
    assert!(
        Verifier::resume(
            log.id.clone(),
            state.clone(),
            RightEdge::new(),
            TreeSize::new(0)
        )
        .is_err()
    );
    let ahead = TreeSize::new(verifier.size().get() + 1);
    assert!(Verifier::resume(log.id.clone(), state.clone(), edge.clone(), ahead).is_err());
    assert!(Verifier::resume(log.id.clone(), state, edge, verifier.size()).is_ok());
}

#[test]
fn names_entries_accepted_after_their_cosignature() {
    let log = log();
    let mut verifier = Verifier::new(log.id.clone());
    feed(&mut verifier, &log.id, &log.entries).unwrap();
    let cosigned =
        |seconds: u64| verifier.check_cosignature(CosignatureTime::new(seconds).unwrap());
    let accepted = log.now / 1_000;
    cosigned(accepted - 300).unwrap();
    let found = finding(cosigned(accepted - 301));
    assert_eq!(
        (found.kind(), found.index()),
        ("time", Some(LeafIndex::new(size(&log.entries).get() - 1)))
    );
}
