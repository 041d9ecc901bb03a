//! The whole story in memory: what the desk writes goes straight into a fold, which runs the rules.
#![expect(clippy::unwrap_used, reason = "tests")]

use prost::Message as _;
use trucelog_proto::entry::Entry;
use trucelog_proto::fold::{BasisChange, Flag, Fold, FoldError, Views as _};
use trucelog_proto::hash::{CharterDigest, LeafHash, LeafIndex};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{DecodedRecord, LogId};
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::rules::RuleError;
use trucelog_proto::tree::leaf_hash;

use super::cast::{Cast, ORIGIN};
use super::check::{self, Counts};
use super::data::{Column, Row};
use super::desk::{Desk, Inputs};
use super::mapping;
use crate::exchange::export::{self, Export};
use crate::exchange::lines;
use crate::exchange::mapping::Importer;
use crate::exchange::shipped::Shipped;
use crate::exchange::table::Table;
use crate::reader::LocalEntry;
use crate::station::{digest_of, now_ms};

/// A log in memory, without chain and signatures of its own.
struct Log {
    desk: Desk,
    fold: Fold,
    entries: Vec<LocalEntry>,
}

impl Log {
    fn found() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let mut cast = Cast::new().unwrap();
        let charter = cast.charter(&key, None).unwrap();
        let id = LogId {
            origin: ORIGIN.parse().unwrap(),
            charter: CharterDigest::from_bytes(*digest_of(&charter).as_bytes()),
        };
        let mut log = Self {
            desk: Desk::new(cast, id),
            fold: Fold::default(),
            entries: Vec::new(),
        };
        log.append(charter).unwrap();
        let enrolments = log.desk.enrol().unwrap();
        log.append_all(enrolments);
        log
    }

    fn append(&mut self, submission: pb::Submission) -> Result<(), FoldError> {
        let entry = Entry {
            index: LeafIndex::new(self.fold.size().get()),
            previous: LeafHash::from_bytes([0; 32]),
            accepted_time: now_ms().max(self.fold.now()),
            signed_record: submission.signed_record.unwrap(),
        };
        let bytes = entry.encode();
        self.fold.append_entry(&bytes)?;
        let record = DecodedRecord::decode(&entry.signed_record.record).unwrap();
        self.entries.push(LocalEntry {
            leaf: leaf_hash(&bytes),
            entry,
            record: record.message,
            digest: record.digest,
            bytes,
        });
        Ok(())
    }

    fn append_all(&mut self, batches: Vec<Vec<pb::Submission>>) {
        for submission in batches.into_iter().flatten() {
            self.append(submission).unwrap();
        }
    }

    fn report(&mut self, inputs: &Inputs) {
        let batches = self.desk.report(&inputs.first.rows, "20.1").unwrap();
        self.append_all(batches);
    }

    fn revise(&mut self, inputs: &Inputs) {
        let batches = self.desk.revise(inputs).unwrap();
        self.append_all(batches);
    }

    fn refusal(mut self, report: pb::IncidentReport) -> Refusal {
        let monitor = &mut self.desk.cast.members[0].monitor;
        let submission = monitor.sign(&self.desk.id, Body::IncidentReport(report));
        match self.append(submission.unwrap()) {
            Err(FoldError::Rules(RuleError::Refused(refusal))) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

fn is_broken(row: &Row) -> bool {
    let number = |column| row[column].parse::<u32>().unwrap();
    let [low, best, high] = [Column::Low, Column::Best, Column::High].map(number);
    low > best || best > high
}

#[test]
fn the_log_gives_both_tables_field_by_field() {
    let inputs = Inputs::published().unwrap();
    let mut log = Log::found();
    log.report(&inputs);
    assert_eq!(check::differences(&log.fold, &inputs.first), [""; 0]);
    let counts = check::count(&log.fold);
    assert_eq!((counts.in_force, counts.flagged), (1_167, 19));
    log.revise(&inputs);
    assert_eq!(check::differences(&log.fold, &inputs.second), [""; 0]);
    let expected = Counts {
        in_force: 2_989,
        withdrawn: 94,
        corrected: 962,
        flagged: 13,
        changed_columns: 2_860,
    };
    assert_eq!(check::count(&log.fold), expected);
}

#[test]
fn one_changed_death_count_in_one_correction_shows() {
    let mut inputs = Inputs::published().unwrap();
    let events = &mut inputs.revisions.changed;
    let is_best = |change: &&mut (Column, String, String)| change.0 == Column::Best;
    let found = events.iter_mut().find_map(|event| {
        let id = event.id.clone();
        let change = event.changes.iter_mut().find(is_best)?;
        Some((id, change))
    });
    let (id, change) = found.unwrap();
    let published = change.2.clone();
    change.2 = (published.parse::<u32>().unwrap() + 1).to_string();
    let told = format!("event {id}: best is {:?}, not {published:?}", change.2);
    let mut log = Log::found();
    log.report(&inputs);
    log.revise(&inputs);
    assert_eq!(check::differences(&log.fold, &inputs.second), [told]);
}

#[test]
fn a_missing_and_a_doubled_event_show() {
    let mut inputs = Inputs::published().unwrap();
    inputs.first.rows.truncate(3);
    let expected = inputs.first.clone();
    let missing = inputs.first.rows.pop().unwrap();
    let doubled = inputs.first.rows[0].clone();
    inputs.first.rows.push(doubled.clone());
    let mut log = Log::found();
    log.report(&inputs);
    assert_eq!(
        check::differences(&log.fold, &expected),
        [
            format!("event {}: not expected, or twice", doubled.id()),
            format!("event {}: missing", missing.id()),
        ]
    );
}

#[test]
fn refuses_a_broken_range_as_ones_own_and_flags_it_as_imported() {
    let inputs = Inputs::published().unwrap();
    for table in [&inputs.first, &inputs.second] {
        for row in table.rows.iter().filter(|row| is_broken(row)) {
            let mut report = mapping::report(row, table.version).unwrap();
            report.imported = None;
            report.period = true;
            let refusal = Log::found().refusal(report);
            assert_eq!(refusal.reason, Reason::CasualtyRange);
            assert!(refusal.field.starts_with("incident_report.casualties[0]."));
        }
    }
    let broken: Vec<&Row> = inputs
        .first
        .rows
        .iter()
        .filter(|row| is_broken(row))
        .collect();
    let mut log = Log::found();
    let batches = log.desk.report(broken.iter().copied(), "20.1").unwrap();
    log.append_all(batches);
    assert_eq!(log.fold.incidents().len(), 19);
    let flags = log
        .fold
        .incidents()
        .iter()
        .map(|incident| incident.newest().flags());
    assert!(
        flags
            .into_iter()
            .all(|flags| flags == [Flag::CasualtyRange])
    );
}

#[test]
fn events_at_one_place_on_one_day_stay_apart() {
    let inputs = Inputs::published().unwrap();
    let at_one_place = inputs.second.rows.iter().filter(|row| {
        row[Column::DateStart] == "2014-08-29"
            && row[Column::WhereCoordinates] == "Novokaterynivka village"
    });
    let mut log = Log::found();
    let batches = log.desk.report(at_one_place, "22.1").unwrap();
    log.append_all(batches);
    assert_eq!(check::count(&log.fold).in_force, 132);
}

#[test]
fn a_breach_goes_from_case_to_activations_and_its_basis_changes_later() {
    let inputs = Inputs::published().unwrap();
    let mut log = Log::found();
    log.report(&inputs);
    let breach = inputs.breach().unwrap();
    let report = log.desk.version(breach.id()).unwrap();
    let gathered = log.desk.gather(breach.id()).unwrap();
    let decided = log.desk.decide_on(report).unwrap();
    let concluded = log.desk.conclude().unwrap();
    log.append_all(vec![gathered, decided, concluded]);
    let done = check::Commission {
        adopted: 5,
        votes: 35,
        dissents: 1,
        activated: 3,
        basis_marks: 0,
    };
    assert_eq!(check::commission(&log.fold).unwrap(), done);
    let tally = log.fold.proposals()[1].tally();
    assert_eq!(
        (tally.concur, tally.dissent, tally.outcome),
        (6, 1, pb::Outcome::Adopted)
    );

    log.revise(&inputs);
    let reopened = log.desk.reopen(log.fold.size().get()).unwrap();
    log.append_all(vec![reopened]);
    let case = &log.fold.cases()[0];
    assert_eq!(
        (case.turns().len(), log.desk.case()),
        (2, Some(case.digest()))
    );
    let marks = log.fold.proposals()[1].basis_marks(&log.fold).unwrap();
    assert_eq!(marks.len(), 1);
    assert!(matches!(marks[0].change, BasisChange::Changed(_)) && !marks[0].before_decision);
    let correction = log.fold.incident(&report).unwrap().newest();
    assert_eq!(
        correction.reason.as_ref().unwrap().code,
        pb::CorrectionReason::Actor
    );
    assert_eq!(check::differences(&log.fold, &inputs.second), [""; 0]);
}

#[test]
fn seven_corrections_name_another_actor() {
    let inputs = Inputs::published().unwrap();
    let mut log = Log::found();
    log.report(&inputs);
    log.revise(&inputs);
    let reasons = log
        .fold
        .incidents()
        .iter()
        .filter_map(|incident| incident.newest().reason.clone());
    let actors = reasons.filter(|reason| reason.code == pb::CorrectionReason::Actor);
    assert_eq!(actors.count(), 7);
}

#[test]
fn every_record_is_signed_for_this_log_only() {
    let mut log = Log::found();
    let row = Inputs::published().unwrap().first.rows.remove(0);
    let batches = log.desk.report([&row], "20.1").unwrap();
    let submission = batches.into_iter().flatten().next().unwrap();
    let signed = submission.signed_record.unwrap();
    assert!(trucelog_proto::record::verify(&signed, &log.desk.id).is_ok());
    let mut other = log.desk.id.clone();
    other.charter = CharterDigest::from_bytes([1; 32]);
    assert!(trucelog_proto::record::verify(&signed, &other).is_err());
    assert!(pb::Record::decode(signed.record.as_slice()).is_ok());
}

/// Both tables, and all that leads from the first to the second.
fn whole_log() -> Log {
    let inputs = Inputs::published().unwrap();
    let mut log = Log::found();
    log.report(&inputs);
    log.revise(&inputs);
    log
}

#[test]
fn every_exported_line_gives_the_digest_that_it_states() {
    let log = whole_log();
    let mut export = Export::default();
    for entry in &log.entries {
        export.push(entry, &log.fold, &log.desk.id).unwrap();
    }
    assert_eq!(export.count, 1_167 + 962 + 94 + 1_916);
    assert!(lines::is_export(&export.bytes));
    let about_incidents = log.entries.iter().filter(|entry| {
        !matches!(
            entry.record.body,
            Some(Body::Charter(_) | Body::StationChange(_))
        )
    });
    let expected: Vec<_> = about_incidents.map(|entry| Ok(entry.digest)).collect();
    let checked = lines::check(&export.bytes).into_iter();
    let found: Vec<_> = checked.map(|line| line.result).collect();
    assert!(found == expected);
}

#[test]
fn csv_that_was_exported_taken_over_and_exported_again_is_the_same() {
    let log = whole_log();
    let mapping = Shipped::TrucelogCsv.read().unwrap();
    let first = export::csv(log.fold.incidents(), &mapping).unwrap();
    assert_eq!((first.count, first.inexact.len()), (2_989 + 94, 0));

    let table = Table::parse(&first.bytes, ',').unwrap();
    let importer =
        Importer::new(&mapping, &table.columns, &std::collections::BTreeMap::new()).unwrap();
    let mut copy = Log::found();
    for row in &table.rows {
        let report = importer.report(&row.cells).unwrap().report;
        let monitor = &mut copy.desk.cast.members[0].monitor;
        let submission = monitor.sign(&copy.desk.id, Body::IncidentReport(report));
        copy.append(submission.unwrap()).unwrap();
    }
    let second = export::csv(copy.fold.incidents(), &mapping).unwrap();
    // The columns before it say where a row stands in its log.
    let of_report = |bytes: &[u8]| -> Vec<Vec<String>> {
        let table = Table::parse(bytes, ',').unwrap();
        let from = table
            .columns
            .iter()
            .position(|name| name == "body_digest")
            .unwrap();
        table
            .rows
            .iter()
            .map(|row| row.cells[from..].to_vec())
            .collect()
    };
    assert!(of_report(&first.bytes) == of_report(&second.bytes));
}
