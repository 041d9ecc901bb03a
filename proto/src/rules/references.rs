//! Which records a body refers to.

use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::proposal::Question;
use crate::pb::record::Body;

/// The records that a body refers to by their digests, all of which stand before it in the log. Digests of anything
/// else than records, and fields that are absent or not 32 bytes long, are left out.
///
/// Source: `proto/spec/rules.md`, "Fields".
#[must_use]
pub fn references(body: &Body) -> Vec<RecordDigest> {
    let digests: Vec<&[u8]> = match body {
        Body::Charter(_) | Body::StationChange(_) | Body::Summary(_) => Vec::new(),
        Body::IncidentReport(report) => of_report(report),
        Body::Correction(correction) => {
            let report = correction.report.iter().flat_map(of_report);
            std::iter::once(correction.target.as_slice())
                .chain(report)
                .collect()
        }
        Body::Withdrawal(body) => vec![&body.target],
        Body::CoverageReport(body) => vec![&body.supersedes],
        Body::EvidenceItem(body) => vec![&body.derived_from],
        Body::Corroboration(body) => with(&body.target, &body.evidence),
        Body::PartyStatement(body) => vec![&body.target],
        Body::Case(case) => {
            let clauses = case.clause_references.iter().map(of_clause);
            let mut digests = with(&case.extends, &case.reports);
            digests.extend(clauses);
            digests
        }
        Body::Proposal(proposal) => {
            let mut digests = vec![proposal.supersedes.as_slice()];
            digests.extend(proposal.question.iter().flat_map(of_proposal));
            digests
        }
        Body::Vote(vote) => vec![&vote.proposal],
        Body::Decision(decision) => with(&decision.proposal, &decision.votes),
        Body::Ratification(body) => vec![&body.decision],
        Body::Activation(body) => vec![&body.decision, &body.supersedes],
        Body::FollowUp(body) => with(&body.activation, &body.evidence),
        Body::Closure(body) => vec![&body.case],
        Body::Reopening(body) => with(&body.case, &body.evidence),
        Body::Disclosure(body) => vec![&body.target],
    };
    let digests = digests.into_iter().map(RecordDigest::try_from);
    digests.filter_map(Result::ok).collect()
}

fn of_report(report: &pb::IncidentReport) -> Vec<&[u8]> {
    let clauses = report.clause_references.iter().map(of_clause);
    let evidence = report.evidence.iter().map(Vec::as_slice);
    let relations = report.relations.iter().map(|relation| &*relation.target);
    clauses.chain(evidence).chain(relations).collect()
}

fn of_clause(clause: &pb::ClauseReference) -> &[u8] {
    &clause.protocol_text
}

fn of_proposal(question: &Question) -> Vec<&[u8]> {
    match question {
        Question::Attribution(attribution) => std::iter::once(attribution.case.as_slice())
            .chain(attribution.clause.iter().map(of_clause))
            .collect(),
        Question::Remedy(remedy) => vec![&remedy.decision],
        Question::ProtocolText(text) => vec![&text.supersedes],
        Question::Membership(_) | Question::Rules(_) => Vec::new(),
    }
}

fn with<'a>(first: &'a [u8], rest: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
    std::iter::once(first)
        .chain(rest.iter().map(Vec::as_slice))
        .collect()
}
