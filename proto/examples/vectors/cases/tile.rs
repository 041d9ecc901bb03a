//! Tile paths, entry bundles and tiles.

use trucelog_proto::tile::{TilePath, decode_bundle, decode_tile, encode_bundle};

use super::{Artefact, Case, DECODE, Failed, Inputs, OK, SIZE, case, entry, leaf};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "tile",
    cases,
    replay,
    seed,
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    if inputs.has("path") {
        inputs.get("path").parse::<TilePath>()?;
    }
    if inputs.has("bundle") {
        decode_bundle(&inputs.data("bundle"), width(inputs))?;
    }
    if inputs.has("tile") {
        decode_tile(&inputs.data("tile"), width(inputs))?;
    }
    Ok(())
}

fn width(inputs: &Inputs) -> u16 {
    inputs.get("width").parse().unwrap()
}

fn seed(inputs: &Inputs) -> Option<Vec<u8>> {
    if inputs.has("path") && !inputs.has("bundle") {
        return Some(inputs.data("path"));
    }
    let name = if inputs.has("bundle") {
        "bundle"
    } else {
        "tile"
    };
    let width = width(inputs).checked_sub(1)?.to_le_bytes()[0];
    Some([&[width], inputs.data(name).as_slice()].concat())
}

fn path(text: &str) -> Inputs {
    Inputs::default().text("path", text)
}

fn bundle(bytes: &[u8], width: u64) -> Inputs {
    Inputs::default()
        .bytes("bundle", bytes)
        .text("width", width)
}

fn tile(bytes: &[u8], width: u64) -> Inputs {
    Inputs::default().bytes("tile", bytes).text("width", width)
}

fn cases() -> Vec<Case> {
    let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
    let seven = encode_bundle(&entries).unwrap();
    let hashes = (0..SIZE)
        .flat_map(|index| *leaf(index).as_bytes())
        .collect::<Vec<u8>>();
    vec![
        case(
            "worked-example",
            OK,
            "The entries of the tree of seven in tile.md, and their path.",
            bundle(&seven, SIZE).text("path", "tile/entries/000.p/7"),
        ),
        case(
            "path-hashes",
            OK,
            "A full tile of leaf hashes.",
            path("tile/0/x001/x234/067"),
        ),
        case(
            "path-hashes-partial",
            OK,
            "A partial tile on level 1.",
            path("tile/1/000.p/17"),
        ),
        case(
            "path-entries",
            OK,
            "A full entry bundle.",
            path("tile/entries/999"),
        ),
        case(
            "path-largest-index",
            OK,
            "The tile with the last leaf of 2^64.",
            path("tile/0/x072/x057/x594/x037/x927/935"),
        ),
        case(
            "path-index-too-large",
            DECODE,
            "One tile beyond the last leaf of 2^64.",
            path("tile/0/x072/x057/x594/x037/x927/936"),
        ),
        case(
            "path-level-8",
            DECODE,
            "No tree below 2^64 leaves has a ninth level.",
            path("tile/8/000"),
        ),
        case(
            "path-level-zero-padded",
            DECODE,
            "A level with a leading zero.",
            path("tile/00/000"),
        ),
        case(
            "path-index-zero-padded",
            DECODE,
            "An index with a leading element of zeros.",
            path("tile/0/x000/067"),
        ),
        case(
            "path-index-short",
            DECODE,
            "An element of two digits.",
            path("tile/0/67"),
        ),
        case(
            "path-index-without-x",
            DECODE,
            "A leading element without x.",
            path("tile/0/001/234/067"),
        ),
        case(
            "path-index-last-with-x",
            DECODE,
            "A last element with x.",
            path("tile/0/x067"),
        ),
        case(
            "path-width-zero",
            DECODE,
            "An empty tile.",
            path("tile/0/000.p/0"),
        ),
        case(
            "path-width-full",
            DECODE,
            "A full tile written as a partial one.",
            path("tile/0/000.p/256"),
        ),
        case(
            "path-width-zero-padded",
            DECODE,
            "A width with a leading zero.",
            path("tile/0/000.p/07"),
        ),
        case(
            "path-absolute",
            DECODE,
            "A path that begins with a slash.",
            path("/tile/0/000"),
        ),
        case(
            "path-data",
            DECODE,
            "The name that another format has for entries.",
            path("tile/data/000"),
        ),
        case(
            "bundle-empty-entry",
            OK,
            "An entry of no bytes.",
            bundle(&[0, 0], 1),
        ),
        case(
            "bundle-wider-than-expected",
            DECODE,
            "Seven entries where six are expected.",
            bundle(&seven, 6),
        ),
        case(
            "bundle-narrower-than-expected",
            DECODE,
            "Seven entries where eight are expected.",
            bundle(&seven, 8),
        ),
        case(
            "bundle-cut",
            DECODE,
            "The last byte of the last entry is missing.",
            bundle(&seven[..seven.len() - 1], SIZE),
        ),
        case(
            "bundle-trailing-byte",
            DECODE,
            "A byte after the last entry.",
            bundle(&[&seven[..], &[0]].concat(), SIZE),
        ),
        case("bundle-width-zero", DECODE, "No entries.", bundle(&[], 0)),
        case(
            "tile-full-width",
            OK,
            "A tile of seven hashes.",
            tile(&hashes, SIZE),
        ),
        case(
            "tile-prefix",
            OK,
            "The first five hashes of a tile of seven.",
            tile(&hashes, 5),
        ),
        case(
            "tile-too-narrow",
            DECODE,
            "Eight hashes of a tile of seven.",
            tile(&hashes, 8),
        ),
        case(
            "tile-hash-cut",
            DECODE,
            "A tile whose last hash has 31 bytes.",
            tile(&hashes[..hashes.len() - 1], 5),
        ),
    ]
}
