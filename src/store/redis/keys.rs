//! What things are called on the server. Every byte of a name may be any.

use crate::store::{Key, Kind};

/// Says which layout this is, and which of how many servers.
pub(super) const LAYOUT: &str = "slk:layout";

/// Is written to find out whether replicas follow.
pub(super) const SETTLED: &str = "slk:settled";

/// `slk:r:6:player:42`, with the length of the space, so that no two keys share a name; `slk:s:` for server records.
pub(super) fn record(key: &Key) -> Vec<u8> {
    let (kind, space) = (letter(key.kind), &key.space);
    format!("slk:{kind}:{}:{space}:{}", space.len(), key.name).into_bytes()
}

/// The sorted set with all names of a space.
pub(super) fn names(key: &Key) -> Vec<u8> {
    format!("slk:names:{}:{}", letter(key.kind), key.space).into_bytes()
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::Record => 'r',
        Kind::Server => 's',
    }
}
