//! The store in a Redis or Valkey server, or in a cluster of them: for games that have one and know what it may lose.
//!
//! # The layout
//! A record is a hash with the fields `version` and `data` under `slk:r:`, a server record the same under `slk:s:`. On a
//! single server the names of each space are in a sorted set beside it, so that they can be listed; each script changes both
//! together. In a cluster a script may only touch keys of one slot: there is no such set, and nothing is listed.
//! [`create_layout`], and nothing else, makes `slk:layout`, which says that all this is here. A server without it is refused:
//! one that was emptied, or came back without its data, would otherwise look like one on which nobody has played yet.
//!
//! # Versions
//! Each write draws 128 random bits. So a version comes back neither after remove and create, nor after a failover to a
//! server that missed the last writes.
//!
//! # Writes
//! Compare and set is one script. All writes that wait are sent in one round trip, and each is answered by itself.
//!
//! # Outcomes
//! What the server refused was not applied; what was sent and not answered is unknown. So is a write that had not reached as
//! many replicas as are waited for. What only the primary has, it shows to everybody, and a failover may lose it: so what was
//! read is not answered before a small write behind it has reached them too.
//!
//! # Several servers
//! A save never spans two keys, so keys may be spread over several servers that know nothing of each other, as over those of
//! the other stores ([`part_of`]), or over the nodes of a cluster, which says itself where they are.

mod bare;
mod batch;
mod checks;
mod cluster;
mod facts;
mod keys;
mod layout;
mod messages;
mod node;
mod place;
mod scripts;
mod slots;
mod topology;
mod trouble;

pub use super::remote::spread::part_of;
pub use super::remote::traffic::{MAX_CONNECTIONS, MAX_TIMEOUT};
pub use super::remote::{MAX_KEY_BYTES, MAX_PARTS, MAX_VALUE_BYTES};

use self::bare::Bare;
use self::cluster::Cluster;
use self::layout::Layout;
use self::messages::Messages;
use self::node::{Link, Node};
use self::place::Place;
use self::slots::Slots;
use self::topology::Topology;
use super::pool::Pool;
use super::remote::database::Database;
use super::remote::messenger::Messenger;
use super::remote::part;
use super::remote::spread::Spread;
use super::remote::traffic::Traffic;
use super::remote::trouble::Trouble;
use super::remote::{self, on_a_thread};
use super::{Abilities, Store};
use crate::error::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// The layout.
pub const LAYOUT: usize = 1;

/// The most replicas that a write can wait for.
pub const MAX_WAIT_REPLICAS: u32 = 100;

/// How to use a server.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Connections to each server, at most [`MAX_CONNECTIONS`]. With more than one, half of them are for reads alone.
    pub connections: usize,
    /// The most writes, or reads, in one round trip.
    pub batch: usize,
    /// How many requests may wait for each server; what comes on top is refused at once.
    pub queue: usize,
    /// How long each server of a URL is given to let this one in, at most [`MAX_TIMEOUT`].
    pub connect_timeout: Duration,
    /// How long a batch may take before its connection is given up, and its writes are unknown; at most [`MAX_TIMEOUT`].
    pub request_timeout: Duration,
    /// Refuse URLs without TLS. With TLS the certificate must always be trusted and of the server's name.
    pub require_tls: bool,
    /// Refuse a server that can lose what it confirmed, as far as it tells: see [`Store::warnings`].
    pub require_durable: bool,
    /// A write is answered as done only when so many replicas have it; at most [`MAX_WAIT_REPLICAS`]. Otherwise its outcome
    /// is unknown.
    pub wait_replicas: u32,
    /// How long they are waited for; less than `request_timeout`.
    pub wait: Duration,
}

impl Default for RedisOptions {
    fn default() -> Self {
        let traffic = Traffic::default();
        Self {
            connections: traffic.connections,
            batch: traffic.batch,
            queue: traffic.queue,
            connect_timeout: traffic.connect_timeout,
            request_timeout: traffic.request_timeout,
            require_tls: false,
            require_durable: false,
            wait_replicas: 0,
            wait: Duration::from_secs(1),
        }
    }
}

impl RedisOptions {
    fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.connections,
            batch: self.batch,
            queue: self.queue,
            connect_timeout: self.connect_timeout,
            request_timeout: self.request_timeout,
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.traffic().check()?;
        let refused = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        if self.wait_replicas > MAX_WAIT_REPLICAS {
            return refused(format!(
                "waiting for {} replicas: at most {MAX_WAIT_REPLICAS}",
                self.wait_replicas
            ));
        }
        // Zero would be for ever.
        if self.wait_replicas > 0 && (self.wait < Duration::from_millis(1) || self.wait >= self.request_timeout) {
            return refused(format!(
                "waiting {:?} for replicas: at least a millisecond, and less than the {:?} of a request",
                self.wait, self.request_timeout
            ));
        }
        Ok(())
    }
}

/// Opens the store on the server of a URL: `redis://user:password@host:port/database`, `rediss://` for TLS, `redis+unix://`
/// for a socket. `valkey` may stand for `redis`.
///
/// A URL may name several hosts, separated by commas, of which one at a time takes writes: a primary and its replicas; or some
/// nodes of a cluster, which is known as one by what they answer. Several URLs, with spaces between them, are several servers
/// over which the keys are spread; all servers of a game give the same ones in the same order. The certificates in the file of
/// `?sslrootcert=` are trusted instead of the system's.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for a URL or option that makes no sense, also for URLs in another order than the layout was
/// made with; [`ErrorKind::NotADatabase`] where there is no layout: see [`create_layout`]; [`ErrorKind::Unsupported`] for a
/// layout of a newer version and, if it is required, for a server that can lose what it confirmed; [`ErrorKind::Store`] for all
/// else.
pub fn open(urls: &str, options: &RedisOptions) -> Result<Arc<dyn Store>, Error> {
    let places = places(urls, options)?;
    let found = on_a_thread(|| {
        let find = |place: &Place| find(place, options).map_err(|trouble| trouble.into_error(&place.shown));
        places.iter().map(find).collect::<Result<Vec<_>, _>>()
    })?;
    let known: Vec<_> = found.iter().map(|found| Some(found.layout.part.clone())).collect();
    let wanted = part::wanted(&known)?;
    let lists = found.iter().all(|found| found.layout.lists);
    let abilities = Abilities {
        push: found.iter().all(|found| matches!(found.what, What::Server(_))),
        at_once: options.traffic().pool().at_once(),
        ..remote::abilities(places.iter().map(|place| &*place.shown), lists)
    };
    let (mut parts, mut warnings): (Vec<Box<dyn Store>>, _) = (Vec::new(), Vec::new());
    for ((place, found), part) in places.into_iter().zip(found).zip(wanted) {
        let checked = found.layout.part.check(&part);
        checked.map_err(|trouble| trouble.into_error(&place.shown))?;
        warnings.extend(found.losses);
        parts.push(member(place, found.what, found.layout, &abilities, options)?);
    }
    Ok(Arc::new(Spread::new(parts, warnings)))
}

/// Makes the layout on the servers of these URLs, where it is not there yet. What is there is left as it is.
///
/// # Errors
/// As [`open`]; [`ErrorKind::InvalidArgument`] where a layout was made for other URLs, or in another order.
pub fn create_layout(urls: &str, options: &RedisOptions) -> Result<(), Error> {
    let places = places(urls, options)?;
    on_a_thread(|| layout::create(&places, options))
}

fn places(urls: &str, options: &RedisOptions) -> Result<Vec<Place>, Error> {
    options.check()?;
    remote::places(urls, "Redis", |url| Place::parse(url, options.require_tls))
}

/// What is at a place.
struct Found {
    layout: Layout,
    /// Why it can lose what it confirmed.
    losses: Vec<String>,
    what: What,
}

enum What {
    Server(Link),
    Cluster(Slots),
}

fn find(place: &Place, options: &RedisOptions) -> Result<Found, Trouble> {
    let bare = Bare::open(place, options)?;
    let mut losses = Vec::new();
    let (layout, what) = if bare.is_of_cluster() {
        let slots = Slots::ask(&bare)?;
        for server in slots.servers() {
            let node = place.at(server);
            losses.extend(losses_of(&node, &Bare::open(&node, options)?, options)?);
        }
        let layout = layout::read(&layout::holder(place, options)?)?;
        (layout, What::Cluster(slots))
    } else {
        losses.extend(losses_of(place, &bare, options)?);
        (layout::read(&bare)?, What::Server(Link::over(bare)))
    };
    Ok(Found { layout, losses, what })
}

fn losses_of(place: &Place, bare: &Bare, options: &RedisOptions) -> Result<Vec<String>, Trouble> {
    let losses = facts::losses(bare, options)?;
    if let (true, Some(why)) = (options.require_durable, losses.first()) {
        let text = format!("{why}, and a server that keeps what it confirmed is required");
        return Err(Trouble::new(ErrorKind::Unsupported, text));
    }
    Ok(losses
        .into_iter()
        .map(|why| format!("{}: {why}", place.shown))
        .collect())
}

fn member(
    place: Place,
    what: What,
    layout: Layout,
    abilities: &Abilities,
    options: &RedisOptions,
) -> Result<Box<dyn Store>, Error> {
    let (abilities, options) = (abilities.clone(), options.clone());
    match what {
        What::Server(link) => {
            let pool = options.traffic().pool();
            let messenger = Messenger::new(Messages {
                place: place.clone(),
                family: layout.part.family.clone(),
                patience: options.connect_timeout,
            })?;
            let node = Node {
                place,
                options,
                layout,
                cluster: None,
            };
            let database = Database::new(abilities, node, vec![link]).with_messenger(Some(messenger));
            Ok(Box::new(Pool::new(database, &pool)?))
        }
        What::Cluster(slots) => {
            let topology = Topology::new(place, options.clone(), slots);
            Ok(Box::new(Cluster::new(abilities, options, layout, topology)))
        }
    }
}
