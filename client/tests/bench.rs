//! The benchmarks from outside, small: that they measure what they say, not how fast it was.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use serde_json::Value;

const TRUCELOG: &str = env!("CARGO_BIN_EXE_trucelog");

fn bench(what: &str, records: &str) -> Value {
    let output = Command::new(TRUCELOG)
        .args(["bench", what, "--records", records, "-o", "json"])
        .env_remove("TRUCELOGD")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn line<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let lines = answer["lines"].as_array().unwrap();
    lines.iter().find(|line| line["name"] == name).unwrap()
}

fn positive(value: &Value) {
    assert!(value.as_f64().unwrap() > 0.0, "{value}");
}

fn each_positive(values: &Value, count: usize) {
    let values = values.as_array().unwrap();
    assert_eq!(values.len(), count);
    for value in values {
        positive(value.get("value").unwrap_or(value));
    }
}

#[test]
fn every_record_of_an_ingest_is_in_the_log() {
    let answer = bench("ingest", "1024");
    assert_eq!(answer["schema"], "trucelog.bench.ingest/v1");
    // The charter and 4,096 enrolments; the client that is alone, and one record for its receipt; three times as many as
    // were asked for; and what was accepted of too many.
    let accepted = answer["overload"]["accepted"].as_u64().unwrap();
    assert!((1..=4096).contains(&accepted), "{answer}");
    assert_eq!(answer["size"], 1 + 4096 + 200 + 1 + 3 * 1024 + accepted);
    positive(&answer["overload"]["offered_per_second"]);
    positive(&answer["overload"]["ratio"]);
    assert!(answer["receipt_len"].as_u64() > answer["entry_len"].as_u64());
    for bare in answer["bare"].as_array().unwrap() {
        assert_eq!(bare["records"], 1024);
        positive(&bare["ratio"]);
    }
    assert!((350..450).contains(&answer["entry_len"].as_u64().unwrap()));
    for limit in [
        "cores",
        "verify_strict_per_second_core",
        "fdatasync_us",
        "rocksdb_puts_per_second",
        "proofs_per_second",
    ] {
        positive(&answer["limits"][limit]);
    }
    for name in ["streams", "unary calls"] {
        assert_eq!(line(&answer, name)["records"], 1024);
        positive(&line(&answer, name)["ratio"]);
    }
    let alone = line(&answer, "one client alone");
    let ordered =
        ["p50_us", "p99_us", "p999_us", "max_us"].map(|name| alone[name].as_f64().unwrap());
    assert!(ordered.is_sorted(), "{alone}");
}

#[test]
fn every_entry_is_verified_once() {
    let answer = bench("verify", "640");
    assert_eq!(answer["schema"], "trucelog.bench.verify/v1");
    let size = 1 + 64 + 640;
    for name in ["from the charter on", "by trucelog verify log"] {
        assert_eq!(line(&answer, name)["records"], size);
        positive(&line(&answer, name)["ratio"]);
    }
    assert_eq!(line(&answer, "again, nothing new")["records"], 0);
    assert_eq!(line(&answer, "a tenth more")["records"], 64);
    positive(&answer["state_len_per_record"]);
    positive(&answer["peak_memory_len"]);
}

#[test]
fn proofs_are_verified_and_entries_are_those_of_the_head() {
    let answer = bench("proof", "1000");
    assert_eq!(answer["schema"], "trucelog.bench.proof/v1");
    for name in ["inclusion proofs", "bare unary calls"] {
        positive(&line(&answer, name)["records_per_second"]);
    }
    // Three turns, each with every entry: the charter, 8 enrolments, and 8 times 125 reports.
    for name in ["entries streamed", "bare stream"] {
        assert_eq!(line(&answer, name)["records"], 3 * (1 + 8 + 1000));
    }
    positive(&answer["proofs_verified"]);
    positive(&answer["streamed_len"]);
    each_positive(&answer["ratios"], 2);
}

#[test]
fn pages_are_full_in_a_small_and_in_a_large_log() {
    let answer = bench("query", "2000");
    assert_eq!(answer["schema"], "trucelog.bench.query/v1");
    // The charter, 64 enrolments, and 64 times 16 reports for each half.
    assert_eq!(answer["sizes"], serde_json::json!([1089, 2113]));
    let lines = answer["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 8);
    assert!(lines.iter().all(|line| line["records"] == 200));
    each_positive(&answer["ratios"], 4);
}

#[test]
fn a_log_is_the_same_after_it_was_opened_again() {
    let answer = bench("open", "1000");
    assert_eq!(answer["schema"], "trucelog.bench.open/v1");
    // The charter, 8 enrolments, and twice 8 times 63 reports.
    assert_eq!(answer["size"], 1 + 8 + 2 * 504);
    for name in ["append, first part", "append, last part"] {
        assert_eq!(line(&answer, name)["records"], 504);
    }
    for name in ["open after a stop", "open after a crash"] {
        positive(&line(&answer, name)["seconds"]);
    }
    let [entries, stored] = ["entries_len", "stored_len"].map(|len| answer[len].as_u64().unwrap());
    assert!(entries > 1017 * 300 && stored > 0, "{entries} {stored}");
    each_positive(&answer["parts_records_per_second"], 2);
    each_positive(&answer["ratios"], 2);
}
