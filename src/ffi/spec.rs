//! `slk_spec`: the configuration of a kind of record, and its callbacks.

use super::callback;
use super::codec::{self, slk_codec_run};
use super::document;
use super::engine::{self, EngineObject};
use super::error_sink::Sink;
use super::event::release_cause;
use super::event::{SLK_RELEASE_HANDED_OVER, SLK_RELEASE_SHUTDOWN};
use super::handle::{slk_document, slk_engine, slk_error_sink, slk_locker, slk_spec, slk_store};
use super::host::{slk_destroy, UserData};
use super::options::{self, Options};
use super::panic;
use super::receipt::{slk_apply_receipt, slk_receipt_view, SLK_APPLY_CREDIT, SLK_APPLY_RECEIPT};
use super::result::*;
use super::store;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_NAME_BYTES, SLK_NUL_TERMINATED};
use crate::engine::host::{About, Host};
use crate::engine::SpecId;
use crate::error::{Error, ErrorKind};
use crate::locker::call::{CallAnswer, HostCall, Question, SaveReason, Verdict};
use crate::locker::Spec;
use crate::receipt::Receipt;
use crate::record::Document;
use std::ffi::{c_char, c_void, CString};
use std::mem::offset_of;
use std::sync::{Arc, Weak};
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
    /// The version of the data that this server reads and writes. A record of a newer one is not touched.
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
    /// Called exactly once, when the engine is gone; none of the callbacks above follows. May be NULL.
    pub destroy: slk_destroy,
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

/// The host's side of a spec.
struct HostSpec {
    engine: Weak<EngineObject>,
    default: Document,
    default_data_for: slk_default_data,
    before_save: slk_before_save,
    apply_receipt: slk_apply_receipt,
    user_data: Arc<UserData>,
}

impl HostSpec {
    fn locker(&self, about: &About) -> slk_locker {
        let engine = self.engine.upgrade();
        engine.map_or(slk_locker::default(), |engine| engine.handle_of(about.locker))
    }

    /// Lends a draft to a callback. The draft comes back if the callback agreed and changed it.
    fn with_draft(
        &self,
        name: &str,
        draft: Document,
        call: impl FnOnce(*mut c_void, slk_document, slk_error_sink) -> slk_result,
    ) -> CallAnswer {
        let failed = |words: String| CallAnswer {
            verdict: Verdict::Failed(words),
            draft: None,
        };
        let sink = match Sink::new() {
            Ok(sink) => sink,
            Err(failure) => return failed(failure.text),
        };
        let loan = match document::lend(draft) {
            Ok(loan) => loan,
            Err(failure) => return failed(failure.text),
        };
        let result = callback::run(|| call(self.user_data.pointer(), loan.handle(), sink.handle()));
        let edited = loan.take_back();
        match result {
            SLK_OK => CallAnswer {
                verdict: Verdict::Done,
                draft: edited,
            },
            SLK_NOT_APPLICABLE => CallAnswer {
                verdict: Verdict::NotApplicable,
                draft: None,
            },
            other => failed(sink.words(name, other)),
        }
    }

    fn before_save(&self, about: &About, reason: SaveReason, draft: Document) -> CallAnswer {
        let Some(before_save) = self.before_save else {
            return agreed();
        };
        let key = c_text(&about.key);
        let view = slk_save_view {
            struct_size: size_field::<slk_save_view>(),
            reason: save_reason(reason),
            locker: self.locker(about),
            user_tag: about.tag,
            key: key.as_ptr(),
        };
        let mut answer = self.with_draft("before_save", draft, |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { before_save(user_data, &raw const view, draft, error) }
        });
        if answer.verdict == Verdict::NotApplicable {
            answer.verdict = Verdict::Failed("before_save returned SLK_NOT_APPLICABLE".to_owned());
        }
        answer
    }

    fn apply(&self, about: &About, what: &Applied<'_>, draft: Document) -> CallAnswer {
        let Some(apply) = self.apply_receipt else {
            return CallAnswer {
                verdict: Verdict::Failed("the spec has no apply_receipt".to_owned()),
                draft: None,
            };
        };
        let purchase = what.receipt.map(|receipt| &receipt.purchase);
        let part = |part: Option<&String>| c_text(part.map_or("", String::as_str));
        let texts = [
            c_text(&about.key),
            c_text(what.product),
            part(purchase.map(|purchase| &purchase.provider)),
            part(purchase.map(|purchase| &purchase.environment)),
            part(purchase.map(|purchase| &purchase.id)),
        ];
        let context = what.receipt.map_or(&[][..], |receipt| &receipt.context);
        let view = slk_receipt_view {
            struct_size: size_field::<slk_receipt_view>(),
            kind: if what.receipt.is_some() {
                SLK_APPLY_RECEIPT
            } else {
                SLK_APPLY_CREDIT
            },
            locker: self.locker(about),
            user_tag: about.tag,
            key: texts[0].as_ptr(),
            product: texts[1].as_ptr(),
            provider: texts[2].as_ptr(),
            environment: texts[3].as_ptr(),
            purchase_id: texts[4].as_ptr(),
            context: if context.is_empty() {
                std::ptr::null()
            } else {
                context.as_ptr().cast()
            },
            context_length: context.len(),
            tag: what.receipt.map_or(0, |receipt| receipt.tag),
        };
        self.with_draft("apply_receipt", draft, |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { apply(user_data, &raw const view, draft, error) }
        })
    }
}

/// What is to be applied: a receipt's product, or one that there is credit for.
struct Applied<'a> {
    product: &'a str,
    receipt: Option<&'a Receipt>,
}

impl Host for HostSpec {
    fn default_data(&self, key: &str) -> Result<Document, Error> {
        let Some(default_data_for) = self.default_data_for else {
            return Ok(self.default.clone());
        };
        let name = c_text(key);
        let answer = self.with_draft("default_data_for", self.default.clone(), |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the key
            // lives until the call returns.
            unsafe { default_data_for(user_data, name.as_ptr(), draft, error) }
        });
        match answer.verdict {
            Verdict::Done => Ok(answer.draft.unwrap_or_else(|| self.default.clone())),
            Verdict::NotApplicable => Err(refused(key, "default_data_for returned SLK_NOT_APPLICABLE")),
            Verdict::Failed(words) => Err(refused(key, &words)),
        }
    }

    fn answer(&self, about: &About, call: HostCall) -> CallAnswer {
        match &call.question {
            Question::BeforeSave(reason) => self.before_save(about, *reason, call.draft),
            Question::ApplyReceipt(receipt) => {
                let what = Applied {
                    product: &receipt.product,
                    receipt: Some(receipt),
                };
                self.apply(about, &what, call.draft)
            }
            Question::UseCredit { product } => {
                let what = Applied { product, receipt: None };
                self.apply(about, &what, call.draft)
            }
        }
    }
}

fn refused(key: &str, words: &str) -> Error {
    Error::new(ErrorKind::Callback, format!("no default data for `{key}`: {words}"))
}

fn agreed() -> CallAnswer {
    CallAnswer {
        verdict: Verdict::Done,
        draft: None,
    }
}

fn save_reason(reason: SaveReason) -> i32 {
    match reason {
        SaveReason::Autosave => SLK_SAVE_AUTOSAVE,
        SaveReason::Asked => SLK_SAVE_ASKED,
        SaveReason::Receipt => SLK_SAVE_RECEIPT,
        SaveReason::Confirm => SLK_SAVE_CONFIRM,
        SaveReason::Last(cause) => match release_cause(cause) {
            SLK_RELEASE_HANDED_OVER => SLK_SAVE_HANDED_OVER,
            SLK_RELEASE_SHUTDOWN => SLK_SAVE_SHUTDOWN,
            _ => SLK_SAVE_RELEASED,
        },
    }
}

/// Names were checked for NULs when they came in.
fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation, reason = "views are small")]
fn size_field<T>() -> u32 {
    size_of::<T>() as u32
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
        }))?;
        if !object.add_spec(handle) {
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
    let host = HostSpec {
        engine: Arc::downgrade(engine),
        // SAFETY: as the caller promises.
        default: unsafe { default_of(given, opaque) }?,
        default_data_for: given.default_data_for,
        before_save: given.before_save,
        apply_receipt: given.apply_receipt,
        user_data: Arc::new(UserData::new(given.user_data)),
    };
    Ok((spec, host))
}

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
