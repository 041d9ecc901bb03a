//! Roots of small trees, and right edges.

use trucelog_proto::{
    error::VerifyError,
    tree::{self, RightEdge},
};

use super::{
    Artefact, Case, DECODE, Failed, Inputs, OK, SIZE, VERIFY, case, edge, entry, hex, unhex,
};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "tree",
    cases,
    replay,
    seed: |inputs| inputs.has("right_edge").then(|| inputs.data("right_edge")),
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    if inputs.has("right_edge") {
        RightEdge::decode(&inputs.data("right_edge"))?;
        return Ok(());
    }
    let mut edge = RightEdge::new();
    for entry in inputs.items("entries_hex") {
        edge.append(tree::leaf_hash(&unhex(entry)));
    }
    let expected = inputs.get("root").parse()?;
    if edge.root() == expected {
        return Ok(());
    }
    Err(VerifyError::Root {
        size: edge.size(),
        expected,
        computed: edge.root(),
    }
    .into())
}

fn root_of(entries: &[&str], root: &str) -> Inputs {
    Inputs::default()
        .list("entries_hex", entries)
        .text("root", root)
}

fn decode(bytes: &[u8]) -> Inputs {
    Inputs::default().bytes("right_edge", bytes)
}

/// The entries that Certificate Transparency implementations test with, and the roots that they all find.
const CT: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const EMPTY_ROOT: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const CT_ROOT_1: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const CT_ROOT_7: &str = "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c";
const CT_ROOT_8: &str = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";

fn cases() -> Vec<Case> {
    let entries: Vec<String> = (0..SIZE).map(|index| hex(&entry(index))).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let seven = edge(SIZE).encode();
    let too_large = [(1_u64 << 63).to_be_bytes().as_slice(), &seven[8..40]].concat();
    vec![
        case(
            "worked-example",
            OK,
            "The tree of seven entries in tree.md.",
            root_of(&entries, &edge(SIZE).root().to_string()),
        ),
        case(
            "empty-tree",
            OK,
            "The root of no entries is SHA-256 of nothing.",
            root_of(&[], EMPTY_ROOT),
        ),
        case(
            "ct-size-1",
            OK,
            "One empty entry.",
            root_of(&CT[..1], CT_ROOT_1),
        ),
        case(
            "ct-size-7",
            OK,
            "A tree that is not balanced.",
            root_of(&CT[..7], CT_ROOT_7),
        ),
        case("ct-size-8", OK, "A balanced tree.", root_of(&CT, CT_ROOT_8)),
        case(
            "entry-missing",
            VERIFY,
            "The last entry is left out.",
            root_of(&CT[..7], CT_ROOT_8),
        ),
        case(
            "entries-swapped",
            VERIFY,
            "The first two of eight entries change places.",
            {
                let mut swapped = CT;
                swapped.swap(0, 1);
                root_of(&swapped, CT_ROOT_8)
            },
        ),
        case(
            "right-edge",
            OK,
            "The right edge of the worked example.",
            decode(&seven),
        ),
        case(
            "right-edge-empty",
            OK,
            "The right edge of the empty tree: eight zero bytes.",
            decode(&[0; 8]),
        ),
        case(
            "right-edge-hash-missing",
            DECODE,
            "Size 7 has three bits set, but two hashes follow.",
            decode(&seven[..seven.len() - 32]),
        ),
        case(
            "right-edge-hash-added",
            DECODE,
            "Size 7 has three bits set, but four hashes follow.",
            decode(&[&seven[..], &[0; 32]].concat()),
        ),
        case(
            "right-edge-hash-cut",
            DECODE,
            "The last hash has 31 bytes.",
            decode(&seven[..seven.len() - 1]),
        ),
        case(
            "right-edge-size-cut",
            DECODE,
            "The size has seven bytes.",
            decode(&seven[..7]),
        ),
        case(
            "right-edge-size-too-large",
            DECODE,
            "A size of 2^63, with one hash.",
            decode(&too_large),
        ),
    ]
}
