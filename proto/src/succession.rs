//! Succession: a new log that takes over from another, endorsed by the other's members.
//!
//! In scope: the terms that a successor starts from, what an authority signs, the form of it in a charter, and whether
//! the endorsements satisfy the rules of the predecessor at the size that is carried over. Out of scope: where the
//! predecessor's entries come from.
//!
//! Source: `proto/spec/succession.md`.

pub(crate) mod endorsement;
mod terms;

use thiserror::Error;

use crate::hash::{CharterDigest, RootHash, TreeSize};
use crate::note::VerifierKey;
use crate::pb;
use crate::refusal::{Reason, Refusal};
use crate::rules::{self, CharterState, Head, Key, KeyState, MemberList, MemberState};
use crate::state::{State, StateError};

pub use endorsement::{check_form, endorse, statement};
pub use terms::terms;

/// A charter does not succeed the log that it names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SuccessionError {
    /// Something in the charter does not hold.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The charter names a size at which the predecessor's state was not given.
    #[error("the charter succeeds its predecessor at size {stated}, not at size {found}")]
    Size {
        /// Size that the charter names.
        stated: TreeSize,
        /// Size of the state.
        found: TreeSize,
    },
    /// The charter names another history of the predecessor.
    #[error(
        "predecessor at size {size}: the charter states root {stated}, its entries give {computed}"
    )]
    Root {
        /// Size that the charter names.
        size: TreeSize,
        /// Root that it states.
        stated: RootHash,
        /// Root over the predecessor's entries.
        computed: RootHash,
    },
    /// Too few members endorse. Nothing false was seen.
    #[error(
        "{endorsing} of {members} members endorse, the predecessor's rules demand {numerator}/{denominator}"
    )]
    NotEnough {
        /// Members that endorse.
        endorsing: u64,
        /// Members of the predecessor that are not suspended.
        members: u64,
        /// Numerator of the share that the rules demand.
        numerator: u32,
        /// Denominator of the share that the rules demand.
        denominator: u32,
    },
    /// The predecessor's state could not be read. Nothing is said about the charter.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Verifies that a charter succeeds the log whose `state` and `root` are given, both at the size that the charter names.
/// Costs a bounded number of point reads for each endorsement.
///
/// # Errors
/// [`SuccessionError`] with the first of the steps that does not hold; [`SuccessionError::NotEnough`] only when all
/// others hold.
///
/// Source: `proto/spec/succession.md`, "Verifying".
pub fn verify(
    state: &dyn State,
    root: &RootHash,
    charter: &pb::Charter,
) -> Result<(), SuccessionError> {
    let predecessor = charter
        .predecessor
        .as_ref()
        .ok_or_else(|| Refusal::new(Reason::FieldRequired, "charter.predecessor"))?;
    let inside = |refusal: Refusal| refusal.below("charter");
    // 1. The charter holds on its own.
    check_form(charter, predecessor).map_err(inside)?;
    // 2. It names this log, at this size, with this history.
    check_log(state, root, charter, predecessor)?;
    // 3. Each endorsement is by an authority in force.
    for (position, endorsement) in predecessor.endorsements.iter().enumerate() {
        let field = format!("charter.predecessor.endorsements[{position}]");
        check_authority(state, endorsement, &field)?;
    }
    // 4. There are enough of them.
    check_share(state, predecessor)
}

fn check_log(
    state: &dyn State,
    root: &RootHash,
    charter: &pb::Charter,
    predecessor: &pb::Predecessor,
) -> Result<(), SuccessionError> {
    let known: CharterState = rules::load(state, &Key::Charter)?.unwrap_or_default();
    let refuse = |reason, field: &str| Refusal::new(reason, format!("charter.{field}"));
    if predecessor.origin != known.origin {
        let refusal = refuse(Reason::WrongOrigin, "predecessor.origin");
        return Err(refusal.with("expected", known.origin).into());
    }
    if predecessor.charter_digest != known.digest {
        let refusal = refuse(Reason::WrongCharter, "predecessor.charter_digest");
        return Err(refusal.into());
    }
    for (field, vkey, own) in [
        ("log_key", &charter.log_key, &known.log_key),
        ("log_key_pq", &charter.log_key_pq, &known.log_key_pq),
    ] {
        let key: Result<VerifierKey, _> = vkey.parse();
        if key.is_ok_and(|key| key.material().key() == own.as_slice()) {
            return Err(refuse(Reason::KeyReserved, field).into());
        }
    }
    let head: Head = rules::load(state, &Key::Head)?.unwrap_or_default();
    let (stated, found) = (TreeSize::new(predecessor.size), TreeSize::new(head.size));
    if stated != found {
        return Err(SuccessionError::Size { stated, found });
    }
    if predecessor.root != root.as_bytes() {
        let stated = RootHash::try_from(predecessor.root.as_slice())
            .map_err(|_| refuse(Reason::FieldFormat, "predecessor.root"))?;
        return Err(SuccessionError::Root {
            size: found,
            stated,
            computed: *root,
        });
    }
    Ok(())
}

/// An endorsement counts as a record of its authority would at that size.
fn check_authority(
    state: &dyn State,
    endorsement: &pb::Endorsement,
    field: &str,
) -> Result<(), SuccessionError> {
    let refuse = |reason, name: &str| Refusal::new(reason, format!("{field}.{name}"));
    let key: Option<KeyState> = rules::load(state, &Key::PublicKey(&endorsement.public_key))?;
    let Some(key) = key.filter(|key| !key.promised) else {
        return Err(refuse(Reason::KeyUnknown, "public_key").into());
    };
    if key.member != endorsement.member {
        let refusal = refuse(Reason::OtherMember, "member");
        return Err(refusal.with("expected", key.member).into());
    }
    if let Some(index) = key.revoked_index {
        let refusal = refuse(Reason::KeyRevoked, "public_key");
        return Err(refusal.with("revoked_at_index", index).into());
    }
    if key.role() != pb::Role::Authority {
        let refusal = refuse(Reason::RoleNotAllowed, "public_key");
        return Err(refusal
            .with("station_role", key.role().as_str_name())
            .into());
    }
    let member: MemberState =
        rules::load(state, &Key::Member(&endorsement.member))?.unwrap_or_default();
    match (member.departed_index, member.suspended_index) {
        (Some(_), _) => Err(refuse(Reason::MemberDeparted, "member").into()),
        (None, Some(_)) => Err(refuse(Reason::MemberSuspended, "member").into()),
        (None, None) => Ok(()),
    }
}

/// `endorsing × denominator ≥ numerator × members`, over the members that are not suspended.
fn check_share(state: &dyn State, predecessor: &pb::Predecessor) -> Result<(), SuccessionError> {
    let rules: pb::Rules = rules::load(state, &Key::Rules)?.unwrap_or_default();
    let share = rules
        .succession
        .unwrap_or_default()
        .endorsements
        .unwrap_or_default();
    let members: MemberList = rules::load(state, &Key::Members)?.unwrap_or_default();
    let count = |len: usize| u64::try_from(len).expect("lists have at most 256 items");
    let (endorsing, members) = (
        count(predecessor.endorsements.len()),
        count(members.active().count()),
    );
    if endorsing * u64::from(share.denominator) >= u64::from(share.numerator) * members {
        return Ok(());
    }
    Err(SuccessionError::NotEnough {
        endorsing,
        members,
        numerator: share.numerator,
        denominator: share.denominator,
    })
}

/// Two different charters of one predecessor contradict each other: a log has one successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The members whose one key endorsed two different statements, ascending. Empty when different members endorsed
    /// them, or when both charters have the same statement.
    pub endorsed_both: Vec<String>,
    /// Whether both charters have the same statement. Then the operator has signed two first records of one log.
    pub same_statement: bool,
}

/// Compares two charters that each name a predecessor. None when they are one record, or name different predecessors.
///
/// # Errors
/// [`Refusal`] when one of the charters does not hold on its own; field paths start with `charter`.
///
/// Source: `proto/spec/succession.md`, "Two successors".
pub fn contradiction(
    (first, first_digest): (&pb::Charter, &CharterDigest),
    (second, second_digest): (&pb::Charter, &CharterDigest),
) -> Result<Option<Contradiction>, Refusal> {
    let predecessor = |charter: &pb::Charter| -> Result<pb::Predecessor, Refusal> {
        let named = charter.predecessor.clone();
        let named =
            named.ok_or_else(|| Refusal::new(Reason::FieldRequired, "charter.predecessor"))?;
        check_form(charter, &named).map_err(|refusal| refusal.below("charter"))?;
        Ok(named)
    };
    let (one, other) = (predecessor(first)?, predecessor(second)?);
    let same_log = one.origin == other.origin && one.charter_digest == other.charter_digest;
    if !same_log || first_digest == second_digest {
        return Ok(None);
    }
    if statement(first)? == statement(second)? {
        return Ok(Some(Contradiction {
            endorsed_both: Vec::new(),
            same_statement: true,
        }));
    }
    let in_both = |endorsement: &&pb::Endorsement| {
        other.endorsements.iter().any(|known| {
            known.member == endorsement.member && known.public_key == endorsement.public_key
        })
    };
    let both = one.endorsements.iter().filter(in_both);
    Ok(Some(Contradiction {
        endorsed_both: both.map(|endorsement| endorsement.member.clone()).collect(),
        same_statement: false,
    }))
}
