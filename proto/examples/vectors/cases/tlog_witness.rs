//! Requests and answers of the witness protocol.

use trucelog_proto::{
    note::Note,
    tlog_witness::{AddCheckpoint, parse_cosignatures, parse_size},
};

use super::{
    Artefact, Case, DECODE, Failed, Inputs, OK, SIZE, case,
    checkpoint::{checkpoint, signed},
    cosignature::cosign,
    proof::growth,
    size,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "tlog_witness",
    cases,
    replay,
    seed: |inputs| inputs.has("request").then(|| inputs.data("request")),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    if inputs.has("request") {
        AddCheckpoint::parse(&inputs.data("request"))?;
    }
    if inputs.has("answer") {
        parse_cosignatures(&inputs.data("answer"))?;
    }
    if inputs.has("conflict") {
        parse_size(&inputs.data("conflict"))?;
    }
    Ok(())
}

/// From size 3 to the checkpoint of the vectors.
fn request() -> String {
    let request = AddCheckpoint {
        old_size: size(3),
        proof: growth(3, SIZE),
        note: Note::parse(signed(&checkpoint().format()).as_bytes()).unwrap(),
    };
    String::from_utf8(request.format()).unwrap()
}

fn answer() -> String {
    format!("{}\n", cosign(0, &checkpoint().format()))
}

fn ask(request: impl ToString) -> Inputs {
    Inputs::default().text("request", request)
}

fn reply(answer: impl ToString) -> Inputs {
    Inputs::default().text("answer", answer)
}

fn conflict(answer: &str) -> Inputs {
    Inputs::default().text("conflict", answer)
}

fn cases() -> Vec<Case> {
    let request = request();
    let changed = |from: &str, to: &str| {
        assert!(request.contains(from), "{from}");
        ask(request.replacen(from, to, 1))
    };
    let hash = request.lines().nth(1).unwrap();
    let many = vec![hash; 63 - (request.split("\n\n").next().unwrap().lines().count() - 1)];
    let most = format!("old 3\n{}\n", many.join("\n"));
    vec![
        case(
            "worked-example",
            OK,
            "The request and the answer in tlog_witness.md.",
            ask(&request).text("answer", answer()),
        ),
        case(
            "first-request",
            OK,
            "An old size of 0, without hashes.",
            ask(format!("old 0\n\n{}", signed(&checkpoint().format()))),
        ),
        case("most-hashes", OK, "63 hashes.", changed("old 3\n", &most)),
        case(
            "too-many-hashes",
            DECODE,
            "64 hashes.",
            changed("old 3\n", &format!("{most}{hash}\n")),
        ),
        case(
            "old-size-leading-zero",
            DECODE,
            "An old size of 03.",
            changed("old 3\n", "old 03\n"),
        ),
        case(
            "old-size-missing",
            DECODE,
            "No line with the old size.",
            changed("old 3\n", ""),
        ),
        case(
            "hash-short",
            DECODE,
            "A hash of 31 bytes.",
            changed(hash, &hash[..40]),
        ),
        case(
            "carriage-return",
            DECODE,
            "A carriage return.",
            changed("old 3\n", "old 3\r\n"),
        ),
        case(
            "note-missing",
            DECODE,
            "Nothing after the hashes.",
            ask(request.split_inclusive("\n\n").next().unwrap()),
        ),
        case(
            "answer-of-two-lines",
            OK,
            "Two lines.",
            reply(answer() + &answer()),
        ),
        case("answer-empty", DECODE, "No line.", reply("")),
        case(
            "answer-without-newline",
            DECODE,
            "The last newline is missing.",
            reply(answer().trim_end()),
        ),
        case(
            "answer-too-long",
            DECODE,
            "101 lines.",
            reply(answer().repeat(101)),
        ),
        case("conflict", OK, "A size of 3.", conflict("3\n")),
        case(
            "conflict-leading-zero",
            DECODE,
            "A size of 03.",
            conflict("03\n"),
        ),
        case(
            "conflict-without-newline",
            DECODE,
            "The newline is missing.",
            conflict("3"),
        ),
    ]
}
