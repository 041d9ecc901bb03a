#![expect(clippy::unwrap_used, reason = "tests")]

use ed25519_dalek::SigningKey;
use prost::Message as _;

use super::*;
use crate::canonical::grammar;
use crate::note::VerifierKey;
use crate::pb::proposal::Question;
use crate::record::record_digest;
use crate::refusal::Reason as RefusalReason;

const HOUR: u64 = 3_600_000;
const START: u64 = 1_700_000_000_000;
const MEMBERS: [&str; 3] = ["DEU", "FRA", "GBR"];

fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn key_bytes(number: u8) -> Vec<u8> {
    signing_key(number).verifying_key().to_bytes().to_vec()
}

/// A log under construction. Keys are numbered: 1 log, 2 operator, 10 + m authorities, 20 + m recovery,
/// 30 + m monitors, 40 + m commissioners, 50 verifier.
#[derive(Default)]
struct Log {
    entries: Vec<Vec<u8>>,
    fold: Fold,
    time: u64,
    sequences: BTreeMap<u8, u64>,
}

impl Log {
    fn new() -> Self {
        let mut log = Self {
            time: START,
            ..Self::default()
        };
        log.write(2, "OPERATOR", "log", Body::Charter(charter()));
        for (m, member) in (0_u8..).zip(MEMBERS) {
            log.enrol(10 + m, member, "monitor", pb::Role::Monitor, 30 + m);
            log.enrol(10 + m, member, "seat", pb::Role::Commissioner, 40 + m);
        }
        log.enrol(10, "DEU", "desk", pb::Role::Verifier, 50);
        log
    }

    fn enrol(&mut self, by: u8, member: &str, station: &str, role: pb::Role, key: u8) {
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

    fn try_write(
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
            index: LeafIndex::new(self.fold.size),
            previous: crate::hash::LeafHash::from_bytes([0; 32]),
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

    fn write(&mut self, key: u8, member: &str, station: &str, body: Body) -> RecordDigest {
        self.try_write(key, member, station, body).unwrap()
    }

    fn monitor(&mut self, body: Body) -> RecordDigest {
        self.write(30, "DEU", "monitor", body)
    }

    fn report(&mut self, text: &str) -> RecordDigest {
        self.monitor(Body::IncidentReport(report(text)))
    }

    fn correct(
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

    fn withdraw(&mut self, target: RecordDigest) -> RecordDigest {
        self.monitor(Body::Withdrawal(pb::Withdrawal {
            target: target.as_bytes().to_vec(),
            reason: pb::WithdrawalReason::Error.into(),
            reason_text: String::new(),
        }))
    }

    fn case(&mut self, extends: Option<RecordDigest>, reports: &[RecordDigest]) -> RecordDigest {
        let case = pb::Case {
            extends: extends.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            title: "A breach".to_owned(),
            reports: reports.iter().map(|r| r.as_bytes().to_vec()).collect(),
            parties: vec!["XAA".to_owned()],
            ..pb::Case::default()
        };
        self.write(50, "DEU", "desk", Body::Case(case))
    }

    fn propose(&mut self, question: Question, supersedes: Option<RecordDigest>) -> RecordDigest {
        let proposal = pb::Proposal {
            title: "A question".to_owned(),
            text: String::new(),
            supersedes: supersedes.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            question: Some(question),
        };
        self.write(40, "DEU", "seat", Body::Proposal(proposal))
    }

    fn vote(&mut self, m: u8, proposal: RecordDigest, choice: pb::VoteChoice) -> RecordDigest {
        let vote = pb::Vote {
            proposal: proposal.as_bytes().to_vec(),
            choice: choice.into(),
            opinion: "Because.".to_owned(),
        };
        let member = MEMBERS[usize::from(m)];
        self.write(40 + m, member, "seat", Body::Vote(vote))
    }

    fn decide(&mut self, proposal: RecordDigest, outcome: pb::Outcome) -> RecordDigest {
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
    fn adopt(&mut self, question: Question, supersedes: Option<RecordDigest>) -> RecordDigest {
        let proposal = self.propose(question, supersedes);
        for m in 0..3 {
            self.vote(m, proposal, pb::VoteChoice::Concur);
        }
        self.decide(proposal, pb::Outcome::Adopted)
    }

    fn activate(&mut self, m: u8, activation: pb::Activation) -> RecordDigest {
        let member = MEMBERS[usize::from(m)];
        self.write(10 + m, member, "authority", Body::Activation(activation))
    }
}

fn charter() -> pb::Charter {
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
    let roles = [
        pb::Role::Monitor,
        pb::Role::Verifier,
        pb::Role::Commissioner,
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
        release_set: MEMBERS.map(str::to_owned).to_vec(),
        parties: vec![pb::Party {
            code: "XAA".to_owned(),
            name: "A party".to_owned(),
        }],
        rules: Some(pb::Rules {
            rules_version: rules::RULES_VERSION,
            proposal_rules: vec![attribution, rule(pb::ProposalKind::Remedy)],
            role_rules: roles
                .map(|role| pb::RoleRule {
                    role: role.into(),
                    members: MEMBERS.map(str::to_owned).to_vec(),
                })
                .to_vec(),
            succession: Some(pb::SuccessionRule {
                endorsements: Some(fraction(2, 3)),
            }),
            stage_rules: Vec::new(),
            reply_window: 0,
            clock_tolerance: 300_000,
            event_span: 30 * 24 * HOUR,
        }),
        predecessor: None,
        log_key_pq: String::new(),
    }
}

fn fraction(numerator: u32, denominator: u32) -> pb::Fraction {
    pb::Fraction {
        numerator,
        denominator,
    }
}

fn report(narrative: &str) -> pb::IncidentReport {
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

fn attribution(case: RecordDigest) -> Question {
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

fn remedy(decision: RecordDigest) -> Question {
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

fn paths(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|d| d.path.as_str()).collect()
}

#[test]
fn keeps_every_version_and_tells_which_is_in_force() {
    let mut log = Log::new();
    let first = log.report("first");
    let other = log.report("other");
    let mut changed = report("first");
    changed.kind = pb::IncidentKind::Shot.into();
    changed.latest_time += 1;
    let second = log.correct(first, pb::CorrectionReason::Reclassified, changed.clone());
    let end = log.withdraw(second);

    let incident = log.fold.incident(&end).unwrap();
    assert_eq!(incident.digest(), first);
    assert_eq!(incident.first().report, report("first"));
    assert_eq!(incident.newest().report, changed);
    assert_eq!(incident.in_force(), None);
    assert_eq!(incident.withdrawal().unwrap().stamp.digest, end);
    let (correction, differences) = incident.history().next().unwrap();
    assert_eq!(correction.stamp.digest, second);
    assert_eq!(paths(&differences), ["kind", "latest_time"]);
    assert_eq!(
        differences[0].old,
        Some(Value::Name("INCIDENT_KIND_EXPLOSION"))
    );
    assert_eq!(differences[0].new, Some(Value::Name("INCIDENT_KIND_SHOT")));
    let untouched = log.fold.incident(&other).unwrap();
    assert_eq!(untouched.in_force(), Some(untouched.first()));
    assert_eq!(log.fold.incidents().len(), 2);
}

#[test]
fn folding_a_prefix_is_the_answer_as_of_its_size() {
    let mut log = Log::new();
    let first = log.report("first");
    let size = log.entries.len();
    let mut prefix = Fold::default();
    log.correct(
        first,
        pb::CorrectionReason::LateInformation,
        report("second"),
    );
    log.withdraw(log.fold.incident(&first).unwrap().newest().stamp.digest);
    for entry in &log.entries[..size] {
        prefix.append_entry(entry).unwrap();
    }
    assert_eq!(prefix.size(), TreeSize::new(size as u64));
    assert_eq!(
        prefix.now(),
        prefix.incidents()[0].first().stamp.accepted_time
    );
    let then = prefix.incident(&first).unwrap();
    assert_eq!(then.in_force().unwrap().report, report("first"));
    for entry in &log.entries[size..] {
        prefix.append_entry(entry).unwrap();
    }
    assert_eq!(prefix.incidents(), log.fold.incidents());
    assert_eq!(prefix.now(), log.fold.now());
}

#[test]
fn rejects_entries_out_of_order_and_stays_as_it_was() {
    let mut log = Log::new();
    log.report("first");
    let last = log.entries.last().unwrap().clone();
    let size = log.fold.size().get();
    let order = FoldError::Order {
        expected: size,
        found: size - 1,
    };
    assert_eq!(log.fold.append_entry(&last), Err(order));
    assert_eq!(log.fold.size().get(), size);
    log.report("second");
}

#[test]
fn rejects_what_the_rules_refuse_and_stays_as_it_was() {
    let mut log = Log::new();
    let mut wrong = report("low above best");
    wrong.casualties = vec![casualties(7, 7, 6)];
    let refused = log.try_write(30, "DEU", "monitor", Body::IncidentReport(wrong));
    let Err(FoldError::Rules(RuleError::Refused(refusal))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.reason, RefusalReason::CasualtyRange);
    assert!(log.fold.incidents().is_empty());
    log.report("first");
    assert_eq!(log.fold.incidents().len(), 1);
}

fn casualties(low: u32, best: u32, high: u32) -> pb::CasualtyCount {
    pb::CasualtyCount {
        harm: pb::Harm::Killed.into(),
        group: pb::PersonGroup::All.into(),
        low,
        best,
        high,
    }
}

#[test]
fn flags_a_broken_range_in_an_imported_report() {
    let mut log = Log::new();
    let mut imported = report("");
    imported.imported = Some(pb::Imported {
        dataset: "set".to_owned(),
        version: "1".to_owned(),
        row: "155425".to_owned(),
        fields: Vec::new(),
    });
    imported.casualties = vec![casualties(7, 7, 6)];
    let broken = log.monitor(Body::IncidentReport(imported.clone()));
    imported.casualties = vec![casualties(6, 7, 7)];
    let sound = log.monitor(Body::IncidentReport(imported));
    let flags = |digest| log.fold.incident(digest).unwrap().newest().flags();
    assert_eq!(flags(&broken), [Flag::CasualtyRange]);
    assert_eq!(flags(&sound), []);
}

#[test]
fn names_changed_fields_of_lists_oneofs_and_imported_columns() {
    let column = |name: &str, value: &str| pb::ImportedField {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let position = |latitude| {
        pb::place::Location::Position(pb::Position {
            latitude,
            longitude: -1,
            radius_m: 1,
            basis: pb::PositionBasis::Point.into(),
            ..pb::Position::default()
        })
    };
    let mut old = report("");
    old.casualties = vec![casualties(1, 2, 3)];
    old.place = Some(pb::Place {
        location: Some(position(-5)),
        ..pb::Place::default()
    });
    old.imported = Some(pb::Imported {
        fields: vec![column("a", "1"), column("gone", "x"), column("a", "2")],
        ..pb::Imported::default()
    });
    let mut new = old.clone();
    new.casualties[0].best = 0;
    new.means.push(pb::Means::Seen.into());
    new.place.as_mut().unwrap().location = Some(position(5));
    new.imported.as_mut().unwrap().fields =
        vec![column("a", "1"), column("new", "y"), column("a", "3")];
    let found: Vec<String> = difference(&grammar::INCIDENT_REPORT, &old, &new)
        .iter()
        .map(|d| {
            let show =
                |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
            format!("{}: {} > {}", d.path, show(&d.old), show(&d.new))
        })
        .collect();
    assert_eq!(
        found,
        [
            "casualties[0].best: 2 > -",
            "imported.fields[a][2]: 2 > 3",
            "imported.fields[gone]: x > -",
            "imported.fields[new]: - > y",
            "means[1]: - > MEANS_SEEN",
            "place.position.latitude: -5 > 5",
        ]
    );
    assert_eq!(difference(&grammar::INCIDENT_REPORT, &old, &old), []);
}

#[test]
fn groups_reports_into_a_case_and_counts_votes() {
    let mut log = Log::new();
    let reports = [log.report("1"), log.report("2"), log.report("3")];
    let case = log.case(None, &reports[..2]);
    let extension = log.case(Some(case), &reports[1..]);
    let view = log.fold.case(&extension).unwrap();
    assert_eq!(view.digest(), case);
    assert_eq!(view.parties(), ["XAA"].into());
    let found: Vec<RecordDigest> = log
        .fold
        .incidents_of(view)
        .iter()
        .map(|i| i.digest())
        .collect();
    assert_eq!(found, reports);

    let proposal = log.propose(attribution(case), None);
    log.vote(0, proposal, pb::VoteChoice::Concur);
    let status = |log: &Log| log.fold.proposal(&proposal).unwrap().status(log.fold.now());
    assert!(matches!(status(&log), ProposalStatus::Open { closes_ms } if closes_ms > log.time));
    log.vote(1, proposal, pb::VoteChoice::Dissent);
    let vote = log.vote(2, proposal, pb::VoteChoice::ConcurSeparately);
    assert_eq!(status(&log), ProposalStatus::AwaitingDecision);
    let tally = log.fold.proposal(&vote).unwrap().tally();
    assert_eq!((tally.concur, tally.dissent, tally.eligible), (2, 1, 3));
    assert_eq!(
        log.fold.proposal(&vote).unwrap().votes()[1].body.opinion,
        "Because."
    );
    log.decide(proposal, pb::Outcome::Adopted);
    assert_eq!(status(&log), ProposalStatus::Decided(pb::Outcome::Adopted));
}

#[test]
fn marks_a_basis_that_was_changed_or_withdrawn() {
    use pb::CorrectionReason::{Actor, Count, Time};
    let mut log = Log::new();
    let reports = [
        log.report("1"),
        log.report("2"),
        log.report("3"),
        log.report("later"),
    ];
    let case = log.case(None, &reports[..3]);
    let before = log.correct(reports[0], Time, report("before the proposal"));
    let proposal = log.propose(attribution(case), None);
    let mut moved = report("1");
    moved.earliest_time += 1;
    let changed = log.correct(before, Time, moved);
    for m in 0..3 {
        log.vote(m, proposal, pb::VoteChoice::Concur);
    }
    let decision = log.decide(proposal, pb::Outcome::Adopted);
    log.correct(reports[1], Count, report("2, but not its basis"));
    let actor = log.correct(reports[2], Actor, report("3, other actor"));
    let end = log.withdraw(actor);
    log.case(Some(case), &reports[3..]);
    log.withdraw(reports[3]);

    let index = |digest: RecordDigest| {
        let incident = log.fold.incident(&digest).unwrap();
        let mut stamps = incident.versions().map(|version| &version.stamp);
        let stamp = stamps.find(|stamp| stamp.digest == digest);
        stamp.map_or_else(
            || incident.withdrawal().unwrap().stamp.index,
            |stamp| stamp.index,
        )
    };
    let marks = log.fold.basis_marks(log.fold.proposal(&decision).unwrap());
    let told: Vec<(RecordDigest, LeafIndex, Option<Vec<&str>>, bool)> = marks
        .iter()
        .map(|mark| {
            let fields = match &mark.change {
                BasisChange::Withdrawn => None,
                BasisChange::Changed(fields) => Some(paths(fields)),
            };
            (mark.report, mark.index, fields, mark.before_decision)
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                reports[0],
                index(changed),
                Some(vec!["earliest_time"]),
                true
            ),
            (reports[2], index(actor), Some(vec![]), false),
            (reports[2], index(end), None, false),
        ]
    );
}

#[test]
fn tells_what_each_member_did_about_each_measure() {
    let mut log = Log::new();
    let report = log.report("1");
    let case = log.case(None, &[report]);
    let basis = log.adopt(attribution(case), None);
    let decision = log.adopt(remedy(basis), None);
    let approve = |choice: pb::ActivationChoice| pb::Activation {
        decision: decision.as_bytes().to_vec(),
        choice: choice.into(),
        ..pb::Activation::default()
    };
    let mut pending = approve(pb::ActivationChoice::PendingProcedure);
    pending.procedure = "Bundestag".to_owned();
    let first = log.activate(0, pending);
    let mut part = approve(pb::ActivationChoice::ApproveInPart);
    part.measures = vec![2];
    part.supersedes = first.as_bytes().to_vec();
    let newest = log.activate(0, part);
    log.activate(2, approve(pb::ActivationChoice::Approve));

    let remedies: Vec<Remedy<'_>> = log.fold.remedies().collect();
    let [remedy] = remedies.as_slice() else {
        panic!("{remedies:?}");
    };
    assert_eq!(
        remedy.attribution.unwrap().decision().unwrap().stamp.digest,
        basis
    );
    assert!(!remedy.stale);
    assert_eq!(remedy.responses[0].newest.unwrap().stamp.digest, newest);
    assert_eq!(remedy.proposal.activations().len(), 3);
    let answers: Vec<(&str, &[Answer])> = remedy
        .responses
        .iter()
        .map(|response| (response.member, response.answers.as_slice()))
        .collect();
    assert_eq!(
        answers,
        [
            ("DEU", [Answer::LeftOut, Answer::Approved].as_slice()),
            ("FRA", &[Answer::None, Answer::None]),
            ("GBR", &[Answer::Approved, Answer::NotAsked]),
        ]
    );

    log.adopt(attribution(case), Some(basis));
    let remedy = log.fold.remedies().next().unwrap();
    assert!(remedy.stale);
}

#[test]
fn lists_stations_with_their_keys_and_marks_doubt() {
    let mut log = Log::new();
    let early = log.report("early");
    let late = log.report("late");
    let since_index = log.fold.incident(&late).unwrap().first().stamp.index.get();
    let mark = pb::CompromiseMark {
        station: "monitor".to_owned(),
        public_key: key_bytes(30),
        since_index,
        reason: "Lost.".to_owned(),
    };
    let change = Some(pb::station_change::Change::CompromiseMark(mark));
    log.write(
        10,
        "DEU",
        "authority",
        Body::StationChange(pb::StationChange { change }),
    );
    let in_doubt = |digest| {
        let stamp = &log.fold.incident(digest).unwrap().first().stamp;
        log.fold.is_in_doubt(stamp).unwrap()
    };
    assert!(!in_doubt(&early));
    assert!(in_doubt(&late));

    let stations = log.fold.stations().unwrap();
    let names: Vec<(&str, &str)> = stations
        .iter()
        .map(|station| (station.member.as_str(), station.name.as_str()))
        .collect();
    let of_germany = ["authority", "desk", "monitor", "recovery", "seat"].map(|name| ("DEU", name));
    assert_eq!(names[..5], of_germany);
    assert_eq!(names.len(), 13);
    let monitor = &stations[2].keys;
    assert_eq!(monitor.len(), 1);
    assert_eq!(monitor[0].1.last_sequence, 2);
}
