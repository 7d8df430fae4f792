//! Parts that few records have: where one is missing it costs a pointer, and reads like an empty one.

use serde::{Deserialize, Deserializer};
use std::ops::{Deref, DerefMut};

/// A part that can be missing.
pub trait Part: Clone + Default + 'static {
    /// The empty part that stands for a missing one.
    fn missing() -> &'static Self;
}

/// A part that takes room only once something was written to it.
#[derive(Clone, Debug, Default)]
pub struct Rare<T>(Option<Box<T>>);

impl<T: Part> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::missing())
    }
}

impl<T: Part> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Part> From<T> for Rare<T> {
    fn from(part: T) -> Self {
        Self(Some(Box::new(part)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|part| Self(Some(Box::new(part))))
    }
}
