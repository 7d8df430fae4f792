//! JSON Pointer (RFC 6901): finding a place in a JSON value, and changing it.
//!
//! The functions that change something come in pairs: one that checks, which may fail and changes nothing, and one that
//! acts, which cannot fail after the check. So a failed edit leaves the value as it was.

use super::json_text::RESERVED_PREFIX;
use crate::error::{Error, ErrorKind};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The longest pointer in bytes.
pub const MAX_POINTER_BYTES: usize = 4096;

/// A pointer whose form has been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer<'a> {
    text: &'a str,
}

impl<'a> Pointer<'a> {
    /// Checks the form: empty, or each part begins with `/`, and `~` is followed by `0` or `1`.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_POINTER_BYTES {
            let problem = format!("has {} bytes; at most {MAX_POINTER_BYTES} are allowed", text.len());
            return Err(Error::new(ErrorKind::TooLong, format!("the JSON Pointer {problem}")));
        }
        if !text.is_empty() && !text.starts_with('/') {
            return Err(malformed(text, "it must be empty or begin with '/'"));
        }
        let mut after_tilde = text.split('~').skip(1);
        if !after_tilde.all(|rest| rest.starts_with(['0', '1'])) {
            return Err(malformed(
                text,
                "'~' must be written as '~0', and '/' inside a name as '~1'",
            ));
        }
        Ok(Self { text })
    }

    /// The names and indices on the way, in order.
    fn tokens(self) -> impl Iterator<Item = &'a str> {
        // The piece before the first '/' is always empty and no token.
        self.text.split('/').skip(1)
    }

    /// How many levels below the whole document the place lies.
    pub fn depth(self) -> usize {
        self.tokens().count()
    }

    pub fn is_whole(self) -> bool {
        self.text.is_empty()
    }

    /// The pointer to what holds the place, and the last token; `None` for the whole document.
    fn split_last(self) -> Option<(Self, &'a str)> {
        let (parent, last) = self.text.rsplit_once('/')?;
        Some((Self { text: parent }, last))
    }

    /// An error about this pointer.
    pub fn error(self, kind: ErrorKind, problem: &str) -> Error {
        Error::new(kind, format!("'{}': {problem}", self.text))
    }
}

/// What is at the place, if anything. Stepping into something that is neither object nor array is an error.
pub(super) fn find<'v>(root: &'v Value, pointer: Pointer<'_>) -> Result<Option<&'v Value>, Error> {
    let mut here = root;
    for token in pointer.tokens() {
        let next = match here {
            Value::Object(members) => members.get(unescape(token).as_ref()),
            Value::Array(elements) => match index_of(pointer, token)? {
                Index::At(index) => elements.get(index),
                Index::End => None,
            },
            other => return Err(cannot_enter(pointer, token, other)),
        };
        match next {
            Some(value) => here = value,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// Checks that [`put`] will work, and gives what it would replace.
pub(super) fn check_put<'v>(root: &'v Value, pointer: Pointer<'_>) -> Result<Option<&'v Value>, Error> {
    let Some((parent, last)) = pointer.split_last() else {
        return Ok(Some(root));
    };
    match find(root, parent)? {
        Some(Value::Object(members)) => {
            let name = unescape(last);
            if name.starts_with(RESERVED_PREFIX) {
                let problem = format!("names that begin with '{RESERVED_PREFIX}' cannot be used");
                return Err(pointer.error(ErrorKind::InvalidPointer, &problem));
            }
            Ok(members.get(name.as_ref()))
        }
        Some(Value::Array(elements)) => match index_of(pointer, last)? {
            Index::At(index) if index < elements.len() => Ok(elements.get(index)),
            Index::At(index) => {
                let problem = format!(
                    "the array has {} elements, so there is no {index}; '-' appends",
                    elements.len()
                );
                Err(pointer.error(ErrorKind::OutOfRange, &problem))
            }
            Index::End => Ok(None),
        },
        Some(other) => Err(cannot_enter(pointer, last, other)),
        None => {
            let problem = format!("there is no '{}' to hold it; set that first", parent.text);
            Err(pointer.error(ErrorKind::InvalidPointer, &problem))
        }
    }
}

/// Puts the value at the place, replacing what is there. [`check_put`] must have agreed; otherwise nothing happens.
pub(super) fn put(root: &mut Value, pointer: Pointer<'_>, value: Value) {
    let Some((parent, last)) = pointer.split_last() else {
        *root = value;
        return;
    };
    match find_mut(root, parent) {
        Some(Value::Object(members)) => put_member(members, &unescape(last), value),
        Some(Value::Array(elements)) => match index_of(pointer, last) {
            Ok(Index::At(index)) if index < elements.len() => elements[index] = value,
            Ok(Index::End) => elements.push(value),
            Ok(Index::At(_)) | Err(_) => {}
        },
        _ => {}
    }
}

fn put_member(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        Some(place) => *place = value,
        None => {
            members.insert(name.to_owned(), value);
        }
    }
}

/// Checks that the value at the place can be removed; false if there is none.
pub(super) fn check_remove(root: &Value, pointer: Pointer<'_>) -> Result<bool, Error> {
    if pointer.is_whole() {
        let problem = "the whole document cannot be removed; set it to something else";
        return Err(pointer.error(ErrorKind::InvalidPointer, problem));
    }
    Ok(find(root, pointer)?.is_some())
}

/// Removes the value at the place; the order of the others stays. Nothing happens if there is none.
pub(super) fn remove(root: &mut Value, pointer: Pointer<'_>) {
    let Some((parent, last)) = pointer.split_last() else {
        return;
    };
    match find_mut(root, parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(unescape(last).as_ref());
        }
        Some(Value::Array(elements)) => {
            if let Ok(Index::At(index)) = index_of(pointer, last) {
                if index < elements.len() {
                    elements.remove(index);
                }
            }
        }
        _ => {}
    }
}

/// What is at the place, to be changed.
pub(super) fn find_mut<'v>(root: &'v mut Value, pointer: Pointer<'_>) -> Option<&'v mut Value> {
    let mut here = root;
    for token in pointer.tokens() {
        here = match here {
            Value::Object(members) => members.get_mut(unescape(token).as_ref())?,
            Value::Array(elements) => match index_of(pointer, token).ok()? {
                Index::At(index) => elements.get_mut(index)?,
                Index::End => return None,
            },
            _ => return None,
        };
    }
    Some(here)
}

/// Where a token leads in an array.
enum Index {
    At(usize),
    /// `-`: behind the last element.
    End,
}

fn index_of(pointer: Pointer<'_>, token: &str) -> Result<Index, Error> {
    if token == "-" {
        return Ok(Index::End);
    }
    let digits_only = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    if !digits_only || leading_zero {
        let problem = format!("'{token}' is no index of an array (a number without leading zeros, or '-')");
        return Err(pointer.error(ErrorKind::InvalidPointer, &problem));
    }
    // What does not fit is behind the end of any array.
    Ok(Index::At(token.parse().unwrap_or(usize::MAX)))
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

fn malformed(text: &str, problem: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::new(
        ErrorKind::InvalidPointer,
        format!("'{shown}' is not a JSON Pointer: {problem}"),
    )
}

fn cannot_enter(pointer: Pointer<'_>, token: &str, found: &Value) -> Error {
    let problem = format!("cannot step to '{token}' inside {}", describe(found));
    pointer.error(ErrorKind::WrongType, &problem)
}

/// A value's type with its article, for errors.
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointer(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_resolve() {
        let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let root: Value = serde_json::from_str(text).unwrap();
        let expected = [
            ("", root.clone()),
            ("/foo", json!(["bar", "baz"])),
            ("/foo/0", json!("bar")),
            ("/", json!(0)),
            ("/a~1b", json!(1)),
            ("/c%d", json!(2)),
            ("/e^f", json!(3)),
            ("/g|h", json!(4)),
            ("/i\\j", json!(5)),
            ("/k\"l", json!(6)),
            ("/ ", json!(7)),
            ("/m~0n", json!(8)),
        ];
        for (text, value) in expected {
            assert_eq!(find(&root, pointer(text)).unwrap(), Some(&value), "{text}");
        }
    }

    #[test]
    fn tilde_zero_one_is_a_tilde_and_a_one() {
        let root = json!({"~1": 1, "/": 2});
        assert_eq!(find(&root, pointer("/~01")).unwrap(), Some(&json!(1)));
        assert_eq!(find(&root, pointer("/~1")).unwrap(), Some(&json!(2)));
    }

    #[test]
    fn bad_pointers_are_refused() {
        for text in ["gold", "#/gold", "/a~", "/a~2", "/~~0", " "] {
            let error = Pointer::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPointer, "{text}");
            assert!(error.text().contains(text), "{error}");
        }
        let long = "/".repeat(MAX_POINTER_BYTES + 1);
        assert_eq!(Pointer::parse(&long).unwrap_err().kind(), ErrorKind::TooLong);
    }

    #[test]
    fn bad_indices_are_refused() {
        let root = json!([[1, 2]]);
        for text in ["/00", "/01", "/+1", "/-1", "/1e0", "/", "/a", "/0/ 1"] {
            let error = find(&root, pointer(text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPointer, "{text}");
        }
        for text in ["/1", "/-", "/0/2", "/99999999999999999999999999"] {
            assert_eq!(find(&root, pointer(text)).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn depth_counts_the_steps() {
        assert_eq!(pointer("").depth(), 0);
        assert_eq!(pointer("/").depth(), 1);
        assert_eq!(pointer("/a/b//c").depth(), 4);
    }

    #[test]
    fn a_missing_parent_and_a_scalar_parent_are_told_apart() {
        let root = json!({"gold": 1});
        let missing = check_put(&root, pointer("/bag/slot")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::InvalidPointer);
        assert!(missing.text().contains("'/bag'"), "{missing}");
        let scalar = check_put(&root, pointer("/gold/slot")).unwrap_err();
        assert_eq!(scalar.kind(), ErrorKind::WrongType);
        assert!(scalar.text().contains("a number"), "{scalar}");
    }

    #[test]
    fn acting_without_a_check_does_nothing_bad() {
        let mut root = json!({"list": [1], "gold": 1});
        let before = root.clone();
        put(&mut root, pointer("/bag/slot"), json!(1));
        put(&mut root, pointer("/gold/slot"), json!(1));
        put(&mut root, pointer("/list/7"), json!(1));
        put(&mut root, pointer("/list/x"), json!(1));
        remove(&mut root, pointer(""));
        remove(&mut root, pointer("/list/7"));
        remove(&mut root, pointer("/bag/slot"));
        assert_eq!(root, before);
    }
}
