//! Signed records.

use prost::Message as _;
use trucelog_proto::{
    hash::CharterDigest,
    pb,
    pb::record::Body,
    record::{self, LogId},
};

use super::{Artefact, Case, Failed, Inputs, OK, case, checkpoint::ORIGIN, private};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "record",
    cases,
    replay,
    seed: |inputs| Some(inputs.data("record")),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let id = LogId {
        origin: inputs.get("origin").parse()?,
        charter: inputs.get("charter").parse()?,
    };
    let signed = pb::SignedRecord {
        record: inputs.data("record"),
        public_key: inputs.data("public_key"),
        signature: inputs.data("signature"),
    };
    let verified = record::verify(&signed, &id)?;
    assert_eq!(
        verified.record.digest.to_string(),
        inputs.get("record_digest")
    );
    Ok(())
}

pub(crate) fn id() -> LogId {
    LogId {
        origin: ORIGIN.parse().unwrap(),
        charter: CharterDigest::from_bytes([0xC0; 32]),
    }
}

fn message() -> pb::Record {
    pb::Record {
        member: "UKR".to_owned(),
        station: "patrol-7".to_owned(),
        sequence: 1,
        created_time: 1_790_000_000_000,
        body: Some(Body::IncidentReport(pb::IncidentReport {
            kind: pb::IncidentKind::Explosion.into(),
            domain: pb::IncidentDomain::Land.into(),
            means: vec![pb::Means::Heard.into()],
            earliest_time: 1_789_999_000_000,
            latest_time: 1_789_999_060_000,
            time_precision: pb::TimePrecision::Minute.into(),
            ..pb::IncidentReport::default()
        })),
        ..pb::Record::default()
    }
}

/// The canonical bytes of the record of the vectors.
pub(crate) fn report() -> Vec<u8> {
    message().encode_to_vec()
}

/// The signed record of the vectors.
pub(crate) fn signed() -> pb::SignedRecord {
    record::sign(report(), &id(), &private(5))
}

fn inputs(signed: &pb::SignedRecord, id: &LogId) -> Inputs {
    Inputs::default()
        .text("origin", &id.origin)
        .text("charter", id.charter)
        .bytes("record", &signed.record)
        .text("record_digest", record::record_digest(&signed.record))
        .bytes("public_key", &signed.public_key)
        .bytes("signature", &signed.signature)
}

fn mutated(mutate: impl FnOnce(&mut pb::SignedRecord)) -> Inputs {
    let mut record = signed();
    mutate(&mut record);
    inputs(&record, &id())
}

fn sized(len: usize) -> Inputs {
    let narrative = |len: usize| {
        let mut message = message();
        message.label = Some(pb::Label {
            policy: "p".repeat(len),
            ..pb::Label::default()
        });
        message.encode_to_vec()
    };
    let overhead = narrative(20_000).len() - 20_000;
    inputs(
        &record::sign(narrative(len - overhead), &id(), &private(5)),
        &id(),
    )
}

fn cases() -> Vec<Case> {
    let other_origin = LogId {
        origin: "other.example".parse().unwrap(),
        ..id()
    };
    let other_charter = LogId {
        charter: CharterDigest::from_bytes([0xC1; 32]),
        ..id()
    };
    let charter = pb::Record {
        body: Some(Body::Charter(pb::Charter::default())),
        ..message()
    };
    let no_charter = LogId {
        charter: record::NO_CHARTER,
        ..id()
    };
    let founding = record::sign(charter.encode_to_vec(), &no_charter, &private(5));
    let founding_with_charter = record::sign(charter.encode_to_vec(), &id(), &private(5));
    vec![
        case(
            "worked-example",
            OK,
            "A signed report.",
            inputs(&signed(), &id()),
        ),
        case(
            "charter",
            OK,
            "A Charter, signed with 64 zeros for the charter digest.",
            inputs(&founding, &id()),
        ),
        case(
            "charter-with-digest",
            "SIGNATURE_INVALID",
            "A Charter, signed with a charter digest.",
            inputs(&founding_with_charter, &id()),
        ),
        case(
            "other-origin",
            "SIGNATURE_INVALID",
            "The record was signed for another origin.",
            inputs(&signed(), &other_origin),
        ),
        case(
            "other-charter",
            "SIGNATURE_INVALID",
            "The record was signed for another charter.",
            inputs(&signed(), &other_charter),
        ),
        case(
            "record-changed",
            "SIGNATURE_INVALID",
            "One bit of the record is another.",
            mutated(|it| it.record[4] ^= 1),
        ),
        case(
            "signature-changed",
            "SIGNATURE_INVALID",
            "One bit of the signature is another.",
            mutated(|it| it.signature[0] ^= 1),
        ),
        case(
            "signature-short",
            "FIELD_FORMAT",
            "A signature of 63 bytes.",
            mutated(|it| it.signature.truncate(63)),
        ),
        case(
            "key-of-another",
            "SIGNATURE_INVALID",
            "The public key of another station.",
            mutated(|it| it.public_key = private(6).verifying_key().to_bytes().to_vec()),
        ),
        case(
            "key-short",
            "KEY_MALFORMED",
            "A public key of 31 bytes.",
            mutated(|it| it.public_key.truncate(31)),
        ),
        case(
            "key-weak",
            "KEY_WEAK",
            "A public key of small order.",
            mutated(|it| it.public_key = [[1].as_slice(), &[0; 31]].concat()),
        ),
        case(
            "not-canonical",
            "NOT_CANONICAL",
            "A record with a byte at its end.",
            mutated(|it| it.record.push(0x18)),
        ),
        case("size-32768", OK, "A record of 32,768 bytes.", sized(32_768)),
        case(
            "size-32769",
            "RECORD_TOO_LARGE",
            "A record of 32,769 bytes.",
            sized(32_769),
        ),
    ]
}
