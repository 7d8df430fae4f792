//! The orders in which answers from several threads, the thread that takes them, and requests that are given up can meet.

use super::{Completions, RequestId, Waiter};
use crate::store::Reply;
use crate::sync::scheduled::{finds, in_every_order, in_random_orders};
use crate::sync::Slip;
use shuttle::thread::{self, JoinHandle};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

/// A store's side of a request, which counts how often it hears that nobody waits any longer.
#[derive(Default)]
struct Patience(AtomicU32);

impl Waiter for Patience {
    fn given_up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes what has arrived so far.
fn take(queue: &Completions, taken: &mut Vec<(u64, bool)>) {
    let mut arrived = Vec::new();
    queue.take(&mut arrived);
    taken.extend(arrived.into_iter().map(|(id, result)| (id.0, result.is_ok())));
}

/// A thread that answers these requests one after another; those with an odd number it drops.
fn answering(queue: &Arc<Completions>, ids: [u64; 2]) -> JoinHandle<()> {
    let requests = ids.map(|id| queue.expect(RequestId(id)));
    thread::spawn(move || {
        for request in requests {
            if request.id().0 % 2 == 0 {
                request.complete(Ok(Reply::Missing));
            } else {
                drop(request);
            }
        }
    })
}

/// Each request was answered once, with what was said of it, and those of one thread in its order.
fn check(taken: &[(u64, bool)], threads: &[[u64; 2]]) {
    assert_eq!(taken.len(), 2 * threads.len(), "each request has one answer: {taken:?}");
    for ids in threads {
        let of_thread: Vec<_> = taken.iter().filter(|(id, _)| ids.contains(id)).copied().collect();
        let expected = ids.map(|id| (id, id % 2 == 0));
        assert_eq!(of_thread, expected, "each answer once, in its thread's order");
    }
}

/// One thread answers while the engine takes what is there.
fn answered_and_taken() {
    let queue = Arc::<Completions>::default();
    let store = answering(&queue, [0, 1]);
    let mut taken = Vec::new();
    take(&queue, &mut taken);
    take(&queue, &mut taken);
    store.join().expect("it ends");
    take(&queue, &mut taken);
    check(&taken, &[[0, 1]]);
    assert!(queue.is_empty());
}

/// The engine gives a request up, and ends, while the store begins to wait for that and answers.
fn answered_and_given_up() {
    let queue = Arc::<Completions>::default();
    let patience = Arc::new(Patience::default());
    let request = queue.expect(RequestId(0));
    let store = {
        let waiter: Weak<dyn Waiter> = Arc::downgrade(&patience) as Weak<dyn Waiter>;
        thread::spawn(move || {
            request.watch(waiter);
            request.complete(Ok(Reply::Missing));
        })
    };
    queue.give_up(RequestId(0));
    queue.give_up_all();
    store.join().expect("it ends");
    queue.give_up(RequestId(0));
    assert!(patience.0.load(Ordering::Relaxed) <= 1, "told twice that nobody waits");
    assert!(queue.waiters.lock().is_empty(), "nothing is kept of what was answered");
    let mut taken = Vec::new();
    take(&queue, &mut taken);
    assert_eq!(taken, [(0, true)], "an answer still comes, once");
}

/// Three threads answer, and requests are given up in between.
fn a_crowd() {
    const THREADS: [[u64; 2]; 3] = [[0, 1], [2, 3], [5, 4]];
    let queue = Arc::<Completions>::default();
    let stores = THREADS.map(|ids| answering(&queue, ids));
    let mut taken = Vec::new();
    for _ in 0..4 {
        if !queue.is_empty() {
            let before = taken.len();
            take(&queue, &mut taken);
            assert!(taken.len() > before, "nobody else takes what has arrived");
        }
        queue.give_up(RequestId(2));
    }
    for store in stores {
        store.join().expect("it ends");
    }
    take(&queue, &mut taken);
    check(&taken, &THREADS);
}

#[test]
fn every_order_of_a_few_answers() {
    in_every_order("answers given and taken", answered_and_taken);
    in_every_order("a request answered and given up", answered_and_given_up);
}

#[test]
fn many_orders_of_a_crowd() {
    in_random_orders("three threads with answers", a_crowd);
}

#[test]
fn planted_errors_are_found() {
    finds(Slip::TakingLetsGo, answered_and_taken);
    finds(Slip::AnsweredTwice, answered_and_taken);
}
