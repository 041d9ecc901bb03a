//! A throw-away log with the real programs, from an empty directory on.
//!
//! Needs `trucelogd` beside this test's `trucelog`: `cargo test --workspace` builds both.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

pub const TRUCELOG: &str = env!("CARGO_BIN_EXE_trucelog");
const ANY_PORT: &str = "127.0.0.1:0";
pub const ORIGIN: &str = "example.org/log";

/// Members with an authority and a recovery key each.
pub const MEMBERS: [&str; 3] = ["DEU", "FRA", "UKR"];

pub struct World {
    pub directory: tempfile::TempDir,
    pub charter: String,
    pub server: Server,
}

pub struct Server {
    pub child: Child,
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub fn run(directory: &Path, url: Option<&str>, arguments: &[&str]) -> Done {
    let mut command = Command::new(TRUCELOG);
    command
        .args(arguments)
        .current_dir(directory)
        .env("TRUCELOG_STATE", directory.join("state"));
    if let Some(url) = url {
        command.env("TRUCELOG_REMOTE", url);
    }
    finish(&mut command)
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn trucelogd(directory: &Path, address: &str, arguments: &[&str]) -> Command {
    let path = Path::new(TRUCELOG).with_file_name("trucelogd");
    assert!(
        path.exists(),
        "{} is missing: run cargo test --workspace",
        path.display()
    );
    let mut command = Command::new(path);
    command.args(arguments).current_dir(directory);
    command.args([
        "--data-dir",
        "data",
        "--anchor-dir",
        "anchor",
        "--log-key",
        "log/key.pem",
        "--listen",
        address,
    ]);
    command
}

pub fn serve(directory: &Path) -> Server {
    serve_at(directory, ANY_PORT)
}

pub fn serve_at(directory: &Path, address: &str) -> Server {
    start(trucelogd(directory, address, &["serve"]))
}

/// Starts a server and waits until it listens.
pub fn start(mut command: Command) -> Server {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim_end()
        .strip_prefix("listening ")
        .unwrap()
        .to_owned();
    Server {
        child,
        url: format!("http://{address}"),
    }
}

/// Makes a station directory with a key, and gives its public key in hexadecimal.
pub fn new_key(directory: &Path, name: &str) -> String {
    fs::create_dir(directory.join(name)).unwrap();
    let key = format!("{name}/key.pem");
    run(directory, None, &["key", "new", &key]).ok();
    run(directory, None, &["key", "convert", &key, "--to", "hex"])
        .ok()
        .trim_end()
        .to_owned()
}

pub fn write_charter(directory: &Path) -> String {
    new_key(directory, "log");
    new_key(directory, "operator");
    let template = run(directory, None, &["charter", "template"]).ok();
    let mut charter: Value = serde_json::from_str(&template).unwrap();
    let log_key = [
        "key",
        "convert",
        "log/key.pem",
        "--to",
        "vkey",
        "--name",
        ORIGIN,
    ];
    charter["charter"]["log_key"] = json!(run(directory, None, &log_key).ok().trim_end());
    for (position, member) in MEMBERS.iter().enumerate() {
        let entry = &mut charter["charter"]["members"][position];
        assert_eq!(entry["code"], *member);
        entry["authority_key"] = json!(new_key(directory, &format!("{member}-authority")));
        entry["recovery_key"] = json!(new_key(directory, &format!("{member}-recovery")));
    }
    // A member that may be admitted later.
    charter["charter"]["release_set"] = json!(["DEU", "FRA", "NOR", "UKR"]);
    fs::write(directory.join("charter.json"), charter.to_string()).unwrap();
    let new = [
        "charter",
        "new",
        "charter.json",
        "--key",
        "operator/key.pem",
        "--out",
        "charter.signed",
        "--policy-out",
        "policy",
    ];
    let printed = run(directory, None, &new).ok();
    printed
        .trim_end()
        .strip_prefix("charter ")
        .unwrap()
        .to_owned()
}

impl World {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let charter = write_charter(directory.path());
        let init = trucelogd(
            directory.path(),
            ANY_PORT,
            &["init", "--charter", "charter.signed"],
        )
        .output()
        .unwrap();
        assert!(init.status.success(), "{init:?}");
        let server = serve(directory.path());
        let world = Self {
            directory,
            charter,
            server,
        };
        world.enrol(
            "UKR",
            "m1",
            "monitor",
            &["--policy", "policy", "--charter", &world.charter],
        );
        world
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        run(self.path(), Some(&self.server.url), arguments)
    }

    pub fn enrol(&self, member: &str, name: &str, role: &str, more: &[&str]) {
        let directory = format!("{member}-{name}");
        let key = new_key(self.path(), &directory);
        let authority = format!("{member}-authority");
        let enrol = [
            "station",
            "enrol",
            "--name",
            name,
            "--role",
            role,
            "--public-key",
            &key,
            "--station-dir",
            &authority,
            "--member",
            member,
            "--station",
            "authority",
        ];
        self.run(&[&enrol, more].concat()).ok();
    }

    /// Signs a report of m1 and gives its digest and the file.
    pub fn sign_report(&self, narrative: &str, name: &str) -> (String, PathBuf) {
        self.write_report(narrative);
        let out = format!("{name}.signed");
        let sign = [
            "sign",
            "report.json",
            "--station-dir",
            "UKR-m1",
            "--member",
            "UKR",
            "--station",
            "m1",
            "-o",
            &out,
        ];
        let printed = self.run(&sign).ok();
        (
            printed.split(' ').nth(1).unwrap().to_owned(),
            self.path().join(out),
        )
    }

    pub fn write_report(&self, narrative: &str) {
        let template = self.run(&["incident", "template"]).ok();
        let mut report: Value = serde_json::from_str(&template).unwrap();
        report["incident_report"]["narrative"] = json!(narrative);
        let ago = json!(trucelog_client::json::format_time(
            trucelog_client::station::now_ms() - 3_600_000
        ));
        report["incident_report"]["earliest_time"] = ago.clone();
        report["incident_report"]["latest_time"] = ago;
        fs::write(self.path().join("report.json"), report.to_string()).unwrap();
    }

    pub fn list(&self, what: &str) -> Value {
        self.run(&["list", what, "-o", "json"]).json()
    }

    /// Runs a command with the station `MEMBER-NAME` and gives the digest of the record that it wrote.
    #[track_caller]
    pub fn write(&self, station: &str, command: &str) -> String {
        let (member, name) = station.split_once('-').unwrap();
        let words: Vec<&str> = command.split_whitespace().collect();
        let claims = [
            "--station-dir",
            station,
            "--member",
            member,
            "--station",
            name,
        ];
        let printed = self.run(&[&words[..], &claims].concat()).ok();
        let line = printed.lines().rfind(|line| line.starts_with("logged "));
        line.unwrap().split(' ').nth(1).unwrap().to_owned()
    }
}
