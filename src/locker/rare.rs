//! What few lockers have at any time takes the room of a pointer in all others.

use super::held::Unusual;
use crate::receipt::Purchases;
use std::ops::Deref;

/// Something that is empty in most lockers.
pub(super) struct Seldom<T>(Option<Box<T>>);

/// What can be [`Seldom`].
pub(super) trait Empty: Default + 'static {
    /// One that is empty, to be looked at.
    fn none() -> &'static Self;

    fn is_empty(&self) -> bool;
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Empty> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::none())
    }
}

impl<T: Empty> Seldom<T> {
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

impl Empty for Purchases {
    fn none() -> &'static Self {
        static NONE: Purchases = Purchases::none();
        &NONE
    }

    fn is_empty(&self) -> bool {
        !self.has_work() && !self.has_entered() && self.asked().is_none()
    }
}

impl Empty for Unusual {
    fn none() -> &'static Self {
        static NONE: Unusual = Unusual::none();
        &NONE
    }

    fn is_empty(&self) -> bool {
        self.is_usual()
    }
}
