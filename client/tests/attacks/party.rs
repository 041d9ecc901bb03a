//! Somebody who has pinned a log and runs `trucelog`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trucelog_client::trust::Trust;

use crate::support::world::{Done, run};
use crate::table::{Hand, Seen, Verdict};

/// A directory with a policy, and a state of its own.
pub(crate) struct Party {
    directory: tempfile::TempDir,
    trust: Trust,
    url: String,
}

/// What a program printed last, and how it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) answer: Value,
}

impl Party {
    /// Somebody who trusts as `trust` says and asks the server at `url`.
    pub(crate) fn of(trust: &Trust, url: &str) -> Self {
        let party = Self {
            directory: tempfile::tempdir().unwrap(),
            trust: trust.clone(),
            url: url.to_owned(),
        };
        party.write("policy", trust.policy.format().as_bytes());
        party
    }

    /// Somebody without a network.
    pub(crate) fn offline(trust: &Trust) -> Self {
        Self::of(trust, "")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The arguments of a command, with what is pinned.
    pub(crate) fn arguments(&self, command: &str) -> Vec<String> {
        let charter = self.trust.id.charter.to_string();
        let pinned = ["--policy", "policy", "--charter", &charter, "-o", "json"];
        let words = command.split_whitespace().chain(pinned);
        words.map(str::to_owned).collect()
    }

    /// Runs `trucelog` with these words.
    pub(crate) fn run(&self, command: &str) -> Ended {
        let arguments = self.arguments(command);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = || run(self.path(), Some(&self.url), &arguments);
        Ended::of(&tokio::task::block_in_place(run))
    }

    /// What is accepted, as it is on disk.
    pub(crate) fn accepted(&self) -> [Option<Vec<u8>>; 3] {
        ["checkpoint", "snapshot", "journal"]
            .map(|name| fs::read(self.path().join("state").join(name)).ok())
    }

    /// Compares how a program ended with what the table says, and judges what is in hand as somebody else would, who has
    /// the file and has pinned the log.
    #[track_caller]
    pub(crate) fn check(&self, seen: &Seen, ended: &Ended) {
        let Ended { code, answer } = ended;
        seen.verdict.check(*code, answer);
        let kept = answer["evidence"]
            .as_str()
            .map(|path| self.path().join(path));
        match seen.hand {
            Hand::Evidence {
                proves,
                notes,
                entries,
            } => {
                let kept = kept.unwrap();
                let file: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
                let list = |name: &str| file[name].as_array().unwrap().clone();
                let names: Vec<_> = list("notes")
                    .iter()
                    .map(|note| note["name"].clone())
                    .collect();
                let indexes: Vec<_> = list("entries")
                    .iter()
                    .map(|item| item["index"].clone())
                    .collect();
                assert_eq!(
                    (names, indexes),
                    (
                        notes.to_vec().iter().map(|n| (*n).into()).collect(),
                        entries.iter().map(|i| (*i).into()).collect()
                    )
                );
                let judged =
                    Self::offline(&self.trust).run(&format!("verify evidence {}", kept.display()));
                assert_eq!(
                    judged.code,
                    Some(if proves { 0 } else { 3 }),
                    "{}",
                    judged.answer
                );
            }
            Hand::Charters => {
                let judge = format!("verify evidence {}", kept.unwrap().display());
                assert_eq!(self.run(&judge).code, Some(0));
                assert_eq!(Self::offline(&self.trust).run(&judge).code, Some(3));
            }
            Hand::File(_) => {
                for path in answer["evidence"].as_str().unwrap().split(' ') {
                    assert!(self.path().join(path).exists(), "{answer}");
                }
            }
            Hand::Nothing(_) => assert_eq!(kept, None),
        }
    }
}

impl Ended {
    /// Compares with what was expected.
    #[track_caller]
    pub(crate) fn is(&self, verdict: Verdict) {
        verdict.check(self.code, &self.answer);
    }

    #[track_caller]
    pub(crate) fn of(done: &Done) -> Self {
        let last = done.stdout.lines().last().unwrap_or_default();
        let answer = serde_json::from_str(last);
        Self {
            code: done.code,
            answer: answer.unwrap_or_else(|error| panic!("{error}: {done:?}")),
        }
    }
}
