//! The real server with real witnesses: one that dials out and one that is asked.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::world::{Server, TRUCELOG, World, trucelogd};
use trucelog_proto::policy::Policy;
use trucelog_proto::tlog_proof::TlogProof;

/// A log whose two members' verifiers are both needed.
struct Cosigned {
    world: World,
    witnesses: Vec<Running>,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Cosigned {
    fn new() -> Self {
        let world = World::new();
        let charter = world.charter.clone();
        let init = |name: &str, more: &[&str]| {
            let made = [
                "witness", "init", name, "--name", name, "--policy", "policy",
            ];
            let log = ["--remote", &world.server.url, "--charter", &charter];
            let done = world.run(&[&made[..], &log, more, &["-o", "json"]].concat());
            assert_eq!(done.code, Some(0), "{done:?}");
            done.json()["policy"][0].as_str().unwrap().to_owned()
        };
        let dials = init("fra.example", &[]);
        let asked = init("deu.example", &["--listen", "127.0.0.1:0"]);
        let (asked_witness, address) = Self::witness(&world, "deu.example", true);
        let names = [&dials, &asked].map(|line| line.split(' ').nth(1).unwrap().to_owned());
        let lines = format!(
            "{dials}\n{asked} http://{address}/verifier\ngroup both all {}\nquorum both",
            names.join(" ")
        );
        let policy = fs::read_to_string(world.path().join("policy")).unwrap();
        assert!(policy.contains("quorum none"), "{policy}");
        let policy = policy.replace("quorum none", &lines);
        fs::write(world.path().join("policy-witnesses"), policy).unwrap();
        let config = "[witnesses]\npolicy = \"policy-witnesses\"\ncandidate_s = 1\n";
        fs::write(world.path().join("trucelogd.toml"), config).unwrap();
        let mut cosigned = Self {
            world,
            witnesses: vec![asked_witness],
        };
        cosigned.restart(|_| {});
        let (dialling_witness, _) = Self::witness(&cosigned.world, "fra.example", false);
        cosigned.witnesses.push(dialling_witness);
        cosigned
    }

    /// Runs a witness; waits for its address if it listens.
    fn witness(world: &World, directory: &str, listens: bool) -> (Running, String) {
        let mut child = Command::new(TRUCELOG)
            .args(["witness", "run", directory, "-o", "json"])
            .current_dir(world.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        if listens {
            out.read_line(&mut line).unwrap();
        }
        // A full pipe would stop the witness.
        std::thread::spawn(move || out.lines().count());
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = event["address"].as_str().unwrap_or_default().to_owned();
        (Running(child), address)
    }

    /// Kills the server, does something to its directory, and starts it again at its address.
    fn restart(&mut self, between: impl FnOnce(&Path)) {
        let url = self.world.server.url.clone();
        self.world.server.child.kill().unwrap();
        self.world.server.child.wait().unwrap();
        between(self.world.path());
        let address = url.strip_prefix("http://").unwrap();
        let mut child = trucelogd(
            self.world.path(),
            address,
            &["serve", "-c", "trucelogd.toml"],
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, format!("listening {address}\n"));
        self.world.server = Server { child, url };
    }

    /// Submits a report, waits for the quorum, and gives the cosigners in its receipt.
    fn submit(&self, name: &str) -> Vec<String> {
        let (_, file) = self.world.sign_report(name, name);
        let file_name = format!("{name}.signed");
        let submit = ["submit", &file_name, "--wait-for", "witnessed"];
        self.world.run(&submit).ok();
        let receipt = fs::read(file.with_extension("tlog-proof")).unwrap();
        let policy = fs::read(self.world.path().join("policy-witnesses")).unwrap();
        let note = TlogProof::parse(&receipt).unwrap().checkpoint_note;
        let verdict = Policy::parse(&policy).unwrap().evaluate(&note).unwrap();
        verdict.quorum.unwrap();
        verdict.cosigners.into_iter().map(|c| c.name).collect()
    }

    /// What `/readyz` says when it says one of `words`; the time limit only ends a test that hangs.
    fn wait_ready(&self, words: &str) {
        let address = self.world.server.url.strip_prefix("http://").unwrap();
        let mut answer = String::new();
        for _ in 0..600 {
            let mut tcp = TcpStream::connect(address).unwrap();
            write!(
                tcp,
                "GET /readyz HTTP/1.1\r\nhost: log\r\nconnection: close\r\n\r\n"
            )
            .unwrap();
            answer.clear();
            tcp.read_to_string(&mut answer).unwrap();
            if answer.contains(words) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("never {words}: {answer}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        fs::copy(item.path(), to.join(item.file_name())).unwrap();
    }
}

#[test]
fn both_kinds_of_witnesses_reach_the_quorum_and_notice_a_restored_backup() {
    let mut log = Cosigned::new();
    log.wait_ready("200 OK");
    let both = ["fra.example/verifier", "deu.example/verifier"];
    for name in ["one", "two"] {
        assert_eq!(log.submit(name), both);
    }
    log.restart(|path| {
        for name in ["data", "anchor"] {
            copy(&path.join(name), &path.join("backup").join(name));
        }
    });
    log.wait_ready("200 OK");
    assert_eq!(log.submit("three"), both);

    // The newest store and anchor are gone; both copies are from before the last record.
    log.restart(|path| {
        for name in ["data", "anchor"] {
            fs::remove_dir_all(path.join(name)).unwrap();
            copy(&path.join("backup").join(name), &path.join(name));
        }
    });
    log.wait_ready("another history");
    log.world.sign_report("four", "four");
    let submit = [
        "submit",
        "four.signed",
        "--wait-for",
        "checkpointed",
        "--patience",
        "2",
    ];
    let refused = log.world.run(&submit);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.stderr.contains("another history"), "{refused:?}");
    let path = log.world.path();
    let anchor = |directory: &Path| fs::read(directory.join("anchor/anchor")).unwrap();
    assert_eq!(
        anchor(path),
        anchor(&path.join("backup")),
        "nothing was signed"
    );
    log.world.list("incidents");
}
