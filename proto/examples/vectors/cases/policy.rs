//! Trust policies and their verdicts.

use trucelog_proto::{
    mldsa::MlDsaPublicKey,
    note::{Note, VerifierKey},
    policy::Policy,
};

use super::{
    Artefact, Case, DECODE, Failed, Inputs, OK, POLICY, VERIFY, case,
    checkpoint::{checkpoint, log_key, log_key_pq, signed, signed_twice},
    cosignature::{TIME, cosign, cosign_ml_dsa, ml_dsa_private, witness_name, witness_seed},
    public,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "policy",
    cases,
    replay,
    seed: |inputs| Some(inputs.data("policy")),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let policy = Policy::parse(&inputs.data("policy"))?;
    if inputs.has("note") {
        policy.evaluate(&inputs.data("note"))?.quorum?;
    }
    Ok(())
}

const CHARTER: &str =
    "# trucelog-charter 5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5\n";
const QUORUM: &str = "group two-of-three 2 alpha beta gamma\nquorum two-of-three\n";
const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];

fn witness_key(n: u8) -> VerifierKey {
    VerifierKey::cosignature(witness_name(n), public(witness_seed(n)))
}

fn witness_line(n: u8) -> String {
    format!("witness {} {}\n", NAMES[usize::from(n)], witness_key(n))
}

/// The head of every policy here: the Charter, the log and three witnesses.
fn head() -> String {
    let witnesses: String = (0..3).map(witness_line).collect::<Vec<_>>().concat();
    format!("{CHARTER}log {}\n{witnesses}", log_key())
}

/// The policy of the worked examples: two of three witnesses.
pub(crate) fn policy() -> String {
    format!("{}{QUORUM}", head())
}

/// The checkpoint of the vectors with the cosignatures of some witnesses.
pub(crate) fn cosigned(witnesses: &[u8]) -> String {
    let text = checkpoint().format();
    let mut lines = Note::parse(signed(&text).as_bytes())
        .unwrap()
        .signatures()
        .to_vec();
    lines.extend(witnesses.iter().map(|n| cosign(*n, &text)));
    String::from_utf8(Note::new(&text, lines).unwrap().format()).unwrap()
}

fn witness_key_pq(n: u8) -> VerifierKey {
    let key = MlDsaPublicKey::of(&ml_dsa_private(witness_seed(n)));
    VerifierKey::ml_dsa_44(witness_name(n), key)
}

/// A policy of ML-DSA-44 keys: two of three witnesses.
fn policy_pq() -> String {
    let witnesses = (0..3).map(|n| {
        let name = NAMES[usize::from(n)];
        format!("witness {name} {}\n", witness_key_pq(n))
    });
    let witnesses: String = witnesses.collect();
    format!("{CHARTER}log {}\n{witnesses}{QUORUM}", log_key_pq())
}

/// The checkpoint of the vectors, signed by the log with both keys, and by some witnesses with ML-DSA-44.
fn cosigned_pq(witnesses: &[u8], time: u64) -> String {
    let lines = witnesses
        .iter()
        .map(|n| format!("{}\n", cosign_ml_dsa(*n, time)));
    signed_twice() + &lines.collect::<String>()
}

fn judge_pq(note: impl ToString) -> Inputs {
    parse(policy_pq()).text("note", note)
}

fn parse(text: impl ToString) -> Inputs {
    Inputs::default().text("policy", text)
}

fn rest(text: &str) -> Inputs {
    parse(head() + text)
}

fn judge(rest: &str, witnesses: &[u8]) -> Inputs {
    parse(head() + rest).text("note", cosigned(witnesses))
}

fn cases() -> Vec<Case> {
    [verdicts(), verdicts_pq(), grammar()]
        .into_iter()
        .flatten()
        .collect()
}

fn verdicts_pq() -> Vec<Case> {
    let mixed = policy_pq().replacen(
        &witness_key_pq(2).to_string(),
        &witness_key(2).to_string(),
        1,
    );
    vec![
        case(
            "ml-dsa-44",
            OK,
            "A policy of ML-DSA-44 keys: two of three have signed.",
            judge_pq(cosigned_pq(&[0, 2], TIME)),
        ),
        case(
            "ml-dsa-44-quorum-not-reached",
            POLICY,
            "One of two has signed with ML-DSA-44; another with Ed25519, which counts for nothing.",
            judge_pq(format!(
                "{}{}\n",
                cosigned_pq(&[0], TIME),
                cosign(2, &checkpoint().format())
            )),
        ),
        case(
            "ml-dsa-44-without-statement-of-time",
            POLICY,
            "Lines with a time of 0 are no witness's statement.",
            judge_pq(cosigned_pq(&[0, 2], 0)),
        ),
        case(
            "ml-dsa-44-log-line-missing",
            VERIFY,
            "The log has signed with Ed25519 alone.",
            judge_pq(cosigned(&[0, 2])),
        ),
        case(
            "keys-of-both-kinds",
            DECODE,
            "One Ed25519 key among ML-DSA-44 keys.",
            parse(mixed),
        ),
    ]
}

fn verdicts() -> Vec<Case> {
    let nested = "group pair all alpha beta\ngroup either any pair gamma\nquorum either\n";
    let mut forged = cosign(1, &checkpoint().format());
    forged.bytes[71] ^= 1;
    let forged = format!("{}{forged}\n", cosigned(&[0, 2]));
    vec![
        case(
            "worked-example",
            OK,
            "The policy and the note in policy.md: two of three have signed.",
            judge(QUORUM, &[0, 2]),
        ),
        case(
            "quorum-exceeded",
            OK,
            "All three have signed.",
            judge(QUORUM, &[0, 1, 2]),
        ),
        case(
            "quorum-none",
            OK,
            "A quorum that needs nobody.",
            judge("quorum none\n", &[]),
        ),
        case(
            "quorum-one-witness",
            OK,
            "The quorum is one witness.",
            judge("quorum beta\n", &[1]),
        ),
        case(
            "nested-reached",
            OK,
            "One group in another.",
            judge(nested, &[2]),
        ),
        case(
            "nested-not-reached",
            POLICY,
            "Half of the inner group.",
            judge(nested, &[0]),
        ),
        case(
            "quorum-not-reached",
            POLICY,
            "One of two has signed.",
            judge(QUORUM, &[1]),
        ),
        case(
            "same-witness-twice",
            POLICY,
            "Two lines by one witness count once.",
            judge(QUORUM, &[1, 1]),
        ),
        case("all-but-one", POLICY, "A group that needs all.", {
            judge("group every all alpha beta gamma\nquorum every\n", &[0, 2])
        }),
        case(
            "forged-cosignature",
            VERIFY,
            "A false line by a witness beside a quorum of true ones.",
            parse(policy()).text("note", forged),
        ),
    ]
}

fn grammar() -> Vec<Case> {
    let first_line = |line: &str| parse(policy().replacen(CHARTER, line, 1));
    let same_key = VerifierKey::cosignature(
        "again.truce.example".parse().unwrap(),
        public(witness_seed(0)),
    );
    let log_key_again = VerifierKey::cosignature("w9.truce.example".parse().unwrap(), public(1));
    let log_as_witness = log_key();
    vec![
        case(
            "comments-and-white-space",
            OK,
            "Comments, empty lines, tabs and spaces are ignored.",
            rest(
                " # a comment\n\n\t\ngroup  two-of-three\t2 alpha beta gamma \n quorum two-of-three\n#\n",
            ),
        ),
        case(
            "charter-missing",
            DECODE,
            "The first line is not the Charter's digest.",
            first_line("# a policy\n"),
        ),
        case(
            "charter-upper-case",
            DECODE,
            "A digest in upper case.",
            first_line(&CHARTER.replace('a', "A")),
        ),
        case(
            "charter-short",
            DECODE,
            "A digest of 63 digits.",
            first_line(&CHARTER.replacen('5', "", 1)),
        ),
        case(
            "log-missing",
            DECODE,
            "No log.",
            parse(format!("{CHARTER}quorum none\n")),
        ),
        case(
            "log-twice",
            DECODE,
            "Two logs.",
            rest(&format!("log {}\nquorum none\n", log_key())),
        ),
        case("quorum-missing", DECODE, "No quorum.", parse(head())),
        case(
            "quorum-twice",
            DECODE,
            "Two quorums.",
            rest("quorum alpha\nquorum beta\n"),
        ),
        case(
            "quorum-undefined",
            DECODE,
            "A quorum that no line defines.",
            rest("quorum delta\n"),
        ),
        case(
            "quorum-defined-later",
            DECODE,
            "A group defined after the quorum.",
            rest("quorum pair\ngroup pair all alpha beta\n"),
        ),
        case(
            "threshold-zero",
            DECODE,
            "None of two.",
            rest("group g 0 alpha beta\nquorum g\n"),
        ),
        case(
            "threshold-too-large",
            DECODE,
            "Three of two.",
            rest("group g 3 alpha beta\nquorum g\n"),
        ),
        case(
            "threshold-leading-zero",
            DECODE,
            "A threshold of 02.",
            rest("group g 02 alpha beta\nquorum g\n"),
        ),
        case(
            "group-empty",
            DECODE,
            "A group without members.",
            rest("group g any\nquorum g\n"),
        ),
        case(
            "member-twice",
            DECODE,
            "One witness twice in a group.",
            rest("group g 2 alpha alpha\nquorum g\n"),
        ),
        case(
            "member-of-two-groups",
            DECODE,
            "One witness in two groups.",
            rest("group g any alpha\ngroup h any alpha\nquorum h\n"),
        ),
        case(
            "member-none",
            DECODE,
            "The name none as a member.",
            rest("group g any none\nquorum g\n"),
        ),
        case(
            "name-twice",
            DECODE,
            "A group with the name of a witness.",
            rest("group beta any alpha\nquorum beta\n"),
        ),
        case(
            "witness-key-twice",
            DECODE,
            "One public key under two names.",
            rest(&format!("witness delta {same_key}\nquorum alpha\n")),
        ),
        case(
            "witness-with-log-key",
            DECODE,
            "The log's public key as a witness's.",
            rest(&format!("witness delta {log_key_again}\nquorum alpha\n")),
        ),
        case(
            "witness-of-wrong-type",
            DECODE,
            "A witness with a key of type 0x01.",
            rest(&format!("witness delta {log_as_witness}\nquorum alpha\n")),
        ),
        case(
            "unknown-line",
            DECODE,
            "A line of no known kind.",
            rest("mirror alpha\nquorum alpha\n"),
        ),
        case(
            "carriage-return",
            DECODE,
            "A carriage return.",
            rest("quorum alpha\r\n"),
        ),
        case(
            "no-newline-at-end",
            DECODE,
            "The last newline is missing.",
            rest("quorum alpha"),
        ),
    ]
}
