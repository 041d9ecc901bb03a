//! What the verified log says, compared with the tables.
//!
//! In scope: entries that a verifier has fetched and verified, folded. Nothing here knows what was sent.

use std::collections::BTreeMap;

use trucelog_proto::fold::{Flag, Fold, Incident, Proposal, ProposalStatus, Version, Views as _};
use trucelog_proto::hash::{LeafIndex, RecordDigest, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::rules::{self, BODY_NAMES};

use super::DemoError;
use super::data::{Column, Row, Table};
use super::mapping;
use crate::Error;
use crate::reader::LocalLog;

/// Folds the first `size` verified entries.
///
/// # Errors
/// [`DemoError::Client`] when the verifier's files cannot be read.
pub fn fold(log: &LocalLog, size: TreeSize) -> Result<Fold, DemoError> {
    let mut fold = Fold::default();
    log.for_each(size, |entry| Ok(fold.append_entry(&entry.bytes)?))?;
    Ok(fold)
}

/// What differs between the incidents in force and a table, one line each; none when they are equal field by field.
#[must_use]
pub fn differences(fold: &Fold, table: &Table) -> Vec<String> {
    let mut expected: BTreeMap<&str, &Row> = table.rows.iter().map(|row| (row.id(), row)).collect();
    let mut differences = Vec::new();
    for incident in fold.incidents() {
        let Some(version) = incident.in_force() else {
            continue;
        };
        match mapping::row(&version.report) {
            Err(error) => differences.push(format!("incident {}: {error}", incident.digest())),
            Ok(row) => match expected.remove(row.id()) {
                None => differences.push(format!("event {}: not expected, or twice", row.id())),
                Some(expected) => differences.extend(fields(expected, &row)),
            },
        }
    }
    differences.extend(expected.keys().map(|id| format!("event {id}: missing")));
    differences
}

fn fields(expected: &Row, found: &Row) -> Vec<String> {
    let differ = Column::ALL
        .into_iter()
        .filter(|&column| expected[column] != found[column]);
    differ
        .map(|column| {
            format!(
                "event {}: {} is {:?}, not {:?}",
                expected.id(),
                column.name(),
                found[column],
                expected[column]
            )
        })
        .collect()
}

/// What a fold counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Incidents in force.
    pub in_force: usize,
    /// Incidents that were withdrawn.
    pub withdrawn: usize,
    /// Incidents with at least one correction.
    pub corrected: usize,
    /// Columns that corrections changed, over all incidents.
    pub changed_columns: usize,
    /// Incidents in force with a flagged version.
    pub flagged: usize,
}

/// Counts the incidents.
#[must_use]
pub fn count(fold: &Fold) -> Counts {
    let of = |is: &dyn Fn(&Incident) -> bool| {
        fold.incidents()
            .iter()
            .filter(|incident| is(incident))
            .count()
    };
    let flagged = |incident: &Incident| {
        let version = incident.in_force();
        version.is_some_and(|version| version.flags().contains(&Flag::CasualtyRange))
    };
    Counts {
        in_force: of(&|incident| incident.in_force().is_some()),
        withdrawn: of(&|incident| incident.withdrawal().is_some()),
        corrected: of(&|incident| incident.versions().nth(1).is_some()),
        changed_columns: fold.incidents().iter().map(changed_columns).sum(),
        flagged: of(&flagged),
    }
}

/// Number of columns in which the newest version of an incident differs from the first.
fn changed_columns(incident: &Incident) -> usize {
    let row = |version: &Version| mapping::row(&version.report).unwrap_or_default();
    let (first, newest) = (row(incident.first()), row(incident.newest()));
    Column::ALL
        .into_iter()
        .filter(|&column| first[column] != newest[column])
        .count()
}

/// What the log says about the commission's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commission {
    /// Decisions that adopted a proposal.
    pub adopted: usize,
    /// Votes cast.
    pub votes: usize,
    /// Dissents, each with an opinion.
    pub dissents: usize,
    /// Members that activated a remedy, in whole or in part.
    pub activated: usize,
    /// Changes to the basis of the attribution since it was proposed.
    pub basis_marks: usize,
}

/// Reads what the log says about the commission's work.
///
/// # Errors
/// [`DemoError::Client`] when the fold is damaged.
pub fn commission(fold: &Fold) -> Result<Commission, DemoError> {
    let proposals = fold.proposals();
    let votes = || proposals.iter().flat_map(Proposal::votes);
    let adopted = ProposalStatus::Decided(pb::Outcome::Adopted);
    let remedies = fold.remedies().map_err(Error::from)?;
    let responses = remedies.iter().flat_map(|remedy| &remedy.responses);
    let is_attribution = |proposal: &&Proposal| {
        let question = proposal.written().body.question.as_ref();
        matches!(question, Some(pb::proposal::Question::Attribution(_)))
    };
    let marks = match proposals.iter().find(is_attribution) {
        Some(attribution) => attribution.basis_marks(fold).map_err(Error::from)?,
        None => Vec::new(),
    };
    Ok(Commission {
        adopted: proposals
            .iter()
            .filter(|proposal| proposal.status(fold.now()) == adopted)
            .count(),
        votes: votes().count(),
        dissents: votes()
            .filter(|vote| vote.body.choice() == pb::VoteChoice::Dissent)
            .filter(|vote| !vote.body.opinion.is_empty())
            .count(),
        activated: responses
            .filter(|response| response.newest.is_some())
            .count(),
        basis_marks: marks.len(),
    })
}

/// How many records there are of each kind of body, by the name that the schema gives it.
///
/// # Errors
/// [`DemoError::Client`] when the verifier's files cannot be read.
pub fn bodies(log: &LocalLog) -> Result<BTreeMap<&'static str, usize>, DemoError> {
    let mut bodies: BTreeMap<&str, usize> = BODY_NAMES.iter().map(|name| (*name, 0)).collect();
    log.for_each(log.size(), |entry| {
        let name = entry.record.body.as_ref().map(rules::body_name);
        let count = name.and_then(|name| bodies.get_mut(name));
        if let Some(count) = count {
            *count += 1;
        }
        Ok(())
    })?;
    Ok(bodies)
}

/// Tells whether the log holds each acknowledged record where its receipt says.
///
/// # Errors
/// [`DemoError::Client`] when the verifier's files cannot be read.
pub fn holds_all(
    log: &LocalLog,
    acknowledged: &[(LeafIndex, RecordDigest)],
) -> Result<bool, DemoError> {
    let mut digests: BTreeMap<LeafIndex, RecordDigest> = BTreeMap::new();
    log.for_each(log.size(), |entry| {
        digests.insert(entry.entry.index, entry.digest);
        Ok(())
    })?;
    Ok(acknowledged
        .iter()
        .all(|(index, digest)| digests.get(index) == Some(digest)))
}
