//! What the callbacks of one server reach through their user data.

use super::names::Names;
use crate::server::Heard;
use crate::world::World;
use sessionlocker::clock::Time;
use sessionlocker::ffi::handle::{slk_locker, slk_request, slk_spec};
use sessionlocker::ffi::request::slk_request_abandon;
use sessionlocker::ffi::result::{slk_result, slk_result_name, SLK_OK};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{c_void, CStr};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::rc::Rc;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Get,
    Put,
    Remove,
}

/// A request that was neither completed nor abandoned.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub asked: Asked,
    /// The engine has said that it no longer waits.
    pub given_up: bool,
}

/// Whose user data were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Engine,
    Store,
    Spec,
    Migrator,
}

/// See the module.
pub struct Shared {
    pub number: usize,
    pub schema: u32,
    /// The handle of its only spec, once it is made.
    pub spec: Cell<slk_spec>,
    /// The handles that the host has, by key.
    pub handles: RefCell<BTreeMap<usize, slk_locker>>,
    now: Cell<u64>,
    wall: Cell<i64>,
    /// The world, while the engine is being updated; else null.
    world: Cell<*mut World>,
    updates: Cell<u64>,
    requests: RefCell<BTreeMap<u64, Waiting>>,
    pub names: RefCell<Names>,
    /// Events that were taken out of the engine, and not heard yet.
    pub heard: RefCell<VecDeque<Heard>>,
    ended: Cell<bool>,
    times_ended: [Cell<u32>; 4],
    migrators: Cell<u32>,
    fault: RefCell<Option<String>>,
    panic: RefCell<Option<Box<dyn Any + Send>>>,
}

impl Shared {
    pub fn new(number: usize, schema: u32) -> Rc<Self> {
        Rc::new(Self {
            number,
            schema,
            spec: Cell::default(),
            handles: RefCell::default(),
            now: Cell::new(0),
            wall: Cell::new(0),
            world: Cell::new(std::ptr::null_mut()),
            updates: Cell::new(0),
            requests: RefCell::default(),
            names: RefCell::new(Names::of(number)),
            heard: RefCell::default(),
            ended: Cell::new(false),
            times_ended: Default::default(),
            migrators: Cell::new(0),
            fault: RefCell::default(),
            panic: RefCell::default(),
        })
    }

    /// The user data of all callbacks. They live as long as the server has not finished.
    pub fn user_data(self: &Rc<Self>) -> *mut c_void {
        Rc::as_ptr(self).cast_mut().cast()
    }

    /// # Safety
    /// `user_data` comes from [`Shared::user_data`], and its server has not finished.
    pub unsafe fn behind<'a>(user_data: *mut c_void) -> &'a Self {
        // SAFETY: it leads to a living `Shared`, as the caller promises, which is only ever shared.
        unsafe { &*user_data.cast::<Self>() }
    }

    // The world ------------------------------------------------------------------------------------------------------

    /// Calls the library, whose callbacks have the world meanwhile.
    pub fn lend<R>(&self, world: &mut World, call: impl FnOnce() -> R) -> R {
        let before = self.world.replace(world);
        let result = call();
        self.world.set(before);
        if let Some(panic) = self.panic.take() {
            resume_unwind(panic);
        }
        result
    }

    /// Works with the world inside a callback. A panic waits until the library has returned; `otherwise` is answered
    /// then, and where no update goes on.
    pub fn with_world<R>(&self, otherwise: R, work: impl FnOnce(&mut World) -> R) -> R {
        let world = self.world.get();
        if world.is_null() || self.ended.get() {
            self.fault("a callback came outside of an update, or after the end".into());
            return otherwise;
        }
        // SAFETY: `lend` has an exclusive borrow of the world, which it does not use before the library returns; and no
        // callback of the library comes inside another, since none of them updates.
        let world = unsafe { &mut *world };
        match catch_unwind(AssertUnwindSafe(|| work(world))) {
            Ok(result) => result,
            Err(panic) => {
                self.panic.borrow_mut().get_or_insert(panic);
                otherwise
            }
        }
    }

    pub fn set_time(&self, now: Time, wall: i64) {
        self.now.set(now.0);
        self.wall.set(wall);
    }

    pub fn set_now(&self, now: Time) {
        self.now.set(now.0);
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.set(wall);
    }

    pub fn now(&self) -> u64 {
        self.now.get()
    }

    pub fn wall(&self) -> i64 {
        self.wall.get()
    }

    pub fn count_update(&self) {
        self.updates.set(self.updates.get() + 1);
    }

    pub fn updates(&self) -> u64 {
        self.updates.get()
    }

    // Requests -------------------------------------------------------------------------------------------------------

    pub fn add_request(&self, request: slk_request, asked: Asked) {
        let waiting = Waiting { asked, given_up: false };
        if self.requests.borrow_mut().insert(request.id, waiting).is_some() {
            self.fault(format!("the handle of request {} was given twice", request.id));
        }
    }

    /// The right to answer a request is used up.
    pub fn take_request(&self, request: slk_request) -> Option<Waiting> {
        self.requests.borrow_mut().remove(&request.id)
    }

    pub fn give_up_request(&self, request: slk_request) {
        match self.requests.borrow_mut().get_mut(&request.id) {
            Some(waiting) if !waiting.given_up => waiting.given_up = true,
            _ => self.fault("a request was cancelled twice, or after its answer".into()),
        }
    }

    pub fn has_requests(&self) -> bool {
        !self.requests.borrow().is_empty()
    }

    /// Whether the engine has said of each request that it does not wait for it any more.
    pub fn all_given_up(&self) -> bool {
        self.requests.borrow().values().all(|waiting| waiting.given_up)
    }

    pub fn abandon_requests(&self) {
        for id in std::mem::take(&mut *self.requests.borrow_mut()).into_keys() {
            self.expect("slk_request_abandon", slk_request_abandon(slk_request { id }), SLK_OK);
        }
    }

    // The end --------------------------------------------------------------------------------------------------------

    pub fn is_ended(&self) -> bool {
        self.ended.get()
    }

    pub fn set_ended(&self) {
        self.ended.set(true);
    }

    pub fn note_end(&self, what: Ended) {
        let times = &self.times_ended[what as usize];
        times.set(times.get() + 1);
    }

    pub fn times_ended(&self, what: Ended) -> u32 {
        self.times_ended[what as usize].get()
    }

    pub fn add_migrator(&self) {
        self.migrators.set(self.migrators.get() + 1);
    }

    pub fn migrators(&self) -> u32 {
        self.migrators.get()
    }

    // Faults ---------------------------------------------------------------------------------------------------------

    /// Notes that the boundary did something that it must not; the first one counts.
    pub fn fault(&self, text: String) {
        self.fault.borrow_mut().get_or_insert(text);
    }

    pub fn take_fault(&self) -> Option<String> {
        self.fault.borrow_mut().take()
    }

    /// Notes a result that is not the one that there must be.
    pub fn expect(&self, call: &str, result: slk_result, expected: slk_result) {
        if result != expected {
            let (result, expected) = (result_name(result), result_name(expected));
            self.fault(format!("{call} gave {result} instead of {expected}"));
        }
    }
}

/// The name of a result.
pub fn result_name(result: slk_result) -> String {
    // SAFETY: the function gives a constant string.
    let name = unsafe { CStr::from_ptr(slk_result_name(result)) };
    name.to_string_lossy().into_owned()
}
