//! What a demonstration has shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::DemoError;
use super::check::{Commission, Counts};
use super::desk::Inputs;
use super::split_view::{EVIDENCE, SplitView};

/// Schema of the summary as JSON.
pub const SCHEMA: &str = "trucelog.demo/v1";

/// What a demonstration has shown, all of it read from the entries that the second process fetched and verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Entries in the log.
    pub entries: u64,
    /// Entries that the second process verified.
    pub entries_verified: u64,
    /// What the log counts in the end.
    pub counts: Counts,
    /// What the log counted before the revisions.
    pub first_counts: Counts,
    /// What differs from the tables; empty when every field of both is equal.
    pub differences: Vec<String>,
    /// What the log says about the commission's work.
    pub commission: Commission,
    /// How many records there are of each kind of body.
    pub bodies: BTreeMap<&'static str, usize>,
    /// Digest of the case; absent without one.
    pub case: Option<String>,
    /// The life of the case, as `trucelog get case` tells it.
    pub case_told: String,
    /// Records acknowledged each time that the server was killed.
    pub crashes: Vec<usize>,
    /// Every acknowledged record is where its receipt says.
    pub acknowledged_kept: bool,
    /// A receipt was verified while no server ran.
    pub receipt_verified_offline: bool,
    /// A fresh verifier named the entry with the forged byte, and one with an older checkpoint the inconsistency.
    pub changed_byte_caught: bool,
    /// What came of two histories.
    pub split_view: SplitView,
    /// How long everything took.
    pub seconds: f64,
    /// Where the log and the verifier's files were kept.
    pub kept: Option<PathBuf>,
    /// Record digest of the charter.
    pub charter: String,
    /// What the tables make one expect.
    pub expected: Expected,
}

/// What the tables make one expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    in_force: usize,
    first_in_force: usize,
    withdrawn: usize,
    corrected: usize,
    changed_columns: usize,
}

impl Expected {
    /// Counts the inputs.
    #[must_use]
    pub fn of(inputs: &Inputs) -> Self {
        Self {
            in_force: inputs.second.rows.len(),
            first_in_force: inputs.first.rows.len(),
            withdrawn: inputs.revisions.withdrawn.len(),
            corrected: inputs.revisions.changed.len(),
            changed_columns: inputs
                .revisions
                .changed
                .iter()
                .map(|event| event.changes.len())
                .sum(),
        }
    }
}

impl Summary {
    /// Tells whether every field of both tables is equal.
    #[must_use]
    pub fn fields_equal(&self) -> bool {
        self.differences.is_empty()
    }

    /// What was to be shown, each with whether it was.
    #[must_use]
    pub fn shown(&self) -> [(&'static str, bool); 11] {
        let Expected {
            in_force,
            first_in_force,
            withdrawn,
            corrected,
            changed_columns,
        } = self.expected;
        let counts = self.counts;
        let counted = counts.in_force == in_force
            && self.first_counts.in_force == first_in_force
            && counts.withdrawn == withdrawn
            && counts.corrected == corrected
            && counts.changed_columns == changed_columns;
        let Commission {
            adopted,
            votes,
            dissents,
            activated,
            ..
        } = self.commission;
        [
            ("incidents_counted", counted),
            ("fields_equal", self.fields_equal()),
            (
                "all_entries_verified",
                self.entries_verified == self.entries,
            ),
            (
                "commission_complete",
                (adopted, votes, dissents, activated) == (5, 35, 1, 3),
            ),
            (
                "every_kind_of_record",
                self.bodies.values().all(|count| *count > 0),
            ),
            ("server_killed_in_mid_run", !self.crashes.is_empty()),
            ("acknowledged_kept", self.acknowledged_kept),
            ("receipt_verified_offline", self.receipt_verified_offline),
            ("changed_byte_caught", self.changed_byte_caught),
            (
                "split_view_has_no_quorum",
                self.split_view.unproven_without_witnesses,
            ),
            ("split_view_caught", self.split_view.caught),
        ]
    }

    /// Tells whether all was shown.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.shown().into_iter().all(|(_, shown)| shown)
    }

    /// Fails unless all was shown.
    ///
    /// # Errors
    /// [`DemoError::NotShown`] with what was not.
    pub fn check(&self) -> Result<(), DemoError> {
        let missing: Vec<&str> = self
            .shown()
            .into_iter()
            .filter_map(|(name, shown)| (!shown).then_some(name))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(DemoError::NotShown(missing))
        }
    }

    /// The summary as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "schema": SCHEMA,
            "ok": self.is_ok(),
            "entries": self.entries,
            "incidents_in_force": self.counts.in_force,
            "incidents_as_of_first_table": self.first_counts.in_force,
            "withdrawn": self.counts.withdrawn,
            "corrected": self.counts.corrected,
            "columns_changed": self.counts.changed_columns,
            "flagged": self.counts.flagged,
            "entries_verified": self.entries_verified,
            "votes": self.commission.votes,
            "dissents": self.commission.dissents,
            "activations": self.commission.activated,
            "basis_marks": self.commission.basis_marks,
            "crashes": self.crashes.len(),
            "acknowledged_before_crash": self.crashes.first(),
            "records": self.bodies,
            "case": self.case,
            "split_view_evidence": self.split_view.sentences,
            "seconds": self.seconds,
            "charter": self.charter,
            "kept": self.kept.as_ref().map(|path| path.display().to_string()),
        });
        for (name, shown) in self.shown() {
            value[name] = shown.into();
        }
        value
    }

    /// The summary for people, with what to type next.
    ///
    /// # Panics
    /// Never: a `String` takes all text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self {
            counts,
            first_counts,
            commission,
            ..
        } = self;
        let mut text = format!(
            "A second process verified {} of {} entries, from the charter on. They say:\n\
             \n  {:>6} incidents in force, {} before the revisions; {} corrected in {} columns, {} withdrawn\
             \n  {:>6} imported reports are flagged: low <= best <= high does not hold\
             \n  {:>6} votes, {} dissent, {} decisions adopted, {} members activated the remedy\
             \n  {:>6} later change to the basis of the attribution\
             \n  {:>6} records were acknowledged when the server was killed and started again\n\n",
            self.entries_verified,
            self.entries,
            counts.in_force,
            first_counts.in_force,
            counts.corrected,
            counts.changed_columns,
            counts.withdrawn,
            counts.flagged,
            commission.votes,
            commission.dissents,
            commission.adopted,
            commission.activated,
            commission.basis_marks,
            self.crashes.first().copied().unwrap_or_default(),
        );
        text += "  Records of every kind:\n";
        for (name, count) in &self.bodies {
            writeln!(text, "  {count:>6} {name}").expect("a String takes all text");
        }
        text += "\n  The case of them:\n\n";
        for line in self.case_told.lines() {
            writeln!(text, "  | {line}").expect("a String takes all text");
        }
        writeln!(text).expect("a String takes all text");
        for (name, shown) in self.shown() {
            let word = if shown { "yes" } else { "NO" };
            writeln!(text, "  {word:>6} {}", name.replace('_', " "))
                .expect("a String takes all text");
        }
        for sentence in &self.split_view.sentences {
            writeln!(text, "         {sentence}").expect("a String takes all text");
        }
        for difference in self.differences.iter().take(10) {
            writeln!(text, "         {difference}").expect("a String takes all text");
        }
        let word = if self.is_ok() { "ok" } else { "NOT ok" };
        writeln!(text, "\n{word}, {:.1} s\n", self.seconds).expect("a String takes all text");
        text + &self.next()
    }

    /// What to type next.
    fn next(&self) -> String {
        let Some(kept) = &self.kept else {
            return "Next: trucelog demo --keep DIR keeps the log, to read it with trucelog list and get."
                .to_owned();
        };
        let kept = kept.display();
        format!(
            "Next:\n  trucelog get case {} --state {kept}/verifier\
             \n  trucelog list incidents --state {kept}/verifier\
             \n  trucelog verify receipt {kept}/receipt.tlog-proof --state {kept}/verifier\
             \n  trucelog verify evidence {kept}/{EVIDENCE} --state {kept}/verifier\
             \n  trucelogd serve -c {kept}/trucelogd.toml",
            self.case.as_deref().unwrap_or("DIGEST")
        )
    }
}
