//! `slk_engine`: one game server.

use super::callback;
use super::event::Shown;
use super::handle::{slk_engine, slk_locker, slk_spec};
use super::host::{
    self, slk_clock, slk_destroy, slk_log, slk_log_structured, slk_wall_clock, Glance, HostClock, HostLog, UserData,
};
use super::options::{self, Options};
use super::panic::{self, Guard};
use super::result::*;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_NAME_BYTES};
use super::version::SLK_ABI_VERSION;
use super::{locker, spec};
use crate::clock::Time;
use crate::engine::{Engine, EngineOptions, LockerId, SpecId};
use crate::log::Level;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Duration;

/// The host vouches that no process that used this server id before is alive: its sessions are free at once, instead of
/// after one lease.
pub const SLK_ENGINE_PREDECESSOR_GONE: u32 = 1;

/// How an engine is set up. Begin with `SLK_ENGINE_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_engine_options {
    /// The size of this struct, set by `SLK_ENGINE_OPTIONS_INIT`.
    pub struct_size: u32,
    /// `SLK_ABI_VERSION` of the header, set by `SLK_ENGINE_OPTIONS_INIT`.
    pub abi_version: u32,
    /// This server's id, unique among living servers, 1 to `SLK_MAX_NAME_BYTES`; copied. NULL: a random one.
    pub server_id: *const c_char,
    /// How long others must see no sign of life before they may declare this server dead: 500 to 3,600,000. 0: 60,000.
    pub lease_ms: u32,
    /// The time between two signs of life, at most a third of the lease. 0: a twelfth of the lease.
    pub beat_interval_ms: u32,
    /// After this time without an answer from the store, the outcome of a request counts as unknown. 0: 30,000.
    pub request_timeout_ms: u32,
    /// How many requests a store gets at once. 0: 64, and up to four batches if the store has batches and answers soon.
    pub max_requests_in_flight: u32,
    /// `SLK_ENGINE_PREDECESSOR_GONE` or 0.
    pub flags: u32,
    /// The least important level that `log` and `log_record` get: `SLK_LOG_ERROR` to `SLK_LOG_DEBUG`. 0: none.
    pub log_level: i32,
    /// The steady clock; NULL: the system's. A clock of your own lets a test run an hour in a millisecond.
    pub clock: slk_clock,
    /// The wall clock; NULL: the system's.
    pub wall_clock: slk_wall_clock,
    /// Takes messages; NULL: nobody does. The library prints nothing by itself.
    pub log: slk_log,
    /// Given to `clock`, `wall_clock`, `log`, `log_record` and `destroy`.
    pub user_data: *mut c_void,
    /// Called exactly once, when the engine is gone; none of the callbacks above follows. May be NULL.
    pub destroy: slk_destroy,
    /// How many requests each store gets in a second, with bursts of one second's worth; what would be lost first goes
    /// first. Signs of life are never held back, but count: at least 4 requests must fit into `beat_interval_ms`.
    /// 0: no limit.
    pub max_requests_per_second: u32,
    /// 1: players' keys and the ids of purchases stand in the log as short digests with a secret of this engine. Events and
    /// error texts have them all the same. 0: they stand there as they are.
    pub mask_ids: i32,
    /// Takes messages with their fields, beside `log` or instead of it; NULL: nobody does.
    pub log_record: slk_log_structured,
    /// For tests that are to run the same way each time: decides the jitter of waits and periods. 0: random.
    pub seed: u64,
}

// SAFETY: repr(C), begins with its size; null pointers, missing functions and zeros are valid; these are all fields.
unsafe impl Options for slk_engine_options {
    const NAME: &'static str = "slk_engine_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_engine_options, struct_size),
        offset_of!(slk_engine_options, abi_version),
        offset_of!(slk_engine_options, server_id),
        offset_of!(slk_engine_options, lease_ms),
        offset_of!(slk_engine_options, beat_interval_ms),
        offset_of!(slk_engine_options, request_timeout_ms),
        offset_of!(slk_engine_options, max_requests_in_flight),
        offset_of!(slk_engine_options, flags),
        offset_of!(slk_engine_options, log_level),
        offset_of!(slk_engine_options, clock),
        offset_of!(slk_engine_options, wall_clock),
        offset_of!(slk_engine_options, log),
        offset_of!(slk_engine_options, user_data),
        offset_of!(slk_engine_options, destroy),
        offset_of!(slk_engine_options, max_requests_per_second),
        offset_of!(slk_engine_options, mask_ids),
        offset_of!(slk_engine_options, log_record),
        offset_of!(slk_engine_options, seed),
    ];
}

static ENGINES: Table<EngineObject> = Table::new(Type::Engine);

/// An engine and what hangs on it.
pub(super) struct EngineObject {
    engine: Engine,
    guard: Guard,
    /// Where the engine reads the time, without the way through it.
    clock: Glance,
    /// The handles that the host has; `None` once the engine was destroyed.
    handles: Mutex<Option<Handles>>,
    /// What the views of the last events point to.
    pub shown: Mutex<Shown>,
}

/// The handles of what an engine has made. In order, so that equal runs end them equally: the numbers of later handles
/// depend on which places became free last.
#[derive(Default)]
struct Handles {
    specs: Vec<(SpecId, u64)>,
    /// By the places of the lockers in the engine.
    lockers: Vec<OfLocker>,
    /// Those of lockers that were marked as deleted: all that they can do is to end.
    deleted: BTreeSet<u64>,
}

/// The handles of one locker.
#[derive(Default)]
struct OfLocker {
    id: Option<LockerId>,
    /// 0 if there is none.
    oldest: u64,
    /// Few games have more than one.
    others: Vec<u64>,
}

impl Handles {
    fn add_locker(&mut self, id: LockerId, locker: u64) {
        if self.lockers.len() <= id.place() {
            self.lockers.resize_with(id.place() + 1, OfLocker::default);
        }
        let of_locker = &mut self.lockers[id.place()];
        if of_locker.id != Some(id) {
            // Those of a locker that had this place before have ended with it.
            *of_locker = OfLocker {
                id: Some(id),
                ..OfLocker::default()
            };
        }
        if of_locker.oldest == 0 {
            of_locker.oldest = locker;
        } else {
            of_locker.others.push(locker);
        }
    }

    /// The oldest handle of a locker; 0 if there is none.
    fn of_locker(&self, id: LockerId) -> u64 {
        let of_locker = self.lockers.get(id.place());
        of_locker.filter(|it| it.id == Some(id)).map_or(0, |it| it.oldest)
    }

    /// False if it was not there.
    fn take_locker(&mut self, id: LockerId, locker: u64) -> bool {
        let of_locker = self.lockers.get_mut(id.place());
        let Some(of_locker) = of_locker.filter(|it| it.id == Some(id)) else {
            return false;
        };
        if of_locker.oldest == locker {
            let has_others = !of_locker.others.is_empty();
            of_locker.oldest = if has_others { of_locker.others.remove(0) } else { 0 };
            return true;
        }
        let before = of_locker.others.len();
        of_locker.others.retain(|other| *other != locker);
        of_locker.others.len() < before
    }
}

impl EngineObject {
    /// The engine's steady time.
    #[inline(always)]
    pub fn glance(&self) -> Time {
        self.clock.glance()
    }

    /// Works with the engine, unless an earlier bug has left it in an unknown state.
    pub fn run<'s, R>(&'s self, body: impl FnOnce(&'s Engine) -> Result<R, Failure>) -> Result<R, Failure> {
        let report = |words: &str| {
            self.engine.withdraw();
            self.engine.log(Level::Error, format_args!("{words}"));
        };
        self.guard.run(report, || body(&self.engine))
    }

    /// Remembers the handle of a spec, so that it dies with the engine. False if the engine is gone already.
    pub fn add_spec(&self, id: SpecId, spec: u64) -> bool {
        let mut handles = self.handles.lock();
        let Some(handles) = &mut *handles else {
            return false;
        };
        handles.specs.push((id, spec));
        true
    }

    /// The same for a locker.
    pub fn add_locker(&self, id: LockerId, locker: u64) -> bool {
        let mut handles = self.handles.lock();
        let Some(handles) = &mut *handles else {
            return false;
        };
        handles.add_locker(id, locker);
        true
    }

    /// The host's handle of a spec, or of the one whose artificial twin it is; null if it has none.
    pub fn handle_of_spec(&self, id: SpecId) -> slk_spec {
        let id = self.engine.original_of(id);
        let handles = self.handles.lock();
        let specs = handles.as_ref().map_or(&[][..], |handles| &handles.specs);
        let handle = specs.iter().find(|(spec, _)| *spec == id);
        slk_spec {
            id: handle.map_or(0, |(_, handle)| *handle),
        }
    }

    pub fn remove_spec(&self, spec: u64) {
        if let Some(handles) = &mut *self.handles.lock() {
            handles.specs.retain(|(_, other)| *other != spec);
        }
    }

    pub fn remove_locker(&self, id: LockerId, locker: u64) {
        if let Some(handles) = &mut *self.handles.lock() {
            handles.take_locker(id, locker);
            handles.deleted.remove(&locker);
        }
    }

    /// The locker of this handle was marked as deleted: no event names the handle any more, but it dies with the engine.
    pub fn retire_locker(&self, id: LockerId, locker: u64) {
        if let Some(handles) = &mut *self.handles.lock() {
            // Another thread may have destroyed it meanwhile.
            if handles.take_locker(id, locker) {
                handles.deleted.insert(locker);
            }
        }
    }

    /// The host's oldest handle of a locker; null if it has none.
    pub fn handle_of(&self, id: LockerId) -> slk_locker {
        let handles = self.handles.lock();
        slk_locker {
            id: handles.as_ref().map_or(0, |handles| handles.of_locker(id)),
        }
    }

    /// Ends all handles of what the engine has made.
    fn end_handles(&self) {
        let Some(handles) = self.handles.lock().take() else {
            return;
        };
        let of_lockers = handles.lockers.into_iter();
        let living = of_lockers.flat_map(|it| std::iter::once(it.oldest).chain(it.others));
        for locker in living.filter(|locker| *locker != 0).chain(handles.deleted) {
            locker::forget(locker);
        }
        for (_, spec) in handles.specs {
            spec::forget(spec);
        }
    }
}

/// The engine of a handle.
#[inline]
pub(super) fn get(handle: slk_engine) -> Result<Arc<EngineObject>, Failure> {
    ENGINES.find(handle.id).ok_or_else(|| ENGINES.invalid(handle.id).into())
}

/// Makes an engine: one game server with its lockers, its clock and its event queue. A process may have several.
///
/// Parameters:
///   `options`: how to set it up; copied.
///   `engine`: receives the handle, to be ended by `slk_engine_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: made.
///   `SLK_E_ABI`: the header does not fit the library.
///   `SLK_E_INVALID_ARGUMENT`: NULL, or an option outside its range; the text says which.
///   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and of the server id.
///   `SLK_E_UNSUPPORTED`: the system gives no random numbers.
/// On failure `user_data` stays yours and `destroy` is not called.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_create(options: *const slk_engine_options, engine: *mut slk_engine) -> slk_result {
    panic::enter("slk_engine_create", || {
        text::required(engine, "engine")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(engine, slk_engine::default()) };
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read(options) }?;
        if given.abi_version != SLK_ABI_VERSION {
            let text = format!(
                "the program was compiled for the binary interface {}, this library has {SLK_ABI_VERSION}: \
                 use the header and the library of one release, and begin with SLK_ENGINE_OPTIONS_INIT",
                given.abi_version
            );
            return Err(Failure::new(SLK_E_ABI, text));
        }
        let user_data = Arc::new(UserData::new(given.user_data));
        // SAFETY: the server id is null or a string, as the caller promises.
        let engine_options = unsafe { engine_options_of(&given, &user_data) }?;
        let clock = Glance::new(given.clock, &user_data);
        let id = ENGINES.insert(Arc::new(EngineObject {
            engine: Engine::new(engine_options)?,
            guard: Guard::default(),
            clock,
            handles: Mutex::new(Some(Handles::default())),
            shown: Mutex::default(),
        }))?;
        user_data.take_over(given.destroy);
        // SAFETY: as above.
        unsafe { text::put(engine, slk_engine { id }) };
        Ok(SLK_OK)
    })
}

/// # Safety
/// The server id is null or a string with a NUL.
unsafe fn engine_options_of(given: &slk_engine_options, user_data: &Arc<UserData>) -> Result<EngineOptions, Failure> {
    // SAFETY: as the caller promises.
    let server_id = unsafe { text::optional_string(given.server_id, "server_id", SLK_MAX_NAME_BYTES) }?;
    if given.flags & !SLK_ENGINE_PREDECESSOR_GONE != 0 {
        return Err(Failure::argument(format!(
            "flags {:#x} has bits that mean nothing",
            given.flags
        )));
    }
    let mut options = EngineOptions {
        server_id: server_id.map(str::to_owned),
        predecessor_gone: given.flags & SLK_ENGINE_PREDECESSOR_GONE != 0,
        seed: (given.seed != 0).then_some(given.seed),
        ..EngineOptions::default()
    };
    let millis = |value: u32| (value != 0).then(|| Duration::from_millis(value.into()));
    options.lease = millis(given.lease_ms).unwrap_or(options.lease);
    options.beat_interval = millis(given.beat_interval_ms);
    options.request_timeout = millis(given.request_timeout_ms).unwrap_or(options.request_timeout);
    if given.max_requests_in_flight != 0 {
        options.max_in_flight = given.max_requests_in_flight as usize;
    }
    options.max_requests_per_second = given.max_requests_per_second;
    options.mask_ids = match given.mask_ids {
        0 => false,
        1 => true,
        other => return Err(Failure::argument(format!("mask_ids {other} is neither 0 nor 1"))),
    };
    if given.clock.is_some() || given.wall_clock.is_some() {
        options.clock = Some(Arc::new(HostClock {
            steady: given.clock,
            wall: given.wall_clock,
            user_data: Arc::clone(user_data),
        }));
    }
    options.log = log_of(given, user_data)?;
    Ok(options)
}

type Log = Option<(Arc<dyn crate::log::LogSink>, Level)>;

fn log_of(given: &slk_engine_options, user_data: &Arc<UserData>) -> Result<Log, Failure> {
    if given.log_level == 0 {
        return Ok(None);
    }
    let Some(level) = host::level_of(given.log_level) else {
        return Err(Failure::argument(format!("log_level {} is no level", given.log_level)));
    };
    let (log, record) = (given.log, given.log_record);
    if log.is_none() && record.is_none() {
        return Err(Failure::argument("log_level is set, but log and log_record are NULL"));
    }
    let user_data = Arc::clone(user_data);
    Ok(Some((Arc::new(HostLog { log, record, user_data }), level)))
}

/// Fills the struct with defaults, as `SLK_ENGINE_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size; `abi_version`: `SLK_ABI_VERSION` of the header that the caller
/// was made from.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_engine_options_init(
    options: *mut slk_engine_options,
    size: usize,
    abi_version: u32,
) -> slk_result {
    panic::enter("slk_engine_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        if size >= offset_of!(slk_engine_options, server_id) {
            // SAFETY: not null, and large enough for the field.
            unsafe { (&raw mut (*options).abi_version).write(abi_version) };
        }
        Ok(SLK_OK)
    })
}

/// Ends an engine at once, and all that it made: handles of its specs and lockers die, nothing of it is called any more.
/// What is not saved is not saved, and its sessions stay locked until the lease is over: use `slk_engine_begin_shutdown`
/// or `slk_engine_shutdown` before.
///
/// Requests that asynchronous stores have not answered stay valid until they are completed or abandoned; `cancel` asks
/// for that.
///
/// Parameters: `engine`: an engine, or the null handle, which does nothing.
/// Returns:
///   `SLK_OK`: ended, or null.
///   `SLK_E_INVALID_HANDLE`: no living engine.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
/// Thread: any. Blocks: where the engine was the last user of a store, until the store's threads have done the requests
/// that they were given; a blocking callback that never returns makes it wait for ever. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_engine_destroy(engine: slk_engine) -> slk_result {
    panic::enter("slk_engine_destroy", || {
        callback::refuse_inside()?;
        if engine == slk_engine::default() {
            return Ok(SLK_OK);
        }
        let object = ENGINES.get(engine.id)?;
        // Kept to the end: whoever came in with the handle before cannot begin to update any more.
        let _turn = object.engine.take_turn()?;
        ENGINES.remove(engine.id)?;
        object.end_handles();
        object.shown.lock().clear();
        object.engine.end();
        Ok(SLK_OK)
    })
}

/// Does what is due: takes what the stores answered, sends signs of life, loads, saves and releases, calls callbacks,
/// makes events. Never waits; what it costs follows what is due, not how many lockers there are.
///
/// Parameters:
///   `engine`: the engine.
///   `budget_us`: stop after this many microseconds of the system's time; at least one step is done. 0: no limit.
/// Returns:
///   `SLK_OK`: done, or as much as the budget allowed.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// The views of the last event end.
/// Thread: one at a time. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_engine_update(engine: slk_engine, budget_us: u32) -> slk_result {
    panic::enter("slk_engine_update", || {
        callback::refuse_inside()?;
        let object = get(engine)?;
        object.run(|engine| Ok(engine.update(Duration::from_micros(budget_us.into()))?))?;
        Ok(SLK_OK)
    })
}

/// Counts the purchases and uses of credit of all lockers that are not answered yet: at zero a shutdown interrupts none.
/// One that is interrupted is answered `SLK_NOT_PROCESSED`, and has no effect until the platform sends it again.
///
/// Parameters:
///   `engine`: the engine.
///   `count`: receives how many.
/// Returns:
///   `SLK_OK`: counted.
///   `SLK_E_INVALID_ARGUMENT`: `count` is NULL.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_purchases_in_progress(engine: slk_engine, count: *mut u64) -> slk_result {
    panic::enter("slk_engine_purchases_in_progress", || {
        text::required(count, "count")?;
        let object = get(engine)?;
        let number = object.run(|engine| Ok(engine.core().purchases_in_progress()))?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(count, number as u64) };
        Ok(SLK_OK)
    })
}

/// Begins to save and release everything, what would be lost first. Go on updating and reading events until
/// `SLK_EVENT_SHUTDOWN_DONE`. Lockers cannot be created or marked as wanted any more. Calling it again can only bring the
/// deadline nearer.
///
/// Parameters:
///   `engine`: the engine.
///   `deadline_ms`: after this time it is over at the latest; each locker that did not make it has an event of its own.
/// Returns:
///   `SLK_OK`: begun.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_engine_begin_shutdown(engine: slk_engine, deadline_ms: u32) -> slk_result {
    panic::enter("slk_engine_begin_shutdown", || {
        callback::refuse_inside()?;
        let object = get(engine)?;
        object.run(|engine| {
            let now = engine.now();
            engine
                .core()
                .begin_shutdown(now, Duration::from_millis(deadline_ms.into()));
            Ok(())
        })?;
        Ok(SLK_OK)
    })
}

/// Saves and releases everything, updating by itself until that is done or the deadline is over. The events stay in the
/// queue. For programs whose store does not need the calling thread; else use `slk_engine_begin_shutdown`.
///
/// Parameters:
///   `engine`: the engine.
///   `deadline_ms`: return after this time at the latest.
/// Returns:
///   `SLK_OK`: everything was saved and released.
///   `SLK_PENDING`: the deadline is over, and something was left behind.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: one at a time. Blocks: up to `deadline_ms`. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_engine_shutdown(engine: slk_engine, deadline_ms: u32) -> slk_result {
    panic::enter("slk_engine_shutdown", || {
        callback::refuse_inside()?;
        let object = get(engine)?;
        let all = object.run(|engine| Ok(engine.shutdown(Duration::from_millis(deadline_ms.into()))?))?;
        Ok(if all { SLK_OK } else { SLK_PENDING })
    })
}

/// Counts what the game has asked for on records that are not held, and what has not been answered yet: changes that it
/// sent, updates, looks and erasing. A shutdown waits for them until its deadline.
///
/// Parameters:
///   `engine`: the engine.
///   `count`: receives their number.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was
/// caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_visits_in_progress(engine: slk_engine, count: *mut u64) -> slk_result {
    panic::enter("slk_engine_visits_in_progress", || {
        text::required(count, "count")?;
        let object = get(engine)?;
        let number = object.run(|engine| Ok(engine.core().visits_in_progress()))?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(count, number as u64) };
        Ok(SLK_OK)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locker::Spec;
    use crate::record::Document;
    use crate::store::memory::MemoryStore;
    use crate::store::Store;

    #[test]
    fn the_oldest_handle_of_a_locker_stands_for_it() {
        let mut core = crate::engine::core::Core::new(crate::engine::core::CoreOptions {
            server_id: "a".into(),
            ..Default::default()
        })
        .unwrap();
        let store = core.add_store(MemoryStore::new().abilities().clone()).unwrap();
        let spec = core.add_spec(store, Spec::named("player")).unwrap();
        let mut open = |key: &str| core.open_locker(spec, key, 0, Document::default()).unwrap();
        let (a, b) = (open("a"), open("b"));
        let mut handles = Handles::default();
        handles.add_locker(b, 20);
        handles.add_locker(a, 10);
        handles.add_locker(b, 21);
        handles.add_locker(b, 22);
        assert_eq!((handles.of_locker(a), handles.of_locker(b)), (10, 20));
        assert!(handles.take_locker(b, 20) && !handles.take_locker(b, 20));
        assert_eq!(handles.of_locker(b), 21);
        assert!(handles.take_locker(b, 22) && !handles.take_locker(a, 21));
        assert_eq!((handles.of_locker(a), handles.of_locker(b)), (10, 21));
        assert!(handles.take_locker(b, 21) && handles.take_locker(a, 10));
        assert_eq!((handles.of_locker(a), handles.of_locker(b)), (0, 0));
    }
}
