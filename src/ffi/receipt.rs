//! Purchases: receipts in, and what the callback that applies them sees.

use super::handle::{slk_document, slk_error_sink, slk_locker};
use super::locker;
use super::options::{self, Options};
use super::panic;
use super::result::*;
use super::text::{self, SLK_MAX_NAME_BYTES};
use crate::receipt::{Past, Receipt, ReceiptState, Standing};
use crate::record::ledger::{Effect, PurchaseId, PARKED_BYTES, PARKED_RECEIPTS};
use std::ffi::{c_char, c_void};
use std::mem::offset_of;

/// A platform's receipt is to be applied.
pub const SLK_APPLY_RECEIPT: i32 = 1;
/// A product that the player has credit for is to be applied.
pub const SLK_APPLY_CREDIT: i32 = 2;

/// Say whether the purchase is good, before it is applied.
pub const SLK_PURCHASE_VALIDATE: i32 = 1;
/// Apply the product to the draft.
pub const SLK_PURCHASE_APPLY: i32 = 2;
/// Write down in the draft, for the game's own history, how the purchase ended.
pub const SLK_PURCHASE_RECORD: i32 = 3;
/// Take the product out of the draft: it was paid back.
pub const SLK_PURCHASE_REVOKE: i32 = 4;

/// It is paid.
pub const SLK_RECEIPT_PURCHASED: i32 = 0;
/// It is not paid yet, and may be later. It is remembered as that; a later notice that it is paid applies it.
pub const SLK_RECEIPT_PENDING: i32 = 1;
/// It was turned down. Nothing is granted, unless a later notice says that it is paid after all.
pub const SLK_RECEIPT_REJECTED: i32 = 2;
/// It was paid back: a refund or a charge-back. What was granted is taken back or becomes a debt, and nothing is granted
/// for this purchase ever again.
pub const SLK_RECEIPT_REVOKED: i32 = 3;

/// The most purchases of unknown products that a record keeps; further ones are `SLK_NOT_PROCESSED`.
pub const SLK_MAX_PARKED: usize = 64;
/// The most bytes that the contexts of a record's parked purchases may have together; beyond, a purchase is
/// `SLK_NOT_PROCESSED`.
pub const SLK_MAX_PARKED_BYTES: usize = 65_536;

/// A purchase notice of a platform. Begin with `SLK_RECEIPT_INIT`. Provider, environment and purchase id together name
/// the purchase.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_receipt {
    /// The size of this struct, set by `SLK_RECEIPT_INIT`.
    pub struct_size: u32,
    /// Always 0.
    pub reserved: u32,
    /// The platform, such as "steam". Required, up to `SLK_MAX_NAME_BYTES` like the next three.
    pub provider: *const c_char,
    /// The platform's environment, such as "production". Required.
    pub environment: *const c_char,
    /// The platform's name for the purchase. Required.
    pub purchase_id: *const c_char,
    /// What was bought. Required.
    pub product: *const c_char,
    /// Anything that the callback should get; copied. May be NULL.
    pub context: *const c_void,
    /// Its length in bytes.
    pub context_length: usize,
    /// Comes back in the event.
    pub tag: u64,
    /// What the platform says of it: one of `SLK_RECEIPT_`.
    pub state: i32,
}

// SAFETY: repr(C), begins with its size; null pointers and zeros are valid; these are all fields.
unsafe impl Options for slk_receipt {
    const NAME: &'static str = "slk_receipt";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_receipt, struct_size),
        offset_of!(slk_receipt, reserved),
        offset_of!(slk_receipt, provider),
        offset_of!(slk_receipt, environment),
        offset_of!(slk_receipt, purchase_id),
        offset_of!(slk_receipt, product),
        offset_of!(slk_receipt, context),
        offset_of!(slk_receipt, context_length),
        offset_of!(slk_receipt, tag),
        offset_of!(slk_receipt, state),
    ];
}

/// What is to be applied. Its strings end with a NUL and live until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_receipt_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// `SLK_APPLY_RECEIPT` or `SLK_APPLY_CREDIT`.
    pub kind: i32,
    /// One of your handles of the locker; null if you have destroyed it.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The locker's key.
    pub key: *const c_char,
    /// What was bought.
    pub product: *const c_char,
    /// The platform; empty for credit.
    pub provider: *const c_char,
    /// The platform's environment; empty for credit.
    pub environment: *const c_char,
    /// The platform's name for the purchase; empty for credit.
    pub purchase_id: *const c_char,
    /// As given with the receipt; NULL if nothing was.
    pub context: *const c_void,
    /// Its length in bytes.
    pub context_length: usize,
    /// As given with the receipt; 0 for credit, and for a purchase that had been parked.
    pub tag: u64,
    /// One of `SLK_PURCHASE_`.
    pub operation: i32,
    /// For `SLK_PURCHASE_RECORD`: `SLK_GRANTED` or `SLK_CREDITED`; else `SLK_OK`.
    pub effect: slk_result,
}

/// Does one step of dealing with a purchase on a draft of the player's data. One function may serve for several steps;
/// `operation` tells them apart. For a purchase that is paid, `validate_receipt`, `apply_receipt` and `record_receipt`
/// follow one another on one draft, and what they edited is saved together with the receipt:
///
/// `SLK_PURCHASE_VALIDATE`: says whether the purchase is good. May be missing.
/// `SLK_PURCHASE_APPLY`: gives the gold, unlocks the level. This alone is also called for a use of credit.
/// `SLK_PURCHASE_RECORD`: writes down that it was granted, or that it became credit; for the latter the draft has none of
/// the edits of the two before. May be missing.
/// `SLK_PURCHASE_REVOKE`: takes what was granted out of the draft again. May be missing: then it cannot be taken back.
///
/// Returns, of any step: `SLK_OK`: done. Of validate and apply: `SLK_NOT_APPLICABLE`: it cannot be applied now; the
/// player gets credit for it. `SLK_REJECTED`: it is no good; it is remembered as rejected, and what you say by
/// `slk_error_sink_set` is in the event. `SLK_UNKNOWN_PRODUCT`: this version of the game does not know the product; the purchase is kept
/// in the record until one does. Of revoke: `SLK_NOT_APPLICABLE`: it is spent already; the player's credit for the product
/// falls by one, below zero if need be. Anything else: it failed, all edits of all steps are dropped, and the platform is
/// to send the notice again; say why by `slk_error_sink_set`.
/// It may be called again for the same purchase, also on another server, if the save is lost: effects outside the draft
/// belong to the event that reports the durable result. Called inside update.
pub type slk_apply_receipt = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        receipt: *const slk_receipt_view,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

/// Takes a purchase notice. The spec's callbacks are called, the effect and the receipt are saved together at once, and
/// then `SLK_EVENT_RECEIPT` tells what to answer the platform. A purchase that took effect before, on any server and at
/// any time, is granted again without a second effect. One that was paid back is revoked for ever, and one that was never
/// granted is never said to have been.
///
/// Parameters:
///   `locker`: the player's locker.
///   `receipt`: the notice; copied.
/// Returns:
///   `SLK_OK`: taken; an event will follow.
///   `SLK_E_UNSUPPORTED`: the spec has no `apply_receipt`.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the receipt.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_process_receipt(locker: slk_locker, receipt: *const slk_receipt) -> slk_result {
    panic::enter("slk_locker_process_receipt", || {
        let object = locker::get(locker)?;
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read(receipt) }?;
        // SAFETY: its pointers are null or lead to strings, as the caller promises.
        let receipt = unsafe { receipt_of(&given) }?;
        object.run(|engine, id| Ok(engine.core().process_receipt(id, receipt)?))?;
        Ok(SLK_OK)
    })
}

/// # Safety
/// The pointers are null or lead to strings with a NUL, the context to as many bytes as its length says.
unsafe fn receipt_of(given: &slk_receipt) -> Result<Receipt, Failure> {
    if given.reserved != 0 {
        return Err(Failure::argument("reserved is not 0"));
    }
    // SAFETY: as the caller promises.
    let string = |pointer, name| unsafe { text::string(pointer, name, SLK_MAX_NAME_BYTES) };
    // SAFETY: as the caller promises.
    let context = unsafe { text::bytes(given.context, given.context_length, "context") }?;
    Ok(Receipt {
        purchase: PurchaseId {
            provider: string(given.provider, "provider")?.to_owned(),
            environment: string(given.environment, "environment")?.to_owned(),
            id: string(given.purchase_id, "purchase_id")?.to_owned(),
        },
        product: string(given.product, "product")?.to_owned(),
        context: context.to_vec(),
        tag: given.tag,
        state: match given.state {
            SLK_RECEIPT_PURCHASED => ReceiptState::Purchased,
            SLK_RECEIPT_PENDING => ReceiptState::Pending,
            SLK_RECEIPT_REJECTED => ReceiptState::Rejected,
            SLK_RECEIPT_REVOKED => ReceiptState::Revoked,
            other => return Err(Failure::argument(format!("state {other} is none"))),
        },
    })
}

/// Fills the struct with defaults, as `SLK_RECEIPT_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `receipt`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_receipt_init(receipt: *mut slk_receipt, size: usize) -> slk_result {
    panic::enter("slk_receipt_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(receipt, size) }?;
        Ok(SLK_OK)
    })
}

/// Reads the player's credit for a product: what was paid for and could not be applied. Below zero it is a debt: what was
/// paid back and could not be taken back. Credit that is given, or that a purchase becomes, pays it off.
///
/// Parameters:
///   `locker`: the player's locker.
///   `product`: the product.
///   `amount`: receives how many times; may be negative.
/// Returns:
///   `SLK_OK`: read.
///   `SLK_E_NOT_LOADED`: the record is not loaded.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the product, or `amount` is NULL.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_credit(locker: slk_locker, product: *const c_char, amount: *mut i64) -> slk_result {
    panic::enter("slk_locker_credit", || {
        let object = locker::get(locker)?;
        text::required(amount, "amount")?;
        // SAFETY: null or a string, as the caller promises.
        let product = unsafe { text::string(product, "product", SLK_MAX_NAME_BYTES) }?;
        let credit = object.run(|engine, id| Ok(engine.core().credit(id, product)?))?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(amount, credit) };
        Ok(SLK_OK)
    })
}

/// Adds to the player's credit for a product, as one change of the record.
///
/// Parameters:
///   `locker`: the player's locker.
///   `product`: the product.
///   `amount`: how many times; may be negative.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the product.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_give_credit(
    locker: slk_locker,
    product: *const c_char,
    amount: i64,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_give_credit", || {
        let object = locker::get(locker)?;
        // SAFETY: null or a string, as the caller promises.
        let product = unsafe { text::string(product, "product", SLK_MAX_NAME_BYTES) }?;
        let number = object.change(|engine, id| engine.core().give_credit(id, product, amount))?;
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(change, number) };
        Ok(SLK_OK)
    })
}

/// Applies a product that the player has credit for: as a receipt, except that it is paid by credit.
/// `SLK_EVENT_CREDIT_USED` tells the outcome.
///
/// Parameters:
///   `locker`: the player's locker.
///   `product`: the product.
///   `tag`: comes back in the event.
/// Returns: as `slk_locker_process_receipt`.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_use_credit(locker: slk_locker, product: *const c_char, tag: u64) -> slk_result {
    panic::enter("slk_locker_use_credit", || {
        let object = locker::get(locker)?;
        // SAFETY: null or a string, as the caller promises.
        let product = unsafe { text::string(product, "product", SLK_MAX_NAME_BYTES) }?;
        object.run(|engine, id| Ok(engine.core().use_credit(id, product, tag)?))?;
        Ok(SLK_OK)
    })
}

/// Has the callbacks asked once more about the purchases that are parked because their products were not known. That is
/// done by itself once in each session; call it when the game learns new products during one. `SLK_EVENT_RECEIPT` with
/// `SLK_EVENT_TAKEN_UP` tells of each that is taken up; the others stay parked.
///
/// Parameters: `locker`: the player's locker.
/// Returns:
///   `SLK_OK`: they will be asked about.
///   `SLK_E_NOT_LOADED`: the record is not loaded.
///   `SLK_E_UNSUPPORTED`: the spec has no `apply_receipt`.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_locker_retry_parked(locker: slk_locker) -> slk_result {
    panic::enter("slk_locker_retry_parked", || {
        let object = locker::get(locker)?;
        object.run(|engine, id| Ok(engine.core().retry_parked(id)?))?;
        Ok(SLK_OK)
    })
}

/// Tells what has become of a purchase, however old. What is told may not be saved yet: `SLK_EVENT_RECEIPT` tells that.
///
/// Parameters:
///   `locker`: the player's locker.
///   `provider`, `environment`, `purchase_id`: as in the notice.
///   `state`: receives `SLK_GRANTED`, `SLK_CREDITED`, `SLK_PENDING`, `SLK_REJECTED`, `SLK_REVOKED`, `SLK_PARKED`, or
///   `SLK_UNKNOWN` for something that only a newer version of this library knows.
/// Returns:
///   `SLK_OK`: found.
///   `SLK_EMPTY`: the record has never heard of it; nothing is written.
///   `SLK_E_NOT_LOADED`: the record is not loaded.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the strings, or `state` is NULL.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_find_purchase(
    locker: slk_locker,
    provider: *const c_char,
    environment: *const c_char,
    purchase_id: *const c_char,
    state: *mut slk_result,
) -> slk_result {
    panic::enter("slk_locker_find_purchase", || {
        let object = locker::get(locker)?;
        text::required(state, "state")?;
        // SAFETY: null or strings, as the caller promises.
        let string = |pointer, name| unsafe { text::string(pointer, name, SLK_MAX_NAME_BYTES) };
        let purchase = PurchaseId {
            provider: string(provider, "provider")?.to_owned(),
            environment: string(environment, "environment")?.to_owned(),
            id: string(purchase_id, "purchase_id")?.to_owned(),
        };
        let found = object.run(|engine, id| Ok(engine.core().find_purchase(id, &purchase)?))?;
        let Some(standing) = found else {
            return Ok(SLK_EMPTY);
        };
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(state, state_of(&standing)) };
        Ok(SLK_OK)
    })
}

fn state_of(standing: &Standing) -> slk_result {
    match standing {
        Standing::Parked => SLK_PARKED,
        Standing::Entered(Effect::Applied) => SLK_GRANTED,
        Standing::Entered(Effect::Credited) => SLK_CREDITED,
        Standing::Entered(Effect::Pending) => SLK_PENDING,
        Standing::Entered(Effect::Rejected) => SLK_REJECTED,
        Standing::Entered(Effect::Revoked) => SLK_REVOKED,
        Standing::Entered(Effect::Other(_)) => SLK_UNKNOWN,
    }
}

/// Reads the player's latest purchases as a JSON array: first those dealt with, the latest last, as many as the spec's
/// `purchase_history` keeps; then all that are parked. Each is an object with the strings `provider`, `environment`,
/// `purchase_id`, `product` and `state`, and the number `at_ms`: milliseconds since 1970-01-01 UTC by a server's clock.
/// The state is `granted`, `credited`, `pending`, `rejected`, `revoked` or `parked`, or a word of a newer version.
///
/// Parameters:
///   `locker`: the player's locker.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: it was copied, or its length was asked for.
///   `SLK_E_NOT_LOADED`: the record is not loaded.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_purchases(
    locker: slk_locker,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_get_purchases", || {
        let object = locker::get(locker)?;
        let purchases = object.run(|engine, id| Ok(engine.core().purchases(id)?))?;
        let list: Vec<_> = purchases.iter().map(Past::to_json).collect();
        let json = serde_json::Value::from(list).to_string();
        // SAFETY: a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe { text::copy_out(json.as_bytes(), buffer, capacity, needed) }?;
        Ok(SLK_OK)
    })
}

// The limits that the header names are the record's own.
const _: () = assert!(SLK_MAX_PARKED == PARKED_RECEIPTS && SLK_MAX_PARKED_BYTES == PARKED_BYTES);
