//! Who takes part: seven members with their stations, and the charter that founds the log.

use std::path::Path;

use ed25519_dalek::SigningKey;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb::{self, ProposalKind, Role};
use trucelog_proto::record::{LogId, NO_CHARTER};
use trucelog_proto::rules::{AUTHORITY_STATION, OPERATOR, OPERATOR_STATION, RULES_VERSION};
use trucelog_proto::signature::{self, PublicKey};

use crate::station::{self, Slot, Speaker};
use crate::{Error, durable};

/// Origin of the log.
pub const ORIGIN: &str = "demo.trucelog.example/ukraine";

/// Codes and names of the members.
pub const MEMBERS: [(&str, &str); 7] = [
    ("CAN", "Canada"),
    ("DEU", "Germany"),
    ("FRA", "France"),
    ("GBR", "United Kingdom"),
    ("POL", "Poland"),
    ("UKR", "Ukraine"),
    ("USA", "United States"),
];

/// Code and name of the member that is admitted in the course of the story.
pub const NEWCOMER: (&str, &str) = ("NOR", "Norway");

/// The party that the demonstration attributes a breach to. It stands for nobody.
pub const PARTY: &str = "XAA";

const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;

/// A station with its key and the sequence that its next record gets.
#[derive(Debug)]
pub struct Station {
    speaker: Speaker,
    key: SigningKey,
    sequence: u64,
}

impl Station {
    fn new(member: &str, name: &str) -> Result<Self, Error> {
        Ok(Self {
            speaker: Speaker {
                member: member.to_owned(),
                station: name.to_owned(),
            },
            key: new_key()?,
            sequence: 0,
        })
    }

    fn public_key(&self) -> Vec<u8> {
        PublicKey::of(&self.key).as_bytes().to_vec()
    }

    /// Writes the private key to `path`, which must not exist, so that `trucelog` can go on as this station.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_key(&self, path: &Path) -> Result<(), Error> {
        let pem = signature::private_key_to_pem(&self.key);
        durable::create_private(path, pem.as_bytes())
    }

    /// Signs a record with this body at the next sequence.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the record has no canonical bytes.
    pub fn sign(&mut self, id: &LogId, body: pb::record::Body) -> Result<pb::Submission, Error> {
        self.sequence += 1;
        let record = pb::Record {
            body: Some(body),
            ..pb::Record::default()
        };
        let slot = Slot {
            sequence: self.sequence,
            replaces: Vec::new(),
        };
        station::sign(record, &self.speaker, &slot, id, &self.key)
    }
}

fn new_key() -> Result<SigningKey, Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The stations of one member.
#[derive(Debug)]
pub struct Member {
    /// Its authority, which enrols the others and activates remedies.
    pub authority: Station,
    /// Its monitors' desk, which reports.
    pub monitor: Station,
    /// Its seat on the commission.
    pub commissioner: Station,
    /// Its verifiers' desk, which groups reports.
    pub verifier: Station,
    /// Its camera, which says when it was up.
    pub sensor: Station,
    /// Its liaison, which passes on what a party says.
    pub liaison: Station,
}

impl Member {
    fn new(code: &str) -> Result<Self, Error> {
        Ok(Self {
            authority: Station::new(code, AUTHORITY_STATION)?,
            monitor: Station::new(code, "monitors")?,
            commissioner: Station::new(code, "commission")?,
            verifier: Station::new(code, "verification")?,
            sensor: Station::new(code, "camera")?,
            liaison: Station::new(code, "liaison")?,
        })
    }

    /// One more monitor, and the record by which the authority enrols it.
    ///
    /// # Errors
    /// [`Error::Random`]; as [`Station::sign`].
    pub fn enrol_monitor(
        &mut self,
        id: &LogId,
        name: &str,
    ) -> Result<(Station, pb::Submission), Error> {
        let monitor = Station::new(&self.authority.speaker.member, name)?;
        let enrolment = pb::Enrolment {
            station: name.to_owned(),
            role: Role::Monitor.into(),
            public_key: monitor.public_key(),
            holder_kind: pb::HolderKind::Device.into(),
        };
        let change = Some(pb::station_change::Change::Enrolment(enrolment));
        let body = pb::record::Body::StationChange(pb::StationChange { change });
        Ok((monitor, self.authority.sign(id, body)?))
    }

    /// The records by which the authority enrols the other stations.
    ///
    /// # Errors
    /// As [`Station::sign`].
    pub fn enrolments(&mut self, id: &LogId) -> Result<Vec<pb::Submission>, Error> {
        let stations = [
            (&self.monitor, Role::Monitor),
            (&self.verifier, Role::Verifier),
            (&self.commissioner, Role::Commissioner),
            (&self.sensor, Role::Sensor),
            (&self.liaison, Role::PartyLiaison),
        ];
        let enrolments = stations.map(|(station, role)| pb::Enrolment {
            station: station.speaker.station.clone(),
            role: role.into(),
            public_key: station.public_key(),
            holder_kind: pb::HolderKind::Office.into(),
        });
        enrolments
            .into_iter()
            .map(|enrolment| {
                let change = Some(pb::station_change::Change::Enrolment(enrolment));
                let body = pb::record::Body::StationChange(pb::StationChange { change });
                self.authority.sign(id, body)
            })
            .collect()
    }
}

/// All members.
#[derive(Debug)]
pub struct Cast {
    /// In the order of [`MEMBERS`].
    pub members: Vec<Member>,
    /// The authority of [`NEWCOMER`], which is admitted in the course of the story.
    pub newcomer: Station,
    operator: Station,
}

impl Cast {
    /// Makes all keys.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            members: MEMBERS
                .iter()
                .map(|(code, _)| Member::new(code))
                .collect::<Result<_, _>>()?,
            newcomer: Station::new(NEWCOMER.0, AUTHORITY_STATION)?,
            operator: Station::new(OPERATOR, OPERATOR_STATION)?,
        })
    }

    /// The signed charter of a log with these keys.
    ///
    /// # Errors
    /// [`Error::Random`] for the recovery keys, which nobody keeps here; as [`Station::sign`].
    ///
    /// # Panics
    /// Never: the origin is well formed.
    pub fn charter(
        &mut self,
        log_key: &SigningKey,
        log_key_pq: Option<&MlDsaSigningKey>,
    ) -> Result<pb::Submission, Error> {
        let origin: Origin = ORIGIN.parse().expect("the origin is well formed");
        let name = origin.key_name();
        let log_key = VerifierKey::ed25519(name.clone(), PublicKey::of(log_key));
        let log_key_pq =
            log_key_pq.map(|key| VerifierKey::ml_dsa_44(name.clone(), MlDsaPublicKey::of(key)));
        let charter = pb::Charter {
            origin: ORIGIN.to_owned(),
            log_key: log_key.to_string(),
            operator_key: self.operator.public_key(),
            purpose: pb::LogPurpose::Test.into(),
            title: "Demonstration with published data of real events; its findings are invented"
                .to_owned(),
            members: self.charter_members()?,
            release_set: codes_with_newcomer(),
            parties: vec![pb::Party {
                code: PARTY.to_owned(),
                name: "An invented party".to_owned(),
            }],
            rules: Some(rules(&codes())),
            predecessor: None,
            log_key_pq: log_key_pq.map(|key| key.to_string()).unwrap_or_default(),
        };
        let id = LogId {
            origin,
            charter: NO_CHARTER,
        };
        self.operator.sign(&id, pb::record::Body::Charter(charter))
    }

    /// The newcomer with its keys. Nobody keeps the recovery key here.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn newcomer_member(&self) -> Result<pb::CharterMember, Error> {
        Ok(pb::CharterMember {
            code: NEWCOMER.0.to_owned(),
            name: NEWCOMER.1.to_owned(),
            authority_key: self.newcomer.public_key(),
            recovery_key: PublicKey::of(&new_key()?).as_bytes().to_vec(),
        })
    }

    fn charter_members(&self) -> Result<Vec<pb::CharterMember>, Error> {
        let members = MEMBERS.iter().zip(&self.members);
        members
            .map(|((code, name), member)| {
                Ok(pb::CharterMember {
                    code: (*code).to_owned(),
                    name: (*name).to_owned(),
                    authority_key: member.authority.public_key(),
                    recovery_key: PublicKey::of(&new_key()?).as_bytes().to_vec(),
                })
            })
            .collect()
    }
}

/// The codes of all members, ascending.
pub(super) fn codes() -> Vec<String> {
    MEMBERS.iter().map(|(code, _)| (*code).to_owned()).collect()
}

/// The codes of all members and of the newcomer, ascending.
fn codes_with_newcomer() -> Vec<String> {
    let mut codes = codes();
    codes.push(NEWCOMER.0.to_owned());
    codes.sort_unstable();
    codes
}

/// Rules under which `members` may hold every role and put every kind of question.
pub(super) fn rules(members: &[String]) -> pb::Rules {
    let role_rule = |role: Role| pb::RoleRule {
        role: role.into(),
        members: members.to_vec(),
    };
    let stage_rule = |stage: pb::ResponseStage, hours: u64| pb::StageRule {
        stage: stage.into(),
        duration: hours * HOUR_MS,
    };
    pb::Rules {
        rules_version: RULES_VERSION,
        proposal_rules: vec![
            proposal_rule(ProposalKind::Attribution, Role::Commissioner),
            proposal_rule(ProposalKind::Remedy, Role::Commissioner),
            proposal_rule(ProposalKind::Membership, Role::Authority),
            proposal_rule(ProposalKind::ProtocolText, Role::Authority),
            proposal_rule(ProposalKind::Rules, Role::Authority),
        ],
        role_rules: [
            Role::Sensor,
            Role::Monitor,
            Role::Verifier,
            Role::Commissioner,
            Role::PartyLiaison,
        ]
        .map(role_rule)
        .to_vec(),
        succession: Some(pb::SuccessionRule {
            endorsements: fraction(2, 3),
        }),
        stage_rules: vec![
            stage_rule(pb::ResponseStage::First, 24),
            stage_rule(pb::ResponseStage::Second, 48),
            stage_rule(pb::ResponseStage::Third, 72),
        ],
        reply_window: 24 * HOUR_MS,
        clock_tolerance: 5 * MINUTE_MS,
        event_span: 30 * 24 * HOUR_MS,
    }
}

fn proposal_rule(kind: ProposalKind, electorate: Role) -> pb::ProposalRule {
    let attribution = kind == ProposalKind::Attribution;
    let standard = if attribution {
        pb::StandardOfProof::BalanceOfProbabilities
    } else {
        pb::StandardOfProof::Unspecified
    };
    pb::ProposalRule {
        kind: kind.into(),
        proposer: electorate.into(),
        electorate: electorate.into(),
        quorum: fraction(2, 3),
        majority: fraction(1, 2),
        recusal: pb::RecusalRule::Parties.into(),
        vote_window: 24 * HOUR_MS,
        standard_of_proof: standard.into(),
        provisional_basis: false,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the fields of the schema that it fills are optional"
)]
fn fraction(numerator: u32, denominator: u32) -> Option<pb::Fraction> {
    Some(pb::Fraction {
        numerator,
        denominator,
    })
}
