//! How long players take to come from one server to another: from one that lets go, and from one that is dead.

use crate::game::Server;
use crate::page::percentile;
use crate::stores::Bed;
use crate::Size;
use sessionlocker::store::{
    Abilities, Completion, Key, Operation, Receiver, Reply, Request, Store, StoreResult, Waiter,
};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// A store that tells of what is written to it, in this process: what a store that pushes does between machines.
struct Bus {
    inner: Arc<dyn Store>,
    written: Arc<Mutex<Vec<Key>>>,
}

impl Store for Bus {
    fn abilities(&self) -> &Abilities {
        self.inner.abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        if !matches!(request.operation, Operation::Put { .. }) {
            return self.inner.submit(request, completion);
        }
        let teller = Teller {
            key: request.key.clone(),
            written: Arc::clone(&self.written),
            to: completion,
        };
        self.inner.submit(request, Completion::to(teller.to.id(), teller));
    }
}

struct Teller {
    key: Key,
    written: Arc<Mutex<Vec<Key>>>,
    to: Completion,
}

impl Receiver for Teller {
    fn answer(self: Box<Self>, result: StoreResult) {
        let Self { key, written, to } = *self;
        if matches!(result, Ok(Reply::Written { .. })) {
            written.lock().expect("nobody panicked").push(key);
        }
        to.complete(result);
    }

    fn watch(&self, waiter: Weak<dyn Waiter>) {
        self.to.watch(waiter);
    }
}

/// Which notifications arrive: of each two, none, one or both.
#[derive(Clone, Copy)]
enum Pushed {
    None,
    Half,
    All,
}

const MODES: [(&str, Pushed); 3] = [
    ("with push", Pushed::All),
    ("with half of the notifications lost", Pushed::Half),
    ("without push", Pushed::None),
];

/// Far below the default, so that a measurement ends; what it says for another is in proportion.
const LEASE: Duration = Duration::from_secs(12);

pub fn measure(beds: &[Bed], size: &Size) -> String {
    let mut text = format!(
        "{} players, one after the other every 20 ms, join a server while another has them, from the call to the loaded \
         record; the holder lets go at once. The lease is {} s and the beat {} s, a fifth of the \
         defaults. Game loops of a millisecond.\n\n| store | | p50 | p99 |\n|---|---|---|---|\n",
        size.moving_players,
        LEASE.as_secs(),
        LEASE.as_secs_f64() / 12.0
    );
    for bed in beds {
        for (number, (name, pushed)) in MODES.into_iter().enumerate() {
            let mut times = hand_over(bed, &format!("move_{number}"), pushed, size.moving_players);
            let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
            let _ = writeln!(text, "| {} | {name} | {p50:.0} ms | {p99:.0} ms |", bed.name);
        }
    }
    text += "\nThe server that has them is killed, and they join another at once: the time until they are in, in leases.\n\n\
             | store | first | last |\n|---|---|---|\n";
    for bed in beds {
        let mut times = takeover(bed, size.moving_players);
        let (first, last) = (percentile(&mut times, 0.0), percentile(&mut times, 1.0));
        let lease = LEASE.as_secs_f64() * 1e3;
        let _ = writeln!(text, "| {} | {:.2} | {:.2} |", bed.name, first / lease, last / lease);
    }
    text
}

/// Milliseconds until each player was in at the second server.
fn hand_over(bed: &Bed, name: &str, pushed: Pushed, players: usize) -> Vec<f64> {
    let written = Arc::default();
    let store: Arc<dyn Store> = Arc::new(Bus {
        inner: bed.store(name),
        written: Arc::clone(&written),
    });
    let mut from = Server::start("from", &store, Some(LEASE), None);
    let mut to = Server::start("to", &store, Some(LEASE), None);
    from.join(0..players);
    from.tick_until_loaded();
    let mut begun: Vec<Instant> = Vec::new();
    let mut times: Vec<Option<f64>> = vec![None; players];
    let mut count = 0_usize;
    let mut next = Instant::now();
    while times.iter().any(Option::is_none) {
        if begun.len() < players && Instant::now() >= next {
            to.join(begun.len()..begun.len() + 1);
            begun.push(Instant::now());
            next += Duration::from_millis(20);
        }
        from.tick();
        to.tick();
        for key in std::mem::take(&mut *written.lock().expect("nobody panicked")) {
            count += 1;
            if matches!(pushed, Pushed::All) || (matches!(pushed, Pushed::Half) && count % 2 == 0) {
                from.engine.notify(&store, &key);
                to.engine.notify(&store, &key);
            }
        }
        for (place, start) in begun.iter().enumerate() {
            if to.loaded[place] && times[place].is_none() {
                times[place] = Some(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    times.into_iter().flatten().collect()
}

/// The same from a server that is gone.
fn takeover(bed: &Bed, players: usize) -> Vec<f64> {
    let store = bed.store("takeover");
    let mut from = Server::start("killed", &store, Some(LEASE), None);
    from.join(0..players);
    from.tick_until_loaded();
    drop(from);
    let mut to = Server::start("to", &store, Some(LEASE), None);
    to.join(0..players);
    let start = Instant::now();
    let mut times = vec![None; players];
    while times.iter().any(Option::is_none) {
        to.tick();
        for (place, time) in times.iter_mut().enumerate() {
            if to.loaded[place] && time.is_none() {
                *time = Some(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    times.into_iter().flatten().collect()
}
