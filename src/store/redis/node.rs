//! One server, or one node of a cluster.

use super::bare::Bare;
use super::batch;
use super::keys;
use super::layout::{self, Layout};
use super::place::{Place, Server};
use super::topology::Topology;
use super::RedisOptions;
use crate::error::ErrorKind;
use crate::store::remote::database::Wire;
use crate::store::remote::trouble::Trouble;
use crate::store::remote::write::Write;
use crate::store::{Reply, Request};
use std::sync::Arc;

/// How a server is talked to.
pub(super) struct Node {
    pub place: Place,
    pub options: RedisOptions,
    pub layout: Layout,
    pub cluster: Option<Arc<Topology>>,
}

/// A connection, and those to other nodes to which keys of this one were moved.
pub(super) struct Link {
    pub bare: Bare,
    others: Vec<Bare>,
}

impl Link {
    pub(super) fn over(bare: Bare) -> Self {
        Self {
            bare,
            others: Vec::new(),
        }
    }
}

impl Link {
    /// The connection to another node, made when it is first needed.
    pub(super) fn other(&mut self, node: &Node, server: &Server) -> Result<&Bare, Trouble> {
        let place = self
            .others
            .iter()
            .position(|bare| bare.server() == server && bare.is_open());
        if place.is_none() {
            self.forget(server);
            self.others
                .push(Bare::open(&node.place.at(server.clone()), &node.options)?);
        }
        Ok(&self.others[place.unwrap_or(self.others.len() - 1)])
    }

    /// It is of no use any longer.
    pub(super) fn forget(&mut self, server: &Server) {
        self.others.retain(|bare| bare.server() != server);
    }
}

impl Node {
    fn connect_and_check(&self) -> Result<Link, Trouble> {
        let bare = Bare::open(&self.place, &self.options)?;
        if bare.is_of_cluster() != self.cluster.is_some() {
            let text = "the server has become a node of a cluster, or is none any longer; open the store again";
            return Err(Trouble::new(ErrorKind::Unsupported, text));
        }
        match layout::read(&bare) {
            Ok(layout) => layout.part.check(&self.layout.part)?,
            // Another node has it.
            Err(trouble) if self.cluster.is_some() && trouble.code.as_deref() == Some("MOVED") => {}
            Err(trouble) => return Err(trouble),
        }
        Ok(Link::over(bare))
    }

    /// A key on this server that is written to find out whether its replicas follow.
    pub(super) fn settled_on(&self, server: &Server) -> Vec<u8> {
        match &self.cluster {
            Some(topology) => topology.settled_on(server),
            None => keys::SETTLED.into(),
        }
    }
}

impl Wire for Node {
    type Link = Link;

    fn shown(&self) -> &str {
        &self.place.shown
    }

    fn connect(&self) -> Result<Link, Trouble> {
        let connected = self.connect_and_check();
        if let (Err(_), Some(topology)) = (&connected, &self.cluster) {
            // Another node may have taken its place.
            topology.refresh(None);
        }
        connected
    }

    fn is_open(&self, link: &Link) -> bool {
        link.bare.is_open()
    }

    fn settle(&self, link: &mut Link) -> Result<(), Trouble> {
        batch::settle(self, link)
    }

    fn read(&self, link: &mut Link, reads: &[&Request], _settle: bool) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
        // What is read is always settled.
        batch::read(self, link, reads)
    }

    fn write(&self, link: &mut Link, writes: &mut [&mut Write]) -> Option<Trouble> {
        batch::write(self, link, writes)
    }
}
