//! Trust policies: which log, which witnesses, and how many of them make a checkpoint enough.
//!
//! A policy is pinned by the verifier, never taken from a server. [`Policy::evaluate`] judges a signed note;
//! [`Policy::liars_for_split_view`] judges the policy itself. Whether an entry is in the tree is for
//! [`crate::proof`].
//!
//! The keys of a policy are all Ed25519 or all ML-DSA-44: one member with two keys must not count twice.

use std::{collections::BTreeSet, fmt};

use crate::{
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    cosignature::CosignatureTime,
    error::{DecodeError, Error, PolicyError},
    hash::CharterDigest,
    note::VerifierKey,
};

mod parse;

/// The largest policy, in bytes.
pub const MAX_LEN: usize = 256 * 1024;

/// The largest number of witnesses, and of groups, of a policy.
pub const MAX_NAMES: usize = 64;

/// A policy with one log and the Charter of that log.
///
/// Source: `policy.md`; c2sp.org/tlog-policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    charter: CharterDigest,
    log: LogLine,
    nodes: Vec<Node>,
    quorum: Quorum,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LogLine {
    origin: Origin,
    key: VerifierKey,
    url: Option<String>,
}

/// What a name stands for. Witnesses and groups share one list, in the order of their lines; a group's members come
/// before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Witness {
        key: Box<VerifierKey>,
        url: Option<String>,
    },
    /// At least `threshold` of the `members`, which are positions in the list of nodes.
    Group {
        threshold: usize,
        members: Vec<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quorum {
    None,
    /// The witness or group at this position in the list of nodes.
    Node(usize),
}

impl Quorum {
    fn node(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Node(node) => Some(node),
        }
    }
}

/// A witness of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness<'a> {
    /// Its name in the policy.
    pub name: &'a str,
    /// Its key.
    pub key: &'a VerifierKey,
    /// Its URL, if the policy states one.
    pub url: Option<&'a str>,
}

/// A witness whose cosignature has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name in the policy.
    pub name: String,
    /// The time of its cosignature, the earliest one if there are several.
    pub time: CosignatureTime,
}

/// What a policy says about a signed note.
///
/// Source: `policy.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The checkpoint with the log's verified signature.
    pub checkpoint: SignedCheckpoint,
    /// The witnesses of the policy that have signed, in the policy's order.
    pub cosigners: Vec<Cosigner>,
    /// The names of the witnesses of the policy that have not signed, in the policy's order.
    pub missing: Vec<String>,
    /// Whether the quorum is reached.
    pub quorum: Result<(), PolicyError>,
}

/// Warns that a policy lets too few lying witnesses show two histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitViewWarning {
    /// The number of lying witnesses that, with a lying operator, suffice for a split view.
    pub liars: usize,
    /// The number of witnesses that count towards the quorum.
    pub witnesses: usize,
    /// The number of liars that the policy should withstand, ⌊(witnesses − 1) / 3⌋.
    pub tolerated: usize,
}

impl fmt::Display for SplitViewWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a lying operator and {} lying of {} witnesses can show two histories; a quorum should withstand {}",
            self.liars, self.witnesses, self.tolerated
        )
    }
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    ///
    /// If the bytes exceed [`MAX_LEN`] or do not follow the grammar, a name or key occurs twice, a name is used
    /// before its line, a key has the wrong type or name, keys of both kinds stand in it, or there is not exactly one log and one quorum.
    ///
    /// Source: `policy.md`; c2sp.org/tlog-policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        parse::parse(bytes)
    }

    /// Formats the policy without comments but the first; parsing the result gives the same policy.
    ///
    /// Source: `policy.md`; c2sp.org/tlog-policy.
    #[must_use]
    pub fn format(&self) -> String {
        let Self { charter, log, .. } = self;
        let mut lines = vec![format!("{} {charter}", parse::CHARTER_COMMENT)];
        lines.push(format!("log {}{}", log.key, url_suffix(log.url.as_deref())));
        lines.extend(self.nodes.iter().map(|node| self.format_node(node)));
        lines.push(format!("quorum {}", self.quorum_name()));
        lines.join("\n") + "\n"
    }

    fn format_node(&self, Node { name, kind }: &Node) -> String {
        match kind {
            Kind::Witness { key, url } => {
                format!("witness {name} {key}{}", url_suffix(url.as_deref()))
            }
            Kind::Group { threshold, members } => {
                let names: Vec<&str> = members
                    .iter()
                    .map(|member| self.nodes[*member].name.as_str())
                    .collect();
                format!("group {name} {threshold} {}", names.join(" "))
            }
        }
    }

    /// The same witnesses and the same quorum for another log: the one that succeeds this log.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`]: `log_key` is of the other kind, has a name that is no origin, or is a witness's.
    ///
    /// Source: `succession.md`.
    pub fn for_successor(
        &self,
        charter: CharterDigest,
        log_key: VerifierKey,
    ) -> Result<Self, DecodeError> {
        let log = LogLine {
            origin: log_key.name().as_str().parse()?,
            key: log_key,
            url: None,
        };
        let changed = Self {
            charter,
            log,
            ..self.clone()
        };
        Self::parse(changed.format().as_bytes())
    }

    /// Returns the digest of the Charter that the policy pins.
    #[must_use]
    pub fn charter(&self) -> &CharterDigest {
        &self.charter
    }

    /// Returns the origin of the log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.log.origin
    }

    /// Returns the key of the log.
    #[must_use]
    pub fn log_key(&self) -> &VerifierKey {
        &self.log.key
    }

    /// Returns the URL of the log, if the policy states one.
    #[must_use]
    pub fn log_url(&self) -> Option<&str> {
        self.log.url.as_deref()
    }

    /// Returns the witnesses, in the order of their lines.
    pub fn witnesses(&self) -> impl Iterator<Item = Witness<'_>> {
        self.nodes
            .iter()
            .filter_map(|Node { name, kind }| match kind {
                Kind::Witness { key, url } => Some(Witness {
                    name,
                    key,
                    url: url.as_deref(),
                }),
                Kind::Group { .. } => None,
            })
    }

    /// Returns the name of the quorum, or `none`.
    #[must_use]
    pub fn quorum_name(&self) -> &str {
        self.quorum
            .node()
            .map_or(parse::NONE, |node| &self.nodes[node].name)
    }

    /// Says whether the policy needs any witness.
    #[must_use]
    pub fn has_quorum(&self) -> bool {
        self.quorum != Quorum::None
    }

    /// Judges a signed note: the log's signature, the witnesses' cosignatures, and whether they reach the quorum.
    ///
    /// A quorum that is not reached is part of the verdict, not an error.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if the note or the checkpoint is malformed; a [`crate::error::VerifyError`] if the log's
    /// signature is missing, the origin differs, or any signature by the log or a witness of the policy is false.
    ///
    /// Source: `policy.md`; c2sp.org/tlog-policy.
    pub fn evaluate(&self, note: &[u8]) -> Result<Verdict, Error> {
        let checkpoint = Checkpoint::open(note, &self.log.key, &self.log.origin)?;
        let cosigners = self.cosigners(&checkpoint)?;
        let signed = |name: &str| cosigners.iter().any(|cosigner| cosigner.name == name);
        let missing: Vec<String> = self
            .witnesses()
            .filter(|w| !signed(w.name))
            .map(|w| w.name.to_owned())
            .collect();
        let reached = self
            .quorum
            .node()
            .is_none_or(|node| self.has_witnessed(node, &signed));
        let quorum = if reached {
            Ok(())
        } else {
            Err(self.quorum_error(&cosigners, &missing))
        };
        Ok(Verdict {
            checkpoint,
            cosigners,
            missing,
            quorum,
        })
    }

    fn quorum_error(&self, cosigners: &[Cosigner], missing: &[String]) -> PolicyError {
        PolicyError::Quorum {
            quorum: self.quorum_name().to_owned(),
            present: cosigners
                .iter()
                .map(|cosigner| cosigner.name.clone())
                .collect(),
            missing: missing.to_vec(),
        }
    }

    /// Verifies every line by a witness of the policy.
    fn cosigners(&self, checkpoint: &SignedCheckpoint) -> Result<Vec<Cosigner>, Error> {
        let mut known: Vec<VerifierKey> = self.witnesses().map(|w| w.key.clone()).collect();
        // The log's line is verified again, so that there always is a line by a known key.
        known.push(self.log.key.clone());
        let verified = checkpoint.note().verify(&known)?;
        let time = |key| {
            verified
                .iter()
                .filter(|v| v.key == key)
                .filter_map(|v| v.time)
                .min()
        };
        let cosigners = self.witnesses().filter_map(|w| {
            Some(Cosigner {
                name: w.name.to_owned(),
                time: time(w.key)?,
            })
        });
        Ok(cosigners.collect())
    }

    fn has_witnessed(&self, node: usize, signed: &impl Fn(&str) -> bool) -> bool {
        let Node { name, kind } = &self.nodes[node];
        match kind {
            Kind::Witness { .. } => signed(name),
            Kind::Group { threshold, members } => {
                members
                    .iter()
                    .filter(|member| self.has_witnessed(**member, signed))
                    .count()
                    >= *threshold
            }
        }
    }

    /// Says whether every set of witnesses that reaches the quorum has a member in `answered`, by name: whether the
    /// others together do not reach it. For k of n, these are n − k + 1.
    ///
    /// Always true without a quorum, which no witness can hold up.
    ///
    /// Source: `policy.md`.
    #[must_use]
    pub fn every_quorum_meets(&self, answered: &BTreeSet<String>) -> bool {
        self.quorum
            .node()
            .is_none_or(|node| !self.has_witnessed(node, &|name| !answered.contains(name)))
    }

    /// Computes how many lying witnesses a split view needs beside a lying operator.
    ///
    /// Two histories need two quorums. A witness stands in both only if it lies, which costs 1. Two choices of k of a
    /// group's n members share at least 2k − n of them, so a group costs the sum of its 2k − n cheapest members, and
    /// nothing if 2k ≤ n. A policy without quorum costs nothing.
    ///
    /// Source: `policy.md`.
    #[must_use]
    pub fn liars_for_split_view(&self) -> usize {
        self.quorum.node().map_or(0, |node| self.liars(node))
    }

    fn liars(&self, node: usize) -> usize {
        match &self.nodes[node].kind {
            Kind::Witness { .. } => 1,
            Kind::Group { threshold, members } => {
                let mut costs: Vec<usize> =
                    members.iter().map(|member| self.liars(*member)).collect();
                costs.sort_unstable();
                let shared = (2 * threshold).saturating_sub(members.len());
                costs.iter().take(shared).sum()
            }
        }
    }

    /// Warns if ⌊(n − 1) / 3⌋ of the n witnesses that count towards the quorum, or fewer, suffice for a split view.
    ///
    /// Source: `policy.md`.
    #[must_use]
    pub fn split_view_warning(&self) -> Option<SplitViewWarning> {
        let witnesses = self
            .quorum
            .node()
            .map_or(0, |node| self.witnesses_below(node));
        let tolerated = witnesses.saturating_sub(1) / 3;
        let liars = self.liars_for_split_view();
        (liars <= tolerated).then_some(SplitViewWarning {
            liars,
            witnesses,
            tolerated,
        })
    }

    fn witnesses_below(&self, node: usize) -> usize {
        match &self.nodes[node].kind {
            Kind::Witness { .. } => 1,
            Kind::Group { members, .. } => members
                .iter()
                .map(|member| self.witnesses_below(*member))
                .sum(),
        }
    }
}

fn url_suffix(url: Option<&str>) -> String {
    url.map(|url| format!(" {url}")).unwrap_or_default()
}
