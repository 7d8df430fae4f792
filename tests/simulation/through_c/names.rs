//! The names that an engine makes begin with an origin that it draws at random. So that the same seed gives the same
//! trace, what it writes has the origin of its process instead, and what it reads has its own again.

use crate::faults::origin_of;
use crate::view::ServerView;
use std::sync::Arc;

/// The two ways to write the origin of one engine.
pub struct Names {
    /// As the engine writes it, once that is known; with the point behind it.
    own: Option<Vec<u8>>,
    /// As the world reads it.
    public: Vec<u8>,
}

impl Names {
    pub fn of(number: usize) -> Self {
        Self {
            own: None,
            public: format!("{:x}.", origin_of(number)).into_bytes(),
        }
    }

    /// What the engine writes, as the world is to see it. The first record of its own tells its origin.
    pub fn publish(&mut self, value: &[u8], is_server: bool) -> Arc<[u8]> {
        if self.own.is_none() && is_server {
            self.own = ServerView::parse(value)
                .ok()
                .map(|view| view.incarnation.origin)
                .filter(|origin| !is_public(*origin))
                .map(|origin| format!("{origin:x}.").into_bytes());
        }
        match &self.own {
            Some(own) => replace(value, own, &self.public).into(),
            None => value.into(),
        }
    }

    /// What is stored, as the engine is to see it.
    pub fn reclaim(&self, value: &[u8]) -> Vec<u8> {
        match &self.own {
            Some(own) => replace(value, &self.public, own),
            None => value.to_vec(),
        }
    }
}

/// Whether an origin is that of a process of the run.
fn is_public(origin: u128) -> bool {
    origin >> 64 == origin_of(0) >> 64
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Looks for the point at the end of the name first: there are few of them.
fn find(text: &[u8], name: &[u8]) -> Option<usize> {
    let last = name.len() - 1;
    let ends = (last..text.len()).filter(|end| text[*end] == b'.');
    ends.map(|end| end - last).find(|at| text[*at..].starts_with(name))
}
