//! Signed notes and verifier keys.

use trucelog_proto::note::{KeyName, Note, NoteSignature, VerifierKey};

use super::{Artefact, Case, DECODE, Failed, Inputs, OK, VERIFY, case, private, public};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "note",
    cases,
    replay,
    seed: |inputs| Some(inputs.data(if inputs.has("note") { "note" } else { "vkey" })),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    if !inputs.has("note") {
        inputs.get("vkey").parse::<VerifierKey>()?;
        return Ok(());
    }
    let keys: Result<Vec<VerifierKey>, _> = inputs
        .items("vkeys")
        .iter()
        .map(|key| key.parse())
        .collect();
    Note::parse(&inputs.data("note"))?.verify(&keys?)?;
    Ok(())
}

const TEXT: &str = "A ceasefire holds\nas long as someone counts.\n";

fn name() -> KeyName {
    "press.truce.example".parse().unwrap()
}

fn key() -> VerifierKey {
    VerifierKey::ed25519(name(), public(3))
}

fn line(seed: u8) -> NoteSignature {
    NoteSignature::sign(TEXT, &name(), &private(seed))
}

fn note(lines: Vec<NoteSignature>) -> String {
    String::from_utf8(Note::new(TEXT, lines).unwrap().format()).unwrap()
}

fn signed() -> String {
    note(vec![line(3)])
}

fn open(note: &str) -> Inputs {
    Inputs::default().text("note", note).list("vkeys", &[key()])
}

fn vkey(text: impl ToString) -> Inputs {
    Inputs::default().text("vkey", text)
}

fn cases() -> Vec<Case> {
    [notes(), grammar(), keys()].into_iter().flatten().collect()
}

fn notes() -> Vec<Case> {
    let mut forged = line(3);
    forged.bytes[0] ^= 1;
    let stranger = NoteSignature::sign(TEXT, &"other.example".parse().unwrap(), &private(4));
    let unsupported = VerifierKey::cosignature(name(), public(3));
    let pq = "press.truce.example+01020304+BwAB";
    let pq_line = NoteSignature {
        name: name(),
        key_id: 0x0102_0304,
        bytes: vec![1],
    };
    vec![
        case(
            "worked-example",
            OK,
            "The note in note.md, opened with its key.",
            open(&signed()),
        ),
        case(
            "unknown-signature-ignored",
            OK,
            "A line by an unknown key stands before the known one's.",
            open(&note(vec![stranger.clone(), line(3)])),
        ),
        case(
            "same-signature-twice",
            OK,
            "The same line twice counts once.",
            open(&note(vec![line(3), line(3)])),
        ),
        case(
            "no-known-signature",
            VERIFY,
            "Only a line by an unknown key.",
            open(&note(vec![stranger])),
        ),
        case(
            "known-name-other-id",
            VERIFY,
            "The name is known, the key ID is another.",
            open(&note(vec![line(4)])),
        ),
        case(
            "text-changed",
            VERIFY,
            "One word of the text is changed.",
            open(&signed().replace("holds", "breaks")),
        ),
        case(
            "signature-changed",
            VERIFY,
            "One bit of the signature is flipped.",
            open(&note(vec![forged.clone()])),
        ),
        case(
            "second-line-by-known-key-false",
            VERIFY,
            "A true line and a false one by the same key.",
            open(&note(vec![line(3), forged])),
        ),
        case(
            "key-of-other-type",
            VERIFY,
            "The key is known as a cosigner's, so its key ID differs.",
            open(&signed()).list("vkeys", &[unsupported]),
        ),
        case(
            "key-of-unknown-type",
            VERIFY,
            "A trusted key whose type cannot be verified has signed.",
            open(&note(vec![pq_line])).list("vkeys", &[pq]),
        ),
        case(
            "same-key-known-twice",
            VERIFY,
            "Two trusted keys have one name and key ID.",
            open(&signed()).list("vkeys", &[key(), key()]),
        ),
    ]
}

fn grammar() -> Vec<Case> {
    let signed = signed();
    let changed = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from}");
        open(&signed.replacen(from, to, 1))
    };
    let not_utf8 = [signed.as_bytes(), b"\xff"].concat();
    vec![
        case(
            "blank-line-in-text",
            OK,
            "The last blank line is the one before the signatures.",
            {
                let text = "one\n\ntwo\n";
                let line = NoteSignature::sign(text, &name(), &private(3));
                open(std::str::from_utf8(&Note::new(text, vec![line]).unwrap().format()).unwrap())
            },
        ),
        case(
            "no-newline-at-end",
            DECODE,
            "The last newline is missing.",
            open(signed.trim_end()),
        ),
        case(
            "no-blank-line",
            DECODE,
            "No blank line before the signature.",
            changed("\n\n", "\n"),
        ),
        case("no-signature", DECODE, "Nothing follows the blank line.", {
            open(&format!("{TEXT}\n"))
        }),
        case(
            "hyphen-for-em-dash",
            DECODE,
            "A hyphen begins the signature line.",
            changed("— ", "- "),
        ),
        case(
            "two-spaces",
            DECODE,
            "Two spaces before the base64.",
            changed("example ", "example  "),
        ),
        case(
            "tab-for-space",
            DECODE,
            "A tab, which is a control character.",
            changed("example ", "example\t"),
        ),
        case(
            "no-break-space-in-name",
            DECODE,
            "A Unicode space in the key name.",
            changed("press.", "press\u{a0}"),
        ),
        case(
            "plus-in-name",
            DECODE,
            "A plus sign in the key name.",
            changed("press.", "press+"),
        ),
        case(
            "carriage-return",
            DECODE,
            "A carriage return before a newline.",
            changed("holds\n", "holds\r\n"),
        ),
        case(
            "base64-without-padding",
            DECODE,
            "The padding is left out.",
            open(&signed.replace('=', "")),
        ),
        case(
            "base64-trailing-bits",
            DECODE,
            "The last character has bits set that no byte uses.",
            open(&with_trailing_bits(&signed)),
        ),
        case(
            "key-id-only",
            DECODE,
            "The line has a key ID and no signature.",
            open(&format!("{TEXT}\n— {} AQIDBA==\n", name())),
        ),
        case("not-utf8", DECODE, "A byte that is not UTF-8.", {
            Inputs::default()
                .bytes("note", &not_utf8)
                .list("vkeys", &[key()])
        }),
        case(
            "too-many-lines",
            DECODE,
            "99 signatures: 101 lines with the text and the blank line.",
            {
                let line = format!("— {} AQIDBAU=\n", name());
                open(&format!("text\n\n{}", line.repeat(99)))
            },
        ),
    ]
}

/// Raises the last base64 character before the padding by one.
fn with_trailing_bits(note: &str) -> String {
    let mut bytes = note.as_bytes().to_vec();
    let at = bytes
        .iter()
        .rposition(|byte| *byte != b'=' && *byte != b'\n')
        .unwrap();
    bytes[at] += 1;
    String::from_utf8(bytes).unwrap()
}

fn keys() -> Vec<Case> {
    let text = key().to_string();
    let (name_and_id, base64) = text.rsplit_once('+').unwrap();
    let id = format!("{:08x}", key().key_id());
    vec![
        case("vkey", OK, "The key of the worked example.", vkey(&text)),
        case(
            "vkey-of-unknown-type",
            OK,
            "A key of type 0x07 is kept; its key ID is not checked.",
            vkey("w.example+01020304+BwAB"),
        ),
        case(
            "vkey-wrong-id",
            DECODE,
            "A key ID that does not belong to name and key.",
            vkey(text.replacen(&id, "00000000", 1)),
        ),
        case("vkey-upper-case-id", DECODE, "A key ID in upper case.", {
            vkey(text.replacen(&id, &id.to_uppercase(), 1))
        }),
        case("vkey-short", DECODE, "A key of 31 bytes.", {
            vkey(format!("{name_and_id}+{}", &base64[..base64.len() - 4]))
        }),
        case(
            "vkey-small-order",
            DECODE,
            "A public key of small order.",
            vkey("w.example+c2ffa4ff+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        case(
            "vkey-without-key",
            DECODE,
            "Name and key ID only.",
            vkey(name_and_id),
        ),
    ]
}
