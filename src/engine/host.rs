//! What an engine asks of the game: default data, hooks, and the effect of products.

use super::event::{LockerId, SpecId};
use crate::error::Error;
use crate::locker::call::{CallAnswer, HostCall, Question, Verdict};
use crate::record::Document;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

/// Which locker a question is about.
#[derive(Clone, Debug)]
pub struct About {
    /// The locker; `None` for work on a record that is not held.
    pub locker: Option<LockerId>,
    /// Its spec.
    pub spec: SpecId,
    /// Its key.
    pub key: Arc<str>,
    /// The host's tag.
    pub tag: u64,
}

/// The game's side of one spec. Called inside update on the thread that ticks, with no lock held; only
/// [`Host::default_data`] is called where a locker is opened.
pub trait Host: Send + Sync {
    /// The data of a record that does not exist yet.
    ///
    /// # Errors
    /// Any; the locker is not opened then.
    fn default_data(&self, key: &str) -> Result<Document, Error>;

    /// Answers a question. The draft's edits count only if the answer has the draft and is [`Verdict::Done`], or
    /// [`Verdict::NotApplicable`] to a receipt.
    fn answer(&self, about: &About, call: HostCall) -> CallAnswer;
}

/// Asks the host; a panic is a failed answer.
pub(super) fn ask(host: &dyn Host, about: &About, call: HostCall) -> CallAnswer {
    if matches!(call.question, Question::DefaultData) {
        return ask_default(host, about);
    }
    catch_unwind(AssertUnwindSafe(|| host.answer(about, call))).unwrap_or_else(|_| panicked())
}

fn ask_default(host: &dyn Host, about: &About) -> CallAnswer {
    match catch_unwind(AssertUnwindSafe(|| host.default_data(&about.key))) {
        Ok(Ok(default)) => CallAnswer::done(Some(default)),
        Ok(Err(error)) => CallAnswer::refused(Verdict::Failed(error.text().to_owned())),
        Err(_) => panicked(),
    }
}

fn panicked() -> CallAnswer {
    CallAnswer::refused(Verdict::Failed("the callback panicked".into()))
}
