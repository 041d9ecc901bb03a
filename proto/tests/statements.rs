//! What refusals of coverage, evidence, checks, statements and openings tell, so that the author can mend the record.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::commission::{bytes, case, refused};
use support::statements::{
    CONTENT, SALT, corroboration, coverage, denial, disclosure, photograph, sealed, with_liaisons,
};
use support::{HOUR, correction, report};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::sealed::commitment;

/// Asserts the reason of a refusal and one of its facts.
fn tells(refusal: &Refusal, reason: Reason, (name, value): (&str, impl ToString)) {
    let found = (refusal.reason, refusal.fact(name));
    assert_eq!(found, (reason, Some(&*value.to_string())), "{refusal}");
}

fn restatement(first: RecordDigest, minutes: std::ops::Range<u64>) -> pb::CoverageReport {
    let start = coverage().earliest_time;
    pb::CoverageReport {
        earliest_time: start + minutes.start * 60_000,
        latest_time: start + minutes.end * 60_000,
        supersedes: bytes(first),
        ..coverage()
    }
}

#[test]
fn coverage_names_where_the_next_interval_may_begin() {
    let mut log = with_liaisons();
    let first = log
        .put("AAA", "sensor", Body::CoverageReport(coverage()))
        .unwrap();
    let again = refused(&log, "AAA", "sensor", Body::CoverageReport(coverage()));
    tells(
        &again,
        Reason::IntervalOverlap,
        ("not_before_ms", coverage().latest_time),
    );
    tells(&again, Reason::IntervalOverlap, ("use_digest", first));
}

#[test]
fn coverage_is_restated_part_by_part_and_each_part_in_turn() {
    let mut log = with_liaisons();
    let mut put = |report: pb::CoverageReport| {
        log.put("AAA", "sensor", Body::CoverageReport(report))
            .unwrap()
    };
    let first = put(coverage());
    let jammed = put(restatement(first, 0..20));
    let rest = put(restatement(first, 30..60));
    put(restatement(jammed, 5..20));
    let refusal = |range| {
        let body = Body::CoverageReport(restatement(first, range));
        refused(&log, "AAA", "sensor", body)
    };
    for range in [0..5, 20..30, 59..60] {
        tells(
            &refusal(range),
            Reason::ReferenceSuperseded,
            ("use_digest", rest),
        );
    }
    let after = pb::CoverageReport {
        earliest_time: coverage().latest_time,
        latest_time: coverage().latest_time + HOUR,
        ..coverage()
    };
    log.put("AAA", "monitor", Body::CoverageReport(after))
        .unwrap();
}

#[test]
fn an_opening_that_does_not_fit_is_refused_with_both_commitments() {
    let mut log = with_liaisons();
    let item = Body::EvidenceItem(sealed(&log, "AAA", CONTENT));
    let item = log.put("AAA", "monitor", item).unwrap();
    let other = pb::Disclosure {
        content: b"Something else.".to_vec(),
        ..disclosure(item)
    };
    let refusal = refused(&log, "AAA", "monitor", Body::Disclosure(other));
    let made = |content| commitment(&log.id.origin, "AAA", &SALT, content);
    tells(
        &refusal,
        Reason::OpeningDiffers,
        ("expected", made(CONTENT)),
    );
    tells(
        &refusal,
        Reason::OpeningDiffers,
        ("found", made(b"Something else.")),
    );
}

#[test]
fn an_opened_commitment_names_its_disclosure() {
    let mut log = with_liaisons();
    let item = Body::EvidenceItem(sealed(&log, "AAA", CONTENT));
    let item = log.put("AAA", "monitor", item).unwrap();
    let statement = || Body::PartyStatement(denial(item, "PPP"));
    let before = refused(&log, "BBB", "liaison", statement());
    assert_eq!(before.fact("use_digest"), None);
    let opened = log
        .put("AAA", "sensor", Body::Disclosure(disclosure(item)))
        .unwrap();
    tells(
        &refused(&log, "BBB", "liaison", statement()),
        Reason::ReferenceSealed,
        ("use_digest", opened),
    );
    let again = Body::Disclosure(disclosure(item));
    tells(
        &refused(&log, "AAA", "monitor", again),
        Reason::SecondDisclosure,
        ("use_digest", opened),
    );
    let used = Body::EvidenceItem(sealed(&log, "AAA", CONTENT));
    tells(
        &refused(&log, "AAA", "monitor", used),
        Reason::CommitmentUsed,
        ("used_at_index", log.size() - 2),
    );
}

#[test]
fn checks_and_statements_name_the_version_in_force() {
    let mut log = with_liaisons();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let second = log.put("AAA", "monitor", correction(first)).unwrap();
    let check = Body::Corroboration(corroboration(first));
    let statement = Body::PartyStatement(denial(first, "PPP"));
    for (station, body) in [("verifier", check), ("liaison", statement)] {
        tells(
            &refused(&log, "BBB", station, body),
            Reason::ReferenceSuperseded,
            ("use_digest", second),
        );
    }
}

#[test]
fn a_party_to_any_case_of_the_report_does_not_corroborate_it() {
    let mut log = with_liaisons();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let mut found = |parties: &[&str]| {
        let case = Body::Case(case(vec![first], parties));
        log.put("CCC", "verifier", case).unwrap()
    };
    found(&["PPP"]);
    let with_party = found(&["BBB", "PPP"]);
    found(&[]);
    let second = log.put("AAA", "monitor", correction(first)).unwrap();
    let check = || Body::Corroboration(corroboration(second));
    tells(
        &refused(&log, "BBB", "monitor", check()),
        Reason::PartyToCase,
        ("case", with_party),
    );
    log.put("CCC", "monitor", check()).unwrap();
}

#[test]
fn a_report_is_in_at_most_16_cases() {
    let mut log = with_liaisons();
    let first = log
        .put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let founding = |number: u32| {
        Body::Case(pb::Case {
            title: format!("Case {number}"),
            ..case(vec![first], &[])
        })
    };
    let cases: Vec<RecordDigest> = (0..16)
        .map(|number| log.put("CCC", "verifier", founding(number)).unwrap())
        .collect();
    let refusal = refused(&log, "CCC", "verifier", founding(16));
    tells(&refusal, Reason::ListTooLong, ("limit", 16));
    assert_eq!(refusal.field, "case.reports[0]");
    let again = pb::Case {
        extends: bytes(cases[3]),
        title: String::new(),
        ..case(vec![first], &[])
    };
    log.put("CCC", "verifier", Body::Case(again)).unwrap();
}

#[test]
fn reports_cite_evidence_open_or_sealed() {
    let mut log = with_liaisons();
    let open = log.put("AAA", "monitor", Body::EvidenceItem(photograph()));
    let item = Body::EvidenceItem(sealed(&log, "BBB", CONTENT));
    let item = log.put("BBB", "investigator", item);
    let evidence = vec![bytes(open.unwrap()), bytes(item.unwrap())];
    let report = pb::IncidentReport {
        evidence,
        ..report()
    };
    log.put("AAA", "monitor", Body::IncidentReport(report))
        .unwrap();
}

/// Sums that no u64 holds are refused, not wrapped.
#[test]
fn counts_do_not_overflow() {
    let log = with_liaisons();
    let mut summary = support::statements::summary(log.size());
    for count in &mut summary.counts {
        count.reports = u64::MAX;
    }
    let refusal = refused(&log, "AAA", "verifier", Body::Summary(summary));
    let least = 2 * u128::from(u64::MAX);
    tells(&refusal, Reason::CountsContradict, ("least", least));
}
