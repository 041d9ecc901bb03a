//! A small log under construction, and the bodies that tests put into it.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use prost::Message as _;

use crate::entry::Entry;
use crate::fold::{Difference, Fold, FoldError};
use crate::hash::{LeafHash, LeafIndex, RecordDigest};
use crate::note::VerifierKey;
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::record::record_digest;
use crate::rules;

pub(super) const HOUR: u64 = 3_600_000;
pub(super) const START: u64 = 1_700_000_000_000;
pub(super) const MEMBERS: [&str; 3] = ["DEU", "FRA", "GBR"];

pub(super) fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(super) fn key_bytes(number: u8) -> Vec<u8> {
    signing_key(number).verifying_key().to_bytes().to_vec()
}

/// A log under construction. Keys are numbered: 1 log, 2 operator, 10 + m authorities, 20 + m recovery,
/// 30 + m monitors, 40 + m commissioners, 50 verifier, 60 + m liaisons.
#[derive(Default)]
pub(super) struct Log {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) fold: Fold,
    pub(super) time: u64,
    pub(super) sequences: BTreeMap<u8, u64>,
}

impl Log {
    pub(super) fn new() -> Self {
        let mut log = Self {
            time: START,
            ..Self::default()
        };
        log.write(2, "OPERATOR", "log", Body::Charter(charter()));
        for (m, member) in (0_u8..).zip(MEMBERS) {
            log.enrol(10 + m, member, "monitor", pb::Role::Monitor, 30 + m);
            log.enrol(10 + m, member, "seat", pb::Role::Commissioner, 40 + m);
            log.enrol(10 + m, member, "liaison", pb::Role::PartyLiaison, 60 + m);
        }
        log.enrol(10, "DEU", "desk", pb::Role::Verifier, 50);
        log
    }

    pub(super) fn enrol(&mut self, by: u8, member: &str, station: &str, role: pb::Role, key: u8) {
        let enrolment = pb::Enrolment {
            station: station.to_owned(),
            role: role.into(),
            public_key: key_bytes(key),
            holder_kind: 0,
        };
        let change = Some(pb::station_change::Change::Enrolment(enrolment));
        let body = Body::StationChange(pb::StationChange { change });
        self.write(by, member, "authority", body);
    }

    pub(super) fn try_write(
        &mut self,
        key: u8,
        member: &str,
        station: &str,
        body: Body,
    ) -> Result<RecordDigest, FoldError> {
        let sequence = self.sequences.get(&key).copied().unwrap_or(0) + 1;
        let record = pb::Record {
            member: member.to_owned(),
            station: station.to_owned(),
            sequence,
            created_time: self.time,
            body: Some(body),
            ..pb::Record::default()
        }
        .encode_to_vec();
        let digest = record_digest(&record);
        let entry = Entry {
            index: LeafIndex::new(self.fold.size().get()),
            previous: LeafHash::from_bytes([0; 32]),
            accepted_time: self.time + 1,
            signed_record: pb::SignedRecord {
                record,
                public_key: key_bytes(key),
                signature: vec![1; 64],
            },
        }
        .encode();
        self.fold.append_entry(&entry)?;
        self.entries.push(entry);
        self.sequences.insert(key, sequence);
        self.time += 1_000;
        Ok(digest)
    }

    pub(super) fn write(
        &mut self,
        key: u8,
        member: &str,
        station: &str,
        body: Body,
    ) -> RecordDigest {
        self.try_write(key, member, station, body).unwrap()
    }

    pub(super) fn monitor(&mut self, body: Body) -> RecordDigest {
        self.write(30, "DEU", "monitor", body)
    }

    pub(super) fn monitor_of(&mut self, m: u8, body: Body) -> RecordDigest {
        self.write(30 + m, MEMBERS[usize::from(m)], "monitor", body)
    }

    pub(super) fn authority_of(&mut self, m: u8, body: Body) -> RecordDigest {
        self.write(10 + m, MEMBERS[usize::from(m)], "authority", body)
    }

    pub(super) fn commissioner(&mut self, body: Body) -> RecordDigest {
        self.write(40, "DEU", "seat", body)
    }

    /// A check of a version by the monitor of a member.
    pub(super) fn check(
        &mut self,
        m: u8,
        target: RecordDigest,
        result: pb::CorroborationResult,
    ) -> RecordDigest {
        let check = pb::Corroboration {
            target: bytes(target),
            result: result.into(),
            means: vec![pb::Means::Seen.into()],
            text: "As found.".to_owned(),
            ..pb::Corroboration::default()
        };
        self.monitor_of(m, Body::Corroboration(check))
    }

    /// What the party XAA says, passed on by a member's liaison.
    pub(super) fn state(&mut self, m: u8, target: RecordDigest) -> RecordDigest {
        let statement = pb::PartyStatement {
            party: "XAA".to_owned(),
            target: bytes(target),
            stance: pb::PartyStance::Deny.into(),
            text: "Our forces did not fire.".to_owned(),
        };
        let member = MEMBERS[usize::from(m)];
        self.write(60 + m, member, "liaison", Body::PartyStatement(statement))
    }

    /// Index of the entry that holds a record.
    pub(super) fn index_of(&self, digest: RecordDigest) -> LeafIndex {
        let holds = |bytes: &Vec<u8>| {
            let entry = Entry::decode(bytes).unwrap();
            record_digest(&entry.signed_record.record) == digest
        };
        let position = self.entries.iter().position(holds).unwrap();
        LeafIndex::new(position as u64)
    }

    pub(super) fn report(&mut self, text: &str) -> RecordDigest {
        self.monitor(Body::IncidentReport(report(text)))
    }

    pub(super) fn correct(
        &mut self,
        target: RecordDigest,
        reason: pb::CorrectionReason,
        report: pb::IncidentReport,
    ) -> RecordDigest {
        self.monitor(Body::Correction(pb::Correction {
            target: target.as_bytes().to_vec(),
            reason: reason.into(),
            reason_text: String::new(),
            report: Some(report),
        }))
    }

    pub(super) fn withdraw(&mut self, target: RecordDigest) -> RecordDigest {
        self.monitor(Body::Withdrawal(pb::Withdrawal {
            target: target.as_bytes().to_vec(),
            reason: pb::WithdrawalReason::Error.into(),
            reason_text: String::new(),
        }))
    }

    pub(super) fn case(
        &mut self,
        extends: Option<RecordDigest>,
        reports: &[RecordDigest],
    ) -> RecordDigest {
        self.case_with(extends, reports, "XAA")
    }

    /// A Case that names a party.
    pub(super) fn case_with(
        &mut self,
        extends: Option<RecordDigest>,
        reports: &[RecordDigest],
        party: &str,
    ) -> RecordDigest {
        let case = pb::Case {
            extends: extends.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            title: "A breach".to_owned(),
            reports: reports.iter().map(|r| r.as_bytes().to_vec()).collect(),
            parties: vec![party.to_owned()],
            ..pb::Case::default()
        };
        self.write(50, "DEU", "desk", Body::Case(case))
    }

    pub(super) fn propose(
        &mut self,
        question: Question,
        supersedes: Option<RecordDigest>,
    ) -> RecordDigest {
        let proposal = pb::Proposal {
            title: "A question".to_owned(),
            text: String::new(),
            supersedes: supersedes.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            question: Some(question),
        };
        self.write(40, "DEU", "seat", Body::Proposal(proposal))
    }

    pub(super) fn vote(
        &mut self,
        m: u8,
        proposal: RecordDigest,
        choice: pb::VoteChoice,
    ) -> RecordDigest {
        let vote = pb::Vote {
            proposal: proposal.as_bytes().to_vec(),
            choice: choice.into(),
            opinion: "Because.".to_owned(),
        };
        let member = MEMBERS[usize::from(m)];
        self.write(40 + m, member, "seat", Body::Vote(vote))
    }

    pub(super) fn decide(&mut self, proposal: RecordDigest, outcome: pb::Outcome) -> RecordDigest {
        let votes = self.fold.proposal(&proposal).unwrap().votes();
        let decision = pb::Decision {
            proposal: proposal.as_bytes().to_vec(),
            outcome: outcome.into(),
            votes: votes
                .iter()
                .map(|vote| vote.stamp.digest.as_bytes().to_vec())
                .collect(),
        };
        self.write(41, "FRA", "seat", Body::Decision(decision))
    }

    /// Proposes, takes three concurring votes and decides.
    pub(super) fn adopt(
        &mut self,
        question: Question,
        supersedes: Option<RecordDigest>,
    ) -> RecordDigest {
        let proposal = self.propose(question, supersedes);
        for m in 0..3 {
            self.vote(m, proposal, pb::VoteChoice::Concur);
        }
        self.decide(proposal, pb::Outcome::Adopted)
    }

    pub(super) fn activate(&mut self, m: u8, activation: pb::Activation) -> RecordDigest {
        let member = MEMBERS[usize::from(m)];
        self.write(10 + m, member, "authority", Body::Activation(activation))
    }
}

pub(super) fn charter() -> pb::Charter {
    let log_key = crate::signature::PublicKey::of(&signing_key(1));
    let name = "test.example/log".parse().unwrap();
    let rule = |kind: pb::ProposalKind| pb::ProposalRule {
        kind: kind.into(),
        proposer: pb::Role::Commissioner.into(),
        electorate: pb::Role::Commissioner.into(),
        quorum: Some(fraction(1, 2)),
        majority: Some(fraction(1, 2)),
        recusal: pb::RecusalRule::Voluntary.into(),
        vote_window: HOUR,
        standard_of_proof: 0,
        provisional_basis: false,
    };
    let mut attribution = rule(pb::ProposalKind::Attribution);
    attribution.standard_of_proof = pb::StandardOfProof::BalanceOfProbabilities.into();
    let kinds = [
        pb::ProposalKind::Remedy,
        pb::ProposalKind::Membership,
        pb::ProposalKind::ProtocolText,
        pb::ProposalKind::Rules,
    ];
    let roles = [
        pb::Role::Monitor,
        pb::Role::Verifier,
        pb::Role::Commissioner,
        pb::Role::PartyLiaison,
    ];
    let stages = [
        pb::ResponseStage::First,
        pb::ResponseStage::Second,
        pb::ResponseStage::Third,
    ];
    pb::Charter {
        origin: "test.example/log".to_owned(),
        log_key: VerifierKey::ed25519(name, log_key).to_string(),
        operator_key: key_bytes(2),
        purpose: pb::LogPurpose::Test.into(),
        title: "Test".to_owned(),
        members: (0_u8..)
            .zip(MEMBERS)
            .map(|(m, code)| pb::CharterMember {
                code: code.to_owned(),
                name: code.to_owned(),
                authority_key: key_bytes(10 + m),
                recovery_key: key_bytes(20 + m),
            })
            .collect(),
        release_set: ["DEU", "FRA", "GBR", "POL"].map(str::to_owned).to_vec(),
        parties: vec![pb::Party {
            code: "XAA".to_owned(),
            name: "A party".to_owned(),
        }],
        rules: Some(pb::Rules {
            rules_version: rules::RULES_VERSION,
            proposal_rules: std::iter::once(attribution)
                .chain(kinds.map(rule))
                .collect(),
            role_rules: roles
                .map(|role| pb::RoleRule {
                    role: role.into(),
                    members: MEMBERS.map(str::to_owned).to_vec(),
                })
                .to_vec(),
            succession: Some(pb::SuccessionRule {
                endorsements: Some(fraction(2, 3)),
            }),
            stage_rules: (1..)
                .zip(stages)
                .map(|(number, stage)| pb::StageRule {
                    stage: stage.into(),
                    duration: number * 24 * HOUR,
                })
                .collect(),
            reply_window: 48 * HOUR,
            clock_tolerance: 300_000,
            event_span: 30 * 24 * HOUR,
        }),
        predecessor: None,
        log_key_pq: String::new(),
    }
}

pub(super) fn fraction(numerator: u32, denominator: u32) -> pb::Fraction {
    pb::Fraction {
        numerator,
        denominator,
    }
}

pub(super) fn report(narrative: &str) -> pb::IncidentReport {
    pb::IncidentReport {
        kind: pb::IncidentKind::Explosion.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into()],
        earliest_time: START - 2 * HOUR,
        latest_time: START - HOUR,
        time_precision: pb::TimePrecision::Hour.into(),
        narrative: narrative.to_owned(),
        ..pb::IncidentReport::default()
    }
}

pub(super) fn attribution(case: RecordDigest) -> Question {
    Question::Attribution(pb::AttributionProposal {
        case: case.as_bytes().to_vec(),
        clause: Some(pb::ClauseReference {
            protocol_text: Vec::new(),
            clause: "1".to_owned(),
        }),
        finding: pb::AttributionFinding::Unattributed.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        finality: pb::Finality::Final.into(),
        ..pb::AttributionProposal::default()
    })
}

pub(super) fn remedy(decision: RecordDigest) -> Question {
    let measure = |kind: pb::RemedyKind, addressees: &[&str]| pb::Measure {
        kind: kind.into(),
        addressees: addressees.iter().map(|&code| code.to_owned()).collect(),
        ..pb::Measure::default()
    };
    Question::Remedy(pb::RemedyProposal {
        decision: decision.as_bytes().to_vec(),
        measures: vec![
            measure(pb::RemedyKind::DiplomaticWarning, &[]),
            measure(pb::RemedyKind::LogisticalSupport, &["DEU", "FRA"]),
        ],
    })
}

pub(super) fn bytes(digest: RecordDigest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}

pub(super) fn paths(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|d| d.path.as_str()).collect()
}
