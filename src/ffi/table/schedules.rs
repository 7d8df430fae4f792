//! The orders in which threads can come to a table: every one for a few calls, many for more.

use super::{Table, Type};
use crate::sync::scheduled::{finds, in_every_order, in_random_orders};
use crate::sync::Slip;
use shuttle::thread;
use std::sync::Arc;

/// An object knows how it is called, so that a handle can be seen to lead to another's.
type Names = Table<&'static str>;

fn table() -> Arc<Names> {
    Arc::new(Table::new(Type::Request))
}

fn insert(table: &Names, name: &'static str) -> u64 {
    table.insert(Arc::new(name)).expect("there is room")
}

/// What a handle leads to, if it leads anywhere.
fn look(table: &Names, id: u64) -> Option<&'static str> {
    table.get(id).ok().map(|object| *object)
}

/// One thread looks an object up while another destroys it and makes a new one, for which the slot is used again.
fn looked_up_and_replaced() {
    let table = table();
    let old = insert(&table, "old");
    let other = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            assert_eq!(*table.remove(old).expect("only this thread removes it"), "old");
            assert_eq!(look(&table, old), None, "a destroyed handle leads nowhere");
            let new = insert(&table, "new");
            assert_ne!(new, old, "no handle is given twice");
            new
        })
    };
    let found = look(&table, old);
    assert!(found.is_none_or(|name| name == "old"), "the handle of another object");
    let new = other.join().expect("it ends");
    assert_eq!(look(&table, old), None);
    assert_eq!(look(&table, new), Some("new"));
}

/// Two threads destroy one object, and one of them makes a new one, for which the slot is used again.
fn removed_twice_and_replaced() {
    let table = table();
    let old = insert(&table, "old");
    let other = {
        let table = Arc::clone(&table);
        thread::spawn(move || table.remove(old).is_ok())
    };
    let here = table.remove(old).is_ok();
    let new = insert(&table, "new");
    let there = other.join().expect("it ends");
    assert!(here != there, "one of two gets the object");
    assert_eq!(look(&table, new), Some("new"), "a stale handle removed another object");
}

/// Two threads make an object each.
fn two_made_at_once() {
    let table = table();
    let other = {
        let table = Arc::clone(&table);
        thread::spawn(move || insert(&table, "theirs"))
    };
    let ours = insert(&table, "ours");
    let theirs = other.join().expect("it ends");
    assert_ne!(ours, theirs);
    assert_eq!(look(&table, ours), Some("ours"));
    assert_eq!(look(&table, theirs), Some("theirs"));
}

/// Three threads make, look up and destroy objects of their own, and try all handles that they hear of.
fn a_crowd() {
    const ROUNDS: usize = 3;
    let table = table();
    let known = Arc::new(shuttle::sync::Mutex::new(Vec::new()));
    let threads = ["a", "b", "c"].map(|name| {
        let (table, known) = (Arc::clone(&table), Arc::clone(&known));
        thread::spawn(move || {
            for _ in 0..ROUNDS {
                let own = insert(&table, name);
                assert_eq!(look(&table, own), Some(name));
                known.lock().expect("no thread panicked").push((own, name));
                let all = known.lock().expect("no thread panicked").clone();
                for (id, whose) in all {
                    let found = look(&table, id);
                    assert!(found.is_none_or(|found| found == whose), "the handle of another object");
                }
                assert_eq!(*table.remove(own).expect("it is alive"), name);
                assert!(table.remove(own).is_err() && look(&table, own).is_none());
            }
        })
    });
    for thread in threads {
        thread.join().expect("it ends");
    }
    let mut ids: Vec<_> = known
        .lock()
        .expect("no thread panicked")
        .iter()
        .map(|(id, _)| *id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3 * ROUNDS, "no handle is given twice");
}

#[test]
fn every_order_of_a_few_calls() {
    in_every_order("a handle looked up and replaced", looked_up_and_replaced);
    in_every_order("a handle removed twice and replaced", removed_twice_and_replaced);
    in_every_order("two handles made at once", two_made_at_once);
}

#[test]
fn many_orders_of_a_crowd() {
    in_random_orders("three threads with handles", a_crowd);
}

#[test]
fn planted_errors_are_found() {
    finds(Slip::LookUpLetsGo, looked_up_and_replaced);
    finds(Slip::GenerationKept, looked_up_and_replaced);
    finds(Slip::RemovalLetsGo, removed_twice_and_replaced);
    finds(Slip::CountLetsGo, two_made_at_once);
}
