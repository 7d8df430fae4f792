//! What PostgreSQL says when something goes wrong, and what follows from it.

use crate::error::{Cause, ErrorKind};
use crate::store::remote::trouble::Trouble;
use std::fmt::Write;
use tokio_postgres::error::Severity;

/// What the client says, in words.
pub(super) fn trouble_of(error: &tokio_postgres::Error) -> Trouble {
    let Some(said) = error.as_db_error() else {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            let _ = write!(text, ": {inner}");
            cause = inner.source();
        }
        return Trouble::lost(text);
    };
    let code = said.code().code();
    let fatal = said.parsed_severity() != Some(Severity::Error);
    let (cause, remedy) = judgement(code);
    let mut text = String::new();
    if !remedy.is_empty() {
        let _ = write!(text, "{remedy}; ");
    }
    let _ = write!(text, "the server said: {} (SQLSTATE {code})", said.message());
    Trouble {
        cause,
        code: Some(code.to_owned()),
        ends_connection: fatal || code.starts_with("08") || code == "25006",
        ..Trouble::new(ErrorKind::Store, text)
    }
}

/// Whether the server refused, which it tells before it does anything.
pub(super) fn is_answer(trouble: &Trouble) -> bool {
    trouble.code.is_some()
}

/// Whether a table is not there.
pub(super) fn is_missing_table(trouble: &Trouble) -> bool {
    trouble.code.as_deref() == Some("42P01")
}

/// Whether somebody else made the same at the same time.
pub(super) fn is_race_of_makers(trouble: &Trouble) -> bool {
    matches!(trouble.code.as_deref(), Some("23505" | "42P07" | "42710"))
}

/// Whether a failed commit, or a failed statement that commits by itself, surely left nothing behind. An error that
/// ends the session may come after the commit: while it waits for a standby.
pub(super) fn is_rolled_back(trouble: &Trouble) -> bool {
    let Some(code) = &trouble.code else { return false };
    // 40003: the outcome of the statement is not known.
    !trouble.ends_connection && code != "40003" && !code.starts_with("57P")
}

/// The failure of a statement behind another one of the same transaction that failed.
pub(super) fn is_aftermath(trouble: &Trouble) -> bool {
    trouble.code.as_deref() == Some("25P02")
}

/// Whether another attempt can succeed, or each of a batch by itself.
pub(super) fn may_be_of_one_request(trouble: &Trouble) -> bool {
    let Some(code) = &trouble.code else { return false };
    // Insufficient resources, the operator's doing, and what holds for the connection are everybody's.
    !trouble.ends_connection && !["53", "57", "58"].iter().any(|class| code.starts_with(class)) || code == "57014"
}

/// Whose trouble it is by its SQLSTATE, and what to do.
fn judgement(code: &str) -> (Cause, &'static str) {
    let cause = match code.get(..2) {
        // Data, constraints, a limit of the program, an exception of a trigger.
        Some("22" | "23" | "54" | "P0" | "44") => Cause::Request,
        _ => Cause::Store,
    };
    let remedy = match code {
        "25006" => "the server takes no writes: it is a standby or set to read-only",
        "28000" | "28P01" => "the server does not let this user in: look at the user, the password and pg_hba.conf",
        "3D000" => "there is no such database: create it, or correct the URL",
        "40001" | "40P01" => "another transaction was in the way, and nothing was written",
        "42501" => "this user lacks a right: it needs SELECT, INSERT, UPDATE and DELETE on the slk_ tables",
        "42P01" | "42703" => "a table or column is gone; see slk_postgres_create_tables",
        "53100" => "the server's disk is full: make room there",
        "53300" => "the server has no connection left: raise max_connections, or use fewer connections",
        "55P03" => {
            "another transaction has held the row for too long: look for one that is stuck, or for a standby that \
                    does not answer"
        }
        "57014" => "the server did not get it done in time",
        "57P03" => "the server is starting or stopping",
        _ => "",
    };
    (cause, remedy)
}
