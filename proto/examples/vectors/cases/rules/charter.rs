//! Charter, and the rules in it.

use trucelog_proto::{
    mldsa::{MlDsaPublicKey, MlDsaSigningKey},
    note::VerifierKey,
    pb::{self, record::Body},
    refusal::Reason,
};

use super::support::{Log, charter, fraction, public};
use super::{Cases, Good};

pub(super) fn cases() -> Cases {
    let log = Log::unfounded();
    let mut cases = Cases::after(&log, "No entry: the record is the log's first.");
    let mut good = founds(&mut cases, &log, ("charter", "A charter."), charter());
    keys(&mut good);
    members(&mut good);
    rules(&mut good);
    post_quantum(&mut cases, &log);
    let founded = Log::founded();
    let again = Log {
        id: log.id.clone(),
        stations: log.stations.clone(),
        ..founded
    };
    cases.rejects(
        "second",
        "A second charter.",
        &again,
        &again.record("OPERATOR", "log", Body::Charter(charter())),
        (Reason::CharterMisplaced, "charter"),
    );
    cases
}

fn founds<'a>(
    cases: &'a mut Cases,
    log: &'a Log,
    named: (&'static str, &str),
    charter: pb::Charter,
) -> Good<'a, pb::Charter> {
    let operator = ("OPERATOR", "log");
    cases.good(named, (log, operator), (charter, Body::Charter), "charter")
}

fn keys(good: &mut Good<'_, pb::Charter>) {
    good.refuses(
        "log-key-of-other-name",
        "The log's key has another name than the log.",
        |it| "other.example".clone_into(&mut it.origin),
        (Reason::FieldFormat, "log_key"),
    );
    good.refuses(
        "log-key-malformed",
        "The log's key is no vkey.",
        |it| "x".clone_into(&mut it.log_key),
        (Reason::FieldFormat, "log_key"),
    );
    good.refuses(
        "operator-key-of-another",
        "The charter is not signed with the operator's key that it names.",
        |it| it.operator_key = public("log"),
        (Reason::KeyUnknown, "operator_key"),
    );
    good.refuses(
        "member-has-log-key",
        "A member has the log's key.",
        |it| it.members[1].authority_key = public("log"),
        (Reason::KeyReserved, "members[1].authority_key"),
    );
    good.refuses(
        "key-twice",
        "Two members have one key.",
        |it| it.members[1].recovery_key = public("AAA/authority"),
        (Reason::KeyEnrolled, "members[1].recovery_key"),
    );
}

fn members(good: &mut Good<'_, pb::Charter>) {
    good.refuses(
        "no-purpose",
        "No purpose.",
        |it| it.purpose = 0,
        (Reason::FieldRequired, "purpose"),
    );
    good.refuses(
        "no-title",
        "No title.",
        |it| it.title.clear(),
        (Reason::FieldRequired, "title"),
    );
    good.refuses(
        "no-members",
        "No members.",
        |it| it.members.clear(),
        (Reason::FieldRequired, "members"),
    );
    for (name, description, code) in [
        ("member-malformed", "A code in small letters.", "aaa"),
        ("member-operator", "The operator's code.", "OPERATOR"),
    ] {
        good.refuses(
            name,
            description,
            |it| code.clone_into(&mut it.members[0].code),
            (Reason::FieldFormat, "members[0].code"),
        );
    }
    good.refuses(
        "members-not-ascending",
        "Members out of order.",
        |it| it.members.swap(0, 1),
        (Reason::ListOrder, "members[1]"),
    );
    good.refuses(
        "release-set-narrower",
        "Records are not released to one of the members.",
        |it| it.release_set.truncate(2),
        (Reason::LabelNarrower, "release_set"),
    );
}

fn rules(good: &mut Good<'_, pb::Charter>) {
    good.refuses(
        "no-rules",
        "No rules.",
        |it| it.rules = None,
        (Reason::FieldRequired, "rules"),
    );
    let mut refuses = |name, description, mutate: fn(&mut pb::Rules), reason, field: &str| {
        let mutate = |it: &mut pb::Charter| mutate(it.rules.as_mut().unwrap());
        good.refuses(
            name,
            description,
            mutate,
            (reason, &format!("rules.{field}")),
        );
    };
    refuses(
        "version-unknown",
        "Rules of a version that is not known.",
        |it| it.rules_version = 2,
        Reason::NotSupported,
        "rules_version",
    );
    refuses(
        "kinds-not-ascending",
        "Kinds of proposals out of order.",
        |it| it.proposal_rules.swap(0, 1),
        Reason::ListOrder,
        "proposal_rules[1]",
    );
    refuses(
        "quorum-above-one",
        "A quorum of four thirds.",
        |it| it.proposal_rules[0].quorum = fraction(4, 3),
        Reason::OutOfRange,
        "proposal_rules[0].quorum.numerator",
    );
    refuses(
        "no-majority",
        "No majority.",
        |it| it.proposal_rules[0].majority = None,
        Reason::FieldRequired,
        "proposal_rules[0].majority",
    );
    refuses(
        "no-standard",
        "Attributions without a standard of proof.",
        |it| it.proposal_rules[0].standard_of_proof = 0,
        Reason::FieldRequired,
        "proposal_rules[0].standard_of_proof",
    );
    refuses(
        "monitors-vote",
        "Monitors vote.",
        |it| it.proposal_rules[1].electorate = pb::Role::Monitor.into(),
        Reason::FieldFormat,
        "proposal_rules[1].electorate",
    );
    refuses(
        "recovery-by-rule",
        "A role that comes with membership.",
        |it| it.role_rules[0].role = pb::Role::Recovery.into(),
        Reason::FieldFormat,
        "role_rules[0].role",
    );
    refuses(
        "role-members-not-ascending",
        "Members of a role out of order.",
        |it| "ZZZ".clone_into(&mut it.role_rules[0].members[0]),
        Reason::ListOrder,
        "role_rules[0].members[1]",
    );
    refuses(
        "role-of-stranger",
        "A role for a code that is no member.",
        |it| it.role_rules[0].members = vec!["ZZZ".to_owned()],
        Reason::MemberUnknown,
        "role_rules[0].members[0]",
    );
    refuses(
        "no-succession",
        "No rule for a successor.",
        |it| it.succession = None,
        Reason::FieldRequired,
        "succession",
    );
    refuses(
        "no-stage-duration",
        "A stage of no length.",
        |it| it.stage_rules[0].duration = 0,
        Reason::FieldRequired,
        "stage_rules[0].duration",
    );
    refuses(
        "no-tolerance",
        "No tolerance of clocks.",
        |it| it.clock_tolerance = 0,
        Reason::FieldRequired,
        "clock_tolerance",
    );
}

fn post_quantum(cases: &mut Cases, log: &Log) {
    let key = |name: &str| {
        let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[1; 32]));
        VerifierKey::ml_dsa_44(name.parse().unwrap(), key).to_string()
    };
    let mut with_key = charter();
    with_key.log_key_pq = key(&with_key.origin);
    let named = (
        "post-quantum",
        "A charter with an ML-DSA-44 key of the log.",
    );
    let mut good = founds(cases, log, named, with_key);
    for (name, description, wrong) in [
        (
            "post-quantum-malformed",
            "An ML-DSA-44 key that is no vkey.",
            "x".to_owned(),
        ),
        (
            "post-quantum-of-other-name",
            "An ML-DSA-44 key of another name.",
            key("other.example"),
        ),
        (
            "post-quantum-ed25519",
            "An Ed25519 key in its place.",
            charter().log_key,
        ),
    ] {
        good.refuses(
            name,
            description,
            |it| it.log_key_pq = wrong,
            (Reason::FieldFormat, "log_key_pq"),
        );
    }
}
