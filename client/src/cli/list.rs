//! `trucelog list`.

use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use trucelog_proto::fold::{Fold, Views as _};

use super::fold::ReadArgs;
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
            self.rows(&fold)?
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

    fn rows(&self, fold: &Fold) -> Result<Rows, Error> {
        match self {
            Self::Incidents(_) => fold
                .incidents()
                .iter()
                .map(|incident| {
                    let json = view::incident_summary(fold, incident)?;
                    Ok((view::incident_line(incident), json))
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
                .map(|remedy| (view::remedy_text(remedy), view::remedy(remedy)))
                .collect()),
            Self::Entries(_) => Ok(Rows::new()),
        }
    }
}
