//! The life of a case: every record that concerns it, in the order of the log.

use std::fmt;

use trucelog_proto::fold::{Case, Incident, Proposal, Stamp, Turn, Views, Written};
use trucelog_proto::pb;

use super::incident::told;
use super::proposal::kind;
use super::statement::said_by;
use super::{counted, span, time, word};
use crate::Error;

/// One record in the life of a case.
pub(super) struct Event {
    pub(super) stamp: Stamp,
    /// Its key was marked as compromised from its index or an earlier one.
    pub(super) in_doubt: bool,
    /// What it says, in a few words.
    pub(super) says: String,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stamp,
            in_doubt,
            says,
        } = self;
        let index = format!("#{}", stamp.index);
        let who = format!("{}/{}", stamp.member, stamp.station);
        let doubt = if *in_doubt { " [in doubt]" } else { "" };
        write!(
            f,
            "{index:<7} {:<24}  {who:<20}  {says}{doubt}",
            time(stamp.accepted_time)
        )
    }
}

/// Every record that concerns a case, in the order of the log.
pub(super) fn life(views: &dyn Views, case: &Case) -> Result<Vec<Event>, Error> {
    let mut events = Events {
        views,
        events: Vec::new(),
    };
    events.of_case(case)?;
    for incident in case.incidents(views)? {
        events.of_incident(&incident)?;
    }
    for proposal in case.proposals(views)? {
        events.of_proposal(&proposal)?;
    }
    let mut events = events.events;
    events.sort_by_key(|event| event.stamp.index);
    Ok(events)
}

struct Events<'v> {
    views: &'v dyn Views,
    events: Vec<Event>,
}

impl Events<'_> {
    fn add(&mut self, stamp: &Stamp, says: String) -> Result<(), Error> {
        self.events.push(Event {
            stamp: stamp.clone(),
            in_doubt: stamp.is_in_doubt(self.views)?,
            says,
        });
        Ok(())
    }

    fn of_case(&mut self, case: &Case) -> Result<(), Error> {
        for record in case.records() {
            let reports = counted(record.body.reports.len() as u64, "report");
            let says = if record.stamp == case.founding().stamp {
                format!("founds the case with {reports}: {}", case.title())
            } else {
                format!("adds {reports} to the case")
            };
            self.add(&record.stamp, says)?;
        }
        for turn in case.turns() {
            match turn {
                Turn::Closed(closure) => {
                    let result = word(closure.body.result().as_str_name(), "CLOSURE_RESULT_");
                    let says = format!("closes the case, {result}: {}", closure.body.reason);
                    self.add(&closure.stamp, says)?;
                }
                Turn::Reopened(reopening) => {
                    let says = format!("opens the case again: {}", reopening.body.reason);
                    self.add(&reopening.stamp, says)?;
                }
            }
        }
        for said in case.statements() {
            self.add_statement(said, &case.founding().stamp)?;
        }
        Ok(())
    }

    fn of_incident(&mut self, incident: &Incident) -> Result<(), Error> {
        let first = incident.first();
        let about = |index| format!("the report of #{index}");
        let report = about(first.stamp.index);
        let when = time(first.report.earliest_time);
        self.add(
            &first.stamp,
            format!("reports {}, from {when}", told(&first.report)),
        )?;
        for (version, changes) in incident.history() {
            let reason = version
                .reason
                .as_ref()
                .map_or("", |reason| reason.code.as_str_name());
            let reason = word(reason, "CORRECTION_REASON_");
            let fields: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
            let says = format!("corrects {report} ({reason}): {}", fields.join(", "));
            self.add(&version.stamp, says)?;
        }
        if let Some(withdrawal) = incident.withdrawal() {
            let reason = word(withdrawal.body.reason().as_str_name(), "WITHDRAWAL_REASON_");
            self.add(&withdrawal.stamp, format!("withdraws {report} ({reason})"))?;
        }
        for check in incident.corroborations() {
            let result = word(check.body.result().as_str_name(), "CORROBORATION_RESULT_");
            self.add(&check.stamp, format!("checks {report}: {result}"))?;
        }
        for said in incident.statements() {
            self.add_statement(said, incident.stamp_of(&said.body.target))?;
        }
        Ok(())
    }

    fn of_proposal(&mut self, proposal: &Proposal) -> Result<(), Error> {
        let written = proposal.written();
        let what = format!("{} of #{}", kind(proposal), written.stamp.index);
        let window = span(proposal.state().rule.vote_window);
        let title = &written.body.title;
        let says = format!("puts the {what} to the vote for {window}: {title}");
        self.add(&written.stamp, says)?;
        for vote in proposal.votes() {
            let choice = word(vote.body.choice().as_str_name(), "VOTE_CHOICE_");
            self.add(&vote.stamp, format!("votes on the {what}: {choice}"))?;
        }
        if let Some(decision) = proposal.decision() {
            let outcome = word(decision.body.outcome().as_str_name(), "OUTCOME_");
            self.add(&decision.stamp, format!("decides the {what}: {outcome}"))?;
        }
        for activation in proposal.activations() {
            let choice = word(activation.body.choice().as_str_name(), "ACTIVATION_CHOICE_");
            let says = format!(
                "answers the {what}: {choice}{}",
                numbers(&activation.body.measures)
            );
            self.add(&activation.stamp, says)?;
        }
        for act in proposal.follow_ups() {
            let status = word(act.body.status().as_str_name(), "FOLLOW_UP_STATUS_");
            let says = format!(
                "acts on the {what}: {status}{}",
                numbers(&act.body.measures)
            );
            self.add(&act.stamp, says)?;
        }
        for said in proposal.statements() {
            self.add_statement(said, proposal.stamp_of(&said.body.target))?;
        }
        Ok(())
    }

    fn add_statement(
        &mut self,
        said: &Written<pb::PartyStatement>,
        target: &Stamp,
    ) -> Result<(), Error> {
        let late = said.is_late(target, self.views)?;
        let says = format!("{} about #{}", said_by(said, late), target.index);
        self.add(&said.stamp, says)
    }
}

/// The numbers of measures, if some are named.
fn numbers(measures: &[u32]) -> String {
    match measures {
        [] => String::new(),
        measures => {
            let numbers: Vec<String> = measures.iter().map(u32::to_string).collect();
            format!(", measures {}", numbers.join(" "))
        }
    }
}
