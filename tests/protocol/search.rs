//! Breadth-first search over all states that a model can reach.
//!
//! Of a state that was visited only a fingerprint of 64 bits and that of the state before it are kept; the way to a state
//! is found again by following the fingerprints back and playing forwards. Among n states two have the same fingerprint
//! with a probability of about n² / 2^65: one in a thousand million for two hundred thousand, 1 in 400,000 for ten million.

use crate::actions::Action;
use crate::model::{Model, Property};
use crate::names::{exchange, ENGINES};
use crate::recovery::recovers;
use crate::state::State;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::time::{Duration, Instant};

/// A hasher for values that are fingerprints already.
#[derive(Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed");
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Gathers the bytes of a state, eight at a time, and mixes them by multiplication.
struct Fingerprint {
    hash: u64,
    word: u64,
    bytes: u32,
}

impl Fingerprint {
    fn mix(&mut self) {
        let product = u128::from(self.word ^ self.hash) * 0x9e37_79b9_7f4a_7c15;
        self.hash = (product as u64) ^ ((product >> 64) as u64) ^ self.hash.rotate_left(23);
        self.word = 0;
        self.bytes = 0;
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * self.bytes);
        self.bytes += 1;
        if self.bytes == 8 {
            self.mix();
        }
    }

    /// Lengths and the numbers of variants: all are small.
    fn write_usize(&mut self, value: usize) {
        self.write_u8(value as u8);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u8(value as u8);
    }

    fn finish(&self) -> u64 {
        let mut last = Self { ..*self };
        last.mix();
        last.mix();
        last.hash
    }
}

/// The orders of three servers.
const ORDERS: [[u8; ENGINES]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The fingerprint of a state, the same for all states that differ only in which server is which: servers are brought into
/// the order of their ranks, and of all orders in which those of the same rank can be, the one with the least hash counts.
fn fingerprint(model: &Model, state: &State) -> u64 {
    if !model.is_symmetric() {
        return hash_of(state);
    }
    let engines = model.bound.engines;
    let ranks: [u32; ENGINES] = std::array::from_fn(|me| state.engines[me].map_or(0, |engine| 1 + engine.rank()));
    let in_order = |order: &&[u8; ENGINES]| {
        let moved_beyond = (engines..ENGINES).any(|me| usize::from(order[me]) != me);
        !moved_beyond && order[..engines].is_sorted_by_key(|me| ranks[usize::from(*me)])
    };
    let hash = |order: &[u8; ENGINES]| {
        let mut places = *order;
        for (place, me) in order.iter().enumerate() {
            places[usize::from(*me)] = place as u8;
        }
        if order.is_sorted() {
            hash_of(state)
        } else {
            hash_of(&exchange(state, places))
        }
    };
    let hashes = ORDERS.iter().filter(in_order).map(hash);
    hashes.min().expect("some order is sorted")
}

fn hash_of(state: &State) -> u64 {
    let mut hasher = Fingerprint {
        hash: 0x5851_f42d_4c95_7f2d,
        word: 0,
        bytes: 0,
    };
    state.hash(&mut hasher);
    hasher.finish()
}

/// How a search ended.
pub struct Found {
    pub unique: usize,
    /// Steps taken, each to a state that was new or known.
    pub steps: u64,
    pub depth: u32,
    pub exhausted: bool,
    pub sometimes: u32,
    /// States from which it was tried whether the record is loaded again.
    pub recovered: usize,
    pub took: Duration,
    pub broken: Option<(Property, Vec<Action>)>,
}

/// How far a search may go.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Stop, without a verdict, when this many states were found.
    pub states: usize,
    /// And when this time is over.
    pub time: Option<Duration>,
    /// From one state in so many it is tried whether the record is loaded again; 0: from none.
    pub recover_each: u64,
}

struct Search<'a> {
    model: &'a Model,
    started: Instant,
    limits: Limits,
    /// The state before each state that was visited.
    before: HashMap<u64, u64, BuildHasherDefault<Identity>>,
    found: Found,
}

/// Visits all states.
pub fn search(model: &Model, limits: Limits) -> Found {
    let mut search = Search {
        model,
        started: Instant::now(),
        limits,
        before: HashMap::default(),
        found: Found {
            unique: 0,
            steps: 0,
            depth: 0,
            exhausted: false,
            sometimes: 0,
            recovered: 0,
            took: Duration::ZERO,
            broken: None,
        },
    };
    search.run();
    search.found.unique = search.before.len();
    search.found.took = search.started.elapsed();
    search.found
}

impl Search<'_> {
    fn run(&mut self) {
        let start = self.model.start();
        self.before.insert(fingerprint(self.model, &start), 0);
        let mut layer = vec![start];
        let mut actions = Vec::new();
        while !layer.is_empty() {
            let mut next = Vec::new();
            // What was worked through is freed on the way: two whole layers need not fit into memory.
            while let Some(state) = layer.pop() {
                if self.before.len() >= self.limits.states || self.is_late() {
                    return;
                }
                self.model.actions(&state, &mut actions);
                if self.expand(&state, &actions, &mut next) {
                    return;
                }
                if layer.len() * 2 < layer.capacity() {
                    layer.shrink_to_fit();
                }
            }
            self.found.depth += u32::from(!next.is_empty());
            layer = next;
        }
        self.found.exhausted = true;
    }

    /// Takes every step from a state; whether a property was broken.
    fn expand(&mut self, state: &State, actions: &[Action], next: &mut Vec<State>) -> bool {
        let from = fingerprint(self.model, state);
        for action in actions {
            let (state, notes) = self.model.after(state, *action);
            self.found.steps += 1;
            self.found.sometimes |= notes.sometimes;
            let print = fingerprint(self.model, &state);
            let is_new = !self.before.contains_key(&print);
            let broken = notes.broken.or_else(|| self.stays_lost(is_new, print, &state));
            if let Some(property) = broken {
                self.found.broken = Some((property, self.way_to_break(from, print, property)));
                return true;
            }
            if is_new {
                self.before.insert(print, from);
                next.push(state);
            }
        }
        false
    }

    fn is_late(&self) -> bool {
        self.limits.time.is_some_and(|time| self.started.elapsed() > time)
    }

    fn stays_lost(&mut self, is_new: bool, print: u64, state: &State) -> Option<Property> {
        let each = self.limits.recover_each;
        if !is_new || each == 0 || !print.is_multiple_of(each) {
            return None;
        }
        self.found.recovered += 1;
        (!recovers(self.model, state)).then_some(Property::Progress)
    }

    /// The way to `from` and on to the state `last`, in which `property` was found broken. Played from the start, servers
    /// may have other letters than they had in the search, so that the actions are found again and not remembered.
    fn way_to_break(&self, from: u64, last: u64, property: Property) -> Vec<Action> {
        let mut print = from;
        let mut prints = vec![last];
        while print != 0 {
            prints.push(print);
            print = self.before[&print];
        }
        prints.reverse();
        let mut state = self.model.start();
        let mut actions = Vec::new();
        let mut way = Vec::new();
        for (number, print) in prints.iter().enumerate().skip(1) {
            let is_last = number + 1 == prints.len() && property != Property::Progress;
            self.model.actions(&state, &mut actions);
            let leads_there = |action: &&Action| {
                let (after, notes) = self.model.after(&state, **action);
                fingerprint(self.model, &after) == *print && (!is_last || notes.broken == Some(property))
            };
            let action = *actions
                .iter()
                .find(leads_there)
                .expect("a step leads to the next state");
            way.push(action);
            state = self.model.after(&state, action).0;
        }
        way
    }
}
