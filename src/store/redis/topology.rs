//! Which nodes a cluster has, as far as is known here, and finding out anew.

use super::bare::Bare;
use super::keys;
use super::place::{Place, Server};
use super::slots::Slots;
use super::RedisOptions;
use crate::store::remote::trouble::Trouble;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Not asked again within this time.
const PAUSE: Duration = Duration::from_millis(100);

/// So many names are tried to find one that a node has: many times as many as there are slots.
const TRIES: u32 = 1_000_000;

/// A cluster.
pub(super) struct Topology {
    /// The nodes that the URL names.
    pub place: Place,
    options: RedisOptions,
    slots: Mutex<Arc<Slots>>,
    /// When it was asked last. Held by whoever asks.
    asked: Mutex<Option<Instant>>,
}

impl Topology {
    pub(super) fn new(place: Place, options: RedisOptions, slots: Slots) -> Self {
        Self {
            place,
            options,
            slots: Mutex::new(Arc::new(slots)),
            asked: Mutex::new(None),
        }
    }

    pub(super) fn slots(&self) -> Arc<Slots> {
        Arc::clone(&self.slots.lock())
    }

    /// A node to ask about keys that nobody is known to have.
    pub(super) fn any(&self) -> Server {
        self.place.servers[0].clone()
    }

    /// Asks the node that should know, if there is one, and then all others until one answers. Does nothing while another
    /// thread asks, or where it was done a moment ago.
    pub(super) fn refresh(&self, knows: Option<&Server>) {
        let Some(mut asked) = self.asked.try_lock() else { return };
        if asked.is_some_and(|time| time.elapsed() < PAUSE) {
            return;
        }
        let known = self.slots().servers();
        for server in knows.into_iter().chain(&known).chain(&self.place.servers) {
            if let Ok(slots) = self.ask(server) {
                *self.slots.lock() = Arc::new(slots);
                break;
            }
        }
        *asked = Some(Instant::now());
    }

    fn ask(&self, server: &Server) -> Result<Slots, Trouble> {
        Slots::ask(&Bare::open(&self.place.at(server.clone()), &self.options)?)
    }

    /// A key on this node that is written to find out whether its replicas follow.
    pub(super) fn settled_on(&self, server: &Server) -> Vec<u8> {
        let slots = self.slots();
        let mut names = (0..TRIES).map(|number| format!("{}:{number}", keys::SETTLED).into_bytes());
        let is_there = |name: &Vec<u8>| slots.owner(name).is_ok_and(|owner| owner == server);
        names.find(is_there).unwrap_or_else(|| keys::SETTLED.into())
    }
}
