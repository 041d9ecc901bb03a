//! Honest logs: a charter, stations that come and go, reports and what becomes of them.

use std::collections::VecDeque;

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::pb::{self, Role};
use trucelog_proto::record::{self, LogId, NO_CHARTER};
use trucelog_proto::signature::PublicKey;

use crate::bodies;
use crate::rng::Rng;

pub(crate) const ORIGIN: &str = "log.truce.example/second";
pub(crate) const MEMBERS: [&str; 2] = ["AAA", "BBB"];
/// Entries of a log.
pub(crate) const ENTRIES: usize = 16;
const BEGIN_MS: u64 = 1_790_000_000_000;
const HOUR_MS: u64 = 3_600_000;
const TOLERANCE_MS: u64 = 300_000;
/// Code points on both sides of those that text may not hold.
const ALLOWED: [char; 18] = [
    '\n',
    ' ',
    '~',
    '\u{a0}',
    '\u{ac}',
    '\u{ae}',
    '\u{61b}',
    '\u{180f}',
    '\u{200a}',
    '\u{2010}',
    '\u{2027}',
    '\u{202f}',
    '\u{205f}',
    '\u{2070}',
    '\u{fefe}',
    '\u{fffc}',
    '\u{e0080}',
    '\u{10ffff}',
];

pub(crate) fn origin() -> Origin {
    ORIGIN.parse().expect("it has the form of an origin")
}

pub(crate) fn public(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_bytes().to_vec()
}

/// A record that the log accepts, or seems to.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) accepted_time: u64,
    pub(crate) signed: pb::SignedRecord,
}

/// A key with the station that it is enrolled for.
#[derive(Clone)]
pub(crate) struct Station {
    pub(crate) member: &'static str,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) key: SigningKey,
    /// Sequence of its last record.
    pub(crate) sequence: u64,
    pub(crate) active: bool,
}

/// A report in the log.
#[derive(Clone)]
struct Reported {
    member: &'static str,
    /// Digest of the version in force.
    version: Vec<u8>,
}

/// Changes the charter, and the record around it, before it is signed.
pub(crate) type ChangeCharter = fn(&mut Rng, &mut pb::Record, &mut pb::Charter);

/// A log and everybody who writes to it.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) rng: Rng,
    pub(crate) id: LogId,
    pub(crate) log_key: SigningKey,
    pub(crate) log_key_pq: Option<MlDsaSigningKey>,
    pub(crate) stations: Vec<Station>,
    pub(crate) drafts: Vec<Draft>,
    /// When the newest record was accepted.
    pub(crate) now: u64,
    /// Whether records may refer to other records. What such records say is judged by one of the verifiers only.
    refers: bool,
    reports: Vec<Reported>,
    /// The steps of the commission that are still to come.
    agenda: VecDeque<Step>,
    /// Digests of the case, the proposal and the votes.
    case: Vec<u8>,
    proposal: Vec<u8>,
    votes: Vec<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Step {
    Enrol(&'static str, Role),
    Report,
    Case,
    Propose,
    Vote(&'static str),
    Decide,
}

const COMMISSION: [Step; 9] = [
    Step::Enrol("AAA", Role::Monitor),
    Step::Enrol("AAA", Role::Commissioner),
    Step::Enrol("BBB", Role::Commissioner),
    Step::Report,
    Step::Case,
    Step::Propose,
    Step::Vote("AAA"),
    Step::Vote("BBB"),
    Step::Decide,
];

impl Story {
    /// A log with its charter, as `change` leaves it.
    pub(crate) fn begin(mut rng: Rng, refers: bool, change: ChangeCharter) -> Self {
        let log_key = SigningKey::from_bytes(&rng.bytes());
        let pq = rng.one_in(12);
        let log_key_pq = pq.then(|| MlDsaSigningKey::from_seed(&rng.bytes()));
        let mut story = Self {
            id: LogId {
                origin: origin(),
                charter: NO_CHARTER,
            },
            log_key,
            log_key_pq,
            stations: Vec::new(),
            drafts: Vec::new(),
            now: BEGIN_MS,
            refers,
            reports: Vec::new(),
            agenda: VecDeque::new(),
            case: Vec::new(),
            proposal: Vec::new(),
            votes: Vec::new(),
            rng,
        };
        if refers && story.rng.one_in(4) {
            story.agenda.extend(COMMISSION);
        }
        let operator = story.add_station("OPERATOR", "log", Role::Operator);
        for member in MEMBERS {
            story.add_station(member, "authority", Role::Authority);
            story.add_station(member, "recovery", Role::Recovery);
        }
        let mut record = pb::Record {
            member: "OPERATOR".to_owned(),
            station: "log".to_owned(),
            sequence: 1,
            created_time: BEGIN_MS,
            ..pb::Record::default()
        };
        let mut charter = story.charter();
        change(&mut story.rng, &mut record, &mut charter);
        record.body = Some(Body::Charter(charter));
        story.stations[operator].sequence = 1;
        let draft = story.sign(&record, &story.stations[operator].key.clone());
        story.id.charter =
            CharterDigest::from_bytes(*record::record_digest(&draft.signed.record).as_bytes());
        story.drafts.push(draft);
        story
    }

    /// Goes on until the log has `size` entries.
    pub(crate) fn go_on(&mut self, size: usize) {
        while self.drafts.len() < size {
            let draft = self.next_draft();
            self.drafts.push(draft);
        }
    }

    /// Goes on with enrolments, which refer to nothing, until the log has [`ENTRIES`] entries or nobody may enrol.
    pub(crate) fn go_on_enrolling(&mut self) {
        while self.drafts.len() < ENTRIES
            && let Some(draft) = self.enrol()
        {
            self.drafts.push(draft);
        }
    }

    /// The next honest record.
    pub(crate) fn next_draft(&mut self) -> Draft {
        loop {
            let draft = match (self.agenda.pop_front(), self.rng.below(9)) {
                (Some(step), _) => self.take(step),
                (None, 0) => self.enrol(),
                (None, 1) => self.rotate(),
                (None, 2) => self.revoke(),
                (None, 3) => self.mark(),
                (None, 4) => self.correct(),
                (None, 5) => self.withdraw(),
                (None, 6) => self.recover(),
                _ => self.report(),
            };
            if let Some(draft) = draft {
                return draft;
            }
        }
    }

    pub(crate) fn add_station(&mut self, member: &'static str, name: &str, role: Role) -> usize {
        let key = SigningKey::from_bytes(&self.rng.bytes());
        self.stations.push(Station {
            member,
            name: name.to_owned(),
            role,
            key,
            sequence: 0,
            active: true,
        });
        self.stations.len() - 1
    }

    /// Signs the next record of a station.
    pub(crate) fn write(&mut self, station: usize, body: Body) -> Draft {
        let record = self.next_record(station, body);
        self.stations[station].sequence += 1;
        self.sign(&record, &self.stations[station].key.clone())
    }

    /// The record that a station would write next.
    pub(crate) fn next_record(&mut self, station: usize, body: Body) -> pb::Record {
        self.now += u64::from(self.rng.bytes::<1>()[0]) * 100;
        let station = self.stations[station].clone();
        let skew = self.rng.next() % TOLERANCE_MS;
        let created_time = if self.rng.one_in(2) {
            self.now + skew
        } else {
            self.now - skew
        };
        let label = self.rng.one_in(8).then(|| pb::Label {
            policy: "P".to_owned(),
            classification: "OPEN".to_owned(),
            releasable_to: MEMBERS.iter().map(ToString::to_string).collect(),
            categories: Vec::new(),
        });
        let replaces = if self.rng.one_in(8) {
            vec![self.rng.bytes::<32>().to_vec()]
        } else {
            Vec::new()
        };
        pb::Record {
            member: station.member.to_owned(),
            station: station.name,
            sequence: station.sequence + 1,
            replaces,
            created_time,
            label,
            body: Some(body),
        }
    }

    pub(crate) fn sign(&self, record: &pb::Record, key: &SigningKey) -> Draft {
        self.sign_bytes(record.encode_to_vec(), key)
    }

    pub(crate) fn sign_bytes(&self, record: Vec<u8>, key: &SigningKey) -> Draft {
        Draft {
            accepted_time: self.now,
            signed: record::sign(record, &self.id, key),
        }
    }

    /// A station with one of these roles, and of this member if one is given, whose key is active.
    pub(crate) fn active(&mut self, roles: &[Role], member: Option<&str>) -> Option<usize> {
        let fits = |station: &Station| {
            station.active
                && roles.contains(&station.role)
                && member.is_none_or(|member| station.member == member)
        };
        let found: Vec<usize> = (0..self.stations.len())
            .filter(|at| fits(&self.stations[*at]))
            .collect();
        (!found.is_empty()).then(|| *self.rng.pick(&found))
    }

    fn take(&mut self, step: Step) -> Option<Draft> {
        let proposal = self.proposal.clone();
        match step {
            Step::Enrol(member, role) => self.enrol_as(member, role),
            Step::Report => self.report(),
            Step::Case => {
                let case = bodies::case(self.reports[0].version.clone());
                let draft = self.commissioner("AAA", case)?;
                self.case = digest(&draft);
                Some(draft)
            }
            Step::Propose => {
                let question = bodies::attribution(self.case.clone());
                let draft = self.commissioner("BBB", question)?;
                self.proposal = digest(&draft);
                Some(draft)
            }
            Step::Vote(member) => {
                let draft = self.commissioner(member, bodies::concur(proposal))?;
                self.votes.push(digest(&draft));
                Some(draft)
            }
            Step::Decide => {
                let votes = self.votes.clone();
                self.commissioner("AAA", bodies::adopted(proposal, votes))
            }
        }
    }

    fn commissioner(&mut self, member: &str, body: Body) -> Option<Draft> {
        let station = self.active(&[Role::Commissioner], Some(member))?;
        Some(self.write(station, body))
    }

    pub(crate) fn report(&mut self) -> Option<Draft> {
        let station = self.active(&[Role::Monitor, Role::Sensor], None)?;
        let body = Body::IncidentReport(self.observed());
        let draft = self.write(station, body);
        self.reports.push(Reported {
            member: self.stations[station].member,
            version: digest(&draft),
        });
        Some(draft)
    }

    /// What a station has observed, in words of any script.
    pub(crate) fn observed(&mut self) -> pb::IncidentReport {
        let narrative = (0..self.rng.below(40))
            .map(|_| *self.rng.pick(&ALLOWED))
            .collect();
        bodies::report(self.now - HOUR_MS, narrative)
    }

    fn correct(&mut self) -> Option<Draft> {
        let (at, station) = self.own_report()?;
        let report = self.observed();
        let body = bodies::correction(self.reports[at].version.clone(), report);
        let draft = self.write(station, body);
        self.reports[at].version = digest(&draft);
        Some(draft)
    }

    fn withdraw(&mut self) -> Option<Draft> {
        let (at, station) = self.own_report()?;
        let report = self.reports.remove(at);
        Some(self.write(station, bodies::withdrawal(report.version)))
    }

    /// A report, and a monitor of the member that has made it.
    fn own_report(&mut self) -> Option<(usize, usize)> {
        if self.reports.is_empty() || !self.refers {
            return None;
        }
        let at = self.rng.below(self.reports.len());
        let station = self.active(&[Role::Monitor], Some(self.reports[at].member))?;
        Some((at, station))
    }

    fn enrol(&mut self) -> Option<Draft> {
        let member = *self.rng.pick(&MEMBERS);
        let roles = [
            Role::Monitor,
            Role::Sensor,
            Role::Verifier,
            Role::Commissioner,
        ];
        let role = *self.rng.pick(&roles);
        self.enrol_as(member, role)
    }

    fn enrol_as(&mut self, member: &'static str, role: Role) -> Option<Draft> {
        let authority = self.active(&[Role::Authority], Some(member))?;
        let ended = self.stations.iter().find(|station| {
            let same =
                |other: &&Station| (other.member, &other.name) == (station.member, &station.name);
            station.member == member && !self.stations.iter().filter(same).any(|other| other.active)
        });
        let name = match ended {
            Some(station) if station.name != "authority" => station.name.clone(),
            _ => format!("station-{}", self.stations.len()),
        };
        let station = self.add_station(member, &name, role);
        let enrolment = pb::Enrolment {
            station: name,
            role: role.into(),
            public_key: public(&self.stations[station].key),
            holder_kind: pb::HolderKind::Office.into(),
        };
        Some(self.write(authority, bodies::change(Change::Enrolment(enrolment))))
    }

    fn rotate(&mut self) -> Option<Draft> {
        let old = self.ending()?;
        let Station { member, role, .. } = self.stations[old].clone();
        let by = if role == Role::Authority && self.rng.one_in(2) {
            Role::Recovery
        } else {
            Role::Authority
        };
        let author = self.active(&[by], Some(member))?;
        Some(self.replace(old, author))
    }

    fn replace(&mut self, old: usize, author: usize) -> Draft {
        let Station {
            member, name, role, ..
        } = self.stations[old].clone();
        let new = self.add_station(member, &name, role);
        let rotation = pb::Rotation {
            station: name,
            old_public_key: public(&self.stations[old].key),
            old_last_sequence: self.last_sequence(old, author),
            new_public_key: public(&self.stations[new].key),
        };
        let draft = self.write(author, bodies::change(Change::Rotation(rotation)));
        self.stations[old].active = false;
        draft
    }

    /// The recovery key gives an authority whose key was revoked its next one.
    fn recover(&mut self) -> Option<Draft> {
        let member = *self.rng.pick(&MEMBERS);
        let is_authority =
            |station: &Station| station.member == member && station.role == Role::Authority;
        let old = self.stations.iter().rposition(is_authority)?;
        if self.stations[old].active {
            return None;
        }
        let author = self.active(&[Role::Recovery], Some(member))?;
        Some(self.replace(old, author))
    }

    fn revoke(&mut self) -> Option<Draft> {
        let old = self.ending()?;
        let Station { member, name, .. } = self.stations[old].clone();
        let author = self.active(&[Role::Authority], Some(member))?;
        let revocation = pb::Revocation {
            station: name,
            public_key: public(&self.stations[old].key),
            last_sequence: self.last_sequence(old, author),
            reason: String::new(),
        };
        let draft = self.write(author, bodies::change(Change::Revocation(revocation)));
        self.stations[old].active = false;
        Some(draft)
    }

    /// A station whose key may end now. Authorities end rarely, so that their members can go on.
    fn ending(&mut self) -> Option<usize> {
        let mut roles = vec![
            Role::Monitor,
            Role::Sensor,
            Role::Verifier,
            Role::Commissioner,
        ];
        if self.rng.one_in(4) {
            roles.push(Role::Authority);
        }
        self.active(&roles, None)
    }

    /// A last sequence that leaves a gap at times.
    fn last_sequence(&mut self, ending: usize, author: usize) -> u64 {
        let own = u64::from(ending == author);
        self.stations[ending].sequence + own + self.rng.next() % 3
    }

    fn mark(&mut self) -> Option<Draft> {
        let marked = self.rng.below(self.stations.len());
        let Station {
            member, name, key, ..
        } = self.stations[marked].clone();
        let author = self.active(&[Role::Authority], Some(member))?;
        let mark = pb::CompromiseMark {
            station: name,
            public_key: public(&key),
            since_index: self.rng.next() % (self.drafts.len() as u64 + 1),
            reason: "lost for an hour".to_owned(),
        };
        Some(self.write(author, bodies::change(Change::CompromiseMark(mark))))
    }

    fn charter(&self) -> pb::Charter {
        let key_of = |member: &str, role: Role| {
            let found = |station: &&Station| station.member == member && station.role == role;
            let station = self.stations.iter().find(found);
            public(&station.expect("it was made for the charter").key)
        };
        let name = origin().key_name().clone();
        pb::Charter {
            origin: ORIGIN.to_owned(),
            log_key: VerifierKey::ed25519(name.clone(), PublicKey::of(&self.log_key)).to_string(),
            log_key_pq: self.log_key_pq.as_ref().map_or_else(String::new, |key| {
                VerifierKey::ml_dsa_44(name, MlDsaPublicKey::of(key)).to_string()
            }),
            operator_key: key_of("OPERATOR", Role::Operator),
            purpose: pb::LogPurpose::Test.into(),
            title: "A log for two verifiers".to_owned(),
            members: MEMBERS
                .iter()
                .map(|code| pb::CharterMember {
                    code: (*code).to_owned(),
                    name: format!("Member {code}"),
                    authority_key: key_of(code, Role::Authority),
                    recovery_key: key_of(code, Role::Recovery),
                })
                .collect(),
            release_set: MEMBERS.iter().map(ToString::to_string).collect(),
            parties: vec![pb::Party {
                code: bodies::PARTY.to_owned(),
                name: "A party".to_owned(),
            }],
            rules: Some(bodies::rules(&MEMBERS, TOLERANCE_MS)),
            predecessor: None,
        }
    }
}

pub(crate) fn digest(draft: &Draft) -> Vec<u8> {
    record::record_digest(&draft.signed.record)
        .as_bytes()
        .to_vec()
}
