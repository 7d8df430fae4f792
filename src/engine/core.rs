//! The core of an engine: all its state machines, without any I/O.
//!
//! Whoever drives it tells the time and the answers of stores and host, and carries out the actions that come out:
//! the product does so in `engine/mod.rs`, the simulator in its own loop.

use super::availability::Session;
use super::beat::{Beat, BeatOptions};
use super::by_number::ByNumber;
use super::event::{place, Event, LockerId, SpecId, StoreId};
use super::health::Health;
use super::journal::Line;
use super::key_index::KeyIndex;
use super::metrics::{SpecCounters, StoreCounters};
use super::schedule::{Schedule, Window};
use super::timers::Timers;
use super::visit::{VisitId, VisitSlot};
use super::waking::Waking;
use super::watch::Watch;
use crate::clock::Time;
use crate::codec::MAX_DECODED_BYTES;
use crate::error::{Error, ErrorKind};
use crate::locker::call::HostCall;
use crate::locker::event::Event as LockerEvent;
use crate::locker::inputs::{Priority, Verdicts};
use crate::locker::{Locker, Spec, Watching};
use crate::log::Level;
use crate::planted::Bugs;
use crate::record::ledger::MOST_RECENT_RECEIPTS;
use crate::record::server::LEASE_RANGE;
use crate::record::stamp::OperationId;
use crate::record::Document;
use crate::store::{Abilities, Key, Kind, Request, RequestId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The longest server id, spec name and holder's name in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// The longest key in bytes.
pub const MAX_KEY_BYTES: usize = 512;
/// How many requests any store gets at once, unless the options say otherwise.
pub const LEAST_IN_FLIGHT: usize = 64;
/// A budget with less room than this in each beat interval would be used up by the beats.
pub const REQUESTS_PER_BEAT: u32 = 4;

/// Settings of a core.
#[derive(Clone, Debug)]
pub struct CoreOptions {
    /// The server's id: 1 to [`MAX_NAME_BYTES`] bytes, unique among living servers.
    pub server_id: String,
    /// Random, different for each engine that ever was: names its incarnations and operations.
    pub entropy: u128,
    /// Decides the jitter.
    pub seed: u64,
    /// How long the others must see no beat before they may declare this server dead.
    pub lease: Duration,
    /// The time between two beats: at most a third of the lease.
    pub beat_interval: Duration,
    /// The host vouches that no process that used this server id before is alive.
    pub predecessor_gone: bool,
    /// After this time without an answer the outcome of a request counts as unknown.
    pub request_timeout: Duration,
    /// How many requests a store gets at once, beats not counted; 0 for [`LEAST_IN_FLIGHT`], and more, up to what
    /// [`Abilities::at_once`] says, for a store that answers soon.
    pub max_in_flight: usize,
    /// The first change id.
    pub first_change_id: u64,
    /// The least important log level that is of interest; `None` for no log.
    pub log_level: Option<Level>,
    /// Deliberate faults, for tests.
    pub bugs: Bugs,
    /// How many requests each store gets in a second, with bursts of one second's worth; 0 for no limit. Beats are
    /// never held back, but count; there must be room for [`REQUESTS_PER_BEAT`] requests in each beat interval.
    pub max_requests_per_second: u32,
    /// Mask players' keys and the ids of purchases in the log, by digests with this secret.
    pub mask_salt: Option<u128>,
}

impl Default for CoreOptions {
    fn default() -> Self {
        let lease = Duration::from_secs(60);
        Self {
            server_id: String::new(),
            entropy: 0,
            seed: 0,
            lease,
            beat_interval: lease / 12,
            predecessor_gone: false,
            request_timeout: Duration::from_secs(30),
            max_in_flight: 0,
            first_change_id: 1,
            log_level: None,
            bugs: Bugs::default(),
            max_requests_per_second: 0,
            mask_salt: None,
        }
    }
}

/// What a core wants done.
#[derive(Debug)]
pub enum Action {
    /// Send a request to a store, and bring its answer back by [`Core::complete`].
    Submit {
        /// Which store.
        store: StoreId,
        /// Names the request.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// Ask the host, and bring its answer back by [`Core::finish_call`] before the next poll of this locker.
    Call {
        /// The locker.
        locker: LockerId,
        /// Its spec.
        spec: SpecId,
        /// Its key.
        key: Arc<str>,
        /// The host's tag.
        tag: u64,
        /// The question.
        call: HostCall,
    },
    /// Ask the host for a visit, and bring its answer back by [`Core::finish_visit_call`].
    CallVisit {
        /// The visit.
        visit: VisitId,
        /// The spec of the record.
        spec: SpecId,
        /// Its key.
        key: Arc<str>,
        /// The question.
        call: HostCall,
    },
    /// Nothing to carry out, but more is due: a chance to keep within a time budget.
    Yield,
}

pub(super) struct StoreSlot {
    pub abilities: Abilities,
    pub beat: Beat,
    pub watches: BTreeMap<Arc<str>, Watch>,
    pub schedule: Schedule,
    pub health: Health,
    pub counters: StoreCounters,
}

pub(super) struct SpecSlot {
    pub spec: Arc<Spec>,
    pub store: StoreId,
    pub counters: SpecCounters,
}

pub(super) struct LockerSlot {
    pub locker: Locker,
    pub spec: SpecId,
    pub store: StoreId,
    pub tag: u64,
    /// How many handles the host has; at zero the slot is freed as soon as the locker is idle.
    pub handles: u32,
    pub ready: bool,
    pub queued: Option<Priority>,
    pub wake_at: Option<Time>,
    pub request: Option<RequestId>,
    pub watching: Option<Box<Watching>>,
    pub idle: bool,
    /// Of the last session that was loaded.
    pub last_epoch: Option<u64>,
    /// Where somebody looks whether the session is available.
    pub session: Option<Session>,
}

pub(super) struct Slot {
    pub generation: u32,
    pub used: Option<Box<LockerSlot>>,
}

/// Who waits for the answer to a request.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Locker(LockerId, Priority),
    Beat(StoreId),
    Watch(StoreId, Arc<str>),
    Visit(VisitId, Priority),
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub store: StoreId,
    pub target: Target,
    /// Its number among the operations that are counted.
    pub operation: usize,
    pub sent: Time,
}

pub(super) struct Shutdown {
    pub deadline: Time,
    pub done: bool,
}

/// The state machines of one engine.
pub struct Core {
    pub(super) options: CoreOptions,
    pub(super) stores: Vec<StoreSlot>,
    pub(super) specs: Vec<SpecSlot>,
    pub(super) slots: Vec<Slot>,
    pub(super) free: Vec<u32>,
    pub(super) by_key: KeyIndex,
    pub(super) ready: VecDeque<u32>,
    pub(super) waking: VecDeque<Waking>,
    pub(super) timers: Timers,
    pub(super) in_flight: ByNumber<RequestId, InFlight>,
    pub(super) events: VecDeque<Event>,
    pub(super) verdicts: Verdicts,
    pub(super) rng: fastrand::Rng,
    pub(super) next_operation: u64,
    pub(super) next_request: u64,
    pub(super) next_change: u64,
    pub(super) busy_lockers: usize,
    pub(super) shutdown: Option<Shutdown>,
    pub(super) wall_ms: i64,
    pub(super) log: Vec<Line>,
    /// Requests that took too long, until the stores are told.
    pub(super) given_up: Vec<RequestId>,
    pub(super) visits: BTreeMap<VisitId, VisitSlot>,
    pub(super) ready_visits: VecDeque<VisitId>,
    /// One courier for each record to which something is on its way.
    pub(super) courier_of: HashMap<(SpecId, Arc<str>), VisitId>,
    pub(super) next_visit: VisitId,
    /// The number of the last change that the host sent.
    pub(super) last_sent: u64,
    /// The time of the last step.
    pub(super) now: Time,
}

impl Core {
    /// A core without stores.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] and [`ErrorKind::TooLong`] for settings outside their ranges.
    pub fn new(options: CoreOptions) -> Result<Self, Error> {
        check_name("server_id", &options.server_id, MAX_NAME_BYTES)?;
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        let (shortest, longest) = LEASE_RANGE;
        if options.lease < shortest || options.lease > longest {
            return invalid(format!(
                "lease {:?} is outside {shortest:?} to {longest:?}",
                options.lease
            ));
        }
        if options.beat_interval.is_zero() || options.beat_interval > options.lease / 3 {
            return invalid(format!(
                "beat_interval {:?} must be above zero and at most a third of the lease {:?}",
                options.beat_interval, options.lease
            ));
        }
        if options.request_timeout.is_zero() {
            return invalid("request_timeout must be above zero".into());
        }
        let budget = options.max_requests_per_second;
        if budget > 0 && options.beat_interval.saturating_mul(budget) < Duration::from_secs(REQUESTS_PER_BEAT.into()) {
            return invalid(format!(
                "max_requests_per_second {budget} leaves no room beside the beats: raise it, or beat_interval {:?}, until \
                 {REQUESTS_PER_BEAT} requests fit into one interval",
                options.beat_interval
            ));
        }
        Ok(Self {
            stores: Vec::new(),
            specs: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            by_key: KeyIndex::new(),
            ready: VecDeque::new(),
            waking: VecDeque::new(),
            timers: Timers::default(),
            in_flight: ByNumber::default(),
            events: VecDeque::new(),
            verdicts: Verdicts::default(),
            rng: fastrand::Rng::with_seed(options.seed),
            next_operation: 1,
            next_request: 1,
            next_change: options.first_change_id.max(1),
            busy_lockers: 0,
            shutdown: None,
            wall_ms: 0,
            log: Vec::new(),
            given_up: Vec::new(),
            visits: BTreeMap::new(),
            ready_visits: VecDeque::new(),
            courier_of: HashMap::new(),
            next_visit: 1,
            last_sent: 0,
            now: Time::default(),
            options,
        })
    }

    /// Adds a store, in which the engine registers at its next poll.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for a store without compare-and-set.
    pub fn add_store(&mut self, abilities: Abilities) -> Result<StoreId, Error> {
        if !abilities.compare_and_set {
            let text = format!(
                "store `{}` has no compare-and-set, without which no session is safe",
                abilities.name
            );
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        self.check_running()?;
        let beat = Beat::new(BeatOptions {
            server_id: self.options.server_id.as_str().into(),
            origin: self.options.entropy,
            lease: self.options.lease,
            interval: self.options.beat_interval,
            predecessor_gone: self.options.predecessor_gone,
            bugs: self.options.bugs,
        });
        let window = match self.options.max_in_flight {
            0 => Window::between(LEAST_IN_FLIGHT, abilities.at_once),
            given => Window::fixed(given),
        };
        let id = StoreId::at(self.stores.len());
        self.stores.push(StoreSlot {
            abilities,
            beat,
            watches: BTreeMap::new(),
            schedule: Schedule::new(window, self.options.max_requests_per_second),
            health: Health::default(),
            counters: StoreCounters::default(),
        });
        Ok(id)
    }

    /// Adds a kind of record. `spec.max_value_bytes` is brought down to what the store takes, or for one that is encoded,
    /// to what can be decoded again: whoever encodes checks what comes out.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if the store already has a spec of this name.
    pub fn add_spec(&mut self, store: StoreId, mut spec: Spec) -> Result<SpecId, Error> {
        self.check_running()?;
        check_name("name", &spec.name, MAX_NAME_BYTES)?;
        let Some(slot) = self.stores.get(store.0 as usize) else {
            return Err(Error::new(ErrorKind::InvalidHandle, "no such store in this engine"));
        };
        let taken = self
            .specs
            .iter()
            .any(|other| other.store == store && other.spec.name == spec.name);
        if taken {
            let text = format!(
                "this engine already has a spec `{}` on store `{}`",
                spec.name, slot.abilities.name
            );
            return Err(Error::new(ErrorKind::Exists, text));
        }
        if spec.retry_min.is_zero() || spec.retry_max < spec.retry_min {
            let text = format!(
                "spec `{}`: retry_min must be above zero and at most retry_max",
                spec.name
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if let Err(error) = spec.migrations.check(spec.schema) {
            let text = format!("spec `{}`: {}", spec.name, error.text());
            return Err(Error::new(error.kind(), text));
        }
        if spec.size_warning_percent > 100 || spec.max_value_bytes == 0 {
            let text = format!(
                "spec `{}`: size_warning_percent must be at most 100, max_value_bytes above zero",
                spec.name
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if !(1..=MOST_RECENT_RECEIPTS).contains(&spec.purchase_history) {
            let text = format!(
                "spec `{}`: purchase_history {} is outside 1 to {MOST_RECENT_RECEIPTS}",
                spec.name, spec.purchase_history
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let most = if spec.encoded {
            MAX_DECODED_BYTES as u64
        } else {
            slot.abilities.max_value_bytes
        };
        spec.max_value_bytes = spec.max_value_bytes.min(most);
        let id = SpecId::at(self.specs.len());
        let name = Arc::clone(&spec.name);
        self.specs.push(SpecSlot {
            spec: Arc::new(spec),
            store,
            counters: SpecCounters::default(),
        });
        self.deliver_waiting(&name);
        Ok(id)
    }

    /// A handle on the locker of `key`: a new one at rest, or the one that the engine has already. `default` is the
    /// data of a record that does not exist yet; it counts for a new locker only, like `tag`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] and [`ErrorKind::TooLong`] for a bad key.
    pub fn open_locker(&mut self, spec: SpecId, key: &str, tag: u64, default: Document) -> Result<LockerId, Error> {
        self.check_running()?;
        self.check_key(spec, key)?;
        let spec_slot = &self.specs[spec.0 as usize];
        if default.as_bytes().is_some() != spec_slot.spec.opaque {
            let text = format!(
                "spec `{}` and the default data of `{key}` differ on JSON or bytes",
                spec_slot.spec.name
            );
            return Err(Error::new(ErrorKind::WrongType, text));
        }
        let index = self.locker_index(spec, key, default.clone());
        let slot = &mut self.slots[index as usize];
        let id = LockerId {
            index,
            generation: slot.generation,
        };
        let mut held = None;
        if let Some(used) = &mut slot.used {
            if used.handles == 0 {
                used.tag = tag;
                used.locker.set_default(default);
                used.locker.set_closed(false);
                held = used.locker.editable_epoch();
            }
            used.handles += 1;
        }
        if let Some(epoch) = held {
            // A session that outlived its last handle, or was loaded after it: the new handle has not heard of it.
            self.tell(index, vec![LockerEvent::Loaded { epoch }]);
        }
        Ok(id)
    }

    /// The settings of a spec.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn spec_settings(&self, spec: SpecId) -> Result<Spec, Error> {
        let slot = self.specs.get(spec.0 as usize);
        let slot = slot.ok_or_else(|| Error::new(ErrorKind::InvalidHandle, "no such spec in this engine"))?;
        Ok((*slot.spec).clone())
    }

    /// A key that the spec's store can hold.
    pub(super) fn check_key(&self, spec: SpecId, key: &str) -> Result<Arc<str>, Error> {
        let Some(spec_slot) = self.specs.get(spec.0 as usize) else {
            return Err(Error::new(ErrorKind::InvalidHandle, "no such spec in this engine"));
        };
        let abilities = &self.stores[spec_slot.store.0 as usize].abilities;
        let longest = MAX_KEY_BYTES.min(abilities.max_key_bytes as usize);
        check_name("key", key, longest)?;
        Ok(key.into())
    }

    /// The slot of a key; a new one without handles if there is none.
    pub(super) fn locker_index(&mut self, spec: SpecId, key: &str, default: Document) -> u32 {
        if let Some(index) = self.by_key.find(&self.slots, spec, key) {
            return index;
        }
        let spec_slot = &self.specs[spec.0 as usize];
        let store_key = Key {
            kind: Kind::Record,
            space: Arc::clone(&spec_slot.spec.name),
            name: key.into(),
        };
        let mut locker = Locker::new(Arc::clone(&spec_slot.spec), store_key, default);
        locker.set_closed(true);
        let used = Box::new(LockerSlot {
            locker,
            spec,
            store: spec_slot.store,
            tag: 0,
            handles: 0,
            ready: false,
            queued: None,
            wake_at: None,
            request: None,
            watching: None,
            idle: true,
            last_epoch: None,
            session: None,
        });
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 1,
                used: None,
            });
            place(self.slots.len() - 1)
        });
        self.slots[index as usize].used = Some(used);
        self.by_key.insert(&self.slots, index);
        index
    }

    /// The next event; `None` if there is none.
    pub fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if event.is_none() {
            give_room_back(&mut self.events);
        }
        event
    }

    /// Whether requests of this engine are out.
    #[must_use]
    pub fn requests_in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// How many lockers are held, wanted or under way.
    #[must_use]
    pub fn lockers_left(&self) -> usize {
        self.busy_lockers
    }

    /// The requests that were given up since the last call, because their answers took too long.
    pub fn take_given_up(&mut self) -> Vec<RequestId> {
        std::mem::take(&mut self.given_up)
    }

    /// An operation id that was never used.
    pub(super) fn new_operation(&mut self) -> OperationId {
        let number = self.next_operation;
        self.next_operation += 1;
        OperationId {
            origin: self.options.entropy,
            number,
        }
    }

    pub(super) fn new_change(&mut self) -> u64 {
        let change = self.next_change;
        self.next_change += 1;
        change
    }

    pub(super) fn check_running(&self) -> Result<(), Error> {
        if self.shutdown.is_some() {
            return Err(Error::new(ErrorKind::ShuttingDown, "the engine is shutting down"));
        }
        Ok(())
    }
}

/// Gives back what an empty queue no longer needs.
pub(super) fn give_room_back<T>(queue: &mut VecDeque<T>) {
    const KEPT: usize = 1024;
    if queue.is_empty() && queue.capacity() > KEPT {
        queue.shrink_to(KEPT);
    }
}

/// Checks a name that goes into keys and records.
pub(super) fn check_name(what: &str, name: &str, longest: usize) -> Result<(), Error> {
    if name.is_empty() || name.contains('\0') {
        let text = format!("{what} must not be empty or contain a NUL character");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    if name.len() > longest {
        let text = format!("{what} has {} bytes, at most {longest} are allowed", name.len());
        return Err(Error::new(ErrorKind::TooLong, text));
    }
    Ok(())
}
