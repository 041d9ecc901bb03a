//! The command `trucelog`: one file per subcommand. Everything that can be done without a terminal is in the library.

mod activate;
mod args;
mod author;
mod bench;
mod case;
mod changes;
mod charter;
mod close;
mod correct;
mod corroborate;
mod coverage;
mod decide;
mod demo;
mod disclose;
mod evidence;
mod export;
mod filter;
mod fold;
mod follow_up;
mod get;
mod import;
mod incident;
mod key;
mod list;
mod outbox;
mod output;
mod progress;
mod propose;
mod ratify;
mod reopen;
mod sign;
mod statement;
mod station;
mod submit;
mod summary;
mod verify;
mod view;
mod vote;
mod withdraw;
mod witness;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::Error;
use crate::exit::{self, Exit};
use output::Format;

const EXAMPLES: &str = "Examples:
  trucelog verify receipt report.tlog-proof --policy policy --charter SHA256
  trucelog verify log --remote https://log.example.org --policy policy --charter SHA256";

/// Writes, submits, reads and verifies the records of a ceasefire log, trusting no server.
#[derive(Debug, Parser)]
#[command(name = "trucelog", version, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::help()))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, show and convert keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Write, endorse and show the charter that founds a log.
    #[command(subcommand)]
    Charter(charter::Command),
    /// Enrol, rotate, revoke and mark station keys.
    #[command(subcommand)]
    Station(station::Command),
    /// Write and check incident reports, without a network.
    #[command(subcommand)]
    Incident(incident::Command),
    /// Sign a record, without a network.
    Sign(sign::Command),
    /// Submit signed records and keep their receipts. The same command again goes on where it stopped.
    Submit(submit::Command),
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// State whether a sensor was listening.
    Coverage(coverage::Command),
    /// Register a piece of evidence, open or sealed.
    Evidence(evidence::Command),
    /// Open a sealed piece of evidence to everyone.
    Disclose(disclose::Command),
    /// State what a check of another member's report gave.
    Corroborate(corroborate::Command),
    /// Restate a report; the version before stays in the log.
    Correct(correct::Command),
    /// Take a report back for good; it stays in the log.
    Withdraw(withdraw::Command),
    /// State what a party says about a record.
    Statement(statement::Command),
    /// Group the reports of one breach, or extend a group.
    Case(case::Command),
    /// Put a question to a vote.
    #[command(subcommand)]
    Propose(propose::Command),
    /// Cast a member's one and final vote.
    Vote(vote::Command),
    /// Record the outcome of a vote, computed from the verified log.
    Decide(decide::Command),
    /// Record a member's own decision on an adopted remedy.
    Activate(activate::Command),
    /// Record what a member did about the measures that it approved.
    FollowUp(follow_up::Command),
    /// Record a member's national step on an adopted protocol text.
    Ratify(ratify::Command),
    /// End a case, with the result that its decisions give.
    Close(close::Command),
    /// Open a closed case again, on something that is new.
    Reopen(reopen::Command),
    /// State counts for an interval, which readers recompute.
    Summary(summary::Command),
    /// Check receipts, checkpoints and whole logs.
    #[command(subcommand)]
    Verify(verify::Command),
    /// Cosign what was verified, for others to count.
    #[command(subcommand)]
    Witness(witness::Command),
    /// Show one thing of the locally verified log.
    #[command(subcommand)]
    Get(get::Command),
    /// List things of the locally verified log.
    #[command(subcommand)]
    List(list::Command),
    Changes(changes::Command),
    Import(import::Command),
    #[command(subcommand)]
    Export(export::Command),
    Demo(demo::Command),
    #[command(subcommand)]
    Bench(bench::Command),
}

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = cli.command.format();
    let stop = Stop::default();
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(cli.command, stop)),
        Err(error) => Err(Error::io(Path::new("tokio"))(error)),
    };
    match result {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            output::report(&error, format);
            error.exit().into()
        }
    }
}

/// Whether the user has interrupted.
#[derive(Clone, Debug, Default)]
struct Stop {
    flag: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

/// Ends a command at its next wait when the user interrupts; files are written between waits, each whole or not at
/// all. A check of a log looks at the flag and saves its progress first.
async fn run(command: Command, stop: Stop) -> Result<(), Error> {
    let name = Path::new("signals");
    let interrupt = signal(SignalKind::interrupt()).map_err(Error::io(name))?;
    let terminate = signal(SignalKind::terminate()).map_err(Error::io(name))?;
    tokio::spawn(watch_signals(interrupt, terminate, stop.clone()));
    tokio::select! {
        biased;
        result = command.run(&stop.flag) => result,
        () = stop.notify.notified() => Err(Error::Interrupted),
    }
}

async fn watch_signals(mut interrupt: Signal, mut terminate: Signal, stop: Stop) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.flag.store(true, Ordering::Relaxed);
    stop.notify.notify_one();
}

impl Command {
    /// The format of the answer, which errors have too.
    fn format(&self) -> Format {
        match self {
            Self::Submit(command) => command.format(),
            Self::Outbox(command) => command.format(),
            Self::Verify(command) => command.format(),
            Self::Witness(command) => command.format(),
            Self::Get(command) => command.format(),
            Self::List(command) => command.format(),
            Self::Changes(command) => command.format(),
            Self::Import(command) => command.format(),
            Self::Export(command) => command.format(),
            Self::Demo(command) => command.format(),
            Self::Bench(command) => command.format(),
            _ => Format::Text,
        }
    }

    async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        match self {
            Self::Key(command) => command.run(),
            Self::Charter(command) => command.run(),
            Self::Station(command) => command.run().await,
            Self::Incident(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Submit(command) => command.run().await,
            Self::Outbox(command) => command.run().await,
            Self::Coverage(command) => command.run().await,
            Self::Evidence(command) => command.run().await,
            Self::Disclose(command) => command.run().await,
            Self::Corroborate(command) => command.run().await,
            Self::Correct(command) => command.run().await,
            Self::Withdraw(command) => command.run().await,
            Self::Statement(command) => command.run().await,
            Self::Case(command) => command.run().await,
            Self::Propose(command) => command.run().await,
            Self::Vote(command) => command.run().await,
            Self::Decide(command) => command.run().await,
            Self::Activate(command) => command.run().await,
            Self::FollowUp(command) => command.run().await,
            Self::Ratify(command) => command.run().await,
            Self::Close(command) => command.run().await,
            Self::Reopen(command) => command.run().await,
            Self::Summary(command) => command.run().await,
            Self::Verify(command) => command.run(stop).await,
            Self::Witness(command) => command.run(stop).await,
            Self::Get(command) => command.run(stop).await,
            Self::List(command) => command.run(stop).await,
            Self::Changes(command) => command.run(stop).await,
            Self::Import(command) => command.run(stop),
            Self::Export(command) => command.run(stop).await,
            Self::Demo(command) => command.run().await,
            Self::Bench(command) => command.run().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The parser itself looks at this in debug builds only.
    #[test]
    fn no_command_has_two_options_of_one_name() {
        fn check<'c>(command: &clap::Command, names: impl Iterator<Item = &'c str>) {
            let mut seen = std::collections::BTreeSet::new();
            for name in names {
                assert!(seen.insert(name), "{name} of {command} is there twice");
            }
        }
        fn visit(command: &clap::Command) {
            let names = command.get_arguments().filter_map(clap::Arg::get_long);
            check(command, names);
            let identifiers = command.get_arguments().map(clap::Arg::get_id);
            check(command, identifiers.map(clap::Id::as_str));
            command.get_subcommands().for_each(visit);
        }
        visit(&Cli::command());
    }

    /// Every command that does something shows two examples of itself.
    #[test]
    fn every_help_has_two_examples() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path}{} ", command.get_name());
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let examples = help
                .lines()
                .filter(|line| line.contains(path.trim_end()))
                .count();
            assert!(examples >= 2, "{path}has {examples} examples in its help");
            command
                .get_subcommands()
                .for_each(|command| visit(command, &path));
        }
        visit(&Cli::command(), "");
    }
}
