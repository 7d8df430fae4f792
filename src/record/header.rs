//! The header of a record: who may write it, what was last written, and what must outlive any one session.

use super::ledger::{Ledger, Parked};
use super::stamp::{Incarnation, OperationId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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
            holder: None,
            request: None,
            refused: None,
            sessions: Vec::new(),
            ledger: Ledger::default(),
            credit: BTreeMap::new(),
            parked: Vec::new(),
            created_ms: wall_ms,
            saved_ms: wall_ms,
            extra: Map::new(),
        }
    }

    /// Begins the next session: the epoch rises and the last session's end goes into the history.
    pub fn begin_session(&mut self, holder: Holder) {
        if self.epoch > 0 {
            self.sessions.push(PastSession {
                epoch: self.epoch,
                op: self.op,
            });
            let surplus = self.sessions.len().saturating_sub(PAST_SESSIONS);
            self.sessions.drain(..surplus);
        }
        self.epoch += 1;
        self.op = holder.op;
        self.holder = Some(holder);
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

    /// Takes over what others may write into the header during a session.
    pub fn merge_foreign(&mut self, stored: &Self) {
        self.revision = stored.revision;
        self.request.clone_from(&stored.request);
        self.extra.clone_from(&stored.extra);
    }
}
