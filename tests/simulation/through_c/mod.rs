//! A server that uses the library through its C interface: an engine with the host's clock, a store of callbacks that
//! answers later, and a spec with callbacks.
//!
//! The engine is updated by the world and calls back into it from inside: the world is lent to the callbacks for as long
//! as an update goes on. Everything else that the world does with the server is an ordinary call.

mod callbacks;
mod calls;
mod data;
mod events;
mod names;
mod requests;
mod setup;
mod shared;

use self::shared::{Ended, Shared};
use crate::world::World;
use sessionlocker::clock::Time;
use sessionlocker::ffi::engine::{slk_engine_destroy, slk_engine_update};
use sessionlocker::ffi::handle::{
    slk_engine, slk_locker, slk_object_count, slk_spec, slk_store, SLK_OBJECT_BUFFER, SLK_OBJECT_STORE,
};
use sessionlocker::ffi::result::{slk_result, SLK_OK};
use sessionlocker::ffi::store::slk_store_destroy;
use std::collections::BTreeMap;
use std::rc::Rc;

/// See the module.
pub struct CServer {
    engine: slk_engine,
    store: slk_store,
    spec: slk_spec,
    shared: Rc<Shared>,
    /// By key: the locker that was opened last.
    lockers: BTreeMap<usize, Opened>,
    next_locker: u64,
    /// The host's side has taken everything down.
    finished: bool,
}

/// A locker that was opened once. The host may have closed it since.
struct Opened {
    number: u64,
    /// Null when it is closed.
    handle: slk_locker,
    /// The last change that was made on it.
    last_change: u64,
    /// How often the engine had been updated when it was closed.
    closed_at: u64,
}

/// An engine that is to be updated.
pub struct Engine {
    handle: slk_engine,
    shared: Rc<Shared>,
}

impl Engine {
    /// Lets the engine do what is due. It calls back into the world.
    pub fn update(&self, world: &mut World, now: Time, wall: i64) {
        self.shared.set_time(now, wall);
        let result = self.shared.lend(world, || slk_engine_update(self.handle, 0));
        self.shared.count_update();
        self.shared.expect("slk_engine_update", result, SLK_OK);
    }
}

impl CServer {
    /// The process ends without a word: the engine goes at once, requests stay under way.
    fn destroy_engine(&mut self) {
        if self.shared.is_ended() {
            return;
        }
        self.shared
            .expect("slk_engine_destroy", slk_engine_destroy(self.engine), SLK_OK);
        self.shared.set_ended();
        self.shared
            .expect("slk_store_destroy", slk_store_destroy(self.store), SLK_OK);
        let (engine, store) = (
            self.shared.times_ended(Ended::Engine),
            self.shared.times_ended(Ended::Store),
        );
        if !self.shared.all_given_up() {
            self.shared
                .fault("a request was not cancelled by the end of its engine".into());
        }
        let waits = self.shared.has_requests();
        if engine != 1 || store != u32::from(!waits) {
            let text = format!(
                "after its destruction the engine's user data were ended {engine} times, the store's {store} times, \
                 requests left: {waits}"
            );
            self.shared.fault(text);
        }
    }

    /// Takes down what is left, once.
    fn finish_all(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.destroy_engine();
        self.shared.abandon_requests();
        for what in [Ended::Engine, Ended::Store, Ended::Spec] {
            let times = self.shared.times_ended(what);
            if times != 1 {
                self.shared
                    .fault(format!("the user data of {what:?} were ended {times} times"));
            }
        }
        let (made, ended) = (self.shared.migrators(), self.shared.times_ended(Ended::Migrator));
        if made != ended {
            self.shared
                .fault(format!("the user data of {made} migrators were ended {ended} times"));
        }
    }
}

impl Drop for CServer {
    fn drop(&mut self) {
        // A run that panicked has not finished its servers.
        self.finish_all();
    }
}

/// The result of a call that is expected to go well.
fn is_ok(result: slk_result) -> bool {
    result == SLK_OK
}

/// Whether no handle is alive in this process; says which are.
pub fn nothing_is_left() -> bool {
    let left: Vec<String> = (SLK_OBJECT_STORE..=SLK_OBJECT_BUFFER)
        .map(|kind| (kind, slk_object_count(kind)))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} of kind {kind}"))
        .collect();
    if !left.is_empty() {
        println!("handles that were not given back: {}", left.join(", "));
    }
    left.is_empty()
}
