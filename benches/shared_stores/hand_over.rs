//! How long players take to come from one server to another: from one that lets go, and from one that is dead.

use crate::chart::{powers_of_ten, Axis, Charts, Line, Stroke, BLUE, GREEN, RED};
use crate::game::Server;
use crate::page::percentile;
use crate::stores::Bed;
use crate::Size;
use plotters::style::RGBColor;
use sessionlocker::store::{Abilities, Completion, Key, Listener, Request, Store};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Which of the store's pushes arrive: none, every second, or all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushed {
    None,
    Half,
    All,
}

impl Pushed {
    fn short(self) -> &'static str {
        match self {
            Self::None => "no push",
            Self::Half => "half lost",
            Self::All => "push",
        }
    }
}

/// A store of whose pushes not all arrive.
struct Filter {
    inner: Arc<dyn Store>,
    pushed: Pushed,
    listeners: Mutex<Vec<Arc<dyn Listener>>>,
}

impl Store for Filter {
    fn abilities(&self) -> &Abilities {
        self.inner.abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        self.inner.submit(request, completion);
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        match self.pushed {
            Pushed::None => {}
            Pushed::All => self.inner.listen(server, listener),
            Pushed::Half => {
                let half: Arc<dyn Listener> = Arc::new(Half {
                    inner: listener,
                    heard: AtomicU64::new(0),
                });
                self.inner.listen(server, Arc::downgrade(&half));
                self.listeners.lock().expect("nobody panicked").push(half);
            }
        }
    }
}

/// Passes on every second push.
struct Half {
    inner: Weak<dyn Listener>,
    heard: AtomicU64,
}

impl Listener for Half {
    fn changed(&self, key: &Key) {
        let number = self.heard.fetch_add(1, Ordering::Relaxed);
        if let Some(inner) = self.inner.upgrade().filter(|_| number % 2 == 1) {
            inner.changed(key);
        }
    }

    fn missed(&self) {}
}

const MODES: [(&str, Pushed); 3] = [
    ("with push", Pushed::All),
    ("with half of the pushes lost", Pushed::Half),
    ("without push", Pushed::None),
];

/// Far below the default, so that a measurement ends; what it says for another is in proportion.
const LEASE: Duration = Duration::from_secs(12);

pub fn measure(beds: &[Bed], size: &Size, charts: &mut Charts) -> String {
    let mut text = format!(
        "{} players, one after the other every 20 ms, join a server while another has them, from the call to the loaded \
         record; the holder lets go at once. The lease is {} s and the beat {} s, a fifth of the \
         defaults. Game loops of a millisecond.\n\n| store | | p50 | p99 |\n|---|---|---|---|\n",
        size.moving_players,
        LEASE.as_secs(),
        LEASE.as_secs_f64() / 12.0
    );
    let mut lines = Vec::new();
    for (bed, stroke) in beds.iter().zip([Stroke::Dotted, Stroke::Solid, Stroke::Dashed]) {
        for ((number, (name, pushed)), color) in MODES.into_iter().enumerate().zip([GREEN, BLUE, RED]) {
            let store = bed.store(&format!("move_{number}"));
            if pushed != Pushed::None && !store.abilities().push {
                continue;
            }
            let mut times = hand_over(store, pushed, size.moving_players);
            let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
            let _ = writeln!(text, "| {} | {name} | {p50:.0} ms | {p99:.0} ms |", bed.name);
            lines.push(distribution(
                format!("{}, {}", bed.name, pushed.short()),
                color,
                stroke,
                &times,
            ));
        }
    }
    text += &chart(&lines, charts);
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

/// Which share of the players was in after which time; the times are sorted.
fn distribution(name: String, color: RGBColor, stroke: Stroke, times: &[f64]) -> Line {
    let share = |number: usize| number as f64 * 100.0 / times.len() as f64;
    // Up at each time, as high as the share of those who were in by then.
    let steps = times.iter().enumerate();
    let points = steps.flat_map(|(number, time)| [(*time, share(number)), (*time, share(number + 1))]);
    Line {
        name,
        color,
        stroke,
        has_marks: false,
        points: points.collect(),
    }
}

fn chart(lines: &[Line], charts: &mut Charts) -> String {
    let x = Axis {
        title: "milliseconds from the call to the loaded record",
        marks: powers_of_ten(lines.iter().flat_map(|line| &line.points).map(|point| point.0)),
        is_log: true,
    };
    let y = Axis {
        title: "percent of the players are in",
        marks: (0..=4).map(|step| f64::from(step) * 25.0).collect(),
        is_log: false,
    };
    charts.add(
        "hand_over",
        "How long a player takes from server to server",
        &x,
        &y,
        lines,
    )
}

/// Milliseconds until each player was in at the second server.
fn hand_over(store: Arc<dyn Store>, pushed: Pushed, players: usize) -> Vec<f64> {
    let store: Arc<dyn Store> = Arc::new(Filter {
        inner: store,
        pushed,
        listeners: Mutex::default(),
    });
    let mut from = Server::start("from", &store, Some(LEASE), None);
    let mut to = Server::start("to", &store, Some(LEASE), None);
    from.join(0..players);
    from.tick_until_loaded();
    let mut begun: Vec<Instant> = Vec::new();
    let mut times: Vec<Option<f64>> = vec![None; players];
    let mut next = Instant::now();
    while times.iter().any(Option::is_none) {
        if begun.len() < players && Instant::now() >= next {
            to.join(begun.len()..begun.len() + 1);
            begun.push(Instant::now());
            next += Duration::from_millis(20);
        }
        from.tick();
        to.tick();
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
