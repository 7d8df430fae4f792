//! A small game on one engine, in virtual time: what the tests of whole engines share.
#![allow(dead_code)] // Each test program uses its part.

use parking_lot::Mutex;
use sessionlocker::clock::{Clock, Time};
use sessionlocker::codec::Codec;
use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event, LockerId, SpecId};
use sessionlocker::error::Error;
use sessionlocker::locker::call::{CallAnswer, HostCall};
use sessionlocker::locker::{event, Spec};
use sessionlocker::record::Document;
use sessionlocker::store::{ask, Expected, Key, Kind, Operation, Reply, Request, Store};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// A clock that only moves when it is told to.
pub struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn wall_ms(&self) -> i64 {
        i64::try_from(self.now().0 / 1_000_000).unwrap()
    }
}

struct Rules;

impl Host for Rules {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Document::from_json("{\"gold\":0}")
    }

    fn answer(&self, _about: &About, _call: HostCall) -> CallAnswer {
        CallAnswer::done(None)
    }
}

pub struct Game {
    pub engine: Arc<Engine>,
    pub spec: SpecId,
    clock: Arc<Hand>,
    log: Mutex<Vec<event::Event>>,
}

pub fn player() -> Spec {
    Spec {
        autosave: Duration::from_secs(60),
        ..Spec::named("player")
    }
}

impl Game {
    pub fn new(store: &Arc<dyn Store>, server: &str, spec: Spec, codec: Option<Arc<dyn Codec>>) -> Self {
        let clock = Arc::new(Hand(AtomicU64::new(1_000_000_000_000)));
        let engine = Engine::new(EngineOptions {
            server_id: Some(server.to_owned()),
            clock: Some(Arc::clone(&clock) as Arc<dyn Clock>),
            predecessor_gone: true,
            seed: Some(7),
            ..EngineOptions::default()
        })
        .unwrap();
        let spec = match codec {
            None => engine.add_spec(store, spec, Arc::new(Rules)),
            Some(codec) => engine.add_encoded_spec(store, spec, Arc::new(Rules), codec),
        };
        Self {
            spec: spec.unwrap(),
            engine: Arc::new(engine),
            clock,
            log: Mutex::default(),
        }
    }

    /// One turn of the game loop, 50 ms long; gives its events.
    pub fn turn(&self) -> Vec<Event> {
        self.engine.update(Duration::ZERO).unwrap();
        let events: Vec<Event> = std::iter::from_fn(|| self.engine.next_event()).collect();
        for event in &events {
            if let Event::Locker { event, .. } = event {
                self.log.lock().push(event.clone());
            }
        }
        self.clock.0.fetch_add(50_000_000, Ordering::SeqCst);
        events
    }

    /// Turns until an event of a locker comes that fits; the events up to it are forgotten.
    pub fn until(&self, what: &str, fits: impl Fn(&event::Event) -> bool) -> event::Event {
        for _ in 0..10_000 {
            let found = {
                let mut log = self.log.lock();
                let place = log.iter().position(&fits);
                place.map(|place| log.drain(..=place).next_back().unwrap())
            };
            if let Some(event) = found {
                return event;
            }
            self.turn();
        }
        panic!("{what} did not come");
    }

    pub fn open(&self, key: &str) -> LockerId {
        let locker = self.engine.open_locker(self.spec, key, 0).unwrap();
        self.engine.core().mark_should_acquire(locker, None).unwrap();
        locker
    }

    pub fn load(&self, key: &str) -> LockerId {
        let locker = self.open(key);
        self.until("the record", |event| matches!(event, event::Event::Loaded { .. }));
        locker
    }

    pub fn set_json(&self, locker: LockerId, pointer: &str, json: &str) -> u64 {
        let mut core = self.engine.core();
        core.edit(locker, |data| data.set_json(pointer, json)).unwrap().1
    }

    pub fn json(&self, locker: LockerId) -> String {
        let core = self.engine.core();
        let document = core.document(locker).unwrap();
        document.get_json("").unwrap().unwrap()
    }

    /// Saves, and waits until the change is decided.
    pub fn save(&self, locker: LockerId, change: u64) -> event::ChangeStatus {
        self.engine.core().await_change(locker, change, 1).unwrap();
        self.engine.core().mark_force_save(locker).unwrap();
        let settled = self.until("the save", |event| matches!(event, event::Event::ChangeSettled { .. }));
        match settled {
            event::Event::ChangeSettled { status, .. } => status,
            _ => unreachable!(),
        }
    }

    pub fn end(self) {
        self.engine
            .core()
            .begin_shutdown(self.engine.now(), Duration::from_secs(60));
        for _ in 0..2000 {
            self.turn();
        }
        assert_eq!(self.engine.core().lockers_left(), 0);
    }
}

pub fn key(name: &str) -> Key {
    Key {
        kind: Kind::Record,
        space: "player".into(),
        name: name.into(),
    }
}

/// What is stored under the record's key.
pub fn stored(store: &dyn Store, name: &str) -> Option<Vec<u8>> {
    let request = Request {
        key: key(name),
        operation: Operation::Get,
    };
    match ask(store, request, Duration::from_secs(60)) {
        Some(Ok(Reply::Found { value, .. })) => Some(value.to_vec()),
        Some(Ok(Reply::Missing)) => None,
        other => panic!("{other:?}"),
    }
}

/// Creates a record with this value.
pub fn create(store: &dyn Store, name: &str, value: &[u8]) {
    let request = Request {
        key: key(name),
        operation: Operation::put(value, Expected::Missing),
    };
    let reply = ask(store, request, Duration::from_secs(60));
    assert!(matches!(reply, Some(Ok(Reply::Written { .. }))), "{reply:?}");
}
