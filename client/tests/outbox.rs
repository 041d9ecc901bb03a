//! The outbox with the real programs: killed at any moment, without a server, refused, and lied to.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::world::{TRUCELOG, World, run, serve};
use trucelog_client::reader::LocalLog;
use trucelog_client::trust::Trust;
use trucelog_proto::pb::record::Body;

/// A time-out that ends a hung test.
const HUNG: Duration = Duration::from_secs(120);

const STATION: [&str; 2] = ["--station-dir", "UKR-m1"];

/// Puts a report of m1 into the outbox and gives its digest.
fn add(world: &World, narrative: &str, more: &[&str]) -> String {
    world.write_report(narrative);
    let add = [
        "outbox",
        "add",
        "report.json",
        "--member",
        "UKR",
        "--station",
        "m1",
    ];
    let printed = run(world.path(), None, &[&add[..], &STATION, more].concat()).ok();
    printed.split(' ').nth(1).unwrap().to_owned()
}

fn forward(world: &World) -> support::world::Done {
    world.run(&[&["outbox", "run"][..], &STATION].concat())
}

fn status(world: &World) -> Value {
    let status = [&["outbox", "status"][..], &STATION, &["-o", "json"]].concat();
    // Omission ends with an error, in a line of its own.
    let done = run(world.path(), None, &status);
    serde_json::from_str(done.stdout.lines().next().unwrap()).unwrap()
}

fn states(world: &World) -> Vec<String> {
    let status = status(world);
    let records = status["records"].as_array().unwrap().iter();
    records
        .map(|record| record["state"].as_str().unwrap().to_owned())
        .collect()
}

/// The narratives of the log's reports, in its order.
fn logged(world: &World) -> Vec<String> {
    world.run(&["verify", "log"]).ok();
    let state = world.path().join("state");
    let log = LocalLog::open(&state, &Trust::open(&state, None, None).unwrap()).unwrap();
    let mut narratives = Vec::new();
    log.for_each(log.size(), |entry| {
        if let Some(Body::IncidentReport(report)) = entry.record.body {
            narratives.push(report.narrative);
        }
        Ok(())
    })
    .unwrap();
    narratives
}

/// A time between 0 and `most` that differs in every call.
fn moment(most: Duration) -> Duration {
    let mut random = [0; 4];
    getrandom::fill(&mut random).unwrap();
    most.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}

fn start(directory: &Path, url: Option<&str>, arguments: &[&str]) -> Child {
    let mut command = Command::new(TRUCELOG);
    command
        .args(arguments)
        .current_dir(directory)
        .env("TRUCELOG_STATE", directory.join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(url) = url {
        command.env("TRUCELOG_REMOTE", url);
    }
    command.spawn().unwrap()
}

/// Waits until `done`, or for so long that something hangs.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < HUNG, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn receipts(world: &World) -> usize {
    let signed = fs::read_dir(world.path().join("UKR-m1/signed")).unwrap();
    let paths = signed.map(|entry| entry.unwrap().path());
    let is_receipt = |path: &PathBuf| path.extension().is_some_and(|end| end == "tlog-proof");
    paths.filter(is_receipt).count()
}

#[test]
fn an_absent_server_is_waited_for() {
    let mut world = World::new();
    world.server.child.kill().unwrap();
    world.server.child.wait().unwrap();
    let narratives = ["One.", "Two.", "Three."];
    for narrative in narratives {
        add(&world, narrative, &[]);
    }
    assert_eq!(states(&world), ["waiting"; 3]);
    let limited = [&["outbox", "run", "--patience", "1"][..], &STATION].concat();
    assert_eq!(world.run(&limited).code, Some(5));

    // The runner goes on by itself when the server is back, at the address where it was.
    let address = world.server.url.strip_prefix("http://").unwrap().to_owned();
    let follow = [&["outbox", "run", "--follow"][..], &STATION].concat();
    let mut runner = start(world.path(), Some(&world.server.url), &follow);
    std::thread::sleep(Duration::from_secs(1));
    world.server = support::world::serve_at(world.path(), &address);
    until("forwarding", || receipts(&world) == 3);
    // What is added while it runs is sent too; another runner is refused.
    add(&world, "Four.", &[]);
    until("forwarding what was added later", || receipts(&world) == 4);
    assert_eq!(forward(&world).code, Some(5));
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert_eq!(logged(&world), ["One.", "Two.", "Three.", "Four."]);
    assert_eq!(states(&world), ["logged"; 4]);
}

/// Both `add` and `run` are killed at random moments: every record arrives once, in order.
#[test]
fn a_kill_at_any_moment_loses_nothing_and_sends_nothing_twice() {
    let world = World::new();
    let directory = world.path();
    let mut expected = Vec::new();
    let mut killed = 0;
    for number in 0..30 {
        let narrative = format!("Report {number}.");
        world.write_report(&narrative);
        let add = [
            "outbox",
            "add",
            "report.json",
            "--once",
            "--member",
            "UKR",
            "--station",
            "m1",
        ];
        let add = [&add[..], &STATION].concat();
        let forward = [&["outbox", "run"][..], &STATION].concat();
        let mut runner = start(directory, Some(&world.server.url), &forward);
        // The caller tries again until the command has ended by itself.
        loop {
            let mut child = start(directory, None, &add);
            std::thread::sleep(moment(Duration::from_millis(30)));
            // It may have ended already.
            drop(child.kill());
            match child.wait().unwrap().code() {
                Some(0) => break,
                code => assert_eq!(code, None, "add was not killed and failed"),
            }
            killed += 1;
        }
        std::thread::sleep(moment(Duration::from_millis(60)));
        drop(runner.kill());
        killed += u32::from(runner.wait().unwrap().code().is_none());
        expected.push(narrative);
    }
    assert!(killed > 0, "nothing was killed, so nothing is shown");
    forward(&world).ok();
    assert_eq!(logged(&world), expected);
    assert_eq!(states(&world), ["logged"; 30]);
}

#[test]
fn a_refusal_stops_the_outbox_and_is_mended_in_its_place() {
    let world = World::new();
    add(&world, "One.", &[]);
    // A withdrawal of nothing.
    let withdrawal =
        json!({"withdrawal": {"target": "ab".repeat(32), "reason": "WITHDRAWAL_REASON_ERROR"}});
    fs::write(world.path().join("withdrawal.json"), withdrawal.to_string()).unwrap();
    let wrong = ["outbox", "add", "withdrawal.json"];
    let printed = world.run(&[&wrong[..], &STATION].concat()).ok();
    let refused = printed.split(' ').nth(1).unwrap().to_owned();
    add(&world, "Three.", &[]);
    let done = forward(&world);
    assert_eq!(done.code, Some(6), "{done:?}");
    for part in ["REFERENCE_UNKNOWN", "withdrawal.target", "remedy:"] {
        assert!(done.stderr.contains(part), "{part}: {done:?}");
    }
    assert_eq!(states(&world), ["logged", "refused", "waiting"]);
    assert_eq!(
        status(&world)["records"][1]["refused"]["reason"],
        "REFERENCE_UNKNOWN"
    );
    // Nothing heals by itself, and later records wait.
    assert_eq!(forward(&world).code, Some(6));
    add(&world, "Four.", &[]);
    assert_eq!(states(&world), ["logged", "refused", "waiting", "waiting"]);

    let mended = add(&world, "Two.", &["--replaces", &refused]);
    forward(&world).ok();
    assert_eq!(logged(&world), ["One.", "Two.", "Three.", "Four."]);
    let mut states = states(&world);
    states.sort();
    assert_eq!(states, ["logged", "logged", "logged", "logged", "replaced"]);
    let record = world.run(&["get", "record", &mended, "-o", "json"]).json();
    assert_eq!(record["record"]["sequence"], 2);
    assert_eq!(record["record"]["replaces"], json!([refused]));
}

/// What was refused because of the state of the log is sent again as it is, once that state has changed.
#[test]
fn a_refusal_that_heals_needs_no_other_record() {
    let world = World::new();
    support::world::new_key(world.path(), "UKR-m2");
    world.write_report("Early.");
    let station = ["--station-dir", "UKR-m2"];
    let add = [
        "outbox",
        "add",
        "report.json",
        "--member",
        "UKR",
        "--station",
        "m2",
    ];
    world.run(&[&add[..], &station].concat()).ok();
    let forward = [&["outbox", "run"][..], &station].concat();
    assert_eq!(world.run(&forward).code, Some(6));
    let key = ["key", "convert", "UKR-m2/key.pem", "--to", "hex"];
    let key = world.run(&key).ok();
    let enrol = format!(
        "station enrol --name m2 --role monitor --public-key {}",
        key.trim_end()
    );
    world.write("UKR-authority", &enrol);
    world.run(&forward).ok();
    assert_eq!(logged(&world), ["Early."]);
}

/// The operator restores an old state of its store and lets history begin anew from there: the receipts tell.
#[test]
fn an_accepted_record_that_never_appears_is_named_with_evidence() {
    let mut world = World::new();
    add(&world, "Before.", &[]);
    forward(&world).ok();
    let stop = |world: &mut World| {
        world.server.child.kill().unwrap();
        world.server.child.wait().unwrap();
    };
    stop(&mut world);
    for directory in ["data", "anchor"] {
        copy(
            &world.path().join(directory),
            &world.path().join(format!("old-{directory}")),
        );
    }
    world.server = serve(world.path());
    add(&world, "Left out.", &[]);
    forward(&world).ok();
    stop(&mut world);
    for directory in ["data", "anchor"] {
        fs::remove_dir_all(world.path().join(directory)).unwrap();
        fs::rename(
            world.path().join(format!("old-{directory}")),
            world.path().join(directory),
        )
        .unwrap();
    }
    world.server = serve(world.path());
    // Nothing is verified yet, so nothing is compared, and the answer says so.
    assert_eq!(status(&world)["not_compared"], 2);
    world.run(&["verify", "log"]).ok();
    assert_eq!(states(&world), ["logged", "logged"]);
    assert_eq!(status(&world)["not_compared"], 1);

    world.enrol("UKR", "m2", "monitor", &[]);
    world.run(&["verify", "log"]).ok();
    let done = run(
        world.path(),
        None,
        &[&["outbox", "status"][..], &STATION].concat(),
    );
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("OMITTED"), "{done:?}");
    let shown = status(&world);
    assert_eq!(states(&world), ["logged", "omitted"]);
    let evidence = shown["records"][1]["evidence"].as_str().unwrap();
    let verify = ["verify", "evidence", evidence, "-o", "json"];
    let verdict = run(world.path(), None, &verify).json();
    assert_eq!(verdict["kind"], "omitted", "{verdict}");
    assert_eq!(verdict["explanation"].as_array().unwrap().len(), 3);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
