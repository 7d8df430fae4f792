//! The process that serves the store, where there is one, and what is done to it.

/// A store that servers reach over a connection. When it is dropped its process ends.
pub trait StoreServer {
    /// `kill -9`, and what is left is started again: all that it confirmed must be there.
    fn kill_and_restart(&mut self);
    /// SIGSTOP.
    fn pause(&mut self);
    /// SIGCONT.
    fn resume(&mut self);
}
