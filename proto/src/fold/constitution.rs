//! The members and the rules: what the charter founded and adopted proposals changed.

use std::collections::BTreeSet;

use super::view::{View, cannot_begin};
use super::{Stamp, Written};
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// The members and the rules of a log through its life.
#[derive(Clone, Debug, PartialEq)]
pub struct Constitution {
    charter: Written<pb::Charter>,
    proposed: Vec<(RecordDigest, Question)>,
    amendments: Vec<Amendment>,
}

/// A change of members or rules that was adopted.
#[derive(Clone, Debug, PartialEq)]
pub struct Amendment {
    /// The decision that adopted it. It is in force from the next index on.
    pub decision: Stamp,
    /// What was adopted: a question of kind membership or rules.
    pub question: Question,
}

impl Constitution {
    /// The charter.
    #[must_use]
    pub fn charter(&self) -> &Written<pb::Charter> {
        &self.charter
    }

    /// The changes that were adopted, in the order of the log.
    #[must_use]
    pub fn amendments(&self) -> &[Amendment] {
        &self.amendments
    }

    /// The rules in force at an index.
    #[must_use]
    pub fn rules_at(&self, index: LeafIndex) -> pb::Rules {
        let adopted =
            self.amendments
                .iter()
                .rev()
                .find_map(|amendment| match &amendment.question {
                    Question::Rules(proposal) if amendment.decision.index < index => {
                        proposal.rules.clone()
                    }
                    _ => None,
                });
        let founding = || self.charter.body.rules.clone();
        adopted.or_else(founding).unwrap_or_default()
    }

    /// Codes of all members that there have ever been, departed ones too.
    #[must_use]
    pub fn members(&self) -> BTreeSet<&str> {
        let founding = self.charter.body.members.iter();
        let admitted = self
            .amendments
            .iter()
            .filter_map(|amendment| match &amendment.question {
                Question::Membership(membership) => membership.member.as_ref(),
                _ => None,
            });
        founding
            .chain(admitted)
            .map(|member| member.code.as_str())
            .collect()
    }

    /// The newest change of a member's standing; absent for a founding member that nothing was decided about.
    #[must_use]
    pub fn standing(&self, member: &str) -> Option<pb::MembershipChange> {
        self.amendments
            .iter()
            .rev()
            .find_map(|amendment| match &amendment.question {
                Question::Membership(membership) => membership
                    .member
                    .as_ref()
                    .is_some_and(|changed| changed.code == member)
                    .then(|| membership.change()),
                _ => None,
            })
    }
}

impl View for Constitution {
    fn found(placed: Placed<'_>, _state: &dyn State) -> Result<Self, StateError> {
        let Some(Body::Charter(charter)) = placed.body() else {
            return Err(cannot_begin("constitution", placed));
        };
        Ok(Self {
            charter: Written::new(placed, charter),
            proposed: Vec::new(),
            amendments: Vec::new(),
        })
    }

    fn append(&mut self, placed: Placed<'_>, _state: &dyn State) -> Result<(), StateError> {
        match placed.body() {
            Some(Body::Proposal(proposal)) => {
                let question = proposal.question.clone();
                self.proposed
                    .extend(question.map(|question| (placed.record.record.digest, question)));
            }
            Some(Body::Decision(decision)) => self.decide(placed, decision),
            _ => {}
        }
        Ok(())
    }
}

impl Constitution {
    fn decide(&mut self, placed: Placed<'_>, decision: &pb::Decision) {
        let position = self
            .proposed
            .iter()
            .position(|(digest, _)| digest.as_bytes().as_slice() == decision.proposal);
        let Some(position) = position else { return };
        let (_, question) = self.proposed.swap_remove(position);
        if decision.outcome() == pb::Outcome::Adopted {
            let decision = Stamp::of(placed);
            self.amendments.push(Amendment { decision, question });
        }
    }
}
