//! Station directories: the sequence survives everything, and the server's word is never needed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use prost::Message as _;
use support::{Log, MONITOR, key, report};
use trucelog_client::Error;
use trucelog_client::exit::Exit;
use trucelog_client::refused::Refused;
use trucelog_client::station::{
    Claims, StationDir, digest_of, note_refused, noted_refusal, read_submission, receipt_path,
};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{KnownKeys, verify_submission};
use trucelog_proto::signature::private_key_to_pem;

fn set_up(directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.join("key.pem");
    fs::write(&path, private_key_to_pem(&key(MONITOR)).as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn claims() -> Claims {
    Claims {
        member: Some("UKR".to_owned()),
        station: Some("m1".to_owned()),
    }
}

fn record(narrative: &str) -> pb::Record {
    pb::Record {
        body: Some(Body::IncidentReport(report(narrative))),
        ..pb::Record::default()
    }
}

fn decoded(submission: &pb::Submission) -> pb::Record {
    let bytes = submission.signed_record.clone().unwrap().record;
    pb::Record::decode(bytes.as_slice()).unwrap()
}

#[test]
fn sequences_have_no_gaps_and_survive_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(0);
    set_up(directory.path());
    for sequence in 1..=3 {
        // What is known is not asked again.
        let claims = if sequence == 1 {
            claims()
        } else {
            Claims::default()
        };
        let station = StationDir::open(directory.path(), &log.id, &claims).unwrap();
        let (path, submission) = station.sign(record("x")).unwrap();
        verify_submission(&submission, &log.id, &KnownKeys::default()).unwrap();
        assert_eq!(decoded(&submission).sequence, sequence);
        assert_eq!(read_submission(&path).unwrap(), submission);
    }
}

#[test]
fn a_refused_record_is_signed_anew_at_its_sequence() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(0);
    set_up(directory.path());
    let station = StationDir::open(directory.path(), &log.id, &claims()).unwrap();
    let (first_path, first) = station.sign(record("1")).unwrap();
    let (_, later) = station.sign(record("2")).unwrap();
    let refused = refused("FIELD_REQUIRED");
    note_refused(&first_path, &refused).unwrap();
    assert_eq!(noted_refusal(&first_path).unwrap(), Some(refused.clone()));

    let (second_path, second) = station.sign(record("1, mended")).unwrap();
    assert_eq!(decoded(&second).sequence, 1);
    assert_eq!(decoded(&second).replaces, [digest_of(&first).as_bytes()]);
    // The answer about the old record comes again: nothing changes.
    note_refused(&first_path, &refused).unwrap();
    assert_eq!(station.next_slot().unwrap().sequence, 3);

    // The mended one is refused too: both are replaced.
    note_refused(&second_path, &refused).unwrap();
    let (path, third) = station.sign(record("1, mended again")).unwrap();
    let mut replaced = [
        digest_of(&first).as_bytes().to_vec(),
        digest_of(&second).as_bytes().to_vec(),
    ];
    replaced.sort();
    assert_eq!(decoded(&third).replaces, replaced);

    // A record that was refused once and logged after all is not replaced.
    note_refused(&path, &refused).unwrap();
    fs::write(receipt_path(&path), b"a receipt").unwrap();
    assert_eq!(
        station.next_slot().unwrap().sequence,
        decoded(&later).sequence + 1
    );
}

fn refused(reason: &str) -> Refused {
    Refused {
        code: "FAILED_PRECONDITION".to_owned(),
        reason: reason.to_owned(),
        field: String::new(),
        facts: std::collections::BTreeMap::new(),
        remedy: String::new(),
        message: String::new(),
    }
}

/// The outbox: what is added goes to the end, also behind a refusal; what is mended takes the refused one's place.
#[test]
fn a_record_is_added_behind_a_refusal_or_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(0);
    set_up(directory.path());
    let station = StationDir::open(directory.path(), &log.id, &claims()).unwrap();
    let (path, first) = station.append(record("1")).unwrap();
    // How long to wait is not the record's business, and a gap says nothing about it.
    for reason in ["NO_WITNESSES", "SEQUENCE_GAP"] {
        note_refused(&path, &refused(reason)).unwrap();
        assert_eq!(noted_refusal(&path).unwrap(), None, "{reason}");
    }
    let digest = digest_of(&first);
    let error = station.replace(record("1, mended"), &digest).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage, "{error}");

    note_refused(&path, &refused("FIELD_REQUIRED")).unwrap();
    let (_, second) = station.append(record("2")).unwrap();
    assert_eq!(decoded(&second).sequence, 2);
    let (_, mended) = station.replace(record("1, mended"), &digest).unwrap();
    assert_eq!(decoded(&mended).sequence, 1);
    assert_eq!(decoded(&mended).replaces, [digest.as_bytes()]);
    // It is mended once.
    station.replace(record("1, again"), &digest).unwrap_err();
    assert_eq!(station.newest().unwrap().unwrap().1, second);
}

#[test]
fn a_directory_serves_one_station_of_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(0);
    set_up(directory.path());
    let open = |claims: &Claims, log: &Log| StationDir::open(directory.path(), &log.id, claims);
    assert_eq!(
        open(&Claims::default(), &log).unwrap_err().exit(),
        Exit::Usage
    );
    drop(open(&claims(), &log).unwrap());
    let other = Claims {
        station: Some("m2".to_owned()),
        ..Claims::default()
    };
    let error = open(&other, &log).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("station is m1 here, m2 was given"),
        "{error}"
    );
    let mut other = log.clone();
    other.id.origin = "example.org/other".parse().unwrap();
    assert_eq!(
        open(&Claims::default(), &other).unwrap_err().exit(),
        Exit::Usage
    );
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    set_up(directory.path());
    let path = directory.path().join("key.pem");
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    let error =
        StationDir::open(directory.path(), &Log::with_reports(0).id, &claims()).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn two_processes_never_sign_with_one_key() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(0);
    set_up(directory.path());
    let _station = StationDir::open(directory.path(), &log.id, &claims()).unwrap();
    let second = StationDir::open(directory.path(), &log.id, &claims());
    assert!(matches!(second, Err(Error::Locked(_))));
}
