//! What has occurred in a history, and what has to occur in each, so that none passes for want of occasion.

use std::collections::BTreeMap;

use trucelog_proto::pb::{self, proposal::Question, record::Body, station_change::Change};
use trucelog_proto::record::DecodedRecord;
use trucelog_proto::refusal::Reason;
use trucelog_proto::rules::body_name;

use crate::protocol::story::Story;

/// Every body but the charter, and what else a record may say that the rules treat in its own way.
const RECORDS: [&str; 46] = [
    "station_change",
    "incident_report",
    "coverage_report",
    "evidence_item",
    "corroboration",
    "correction",
    "withdrawal",
    "party_statement",
    "case",
    "proposal",
    "vote",
    "decision",
    "ratification",
    "activation",
    "follow_up",
    "closure",
    "reopening",
    "disclosure",
    "summary",
    "ENROLMENT",
    "ROTATION",
    "REVOCATION",
    "COMPROMISE_MARK",
    "OPEN",
    "SEALED",
    "MEMBERSHIP_CHANGE_ADMIT",
    "MEMBERSHIP_CHANGE_SUSPEND",
    "MEMBERSHIP_CHANGE_REINSTATE",
    "MEMBERSHIP_CHANGE_DEPART",
    "VOTE_CHOICE_CONCUR",
    "VOTE_CHOICE_CONCUR_SEPARATELY",
    "VOTE_CHOICE_DISSENT",
    "VOTE_CHOICE_ABSTAIN",
    "VOTE_CHOICE_RECUSED",
    "RATIFICATION_STEP_SIGNED",
    "RATIFICATION_STEP_RATIFIED",
    "RATIFICATION_STEP_REFUSED",
    "RATIFICATION_STEP_WITHDRAWN",
    "ACTIVATION_CHOICE_APPROVE",
    "ACTIVATION_CHOICE_APPROVE_IN_PART",
    "ACTIVATION_CHOICE_DECLINE",
    "ACTIVATION_CHOICE_PENDING_PROCEDURE",
    "CLOSURE_RESULT_VIOLATION",
    "CLOSURE_RESULT_NO_VIOLATION",
    "CLOSURE_RESULT_PENDING",
    "restated coverage",
];

/// Reasons for which something is refused in every history.
const REASONS: [Reason; 42] = [
    Reason::NotCanonical,
    Reason::UnknownField,
    Reason::SignatureInvalid,
    Reason::KeyUnknown,
    Reason::KeyRevoked,
    Reason::KeyOfOtherStation,
    Reason::StationActive,
    Reason::StationUnknown,
    Reason::MemberSuspended,
    Reason::RoleNotAllowed,
    Reason::SequenceUsed,
    Reason::SequenceGap,
    Reason::ReplacesLogged,
    Reason::TimeAhead,
    Reason::LabelNarrower,
    Reason::FieldRequired,
    Reason::ReferenceUnknown,
    Reason::ReferenceType,
    Reason::ReferenceSuperseded,
    Reason::ReferenceWithdrawn,
    Reason::OtherMember,
    Reason::OwnReport,
    Reason::IntervalOverlap,
    Reason::CommitmentUsed,
    Reason::OpeningDiffers,
    Reason::SecondDisclosure,
    Reason::CaseClosed,
    Reason::CaseOpen,
    Reason::ProposalOpen,
    Reason::StandardTooLow,
    Reason::BasisNotABreach,
    Reason::BasisProvisional,
    Reason::NotEligible,
    Reason::SecondVote,
    Reason::VotingOpen,
    Reason::VotesDiffer,
    Reason::OutcomeDiffers,
    Reason::SecondDecision,
    Reason::SupersedesRequired,
    Reason::StepOrder,
    Reason::ResultDiffers,
    Reason::PartyToCase,
];

/// Each kind of question has each outcome.
const KINDS: [pb::ProposalKind; 5] = [
    pb::ProposalKind::Attribution,
    pb::ProposalKind::Remedy,
    pb::ProposalKind::Membership,
    pb::ProposalKind::ProtocolText,
    pb::ProposalKind::Rules,
];
const OUTCOMES: [pb::Outcome; 3] = [
    pb::Outcome::Adopted,
    pb::Outcome::Rejected,
    pb::Outcome::Lapsed,
];

/// What has occurred, and how often.
#[derive(Debug, Default)]
pub(crate) struct Occurred {
    records: BTreeMap<&'static str, usize>,
    refusals: BTreeMap<&'static str, usize>,
}

impl Occurred {
    pub(crate) fn note(&mut self, signed: &pb::SignedRecord) {
        let record = DecodedRecord::decode(&signed.record).unwrap();
        let body = record.message.body.unwrap();
        *self.records.entry(body_name(&body)).or_default() += 1;
        if let Some(kind) = kind_of(&body) {
            *self.records.entry(kind).or_default() += 1;
        }
    }

    pub(crate) fn note_refusal(&mut self, reason: Reason) {
        *self.refusals.entry(reason.name()).or_default() += 1;
    }

    /// What has to occur and has not.
    pub(crate) fn missing(&self, story: &Story) -> Vec<String> {
        let records = RECORDS.iter().copied();
        let records = records.filter(|name| !self.records.contains_key(name));
        let reasons = REASONS.iter().map(|reason| reason.name());
        let reasons = reasons.filter(|name| !self.refusals.contains_key(name));
        let mut missing: Vec<String> = records.chain(reasons).map(str::to_owned).collect();
        for kind in KINDS {
            for outcome in OUTCOMES {
                if !story.outcomes.contains_key(&(kind, outcome)) {
                    missing.push(format!("{kind:?} {outcome:?}"));
                }
            }
        }
        missing
    }
}

/// What of its kind a body is, where the rules tell kinds apart.
fn kind_of(body: &Body) -> Option<&'static str> {
    Some(match body {
        Body::StationChange(change) => match change.change.as_ref()? {
            Change::Enrolment(_) => "ENROLMENT",
            Change::Rotation(_) => "ROTATION",
            Change::Revocation(_) => "REVOCATION",
            Change::CompromiseMark(_) => "COMPROMISE_MARK",
        },
        Body::EvidenceItem(item) => match item.content.as_ref()? {
            pb::evidence_item::Content::Open(_) => "OPEN",
            pb::evidence_item::Content::Sealed(_) => "SEALED",
        },
        Body::Proposal(proposal) => match proposal.question.as_ref()? {
            Question::Membership(membership) => membership.change().as_str_name(),
            _ => return None,
        },
        Body::CoverageReport(report) if !report.supersedes.is_empty() => "restated coverage",
        Body::Vote(vote) => vote.choice().as_str_name(),
        Body::Ratification(ratification) => ratification.step().as_str_name(),
        Body::Activation(activation) => activation.choice().as_str_name(),
        Body::Closure(closure) => closure.result().as_str_name(),
        _ => return None,
    })
}
