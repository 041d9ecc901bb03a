//! Records as people write them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{BEGIN_MS, report};
use trucelog_client::json::{
    JsonError, canonical_bytes, format_time, from_record, hex, parse_degrees, parse_hex,
    parse_record, parse_time,
};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

fn full_record() -> pb::Record {
    let mut report = report("Text with \"quotes\", ü and ‰.");
    report.evidence = vec![vec![0xab; 32], vec![0x00; 32]];
    report.place = Some(pb::Place {
        location: Some(pb::place::Location::Position(pb::Position {
            latitude: -481_397_001,
            longitude: 377_425_000,
            radius_m: 500,
            basis: pb::PositionBasis::Nearby.into(),
            altitude_m: Some(0),
            ..pb::Position::default()
        })),
        ..pb::Place::default()
    });
    pb::Record {
        member: "UKR".to_owned(),
        station: "m1".to_owned(),
        sequence: u64::MAX,
        replaces: vec![vec![0xff; 32]],
        created_time: BEGIN_MS + 1,
        body: Some(Body::IncidentReport(report)),
        ..pb::Record::default()
    }
}

#[test]
fn roundtrip_of_a_record_with_everything() {
    let record = full_record();
    let json = from_record(&record).to_string();
    assert!(
        json.contains(&"ab".repeat(32)),
        "digests are hexadecimal: {json}"
    );
    assert!(
        json.contains("2026-03-01T00:00:00.001Z"),
        "times are RFC 3339: {json}"
    );
    assert_eq!(parse_record(&json).unwrap(), record);
    canonical_bytes(&record).unwrap();
}

fn parse_report(fields: &str) -> Result<pb::IncidentReport, JsonError> {
    let record = parse_record(&format!("{{\"incident_report\": {{{fields}}}}}"))?;
    match record.body {
        Some(Body::IncidentReport(report)) => Ok(report),
        _ => panic!("not a report"),
    }
}

#[test]
fn times_are_text_or_milliseconds() {
    for text in [
        "\"2026-03-01T00:00:00Z\"",
        "\"2026-03-01T02:00:00+02:00\"",
        "1772323200000",
        "\"1772323200000\"",
    ] {
        assert_eq!(
            parse_report(&format!("\"earliest_time\": {text}"))
                .unwrap()
                .earliest_time,
            BEGIN_MS,
            "{text}"
        );
    }
    for text in [
        "\"2026-03-01T00:00:00\"",
        "\"yesTerday\"",
        "\"1969-12-31T23:59:59Z\"",
        "\"2026-02-30T00:00:00Z\"",
    ] {
        assert!(
            parse_report(&format!("\"earliest_time\": {text}")).is_err(),
            "{text}"
        );
    }
    assert_eq!(format_time(BEGIN_MS).unwrap(), "2026-03-01T00:00:00Z");
    assert_eq!(
        parse_time(&format_time(BEGIN_MS + 7).unwrap()),
        Some(BEGIN_MS + 7)
    );
    assert_eq!(format_time(u64::MAX), None);
}

#[test]
fn degrees_are_exact() {
    let cases = [
        ("48.1397", Some(481_397_000)),
        ("-0.0000001", Some(-1)),
        ("0", Some(0)),
        ("180", Some(1_800_000_000)),
        ("37.7425001", Some(377_425_001)),
        ("37.74250011", None),
        ("1e2", None),
        ("+1", None),
        (".5", None),
        ("48,1", None),
        ("", None),
        ("999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_degrees(text), expected, "{text}");
    }
}

#[test]
fn positions_are_degrees_or_whole_numbers_and_never_both() {
    let latitude = |fields: &str| {
        let report = parse_report(&format!("\"place\": {{\"position\": {{{fields}}}}}"))?;
        match report.place.unwrap().location {
            Some(pb::place::Location::Position(position)) => Ok(position.latitude),
            _ => panic!("no position"),
        }
    };
    assert_eq!(latitude("\"latitude\": 481397000").unwrap(), 481_397_000);
    assert_eq!(
        latitude("\"latitude_degrees\": \"48.1397\"").unwrap(),
        481_397_000
    );
    assert_eq!(
        latitude("\"latitude_degrees\": 48.1397").unwrap(),
        481_397_000
    );
    let refused: [(&str, &str); 3] = [
        ("\"latitude\": 48.1397", "latitude"),
        (
            "\"latitude\": 1, \"latitude_degrees\": 1",
            "latitude_degrees",
        ),
        (
            "\"longitude_degrees\": \"37.74250011\"",
            "longitude_degrees",
        ),
    ];
    for (fields, field) in refused {
        let JsonError::Form { path, .. } = latitude(fields).unwrap_err() else {
            panic!("{fields} has another error");
        };
        assert_eq!(path, format!("incident_report.place.position.{field}"));
    }
}

#[test]
fn what_the_schema_does_not_have_is_refused() {
    for fields in [
        "\"attribution\": \"RUS\"",
        "\"kind\": \"INCIDENT_KIND_RUMOUR\"",
        "\"kind\": 3.5",
        "\"evidence\": [\"AB\"]",
        "\"evidence\": [\"0\"]",
        "\"observer_count\": -1",
        "\"observer_count\": 4294967296",
    ] {
        assert!(parse_report(fields).is_err(), "{fields}");
    }
    assert!(matches!(parse_record("{"), Err(JsonError::Syntax(_))));
}

#[test]
fn roundtrip_hex() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(parse_hex(&hex(&bytes)).unwrap(), bytes);
    for text in ["0", "0G", "AB", "é"] {
        assert_eq!(parse_hex(text), None, "{text}");
    }
}

/// What `incident template` and `charter template` print is of the schema.
#[test]
fn the_templates_parse() {
    for template in [
        include_str!("../templates/incident.json"),
        include_str!("../templates/charter.json"),
    ] {
        canonical_bytes(&parse_record(template).unwrap()).unwrap();
    }
}
