//! The verdicts of the two verifiers on directories of logs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use trucelog_client::Error;
use trucelog_client::entry_source::EntrySource;
use trucelog_client::store::Store;
use trucelog_client::trust::Trust;
use trucelog_client::verifier::verify_log;
use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize};
use trucelog_proto::policy::Policy;
use trucelog_proto::tile::{decode_bundle, decode_tile};
use trucelog_proto::tree::leaf_hash;

use crate::publication::CHECKPOINT;

/// Exit code of `scripts/python` when there is no such Python.
const NOT_INSTALLED: i32 = 69;

/// Served entries, of which a log of a few has one bundle.
struct Served {
    directory: PathBuf,
    start: LeafIndex,
    size: TreeSize,
}

impl EntrySource for Served {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let unreadable = Error::Answer("it holds no bundle of the entries");
        assert_eq!(self.start, LeafIndex::new(0), "one bundle holds all");
        let Ok(width) = u8::try_from(self.size.get()) else {
            return Err(unreadable);
        };
        let path = self.directory.join(format!("tile/entries/000.p/{width}"));
        let bundle = fs::read(path).unwrap_or_default();
        let entries = decode_bundle(&bundle, width.into()).map_err(|_| unreadable)?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }
}

/// The verdict of this project's verifier, in the words of verify.py, and what else it says.
pub(crate) fn first(log: &Path, state: &Path) -> (String, String) {
    let policy = fs::read(log.join("policy")).expect("every log has its policy");
    let trust = Trust::new(Policy::parse(&policy).expect("no edit changes the policy"));
    let store = Store::open(state).expect("the state directory is new");
    let note = fs::read(log.join(CHECKPOINT)).unwrap_or_default();
    let open = |start, size| {
        Ok(Served {
            directory: log.to_owned(),
            start,
            size,
        })
    };
    let stop = AtomicBool::new(false);
    match verify_log(&store, &trust, &note, open, |_| {}, &stop) {
        Ok(report) => {
            let verdict = tiles(log, report.verdict.checkpoint.checkpoint().size);
            (verdict.to_owned(), String::new())
        }
        Err(error) => (verdict_of(&error), error.to_string()),
    }
}

fn verdict_of(error: &Error) -> String {
    match error {
        Error::False(found) => {
            let index = found.what.index();
            let index = index.map_or("-".to_owned(), |index| index.to_string());
            format!("false {} {index}", found.what.kind())
        }
        Error::NotEnough(_) => "not-enough".to_owned(),
        _ => "unreadable".to_owned(),
    }
}

/// Compares the tile of leaf hashes with the entries, which are verified: the verifier itself reads no tile of hashes.
fn tiles(log: &Path, size: TreeSize) -> &'static str {
    let width = u8::try_from(size.get()).expect("the log is short");
    let read = |kind: &str| fs::read(log.join(format!("tile/{kind}/000.p/{width}")));
    if width == 0 {
        return "true";
    }
    let (Ok(bundle), Ok(tile)) = (read("entries"), read("0")) else {
        return "unreadable";
    };
    let entries = decode_bundle(&bundle, width.into()).expect("it was verified");
    let hashes: Vec<NodeHash> = entries
        .into_iter()
        .map(|entry| leaf_hash(entry).into())
        .collect();
    match decode_tile(&tile, width.into()) {
        Ok(found) if found == hashes => "true",
        _ => "false tile 0",
    }
}

/// The verdicts of verify.py by the name of the log, or none when there is no Python to run it.
pub(crate) fn second(logs: &Path) -> Option<BTreeMap<String, String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify.py");
    let printed = python(&[script.as_os_str(), "--many".as_ref(), logs.as_os_str()])?;
    let verdicts = printed.lines().map(|line| {
        let (name, verdict) = line
            .split_once(' ')
            .expect("a line is a name and a verdict");
        (name.to_owned(), verdict.to_owned())
    });
    Some(verdicts.collect())
}

/// What a Python program prints; none when Python with its packages can be neither found nor installed.
pub(crate) fn python<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/python");
    let output = Command::new(script)
        .args(arguments)
        .output()
        .expect("scripts/python is there");
    if output.status.code() == Some(NOT_INSTALLED) {
        return None;
    }
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).expect("it prints text"))
}
