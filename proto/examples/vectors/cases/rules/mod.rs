//! The rules: for each section of the specification a history, and records that may follow it or may not.
//!
//! `rules/SECTION/history.json` holds the entries of a lawful log from its charter on. Every other file of the folder
//! holds a record that comes after them, after further entries of its own if there are any. To add a section, write a
//! module beside the others and name it in [`SECTIONS`].

mod activation;
mod attribution;
mod case;
mod charter;
mod closure;
mod correction;
mod corroboration;
mod coverage_report;
mod decision;
mod disclosure;
mod envelope;
mod evidence_item;
mod follow_up;
mod incident_report;
mod membership;
mod party_statement;
mod protocol_text;
mod ratification;
mod remedy;
mod reopening;
mod rule_set;
mod station_change;
mod summary;
mod vote;
mod withdrawal;

#[path = "../../../../tests/support/mod.rs"]
pub(crate) mod support;

use std::{collections::BTreeMap, path::PathBuf};

use prost::Message as _;
use serde_json::{Value, json};
use support::Log;
use trucelog_proto::{
    entry::{Entry, genesis_hash},
    hash::{CharterDigest, LeafIndex},
    pb::{self, record::Body},
    record::{KnownKeys, LogId, record_digest},
    refusal::Reason,
    state::MemoryState,
    verify::{self, Finding, StopError, Verifier},
};

use super::{OK, hex, unhex, vectors};

const HISTORY: &str = "history";

/// A section of the specification: the name of its folder, and its cases.
type Section = (&'static str, fn() -> Cases);

/// The sections that have vectors.
pub(crate) const SECTIONS: &[Section] = &[
    ("activation", activation::cases),
    ("attribution", attribution::cases),
    ("case", case::cases),
    ("charter", charter::cases),
    ("closure", closure::cases),
    ("correction", correction::cases),
    ("corroboration", corroboration::cases),
    ("coverage_report", coverage_report::cases),
    ("decision", decision::cases),
    ("disclosure", disclosure::cases),
    ("electorate", attribution::without_electorate),
    ("envelope", envelope::cases),
    ("evidence_item", evidence_item::cases),
    ("follow_up", follow_up::cases),
    ("incident_report", incident_report::cases),
    ("membership", membership::cases),
    ("party_statement", party_statement::cases),
    ("protocol_text", protocol_text::cases),
    ("ratification", ratification::cases),
    ("remedy", remedy::cases),
    ("reopening", reopening::cases),
    ("rule_set", rule_set::cases),
    ("station_change", station_change::cases),
    ("summary", summary::cases),
    ("vote", vote::cases),
    ("withdrawal", withdrawal::cases),
];

/// The cases of one section.
pub(crate) struct Cases {
    history: Vec<Vec<u8>>,
    files: BTreeMap<&'static str, Value>,
}

/// Reason and field of a refusal.
pub(crate) type Refused = (String, String);

impl Cases {
    /// Starts with the log that every case continues.
    pub(crate) fn after(history: &Log, description: &str) -> Self {
        let file = json!({
            "description": description,
            "entries_hex": hex_list(&history.entries),
            "origin": history.id.origin.to_string(),
        });
        Self {
            history: history.entries.clone(),
            files: BTreeMap::from([(HISTORY, file)]),
        }
    }

    /// Adds a record that the log may hold next.
    pub(crate) fn accepts(
        &mut self,
        name: &'static str,
        description: &str,
        log: &Log,
        record: &pb::Record,
    ) {
        self.add(name, description, log, record, None);
    }

    /// Adds a record that the log may not hold next.
    pub(crate) fn rejects(
        &mut self,
        name: &'static str,
        description: &str,
        log: &Log,
        record: &pb::Record,
        (reason, field): (Reason, &str),
    ) {
        let refused = Some((reason.name().to_owned(), field.to_owned()));
        self.add(name, description, log, record, refused);
    }

    /// Adds a record that differs in one thing from `good`, which the log may hold next.
    pub(crate) fn refuses(
        &mut self,
        name: &'static str,
        description: &str,
        (log, good): (&Log, &pb::Record),
        mutate: impl FnOnce(&mut pb::Record),
        refused: (Reason, &str),
    ) {
        log.judge(good)
            .unwrap_or_else(|refusal| panic!("{name}, mended: {refusal}"));
        let mut bad = good.clone();
        mutate(&mut bad);
        self.rejects(name, description, log, &bad, refused);
    }

    fn add(
        &mut self,
        name: &'static str,
        description: &str,
        log: &Log,
        record: &pb::Record,
        refused: Option<Refused>,
    ) {
        let entries = log.entries.strip_prefix(self.history.as_slice());
        let entries = entries.expect("every case continues the history");
        let mut file = json!({
            "accepted_time": log.now.to_string(),
            "description": description,
            "entries_hex": hex_list(entries),
            "expect": refused.as_ref().map_or(OK, |(reason, _)| reason),
            "signed_record_hex": hex(&log.signed(record).encode_to_vec()),
        });
        if let Some((_, field)) = &refused {
            file["field"] = json!(field);
        }
        assert_eq!(replay(&self.files[HISTORY], &file), refused, "{name}");
        assert!(self.files.insert(name, file).is_none(), "two cases {name}");
    }
}

/// A body that a station may log next, and what is put wrong with it.
pub(crate) struct Good<'a, B> {
    cases: &'a mut Cases,
    log: &'a Log,
    author: (&'static str, &'static str),
    body: B,
    wrap: fn(B) -> Body,
    below: &'static str,
}

impl Cases {
    /// Adds a body that the log may hold next, to be put wrong afterwards. Field paths are told below `below`.
    pub(crate) fn good<'a, B: Clone>(
        &'a mut self,
        (name, description): (&'static str, &str),
        (log, author): (&'a Log, (&'static str, &'static str)),
        (body, wrap): (B, fn(B) -> Body),
        below: &'static str,
    ) -> Good<'a, B> {
        let record = log.record(author.0, author.1, wrap(body.clone()));
        self.accepts(name, description, log, &record);
        Good {
            cases: self,
            log,
            author,
            body,
            wrap,
            below,
        }
    }
}

impl<B: Clone> Good<'_, B> {
    /// Adds the body with one thing put wrong.
    pub(crate) fn refuses(
        &mut self,
        name: &'static str,
        description: &str,
        mutate: impl FnOnce(&mut B),
        (reason, field): (Reason, &str),
    ) {
        let mut body = self.body.clone();
        mutate(&mut body);
        let record = self
            .log
            .record(self.author.0, self.author.1, (self.wrap)(body));
        let field = [self.below, field].join(".");
        let field = field.trim_end_matches('.');
        self.cases
            .rejects(name, description, self.log, &record, (reason, field));
    }
}

/// Returns every file that the source gives.
pub(crate) fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (section, cases) in SECTIONS {
        for (name, file) in cases().files {
            let path = folder(section).join(format!("{name}.json"));
            files.insert(path, format(&file));
        }
    }
    files
}

/// Returns the folder of a section.
pub(crate) fn folder(section: &str) -> PathBuf {
    vectors().join("rules").join(section)
}

/// Formats a file with its fields in alphabetical order, whatever map `serde_json` was built with.
fn format(file: &Value) -> Vec<u8> {
    let fields: BTreeMap<&String, &Value> = file.as_object().unwrap().iter().collect();
    (serde_json::to_string_pretty(&fields).unwrap() + "\n").into_bytes()
}

/// Replays a case after the history of its section: the refusal, if the record is refused.
pub(crate) fn replay(history: &Value, case: &Value) -> Option<Refused> {
    let entries = [bytes_list(history), bytes_list(case)].concat();
    let first = entries.first().map(|entry| Entry::decode(entry).unwrap());
    let founding = first.map_or_else(|| signed_record(case), |first| first.signed_record);
    let charter = founding.record;
    let id = LogId {
        origin: history["origin"].as_str().unwrap().parse().unwrap(),
        charter: CharterDigest::from_bytes(*record_digest(&charter).as_bytes()),
    };
    let mut verifier = Verifier::<MemoryState>::new(id.clone());
    let keys = KnownKeys::default();
    let mut append = |bytes: &[u8]| {
        let index = LeafIndex::new(verifier.size().get());
        verifier.append(verify::check(&id, &keys, index, bytes))
    };
    let mut previous = genesis_hash(&id.origin);
    for bytes in &entries {
        previous = append(bytes).unwrap().leaf;
    }
    let next = Entry {
        index: LeafIndex::new(u64::try_from(entries.len()).unwrap()),
        previous,
        accepted_time: case["accepted_time"].as_str().unwrap().parse().unwrap(),
        signed_record: signed_record(case),
    };
    match append(&next.encode()) {
        Ok(_) => None,
        Err(
            StopError::False(
                Finding::Bytes { refusal, .. }
                | Finding::Signature { refusal, .. }
                | Finding::Rule { refusal, .. },
            )
            | StopError::Newer { refusal, .. },
        ) => Some((refusal.reason.name().to_owned(), refusal.field)),
        Err(other) => panic!("{other}"),
    }
}

fn signed_record(case: &Value) -> pb::SignedRecord {
    let bytes = unhex(case["signed_record_hex"].as_str().unwrap());
    pb::SignedRecord::decode(bytes.as_slice()).unwrap()
}

fn hex_list(items: &[Vec<u8>]) -> Vec<String> {
    items.iter().map(|item| hex(item)).collect()
}

fn bytes_list(file: &Value) -> Vec<Vec<u8>> {
    let items = file["entries_hex"].as_array().unwrap();
    items
        .iter()
        .map(|item| unhex(item.as_str().unwrap()))
        .collect()
}
