//! `slk_store`: opening stores, and ending them.

use super::callback;
use super::handle::slk_store;
use super::panic;
use super::result::*;
use super::table::{Table, Type};
use super::text;
use crate::store::memory::MemoryStore;
use crate::store::Store;
use std::sync::Arc;

static STORES: Table<StoreObject> = Table::new(Type::Store);

pub(super) struct StoreObject {
    store: Arc<dyn Store>,
}

pub(super) fn insert(store: Arc<dyn Store>) -> Result<slk_store, Failure> {
    let id = STORES.insert(Arc::new(StoreObject { store }))?;
    Ok(slk_store { id })
}

/// The store of a handle.
pub(super) fn get(handle: slk_store) -> Result<Arc<dyn Store>, Failure> {
    Ok(Arc::clone(&STORES.get(handle.id)?.store))
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
