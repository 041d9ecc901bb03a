//! Which cases and proposals a question is about.

use super::super::{Case, Proposal, ProposalStatus};
use super::{case, is_one_of, texts, values};
use crate::hash::RecordDigest;
use crate::pb;
use crate::refusal::Refusal;

/// Which cases. What is empty does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Codes of parties of which one is a party to the case.
    pub parties: Vec<String>,
}

impl CaseFilter {
    /// Reads a filter from a request.
    ///
    /// # Errors
    /// [`Refusal`] when it names too many parties.
    pub fn parse(request: &pb::ListCasesRequest) -> Result<Self, Refusal> {
        Ok(Self {
            parties: texts(&request.parties, "parties")?,
        })
    }

    /// Tells whether a case is one of those that are meant.
    #[must_use]
    pub fn matches(&self, case: &Case) -> bool {
        let parties = case.parties();
        let is_party = |code: &String| parties.contains(code.as_str());
        self.parties.is_empty() || self.parties.iter().any(is_party)
    }
}

/// Which proposals. What is empty or absent does not restrict; several values of one field are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Name of the case that they are about.
    pub case: Option<RecordDigest>,
    /// Kinds of the question.
    pub kinds: Vec<pb::ProposalKind>,
    /// How far they have come.
    pub statuses: Vec<pb::DecisionStatus>,
}

impl DecisionFilter {
    /// Reads a filter from a request.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is not of its form, or of which there is too much.
    pub fn parse(request: &pb::ListDecisionsRequest) -> Result<Self, Refusal> {
        Ok(Self {
            case: case(&request.case)?,
            kinds: values(&request.kinds, "kinds")?,
            statuses: values(&request.statuses, "statuses")?,
        })
    }

    /// Reads a filter from a request for remedies.
    ///
    /// # Errors
    /// [`Refusal`] when the name of the case is not one.
    pub fn parse_remedies(request: &pb::ListRemediesRequest) -> Result<Self, Refusal> {
        Ok(Self::remedies(case(&request.case)?))
    }

    /// The proposals of remedies, about one case or all.
    #[must_use]
    pub fn remedies(case: Option<RecordDigest>) -> Self {
        Self {
            case,
            kinds: vec![pb::ProposalKind::Remedy],
            statuses: Vec::new(),
        }
    }

    /// Tells whether a proposal is one of those that are meant at `now`, Unix milliseconds.
    #[must_use]
    pub fn matches(&self, proposal: &Proposal, now: u64) -> bool {
        self.case.is_none_or(|case| proposal.case() == Some(case))
            && is_one_of(&self.kinds, &proposal.state().rule.kind())
            && is_one_of(&self.statuses, &decision_status(proposal, now))
    }
}

/// How far a proposal has come at `now`, Unix milliseconds.
#[must_use]
pub fn decision_status(proposal: &Proposal, now: u64) -> pb::DecisionStatus {
    match proposal.status(now) {
        ProposalStatus::Open { .. } => pb::DecisionStatus::Open,
        ProposalStatus::AwaitingDecision => pb::DecisionStatus::AwaitingDecision,
        ProposalStatus::Decided(pb::Outcome::Adopted) => pb::DecisionStatus::Adopted,
        ProposalStatus::Decided(pb::Outcome::Rejected) => pb::DecisionStatus::Rejected,
        ProposalStatus::Decided(pb::Outcome::Lapsed) => pb::DecisionStatus::Lapsed,
        ProposalStatus::Decided(pb::Outcome::Unspecified) => pb::DecisionStatus::Unspecified,
    }
}
