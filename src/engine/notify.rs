//! Notifications: a store that can push says that somebody wrote under a key. They are hints; nothing depends on them.

use super::core::Core;
use super::event::StoreId;
use super::waking::Whom;
use crate::clock::Time;
use crate::store::{Key, Kind};
use std::sync::Arc;

impl Core {
    /// Somebody wrote under this key of this store: whoever here waits for it or holds it looks at once.
    pub fn notify(&mut self, now: Time, store: StoreId, key: &Key) {
        match key.kind {
            Kind::Record => self.notify_record(store, key),
            Kind::Server => self.notify_server(now, store, &key.name),
        }
    }

    /// Announcements of this store may have been lost: letters are looked for, and whoever waits here looks at once.
    pub fn notify_missed(&mut self, now: Time, store: StoreId) {
        let Some(slot) = self.stores.get_mut(store.0 as usize) else {
            return;
        };
        slot.beat.notified(now);
        self.wake_all(store, Whom::WaitingForOthers);
    }

    fn notify_record(&mut self, store: StoreId, key: &Key) {
        let Some(spec) = self.spec_named(store, &key.space) else {
            return;
        };
        let Some(index) = self.by_key.find(&self.slots, spec, &key.name) else {
            return;
        };
        if let Some(used) = &mut self.slots[index as usize].used {
            used.locker.notified();
        }
        self.make_ready(index);
    }

    fn notify_server(&mut self, now: Time, store: StoreId, server: &Arc<str>) {
        let Some(slot) = self.stores.get_mut(store.0 as usize) else {
            return;
        };
        if **server == *self.options.server_id {
            slot.beat.notified(now);
        } else if let Some(watch) = slot.watches.get_mut(server) {
            watch.notified(now);
            self.queue_watch(now, store, Arc::clone(server));
        }
    }
}
