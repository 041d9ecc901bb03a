//! Coverage: where it was watched, and when silence says nothing.

use serde_json::{Value, json};
use trucelog_proto::fold::{DaySector, Interval, IntervalCount, Sensor, Watch, Written};
use trucelog_proto::pb;

use super::{counted, span, stamp, time, word};
use crate::json::format_time;

/// A day with what happened in it and how the sensors spent it.
pub(in crate::cli) struct Day<'a> {
    pub(in crate::cli) interval: Interval,
    /// The incidents in it, by sector; none for a sector without incidents.
    pub(in crate::cli) sectors: Vec<DaySector<'a>>,
    /// Not all incidents were counted, so that silence is not spoken of.
    pub(in crate::cli) filtered: bool,
    /// The sensors that were ever reported on, with how each spent the day.
    pub(in crate::cli) watches: Vec<(&'a Sensor, Watch)>,
}

impl Day<'_> {
    /// The incidents in it. Each is in one sector.
    fn count(&self) -> IntervalCount {
        self.sectors.iter().map(|sector| sector.count).sum()
    }
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
    let count = day.count();
    let sectors = day.sectors.iter().map(|row| {
        json!({
            "sector": row.sector,
            "certain": row.count.certain,
            "possible": row.count.possible,
        })
    });
    json!({
        "start_time": format_time(day.interval.start_ms),
        "end_time": format_time(day.interval.end_ms),
        "certain": count.certain,
        "possible": count.possible,
        "sectors": sectors.collect::<Vec<_>>(),
        "watches": watches.collect::<Vec<_>>(),
        "silence": silence(day),
    })
}

/// What it means that nothing was reported; absent when something was, or not everything was counted.
fn silence(day: &Day<'_>) -> Option<&'static str> {
    if day.filtered {
        return None;
    }
    let complete = day.watches.iter().filter(|(_, watch)| watch.is_complete());
    match (day.count().possible, complete.count(), day.watches.len()) {
        (1.., _, _) => None,
        (0, _, 0) => Some("nobody says that anybody was watching"),
        (0, 0, _) => Some("no sensor was watching all the time: silence says nothing"),
        (0, complete, all) if complete < all => Some("some sensors were not watching all the time"),
        (0, _, _) => Some("every sensor was watching: nothing was observed"),
    }
}

/// A count for people.
fn told(count: IntervalCount) -> String {
    let certain = counted(count.certain, "incident");
    match count.possible - count.certain {
        0 => certain,
        more => format!("{certain} and perhaps {more} more"),
    }
}

pub(in crate::cli) fn day_line(day: &Day<'_>) -> String {
    let silence = silence(day).map_or(String::new(), |words| format!(": {words}"));
    let mut lines = vec![format!(
        "{} to {}  {}{silence}",
        time(day.interval.start_ms),
        time(day.interval.end_ms),
        told(day.count()),
    )];
    let named = day.sectors.iter().filter(|row| !row.sector.is_empty());
    lines.extend(named.map(|row| format!("  {:<24}  {}", row.sector, told(row.count))));
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
