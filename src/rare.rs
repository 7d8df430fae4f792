//! What few lockers and few records have takes the room of a pointer in all others, and reads like an empty one.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::ops::Deref;

/// Something that is nearly always empty.
#[derive(Clone, Debug)]
pub struct Rare<T>(Option<Box<T>>);

/// What can be [`Rare`].
pub trait Empty: Default + 'static {
    /// One that is empty, to be looked at.
    fn none() -> &'static Self;

    /// Whether nothing is in it.
    fn is_empty(&self) -> bool;
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::none())
    }
}

impl<T: Empty> Rare<T> {
    /// To put something in.
    pub fn put(&mut self) -> &mut T {
        self.0.get_or_insert_with(Box::default)
    }

    /// To change what is there; nothing if nothing is.
    pub fn used(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// Gives the room back if it is empty again.
    pub fn tidy(&mut self) {
        if self.0.as_deref().is_some_and(T::is_empty) {
            self.0 = None;
        }
    }
}

impl<T: 'static> Empty for Vec<T> {
    fn none() -> &'static Self {
        const { &Self::new() }
    }

    fn is_empty(&self) -> bool {
        Vec::is_empty(self)
    }
}

impl<K: 'static, V: 'static> Empty for BTreeMap<K, V> {
    fn none() -> &'static Self {
        const { &Self::new() }
    }

    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }
}

impl<T: Empty> From<T> for Rare<T> {
    fn from(part: T) -> Self {
        Self((!part.is_empty()).then(|| Box::new(part)))
    }
}

impl<'de, T: Empty + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}
