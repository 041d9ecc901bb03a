//! What a person and a program read of a busy log: the life of a case with its clocks, and every list.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use support::world::{MEMBERS, World};
use trucelog_client::json::{format_time, parse_time};
use trucelog_client::station::now_ms;

const HOUR: u64 = 3_600_000;

/// A busy log, with the digests that the tests ask for.
struct Busy {
    world: World,
    report: String,
    case: String,
    /// When the first breach began as it was first claimed, and as it was corrected.
    breach_times: [String; 2],
}

impl Busy {
    fn new() -> Self {
        let world = staffed();
        let (report, _) = world.sign_report("Two explosions.", "report");
        let first = earliest_time(&world);
        world.run(&["submit", "report.signed"]).ok();
        let confirm = format!("corroborate {report} --result confirm --means uav");
        world.write("FRA-v1", &confirm);
        let found = format!("case --title Shelling --report {report} --party RUS");
        let case = world.write("DEU-v1", &found);
        world.write(
            "DEU-l1",
            &format!("statement {report} --party RUS --stance deny"),
        );
        let corrected = move_five_hours_back(&world, &first);
        world.write(
            "UKR-m1",
            &format!("correct report.json --target {report} --reason time"),
        );
        let attribution = attribute(&world, &case);
        respond(&world, &attribution);
        world.write("DEU-c1", &format!("close {case} --reason Done"));
        watch(&world);
        agree(&world);
        world.run(&["verify", "log"]).ok();
        Self {
            world,
            report,
            case,
            breach_times: [first, corrected],
        }
    }

    fn json(&self, words: &str) -> Value {
        let words: Vec<&str> = words.split(' ').chain(["-o", "json"]).collect();
        self.world.run(&words).json()
    }

    /// The lines of an answer in NDJSON.
    fn lines(&self, words: &str) -> Vec<Value> {
        let text = self.text(&format!("{words} -o ndjson"));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn text(&self, words: &str) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        self.world.run(&words).ok()
    }
}

fn staffed() -> World {
    let world = World::new();
    for (member, name, role) in [
        ("UKR", "i1", "investigator"),
        ("FRA", "v1", "verifier"),
        ("DEU", "v1", "verifier"),
        ("DEU", "l1", "party-liaison"),
    ] {
        world.enrol(member, name, role, &[]);
    }
    for member in MEMBERS {
        world.enrol(member, "c1", "commissioner", &[]);
    }
    world
}

fn written_report(world: &World) -> Value {
    let text = fs::read_to_string(world.path().join("report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn earliest_time(world: &World) -> String {
    let report = written_report(world);
    report["incident_report"]["earliest_time"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Rewrites `report.json` so that the breach began five hours before `first`, and gives that time.
fn move_five_hours_back(world: &World, first: &str) -> String {
    let moved = format_time(parse_time(first).unwrap() - 5 * HOUR).unwrap();
    let mut report = written_report(world);
    report["incident_report"]["earliest_time"] = json!(moved);
    fs::write(world.path().join("report.json"), report.to_string()).unwrap();
    moved
}

/// Votes of all members' stations `name`, and the decision.
fn carry(world: &World, proposal: &str, name: &str) -> String {
    for member in MEMBERS {
        let vote = format!("vote {proposal} --choice concur");
        world.write(&format!("{member}-{name}"), &vote);
    }
    world.run(&["verify", "log"]).ok();
    world.write(&format!("FRA-{name}"), &format!("decide {proposal}"))
}

fn attribute(world: &World, case: &str) -> String {
    let propose = format!(
        "propose attribution --case {case} --clause 2.1 --finding party --party RUS --basis organ --intent \
         deliberate --standard clear-and-convincing --confidence high --finality final --title Responsibility"
    );
    let proposal = world.write("DEU-c1", &propose);
    carry(world, &proposal, "c1")
}

fn respond(world: &World, attribution: &str) {
    let propose = format!(
        "propose remedy --decision {attribution} --measure logistical-support --stage first --title Support"
    );
    let proposal = world.write("DEU-authority", &propose);
    let decision = carry(world, &proposal, "authority");
    let approve = format!("activate {decision} --choice approve");
    let activation = world.write("FRA-authority", &approve);
    world.write(
        "FRA-authority",
        &format!("follow-up {activation} --status started"),
    );
}

/// A camera that was up for an hour and then down for one, sealed evidence, and a summary that counts wrong.
fn watch(world: &World) {
    let ago = |hours: u64| format_time(now_ms() - hours * HOUR).unwrap();
    let (begun, down, end) = (ago(3), ago(2), ago(1));
    let cover = |from: &str, to: &str, more: &str| {
        let command = format!("coverage camera-4 --earliest-time {from} --latest-time {to} {more}");
        world.write("UKR-m1", &command);
    };
    cover(&begun, &down, "--status up --observed-count 0");
    cover(&down, &end, "--status down");
    fs::write(world.path().join("secret.txt"), "Camera 4.").unwrap();
    world.write("UKR-i1", "evidence secret.txt --seal opening.json");
    world.run(&["verify", "log"]).ok();
    let size = world.list("entries")["size"].clone();
    let summary = format!(
        "summary --earliest-time {} --latest-time {end} --size {size} --count all,reports=47,cases=1",
        ago(24)
    );
    world.write("DEU-v1", &summary);
}

fn agree(world: &World) {
    let digest = "ab".repeat(32);
    let propose = format!(
        "propose protocol-text --text-title Agreement --language en={digest} --effective-time \
         2026-03-17T22:00:00Z --effective-as-written 18-March --title Agreement"
    );
    let proposal = world.write("DEU-authority", &propose);
    let decision = carry(world, &proposal, "authority");
    world.write("UKR-authority", &format!("ratify {decision} --step signed"));
}

#[test]
fn the_life_of_a_case_is_told_with_its_clocks() {
    let busy = Busy::new();
    let [first, corrected] = &busy.breach_times;
    let case = busy.json(&format!("get case {}", busy.case));
    let breach = &case["times"]["first_breach"];
    assert_eq!(breach["in_force"]["time"], json!(corrected));
    assert_eq!(breach["first_claimed"]["time"], json!(first));
    assert_eq!(breach["first_claimed"]["record_digest"], json!(busy.report));
    let due = |time: &str| format_time(parse_time(time).unwrap() + 24 * HOUR);
    assert_eq!(case["clocks"][0]["due_time"], json!(due(corrected)));
    assert_eq!(
        case["clocks"][0]["first_claimed_due_time"],
        json!(due(first))
    );
    assert_eq!(
        case["times"]["first_breach_moves"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        case["times"]["first_corroboration"]["in_force"],
        Value::Null
    );
    assert_eq!(case["status"], "closed: violation");
    let indexes = case["life"].as_array().unwrap().iter();
    let indexes: Vec<u64> = indexes
        .map(|event| event["written"]["index"].as_u64().unwrap())
        .collect();
    assert!(indexes.is_sorted());
    // A report, a check, a case, a statement, a correction; two proposals with three votes and a decision each; an
    // activation, a follow-up and a closure.
    assert_eq!(indexes.len(), 5 + 2 * 5 + 3);

    let text = busy.text(&format!("get case {}", busy.case));
    for part in [
        "Shelling  [closed: violation, 1 report, parties RUS]",
        "as it reads now",
        "first stage, 24 h",
        "the first breach moved at #",
        "[in force, uncorroborated, earlier version corroborated, corrected]",
        "checks the report of #",
        "RUS states: deny about #",
        "decides the attribution of #",
        "closes the case, violation: Done",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_list_is_told_and_no_field_is_missing() {
    let busy = Busy::new();
    let now = now_ms();
    let date = |time: u64| format_time(time).unwrap()[..10].to_owned();
    let days = format!(
        "days --since {} --until {}",
        date(now - 48 * HOUR),
        date(now + 48 * HOUR)
    );
    for (list, count, told) in [
        (
            "incidents",
            1,
            "[in force, uncorroborated, earlier version corroborated, corrected]",
        ),
        ("cases", 1, "[closed: violation, 1 report, parties RUS]"),
        ("decisions", 3, "attribution adopted, 3 concur"),
        ("remedies", 1, "approved, started"),
        ("coverage", 2, "down for 1 h"),
        (&days, 4, "silence says nothing"),
        ("texts", 1, "signed "),
        (
            "summaries",
            1,
            "reports 47 MISMATCH: the log says 1, cases 1",
        ),
        ("withheld", 1, "[withheld]"),
    ] {
        let name = list.split(' ').next().unwrap();
        let json = busy.json(&format!("list {list}"));
        let items = json[name].as_array().unwrap();
        assert_eq!(
            (items.len(), &json["count"]),
            (count, &json!(count)),
            "{json}"
        );
        let fields = |item: &Value| -> BTreeSet<String> {
            item.as_object().unwrap().keys().cloned().collect()
        };
        assert!(
            items.iter().all(|item| fields(item) == fields(&items[0])),
            "{json}"
        );
        assert_eq!(json["schema"], json!(format!("trucelog.list.{name}/v1")));
        let text = busy.text(&format!("list {list}"));
        assert!(text.contains(told), "{told}: {text}");
        assert!(
            text.contains(&format!("{count} {name}\nas of size {}, ", json["size"])),
            "{text}"
        );
        let lines = busy.lines(&format!("list {list}"));
        let (head, rest) = lines.split_first().unwrap();
        assert_eq!(rest, items);
        let mut whole = head.clone();
        whole[name] = json[name].clone();
        assert_eq!(whole, json);
    }
}

#[test]
fn a_decision_a_remedy_and_a_text_are_told_by_the_name_of_any_record_about_them() {
    let busy = Busy::new();
    let decisions = busy.json("list decisions")["decisions"].clone();
    let attribution = ["voted at index ", "decided at index ", "Responsibility"];
    let remedy = [
        "approved, started",
        "measure 1: logistical support",
        "no answer",
    ];
    let text = ["Agreement", "effective 18-March]", "signed "];
    for (number, what, told) in [
        (0, "decision", attribution),
        (1, "remedy", remedy),
        (2, "text", text),
    ] {
        let meant = &decisions[number];
        for digest in [&meant["proposal"], &meant["decision"]["record_digest"]] {
            let get = format!("get {what} {}", digest.as_str().unwrap());
            let json = busy.json(&get);
            assert_eq!(json["proposal"], meant["proposal"], "{json}");
            assert_eq!(json["schema"], json!(format!("trucelog.get.{what}/v1")));
            let text = busy.text(&get);
            for part in told {
                assert!(text.contains(part), "{part}: {text}");
            }
            let end = text.lines().next_back().unwrap();
            assert!(end.starts_with("as of size "), "{end}");
        }
    }
    let attribution = decisions[0]["proposal"].as_str().unwrap();
    let done = busy.world.run(&["get", "remedy", attribution]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(done.stderr.contains("remedy"), "{done:?}");
}

#[test]
fn changes_say_who_changed_what_and_why() {
    let busy = Busy::new();
    let all = busy.json("changes --since 0");
    assert_eq!(all["count"], all["size"]);
    let changes = all["changes"].as_array().unwrap();
    let is_correction = |change: &&Value| change["body"] == "correction";
    let correction = changes.iter().find(is_correction).unwrap();
    assert_eq!(correction["written"]["member"], "UKR");
    assert_eq!(correction["reason"], "CORRECTION_REASON_TIME");
    let subject = json!({ "kind": "incident", "name": busy.report });
    assert_eq!(correction["subject"], subject);
    let field = &correction["changes"][0];
    assert_eq!(field["path"], "earliest_time");
    let [old, new] = ["old", "new"].map(|name| field[name].as_str().unwrap().to_owned());
    let times = busy
        .breach_times
        .clone()
        .map(|time| parse_time(&time).unwrap().to_string());
    assert_eq!([old, new], times);

    let index = correction["written"]["index"].as_u64().unwrap();
    let since = format!("changes --since {index} --as-of {}", index + 1);
    let lines = busy.lines(&since);
    assert_eq!(
        (&lines[0]["size"], &lines[1]),
        (&json!(index + 1), correction)
    );
    let text = busy.text(&since);
    let [first, of_field, count, as_of] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(first.starts_with(&format!("#{index} ")), "{first}");
    assert!(first.contains("UKR/m1"), "{first}");
    assert!(
        first.contains(&format!("correction of incident {}", busy.report)),
        "{first}"
    );
    assert!(of_field.starts_with("  earliest_time: "), "{of_field}");
    assert_eq!(count, "1 changes");
    let (size, verified) = (index + 1, &all["verified_size"]);
    assert!(
        as_of.starts_with(&format!("as of size {size} (of {verified} verified), ")),
        "{as_of}"
    );

    let size = all["size"].as_u64().unwrap();
    assert_eq!(busy.json(&format!("changes --since {size}"))["count"], 0);
    let beyond = (size + 1).to_string();
    let done = busy.world.run(&["changes", "--since", &beyond]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let list = ["list", "incidents", "--since", "2026-03-01T00:00:00Z"];
    let done = busy
        .world
        .run(&[&list[..], &["--until", "2026-03-01T00:00:00Z"]].concat());
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("until"), "{done:?}");
}

#[test]
fn days_that_cannot_be_cut_are_refused() {
    let world = World::new();
    world.run(&["verify", "log"]).ok();
    let list = |zone: &str, until: &str| {
        let days = ["list", "days", "--since", "2021-10-29", "--until", until];
        world.run(&[&days[..], &["--time-zone", zone]].concat())
    };
    let done = list("Europe/Nowhere", "2021-11-02");
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("Europe/Kyiv"), "{done:?}");
    assert_eq!(list("Europe/Kyiv", "2021-10-29").code, Some(2));
    let done = list("Europe/Kyiv", "2031-12-31");
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(
        done.stderr.contains("more than 3660 days; ask for a part"),
        "{done:?}"
    );
    let text = list("Europe/Kyiv", "2021-11-02").ok();
    assert!(
        text.contains("nobody says that anybody was watching"),
        "{text}"
    );
}
