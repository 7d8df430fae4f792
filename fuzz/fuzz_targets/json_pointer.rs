//! A JSON Pointer into a document, compared with the JSON library's own reading of RFC 6901. The input is the pointer, a
//! line feed, and the document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sessionlocker::record::{Document, MAX_DEPTH};

/// Whether each `~` is followed by `0` or `1`: the JSON library takes others as they stand, and we refuse them.
fn is_well_formed(pointer: &str) -> bool {
    pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth_of).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((pointer, text)) = std::str::from_utf8(input).ok().and_then(|input| input.split_once('\n')) else {
        return;
    };
    let Ok(document) = Document::from_json(text) else {
        return;
    };
    let value: Value = serde_json::from_str(text).expect("a document is JSON");
    assert!(
        depth_of(&value) <= MAX_DEPTH,
        "what is around a document leaves room for no more"
    );
    let expected = value.pointer(pointer).filter(|_| is_well_formed(pointer));
    let found = document.get_json(pointer).ok().flatten();
    let found: Option<Value> = found.map(|text| serde_json::from_str(&text).expect("what is read is JSON"));
    assert_eq!(found.as_ref(), expected, "{pointer}");
    assert_eq!(
        document.value_type(pointer).ok().flatten().is_some(),
        expected.is_some()
    );
    if let Some(Value::Object(members)) = expected {
        assert_eq!(document.length(pointer).ok().flatten(), Some(members.len()));
        for (index, name) in members.keys().enumerate() {
            assert_eq!(document.key_at(pointer, index).ok().flatten().as_deref(), Some(name.as_str()));
        }
    }
});
