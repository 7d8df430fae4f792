//! The memory store: for tests, and for data that may go when the process does.

use super::listeners::Listeners;
use super::{
    limits, Abilities, Bytes, Completion, Expected, Key, Listener, Operation, Reply, Request, Store, StoreResult,
    Version, MAX_LISTED,
};
use crate::error::Error;
use parking_lot::Mutex;
use std::collections::btree_map::Entry;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Weak};

/// The largest value that the memory store takes, in bytes.
pub const MAX_VALUE_BYTES: u64 = 64 * 1024 * 1024;

/// The longest key name that the memory store takes, in bytes.
pub const MAX_KEY_BYTES: u32 = 1024;

/// Keeps values in the memory of this process. Every request is answered before `submit` returns.
///
/// Engines of one process share it through an [`Arc`]; each then sees what the others wrote.
pub struct MemoryStore {
    abilities: Abilities,
    contents: Mutex<Contents>,
    listeners: Listeners,
}

struct Contents {
    values: BTreeMap<Key, Stored>,
    /// Counts the writes of all keys together. It never falls, so a key that is removed and created again cannot get
    /// back a version that it had before.
    last_version: u64,
}

struct Stored {
    value: Bytes,
    version: Version,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            abilities: Abilities {
                name: "memory".to_owned(),
                compare_and_set: true,
                max_value_bytes: MAX_VALUE_BYTES,
                max_key_bytes: MAX_KEY_BYTES,
                list: true,
                push: true,
                at_once: 0,
            },
            listeners: Listeners::default(),
            contents: Mutex::new(Contents {
                values: BTreeMap::new(),
                last_version: 0,
            }),
        }
    }

    fn carry_out(&self, request: Request) -> StoreResult {
        limits::check(&self.abilities, &request)?;
        let Request { key, operation } = request;
        let mut contents = self.contents.lock();
        Ok(match operation {
            Operation::Get => contents.get(&key),
            Operation::Put { value, expected, .. } => contents.put(key, value, &expected),
            Operation::Remove { expected } => contents.remove(key, &expected),
            Operation::List { limit } => contents.list(&key, limit.min(MAX_LISTED)),
        })
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn submit(&self, request: Request, completion: Completion) {
        let announced = match &request.operation {
            Operation::Put { hints, .. } => hints.announce.clone().map(|server| (server, request.key.clone())),
            _ => None,
        };
        // The lock is free again by now: an answer may wake another thread.
        let result = self.carry_out(request);
        if let (Some((server, key)), Ok(Reply::Written { .. })) = (announced, &result) {
            self.listeners.changed(&server, &key);
        }
        completion.complete(result);
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        self.listeners.add(server, listener);
    }

    fn set_value(&self, key: Key, value: Bytes) -> Result<(), Error> {
        limits::check_fixture(&self.abilities, &key, &value)?;
        let mut contents = self.contents.lock();
        contents.last_version += 1;
        let version = Version::from(contents.last_version);
        contents.values.insert(key, Stored { value, version });
        Ok(())
    }
}

impl Contents {
    fn get(&self, key: &Key) -> Reply {
        match self.values.get(key) {
            Some(stored) => Reply::Found {
                value: stored.value.clone(),
                version: stored.version.clone(),
            },
            None => Reply::Missing,
        }
    }

    fn put(&mut self, key: Key, value: Bytes, expected: &Expected) -> Reply {
        let version = Version::from(self.last_version + 1);
        let stored = Stored {
            value,
            version: version.clone(),
        };
        match (self.values.entry(key), expected) {
            (Entry::Vacant(place), Expected::Missing) => {
                place.insert(stored);
            }
            (Entry::Occupied(mut place), Expected::Version(expected)) if place.get().version == *expected => {
                place.insert(stored);
            }
            _ => return Reply::Conflict,
        }
        self.last_version += 1;
        Reply::Written { version }
    }

    fn remove(&mut self, key: Key, expected: &Version) -> Reply {
        match self.values.entry(key) {
            Entry::Occupied(place) if place.get().version == *expected => {
                place.remove();
                Reply::Removed
            }
            _ => Reply::Conflict,
        }
    }

    fn list(&self, after: &Key, limit: u32) -> Reply {
        let from = if after.name.is_empty() {
            Bound::Included(after)
        } else {
            Bound::Excluded(after)
        };
        let mut names = self
            .values
            .range((from, Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(|key| key.kind == after.kind && key.space == after.space)
            .map(|key| Arc::clone(&key.name));
        let first = names.by_ref().take(limit as usize).collect();
        Reply::Keys {
            names: first,
            more: names.next().is_some(),
        }
    }
}
