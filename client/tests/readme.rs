//! The commands of the README, run as they stand there.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

/// The text between the fences of the code block below a heading.
fn block<'a>(readme: &'a str, heading: &str) -> &'a str {
    let below = readme.split(&format!("## {heading}\n")).nth(1).unwrap();
    below.split("```\n").nth(1).unwrap()
}

fn sh(script: &str, dir: &Path) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_trucelog")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(dir);
    command.env("PATH", path).env("XDG_STATE_HOME", dir);
    command.output().unwrap()
}

#[test]
fn the_first_five_minutes_end_with_a_verified_log() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/by_hand.py");
    let python = match Command::new("python3").arg("--version").output() {
        Ok(_) => format!("python3 {} $TRUCELOG_REMOTE $charter", example.display()),
        Err(_) => "echo NOT RUN: by_hand.py, there is no python3 >&2".to_owned(),
    };
    let dir = tempfile::tempdir().unwrap();
    let script = format!(
        "trap 'kill $server' EXIT\n{}\n{}\n{python}\n",
        block(&readme, "The first five minutes")
            .replace("server.out &\n", "server.out & server=$!\n"),
        block(&readme, "By hand"),
    );
    let output = sh(&script, dir.path());
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(
        lines.iter().any(|line| line.starts_with("VERIFIED record")),
        "{stdout}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("VERIFIED log example.org/log size 3")),
        "{stdout}"
    );
    let report = lines
        .iter()
        .find(|line| line.contains("artillery impact"))
        .unwrap();
    let digest = report.split(' ').next().unwrap();
    assert!(
        lines.contains(&&*format!("{digest}  -")),
        "sha256sum names another record: {stdout}"
    );
    let by_hand = lines
        .iter()
        .any(|line| line.starts_with("example.org/log: 3 entries"));
    assert!(by_hand || stderr.contains("NOT RUN"), "{stdout}{stderr}");
}
