//! What serde_json alone needs for a record.

use serde_json::Value;
use sessionlocker::store::{
    Completion, Key, Kind, Operation, Receiver, Reply, Request, RequestId, Store, StoreResult, Waiter,
};
use std::hint::black_box;
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Weak};
use std::time::Instant;

/// The record of a player as it is stored.
pub fn stored(store: &Arc<dyn Store>, name: &str) -> Vec<u8> {
    let request = Request {
        key: Key {
            kind: Kind::Record,
            space: "player".into(),
            name: name.into(),
        },
        operation: Operation::Get,
    };
    let (sender, answer) = channel();
    store.submit(request, Completion::to(RequestId(0), Asker(sender)));
    match answer.recv() {
        Ok(Ok(Reply::Found { value, .. })) => value.to_vec(),
        other => panic!("{other:?}"),
    }
}

struct Asker(Sender<StoreResult>);

impl Receiver for Asker {
    fn answer(self: Box<Self>, result: StoreResult) {
        let _ = self.0.send(result);
    }

    fn watch(&self, _waiter: Weak<dyn Waiter>) {}
}

/// Microseconds to read a record `reads` times and to write it `writes` times, the mean of so many.
pub fn micros(record: &[u8], reads: usize, writes: usize, times: usize) -> f64 {
    let value: Value = serde_json::from_slice(record).expect("JSON");
    let start = Instant::now();
    for _ in 0..times {
        for _ in 0..reads {
            black_box(serde_json::from_slice::<Value>(black_box(record)).expect("JSON"));
        }
        for _ in 0..writes {
            black_box(serde_json::to_vec(black_box(&value)).expect("JSON"));
        }
    }
    start.elapsed().as_secs_f64() * 1e6 / times as f64
}
