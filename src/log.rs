//! The log: one sink per engine, filtered by level before anything is formatted.

use crate::error::Cause;
use std::fmt;

/// How much a message matters, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Data are at risk or a promise could not be kept.
    Error,
    /// Something is wrong and is being dealt with.
    Warning,
    /// Rare events of normal life: registered, taken over, handed over.
    Info,
    /// Each step of each session.
    Debug,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The engine as a whole.
    Engine,
    /// A store, or this server's standing in it.
    Store,
    /// The session of one key.
    Locker,
    /// A receipt or a use of credit.
    Purchase,
    /// A callback of the host.
    Callback,
}

/// A message with what it is about in fields of their own, for programs that read logs.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub kind: Kind,
    /// This server's id.
    pub server: &'a str,
    /// The store's name.
    pub store: Option<&'a str>,
    /// The spec's name.
    pub spec: Option<&'a str>,
    /// The locker's key, or what stands for it where ids are masked.
    pub key: Option<&'a str>,
    /// The fencing token of the session.
    pub epoch: Option<u64>,
    /// Whose trouble it is, where it is trouble.
    pub cause: Option<Cause>,
    /// The message in words, the same as [`LogSink::log`] gets.
    pub text: &'a str,
    /// The wall clock in milliseconds since 1970.
    pub wall_ms: i64,
}

/// Where an engine's messages go. Called inside update, on the thread that ticks.
pub trait LogSink: Send + Sync {
    /// Takes one message.
    fn log(&self, level: Level, text: fmt::Arguments<'_>);

    /// Takes one message with its fields. Without a method of one's own the words go to [`LogSink::log`].
    fn record(&self, record: &Record<'_>) {
        self.log(record.level, format_args!("{}", record.text));
    }
}
