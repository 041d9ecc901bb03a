//! Proofs of logging.

use trucelog_proto::{
    hash::LeafIndex, policy::Policy, proof::verify_inclusion, tlog_proof::TlogProof, tree,
};

use super::{
    Artefact, Case, DECODE, Failed, Inputs, OK, POLICY, SIZE, VERIFY, case, entry,
    policy::{cosigned, policy},
    proof::path,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "tlog_proof",
    cases,
    replay,
    seed: |inputs| Some(inputs.data("proof")),
};

/// Checks the form, and with a policy the quorum and the inclusion of the entry in `extra`.
fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let proof = TlogProof::parse(&inputs.data("proof"))?;
    if !inputs.has("policy") {
        return Ok(());
    }
    let verdict = Policy::parse(&inputs.data("policy"))?.evaluate(&proof.checkpoint_note)?;
    let leaf = tree::leaf_hash(&proof.extra.unwrap_or_default());
    let checkpoint = verdict.checkpoint.checkpoint();
    verify_inclusion(
        &leaf,
        proof.index,
        checkpoint.size,
        &proof.hashes,
        &checkpoint.root,
    )?;
    Ok(verdict.quorum?)
}

fn proof() -> TlogProof {
    TlogProof {
        extra: Some(entry(3)),
        index: LeafIndex::new(3),
        hashes: path(3, SIZE),
        checkpoint_note: cosigned(&[0, 2]).into_bytes(),
    }
}

fn text(proof: &TlogProof) -> String {
    String::from_utf8(proof.format().unwrap()).unwrap()
}

fn parse(text: &str) -> Inputs {
    Inputs::default().text("proof", text)
}

fn verify(text: &str) -> Inputs {
    parse(text).text("policy", policy())
}

fn cases() -> Vec<Case> {
    let good = text(&proof());
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        verify(&good.replacen(from, to, 1))
    };
    let with = |change: fn(&mut TlogProof)| {
        let mut proof = proof();
        change(&mut proof);
        verify(&text(&proof))
    };
    vec![
        case(
            "worked-example",
            OK,
            "The proof in tlog_proof.md, under the policy in policy.md.",
            verify(&good),
        ),
        case(
            "without-extra",
            OK,
            "The form allows a proof without the entry.",
            parse(&text(&TlogProof {
                extra: None,
                ..proof()
            })),
        ),
        case(
            "extra-of-another-entry",
            VERIFY,
            "The entry is not the one that is proven.",
            with(|proof| proof.extra = Some(entry(4))),
        ),
        case(
            "index-of-another-entry",
            VERIFY,
            "The index is not the proven one.",
            with(|proof| proof.index = LeafIndex::new(2)),
        ),
        case(
            "hash-dropped",
            VERIFY,
            "The last hash is left out.",
            with(|proof| proof.hashes.truncate(2)),
        ),
        case(
            "quorum-not-reached",
            POLICY,
            "One of two needed witnesses has signed.",
            with(|proof| proof.checkpoint_note = cosigned(&[1]).into_bytes()),
        ),
        case(
            "header-of-another-version",
            DECODE,
            "A version 2.",
            changed("@v1\n", "@v2\n"),
        ),
        case(
            "extra-empty",
            DECODE,
            "An extra line without bytes.",
            changed("extra ZW50cnkgMw==\n", "extra \n"),
        ),
        case(
            "extra-not-canonical",
            DECODE,
            "Base64 without padding.",
            changed("ZW50cnkgMw==", "ZW50cnkgMw"),
        ),
        case("extra-twice", DECODE, "Two extra lines.", {
            changed(
                "extra ZW50cnkgMw==\n",
                "extra ZW50cnkgMw==\nextra ZW50cnkgMw==\n",
            )
        }),
        case(
            "index-missing",
            DECODE,
            "No index.",
            changed("index 3\n", ""),
        ),
        case(
            "index-leading-zero",
            DECODE,
            "An index with a leading zero.",
            changed("index 3\n", "index 03\n"),
        ),
        case("index-before-extra", DECODE, "The lines change places.", {
            changed(
                "extra ZW50cnkgMw==\nindex 3\n",
                "index 3\nextra ZW50cnkgMw==\n",
            )
        }),
        case(
            "blank-line-before-hashes",
            DECODE,
            "A blank line that ends the hashes early.",
            changed("index 3\n", "index 3\n\n"),
        ),
        case(
            "blank-line-missing",
            DECODE,
            "No blank line before the checkpoint.",
            changed("\n\nlog.", "\nlog."),
        ),
        case("too-many-hashes", DECODE, "65 hashes.", {
            let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
            changed("index 3\n", &format!("index 3\n{}", hash.repeat(62)))
        }),
        case(
            "carriage-return",
            DECODE,
            "A carriage return.",
            changed("index 3\n", "index 3\r\n"),
        ),
    ]
}
