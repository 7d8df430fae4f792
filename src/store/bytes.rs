//! The bytes of a value.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// The bytes of a value, cheap to clone. Made from a vector without copying it.
///
/// Parts that are the same in one value after the other can be shared between them. They come together when somebody looks
/// at the bytes: a store does that on a thread of its own, while the one that writes values has its time for the game.
#[derive(Clone)]
pub struct Bytes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// What is not shared.
    own: Vec<u8>,
    /// What is shared, and before which of the own bytes it stands.
    shared: Vec<Insertion>,
    /// All together, where something is shared.
    whole: OnceLock<Vec<u8>>,
}

/// Bytes that stand in several values, and before which of the own bytes of this one.
pub(crate) type Insertion = (usize, Arc<[u8]>);

impl Bytes {
    /// The bytes in `own`, with others between them; the places of those never fall.
    pub(crate) fn with_insertions(own: Vec<u8>, shared: Vec<Insertion>) -> Self {
        Self(Arc::new(Inner {
            own,
            shared,
            whole: OnceLock::new(),
        }))
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.own.len() + shared_bytes(&self.0.shared)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How many bytes there are in these parts.
pub(crate) fn shared_bytes(shared: &[Insertion]) -> usize {
    shared.iter().map(|(_, part)| part.len()).sum()
}

impl Inner {
    fn join(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.own.len() + shared_bytes(&self.shared));
        let mut from = 0;
        for (place, part) in &self.shared {
            whole.extend_from_slice(self.own.get(from..*place).unwrap_or_default());
            whole.extend_from_slice(part);
            from = *place;
        }
        whole.extend_from_slice(self.own.get(from..).unwrap_or_default());
        whole
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let inner = &*self.0;
        if inner.shared.is_empty() {
            return &inner.own;
        }
        inner.whole.get_or_init(|| inner.join())
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::with_insertions(bytes, Vec::new())
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        bytes.to_vec().into()
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Vec::from_iter(bytes).into()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_parts_stand_in_their_places() {
        let part = |text: &str| Arc::<[u8]>::from(text.as_bytes());
        let shared = vec![
            (0, part("a")),
            (2, part("b")),
            (2, part("")),
            (2, part("c")),
            (4, part("d")),
        ];
        let bytes = Bytes::with_insertions(b"1234".to_vec(), shared);
        assert_eq!((bytes.len(), &*bytes), (8, b"a12bc34d".as_slice()));
        assert_eq!(bytes, Bytes::from(*b"a12bc34d"));
        assert!(Bytes::default().is_empty());
    }
}
