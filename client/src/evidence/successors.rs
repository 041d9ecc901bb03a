//! Evidence of kind `successors`: two charters that each succeed one log.
//!
//! Source: `proto/spec/evidence.md`, "Judging".

use prost::Message as _;
use trucelog_proto::hash::{CharterDigest, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::record::{LogId, record_digest};
use trucelog_proto::succession::{Contradiction, SuccessionError, contradiction};

use super::{Evidence, EvidenceError, Judgement, malformed};
use crate::founding::Founding;
use crate::succession::{Predecessor, of_rules};
use crate::trust::Trust;

/// Two different charters of one predecessor. Form and signatures hold; that the endorsements suffice is still to be
/// judged.
#[derive(Clone, Debug)]
pub struct Successors {
    predecessor: LogId,
    pair: [Founding; 2],
    contradiction: Contradiction,
}

impl Evidence {
    /// The two charters of evidence of kind `successors`.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file is about another log, a charter does not hold on its own, or both are one.
    pub fn successors(&self, trust: &Trust) -> Result<Successors, EvidenceError> {
        self.check_log(trust)?;
        let [first, second] = self.charters.as_slice() else {
            return Err(malformed(&"two charters are needed"));
        };
        let pair = [founding(&first.0)?, founding(&second.0)?];
        for charter in &pair {
            let named = charter.charter.predecessor.clone().unwrap_or_default();
            if named.origin != trust.id.origin.as_str()
                || named.charter_digest != trust.id.charter.as_bytes()
            {
                return Err(EvidenceError::NothingFalse(
                    "a charter in it does not name the pinned log as its predecessor",
                ));
            }
        }
        let [first, second] = &pair;
        let found = contradiction(
            (&first.charter, &first.id.charter),
            (&second.charter, &second.id.charter),
        );
        let found = found.map_err(|refusal| in_charter(first.id.charter)(refusal.into()))?;
        Ok(Successors {
            predecessor: trust.id.clone(),
            contradiction: found.ok_or(EvidenceError::NothingFalse("both charters are one"))?,
            pair,
        })
    }
}

fn founding(bytes: &[u8]) -> Result<Founding, EvidenceError> {
    let signed = pb::SignedRecord::decode(bytes)
        .map_err(|error| malformed(&format!("a charter: {error}")))?;
    let charter = CharterDigest::from_bytes(*record_digest(&signed.record).as_bytes());
    Founding::of(signed).map_err(|error| in_charter(charter)(of_rules(error)))
}

fn in_charter(charter: CharterDigest) -> impl Fn(SuccessionError) -> EvidenceError {
    move |source| EvidenceError::Successor { charter, source }
}

impl Successors {
    /// The sizes of the predecessor at which the endorsements are to be judged.
    #[must_use]
    pub fn sizes(&self) -> [TreeSize; 2] {
        [0, 1].map(|position| self.size(position))
    }

    fn size(&self, position: usize) -> TreeSize {
        let predecessor = self.pair[position].charter.predecessor.as_ref();
        TreeSize::new(predecessor.map_or(0, |predecessor| predecessor.size))
    }

    /// What the file says to somebody who has not verified the predecessor up to [`Self::sizes`].
    #[must_use]
    pub fn judge_alone(&self) -> Judgement {
        let [first, second] = self.sizes();
        Judgement::unproven([
            self.charters(),
            format!(
                "Of those that it names, {}; whose keys signed, the file does not show.",
                self.who()
            ),
            format!(
                "The file alone does not prove that each is endorsed as the rules of {} demand: verify that log up to \
                 size {}, and judge the file with its state.",
                self.predecessor.origin,
                first.max(second)
            ),
        ])
    }

    /// What the file says to somebody who has verified the predecessor up to [`Self::sizes`], and gives it at each.
    ///
    /// # Errors
    /// [`EvidenceError::Successor`] when a charter does not succeed the log.
    pub fn judge(&self, predecessors: &[Predecessor; 2]) -> Result<Judgement, EvidenceError> {
        for (founding, predecessor) in self.pair.iter().zip(predecessors) {
            predecessor
                .verify(&founding.charter)
                .map_err(in_charter(founding.id.charter))?;
        }
        let blamed = if self.contradiction.same_statement {
            "A log has one first record, so whoever holds that key has founded two logs as one."
        } else {
            "A log has one successor, so whoever endorsed both has made two, and nobody can follow either before the \
             members say which."
        };
        Ok(Judgement::proven([
            self.charters(),
            format!(
                "By the verified entries of {}, each is endorsed as its rules demand; {}.",
                self.predecessor.origin,
                self.who()
            ),
            blamed.to_owned(),
        ]))
    }

    fn charters(&self) -> String {
        let words = |position: usize| {
            let id = &self.pair[position].id;
            format!(
                "{} of {}, at size {}",
                id.charter,
                id.origin,
                self.size(position)
            )
        };
        format!(
            "Two charters name {} as their predecessor: {}, and {}.",
            self.predecessor.origin,
            words(0),
            words(1)
        )
    }

    /// Who stands for both.
    fn who(&self) -> String {
        let Contradiction {
            endorsed_both,
            same_statement,
        } = &self.contradiction;
        match endorsed_both.as_slice() {
            [] if *same_statement => "one operator key signed both, with the same terms".to_owned(),
            [] => "no member endorsed both".to_owned(),
            members => format!("{} endorsed both", members.join(" and ")),
        }
    }
}
