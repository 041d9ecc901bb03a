//! Canonical bytes against a foreign codec: what the grammar accepts, decoding and encoding again leaves as it is;
//! what that changes, the grammar refuses.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use proptest::prelude::*;
use prost::Message as _;
use support::report;
use trucelog_proto::canonical::{self, CanonicalError, Problem, grammar};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

fn check(bytes: &[u8]) -> Result<(), CanonicalError> {
    canonical::check(&grammar::RECORD, bytes)
}

fn record(body: Body) -> pb::Record {
    pb::Record {
        member: "AAA".to_owned(),
        station: "monitor".to_owned(),
        sequence: 300,
        created_time: support::START,
        label: Some(pb::Label {
            releasable_to: vec!["AAA".to_owned(), "BBB".to_owned()],
            ..pb::Label::default()
        }),
        body: Some(body),
        ..pb::Record::default()
    }
}

fn samples() -> Vec<Vec<u8>> {
    let activation = pb::Activation {
        decision: vec![1; 32],
        choice: 2,
        measures: vec![1, 300],
        ..Default::default()
    };
    let mut full = report();
    full.imported = Some(pb::Imported {
        fields: vec![
            pb::ImportedField::default(),
            pb::ImportedField {
                name: "n".to_owned(),
                value: String::new(),
            },
        ],
        ..pb::Imported::default()
    });
    full.direction = Some(pb::Direction {
        from: Some(0),
        ..pb::Direction::default()
    });
    let bodies = [
        Body::IncidentReport(full),
        Body::Activation(activation),
        Body::Charter(support::charter()),
        support::enrolment("m", pb::Role::Monitor, "k"),
    ];
    bodies
        .into_iter()
        .map(|body| record(body).encode_to_vec())
        .collect()
}

/// What a codec that knows nothing of our grammar makes of the bytes, written out again.
fn reencoded(bytes: &[u8]) -> Option<Vec<u8>> {
    pb::Record::decode(bytes)
        .ok()
        .map(|record| record.encode_to_vec())
}

/// Asserts that grammar and codec agree; the grammar alone knows enum values, text and list lengths.
fn agree(bytes: &[u8]) {
    match check(bytes) {
        Ok(()) => assert_eq!(
            reencoded(bytes).as_deref(),
            Some(bytes),
            "accepted, but not stable"
        ),
        Err(error) => {
            let own = matches!(
                error.problem,
                Problem::CodePoint(_) | Problem::ListLen | Problem::Range { .. } | Problem::Default
            );
            assert!(
                own || reencoded(bytes).as_deref() != Some(bytes),
                "refused, but stable: {error}"
            );
        }
    }
}

#[test]
fn accepts_what_the_codec_writes() {
    for bytes in samples() {
        check(&bytes).unwrap();
    }
    check(&[]).unwrap();
}

#[test]
fn agrees_with_the_codec_on_every_truncation_and_changed_byte() {
    for bytes in samples() {
        for cut in 0..bytes.len() {
            agree(&bytes[..cut]);
        }
        for at in 0..bytes.len() {
            for flip in [0x01, 0x02, 0x08, 0x10, 0x80, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                agree(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_the_codec_on_spliced_bytes(sample in 0..4_usize, at in 0..400_usize, len in 0..8_usize,
                                              bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
        let mut changed = samples()[sample].clone();
        let at = at.min(changed.len());
        let end = (at + len).min(changed.len());
        changed.splice(at..end, bytes);
        agree(&changed);
    }

    #[test]
    fn agrees_with_the_codec_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        agree(&bytes);
    }
}

fn rejects(bytes: &[u8], path: &str, problem: Problem) {
    assert_eq!(
        check(bytes),
        Err(CanonicalError {
            path: path.to_owned(),
            problem
        })
    );
}

#[test]
fn rejects_each_departure_from_the_grammar() {
    rejects(
        &[0x08, 0x01],
        "member",
        Problem::WireType {
            found: 0,
            declared: 2,
        },
    );
    rejects(&[0x0A, 0x05, b'A'], "member", Problem::Truncated);
    rejects(&[0x0A, 0x00], "member", Problem::Default);
    rejects(&[0x18, 0x00], "sequence", Problem::Default);
    rejects(&[0x18, 0x81, 0x00], "sequence", Problem::Varint);
    rejects(
        &[
            0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02,
        ],
        "sequence",
        Problem::Varint,
    );
    rejects(&[0x98, 0x00, 0x01], "", Problem::Varint);
    rejects(&[0x18, 0x01, 0x18, 0x01], "sequence", Problem::Order);
    rejects(&[0x18, 0x01, 0x0A, 0x01, b'A'], "member", Problem::Order);
    rejects(&[0x38, 0x01], "", Problem::UnknownField(7));
    rejects(&[0x00], "", Problem::UnknownField(0));
    rejects(&[0x0A, 0x01, 0xFF], "member", Problem::Utf8);
    rejects(
        &[0x0A, 0x03, 0xE2, 0x80, 0x8B],
        "member",
        Problem::CodePoint(0x200B),
    );
    // A report with an unknown kind, a zero kind and an empty packed list.
    rejects(
        &[0x92, 0x01, 0x02, 0x08, 0x7F],
        "incident_report.kind",
        Problem::Range {
            value: 127,
            highest: 24,
        },
    );
    rejects(
        &[0x92, 0x01, 0x02, 0x08, 0x00],
        "incident_report.kind",
        Problem::Default,
    );
    rejects(
        &[0x92, 0x01, 0x02, 0x2A, 0x00],
        "incident_report.means",
        Problem::EmptyList,
    );
    rejects(
        &[0x92, 0x01, 0x03, 0x2A, 0x01, 0x00],
        "incident_report.means",
        Problem::Default,
    );
    rejects(
        &[0x92, 0x01, 0x06, 0x2A, 0x01, 0x01, 0x2A, 0x01, 0x02],
        "incident_report.means",
        Problem::Order,
    );
    rejects(
        &[0x92, 0x01, 0x02, 0x58, 0x02],
        "incident_report.period",
        Problem::Range {
            value: 2,
            highest: 1,
        },
    );
    // Two bodies, ascending.
    rejects(
        &[0x92, 0x01, 0x00, 0x9A, 0x01, 0x00],
        "coverage_report",
        Problem::SecondOneOf,
    );
    // A list of messages, unknown field in the second item.
    rejects(
        &[
            0x92, 0x01, 0x08, 0x8A, 0x01, 0x00, 0x8A, 0x01, 0x02, 0x30, 0x01,
        ],
        "incident_report.casualties[1]",
        Problem::UnknownField(6),
    );
}

#[test]
fn rejects_long_lists() {
    let with = |len: usize| {
        record(Body::Case(pb::Case {
            reports: vec![vec![1]; len],
            ..pb::Case::default()
        }))
    };
    check(&with(256).encode_to_vec()).unwrap();
    rejects(
        &with(257).encode_to_vec(),
        "case.reports[256]",
        Problem::ListLen,
    );
    let packed = |len: usize| {
        record(Body::Activation(pb::Activation {
            measures: vec![1; len],
            ..pb::Activation::default()
        }))
    };
    check(&packed(256).encode_to_vec()).unwrap();
    rejects(
        &packed(257).encode_to_vec(),
        "activation.measures",
        Problem::ListLen,
    );
}

#[test]
fn text_allows_line_feeds_and_scripts_and_refuses_what_is_not_seen() {
    for allowed in ['\n', 'A', 'ä', 'Я', 'я', '漢', '\u{A0}', '😀'] {
        assert!(canonical::is_allowed(allowed), "{allowed:?}");
    }
    for refused in [
        '\0', '\r', '\t', '\u{7F}', '\u{85}', '\u{200B}', '\u{200F}', '\u{202E}', '\u{2066}',
        '\u{FEFF}',
    ] {
        assert!(!canonical::is_allowed(refused), "{refused:?}");
    }
}
