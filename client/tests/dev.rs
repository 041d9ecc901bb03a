//! `trucelogd dev`: every line that it prints works as it stands, and nothing is left behind.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const TRUCELOG: &str = env!("CARGO_BIN_EXE_trucelog");

#[test]
fn the_lines_to_copy_work_and_nothing_is_left() {
    let programs = Path::new(TRUCELOG).parent().unwrap();
    let mut dev = Command::new(programs.join("trucelogd"))
        .arg("dev")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(dev.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    for line in lines.map(Result::unwrap) {
        let last = line.starts_with("curl ");
        told.push(line);
        if last {
            break;
        }
    }
    let script: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .skip_while(|line| !line.starts_with("export "))
        .collect();
    assert!(script.len() >= 8, "{told:?}");
    let directory = told[0].split("Everything is in ").nth(1).map(PathBuf::from);
    let directory = directory.unwrap();

    let work = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-ec", &script.join("\n")])
        .env("PATH", path)
        .current_dir(work.path())
        .output()
        .unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    for shown in [
        "VERIFIED log",
        "(policy needs members)",
        "VERIFIED record",
        "1 incidents",
        "quorum: reached",
    ] {
        assert!(text.contains(shown), "{shown:?} is missing in {text}");
    }

    assert!(directory.exists());
    kill_process(Pid::from_child(&dev), Signal::INT).unwrap();
    assert!(dev.wait().unwrap().success());
    assert!(!directory.exists(), "{} is left", directory.display());
}
