//! `slk_spec`: the configuration of a kind of record, and its callbacks.

use super::callback;
use super::change::slk_apply_change;
use super::codec::{self, slk_codec_run};
use super::engine::{self, EngineObject};
use super::handle::{slk_document, slk_engine, slk_error_sink, slk_locker, slk_migrations, slk_spec, slk_store};
use super::host::{slk_destroy, UserData};
use super::migration::{self};
use super::options::{self, Options};
use super::panic;
use super::receipt::slk_apply_receipt;
use super::result::*;
use super::spec_host::HostSpec;
use super::store;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_NAME_BYTES, SLK_NUL_TERMINATED};
use crate::engine::SpecId;
use crate::locker::Spec;
use crate::record::import::Import;
use crate::record::Document;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Duration;

/// The data are JSON.
pub const SLK_DATA_JSON: i32 = 0;
/// The data are opaque bytes.
pub const SLK_DATA_BYTES: i32 = 1;

/// Another server that asks for a record gets it when `handover_delay_ms` have passed, unless you answer otherwise.
pub const SLK_HANDOVER_GIVE: i32 = 0;
/// Another server that asks for a record is refused when `handover_delay_ms` have passed, unless you answer otherwise.
pub const SLK_HANDOVER_REFUSE: i32 = 1;

/// The autosave period is over.
pub const SLK_SAVE_AUTOSAVE: i32 = 1;
/// The game asked for it.
pub const SLK_SAVE_ASKED: i32 = 2;
/// A receipt must become durable.
pub const SLK_SAVE_RECEIPT: i32 = 3;
/// The session must be confirmed after it had been in doubt.
pub const SLK_SAVE_CONFIRM: i32 = 4;
/// The last save: the game no longer wants the record.
pub const SLK_SAVE_RELEASED: i32 = 5;
/// The last save: another server asked for the record.
pub const SLK_SAVE_HANDED_OVER: i32 = 6;
/// The last save: the engine shuts down.
pub const SLK_SAVE_SHUTDOWN: i32 = 7;

/// When a record is loaded, members that the default data have and it lacks are filled in.
pub const SLK_SPEC_RECONCILE: u32 = 1;
/// Records in the layout of the Luau library of the same name are taken over: `Version`, `VersionPatch`, `Session`,
/// `Purchases`, `ProductCredit` and `RemoteChanges` become what this library keeps. A lock in `Session` is honoured until
/// its own end. Their purchases are remembered as of provider "roblox" and environment "production".
pub const SLK_SPEC_IMPORT_ORIGINAL: u32 = 2;
/// Any other JSON value is taken over as the game's data.
pub const SLK_SPEC_IMPORT_PLAIN: u32 = 4;

/// Whose data a callback gets. Its strings end with a NUL and live until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_data_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// Always 0.
    pub reserved: u32,
    /// One of your handles of the locker; null for a record that is only looked at or updated, or if you have destroyed it.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The record's key.
    pub key: *const c_char,
}

/// Checks data that are being loaded, or are about to be saved. Edits of `data` do not count.
///
/// Returns: `SLK_OK`: they are as they should be. Anything else: they are not; say by `slk_error_sink_set` where (a JSON
/// Pointer) and what. Data that may not be loaded are left as they are (`SLK_LOAD_DATA_REFUSED`). Data that may not be
/// saved are not saved (`SLK_EVENT_SAVE_TROUBLE`) until they are changed and found good; if that is so at the last save,
/// the record stays as it was saved before and is let go (`SLK_EVENT_SAVE_REFUSED`). Called inside update.
pub type slk_validate = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        view: *const slk_data_view,
        data: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

/// Merges data that were edited before the record was loaded (`offline`, which begins as the default data) into what was
/// loaded (`draft`). Called inside update, before `SLK_EVENT_LOADED`.
///
/// Returns: `SLK_OK`: the draft's edits are the data. Anything else: what was edited before is dropped;
/// `SLK_EVENT_OFFLINE_DROPPED` has it.
pub type slk_merge_offline = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        view: *const slk_data_view,
        offline: slk_document,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

/// A save that is about to be made. Its strings end with a NUL and live until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_save_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// One of `SLK_SAVE_`.
    pub reason: i32,
    /// One of your handles of the locker; null if you have destroyed it.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The locker's key.
    pub key: *const c_char,
}

/// Fills in the data of a record that does not exist yet. Called inside `slk_locker_create`.
///
/// Returns: `SLK_OK`: the draft is the default data. Anything else: the locker is not created.
pub type slk_default_data = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        key: *const c_char,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

/// Writes the game's own state into the draft, which is about to be saved. Called inside update.
///
/// Returns: `SLK_OK`: the draft's edits are saved. Anything else: its edits are dropped, and the data are saved without
/// them; `SLK_EVENT_CALLBACK_FAILED` tells.
pub type slk_before_save = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        save: *const slk_save_view,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

/// How a kind of record is set up. Begin with `SLK_SPEC_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_spec_options {
    /// The size of this struct, set by `SLK_SPEC_OPTIONS_INIT`.
    pub struct_size: u32,
    /// The version of the data that this server reads and writes. A record that needs a newer one is not touched.
    pub schema_version: u32,
    /// The name: part of the keys in the store. Required, up to `SLK_MAX_NAME_BYTES`; copied.
    pub name: *const c_char,
    /// Where the records live. Required.
    pub store: slk_store,
    /// `SLK_DATA_JSON` or `SLK_DATA_BYTES`.
    pub data_kind: i32,
    /// `SLK_HANDOVER_GIVE` or `SLK_HANDOVER_REFUSE`.
    pub handover_mode: i32,
    /// How long you have to answer a request for hand-over. 0: the mode decides at once.
    pub handover_delay_ms: u32,
    /// A change is saved after half to all of this time. 0: 300,000.
    pub autosave_ms: u32,
    /// The first wait after a failure of the store. 0: 250.
    pub retry_min_ms: u32,
    /// The longest wait between two tries. 0: 5,000.
    pub retry_max_ms: u32,
    /// The data of a record that does not exist yet: JSON text or bytes; copied. NULL: an empty object, or no bytes.
    pub default_data: *const c_void,
    /// Its length in bytes. 0: JSON text ends at its NUL.
    pub default_data_length: usize,
    /// Fills in the default data for each key, beginning with `default_data`. May be NULL.
    pub default_data_for: slk_default_data,
    /// Called before each save. May be NULL.
    pub before_save: slk_before_save,
    /// Applies products. May be NULL: then receipts cannot be processed.
    pub apply_receipt: slk_apply_receipt,
    /// Given to the callbacks.
    pub user_data: *mut c_void,
    /// Called exactly once, when the engine is gone; none of the callbacks of this struct follows. May be NULL.
    pub destroy: slk_destroy,
    /// How records of older schema versions are brought to `schema_version`. Null: records of older versions are not
    /// loaded. The set may be destroyed after this call.
    pub migrations: slk_migrations,
    /// Any of `SLK_SPEC_`, added.
    pub flags: u32,
    /// The schema version of plain JSON that is imported. 0: `schema_version`.
    pub import_schema_version: u32,
    /// How many changes may wait in the inbox of a record, up to 10,000. 0: 100.
    pub inbox_limit: u32,
    /// Always 0.
    pub reserved: u32,
    /// Checks data when they are loaded and before they are saved. May be NULL.
    pub validate: slk_validate,
    /// Merges what was edited before the data were loaded. NULL: data cannot be edited before.
    pub merge_offline: slk_merge_offline,
    /// Applies changes that others send. NULL: they wait for a server that can.
    pub apply_change: slk_apply_change,
    /// The largest record that may be saved, in bytes, as far as the store takes that much. 0: what the store takes.
    pub max_value_bytes: u64,
    /// `SLK_EVENT_SIZE_WARNING` tells when a record has grown to this share of the largest, in percent. 0: 90; 100: never.
    pub size_warning_percent: u32,
    /// Says whether a purchase is good before it is applied. May be NULL: then all are.
    pub validate_receipt: slk_apply_receipt,
    /// Writes down how a purchase ended, granted or credited, for the game's own history. May be NULL.
    pub record_receipt: slk_apply_receipt,
    /// Takes a product back that was paid back. May be NULL: then each becomes a debt.
    pub revoke_receipt: slk_apply_receipt,
    /// How many purchases a record keeps in full, up to 1,000; of older ones it keeps what became of them. 0: 100.
    pub purchase_history: u32,
    /// How records are encoded on their way to the store: one of `SLK_CODEC_`. Records that are there already are read as
    /// they are: plain ones, those of `SLK_CODEC_ZSTD`, and those of this spec's codec.
    pub codec: i32,
    /// For `SLK_CODEC_ZSTD`: -7 (fast) to 19 (small). 0: 3.
    pub codec_level: i32,
    /// For `SLK_CODEC_CALLBACKS`: the name that is stored with each record, 1 to `SLK_MAX_CODEC_NAME_BYTES` printable
    /// ASCII characters; copied. A record that was encoded under another name is not touched.
    pub codec_name: *const c_char,
    /// For `SLK_CODEC_CALLBACKS`: makes what is stored out of a record.
    pub codec_encode: slk_codec_run,
    /// For `SLK_CODEC_CALLBACKS`: makes the record out of what is stored. It must check what it is given.
    pub codec_decode: slk_codec_run,
}

// SAFETY: repr(C), begins with its size; null pointers, missing functions and zeros are valid; these are all fields.
unsafe impl Options for slk_spec_options {
    const NAME: &'static str = "slk_spec_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_spec_options, struct_size),
        offset_of!(slk_spec_options, schema_version),
        offset_of!(slk_spec_options, name),
        offset_of!(slk_spec_options, store),
        offset_of!(slk_spec_options, data_kind),
        offset_of!(slk_spec_options, handover_mode),
        offset_of!(slk_spec_options, handover_delay_ms),
        offset_of!(slk_spec_options, autosave_ms),
        offset_of!(slk_spec_options, retry_min_ms),
        offset_of!(slk_spec_options, retry_max_ms),
        offset_of!(slk_spec_options, default_data),
        offset_of!(slk_spec_options, default_data_length),
        offset_of!(slk_spec_options, default_data_for),
        offset_of!(slk_spec_options, before_save),
        offset_of!(slk_spec_options, apply_receipt),
        offset_of!(slk_spec_options, user_data),
        offset_of!(slk_spec_options, destroy),
        offset_of!(slk_spec_options, migrations),
        offset_of!(slk_spec_options, flags),
        offset_of!(slk_spec_options, import_schema_version),
        offset_of!(slk_spec_options, inbox_limit),
        offset_of!(slk_spec_options, reserved),
        offset_of!(slk_spec_options, validate),
        offset_of!(slk_spec_options, merge_offline),
        offset_of!(slk_spec_options, apply_change),
        offset_of!(slk_spec_options, max_value_bytes),
        offset_of!(slk_spec_options, size_warning_percent),
        offset_of!(slk_spec_options, validate_receipt),
        offset_of!(slk_spec_options, record_receipt),
        offset_of!(slk_spec_options, revoke_receipt),
        offset_of!(slk_spec_options, purchase_history),
        offset_of!(slk_spec_options, codec),
        offset_of!(slk_spec_options, codec_level),
        offset_of!(slk_spec_options, codec_name),
        offset_of!(slk_spec_options, codec_encode),
        offset_of!(slk_spec_options, codec_decode),
    ];
}

static SPECS: Table<SpecObject> = Table::new(Type::Spec);

/// A spec of an engine.
pub(super) struct SpecObject {
    pub engine: Arc<EngineObject>,
    pub id: SpecId,
    /// Its name in the store.
    pub name: String,
}

/// The spec of a handle.
pub(super) fn get(handle: slk_spec) -> Result<Arc<SpecObject>, Failure> {
    Ok(SPECS.get(handle.id)?)
}

/// The engine of this spec is gone.
pub(super) fn forget(handle: u64) {
    // The host may have destroyed it at the same moment.
    let _ = SPECS.remove(handle);
}

/// Makes a spec: a kind of record, with its store, version, timings and callbacks. An engine may have many.
///
/// Parameters:
///   `engine`: the engine.
///   `options`: how to set it up; copied.
///   `spec`: receives the handle; null on failure. It ends with the engine, or by `slk_spec_destroy`.
/// Returns:
///   `SLK_OK`: made.
///   `SLK_E_EXISTS`: the engine has a spec of this name on this store.
///   `SLK_E_INVALID_ARGUMENT`: NULL, or an option outside its range; the text says which.
///   `SLK_E_INVALID_JSON`: `default_data` is not JSON.
///   `SLK_E_INVALID_HANDLE`: no living engine, or no living store.
///   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and its strings.
///   `SLK_E_UNSUPPORTED`: the store has no compare-and-set, or this build has no zstd.
///   `SLK_E_SHUTTING_DOWN`, `SLK_E_PANIC`: the engine is shutting down; a bug was caught.
/// On failure `user_data` stays yours and `destroy` is not called.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_spec_create(
    engine: slk_engine,
    options: *const slk_spec_options,
    spec: *mut slk_spec,
) -> slk_result {
    panic::enter("slk_spec_create", || {
        text::required(spec, "spec")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(spec, slk_spec::default()) };
        let object = engine::get(engine)?;
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read(options) }?;
        // SAFETY: its pointers are null or lead to strings and data, as the caller promises.
        let (core_spec, host) = unsafe { spec_of(&given, &object) }?;
        let store = store::get(given.store)?;
        let user_data = Arc::clone(&host.user_data);
        let name = core_spec.name.to_string();
        // SAFETY: its pointers are null or lead to strings, as the caller promises.
        let codec = unsafe { codec::codec_of(&given, &user_data) }?;
        let id = object.run(|engine| {
            let host = Arc::new(host);
            Ok(match codec {
                None => engine.add_spec(&store.store, core_spec, host)?,
                Some(codec) => engine.add_encoded_spec(&store.store, core_spec, host, codec)?,
            })
        })?;
        let handle = SPECS.insert(Arc::new(SpecObject {
            engine: Arc::clone(&object),
            id,
            name,
        }))?;
        if !object.add_spec(id, handle) {
            forget(handle);
            return Err(Failure::new(SLK_E_INVALID_HANDLE, "the engine was destroyed meanwhile"));
        }
        user_data.take_over(given.destroy);
        store.add_user(&object);
        // SAFETY: as above.
        unsafe { text::put(spec, slk_spec { id: handle }) };
        Ok(SLK_OK)
    })
}

/// # Safety
/// The pointers of the options are null or lead to strings and data as their comments say.
unsafe fn spec_of(given: &slk_spec_options, engine: &Arc<EngineObject>) -> Result<(Spec, HostSpec), Failure> {
    // SAFETY: as the caller promises.
    let name = unsafe { text::string(given.name, "name", SLK_MAX_NAME_BYTES) }?;
    let opaque = match given.data_kind {
        SLK_DATA_JSON => false,
        SLK_DATA_BYTES => true,
        other => return Err(Failure::argument(format!("data_kind {other} is none"))),
    };
    let handover_refuse = match given.handover_mode {
        SLK_HANDOVER_GIVE => false,
        SLK_HANDOVER_REFUSE => true,
        other => return Err(Failure::argument(format!("handover_mode {other} is none"))),
    };
    let mut spec = Spec::named(name);
    let set = |time: &mut Duration, millis: u32| {
        if millis != 0 {
            *time = Duration::from_millis(millis.into());
        }
    };
    set(&mut spec.autosave, given.autosave_ms);
    set(&mut spec.retry_min, given.retry_min_ms);
    set(&mut spec.retry_max, given.retry_max_ms);
    set(&mut spec.handover_delay, given.handover_delay_ms);
    spec.schema = given.schema_version;
    spec.opaque = opaque;
    spec.handover_refuse = handover_refuse;
    spec.before_save = given.before_save.is_some();
    spec.apply_receipt = given.apply_receipt.is_some();
    if given.max_value_bytes != 0 {
        spec.max_value_bytes = given.max_value_bytes;
    }
    if given.size_warning_percent != 0 {
        spec.size_warning_percent = given.size_warning_percent;
    }
    spec.revoke_receipt = given.revoke_receipt.is_some();
    if given.purchase_history != 0 {
        spec.purchase_history = given.purchase_history as usize;
    }
    let others = [given.validate_receipt, given.record_receipt, given.revoke_receipt];
    if !spec.apply_receipt && others.iter().any(Option::is_some) {
        let text = "validate_receipt, record_receipt or revoke_receipt is set, but apply_receipt is NULL";
        return Err(Failure::argument(text));
    }
    let host = HostSpec {
        engine: Arc::downgrade(engine),
        // SAFETY: as the caller promises.
        default: unsafe { default_of(given, opaque) }?,
        default_data_for: given.default_data_for,
        before_save: given.before_save,
        apply_receipt: given.apply_receipt,
        user_data: Arc::new(UserData::new(given.user_data)),
        migrations: migration::get(given.migrations)?,
        validate: given.validate,
        merge_offline: given.merge_offline,
        apply_change: given.apply_change,
        validate_receipt: given.validate_receipt,
        record_receipt: given.record_receipt,
        revoke_receipt: given.revoke_receipt,
    };
    set_data_options(&mut spec, given)?;
    spec.migrations = Arc::clone(&host.migrations.chain);
    Ok((spec, host))
}

fn set_data_options(spec: &mut Spec, given: &slk_spec_options) -> Result<(), Failure> {
    let known = SLK_SPEC_RECONCILE | SLK_SPEC_IMPORT_ORIGINAL | SLK_SPEC_IMPORT_PLAIN;
    if given.flags & !known != 0 || given.reserved != 0 {
        let text = format!(
            "flags has bits that mean nothing, or reserved is not 0: {:#x}",
            given.flags
        );
        return Err(Failure::argument(text));
    }
    if given.inbox_limit > MAX_INBOX {
        return Err(Failure::argument(format!("inbox_limit is above {MAX_INBOX}")));
    }
    spec.reconcile = given.flags & SLK_SPEC_RECONCILE != 0;
    spec.validate = given.validate.is_some();
    spec.merge_offline = given.merge_offline.is_some();
    spec.apply_change = given.apply_change.is_some();
    if given.inbox_limit != 0 {
        spec.inbox_limit = given.inbox_limit as usize;
    }
    spec.import = Import {
        original: given.flags & SLK_SPEC_IMPORT_ORIGINAL != 0,
        plain: given.flags & SLK_SPEC_IMPORT_PLAIN != 0,
        plain_schema: match given.import_schema_version {
            0 => given.schema_version,
            version => version,
        },
    };
    Ok(())
}

const MAX_INBOX: u32 = 10_000;

/// # Safety
/// `default_data` is null or leads to as many bytes as its length says, or with 0 to a string with a NUL.
unsafe fn default_of(given: &slk_spec_options, opaque: bool) -> Result<Document, Failure> {
    if opaque {
        // SAFETY: as the caller promises.
        let bytes = unsafe { text::bytes(given.default_data, given.default_data_length, "default_data") }?;
        return Ok(Document::from_bytes(bytes));
    }
    if given.default_data.is_null() && given.default_data_length == 0 {
        return Ok(Document::default());
    }
    let length = match given.default_data_length {
        0 => SLK_NUL_TERMINATED,
        length => length,
    };
    // SAFETY: as the caller promises.
    let json = unsafe { text::text(given.default_data.cast(), length, "default_data") }?;
    let document = Document::from_json(json);
    document.map_err(|error| Failure::from(error).about("default_data"))
}

/// Fills the struct with defaults, as `SLK_SPEC_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_spec_options_init(options: *mut slk_spec_options, size: usize) -> slk_result {
    panic::enter("slk_spec_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        Ok(SLK_OK)
    })
}

/// Ends the host's use of a spec: the handle dies. Lockers of it and its callbacks live on until the engine is
/// destroyed.
///
/// Parameters: `spec`: a spec, or the null handle, which does nothing.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_spec_destroy(spec: slk_spec) -> slk_result {
    panic::enter("slk_spec_destroy", || {
        callback::refuse_inside()?;
        if spec != slk_spec::default() {
            SPECS.remove(spec.id)?.engine.remove_spec(spec.id);
        }
        Ok(SLK_OK)
    })
}
