//! Summary.

use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::statements::{summary, with_liaisons};
use super::support::{HOUR, Log, START};
use crate::body;

pub(super) fn cases() -> Cases {
    let log = with_liaisons();
    let mut cases = Cases::after(&log, "Three members with their stations.");
    forms(&mut cases, &log);
    counts(&mut cases, &log);
    cases
}

fn record(log: &Log) -> pb::Record {
    log.record("AAA", "verifier", Body::Summary(summary(log.size())))
}

fn forms(cases: &mut Cases, log: &Log) {
    let good = record(log);
    let at = (log, &good);
    cases.accepts(
        "as-counted",
        "A day in Kyiv. Readers recompute the counts; these are of a log that holds no reports.",
        log,
        &good,
    );
    cases.refuses(
        "no-earliest-time",
        "An interval without a start.",
        at,
        |it| body!(it, Summary).earliest_time = 0,
        (Reason::FieldRequired, "summary.earliest_time"),
    );
    cases.refuses(
        "empty-interval",
        "An interval that ends where it starts.",
        at,
        |it| body!(it, Summary).latest_time = START - 24 * HOUR,
        (Reason::TimeOrder, "summary.latest_time"),
    );
    cases.refuses(
        "ahead",
        "An interval that ends later than the tolerance allows.",
        at,
        |it| body!(it, Summary).latest_time = START + 300_001,
        (Reason::TimeAhead, "summary.latest_time"),
    );
    cases.refuses(
        "time-zone-too-long",
        "A zone of 65 bytes.",
        at,
        |it| body!(it, Summary).time_zone = "Z".repeat(65),
        (Reason::FieldTooLong, "summary.time_zone"),
    );
    cases.refuses(
        "no-size",
        "Counts of no log.",
        at,
        |it| body!(it, Summary).size = 0,
        (Reason::OutOfRange, "summary.size"),
    );
    cases.refuses(
        "size-ahead",
        "Counts of more entries than there are before the summary.",
        at,
        |it| body!(it, Summary).size += 1,
        (Reason::OutOfRange, "summary.size"),
    );
    cases.refuses(
        "area-too-long",
        "An area of 257 bytes.",
        at,
        |it| body!(it, Summary).admin_area_1 = "a".repeat(257),
        (Reason::FieldTooLong, "summary.admin_area_1"),
    );
    cases.refuses(
        "text-too-long",
        "Remarks of 4,097 bytes.",
        at,
        |it| body!(it, Summary).text = "t".repeat(4_097),
        (Reason::FieldTooLong, "summary.text"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor sums up.",
        log,
        &log.record("AAA", "monitor", Body::Summary(summary(log.size()))),
        (Reason::RoleNotAllowed, "summary"),
    );
}

fn counts(cases: &mut Cases, log: &Log) {
    let good = record(log);
    let at = (log, &good);
    cases.refuses(
        "no-counts",
        "A summary that counts nothing.",
        at,
        |it| body!(it, Summary).counts.clear(),
        (Reason::FieldRequired, "summary.counts"),
    );
    let zero = pb::Summary {
        counts: vec![pb::SummaryCount::default()],
        ..summary(log.size())
    };
    cases.accepts(
        "nothing-reported",
        "A day without reports.",
        log,
        &log.record("AAA", "verifier", Body::Summary(zero)),
    );
    cases.refuses(
        "kinds-not-ascending",
        "Kinds out of order.",
        at,
        |it| body!(it, Summary).counts.swap(1, 2),
        (Reason::ListOrder, "summary.counts[2]"),
    );
    cases.refuses(
        "more-corroborated-than-reported",
        "Two of one report are corroborated.",
        at,
        |it| body!(it, Summary).counts[2].corroborated = 2,
        (Reason::CountsContradict, "summary.counts[2].corroborated"),
    );
    cases.refuses(
        "fewer-reports-in-all",
        "All kinds together have fewer reports than two of them.",
        at,
        |it| body!(it, Summary).counts[0].reports = 2,
        (Reason::CountsContradict, "summary.counts[0].reports"),
    );
    cases.refuses(
        "fewer-corroborated-in-all",
        "All kinds together have fewer corroborated reports than two of them.",
        at,
        |it| body!(it, Summary).counts[0].corroborated = 1,
        (Reason::CountsContradict, "summary.counts[0].corroborated"),
    );
    cases.refuses(
        "fewer-withdrawn-in-all",
        "All kinds together have fewer withdrawn reports than one of them.",
        at,
        |it| body!(it, Summary).counts[1].withdrawn = 1,
        (Reason::CountsContradict, "summary.counts[0].withdrawn"),
    );
}
