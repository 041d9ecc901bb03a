//! Adopted remedies, and what each member did about each measure.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Written;
use super::proposal::Proposal;
use super::view::Views;
use crate::pb;
use crate::pb::FollowUpStatus::{Failed, Unspecified};
use crate::pb::proposal::Question;
use crate::state::StateError;

/// An adopted remedy with what each member did about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The decision that adopted it.
    pub decision: &'a Written<pb::Decision>,
    /// The attribution that it rests on.
    pub attribution: Option<Cow<'a, Proposal>>,
    /// The attribution was superseded by a later decision.
    pub stale: bool,
    /// The measures.
    pub measures: &'a [pb::Measure],
    /// When the stage of each measure ends, in their order, Unix milliseconds; absent for a measure without a stage.
    pub due_times: Vec<Option<u64>>,
    /// One for each member, ascending by code.
    pub responses: Vec<Response<'a>>,
}

/// What one member did about a remedy.
#[derive(Clone, Debug, PartialEq)]
pub struct Response<'a> {
    /// Code of the member.
    pub member: String,
    /// Its newest activation.
    pub newest: Option<&'a Written<pb::Activation>>,
    /// One for each measure, in their order.
    pub answers: Vec<Answer>,
    /// What it last did about each measure, in their order.
    pub follow_ups: Vec<Option<&'a Written<pb::FollowUp>>>,
}

/// What a member still owes after the stage of a measure has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overdue {
    /// Its decision: it has not answered, or its procedure is under way.
    Answer,
    /// The act: it approved the measure, and has not begun or has failed.
    Action,
}

/// What one member did about one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The measure does not ask this member to act.
    NotAsked,
    /// The member has not answered.
    None,
    /// It approved the measure.
    Approved,
    /// It approved other measures only.
    LeftOut,
    /// It declined.
    Declined,
    /// Its national procedure is under way.
    Pending,
}

impl Remedy<'_> {
    /// What a member owes about the measure at `position`, counted from 0, at `now`, Unix milliseconds. Nothing before
    /// the stage of the measure ends.
    #[must_use]
    pub fn overdue(&self, response: &Response<'_>, position: usize, now: u64) -> Option<Overdue> {
        let due = self.due_times.get(position).copied().flatten()?;
        if now < due {
            return None;
        }
        match response.answers.get(position)? {
            Answer::None | Answer::Pending => Some(Overdue::Answer),
            Answer::Approved => {
                let newest = response.follow_ups.get(position)?;
                let status = newest.map_or(Unspecified, |follow_up| follow_up.body.status());
                matches!(status, Unspecified | Failed).then_some(Overdue::Action)
            }
            Answer::NotAsked | Answer::LeftOut | Answer::Declined => None,
        }
    }
}

impl Proposal {
    /// The remedy that this proposal put forward; absent unless it was adopted.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn remedy<'a>(&'a self, views: &'a dyn Views) -> Result<Option<Remedy<'a>>, StateError> {
        let (Some(Question::Remedy(remedy)), Some(decision), true) = (
            &self.written().body.question,
            self.decision(),
            self.is_adopted(),
        ) else {
            return Ok(None);
        };
        let attribution = self.attribution(views)?;
        let stale = match &attribution {
            Some(basis) => basis.superseded_by(views)?.is_some(),
            None => false,
        };
        let constitution = views.load_constitution()?;
        let members: BTreeSet<&str> = constitution
            .as_ref()
            .map(|constitution| constitution.members())
            .unwrap_or_default();
        Ok(Some(Remedy {
            proposal: self,
            decision,
            attribution,
            stale,
            due_times: self.due_times(&remedy.measures, views)?,
            measures: &remedy.measures,
            responses: members
                .into_iter()
                .map(|member| respond(member, self, &remedy.measures))
                .collect(),
        }))
    }

    /// When the stages of measures end, by the clocks of the case.
    fn due_times(
        &self,
        measures: &[pb::Measure],
        views: &dyn Views,
    ) -> Result<Vec<Option<u64>>, StateError> {
        let case = match self.case() {
            Some(case) => views.load_case(&case)?,
            None => None,
        };
        let clocks = match case {
            Some(case) => case.clocks(views)?,
            None => Vec::new(),
        };
        let due = |measure: &pb::Measure| {
            let clock = clocks.iter().find(|clock| clock.stage == measure.stage())?;
            clock.due_ms
        };
        Ok(measures.iter().map(due).collect())
    }
}

fn respond<'a>(member: &str, proposal: &'a Proposal, measures: &[pb::Measure]) -> Response<'a> {
    let newest = proposal
        .activations()
        .iter()
        .rfind(|activation| activation.stamp.member == member);
    let answers = (1..)
        .zip(measures)
        .map(|(number, measure)| {
            let asked = measure.addressees.is_empty()
                || measure.addressees.iter().any(|code| code == member);
            match newest {
                _ if !asked => Answer::NotAsked,
                None => Answer::None,
                Some(activation) => answer(&activation.body, number),
            }
        })
        .collect();
    Response {
        member: member.to_owned(),
        newest,
        answers,
        follow_ups: (1..)
            .zip(measures)
            .map(|(number, _)| last_act(member, proposal, number))
            .collect(),
    }
}

/// What a member last did about the measure with a number, counted from 1.
fn last_act<'a>(
    member: &str,
    proposal: &'a Proposal,
    number: u32,
) -> Option<&'a Written<pb::FollowUp>> {
    proposal.follow_ups().iter().rfind(|follow_up| {
        let measures = &follow_up.body.measures;
        follow_up.stamp.member == member && (measures.is_empty() || measures.contains(&number))
    })
}

/// What an activation says about the measure with a number, counted from 1.
fn answer(activation: &pb::Activation, number: u32) -> Answer {
    match activation.choice() {
        pb::ActivationChoice::Approve => Answer::Approved,
        pb::ActivationChoice::ApproveInPart if activation.measures.contains(&number) => {
            Answer::Approved
        }
        pb::ActivationChoice::ApproveInPart => Answer::LeftOut,
        pb::ActivationChoice::Decline => Answer::Declined,
        pb::ActivationChoice::PendingProcedure => Answer::Pending,
        pb::ActivationChoice::Unspecified => Answer::None,
    }
}
