//! What a person pins before a server is asked anything: the policy and the charter.
//!
//! Both are remembered in the state directory at first use. Afterwards another policy or charter is refused, because
//! a silent change of either is what an attacker needs.

use std::env;
use std::path::{Path, PathBuf};

use trucelog_proto::error::DecodeError;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb::CheckpointKind;
use trucelog_proto::policy::Policy;
use trucelog_proto::record::LogId;
use trucelog_proto::verify::Pinned;

use crate::{Error, durable};

const POLICY_FILE: &str = "policy";

/// The policy or charter cannot be used, or is not the one that is pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Nothing is pinned yet and something is missing.
    #[error(
        "no log is pinned in {}: give --policy FILE and --charter SHA256, once, from a source that you trust",
        state.display()
    )]
    NotPinned {
        /// The state directory.
        state: PathBuf,
    },
    /// The policy is not one.
    #[error("policy {}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// Policy and charter do not belong together.
    #[error("the policy is for charter {policy}, --charter is {given}: ask who gave you the two")]
    Charter {
        /// The charter that the policy names.
        policy: CharterDigest,
        /// The charter that was given.
        given: CharterDigest,
    },
    /// Another policy or charter was pinned earlier.
    #[error(
        "{what} is not the one pinned in {}; if the change is right, remove that file (and the rest of {} \
         for another log) and give --policy and --charter again",
        pinned.display(), pinned.parent().unwrap_or(pinned).display()
    )]
    Other {
        /// What differs.
        what: &'static str,
        /// The file that pins it.
        pinned: PathBuf,
    },
    /// There is no place to keep state.
    #[error("no state directory: give --state DIR, or set TRUCELOG_STATE, XDG_STATE_HOME or HOME")]
    NoStateDirectory,
}

/// The pinned policy of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The policy.
    pub policy: Policy,
    /// Origin and charter digest of the log.
    pub id: LogId,
}

impl Trust {
    /// Trusts a policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let id = LogId {
            origin: policy.origin().clone(),
            charter: *policy.charter(),
        };
        Self { policy, id }
    }

    /// What a verifier needs of it.
    #[must_use]
    pub fn pinned(&self) -> Pinned {
        Pinned {
            id: self.id.clone(),
            log_key: self.policy.log_key().clone(),
        }
    }

    /// The log's keys that are pinned.
    #[must_use]
    pub fn log_keys(&self) -> Vec<VerifierKey> {
        vec![self.policy.log_key().clone()]
    }

    /// The heads to ask a server for: cosigned at quorum if the policy has one, else signed.
    #[must_use]
    pub fn head_kind(&self) -> CheckpointKind {
        if self.policy.quorum_name() == "none" {
            CheckpointKind::Signed
        } else {
            CheckpointKind::Witnessed
        }
    }

    /// Opens what is pinned in the directory `state`, or pins `policy` and `charter` there at first use.
    ///
    /// # Errors
    /// [`TrustError`] when nothing is pinned and one of the two is missing, when the two do not belong together, or
    /// when one of them is not what is pinned; [`Error::Io`].
    pub fn open(
        state: &Path,
        policy: Option<&Path>,
        charter: Option<CharterDigest>,
    ) -> Result<Self, Error> {
        let pinned = state.join(POLICY_FILE);
        let given = policy.map(read_policy).transpose()?;
        let trust = match durable::read_if_present(&pinned)? {
            Some(bytes) => {
                let known = parse(&bytes, &pinned)?;
                check_same(&known, given.as_ref(), charter, &pinned)?;
                known
            }
            None => pin(state, given, charter)?,
        };
        Ok(Self::new(trust))
    }
}

fn read_policy(path: &Path) -> Result<Policy, Error> {
    Ok(parse(&durable::read(path)?, path)?)
}

fn parse(bytes: &[u8], path: &Path) -> Result<Policy, TrustError> {
    Policy::parse(bytes).map_err(|source| TrustError::Malformed {
        path: path.to_owned(),
        source,
    })
}

fn check_same(
    known: &Policy,
    given: Option<&Policy>,
    charter: Option<CharterDigest>,
    pinned: &Path,
) -> Result<(), TrustError> {
    let other = |what| TrustError::Other {
        what,
        pinned: pinned.to_owned(),
    };
    if charter.is_some_and(|charter| charter != *known.charter()) {
        return Err(other("the charter"));
    }
    if given.is_some_and(|given| given.format() != known.format()) {
        return Err(other("the policy"));
    }
    Ok(())
}

fn pin(
    state: &Path,
    policy: Option<Policy>,
    charter: Option<CharterDigest>,
) -> Result<Policy, Error> {
    let (Some(policy), Some(charter)) = (policy, charter) else {
        return Err(TrustError::NotPinned {
            state: state.to_owned(),
        }
        .into());
    };
    if charter != *policy.charter() {
        return Err(TrustError::Charter {
            policy: *policy.charter(),
            given: charter,
        }
        .into());
    }
    durable::create_directory(state)?;
    durable::replace(&state.join(POLICY_FILE), policy.format().as_bytes())?;
    Ok(policy)
}

/// The state directory when none is given: `trucelog` below `XDG_STATE_HOME`, or below `~/.local/state`.
///
/// # Errors
/// [`TrustError::NoStateDirectory`].
pub fn default_state_directory() -> Result<PathBuf, TrustError> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("trucelog"))
        .ok_or(TrustError::NoStateDirectory)
}
