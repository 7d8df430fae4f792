//! The ordinary calls of a server.

use super::data::{c_text, edit_locker, read_locker};
use super::shared::result_name;
use super::{events, is_ok, requests, CServer, Engine, Opened};
use crate::clock::MS;
use crate::server::{name_of, Heard, LockerId, Server, Standing};
use crate::view::Game;
use crate::world::SPACE;
use sessionlocker::change::Draft;
use sessionlocker::clock::Time;
use sessionlocker::engine::core::Core;
use sessionlocker::engine::visit::Sending;
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::ffi::change::{
    slk_locker_queue_change, slk_spec_send_change, slk_spec_update_record, SLK_SEND_CREATE,
};
use sessionlocker::ffi::engine::slk_engine_begin_shutdown;
use sessionlocker::ffi::handle::slk_locker;
use sessionlocker::ffi::locker::{
    slk_locker_answer_handover, slk_locker_await_change, slk_locker_change_status, slk_locker_create,
    slk_locker_destroy, slk_locker_get_status, slk_locker_is_available, slk_locker_mark_force_save,
    slk_locker_mark_should_acquire, slk_locker_mark_should_release, slk_locker_mark_should_save, slk_locker_status,
    SLK_ANSWER_GIVE, SLK_ANSWER_REFUSE,
};
use sessionlocker::ffi::receipt::{
    slk_locker_credit, slk_locker_process_receipt, slk_locker_use_credit, slk_receipt, slk_receipt_init,
    SLK_RECEIPT_PENDING, SLK_RECEIPT_PURCHASED, SLK_RECEIPT_REJECTED, SLK_RECEIPT_REVOKED,
};
use sessionlocker::ffi::request::{SLK_KEY_RECORD, SLK_KEY_SERVER};
use sessionlocker::ffi::result::{
    slk_last_error, slk_result, SLK_BUSY, SLK_E_INVALID_ARGUMENT, SLK_E_INVALID_HANDLE, SLK_E_NOT_LOADED,
    SLK_E_SHUTTING_DOWN, SLK_LOST, SLK_OK, SLK_PENDING, SLK_SAVED, SLK_UNKNOWN,
};
use sessionlocker::ffi::store::slk_store_notify;
use sessionlocker::ffi::text::SLK_NUL_TERMINATED;
use sessionlocker::ffi::visit::{slk_spec_erase_record, slk_spec_view_record, SLK_ERASE_FORCE};
use sessionlocker::locker::event::ChangeStatus;
use sessionlocker::locker::HandoverAnswer;
use sessionlocker::receipt::{Receipt, ReceiptState};
use sessionlocker::record::Document;
use sessionlocker::store::{Key, Kind, RequestId, StoreResult};
use sessionlocker::visit::guest::Purpose;
use std::ffi::CString;
use std::mem::MaybeUninit;

/// A failed call as the library's Rust side would have it.
pub fn error_of(result: slk_result) -> Error {
    let kind = match result {
        SLK_BUSY => ErrorKind::Busy,
        SLK_E_NOT_LOADED => ErrorKind::NotLoaded,
        SLK_E_SHUTTING_DOWN => ErrorKind::ShuttingDown,
        SLK_E_INVALID_HANDLE => ErrorKind::InvalidHandle,
        SLK_E_INVALID_ARGUMENT => ErrorKind::InvalidArgument,
        // No host here expects any other.
        _ => ErrorKind::Panic,
    };
    let mut buffer = [0_u8; 256];
    // SAFETY: the buffer has this capacity; the length may be null.
    let told = unsafe { slk_last_error(buffer.as_mut_ptr().cast(), buffer.len(), std::ptr::null_mut()) };
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    let words = String::from_utf8_lossy(&buffer[..end]);
    Error::new(
        kind,
        format!("{}: {words} ({})", result_name(result), result_name(told)),
    )
}

fn done(result: slk_result) -> Result<(), Error> {
    if is_ok(result) {
        Ok(())
    } else {
        Err(error_of(result))
    }
}

impl CServer {
    /// The host's handle of a locker; the null handle if it has closed it.
    fn handle(&self, locker: LockerId) -> slk_locker {
        let LockerId::C(number) = locker else {
            unreachable!("a server has lockers of its own kind");
        };
        let mut opened = self.lockers.values();
        let opened = opened.find(|opened| opened.number == number);
        opened.map_or(slk_locker::default(), |opened| opened.handle)
    }

    fn note_change(&mut self, locker: LockerId, change: u64) {
        let mut opened = self.lockers.values_mut();
        if let Some(opened) = opened.find(|opened| LockerId::C(opened.number) == locker) {
            opened.last_change = change;
        }
    }

    /// Whether a locker that is opened again is the one that was closed, which had not come to rest: then it knows of the
    /// changes that were made on it.
    fn is_the_same(&self, old: &Opened, handle: slk_locker) -> bool {
        if old.closed_at == self.shared.updates() {
            return true;
        }
        let idle = status_of(handle).is_ok_and(|status| status.idle == 1);
        let knows = || slk_locker_change_status(handle, old.last_change) >= SLK_OK;
        !idle && (old.last_change == 0 || knows())
    }
}

fn status_of(handle: slk_locker) -> Result<slk_locker_status, Error> {
    let mut status = MaybeUninit::<slk_locker_status>::zeroed();
    // SAFETY: the place is as large as said.
    done(unsafe { slk_locker_get_status(handle, status.as_mut_ptr(), size_of::<slk_locker_status>()) })?;
    // SAFETY: valid when zero, and filled now.
    Ok(unsafe { status.assume_init() })
}

fn optional(name: Option<&str>) -> Option<CString> {
    name.map(c_text)
}

impl Server for CServer {
    fn core(&mut self) -> Option<&mut Core> {
        None
    }

    fn engine(&self) -> Option<Engine> {
        Some(Engine {
            handle: self.engine,
            shared: self.shared.clone(),
        })
    }

    fn next_due(&self, now: Time) -> Option<Time> {
        Some(now)
    }

    fn complete(&mut self, _now: Time, _wall: i64, id: RequestId, result: StoreResult) {
        requests::complete(&self.shared, id, &result);
    }

    fn notify(&mut self, _now: Time, key: &Key) {
        let kind = match key.kind {
            Kind::Record => SLK_KEY_RECORD,
            Kind::Server => SLK_KEY_SERVER,
        };
        let (space, name) = (c_text(&key.space), c_text(&key.name));
        // SAFETY: both are strings that live through the call.
        let told = unsafe { slk_store_notify(self.store, kind, space.as_ptr(), name.as_ptr()) };
        self.shared.expect("slk_store_notify", told, SLK_OK);
    }

    fn complete_for_nobody(&mut self, id: RequestId, result: StoreResult) {
        requests::complete(&self.shared, id, &result);
    }

    fn next_event(&mut self) -> Option<Heard> {
        if self.shared.heard.borrow().is_empty() && !self.shared.is_ended() {
            events::take(self);
        }
        self.shared.heard.borrow_mut().pop_front()
    }

    fn open_locker(&mut self, key: usize, _default: Document) -> Result<LockerId, Error> {
        let name = c_text(&name_of(key));
        let mut handle = slk_locker::default();
        // SAFETY: a string, and a place for the handle.
        done(unsafe { slk_locker_create(self.spec, name.as_ptr(), key as u64, &raw mut handle) })?;
        let old = self.lockers.remove(&key);
        let opened = match old {
            Some(old) if self.is_the_same(&old, handle) => Opened { handle, ..old },
            _ => {
                self.next_locker += 1;
                Opened {
                    number: self.next_locker - 1,
                    handle,
                    last_change: 0,
                    closed_at: 0,
                }
            }
        };
        let locker = LockerId::C(opened.number);
        self.shared.handles.borrow_mut().insert(key, handle);
        self.lockers.insert(key, opened);
        Ok(locker)
    }

    fn close_locker(&mut self, locker: LockerId) -> Result<(), Error> {
        done(slk_locker_destroy(self.handle(locker)))?;
        let updates = self.shared.updates();
        let mut lockers = self.lockers.iter_mut();
        if let Some((key, opened)) = lockers.find(|(_, opened)| LockerId::C(opened.number) == locker) {
            opened.handle = slk_locker::default();
            opened.closed_at = updates;
            self.shared.handles.borrow_mut().remove(key);
        }
        Ok(())
    }

    fn mark_should_acquire(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error> {
        let name = optional(name);
        let name = name.as_ref().map_or(std::ptr::null(), |name| name.as_ptr());
        // SAFETY: a string that is alive, or NULL.
        done(unsafe { slk_locker_mark_should_acquire(self.handle(locker), name) })
    }

    fn mark_should_release(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error> {
        let name = optional(name);
        let name = name.as_ref().map_or(std::ptr::null(), |name| name.as_ptr());
        // SAFETY: a string that is alive, or NULL.
        done(unsafe { slk_locker_mark_should_release(self.handle(locker), name) })
    }

    fn mark_should_save(&mut self, locker: LockerId) -> Result<(), Error> {
        done(slk_locker_mark_should_save(self.handle(locker)))
    }

    fn mark_force_save(&mut self, locker: LockerId) -> Result<(), Error> {
        done(slk_locker_mark_force_save(self.handle(locker)))
    }

    fn is_available(&self, now: Time, locker: LockerId) -> bool {
        self.shared.set_now(now);
        slk_locker_is_available(self.handle(locker)) == 1
    }

    fn status(&self, now: Time, locker: LockerId) -> Result<Standing, Error> {
        self.shared.set_now(now);
        let status = status_of(self.handle(locker))?;
        if (status.available == 1) != self.is_available(now, locker) {
            self.shared
                .fault("the status of a locker says of its availability what the predicate does not".into());
        }
        Ok(Standing {
            epoch: (status.epoch != 0).then_some(status.epoch),
            wanted: status.wanted == 1,
            idle: status.idle == 1,
        })
    }

    fn answer_handover(&mut self, locker: LockerId, answer: HandoverAnswer) -> Result<(), Error> {
        let (answer, after) = match answer {
            HandoverAnswer::Give { after } => (SLK_ANSWER_GIVE, after),
            HandoverAnswer::Refuse => (SLK_ANSWER_REFUSE, std::time::Duration::ZERO),
        };
        let delay = u32::try_from(after.as_millis()).expect("the times of a run are short");
        done(slk_locker_answer_handover(self.handle(locker), answer, delay))
    }

    fn document(&self, locker: LockerId) -> Result<Document, Error> {
        read_locker(self.handle(locker)).map_err(error_of)
    }

    fn edit(&mut self, locker: LockerId, before: &Game, after: &Game) -> Result<u64, Error> {
        let mut change = 0;
        done(edit_locker(self.handle(locker), before, after, &mut change))?;
        self.note_change(locker, change);
        Ok(change)
    }

    fn change_status(&self, locker: LockerId, change: u64) -> Result<ChangeStatus, Error> {
        match slk_locker_change_status(self.handle(locker), change) {
            SLK_PENDING => Ok(ChangeStatus::Pending),
            SLK_SAVED => Ok(ChangeStatus::Saved),
            SLK_LOST => Ok(ChangeStatus::Lost),
            SLK_UNKNOWN => Ok(ChangeStatus::Unknown),
            other => Err(error_of(other)),
        }
    }

    fn await_change(&mut self, locker: LockerId, change: u64, tag: u64) -> Result<(), Error> {
        done(slk_locker_await_change(self.handle(locker), change, tag))
    }

    fn queue_change(&mut self, locker: LockerId, draft: Draft) -> Result<u64, Error> {
        assert_eq!(draft.space, SPACE, "there is one spec");
        let (key, kind) = (c_text(&draft.key), c_text(&draft.kind));
        let payload = draft.payload.to_string();
        let flags = if draft.create { SLK_SEND_CREATE } else { 0 };
        let mut change = 0;
        // SAFETY: strings, a text of this length, and a place for the number.
        done(unsafe {
            slk_locker_queue_change(
                self.handle(locker),
                self.spec,
                key.as_ptr(),
                kind.as_ptr(),
                payload.as_ptr().cast(),
                payload.len(),
                flags,
                &raw mut change,
            )
        })?;
        self.note_change(locker, change);
        Ok(change)
    }

    fn process_receipt(&mut self, locker: LockerId, receipt: Receipt) -> Result<(), Error> {
        let texts = [
            &receipt.purchase.provider,
            &receipt.purchase.environment,
            &receipt.purchase.id,
            &receipt.product,
        ]
        .map(|text| c_text(text));
        let mut given = MaybeUninit::<slk_receipt>::uninit();
        // SAFETY: the function fills the whole struct, whose size it is told.
        let mut given = unsafe {
            done(slk_receipt_init(given.as_mut_ptr(), size_of::<slk_receipt>()))?;
            given.assume_init()
        };
        given.provider = texts[0].as_ptr();
        given.environment = texts[1].as_ptr();
        given.purchase_id = texts[2].as_ptr();
        given.product = texts[3].as_ptr();
        given.tag = receipt.tag;
        given.state = match receipt.state {
            ReceiptState::Purchased => SLK_RECEIPT_PURCHASED,
            ReceiptState::Pending => SLK_RECEIPT_PENDING,
            ReceiptState::Rejected => SLK_RECEIPT_REJECTED,
            ReceiptState::Revoked => SLK_RECEIPT_REVOKED,
        };
        // SAFETY: the struct is filled, its strings are alive.
        done(unsafe { slk_locker_process_receipt(self.handle(locker), &raw const given) })
    }

    fn use_credit(&mut self, locker: LockerId, product: &str, tag: u64) -> Result<(), Error> {
        let product = c_text(product);
        // SAFETY: a string that is alive.
        done(unsafe { slk_locker_use_credit(self.handle(locker), product.as_ptr(), tag) })
    }

    fn credit(&self, locker: LockerId, product: &str) -> Result<i64, Error> {
        let product = c_text(product);
        let mut amount = 0;
        // SAFETY: a string that is alive, and a place for the number.
        done(unsafe { slk_locker_credit(self.handle(locker), product.as_ptr(), &raw mut amount) })?;
        Ok(amount)
    }

    fn send_change(
        &mut self,
        wall: i64,
        key: usize,
        sending: Sending,
        _default: Option<Document>,
    ) -> Result<(), Error> {
        self.shared.set_wall(wall);
        let (key, kind) = (c_text(&name_of(key)), c_text(&sending.kind));
        let payload = c_text(&sending.payload.to_string());
        let (key, kind, payload) = (key.as_ptr(), kind.as_ptr(), payload.as_ptr());
        let flags = if sending.create { SLK_SEND_CREATE } else { 0 };
        let all = SLK_NUL_TERMINATED;
        // SAFETY: strings that are alive.
        done(unsafe {
            if sending.update {
                slk_spec_update_record(self.spec, key, kind, payload, all, sending.tag)
            } else {
                slk_spec_send_change(self.spec, key, kind, payload, all, flags, sending.tag)
            }
        })
    }

    fn visit(&mut self, key: usize, purpose: Purpose, _default: Document, tag: u64) -> Result<(), Error> {
        let key = c_text(&name_of(key));
        // SAFETY: a string that is alive.
        done(unsafe {
            match purpose {
                Purpose::View => slk_spec_view_record(self.spec, key.as_ptr(), tag),
                Purpose::Erase { force } => {
                    let flags = if force { SLK_ERASE_FORCE } else { 0 };
                    slk_spec_erase_record(self.spec, key.as_ptr(), flags, tag)
                }
            }
        })
    }

    fn begin_shutdown(&mut self, now: Time, patience: u64) {
        self.shared.set_now(now);
        let deadline = u32::try_from(patience / MS).expect("the times of a run are short");
        let result = slk_engine_begin_shutdown(self.engine, deadline);
        self.shared.expect("slk_engine_begin_shutdown", result, SLK_OK);
    }

    fn kill(&mut self) {
        self.destroy_engine();
    }

    fn finish(&mut self) -> Result<(), String> {
        self.finish_all();
        self.shared.take_fault().map_or(Ok(()), Err)
    }

    fn take_fault(&mut self) -> Option<String> {
        self.shared.take_fault()
    }
}
