//! The header of a record: who may write it, what was last written, and what must outlive any one session.

use super::inbox::{Inbox, Sent};
use super::ledger::{Ledger, Parked};
use super::outbox::Outbox;
use super::stamp::{Incarnation, OperationId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The format that this code writes and the newest that it understands.
pub const RECORD_FORMAT: u32 = 1;

/// How many past sessions a record remembers.
pub const PAST_SESSIONS: usize = 8;

/// Who holds a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The id of the server.
    pub server: String,
    /// The registration of that server under which it holds the record.
    pub incarnation: Incarnation,
    /// The acquisition that made the session.
    pub op: OperationId,
    /// When it was acquired, by the wall clock of the server; for people.
    pub since_ms: i64,
    /// The server's lease in milliseconds, for the case that its server record has gone.
    pub lease_ms: u64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A contender's request that the holder save and let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverRequest {
    /// The id of the server that wants the record.
    pub server: String,
    /// Names the request, so that a refusal reaches the right one.
    pub op: OperationId,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The last operation of a session that has ended: an outcome in doubt is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastSession {
    /// The session's epoch.
    pub epoch: u64,
    /// Its last write that landed.
    pub op: OperationId,
}

/// The header of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The format of the record.
    pub format: u32,
    /// The fencing token: raised by each acquisition.
    pub epoch: u64,
    /// Raised by each write, whoever makes it.
    pub revision: u64,
    /// The last write of the session that has (or had) this epoch. Others who write into the header keep it.
    pub op: OperationId,
    /// Schema version of the data.
    pub schema: u32,
    /// Patch number of the data within the schema version.
    pub patch: u32,
    /// The least schema version that a server must know to work with the data; 0 stands for `schema` itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub least_schema: u32,
    /// Who holds the record; nobody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Who asks the holder to let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<HandoverRequest>,
    /// The request that the holder last refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<OperationId>,
    /// The last sessions before this epoch, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<PastSession>,
    /// The purchases that the record has heard of.
    #[serde(default, skip_serializing_if = "Ledger::is_empty")]
    pub ledger: Ledger,
    /// Products paid for that could not be applied yet, with their number. A number below zero is a debt: what was
    /// refunded and could not be taken back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credit: BTreeMap<String, i64>,
    /// The ids of the people whom the data are about, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Changes that others have sent.
    #[serde(default, skip_serializing_if = "Inbox::is_untouched")]
    pub inbox: Inbox,
    /// Changes that are on their way to other records.
    #[serde(default, skip_serializing_if = "Outbox::is_untouched")]
    pub outbox: Outbox,
    /// The data were erased: what is left keeps late writes out and receipts from taking effect again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// Purchases of products that the game did not know when they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Parked>,
    /// When the record was created, by a server's wall clock; for people.
    pub created_ms: i64,
    /// When it was last saved, by a server's wall clock; for people.
    pub saved_ms: i64,
    /// Fields of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Header {
    /// The server that holds the record, to be told of what is written for it.
    #[must_use]
    pub fn holding_server(&self) -> Option<Arc<str>> {
        self.holder.as_ref().map(|holder| holder.server.as_str().into())
    }

    /// The server that asks the holder to let go.
    #[must_use]
    pub fn waiting_server(&self) -> Option<Arc<str>> {
        self.request.as_ref().map(|request| request.server.as_str().into())
    }

    /// The header of a record that does not exist yet: epoch and revision 0.
    #[must_use]
    pub fn unborn(op: OperationId, schema: u32, wall_ms: i64) -> Self {
        Self {
            format: RECORD_FORMAT,
            epoch: 0,
            revision: 0,
            op,
            schema,
            patch: 0,
            least_schema: 0,
            holder: None,
            request: None,
            refused: None,
            sessions: Vec::new(),
            ledger: Ledger::default(),
            credit: BTreeMap::new(),
            users: Vec::new(),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            erased: false,
            parked: Vec::new(),
            created_ms: wall_ms,
            saved_ms: wall_ms,
            extra: Map::new(),
        }
    }

    /// Begins the next session: the epoch rises and the last session's end goes into the history.
    pub fn begin_session(&mut self, holder: Holder) {
        self.end_epoch(holder.op);
        self.holder = Some(holder);
    }

    /// Raises the epoch: whoever wrote under the old one cannot write again.
    fn end_epoch(&mut self, op: OperationId) {
        if self.epoch > 0 {
            self.sessions.push(PastSession {
                epoch: self.epoch,
                op: self.op,
            });
            let surplus = self.sessions.len().saturating_sub(PAST_SESSIONS);
            self.sessions.drain(..surplus);
        }
        self.epoch += 1;
        self.op = op;
        self.request = None;
        self.refused = None;
    }

    /// The last operation that landed under `epoch`; `None` if the record does not remember it.
    #[must_use]
    pub fn last_operation_of(&self, epoch: u64) -> Option<OperationId> {
        if self.epoch == epoch {
            return Some(self.op);
        }
        self.sessions
            .iter()
            .find(|past| past.epoch == epoch)
            .map(|past| past.op)
    }

    /// Takes over what others may write into the header during a session. `applied` tells which changes of the stored
    /// inbox have taken effect here.
    pub fn merge_foreign(&mut self, stored: &Self, applied: impl Fn(&Sent) -> bool) {
        self.revision = stored.revision;
        self.request.clone_from(&stored.request);
        self.extra.clone_from(&stored.extra);
        self.inbox = stored.inbox.merged_into(&self.inbox, applied);
    }

    /// What an erased record keeps: its past sessions and epoch, receipts and the marks of changes, but nothing that is
    /// about the player. Whoever had the record under the old epoch has lost it.
    #[must_use]
    pub fn erase(&self, op: OperationId, wall_ms: i64) -> Self {
        let mut rest = self.clone();
        rest.end_epoch(op);
        rest.holder = None;
        rest.users.clear();
        rest.credit.clear();
        rest.parked.clear();
        rest.inbox = self.inbox.emptied();
        rest.ledger.forget_details();
        rest.erased = true;
        rest.saved_ms = wall_ms;
        rest
    }

    /// The header with which an erased record begins anew as `newborn`.
    #[must_use]
    pub fn reborn(&self, newborn: Self) -> Self {
        Self {
            epoch: self.epoch,
            revision: self.revision,
            op: self.op,
            sessions: self.sessions.clone(),
            ledger: self.ledger.clone(),
            inbox: self.inbox.clone(),
            outbox: self.outbox.clone(),
            extra: self.extra.clone(),
            ..newborn
        }
    }

    /// The least schema version that a server must know to work with the data.
    #[must_use]
    pub fn least_schema(&self) -> u32 {
        match self.least_schema {
            0 => self.schema,
            least => least,
        }
    }

    /// Sets the schema version and the least one, which never falls.
    pub fn set_schema(&mut self, schema: u32, patch: u32, least: u32) {
        self.least_schema = least.max(self.least_schema);
        self.schema = schema;
        self.patch = patch;
        if self.least_schema >= schema {
            self.least_schema = 0;
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::super::stamp::Stamp;
    use super::*;

    #[test]
    fn the_least_schema_never_falls() {
        let mut header = Header::unborn(Stamp { origin: 1, number: 1 }, 1, 0);
        header.set_schema(4, 0, 3);
        header.set_schema(5, 0, 2);
        assert_eq!((header.schema, header.least_schema()), (5, 3));
        header.set_schema(6, 0, 6);
        assert_eq!(header.least_schema(), 6);
    }
}
