//! What goes wrong with a database file, in words that say which file and what to do.

use super::connection::Place;
use crate::error::{Error, ErrorKind};
use crate::store::{Cause, Outcome, StoreError};
use rusqlite::ErrorCode;

/// One failure: for the caller of open an [`Error`], for a request a [`StoreError`].
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    kind: ErrorKind,
    code: Option<ErrorCode>,
    text: String,
}

impl Trouble {
    fn new(kind: ErrorKind, text: String) -> Self {
        Self { kind, code: None, text }
    }

    /// Whether another connection has the lock, so that it is worth trying again.
    pub(super) fn is_busy(&self) -> bool {
        self.code == Some(ErrorCode::DatabaseBusy)
    }

    /// Whether the next request needs a new connection. One that only waited or found no room is still good.
    pub(super) fn spoils_connection(&self) -> bool {
        !matches!(
            self.code,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull)
        )
    }

    /// Whether a single request of a batch may have caused it, so that the others would do without it.
    pub(super) fn may_be_of_one_request(&self) -> bool {
        matches!(
            self.code,
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::TooBig
                    | ErrorCode::OutOfMemory
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::ConstraintViolation
            )
        )
    }

    pub(super) fn into_error(self) -> Error {
        Error::new(self.kind, self.text)
    }

    pub(super) fn into_store_error(self, outcome: Outcome) -> StoreError {
        StoreError {
            outcome,
            cause: Cause::Store,
            text: self.text,
        }
    }
}

/// What to do about it. `{path}` is always named before.
fn remedy(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotADatabase => {
            "this is not a SQLite database, and it was left as it is; give the path of another file, or put a good \
             copy in its place"
        }
        ErrorCode::DatabaseCorrupt => {
            "the database is damaged; what could not be read was not replaced; stop its users, keep a copy of it and \
             its -wal file, and restore a backup or use the command .recover of sqlite3"
        }
        ErrorCode::DiskFull => "the disk is full; make room: the store then goes on by itself",
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            "it cannot be written; this user must be allowed to write the file, its -wal and -shm files and the \
             folder, and the disk must not be mounted read-only"
        }
        ErrorCode::CannotOpen => {
            "it cannot be opened; the folder must exist, this user must be allowed to write in it, and the process \
             must be allowed more open files"
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another process has held its lock for too long; look for a program that has it open in a transaction, or \
             raise the busy timeout"
        }
        ErrorCode::SystemIoFailure => {
            "reading or writing failed; look into the system's log for the state of the disk, and at its quota: the \
             store goes on by itself when the disk works again"
        }
        ErrorCode::OutOfMemory => "memory could not be had",
        ErrorCode::FileLockingProtocolFailed | ErrorCode::NoLargeFileSupport => {
            "the filesystem cannot hold it; network filesystems do not work, put it on a local disk"
        }
        _ => "SQLite refused",
    }
}

impl Place {
    /// What SQLite said, about this file.
    pub(super) fn trouble_with(&self, error: &rusqlite::Error) -> Trouble {
        let code = error.sqlite_error_code();
        let kind = match code {
            Some(ErrorCode::NotADatabase) => ErrorKind::NotADatabase,
            Some(ErrorCode::OutOfMemory) => ErrorKind::OutOfMemory,
            _ => ErrorKind::Store,
        };
        let said = match error.sqlite_error() {
            Some(detail) => format!("{error}; SQLite error {}", detail.extended_code),
            None => error.to_string(),
        };
        let remedy = remedy(code.unwrap_or(ErrorCode::Unknown));
        Trouble {
            kind,
            code,
            text: format!("{}: {remedy} ({said})", self.shown()),
        }
    }

    /// Trouble that is not SQLite's.
    pub(super) fn other_trouble(&self, text: &str) -> Trouble {
        Trouble::new(ErrorKind::Store, format!("{}: {text}", self.shown()))
    }

    /// The file, or the log beside it, is not the one that was opened.
    pub(super) fn gone(&self) -> Trouble {
        self.other_trouble(
            "the file or its -wal file was removed, moved or replaced while it was in use; put it back: the store \
             then goes on by itself; where only the -wal file is missing, nothing is lost yet: the last program that \
             closes the file saves what was in it",
        )
    }

    /// The folder that the database is in could not be flushed.
    pub(super) fn unflushed(&self, folder: &std::path::Path, error: &std::io::Error) -> Trouble {
        self.other_trouble(&format!(
            "the folder {} cannot be flushed, so that a power failure could take the file away with all that is in it; \
             this user must be allowed to read the folder; look into the system's log for the state of the disk: the \
             store goes on by itself when the disk works again ({error})",
            folder.display()
        ))
    }

    /// What was found could not be made to last.
    pub(super) fn unwritten(&self, error: &std::io::Error) -> Trouble {
        self.other_trouble(&format!(
            "what is in it and in its -wal file cannot be flushed, so that a power failure could take it away; look into \
             the system's log for the state of the disk, and whether it is full: the store goes on by itself when the \
             disk works again ({error})"
        ))
    }

    /// What was read cannot have been written by this library.
    pub(super) fn damaged(&self, what: &str) -> Trouble {
        self.other_trouble(&format!(
            "{what}; somebody else wrote to this database, or it is damaged; nothing was replaced; restore a backup"
        ))
    }

    pub(super) fn foreign(&self, application_id: i32) -> Trouble {
        Trouble::new(
            ErrorKind::NotADatabase,
            format!(
                "{}: this database belongs to another program (application id {application_id:#x}), and it was left \
                 as it is; give the path of another file",
                self.shown()
            ),
        )
    }

    pub(super) fn read_only(&self) -> Trouble {
        self.other_trouble(remedy(ErrorCode::ReadOnly))
    }

    pub(super) fn missing(&self) -> Trouble {
        self.other_trouble(
            "there is no such file, and nothing was to be created; correct the path, or allow it to be created",
        )
    }

    pub(super) fn empty(&self) -> Trouble {
        Trouble::new(
            ErrorKind::NotADatabase,
            format!(
                "{}: the file is empty, and nothing was to be created; put the database in its place, or allow it to be \
                 created",
                self.shown()
            ),
        )
    }

    pub(super) fn newer(&self, found: i32, known: i32) -> Trouble {
        Trouble::new(
            ErrorKind::Unsupported,
            format!(
                "{}: written by a newer version of this library (layout {found}, this one knows {known}), and left as \
                 it is; update the library",
                self.shown()
            ),
        )
    }

    pub(super) fn no_log(&self, mode: &str) -> Trouble {
        Trouble::new(
            ErrorKind::Unsupported,
            format!(
                "{}: SQLite cannot keep a write-ahead log there (journal mode {mode}); put the file on a local disk",
                self.shown()
            ),
        )
    }
}
