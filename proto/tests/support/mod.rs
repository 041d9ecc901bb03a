//! A small log in memory, for tests: signs, judges and keeps records.
#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod commission;
pub(crate) mod governance;
pub(crate) mod rng;
pub(crate) mod statements;
pub(crate) mod story;

use std::cell::RefCell;
use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_proto::entry::{Entry, genesis_hash};
use trucelog_proto::hash::{CharterDigest, LeafHash, LeafIndex, RecordDigest};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{self, LogId, NO_CHARTER, VerifiedRecord};
use trucelog_proto::refusal::Refusal;
use trucelog_proto::rules::{Judge, Placed, RuleError};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::state::{MemoryState, StateMut as _, Writes};
use trucelog_proto::tree::leaf_hash;

/// Members of the test log; `AAA` is also a party in some tests.
pub(crate) const MEMBERS: [&str; 3] = ["AAA", "BBB", "CCC"];
pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const START: u64 = 1_790_000_000_000;

/// The body of a record, which must be of that kind.
#[macro_export]
macro_rules! body {
    ($record:expr, $variant:ident) => {
        match $record.body.as_mut().unwrap() {
            Body::$variant(body) => body,
            _ => panic!("another body"),
        }
    };
}

/// A key that depends only on its name.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&trucelog_proto::hash::sha256(&[
        b"test key ",
        name.as_bytes(),
    ]))
}

pub(crate) fn public(name: &str) -> Vec<u8> {
    key(name).verifying_key().to_bytes().to_vec()
}

#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    pub(crate) state: MemoryState,
    pub(crate) judge: RefCell<Judge>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) previous: LeafHash,
    pub(crate) now: u64,
    /// Name of the key of each station, and its last sequence.
    pub(crate) stations: BTreeMap<(String, String), (String, u64)>,
}

#[expect(clippy::unnecessary_wraps, reason = "a message field is an option")]
pub(crate) fn fraction(numerator: u32, denominator: u32) -> Option<pb::Fraction> {
    Some(pb::Fraction {
        numerator,
        denominator,
    })
}

pub(crate) fn rules() -> pb::Rules {
    let members: Vec<String> = MEMBERS.iter().map(ToString::to_string).collect();
    let rule = |kind: pb::ProposalKind, standard: pb::StandardOfProof| pb::ProposalRule {
        kind: kind.into(),
        proposer: pb::Role::Commissioner.into(),
        electorate: pb::Role::Commissioner.into(),
        quorum: fraction(2, 3),
        majority: fraction(1, 2),
        recusal: pb::RecusalRule::Parties.into(),
        vote_window: 24 * HOUR,
        standard_of_proof: standard.into(),
        provisional_basis: false,
    };
    let roles = [
        pb::Role::Authority,
        pb::Role::Sensor,
        pb::Role::Monitor,
        pb::Role::Verifier,
        pb::Role::Commissioner,
    ];
    pb::Rules {
        rules_version: 1,
        proposal_rules: vec![
            rule(
                pb::ProposalKind::Attribution,
                pb::StandardOfProof::BalanceOfProbabilities,
            ),
            rule(pb::ProposalKind::Remedy, pb::StandardOfProof::Unspecified),
        ],
        role_rules: roles
            .iter()
            .map(|role| pb::RoleRule {
                role: (*role).into(),
                members: members.clone(),
            })
            .collect(),
        succession: Some(pb::SuccessionRule {
            endorsements: fraction(2, 3),
        }),
        stage_rules: vec![pb::StageRule {
            stage: 1,
            duration: 24 * HOUR,
        }],
        reply_window: 48 * HOUR,
        clock_tolerance: 300_000,
        event_span: 30 * 24 * HOUR,
    }
}

pub(crate) fn charter() -> pb::Charter {
    let origin = "log.example/test".to_owned();
    let log_key = VerifierKey::ed25519(origin.parse().unwrap(), PublicKey::of(&key("log")));
    pb::Charter {
        log_key: log_key.to_string(),
        origin,
        operator_key: public("operator"),
        purpose: pb::LogPurpose::Test.into(),
        title: "Test log".to_owned(),
        members: MEMBERS
            .iter()
            .map(|code| pb::CharterMember {
                code: (*code).to_owned(),
                name: format!("Member {code}"),
                authority_key: public(&format!("{code}/authority")),
                recovery_key: public(&format!("{code}/recovery")),
            })
            .collect(),
        release_set: MEMBERS.iter().map(ToString::to_string).collect(),
        parties: vec![pb::Party {
            code: "PPP".to_owned(),
            name: "A party".to_owned(),
        }],
        rules: Some(rules()),
        predecessor: None,
        log_key_pq: String::new(),
    }
}

pub(crate) fn charter_record(charter: pb::Charter) -> pb::Record {
    pb::Record {
        member: "OPERATOR".to_owned(),
        station: "log".to_owned(),
        sequence: 1,
        created_time: START,
        body: Some(Body::Charter(charter)),
        ..pb::Record::default()
    }
}

impl Log {
    /// A log with its charter only.
    pub(crate) fn founded() -> Self {
        Self::found(&charter_record(charter())).unwrap()
    }

    /// A log that waits for its charter, which the operator signs.
    pub(crate) fn unfounded() -> Self {
        let origin: trucelog_proto::checkpoint::Origin = "log.example/test".parse().unwrap();
        let operator = ("OPERATOR".to_owned(), "log".to_owned());
        Self {
            previous: genesis_hash(&origin),
            id: LogId {
                origin,
                charter: NO_CHARTER,
            },
            state: MemoryState::default(),
            judge: RefCell::default(),
            entries: Vec::new(),
            now: START,
            stations: BTreeMap::from([(operator, ("operator".to_owned(), 0))]),
        }
    }

    pub(crate) fn found(charter: &pb::Record) -> Result<Self, Refusal> {
        let mut log = Self::unfounded();
        let digest = log.put_record(charter)?;
        log.id.charter = CharterDigest::from_bytes(*digest.as_bytes());
        for member in MEMBERS {
            for station in ["authority", "recovery"] {
                let name = format!("{member}/{station}");
                log.stations
                    .insert((member.to_owned(), station.to_owned()), (name, 0));
            }
        }
        Ok(log)
    }

    /// A log in which every member has a sensor, two monitors, a verifier and a commissioner.
    pub(crate) fn staffed() -> Self {
        Self::staffed_under(charter())
    }

    /// The same under another charter.
    pub(crate) fn staffed_under(charter: pb::Charter) -> Self {
        let mut log = Self::found(&charter_record(charter)).unwrap();
        for member in MEMBERS {
            for (station, role) in [
                ("sensor", pb::Role::Sensor),
                ("monitor", pb::Role::Monitor),
                ("monitor-2", pb::Role::Monitor),
                ("verifier", pb::Role::Verifier),
                ("commissioner", pb::Role::Commissioner),
            ] {
                log.enrol(member, station, role);
            }
        }
        log
    }

    pub(crate) fn enrol(&mut self, member: &str, station: &str, role: pb::Role) {
        let name = format!("{member}/{station}");
        self.put(member, "authority", enrolment(station, role, &name))
            .unwrap();
        self.stations
            .insert((member.to_owned(), station.to_owned()), (name, 0));
    }

    /// Number of entries.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap()
    }

    /// The digest of the last record.
    pub(crate) fn last(&self) -> RecordDigest {
        let entry = Entry::decode(self.entries.last().unwrap()).unwrap();
        record::record_digest(&entry.signed_record.record)
    }

    /// The record that a station would sign next.
    pub(crate) fn record(&self, member: &str, station: &str, body: Body) -> pb::Record {
        let (_, sequence) = &self.stations[&(member.to_owned(), station.to_owned())];
        pb::Record {
            member: member.to_owned(),
            station: station.to_owned(),
            sequence: sequence + 1,
            created_time: self.now,
            body: Some(body),
            ..pb::Record::default()
        }
    }

    pub(crate) fn signed(&self, record: &pb::Record) -> pb::SignedRecord {
        let station = self
            .stations
            .get(&(record.member.clone(), record.station.clone()));
        self.signed_with(record, station.map_or("stranger", |(name, _)| name))
    }

    /// Signs a record with the key of a name.
    pub(crate) fn signed_with(&self, record: &pb::Record, name: &str) -> pb::SignedRecord {
        record::sign(record.encode_to_vec(), &self.id, &key(name))
    }

    /// Signs and submits the next record of a station.
    pub(crate) fn put(
        &mut self,
        member: &str,
        station: &str,
        body: Body,
    ) -> Result<RecordDigest, Refusal> {
        let record = self.record(member, station, body);
        self.put_record(&record)
    }

    pub(crate) fn put_record(&mut self, record: &pb::Record) -> Result<RecordDigest, Refusal> {
        let verified = self.append(self.signed(record))?;
        let station = (record.member.clone(), record.station.clone());
        self.stations.get_mut(&station).unwrap().1 = record.sequence;
        Ok(verified.record.digest)
    }

    /// Judges a record without keeping it.
    pub(crate) fn judge(&self, record: &pb::Record) -> Result<(), Refusal> {
        self.place(self.signed(record)).map(drop)
    }

    pub(crate) fn append(
        &mut self,
        signed_record: pb::SignedRecord,
    ) -> Result<VerifiedRecord, Refusal> {
        let (entry, record, writes) = self.place(signed_record)?;
        self.state.apply(&writes).unwrap();
        self.previous = leaf_hash(&entry);
        self.entries.push(entry);
        Ok(record)
    }

    /// The next entry, were it to hold this record.
    pub(crate) fn entry_of(&self, signed_record: pb::SignedRecord) -> Entry {
        Entry {
            index: LeafIndex::new(self.size()),
            previous: self.previous,
            accepted_time: self.now,
            signed_record,
        }
    }

    /// The next entry with its record and with what it changes.
    pub(crate) fn place(
        &self,
        signed_record: pb::SignedRecord,
    ) -> Result<(Vec<u8>, VerifiedRecord, Writes), Refusal> {
        let record = record::verify(&signed_record, &self.id)?;
        let entry = self.entry_of(signed_record);
        let (index, accepted_time) = (entry.index, entry.accepted_time);
        let bytes = entry.encode();
        let placed = Placed {
            index,
            accepted_time,
            leaf: leaf_hash(&bytes),
            record: &record,
        };
        let writes = self.judge.borrow_mut().apply(&self.state, placed);
        let writes = writes.map_err(|error| match error {
            RuleError::Refused(refusal) => refusal,
            RuleError::State(error) => panic!("{error}"),
        })?;
        Ok((bytes, record, writes))
    }
}

pub(crate) fn enrolment(station: &str, role: pb::Role, key_name: &str) -> Body {
    change(pb::station_change::Change::Enrolment(pb::Enrolment {
        station: station.to_owned(),
        role: role.into(),
        public_key: public(key_name),
        holder_kind: pb::HolderKind::Office.into(),
    }))
}

pub(crate) fn change(change: pb::station_change::Change) -> Body {
    Body::StationChange(pb::StationChange {
        change: Some(change),
    })
}

/// A report with every field filled in that needs no other record.
pub(crate) fn report() -> pb::IncidentReport {
    pb::IncidentReport {
        kind: pb::IncidentKind::Explosion.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into(), pb::Means::Seen.into()],
        earliest_time: START - 2 * HOUR,
        latest_time: START - HOUR,
        time_precision: pb::TimePrecision::Minute.into(),
        clock_source: pb::ClockSource::Gnss.into(),
        place: Some(pb::Place {
            name: "Here".to_owned(),
            location: Some(pb::place::Location::Position(pb::Position {
                latitude: 480_000_000,
                longitude: 380_000_000,
                radius_m: 100,
                basis: pb::PositionBasis::Point.into(),
                ..pb::Position::default()
            })),
            ..pb::Place::default()
        }),
        count: Some(pb::Count {
            kind: pb::CountKind::Exact.into(),
            number: 2,
            unit: pb::CountUnit::Explosions.into(),
        }),
        weapon: Some(pb::Weapon {
            class: pb::WeaponClass::Mortar.into(),
            calibre: 12_000,
            certainty: pb::Certainty::Confirmed.into(),
        }),
        casualties: vec![pb::CasualtyCount {
            harm: pb::Harm::Killed.into(),
            group: pb::PersonGroup::All.into(),
            low: 1,
            best: 2,
            high: 3,
        }],
        source_reliability: pb::SourceReliability::B.into(),
        information_credibility: pb::InformationCredibility::ProbablyTrue.into(),
        narrative: "Two explosions.".to_owned(),
        ..pb::IncidentReport::default()
    }
}

/// A correction of `report()`.
pub(crate) fn correction(target: RecordDigest) -> Body {
    Body::Correction(pb::Correction {
        target: target.as_bytes().to_vec(),
        reason: pb::CorrectionReason::LateInformation.into(),
        reason_text: String::new(),
        report: Some(pb::IncidentReport {
            observer_count: 4,
            ..report()
        }),
    })
}

pub(crate) fn withdrawal(target: RecordDigest) -> Body {
    Body::Withdrawal(pb::Withdrawal {
        target: target.as_bytes().to_vec(),
        reason: pb::WithdrawalReason::Error.into(),
        reason_text: String::new(),
    })
}
