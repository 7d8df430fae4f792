//! The store in a PostgreSQL server: for games that outgrow one machine.
//!
//! # The tables
//! They are made by [`create_tables`] and by nothing else: `slk_records` for the records, `slk_servers` for the server
//! records, `slk_layout` with one row that says which layout they have. Keys are bytes, so that they are compared and
//! listed by their bytes and may hold any. A record may lie in two columns, so that a later version can write the header
//! alone where the game's data are unchanged; as yet the first is empty, and the second holds the whole.
//!
//! # Versions
//! Each write draws 128 random bits. So a version comes back neither after remove and create, nor after a failover to a
//! server that missed the last writes.
//!
//! # Writes
//! All writes that wait share one transaction and one round trip, in the order of their keys. If it fails because of one of
//! them, each is tried by itself.
//!
//! # Outcomes
//! What the server refused before the commit was not applied. What was sent and not answered is unknown, and so is a commit
//! that the server answered without having got it to its standby. After that, and after each new connection, nothing is
//! answered before the server has replicated a small write behind it: what a crashed server brings back may not have
//! reached the standby.
//!
//! # Several primaries
//! A save never spans two keys, so keys may be spread over several databases: [`part_of`] says where one lies. Each
//! database knows which one of how many it is, so that they cannot be mixed up.

mod batch;
mod link;
mod part;
mod place;
mod spread;
mod statements;
mod tables;
mod tls;
mod trouble;

pub use spread::part_of;

use self::link::Link;
use self::part::Database;
use self::place::Place;
use self::spread::Spread;
use super::pool::{Pool, PoolOptions};
use super::{Abilities, Store};
use crate::error::{Error, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The layout of the tables.
pub const LAYOUT: i32 = 1;

/// The largest value in bytes. PostgreSQL itself ends at 1 GB; a save of this size is a mistake before that.
pub const MAX_VALUE_BYTES: u64 = 64 * 1024 * 1024;

/// The longest key name, and the longest spec name, in bytes.
pub const MAX_KEY_BYTES: u32 = 1024;

/// The most databases that keys can be spread over.
pub const MAX_PARTS: usize = 64;

/// The most connections to one database.
pub const MAX_CONNECTIONS: usize = 128;

/// The longest time-out.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// How to use a server.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Connections to each database, at most [`MAX_CONNECTIONS`]. With more than one, half of them are for reads alone.
    pub connections: usize,
    /// The most writes in one transaction, and the most reads in one round trip.
    pub batch: usize,
    /// How many requests may wait for each database; what comes on top is refused at once.
    pub queue: usize,
    /// How long each server of a URL is given to let this one in, at most [`MAX_TIMEOUT`].
    pub connect_timeout: Duration,
    /// How long a batch may take before its connection is given up, and its writes are unknown; at most [`MAX_TIMEOUT`].
    /// The server gives up a statement after the same time, and a row that another transaction holds after a quarter of it.
    pub request_timeout: Duration,
    /// Refuse to talk to a server without TLS, or with a certificate that is not trusted or not of its name.
    pub require_tls: bool,
    /// Refuse a server that does not replicate synchronously.
    pub require_synchronous: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        let pool = PoolOptions::default();
        Self {
            connections: 4,
            batch: pool.batch,
            queue: pool.queue,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(8),
            require_tls: false,
            require_synchronous: false,
        }
    }
}

/// Opens the store in the database of a URL: `postgresql://user:password@host/database`, as libpq has it.
///
/// A URL may name several hosts, of which one at a time takes writes: a primary and its standbys. Several URLs, with spaces
/// between them, are several primaries over which the keys are spread; all servers of a game give the same ones in the same
/// order. The certificates that `sslrootcert` names are trusted instead of the system's.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for a URL or option that makes no sense, also for URLs in another order than the tables
/// were made with; [`ErrorKind::NotADatabase`] where there are no tables: see [`create_tables`];
/// [`ErrorKind::Unsupported`] for tables of a newer version and, if it is required, for a server that does not replicate
/// synchronously; [`ErrorKind::Store`] for all else.
pub fn open(urls: &str, options: &PostgresOptions) -> Result<Arc<dyn Store>, Error> {
    let places = places(urls, options)?;
    let links = on_a_thread(|| {
        let open = |place: &Place| Link::open(place, options).map_err(|trouble| trouble.into_error(&place.shown));
        places.iter().map(open).collect::<Result<Vec<_>, _>>()
    })?;
    let family = links.first().map(|link| link.part.family.clone()).unwrap_or_default();
    let (mut parts, mut warnings) = (Vec::new(), Vec::new());
    let (name, of) = (format!("postgres {}", shown(&places)), places.len());
    for (number, (place, link)) in places.into_iter().zip(links).enumerate() {
        let wanted = tables::Part {
            number,
            of,
            family: family.clone(),
        };
        tables::check(&link.part, &wanted).map_err(|trouble| trouble.into_error(&place.shown))?;
        if let Some(why) = &link.facts.loses {
            warnings.push(format!("postgres {}: {why}", place.shown));
        }
        let abilities = Abilities {
            name: name.clone(),
            compare_and_set: true,
            max_value_bytes: MAX_VALUE_BYTES,
            max_key_bytes: MAX_KEY_BYTES,
            list: true,
            push: false,
        };
        let database = Database::new(abilities, place, options.clone(), link);
        parts.push(Pool::new(database, &pool_options(options))?);
    }
    Ok(Arc::new(Spread::new(parts, warnings)))
}

/// Makes the tables in the databases of these URLs, where they are not there yet. What is there is left as it is.
///
/// This needs the right to create tables; using them needs SELECT, INSERT, UPDATE and DELETE on them.
///
/// # Errors
/// As [`open`]; [`ErrorKind::InvalidArgument`] where tables were made for other URLs, or in another order.
pub fn create_tables(urls: &str, options: &PostgresOptions) -> Result<(), Error> {
    let places = places(urls, options)?;
    on_a_thread(|| tables::create(&places, options))
}

fn places(urls: &str, options: &PostgresOptions) -> Result<Vec<Place>, Error> {
    check_options(options)?;
    let parse = |url| Place::parse(url, options.require_tls, options.request_timeout);
    let places = urls
        .split_ascii_whitespace()
        .map(parse)
        .collect::<Result<Vec<_>, _>>()?;
    if places.is_empty() || places.len() > MAX_PARTS {
        let text = format!(
            "{} URLs of PostgreSQL were given; at least 1 and at most {MAX_PARTS}",
            places.len()
        );
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(places)
}

fn check_options(options: &PostgresOptions) -> Result<(), Error> {
    let refused = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
    if !(1..=MAX_CONNECTIONS).contains(&options.connections) {
        return refused(format!(
            "{} connections: at least 1 and at most {MAX_CONNECTIONS}",
            options.connections
        ));
    }
    for (name, time) in [
        ("connecting", options.connect_timeout),
        ("a request", options.request_timeout),
    ] {
        if time.is_zero() || time > MAX_TIMEOUT {
            return refused(format!(
                "{time:?} for {name}: more than nothing and at most {MAX_TIMEOUT:?}"
            ));
        }
    }
    Ok(())
}

fn pool_options(options: &PostgresOptions) -> PoolOptions {
    let read_threads = options.connections / 2;
    PoolOptions {
        threads: options.connections - read_threads,
        read_threads,
        queue: options.queue,
        batch: options.batch,
    }
}

fn shown(places: &[Place]) -> String {
    places.iter().map(|place| &*place.shown).collect::<Vec<_>>().join("; ")
}

/// What waits for a server waits on a thread of its own: the caller's may be one that must never wait in this way, of an
/// asynchronous runtime.
fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let failed = |text: &str| Err(Error::new(ErrorKind::Store, text));
    thread::scope(|scope| {
        match thread::Builder::new()
            .name("slk-store".to_owned())
            .spawn_scoped(scope, work)
        {
            Ok(thread) => thread.join().unwrap_or_else(|_| failed("opening the store panicked")),
            Err(error) => failed(&format!("the system gave no thread: {error}")),
        }
    })
}
