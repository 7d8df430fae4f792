//! The stores that are tried, each with its process and a way to it that can be cut.

use crate::tools::proxy::Proxy;
use crate::tools::served::Served;
use sessionlocker::store::Store;
use std::sync::Arc;

/// Opens the store of a URL.
pub type Open = fn(&str) -> Arc<dyn Store>;

pub struct Subject {
    pub name: &'static str,
    pub process: Box<dyn Served>,
    pub open: Open,
    /// In front of the process.
    pub proxy: Proxy,
    /// Where the store is behind the proxy.
    pub by_proxy: String,
}

impl Subject {
    /// The store, straight from the process.
    pub fn store(&self) -> Arc<dyn Store> {
        (self.open)(&self.process.url())
    }
}

#[cfg(feature = "postgres")]
pub mod postgres {
    use super::Subject;
    use crate::tools::postgres::Postgres;
    use crate::tools::proxy::Proxy;
    use crate::tools::served::DATABASE;
    use sessionlocker::store::postgres::{create_tables, PostgresOptions};
    use sessionlocker::store::Store;
    use std::sync::Arc;
    use std::time::Duration;

    fn options() -> PostgresOptions {
        PostgresOptions {
            // What a proxy swallows is found out in a time that a test can wait for.
            request_timeout: Duration::from_secs(4),
            ..PostgresOptions::default()
        }
    }

    pub fn open(url: &str) -> Arc<dyn Store> {
        sessionlocker::store::postgres::open(url, &options()).expect("a store")
    }

    /// A server with a database in which the tables are. `None`, after saying so, where PostgreSQL is not installed.
    pub fn server() -> Option<Postgres> {
        let server = Postgres::start()?;
        let url = server.new_database(DATABASE);
        create_tables(&url, &options()).expect("tables");
        Some(server)
    }

    pub fn subject() -> Option<Subject> {
        let server = server()?;
        let proxy = Proxy::to_socket(&server.socket());
        Some(Subject {
            name: "postgres",
            by_proxy: format!("postgresql://postgres@127.0.0.1:{}/{DATABASE}", proxy.port()),
            proxy,
            process: Box::new(server),
            open,
        })
    }
}

#[cfg(feature = "redis")]
pub mod redis {
    use super::Subject;
    use crate::tools::proxy::Proxy;
    use crate::tools::redis::Redis;
    use sessionlocker::store::redis::{create_layout, RedisOptions};
    use sessionlocker::store::Store;
    use std::sync::Arc;
    use std::time::Duration;

    pub fn options() -> RedisOptions {
        RedisOptions {
            // What a proxy swallows is found out in a time that a test can wait for.
            request_timeout: Duration::from_secs(4),
            ..RedisOptions::default()
        }
    }

    pub fn open(url: &str) -> Arc<dyn Store> {
        sessionlocker::store::redis::open(url, &options()).expect("a store")
    }

    /// A server that flushes each write, with a port, and with the layout on it. `None`, after saying so, where Redis is not
    /// installed.
    pub fn server() -> Option<Redis> {
        let server = Redis::start_at_port(&[("appendfsync", "always")])?;
        create_layout(&server.url(0), &options()).expect("a layout");
        Some(server)
    }

    pub fn subject() -> Option<Subject> {
        let server = server()?;
        let proxy = Proxy::to_socket(&server.socket());
        Some(Subject {
            name: "redis",
            by_proxy: format!("redis://127.0.0.1:{}", proxy.port()),
            proxy,
            process: Box::new(server),
            open,
        })
    }
}
