//! Names that are never given twice: of operations, and of the incarnations of servers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An engine's random origin and a number that the engine counts up. Written as `hexadecimal.decimal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
// A record has many of them: without this each would be a quarter longer, for the sake of `origin`.
#[repr(Rust, packed(8))]
pub struct Stamp {
    /// Random, different for each engine that ever was.
    pub origin: u128,
    /// Counts up within the engine.
    pub number: u64,
}

/// Names one try of one write.
pub type OperationId = Stamp;

/// Names one registration of one engine in its server record.
pub type Incarnation = Stamp;

impl Stamp {
    pub(super) fn text(&self) -> StampText {
        StampText::new(self)
    }
}

const HEXADECIMAL_CHARS: usize = 32;

/// With a point and 20 decimal digits.
const MAX_STAMP_CHARS: usize = HEXADECIMAL_CHARS + 21;

/// A stamp as text, without an allocation: a record has a dozen of them.
pub(super) struct StampText {
    chars: [u8; MAX_STAMP_CHARS],
    from: usize,
    to: usize,
}

impl StampText {
    fn new(stamp: &Stamp) -> Self {
        let mut text = Self {
            chars: [b'.'; MAX_STAMP_CHARS],
            from: 0,
            to: HEXADECIMAL_CHARS + 1,
        };
        text.put_hexadecimal(stamp.origin);
        text.put_decimal(stamp.number);
        text
    }

    fn put_hexadecimal(&mut self, number: u128) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let places = self.chars[..HEXADECIMAL_CHARS].chunks_exact_mut(2);
        for (pair, byte) in places.zip(number.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let zeros = number.leading_zeros() as usize / 4;
        self.from = zeros.min(HEXADECIMAL_CHARS - 1);
    }

    fn put_decimal(&mut self, mut number: u64) {
        let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let places = &mut self.chars[self.to..self.to + digits];
        self.to += digits;
        for place in places.iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.chars[self.from..self.to]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a stamp like `1f.7`")))
    }
}

fn parse(text: &str) -> Option<Stamp> {
    let (origin, number) = text.split_once('.')?;
    Some(Stamp {
        origin: u128::from_str_radix(origin, 16).ok()?,
        number: number.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_through_text_and_back() {
        let stamp = Stamp {
            origin: 0xab_cdef,
            number: 42,
        };
        let text = serde_json::to_string(&stamp).unwrap();
        assert_eq!(text, "\"abcdef.42\"");
        assert_eq!(serde_json::from_str::<Stamp>(&text).unwrap(), stamp);
    }

    #[test]
    fn the_least_and_the_greatest_go_through_text() {
        for (origin, number) in [(0, 0), (u128::MAX, u64::MAX), (1 << 64, 10)] {
            let stamp = Stamp { origin, number };
            assert_eq!(stamp.to_string(), format!("{origin:x}.{number}"));
            assert_eq!(parse(&stamp.to_string()), Some(stamp));
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["\"\"", "\"12\"", "\"g.1\"", "\"1.x\"", "\"1.-1\"", "7"] {
            assert!(serde_json::from_str::<Stamp>(text).is_err(), "{text}");
        }
    }
}
