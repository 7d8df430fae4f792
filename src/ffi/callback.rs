//! Calling the host, and what may not be called from inside such a call.

use super::result::*;
use std::cell::Cell;

thread_local! {
    /// How many callbacks of the host are running on this thread, one inside another.
    static RUNNING: Cell<u32> = const { Cell::new(0) };
}

/// Runs a callback of the host. No lock of ours may be held.
pub(super) fn run<R>(callback: impl FnOnce() -> R) -> R {
    let _running = Running::new();
    callback()
}

/// Refuses a call that would turn the ground under a callback: to be asked at the start of update, next_event, dispatch,
/// shutdown, and of destroying engines, specs and stores.
pub(super) fn refuse_inside() -> Result<(), Failure> {
    if RUNNING.get() > 0 {
        let text = "this cannot be called inside a callback; do it in the game loop";
        return Err(Failure::new(SLK_E_REENTRANT, text));
    }
    Ok(())
}

struct Running;

impl Running {
    fn new() -> Self {
        RUNNING.set(RUNNING.get() + 1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get() - 1);
    }
}
