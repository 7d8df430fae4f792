//! Progress: from a state in which nothing fails any more, the record is loaded and available somewhere in the end.
//!
//! One fair schedule is played: everything under way is answered, every engine wants the record and does all it can, then
//! all clocks tick. A crashed engine is started again only if no other is left.

use crate::actions::{Action, Line};
use crate::model::{Bound, Model};
use crate::state::State;

/// Rounds of the schedule, one tick each: more than two waits and a few ticks, which a takeover needs.
const ROUNDS: u32 = 24;

/// Whether the record is available somewhere when the schedule has been played for a while.
pub fn recovers(model: &Model, state: &State) -> bool {
    let calm = Model {
        bound: Bound {
            epochs: u8::MAX,
            restarts: true,
            edits: 0,
            faults: 0,
            crashes: 0,
            erasures: 0,
            ..model.bound
        },
        planted: model.planted,
    };
    let mut state = *state;
    let mut actions = Vec::new();
    for _ in 0..ROUNDS {
        for _ in 0..4 {
            if act_all(&calm, &mut state, &mut actions) {
                return true;
            }
        }
        state = calm.after(&state, Action::Tick { standing_still: 0 }).0;
    }
    false
}

/// Every engine, in turn, does each thing that it can do once; whether the record was available to one.
fn act_all(model: &Model, state: &mut State, actions: &mut Vec<Action>) -> bool {
    for me in 0..model.bound.engines as u8 {
        let mut done = Vec::new();
        loop {
            model.actions(state, actions);
            let some_live = state.engines.iter().any(Option::is_some);
            let is_left = |action: &&Action| {
                let vain = some_live && matches!(action, Action::Restart { .. });
                is_due(**action, me) && !vain && !done.contains(*action)
            };
            let left = actions.iter().filter(is_left);
            let Some(action) = left.max_by_key(|action| urgency(**action)).copied() else {
                break;
            };
            *state = model.after(state, action).0;
            if state.engines.iter().flatten().any(|engine| engine.believes()) {
                return true;
            }
            done.push(action);
        }
    }
    false
}

/// Whether an engine does this by itself, if nothing fails and nobody changes his mind.
fn is_due(action: Action, me: u8) -> bool {
    match action {
        Action::BeatLook(of)
        | Action::Beat(of)
        | Action::WatchLook(of)
        | Action::WriteEnded(of)
        | Action::WriteLetter(of)
        | Action::Want(of)
        | Action::Read(of)
        | Action::Write(of, _)
        | Action::Land(of, _)
        | Action::Answer(of, _) => of == me,
        Action::Restart { me: of, vouched } => of == me && vouched,
        Action::LandLateRecord(_) | Action::LandLateServer(_) => true,
        _ => false,
    }
}

/// What is done first: what is under way, then what is only read.
fn urgency(action: Action) -> u8 {
    match action {
        Action::LandLateRecord(_) | Action::LandLateServer(_) => 9,
        Action::Land(_, Line::Beat) | Action::Answer(_, Line::Beat) => 8,
        Action::Land(..) | Action::Answer(..) => 7,
        Action::Restart { .. } => 6,
        Action::BeatLook(_) | Action::Beat(_) => 5,
        Action::WriteEnded(_) | Action::WriteLetter(_) => 4,
        Action::Write(..) | Action::Want(_) => 3,
        _ => 0,
    }
}
