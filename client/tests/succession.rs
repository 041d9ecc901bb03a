//! Succession with the real programs: an operator is gone, a mirror is left, the members endorse a new log, and who had
//! pinned the old one follows.
//!
//! Needs `trucelogd` beside this test's `trucelog`: `cargo test --workspace` builds both.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::world::{Done, Server, TRUCELOG, World, finish, new_key, run, start};

const NEXT: &str = "example.org/next";

/// A log whose operator is gone, and a mirror that has verified all of it.
struct Orphaned {
    world: World,
}

impl Orphaned {
    fn new() -> Self {
        Self::after(|_| {})
    }

    /// A log in which something has happened before its operator is gone.
    fn after(happens: impl FnOnce(&World)) -> Self {
        let world = World::new();
        happens(&world);
        let (_, report) = world.sign_report("Two explosions.", "report");
        world.run(&["submit", report.to_str().unwrap()]).ok();
        // The verifier's state is older than what the mirror has.
        world.run(&["verify", "log"]).ok();
        let (_, later) = world.sign_report("Three explosions.", "later");
        world.run(&["submit", later.to_str().unwrap()]).ok();
        let config = format!(
            "data_dir = \"mirror-data\"\nevidence_dir = \"mirror\"\npolicy = \"policy\"\nupstream = \"{}\"\n\
             listen = \"127.0.0.1:0\"\npoll_s = 1\n",
            world.server.url
        );
        fs::write(world.path().join("mirror.toml"), config).unwrap();
        let mut orphaned = Self { world };
        drop(orphaned.mirror());
        orphaned.world.server.child.kill().unwrap();
        orphaned.world.server.child.wait().unwrap();
        for key in ["next-log", "next-operator"] {
            new_key(orphaned.path(), key);
        }
        let public = orphaned
            .run("key convert next-operator/key.pem --to pem")
            .ok();
        fs::write(orphaned.path().join("next-operator.pub"), public).unwrap();
        orphaned
    }

    fn path(&self) -> &Path {
        self.world.path()
    }

    /// Starts the mirror, which listens as soon as it has a verified head.
    fn mirror(&self) -> Server {
        start(trucelogd(self.path(), "mirror -c mirror.toml"))
    }

    fn run(&self, words: &str) -> Done {
        let words: Vec<&str> = words.split_whitespace().collect();
        run(self.path(), None, &words)
    }

    /// Drafts the charter of the new log from the mirror.
    fn draft(&self, name: &str) -> Done {
        let words = format!(
            "init --successor-of mirror.toml --draft {name}.json --origin {NEXT} --operator-key next-operator.pub"
        );
        finish(&mut next_trucelogd(self.path(), &words))
    }

    /// Changes the draft `from` into the draft `to`.
    fn edit(&self, from: &str, to: &str, change: impl FnOnce(&mut Value)) {
        let path = |name: &str| self.path().join(format!("{name}.json"));
        let mut draft: Value = serde_json::from_slice(&fs::read(path(from)).unwrap()).unwrap();
        change(&mut draft["charter"]);
        fs::write(path(to), draft.to_string()).unwrap();
    }

    /// Endorses a draft as `member`, with the key of a station directory.
    fn endorse(&self, draft: &str, member: &str, key: &str) -> Done {
        finish(&mut self.endorsing(draft, member, key))
    }

    fn endorsing(&self, draft: &str, member: &str, key: &str) -> Command {
        let words = format!(
            "charter endorse {draft}.json --member {member} --key {key}/key.pem --out {draft}-{member}.endorsement"
        );
        let mut command = Command::new(TRUCELOG);
        command
            .args(words.split_whitespace())
            .current_dir(self.path())
            .env("TRUCELOG_STATE", "state");
        command
    }

    /// Has these members endorse a draft, and signs it as the new operator: `DRAFT.signed`.
    fn charter(&self, draft: &str, members: &[&str]) -> Done {
        let mut words = format!(
            "charter new {draft}.json --key next-operator/key.pem --out {draft}.signed --policy-out {draft}.policy"
        );
        for member in members {
            self.endorse_unseen(draft, member, &format!("{member}-authority"));
            words.push_str(" --endorsement ");
            words.extend([draft, "-", member, ".endorsement"]);
        }
        self.run(&words)
    }

    /// Endorses without a look at the old log.
    fn endorse_unseen(&self, draft: &str, member: &str, key: &str) {
        let mut command = self.endorsing(draft, member, key);
        let printed = finish(command.env_remove("TRUCELOG_STATE")).ok();
        assert!(printed.contains("NOT compared"), "{printed}");
    }

    /// Follows a charter from the verified old log.
    fn follow(&self, charter: &str, into: &str) -> Done {
        self.run(&format!(
            "verify successor {charter}.signed --into {into} -o json"
        ))
    }

    /// Verifies the old log as far as the mirror has it.
    fn catch_up(&self) {
        let mirror = self.mirror();
        let verify = run(self.path(), Some(&mirror.url), &["verify", "log"]);
        verify.ok();
    }

    /// Puts keys, configurations and the state of a verifier where the page has them.
    fn ready_for_the_page(&self) {
        for member in ["DEU", "FRA"] {
            fs::create_dir(self.path().join(member)).unwrap();
            let key = self.path().join(format!("{member}-authority/key.pem"));
            fs::copy(key, self.path().join(member).join("authority.pem")).unwrap();
        }
        let config = "data_dir = \"next-data\"\nanchor_dir = \"next-anchor\"\nlog_key = \"log.pem\"\n\
                      listen = \"127.0.0.1:0\"\n";
        fs::write(self.path().join("next.toml"), config).unwrap();
        let charter = &self.world.charter;
        let mirror = self.mirror();
        let pin = format!(
            "verify log --state audit --policy policy --charter {charter} --remote {}",
            mirror.url
        );
        self.run(&pin).ok();
    }

    /// The commands below a heading of the page.
    fn block(heading: &str) -> String {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/succession.md");
        let page = fs::read_to_string(page).unwrap();
        let below = page.split(&format!("## {heading}\n")).nth(1).unwrap();
        below.split("```\n").nth(1).unwrap().to_owned()
    }

    /// Runs them, with the server that the page calls by an example's name.
    fn page(&self, heading: &str, url: &str) -> String {
        let block = Self::block(heading);
        let block = block.replace("https://mirror.example.org", url);
        self.sh(&block.replace("https://log.example.org", url))
    }

    fn sh(&self, script: &str) -> String {
        let programs = Path::new(TRUCELOG).parent().unwrap().display();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.args(["-euc", script]).current_dir(self.path());
        finish(command.env("PATH", path).env_remove("TRUCELOG_STATE")).ok()
    }

    fn found(&self, charter: &str) -> Done {
        let words = format!("init --successor-of mirror.toml --charter {charter}.signed");
        finish(&mut next_trucelogd(self.path(), &words))
    }
}

fn trucelogd(directory: &Path, words: &str) -> Command {
    let path = Path::new(TRUCELOG).with_file_name("trucelogd");
    assert!(
        path.exists(),
        "{}: run cargo test --workspace",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .args(words.split_whitespace())
        .current_dir(directory);
    command
}

/// The program of the new operator.
fn next_trucelogd(directory: &Path, words: &str) -> Command {
    let settings = "--data-dir next-data --anchor-dir next-anchor --log-key next-log/key.pem --listen 127.0.0.1:0";
    trucelogd(directory, &format!("{words} {settings}"))
}

/// Checks that a command ended with `code` and said `words`.
#[track_caller]
fn refused(done: &Done, code: i32, words: &str) {
    assert_eq!(done.code, Some(code), "{done:?}");
    let all = format!("{}{}", done.stdout, done.stderr);
    assert!(all.contains(words), "{words}: {done:?}");
}

/// The commands of `docs/succession.md`, as they stand there.
#[test]
fn the_page_runs() {
    let old = Orphaned::new();
    old.ready_for_the_page();
    let mirror = old.mirror();
    old.page("1. Let the mirror serve what it has", &mirror.url);
    drop(mirror);
    old.page("2. Draft the new charter", "");
    let endorse = old.page("3. Endorse", "");
    assert!(
        endorse.contains("endorsed by DEU in DEU.endorsement"),
        "{endorse}"
    );
    old.sh(&Orphaned::block("3. Endorse").replace("DEU", "FRA"));
    let found = Orphaned::block("4. Found the new log");
    let (found, serve) = found.rsplit_once("trucelogd ").unwrap();
    let founded = old.sh(found);
    assert!(founded.contains("origin example.org/next"), "{founded}");
    let server = start(trucelogd(old.path(), serve.trim_end()));
    let followed = old.page("5. Follow", &server.url);
    let verified = followed
        .lines()
        .any(|line| line.starts_with("VERIFIED log example.org/next size 1"));
    assert!(verified, "{followed}");
}

#[test]
fn who_pinned_the_old_log_follows_to_the_new_one() {
    let old = Orphaned::new();
    let printed = old.draft("next").ok();
    let predecessor = "predecessor example.org/log size 4 root ";
    assert!(printed.starts_with(predecessor), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    old.edit("next", "next", |charter| {
        charter["title"] = json!("The next log");
    });

    // The verifier is behind: it cannot judge yet, and does not sign what it has not seen.
    let behind = old.endorse("next", "DEU", "DEU-authority");
    refused(&behind, 3, "size 4 was asked for, 3 entries are verified");
    old.catch_up();
    let printed = old.endorse("next", "DEU", "DEU-authority").ok();
    assert!(
        printed.starts_with("trucelog/succession/v1\nexample.org/log\n"),
        "{printed}"
    );
    let changed = "changed charter.title: Example of a ceasefire log -> The next log";
    assert!(printed.contains(changed), "{printed}");
    assert!(!printed.contains("changed charter.members"), "{printed}");
    old.charter("next", &["DEU", "FRA"]).ok();
    old.found("next").ok();

    // Nothing of the new log was pinned by hand.
    let followed = old.follow("next", "next-state").json();
    assert_eq!(followed["verdict"], "verified", "{followed}");
    assert_eq!(followed["endorsed_by"], json!(["DEU", "FRA"]), "{followed}");
    assert_eq!(followed["warnings"], json!([]), "{followed}");
    assert_eq!(old.follow("next", "next-state").code, Some(0));
    let server = start(next_trucelogd(old.path(), "serve"));
    let words = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        run(old.path(), Some(&server.url), &words)
    };
    let verified = words("verify log --state next-state -o json").json();
    assert_eq!(verified["checkpoint"]["origin"], NEXT, "{verified}");

    // The members go on with the keys that they had.
    let key = new_key(old.path(), "UKR-m2");
    fs::create_dir(old.path().join("UKR-next")).unwrap();
    fs::copy(
        old.path().join("UKR-authority/key.pem"),
        old.path().join("UKR-next/key.pem"),
    )
    .unwrap();
    words(&format!(
        "station enrol --name m2 --role monitor --public-key {key} --station-dir UKR-next --member UKR \
         --station authority --state next-state"
    ))
    .ok();
    old.world.write_report("After the succession.");
    words(
        "sign report.json --station-dir UKR-m2 --member UKR --station m2 -o after.signed --state next-state",
    )
    .ok();
    words("submit after.signed --state next-state").ok();
    let verified = words("verify log --state next-state -o json").json();
    assert_eq!(verified["checkpoint"]["size"], 3, "{verified}");
}

#[test]
fn a_successor_that_is_not_one_is_refused() {
    let old = Orphaned::new();
    old.catch_up();
    old.draft("next").ok();

    old.charter("next", &["UKR"]).ok();
    let words = "1 of 3 members endorse, the predecessor's rules demand 2/3";
    refused(&old.follow("next", "next-state"), 3, words);
    refused(&old.found("next"), 3, words);
    assert!(!old.path().join("next-state").exists());
    assert!(!old.path().join("next-data").exists());

    // A key that the old log does not know, and another member's.
    new_key(old.path(), "stranger");
    refused(
        &old.endorse("next", "FRA", "stranger"),
        1,
        "KEY_UNKNOWN at charter.predecessor.endorsements[0].public_key",
    );
    refused(
        &old.endorse("next", "FRA", "DEU-authority"),
        1,
        "OTHER_MEMBER",
    );
    assert!(!old.path().join("next-FRA.endorsement").exists());

    old.edit("next", "wrong", |charter| {
        charter["predecessor"]["root"] = json!("07".repeat(32));
    });
    let words = "predecessor at size 4: the charter states root 0707";
    refused(&old.endorse("wrong", "DEU", "DEU-authority"), 1, words);
    old.charter("wrong", &["DEU", "FRA"]).ok();
    refused(&old.follow("wrong", "next-state"), 1, words);
    refused(&old.found("wrong"), 1, words);

    old.edit("next", "other", |charter| {
        charter["predecessor"]["charter_digest"] = json!("07".repeat(32));
    });
    old.charter("other", &["DEU", "FRA"]).ok();
    refused(&old.follow("other", "next-state"), 3, "WRONG_CHARTER");

    // An endorsement stands for every word.
    old.edit("next", "edited", |charter| {
        charter["title"] = json!("Another title");
    });
    let edited = old.run(
        "charter new edited.json --key next-operator/key.pem --out edited.signed --endorsement next-UKR.endorsement",
    );
    refused(&edited, 2, "SIGNATURE_INVALID");
    assert!(!old.path().join("next-state").exists());
}

#[test]
fn an_ended_key_endorses_no_more() {
    let old = Orphaned::after(|world| {
        let new = new_key(world.path(), "UKR-authority-2");
        let old = ["key", "convert", "UKR-authority/key.pem", "--to", "hex"];
        let rotate = format!(
            "station rotate --name authority --old-key {} --old-last-sequence 1 --new-key {new}",
            world.run(&old).ok().trim_end()
        );
        world.write("UKR-recovery", &rotate);
    });
    old.catch_up();
    old.draft("next").ok();
    refused(
        &old.endorse("next", "UKR", "UKR-authority"),
        1,
        "KEY_REVOKED",
    );
    old.charter("next", &["DEU", "UKR"]).ok();
    refused(&old.follow("next", "next-state"), 1, "KEY_REVOKED");
    refused(&old.found("next"), 1, "KEY_REVOKED");

    // The draft names the key that came in its place, and that one endorses.
    old.endorse("next", "UKR", "UKR-authority-2").ok();
    let signed = "charter new next.json --key next-operator/key.pem --out next.signed \
                  --endorsement next-DEU.endorsement --endorsement next-UKR.endorsement";
    old.run(signed).ok();
    old.found("next").ok();
    let followed = old.follow("next", "next-state").json();
    assert_eq!(followed["verdict"], "verified", "{followed}");
    let show = old.run("charter show next.signed").ok();
    let key = old.run("key convert UKR-authority-2/key.pem --to hex").ok();
    assert!(show.contains(key.trim_end()), "{show}");
}

/// What the old log cannot carry over is said, and has to be mended before anybody endorses.
#[test]
fn a_member_without_a_key_brings_one() {
    let old = Orphaned::after(|world| {
        let key = ["key", "convert", "UKR-authority/key.pem", "--to", "hex"];
        let revoke = format!(
            "station revoke --name authority --public-key {} --last-sequence 2",
            world.run(&key).ok().trim_end()
        );
        world.write("UKR-authority", &revoke);
    });
    old.catch_up();
    let mirror = old.mirror();
    refused(&old.draft("next"), 5, "is the mirror running?");
    drop(mirror);
    let printed = old.draft("next").ok();
    let note = "note: UKR has no authority_key in force: fill it in";
    assert_eq!(printed.lines().last(), Some(note), "{printed}");
    refused(
        &old.endorse("next", "DEU", "DEU-authority"),
        2,
        "KEY_MALFORMED at charter.members[2].authority_key",
    );
    let key = new_key(old.path(), "UKR-new");
    old.edit("next", "next", |charter| {
        charter["members"][2]["authority_key"] = json!(key);
    });
    let printed = old.endorse("next", "DEU", "DEU-authority").ok();
    let changed = format!("changed charter.members[2].authority_key: – -> {key}");
    assert!(printed.contains(&changed), "{printed}");
    // The new key is none of the old log's.
    refused(&old.endorse("next", "UKR", "UKR-new"), 1, "KEY_UNKNOWN");
    old.charter("next", &["DEU", "FRA"]).ok();
    old.found("next").ok();
    assert_eq!(old.follow("next", "next-state").code, Some(0));
}

#[test]
fn two_endorsed_successors_are_evidence() {
    let old = Orphaned::new();
    old.catch_up();
    old.draft("next").ok();
    old.charter("next", &["DEU", "FRA"]).ok();
    old.follow("next", "next-state").ok();
    old.edit("next", "rival", |charter| {
        charter["title"] = json!("A rival log");
    });
    old.charter("rival", &["FRA"]).ok();
    refused(
        &old.follow("rival", "rival-state"),
        3,
        "1 of 3 members endorse",
    );

    old.charter("rival", &["FRA", "UKR"]).ok();
    let contradicted = old.follow("rival", "rival-state");
    assert_eq!(contradicted.code, Some(1), "{contradicted:?}");
    let answer = contradicted.json();
    assert_eq!(answer["kind"], "successors", "{answer}");
    assert!(!old.path().join("rival-state").exists());
    let evidence = answer["evidence"].as_str().unwrap();

    // Who has verified the old log judges it whole; who has only pinned it needs the log.
    let judged = old.run(&format!("verify evidence {evidence}")).ok();
    assert_eq!(judged.lines().count(), 4, "{judged}");
    assert!(judged.contains("FRA endorsed both"), "{judged}");
    let charter = &old.world.charter;
    let alone = old.run(&format!(
        "verify evidence {evidence} --state elsewhere --policy policy --charter {charter}"
    ));
    refused(&alone, 3, "verify that log up to size 4");

    // With one of the charters replaced by one that too few endorse, it does not hold.
    let file = old.path().join(evidence);
    let mut changed: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    changed["charters"][1] = changed["charters"][0].clone();
    fs::write(old.path().join("changed.json"), changed.to_string()).unwrap();
    refused(
        &old.run("verify evidence changed.json"),
        1,
        "both charters are one",
    );
}
