//! Makes the story of a broken promise short: what went wrong and what hosts did is left out piece by piece, as long as
//! the same promise still breaks.

use crate::network::{Fate, FATES};
use crate::runner::{run_with, Setup};
use crate::trace::Telling;

/// Kinds of faults of the world, by the roll that chooses them.
pub const FAULT_ROLLS: u32 = 120;
/// Into how many pieces time is cut at last.
const FINEST: u64 = 64;

/// What is left out of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Omit {
    fates: Vec<Fate>,
    /// Rolls of faults, from and to.
    faults: Vec<(u32, u32)>,
    /// Spans of time without bad fates, without faults of the world, without deeds of hosts.
    calm: Vec<(u64, u64)>,
    peaceful: Vec<(u64, u64)>,
    idle: Vec<(u64, u64)>,
}

impl Omit {
    pub fn fate(&self, now: u64, fate: Fate) -> bool {
        self.fates.contains(&fate) || within(&self.calm, now)
    }

    pub fn fault(&self, now: u64, roll: u32) -> bool {
        within(&self.faults, roll) || within(&self.peaceful, now)
    }

    pub fn deed(&self, now: u64) -> bool {
        within(&self.idle, now)
    }
}

fn within<T: PartialOrd>(spans: &[(T, T)], at: T) -> bool {
    spans.iter().any(|(from, to)| *from <= at && at < *to)
}

/// Leaves out as much as possible; `None` if the seed breaks nothing.
pub fn shrink(seed: u64, setup: &Setup) -> Option<Setup> {
    let whole = run_with(seed, setup);
    let broken = whole.violation?.invariant;
    let end = whole.now + 1;
    let mut short = setup.clone();
    let mut attempt = |change: &dyn Fn(&mut Omit)| {
        let mut candidate = short.clone();
        change(&mut candidate.omit);
        let still = run_with(seed, &candidate).violation;
        if still.is_some_and(|violation| violation.invariant == broken) {
            short = candidate;
        }
    };
    for fate in FATES {
        attempt(&|omit| omit.fates.push(fate));
    }
    for roll in (0..FAULT_ROLLS).step_by(5) {
        attempt(&|omit| omit.faults.push((roll, roll + 5)));
    }
    let mut pieces = 2;
    while pieces <= FINEST {
        for piece in 0..pieces {
            let span = (end * piece / pieces, end * (piece + 1) / pieces);
            attempt(&|omit| omit.peaceful.push(span));
            attempt(&|omit| omit.calm.push(span));
            attempt(&|omit| omit.idle.push(span));
        }
        pieces *= 2;
    }
    Some(short)
}

/// Prints the shortest story of a seed that was found.
pub fn tell(seed: u64, setup: &Setup) {
    let Some(mut short) = shrink(seed, setup) else {
        println!("seed {seed} breaks nothing");
        return;
    };
    short.telling = Telling::Story;
    let run = run_with(seed, &short);
    if let Some(violation) = run.violation {
        println!(
            "BROKEN     {} seed {seed}, shrunk: {}",
            violation.invariant, violation.text
        );
    }
}
