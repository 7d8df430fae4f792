//! Names that are never given twice: of operations, and of the incarnations of servers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An engine's random origin and a number that the engine counts up. Written as `hexadecimal.decimal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// 32 digits, a point, 20 digits.
const MAX_STAMP_CHARS: usize = 53;

/// A stamp as text, without an allocation: a record has a dozen of them.
pub(super) struct StampText {
    chars: [u8; MAX_STAMP_CHARS],
    from: usize,
}

impl StampText {
    fn new(stamp: &Stamp) -> Self {
        let mut text = Self {
            chars: [b'.'; MAX_STAMP_CHARS],
            from: MAX_STAMP_CHARS,
        };
        text.put_decimal(stamp.number);
        text.from -= 1;
        text.put_hexadecimal(stamp.origin);
        text
    }

    fn put_decimal(&mut self, mut number: u64) {
        loop {
            self.put_digit((number % 10) as u8);
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    fn put_hexadecimal(&mut self, number: u128) {
        let last = self.from;
        for byte in number.to_be_bytes().into_iter().rev() {
            self.put_digit(byte & 15);
            self.put_digit(byte >> 4);
        }
        let digits = &self.chars[self.from..last - 1];
        self.from += digits.iter().take_while(|digit| **digit == b'0').count();
    }

    fn put_digit(&mut self, digit: u8) {
        self.from -= 1;
        self.chars[self.from] = b"0123456789abcdef"[usize::from(digit & 15)];
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.chars[self.from..]).unwrap_or_default()
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
