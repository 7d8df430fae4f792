//! The server record: one small value per server, with the beat by which the others see that it lives, and the letter
//! box in which they leave the keys that need its attention.

use super::extra::Extra;
use super::stamp::Incarnation;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The shortest and the longest lease; what is read outside this range is brought into it.
pub const LEASE_RANGE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3600));

/// How many letters a server record holds; more are not added, since letters are only hints.
pub const MAX_LETTERS: usize = 256;

const SERVER_FORMAT: u32 = 1;

/// A key that needs the server's attention.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Letter {
    /// The spec's name.
    pub space: String,
    /// The record's key.
    pub name: String,
}

/// The value of a server record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRecord {
    format: u32,
    /// The registration that this record is about.
    pub incarnation: Incarnation,
    /// Different for each try of a beat of this incarnation.
    pub nonce: u64,
    /// How long a contender must see no beat before it may declare this incarnation dead, in milliseconds.
    pub lease_ms: u64,
    /// Whether this incarnation is over. Never turns back.
    #[serde(default)]
    pub ended: bool,
    /// Keys that need attention.
    #[serde(default)]
    pub letters: Vec<Letter>,
    /// When it was written, by the wall clock of the writer; for people.
    #[serde(default)]
    pub written_ms: i64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ServerRecord {
    /// The record of a living incarnation.
    #[must_use]
    pub fn living(incarnation: Incarnation, nonce: u64, lease: Duration, written_ms: i64) -> Self {
        Self {
            format: SERVER_FORMAT,
            incarnation,
            nonce,
            lease_ms: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            ended: false,
            letters: Vec::new(),
            written_ms,
            extra: Extra::default(),
        }
    }

    /// Reads a stored server record; `None` if it cannot be understood.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(value).ok()?;
        (record.format <= SERVER_FORMAT).then_some(record)
    }

    /// Writes it as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a server record can always be written to memory")
    }

    /// The lease, brought into [`LEASE_RANGE`].
    #[must_use]
    pub fn lease(&self) -> Duration {
        bounded_lease(self.lease_ms)
    }
}

/// A lease of `lease_ms` milliseconds, brought into [`LEASE_RANGE`].
#[must_use]
pub fn bounded_lease(lease_ms: u64) -> Duration {
    Duration::from_millis(lease_ms).clamp(LEASE_RANGE.0, LEASE_RANGE.1)
}
