//! Reopening.

use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::bytes;
use super::support::governance::{reopening, reports, with_closed_case};

const COMMISSIONER: (&str, &str) = ("BBB", "commissioner");

pub(super) fn cases() -> Cases {
    let (mut log, case, before, adopted) = with_closed_case();
    let news = log.put("CCC", "monitor", reports()).unwrap();
    let mut cases = Cases::after(
        &log,
        "A case in which a breach was found, closed, and a report after that.",
    );
    let mut good = cases.good(
        ("reopened", "A report that was logged after the closure."),
        (&log, COMMISSIONER),
        (reopening(case, &[news]), Body::Reopening),
        "reopening",
    );
    good.refuses(
        "no-reason",
        "A reopening without a reason.",
        |it| it.reason.clear(),
        (Reason::FieldRequired, "reason"),
    );
    good.refuses(
        "reason-too-long",
        "A reason of 4,097 bytes.",
        |it| it.reason = "x".repeat(4_097),
        (Reason::FieldTooLong, "reason"),
    );
    good.refuses(
        "no-evidence",
        "A reopening on nothing.",
        |it| it.evidence.clear(),
        (Reason::FieldRequired, "evidence"),
    );
    good.refuses(
        "case-unknown",
        "A case that the log does not hold.",
        |it| it.case = vec![1; 32],
        (Reason::ReferenceUnknown, "case"),
    );
    good.refuses(
        "case-of-other-type",
        "A report as a case.",
        |it| it.case = bytes(news),
        (Reason::ReferenceType, "case"),
    );
    good.refuses(
        "evidence-unknown",
        "Evidence that the log does not hold.",
        |it| it.evidence[0] = vec![1; 32],
        (Reason::ReferenceUnknown, "evidence[0]"),
    );
    good.refuses(
        "evidence-of-other-type",
        "A decision as evidence.",
        |it| it.evidence.push(bytes(adopted)),
        (Reason::ReferenceType, "evidence[1]"),
    );
    good.refuses(
        "evidence-not-new",
        "A report that was logged before the closure.",
        |it| it.evidence.push(bytes(before)),
        (Reason::EvidenceNotNew, "evidence[1]"),
    );
    let reopens = || Body::Reopening(reopening(case, &[news]));
    cases.rejects(
        "by-a-verifier",
        "A verifier reopens a case.",
        &log,
        &log.record("AAA", "verifier", reopens()),
        (Reason::RoleNotAllowed, "reopening"),
    );
    log.put("BBB", "commissioner", reopens()).unwrap();
    cases.rejects(
        "not-closed",
        "A case that is not closed.",
        &log,
        &log.record("BBB", "commissioner", reopens()),
        (Reason::CaseOpen, "reopening.case"),
    );
    cases
}
