//! A member's two cosigners, with two names and two pairs of keys, because one key makes one statement.
//!
//! - `NAME/verifier` ([`verifier`]) says: every entry up to this size satisfies the rules. It is for one log, dials out,
//!   and needs no inbound port.
//! - `NAME/witness` ([`http`]) says: this checkpoint continues every one that I cosigned before. It serves
//!   c2sp.org/tlog-witness for the logs in its configuration.
//!
//! ```text
//! DIR/witness.toml                 the configuration
//! DIR/{verifier,witness}{,-pq}.pem the private keys, readable by their owner only
//! DIR/log/…                        what the verifier has verified (crate::store)
//! DIR/cosigned/…                   the last checkpoint that each cosigner has cosigned, one file for each log
//! DIR/conflicts/…                  two checkpoints of one size with different roots, of foreign logs
//! DIR/halted                       written when the verifier's log was found false; a person removes it
//! DIR/lock                         held by the process that cosigns
//! ```
//!
//! **Invariant:** a cosignature leaves this module only after the checkpoint is in `cosigned`, synced. No cosigner signs
//! two roots at one size, nor a size below its last. A directory that was put back from a backup breaks that: its keys
//! must be replaced.
//!
//! Source: `proto/spec/tlog_witness.md`, `proto/spec/cosignature.md`.

pub mod config;
pub mod cosigned;
pub mod http;
pub mod verifier;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;
use trucelog_proto::hash::{RootHash, TreeSize};

use crate::exit::Exit;
use crate::falsehood::Falsehood;
use crate::{Error, durable, json};

/// A witness cannot be set up, or must not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The configuration is not usable.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        problem: String,
    },
    /// A log was found false, and nobody has looked at it yet.
    #[error("this witness has stopped to cosign: {finding}; when you have looked, remove {}", path.display())]
    Halted {
        /// The file that says so.
        path: PathBuf,
        /// What was found.
        finding: String,
        /// The evidence.
        evidence: PathBuf,
    },
    /// The file with the last cosigned checkpoint is not what this cosigner wrote.
    #[error(
        "{}: it is not what this cosigner wrote ({problem}); if it is lost, make new keys with trucelog witness init, \
         because two roots at one size must never be cosigned", path.display()
    )]
    Cosigned {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The checkpoint must not be cosigned after the last one.
    #[error(
        "size {size} root {root} must not be cosigned: size {last_size} root {last_root} was cosigned before"
    )]
    Conflict {
        /// Size asked for.
        size: TreeSize,
        /// Root asked for.
        root: RootHash,
        /// Size cosigned last.
        last_size: TreeSize,
        /// Root cosigned last.
        last_root: RootHash,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {problem}; choose another listen in witness.toml")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        problem: String,
    },
}

impl WitnessError {
    /// The exit code of a command that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config { .. } | Self::Listen { .. } => Exit::Usage,
            Self::Halted { .. } => Exit::False,
            Self::Cosigned { .. } | Self::Conflict { .. } => Exit::NotChecked,
        }
    }
}

/// Refuses when the witness in `directory` has halted.
///
/// # Errors
/// [`WitnessError::Halted`]; [`Error::Io`].
pub fn check_halted(directory: &Path) -> Result<(), Error> {
    let path = directory.join("halted");
    let Some(bytes) = durable::read_if_present(&path)? else {
        return Ok(());
    };
    // Whatever the file holds, it halts.
    let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Err(WitnessError::Halted {
        path,
        finding: text("finding"),
        evidence: text("evidence").into(),
    }
    .into())
}

fn halt(directory: &Path, falsehood: &Falsehood) -> Result<(), Error> {
    let said = json!({
        "schema": "trucelog.halted/v1",
        "time": json::format_time(crate::station::now_ms()),
        "finding": falsehood.to_string(),
        "evidence": falsehood.evidence,
    });
    durable::replace(&directory.join("halted"), format!("{said:#}\n").as_bytes())
}
