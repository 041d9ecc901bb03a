//! What parties say about records, beside them and never over them.

use super::view::Views;
use super::{Stamp, Written};
use crate::pb;
use crate::state::StateError;

impl Written<pb::PartyStatement> {
    /// Tells whether it came after the reply window, which begins when the log accepts the record that it speaks about,
    /// `target`. The window is that of the rules in force then; a window of 0 never ends.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the log fails.
    ///
    /// Source: `proto/spec/fold.md`, "Party statements".
    pub fn is_late(&self, target: &Stamp, views: &dyn Views) -> Result<bool, StateError> {
        let constitution = views.load_constitution()?;
        let window = constitution.map_or(0, |constitution| {
            constitution.rules_at(target.index).reply_window
        });
        let end = target.accepted_time.saturating_add(window);
        Ok(window > 0 && self.stamp.accepted_time > end)
    }
}
