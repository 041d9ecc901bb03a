//! Newtypes for digests, indexes and sizes, and SHA-256.
//!
//! A digest of one kind never passes for one of another kind. What each digest covers is defined by the module of its
//! artefact.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::error::decode::DecodeError;

/// Computes SHA-256 over the concatenation of `parts`.
///
/// Source: FIPS 180-4.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Defines a newtype over 32 bytes whose text form is 64 lower-case hexadecimal digits.
macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = DecodeError;

            fn try_from(bytes: &[u8]) -> Result<Self, DecodeError> {
                array(bytes, $field).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = DecodeError;

            fn from_str(text: &str) -> Result<Self, DecodeError> {
                parse_hex(text, $field).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
    };
}

digest!(
    /// The SHA-256 of a record's canonical bytes: the record's name everywhere.
    RecordDigest,
    "record digest"
);
digest!(
    /// The record digest of a log's Charter, which verifiers pin.
    CharterDigest,
    "charter digest"
);
digest!(
    /// The hash of one leaf of the tree.
    LeafHash,
    "leaf hash"
);
digest!(
    /// The hash of a subtree; a leaf is the smallest one.
    NodeHash,
    "node hash"
);
digest!(
    /// The hash of a whole tree at one size.
    RootHash,
    "root hash"
);

digest!(
    /// The SHA-256 that commits a member to sealed content.
    Commitment,
    "commitment"
);

impl From<LeafHash> for NodeHash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

impl From<NodeHash> for RootHash {
    fn from(node: NodeHash) -> Self {
        Self(node.0)
    }
}

/// The 0-based position of an entry in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

/// The number of leaves of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

macro_rules! number {
    ($name:ident) => {
        impl $name {
            /// Wraps a number.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(LeafIndex);
number!(TreeSize);

/// Copies `bytes` into an array of `N` bytes.
pub(crate) fn array<const N: usize>(
    bytes: &[u8],
    field: &'static str,
) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Length {
        field,
        expected: N,
        found: bytes.len(),
    })
}

fn parse_hex(text: &str, field: &'static str) -> Result<[u8; 32], DecodeError> {
    digits(text.as_bytes()).ok_or(DecodeError::Hex { field })
}

fn digits(text: &[u8]) -> Option<[u8; 32]> {
    let text: &[u8; 64] = text.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (digits, byte) in text.chunks_exact_mut(2).zip(bytes) {
        digits[0] = DIGITS[usize::from(byte >> 4)];
        digits[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn hashes_the_concatenation() {
        assert_eq!(NodeHash(sha256(&[])).to_string(), EMPTY);
        assert_eq!(sha256(&[b"ab", b"", b"c"]), sha256(&[b"abc"]));
    }

    #[test]
    fn roundtrip_hex() {
        let root: RootHash = EMPTY.parse().unwrap();
        assert_eq!(root.to_string(), EMPTY);
        assert_eq!(format!("{root:?}"), EMPTY);
        assert_eq!(RootHash::try_from(root.as_bytes().as_slice()), Ok(root));
    }

    #[test]
    fn rejects_other_text_and_lengths() {
        let hex = Err(DecodeError::Hex { field: "leaf hash" });
        assert_eq!(EMPTY.to_uppercase().parse::<LeafHash>(), hex);
        assert_eq!(EMPTY[1..].parse::<LeafHash>(), hex);
        assert_eq!(format!("{EMPTY}0").parse::<LeafHash>(), hex);
        let short = LeafHash::try_from([0; 31].as_slice());
        assert_eq!(
            short,
            Err(DecodeError::Length {
                field: "leaf hash",
                expected: 32,
                found: 31
            })
        );
    }
}
