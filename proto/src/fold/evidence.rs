//! Pieces of evidence, open or sealed.

use super::Written;
use super::view::{View, cannot_begin};
use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::record::Body;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// A piece of evidence with the opening of its commitment and what parties say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    item: Written<pb::EvidenceItem>,
    disclosure: Option<Written<pb::Disclosure>>,
    statements: Vec<Written<pb::PartyStatement>>,
}

impl Evidence {
    /// Digest of its record: its name.
    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        self.item.stamp.digest
    }

    /// The record that registers it.
    #[must_use]
    pub fn item(&self) -> &Written<pb::EvidenceItem> {
        &self.item
    }

    /// The opening of its commitment to everyone.
    #[must_use]
    pub fn disclosure(&self) -> Option<&Written<pb::Disclosure>> {
        self.disclosure.as_ref()
    }

    /// What parties say about it, in the order of the log.
    #[must_use]
    pub fn statements(&self) -> &[Written<pb::PartyStatement>] {
        &self.statements
    }
}

impl View for Evidence {
    fn found(placed: Placed<'_>, _state: &dyn State) -> Result<Self, StateError> {
        let Some(Body::EvidenceItem(item)) = placed.body() else {
            return Err(cannot_begin("piece of evidence", placed));
        };
        Ok(Self {
            item: Written::new(placed, item),
            disclosure: None,
            statements: Vec::new(),
        })
    }

    fn append(&mut self, placed: Placed<'_>, _state: &dyn State) -> Result<(), StateError> {
        match placed.body() {
            Some(Body::Disclosure(body)) => self.disclosure = Some(Written::new(placed, body)),
            Some(Body::PartyStatement(body)) => self.statements.push(Written::new(placed, body)),
            _ => {}
        }
        Ok(())
    }
}
