//! Adopted remedies: the table of members and measures.

use serde_json::{Value, json};
use trucelog_proto::fold::{Answer, Overdue, Remedy, Response, Views};

use super::{stamp, time, word};
use crate::json::{self, format_time};

/// An adopted remedy with what each member did about each measure.
pub(in crate::cli) fn remedy(views: &dyn Views, remedy: &Remedy<'_>) -> Value {
    let responses = remedy.responses.iter();
    let responses = responses.map(|response| self::response(views, remedy, response));
    let measures = remedy
        .measures
        .iter()
        .map(|measure| json::from_message("trucelog.v1.Measure", measure));
    let due_times = remedy.due_times.iter();
    json!({
        "proposal": remedy.proposal.digest().to_string(),
        "decision": remedy.decision.stamp.digest.to_string(),
        "attribution": remedy.attribution.as_ref().map(|attribution| attribution.digest().to_string()),
        "stale": remedy.stale,
        "title": remedy.proposal.written().body.title,
        "measures": measures.collect::<Vec<_>>(),
        "due_times": due_times.map(|due| due.and_then(format_time)).collect::<Vec<_>>(),
        "responses": responses.collect::<Vec<_>>(),
    })
}

fn response(views: &dyn Views, remedy: &Remedy<'_>, response: &Response<'_>) -> Value {
    let follow_ups = response.follow_ups.iter().map(|follow_up| {
        follow_up.map(|follow_up| {
            json!({
                "written": stamp(&follow_up.stamp),
                "status": follow_up.body.status().as_str_name(),
                "evidence": follow_up.body.evidence.iter().map(|digest| json::hex(digest)).collect::<Vec<_>>(),
                "text": follow_up.body.text,
            })
        })
    });
    let positions = 0..response.answers.len();
    let overdue = positions.map(|position| {
        let owed = remedy.overdue(response, position, views.now());
        owed.map(owes)
    });
    json!({
        "member": response.member,
        "activation": response.newest.map(|newest| stamp(&newest.stamp)),
        "choice": response.newest.map(|newest| newest.body.choice().as_str_name()),
        "procedure": response.newest.map(|newest| &newest.body.procedure),
        "answers": response.answers.iter().map(|answer| name(*answer)).collect::<Vec<_>>(),
        "follow_ups": follow_ups.collect::<Vec<_>>(),
        "overdue": overdue.collect::<Vec<_>>(),
    })
}

/// The table of members and measures: a row for each member, a column for each measure.
pub(in crate::cli) fn remedy_text(views: &dyn Views, remedy: &Remedy<'_>) -> String {
    let stale = if remedy.stale {
        " [stale: its attribution was superseded]"
    } else {
        ""
    };
    let title = &remedy.proposal.written().body.title;
    let mut lines = vec![format!("{}  {title}{stale}", remedy.decision.stamp.digest)];
    for (position, measure) in remedy.measures.iter().enumerate() {
        let kind = word(measure.kind().as_str_name(), "REMEDY_KIND_");
        let due = match remedy.due_times.get(position).copied().flatten() {
            Some(due) => format!(", due {}", time(due)),
            None => String::new(),
        };
        lines.push(format!("  measure {}: {kind}{due}", position + 1));
    }
    for response in &remedy.responses {
        let cells =
            (0..response.answers.len()).map(|position| cell(views, remedy, response, position));
        let cells: Vec<String> = cells.map(|cell| format!("{cell:<26}")).collect();
        lines.push(format!(
            "  {:<8}  {}",
            response.member,
            cells.join("  ").trim_end()
        ));
    }
    lines.join("\n")
}

fn cell(
    views: &dyn Views,
    remedy: &Remedy<'_>,
    response: &Response<'_>,
    position: usize,
) -> String {
    let mut words = vec![name(response.answers[position]).to_owned()];
    if let Some(follow_up) = response.follow_ups[position] {
        words.push(word(
            follow_up.body.status().as_str_name(),
            "FOLLOW_UP_STATUS_",
        ));
    }
    if remedy.overdue(response, position, views.now()).is_some() {
        words.push("OVERDUE".to_owned());
    }
    words.join(", ")
}

fn owes(overdue: Overdue) -> &'static str {
    match overdue {
        Overdue::Answer => "answer",
        Overdue::Action => "action",
        _ => "unknown",
    }
}

fn name(answer: Answer) -> &'static str {
    match answer {
        Answer::NotAsked => "not asked",
        Answer::None => "no answer",
        Answer::Approved => "approved",
        Answer::LeftOut => "left out",
        Answer::Declined => "declined",
        Answer::Pending => "pending",
        _ => "unknown",
    }
}
