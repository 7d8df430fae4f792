//! A store that a process serves, whichever it is, and what tests do to that process.

use super::postgres::Postgres;
use super::redis::Redis;

/// The process; when it is dropped, it and its files are gone.
pub trait Served {
    /// Where the store is, for servers that are to use it.
    fn url(&self) -> String;
    /// `kill -9`.
    fn kill(&mut self);
    /// Ends it in an orderly way.
    fn stop(&mut self);
    /// Starts it on what is there.
    fn start_again(&mut self);
    /// SIGSTOP.
    fn pause(&mut self);
    /// SIGCONT.
    fn go_on(&mut self);
}

/// The name of the tests' database.
pub const DATABASE: &str = "game";

impl Served for Postgres {
    fn url(&self) -> String {
        Postgres::url(self, DATABASE)
    }

    fn kill(&mut self) {
        Postgres::kill(self);
    }

    fn stop(&mut self) {
        Postgres::stop(self);
    }

    fn start_again(&mut self) {
        Postgres::start_again(self);
    }

    fn pause(&mut self) {
        Postgres::pause(self);
    }

    fn go_on(&mut self) {
        Postgres::go_on(self);
    }
}

impl Served for Redis {
    fn url(&self) -> String {
        Redis::url(self, 0)
    }

    fn kill(&mut self) {
        Redis::kill(self);
    }

    fn stop(&mut self) {
        Redis::stop(self);
    }

    fn start_again(&mut self) {
        Redis::start_again(self);
    }

    fn pause(&mut self) {
        Redis::pause(self);
    }

    fn go_on(&mut self) {
        Redis::go_on(self);
    }
}
