//! The policies under which checkpoints are published: whose cosignatures are taken, where to ask for them, and how many
//! are enough.
//!
//! Both files are the operator's choice, not the verifiers': each verifier pins a policy of its own. A head is published
//! when the quorum of `policy` is reached; ML-DSA-44 cosignatures under `policy_pq` stand beside it and are judged apart.

use http::Uri;
use trucelog_proto::{
    error::DecodeError,
    note::{MAX_NOTE_LINES, NoteSignature, VerifierKey},
    policy::Policy,
    record::LogId,
};

use crate::sequencer::Identity;

/// Lines of a note that are no cosignatures: origin, size, root, a blank line, and the log's own two signatures.
const OWN_LINES: usize = 6;

/// Why policies cannot be used. The path is known to the caller.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// The file is not a policy.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The policy is for another log.
    #[error("its {field} is {found}, this log's is {expected}: use a policy of this log")]
    OtherLog {
        /// What differs.
        field: &'static str,
        /// This log's.
        expected: String,
        /// The policy's.
        found: String,
    },
    /// The log has no ML-DSA-44 key.
    #[error("it has ML-DSA-44 keys, but log_key_pq is not set: set it, or leave policy_pq out")]
    NoLogKey,
    /// The URL of a witness is not one.
    #[error("witness {name}: {url} is not an http or https URL")]
    Url {
        /// The witness.
        name: String,
        /// What stands in the place of its URL.
        url: String,
    },
    /// A note cannot hold the cosignatures of all witnesses.
    #[error("the policies name {found} cosigners, a checkpoint holds {limit}: name fewer")]
    TooManyCosigners {
        /// The limit.
        limit: usize,
        /// The number of keys in both policies.
        found: usize,
    },
}

/// The policies of a log that is served.
#[derive(Clone, Debug)]
pub struct Policies {
    policy: Policy,
    /// The keys of `policy`, then those of `policy_pq`, each in the order of its lines.
    keys: Vec<VerifierKey>,
    /// The name of each key in its policy.
    names: Vec<String>,
    targets: Vec<Target>,
}

/// A place where witnesses are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The URL of `add-checkpoint`.
    pub uri: Uri,
    /// The names, in the policies, of the keys that answer there.
    pub names: Vec<String>,
}

impl Policies {
    /// Reads the policy of a log's Ed25519 cosigners.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`].
    pub fn parse(policy: &[u8], identity: &Identity) -> Result<Self, PolicyFileError> {
        let policy = Policy::parse(policy)?;
        check_log(&policy, &identity.log, &identity.verifier_key())?;
        let mut policies = Self {
            keys: Vec::new(),
            names: Vec::new(),
            targets: Vec::new(),
            policy: policy.clone(),
        };
        policies.add(&policy)?;
        Ok(policies)
    }

    /// Adds the policy of its ML-DSA-44 cosigners.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`].
    pub fn with_ml_dsa(
        mut self,
        policy: &[u8],
        identity: &Identity,
    ) -> Result<Self, PolicyFileError> {
        let policy = Policy::parse(policy)?;
        let key = identity.verifier_key_pq();
        check_log(
            &policy,
            &identity.log,
            &key.ok_or(PolicyFileError::NoLogKey)?,
        )?;
        self.add(&policy)?;
        Ok(self)
    }

    fn add(&mut self, policy: &Policy) -> Result<(), PolicyFileError> {
        for witness in policy.witnesses() {
            self.keys.push(witness.key.clone());
            self.names.push(witness.name.to_owned());
            if let Some(url) = witness.url {
                self.add_target(url, witness.name)?;
            }
        }
        let (limit, found) = (MAX_NOTE_LINES - OWN_LINES, self.keys.len());
        if found > limit {
            return Err(PolicyFileError::TooManyCosigners { limit, found });
        }
        Ok(())
    }

    /// Two keys of one witness are asked by one request.
    fn add_target(&mut self, url: &str, name: &str) -> Result<(), PolicyFileError> {
        let malformed = || PolicyFileError::Url {
            name: name.to_owned(),
            url: url.to_owned(),
        };
        let uri = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let uri: Uri = uri.parse().map_err(|_| malformed())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(malformed());
        }
        let known = self.targets.iter_mut().find(|target| target.uri == uri);
        let name = name.to_owned();
        match known {
            Some(target) if target.names.contains(&name) => {}
            Some(target) => target.names.push(name),
            None => self.targets.push(Target {
                uri,
                names: vec![name],
            }),
        }
        Ok(())
    }

    /// The policy that decides when a head is published.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The keys whose cosignatures are taken.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Where witnesses are asked.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The name of the key at a position of [`Self::keys`].
    pub(super) fn name(&self, position: usize) -> &str {
        &self.names[position]
    }

    /// The position of the key that a signature line names.
    pub(super) fn position(&self, line: &NoteSignature) -> Option<usize> {
        self.keys
            .iter()
            .position(|key| *key.name() == line.name && key.key_id() == line.key_id)
    }
}

fn check_log(policy: &Policy, log: &LogId, key: &VerifierKey) -> Result<(), PolicyFileError> {
    let same = |field, expected: String, found: String| {
        if expected == found {
            return Ok(());
        }
        Err(PolicyFileError::OtherLog {
            field,
            expected,
            found,
        })
    };
    same(
        "charter digest",
        log.charter.to_string(),
        policy.charter().to_string(),
    )?;
    same("log key", key.to_string(), policy.log_key().to_string())
}
