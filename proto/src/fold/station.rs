//! Stations: what was changed of their keys.

use super::view::{View, Views, cannot_begin};
use super::{Stamp, Written};
use crate::pb;
use crate::pb::record::Body;
use crate::pb::station_change::Change;
use crate::rules::Placed;
use crate::state::{State, StateError};

/// A station with the changes of its keys. The first keys of a member's authority stand in the record that admitted the
/// member, and not here.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    changes: Vec<Written<pb::StationChange>>,
}

impl Station {
    /// The changes in the order of the log. At least one.
    #[must_use]
    pub fn changes(&self) -> &[Written<pb::StationChange>] {
        &self.changes
    }

    /// The mark that puts a record of this station in doubt: its key is marked as compromised from the record's index
    /// or an earlier one.
    #[must_use]
    pub fn doubt(&self, stamp: &Stamp) -> Option<&Written<pb::StationChange>> {
        self.changes.iter().find(|change| {
            matches!(&change.body.change, Some(Change::CompromiseMark(mark))
                if mark.public_key == stamp.public_key.as_bytes()
                    && mark.since_index <= stamp.index.get())
        })
    }
}

impl View for Station {
    fn found(placed: Placed<'_>, state: &dyn State) -> Result<Self, StateError> {
        let mut station = Self {
            changes: Vec::new(),
        };
        station.append(placed, state)?;
        Ok(station)
    }

    fn append(&mut self, placed: Placed<'_>, _state: &dyn State) -> Result<(), StateError> {
        let Some(Body::StationChange(change)) = placed.body() else {
            return Err(cannot_begin("change of a station", placed));
        };
        self.changes.push(Written::new(placed, change));
        Ok(())
    }
}

impl Stamp {
    /// Tells whether the key that signed this record was marked as compromised from its index or an earlier one. The
    /// record counts as before.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    pub fn is_in_doubt(&self, views: &dyn Views) -> Result<bool, StateError> {
        let station = views.load_station(&self.member, &self.station)?;
        Ok(station.is_some_and(|station| station.doubt(self).is_some()))
    }
}
