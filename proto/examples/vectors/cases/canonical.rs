//! Canonical bytes of messages.

use prost::Message as _;
use trucelog_proto::{
    canonical::{self, Message, grammar},
    pb,
    pb::record::Body,
    refusal::Refusal,
};

use super::{Artefact, Case, Failed, Inputs, OK, case, record};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "canonical",
    cases,
    replay,
    seed: |inputs| (inputs.get("message") == "Record").then(|| inputs.data("bytes")),
};

const NOT_CANONICAL: &str = "NOT_CANONICAL";

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let message: &Message = match inputs.get("message") {
        "Record" => &grammar::RECORD,
        "Position" => &grammar::POSITION,
        "Activation" => &grammar::ACTIVATION,
        "Case" => &grammar::CASE,
        "StationChange" => &grammar::STATION_CHANGE,
        other => panic!("no table for {other}"),
    };
    Ok(canonical::check(message, &inputs.data("bytes")).map_err(Refusal::from)?)
}

fn bytes(message: &str, bytes: &[u8]) -> Inputs {
    Inputs::default()
        .text("message", message)
        .bytes("bytes", bytes)
}

fn text(value: &str) -> Inputs {
    let title = [
        &[0x12, u8::try_from(value.len()).unwrap()],
        value.as_bytes(),
    ]
    .concat();
    bytes("Case", &title)
}

fn reports(count: usize) -> Inputs {
    let case = pb::Case {
        reports: vec![vec![1]; count],
        ..pb::Case::default()
    };
    bytes("Case", &case.encode_to_vec())
}

fn cases() -> Vec<Case> {
    let record = record::report();
    let position = pb::Position {
        latitude: -1,
        longitude: 2,
        altitude_m: Some(0),
        ..pb::Position::default()
    };
    let two_bodies = [record.as_slice(), &[0x9A, 0x01, 0x00]].concat();
    let empty_body = pb::Record {
        body: Some(Body::Case(pb::Case::default())),
        ..pb::Record::default()
    };
    vec![
        case(
            "worked-example",
            OK,
            "A record with a report.",
            bytes("Record", &record),
        ),
        case(
            "empty",
            OK,
            "A message without fields.",
            bytes("Record", &[]),
        ),
        case(
            "zero-optional",
            OK,
            "An optional field with the default value.",
            bytes("Position", &position.encode_to_vec()),
        ),
        case(
            "empty-message-present",
            OK,
            "A message field that is present and empty.",
            bytes("Record", &empty_body.encode_to_vec()),
        ),
        case(
            "packed",
            OK,
            "A packed list.",
            bytes("Activation", &[0x1A, 0x03, 0x01, 0xAC, 0x02]),
        ),
        case("list-of-256", OK, "A list of 256 items.", reports(256)),
        case(
            "list-of-257",
            "LIST_TOO_LONG",
            "A list of 257 items.",
            reports(257),
        ),
        case(
            "truncated-varint",
            NOT_CANONICAL,
            "A varint that goes on past the end.",
            bytes("Record", &[0x18, 0x80]),
        ),
        case(
            "truncated-length",
            NOT_CANONICAL,
            "A length past the end.",
            bytes("Record", &[0x0A, 0x05, 0x41]),
        ),
        case(
            "long-varint",
            NOT_CANONICAL,
            "A varint with a needless zero group.",
            bytes("Record", &[0x18, 0x81, 0x00]),
        ),
        case(
            "long-tag",
            NOT_CANONICAL,
            "A tag with a needless zero group.",
            bytes("Record", &[0x98, 0x00, 0x01]),
        ),
        case(
            "varint-of-65-bits",
            NOT_CANONICAL,
            "A varint of 2^64.",
            bytes(
                "Record",
                &[
                    0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02,
                ],
            ),
        ),
        case(
            "uint32-of-33-bits",
            NOT_CANONICAL,
            "2^32 in a uint32.",
            bytes("Position", &[0x18, 0x80, 0x80, 0x80, 0x80, 0x10]),
        ),
        case(
            "sint32-of-33-bits",
            NOT_CANONICAL,
            "2^32 in the zigzag form of a sint32.",
            bytes("Position", &[0x08, 0x80, 0x80, 0x80, 0x80, 0x10]),
        ),
        case(
            "default-number",
            NOT_CANONICAL,
            "A zero that must be left out.",
            bytes("Record", &[0x18, 0x00]),
        ),
        case(
            "default-text",
            NOT_CANONICAL,
            "Empty text that must be left out.",
            bytes("Record", &[0x0A, 0x00]),
        ),
        case(
            "enum-unknown",
            NOT_CANONICAL,
            "An enum value that the schema does not have.",
            bytes("Activation", &[0x10, 0x05]),
        ),
        case(
            "enum-zero",
            NOT_CANONICAL,
            "The enum value 0.",
            bytes("Activation", &[0x10, 0x00]),
        ),
        case(
            "out-of-order",
            NOT_CANONICAL,
            "Field 1 after field 3.",
            bytes("Record", &[0x18, 0x01, 0x0A, 0x01, 0x41]),
        ),
        case(
            "repeated-single",
            NOT_CANONICAL,
            "A single field twice.",
            bytes("Record", &[0x18, 0x01, 0x18, 0x01]),
        ),
        case(
            "list-interrupted",
            NOT_CANONICAL,
            "A list with another field between its items.",
            bytes(
                "Case",
                &[0x1A, 0x01, 0x01, 0x22, 0x01, 0x41, 0x1A, 0x01, 0x01],
            ),
        ),
        case(
            "packed-empty",
            NOT_CANONICAL,
            "A packed list without items.",
            bytes("Activation", &[0x1A, 0x00]),
        ),
        case(
            "packed-twice",
            NOT_CANONICAL,
            "A packed list in two parts.",
            bytes("Activation", &[0x1A, 0x01, 0x01, 0x1A, 0x01, 0x02]),
        ),
        case(
            "not-packed",
            NOT_CANONICAL,
            "A list of numbers that is not packed.",
            bytes("Activation", &[0x18, 0x01]),
        ),
        case(
            "wire-type",
            NOT_CANONICAL,
            "A number where bytes are declared.",
            bytes("Record", &[0x08, 0x01]),
        ),
        case(
            "fixed32",
            NOT_CANONICAL,
            "Wire type 5.",
            bytes("Record", &[0x1D, 0x01, 0x00, 0x00, 0x00]),
        ),
        case(
            "group",
            NOT_CANONICAL,
            "Wire type 3.",
            bytes("Record", &[0x0B]),
        ),
        case(
            "two-bodies",
            NOT_CANONICAL,
            "Two members of a oneof.",
            bytes("Record", &two_bodies),
        ),
        case(
            "unknown-field",
            "UNKNOWN_FIELD",
            "A field number that the schema does not have.",
            bytes("Record", &[0x38, 0x01]),
        ),
        case(
            "field-number-zero",
            "UNKNOWN_FIELD",
            "Field number 0.",
            bytes("Record", &[0x00]),
        ),
        case(
            "not-utf8",
            NOT_CANONICAL,
            "Text that is not UTF-8.",
            bytes("Case", &[0x12, 0x01, 0xFF]),
        ),
        case(
            "surrogate",
            NOT_CANONICAL,
            "A surrogate in UTF-8.",
            bytes("Case", &[0x12, 0x03, 0xED, 0xA0, 0x80]),
        ),
        case(
            "text-scripts",
            OK,
            "Text in several scripts, with a line feed.",
            text("Київ\nZürich 漢"),
        ),
        case("text-tab", "TEXT_NOT_ALLOWED", "A tab.", text("a\tb")),
        case("text-nul", "TEXT_NOT_ALLOWED", "A zero byte.", text("a\0b")),
        case(
            "text-zero-width",
            "TEXT_NOT_ALLOWED",
            "A zero-width space.",
            text("a\u{200B}b"),
        ),
        case(
            "text-override",
            "TEXT_NOT_ALLOWED",
            "A right-to-left override.",
            text("a\u{202E}b"),
        ),
        case(
            "text-byte-order-mark",
            "TEXT_NOT_ALLOWED",
            "A byte order mark.",
            text("\u{FEFF}a"),
        ),
        case(
            "text-tag",
            "TEXT_NOT_ALLOWED",
            "A tag character.",
            text("a\u{E0041}"),
        ),
        case(
            "oneof-default",
            OK,
            "A member of a oneof that is empty.",
            bytes("StationChange", &[0x0A, 0x00]),
        ),
    ]
}
