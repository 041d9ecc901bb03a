//! The commands over a real socket against the real server, from an empty directory to a decided case.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};

use serde_json::json;
use support::world::{Done, MEMBERS, TRUCELOG, World, run, serve};

#[test]
fn a_report_is_logged_and_its_receipt_verified_without_a_network() {
    let world = World::new();
    let (digest, file) = world.sign_report("One.", "one");
    world.run(&["submit", "one.signed"]).ok();
    let receipt = file.with_extension("tlog-proof");
    // The server is not needed, nor its address.
    let verify = [
        "verify",
        "receipt",
        "one.tlog-proof",
        "--record",
        "one.signed",
        "-o",
        "json",
    ];
    let verdict = run(world.path(), None, &verify).json();
    assert_eq!(verdict["schema"], "trucelog.verify.receipt/v1");
    assert_eq!(
        (&verdict["record_digest"], &verdict["index"]),
        (&json!(digest), &json!(2))
    );

    let (_, other) = world.sign_report("Two.", "two");
    let wrong = [
        "verify",
        "receipt",
        "one.tlog-proof",
        "--record",
        other.to_str().unwrap(),
    ];
    let done = run(world.path(), None, &wrong);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stdout.starts_with("FALSE ") && done.stdout.contains("one.tlog-proof"),
        "{done:?}"
    );

    let text = fs::read_to_string(&receipt)
        .unwrap()
        .replace("index 2", "index 1");
    fs::write(&receipt, text).unwrap();
    assert_eq!(run(world.path(), None, &verify).code, Some(1));
    assert_eq!(
        run(world.path(), None, &["verify", "receipt", "missing"]).code,
        Some(5)
    );
}

#[test]
fn submitting_again_sends_only_what_has_no_valid_receipt() {
    let world = World::new();
    fs::create_dir(world.path().join("out")).unwrap();
    for number in 1..=5 {
        world.sign_report(&format!("Report {number}."), &format!("out/{number}"));
    }
    let counts = |done: Done| {
        let json = done.json();
        (
            json["logged"].clone(),
            json["had_receipt"].clone(),
            json["refused"].clone(),
        )
    };
    let submit = ["submit", "out", "-o", "json"];
    assert_eq!(counts(world.run(&submit)), (json!(5), json!(0), json!(0)));
    assert_eq!(counts(world.run(&submit)), (json!(0), json!(5), json!(0)));

    fs::remove_file(world.path().join("out/2.tlog-proof")).unwrap();
    let damaged = fs::File::options()
        .write(true)
        .open(world.path().join("out/4.tlog-proof"))
        .unwrap();
    damaged.write_all_at(b"A", 100).unwrap();
    damaged.write_all_at(b"B", 101).unwrap();
    assert_eq!(counts(world.run(&submit)), (json!(2), json!(3), json!(0)));
    world.run(&["verify", "log"]).ok();
    assert_eq!(world.list("incidents")["count"], 5);
}

#[test]
fn a_refusal_says_what_to_do_and_is_mended_at_the_same_sequence() {
    let world = World::new();
    // No record exists with this digest.
    let withdraw = [
        "withdraw",
        &"ab".repeat(32),
        "--reason",
        "error",
        "--station-dir",
        "UKR-m1",
        "--member",
        "UKR",
        "--station",
        "m1",
    ];
    let done = world.run(&withdraw);
    assert_eq!(done.code, Some(6), "{done:?}");
    for part in ["REFERENCE_UNKNOWN", "withdrawal.target", "remedy:"] {
        assert!(done.stderr.contains(part), "{part}: {done:?}");
    }
    // The next record takes the same sequence and names the refused one.
    let (digest, _) = world.sign_report("Mended.", "mended");
    world.run(&["submit", "mended.signed"]).ok();
    world.run(&["verify", "log"]).ok();
    let record = world.run(&["get", "record", &digest, "-o", "json"]).json();
    assert_eq!(record["record"]["sequence"], 1);
    assert_eq!(record["record"]["replaces"].as_array().unwrap().len(), 1);
}

#[test]
fn a_killed_server_loses_nothing_and_the_same_command_goes_on() {
    let mut world = World::new();
    world.sign_report("Before.", "before");
    world.run(&["submit", "before.signed"]).ok();
    world.run(&["verify", "log"]).ok();
    world.server.child.kill().unwrap();
    world.server.child.wait().unwrap();
    world.sign_report("After.", "after");
    let done = world.run(&["submit", "after.signed", "--patience", "1"]);
    assert_eq!(done.code, Some(5), "{done:?}");
    assert_eq!(
        world.run(&["verify", "log", "--patience", "1"]).code,
        Some(5)
    );

    world.server = serve(world.path());
    world.run(&["submit", "before.signed", "after.signed"]).ok();
    let report = world.run(&["verify", "log", "-o", "json"]).json();
    assert_eq!(
        (&report["size_before"], &report["entries_verified"]),
        (&json!(3), &json!(1))
    );
}

#[test]
fn a_verdict_needs_the_pinned_log() {
    let world = World::new();
    let first = ["verify", "log", "--state", "fresh"];
    assert_eq!(world.run(&first).code, Some(2));
    let other = "00".repeat(32);
    let pinned = |charter: &str| {
        world
            .run(&[
                "verify",
                "log",
                "--state",
                "fresh",
                "--policy",
                "policy",
                "--charter",
                charter,
            ])
            .code
    };
    assert_eq!(pinned(&other), Some(2));
    assert_eq!(pinned(&world.charter), Some(0));
    assert_eq!(pinned(&other), Some(2));
    assert_eq!(world.run(&first).code, Some(0));
    assert_eq!(
        run(world.path(), None, &first).code,
        Some(2),
        "there is no default server"
    );
}

#[test]
fn a_checkpoint_and_its_growth_are_verified() {
    let world = World::new();
    world.run(&["verify", "log"]).ok();
    let state = world.path().join("state");
    fs::copy(state.join("checkpoint"), world.path().join("old")).unwrap();
    world.sign_report("More.", "more");
    world.run(&["submit", "more.signed"]).ok();
    world.run(&["verify", "log"]).ok();
    fs::copy(state.join("checkpoint"), world.path().join("new")).unwrap();
    world.run(&["verify", "checkpoint", "new"]).ok();
    let printed = world.run(&["verify", "consistency", "old", "new"]).ok();
    assert!(printed.contains("size 3 continues size 2"), "{printed}");
    assert_eq!(
        world.run(&["verify", "consistency", "new", "old"]).code,
        Some(3)
    );
}

#[test]
fn a_breach_goes_from_report_to_activation() {
    let world = World::new();
    world.enrol("DEU", "v1", "verifier", &[]);
    for member in MEMBERS {
        world.enrol(member, "c1", "commissioner", &[]);
    }
    let (report, _) = world.sign_report("Three explosions.", "report");
    world.run(&["submit", "report.signed"]).ok();
    world.write_report("Four explosions.");
    let correct = format!("correct report.json --target {report} --reason count");
    let correction = world.write("UKR-m1", &correct);
    let case = format!("case --title Shelling --report {correction} --party RUS");
    let case = world.write("DEU-v1", &case);
    let attribution = attribute(&world, &case);
    respond(&world, &attribution);
    check_views(&world, &report, &case);
    check_bundle(&world, &attribution);
}

/// A court has the policy, the charter's digest and one file.
fn check_bundle(world: &World, attribution: &str) {
    let get = ["get", "bundle", attribution, "--out", "decision.json"];
    world.run(&get).ok();
    let court = tempfile::tempdir().unwrap();
    for file in ["decision.json", "policy"] {
        fs::copy(world.path().join(file), court.path().join(file)).unwrap();
    }
    let pinned = ["--policy", "policy", "--charter", &world.charter];
    let verify = [&["verify", "bundle", "decision.json"], &pinned[..]].concat();
    let verdict = run(court.path(), None, &[&verify[..], &["-o", "json"]].concat()).json();
    assert_eq!(verdict["record_digest"], attribution);
    let bodies: Vec<&str> = verdict["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let fields = entry["record"].as_object().unwrap().keys();
            let envelope = ["member", "station", "sequence", "replaces", "created_time"];
            let mut body = fields.filter(|name| !envelope.contains(&name.as_str()));
            body.next().unwrap().as_str()
        })
        .collect();
    // The enrolments of the monitor, the verifier and three commissioners, and what the decision rests on.
    let counts = [
        ("charter", 1),
        ("station_change", 5),
        ("incident_report", 1),
        ("correction", 1),
        ("case", 1),
        ("proposal", 1),
        ("vote", 3),
        ("decision", 1),
    ];
    for (name, count) in counts {
        let found = bodies.iter().filter(|body| **body == name).count();
        assert_eq!(found, count, "{name} in {bodies:?}");
    }
    assert_eq!(bodies.len(), 14, "{bodies:?}");
    let printed = run(court.path(), None, &verify).ok();
    let line = printed.lines().last().unwrap();
    assert!(line.starts_with("VERIFIED bundle"), "{printed}");
    assert!(line.contains("; not proven: "), "{printed}");
    let text = fs::read_to_string(court.path().join("decision.json")).unwrap();
    fs::write(court.path().join("decision.json"), text.replace("AA", "AB")).unwrap();
    let done = run(court.path(), None, &verify);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.starts_with("FALSE decision.json"), "{done:?}");
}

/// Proposes and decides, with one dissent. Gives the decision.
fn attribute(world: &World, case: &str) -> String {
    let propose = format!(
        "propose attribution --case {case} --clause 2.1 --finding party --party RUS --basis organ --intent \
         deliberate --standard clear-and-convincing --confidence high --finality final --title Responsibility"
    );
    let proposal = world.write("DEU-c1", &propose);
    world.write("DEU-c1", &format!("vote {proposal} --choice concur"));
    let dissent = format!("vote {proposal} --choice dissent --opinion Unproven");
    world.write("FRA-c1", &dissent);

    world.run(&["verify", "log"]).ok();
    let early = world.run(&["decide", &proposal, "--station-dir", "DEU-c1"]);
    assert_eq!(early.code, Some(2), "{early:?}");
    assert!(early.stderr.contains("VOTING_OPEN"), "{early:?}");
    assert!(early.stderr.contains("missing UKR"), "{early:?}");

    world.write("UKR-c1", &format!("vote {proposal} --choice concur"));
    world.run(&["verify", "log"]).ok();
    world.write("FRA-c1", &format!("decide {proposal}"))
}

/// Adopts a remedy, which two members answer.
fn respond(world: &World, attribution: &str) {
    let propose = format!(
        "propose remedy --decision {attribution} --measure diplomatic-warning --measure \
         intelligence-support=Images --title Support"
    );
    let proposal = world.write("DEU-authority", &propose);
    for member in MEMBERS {
        let vote = format!("vote {proposal} --choice concur");
        world.write(&format!("{member}-authority"), &vote);
    }
    world.run(&["verify", "log"]).ok();
    let decision = world.write("UKR-authority", &format!("decide {proposal}"));
    let in_part = format!("activate {decision} --choice approve-in-part --measure 2");
    world.write("FRA-authority", &in_part);
    let pending = format!("activate {decision} --choice pending-procedure --procedure Bundestag");
    world.write("DEU-authority", &pending);
}

fn check_views(world: &World, report: &str, case: &str) {
    let before = world.list("entries")["count"].as_u64().unwrap();
    let remedies = world
        .run(&["list", "remedies", "--refresh", "-o", "json"])
        .json();
    assert!(remedies["size"].as_u64().unwrap() > before);
    let answers = |member: usize| remedies["remedies"][0]["responses"][member]["answers"].clone();
    assert_eq!(answers(0), json!(["pending", "pending"]));
    assert_eq!(answers(1), json!(["left out", "approved"]));
    assert_eq!(answers(2), json!(["no answer", "no answer"]));

    let decisions = world.list("decisions");
    assert_eq!(decisions["decisions"][0]["status"], "adopted");
    assert_eq!(decisions["decisions"][0]["tally"]["dissent"], 1);
    assert_eq!(decisions["decisions"][0]["votes"][1]["opinion"], "Unproven");

    let incident = world.run(&["get", "incident", report, "-o", "json"]).json();
    assert_eq!(
        incident["versions"][1]["changes"][0]["path"],
        "earliest_time"
    );
    let index = incident["versions"][1]["written"]["index"].to_string();
    let earlier = world
        .run(&["get", "incident", report, "--as-of", &index, "-o", "json"])
        .json();
    assert_eq!(earlier["versions"].as_array().unwrap().len(), 1);
    assert_eq!(
        world.run(&["get", "case", case, "--as-of", &index]).code,
        Some(4)
    );
    assert_eq!(
        world.run(&["get", "case", case, "-o", "json"]).json()["title"],
        "Shelling"
    );
    assert_eq!(
        world.run(&["list", "cases", "--as-of", "9999"]).code,
        Some(3)
    );
    // A person checks by hand what a record is called.
    let raw = Command::new(TRUCELOG)
        .args(["get", "record", report, "--raw"])
        .env("TRUCELOG_STATE", world.path().join("state"))
        .output()
        .unwrap();
    assert_eq!(
        trucelog_proto::record::record_digest(&raw.stdout).to_string(),
        report
    );
}

#[test]
fn an_interrupted_check_says_so_and_goes_on() {
    let world = World::new();
    // A server that takes the connection and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let child = Command::new(TRUCELOG)
        .args(["verify", "log", "--remote", &url])
        .env("TRUCELOG_STATE", world.path().join("state"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (_connection, _) = silent.accept().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    world.run(&["verify", "log"]).ok();
}
