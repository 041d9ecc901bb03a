//! Withdrawal.

use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::{Log, correction, report, withdrawal};

pub(super) fn cases() -> Cases {
    let mut log = Log::staffed();
    let first = log.put("AAA", "monitor", Body::IncidentReport(report()));
    let first = first.unwrap();
    log.put("AAA", "monitor", correction(first)).unwrap();
    let mut cases = Cases::after(&log, "AAA has reported an explosion and corrected it.");
    let target = log.last();
    let Body::Withdrawal(body) = withdrawal(target) else {
        panic!("another body")
    };
    let mut good = cases.good(
        (
            "withdrawal",
            "Another monitor of the member takes the report back.",
        ),
        (&log, ("AAA", "monitor-2")),
        (body, Body::Withdrawal),
        "withdrawal",
    );
    good.refuses(
        "no-reason",
        "A withdrawal without a reason.",
        |it| it.reason = 0,
        (Reason::FieldRequired, "reason"),
    );
    good.refuses(
        "no-reason-text",
        "Another reason, not told in words.",
        |it| it.reason = pb::WithdrawalReason::Other.into(),
        (Reason::FieldRequired, "reason_text"),
    );
    good.refuses(
        "reason-text-too-long",
        "A reason of 1,025 bytes.",
        |it| it.reason_text = "r".repeat(1_025),
        (Reason::FieldTooLong, "reason_text"),
    );
    good.refuses(
        "target-unknown",
        "A withdrawal of a record that the log does not hold.",
        |it| it.target = vec![1; 32],
        (Reason::ReferenceUnknown, "target"),
    );
    good.refuses(
        "target-of-other-type",
        "A withdrawal of the charter.",
        |it| it.target = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "target"),
    );
    good.refuses(
        "superseded",
        "A withdrawal of the version before the newest.",
        |it| it.target = first.as_bytes().to_vec(),
        (Reason::ReferenceSuperseded, "target"),
    );
    for (name, description, author, refused) in [
        (
            "by-another-member",
            "Another member takes the report back.",
            ("BBB", "monitor"),
            (Reason::OtherMember, "withdrawal.target"),
        ),
        (
            "by-a-sensor",
            "A sensor takes a report back.",
            ("AAA", "sensor"),
            (Reason::RoleNotAllowed, "withdrawal"),
        ),
    ] {
        let record = log.record(author.0, author.1, withdrawal(target));
        cases.rejects(name, description, &log, &record, refused);
    }
    log.put("AAA", "monitor", withdrawal(target)).unwrap();
    cases.rejects(
        "again",
        "A withdrawal of a report that was withdrawn.",
        &log,
        &log.record("AAA", "monitor-2", withdrawal(target)),
        (Reason::ReferenceWithdrawn, "withdrawal.target"),
    );
    cases
}
