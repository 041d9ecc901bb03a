#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn file(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

/// Creates an anchor with the notes "note 1" to "note `count`" and closes it.
fn anchor_with(dir: &Path, count: u64) {
    let mut anchor = Anchor::create(dir, b"note 1").unwrap();
    for counter in 2..=count {
        let last = anchor.note().to_vec();
        anchor
            .replace(&last, format!("note {counter}").as_bytes())
            .unwrap();
    }
}

#[test]
fn keeps_the_last_note_over_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for count in 1..=5 {
        let dir = dir.path().join(count.to_string());
        anchor_with(&dir, count);
        let anchor = Anchor::open(&dir).unwrap();
        assert_eq!(anchor.note(), format!("note {count}").as_bytes());
    }
}

#[test]
fn a_write_torn_at_any_byte_leaves_the_last_acknowledged_note() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 4);
    let whole = fs::read(file(dir.path())).unwrap();
    let next = Slot {
        counter: 5,
        note: b"note 5, and longer than the one before".to_vec(),
    };
    let new = next.encode().unwrap();
    let offset = usize::try_from(slot_offset(5)).unwrap();
    for cut in 0..=new.len() {
        for tail_first in [false, true] {
            let written = if tail_first { cut..new.len() } else { 0..cut };
            let mut torn = whole.clone();
            torn[offset + written.start..offset + written.end].copy_from_slice(&new[written]);
            // Bytes that do not change need not be written.
            let complete = torn[offset..offset + new.len()] == new;
            fs::write(file(dir.path()), &torn).unwrap();
            let anchor = Anchor::open(dir.path()).unwrap();
            let expected: &[u8] = if complete { &next.note } else { b"note 4" };
            assert_eq!(
                anchor.note(),
                expected,
                "cut at {cut}, tail first: {tail_first}"
            );
        }
    }
}

#[test]
fn writes_on_after_a_torn_slot() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 4);
    let mut bytes = fs::read(file(dir.path())).unwrap();
    bytes[SLOT_LEN + HEADER_LEN] ^= 1;
    fs::write(file(dir.path()), &bytes).unwrap();
    let mut anchor = Anchor::open(dir.path()).unwrap();
    anchor.replace(b"note 4", b"note 5").unwrap();
    anchor.replace(b"note 5", b"note 6").unwrap();
    drop(anchor);
    assert_eq!(Anchor::open(dir.path()).unwrap().note(), b"note 6");
}

#[test]
fn every_flipped_bit_is_noticed_or_falls_back_by_one() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 4);
    let whole = fs::read(file(dir.path())).unwrap();
    let used = HEADER_LEN + b"note 4".len() + DIGEST_LEN;
    for offset in (0..used).chain(SLOT_LEN..SLOT_LEN + used) {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[offset] ^= 1 << bit;
            fs::write(file(dir.path()), &bytes).unwrap();
            let anchor = Anchor::open(dir.path()).unwrap();
            let expected: &[u8] = if offset < SLOT_LEN {
                b"note 3"
            } else {
                b"note 4"
            };
            assert_eq!(anchor.note(), expected, "byte {offset}, bit {bit}");
        }
    }
}

#[test]
fn rejects_two_bad_slots() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 2);
    let mut bytes = fs::read(file(dir.path())).unwrap();
    bytes[HEADER_LEN] ^= 1;
    bytes[SLOT_LEN + HEADER_LEN] ^= 1;
    fs::write(file(dir.path()), &bytes).unwrap();
    assert!(matches!(
        Anchor::open(dir.path()),
        Err(AnchorError::Damaged { .. })
    ));
}

#[test]
fn rejects_slots_that_do_not_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 2);
    let mut bytes = fs::read(file(dir.path())).unwrap();
    let stray = Slot {
        counter: 7,
        note: b"note 7".to_vec(),
    };
    let encoded = stray.encode().unwrap();
    bytes[SLOT_LEN..SLOT_LEN + encoded.len()].copy_from_slice(&encoded);
    fs::write(file(dir.path()), &bytes).unwrap();
    assert!(matches!(
        Anchor::open(dir.path()),
        Err(AnchorError::Damaged { .. })
    ));
}

#[test]
fn rejects_a_file_of_another_length() {
    let dir = tempfile::tempdir().unwrap();
    anchor_with(dir.path(), 2);
    for len in [0, SLOT_LEN, FILE_LEN - 1, FILE_LEN + 1] {
        let anchor = OpenOptions::new()
            .write(true)
            .open(file(dir.path()))
            .unwrap();
        anchor.set_len(len as u64).unwrap();
        assert!(
            matches!(Anchor::open(dir.path()), Err(AnchorError::Damaged { .. })),
            "{len}"
        );
    }
}

#[test]
fn rejects_a_missing_file_and_a_second_creation() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Anchor::open(dir.path()),
        Err(AnchorError::Missing { .. })
    ));
    anchor_with(dir.path(), 1);
    assert!(matches!(
        Anchor::create(dir.path(), b"another"),
        Err(AnchorError::Exists { .. })
    ));
}

#[test]
fn rejects_a_second_opener() {
    let dir = tempfile::tempdir().unwrap();
    let first = Anchor::create(dir.path(), b"note 1").unwrap();
    assert!(matches!(
        Anchor::open(dir.path()),
        Err(AnchorError::Locked { .. })
    ));
    drop(first);
    Anchor::open(dir.path()).unwrap();
}

#[test]
fn rejects_a_replacement_when_the_file_was_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut anchor = Anchor::create(dir.path(), b"note 1").unwrap();
    let old = fs::read(file(dir.path())).unwrap();
    anchor.replace(b"note 1", b"note 2").unwrap();
    fs::write(file(dir.path()), old).unwrap();
    assert!(matches!(
        anchor.replace(b"note 2", b"note 3"),
        Err(AnchorError::Changed { .. })
    ));
    assert!(matches!(
        anchor.replace(b"note 2", b"note 3"),
        Err(AnchorError::Stopped { .. })
    ));
}

#[test]
fn rejects_a_replacement_when_the_file_was_moved_away_or_exchanged() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    for exchange in [false, true] {
        let own = dir.path().join(format!("own-{exchange}"));
        let mut anchor = Anchor::create(&own, b"note 1").unwrap();
        if exchange {
            fs::copy(file(&own), &other).unwrap();
            fs::rename(&other, file(&own)).unwrap();
        } else {
            fs::remove_file(file(&own)).unwrap();
        }
        assert!(matches!(
            anchor.replace(b"note 1", b"note 2"),
            Err(AnchorError::Changed { .. })
        ));
    }
}

#[test]
fn rejects_a_replacement_of_another_value() {
    let dir = tempfile::tempdir().unwrap();
    let mut anchor = Anchor::create(dir.path(), b"note 1").unwrap();
    assert!(matches!(
        anchor.replace(b"note 0", b"note 2"),
        Err(AnchorError::Changed { .. })
    ));
    drop(anchor);
    assert_eq!(Anchor::open(dir.path()).unwrap().note(), b"note 1");
}

#[test]
fn rejects_a_note_that_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let mut anchor = Anchor::create(dir.path(), b"note 1").unwrap();
    for len in [0, MAX_NOTE_LEN + 1] {
        assert!(matches!(
            anchor.replace(b"note 1", &vec![b'x'; len]),
            Err(AnchorError::NoteLength { .. })
        ));
    }
    let longest = vec![b'x'; MAX_NOTE_LEN];
    anchor.replace(b"note 1", &longest).unwrap();
    anchor.replace(&longest, b"note 3").unwrap();
}
