//! `trucelog incident`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::rules::RuleError;

use super::args::named;
use super::output;
use crate::rehearsal::{self, Verdict};
use crate::{Error, durable, json};

/// An incident report with the usual fields, to be edited.
const TEMPLATE: &str = include_str!("../../templates/incident.json");

/// Writes and checks incident reports.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog incident template > report.json
  trucelog incident check report.json")]
pub(super) enum Command {
    /// Print a report to edit.
    #[command(after_help = "Examples:
  trucelog incident template
  trucelog incident template > report.json")]
    Template,
    Check(Check),
}

/// Check a report without a network: its bytes and every rule that needs no log. References to other records, parties
/// and the limits of the log's own charter are checked by the server.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog incident check report.json
  trucelog incident check report.json --role sensor")]
pub(super) struct Check {
    /// The report as JSON.
    #[arg(value_name = "FILE")]
    report: PathBuf,
    /// Role of the station that will write it.
    #[arg(long, default_value = "monitor", value_parser = |text: &str| named(text, "ROLE_", pb::Role::from_str_name))]
    role: pb::Role,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        match self {
            Self::Template => {
                output::line(TEMPLATE.trim_end());
                Ok(())
            }
            Self::Check(command) => check(&command),
        }
    }
}

fn check(command: &Check) -> Result<(), Error> {
    let text = String::from_utf8_lossy(&durable::read(&command.report)?).into_owned();
    let record = json::parse_record(&text)?;
    if !matches!(record.body, Some(Body::IncidentReport(_))) {
        return Err(Error::NotA {
            what: command.report.display().to_string(),
            expected: "an incident report: {\"incident_report\": {…}}",
        });
    }
    match rehearsal::judge(record, command.role) {
        Ok(Verdict::Good) => output::line("OK; parties and references are checked by the server"),
        Ok(Verdict::UpTo(field)) => {
            output::line(format_args!(
                "OK up to {field}, which only the log can check"
            ));
        }
        Err(RuleError::Refused(refusal)) => return Err(refusal.into()),
        Err(RuleError::State(error)) => return Err(error.into()),
    }
    Ok(())
}
