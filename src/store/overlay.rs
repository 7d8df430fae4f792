//! A store that reads from another one and never writes to it: what is written stays in this process.
//!
//! For trying things out on real data. A key comes from the inner store, as it is there at that time, until it is
//! written here; from then on what is here counts, whatever happens to it in the inner store. Compare-and-set holds over
//! both: a put compares with what a get would give.
//!
//! Versions of the inner store are passed on as they are; versions of what is written here are made of a random part of
//! this store and a number, so that none of either side is ever taken for another.

use super::{
    limits, Abilities, Bytes, Completion, Expected, Key, Operation, Outcome, Receiver, Reply, Request, Store,
    StoreError, StoreResult, Version, Waiter, MAX_LISTED,
};
use crate::error::{Error, ErrorKind};
use parking_lot::Mutex;
use std::collections::btree_map::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Weak};

/// The inner store is asked for at least so many names, so that one page is enough where many keys were removed here.
const LEAST_PAGE: u32 = 1000;

/// Reads from the inner store, and keeps to itself what is written.
pub struct ReadOnlyStore {
    inner: Arc<dyn Store>,
    shared: Arc<Shared>,
}

/// What answers of the inner store are brought together with. Without that store: it may hold back an answer for ever,
/// and what waits for it must not keep it alive.
struct Shared {
    abilities: Abilities,
    local: Mutex<Local>,
}

struct Local {
    /// Keys that were written here; without a value if they were removed.
    values: BTreeMap<Key, Written>,
    origin: [u8; 16],
    last_version: u64,
}

/// A value and its version; no value if the key was removed.
type Written = (Option<Bytes>, Version);

impl ReadOnlyStore {
    /// Stands in front of `inner`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the system gives no random numbers.
    pub fn new(inner: Arc<dyn Store>) -> Result<Self, Error> {
        let mut origin = [0; 16];
        getrandom::fill(&mut origin).map_err(|fault| {
            let text = format!("the system gives no random numbers: {fault}");
            Error::new(ErrorKind::Unsupported, text)
        })?;
        let abilities = Abilities {
            name: format!("read-only {}", inner.abilities().name),
            // The inner store is never asked to compare anything.
            compare_and_set: true,
            // What is written stays here.
            push: false,
            ..inner.abilities().clone()
        };
        Ok(Self {
            inner,
            shared: Arc::new(Shared {
                abilities,
                local: Mutex::new(Local {
                    values: BTreeMap::new(),
                    origin,
                    last_version: 0,
                }),
            }),
        })
    }
}

impl Store for ReadOnlyStore {
    fn abilities(&self) -> &Abilities {
        &self.shared.abilities
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }

    fn submit(&self, request: Request, completion: Completion) {
        if let Err(error) = limits::check(&self.shared.abilities, &request) {
            completion.complete(Err(error));
            return;
        }
        if let Operation::List { limit } = request.operation {
            let after = Arc::clone(&request.key.name);
            let list = List {
                inner: Arc::downgrade(&self.inner),
                shared: Arc::clone(&self.shared),
                completion,
                key: request.key,
                limit: limit.min(MAX_LISTED),
            };
            list.ask(after);
            return;
        }
        let known = self.shared.local.lock().carry_out(&request, None);
        match known {
            Some(reply) => completion.complete(Ok(reply)),
            None => self.ask_inner(request, completion),
        }
    }

    fn set_value(&self, key: Key, value: Bytes) -> Result<(), Error> {
        limits::check_fixture(&self.shared.abilities, &key, &value)?;
        self.shared.local.lock().set(key, Some(value));
        Ok(())
    }
}

impl ReadOnlyStore {
    fn ask_inner(&self, request: Request, completion: Completion) {
        let get = Request {
            key: request.key.clone(),
            operation: Operation::Get,
        };
        let id = completion.id();
        let look = Look {
            shared: Arc::clone(&self.shared),
            request,
            completion,
        };
        self.inner.submit(get, Completion::to(id, look));
    }
}

impl Local {
    /// Carries the request out on what is here, or else on what the inner store was found to have. `None` if that is
    /// not known yet.
    fn carry_out(&mut self, request: &Request, inner: Option<&Reply>) -> Option<Reply> {
        let present = match self.values.get(&request.key) {
            Some((value, version)) => value.clone().map(|value| (value, version.clone())),
            None => match inner? {
                Reply::Found { value, version } => Some((value.clone(), version.clone())),
                _ => None,
            },
        };
        let key = &request.key;
        let reply = match (&request.operation, present) {
            (Operation::Get, None) => Reply::Missing,
            (Operation::Get, Some((value, version))) => Reply::Found { value, version },
            (Operation::Put { value, expected, .. }, present) => {
                let fits = match (expected, &present) {
                    (Expected::Missing, None) => true,
                    (Expected::Version(expected), Some((_, version))) => expected == version,
                    _ => false,
                };
                if !fits {
                    return Some(Reply::Conflict);
                }
                let version = self.set(key.clone(), Some(value.clone()));
                Reply::Written { version }
            }
            (Operation::Remove { expected }, Some((_, version))) if *expected == version => {
                self.set(key.clone(), None);
                Reply::Removed
            }
            _ => Reply::Conflict,
        };
        Some(reply)
    }

    fn set(&mut self, key: Key, value: Option<Bytes>) -> Version {
        self.last_version += 1;
        let mut token = [0; 24];
        token[..16].copy_from_slice(&self.origin);
        token[16..].copy_from_slice(&self.last_version.to_be_bytes());
        let version = Version::from_array(&token);
        self.values.insert(key, (value, version.clone()));
        version
    }

    /// Brings names of the inner store together with what is here, up to `last` if there are more of them.
    fn merge(&self, key: &Key, names: &[Arc<str>], last: Option<&Arc<str>>) -> Vec<Arc<str>> {
        let mut all: Vec<Arc<str>> = names.iter().map(Arc::clone).collect();
        let within = |other: &Key| {
            other.kind == key.kind && other.space == key.space && last.is_none_or(|last| other.name <= *last)
        };
        let from = if key.name.is_empty() {
            Bound::Included(key)
        } else {
            Bound::Excluded(key)
        };
        for (other, (value, _)) in self.values.range((from, Bound::Unbounded)) {
            if !within(other) {
                break;
            }
            match (all.binary_search(&other.name), value) {
                (Err(place), Some(_)) => all.insert(place, Arc::clone(&other.name)),
                (Ok(place), None) => {
                    all.remove(place);
                }
                _ => {}
            }
        }
        all
    }
}

/// Waits for what the inner store has under a key.
struct Look {
    shared: Arc<Shared>,
    request: Request,
    completion: Completion,
}

impl Receiver for Look {
    fn answer(self: Box<Self>, result: StoreResult) {
        let Self {
            shared,
            request,
            completion,
        } = *self;
        let result = match result {
            Ok(reply @ (Reply::Found { .. } | Reply::Missing)) => {
                let reply = shared.local.lock().carry_out(&request, Some(&reply));
                reply.ok_or_else(|| StoreError::not_applied("the key is not known"))
            }
            Ok(other) => Err(nonsense(&shared, "get", &other)),
            Err(error) => Err(unchanged(error)),
        };
        completion.complete(result);
    }

    fn watch(&self, waiter: Weak<dyn Waiter>) {
        self.completion.watch(waiter);
    }
}

/// Only a read failed, so nothing was written.
fn unchanged(error: StoreError) -> StoreError {
    StoreError {
        outcome: Outcome::NotApplied,
        ..error
    }
}

fn nonsense(shared: &Shared, asked: &str, reply: &Reply) -> StoreError {
    let name = &shared.abilities.name;
    StoreError::not_applied(format!("{name}: a {asked} was answered with '{}'", reply.name()))
}

/// Waits for names of the inner store.
struct List {
    inner: Weak<dyn Store>,
    shared: Arc<Shared>,
    completion: Completion,
    key: Key,
    limit: u32,
}

impl List {
    fn ask(self, after: Arc<str>) {
        let Some(inner) = self.inner.upgrade() else {
            let error = StoreError::not_applied(format!("{}: the store was closed", self.shared.abilities.name));
            return self.completion.complete(Err(error));
        };
        let request = Request {
            key: Key {
                kind: self.key.kind,
                space: Arc::clone(&self.key.space),
                name: after,
            },
            operation: Operation::List {
                limit: self.limit.max(LEAST_PAGE),
            },
        };
        inner.submit(request, Completion::to(self.completion.id(), self));
    }
}

impl Receiver for List {
    fn answer(self: Box<Self>, result: StoreResult) {
        let (inner, inner_more) = match result {
            Ok(Reply::Keys { names, more }) => (names, more),
            Ok(other) => {
                let error = nonsense(&self.shared, "list", &other);
                return self.completion.complete(Err(error));
            }
            Err(error) => return self.completion.complete(Err(unchanged(error))),
        };
        let last = inner.last().filter(|_| inner_more).cloned();
        let mut names = self.shared.local.lock().merge(&self.key, &inner, last.as_ref());
        if let (true, Some(last)) = (names.is_empty(), last) {
            // All of them were removed here.
            return self.ask(last);
        }
        let limit = self.limit as usize;
        let more = inner_more || names.len() > limit;
        names.truncate(limit);
        self.completion.complete(Ok(Reply::Keys { names, more }));
    }

    fn watch(&self, waiter: Weak<dyn Waiter>) {
        self.completion.watch(waiter);
    }
}
