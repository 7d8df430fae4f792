//! Any bytes as a record of another library, or as plain JSON: what is taken over can be written and read as ours.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionlocker::record::codec::{decode, decode_or_import, encode};
use sessionlocker::record::import::Import;
use sessionlocker::record::stamp::Stamp;

const OP: Stamp = Stamp { origin: 7, number: 1 };

fn take_over(value: &[u8], import: Import) -> bool {
    let Ok(taken) = decode_or_import(value, &import, OP, 1_700_000_000_000) else {
        return false;
    };
    assert!(taken.header.ledger.is_sound());
    let written = encode(&taken.header, &taken.document);
    let (header, document) = decode(&written).expect("what was taken over can be written and read");
    assert_eq!(written, encode(&header, &document), "and comes back");
    true
}

fuzz_target!(|value: &[u8]| {
    let import = |original, plain| Import {
        original,
        plain,
        plain_schema: 3,
    };
    let nothing = take_over(value, import(false, false));
    assert_eq!(
        nothing,
        decode(value).is_ok(),
        "nothing is taken over unless it is allowed"
    );
    let either = take_over(value, import(true, false)) || take_over(value, import(false, true));
    assert!(either || !nothing, "a record of ours is read in any case");
    take_over(value, import(true, true));
});
