//! Cosignatures, Ed25519 and ML-DSA-44.

use trucelog_proto::{
    cosignature::{self, CosignatureTime},
    mldsa::{self, MlDsaPublicKey, MlDsaSigningKey},
    note::{KeyName, NoteSignature},
    signature::{self, PublicKey},
};

use super::{
    Artefact, Case, Failed, Inputs, OK, VERIFY, case, checkpoint::checkpoint, private, public,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "cosignature",
    cases,
    replay,
    seed,
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let line: NoteSignature = inputs.get("line").parse()?;
    let (key, text) = (inputs.data("public_key"), inputs.get("text"));
    if key.len() == mldsa::PUBLIC_KEY_LEN {
        let key = MlDsaPublicKey::try_from(key.as_slice())?;
        cosignature::verify_ml_dsa(text, &line.name, &key, &line.bytes)?;
    } else {
        cosignature::verify(text, &PublicKey::try_from(key.as_slice())?, &line.bytes)?;
    }
    Ok(())
}

fn seed(inputs: &Inputs) -> Option<Vec<u8>> {
    let line: NoteSignature = inputs.get("line").parse().ok()?;
    (inputs.data("public_key").len() == 32).then_some(())?;
    Some([inputs.data("public_key"), line.bytes, inputs.data("text")].concat())
}

/// The time of the vectors' cosignatures: 2026-11-23 00:00:00 UTC.
pub(crate) const TIME: u64 = 1_795_392_000;

/// The name of a witness of the vectors.
pub(crate) fn witness_name(n: u8) -> KeyName {
    format!("w{n}.truce.example/witness").parse().unwrap()
}

/// The number of the private key of a witness.
pub(crate) fn witness_seed(n: u8) -> u8 {
    100 + n
}

/// The ML-DSA-44 key with a number.
pub(crate) fn ml_dsa_private(seed: u8) -> MlDsaSigningKey {
    MlDsaSigningKey::from_seed(&[seed; 32])
}

/// The ML-DSA-44 cosignature of the checkpoint of the vectors by one of its witnesses.
pub(crate) fn cosign_ml_dsa(n: u8, time: u64) -> NoteSignature {
    let time = CosignatureTime::new(time).unwrap();
    let key = ml_dsa_private(witness_seed(n));
    cosignature::sign_ml_dsa(&checkpoint(), &witness_name(n), &key, time)
}

/// The cosignature of a text by a witness of the vectors.
pub(crate) fn cosign(n: u8, text: &str) -> NoteSignature {
    let time = CosignatureTime::new(TIME).unwrap();
    cosignature::sign(text, &witness_name(n), &private(witness_seed(n)), time)
}

fn verify(text: &str, line: &NoteSignature) -> Inputs {
    Inputs::default()
        .text("text", text)
        .text("line", line)
        .bytes("public_key", public(witness_seed(0)).as_bytes())
}

fn verify_ml_dsa(text: &str, line: &NoteSignature) -> Inputs {
    let key = MlDsaPublicKey::of(&ml_dsa_private(witness_seed(0)));
    verify(text, line).bytes("public_key", key.as_bytes())
}

fn with_bytes(bytes: Vec<u8>) -> NoteSignature {
    NoteSignature {
        bytes,
        ..cosign(0, &checkpoint().format())
    }
}

/// A cosignature over a message whose time is too late, as a faulty cosigner would make it.
fn too_late(text: &str) -> NoteSignature {
    let time = 1_u64 << 63;
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let signature = signature::sign(&private(witness_seed(0)), message.as_bytes());
    with_bytes([time.to_be_bytes().as_slice(), &signature].concat())
}

fn cases() -> Vec<Case> {
    [ed25519_cases(), ml_dsa_cases()]
        .into_iter()
        .flatten()
        .collect()
}

fn ed25519_cases() -> Vec<Case> {
    let text = checkpoint().format();
    let line = cosign(0, &text);
    let mut later = line.bytes.clone();
    later[7] += 1;
    let plain = signature::sign(&private(witness_seed(0)), text.as_bytes());
    vec![
        case(
            "worked-example",
            OK,
            "The cosignature in cosignature.md.",
            verify(&text, &line),
        ),
        case(
            "time-changed",
            VERIFY,
            "The time in the line is one second later.",
            verify(&text, &with_bytes(later)),
        ),
        case(
            "time-too-late",
            VERIFY,
            "A time of 2^63, truly signed.",
            verify(&text, &too_late(&text)),
        ),
        case(
            "text-changed",
            VERIFY,
            "The size is another.",
            verify(&text.replacen("\n7\n", "\n8\n", 1), &line),
        ),
        case(
            "other-key",
            VERIFY,
            "The signature is another witness's.",
            verify(&text, &cosign(1, &text)),
        ),
        case(
            "without-time",
            VERIFY,
            "The 64 bytes of the signature without the time.",
            verify(&text, &with_bytes(line.bytes[8..].to_vec())),
        ),
        case("byte-added", VERIFY, "A byte after the signature.", {
            verify(&text, &with_bytes([line.bytes.as_slice(), &[0]].concat()))
        }),
        case(
            "signature-over-the-text-alone",
            VERIFY,
            "A type 0x01 signature behind a time.",
            verify(
                &text,
                &with_bytes([TIME.to_be_bytes().as_slice(), &plain].concat()),
            ),
        ),
    ]
}

fn ml_dsa_cases() -> Vec<Case> {
    let text = checkpoint().format();
    let line = cosign_ml_dsa(0, TIME);
    let changed = |at: usize| {
        let mut line = line.clone();
        line.bytes[at] ^= 1;
        line
    };
    let renamed = NoteSignature {
        name: witness_name(1),
        ..line.clone()
    };
    vec![
        case(
            "ml-dsa-44",
            OK,
            "The cosignature with ML-DSA-44 that cosignature.md describes.",
            verify_ml_dsa(&text, &line),
        ),
        case(
            "ml-dsa-44-without-statement-of-time",
            OK,
            "A time of 0.",
            verify_ml_dsa(&text, &cosign_ml_dsa(0, 0)),
        ),
        case(
            "ml-dsa-44-time-changed",
            VERIFY,
            "The time in the line is another.",
            verify_ml_dsa(&text, &changed(7)),
        ),
        case(
            "ml-dsa-44-signature-changed",
            VERIFY,
            "One bit of the signature.",
            verify_ml_dsa(&text, &changed(2000)),
        ),
        case(
            "ml-dsa-44-text-changed",
            VERIFY,
            "The size is another.",
            verify_ml_dsa(&text.replacen("\n7\n", "\n8\n", 1), &line),
        ),
        case(
            "ml-dsa-44-other-name",
            VERIFY,
            "The line has another name than was signed.",
            verify_ml_dsa(&text, &renamed),
        ),
        case(
            "ml-dsa-44-other-key",
            VERIFY,
            "The signature is another witness's.",
            verify_ml_dsa(&text, &cosign_ml_dsa(1, TIME)),
        ),
        case(
            "ml-dsa-44-not-a-checkpoint",
            VERIFY,
            "The text has a fourth line.",
            verify_ml_dsa(&format!("{text}extension\n"), &line),
        ),
    ]
}
