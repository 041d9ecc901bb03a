//! Incidents.

use serde_json::{Value, json};
use trucelog_proto::fold::{Appraisal, Check, Flag, Incident, Standing, Version, Views, Weight};
use trucelog_proto::pb;

use super::{difference, difference_line, stamp, statement, time, withheld, withheld_line, word};
use crate::Error;
use crate::json::{self, format_time};

fn flags(version: &Version) -> Vec<&'static str> {
    version
        .flags()
        .iter()
        .map(|flag| match flag {
            Flag::CasualtyRange => "casualty range",
            _ => "unknown flag",
        })
        .collect()
}

/// What can be said of an incident in a few words, the most important first.
fn status(incident: &Incident, appraisal: &Appraisal<'_>, in_doubt: bool) -> Vec<&'static str> {
    let newest = incident.newest();
    let mut words = vec![if incident.in_force().is_some() {
        "in force"
    } else {
        "withdrawn"
    }];
    words.push(match appraisal.standing {
        Standing::Corroborated => "corroborated",
        Standing::Disputed => "disputed",
        _ => "uncorroborated",
    });
    let more = [
        (
            appraisal.earlier_version_corroborated,
            "earlier version corroborated",
        ),
        (incident.first() != newest, "corrected"),
        (newest.report.imported.is_some(), "imported"),
        (in_doubt, "in doubt"),
    ];
    words.extend(
        more.into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, word)| word),
    );
    words.extend(flags(newest));
    words
}

/// An incident in a list: its newest version.
pub(in crate::cli) fn incident_summary(
    views: &dyn Views,
    incident: &Incident,
) -> Result<Value, Error> {
    let newest = incident.newest();
    let report = &newest.report;
    let in_doubt = newest.stamp.is_in_doubt(views)?;
    let appraisal = incident.appraisal(views)?;
    Ok(json!({
        "incident": incident.digest().to_string(),
        "version": newest.stamp.digest.to_string(),
        "index": incident.first().stamp.index.get(),
        "member": newest.stamp.member,
        "station": newest.stamp.station,
        "in_force": incident.in_force().is_some(),
        "standing": standing(appraisal.standing),
        "status": status(incident, &appraisal, in_doubt),
        "corrections": incident.versions().count() - 1,
        "kind": report.kind().as_str_name(),
        "earliest_time": format_time(report.earliest_time),
        "latest_time": format_time(report.latest_time),
        "place": place(report),
        "flags": flags(newest),
        "in_doubt": in_doubt,
        "cases": incident.cases().iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Corroborated => "corroborated",
        Standing::Disputed => "disputed",
        _ => "uncorroborated",
    }
}

fn place(report: &pb::IncidentReport) -> &str {
    report.place.as_ref().map_or("", |place| &place.name)
}

/// What a report says in a few words.
pub(super) fn told(report: &pb::IncidentReport) -> String {
    let kind = word(report.kind().as_str_name(), "INCIDENT_KIND_");
    match place(report) {
        "" => kind,
        place => format!("{kind} at {place}"),
    }
}

pub(in crate::cli) fn incident_line(
    views: &dyn Views,
    incident: &Incident,
) -> Result<String, Error> {
    let newest = incident.newest();
    let in_doubt = newest.stamp.is_in_doubt(views)?;
    let status = status(incident, &incident.appraisal(views)?, in_doubt);
    Ok(format!(
        "{}  {} {}  {}  [{}]",
        incident.digest(),
        newest.stamp.member,
        time(newest.report.earliest_time),
        told(&newest.report),
        status.join(", ")
    ))
}

/// An incident with every version, what each changed, and what others say about it.
pub(in crate::cli) fn incident(views: &dyn Views, incident: &Incident) -> Result<Value, Error> {
    let mut changes =
        std::iter::once(Vec::new()).chain(incident.history().map(|(_, changes)| changes));
    let versions = incident.versions().map(|version| {
        Ok(json!({
            "written": stamp(&version.stamp),
            "reason": version.reason.as_ref().map(|reason| reason.code.as_str_name()),
            "reason_text": version.reason.as_ref().map(|reason| &reason.text),
            "changes": changes.next().unwrap_or_default().iter().map(difference).collect::<Vec<_>>(),
            "flags": flags(version),
            "in_doubt": version.stamp.is_in_doubt(views)?,
            "report": json::from_message("trucelog.v1.IncidentReport", &version.report),
        }))
    });
    let versions = versions.collect::<Result<Vec<_>, Error>>()?;
    let withdrawal = incident.withdrawal().map(|withdrawal| {
        json!({
            "written": stamp(&withdrawal.stamp),
            "reason": withdrawal.body.reason().as_str_name(),
            "reason_text": withdrawal.body.reason_text,
        })
    });
    let appraisal = incident.appraisal(views)?;
    let checks = appraisal
        .checks
        .iter()
        .map(|check| self::check(views, check));
    let statements = incident
        .statements()
        .iter()
        .map(|said| statement(views, said, incident.stamp_of(&said.body.target)));
    let in_doubt = incident.newest().stamp.is_in_doubt(views)?;
    Ok(json!({
        "incident": incident.digest().to_string(),
        "in_force": incident.in_force().map(|version| version.stamp.digest.to_string()),
        "standing": standing(appraisal.standing),
        "earlier_version_corroborated": appraisal.earlier_version_corroborated,
        "status": status(incident, &appraisal, in_doubt),
        "versions": versions,
        "withdrawal": withdrawal,
        "checks": checks.collect::<Result<Vec<_>, Error>>()?,
        "statements": statements.collect::<Result<Vec<_>, Error>>()?,
        "withheld": incident.withheld().iter().map(withheld).collect::<Vec<_>>(),
        "cases": incident.cases().iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

fn check(views: &dyn Views, check: &Check<'_>) -> Result<Value, Error> {
    let body = &check.written.body;
    Ok(json!({
        "written": stamp(&check.written.stamp),
        "version": json::hex(&body.target),
        "result": body.result().as_str_name(),
        "counts": check.weight == Weight::Counts,
        "weight": weight(check.weight),
        "in_doubt": check.written.stamp.is_in_doubt(views)?,
        "means": body.means().map(|means| means.as_str_name()).collect::<Vec<_>>(),
        "evidence": body.evidence.iter().map(|digest| json::hex(digest)).collect::<Vec<_>>(),
        "text": body.text,
    }))
}

fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Counts => "counts",
        Weight::Party => "not independent: a party to the case",
        Weight::Replaced => "replaced by a later check of this member",
        Weight::EarlierVersion => "of an earlier version",
        _ => "unknown",
    }
}

pub(in crate::cli) fn incident_text(
    views: &dyn Views,
    incident: &Incident,
) -> Result<String, Error> {
    let mut lines = vec![incident_line(views, incident)?];
    for (version, changes) in incident.history() {
        let reason = version
            .reason
            .as_ref()
            .map_or("", |reason| reason.code.as_str_name());
        lines.push(format!(
            "corrected at index {} by {} ({})",
            version.stamp.index,
            version.stamp.member,
            word(reason, "CORRECTION_REASON_"),
        ));
        lines.extend(changes.iter().map(difference_line));
    }
    if let Some(withdrawal) = incident.withdrawal() {
        lines.push(format!(
            "withdrawn at index {} ({})",
            withdrawal.stamp.index,
            word(withdrawal.body.reason().as_str_name(), "WITHDRAWAL_REASON_"),
        ));
    }
    lines.extend(incident.appraisal(views)?.checks.iter().map(check_line));
    for said in incident.statements() {
        let late = said.is_late(incident.stamp_of(&said.body.target), views)?;
        lines.push(super::statement::statement_line(said, late));
    }
    lines.extend(incident.withheld().iter().map(withheld_line));
    let report = json::from_message("trucelog.v1.IncidentReport", &incident.newest().report);
    lines.push(format!("{report:#}"));
    Ok(lines.join("\n"))
}

fn check_line(check: &Check<'_>) -> String {
    let stamp = &check.written.stamp;
    let result = check.written.body.result().as_str_name();
    let weight = match check.weight {
        Weight::Counts => String::new(),
        other => format!(", {}", weight(other)),
    };
    format!(
        "checked at index {} by {}: {}{weight}",
        stamp.index,
        stamp.member,
        word(result, "CORROBORATION_RESULT_")
    )
}
