//! `IncidentService`: questions about what the log says.

use tokio::task::spawn_blocking;
use tonic::{Request, Response, Status};
use trucelog_proto::{
    fold::{
        Change, Counts, DayCut, DaysError, IncidentFilter, Interval, Subject, Views,
        filter::{CaseFilter, CoverageFilter, DecisionFilter},
    },
    hash::{LeafIndex, RecordDigest},
    limits::{MAX_COUNT_CANDIDATES, MAX_DAYS},
    pb::{self, incident_service_server::IncidentService},
    refusal::{Reason, Refusal},
};

use super::status;
use crate::{
    reader::ReadError,
    view::{
        AsOf, Index, QueryError, answer,
        page::{ListRequest, Start, candidates},
        terms::{self, Collection, Term},
    },
};

/// The service over an index.
#[derive(Clone, Debug)]
pub struct Incidents {
    index: Index,
}

impl Incidents {
    /// Makes the service.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self { index }
    }

    /// Answers on a thread that may block.
    async fn answer<R, T>(
        &self,
        request: Request<R>,
        answer: fn(&Index, &R) -> Result<T, QueryError>,
    ) -> Result<Response<T>, Status>
    where
        R: Send + 'static,
        T: Send + 'static,
    {
        let index = self.index.clone();
        let request = request.into_inner();
        match spawn_blocking(move || answer(&index, &request)).await {
            Ok(result) => result
                .map(Response::new)
                .map_err(|error| status::query(&error)),
            Err(error) => Err(Status::internal(error.to_string())),
        }
    }
}

macro_rules! list_requests {
    ($($request:ident $method:literal)*) => {
        $(impl ListRequest for pb::$request {
            const METHOD: &'static str = $method;

            fn as_of_size(&self) -> u64 {
                self.as_of_size
            }

            fn page_size(&mut self) -> &mut i32 {
                &mut self.page_size
            }

            fn page_token(&mut self) -> &mut String {
                &mut self.page_token
            }
        })*
    };
}

list_requests! {
    ListIncidentsRequest "ListIncidents"
    ListCasesRequest "ListCases"
    ListDecisionsRequest "ListDecisions"
    ListRemediesRequest "ListRemedies"
    ListCoverageRequest "ListCoverage"
    ListChangesRequest "ListChanges"
}

#[tonic::async_trait]
impl IncidentService for Incidents {
    async fn list_incidents(
        &self,
        request: Request<pb::ListIncidentsRequest>,
    ) -> Result<Response<pb::ListIncidentsResponse>, Status> {
        self.answer(request, list_incidents).await
    }

    async fn get_incident(
        &self,
        request: Request<pb::GetIncidentRequest>,
    ) -> Result<Response<pb::GetIncidentResponse>, Status> {
        self.answer(request, incident).await
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        self.answer(request, list_cases).await
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        self.answer(request, case).await
    }

    async fn list_decisions(
        &self,
        request: Request<pb::ListDecisionsRequest>,
    ) -> Result<Response<pb::ListDecisionsResponse>, Status> {
        self.answer(request, list_decisions).await
    }

    async fn list_remedies(
        &self,
        request: Request<pb::ListRemediesRequest>,
    ) -> Result<Response<pb::ListRemediesResponse>, Status> {
        self.answer(request, list_remedies).await
    }

    async fn list_coverage(
        &self,
        request: Request<pb::ListCoverageRequest>,
    ) -> Result<Response<pb::ListCoverageResponse>, Status> {
        self.answer(request, list_coverage).await
    }

    async fn count_incidents(
        &self,
        request: Request<pb::CountIncidentsRequest>,
    ) -> Result<Response<pb::CountIncidentsResponse>, Status> {
        self.answer(request, count_incidents).await
    }

    async fn list_changes(
        &self,
        request: Request<pb::ListChangesRequest>,
    ) -> Result<Response<pb::ListChangesResponse>, Status> {
        self.answer(request, list_changes).await
    }
}

fn list_incidents(
    index: &Index,
    request: &pb::ListIncidentsRequest,
) -> Result<pb::ListIncidentsResponse, QueryError> {
    let filter = parse_filter(request.filter.as_ref())?;
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    let terms = terms::asked_for(&filter, as_of.latest_time());
    let page = start.page(&terms, |candidate| {
        let Some(incident) = as_of.load_incident(&candidate.digest)? else {
            return Ok(None);
        };
        if !filter.matches(&incident, as_of)? {
            return Ok(None);
        }
        Ok(Some(answer::incident_summary(as_of, &incident)?))
    })?;
    Ok(pb::ListIncidentsResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        incidents: page.items,
        next_page_token: page.next,
    })
}

fn incident(
    index: &Index,
    request: &pb::GetIncidentRequest,
) -> Result<pb::GetIncidentResponse, QueryError> {
    let digest = parse_digest(&request.record_digest)?;
    let as_of = index.as_of(request.as_of_size)?;
    let (incident, _) = as_of.item("record_digest", || {
        let incident = match as_of.owner(&digest)? {
            Some(Subject::Incident(name)) => as_of.load_incident(&name)?,
            _ => None,
        };
        let incident = incident.ok_or_else(|| not_found(&as_of, "incident with this record"))?;
        Ok(answer::incident(&as_of, &incident)?)
    })?;
    Ok(pb::GetIncidentResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        incident: Some(incident),
    })
}

fn list_cases(
    index: &Index,
    request: &pb::ListCasesRequest,
) -> Result<pb::ListCasesResponse, QueryError> {
    let filter = CaseFilter::parse(request)?;
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    let by_party = terms::each(&filter.parties, |code| Term::party(Collection::Cases, code));
    let terms = by_party.unwrap_or_else(|| vec![Term::all(Collection::Cases)]);
    let page = start.page(&terms, |candidate| {
        let Some(case) = as_of.load_case(&candidate.digest)? else {
            return Ok(None);
        };
        if !filter.matches(&case) {
            return Ok(None);
        }
        Ok(Some(answer::case_summary(as_of, &case)?))
    })?;
    Ok(pb::ListCasesResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        cases: page.items,
        next_page_token: page.next,
    })
}

fn case(index: &Index, request: &pb::GetCaseRequest) -> Result<pb::GetCaseResponse, QueryError> {
    let digest = parse_digest(&request.record_digest)?;
    let as_of = index.as_of(request.as_of_size)?;
    let (case, _) = as_of.item("record_digest", || {
        let case = match as_of.owner(&digest)? {
            Some(Subject::Case(name)) => as_of.load_case(&name)?,
            _ => None,
        };
        let case = case.ok_or_else(|| not_found(&as_of, "case with this record"))?;
        Ok(answer::case(&as_of, &case)?)
    })?;
    Ok(pb::GetCaseResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        case: Some(case),
    })
}

fn list_decisions(
    index: &Index,
    request: &pb::ListDecisionsRequest,
) -> Result<pb::ListDecisionsResponse, QueryError> {
    let filter = DecisionFilter::parse(request)?;
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    let page = start.page(&proposals_asked_for(&filter), |candidate| {
        let Some(proposal) = as_of.load_proposal(&candidate.digest)? else {
            return Ok(None);
        };
        let is_meant = filter.matches(&proposal, as_of.now());
        let decision = is_meant.then(|| answer::decision(as_of, &proposal));
        Ok(decision.transpose()?)
    })?;
    Ok(pb::ListDecisionsResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        decisions: page.items,
        next_page_token: page.next,
    })
}

fn list_remedies(
    index: &Index,
    request: &pb::ListRemediesRequest,
) -> Result<pb::ListRemediesResponse, QueryError> {
    let filter = DecisionFilter::parse_remedies(request)?;
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    let page = start.page(&proposals_asked_for(&filter), |candidate| {
        let Some(proposal) = as_of.load_proposal(&candidate.digest)? else {
            return Ok(None);
        };
        if !filter.matches(&proposal, as_of.now()) {
            return Ok(None);
        }
        let remedy = proposal.remedy(as_of)?;
        Ok(remedy.as_ref().map(answer::remedy))
    })?;
    Ok(pb::ListRemediesResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        remedies: page.items,
        next_page_token: page.next,
    })
}

/// The terms whose postings hold every proposal about a case, or of one of some kinds.
fn proposals_asked_for(filter: &DecisionFilter) -> Vec<Term> {
    use Collection::Proposals;
    match &filter.case {
        Some(case) => vec![Term::case(Proposals, case)],
        None => terms::each(&filter.kinds, |kind| {
            Term::kind(Proposals, i32::from(*kind))
        })
        .unwrap_or_else(|| vec![Term::all(Proposals)]),
    }
}

fn list_coverage(
    index: &Index,
    request: &pb::ListCoverageRequest,
) -> Result<pb::ListCoverageResponse, QueryError> {
    let filter = CoverageFilter::parse(request)?;
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    let terms = terms::asked_coverage(&filter, as_of.latest_time());
    let page = start.page(&terms, |candidate| {
        let entry = as_of.entry(candidate.index)?;
        answer::coverage(as_of, &entry, &filter)
    })?;
    Ok(pb::ListCoverageResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        coverage: page.items,
        next_page_token: page.next,
    })
}

fn count_incidents(
    index: &Index,
    request: &pb::CountIncidentsRequest,
) -> Result<pb::CountIncidentsResponse, QueryError> {
    let filter = parse_filter(request.filter.as_ref())?;
    let days = days(request, filter.interval)?;
    let as_of = index.as_of(request.as_of_size)?;
    let mut counts = Counts::new(days);
    let asked = terms::asked_for(&filter, as_of.latest_time());
    for (number, candidate) in candidates(&as_of, &asked, LeafIndex::new(0)).enumerate() {
        let candidate = candidate?;
        if number == MAX_COUNT_CANDIDATES {
            return Err(QueryError::TooWide {
                field: "filter",
                limit: MAX_COUNT_CANDIDATES,
                what: "incidents to look at",
                remedy: "ask for a shorter interval, a smaller area, or one case, party or kind",
            });
        }
        as_of.item("filter", || {
            if let Some(incident) = as_of.load_incident(&candidate.digest)?
                && filter.counts(&incident, &as_of)?
            {
                counts.add(&incident.newest().report);
            }
            Ok(())
        })?;
    }
    Ok(pb::CountIncidentsResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        counts: counts.rows().map(answer::day_count).collect(),
    })
}

/// The days that are counted.
fn days(
    request: &pb::CountIncidentsRequest,
    interval: Interval,
) -> Result<Vec<Interval>, QueryError> {
    let given = request.filter.as_ref();
    for (field, time) in [
        ("filter.since", given.and_then(|filter| filter.since)),
        ("filter.until", given.and_then(|filter| filter.until)),
    ] {
        if time.is_none() {
            return Err(Refusal::new(Reason::FieldRequired, field).into());
        }
    }
    let zone = match request.time_zone.as_str() {
        "" => "UTC",
        zone => zone,
    };
    let minute = request.day_start_minute;
    let start = format!("{:02}:{:02}", minute / 60, minute % 60);
    DayCut::new(zone, &start)
        .and_then(|cut| cut.within(interval))
        .map_err(|error| not_cut(&error))
}

fn not_cut(error: &DaysError) -> QueryError {
    let form = |field| Refusal::new(Reason::FieldFormat, field).with("form", error);
    match error {
        DaysError::Zone(_) => form("time_zone").into(),
        DaysError::Time(_) => form("day_start_minute").into(),
        DaysError::TooMany => QueryError::TooWide {
            field: "filter.until",
            limit: MAX_DAYS,
            what: "days",
            remedy: "ask for a shorter interval",
        },
        _ => form("filter.until").into(),
    }
}

fn list_changes(
    index: &Index,
    request: &pb::ListChangesRequest,
) -> Result<pb::ListChangesResponse, QueryError> {
    let start = Start::of(index, request)?;
    let as_of = start.as_of();
    if request.since_index > as_of.size().get() {
        return Err(QueryError::Read(ReadError::OutOfRange {
            field: "since_index",
            min: 0,
            max: as_of.size().get(),
            found: request.since_index,
        }));
    }
    let page = start.page_of_entries(LeafIndex::new(request.since_index), |index| {
        let entry = as_of.entry(index)?;
        let subject = as_of.owner_of_entry(&entry)?;
        Ok(answer::change(&Change::of_entry(&entry, subject, as_of)?))
    })?;
    Ok(pb::ListChangesResponse {
        size: as_of.size().get(),
        as_of_time: Some(answer::timestamp(as_of.now())),
        changes: page.items,
        next_page_token: page.next,
    })
}

fn parse_filter(filter: Option<&pb::IncidentFilter>) -> Result<IncidentFilter, QueryError> {
    let filter = filter.map_or_else(|| Ok(IncidentFilter::default()), IncidentFilter::parse);
    Ok(filter.map_err(|refusal| refusal.below("filter"))?)
}

fn parse_digest(digest: &[u8]) -> Result<RecordDigest, QueryError> {
    RecordDigest::try_from(digest).map_err(|_| {
        let refusal = Refusal::new(Reason::FieldFormat, "record_digest");
        refusal.with("form", "32 bytes").into()
    })
}

fn not_found(as_of: &AsOf, what: &'static str) -> QueryError {
    QueryError::Read(ReadError::NotFound {
        what,
        size: as_of.size(),
    })
}
