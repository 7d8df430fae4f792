//! `slk_locker`: the state machine of one record.

use super::callback;
use super::data::Data;
use super::engine::EngineObject;
use super::event::{change_result, load_number};
use super::handle::{slk_locker, slk_spec};
use super::panic;
use super::result::*;
use super::spec;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::engine::{Availability, Engine, LockerId, LockerStatus};
use crate::error::Error;
use crate::locker::event::LoadStatus;
use crate::locker::HandoverAnswer;
use crate::record::Document;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// Let the other server have the record when `delay_ms` have passed.
pub const SLK_ANSWER_GIVE: i32 = 1;
/// Keep the record; the other server is told.
pub const SLK_ANSWER_REFUSE: i32 = 2;

/// Where a locker stands.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_locker_status {
    /// One of `SLK_LOAD_`.
    pub load: i32,
    /// For `SLK_LOAD_LOCKED_ELSEWHERE`: 1 if the other server has refused to let go.
    pub refused: i32,
    /// For `SLK_LOAD_LOCKED_ELSEWHERE`: since when, in milliseconds since 1970-01-01 UTC by that server's clock.
    pub since_ms: i64,
    /// The fencing token of the session; 0 if there is none.
    pub epoch: u64,
    /// The last change made here; 0 if none was.
    pub latest_change: u64,
    /// All changes of the session up to this one are saved.
    pub saved_change: u64,
    /// How many purchases are not answered yet.
    pub purchases_in_progress: u64,
    /// 1 if the session is surely ours now.
    pub available: i32,
    /// 1 if some part of the game wants the record.
    pub wanted: i32,
    /// 1 if the session has changes that are not saved.
    pub dirty: i32,
    /// 1 if nothing is held, wanted or under way.
    pub idle: i32,
    /// How many changes that others sent wait to be applied.
    pub incoming_changes: u64,
    /// How many changes of this record are on their way to others.
    pub outgoing_changes: u64,
}

static LOCKERS: Table<LockerObject> = Table::new(Type::Locker);

/// A handle that the host has of a locker.
pub(super) struct LockerObject {
    engine: Arc<EngineObject>,
    id: LockerId,
    deleted: AtomicBool,
    availability: Availability,
}

impl LockerObject {
    /// Whether the session is surely ours, asked without waiting for the engine. False where it is not, and where only the
    /// long way can say why.
    #[inline(always)]
    fn is_surely_available(&self) -> bool {
        self.availability.is_sure(self.engine.glance())
    }

    /// What stays behind the handle of a locker that was marked as deleted: it knows so, and is never available.
    fn deleted(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            id: self.id,
            deleted: AtomicBool::new(true),
            availability: Availability::never(),
        }
    }

    /// Works with the locker.
    pub fn run<'s, R>(&'s self, body: impl FnOnce(&'s Engine, LockerId) -> Result<R, Failure>) -> Result<R, Failure> {
        if self.deleted.load(Ordering::Acquire) {
            let text = "the locker was marked as deleted; all that can be done is to destroy it";
            return Err(Failure::new(SLK_E_DELETED, text));
        }
        self.engine.run(|engine| body(engine, self.id))
    }

    /// Changes the data. That a callback has them just now is a state and no error.
    pub fn change<R>(&self, body: impl FnOnce(&Engine, LockerId) -> Result<R, Error>) -> Result<R, Failure> {
        self.run(|engine, id| {
            body(engine, id).map_err(|error| {
                let failure = Failure::from(error);
                match failure.result {
                    SLK_E_BUSY => Failure::new(SLK_BUSY, failure.text),
                    _ => failure,
                }
            })
        })
    }

    fn status(&self) -> Result<LockerStatus, Failure> {
        self.run(|engine, id| {
            let now = engine.now();
            let status = engine.core().status(now, id)?;
            Ok(status)
        })
    }
}

impl Data for Arc<LockerObject> {
    fn read<R>(&self, look: impl FnOnce(&Document) -> Result<R, Failure>) -> Result<R, Failure> {
        self.run(|engine, id| {
            // A copy costs nothing, and leaves the engine free while the host's question is answered.
            let document = engine.core().document(id)?.clone();
            look(&document)
        })
    }

    fn edit(&self, change: impl FnOnce(&mut Document) -> Result<(), Error>) -> Result<u64, Failure> {
        LockerObject::change(self, |engine, id| {
            let ((), number) = engine.core().edit(id, change)?;
            Ok(number)
        })
    }
}

/// The locker of a handle.
#[inline(always)]
pub(super) fn get(handle: slk_locker) -> Result<Arc<LockerObject>, Failure> {
    LOCKERS.find(handle.id).ok_or_else(|| LOCKERS.invalid(handle.id).into())
}

/// The engine of this locker is gone.
pub(super) fn forget(handle: u64) {
    // The host may have destroyed it at the same moment.
    let _ = LOCKERS.remove(handle);
}

/// Makes a locker for a key. It is at rest until it is marked as wanted. A second locker for a key of the same spec is
/// another handle on the same session; joining again during a release calls the release off or follows it.
///
/// Parameters:
///   `spec`: the kind of record.
///   `key`: the record's key, such as the player's id; up to `SLK_MAX_KEY_BYTES`.
///   `user_tag`: comes back in each event; that of the first living handle of a key counts.
///   `locker`: receives the handle, to be ended by `slk_locker_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: made.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key, or `locker` is NULL.
///   `SLK_E_CALLBACK`: `default_data_for` refused.
///   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_create(
    spec: slk_spec,
    key: *const c_char,
    user_tag: u64,
    locker: *mut slk_locker,
) -> slk_result {
    panic::enter("slk_locker_create", || {
        text::required(locker, "locker")?;
        // SAFETY: strings and places, or NULL, as the caller promises.
        unsafe { create(spec, key, user_tag, locker, false) }
    })
}

/// Makes a locker for a player who is not real, such as a bot or a player of a test: it loads the default data, saves,
/// buys and sends as any other, and nothing of it ever leaves the memory of this process. Its data are gone with the
/// engine. Its key names another record than the same key of a real player.
///
/// Parameters, results: as for `slk_locker_create`.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_create_artificial(
    spec: slk_spec,
    key: *const c_char,
    user_tag: u64,
    locker: *mut slk_locker,
) -> slk_result {
    panic::enter("slk_locker_create_artificial", || {
        text::required(locker, "locker")?;
        // SAFETY: strings and places, or NULL, as the caller promises.
        unsafe { create(spec, key, user_tag, locker, true) }
    })
}

/// # Safety
/// `key` is null or a string with a NUL; `locker` is writable.
unsafe fn create(
    spec: slk_spec,
    key: *const c_char,
    user_tag: u64,
    locker: *mut slk_locker,
    artificial: bool,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    unsafe { text::put(locker, slk_locker::default()) };
    let spec = spec::get(spec)?;
    // SAFETY: as the caller promises.
    let key = unsafe { text::string(key, "key", SLK_MAX_KEY_BYTES) }?;
    let engine = Arc::clone(&spec.engine);
    let (id, availability) = engine.run(|engine| {
        let id = if artificial {
            engine.open_artificial_locker(spec.id, key, user_tag)?
        } else {
            engine.open_locker(spec.id, key, user_tag)?
        };
        Ok((id, engine.core().availability(id)?))
    })?;
    let object = Arc::new(LockerObject {
        engine: Arc::clone(&engine),
        id,
        deleted: AtomicBool::new(false),
        availability,
    });
    let handle = LOCKERS.insert(object)?;
    if !engine.add_locker(id, handle) {
        forget(handle);
        return Err(Failure::new(SLK_E_INVALID_HANDLE, "the engine was destroyed meanwhile"));
    }
    // SAFETY: as the caller promises.
    unsafe { text::put(locker, slk_locker { id: handle }) };
    Ok(SLK_OK)
}

/// Ends a handle of a locker. Nothing is lost: with the last handle of a key, nobody wants the record any more, and it is
/// saved and released in its own time.
///
/// Parameters: `locker`: a locker, or the null handle, which does nothing.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_PANIC`: the handle died, but a bug was caught.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_locker_destroy(locker: slk_locker) -> slk_result {
    panic::enter("slk_locker_destroy", || {
        if locker == slk_locker::default() {
            return Ok(SLK_OK);
        }
        let object = LOCKERS.remove(locker.id)?;
        object.engine.remove_locker(object.id, locker.id);
        if !object.deleted.swap(true, Ordering::AcqRel) {
            object.engine.run(|engine| Ok(engine.core().close_locker(object.id)?))?;
        }
        Ok(SLK_OK)
    })
}

/// Says that this part of the game is done with the locker for good: as destroying it, but the handle stays known, and
/// every later use of it gives `SLK_E_DELETED`, which finds parts of the game that use a locker after its player left.
///
/// Parameters: `locker`: the locker; still to be ended by `slk_locker_destroy`.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_DELETED`: it was done before; `SLK_E_PANIC`: a bug was caught.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_mark_deleted(locker: slk_locker) -> slk_result {
    panic::enter("slk_locker_mark_deleted", || {
        let object = get(locker)?;
        if object.deleted.swap(true, Ordering::AcqRel) {
            return Err(Failure::new(SLK_E_DELETED, "the locker was marked as deleted before"));
        }
        LOCKERS.replace(locker.id, Arc::new(object.deleted()));
        object.engine.retire_locker(object.id, locker.id);
        object
            .engine
            .run(|engine| Ok(engine.core().delete_locker(object.id)?))?;
        Ok(SLK_OK)
    })
}

/// Says that a part of the game wants the record: it is loaded, and stays loaded until the last part lets go.
///
/// Parameters:
///   `locker`: the locker.
///   `name`: the part of the game, up to `SLK_MAX_NAME_BYTES`; NULL for the one without a name. Each name counts once,
///   however often it is marked.
/// Returns:
///   `SLK_OK`: marked; `SLK_EVENT_LOADED` will follow, and `SLK_EVENT_LOAD_STATUS` until then.
///   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the name.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_mark_should_acquire(locker: slk_locker, name: *const c_char) -> slk_result {
    panic::enter("slk_locker_mark_should_acquire", || {
        // SAFETY: null or a string, as the caller promises.
        let name = unsafe { text::optional_string(name, "name", SLK_MAX_NAME_BYTES) }?;
        get(locker)?.run(|engine, id| Ok(engine.core().mark_should_acquire(id, name)?))?;
        Ok(SLK_OK)
    })
}

/// As `slk_locker_mark_should_acquire`, and takes the record also from a living server, which loses its session with all
/// that it had not saved. For records that must come free now; otherwise leave it to the hand-over.
///
/// Parameters, results: as for `slk_locker_mark_should_acquire`.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_take_over(locker: slk_locker, name: *const c_char) -> slk_result {
    panic::enter("slk_locker_take_over", || {
        // SAFETY: null or a string, as the caller promises.
        let name = unsafe { text::optional_string(name, "name", SLK_MAX_NAME_BYTES) }?;
        get(locker)?.run(|engine, id| Ok(engine.core().take_over(id, name)?))?;
        Ok(SLK_OK)
    })
}

/// Says that a part of the game no longer wants the record. When the last has let go, the record is saved and released.
///
/// Parameters:
///   `locker`: the locker.
///   `name`: as for `slk_locker_mark_should_acquire`.
/// Returns:
///   `SLK_OK`: marked, or it was not wanted under this name.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the name.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_mark_should_release(locker: slk_locker, name: *const c_char) -> slk_result {
    panic::enter("slk_locker_mark_should_release", || {
        // SAFETY: null or a string, as the caller promises.
        let name = unsafe { text::optional_string(name, "name", SLK_MAX_NAME_BYTES) }?;
        get(locker)?.run(|engine, id| Ok(engine.core().mark_should_release(id, name)?))?;
        Ok(SLK_OK)
    })
}

/// Saves soon, if something changed.
///
/// Parameters: `locker`: the locker.
/// Returns:
///   `SLK_OK`: marked; without a session there is nothing to do.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_mark_should_save(locker: slk_locker) -> slk_result {
    panic::enter("slk_locker_mark_should_save", || {
        get(locker)?.run(|engine, id| Ok(engine.core().mark_should_save(id)?))?;
        Ok(SLK_OK)
    })
}

/// Saves at once, even if nothing changed.
///
/// Parameters: `locker`: the locker.
/// Returns:
///   `SLK_OK`: marked; `SLK_EVENT_SAVED` will follow.
///   `SLK_E_NOT_LOADED`: there is no session.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_mark_force_save(locker: slk_locker) -> slk_result {
    panic::enter("slk_locker_mark_force_save", || {
        get(locker)?.run(|engine, id| Ok(engine.core().mark_force_save(id)?))?;
        Ok(SLK_OK)
    })
}

/// Says that state that the game keeps itself has changed; the game writes it into the data when `before_save` asks.
///
/// Parameters:
///   `locker`: the locker.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: marked.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_mark_changed(locker: slk_locker, change: *mut u64) -> slk_result {
    panic::enter("slk_locker_mark_changed", || {
        let number = get(locker)?.change(|engine, id| engine.core().mark_changed(id))?;
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(change, number) };
        Ok(SLK_OK)
    })
}

/// As `slk_engine_update`, for one locker and what it waits for.
///
/// Parameters:
///   `locker`: the locker.
///   `budget_us`: stop after this many microseconds of the system's time; at least one step is done. 0: no limit.
/// Returns:
///   `SLK_OK`: done; the locker has more to do, or holds its record.
///   `SLK_IDLE`: nothing of it is held, wanted or under way any more.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of its engine.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: one at a time. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_update(locker: slk_locker, budget_us: u32) -> slk_result {
    panic::enter("slk_locker_update", || {
        callback::refuse_inside()?;
        let budget = Duration::from_micros(budget_us.into());
        let idle = get(locker)?.run(|engine, id| Ok(engine.update_locker(id, budget)?))?;
        Ok(if idle { SLK_IDLE } else { SLK_OK })
    })
}

/// Whether the session is surely ours now: the record is loaded, and no other server can have taken it. Computed from the
/// clock at each call. It is a belief that is bounded in time; the data are safe whatever it says.
///
/// Parameters: `locker`: the locker.
/// Returns: 1 or 0; 0 for a bad handle.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_is_available(locker: slk_locker) -> i32 {
    // Games ask this all the time: the usual answer costs as little as it can. Nothing here can panic.
    let Some(object) = LOCKERS.find(locker.id) else {
        return is_available_after_all(locker);
    };
    if !object.is_surely_available() {
        drop(object);
        return is_available_after_all(locker);
    }
    drop(object);
    1
}

#[cold]
#[inline(never)]
fn is_available_after_all(locker: slk_locker) -> i32 {
    predicate("slk_locker_is_available", locker, |object| {
        object.run(|engine, id| {
            let now = engine.now();
            let available = engine.core().is_available(now, id);
            Ok(available)
        })
    })
}

/// Whether the record is loaded and held, available or in doubt.
///
/// Parameters: `locker`: the locker.
/// Returns: 1 or 0; 0 for a bad handle.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_is_loaded(locker: slk_locker) -> i32 {
    predicate("slk_locker_is_loaded", locker, |object| {
        Ok(object.status()?.load == LoadStatus::Loaded)
    })
}

/// Whether nothing of the locker is held, wanted or under way.
///
/// Parameters: `locker`: the locker.
/// Returns: 1 or 0; 0 for a bad handle.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_is_idle(locker: slk_locker) -> i32 {
    predicate("slk_locker_is_idle", locker, |object| Ok(object.status()?.idle))
}

fn predicate(
    function: &'static str,
    locker: slk_locker,
    ask: impl FnOnce(&LockerObject) -> Result<bool, Failure>,
) -> i32 {
    let result = panic::enter(function, || {
        let yes = ask(&*get(locker)?)?;
        Ok(if yes { 1 } else { 0 })
    });
    result.max(0)
}

/// Tells where a locker stands.
///
/// Parameters:
///   `locker`: the locker.
///   `status`: receives it.
///   `size`: `sizeof(slk_locker_status)`.
/// Returns:
///   `SLK_OK`: told.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `status` is NULL; `size` is no size.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_status(
    locker: slk_locker,
    status: *mut slk_locker_status,
    size: usize,
) -> slk_result {
    panic::enter("slk_locker_get_status", || {
        text::required(status, "status")?;
        text::check_out_size::<slk_locker_status>(size)?;
        let view = status_view(&get(locker)?.status()?);
        // SAFETY: not null, with `size` writable bytes, as the caller promises.
        unsafe { text::put_sized(&view, status.cast(), size) };
        Ok(SLK_OK)
    })
}

fn status_view(status: &LockerStatus) -> slk_locker_status {
    let (since_ms, refused) = match &status.load {
        LoadStatus::LockedElsewhere { since_ms, refused, .. } => (*since_ms, *refused),
        _ => (0, false),
    };
    slk_locker_status {
        load: load_number(&status.load),
        refused: refused.into(),
        since_ms,
        epoch: status.epoch.unwrap_or(0),
        latest_change: status.latest_change,
        saved_change: status.saved_change,
        purchases_in_progress: status.purchases_in_progress as u64,
        incoming_changes: status.incoming_changes as u64,
        outgoing_changes: status.outgoing_changes as u64,
        available: status.available.into(),
        wanted: status.wanted.into(),
        dirty: status.dirty.into(),
        idle: status.idle.into(),
    }
}

/// Tells what became of a change.
///
/// Parameters:
///   `locker`: the locker on which it was made.
///   `change`: its number.
/// Returns:
///   `SLK_PENDING`: not saved yet.
///   `SLK_SAVED`: durable in the store.
///   `SLK_LOST`: surely not in the store, and never will be.
///   `SLK_UNKNOWN`: it cannot be known.
///   `SLK_E_INVALID_ARGUMENT`: no such change was made on this locker.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_change_status(locker: slk_locker, change: u64) -> slk_result {
    panic::enter("slk_locker_change_status", || {
        let status = get(locker)?.run(|engine, id| Ok(engine.core().change_status(id, change)?))?;
        Ok(change_result(status))
    })
}

/// Has exactly one `SLK_EVENT_CHANGE_SETTLED` tell what becomes of a change. It does not make the save come sooner.
///
/// Parameters:
///   `locker`: the locker on which it was made.
///   `change`: its number.
///   `tag`: comes back in the event.
/// Returns:
///   `SLK_OK`: the event will come, also if the change is settled already.
///   `SLK_E_INVALID_ARGUMENT`: no such change was made on this locker.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_await_change(locker: slk_locker, change: u64, tag: u64) -> slk_result {
    panic::enter("slk_locker_await_change", || {
        get(locker)?.run(|engine, id| Ok(engine.core().await_change(id, change, tag)?))?;
        Ok(SLK_OK)
    })
}

/// Answers `SLK_EVENT_HANDOVER_REQUESTED`.
///
/// Parameters:
///   `locker`: the locker that another server asks for.
///   `answer`: `SLK_ANSWER_GIVE` or `SLK_ANSWER_REFUSE`.
///   `delay_ms`: for `SLK_ANSWER_GIVE`: how long to keep it still; 0: let go at once.
/// Returns:
///   `SLK_OK`: answered.
///   `SLK_E_INVALID_ARGUMENT`: nobody asks for it, or no such answer.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_answer_handover(locker: slk_locker, answer: i32, delay_ms: u32) -> slk_result {
    panic::enter("slk_locker_answer_handover", || {
        let answer = match answer {
            SLK_ANSWER_GIVE => HandoverAnswer::Give {
                after: Duration::from_millis(delay_ms.into()),
            },
            SLK_ANSWER_REFUSE => HandoverAnswer::Refuse,
            other => return Err(Failure::argument(format!("answer {other} is none"))),
        };
        get(locker)?.run(|engine, id| Ok(engine.core().answer_handover(id, answer)?))?;
        Ok(SLK_OK)
    })
}

/// Whether there is a session, and `before_save` will be called before its last save: what the game keeps outside the data
/// is still going to be asked for.
///
/// Parameters: `locker`: the locker.
/// Returns: 1 or 0; 0 for a bad handle.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_is_syncing(locker: slk_locker) -> i32 {
    predicate("slk_locker_is_syncing", locker, |object| {
        object.run(|engine, id| Ok(engine.core().is_syncing(id)))
    })
}

/// Says that the record's data are about this person, so that they are found when the person's data are to be exported or
/// erased. One change of the record.
///
/// Parameters:
///   `locker`: the locker.
///   `user_id`: the person's id, up to `SLK_MAX_NAME_BYTES`.
///   `change`: receives the number of the change, or of the last one if the id was there already; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
///   `SLK_E_FULL`: it is about 64 people already.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the id.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_add_user(
    locker: slk_locker,
    user_id: *const c_char,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_add_user", || {
        let object = get(locker)?;
        // SAFETY: null or a string, as the caller promises.
        let user = unsafe { text::string(user_id, "user_id", SLK_MAX_NAME_BYTES) }?;
        let number = object.change(|engine, id| {
            let mut core = engine.core();
            let added = core.add_user(id, user)?;
            let latest = core.latest_change(id)?;
            Ok(added.unwrap_or(latest))
        })?;
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(change, number) };
        Ok(SLK_OK)
    })
}

/// Says that the record's data are no longer about this person. One change of the record.
///
/// Parameters: as for `slk_locker_add_user`.
/// Returns: as `slk_locker_add_user`; `SLK_EMPTY`: they were not.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_remove_user(
    locker: slk_locker,
    user_id: *const c_char,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_remove_user", || {
        let object = get(locker)?;
        // SAFETY: null or a string, as the caller promises.
        let user = unsafe { text::string(user_id, "user_id", SLK_MAX_NAME_BYTES) }?;
        let Some(number) = object.change(|engine, id| engine.core().remove_user(id, user))? else {
            return Ok(SLK_EMPTY);
        };
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(change, number) };
        Ok(SLK_OK)
    })
}

/// Reads the ids of the people whom the record's data are about: a JSON array of strings, sorted.
///
/// Parameters:
///   `locker`: the locker.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: copied, or the length was asked for.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_NOT_LOADED`: the record is not loaded.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_users(
    locker: slk_locker,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_get_users", || {
        let users = get(locker)?.run(|engine, id| {
            let core = engine.core();
            let users = core.users(id)?.map(|users| serde_json::json!(users).to_string());
            users.ok_or_else(|| Failure::new(SLK_E_NOT_LOADED, "the record is not loaded"))
        })?;
        // SAFETY: a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe { text::copy_out(users.as_bytes(), buffer, capacity, needed) }?;
        Ok(SLK_OK)
    })
}
