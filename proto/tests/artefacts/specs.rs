//! The worked examples of the specifications are the vectors of that name, and so they verify.

use std::{fs, path::Path};

use serde_json::Value;

const ARTEFACTS: [&str; 11] = [
    "tree",
    "proof",
    "tile",
    "note",
    "checkpoint",
    "cosignature",
    "policy",
    "tlog_proof",
    "tlog_witness",
    "sealed",
    "signature",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn worked_examples_are_vectors() {
    for artefact in ARTEFACTS {
        let spec = read(&format!("spec/{artefact}.md"));
        let case: Value =
            serde_json::from_str(&read(&format!("vectors/{artefact}/worked-example.json")))
                .unwrap();
        assert_eq!(case["expect"], "ok");
        for (name, input) in case["inputs"].as_object().unwrap() {
            let texts = match input {
                Value::Array(items) => items.iter().collect(),
                text => vec![text],
            };
            for text in texts {
                let text = text.as_str().unwrap();
                assert!(
                    spec.contains(text),
                    "spec/{artefact}.md lacks {name}: {text}"
                );
            }
        }
    }
}

/// The right edge stands in the text with a line for each of its parts.
#[test]
fn the_right_edge_in_the_text_is_a_vector() {
    let case: Value = serde_json::from_str(&read("vectors/tree/right-edge.json")).unwrap();
    let edge = case["inputs"]["right_edge_hex"].as_str().unwrap();
    assert!(read("spec/tree.md").replace('\n', "").contains(edge));
}

/// The encodings of small order in the text are all there are.
#[test]
fn the_encodings_of_small_order_in_the_text_are_all() {
    let spec = read("spec/signature.md");
    for torsion in curve25519_dalek::constants::EIGHT_TORSION {
        let mut bytes = torsion.compress().to_bytes();
        bytes[31] &= 0x7f;
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(spec.contains(&hex.concat()), "{}", hex.concat());
    }
}

/// Bytes that stand in the text in columns, with explanations, are vectors too.
#[test]
fn worked_examples_in_columns_are_vectors() {
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
        let spec = read(&format!("spec/{artefact}.md"));
        let example = hex_columns(spec.split("```").nth(1).unwrap());
        let case: Value =
            serde_json::from_str(&read(&format!("vectors/{artefact}/worked-example.json")))
                .unwrap();
        for input in inputs {
            let value = case["inputs"][input].as_str().unwrap();
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
