//! A small log for tests: one member, whose authority enrols as many stations as a test needs records.

#![allow(dead_code, reason = "every test program uses its own part of this")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_proto::{
    hash::CharterDigest,
    mldsa::{self, MlDsaPublicKey, MlDsaSigningKey},
    note::{SignerKeys, VerifierKey},
    pb::{self, record::Body, station_change::Change},
    record::{self, KnownKeys, LogId, NO_CHARTER, record_digest},
    signature::{self, PublicKey},
};
use trucelog_server::{
    config::{Config, Limits},
    sequencer::{Admitted, Identity, admit},
};

pub(crate) mod client;
pub(crate) mod local;
pub(crate) mod process;
pub(crate) mod witness;

/// Code of the only member.
pub(crate) const MEMBER: &str = "POL";
/// 2026-01-01T00:00:00Z.
const CREATED: u64 = 1_767_225_600_000;

/// The keys of a log and what is needed to write valid records for it.
pub(crate) struct TestLog {
    pub(crate) identity: Identity,
    pub(crate) charter: pb::Submission,
    pub(crate) authority: SigningKey,
    next_sequence: u64,
}

impl TestLog {
    /// A log that differs from every other one by its `seed`.
    pub(crate) fn new(seed: u8) -> Self {
        Self::with_keys(seed, key(seed, 1).into())
    }

    /// The same with an ML-DSA-44 key of the log.
    pub(crate) fn with_ml_dsa(seed: u8) -> Self {
        let keys = SignerKeys {
            ed25519: key(seed, 1),
            ml_dsa: Some(MlDsaSigningKey::from_seed(&[seed; 32])),
        };
        Self::with_keys(seed, keys)
    }

    fn with_keys(seed: u8, keys: SignerKeys) -> Self {
        let origin: trucelog_proto::checkpoint::Origin =
            format!("test.example/log-{seed}").parse().unwrap();
        let (operator, authority, recovery) = (key(seed, 2), key(seed, 3), key(seed, 4));
        let name = origin.key_name();
        let log_key = VerifierKey::ed25519(name.clone(), PublicKey::of(&keys.ed25519));
        let log_key_pq = keys.ml_dsa.as_ref().map(MlDsaPublicKey::of);
        let log_key_pq = log_key_pq.map(|key| VerifierKey::ml_dsa_44(name.clone(), key));
        let body = pb::Charter {
            origin: origin.to_string(),
            log_key: log_key.to_string(),
            operator_key: operator.verifying_key().to_bytes().to_vec(),
            purpose: pb::LogPurpose::Test.into(),
            title: "A log for tests".into(),
            members: vec![pb::CharterMember {
                code: MEMBER.into(),
                name: "Poland".into(),
                authority_key: authority.verifying_key().to_bytes().to_vec(),
                recovery_key: recovery.verifying_key().to_bytes().to_vec(),
            }],
            release_set: vec![MEMBER.into()],
            parties: Vec::new(),
            rules: Some(rules()),
            predecessor: None,
            log_key_pq: log_key_pq.map(|key| key.to_string()).unwrap_or_default(),
        };
        let record = pb::Record {
            member: "OPERATOR".into(),
            station: "log".into(),
            sequence: 1,
            created_time: CREATED,
            body: Some(Body::Charter(body)),
            ..pb::Record::default()
        }
        .encode_to_vec();
        let log = LogId {
            charter: CharterDigest::from_bytes(*record_digest(&record).as_bytes()),
            origin,
        };
        let charter = pb::Submission {
            origin: log.origin.to_string(),
            charter_digest: NO_CHARTER.as_bytes().to_vec(),
            signed_record: Some(sign_charter(record, &log, &operator)),
        };
        Self {
            identity: Identity { log, keys },
            charter,
            authority,
            next_sequence: 1,
        }
    }

    /// The next valid record: the authority enrols one more station.
    pub(crate) fn enrolment_next(&mut self) -> pb::Submission {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.enrolment(sequence)
    }

    /// Goes on after the enrolment at a sequence.
    pub(crate) fn continue_after(&mut self, sequence: u64) {
        self.next_sequence = sequence + 1;
    }

    /// The enrolment at a sequence of the authority's key.
    pub(crate) fn enrolment(&self, sequence: u64) -> pb::Submission {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&sequence.to_be_bytes());
        let change = Change::Enrolment(pb::Enrolment {
            station: format!("monitor-{sequence}"),
            role: pb::Role::Monitor.into(),
            public_key: SigningKey::from_bytes(&seed)
                .verifying_key()
                .to_bytes()
                .to_vec(),
            holder_kind: pb::HolderKind::Device.into(),
        });
        self.submission(
            sequence,
            Body::StationChange(pb::StationChange {
                change: Some(change),
            }),
        )
    }

    /// A record of the authority, signed.
    pub(crate) fn submission(&self, sequence: u64, body: Body) -> pb::Submission {
        let record = pb::Record {
            member: MEMBER.into(),
            station: "authority".into(),
            sequence,
            created_time: CREATED + sequence,
            body: Some(body),
            ..pb::Record::default()
        };
        let log = &self.identity.log;
        pb::Submission {
            origin: log.origin.to_string(),
            charter_digest: log.charter.as_bytes().to_vec(),
            signed_record: Some(record::sign(record.encode_to_vec(), log, &self.authority)),
        }
    }

    /// The charter as the sequencer takes it.
    pub(crate) fn admitted_charter(&self) -> Admitted {
        let signed_record = self.charter.signed_record.clone().unwrap();
        Admitted {
            record: record::verify(&signed_record, &self.identity.log).unwrap(),
            signed_record,
        }
    }

    /// A submission as the sequencer takes it.
    pub(crate) fn admitted(&self, submission: pb::Submission) -> Admitted {
        admit(submission, &self.identity.log, &KnownKeys::default()).unwrap()
    }

    /// The next valid record as the sequencer takes it.
    pub(crate) fn admitted_next(&mut self) -> Admitted {
        let submission = self.enrolment_next();
        self.admitted(submission)
    }

    /// Writes key, charter and a configuration for a loopback server below `dir`.
    pub(crate) fn write_files(&self, dir: &Path) -> Config {
        let pem = signature::private_key_to_pem(&self.identity.keys.ed25519);
        std::fs::write(dir.join("log.key"), pem.as_bytes()).unwrap();
        std::fs::write(charter_file(dir), self.charter.encode_to_vec()).unwrap();
        let ml_dsa = self.identity.keys.ml_dsa.as_ref();
        let log_key_pq = ml_dsa.map(|_| dir.join("log-pq.key"));
        if let Some((key, path)) = ml_dsa.zip(log_key_pq.as_ref()) {
            std::fs::write(path, mldsa::private_key_to_pem(key).as_bytes()).unwrap();
        }
        let config = Config {
            data_dir: dir.join("data"),
            anchor_dir: dir.join("anchor"),
            log_key: dir.join("log.key"),
            log_key_pq,
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: None,
            witnesses: None,
            limits: Limits::default(),
        };
        let mut text = format!(
            "data_dir = \"data\"\nanchor_dir = \"anchor\"\nlog_key = \"log.key\"\nlisten = \"{}\"\n",
            config.listen
        );
        if ml_dsa.is_some() {
            text += "log_key_pq = \"log-pq.key\"\n";
        }
        std::fs::write(config_file(dir), text).unwrap();
        config
    }
}

/// Where [`TestLog::write_files`] puts the charter.
pub(crate) fn charter_file(dir: &Path) -> PathBuf {
    dir.join("charter.signed")
}

/// Where [`TestLog::write_files`] puts the configuration.
pub(crate) fn config_file(dir: &Path) -> PathBuf {
    dir.join("trucelogd.toml")
}

/// Copies a directory with everything below it.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            copy_dir(&item.path(), &to.join(item.file_name()));
        } else {
            std::fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}

/// Sends one HTTP/1.1 request; returns the head and the body.
pub(crate) fn http(addr: SocketAddr, method: &str, path: &str) -> (String, Vec<u8>) {
    let mut tcp = TcpStream::connect(addr).unwrap();
    write!(
        tcp,
        "{method} {path} HTTP/1.1\r\nhost: log\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    (
        String::from_utf8(answer[..end].to_vec()).unwrap(),
        answer[end + 4..].to_vec(),
    )
}

fn sign_charter(record: Vec<u8>, log: &LogId, operator: &SigningKey) -> pb::SignedRecord {
    let statement_for = LogId {
        origin: log.origin.clone(),
        charter: NO_CHARTER,
    };
    record::sign(record, &statement_for, operator)
}

fn key(seed: u8, number: u8) -> SigningKey {
    let mut bytes = [seed; 32];
    bytes[31] = number;
    SigningKey::from_bytes(&bytes)
}

fn rules() -> pb::Rules {
    pb::Rules {
        rules_version: 1,
        role_rules: vec![pb::RoleRule {
            role: pb::Role::Monitor.into(),
            members: vec![MEMBER.into()],
        }],
        succession: Some(pb::SuccessionRule {
            endorsements: Some(pb::Fraction {
                numerator: 2,
                denominator: 3,
            }),
        }),
        reply_window: 86_400_000,
        clock_tolerance: 300_000,
        event_span: 7 * 86_400_000,
        ..pb::Rules::default()
    }
}
