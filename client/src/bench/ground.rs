//! A throw-away log with many stations, served by `trucelogd` on loopback, and their records, signed beforehand.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tonic::transport::Channel;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::{LeafIndex, TreeSize};
use trucelog_proto::pb::{self, CheckpointKind};
use trucelog_proto::record::LogId;

use super::load::{Way, send};
use crate::demo::DemoError;
use crate::demo::cast::Station;
use crate::demo::setting::{Place, Setting};
use crate::entry_source::EntrySource as _;
use crate::fetch::{Fetcher, RemoteEntries};
use crate::retry::Patience;
use crate::submit::{Outcome, Submitter};
use crate::trust::Trust;
use crate::{Error, remote, station};

/// Connections of the load to the server.
const CONNECTIONS: usize = 8;
/// Records that wait to be sent, signed, at most.
const RECORDS_AT_A_TIME: usize = 100_000;
/// Words of a report that make an entry of about 400 bytes.
const NARRATIVE: &str = "Two explosions assessed as impacts of 120 mm mortar rounds, about 3 km east-south-east of \
                         the post, heard by four observers; the line was quiet before and after.";

/// Records that were signed, sent and logged.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// How many.
    pub records: usize,
    /// How long sending took.
    pub time: Duration,
}

/// A log to load. Its server ends and its directory goes away with it.
#[derive(Debug)]
pub struct Ground {
    setting: Setting,
    stations: Vec<Station>,
    place: Place,
}

impl Ground {
    /// Founds a log, serves it without witnesses, and enrols as many stations.
    ///
    /// # Errors
    /// [`DemoError::Process`] with the server's own words; [`DemoError::Client`].
    pub async fn found(trucelogd: &Path, station_count: usize) -> Result<Self, DemoError> {
        let place = Place::new(None, "trucelog-bench-")?;
        let (setting, mut cast) = Setting::alone(trucelogd, place.path())?;
        let id = setting.trust.id.clone();
        let mut stations = Vec::new();
        let mut enrolments = Vec::new();
        for number in 0..station_count {
            let members = cast.members.len();
            let member = &mut cast.members[number % members];
            let (station, enrolment) = member.enrol_monitor(&id, &format!("post-{number}"))?;
            stations.push(station);
            enrolments.push(enrolment);
        }
        let ground = Self {
            setting,
            stations,
            place,
        };
        ground.submit(enrolments).await?;
        Ok(ground)
    }

    /// Submits records in order, one stream after another, and checks every receipt.
    async fn submit(&self, submissions: Vec<pb::Submission>) -> Result<(), Error> {
        let channel = remote::connect(&self.setting.server.url(), None)?;
        let submitter = Submitter::new(channel, self.trust().clone(), Patience::default());
        let done = |_, outcome| match outcome {
            Outcome::Logged(_) => Ok(()),
            Outcome::Refused(refused) => Err(Error::Refused(refused)),
        };
        submitter.submit_all(submissions, done).await
    }

    /// Where everything lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.place.path()
    }

    /// Where the server listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.setting.server.url()
    }

    /// The log.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.setting.trust
    }

    /// Opens connections to the server.
    ///
    /// # Errors
    /// [`Error::Remote`].
    pub fn connections(&self) -> Result<Vec<Channel>, Error> {
        self.connect(CONNECTIONS)
    }

    /// Opens as many connections to the server.
    ///
    /// # Errors
    /// [`Error::Remote`].
    pub fn connect(&self, count: usize) -> Result<Vec<Channel>, Error> {
        let url = self.setting.server.url();
        let connections = (0..count).map(|_| Ok(remote::connect(&url, None)?));
        connections.collect()
    }

    /// Signs `records` reports of each of the first `stations` stations, on all cores.
    ///
    /// # Errors
    /// As [`Station::sign`].
    pub fn sign(
        &mut self,
        stations: usize,
        records: usize,
    ) -> Result<Vec<Vec<pb::Submission>>, Error> {
        let id: Arc<LogId> = Arc::new(self.setting.trust.id.clone());
        let stations = self.stations.par_iter_mut().take(stations);
        stations
            .map(|station| {
                (0..records)
                    .map(|_| station.sign(&id, pb::record::Body::IncidentReport(report())))
                    .collect()
            })
            .collect()
    }

    /// Signs about `records` reports of all stations and sends them over a stream for each, so many at a time that their
    /// memory is bounded. The time is that of sending.
    ///
    /// # Errors
    /// As [`send`].
    pub async fn append(&mut self, records: usize) -> Result<Appended, DemoError> {
        let connections = self.connections()?;
        let stations = self.stations.len();
        let mut left = records.div_ceil(stations);
        let (mut sent_records, mut time) = (0, Duration::ZERO);
        while left > 0 {
            let part = left.min(RECORDS_AT_A_TIME.div_ceil(stations));
            let signed = self.sign(stations, part)?;
            let sent = send(&connections, &self.setting.trust, signed, Way::Streams).await?;
            sent_records += sent.records;
            time += sent.time;
            left -= part;
        }
        Ok(Appended {
            records: sent_records,
            time,
        })
    }

    /// The newest signed head.
    ///
    /// # Errors
    /// [`Error::Deadline`] or [`Error::Status`].
    pub async fn head(&self) -> Result<Vec<u8>, Error> {
        self.fetcher()?.checkpoint(CheckpointKind::Signed).await
    }

    /// What the newest head states.
    ///
    /// # Errors
    /// As [`Self::head`]; [`Error::Answer`] when its signature is not the log's.
    pub async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let policy = &self.trust().policy;
        let opened = Checkpoint::open(&self.head().await?, policy.log_key(), policy.origin());
        let opened = opened.map_err(|_| Error::Answer("its checkpoint does not hold"))?;
        Ok(opened.checkpoint().clone())
    }

    /// Ends the server, or kills it without warning, and gives the time until it listens again.
    ///
    /// # Errors
    /// [`DemoError::Process`].
    pub fn reopen(&mut self, crash: bool) -> Result<Duration, DemoError> {
        let server = &mut self.setting.server;
        if !crash {
            server.stop()?;
        }
        let begun = Instant::now();
        server.crash_and_restart()?;
        Ok(begun.elapsed())
    }

    /// Bytes of all files of the store.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn stored_len(&self) -> Result<u64, Error> {
        let data = self.place.path().join("data");
        let mut len = 0;
        for file in fs::read_dir(&data).map_err(Error::io(&data))? {
            let file = file.and_then(|file| file.metadata());
            len += file.map_err(Error::io(&data))?.len();
        }
        Ok(len)
    }

    /// Fetches the first `size` entries. Needs a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// As [`Fetcher::entries`].
    pub fn entries(&self, size: u64) -> Result<Vec<Vec<u8>>, Error> {
        let mut source = self.source(size)?;
        let mut entries = Vec::new();
        while (entries.len() as u64) < size {
            entries.extend(tokio::task::block_in_place(|| source.next())?);
        }
        Ok(entries)
    }

    /// The first `size` entries, fetched as they are read. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Remote`].
    pub fn source(&self, size: u64) -> Result<RemoteEntries, Error> {
        Ok(self
            .fetcher()?
            .entries(LeafIndex::new(0), TreeSize::new(size)))
    }

    fn fetcher(&self) -> Result<Fetcher, Error> {
        let channel = remote::connect(&self.setting.server.url(), None)?;
        Ok(Fetcher::new(channel, Patience::default()))
    }
}

fn report() -> pb::IncidentReport {
    let time = station::now_ms();
    pb::IncidentReport {
        kind: pb::IncidentKind::Explosion.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into()],
        earliest_time: time - 60_000,
        latest_time: time,
        time_precision: pb::TimePrecision::Minute.into(),
        narrative: NARRATIVE.to_owned(),
        ..pb::IncidentReport::default()
    }
}
