//! What stores that are reached over a network have in common: connections that are kept and made again, batches, keys
//! that are spread over several servers, TLS.

pub(super) mod database;
mod doubt;
pub(super) mod driven;
pub(super) mod messenger;
pub(super) mod part;
mod retry;
pub(super) mod spread;
pub(super) mod tls;
pub(super) mod traffic;
pub(super) mod trouble;
pub(super) mod write;

use super::Abilities;
use crate::error::{Error, ErrorKind};
use std::time::Duration;

/// The largest value in bytes. The servers themselves end later; a save of this size is a mistake before that.
pub const MAX_VALUE_BYTES: u64 = 64 * 1024 * 1024;

/// The longest key name, and the longest spec name, in bytes.
pub const MAX_KEY_BYTES: u32 = 1024;

/// The most servers that keys can be spread over.
pub const MAX_PARTS: usize = 64;

/// How long a silent connection lives: the system asks whether the other side is there after the first, and again after
/// each of the second, so many times.
pub(super) const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(20), Duration::from_secs(5), 3);

/// The places that URLs with spaces between them name.
pub(super) fn places<P>(urls: &str, kind: &str, parse: impl Fn(&str) -> Result<P, Error>) -> Result<Vec<P>, Error> {
    let places = urls.split_ascii_whitespace().map(parse);
    let places = places.collect::<Result<Vec<_>, _>>()?;
    if (1..=MAX_PARTS).contains(&places.len()) {
        return Ok(places);
    }
    let text = format!(
        "{} URLs of {kind} were given; at least 1 and at most {MAX_PARTS}",
        places.len()
    );
    Err(Error::new(ErrorKind::InvalidArgument, text))
}

/// What the store can do whose servers are called so.
pub(super) fn abilities<'a>(shown: impl Iterator<Item = &'a str>, list: bool) -> Abilities {
    Abilities {
        name: shown.collect::<Vec<_>>().join("; "),
        compare_and_set: true,
        max_value_bytes: MAX_VALUE_BYTES,
        max_key_bytes: MAX_KEY_BYTES,
        list,
        push: false,
        at_once: 0,
    }
}

/// What waits for a server waits on a thread of its own: the caller's may be one that must never wait in this way, of an
/// asynchronous runtime.
pub(super) fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let failed = |text: &str| Err(Error::new(ErrorKind::Store, text));
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("slk-store".to_owned());
        match builder.spawn_scoped(scope, work) {
            Ok(thread) => thread.join().unwrap_or_else(|_| failed("opening the store panicked")),
            Err(error) => failed(&format!("the system gave no thread: {error}")),
        }
    })
}

/// A part of a URL as it is meant.
pub(super) fn percent_decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a % without two hexadecimal digits")?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8")
}
