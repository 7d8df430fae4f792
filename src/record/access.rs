//! Reading and changing parts of a JSON document by JSON Pointer (RFC 6901).
//!
//! Reading: a place where nothing is gives `None`; stepping into something that is neither object nor array, or another
//! type than asked for, is an error.
//!
//! Changing: the last step is made if it is missing (a member of an object, or `-` behind an array), the steps before it
//! must be there. An edit that fails leaves the document as it was. The order of members and the digits of numbers that
//! were not touched stay.

use super::document::Document;
use super::json_text::{self, MAX_DEPTH};
use super::pointer::{self, Pointer};
use super::scan;
use super::tree::{Kind, Node, View};
use crate::error::{Error, ErrorKind};
use std::borrow::Cow;

/// What kind of value is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number that [`Document::get_i64`] can give.
    Integer,
    /// Any other number.
    Number,
    /// A text.
    String,
    /// A list of values.
    Array,
    /// Values by name.
    Object,
}

/// Below it each whole number has a double of its own.
const MAX_EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;

impl Document {
    /// The type of the value; `None` if there is none.
    ///
    /// # Errors
    /// A bad pointer, or a document of bytes.
    pub fn value_type(&self, pointer: &str) -> Result<Option<ValueType>, Error> {
        let value = self.find(Pointer::parse(pointer)?)?;
        Ok(value.map(|value| match value.kind() {
            Kind::Null => ValueType::Null,
            Kind::Bool => ValueType::Bool,
            Kind::Number if integer(value).is_some() => ValueType::Integer,
            Kind::Number => ValueType::Number,
            Kind::String => ValueType::String,
            Kind::Array => ValueType::Array,
            Kind::Object => ValueType::Object,
        }))
    }

    /// A boolean.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`], or a bad pointer.
    pub fn get_bool(&self, pointer: &str) -> Result<Option<bool>, Error> {
        self.read(pointer, "a boolean", View::as_bool)
    }

    /// A whole number. One that is written with a fraction of zero or an exponent counts below 2^53.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] if it is no whole number, [`ErrorKind::OutOfRange`] if it does not fit, or a bad pointer.
    pub fn get_i64(&self, pointer: &str) -> Result<Option<i64>, Error> {
        let pointer = Pointer::parse(pointer)?;
        let value = self.find(pointer)?;
        value.map(|value| integer_of(pointer, value)).transpose()
    }

    /// A number as a double, rounded if it has more digits.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`], [`ErrorKind::OutOfRange`] if it is beyond all doubles, or a bad pointer.
    pub fn get_f64(&self, pointer: &str) -> Result<Option<f64>, Error> {
        let pointer = Pointer::parse(pointer)?;
        let value = self.find(pointer)?;
        value.map(|value| double_of(pointer, value)).transpose()
    }

    /// A text.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`], or a bad pointer.
    pub fn get_str(&self, pointer: &str) -> Result<Option<Cow<'_, str>>, Error> {
        self.read(pointer, "a string", View::as_str)
    }

    /// The value as JSON text. What nobody changed comes as it was written.
    ///
    /// # Errors
    /// A bad pointer, or a document of bytes.
    pub fn get_json(&self, pointer: &str) -> Result<Option<String>, Error> {
        let pointer = Pointer::parse(pointer)?;
        if let (true, Some(text)) = (pointer.is_whole(), self.raw_text()) {
            return Ok(Some(text.to_owned()));
        }
        Ok(self.find(pointer)?.map(View::to_json))
    }

    /// How many elements an array has, members an object, bytes a string.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for anything else, or a bad pointer.
    pub fn length(&self, pointer: &str) -> Result<Option<usize>, Error> {
        self.read(pointer, "an array, an object or a string", |value| match value.kind() {
            Kind::Array | Kind::Object => Some(value.len()),
            _ => value.as_str().map(|text| text.len()),
        })
    }

    /// The name of the object's member number `index`, in the order of the text; `None` behind the last, or if there is
    /// no object.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] if it is no object, or a bad pointer.
    pub fn key_at(&self, pointer: &str, index: usize) -> Result<Option<Cow<'_, str>>, Error> {
        let is_object = |value: View<'_>| value.kind() == Kind::Object;
        let object = self.read(pointer, "an object", |value| is_object(value).then_some(value))?;
        Ok(object.and_then(|object| object.name_at(index)))
    }

    /// Sets null.
    ///
    /// # Errors
    /// A bad pointer, a parent that is missing or holds no members, or a document of bytes. So for all that set.
    pub fn set_null(&mut self, pointer: &str) -> Result<(), Error> {
        self.set(pointer, Node::Scalar("null".into()))
    }

    /// Sets a boolean.
    ///
    /// # Errors
    /// As [`Document::set_null`].
    pub fn set_bool(&mut self, pointer: &str, value: bool) -> Result<(), Error> {
        self.set(pointer, Node::Scalar(if value { "true" } else { "false" }.into()))
    }

    /// Sets a whole number.
    ///
    /// # Errors
    /// As [`Document::set_null`].
    pub fn set_i64(&mut self, pointer: &str, value: i64) -> Result<(), Error> {
        let pointer = Pointer::parse(pointer)?;
        if let Some(number) = self.integer_mut(pointer) {
            *number = value;
            return Ok(());
        }
        self.replace(pointer, 0, |_| Ok(Node::Integer(value)))
    }

    /// Sets a number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for infinities and NaN, which JSON cannot hold; else as [`Document::set_null`].
    pub fn set_f64(&mut self, pointer: &str, value: f64) -> Result<(), Error> {
        let pointer = Pointer::parse(pointer)?;
        let number = number_of(pointer, value, ErrorKind::InvalidArgument)?;
        self.replace(pointer, 0, |_| Ok(number))
    }

    /// Sets a text.
    ///
    /// # Errors
    /// As [`Document::set_null`].
    pub fn set_str(&mut self, pointer: &str, value: &str) -> Result<(), Error> {
        self.set(pointer, text_node(value))
    }

    /// Sets a value given as JSON text. An empty pointer replaces the whole document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidJson`] with the place of the fault, [`ErrorKind::TooLong`] if the document would be nested
    /// deeper than [`MAX_DEPTH`] levels; else as [`Document::set_null`].
    pub fn set_json(&mut self, pointer: &str, json: &str) -> Result<(), Error> {
        let pointer = Pointer::parse(pointer)?;
        let new = Self::from_json(json)?;
        if pointer.is_whole() {
            self.root()?;
            *self = new;
            return Ok(());
        }
        let text = new.raw_text().unwrap_or_default();
        self.replace(pointer, scan::depth(text.as_bytes()), |_| Ok(Node::from_json(text)))
    }

    /// Appends a value, given as JSON text, to an array. A missing array is made.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] if it is no array; else as [`Document::set_json`].
    pub fn append_json(&mut self, pointer: &str, json: &str) -> Result<(), Error> {
        let pointer = Pointer::parse(pointer)?;
        let new = Self::from_json(json)?;
        let text = new.raw_text().unwrap_or_default();
        let depth = 1 + scan::depth(text.as_bytes());
        check_depth(pointer, depth)?;
        match pointer::check_put(self.root()?, pointer)? {
            None => return self.replace(pointer, depth, |_| Ok(Node::from_json(&format!("[{text}]")))),
            Some(old) if old.kind() == Kind::Array => {}
            Some(other) => return Err(wrong_type(pointer, other, "an array")),
        }
        self.change(|root| pointer::append(root, pointer, Node::from_json(text)))
    }

    /// Adds to a whole number and gives the sum. A missing number counts as 0.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfRange`] if the sum does not fit; [`ErrorKind::WrongType`] if it is no whole number; else as
    /// [`Document::set_null`].
    pub fn add_i64(&mut self, pointer: &str, delta: i64) -> Result<i64, Error> {
        let pointer = Pointer::parse(pointer)?;
        if let Some(number) = self.integer_mut(pointer) {
            if let Some(sum) = number.checked_add(delta) {
                *number = sum;
                return Ok(sum);
            }
        }
        let mut sum = 0;
        self.replace(pointer, 0, |old| {
            let old = old.map_or(Ok(0), |old| integer_of(pointer, old))?;
            sum = old.checked_add(delta).ok_or_else(|| {
                let problem = format!("{old} plus {delta} does not fit into 64 bits");
                pointer.error(ErrorKind::OutOfRange, &problem)
            })?;
            Ok(Node::Integer(sum))
        })?;
        Ok(sum)
    }

    /// Adds to a number, as doubles, and gives the sum. A missing number counts as 0.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a `delta` that is infinite or NaN; [`ErrorKind::OutOfRange`] if the sum is
    /// beyond all doubles; [`ErrorKind::WrongType`] if it is no number; else as [`Document::set_null`].
    pub fn add_f64(&mut self, pointer: &str, delta: f64) -> Result<f64, Error> {
        let pointer = Pointer::parse(pointer)?;
        number_of(pointer, delta, ErrorKind::InvalidArgument)?;
        let mut sum = 0.0;
        self.replace(pointer, 0, |old| {
            sum = old.map_or(Ok(0.0), |old| double_of(pointer, old))? + delta;
            number_of(pointer, sum, ErrorKind::OutOfRange)
        })?;
        Ok(sum)
    }

    /// Removes a member or an element; those behind an element move up. Tells whether it was there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPointer`] for the whole document or a bad pointer, or a document of bytes.
    pub fn remove(&mut self, pointer: &str) -> Result<bool, Error> {
        let pointer = Pointer::parse(pointer)?;
        let there = pointer::check_remove(self.root()?, pointer)?;
        if there {
            self.change(|root| pointer::remove(root, pointer))?;
        }
        Ok(there)
    }

    fn find(&self, pointer: Pointer<'_>) -> Result<Option<View<'_>>, Error> {
        pointer::find(self.root()?, pointer)
    }

    /// Reads a value that `view` can show; what it cannot show is of the wrong type.
    fn read<'d, T>(
        &'d self,
        pointer: &str,
        wanted: &str,
        view: impl FnOnce(View<'d>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let pointer = Pointer::parse(pointer)?;
        let Some(value) = self.find(pointer)? else {
            return Ok(None);
        };
        match view(value) {
            Some(shown) => Ok(Some(shown)),
            None => Err(wrong_type(pointer, value, wanted)),
        }
    }

    fn set(&mut self, pointer: &str, value: Node) -> Result<(), Error> {
        self.replace(Pointer::parse(pointer)?, 0, |_| Ok(value))
    }

    /// Replaces what is at the place by what `make` makes of it, of so many levels.
    fn replace(
        &mut self,
        pointer: Pointer<'_>,
        depth: usize,
        make: impl FnOnce(Option<View<'_>>) -> Result<Node, Error>,
    ) -> Result<(), Error> {
        let old = pointer::check_put(self.root()?, pointer)?;
        let new = make(old)?;
        check_depth(pointer, depth)?;
        if pointer.is_whole() {
            self.become_value(&new);
            return Ok(());
        }
        self.change(|root| pointer::put(root, pointer, new))
    }
}

/// Refuses a value of so many levels at the place if the document would be nested too deeply.
fn check_depth(pointer: Pointer<'_>, depth: usize) -> Result<(), Error> {
    if pointer.depth_at_most() + depth > MAX_DEPTH && pointer.depth() + depth > MAX_DEPTH {
        return Err(json_text::too_deep());
    }
    Ok(())
}

/// The number if it is whole and fits.
fn integer(value: View<'_>) -> Option<i64> {
    let text = match value {
        View::Integer(number) => return Some(number),
        View::Text(text) => text,
        View::Opened(_) => return None,
    };
    text.parse().ok().or_else(|| {
        let double = double(text)?;
        let exact = double.fract() == 0.0 && double.abs() < MAX_EXACT_DOUBLE;
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        exact.then_some(double as i64)
    })
}

/// The number that a text stands for, if it is not beyond all doubles.
fn double(text: &str) -> Option<f64> {
    text.parse().ok().filter(|double: &f64| double.is_finite())
}

fn integer_of(pointer: Pointer<'_>, value: View<'_>) -> Result<i64, Error> {
    if value.kind() != Kind::Number {
        return Err(wrong_type(pointer, value, "a whole number"));
    }
    integer(value).ok_or_else(|| {
        let text = value.to_json();
        let shown: String = text.chars().take(40).collect();
        if double(&text).is_some_and(|double| double.fract() != 0.0) {
            let problem = format!("a whole number is wanted, found {shown}");
            pointer.error(ErrorKind::WrongType, &problem)
        } else {
            let problem = format!("{shown} does not fit into 64 bits");
            pointer.error(ErrorKind::OutOfRange, &problem)
        }
    })
}

fn double_of(pointer: Pointer<'_>, value: View<'_>) -> Result<f64, Error> {
    let double = match value {
        #[allow(clippy::cast_precision_loss, reason = "it is rounded like any other number")]
        View::Integer(number) => Some(number as f64),
        View::Text(text) if value.kind() == Kind::Number => double(text),
        _ => return Err(wrong_type(pointer, value, "a number")),
    };
    double.ok_or_else(|| pointer.error(ErrorKind::OutOfRange, "the number is beyond all doubles"))
}

fn number_of(pointer: Pointer<'_>, value: f64, kind: ErrorKind) -> Result<Node, Error> {
    if !value.is_finite() {
        return Err(pointer.error(kind, &format!("JSON cannot hold {value}")));
    }
    let text = serde_json::to_string(&value).expect("a finite number can always be written to memory");
    Ok(Node::Scalar(text.into()))
}

fn text_node(value: &str) -> Node {
    let quoted = serde_json::to_string(value).expect("a text can always be written to memory");
    Node::Scalar(quoted.into())
}

fn wrong_type(pointer: Pointer<'_>, found: View<'_>, wanted: &str) -> Error {
    let problem = format!("{wanted} is wanted, found {}", pointer::describe(found.kind()));
    pointer.error(ErrorKind::WrongType, &problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::from_json(text).unwrap()
    }

    fn text_of(document: &Document) -> String {
        document.get_json("").unwrap().unwrap()
    }

    /// The edit fails with this kind, says `words`, and changes not a byte.
    fn refused<T: std::fmt::Debug>(
        text: &str,
        kind: ErrorKind,
        words: &str,
        edit: impl FnOnce(&mut Document) -> Result<T, Error>,
    ) {
        let mut it = document(text);
        let error = edit(&mut it).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.text().contains(words), "{error} does not say {words}");
        assert_eq!(text_of(&it), text);
    }

    #[test]
    fn what_nobody_changed_goes_back_byte_for_byte() {
        let text = " {\"b\" : 1.50,\n \"a\":1E400, \"b\": 2}";
        let it = document(text);
        assert_eq!(
            it.get_i64("/b").unwrap(),
            Some(2),
            "the last of two members with one name counts"
        );
        let mut out = Vec::new();
        assert!(it.write_json(&mut out));
        assert_eq!(String::from_utf8(out).unwrap(), text.trim_start());
    }

    #[test]
    fn what_was_not_touched_keeps_its_digits_and_its_order() {
        let mut it = document(r#"{"z":123456789012345678901234567890.10,"y":1e2,"x":0.1,"gold":1}"#);
        it.add_i64("/gold", 4).unwrap();
        it.remove("/y").unwrap();
        assert_eq!(
            text_of(&it),
            r#"{"z":123456789012345678901234567890.10,"x":0.1,"gold":5}"#
        );
    }

    #[test]
    fn what_was_not_touched_stays_as_it_was_written() {
        let mut it = document(r#"{ "a": {"x" : 1E2, "x": 3}, "gold" : 1, "s":"\u00e4" }"#);
        assert_eq!(it.get_json("/a").unwrap().unwrap(), r#"{"x" : 1E2, "x": 3}"#);
        it.add_i64("/gold", 1).unwrap();
        assert_eq!(text_of(&it), r#"{"a": {"x" : 1E2, "x": 3},"gold":2,"s":"\u00e4"}"#);
        it.set_i64("/a/x", 4).unwrap();
        assert_eq!(text_of(&it), r#"{"a":{"x":4},"gold":2,"s":"\u00e4"}"#);
    }

    #[test]
    fn clones_are_independent() {
        for mut first in [document(r#"{"gold":1}"#), {
            let mut edited = document(r#"{"gold":0}"#);
            edited.set_i64("/gold", 1).unwrap();
            edited
        }] {
            let second = first.clone();
            first.set_i64("/gold", 2).unwrap();
            assert_eq!(second.get_i64("/gold").unwrap(), Some(1));
            assert_eq!(first.get_i64("/gold").unwrap(), Some(2));
        }
    }

    #[test]
    fn types_are_told() {
        let it = document(r#"{"a":null,"b":true,"c":1,"d":1.5,"e":"x","f":[],"g":{},"h":1e30,"i":2.0}"#);
        let expected = [
            ("/a", ValueType::Null),
            ("/b", ValueType::Bool),
            ("/c", ValueType::Integer),
            ("/d", ValueType::Number),
            ("/e", ValueType::String),
            ("/f", ValueType::Array),
            ("/g", ValueType::Object),
            ("/h", ValueType::Number),
            ("/i", ValueType::Integer),
            ("", ValueType::Object),
        ];
        for (pointer, value_type) in expected {
            assert_eq!(it.value_type(pointer).unwrap(), Some(value_type), "{pointer}");
        }
        assert_eq!(it.value_type("/nothing/here").unwrap(), None);
        assert_eq!(it.value_type("/c/x").unwrap_err().kind(), ErrorKind::WrongType);
    }

    #[test]
    fn whole_numbers_are_exact_or_an_error() {
        let it = document(
            r#"[9223372036854775807,-9223372036854775808,9223372036854775808,1.0,1e3,0.5,9007199254740993.0,1e999,"1"]"#,
        );
        assert_eq!(it.get_i64("/0").unwrap(), Some(i64::MAX));
        assert_eq!(it.get_i64("/1").unwrap(), Some(i64::MIN));
        assert_eq!(it.get_i64("/2").unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(it.get_i64("/3").unwrap(), Some(1));
        assert_eq!(it.get_i64("/4").unwrap(), Some(1000));
        assert_eq!(it.get_i64("/5").unwrap_err().kind(), ErrorKind::WrongType);
        assert_eq!(it.get_i64("/6").unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(it.get_i64("/7").unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(it.get_i64("/8").unwrap_err().kind(), ErrorKind::WrongType);
        assert_eq!(it.get_f64("/7").unwrap_err().kind(), ErrorKind::OutOfRange);
        assert_eq!(it.get_f64("/5").unwrap(), Some(0.5));
        assert_eq!(it.get_f64("/9").unwrap(), None);
    }

    #[test]
    fn objects_and_arrays_can_be_walked() {
        let it = document(r#"{"bag":{"sword":1,"a/b":2},"list":[1,2,3],"name":"Zoë"}"#);
        assert_eq!(it.length("/bag").unwrap(), Some(2));
        assert_eq!(it.key_at("/bag", 0).unwrap().as_deref(), Some("sword"));
        assert_eq!(it.key_at("/bag", 1).unwrap().as_deref(), Some("a/b"));
        assert_eq!(it.key_at("/bag", 2).unwrap(), None);
        assert_eq!(it.key_at("/none", 0).unwrap(), None);
        assert_eq!(it.key_at("/list", 0).unwrap_err().kind(), ErrorKind::WrongType);
        assert_eq!(it.length("/list").unwrap(), Some(3));
        assert_eq!(it.length("/name").unwrap(), Some(4));
        assert_eq!(it.length("/list/0").unwrap_err().kind(), ErrorKind::WrongType);
    }

    #[test]
    fn setting_makes_the_last_step_only() {
        let mut it = document("{}");
        it.set_json("/bag", "[]").unwrap();
        it.set_str("/bag/-", "sword").unwrap();
        it.set_bool("/bag/-", true).unwrap();
        it.set_null("/bag/0").unwrap();
        it.set_f64("/speed", 1.5).unwrap();
        it.append_json("/log", r#"{"n":1}"#).unwrap();
        it.append_json("/log", "2").unwrap();
        assert_eq!(text_of(&it), r#"{"bag":[null,true],"speed":1.5,"log":[{"n":1},2]}"#);
        assert!(it.remove("/bag/0").unwrap());
        assert!(!it.remove("/bag/1").unwrap());
        assert_eq!(text_of(&it), r#"{"bag":[true],"speed":1.5,"log":[{"n":1},2]}"#);
        it.set_json("", "[1]").unwrap();
        assert_eq!(text_of(&it), "[1]");
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let mut it = document("{}");
        assert_eq!(it.add_i64("/gold", 5).unwrap(), 5);
        assert_eq!(it.add_i64("/gold", -7).unwrap(), -2);
        assert_eq!(it.add_f64("/speed", 0.5).unwrap(), 0.5);
        assert_eq!(it.add_f64("/gold", 0.5).unwrap(), -1.5);
        refused(r#"{"a": 9223372036854775807}"#, ErrorKind::OutOfRange, "'/a'", |it| {
            it.add_i64("/a", 1)
        });
        refused(r#"{"a": -9223372036854775808}"#, ErrorKind::OutOfRange, "'/a'", |it| {
            it.add_i64("/a", -1)
        });
        refused(r#"{"a": 1e308}"#, ErrorKind::OutOfRange, "'/a'", |it| {
            it.add_f64("/a", 1e308)
        });
        refused(r#"{"a": 1}"#, ErrorKind::InvalidArgument, "NaN", |it| {
            it.add_f64("/a", f64::NAN)
        });
        refused(r#"{"a": 1}"#, ErrorKind::InvalidArgument, "inf", |it| {
            it.set_f64("/a", f64::INFINITY)
        });
        refused(r#"{"a": "1"}"#, ErrorKind::WrongType, "a string", |it| {
            it.add_i64("/a", 1)
        });
        refused(r#"{"a": 1.5}"#, ErrorKind::WrongType, "1.5", |it| it.add_i64("/a", 1));
    }

    #[test]
    fn failed_edits_change_nothing() {
        let text = r#"{ "list": [1, 2], "gold": 1.0 }"#;
        refused(text, ErrorKind::InvalidPointer, "'/bag'", |it| {
            it.set_i64("/bag/gold", 1)
        });
        refused(text, ErrorKind::WrongType, "a number", |it| it.set_i64("/gold/x", 1));
        refused(text, ErrorKind::OutOfRange, "2 elements", |it| it.set_i64("/list/2", 1));
        refused(text, ErrorKind::InvalidPointer, "01", |it| it.set_i64("/list/01", 1));
        refused(text, ErrorKind::WrongType, "a number", |it| {
            it.append_json("/gold", "1")
        });
        refused(text, ErrorKind::InvalidJson, "not valid JSON", |it| {
            it.append_json("/list", "{")
        });
        refused(text, ErrorKind::InvalidJson, "column 3", |it| {
            it.set_json("/gold", "1 2 3")
        });
        refused(text, ErrorKind::InvalidJson, "not valid JSON", |it| {
            it.set_json("/gold", "")
        });
        refused(text, ErrorKind::InvalidPointer, "whole", |it| it.remove(""));
        refused(text, ErrorKind::InvalidPointer, "private", |it| {
            it.set_null("/$serde_json::private::Number")
        });
        refused(text, ErrorKind::WrongType, "JSON", |it| it.set_bytes(b"x"));
    }

    #[test]
    fn what_was_written_can_always_be_read() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let mut it = document(r#"{"a":[]}"#);
        it.set_json("/a", &nested(MAX_DEPTH - 1)).unwrap();
        let text = text_of(&it);
        assert_eq!(document(&text).value_type("/a/0").unwrap(), Some(ValueType::Array));
        refused(&text, ErrorKind::TooLong, "nested", |it| {
            it.set_json("/b", &nested(MAX_DEPTH))
        });
        refused(&text, ErrorKind::TooLong, "nested", |it| {
            it.append_json("/a", &nested(MAX_DEPTH - 1))
        });
        refused(&text, ErrorKind::TooLong, "nested", |it| {
            it.append_json("/c", &nested(MAX_DEPTH - 1))
        });
        let deepest = "/0".repeat(MAX_DEPTH - 2);
        refused(&text, ErrorKind::TooLong, "nested", |it| {
            it.set_json(&format!("/a{deepest}/-"), "[]")
        });
        assert_eq!(
            Document::from_json(&nested(MAX_DEPTH + 1)).unwrap_err().kind(),
            ErrorKind::TooLong
        );
    }

    #[test]
    fn a_text_too_deep_to_look_into_still_goes_back() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        let raw = serde_json::value::RawValue::from_string(deep.clone()).unwrap();
        let mut it = Document::from_raw(raw);
        assert_eq!(it.value_type("/0").unwrap_err().kind(), ErrorKind::TooLong);
        assert_eq!(it.set_null("/0").unwrap_err().kind(), ErrorKind::TooLong);
        assert_eq!(text_of(&it), deep);
    }

    #[test]
    fn bytes_are_bytes() {
        let mut it = Document::from_bytes(&[0, 1, 2]);
        assert_eq!(it.get_i64("").unwrap_err().kind(), ErrorKind::WrongType);
        assert_eq!(it.set_json("", "1").unwrap_err().kind(), ErrorKind::WrongType);
        it.set_bytes(&[3]).unwrap();
        assert_eq!(it.as_bytes(), Some(&[3][..]));
    }
}
