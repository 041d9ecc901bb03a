//! Case.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::{bytes, case, with_case};
use super::support::{Log, correction, report, withdrawal};

const VERIFIER: (&str, &str) = ("BBB", "verifier");

pub(super) fn cases() -> Cases {
    let (mut log, founding) = with_case(&["PPP"]);
    let second = pb::IncidentReport {
        observer_count: 2,
        ..report()
    };
    let second = log.put("AAA", "monitor", Body::IncidentReport(second));
    let second = second.unwrap();
    let mut cases = Cases::after(
        &log,
        "AAA has reported two explosions; the first is in a case to which PPP is a party.",
    );
    founds(&mut cases, &log, founding, second);
    extends(&mut cases, log.clone(), founding);
    versions(&mut cases, log.clone(), second);
    many(&mut cases, log, second);
    cases
}

fn founds(cases: &mut Cases, log: &Log, founding: RecordDigest, second: RecordDigest) {
    let mut good = cases.good(
        ("founds", "A case of one report, with two parties."),
        (log, VERIFIER),
        (case(vec![second], &["AAA", "PPP"]), Body::Case),
        "case",
    );
    good.refuses(
        "no-title",
        "A case without a title.",
        |it| it.title.clear(),
        (Reason::FieldRequired, "title"),
    );
    good.refuses(
        "title-too-long",
        "A title of 257 bytes.",
        |it| it.title = "t".repeat(257),
        (Reason::FieldTooLong, "title"),
    );
    good.refuses(
        "text-too-long",
        "Remarks of 4,097 bytes.",
        |it| it.text = "t".repeat(4_097),
        (Reason::FieldTooLong, "text"),
    );
    good.refuses(
        "no-reports",
        "A case of no reports.",
        |it| it.reports.clear(),
        (Reason::FieldRequired, "reports"),
    );
    good.refuses(
        "report-unknown",
        "A report that the log does not hold.",
        |it| it.reports[0] = vec![5; 32],
        (Reason::ReferenceUnknown, "reports[0]"),
    );
    good.refuses(
        "report-of-other-type",
        "A case as a report.",
        |it| it.reports.push(bytes(founding)),
        (Reason::ReferenceType, "reports[1]"),
    );
    good.refuses(
        "parties-not-ascending",
        "Parties out of order.",
        |it| it.parties.reverse(),
        (Reason::ListOrder, "parties[1]"),
    );
    good.refuses(
        "party-unknown",
        "A party that the charter does not know.",
        |it| "ZZZ".clone_into(&mut it.parties[1]),
        (Reason::PartyUnknown, "parties[1]"),
    );
    good.refuses(
        "extends-unknown",
        "It extends a record that the log does not hold.",
        |it| it.extends = vec![5; 32],
        (Reason::ReferenceUnknown, "extends"),
    );
    good.refuses(
        "extends-other-type",
        "It extends a report.",
        |it| it.extends = bytes(second),
        (Reason::ReferenceType, "extends"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor groups reports.",
        log,
        &log.record("AAA", "monitor", Body::Case(case(vec![second], &[]))),
        (Reason::RoleNotAllowed, "case"),
    );
}

fn extends(cases: &mut Cases, mut log: Log, founding: RecordDigest) {
    let extension = pb::Case {
        extends: bytes(founding),
        parties: vec!["AAA".to_owned()],
        ..pb::Case::default()
    };
    let record = log.record("CCC", "commissioner", Body::Case(extension.clone()));
    cases.accepts("extends", "A further party to the case.", &log, &record);
    let extended = log.put_record(&record).unwrap();
    let chained = pb::Case {
        extends: bytes(extended),
        ..extension
    };
    cases.rejects(
        "extends-an-extension",
        "It extends a record that extends a case.",
        &log,
        &log.record("BBB", "verifier", Body::Case(chained)),
        (Reason::ReferenceSuperseded, "case.extends"),
    );
}

fn versions(cases: &mut Cases, mut log: Log, second: RecordDigest) {
    let third = log.put("AAA", "monitor", correction(second)).unwrap();
    let founds = |report| Body::Case(case(vec![report], &[]));
    cases.rejects(
        "report-superseded",
        "A report in the version before its correction.",
        &log,
        &log.record("BBB", "verifier", founds(second)),
        (Reason::ReferenceSuperseded, "case.reports[0]"),
    );
    log.put("AAA", "monitor", withdrawal(third)).unwrap();
    cases.rejects(
        "report-withdrawn",
        "A report that was withdrawn.",
        &log,
        &log.record("BBB", "verifier", founds(third)),
        (Reason::ReferenceWithdrawn, "case.reports[0]"),
    );
}

fn many(cases: &mut Cases, mut log: Log, second: RecordDigest) {
    let founds = |number: u32| {
        Body::Case(pb::Case {
            title: format!("Case {number}"),
            ..case(vec![second], &[])
        })
    };
    for number in 1..=15 {
        log.put("BBB", "verifier", founds(number)).unwrap();
    }
    let last = log.record("BBB", "verifier", founds(16));
    cases.accepts("sixteenth", "A sixteenth case of one report.", &log, &last);
    log.put_record(&last).unwrap();
    cases.rejects(
        "seventeenth",
        "A seventeenth case of one report.",
        &log,
        &log.record("BBB", "verifier", founds(17)),
        (Reason::ListTooLong, "case.reports[0]"),
    );
}
