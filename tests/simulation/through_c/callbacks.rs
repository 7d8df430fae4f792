//! The callbacks of the engine and of its spec: clocks, default data, and the questions that the game answers.

use super::data::{c_text, edit_draft, read_document};
use super::shared::{Ended, Shared};
use crate::host::game_in;
use crate::view::{product, Game};
use crate::world::SPACE;
use sessionlocker::change::Draft;
use sessionlocker::ffi::change::{
    slk_change_view, slk_document_queue_change, SLK_CHANGE_RETURNED, SLK_CHANGE_UPDATE, SLK_SEND_CREATE,
};
use sessionlocker::ffi::document::{slk_document_append_json, slk_document_set_json};
use sessionlocker::ffi::error_sink::slk_error_sink_set;
use sessionlocker::ffi::handle::{slk_document, slk_error_sink, slk_locker};
use sessionlocker::ffi::migration::slk_migration_view;
use sessionlocker::ffi::receipt::{
    slk_receipt_view, SLK_APPLY_CREDIT, SLK_APPLY_RECEIPT, SLK_PURCHASE_APPLY, SLK_PURCHASE_REVOKE,
};
use sessionlocker::ffi::result::{
    slk_result, SLK_E_CALLBACK, SLK_NOT_APPLICABLE, SLK_OK, SLK_REJECTED, SLK_UNKNOWN_PRODUCT,
};
use sessionlocker::ffi::spec::slk_save_view;
use sessionlocker::ffi::text::SLK_NUL_TERMINATED;
use sessionlocker::locker::call::{CallAnswer, HostCall, Question, SaveReason, Verdict};
use sessionlocker::receipt::{Receipt, ReceiptState};
use sessionlocker::record::inbox::Sent;
use sessionlocker::record::ledger::PurchaseId;
use sessionlocker::record::migration::Step;
use std::ffi::{c_char, c_void, CStr};

// Time and ends ----------------------------------------------------------------------------------------------------

pub unsafe extern "C" fn clock(user_data: *mut c_void) -> u64 {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.now()
}

pub unsafe extern "C" fn wall_clock(user_data: *mut c_void) -> i64 {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.wall()
}

pub unsafe extern "C" fn engine_ended(user_data: *mut c_void) {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.note_end(Ended::Engine);
}

pub unsafe extern "C" fn store_ended(user_data: *mut c_void) {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.note_end(Ended::Store);
}

pub unsafe extern "C" fn spec_ended(user_data: *mut c_void) {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.note_end(Ended::Spec);
}

pub unsafe extern "C" fn migrator_ended(user_data: *mut c_void) {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.note_end(Ended::Migrator);
}

// Questions --------------------------------------------------------------------------------------------------------

/// The data of a new player. Called from many functions, so that the world is not at hand.
pub unsafe extern "C" fn default_data_for(
    user_data: *mut c_void,
    key: *const c_char,
    draft: slk_document,
    _error: slk_error_sink,
) -> slk_result {
    // SAFETY: the library gives what it was given.
    let shared = unsafe { Shared::behind(user_data) };
    key_of(shared, key);
    let json = Game::newborn(shared.schema).to_json();
    // SAFETY: a string, and a text of this length.
    unsafe { slk_document_set_json(draft, c"".as_ptr(), json.as_ptr().cast(), json.len()) }
}

pub unsafe extern "C" fn before_save(
    user_data: *mut c_void,
    save: *const slk_save_view,
    draft: slk_document,
    error: slk_error_sink,
) -> slk_result {
    // SAFETY: the library gives what it was given, and a view that lives until this returns.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*save) };
    // The game does not look at the reason.
    let question = Question::BeforeSave(SaveReason::Asked);
    answer(shared, (view.key, view.locker), question, draft, error)
}

pub unsafe extern "C" fn migrate(
    user_data: *mut c_void,
    view: *const slk_migration_view,
    draft: slk_document,
    error: slk_error_sink,
) -> slk_result {
    // SAFETY: the library gives what it was given, and a view that lives until this returns.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*view) };
    if view.to_version != view.from_version + 1 || view.to_version > shared.schema {
        shared.fault(format!(
            "a migrator is asked for {} to {}",
            view.from_version, view.to_version
        ));
    }
    let step = Step::Migrate {
        from: view.from_version,
        patch: view.from_patch,
    };
    answer(shared, (view.key, view.locker), Question::Prepare(step), draft, error)
}

pub unsafe extern "C" fn apply_receipt(
    user_data: *mut c_void,
    receipt: *const slk_receipt_view,
    draft: slk_document,
    error: slk_error_sink,
) -> slk_result {
    // SAFETY: the library gives what it was given, and a view that lives until this returns.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*receipt) };
    let question = match (view.kind, view.operation) {
        (SLK_APPLY_RECEIPT, SLK_PURCHASE_APPLY) => Question::ApplyReceipt(receipt_of(shared, view)),
        (SLK_APPLY_RECEIPT, SLK_PURCHASE_REVOKE) => Question::RevokeReceipt(receipt_of(shared, view)),
        (SLK_APPLY_CREDIT, SLK_PURCHASE_APPLY) => Question::UseCredit {
            product: text_at(view.product),
        },
        (kind, operation) => {
            shared.fault(format!("apply_receipt is called with {kind} and {operation}"));
            return SLK_E_CALLBACK;
        }
    };
    answer(shared, (view.key, view.locker), question, draft, error)
}

fn receipt_of(shared: &Shared, view: &slk_receipt_view) -> Receipt {
    let receipt = Receipt {
        purchase: PurchaseId {
            provider: text_at(view.provider),
            environment: text_at(view.environment),
            id: text_at(view.purchase_id),
        },
        product: text_at(view.product),
        context: Vec::new(),
        tag: view.tag,
        state: ReceiptState::Purchased,
    };
    let purchase = receipt.purchase.id.parse().expect("purchases have numbers");
    if receipt.product != product(purchase) {
        shared.fault(format!(
            "the product of purchase {purchase} came as {}",
            receipt.product
        ));
    }
    receipt
}

pub unsafe extern "C" fn apply_change(
    user_data: *mut c_void,
    change: *const slk_change_view,
    draft: slk_document,
    error: slk_error_sink,
) -> slk_result {
    // SAFETY: the library gives what it was given, and a view that lives until this returns.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*change) };
    let payload = text_at(view.payload);
    let returned = (view.flags & SLK_CHANGE_RETURNED != 0).then(|| text_at(view.returned_from));
    let question = Question::ApplyChange {
        sent: Box::new(Sent {
            // The boundary keeps these to itself.
            line: String::new(),
            number: 0,
            kind: text_at(view.kind),
            payload: serde_json::from_str(&payload).expect("payloads are JSON"),
            from: text_at(view.from),
            returned_from: returned,
            at_ms: view.sent_ms,
            extra: Default::default(),
        }),
        direct: view.flags & SLK_CHANGE_UPDATE != 0,
    };
    answer(shared, (view.key, view.locker), question, draft, error)
}

/// Lets the game answer, and brings its answer to where the library looks for it.
fn answer(
    shared: &Shared,
    about: (*const c_char, slk_locker),
    question: Question,
    draft: slk_document,
    error: slk_error_sink,
) -> slk_result {
    let key = key_of(shared, about.0);
    let known = shared.handles.borrow().get(&key).copied();
    if about.1 != slk_locker::default() && known != Some(about.1) {
        shared.fault(format!("a callback about k{key} names a handle that is not its"));
    }
    let Ok(document) = read_document(draft) else {
        shared.fault("a draft cannot be read".into());
        return SLK_E_CALLBACK;
    };
    let call = HostCall {
        question,
        draft: document,
    };
    let number = shared.number;
    let failed = CallAnswer::refused(Verdict::Failed("no answer".into()));
    let answer = shared.with_world(failed, |world| world.answer_of(number, key, &call));
    if let Some(after) = &answer.draft {
        let (before, after) = (game_in(&call.draft), game_in(after));
        if let (Ok(before), Ok(after)) = (before, after) {
            shared.expect("editing a draft", edit_draft(draft, &before, &after), SLK_OK);
        }
    }
    if answer.verdict != Verdict::Done {
        spoil(shared, draft);
    }
    for outgoing in &answer.outgoing {
        shared.expect("slk_document_queue_change", queue(shared, draft, outgoing), SLK_OK);
    }
    result_of(shared, &answer.verdict, error)
}

/// Writes into a draft what nobody ever did: it must not count, because the game does not agree to the draft.
fn spoil(shared: &Shared, draft: slk_document) {
    // SAFETY: strings that live for ever.
    let result =
        unsafe { slk_document_append_json(draft, c"/log".as_ptr(), c"4000000000".as_ptr(), SLK_NUL_TERMINATED) };
    shared.expect("slk_document_append_json", result, SLK_OK);
}

fn queue(shared: &Shared, draft: slk_document, outgoing: &Draft) -> slk_result {
    if outgoing.space != SPACE {
        shared.fault(format!("no spec is called {}", outgoing.space));
    }
    let (key, kind) = (c_text(&outgoing.key), c_text(&outgoing.kind));
    let payload = c_text(&outgoing.payload.to_string());
    let flags = if outgoing.create { SLK_SEND_CREATE } else { 0 };
    // SAFETY: strings that are alive.
    unsafe {
        slk_document_queue_change(
            draft,
            shared.spec.get(),
            key.as_ptr(),
            kind.as_ptr(),
            payload.as_ptr(),
            SLK_NUL_TERMINATED,
            flags,
        )
    }
}

fn result_of(shared: &Shared, verdict: &Verdict, sink: slk_error_sink) -> slk_result {
    let say = |words: &str| {
        // SAFETY: the words are a string that is alive.
        let result = unsafe { slk_error_sink_set(sink, c_text(words).as_ptr()) };
        shared.expect("slk_error_sink_set", result, SLK_OK);
    };
    match verdict {
        Verdict::Done => SLK_OK,
        Verdict::NotApplicable => SLK_NOT_APPLICABLE,
        Verdict::UnknownProduct => SLK_UNKNOWN_PRODUCT,
        Verdict::Rejected(words) => {
            say(words);
            SLK_REJECTED
        }
        Verdict::Failed(words) => {
            say(words);
            SLK_E_CALLBACK
        }
    }
}

/// A string of a view.
fn text_at(at: *const c_char) -> String {
    // SAFETY: the strings of a view end with a NUL and live until the callback returns.
    let text = unsafe { CStr::from_ptr(at) };
    text.to_str().expect("strings are UTF-8").to_owned()
}

/// The number of the record that a callback is about.
fn key_of(shared: &Shared, key: *const c_char) -> usize {
    let key = text_at(key);
    let number = key.strip_prefix('k').and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| {
        shared.fault(format!("a callback is about {key}"));
        0
    })
}
