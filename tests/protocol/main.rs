//! The protocol of the lock as a model, all of whose states within a bound are visited.
//!
//! The model is written after `src/locker` and `src/engine/{beat,watch}.rs`: one record, a server record for each server,
//! engines that acquire, save, release, beat, watch each other, write *ended* and confirm, over a store with
//! compare-and-set, in which requests land late, twice or never and answers are lost. It shows that the *protocol* keeps
//! its promises; that the *code* follows the protocol is for the simulation to show.
//!
//! Gifts between records are a model of their own, in `mail`.
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
mod explore;
mod held;
mod mail;
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
use explore::explore;
use mail::{Broken, Mail};
use model::{Bound, Model, Sometimes};
use names::exchange;
use planted::Planted;
use search::{search, Found, Limits};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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
        (bound.prompt, "answers at once"),
        (bound.registered, "registered at the start"),
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
    // In one piece: several threads report.
    println!(
        "{} ({})\n  {} states, {} steps, depth {}, {:.1} s, {}; from {} the record is loaded again",
        configuration.name,
        describe(&configuration.bound),
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

/// Visits the states of one configuration; fails if one breaks a promise.
fn visit(configuration: &Configuration, limits: Limits) -> Found {
    let model = Model {
        bound: configuration.bound,
        planted: None,
    };
    let recover_each = configuration.recover_each;
    let found = search(&model, Limits { recover_each, ..limits });
    report(configuration, &found);
    fail(&model, &found);
    found
}

#[test]
fn every_state_keeps_the_promises() {
    let large = std::env::var("PROTOCOL_BOUND").is_ok_and(|bound| bound == "large");
    let limits = Limits {
        states: MOST_STATES,
        time: number("PROTOCOL_SECONDS").filter(|_| large).map(Duration::from_secs),
        recover_each: 0,
    };
    // Two large ones at a time would be too much for the memory.
    let (configurations, threads) = if large { (LARGE, 1) } else { (USUAL, 2) };
    let (next, reached) = (AtomicUsize::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(configuration) = configurations.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = visit(configuration, limits);
                    assert!(large || found.exhausted, "the bound is too large");
                    reached.fetch_or(found.sometimes, Ordering::Relaxed);
                }
            });
        }
    });
    let reached = reached.into_inner();
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

/// Two faults, and a target that is created, erased and created again.
const MAIL: Mail = Mail {
    faults: 2,
    creations: 2,
    erasures: 1,
    broken: None,
};

#[test]
fn every_gift_arrives_once_or_comes_back() {
    let started = Instant::now();
    let found = explore(&MAIL);
    if let Some((promise, way)) = &found.broken {
        panic!("{promise} is broken: {way:#?}");
    }
    for state in &found.states {
        assert!(MAIL.comes_to_rest(state), "gifts stay in the outbox: {state:?}");
    }
    println!(
        "gifts: {} states, depth {}, {:.1} s, exhausted; from each all gifts arrive or come back",
        found.states.len(),
        found.depth,
        started.elapsed().as_secs_f64()
    );
}

#[test]
fn every_broken_rule_of_gifts_is_found() {
    let mut survivors = Vec::new();
    for broken in Broken::ALL {
        let model = Mail {
            broken: Some(broken),
            ..MAIL
        };
        let found = explore(&model);
        let Some((promise, way)) = &found.broken else {
            survivors.push(broken);
            continue;
        };
        let (states, steps) = (found.states.len(), way.len());
        println!("{:<66} {promise:<34} {states:>8} states, {steps} steps", broken.text());
    }
    assert!(survivors.is_empty(), "not found: {survivors:?}");
}
