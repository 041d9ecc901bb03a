//! `trucelog demo`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::OutputArgs;
use super::output::{self, Format};
use crate::Error;
use crate::demo::desk::Inputs;
use crate::demo::scenario::{self, Options};
use crate::demo::setting::Programs;
use crate::demo::{DemoError, find};

/// Share of the revisions, in thousandths, that is acknowledged when the server is killed.
const CRASH: usize = 333;

/// Replay published reports and their revisions through a real server, and verify everything in a second process.
///
/// Seven members, each with a witness, report 1,167 events, take one breach to a remedy, and follow the published
/// revisions; the server is killed in the middle of it. A second process then verifies the log, and what it verified is
/// compared with the published tables field by field. At last the operator changes a byte, and shows two members two
/// histories; both are caught. The command succeeds only if all of it holds.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog demo
  trucelog demo --keep trucelog-demo -o json")]
pub(super) struct Command {
    /// The program trucelogd. Default: TRUCELOGD, beside this program, or on PATH.
    #[arg(long, value_name = "PATH")]
    server_bin: Option<PathBuf>,
    /// Keep the log and everything else in this new directory. Default: a temporary one.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.output.output
    }

    pub(super) async fn run(self) -> Result<(), Error> {
        let own = std::env::current_exe();
        let options = Options {
            programs: Programs {
                trucelogd: find(
                    "trucelogd",
                    "--server-bin",
                    "TRUCELOGD",
                    self.server_bin.as_deref(),
                )?,
                trucelog: own.map_err(Error::io(Path::new("trucelog")))?,
            },
            keep: self.keep,
            crashes: vec![CRASH],
        };
        let inputs = Inputs::published().map_err(DemoError::from)?;
        let summary = scenario::run(&options, &inputs, &|what| eprintln!("demo: {what}")).await?;
        output::print(self.output.output, &summary.to_text(), &summary.to_json());
        Ok(summary.check()?)
    }
}
