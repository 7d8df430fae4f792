//! What an engine asks of the game: default data, hooks, and the effect of products.

use super::event::{LockerId, SpecId};
use crate::error::Error;
use crate::locker::call::{CallAnswer, HostCall, Verdict};
use crate::record::Document;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

/// Which locker a question is about.
#[derive(Clone, Debug)]
pub struct About {
    /// The locker.
    pub locker: LockerId,
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
    catch_unwind(AssertUnwindSafe(|| host.answer(about, call))).unwrap_or_else(|_| CallAnswer {
        verdict: Verdict::Failed("the callback panicked".into()),
        draft: None,
    })
}
