//! The names that an engine makes begin with an origin that it draws at random. So that the same seed gives the same
//! trace, what it writes has the origin of its process instead, and what it reads has its own again.

use crate::faults::origin_of;
use sessionlocker::store::Bytes;

/// A random origin has 32 digits; those of the run have 18.
const LEAST_DIGITS: usize = 32;

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

    /// What the engine writes, as the world is to see it. All names in the store are of the run: the first other name
    /// that the engine writes is one of its own.
    pub fn publish(&mut self, value: &[u8]) -> Bytes {
        if self.own.is_none() {
            self.own = random_name(value).map(<[u8]>::to_vec);
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

/// The origin of the first name with a random one, with the point behind it.
fn random_name(value: &[u8]) -> Option<&[u8]> {
    let quoted = value.split(|byte| *byte == b'"');
    quoted
        .filter_map(|text| text.split_inclusive(|byte| *byte == b'.').next())
        .find(|origin| {
            let digits = origin.strip_suffix(b".").unwrap_or_default();
            digits.len() >= LEAST_DIGITS && digits.iter().all(u8::is_ascii_hexdigit)
        })
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
