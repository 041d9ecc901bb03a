//! A server's way: entries listed by subject, and each view folded from its own entries alone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::support::{Log, MEMBERS, attribution, bytes, remedy, report};
use crate::entry::Entry;
use crate::fold::{
    Case, Constitution, Fold, Incident, Proposal, Station, Subject, View, Views, fold_view,
    subjects_of,
};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;
use crate::record::DecodedRecord;
use crate::state::{MemoryState, StateError};

/// Lists the entries of each subject, and answers as of a size from those before it.
struct Listed {
    entries: Vec<Vec<u8>>,
    lists: BTreeMap<Subject, Vec<usize>>,
    /// The rules' state after the last entry, whatever the size of the answer.
    state: MemoryState,
    size: usize,
}

impl Listed {
    fn of(log: &Log) -> Self {
        let mut fold = Fold::default();
        let mut lists: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
        for (index, bytes) in log.entries.iter().enumerate() {
            let entry = Entry::decode(bytes).unwrap();
            let record = DecodedRecord::decode(&entry.signed_record.record).unwrap();
            for subject in subjects_of(&fold.state, &record).unwrap() {
                lists.entry(subject).or_default().push(index);
            }
            fold.append_entry(bytes).unwrap();
        }
        Self {
            entries: log.entries.clone(),
            lists,
            state: fold.state,
            size: 0,
        }
    }

    fn entries_of(&self, subject: &Subject) -> impl Iterator<Item = &[u8]> {
        let list = self.lists.get(subject).map_or(&[][..], Vec::as_slice);
        let before = list.iter().filter(|index| **index < self.size);
        before.map(|index| self.entries[*index].as_slice())
    }

    fn load<V: View>(&self, subject: &Subject) -> Result<Option<Cow<'_, V>>, StateError> {
        let view = fold_view(self.entries_of(subject), &self.state);
        let view = view.map_err(|error| StateError(error.to_string()))?;
        Ok(view.map(Cow::Owned))
    }
}

impl Views for Listed {
    fn now(&self) -> u64 {
        let last = self.size.checked_sub(1).map(|last| &self.entries[last]);
        last.map_or(0, |bytes| Entry::decode(bytes).unwrap().accepted_time)
    }

    fn load_incident(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Incident>>, StateError> {
        self.load(&Subject::Incident(*name))
    }

    fn load_case(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Case>>, StateError> {
        self.load(&Subject::Case(*name))
    }

    fn load_proposal(&self, name: &RecordDigest) -> Result<Option<Cow<'_, Proposal>>, StateError> {
        self.load(&Subject::Proposal(*name))
    }

    fn load_station(
        &self,
        member: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, Station>>, StateError> {
        self.load(&Subject::Station(member.to_owned(), name.to_owned()))
    }

    fn load_constitution(&self) -> Result<Option<Cow<'_, Constitution>>, StateError> {
        self.load(&Subject::Constitution)
    }
}

/// Compares every view, and what is computed from it, with that of a fold of the same entries.
fn compare(listed: &Listed, fold: &Fold) {
    assert_eq!(listed.now(), fold.now());
    for incident in fold.incidents() {
        let found = listed.load_incident(&incident.digest()).unwrap();
        assert_eq!(found.as_deref(), Some(incident));
        let stamp = &incident.first().stamp;
        assert_eq!(stamp.is_in_doubt(listed), stamp.is_in_doubt(fold));
        assert_eq!(incident.appraisal(listed), incident.appraisal(fold));
        for said in incident.statements() {
            let target = incident.stamp_of(&said.body.target);
            assert_eq!(said.is_late(target, listed), said.is_late(target, fold));
        }
    }
    for case in fold.cases() {
        let found = listed.load_case(&case.digest()).unwrap().unwrap();
        assert_eq!(found.as_ref(), case);
        assert_eq!(found.incidents(listed), case.incidents(fold));
        assert_eq!(found.proposals(listed), case.proposals(fold));
        assert_eq!(found.times(listed), case.times(fold));
    }
    for proposal in fold.proposals() {
        let found = listed.load_proposal(&proposal.digest()).unwrap().unwrap();
        assert_eq!(found.as_ref(), proposal);
        assert_eq!(found.basis_marks(listed), proposal.basis_marks(fold));
        assert_eq!(found.superseded_by(listed), proposal.superseded_by(fold));
        assert_eq!(found.remedy(listed), proposal.remedy(fold));
        assert_eq!(found.text(listed), proposal.text(fold));
    }
    for evidence in fold.evidence() {
        let found = listed.load(&Subject::Evidence(evidence.digest())).unwrap();
        assert_eq!(found.as_deref(), Some(evidence));
    }
    for sensor in fold.sensors() {
        let (member, name) = (sensor.member().to_owned(), sensor.name().to_owned());
        let found = listed.load(&Subject::Sensor(member, name)).unwrap();
        assert_eq!(found.as_deref(), Some(sensor));
    }
    let constitution = listed.load_constitution().unwrap();
    assert_eq!(constitution.as_deref(), fold.constitution());
}

/// A log in which every kind of record that the rules let in touches a view.
fn busy() -> Log {
    let mut log = Log::new();
    let reports = [log.report("1"), log.report("2"), log.report("3")];
    let corrected = log.correct(reports[0], pb::CorrectionReason::Time, report("1, moved"));
    let case = log.case(None, &[corrected, reports[1]]);
    let basis = log.adopt(attribution(case), None);
    let extension = log.case(Some(case), &reports[2..]);
    log.case(Some(case), &[corrected]);
    log.withdraw(corrected);
    let decision = log.adopt(remedy(basis), None);
    let activation = log.activate(
        2,
        pb::Activation {
            decision: bytes(decision),
            choice: pb::ActivationChoice::Approve.into(),
            ..pb::Activation::default()
        },
    );
    log.adopt(attribution(case), Some(basis));
    log.check(1, reports[1], pb::CorroborationResult::Confirm);
    log.state(1, reports[1]);
    log.state(2, basis);
    log.authority_of(
        2,
        Body::FollowUp(pb::FollowUp {
            activation: bytes(activation),
            status: pb::FollowUpStatus::Started.into(),
            ..pb::FollowUp::default()
        }),
    );
    log.commissioner(Body::Closure(pb::Closure {
        case: bytes(case),
        result: pb::ClosureResult::Violation.into(),
        reason: "Attributed.".to_owned(),
    }));
    watch_and_amend(&mut log);
    assert_eq!(log.fold.case(&extension).unwrap().digest(), case);
    log
}

/// Coverage, evidence, a compromised key, and changes of members, rules and texts.
fn watch_and_amend(log: &mut Log) {
    log.monitor(Body::CoverageReport(pb::CoverageReport {
        sensor: "camera-1".to_owned(),
        earliest_time: 1,
        latest_time: 2,
        status: pb::CoverageStatus::Up.into(),
        ..pb::CoverageReport::default()
    }));
    log.monitor(Body::EvidenceItem(pb::EvidenceItem {
        kind: pb::EvidenceKind::Original.into(),
        content: Some(pb::evidence_item::Content::Sealed(pb::SealedContent {
            commitment: vec![9; 32],
        })),
        ..pb::EvidenceItem::default()
    }));
    super::station::mark(log, 30, 1);
    let mut rules = super::support::charter().rules.unwrap();
    rules.reply_window = 1;
    log.adopt(
        Question::Rules(pb::RulesProposal { rules: Some(rules) }),
        None,
    );
    let suspended = pb::CharterMember {
        code: "GBR".to_owned(),
        ..pb::CharterMember::default()
    };
    let suspension = pb::MembershipProposal {
        change: pb::MembershipChange::Suspend.into(),
        member: Some(suspended),
    };
    let text = super::constitution::protocol_text("A text", None);
    let text = log.adopt(text, None);
    super::constitution::ratify(log, 0, text, pb::RatificationStep::Signed);
    log.adopt(Question::Membership(suspension), None);
}

#[test]
fn a_view_folded_from_its_own_entries_is_the_same_at_every_size() {
    let log = busy();
    let mut listed = Listed::of(&log);
    let mut fold = Fold::default();
    compare(&listed, &fold);
    for bytes in &log.entries {
        fold.append_entry(bytes).unwrap();
        listed.size += 1;
        compare(&listed, &fold);
    }
    assert!(fold.remedies().unwrap()[0].stale);
    assert_eq!(fold.remedies().unwrap()[0].responses.len(), MEMBERS.len());
}

#[test]
fn a_record_concerns_what_it_belongs_to_first_and_its_neighbours() {
    let log = busy();
    let listed = Listed::of(&log);
    let [first, second, third] = log.fold.incidents() else {
        panic!("three reports");
    };
    let count = |subject: Subject| listed.lists[&subject].len();
    let case = log.fold.cases()[0].digest();
    assert_eq!(count(Subject::Incident(first.digest())), 5);
    assert_eq!(count(Subject::Incident(second.digest())), 4);
    assert_eq!(count(Subject::Incident(third.digest())), 2);
    assert_eq!(count(Subject::Case(case)), 7);
    let of_first: Vec<usize> = log
        .fold
        .proposals()
        .iter()
        .map(|proposal| count(Subject::Proposal(proposal.digest())))
        .collect();
    assert_eq!(of_first[..3], [8, 7, 5]);
    assert_eq!(count(Subject::Constitution), 5);
}
