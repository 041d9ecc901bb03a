//! Signed checkpoints.

use trucelog_proto::{
    checkpoint::Checkpoint,
    mldsa::MlDsaPublicKey,
    note::{Note, NoteSignature, SignerKeys, VerifierKey},
};

use super::{
    Artefact, Case, DECODE, Failed, Inputs, OK, SIZE, VERIFY, case, cosignature::ml_dsa_private,
    edge, private, public, size,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "checkpoint",
    cases,
    replay,
    seed: |inputs| {
        Some(
            Note::parse(&inputs.data("note"))
                .ok()?
                .text()
                .as_bytes()
                .to_vec(),
        )
    },
};

pub(crate) const ORIGIN: &str = "log.truce.example/2026";

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let (key, origin) = (inputs.get("vkey").parse()?, inputs.get("origin").parse()?);
    Checkpoint::open(&inputs.data("note"), &key, &origin)?;
    Ok(())
}

/// The checkpoint of the tree of the vectors.
pub(crate) fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.parse().unwrap(),
        size: size(SIZE),
        root: edge(SIZE).root(),
    }
}

pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::ed25519(ORIGIN.parse().unwrap(), public(1))
}

/// The log's ML-DSA-44 key.
pub(crate) fn log_key_pq() -> VerifierKey {
    let key = MlDsaPublicKey::of(&ml_dsa_private(1));
    VerifierKey::ml_dsa_44(ORIGIN.parse().unwrap(), key)
}

/// The checkpoint of the vectors, signed with both keys of the log.
pub(crate) fn signed_twice() -> String {
    let keys = SignerKeys {
        ed25519: private(1),
        ml_dsa: Some(ml_dsa_private(1)),
    };
    String::from_utf8(checkpoint().sign(&keys)).unwrap()
}

/// Signs any text as the log would sign a checkpoint.
pub(crate) fn signed(text: &str) -> String {
    let line = NoteSignature::sign(text, &ORIGIN.parse().unwrap(), &private(1));
    String::from_utf8(Note::new(text, vec![line]).unwrap().format()).unwrap()
}

fn open(note: &str) -> Inputs {
    Inputs::default()
        .text("note", note)
        .text("vkey", log_key())
        .text("origin", ORIGIN)
}

fn cases() -> Vec<Case> {
    let text = checkpoint().format();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        open(&signed(&text.replacen(from, to, 1)))
    };
    let note = signed(&text);
    let other_key = VerifierKey::ed25519(ORIGIN.parse().unwrap(), public(2));
    let other_name = VerifierKey::ed25519("log.truce.example/2025".parse().unwrap(), public(1));
    let cosigner = VerifierKey::cosignature(ORIGIN.parse().unwrap(), public(1));
    vec![
        case(
            "worked-example",
            OK,
            "The checkpoint in checkpoint.md.",
            open(&note),
        ),
        case(
            "empty-tree",
            OK,
            "The checkpoint of a log without entries.",
            {
                let empty = Checkpoint {
                    size: size(0),
                    root: edge(0).root(),
                    ..checkpoint()
                };
                open(&signed(&empty.format()))
            },
        ),
        case(
            "largest-size",
            OK,
            "A size of 2^64 - 1.",
            changed("\n7\n", "\n18446744073709551615\n"),
        ),
        case(
            "size-too-large",
            DECODE,
            "A size of 2^64.",
            changed("\n7\n", "\n18446744073709551616\n"),
        ),
        case(
            "size-leading-zero",
            DECODE,
            "A size with a leading zero.",
            changed("\n7\n", "\n07\n"),
        ),
        case(
            "size-signed",
            DECODE,
            "A size with a plus sign.",
            changed("\n7\n", "\n+7\n"),
        ),
        case(
            "size-hexadecimal",
            DECODE,
            "A size that is not decimal.",
            changed("\n7\n", "\n0x7\n"),
        ),
        case(
            "size-missing",
            DECODE,
            "An empty second line.",
            changed("\n7\n", "\n\n"),
        ),
        case("root-short", DECODE, "A root of 31 bytes.", {
            let short = &base64(&edge(SIZE).root().as_bytes()[1..]);
            changed(&base64(edge(SIZE).root().as_bytes()), short)
        }),
        case(
            "root-without-padding",
            DECODE,
            "A root without padding.",
            changed("=\n", "\n"),
        ),
        case(
            "extension-line",
            DECODE,
            "A fourth line, which other logs may have.",
            open(&signed(&format!("{text}extension\n"))),
        ),
        case(
            "two-lines",
            DECODE,
            "No root.",
            open(&signed(&format!("{ORIGIN}\n7\n"))),
        ),
        case(
            "origin-upper-case",
            DECODE,
            "An origin with a capital.",
            changed("log.", "Log."),
        ),
        case(
            "origin-with-space",
            DECODE,
            "A space after the origin.",
            changed("2026\n", "2026 \n"),
        ),
        case(
            "origin-of-another-log",
            VERIFY,
            "The log signed a checkpoint of another origin.",
            changed("2026", "2025"),
        ),
        case(
            "origin-not-expected",
            VERIFY,
            "The key and the checkpoint are of another log than expected.",
            open(&note).text("origin", "log.truce.example/2027"),
        ),
        case(
            "key-of-another-log",
            VERIFY,
            "The key has another name than the origin.",
            open(&note).text("vkey", other_name),
        ),
        case(
            "signed-by-another-key",
            VERIFY,
            "No line is by the log's key.",
            open(&note).text("vkey", other_key),
        ),
        case(
            "key-of-a-cosigner",
            DECODE,
            "The key is of type 0x04.",
            open(&note).text("vkey", cosigner),
        ),
        case(
            "signed-with-both-keys",
            OK,
            "A second line with ML-DSA-44.",
            open(&signed_twice()),
        ),
        case(
            "opened-with-ml-dsa-44",
            OK,
            "The same note, opened with the log's ML-DSA-44 key.",
            open(&signed_twice()).text("vkey", log_key_pq()),
        ),
        case(
            "ml-dsa-44-line-missing",
            VERIFY,
            "Opened with the log's ML-DSA-44 key, which has not signed.",
            open(&note).text("vkey", log_key_pq()),
        ),
        case(
            "size-changed",
            VERIFY,
            "The size is raised after signing.",
            open(&note.replacen("\n7\n", "\n8\n", 1)),
        ),
    ]
}

fn base64(bytes: &[u8]) -> String {
    <base64ct::Base64 as base64ct::Encoding>::encode_string(bytes)
}
