//! `trucelog list`.

use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trucelog_proto::fold::{DayCut, Fold, Interval, Views as _, Watch};

use super::fold::{ReadArgs, View};
use super::output::Format;
use super::view;
use crate::Error;

/// Lists things of the locally verified log.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog list incidents
  trucelog list decisions --refresh --remote https://log.example.org -o json")]
pub(super) enum Command {
    /// List incidents in the order in which they were first reported, withdrawn ones too.
    #[command(after_help = "Examples:
  trucelog list incidents
  trucelog list incidents --as-of-size 1200 -o json")]
    Incidents(List),
    /// List cases in the order in which they were founded.
    #[command(after_help = "Examples:
  trucelog list cases
  trucelog list cases --as-of-size 1200 -o json")]
    Cases(List),
    /// List proposals with their votes and decisions, in the order of the log.
    #[command(after_help = "Examples:
  trucelog list decisions
  trucelog list decisions --as-of-size 1200 -o json")]
    Decisions(List),
    /// List adopted remedies with what each member did about them.
    #[command(after_help = "Examples:
  trucelog list remedies
  trucelog list remedies --as-of-size 1200 -o json")]
    Remedies(List),
    /// List what is known of each sensor's coverage, by time. A report that was stated anew is left out.
    #[command(after_help = "Examples:
  trucelog list coverage
  trucelog list coverage --as-of-size 1200 -o json")]
    Coverage(List),
    /// List days with the incidents in each and with how the sensors spent it.
    #[command(after_help = "Examples:
  trucelog list days --since 2021-10-29 --until 2021-11-02 --time-zone Europe/Kyiv --day-start 19:30
  trucelog list days --since 2026-03-01 --until 2026-04-01 -o json")]
    Days(Days),
    /// List adopted protocol texts with what each member did to ratify them.
    #[command(after_help = "Examples:
  trucelog list texts
  trucelog list texts --as-of-size 1200 -o json")]
    Texts(List),
    /// List summaries with what the log says to each of their counts.
    #[command(after_help = "Examples:
  trucelog list summaries
  trucelog list summaries --as-of-size 1200 -o json")]
    Summaries(List),
    /// List what the log commits to and does not show, and what was opened since.
    #[command(after_help = "Examples:
  trucelog list withheld
  trucelog list withheld --as-of-size 1200 -o json")]
    Withheld(List),
    /// List entries.
    #[command(after_help = "Examples:
  trucelog list entries
  trucelog list entries --as-of-size 100 -o json")]
    Entries(List),
}

/// The options of every list.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    read: ReadArgs,
}

/// Which days.
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
    list: List,
}

/// Lines and JSON of each thing in a list.
type Rows = Vec<(String, Value)>;

impl Command {
    pub(super) fn format(&self) -> Format {
        self.parts().1.read.output.output
    }

    fn parts(&self) -> (&'static str, &List) {
        match self {
            Self::Incidents(list) => ("incidents", list),
            Self::Cases(list) => ("cases", list),
            Self::Decisions(list) => ("decisions", list),
            Self::Remedies(list) => ("remedies", list),
            Self::Coverage(list) => ("coverage", list),
            Self::Days(days) => ("days", &days.list),
            Self::Texts(list) => ("texts", list),
            Self::Summaries(list) => ("summaries", list),
            Self::Withheld(list) => ("withheld", list),
            Self::Entries(list) => ("entries", list),
        }
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let (what, List { read }) = self.parts();
        let view = read.open(stop).await?;
        let mut now = 0;
        let rows = if matches!(self, Self::Entries(_)) {
            let mut rows = Rows::new();
            view.log.for_each(view.size, |entry| {
                now = entry.entry.accepted_time;
                rows.push((view::entry_line(&entry), view::entry_summary(&entry)));
                Ok(())
            })?;
            rows
        } else {
            let fold = view.fold()?;
            now = fold.now();
            self.rows(&view, &fold)?
        };
        let (lines, items): (Vec<String>, Vec<Value>) = rows.into_iter().unzip();
        let text = format!(
            "{}\n{} {what} as of size {}",
            lines.join("\n"),
            lines.len(),
            view.size
        );
        let json = json!({ "count": items.len(), what: items });
        read.print(&format!("list.{what}"), &view, now, text.trim_start(), json);
        Ok(())
    }

    fn rows(&self, view: &View, fold: &Fold) -> Result<Rows, Error> {
        match self {
            Self::Incidents(_) => fold
                .incidents()
                .iter()
                .map(|incident| {
                    let json = view::incident_summary(fold, incident)?;
                    Ok((view::incident_line(fold, incident)?, json))
                })
                .collect(),
            Self::Cases(_) => fold
                .cases()
                .iter()
                .map(|case| Ok((view::case_line(case), view::case(fold, case)?)))
                .collect(),
            Self::Decisions(_) => fold
                .proposals()
                .iter()
                .map(|proposal| {
                    let json = view::proposal(fold, proposal)?;
                    Ok((view::proposal_line(fold, proposal)?, json))
                })
                .collect(),
            Self::Remedies(_) => Ok(fold
                .remedies()?
                .iter()
                .map(|remedy| (view::remedy_text(fold, remedy), view::remedy(fold, remedy)))
                .collect()),
            Self::Coverage(_) => Ok(coverage(fold)),
            Self::Days(days) => days.rows(fold),
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
            Self::Entries(_) => Ok(Rows::new()),
        }
    }
}

fn coverage(fold: &Fold) -> Rows {
    let mut rows = Rows::new();
    for sensor in fold.sensors() {
        rows.extend(sensor.coverage().into_iter().map(|report| {
            let json = view::coverage(sensor, report);
            (view::coverage_line(sensor, report), json)
        }));
    }
    rows
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
        let sensors = fold.sensors().iter();
        let coverage: Vec<_> = sensors.map(|sensor| (sensor, sensor.coverage())).collect();
        let row = |interval: Interval| {
            let watches = coverage.iter();
            let day = view::Day {
                interval,
                count: interval.count(fold.incidents()),
                watches: watches
                    .map(|(sensor, coverage)| (*sensor, Watch::of(coverage, interval)))
                    .collect(),
            };
            (view::day_line(&day), view::day(&day))
        };
        let days = cut.days(&self.since, &self.until)?;
        Ok(days.into_iter().map(row).collect())
    }
}
