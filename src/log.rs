//! The log: one sink per engine, filtered by level before anything is formatted.

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

/// Where an engine's messages go. Called inside update, on the thread that ticks.
pub trait LogSink: Send + Sync {
    /// Takes one message.
    fn log(&self, level: Level, text: fmt::Arguments<'_>);
}
