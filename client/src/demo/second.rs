//! The second process: `trucelog` itself, which knows the policy and nothing of what was sent.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::TreeSize;

use super::DemoError;
use super::server::{command, failed};
use crate::Error;
use crate::exit::Exit;
use crate::trust::Trust;

/// File of the receipt that is checked offline.
pub(super) const RECEIPT: &str = "receipt.tlog-proof";

/// A checkpoint that the log's key has signed.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The signed note.
    pub(super) note: Vec<u8>,
    /// Number of entries that it covers.
    pub(super) size: TreeSize,
}

impl Head {
    /// Opens a signed note.
    ///
    /// # Errors
    /// [`DemoError::Client`] when the pinned key has not signed it.
    pub(super) fn open(note: Vec<u8>, trust: &Trust) -> Result<Self, DemoError> {
        let opened = Checkpoint::open(&note, trust.policy.log_key(), trust.policy.origin());
        let opened = opened.map_err(|_| Error::Answer("its checkpoint does not hold"))?;
        Ok(Self {
            size: opened.checkpoint().size,
            note,
        })
    }
}

/// Verifies the log at `url` with fresh state in `state`, and gives how many entries that process has verified.
///
/// # Errors
/// [`DemoError::Process`] when the process does not verify the log.
pub(super) fn verify_log(
    trucelog: &Path,
    url: &str,
    directory: &Path,
    state: &Path,
    trust: &Trust,
) -> Result<u64, DemoError> {
    const WHAT: &str = "trucelog verify log";
    let mut command = command(trucelog, &["verify".as_ref(), "log".as_ref()]);
    command.args(["--remote", url]).arg("--state").arg(state);
    let answer = run(command, WHAT, directory, trust)?;
    answer
        .and_then(|answer| answer["entries_verified"].as_u64())
        .ok_or_else(|| failed(WHAT, "it does not verify the log; its words are above"))
}

/// Tells whether a process without a server verifies the receipt in `directory`.
///
/// # Errors
/// [`DemoError::Process`] when the process cannot be run.
pub(super) fn verify_receipt(
    trucelog: &Path,
    directory: &Path,
    trust: &Trust,
) -> Result<bool, DemoError> {
    let mut command = command(trucelog, &["verify".as_ref(), "receipt".as_ref()]);
    command
        .arg(directory.join(RECEIPT))
        .arg("--state")
        .arg(directory.join("offline"));
    let answer = run(command, "trucelog verify receipt", directory, trust)?;
    Ok(answer.is_some_and(|answer| answer["verdict"] == "verified"))
}

/// Runs a command with the pinned policy. Gives its answer when it ends with exit code 0; otherwise its answer goes to
/// standard error, as its own words do.
fn run(
    mut command: std::process::Command,
    what: &str,
    directory: &Path,
    trust: &Trust,
) -> Result<Option<Value>, DemoError> {
    let output = command
        .arg("--policy")
        .arg(directory.join("policy"))
        .args(["--charter", &trust.id.charter.to_string()])
        .args(["-o", "json"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(what, &error))?;
    if output.status.code() == Some(Exit::Interrupted.code().into()) {
        return Err(Error::Interrupted.into());
    }
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stdout).trim());
        return Ok(None);
    }
    serde_json::from_slice(&output.stdout)
        .map(Some)
        .map_err(|error| failed(what, &error))
}
