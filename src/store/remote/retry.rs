//! When a connection that could not be made may be tried again.

use super::trouble::Trouble;
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// How long nothing is tried after a connection could not be made: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longer pauses from failure to failure; whoever asks in between is told the last one.
#[derive(Default)]
pub(in crate::store) struct Retry(Mutex<State>);

#[derive(Default)]
struct State {
    pause: Duration,
    not_before: Option<Instant>,
    last: Option<Trouble>,
}

impl Retry {
    /// Tries, unless that is too early.
    pub fn attempt<T>(&self, attempt: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.may_try()?;
        let result = attempt();
        let mut state = self.0.lock();
        match &result {
            Ok(_) => *state = State::default(),
            Err(trouble) => {
                state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                // Not all servers of a game at once.
                let pause = state.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
                state.not_before = Some(Instant::now() + pause);
                state.last = Some(trouble.clone());
            }
        }
        result
    }

    fn may_try(&self) -> Result<(), Trouble> {
        let state = self.0.lock();
        match (&state.last, state.not_before) {
            (Some(last), Some(time)) if Instant::now() < time => Err(last.clone()),
            _ => Ok(()),
        }
    }
}
