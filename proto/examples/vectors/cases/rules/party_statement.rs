//! PartyStatement.

use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::case;
use super::support::statements::{CONTENT, denial, disclosure, photograph, sealed, with_liaisons};
use super::support::{Log, correction, report, withdrawal};
use crate::body;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations, and the party PPP. AAA has reported an explosion.",
    );
    forms(&mut cases, &log);
    versions(&mut cases, log.clone());
    seals(&mut cases, log.clone());
    groups(&mut cases, log);
    cases
}

fn record(log: &Log, statement: pb::PartyStatement) -> pb::Record {
    log.record("BBB", "liaison", Body::PartyStatement(statement))
}

fn forms(cases: &mut Cases, log: &Log) {
    let target = log.last();
    let good = record(log, denial(target, "PPP"));
    let at = (log, &good);
    cases.accepts(
        "denial",
        "A member's liaison passes on what the party PPP says.",
        log,
        &good,
    );
    let own = log.record(
        "AAA",
        "liaison",
        Body::PartyStatement(denial(target, "AAA")),
    );
    cases.accepts("own", "A member speaks for itself.", log, &own);
    cases.refuses(
        "party-unknown",
        "A party that the charter does not know.",
        at,
        |it| body!(it, PartyStatement).party = String::from("QQQ"),
        (Reason::PartyUnknown, "party_statement.party"),
    );
    cases.refuses(
        "party-malformed",
        "A party whose code is not of its form.",
        at,
        |it| body!(it, PartyStatement).party = String::from("ppp"),
        (Reason::FieldFormat, "party_statement.party"),
    );
    cases.refuses(
        "for-another-member",
        "A liaison of one member speaks for another.",
        at,
        |it| body!(it, PartyStatement).party = String::from("AAA"),
        (Reason::OtherMember, "party_statement.party"),
    );
    cases.refuses(
        "no-stance",
        "A statement without a stance.",
        at,
        |it| body!(it, PartyStatement).stance = 0,
        (Reason::FieldRequired, "party_statement.stance"),
    );
    let response = pb::PartyStatement {
        stance: pb::PartyStance::ClaimResponse.into(),
        ..denial(target, "PPP")
    };
    cases.refuses(
        "no-text",
        "A claimed response that does not say to what.",
        (log, &record(log, response)),
        |it| body!(it, PartyStatement).text.clear(),
        (Reason::FieldRequired, "party_statement.text"),
    );
    cases.refuses(
        "text-too-long",
        "A statement of 8,193 bytes.",
        at,
        |it| body!(it, PartyStatement).text = "t".repeat(8_193),
        (Reason::FieldTooLong, "party_statement.text"),
    );
    cases.refuses(
        "target-unknown",
        "A statement on a record that the log does not hold.",
        at,
        |it| body!(it, PartyStatement).target = vec![1; 32],
        (Reason::ReferenceUnknown, "party_statement.target"),
    );
    cases.refuses(
        "target-of-other-type",
        "A statement on the charter.",
        at,
        |it| body!(it, PartyStatement).target = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "party_statement.target"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor speaks for a party.",
        log,
        &log.record(
            "BBB",
            "monitor",
            Body::PartyStatement(denial(target, "PPP")),
        ),
        (Reason::RoleNotAllowed, "party_statement"),
    );
}

fn versions(cases: &mut Cases, mut log: Log) {
    let first = log.last();
    let second = log.put("AAA", "monitor", correction(first)).unwrap();
    let good = record(&log, denial(second, "PPP"));
    cases.refuses(
        "superseded",
        "A statement on the version before the correction.",
        (&log, &good),
        |it| body!(it, PartyStatement).target = first.as_bytes().to_vec(),
        (Reason::ReferenceSuperseded, "party_statement.target"),
    );
    log.put("AAA", "monitor", withdrawal(second)).unwrap();
    cases.rejects(
        "withdrawn",
        "A statement on a report that was withdrawn.",
        &log,
        &record(&log, denial(second, "PPP")),
        (Reason::ReferenceWithdrawn, "party_statement.target"),
    );
}

fn seals(cases: &mut Cases, mut log: Log) {
    let open = log.put("AAA", "monitor", Body::EvidenceItem(photograph()));
    let item = sealed(&log, "AAA", CONTENT);
    let item = log.put("AAA", "monitor", Body::EvidenceItem(item)).unwrap();
    let good = record(&log, denial(open.unwrap(), "PPP"));
    cases.refuses(
        "sealed",
        "A statement on evidence that nobody else has seen.",
        (&log, &good),
        |it| body!(it, PartyStatement).target = item.as_bytes().to_vec(),
        (Reason::ReferenceSealed, "party_statement.target"),
    );
    let opened = log.put("AAA", "monitor", Body::Disclosure(disclosure(item)));
    let good = record(&log, denial(opened.unwrap(), "PPP"));
    cases.refuses(
        "sealed-and-disclosed",
        "A statement on sealed evidence whose Disclosure is to be named instead.",
        (&log, &good),
        |it| body!(it, PartyStatement).target = item.as_bytes().to_vec(),
        (Reason::ReferenceSealed, "party_statement.target"),
    );
}

fn groups(cases: &mut Cases, mut log: Log) {
    let founding = case(vec![log.last()], &["PPP"]);
    let founding = log.put("CCC", "verifier", Body::Case(founding)).unwrap();
    let extension = pb::Case {
        extends: founding.as_bytes().to_vec(),
        parties: vec!["BBB".to_owned()],
        ..pb::Case::default()
    };
    let extension = log.put("CCC", "verifier", Body::Case(extension)).unwrap();
    let good = record(&log, denial(founding, "PPP"));
    cases.accepts("on-a-case", "A statement on a case.", &log, &good);
    cases.refuses(
        "on-an-extension",
        "A statement on a record that extends a case.",
        (&log, &good),
        |it| body!(it, PartyStatement).target = extension.as_bytes().to_vec(),
        (Reason::ReferenceSuperseded, "party_statement.target"),
    );
}
