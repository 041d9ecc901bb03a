//! Refusals: why a record cannot be in the log, in one table.
//!
//! The server answers a submission with a refusal; a verifier that meets a refused record in a log has found a
//! false entry. Both use the same [`Reason`]. `docs/errors.md` is generated from [`Reason::ALL`].

use std::fmt;

use crate::canonical::{CanonicalError, Problem};

/// Code that a reason has in gRPC, numbered as in `google.rpc.Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The record is wrong in itself.
    InvalidArgument = 3,
    /// What was asked for is not there.
    NotFound = 5,
    /// Something exists already that the record would add.
    AlreadyExists = 6,
    /// The key may not write this.
    PermissionDenied = 7,
    /// There is no room now.
    ResourceExhausted = 8,
    /// The record does not fit the state of the log.
    FailedPrecondition = 9,
    /// A number lies beyond the end of the log.
    OutOfRange = 11,
    /// This software does not know the record's kind yet.
    Unimplemented = 12,
    /// The server has failed.
    Internal = 13,
    /// The service is not there now.
    Unavailable = 14,
    /// The key or the signature is not good.
    Unauthenticated = 16,
}

impl Code {
    /// Name of the code in `google.rpc.Code`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

macro_rules! reasons {
    ($(#[$about:meta])* $reasons:ident $($variant:ident $name:literal $code:ident $meaning:literal $remedy:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $reasons {
            $(#[doc = $meaning] $variant,)*
        }

        impl $reasons {
            /// Every reason, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Name of the reason as `google.rpc.ErrorInfo.reason` carries it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Code of the reason.
            #[must_use]
            pub fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)* }
            }

            /// What the reason means, one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What the submitter can do, one sentence.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

reasons! {
    /// Why the service does not answer a call, whatever the record.
    ServiceReason
    QueueFull "QUEUE_FULL" ResourceExhausted
        "As many records wait as may wait." "Try again after the delay that the answer names."
    SequencerStopped "SEQUENCER_STOPPED" Unavailable
        "The log takes no records until its operator has looked at it." "Submit the same record again later; reading goes on."
    NotFound "NOT_FOUND" NotFound
        "The log holds nothing of that name." "Check the digest, index or station."
    BeyondTheEnd "BEYOND_THE_END" OutOfRange
        "An index or size lies beyond the end of the log." "Ask for a checkpoint, and for no more than its size."
    NotIndexed "NOT_INDEXED" Unavailable
        "The index from which questions are answered does not cover this size yet." "Try again after the delay that the answer names."
    OtherPageToken "OTHER_PAGE_TOKEN" InvalidArgument
        "The page token was not given for this request." "Repeat the request that gave it, with the same filter and as_of_size, or begin without a token."
    TooWide "TOO_WIDE" InvalidArgument
        "The answer would need more than its limit." "Narrow the field that the answer names: a shorter interval, a smaller area, fewer kinds, parties or members."
    NoWitnesses "NO_WITNESSES" FailedPrecondition
        "The log has no witnesses." "Ask for signed checkpoints."
    NotWitnessed "NOT_WITNESSED" Unavailable
        "No checkpoint at quorum covers this yet; a record that waits for one is in the log all the same." "Try again after the delay that the answer names."
    NotTheCandidate "NOT_THE_CANDIDATE" FailedPrecondition
        "The cosigned checkpoint is not the one that is offered now." "Cosign the candidate, whose size the answer names."
    UnknownCosigner "UNKNOWN_COSIGNER" PermissionDenied
        "No line is by a cosigner in the log's policies." "Have the log's operator add the key to the policy."
    FalseCosignature "FALSE_COSIGNATURE" InvalidArgument
        "A line by a cosigner of the log does not verify." "Cosign the exact text of the candidate with the key in the policy."
    AwaitingWitnesses "AWAITING_WITNESSES" Unavailable
        "The log signs nothing before enough witnesses have confirmed the checkpoint that it starts from." "Submit the same record again later; reading goes on."
    OtherHistory "OTHER_HISTORY" Unavailable
        "A witness knows a larger or another history of the log than its store holds, so nothing more is signed." "Keep what you hold of the log; its operator has to bring back the newest store or found a successor."
    Storage "STORAGE" Internal
        "The log's storage failed." "Tell its operator."
}

reasons! {
    /// Why a record is refused.
    Reason
    RecordTooLarge "RECORD_TOO_LARGE" InvalidArgument
        "The record is longer than its limit." "Shorten it, or log long content as an EvidenceItem by its digest."
    NotCanonical "NOT_CANONICAL" InvalidArgument
        "The bytes are not canonical protobuf." "Encode the record as the specification canonical.md says."
    UnknownField "UNKNOWN_FIELD" InvalidArgument
        "The record has a field that the schema does not have." "Leave it out, or use a log with newer software."
    TextNotAllowed "TEXT_NOT_ALLOWED" InvalidArgument
        "Text holds a code point that is not allowed." "Leave it out; in imported fields escape it."
    ListTooLong "LIST_TOO_LONG" InvalidArgument
        "A list has too many items." "Split the record."
    WrongOrigin "WRONG_ORIGIN" InvalidArgument
        "The record was signed for another log." "Submit it to the log that it was signed for."
    WrongCharter "WRONG_CHARTER" InvalidArgument
        "The record was signed for a log with another charter." "Check the charter digest that you pinned."
    KeyMalformed "KEY_MALFORMED" InvalidArgument
        "The public key is not a canonical point of the curve." "Use a key made by an Ed25519 library."
    KeyWeak "KEY_WEAK" InvalidArgument
        "The public key has small order: anyone could sign with it." "Make a new key."
    SignatureInvalid "SIGNATURE_INVALID" Unauthenticated
        "The signature does not verify under the strict rule." "Sign the record's statement with the station's key."
    CharterMisplaced "CHARTER_MISPLACED" FailedPrecondition
        "A Charter is at index 0 and nowhere else." "Found another log with another origin."
    KeyUnknown "KEY_UNKNOWN" Unauthenticated
        "No station of this log has this key." "Have the member's authority enrol it."
    KeyRevoked "KEY_REVOKED" PermissionDenied
        "The key was revoked or rotated before this record." "Sign with the station's current key."
    KeyOfOtherStation "KEY_OF_OTHER_STATION" PermissionDenied
        "The key belongs to another station than the record names." "Name the station that holds the key."
    MemberSuspended "MEMBER_SUSPENDED" PermissionDenied
        "The member is suspended." "Wait for its reinstatement; until then its authority may only change its keys."
    MemberDeparted "MEMBER_DEPARTED" PermissionDenied
        "The member has departed." "Nothing is to be done; what it logged before stays valid."
    RoleNotAllowed "ROLE_NOT_ALLOWED" PermissionDenied
        "The station's role may not write this." "Let a station with one of the roles named write it."
    SequenceUsed "SEQUENCE_USED" AlreadyExists
        "Another record has this sequence of this key." "Sign with the next sequence that the refusal names."
    SequenceGap "SEQUENCE_GAP" FailedPrecondition
        "Records of this key are missing before this one." "Submit the record with the sequence that the refusal names first."
    RecordLogged "RECORD_LOGGED" AlreadyExists
        "The log holds this record already." "Ask for its receipt."
    ReplacesLogged "REPLACES_LOGGED" FailedPrecondition
        "A record that is said to be replaced is in the log." "Name only refused records in replaces."
    FieldRequired "FIELD_REQUIRED" InvalidArgument
        "A field is missing." "Fill it in."
    FieldNotAllowed "FIELD_NOT_ALLOWED" InvalidArgument
        "A field is filled in that must be absent here." "Leave it out."
    FieldTooLong "FIELD_TOO_LONG" InvalidArgument
        "A field is longer than its limit." "Shorten it."
    FieldFormat "FIELD_FORMAT" InvalidArgument
        "A field is not of its form." "Write it in the form that the refusal names."
    OutOfRange "OUT_OF_RANGE" InvalidArgument
        "A number is outside its range." "Correct it."
    ListOrder "LIST_ORDER" InvalidArgument
        "A list is not strictly ascending." "Sort it and leave repeats out."
    PositionZero "POSITION_ZERO" InvalidArgument
        "The position is (0, 0), which devices without a fix report." "Give the position, or none."
    TimeOrder "TIME_ORDER" InvalidArgument
        "A time lies before one that it must follow." "Correct the times."
    TimeAhead "TIME_AHEAD" FailedPrecondition
        "A time lies ahead of the log's clock by more than the tolerance." "Correct the clock or the time."
    SpanTooLong "SPAN_TOO_LONG" InvalidArgument
        "The interval is longer than one incident may last." "Mark a report over a period as such."
    CasualtyRange "CASUALTY_RANGE" InvalidArgument
        "Casualty estimates are not low ≤ best ≤ high." "Correct them; imported reports are flagged instead."
    LabelNarrower "LABEL_NARROWER" InvalidArgument
        "The label is narrower than the charter's release set." "Log narrower content as a sealed commitment."
    ReferenceUnknown "REFERENCE_UNKNOWN" FailedPrecondition
        "The record refers to one that the log does not hold." "Submit that record first, or correct the digest."
    ReferenceType "REFERENCE_TYPE" FailedPrecondition
        "The record refers to one of the wrong type." "Refer to a record of a type that the refusal names."
    ReferenceSuperseded "REFERENCE_SUPERSEDED" FailedPrecondition
        "The record refers to a version that is no longer in force." "Use the digest that the refusal names."
    ReferenceWithdrawn "REFERENCE_WITHDRAWN" FailedPrecondition
        "The record refers to a report that was withdrawn." "Report anew."
    ReferenceSealed "REFERENCE_SEALED" FailedPrecondition
        "The record refers to content that only the member which sealed it knows." "Refer to its Disclosure; the refusal names it if there is one."
    OtherMember "OTHER_MEMBER" PermissionDenied
        "Only the member that wrote the record referred to may do this." "Let a station of that member do it."
    OwnReport "OWN_REPORT" PermissionDenied
        "The report is by the author's own member." "Let another member check it."
    PartyToCase "PARTY_TO_CASE" PermissionDenied
        "The author's member is a party to a case that holds the report." "Let a member check it that is no party; a party makes a PartyStatement."
    IntervalOverlap "INTERVAL_OVERLAP" FailedPrecondition
        "The interval overlaps with one that the sensor's coverage is stated for already." "Keep to the limit that the refusal names, or restate a report by naming it in supersedes."
    SensorDiffers "SENSOR_DIFFERS" FailedPrecondition
        "The coverage report that is restated is of another sensor." "Name the sensor, or a report of this one."
    CommitmentUsed "COMMITMENT_USED" AlreadyExists
        "The commitment has been used before." "Seal the content anew, with another salt."
    NotSealed "NOT_SEALED" FailedPrecondition
        "The piece of evidence holds no commitment." "Disclose sealed evidence only."
    OpeningDiffers "OPENING_DIFFERS" InvalidArgument
        "Salt and content are not what was committed to." "Disclose the very bytes that were sealed, with their salt."
    SecondDisclosure "SECOND_DISCLOSURE" AlreadyExists
        "The commitment has been opened." "Use the Disclosure that the refusal names."
    CountsContradict "COUNTS_CONTRADICT" InvalidArgument
        "A part counts more than the whole." "Count again."
    PartyUnknown "PARTY_UNKNOWN" FailedPrecondition
        "The code is neither a party nor a member in the charter." "Use a code of the charter."
    MemberUnknown "MEMBER_UNKNOWN" FailedPrecondition
        "The code is not a member." "Use the code of a member."
    MemberKnown "MEMBER_KNOWN" AlreadyExists
        "The code is or was that of a member; a code is admitted once." "Reinstate a suspended member, or admit under another code."
    MemberStanding "MEMBER_STANDING" FailedPrecondition
        "The member's standing does not allow this change." "Suspend a member in good standing, reinstate a suspended one."
    NotReleased "NOT_RELEASED" FailedPrecondition
        "The charter does not release the log's records to this code." "Found a successor log with a wider release set."
    KeyEnrolled "KEY_ENROLLED" AlreadyExists
        "The key was enrolled or promised before; a key is enrolled once." "Make a new key."
    KeyReserved "KEY_RESERVED" FailedPrecondition
        "The key is the log's own." "Make a new key."
    StationActive "STATION_ACTIVE" AlreadyExists
        "The station has an active key." "Rotate it, or revoke it first."
    StationUnknown "STATION_UNKNOWN" FailedPrecondition
        "The member has no such station, or the station has another key." "Correct the station or the key."
    StationFull "STATION_FULL" FailedPrecondition
        "The station has had as many keys as it may have." "Enrol a station with another name."
    LastSequenceBehind "LAST_SEQUENCE_BEHIND" FailedPrecondition
        "The log holds later records of the key than the last sequence stated." "State at least the sequence that the refusal names."
    RoleNotAdmitted "ROLE_NOT_ADMITTED" PermissionDenied
        "The rules do not let this member hold this role." "Change the rules by a RULES decision."
    ProposalKindNotAllowed "PROPOSAL_KIND_NOT_ALLOWED" FailedPrecondition
        "The rules do not provide for proposals of this kind." "Change the rules by a RULES decision."
    ProposalOpen "PROPOSAL_OPEN" FailedPrecondition
        "A proposal on the same subject is not decided." "Wait for its decision, which anyone eligible may write once voting has closed."
    ElectorateEmpty "ELECTORATE_EMPTY" FailedPrecondition
        "No member may vote on this." "Enrol stations with the role that votes."
    StandardTooLow "STANDARD_TOO_LOW" FailedPrecondition
        "The standard of proof is lower than the rules demand." "Meet the standard that the refusal names."
    NotAdopted "NOT_ADOPTED" FailedPrecondition
        "The decision did not adopt its proposal." "Refer to an adopted decision."
    ClauseUnknown "CLAUSE_UNKNOWN" FailedPrecondition
        "The protocol text has no such clause." "Use the identifier of one of its clauses."
    BasisProvisional "BASIS_PROVISIONAL" FailedPrecondition
        "The attribution is provisional, and the rules demand a final one." "Decide the attribution finally first."
    BasisNotABreach "BASIS_NOT_A_BREACH" FailedPrecondition
        "The attribution found no breach." "Refer to an attribution that found one."
    NotEligible "NOT_ELIGIBLE" PermissionDenied
        "The member was not in the electorate when the proposal was made." "Only members of the frozen electorate vote."
    RecusalRequired "RECUSAL_REQUIRED" PermissionDenied
        "The member is a party to the case." "Vote RECUSED, or not at all."
    VotingClosed "VOTING_CLOSED" FailedPrecondition
        "Voting has closed." "Propose anew."
    SecondVote "SECOND_VOTE" AlreadyExists
        "The member has voted; a vote is final." "Nothing is to be done."
    VotingOpen "VOTING_OPEN" FailedPrecondition
        "Voting has not closed." "Wait for the missing votes or for the time that the refusal names."
    SecondDecision "SECOND_DECISION" AlreadyExists
        "The proposal has been decided." "Nothing is to be done."
    OutcomeDiffers "OUTCOME_DIFFERS" FailedPrecondition
        "The outcome is not the one that the votes give." "State the outcome that the refusal names."
    VotesDiffer "VOTES_DIFFER" FailedPrecondition
        "The votes listed are not all votes in the order of the log." "List them as the log holds them."
    NotAnAddressee "NOT_AN_ADDRESSEE" PermissionDenied
        "The remedy asks nothing of this member." "Only addressees decide on a remedy."
    SupersedesRequired "SUPERSEDES_REQUIRED" FailedPrecondition
        "The member has decided on this remedy before." "Name the earlier Activation in supersedes."
    StepOrder "STEP_ORDER" FailedPrecondition
        "The member's newest step on this text does not allow this one." "Sign first; ratify, refuse or withdraw once, after that."
    NotApproved "NOT_APPROVED" FailedPrecondition
        "The member's activation does not approve this." "Activate it first."
    CaseClosed "CASE_CLOSED" FailedPrecondition
        "The case is closed." "Reopen it with evidence that is new."
    CaseOpen "CASE_OPEN" FailedPrecondition
        "The case is not closed." "Extend the case instead."
    ResultDiffers "RESULT_DIFFERS" FailedPrecondition
        "The result is not the one that the case's newest final attribution gives." "State the result that the refusal names."
    EvidenceNotNew "EVIDENCE_NOT_NEW" FailedPrecondition
        "The record was logged before the case was closed." "Name what was logged after the closure."
    NotSupported "NOT_SUPPORTED" Unimplemented
        "This software does not judge records of this kind or version." "Use newer software."
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refusal: the reason, the field, and the facts that the submitter needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Path of the field, for example `incident_report.casualties[0].best`; empty for the record itself.
    pub field: String,
    /// Facts by name: limits, what was found, what to use instead.
    pub facts: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Makes a refusal without facts.
    #[must_use]
    pub fn new(reason: Reason, field: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            facts: Vec::new(),
        }
    }

    /// Adds a fact.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and literals read best by value"
    )]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// Puts the field below another one.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.field = if self.field.is_empty() {
            parent.to_owned()
        } else {
            format!("{parent}.{}", self.field)
        };
        self
    }

    /// Value of a fact.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if !self.field.is_empty() {
            write!(f, " at {}", self.field)?;
        }
        write!(f, ": {}", self.reason.meaning())?;
        for (position, (name, value)) in self.facts.iter().enumerate() {
            let before = if position == 0 { " (" } else { ", " };
            write!(f, "{before}{} {value}", name.replace('_', " "))?;
        }
        let after = if self.facts.is_empty() { "" } else { ")" };
        write!(f, "{after} {}", self.reason.remedy())
    }
}

impl From<CanonicalError> for Refusal {
    fn from(error: CanonicalError) -> Self {
        let reason = match error.problem {
            Problem::UnknownField(_) => Reason::UnknownField,
            Problem::CodePoint(_) => Reason::TextNotAllowed,
            Problem::ListLen => Reason::ListTooLong,
            _ => Reason::NotCanonical,
        };
        Self::new(reason, error.path).with("problem", error.problem)
    }
}
