//! Following a successor: who has pinned and verified the predecessor pins the successor without anybody's word.
//!
//! ```text
//! DIR/successor.signed   beside the predecessor's verified state: the charter of the successor that was followed
//! INTO/policy            what is pinned of the successor, for `trucelog verify log --state INTO`
//! ```

use std::path::{Path, PathBuf};

use prost::Message as _;
use trucelog_proto::hash::TreeSize;
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::record::NO_CHARTER;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::succession::{SuccessionError, contradiction};

use super::{Predecessor, in_file, of_rules};
use crate::evidence::Evidence;
use crate::falsehood::{False, Falsehood};
use crate::founding::{Founding, read_signed};
use crate::reader::LocalLog;
use crate::trust::{Trust, TrustError};
use crate::{Error, durable};

const FOLLOWED_FILE: &str = "successor.signed";

/// A successor that is pinned.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The successor's charter.
    pub founding: Founding,
    /// What the charter says of the predecessor.
    pub predecessor: pb::Predecessor,
    /// Members of the predecessor that are not suspended, at the size that is carried over.
    pub members: usize,
    /// Entries of the predecessor that were verified here and are not carried over.
    pub left_behind: u64,
    /// What is pinned now.
    pub trust: Trust,
    /// What the person should know though nothing is false.
    pub warnings: Vec<String>,
}

/// The policies to pin for the successor.
#[derive(Clone, Debug)]
pub enum Policies {
    /// Those of the predecessor, for the successor's keys: the same witnesses and the same quorum.
    CarriedOver,
    /// The policy in a file, and the one with ML-DSA-44 keys, if there is one.
    Given(PathBuf, Option<PathBuf>),
}

/// Verifies that the charter in `file` succeeds the log that is verified in the directory `state`, and pins the
/// successor in the directory `into`. The same again changes nothing.
///
/// # Errors
/// [`Error::SuccessorFile`] when the charter does not succeed the log; [`Error::False`] with evidence when another
/// successor was followed from here before; [`crate::not_enough::NotEnough::Size`] when fewer entries are verified than
/// the charter names; [`Error::Trust`] when `into` pins something else, or a given policy is not the successor's;
/// [`Error::Io`].
///
/// Source: `proto/spec/succession.md`, "Verifying".
pub fn follow(
    state: &Path,
    trust: &Trust,
    file: &Path,
    into: &Path,
    policies: &Policies,
) -> Result<Followed, Error> {
    let signed = read_signed(file)?;
    let founding = Founding::of(signed.clone()).map_err(|error| in_file(file)(of_rules(error)))?;
    let predecessor = founding.charter.predecessor.clone().ok_or_else(|| {
        let refusal = Refusal::new(Reason::FieldRequired, "charter.predecessor");
        in_file(file)(refusal.into())
    })?;
    check_log(&predecessor, trust).map_err(in_file(file))?;
    let log = LocalLog::open(state, trust)?;
    let own = Predecessor::at(&log, &trust.id, TreeSize::new(predecessor.size))?;
    own.verify(&founding.charter).map_err(in_file(file))?;
    compare_with_followed(state, trust, &founding)?;
    let (new, mut warnings) = match policies {
        Policies::CarriedOver => carry_over(trust, &founding)?,
        Policies::Given(policy, policy_pq) => {
            let new = Trust::read(policy, policy_pq.as_deref())?;
            check_policies(&new, &founding)?;
            (new, Vec::new())
        }
    };
    let left_behind = log.size().get() - predecessor.size;
    if left_behind > 0 {
        warnings.push(format!(
            "{left_behind} entries of {} were verified here and are not carried over",
            predecessor.origin
        ));
    }
    // First, so that another successor is never pinned unseen.
    durable::replace(
        &state.join(FOLLOWED_FILE),
        &submission(&founding).encode_to_vec(),
    )?;
    new.keep(into)?;
    Ok(Followed {
        members: own.members()?.active().count(),
        left_behind,
        founding,
        predecessor,
        trust: new,
        warnings,
    })
}

/// Before the size that is named is looked for, it must be this log that is named.
fn check_log(predecessor: &pb::Predecessor, trust: &Trust) -> Result<(), SuccessionError> {
    let refuse = |reason, field: &str| {
        Refusal::new(reason, format!("charter.predecessor.{field}"))
            .with("pinned", &trust.id.origin)
    };
    if predecessor.origin != trust.id.origin.as_str() {
        return Err(refuse(Reason::WrongOrigin, "origin").into());
    }
    if predecessor.charter_digest != trust.id.charter.as_bytes() {
        return Err(refuse(Reason::WrongCharter, "charter_digest").into());
    }
    Ok(())
}

/// A log has one successor: another one that is endorsed as well is evidence.
fn compare_with_followed(state: &Path, trust: &Trust, founding: &Founding) -> Result<(), Error> {
    let path = state.join(FOLLOWED_FILE);
    if !path.exists() {
        return Ok(());
    }
    let followed = Founding::read(&path)?;
    let different = contradiction(
        (&followed.charter, &followed.id.charter),
        (&founding.charter, &founding.id.charter),
    )?;
    if different.is_none() {
        return Ok(());
    }
    let what = False::Successors {
        followed: followed.id.charter,
        other: founding.id.charter,
    };
    let evidence = Evidence::new(what.kind(), None, &what, &trust.policy)
        .with_charters([&followed.signed, &founding.signed])
        .keep(state)?;
    Err(Box::new(Falsehood { what, evidence }).into())
}

/// The predecessor's policies for the successor's keys.
fn carry_over(trust: &Trust, founding: &Founding) -> Result<(Trust, Vec<String>), Error> {
    let charter = founding.id.charter;
    let mut warnings = Vec::new();
    if trust.policies().any(|(_, policy)| policy.has_quorum()) {
        warnings.push(format!(
            "the predecessor's witnesses are needed for {}, too; if they have other names or keys there, pin the \
             successor again in an empty directory, with --new-policy",
            founding.id.origin
        ));
    }
    let policy = trust
        .policy
        .for_successor(charter, log_key(&founding.charter.log_key)?)
        .map_err(Error::decode(&"the predecessor's policy"))?;
    let new = Trust::new(policy);
    let Some(policy_pq) = &trust.policy_pq else {
        return Ok((new, warnings));
    };
    if founding.charter.log_key_pq.is_empty() {
        warnings
            .push("policy-pq is not carried over: the successor has no ML-DSA-44 key".to_owned());
        return Ok((new, warnings));
    }
    let what = "the predecessor's policy-pq";
    let policy_pq = policy_pq
        .for_successor(charter, log_key(&founding.charter.log_key_pq)?)
        .map_err(Error::decode(&what))?;
    Ok((new.with_pq(policy_pq, Path::new(what))?, warnings))
}

fn log_key(vkey: &str) -> Result<VerifierKey, Error> {
    vkey.parse()
        .map_err(Error::decode(&"the charter's log key"))
}

/// A policy that was given must be that of the successor, and of nothing else.
fn check_policies(new: &Trust, founding: &Founding) -> Result<(), TrustError> {
    if new.id.charter != founding.id.charter {
        return Err(TrustError::Charter {
            policy: new.id.charter,
            given: founding.id.charter,
        });
    }
    let named = [&founding.charter.log_key, &founding.charter.log_key_pq];
    let stranger = new
        .log_keys()
        .into_iter()
        .find(|key| !named.contains(&&key.to_string()));
    match stranger {
        None => Ok(()),
        Some(key) => Err(TrustError::LogKey {
            key: key.to_string(),
        }),
    }
}

/// What a `.signed` file holds.
fn submission(founding: &Founding) -> pb::Submission {
    pb::Submission {
        origin: founding.id.origin.to_string(),
        charter_digest: NO_CHARTER.as_bytes().to_vec(),
        signed_record: Some(founding.signed.clone()),
    }
}
