//! Saves per second through each store, beside what its own client does with the same writes.

use crate::clients::cores;
use crate::page::{spread, Pairs};
use crate::stores::Bed;
use crate::Size;
use sessionlocker::store::{
    Bytes, Completion, Expected, Key, Kind, Operation, Receiver, Reply, Request, RequestId, Store, StoreResult,
    Version, Waiter,
};
use std::fmt::Write as _;
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Weak};
use std::time::Instant;

const VALUE_BYTES: usize = 1024;

/// As many as an engine sends at once is the least; a store with many engines has more.
const IN_FLIGHT: usize = 1024;

/// More than two batches for each connection, so that no two batches that are written at once share a record.
const RECORDS: usize = 2048;

pub fn value(bytes: usize) -> Vec<u8> {
    let filling = "x".repeat(bytes - 40);
    format!("{{\"slk\":{{\"format\":1}},\"data\":\"{filling}\"}}").into_bytes()
}

/// The versions that are stored.
pub struct Records<'s> {
    store: &'s Arc<dyn Store>,
    versions: Vec<Version>,
}

impl<'s> Records<'s> {
    pub fn fill(store: &'s Arc<dyn Store>, value: &[u8]) -> Self {
        let mut records = Self {
            store,
            versions: Vec::new(),
        };
        let missing = vec![Expected::Missing; RECORDS];
        records.versions = write_all(store, missing, value);
        records
    }

    /// Each record in turn; a record is written again when its last write was answered.
    pub fn replace(&mut self, writes: usize, value: &[u8]) {
        let mut left = writes;
        while left > 0 {
            let count = left.min(self.versions.len());
            let expected = self.versions[..count].iter().cloned().map(Expected::Version).collect();
            let new = write_all(self.store, expected, value);
            self.versions.splice(..count, new);
            left -= count;
        }
    }
}

fn write_all(store: &Arc<dyn Store>, expected: Vec<Expected>, value: &[u8]) -> Vec<Version> {
    let value: Bytes = value.into();
    let (sender, answers) = channel();
    let mut versions = vec![None; expected.len()];
    let mut waiting = 0;
    let mut take = |waiting: &mut usize| {
        let (record, result): (usize, StoreResult) = answers.recv().expect("the store answers");
        match result {
            Ok(Reply::Written { version }) => versions[record] = Some(version),
            other => panic!("{other:?}"),
        }
        *waiting -= 1;
    };
    for (record, expected) in expected.into_iter().enumerate() {
        if waiting == IN_FLIGHT {
            take(&mut waiting);
        }
        submit(store, record, expected, &value, sender.clone());
        waiting += 1;
    }
    while waiting > 0 {
        take(&mut waiting);
    }
    versions.into_iter().map(|version| version.expect("written")).collect()
}

fn submit(
    store: &Arc<dyn Store>,
    record: usize,
    expected: Expected,
    value: &Bytes,
    answers: Sender<(usize, StoreResult)>,
) {
    let request = Request {
        key: Key {
            kind: Kind::Record,
            space: "player".into(),
            name: format!("p{record}").into(),
        },
        operation: Operation::put(value.clone(), expected),
    };
    store.submit(request, Completion::to(RequestId(0), Asker { record, answers }));
}

struct Asker {
    record: usize,
    answers: Sender<(usize, StoreResult)>,
}

impl Receiver for Asker {
    fn answer(self: Box<Self>, result: StoreResult) {
        let _ = self.answers.send((self.record, result));
    }

    fn watch(&self, _waiter: Weak<dyn Waiter>) {}
}

pub fn measure(beds: &[Bed], size: &Size) -> String {
    let mut text = format!(
        "Compare-and-set of records of {VALUE_BYTES} bytes that are there, {IN_FLIGHT} at once, durable when they are \
         answered, beside the same statements in transactions of as many by the storage's own client, in turn {} times in one \
         run on {} cores: medians, and the middle half.\n\n| store | saves per second | its own client | ratio |\n|---|---|---|---|\n",
        size.rounds,
        cores()
    );
    let value = value(VALUE_BYTES);
    for bed in beds {
        let store = bed.store("saves");
        let mut client = bed.client("raw");
        let mut records = Records::fill(&store, &value);
        client.fill(RECORDS, &value);
        let mut pairs = Pairs::default();
        for _ in 0..size.rounds {
            let start = Instant::now();
            records.replace(size.saves, &value);
            let own = size.saves as f64 / start.elapsed().as_secs_f64();
            let start = Instant::now();
            client.replace(size.saves, &value);
            let raw = size.saves as f64 / start.elapsed().as_secs_f64();
            pairs.push(own, raw);
        }
        let [ours, theirs, ratio] = pairs.medians();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            bed.name,
            spread(ours, 0),
            spread(theirs, 0),
            spread(ratio, 2)
        );
    }
    text
}
