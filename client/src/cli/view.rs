//! Folded records as JSON and as lines, for `get` and `list`.

use serde_json::{Value, json};
use trucelog_proto::fold::{
    Answer, BasisChange, BasisMark, Case, Difference, Flag, Incident, Proposal, ProposalStatus,
    Remedy, Stamp, Version, Views,
};
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::rules::body_name;
use trucelog_proto::signature::PublicKey;

use crate::Error;
use crate::json::{self, format_time};
use crate::reader::LocalEntry;

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

fn difference(difference: &Difference) -> Value {
    json!({
        "path": difference.path,
        "old": difference.old.as_ref().map(ToString::to_string),
        "new": difference.new.as_ref().map(ToString::to_string),
    })
}

/// An incident in a list: its newest version.
pub(super) fn incident_summary(views: &dyn Views, incident: &Incident) -> Result<Value, Error> {
    let newest = incident.newest();
    let report = &newest.report;
    Ok(json!({
        "incident": incident.digest().to_string(),
        "version": newest.stamp.digest.to_string(),
        "index": incident.first().stamp.index.get(),
        "member": newest.stamp.member,
        "station": newest.stamp.station,
        "in_force": incident.in_force().is_some(),
        "corrections": incident.versions().count() - 1,
        "kind": report.kind().as_str_name(),
        "earliest_time": format_time(report.earliest_time),
        "latest_time": format_time(report.latest_time),
        "place": report.place.as_ref().map_or("", |place| &place.name),
        "flags": flags(newest),
        "in_doubt": newest.stamp.is_in_doubt(views)?,
    }))
}

pub(super) fn incident_line(incident: &Incident) -> String {
    let newest = incident.newest();
    let report = &newest.report;
    let state = if incident.in_force().is_some() {
        "in force"
    } else {
        "withdrawn"
    };
    format!(
        "{} {} {} {} {} {state}",
        incident.digest(),
        newest.stamp.member,
        format_time(report.earliest_time).unwrap_or_default(),
        report
            .kind()
            .as_str_name()
            .trim_start_matches("INCIDENT_KIND_"),
        report.place.as_ref().map_or("-", |place| &place.name),
    )
}

/// An incident with every version and what each changed.
pub(super) fn incident(views: &dyn Views, incident: &Incident) -> Result<Value, Error> {
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
    Ok(json!({
        "incident": incident.digest().to_string(),
        "in_force": incident.in_force().map(|version| version.stamp.digest.to_string()),
        "versions": versions,
        "withdrawal": withdrawal,
    }))
}

pub(super) fn incident_text(incident: &Incident) -> String {
    let mut lines = vec![incident_line(incident)];
    for (version, changes) in incident.history() {
        let reason = version
            .reason
            .as_ref()
            .map_or("", |reason| reason.code.as_str_name());
        lines.push(format!(
            "corrected at index {} by {} ({reason})",
            version.stamp.index, version.stamp.member
        ));
        lines.extend(changes.iter().map(|change| {
            let value =
                |value: &Option<_>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
            format!(
                "  {}: {} → {}",
                change.path,
                value(&change.old),
                value(&change.new)
            )
        }));
    }
    if let Some(withdrawal) = incident.withdrawal() {
        let reason = withdrawal.body.reason().as_str_name();
        lines.push(format!(
            "withdrawn at index {} ({reason})",
            withdrawal.stamp.index
        ));
    }
    let report = json::from_message("trucelog.v1.IncidentReport", &incident.newest().report);
    lines.push(format!("{report:#}"));
    lines.join("\n")
}

/// A case with its reports and what was proposed on it.
pub(super) fn case(views: &dyn Views, case: &Case) -> Result<Value, Error> {
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
    let records = case.records().map(|record| stamp(&record.stamp));
    let proposals = case.proposals(views)?;
    let proposals = proposals
        .iter()
        .map(|proposal| self::proposal(views, proposal));
    Ok(json!({
        "case": case.digest().to_string(),
        "title": case.title(),
        "parties": case.parties(),
        "reports": reports,
        "records": records.collect::<Vec<_>>(),
        "proposals": proposals.collect::<Result<Vec<_>, Error>>()?,
    }))
}

pub(super) fn case_line(case: &Case) -> String {
    let parties: Vec<&str> = case.parties().into_iter().collect();
    format!(
        "{} {} reports, parties {}: {}",
        case.digest(),
        case.reports().len(),
        parties.join(" "),
        case.title()
    )
}

pub(super) fn case_text(views: &dyn Views, case: &Case) -> Result<String, Error> {
    let mut lines = vec![case_line(case)];
    for incident in case.incidents(views)? {
        lines.push(format!("  report {}", incident_line(&incident)));
    }
    for proposal in case.proposals(views)? {
        lines.push(format!("  proposal {}", proposal_line(views, &proposal)?));
    }
    Ok(lines.join("\n"))
}

/// A proposal with its votes, its outcome, and what happened to its basis since.
pub(super) fn proposal(views: &dyn Views, proposal: &Proposal) -> Result<Value, Error> {
    let written = proposal.written();
    let tally = proposal.tally();
    let votes = proposal.votes().iter().map(|vote| {
        json!({
            "written": stamp(&vote.stamp),
            "choice": vote.body.choice().as_str_name(),
            "opinion": vote.body.opinion,
        })
    });
    let marks = proposal.basis_marks(views)?;
    let superseded_by = proposal.superseded_by(views)?;
    Ok(json!({
        "proposal": proposal.digest().to_string(),
        "written": stamp(&written.stamp),
        "kind": kind(proposal),
        "status": status(views, proposal),
        "closes_time": format_time(proposal.state().deadline()),
        "case": proposal.case().map(|digest| digest.to_string()),
        "body": json::from_message("trucelog.v1.Proposal", &written.body),
        "tally": {
            "eligible": tally.eligible,
            "recused": tally.recused,
            "concur": tally.concur,
            "dissent": tally.dissent,
            "abstain": tally.abstain,
            "outcome": tally.outcome.as_str_name(),
        },
        "votes": votes.collect::<Vec<_>>(),
        "decision": proposal.decision().map(|decision| stamp(&decision.stamp)),
        "outcome": proposal.decision().map(|decision| decision.body.outcome().as_str_name()),
        "superseded_by": superseded_by.map(|later| later.digest().to_string()),
        "basis": marks.iter().map(basis_mark).collect::<Vec<_>>(),
    }))
}

fn basis_mark(mark: &BasisMark) -> Value {
    let (change, fields) = match &mark.change {
        BasisChange::Withdrawn => ("basis withdrawn", Vec::new()),
        BasisChange::Changed(fields) => ("basis changed", fields.iter().map(difference).collect()),
    };
    json!({
        "report": mark.report.to_string(),
        "index": mark.index.get(),
        "change": change,
        "fields": fields,
        "before_decision": mark.before_decision,
    })
}

fn kind(proposal: &Proposal) -> &'static str {
    match &proposal.written().body.question {
        Some(Question::Attribution(_)) => "attribution",
        Some(Question::Remedy(_)) => "remedy",
        Some(Question::Membership(_)) => "membership",
        Some(Question::ProtocolText(_)) => "protocol_text",
        Some(Question::Rules(_)) => "rules",
        None => "none",
    }
}

fn status(views: &dyn Views, proposal: &Proposal) -> &'static str {
    match proposal.status(views.now()) {
        ProposalStatus::Open { .. } => "open",
        ProposalStatus::AwaitingDecision => "awaiting decision",
        ProposalStatus::Decided(pb::Outcome::Adopted) => "adopted",
        ProposalStatus::Decided(pb::Outcome::Rejected) => "rejected",
        ProposalStatus::Decided(_) => "lapsed",
        _ => "unknown",
    }
}

pub(super) fn proposal_line(views: &dyn Views, proposal: &Proposal) -> Result<String, Error> {
    let tally = proposal.tally();
    let mut line = format!(
        "{} {} {}, {} concur, {} dissent, {} abstain, {} recused of {}: {}",
        proposal.digest(),
        kind(proposal),
        status(views, proposal),
        tally.concur,
        tally.dissent,
        tally.abstain,
        tally.recused,
        tally.eligible,
        proposal.written().body.title
    );
    for mark in proposal.basis_marks(views)? {
        let change = match mark.change {
            BasisChange::Withdrawn => "basis withdrawn",
            BasisChange::Changed(_) => "basis changed",
        };
        line = format!("{line} [{change} at index {}]", mark.index);
    }
    Ok(line)
}

/// An adopted remedy with what each member did about it.
pub(super) fn remedy(remedy: &Remedy<'_>) -> Value {
    let responses = remedy.responses.iter().map(|response| {
        json!({
            "member": response.member,
            "activation": response.newest.map(|newest| stamp(&newest.stamp)),
            "choice": response.newest.map(|newest| newest.body.choice().as_str_name()),
            "answers": response.answers.iter().map(|answer| name(*answer)).collect::<Vec<_>>(),
        })
    });
    let measures = remedy
        .measures
        .iter()
        .map(|measure| json::from_message("trucelog.v1.Measure", measure));
    json!({
        "proposal": remedy.proposal.digest().to_string(),
        "decision": remedy.decision.stamp.digest.to_string(),
        "attribution": remedy.attribution.as_ref().map(|attribution| attribution.digest().to_string()),
        "stale": remedy.stale,
        "title": remedy.proposal.written().body.title,
        "measures": measures.collect::<Vec<_>>(),
        "responses": responses.collect::<Vec<_>>(),
    })
}

pub(super) fn remedy_text(remedy: &Remedy<'_>) -> String {
    let stale = if remedy.stale {
        " [attribution superseded]"
    } else {
        ""
    };
    let title = &remedy.proposal.written().body.title;
    let mut lines = vec![format!("{} {title}{stale}", remedy.decision.stamp.digest)];
    for response in &remedy.responses {
        let answers: Vec<&str> = response
            .answers
            .iter()
            .map(|answer| name(*answer))
            .collect();
        lines.push(format!("  {} {}", response.member, answers.join(", ")));
    }
    lines.join("\n")
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

/// Name of the body of an entry's record.
fn body(entry: &LocalEntry) -> &'static str {
    entry.record.body.as_ref().map_or("none", body_name)
}

pub(super) fn entry_summary(entry: &LocalEntry) -> Value {
    json!({
        "index": entry.entry.index.get(),
        "record_digest": entry.digest.to_string(),
        "accepted_time": format_time(entry.entry.accepted_time),
        "member": entry.record.member,
        "station": entry.record.station,
        "sequence": entry.record.sequence,
        "body": body(entry),
    })
}

pub(super) fn entry_line(entry: &LocalEntry) -> String {
    format!(
        "{} {} {} {} {}/{} {}",
        entry.entry.index,
        entry.digest,
        format_time(entry.entry.accepted_time).unwrap_or_default(),
        entry.record.member,
        entry.record.station,
        entry.record.sequence,
        body(entry),
    )
}

/// An entry with everything in it.
pub(super) fn entry(entry: &LocalEntry) -> Value {
    let signed = &entry.entry.signed_record;
    let key = PublicKey::try_from(signed.public_key.as_slice());
    json!({
        "index": entry.entry.index.get(),
        "leaf_hash": entry.leaf.to_string(),
        "previous": entry.entry.previous.to_string(),
        "accepted_time": format_time(entry.entry.accepted_time),
        "record_digest": entry.digest.to_string(),
        "public_key": key.map(|key| key.to_string()).ok(),
        "signature": json::hex(&signed.signature),
        "record": json::from_record(&entry.record),
    })
}
