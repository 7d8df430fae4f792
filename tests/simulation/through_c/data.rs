//! Data of lockers and documents, read and changed by the functions that the header offers for that.

use super::is_ok;
use crate::view::Game;
use sessionlocker::ffi::document::{
    slk_document_append_json, slk_document_destroy, slk_document_get_json, slk_document_set_i64, slk_document_set_json,
};
use sessionlocker::ffi::handle::{slk_document, slk_locker};
use sessionlocker::ffi::locker_data::{slk_locker_append_json, slk_locker_get_json, slk_locker_set_json};
use sessionlocker::ffi::result::{slk_result, SLK_E_BUFFER_TOO_SMALL, SLK_OK};
use sessionlocker::record::Document;
use std::ffi::{c_char, CStr, CString};

/// Usual data fit into so many bytes; for larger ones the length is learnt first.
const USUAL_BYTES: usize = 512;

/// Reads a text whose length is not known.
fn read_text(read: impl Fn(*mut c_char, usize, *mut usize) -> slk_result) -> Result<String, slk_result> {
    let mut buffer = vec![0_u8; USUAL_BYTES];
    loop {
        let mut needed = 0;
        let result = read(buffer.as_mut_ptr().cast(), buffer.len(), &raw mut needed);
        if result == SLK_E_BUFFER_TOO_SMALL && needed >= buffer.len() {
            buffer.resize(needed + 1, 0);
            continue;
        }
        if !is_ok(result) {
            return Err(result);
        }
        buffer.truncate(needed);
        return Ok(String::from_utf8(buffer).expect("JSON is UTF-8"));
    }
}

/// All data of a locker.
pub fn read_locker(locker: slk_locker) -> Result<Document, slk_result> {
    let read = |buffer, capacity, needed| {
        // SAFETY: the pointer is a string, the buffer has the capacity, the length is writable.
        unsafe { slk_locker_get_json(locker, c"".as_ptr(), buffer, capacity, needed) }
    };
    Ok(Document::from_json(&read_text(read)?).expect("the library gives JSON"))
}

/// All of a document.
pub fn read_document(document: slk_document) -> Result<Document, slk_result> {
    let read = |buffer, capacity, needed| {
        // SAFETY: the pointer is a string, the buffer has the capacity, the length is writable.
        unsafe { slk_document_get_json(document, c"".as_ptr(), buffer, capacity, needed) }
    };
    Ok(Document::from_json(&read_text(read)?).expect("the library gives JSON"))
}

/// A document that an event has brought.
pub fn take_document(document: slk_document) -> Result<Document, slk_result> {
    let taken = read_document(document)?;
    match slk_document_destroy(document) {
        SLK_OK => Ok(taken),
        other => Err(other),
    }
}

/// Changes the data of a locker as one change: by one call, whatever has to be changed.
pub fn edit_locker(locker: slk_locker, before: &Game, after: &Game, change: &mut u64) -> slk_result {
    let lists = lists_of(before, after);
    let changed: Vec<_> = lists.iter().filter(|list| list.before != list.after).collect();
    if let ([list], true) = (&changed[..], before.form == after.form) {
        if let Some(added) = list.appended() {
            let json = c_text(&added.to_string());
            // SAFETY: strings that are alive, and a place for the number.
            return unsafe { slk_locker_append_json(locker, list.pointer.as_ptr(), json.as_ptr(), usize::MAX, change) };
        }
    }
    let json = after.to_json();
    // SAFETY: as above; the length is given.
    unsafe { slk_locker_set_json(locker, c"".as_ptr(), json.as_ptr().cast(), json.len(), change) }
}

/// Makes a draft what it is to be, member by member.
pub fn edit_draft(draft: slk_document, before: &Game, after: &Game) -> slk_result {
    for list in lists_of(before, after) {
        let result = edit_list(draft, &list);
        if !is_ok(result) {
            return result;
        }
    }
    if before.form == after.form {
        return SLK_OK;
    }
    // SAFETY: the pointer is a string.
    unsafe { slk_document_set_i64(draft, c"/form".as_ptr(), after.form.into()) }
}

fn edit_list(draft: slk_document, list: &List) -> slk_result {
    if list.before == list.after {
        return SLK_OK;
    }
    let pointer = list.pointer.as_ptr();
    if let Some(added) = list.appended() {
        let json = c_text(&added.to_string());
        // SAFETY: strings that are alive.
        return unsafe { slk_document_append_json(draft, pointer, json.as_ptr(), usize::MAX) };
    }
    let json = serde_json::json!(list.after).to_string();
    // SAFETY: a string, and a text of this length.
    unsafe { slk_document_set_json(draft, pointer, json.as_ptr().cast(), json.len()) }
}

/// One list of the game's data.
struct List<'a> {
    pointer: &'static CStr,
    before: &'a [u32],
    after: &'a [u32],
}

impl List<'_> {
    /// What was added, if that is all.
    fn appended(&self) -> Option<u32> {
        let (last, rest) = self.after.split_last()?;
        (rest == self.before).then_some(*last)
    }
}

fn lists_of<'a>(before: &'a Game, after: &'a Game) -> [List<'a>; 5] {
    let list = |pointer, before: &'a [u32], after: &'a [u32]| List { pointer, before, after };
    [
        list(c"/log", &before.log, &after.log),
        list(c"/got", &before.got, &after.got),
        list(c"/spent", &before.spent, &after.spent),
        list(c"/mail", &before.mail, &after.mail),
        list(c"/sent", &before.sent, &after.sent),
    ]
}

pub fn c_text(text: &str) -> CString {
    CString::new(text).expect("names and data of a run have no NUL")
}
