//! Answers and files that are far too large: refused with the limit named, in bounded memory.

use std::process::Command;

use base64ct::{Base64, Encoding as _};
use prost::Message as _;
use serde_json::json;
use trucelog_proto::note::{Note, NoteSignature};

use crate::party::{Ended, Party};
use crate::support::operator::Operator;
use crate::support::world::{TRUCELOG, finish};
use crate::support::{LOG, Log, MONITOR, key};
use crate::table::{By, Hand, Row, Seen, Verdict, Who, lead, proof, show_all};

/// Bytes of data that a program may have: more ends it at once, without a verdict.
const MEMORY_KIB: u64 = 128 * 1024;

const HASHES: usize = 1_000_000;
/// The length of one answer of a server that the client takes, bytes.
const ANSWER: &str = "the limit is: 4194304 bytes";
const NOTE: &str = "note: 2000002 bytes, at most 524288 are allowed";
const LINES: &str = "note lines: more than 100 items";

/// A flood, and who sees what of it.
struct Flood {
    who: Who,
    attack: &'static str,
    command: &'static str,
    /// Prepares the operator and the files of the party.
    pour: fn(&Operator, &Party, &Log),
    seen: Seen,
}

const fn seen(by: By, verdict: Verdict, hand: Hand) -> Seen {
    Seen { by, verdict, hand }
}

const NOTHING: Hand =
    Hand::Nothing("nothing: the answer proves nothing; ask again or ask another server");
const FILE: Hand = Hand::File("the file, which proves nothing");

const PROOF_ANSWER: &str = "answers with a proof of 10^6 hashes";
const NOTE_ANSWER: &str = "answers with a note of 10 MB";
const FLOODS: &[Flood] = &[
    Flood {
        who: Who::Server,
        attack: PROOF_ANSWER,
        command: "verify consistency old new",
        pour: |operator, party, log| {
            write_heads(party, log);
            operator.answer_proofs(vec![vec![7; 32]; HASHES]);
        },
        seen: seen(By::Comparer, Verdict::NotChecked(ANSWER), NOTHING),
    },
    Flood {
        who: Who::Server,
        attack: PROOF_ANSWER,
        command: "submit report.signed",
        pour: |operator, party, log| {
            write_record(party, log);
            operator.answer_records(endless_receipt(log));
        },
        seen: seen(By::Submitter, Verdict::NotChecked(ANSWER), NOTHING),
    },
    Flood {
        who: Who::Server,
        attack: "answers with a proof of 100,000 hashes, which one answer can hold",
        command: "verify consistency old new",
        pour: |operator, party, log| {
            write_heads(party, log);
            operator.answer_proofs(vec![vec![7; 32]; 100_000]);
        },
        seen: seen(
            By::Comparer,
            Verdict::NotProven("proof: 100000 hashes, must be 4"),
            NOTHING,
        ),
    },
    Flood {
        who: Who::Operator,
        attack: "has changed a record, and answers with inclusion proofs of 10^6 hashes",
        command: "verify log",
        pour: |operator, _, log| {
            let mut log = log.clone();
            log.forge_narrative(4);
            operator.show(log);
            operator.answer_proofs(vec![vec![7; 32]; HASHES]);
        },
        seen: seen(
            By::Newcomer,
            Verdict::False("signature", Some(4)),
            lead(&["served"], &[4]),
        ),
    },
    Flood {
        who: Who::Anybody,
        attack: "hands out a receipt with 10^6 hashes",
        command: "verify receipt given.tlog-proof",
        pour: |_, party, log| drop(party.write("given.tlog-proof", &endless_receipt(log))),
        seen: seen(
            By::Holder,
            Verdict::FalseFile("at most 655360 are allowed"),
            FILE,
        ),
    },
    Flood {
        who: Who::Anybody,
        attack: "hands out a bundle with a proof of 10^6 hashes",
        command: "verify bundle given.json",
        pour: |_, party, log| drop(party.write("given.json", endless_bundle(log).as_bytes())),
        seen: seen(
            By::BundleHolder,
            Verdict::FalseFile("a proof of more than 64 hashes"),
            FILE,
        ),
    },
    Flood {
        who: Who::Anybody,
        attack: "hands out evidence of 10 MB",
        command: "verify evidence given.json",
        pour: |_, party, _| drop(party.write("given.json", &vec![b' '; 10_000_000])),
        seen: seen(
            By::Judge,
            Verdict::FalseFile("longer than 8388608 bytes"),
            FILE,
        ),
    },
    Flood {
        who: Who::Server,
        attack: NOTE_ANSWER,
        command: "verify log",
        pour: |operator, _, log| operator.show_note(log.clone(), long_note(10_000_000)),
        seen: seen(By::Newcomer, Verdict::NotChecked(ANSWER), NOTHING),
    },
    Flood {
        who: Who::Server,
        attack: "answers with a note of 2 MB, which one answer can hold",
        command: "verify log",
        pour: |operator, _, log| operator.show_note(log.clone(), long_note(2_000_000)),
        seen: seen(By::Newcomer, Verdict::NotChecked(NOTE), NOTHING),
    },
    Flood {
        who: Who::Anybody,
        attack: "hands out a head of 2 MB",
        command: "verify checkpoint given",
        pour: |_, party, _| drop(party.write("given", &long_note(2_000_000))),
        seen: seen(
            By::Checker,
            Verdict::Unusable(NOTE),
            Hand::Nothing("the file, which is no head"),
        ),
    },
    Flood {
        who: Who::Server,
        attack: "answers with a note of 1,000 signatures",
        command: "verify log",
        pour: |operator, _, log| operator.show_note(log.clone(), with_signatures(log, 1_000)),
        seen: seen(By::Newcomer, Verdict::NotChecked(LINES), NOTHING),
    },
    Flood {
        who: Who::Anybody,
        attack: "hands out a head with 1,000 signatures",
        command: "verify checkpoint given",
        pour: |_, party, log| drop(party.write("given", &with_signatures(log, 1_000))),
        seen: seen(
            By::Checker,
            Verdict::Unusable(LINES),
            Hand::Nothing("the file, which is no head"),
        ),
    },
    Flood {
        who: Who::Operator,
        attack: "signs a tree with an entry of 3.5 MB, and sends 50 more of them",
        command: "verify log",
        pour: |operator, _, log| {
            let mut log = log.clone();
            let large = vec![7; 3_500_000];
            log.entries.extend(vec![large; 51]);
            operator.show(log);
        },
        seen: seen(
            By::Newcomer,
            Verdict::False("bytes", Some(8)),
            proof(&["served"], &[8]),
        ),
    },
];

pub(crate) fn rows() -> Vec<Row> {
    let rows = FLOODS.iter().map(|flood| Row {
        who: flood.who,
        attack: flood.attack,
        seen: flood.seen,
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods() {
    let log = Log::with_reports(6);
    let rows = FLOODS
        .iter()
        .map(|flood| (format!("{}: {:?}", flood.attack, flood.seen), flood.show()));
    show_all(rows).await;
    let operator = Operator::serve(log.clone()).await;
    let party = Party::of(&log.trust(), &operator.url);
    run_bounded(&party, &operator, "verify log").is(Verdict::Verified);
}

impl Flood {
    async fn show(&self) {
        let log = Log::with_reports(6);
        let operator = Operator::serve(log.clone()).await;
        let party = Party::of(&log.trust(), &operator.url);
        (self.pour)(&operator, &party, &log);
        let ended = run_bounded(&party, &operator, self.command);
        party.check(&self.seen, &ended);
    }
}

/// Runs `trucelog` with so much memory and no more.
fn run_bounded(party: &Party, operator: &Operator, command: &str) -> Ended {
    let mut bounded = Command::new("sh");
    bounded
        .args([
            "-c",
            &format!("ulimit -d {MEMORY_KIB} && exec \"$0\" \"$@\""),
            TRUCELOG,
        ])
        .args(party.arguments(command))
        .current_dir(party.path())
        .env("TOKIO_WORKER_THREADS", "2")
        .env("RAYON_NUM_THREADS", "2")
        .env("TRUCELOG_STATE", party.path().join("state"))
        .env("TRUCELOG_REMOTE", &operator.url);
    Ended::of(&tokio::task::block_in_place(|| finish(&mut bounded)))
}

fn write_heads(party: &Party, log: &Log) {
    let mut older = log.clone();
    older.truncate(5);
    party.write("old", &older.note());
    party.write("new", &log.note());
}

fn write_record(party: &Party, log: &Log) {
    let record = log.report_at(4, "Three explosions.");
    party.write("report.signed", &record.encode_to_vec());
}

fn endless_receipt(log: &Log) -> Vec<u8> {
    let receipt = String::from_utf8(log.receipt(5)).unwrap();
    let (head, note) = receipt.split_once("\n\n").unwrap();
    let hash = Base64::encode_string(&[7; 32]);
    let hashes = format!("\n{hash}").repeat(HASHES);
    format!("{head}{hashes}\n\n{note}").into_bytes()
}

fn endless_bundle(log: &Log) -> String {
    let hash = Base64::encode_string(&[7; 32]);
    let entry = json!({
        "index": 0,
        "entry": Base64::encode_string(&log.entries[0]),
        "inclusion": vec![hash; HASHES],
    });
    let bundle = json!({
        "schema": "trucelog.bundle/v1",
        "record": log.digest(0).to_string(),
        "checkpoint": String::from_utf8(log.note()).unwrap(),
        "entries": [entry],
    });
    bundle.to_string()
}

fn long_note(len: usize) -> Vec<u8> {
    let mut note = vec![b'x'; len];
    note.extend_from_slice(b"\n\n");
    note
}

/// The log's note with so many lines by its own key and by others.
fn with_signatures(log: &Log, count: usize) -> Vec<u8> {
    let text = log.checkpoint().format();
    let name = log.id.origin.key_name();
    let lines =
        [LOG, MONITOR].map(|seed| NoteSignature::sign(&text, name, &key(seed)).to_string() + "\n");
    let note = Note::parse(&log.note()).unwrap().text().to_owned();
    format!("{note}\n{}", lines.concat().repeat(count / 2)).into_bytes()
}
