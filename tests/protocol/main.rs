//! The protocol of the lock as a model, all of whose states within a bound are visited.
//!
//! The model is written after `src/locker` and `src/engine/{beat,watch}.rs`: one record, a server record for each server,
//! engines that acquire, save, release, beat, watch each other, write *ended* and confirm, over a store with
//! compare-and-set, in which requests land late, twice or never and answers are lost. It shows that the *protocol* keeps
//! its promises; that the *code* follows the protocol is for the simulation to show.
//!
//! `PROTOCOL_BOUND=large cargo test --release --test protocol -- --nocapture` visits more for minutes, each configuration
//! for `PROTOCOL_SECONDS` at most. `PROTOCOL_STORY=NameOfThePlantedError` tells how a planted error is found.
//!
//! Why no library for this: the search is two hundred lines, and what makes the states few enough, counting names anew
//! and exchanging servers, is the protocol's own. A model checker would bring a web server and thread pools with it.

mod acquire;
mod actions;
mod beat;
mod configurations;
mod held;
mod model;
mod names;
mod planted;
mod recovery;
mod search;
mod state;
mod store;
mod story;
mod watch;

use configurations::{bound_for, Configuration, LARGE, USUAL};
use model::{Bound, Model, Sometimes};
use names::exchange;
use planted::Planted;
use search::{search, Found, Limits};
use std::collections::HashSet;
use std::time::Duration;

/// More states than fit into a few gigabytes are not visited.
const MOST_STATES: usize = 40_000_000;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What was visited: so many acquisitions and so on.
fn describe(bound: &Bound) -> String {
    let extras = [
        (bound.restarts && bound.crashes > 0, "restarts"),
        (!bound.remembers, "past sessions forgotten"),
        (bound.requests, "requests"),
        (bound.fickle, "loads called off"),
        (bound.letters, "letters"),
        (bound.slow_looks, "slow looks"),
        (bound.slow_reads, "slow reads"),
        (bound.any_clock_rate, "any clock rate"),
    ];
    let extras = extras.iter().filter(|(is, _)| *is).map(|(_, name)| format!(", {name}"));
    format!(
        "{} servers, {} acquisitions, {} changes, {} faults, {} crashes, {} erasures, lease {} ticks believed and {} waited{}",
        bound.engines,
        bound.epochs,
        bound.edits,
        bound.faults,
        bound.crashes,
        bound.erasures,
        bound.lease.stop,
        bound.lease.wait,
        extras.collect::<String>()
    )
}

fn report(configuration: &Configuration, found: &Found) {
    println!("{} ({})", configuration.name, describe(&configuration.bound));
    println!(
        "  {} states, {} steps, depth {}, {:.1} s, {}; from {} the record is loaded again",
        found.unique,
        found.steps,
        found.depth,
        found.took.as_secs_f64(),
        if found.exhausted { "exhausted" } else { "not exhausted" },
        found.recovered,
    );
}

fn fail(model: &Model, found: &Found) {
    if let Some((property, way)) = &found.broken {
        panic!("{} is broken:\n{}", property.name(), story::tell(model, way));
    }
}

#[test]
fn every_state_keeps_the_promises() {
    let large = std::env::var("PROTOCOL_BOUND").is_ok_and(|bound| bound == "large");
    let limits = Limits {
        states: MOST_STATES,
        time: number("PROTOCOL_SECONDS").filter(|_| large).map(Duration::from_secs),
        recover_each: 0,
    };
    let mut reached = 0;
    for configuration in if large { LARGE } else { USUAL } {
        let model = Model {
            bound: configuration.bound,
            planted: None,
        };
        let recover_each = configuration.recover_each;
        let found = search(&model, Limits { recover_each, ..limits });
        report(configuration, &found);
        fail(&model, &found);
        assert!(large || found.exhausted, "the bound is too large");
        reached |= found.sometimes;
    }
    let never = Sometimes::ALL
        .iter()
        .filter(|sometimes| reached & 1 << **sometimes as u32 == 0);
    let never: Vec<_> = never.map(|sometimes| sometimes.text()).collect();
    println!(
        "{} of {} wanted states reached",
        Sometimes::ALL.len() - never.len(),
        Sometimes::ALL.len()
    );
    assert!(limits.time.is_some() || never.is_empty(), "never reached: {never:?}");
}

#[test]
fn every_planted_error_is_found() {
    let wanted_story = std::env::var("PROTOCOL_STORY").unwrap_or_default();
    let limits = Limits {
        states: 5_000_000,
        time: None,
        recover_each: 0,
    };
    let mut survivors = Vec::new();
    for planted in Planted::ALL {
        let model = Model {
            bound: bound_for(planted),
            planted: Some(planted),
        };
        let found = search(&model, limits);
        let Some((property, way)) = &found.broken else {
            println!("{:<66} NOT FOUND in {} states", planted.text(), found.unique);
            survivors.push(planted);
            continue;
        };
        let (name, steps) = (property.name(), way.len());
        println!(
            "{:<66} {name:<34} {:>8} states, {steps} steps",
            planted.text(),
            found.unique
        );
        if format!("{planted:?}") == wanted_story {
            print!("{}", story::tell(&model, way));
        }
    }
    assert!(survivors.is_empty(), "not found: {survivors:?}");
}

/// Servers are alike: whatever can happen in a state can happen in the same way when they have changed places. The
/// search relies on it.
#[test]
fn servers_can_change_places() {
    let seed = number("PROTOCOL_SEED").unwrap_or(1);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let bound = Bound {
        engines: 3,
        crashes: 2,
        erasures: 1,
        faults: 3,
        edits: 3,
        epochs: 3,
        ..bound_for(Planted::LateAnswersAccepted)
    };
    let model = Model { bound, planted: None };
    let (there, back) = ([1, 2, 0], [2, 0, 1]);
    let mut actions = Vec::new();
    for _ in 0..40 {
        let mut state = model.start();
        for _ in 0..60 {
            let exchanged = exchange(&state, there);
            assert_eq!(exchange(&exchanged, back), state);
            model.actions(&exchanged, &mut actions);
            let others = actions
                .iter()
                .map(|action| exchange(&model.after(&exchanged, *action).0, back));
            let others: HashSet<_> = others.collect();
            model.actions(&state, &mut actions);
            let nexts: HashSet<_> = actions.iter().map(|action| model.after(&state, *action).0).collect();
            assert!(
                nexts == others,
                "after a change of places something else can happen in {state:?}"
            );
            state = model.after(&state, actions[random.usize(..actions.len())]).0;
        }
    }
}
