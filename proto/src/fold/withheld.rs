//! What the log commits to and does not show.

use super::Stamp;
use super::evidence::Evidence;
use super::incident::Incident;
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
        let mut found: Vec<Withheld> = Vec::new();
        for version in self.versions() {
            for (kind, commitment) in commitments(&version.report) {
                let known = |known: &Withheld| known.kind == kind && known.commitment == commitment;
                if !found.iter().any(known) {
                    found.push(Withheld {
                        kind,
                        commitment: commitment.to_vec(),
                        by: version.stamp.clone(),
                        opened: None,
                    });
                }
            }
        }
        found
    }
}

fn commitments(report: &pb::IncidentReport) -> impl Iterator<Item = (WithheldKind, &[u8])> {
    let observer = match report
        .place
        .as_ref()
        .and_then(|place| place.location.as_ref())
    {
        Some(Location::BearingFix(fix)) => fix.observer_commitment.as_slice(),
        _ => &[],
    };
    let facilities = report.damage.iter().map(|damage| {
        (
            WithheldKind::Facility,
            damage.facility_commitment.as_slice(),
        )
    });
    std::iter::once((WithheldKind::Observer, observer))
        .chain(facilities)
        .filter(|(_, commitment)| !commitment.is_empty())
}
