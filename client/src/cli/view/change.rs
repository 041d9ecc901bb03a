//! What one entry changed.

use serde_json::{Value, json};
use trucelog_proto::fold::{Change, Subject};

use super::{difference, difference_line, stamp, time};

/// What one entry changed, who wrote it, and why.
pub(in crate::cli) fn change(change: &Change) -> Value {
    let subject = change.subject.as_ref().map(|subject| {
        let (kind, name) = named(subject);
        json!({ "kind": kind, "name": name })
    });
    json!({
        "written": stamp(&change.stamp),
        "body": change.body,
        "subject": subject,
        "reason": Some(change.reason).filter(|reason| !reason.is_empty()),
        "reason_text": change.reason_text,
        "changes": change.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

/// A line about an entry, and one for each field that it changed.
pub(in crate::cli) fn change_text(change: &Change) -> String {
    let stamp = &change.stamp;
    let index = format!("#{}", stamp.index);
    let who = format!("{}/{}", stamp.member, stamp.station);
    let about = change.subject.as_ref().map_or(String::new(), |subject| {
        let (kind, name) = named(subject);
        format!(" of {kind} {name}")
    });
    let reasons = [change.reason, change.reason_text.as_str()];
    let reasons: Vec<&str> = reasons
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let reasons = match reasons.as_slice() {
        [] => String::new(),
        reasons => format!(" ({})", reasons.join(": ")),
    };
    let first = format!(
        "{index:<7} {:<24}  {who:<20}  {}{about}{reasons}",
        time(stamp.accepted_time),
        change.body
    );
    let fields = change.differences.iter().map(difference_line);
    let lines: Vec<String> = std::iter::once(first).chain(fields).collect();
    lines.join("\n")
}

/// Kind and name of a subject.
fn named(subject: &Subject) -> (&'static str, String) {
    match subject {
        Subject::Incident(digest) => ("incident", digest.to_string()),
        Subject::Case(digest) => ("case", digest.to_string()),
        Subject::Proposal(digest) => ("proposal", digest.to_string()),
        Subject::Evidence(digest) => ("evidence", digest.to_string()),
        Subject::Sensor(member, name) => ("sensor", format!("{member}/{name}")),
        Subject::Station(member, name) => ("station", format!("{member}/{name}")),
        Subject::Constitution => ("constitution", String::new()),
        _ => ("unknown", String::new()),
    }
}
