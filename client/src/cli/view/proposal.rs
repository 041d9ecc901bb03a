//! Proposals with their votes and decisions.

use serde_json::{Value, json};
use trucelog_proto::fold::{
    BasisChange, BasisMark, Proposal, ProposalStatus, Stamp, Views, Written,
};
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;

use super::statement::statement_line;
use super::{difference, difference_line, stamp, statement, time, word};
use crate::Error;
use crate::json::{self, format_time};

/// A proposal with its votes, its outcome, and what happened to its basis since.
pub(in crate::cli) fn proposal(views: &dyn Views, proposal: &Proposal) -> Result<Value, Error> {
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
    let statements = proposal.statements().iter();
    let statements =
        statements.map(|said| statement(views, said, proposal.stamp_of(&said.body.target)));
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
        "statements": statements.collect::<Result<Vec<_>, Error>>()?,
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

fn decided_index(proposal: &Proposal) -> u64 {
    let decision = proposal.decision();
    decision.map_or(0, |decision| decision.stamp.index.get())
}

pub(super) fn kind(proposal: &Proposal) -> &'static str {
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

pub(in crate::cli) fn proposal_line(
    views: &dyn Views,
    proposal: &Proposal,
) -> Result<String, Error> {
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
    if let Some(later) = proposal.superseded_by(views)? {
        line = format!("{line} [superseded at index {}]", decided_index(&later));
    }
    for mark in proposal.basis_marks(views)? {
        let change = match mark.change {
            BasisChange::Withdrawn => "basis withdrawn",
            BasisChange::Changed(_) => "basis changed",
        };
        line = format!("{line} [{change} at index {}]", mark.index);
    }
    Ok(line)
}

/// A proposal with its reasons, its votes, its decision, and what happened to its basis since.
pub(in crate::cli) fn proposal_text(
    views: &dyn Views,
    proposal: &Proposal,
) -> Result<String, Error> {
    let Written { stamp, body } = proposal.written();
    let mut lines = vec![
        proposal_line(views, proposal)?,
        format!(
            "proposed at index {} by {}, voting closes {} at the latest",
            stamp.index,
            stamp.member,
            time(proposal.state().deadline()),
        ),
    ];
    lines.extend(proposal.votes().iter().map(|vote| {
        let choice = word(vote.body.choice().as_str_name(), "VOTE_CHOICE_");
        let opinion = match vote.body.opinion.as_str() {
            "" => String::new(),
            opinion => format!(": {opinion}"),
        };
        format!(
            "voted at index {} by {}: {choice}{opinion}",
            vote.stamp.index, vote.stamp.member
        )
    }));
    lines.extend(proposal.decision().map(|decision| {
        let outcome = word(decision.body.outcome().as_str_name(), "OUTCOME_");
        let Stamp { index, digest, .. } = &decision.stamp;
        format!("decided at index {index}: {outcome}, by the record {digest}")
    }));
    for mark in proposal.basis_marks(views)? {
        lines.push(mark_line(&mark));
        if let BasisChange::Changed(fields) = &mark.change {
            lines.extend(fields.iter().map(difference_line));
        }
    }
    for said in proposal.statements() {
        let late = said.is_late(proposal.stamp_of(&said.body.target), views)?;
        lines.push(statement_line(said, late));
    }
    let asked = json::from_message("trucelog.v1.Proposal", body);
    lines.push(format!("{asked:#}"));
    Ok(lines.join("\n"))
}

fn mark_line(mark: &BasisMark) -> String {
    let change = match mark.change {
        BasisChange::Withdrawn => "basis withdrawn",
        BasisChange::Changed(_) => "basis changed",
    };
    let when = if mark.before_decision {
        "before the decision"
    } else {
        "after the decision"
    };
    format!(
        "{change} at index {}, {when}: report {}",
        mark.index, mark.report
    )
}
