//! What a tick costs over loaded, idle lockers: 100 beside 100,000, measured in turn in one run.
//!
//! `cargo bench --bench idle_tick` prints the median of each size with the range of the middle half, and their ratio.

use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event};
use sessionlocker::error::Error;
use sessionlocker::locker::call::{CallAnswer, HostCall};
use sessionlocker::locker::event::Event as LockerEvent;
use sessionlocker::locker::Spec;
use sessionlocker::record::Document;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SIZES: [usize; 2] = [100, 100_000];
const ROUNDS: usize = 201;
const TICKS_PER_ROUND: u32 = 2_000;

struct Game;

impl Host for Game {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Document::from_json("{\"gold\":0}")
    }

    fn answer(&self, _about: &About, _call: HostCall) -> CallAnswer {
        CallAnswer::done(None)
    }
}

fn main() {
    let engines = SIZES.map(engine_with);
    let mut nanos = SIZES.map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for (engine, nanos) in engines.iter().zip(&mut nanos) {
            nanos.push(nanos_per_tick(engine));
        }
    }
    let medians: Vec<f64> = SIZES
        .iter()
        .zip(nanos)
        .map(|(size, nanos)| report(*size, nanos))
        .collect();
    println!(
        "ratio {} : {} lockers  {:.2}",
        SIZES[1],
        SIZES[0],
        medians[1] / medians[0]
    );
}

fn nanos_per_tick(engine: &Engine) -> f64 {
    let start = Instant::now();
    for _ in 0..TICKS_PER_ROUND {
        black_box(engine.update(Duration::from_micros(500))).expect("nobody else updates");
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TICKS_PER_ROUND)
}

fn report(size: usize, mut nanos: Vec<f64>) -> f64 {
    nanos.sort_by(f64::total_cmp);
    let quartile = |quarter: usize| nanos[nanos.len() * quarter / 4];
    let median = quartile(2);
    println!(
        "{size:>7} loaded idle lockers  {median:>8.1} ns a tick  (middle half {:.1} to {:.1}, {ROUNDS} rounds of {TICKS_PER_ROUND})",
        quartile(1),
        quartile(3)
    );
    median
}

/// An engine with that many loaded lockers that have nothing to do.
fn engine_with(lockers: usize) -> Engine {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // Beats belong to the cost of a server, not of its lockers: a long lease keeps them out of most rounds.
    let options = EngineOptions {
        lease: Duration::from_secs(600),
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).expect("the options are good");
    let spec = engine
        .add_spec(&store, Spec::named("player"), Arc::new(Game))
        .expect("the spec is good");
    for number in 0..lockers {
        let id = engine
            .open_locker(spec, &number.to_string(), 0)
            .expect("the key is good");
        engine.core().mark_should_acquire(id, None).expect("the locker is open");
    }
    let mut loaded = 0;
    while loaded < lockers {
        engine.update(Duration::ZERO).expect("nobody else updates");
        while let Some(event) = engine.core().next_event() {
            let is_loaded = matches!(
                event,
                Event::Locker {
                    event: LockerEvent::Loaded { .. },
                    ..
                }
            );
            loaded += usize::from(is_loaded);
        }
    }
    engine
}
