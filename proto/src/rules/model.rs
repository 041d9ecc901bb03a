//! What the state holds: keys and values.

use prost::Message;

use crate::hash::RecordDigest;
use crate::pb;
use crate::pb::record::Body;
use crate::state::{State, StateError};

/// Code of the member that only writes the charter.
pub const OPERATOR: &str = "OPERATOR";
/// Station that only writes the charter.
pub const OPERATOR_STATION: &str = "log";
/// Station of each member's authority key.
pub const AUTHORITY_STATION: &str = "authority";
/// Station of each member's recovery key.
pub const RECOVERY_STATION: &str = "recovery";

/// A key of the state.
///
/// ```text
/// 'h'                            Head           the end of the log
/// 'c'                            CharterState   what the charter fixed
/// 'u'                            pb::Rules      the rules in force
/// 'm' member                     MemberState    a member, also after it has departed
/// 'M'                            MemberList     the members that have not departed
/// 'k' public key (32)            KeyState       a key, active or ended
/// 's' member '/' station         StationState   the keys of a station
/// 'e' role (1)                   HolderList     active keys with a role that votes, by member
/// 'd' record digest (32)         RecordState    a record of the log; of a proposal its votes, of a case its parties
/// 'v' member '/' sensor          SensorState    how far the coverage of a sensor is stated
/// 'x' commitment (32)            CommitmentState  a commitment that was used
/// 'q' record digest (32)         pb::Proposal   what a proposal asks that its decision puts in force
/// 'o' kind '/' subject           SubjectState   the newest proposal on a subject that has one at a time
/// 't' proposal digest (32) id    ClauseState    a clause of a protocol text
/// 'n' index (8)                  CaseName       the case that was founded at an index
/// 'r' decision digest (32) member  RatificationState  a member's newest step on a protocol text
/// 'a' decision digest (32) member  ActivationState  a member's newest activation of a remedy
/// 'g'                            GapList        ended keys that signed more than the log holds
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Key<'a> {
    /// The end of the log.
    Head,
    /// What the charter fixed.
    Charter,
    /// The rules in force.
    Rules,
    /// A member by code.
    Member(&'a str),
    /// The members that have not departed.
    Members,
    /// A station key.
    PublicKey(&'a [u8]),
    /// A station by member and name.
    Station(&'a str, &'a str),
    /// Members that hold a role which votes.
    Holders(pb::Role),
    /// A record by digest.
    Record(&'a [u8]),
    /// A sensor by member and name.
    Sensor(&'a str, &'a str),
    /// A commitment that was used.
    Commitment(&'a [u8]),
    /// What a proposal asks that its decision puts in force, by digest.
    Question(&'a [u8]),
    /// A subject on which one proposal of a kind may be open at a time.
    Subject(pb::ProposalKind, &'a [u8]),
    /// A clause by the proposal of its text and its identifier.
    Clause(&'a [u8], &'a str),
    /// A member's newest step on the protocol text that a decision adopted.
    Ratification(&'a [u8], &'a str),
    /// A case by the index of its founding record.
    CaseAt(u64),
    /// A member's newest activation of the remedy that a decision adopted.
    Activation(&'a [u8], &'a str),
    /// Ended keys that signed more than the log holds.
    Gaps,
}

impl Key<'_> {
    /// Bytes of the key.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Head => b"h".to_vec(),
            Self::Charter => b"c".to_vec(),
            Self::Rules => b"u".to_vec(),
            Self::Member(code) => [b"m", code.as_bytes()].concat(),
            Self::Members => b"M".to_vec(),
            Self::PublicKey(key) => [b"k", *key].concat(),
            Self::Station(member, station) => {
                [b"s", member.as_bytes(), b"/", station.as_bytes()].concat()
            }
            Self::Holders(role) => [b"e".as_slice(), role.as_str_name().as_bytes()].concat(),
            Self::Record(digest) => [b"d", *digest].concat(),
            Self::Sensor(member, sensor) => {
                [b"v", member.as_bytes(), b"/", sensor.as_bytes()].concat()
            }
            Self::Commitment(commitment) => [b"x", *commitment].concat(),
            Self::Question(digest) => [b"q", *digest].concat(),
            Self::Subject(kind, subject) => {
                [b"o", kind.as_str_name().as_bytes(), b"/", *subject].concat()
            }
            Self::Clause(proposal, id) => [b"t", *proposal, id.as_bytes()].concat(),
            Self::Ratification(decision, member) => [b"r", *decision, member.as_bytes()].concat(),
            Self::CaseAt(index) => [b"n".as_slice(), &index.to_be_bytes()].concat(),
            Self::Gaps => b"g".to_vec(),
            Self::Activation(decision, member) => [b"a", *decision, member.as_bytes()].concat(),
        }
    }
}

/// Reads a value of the state.
///
/// # Errors
/// [`StateError`] when the state fails or the value is not of its form.
pub fn load<V: Message + Default>(
    state: &dyn State,
    key: &Key<'_>,
) -> Result<Option<V>, StateError> {
    let Some(bytes) = state.get(&key.encode())? else {
        return Ok(None);
    };
    V::decode(bytes.as_slice())
        .map(Some)
        .map_err(|error| StateError(format!("{key:?}: {error}")))
}

/// Reads a proposal by its digest; absent when no such record is known, or it is none.
///
/// # Errors
/// [`StateError`] when the state fails or the value is not of its form.
pub fn load_proposal(
    state: &dyn State,
    digest: &[u8],
) -> Result<Option<ProposalState>, StateError> {
    let record: Option<RecordState> = load(state, &Key::Record(digest))?;
    let proposal = record.and_then(|record| record.proposal);
    Ok(proposal.map(|proposal| *proposal))
}

/// Reads a case by the digest of its founding record; absent when no such record is known, or it founds none.
///
/// # Errors
/// [`StateError`] when the state fails or the value is not of its form.
pub fn load_case(state: &dyn State, digest: &[u8]) -> Result<Option<CaseState>, StateError> {
    let record: Option<RecordState> = load(state, &Key::Record(digest))?;
    Ok(record.and_then(|record| record.case))
}

/// The end of the log.
#[derive(Clone, PartialEq, Message)]
pub struct Head {
    /// Number of entries.
    #[prost(uint64, tag = "1")]
    pub size: u64,
    /// `accepted_time` of the last entry.
    #[prost(uint64, tag = "2")]
    pub accepted_time: u64,
    /// Leaf hash of the last entry.
    #[prost(bytes = "vec", tag = "3")]
    pub leaf: Vec<u8>,
}

/// What the charter fixed for good.
#[derive(Clone, PartialEq, Message)]
pub struct CharterState {
    /// Origin of the log.
    #[prost(string, tag = "1")]
    pub origin: String,
    /// Record digest of the charter.
    #[prost(bytes = "vec", tag = "2")]
    pub digest: Vec<u8>,
    /// The log's Ed25519 key.
    #[prost(bytes = "vec", tag = "3")]
    pub log_key: Vec<u8>,
    /// Codes to which every record is released.
    #[prost(string, repeated, tag = "4")]
    pub release_set: Vec<String>,
    /// Codes of the parties.
    #[prost(string, repeated, tag = "5")]
    pub parties: Vec<String>,
    /// The log's ML-DSA-44 key; empty if it has none.
    #[prost(bytes = "vec", tag = "6")]
    pub log_key_pq: Vec<u8>,
}

/// A member.
#[derive(Clone, PartialEq, Message)]
pub struct MemberState {
    /// Index of the entry that admitted it.
    #[prost(uint64, tag = "1")]
    pub admitted_index: u64,
    /// Index of the entry that suspended it; absent when it is not suspended.
    #[prost(uint64, optional, tag = "2")]
    pub suspended_index: Option<u64>,
    /// Index of the entry with which it departed.
    #[prost(uint64, optional, tag = "3")]
    pub departed_index: Option<u64>,
}

/// The members that have not departed.
#[derive(Clone, PartialEq, Message)]
pub struct MemberList {
    /// Ascending by code.
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<Standing>,
}

/// A member that has not departed.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Standing {
    /// Code of the member.
    #[prost(string, tag = "1")]
    pub member: String,
    /// Whether it is suspended.
    #[prost(bool, tag = "2")]
    pub suspended: bool,
}

impl MemberList {
    /// Tells whether `member` is a member, suspended or not.
    #[must_use]
    pub fn holds(&self, member: &str) -> bool {
        self.members.iter().any(|known| known.member == member)
    }

    /// Codes of the members that are not suspended, ascending.
    pub fn active(&self) -> impl Iterator<Item = &str> {
        self.members
            .iter()
            .filter(|known| !known.suspended)
            .map(|known| known.member.as_str())
    }
}

/// A station key.
#[derive(Clone, PartialEq, Message)]
pub struct KeyState {
    /// Code of the member.
    #[prost(string, tag = "1")]
    pub member: String,
    /// Name of the station.
    #[prost(string, tag = "2")]
    pub station: String,
    /// What it may write.
    #[prost(enumeration = "pb::Role", tag = "3")]
    pub role: i32,
    /// Index of the entry that enrolled it.
    #[prost(uint64, tag = "4")]
    pub enrolled_index: u64,
    /// Sequence of the last record that the log holds of it; 0 for none.
    #[prost(uint64, tag = "5")]
    pub last_sequence: u64,
    /// Index of the entry that ended it.
    #[prost(uint64, optional, tag = "6")]
    pub revoked_index: Option<u64>,
    /// First index from which its records are in doubt.
    #[prost(uint64, optional, tag = "7")]
    pub compromised_since_index: Option<u64>,
    /// Whether a proposal names the key for a member that is to be admitted. It is nobody else's, and signs nothing
    /// before that member is admitted.
    #[prost(bool, tag = "8")]
    pub promised: bool,
}

/// The keys of a station, oldest first.
#[derive(Clone, PartialEq, Message)]
pub struct StationState {
    /// Public keys of 32 bytes.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub keys: Vec<Vec<u8>>,
}

/// Ended keys that signed more records than the log holds, in the order in which they ended.
#[derive(Clone, PartialEq, Message)]
pub struct GapList {
    /// The first 256 of them.
    #[prost(message, repeated, tag = "1")]
    pub gaps: Vec<Gap>,
    /// How many more there are.
    #[prost(uint64, tag = "2")]
    pub more: u64,
}

/// A key whose end states a higher sequence than that of its last record in the log.
#[derive(Clone, PartialEq, Message)]
pub struct Gap {
    /// Code of the member.
    #[prost(string, tag = "1")]
    pub member: String,
    /// Name of the station.
    #[prost(string, tag = "2")]
    pub station: String,
    /// The key, 32 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub public_key: Vec<u8>,
    /// Last sequence signed with it, as its rotation or revocation states.
    #[prost(uint64, tag = "4")]
    pub stated_last_sequence: u64,
    /// Sequence of its last record in the log; 0 for none.
    #[prost(uint64, tag = "5")]
    pub logged_last_sequence: u64,
    /// Index of the entry that ended it.
    #[prost(uint64, tag = "6")]
    pub ended_index: u64,
}

/// The members that hold a role which votes.
#[derive(Clone, PartialEq, Message)]
pub struct HolderList {
    /// Ascending by code.
    #[prost(message, repeated, tag = "1")]
    pub holders: Vec<Holder>,
}

/// A member with the number of its active keys of a role.
#[derive(Clone, PartialEq, Message)]
pub struct Holder {
    /// Code of the member.
    #[prost(string, tag = "1")]
    pub member: String,
    /// Number of active keys.
    #[prost(uint32, tag = "2")]
    pub key_count: u32,
}

/// A record of the log: what later records need to know of it.
#[derive(Clone, PartialEq, Message)]
pub struct RecordState {
    /// Field number of its body.
    #[prost(uint32, tag = "1")]
    pub body: u32,
    /// Index of its entry.
    #[prost(uint64, tag = "2")]
    pub index: u64,
    /// Code of the member that wrote it.
    #[prost(string, tag = "3")]
    pub member: String,
    /// What it belongs to: the report of a correction or withdrawal, the piece of evidence of a disclosure, the
    /// founding record of a case, the proposal of a vote or decision, the decision of an activation.
    #[prost(bytes = "vec", tag = "4")]
    pub root: Vec<u8>,
    /// Of a report: the digest of the newest correction. Of a coverage report: of the newest one that restates it. Of
    /// a sealed piece of evidence: of its disclosure. Of a decision: the one that replaces it.
    #[prost(bytes = "vec", tag = "5")]
    pub current: Vec<u8>,
    /// Of a report: whether it was withdrawn.
    #[prost(bool, tag = "6")]
    pub withdrawn: bool,
    /// Of a decision: the outcome.
    #[prost(enumeration = "pb::Outcome", tag = "7")]
    pub outcome: i32,
    /// Of a report: indexes of the founding records of the cases that hold it.
    #[prost(uint64, repeated, tag = "8")]
    pub cases: Vec<u64>,
    /// Of a sealed piece of evidence: its commitment.
    #[prost(bytes = "vec", tag = "9")]
    pub commitment: Vec<u8>,
    /// Of a coverage report: what it covers.
    #[prost(message, optional, tag = "10")]
    pub coverage: Option<CoverageState>,
    /// Of a proposal: what froze at its index, and its votes.
    #[prost(message, optional, boxed, tag = "11")]
    pub proposal: Option<Box<ProposalState>>,
    /// Of the founding record of a case: the parties to it, and whether it is closed.
    #[prost(message, optional, tag = "12")]
    pub case: Option<CaseState>,
}

/// What a coverage report covers.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct CoverageState {
    /// Index of the first coverage report of the sensor, which stands for the sensor.
    #[prost(uint64, tag = "1")]
    pub sensor: u64,
    /// Start of the interval, Unix milliseconds.
    #[prost(uint64, tag = "2")]
    pub earliest_time: u64,
    /// End of the interval, Unix milliseconds.
    #[prost(uint64, tag = "3")]
    pub latest_time: u64,
    /// Up to where later reports restate it, Unix milliseconds; 0 when none does.
    #[prost(uint64, tag = "4")]
    pub restated_until: u64,
}

/// How far the coverage of a sensor is stated.
#[derive(Clone, PartialEq, Message)]
pub struct SensorState {
    /// Index of its first coverage report.
    #[prost(uint64, tag = "1")]
    pub first_index: u64,
    /// End of its newest interval, Unix milliseconds.
    #[prost(uint64, tag = "2")]
    pub latest_time: u64,
    /// Record digest of the report with that interval.
    #[prost(bytes = "vec", tag = "3")]
    pub newest: Vec<u8>,
}

/// A commitment that was used.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct CommitmentState {
    /// Index of the entry that holds it.
    #[prost(uint64, tag = "1")]
    pub index: u64,
}

/// The name of a case.
#[derive(Clone, PartialEq, Message)]
pub struct CaseName {
    /// Record digest of its founding record.
    #[prost(bytes = "vec", tag = "1")]
    pub digest: Vec<u8>,
}

/// A case.
#[derive(Clone, PartialEq, Message)]
pub struct CaseState {
    /// Codes of the parties, ascending.
    #[prost(string, repeated, tag = "1")]
    pub parties: Vec<String>,
    /// Number of proposals on the case that are not decided.
    #[prost(uint32, tag = "2")]
    pub open_proposals: u32,
    /// What the newest final attribution found that was adopted.
    #[prost(enumeration = "pb::AttributionFinding", tag = "3")]
    pub finding: i32,
    /// Index of the entry that closed the case; absent when it is open.
    #[prost(uint64, optional, tag = "4")]
    pub closed_index: Option<u64>,
}

impl CaseState {
    /// The result that a closure states: what the newest final attribution found, or PENDING without one.
    ///
    /// Source: `proto/spec/rules.md`, "Closure".
    #[must_use]
    pub fn result(&self) -> pb::ClosureResult {
        use pb::AttributionFinding::{NotABreach, Party, Unattributed, Unspecified};
        match self.finding() {
            Party | Unattributed => pb::ClosureResult::Violation,
            NotABreach => pb::ClosureResult::NoViolation,
            Unspecified => pb::ClosureResult::Pending,
        }
    }
}

/// The newest proposal on a subject that has one open proposal at a time.
#[derive(Clone, PartialEq, Message)]
pub struct SubjectState {
    /// Its record digest.
    #[prost(bytes = "vec", tag = "1")]
    pub proposal: Vec<u8>,
}

/// A clause of a protocol text: that it is there.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct ClauseState {}

/// A member's newest step on a protocol text.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct RatificationState {
    /// The step.
    #[prost(enumeration = "pb::RatificationStep", tag = "1")]
    pub step: i32,
}

/// A proposal with what froze at its index, and its votes.
#[derive(Clone, PartialEq, Message)]
pub struct ProposalState {
    /// `accepted_time` of the proposal.
    #[prost(uint64, tag = "1")]
    pub accepted_time: u64,
    /// The rule in force.
    #[prost(message, required, tag = "2")]
    pub rule: pb::ProposalRule,
    /// Members that are eligible, ascending.
    #[prost(string, repeated, tag = "3")]
    pub electorate: Vec<String>,
    /// Members of the electorate that count as recused because they are parties, ascending.
    #[prost(string, repeated, tag = "4")]
    pub barred: Vec<String>,
    /// The votes in the order of the log; none once it is decided.
    #[prost(message, repeated, tag = "5")]
    pub votes: Vec<VoteState>,
    /// Whether a decision has been recorded.
    #[prost(bool, tag = "6")]
    pub decided: bool,
    /// Of an attribution: its case. Of a remedy: the case of its attribution.
    #[prost(bytes = "vec", tag = "7")]
    pub case: Vec<u8>,
    /// Of an attribution: what is found.
    #[prost(enumeration = "pb::AttributionFinding", tag = "8")]
    pub finding: i32,
    /// Of an attribution: provisional or final.
    #[prost(enumeration = "pb::Finality", tag = "9")]
    pub finality: i32,
    /// Of an attribution: the responsible party. Of a remedy: that of its attribution. Of a membership: the member.
    #[prost(string, tag = "12")]
    pub party: String,
    /// Of a remedy: the number of its measures.
    #[prost(uint32, tag = "10")]
    pub measure_count: u32,
    /// Of a remedy: the members that are asked to act, ascending; none for all.
    #[prost(string, repeated, tag = "11")]
    pub addressees: Vec<String>,
    /// The decision that its adoption replaces.
    #[prost(bytes = "vec", tag = "13")]
    pub superseded: Vec<u8>,
}

/// A vote.
#[derive(Clone, PartialEq, Message)]
pub struct VoteState {
    /// Code of the member.
    #[prost(string, tag = "1")]
    pub member: String,
    /// The choice.
    #[prost(enumeration = "pb::VoteChoice", tag = "2")]
    pub choice: i32,
    /// Record digest of the vote.
    #[prost(bytes = "vec", tag = "3")]
    pub digest: Vec<u8>,
}

/// A member's newest activation of a remedy.
#[derive(Clone, PartialEq, Message)]
pub struct ActivationState {
    /// Its record digest.
    #[prost(bytes = "vec", tag = "1")]
    pub digest: Vec<u8>,
    /// The choice.
    #[prost(enumeration = "pb::ActivationChoice", tag = "2")]
    pub choice: i32,
    /// The measures approved, ascending; with `APPROVE_IN_PART` only.
    #[prost(uint32, repeated, tag = "3")]
    pub measures: Vec<u32>,
}

/// The count of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Members of the electorate.
    pub eligible: u64,
    /// Members that recused themselves or count as recused.
    pub recused: u64,
    /// Members that concur, with or without a separate opinion.
    pub concur: u64,
    /// Members that dissent.
    pub dissent: u64,
    /// Members that abstain.
    pub abstain: u64,
    /// The outcome that this gives.
    pub outcome: pb::Outcome,
}

impl ProposalState {
    /// Counts the votes:
    /// quorum when `present × q_den ≥ q_num × (eligible − recused)`, else LAPSED;
    /// ADOPTED when `concur × m_den > m_num × (concur + dissent)`, else REJECTED.
    ///
    /// Source: `proto/spec/rules.md`, "Decision".
    #[must_use]
    pub fn tally(&self) -> Tally {
        let eligible = count(self.electorate.len());
        let recused = count(
            self.electorate
                .iter()
                .filter(|member| self.is_recused(member))
                .count(),
        );
        let concur = self.choices(&[pb::VoteChoice::Concur, pb::VoteChoice::ConcurSeparately]);
        let dissent = self.choices(&[pb::VoteChoice::Dissent]);
        let abstain = self.choices(&[pb::VoteChoice::Abstain]);
        let present = concur + dissent + abstain;
        let quorum = self.rule.quorum.unwrap_or_default();
        let majority = self.rule.majority.unwrap_or_default();
        let has_quorum = present * u64::from(quorum.denominator)
            >= u64::from(quorum.numerator) * (eligible - recused);
        let has_majority = concur * u64::from(majority.denominator)
            > u64::from(majority.numerator) * (concur + dissent);
        let outcome = match (has_quorum, has_majority) {
            (false, _) => pb::Outcome::Lapsed,
            (true, true) => pb::Outcome::Adopted,
            (true, false) => pb::Outcome::Rejected,
        };
        Tally {
            eligible,
            recused,
            concur,
            dissent,
            abstain,
            outcome,
        }
    }

    /// The time at which voting closes at the latest, Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.accepted_time.saturating_add(self.rule.vote_window)
    }

    /// Tells whether voting has closed for an entry accepted at `time`.
    #[must_use]
    pub fn is_closed(&self, time: u64) -> bool {
        time >= self.deadline() || self.missing().next().is_none()
    }

    /// Members that have neither voted nor count as recused.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.electorate.iter().map(String::as_str).filter(|member| {
            !self.barred.iter().any(|barred| barred == member) && self.vote_of(member).is_none()
        })
    }

    /// The vote of a member.
    #[must_use]
    pub fn vote_of(&self, member: &str) -> Option<&VoteState> {
        self.votes.iter().find(|vote| vote.member == member)
    }

    fn is_recused(&self, member: &str) -> bool {
        self.barred.iter().any(|barred| barred == member)
            || self
                .vote_of(member)
                .is_some_and(|vote| vote.choice() == pb::VoteChoice::Recused)
    }

    fn choices(&self, choices: &[pb::VoteChoice]) -> u64 {
        count(
            self.votes
                .iter()
                .filter(|vote| choices.contains(&vote.choice()))
                .count(),
        )
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).expect("lists have at most 256 items")
}

/// Field number of a body in `Record`.
#[must_use]
pub(crate) fn body_number(body: &Body) -> u32 {
    body_facts(body).0
}

/// Name of a body's field in `Record`.
#[must_use]
pub fn body_name(body: &Body) -> &'static str {
    body_facts(body).1
}

macro_rules! bodies {
    ($($variant:ident $number:literal $name:literal)*) => {
        fn body_facts(body: &Body) -> (u32, &'static str) {
            match body { $(Body::$variant(_) => ($number, $name),)* }
        }

        /// The names of all bodies, in the order of their field numbers.
        pub const BODY_NAMES: &[&str] = &[$($name),*];

        /// Name of the body with a field number.
        pub(crate) fn name_of_body(number: u32) -> &'static str {
            match number { $($number => $name,)* _ => "unknown" }
        }
    };
}

bodies! {
    Charter 16 "charter"
    StationChange 17 "station_change"
    IncidentReport 18 "incident_report"
    CoverageReport 19 "coverage_report"
    EvidenceItem 20 "evidence_item"
    Corroboration 21 "corroboration"
    Correction 22 "correction"
    Withdrawal 23 "withdrawal"
    PartyStatement 24 "party_statement"
    Case 25 "case"
    Proposal 26 "proposal"
    Vote 27 "vote"
    Decision 28 "decision"
    Ratification 29 "ratification"
    Activation 30 "activation"
    FollowUp 31 "follow_up"
    Closure 32 "closure"
    Reopening 33 "reopening"
    Disclosure 34 "disclosure"
    Summary 35 "summary"
}

/// Field numbers of the bodies that later records refer to.
pub(crate) mod body {
    pub(crate) const INCIDENT_REPORT: u32 = 18;
    pub(crate) const COVERAGE_REPORT: u32 = 19;
    pub(crate) const EVIDENCE_ITEM: u32 = 20;
    pub(crate) const CORROBORATION: u32 = 21;
    pub(crate) const CORRECTION: u32 = 22;
    pub(crate) const WITHDRAWAL: u32 = 23;
    pub(crate) const CASE: u32 = 25;
    pub(crate) const PROPOSAL: u32 = 26;
    pub(crate) const DECISION: u32 = 28;
    pub(crate) const ACTIVATION: u32 = 30;
    pub(crate) const DISCLOSURE: u32 = 34;
}

impl RecordState {
    /// Digest of the version in force of the report that is called `digest`.
    #[must_use]
    pub fn current_or<'a>(&'a self, digest: &'a RecordDigest) -> &'a [u8] {
        if self.current.is_empty() {
            digest.as_bytes()
        } else {
            &self.current
        }
    }
}
