//! What was folded as JSON and as lines, for `get`, `list` and `changes`.
//!
//! Each file has for its subject a line, for lists; a text, for people; and JSON, in which no field is ever missing.

mod case;
mod change;
mod coverage;
mod entry;
mod incident;
mod life;
mod proposal;
mod remedy;
mod statement;
mod summary;
mod text;
mod withheld;

use serde_json::{Value, json};
use trucelog_proto::fold::{Difference, Stamp, Views, Written};
use trucelog_proto::pb;

use crate::Error;
use crate::json::{self, format_time};

pub(super) use case::{case, case_line, case_text};
pub(super) use change::{change, change_text};
pub(super) use coverage::{Day, coverage, coverage_line, day, day_line};
pub(super) use entry::{entry, entry_line, entry_summary};
pub(super) use incident::{incident, incident_line, incident_summary, incident_text};
pub(super) use proposal::{proposal, proposal_line, proposal_text};
pub(super) use remedy::{remedy, remedy_text};
pub(super) use summary::{summary, summary_text};
pub(super) use text::{text, text_text};
pub(super) use withheld::{withheld, withheld_line};

/// Where a record stands, and who wrote it when.
fn stamp(stamp: &Stamp) -> Value {
    json!({
        "record_digest": stamp.digest.to_string(),
        "index": stamp.index.get(),
        "member": stamp.member,
        "station": stamp.station,
        "public_key": stamp.public_key.to_string(),
        "accepted_time": format_time(stamp.accepted_time),
        "created_time": format_time(stamp.created_time),
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "path": difference.path,
        "old": difference.old.as_ref().map(ToString::to_string),
        "new": difference.new.as_ref().map(ToString::to_string),
    })
}

/// A field that differs, for people, below what it is a field of.
fn difference_line(difference: &Difference) -> String {
    let value = |value: &Option<_>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
    let (old, new) = (value(&difference.old), value(&difference.new));
    format!("  {}: {old} → {new}", difference.path)
}

/// What a party says about a record that stands at `target`.
fn statement(
    views: &dyn Views,
    statement: &Written<pb::PartyStatement>,
    target: &Stamp,
) -> Result<Value, Error> {
    Ok(json!({
        "written": stamp(&statement.stamp),
        "about": json::hex(&statement.body.target),
        "party": statement.body.party,
        "stance": statement.body.stance().as_str_name(),
        "text": statement.body.text,
        "late": statement.is_late(target, views)?,
    }))
}

/// A time for people.
fn time(unix_ms: u64) -> String {
    format_time(unix_ms).unwrap_or_else(|| format!("{unix_ms} ms"))
}

/// The name of an enum's value for people: without the name of its enum, in lower case.
fn word(name: &str, prefix: &str) -> String {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    name.to_ascii_lowercase().replace('_', " ")
}

/// A number of things for people.
fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// A span of time for people, in its two largest units.
fn span(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    let first = UNITS.iter().position(|(unit, _)| ms >= *unit);
    let Some(first) = first else {
        return "0 s".to_owned();
    };
    let mut rest = ms;
    let parts = UNITS[first..].iter().take(2).filter_map(|(unit, name)| {
        let count = rest / unit;
        rest %= unit;
        (count > 0).then(|| format!("{count} {name}"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{counted, span, word};

    #[test]
    fn names_spans_and_values_for_people() {
        const HOUR: u64 = 3_600_000;
        let spans = [
            0,
            999,
            61_000,
            HOUR,
            24 * HOUR,
            25 * HOUR + 60_000,
            49 * HOUR,
        ];
        let told = [
            "0 s",
            "0 s",
            "1 min 1 s",
            "1 h",
            "1 d",
            "1 d 1 h",
            "2 d 1 h",
        ];
        assert_eq!(spans.map(span), told);
        assert_eq!(
            [0, 1, 2].map(|count| counted(count, "report")),
            ["0 reports", "1 report", "2 reports"]
        );
        assert_eq!(
            word("VOTE_CHOICE_CONCUR_SEPARATELY", "VOTE_CHOICE_"),
            "concur separately"
        );
    }
}
