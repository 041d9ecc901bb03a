//! `trucelogd mirror`, the real program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Log;
use super::lines::{HUNG, Lines};
use super::operator::Operator;
use super::world::TRUCELOG;

/// A running mirror. It serves a head that it has verified.
pub struct Mirror {
    child: Child,
    addr: String,
    log: Lines,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Mirror {
    /// Starts the mirror of what `operator` serves, with its copy in `directory`, and waits until it listens.
    pub fn start(directory: &Path, operator: &Operator, log: &Log) -> Self {
        fs::write(directory.join("policy"), log.trust().policy.format()).unwrap();
        let text = format!(
            "data_dir = \"data\"\nevidence_dir = \".\"\npolicy = \"policy\"\nupstream = \"{}\"\nlisten = \"127.0.0.1:0\"\n\
             poll_s = 1\n",
            operator.url
        );
        fs::write(directory.join("mirror.toml"), text).unwrap();
        let mut child = Command::new(Path::new(TRUCELOG).with_file_name("trucelogd"))
            .args(["mirror", "-c"])
            .arg(directory.join("mirror.toml"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        let listening = Lines::of(child.stdout.take().unwrap()).text();
        let addr = listening.trim_end().strip_prefix("listening ").unwrap();
        Self {
            addr: addr.to_owned(),
            child,
            log,
        }
    }

    /// Where it serves its copy.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits until it logs something with these words, and gives the line.
    pub fn says(&self, words: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            assert!(begun.elapsed() < HUNG, "it never says {words:?}");
            let line = self.log.text();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to end, and gives its exit code.
    pub fn end(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        tokio::task::block_in_place(|| self.child.wait())
            .unwrap()
            .code()
    }
}

/// The file of evidence that a line of the log names.
pub fn evidence(directory: &Path, line: &str) -> PathBuf {
    let name = line.split("evidence=\"").nth(1).unwrap().split('"').next();
    directory.join(name.unwrap())
}
