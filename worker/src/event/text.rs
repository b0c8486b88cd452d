//! Text that PostgreSQL cannot hold, and what is stored in its place.
//!
//! A user can write a NUL into metadata of their own. Were the event refused for it, they could hold still whatever is
//! mirrored of them; so each such character becomes U+FFFD, the replacement character, on every database alike.

use std::borrow::Cow;
use std::fmt::Write;

const REPLACEMENT: &str = "\\ufffd";
const ESCAPE_LEN: usize = REPLACEMENT.len();

/// A text without NUL.
pub(super) fn storable(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text }
}

/// A JSON text without escaped NULs and lone surrogates.
pub(super) fn storable_json(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let mut storable = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = json[at..].find('\\').map(|offset| at + offset) {
        match escaped_unit(json, backslash) {
            Some(0xd800..0xdc00) if is_low_surrogate(json, backslash + ESCAPE_LEN) => {
                at = backslash + 2 * ESCAPE_LEN;
            }
            Some(0 | 0xd800..0xe000) => {
                storable.push_str(&json[copied..backslash]);
                storable.push_str(REPLACEMENT);
                at = backslash + ESCAPE_LEN;
                copied = at;
            }
            Some(_) => at = backslash + ESCAPE_LEN,
            // An escaped backslash is not the beginning of what follows it.
            None if json[backslash + 1..].starts_with('\\') => at = backslash + 2,
            None => at = backslash + 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    storable.push_str(&json[copied..]);
    Cow::Owned(storable)
}

/// A text that any database can hold, whatever its encoding. Escaped as JSON does, so that JSON keeps its meaning.
pub(crate) fn ascii(text: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii() && c != '\0';
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if fits(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}

fn is_low_surrogate(json: &str, at: usize) -> bool {
    matches!(escaped_unit(json, at), Some(0xdc00..0xe000))
}

/// The UTF-16 unit that is escaped at this place.
fn escaped_unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE_LEN)?.strip_prefix("\\u")?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::{ascii, storable_json};

    #[test]
    fn what_no_database_can_hold_is_replaced_and_nothing_else_is() {
        for (json, expected) in [
            (r#"{"a":"\u0000b\u0000"}"#, r#"{"a":"\ufffdb\ufffd"}"#),
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDFFFx""#, r#""\ufffdx""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud800\u0000""#, r#""\ufffd\ufffd""#),
            (r#""\\\u0000""#, r#""\\\ufffd""#),
        ] {
            assert_eq!(storable_json(json), expected, "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok(), "{expected}");
        }
    }

    #[test]
    fn what_can_be_held_is_not_touched() {
        for json in [
            "",
            "{}",
            r#""\\u0000 \\\\ud800 \" \n""#,
            r#""\ud83d\ude00 \u0001 \ue000 \u00e9 é 😀""#,
            r#""\u00"#,
            r#""\u+000""#,
            r#""\é"#,
            "\\",
            "\\u",
        ] {
            assert!(matches!(storable_json(json), std::borrow::Cow::Borrowed(_)), "{json}");
        }
    }

    #[test]
    fn escaped_json_keeps_its_meaning() {
        let json = r#"{"name":"Zoë 🎺","note":"plain"}"#;
        let escaped = ascii(json);
        assert_eq!(escaped, r#"{"name":"Zo\u00eb \ud83c\udfba","note":"plain"}"#);
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(json).unwrap(), serde_json::from_str(&escaped).unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn a_nul_is_escaped() {
        assert_eq!(ascii("a\0b"), r"a\u0000b");
    }
}
