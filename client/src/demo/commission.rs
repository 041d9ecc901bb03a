//! One breach on its way through the commission: case, attribution, remedy, activations.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::{Abstain, Concur, ConcurSeparately, Dissent};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;

use super::DemoError;
use super::cast::{MEMBERS, Member, PARTY, Station};
use super::desk::Desk;
use crate::station::digest_of;

const NOTICE: &str = "Invented for a demonstration; it says nothing about the real event.";

const CAN: usize = 0;
const DEU: usize = 1;
const FRA: usize = 2;
const GBR: usize = 3;
const POL: usize = 4;

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
            case(report),
            &mut records,
        )?;
        let attribution = self.adopt(FRA, attribution(case), ATTRIBUTION_VOTES, &mut records)?;
        let remedy = self.adopt(GBR, remedy(attribution), REMEDY_VOTES, &mut records)?;
        for (member, activation) in activations(remedy) {
            let body = Body::Activation(activation);
            self.write_as(member, |member| &mut member.authority, body, &mut records)?;
        }
        Ok(records)
    }

    /// A proposal, its votes and the decision that adopts it, whose digest is given.
    fn adopt(
        &mut self,
        proposer: usize,
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
        let proposal = self.write_as(proposer, commissioner, proposal, records)?;
        let mut votes = Vec::new();
        for (member, choice) in choices.into_iter().enumerate() {
            let vote = Body::Vote(vote(proposal, choice));
            let vote = self.write_as(member, commissioner, vote, records)?;
            votes.push(vote.as_bytes().to_vec());
        }
        let decision = Body::Decision(pb::Decision {
            proposal: proposal.as_bytes().to_vec(),
            outcome: pb::Outcome::Adopted.into(),
            votes,
        });
        self.write_as(POL, commissioner, decision, records)
    }

    fn write_as(
        &mut self,
        member: usize,
        station: fn(&mut Member) -> &mut Station,
        body: Body,
        records: &mut Vec<pb::Submission>,
    ) -> Result<RecordDigest, DemoError> {
        let submission = station(&mut self.cast.members[member]).sign(&self.id, body)?;
        let digest = digest_of(&submission);
        records.push(submission);
        Ok(digest)
    }
}

fn commissioner(member: &mut Member) -> &mut Station {
    &mut member.commissioner
}

fn case(report: RecordDigest) -> Body {
    Body::Case(pb::Case {
        title: "A breach for the demonstration".to_owned(),
        reports: vec![report.as_bytes().to_vec()],
        parties: vec![PARTY.to_owned()],
        clause_references: vec![clause()],
        text: NOTICE.to_owned(),
        ..pb::Case::default()
    })
}

fn clause() -> pb::ClauseReference {
    pb::ClauseReference {
        protocol_text: Vec::new(),
        clause: "1".to_owned(),
    }
}

fn attribution(case: RecordDigest) -> Question {
    Question::Attribution(pb::AttributionProposal {
        case: case.as_bytes().to_vec(),
        clause: Some(clause()),
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

/// Two members act, each by its own decision: one on all measures, one on the first only.
fn activations(remedy: RecordDigest) -> [(usize, pb::Activation); 2] {
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
    ]
}
