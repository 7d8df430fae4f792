//! One of the databases over which a store spreads its keys: its connections, and the requests that go to it.

use super::batch::{self, Write};
use super::link::Link;
use super::place::Place;
use super::tables::{self, Part};
use super::trouble::Trouble;
use super::PostgresOptions;
use crate::store::{limits, Abilities, BlockingStore, Operation, Outcome, Request, StoreError, StoreResult};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nothing is tried after a connection could not be made: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One database.
pub(super) struct Database {
    abilities: Abilities,
    place: Place,
    options: PostgresOptions,
    part: Part,
    /// Connections that no thread uses just now.
    idle: Mutex<Vec<Link>>,
    retry: Mutex<Retry>,
    doubt: Doubt,
}

/// When a connection may be tried again.
#[derive(Default)]
struct Retry {
    pause: Duration,
    not_before: Option<Instant>,
    last: Option<Trouble>,
}

/// Whether something may be visible that is not replicated: what a server that crashed had not got confirmed by its
/// standby becomes visible when it starts again, and is gone if it then fails over. So after each new connection, and
/// after each outcome that is unknown, nothing is answered before a small write has been replicated behind what was read.
struct Doubt {
    raised: AtomicU64,
    settled: AtomicU64,
}

impl Doubt {
    fn raise(&self) {
        self.raised.fetch_add(1, Ordering::AcqRel);
    }

    /// What is to be settled, if anything is.
    fn open(&self) -> Option<u64> {
        let raised = self.raised.load(Ordering::Acquire);
        (raised > self.settled.load(Ordering::Acquire)).then_some(raised)
    }

    fn settle(&self, raised: u64) {
        self.settled.fetch_max(raised, Ordering::AcqRel);
    }
}

impl Database {
    pub(super) fn new(abilities: Abilities, place: Place, options: PostgresOptions, link: Link) -> Self {
        Self {
            abilities,
            place,
            options,
            part: link.part.clone(),
            idle: Mutex::new(vec![link]),
            retry: Mutex::default(),
            doubt: Doubt {
                raised: AtomicU64::new(1),
                settled: AtomicU64::new(0),
            },
        }
    }

    /// A connection that works as far as is known, and whether it is new.
    fn take(&self) -> Result<Link, Trouble> {
        loop {
            // The lock must not be held while the connection is looked at.
            let idle = self.idle.lock().pop();
            match idle {
                Some(link) if link.is_open() => return Ok(link),
                Some(_) => self.doubt.raise(),
                None => return self.connect(),
            }
        }
    }

    fn connect(&self) -> Result<Link, Trouble> {
        self.may_connect()?;
        let result = Link::open(&self.place, &self.options).and_then(|link| {
            tables::check(&link.part, &self.part)?;
            Ok(link)
        });
        let mut retry = self.retry.lock();
        match result {
            Ok(link) => {
                *retry = Retry::default();
                drop(retry);
                self.doubt.raise();
                Ok(link)
            }
            Err(trouble) => {
                retry.pause = (retry.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                // Not all servers of a game at once.
                let pause = retry.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
                retry.not_before = Some(Instant::now() + pause);
                retry.last = Some(trouble.clone());
                Err(trouble)
            }
        }
    }

    fn may_connect(&self) -> Result<(), Trouble> {
        let retry = self.retry.lock();
        match (&retry.last, retry.not_before) {
            (Some(last), Some(time)) if Instant::now() < time => Err(last.clone()),
            _ => Ok(()),
        }
    }

    fn give_back(&self, link: Link) {
        self.idle.lock().push(link);
    }

    fn failed(&self, trouble: Trouble, request: &Request, outcome: Outcome) -> StoreError {
        let what = format!("{} of {}", request.operation.name(), request.key);
        trouble.into_store_error(&self.place.shown, &what, outcome)
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
                Err(trouble) => {
                    return reads
                        .iter()
                        .map(|read| Err(self.failed(trouble.clone(), read, Outcome::NotApplied)))
                        .collect()
                }
            }
        }
    }

    fn read_over(&self, link: Link, reads: &[&Request]) -> Result<Vec<Result<crate::store::Reply, Trouble>>, Trouble> {
        let doubt = self.doubt.open();
        let answers = batch::read(&link, reads, doubt.is_some());
        let answers = match answers {
            Ok(answers) => answers,
            Err(trouble) => {
                self.doubt.raise();
                if !trouble.ends_connection {
                    self.give_back(link);
                }
                return Err(trouble);
            }
        };
        if let Some(raised) = doubt {
            self.doubt.settle(raised);
        }
        self.give_back(link);
        Ok(answers)
    }

    /// Writes all in one transaction; each is written or conflicts on its own.
    fn write(&self, requests: &[&Request]) -> Vec<StoreResult> {
        let mut writes = match requests
            .iter()
            .map(|request| Write::new(request))
            .collect::<Result<Vec<_>, _>>()
        {
            Ok(writes) => writes,
            Err(trouble) => {
                return requests
                    .iter()
                    .map(|request| Err(self.failed(trouble.clone(), request, Outcome::NotApplied)))
                    .collect()
            }
        };
        // In the order of keys, so that transactions of several servers wait for each other in one direction only.
        let mut order: Vec<usize> = (0..requests.len()).collect();
        order.sort_by_key(|&index| &requests[index].key);
        let mut sorted: Vec<&mut Write> = Vec::with_capacity(writes.len());
        let mut slots: Vec<Option<&mut Write>> = writes.iter_mut().map(Some).collect();
        for index in order {
            sorted.extend(slots[index].take());
        }
        self.write_sorted(&mut sorted);
        drop(slots);
        writes
            .into_iter()
            .zip(requests)
            .map(|(write, request)| {
                write
                    .into_result()
                    .map_err(|(trouble, outcome)| self.failed(trouble, request, outcome))
            })
            .collect()
    }

    fn write_sorted(&self, writes: &mut [&mut Write]) {
        let link = match self.take() {
            Ok(link) => link,
            Err(trouble) => return batch::fail_open(writes, &trouble, Outcome::NotApplied),
        };
        let doubt = self.doubt.open();
        if doubt.is_some() {
            // Behind what is stuck, more would get stuck: first see whether writes go through.
            if let Err(trouble) = batch::settle(&link) {
                batch::fail_open(writes, &trouble, Outcome::NotApplied);
                return self.after(link, Some(&trouble));
            }
        }
        if let Some(raised) = doubt {
            self.doubt.settle(raised);
        }
        let trouble = batch::write(&link, writes);
        self.after(link, trouble.as_ref());
    }

    /// What becomes of a connection after a batch of writes.
    fn after(&self, link: Link, trouble: Option<&Trouble>) {
        match trouble {
            Some(trouble) if trouble.ends_connection => self.doubt.raise(),
            Some(_) => {
                self.doubt.raise();
                self.give_back(link);
            }
            None => self.give_back(link),
        }
    }
}

impl BlockingStore for Database {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let sorts: Vec<_> = requests
            .iter()
            .map(|request| match limits::check(&self.abilities, request) {
                Err(error) => Sort::Refused(error),
                Ok(()) if matches!(request.operation, Operation::Get | Operation::List { .. }) => {
                    reads.push(request);
                    Sort::Read
                }
                Ok(()) => {
                    writes.push(request);
                    Sort::Write
                }
            })
            .collect();
        let mut written = answers(&writes, |writes| self.write(writes));
        let mut read = answers(&reads, |reads| self.read(reads));
        let next = |answers: &mut std::vec::IntoIter<StoreResult>| {
            answers.next().unwrap_or_else(|| Err(StoreError::unknown("no reply")))
        };
        sorts
            .into_iter()
            .map(|sort| match sort {
                Sort::Refused(error) => Err(error),
                Sort::Read => next(&mut read),
                Sort::Write => next(&mut written),
            })
            .collect()
    }
}

enum Sort {
    Refused(StoreError),
    Read,
    Write,
}

/// Nothing is asked where there is nothing to ask.
fn answers(
    requests: &[&Request],
    ask: impl FnOnce(&[&Request]) -> Vec<StoreResult>,
) -> std::vec::IntoIter<StoreResult> {
    if requests.is_empty() {
        return Vec::new().into_iter();
    }
    ask(requests).into_iter()
}
