//! Any bytes as a stored record: what can be read is written again as it was understood, and reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionlocker::record::codec::{decode, encode};
use sessionlocker::record::Document;

/// The game's data as they go back to the store.
fn data_of(document: &Document) -> Vec<u8> {
    let mut text = Vec::new();
    if !document.write_json(&mut text) {
        text.extend_from_slice(document.as_bytes().expect("a document is JSON or bytes"));
    }
    text
}

fuzz_target!(|value: &[u8]| {
    let Ok((header, document)) = decode(value) else {
        return;
    };
    let written = encode(&header, &document);
    let (header_again, document_again) = decode(&written).expect("what was written can be read");
    assert_eq!(data_of(&document), data_of(&document_again), "the data come back");
    assert_eq!(written, encode(&header_again, &document_again), "the header comes back");
    // Looking inside may fail, and must change nothing.
    let _ = document.value_type("/a/0");
    assert_eq!(data_of(&document), data_of(&document_again));
});
