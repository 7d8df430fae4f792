//! Waking: a store that pushes brings a request to the holder at once and the free record to whoever waits; whatever it
//! fails to push costs time and nothing else.

mod common;
mod game;
#[cfg(all(unix, feature = "postgres", feature = "redis"))]
mod tools;

use common::World;
use game::{player, Game};
use parking_lot::Mutex;
use sessionlocker::engine::core::CoreOptions;
use sessionlocker::engine::{LockerId, Sending};
use sessionlocker::locker::call::Question;
use sessionlocker::locker::event::{Event, LoadStatus};
use sessionlocker::locker::Spec;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{Abilities, Completion, Key, Listener, Request, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// So long that nothing comes by itself in the time that these tests let pass.
const LEASE: Duration = Duration::from_secs(3600);
/// Less than the first wait of whoever finds a record locked.
const MOMENT: Duration = Duration::from_millis(40);

/// Two servers with long leases; the first holds "42".
fn held(pushes: bool) -> (World, usize, usize) {
    let mut world = World::new();
    world.push(pushes);
    let patient = |_: &mut CoreOptions, spec: &mut Spec| {
        (spec.retry_min, spec.retry_max) = (Duration::from_secs(60), Duration::from_secs(60));
        spec.apply_change = true;
    };
    let holder = world.add_with("holder", LEASE, patient);
    let waiter = world.add_with("waiter", LEASE, patient);
    world.load(holder, "42");
    world.announced();
    (world, holder, waiter)
}

fn is_loaded(world: &mut World, server: usize) -> bool {
    let events = world.events(server);
    events.iter().any(|event| matches!(event, Event::Loaded { .. }))
}

#[test]
fn a_record_is_handed_over_at_once_where_the_store_pushes() {
    let (mut world, _, waiter) = held(true);
    let locker = world.open(waiter, "42");
    world.acquire(waiter, locker);
    world.run(MOMENT * 5);
    assert!(is_loaded(&mut world, waiter));
    let told = [("holder", "42"), ("waiter", "42")].map(|(server, key)| (server.to_owned(), key.to_owned()));
    assert_eq!(world.announced(), told, "each is told once");
}

#[test]
fn without_pushes_the_same_takes_time_and_comes_to_the_same() {
    let (mut world, _, waiter) = held(false);
    let locker = world.open(waiter, "42");
    world.acquire(waiter, locker);
    world.run(MOMENT * 5);
    assert!(!is_loaded(&mut world, waiter));
    world.run(LEASE / 5);
    assert!(is_loaded(&mut world, waiter));
}

#[test]
fn a_waiter_hears_at_once_that_it_was_refused() {
    let mut world = World::new();
    world.push(true);
    let holder = world.stubborn_server("holder", LEASE);
    let waiter = world.server("waiter", LEASE);
    world.load(holder, "42");
    world.announced();
    let locker = world.open(waiter, "42");
    world.acquire(waiter, locker);
    world.run(MOMENT * 5);
    let refused = |event: &Event| {
        matches!(
            event,
            Event::LoadStatus(LoadStatus::LockedElsewhere { refused: true, .. })
        )
    };
    assert!(world.events(waiter).iter().any(refused));
}

#[test]
fn a_change_for_a_player_elsewhere_takes_effect_at_once() {
    let (mut world, holder, sender) = held(true);
    let spec = world.spec_of(sender);
    let sending = Sending {
        kind: "gift".into(),
        payload: 5.into(),
        create: false,
        update: false,
        tag: 0,
    };
    world.core(sender).send_change(spec, "42", sending, None).unwrap();
    world.run(MOMENT * 5);
    let applied = |question: &Question| matches!(question, Question::ApplyChange { .. });
    assert!(world.asked(holder).iter().any(applied));
    assert_eq!(world.announced(), [("holder".to_owned(), "42".to_owned())]);
}

#[test]
fn what_nobody_waits_for_is_announced_to_nobody() {
    let (mut world, holder, _) = held(true);
    let locker = world.open(holder, "42");
    world.set(holder, locker, "/gold", 7);
    world.force_save(holder, locker);
    world.run(Duration::from_secs(30));
    world.release(holder, locker);
    world.run(Duration::from_secs(30));
    assert!(world.status(holder, locker).idle);
    assert_eq!(world.announced(), []);
}

/// A memory store that can be made deaf: it pushes nothing then, and says later that it missed something.
#[derive(Default)]
struct Deaf {
    inner: MemoryStore,
    deaf: Arc<AtomicBool>,
    listeners: Mutex<Vec<Arc<DeafListener>>>,
}

struct DeafListener {
    inner: Weak<dyn Listener>,
    deaf: Arc<AtomicBool>,
}

impl DeafListener {
    fn inner(&self) -> Option<Arc<dyn Listener>> {
        self.inner.upgrade().filter(|_| !self.deaf.load(Ordering::SeqCst))
    }
}

impl Listener for DeafListener {
    fn changed(&self, key: &Key) {
        if let Some(inner) = self.inner() {
            inner.changed(key);
        }
    }

    fn missed(&self) {
        if let Some(inner) = self.inner() {
            inner.missed();
        }
    }
}

impl Deaf {
    fn be_deaf(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    fn hear_again(&self) {
        self.deaf.store(false, Ordering::SeqCst);
        self.listeners.lock().iter().for_each(|listener| listener.missed());
    }
}

impl Store for Deaf {
    fn abilities(&self) -> &Abilities {
        self.inner.abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        self.inner.submit(request, completion);
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        let deaf = Arc::clone(&self.deaf);
        let listener = Arc::new(DeafListener { inner: listener, deaf });
        let weak: Weak<DeafListener> = Arc::downgrade(&listener);
        self.inner.listen(server, weak);
        self.listeners.lock().push(listener);
    }
}

/// Updates of both while their clocks stand still.
fn update(games: [&Game; 2]) {
    for _ in 0..20 {
        games
            .iter()
            .for_each(|game| game.engine.update(Duration::ZERO).unwrap());
    }
}

fn is_available(game: &Game, locker: LockerId) -> bool {
    game.engine.core().is_available(game.engine.now(), locker)
}

#[test]
fn engines_of_one_process_wake_each_other_through_the_memory_store() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let [holder, waiter] = ["holder", "waiter"].map(|server| Game::new(&store, server, player(), None));
    holder.load("42");
    waiter.turn();
    let locker = waiter.open("42");
    update([&holder, &waiter]);
    assert!(is_available(&waiter, locker));
}

#[test]
fn what_was_missed_is_looked_for_as_soon_as_the_store_hears_again() {
    let deaf = Arc::new(Deaf::default());
    let store: Arc<dyn Store> = Arc::clone(&deaf) as Arc<dyn Store>;
    let [holder, waiter] = ["holder", "waiter"].map(|server| Game::new(&store, server, player(), None));
    holder.load("42");
    waiter.turn();
    deaf.be_deaf();
    let locker = waiter.open("42");
    update([&holder, &waiter]);
    assert!(!is_available(&waiter, locker));
    deaf.hear_again();
    update([&holder, &waiter]);
    assert!(is_available(&waiter, locker));
}

#[test]
fn a_store_that_outlives_an_engine_tells_it_nothing() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let holder = Game::new(&store, "holder", player(), None);
    holder.load("42");
    let waiter = Game::new(&store, "waiter", player(), None);
    waiter.turn();
    drop(holder);
    waiter.open("42");
    waiter.turn();
    assert_eq!(Arc::strong_count(&store), 2, "one here, one in the engine that is left");
}

#[cfg(all(unix, feature = "postgres", feature = "redis"))]
mod shared {
    use super::*;
    use sessionlocker::store::postgres::{self, PostgresOptions};
    use sessionlocker::store::redis::{self, RedisOptions};
    use tools::postgres::Postgres;
    use tools::redis::Redis;

    /// Updates both, whose clocks stand still, until the record is there: nothing comes by itself then.
    fn load(games: [&Game; 2], of: &Game, key: &str) {
        let locker = of.open(key);
        for _ in 0..20_000 {
            update(games);
            if is_available(of, locker) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nobody was woken");
    }

    fn servers_wake_each_other(stores: &[Arc<dyn Store>; 2]) {
        let holder = Game::new(&stores[0], "holder", player(), None);
        let waiter = Game::new(&stores[1], "waiter", player(), None);
        load([&holder, &waiter], &holder, "42");
        load([&holder, &waiter], &waiter, "another");
        load([&holder, &waiter], &waiter, "42");
    }

    #[test]
    fn servers_wake_each_other_through_postgres() {
        let Some(server) = Postgres::start() else { return };
        let (url, options) = (server.new_schema("waking"), PostgresOptions::default());
        postgres::create_tables(&url, &options).unwrap();
        servers_wake_each_other(&[(); 2].map(|()| postgres::open(&url, &options).unwrap()));
    }

    #[test]
    fn servers_wake_each_other_through_redis() {
        let Some(server) = Redis::start() else { return };
        let (url, options) = (server.url(0), RedisOptions::default());
        redis::create_layout(&url, &options).unwrap();
        servers_wake_each_other(&[(); 2].map(|()| redis::open(&url, &options).unwrap()));
    }
}
