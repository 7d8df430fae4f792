//! The library: several engines over one store in memory, on one clock that stands still between steps.

use crate::plain::{Deed, Expected, Fate, Plain, Says, KEYS, NAMES, SERVERS};
use sessionlocker::change::Draft;
use sessionlocker::clock::{Clock, Time};
use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event, LockerId, Sending, SpecId, VisitOutcome};
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::locker::call::{CallAnswer, HostCall, Question, Verdict};
use sessionlocker::locker::event::Event as LockerEvent;
use sessionlocker::locker::Spec;
use sessionlocker::receipt::{CreditOutcome, Receipt, ReceiptOutcome, ReceiptState, Standing};
use sessionlocker::record::codec;
use sessionlocker::record::ledger::{Effect, PurchaseId};
use sessionlocker::record::Document;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{ask, Key, Kind, Operation, Reply, Request, Store};
use sessionlocker::visit::courier;
use sessionlocker::visit::guest::{Parting, Purpose};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

const STEP_NS: u64 = 25_000_000;
/// A step that has not come to its end in so many turns never will.
const TURNS: usize = 1_200;

struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }

    fn wall_ms(&self) -> i64 {
        0
    }
}

/// The game: gold may be sent and bought, one product cannot be applied, another is not known.
struct Game;

impl Host for Game {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Document::from_json(r#"{"gold":0,"list":[]}"#)
    }

    fn answer(&self, _about: &About, call: HostCall) -> CallAnswer {
        let mut draft = call.draft;
        let edited = match &call.question {
            Question::ApplyChange { sent, .. } if sent.kind == "gold" => {
                draft.add_i64("/gold", sent.payload.as_i64().unwrap_or(0))
            }
            Question::ApplyReceipt(receipt) if receipt.product == "gold" => draft.add_i64("/gold", 10),
            Question::ApplyReceipt(receipt) if receipt.product == "unknown" => {
                return CallAnswer::refused(Verdict::UnknownProduct);
            }
            Question::RevokeReceipt(receipt)
                if receipt.product == "gold" && draft.get_i64("/gold").is_ok_and(|gold| gold >= Some(10)) =>
            {
                draft.add_i64("/gold", -10)
            }
            _ => return CallAnswer::refused(Verdict::NotApplicable),
        };
        match edited {
            Ok(_) => CallAnswer::done(Some(draft)),
            Err(error) => CallAnswer::refused(Verdict::Failed(error.text().to_owned())),
        }
    }
}

struct Server {
    engine: Engine,
    spec: SpecId,
    lockers: [LockerId; KEYS],
}

pub struct World {
    store: Arc<dyn Store>,
    clock: Arc<Hand>,
    seed: u64,
    servers: Vec<Server>,
    heard: Vec<Event>,
}

fn start(store: &Arc<dyn Store>, clock: &Arc<Hand>, number: usize, seed: u64) -> Server {
    let engine = Engine::new(EngineOptions {
        server_id: Some(format!("s{number}")),
        lease: Duration::from_secs(2),
        predecessor_gone: true,
        clock: Some(Arc::clone(clock) as Arc<dyn Clock>),
        seed: Some(seed),
        ..EngineOptions::default()
    })
    .unwrap();
    let settings = Spec {
        autosave: Duration::from_secs(1_000_000),
        retry_min: Duration::from_millis(50),
        retry_max: Duration::from_millis(400),
        apply_receipt: true,
        revoke_receipt: true,
        apply_change: true,
        inbox_limit: 1_000,
        ..Spec::named("player")
    };
    let spec = engine.add_spec(store, settings, Arc::new(Game)).unwrap();
    let open = |key: usize| engine.open_locker(spec, &format!("k{key}"), key as u64).unwrap();
    let lockers = std::array::from_fn(open);
    Server { engine, spec, lockers }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = Arc::new(Hand(AtomicU64::new(1_000_000_000_000)));
        let servers = (0..SERVERS).map(|number| start(&store, &clock, number, seed)).collect();
        Self {
            store,
            clock,
            seed,
            servers,
            heard: Vec::new(),
        }
    }

    fn turn(&mut self) {
        for server in &self.servers {
            server.engine.update(Duration::ZERO).unwrap();
            while let Some(event) = server.engine.next_event() {
                self.heard.push(event);
            }
        }
        self.clock.0.fetch_add(STEP_NS, Ordering::Relaxed);
    }

    /// Does it, and hears what it should hear.
    pub fn step(&mut self, deed: &Deed, expected: &Expected) -> Result<(), String> {
        self.heard.clear();
        let result = self.act(deed);
        match (result, expected) {
            (Err(error), Expected::NotLoaded) if error.kind() == ErrorKind::NotLoaded => return Ok(()),
            (Err(error), _) => return Err(format!("refused: {error}; expected {expected:?}")),
            (Ok(()), Expected::NotLoaded) => return Err("not refused".into()),
            (Ok(()), Expected::Nothing) => return Ok(()),
            (Ok(()), _) => {}
        }
        for _ in 0..TURNS {
            self.turn();
            if let Some(answer) = self.heard.iter().find_map(answer_of) {
                return if answer == *expected {
                    self.finish(deed)
                } else {
                    Err(format!("the answer is {answer:?}, expected {expected:?}"))
                };
            }
        }
        Err(format!("no answer; expected {expected:?}"))
    }

    fn act(&mut self, deed: &Deed) -> Result<(), Error> {
        match *deed {
            Deed::Acquire { server, key, name } => self.at(server, key, |engine, id| {
                engine.core().mark_should_acquire(id, NAMES[name])
            }),
            Deed::Release { server, key, name } => self.at(server, key, |engine, id| {
                engine.core().mark_should_release(id, NAMES[name])
            }),
            Deed::TakeOver { server, key } => {
                self.at(server, key, |engine, id| engine.core().take_over(id, None))?;
                for _ in 0..TURNS {
                    self.turn();
                    if self.is_available(server, key) {
                        break;
                    }
                }
                self.expose_losers(server, key);
                Ok(())
            }
            Deed::Add { server, key, gold } => self.edit(server, key, |data| data.add_i64("/gold", gold).map(drop)),
            Deed::Append { server, key, number } => {
                self.edit(server, key, |data| data.append_json("/list", &number.to_string()))
            }
            Deed::Save { server, key } => self.at(server, key, |engine, id| engine.core().mark_force_save(id)),
            Deed::SaveSoon { server, key } => self.at(server, key, |engine, id| engine.core().mark_should_save(id)),
            Deed::Send {
                server,
                key,
                gold,
                create,
            } => self.send(server, key, ("gold", gold), create, false),
            Deed::SendUnknown { server, key } => self.send(server, key, ("future", 1), false, false),
            Deed::Update { server, key, gold } => self.send(server, key, ("gold", gold), false, true),
            Deed::Gift { server, key, to, gold } => self.gift(server, key, to, gold),
            Deed::View { server, key } => self.visit(server, key, Purpose::View),
            Deed::Erase { server, key, force } => self.visit(server, key, Purpose::Erase { force }),
            Deed::User { server, key, user, add } => self.at(server, key, |engine, id| {
                let mut core = engine.core();
                let name = format!("u{user}");
                if add {
                    core.add_user(id, &name).map(drop)
                } else {
                    core.remove_user(id, &name).map(drop)
                }
            }),
            Deed::Credit { server, key, amount } => self.at(server, key, |engine, id| {
                engine.core().give_credit(id, "awkward", amount).map(drop)
            }),
            Deed::UseCredit { server, key } => {
                self.at(server, key, |engine, id| engine.core().use_credit(id, "awkward", 1))
            }
            Deed::Receipt { server, key, id, says } => self.at(server, key, |engine, locker| {
                engine.core().process_receipt(locker, receipt(id, says))
            }),
            Deed::Reopen { server, key } => {
                let place = &mut self.servers[server];
                place.engine.core().close_locker(place.lockers[key])?;
                place.lockers[key] = place.engine.open_locker(place.spec, &format!("k{key}"), key as u64)?;
                Ok(())
            }
            Deed::Restart { server } => {
                let engine = &self.servers[server].engine;
                engine.core().begin_shutdown(engine.now(), Duration::from_secs(30));
                for _ in 0..TURNS {
                    self.turn();
                    if self.servers[server].engine.core().is_shut_down() {
                        break;
                    }
                }
                self.servers[server] = start(&self.store, &self.clock, server, self.seed);
                Ok(())
            }
            Deed::Crash { server } => {
                let held: Vec<usize> = (0..KEYS).filter(|key| self.is_available(server, *key)).collect();
                self.servers[server] = start(&self.store, &self.clock, server, self.seed);
                for key in held {
                    self.at(server, key, |engine, id| engine.core().mark_should_acquire(id, None))?;
                    for _ in 0..TURNS {
                        self.turn();
                        if self.is_available(server, key) {
                            break;
                        }
                    }
                    self.turn();
                    self.turn();
                    self.at(server, key, |engine, id| engine.core().mark_should_release(id, None))?;
                }
                Ok(())
            }
        }
    }

    fn at(
        &self,
        server: usize,
        key: usize,
        act: impl FnOnce(&Engine, LockerId) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let server = &self.servers[server];
        act(&server.engine, server.lockers[key])
    }

    fn edit(
        &self,
        server: usize,
        key: usize,
        edit: impl FnOnce(&mut Document) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.at(server, key, |engine, id| engine.core().edit(id, edit).map(drop))
    }

    fn send(
        &self,
        server: usize,
        key: usize,
        (kind, gold): (&str, i64),
        create: bool,
        update: bool,
    ) -> Result<(), Error> {
        let server = &self.servers[server];
        let sending = Sending {
            kind: kind.into(),
            payload: gold.into(),
            create,
            update,
            tag: 1,
        };
        server.engine.send_change(server.spec, &format!("k{key}"), sending)
    }

    fn gift(&self, server: usize, key: usize, to: usize, gold: i64) -> Result<(), Error> {
        self.edit(server, key, |data| data.add_i64("/gold", -gold).map(drop))?;
        let draft = Draft {
            space: "player".into(),
            key: format!("k{to}"),
            kind: "gold".into(),
            payload: gold.into(),
            create: false,
        };
        self.at(server, key, |engine, id| {
            engine.core().queue_change(id, draft).map(drop)
        })
    }

    fn visit(&self, server: usize, key: usize, purpose: Purpose) -> Result<(), Error> {
        let server = &self.servers[server];
        server.engine.visit(server.spec, &format!("k{key}"), purpose, 1)
    }

    fn is_available(&self, server: usize, key: usize) -> bool {
        let server = &self.servers[server];
        server
            .engine
            .core()
            .is_available(server.engine.now(), server.lockers[key])
    }

    /// Whoever lost a record without knowing learns it when it tries to save.
    fn expose_losers(&self, winner: usize, key: usize) {
        for number in (0..SERVERS).filter(|number| *number != winner) {
            // Refused where nothing is held.
            let _ = self.at(number, key, |engine, id| engine.core().mark_force_save(id));
        }
    }

    fn finish(&mut self, deed: &Deed) -> Result<(), String> {
        if let Deed::Erase { key, force: true, .. } = deed {
            self.expose_losers(SERVERS, *key);
        }
        Ok(())
    }

    /// Turns until everything is as the model says.
    pub fn settle(&mut self, plain: &Plain) -> Result<(), String> {
        let mut difference = String::new();
        for _ in 0..TURNS {
            self.turn();
            match self.compare(plain) {
                Ok(()) => return Ok(()),
                Err(text) => difference = text,
            }
        }
        Err(difference)
    }

    fn compare(&self, plain: &Plain) -> Result<(), String> {
        for key in 0..KEYS {
            for server in 0..SERVERS {
                self.compare_locker(plain, server, key)?;
            }
            self.compare_stored(plain, key)?;
        }
        Ok(())
    }

    fn compare_locker(&self, plain: &Plain, server: usize, key: usize) -> Result<(), String> {
        let record = &plain.records[key];
        let held = record.held.as_ref().filter(|(holder, _)| *holder == server);
        let place = &self.servers[server];
        let status = place.engine.core().status(place.engine.now(), place.lockers[key]);
        let status = status.map_err(|error| error.to_string())?;
        let about = format!("k{key} on s{server}");
        if status.available != held.is_some() || status.idle == held.is_some() {
            return Err(format!("{about}: held {}, {status:?}", held.is_some()));
        }
        let Some((_, data)) = held else {
            return Ok(());
        };
        let core = place.engine.core();
        let document = core.document(place.lockers[key]).map_err(|error| error.to_string())?;
        let credit = core.credit(place.lockers[key], "awkward").unwrap_or(i64::MIN);
        let debt = core.credit(place.lockers[key], "gold").unwrap_or(i64::MIN);
        let same = gold_of(document) == data.gold
            && list_of(document) == data.list
            && (credit, debt) == (data.credit, data.debt);
        if !same {
            let json = document.get_json("").unwrap_or_default();
            return Err(format!("{about}: {json:?} credit {credit}, expected {data:?}"));
        }
        for (id, fate) in &data.purchases {
            let standing = core.find_purchase(place.lockers[key], &purchase(*id)).ok().flatten();
            if standing.as_ref().and_then(fate_of) != Some(*fate) {
                return Err(format!("{about}: purchase {id} is {standing:?}, expected {fate:?}"));
            }
        }
        Ok(())
    }

    fn compare_stored(&self, plain: &Plain, key: usize) -> Result<(), String> {
        let record = &plain.records[key];
        let request = Request {
            key: Key {
                kind: Kind::Record,
                space: "player".into(),
                name: format!("k{key}").into(),
            },
            operation: Operation::Get,
        };
        let found = match ask(self.store.as_ref(), request, Duration::from_secs(10)) {
            Some(Ok(Reply::Found { value, .. })) => codec::decode(&value).map_err(|fault| format!("{fault:?}"))?,
            Some(Ok(Reply::Missing)) if record.stored.is_none() && record.remains.is_none() => return Ok(()),
            other => return Err(format!("k{key} is stored as {other:?}")),
        };
        let (header, document) = found;
        if header.erased != record.stored.is_none() {
            return Err(format!("k{key}: erased {}", header.erased));
        }
        let Some(data) = &record.stored else {
            return Ok(());
        };
        let users: Vec<String> = data.users.iter().map(|user| format!("u{user}")).collect();
        let waiting = header.inbox.waiting();
        let known: i64 = waiting
            .iter()
            .filter(|sent| sent.kind == "gold")
            .filter_map(|sent| sent.payload.as_i64())
            .sum();
        let unknown = waiting.iter().filter(|sent| sent.kind == "future").count();
        let same = gold_of(&document) == data.gold
            && list_of(&document) == data.list
            && header.credit.get("awkward").copied().unwrap_or(0) == data.credit
            && header.credit.get("gold").copied().unwrap_or(0) == data.debt
            && *header.users == users
            && known == record.inbox.iter().sum::<i64>()
            && unknown == record.unknown;
        if !same || header.ledger.len() + header.parked.len() != data.purchases.len() {
            return Err(format!(
                "k{key} is stored as {header:?} {document:?}, expected {record:?}"
            ));
        }
        Ok(())
    }
}

fn gold_of(document: &Document) -> i64 {
    document.get_i64("/gold").ok().flatten().unwrap_or(i64::MIN)
}

fn list_of(document: &Document) -> Vec<i64> {
    let count = document.length("/list").ok().flatten().unwrap_or(0);
    let element = |index| document.get_i64(&format!("/list/{index}")).ok().flatten();
    (0..count).filter_map(element).collect()
}

fn purchase(id: u8) -> PurchaseId {
    PurchaseId {
        provider: "shop".into(),
        environment: "test".into(),
        id: id.to_string(),
    }
}

fn receipt(id: u8, says: Says) -> Receipt {
    let product = ["gold", "awkward", "unknown"][usize::from(id % 3)];
    Receipt {
        purchase: purchase(id),
        product: product.into(),
        context: Vec::new(),
        tag: 1,
        state: match says {
            Says::Purchased => ReceiptState::Purchased,
            Says::Pending => ReceiptState::Pending,
            Says::Rejected => ReceiptState::Rejected,
            Says::Revoked => ReceiptState::Revoked,
        },
    }
}

fn fate_of(standing: &Standing) -> Option<Fate> {
    Some(match standing {
        Standing::Parked => Fate::Parked,
        Standing::Entered(Effect::Applied) => Fate::Granted,
        Standing::Entered(Effect::Credited) => Fate::Credited,
        Standing::Entered(Effect::Pending) => Fate::Pending,
        Standing::Entered(Effect::Rejected) => Fate::Rejected,
        Standing::Entered(Effect::Revoked) => Fate::Revoked,
        Standing::Entered(Effect::Other(_)) => return None,
    })
}

/// What an event answers, if it answers a deed.
fn answer_of(event: &Event) -> Option<Expected> {
    match event {
        Event::Visit { tag: 1, outcome, .. } => Some(match outcome {
            VisitOutcome::Send(fate) | VisitOutcome::Update(fate) => match fate {
                courier::Fate::Delivered => Expected::Delivered,
                courier::Fate::Missing => Expected::Missing,
                courier::Fate::Locked { .. } => Expected::Locked,
                _ => return None,
            },
            VisitOutcome::View(parting) | VisitOutcome::Erase(parting) => match parting {
                Parting::Seen(seen) => Expected::Seen {
                    gold: gold_of(&seen.document),
                },
                Parting::Erased { .. } => Expected::Erased,
                Parting::Missing => Expected::Missing,
                Parting::Locked { .. } => Expected::Locked,
                Parting::Failed { .. } => return None,
            },
            VisitOutcome::Export(_) | VisitOutcome::Searched(_) => return None,
        }),
        Event::Locker { event, .. } => match event {
            LockerEvent::Receipt { tag: 1, outcome, .. } => Some(outcome_of(*outcome)),
            LockerEvent::CreditUsed { tag: 1, outcome, .. } => Some(match outcome {
                CreditOutcome::NoCredit => Expected::NoCredit,
                CreditOutcome::NotApplicable => Expected::NotApplicable,
                CreditOutcome::NotUsed => Expected::NotProcessed,
                CreditOutcome::Used => Expected::Nothing,
            }),
            _ => None,
        },
        _ => None,
    }
}

fn outcome_of(outcome: ReceiptOutcome) -> Expected {
    let told = |fate, again| Expected::Receipt { fate, again };
    match outcome {
        ReceiptOutcome::Granted { duplicate } => told(Fate::Granted, duplicate),
        ReceiptOutcome::Credited { duplicate } => told(Fate::Credited, duplicate),
        ReceiptOutcome::Pending { duplicate } => told(Fate::Pending, duplicate),
        ReceiptOutcome::Rejected { duplicate } => told(Fate::Rejected, duplicate),
        ReceiptOutcome::Revoked { duplicate } => told(Fate::Revoked, duplicate),
        ReceiptOutcome::Parked { duplicate } => told(Fate::Parked, duplicate),
        ReceiptOutcome::NotProcessed => Expected::NotProcessed,
    }
}
