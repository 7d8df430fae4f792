//! Questions that only the host can answer, and its answers.

use super::event::ReleaseCause;
use crate::change::Draft;
use crate::receipt::Receipt;
use crate::record::inbox::Sent;
use crate::record::migration::Step;
use crate::record::Document;

/// Why a save is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveReason {
    /// The autosave period is over.
    Autosave,
    /// The host asked for it.
    Asked,
    /// A receipt must become durable.
    Receipt,
    /// The session must be confirmed.
    Confirm,
    /// It is the last save of the session.
    Last(ReleaseCause),
}

/// What the host is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Write your own state into the draft; it is about to be saved.
    BeforeSave(SaveReason),
    /// Apply a receipt to the draft.
    ApplyReceipt(Receipt),
    /// Give the data of a record that does not exist yet.
    DefaultData,
    /// Patch or migrate the draft.
    Prepare(Step),
    /// Say whether the data are as they should be. Edits do not count.
    Validate,
    /// Merge what was edited before the data were loaded into the draft, which has what was loaded.
    MergeOffline {
        /// What was edited.
        offline: Document,
    },
    /// Apply a change that somebody sent to the draft. [`Verdict::NotApplicable`] leaves it for another server.
    ApplyChange {
        /// The change.
        sent: Box<Sent>,
        /// It is an update of a record that nobody holds.
        direct: bool,
    },
    /// Apply a product that the player has credit for to the draft.
    UseCredit {
        /// The product.
        product: String,
    },
    /// Take what a receipt gave out of the draft: it is paid back.
    RevokeReceipt(Receipt),
}

/// A call to the host, with a draft of the data that it may edit.
#[derive(Clone, Debug)]
pub struct HostCall {
    /// What is asked.
    pub question: Question,
    /// The data; edits count only if the answer is [`Verdict::Done`], or [`Verdict::NotApplicable`] to a receipt.
    pub draft: Document,
}

/// How the host answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done; the draft's edits count.
    Done,
    /// It cannot be applied now; it becomes credit. Of a receipt, the draft's edits count: what the game writes down of
    /// it. To be taken back: it cannot be, and becomes a debt.
    NotApplicable,
    /// It failed; the draft's edits are dropped.
    Failed(String),
    /// The purchase is turned down, with the reason if there is one; the draft's edits are dropped.
    Rejected(String),
    /// The product is not known; the draft's edits are dropped.
    UnknownProduct,
}

impl Verdict {
    /// Where the host can only do it or fail: why it failed, in words.
    ///
    /// # Errors
    /// Anything but [`Verdict::Done`].
    pub fn or_failed(self) -> Result<(), String> {
        match self {
            Self::Done => Ok(()),
            Self::NotApplicable => Err("it does not apply".into()),
            Self::Rejected(text) | Self::Failed(text) => Err(text),
            Self::UnknownProduct => Err("no product is asked about".into()),
        }
    }
}

/// The host's answer to a call.
#[derive(Clone, Debug)]
pub struct CallAnswer {
    /// How it was answered.
    pub verdict: Verdict,
    /// The draft, if the host edited it.
    pub draft: Option<Document>,
    /// Changes for other records; they leave with the draft's edits.
    pub outgoing: Vec<Draft>,
}

impl CallAnswer {
    /// The host agrees, with this draft.
    #[must_use]
    pub fn done(draft: Option<Document>) -> Self {
        Self {
            verdict: Verdict::Done,
            draft,
            outgoing: Vec::new(),
        }
    }

    /// The host does not agree.
    #[must_use]
    pub fn refused(verdict: Verdict) -> Self {
        Self {
            verdict,
            draft: None,
            outgoing: Vec::new(),
        }
    }
}
