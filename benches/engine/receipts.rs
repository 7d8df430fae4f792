//! Purchases, one after the other, each saved before the next.

use crate::game::{data, Server};
use crate::page::{spread, Pairs};
use crate::serde::{micros, stored};
use crate::Size;
use sessionlocker::engine::EngineOptions;
use sessionlocker::locker::Spec;
use sessionlocker::receipt::{Receipt, ReceiptState};
use sessionlocker::record::ledger::PurchaseId;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// So many in a row before the player starts over.
const IN_A_ROW: usize = 100;

pub fn measure(size: &Size) -> String {
    let mut text = format!(
        "Purchases of a player with a kilobyte of data, {IN_A_ROW} one after the other, each saved before the next. Beside it \
         serde_json writes the record of a player who has bought nothing, once. In turn, {} times: medians, and the middle \
         half. The last hundred or so are kept in full; what each older one takes is the difference between the record with \
         half as many older ones and with all of them.\n\n\
         | older purchases | us a purchase | serde_json | ratio | bytes of the record for each older one |\n|---|---|---|---|---|\n",
        size.rounds
    );
    let plain = {
        let (store, _server) = buyer(0);
        stored(&store, "p0")
    };
    for older in [0, size.older_receipts] {
        let mut pairs = Pairs::default();
        let (_, mut server) = buyer(older);
        for _ in 0..size.rounds {
            // Each round begins with as many older ones, as far as that can be had without buying them all again.
            if older == 0 {
                (_, server) = buyer(0);
            }
            let start = Instant::now();
            buy(&mut server, IN_A_ROW);
            let own = start.elapsed().as_secs_f64() * 1e6 / IN_A_ROW as f64;
            let raw = micros(&plain, 0, 1, 1_000);
            pairs.push(own, raw);
        }
        let [ours, theirs, ratio] = pairs.medians();
        let grown = if older == 0 {
            "-".to_owned()
        } else {
            format!("{:.1}", growth(older / 2, older))
        };
        let _ = writeln!(
            text,
            "| {older} | {} | {} | {} | {grown} |",
            spread(ours, 1),
            spread(theirs, 1),
            spread(ratio, 2)
        );
    }
    text
}

/// Bytes that the record grows for each purchase from the first to the second number of them.
fn growth(first: usize, second: usize) -> f64 {
    let (store, mut server) = buyer(first);
    let before = stored(&store, "p0").len();
    buy(&mut server, second - first);
    let after = stored(&store, "p0").len();
    (after - before) as f64 / (second - first) as f64
}

/// A player who has bought so many things.
fn buyer(older: usize) -> (Arc<dyn Store>, Server) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let spec = Spec {
        apply_receipt: true,
        ..Spec::named("player")
    };
    let mut server = Server::start_with(EngineOptions::default(), &store, spec, &data(1_000));
    server.join(0..1);
    server.tick_until_loaded();
    buy(&mut server, older);
    (store, server)
}

fn buy(server: &mut Server, purchases: usize) {
    for _ in 0..purchases {
        let number = server.receipts;
        let receipt = Receipt {
            purchase: PurchaseId {
                provider: "steam".into(),
                environment: "production".into(),
                id: format!("GPA.3345-{number:012}"),
            },
            product: "gold-10".into(),
            context: Vec::new(),
            tag: 0,
            state: ReceiptState::Purchased,
        };
        let taken = server.engine.core().process_receipt(server.lockers[0], receipt);
        taken.expect("it is loaded");
        while server.receipts == number {
            server.tick();
        }
    }
}
