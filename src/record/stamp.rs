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

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.origin, self.number)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
    fn refuses_what_is_none() {
        for text in ["\"\"", "\"12\"", "\"g.1\"", "\"1.x\"", "\"1.-1\"", "7"] {
            assert!(serde_json::from_str::<Stamp>(text).is_err(), "{text}");
        }
    }
}
