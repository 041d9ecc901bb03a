//! The rules: one deterministic state machine that everyone runs.
//!
//! In scope: whether the log may hold a record at its place, and what it changes. The server asks before it
//! accepts, a verifier while it replays. No clock, no randomness, no I/O. Out of scope: bytes and signatures
//! ([`crate::record`]), the chain and the tree ([`crate::verify`]).
//!
//! Every body has its file here, with its refusals in the order of the specification's section for that body.
//!
//! Source: `proto/spec/rules.md`.

mod activation;
mod case;
mod charter;
mod closure;
mod context;
mod correction;
mod corroboration;
mod coverage_report;
mod decision;
mod disclosure;
mod evidence_item;
mod fields;
mod follow_up;
mod incident_report;
mod membership;
mod model;
mod party_statement;
mod placed;
mod proposal;
mod protocol_text;
mod question;
mod ratification;
mod references;
mod reopening;
mod rule_set;
mod station_change;
mod summary;
mod vote;
mod withdrawal;

use crate::hash::CharterDigest;
use crate::pb;
use crate::pb::record::Body;
use crate::refusal::{Reason, Refusal};
use crate::state::{State, StateError, Writes};

use context::{Context, InForce};
pub use incident_report::is_ordered;
pub(crate) use model::body;
pub use model::{
    AUTHORITY_STATION, ActivationState, BODY_NAMES, CaseName, CaseState, CharterState, ClauseState,
    CommitmentState, CoverageState, Gap, GapList, Head, Holder, HolderList, Key, KeyState,
    MemberList, MemberState, OPERATOR, OPERATOR_STATION, ProposalState, RECOVERY_STATION,
    RatificationState, RecordState, SensorState, Standing, StationState, SubjectState, Tally,
    VoteState, body_name, load, load_case, load_proposal,
};
pub use placed::{Placed, RULES_VERSION, RuleError};
pub use references::references;

/// Judges one record after another. The rules in force are decoded when they have changed, not for every record.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    in_force: InForce,
}

impl Judge {
    /// As [`apply`].
    ///
    /// # Errors
    /// As [`apply`].
    ///
    /// Source: `proto/spec/rules.md`.
    pub fn apply(&mut self, state: &dyn State, placed: Placed<'_>) -> Result<Writes, RuleError> {
        let body = placed
            .body()
            .ok_or_else(|| Refusal::new(Reason::FieldRequired, "body"))?;
        let mut context = match body {
            Body::Charter(charter) => charter::found(state, placed, charter)?,
            _ => Context::admit(state, placed, &mut self.in_force)?,
        };
        apply_body(&mut context, body)?;
        context.finish()
    }
}

/// Judges a record at its place and gives what it changes. Costs a bounded number of point reads.
///
/// # Errors
/// [`RuleError::Refused`] with the first rule that it breaks; [`RuleError::State`] when the state fails.
///
/// Source: `proto/spec/rules.md`.
pub fn apply(state: &dyn State, placed: Placed<'_>) -> Result<Writes, RuleError> {
    Judge::default().apply(state, placed)
}

/// Tells whether a station with `role` may write a body at all. Which of them may propose and vote on what is for the
/// rules of the log to say.
///
/// Source: `proto/spec/rules.md`, "Roles".
#[must_use]
pub fn may_write(role: pb::Role, body: &Body) -> bool {
    context::roles_for(body).contains(&role)
}

fn apply_body(context: &mut Context<'_>, body: &Body) -> Result<(), RuleError> {
    match body {
        Body::Charter(_) => Ok(()),
        Body::StationChange(change) => station_change::apply(context, change),
        Body::IncidentReport(report) => incident_report::apply(context, report),
        Body::CoverageReport(report) => coverage_report::apply(context, report),
        Body::EvidenceItem(item) => evidence_item::apply(context, item),
        Body::Corroboration(check) => corroboration::apply(context, check),
        Body::Correction(correction) => correction::apply(context, correction),
        Body::Withdrawal(withdrawal) => withdrawal::apply(context, withdrawal),
        Body::PartyStatement(statement) => party_statement::apply(context, statement),
        Body::Case(case) => case::apply(context, case),
        Body::Proposal(proposal) => proposal::apply(context, proposal),
        Body::Vote(vote) => vote::apply(context, vote),
        Body::Decision(decision) => decision::apply(context, decision),
        Body::Activation(activation) => activation::apply(context, activation),
        Body::Ratification(ratification) => ratification::apply(context, ratification),
        Body::FollowUp(follow_up) => follow_up::apply(context, follow_up),
        Body::Closure(closure) => closure::apply(context, closure),
        Body::Reopening(reopening) => reopening::apply(context, reopening),
        Body::Disclosure(disclosure) => disclosure::apply(context, disclosure),
        Body::Summary(summary) => summary::apply(context, summary),
    }
}

/// The charter digest under which the log of `state` stands; absent for an empty state.
///
/// # Errors
/// [`StateError`] when the state fails.
pub fn charter_digest(state: &dyn State) -> Result<Option<CharterDigest>, StateError> {
    let charter: Option<CharterState> = load(state, &Key::Charter)?;
    Ok(charter.and_then(|charter| CharterDigest::try_from(charter.digest.as_slice()).ok()))
}
