//! Replays every vector, and checks that the source still gives the same bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use std::fs;

use cases::{ARTEFACTS, Inputs};
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

/// The worked examples in the specifications of what is signed are the vectors of that name.
#[test]
fn the_specifications_show_the_worked_examples() {
    for (artefact, inputs) in [
        ("canonical", vec!["bytes_hex"]),
        (
            "record",
            vec![
                "record_hex",
                "record_digest",
                "public_key_hex",
                "signature_hex",
            ],
        ),
        ("entry", vec!["entry_hex", "previous", "leaf_hash"]),
    ] {
        let spec =
            fs::read_to_string(cases::vectors().join(format!("../spec/{artefact}.md"))).unwrap();
        let example = hex_columns(spec.split("```").nth(1).unwrap());
        let vector = cases::vectors().join(artefact).join("worked-example.json");
        let vector: Value = serde_json::from_slice(&fs::read(vector).unwrap()).unwrap();
        for input in inputs {
            let value = vector["inputs"][input].as_str().unwrap();
            assert!(
                example.contains(value),
                "{artefact}: {input} is not in the specification"
            );
        }
    }
}

/// The hexadecimal at the start of each line, put together; what comes after two spaces is explanation.
fn hex_columns(example: &str) -> String {
    let columns = example
        .lines()
        .map(|line| line.trim().split("  ").next().unwrap_or_default());
    let hex = columns.filter(|column| {
        column
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b' ')
    });
    hex.collect::<String>().replace(' ', "")
}
