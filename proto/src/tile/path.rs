//! The paths under which tiles and entry bundles are served.

use std::{fmt, str::FromStr};

use super::{FULL_WIDTH, TileId, check_range, max_index};
use crate::{error::DecodeError, text::parse_decimal};

/// The path of a tile or an entry bundle below the log's URL prefix, with its `width`, 1 to 256.
///
/// [`fmt::Display`] formats it, [`FromStr`] parses it, both in the one canonical form.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes {
        /// The tile.
        id: TileId,
        /// The number of hashes.
        width: u16,
    },
    /// Entries.
    Entries {
        /// The index of the bundle; it begins with entry `index × 256`.
        index: u64,
        /// The number of entries.
        width: u16,
    },
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match *self {
            Self::Hashes { id, width } => {
                write!(f, "tile/{}/", id.level)?;
                (id.index, width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (index, width)
            }
        };
        format_index(index, f)?;
        if width < FULL_WIDTH {
            write!(f, ".p/{width}")?;
        }
        Ok(())
    }
}

fn format_index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = format!("{index:03}");
    let mut digits = format!("{}{digits}", "0".repeat((3 - digits.len() % 3) % 3));
    let last = digits.split_off(digits.len() - 3);
    for (at, digit) in digits.chars().enumerate() {
        if at % 3 == 0 {
            f.write_str("x")?;
        }
        write!(f, "{digit}")?;
        if at % 3 == 2 {
            f.write_str("/")?;
        }
    }
    f.write_str(&last)
}

impl FromStr for TilePath {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let path = parse_path(text)?;
        // One tile has one path: whatever would be formatted otherwise is refused.
        if path.to_string() == text {
            Ok(path)
        } else {
            Err(PATH_SYNTAX)
        }
    }
}

const PATH_SYNTAX: DecodeError = DecodeError::Syntax {
    field: "tile path",
    expected: "tile/LEVEL/INDEX or tile/entries/INDEX, INDEX like x001/x234/067, then .p/WIDTH if partial",
};

fn parse_path(text: &str) -> Result<TilePath, DecodeError> {
    let rest = text.strip_prefix("tile/").ok_or(PATH_SYNTAX)?;
    let (kind, rest) = rest.split_once('/').ok_or(PATH_SYNTAX)?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, parse_partial_width(width)?),
        None => (rest, FULL_WIDTH),
    };
    let index = parse_index(index)?;
    if kind == "entries" {
        check_range("tile index", max_index(0), index)?;
        return Ok(TilePath::Entries { index, width });
    }
    let level = u8::try_from(parse_decimal(kind, "tile level")?).map_err(|_| PATH_SYNTAX)?;
    let id = TileId::new(level, index)?;
    Ok(TilePath::Hashes { id, width })
}

fn parse_partial_width(text: &str) -> Result<u16, DecodeError> {
    let width = parse_decimal(text, "tile width")?;
    match u16::try_from(width) {
        Ok(width @ 1..FULL_WIDTH) => Ok(width),
        _ => Err(DecodeError::OutOfRange {
            field: "tile width",
            min: 1,
            max: u64::from(FULL_WIDTH) - 1,
            found: width,
        }),
    }
}

fn parse_index(text: &str) -> Result<u64, DecodeError> {
    text.split('/').try_fold(0_u64, |index, element| {
        let digits = element.strip_prefix('x').unwrap_or(element);
        let valid = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        let value: u64 = digits.parse().ok().filter(|_| valid).ok_or(PATH_SYNTAX)?;
        index
            .checked_mul(1000)
            .and_then(|index| index.checked_add(value))
            .ok_or(PATH_SYNTAX)
    })
}
