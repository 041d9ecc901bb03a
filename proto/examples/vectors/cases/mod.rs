//! The vectors: what goes in, and whether it is accepted.
//!
//! An input whose name ends in `_hex` is bytes in hexadecimal; numbers are decimal text; hashes are hexadecimal; all
//! else is text as it stands.

#![expect(clippy::unwrap_used, reason = "the inputs are our own")]
#![expect(clippy::too_many_lines, reason = "tables of cases")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "numbers, names and hashes are given as they are"
)]
#![expect(
    clippy::unnecessary_wraps,
    reason = "every artefact has functions of the same form"
)]

use std::{collections::BTreeMap, path::PathBuf};

use ed25519_dalek::SigningKey;
use serde_json::{Map, Value, json};
use trucelog_proto::{
    error::{DecodeError, Error, PolicyError, VerifyError},
    hash::{LeafHash, NodeHash, TreeSize},
    refusal::Refusal,
    signature::PublicKey,
    tree::{self, RightEdge},
};

mod canonical;
mod checkpoint;
mod cosignature;
#[path = "entry.rs"]
mod entry_cases;
mod note;
mod policy;
mod proof;
mod record;
pub(crate) mod rules;
mod sealed;
mod signature;
mod succession;
mod tile;
mod tlog_proof;
mod tlog_witness;
#[path = "tree.rs"]
mod tree_cases;

/// The artefacts that have vectors.
pub(crate) const ARTEFACTS: &[Artefact] = &[
    tree_cases::ARTEFACT,
    proof::ARTEFACT,
    tile::ARTEFACT,
    note::ARTEFACT,
    checkpoint::ARTEFACT,
    cosignature::ARTEFACT,
    policy::ARTEFACT,
    tlog_proof::ARTEFACT,
    tlog_witness::ARTEFACT,
    signature::ARTEFACT,
    canonical::ARTEFACT,
    record::ARTEFACT,
    sealed::ARTEFACT,
    succession::ARTEFACT,
    entry_cases::ARTEFACT,
];

pub(crate) struct Artefact {
    /// The name of the folder, the specification and the fuzz target.
    pub(crate) name: &'static str,
    cases: fn() -> Vec<Case>,
    /// Gives the inputs to the software.
    replay: fn(&Inputs) -> Result<(), Failed>,
    /// Turns the inputs into what the fuzz target of the same name takes.
    seed: fn(&Inputs) -> Option<Vec<u8>>,
}

/// The class of an error: `DecodeError`, `VerifyError`, `PolicyError`, or the reason of a refusal.
pub(crate) struct Failed(&'static str);

macro_rules! classes {
    ($($error:ty)*) => {
        $(impl From<$error> for Failed {
            fn from(error: $error) -> Self {
                Self(Error::from(error).class())
            }
        })*
    };
}

classes! { Error DecodeError VerifyError PolicyError }

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.reason.name())
    }
}

pub(crate) struct Case {
    name: &'static str,
    description: &'static str,
    expect: &'static str,
    inputs: Inputs,
}

pub(crate) const OK: &str = "ok";
pub(crate) const DECODE: &str = "DecodeError";
pub(crate) const VERIFY: &str = "VerifyError";
pub(crate) const POLICY: &str = "PolicyError";

pub(crate) fn case(
    name: &'static str,
    expect: &'static str,
    description: &'static str,
    inputs: Inputs,
) -> Case {
    Case {
        name,
        description,
        expect,
        inputs,
    }
}

/// The named inputs of a case.
#[derive(Clone, Default)]
pub(crate) struct Inputs(pub(crate) Map<String, Value>);

impl Inputs {
    pub(crate) fn text(mut self, name: &str, text: impl ToString) -> Self {
        self.0.insert(name.to_owned(), json!(text.to_string()));
        self
    }

    pub(crate) fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.text(&format!("{name}_hex"), hex(bytes))
    }

    pub(crate) fn list<T: ToString>(mut self, name: &str, items: &[T]) -> Self {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        self.0.insert(name.to_owned(), json!(items));
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name) || self.0.contains_key(&format!("{name}_hex"))
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    /// Returns bytes, given as text or in hexadecimal.
    pub(crate) fn data(&self, name: &str) -> Vec<u8> {
        match self.0.get(&format!("{name}_hex")) {
            Some(text) => unhex(text.as_str().unwrap()),
            None => self.get(name).as_bytes().to_vec(),
        }
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap()
    }

    pub(crate) fn items(&self, name: &str) -> Vec<&str> {
        self.0[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item.as_str().unwrap())
            .collect()
    }

    pub(crate) fn hashes(&self, name: &str) -> Vec<NodeHash> {
        self.items(name)
            .iter()
            .map(|hash| hash.parse().unwrap())
            .collect()
    }
}

/// Returns every file that the source gives, vectors and seeds.
pub(crate) fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = rules::files();
    for artefact in ARTEFACTS {
        for case in (artefact.cases)() {
            let verdict = artefact.verdict(&case.inputs);
            assert_eq!(verdict, case.expect, "{}/{}", artefact.name, case.name);
            if let Some(seed) = (artefact.seed)(&case.inputs) {
                files.insert(
                    root()
                        .join("fuzz/seeds")
                        .join(artefact.name)
                        .join(case.name),
                    seed,
                );
            }
            let path = vectors()
                .join(artefact.name)
                .join(format!("{}.json", case.name));
            let earlier = files.insert(path, case.format());
            assert!(
                earlier.is_none(),
                "two cases {}/{}",
                artefact.name,
                case.name
            );
        }
    }
    files
}

/// Returns the folder of the vectors.
pub(crate) fn vectors() -> PathBuf {
    root().join("proto/vectors")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Artefact {
    /// Replays inputs and names the verdict: `ok` or the class of the error.
    pub(crate) fn verdict(&self, inputs: &Inputs) -> &'static str {
        match (self.replay)(inputs) {
            Ok(()) => OK,
            Err(Failed(class)) => class,
        }
    }
}

impl Case {
    /// Formats the case with its fields in alphabetical order, whatever map `serde_json` was built with.
    fn format(&self) -> Vec<u8> {
        let sorted: BTreeMap<String, Value> = self.inputs.0.clone().into_iter().collect();
        let mut case = Map::new();
        case.insert("description".to_owned(), json!(self.description));
        case.insert("expect".to_owned(), json!(self.expect));
        case.insert(
            "inputs".to_owned(),
            Value::Object(sorted.into_iter().collect()),
        );
        let text = serde_json::to_string_pretty(&Value::Object(case)).unwrap();
        (text + "\n").into_bytes()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The private key of the vectors with this number: that byte 32 times.
pub(crate) fn private(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> PublicKey {
    PublicKey::of(&private(seed))
}

/// The tree of the vectors has seven entries, `entry 0` to `entry 6`.
pub(crate) const SIZE: u64 = 7;

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

pub(crate) fn leaf(index: u64) -> LeafHash {
    tree::leaf_hash(&entry(index))
}

pub(crate) fn edge(size: u64) -> RightEdge {
    let mut edge = RightEdge::new();
    (0..size).for_each(|index| edge.append(leaf(index)));
    edge
}

/// Reads the leaves of a small tree, whose larger subtrees it computes.
pub(crate) struct Leaves;

impl tree::HashReader for Leaves {
    type Error = std::convert::Infallible;

    fn node(&self, id: tree::NodeId) -> Result<NodeHash, Self::Error> {
        let mut edge = RightEdge::new();
        (id.index << id.level..(id.index + 1) << id.level)
            .for_each(|index| edge.append(leaf(index)));
        Ok(NodeHash::from_bytes(*edge.root().as_bytes()))
    }
}

pub(crate) fn size(value: u64) -> TreeSize {
    TreeSize::new(value)
}
