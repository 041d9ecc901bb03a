//! What surrounds the commission's work on one breach: the agreed text, a camera, evidence open and sealed, what others
//! found and what the party says before it; follow-ups, parliament's answer, new members and new rules after it.

use trucelog_proto::hash::{RecordDigest, sha256};
use trucelog_proto::pb;
use trucelog_proto::pb::VoteChoice::Concur;
use trucelog_proto::pb::evidence_item::Content;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::sealed::{Salt, commitment};

use super::DemoError;
use super::cast::{MEMBERS, Member, PARTY, Station, codes, rules};
use super::commission::{CLAUSE, DEU, FRA, GBR, NOTICE, POL, authority, commissioner};
use super::desk::Desk;
use super::mapping;
use crate::Error;

/// All votes of members that agree.
const AGREED: [pb::VoteChoice; MEMBERS.len()] = [Concur; MEMBERS.len()];
/// 2022-01-01T00:00:00Z, in ms: after the last event of the tables.
const QUIET_DAY_MS: u64 = 1_640_995_200_000;
const DAY_MS: u64 = 86_400_000;
/// What was sealed and is opened.
const SEALED: &[u8] = b"Camera 4, frame 3301: invented for a demonstration.";

fn monitor(member: &mut Member) -> &mut Station {
    &mut member.monitor
}

fn verifier(member: &mut Member) -> &mut Station {
    &mut member.verifier
}

fn sensor(member: &mut Member) -> &mut Station {
    &mut member.sensor
}

fn bytes(digest: RecordDigest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}

impl Desk {
    /// What stands in the log before the case of an event: the agreed text, what a camera and others saw, and what the
    /// party says.
    ///
    /// # Errors
    /// [`DemoError`] when the event is not known or a record cannot be signed.
    pub fn gather(&mut self, event: &str) -> Result<Vec<pb::Submission>, DemoError> {
        let mut records = Vec::new();
        let text = self.adopt((FRA, authority), protocol_text(), AGREED, &mut records)?;
        self.life.text = Some(text);
        let signs = ratification(text, pb::RatificationStep::Signed);
        self.write_as(FRA, authority, signs, &mut records)?;
        let event = self.event(event)?;
        let report = mapping::report(&event.row, "")?;
        self.write_as(DEU, sensor, watched(&report), &mut records)?;
        let photograph = self.write_as(DEU, sensor, photograph("A crater."), &mut records)?;
        self.seal(&mut records)?;
        let confirms = Body::Corroboration(pb::Corroboration {
            target: bytes(event.version),
            result: pb::CorroborationResult::Confirm.into(),
            means: vec![pb::Means::Camera.into()],
            evidence: vec![bytes(photograph)],
            text: NOTICE.to_owned(),
        });
        let other = (event.member + 1) % MEMBERS.len();
        self.write_as(other, verifier, confirms, &mut records)?;
        let denies = Body::PartyStatement(pb::PartyStatement {
            party: PARTY.to_owned(),
            target: bytes(event.version),
            stance: pb::PartyStance::Deny.into(),
            text: NOTICE.to_owned(),
        });
        self.write_as(POL, |member| &mut member.liaison, denies, &mut records)?;
        Ok(records)
    }

    fn seal(&mut self, records: &mut Vec<pb::Submission>) -> Result<(), DemoError> {
        let mut salt = Salt([0; 32]);
        getrandom::fill(&mut salt.0).map_err(Error::from)?;
        let commitment = commitment(&self.id.origin, MEMBERS[GBR].0, &salt, SEALED);
        let sealed = Content::Sealed(pb::SealedContent {
            commitment: commitment.as_bytes().to_vec(),
        });
        let body = evidence("A frame that shows where a camera stands.", sealed);
        let item = self.write_as(GBR, monitor, body, records)?;
        self.life.sealed = Some((item, salt));
        Ok(())
    }

    /// What follows from the decisions: a member acts, parliaments answer, what was sealed is opened, the case is closed;
    /// then parties get more time to reply, and a member is admitted and signs the text.
    ///
    /// # Errors
    /// [`DemoError::Client`] when a record cannot be signed.
    pub fn conclude(&mut self) -> Result<Vec<pb::Submission>, DemoError> {
        let mut records = Vec::new();
        if let Some((remedy, activated)) = self.life.remedy.clone() {
            let acts = Body::FollowUp(pb::FollowUp {
                activation: bytes(activated[0]),
                status: pb::FollowUpStatus::Done.into(),
                measures: vec![1],
                text: NOTICE.to_owned(),
                ..pb::FollowUp::default()
            });
            self.write_as(GBR, authority, acts, &mut records)?;
            let consents = Body::Activation(pb::Activation {
                decision: bytes(remedy),
                choice: pb::ActivationChoice::Approve.into(),
                procedure: "Parliament has consented".to_owned(),
                supersedes: bytes(activated[2]),
                ..pb::Activation::default()
            });
            self.write_as(DEU, authority, consents, &mut records)?;
        }
        if let Some((item, salt)) = self.life.sealed.take() {
            let opens = Body::Disclosure(pb::Disclosure {
                target: bytes(item),
                salt: salt.0.to_vec(),
                content: SEALED.to_vec(),
            });
            self.write_as(GBR, monitor, opens, &mut records)?;
        }
        if let Some(case) = self.life.case {
            let closes = Body::Closure(pb::Closure {
                case: bytes(case),
                result: pb::ClosureResult::Violation.into(),
                reason: NOTICE.to_owned(),
            });
            self.write_as(FRA, commissioner, closes, &mut records)?;
        }
        self.amend(&mut records)?;
        Ok(records)
    }

    fn amend(&mut self, records: &mut Vec<pb::Submission>) -> Result<(), DemoError> {
        let rules = pb::Rules {
            reply_window: 2 * DAY_MS,
            ..rules(&codes())
        };
        let rules = Question::Rules(pb::RulesProposal { rules: Some(rules) });
        self.adopt((DEU, authority), rules, AGREED, records)?;
        let membership = Question::Membership(pb::MembershipProposal {
            change: pb::MembershipChange::Admit.into(),
            member: Some(self.cast.newcomer_member()?),
        });
        self.adopt((POL, authority), membership, AGREED, records)?;
        if let Some(text) = self.life.text {
            let ratified = ratification(text, pb::RatificationStep::Ratified);
            self.write_as(FRA, authority, ratified, records)?;
            let signs = ratification(text, pb::RatificationStep::Signed);
            records.push(self.cast.newcomer.sign(&self.id, signs)?);
        }
        Ok(())
    }

    /// What comes after the revisions: the case is reopened on new evidence, and a day without reports is summed up as of
    /// `size` entries.
    ///
    /// # Errors
    /// [`DemoError`] when the event is not known or a record cannot be signed.
    pub fn reopen(&mut self, size: u64) -> Result<Vec<pb::Submission>, DemoError> {
        let mut records = Vec::new();
        let late = photograph("The same crater, a day later.");
        let late = self.write_as(DEU, sensor, late, &mut records)?;
        if let Some(case) = self.life.case {
            let reopens = Body::Reopening(pb::Reopening {
                case: bytes(case),
                evidence: vec![bytes(late)],
                reason: "The report that the decision rests on was revised.".to_owned(),
            });
            self.write_as(POL, commissioner, reopens, &mut records)?;
        }
        let quiet = Body::Summary(pb::Summary {
            earliest_time: QUIET_DAY_MS,
            latest_time: QUIET_DAY_MS + DAY_MS,
            time_zone: "UTC".to_owned(),
            size,
            counts: vec![pb::SummaryCount::default()],
            text: "No event of the tables is later.".to_owned(),
            ..pb::Summary::default()
        });
        self.write_as(FRA, verifier, quiet, &mut records)?;
        Ok(records)
    }

    /// The case of the story, once there is one.
    #[must_use]
    pub fn case(&self) -> Option<RecordDigest> {
        self.life.case
    }
}

fn protocol_text() -> Question {
    let digest = |text: &str| sha256(&[text.as_bytes()]).to_vec();
    Question::ProtocolText(pb::ProtocolTextProposal {
        title: "An invented ceasefire".to_owned(),
        language_versions: vec![pb::LanguageVersion {
            language: "en".to_owned(),
            digest: digest("An invented ceasefire: 1. The guns are silent."),
        }],
        clauses: vec![pb::Clause {
            id: CLAUSE.to_owned(),
            digest: digest("The guns are silent."),
            title: "The guns are silent".to_owned(),
        }],
        effective_time: 1_388_527_200_000,
        effective_as_written: "1 January 2014, 00:00 Eastern European Time".to_owned(),
        ..pb::ProtocolTextProposal::default()
    })
}

fn ratification(text: RecordDigest, step: pb::RatificationStep) -> Body {
    let by_parliament = step == pb::RatificationStep::Ratified;
    let body = if by_parliament { "Parliament" } else { "" };
    Body::Ratification(pb::Ratification {
        decision: bytes(text),
        step: step.into(),
        body: body.to_owned(),
        procedure: NOTICE.to_owned(),
        ..pb::Ratification::default()
    })
}

/// A camera that was up while the event happened.
fn watched(report: &pb::IncidentReport) -> Body {
    Body::CoverageReport(pb::CoverageReport {
        sensor: "camera 4".to_owned(),
        earliest_time: report.earliest_time,
        latest_time: report.latest_time.max(report.earliest_time + 1),
        status: pb::CoverageStatus::Up.into(),
        observed_count: Some(1),
        text: NOTICE.to_owned(),
        ..pb::CoverageReport::default()
    })
}

fn photograph(description: &str) -> Body {
    let content = Content::Open(pb::OpenContent {
        digest: sha256(&[description.as_bytes()]).to_vec(),
        len: 48_213,
    });
    evidence(description, content)
}

fn evidence(description: &str, content: Content) -> Body {
    Body::EvidenceItem(pb::EvidenceItem {
        kind: pb::EvidenceKind::Original.into(),
        media_type: "image/jpeg".to_owned(),
        description: description.to_owned(),
        content: Some(content),
        ..pb::EvidenceItem::default()
    })
}
