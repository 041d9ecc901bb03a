//! Cases: their times and clocks, and their lives.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trucelog_proto::fold::{Case, CaseStatus, Clock, Milestone, Moment, Times, Turn, Views};
use trucelog_proto::pb;

use super::life::life;
use super::{
    counted, incident_line, incident_summary, proposal, proposal_line, remedy, span, stamp,
    statement, time, word,
};
use crate::Error;
use crate::json::{self, format_time};

/// A case with its reports, its times, and what was proposed on it.
pub(in crate::cli) fn case(views: &dyn Views, case: &Case) -> Result<Value, Error> {
    let reports = case.reports().iter().map(|report| {
        let incident = views.load_incident(&report.incident)?;
        let in_force = incident.as_ref().and_then(|incident| incident.in_force());
        Ok(json!({
            "version": report.version.to_string(),
            "grouped_index": report.grouped_index.get(),
            "incident": report.incident.to_string(),
            "in_force": in_force.map(|version| version.stamp.digest.to_string()),
        }))
    });
    let reports = reports.collect::<Result<Vec<_>, Error>>()?;
    let incidents = case.incidents(views)?;
    let incidents = incidents
        .iter()
        .map(|incident| incident_summary(views, incident));
    let records = case.records().map(|record| stamp(&record.stamp));
    let proposals = case.proposals(views)?;
    let mut remedies = Vec::new();
    for proposal in &proposals {
        remedies.extend(proposal.remedy(views)?.map(|found| remedy(views, &found)));
    }
    let proposals = proposals
        .iter()
        .map(|proposal| self::proposal(views, proposal));
    let statements = case.statements().iter();
    let statements = statements.map(|said| statement(views, said, &case.founding().stamp));
    let times = case.times(views)?;
    let life = life(views, case)?;
    let life = life.iter().map(|event| {
        json!({ "written": stamp(&event.stamp), "in_doubt": event.in_doubt, "says": event.says })
    });
    Ok(json!({
        "case": case.digest().to_string(),
        "title": case.title(),
        "status": status(case),
        "parties": case.parties(),
        "reports": reports,
        "incidents": incidents.collect::<Result<Vec<_>, Error>>()?,
        "records": records.collect::<Vec<_>>(),
        "turns": case.turns().iter().map(turn).collect::<Vec<_>>(),
        "times": times_json(&times),
        "clocks": times.clocks.iter().map(|clock| clock_json(clock, views.now())).collect::<Vec<_>>(),
        "proposals": proposals.collect::<Result<Vec<_>, Error>>()?,
        "remedies": remedies,
        "statements": statements.collect::<Result<Vec<_>, Error>>()?,
        "life": life.collect::<Vec<_>>(),
    }))
}

/// Whether it is open, and with which result it was closed.
fn status(case: &Case) -> &'static str {
    match case.status() {
        CaseStatus::Open => "open",
        CaseStatus::Reopened => "reopened",
        CaseStatus::Closed(pb::ClosureResult::Violation) => "closed: violation",
        CaseStatus::Closed(pb::ClosureResult::NoViolation) => "closed: no violation",
        CaseStatus::Closed(_) => "closed: pending",
        _ => "unknown",
    }
}

fn turn(turn: &Turn) -> Value {
    match turn {
        Turn::Closed(closure) => json!({
            "turn": "closed",
            "written": stamp(&closure.stamp),
            "result": closure.body.result().as_str_name(),
            "evidence": [],
            "reason": closure.body.reason,
        }),
        Turn::Reopened(reopening) => json!({
            "turn": "reopened",
            "written": stamp(&reopening.stamp),
            "result": null,
            "evidence": reopening.body.evidence.iter().map(|digest| json::hex(digest)).collect::<Vec<_>>(),
            "reason": reopening.body.reason,
        }),
    }
}

fn times_json(times: &Times) -> Value {
    let moves = times
        .breach_moves
        .iter()
        .map(|moved| json!({ "index": moved.index.get(), "to": moved.to.as_ref().map(moment) }));
    json!({
        "first_breach": milestone(&times.first_breach),
        "first_breach_moves": moves.collect::<Vec<_>>(),
        "first_report": milestone(&times.first_report),
        "first_corroboration": milestone(&times.first_corroboration),
        "attribution": milestone(&times.attribution),
    })
}

fn milestone(milestone: &Milestone) -> Value {
    json!({
        "in_force": milestone.in_force.as_ref().map(moment),
        "first_claimed": milestone.first_claimed.as_ref().map(moment),
    })
}

fn moment(moment: &Moment) -> Value {
    json!({
        "time": format_time(moment.time_ms),
        "index": moment.stated_by.index.get(),
        "record_digest": moment.stated_by.digest.to_string(),
    })
}

fn clock_json(clock: &Clock, now: u64) -> Value {
    json!({
        "stage": clock.stage.as_str_name(),
        "duration_ms": clock.duration_ms,
        "due_time": clock.due_ms.and_then(format_time),
        "first_claimed_due_time": clock.first_claimed_due_ms.and_then(format_time),
        "run_out": clock.has_run_out(now),
    })
}

pub(in crate::cli) fn case_line(case: &Case) -> String {
    let parties: Vec<&str> = case.parties().into_iter().collect();
    let parties = match parties.as_slice() {
        [] => "no parties".to_owned(),
        parties => format!("parties {}", parties.join(" ")),
    };
    format!(
        "{}  {}  [{}, {}, {parties}]",
        case.digest(),
        case.title(),
        status(case),
        counted(case.incident_names().len() as u64, "report"),
    )
}

/// The life of a case: its times and clocks, what it rests on, what was decided, and every record of it in order.
pub(in crate::cli) fn case_text(views: &dyn Views, case: &Case) -> Result<String, Error> {
    let mut text = case_line(case);
    times_text(&mut text, &case.times(views)?, views.now());
    text.push_str("\n\nReports\n");
    for incident in case.incidents(views)? {
        line(&mut text, &incident_line(views, &incident)?);
    }
    let proposals = case.proposals(views)?;
    if !proposals.is_empty() {
        text.push_str("\nProposals\n");
    }
    for proposal in &proposals {
        line(&mut text, &proposal_line(views, proposal)?);
    }
    for proposal in &proposals {
        if let Some(remedy) = proposal.remedy(views)? {
            text.push_str("\nRemedy ");
            text.push_str(&super::remedy_text(views, &remedy));
            text.push('\n');
        }
    }
    text.push_str("\nLife\n");
    for event in life(views, case)? {
        line(&mut text, &event.to_string());
    }
    Ok(text)
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "  {line}").expect("a String takes all text");
}

fn times_text(text: &mut String, times: &Times, now: u64) {
    let cell = |moment: &Option<Moment>| match moment {
        Some(moment) => format!("{} #{}", time(moment.time_ms), moment.stated_by.index),
        None => "-".to_owned(),
    };
    let mut row = |name: &str, now: &str, then: &str| {
        let then = if now == then { "the same" } else { then };
        write!(text, "\n  {name:<20} {now:<46} {then}").expect("a String takes all text");
    };
    row("", "as it reads now", "as first claimed");
    for (name, milestone) in [
        ("first breach", &times.first_breach),
        ("first report", &times.first_report),
        ("first corroboration", &times.first_corroboration),
        ("attribution", &times.attribution),
    ] {
        row(
            name,
            &cell(&milestone.in_force),
            &cell(&milestone.first_claimed),
        );
    }
    for clock in &times.clocks {
        let stage = word(clock.stage.as_str_name(), "RESPONSE_STAGE_");
        let name = format!("{stage} stage, {}", hours(clock.duration_ms));
        row(
            &name,
            &due(clock.due_ms, now),
            &due(clock.first_claimed_due_ms, now),
        );
    }
    for moved in &times.breach_moves {
        let to = moved
            .to
            .as_ref()
            .map_or("nothing in force".to_owned(), |to| time(to.time_ms));
        write!(
            text,
            "\n  the first breach moved at #{} to {to}",
            moved.index
        )
        .expect("a String takes all text");
    }
}

/// Stages are called by their hours.
fn hours(ms: u64) -> String {
    const HOUR: u64 = 3_600_000;
    if ms.is_multiple_of(HOUR) {
        format!("{} h", ms / HOUR)
    } else {
        span(ms)
    }
}

fn due(due: Option<u64>, now: u64) -> String {
    match due {
        None => "-".to_owned(),
        Some(due) if now >= due => format!("{} (over)", time(due)),
        Some(due) => format!("{} ({} left)", time(due), span(due - now)),
    }
}
