//! Summaries beside what the log says.

use serde_json::{Value, json};
use trucelog_proto::fold::{Recount, Written};
use trucelog_proto::pb;

use super::{stamp, time, word};
use crate::json::format_time;

/// A summary with each line recomputed.
pub(in crate::cli) fn summary(written: &Written<pb::Summary>, lines: &[Recount]) -> Value {
    let body = &written.body;
    json!({
        "written": stamp(&written.stamp),
        "earliest_time": format_time(body.earliest_time),
        "latest_time": format_time(body.latest_time),
        "time_zone": body.time_zone,
        "counted_size": body.size,
        "admin_area_1": body.admin_area_1,
        "text": body.text,
        "mismatch": !lines.iter().all(Recount::matches),
        "counts": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn line(line: &Recount) -> Value {
    let numbers = |count: &pb::SummaryCount| {
        json!({
            "reports": count.reports,
            "cases": count.cases,
            "corroborated": count.corroborated,
            "withdrawn": count.withdrawn,
        })
    };
    json!({
        "kind": line.stated.kind().as_str_name(),
        "stated": numbers(&line.stated),
        "counted": numbers(&line.counted),
        "mismatch": !line.matches(),
    })
}

/// A summary with a line for each of its counts, and MISMATCH where the log says otherwise.
pub(in crate::cli) fn summary_text(written: &Written<pb::Summary>, lines: &[Recount]) -> String {
    let body = &written.body;
    let area = match body.admin_area_1.as_str() {
        "" => String::new(),
        area => format!(", {area}"),
    };
    let mut text = vec![format!(
        "{}  {} to {}{area}, by {} at index {}, counted at size {}",
        written.stamp.digest,
        time(body.earliest_time),
        time(body.latest_time),
        written.stamp.member,
        written.stamp.index,
        body.size,
    )];
    for Recount { stated, counted } in lines {
        let kind = match stated.kind() {
            pb::IncidentKind::Unspecified => "all kinds".to_owned(),
            kind => word(kind.as_str_name(), "INCIDENT_KIND_"),
        };
        let numbers = [
            ("reports", stated.reports, counted.reports),
            ("cases", stated.cases, counted.cases),
            ("corroborated", stated.corroborated, counted.corroborated),
            ("withdrawn", stated.withdrawn, counted.withdrawn),
        ];
        let numbers = numbers.map(|(name, stated, counted)| {
            if stated == counted {
                format!("{name} {stated}")
            } else {
                format!("{name} {stated} MISMATCH: the log says {counted}")
            }
        });
        text.push(format!("  {kind:<24}  {}", numbers.join(", ")));
    }
    text.join("\n")
}
