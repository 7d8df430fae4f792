//! The store that fails on purpose: each fault does what it says, the same seed does the same, and what it did is counted.

mod store_support;

use sessionlocker::store::faulty::{FaultCounts, Faults, FaultyStore, FULL_RATE};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{
    Cause, Completions, Expected, Key, Kind, Outcome, Reply, Request, RequestId, Store, StoreResult,
};
use std::sync::Arc;
use store_support::{call, get, key, put, read, remove, write};

struct Bench {
    memory: Arc<dyn Store>,
    faulty: Arc<FaultyStore>,
    completions: Arc<Completions>,
    asked: u64,
}

impl Bench {
    fn new(seed: u64, faults: Faults) -> Self {
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Self {
            faulty: FaultyStore::new(Arc::clone(&memory), seed, faults).unwrap(),
            memory,
            completions: Arc::default(),
            asked: 0,
        }
    }

    /// Sends a request, and gives all answers that are there now.
    fn ask(&mut self, request: Request) -> Vec<(RequestId, StoreResult)> {
        let id = RequestId(self.asked);
        self.asked += 1;
        self.faulty.submit(request, self.completions.expect(id));
        self.arrived()
    }

    fn arrived(&mut self) -> Vec<(RequestId, StoreResult)> {
        let mut arrived = Vec::new();
        self.completions.take(&mut arrived);
        arrived
    }

    /// The one answer to one request.
    fn one(&mut self, request: Request) -> StoreResult {
        let mut arrived = self.ask(request);
        assert_eq!(arrived.len(), 1);
        arrived.remove(0).1
    }

    fn stored(&self, name: &str) -> Option<Vec<u8>> {
        read(&*self.memory, &key(name)).map(|(value, _)| value.to_vec())
    }
}

fn create(name: &str) -> Request {
    put(&key(name), b"x", Expected::Missing)
}

#[test]
fn without_faults_it_is_the_store_behind_it() {
    let mut bench = Bench::new(1, Faults::default());
    for number in 0..100 {
        assert!(bench.one(create(&number.to_string())).is_ok());
    }
    let counts = FaultCounts {
        requests: 100,
        ..FaultCounts::default()
    };
    assert_eq!(bench.faulty.counts(), counts);
    assert_eq!(bench.faulty.abilities().name, "faulty memory");
}

#[test]
fn a_refused_request_is_not_carried_out() {
    let mut bench = Bench::new(
        1,
        Faults {
            refused: FULL_RATE,
            ..Faults::default()
        },
    );
    let error = bench.one(create("a")).unwrap_err();
    assert_eq!((error.outcome, error.cause), (Outcome::NotApplied, Cause::Store));
    assert!(
        error.text.contains("player/a") && error.text.contains("on purpose"),
        "{error}"
    );
    assert_eq!(bench.stored("a"), None);
    assert!(bench.one(get(&key("a"))).is_err());
    assert_eq!(bench.faulty.counts().refused, 2);
}

#[test]
fn an_unknown_outcome_is_carried_out() {
    let mut bench = Bench::new(
        1,
        Faults {
            unknown: FULL_RATE,
            ..Faults::default()
        },
    );
    let error = bench.one(create("a")).unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert!(bench.stored("a").is_some());
    assert_eq!(bench.faulty.counts().unknown, 1);
}

#[test]
fn lost_requests_and_replies_are_answered_only_when_given_up() {
    let lost_request = Faults {
        request_lost: FULL_RATE,
        ..Faults::default()
    };
    let lost_reply = Faults {
        reply_lost: FULL_RATE,
        ..Faults::default()
    };
    for (faults, carried_out) in [(lost_request, false), (lost_reply, true)] {
        let mut bench = Bench::new(1, faults);
        assert_eq!(bench.ask(create("a")), []);
        assert_eq!(bench.stored("a").is_some(), carried_out);
        bench.faulty.set_faults(Faults::default()).unwrap();
        bench.faulty.release();
        assert_eq!(bench.arrived(), [], "what is lost stays lost");
        bench.completions.give_up(RequestId(0));
        let mut arrived = bench.arrived();
        assert_eq!(arrived.remove(0).1.unwrap_err().outcome, Outcome::Unknown);
        bench.completions.give_up(RequestId(0));
        bench.completions.give_up_all();
        assert_eq!(bench.arrived(), []);
        let counts = bench.faulty.counts();
        assert_eq!(
            (counts.requests_lost, counts.replies_lost),
            (u64::from(!carried_out), u64::from(carried_out))
        );
    }
}

#[test]
fn delayed_answers_come_after_their_steps_and_out_of_order() {
    let faults = Faults {
        delayed: FULL_RATE,
        longest: 5,
        ..Faults::default()
    };
    let mut bench = Bench::new(7, faults);
    let mut order = Vec::new();
    for number in 0..50 {
        order.extend(bench.ask(create(&number.to_string())).into_iter().map(|(id, _)| id.0));
        assert!(bench.stored(&number.to_string()).is_some(), "only the answer is late");
    }
    let held = bench.faulty.held();
    assert_eq!(order.len() + held, 50);
    assert!(held <= 5);
    for _ in 0..5 {
        bench.faulty.step();
    }
    order.extend(bench.arrived().into_iter().map(|(id, _)| id.0));
    assert_eq!(bench.faulty.held(), 0);
    assert!(!order.is_sorted(), "some overtook others: {order:?}");
    order.sort_unstable();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
    assert_eq!(bench.faulty.counts().delayed, 50);
}

#[test]
fn late_writes_land_later_or_conflict_then() {
    let faults = Faults {
        late: FULL_RATE,
        longest: 3,
        ..Faults::default()
    };
    let mut bench = Bench::new(1, faults);
    let error = bench.one(create("a")).unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert_eq!(bench.stored("a"), None);
    for _ in 0..3 {
        bench.faulty.step();
    }
    assert!(bench.stored("a").is_some());

    assert!(bench.one(create("b")).is_err());
    write(&*bench.memory, &key("b"), b"sooner", Expected::Missing);
    bench.faulty.release();
    assert_eq!(bench.stored("b").unwrap(), b"sooner");
    assert_eq!(bench.faulty.counts().late, 2);
    assert!(bench.one(get(&key("a"))).is_ok(), "reads are never late");
}

#[test]
fn a_conflict_that_is_none_changes_nothing() {
    let faults = Faults {
        conflict: FULL_RATE,
        ..Faults::default()
    };
    let mut bench = Bench::new(1, faults);
    assert_eq!(bench.one(create("a")), Ok(Reply::Conflict));
    let version = write(&*bench.memory, &key("a"), b"x", Expected::Missing);
    assert_eq!(bench.one(remove(&key("a"), &version)), Ok(Reply::Conflict));
    assert!(bench.one(get(&key("a"))).is_ok());
    assert_eq!(bench.faulty.counts().conflicts, 2);
}

#[test]
fn faults_can_be_kept_from_reads_writes_and_servers() {
    let all = Faults {
        refused: FULL_RATE,
        ..Faults::default()
    };
    let server = Key {
        kind: Kind::Server,
        space: "".into(),
        name: "eu-1".into(),
    };
    let good = |spare: Faults| {
        let mut bench = Bench::new(1, spare);
        [
            bench.one(get(&key("a"))).is_ok(),
            bench.one(create("a")).is_ok(),
            bench.one(get(&server)).is_ok(),
        ]
    };
    assert_eq!(good(all.clone()), [false, false, false]);
    let spare_reads = true;
    assert_eq!(
        good(Faults {
            spare_reads,
            ..all.clone()
        }),
        [true, false, true]
    );
    let spare_writes = true;
    assert_eq!(
        good(Faults {
            spare_writes,
            ..all.clone()
        }),
        [false, true, false]
    );
    let spare_servers = true;
    assert_eq!(good(Faults { spare_servers, ..all }), [false, false, true]);
}

fn some_of_everything() -> Faults {
    Faults {
        refused: 1000,
        unknown: 1000,
        request_lost: 500,
        reply_lost: 500,
        delayed: 2000,
        late: 1000,
        conflict: 500,
        longest: 6,
        ..Faults::default()
    }
}

/// What a sequence of requests comes to, in words.
fn story(seed: u64) -> (Vec<String>, FaultCounts) {
    let mut bench = Bench::new(seed, some_of_everything());
    let mut story = Vec::new();
    for number in 0..400 {
        let name = (number % 40).to_string();
        let request = if number % 3 == 0 {
            get(&key(&name))
        } else {
            create(&name)
        };
        story.push(format!("{:?}", bench.ask(request)));
        if number == 200 {
            bench
                .faulty
                .set_faults(Faults {
                    unknown: 3000,
                    ..some_of_everything()
                })
                .unwrap();
        }
    }
    bench.faulty.release();
    story.push(format!("{:?}", bench.arrived()));
    (story, bench.faulty.counts())
}

#[test]
fn one_seed_gives_one_story() {
    let (first, counts) = story(42);
    assert_eq!((first.clone(), counts), story(42));
    assert_ne!(first, story(43).0);
    for seen in [
        counts.refused,
        counts.unknown,
        counts.requests_lost,
        counts.replies_lost,
        counts.delayed,
        counts.late,
        counts.conflicts,
    ] {
        assert!(seen > 0, "{counts:?}");
    }
    assert_eq!(counts.requests, 400);
}

#[test]
fn rates_are_kept_and_can_be_switched_off() {
    let faults = Faults {
        refused: 2500,
        ..Faults::default()
    };
    let mut bench = Bench::new(9, faults);
    for _ in 0..4000 {
        let _ = bench.one(get(&key("a")));
    }
    let refused = bench.faulty.counts().refused;
    assert!((900..1100).contains(&refused), "{refused} of 4000");
    bench.faulty.set_faults(Faults::default()).unwrap();
    for _ in 0..100 {
        assert!(bench.one(get(&key("a"))).is_ok());
    }
    let too_much = Faults {
        refused: 6000,
        unknown: 6000,
        ..Faults::default()
    };
    assert!(bench.faulty.set_faults(too_much).is_err());
    assert!(call(&*bench.faulty, get(&key("a"))).is_ok(), "as before");
}
