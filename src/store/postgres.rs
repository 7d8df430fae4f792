//! The store in a PostgreSQL server: for games that outgrow one machine.
//!
//! # The tables
//! They are made by [`create_tables`] and by nothing else: `slk_records` for the records, `slk_servers` for the server
//! records, `slk_layout` with one row that says which layout they have. Keys are bytes, so that they are compared and
//! listed by their bytes and may hold any. A record lies in two columns, its header and the game's data. A write that leaves
//! the data as they are replaces the header alone; should what is stored have been written otherwise, the whole follows.
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
//! # Waking
//! A write that a server waits for is told to it by `NOTIFY` once it is durable, over a connection that does nothing else.
//!
//! # Several primaries
//! A save never spans two keys, so keys may be spread over several databases: [`part_of`] says where one lies. Each
//! database knows which one of how many it is, so that they cannot be mixed up.

mod batch;
mod link;
mod messages;
mod place;
mod statements;
mod tables;
mod trouble;
mod wire;

pub use super::remote::spread::part_of;
pub use super::remote::traffic::{MAX_CONNECTIONS, MAX_TIMEOUT};
pub use super::remote::{MAX_KEY_BYTES, MAX_PARTS, MAX_VALUE_BYTES};

use self::link::Link;
use self::messages::Messages;
use self::place::Place;
use self::wire::Postgres;
use super::pool::Pool;
use super::remote::database::Database;
use super::remote::messenger::Messenger;
use super::remote::part;
use super::remote::spread::Spread;
use super::remote::traffic::Traffic;
use super::remote::{self, on_a_thread};
use super::{Abilities, Store};
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

/// The layout of the tables.
pub const LAYOUT: i32 = 1;

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
        let traffic = Traffic::default();
        Self {
            connections: traffic.connections,
            batch: traffic.batch,
            queue: traffic.queue,
            connect_timeout: traffic.connect_timeout,
            request_timeout: traffic.request_timeout,
            require_tls: false,
            require_synchronous: false,
        }
    }
}

impl PostgresOptions {
    fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.connections,
            batch: self.batch,
            queue: self.queue,
            connect_timeout: self.connect_timeout,
            request_timeout: self.request_timeout,
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
    let known: Vec<_> = links.iter().map(|link| Some(link.part.clone())).collect();
    let wanted = part::wanted(&known)?;
    let abilities = Abilities {
        push: links.iter().all(|link| link.facts.notifies),
        at_once: options.traffic().pool().at_once(),
        ..remote::abilities(places.iter().map(|place| &*place.shown), true)
    };
    let (mut parts, mut warnings): (Vec<Box<dyn Store>>, _) = (Vec::new(), Vec::new());
    for ((place, link), part) in places.into_iter().zip(links).zip(wanted) {
        let checked = link.part.check(&part);
        checked.map_err(|trouble| trouble.into_error(&place.shown))?;
        if let Some(why) = &link.facts.loses {
            warnings.push(format!("{}: {why}", place.shown));
        }
        let messenger = if link.facts.notifies {
            Some(Messenger::new(Messages {
                place: place.clone(),
                family: part.family.clone(),
                patience: options.connect_timeout,
            })?)
        } else {
            None
        };
        let wire = Postgres {
            place,
            options: options.clone(),
            part,
        };
        let database = Database::new(abilities.clone(), wire, vec![link]).with_messenger(messenger);
        parts.push(Box::new(Pool::new(database, &options.traffic().pool())?));
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
    options.traffic().check()?;
    let parse = |url: &str| Place::parse(url, options.require_tls, options.request_timeout);
    remote::places(urls, "PostgreSQL", parse)
}
