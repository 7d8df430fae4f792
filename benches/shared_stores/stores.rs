//! The stores that are measured, each with a client of its own beside it.

use crate::clients::{PostgresClient, Raw, SqliteClient};
use crate::tools::postgres::Postgres;
use sessionlocker::store::postgres::{create_tables, PostgresOptions};
use sessionlocker::store::sqlite::{self, SqliteOptions};
use sessionlocker::store::Store;
use std::path::PathBuf;
use std::sync::Arc;

pub enum Place {
    /// A file that is removed at the end.
    Sqlite(PathBuf),
    Postgres(Postgres),
}

/// A place for a store; each measurement has a new one in it.
pub struct Bed {
    pub name: &'static str,
    place: Place,
}

impl Bed {
    /// A new, empty store.
    pub fn store(&self, name: &str) -> Arc<dyn Store> {
        match &self.place {
            Place::Sqlite(folder) => sqlite::open(folder.join(name), SqliteOptions::default()).expect("a store"),
            Place::Postgres(server) => {
                let (url, options) = (server.new_database(name), PostgresOptions::default());
                create_tables(&url, &options).expect("tables");
                sessionlocker::store::postgres::open(&url, &options).expect("a store")
            }
        }
    }

    /// The same storage by its own client.
    pub fn client(&self, name: &str) -> Box<dyn Raw> {
        match &self.place {
            Place::Sqlite(folder) => Box::new(SqliteClient::open(&folder.join(name))),
            Place::Postgres(server) => Box::new(PostgresClient::open(&server.new_database(name))),
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
    all
}
