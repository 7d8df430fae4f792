//! Purchases: receipts in, and what the callback that applies them sees.

use super::handle::{slk_document, slk_error_sink, slk_locker};
use super::locker;
use super::options::{self, Options};
use super::panic;
use super::result::*;
use super::text::{self, SLK_MAX_NAME_BYTES};
use crate::receipt::Receipt;
use crate::record::ledger::PurchaseId;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;

/// A platform's receipt is to be applied.
pub const SLK_APPLY_RECEIPT: i32 = 1;
/// A product that the player has credit for is to be applied.
pub const SLK_APPLY_CREDIT: i32 = 2;

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
    /// As given with the receipt; 0 for credit.
    pub tag: u64,
}

/// Applies a product to the draft of the player's data: gives the gold, unlocks the level.
///
/// Returns: `SLK_OK`: applied; the draft's edits and the receipt are saved together. `SLK_NOT_APPLICABLE`: it cannot be
/// applied now; the player gets credit for it. Anything else: it failed, all edits are dropped, and the platform is to
/// send the receipt again; say why by `slk_error_sink_set`.
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

/// Takes a purchase notice. The spec's `apply_receipt` is called, the effect and the receipt are saved together at once,
/// and then `SLK_EVENT_RECEIPT` tells what to answer the platform. A purchase that took effect before, on any server and
/// at any time, is granted again without a second effect.
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

/// Reads the player's credit for a product: what was paid for and could not be applied.
///
/// Parameters:
///   `locker`: the player's locker.
///   `product`: the product.
///   `amount`: receives how many times.
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
