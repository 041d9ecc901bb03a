//! What `IncidentService` answers, compared with a fold of the same entries in memory, and what an answer costs.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../proto/tests/support/mod.rs"]
mod protocol;

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message as _;
use protocol::{
    HOUR, Log, MEMBERS, START, commission,
    story::{Story, report},
};
use tokio::{runtime::Runtime, sync::watch};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use trucelog_proto::{
    checkpoint::Checkpoint,
    entry::Entry,
    fold::{Change, Counts, DayCut, Fold, IncidentFilter, Interval, Proposal, Sensor, Views as _},
    hash::{LeafIndex, RecordDigest, RootHash, TreeSize},
    limits::MAX_ANSWER_ENTRIES,
    pb::{self, incident_service_server::IncidentService as _, proposal::Question, record::Body},
    record::{VerifiedRecord, record_digest},
    rules::{self, Placed},
    state::{Overlay, State, StateError, StateMut as _},
    tree::leaf_hash,
};
use trucelog_server::{
    reader::Reader,
    sequencer::Head,
    service::incidents::Incidents,
    store::{Batch, IndexBatch, Indexed, LogStore as _, Meta, Posting, Store},
    view::{Index, answer, indexer},
};

/// A store with the entries of a log, an index over them, and the service.
struct Served {
    store: Arc<Store>,
    head: watch::Sender<Arc<Head>>,
    service: Incidents,
    runtime: Runtime,
    _dir: tempfile::TempDir,
}

/// The rules' state in a store.
struct Stored(Arc<Store>);

impl State for Stored {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.state(key).unwrap())
    }
}

fn head(log: &Log, size: usize) -> Arc<Head> {
    Arc::new(Head {
        checkpoint: Checkpoint {
            origin: log.id.origin.clone(),
            size: TreeSize::new(size as u64),
            root: RootHash::from_bytes([0; 32]),
        },
        note: Vec::new(),
    })
}

impl Served {
    /// Serves a log; only `indexed` of its entries are signed and indexed.
    fn up_to(log: &Log, indexed: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let meta = Meta {
            log: log.id.clone(),
        };
        let store = Arc::new(Store::create(&dir.path().join("db"), meta).unwrap());
        let (sender, receiver) = watch::channel(head(log, indexed));
        let reader = Reader::new(Arc::clone(&store), receiver);
        let index = Index::new(Arc::clone(&store), reader);
        let served = Self {
            service: Incidents::new(index),
            store,
            head: sender,
            runtime: Runtime::new().unwrap(),
            _dir: dir,
        };
        served.write(log, 0);
        served.catch_up(log, indexed);
        served
    }

    fn new(log: &Log) -> Self {
        Self::up_to(log, log.entries.len())
    }

    /// Stores the entries of the log from `first` on, with the state that they give.
    fn write(&self, log: &Log, first: usize) {
        let entries: Vec<(LeafIndex, Vec<u8>)> = (first as u64..)
            .map(LeafIndex::new)
            .zip(log.entries[first..].iter().cloned())
            .collect();
        for run in entries.chunks(1000) {
            let mut state = Overlay::new(Stored(Arc::clone(&self.store)));
            for (_, bytes) in run {
                let writes = rules::apply(&state, placed(bytes, &record_of(bytes))).unwrap();
                state.extend(writes);
            }
            let writes = state.into_writes();
            let batch = Batch {
                entries: run.to_vec(),
                state: writes
                    .iter()
                    .map(|(key, value)| (key.to_vec(), value.to_vec()))
                    .collect(),
                ..Batch::default()
            };
            self.store.commit(&batch).unwrap();
        }
    }

    fn catch_up(&self, log: &Log, size: usize) {
        self.head.send_replace(head(log, size));
        indexer::catch_up(&self.store, TreeSize::new(size as u64)).unwrap();
    }

    fn incidents(
        &self,
        request: pb::ListIncidentsRequest,
    ) -> Result<pb::ListIncidentsResponse, Status> {
        let answer = self.service.list_incidents(Request::new(request));
        Ok(self.runtime.block_on(answer)?.into_inner())
    }

    /// All pages of a list, and how many there were.
    fn all_incidents(
        &self,
        mut request: pb::ListIncidentsRequest,
    ) -> (Vec<pb::IncidentView>, usize) {
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = self.incidents(request.clone()).unwrap();
            found.extend(page.incidents);
            pages += 1;
            if page.next_page_token.is_empty() {
                return (found, pages);
            }
            request.page_token = page.next_page_token;
        }
    }
}

fn record_of(entry: &[u8]) -> VerifiedRecord {
    let entry = Entry::decode(entry).unwrap();
    VerifiedRecord {
        record: trucelog_proto::record::DecodedRecord::decode(&entry.signed_record.record).unwrap(),
        public_key: entry
            .signed_record
            .public_key
            .as_slice()
            .try_into()
            .unwrap(),
    }
}

fn placed<'a>(bytes: &[u8], record: &'a VerifiedRecord) -> Placed<'a> {
    let entry = Entry::decode(bytes).unwrap();
    Placed {
        index: entry.index,
        accepted_time: entry.accepted_time,
        leaf: leaf_hash(bytes),
        record,
    }
}

fn fold(log: &Log, size: usize) -> Fold {
    let mut fold = Fold::default();
    for entry in &log.entries[..size] {
        fold.append_entry(entry).unwrap();
    }
    fold
}

fn index(number: u64, len: usize) -> usize {
    usize::try_from(number).unwrap() % len
}

/// A log in which stations, authorities and the commission do what `steps` lead to.
fn random_log(steps: &[u64]) -> Log {
    let mut story = Story::begin();
    for number in steps {
        story.log.now += HOUR / 2;
        story.step(*number);
    }
    story.log
}

/// A log with reports of three monitors in turn.
fn reported(count: u64) -> Log {
    let mut log = Log::staffed();
    for number in 0..count {
        log.now += HOUR / 2;
        let body = Body::IncidentReport(report(number));
        log.put(MEMBERS[index(number, 3)], "monitor", body).unwrap();
    }
    log
}

/// The filter with the `number`-th value of every field, half of them absent.
fn filter(number: u64, case: Option<RecordDigest>) -> pb::IncidentFilter {
    let has = |bit: u64| number >> bit & 1 == 1;
    let time = |ms: u64| Some(answer::timestamp(ms));
    let middle = START - (number >> 8) % 2_500 * HOUR;
    let width = [10, 300, 3_000, 30_000][index(number >> 20, 4)] * HOUR;
    let circle = |latitude, longitude, radius_m| {
        pb::area::Shape::Circle(pb::Circle {
            latitude,
            longitude,
            radius_m,
        })
    };
    let sides = |south, west, north, east| {
        pb::area::Shape::Box(pb::Box {
            south,
            west,
            north,
            east,
        })
    };
    let shapes = [
        circle(480_000_000, 380_000_000, 10_000),
        circle(-170_000_000, -1_799_900_000, 60_000),
        circle(899_000_000, -1_000_000_000, 300_000),
        sides(479_000_000, 379_000_000, 481_000_000, 381_000_000),
        sides(-180_000_000, 1_799_000_000, -160_000_000, -1_799_000_000),
        sides(-900_000_000, -1_800_000_000, 900_000_000, 1_800_000_000),
    ];
    let shape = shapes[index(number >> 24, shapes.len())];
    let overlaps = [pb::Overlap::Possible, pb::Overlap::Certain];
    let statuses = [
        pb::IncidentStatus::InForce,
        pb::IncidentStatus::Corrected,
        pb::IncidentStatus::Withdrawn,
        pb::IncidentStatus::Corroborated,
        pb::IncidentStatus::Disputed,
        pb::IncidentStatus::Uncorroborated,
    ];
    pb::IncidentFilter {
        since: time(middle - width).filter(|_| has(0)),
        until: time(middle + width).filter(|_| has(1)),
        area: has(2).then_some(pb::Area { shape: Some(shape) }),
        overlap: overlaps[index(number >> 7, 2)].into(),
        kinds: has(3)
            .then_some(vec![
                pb::IncidentKind::Shot.into(),
                pb::IncidentKind::Burst.into(),
            ])
            .unwrap_or_default(),
        parties: has(4).then_some(vec!["PPP".to_owned()]).unwrap_or_default(),
        members: has(5).then_some(vec!["AAA".to_owned()]).unwrap_or_default(),
        statuses: has(6)
            .then_some(vec![statuses[index(number >> 28, 6)].into()])
            .unwrap_or_default(),
        case: case
            .filter(|_| number >> 30 & 3 == 3)
            .map(commission::bytes)
            .unwrap_or_default(),
    }
}

/// What the fold says of the incidents that a filter means.
fn expected(fold: &Fold, filter: &pb::IncidentFilter) -> Vec<pb::IncidentView> {
    let filter = IncidentFilter::parse(filter).unwrap();
    let meant = fold
        .incidents()
        .iter()
        .filter(|incident| filter.matches(incident, fold).unwrap());
    meant
        .map(|incident| answer::incident_summary(fold, incident).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_a_fold_at_every_size(
        steps in proptest::collection::vec(any::<u64>(), 1..120),
        questions in proptest::collection::vec((any::<u64>(), any::<u64>()), 12),
        page_size in 1_i32..9,
    ) {
        let log = random_log(&steps);
        let served = Served::new(&log);
        for (number, size) in questions {
            let size = 1 + index(size % 1_000_000, log.entries.len());
            let fold = fold(&log, size);
            let newest = self::fold(&log, log.entries.len());
            let cases = newest.cases();
            let case = (!cases.is_empty()).then(|| cases[index(number % 97, cases.len())].digest());
            let filter = filter(number, case);
            let request = pb::ListIncidentsRequest {
                as_of_size: size as u64,
                filter: Some(filter.clone()),
                page_size,
                page_token: String::new(),
            };
            let (found, _) = served.all_incidents(request);
            prop_assert_eq!(found, expected(&fold, &filter), "size {}, {:?}", size, filter);
            check_the_rest(&served, &fold, &log, case);
        }
    }
}

/// Compares what is not filtered by [`IncidentFilter`]: each incident, cases, decisions, remedies and changes.
fn check_the_rest(served: &Served, fold: &Fold, log: &Log, case: Option<RecordDigest>) {
    let as_of_size = fold.size().get();
    let run = &served.runtime;
    for incident in fold.incidents() {
        let request = pb::GetIncidentRequest {
            record_digest: commission::bytes(incident.newest().stamp.digest),
            as_of_size,
        };
        let answer = run.block_on(served.service.get_incident(Request::new(request)));
        let found = answer.unwrap().into_inner();
        assert_eq!(
            found.incident,
            Some(answer::incident(fold, incident).unwrap())
        );
        assert_eq!(found.size, as_of_size);
        assert_eq!(found.as_of_time, Some(answer::timestamp(fold.now())));
    }
    let request = pb::ListCasesRequest {
        as_of_size,
        ..pb::ListCasesRequest::default()
    };
    let answer = run.block_on(served.service.list_cases(Request::new(request)));
    let cases: Vec<_> = fold
        .cases()
        .iter()
        .map(|case| answer::case_summary(fold, case).unwrap())
        .collect();
    assert_eq!(answer.unwrap().into_inner().cases, cases);
    for case in fold.cases() {
        let request = pb::GetCaseRequest {
            record_digest: commission::bytes(case.digest()),
            as_of_size,
        };
        let answer = run.block_on(served.service.get_case(Request::new(request)));
        let found = answer.unwrap().into_inner().case;
        assert_eq!(found, Some(answer::case(fold, case).unwrap()));
    }
    let request = pb::ListDecisionsRequest {
        as_of_size,
        case: case.map(commission::bytes).unwrap_or_default(),
        ..pb::ListDecisionsRequest::default()
    };
    let answer = run.block_on(served.service.list_decisions(Request::new(request)));
    let of_case = |proposal: &&Proposal| case.is_none() || proposal.case() == case;
    let decisions: Vec<_> = fold
        .proposals()
        .iter()
        .filter(of_case)
        .map(|proposal| answer::decision(fold, proposal).unwrap())
        .collect();
    assert_eq!(answer.unwrap().into_inner().decisions, decisions);
    check_decisions(served, fold);
    let request = pb::ListRemediesRequest {
        as_of_size,
        ..pb::ListRemediesRequest::default()
    };
    let answer = run.block_on(served.service.list_remedies(Request::new(request)));
    let remedies: Vec<_> = fold
        .remedies()
        .unwrap()
        .iter()
        .map(answer::remedy)
        .collect();
    assert_eq!(answer.unwrap().into_inner().remedies, remedies);
    check_changes(served, fold, log);
}

/// Asks for the attributions that are not decided, were rejected or have lapsed.
fn check_decisions(served: &Served, fold: &Fold) {
    use pb::DecisionStatus::{AwaitingDecision, Lapsed, Open, Rejected};
    let request = pb::ListDecisionsRequest {
        as_of_size: fold.size().get(),
        kinds: vec![pb::ProposalKind::Attribution.into()],
        statuses: [Open, AwaitingDecision, Rejected, Lapsed]
            .map(i32::from)
            .to_vec(),
        ..pb::ListDecisionsRequest::default()
    };
    let answer = served
        .runtime
        .block_on(served.service.list_decisions(Request::new(request)));
    let is_meant = |proposal: &&Proposal| {
        let question = proposal.written().body.question.as_ref();
        matches!(question, Some(Question::Attribution(_))) && !proposal.is_adopted()
    };
    let decisions: Vec<_> = fold
        .proposals()
        .iter()
        .filter(is_meant)
        .map(|proposal| answer::decision(fold, proposal).unwrap())
        .collect();
    assert_eq!(answer.unwrap().into_inner().decisions, decisions);
}

fn check_changes(served: &Served, fold: &Fold, log: &Log) {
    let size = fold.size().get();
    let since_index = size / 2;
    let request = pb::ListChangesRequest {
        as_of_size: size,
        since_index,
        page_size: 500,
        ..pb::ListChangesRequest::default()
    };
    let answer = served
        .runtime
        .block_on(served.service.list_changes(Request::new(request)));
    check_counts(served, fold);
    check_coverage(served, fold);
    let range = usize::try_from(since_index).unwrap()..usize::try_from(size).unwrap();
    let changes: Vec<_> = log.entries[range]
        .iter()
        .map(|entry| {
            let owner = fold.owner(&record_of(entry).record.digest).cloned();
            answer::change(&Change::of_entry(entry, owner, fold).unwrap())
        })
        .collect();
    assert_eq!(answer.unwrap().into_inner().changes, changes);
}

fn check_coverage(served: &Served, fold: &Fold) {
    let (since, until) = (START + HOUR, START + 4 * HOUR);
    let request = pb::ListCoverageRequest {
        as_of_size: fold.size().get(),
        since: Some(answer::timestamp(since)),
        until: Some(answer::timestamp(until)),
        members: vec!["CCC".to_owned(), "AAA".to_owned()],
        ..pb::ListCoverageRequest::default()
    };
    let answer = served
        .runtime
        .block_on(served.service.list_coverage(Request::new(request)));
    let reports = fold.sensors().iter().flat_map(Sensor::reports);
    let reports: Vec<_> = reports.collect();
    let expected: Vec<_> = reports
        .iter()
        .filter(|report| report.body.earliest_time < until && report.body.latest_time >= since)
        .filter(|report| ["AAA", "CCC"].contains(&report.stamp.member.as_str()))
        .map(|report| {
            let digest = report.stamp.digest.as_bytes();
            let later = reports.iter().find(|later| later.body.supersedes == digest);
            pb::CoverageView {
                stamp: Some(answer::stamp(&report.stamp)),
                report: Some(report.body.clone()),
                superseded_by: later
                    .map(|later| commission::bytes(later.stamp.digest))
                    .unwrap_or_default(),
            }
        })
        .collect();
    assert_eq!(answer.unwrap().into_inner().coverage, expected);
}

fn check_counts(served: &Served, fold: &Fold) {
    let interval = Interval {
        start_ms: START - 100 * 24 * HOUR,
        end_ms: START + HOUR,
    };
    let filter = pb::IncidentFilter {
        since: Some(answer::timestamp(interval.start_ms)),
        until: Some(answer::timestamp(interval.end_ms)),
        ..pb::IncidentFilter::default()
    };
    let request = pb::CountIncidentsRequest {
        as_of_size: fold.size().get(),
        filter: Some(filter.clone()),
        time_zone: "Europe/Kyiv".to_owned(),
        day_start_minute: 19 * 60 + 30,
    };
    let answer = served
        .runtime
        .block_on(served.service.count_incidents(Request::new(request)));
    let cut = DayCut::new("Europe/Kyiv", "19:30").unwrap();
    let mut counts = Counts::new(cut.within(interval).unwrap());
    let filter = IncidentFilter::parse(&filter).unwrap();
    for incident in fold.incidents() {
        let holds = filter.matches(incident, fold).unwrap();
        if let Some(version) = incident.in_force().filter(|_| holds) {
            counts.add(&version.report);
        }
    }
    let rows: Vec<_> = counts.rows().map(answer::day_count).collect();
    assert_eq!(answer.unwrap().into_inner().counts, rows);
}

fn list(filter: pb::IncidentFilter) -> pb::ListIncidentsRequest {
    pb::ListIncidentsRequest {
        filter: Some(filter),
        ..pb::ListIncidentsRequest::default()
    }
}

/// Reason, field and facts of a refusal.
fn refused(status: &Status) -> (Code, String, String, bool) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    let retry = details.retry_info().is_some();
    let field = info.metadata.get("field").cloned().unwrap_or_default();
    (status.code(), info.reason.clone(), field, retry)
}

#[test]
fn pages_stay_as_they_are_while_the_log_grows() {
    let mut log = reported(30);
    let served = Served::new(&log);
    let old = expected(
        &fold(&log, log.entries.len()),
        &pb::IncidentFilter::default(),
    );
    let mut request = pb::ListIncidentsRequest {
        page_size: 10,
        ..list(pb::IncidentFilter::default())
    };
    let first = served.incidents(request.clone()).unwrap();
    assert_eq!(first.size, log.entries.len() as u64);

    let before = log.entries.len();
    for number in [3, 14, 25] {
        let body = Body::Withdrawal(pb::Withdrawal {
            target: old[number].incident.clone(),
            reason: pb::WithdrawalReason::Duplicate.into(),
            ..pb::Withdrawal::default()
        });
        log.put(MEMBERS[number % 3], "monitor", body).unwrap();
        let body = Body::IncidentReport(report(number as u64));
        log.put("CCC", "monitor", body).unwrap();
    }
    served.write(&log, before);
    served.catch_up(&log, log.entries.len());
    assert_eq!(
        served.incidents(request.clone()).unwrap().size,
        log.entries.len() as u64
    );

    request.page_token = first.next_page_token;
    // Another size of page is the same list.
    request.page_size = 7;
    let (rest, pages) = served.all_incidents(request);
    assert_eq!(pages, 3);
    assert_eq!([first.incidents, rest].concat(), old);
}

/// What is spoiled in a request, and the reason and field of the refusal.
type Spoiled = (
    fn(&mut pb::ListIncidentsRequest),
    &'static str,
    &'static str,
);

fn spoiled() -> [Spoiled; 8] {
    [
        (
            |request| request.page_token.push('0'),
            "OTHER_PAGE_TOKEN",
            "page_token",
        ),
        (
            |request| request.page_token.replace_range(0..1, "+"),
            "OTHER_PAGE_TOKEN",
            "page_token",
        ),
        (
            |request| request.as_of_size = 12,
            "OTHER_PAGE_TOKEN",
            "page_token",
        ),
        (
            |request| {
                request
                    .filter
                    .as_mut()
                    .unwrap()
                    .members
                    .push("AAA".to_owned());
            },
            "OTHER_PAGE_TOKEN",
            "page_token",
        ),
        (
            |request| request.page_size = -1,
            "OUT_OF_RANGE",
            "page_size",
        ),
        (
            |request| request.filter.as_mut().unwrap().kinds.push(0),
            "FIELD_FORMAT",
            "filter.kinds",
        ),
        (
            |request| request.filter.as_mut().unwrap().members = vec!["AAA".to_owned(); 17],
            "LIST_TOO_LONG",
            "filter.members",
        ),
        (
            |request| {
                let circle = pb::Circle {
                    latitude: 900_000_001,
                    longitude: 0,
                    radius_m: 1,
                };
                request.filter.as_mut().unwrap().area = Some(pb::Area {
                    shape: Some(pb::area::Shape::Circle(circle)),
                });
            },
            "OUT_OF_RANGE",
            "filter.area.circle.latitude",
        ),
    ]
}

#[test]
fn rejects_what_is_not_asked_well() {
    let log = reported(30);
    let size = log.entries.len();
    let served = Served::up_to(&log, size - 3);
    let page = served
        .incidents(pb::ListIncidentsRequest {
            page_size: 5,
            ..pb::ListIncidentsRequest::default()
        })
        .unwrap();
    assert_eq!(page.size, size as u64 - 3);
    served.head.send_replace(head(&log, size - 1));
    let with = |change: fn(&mut pb::ListIncidentsRequest)| {
        let mut request = list(pb::IncidentFilter::default());
        request.page_token = page.next_page_token.clone();
        change(&mut request);
        refused(&served.incidents(request).unwrap_err())
    };
    let beyond = with(|request| {
        request.page_token.clear();
        request.as_of_size = 1_000;
    });
    assert_eq!(
        (beyond.0, beyond.1.as_str()),
        (Code::OutOfRange, "BEYOND_THE_END")
    );
    let mut later = list(pb::IncidentFilter::default());
    later.as_of_size = size as u64 - 1;
    let later = refused(&served.incidents(later).unwrap_err());
    assert_eq!(
        later,
        (
            Code::Unavailable,
            "NOT_INDEXED".to_owned(),
            String::new(),
            true
        )
    );

    for (change, reason, field) in spoiled() {
        let expected = (
            Code::InvalidArgument,
            reason.to_owned(),
            field.to_owned(),
            false,
        );
        assert_eq!(with(change), expected);
    }
    // The same token with another method is another request.
    let request = pb::ListCasesRequest {
        page_token: page.next_page_token.clone(),
        ..pb::ListCasesRequest::default()
    };
    let answer = served
        .runtime
        .block_on(served.service.list_cases(Request::new(request)));
    assert_eq!(refused(&answer.unwrap_err()).1, "OTHER_PAGE_TOKEN");
    let request = pb::GetIncidentRequest {
        record_digest: vec![7; 32],
        as_of_size: 0,
    };
    let answer = served
        .runtime
        .block_on(served.service.get_incident(Request::new(request)));
    assert_eq!(refused(&answer.unwrap_err()).1, "NOT_FOUND");
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let log = random_log(&(0..40).collect::<Vec<_>>());
    let served = Served::new(&log);
    let items = |served: &Served| -> Vec<_> {
        let items = served.store.index_items();
        items.map(Result::unwrap).collect()
    };
    let made = items(&served);
    assert!(made.len() > 200, "{}", made.len());
    served.store.drop_index().unwrap();
    assert!(items(&served).is_empty());
    let stale = IndexBatch {
        postings: vec![(
            vec![2, 1, 0],
            Posting {
                index: LeafIndex::new(5),
                digest: RecordDigest::from_bytes([9; 32]),
            },
        )],
        indexed: Indexed {
            version: 0,
            size: log.entries.len() as u64,
            latest_time: 1,
        },
        ..IndexBatch::default()
    };
    served.store.extend_index(&stale).unwrap();
    let asked = served.incidents(list(pb::IncidentFilter::default()));
    assert_eq!(refused(&asked.unwrap_err()).1, "NOT_INDEXED");
    served.catch_up(&log, log.entries.len());
    assert_eq!(items(&served), made);
}

/// Appends `count` reports of one station, an hour apart, without signatures.
fn with_reports(count: u64) -> Log {
    let mut log = Log::staffed();
    for number in 0..count {
        log.now += HOUR;
        let mut report = protocol::report();
        report.earliest_time = log.now - HOUR;
        report.latest_time = log.now;
        report.kind = if number % 10 == 0 {
            pb::IncidentKind::Shot.into()
        } else {
            pb::IncidentKind::Burst.into()
        };
        if number % 100 == 0 {
            report.place = Some(pb::Place {
                location: Some(pb::place::Location::Position(pb::Position {
                    latitude: -100_000_000,
                    longitude: 200_000_000,
                    radius_m: 10,
                    basis: pb::PositionBasis::Point.into(),
                    ..pb::Position::default()
                })),
                ..pb::Place::default()
            });
        }
        append(&mut log, Body::IncidentReport(report));
    }
    log
}

/// Appends a record of one station without a signature.
fn append(log: &mut Log, body: Body) -> RecordDigest {
    let record = log.record("AAA", "monitor", body).encode_to_vec();
    let digest = record_digest(&record);
    let signed_record = pb::SignedRecord {
        record,
        public_key: protocol::public("AAA/monitor"),
        signature: vec![1; 64],
    };
    let bytes = Entry {
        index: LeafIndex::new(log.entries.len() as u64),
        previous: log.previous,
        accepted_time: log.now,
        signed_record,
    }
    .encode();
    let writes = rules::apply(&log.state, placed(&bytes, &record_of(&bytes))).unwrap();
    log.state.apply(&writes).unwrap();
    log.previous = leaf_hash(&bytes);
    log.entries.push(bytes);
    let station = ("AAA".to_owned(), "monitor".to_owned());
    log.stations.get_mut(&station).unwrap().1 += 1;
    digest
}

#[test]
fn an_item_of_too_many_entries_says_how_to_ask_instead() {
    let mut log = Log::staffed();
    let first = append(&mut log, Body::IncidentReport(protocol::report()));
    let mut newest = first;
    for number in 0..MAX_ANSWER_ENTRIES {
        let correction = pb::Correction {
            target: commission::bytes(newest),
            reason: pb::CorrectionReason::Time.into(),
            report: Some(pb::IncidentReport {
                observer_count: u32::try_from(number).unwrap() + 100,
                ..protocol::report()
            }),
            ..pb::Correction::default()
        };
        newest = append(&mut log, Body::Correction(correction));
    }
    let served = Served::new(&log);
    let ask = |size: usize| {
        let request = pb::GetIncidentRequest {
            record_digest: commission::bytes(first),
            as_of_size: size as u64,
        };
        let answer = served.service.get_incident(Request::new(request));
        served.runtime.block_on(answer)
    };
    let size = log.entries.len();
    let status = ask(size).unwrap_err();
    let refusal = refused(&status);
    assert_eq!(
        (refusal.1.as_str(), refusal.2.as_str()),
        ("TOO_WIDE", "record_digest")
    );
    assert!(status.message().contains("ask your own copy"), "{status:?}");
    let earlier = ask(size - MAX_ANSWER_ENTRIES + 1_000);
    let incident = earlier.unwrap().into_inner().incident.unwrap();
    assert_eq!(incident.versions.len(), 1_001);
}

/// A name, a filter, and how many incidents it means.
type Asked<'a> = (&'a str, &'a dyn Fn(&Log) -> pb::IncidentFilter, usize);

#[test]
fn a_page_out_of_many_costs_what_it_costs_out_of_few() {
    let small = with_reports(1_000);
    let large = with_reports(100_000);
    let circle = pb::area::Shape::Circle(pb::Circle {
        latitude: -100_000_000,
        longitude: 200_000_000,
        radius_m: 1_000,
    });
    let kind = vec![pb::IncidentKind::Shot.into()];
    let day = |log: &Log| pb::IncidentFilter {
        since: Some(answer::timestamp(log.now - 30 * HOUR)),
        until: Some(answer::timestamp(log.now - 3 * HOUR)),
        ..pb::IncidentFilter::default()
    };
    let month = |log: &Log| pb::IncidentFilter {
        since: Some(answer::timestamp(log.now - 720 * HOUR)),
        ..pb::IncidentFilter::default()
    };
    let questions: [Asked; 6] = [
        ("all", &|_| pb::IncidentFilter::default(), 100),
        (
            "member",
            &|_| pb::IncidentFilter {
                members: vec!["AAA".to_owned()],
                ..Default::default()
            },
            100,
        ),
        (
            "kind",
            &|_| pb::IncidentFilter {
                kinds: kind.clone(),
                ..Default::default()
            },
            100,
        ),
        (
            "area",
            &|_| pb::IncidentFilter {
                area: Some(pb::Area {
                    shape: Some(circle),
                }),
                ..Default::default()
            },
            10,
        ),
        ("a day", &day, 27),
        ("a month", &month, 100),
    ];
    let (of_small, of_large) = (Served::new(&small), Served::new(&large));
    let cost = |served: &Served, log: &Log, (name, filter, count): &Asked| {
        let request = pb::ListIncidentsRequest {
            page_size: i32::try_from(*count).unwrap(),
            ..list(filter(log))
        };
        let before = served.store.keys_read();
        let page = served.incidents(request).unwrap();
        assert_eq!(page.incidents.len(), *count, "{name}");
        served.store.keys_read() - before
    };
    for question in &questions {
        let costs = (
            cost(&of_small, &small, question),
            cost(&of_large, &large, question),
        );
        // An interval may be cut by the cells of the index in one log as it is not in the other.
        assert!(costs.0 < 2_000, "{}: {costs:?}", question.0);
        assert!(costs.1 <= 2 * costs.0, "{}: {costs:?}", question.0);
    }
    narrow_what_is_too_wide(&of_large, &large);
}

/// A page looks at so many candidates and no more; a count that would need more is refused.
fn narrow_what_is_too_wide(served: &Served, log: &Log) {
    let request = list(pb::IncidentFilter {
        kinds: vec![pb::IncidentKind::Burst.into()],
        members: vec!["BBB".to_owned()],
        ..pb::IncidentFilter::default()
    });
    let before = served.store.keys_read();
    let page = served.incidents(request).unwrap();
    assert!(page.incidents.is_empty() && !page.next_page_token.is_empty());
    let read = served.store.keys_read() - before;
    assert!((2_000..10_000).contains(&read), "{read}");

    let count = |since: u64| {
        let filter = pb::IncidentFilter {
            since: Some(answer::timestamp(since)),
            until: Some(answer::timestamp(log.now)),
            ..pb::IncidentFilter::default()
        };
        let request = pb::CountIncidentsRequest {
            filter: Some(filter),
            ..pb::CountIncidentsRequest::default()
        };
        let answer = served.service.count_incidents(Request::new(request));
        served.runtime.block_on(answer)
    };
    let status = count(log.now - 4_000 * 24 * HOUR).unwrap_err();
    let refusal = refused(&status);
    assert_eq!(
        (refusal.1.as_str(), refusal.2.as_str()),
        ("TOO_WIDE", "filter.until")
    );
    let status = count(log.now - 3_000 * 24 * HOUR).unwrap_err();
    let refusal = refused(&status);
    assert_eq!(
        (refusal.1.as_str(), refusal.2.as_str()),
        ("TOO_WIDE", "filter")
    );
    assert!(status.message().contains("shorter interval"), "{status:?}");
    let counts = count(log.now - 48 * HOUR).unwrap().into_inner().counts;
    let possible: u64 = counts.iter().map(|row| row.possible).sum();
    assert!((48..60).contains(&possible), "{counts:?}");
}
