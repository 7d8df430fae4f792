//! Looking at records that are not held, and erasing them.

use super::handle::slk_spec;
use super::options::known_flags;
use super::panic;
use super::result::*;
use super::spec;
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::visit::guest::Purpose;
use crate::visit::search::Aim;
use std::ffi::c_char;

/// Erase the record also while a living server holds it, whose session is lost then.
pub const SLK_ERASE_FORCE: u32 = 1;

/// Looks at a record without taking it: its data, brought to this server's schema version by the spec's migrations and not
/// written back, and who holds it. `SLK_EVENT_RECORD_VIEWED` has what was seen; it may be out of date by then.
///
/// Parameters:
///   `spec`: the kind of record.
///   `key`: the record's key.
///   `tag`: comes back in the event.
/// Returns:
///   `SLK_OK`: an event will follow.
///   `SLK_E_CALLBACK`: `default_data_for` refused.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key.
///   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_view_record(spec: slk_spec, key: *const c_char, tag: u64) -> slk_result {
    panic::enter("slk_spec_view_record", || {
        // SAFETY: a string or NULL, as the caller promises.
        unsafe { visit(spec, key, Purpose::View, tag) }
    })
}

/// Erases a record: its data, user ids, credit and the details of its purchases. What stays is what keeps late writes out
/// and old receipts from taking effect again; changes that were on their way to others are delivered. A session that held
/// the record cannot bring the data back: on this engine it is told at once that it is lost, elsewhere when it next meets
/// the record. `SLK_EVENT_RECORD_ERASED` tells.
///
/// Parameters:
///   `spec`: the kind of record.
///   `key`: the record's key.
///   `flags`: `SLK_ERASE_FORCE` or 0: then a record that a living server holds is left alone.
///   `tag`: comes back in the event.
/// Returns: as `slk_spec_view_record`; `SLK_E_INVALID_ARGUMENT` also for flags that mean nothing.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_erase_record(spec: slk_spec, key: *const c_char, flags: u32, tag: u64) -> slk_result {
    panic::enter("slk_spec_erase_record", || {
        let force = erase_flags(flags)?;
        // SAFETY: a string or NULL, as the caller promises.
        unsafe { visit(spec, key, Purpose::Erase { force }, tag) }
    })
}

/// Exports all records of a spec that are about a person (`slk_locker_add_user`): each comes as
/// `SLK_EVENT_RECORD_EXPORTED`, and then `SLK_EVENT_USER_DONE`. Every record of the spec is read once, one after the other.
///
/// Parameters:
///   `spec`: the kind of record.
///   `user_id`: the person's id, up to `SLK_MAX_NAME_BYTES`.
///   `tag`: comes back in the events.
/// Returns:
///   `SLK_OK`: events will follow.
///   `SLK_E_UNSUPPORTED`: the store cannot list its keys.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the id.
///   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_export_user(spec: slk_spec, user_id: *const c_char, tag: u64) -> slk_result {
    panic::enter("slk_spec_export_user", || {
        // SAFETY: a string or NULL, as the caller promises.
        unsafe { search(spec, user_id, Aim::Export, tag) }
    })
}

/// Erases all records of a spec that are about a person, each as by `slk_spec_erase_record` and with its
/// `SLK_EVENT_RECORD_ERASED`, and then `SLK_EVENT_USER_DONE`.
///
/// Parameters: `flags`: `SLK_ERASE_FORCE` or 0; the others as for `slk_spec_export_user`.
/// Returns: as `slk_spec_export_user`; `SLK_E_INVALID_ARGUMENT` also for flags that mean nothing.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_erase_user(
    spec: slk_spec,
    user_id: *const c_char,
    flags: u32,
    tag: u64,
) -> slk_result {
    panic::enter("slk_spec_erase_user", || {
        let force = erase_flags(flags)?;
        // SAFETY: a string or NULL, as the caller promises.
        unsafe { search(spec, user_id, Aim::Erase { force }, tag) }
    })
}

/// # Safety
/// `user_id` is null or a string with a NUL.
unsafe fn search(spec: slk_spec, user_id: *const c_char, aim: Aim, tag: u64) -> Result<slk_result, Failure> {
    let object = spec::get(spec)?;
    // SAFETY: as the caller promises.
    let user = unsafe { text::string(user_id, "user_id", SLK_MAX_NAME_BYTES) }?;
    object
        .engine
        .run(|engine| Ok(engine.core().search(object.id, user, aim, tag)?))?;
    Ok(SLK_OK)
}

fn erase_flags(flags: u32) -> Result<bool, Failure> {
    known_flags(flags, SLK_ERASE_FORCE)?;
    Ok(flags & SLK_ERASE_FORCE != 0)
}

/// # Safety
/// `key` is null or a string with a NUL.
unsafe fn visit(spec: slk_spec, key: *const c_char, purpose: Purpose, tag: u64) -> Result<slk_result, Failure> {
    let object = spec::get(spec)?;
    // SAFETY: as the caller promises.
    let key = unsafe { text::string(key, "key", SLK_MAX_KEY_BYTES) }?;
    object
        .engine
        .run(|engine| Ok(engine.visit(object.id, key, purpose, tag)?))?;
    Ok(SLK_OK)
}
