//! A cluster as one store: each of its nodes has threads and connections of its own, so that one that does not answer holds up
//! no other.

use super::keys;
use super::layout::Layout;
use super::node::Node;
use super::place::Server;
use super::topology::Topology;
use super::RedisOptions;
use crate::error::Error;
use crate::store::pool::Pool;
use crate::store::remote::database::Database;
use crate::store::{Abilities, Completion, Request, Store, StoreError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

type Nodes = HashMap<Server, Arc<Pool<Database<Node>>>>;

/// Passes each request on to the node that has its key.
pub(super) struct Cluster {
    abilities: Abilities,
    options: RedisOptions,
    layout: Layout,
    topology: Arc<Topology>,
    /// Those that were needed so far. One that has left the cluster stays, with nothing to do: to end its threads would be
    /// to wait for them.
    nodes: Mutex<Nodes>,
}

impl Cluster {
    pub(super) fn new(abilities: Abilities, options: RedisOptions, layout: Layout, topology: Topology) -> Self {
        Self {
            abilities,
            options,
            layout,
            topology: Arc::new(topology),
            nodes: Mutex::default(),
        }
    }

    fn node(&self, server: &Server) -> Result<Arc<Pool<Database<Node>>>, Error> {
        let mut nodes = self.nodes.lock();
        if let Some(pool) = nodes.get(server) {
            return Ok(Arc::clone(pool));
        }
        let node = Node {
            place: self.topology.place.at(server.clone()),
            options: self.options.clone(),
            layout: self.layout.clone(),
            cluster: Some(Arc::clone(&self.topology)),
        };
        let database = Database::new(self.abilities.clone(), node, Vec::new());
        let pool = Arc::new(Pool::new(database, &self.options.traffic().pool())?);
        nodes.insert(server.clone(), Arc::clone(&pool));
        Ok(pool)
    }
}

impl Store for Cluster {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn submit(&self, request: Request, completion: Completion) {
        let slots = self.topology.slots();
        let owner = slots.owner(&keys::record(&request.key));
        let server = owner.cloned().unwrap_or_else(|_| self.topology.any());
        match self.node(&server) {
            Ok(pool) => pool.submit(request, completion),
            Err(error) => completion.complete(Err(StoreError::not_applied(error.text()))),
        }
    }
}
