//! Corroboration.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::case;
use super::support::statements::{corroboration, photograph, with_liaisons};
use super::support::{Log, correction, report, withdrawal};
use crate::body;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    let first = log.put("AAA", "monitor", Body::IncidentReport(report()));
    let item = log.put("AAA", "monitor", Body::EvidenceItem(photograph()));
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. AAA has reported an explosion and registered a photograph.",
    );
    let (first, item) = (first.unwrap(), item.unwrap());
    forms(&mut cases, &log, first, item);
    versions(&mut cases, log.clone(), first);
    independence(&mut cases, log, first);
    cases
}

fn record(log: &Log, check: pb::Corroboration) -> pb::Record {
    log.record("BBB", "verifier", Body::Corroboration(check))
}

fn forms(cases: &mut Cases, log: &Log, first: RecordDigest, item: RecordDigest) {
    let good = record(
        log,
        pb::Corroboration {
            evidence: vec![item.as_bytes().to_vec()],
            ..corroboration(first)
        },
    );
    let at = (log, &good);
    cases.accepts(
        "confirms",
        "Another member's verifier confirms.",
        log,
        &good,
    );
    let unable = pb::Corroboration {
        result: pb::CorroborationResult::CannotAssess.into(),
        means: Vec::new(),
        text: "No aircraft was near.".to_owned(),
        ..corroboration(first)
    };
    cases.accepts(
        "cannot-assess",
        "A member that could not check says so, and why.",
        log,
        &record(log, unable),
    );
    cases.refuses(
        "no-result",
        "A check without a result.",
        at,
        |it| body!(it, Corroboration).result = 0,
        (Reason::FieldRequired, "corroboration.result"),
    );
    cases.refuses(
        "no-means",
        "A confirmation that does not say how.",
        at,
        |it| body!(it, Corroboration).means.clear(),
        (Reason::FieldRequired, "corroboration.means"),
    );
    cases.refuses(
        "means-not-ascending",
        "Means out of order.",
        at,
        |it| body!(it, Corroboration).means.reverse(),
        (Reason::ListOrder, "corroboration.means[1]"),
    );
    for (name, description, result) in [
        (
            "no-text-partial",
            "A confirmation in part that does not say of what.",
            pb::CorroborationResult::Partial,
        ),
        (
            "no-text-contradict",
            "A contradiction that does not say of what.",
            pb::CorroborationResult::Contradict,
        ),
        (
            "no-text-cannot-assess",
            "A member that could not check does not say why.",
            pb::CorroborationResult::CannotAssess,
        ),
    ] {
        cases.refuses(
            name,
            description,
            at,
            |it| body!(it, Corroboration).result = result.into(),
            (Reason::FieldRequired, "corroboration.text"),
        );
    }
    cases.refuses(
        "text-too-long",
        "Remarks of 4,097 bytes.",
        at,
        |it| body!(it, Corroboration).text = "t".repeat(4_097),
        (Reason::FieldTooLong, "corroboration.text"),
    );
    cases.refuses(
        "evidence-unknown",
        "Evidence that the log does not hold.",
        at,
        |it| body!(it, Corroboration).evidence = vec![vec![1; 32]],
        (Reason::ReferenceUnknown, "corroboration.evidence[0]"),
    );
    cases.refuses(
        "evidence-of-other-type",
        "A report as evidence.",
        at,
        |it| {
            let evidence = &mut body!(it, Corroboration).evidence;
            evidence.push(first.as_bytes().to_vec());
        },
        (Reason::ReferenceType, "corroboration.evidence[1]"),
    );
    cases.refuses(
        "target-unknown",
        "A check of a record that the log does not hold.",
        at,
        |it| body!(it, Corroboration).target = vec![1; 32],
        (Reason::ReferenceUnknown, "corroboration.target"),
    );
    cases.refuses(
        "target-of-other-type",
        "A check of a piece of evidence.",
        at,
        |it| body!(it, Corroboration).target = item.as_bytes().to_vec(),
        (Reason::ReferenceType, "corroboration.target"),
    );
    cases.rejects(
        "by-a-sensor",
        "A sensor checks a report.",
        log,
        &log.record("BBB", "sensor", Body::Corroboration(corroboration(first))),
        (Reason::RoleNotAllowed, "corroboration"),
    );
    cases.rejects(
        "own-report",
        "Another station of the reporting member confirms.",
        log,
        &log.record("AAA", "verifier", Body::Corroboration(corroboration(first))),
        (Reason::OwnReport, "corroboration.target"),
    );
}

fn versions(cases: &mut Cases, mut log: Log, first: RecordDigest) {
    let second = log.put("AAA", "monitor", correction(first)).unwrap();
    let good = record(&log, corroboration(second));
    cases.accepts(
        "version-in-force",
        "A check of the corrected report.",
        &log,
        &good,
    );
    cases.refuses(
        "version-superseded",
        "A check of the version before the correction.",
        (&log, &good),
        |it| body!(it, Corroboration).target = first.as_bytes().to_vec(),
        (Reason::ReferenceSuperseded, "corroboration.target"),
    );
    log.put_record(&good).unwrap();
    let contradiction = pb::Corroboration {
        result: pb::CorroborationResult::Contradict.into(),
        text: "The crater is older.".to_owned(),
        ..corroboration(second)
    };
    cases.accepts(
        "second-thoughts",
        "The same member, of the same version, with another result. The later one counts.",
        &log,
        &record(&log, contradiction),
    );
    log.put("AAA", "monitor", withdrawal(second)).unwrap();
    cases.rejects(
        "withdrawn",
        "A check of a report that was withdrawn.",
        &log,
        &record(&log, corroboration(second)),
        (Reason::ReferenceWithdrawn, "corroboration.target"),
    );
}

fn independence(cases: &mut Cases, mut log: Log, first: RecordDigest) {
    let founding = case(vec![first], &["PPP"]);
    let founding = log.put("CCC", "verifier", Body::Case(founding)).unwrap();
    cases.accepts(
        "not-a-party",
        "The report is in a case to which the member is no party.",
        &log,
        &record(&log, corroboration(first)),
    );
    let extension = pb::Case {
        extends: founding.as_bytes().to_vec(),
        parties: vec!["BBB".to_owned()],
        ..pb::Case::default()
    };
    log.put("CCC", "verifier", Body::Case(extension)).unwrap();
    cases.rejects(
        "party-to-the-case",
        "The member has become a party to the case that holds the report.",
        &log,
        &record(&log, corroboration(first)),
        (Reason::PartyToCase, "corroboration.target"),
    );
}
