//! Correction.

use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::{Log, correction, report, withdrawal};

pub(super) fn cases() -> Cases {
    let mut log = Log::staffed();
    log.put("AAA", "sensor", Body::IncidentReport(report()))
        .unwrap();
    let mut cases = Cases::after(&log, "A sensor of AAA has reported an explosion.");
    let target = log.last();
    let Body::Correction(body) = correction(target) else {
        panic!("another body")
    };
    let mut good = cases.good(
        (
            "correction",
            "A monitor of the member states the report anew.",
        ),
        (&log, ("AAA", "monitor")),
        (body, Body::Correction),
        "correction",
    );
    good.refuses(
        "no-reason",
        "A correction without a reason.",
        |it| it.reason = 0,
        (Reason::FieldRequired, "reason"),
    );
    good.refuses(
        "no-reason-text",
        "Another reason, not told in words.",
        |it| it.reason = pb::CorrectionReason::Other.into(),
        (Reason::FieldRequired, "reason_text"),
    );
    good.refuses(
        "reason-text-too-long",
        "A reason of 1,025 bytes.",
        |it| it.reason_text = "r".repeat(1_025),
        (Reason::FieldTooLong, "reason_text"),
    );
    good.refuses(
        "no-report",
        "A correction that does not restate the report.",
        |it| it.report = None,
        (Reason::FieldRequired, "report"),
    );
    good.refuses(
        "report-wrong",
        "A restated report that no station may write.",
        |it| it.report.as_mut().unwrap().casualties[0].low = 9,
        (Reason::CasualtyRange, "report.casualties[0].low"),
    );
    good.refuses(
        "no-target",
        "A correction of nothing.",
        |it| it.target.clear(),
        (Reason::FieldRequired, "target"),
    );
    good.refuses(
        "target-unknown",
        "A correction of a record that the log does not hold.",
        |it| it.target = vec![1; 32],
        (Reason::ReferenceUnknown, "target"),
    );
    good.refuses(
        "target-of-other-type",
        "A correction of the charter.",
        |it| it.target = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "target"),
    );
    for (name, description, author, refused) in [
        (
            "by-another-member",
            "Another member corrects.",
            ("BBB", "monitor"),
            (Reason::OtherMember, "correction.target"),
        ),
        (
            "by-a-sensor",
            "A sensor corrects itself.",
            ("AAA", "sensor"),
            (Reason::RoleNotAllowed, "correction"),
        ),
    ] {
        let record = log.record(author.0, author.1, correction(target));
        cases.rejects(name, description, &log, &record, refused);
    }
    let second = log.put("AAA", "monitor", correction(target)).unwrap();
    cases.rejects(
        "superseded",
        "A correction of the version before the newest.",
        &log,
        &log.record("AAA", "monitor-2", correction(target)),
        (Reason::ReferenceSuperseded, "correction.target"),
    );
    log.put("AAA", "monitor", withdrawal(second)).unwrap();
    cases.rejects(
        "withdrawn",
        "A correction of a report that was withdrawn.",
        &log,
        &log.record("AAA", "monitor-2", correction(second)),
        (Reason::ReferenceWithdrawn, "correction.target"),
    );
    cases
}
