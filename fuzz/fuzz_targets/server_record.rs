//! Any bytes as a server record: what can be read is written again as it was understood.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionlocker::record::server::{ServerRecord, LEASE_RANGE};

fuzz_target!(|value: &[u8]| {
    let Some(record) = ServerRecord::decode(value) else {
        return;
    };
    let (shortest, longest) = LEASE_RANGE;
    assert!(
        (shortest..=longest).contains(&record.lease()),
        "an absurd lease is bounded"
    );
    let again = ServerRecord::decode(&record.encode()).expect("what was written can be read");
    assert_eq!(record, again);
});
