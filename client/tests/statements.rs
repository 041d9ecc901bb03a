//! The commands for coverage, evidence, checks, statements and summaries against the real server: what is logged, what
//! an opening proves, and what is caught.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use support::world::{Done, World};

const SECRET: &str = "Camera 4, position 12, frame 3301.\n";

/// A log with a monitor and an investigator of UKR, and a verifier and a liaison of DEU.
fn world() -> World {
    let world = World::new();
    world.enrol("UKR", "i1", "investigator", &[]);
    world.enrol("DEU", "v1", "verifier", &[]);
    world.enrol("DEU", "l1", "party-liaison", &[]);
    fs::write(world.path().join("secret.txt"), SECRET).unwrap();
    world
}

/// Logs a report of UKR.
fn report(world: &World) -> String {
    let (digest, _) = world.sign_report("Two explosions.", "report");
    world.run(&["submit", "report.signed"]).ok();
    digest
}

/// Seals `secret.txt` and gives the digest of the record.
fn seal(world: &World) -> String {
    let command = "evidence secret.txt --seal opening.json --media-type text/plain";
    world.write("UKR-i1", command)
}

fn verify_opening(world: &World, content: &str, more: &[&str]) -> Done {
    let verify = [
        "verify",
        "opening",
        "opening.json",
        "--content",
        content,
        "-o",
        "json",
    ];
    world.run(&[&verify, more].concat())
}

/// The body of a logged record.
fn body(world: &World, digest: &str) -> Value {
    world.run(&["verify", "log"]).ok();
    let record = world.run(&["get", "record", digest, "-o", "json"]).json();
    record["record"].clone()
}

#[test]
fn evidence_is_registered_by_digest_and_length() {
    let world = world();
    let command = "evidence secret.txt --captured-earliest-time 2026-03-01T09:00:00Z \
                   --captured-latest-time 2026-03-01T09:00:05Z";
    let digest = world.write("UKR-i1", command);
    let sum = trucelog_proto::hash::sha256(&[SECRET.as_bytes()]);
    let expected = json!({"digest": trucelog_client::json::hex(&sum), "len": SECRET.len()});
    assert_eq!(body(&world, &digest)["evidence_item"]["open"], expected);
}

#[test]
fn a_member_proves_later_what_it_committed_to() {
    let world = world();
    let digest = seal(&world);
    let opening = world.path().join("opening.json");
    let mode = fs::metadata(&opening).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file: Value = serde_json::from_slice(&fs::read(&opening).unwrap()).unwrap();
    let sealed = body(&world, &digest)["evidence_item"]["sealed"].clone();
    assert_eq!(sealed["commitment"], file["commitment"]);

    let verdict = verify_opening(&world, "secret.txt", &["--target", &digest]).json();
    assert_eq!(
        (&verdict["verdict"], &verdict["member"], &verdict["field"]),
        (
            &json!("verified"),
            &json!("UKR"),
            &json!("evidence_item.sealed.commitment")
        )
    );
    fs::write(world.path().join("other.txt"), "Camera 5.").unwrap();
    let wrong = verify_opening(&world, "other.txt", &["--target", &digest]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let commitment = file["commitment"].as_str().unwrap();
    assert!(
        wrong.stdout.contains(&format!("{commitment} was made")),
        "{wrong:?}"
    );
    let report = report(&world);
    world.run(&["verify", "log"]).ok();
    let none = verify_opening(&world, "secret.txt", &["--target", &report]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

#[test]
fn an_opening_is_checked_against_a_signed_file_without_the_log() {
    let world = world();
    let signed = "evidence secret.txt --seal opening.json --sign-only evidence.signed \
                  --station-dir UKR-i1 --member UKR --station i1";
    let words: Vec<&str> = signed.split_whitespace().collect();
    world.run(&words).ok();
    let verdict = verify_opening(&world, "secret.txt", &["--record", "evidence.signed"]).json();
    assert_eq!(
        verdict["not_proven"],
        json!([
            "that the record is in the log",
            "that its key was enrolled",
            "that the content is true"
        ])
    );
    // Another seal of the same content has another salt, and so another commitment.
    let again = signed
        .replace("opening.json", "second.json")
        .replace("evidence.signed", "second.signed");
    let words: Vec<&str> = again.split_whitespace().collect();
    world.run(&words).ok();
    let crossed = verify_opening(&world, "secret.txt", &["--record", "second.signed"]);
    assert_eq!(crossed.code, Some(1), "{crossed:?}");
}

#[test]
fn an_opening_is_never_overwritten() {
    let world = world();
    seal(&world);
    let kept = fs::read(world.path().join("opening.json")).unwrap();
    let again = world.run(&[
        "evidence",
        "secret.txt",
        "--seal",
        "opening.json",
        "--station-dir",
        "UKR-i1",
    ]);
    assert_eq!(again.code, Some(5), "{again:?}");
    assert_eq!(fs::read(world.path().join("opening.json")).unwrap(), kept);
}

#[test]
fn sealed_evidence_is_disclosed_once_and_stands_in_the_bundle() {
    let world = world();
    let item = seal(&world);
    let disclose = |content: &str| {
        world.run(&[
            "disclose",
            &item,
            "--opening",
            "opening.json",
            "--content",
            content,
            "--station-dir",
            "UKR-i1",
        ])
    };
    fs::write(world.path().join("other.txt"), "Camera 5.").unwrap();
    // Refused before anything is signed.
    assert_eq!(disclose("other.txt").code, Some(1));
    let command = format!("disclose {item} --opening opening.json --content secret.txt");
    let disclosure = world.write("UKR-i1", &command);
    assert_eq!(
        body(&world, &disclosure)["disclosure"]["content"],
        trucelog_client::json::hex(SECRET.as_bytes())
    );
    let again = disclose("secret.txt");
    assert_eq!(again.code, Some(6), "{again:?}");
    assert!(
        format!("{again:?}").contains("SECOND_DISCLOSURE"),
        "{again:?}"
    );
    let collect = ["get", "bundle", &item, "--out", "item.json"];
    world.run(&collect).ok();
    let bundle = world.run(&["verify", "bundle", "item.json", "-o", "json"]);
    let entries = bundle.json()["entries"].clone();
    let mut digests = entries.as_array().unwrap().iter();
    assert!(
        digests
            .any(|entry| entry["digest"] == *disclosure || entry["record_digest"] == *disclosure)
    );
}

#[test]
fn checks_and_statements_stand_beside_a_report() {
    let world = world();
    let report = report(&world);
    let check = format!("corroborate {report} --result confirm --means uav --means seen");
    let check = world.write("DEU-v1", &check);
    let checked = body(&world, &check)["corroboration"].clone();
    assert_eq!(checked["means"], json!(["MEANS_SEEN", "MEANS_UAV"]));
    let statement = format!("statement {report} --party RUS --stance deny --text No.");
    let statement = world.write("DEU-l1", &statement);
    assert_eq!(body(&world, &statement)["party_statement"]["party"], "RUS");

    world.enrol("UKR", "l1", "party-liaison", &[]);
    let own = world.run(&[
        "corroborate",
        &report,
        "--result",
        "confirm",
        "--means",
        "seen",
        "--station-dir",
        "UKR-m1",
    ]);
    assert_eq!(own.code, Some(6), "{own:?}");
    assert!(format!("{own:?}").contains("OWN_REPORT"), "{own:?}");
}

#[test]
fn coverage_and_summaries_are_logged() {
    let world = world();
    let hour = "--earliest-time 2026-03-01T09:00:00Z --latest-time 2026-03-01T10:00:00Z";
    let command = format!("coverage camera-4 {hour} --status up --observed-count 0");
    let coverage = world.write("UKR-m1", &command);
    let stated = body(&world, &coverage)["coverage_report"].clone();
    assert_eq!(
        (&stated["status"], &stated["observed_count"]),
        (&json!("COVERAGE_STATUS_UP"), &json!(0))
    );
    let command =
        format!("summary {hour} --size 3 --count explosion,reports=2 --count all,reports=3");
    let summary = world.write("DEU-v1", &command);
    let counts = body(&world, &summary)["summary"]["counts"].clone();
    assert_eq!(
        counts,
        json!([{"reports": 3}, {"kind": "INCIDENT_KIND_EXPLOSION", "reports": 2}])
    );
}
