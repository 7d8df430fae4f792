//! One connection to the database file: opened, checked, set up, and known to lead to the file of that name still.

use super::trouble::Trouble;
use super::{Durability, APPLICATION_ID, CREATE, GET, LIST, REMOVE, REPLACE, SCHEMA_VERSION};
use crate::error::{Error, ErrorKind};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, MAIN_DB};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use std::{io, thread};

const SCHEMA: &str = "CREATE TABLE slk_values (\
    kind INTEGER NOT NULL, \
    space TEXT NOT NULL, \
    name TEXT NOT NULL, \
    version BLOB NOT NULL, \
    value BLOB NOT NULL, \
    PRIMARY KEY (kind, space, name)\
) STRICT";

/// After a burst the log shrinks to this again.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// How long closing waits for the readers of other processes, for a checkpoint that is only a courtesy.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(1);

/// Where the database is and how it is to be used.
pub(super) struct Place {
    path: PathBuf,
    log: PathBuf,
    /// The memory that the connections of all processes share while any of them is open.
    shared_memory: PathBuf,
    durability: Durability,
    busy_timeout: Duration,
    /// The files whose names and whose log were made to last, while a connection has them open.
    lasting: Mutex<Weak<Files>>,
}

impl Place {
    pub(super) fn new(path: &Path, durability: Durability, busy_timeout: Duration) -> Result<Self, Error> {
        let invalid = |text: String| Error::new(ErrorKind::InvalidArgument, text);
        if path.as_os_str().is_empty() {
            return Err(invalid(
                "the path of the database is empty; give the path of a file".to_owned(),
            ));
        }
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(invalid(format!("{path:?}: a path cannot contain a zero byte")));
        }
        if path.as_os_str() == ":memory:" {
            return Err(invalid(
                "\":memory:\" is not a file; open a memory store for data that need not last".to_owned(),
            ));
        }
        // Absolute, so that a later change of the working directory does not lead to another file, and so that SQLite
        // does not take it for one of its own notations ("file:...").
        let path =
            std::path::absolute(path).map_err(|error| invalid(format!("{}: not a path ({error})", path.display())))?;
        let beside = |ending: &str| {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        Ok(Self {
            log: beside("-wal"),
            shared_memory: beside("-shm"),
            path,
            durability,
            busy_timeout,
            lasting: Mutex::default(),
        })
    }

    pub(super) fn shown(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Makes the names of the database and of its log last. SQLite flushes the folder itself after it made a log or a
    /// journal, but does not look whether that succeeds; and a flushed log without a name is lost with all that is in it.
    fn flush_folder(&self) -> Result<(), Trouble> {
        let folder = self.path.parent().unwrap_or(&self.path);
        flush_folder(folder).map_err(|error| self.unflushed(folder, &error))
    }

    /// Makes all that this connection can read last, unless another one that is open has done that. So what a read finds,
    /// no power failure takes away again, and what is written after it in the log is found again.
    ///
    /// Whoever opens the log first takes each whole transaction in it for written, also one whose flush has failed or
    /// was never done. A further flush is not enough: after a failed one the system takes what it could not write for
    /// written. So the whole log is written anew.
    fn make_last(&self, connection: &Connection) -> Result<Arc<Files>, Trouble> {
        let mut lasting = self.lasting.lock();
        let files = self.files().map_err(|_| self.gone())?;
        if let Some(known) = lasting.upgrade().filter(|known| **known == files) {
            return Ok(known);
        }
        self.flush_folder()?;
        let run = |sql: &str| connection.execute_batch(sql).map_err(|error| self.trouble_with(&error));
        run("BEGIN IMMEDIATE")?; // Nobody else writes to the log now.
        let written = write_anew(&self.log).map_err(|error| self.unwritten(&error));
        run("ROLLBACK")?;
        written?;
        let files = Arc::new(files);
        *lasting = Arc::downgrade(&files);
        Ok(files)
    }

    /// Which files are there under the names of the database and its log.
    fn files(&self) -> io::Result<Files> {
        Ok(Files {
            _database: identity(&self.path)?,
            _log: identity(&self.log)?,
        })
    }
}

/// Makes it last that a file is empty. SQLite removes the journal of an empty database; where making a database failed and
/// was undone, what is on the disk may still be a part of it, which only the journal would undo.
fn flush_empty(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => {}
        _ => return Ok(()),
    }
    match std::fs::OpenOptions::new().write(true).open(path) {
        Ok(file) => file.sync_all(),
        // SQLite says what this user lacks.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes what is in a file over itself, and flushes it.
fn write_anew(path: &Path) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut place = 0;
    loop {
        file.seek(io::SeekFrom::Start(place))?;
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return file.sync_all();
        }
        file.seek(io::SeekFrom::Start(place))?;
        file.write_all(&buffer[..length])?;
        place += length as u64;
    }
}

/// Flushes the names in a folder. Some filesystems say that they know no such thing.
#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    match std::fs::File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Elsewhere a name lasts when its file was flushed.
#[cfg(not(unix))]
fn flush_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Which files a connection has open. Asked of the filesystem by name: opening and closing the database file beside
/// SQLite would drop SQLite's locks.
#[derive(PartialEq, Eq)]
struct Files {
    _database: Identity,
    _log: Identity,
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere the system does not let anybody remove or replace a file that SQLite has open.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|_| ())
}

fn is_missing(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Writer,
}

/// A connection and the files that it has open.
pub(super) struct Link {
    /// Given up before the connection is closed: who has this knows that the connection is open.
    files: Arc<Files>,
    connection: Connection,
}

impl Link {
    /// The first connection: makes the database if it is to be made.
    pub(super) fn create(place: &Place, create: bool) -> Result<Self, Trouble> {
        if !create && is_missing(&place.path) {
            return Err(place.missing());
        }
        // One at a time in this process: closing the file below would end the locks of a connection that is making it.
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock();
        flush_empty(&place.path).map_err(|error| place.unwritten(&error))?;
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let connection = connect(place, flags)?;
        if identify(place, &connection)? == Content::Nothing {
            if !create {
                return Err(place.empty());
            }
            lay_out(place, &connection)?;
        }
        Self::set_up(place, connection, Role::Writer)
    }

    /// A further connection, or one after trouble. Never makes a database: that the file is missing now does not mean
    /// that its data are not wanted any more. Nor does it make a new log while somebody still uses one that was
    /// removed: what each wrote, the other would not see.
    pub(super) fn again(place: &Place, role: Role) -> Result<Self, Trouble> {
        let split = is_missing(&place.log) && !is_missing(&place.shared_memory);
        if split || is_missing(&place.path) {
            return Err(place.gone());
        }
        let connection = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if identify(place, &connection)? == Content::Nothing {
            return Err(place.empty());
        }
        Self::set_up(place, connection, role)
    }

    fn set_up(place: &Place, connection: Connection, role: Role) -> Result<Self, Trouble> {
        keep_log(place, &connection)?;
        identify(place, &connection)?; // The log is opened by the first read.
        let files = place.make_last(&connection)?;
        settings(&connection, place.durability, role)
            .and_then(|()| {
                // Here shows a table that is missing or different.
                let statements = [GET, CREATE, REPLACE, REMOVE, LIST];
                statements
                    .iter()
                    .try_for_each(|sql| connection.prepare_cached(sql).map(|_| ()))
            })
            .map_err(|error| place.trouble_with(&error))?;
        Ok(Self { files, connection })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the files of that name are still those that this connection has open. What is written to a file that
    /// was removed goes nowhere.
    pub(super) fn leads_to(&self, place: &Place) -> bool {
        place.files().is_ok_and(|files| files == *self.files)
    }

    /// Ends the transaction if there is one still.
    pub(super) fn roll_back(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.execute_batch("ROLLBACK")
    }

    /// Moves the log into the database file. What cannot be moved stays safe in the log.
    pub(super) fn checkpoint(&mut self) {
        let _ = self.connection.busy_timeout(CHECKPOINT_PATIENCE);
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn connect(place: &Place, flags: OpenFlags) -> Result<Connection, Trouble> {
    // Each connection is used by one thread at a time, so SQLite needs no locks of its own.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let mut connection = Connection::open_with_flags(&place.path, flags)?;
        connection.busy_handler(Some(waiting(place.busy_timeout)))?;
        Ok(connection)
    };
    let connection = open().map_err(|error| place.trouble_with(&error))?;
    // SQLite opens what it may not write for reading alone, and says nothing.
    match connection.is_readonly(MAIN_DB) {
        Ok(false) => Ok(connection),
        Ok(true) => Err(place.read_only()),
        Err(error) => Err(place.trouble_with(&error)),
    }
}

/// Decides, each time the lock of another is found, whether to wait longer. SQLite's own way sleeps up to a tenth of a
/// second, in which several busy processes starve one; short sleeps of random length share the lock better.
fn waiting(timeout: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut start = Instant::now();
    move |tries| {
        if tries == 0 {
            start = Instant::now();
        }
        if start.elapsed() >= timeout {
            return false;
        }
        let longest = if tries < 20 { 1_000 } else { 10_000 };
        thread::sleep(Duration::from_micros(fastrand::u64(200..longest)));
        true
    }
}

#[derive(PartialEq, Eq)]
enum Content {
    /// No table, no mark: a new file.
    Nothing,
    Ours,
}

/// Finds out whose database it is. Changes nothing.
fn identify(place: &Place, connection: &Connection) -> Result<Content, Trouble> {
    // One statement, so that another process that makes the database just now is seen before or after, not between.
    let sql = "SELECT \
        (SELECT application_id FROM pragma_application_id), \
        (SELECT user_version FROM pragma_user_version), \
        (SELECT count(*) FROM sqlite_schema)";
    let (application_id, version, tables): (i32, i32, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(|error| place.trouble_with(&error))?;
    match (application_id, version, tables) {
        (0, 0, 0) => Ok(Content::Nothing),
        (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(Content::Ours),
        (APPLICATION_ID, version, _) if version > SCHEMA_VERSION => Err(place.newer(version, SCHEMA_VERSION)),
        (APPLICATION_ID, version, _) => Err(place.damaged(&format!("there is no layout {version}"))),
        (other, _, _) => Err(place.foreign(other)),
    }
}

/// Turns the write-ahead log on; a database that has it keeps it.
fn keep_log(place: &Place, connection: &Connection) -> Result<(), Trouble> {
    let start = Instant::now();
    loop {
        // SQLite does not wait here by itself when another process turns it on at the same time.
        let mode = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
            .map_err(|error| place.trouble_with(&error));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => return Err(place.no_log(&mode)),
            Err(trouble) if trouble.is_busy() && start.elapsed() < place.busy_timeout => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Makes mark and table in one transaction, unless another process was faster. Before there is a log: then the journal
/// of this transaction has a name that lasts before anything is written into the file, and a power failure in the
/// middle of it leaves an empty database and not a torn one.
fn lay_out(place: &Place, connection: &Connection) -> Result<(), Trouble> {
    let run = |sql: &str| {
        connection
            .execute_batch(sql)
            .map_err(|error| place.trouble_with(&error))
    };
    run("BEGIN IMMEDIATE")?;
    if identify(place, connection)? == Content::Nothing {
        run(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {SCHEMA}"
        ))?;
        place.flush_folder()?;
    }
    run("COMMIT")
}

fn settings(connection: &Connection, durability: Durability, role: Role) -> rusqlite::Result<()> {
    let full = durability == Durability::Full;
    connection.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    // Only macOS tells a flush to the drive from one to the platter.
    connection.pragma_update(None, "fullfsync", full)?;
    connection.pragma_update(None, "checkpoint_fullfsync", full)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", role == Role::Reader)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(link: &Link, name: &str) -> String {
        link.connection
            .pragma_query_value(None, name, |row| row.get(0).map(text))
            .unwrap()
    }

    fn text(value: rusqlite::types::Value) -> String {
        match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    /// Each setting belongs to one connection, so nobody outside can see whether it is right.
    #[test]
    fn every_connection_keeps_what_durability_promises() {
        let name = format!("sessionlocker-settings-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        for (durability, synchronous) in [(Durability::Full, "2"), (Durability::Normal, "1")] {
            let place = Place::new(&path, durability, Duration::from_secs(10)).unwrap();
            let writer = Link::create(&place, true).unwrap();
            let again = Link::again(&place, Role::Writer).unwrap();
            let reader = Link::again(&place, Role::Reader).unwrap();
            for link in [&writer, &again, &reader] {
                assert_eq!(setting(link, "synchronous"), synchronous);
                assert_eq!(setting(link, "journal_mode"), "wal");
            }
            for (link, query_only) in [(&writer, "0"), (&again, "0"), (&reader, "1")] {
                assert_eq!(setting(link, "query_only"), query_only);
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
}
