//! Visits all states of a small model: breadth first, whole states kept, with the way to the first that breaks a promise.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

/// A model that is small enough for this.
pub trait Small {
    type State: Copy + Eq + Hash;
    type Deed: Copy + Debug;

    fn start(&self) -> Self::State;

    /// What can happen next.
    fn deeds(&self, state: &Self::State) -> Vec<Self::Deed>;

    fn after(&self, state: &Self::State, deed: Self::Deed) -> Self::State;

    /// The promise that this state breaks.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
}

/// What a search found.
pub struct Explored<M: Small> {
    /// Every state, unless a promise was broken.
    pub states: Vec<M::State>,
    pub depth: usize,
    pub broken: Option<(&'static str, Vec<M::Deed>)>,
}

/// Visits every state, or all up to the first that breaks a promise.
pub fn explore<M: Small>(model: &M) -> Explored<M> {
    let mut states = vec![model.start()];
    let mut known = HashMap::from([(states[0], 0)]);
    // From which state, and by what, each was found first.
    let mut origins: Vec<Option<(usize, M::Deed)>> = vec![None];
    let mut depths = vec![0];
    let mut at = 0;
    while at < states.len() {
        if let Some(promise) = model.broken(&states[at]) {
            let way = way_to(&origins, at);
            let depth = depths[at];
            let broken = Some((promise, way));
            return Explored { states, depth, broken };
        }
        for deed in model.deeds(&states[at]) {
            let next = model.after(&states[at], deed);
            let fresh = states.len();
            if *known.entry(next).or_insert(fresh) == fresh {
                states.push(next);
                origins.push(Some((at, deed)));
                depths.push(depths[at] + 1);
            }
        }
        at += 1;
    }
    let depth = depths[at - 1];
    Explored {
        states,
        depth,
        broken: None,
    }
}

fn way_to<D: Copy>(origins: &[Option<(usize, D)>], mut at: usize) -> Vec<D> {
    let mut way = Vec::new();
    while let Some((before, deed)) = origins[at] {
        way.push(deed);
        at = before;
    }
    way.reverse();
    way
}
