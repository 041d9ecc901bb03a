//! What a view says, as messages of the API.

use prost_types::Timestamp;
use trucelog_proto::{
    fold::{
        self, Answer, BasisChange, BasisMark, Case, Change, DaySector, Difference, Flag, Incident,
        Proposal, Remedy, Response, Stamp, Subject, Version, Views, Written,
        filter::{self, CoverageFilter},
    },
    hash::RecordDigest,
    pb,
    rules::Tally,
    state::StateError,
};

use super::{AsOf, QueryError};

/// Unix milliseconds as a timestamp.
#[must_use]
pub fn timestamp(ms: u64) -> Timestamp {
    let nanos = u32::try_from(ms % 1000).unwrap_or(0) * 1_000_000;
    Timestamp {
        seconds: i64::try_from(ms / 1000).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}

/// Where a record stands.
#[must_use]
pub fn stamp(stamp: &Stamp) -> pb::RecordStamp {
    pb::RecordStamp {
        record_digest: bytes(&stamp.digest),
        index: stamp.index.get(),
        accepted_time: Some(timestamp(stamp.accepted_time)),
        created_time: Some(timestamp(stamp.created_time)),
        member: stamp.member.clone(),
        station: stamp.station.clone(),
        public_key: stamp.public_key.as_bytes().to_vec(),
    }
}

/// What differs.
#[must_use]
pub fn changes(differences: &[Difference]) -> Vec<pb::FieldChange> {
    let text = |value: &Option<_>| value.as_ref().map(ToString::to_string);
    differences
        .iter()
        .map(|difference| pb::FieldChange {
            path: difference.path.clone(),
            old: text(&difference.old),
            new: text(&difference.new),
        })
        .collect()
}

/// An incident in a list: its newest version.
///
/// # Errors
///
/// [`StateError`].
pub fn incident_summary(
    views: &dyn Views,
    incident: &Incident,
) -> Result<pb::IncidentView, StateError> {
    let newest = version(views, incident.newest(), &[])?;
    incident_view(views, incident, vec![newest])
}

/// An incident with all its versions.
///
/// # Errors
///
/// [`StateError`].
pub fn incident(views: &dyn Views, incident: &Incident) -> Result<pb::IncidentView, StateError> {
    let differences = std::iter::once(Vec::new()).chain(incident.history().map(|(_, of)| of));
    let versions = incident.versions().zip(differences);
    let versions = versions.map(|(of, differences)| version(views, of, &differences));
    incident_view(views, incident, versions.collect::<Result<_, _>>()?)
}

fn incident_view(
    views: &dyn Views,
    incident: &Incident,
    versions: Vec<pb::IncidentVersion>,
) -> Result<pb::IncidentView, StateError> {
    let statuses = filter::statuses(incident, views)?;
    Ok(pb::IncidentView {
        incident: bytes(&incident.digest()),
        statuses: statuses.into_iter().map(i32::from).collect(),
        versions,
        version_count: u32::try_from(incident.versions().count()).unwrap_or(u32::MAX),
        withdrawal: incident.withdrawal().map(|withdrawal| pb::WithdrawalView {
            stamp: Some(stamp(&withdrawal.stamp)),
            reason: withdrawal.body.reason,
            reason_text: withdrawal.body.reason_text.clone(),
        }),
        cases: incident.cases().iter().map(bytes).collect(),
    })
}

fn version(
    views: &dyn Views,
    version: &Version,
    differences: &[Difference],
) -> Result<pb::IncidentVersion, StateError> {
    let reason = version.reason.as_ref();
    Ok(pb::IncidentVersion {
        stamp: Some(stamp(&version.stamp)),
        reason: reason
            .map_or(pb::CorrectionReason::Unspecified, |reason| reason.code)
            .into(),
        reason_text: reason.map(|reason| reason.text.clone()).unwrap_or_default(),
        changes: changes(differences),
        casualty_range_flag: version.flags().contains(&Flag::CasualtyRange),
        in_doubt: version.stamp.is_in_doubt(views)?,
        report: Some(version.report.clone()),
    })
}

/// A case without what was proposed on it.
///
/// # Errors
///
/// [`StateError`].
pub fn case_summary(views: &dyn Views, case: &Case) -> Result<pb::CaseView, StateError> {
    let reports = case.reports().iter().map(|report| {
        let incident = views.load_incident(&report.incident)?;
        let in_force = incident.as_ref().and_then(|incident| incident.in_force());
        Ok(pb::GroupedReportView {
            version: bytes(&report.version),
            grouped_index: report.grouped_index.get(),
            incident: bytes(&report.incident),
            in_force: in_force
                .map(|version| bytes(&version.stamp.digest))
                .unwrap_or_default(),
        })
    });
    Ok(pb::CaseView {
        case: bytes(&case.digest()),
        title: case.title().to_owned(),
        parties: case.parties().into_iter().map(str::to_owned).collect(),
        records: case.records().map(|record| stamp(&record.stamp)).collect(),
        reports: reports.collect::<Result<_, StateError>>()?,
        decisions: Vec::new(),
    })
}

/// A case with what was proposed on it.
///
/// # Errors
///
/// [`StateError`].
pub fn case(views: &dyn Views, case: &Case) -> Result<pb::CaseView, StateError> {
    let proposals = case.proposals(views)?;
    let decisions = proposals.iter().map(|proposal| decision(views, proposal));
    Ok(pb::CaseView {
        decisions: decisions.collect::<Result<_, _>>()?,
        ..case_summary(views, case)?
    })
}

/// A proposal with its votes and its decision.
///
/// # Errors
///
/// [`StateError`].
pub fn decision(views: &dyn Views, proposal: &Proposal) -> Result<pb::DecisionView, StateError> {
    let written = proposal.written();
    let superseded_by = proposal.superseded_by(views)?;
    Ok(pb::DecisionView {
        proposal: bytes(&proposal.digest()),
        stamp: Some(stamp(&written.stamp)),
        kind: proposal.state().rule.kind,
        status: filter::decision_status(proposal, views.now()).into(),
        closes_time: Some(timestamp(proposal.state().deadline())),
        case: proposal.case().as_ref().map(bytes).unwrap_or_default(),
        body: Some(written.body.clone()),
        tally: Some(tally(&proposal.tally())),
        votes: proposal.votes().iter().map(vote).collect(),
        decision: proposal.decision().map(|decision| stamp(&decision.stamp)),
        superseded_by: superseded_by
            .map(|later| bytes(&later.digest()))
            .unwrap_or_default(),
        basis: proposal
            .basis_marks(views)?
            .iter()
            .map(basis_mark)
            .collect(),
    })
}

fn tally(tally: &Tally) -> pb::TallyView {
    pb::TallyView {
        eligible: tally.eligible,
        recused: tally.recused,
        concur: tally.concur,
        dissent: tally.dissent,
        abstain: tally.abstain,
        outcome: tally.outcome.into(),
    }
}

fn vote(vote: &Written<pb::Vote>) -> pb::VoteView {
    pb::VoteView {
        stamp: Some(stamp(&vote.stamp)),
        choice: vote.body.choice,
        opinion: vote.body.opinion.clone(),
    }
}

fn basis_mark(mark: &BasisMark) -> pb::BasisMarkView {
    pb::BasisMarkView {
        incident: bytes(&mark.report),
        index: mark.index.get(),
        withdrawn: mark.change == BasisChange::Withdrawn,
        changes: match &mark.change {
            BasisChange::Withdrawn => Vec::new(),
            BasisChange::Changed(differences) => changes(differences),
        },
        before_decision: mark.before_decision,
    }
}

/// An adopted remedy.
#[must_use]
pub fn remedy(remedy: &Remedy<'_>) -> pb::RemedyView {
    let attribution = remedy.attribution.as_ref();
    pb::RemedyView {
        proposal: bytes(&remedy.proposal.digest()),
        decision: Some(stamp(&remedy.decision.stamp)),
        attribution: attribution
            .map(|attribution| bytes(&attribution.digest()))
            .unwrap_or_default(),
        stale: remedy.stale,
        title: remedy.proposal.written().body.title.clone(),
        measures: remedy.measures.to_vec(),
        responses: remedy.responses.iter().map(response).collect(),
    }
}

fn response(response: &Response<'_>) -> pb::ResponseView {
    let answers = response.answers.iter();
    pb::ResponseView {
        member: response.member.clone(),
        activation: response.newest.map(|newest| stamp(&newest.stamp)),
        choice: response.newest.map_or(0, |newest| newest.body.choice),
        answers: answers
            .map(|answer| remedy_answer(*answer).into())
            .collect(),
    }
}

fn remedy_answer(answer: Answer) -> pb::RemedyAnswer {
    match answer {
        Answer::NotAsked => pb::RemedyAnswer::NotAsked,
        Answer::None => pb::RemedyAnswer::None,
        Answer::Approved => pb::RemedyAnswer::Approved,
        Answer::LeftOut => pb::RemedyAnswer::LeftOut,
        Answer::Declined => pb::RemedyAnswer::Declined,
        Answer::Pending => pb::RemedyAnswer::Pending,
        _ => pb::RemedyAnswer::Unspecified,
    }
}

/// A coverage report that a filter means; none for another entry.
///
/// # Errors
///
/// [`QueryError`].
pub fn coverage(
    as_of: &AsOf,
    entry: &[u8],
    filter: &CoverageFilter,
) -> Result<Option<pb::CoverageView>, QueryError> {
    let written = fold::coverage_report(entry)?;
    let Some(Written { stamp, body }) = written.filter(|written| filter.matches(written)) else {
        return Ok(None);
    };
    let superseded_by = as_of.superseding(&stamp.digest)?;
    Ok(Some(pb::CoverageView {
        stamp: Some(self::stamp(&stamp)),
        report: Some(body),
        superseded_by: superseded_by.as_ref().map(bytes).unwrap_or_default(),
    }))
}

/// What one entry changed.
#[must_use]
pub fn change(change: &Change) -> pb::ChangeView {
    let subject = match &change.subject {
        Some(
            Subject::Incident(name)
            | Subject::Case(name)
            | Subject::Proposal(name)
            | Subject::Evidence(name),
        ) => bytes(name),
        _ => Vec::new(),
    };
    pb::ChangeView {
        stamp: Some(stamp(&change.stamp)),
        body: change.body.to_owned(),
        subject,
        reason: change.reason.to_owned(),
        reason_text: change.reason_text.clone(),
        changes: changes(&change.differences),
    }
}

/// The count of one day and sector.
#[must_use]
pub fn day_count(row: DaySector<'_>) -> pb::DayCount {
    pb::DayCount {
        start_time: Some(timestamp(row.day.start_ms)),
        end_time: Some(timestamp(row.day.end_ms)),
        sector: row.sector.to_owned(),
        certain: row.count.certain,
        possible: row.count.possible,
    }
}

fn bytes(digest: &RecordDigest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}
