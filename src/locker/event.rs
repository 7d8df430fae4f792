//! What the host hears of a locker.

use super::call::SaveReason;
use crate::error::Cause;
use crate::receipt::{CreditOutcome, ReceiptOutcome};
use crate::record::Document;

/// Where the loading of a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadStatus {
    /// Nobody wants the record.
    Idle,
    /// It is being read or written.
    Loading,
    /// The store fails; it is tried again.
    StoreFailure {
        /// The store's words.
        text: String,
        /// Whose trouble it is.
        cause: Cause,
    },
    /// Another server holds it; it has been asked to let go.
    LockedElsewhere {
        /// That server's id.
        server: String,
        /// Since when, by that server's wall clock.
        since_ms: i64,
        /// Whether it has refused to let go.
        refused: bool,
    },
    /// A newer version of the game or of this library wrote it. Nothing is written.
    UnknownVersion {
        /// What was found, and what is known here.
        text: String,
        /// The least schema version that a server must know; 0 if that does not help.
        needs: u32,
    },
    /// It is not a record, or a damaged one. Nothing is written.
    Unreadable {
        /// What was found.
        text: String,
    },
    /// The host refuses the data: a patcher, migrator or check failed. Nothing is written.
    DataRefused {
        /// Which, and what it said.
        text: String,
    },
    /// It is loaded and held.
    Loaded,
    /// It is being saved for the last time and let go.
    Releasing,
}

/// Why a session ended without being released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossCause {
    /// Another server has taken the record.
    Taken,
    /// The record has been removed.
    Erased,
    /// The store is behind what it had confirmed: it has lost writes.
    RolledBack,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeStatus {
    /// Not saved yet.
    Pending,
    /// In the stored record.
    Saved,
    /// Surely not in the stored record, and never will be.
    Lost,
    /// The session ended and the record does not tell.
    Unknown,
}

/// Why a record is being let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseCause {
    /// The host no longer wants it.
    Released,
    /// Another server asked for it.
    HandedOver,
    /// The engine shuts down.
    Shutdown,
}

/// Something that happened to a locker.
#[derive(Clone, Debug)]
pub enum Event {
    /// The load status changed, short of loaded.
    LoadStatus(LoadStatus),
    /// The record is loaded and held.
    Loaded {
        /// The fencing token of the session.
        epoch: u64,
    },
    /// Saved and let go.
    Released {
        /// Why.
        cause: ReleaseCause,
        /// All changes up to this one are saved.
        change: u64,
    },
    /// The session is over, and not by our release.
    Lost {
        /// Why.
        cause: LossCause,
        /// The data as they were here.
        document: Document,
        /// The last change that is surely saved.
        saved: u64,
        /// The last change of which it cannot be known; later ones are surely lost.
        unknown: u64,
        /// What was found.
        text: String,
    },
    /// All changes up to this one are saved.
    Saved {
        /// The change.
        change: u64,
    },
    /// A change that somebody waits for has met its fate.
    ChangeSettled {
        /// The change.
        change: u64,
        /// The waiter's tag.
        tag: u64,
        /// What became of it.
        status: ChangeStatus,
    },
    /// A save did not succeed; it is tried again.
    SaveTrouble {
        /// What went wrong.
        text: String,
        /// Whose trouble it is.
        cause: Cause,
    },
    /// Another server asks for the record.
    HandoverRequested {
        /// That server's id.
        server: String,
    },
    /// The session is confirmed after it had been in doubt.
    Confirmed {
        /// The fencing token of the session.
        epoch: u64,
    },
    /// A receipt has been dealt with.
    Receipt {
        /// The platform's name for the purchase.
        purchase: String,
        /// The tag that came with the receipt.
        tag: u64,
        /// What to tell the platform.
        outcome: ReceiptOutcome,
        /// Why, where it was not processed.
        text: String,
        /// It had been parked, and the game knows its product now: nobody waits for this answer, and `tag` is 0.
        taken_up: bool,
    },
    /// A use of credit has been dealt with.
    CreditUsed {
        /// The product.
        product: String,
        /// The tag that came with the use.
        tag: u64,
        /// What happened.
        outcome: CreditOutcome,
        /// Why, where it was not used.
        text: String,
    },
    /// A callback of the host failed; its edits were dropped.
    CallbackFailed {
        /// Which callback, and what it said.
        text: String,
    },
    /// Nothing is held, wanted or under way any more.
    Idle,
    /// A save is being sent.
    Saving(SaveReason),
    /// What was edited before the data were loaded could not be merged.
    OfflineDropped {
        /// What was edited.
        document: Document,
        /// Why.
        text: String,
    },
    /// The last save was not made, because the host refuses the data: the record stays as it was saved before.
    Refused {
        /// The data that were not saved.
        document: Document,
        /// All changes up to this one are saved; later ones are lost.
        saved: u64,
        /// What the host said.
        text: String,
    },
    /// A change that somebody sent has taken effect, durably.
    ChangeApplied {
        /// Its kind.
        kind: String,
        /// Who sent it.
        from: String,
        /// The change of the data that it became.
        change: u64,
    },
    /// The host has marked the locker as deleted.
    Deleted,
    /// The record has come close to the largest that may be written. Told once, until it is smaller again.
    SizeWarning {
        /// Its size as it is about to be written, in bytes.
        bytes: u64,
        /// The largest that may be written.
        max: u64,
    },
    /// The player's credit for a product is another one from now on.
    CreditChanged {
        /// The product.
        product: String,
        /// The credit; below zero it is a debt.
        amount: i64,
    },
}

impl LoadStatus {
    /// The status in a few words.
    #[must_use]
    pub fn brief(&self) -> String {
        self.brief_in(&str::to_owned)
    }

    /// The status in a few words, where `words` says how to put somebody else's.
    #[must_use]
    pub fn brief_in(&self, words: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Idle => "nobody wants it".into(),
            Self::Loading => "loading".into(),
            Self::StoreFailure { text, .. } => format!("the store fails, it is tried again: {}", words(text)),
            Self::LockedElsewhere { server, refused, .. } => {
                let answer = if *refused { ", which refuses to let go" } else { "" };
                format!("held by server {server}{answer}")
            }
            Self::UnknownVersion { text, .. } => format!("of an unknown version, left as it is: {}", words(text)),
            Self::Unreadable { text } => format!("cannot be read, left as it is: {}", words(text)),
            Self::DataRefused { text } => format!("the data are refused: {}", words(text)),
            Self::Loaded => "loaded".into(),
            Self::Releasing => "being saved for the last time".into(),
        }
    }
}

impl Event {
    /// The event in a few words, without the player's data.
    #[must_use]
    pub fn brief(&self) -> String {
        self.brief_in(&str::to_owned)
    }

    /// The event in a few words, without the player's data, where `words` says how to put somebody else's and the ids of
    /// purchases.
    #[must_use]
    pub fn brief_in(&self, words: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::LoadStatus(status) => status.brief_in(words),
            Self::Loaded { epoch } => format!("loaded at epoch {epoch}"),
            Self::Released { cause, change } => format!("{}, saved up to change {change}", cause.brief()),
            Self::Lost {
                saved, unknown, text, ..
            } => format!("LOST: {text}; saved up to change {saved}, not known up to {unknown}"),
            Self::Saved { change } => format!("saved up to change {change}"),
            Self::ChangeSettled { change, status, .. } => format!("change {change} is {}", status.brief()),
            Self::SaveTrouble { text, .. } => format!("not saved yet, it is tried again: {}", words(text)),
            Self::HandoverRequested { server } => format!("server {server} asks for it"),
            Self::Confirmed { epoch } => format!("confirmed at epoch {epoch}"),
            Self::Receipt {
                purchase,
                outcome,
                text,
                ..
            } => format!("receipt {}: {} {}", words(purchase), outcome.brief(), words(text)),
            Self::CreditUsed {
                product, outcome, text, ..
            } => format!("credit for {product}: {} {}", outcome.brief(), words(text)),
            Self::CallbackFailed { text } => words(text),
            Self::Idle => "idle".into(),
            Self::SizeWarning { bytes, max } => size_words(*bytes, *max),
            Self::Saving(reason) => format!("saving: {}", reason.brief()),
            Self::OfflineDropped { text, .. } => words(text),
            Self::Refused { saved, text, .. } => format!("NOT SAVED after change {saved}: {}", words(text)),
            Self::ChangeApplied { kind, from, .. } => format!("a change `{kind}` from {} took effect", words(from)),
            Self::Deleted => "deleted".into(),
            Self::CreditChanged { product, amount } => format!("credit for {product} is {amount}"),
        }
    }
}

impl SaveReason {
    fn brief(self) -> &'static str {
        match self {
            Self::Autosave => "in its time",
            Self::Asked => "asked for",
            Self::Receipt => "for a purchase",
            Self::Confirm => "to confirm the session",
            Self::Last(cause) => cause.brief(),
        }
    }
}

/// How close a record has come to its limit, in words.
#[must_use]
pub fn size_words(bytes: u64, max: u64) -> String {
    format!("the record has grown to {bytes} bytes, at most {max} can be saved: take something out of it")
}

impl ReleaseCause {
    fn brief(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::HandedOver => "handed over",
            Self::Shutdown => "released for the shutdown",
        }
    }
}

impl ChangeStatus {
    fn brief(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Saved => "saved",
            Self::Lost => "lost",
            Self::Unknown => "of unknown fate",
        }
    }
}
