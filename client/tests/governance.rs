//! The commands by which members change the log's own order, against the real server: members, rules, agreed texts; and
//! the rest of a case's life.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::world::{MEMBERS, World, new_key, run};

/// Lets every member concur, and decides. Gives the decision.
fn adopt(world: &World, voters: &[&str], proposal: &str) -> String {
    for voter in voters {
        world.write(voter, &format!("vote {proposal} --choice concur"));
    }
    world.run(&["verify", "log"]).ok();
    let decision = world.write(voters[0], &format!("decide {proposal}"));
    world.run(&["verify", "log"]).ok();
    decision
}

fn authorities() -> Vec<String> {
    let names = MEMBERS.iter();
    names.map(|member| format!("{member}-authority")).collect()
}

fn rules(world: &World) -> Value {
    let charter = fs::read(world.path().join("charter.json")).unwrap();
    let charter: Value = serde_json::from_slice(&charter).unwrap();
    charter["charter"]["rules"].clone()
}

/// Runs a command that the rules refuse, and gives what it says.
#[track_caller]
fn refused(world: &World, station: &str, command: &str) -> String {
    let (member, name) = station.split_once('-').unwrap();
    let claims = format!("--station-dir {station} --member {member} --station {name}");
    let words = format!("{command} {claims}");
    let words: Vec<&str> = words.split_whitespace().collect();
    let done = world.run(&words);
    assert!(matches!(done.code, Some(2 | 6)), "{done:?}");
    done.stderr
}

#[test]
fn a_member_is_admitted_reports_and_departs() {
    let world = World::new();
    let founders = authorities();
    let founders: Vec<&str> = founders.iter().map(String::as_str).collect();
    let [authority, recovery] =
        ["authority", "recovery"].map(|name| new_key(world.path(), &format!("NOR-{name}")));
    let propose = format!(
        "propose membership --change admit --code NOR --name Norway --authority-key {authority} --recovery-key \
         {recovery} --title Admission"
    );
    let proposal = world.write("DEU-authority", &propose);
    let enrol = |station: &str| {
        format!(
            "station enrol --name {station} --role authority --public-key {}",
            new_key(world.path(), &format!("NOR-{station}"))
        )
    };
    let early = refused(&world, "NOR-authority", &enrol("early"));
    assert!(early.contains("KEY_UNKNOWN"), "{early}");
    let decision = adopt(&world, &founders, &proposal);

    // The new member's own authority acts: it votes on what is proposed after its admission.
    let propose = "propose membership --change depart --code FRA --title Departure";
    let proposal = world.write("NOR-authority", propose);
    let voters = ["NOR-authority", "DEU-authority", "UKR-authority"];
    let departure = adopt(&world, &voters, &proposal);
    let late = refused(
        &world,
        "FRA-authority",
        "propose membership --change depart --code UKR --title No",
    );
    assert!(
        late.contains("MEMBER_DEPARTED") || late.contains("KEY_REVOKED"),
        "{late}"
    );

    // Offline, from the policy and the charter's digest alone.
    world
        .run(&["get", "bundle", &departure, "--out", "departure.json"])
        .ok();
    let verify = ["verify", "bundle", "departure.json", "-o", "json"];
    let verdict = run(world.path(), None, &verify).json();
    let records = verdict["entries"].as_array().unwrap().iter();
    let digests: Vec<&Value> = records.map(|entry| &entry["record_digest"]).collect();
    assert!(digests.contains(&&json!(decision)), "{verdict}");
}

#[test]
fn new_rules_are_in_force_from_their_decision_on() {
    let world = World::new();
    let authorities = authorities();
    let authorities: Vec<&str> = authorities.iter().map(String::as_str).collect();
    let mut rules = rules(&world);
    let kinds = rules["proposal_rules"].as_array_mut().unwrap();
    kinds.retain(|rule| rule["kind"] != "PROPOSAL_KIND_PROTOCOL_TEXT");
    fs::write(world.path().join("rules.json"), rules.to_string()).unwrap();
    fs::write(world.path().join("agreement.txt"), "Guns are silent.").unwrap();
    let text = "propose protocol-text --text-title Agreement --language en=agreement.txt --effective-time \
                2026-03-17T22:00:00Z --effective-as-written Midnight --title Text";

    let proposal = world.write("DEU-authority", "propose rules rules.json --title Fewer");
    let before = world.write("FRA-authority", text);
    adopt(&world, &authorities, &proposal);
    let after = refused(&world, "FRA-authority", text);
    assert!(after.contains("PROPOSAL_KIND_NOT_ALLOWED"), "{after}");
    // What was proposed before keeps the rules that it was proposed under.
    adopt(&world, &authorities, &before);
}

#[test]
fn a_text_is_adopted_signed_and_ratified() {
    let world = World::new();
    let authorities = authorities();
    let authorities: Vec<&str> = authorities.iter().map(String::as_str).collect();
    for name in ["agreement.txt", "clause.txt", "instrument.pdf"] {
        fs::write(world.path().join(name), name).unwrap();
    }
    let text = "propose protocol-text --text-title Agreement --language en=agreement.txt --clause 2.1=clause.txt \
                --effective-time 2026-03-17T22:00:00Z --effective-as-written Midnight --title Text";
    let proposal = world.write("DEU-authority", text);
    let decision = adopt(&world, &authorities, &proposal);
    let ratified = format!(
        "ratify {decision} --step ratified --body Bundestag --procedure Article-59 --instrument instrument.pdf"
    );
    let early = refused(&world, "DEU-authority", &ratified);
    assert!(early.contains("ratification.step"), "{early}");
    world.write("DEU-authority", &format!("ratify {decision} --step signed"));
    world.write("DEU-authority", &ratified);
    world.run(&["verify", "log"]).ok();
    let texts = world.list("texts");
    let shown = texts.to_string();
    for part in [&decision, "Agreement", "RATIFICATION_STEP_RATIFIED"] {
        assert!(shown.contains(part), "{part}: {texts}");
    }
}

#[test]
fn a_remedy_is_carried_out_and_the_case_closed_and_reopened() {
    let world = World::new();
    world.enrol("DEU", "v1", "verifier", &[]);
    for member in MEMBERS {
        world.enrol(member, "c1", "commissioner", &[]);
    }
    let (report, _) = world.sign_report("Three explosions.", "report");
    world.run(&["submit", "report.signed"]).ok();
    let case = format!("case --title Shelling --report {report} --party RUS");
    let case = world.write("DEU-v1", &case);
    let attribute = format!(
        "propose attribution --case {case} --clause 2.1 --finding party --party RUS --basis organ --intent deliberate --confidence high --standard \
         clear-and-convincing --finality final --title Responsibility"
    );
    let proposal = world.write("DEU-c1", &attribute);
    let close = format!("close {case} --reason Done");
    world.run(&["verify", "log"]).ok();
    let open = refused(&world, "DEU-c1", &close);
    assert!(
        open.contains("CASE_PROPOSAL_OPEN") || open.contains("PROPOSAL_OPEN"),
        "{open}"
    );
    let attribution = adopt(&world, &["DEU-c1", "FRA-c1", "UKR-c1"], &proposal);

    let authorities = authorities();
    let authorities: Vec<&str> = authorities.iter().map(String::as_str).collect();
    let remedy = format!(
        "propose remedy --decision {attribution} --measure diplomatic-warning --title Warning"
    );
    let proposal = world.write("DEU-authority", &remedy);
    let remedy = adopt(&world, &authorities, &proposal);
    let activate = format!("activate {remedy} --choice approve");
    let activation = world.write("FRA-authority", &activate);
    for status in ["started", "done"] {
        let follow_up = format!("follow-up {activation} --status {status}");
        world.write("FRA-authority", &follow_up);
    }

    world.write("DEU-c1", &close);
    world.run(&["verify", "log"]).ok();
    let status = || world.run(&["get", "case", &case, "-o", "json"]).json()["status"].clone();
    assert_eq!(status(), "closed: violation");
    let (late, _) = world.sign_report("Found late.", "late");
    world.run(&["submit", "late.signed"]).ok();
    let reopen = format!("reopen {case} --evidence {late} --reason Late");
    world.write("UKR-c1", &reopen);
    world.run(&["verify", "log"]).ok();
    assert_eq!(status(), "reopened");
    let life = world.run(&["get", "case", &case]).ok();
    for part in [
        "Shelling",
        "closes the case",
        "opens the case again",
        "FRA       approved, done",
        &report,
    ] {
        assert!(life.contains(part), "{part}: {life}");
    }
}
