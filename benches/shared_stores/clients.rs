//! What the clients of the storages do by themselves: the same compare-and-set statements, as many in a transaction and on
//! as many connections as the store of the library.

use redis::aio::MultiplexedConnection;
use rusqlite::params;
use std::path::Path;
use std::thread;
use tokio_postgres::{Client, NoTls, Statement};

/// As many connections write as in the library's store.
const WRITERS: usize = 2;

pub trait Raw {
    /// Creates these many records of this value.
    fn fill(&mut self, records: usize, value: &[u8]);
    /// Replaces so many, each if its version is the one known, and each by turns, in transactions of as many as `batch`.
    fn replace(&mut self, writes: usize, batch: usize, value: &[u8]);
}

pub fn version(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

pub struct SqliteClient {
    connection: rusqlite::Connection,
    versions: Vec<u64>,
}

impl SqliteClient {
    pub fn open(file: &Path) -> Self {
        let connection = rusqlite::Connection::open(file).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE raw (kind INTEGER NOT NULL, space TEXT \
                 NOT NULL, name TEXT NOT NULL, version BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, space, name)) \
                 WITHOUT ROWID",
            )
            .expect("a table");
        Self {
            connection,
            versions: Vec::new(),
        }
    }
}

impl Raw for SqliteClient {
    fn fill(&mut self, records: usize, value: &[u8]) {
        let transaction = self.connection.transaction().expect("a transaction");
        for record in 0..records {
            let name = format!("p{record}");
            let sql = "INSERT INTO raw (kind, space, name, version, value) VALUES (0, 'player', ?1, ?2, ?3)";
            transaction
                .execute(sql, params![name, version(0), value])
                .expect("written");
        }
        transaction.commit().expect("committed");
        self.versions = vec![0; records];
    }

    fn replace(&mut self, writes: usize, batch: usize, value: &[u8]) {
        let mut done = 0;
        while done < writes {
            let batch = batch.min(writes - done);
            let transaction = self.connection.transaction().expect("a transaction");
            for write in done..done + batch {
                let record = write % self.versions.len();
                let known = &mut self.versions[record];
                let sql =
                    "UPDATE raw SET version = ?2, value = ?3 WHERE kind = 0 AND space = 'player' AND name = ?1 AND \
                           version = ?4";
                let mut statement = transaction.prepare_cached(sql).expect("a statement");
                let name = format!("p{record}");
                let changed = statement.execute(params![name, version(*known + 1), value, version(*known)]);
                assert_eq!(changed.expect("written"), 1);
                *known += 1;
            }
            transaction.commit().expect("committed");
            done += batch;
        }
    }
}

/// Connections that each have a share of the records.
pub struct PostgresClient {
    runtime: tokio::runtime::Runtime,
    connections: Vec<(Client, Statement)>,
    versions: Vec<u64>,
}

impl PostgresClient {
    pub fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let connections = runtime.block_on(async {
            let mut connections = Vec::new();
            for writer in 0..WRITERS {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
                tokio::spawn(connection);
                if writer == 0 {
                    let sql = "CREATE TABLE raw (space bytea, name bytea, version bytea NOT NULL, header bytea, data bytea, \
                               PRIMARY KEY (space, name))";
                    client.batch_execute(sql).await.expect("a table");
                }
                let sql = "UPDATE raw SET version = $3, header = $4, data = $5 WHERE space = $1 AND name = $2 AND version = $6";
                let statement = client.prepare(sql).await.expect("a statement");
                connections.push((client, statement));
            }
            connections
        });
        Self {
            runtime,
            connections,
            versions: Vec::new(),
        }
    }
}

/// What each connection writes, in batches: which record, and its version before.
fn queues(versions: &mut [u64], writes: usize, batch: usize) -> Vec<Vec<Vec<(usize, u64)>>> {
    let mut queues = vec![Vec::new(); WRITERS];
    for (number, write) in (0..writes).collect::<Vec<_>>().chunks(batch).enumerate() {
        let batch = write.iter().map(|write| {
            let record = write % versions.len();
            versions[record] += 1;
            (record, versions[record] - 1)
        });
        queues[number % WRITERS].push(batch.collect());
    }
    queues
}

/// One transaction in one round trip.
async fn write_batch(client: &Client, statement: &Statement, value: &[u8], writes: &[(usize, u64)]) {
    let (header, data) = value.split_at(value.len() / 2);
    let mut waiting: Vec<std::pin::Pin<Box<dyn std::future::Future<Output = u64> + '_>>> = Vec::new();
    waiting.push(Box::pin(async {
        client.batch_execute("BEGIN").await.map(|()| 1).expect("begun")
    }));
    for (record, known) in writes {
        waiting.push(Box::pin(async move {
            let name = format!("p{record}").into_bytes();
            let (old, new) = (version(*known), version(*known + 1));
            let changed = client
                .execute(
                    statement,
                    &[&&b"player"[..], &name, &&new[..], &header, &data, &&old[..]],
                )
                .await;
            changed.expect("written")
        }));
    }
    waiting.push(Box::pin(async {
        client.batch_execute("COMMIT").await.map(|()| 1).expect("committed")
    }));
    let changed = futures_util::future::join_all(waiting).await;
    assert!(changed.iter().all(|changed| *changed == 1));
}

impl Raw for PostgresClient {
    fn fill(&mut self, records: usize, value: &[u8]) {
        let (header, data) = value.split_at(value.len() / 2);
        let (client, _) = &self.connections[0];
        self.runtime.block_on(async {
            let sql = "INSERT INTO raw SELECT $1, convert_to('p' || n, 'UTF8'), $2, $3, $4 FROM generate_series(0, $5::bigint) n";
            let last = i64::try_from(records).expect("a count") - 1;
            let done = client
                .execute(sql, &[&&b"player"[..], &&version(0)[..], &header, &data, &last])
                .await;
            assert_eq!(done.expect("written"), records as u64);
        });
        self.versions = vec![0; records];
    }

    fn replace(&mut self, writes: usize, batch: usize, value: &[u8]) {
        let queues = queues(&mut self.versions, writes, batch);
        let connections = &self.connections;
        self.runtime.block_on(async {
            let writers = connections
                .iter()
                .zip(&queues)
                .map(|((client, statement), queue)| async move {
                    for batch in queue {
                        write_batch(client, statement, value, batch).await;
                    }
                });
            futures_util::future::join_all(writers).await;
        });
    }
}

/// Connections that each have a share of the records.
pub struct RedisClient {
    runtime: tokio::runtime::Runtime,
    connections: Vec<MultiplexedConnection>,
    script: redis::Script,
    versions: Vec<u64>,
}

impl RedisClient {
    pub fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let script = redis::Script::new(
            "if redis.call('HGET', KEYS[1], 'version') ~= ARGV[3] then return 0 end \
             redis.call('HSET', KEYS[1], 'version', ARGV[1], 'data', ARGV[2]) return 1",
        );
        let client = redis::Client::open(url).expect("a URL");
        let connections = runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in 0..WRITERS {
                let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
                let connection = client.get_multiplexed_async_connection_with_config(&config).await;
                connections.push(connection.expect("a connection"));
            }
            let loaded = script.load_async(&mut connections[0]).await;
            loaded.expect("a script");
            connections
        });
        Self {
            runtime,
            connections,
            script,
            versions: Vec::new(),
        }
    }
}

/// As many as there are in one round trip.
async fn call_batch(
    mut connection: MultiplexedConnection,
    script: &redis::Script,
    value: &[u8],
    writes: &[(usize, u64)],
) {
    let mut pipeline = redis::pipe();
    for (record, known) in writes {
        let call = pipeline.cmd("EVALSHA").arg(script.get_hash()).arg(1);
        let call = call.arg(format!("raw:player:p{record}"));
        call.arg(&version(*known + 1)).arg(value).arg(&version(*known));
    }
    let done: Vec<u8> = pipeline.query_async(&mut connection).await.expect("written");
    assert!(done.len() == writes.len() && done.iter().all(|done| *done == 1));
}

impl Raw for RedisClient {
    fn fill(&mut self, records: usize, value: &[u8]) {
        let mut pipeline = redis::pipe();
        for record in 0..records {
            let write = pipeline.cmd("HSET").arg(format!("raw:player:p{record}"));
            write.arg("version").arg(&version(0)).arg("data").arg(value).ignore();
        }
        let done = self.runtime.block_on(pipeline.exec_async(&mut self.connections[0]));
        done.expect("written");
        self.versions = vec![0; records];
    }

    fn replace(&mut self, writes: usize, batch: usize, value: &[u8]) {
        let queues = queues(&mut self.versions, writes, batch);
        let (script, connections) = (&self.script, &self.connections);
        self.runtime.block_on(async {
            let writers = connections.iter().zip(&queues).map(|(connection, queue)| async move {
                for batch in queue {
                    call_batch(connection.clone(), script, value, batch).await;
                }
            });
            futures_util::future::join_all(writers).await;
        });
    }
}

/// As many threads as the machine has.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
