//! A log in memory whose operator does what a test needs, honest or not.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file uses another part of it"
)]
#![expect(clippy::unwrap_used, reason = "tests")]

pub mod follower;
pub mod lines;
pub mod mirror;
pub mod operator;
pub mod successor;
pub mod witness;
pub mod world;

use std::convert::Infallible;

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_client::Error;
use trucelog_client::entry_source::EntrySource;
use trucelog_client::station::{self, Slot, Speaker};
use trucelog_client::trust::Trust;
use trucelog_proto::checkpoint::{Checkpoint, Origin};
use trucelog_proto::cosignature::{self, CosignatureTime};
use trucelog_proto::entry::{Entry, genesis_hash};
use trucelog_proto::hash::{CharterDigest, LeafIndex, NodeHash, RecordDigest, TreeSize};
use trucelog_proto::note::{Note, VerifierKey};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::policy::Policy;
use trucelog_proto::proof::prove_inclusion;
use trucelog_proto::record::{LogId, NO_CHARTER, record_digest};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::tlog_proof::TlogProof;
use trucelog_proto::tree::{HashReader, NodeId, RightEdge, leaf_hash, node_hash};

pub const ORIGIN: &str = "example.org/log";
/// 2026-03-01T00:00:00Z.
pub const BEGIN_MS: u64 = 1_772_323_200_000;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn public(seed: u8) -> Vec<u8> {
    PublicKey::of(&key(seed)).as_bytes().to_vec()
}

/// Seeds of the keys.
pub const LOG: u8 = 1;
pub const OPERATOR: u8 = 2;
pub const AUTHORITY: u8 = 3;
pub const MONITOR: u8 = 4;
pub const RECOVERY: u8 = 5;

/// The operator of a log with one member, UKR, and its monitor m1.
#[derive(Clone)]
pub struct Log {
    pub id: LogId,
    pub entries: Vec<Vec<u8>>,
    /// When the operator says that it accepted entry 0, Unix milliseconds.
    pub begin_ms: u64,
    reports: u64,
}

impl Log {
    /// A log with charter, enrolment and `reports` reports.
    pub fn with_reports(reports: u64) -> Self {
        let mut log = Self::found(charter());
        log.append(&log.enrolment());
        for _ in 0..reports {
            log.append(&log.next_report("Three explosions."));
        }
        log
    }

    /// A log with its charter only.
    pub fn found(charter: pb::Charter) -> Self {
        let charter = sign_charter(charter);
        let mut log = Self {
            id: LogId {
                origin: origin(),
                charter: CharterDigest::from_bytes(*station::digest_of(&charter).as_bytes()),
            },
            entries: Vec::new(),
            begin_ms: BEGIN_MS,
            reports: 0,
        };
        log.append(&charter);
        log
    }

    pub fn trust(&self) -> Trust {
        let key = VerifierKey::ed25519(origin().key_name().clone(), PublicKey::of(&key(LOG)));
        let policy = format!(
            "# trucelog-charter {}\nlog {key}\nquorum none\n",
            self.id.charter
        );
        Trust::new(Policy::parse(policy.as_bytes()).unwrap())
    }

    fn enrolment(&self) -> pb::Submission {
        self.enrolment_of("m1", 1, MONITOR)
    }

    /// The enrolment of a monitor station with the key of `seed`, signed by the authority.
    pub fn enrolment_of(&self, station: &str, sequence: u64, seed: u8) -> pb::Submission {
        let enrolment = pb::Enrolment {
            station: station.to_owned(),
            role: pb::Role::Monitor.into(),
            public_key: public(seed),
            holder_kind: pb::HolderKind::Office.into(),
        };
        self.change(Change::Enrolment(enrolment), sequence)
    }

    /// The revocation of m1's key, the authority's second record, which states m1's last sequence.
    pub fn revocation(&self, last_sequence: u64) -> pb::Submission {
        let revocation = pb::Revocation {
            station: "m1".to_owned(),
            public_key: public(MONITOR),
            last_sequence,
            reason: String::new(),
        };
        self.change(Change::Revocation(revocation), 2)
    }

    fn change(&self, change: Change, sequence: u64) -> pb::Submission {
        let change = pb::StationChange {
            change: Some(change),
        };
        self.sign(
            Body::StationChange(change),
            "authority",
            sequence,
            AUTHORITY,
        )
    }

    /// The next report of m1, signed.
    pub fn next_report(&self, narrative: &str) -> pb::Submission {
        self.report_at(self.reports + 1, narrative)
    }

    /// A report of m1 at any sequence.
    pub fn report_at(&self, sequence: u64, narrative: &str) -> pb::Submission {
        self.sign(
            Body::IncidentReport(report(narrative)),
            "m1",
            sequence,
            MONITOR,
        )
    }

    pub fn sign(&self, body: Body, station: &str, sequence: u64, seed: u8) -> pb::Submission {
        self.sign_as("UKR", station, sequence, seed, body)
    }

    /// A record of any member's station, signed with the key of `seed`.
    pub fn sign_as(
        &self,
        member: &str,
        station: &str,
        sequence: u64,
        seed: u8,
        body: Body,
    ) -> pb::Submission {
        let record = pb::Record {
            created_time: BEGIN_MS,
            body: Some(body),
            ..pb::Record::default()
        };
        let speaker = Speaker {
            member: member.to_owned(),
            station: station.to_owned(),
        };
        let slot = Slot {
            sequence,
            replaces: Vec::new(),
        };
        station::sign(record, &speaker, &slot, &self.id, &key(seed)).unwrap()
    }

    /// Puts a record into the log without asking the rules.
    pub fn append(&mut self, submission: &pb::Submission) {
        let signed = submission.signed_record.clone().unwrap();
        let record = pb::Record::decode(signed.record.as_slice()).unwrap();
        if matches!(record.body, Some(Body::IncidentReport(_))) {
            self.reports += 1;
        }
        self.append_signed(signed);
    }

    pub fn append_signed(&mut self, signed_record: pb::SignedRecord) {
        let previous = match self.entries.last() {
            Some(entry) => leaf_hash(entry),
            None => genesis_hash(&self.id.origin),
        };
        let entry = Entry {
            index: LeafIndex::new(self.entries.len() as u64),
            previous,
            accepted_time: self.begin_ms + 1000 * self.entries.len() as u64,
            signed_record,
        };
        self.entries.push(entry.encode());
    }

    /// Changes one byte of the narrative of the entry at `index`, and rebuilds the chain after it.
    pub fn forge_narrative(&mut self, index: usize) {
        let entries = std::mem::take(&mut self.entries);
        for (position, bytes) in entries.iter().enumerate() {
            let mut signed = Entry::decode(bytes).unwrap().signed_record;
            if position == index {
                let at = find(&signed.record, b"explosions").unwrap();
                signed.record[at] = b'E';
            }
            self.append_signed(signed);
        }
    }

    /// Drops the entries from `size` on.
    pub fn truncate(&mut self, size: usize) {
        self.reports -= (self.entries.len() - size) as u64;
        self.entries.truncate(size);
    }

    pub fn checkpoint(&self) -> Checkpoint {
        let mut edge = RightEdge::new();
        for entry in &self.entries {
            edge.append(leaf_hash(entry));
        }
        Checkpoint {
            origin: origin(),
            size: edge.size(),
            root: edge.root(),
        }
    }

    /// The signed checkpoint over all entries.
    pub fn note(&self) -> Vec<u8> {
        self.checkpoint().sign(&key(LOG).into())
    }

    /// The receipt for an entry, with the checkpoint signed by the key of `seed`.
    pub fn receipt_by(&self, index: u64, seed: u8) -> Vec<u8> {
        self.receipt_under(index, &self.checkpoint().sign(&key(seed).into()))
    }

    /// The receipt for an entry under a note over all entries.
    pub fn receipt_under(&self, index: u64, note: &[u8]) -> Vec<u8> {
        let proof = TlogProof {
            extra: Some(self.entries[usize::try_from(index).unwrap()].clone()),
            index: LeafIndex::new(index),
            hashes: self.inclusion(index, self.entries.len() as u64),
            checkpoint_note: note.to_vec(),
        };
        proof.format().unwrap()
    }

    pub fn receipt(&self, index: u64) -> Vec<u8> {
        self.receipt_by(index, LOG)
    }

    /// The digest of the record at `index`.
    pub fn digest(&self, index: usize) -> RecordDigest {
        let entry = Entry::decode(&self.entries[index]).unwrap();
        record_digest(&entry.signed_record.record)
    }

    /// The inclusion proof of the entry at `index` in the tree of the first `size` entries.
    pub fn inclusion(&self, index: u64, size: u64) -> Vec<NodeHash> {
        prove_inclusion(LeafIndex::new(index), TreeSize::new(size), self).unwrap()
    }

    /// A source of the entries from `start` on, in runs of three.
    pub fn source(&self, start: LeafIndex) -> Source {
        let start = usize::try_from(start.get()).unwrap();
        Source {
            entries: self.entries[start..].to_vec(),
            log: self.clone(),
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

impl HashReader for Log {
    type Error = Infallible;

    fn node(&self, id: NodeId) -> Result<NodeHash, Infallible> {
        if id.level == 0 {
            return Ok(leaf_hash(&self.entries[usize::try_from(id.index).unwrap()]).into());
        }
        let child = |index| {
            self.node(NodeId {
                level: id.level - 1,
                index,
            })
        };
        Ok(node_hash(&child(2 * id.index)?, &child(2 * id.index + 1)?))
    }
}

pub struct Source {
    pub entries: Vec<Vec<u8>>,
    log: Log,
}

impl EntrySource for Source {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        if self.entries.is_empty() {
            return Err(Error::Answer("it holds fewer entries than its checkpoint"));
        }
        let rest = self.entries.split_off(self.entries.len().min(3));
        Ok(std::mem::replace(&mut self.entries, rest))
    }

    fn inclusion(&mut self, index: LeafIndex, size: TreeSize) -> Option<Vec<NodeHash>> {
        prove_inclusion(index, size, &self.log).ok()
    }
}

/// A note with a cosignature by the key of `seed` at `seconds`, Unix seconds.
pub fn cosigned(note: &[u8], name: &str, seed: u8, seconds: u64) -> Vec<u8> {
    let note = Note::parse(note).unwrap();
    let time = CosignatureTime::new(seconds).unwrap();
    let line = cosignature::sign(note.text(), &name.parse().unwrap(), &key(seed), time);
    let lines = [note.signatures(), &[line]].concat();
    Note::new(note.text(), lines).unwrap().format()
}

/// A policy that needs a witness whose key is also the monitor's.
pub fn with_witness(log: &Log) -> Trust {
    let witness = VerifierKey::cosignature(
        "example.org/witness".parse().unwrap(),
        PublicKey::of(&key(MONITOR)),
    );
    let policy = log.trust().policy.format();
    let policy = policy.replace("quorum none", &format!("witness w {witness}\nquorum w"));
    Trust::new(Policy::parse(policy.as_bytes()).unwrap())
}

pub fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

pub fn report(narrative: &str) -> pb::IncidentReport {
    pb::IncidentReport {
        kind: pb::IncidentKind::Explosion.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into()],
        earliest_time: BEGIN_MS - 60_000,
        latest_time: BEGIN_MS,
        time_precision: pb::TimePrecision::Minute.into(),
        narrative: narrative.to_owned(),
        ..pb::IncidentReport::default()
    }
}

/// The charter of a log with one member.
pub fn charter() -> pb::Charter {
    let vkey = VerifierKey::ed25519(origin().key_name().clone(), PublicKey::of(&key(LOG)));
    let rules = pb::Rules {
        rules_version: 1,
        role_rules: vec![pb::RoleRule {
            role: pb::Role::Monitor.into(),
            members: vec!["UKR".to_owned()],
        }],
        succession: Some(pb::SuccessionRule {
            endorsements: Some(pb::Fraction {
                numerator: 1,
                denominator: 1,
            }),
        }),
        clock_tolerance: 300_000,
        event_span: 86_400_000,
        ..pb::Rules::default()
    };
    pb::Charter {
        origin: ORIGIN.to_owned(),
        log_key: vkey.to_string(),
        operator_key: public(OPERATOR),
        purpose: pb::LogPurpose::Test.into(),
        title: "Test".to_owned(),
        members: vec![pb::CharterMember {
            code: "UKR".to_owned(),
            name: "Ukraine".to_owned(),
            authority_key: public(AUTHORITY),
            recovery_key: public(RECOVERY),
        }],
        release_set: vec!["UKR".to_owned()],
        rules: Some(rules),
        ..pb::Charter::default()
    }
}

fn sign_charter(charter: pb::Charter) -> pb::Submission {
    let record = pb::Record {
        created_time: BEGIN_MS,
        body: Some(Body::Charter(charter)),
        ..pb::Record::default()
    };
    let speaker = Speaker {
        member: "OPERATOR".to_owned(),
        station: "log".to_owned(),
    };
    let slot = Slot {
        sequence: 1,
        replaces: Vec::new(),
    };
    let id = LogId {
        origin: origin(),
        charter: NO_CHARTER,
    };
    station::sign(record, &speaker, &slot, &id, &key(OPERATOR)).unwrap()
}
