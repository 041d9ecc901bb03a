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
    Base64::encode_string(bytes)
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
