//! Cases, proposals with their votes and decisions, remedies with what members did about them.

use std::collections::BTreeSet;

use super::difference::Difference;
use super::{At, Fold, Incident, Stamp, Written};
use crate::hash::{LeafIndex, RecordDigest};
use crate::pb;
use crate::pb::proposal::Question;
use crate::rules::{Key, ProposalState, Tally, load};
use crate::state::StateError;

/// A case: its founding record and what extended it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    founding: Written<pb::Case>,
    extensions: Vec<Written<pb::Case>>,
}

/// A report in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupedReport {
    /// Digest of the version that was in force when it was put into the case.
    pub version: RecordDigest,
    /// Index of the Case record that put it there.
    pub grouped_index: LeafIndex,
}

impl Case {
    /// Digest of the founding record: the name of the case.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.founding.stamp.digest
    }

    /// Title that the case was founded with.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.founding.body.title
    }

    /// The founding record and the extensions in the order of the log.
    pub fn records(&self) -> impl Iterator<Item = &Written<pb::Case>> {
        std::iter::once(&self.founding).chain(&self.extensions)
    }

    /// The reports in the order in which they were put into the case.
    pub fn reports(&self) -> impl Iterator<Item = GroupedReport> {
        self.records().flat_map(|record| {
            record.body.reports.iter().filter_map(|digest| {
                Some(GroupedReport {
                    version: RecordDigest::try_from(digest.as_slice()).ok()?,
                    grouped_index: record.stamp.index,
                })
            })
        })
    }

    /// Codes of the parties.
    #[must_use]
    pub fn parties(&self) -> BTreeSet<&str> {
        self.records()
            .flat_map(|record| record.body.parties.iter().map(String::as_str))
            .collect()
    }
}

/// A proposal with its votes, its decision and what followed from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    written: Written<pb::Proposal>,
    votes: Vec<Written<pb::Vote>>,
    decision: Option<Written<pb::Decision>>,
    activations: Vec<Written<pb::Activation>>,
    state: ProposalState,
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
    /// Digest of the proposal.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.written.stamp.digest
    }

    /// The proposal as it was written.
    #[must_use]
    pub fn written(&self) -> &Written<pb::Proposal> {
        &self.written
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

    /// Digest of the case that it is about; absent when it is about none.
    #[must_use]
    pub fn case(&self) -> Option<RecordDigest> {
        RecordDigest::try_from(self.state.case.as_slice()).ok()
    }

    fn is_adopted(&self) -> bool {
        self.decision
            .as_ref()
            .is_some_and(|decision| decision.body.outcome() == pb::Outcome::Adopted)
    }
}

/// What happened to a report of the case after an attribution was proposed on it.
#[derive(Clone, Debug, PartialEq)]
pub struct BasisMark {
    /// Digest of the first version of the report.
    pub report: RecordDigest,
    /// Index of the correction or withdrawal.
    pub index: LeafIndex,
    /// What it did to the basis.
    pub change: BasisChange,
    /// It came before the decision, or there is no decision.
    pub before_decision: bool,
}

/// What a correction or withdrawal did to the basis of an attribution.
#[derive(Clone, Debug, PartialEq)]
pub enum BasisChange {
    /// The report was withdrawn: "basis withdrawn".
    Withdrawn,
    /// Kind, actor, time or place were corrected: "basis changed". Holds the fields of these that changed; none when
    /// only the stated reason says so, as for an actor that stands in an imported column.
    Changed(Vec<Difference>),
}

/// An adopted remedy with what each member did about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The decision that adopted it.
    pub decision: &'a Written<pb::Decision>,
    /// The attribution that it rests on.
    pub attribution: Option<&'a Proposal>,
    /// The attribution was superseded by a later decision.
    pub stale: bool,
    /// The measures.
    pub measures: &'a [pb::Measure],
    /// One for each member, ascending by code.
    pub responses: Vec<Response<'a>>,
}

/// What one member did about a remedy.
#[derive(Clone, Debug, PartialEq)]
pub struct Response<'a> {
    /// Code of the member.
    pub member: &'a str,
    /// Its newest activation.
    pub newest: Option<&'a Written<pb::Activation>>,
    /// One for each measure, in their order.
    pub answers: Vec<Answer>,
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

impl Fold {
    pub(super) fn group(&mut self, stamp: Stamp, case: &pb::Case) {
        let digest = stamp.digest;
        let written = Written {
            stamp,
            body: case.clone(),
        };
        let at = if case.extends.is_empty() {
            self.cases.push(Case {
                founding: written,
                extensions: Vec::new(),
            });
            At::Case(self.cases.len() - 1)
        } else {
            let founding = match self.at(&case.extends) {
                Some(At::Case(position)) => Some(position),
                _ => None,
            };
            let position = founding.expect("the rules let a Case extend nothing but a case");
            self.cases[position].extensions.push(written);
            At::Case(position)
        };
        self.subjects.insert(digest, at);
    }

    pub(super) fn propose(
        &mut self,
        stamp: Stamp,
        proposal: &pb::Proposal,
    ) -> Result<(), StateError> {
        let digest = stamp.digest;
        self.subjects
            .insert(digest, At::Proposal(self.proposals.len()));
        self.proposals.push(Proposal {
            written: Written {
                stamp,
                body: proposal.clone(),
            },
            votes: Vec::new(),
            decision: None,
            activations: Vec::new(),
            state: ProposalState::default(),
        });
        self.refresh(digest.as_bytes())
    }

    pub(super) fn vote(&mut self, stamp: Stamp, vote: &pb::Vote) -> Result<(), StateError> {
        let body = vote.clone();
        let proposal = self.proposal_of(stamp.digest, &vote.proposal);
        proposal.votes.push(Written { stamp, body });
        self.refresh(&vote.proposal)
    }

    pub(super) fn decide(
        &mut self,
        stamp: Stamp,
        decision: &pb::Decision,
    ) -> Result<(), StateError> {
        let body = decision.clone();
        let proposal = self.proposal_of(stamp.digest, &decision.proposal);
        proposal.decision = Some(Written { stamp, body });
        self.refresh(&decision.proposal)
    }

    pub(super) fn activate(&mut self, stamp: Stamp, activation: &pb::Activation) {
        let body = activation.clone();
        let proposal = self.proposal_of(stamp.digest, &activation.decision);
        proposal.activations.push(Written { stamp, body });
    }

    /// Files the record `digest` under the proposal that `reference` belongs to.
    fn proposal_of(&mut self, digest: RecordDigest, reference: &[u8]) -> &mut Proposal {
        let position = self
            .proposal_at(reference)
            .expect("the rules let in votes, decisions and activations of proposals only");
        self.subjects.insert(digest, At::Proposal(position));
        &mut self.proposals[position]
    }

    fn proposal_at(&self, reference: &[u8]) -> Option<usize> {
        match self.at(reference)? {
            At::Proposal(position) => Some(position),
            _ => None,
        }
    }

    /// Takes over what the rules now keep of a proposal.
    fn refresh(&mut self, proposal: &[u8]) -> Result<(), StateError> {
        let state: Option<ProposalState> = load(&self.state, &Key::Proposal(proposal))?;
        if let (Some(position), Some(state)) = (self.proposal_at(proposal), state) {
            self.proposals[position].state = state;
        }
        Ok(())
    }

    /// The incidents of a case, in the order in which they were put into it.
    #[must_use]
    pub fn incidents_of(&self, case: &Case) -> Vec<&Incident> {
        let mut incidents: Vec<&Incident> = Vec::new();
        for report in case.reports() {
            if let Some(incident) = self.incident(&report.version)
                && !incidents
                    .iter()
                    .any(|known| known.digest() == incident.digest())
            {
                incidents.push(incident);
            }
        }
        incidents
    }

    /// The adopted proposal whose decision replaced the decision on `proposal`.
    #[must_use]
    pub fn superseded_by(&self, proposal: &Proposal) -> Option<&Proposal> {
        let decision = proposal.decision.as_ref()?;
        let replaces = |later: &&Proposal| {
            later.is_adopted() && later.written.body.supersedes == decision.stamp.digest.as_bytes()
        };
        self.proposals.iter().find(replaces)
    }

    /// What happened to the basis of an attribution, or of the attribution that a remedy rests on, since it was
    /// proposed. The basis are the reports that were in the case then, in the versions in force then.
    #[must_use]
    pub fn basis_marks(&self, proposal: &Proposal) -> Vec<BasisMark> {
        let attribution = match &proposal.written.body.question {
            Some(Question::Remedy(remedy)) => self.proposal_at(&remedy.decision),
            _ => None,
        };
        let attribution = attribution.map_or(proposal, |position| &self.proposals[position]);
        let Some(case) = attribution.case().and_then(|case| self.case(&case)) else {
            return Vec::new();
        };
        let proposed = attribution.written.stamp.index;
        let mut reports: BTreeSet<RecordDigest> = BTreeSet::new();
        let mut marks = Vec::new();
        for report in case
            .reports()
            .filter(|report| report.grouped_index < proposed)
        {
            if let Some(incident) = self.incident(&report.version)
                && reports.insert(incident.digest())
            {
                marks.extend(marks_of(incident, attribution));
            }
        }
        marks
    }

    /// The adopted remedies in the order of the log.
    pub fn remedies(&self) -> impl Iterator<Item = Remedy<'_>> {
        self.proposals
            .iter()
            .filter_map(|proposal| self.remedy(proposal))
    }

    /// The remedy that a proposal put forward; absent unless it was adopted.
    #[must_use]
    pub fn remedy<'a>(&'a self, proposal: &'a Proposal) -> Option<Remedy<'a>> {
        let Some(Question::Remedy(remedy)) = &proposal.written.body.question else {
            return None;
        };
        let decision = proposal.decision.as_ref()?;
        if !proposal.is_adopted() {
            return None;
        }
        let attribution = self
            .proposal_at(&remedy.decision)
            .map(|position| &self.proposals[position]);
        let members = self
            .charter
            .iter()
            .flat_map(|charter| charter.body.members.iter());
        Some(Remedy {
            proposal,
            decision,
            attribution,
            stale: attribution.is_some_and(|basis| self.superseded_by(basis).is_some()),
            measures: &remedy.measures,
            responses: members
                .map(|member| respond(&member.code, proposal, &remedy.measures))
                .collect(),
        })
    }
}

fn respond<'a>(member: &'a str, proposal: &'a Proposal, measures: &[pb::Measure]) -> Response<'a> {
    let newest = proposal
        .activations
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
        member,
        newest,
        answers,
    }
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

/// The marks that one report puts on an attribution.
fn marks_of(incident: &Incident, attribution: &Proposal) -> Vec<BasisMark> {
    let proposed = attribution.written.stamp.index;
    let decided = attribution
        .decision
        .as_ref()
        .map(|decision| decision.stamp.index);
    let mark = |index: LeafIndex, change: BasisChange| BasisMark {
        report: incident.digest(),
        index,
        change,
        before_decision: decided.is_none_or(|decided| index < decided),
    };
    let mut marks: Vec<BasisMark> = incident
        .history()
        .filter(|(correction, _)| correction.stamp.index > proposed)
        .filter_map(|(correction, differences)| {
            let changed: Vec<Difference> =
                differences.into_iter().filter(is_of_the_basis).collect();
            let says_so = correction
                .reason
                .as_ref()
                .is_some_and(|reason| concerns_the_basis(reason.code));
            (says_so || !changed.is_empty())
                .then(|| mark(correction.stamp.index, BasisChange::Changed(changed)))
        })
        .collect();
    if let Some(withdrawal) = incident.withdrawal() {
        marks.push(mark(withdrawal.stamp.index, BasisChange::Withdrawn));
    }
    marks
}

/// Tells whether a field says what happened, who did it, when or where.
fn is_of_the_basis(difference: &Difference) -> bool {
    const FIELDS: [&str; 8] = [
        "kind",
        "kind_text",
        "domain",
        "apparent_origin",
        "earliest_time",
        "latest_time",
        "time_precision",
        "place",
    ];
    let first = difference.path.split('.').next().unwrap_or_default();
    FIELDS.contains(&first)
}

fn concerns_the_basis(reason: pb::CorrectionReason) -> bool {
    use pb::CorrectionReason::{Actor, Position, Reclassified, Time};
    matches!(reason, Actor | Position | Reclassified | Time)
}
