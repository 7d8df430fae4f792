//! The SQL of requests. Nothing in it is PostgreSQL's alone.

use super::link::Pipeline;
use crate::store::Kind;
use tokio_postgres::{Client, Error, Statement};

/// The statements for one kind of key.
pub(super) struct OfKind {
    pub get: Statement,
    pub create: Statement,
    pub replace: Statement,
    pub remove: Statement,
    pub list: Statement,
}

/// All that is ever sent.
pub(super) struct Statements {
    records: OfKind,
    servers: OfKind,
    /// A write that is answered when it and all that is visible before it is replicated.
    pub settle: Statement,
}

// Compare-and-set is these statements and nothing else: each tells by the number of rows that it changed whether the key
// was as expected. One that waits for the row of another transaction compares with what that one leaves.
const RECORDS: [&str; 5] = [
    "SELECT version, header, data FROM slk_records WHERE space = $1 AND name = $2",
    "INSERT INTO slk_records (space, name, version, header, data) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (space, name) DO NOTHING",
    "UPDATE slk_records SET version = $3, header = $4, data = $5 WHERE space = $1 AND name = $2 AND version = $6",
    "DELETE FROM slk_records WHERE space = $1 AND name = $2 AND version = $3",
    "SELECT name FROM slk_records WHERE space = $1 AND name >= $2 ORDER BY name LIMIT $3",
];

// With the same parameters: a server record has no space, but a request for one may name any.
const SERVERS: [&str; 5] = [
    "SELECT version, header, data FROM slk_servers WHERE space = $1 AND name = $2",
    "INSERT INTO slk_servers (space, name, version, header, data) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (space, name) DO NOTHING",
    "UPDATE slk_servers SET version = $3, header = $4, data = $5 WHERE space = $1 AND name = $2 AND version = $6",
    "DELETE FROM slk_servers WHERE space = $1 AND name = $2 AND version = $3",
    "SELECT name FROM slk_servers WHERE space = $1 AND name >= $2 ORDER BY name LIMIT $3",
];

const SETTLE: &str = "UPDATE slk_layout SET settled = settled + 1";

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let mut pipeline = Pipeline::new();
        for sql in RECORDS.iter().chain(&SERVERS).chain(&[SETTLE]) {
            pipeline.add(client.prepare(sql));
        }
        let mut prepared = pipeline.await.into_iter();
        let mut next = || prepared.next().unwrap_or_else(|| unreachable!());
        let mut of_kind = || -> Result<OfKind, Error> {
            Ok(OfKind {
                get: next()?,
                create: next()?,
                replace: next()?,
                remove: next()?,
                list: next()?,
            })
        };
        Ok(Self {
            records: of_kind()?,
            servers: of_kind()?,
            settle: next()?,
        })
    }

    pub(super) fn of(&self, kind: Kind) -> &OfKind {
        match kind {
            Kind::Record => &self.records,
            Kind::Server => &self.servers,
        }
    }
}
