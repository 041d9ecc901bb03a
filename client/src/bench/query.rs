//! `trucelog bench query`: what a page of a question costs, in a small log and in the same log when it has grown.
//!
//! Each question is asked again and again, one call after the other. What was answered as of the small size must be
//! answered alike when the log has grown.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tonic::transport::Channel;
use trucelog_proto::pb;
use trucelog_proto::pb::incident_service_client::IncidentServiceClient;

use super::figures::{Latencies, Line, Ratio, ratios, table};
use super::ground::Ground;
use super::limits::Limits;
use crate::Error;
use crate::demo::DemoError;
use crate::demo::cast::MEMBERS;
use crate::retry::{Patience, call};

/// Stations that write the log.
const STATIONS: usize = 64;
/// Records of the small log, at most, and of the large one, at least: so that a page of one member's is full.
const SMALL: usize = 10_000;
const LEAST: usize = 2_000;
/// Incidents of a page.
const PAGE: i32 = 50;
/// How often each question is asked.
const TIMES: usize = 200;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// The results.
    pub lines: Vec<Line>,
    /// The medians beside each other.
    pub ratios: Vec<Ratio>,
    /// Entries of the small and of the large log.
    pub sizes: [u64; 2],
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question {
    /// The first page of all incidents.
    All,
    /// The page after it.
    Next,
    /// The first page of one member's.
    Member,
    /// The first page of the kind that is not there.
    Nothing,
}

/// Every question, with its lines in the small and in the large log, and what is divided.
const QUESTIONS: [(Question, [&str; 2], &str); 4] = [
    (
        Question::All,
        ["first page, small log", "first page, large log"],
        "first page, large log / small log",
    ),
    (
        Question::Next,
        ["second page, small log", "second page, large log"],
        "second page, large log / small log",
    ),
    (
        Question::Member,
        ["of a member, small log", "of a member, large log"],
        "first page of a member, large log / small log",
    ),
    (
        Question::Nothing,
        ["nothing found, small log", "nothing found, large log"],
        "first page of nothing, large log / small log",
    ),
];

/// Writes a log of at most 10,000 records, asks, lets it grow to about `records` records, and asks again.
///
/// # Errors
/// [`DemoError`]; also when a page is not full, or an answer as of the small size changes.
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, STATIONS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    let records = records.max(LEAST);
    let small = SMALL.min(records / 2);
    ground.append(small).await?;
    let before = Asking::begin(&ground).await?;
    let old = before.ask_all().await?;
    ground.append(records - small).await?;
    let after = Asking::begin(&ground).await?;
    let new = after.ask_all().await?;
    let again = after.as_of(before.size).pages().await?;
    if again != old.pages {
        return Err(DemoError::NotShown(vec![
            "an answer as of a size is the same when the log has grown",
        ]));
    }
    limits.measure_again();
    let mut lines = Vec::new();
    let mut medians = Vec::new();
    for (number, (_, names, ratio)) in QUESTIONS.into_iter().enumerate() {
        let sides = [&old.lines[number], &new.lines[number]];
        let p50 = sides.map(|line| line.latencies.map_or(0.0, |found: Latencies| found.p50_us));
        medians.push(Ratio::new(ratio, p50[1], p50[0]));
        lines.extend(names.into_iter().zip(sides).map(|(name, line)| Line {
            name,
            ..line.clone()
        }));
    }
    Ok(Report {
        limits,
        lines,
        ratios: medians,
        sizes: [before.size, after.size],
    })
}

/// Somebody who asks about a log as of one size.
struct Asking {
    client: IncidentServiceClient<Channel>,
    size: u64,
    member: String,
}

/// What was answered.
struct Answered {
    lines: Vec<Line>,
    /// The page of each question.
    pages: Vec<pb::ListIncidentsResponse>,
}

impl Asking {
    /// Waits until questions as of the newest head are answered.
    async fn begin(ground: &Ground) -> Result<Self, DemoError> {
        let asking = Self {
            client: IncidentServiceClient::new(ground.connections()?.swap_remove(0)),
            size: ground.checkpoint().await?.size.get(),
            member: MEMBERS[0].0.to_owned(),
        };
        asking.page(Question::All).await?;
        Ok(asking)
    }

    fn as_of(&self, size: u64) -> Self {
        Self {
            client: self.client.clone(),
            size,
            member: self.member.clone(),
        }
    }

    async fn list(
        &self,
        filter: pb::IncidentFilter,
        page_token: String,
    ) -> Result<pb::ListIncidentsResponse, Error> {
        let request = pb::ListIncidentsRequest {
            as_of_size: self.size,
            filter: Some(filter),
            page_size: PAGE,
            page_token,
        };
        // The index follows the log a moment later; until then the server says that it is to be asked again.
        call(Patience::default(), async || {
            self.client.clone().list_incidents(request.clone()).await
        })
        .await
    }

    /// One page, and the time of its call.
    async fn timed(
        &self,
        question: Question,
    ) -> Result<(pb::ListIncidentsResponse, Duration), Error> {
        let mut filter = pb::IncidentFilter::default();
        let mut token = String::new();
        match question {
            Question::All => {}
            Question::Next => {
                let first = self.list(filter.clone(), token).await?;
                token = first.next_page_token;
            }
            Question::Member => filter.members.push(self.member.clone()),
            Question::Nothing => filter.kinds.push(pb::IncidentKind::Other.into()),
        }
        let begun = Instant::now();
        let page = self.list(filter, token).await?;
        Ok((page, begun.elapsed()))
    }

    async fn page(&self, question: Question) -> Result<pb::ListIncidentsResponse, DemoError> {
        Ok(self.timed(question).await?.0)
    }

    async fn pages(&self) -> Result<Vec<pb::ListIncidentsResponse>, DemoError> {
        let mut pages = Vec::new();
        for (question, ..) in QUESTIONS {
            let page = self.page(question).await?;
            let full = usize::try_from(PAGE).unwrap_or_default();
            let expected = if matches!(question, Question::Nothing) {
                0
            } else {
                full
            };
            if page.incidents.len() != expected || page.size != self.size {
                return Err(DemoError::NotShown(vec!["every page is full"]));
            }
            pages.push(page);
        }
        Ok(pages)
    }

    async fn ask_all(&self) -> Result<Answered, DemoError> {
        let pages = self.pages().await?;
        let mut lines = Vec::new();
        for (question, names, _) in QUESTIONS {
            let mut times = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                times.push(self.timed(question).await?.1);
            }
            let time = times.iter().sum();
            lines.push(Line::new(names[0], TIMES, time).with(times));
        }
        Ok(Answered { lines, pages })
    }
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\npages of {PAGE} incidents; {} entries in the small log, {} in the large one\n\n{}\n\n{}",
            self.limits.to_text(),
            self.sizes[0],
            self.sizes[1],
            table(&self.lines),
            ratios(&self.ratios)
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.query/v1",
            "limits": self.limits,
            "lines": self.lines,
            "ratios": self.ratios,
            "sizes": self.sizes,
        })
    }
}
