//! `slk_store`: opening stores, and ending them.

use super::callback;
use super::engine::EngineObject;
use super::handle::slk_store;
use super::panic;
use super::request::{SLK_KEY_RECORD, SLK_KEY_SERVER};
use super::result::*;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::store::faulty::FaultyStore;
use crate::store::memory::MemoryStore;
use crate::store::{Key, Kind, Store};
use parking_lot::Mutex;
use std::ffi::c_char;
use std::sync::{Arc, Weak};

static STORES: Table<StoreObject> = Table::new(Type::Store);

pub(super) struct StoreObject {
    pub store: Arc<dyn Store>,
    /// The same store, if it injects faults.
    pub faulty: Option<Arc<FaultyStore>>,
    /// The engines to pass notifications on to.
    users: Mutex<Vec<Weak<EngineObject>>>,
}

impl StoreObject {
    /// This engine has a spec on the store.
    pub fn add_user(&self, engine: &Arc<EngineObject>) {
        let engine = Arc::downgrade(engine);
        let mut users = self.users.lock();
        users.retain(|user| user.strong_count() > 0 && !user.ptr_eq(&engine));
        users.push(engine);
    }
}

pub(super) fn insert(store: Arc<dyn Store>) -> Result<slk_store, Failure> {
    add(store, None)
}

/// The same for a store that injects faults.
pub(super) fn insert_faulty(store: Arc<FaultyStore>) -> Result<slk_store, Failure> {
    add(Arc::clone(&store) as Arc<dyn Store>, Some(store))
}

fn add(store: Arc<dyn Store>, faulty: Option<Arc<FaultyStore>>) -> Result<slk_store, Failure> {
    let id = STORES.insert(Arc::new(StoreObject {
        store,
        faulty,
        users: Mutex::default(),
    }))?;
    Ok(slk_store { id })
}

/// The store of a handle.
pub(super) fn get(handle: slk_store) -> Result<Arc<StoreObject>, Failure> {
    Ok(STORES.get(handle.id)?)
}

/// Opens a store in the memory of this process, for tests. Engines of one process can share it; it ends with its last
/// user.
///
/// Parameters: `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_memory(store: *mut slk_store) -> slk_result {
    panic::enter("slk_store_open_memory", || {
        text::required(store, "store")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        let handle = insert(Arc::new(MemoryStore::new()))?;
        // SAFETY: as above.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// Ends the host's use of a store: the handle dies. The store itself lives until the last engine that uses it is gone.
///
/// Parameters: `store`: a store, or the null handle, which does nothing.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
/// Thread: any. Blocks: if no engine uses the store, until the requests that its threads are carrying out are done.
/// Since 0.1.
#[no_mangle]
pub extern "C" fn slk_store_destroy(store: slk_store) -> slk_result {
    panic::enter("slk_store_destroy", || {
        callback::refuse_inside()?;
        if store != slk_store::default() {
            STORES.remove(store.id)?;
        }
        Ok(SLK_OK)
    })
}

/// Tells that somebody may have written under a key of a store, for stores that can push: whoever in this process waits for
/// the key or holds it looks at it in its next update, instead of in its own time. It is a hint; nothing depends on it.
///
/// Parameters:
///   `store`: the store.
///   `key_kind`: `SLK_KEY_RECORD` or `SLK_KEY_SERVER`.
///   `spec`: the name of the record's spec; NULL or empty for a server record.
///   `key`: the record's key, or the server's id.
/// Returns:
///   `SLK_OK`: passed on, also if nobody is interested.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key.
///   `SLK_E_INVALID_HANDLE`: no living store.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_store_notify(
    store: slk_store,
    key_kind: i32,
    spec: *const c_char,
    key: *const c_char,
) -> slk_result {
    panic::enter("slk_store_notify", || {
        let object = get(store)?;
        // SAFETY: null or a string, as the caller promises.
        let spec = unsafe { text::optional_string(spec, "spec", SLK_MAX_NAME_BYTES) }?;
        // SAFETY: null or a string, as the caller promises.
        let name = unsafe { text::string(key, "key", SLK_MAX_KEY_BYTES) }?;
        let key = Key {
            kind: match key_kind {
                SLK_KEY_RECORD => Kind::Record,
                SLK_KEY_SERVER => Kind::Server,
                other => return Err(Failure::argument(format!("key_kind {other} is none"))),
            },
            space: spec.unwrap_or_default().into(),
            name: name.into(),
        };
        let users = object.users.lock().clone();
        for engine in users.iter().filter_map(Weak::upgrade) {
            engine.run(|engine| {
                engine.notify(&object.store, &key);
                Ok(())
            })?;
        }
        Ok(SLK_OK)
    })
}
