//! Bytes that are not of their form.

/// Says that bytes are not of the form that their specification demands.
///
/// Source: the specification of the artefact that was decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A field of fixed length has another length.
    #[error("{field}: {found} bytes, must be {expected}")]
    Length {
        /// The field.
        field: &'static str,
        /// The length that the form demands, in bytes.
        expected: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
    /// A field exceeds its limit in bytes.
    #[error("{field}: {found} bytes, at most {limit} are allowed")]
    TooLong {
        /// The field.
        field: &'static str,
        /// The limit, in bytes.
        limit: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
    /// A list exceeds its limit in items.
    #[error("{field}: more than {limit} items")]
    TooMany {
        /// The list.
        field: &'static str,
        /// The limit, in items.
        limit: usize,
    },
    /// A number lies outside its range.
    #[error("{field}: {found} is outside {min} to {max}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The smallest value allowed.
        min: u64,
        /// The largest value allowed.
        max: u64,
        /// The value found.
        found: u64,
    },
    /// A part that the form demands is not there.
    #[error("{field}: missing")]
    Missing {
        /// The part.
        field: &'static str,
    },
    /// Bytes follow where the form has ended.
    #[error("{field}: {found} bytes too many at the end")]
    Trailing {
        /// The artefact.
        field: &'static str,
        /// The number of bytes left over.
        found: usize,
    },
    /// The bytes end before the form does.
    #[error("{field}: the bytes end too early")]
    Truncated {
        /// The artefact.
        field: &'static str,
    },
    /// Text is not UTF-8.
    #[error("{field}: not UTF-8")]
    Utf8 {
        /// The field.
        field: &'static str,
    },
    /// Text holds a control character other than the ones allowed.
    #[error("{field}: control character at byte {at}")]
    ControlCharacter {
        /// The field.
        field: &'static str,
        /// The offset of the character, in bytes.
        at: usize,
    },
    /// A field is not lower-case hexadecimal.
    #[error("{field}: not lower-case hexadecimal")]
    Hex {
        /// The field.
        field: &'static str,
    },
    /// A field is not canonical base64 with padding (RFC 4648 section 4).
    #[error("{field}: not canonical base64")]
    Base64 {
        /// The field.
        field: &'static str,
    },
    /// A number is not decimal digits without sign and leading zeros, or exceeds 2^64 - 1.
    #[error("{field}: not a decimal number without sign and leading zeros")]
    Decimal {
        /// The field.
        field: &'static str,
    },
    /// A line or a text does not follow its grammar.
    #[error("{field}: expected {expected}")]
    Syntax {
        /// The field.
        field: &'static str,
        /// The form that the grammar demands at this place.
        expected: &'static str,
    },
    /// Something occurs twice that may occur once.
    #[error("{field}: occurs twice")]
    Duplicate {
        /// The field.
        field: &'static str,
    },
    /// A name is used that no earlier line defines.
    #[error("{field}: the name is not defined on an earlier line")]
    Undefined {
        /// The field.
        field: &'static str,
    },
    /// The key ID in a verifier key does not belong to its name and key.
    #[error("verifier key: key ID {found:08x}, name and key give {expected:08x}")]
    KeyId {
        /// The key ID computed from name, type and key.
        expected: u32,
        /// The key ID in the text.
        found: u32,
    },
    /// A key has a signature type that cannot serve here.
    #[error("{field}: signature type {found:#04x}, must be {expected:#04x}")]
    KeyType {
        /// The field.
        field: &'static str,
        /// The signature type that is needed.
        expected: u8,
        /// The signature type that was found.
        found: u8,
    },
    /// A public key has y ≥ p in its encoding.
    #[error("public key: not the canonical encoding of a point (y is not below 2^255 - 19)")]
    PublicKeyNotCanonical,
    /// A public key is a point of small order.
    #[error("public key: a point of small order, which verifies signatures that nobody made")]
    PublicKeySmallOrder,
    /// A public key is not a point on the curve.
    #[error("public key: not a point on the curve")]
    PublicKeyNotOnCurve,
    /// A PEM document does not hold an Ed25519 key of the kind asked for.
    #[error("{field}: not a PEM document with an Ed25519 key of this kind")]
    Pem {
        /// The kind of key that was expected.
        field: &'static str,
    },
}
