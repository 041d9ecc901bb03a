//! What the log commits to and does not show.

use super::Stamp;
use super::evidence::Evidence;
use super::incident::Incident;
use super::sensor::Sensor;
use crate::pb;
use crate::pb::evidence_item::Content;
use crate::pb::place::Location;

/// Content that a record commits to and does not show.
#[derive(Clone, Debug, PartialEq)]
pub struct Withheld {
    /// What it is.
    pub kind: WithheldKind,
    /// The commitment, 32 bytes.
    pub commitment: Vec<u8>,
    /// The record that commits to it; of several versions of a report, the first.
    pub by: Stamp,
    /// The record that opens it to everyone; absent while it is withheld.
    pub opened: Option<Stamp>,
}

/// What is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WithheldKind {
    /// A piece of evidence.
    Evidence,
    /// A facility that was damaged.
    Facility,
    /// The position of an observer.
    Observer,
}

impl Evidence {
    /// What it withholds or withheld; absent for a piece of evidence that was never sealed.
    #[must_use]
    pub fn withheld(&self) -> Option<Withheld> {
        match &self.item().body.content {
            Some(Content::Sealed(sealed)) => Some(Withheld {
                kind: WithheldKind::Evidence,
                commitment: sealed.commitment.clone(),
                by: self.item().stamp.clone(),
                opened: self.disclosure().map(|opening| opening.stamp.clone()),
            }),
            _ => None,
        }
    }
}

impl Incident {
    /// What its versions withhold, each commitment once.
    #[must_use]
    pub fn withheld(&self) -> Vec<Withheld> {
        let versions = self.versions();
        once(versions.flat_map(|version| {
            let report = &version.report;
            let observer = observer(report.place.as_ref());
            observer
                .chain(facilities(report))
                .map(|held| (held, &version.stamp))
        }))
    }
}

impl Sensor {
    /// What its coverage reports withhold, each commitment once.
    #[must_use]
    pub fn withheld(&self) -> Vec<Withheld> {
        once(self.reports().iter().flat_map(|report| {
            let observer = observer(report.body.place.as_ref());
            observer.map(|held| (held, &report.stamp))
        }))
    }
}

/// What is withheld, and the commitment.
type Held<'a> = (WithheldKind, &'a [u8]);

/// Leaves out what an earlier record held already. Such commitments are never opened in the log.
fn once<'a>(held: impl Iterator<Item = (Held<'a>, &'a Stamp)>) -> Vec<Withheld> {
    let mut found: Vec<Withheld> = Vec::new();
    for ((kind, commitment), by) in held {
        let known = |known: &Withheld| known.kind == kind && known.commitment == commitment;
        if !found.iter().any(known) {
            found.push(Withheld {
                kind,
                commitment: commitment.to_vec(),
                by: by.clone(),
                opened: None,
            });
        }
    }
    found
}

fn observer(place: Option<&pb::Place>) -> impl Iterator<Item = Held<'_>> {
    let location = place.and_then(|place| place.location.as_ref());
    let fix = location.and_then(|location| match location {
        Location::BearingFix(fix) => Some(fix.observer_commitment.as_slice()),
        Location::Position(_) => None,
    });
    fix.into_iter()
        .map(|commitment| (WithheldKind::Observer, commitment))
}

fn facilities(report: &pb::IncidentReport) -> impl Iterator<Item = Held<'_>> {
    let commitments = report
        .damage
        .iter()
        .map(|damage| damage.facility_commitment.as_slice());
    let given = commitments.filter(|commitment| !commitment.is_empty());
    given.map(|commitment| (WithheldKind::Facility, commitment))
}
