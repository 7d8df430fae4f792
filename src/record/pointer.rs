//! JSON Pointer (RFC 6901): finding a place in a JSON value, and changing it.
//!
//! The functions that change something come in pairs: one that checks, which may fail and changes nothing, and one that
//! acts, which cannot fail after the check. So a failed edit leaves the value as it was.

use super::json_text::RESERVED_PREFIX;
use super::tree::{Kind, Node, Opened, View};
use crate::error::{Error, ErrorKind};
use std::borrow::Cow;

/// The longest pointer in bytes.
pub const MAX_POINTER_BYTES: usize = 4096;

/// A pointer whose form has been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer<'a> {
    text: &'a str,
    /// There is a `~` in it.
    has_escapes: bool,
}

impl<'a> Pointer<'a> {
    /// Checks the form: empty, or each part begins with `/`, and `~` is followed by `0` or `1`.
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_POINTER_BYTES {
            return Err(too_long(text));
        }
        if text.as_bytes().first().is_some_and(|first| *first != b'/') {
            return Err(malformed(text, "it must be empty or begin with '/'"));
        }
        let has_escapes = text.bytes().skip(1).any(|byte| byte == b'~');
        if has_escapes && has_bad_escape(text.as_bytes()) {
            return Err(malformed(
                text,
                "'~' must be written as '~0', and '/' inside a name as '~1'",
            ));
        }
        Ok(Self { text, has_escapes })
    }

    /// The names and indices on the way, in order.
    fn tokens(self) -> Tokens<'a> {
        Tokens {
            rest: self.text.get(1..),
        }
    }

    /// The name that a token of this pointer stands for.
    fn name(self, token: &str) -> Cow<'_, str> {
        if self.has_escapes {
            Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(token)
        }
    }

    /// How many levels below the whole document the place lies.
    pub fn depth(self) -> usize {
        self.tokens().count()
    }

    /// Not less than the depth.
    pub fn depth_at_most(self) -> usize {
        self.text.len()
    }

    pub fn is_whole(self) -> bool {
        self.text.is_empty()
    }

    /// The pointer to what holds the place, and the last token; `None` for the whole document.
    fn split_last(self) -> Option<(Self, &'a str)> {
        let slash = self.text.bytes().rposition(|byte| byte == b'/')?;
        let parent = self.text.get(..slash)?;
        Some((Self { text: parent, ..self }, self.text.get(slash + 1..)?))
    }

    /// An error about this pointer.
    pub fn error(self, kind: ErrorKind, problem: &str) -> Error {
        Error::new(kind, format!("'{}': {problem}", self.text))
    }
}

/// By bytes: tokens are so short that the standard library's search costs more than it saves.
struct Tokens<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let Some(slash) = rest.bytes().position(|byte| byte == b'/') else {
            self.rest = None;
            return Some(rest);
        };
        self.rest = rest.get(slash + 1..);
        rest.get(..slash)
    }
}

/// What is at the place, if anything. Stepping into something that is neither object nor array is an error.
pub(super) fn find<'v>(root: View<'v>, pointer: Pointer<'_>) -> Result<Option<View<'v>>, Error> {
    let mut here = root;
    for token in pointer.tokens() {
        match step(here, pointer, token)? {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

fn step<'v>(here: View<'v>, pointer: Pointer<'_>, token: &str) -> Result<Option<View<'v>>, Error> {
    match here.kind() {
        Kind::Object => Ok(here.member(&pointer.name(token))),
        Kind::Array => match index_of(pointer, token)? {
            Index::At(index) => Ok(here.element(index)),
            Index::End => Ok(None),
        },
        other => Err(cannot_enter(pointer, token, other)),
    }
}

/// Checks that [`put`] will work, and gives what it would replace.
pub(super) fn check_put<'v>(root: View<'v>, pointer: Pointer<'_>) -> Result<Option<View<'v>>, Error> {
    let Some((parent, last)) = pointer.split_last() else {
        return Ok(Some(root));
    };
    let Some(holder) = find(root, parent)? else {
        let problem = format!("there is no '{}' to hold it; set that first", parent.text);
        return Err(pointer.error(ErrorKind::InvalidPointer, &problem));
    };
    match holder.kind() {
        Kind::Object => {
            let name = pointer.name(last);
            if name.starts_with(RESERVED_PREFIX) {
                let problem = format!("names that begin with '{RESERVED_PREFIX}' cannot be used");
                return Err(pointer.error(ErrorKind::InvalidPointer, &problem));
            }
            Ok(holder.member(&name))
        }
        Kind::Array => match index_of(pointer, last)? {
            Index::At(index) => match holder.element(index) {
                Some(old) => Ok(Some(old)),
                None => Err(behind_the_end(pointer, holder.len(), index)),
            },
            Index::End => Ok(None),
        },
        other => Err(cannot_enter(pointer, last, other)),
    }
}

fn behind_the_end(pointer: Pointer<'_>, length: usize, index: usize) -> Error {
    let problem = format!("the array has {length} elements, so there is no {index}; '-' appends");
    pointer.error(ErrorKind::OutOfRange, &problem)
}

/// Puts the value at the place, which is not the whole document, replacing what is there. [`check_put`] must have agreed;
/// otherwise nothing happens. Gives the bytes of memory that are spent besides the value.
pub(super) fn put(root: &mut Opened, pointer: Pointer<'_>, value: Node) -> usize {
    let Some((parent, last)) = pointer.split_last() else {
        return 0;
    };
    let Some((holder, spent)) = find_mut(root, parent) else {
        return 0;
    };
    let more = if holder.is_object() {
        let name = pointer.name(last);
        match holder.position(&name) {
            Some(at) => holder.replace(at, value),
            None => holder.insert(&name, value),
        }
    } else {
        match index_of(pointer, last) {
            Ok(Index::At(index)) => holder.replace(index, value),
            Ok(Index::End) => holder.push(value),
            Err(_) => 0,
        }
    };
    spent + more
}

/// The whole number at the place, if it was changed before and nobody else shares it: then it can be changed where it is.
pub(super) fn integer_mut<'v>(root: &'v mut Opened, pointer: Pointer<'_>) -> Option<&'v mut i64> {
    let mut here = root;
    let mut tokens = pointer.tokens();
    let mut token = tokens.next()?;
    loop {
        let at = child_of(here, pointer, token)?;
        let node = here.kept_mut(at)?;
        match tokens.next() {
            Some(next) => token = next,
            None => return node.integer_mut(),
        }
        here = node.unshared_mut()?;
    }
}

/// Appends the value to the array at the place. Nothing happens if there is none.
pub(super) fn append(root: &mut Opened, pointer: Pointer<'_>, value: Node) -> usize {
    match find_mut(root, pointer) {
        Some((holder, spent)) if !holder.is_object() => spent + holder.push(value),
        _ => 0,
    }
}

/// Checks that the value at the place can be removed; false if there is none.
pub(super) fn check_remove(root: View<'_>, pointer: Pointer<'_>) -> Result<bool, Error> {
    if pointer.is_whole() {
        let problem = "the whole document cannot be removed; set it to something else";
        return Err(pointer.error(ErrorKind::InvalidPointer, problem));
    }
    Ok(find(root, pointer)?.is_some())
}

/// Removes the value at the place; the order of the others stays. Nothing happens if there is none.
pub(super) fn remove(root: &mut Opened, pointer: Pointer<'_>) -> usize {
    let Some((parent, last)) = pointer.split_last() else {
        return 0;
    };
    let Some((holder, spent)) = find_mut(root, parent) else {
        return 0;
    };
    spent + child_of(holder, pointer, last).map_or(0, |at| holder.remove(at))
}

/// The inside of the object or array at the place, to be changed, and the bytes of memory that it takes to open it.
fn find_mut<'v>(root: &'v mut Opened, pointer: Pointer<'_>) -> Option<(&'v mut Opened, usize)> {
    let (mut here, mut spent) = (root, 0);
    for token in pointer.tokens() {
        let at = child_of(here, pointer, token)?;
        let (next, more) = here.open_child(at)?;
        here = next;
        spent += more;
    }
    Some((here, spent))
}

#[inline]
fn child_of(holder: &Opened, pointer: Pointer<'_>, token: &str) -> Option<usize> {
    if holder.is_object() {
        return holder.position(&pointer.name(token));
    }
    match index_of(pointer, token).ok()? {
        Index::At(index) => (index < holder.len()).then_some(index),
        Index::End => None,
    }
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

fn has_bad_escape(text: &[u8]) -> bool {
    let follows = |at: usize| matches!(text.get(at + 1), Some(b'0' | b'1'));
    text.iter().enumerate().any(|(at, byte)| *byte == b'~' && !follows(at))
}

#[cold]
fn too_long(text: &str) -> Error {
    let problem = format!("has {} bytes; at most {MAX_POINTER_BYTES} are allowed", text.len());
    Error::new(ErrorKind::TooLong, format!("the JSON Pointer {problem}"))
}

#[cold]
fn malformed(text: &str, problem: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::new(
        ErrorKind::InvalidPointer,
        format!("'{shown}' is not a JSON Pointer: {problem}"),
    )
}

fn cannot_enter(pointer: Pointer<'_>, token: &str, found: Kind) -> Error {
    let problem = format!("cannot step to '{token}' inside {}", describe(found));
    pointer.error(ErrorKind::WrongType, &problem)
}

/// A type with its article, for errors.
pub(super) fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Lazy, Source};
    use super::*;
    use std::sync::Arc;

    fn root(text: &str) -> Lazy {
        Lazy::whole(Arc::new(Source(text.into())))
    }

    fn found(root: &Lazy, text: &str) -> Option<String> {
        find(root.view(), pointer(text)).unwrap().map(View::to_json)
    }

    fn pointer(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_resolve() {
        let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let root = root(text);
        let expected = [
            ("", text),
            ("/foo", r#"["bar","baz"]"#),
            ("/foo/0", r#""bar""#),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ];
        for (text, value) in expected {
            assert_eq!(found(&root, text).as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn tilde_zero_one_is_a_tilde_and_a_one() {
        let root = root(r#"{"~1":1,"/":2}"#);
        assert_eq!(found(&root, "/~01").as_deref(), Some("1"));
        assert_eq!(found(&root, "/~1").as_deref(), Some("2"));
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
        let root = root("[[1,2]]");
        for text in ["/00", "/01", "/+1", "/-1", "/1e0", "/", "/a", "/0/ 1"] {
            let error = find(root.view(), pointer(text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPointer, "{text}");
        }
        for text in ["/1", "/-", "/0/2", "/99999999999999999999999999"] {
            assert_eq!(found(&root, text), None, "{text}");
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
        let root = root(r#"{"gold":1}"#);
        let missing = check_put(root.view(), pointer("/bag/slot")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::InvalidPointer);
        assert!(missing.text().contains("'/bag'"), "{missing}");
        let scalar = check_put(root.view(), pointer("/gold/slot")).unwrap_err();
        assert_eq!(scalar.kind(), ErrorKind::WrongType);
        assert!(scalar.text().contains("a number"), "{scalar}");
    }

    #[test]
    fn acting_without_a_check_does_nothing_bad() {
        let text = r#"{"list":[1],"gold":1}"#;
        let mut opened = Opened::clone(root(text).open());
        let one = || Node::Integer(1);
        for at in ["", "/bag/slot", "/gold/slot", "/list/7", "/list/x"] {
            put(&mut opened, pointer(at), one());
        }
        append(&mut opened, pointer("/gold"), one());
        append(&mut opened, pointer(""), one());
        for at in ["", "/list/7", "/bag/slot"] {
            remove(&mut opened, pointer(at));
        }
        assert_eq!(View::Opened(&opened).to_json(), text);
    }
}
