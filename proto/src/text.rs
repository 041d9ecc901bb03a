//! The lexical forms that the text artefacts share: decimal numbers, base64 and hexadecimal key IDs.

use base64ct::{Base64, Encoding};

use crate::error::DecodeError;

/// Parses a decimal number without sign and leading zeros.
pub(crate) fn parse_decimal(text: &str, field: &'static str) -> Result<u64, DecodeError> {
    let error = DecodeError::Decimal { field };
    let canonical =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !canonical {
        return Err(error);
    }
    text.parse().map_err(|_| error)
}

/// Parses padded base64 in its one canonical form.
pub(crate) fn parse_base64(text: &str, field: &'static str) -> Result<Vec<u8>, DecodeError> {
    Base64::decode_vec(text).map_err(|_| DecodeError::Base64 { field })
}

/// Formats padded base64.
pub(crate) fn format_base64(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(base64_len(bytes.len()));
    push_base64(&mut text, bytes);
    String::from_utf8(text).expect("base64 is ASCII")
}

/// Length of the padded base64 of `len` bytes.
pub(crate) fn base64_len(len: usize) -> usize {
    len.div_ceil(3) * 4
}

/// Appends padded base64. What is formatted here is public, so that the time may depend on it, as a table's does.
pub(crate) fn push_base64(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |bits: u32| {
        [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| DIGITS[(bits & 63) as usize])
    };
    let mut groups = bytes.chunks_exact(3);
    for group in &mut groups {
        text.extend_from_slice(&digits(u32::from_be_bytes([
            0, group[0], group[1], group[2],
        ])));
    }
    let rest = groups.remainder();
    if let Some(first) = rest.first() {
        let second = rest.get(1).copied();
        let [a, b, c, _] = digits(u32::from_be_bytes([0, *first, second.unwrap_or(0), 0]));
        text.extend_from_slice(&[a, b, if second.is_some() { c } else { b'=' }, b'=']);
    }
}

/// Checks that `bytes` is UTF-8 of at most `limit` bytes, whose only control characters (below U+0020) are `allowed`.
pub(crate) fn parse_text<'a>(
    bytes: &'a [u8],
    limit: usize,
    allowed: &[u8],
    field: &'static str,
) -> Result<&'a str, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong {
            field,
            limit,
            found: bytes.len(),
        });
    }
    let control = |b: &u8| *b < 0x20 && !allowed.contains(b);
    if let Some(at) = bytes.iter().position(control) {
        return Err(DecodeError::ControlCharacter { field, at });
    }
    std::str::from_utf8(bytes).map_err(|_| DecodeError::Utf8 { field })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_decimals_that_are_not_canonical() {
        for text in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            "1 ",
            " 1",
            "1e3",
            "0x1",
            "١",
            "18446744073709551616",
        ] {
            assert_eq!(
                parse_decimal(text, "n"),
                Err(DecodeError::Decimal { field: "n" }),
                "{text}"
            );
        }
        assert_eq!(parse_decimal("0", "n"), Ok(0));
        assert_eq!(parse_decimal("18446744073709551615", "n"), Ok(u64::MAX));
    }

    #[test]
    fn formats_base64_as_others_do() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for start in 0..bytes.len() {
            for bytes in [&bytes[start..], &bytes[..start]] {
                assert_eq!(format_base64(bytes), Base64::encode_string(bytes));
                assert_eq!(format_base64(bytes).len(), base64_len(bytes.len()));
            }
        }
    }

    #[test]
    fn rejects_base64_that_is_not_canonical() {
        for text in [
            "QQ", "QQ=", "QR==", "QQ==\n", "Q Q=", "QQ===", "====", "Q-__",
        ] {
            assert_eq!(
                parse_base64(text, "b"),
                Err(DecodeError::Base64 { field: "b" }),
                "{text}"
            );
        }
        assert_eq!(parse_base64("QQ==", "b"), Ok(b"A".to_vec()));
    }
}
