//! Codecs: how the value of a record is changed on its way to the store and back, to be smaller or not to be read.
//!
//! What a codec made is stored behind a short prefix that no JSON begins with and that names the codec:
//!
//! | bytes | what |
//! |---|---|
//! | 5 | `1b 53 4c 4b 01`: an escape, `SLK`, and the number of this form |
//! | 1 | the length of the name, 1 to 64 |
//! | that many | the name: printable ASCII |
//! | the rest | what the codec made |
//!
//! A value without the prefix is plain, so that records from before there was a codec are read like any other. Only
//! records have codecs; server records are always plain.

#[cfg(feature = "zstd")]
pub mod zstd;

use crate::error::{Error, ErrorKind};
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The longest name of a codec in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The largest value that decoding may give: more than any record can have, and little enough that a value that was made
/// to fill the memory does not.
pub const MAX_DECODED_BYTES: usize = 128 * 1024 * 1024;

const ENCODED: &[u8] = b"\x1bSLK\x01";

/// Never stored: how the words of a codec that could not decode a value come to whoever reads the record.
const DAMAGED: &[u8] = b"\x1bSLK\x02";

/// Changes values. Called inside update, with no lock held.
pub trait Codec: Send + Sync {
    /// Its name, which is stored with each value: 1 to [`MAX_NAME_BYTES`] printable ASCII characters. Another name for
    /// each way to encode: a value is decoded by the codec that has the name that it was stored with.
    fn name(&self) -> &str;

    /// What is to be stored in place of `value`.
    ///
    /// # Errors
    /// Why it cannot be encoded, in words. The save fails then, and is tried again.
    fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String>;

    /// What `value` was made of, at most `max` bytes.
    ///
    /// # Errors
    /// Why it cannot be decoded, in words. The record is left as it is then.
    fn decode(&self, value: &[u8], max: usize) -> Result<Vec<u8>, String>;
}

impl fmt::Debug for dyn Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "codec `{}`", self.name())
    }
}

/// Refuses a name that cannot be stored.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(());
    }
    let text = format!("the name of a codec has 1 to {MAX_NAME_BYTES} printable ASCII characters");
    Err(Error::new(ErrorKind::InvalidArgument, text))
}

/// What a stored value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// As it was written.
    Plain,
    /// Made by a codec.
    Encoded {
        /// The codec's name.
        codec: &'a str,
        /// What it made.
        body: &'a [u8],
    },
    /// Of a codec, but it cannot be decoded, for this reason.
    Damaged(&'a str),
}

/// Tells what a value is, by its prefix.
#[must_use]
pub fn form(value: &[u8]) -> Form<'_> {
    if let Some(words) = value.strip_prefix(DAMAGED) {
        return Form::Damaged(std::str::from_utf8(words).unwrap_or("it cannot be decoded"));
    }
    let Some(rest) = value.strip_prefix(ENCODED) else {
        return Form::Plain;
    };
    let parts = rest.split_first().and_then(|(length, rest)| {
        let (name, body) = rest.split_at_checked(usize::from(*length))?;
        let name = std::str::from_utf8(name).ok()?;
        check_name(name).ok()?;
        Some((name, body))
    });
    match parts {
        Some((codec, body)) => Form::Encoded { codec, body },
        None => Form::Damaged("the name of its codec is cut off or damaged"),
    }
}

/// The value as it is to be stored.
///
/// # Errors
/// The codec's words; a panic is one too.
pub fn encode(codec: &dyn Codec, value: &[u8]) -> Result<Vec<u8>, String> {
    let name = codec.name();
    let body = catch_unwind(AssertUnwindSafe(|| codec.encode(value)))
        .unwrap_or_else(|_| Err("it panicked".to_owned()))
        .map_err(|words| format!("the codec `{name}` cannot encode the record: {words}"))?;
    let mut stored = Vec::with_capacity(ENCODED.len() + 1 + name.len() + body.len());
    stored.extend_from_slice(ENCODED);
    stored.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    stored.extend_from_slice(name.as_bytes());
    stored.extend_from_slice(&body);
    Ok(stored)
}

/// What a stored value was made of, by `own` or a codec that is built in. `None` if it is plain, or of a codec that is
/// not known: then it stays as it is. What cannot be decoded becomes a value that [`form`] calls damaged.
#[must_use]
pub fn decode(value: &[u8], own: Option<&dyn Codec>) -> Option<Vec<u8>> {
    let Form::Encoded { codec: name, body } = form(value) else {
        return None;
    };
    let decode = |codec: &dyn Codec| {
        let decoded = catch_unwind(AssertUnwindSafe(|| codec.decode(body, MAX_DECODED_BYTES)))
            .unwrap_or_else(|_| Err("it panicked".to_owned()));
        let decoded = decoded.and_then(|decoded| match decoded.len() {
            0..=MAX_DECODED_BYTES => Ok(decoded),
            more => Err(format!("it gave {more} bytes, at most {MAX_DECODED_BYTES} are allowed")),
        });
        decoded.unwrap_or_else(|words| {
            let words = format!("the codec `{name}` cannot decode the record: {words}");
            [DAMAGED, words.as_bytes()].concat()
        })
    };
    match own {
        Some(own) if own.name() == name => Some(decode(own)),
        _ => built_in(name).map(|codec| decode(&*codec)),
    }
}

#[cfg(feature = "zstd")]
fn built_in(name: &str) -> Option<Box<dyn Codec>> {
    (name == zstd::NAME).then(|| Box::new(zstd::Zstd::default()) as Box<dyn Codec>)
}

#[cfg(not(feature = "zstd"))]
fn built_in(_name: &str) -> Option<Box<dyn Codec>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns each bit around.
    struct Inverse(&'static str);

    impl Codec for Inverse {
        fn name(&self) -> &str {
            self.0
        }
        fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
            assert!(value != b"panic", "as the test wants it");
            Ok(value.iter().map(|byte| !byte).collect())
        }
        fn decode(&self, value: &[u8], _max: usize) -> Result<Vec<u8>, String> {
            if value.is_empty() {
                return Err("nothing there".into());
            }
            self.encode(value)
        }
    }

    #[test]
    fn what_was_encoded_comes_back() {
        let codec = Inverse("inverse");
        let stored = encode(&codec, b"{\"gold\":1}").unwrap();
        assert!(stored.starts_with(b"\x1bSLK\x01\x07inverse"));
        assert!(serde_json::from_slice::<serde_json::Value>(&stored).is_err());
        assert_eq!(decode(&stored, Some(&codec)).unwrap(), b"{\"gold\":1}");
        assert_eq!(decode(&stored, Some(&Inverse("other"))), None, "left as it is");
        assert_eq!(decode(&stored, None), None);
        let form = form(&stored);
        assert!(matches!(form, Form::Encoded { codec: "inverse", .. }), "{form:?}");
    }

    #[test]
    fn plain_values_stay_plain() {
        for value in [b"{}".as_slice(), b"", b" {}", b"\x1bSLK", b"null"] {
            assert_eq!(form(value), Form::Plain);
            assert_eq!(decode(value, Some(&Inverse("inverse"))), None);
        }
    }

    #[test]
    fn what_is_cut_or_fails_is_damaged() {
        for value in [
            b"\x1bSLK\x01".as_slice(),
            b"\x1bSLK\x01\x00",
            b"\x1bSLK\x01\x09inverse",
            b"\x1bSLK\x01\x01 ",
            b"\x1bSLK\x01\x02\xff\xfe",
        ] {
            assert!(matches!(form(value), Form::Damaged(_)), "{value:?}");
        }
        let codec = Inverse("i");
        let damaged = decode(b"\x1bSLK\x01\x01i", Some(&codec)).unwrap();
        let Form::Damaged(words) = form(&damaged) else {
            panic!("{damaged:?}");
        };
        assert!(words.contains("`i`") && words.contains("nothing there"), "{words}");
    }

    #[test]
    fn a_panic_is_a_failure() {
        assert!(encode(&Inverse("i"), b"panic").unwrap_err().contains("panicked"));
    }

    #[test]
    fn names_that_cannot_be_stored_are_refused() {
        for bad in ["", " ", "a b", "ä", "\n", &"x".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name(&"x".repeat(64)).is_ok());
    }
}
