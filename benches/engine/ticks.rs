//! A tick over loaded lockers that have nothing to do.

use crate::chart::{Axis, Charts, Line, Stroke, BLUE};
use crate::game::{data, Server};
use crate::page::{median, spread};
use crate::Size;
use sessionlocker::engine::EngineOptions;
use sessionlocker::locker::Spec;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TICKS: u32 = 2_000;

pub fn measure(size: &Size, charts: &mut Charts) -> String {
    let mut text = format!(
        "Loaded lockers without anything to do; {TICKS} ticks of each number in turn, {} times: medians, and the middle \
         half.\n\n| lockers | ns a tick | to the first |\n|---|---|---|\n",
        size.rounds
    );
    let servers: Vec<Server> = size.idle.iter().map(|lockers| idle_server(*lockers)).collect();
    let mut nanos = vec![Vec::new(); servers.len()];
    for _ in 0..size.rounds {
        for (server, nanos) in servers.iter().zip(&mut nanos) {
            nanos.push(nanos_per_tick(server));
        }
    }
    let ticks: Vec<_> = nanos.into_iter().map(median).collect();
    for (lockers, tick) in size.idle.iter().zip(&ticks) {
        let ratio = tick.0 / ticks[0].0;
        let _ = writeln!(text, "| {lockers} | {} | {ratio:.2} |", spread(*tick, 1));
    }
    text + &chart(size.idle, &ticks, charts)
}

fn chart(lockers: &[usize], ticks: &[(f64, f64, f64)], charts: &mut Charts) -> String {
    let lockers = lockers.iter().map(|lockers| *lockers as f64);
    let most = ticks.iter().fold(0.0, |most: f64, tick| most.max(tick.2));
    let x = Axis {
        title: "loaded lockers",
        marks: lockers.clone().collect(),
        is_log: true,
    };
    let y = Axis {
        title: "nanoseconds a tick",
        marks: (0..=(most / 50.0).ceil() as u32 + 1)
            .map(|step| f64::from(step) * 50.0)
            .collect(),
        is_log: false,
    };
    let line = Line {
        name: "a tick".to_owned(),
        color: BLUE,
        stroke: Stroke::Solid,
        has_marks: true,
        points: lockers.zip(ticks.iter().map(|tick| tick.0)).collect(),
    };
    charts.add(
        "ticks",
        "What a tick costs over the number of idle lockers",
        &x,
        &y,
        &[line],
    )
}

fn idle_server(lockers: usize) -> Server {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // Beats belong to the cost of a server, not of its lockers: a long lease keeps them out of most rounds.
    let options = EngineOptions {
        lease: Duration::from_secs(600),
        ..EngineOptions::default()
    };
    let mut server = Server::start_with(options, &store, Spec::named("player"), &data(100));
    server.join(0..lockers);
    server.tick_until_loaded();
    server
}

fn nanos_per_tick(server: &Server) -> f64 {
    let start = Instant::now();
    for _ in 0..TICKS {
        black_box(server.engine.update(Duration::from_micros(500))).expect("nobody else updates");
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TICKS)
}
