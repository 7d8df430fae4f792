//! The pool of threads in front of blocking storage: order, batches, failures of the storage, the end.

mod store_support;

use parking_lot::{Condvar, Mutex};
use sessionlocker::error::ErrorKind;
use sessionlocker::store::pool::{Pool, PoolOptions};
use sessionlocker::store::{
    Abilities, BlockingStore, Bytes, Expected, Kind, Operation, Outcome, Reply, Request, StoreResult, Version,
};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::Duration;
use store_support::{call, get, key, put, Asked};
#[cfg(target_os = "linux")]
use store_support::{unprivileged_child, Folder};

/// Storage of the tests: keeps values without looking at versions, notes its calls, and can be held up.
struct Scripted {
    abilities: Abilities,
    calls: Mutex<Vec<Vec<Request>>>,
    values: Mutex<HashMap<String, Bytes>>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn shut(&self) {
        *self.shut.lock() = true;
    }

    fn open(&self) {
        *self.shut.lock() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut shut = self.shut.lock();
        while *shut {
            self.opened.wait(&mut shut);
        }
    }
}

impl Scripted {
    fn new() -> Self {
        Self {
            abilities: Abilities {
                name: "scripted".to_owned(),
                compare_and_set: true,
                max_value_bytes: 1 << 20,
                max_key_bytes: 100,
                list: false,
                push: false,
                at_once: 0,
            },
            calls: Mutex::new(Vec::new()),
            values: Mutex::new(HashMap::new()),
            gate: Arc::default(),
        }
    }

    fn answer(&self, request: &Request) -> StoreResult {
        let name = &*request.key.name;
        assert!(name != "panic", "the storage fell over");
        let version = Version::from(1);
        Ok(match &request.operation {
            Operation::Get => match self.values.lock().get(name) {
                Some(value) => Reply::Found {
                    value: value.clone(),
                    version,
                },
                None => Reply::Missing,
            },
            Operation::Put { value, .. } => {
                self.values.lock().insert(name.to_owned(), value.clone());
                Reply::Written { version }
            }
            Operation::Remove { .. } => Reply::Removed,
            Operation::List { .. } => unreachable!("nobody asks for a list here"),
        })
    }
}

impl BlockingStore for Scripted {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        self.calls.lock().push(requests.to_vec());
        self.gate.pass();
        let answers = requests.iter().map(|request| self.answer(request));
        if requests[0].key.name.starts_with("short") {
            return answers.skip(1).collect();
        }
        answers.collect()
    }
}

fn pool(options: &PoolOptions) -> Pool<Scripted> {
    Pool::new(Scripted::new(), options).unwrap()
}

fn write(name: &str, value: &[u8]) -> Request {
    put(&key(name), value, Expected::Missing)
}

/// Waits until the storage is inside so many calls.
fn wait_for_calls(pool: &Pool<Scripted>, count: usize) {
    while pool.storage().calls.lock().len() < count {
        thread::sleep(Duration::from_micros(50));
    }
}

/// A pool with batches of eight whose storage is held up in a first write, behind which twenty others wait.
fn busy_pool() -> (Pool<Scripted>, Asked) {
    let pool = pool(&PoolOptions {
        batch: 8,
        ..PoolOptions::default()
    });
    let gate = Arc::clone(&pool.storage().gate);
    let mut asked = Asked::default();
    gate.shut();
    asked.submit(&pool, write("first", b""));
    wait_for_calls(&pool, 1);
    for number in 0..20 {
        asked.submit(&pool, write(&format!("key {number}"), b""));
    }
    (pool, asked)
}

#[test]
fn what_waits_is_taken_as_one_batch_up_to_the_maximum() {
    let (pool, mut asked) = busy_pool();
    pool.storage().gate.open();
    asked.wait_for(21);
    let sizes: Vec<_> = pool.storage().calls.lock().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 8, 8, 4]);
}

#[test]
fn a_server_record_does_not_wait_behind_players() {
    let (pool, mut asked) = busy_pool();
    let mut beat = write("eu-1", b"");
    beat.key.kind = Kind::Server;
    asked.submit(&pool, beat);
    pool.storage().gate.open();
    asked.wait_for(22);
    let calls = pool.storage().calls.lock();
    assert_eq!(&*calls[1][0].key.name, "eu-1");
}

#[test]
fn several_threads_share_what_waits() {
    let pool = pool(&PoolOptions {
        threads: 4,
        ..PoolOptions::default()
    });
    let gate = Arc::clone(&pool.storage().gate);
    let mut asked = Asked::default();
    gate.shut();
    for number in 0..4 {
        asked.submit(&pool, write(&format!("busy {number}"), b""));
        wait_for_calls(&pool, number + 1);
    }
    for number in 0..8 {
        asked.submit(&pool, write(&format!("key {number}"), b""));
    }
    gate.open();
    asked.wait_for(12);
    let longest = pool.storage().calls.lock().iter().map(Vec::len).max();
    assert_eq!(longest, Some(2), "8 that wait, for 4 threads");
}

#[test]
fn requests_of_one_key_keep_their_order_whatever_thread_takes_them() {
    let pool = pool(&PoolOptions {
        threads: 3,
        read_threads: 3,
        ..PoolOptions::default()
    });
    let rounds = 2000_u32;
    let mut asked = Asked::default();
    for number in 0..rounds {
        for name in ["a", "b", "c"] {
            asked.submit(&pool, write(name, &number.to_be_bytes()));
            asked.submit(&pool, get(&key(name)));
        }
    }
    for (index, result) in asked.finish().chunks(6).enumerate() {
        let number = u32::try_from(index).unwrap().to_be_bytes();
        for read in [&result[1], &result[3], &result[5]] {
            match read {
                Ok(Reply::Found { value, .. }) => assert_eq!(**value, number),
                other => panic!("read {index}: {other:?}"),
            }
        }
    }
    for batch in &*pool.storage().calls.lock() {
        let keys: HashSet<_> = batch.iter().map(|request| &request.key).collect();
        assert_eq!(keys.len(), batch.len(), "a key twice in one batch");
    }
}

#[test]
fn answers_of_one_key_arrive_in_order() {
    let pool = pool(&PoolOptions {
        threads: 4,
        read_threads: 2,
        ..PoolOptions::default()
    });
    let mut asked = Asked::default();
    for _ in 0..500 {
        asked.submit(&pool, write("a", b"x"));
        asked.submit(&pool, get(&key("a")));
    }
    let order: Vec<u64> = asked.wait_for(1000).iter().map(|(id, _)| id.0).collect();
    assert!(order.is_sorted());
}

#[test]
fn a_key_that_is_held_up_holds_up_no_other() {
    let pool = pool(&PoolOptions {
        threads: 2,
        ..PoolOptions::default()
    });
    let gate = Arc::clone(&pool.storage().gate);
    let mut asked = Asked::default();
    gate.shut();
    for _ in 0..10 {
        asked.submit(&pool, write("slow", b""));
    }
    wait_for_calls(&pool, 1);
    *gate.shut.lock() = false; // The first stays asleep: nobody told it.
    assert!(call(&pool, write("other", b"")).is_ok());
    gate.open();
    asked.wait_for(10);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let pool = pool(&PoolOptions {
        queue: 5,
        ..PoolOptions::default()
    });
    let gate = Arc::clone(&pool.storage().gate);
    let mut asked = Asked::default();
    gate.shut();
    asked.submit(&pool, write("first", b""));
    wait_for_calls(&pool, 1);
    for number in 0..7 {
        // Some wait for their key, some for a thread: both count.
        asked.submit(&pool, write(["first", "second"][number % 2], b""));
    }
    let refused = asked.wait_for(2).to_vec();
    assert_eq!(refused.len(), 2, "answered while the storage is held up");
    gate.open();
    asked.wait_for(8);
    for (_, result) in refused {
        let error = result.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied);
        assert!(error.text.contains("5 requests are waiting"), "{error}");
    }
}

#[test]
fn a_panic_is_an_unknown_outcome_and_later_requests_go_on() {
    let pool = pool(&PoolOptions::default());
    for _ in 0..3 {
        let error = call(&pool, write("panic", b"")).unwrap_err();
        assert_eq!(error.outcome, Outcome::Unknown);
        assert!(error.text.contains("the storage fell over"), "{error}");
        assert!(call(&pool, write("calm", b"")).is_ok());
    }
}

#[test]
fn a_storage_that_answers_too_few_leaves_unknown_outcomes() {
    let pool = pool(&PoolOptions::default());
    let error = call(&pool, write("short", b"")).unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert!(call(&pool, write("calm", b"")).is_ok());
}

#[test]
fn drop_carries_out_every_write_and_leaves_no_thread() {
    for read_threads in [0, 2] {
        let pool = pool(&PoolOptions {
            threads: 2,
            read_threads,
            batch: 3,
            ..PoolOptions::default()
        });
        let gate = Arc::clone(&pool.storage().gate);
        let gone = Arc::downgrade(&gate);
        let mut asked = Asked::default();
        gate.shut();
        for number in 0..50 {
            // Reads between the writes of a key: the writes behind them must be carried out too.
            asked.submit(&pool, write(&format!("key {}", number % 7), b""));
            asked.submit(&pool, get(&key(&format!("key {}", number % 7))));
        }
        wait_for_calls(&pool, 1);
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            gate.open();
        });
        drop(pool);
        opener.join().unwrap();
        // Each thread kept the storage alive: with the last of them it went.
        assert!(Weak::upgrade(&gone).is_none(), "a thread is left");
        for (index, result) in asked.finish().into_iter().enumerate() {
            match result {
                Ok(_) => {}
                Err(error) => assert!(index % 2 == 1, "write {index}: {error}"),
            }
        }
    }
}

#[test]
fn a_pool_dropped_by_its_own_thread_ends_all_the_same() {
    /// Storage that holds its own pool.
    struct Knot {
        abilities: Abilities,
        pool: Arc<OnceLock<Mutex<Option<Pool<Knot>>>>>,
    }
    impl BlockingStore for Knot {
        fn abilities(&self) -> &Abilities {
            &self.abilities
        }
        fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
            drop(self.pool.wait_for().lock().take());
            requests.iter().map(|_| Ok(Reply::Removed)).collect()
        }
    }
    trait WaitFor<T> {
        fn wait_for(&self) -> &T;
    }
    impl<T> WaitFor<T> for OnceLock<T> {
        fn wait_for(&self) -> &T {
            loop {
                if let Some(value) = self.get() {
                    return value;
                }
                thread::yield_now();
            }
        }
    }

    let slot = Arc::new(OnceLock::new());
    let knot = Knot {
        abilities: Scripted::new().abilities,
        pool: Arc::clone(&slot),
    };
    let gone = Arc::downgrade(&slot);
    let options = PoolOptions {
        threads: 3,
        ..PoolOptions::default()
    };
    let pool = Pool::new(knot, &options).unwrap();
    let mut asked = Asked::default();
    for _ in 0..20 {
        asked.submit(&pool, write("a", b""));
    }
    assert!(slot.set(Mutex::new(Some(pool))).is_ok());
    drop(slot);
    for result in asked.finish() {
        assert!(result.is_ok(), "{result:?}");
    }
    while Weak::upgrade(&gone).is_some() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let good = PoolOptions::default;
    for wrong in [
        PoolOptions { threads: 0, ..good() },
        PoolOptions {
            threads: usize::MAX,
            ..good()
        },
        PoolOptions {
            read_threads: 256,
            ..good()
        },
        PoolOptions { queue: 0, ..good() },
        PoolOptions { batch: 0, ..good() },
    ] {
        let error = Pool::new(Scripted::new(), &wrong).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_to_be_had_is_an_error() {
    let folder = Folder::new();
    let wrapper = ["prlimit", "--nproc=1"];
    let mut child = unprivileged_child(&wrapper, "child_without_threads", &folder);
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("gave no thread"), "{output:?}");
}

#[test]
#[ignore = "started by no_thread_to_be_had_is_an_error"]
fn child_without_threads() {
    let error = Pool::new(Scripted::new(), &PoolOptions::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Store);
    println!("{error}");
}
