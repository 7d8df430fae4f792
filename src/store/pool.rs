//! A pool of threads that turns blocking storage into a [`Store`].
//!
//! # Order
//! Requests for one key are carried out and answered in the order in which they were submitted, one at a time: a read
//! never answers with an older state after a write of that key was answered. Requests for different keys have no
//! order among each other, but those about server records, of which there are few, go first. A request that waits for its key
//! holds up no other key.
//!
//! # Batches
//! A thread that is free takes all that waits, up to a maximum, as one batch; with several threads each takes its
//! share. So a store that can put many writes into one transaction does so under load, and a lone request does not
//! wait for company.

use super::{
    Abilities, BlockingStore, Completion, Key, Kind, Listener, Operation, Request, Store, StoreError, StoreResult,
};
use crate::error::{Error, ErrorKind};
use parking_lot::{Condvar, Mutex};
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

/// The most threads that one pool may have.
pub const MAX_THREADS: usize = 256;

/// A batch stops growing at this many bytes of values, so that small writes do not wait behind many large ones.
const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

/// How a pool is set up.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Threads for all requests, or for the writes alone where there are `read_threads`. 1 = one call at a time.
    pub threads: usize,
    /// Threads for reads alone, so that reads do not wait behind writes. 0: `threads` do both.
    pub read_threads: usize,
    /// How many requests may wait; what comes on top is refused at once.
    pub queue: usize,
    /// The most requests in one call of the store.
    pub batch: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            threads: 1,
            read_threads: 0,
            queue: 65_536,
            batch: 256,
        }
    }
}

impl PoolOptions {
    /// For [`Abilities::at_once`]: that no thread waits for the engine, a batch waits while another is carried out, for
    /// two threads.
    #[must_use]
    pub fn at_once(&self) -> usize {
        self.batch.saturating_mul(4).min(self.queue).min(4096)
    }
}

/// Threads that call a [`BlockingStore`] for whoever submits.
///
/// A store that panics has answered its batch with an unknown outcome; later requests go on.
///
/// Dropping the pool carries out every write that was submitted, so that a save or a release which was handed over
/// lands; reads that still wait may be answered as failed instead. It blocks until that is done and all threads have ended, which
/// takes as long as the store's calls take. Only where a pool is dropped by one of its own threads (a store that holds
/// the last reference to its own pool) it cannot wait for itself: then it returns at once, the same work is done, and
/// the threads end by themselves.
pub struct Pool<S: BlockingStore> {
    shared: Arc<Shared<S>>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared<S> {
    store: S,
    batch: usize,
    queue: usize,
    lanes: Vec<Lane>,
    state: Mutex<State>,
}

/// A group of threads that take requests from a queue of their own.
struct Lane {
    threads: usize,
    wake: Condvar,
}

struct State {
    /// For each lane what can start now. Never two requests for one key.
    ready: Vec<VecDeque<Job>>,
    /// For each key with a request that is ready or being carried out: the requests that wait for it to be over.
    lines: HashMap<Key, VecDeque<Job>>,
    /// Requests in `ready` and in `lines`.
    waiting: usize,
    closing: bool,
}

struct Job {
    request: Request,
    completion: Completion,
}

impl<S: BlockingStore> Pool<S> {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an option out of range, [`ErrorKind::Store`] when the system gives no thread.
    pub fn new(store: S, options: &PoolOptions) -> Result<Self, Error> {
        check_options(options)?;
        let mut lanes = vec![Lane::new(options.threads)];
        if options.read_threads > 0 {
            lanes.push(Lane::new(options.read_threads));
        }
        let state = State {
            ready: lanes.iter().map(|_| VecDeque::new()).collect(),
            lines: HashMap::new(),
            waiting: 0,
            closing: false,
        };
        let mut pool = Self {
            shared: Arc::new(Shared {
                store,
                batch: options.batch,
                queue: options.queue,
                lanes,
                state: Mutex::new(state),
            }),
            threads: Vec::new(),
        };
        pool.start_threads()?;
        Ok(pool)
    }

    /// The storage behind the pool.
    #[must_use]
    pub fn storage(&self) -> &S {
        &self.shared.store
    }

    fn start_threads(&mut self) -> Result<(), Error> {
        for lane in 0..self.shared.lanes.len() {
            for _ in 0..self.shared.lanes[lane].threads {
                let shared = Arc::clone(&self.shared);
                let thread = thread::Builder::new()
                    .name("slk-store".to_owned())
                    .spawn(move || shared.work(lane))
                    .map_err(|error| self.no_thread(&error))?;
                self.threads.push(thread);
            }
        }
        Ok(())
    }

    fn no_thread(&self, error: &std::io::Error) -> Error {
        let name = &self.shared.store.abilities().name;
        let wanted: usize = self.shared.lanes.iter().map(|lane| lane.threads).sum();
        Error::new(
            ErrorKind::Store,
            format!(
                "{name}: the system gave no thread ({error}); {wanted} are needed: raise the limit of threads of this \
                 process, or ask for fewer"
            ),
        )
    }
}

fn check_options(options: &PoolOptions) -> Result<(), Error> {
    let threads = options.threads.saturating_add(options.read_threads);
    let wrong = if options.threads == 0 || threads > MAX_THREADS {
        format!(
            "{} threads and {} for reads: at least 1 and together at most {MAX_THREADS}",
            options.threads, options.read_threads
        )
    } else if options.queue == 0 {
        "a queue of 0 requests would refuse everything: at least 1".to_owned()
    } else if options.batch == 0 {
        "a batch of 0 requests would do nothing: at least 1".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::InvalidArgument, wrong))
}

impl<S: BlockingStore> Store for Pool<S> {
    fn abilities(&self) -> &Abilities {
        self.shared.store.abilities()
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        self.shared.store.listen(server, listener);
    }

    fn submit(&self, request: Request, completion: Completion) {
        let job = Job { request, completion };
        let mut state = self.shared.state.lock();
        if state.waiting >= self.shared.queue {
            drop(state);
            let name = &self.shared.store.abilities().name;
            let text = format!(
                "{name}: {} requests are waiting already; the store is slower than what is asked of it",
                self.shared.queue
            );
            job.completion.complete(Err(StoreError::not_applied(text)));
            return;
        }
        state.waiting += 1;
        match state.lines.get_mut(&job.request.key) {
            Some(line) => line.push_back(job),
            None => {
                state.lines.insert(job.request.key.clone(), VecDeque::new());
                self.shared.make_ready(&mut state, job);
            }
        }
    }
}

impl<S: BlockingStore> Drop for Pool<S> {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.wake_all();
        let me = thread::current().id();
        if self.threads.iter().any(|thread| thread.thread().id() == me) {
            return;
        }
        for thread in self.threads.drain(..) {
            // A thread catches what its store does, so there is no panic to hand on.
            let _ = thread.join();
        }
    }
}

impl Lane {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            wake: Condvar::new(),
        }
    }
}

impl<S: BlockingStore> Shared<S> {
    /// The life of one thread.
    fn work(&self, lane: usize) {
        while let Some(batch) = self.take(lane) {
            let (requests, completions): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|job| (job.request, job.completion)).unzip();
            let mut results = self.execute(&requests).into_iter();
            for completion in completions {
                completion.complete(results.next().unwrap_or_else(no_answer));
            }
            self.finish(requests);
        }
    }

    /// Waits for work. `None` when the pool closes and nothing is left to do.
    fn take(&self, lane: usize) -> Option<Vec<Job>> {
        let mut state = self.state.lock();
        loop {
            if !state.ready[lane].is_empty() {
                return Some(self.take_share(&mut state, lane));
            }
            if state.closing && state.waiting == 0 {
                return None;
            }
            self.lanes[lane].wake.wait(&mut state);
        }
    }

    fn take_share(&self, state: &mut State, lane: usize) -> Vec<Job> {
        let ready = &mut state.ready[lane];
        let share = ready.len().div_ceil(self.lanes[lane].threads);
        let mut batch = Vec::with_capacity(share.min(self.batch));
        let mut bytes = 0;
        while batch.len() < share.min(self.batch) && bytes < MAX_BATCH_BYTES {
            let Some(job) = ready.pop_front() else { break };
            if let Operation::Put { value, .. } = &job.request.operation {
                bytes += value.len();
            }
            batch.push(job);
        }
        state.waiting -= batch.len();
        batch
    }

    /// Calls the store. A panic and a wrong number of answers become answers too.
    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        if self.state.lock().closing && requests.iter().all(is_read) {
            // Nobody is left to use what would be read.
            return requests.iter().map(|_| closed()).collect();
        }
        match catch_unwind(AssertUnwindSafe(|| self.store.execute(requests))) {
            Ok(results) => results,
            Err(panic) => {
                let name = &self.store.abilities().name;
                let text = format!("{name}: the store panicked: {}", panic_text(&*panic));
                let failed = || Err(StoreError::unknown(text.clone()));
                requests.iter().map(|_| failed()).collect()
            }
        }
    }

    /// Lets the next request of each key start. After the answers, so that answers for one key keep their order.
    fn finish(&self, requests: Vec<Request>) {
        let mut state = self.state.lock();
        for request in requests {
            match state.lines.get_mut(&request.key).and_then(VecDeque::pop_front) {
                Some(next) => self.make_ready(&mut state, next),
                None => {
                    state.lines.remove(&request.key);
                }
            }
        }
        if state.closing && state.waiting == 0 {
            self.wake_all();
        }
    }

    fn make_ready(&self, state: &mut State, job: Job) {
        let lane = if is_read(&job.request) { self.lanes.len() - 1 } else { 0 };
        match job.request.key.kind {
            // A beat must not be late because many players are saved.
            Kind::Server => state.ready[lane].push_front(job),
            Kind::Record => state.ready[lane].push_back(job),
        }
        self.lanes[lane].wake.notify_one();
    }

    fn wake_all(&self) {
        for lane in &self.lanes {
            lane.wake.notify_all();
        }
    }
}

fn is_read(request: &Request) -> bool {
    request.operation.is_read()
}

fn closed() -> StoreResult {
    Err(StoreError::not_applied("the store is being closed"))
}

fn no_answer() -> StoreResult {
    Err(StoreError::unknown(
        "the store answered fewer requests than it was given",
    ))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no text"
    }
}
