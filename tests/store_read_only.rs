//! The store that reads from another one and keeps to itself what is written, and test data put in place of stored ones.

mod store_support;

use sessionlocker::error::ErrorKind;
use sessionlocker::store::faulty::{Faults, FaultyStore, FULL_RATE};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::overlay::ReadOnlyStore;
use sessionlocker::store::{Abilities, Completion, Expected, Kind, Operation, Outcome, Reply, Request, Store};
use std::sync::Arc;
use store_support::{call, get, key, list, put, read, remove, write, Asked};

/// A store whose every write fails the test.
struct NeverWritten(MemoryStore);

impl Store for NeverWritten {
    fn abilities(&self) -> &Abilities {
        self.0.abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        assert!(request.operation.is_read(), "the inner store was asked to write");
        self.0.submit(request, completion);
    }
}

fn over(names: &[&str]) -> (Arc<NeverWritten>, ReadOnlyStore) {
    let inner = Arc::new(NeverWritten(MemoryStore::new()));
    for name in names {
        write(&inner.0, &key(name), name.as_bytes(), Expected::Missing);
    }
    let store = ReadOnlyStore::new(Arc::clone(&inner) as Arc<dyn Store>).unwrap();
    (inner, store)
}

#[test]
fn writes_stay_here() {
    let (inner, store) = over(&["a", "b"]);
    let (value, version) = read(&store, &key("a")).unwrap();
    assert_eq!(*value, *b"a");
    let second = write(&store, &key("a"), b"mine", Expected::Version(version.clone()));
    assert_eq!(*read(&store, &key("a")).unwrap().0, *b"mine");
    assert_eq!(*read(&inner.0, &key("a")).unwrap().0, *b"a");
    let stale = call(&store, put(&key("a"), b"x", Expected::Version(version)));
    assert_eq!(stale, Ok(Reply::Conflict));
    write(&store, &key("new"), b"mine", Expected::Missing);
    assert!(read(&inner.0, &key("new")).is_none());
    assert_eq!(call(&store, remove(&key("a"), &second)), Ok(Reply::Removed));
    assert!(read(&store, &key("a")).is_none());
    assert!(read(&inner.0, &key("a")).is_some());
    let third = write(&store, &key("a"), b"again", Expected::Missing);
    assert_ne!(third, second);
}

#[test]
fn compare_and_set_holds_over_both() {
    let (inner, store) = over(&["a"]);
    assert_eq!(
        call(&store, put(&key("a"), b"x", Expected::Missing)),
        Ok(Reply::Conflict)
    );
    let (_, first) = read(&store, &key("a")).unwrap();
    // Somebody else writes in the inner store: what was read is old.
    let (_, inside) = read(&inner.0, &key("a")).unwrap();
    let newer = write(&inner.0, &key("a"), b"theirs", Expected::Version(inside));
    let stale = call(&store, put(&key("a"), b"x", Expected::Version(first)));
    assert_eq!(stale, Ok(Reply::Conflict));
    let mine = write(&store, &key("a"), b"mine", Expected::Version(newer.clone()));
    // Once it is written here, what happens there counts no more.
    let newest = write(&inner.0, &key("a"), b"later", Expected::Version(newer));
    assert_eq!(read(&store, &key("a")), Some((b"mine".as_slice().into(), mine)));
    let theirs = call(&store, put(&key("a"), b"x", Expected::Version(newest)));
    assert_eq!(theirs, Ok(Reply::Conflict));
}

#[test]
fn of_writes_that_wait_for_the_inner_store_one_wins() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let theirs = write(&*inner, &key("a"), b"theirs", Expected::Missing);
    let late = Faults {
        delayed: FULL_RATE,
        longest: 50,
        ..Faults::default()
    };
    let faulty = FaultyStore::new(inner, 3, late).unwrap();
    let store = ReadOnlyStore::new(Arc::clone(&faulty) as Arc<dyn Store>).unwrap();
    let mut asked = Asked::default();
    for _ in 0..10 {
        asked.submit(&store, put(&key("a"), b"mine", Expected::Version(theirs.clone())));
        asked.submit(&store, put(&key("b"), b"mine", Expected::Missing));
    }
    asked.submit(&store, get(&key("a")));
    faulty.release();
    let results = asked.finish();
    for of_one in 0..2 {
        let of_one = results[..20].iter().skip(of_one).step_by(2);
        let winners = of_one.filter(|result| matches!(result, Ok(Reply::Written { .. })));
        assert_eq!(winners.count(), 1);
    }
    faulty.set_faults(Faults::default()).unwrap();
    assert_eq!(*read(&store, &key("a")).unwrap().0, *b"mine");
}

#[test]
fn lists_bring_both_together() {
    let (_, store) = over(&["b", "d", "f", "h"]);
    write(&store, &key("a"), b"x", Expected::Missing);
    write(&store, &key("e"), b"x", Expected::Missing);
    write(&store, &key("z"), b"x", Expected::Missing);
    let (_, version) = read(&store, &key("d")).unwrap();
    assert_eq!(call(&store, remove(&key("d"), &version)), Ok(Reply::Removed));
    for page in 1..8 {
        let mut all = String::new();
        loop {
            let after = all.chars().last().map(String::from).unwrap_or_default();
            let Ok(Reply::Keys { names, more }) = call(&store, list(Kind::Record, "player", &after, page)) else {
                panic!("no list");
            };
            assert!(names.len() <= page as usize);
            all.extend(names.iter().map(|name| &**name));
            if !more {
                break;
            }
        }
        assert_eq!(all, "abefhz", "pages of {page}");
    }
}

#[test]
fn a_list_goes_on_where_a_whole_page_was_removed() {
    let names: Vec<String> = (0..2500).map(|number| format!("{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, store) = over(&names);
    for name in &names[..2300] {
        let (_, version) = read(&store, &key(name)).unwrap();
        assert_eq!(call(&store, remove(&key(name), &version)), Ok(Reply::Removed));
    }
    let Ok(Reply::Keys { names, more }) = call(&store, list(Kind::Record, "player", "", 2)) else {
        panic!("no list");
    };
    assert_eq!((&*names[0], &*names[1], more), ("2300", "2301", true));
}

#[test]
fn a_failure_of_the_inner_store_writes_nothing() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let faults = Faults {
        unknown: FULL_RATE,
        ..Faults::default()
    };
    let faulty = FaultyStore::new(inner, 1, faults).unwrap();
    let store = ReadOnlyStore::new(Arc::clone(&faulty) as Arc<dyn Store>).unwrap();
    for request in [get(&key("a")), put(&key("a"), b"x", Expected::Missing)] {
        let error = call(&store, request).unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied, "only a read failed");
    }
    faulty.set_faults(Faults::default()).unwrap();
    assert!(read(&store, &key("a")).is_none());
}

#[test]
fn test_data_go_in_place_of_stored_ones() {
    let (inner, store) = over(&["a"]);
    let memory = MemoryStore::new();
    let old = write(&memory, &key("a"), b"old", Expected::Missing);
    let behind: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let faults = Faults {
        refused: FULL_RATE,
        ..Faults::default()
    };
    let faulty = FaultyStore::new(Arc::clone(&behind), 1, faults).unwrap();
    let stores: [&dyn Store; 3] = [&store, &memory, &*faulty];
    for store in stores {
        store.set_value(key("a"), b"fixture".as_slice().into()).unwrap();
    }
    assert_eq!(*read(&store, &key("a")).unwrap().0, *b"fixture");
    assert_eq!(*read(&inner.0, &key("a")).unwrap().0, *b"a");
    assert_eq!(*read(&memory, &key("a")).unwrap().0, *b"fixture");
    let stale = call(&memory, put(&key("a"), b"x", Expected::Version(old)));
    assert_eq!(stale, Ok(Reply::Conflict), "whoever held it sees that it changed");
    assert_eq!(*read(&*behind, &key("a")).unwrap().0, *b"fixture");
    let refused = inner.set_value(key("a"), b"x".as_slice().into()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    let long = key(&"k".repeat(5000));
    assert!(memory.set_value(long, b"x".as_slice().into()).is_err());
}

#[test]
fn limits_are_those_of_the_inner_store() {
    let (inner, store) = over(&[]);
    assert_eq!(store.abilities().max_value_bytes, inner.abilities().max_value_bytes);
    let long = "k".repeat(inner.abilities().max_key_bytes as usize + 1);
    let error = call(&store, put(&key(&long), b"x", Expected::Missing)).unwrap_err();
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert!(matches!(get(&key("a")).operation, Operation::Get));
}
