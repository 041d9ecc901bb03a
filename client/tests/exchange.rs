//! Tables in and incidents out, with the real command.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::Value;
use support::Log;
use support::world::{Done, new_key, run};
use trucelog_client::demo::data::Table;
use trucelog_client::store::Store;
use trucelog_client::verifier::verify_log;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

const CHARTER: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// A desk without a network: a station directory and tables.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        new_key(directory.path(), "desk");
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn import(&self, table: &str, version: &str, more: &[&str]) -> Done {
        let version = format!("version={version}");
        let import = [
            "import",
            table,
            "--mapping",
            "ucdp-ged",
            "--set",
            &version,
            "--station-dir",
            "desk",
            "--member",
            "UKR",
            "--station",
            "desk",
            "--origin",
            "example.org/log",
            "--charter",
            CHARTER,
            "-o",
            "json",
        ];
        run(self.path(), None, &[&import, more].concat())
    }

    /// The signed records in the order of their sequences.
    fn signed(&self) -> Vec<(PathBuf, pb::IncidentReport)> {
        let files = fs::read_dir(self.path().join("desk/signed")).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|path| path.extension().unwrap() == "signed")
            .collect();
        files.sort();
        let read = files.into_iter().map(|path| {
            let submission = trucelog_client::station::read_submission(&path).unwrap();
            let signed = submission.signed_record.unwrap();
            let record = trucelog_proto::record::DecodedRecord::decode(&signed.record).unwrap();
            match record.message.body {
                Some(Body::IncidentReport(report)) => (path, report),
                body => panic!("{body:?}"),
            }
        });
        read.collect()
    }
}

/// The sequence in the name of a signed file.
fn sequence(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap()[..16].to_owned()
}

fn first_answer(done: &Done) -> Value {
    serde_json::from_str(done.stdout.lines().next().unwrap()).unwrap()
}

fn counts(answer: &Value) -> [u64; 4] {
    let list = |name: &str| answer[name].as_array().unwrap().len() as u64;
    let number = |name: &str| answer[name].as_u64().unwrap();
    [
        list("signed"),
        number("to_be_signed"),
        number("signed_before"),
        list("bad"),
    ]
}

fn table(rows: usize) -> String {
    let mut table = Table::first().unwrap();
    table.rows.truncate(rows);
    String::from_utf8(table.format()).unwrap()
}

#[test]
fn the_same_import_again_signs_only_what_is_missing() {
    let desk = Desk::new();
    desk.write("ten.csv", &table(10));
    desk.write("thirty.csv", &table(30));
    let checked = desk.import("ten.csv", "20.1", &["--check"]);
    assert_eq!(counts(&first_answer(&checked)), [0, 10, 0, 0]);
    assert_eq!(desk.signed().len(), 0);
    for (table, expected) in [
        ("ten.csv", [10, 0, 0, 0]),
        ("thirty.csv", [20, 0, 10, 0]),
        ("thirty.csv", [0, 0, 30, 0]),
    ] {
        let done = desk.import(table, "20.1", &[]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(counts(&first_answer(&done)), expected);
    }
    let rows: Vec<String> = Table::first()
        .unwrap()
        .rows
        .iter()
        .take(30)
        .map(|row| row.id().to_owned())
        .collect();
    let signed: Vec<String> = desk
        .signed()
        .into_iter()
        .map(|(_, report)| report.imported.unwrap().row)
        .collect();
    assert_eq!(signed, rows);
    let sequences = desk
        .signed()
        .into_iter()
        .map(|(path, _)| sequence(&path).parse::<u64>().unwrap());
    assert!(sequences.eq(1..=30));
}

#[test]
fn a_refused_record_is_signed_again_at_its_sequence() {
    let desk = Desk::new();
    desk.write("t.csv", &table(3));
    desk.import("t.csv", "20.1", &[]).ok();
    let (second, _) = desk.signed().remove(1);
    let refused = serde_json::json!({
        "code": "PERMISSION_DENIED", "reason": "KEY_UNKNOWN", "field": "", "facts": {}, "remedy": "", "message": "",
    });
    fs::write(second.with_extension("refused"), refused.to_string()).unwrap();
    let done = desk.import("t.csv", "20.1", &["--created-time", "2026-03-01T14:05:00Z"]);
    assert_eq!(counts(&first_answer(&done)), [1, 0, 2, 0]);
    let again = desk
        .signed()
        .into_iter()
        .filter(|(path, _)| sequence(path) == sequence(&second));
    assert_eq!(again.count(), 2);
}

#[test]
fn nothing_is_signed_unless_all_rows_are_good_or_the_bad_are_skipped() {
    let desk = Desk::new();
    let mut text = table(5);
    // Rows 6 to 10: a count, a place name and a day that are wrong, a row that is there twice, and one too short.
    let row = text.lines().nth(1).unwrap().to_owned();
    let next = |id: &str| row.replace("147997", id);
    let bad = [
        next("1").replace(",5,5,5", ",5,five,5"),
        next("2").replace("Kiev city,", "Kiev\u{200b} city,"),
        next("3").replace("2014-01-22,2014-01-22", "2014-01-22,2014-01-21"),
        row.clone(),
        next("5").replace(",0,0,5,5,5", ""),
    ];
    for line in bad {
        writeln!(text, "{line}").unwrap();
    }
    desk.write("t.csv", &text);
    let done = desk.import("t.csv", "20.1", &[]);
    assert_eq!(done.code, Some(2));
    let answer = first_answer(&done);
    assert_eq!(counts(&answer), [0, 5, 0, 5]);
    assert_eq!(desk.signed().len(), 0);
    let told: Vec<_> = answer["bad"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| {
            assert!(!bad["remedy"].as_str().unwrap().is_empty(), "{bad}");
            (
                bad["row"].as_u64().unwrap(),
                bad["line"].as_u64().unwrap(),
                bad["columns"].clone(),
                bad["field"].as_str().unwrap(),
                bad["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let columns = |names: &[&str]| Value::from(names.to_vec());
    assert_eq!(
        told,
        [
            (6, 7, columns(&["high"]), "casualties[0].high", "CELL_VALUE"),
            (
                7,
                8,
                columns(&["where_coordinates"]),
                "place.name",
                "TEXT_NOT_ALLOWED"
            ),
            (8, 9, columns(&["date_end"]), "latest_time", "TIME_ORDER"),
            (9, 10, columns(&[]), "", "ROW_TWICE"),
            (10, 11, columns(&[]), "", "ROW_LENGTH"),
        ]
    );
    let done = desk.import("t.csv", "20.1", &["--skip-bad"]);
    assert_eq!(
        (done.code, counts(&first_answer(&done))),
        (Some(0), [5, 0, 0, 5])
    );
    assert_eq!(desk.signed().len(), 5);
}

#[test]
fn a_limit_is_told_with_the_row_that_breaks_it() {
    let desk = Desk::new();
    let long = "x".repeat(257);
    desk.write(
        "t.csv",
        &table(1).replace("Kiev city,", &format!("{long},")),
    );
    let done = desk.import("t.csv", "20.1", &["--check"]);
    assert_eq!(done.code, Some(2));
    let bad = &first_answer(&done)["bad"][0];
    assert_eq!(bad["reason"], "FIELD_TOO_LONG");
    assert_eq!(
        bad["facts"],
        serde_json::json!({ "limit_bytes": "256", "found_bytes": "257" })
    );
}

#[test]
fn a_row_that_changed_since_it_was_signed_is_a_correction() {
    let desk = Desk::new();
    desk.write("t.csv", &table(2));
    desk.import("t.csv", "20.1", &[]).ok();
    let done = desk.import("t.csv", "22.1", &[]);
    assert_eq!(done.code, Some(2));
    let bad = &first_answer(&done)["bad"][0];
    assert_eq!(bad["reason"], "ROW_SIGNED_OTHERWISE");
    let (path, _) = desk.signed().remove(0);
    let digest = path.file_stem().unwrap().to_str().unwrap()[17..].to_owned();
    assert_eq!(
        bad["remedy"],
        format!("State what changed: trucelog correct {digest}.")
    );
}

fn report(number: u64) -> pb::IncidentReport {
    let position = pb::Position {
        latitude: 481_397_000,
        longitude: 377_425_000,
        radius_m: 500,
        basis: pb::PositionBasis::Nearby.into(),
        ..pb::Position::default()
    };
    pb::IncidentReport {
        place: Some(pb::Place {
            location: Some(pb::place::Location::Position(position)),
            ..pb::Place::default()
        }),
        ..support::report(&format!("Explosion {number}."))
    }
}

/// A verified log on disk, with reports, a correction and a withdrawal.
fn verified(directory: &Path) -> Log {
    let mut log = Log::with_reports(0);
    for sequence in 1..=12 {
        let body = Body::IncidentReport(report(sequence));
        let submission = log.sign(body, "m1", sequence, support::MONITOR);
        log.append(&submission);
    }
    let target = |index| log.digest(index).as_bytes().to_vec();
    let bodies = [
        Body::Correction(pb::Correction {
            target: target(3),
            reason: pb::CorrectionReason::Position.into(),
            report: Some(support::report("Heard only.")),
            ..pb::Correction::default()
        }),
        Body::Withdrawal(pb::Withdrawal {
            target: target(4),
            reason: pb::WithdrawalReason::Duplicate.into(),
            ..pb::Withdrawal::default()
        }),
    ];
    for (sequence, body) in (13..).zip(bodies) {
        let submission = log.sign(body, "m1", sequence, support::MONITOR);
        log.append(&submission);
    }
    let state = directory.join("state");
    let store = Store::open(&state).unwrap();
    verify_log(
        &store,
        &log.trust(),
        &log.note(),
        |start, _| Ok(log.source(start)),
        |_| {},
        &AtomicBool::new(false),
    )
    .unwrap();
    let trust = log.trust();
    let (_, policy) = trust.policies().next().unwrap();
    fs::write(state.join("policy"), policy.format()).unwrap();
    log
}

fn export(directory: &Path, format: &str, more: &[&str]) -> (Value, String) {
    let export = [
        "export",
        "incidents",
        "--format",
        format,
        "--out",
        "out",
        "-o",
        "json",
    ];
    let done = run(directory, None, &[&export, more].concat());
    let answer = done.json();
    done.ok();
    (answer, fs::read_to_string(directory.join("out")).unwrap())
}

#[test]
fn json_lines_hold_every_record_and_a_changed_one_is_false() {
    let directory = tempfile::tempdir().unwrap();
    let log = verified(directory.path());
    let (answer, text) = export(directory.path(), "jsonl", &[]);
    assert_eq!(
        (&answer["schema"], &answer["count"], &answer["size"]),
        (
            &"trucelog.export.incidents/v1".into(),
            &14.into(),
            &16.into()
        )
    );
    let digests: Vec<String> = text
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["record_digest"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected: Vec<String> = (2..16).map(|index| log.digest(index).to_string()).collect();
    assert_eq!(digests, expected);

    let check = |text: &str| {
        fs::write(directory.path().join("in.jsonl"), text).unwrap();
        let done = run(
            directory.path(),
            None,
            &["import", "in.jsonl", "-o", "json"],
        );
        (done.code, first_answer(&done)["wrong"].clone())
    };
    assert_eq!(check(&text), (Some(0), Value::Array(Vec::new())));
    let changed = text.replacen("Explosion 1.", "Explosion 7.", 1);
    let (code, wrong) = check(&changed);
    assert_eq!((code, &wrong[0]["line"]), (Some(1), &1.into()));
    assert!(
        wrong[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("the record's digest is ")
    );
    let resigned = {
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines[1]["signature"] = lines[0]["signature"].clone();
        lines.iter().fold(String::new(), |mut text, line| {
            writeln!(text, "{line}").unwrap();
            text
        })
    };
    let (code, wrong) = check(&resigned);
    assert_eq!((code, &wrong[0]["line"]), (Some(1), &2.into()));
    assert!(
        wrong[0]["message"]
            .as_str()
            .unwrap()
            .contains("SIGNATURE_INVALID")
    );
}

#[test]
fn an_export_is_as_of_a_size() {
    let directory = tempfile::tempdir().unwrap();
    verified(directory.path());
    for (size, records, incidents, in_force) in
        [("16", 14, 12, 11), ("15", 13, 12, 12), ("5", 3, 3, 3)]
    {
        let at = ["--as-of", size];
        assert_eq!(export(directory.path(), "jsonl", &at).0["count"], records);
        assert_eq!(export(directory.path(), "csv", &at).0["count"], incidents);
        let (answer, text) = export(directory.path(), "geojson", &at);
        assert_eq!(
            (&answer["count"], &answer["size"]),
            (&incidents.into(), &size.parse::<u64>().unwrap().into())
        );
        let collection: Value = serde_json::from_str(&text).unwrap();
        let features = collection["features"].as_array().unwrap();
        let forced = features
            .iter()
            .filter(|feature| feature["properties"]["in_force"] == true);
        assert_eq!(forced.count(), in_force);
    }
}

#[test]
fn geojson_has_longitude_first_and_no_geometry_without_a_position() {
    let directory = tempfile::tempdir().unwrap();
    verified(directory.path());
    let (_, text) = export(directory.path(), "geojson", &[]);
    let collection: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(collection["type"], "FeatureCollection");
    let features = collection["features"].as_array().unwrap();
    assert_eq!(features[0]["type"], "Feature");
    assert_eq!(
        features[0]["geometry"],
        serde_json::json!({ "type": "Point", "coordinates": [37.7425, 48.1397] })
    );
    assert_eq!(features[0]["properties"]["radius_m"], 500);
    assert_eq!(features[0]["properties"]["kind"], "EXPLOSION");
    assert_eq!(features[1]["geometry"], Value::Null);
    assert_eq!(features[1]["properties"]["corrections"], 1);
}

#[test]
fn a_row_of_an_export_that_another_program_changed_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    verified(directory.path());
    let (_, text) = export(directory.path(), "csv", &[]);
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("incident,record_digest,index,")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("#meta+id,#meta+version,#meta+index,")
    );
    let check = |text: &str| {
        fs::write(directory.path().join("in.csv"), text).unwrap();
        let done = run(
            directory.path(),
            None,
            &[
                "import",
                "in.csv",
                "--mapping",
                "trucelog-csv",
                "--check",
                "-o",
                "json",
            ],
        );
        (
            done.code,
            counts(&first_answer(&done)),
            first_answer(&done)["bad"][0]["reason"].clone(),
        )
    };
    assert_eq!(check(&text), (Some(0), [0, 12, 0, 0], Value::Null));
    let (code, counts, reason) = check(&text.replacen("37.7425", "37.742", 1));
    assert_eq!(
        (code, counts, reason),
        (Some(2), [0, 11, 0, 1], "BODY_DIGEST".into())
    );
}
