//! The stores that are measured, each with a client of its own beside it.

use crate::clients::{PostgresClient, Raw, RedisClient, SqliteClient};
use crate::tools::postgres::Postgres;
use crate::tools::redis::Redis;
use sessionlocker::store::pool::PoolOptions;
use sessionlocker::store::postgres::{create_tables, PostgresOptions};
use sessionlocker::store::redis::{create_layout, RedisOptions};
use sessionlocker::store::sqlite::{self, SqliteOptions};
use sessionlocker::store::Store;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

pub enum Place {
    /// A file that is removed at the end.
    Sqlite(PathBuf),
    Postgres(Postgres),
    /// With the number of the next database that is empty.
    Redis(Redis, Cell<u32>),
}

fn next_url(server: &Redis, next: &Cell<u32>) -> String {
    server.url(next.replace(next.get() + 1))
}

/// A place for a store; each measurement has a new one in it.
pub struct Bed {
    pub name: &'static str,
    place: Place,
}

impl Bed {
    /// A new, empty store.
    pub fn store(&self, name: &str) -> Arc<dyn Store> {
        self.store_in_batches(name, PoolOptions::default().batch)
    }

    /// One that carries out so many writes in one transaction at most.
    pub fn store_in_batches(&self, name: &str, batch: usize) -> Arc<dyn Store> {
        match &self.place {
            Place::Sqlite(folder) => {
                let options = SqliteOptions {
                    batch,
                    ..SqliteOptions::default()
                };
                sqlite::open(folder.join(name), options).expect("a store")
            }
            Place::Postgres(server) => {
                let options = PostgresOptions {
                    batch,
                    ..PostgresOptions::default()
                };
                let url = server.new_database(name);
                create_tables(&url, &options).expect("tables");
                sessionlocker::store::postgres::open(&url, &options).expect("a store")
            }
            Place::Redis(server, next) => {
                let options = RedisOptions {
                    batch,
                    ..RedisOptions::default()
                };
                let url = next_url(server, next);
                create_layout(&url, &options).expect("a layout");
                sessionlocker::store::redis::open(&url, &options).expect("a store")
            }
        }
    }

    /// The same storage by its own client.
    pub fn client(&self, name: &str) -> Box<dyn Raw> {
        match &self.place {
            Place::Sqlite(folder) => Box::new(SqliteClient::open(&folder.join(name))),
            Place::Postgres(server) => Box::new(PostgresClient::open(&server.new_database(name))),
            Place::Redis(server, next) => Box::new(RedisClient::open(&next_url(server, next))),
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if let Place::Sqlite(folder) = &self.place {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

pub fn all() -> Vec<Bed> {
    let folder = std::env::temp_dir().join(format!("slk-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for files that come and go");
    let mut all = vec![Bed {
        name: "SQLite",
        place: Place::Sqlite(folder),
    }];
    // Flushed as in earnest: durability is what a save is for.
    if let Some(server) = Postgres::start_with(&[("fsync", "on")]) {
        all.push(Bed {
            name: "PostgreSQL",
            place: Place::Postgres(server),
        });
    }
    if let Some(server) = Redis::start_with(&[("appendfsync", "always")]) {
        all.push(Bed {
            name: "Redis",
            place: Place::Redis(server, Cell::new(0)),
        });
    }
    all
}
