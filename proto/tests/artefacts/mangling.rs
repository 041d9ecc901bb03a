//! Every truncation and every changed byte of every signed artefact is refused, but for changes in lines that the
//! specification tells verifiers to ignore, which must leave the verified meaning as it was.

use trucelog_proto::{
    checkpoint::Checkpoint,
    cosignature::{self, CosignatureTime},
    error::Error,
    hash::{LeafIndex, TreeSize},
    mldsa::{self, MlDsaPublicKey, MlDsaSigningKey},
    note::Note,
    policy::{Policy, Verdict},
    proof::verify_inclusion,
    signature,
    tlog_proof::TlogProof,
    tree,
};

use crate::{
    naive::NaiveTree,
    policy::{cosigned, log_key, policy, private},
};

/// Every truncation of `bytes`, and every copy with one byte changed to another that it could be mistaken for.
fn mangled(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let truncated = (0..bytes.len()).map(|len| (len, bytes[..len].to_vec()));
    let changed = (0..bytes.len()).flat_map(move |at| {
        let flips = (0..8).map(move |bit| bytes[at] ^ (1 << bit));
        let others = *b"\n \r\0=+/A";
        flips
            .chain(others)
            .filter(move |byte| *byte != bytes[at])
            .map(move |byte| {
                let mut copy = bytes.to_vec();
                copy[at] = byte;
                (at, copy)
            })
    });
    truncated.chain(changed)
}

fn offset(bytes: &[u8], line: &str) -> usize {
    std::str::from_utf8(bytes).unwrap().find(line).unwrap()
}

#[test]
fn a_signed_checkpoint_is_refused_when_mangled() {
    let origin = "log.example/truce".parse().unwrap();
    let note = cosigned(&[]);
    assert!(Checkpoint::open(&note, &log_key(), &origin).is_ok());
    for (at, bytes) in mangled(&note) {
        assert!(
            Checkpoint::open(&bytes, &log_key(), &origin).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn the_text_of_a_checkpoint_has_one_form() {
    let checkpoint = Checkpoint::parse(Note::parse(&cosigned(&[])).unwrap().text()).unwrap();
    let text = checkpoint.format();
    for (at, bytes) in mangled(text.as_bytes()) {
        if let Ok(other) = std::str::from_utf8(&bytes).map(Checkpoint::parse) {
            assert_ne!(other, Ok(checkpoint.clone()), "byte {at}");
        }
    }
}

/// Opening with the log's key alone ignores cosignatures, as `note.md` says: whatever happens to them, the checkpoint
/// stays what it was.
#[test]
fn other_signature_lines_cannot_change_what_the_log_has_signed() {
    let origin = "log.example/truce".parse().unwrap();
    let note = cosigned(&[(0, 1000)]);
    let opened = Checkpoint::open(&note, &log_key(), &origin).unwrap();
    let cosignature = offset(&note, "— w0");
    let mut ignored = 0;
    for (at, bytes) in mangled(&note) {
        match Checkpoint::open(&bytes, &log_key(), &origin) {
            Ok(other) => {
                assert_eq!(other.checkpoint(), opened.checkpoint());
                assert!(at >= cosignature, "byte {at}");
                ignored += 1;
            }
            Err(_) => assert!(at < note.len()),
        }
    }
    assert!(ignored > 0);
}

fn meaning(
    policy: &Policy,
    note: &[u8],
) -> Result<(Checkpoint, Vec<(String, CosignatureTime)>), Error> {
    let Verdict {
        checkpoint,
        cosigners,
        quorum,
        ..
    } = policy.evaluate(note)?;
    quorum?;
    let cosigners = cosigners
        .into_iter()
        .map(|cosigner| (cosigner.name, cosigner.time));
    Ok((checkpoint.checkpoint().clone(), cosigners.collect()))
}

#[test]
fn a_cosigned_note_is_refused_when_mangled() {
    let policy = policy(2, "group g all w0 w1\nquorum g\n");
    let note = cosigned(&[(0, 1000), (1, 2000)]);
    assert!(meaning(&policy, &note).is_ok());
    for (at, bytes) in mangled(&note) {
        assert!(meaning(&policy, &bytes).is_err(), "byte {at}");
    }
}

/// Lines by unknown keys are ignored, as `note.md` says: changed or cut off whole, they leave the meaning as it was.
#[test]
fn a_line_by_an_unknown_key_cannot_change_the_meaning() {
    let policy = policy(2, "group g all w0 w1\nquorum g\n");
    let note = cosigned(&[(0, 1000), (1, 2000), (9, 3000)]);
    let expected = meaning(&policy, &note).unwrap();
    let unknown = offset(&note, "— w9");
    let mut ignored = 0;
    for (at, bytes) in mangled(&note) {
        if let Ok(other) = meaning(&policy, &bytes) {
            assert_eq!(other, expected);
            assert!(at >= unknown, "byte {at}");
            ignored += 1;
        }
    }
    assert!(ignored > 0);
}

#[test]
fn a_cosignature_is_refused_when_mangled() {
    let text = "log.example/truce\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let line = cosignature::sign(
        text,
        &"w0.example".parse().unwrap(),
        &private(100),
        CosignatureTime::new(1000).unwrap(),
    );
    let key = trucelog_proto::signature::PublicKey::of(&private(100));
    assert_eq!(
        cosignature::verify(text, &key, &line.bytes)
            .unwrap()
            .seconds(),
        1000
    );
    for (at, bytes) in mangled(&line.bytes) {
        assert!(
            cosignature::verify(text, &key, &bytes).is_err(),
            "byte {at}"
        );
    }
    assert!(CosignatureTime::new(1 << 63).is_err());
    let mut late = line.bytes;
    late[0] = 0x80;
    assert!(cosignature::verify(text, &key, &late).is_err());
}

#[test]
fn an_ml_dsa_44_cosignature_is_refused_when_mangled() {
    let checkpoint = Checkpoint {
        origin: "log.example/truce".parse().unwrap(),
        size: TreeSize::new(7),
        root: tree::empty_root(),
    };
    let (text, name) = (checkpoint.format(), "w0.example".parse().unwrap());
    let private = MlDsaSigningKey::from_seed(&[100; 32]);
    let time = CosignatureTime::new(1000).unwrap();
    let line = cosignature::sign_ml_dsa(&checkpoint, &name, &private, time);
    let key = MlDsaPublicKey::of(&private);
    let verify = |bytes: &[u8]| cosignature::verify_ml_dsa(&text, &name, &key, bytes);
    assert_eq!(verify(&line.bytes).unwrap(), Some(time));
    for (at, bytes) in mangled(&line.bytes) {
        assert!(verify(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn ml_dsa_44_keys_survive_pem_and_other_pem_is_refused() {
    let secret = MlDsaSigningKey::from_seed(&[7; 32]);
    let public = MlDsaPublicKey::of(&secret);
    let pem = mldsa::private_key_to_pem(&secret);
    let read = mldsa::private_key_from_pem(&pem).unwrap();
    assert_eq!(MlDsaPublicKey::of(&read), public);
    let public_pem = mldsa::public_key_to_pem(&public);
    assert_eq!(mldsa::public_key_from_pem(&public_pem).unwrap(), public);
    let ed25519 = signature::private_key_to_pem(&private(7));
    assert!(mldsa::private_key_from_pem(&ed25519).is_err());
    assert!(signature::private_key_from_pem(&pem).is_err());
    assert!(signature::public_key_from_pem(&public_pem).is_err());
    assert!(MlDsaPublicKey::try_from(&public.as_bytes()[1..]).is_err());
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn receipt() -> (Policy, Vec<u8>) {
    let tree = NaiveTree::new(13);
    let policy = policy(1, "quorum w0\n");
    let checkpoint = Checkpoint {
        origin: policy.origin().clone(),
        size: tree.size(),
        root: tree.root_at(13),
    };
    let text = checkpoint.format();
    let mut lines = Note::parse(&checkpoint.sign(&private(1).into()))
        .unwrap()
        .signatures()
        .to_vec();
    let name = "w0.example/witness".parse().unwrap();
    lines.push(cosignature::sign(
        &text,
        &name,
        &private(100),
        CosignatureTime::new(1000).unwrap(),
    ));
    let proof = TlogProof {
        extra: Some(entry(5)),
        index: LeafIndex::new(5),
        hashes: tree.path(5, 13),
        checkpoint_note: Note::new(&text, lines).unwrap().format(),
    };
    (policy, proof.format().unwrap())
}

/// What a verifier does with a receipt, but for the record inside.
fn verify_receipt(policy: &Policy, bytes: &[u8]) -> Result<(), Error> {
    let proof = TlogProof::parse(bytes)?;
    let verdict = policy.evaluate(&proof.checkpoint_note)?;
    verdict.quorum?;
    let leaf = tree::leaf_hash(&proof.extra.clone().unwrap_or_default());
    let Checkpoint { size, root, .. } = verdict.checkpoint.checkpoint();
    verify_inclusion(&leaf, proof.index, *size, &proof.hashes, root)?;
    Ok(())
}

#[test]
fn a_receipt_is_refused_when_mangled() {
    let (policy, receipt) = receipt();
    assert_eq!(verify_receipt(&policy, &receipt), Ok(()));
    for (at, bytes) in mangled(&receipt) {
        assert!(verify_receipt(&policy, &bytes).is_err(), "byte {at}");
    }
}

#[test]
fn rejects_proof_texts_that_are_not_canonical() {
    let (_, receipt) = receipt();
    let text = String::from_utf8(receipt).unwrap();
    for (from, to) in [
        ("index 5\n", "index 05\n"),
        ("index 5\n", "index 5 \n"),
        ("index 5\n", ""),
        ("index 5\n", "index 5\n\n"),
        ("extra ZW50cnkgNQ==\n", "extra \n"),
        ("extra ZW50cnkgNQ==\n", "extra\n"),
        ("extra ZW50cnkgNQ==\n", "extra ZW50cnkgNQ\n"),
        (
            "extra ZW50cnkgNQ==\n",
            "extra ZW50cnkgNQ==\nextra ZW50cnkgNQ==\n",
        ),
        ("@v1\n", "@v2\n"),
        ("@v1\n", "@v1\r\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(
            TlogProof::parse(changed.as_bytes()).is_err(),
            "{from} to {to}"
        );
    }
    let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let head = "c2sp.org/tlog-proof@v1\nindex 5\n";
    let note = text.split_once("\n\n").unwrap().1;
    let with_hashes =
        |count| TlogProof::parse(format!("{head}{}\n{note}", hash.repeat(count)).as_bytes());
    assert!(with_hashes(64).is_ok());
    assert!(with_hashes(65).is_err());
}

#[test]
fn notes_are_bounded() {
    let line = Note::parse(&cosigned(&[])).unwrap().signatures()[0].clone();
    let lines = |count| Note::new("text\n", vec![line.clone(); count]);
    assert!(
        lines(98).is_ok(),
        "98 signatures, a line of text and the blank line"
    );
    assert!(lines(99).is_err());
    assert!(lines(0).is_err());
    let long = |len| Note::new(&("x".repeat(len) + "\n"), vec![line.clone()]);
    assert!(long(500 * 1024).is_ok());
    assert!(long(512 * 1024).is_err());
}
