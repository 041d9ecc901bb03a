//! `trucelog sign`.

use std::path::PathBuf;

use clap::Args;

use super::args::TrustArgs;
use super::author::{SignerArgs, write_signed};
use crate::{Error, durable, json};

/// Signs a record that is written as JSON.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog sign report.json --station-dir station --member UKR --station m1 -o report.signed
  trucelog sign report.json --key key.pem --member UKR --station m1 --sequence 7 \\
      --origin example.org/log --charter SHA256 -o report.signed")]
pub(super) struct Command {
    /// The record as JSON, an incident report or any other body; see `trucelog incident template`.
    #[arg(value_name = "FILE")]
    record: PathBuf,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Where to write the signed record, which `trucelog submit` takes.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        let text = String::from_utf8_lossy(&durable::read(&self.record)?).into_owned();
        let record = json::parse_record(&text)?;
        let signer = self.signer.open(&self.trust)?;
        let (_, submission) = self.signer.sign(&signer, record)?;
        write_signed(&self.out, &submission)
    }
}
