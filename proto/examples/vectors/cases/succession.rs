//! Charters that succeed a log, or do not.

use prost::Message as _;
use trucelog_proto::{
    hash::LeafIndex,
    mldsa::{MlDsaPublicKey, MlDsaSigningKey},
    note::VerifierKey,
    pb::{
        self,
        MembershipChange::{Depart, Suspend},
        record::Body,
        station_change::Change,
    },
    record::{DecodedRecord, KnownKeys, LogId},
    signature::PublicKey,
    succession::{self, SuccessionError},
    tree::{RightEdge, leaf_hash},
    verify::{self, Verifier},
};

use super::{
    Artefact, Case, Failed, Inputs, OK, POLICY, VERIFY, case,
    rules::support::{
        Log, change, charter_record,
        governance::{changed, governed_charter, with_candidates},
        key, public,
    },
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "succession",
    cases,
    replay,
    seed: |inputs| Some(inputs.data("record")),
};

impl From<SuccessionError> for Failed {
    fn from(error: SuccessionError) -> Self {
        match error {
            SuccessionError::Refused(refusal) => refusal.into(),
            SuccessionError::NotEnough { .. } => Self(POLICY),
            _ => Self(VERIFY),
        }
    }
}

/// Replays the predecessor from its charter on, and verifies that the charter in the record succeeds it.
fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let id = LogId {
        origin: inputs.get("origin").parse()?,
        charter: inputs.get("charter").parse()?,
    };
    let mut verifier = Verifier::new(id.clone());
    let keys = KnownKeys::default();
    for (index, entry) in (0..).zip(inputs.items("entries_hex")) {
        let checked = verify::check(&id, &keys, LeafIndex::new(index), &super::unhex(entry));
        verifier.append(checked).unwrap();
    }
    let record = DecodedRecord::decode(&inputs.data("record"))?;
    let Some(Body::Charter(charter)) = record.message.body else {
        panic!("the record is a charter");
    };
    if let Ok(statement) = succession::statement(&charter) {
        assert_eq!(statement, inputs.data("statement"));
    }
    Ok(succession::verify(
        verifier.state(),
        &verifier.edge().root(),
        &charter,
    )?)
}

const SUCCESSOR: &str = "log.example/next";
const BOTH: [(&str, &str); 2] = [("AAA", "AAA/authority"), ("BBB", "BBB/authority")];

/// A log of three members, one of which has a monitor.
fn predecessor() -> Log {
    let mut log = with_candidates(Log::found(&charter_record(governed_charter())).unwrap());
    log.enrol("BBB", "monitor", pb::Role::Monitor);
    log
}

fn successor(log: &Log) -> pb::Charter {
    let mut edge = RightEdge::new();
    log.entries
        .iter()
        .for_each(|entry| edge.append(leaf_hash(entry)));
    let terms =
        succession::terms::<trucelog_proto::state::StateError>(&log.state, &edge.root(), |index| {
            let entry = &log.entries[usize::try_from(index.get()).unwrap()];
            let entry = trucelog_proto::entry::Entry::decode(entry).unwrap();
            Ok(DecodedRecord::decode(&entry.signed_record.record)
                .unwrap()
                .message)
        });
    let log_key = VerifierKey::ed25519(SUCCESSOR.parse().unwrap(), PublicKey::of(&key("next log")));
    pb::Charter {
        origin: SUCCESSOR.to_owned(),
        log_key: log_key.to_string(),
        operator_key: public("next operator"),
        ..terms.unwrap()
    }
}

fn named(charter: &mut pb::Charter) -> &mut pb::Predecessor {
    charter.predecessor.as_mut().unwrap()
}

/// The charter with endorsements in the name of each member, signed with the key of that name.
fn endorsed(mut charter: pb::Charter, by: &[(&str, &str)]) -> pb::Charter {
    let endorsements = by
        .iter()
        .map(|(member, name)| succession::endorse(&charter, member, &key(name)).unwrap());
    named(&mut charter).endorsements = endorsements.collect();
    charter
}

fn inputs(log: &Log, charter: pb::Charter) -> Inputs {
    let statement = succession::statement(&charter).unwrap_or_default();
    let entries: Vec<String> = log.entries.iter().map(|entry| super::hex(entry)).collect();
    Inputs::default()
        .text("origin", &log.id.origin)
        .text("charter", log.id.charter)
        .list("entries_hex", &entries)
        .bytes("record", &charter_record(charter).encode_to_vec())
        .text("statement", String::from_utf8(statement).unwrap())
}

/// A good charter of which something is put wrong before it is endorsed.
fn draft(mutate: impl FnOnce(&mut pb::Charter)) -> Inputs {
    let log = predecessor();
    let mut charter = successor(&log);
    mutate(&mut charter);
    inputs(&log, endorsed(charter, &BOTH))
}

/// A good charter of which something is put wrong after it was endorsed.
fn changed_after(mutate: impl FnOnce(&mut pb::Charter)) -> Inputs {
    let log = predecessor();
    let mut charter = endorsed(successor(&log), &BOTH);
    mutate(&mut charter);
    inputs(&log, charter)
}

/// A good charter with these endorsements.
fn by(endorsements: &[(&str, &str)]) -> Inputs {
    let log = predecessor();
    inputs(&log, endorsed(successor(&log), endorsements))
}

/// The same, of a log in which something has happened.
fn after(happens: impl FnOnce(&mut Log), endorsements: &[(&str, &str)]) -> Inputs {
    let mut log = predecessor();
    happens(&mut log);
    inputs(&log, endorsed(successor(&log), endorsements))
}

/// A successor with the ML-DSA-44 key that its predecessor has.
fn with_the_key_pq() -> Inputs {
    let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[7; 32]));
    let vkey = |name: &str| VerifierKey::ml_dsa_44(name.parse().unwrap(), key.clone()).to_string();
    let founding = pb::Charter {
        log_key_pq: vkey(&governed_charter().origin),
        ..governed_charter()
    };
    let log = Log::found(&charter_record(founding)).unwrap();
    let mut charter = successor(&log);
    charter.log_key_pq = vkey(SUCCESSOR);
    inputs(&log, endorsed(charter, &BOTH))
}

fn rotate(log: &mut Log) {
    let rotation = Change::Rotation(pb::Rotation {
        station: "authority".to_owned(),
        old_public_key: public("BBB/authority"),
        old_last_sequence: 1,
        new_public_key: public("BBB/authority-2"),
    });
    log.put("BBB", "recovery", change(rotation)).unwrap();
}

fn change_of_b(log: &mut Log, change: pb::MembershipChange) {
    changed(log, change, "BBB");
}

fn cases() -> Vec<Case> {
    let mut cases = on_the_charter();
    cases.extend(on_the_log());
    cases.extend(on_endorsements());
    cases
}

fn on_the_charter() -> Vec<Case> {
    vec![
        case(
            "worked-example",
            OK,
            "Two of three members endorse; the rules demand 2/3.",
            by(&BOTH),
        ),
        case(
            "no-predecessor",
            "FIELD_REQUIRED",
            "The charter names no predecessor.",
            changed_after(|it| it.predecessor = None),
        ),
        case(
            "own-origin",
            "FIELD_FORMAT",
            "The charter names its own origin as the predecessor's.",
            draft(|it| SUCCESSOR.clone_into(&mut named(it).origin)),
        ),
        case(
            "charter-digest-short",
            "FIELD_FORMAT",
            "The predecessor's charter digest has 31 bytes.",
            changed_after(|it| named(it).charter_digest.truncate(31)),
        ),
        case(
            "root-missing",
            "FIELD_FORMAT",
            "The charter states no root.",
            changed_after(|it| named(it).root.clear()),
        ),
        case(
            "size-zero",
            "FIELD_REQUIRED",
            "The charter succeeds an empty log.",
            draft(|it| named(it).size = 0),
        ),
        case(
            "no-endorsements",
            "FIELD_REQUIRED",
            "Nobody endorses.",
            by(&[]),
        ),
        case(
            "endorsements-out-of-order",
            "LIST_ORDER",
            "The endorsements are not ascending by member.",
            changed_after(|it| named(it).endorsements.reverse()),
        ),
        case(
            "endorsed-twice",
            "LIST_ORDER",
            "One member endorses twice.",
            by(&[BOTH[0], BOTH[0]]),
        ),
        case(
            "key-weak",
            "KEY_WEAK",
            "An endorsement by a key of small order.",
            changed_after(|it| {
                named(it).endorsements[0].public_key = [[1].as_slice(), &[0; 31]].concat();
            }),
        ),
        case(
            "signature-short",
            "FIELD_FORMAT",
            "A signature of 63 bytes.",
            changed_after(|it| named(it).endorsements[1].signature.truncate(63)),
        ),
        case(
            "signature-changed",
            "SIGNATURE_INVALID",
            "One bit of a signature is another.",
            changed_after(|it| named(it).endorsements[1].signature[0] ^= 1),
        ),
        case(
            "terms-changed",
            "SIGNATURE_INVALID",
            "A word of the charter was changed after it was endorsed.",
            changed_after(|it| it.title.push('!')),
        ),
    ]
}

fn on_the_log() -> Vec<Case> {
    vec![
        case(
            "other-origin",
            "WRONG_ORIGIN",
            "The charter succeeds another log.",
            draft(|it| named(it).origin.push('2')),
        ),
        case(
            "other-charter",
            "WRONG_CHARTER",
            "The charter succeeds a log with another charter.",
            draft(|it| named(it).charter_digest[0] ^= 1),
        ),
        case(
            "same-log-key",
            "KEY_RESERVED",
            "The new log has the predecessor's key.",
            draft(|it| {
                let log_key = PublicKey::of(&key("log"));
                it.log_key = VerifierKey::ed25519(SUCCESSOR.parse().unwrap(), log_key).to_string();
            }),
        ),
        case(
            "same-log-key-pq",
            "KEY_RESERVED",
            "The new log has the predecessor's ML-DSA-44 key.",
            with_the_key_pq(),
        ),
        case(
            "other-size",
            VERIFY,
            "The charter names a size that is one too small.",
            draft(|it| named(it).size -= 1),
        ),
        case(
            "other-root",
            VERIFY,
            "The charter names a root that the entries do not give.",
            draft(|it| named(it).root[0] ^= 1),
        ),
    ]
}

fn on_endorsements() -> Vec<Case> {
    vec![
        case(
            "all-endorse",
            OK,
            "All three members endorse.",
            by(&[BOTH[0], BOTH[1], ("CCC", "CCC/authority")]),
        ),
        case(
            "too-few",
            POLICY,
            "One of three members endorses.",
            by(&BOTH[1..]),
        ),
        case(
            "stranger",
            "KEY_UNKNOWN",
            "A key that is not enrolled endorses.",
            by(&[BOTH[0], ("BBB", "stranger")]),
        ),
        case(
            "key-of-another-member",
            "OTHER_MEMBER",
            "A member's authority endorses in another's name.",
            by(&[BOTH[0], ("BBB", "CCC/authority")]),
        ),
        case(
            "monitor",
            "ROLE_NOT_ALLOWED",
            "A monitor endorses.",
            by(&[BOTH[0], ("BBB", "BBB/monitor")]),
        ),
        case(
            "recovery-key",
            "ROLE_NOT_ALLOWED",
            "A recovery key endorses.",
            by(&[BOTH[0], ("BBB", "BBB/recovery")]),
        ),
        case(
            "key-ended",
            "KEY_REVOKED",
            "An authority's key endorses that was rotated before.",
            after(rotate, &BOTH),
        ),
        case(
            "key-rotated-in",
            OK,
            "The key endorses that came in its place.",
            after(rotate, &[BOTH[0], ("BBB", "BBB/authority-2")]),
        ),
        case(
            "suspended",
            "MEMBER_SUSPENDED",
            "A suspended member endorses.",
            after(|log| change_of_b(log, Suspend), &BOTH),
        ),
        case(
            "departed",
            "MEMBER_DEPARTED",
            "A departed member endorses.",
            after(|log| change_of_b(log, Depart), &BOTH),
        ),
    ]
}
