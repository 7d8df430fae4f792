//! What the host may ask of the lockers of a core, and tell them.

use super::availability::{Availability, Lease, Session};
use super::core::{check_name, Core, LockerSlot, Shutdown, MAX_NAME_BYTES};
use super::event::{place, LockerId, StoreId};
use crate::change::Draft;
use crate::clock::Time;
use crate::error::{Error, ErrorKind};
use crate::locker::event::{ChangeStatus, Event as LockerEvent, LoadStatus};
use crate::locker::{HandoverAnswer, Locker};
use crate::receipt::{Order, Past, Receipt, Standing};
use crate::record::ledger::{Entry, PurchaseId};
use crate::record::Document;
use std::sync::Arc;
use std::time::Duration;

/// Where a locker stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockerStatus {
    /// Where the loading stands.
    pub load: LoadStatus,
    /// The fencing token of the session, if there is one.
    pub epoch: Option<u64>,
    /// Whether the session is surely ours now.
    pub available: bool,
    /// Whether some part of the game wants the record.
    pub wanted: bool,
    /// Whether the session has changes that are not saved.
    pub dirty: bool,
    /// Whether nothing is held, wanted or under way.
    pub idle: bool,
    /// The last change made here; 0 if none was.
    pub latest_change: u64,
    /// All changes of the session up to this one are saved.
    pub saved_change: u64,
    /// How many purchases are not answered yet.
    pub purchases_in_progress: usize,
    /// How many changes that others sent wait to be applied.
    pub incoming_changes: usize,
    /// How many changes of this record are on their way to others.
    pub outgoing_changes: usize,
}

impl Core {
    fn locker(&self, id: LockerId) -> Result<&Locker, Error> {
        self.slot(id).map(|slot| &slot.locker).ok_or_else(no_such_locker)
    }

    /// Does something to a locker, tells its events, and has it stepped.
    fn touch<R>(
        &mut self,
        id: LockerId,
        act: impl FnOnce(&mut LockerSlot, &mut Vec<LockerEvent>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut events = Vec::new();
        let slot = self.slot_mut(id).ok_or_else(no_such_locker)?;
        let result = act(slot, &mut events);
        self.tell(id.index, events);
        self.make_ready(id.index);
        result
    }

    /// The part of the game called `name` (`None`: the unnamed one) wants the record.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`], [`ErrorKind::ShuttingDown`], or a bad name.
    pub fn mark_should_acquire(&mut self, id: LockerId, name: Option<&str>) -> Result<(), Error> {
        self.check_running()?;
        check_holder(name)?;
        self.touch(id, |slot, _| {
            slot.locker.want(name.unwrap_or(""));
            Ok(())
        })?;
        self.note_busy(id);
        Ok(())
    }

    fn note_busy(&mut self, id: LockerId) {
        if let Some(slot) = self.slot_mut(id) {
            if std::mem::replace(&mut slot.idle, false) {
                self.busy_lockers += 1;
            }
        }
    }

    /// The part of the game called `name` no longer wants the record. It is released when the last lets go.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`] or a bad name.
    pub fn mark_should_release(&mut self, id: LockerId, name: Option<&str>) -> Result<(), Error> {
        check_holder(name)?;
        self.touch(id, |slot, _| {
            slot.locker.unwant(name.unwrap_or(""));
            Ok(())
        })
    }

    /// As [`Core::mark_should_acquire`], and takes the record from whoever holds it: a living holder loses its session,
    /// with what it had not saved.
    ///
    /// # Errors
    /// As [`Core::mark_should_acquire`].
    pub fn take_over(&mut self, id: LockerId, name: Option<&str>) -> Result<(), Error> {
        self.check_running()?;
        check_holder(name)?;
        self.touch(id, |slot, _| {
            slot.locker.want(name.unwrap_or(""));
            slot.locker.seize();
            Ok(())
        })?;
        self.note_busy(id);
        Ok(())
    }

    /// Whether there is a session whose data the host will be asked for before its last save.
    #[must_use]
    pub fn is_syncing(&self, id: LockerId) -> bool {
        self.slot(id).is_some_and(|slot| slot.locker.is_syncing())
    }

    /// Queues a change for another record, which leaves with this one's data as one change.
    ///
    /// # Errors
    /// As [`Core::edit`]; [`ErrorKind::Full`] if too many are on their way; bad names.
    pub fn queue_change(&mut self, id: LockerId, draft: Draft) -> Result<u64, Error> {
        self.check_draft(&draft)?;
        let (change, wall_ms) = (self.next_change, self.wall_ms);
        self.touch(id, |slot, _| slot.locker.queue_change(change, draft, wall_ms))?;
        self.next_change += 1;
        Ok(change)
    }

    /// Says that the data are about this person, as one change; `None` if they were already.
    ///
    /// # Errors
    /// As [`Core::edit`]; a bad id, or [`ErrorKind::Full`] if there are too many.
    pub fn add_user(&mut self, id: LockerId, user: &str) -> Result<Option<u64>, Error> {
        check_name("user id", user, MAX_NAME_BYTES)?;
        let change = self.next_change;
        let added = self.touch(id, |slot, _| slot.locker.add_user(change, user))?;
        self.next_change += 1;
        Ok(added.then_some(change))
    }

    /// Says that the data are no longer about this person, as one change; `None` if they were not.
    ///
    /// # Errors
    /// As [`Core::edit`].
    pub fn remove_user(&mut self, id: LockerId, user: &str) -> Result<Option<u64>, Error> {
        let change = self.next_change;
        let removed = self.touch(id, |slot, _| slot.locker.remove_user(change, user))?;
        self.next_change += 1;
        Ok(removed.then_some(change))
    }

    /// The ids of the people whom the data are about; `None` while nothing is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn users(&self, id: LockerId) -> Result<Option<&[String]>, Error> {
        self.locker(id).map(Locker::users)
    }

    /// Saves soon if something changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn mark_should_save(&mut self, id: LockerId) -> Result<(), Error> {
        self.touch(id, |slot, _| {
            slot.locker.should_save();
            Ok(())
        })
    }

    /// Saves at once, even if nothing changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::NotLoaded`] where there is no session to save.
    pub fn mark_force_save(&mut self, id: LockerId) -> Result<(), Error> {
        self.touch(id, |slot, _| {
            if slot.locker.force_save() {
                return Ok(());
            }
            let text = format!("`{}` is not loaded, there is nothing to save", slot.locker.key());
            Err(Error::new(ErrorKind::NotLoaded, text))
        })
    }

    /// Says that the host's own state changed, which it writes into the data when the before-save callback asks.
    ///
    /// # Errors
    /// As [`Core::edit`].
    pub fn mark_changed(&mut self, id: LockerId) -> Result<u64, Error> {
        self.edit(id, |_| Ok(())).map(|((), change)| change)
    }

    /// Edits the data of a session as one change, and gives its id. A failed edit changes nothing.
    ///
    /// # Errors
    /// What `edit` returns; [`ErrorKind::InvalidHandle`], [`ErrorKind::NotLoaded`], [`ErrorKind::Busy`].
    pub fn edit<R>(
        &mut self,
        id: LockerId,
        edit: impl FnOnce(&mut Document) -> Result<R, Error>,
    ) -> Result<(R, u64), Error> {
        let change = self.next_change;
        let slot = self.slot_mut(id).ok_or_else(no_such_locker)?;
        let was_dirty = slot.locker.is_dirty();
        let result = slot.locker.edit(change, edit)?;
        self.next_change += 1;
        if !was_dirty {
            self.make_ready(id.index);
        }
        Ok((result, change))
    }

    /// The data: of the session, or the default while nothing is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn document(&self, id: LockerId) -> Result<&Document, Error> {
        self.locker(id).map(Locker::document)
    }

    /// Whether the session is surely ours at `now`; false for a locker that does not exist.
    #[must_use]
    pub fn is_available(&self, now: Time, id: LockerId) -> bool {
        self.slot(id).is_some_and(|slot| {
            let beat = &self.stores[slot.store.0 as usize].beat;
            let available = slot.locker.is_available(now, beat.view());
            #[cfg(debug_assertions)]
            if let Some(session) = &slot.session {
                debug_assert_eq!(session.with(beat.lease()).is_sure(now), available);
            }
            available
        })
    }

    /// The same for whoever asks often and does not want to wait for the core.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn availability(&mut self, id: LockerId) -> Result<Availability, Error> {
        let slot = self.slot_mut(id).ok_or_else(no_such_locker)?;
        let session = slot.session.get_or_insert_with(Session::default).clone();
        let store = slot.store.0 as usize;
        let lease = Arc::clone(self.stores[store].beat.lease());
        self.show_availability(id.index);
        Ok(Availability { lease, session })
    }

    /// What those see of a store who do not wait for the core.
    pub(super) fn lease_of(&self, store: StoreId) -> Option<Arc<Lease>> {
        let slot = self.stores.get(store.0 as usize);
        slot.map(|slot| Arc::clone(slot.beat.lease()))
    }

    /// Leaves what a locker's session is worth where it is looked for.
    pub(super) fn show_availability(&mut self, index: u32) {
        let Some(slot) = self.slots[index as usize].used.as_deref() else {
            return;
        };
        if let Some(session) = &slot.session {
            let origin = self.stores[slot.store.0 as usize].beat.view().origin;
            session.set(slot.locker.registration(origin));
        }
    }

    /// Whether so many requests to a store fail that it is in a critical state.
    #[must_use]
    pub fn is_store_critical(&self, store: StoreId) -> bool {
        let store = self.stores.get(store.0 as usize);
        store.is_some_and(|store| store.health.is_critical())
    }

    /// Where a locker stands at `now`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn status(&self, now: Time, id: LockerId) -> Result<LockerStatus, Error> {
        let locker = self.locker(id)?;
        Ok(LockerStatus {
            load: locker.load_status(),
            epoch: locker.epoch(),
            available: self.is_available(now, id),
            wanted: locker.is_wanted(),
            dirty: locker.is_dirty(),
            idle: locker.is_idle(),
            latest_change: locker.changes().latest(),
            saved_change: locker.changes().saved(),
            purchases_in_progress: locker.purchases_in_progress(),
            incoming_changes: locker.incoming(),
            outgoing_changes: locker.outgoing(),
        })
    }

    /// The last change that was made on a locker; 0 if none was.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn latest_change(&self, id: LockerId) -> Result<u64, Error> {
        Ok(self.locker(id)?.changes().latest())
    }

    /// What became of a change.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::InvalidArgument`] if the change was never made on this locker.
    pub fn change_status(&self, id: LockerId, change: u64) -> Result<ChangeStatus, Error> {
        self.locker(id)?.change_status(change)
    }

    /// Has exactly one event with `tag` tell what becomes of a change.
    ///
    /// # Errors
    /// As [`Core::change_status`].
    pub fn await_change(&mut self, id: LockerId, change: u64, tag: u64) -> Result<(), Error> {
        self.touch(id, |slot, events| slot.locker.await_change(change, tag, events))
    }

    /// Answers another server's request for the record.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::InvalidArgument`] if nobody asks.
    pub fn answer_handover(&mut self, id: LockerId, answer: HandoverAnswer) -> Result<(), Error> {
        self.touch(id, |slot, _| slot.locker.answer_handover(answer))
    }

    /// Takes a receipt; what to tell the platform comes as an event.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::Unsupported`] if the spec cannot apply receipts; bad or too long
    /// fields.
    pub fn process_receipt(&mut self, id: LockerId, receipt: Receipt) -> Result<(), Error> {
        check_purchase(&receipt.purchase)?;
        check_name("product", &receipt.product, MAX_NAME_BYTES)?;
        self.order(id, Order::Receipt(receipt))
    }

    /// Applies a product that the player has credit for; the outcome comes as an event.
    ///
    /// # Errors
    /// As [`Core::process_receipt`].
    pub fn use_credit(&mut self, id: LockerId, product: &str, tag: u64) -> Result<(), Error> {
        check_name("product", product, MAX_NAME_BYTES)?;
        let product = product.to_owned();
        self.order(id, Order::UseCredit { product, tag })
    }

    fn order(&mut self, id: LockerId, order: Order) -> Result<(), Error> {
        self.touch(id, |slot, events| {
            check_applies(&slot.locker)?;
            slot.locker.order(order, events);
            Ok(())
        })
    }

    /// Adds to the player's credit for a product, as one change.
    ///
    /// # Errors
    /// As [`Core::edit`].
    pub fn give_credit(&mut self, id: LockerId, product: &str, amount: i64) -> Result<u64, Error> {
        check_name("product", product, MAX_NAME_BYTES)?;
        let change = self.next_change;
        self.touch(id, |slot, events| {
            slot.locker.give_credit(change, product, amount, events)
        })?;
        self.next_change += 1;
        Ok(change)
    }

    /// The player's credit for a product.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::NotLoaded`].
    pub fn credit(&self, id: LockerId, product: &str) -> Result<i64, Error> {
        let locker = self.locker(id)?;
        locker.credit(product).ok_or_else(|| {
            let text = format!("`{}` is not loaded, its credit is not known", locker.key());
            Error::new(ErrorKind::NotLoaded, text)
        })
    }

    /// The latest receipts that took effect, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn recent_receipts(&self, id: LockerId) -> Result<Vec<Entry>, Error> {
        self.locker(id).map(Locker::recent_receipts)
    }

    /// What the record knows of a purchase, however old; `None` if it has never heard of it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::NotLoaded`]; bad or too long fields.
    pub fn find_purchase(&self, id: LockerId, purchase: &PurchaseId) -> Result<Option<Standing>, Error> {
        check_purchase(purchase)?;
        self.locker(id)?.find_purchase(purchase)
    }

    /// The purchases that the record has in full: those dealt with, oldest first, then the parked ones.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::NotLoaded`].
    pub fn purchases(&self, id: LockerId) -> Result<Vec<Past>, Error> {
        self.locker(id)?.purchases()
    }

    /// Has the host asked once more about the parked purchases, of which it has learnt the products meanwhile.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`]; [`ErrorKind::NotLoaded`]; [`ErrorKind::Unsupported`] if the spec cannot apply
    /// receipts.
    pub fn retry_parked(&mut self, id: LockerId) -> Result<(), Error> {
        self.touch(id, |slot, _| {
            check_applies(&slot.locker)?;
            slot.locker.retry_parked()
        })
    }

    /// How many purchases of all lockers are not answered yet.
    #[must_use]
    pub fn purchases_in_progress(&self) -> usize {
        let used = self.slots.iter().filter_map(|slot| slot.used.as_ref());
        used.map(|used| used.locker.purchases_in_progress()).sum()
    }

    /// Gives a handle back. With the last one the record is saved and released in its own time.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn close_locker(&mut self, id: LockerId) -> Result<(), Error> {
        self.close(id, false)
    }

    /// As [`Core::close_locker`], for good: with the last handle an event tells.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`].
    pub fn delete_locker(&mut self, id: LockerId) -> Result<(), Error> {
        self.close(id, true)
    }

    fn close(&mut self, id: LockerId, deleted: bool) -> Result<(), Error> {
        let slot = self.slot_mut(id).ok_or_else(no_such_locker)?;
        slot.handles = slot.handles.saturating_sub(1);
        if slot.handles > 0 {
            return Ok(());
        }
        if deleted {
            self.tell(id.index, vec![LockerEvent::Deleted]);
        }
        let slot = self.slot_mut(id).ok_or_else(no_such_locker)?;
        slot.locker.set_closed(true);
        slot.locker.unwant_all();
        self.make_ready(id.index);
        Ok(())
    }

    /// Saves and releases everything; the end is told by an event, at the latest after `patience`.
    pub fn begin_shutdown(&mut self, now: Time, patience: Duration) {
        let deadline = now.after(patience);
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.deadline = shutdown.deadline.min(deadline);
            return;
        }
        self.shutdown = Some(Shutdown { deadline, done: false });
        for index in 0..self.slots.len() {
            self.make_ready(place(index));
        }
    }

    /// Whether the shutdown is over.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.shutdown.as_ref().is_some_and(|shutdown| shutdown.done)
    }
}

fn check_holder(name: Option<&str>) -> Result<(), Error> {
    match name {
        Some(name) => check_name("holder name", name, MAX_NAME_BYTES),
        None => Ok(()),
    }
}

fn check_purchase(purchase: &PurchaseId) -> Result<(), Error> {
    for (what, text) in [
        ("provider", &purchase.provider),
        ("environment", &purchase.environment),
        ("purchase_id", &purchase.id),
    ] {
        check_name(what, text, MAX_NAME_BYTES)?;
    }
    Ok(())
}

fn check_applies(locker: &Locker) -> Result<(), Error> {
    let spec = locker.spec();
    if spec.apply_receipt {
        return Ok(());
    }
    let text = format!("spec `{}` has no callback that applies products", spec.name);
    Err(Error::new(ErrorKind::Unsupported, text))
}

fn no_such_locker() -> Error {
    Error::new(ErrorKind::InvalidHandle, "the locker does not exist (any more)")
}
