//! Which locker has a key.
//!
//! The keys themselves stand in the lockers; here is only where. The index is split into parts by the keys' hashes: a hash
//! table that grows moves all that is in it, and with a hundred thousand players at once that would be felt in a tick.

use super::core::Slot;
use super::event::SpecId;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// How many parts there are. With a hundred thousand lockers each has less than a thousand.
const PARTS: usize = 128;

pub(super) struct KeyIndex {
    parts: Box<[HashTable<u32>]>,
    /// Players choose their keys: nobody may know where they land.
    hasher: RandomState,
}

impl KeyIndex {
    pub fn new() -> Self {
        Self {
            parts: std::iter::repeat_with(HashTable::new).take(PARTS).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The slot of this key.
    pub fn find(&self, slots: &[Slot], spec: SpecId, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((spec, key));
        let is_it = |index: &u32| key_of(slots, *index) == Some((spec, key));
        self.parts[part_of(hash)].find(hash, is_it).copied()
    }

    /// Takes up a slot, under the key that it has by now.
    pub fn insert(&mut self, slots: &[Slot], index: u32) {
        let Some(key) = key_of(slots, index) else {
            return;
        };
        let hasher = &self.hasher;
        let hash = hasher.hash_one(key);
        let hash_of = |index: &u32| key_of(slots, *index).map_or(0, |key| hasher.hash_one(key));
        self.parts[part_of(hash)].insert_unique(hash, index, hash_of);
    }

    /// Forgets a slot that still has its key.
    pub fn remove(&mut self, slots: &[Slot], index: u32) {
        let Some(key) = key_of(slots, index) else {
            return;
        };
        let hash = self.hasher.hash_one(key);
        let entry = self.parts[part_of(hash)].find_entry(hash, |other| *other == index);
        if let Ok(entry) = entry {
            entry.remove();
        }
    }
}

fn key_of(slots: &[Slot], index: u32) -> Option<(SpecId, &str)> {
    let used = slots.get(index as usize)?.used.as_deref()?;
    Some((used.spec, &used.locker.key().name))
}

/// By bits that the tables themselves hardly look at: those use the lowest, and the highest seven.
fn part_of(hash: u64) -> usize {
    (hash >> 40) as usize % PARTS
}
