//! Sealed content.

use trucelog_proto::{
    hash::Commitment,
    sealed::{Salt, commitment, verify_opening},
};

use super::{Artefact, Case, Failed, Inputs, OK, VERIFY, case, checkpoint::ORIGIN};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "sealed",
    cases,
    replay,
    seed: |_| None,
};

const SALT: Salt = Salt([0x5a; 32]);
const CONTENT: &[u8] = b"Camera 4, position 12, frame 3301.";

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let expected: Commitment = inputs.get("commitment").parse()?;
    let salt = Salt(inputs.data("salt").try_into().unwrap());
    verify_opening(
        expected,
        &inputs.get("origin").parse()?,
        inputs.get("member"),
        &salt,
        &inputs.data("content"),
    )?;
    Ok(())
}

/// An opening of the worked example's commitment.
fn opening(origin: &str, member: &str, salt: Salt, content: &[u8]) -> Inputs {
    let expected = commitment(&ORIGIN.parse().unwrap(), "UKR", &SALT, CONTENT);
    Inputs::default()
        .text("origin", origin)
        .text("member", member)
        .bytes("salt", &salt.0)
        .bytes("content", content)
        .text("commitment", expected)
}

fn cases() -> Vec<Case> {
    let mut other_salt = SALT;
    other_salt.0[31] ^= 1;
    // The last byte of the salt, moved over to the content.
    let moved = [&SALT.0[31..], CONTENT].concat();
    let empty = commitment(&ORIGIN.parse().unwrap(), "UKR", &SALT, b"");
    vec![
        case(
            "worked-example",
            OK,
            "The member shows what it committed to.",
            opening(ORIGIN, "UKR", SALT, CONTENT),
        ),
        case(
            "content-changed",
            VERIFY,
            "One byte of the content differs.",
            opening(ORIGIN, "UKR", SALT, b"Camera 4, position 12, frame 3302."),
        ),
        case(
            "content-shorter",
            VERIFY,
            "The last byte of the content is missing.",
            opening(ORIGIN, "UKR", SALT, &CONTENT[..CONTENT.len() - 1]),
        ),
        case(
            "content-empty",
            OK,
            "A commitment to nothing.",
            opening(ORIGIN, "UKR", SALT, b"").text("commitment", empty),
        ),
        case(
            "salt-changed",
            VERIFY,
            "One bit of the salt differs.",
            opening(ORIGIN, "UKR", other_salt, CONTENT),
        ),
        case(
            "salt-moved",
            VERIFY,
            "A byte of the salt stands before the content.",
            opening(ORIGIN, "UKR", SALT, &moved),
        ),
        case(
            "another-member",
            VERIFY,
            "Another member shows the salt and the content.",
            opening(ORIGIN, "FRA", SALT, CONTENT),
        ),
        case(
            "another-log",
            VERIFY,
            "The commitment was made for another log.",
            opening("log.truce.example/exercise", "UKR", SALT, CONTENT),
        ),
    ]
}
