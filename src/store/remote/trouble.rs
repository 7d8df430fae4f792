//! What goes wrong with a server, in words that say which one and what to do, and whose trouble it is.

use crate::error::{Cause, Error, ErrorKind};
use crate::store::{Outcome, StoreError};
use std::time::Duration;

/// One failure: for the caller of open an [`Error`], for a request a [`StoreError`].
#[derive(Clone, Debug)]
pub(in crate::store) struct Trouble {
    pub kind: ErrorKind,
    pub cause: Cause,
    pub text: String,
    /// What the server said by its code; none where the connection or this side failed.
    pub code: Option<String>,
    /// The connection cannot be used any longer.
    pub ends_connection: bool,
    /// No answer came in the time that there was.
    pub timed_out: bool,
}

impl Trouble {
    /// Trouble that is not of a connection.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            cause: Cause::Store,
            text: text.into(),
            code: None,
            ends_connection: false,
            timed_out: false,
        }
    }

    /// The connection is of no use any longer.
    pub fn lost(text: impl Into<String>) -> Self {
        Self {
            ends_connection: true,
            ..Self::new(ErrorKind::Store, text)
        }
    }

    /// No answer came in this time.
    pub fn late(time: Duration) -> Self {
        Self {
            timed_out: true,
            ..Self::lost(format!("no answer within {time:?}"))
        }
    }

    /// What is stored was written by somebody else.
    pub fn damaged() -> Self {
        Self::new(
            ErrorKind::Store,
            "what is stored there is not what this library writes; somebody else wrote it; nothing was replaced",
        )
    }

    /// No server of several could be used, each for a reason of its own; the kind is that of the last.
    pub fn none_of(failed: &[(&str, Self)]) -> Self {
        let kind = failed.last().map_or(ErrorKind::Store, |(_, trouble)| trouble.kind);
        let reasons = failed
            .iter()
            .map(|(server, trouble)| format!("{server}: {}", trouble.text));
        Self {
            kind,
            ..Self::lost(format!("no connection; {}", reasons.collect::<Vec<_>>().join("; ")))
        }
    }

    /// For whoever opens a store; `shown` says which server it is.
    pub fn into_error(self, shown: &str) -> Error {
        Error::new(self.kind, format!("{shown}: {}", self.text))
    }

    /// For whoever asked for `what`.
    pub fn into_store_error(self, shown: &str, what: &str, outcome: Outcome) -> StoreError {
        StoreError {
            outcome,
            cause: match outcome {
                Outcome::NotApplied => self.cause,
                Outcome::Unknown => Cause::Unknown,
            },
            text: format!("{shown}: {what}: {}", self.text),
        }
    }
}
