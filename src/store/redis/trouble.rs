//! What Redis says when something goes wrong, and what follows from it.

use crate::error::{Cause, ErrorKind};
use crate::store::remote::trouble::Trouble;
use ::redis::{RedisError, ServerError};

const LET_IN: &str = "the server does not let this user in: look at the user and the password";

/// What the client says, in words. An answer of the server is told by its code.
pub(super) fn trouble_of(error: &RedisError) -> Trouble {
    match error.code() {
        Some(code) => said(code, error.detail().unwrap_or_default()),
        None if error.kind() == ::redis::ErrorKind::AuthenticationFailed => Trouble::lost(format!("{LET_IN}; {error}")),
        None => Trouble::lost(error.to_string()),
    }
}

/// The same for the answer to one of several commands.
pub(super) fn refusal(error: &ServerError) -> Trouble {
    said(error.code(), error.details().unwrap_or_default())
}

fn said(code: &str, detail: &str) -> Trouble {
    let (cause, remedy) = judgement(code);
    let separator = if remedy.is_empty() { "" } else { "; " };
    let text = format!("{remedy}{separator}the server said: {code} {detail}");
    Trouble {
        cause,
        code: Some(code.to_owned()),
        // It is not what it was, or does not know any longer who this is: a new connection may find the right one.
        ends_connection: matches!(code, "READONLY" | "MASTERDOWN" | "NOAUTH" | "UNBLOCKED"),
        ..Trouble::new(ErrorKind::Store, text)
    }
}

/// Whether the server does not know the script.
pub(super) fn is_missing_script(error: &ServerError) -> bool {
    error.code() == "NOSCRIPT"
}

/// Whose trouble it is by the code of the answer, and what to do.
fn judgement(code: &str) -> (Cause, &'static str) {
    let cause = match code {
        "WRONGTYPE" | "CROSSSLOT" => Cause::Request,
        _ => Cause::Store,
    };
    let remedy = match code {
        "ASK" | "TRYAGAIN" => "the cluster is moving this key to another node",
        "BUSY" => "somebody's script keeps the server busy",
        "CLUSTERDOWN" => "the cluster is down, or a part of its keys has no server",
        "CROSSSLOT" => "the server is a node of a cluster now; open the store again",
        "LOADING" => "the server is still loading its data",
        "MASTERDOWN" => "the server is a replica that has lost its primary",
        "MISCONF" => "the server cannot write to its disk: look at its log, and make room there",
        "MOVED" => "the key is on another node of the cluster",
        "NOAUTH" | "WRONGPASS" => LET_IN,
        "NOLAYOUT" => {
            "the server has lost what was on it, or is another one: it has been emptied, or was started without its data; \
             restore it, or make the layout anew if nothing is to be kept"
        }
        "NOPERM" => {
            "this user lacks a right: it needs the commands of scripts, hashes and sorted sets, ROLE, and the keys slk:*"
        }
        "NOREPLICAS" => "the server has fewer replicas than it must have to take writes (min-replicas-to-write)",
        "OOM" => "the server's memory is full: raise maxmemory, or make room",
        "READONLY" => "the server takes no writes: it is a replica",
        "UNBLOCKED" => "the server's role changed",
        "WRONGTYPE" | "NOTOURS" => "what is stored there is not what this library writes; nothing was replaced",
        _ => "",
    };
    (cause, remedy)
}
