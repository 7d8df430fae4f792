//! How much is asked of a server at once, and for how long its answer is waited for.

use crate::error::{Error, ErrorKind};
use crate::store::pool::PoolOptions;
use std::time::Duration;

/// The most connections to one server.
pub const MAX_CONNECTIONS: usize = 128;

/// The longest time-out.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// What the options of all these stores have in common.
#[derive(Clone, Debug)]
pub(in crate::store) struct Traffic {
    pub connections: usize,
    pub batch: usize,
    pub queue: usize,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
}

impl Default for Traffic {
    fn default() -> Self {
        let pool = PoolOptions::default();
        Self {
            connections: 4,
            batch: pool.batch,
            queue: pool.queue,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(8),
        }
    }
}

impl Traffic {
    /// Refuses what makes no sense.
    pub fn check(&self) -> Result<(), Error> {
        let refused = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return refused(format!(
                "{} connections: at least 1 and at most {MAX_CONNECTIONS}",
                self.connections
            ));
        }
        for (name, time) in [
            ("connecting", self.connect_timeout),
            ("a request", self.request_timeout),
        ] {
            if time.is_zero() || time > MAX_TIMEOUT {
                return refused(format!(
                    "{time:?} for {name}: more than nothing and at most {MAX_TIMEOUT:?}"
                ));
            }
        }
        Ok(())
    }

    /// With more than one connection, half of them are for reads alone.
    pub fn pool(&self) -> PoolOptions {
        let read_threads = self.connections / 2;
        PoolOptions {
            threads: self.connections - read_threads,
            read_threads,
            queue: self.queue,
            batch: self.batch,
        }
    }
}
