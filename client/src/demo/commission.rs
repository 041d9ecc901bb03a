//! One breach on its way through the commission: case, attribution, remedy, activations. What surrounds it is in
//! [`super::life`].

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Abstain, Concur, ConcurSeparately, Dissent};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;

use super::DemoError;
use super::cast::{MEMBERS, Member, PARTY, Station};
use super::desk::Desk;
use crate::station::digest_of;

pub(super) const NOTICE: &str =
    "Invented for a demonstration; it says nothing about the real event.";

/// The clause that was broken.
pub(super) const CLAUSE: &str = "1";

const CAN: usize = 0;
pub(super) const DEU: usize = 1;
pub(super) const FRA: usize = 2;
pub(super) const GBR: usize = 3;
pub(super) const POL: usize = 4;

/// Votes on the attribution, in the order of the members: six concur, one of them separately, one dissents.
const ATTRIBUTION_VOTES: [pb::VoteChoice; MEMBERS.len()] = [
    Dissent,
    Concur,
    ConcurSeparately,
    Concur,
    Concur,
    Concur,
    Concur,
];
/// Votes on the remedy.
const REMEDY_VOTES: [pb::VoteChoice; MEMBERS.len()] =
    [Abstain, Concur, Concur, Concur, Concur, Concur, Concur];

/// A station that every member has.
pub(super) type Seat = fn(&mut Member) -> &mut Station;

impl Desk {
    /// All records about the breach that `report` tells of, in the order in which they are to be submitted.
    ///
    /// # Errors
    /// [`DemoError::Client`] when a record cannot be signed.
    pub fn decide_on(&mut self, report: RecordDigest) -> Result<Vec<pb::Submission>, DemoError> {
        let mut records = Vec::new();
        let case = self.write_as(
            DEU,
            |member| &mut member.verifier,
            case(report, clause(self.life.text)),
            &mut records,
        )?;
        let asks = attribution(case, clause(self.life.text));
        let attribution = self.adopt((FRA, commissioner), asks, ATTRIBUTION_VOTES, &mut records)?;
        let asks = remedy(attribution);
        let remedy = self.adopt((GBR, commissioner), asks, REMEDY_VOTES, &mut records)?;
        let mut activated = Vec::new();
        for (member, activation) in activations(remedy) {
            let body = Body::Activation(activation);
            activated.push(self.write_as(member, authority, body, &mut records)?);
        }
        self.life.case = Some(case);
        self.life.remedy = Some((remedy, activated));
        Ok(records)
    }

    /// A proposal, its votes and the decision that adopts it, whose digest is given. The proposer and all voters hold the
    /// same seat of their members.
    pub(super) fn adopt(
        &mut self,
        (proposer, seat): (usize, Seat),
        question: Question,
        choices: [pb::VoteChoice; MEMBERS.len()],
        records: &mut Vec<pb::Submission>,
    ) -> Result<RecordDigest, DemoError> {
        let proposal = Body::Proposal(pb::Proposal {
            title: "Demonstration".to_owned(),
            text: NOTICE.to_owned(),
            supersedes: Vec::new(),
            question: Some(question),
        });
        let proposal = self.write_as(proposer, seat, proposal, records)?;
        let mut votes = Vec::new();
        for (member, choice) in choices.into_iter().enumerate() {
            let vote = Body::Vote(vote(proposal, choice));
            let vote = self.write_as(member, seat, vote, records)?;
            votes.push(vote.as_bytes().to_vec());
        }
        let decision = Body::Decision(pb::Decision {
            proposal: proposal.as_bytes().to_vec(),
            outcome: pb::Outcome::Adopted.into(),
            votes,
        });
        self.write_as(POL, commissioner, decision, records)
    }

    pub(super) fn write_as(
        &mut self,
        member: usize,
        station: Seat,
        body: Body,
        records: &mut Vec<pb::Submission>,
    ) -> Result<RecordDigest, DemoError> {
        let submission = station(&mut self.cast.members[member]).sign(&self.id, body)?;
        let digest = digest_of(&submission);
        records.push(submission);
        Ok(digest)
    }
}

pub(super) fn commissioner(member: &mut Member) -> &mut Station {
    &mut member.commissioner
}

pub(super) fn authority(member: &mut Member) -> &mut Station {
    &mut member.authority
}

fn case(report: RecordDigest, clause: pb::ClauseReference) -> Body {
    Body::Case(pb::Case {
        title: "A breach for the demonstration".to_owned(),
        reports: vec![report.as_bytes().to_vec()],
        parties: vec![PARTY.to_owned()],
        clause_references: vec![clause],
        text: NOTICE.to_owned(),
        ..pb::Case::default()
    })
}

/// The clause of the agreed text.
fn clause(text: Option<RecordDigest>) -> pb::ClauseReference {
    pb::ClauseReference {
        protocol_text: text.map_or_else(Vec::new, |text| text.as_bytes().to_vec()),
        clause: CLAUSE.to_owned(),
    }
}

fn attribution(case: RecordDigest, clause: pb::ClauseReference) -> Question {
    Question::Attribution(pb::AttributionProposal {
        case: case.as_bytes().to_vec(),
        clause: Some(clause),
        finding: pb::AttributionFinding::Party.into(),
        party: PARTY.to_owned(),
        basis: pb::AttributionBasis::NonStateParty.into(),
        intent: pb::Intent::Unknown.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        confidence: pb::Confidence::Moderate.into(),
        finality: pb::Finality::Final.into(),
    })
}

fn remedy(attribution: RecordDigest) -> Question {
    let measure = |kind: pb::RemedyKind, stage: pb::ResponseStage| pb::Measure {
        kind: kind.into(),
        stage: stage.into(),
        ..pb::Measure::default()
    };
    Question::Remedy(pb::RemedyProposal {
        decision: attribution.as_bytes().to_vec(),
        measures: vec![
            measure(pb::RemedyKind::DiplomaticWarning, pb::ResponseStage::First),
            measure(pb::RemedyKind::LogisticalSupport, pb::ResponseStage::Second),
        ],
    })
}

fn vote(proposal: RecordDigest, choice: pb::VoteChoice) -> pb::Vote {
    let opinion = match choice {
        Dissent => "The sources do not carry this finding.",
        ConcurSeparately => "The finding holds, but on the position of the place alone.",
        _ => "",
    };
    pb::Vote {
        proposal: proposal.as_bytes().to_vec(),
        choice: choice.into(),
        opinion: opinion.to_owned(),
    }
}

/// Three members decide, each for itself: one on all measures, one on the first only, and one asks its parliament first.
fn activations(remedy: RecordDigest) -> [(usize, pb::Activation); 3] {
    let activation = |choice: pb::ActivationChoice, measures: &[u32]| pb::Activation {
        decision: remedy.as_bytes().to_vec(),
        choice: choice.into(),
        measures: measures.to_vec(),
        text: NOTICE.to_owned(),
        ..pb::Activation::default()
    };
    [
        (GBR, activation(pb::ActivationChoice::Approve, &[])),
        (CAN, activation(pb::ActivationChoice::ApproveInPart, &[1])),
        (
            DEU,
            pb::Activation {
                procedure: "Consent of parliament".to_owned(),
                ..activation(pb::ActivationChoice::PendingProcedure, &[])
            },
        ),
    ]
}
