//! One game server: its lockers, its clock, its server records, its event queue.
//!
//! [`Engine`] drives a [`core::Core`]: it reads the clock, hands requests to the stores, calls the host, and brings the
//! answers back, all inside [`Engine::update`]. It may be shared between threads.

mod access;
mod availability;
mod beat;
mod by_number;
pub mod core;
mod drive;
pub mod event;
mod exposition;
pub mod health;
pub mod host;
pub mod journal;
mod key_index;
pub mod metrics;
mod notify;
mod pushes;
mod schedule;
mod timers;
pub mod visit;
mod waking;
mod watch;

pub use access::LockerStatus;
pub use availability::Availability;
pub use event::{Event, LockerId, Source, SpecId, StoreId, VisitOutcome};
pub use visit::Sending;

use self::availability::Lease;
use self::core::{Action, Core, CoreOptions};
use self::host::{About, Host};
use self::pushes::{Push, Pushes, StoreListener};
use crate::change::Draft;
use crate::clock::{Clock, SystemClock, Time};
use crate::codec::{self, Codec, Form};
use crate::error::{Error, ErrorKind};
use crate::locker::call::{CallAnswer, HostCall};
use crate::locker::Spec;
use crate::log::{Kind as Subject, Level, LogSink, Record};
use crate::record::Document;
use crate::store::memory::MemoryStore;
use crate::store::{
    Completions, Hints, Key, Kind, Listener, Operation, Reply, Request, RequestId, Store, StoreError, StoreResult,
};
use crate::visit::guest::Purpose;
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// Settings of an engine.
#[derive(Clone)]
pub struct EngineOptions {
    /// The server's id, unique among living servers; a random one if `None`.
    pub server_id: Option<String>,
    /// How long the others must see no beat before they may declare this server dead: 500 ms to 1 h, 60 s by default.
    pub lease: Duration,
    /// The time between two beats, at most a third of the lease; a twelfth of it if `None`.
    pub beat_interval: Option<Duration>,
    /// The host vouches that no process that used this server id before is alive, so that its sessions are free at once.
    pub predecessor_gone: bool,
    /// After this time without an answer the outcome of a request counts as unknown: 30 s by default.
    pub request_timeout: Duration,
    /// How many requests a store gets at once, beats not counted. 0, which is the default, for 64, and more, up to what
    /// [`Abilities::at_once`](crate::store::Abilities::at_once) says, for a store that answers soon.
    pub max_in_flight: usize,
    /// Where to read the time; the system's clocks if `None`.
    pub clock: Option<Arc<dyn Clock>>,
    /// Where messages go, and the least important level that is of interest.
    pub log: Option<(Arc<dyn LogSink>, Level)>,
    /// How many requests each store gets in a second, with bursts of one second's worth; 0 for no limit, which is the
    /// default. Beats are never held back, but count.
    pub max_requests_per_second: u32,
    /// Mask players' keys and the ids of purchases in the log. Events and errors have them all the same.
    pub mask_ids: bool,
    /// Decides the jitter of waits and periods, for tests that are to run the same way each time; random if `None`.
    pub seed: Option<u64>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let core = CoreOptions::default();
        Self {
            server_id: None,
            lease: core.lease,
            beat_interval: None,
            predecessor_gone: false,
            request_timeout: core.request_timeout,
            max_in_flight: core.max_in_flight,
            clock: None,
            log: None,
            max_requests_per_second: core.max_requests_per_second,
            mask_ids: false,
            seed: None,
        }
    }
}

/// One game server.
pub struct Engine {
    core: Mutex<Core>,
    stores: RwLock<Vec<Arc<dyn Store>>>,
    hosts: RwLock<Vec<Arc<dyn Host>>>,
    /// For each spec how its records are encoded.
    codecs: RwLock<Vec<Option<Arc<dyn Codec>>>>,
    completions: Arc<Completions>,
    clock: Arc<dyn Clock>,
    log: Option<Arc<dyn LogSink>>,
    artificial: Mutex<Artificial>,
    pushes: Arc<Pushes>,
    /// One for each store; a store that outlives the engine finds them gone.
    listeners: Mutex<Vec<Arc<dyn Listener>>>,
    server_id: String,
    /// One for each store.
    leases: Mutex<Vec<Arc<Lease>>>,
    /// The thread that is inside a call that only one may be in, by [`this_thread`]; 0 for none.
    inside: AtomicUsize,
}

/// A world of its own for players who are not real: the same specs on a store in memory.
#[derive(Default)]
struct Artificial {
    store: Option<Arc<dyn Store>>,
    /// Each spec and its twin there.
    twins: Vec<(SpecId, SpecId)>,
}

/// The right to be the one thread that updates an engine and reads its events; given back when dropped.
pub struct Turn<'a> {
    engine: &'a Engine,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.engine.inside.store(0, Ordering::Release);
    }
}

// Change ids must never restart within a process, however many engines come and go in it: each engine of the process
// counts in a range of its own.
static ENGINES_OF_THIS_PROCESS: AtomicU64 = AtomicU64::new(0);
const CHANGES_PER_ENGINE: u32 = 40;

impl Engine {
    /// An engine without stores and specs.
    ///
    /// # Errors
    /// Settings outside their ranges; [`ErrorKind::Unsupported`] if the system gives no random numbers.
    pub fn new(options: EngineOptions) -> Result<Self, Error> {
        let entropy = random_bytes::<16>()?;
        let seed = match options.seed {
            Some(seed) => seed,
            None => u64::from_le_bytes(random_bytes::<8>()?),
        };
        // Of the same length in text each time, so that the size of a record does not depend on chance.
        let entropy = u128::from_le_bytes(entropy) | 1 << 127;
        let mask_salt = if options.mask_ids {
            Some(random_bytes::<16>()?)
        } else {
            None
        };
        let server_id = options.server_id.unwrap_or_else(|| format!("server-{entropy:032x}"));
        let range = ENGINES_OF_THIS_PROCESS.fetch_add(1, Ordering::Relaxed);
        let (log, log_level) = options
            .log
            .map_or((None, None), |(sink, level)| (Some(sink), Some(level)));
        let core = Core::new(CoreOptions {
            server_id: server_id.clone(),
            entropy,
            seed,
            lease: options.lease,
            beat_interval: options.beat_interval.unwrap_or(options.lease / 12),
            predecessor_gone: options.predecessor_gone,
            request_timeout: options.request_timeout,
            max_in_flight: options.max_in_flight,
            first_change_id: (range << CHANGES_PER_ENGINE) + 1,
            log_level,
            bugs: crate::planted::Bugs::default(),
            max_requests_per_second: options.max_requests_per_second,
            mask_salt: mask_salt.map(u128::from_le_bytes),
        })?;
        Ok(Self {
            core: Mutex::new(core),
            stores: RwLock::default(),
            hosts: RwLock::default(),
            codecs: RwLock::default(),
            completions: Arc::default(),
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            log,
            artificial: Mutex::default(),
            pushes: Arc::default(),
            listeners: Mutex::default(),
            server_id,
            leases: Mutex::default(),
            inside: AtomicUsize::new(0),
        })
    }

    /// A bug has left the engine in an unknown state: whoever asks without its lock hears from now on that nothing is
    /// available.
    pub(crate) fn withdraw(&self) {
        self.leases.lock().iter().for_each(|lease| lease.withdraw());
    }

    /// The core, for all that needs no store, clock or callback. Do not hold it while calling anything else.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock()
    }

    /// The present time of the engine's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Adds a kind of record with its store and callbacks. Specs on the same store share one server record.
    ///
    /// # Errors
    /// As [`Core::add_store`] and [`Core::add_spec`].
    pub fn add_spec(&self, store: &Arc<dyn Store>, spec: Spec, host: Arc<dyn Host>) -> Result<SpecId, Error> {
        self.add(store, spec, host, None)
    }

    /// The same for a kind of record that is encoded on its way to the store. Records that are there already are read as
    /// they are, and written anew with their next save.
    ///
    /// # Errors
    /// As [`Engine::add_spec`]; [`ErrorKind::InvalidArgument`] for a codec with a bad name.
    pub fn add_encoded_spec(
        &self,
        store: &Arc<dyn Store>,
        spec: Spec,
        host: Arc<dyn Host>,
        codec: Arc<dyn Codec>,
    ) -> Result<SpecId, Error> {
        codec::check_name(codec.name())?;
        let spec = Spec { encoded: true, ..spec };
        self.add(store, spec, host, Some(codec))
    }

    fn add(
        &self,
        store: &Arc<dyn Store>,
        spec: Spec,
        host: Arc<dyn Host>,
        codec: Option<Arc<dyn Codec>>,
    ) -> Result<SpecId, Error> {
        let mut stores = self.stores.write();
        let mut hosts = self.hosts.write();
        let mut codecs = self.codecs.write();
        let mut core = self.core.lock();
        let known = stores.iter().position(|other| Arc::ptr_eq(other, store));
        let warnings = if known.is_none() { store.warnings() } else { Vec::new() };
        let store_id = match known {
            Some(index) => StoreId::at(index),
            None => {
                let id = core.add_store(store.abilities().clone())?;
                stores.push(Arc::clone(store));
                self.leases.lock().extend(core.lease_of(id));
                id
            }
        };
        let id = core.add_spec(store_id, spec)?;
        hosts.push(host);
        codecs.push(codec);
        drop((core, codecs, hosts, stores));
        if known.is_none() {
            self.listen(store_id, store);
        }
        for warning in warnings {
            self.log(Level::Warning, format_args!("{warning}"));
        }
        Ok(id)
    }

    fn listen(&self, id: StoreId, store: &Arc<dyn Store>) {
        let listener: Arc<dyn Listener> = StoreListener::new(id, &self.pushes);
        store.listen(&self.server_id, Arc::downgrade(&listener));
        self.listeners.lock().push(listener);
    }

    /// A handle on the locker of `key`. Asks the host for the default data.
    ///
    /// # Errors
    /// As [`Core::open_locker`], and what the host's callback returns.
    pub fn open_locker(&self, spec: SpecId, key: &str, tag: u64) -> Result<LockerId, Error> {
        let default = self.default_data(spec, key)?;
        self.core.lock().open_locker(spec, key, tag, default)
    }

    /// As [`Engine::open_locker`] for a player who is not real, such as a bot: all works as always, and nothing ever
    /// leaves the memory of this process.
    ///
    /// # Errors
    /// As [`Engine::open_locker`].
    pub fn open_artificial_locker(&self, spec: SpecId, key: &str, tag: u64) -> Result<LockerId, Error> {
        let twin = self.twin_of(spec)?;
        self.open_locker(twin, key, tag)
    }

    /// The spec that the host knows: itself, or the one whose artificial twin it is.
    #[must_use]
    pub fn original_of(&self, spec: SpecId) -> SpecId {
        let artificial = self.artificial.lock();
        let original = artificial.twins.iter().find(|(_, twin)| *twin == spec);
        original.map_or(spec, |(original, _)| *original)
    }

    fn twin_of(&self, spec: SpecId) -> Result<SpecId, Error> {
        let mut artificial = self.artificial.lock();
        if let Some((_, twin)) = artificial.twins.iter().find(|(original, _)| *original == spec) {
            return Ok(*twin);
        }
        let Some(host) = self.host(spec) else {
            return Err(Error::new(ErrorKind::InvalidHandle, "no such spec in this engine"));
        };
        let settings = self.core.lock().spec_settings(spec)?;
        let store = artificial.store.get_or_insert_with(|| Arc::new(MemoryStore::new()));
        let twin = self.add_spec(&Arc::clone(store), settings, host)?;
        artificial.twins.push((spec, twin));
        Ok(twin)
    }

    fn default_data(&self, spec: SpecId, key: &str) -> Result<Document, Error> {
        let Some(host) = self.host(spec) else {
            return Err(Error::new(ErrorKind::InvalidHandle, "no such spec in this engine"));
        };
        catch_unwind(AssertUnwindSafe(|| host.default_data(key)))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Callback, "default_data panicked")))
    }

    /// Sends a change to a record that may be held here, elsewhere or nowhere, or updates one that nobody holds. How it
    /// ended comes as an event.
    ///
    /// # Errors
    /// As [`Core::send_change`], and what the host's callback returns.
    pub fn send_change(&self, spec: SpecId, key: &str, sending: Sending) -> Result<(), Error> {
        let default = if sending.create || sending.update {
            Some(self.default_data(spec, key)?)
        } else {
            None
        };
        let wall_ms = self.clock.wall_ms();
        let mut core = self.core.lock();
        core.note_wall_time(wall_ms);
        core.send_change(spec, key, sending, default)
    }

    /// Queues a change for another record, which leaves with this one's data as one change.
    ///
    /// # Errors
    /// As [`Core::queue_change`].
    pub fn queue_change(&self, locker: LockerId, draft: Draft) -> Result<u64, Error> {
        let wall_ms = self.clock.wall_ms();
        let mut core = self.core.lock();
        core.note_wall_time(wall_ms);
        core.queue_change(locker, draft)
    }

    /// Looks at a record without taking it, or erases it. How it ended comes as an event.
    ///
    /// # Errors
    /// As [`Core::visit`], and what the host's callback returns.
    pub fn visit(&self, spec: SpecId, key: &str, purpose: Purpose, tag: u64) -> Result<(), Error> {
        let default = self.default_data(spec, key)?;
        self.core.lock().visit(spec, key, purpose, default, tag)
    }

    /// Takes the turn to update and to read events.
    ///
    /// # Errors
    /// [`ErrorKind::Reentrant`] inside a callback of this engine, [`ErrorKind::Busy`] while another thread has it.
    pub fn take_turn(&self) -> Result<Turn<'_>, Error> {
        let me = this_thread();
        match self
            .inside
            .compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) => Ok(Turn { engine: self }),
            Err(other) if other == me => Err(Error::new(
                ErrorKind::Reentrant,
                "not allowed inside a callback of the same engine",
            )),
            Err(_) => Err(Error::new(
                ErrorKind::Busy,
                "another thread is updating this engine or reading its events",
            )),
        }
    }

    /// Does what is due: beats first, at least one step, then for `budget` at most (zero: no limit). Never waits.
    ///
    /// # Errors
    /// As [`Engine::take_turn`].
    pub fn update(&self, budget: Duration) -> Result<(), Error> {
        let turn = self.take_turn()?;
        self.drive(&turn, budget, |core, now, wall_ms| core.poll(now, wall_ms));
        Ok(())
    }

    /// Does what is due for one locker, the beats included; true if that locker is idle then.
    ///
    /// # Errors
    /// As [`Engine::take_turn`]; [`ErrorKind::InvalidHandle`].
    pub fn update_locker(&self, locker: LockerId, budget: Duration) -> Result<bool, Error> {
        let turn = self.take_turn()?;
        self.core.lock().document(locker)?;
        self.drive(&turn, budget, |core, now, wall_ms| {
            core.poll_locker(now, wall_ms, locker)
        });
        let now = self.clock.now();
        let status = self.core.lock().status(now, locker)?;
        Ok(status.idle)
    }

    /// The next event; `None` if there is none.
    #[must_use]
    pub fn next_event(&self) -> Option<Event> {
        self.core.lock().next_event()
    }

    /// Somebody wrote under this key of this store: whoever here waits for it or holds it looks at once, that is in the
    /// next update.
    pub fn notify(&self, store: &Arc<dyn Store>, key: &Key) {
        let known = self.stores.read().iter().position(|other| Arc::ptr_eq(other, store));
        if let Some(index) = known {
            let now = self.clock.now();
            let store = StoreId::at(index);
            self.core.lock().notify(now, store, key);
        }
    }

    /// Adds a message of one's own to the log.
    pub fn log(&self, level: Level, text: std::fmt::Arguments<'_>) {
        let Some(log) = &self.log else {
            return;
        };
        let text = text.to_string();
        // Not waited for: a bug may be told of while the core is in use.
        let core = self.core.try_lock();
        let (wanted, masked) = match core.as_deref() {
            Some(core) => (core.logs(level), core.masked(&text, &[])),
            None => (true, "a message came while its ids could not be masked".to_owned()),
        };
        drop(core);
        if wanted {
            log.record(&self.record_of(level, &masked));
        }
    }

    fn record_of<'a>(&'a self, level: Level, text: &'a str) -> Record<'a> {
        Record {
            level,
            kind: Subject::Engine,
            server: &self.server_id,
            store: None,
            spec: None,
            key: None,
            epoch: None,
            cause: None,
            text,
            wall_ms: self.clock.wall_ms(),
        }
    }

    /// What was counted so far, and what there is now. Looks at each locker: for once in a while, not for each tick.
    #[must_use]
    pub fn metrics(&self) -> metrics::Metrics {
        let now = self.clock.now();
        self.core.lock().metrics(now)
    }

    /// Whether so many requests to this store fail that it is in a critical state; false for a store that no spec uses.
    #[must_use]
    pub fn is_store_critical(&self, store: &Arc<dyn Store>) -> bool {
        let known = self.stores.read().iter().position(|other| Arc::ptr_eq(other, store));
        known.is_some_and(|index| self.core.lock().is_store_critical(StoreId::at(index)))
    }

    /// Ends the engine's use of its stores and callbacks: requests without an answer are given up, and nothing is called
    /// any more. What is not saved is not saved.
    pub fn end(&self) {
        self.warn_of_lockers_left();
        self.listeners.lock().clear();
        self.completions.give_up_all();
        // Dropped when the locks are free again: a store may wait for its threads, and a host may call back.
        let stores = std::mem::take(&mut *self.stores.write());
        let hosts = std::mem::take(&mut *self.hosts.write());
        *self.artificial.lock() = Artificial::default();
        let codecs = std::mem::take(&mut *self.codecs.write());
        drop(stores);
        drop(hosts);
        drop(codecs);
    }

    fn warn_of_lockers_left(&self) {
        let left = self.core.lock().lockers_left();
        if left > 0 {
            let what = format_args!("engine ended while {left} lockers were not released; shut it down first");
            self.log(Level::Warning, what);
        }
    }

    fn drive(&self, _turn: &Turn<'_>, budget: Duration, poll: impl Fn(&mut Core, Time, i64) -> Option<Action>) {
        let until = (!budget.is_zero()).then(|| SystemClock.now().after(budget));
        let mut arrived: Vec<(RequestId, StoreResult)> = Vec::new();
        // For people: read once for all that is done now, and not at all if that is nothing.
        let mut read = None;
        let mut wall_ms = || *read.get_or_insert_with(|| self.clock.wall_ms());
        loop {
            self.take_pushes();
            if self.completions.take(&mut arrived) {
                self.complete(&mut arrived, wall_ms());
            }
            let now = self.clock.now();
            if !self.core.lock().has_work(now) {
                return;
            }
            let wall_ms = wall_ms();
            let (action, given_up, lines) = {
                let mut core = self.core.lock();
                let action = poll(&mut core, now, wall_ms);
                (action, core.take_given_up(), core.take_log())
            };
            for id in given_up {
                self.completions.give_up(id);
            }
            if let Some(log) = &self.log {
                for line in lines {
                    log.record(&line.record(&self.server_id, wall_ms));
                }
            }
            match action {
                None if self.completions.is_empty() => return,
                None | Some(Action::Yield) => {}
                Some(Action::Submit { store, id, request }) => self.submit(store, id, request),
                Some(Action::Call {
                    locker,
                    spec,
                    key,
                    tag,
                    call,
                }) => {
                    let about = About {
                        locker: Some(locker),
                        spec,
                        key,
                        tag,
                    };
                    if let Some(answer) = self.ask(&about, call) {
                        let now = self.clock.now();
                        self.core.lock().finish_call(now, locker, answer);
                    }
                }
                Some(Action::CallVisit { visit, spec, key, call }) => {
                    let about = About {
                        locker: None,
                        spec,
                        key,
                        tag: 0,
                    };
                    if let Some(answer) = self.ask(&about, call) {
                        let now = self.clock.now();
                        self.core.lock().finish_visit_call(now, visit, answer);
                    }
                }
            }
            if until.is_some_and(|until| SystemClock.now() >= until) {
                return;
            }
        }
    }

    fn complete(&self, arrived: &mut Vec<(RequestId, StoreResult)>, wall_ms: i64) {
        for (id, result) in arrived.drain(..) {
            let result = self.decoded(id, result);
            let now = self.clock.now();
            let mut core = self.core.lock();
            core.note_wall_time(wall_ms);
            core.complete(now, id, result);
        }
    }

    fn take_pushes(&self) {
        if !self.pushes.has_some() {
            return;
        }
        let pushes = self.pushes.take();
        let now = self.clock.now();
        let mut core = self.core.lock();
        for push in pushes {
            match push {
                Push::Changed(store, key) => core.notify(now, store, &key),
                Push::Missed(store) => core.notify_missed(now, store),
            }
        }
    }

    fn ask(&self, about: &About, call: HostCall) -> Option<CallAnswer> {
        let host = self.host(about.spec)?;
        Some(host::ask(host.as_ref(), about, call))
    }

    fn submit(&self, store: StoreId, id: RequestId, request: Request) {
        let store = self.stores.read().get(store.0 as usize).cloned();
        let Some(store) = store else {
            return;
        };
        let completion = self.completions.expect(id);
        let request = match self.encoded(id, store.as_ref(), request) {
            Ok(request) => request,
            Err(error) => return completion.complete(Err(error)),
        };
        // A completion that is dropped by a panic of the store answers "outcome unknown".
        let outcome = catch_unwind(AssertUnwindSafe(|| store.submit(request, completion)));
        if outcome.is_err() {
            let name = &store.abilities().name;
            self.log(Level::Error, format_args!("store `{name}` panicked"));
        }
    }

    /// The request as the store is to get it. The host's codec is called without a lock of ours.
    fn encoded(&self, id: RequestId, store: &dyn Store, request: Request) -> Result<Request, StoreError> {
        let Operation::Put { value, expected, hints } = &request.operation else {
            return Ok(request);
        };
        let codec = match request.key.kind {
            Kind::Record => self.codec_of(id).flatten(),
            Kind::Server => None,
        };
        let Some(codec) = codec else {
            return Ok(request);
        };
        let value = codec::encode(codec.as_ref(), value).map_err(StoreError::bad_request)?;
        let most = store.abilities().max_value_bytes;
        if value.len() as u64 > most {
            let text = format!(
                "the record of `{}` would be {} bytes when encoded, the store takes {most}",
                request.key,
                value.len()
            );
            return Err(StoreError::bad_request(text));
        }
        Ok(Request {
            operation: Operation::Put {
                value: value.into(),
                expected: expected.clone(),
                // Where the header ends cannot be told any more.
                hints: Hints {
                    announce: hints.announce.clone(),
                    ..Hints::default()
                },
            },
            key: request.key,
        })
    }

    /// The answer as the core is to get it: a record whose codec is known becomes what it was made of.
    fn decoded(&self, id: RequestId, result: StoreResult) -> StoreResult {
        let Ok(Reply::Found { value, version }) = &result else {
            return result;
        };
        if codec::form(value) == Form::Plain {
            return result;
        }
        let Some(own) = self.codec_of(id) else {
            return result;
        };
        match codec::decode(value, own.as_deref()) {
            Some(value) => Ok(Reply::Found {
                value: value.into(),
                version: version.clone(),
            }),
            None => result,
        }
    }

    /// How the record of a request is encoded; `None` if the request is about no record.
    fn codec_of(&self, id: RequestId) -> Option<Option<Arc<dyn Codec>>> {
        let spec = self.core.lock().spec_of_request(id)?;
        self.codecs.read().get(spec.0 as usize).cloned()
    }

    fn host(&self, spec: SpecId) -> Option<Arc<dyn Host>> {
        self.hosts.read().get(spec.0 as usize).cloned()
    }

    /// Saves and releases everything, ticking by itself until that is done or `patience` is over. Blocks; not for
    /// stores that need the calling thread. The events stay in the queue. True if nothing was left behind.
    ///
    /// # Errors
    /// As [`Engine::take_turn`].
    pub fn shutdown(&self, patience: Duration) -> Result<bool, Error> {
        // A call that is refused must not have begun anything.
        drop(self.take_turn()?);
        let now = self.clock.now();
        self.core.lock().begin_shutdown(now, patience);
        // The engine's own clock may stand still.
        let until = SystemClock.now().after(patience);
        loop {
            self.update(Duration::ZERO)?;
            let core = self.core.lock();
            if core.is_shut_down() {
                return Ok(core.lockers_left() == 0);
            }
            drop(core);
            if SystemClock.now() >= until {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let ended = self.stores.get_mut().is_empty();
        if !ended {
            self.end();
        }
    }
}

/// Names the calling thread among those that live, and is never 0. The standard library's id costs a count of references
/// each time.
fn this_thread() -> usize {
    thread_local! {
        static PLACE: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
    }
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|fault| {
        let text = format!("the system gives no random numbers: {fault}");
        Error::new(ErrorKind::Unsupported, text)
    })?;
    Ok(bytes)
}
