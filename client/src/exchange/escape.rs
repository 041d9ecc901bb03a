//! Foreign text that must be kept as it was.

use trucelog_proto::canonical::is_allowed;

/// Writes code points that the log's text may not hold as `\u{…}`, and a backslash as `\\`.
///
/// Source: `proto/spec/canonical.md`, "Text".
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            _ if is_allowed(character) => escaped.push(character),
            _ => escaped.extend(character.escape_unicode()),
        }
    }
    escaped
}

/// Reads what [`escape`] wrote; nothing when `text` is anything else.
#[must_use]
pub fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = if let Some(after) = after.strip_prefix('\\') {
            plain.push('\\');
            after
        } else {
            let (digits, after) = after.strip_prefix("u{")?.split_once('}')?;
            plain.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            after
        };
    }
    plain.push_str(rest);
    (escape(&plain) == text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roundtrip_of_code_points_that_text_may_not_hold() {
        for text in ["", "a\\u{200b}", "\\", "\u{feff}x\u{200b}\\\n", "é\u{7f}"] {
            let escaped = escape(text);
            assert!(escaped.chars().all(is_allowed));
            assert_eq!(unescape(&escaped).as_deref(), Some(text));
        }
    }

    #[test]
    fn rejects_what_escape_does_not_write() {
        for wrong in [
            "\\",
            "\\x",
            "\\u{200b",
            "\\u{41}",
            "\\u{200B}",
            "\\u{}",
            "\u{200b}",
        ] {
            assert_eq!(unescape(wrong), None, "{wrong}");
        }
    }
}
