//! `trucelog propose rules`.

use std::path::PathBuf;

use clap::Args;
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;

use super::Common;
use crate::{Error, durable, json};

/// Ask which rules are in force: complete new rules, as JSON like `rules` of a charter.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog propose rules rules.json --title \"Stricter proof\" --station-dir authority
  trucelog propose rules rules.json --title \"Stricter proof\" --station-dir authority --sign-only rules.signed")]
pub(in super::super) struct Rules {
    /// The rules; `trucelog charter template` shows their form below `charter.rules`.
    #[arg(value_name = "FILE")]
    rules: PathBuf,
    #[command(flatten)]
    common: Common,
}

impl Rules {
    pub(super) fn question(self) -> Result<(Question, Common), Error> {
        let text = String::from_utf8_lossy(&durable::read(&self.rules)?).into_owned();
        let rules: pb::Rules = json::parse("trucelog.v1.Rules", &text)?;
        let proposal = pb::RulesProposal { rules: Some(rules) };
        Ok((Question::Rules(proposal), self.common))
    }
}
