//! A game server: an engine with players on a store.

use sessionlocker::clock::Clock;
use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event, LockerId, SpecId};
use sessionlocker::error::Error;
use sessionlocker::locker::call::{CallAnswer, HostCall, Question};
use sessionlocker::locker::event::Event as LockerEvent;
use sessionlocker::locker::Spec;
use sessionlocker::record::Document;
use sessionlocker::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// Data as a game keeps them: gold, and items as objects, of about so many bytes of JSON.
pub fn data(bytes: usize) -> String {
    let mut text = String::from("{\"gold\":0,\"level\":7,\"items\":[");
    let mut number = 0;
    while text.len() + 60 < bytes {
        let comma = if number == 0 { "" } else { "," };
        let count = number * 37;
        text += &format!("{comma}{{\"name\":\"item-{number:04}\",\"count\":{count},\"worn\":false}}");
        number += 1;
    }
    text + "]}"
}

/// A purchase is ten gold.
struct Rules {
    data: Document,
}

impl Host for Rules {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Ok(self.data.clone())
    }

    fn answer(&self, _about: &About, mut call: HostCall) -> CallAnswer {
        if !matches!(call.question, Question::ApplyReceipt(_)) {
            return CallAnswer::done(None);
        }
        call.draft.add_i64("/gold", 10).expect("gold is a number");
        CallAnswer::done(Some(call.draft))
    }
}

pub struct Server {
    pub engine: Engine,
    spec: SpecId,
    pub lockers: Vec<LockerId>,
    /// Which of them are loaded here.
    pub loaded: Vec<bool>,
    /// How often it was told of a save, and of a purchase.
    pub saves: u64,
    pub receipts: u64,
}

impl Server {
    /// A server with a kilobyte of data for each player.
    pub fn start(id: &str, store: &Arc<dyn Store>, lease: Option<Duration>, clock: Option<Arc<dyn Clock>>) -> Self {
        let defaults = EngineOptions::default();
        let options = EngineOptions {
            server_id: Some(id.to_owned()),
            lease: lease.unwrap_or(defaults.lease),
            clock,
            ..defaults
        };
        Self::start_with(options, store, Spec::named("player"), &data(1000))
    }

    pub fn start_with(options: EngineOptions, store: &Arc<dyn Store>, spec: Spec, data: &str) -> Self {
        let engine = Engine::new(options).expect("an engine");
        let data = Document::from_json(data).expect("JSON");
        let spec = engine.add_spec(store, spec, Arc::new(Rules { data }));
        Self {
            spec: spec.expect("a kind of record"),
            engine,
            lockers: Vec::new(),
            loaded: Vec::new(),
            saves: 0,
            receipts: 0,
        }
    }

    /// So many more players join, of these numbers.
    pub fn join(&mut self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let tag = self.lockers.len() as u64;
            let locker = self.engine.open_locker(self.spec, &format!("p{number}"), tag);
            self.lockers.push(locker.expect("a locker"));
            self.loaded.push(false);
            self.want(self.lockers.len() - 1);
        }
    }

    pub fn want(&self, place: usize) {
        let marked = self.engine.core().mark_should_acquire(self.lockers[place], None);
        marked.expect("a living locker");
    }

    pub fn earn(&self, place: usize) {
        let edit = |data: &mut Document| data.add_i64("/gold", 1);
        let done = self.engine.core().edit(self.lockers[place], edit);
        done.expect("it is loaded");
    }

    /// One turn of the game loop; true when a shutdown is done.
    pub fn tick(&mut self) -> bool {
        self.engine
            .update(Duration::from_millis(5))
            .expect("nobody else updates it");
        let mut done = false;
        while let Some(event) = self.engine.next_event() {
            match event {
                Event::Locker { source, event } => {
                    let place = usize::try_from(source.tag).expect("a place");
                    match event {
                        LockerEvent::Loaded { .. } => self.loaded[place] = true,
                        LockerEvent::Released { .. } | LockerEvent::Lost { .. } => self.loaded[place] = false,
                        LockerEvent::Saved { .. } => self.saves += 1,
                        LockerEvent::Receipt { .. } => self.receipts += 1,
                        _ => {}
                    }
                }
                Event::ShutdownDone { left } => {
                    assert_eq!(left, 0, "players that were not saved in time");
                    done = true;
                }
                _ => {}
            }
        }
        done
    }

    pub fn tick_until_loaded(&mut self) {
        while !self.loaded.iter().all(|loaded| *loaded) {
            self.tick();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn begin_shutdown(&self) {
        let now = self.engine.now();
        self.engine.core().begin_shutdown(now, Duration::from_secs(600));
    }
}
