//! The host's side of a spec: asking its callbacks, with drafts that count only if the callback agrees.

use super::callback;
use super::change::slk_apply_change;
use super::document;
use super::engine::EngineObject;
use super::error_sink::Sink;
use super::event::{release_cause, SLK_RELEASE_HANDED_OVER, SLK_RELEASE_SHUTDOWN};
use super::handle::{slk_document, slk_error_sink, slk_locker};
use super::host::UserData;
use super::migration::HostMigrations;
use super::receipt::{
    slk_apply_receipt, slk_receipt_view, SLK_APPLY_CREDIT, SLK_APPLY_RECEIPT, SLK_PURCHASE_APPLY, SLK_PURCHASE_RECORD,
    SLK_PURCHASE_REVOKE, SLK_PURCHASE_VALIDATE,
};
use super::result::*;
use super::spec::{
    slk_before_save, slk_data_view, slk_default_data, slk_merge_offline, slk_save_view, slk_validate, SLK_SAVE_ASKED,
    SLK_SAVE_AUTOSAVE, SLK_SAVE_CONFIRM, SLK_SAVE_HANDED_OVER, SLK_SAVE_RECEIPT, SLK_SAVE_RELEASED, SLK_SAVE_SHUTDOWN,
};
use crate::engine::host::{About, Host};
use crate::error::{Error, ErrorKind};
use crate::locker::call::{CallAnswer, HostCall, Question, SaveReason, Verdict};
use crate::receipt::Receipt;
use crate::record::Document;
use std::ffi::{c_void, CStr, CString};
use std::sync::{Arc, Weak};

/// The host's side of a spec.
pub(super) struct HostSpec {
    pub engine: Weak<EngineObject>,
    pub default: Document,
    pub default_data_for: slk_default_data,
    pub before_save: slk_before_save,
    pub apply_receipt: slk_apply_receipt,
    pub user_data: Arc<UserData>,
    pub migrations: HostMigrations,
    pub validate: slk_validate,
    pub merge_offline: slk_merge_offline,
    pub apply_change: slk_apply_change,
    pub validate_receipt: slk_apply_receipt,
    pub record_receipt: slk_apply_receipt,
    pub revoke_receipt: slk_apply_receipt,
}

impl HostSpec {
    pub(super) fn locker(&self, about: &About) -> slk_locker {
        let engine = self.engine.upgrade();
        let handle = engine
            .zip(about.locker)
            .map(|(engine, locker)| engine.handle_of(locker));
        handle.unwrap_or_default()
    }

    pub(super) fn without_callback(&self, what: &str) -> CallAnswer {
        CallAnswer::refused(Verdict::Failed(format!("the spec has no {what}")))
    }

    fn data_view(&self, about: &About, key: &CStr) -> slk_data_view {
        slk_data_view {
            struct_size: size_field::<slk_data_view>(),
            reserved: 0,
            locker: self.locker(about),
            user_tag: about.tag,
            key: key.as_ptr(),
        }
    }

    fn validate(&self, about: &About, data: Document) -> CallAnswer {
        let Some(validate) = self.validate else {
            return self.without_callback("validate");
        };
        let key = c_text(&about.key);
        let view = self.data_view(about, &key);
        self.with_draft("validate", data, |user_data, data, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { validate(user_data, &raw const view, data, error) }
        })
    }

    fn merge(&self, about: &About, offline: &Document, draft: Document) -> CallAnswer {
        let Some(merge) = self.merge_offline else {
            return self.without_callback("merge_offline");
        };
        let key = c_text(&about.key);
        let view = self.data_view(about, &key);
        let offline = match document::lend(offline.clone()) {
            Ok(loan) => loan,
            Err(failure) => return CallAnswer::refused(Verdict::Failed(failure.text)),
        };
        self.with_draft("merge_offline", draft, |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { merge(user_data, &raw const view, offline.handle(), draft, error) }
        })
    }

    /// Lends a draft to a callback. The draft comes back if the callback agreed and changed it.
    pub(super) fn with_draft(
        &self,
        name: &str,
        draft: Document,
        call: impl FnOnce(*mut c_void, slk_document, slk_error_sink) -> slk_result,
    ) -> CallAnswer {
        let loan = match document::lend(draft) {
            Ok(loan) => loan,
            Err(failure) => return failed(failure.text),
        };
        let verdict = yes_or_failed(name, self.ask(name, loan.handle(), call));
        answer_with(verdict, loan)
    }

    /// The same, where the callback may also say that it does not apply.
    pub(super) fn with_draft_or_leave(
        &self,
        name: &str,
        draft: Document,
        call: impl FnOnce(*mut c_void, slk_document, slk_error_sink) -> slk_result,
    ) -> CallAnswer {
        match document::lend(draft) {
            Ok(loan) => answer_with(self.ask(name, loan.handle(), call), loan),
            Err(failure) => failed(failure.text),
        }
    }

    /// Calls a callback that has a draft.
    fn ask(
        &self,
        name: &str,
        draft: slk_document,
        call: impl FnOnce(*mut c_void, slk_document, slk_error_sink) -> slk_result,
    ) -> Verdict {
        let sink = match Sink::new() {
            Ok(sink) => sink,
            Err(failure) => return Verdict::Failed(failure.text),
        };
        match callback::run(|| call(self.user_data.pointer(), draft, sink.handle())) {
            SLK_OK => Verdict::Done,
            SLK_NOT_APPLICABLE => Verdict::NotApplicable,
            SLK_REJECTED => Verdict::Rejected(sink.said()),
            SLK_UNKNOWN_PRODUCT => Verdict::UnknownProduct,
            other => Verdict::Failed(sink.words(name, other)),
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
        self.with_draft("before_save", draft, |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { before_save(user_data, &raw const view, draft, error) }
        })
    }

    /// A purchase that is paid: validated, applied and recorded on one draft.
    fn purchase(&self, about: &About, receipt: &Receipt, draft: Document) -> CallAnswer {
        let what = Bought::receipt(receipt);
        let untouched = draft.clone();
        let loan = match document::lend(draft) {
            Ok(loan) => loan,
            Err(failure) => return failed(failure.text),
        };
        let mut verdict = self.step(about, &what, Operation::Validate, &loan);
        if verdict == Verdict::Done {
            verdict = self.step(about, &what, Operation::Apply, &loan);
        }
        match verdict {
            Verdict::Done => answer_with(self.step(about, &what, Operation::Record(SLK_GRANTED), &loan), loan),
            Verdict::NotApplicable => {
                drop(loan);
                self.record_credit(about, &what, untouched)
            }
            verdict => CallAnswer::refused(verdict),
        }
    }

    /// A purchase becomes credit: what the callbacks before have edited does not count.
    fn record_credit(&self, about: &About, what: &Bought<'_>, draft: Document) -> CallAnswer {
        let loan = match document::lend(draft) {
            Ok(loan) => loan,
            Err(failure) => return failed(failure.text),
        };
        let mut answer = answer_with(self.step(about, what, Operation::Record(SLK_CREDITED), &loan), loan);
        if answer.verdict == Verdict::Done {
            answer.verdict = Verdict::NotApplicable;
        }
        answer
    }

    /// Something that is done in one step: a use of credit, a product that is taken back.
    fn single_step(&self, about: &About, what: &Bought<'_>, operation: Operation, draft: Document) -> CallAnswer {
        match document::lend(draft) {
            Ok(loan) => answer_with(self.step(about, what, operation, &loan), loan),
            Err(failure) => failed(failure.text),
        }
    }

    fn step(&self, about: &About, what: &Bought<'_>, operation: Operation, loan: &document::Loan) -> Verdict {
        let (name, function) = match operation {
            Operation::Validate => ("validate_receipt", self.validate_receipt),
            Operation::Apply => ("apply_receipt", self.apply_receipt),
            Operation::Record(_) => ("record_receipt", self.record_receipt),
            Operation::Revoke => ("revoke_receipt", self.revoke_receipt),
        };
        let Some(function) = function else {
            return match operation {
                Operation::Validate | Operation::Record(_) => Verdict::Done,
                Operation::Apply | Operation::Revoke => Verdict::Failed(format!("the spec has no {name}")),
            };
        };
        let texts = what.texts(about);
        let view = self.receipt_view(about, what, operation, &texts);
        let verdict = self.ask(name, loan.handle(), |user_data, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { function(user_data, &raw const view, draft, error) }
        });
        match (operation, &verdict) {
            (Operation::Record(_), _) | (Operation::Revoke, Verdict::Rejected(_) | Verdict::UnknownProduct) => {
                yes_or_failed(name, verdict)
            }
            _ => verdict,
        }
    }

    fn receipt_view(
        &self,
        about: &About,
        what: &Bought<'_>,
        operation: Operation,
        texts: &[CString; 5],
    ) -> slk_receipt_view {
        let context = what.receipt.map_or(&[][..], |receipt| &receipt.context);
        let kind = if what.receipt.is_some() {
            SLK_APPLY_RECEIPT
        } else {
            SLK_APPLY_CREDIT
        };
        let (operation, effect) = match operation {
            Operation::Validate => (SLK_PURCHASE_VALIDATE, SLK_OK),
            Operation::Apply => (SLK_PURCHASE_APPLY, SLK_OK),
            Operation::Record(effect) => (SLK_PURCHASE_RECORD, effect),
            Operation::Revoke => (SLK_PURCHASE_REVOKE, SLK_OK),
        };
        slk_receipt_view {
            struct_size: size_field::<slk_receipt_view>(),
            kind,
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
            operation,
            effect,
        }
    }
}

/// A step of dealing with a purchase; `Record` says how it ended.
#[derive(Clone, Copy)]
enum Operation {
    Validate,
    Apply,
    Record(slk_result),
    Revoke,
}

/// What was bought: by a receipt, or by credit.
struct Bought<'a> {
    product: &'a str,
    receipt: Option<&'a Receipt>,
}

impl<'a> Bought<'a> {
    fn receipt(receipt: &'a Receipt) -> Self {
        Self {
            product: &receipt.product,
            receipt: Some(receipt),
        }
    }

    /// The strings of its view: key, product, provider, environment, purchase id.
    fn texts(&self, about: &About) -> [CString; 5] {
        let purchase = self.receipt.map(|receipt| &receipt.purchase);
        let part = |part: Option<&String>| c_text(part.map_or("", String::as_str));
        [
            c_text(&about.key),
            c_text(self.product),
            part(purchase.map(|purchase| &purchase.provider)),
            part(purchase.map(|purchase| &purchase.environment)),
            part(purchase.map(|purchase| &purchase.id)),
        ]
    }
}

fn failed(words: String) -> CallAnswer {
    CallAnswer::refused(Verdict::Failed(words))
}

/// The draft's edits count if the callback agreed.
fn answer_with(verdict: Verdict, loan: document::Loan) -> CallAnswer {
    if verdict != Verdict::Done {
        return CallAnswer::refused(verdict);
    }
    let (draft, outgoing) = loan.take_back();
    CallAnswer {
        verdict,
        draft,
        outgoing,
    }
}

/// Where a callback can only agree or fail, the other answers are failures.
fn yes_or_failed(name: &str, verdict: Verdict) -> Verdict {
    let result = match verdict {
        Verdict::Done | Verdict::Failed(_) => return verdict,
        Verdict::NotApplicable => SLK_NOT_APPLICABLE,
        Verdict::Rejected(_) => SLK_REJECTED,
        Verdict::UnknownProduct => SLK_UNKNOWN_PRODUCT,
    };
    Verdict::Failed(format!("{name} returned {}", name_of(result)))
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
            Verdict::Failed(words) => Err(refused(key, &words)),
            other => Err(refused(key, &format!("default_data_for answered {other:?}"))),
        }
    }

    fn answer(&self, about: &About, call: HostCall) -> CallAnswer {
        match &call.question {
            Question::BeforeSave(reason) => self.before_save(about, *reason, call.draft),
            Question::Prepare(step) => self.migrate(about, *step, call.draft),
            Question::Validate => self.validate(about, call.draft),
            Question::MergeOffline { offline } => self.merge(about, offline, call.draft),
            Question::ApplyChange { sent, direct } => self.change(about, sent, *direct, call.draft),
            // The engine asks by `default_data`.
            Question::DefaultData => self.without_callback("answer to this"),
            Question::ApplyReceipt(receipt) => self.purchase(about, receipt, call.draft),
            Question::UseCredit { product } => {
                let what = Bought { product, receipt: None };
                self.single_step(about, &what, Operation::Apply, call.draft)
            }
            Question::RevokeReceipt(receipt) => {
                self.single_step(about, &Bought::receipt(receipt), Operation::Revoke, call.draft)
            }
        }
    }
}

fn refused(key: &str, words: &str) -> Error {
    Error::new(ErrorKind::Callback, format!("no default data for `{key}`: {words}"))
}

fn agreed() -> CallAnswer {
    CallAnswer::done(None)
}

pub(super) fn save_reason(reason: SaveReason) -> i32 {
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
pub(super) fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation, reason = "views are small")]
pub(super) fn size_field<T>() -> u32 {
    size_of::<T>() as u32
}
