//! Which subjects a record concerns.

use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::pb::station_change::Change;
use crate::record::DecodedRecord;
use crate::rules::{Key, Placed, ProposalState, RecordState, body, load, load_proposal};
use crate::state::{State, StateError};

/// What records are about. A view is folded from the records that concern its subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// An incident, by the digest of the report's first version. View: [`Incident`](super::Incident).
    Incident(RecordDigest),
    /// A case, by the digest of its founding record. View: [`Case`](super::Case).
    Case(RecordDigest),
    /// A proposal with its votes, its decision and what followed, by its digest. View: [`Proposal`](super::Proposal).
    Proposal(RecordDigest),
    /// A piece of evidence, by the digest of its record. View: [`Evidence`](super::Evidence).
    Evidence(RecordDigest),
    /// A sensor, by the member that speaks for it and its name. View: [`Sensor`](super::Sensor).
    Sensor(String, String),
    /// A station, by its member and its name. View: [`Station`](super::Station).
    Station(String, String),
    /// The members and the rules. View: [`Constitution`](super::Constitution).
    Constitution,
}

/// The subjects that a record concerns, the one that it belongs to first, none twice. At most as many as the record
/// has references, and two more.
///
/// `state` is that of the rules before or after the record, or at any later size.
///
/// # Errors
/// [`StateError`] when the state fails.
///
/// Source: `proto/spec/fold.md`, "Subjects".
pub fn subjects_of(state: &dyn State, record: &DecodedRecord) -> Result<Vec<Subject>, StateError> {
    let Some(body) = &record.message.body else {
        return Ok(Vec::new());
    };
    let mut found = Found {
        state,
        subjects: Vec::new(),
    };
    let member = &record.message.member;
    match body {
        Body::Charter(_) => found.add(Subject::Constitution),
        Body::StationChange(change) => {
            found.add_all(
                changed_station(change).map(|name| Subject::Station(member.clone(), name)),
            );
        }
        Body::IncidentReport(_) => found.add(Subject::Incident(record.digest)),
        Body::EvidenceItem(_) => found.add(Subject::Evidence(record.digest)),
        Body::CoverageReport(report) => {
            found.add(Subject::Sensor(member.clone(), report.sensor.clone()));
        }
        Body::Correction(body) => found.add_owner(&body.target)?,
        Body::Withdrawal(body) => found.add_owner(&body.target)?,
        Body::Corroboration(body) => found.add_owner(&body.target)?,
        Body::PartyStatement(body) => found.add_owner(&body.target)?,
        Body::Disclosure(body) => found.add_owner(&body.target)?,
        Body::Case(case) => found.add_case(record.digest, case)?,
        Body::Closure(body) => found.add_owner(&body.case)?,
        Body::Reopening(body) => found.add_owner(&body.case)?,
        Body::Proposal(proposal) => found.add_proposal(record.digest, proposal)?,
        Body::Vote(body) => found.add_owner(&body.proposal)?,
        Body::Decision(body) => found.add_decision(body)?,
        Body::Ratification(body) => found.add_owner(&body.decision)?,
        Body::Activation(body) => found.add_owner(&body.decision)?,
        Body::FollowUp(body) => found.add_owner(&body.activation)?,
        Body::Summary(_) => {}
    }
    Ok(found.subjects)
}

/// The subject that the record `digest` belongs to; absent for one that the log does not hold, and for one that belongs
/// to none.
///
/// # Errors
/// [`StateError`] when the state fails.
pub fn owner(state: &dyn State, digest: &[u8]) -> Result<Option<Subject>, StateError> {
    let mut digest = digest.to_vec();
    loop {
        let record: Option<RecordState> = load(state, &Key::Record(&digest))?;
        match record {
            None => return Ok(None),
            Some(record) if record.root.is_empty() => return Ok(founded(&record, &digest)),
            Some(record) => digest = record.root,
        }
    }
}

/// The subject that the record `digest` founds.
fn founded(record: &RecordState, digest: &[u8]) -> Option<Subject> {
    let name = RecordDigest::try_from(digest).ok()?;
    match record.body {
        body::INCIDENT_REPORT => Some(Subject::Incident(name)),
        body::CASE => Some(Subject::Case(name)),
        body::PROPOSAL => Some(Subject::Proposal(name)),
        body::EVIDENCE_ITEM => Some(Subject::Evidence(name)),
        _ => None,
    }
}

/// The owner of a record that the rules made sure is there.
pub(super) fn known_owner(
    placed: Placed<'_>,
    state: &dyn State,
    digest: &[u8],
) -> Result<Subject, StateError> {
    owner(state, digest)?.ok_or_else(|| {
        StateError(format!(
            "what entry {} refers to belongs to nothing",
            placed.index
        ))
    })
}

/// The case that a proposal put in question; absent when it is about none.
pub(super) fn case_of(
    state: &dyn State,
    question: &Question,
) -> Result<Option<RecordDigest>, StateError> {
    let case = match question {
        Question::Attribution(attribution) => attribution.case.clone(),
        Question::Remedy(remedy) => match owner(state, &remedy.decision)? {
            Some(Subject::Proposal(attribution)) => {
                frozen(state, &attribution)?.unwrap_or_default().case
            }
            _ => return Ok(None),
        },
        Question::Membership(_) | Question::ProtocolText(_) | Question::Rules(_) => {
            return Ok(None);
        }
    };
    Ok(RecordDigest::try_from(case.as_slice()).ok())
}

/// What the rules keep of a proposal, without what changes after its index.
pub(super) fn frozen(
    state: &dyn State,
    proposal: &RecordDigest,
) -> Result<Option<ProposalState>, StateError> {
    let known = load_proposal(state, proposal.as_bytes())?;
    Ok(known.map(|known| ProposalState {
        votes: Vec::new(),
        decided: false,
        ..known
    }))
}

/// The decisions that a proposal is to replace.
pub(super) fn replaced(proposal: &pb::Proposal) -> impl Iterator<Item = &[u8]> {
    let text = match &proposal.question {
        Some(Question::ProtocolText(text)) => text.supersedes.as_slice(),
        _ => &[],
    };
    [proposal.supersedes.as_slice(), text]
        .into_iter()
        .filter(|decision| !decision.is_empty())
}

/// Tells whether a proposal of this kind changes members or rules.
pub(super) fn is_constitutional(kind: pb::ProposalKind) -> bool {
    matches!(kind, pb::ProposalKind::Membership | pb::ProposalKind::Rules)
}

fn changed_station(change: &pb::StationChange) -> Option<String> {
    let station = match change.change.as_ref()? {
        Change::Enrolment(enrolment) => &enrolment.station,
        Change::Rotation(rotation) => &rotation.station,
        Change::Revocation(revocation) => &revocation.station,
        Change::CompromiseMark(mark) => &mark.station,
    };
    Some(station.clone())
}

struct Found<'a> {
    state: &'a dyn State,
    subjects: Vec<Subject>,
}

impl Found<'_> {
    fn add(&mut self, subject: Subject) {
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
    }

    fn add_all(&mut self, subjects: impl IntoIterator<Item = Subject>) {
        subjects.into_iter().for_each(|subject| self.add(subject));
    }

    fn add_owner(&mut self, digest: &[u8]) -> Result<(), StateError> {
        let owner = owner(self.state, digest)?;
        self.add_all(owner);
        Ok(())
    }

    fn add_case(&mut self, digest: RecordDigest, case: &pb::Case) -> Result<(), StateError> {
        if case.extends.is_empty() {
            self.add(Subject::Case(digest));
        } else {
            self.add_owner(&case.extends)?;
        }
        case.reports
            .iter()
            .try_for_each(|report| self.add_owner(report))
    }

    fn add_proposal(
        &mut self,
        digest: RecordDigest,
        proposal: &pb::Proposal,
    ) -> Result<(), StateError> {
        self.add(Subject::Proposal(digest));
        if let Some(question) = &proposal.question {
            let case = case_of(self.state, question)?;
            self.add_all(case.map(Subject::Case));
        }
        match &proposal.question {
            Some(Question::Remedy(remedy)) => self.add_owner(&remedy.decision)?,
            Some(Question::Membership(_) | Question::Rules(_)) => self.add(Subject::Constitution),
            _ => {}
        }
        replaced(proposal).try_for_each(|decision| self.add_owner(decision))
    }

    fn add_decision(&mut self, decision: &pb::Decision) -> Result<(), StateError> {
        self.add_owner(&decision.proposal)?;
        let Ok(proposal) = RecordDigest::try_from(decision.proposal.as_slice()) else {
            return Ok(());
        };
        let kind = frozen(self.state, &proposal)?.map(|known| known.rule.kind());
        if kind.is_some_and(is_constitutional) {
            self.add(Subject::Constitution);
        }
        Ok(())
    }
}
