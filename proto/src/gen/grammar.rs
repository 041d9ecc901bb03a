// Field tables of the canonical grammar, generated from the schema by `make gen`.

/// Fields of `Activation`.
pub static ACTIVATION: Message = Message {
    name: "Activation",
    fields: &[
        Field {
            number: 1,
            name: "decision",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "choice",
            kind: Kind::Enum {
                names: &[
                    "ACTIVATION_CHOICE_UNSPECIFIED",
                    "ACTIVATION_CHOICE_APPROVE",
                    "ACTIVATION_CHOICE_APPROVE_IN_PART",
                    "ACTIVATION_CHOICE_DECLINE",
                    "ACTIVATION_CHOICE_PENDING_PROCEDURE",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "measures",
            kind: Kind::Uint32,
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "procedure",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "effective_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "expiry_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "supersedes",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `AttributionProposal`.
pub static ATTRIBUTION_PROPOSAL: Message = Message {
    name: "AttributionProposal",
    fields: &[
        Field {
            number: 1,
            name: "case",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "clause",
            kind: Kind::Message(&CLAUSE_REFERENCE),
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "finding",
            kind: Kind::Enum {
                names: &[
                    "ATTRIBUTION_FINDING_UNSPECIFIED",
                    "ATTRIBUTION_FINDING_PARTY",
                    "ATTRIBUTION_FINDING_UNATTRIBUTED",
                    "ATTRIBUTION_FINDING_NOT_A_BREACH",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "party",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "basis",
            kind: Kind::Enum {
                names: &[
                    "ATTRIBUTION_BASIS_UNSPECIFIED",
                    "ATTRIBUTION_BASIS_ORGAN",
                    "ATTRIBUTION_BASIS_GOVERNMENTAL_AUTHORITY",
                    "ATTRIBUTION_BASIS_PLACED_AT_DISPOSAL",
                    "ATTRIBUTION_BASIS_EXCESS_OF_AUTHORITY",
                    "ATTRIBUTION_BASIS_DIRECTED_OR_CONTROLLED",
                    "ATTRIBUTION_BASIS_ABSENCE_OF_AUTHORITIES",
                    "ATTRIBUTION_BASIS_INSURRECTIONAL_MOVEMENT",
                    "ATTRIBUTION_BASIS_ACKNOWLEDGED_AND_ADOPTED",
                    "ATTRIBUTION_BASIS_NON_STATE_PARTY",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "intent",
            kind: Kind::Enum {
                names: &[
                    "INTENT_UNSPECIFIED",
                    "INTENT_DELIBERATE",
                    "INTENT_RECKLESS",
                    "INTENT_ACCIDENTAL",
                    "INTENT_UNKNOWN",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "standard_of_proof",
            kind: Kind::Enum {
                names: &[
                    "STANDARD_OF_PROOF_UNSPECIFIED",
                    "STANDARD_OF_PROOF_REASONABLE_GROUNDS",
                    "STANDARD_OF_PROOF_BALANCE_OF_PROBABILITIES",
                    "STANDARD_OF_PROOF_CLEAR_AND_CONVINCING",
                    "STANDARD_OF_PROOF_BEYOND_REASONABLE_DOUBT",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "confidence",
            kind: Kind::Enum {
                names: &[
                    "CONFIDENCE_UNSPECIFIED",
                    "CONFIDENCE_LOW",
                    "CONFIDENCE_MODERATE",
                    "CONFIDENCE_HIGH",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 9,
            name: "finality",
            kind: Kind::Enum {
                names: &[
                    "FINALITY_UNSPECIFIED",
                    "FINALITY_PROVISIONAL",
                    "FINALITY_FINAL",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `BearingFix`.
pub static BEARING_FIX: Message = Message {
    name: "BearingFix",
    fields: &[
        Field {
            number: 1,
            name: "observer_commitment",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "bearing",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "bearing_error",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "distance_m",
            kind: Kind::Uint32,
            presence: Presence::Optional,
        },
        Field {
            number: 5,
            name: "distance_error_m",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Case`.
pub static CASE: Message = Message {
    name: "Case",
    fields: &[
        Field {
            number: 1,
            name: "extends",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "title",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "reports",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "parties",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
        Field {
            number: 5,
            name: "clause_references",
            kind: Kind::Message(&CLAUSE_REFERENCE),
            presence: Presence::Repeated,
        },
        Field {
            number: 6,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `CasualtyCount`.
pub static CASUALTY_COUNT: Message = Message {
    name: "CasualtyCount",
    fields: &[
        Field {
            number: 1,
            name: "harm",
            kind: Kind::Enum {
                names: &[
                    "HARM_UNSPECIFIED",
                    "HARM_KILLED",
                    "HARM_INJURED",
                    "HARM_MISSING",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "group",
            kind: Kind::Enum {
                names: &[
                    "PERSON_GROUP_UNSPECIFIED",
                    "PERSON_GROUP_ALL",
                    "PERSON_GROUP_CIVILIAN",
                    "PERSON_GROUP_MILITARY",
                    "PERSON_GROUP_UNKNOWN",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "low",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "best",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "high",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Charter`.
pub static CHARTER: Message = Message {
    name: "Charter",
    fields: &[
        Field {
            number: 1,
            name: "origin",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "log_key",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "operator_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "purpose",
            kind: Kind::Enum {
                names: &[
                    "LOG_PURPOSE_UNSPECIFIED",
                    "LOG_PURPOSE_LIVE",
                    "LOG_PURPOSE_EXERCISE",
                    "LOG_PURPOSE_TEST",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "title",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "members",
            kind: Kind::Message(&CHARTER_MEMBER),
            presence: Presence::Repeated,
        },
        Field {
            number: 7,
            name: "release_set",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
        Field {
            number: 8,
            name: "parties",
            kind: Kind::Message(&PARTY),
            presence: Presence::Repeated,
        },
        Field {
            number: 9,
            name: "rules",
            kind: Kind::Message(&RULES),
            presence: Presence::Implicit,
        },
        Field {
            number: 10,
            name: "predecessor",
            kind: Kind::Message(&PREDECESSOR),
            presence: Presence::Implicit,
        },
        Field {
            number: 11,
            name: "log_key_pq",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `CharterMember`.
pub static CHARTER_MEMBER: Message = Message {
    name: "CharterMember",
    fields: &[
        Field {
            number: 1,
            name: "code",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "name",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "authority_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "recovery_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Clause`.
pub static CLAUSE: Message = Message {
    name: "Clause",
    fields: &[
        Field {
            number: 1,
            name: "id",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "digest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "title",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `ClauseReference`.
pub static CLAUSE_REFERENCE: Message = Message {
    name: "ClauseReference",
    fields: &[
        Field {
            number: 1,
            name: "protocol_text",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "clause",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Closure`.
pub static CLOSURE: Message = Message {
    name: "Closure",
    fields: &[
        Field {
            number: 1,
            name: "case",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "result",
            kind: Kind::Enum {
                names: &[
                    "CLOSURE_RESULT_UNSPECIFIED",
                    "CLOSURE_RESULT_VIOLATION",
                    "CLOSURE_RESULT_NO_VIOLATION",
                    "CLOSURE_RESULT_PENDING",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "reason",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `CompromiseMark`.
pub static COMPROMISE_MARK: Message = Message {
    name: "CompromiseMark",
    fields: &[
        Field {
            number: 1,
            name: "station",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "since_index",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "reason",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Correction`.
pub static CORRECTION: Message = Message {
    name: "Correction",
    fields: &[
        Field {
            number: 1,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "reason",
            kind: Kind::Enum {
                names: &[
                    "CORRECTION_REASON_UNSPECIFIED",
                    "CORRECTION_REASON_TYPING_ERROR",
                    "CORRECTION_REASON_LATE_INFORMATION",
                    "CORRECTION_REASON_RECLASSIFIED",
                    "CORRECTION_REASON_POSITION",
                    "CORRECTION_REASON_TIME",
                    "CORRECTION_REASON_COUNT",
                    "CORRECTION_REASON_ACTOR",
                    "CORRECTION_REASON_OTHER",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "reason_text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "report",
            kind: Kind::Message(&INCIDENT_REPORT),
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Corroboration`.
pub static CORROBORATION: Message = Message {
    name: "Corroboration",
    fields: &[
        Field {
            number: 1,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "result",
            kind: Kind::Enum {
                names: &[
                    "CORROBORATION_RESULT_UNSPECIFIED",
                    "CORROBORATION_RESULT_CONFIRM",
                    "CORROBORATION_RESULT_PARTIAL",
                    "CORROBORATION_RESULT_CONTRADICT",
                    "CORROBORATION_RESULT_CANNOT_ASSESS",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "means",
            kind: Kind::Enum {
                names: &[
                    "MEANS_UNSPECIFIED",
                    "MEANS_HEARD",
                    "MEANS_SEEN",
                    "MEANS_CAMERA",
                    "MEANS_UAV",
                    "MEANS_ACOUSTIC",
                    "MEANS_SEISMIC",
                    "MEANS_RADAR",
                    "MEANS_SIGNALS",
                    "MEANS_SATELLITE",
                    "MEANS_THIRD_PARTY",
                ],
            },
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "evidence",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 5,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Count`.
pub static COUNT: Message = Message {
    name: "Count",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "COUNT_KIND_UNSPECIFIED",
                    "COUNT_KIND_EXACT",
                    "COUNT_KIND_AT_LEAST",
                    "COUNT_KIND_ABOUT",
                    "COUNT_KIND_NOT_KNOWN",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "number",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "unit",
            kind: Kind::Enum {
                names: &[
                    "COUNT_UNIT_UNSPECIFIED",
                    "COUNT_UNIT_SHOTS",
                    "COUNT_UNIT_BURSTS",
                    "COUNT_UNIT_EXPLOSIONS",
                    "COUNT_UNIT_ITEMS",
                    "COUNT_UNIT_SORTIES",
                    "COUNT_UNIT_PERSONS",
                    "COUNT_UNIT_INCIDENTS",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `CoverageReport`.
pub static COVERAGE_REPORT: Message = Message {
    name: "CoverageReport",
    fields: &[
        Field {
            number: 1,
            name: "sensor",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "earliest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "latest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "status",
            kind: Kind::Enum {
                names: &[
                    "COVERAGE_STATUS_UNSPECIFIED",
                    "COVERAGE_STATUS_UP",
                    "COVERAGE_STATUS_DEGRADED",
                    "COVERAGE_STATUS_DOWN",
                    "COVERAGE_STATUS_JAMMED",
                    "COVERAGE_STATUS_ACCESS_DENIED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "observed_count",
            kind: Kind::Uint64,
            presence: Presence::Optional,
        },
        Field {
            number: 6,
            name: "place",
            kind: Kind::Message(&PLACE),
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "supersedes",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Damage`.
pub static DAMAGE: Message = Message {
    name: "Damage",
    fields: &[
        Field {
            number: 1,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "facility_commitment",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Decision`.
pub static DECISION: Message = Message {
    name: "Decision",
    fields: &[
        Field {
            number: 1,
            name: "proposal",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "outcome",
            kind: Kind::Enum {
                names: &[
                    "OUTCOME_UNSPECIFIED",
                    "OUTCOME_ADOPTED",
                    "OUTCOME_REJECTED",
                    "OUTCOME_LAPSED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "votes",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `Direction`.
pub static DIRECTION: Message = Message {
    name: "Direction",
    fields: &[
        Field {
            number: 1,
            name: "movement",
            kind: Kind::Enum {
                names: &[
                    "MOVEMENT_UNSPECIFIED",
                    "MOVEMENT_INCOMING",
                    "MOVEMENT_OUTGOING",
                    "MOVEMENT_UNDETERMINED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "from",
            kind: Kind::Uint32,
            presence: Presence::Optional,
        },
        Field {
            number: 3,
            name: "to",
            kind: Kind::Uint32,
            presence: Presence::Optional,
        },
    ],
};

/// Fields of `Disclosure`.
pub static DISCLOSURE: Message = Message {
    name: "Disclosure",
    fields: &[
        Field {
            number: 1,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "salt",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "content",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Endorsement`.
pub static ENDORSEMENT: Message = Message {
    name: "Endorsement",
    fields: &[
        Field {
            number: 1,
            name: "member",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "signature",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Enrolment`.
pub static ENROLMENT: Message = Message {
    name: "Enrolment",
    fields: &[
        Field {
            number: 1,
            name: "station",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "role",
            kind: Kind::Enum {
                names: &[
                    "ROLE_UNSPECIFIED",
                    "ROLE_OPERATOR",
                    "ROLE_AUTHORITY",
                    "ROLE_RECOVERY",
                    "ROLE_SENSOR",
                    "ROLE_MONITOR",
                    "ROLE_VERIFIER",
                    "ROLE_INVESTIGATOR",
                    "ROLE_COMMISSIONER",
                    "ROLE_PARTY_LIAISON",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "holder_kind",
            kind: Kind::Enum {
                names: &[
                    "HOLDER_KIND_UNSPECIFIED",
                    "HOLDER_KIND_PERSON",
                    "HOLDER_KIND_OFFICE",
                    "HOLDER_KIND_DEVICE",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Entry`.
pub static ENTRY: Message = Message {
    name: "Entry",
    fields: &[
        Field {
            number: 1,
            name: "index",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "previous",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "accepted_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "signed_record",
            kind: Kind::Message(&SIGNED_RECORD),
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `EvidenceItem`.
pub static EVIDENCE_ITEM: Message = Message {
    name: "EvidenceItem",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "EVIDENCE_KIND_UNSPECIFIED",
                    "EVIDENCE_KIND_ORIGINAL",
                    "EVIDENCE_KIND_COPY",
                    "EVIDENCE_KIND_DERIVED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "captured_earliest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "captured_latest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "derived_from",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "media_type",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "description",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "c2pa_manifest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 16,
            name: "open",
            kind: Kind::Message(&OPEN_CONTENT),
            presence: Presence::OneOf,
        },
        Field {
            number: 17,
            name: "sealed",
            kind: Kind::Message(&SEALED_CONTENT),
            presence: Presence::OneOf,
        },
    ],
};

/// Fields of `FollowUp`.
pub static FOLLOW_UP: Message = Message {
    name: "FollowUp",
    fields: &[
        Field {
            number: 1,
            name: "activation",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "status",
            kind: Kind::Enum {
                names: &[
                    "FOLLOW_UP_STATUS_UNSPECIFIED",
                    "FOLLOW_UP_STATUS_STARTED",
                    "FOLLOW_UP_STATUS_DONE",
                    "FOLLOW_UP_STATUS_FAILED",
                    "FOLLOW_UP_STATUS_LIFTED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "measures",
            kind: Kind::Uint32,
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "evidence",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 5,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Fraction`.
pub static FRACTION: Message = Message {
    name: "Fraction",
    fields: &[
        Field {
            number: 1,
            name: "numerator",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "denominator",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Imported`.
pub static IMPORTED: Message = Message {
    name: "Imported",
    fields: &[
        Field {
            number: 1,
            name: "dataset",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "version",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "row",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "fields",
            kind: Kind::Message(&IMPORTED_FIELD),
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `ImportedField`.
pub static IMPORTED_FIELD: Message = Message {
    name: "ImportedField",
    fields: &[
        Field {
            number: 1,
            name: "name",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "value",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `IncidentReport`.
pub static INCIDENT_REPORT: Message = Message {
    name: "IncidentReport",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "INCIDENT_KIND_UNSPECIFIED",
                    "INCIDENT_KIND_EXPLOSION",
                    "INCIDENT_KIND_PROJECTILE_IN_FLIGHT",
                    "INCIDENT_KIND_MUZZLE_FLASH",
                    "INCIDENT_KIND_ILLUMINATION_FLARE",
                    "INCIDENT_KIND_BURST",
                    "INCIDENT_KIND_SHOT",
                    "INCIDENT_KIND_ARTILLERY_IMPACT",
                    "INCIDENT_KIND_MISSILE_OR_AIR_STRIKE",
                    "INCIDENT_KIND_UAV_STRIKE",
                    "INCIDENT_KIND_UAV_OVERFLIGHT",
                    "INCIDENT_KIND_AIR_VIOLATION",
                    "INCIDENT_KIND_GROUND_INCURSION",
                    "INCIDENT_KIND_MARITIME",
                    "INCIDENT_KIND_WEAPON_IN_VIOLATION",
                    "INCIDENT_KIND_MINE_OR_UXO",
                    "INCIDENT_KIND_MOVEMENT_RESTRICTION",
                    "INCIDENT_KIND_JAMMING",
                    "INCIDENT_KIND_CYBER",
                    "INCIDENT_KIND_ATTACK_ON_MONITOR",
                    "INCIDENT_KIND_CIVILIAN_HARM",
                    "INCIDENT_KIND_INFRASTRUCTURE_STRIKE",
                    "INCIDENT_KIND_SABOTAGE",
                    "INCIDENT_KIND_ARMED_CLASH",
                    "INCIDENT_KIND_OTHER",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "kind_text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "domain",
            kind: Kind::Enum {
                names: &[
                    "INCIDENT_DOMAIN_UNSPECIFIED",
                    "INCIDENT_DOMAIN_LAND",
                    "INCIDENT_DOMAIN_AIR",
                    "INCIDENT_DOMAIN_SEA",
                    "INCIDENT_DOMAIN_CYBER",
                    "INCIDENT_DOMAIN_SPACE",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "clause_references",
            kind: Kind::Message(&CLAUSE_REFERENCE),
            presence: Presence::Repeated,
        },
        Field {
            number: 5,
            name: "means",
            kind: Kind::Enum {
                names: &[
                    "MEANS_UNSPECIFIED",
                    "MEANS_HEARD",
                    "MEANS_SEEN",
                    "MEANS_CAMERA",
                    "MEANS_UAV",
                    "MEANS_ACOUSTIC",
                    "MEANS_SEISMIC",
                    "MEANS_RADAR",
                    "MEANS_SIGNALS",
                    "MEANS_SATELLITE",
                    "MEANS_THIRD_PARTY",
                ],
            },
            presence: Presence::Repeated,
        },
        Field {
            number: 6,
            name: "earliest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "latest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "time_precision",
            kind: Kind::Enum {
                names: &[
                    "TIME_PRECISION_UNSPECIFIED",
                    "TIME_PRECISION_SECOND",
                    "TIME_PRECISION_MINUTE",
                    "TIME_PRECISION_HOUR",
                    "TIME_PRECISION_DAY",
                    "TIME_PRECISION_DAYS",
                    "TIME_PRECISION_WEEK",
                    "TIME_PRECISION_MONTH",
                    "TIME_PRECISION_YEAR",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 9,
            name: "clock_source",
            kind: Kind::Enum {
                names: &[
                    "CLOCK_SOURCE_UNSPECIFIED",
                    "CLOCK_SOURCE_GNSS",
                    "CLOCK_SOURCE_NTP",
                    "CLOCK_SOURCE_MANUAL",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 10,
            name: "time_zone",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 11,
            name: "period",
            kind: Kind::Bool,
            presence: Presence::Implicit,
        },
        Field {
            number: 12,
            name: "place",
            kind: Kind::Message(&PLACE),
            presence: Presence::Implicit,
        },
        Field {
            number: 13,
            name: "count",
            kind: Kind::Message(&COUNT),
            presence: Presence::Implicit,
        },
        Field {
            number: 14,
            name: "weapon",
            kind: Kind::Message(&WEAPON),
            presence: Presence::Implicit,
        },
        Field {
            number: 15,
            name: "direction",
            kind: Kind::Message(&DIRECTION),
            presence: Presence::Implicit,
        },
        Field {
            number: 16,
            name: "apparent_origin",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 17,
            name: "casualties",
            kind: Kind::Message(&CASUALTY_COUNT),
            presence: Presence::Repeated,
        },
        Field {
            number: 18,
            name: "damage",
            kind: Kind::Message(&DAMAGE),
            presence: Presence::Repeated,
        },
        Field {
            number: 19,
            name: "assessed_as",
            kind: Kind::Enum {
                names: &[
                    "ASSESSMENT_UNSPECIFIED",
                    "ASSESSMENT_VIOLATION",
                    "ASSESSMENT_LIVE_FIRE_EXERCISE",
                    "ASSESSMENT_DEMINING",
                    "ASSESSMENT_CONTROLLED_DETONATION",
                    "ASSESSMENT_ACCIDENT",
                    "ASSESSMENT_UNDETERMINED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 20,
            name: "source_reliability",
            kind: Kind::Enum {
                names: &[
                    "SOURCE_RELIABILITY_UNSPECIFIED",
                    "SOURCE_RELIABILITY_A",
                    "SOURCE_RELIABILITY_B",
                    "SOURCE_RELIABILITY_C",
                    "SOURCE_RELIABILITY_D",
                    "SOURCE_RELIABILITY_E",
                    "SOURCE_RELIABILITY_F",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 21,
            name: "information_credibility",
            kind: Kind::Enum {
                names: &[
                    "INFORMATION_CREDIBILITY_UNSPECIFIED",
                    "INFORMATION_CREDIBILITY_CONFIRMED",
                    "INFORMATION_CREDIBILITY_PROBABLY_TRUE",
                    "INFORMATION_CREDIBILITY_POSSIBLY_TRUE",
                    "INFORMATION_CREDIBILITY_DOUBTFUL",
                    "INFORMATION_CREDIBILITY_IMPROBABLE",
                    "INFORMATION_CREDIBILITY_CANNOT_BE_JUDGED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 22,
            name: "observer_count",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 23,
            name: "evidence",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 24,
            name: "narrative",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 25,
            name: "relations",
            kind: Kind::Message(&RELATION),
            presence: Presence::Repeated,
        },
        Field {
            number: 26,
            name: "imported",
            kind: Kind::Message(&IMPORTED),
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Label`.
pub static LABEL: Message = Message {
    name: "Label",
    fields: &[
        Field {
            number: 1,
            name: "policy",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "classification",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "releasable_to",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "categories",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `LanguageVersion`.
pub static LANGUAGE_VERSION: Message = Message {
    name: "LanguageVersion",
    fields: &[
        Field {
            number: 1,
            name: "language",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "digest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Measure`.
pub static MEASURE: Message = Message {
    name: "Measure",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "REMEDY_KIND_UNSPECIFIED",
                    "REMEDY_KIND_MILITARY_CAPABILITIES",
                    "REMEDY_KIND_INTELLIGENCE_SUPPORT",
                    "REMEDY_KIND_LOGISTICAL_SUPPORT",
                    "REMEDY_KIND_DIPLOMATIC_INITIATIVE",
                    "REMEDY_KIND_ADDITIONAL_SANCTIONS",
                    "REMEDY_KIND_DIPLOMATIC_WARNING",
                    "REMEDY_KIND_PARTY_SELF_RESPONSE",
                    "REMEDY_KIND_NONE",
                    "REMEDY_KIND_OTHER",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "addressees",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "stage",
            kind: Kind::Enum {
                names: &[
                    "RESPONSE_STAGE_UNSPECIFIED",
                    "RESPONSE_STAGE_FIRST",
                    "RESPONSE_STAGE_SECOND",
                    "RESPONSE_STAGE_THIRD",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `MembershipProposal`.
pub static MEMBERSHIP_PROPOSAL: Message = Message {
    name: "MembershipProposal",
    fields: &[
        Field {
            number: 1,
            name: "change",
            kind: Kind::Enum {
                names: &[
                    "MEMBERSHIP_CHANGE_UNSPECIFIED",
                    "MEMBERSHIP_CHANGE_ADMIT",
                    "MEMBERSHIP_CHANGE_SUSPEND",
                    "MEMBERSHIP_CHANGE_REINSTATE",
                    "MEMBERSHIP_CHANGE_DEPART",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "member",
            kind: Kind::Message(&CHARTER_MEMBER),
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `OpenContent`.
pub static OPEN_CONTENT: Message = Message {
    name: "OpenContent",
    fields: &[
        Field {
            number: 1,
            name: "digest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "len",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Party`.
pub static PARTY: Message = Message {
    name: "Party",
    fields: &[
        Field {
            number: 1,
            name: "code",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "name",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `PartyStatement`.
pub static PARTY_STATEMENT: Message = Message {
    name: "PartyStatement",
    fields: &[
        Field {
            number: 1,
            name: "party",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "stance",
            kind: Kind::Enum {
                names: &[
                    "PARTY_STANCE_UNSPECIFIED",
                    "PARTY_STANCE_DENY",
                    "PARTY_STANCE_ADMIT",
                    "PARTY_STANCE_CLAIM_RESPONSE",
                    "PARTY_STANCE_NO_COMMENT",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Place`.
pub static PLACE: Message = Message {
    name: "Place",
    fields: &[
        Field {
            number: 1,
            name: "name",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "description",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "admin_area_1",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "admin_area_2",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 16,
            name: "position",
            kind: Kind::Message(&POSITION),
            presence: Presence::OneOf,
        },
        Field {
            number: 17,
            name: "bearing_fix",
            kind: Kind::Message(&BEARING_FIX),
            presence: Presence::OneOf,
        },
    ],
};

/// Fields of `Position`.
pub static POSITION: Message = Message {
    name: "Position",
    fields: &[
        Field {
            number: 1,
            name: "latitude",
            kind: Kind::Sint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "longitude",
            kind: Kind::Sint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "radius_m",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "basis",
            kind: Kind::Enum {
                names: &[
                    "POSITION_BASIS_UNSPECIFIED",
                    "POSITION_BASIS_POINT",
                    "POSITION_BASIS_NEARBY",
                    "POSITION_BASIS_DISTRICT",
                    "POSITION_BASIS_REGION",
                    "POSITION_BASIS_LINE_OR_AREA",
                    "POSITION_BASIS_COUNTRY",
                    "POSITION_BASIS_INTERNATIONAL",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "altitude_m",
            kind: Kind::Sint32,
            presence: Presence::Optional,
        },
        Field {
            number: 6,
            name: "altitude_reference",
            kind: Kind::Enum {
                names: &[
                    "ALTITUDE_REFERENCE_UNSPECIFIED",
                    "ALTITUDE_REFERENCE_GROUND",
                    "ALTITUDE_REFERENCE_MEAN_SEA_LEVEL",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Predecessor`.
pub static PREDECESSOR: Message = Message {
    name: "Predecessor",
    fields: &[
        Field {
            number: 1,
            name: "origin",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "charter_digest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "size",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "root",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "endorsements",
            kind: Kind::Message(&ENDORSEMENT),
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `Proposal`.
pub static PROPOSAL: Message = Message {
    name: "Proposal",
    fields: &[
        Field {
            number: 1,
            name: "title",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "supersedes",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 16,
            name: "attribution",
            kind: Kind::Message(&ATTRIBUTION_PROPOSAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 17,
            name: "remedy",
            kind: Kind::Message(&REMEDY_PROPOSAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 18,
            name: "membership",
            kind: Kind::Message(&MEMBERSHIP_PROPOSAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 19,
            name: "protocol_text",
            kind: Kind::Message(&PROTOCOL_TEXT_PROPOSAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 20,
            name: "rules",
            kind: Kind::Message(&RULES_PROPOSAL),
            presence: Presence::OneOf,
        },
    ],
};

/// Fields of `ProposalRule`.
pub static PROPOSAL_RULE: Message = Message {
    name: "ProposalRule",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "PROPOSAL_KIND_UNSPECIFIED",
                    "PROPOSAL_KIND_ATTRIBUTION",
                    "PROPOSAL_KIND_REMEDY",
                    "PROPOSAL_KIND_MEMBERSHIP",
                    "PROPOSAL_KIND_PROTOCOL_TEXT",
                    "PROPOSAL_KIND_RULES",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "proposer",
            kind: Kind::Enum {
                names: &[
                    "ROLE_UNSPECIFIED",
                    "ROLE_OPERATOR",
                    "ROLE_AUTHORITY",
                    "ROLE_RECOVERY",
                    "ROLE_SENSOR",
                    "ROLE_MONITOR",
                    "ROLE_VERIFIER",
                    "ROLE_INVESTIGATOR",
                    "ROLE_COMMISSIONER",
                    "ROLE_PARTY_LIAISON",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "electorate",
            kind: Kind::Enum {
                names: &[
                    "ROLE_UNSPECIFIED",
                    "ROLE_OPERATOR",
                    "ROLE_AUTHORITY",
                    "ROLE_RECOVERY",
                    "ROLE_SENSOR",
                    "ROLE_MONITOR",
                    "ROLE_VERIFIER",
                    "ROLE_INVESTIGATOR",
                    "ROLE_COMMISSIONER",
                    "ROLE_PARTY_LIAISON",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "quorum",
            kind: Kind::Message(&FRACTION),
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "majority",
            kind: Kind::Message(&FRACTION),
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "recusal",
            kind: Kind::Enum {
                names: &[
                    "RECUSAL_RULE_UNSPECIFIED",
                    "RECUSAL_RULE_VOLUNTARY",
                    "RECUSAL_RULE_PARTIES",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "vote_window",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "standard_of_proof",
            kind: Kind::Enum {
                names: &[
                    "STANDARD_OF_PROOF_UNSPECIFIED",
                    "STANDARD_OF_PROOF_REASONABLE_GROUNDS",
                    "STANDARD_OF_PROOF_BALANCE_OF_PROBABILITIES",
                    "STANDARD_OF_PROOF_CLEAR_AND_CONVINCING",
                    "STANDARD_OF_PROOF_BEYOND_REASONABLE_DOUBT",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 9,
            name: "provisional_basis",
            kind: Kind::Bool,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `ProtocolTextProposal`.
pub static PROTOCOL_TEXT_PROPOSAL: Message = Message {
    name: "ProtocolTextProposal",
    fields: &[
        Field {
            number: 1,
            name: "title",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "language_versions",
            kind: Kind::Message(&LANGUAGE_VERSION),
            presence: Presence::Repeated,
        },
        Field {
            number: 3,
            name: "clauses",
            kind: Kind::Message(&CLAUSE),
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "effective_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "effective_as_written",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "expiry_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "annexes",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 8,
            name: "supersedes",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Ratification`.
pub static RATIFICATION: Message = Message {
    name: "Ratification",
    fields: &[
        Field {
            number: 1,
            name: "decision",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "step",
            kind: Kind::Enum {
                names: &[
                    "RATIFICATION_STEP_UNSPECIFIED",
                    "RATIFICATION_STEP_SIGNED",
                    "RATIFICATION_STEP_RATIFIED",
                    "RATIFICATION_STEP_REFUSED",
                    "RATIFICATION_STEP_WITHDRAWN",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "body",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "procedure",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "effective_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "instrument",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Record`.
pub static RECORD: Message = Message {
    name: "Record",
    fields: &[
        Field {
            number: 1,
            name: "member",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "station",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "sequence",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "replaces",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 5,
            name: "created_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "label",
            kind: Kind::Message(&LABEL),
            presence: Presence::Implicit,
        },
        Field {
            number: 16,
            name: "charter",
            kind: Kind::Message(&CHARTER),
            presence: Presence::OneOf,
        },
        Field {
            number: 17,
            name: "station_change",
            kind: Kind::Message(&STATION_CHANGE),
            presence: Presence::OneOf,
        },
        Field {
            number: 18,
            name: "incident_report",
            kind: Kind::Message(&INCIDENT_REPORT),
            presence: Presence::OneOf,
        },
        Field {
            number: 19,
            name: "coverage_report",
            kind: Kind::Message(&COVERAGE_REPORT),
            presence: Presence::OneOf,
        },
        Field {
            number: 20,
            name: "evidence_item",
            kind: Kind::Message(&EVIDENCE_ITEM),
            presence: Presence::OneOf,
        },
        Field {
            number: 21,
            name: "corroboration",
            kind: Kind::Message(&CORROBORATION),
            presence: Presence::OneOf,
        },
        Field {
            number: 22,
            name: "correction",
            kind: Kind::Message(&CORRECTION),
            presence: Presence::OneOf,
        },
        Field {
            number: 23,
            name: "withdrawal",
            kind: Kind::Message(&WITHDRAWAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 24,
            name: "party_statement",
            kind: Kind::Message(&PARTY_STATEMENT),
            presence: Presence::OneOf,
        },
        Field {
            number: 25,
            name: "case",
            kind: Kind::Message(&CASE),
            presence: Presence::OneOf,
        },
        Field {
            number: 26,
            name: "proposal",
            kind: Kind::Message(&PROPOSAL),
            presence: Presence::OneOf,
        },
        Field {
            number: 27,
            name: "vote",
            kind: Kind::Message(&VOTE),
            presence: Presence::OneOf,
        },
        Field {
            number: 28,
            name: "decision",
            kind: Kind::Message(&DECISION),
            presence: Presence::OneOf,
        },
        Field {
            number: 29,
            name: "ratification",
            kind: Kind::Message(&RATIFICATION),
            presence: Presence::OneOf,
        },
        Field {
            number: 30,
            name: "activation",
            kind: Kind::Message(&ACTIVATION),
            presence: Presence::OneOf,
        },
        Field {
            number: 31,
            name: "follow_up",
            kind: Kind::Message(&FOLLOW_UP),
            presence: Presence::OneOf,
        },
        Field {
            number: 32,
            name: "closure",
            kind: Kind::Message(&CLOSURE),
            presence: Presence::OneOf,
        },
        Field {
            number: 33,
            name: "reopening",
            kind: Kind::Message(&REOPENING),
            presence: Presence::OneOf,
        },
        Field {
            number: 34,
            name: "disclosure",
            kind: Kind::Message(&DISCLOSURE),
            presence: Presence::OneOf,
        },
        Field {
            number: 35,
            name: "summary",
            kind: Kind::Message(&SUMMARY),
            presence: Presence::OneOf,
        },
    ],
};

/// Fields of `Relation`.
pub static RELATION: Message = Message {
    name: "Relation",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "RELATION_KIND_UNSPECIFIED",
                    "RELATION_KIND_CLAIMED_RESPONSE_TO",
                    "RELATION_KIND_POSSIBLE_DUPLICATE_OF",
                    "RELATION_KIND_FOLLOWS",
                    "RELATION_KIND_PART_OF",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `RemedyProposal`.
pub static REMEDY_PROPOSAL: Message = Message {
    name: "RemedyProposal",
    fields: &[
        Field {
            number: 1,
            name: "decision",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "measures",
            kind: Kind::Message(&MEASURE),
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `Reopening`.
pub static REOPENING: Message = Message {
    name: "Reopening",
    fields: &[
        Field {
            number: 1,
            name: "case",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "evidence",
            kind: Kind::Bytes,
            presence: Presence::Repeated,
        },
        Field {
            number: 3,
            name: "reason",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Revocation`.
pub static REVOCATION: Message = Message {
    name: "Revocation",
    fields: &[
        Field {
            number: 1,
            name: "station",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "last_sequence",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "reason",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `RoleRule`.
pub static ROLE_RULE: Message = Message {
    name: "RoleRule",
    fields: &[
        Field {
            number: 1,
            name: "role",
            kind: Kind::Enum {
                names: &[
                    "ROLE_UNSPECIFIED",
                    "ROLE_OPERATOR",
                    "ROLE_AUTHORITY",
                    "ROLE_RECOVERY",
                    "ROLE_SENSOR",
                    "ROLE_MONITOR",
                    "ROLE_VERIFIER",
                    "ROLE_INVESTIGATOR",
                    "ROLE_COMMISSIONER",
                    "ROLE_PARTY_LIAISON",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "members",
            kind: Kind::Text,
            presence: Presence::Repeated,
        },
    ],
};

/// Fields of `Rotation`.
pub static ROTATION: Message = Message {
    name: "Rotation",
    fields: &[
        Field {
            number: 1,
            name: "station",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "old_public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "old_last_sequence",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "new_public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Rules`.
pub static RULES: Message = Message {
    name: "Rules",
    fields: &[
        Field {
            number: 1,
            name: "rules_version",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "proposal_rules",
            kind: Kind::Message(&PROPOSAL_RULE),
            presence: Presence::Repeated,
        },
        Field {
            number: 3,
            name: "role_rules",
            kind: Kind::Message(&ROLE_RULE),
            presence: Presence::Repeated,
        },
        Field {
            number: 4,
            name: "succession",
            kind: Kind::Message(&SUCCESSION_RULE),
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "stage_rules",
            kind: Kind::Message(&STAGE_RULE),
            presence: Presence::Repeated,
        },
        Field {
            number: 6,
            name: "reply_window",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 7,
            name: "clock_tolerance",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 8,
            name: "event_span",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `RulesProposal`.
pub static RULES_PROPOSAL: Message = Message {
    name: "RulesProposal",
    fields: &[Field {
        number: 1,
        name: "rules",
        kind: Kind::Message(&RULES),
        presence: Presence::Implicit,
    }],
};

/// Fields of `SealedContent`.
pub static SEALED_CONTENT: Message = Message {
    name: "SealedContent",
    fields: &[Field {
        number: 1,
        name: "commitment",
        kind: Kind::Bytes,
        presence: Presence::Implicit,
    }],
};

/// Fields of `SignedRecord`.
pub static SIGNED_RECORD: Message = Message {
    name: "SignedRecord",
    fields: &[
        Field {
            number: 1,
            name: "record",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "public_key",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "signature",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `StageRule`.
pub static STAGE_RULE: Message = Message {
    name: "StageRule",
    fields: &[
        Field {
            number: 1,
            name: "stage",
            kind: Kind::Enum {
                names: &[
                    "RESPONSE_STAGE_UNSPECIFIED",
                    "RESPONSE_STAGE_FIRST",
                    "RESPONSE_STAGE_SECOND",
                    "RESPONSE_STAGE_THIRD",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "duration",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `StationChange`.
pub static STATION_CHANGE: Message = Message {
    name: "StationChange",
    fields: &[
        Field {
            number: 1,
            name: "enrolment",
            kind: Kind::Message(&ENROLMENT),
            presence: Presence::OneOf,
        },
        Field {
            number: 2,
            name: "rotation",
            kind: Kind::Message(&ROTATION),
            presence: Presence::OneOf,
        },
        Field {
            number: 3,
            name: "revocation",
            kind: Kind::Message(&REVOCATION),
            presence: Presence::OneOf,
        },
        Field {
            number: 4,
            name: "compromise_mark",
            kind: Kind::Message(&COMPROMISE_MARK),
            presence: Presence::OneOf,
        },
    ],
};

/// Fields of `Submission`.
pub static SUBMISSION: Message = Message {
    name: "Submission",
    fields: &[
        Field {
            number: 1,
            name: "origin",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "charter_digest",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "signed_record",
            kind: Kind::Message(&SIGNED_RECORD),
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `SuccessionRule`.
pub static SUCCESSION_RULE: Message = Message {
    name: "SuccessionRule",
    fields: &[Field {
        number: 1,
        name: "endorsements",
        kind: Kind::Message(&FRACTION),
        presence: Presence::Implicit,
    }],
};

/// Fields of `Summary`.
pub static SUMMARY: Message = Message {
    name: "Summary",
    fields: &[
        Field {
            number: 1,
            name: "earliest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "latest_time",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "time_zone",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "size",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "admin_area_1",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
        Field {
            number: 6,
            name: "counts",
            kind: Kind::Message(&SUMMARY_COUNT),
            presence: Presence::Repeated,
        },
        Field {
            number: 7,
            name: "text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `SummaryCount`.
pub static SUMMARY_COUNT: Message = Message {
    name: "SummaryCount",
    fields: &[
        Field {
            number: 1,
            name: "kind",
            kind: Kind::Enum {
                names: &[
                    "INCIDENT_KIND_UNSPECIFIED",
                    "INCIDENT_KIND_EXPLOSION",
                    "INCIDENT_KIND_PROJECTILE_IN_FLIGHT",
                    "INCIDENT_KIND_MUZZLE_FLASH",
                    "INCIDENT_KIND_ILLUMINATION_FLARE",
                    "INCIDENT_KIND_BURST",
                    "INCIDENT_KIND_SHOT",
                    "INCIDENT_KIND_ARTILLERY_IMPACT",
                    "INCIDENT_KIND_MISSILE_OR_AIR_STRIKE",
                    "INCIDENT_KIND_UAV_STRIKE",
                    "INCIDENT_KIND_UAV_OVERFLIGHT",
                    "INCIDENT_KIND_AIR_VIOLATION",
                    "INCIDENT_KIND_GROUND_INCURSION",
                    "INCIDENT_KIND_MARITIME",
                    "INCIDENT_KIND_WEAPON_IN_VIOLATION",
                    "INCIDENT_KIND_MINE_OR_UXO",
                    "INCIDENT_KIND_MOVEMENT_RESTRICTION",
                    "INCIDENT_KIND_JAMMING",
                    "INCIDENT_KIND_CYBER",
                    "INCIDENT_KIND_ATTACK_ON_MONITOR",
                    "INCIDENT_KIND_CIVILIAN_HARM",
                    "INCIDENT_KIND_INFRASTRUCTURE_STRIKE",
                    "INCIDENT_KIND_SABOTAGE",
                    "INCIDENT_KIND_ARMED_CLASH",
                    "INCIDENT_KIND_OTHER",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "reports",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "cases",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 4,
            name: "corroborated",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
        Field {
            number: 5,
            name: "withdrawn",
            kind: Kind::Uint64,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Vote`.
pub static VOTE: Message = Message {
    name: "Vote",
    fields: &[
        Field {
            number: 1,
            name: "proposal",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "choice",
            kind: Kind::Enum {
                names: &[
                    "VOTE_CHOICE_UNSPECIFIED",
                    "VOTE_CHOICE_CONCUR",
                    "VOTE_CHOICE_CONCUR_SEPARATELY",
                    "VOTE_CHOICE_DISSENT",
                    "VOTE_CHOICE_ABSTAIN",
                    "VOTE_CHOICE_RECUSED",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "opinion",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Weapon`.
pub static WEAPON: Message = Message {
    name: "Weapon",
    fields: &[
        Field {
            number: 1,
            name: "class",
            kind: Kind::Enum {
                names: &[
                    "WEAPON_CLASS_UNSPECIFIED",
                    "WEAPON_CLASS_SMALL_ARMS",
                    "WEAPON_CLASS_HEAVY_MACHINE_GUN",
                    "WEAPON_CLASS_GRENADE_LAUNCHER",
                    "WEAPON_CLASS_RECOILLESS",
                    "WEAPON_CLASS_ANTI_TANK_MISSILE",
                    "WEAPON_CLASS_MORTAR",
                    "WEAPON_CLASS_ARTILLERY",
                    "WEAPON_CLASS_TANK",
                    "WEAPON_CLASS_ROCKET_LAUNCHER",
                    "WEAPON_CLASS_MISSILE",
                    "WEAPON_CLASS_BOMB",
                    "WEAPON_CLASS_UAV",
                    "WEAPON_CLASS_MINE",
                    "WEAPON_CLASS_NOT_KNOWN",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "calibre",
            kind: Kind::Uint32,
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "certainty",
            kind: Kind::Enum {
                names: &[
                    "CERTAINTY_UNSPECIFIED",
                    "CERTAINTY_CONFIRMED",
                    "CERTAINTY_ASSESSED",
                ],
            },
            presence: Presence::Implicit,
        },
    ],
};

/// Fields of `Withdrawal`.
pub static WITHDRAWAL: Message = Message {
    name: "Withdrawal",
    fields: &[
        Field {
            number: 1,
            name: "target",
            kind: Kind::Bytes,
            presence: Presence::Implicit,
        },
        Field {
            number: 2,
            name: "reason",
            kind: Kind::Enum {
                names: &[
                    "WITHDRAWAL_REASON_UNSPECIFIED",
                    "WITHDRAWAL_REASON_DUPLICATE",
                    "WITHDRAWAL_REASON_ERROR",
                    "WITHDRAWAL_REASON_EXERCISE",
                    "WITHDRAWAL_REASON_UNSAFE",
                    "WITHDRAWAL_REASON_FABRICATED",
                    "WITHDRAWAL_REASON_OTHER",
                ],
            },
            presence: Presence::Implicit,
        },
        Field {
            number: 3,
            name: "reason_text",
            kind: Kind::Text,
            presence: Presence::Implicit,
        },
    ],
};
