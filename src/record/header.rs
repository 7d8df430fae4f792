//! The header of a record: who may write it, what was last written, and what must outlive any one session.

use super::extra::Extra;
use super::inbox::{Inbox, Sent};
use super::ledger::{Ledger, Parked};
use super::outbox::Outbox;
use super::stamp::{Incarnation, OperationId};
use super::writer::Members;
use crate::rare::Rare;
use crate::store::Insertion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The format that this code writes and the newest that it understands.
pub const RECORD_FORMAT: u32 = 1;

/// How many past sessions a record remembers.
pub const PAST_SESSIONS: usize = 8;

/// Who holds a record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Holder {
    /// The id of the server.
    pub server: Arc<str>,
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
    pub extra: Extra,
}

impl Holder {
    fn write_json(&self, out: &mut Vec<u8>) {
        let mut members = Members::begin(out);
        members.value("server", &self.server);
        members.stamp("incarnation", self.incarnation);
        members.stamp("op", self.op);
        members.value("since_ms", &self.since_ms);
        members.value("lease_ms", &self.lease_ms);
        members.extra(&self.extra);
        members.end();
    }
}

/// A contender's request that the holder save and let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverRequest {
    /// The id of the server that wants the record.
    pub server: Arc<str>,
    /// Names the request, so that a refusal reaches the right one.
    pub op: OperationId,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The last operation of a session that has ended: an outcome in doubt is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct PastSession {
    /// The session's epoch.
    pub epoch: u64,
    /// Its last write that landed.
    pub op: OperationId,
}

impl PastSession {
    fn write_json(&self, out: &mut Vec<u8>) {
        let mut members = Members::begin(out);
        members.value("epoch", &self.epoch);
        members.stamp("op", self.op);
        members.end();
    }
}

/// The header of a record.
#[derive(Clone, Debug, Deserialize)]
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
    #[serde(default)]
    pub least_schema: u32,
    /// Who holds the record; nobody if absent.
    #[serde(default)]
    pub holder: Option<Holder>,
    /// Who asks the holder to let go.
    #[serde(default)]
    pub request: Option<Box<HandoverRequest>>,
    /// The request that the holder last refused.
    #[serde(default)]
    pub refused: Option<Box<OperationId>>,
    /// The last sessions before this epoch, oldest first.
    #[serde(default)]
    pub sessions: Vec<PastSession>,
    /// The purchases that the record has heard of.
    #[serde(default)]
    pub ledger: Rare<Ledger>,
    /// Products paid for that could not be applied yet, with their number. A number below zero is a debt: what was
    /// refunded and could not be taken back.
    #[serde(default)]
    pub credit: Rare<BTreeMap<String, i64>>,
    /// The ids of the people whom the data are about, sorted.
    #[serde(default)]
    pub users: Rare<Vec<String>>,
    /// Changes that others have sent.
    #[serde(default)]
    pub inbox: Rare<Inbox>,
    /// Changes that are on their way to other records.
    #[serde(default)]
    pub outbox: Rare<Outbox>,
    /// The data were erased: what is left keeps late writes out and receipts from taking effect again.
    #[serde(default)]
    pub erased: bool,
    /// Purchases of products that the game did not know when they came.
    #[serde(default)]
    pub parked: Rare<Vec<Parked>>,
    /// When the record was created, by a server's wall clock; for people.
    pub created_ms: i64,
    /// When it was last saved, by a server's wall clock; for people.
    pub saved_ms: i64,
    /// Fields of newer versions, kept as they are.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Header {
    /// The server that holds the record, to be told of what is written for it.
    #[must_use]
    pub fn holding_server(&self) -> Option<Arc<str>> {
        self.holder.as_ref().map(|holder| Arc::clone(&holder.server))
    }

    /// The server that asks the holder to let go.
    #[must_use]
    pub fn waiting_server(&self) -> Option<Arc<str>> {
        self.request.as_ref().map(|request| Arc::clone(&request.server))
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
            ledger: Rare::default(),
            credit: Rare::default(),
            users: Rare::default(),
            inbox: Rare::default(),
            outbox: Rare::default(),
            erased: false,
            parked: Rare::default(),
            created_ms: wall_ms,
            saved_ms: wall_ms,
            extra: Extra::default(),
        }
    }

    /// Appends it as JSON. What one value after the other shares goes into `shared`.
    pub(super) fn write_json(&self, out: &mut Vec<u8>, shared: &mut Vec<Insertion>) {
        let mut members = Members::begin(out);
        members.value("format", &self.format);
        members.value("epoch", &self.epoch);
        members.value("revision", &self.revision);
        members.stamp("op", self.op);
        members.value("schema", &self.schema);
        members.value("patch", &self.patch);
        if self.least_schema != 0 {
            members.value("least_schema", &self.least_schema);
        }
        self.write_sessions(&mut members);
        self.write_rare(&mut members, shared);
        members.value("created_ms", &self.created_ms);
        members.value("saved_ms", &self.saved_ms);
        members.extra(&self.extra);
        members.end();
    }

    fn write_sessions(&self, members: &mut Members<'_>) {
        if let Some(holder) = &self.holder {
            members.json("holder", |out| holder.write_json(out));
        }
        if let Some(request) = &self.request {
            members.value("request", request);
        }
        if let Some(refused) = &self.refused {
            members.stamp("refused", **refused);
        }
        if !self.sessions.is_empty() {
            members.array("sessions", &self.sessions, PastSession::write_json);
        }
    }

    fn write_rare(&self, members: &mut Members<'_>, shared: &mut Vec<Insertion>) {
        if !self.ledger.is_empty() {
            members.json("ledger", |out| self.ledger.write_json(out, shared));
        }
        if !self.credit.is_empty() {
            members.value("credit", &*self.credit);
        }
        if !self.users.is_empty() {
            members.value("users", &*self.users);
        }
        if !self.inbox.is_untouched() {
            members.value("inbox", &*self.inbox);
        }
        if !self.outbox.is_untouched() {
            members.value("outbox", &*self.outbox);
        }
        if self.erased {
            members.value("erased", &true);
        }
        if !self.parked.is_empty() {
            members.value("parked", &*self.parked);
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
            // Most records have few: no room for more before it is needed.
            self.sessions.reserve_exact(1);
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
        self.inbox = stored.inbox.merged_into(&self.inbox, applied).into();
    }

    /// What an erased record keeps: its past sessions and epoch, receipts and the marks of changes, but nothing that is
    /// about the player. Whoever had the record under the old epoch has lost it.
    #[must_use]
    pub fn erase(&self, op: OperationId, wall_ms: i64) -> Self {
        let mut rest = self.clone();
        rest.end_epoch(op);
        rest.holder = None;
        rest.users = Rare::default();
        rest.credit = Rare::default();
        rest.parked = Rare::default();
        rest.inbox = self.inbox.emptied().into();
        rest.ledger.put().forget_details();
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
