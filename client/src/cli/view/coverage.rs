//! Coverage: where it was watched, and when silence says nothing.

use serde_json::{Value, json};
use trucelog_proto::fold::{Interval, IntervalCount, Sensor, Watch, Written};
use trucelog_proto::pb;

use super::{counted, span, stamp, time, word};
use crate::json::format_time;

/// A day with what happened in it and how the sensors spent it.
pub(in crate::cli) struct Day<'a> {
    pub(in crate::cli) interval: Interval,
    pub(in crate::cli) count: IntervalCount,
    /// The sensors that were ever reported on, with how each spent the day.
    pub(in crate::cli) watches: Vec<(&'a Sensor, Watch)>,
}

/// What a report says of a sensor.
pub(in crate::cli) fn coverage(sensor: &Sensor, written: &Written<pb::CoverageReport>) -> Value {
    let report = &written.body;
    json!({
        "member": sensor.member(),
        "sensor": sensor.name(),
        "earliest_time": format_time(report.earliest_time),
        "latest_time": format_time(report.latest_time),
        "status": report.status().as_str_name(),
        "observed_count": report.observed_count,
        "text": report.text,
        "written": stamp(&written.stamp),
    })
}

fn name(sensor: &Sensor) -> String {
    format!("{}/{}", sensor.member(), sensor.name())
}

pub(in crate::cli) fn coverage_line(
    sensor: &Sensor,
    written: &Written<pb::CoverageReport>,
) -> String {
    let report = &written.body;
    let observed = match report.observed_count {
        Some(count) => format!(", observed {count}"),
        None => String::new(),
    };
    format!(
        "{:<24}  {} to {}  {} for {}{observed}  #{}",
        name(sensor),
        time(report.earliest_time),
        time(report.latest_time),
        word(report.status().as_str_name(), "COVERAGE_STATUS_"),
        span(report.latest_time - report.earliest_time),
        written.stamp.index,
    )
}

/// A day as JSON.
pub(in crate::cli) fn day(day: &Day<'_>) -> Value {
    let watches = day.watches.iter().map(|(sensor, watch)| {
        json!({
            "member": sensor.member(),
            "sensor": sensor.name(),
            "up_ms": watch.up_ms,
            "degraded_ms": watch.degraded_ms,
            "blind_ms": watch.blind_ms,
            "unknown_ms": watch.unknown_ms,
            "complete": watch.is_complete(),
        })
    });
    json!({
        "start_time": format_time(day.interval.start_ms),
        "end_time": format_time(day.interval.end_ms),
        "certain": day.count.certain,
        "possible": day.count.possible,
        "watches": watches.collect::<Vec<_>>(),
        "silence": silence(day),
    })
}

/// What it means that nothing was reported; absent when something was.
fn silence(day: &Day<'_>) -> Option<&'static str> {
    let complete = day.watches.iter().filter(|(_, watch)| watch.is_complete());
    match (day.count.possible, complete.count(), day.watches.len()) {
        (1.., _, _) => None,
        (0, _, 0) => Some("nobody says that anybody was watching"),
        (0, 0, _) => Some("no sensor was watching all the time: silence says nothing"),
        (0, complete, all) if complete < all => Some("some sensors were not watching all the time"),
        (0, _, _) => Some("every sensor was watching: nothing was observed"),
    }
}

pub(in crate::cli) fn day_line(day: &Day<'_>) -> String {
    let count = day.count;
    let more = match count.possible - count.certain {
        0 => String::new(),
        more => format!(" and perhaps {more} more"),
    };
    let silence = silence(day).map_or(String::new(), |words| format!(": {words}"));
    let mut lines = vec![format!(
        "{} to {}  {}{more}{silence}",
        time(day.interval.start_ms),
        time(day.interval.end_ms),
        counted(count.certain, "incident"),
    )];
    lines.extend(day.watches.iter().map(|(sensor, watch)| {
        let parts = [
            ("up", watch.up_ms),
            ("degraded", watch.degraded_ms),
            ("blind", watch.blind_ms),
            ("not reported", watch.unknown_ms),
        ];
        let parts = parts.iter().filter(|(_, ms)| *ms > 0);
        let parts: Vec<String> = parts
            .map(|(name, ms)| format!("{name} {}", span(*ms)))
            .collect();
        format!("  {:<24}  {}", name(sensor), parts.join(", "))
    }));
    lines.join("\n")
}
