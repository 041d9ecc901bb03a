//! `trucelog verify successor`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::args::{OutputArgs, TrustArgs};
use super::super::output::{self, Format};
use crate::Error;
use crate::succession::follow::{Followed, Policies, follow};

/// What it does not prove.
const NOT_PROVEN: &str =
    "that no other successor was endorsed: compare the charter with the other members";

/// Check that a charter succeeds the log that is verified here, without a network, and pin the new log. Nobody's word
/// is taken: the endorsements are judged by the state of the old log at the size that the charter names. Exit 3 when
/// they are too few, or fewer entries are verified here; 1 when the charter is false, or another successor was followed
/// before.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify successor next.signed --state audit --into audit-next
  trucelog verify successor next.signed --state audit --into audit-next --new-policy next.policy -o json")]
pub(in super::super) struct Command {
    /// The signed charter of the new log.
    #[arg(value_name = "FILE.signed")]
    file: PathBuf,
    /// State directory of the new log: what is pinned goes there, for `trucelog verify log`.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Policy of the new log. Default: the witnesses and the quorum of the old log's policy.
    #[arg(long, value_name = "FILE")]
    new_policy: Option<PathBuf>,
    /// Policy of the new log with ML-DSA-44 keys.
    #[arg(long, value_name = "FILE", requires = "new_policy")]
    new_policy_pq: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.output.output
    }

    pub(super) fn run(self) -> Result<(), Error> {
        let trust = self.trust.open()?;
        let policies = match self.new_policy {
            Some(policy) => Policies::Given(policy, self.new_policy_pq),
            None => Policies::CarriedOver,
        };
        let state = self.trust.state()?;
        let followed = follow(&state, &trust, &self.file, &self.into, &policies)?;
        let (text, json) = describe(&followed, &self.into.display().to_string());
        output::print(self.output.output, &text, &json);
        Ok(())
    }
}

fn describe(followed: &Followed, into: &str) -> (String, serde_json::Value) {
    let Followed {
        founding,
        predecessor,
        members,
        left_behind,
        trust,
        warnings,
    } = followed;
    let endorsing = predecessor.endorsements.iter();
    let endorsing: Vec<&str> = endorsing.map(|item| item.member.as_str()).collect();
    let root = crate::json::hex(&predecessor.root);
    let mut text = format!(
        "VERIFIED successor {} charter {} of {} size {} root {root}; endorsed by {} of {members} members ({}); pinned in \
         {into}; not proven: {NOT_PROVEN}",
        founding.id.origin,
        founding.id.charter,
        predecessor.origin,
        predecessor.size,
        endorsing.len(),
        endorsing.join(", "),
    );
    text.push_str(&super::warnings(warnings));
    let json = json!({
        "schema": "trucelog.verify.successor/v1",
        "verdict": "verified",
        "predecessor": {
            "origin": predecessor.origin,
            "size": predecessor.size,
            "root": root,
        },
        "origin": founding.id.origin.to_string(),
        "charter": founding.id.charter.to_string(),
        "endorsed_by": endorsing,
        "members": members,
        "left_behind": left_behind,
        "pinned_in": into,
        "quorum": trust.policy.quorum_name(),
        "warnings": warnings,
        "not_proven": [NOT_PROVEN],
    });
    (text, json)
}
