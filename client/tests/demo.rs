//! The demonstration from outside: the real programs, a real socket, and what must turn it red.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use trucelog_client::demo::cast::NEWCOMER;
use trucelog_client::demo::data::{Column, Row};
use trucelog_client::demo::desk::Inputs;
use trucelog_client::demo::scenario::{self, Options};
use trucelog_client::demo::setting::Programs;
use trucelog_client::demo::summary::Summary;

const TRUCELOG: &str = env!("CARGO_BIN_EXE_trucelog");

/// `trucelogd` lies beside `trucelog`, as every command of the Makefile builds the whole workspace.
fn trucelogd() -> PathBuf {
    let path = Path::new(TRUCELOG).with_file_name("trucelogd");
    assert!(
        path.is_file(),
        "{} is not built: run make build",
        path.display()
    );
    path
}

fn demo(arguments: &[&str]) -> Output {
    Command::new(TRUCELOG)
        .arg("demo")
        .args(arguments)
        .env_remove("TRUCELOGD")
        .output()
        .unwrap()
}

/// The first of all events, with every revision of them and with the first that were added.
fn small() -> Inputs {
    let mut inputs = Inputs::published().unwrap();
    inputs.first.rows.truncate(120);
    let kept = |id: &String, rows: &[Row]| rows.iter().any(|row| row.id() == id);
    let first = inputs.first.rows.clone();
    inputs
        .revisions
        .changed
        .retain(|event| kept(&event.id, &first));
    inputs.revisions.withdrawn.retain(|id| kept(id, &first));
    inputs.revisions.added.truncate(60);
    let revisions = &inputs.revisions;
    inputs.second.rows.retain(|row| {
        let id = row.id().to_owned();
        revisions.added.contains(&id) || (kept(&id, &first) && !revisions.withdrawn.contains(&id))
    });
    inputs
}

async fn run(inputs: &Inputs, crashes: Vec<usize>) -> Summary {
    let options = Options {
        programs: Programs {
            trucelogd: trucelogd(),
            trucelog: PathBuf::from(TRUCELOG),
        },
        keep: None,
        crashes,
    };
    scenario::run(&options, inputs, &|_| ()).await.unwrap()
}

#[test]
fn the_last_line_says_that_everything_was_shown() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("kept");
    let (server, keep) = (trucelogd(), kept.to_str().unwrap());
    let output = demo(&[
        "-o",
        "json",
        "--server-bin",
        server.to_str().unwrap(),
        "--keep",
        keep,
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    let summary: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert!(output.status.success(), "{summary:#}");
    let expected: [(&str, Value); 14] = [
        ("schema", "trucelog.demo/v1".into()),
        ("ok", true.into()),
        ("entries", 4_239.into()),
        ("entries_verified", 4_239.into()),
        ("incidents_in_force", 2_989.into()),
        ("incidents_as_of_first_table", 1_167.into()),
        ("withdrawn", 94.into()),
        ("corrected", 962.into()),
        ("columns_changed", 2_860.into()),
        ("fields_equal", true.into()),
        ("receipt_verified_offline", true.into()),
        ("changed_byte_caught", true.into()),
        ("crashes", 1.into()),
        ("every_kind_of_record", true.into()),
    ];
    for (field, value) in expected {
        assert_eq!(summary[field], value, "{field}");
    }
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    a_bundle_of_the_new_member_is_verified_offline(&kept);
}

/// The log itself has admitted that member: no key of it stands in the charter.
fn a_bundle_of_the_new_member_is_verified_offline(kept: &Path) {
    let state = kept.join("verifier");
    let reads = |arguments: &[&str]| {
        let read = Command::new(TRUCELOG)
            .args(arguments)
            .args(["--state", state.to_str().unwrap(), "-o", "json"])
            .output()
            .unwrap();
        assert!(read.status.success(), "{arguments:?}: {read:?}");
        String::from_utf8(read.stdout).unwrap()
    };
    let listed: Value = serde_json::from_str(&reads(&["list", "entries"])).unwrap();
    let mut entries = listed["entries"].as_array().unwrap().iter();
    let own = entries.find(|entry| entry["member"] == NEWCOMER.0).unwrap();
    let digest = own["record_digest"].as_str().unwrap();
    let bundle = kept.join("bundle.json");
    let bundle = bundle.to_str().unwrap();
    reads(&["get", "bundle", digest, "--out", bundle]);
    let verified = reads(&["verify", "bundle", bundle]);
    assert!(verified.contains(digest), "{verified}");
    // Without the decision that admitted it, nobody stands behind the record.
    let mut less: Value = serde_json::from_slice(&std::fs::read(bundle).unwrap()).unwrap();
    let parts = less["entries"].as_array_mut().unwrap();
    parts.remove(parts.len() - 2);
    std::fs::write(bundle, less.to_string()).unwrap();
    let refused = Command::new(TRUCELOG)
        .args(["verify", "bundle", bundle, "--state"])
        .arg(&state)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = demo(&["--server-bin", "/nowhere/trucelogd"]);
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.contains("/nowhere/trucelogd") && words.contains("--server-bin"),
        "{words}"
    );
}

#[test]
fn a_directory_in_use_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine"), "x").unwrap();
    let output = demo(&["--keep", directory.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_death_count_in_one_correction_makes_fields_unequal() {
    let published = small();
    let summary = run(&published, vec![500]).await;
    assert_eq!(summary.check().map_err(|error| error.to_string()), Ok(()));

    let mut altered = published.clone();
    let changes = altered
        .revisions
        .changed
        .iter_mut()
        .flat_map(|event| &mut event.changes);
    let deaths = changes.filter(|change| change.0 == Column::Best).take(1);
    let count = deaths.map(|change| change.2.push('0')).count();
    assert_eq!(count, 1);
    let summary = run(&altered, vec![500]).await;
    assert!(!summary.fields_equal() && !summary.is_ok());
    assert_eq!(summary.differences.len(), 1, "{:?}", summary.differences);
    let json = summary.to_json();
    assert_eq!(
        (&json["fields_equal"], &json["ok"]),
        (&false.into(), &false.into())
    );
    assert_eq!(
        summary.check().unwrap_err().to_string(),
        "not shown: fields_equal"
    );
}

/// Each of 20 equal parts of the revisions has one moment, anywhere in it, at which the server is killed.
#[tokio::test(flavor = "multi_thread")]
async fn killing_the_server_at_20_random_moments_loses_nothing_acknowledged() {
    let mut random = [0; 20];
    getrandom::fill(&mut random).unwrap();
    let crashes: Vec<usize> = (0..20)
        .zip(random)
        .map(|(part, within): (usize, u8)| part * 48 + usize::from(within) * 48 / 256)
        .collect();
    let summary = run(&Inputs::published().unwrap(), crashes.clone()).await;
    assert_eq!(summary.crashes.len(), 20, "{crashes:?}");
    assert_eq!(
        summary.check().map_err(|error| error.to_string()),
        Ok(()),
        "{crashes:?}"
    );
}
