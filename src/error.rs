//! What can go wrong in a call, as a kind for programs and a text for people.

use std::fmt;

/// The kinds of failure of a call. Each has a result code of its own in the C API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument is outside its range or a combination makes no sense.
    InvalidArgument,
    /// The handle or id names nothing of this kind that is alive.
    InvalidHandle,
    /// A string is not UTF-8.
    InvalidUtf8,
    /// A string or value is longer than allowed.
    TooLong,
    /// A text is not JSON.
    InvalidJson,
    /// A text is not a JSON Pointer (RFC 6901).
    InvalidPointer,
    /// The value is of another type than asked for.
    WrongType,
    /// The number does not fit.
    OutOfRange,
    /// The locker has no data that may be changed now: not loaded yet, releasing, or lost.
    NotLoaded,
    /// Another thread is inside a call that excludes this one.
    Busy,
    /// The call is not allowed inside this callback.
    Reentrant,
    /// A bug in this library was caught; the object can no longer be used.
    Panic,
    /// The store failed.
    Store,
    /// The file is not a database of ours.
    NotADatabase,
    /// The store lacks an ability that is needed.
    Unsupported,
    /// Something of that name exists already, with other settings.
    Exists,
    /// The engine is shutting down.
    ShuttingDown,
    /// The locker was deleted.
    Deleted,
    /// Memory could not be reserved.
    OutOfMemory,
    /// The host's callback refused or failed.
    Callback,
    /// There is no room for more.
    Full,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

impl Error {
    /// An error of this kind; `text` says what was wrong and what to do.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// The kind, for programs.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was wrong, for people.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// Whose trouble a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The request cannot succeed as it is: too large, a key that the store cannot hold, no permission.
    Request,
    /// The store is in trouble: unreachable, full, overloaded, broken.
    Store,
    /// It cannot be told.
    Unknown,
}

impl Cause {
    /// Whose trouble it is, in a word.
    #[must_use]
    pub fn brief(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Store => "store",
            Self::Unknown => "unknown",
        }
    }
}
