//! Replays every vector, and checks that the source still gives the same bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use std::fs;

use cases::{ARTEFACTS, Inputs, rules};
use serde_json::Value;

#[test]
fn every_vector_has_the_verdict_that_it_states() {
    let mut count = 0;
    for artefact in ARTEFACTS {
        for file in fs::read_dir(cases::vectors().join(artefact.name)).unwrap() {
            let path = file.unwrap().path();
            let case: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let inputs = Inputs(case["inputs"].as_object().unwrap().clone());
            let verdict = artefact.verdict(&inputs);
            assert_eq!(verdict, case["expect"], "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 100, "only {count} vectors");
}

#[test]
fn every_record_is_judged_after_its_history_as_it_states() {
    let mut count = 0;
    for (section, _) in rules::SECTIONS {
        let read = |name: &str| -> Value {
            serde_json::from_slice(&fs::read(rules::folder(section).join(name)).unwrap()).unwrap()
        };
        let history = read("history.json");
        for file in fs::read_dir(rules::folder(section)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name == "history.json" {
                continue;
            }
            let case = read(&name);
            let verdict = rules::replay(&history, &case);
            assert_eq!(verdict, stated(&case), "rules/{section}/{name}");
            count += 1;
        }
    }
    assert!(count >= 17, "only {count} records");
}

/// The refusal that a case of the rules states.
fn stated(case: &Value) -> Option<rules::Refused> {
    let text = |name: &str| case[name].as_str().unwrap().to_owned();
    (case["expect"] != "ok").then(|| (text("expect"), text("field")))
}

#[test]
fn the_source_gives_the_files_that_are_there() {
    let files = cases::files();
    for (path, bytes) in &files {
        let found = fs::read(path).unwrap_or_default();
        assert!(
            &found == bytes,
            "{}: run the example `vectors`",
            path.display()
        );
    }
    for folder in files.keys().filter_map(|path| path.parent()) {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            assert!(
                files.contains_key(&path),
                "{}: run the example `vectors`",
                path.display()
            );
        }
    }
}
