//! The SQL of requests. Nothing in it is PostgreSQL's alone.

use super::link::Pipeline;
use crate::store::Kind;
use tokio_postgres::{Client, Error, Statement};

/// The statements for one kind of key.
pub(super) struct OfKind {
    pub get: Statement,
    pub create: Statement,
    pub replace: Statement,
    /// Replaces the header alone, where the data were written apart from it and are as long as the new ones.
    pub replace_header: Statement,
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
//
// Both tables have the same columns: a server record has no space, but a request for one may name any.
fn requests_of(table: &str) -> [String; 6] {
    [
        format!("SELECT version, header, data FROM {table} WHERE space = $1 AND name = $2"),
        format!(
            "INSERT INTO {table} (space, name, version, header, data) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (space, name) DO NOTHING"
        ),
        format!(
            "UPDATE {table} SET version = $3, header = $4, data = $5 WHERE space = $1 AND name = $2 AND version = $6"
        ),
        format!(
            "UPDATE {table} SET version = $3, header = $4 WHERE space = $1 AND name = $2 AND version = $5 \
             AND octet_length(header) > 0 AND octet_length(data) = $6::bigint"
        ),
        format!("DELETE FROM {table} WHERE space = $1 AND name = $2 AND version = $3"),
        format!("SELECT name FROM {table} WHERE space = $1 AND name >= $2 ORDER BY name LIMIT $3"),
    ]
}

const SETTLE: &str = "UPDATE slk_layout SET settled = settled + 1";

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let (records, servers) = (requests_of("slk_records"), requests_of("slk_servers"));
        let mut pipeline = Pipeline::new();
        for sql in records.iter().chain(&servers) {
            pipeline.add(client.prepare(sql));
        }
        pipeline.add(client.prepare(SETTLE));
        let mut prepared = pipeline.await.into_iter();
        let mut next = || prepared.next().unwrap_or_else(|| unreachable!());
        let mut of_kind = || -> Result<OfKind, Error> {
            Ok(OfKind {
                get: next()?,
                create: next()?,
                replace: next()?,
                replace_header: next()?,
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
