//! Who listens at a store that pushes: shared by all stores that do.

use super::{Key, Listener};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

type Listening = Vec<Weak<dyn Listener>>;

/// The listeners of each server.
#[derive(Default)]
pub(super) struct Listeners {
    of_server: Mutex<HashMap<Arc<str>, Listening>>,
}

impl Listeners {
    /// Adds a listener of this server; true if the server had none.
    pub fn add(&self, server: &str, listener: Weak<dyn Listener>) -> bool {
        let mut of_server = self.of_server.lock();
        of_server.retain(|_, listeners| {
            listeners.retain(|listener| listener.strong_count() > 0);
            !listeners.is_empty()
        });
        let listeners = of_server.entry(server.into()).or_default();
        listeners.push(listener);
        listeners.len() == 1
    }

    /// Somebody wrote this key for this server.
    pub fn changed(&self, server: &str, key: &Key) {
        for listener in self.living(|other| other == server) {
            listener.changed(key);
        }
    }

    /// Something may not have been heard.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub fn missed(&self) {
        for listener in self.living(|_| true) {
            listener.missed();
        }
    }

    /// The servers that have listeners.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub fn servers(&self) -> Vec<Arc<str>> {
        self.of_server.lock().keys().map(Arc::clone).collect()
    }

    // Called without the lock: a listener may do what it likes.
    fn living(&self, wanted: impl Fn(&str) -> bool) -> Vec<Arc<dyn Listener>> {
        let of_server = self.of_server.lock();
        let wanted = of_server.iter().filter(|(server, _)| wanted(server));
        wanted
            .flat_map(|(_, listeners)| listeners)
            .filter_map(Weak::upgrade)
            .collect()
    }
}
