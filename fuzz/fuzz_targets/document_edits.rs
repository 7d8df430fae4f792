//! A list of edits through the C functions, compared after each with the same edits of a plain JSON value.
//!
//! Three bytes make an edit: what to do, where, and with which value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{json, Value};
use sessionlocker::ffi::document::*;
use sessionlocker::ffi::handle::slk_document;
use sessionlocker::ffi::result::SLK_OK;
use std::ffi::CString;

const TOKENS: [&str; 16] = [
    "a",
    "b",
    "0",
    "1",
    "2",
    "-",
    "01",
    "~0",
    "~1",
    "",
    "x y",
    "-1",
    "+1",
    "18446744073709551616",
    "\u{e4}",
    "a",
];

fn values() -> [Value; 8] {
    [
        json!(1),
        json!("text"),
        json!([]),
        json!({}),
        json!([1, [2], {"b": 3}]),
        json!({"a": {"b": []}, "~": 1, "/": [null]}),
        json!(null),
        json!(-7),
    ]
}

/// Up to three tokens, by the bits of one byte and of another.
fn pointer_of(first: u8, more: u8) -> String {
    let tokens = [first & 15, first >> 4, more >> 4];
    let length = usize::from(more >> 2 & 3);
    tokens[..length]
        .iter()
        .map(|token| format!("/{}", TOKENS[usize::from(*token)]))
        .collect()
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The index that a token names: digits without a zero in front.
fn index_of(token: &str) -> Option<usize> {
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (token == "0" || !token.starts_with('0')))
        .then(|| token.parse().ok())
        .flatten()
}

/// Puts the value where the pointer leads; false, and nothing changed, if it cannot be.
fn put(model: &mut Value, pointer: &str, value: Value) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        *model = value;
        return true;
    };
    match model.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(unescape(last), value);
            true
        }
        Some(Value::Array(elements)) if last == "-" => {
            elements.push(value);
            true
        }
        Some(Value::Array(elements)) => match index_of(last).and_then(|index| elements.get_mut(index)) {
            Some(place) => {
                *place = value;
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn remove(model: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return false;
    };
    match model.pointer_mut(parent) {
        Some(Value::Object(members)) => members.shift_remove(&unescape(last)).is_some(),
        Some(Value::Array(elements)) => match index_of(last) {
            Some(index) if index < elements.len() => {
                elements.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn add(model: &mut Value, pointer: &str, delta: i64) -> bool {
    match model.pointer(pointer) {
        Some(Value::Number(number)) => match number.as_i64().and_then(|number| number.checked_add(delta)) {
            Some(sum) => put(model, pointer, json!(sum)),
            None => false,
        },
        Some(_) => false,
        None => put(model, pointer, json!(delta)),
    }
}

fn append(model: &mut Value, pointer: &str, value: Value) -> bool {
    match model.pointer_mut(pointer) {
        Some(Value::Array(elements)) => {
            elements.push(value);
            true
        }
        Some(_) => false,
        None => put(model, pointer, json!([value])),
    }
}

fn text_of(document: slk_document) -> String {
    let whole = c"".as_ptr();
    let mut needed = 0;
    // SAFETY: the pointer is a string, the buffer has the room that is asked for.
    unsafe {
        assert_eq!(
            slk_document_get_json(document, whole, std::ptr::null_mut(), 0, &mut needed),
            SLK_OK
        );
        let mut buffer = vec![0_u8; needed + 1];
        let result = slk_document_get_json(document, whole, buffer.as_mut_ptr().cast(), buffer.len(), &mut needed);
        assert_eq!(result, SLK_OK);
        assert_eq!(buffer.pop(), Some(0));
        String::from_utf8(buffer).expect("JSON is UTF-8")
    }
}

/// One edit on both; true if they agree on whether it can be done.
fn edit(document: slk_document, model: &mut Value, what: u8, pointer: &str, value: &Value) -> bool {
    let place = CString::new(pointer).expect("tokens have no NUL");
    let text = value.to_string();
    let number = value.as_i64().unwrap_or(i64::MAX);
    let at = place.as_ptr();
    // SAFETY: strings with a NUL, and text with its length.
    let result = unsafe {
        match what % 6 {
            0 | 1 => slk_document_set_json(document, at, text.as_ptr().cast(), text.len()),
            2 => slk_document_remove(document, at),
            3 => slk_document_add_i64(document, at, number),
            4 => slk_document_append_json(document, at, text.as_ptr().cast(), text.len()),
            _ => slk_document_set_i64(document, at, number),
        }
    };
    let done = match what % 6 {
        0 | 1 => put(model, pointer, value.clone()),
        2 => remove(model, pointer),
        3 => add(model, pointer, number),
        4 => append(model, pointer, value.clone()),
        _ => put(model, pointer, json!(number)),
    };
    (result == SLK_OK) == done
}

fuzz_target!(|input: &[u8]| {
    let mut document = slk_document::default();
    // SAFETY: text with its length, and a place for the handle.
    let made = unsafe { slk_document_create_json(c"{\"a\":[0]}".as_ptr(), 9, &mut document) };
    assert_eq!(made, SLK_OK);
    let mut model = json!({"a": [0]});
    let values = values();
    // So few that the document stays shallow.
    for step in input.chunks_exact(3).take(30) {
        let pointer = pointer_of(step[1], step[2]);
        let value = &values[usize::from(step[0] >> 5)];
        let agree = edit(document, &mut model, step[0] & 31, &pointer, value);
        assert!(agree, "{pointer} {value}");
        let text = text_of(document);
        assert_eq!(
            serde_json::from_str::<Value>(&text).expect("a document is JSON"),
            model,
            "{pointer} {value}"
        );
    }
    assert_eq!(slk_document_destroy(document), SLK_OK);
});
