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

#[test]
fn every_record_of_an_ingest_is_in_the_log() {
    let answer = bench("ingest", "1024");
    assert_eq!(answer["schema"], "trucelog.bench.ingest/v1");
    // The charter and 512 enrolments; then the client that is alone, and three times as many as were asked for.
    assert_eq!(answer["size"], 1 + 512 + 200 + 3 * 1024);
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
    assert_eq!(
        line(&answer, "from the charter on")["records"],
        1 + 64 + 640
    );
    assert_eq!(line(&answer, "again, nothing new")["records"], 0);
}
