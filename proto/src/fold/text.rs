//! Agreed texts, and what each member did to ratify them.

use super::Written;
use super::proposal::Proposal;
use super::view::Views;
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::proposal::Question;
use crate::state::StateError;

/// A protocol text that was adopted, with what each member did to ratify it.
#[derive(Clone, Debug, PartialEq)]
pub struct Text<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The decision that adopted it, by which records name the text.
    pub decision: &'a Written<pb::Decision>,
    /// The text by its digests.
    pub text: &'a pb::ProtocolTextProposal,
    /// The proposal of the text that replaced it.
    pub superseded_by: Option<RecordDigest>,
    /// One for each member, ascending by code.
    pub ratifications: Vec<NationalSteps<'a>>,
}

/// What one member did to ratify a text.
#[derive(Clone, Debug, PartialEq)]
pub struct NationalSteps<'a> {
    /// Code of the member.
    pub member: String,
    /// Its steps in the order of the log.
    pub steps: Vec<&'a Written<pb::Ratification>>,
}

/// Whether a text is in effect, as it says itself. Whether members are bound by it depends on their ratifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextStatus {
    /// Its effective time is yet to come.
    NotYetEffective,
    /// It is in effect.
    InEffect,
    /// Its expiry time has come.
    Expired,
    /// Another text has replaced it.
    Superseded,
}

impl NationalSteps<'_> {
    /// The newest step; absent when the member took none.
    #[must_use]
    pub fn newest(&self) -> Option<pb::RatificationStep> {
        self.steps.last().map(|step| step.body.step())
    }
}

impl Text<'_> {
    /// Whether it is in effect at `now`, Unix milliseconds.
    #[must_use]
    pub fn status(&self, now: u64) -> TextStatus {
        if self.superseded_by.is_some() {
            TextStatus::Superseded
        } else if now < self.text.effective_time {
            TextStatus::NotYetEffective
        } else if self.text.expiry_time > 0 && now >= self.text.expiry_time {
            TextStatus::Expired
        } else {
            TextStatus::InEffect
        }
    }
}

impl Proposal {
    /// The protocol text that this proposal put forward; absent unless it was adopted.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn text<'a>(&'a self, views: &dyn Views) -> Result<Option<Text<'a>>, StateError> {
        let (Some(Question::ProtocolText(text)), Some(decision), true) = (
            &self.written().body.question,
            self.decision(),
            self.is_adopted(),
        ) else {
            return Ok(None);
        };
        let constitution = views.load_constitution()?;
        let members = constitution
            .as_ref()
            .map(|constitution| constitution.members())
            .unwrap_or_default();
        let steps_of = |member: &str| NationalSteps {
            member: member.to_owned(),
            steps: self
                .ratifications()
                .iter()
                .filter(|step| step.stamp.member == member)
                .collect(),
        };
        Ok(Some(Text {
            proposal: self,
            decision,
            text,
            superseded_by: self.superseded_by(views)?.map(|later| later.digest()),
            ratifications: members.into_iter().map(steps_of).collect(),
        }))
    }
}
