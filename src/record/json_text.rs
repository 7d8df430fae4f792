//! What is asked of JSON text besides being JSON, checked without building the value.

use super::scan;
use crate::error::{Error, ErrorKind};
use serde_json::Value;

/// How deep arrays and objects may be nested in a document.
///
/// The record puts a document a few levels below its own, and the parser stops at 128 levels: what is written within
/// this limit can always be read again.
pub const MAX_DEPTH: usize = 100;

/// The JSON library gives members with such names a meaning of its own, so that they would come back as something else.
pub(super) const RESERVED_PREFIX: &str = "$serde_json::private::";

/// Checks the depth, the names of members and the escapes in strings of a text that is otherwise known to be JSON.
pub(super) fn check(text: &str) -> Result<(), Error> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(too_deep());
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                let (end, escaped) = scan::string_end(bytes, at);
                let quoted = text.get(at..end).unwrap_or_default();
                if escaped {
                    check_escapes(text, quoted)?;
                }
                if could_be_reserved(quoted, escaped) && is_name(bytes, end) {
                    check_name(quoted)?;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn could_be_reserved(quoted: &str, escaped: bool) -> bool {
    escaped || quoted.as_bytes().get(1) == Some(&b'$')
}

/// Whether the string that ended before `end` is the name of a member.
fn is_name(bytes: &[u8], end: usize) -> bool {
    bytes.get(scan::skip_space(bytes, end)) == Some(&b':')
}

/// Half of a surrogate pair stands for no character. The JSON library overlooks it as long as nobody looks inside.
fn check_escapes(text: &str, quoted: &str) -> Result<(), Error> {
    if !quoted.contains("\\u") || serde_json::from_str::<String>(quoted).is_ok() {
        return Ok(());
    }
    // Once more as a whole, for the place of the fault.
    let place = serde_json::from_str::<Value>(text).err().map(|fault| fault.to_string());
    let problem = format!("not valid JSON: {}", place.unwrap_or_default());
    Err(Error::new(ErrorKind::InvalidJson, problem))
}

fn check_name(quoted: &str) -> Result<(), Error> {
    let inside = &quoted[1..];
    let reserved = if inside.contains('\\') {
        serde_json::from_str::<String>(quoted).is_ok_and(|name| name.starts_with(RESERVED_PREFIX))
    } else {
        inside.starts_with(RESERVED_PREFIX)
    };
    if reserved {
        let problem = format!("names that begin with '{RESERVED_PREFIX}' cannot be used");
        return Err(Error::new(ErrorKind::InvalidJson, problem));
    }
    Ok(())
}

pub(super) fn too_deep() -> Error {
    let text = format!("arrays and objects are nested deeper than {MAX_DEPTH} levels");
    Error::new(ErrorKind::TooLong, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(check(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(check(&nested(MAX_DEPTH + 1)).unwrap_err().kind(), ErrorKind::TooLong);
        let brackets = "[".repeat(500);
        assert!(check(&format!(r#"{{"a":"{brackets}\"{brackets}\\"}}"#)).is_ok());
        assert!(check(&format!("[{}]", vec!["[]"; 500].join(","))).is_ok());
    }

    #[test]
    fn names_with_a_meaning_for_the_parser_are_refused() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"a":[{"\u0024serde_json::private::RawValue":"1"}]}"#,
        ] {
            assert_eq!(check(text).unwrap_err().kind(), ErrorKind::InvalidJson, "{text}");
        }
        assert!(check(r#"{"$serde_json::private::Number" :"1"}"#).is_err());
        assert!(check(r#"{"serde_json::private":"\u0024"}"#).is_ok());
        // As a value it is text like any other.
        assert!(check(r#"{"name":"$serde_json::private::Number"}"#).is_ok());
    }
}
