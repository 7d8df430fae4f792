//! Saves per second through each store, beside what its own client does with the same writes.

use crate::chart::{powers_of_ten, Axis, Charts, Line, Stroke, BLUE, GREEN, RED};
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

/// So many writes share a transaction at most. The default of the stores is 256.
const BATCHES: [usize; 5] = [1, 16, 128, 256, 1024];

/// As many as the largest batches have waiting, so that no two batches that are written at once share a record.
const RECORDS: usize = 4096;

pub fn value(bytes: usize) -> Vec<u8> {
    let filling = "x".repeat(bytes - 40);
    format!("{{\"slk\":{{\"format\":1}},\"data\":\"{filling}\"}}").into_bytes()
}

/// The versions that are stored.
pub struct Records<'s> {
    store: &'s Arc<dyn Store>,
    in_flight: usize,
    versions: Vec<Version>,
}

impl<'s> Records<'s> {
    pub fn fill(store: &'s Arc<dyn Store>, count: usize, in_flight: usize, value: &[u8]) -> Self {
        let mut records = Self {
            store,
            in_flight,
            versions: Vec::new(),
        };
        let missing = vec![Expected::Missing; count];
        records.versions = write_all(store, in_flight, missing, value);
        records
    }

    /// Each record in turn; a record is written again when its last write was answered.
    pub fn replace(&mut self, writes: usize, value: &[u8]) {
        let mut left = writes;
        while left > 0 {
            let count = left.min(self.versions.len());
            let expected = self.versions[..count].iter().cloned().map(Expected::Version).collect();
            let new = write_all(self.store, self.in_flight, expected, value);
            self.versions.splice(..count, new);
            left -= count;
        }
    }
}

fn write_all(store: &Arc<dyn Store>, in_flight: usize, expected: Vec<Expected>, value: &[u8]) -> Vec<Version> {
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
        if waiting == in_flight {
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

pub fn measure(beds: &[Bed], size: &Size, charts: &mut Charts) -> String {
    let mut text = format!(
        "Compare-and-set of records of {VALUE_BYTES} bytes that are there, durable when they are answered, by a store that puts \
         at most so many into a transaction, and has four times as many waiting; beside the same statements in transactions of \
         as many by the storage's own client, on as many connections. In turn {} times in one run on {} cores: medians, and \
         the middle half.\n\n| store | in a transaction | saves per second | its own client | ratio |\n|---|---|---|---|---|\n",
        size.rounds,
        cores()
    );
    let mut lines = Vec::new();
    for (bed, color) in beds.iter().zip([BLUE, RED, GREEN]) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for batch in BATCHES {
            let [own, raw, ratio] = compare(bed, batch, size);
            let name = bed.name;
            let (own_text, raw_text) = (spread(own, 0), spread(raw, 0));
            let _ = writeln!(
                text,
                "| {name} | {batch} | {own_text} | {raw_text} | {} |",
                spread(ratio, 2)
            );
            ours.push((batch as f64, own.0));
            theirs.push((batch as f64, raw.0));
        }
        for (whose, stroke, points) in [("", Stroke::Solid, ours), (", its client", Stroke::Dashed, theirs)] {
            lines.push(Line {
                name: format!("{}{whose}", bed.name),
                color,
                stroke,
                has_marks: true,
                points,
            });
        }
    }
    // The first column of the legend is of this library.
    lines.sort_by_key(|line| line.stroke != Stroke::Solid);
    let x = Axis {
        title: "writes in a transaction at most",
        marks: BATCHES.map(|batch| batch as f64).to_vec(),
        is_log: true,
    };
    let y = Axis {
        title: "saves per second",
        marks: powers_of_ten(lines.iter().flat_map(|line| &line.points).map(|point| point.1)),
        is_log: true,
    };
    text + &charts.add(
        "saves",
        "Saves per second by store and size of a transaction",
        &x,
        &y,
        &lines,
    )
}

/// Saves per second, ours and the client's, and their ratio.
fn compare(bed: &Bed, batch: usize, size: &Size) -> [(f64, f64, f64); 3] {
    let value = value(VALUE_BYTES);
    let store = bed.store_in_batches(&format!("saves_{batch}"), batch);
    let mut client = bed.client(&format!("raw_{batch}"));
    // Each transaction waits for the disk, so that few writes take long if each has its own.
    let writes = size.saves.min(batch * 300);
    let count = writes.min(RECORDS);
    let mut records = Records::fill(&store, count, 4 * batch, &value);
    client.fill(count, &value);
    let mut pairs = Pairs::default();
    for _ in 0..size.rounds {
        let start = Instant::now();
        records.replace(writes, &value);
        let own = writes as f64 / start.elapsed().as_secs_f64();
        let start = Instant::now();
        client.replace(writes, batch, &value);
        pairs.push(own, writes as f64 / start.elapsed().as_secs_f64());
    }
    pairs.medians()
}
