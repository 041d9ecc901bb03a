//! `trucelog list`.

use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use trucelog_proto::fold::{Counts, DayCut, Fold, Interval, Views as _, Watch};

use super::filter;
use super::fold::{ReadArgs, Rows, View};
use super::output::Format;
use super::view;
use crate::Error;

/// Lists things of the locally verified log.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog list incidents --since 2021-10-29T00:00:00Z --near 48.139,37.743,5000
  trucelog list decisions --refresh --remote https://log.example.org -o json")]
pub(super) enum Command {
    /// List incidents in the order in which they were first reported, withdrawn ones too.
    #[command(after_help = "Examples:
  trucelog list incidents --kind explosion --status in-force --since 2021-10-29T00:00:00Z
  trucelog list incidents --near 48.139,37.743,5000 --certain --as-of 1200 -o ndjson")]
    Incidents(List<filter::IncidentsInTime>),
    /// List cases in the order in which they were founded.
    #[command(after_help = "Examples:
  trucelog list cases --party RUS
  trucelog list cases --as-of 1200 -o json")]
    Cases(List<filter::Cases>),
    /// List proposals with their votes and decisions, in the order of the log.
    #[command(after_help = "Examples:
  trucelog list decisions --case SHA256 --status adopted
  trucelog list decisions --kind attribution --as-of 1200 -o json")]
    Decisions(List<filter::Decisions>),
    /// List adopted remedies with what each member did about them.
    #[command(after_help = "Examples:
  trucelog list remedies --case SHA256
  trucelog list remedies --as-of 1200 -o json")]
    Remedies(List<filter::Remedies>),
    /// List what is known of each sensor's coverage, by time. A report that was stated anew is left out.
    #[command(after_help = "Examples:
  trucelog list coverage --since 2021-10-29T00:00:00Z --member UKR
  trucelog list coverage --as-of 1200 -o json")]
    Coverage(List<filter::Coverage>),
    /// List days with the incidents in each, by sector, and with how the sensors spent it.
    #[command(after_help = "Examples:
  trucelog list days --since 2021-10-29 --until 2021-11-02 --time-zone Europe/Kyiv --day-start 19:30
  trucelog list days --since 2026-03-01 --until 2026-04-01 --kind explosion -o json")]
    Days(List<Days>),
    /// List adopted protocol texts with what each member did to ratify them.
    #[command(after_help = "Examples:
  trucelog list texts
  trucelog list texts --as-of 1200 -o json")]
    Texts(List<filter::All>),
    /// List summaries with what the log says to each of their counts.
    #[command(after_help = "Examples:
  trucelog list summaries
  trucelog list summaries --as-of 1200 -o json")]
    Summaries(List<filter::All>),
    /// List what the log commits to and does not show, and what was opened since.
    #[command(after_help = "Examples:
  trucelog list withheld
  trucelog list withheld --as-of 1200 -o json")]
    Withheld(List<filter::All>),
    /// List entries.
    #[command(after_help = "Examples:
  trucelog list entries
  trucelog list entries --as-of 100 -o ndjson")]
    Entries(List<filter::All>),
}

/// Which things, of which log.
#[derive(Args, Debug)]
pub(super) struct List<F: Args> {
    #[command(flatten)]
    which: F,
    #[command(flatten)]
    read: ReadArgs,
}

/// Which days, and which incidents are counted in them.
#[derive(Args, Debug)]
pub(super) struct Days {
    /// Date on which the first day begins.
    #[arg(long, value_name = "DATE")]
    since: String,
    /// Date on which the last day ends.
    #[arg(long, value_name = "DATE")]
    until: String,
    /// Time zone in which days are cut, an IANA name. The program brings its own table of zones.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// Time of day at which days are cut.
    #[arg(long, value_name = "HH:MM", default_value = "00:00")]
    day_start: String,
    #[command(flatten)]
    incidents: filter::Incidents,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.parts().1.output.output
    }

    /// What is listed, and of which log.
    fn parts(&self) -> (&'static str, &ReadArgs) {
        match self {
            Self::Incidents(list) => ("incidents", &list.read),
            Self::Cases(list) => ("cases", &list.read),
            Self::Decisions(list) => ("decisions", &list.read),
            Self::Remedies(list) => ("remedies", &list.read),
            Self::Coverage(list) => ("coverage", &list.read),
            Self::Days(list) => ("days", &list.read),
            Self::Texts(list) => ("texts", &list.read),
            Self::Summaries(list) => ("summaries", &list.read),
            Self::Withheld(list) => ("withheld", &list.read),
            Self::Entries(list) => ("entries", &list.read),
        }
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let (name, read) = self.parts();
        let view = read.open(stop).await?;
        let rows = match &self {
            Self::Entries(_) => entries(&view)?,
            _ => self.rows(&view, &view.fold()?)?,
        };
        read.print_list(&format!("list.{name}"), name, &view, rows);
        Ok(())
    }

    fn rows(&self, view: &View, fold: &Fold) -> Result<Rows, Error> {
        match self {
            Self::Incidents(list) => incidents(fold, &list.which),
            Self::Cases(list) => cases(fold, &list.which),
            Self::Decisions(list) => decisions(fold, &list.which),
            Self::Remedies(list) => remedies(fold, list.which),
            Self::Coverage(list) => coverage(fold, &list.which),
            Self::Days(list) => list.which.rows(fold),
            Self::Texts(_) => texts(fold),
            Self::Summaries(_) => Ok(view
                .recounts(fold)?
                .iter()
                .map(|(summary, lines)| {
                    let json = view::summary(summary, lines);
                    (view::summary_text(summary, lines), json)
                })
                .collect()),
            Self::Withheld(_) => Ok(fold
                .withheld()
                .iter()
                .map(|withheld| (view::withheld_line(withheld), view::withheld(withheld)))
                .collect()),
            Self::Entries(_) => entries(view),
        }
    }
}

fn entries(view: &View) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    view.log.for_each(view.size, |entry| {
        rows.push((view::entry_line(&entry), view::entry_summary(&entry)));
        Ok(())
    })?;
    Ok(rows)
}

fn incidents(fold: &Fold, which: &filter::IncidentsInTime) -> Result<Rows, Error> {
    let filter = which.filter()?;
    let mut rows = Rows::new();
    for incident in fold.incidents() {
        if filter.matches(incident, fold)? {
            let json = view::incident_summary(fold, incident)?;
            rows.push((view::incident_line(fold, incident)?, json));
        }
    }
    Ok(rows)
}

fn cases(fold: &Fold, which: &filter::Cases) -> Result<Rows, Error> {
    let filter = which.filter();
    let cases = fold.cases().iter().filter(|case| filter.matches(case));
    cases
        .map(|case| Ok((view::case_line(case), view::case(fold, case)?)))
        .collect()
}

fn decisions(fold: &Fold, which: &filter::Decisions) -> Result<Rows, Error> {
    let filter = which.filter();
    let proposals = fold.proposals().iter();
    proposals
        .filter(|proposal| filter.matches(proposal, fold.now()))
        .map(|proposal| {
            let json = view::proposal(fold, proposal)?;
            Ok((view::proposal_line(fold, proposal)?, json))
        })
        .collect()
}

fn remedies(fold: &Fold, which: filter::Remedies) -> Result<Rows, Error> {
    let filter = which.filter();
    let remedies = fold.remedies()?;
    let meant = remedies
        .iter()
        .filter(|remedy| filter.matches(remedy.proposal, fold.now()));
    Ok(meant
        .map(|remedy| (view::remedy_text(fold, remedy), view::remedy(fold, remedy)))
        .collect())
}

fn coverage(fold: &Fold, which: &filter::Coverage) -> Result<Rows, Error> {
    let filter = which.filter()?;
    let mut rows = Rows::new();
    for sensor in fold.sensors() {
        let reports = sensor.coverage().into_iter();
        let meant = reports.filter(|report| filter.matches(report));
        rows.extend(meant.map(|report| {
            let json = view::coverage(sensor, report);
            (view::coverage_line(sensor, report), json)
        }));
    }
    Ok(rows)
}

fn texts(fold: &Fold) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    for proposal in fold.proposals() {
        if let Some(text) = proposal.text(fold)? {
            rows.push((view::text_text(fold, &text), view::text(fold, &text)));
        }
    }
    Ok(rows)
}

impl Days {
    fn rows(&self, fold: &Fold) -> Result<Rows, Error> {
        let cut = DayCut::new(&self.time_zone, &self.day_start)?;
        let days = cut.days(&self.since, &self.until)?;
        let counts = self.count(fold, &days)?;
        let filtered = self.incidents.restrict();
        let sensors = fold.sensors().iter();
        let coverage: Vec<_> = sensors.map(|sensor| (sensor, sensor.coverage())).collect();
        let row = |(number, interval): (usize, Interval)| {
            let watches = coverage.iter();
            let day = view::Day {
                interval,
                sectors: counts.rows_of_day(number).collect(),
                filtered,
                watches: watches
                    .map(|(sensor, coverage)| (*sensor, Watch::of(coverage, interval)))
                    .collect(),
            };
            (view::day_line(&day), view::day(&day))
        };
        Ok(days.into_iter().enumerate().map(row).collect())
    }

    /// Counts the incidents that are meant in every day and sector.
    fn count(&self, fold: &Fold, days: &[Interval]) -> Result<Counts, Error> {
        let whole = Interval {
            start_ms: days.first().map_or(0, |day| day.start_ms),
            end_ms: days.last().map_or(0, |day| day.end_ms),
        };
        let filter = self.incidents.filter(whole);
        let mut counts = Counts::new(days.to_vec());
        for incident in fold.incidents() {
            if filter.counts(incident, fold)? {
                counts.add(&incident.newest().report);
            }
        }
        Ok(counts)
    }
}
