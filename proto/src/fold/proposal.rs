//! Proposals with their votes, their decision and what followed from it.

use std::borrow::Cow;

use super::subject::{Subject, case_of, frozen, known_owner, replaced};
use super::view::{View, Views, cannot_begin};
use super::{Stamp, Written};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::rules::{Placed, ProposalState, Tally, VoteState};
use crate::state::{State, StateError};

/// A proposal with its votes, its decision and what followed from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    written: Written<pb::Proposal>,
    case: Option<RecordDigest>,
    basis: Option<RecordDigest>,
    state: ProposalState,
    votes: Vec<Written<pb::Vote>>,
    decision: Option<Written<pb::Decision>>,
    activations: Vec<Written<pb::Activation>>,
    follow_ups: Vec<Written<pb::FollowUp>>,
    ratifications: Vec<Written<pb::Ratification>>,
    statements: Vec<Written<pb::PartyStatement>>,
    later: Vec<RecordDigest>,
}

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalStatus {
    /// Votes may be cast.
    Open {
        /// When voting closes at the latest, Unix milliseconds.
        closes_ms: u64,
    },
    /// Voting has closed; any eligible station may record the decision.
    AwaitingDecision,
    /// The decision is recorded.
    Decided(pb::Outcome),
}

impl Proposal {
    /// Digest of the proposal: its name.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.written.stamp.digest
    }

    /// The proposal as it was written.
    #[must_use]
    pub fn written(&self) -> &Written<pb::Proposal> {
        &self.written
    }

    /// Name of the case that it is about; absent when it is about none.
    #[must_use]
    pub fn case(&self) -> Option<RecordDigest> {
        self.case
    }

    /// The votes in the order of the log.
    #[must_use]
    pub fn votes(&self) -> &[Written<pb::Vote>] {
        &self.votes
    }

    /// The decision.
    #[must_use]
    pub fn decision(&self) -> Option<&Written<pb::Decision>> {
        self.decision.as_ref()
    }

    /// The activations of the remedy that was adopted, in the order of the log, superseded ones too.
    #[must_use]
    pub fn activations(&self) -> &[Written<pb::Activation>] {
        &self.activations
    }

    /// What members did after their activations, in the order of the log.
    #[must_use]
    pub fn follow_ups(&self) -> &[Written<pb::FollowUp>] {
        &self.follow_ups
    }

    /// National steps on the text that was adopted, in the order of the log.
    #[must_use]
    pub fn ratifications(&self) -> &[Written<pb::Ratification>] {
        &self.ratifications
    }

    /// What parties say about it, in the order of the log.
    #[must_use]
    pub fn statements(&self) -> &[Written<pb::PartyStatement>] {
        &self.statements
    }

    /// Where the record `digest` stands that belongs to this proposal and that parties speak about: the decision, or
    /// the proposal for any other one.
    #[must_use]
    pub fn stamp_of(&self, digest: &[u8]) -> &Stamp {
        let decision = self.decision.as_ref().map(|decision| &decision.stamp);
        decision
            .filter(|stamp| stamp.digest.as_bytes() == digest)
            .unwrap_or(&self.written.stamp)
    }

    /// What the rules keep of it: rule and electorate as they froze, and the votes.
    #[must_use]
    pub fn state(&self) -> &ProposalState {
        &self.state
    }

    /// The count of the votes so far, with the outcome that they give.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state.tally()
    }

    /// How far it has come at `now`, Unix milliseconds.
    #[must_use]
    pub fn status(&self, now: u64) -> ProposalStatus {
        match &self.decision {
            Some(decision) => ProposalStatus::Decided(decision.body.outcome()),
            None if self.state.is_closed(now) => ProposalStatus::AwaitingDecision,
            None => ProposalStatus::Open {
                closes_ms: self.state.deadline(),
            },
        }
    }

    /// Tells whether its decision adopted it.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.decision
            .as_ref()
            .is_some_and(|decision| decision.body.outcome() == pb::Outcome::Adopted)
    }

    /// The adopted proposal whose decision replaced the decision on this one.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn superseded_by<'v>(
        &self,
        views: &'v dyn Views,
    ) -> Result<Option<Cow<'v, Self>>, StateError> {
        let Some(decision) = &self.decision else {
            return Ok(None);
        };
        for name in &self.later {
            let later = views.load_proposal(name)?;
            let replaces =
                |later: &Cow<'_, Self>| later.is_adopted() && later.replaces(decision.stamp.digest);
            if let Some(later) = later.filter(replaces) {
                return Ok(Some(later));
            }
        }
        Ok(None)
    }

    /// The attribution that a remedy rests on.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn attribution<'v>(
        &self,
        views: &'v dyn Views,
    ) -> Result<Option<Cow<'v, Self>>, StateError> {
        match &self.basis {
            Some(name) => views.load_proposal(name),
            None => Ok(None),
        }
    }

    fn replaces(&self, decision: RecordDigest) -> bool {
        replaced(&self.written.body).any(|digest| digest == decision.as_bytes())
    }

    fn vote(&mut self, placed: Placed<'_>, vote: &pb::Vote) {
        let written = Written::new(placed, vote);
        self.state.votes.push(VoteState {
            member: written.stamp.member.clone(),
            choice: vote.choice,
            digest: written.stamp.digest.as_bytes().to_vec(),
        });
        self.votes.push(written);
    }
}

impl View for Proposal {
    fn found(placed: Placed<'_>, state: &dyn State) -> Result<Self, StateError> {
        let Some(Body::Proposal(proposal)) = placed.body() else {
            return Err(cannot_begin("proposal", placed));
        };
        let case = match &proposal.question {
            Some(question) => case_of(state, question)?,
            None => None,
        };
        let basis = match &proposal.question {
            Some(Question::Remedy(remedy)) => Some(known_owner(placed, state, &remedy.decision)?),
            _ => None,
        };
        let digest = placed.record.record.digest;
        let frozen = frozen(state, &digest)?;
        Ok(Self {
            written: Written::new(placed, proposal),
            case,
            basis: match basis {
                Some(Subject::Proposal(attribution)) => Some(attribution),
                _ => None,
            },
            state: frozen.ok_or_else(|| cannot_begin("proposal", placed))?,
            votes: Vec::new(),
            decision: None,
            activations: Vec::new(),
            follow_ups: Vec::new(),
            ratifications: Vec::new(),
            statements: Vec::new(),
            later: Vec::new(),
        })
    }

    fn append(&mut self, placed: Placed<'_>, _state: &dyn State) -> Result<(), StateError> {
        match placed.body() {
            Some(Body::Vote(body)) => self.vote(placed, body),
            Some(Body::Decision(body)) => {
                self.state.decided = true;
                self.decision = Some(Written::new(placed, body));
            }
            Some(Body::Proposal(_)) => self.later.push(placed.record.record.digest),
            Some(Body::Activation(body)) => self.activations.push(Written::new(placed, body)),
            Some(Body::FollowUp(body)) => self.follow_ups.push(Written::new(placed, body)),
            Some(Body::Ratification(body)) => self.ratifications.push(Written::new(placed, body)),
            Some(Body::PartyStatement(body)) => self.statements.push(Written::new(placed, body)),
            _ => {}
        }
        Ok(())
    }
}
