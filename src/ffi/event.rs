//! Events: how the host hears of what happened.

use super::callback;
use super::document;
use super::engine::{self, EngineObject};
use super::handle::{slk_document, slk_engine, slk_locker, slk_spec};
use super::host::cause_number;
use super::panic;
use super::result::*;
use super::spec_host::save_reason;
use super::text;
use crate::engine::event::Event;
use crate::engine::{Source, SpecId, VisitOutcome};
use crate::locker::event::{size_words, ChangeStatus, Event as LockerEvent, LoadStatus, LossCause, ReleaseCause};
use crate::receipt::{CreditOutcome, ReceiptOutcome};
use crate::visit::courier::Fate;
use crate::visit::guest::Parting;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// A locker's record is loaded and held: `epoch`. The player may be let in.
pub const SLK_EVENT_LOADED: i32 = 1;
/// Loading takes a new turn: `detail` is one of `SLK_LOAD_`, `text`; for `SLK_LOAD_LOCKED_ELSEWHERE` `name` is the other
/// server, `since_ms` since when by its clock, and `flags` may have `SLK_EVENT_REFUSED`; for `SLK_LOAD_UNKNOWN_VERSION`
/// `count` is the least schema version that a server must know, or 0; for `SLK_LOAD_STORE_FAILURE` `cause`.
pub const SLK_EVENT_LOAD_STATUS: i32 = 2;
/// A locker was saved and let go: `detail` is one of `SLK_RELEASE_`, all changes up to `change` are saved.
pub const SLK_EVENT_RELEASED: i32 = 3;
/// A session is over, and not by our release: `detail` is one of `SLK_LOSS_`, `document` has the data as they were here
/// and is yours to destroy, changes up to `change` are saved, of those after it up to `unknown_change` it cannot be known,
/// later ones are lost; `text`. The player must be kicked.
pub const SLK_EVENT_LOST: i32 = 4;
/// All changes up to `change` are saved.
pub const SLK_EVENT_SAVED: i32 = 5;
/// The answer to `slk_locker_await_change`: `change`, `tag`, `result` is `SLK_SAVED`, `SLK_LOST` or `SLK_UNKNOWN`.
pub const SLK_EVENT_CHANGE_SETTLED: i32 = 6;
/// A save did not succeed and is tried again: `text`, `cause`.
pub const SLK_EVENT_SAVE_TROUBLE: i32 = 7;
/// Another server, `name`, asks for the record: answer with `slk_locker_answer_handover`, or let the spec's mode decide.
pub const SLK_EVENT_HANDOVER_REQUESTED: i32 = 8;
/// Sessions are available again after they had been in doubt: one locker's, `epoch`, or, where `locker` is null, all of
/// the store `name`.
pub const SLK_EVENT_AVAILABLE: i32 = 9;
/// A receipt was dealt with: `name` is the purchase's id, `tag`, `result` is `SLK_GRANTED`, `SLK_CREDITED`, `SLK_PENDING`,
/// `SLK_PARKED`, `SLK_REJECTED`, `SLK_REVOKED` or `SLK_NOT_PROCESSED`, `flags` may have `SLK_EVENT_DUPLICATE` or
/// `SLK_EVENT_TAKEN_UP`, `text`. Only now may the platform be answered; all but `SLK_NOT_PROCESSED` are durable.
pub const SLK_EVENT_RECEIPT: i32 = 10;
/// A use of credit was dealt with: `name` is the product, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no credit),
/// `SLK_NOT_APPLICABLE` or `SLK_NOT_PROCESSED`, `text`.
pub const SLK_EVENT_CREDIT_USED: i32 = 11;
/// A callback of yours failed, and its edits were dropped: `text`.
pub const SLK_EVENT_CALLBACK_FAILED: i32 = 12;
/// Of a locker nothing is held, wanted or under way any more.
pub const SLK_EVENT_IDLE: i32 = 13;
/// A locker did not make it before the deadline of the shutdown: `flags` may have `SLK_EVENT_DIRTY`.
pub const SLK_EVENT_LEFT_BEHIND: i32 = 14;
/// The player's credit for a product is another one from now on: `name` is the product, `amount` the credit, below zero
/// for a debt. As `slk_locker_credit` reads it: whether the change is saved is told by what made it.
pub const SLK_EVENT_CREDIT_CHANGED: i32 = 16;
/// No sign of life was taken by the store `name` in time: none of its lockers is available until one is.
pub const SLK_EVENT_SUSPECT: i32 = 20;
/// This server was declared dead on the store `name`; it registers again and confirms each session.
pub const SLK_EVENT_ENDED: i32 = 21;
/// Another living process uses this server id on the store `name`; it is waited for.
pub const SLK_EVENT_SERVER_ID_IN_USE: i32 = 22;
/// Another living process has taken over this server id on the store `name`: no session there is available ever again.
pub const SLK_EVENT_SUPERSEDED: i32 = 23;
/// The store `name` does not take signs of life: `text`, `cause`.
pub const SLK_EVENT_STORE_TROUBLE: i32 = 24;
/// The shutdown is over: `count` lockers were left behind, each with an event of its own before.
pub const SLK_EVENT_SHUTDOWN_DONE: i32 = 25;

/// A save is being sent: `detail` is one of `SLK_SAVE_`.
pub const SLK_EVENT_SAVING: i32 = 15;
/// A change that somebody sent has taken effect and is saved: `name` is its kind, `text` who sent it, `change` what it
/// became here.
pub const SLK_EVENT_CHANGE_APPLIED: i32 = 17;
/// The last living handle of the locker was marked as deleted.
pub const SLK_EVENT_DELETED: i32 = 19;
/// The answer to `slk_spec_send_change`: `spec`, `key`, `tag`, `text`, `result` is `SLK_OK` (it is in the record),
/// `SLK_EMPTY` (no record), `SLK_E_FULL` (the inbox), `SLK_LOST` (never written) or `SLK_UNKNOWN`. Also without a `tag`,
/// for a change of some record's outbox of which it cannot be known whether it arrived.
pub const SLK_EVENT_CHANGE_SENT: i32 = 26;
/// The answer to `slk_spec_update_record`: `spec`, `key`, `tag`, `text`, `result` is `SLK_SAVED`, `SLK_LOCKED_ELSEWHERE`
/// (`name` is the server), `SLK_E_CALLBACK` (refused), `SLK_LOST` (never written) or `SLK_UNKNOWN`.
pub const SLK_EVENT_RECORD_UPDATED: i32 = 27;
/// The answer to `slk_spec_view_record`: `spec`, `key`, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no record),
/// `SLK_UNREADABLE` or `SLK_E_STORE`, `text`. For `SLK_OK`: `document` has the data and is yours to destroy, `name` is the
/// server that holds it or empty, `since_ms` since when, `epoch`, `count` the stored schema version.
pub const SLK_EVENT_RECORD_VIEWED: i32 = 28;
/// The answer to `slk_spec_erase_record`: `spec`, `key`, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no record),
/// `SLK_LOCKED_ELSEWHERE` (`name` is the server, which may be this one), `SLK_UNREADABLE` or `SLK_E_STORE`, `text`.
pub const SLK_EVENT_RECORD_ERASED: i32 = 29;
/// A record that is about the person whom `slk_spec_export_user` asked for: `spec`, `key`, `tag`, and `document`, which is
/// yours to destroy: an object with the members `key`, `data` (or `bytes` in base64), `users`, `purchases`, `credit`,
/// `schema`, `created_ms` and `saved_ms`.
pub const SLK_EVENT_RECORD_EXPORTED: i32 = 30;
/// `slk_spec_export_user` or `slk_spec_erase_user` has gone through all records: `spec`, `tag`, `count` records were
/// exported or erased, `result` is `SLK_OK`, or `SLK_E_NOT_APPLIED` if some were left because they cannot be read or a
/// server holds them; `text` names the first.
pub const SLK_EVENT_USER_DONE: i32 = 31;
/// What was edited before the data were loaded could not be merged: `document` has it and is yours to destroy, `text`.
pub const SLK_EVENT_OFFLINE_DROPPED: i32 = 34;
/// The last save was not made, because `validate` refused the data: `document` has them and is yours to destroy, changes
/// up to `change` are saved, later ones are lost; `text`. `SLK_EVENT_RELEASED` follows.
pub const SLK_EVENT_SAVE_REFUSED: i32 = 35;
/// The record that is about to be saved has come close to the largest that may be: `count` is its size in bytes, `text`
/// has both. Told once, until the record is smaller again.
pub const SLK_EVENT_SIZE_WARNING: i32 = 18;
/// The store `name` is in a critical state: 5 requests failed within 2 minutes, and no more than that succeeded between
/// them. `text` is the latest failure, `cause`. Loads are tried less often until it is well again.
pub const SLK_EVENT_STORE_CRITICAL: i32 = 32;
/// The store `name` is well again after a critical state: 3 requests in a row succeeded, and none failed for 10 seconds.
pub const SLK_EVENT_STORE_RECOVERED: i32 = 33;

/// Nobody wants the record.
pub const SLK_LOAD_IDLE: i32 = 0;
/// It is being read or written.
pub const SLK_LOAD_LOADING: i32 = 1;
/// The store fails; it is tried again.
pub const SLK_LOAD_STORE_FAILURE: i32 = 2;
/// Another server holds it, and has been asked to let go.
pub const SLK_LOAD_LOCKED_ELSEWHERE: i32 = 3;
/// A newer version of the game or of this library wrote it. It is left as it is.
pub const SLK_LOAD_UNKNOWN_VERSION: i32 = 4;
/// It is no record, or a damaged one. It is left as it is.
pub const SLK_LOAD_UNREADABLE: i32 = 5;
/// It is loaded and held.
pub const SLK_LOAD_LOADED: i32 = 6;
/// It is being saved for the last time and let go.
pub const SLK_LOAD_RELEASING: i32 = 7;
/// A patcher, migrator or check of yours refused the data. They are left as they are.
pub const SLK_LOAD_DATA_REFUSED: i32 = 8;

/// Another server has taken the record.
pub const SLK_LOSS_TAKEN: i32 = 1;
/// The record was removed.
pub const SLK_LOSS_ERASED: i32 = 2;
/// The store is behind what it had confirmed: it has lost writes.
pub const SLK_LOSS_ROLLED_BACK: i32 = 3;

/// The game no longer wanted the record.
pub const SLK_RELEASE_RELEASED: i32 = 1;
/// Another server asked for it.
pub const SLK_RELEASE_HANDED_OVER: i32 = 2;
/// The engine shuts down.
pub const SLK_RELEASE_SHUTDOWN: i32 = 3;

/// The other server has refused to let go.
pub const SLK_EVENT_REFUSED: u32 = 1;
/// The receipt had been dealt with before, and nothing was done now.
pub const SLK_EVENT_DUPLICATE: u32 = 2;
/// There were changes that are not saved.
pub const SLK_EVENT_DIRTY: u32 = 4;
/// The purchase had been parked, and the game knows its product now. Nobody waits for this answer, and `tag` is 0.
pub const SLK_EVENT_TAKEN_UP: u32 = 8;

/// Something that happened. Which fields mean something is said at each `SLK_EVENT_`; the others are 0 or empty.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_event {
    /// One of `SLK_EVENT_`.
    pub kind: i32,
    /// How something ended.
    pub result: slk_result,
    /// The locker, as one of your handles of it; null for events of the whole engine, or if you have destroyed it.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The locker's key, ending with a NUL; empty for events of the whole engine.
    pub key: *const c_char,
    /// Its length in bytes.
    pub key_length: usize,
    /// What happened, in words, ending with a NUL; may be empty.
    pub text: *const c_char,
    /// Its length in bytes.
    pub text_length: usize,
    /// A server, store, purchase or product, ending with a NUL; may be empty.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_length: usize,
    /// The fencing token of the session: higher than that of every earlier session of this record.
    pub epoch: u64,
    /// A change.
    pub change: u64,
    /// Another change.
    pub unknown_change: u64,
    /// As given with what this event answers.
    pub tag: u64,
    /// A document, which is yours to destroy.
    pub document: slk_document,
    /// How many.
    pub count: u64,
    /// Milliseconds since 1970-01-01 UTC, by somebody's clock.
    pub since_ms: i64,
    /// One of the constants that the kind names.
    pub detail: i32,
    /// Any of the flags that the kind names, added.
    pub flags: u32,
    /// The spec of the locker or record; null for events of the whole engine, or if you have destroyed it.
    pub spec: slk_spec,
    /// Whose trouble it is, where a store failed: one of `SLK_CAUSE_`.
    pub cause: i32,
    /// An amount, which may be negative.
    pub amount: i64,
}

/// Takes one event, whose views live until the call returns. Called inside `slk_engine_dispatch`.
pub type slk_event_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const slk_event)>;

/// So many bytes of texts share an allocation, unless one of them is longer.
const CHUNK: usize = 4096;

/// What the views of the last events point to.
#[derive(Default)]
pub(super) struct Shown {
    /// Texts with a NUL after each. A chunk is never filled beyond what it had room for at first, so that it stays where
    /// it is; the last is the one that is filled.
    chunks: Vec<Vec<u8>>,
}

impl Shown {
    pub fn clear(&mut self) {
        self.chunks.truncate(1);
        if let Some(first) = self.chunks.first_mut() {
            first.clear();
            if first.capacity() > CHUNK {
                self.chunks.clear();
            }
        }
    }

    /// Keeps a text and gives a view of it.
    fn keep(&mut self, text: &str) -> (*const c_char, usize) {
        let wanted = text.len() + 1;
        let has_room = |chunk: &Vec<u8>| chunk.capacity() - chunk.len() >= wanted;
        if !self.chunks.last().is_some_and(has_room) {
            self.chunks.push(Vec::with_capacity(wanted.max(CHUNK)));
        }
        let Some(chunk) = self.chunks.last_mut() else {
            return (c"".as_ptr(), 0);
        };
        let begin = chunk.len();
        chunk.extend_from_slice(text.as_bytes());
        if text.contains('\0') {
            // Such a NUL could only come from somebody else's words.
            chunk[begin..]
                .iter_mut()
                .filter(|byte| **byte == 0)
                .for_each(|byte| *byte = b' ');
        }
        chunk.push(0);
        (chunk[begin..].as_ptr().cast(), text.len())
    }
}

/// An event that says nothing.
const EMPTY: slk_event = slk_event {
    kind: 0,
    result: SLK_OK,
    locker: slk_locker { id: 0 },
    user_tag: 0,
    key: c"".as_ptr(),
    key_length: 0,
    text: c"".as_ptr(),
    text_length: 0,
    name: c"".as_ptr(),
    name_length: 0,
    epoch: 0,
    change: 0,
    unknown_change: 0,
    tag: 0,
    document: slk_document { id: 0 },
    count: 0,
    since_ms: 0,
    detail: 0,
    flags: 0,
    spec: slk_spec { id: 0 },
    cause: 0,
    amount: 0,
};

/// Translates events for the host.
struct Translator<'a> {
    engine: &'a EngineObject,
    shown: &'a mut Shown,
}

impl Translator<'_> {
    fn event(&mut self, event: Event) -> Result<slk_event, Failure> {
        Ok(match event {
            Event::Locker { source, event } => self.locker_event(&source, event)?,
            Event::LeftBehind { source, dirty } => slk_event {
                kind: SLK_EVENT_LEFT_BEHIND,
                flags: if dirty { SLK_EVENT_DIRTY } else { 0 },
                ..self.about(&source)
            },
            Event::Suspect { store } => self.named(SLK_EVENT_SUSPECT, &store),
            Event::Fresh { store } => self.named(SLK_EVENT_AVAILABLE, &store),
            Event::Ended { store } => self.named(SLK_EVENT_ENDED, &store),
            Event::ServerIdInUse { store, superseded } => {
                let kind = if superseded {
                    SLK_EVENT_SUPERSEDED
                } else {
                    SLK_EVENT_SERVER_ID_IN_USE
                };
                self.named(kind, &store)
            }
            Event::StoreTrouble { store, text, cause } => {
                let named = self.named(SLK_EVENT_STORE_TROUBLE, &store);
                let cause = cause_number(cause);
                slk_event {
                    cause,
                    ..self.worded(named, &text)
                }
            }
            Event::Visit {
                spec,
                key,
                tag,
                outcome,
            } => self.visit(spec, &key, tag, outcome)?,
            Event::ShutdownDone { left } => slk_event {
                kind: SLK_EVENT_SHUTDOWN_DONE,
                count: left as u64,
                ..EMPTY
            },
            Event::StoreCritical { store, text, cause } => {
                let named = self.named(SLK_EVENT_STORE_CRITICAL, &store);
                let cause = cause_number(cause);
                slk_event {
                    cause,
                    ..self.worded(named, &text)
                }
            }
            Event::StoreRecovered { store } => self.named(SLK_EVENT_STORE_RECOVERED, &store),
        })
    }

    /// An event that is about a locker.
    fn about(&mut self, source: &Source) -> slk_event {
        let (key, key_length) = self.shown.keep(&source.key);
        slk_event {
            locker: self.engine.handle_of(source.locker),
            user_tag: source.tag,
            key,
            key_length,
            spec: self.engine.handle_of_spec(source.spec),
            ..EMPTY
        }
    }

    /// An event that is about a record without a locker.
    fn visit(&mut self, spec: SpecId, key: &str, tag: u64, outcome: VisitOutcome) -> Result<slk_event, Failure> {
        let (key, key_length) = self.shown.keep(key);
        let out = slk_event {
            key,
            key_length,
            tag,
            spec: self.engine.handle_of_spec(spec),
            ..EMPTY
        };
        Ok(match outcome {
            VisitOutcome::Send(fate) => self.fate(out, SLK_EVENT_CHANGE_SENT, SLK_OK, fate),
            VisitOutcome::Update(fate) => self.fate(out, SLK_EVENT_RECORD_UPDATED, SLK_SAVED, fate),
            VisitOutcome::View(parting) => self.parting(out, SLK_EVENT_RECORD_VIEWED, parting)?,
            VisitOutcome::Erase(parting) => self.parting(out, SLK_EVENT_RECORD_ERASED, parting)?,
            VisitOutcome::Export(document) => slk_event {
                kind: SLK_EVENT_RECORD_EXPORTED,
                document: document::give(document)?,
                ..out
            },
            VisitOutcome::Searched(end) => {
                let done = slk_event {
                    kind: SLK_EVENT_USER_DONE,
                    result: if end.left == 0 { SLK_OK } else { SLK_E_NOT_APPLIED },
                    count: end.done,
                    ..out
                };
                self.worded(done, &end.text)
            }
        })
    }

    fn fate(&mut self, mut out: slk_event, kind: i32, delivered: slk_result, fate: Fate) -> slk_event {
        out.kind = kind;
        let (result, text) = match fate {
            Fate::Delivered => (delivered, String::new()),
            Fate::Missing => (SLK_EMPTY, String::new()),
            Fate::Full => (SLK_E_FULL, "the inbox is full".to_owned()),
            Fate::Locked { server } => {
                out.result = SLK_LOCKED_ELSEWHERE;
                return self.with_name(out, &server);
            }
            Fate::Refused { text } => (SLK_E_CALLBACK, text),
            Fate::NotSent { text } => (SLK_LOST, text),
            Fate::Unknown { text } => (SLK_UNKNOWN, text),
        };
        out.result = result;
        self.worded(out, &text)
    }

    fn parting(&mut self, mut out: slk_event, kind: i32, parting: Parting) -> Result<slk_event, Failure> {
        out.kind = kind;
        match parting {
            Parting::Seen(seen) => {
                (out.epoch, out.count) = (seen.epoch, seen.schema.into());
                if let Some((server, since_ms)) = &seen.holder {
                    out = self.with_name(out, server);
                    out.since_ms = *since_ms;
                }
                out.document = document::give(seen.document)?;
            }
            Parting::Erased { .. } => {}
            Parting::Missing => out.result = SLK_EMPTY,
            Parting::Locked { server } => {
                out.result = SLK_LOCKED_ELSEWHERE;
                out = self.with_name(out, &server);
            }
            Parting::Failed { text, unreadable } => {
                out.result = if unreadable { SLK_UNREADABLE } else { SLK_E_STORE };
                out = self.worded(out, &text);
            }
        }
        Ok(out)
    }

    fn named(&mut self, kind: i32, name: &str) -> slk_event {
        let (name, name_length) = self.shown.keep(name);
        slk_event {
            kind,
            name,
            name_length,
            ..EMPTY
        }
    }

    fn worded(&mut self, event: slk_event, text: &str) -> slk_event {
        let (text, text_length) = self.shown.keep(text);
        slk_event {
            text,
            text_length,
            ..event
        }
    }

    fn with_name(&mut self, event: slk_event, name: &str) -> slk_event {
        let (name, name_length) = self.shown.keep(name);
        slk_event {
            name,
            name_length,
            ..event
        }
    }

    fn locker_event(&mut self, source: &Source, event: LockerEvent) -> Result<slk_event, Failure> {
        let mut out = self.about(source);
        match event {
            LockerEvent::LoadStatus(status) => out = self.load_status(out, &status),
            LockerEvent::Loaded { epoch } => (out.kind, out.epoch) = (SLK_EVENT_LOADED, epoch),
            LockerEvent::Confirmed { epoch } => (out.kind, out.epoch) = (SLK_EVENT_AVAILABLE, epoch),
            LockerEvent::Released { cause, change } => {
                (out.kind, out.change, out.detail) = (SLK_EVENT_RELEASED, change, release_cause(cause));
            }
            LockerEvent::Lost {
                cause,
                document,
                saved,
                unknown,
                text,
            } => {
                out = self.worded(out, &text);
                (out.kind, out.detail) = (SLK_EVENT_LOST, loss_cause(cause));
                (out.change, out.unknown_change) = (saved, unknown);
                out.document = document::give(document)?;
            }
            LockerEvent::Saved { change } => (out.kind, out.change) = (SLK_EVENT_SAVED, change),
            LockerEvent::ChangeSettled { change, tag, status } => {
                (out.kind, out.change, out.tag) = (SLK_EVENT_CHANGE_SETTLED, change, tag);
                out.result = change_result(status);
            }
            LockerEvent::SaveTrouble { text, cause } => {
                (out.kind, out.cause) = (SLK_EVENT_SAVE_TROUBLE, cause_number(cause));
                out = self.worded(out, &text);
            }
            LockerEvent::HandoverRequested { server } => {
                out.kind = SLK_EVENT_HANDOVER_REQUESTED;
                out = self.with_name(out, &server);
            }
            LockerEvent::Receipt {
                purchase,
                tag,
                outcome,
                text,
                taken_up,
            } => {
                (out.kind, out.tag) = (SLK_EVENT_RECEIPT, tag);
                (out.result, out.flags) = receipt_result(outcome);
                out.flags |= if taken_up { SLK_EVENT_TAKEN_UP } else { 0 };
                out = self.with_name(out, &purchase);
                out = self.worded(out, &text);
            }
            LockerEvent::CreditUsed {
                product,
                tag,
                outcome,
                text,
            } => {
                (out.kind, out.tag, out.result) = (SLK_EVENT_CREDIT_USED, tag, credit_result(outcome));
                out = self.with_name(out, &product);
                out = self.worded(out, &text);
            }
            LockerEvent::CallbackFailed { text } => {
                out.kind = SLK_EVENT_CALLBACK_FAILED;
                out = self.worded(out, &text);
            }
            LockerEvent::Idle => out.kind = SLK_EVENT_IDLE,
            LockerEvent::Deleted => out.kind = SLK_EVENT_DELETED,
            LockerEvent::Saving(reason) => (out.kind, out.detail) = (SLK_EVENT_SAVING, save_reason(reason)),
            LockerEvent::OfflineDropped { document, text } => {
                out = self.worded(out, &text);
                out.kind = SLK_EVENT_OFFLINE_DROPPED;
                out.document = document::give(document)?;
            }
            LockerEvent::Refused { document, saved, text } => {
                out = self.worded(out, &text);
                (out.kind, out.change) = (SLK_EVENT_SAVE_REFUSED, saved);
                out.document = document::give(document)?;
            }
            LockerEvent::ChangeApplied { kind, from, change } => {
                (out.kind, out.change) = (SLK_EVENT_CHANGE_APPLIED, change);
                out = self.with_name(out, &kind);
                out = self.worded(out, &from);
            }
            LockerEvent::SizeWarning { bytes, max } => {
                (out.kind, out.count) = (SLK_EVENT_SIZE_WARNING, bytes);
                out = self.worded(out, &size_words(bytes, max));
            }
            LockerEvent::CreditChanged { product, amount } => {
                (out.kind, out.amount) = (SLK_EVENT_CREDIT_CHANGED, amount);
                out = self.with_name(out, &product);
            }
        }
        Ok(out)
    }

    fn load_status(&mut self, mut out: slk_event, status: &LoadStatus) -> slk_event {
        out.kind = SLK_EVENT_LOAD_STATUS;
        out.detail = load_number(status);
        match status {
            LoadStatus::LockedElsewhere {
                server,
                since_ms,
                refused,
            } => {
                out.since_ms = *since_ms;
                out.flags = if *refused { SLK_EVENT_REFUSED } else { 0 };
                self.with_name(out, server)
            }
            LoadStatus::UnknownVersion { text, needs } => {
                out.count = (*needs).into();
                self.worded(out, text)
            }
            LoadStatus::StoreFailure { text, cause } => {
                out.cause = cause_number(*cause);
                self.worded(out, text)
            }
            LoadStatus::Unreadable { text } | LoadStatus::DataRefused { text } => self.worded(out, text),
            LoadStatus::Idle | LoadStatus::Loading | LoadStatus::Loaded | LoadStatus::Releasing => out,
        }
    }
}

/// The header's number of a load status.
pub(super) fn load_number(status: &LoadStatus) -> i32 {
    match status {
        LoadStatus::Idle => SLK_LOAD_IDLE,
        LoadStatus::Loading => SLK_LOAD_LOADING,
        LoadStatus::StoreFailure { .. } => SLK_LOAD_STORE_FAILURE,
        LoadStatus::LockedElsewhere { .. } => SLK_LOAD_LOCKED_ELSEWHERE,
        LoadStatus::UnknownVersion { .. } => SLK_LOAD_UNKNOWN_VERSION,
        LoadStatus::Unreadable { .. } => SLK_LOAD_UNREADABLE,
        LoadStatus::Loaded => SLK_LOAD_LOADED,
        LoadStatus::Releasing => SLK_LOAD_RELEASING,
        LoadStatus::DataRefused { .. } => SLK_LOAD_DATA_REFUSED,
    }
}

fn loss_cause(cause: LossCause) -> i32 {
    match cause {
        LossCause::Taken => SLK_LOSS_TAKEN,
        LossCause::Erased => SLK_LOSS_ERASED,
        LossCause::RolledBack => SLK_LOSS_ROLLED_BACK,
    }
}

/// The header's number of a cause of release.
pub(super) fn release_cause(cause: ReleaseCause) -> i32 {
    match cause {
        ReleaseCause::Released => SLK_RELEASE_RELEASED,
        ReleaseCause::HandedOver => SLK_RELEASE_HANDED_OVER,
        ReleaseCause::Shutdown => SLK_RELEASE_SHUTDOWN,
    }
}

/// The header's result for what became of a change.
pub(super) fn change_result(status: ChangeStatus) -> slk_result {
    match status {
        ChangeStatus::Pending => SLK_PENDING,
        ChangeStatus::Saved => SLK_SAVED,
        ChangeStatus::Lost => SLK_LOST,
        ChangeStatus::Unknown => SLK_UNKNOWN,
    }
}

fn receipt_result(outcome: ReceiptOutcome) -> (slk_result, u32) {
    let flags = |duplicate| if duplicate { SLK_EVENT_DUPLICATE } else { 0 };
    match outcome {
        ReceiptOutcome::Granted { duplicate } => (SLK_GRANTED, flags(duplicate)),
        ReceiptOutcome::Credited { duplicate } => (SLK_CREDITED, flags(duplicate)),
        ReceiptOutcome::NotProcessed => (SLK_NOT_PROCESSED, 0),
        ReceiptOutcome::Pending { duplicate } => (SLK_PENDING, flags(duplicate)),
        ReceiptOutcome::Rejected { duplicate } => (SLK_REJECTED, flags(duplicate)),
        ReceiptOutcome::Revoked { duplicate } => (SLK_REVOKED, flags(duplicate)),
        ReceiptOutcome::Parked { duplicate } => (SLK_PARKED, flags(duplicate)),
    }
}

fn credit_result(outcome: CreditOutcome) -> slk_result {
    match outcome {
        CreditOutcome::Used => SLK_OK,
        CreditOutcome::NoCredit => SLK_EMPTY,
        CreditOutcome::NotApplicable => SLK_NOT_APPLICABLE,
        CreditOutcome::NotUsed => SLK_NOT_PROCESSED,
    }
}

/// Takes the next event, if there is one. The views of earlier events end when this is called.
fn take(object: &Arc<EngineObject>, shown: &mut Shown) -> Result<Option<slk_event>, Failure> {
    let Some(event) = object.run(|engine| Ok(engine.next_event()))? else {
        return Ok(None);
    };
    let mut translator = Translator { engine: object, shown };
    translator.event(event).map(Some)
}

/// What a caller that was compiled with a smaller event cannot take.
fn drop_unseen(event: &slk_event, size: usize) -> Result<(), Failure> {
    if size < std::mem::offset_of!(slk_event, document) + size_of::<slk_document>() && event.document.id != 0 {
        document::end(event.document)?;
    }
    Ok(())
}

/// # Safety
/// `place` has `size` writable bytes.
unsafe fn write(event: &slk_event, place: *mut u8, size: usize) -> Result<(), Failure> {
    drop_unseen(event, size)?;
    // SAFETY: as the caller promises.
    unsafe { text::put_sized(event, place, size) };
    Ok(())
}

/// Takes the next event out of the queue.
///
/// Parameters:
///   `engine`: the engine.
///   `event`: receives it. Its views live until the next call of next_event, next_events, dispatch, update or destroy on
///   this engine; a `document` in it is yours to destroy.
///   `size`: `sizeof(slk_event)`.
/// Returns:
///   `SLK_OK`: there was one.
///   `SLK_EMPTY`: there is none.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `event` is NULL; `size` is no size.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: one at a time. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_next_event(engine: slk_engine, event: *mut slk_event, size: usize) -> slk_result {
    panic::enter("slk_engine_next_event", || {
        let mut count = 0;
        text::required(event, "event")?;
        // SAFETY: not null, with `size` writable bytes, as the caller promises.
        unsafe { next_events(engine, event, size, 1, &raw mut count) }?;
        Ok(if count == 1 { SLK_OK } else { SLK_EMPTY })
    })
}

/// Takes several events out of the queue.
///
/// Parameters:
///   `engine`: the engine.
///   `events`: an array that receives them; their views live as those of `slk_engine_next_event`.
///   `size`: `sizeof(slk_event)`.
///   `capacity`: how many the array can hold.
///   `count`: receives how many were written.
/// Returns: `SLK_OK`, also if there were none; the failures of `slk_engine_next_event`.
/// Thread: one at a time. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_next_events(
    engine: slk_engine,
    events: *mut slk_event,
    size: usize,
    capacity: usize,
    count: *mut usize,
) -> slk_result {
    panic::enter("slk_engine_next_events", || {
        text::required(events, "events")?;
        text::required(count, "count")?;
        // SAFETY: not null, with room for `capacity` events of `size` bytes, as the caller promises.
        unsafe { next_events(engine, events, size, capacity, count) }?;
        Ok(SLK_OK)
    })
}

/// # Safety
/// `events` has room for `capacity` events of `size` bytes; `count` is writable.
unsafe fn next_events(
    engine: slk_engine,
    events: *mut slk_event,
    size: usize,
    capacity: usize,
    count: *mut usize,
) -> Result<(), Failure> {
    callback::refuse_inside()?;
    text::check_out_size::<slk_event>(size)?;
    let object = engine::get(engine)?;
    let _turn = object.run(|engine| Ok(engine.take_turn()?))?;
    let mut shown = object.shown.lock();
    shown.clear();
    let mut written = 0;
    while written < capacity {
        let Some(event) = take(&object, &mut shown)? else {
            break;
        };
        // SAFETY: `written` is below the capacity, so the place lies in the caller's array.
        unsafe { write(&event, events.cast::<u8>().add(written * size), size) }?;
        written += 1;
        // SAFETY: writable, as the caller promises. Written each time, so that a failure loses no event before it.
        unsafe { text::put(count, written) };
    }
    // SAFETY: as above.
    unsafe { text::put(count, written) };
    Ok(())
}

/// Takes all events out of the queue and gives each to a callback, on this thread.
///
/// Inside the callback everything may be called, except what returns `SLK_E_REENTRANT`.
///
/// Parameters:
///   `engine`: the engine.
///   `callback`: gets each event; its views live until the callback returns; a `document` in it is yours to destroy.
///   `user_data`: given to the callback.
/// Returns: `SLK_OK`, also if there were none; `SLK_E_INVALID_ARGUMENT`: `callback` is NULL; the failures of
/// `slk_engine_next_event`.
/// Thread: one at a time. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_dispatch(
    engine: slk_engine,
    callback: slk_event_callback,
    user_data: *mut c_void,
) -> slk_result {
    panic::enter("slk_engine_dispatch", || {
        callback::refuse_inside()?;
        let Some(tell) = callback else {
            return Err(Failure::argument("callback is NULL"));
        };
        let object = engine::get(engine)?;
        let _turn = object.run(|engine| Ok(engine.take_turn()?))?;
        // Kept here and not in the engine, so that no lock is held while the host is called.
        let mut shown = Shown::default();
        loop {
            shown.clear();
            let Some(event) = take(&object, &mut shown)? else {
                return Ok(SLK_OK);
            };
            // SAFETY: the caller gave this function for this purpose; the event and its views live until it returns.
            callback::run(|| unsafe { tell(user_data, &raw const event) });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn what_is_shown_stays_where_it_is() {
        let mut shown = Shown::default();
        for _ in 0..3 {
            let texts: Vec<String> = (0..2_000).map(|number| "x".repeat(number * 7 % 5_000)).collect();
            let views: Vec<_> = texts.iter().map(|text| shown.keep(text)).collect();
            for (text, (view, length)) in texts.iter().zip(views) {
                // SAFETY: what was kept since the last clearing ends with a NUL and is still there.
                let seen = unsafe { CStr::from_ptr(view) };
                assert_eq!((seen.to_bytes(), length), (text.as_bytes(), text.len()));
            }
            shown.clear();
            assert!(shown.chunks.iter().map(Vec::capacity).sum::<usize>() <= CHUNK);
        }
        let (view, length) = shown.keep("a\0b");
        // SAFETY: as above.
        assert_eq!((unsafe { CStr::from_ptr(view) }, length), (c"a b", 3));
    }
}
