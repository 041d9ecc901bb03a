//! Options that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tonic::transport::Channel;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::hash::{CharterDigest, RecordDigest, sha256};
use trucelog_proto::pb;
use trucelog_proto::record::LogId;
use trucelog_proto::signature::{self, PublicKey};

use super::output::Format;
use crate::remote::{self, RemoteError};
use crate::retry::Patience;
use crate::submit::Submitter;
use crate::trust::{Trust, default_state_directory};
use crate::{Error, durable, json};

/// Which log, and what is trusted.
#[derive(Args, Clone, Debug)]
pub(super) struct TrustArgs {
    /// Directory of the verified log and of what is pinned. Default: trucelog in the XDG state directory.
    #[arg(long, env = "TRUCELOG_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
    /// Policy of the log, c2sp.org/tlog-policy; needed once, then remembered.
    ///
    /// A quorum of k of n witnesses with k at least 1 + ⌊2n/3⌋ holds against a lying operator together with up to
    /// ⌊(n−1)/3⌋ lying witnesses: two histories that are both at quorum have 2k − n witnesses in common, and only a liar
    /// signs both. With a weaker policy so few liars can show you another history than others, and every verdict warns
    /// and names the numbers.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Policy of the same log with ML-DSA-44 keys; remembered, too. It is judged apart, and then both quora are needed.
    #[arg(long, value_name = "FILE")]
    policy_pq: Option<PathBuf>,
    /// Record digest of the log's charter; needed once, then remembered.
    #[arg(long, value_name = "SHA256")]
    charter: Option<CharterDigest>,
}

impl TrustArgs {
    /// The state directory.
    pub(super) fn state(&self) -> Result<PathBuf, Error> {
        match &self.state {
            Some(directory) => Ok(directory.clone()),
            None => Ok(default_state_directory()?),
        }
    }

    /// What is pinned, or pinned now.
    pub(super) fn open(&self) -> Result<Trust, Error> {
        let state = self.state()?;
        let trust = Trust::open(&state, self.policy.as_deref(), self.charter)?;
        match &self.policy_pq {
            Some(policy_pq) => trust.pin_pq(&state, policy_pq),
            None => Ok(trust),
        }
    }

    /// The log: what is pinned, or `origin` with `--charter` where nothing needs to be verified.
    pub(super) fn log(&self, origin: Option<&Origin>) -> Result<LogId, Error> {
        match (origin, self.charter) {
            (Some(origin), Some(charter)) => Ok(LogId {
                origin: origin.clone(),
                charter,
            }),
            (Some(_), None) => Err(Error::Missing {
                what: "the charter",
                remedy: "give --charter SHA256 with --origin",
            }),
            (None, _) => Ok(self.open()?.id),
        }
    }
}

/// How to reach the log.
#[derive(Args, Clone, Debug)]
pub(super) struct RemoteArgs {
    /// Server: `https://HOST[:PORT]`, or `http://` on loopback. There is no default.
    #[arg(long, env = "TRUCELOG_REMOTE", value_name = "URL")]
    remote: Option<String>,
    /// Certificates in PEM that are trusted instead of the system's.
    #[arg(long, env = "TRUCELOG_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Give up after so many seconds without progress. Default: 60; `outbox run` never gives up by itself.
    #[arg(long, value_name = "SECONDS")]
    patience: Option<u64>,
}

impl RemoteArgs {
    /// Prepares the connection.
    pub(super) fn connect(&self) -> Result<Channel, Error> {
        let url = self.remote.as_deref().ok_or(RemoteError::NotGiven)?;
        let ca = self.ca.as_deref().map(durable::read).transpose()?;
        Ok(remote::connect(url, ca.as_deref())?)
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience_or(Patience::default())
    }

    /// The patience that was given, or `default`.
    pub(super) fn patience_or(&self, default: Patience) -> Patience {
        let given = self.patience.map(Duration::from_secs);
        given.map_or(default, Patience)
    }
}

/// For which receipt a submitter waits.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct WaitArgs {
    /// For which receipt to wait: checkpointed, as soon as the log has signed; or witnessed, when its cosigners have
    /// reached the log's quorum. Default: witnessed if the pinned policy has a quorum.
    #[arg(long, value_enum, value_name = "RECEIPT")]
    wait_for: Option<Wait>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wait {
    Checkpointed,
    Witnessed,
}

impl WaitArgs {
    /// Lets a submitter wait as asked.
    pub(super) fn apply(self, submitter: Submitter) -> Submitter {
        match self.wait_for {
            None => submitter,
            Some(Wait::Checkpointed) => submitter.waiting_for(pb::WaitFor::Checkpointed),
            Some(Wait::Witnessed) => submitter.waiting_for(pb::WaitFor::Witnessed),
        }
    }
}

/// Form of the answer.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct OutputArgs {
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t)]
    pub(super) output: Format,
}

/// Parses the name of a value of an enum: `direct-hit`, `DIRECT_HIT`, or with its prefix as the schema has it.
pub(super) fn named<E>(
    text: &str,
    prefix: &str,
    parse: fn(&str) -> Option<E>,
) -> Result<E, String> {
    let name = text.to_ascii_uppercase().replace('-', "_");
    let name = if name.starts_with(prefix) {
        name
    } else {
        format!("{prefix}{name}")
    };
    parse(&name)
        .ok_or_else(|| format!("the schema has no {name}; see `{prefix}…` in its .proto files"))
}

/// Parses a time as RFC 3339.
pub(super) fn time(text: &str) -> Result<u64, String> {
    json::parse_time(text).ok_or_else(|| "a time is written as 2026-03-01T14:05:00Z".to_owned())
}

/// Parses a record digest.
pub(super) fn digest(text: &str) -> Result<RecordDigest, String> {
    text.parse()
        .map_err(|_| "a record digest is 64 digits of lower-case hexadecimal".to_owned())
}

/// Parses a public key: 64 digits of hexadecimal, or the name of a PEM file.
pub(super) fn public_key(text: &str) -> Result<PublicKey, String> {
    if let Some(bytes) = json::parse_hex(text) {
        return PublicKey::try_from(bytes.as_slice()).map_err(|error| error.to_string());
    }
    let pem = std::fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?;
    signature::public_key_from_pem(&pem).map_err(|error| format!("{text}: {error}"))
}

/// The SHA-256 of a document.
#[derive(Clone, Debug)]
pub(super) struct ContentDigest(pub(super) Vec<u8>);

/// Parses the SHA-256 of a document: 64 digits of hexadecimal, or the name of a file that holds it.
pub(super) fn content_digest(text: &str) -> Result<ContentDigest, String> {
    if let Some(bytes) = json::parse_hex(text).filter(|bytes| bytes.len() == 32) {
        return Ok(ContentDigest(bytes));
    }
    let content = std::fs::read(text).map_err(|error| format!("{text}: {error}"))?;
    Ok(ContentDigest(sha256(&[&content]).to_vec()))
}
