//! The states of a locker as its host sees them, and which of them followed which.

use crate::world::World;
use sessionlocker::locker::event::{Event, LoadStatus};

/// Where a locker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(usize)]
pub enum State {
    #[default]
    Idle,
    Loading,
    StoreFails,
    Locked,
    TooNew,
    Unreadable,
    DataRefused,
    Held,
    Suspect,
    Released,
    Lost,
}

use State::{DataRefused, Held, Idle, Loading, Locked, Lost, Released, StoreFails, Suspect, TooNew, Unreadable};

const STATES: [State; 11] = [
    Idle,
    Loading,
    StoreFails,
    Locked,
    TooNew,
    Unreadable,
    DataRefused,
    Held,
    Suspect,
    Released,
    Lost,
];

/// Transitions that a run of many seeds must have come through.
const EXPECTED: &[(State, &[State])] = &[
    (Idle, &[Loading]),
    (
        Loading,
        &[
            Idle,
            StoreFails,
            Locked,
            TooNew,
            Unreadable,
            DataRefused,
            Held,
            Released,
        ],
    ),
    (StoreFails, &[Idle, Loading, Locked, TooNew, Unreadable, Held]),
    (Locked, &[Idle, Loading, StoreFails, TooNew, DataRefused, Held]),
    (TooNew, &[Idle, StoreFails]),
    (Unreadable, &[Idle, StoreFails]),
    (DataRefused, &[Idle, Locked, Held]),
    (Held, &[Suspect, Released, Lost]),
    (Suspect, &[Held, Released, Lost]),
    (Released, &[Idle, Loading]),
    (Lost, &[Idle]),
];

/// How often each state followed each other one.
#[derive(Clone, Default)]
pub struct Transitions {
    counts: [[u64; STATES.len()]; STATES.len()],
}

impl Transitions {
    pub fn count(&mut self, from: State, to: State) {
        if from != to {
            self.counts[from as usize][to as usize] += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        for (row, more) in self.counts.iter_mut().zip(&other.counts) {
            for (count, more) in row.iter_mut().zip(more) {
                *count += more;
            }
        }
    }

    fn of(&self, from: State, to: State) -> u64 {
        self.counts[from as usize][to as usize]
    }

    /// What was expected and never came.
    pub fn missing(&self) -> Vec<String> {
        let pairs = EXPECTED
            .iter()
            .flat_map(|(from, all)| all.iter().map(move |to| (*from, *to)));
        let missing = pairs.filter(|(from, to)| self.of(*from, *to) == 0);
        missing.map(|(from, to)| format!("{from:?} to {to:?}")).collect()
    }

    pub fn print(&self) {
        println!("transitions");
        for from in STATES {
            let to: Vec<String> = STATES
                .into_iter()
                .filter(|to| self.of(from, *to) > 0)
                .map(|to| format!("{to:?} {}", self.of(from, to)))
                .collect();
            println!("  {:<12} to {}", format!("{from:?}"), to.join(", "));
        }
    }
}

impl World {
    /// A locker is told to be in another state.
    pub fn note_state(&mut self, process: usize, key: usize, event: &Event) {
        let state = match event {
            Event::LoadStatus(status) => match status {
                LoadStatus::Loading => Loading,
                LoadStatus::StoreFailure { .. } => StoreFails,
                LoadStatus::LockedElsewhere { .. } => Locked,
                LoadStatus::UnknownVersion { .. } => TooNew,
                LoadStatus::Unreadable { .. } => Unreadable,
                LoadStatus::DataRefused { .. } => DataRefused,
                LoadStatus::Idle | LoadStatus::Loaded | LoadStatus::Releasing => return,
            },
            Event::Loaded { .. } => Held,
            Event::Released { .. } => Released,
            Event::Lost { .. } => Lost,
            Event::Idle => Idle,
            _ => return,
        };
        self.enter_state(process, key, state);
    }

    pub fn enter_state(&mut self, process: usize, key: usize, state: State) {
        let before = std::mem::replace(&mut self.processes[process].desks[key].state, state);
        self.tally.transitions.count(before, state);
    }
}
