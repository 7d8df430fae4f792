//! The embedded store: one SQLite database file, shared by the game servers of one machine.
//!
//! # The file
//! `application_id` is [`APPLICATION_ID`], `user_version` is [`SCHEMA_VERSION`], and there is one table:
//!
//! ```sql
//! CREATE TABLE slk_values (
//!     kind    INTEGER NOT NULL,   -- 0: record, 1: server record
//!     space   TEXT    NOT NULL,   -- the spec's name; empty for server records
//!     name    TEXT    NOT NULL,   -- the record's key or the server's id
//!     version BLOB    NOT NULL,   -- 16 random bytes, new with each write
//!     value   BLOB    NOT NULL,
//!     PRIMARY KEY (kind, space, name)
//! ) STRICT;
//! ```
//!
//! The table has rowids, so that the key index stays small and a save, which changes only version and value, never
//! touches it; `WITHOUT ROWID` would keep values of many pages in the index itself. Text compares byte by byte.
//!
//! # Versions
//! Each write draws 128 random bits from the system. So a version comes back neither after remove and create, nor in
//! another process, nor after somebody put an older copy of the file in place, which a counter in the file could not
//! promise; and no write has to change a second row.
//!
//! # Durability
//! Write-ahead log with `synchronous=FULL`: a write is answered when it is on the disk. All writes that wait share one
//! transaction and one flush. With [`Durability::Normal`] a write is answered when the system has it: it survives the
//! death of every process, but a power failure or a crash of the system takes the last writes with it.
//!
//! # Outcomes
//! What fails before `COMMIT` was surely not applied, and what fails in it is unknown: after an I/O error the
//! transaction may lie complete in the log, invisible now, and be found by the recovery after a crash.
//!
//! What may so lie in the log is made to last by the next connection that opens the log, before anything is read.
//!
//! # Where it works
//! On a local disk only: network filesystems (NFS, SMB) do not share the memory and the locks that the log needs. For
//! servers on several machines use a store that is a server.

mod connection;
mod trouble;

use self::connection::{Link, Place, Role};
use self::trouble::Trouble;
use super::pool::{Pool, PoolOptions};
use super::{
    limits, Abilities, BlockingStore, Expected, Key, Kind, Operation, Outcome, Reply, Request, Store, StoreError,
    StoreResult, Version, MAX_LISTED,
};
use crate::error::{Error, ErrorKind};
use parking_lot::Mutex;
use rusqlite::{params, Connection, OptionalExtension};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Marks the file as ours: `SLK1` in its header.
pub const APPLICATION_ID: i32 = 0x534c_4b31;

/// The layout of the tables, in the file's `user_version`.
pub const SCHEMA_VERSION: i32 = 1;

/// The largest value in bytes. SQLite itself ends at 1,000,000,000; a save of this size is a mistake before that.
pub const MAX_VALUE_BYTES: u64 = 64 * 1024 * 1024;

/// The longest key name, and the longest spec name, in bytes.
pub const MAX_KEY_BYTES: u32 = 1024;

/// The longest time to wait for the lock of another process.
pub const MAX_BUSY_TIMEOUT: Duration = Duration::from_secs(3600);

// Compare-and-set is these three statements and nothing else: each tells by the number of rows that it changed
// whether the key was as expected, inside a transaction that holds the write lock from its begin.
const CREATE: &str = "INSERT INTO slk_values (kind, space, name, version, value) \
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, space, name) DO NOTHING";
const REPLACE: &str = "UPDATE slk_values SET version = ?4, value = ?5 \
    WHERE kind = ?1 AND space = ?2 AND name = ?3 AND version = ?6";
const REMOVE: &str = "DELETE FROM slk_values \
    WHERE kind = ?1 AND space = ?2 AND name = ?3 AND version = ?4";

const GET: &str = "SELECT version, value FROM slk_values WHERE kind = ?1 AND space = ?2 AND name = ?3";

const LIST: &str = "SELECT name FROM slk_values WHERE kind = ?1 AND space = ?2 AND name >= ?3 ORDER BY name LIMIT ?4";

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// When it is on the disk. Survives a power failure.
    #[default]
    Full,
    /// When the system has it. Survives the death of the process; a power failure may take the last writes.
    Normal,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// When a write counts as done.
    pub durability: Durability,
    /// Make the database if there is none. Without it a missing or empty file is an error.
    pub create: bool,
    /// How long a request waits for the lock of another process, at most [`MAX_BUSY_TIMEOUT`].
    pub busy_timeout: Duration,
    /// Threads and connections for reads. 0: reads wait behind the writes.
    pub read_threads: usize,
    /// How many requests may wait; what comes on top is refused at once.
    pub queue: usize,
    /// The most writes in one transaction.
    pub batch: usize,
    /// Move the whole log into the database file when the store is closed, also while other processes use it. Without
    /// it that is done by the last process that closes the file.
    pub checkpoint_at_close: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let pool = PoolOptions::default();
        Self {
            durability: Durability::Full,
            create: true,
            busy_timeout: Duration::from_secs(5),
            read_threads: 2,
            queue: pool.queue,
            batch: pool.batch,
            checkpoint_at_close: false,
        }
    }
}

/// Opens the database file at `path`, or makes it.
///
/// Any number of processes of one machine may have it open, and a process may open it several times. The file may be
/// neither moved, replaced nor removed while it is open; where that is noticed, requests fail until it is back.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for a path or option that makes no sense, [`ErrorKind::NotADatabase`] for a file that
/// is something else or another program's database, [`ErrorKind::Unsupported`] for one of a newer version or on a
/// filesystem that cannot do it, [`ErrorKind::Store`] for all else. A file that is refused is left as it was.
pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Arc<dyn Store>, Error> {
    let pool_options = PoolOptions {
        threads: 1, // SQLite has one writer at a time, and one thread makes the largest batches.
        read_threads: options.read_threads,
        queue: options.queue,
        batch: options.batch,
    };
    let storage = Storage::open(path.as_ref(), options, pool_options.at_once())?;
    Ok(Arc::new(Pool::new(storage, &pool_options)?))
}

struct Storage {
    abilities: Abilities,
    place: Place,
    /// `None` after trouble: the next batch opens it again.
    writer: Mutex<Option<Link>>,
    /// Connections that no reading thread uses just now.
    readers: Mutex<Vec<Link>>,
    checkpoint_at_close: bool,
}

impl Storage {
    fn open(path: &Path, options: SqliteOptions, at_once: usize) -> Result<Self, Error> {
        if options.busy_timeout > MAX_BUSY_TIMEOUT {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "a busy timeout of {:?} is too long; at most {MAX_BUSY_TIMEOUT:?}",
                    options.busy_timeout
                ),
            ));
        }
        let place = Place::new(path, options.durability, options.busy_timeout)?;
        let writer = Link::create(&place, options.create).map_err(Trouble::into_error)?;
        Ok(Self {
            abilities: Abilities {
                name: format!("sqlite {}", path.display()),
                compare_and_set: true,
                max_value_bytes: MAX_VALUE_BYTES,
                max_key_bytes: MAX_KEY_BYTES,
                list: true,
                push: false,
                at_once,
            },
            place,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Vec::new()),
            checkpoint_at_close: options.checkpoint_at_close,
        })
    }

    /// Writes all in one transaction; each is written or conflicts on its own.
    fn write(&self, writes: &[&Request]) -> Vec<StoreResult> {
        match self.transaction(writes) {
            Ok(replies) => replies.into_iter().map(Ok).collect(),
            Err(failed) if writes.len() > 1 && failed.trouble.may_be_of_one_request() => {
                // One of them does not fit: the others shall not fail with it.
                writes.iter().map(|write| self.write_again(write, &failed)).collect()
            }
            Err(failed) => {
                let error = failed.into_store_error();
                writes.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// Writes one of a transaction that failed by itself. What is written now is written for certain: it lies in the log
    /// where the failed transaction would be. Anything else leaves an unknown outcome unknown: even a conflict may be
    /// with that transaction.
    fn write_again(&self, write: &Request, first: &Failed) -> StoreResult {
        let result = match self.transaction(&[write]) {
            Ok(replies) => replies
                .into_iter()
                .next()
                .ok_or_else(|| StoreError::unknown("no reply")),
            Err(failed) => Err(failed.into_store_error()),
        };
        match (result, first.outcome) {
            (result, Outcome::NotApplied) => result,
            (Ok(Reply::Written { version }), _) => Ok(Reply::Written { version }),
            (Ok(Reply::Removed), _) => Ok(Reply::Removed),
            (Ok(_), _) => Err(first.clone().into_store_error()),
            (Err(error), outcome) => Err(StoreError { outcome, ..error }),
        }
    }

    fn transaction(&self, writes: &[&Request]) -> Result<Vec<Reply>, Failed> {
        let mut writer = self.writer.lock();
        let link = self.intact(writer.take(), Role::Writer).map_err(Failed::before)?;
        let link = writer.insert(link);
        let result = run_transaction(&self.place, link, writes);
        if let Err(failed) = &result {
            if link.roll_back().is_err() || failed.trouble.spoils_connection() {
                *writer = None;
            }
        }
        result
    }

    /// The connection, if it still leads to the file; else a new one.
    fn intact(&self, link: Option<Link>, role: Role) -> Result<Link, Trouble> {
        if let Some(link) = link {
            if link.leads_to(&self.place) {
                return Ok(link);
            }
            drop(link);
            self.drop_stale();
        }
        Link::again(&self.place, role)
    }

    /// Closes the connections to files that went away. The last one to be closed saves what is in a log that somebody
    /// removed: it still has it open.
    fn drop_stale(&self) {
        self.readers.lock().retain(|link| link.leads_to(&self.place));
        // A writer at work looks for itself.
        if let Some(mut writer) = self.writer.try_lock() {
            if writer.as_ref().is_some_and(|link| !link.leads_to(&self.place)) {
                *writer = None;
            }
        }
    }

    fn read(&self, request: &Request) -> StoreResult {
        let link = self.readers.lock().pop();
        let result = self.intact(link, Role::Reader).and_then(|link| {
            let reply = read_value(link.connection(), request);
            let result = reply.map_err(|error| self.place.trouble_with(&error));
            match &result {
                Err(trouble) if trouble.spoils_connection() => {}
                _ => self.readers.lock().push(link),
            }
            result?.ok_or_else(|| {
                self.place
                    .damaged(&format!("the version of {} is not one", request.key))
            })
        });
        result.map_err(|trouble| trouble.into_store_error(Outcome::NotApplied))
    }
}

impl BlockingStore for Storage {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        let mut results: Vec<Option<StoreResult>> = Vec::with_capacity(requests.len());
        let mut writes = Vec::new();
        for request in requests {
            results.push(match limits::check(&self.abilities, request) {
                Err(error) => Some(Err(error)),
                Ok(()) if request.operation.is_read() => Some(self.read(request)),
                Ok(()) => {
                    writes.push(request);
                    None
                }
            });
        }
        let mut written = match writes.as_slice() {
            [] => Vec::new(),
            writes => self.write(writes),
        }
        .into_iter();
        results
            .into_iter()
            .filter_map(|result| result.or_else(|| written.next()))
            .collect()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.readers.get_mut().clear();
        if let (true, Some(link)) = (self.checkpoint_at_close, self.writer.get_mut()) {
            if link.leads_to(&self.place) {
                link.checkpoint();
            }
        }
    }
}

/// A transaction that failed, and what that says about its writes.
#[derive(Clone)]
struct Failed {
    outcome: Outcome,
    trouble: Trouble,
}

impl Failed {
    fn before(trouble: Trouble) -> Self {
        Self {
            outcome: Outcome::NotApplied,
            trouble,
        }
    }

    fn at_commit(trouble: Trouble) -> Self {
        Self {
            outcome: Outcome::Unknown,
            trouble,
        }
    }

    fn into_store_error(self) -> StoreError {
        self.trouble.into_store_error(self.outcome)
    }
}

fn run_transaction(place: &Place, link: &Link, writes: &[&Request]) -> Result<Vec<Reply>, Failed> {
    let connection = link.connection();
    let before = |error| Failed::before(place.trouble_with(&error));
    connection.execute_batch("BEGIN IMMEDIATE").map_err(before)?;
    let replies = writes
        .iter()
        .map(|write| write_value(connection, write))
        .collect::<Result<Vec<_>, _>>();
    let replies = match replies {
        Ok(replies) => replies,
        Err(Refused::Sqlite(error)) => return Err(before(error)),
        Err(Refused::NoVersion(text)) => return Err(Failed::before(place.other_trouble(&text))),
    };
    connection
        .execute_batch("COMMIT")
        .map_err(|error| Failed::at_commit(place.trouble_with(&error)))?;
    if link.leads_to(place) {
        Ok(replies)
    } else {
        // The file went away before or after the commit.
        Err(Failed::at_commit(place.gone()))
    }
}

enum Refused {
    Sqlite(rusqlite::Error),
    NoVersion(String),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn write_value(connection: &Connection, request: &Request) -> Result<Reply, Refused> {
    let Key { kind, space, name } = &request.key;
    let (kind, space, name) = (kind_number(*kind), &**space, &**name);
    let (changed, done) = match &request.operation {
        Operation::Put { value, expected, .. } => {
            let version = new_version()?;
            let (new, value) = (version.as_bytes(), &**value);
            let changed = match expected {
                Expected::Missing => connection
                    .prepare_cached(CREATE)?
                    .execute(params![kind, space, name, new, value])?,
                Expected::Version(old) => connection.prepare_cached(REPLACE)?.execute(params![
                    kind,
                    space,
                    name,
                    new,
                    value,
                    old.as_bytes()
                ])?,
            };
            (changed, Reply::Written { version })
        }
        Operation::Remove { expected } => {
            let changed =
                connection
                    .prepare_cached(REMOVE)?
                    .execute(params![kind, space, name, expected.as_bytes()])?;
            (changed, Reply::Removed)
        }
        Operation::Get | Operation::List { .. } => {
            return Ok(read_value(connection, request)?.unwrap_or(Reply::Missing))
        }
    };
    Ok(if changed == 1 { done } else { Reply::Conflict })
}

/// `None` when what is stored cannot be ours.
fn read_value(connection: &Connection, request: &Request) -> rusqlite::Result<Option<Reply>> {
    let key = &request.key;
    if let Operation::List { limit } = request.operation {
        return list_keys(connection, key, limit.min(MAX_LISTED)).map(Some);
    }
    let parameters = params![kind_number(key.kind), &*key.space, &*key.name];
    let found = connection
        .prepare_cached(GET)?
        .query_row(parameters, |row| {
            let version = Version::new(row.get_ref(0)?.as_blob()?);
            let value = row.get_ref(1)?.as_blob()?.into();
            Ok(version.map(|version| Reply::Found { value, version }))
        })
        .optional()?;
    Ok(found.unwrap_or(Some(Reply::Missing)))
}

fn list_keys(connection: &Connection, after: &Key, limit: u32) -> rusqlite::Result<Reply> {
    let mut statement = connection.prepare_cached(LIST)?;
    // One for the name that the list begins after, and one to see whether there is more.
    let parameters = params![kind_number(after.kind), &*after.space, &*after.name, limit + 2];
    let mut names = statement
        .query_map(parameters, |row| row.get::<_, Arc<str>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    if !after.name.is_empty() {
        names.retain(|name| *name != after.name);
    }
    let limit = limit as usize;
    let more = names.len() > limit;
    names.truncate(limit);
    Ok(Reply::Keys { names, more })
}

fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Record => 0,
        Kind::Server => 1,
    }
}

fn new_version() -> Result<Version, Refused> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refused::NoVersion(format!("the system gave no random numbers: {error}")))?;
    Version::new(&bytes).ok_or_else(|| Refused::NoVersion("an empty version".to_owned()))
}
