//! The one store that all servers share: linearizable compare-and-set, versions that never come back.

use sessionlocker::store::{Bytes, Expected, Hints, Key, Operation, Reply, Request, Version};
use std::collections::BTreeMap;

/// What is stored under a key.
#[derive(Clone, Debug)]
pub struct Stored {
    pub value: Bytes,
    pub version: u64,
}

impl Stored {
    fn token(&self) -> Version {
        Version::from(self.version)
    }
}

/// The simulated store. A request takes effect at the instant at which it is carried out.
#[derive(Default)]
pub struct Store {
    entries: BTreeMap<Key, Stored>,
    last_version: u64,
    /// What a write said of its value, and what was not true.
    pub false_hint: Option<String>,
    /// Writes that truly left the data as they were.
    pub unchanged: u64,
}

impl Store {
    /// Carries the request out.
    pub fn execute(&mut self, request: &Request) -> Reply {
        let found = self.entries.get(&request.key);
        match &request.operation {
            Operation::Get => found.map_or(Reply::Missing, |stored| Reply::Found {
                value: stored.value.clone(),
                version: stored.token(),
            }),
            Operation::Put { value, expected, hints } => {
                let fits = match (expected, found) {
                    (Expected::Missing, None) => true,
                    (Expected::Version(version), Some(stored)) => *version == stored.token(),
                    _ => false,
                };
                if !fits {
                    return Reply::Conflict;
                }
                if let Some(stored) = found.filter(|_| hints.data_unchanged) {
                    match false_hint(&stored.value, value, hints) {
                        None => self.unchanged += 1,
                        lie => self.false_hint = lie,
                    }
                }
                Reply::Written {
                    version: self.write(&request.key, value.clone()),
                }
            }
            Operation::Remove { expected } => {
                if found.is_none_or(|stored| *expected != stored.token()) {
                    return Reply::Conflict;
                }
                self.entries.remove(&request.key);
                Reply::Removed
            }
            Operation::List { .. } => unreachable!("an engine lists nothing"),
        }
    }

    /// What is stored under the key now.
    pub fn look(&self, key: &Key) -> Option<&Stored> {
        self.entries.get(key)
    }

    /// Writes past all rules, as an administrator or a broken disk would.
    pub fn write(&mut self, key: &Key, value: Bytes) -> Version {
        self.last_version += 1;
        let stored = Stored {
            value,
            version: self.last_version,
        };
        let token = stored.token();
        self.entries.insert(key.clone(), stored);
        token
    }

    /// All that is stored, as a standby has it.
    pub fn copy(&self) -> BTreeMap<Key, Stored> {
        self.entries.clone()
    }

    /// Falls back to a copy: later writes are forgotten, but their versions never come again.
    pub fn fall_back(&mut self, copy: BTreeMap<Key, Stored>) {
        self.entries = copy;
    }

    /// Removes past all rules.
    pub fn erase(&mut self, key: &Key) {
        self.entries.remove(key);
    }
}

/// What is wrong with a write that says it leaves the data as they are.
fn false_hint(before: &[u8], value: &[u8], hints: &Hints) -> Option<String> {
    let (header, data) = hints.split(value);
    let parts = !header.is_empty() && !data.is_empty();
    (!parts || !before.ends_with(data)).then(|| format!("{} is not as it was", String::from_utf8_lossy(data)))
}
