//! One of the servers over which a store spreads its keys: its connections, and the requests that go to it.

use super::doubt::Doubt;
use super::messenger::Messenger;
use super::retry::Retry;
use super::trouble::Trouble;
use super::write::{fail_open, Write};
use crate::store::{
    limits, Abilities, BlockingStore, Listener, Operation, Outcome, Reply, Request, StoreError, StoreResult,
};
use parking_lot::Mutex;
use std::sync::Weak;
use std::vec::IntoIter;

/// How one kind of server is talked to.
pub(in crate::store) trait Wire: Send + Sync + 'static {
    /// A connection that is ready for requests.
    type Link: Send;

    /// The server in texts: `postgres game on db1:5432`.
    fn shown(&self) -> &str;

    /// Connects to the server that takes writes, and makes sure that it is the one that is meant.
    fn connect(&self) -> Result<Self::Link, Trouble>;

    /// Whether nobody has closed it, as far as is known here.
    fn is_open(&self, link: &Self::Link) -> bool;

    /// Returns when all that is visible is where it survives what the store promises to survive.
    fn settle(&self, link: &mut Self::Link) -> Result<(), Trouble>;

    /// Reads all in one round trip; with `settle`, none of it counts before it is settled.
    fn read(
        &self,
        link: &mut Self::Link,
        reads: &[&Request],
        settle: bool,
    ) -> Result<Vec<Result<Reply, Trouble>>, Trouble>;

    /// Writes all, each if its key is as it expects. Gives what is wrong with the connection afterwards; then what is still
    /// open is of unknown outcome.
    fn write(&self, link: &mut Self::Link, writes: &mut [&mut Write]) -> Option<Trouble>;
}

/// One server, or one of which another can take the place.
pub(in crate::store) struct Database<W: Wire> {
    abilities: Abilities,
    wire: W,
    /// Connections that no thread uses just now.
    idle: Mutex<Vec<W::Link>>,
    retry: Retry,
    doubt: Doubt,
    messenger: Option<Messenger>,
}

impl<W: Wire> Database<W> {
    /// With the connections that there are already.
    pub fn new(abilities: Abilities, wire: W, links: Vec<W::Link>) -> Self {
        Self {
            abilities,
            wire,
            idle: Mutex::new(links),
            retry: Retry::default(),
            doubt: Doubt::new(),
            messenger: None,
        }
    }

    /// The same, with somebody who tells servers of what was written for them.
    pub fn with_messenger(self, messenger: Option<Messenger>) -> Self {
        Self { messenger, ..self }
    }

    /// Whoever waits for one of these writes is told of it.
    fn announce(&self, writes: &[&Request], results: &[StoreResult]) {
        let Some(messenger) = &self.messenger else { return };
        for (request, result) in writes.iter().zip(results) {
            if let (Operation::Put { hints, .. }, Ok(Reply::Written { .. })) = (&request.operation, result) {
                if let Some(server) = &hints.announce {
                    messenger.tell(server, &request.key);
                }
            }
        }
    }

    /// A connection that works as far as is known.
    fn take(&self) -> Result<W::Link, Trouble> {
        loop {
            // The lock must not be held while the connection is looked at.
            let idle = self.idle.lock().pop();
            match idle {
                Some(link) if self.wire.is_open(&link) => return Ok(link),
                Some(_) => self.doubt.raise(),
                None => {
                    let link = self.retry.attempt(|| self.wire.connect())?;
                    self.doubt.raise();
                    return Ok(link);
                }
            }
        }
    }

    fn give_back(&self, link: W::Link) {
        self.idle.lock().push(link);
    }

    /// What becomes of a connection after requests.
    fn after(&self, link: W::Link, trouble: Option<&Trouble>) {
        match trouble {
            Some(trouble) if trouble.ends_connection => self.doubt.raise(),
            Some(_) => {
                self.doubt.raise();
                self.give_back(link);
            }
            None => self.give_back(link),
        }
    }

    fn failed(&self, trouble: Trouble, request: &Request, outcome: Outcome) -> StoreError {
        let what = format!("{} of {}", request.operation.name(), request.key);
        trouble.into_store_error(self.wire.shown(), &what, outcome)
    }

    fn none_applied(&self, trouble: &Trouble, requests: &[&Request]) -> Vec<StoreResult> {
        let failed = requests
            .iter()
            .map(|request| Err(self.failed(trouble.clone(), request, Outcome::NotApplied)));
        failed.collect()
    }

    /// Reads all in one round trip. What was read over a connection that broke is read once more.
    fn read(&self, reads: &[&Request]) -> Vec<StoreResult> {
        let mut again = true;
        loop {
            let result = self.take().and_then(|link| self.read_over(link, reads));
            match result {
                Ok(results) => {
                    let results = results.into_iter().zip(reads);
                    return results
                        .map(|(result, read)| result.map_err(|trouble| self.failed(trouble, read, Outcome::NotApplied)))
                        .collect();
                }
                Err(trouble) if trouble.ends_connection && !trouble.timed_out && again => again = false,
                Err(trouble) => return self.none_applied(&trouble, reads),
            }
        }
    }

    fn read_over(&self, mut link: W::Link, reads: &[&Request]) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
        let doubt = self.doubt.open();
        let answers = self.wire.read(&mut link, reads, doubt.is_some());
        self.after(link, answers.as_ref().err());
        let answers = answers?;
        if let Some(raised) = doubt {
            self.doubt.settle(raised);
        }
        Ok(answers)
    }

    /// Writes all at once; each is written or conflicts on its own.
    fn write(&self, requests: &[&Request]) -> Vec<StoreResult> {
        let writes = requests.iter().map(|request| Write::new(request));
        let mut writes = match writes.collect::<Result<Vec<_>, _>>() {
            Ok(writes) => writes,
            Err(trouble) => return self.none_applied(&trouble, requests),
        };
        // In the order of keys, so that transactions of several servers wait for each other in one direction only.
        let mut sorted: Vec<&mut Write> = writes.iter_mut().collect();
        sorted.sort_by_key(|write| &write.request.key);
        self.write_sorted(&mut sorted);
        let results = writes.into_iter().zip(requests).map(|(write, request)| {
            let result = write.into_result();
            result.map_err(|(trouble, outcome)| self.failed(trouble, request, outcome))
        });
        let results: Vec<StoreResult> = results.collect();
        self.announce(requests, &results);
        results
    }

    fn write_sorted(&self, writes: &mut [&mut Write]) {
        let mut link = match self.take() {
            Ok(link) => link,
            Err(trouble) => return fail_open(writes, &trouble, Outcome::NotApplied),
        };
        if let Some(raised) = self.doubt.open() {
            // Behind what is stuck, more would get stuck: first see whether writes go through.
            if let Err(trouble) = self.wire.settle(&mut link) {
                fail_open(writes, &trouble, Outcome::NotApplied);
                return self.after(link, Some(&trouble));
            }
            self.doubt.settle(raised);
        }
        let trouble = self.wire.write(&mut link, writes);
        if let Some(trouble) = &trouble {
            fail_open(writes, trouble, Outcome::Unknown);
        }
        self.after(link, trouble.as_ref());
    }
}

impl<W: Wire> BlockingStore for Database<W> {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        if let Some(messenger) = &self.messenger {
            messenger.listen(server, listener);
        }
    }

    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let sort = |request| match limits::check(&self.abilities, request) {
            Err(error) => Sort::Refused(error),
            Ok(()) if request.operation.is_read() => {
                reads.push(request);
                Sort::Read
            }
            Ok(()) => {
                writes.push(request);
                Sort::Write
            }
        };
        let sorts: Vec<_> = requests.iter().map(sort).collect();
        let mut written = answers(&writes, |writes| self.write(writes));
        let mut read = answers(&reads, |reads| self.read(reads));
        let next = |answers: &mut IntoIter<StoreResult>| {
            answers.next().unwrap_or_else(|| Err(StoreError::unknown("no reply")))
        };
        let in_order = sorts.into_iter().map(|sort| match sort {
            Sort::Refused(error) => Err(error),
            Sort::Read => next(&mut read),
            Sort::Write => next(&mut written),
        });
        in_order.collect()
    }
}

enum Sort {
    Refused(StoreError),
    Read,
    Write,
}

/// Nothing is asked where there is nothing to ask.
fn answers(requests: &[&Request], ask: impl FnOnce(&[&Request]) -> Vec<StoreResult>) -> IntoIter<StoreResult> {
    if requests.is_empty() {
        return Vec::new().into_iter();
    }
    ask(requests).into_iter()
}
