//! Agreed texts: the table of ratifications.

use serde_json::{Value, json};
use trucelog_proto::fold::{NationalSteps, Text, TextStatus, Views};

use super::{stamp, time, word};
use crate::json::{self, format_time};

/// An adopted text with what each member did to ratify it.
pub(in crate::cli) fn text(views: &dyn Views, text: &Text<'_>) -> Value {
    json!({
        "decision": text.decision.stamp.digest.to_string(),
        "proposal": text.proposal.digest().to_string(),
        "written": stamp(&text.decision.stamp),
        "title": text.text.title,
        "status": status(text, views.now()),
        "superseded_by": text.superseded_by.map(|later| later.to_string()),
        "effective_time": format_time(text.text.effective_time),
        "body": json::from_message("trucelog.v1.ProtocolTextProposal", text.text),
        "ratifications": text.ratifications.iter().map(ratification).collect::<Vec<_>>(),
    })
}

fn ratification(member: &NationalSteps<'_>) -> Value {
    let steps = member.steps.iter().map(|step| {
        json!({
            "written": stamp(&step.stamp),
            "step": step.body.step().as_str_name(),
            "body": step.body.body,
            "procedure": step.body.procedure,
            "effective_time": format_time(step.body.effective_time).filter(|_| step.body.effective_time > 0),
            "instrument": json::hex(&step.body.instrument),
        })
    });
    json!({
        "member": member.member,
        "newest": member.newest().map(|step| step.as_str_name()),
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn status(text: &Text<'_>, now: u64) -> &'static str {
    match text.status(now) {
        TextStatus::NotYetEffective => "not yet effective",
        TextStatus::InEffect => "in effect",
        TextStatus::Expired => "expired",
        TextStatus::Superseded => "superseded",
        _ => "unknown",
    }
}

/// A text with a row for each member.
pub(in crate::cli) fn text_text(views: &dyn Views, text: &Text<'_>) -> String {
    let mut lines = vec![format!(
        "{}  {}  [{}, effective {}]",
        text.decision.stamp.digest,
        text.text.title,
        status(text, views.now()),
        text.text.effective_as_written,
    )];
    for version in &text.text.language_versions {
        lines.push(format!(
            "  {:<8}  {}",
            version.language,
            json::hex(&version.digest)
        ));
    }
    for member in &text.ratifications {
        let steps: Vec<String> = member
            .steps
            .iter()
            .map(|step| {
                let name = word(step.body.step().as_str_name(), "RATIFICATION_STEP_");
                format!(
                    "{name} {} #{}",
                    time(step.stamp.accepted_time),
                    step.stamp.index
                )
            })
            .collect();
        let steps = if steps.is_empty() {
            "no step".to_owned()
        } else {
            steps.join(", ")
        };
        lines.push(format!("  {:<8}  {steps}", member.member));
    }
    lines.join("\n")
}
