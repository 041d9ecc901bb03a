//! Entries.

use trucelog_proto::{
    entry::{Entry, genesis_hash},
    hash::LeafIndex,
    tree::leaf_hash,
};

use super::{Artefact, Case, Failed, Inputs, OK, case, checkpoint::ORIGIN, record};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "entry",
    cases,
    replay,
    seed: |inputs| Some(inputs.data("entry")),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let bytes = inputs.data("entry");
    let entry = Entry::decode(&bytes)?;
    assert_eq!(entry.encode(), bytes);
    assert_eq!(entry.previous.to_string(), inputs.get("previous"));
    assert_eq!(leaf_hash(&bytes).to_string(), inputs.get("leaf_hash"));
    Ok(())
}

fn genesis() -> Entry {
    Entry {
        index: LeafIndex::new(0),
        previous: genesis_hash(&ORIGIN.parse().unwrap()),
        accepted_time: 1_790_000_000_100,
        signed_record: record::signed(),
    }
}

fn inputs(bytes: &[u8], entry: &Entry) -> Inputs {
    Inputs::default()
        .bytes("entry", bytes)
        .text("previous", entry.previous)
        .text("leaf_hash", leaf_hash(bytes))
}

fn cases() -> Vec<Case> {
    let first = genesis();
    let second = Entry {
        index: LeafIndex::new(1),
        previous: leaf_hash(&first.encode()),
        ..first.clone()
    };
    let bytes = second.encode();
    let without_previous = [&bytes[..2], &bytes[36..]].concat();
    let record_at = bytes.len() - 3 - second.signed_record.record.len() - 32 - 64 - 2 - 2 - 2;
    let without_record = bytes[..record_at].to_vec();
    let mut short = bytes.clone();
    short.remove(10);
    short[3] = 31;
    vec![
        case(
            "worked-example",
            OK,
            "Entry 1, which names the leaf hash of entry 0.",
            inputs(&bytes, &second),
        ),
        case(
            "genesis",
            OK,
            "Entry 0, which names the genesis hash.",
            inputs(&first.encode(), &first),
        ),
        case(
            "index-zero-written",
            "NOT_CANONICAL",
            "Entry 0 with its index written.",
            inputs(&[&[0x08, 0x00], first.encode().as_slice()].concat(), &first),
        ),
        case(
            "no-previous",
            "FIELD_FORMAT",
            "An entry without previous.",
            inputs(&without_previous, &second),
        ),
        case(
            "previous-short",
            "FIELD_FORMAT",
            "A previous of 31 bytes.",
            inputs(&short, &second),
        ),
        case(
            "no-record",
            "FIELD_REQUIRED",
            "An entry without record.",
            inputs(&without_record, &second),
        ),
        case(
            "trailing",
            "UNKNOWN_FIELD",
            "A byte after the end.",
            inputs(&[bytes.as_slice(), &[0x28, 0x01]].concat(), &second),
        ),
        case(
            "truncated",
            "NOT_CANONICAL",
            "The last byte is missing.",
            inputs(&bytes[..bytes.len() - 1], &second),
        ),
        case(
            "too-long",
            "RECORD_TOO_LARGE",
            "An entry of 65,536 bytes.",
            inputs(&vec![0; 65_536], &second),
        ),
    ]
}
