//! `trucelog charter endorse`: a member's consent to the charter of a log that succeeds another one.

use std::path::{Path, PathBuf};

use clap::Args;
use trucelog_proto::canonical::grammar;
use trucelog_proto::fold::{Difference, difference};
use trucelog_proto::hash::TreeSize;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::succession;

use crate::cli::output;
use crate::reader::LocalLog;
use crate::succession::{Predecessor, in_file};
use crate::trust::Trust;
use crate::{Error, durable, founding, json, key};

/// Name of the message in a file of `charter endorse`.
const ENDORSEMENT: &str = "trucelog.v1.Endorsement";

/// Consent to a charter that names a predecessor, without a network: a member's authority signs it, every word. Shows
/// what is signed and, with the verified predecessor, what the charter changes. An endorsement cannot be taken back,
/// and two endorsed successors of one log are evidence against whoever endorsed both.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog charter endorse next.json --member DEU --key DEU/authority.pem --out DEU.endorsement --state audit
  trucelog charter endorse next.json --member FRA --key FRA/authority.pem --out FRA.endorsement")]
pub(in crate::cli) struct Command {
    /// The charter as JSON, complete but for endorsements; see `trucelogd init --draft`.
    #[arg(value_name = "FILE")]
    charter: PathBuf,
    /// Code of the member.
    #[arg(long, value_name = "CODE")]
    member: String,
    /// Private key of the member's authority, as the predecessor has it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// State directory with the verified predecessor. What it contradicts is refused.
    #[arg(long, env = "TRUCELOG_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where to write the endorsement, for `trucelog charter new --endorsement`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        let (_, mut charter) = founding::read_draft(&self.charter)?;
        let key = key::read(&self.key)?;
        let endorsement = succession::endorse(&charter, &self.member, &key)?;
        predecessor(&mut charter)?.endorsements = vec![endorsement.clone()];
        founding::rehearse(&charter)?;
        let beside = match &self.state {
            Some(state) => Some(self.compare(state, &charter)?),
            None => None,
        };
        output::line(String::from_utf8_lossy(&succession::statement(&charter)?).trim_end());
        describe(&charter, beside.as_deref());
        let text = format!("{:#}\n", json::from_message(ENDORSEMENT, &endorsement));
        durable::replace(&self.out, text.as_bytes())?;
        output::line(format_args!(
            "endorsed by {} in {}",
            self.member,
            self.out.display()
        ));
        Ok(())
    }

    /// Refuses what the verified predecessor contradicts, and gives what the charter changes.
    fn compare(&self, state: &Path, charter: &pb::Charter) -> Result<Vec<Difference>, Error> {
        let trust = Trust::open(state, None, None)?;
        let log = LocalLog::open(state, &trust)?;
        let size = charter.predecessor.as_ref().map_or(0, |named| named.size);
        let own = Predecessor::at(&log, &trust.id, TreeSize::new(size))?;
        own.verify_so_far(charter).map_err(in_file(&self.charter))?;
        let terms = own.terms(|index| log.entry(index).map(|entry| entry.record))?;
        let record = |charter: &pb::Charter| {
            let mut charter = charter.clone();
            charter.predecessor = None;
            pb::Record {
                body: Some(Body::Charter(charter)),
                ..pb::Record::default()
            }
        };
        Ok(difference(
            &grammar::RECORD,
            &record(&terms),
            &record(charter),
        ))
    }
}

/// Says what the charter is, beside what the predecessor carries over.
fn describe(charter: &pb::Charter, beside: Option<&[Difference]>) {
    let members: Vec<&str> = charter.members.iter().map(|member| &*member.code).collect();
    output::line(format_args!("log key {}", charter.log_key));
    output::line(format_args!(
        "operator key {}",
        json::hex(&charter.operator_key)
    ));
    output::line(format_args!("members {}", members.join(", ")));
    let Some(beside) = beside else {
        output::line(
            "NOT compared with the predecessor: give --state with its verified log, or read the whole charter",
        );
        return;
    };
    for Difference { path, old, new } in beside {
        let words = |value: &Option<_>| value.as_ref().map_or("–".to_owned(), ToString::to_string);
        output::line(format_args!(
            "changed {path}: {} -> {}",
            words(old),
            words(new)
        ));
    }
}

/// Puts endorsements from files into a charter, in the order of the members.
///
/// # Errors
/// [`Error::Io`]; [`Error::Json`]; [`Error::Invalid`] when the charter names no predecessor.
pub(super) fn collect(charter: &mut pb::Charter, files: &[PathBuf]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let endorsements = &mut predecessor(charter)?.endorsements;
    for file in files {
        let text = String::from_utf8_lossy(&durable::read(file)?).into_owned();
        endorsements.push(json::parse(ENDORSEMENT, &text)?);
    }
    endorsements.sort_by(|one, other| one.member.cmp(&other.member));
    Ok(())
}

fn predecessor(charter: &mut pb::Charter) -> Result<&mut pb::Predecessor, Refusal> {
    let named = charter.predecessor.as_mut();
    named.ok_or_else(|| Refusal::new(Reason::FieldRequired, "charter.predecessor"))
}
