//! Changes that one record, or a server, sends to another record.
//!
//! What a record keeps of them is in [`crate::record::inbox`] and [`crate::record::outbox`]; how they are applied and
//! queued by a session is in [`crate::locker`]; how they are delivered is in [`crate::visit`].

use crate::record::outbox::Outgoing;
use serde_json::Value;

/// A change that the game wants sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The spec of the target.
    pub space: String,
    /// The key of the target.
    pub key: String,
    /// What kind of change it is; the game's word.
    pub kind: String,
    /// What the game sends with it.
    pub payload: Value,
    /// Whether the target is created if it does not exist.
    pub create: bool,
}

/// A change of an outbox that is durable there and is to be delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The row of the source.
    pub line: String,
    /// The source as `space/key`.
    pub from: String,
    /// It was queued in this very session: nobody else can have delivered it.
    pub fresh: bool,
    /// The change.
    pub outgoing: Outgoing,
}
