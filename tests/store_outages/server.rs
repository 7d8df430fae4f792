//! A game server of real time inside the test: an engine on a store, and players who play at random.

use crate::promises::{Found, Promises};
use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event, LockerId, SpecId};
use sessionlocker::error::Error;
use sessionlocker::locker::call::{CallAnswer, HostCall, Question, Verdict};
use sessionlocker::locker::event::{Event as LockerEvent, LossCause};
use sessionlocker::locker::Spec;
use sessionlocker::receipt::{Receipt, ReceiptOutcome, ReceiptState};
use sessionlocker::record::ledger::PurchaseId;
use sessionlocker::record::Document;
use sessionlocker::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Short, so that outages last longer; the machine may be slow, and a server that misses it is only suspect.
pub const LEASE: Duration = Duration::from_secs(3);

/// Longer than anything takes on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

struct Rules;

impl Host for Rules {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Document::from_json(r#"{"marks":{},"purchases":[]}"#)
    }

    fn answer(&self, _about: &About, call: HostCall) -> CallAnswer {
        let mut draft = call.draft;
        match call.question {
            Question::ApplyReceipt(receipt) => {
                let noted = draft.append_json("/purchases", &format!("\"{}\"", receipt.purchase.id));
                noted.map_or_else(
                    |error| CallAnswer::refused(Verdict::Failed(error.to_string())),
                    |()| CallAnswer::done(Some(draft)),
                )
            }
            _ => CallAnswer::done(None),
        }
    }
}

/// A player on this server.
pub struct Seat {
    pub name: String,
    pub locker: LockerId,
    /// The session is there, as far as was told.
    pub loaded: bool,
    /// The last mark that was made here, of this or an earlier session; and the changes of this session.
    mark: i64,
    changes: Vec<(u64, i64)>,
    purchases: u64,
    pub idle: bool,
}

/// What the host was told, counted.
#[derive(Debug, Default, Clone)]
pub struct Told {
    pub loaded: u64,
    pub saved: u64,
    pub suspect: u64,
    pub fresh: u64,
    pub ended: u64,
    pub store_trouble: u64,
    pub lost: u64,
    pub rolled_back: u64,
    /// Sessions that were lost with data that were not saved, and these data were handed over.
    pub handed_over: u64,
    pub granted: u64,
    pub confirmed: u64,
}

/// How an engine is set up.
pub struct Setup {
    pub max_in_flight: usize,
    pub lease: Duration,
    pub request_timeout: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            max_in_flight: 64,
            lease: LEASE,
            request_timeout: Duration::from_secs(5),
        }
    }
}

pub struct GameServer {
    pub id: String,
    engine: Engine,
    spec: SpecId,
    pub seats: Vec<Seat>,
    random: fastrand::Rng,
    pub told: Told,
    /// How often the game loop has come round, and its longest wait for the library.
    pub updates: u64,
    pub longest_update: Duration,
}

impl GameServer {
    pub fn start(id: &str, store: &Arc<dyn Store>) -> Self {
        Self::start_with(id, store, &Setup::default())
    }

    pub fn start_with(id: &str, store: &Arc<dyn Store>, setup: &Setup) -> Self {
        let engine = Engine::new(EngineOptions {
            server_id: Some(id.to_owned()),
            lease: setup.lease,
            request_timeout: setup.request_timeout,
            max_in_flight: setup.max_in_flight,
            ..EngineOptions::default()
        })
        .expect("an engine");
        let spec = Spec {
            apply_receipt: true,
            autosave: Duration::from_secs(1),
            ..Spec::named("player")
        };
        let spec = engine.add_spec(store, spec, Arc::new(Rules)).expect("a kind of record");
        Self {
            id: id.to_owned(),
            engine,
            spec,
            seats: Vec::new(),
            random: fastrand::Rng::new(),
            told: Told::default(),
            updates: 0,
            longest_update: Duration::ZERO,
        }
    }

    /// A player joins; gives the seat.
    pub fn join(&mut self, name: &str) -> usize {
        let tag = self.seats.len() as u64;
        let locker = self.engine.open_locker(self.spec, name, tag).expect("a locker");
        self.seats.push(Seat {
            name: name.to_owned(),
            locker,
            loaded: false,
            mark: 0,
            changes: Vec::new(),
            purchases: 0,
            idle: false,
        });
        self.join_again(self.seats.len() - 1);
        self.seats.len() - 1
    }

    pub fn join_again(&mut self, seat: usize) {
        self.seats[seat].idle = false;
        let marked = self.engine.core().mark_should_acquire(self.seats[seat].locker, None);
        marked.expect("a living locker");
    }

    pub fn leave(&mut self, seat: usize) {
        let marked = self.engine.core().mark_should_release(self.seats[seat].locker, None);
        marked.expect("a living locker");
    }

    pub fn is_available(&self, seat: usize) -> bool {
        let now = self.engine.now();
        self.engine.core().is_available(now, self.seats[seat].locker)
    }

    /// One turn of the game loop. The library's part of it must never wait for the store.
    pub fn tick(&mut self, promises: &mut Promises) {
        let start = Instant::now();
        self.engine
            .update(Duration::from_millis(5))
            .expect("nobody else updates it");
        self.longest_update = self.longest_update.max(start.elapsed());
        self.updates += 1;
        while let Some(event) = self.engine.next_event() {
            self.take(event, promises);
        }
    }

    fn take(&mut self, event: Event, promises: &mut Promises) {
        match event {
            Event::Locker { source, event } => self.take_of(usize::try_from(source.tag).unwrap(), event, promises),
            Event::Suspect { .. } => self.told.suspect += 1,
            Event::Fresh { .. } => self.told.fresh += 1,
            Event::Ended { .. } => self.told.ended += 1,
            Event::StoreTrouble { .. } => self.told.store_trouble += 1,
            _ => {}
        }
    }

    fn take_of(&mut self, seat: usize, event: LockerEvent, promises: &mut Promises) {
        let server = self.id.clone();
        let seat = &mut self.seats[seat];
        match event {
            LockerEvent::Loaded { .. } => {
                self.told.loaded += 1;
                seat.loaded = true;
                seat.changes.clear();
            }
            LockerEvent::Saved { change } | LockerEvent::Released { change, .. } => {
                self.told.saved += 1;
                let covered = seat.changes.iter().rfind(|(made, _)| *made <= change);
                if let Some((_, mark)) = covered {
                    promises.saved(&seat.name, &server, *mark);
                }
            }
            LockerEvent::Lost {
                cause,
                document,
                saved,
                unknown,
                ..
            } => {
                self.told.lost += 1;
                seat.loaded = false;
                let unsaved: Vec<i64> = seat.unsaved(saved);
                if let Some(latest) = unsaved.last() {
                    let handed = document.get_i64(&format!("/marks/{server}")).expect("a mark");
                    assert_eq!(
                        handed,
                        Some(*latest),
                        "what was not saved is handed over: {}",
                        seat.name
                    );
                    self.told.handed_over += 1;
                }
                for (_, mark) in seat.changes.iter().filter(|(change, _)| *change > unknown.max(saved)) {
                    promises.lost(&seat.name, &server, *mark);
                }
                if cause == LossCause::RolledBack {
                    self.told.rolled_back += 1;
                    promises.rolled_back(&seat.name);
                }
            }
            LockerEvent::Receipt {
                purchase,
                outcome: ReceiptOutcome::Granted { duplicate },
                ..
            } => {
                self.told.granted += 1;
                promises.granted(&seat.name, &purchase, duplicate);
            }
            LockerEvent::Confirmed { .. } => self.told.confirmed += 1,
            LockerEvent::Idle => seat.idle = true,
            LockerEvent::CallbackFailed { text } => panic!("{text}"),
            _ => {}
        }
    }

    /// Changes the player's data as the server's next mark; gives the change.
    pub fn mark(&mut self, seat: usize) -> u64 {
        let seat = &mut self.seats[seat];
        seat.mark += 1;
        let pointer = format!("/marks/{}", self.id);
        let edit = |data: &mut Document| data.set_i64(&pointer, seat.mark);
        let ((), change) = self.engine.core().edit(seat.locker, edit).expect("it is loaded");
        seat.changes.push((change, seat.mark));
        change
    }

    pub fn save(&mut self, seat: usize) {
        let marked = self.engine.core().mark_force_save(self.seats[seat].locker);
        marked.expect("a living locker");
    }

    /// The platform tells of a purchase.
    pub fn buy(&mut self, seat: usize, purchase: &str) {
        let receipt = Receipt {
            purchase: PurchaseId {
                provider: "shop".into(),
                environment: "test".into(),
                id: purchase.into(),
            },
            product: "thing".into(),
            context: Vec::new(),
            tag: 0,
            state: ReceiptState::Purchased,
        };
        let taken = self.engine.core().process_receipt(self.seats[seat].locker, receipt);
        taken.expect("a living locker");
    }

    /// All purchases of this player that this server was told of first.
    pub fn purchases(&self, seat: usize) -> Vec<String> {
        let numbers = 1..=self.seats[seat].purchases;
        numbers.map(|number| self.purchase(seat, number)).collect()
    }

    fn purchase(&self, seat: usize, number: u64) -> String {
        format!("{}-{}-{number}", self.id, self.seats[seat].name)
    }

    /// The platform tells of a purchase of this player that nobody has told of before.
    pub fn buy_new(&mut self, seat: usize) {
        self.seats[seat].purchases += 1;
        let purchase = self.purchase(seat, self.seats[seat].purchases);
        self.buy(seat, &purchase);
    }

    /// A turn in which a player does something.
    pub fn play(&mut self, promises: &mut Promises) {
        self.tick(promises);
        let seat = self.random.usize(0..self.seats.len());
        if !self.seats[seat].loaded {
            return;
        }
        match self.random.u8(0..10) {
            0..7 => {
                self.mark(seat);
            }
            7 => {
                self.mark(seat);
                self.save(seat);
            }
            _ => self.buy_new(seat),
        }
    }

    /// Whether all players are in and nothing is left to save.
    pub fn is_settled(&self) -> bool {
        let core = self.engine.core();
        let now = self.engine.now();
        self.seats.iter().all(|seat| {
            let status = core.status(now, seat.locker).expect("a living locker");
            status.available && !status.dirty && status.purchases_in_progress == 0
        })
    }

    pub fn begin_shutdown(&mut self) {
        let now = self.engine.now();
        self.engine.core().begin_shutdown(now, PATIENCE);
    }

    pub fn is_shut_down(&self) -> bool {
        self.engine.core().is_shut_down()
    }

    /// Everybody is saved and let go.
    pub fn shut_down(mut self, promises: &mut Promises) -> Told {
        self.begin_shutdown();
        let start = Instant::now();
        while !self.is_shut_down() {
            assert!(start.elapsed() < PATIENCE, "{} does not shut down", self.id);
            self.tick(promises);
            pause();
        }
        self.tick(promises);
        self.told
    }

    fn found(&self, seat: usize) -> Found {
        let core = self.engine.core();
        let data = core.document(self.seats[seat].locker).expect("it is loaded");
        let json = data.get_json("").expect("readable").expect("there");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let marks = value["marks"].as_object().expect("an object");
        let purchases = value["purchases"].as_array().expect("a list");
        Found {
            marks: marks
                .iter()
                .map(|(id, mark)| (id.clone(), mark.as_i64().expect("a mark")))
                .collect(),
            purchases: purchases
                .iter()
                .map(|id| id.as_str().expect("an id").to_owned())
                .collect(),
        }
    }
}

impl Seat {
    fn unsaved(&self, saved: u64) -> Vec<i64> {
        let unsaved = self.changes.iter().filter(|(change, _)| *change > saved);
        unsaved.map(|(_, mark)| *mark).collect()
    }
}

/// Between two turns of the game loop.
pub fn pause() {
    std::thread::sleep(Duration::from_millis(3));
}

/// Plays on until it is so.
pub fn play_until(
    servers: &mut [&mut GameServer],
    promises: &mut Promises,
    what: &str,
    is_so: impl Fn(&[&mut GameServer]) -> bool,
) {
    turn_until(servers, promises, what, true, is_so);
}

/// Only lets the library work until it is so.
pub fn wait_until(
    servers: &mut [&mut GameServer],
    promises: &mut Promises,
    what: &str,
    is_so: impl Fn(&[&mut GameServer]) -> bool,
) {
    turn_until(servers, promises, what, false, is_so);
}

fn turn_until(
    servers: &mut [&mut GameServer],
    promises: &mut Promises,
    what: &str,
    plays: bool,
    is_so: impl Fn(&[&mut GameServer]) -> bool,
) {
    let start = Instant::now();
    while !is_so(servers) {
        let told: Vec<&Told> = servers.iter().map(|server| &server.told).collect();
        assert!(
            start.elapsed() < PATIENCE,
            "{what} did not come within {PATIENCE:?}: {told:?}"
        );
        if plays {
            turn(servers, promises);
        } else {
            servers.iter_mut().for_each(|server| server.tick(promises));
            pause();
        }
    }
}

/// One turn of the game on each server.
pub fn turn(servers: &mut [&mut GameServer], promises: &mut Promises) {
    servers.iter_mut().for_each(|server| server.play(promises));
    pause();
}

/// Reads the records of these players, as a server that comes when all others have gone.
pub fn read(store: &Arc<dyn Store>, players: &[String]) -> BTreeMap<String, Found> {
    let mut reader = GameServer::start("reader", store);
    for player in players {
        reader.join(player);
    }
    let mut nothing = Promises::default();
    wait_until(&mut [&mut reader], &mut nothing, "the records", |servers| {
        servers[0].is_settled()
    });
    let seats = 0..reader.seats.len();
    let found = seats
        .map(|seat| (reader.seats[seat].name.clone(), reader.found(seat)))
        .collect();
    reader.shut_down(&mut nothing);
    found
}

/// The names of so many players.
pub fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("p{number}")).collect()
}
