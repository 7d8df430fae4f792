//! Changes between records: sending them, applying them, and updating records that nobody holds.

use super::document;
use super::handle::{slk_document, slk_error_sink, slk_locker, slk_spec};
use super::locker;
use super::options::known_flags;
use super::panic;
use super::result::*;
use super::spec::{self, SpecObject};
use super::spec_host::{c_text, size_field, HostSpec};
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::change::Draft;
use crate::engine::host::About;
use crate::engine::Sending;
use crate::locker::call::{CallAnswer, Verdict};
use crate::record::inbox::Sent;
use crate::record::Document;
use std::ffi::{c_char, c_void, CString};

/// Create the target with its default data if it does not exist.
pub const SLK_SEND_CREATE: u32 = 1;

/// It is an update of a record that nobody holds, asked for by `slk_spec_update_record`.
pub const SLK_CHANGE_UPDATE: u32 = 1;
/// This record sent it, and its target could not take it: it has come back.
pub const SLK_CHANGE_RETURNED: u32 = 2;

/// A change that is to be applied. Its strings end with a NUL and live until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_change_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// Any of `SLK_CHANGE_UPDATE` and `SLK_CHANGE_RETURNED`, added.
    pub flags: u32,
    /// One of your handles of the locker; null if you have destroyed it, or for an update.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The record's key.
    pub key: *const c_char,
    /// What kind of change it is, as its sender called it.
    pub kind: *const c_char,
    /// What was sent with it: JSON text.
    pub payload: *const c_char,
    /// Its length in bytes.
    pub payload_length: usize,
    /// Who sent it: `spec/key` of a record, or the id of a server.
    pub from: *const c_char,
    /// For one that has come back: the target, as `spec/key`; else empty.
    pub returned_from: *const c_char,
    /// When it was sent, in milliseconds since 1970-01-01 UTC by the sender's clock.
    pub sent_ms: i64,
}

/// Applies a change that somebody sent to the draft of the record's data.
///
/// Returns: `SLK_OK`: applied; the draft's edits are saved in the write that takes the change out of the inbox.
/// `SLK_NOT_APPLICABLE`: this server does not know the kind; the change waits for one that does, and holds up no other.
/// Anything else: it failed, all edits are dropped; `SLK_EVENT_CALLBACK_FAILED` tells; it is tried again in the next
/// session, and what its sender sent later waits for it.
/// It may be called again for the same change, also on another server, if the save is lost: effects outside the draft
/// belong to `SLK_EVENT_CHANGE_APPLIED`. Called inside update.
pub type slk_apply_change = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        change: *const slk_change_view,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

impl HostSpec {
    pub(super) fn change(&self, about: &About, sent: &Sent, direct: bool, draft: Document) -> CallAnswer {
        let Some(apply) = self.apply_change else {
            return CallAnswer::refused(Verdict::NotApplicable);
        };
        let payload = sent.payload.to_string();
        let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let (key, kind, from) = (c_text(&about.key), text(&sent.kind), text(&sent.from));
        let returned_from = text(sent.returned_from.as_deref().unwrap_or_default());
        // JSON text has no NUL.
        let json = text(&payload);
        let returned = if sent.returned_from.is_some() {
            SLK_CHANGE_RETURNED
        } else {
            0
        };
        let view = slk_change_view {
            struct_size: size_field::<slk_change_view>(),
            flags: returned | if direct { SLK_CHANGE_UPDATE } else { 0 },
            locker: self.locker(about),
            user_tag: about.tag,
            key: key.as_ptr(),
            kind: kind.as_ptr(),
            payload: json.as_ptr(),
            payload_length: payload.len(),
            from: from.as_ptr(),
            returned_from: returned_from.as_ptr(),
            sent_ms: sent.at_ms,
        };
        self.with_draft_or_leave("apply_change", draft, |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { apply(user_data, &raw const view, draft, error) }
        })
    }
}

/// A change as the host describes it; `payload` with its length.
///
/// # Safety
/// The pointers are null or lead to strings with a NUL, the payload to as many bytes as its length says.
unsafe fn draft_of(
    space: &str,
    key: *const c_char,
    kind: *const c_char,
    payload: (*const c_char, usize),
    flags: u32,
) -> Result<Draft, Failure> {
    known_flags(flags, SLK_SEND_CREATE)?;
    // SAFETY: as the caller promises.
    let key = unsafe { text::string(key, "key", SLK_MAX_KEY_BYTES) }?;
    // SAFETY: as the caller promises.
    let kind = unsafe { text::string(kind, "kind", SLK_MAX_NAME_BYTES) }?;
    if kind.is_empty() {
        return Err(Failure::argument("kind is empty"));
    }
    let payload = if payload.0.is_null() {
        "null"
    } else {
        // SAFETY: as the caller promises.
        unsafe { text::text(payload.0, payload.1, "payload") }?
    };
    let payload = Document::from_json(payload).map_err(|error| Failure::from(error).about("payload"))?;
    Ok(Draft {
        space: space.to_owned(),
        key: key.to_owned(),
        kind: kind.to_owned(),
        payload: payload.to_value()?,
        create: flags & SLK_SEND_CREATE != 0,
    })
}

fn send(object: &SpecObject, draft: Draft, update: bool, tag: u64) -> Result<(), Failure> {
    let sending = Sending {
        kind: draft.kind,
        payload: draft.payload,
        create: draft.create,
        update,
        tag,
    };
    let engine = &object.engine;
    engine.run(|engine| Ok(engine.send_change(object.id, &draft.key, sending)?))
}

/// Sends a change to a record, whether it is held here, by another server or by nobody. It goes into the record's inbox,
/// exactly once, and whoever holds the record, or loads it next, applies it by `apply_change`. Changes that one server
/// sends to one key arrive in their order.
///
/// Parameters:
///   `spec`: the kind of record.
///   `key`: the record's key.
///   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
///   `payload`: what goes with it: JSON text; NULL for `null`.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `flags`: `SLK_SEND_CREATE` or 0.
///   `tag`: comes back in the event.
/// Returns:
///   `SLK_OK`: taken; `SLK_EVENT_CHANGE_SENT` tells what became of it.
///   `SLK_E_INVALID_JSON`: the payload is not JSON.
///   `SLK_E_CALLBACK`: `default_data_for` refused.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
///   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_send_change(
    spec: slk_spec,
    key: *const c_char,
    kind: *const c_char,
    payload: *const c_char,
    length: usize,
    flags: u32,
    tag: u64,
) -> slk_result {
    panic::enter("slk_spec_send_change", || {
        let object = spec::get(spec)?;
        // SAFETY: strings and bytes, or NULL, as the caller promises.
        let draft = unsafe { draft_of(&object.name, key, kind, (payload, length), flags) }?;
        send(&object, draft, false, tag)?;
        Ok(SLK_OK)
    })
}

/// Updates a record that nobody holds, such as a guild or a leaderboard: `apply_change` is called with its data (or the
/// default data) and `SLK_CHANGE_UPDATE`, and the result is stored by compare-and-set. If another server was faster, the
/// callback is called again with the newer data. The effect takes place once, also if the store's reply is lost.
///
/// Parameters:
///   `spec`: the kind of record.
///   `key`: the record's key.
///   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
///   `payload`: what goes with it: JSON text; NULL for `null`.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `tag`: comes back in the event.
/// Returns:
///   `SLK_OK`: taken; `SLK_EVENT_RECORD_UPDATED` tells what became of it.
///   `SLK_E_UNSUPPORTED`: the spec has no `apply_change`.
///   and as `slk_spec_send_change`.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_update_record(
    spec: slk_spec,
    key: *const c_char,
    kind: *const c_char,
    payload: *const c_char,
    length: usize,
    tag: u64,
) -> slk_result {
    panic::enter("slk_spec_update_record", || {
        let object = spec::get(spec)?;
        // SAFETY: strings and bytes, or NULL, as the caller promises.
        let draft = unsafe { draft_of(&object.name, key, kind, (payload, length), 0) }?;
        send(&object, draft, true, tag)?;
        Ok(SLK_OK)
    })
}

/// Queues a change for another record as part of this record's data: both are saved in one write, and from then on the
/// change is delivered exactly once, whichever server dies when. So gifts and payments move from one record to another.
/// If the target does not exist, the change comes back to `apply_change` of this record with `SLK_CHANGE_RETURNED`.
/// While the server that has this record loaded has no spec of the target's name, the change waits in the record.
///
/// Parameters:
///   `locker`: the record that sends.
///   `target`: the kind of the record that is to get it; of the same engine.
///   `key`: its key.
///   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
///   `payload`: what goes with it: JSON text; NULL for `null`.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `flags`: `SLK_SEND_CREATE` or 0.
///   `change`: receives the number of the change of this record, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: queued.
///   `SLK_BUSY`: a callback has the data just now; use `slk_document_queue_change` on its draft.
///   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
///   `SLK_E_FULL`: too many changes of this record are on their way.
///   `SLK_E_INVALID_JSON`: the payload is not JSON.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker or spec; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_queue_change(
    locker: slk_locker,
    target: slk_spec,
    key: *const c_char,
    kind: *const c_char,
    payload: *const c_char,
    length: usize,
    flags: u32,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_queue_change", || {
        let object = locker::get(locker)?;
        let target = spec::get(target)?;
        // SAFETY: strings and bytes, or NULL, as the caller promises.
        let draft = unsafe { draft_of(&target.name, key, kind, (payload, length), flags) }?;
        let number = object.change(|engine, id| engine.queue_change(id, draft))?;
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(change, number) };
        Ok(SLK_OK)
    })
}

/// Queues a change for another record on the draft of a callback: it leaves with the draft's edits, if the callback
/// agrees. See `slk_locker_queue_change`.
///
/// Parameters: `draft`: the draft; the others as for `slk_locker_queue_change`.
/// Returns:
///   `SLK_OK`: queued.
///   `SLK_E_INVALID_ARGUMENT`: it is no draft, or of the arguments.
///   `SLK_E_INVALID_JSON`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
///   `SLK_E_INVALID_HANDLE`: no living document or spec.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_queue_change(
    draft: slk_document,
    target: slk_spec,
    key: *const c_char,
    kind: *const c_char,
    payload: *const c_char,
    length: usize,
    flags: u32,
) -> slk_result {
    panic::enter("slk_document_queue_change", || {
        let target = spec::get(target)?;
        // SAFETY: strings and bytes, or NULL, as the caller promises.
        let change = unsafe { draft_of(&target.name, key, kind, (payload, length), flags) }?;
        target.engine.run(|engine| Ok(engine.core().check_draft(&change)?))?;
        document::queue_change(draft, change)?;
        Ok(SLK_OK)
    })
}
