//! What a person pins before a server is asked anything: the policy, the charter, and a policy with ML-DSA-44 keys.
//!
//! All are remembered in the state directory at first use. Afterwards another policy or charter is refused, because a
//! silent change is what an attacker needs.

use std::env;
use std::path::{Path, PathBuf};

use trucelog_proto::error::{DecodeError, Error as ProofError, PolicyError, VerifyError};
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::note::{KeyMaterial, VerifierKey};
use trucelog_proto::pb::CheckpointKind;
use trucelog_proto::policy::{Policy, Verdict};
use trucelog_proto::record::LogId;
use trucelog_proto::verify::Pinned;

use crate::not_enough::NotEnough;
use crate::{Error, durable};

const POLICY_FILE: &str = "policy";
const POLICY_PQ_FILE: &str = "policy-pq";
/// Name of the quorum that needs no witness.
const NO_QUORUM: &str = "none";

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
    /// A policy names another log key than the charter that it is for.
    #[error(
        "the policy names the log key {key}, the charter does not: ask who gave you the policy"
    )]
    LogKey {
        /// The key, a vkey.
        key: String,
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
    /// A policy with ML-DSA-44 keys does not belong to the policy.
    #[error("policy-pq {}: {problem}; ask who gave you the two policies", path.display())]
    PolicyPq {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no place to keep state.
    #[error("no state directory: give --state DIR, or set TRUCELOG_STATE, XDG_STATE_HOME or HOME")]
    NoStateDirectory,
}

/// The pinned policies of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The policy.
    pub policy: Policy,
    /// The policy with ML-DSA-44 keys, if one is pinned. It is judged apart, and both must be satisfied.
    pub policy_pq: Option<Policy>,
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
        Self {
            policy,
            policy_pq: None,
            id,
        }
    }

    /// Trusts a policy with ML-DSA-44 keys beside the policy. `path` is named when that cannot be.
    ///
    /// # Errors
    /// [`TrustError::PolicyPq`] when its keys are of another kind, or it is of another log or charter.
    pub fn with_pq(mut self, policy_pq: Policy, path: &Path) -> Result<Self, TrustError> {
        let wrong = |problem| TrustError::PolicyPq {
            path: path.to_owned(),
            problem,
        };
        if !matches!(policy_pq.log_key().material(), KeyMaterial::MlDsa44(_)) {
            return Err(wrong("its keys are not ML-DSA-44 keys"));
        }
        if policy_pq.origin() != self.policy.origin() {
            return Err(wrong("it is of another log than the policy"));
        }
        if policy_pq.charter() != self.policy.charter() {
            return Err(wrong("it names another charter than the policy"));
        }
        self.policy_pq = Some(policy_pq);
        Ok(self)
    }

    /// Reads a policy, and one with ML-DSA-44 keys if there is one.
    ///
    /// # Errors
    /// [`TrustError::Malformed`] when one of them is none; as [`Self::with_pq`]; [`Error::Io`].
    pub fn read(policy: &Path, policy_pq: Option<&Path>) -> Result<Self, Error> {
        let trust = Self::new(read_policy(policy)?);
        Ok(match policy_pq {
            Some(path) => trust.with_pq(read_policy(path)?, path)?,
            None => trust,
        })
    }

    /// Pins the policies in the directory `state`, or compares them with those that are pinned.
    ///
    /// # Errors
    /// [`TrustError::Other`] when something else is pinned there; [`Error::Io`].
    pub fn keep(&self, state: &Path) -> Result<(), Error> {
        durable::create_directory(state)?;
        for (name, policy) in self.policies() {
            let pinned = state.join(name);
            match durable::read_if_present(&pinned)? {
                Some(bytes) => check_same(&parse(&bytes, &pinned)?, Some(policy), None, &pinned)?,
                None => durable::replace(&pinned, policy.format().as_bytes())?,
            }
        }
        Ok(())
    }

    /// Pins a policy with ML-DSA-44 keys in the directory `state`, or compares it with the one that is pinned.
    ///
    /// # Errors
    /// As [`Self::with_pq`]; [`TrustError::Other`]; [`Error::Io`].
    pub fn pin_pq(self, state: &Path, given: &Path) -> Result<Self, Error> {
        let policy_pq = read_policy(given)?;
        let pinned = state.join(POLICY_PQ_FILE);
        if let Some(known) = &self.policy_pq {
            if known.format() != policy_pq.format() {
                let what = "the policy-pq";
                return Err(TrustError::Other { what, pinned }.into());
            }
            return Ok(self);
        }
        let trust = self.with_pq(policy_pq.clone(), given)?;
        durable::replace(&pinned, policy_pq.format().as_bytes())?;
        Ok(trust)
    }

    /// The policies that are pinned, with their names.
    pub fn policies(&self) -> impl Iterator<Item = (&'static str, &Policy)> {
        let policy_pq = self.policy_pq.iter().map(|policy| (POLICY_PQ_FILE, policy));
        std::iter::once((POLICY_FILE, &self.policy)).chain(policy_pq)
    }

    /// Judges a signed note under each policy.
    ///
    /// # Errors
    /// As [`Policy::evaluate`]. That the log has no ML-DSA-44 line is part of the result.
    pub fn judge(&self, note: &[u8]) -> Result<Judged, ProofError> {
        let verdict = self.policy.evaluate(note)?;
        let judge_pq = |policy: &Policy| match policy.evaluate(note) {
            Ok(verdict) => Ok(Ok(verdict)),
            Err(ProofError::Verify(VerifyError::NoKnownSignature { .. })) => {
                Ok(Err(PolicyError::Quorum {
                    quorum: policy.quorum_name().to_owned(),
                    present: Vec::new(),
                    missing: vec!["the log's own ML-DSA-44 line".to_owned()],
                }))
            }
            Err(error) => Err(error),
        };
        let verdict_pq = self.policy_pq.as_ref().map(judge_pq).transpose()?;
        Ok(Judged {
            verdict,
            verdict_pq,
        })
    }

    /// What a person should know about the pinned policies.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let with_quorum = self
            .policies()
            .filter(|(_, policy)| policy.quorum_name() != NO_QUORUM);
        with_quorum
            .filter_map(|(name, policy)| Some(format!("{name}: {}", policy.split_view_warning()?)))
            .collect()
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
        self.policies()
            .map(|(_, policy)| policy.log_key().clone())
            .collect()
    }

    /// The heads to ask a server for: cosigned at quorum if a policy has one, else signed.
    #[must_use]
    pub fn head_kind(&self) -> CheckpointKind {
        if self
            .policies()
            .all(|(_, policy)| policy.quorum_name() == NO_QUORUM)
        {
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
        let trust = Self::new(trust);
        let pinned_pq = state.join(POLICY_PQ_FILE);
        Ok(match durable::read_if_present(&pinned_pq)? {
            Some(bytes) => trust.with_pq(parse(&bytes, &pinned_pq)?, &pinned_pq)?,
            None => trust,
        })
    }
}

/// What the pinned policies say about a signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Under the policy.
    pub verdict: Verdict,
    /// Under the policy with ML-DSA-44 keys, if one is pinned.
    pub verdict_pq: Option<VerdictPq>,
}

impl Judged {
    /// The verdicts under each pinned policy whose log key has signed.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        std::iter::once(&self.verdict).chain(self.verdict_pq.iter().flatten())
    }

    /// The verdicts on two notes under each pinned policy whose log key has signed both.
    pub fn pairs<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a Verdict, &'a Verdict)> {
        let pq = self.verdict_pq.iter().flatten();
        let pq = pq.zip(other.verdict_pq.iter().flatten());
        std::iter::once((&self.verdict, &other.verdict)).chain(pq)
    }
}

/// What a policy with ML-DSA-44 keys says; an error when the log has not signed with such a key.
pub type VerdictPq = Result<Verdict, PolicyError>;

/// Whether each policy's quorum is reached.
///
/// # Errors
/// [`NotEnough::Quorum`] or [`NotEnough::QuorumPq`].
pub fn enough(verdict: &Verdict, verdict_pq: Option<&VerdictPq>) -> Result<(), NotEnough> {
    verdict.quorum.clone()?;
    let quorum_pq = match verdict_pq {
        None => Ok(()),
        Some(Ok(verdict)) => verdict.quorum.clone(),
        Some(Err(error)) => Err(error.clone()),
    };
    quorum_pq.map_err(NotEnough::QuorumPq)
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
