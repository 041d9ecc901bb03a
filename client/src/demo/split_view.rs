//! A split view: the operator goes on with two histories, both signed with the log's own key, and shows one to each of
//! two members.
//!
//! Its own server would not: with its witnesses configured it signs nothing before they have confirmed what was signed
//! last. So it runs the second one with a policy that needs nobody.

use std::path::PathBuf;

use super::DemoError;
use super::cast::Cast;
use super::second::Second;
use super::server::Server;
use super::setting::{Programs, Setting, copy_directory};
use crate::exit::Exit;
use crate::retry::Patience;
use crate::submit::Submitter;
use crate::trust::Trust;
use crate::{Error, durable, remote};

/// Name of the file of evidence in the directory that is kept.
pub const EVIDENCE: &str = "split-view.json";

/// What came of a split view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitView {
    /// A member that had seen nothing before was told that the other history has no quorum.
    pub unproven_without_witnesses: bool,
    /// The member that had seen the first history found the second one false, and its evidence suffices on its own.
    pub caught: bool,
    /// What the evidence says, in sentences.
    pub sentences: Vec<String>,
    /// The file of evidence, if there is one.
    pub evidence: Option<PathBuf>,
}

/// Shows two histories. `second` has verified the log in the state directory `verifier`.
pub(super) async fn show(
    programs: &Programs,
    setting: &mut Setting,
    cast: &mut Cast,
    second: Second<'_>,
    patience: Patience,
) -> Result<SplitView, DemoError> {
    setting.server.stop()?;
    let fork = second.directory.join("fork");
    for part in ["data", "anchor"] {
        copy_directory(&second.directory.join(part), &fork.join(part))?;
    }
    for file in ["log.key", "log-pq.key", "log-policy"] {
        let bytes = durable::read(&second.directory.join(file))?;
        durable::create_private(&fork.join(file), &bytes)?;
    }
    setting.server.start_again()?;
    let forked = Server::without_witnesses(&programs.trucelogd, &fork)?;

    let id = &setting.trust.id;
    let histories = [
        (
            setting.server.url(),
            &setting.trust,
            "monitor-of-one-history",
        ),
        (forked.url(), &setting.log_trust, "monitor-of-the-other"),
    ];
    for ((url, trust, station), member) in histories.into_iter().zip(&mut cast.members) {
        let (_, submission) = member.enrol_monitor(id, station)?;
        submitter(&url, trust, patience)?
            .submit(&submission)
            .await?;
    }

    let verifier = second.directory.join("verifier");
    second.verify_log(&setting.server.url(), &verifier)?;
    let fresh = second.check_log(&forked.url(), &second.directory.join("fork-reader"))?;
    let older = second.check_log(&forked.url(), &verifier)?;
    let evidence = older.answer["evidence"].as_str().map(PathBuf::from);
    let Some(evidence) = evidence.filter(|_| older.code == Some(Exit::False.code().into())) else {
        return Ok(SplitView {
            unproven_without_witnesses: fresh.code == Some(Exit::NotEnough.code().into()),
            caught: false,
            sentences: Vec::new(),
            evidence: None,
        });
    };
    let kept = second.directory.join(EVIDENCE);
    durable::replace(&kept, &durable::read(&evidence)?)?;
    let judged = second.judge_evidence(&kept)?;
    let sentences = judged.answer["explanation"]
        .as_array()
        .into_iter()
        .flatten();
    Ok(SplitView {
        unproven_without_witnesses: fresh.code == Some(Exit::NotEnough.code().into()),
        caught: judged.code == Some(Exit::Done.code().into()),
        sentences: sentences
            .filter_map(|sentence| sentence.as_str().map(str::to_owned))
            .collect(),
        evidence: Some(kept),
    })
}

fn submitter(url: &str, trust: &Trust, patience: Patience) -> Result<Submitter, Error> {
    let channel = remote::connect(url, None)?;
    Ok(Submitter::new(channel, trust.clone(), patience))
}
