//! Several servers as one store: each key lies in one of them.

use crate::store::{
    Abilities, Completion, Key, Kind, Listener, Operation, Receiver, Reply, Request, Store, StoreResult, Waiter,
    MAX_LISTED,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Weak};

/// In which of `parts` servers a key lies, counted from 0 in the order of the URLs.
///
/// It is the first eight bytes of SHA-256, as a number with the highest byte first, modulo `parts`; hashed are one byte (0
/// for a record, 1 for a server record), the length of the space in bytes as eight bytes with the highest first, the space,
/// and the name.
#[must_use]
pub fn part_of(key: &Key, parts: usize) -> usize {
    let kind = match key.kind {
        Kind::Record => 0,
        Kind::Server => 1,
    };
    let mut hash = Sha256::new();
    hash.update([kind]);
    hash.update((key.space.len() as u64).to_be_bytes());
    hash.update(key.space.as_bytes());
    hash.update(key.name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    // Less than `parts`, so it fits.
    (u64::from_be_bytes(first) % parts.max(1) as u64) as usize
}

/// Passes each request on to the server of its key.
pub(in crate::store) struct Spread {
    parts: Vec<Box<dyn Store>>,
    warnings: Vec<String>,
}

impl Spread {
    /// At least one.
    pub fn new(parts: Vec<Box<dyn Store>>, warnings: Vec<String>) -> Self {
        Self { parts, warnings }
    }
}

impl Store for Spread {
    fn abilities(&self) -> &Abilities {
        self.parts[0].abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        if let (Operation::List { limit }, true) = (&request.operation, self.parts.len() > 1) {
            return self.list((*limit).min(MAX_LISTED), &request, completion);
        }
        let part = part_of(&request.key, self.parts.len());
        self.parts[part].submit(request, completion);
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        for part in &self.parts {
            part.listen(server, Weak::clone(&listener));
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

impl Spread {
    /// Asks all for a page, of which the first names are the page of them together.
    fn list(&self, limit: u32, request: &Request, completion: Completion) {
        let id = completion.id();
        let gathering = Arc::new(Mutex::new(Gathering {
            missing: self.parts.len(),
            result: Ok((Vec::new(), false)),
            limit: limit as usize,
            completion: Some(completion),
        }));
        for part in &self.parts {
            let receiver = Gatherer(Arc::clone(&gathering));
            part.submit(request.clone(), Completion::to(id, receiver));
        }
    }
}

/// The answers of all to one list.
struct Gathering {
    missing: usize,
    /// The names so far, in no order, and whether there are more behind those of any.
    result: Result<(Vec<Arc<str>>, bool), crate::store::StoreError>,
    limit: usize,
    completion: Option<Completion>,
}

struct Gatherer(Arc<Mutex<Gathering>>);

impl Receiver for Gatherer {
    fn answer(self: Box<Self>, result: StoreResult) {
        let mut gathering = self.0.lock();
        gathering.missing -= 1;
        match (result, &mut gathering.result) {
            (Ok(Reply::Keys { names, more }), Ok((all, any_more))) => {
                all.extend(names);
                *any_more |= more;
            }
            (Err(error), result @ Ok(_)) => *result = Err(error),
            _ => {}
        }
        if gathering.missing > 0 {
            return;
        }
        let Some(completion) = gathering.completion.take() else {
            return;
        };
        let result = std::mem::replace(&mut gathering.result, Ok((Vec::new(), false)));
        let limit = gathering.limit;
        drop(gathering);
        completion.complete(result.map(|(names, more)| page(names, more, limit)));
    }

    fn watch(&self, waiter: Weak<dyn Waiter>) {
        if let Some(completion) = &self.0.lock().completion {
            completion.watch(waiter);
        }
    }
}

/// The first names of several pages that begin at the same place.
fn page(mut names: Vec<Arc<str>>, more: bool, limit: usize) -> Reply {
    names.sort_unstable();
    let more = more || names.len() > limit;
    names.truncate(limit);
    Reply::Keys { names, more }
}
