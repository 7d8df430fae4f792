//! The callback store: each request becomes a flight of the world, each answer goes back through the functions that
//! complete requests.

use super::shared::{Asked, Shared, Waiting};
use crate::world::World;
use sessionlocker::ffi::handle::slk_request;
use sessionlocker::ffi::request::{
    slk_request_complete_conflict, slk_request_complete_failed, slk_request_complete_found,
    slk_request_complete_missing, slk_request_complete_removed, slk_request_complete_written, slk_request_view,
    SLK_KEY_SERVER, SLK_REQUEST_DATA_UNCHANGED,
};
use sessionlocker::ffi::result::{
    slk_result, SLK_E_INVALID_ARGUMENT, SLK_E_INVALID_HANDLE, SLK_E_LATE, SLK_E_NOT_APPLIED, SLK_E_UNKNOWN_OUTCOME,
    SLK_OK,
};
use sessionlocker::store::{
    Cause, Expected, Hints, Key, Kind, Operation, Outcome, Reply, Request, RequestId, StoreError, StoreResult, Version,
};
use std::ffi::{c_void, CString};

pub unsafe extern "C" fn get(user_data: *mut c_void, request: slk_request, view: *const slk_request_view) {
    // SAFETY: the library gives what it was given, and a view that it keeps alive.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*view) };
    submit(shared, request, view, Asked::Get);
}

pub unsafe extern "C" fn put(user_data: *mut c_void, request: slk_request, view: *const slk_request_view) {
    // SAFETY: as for `get`.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*view) };
    submit(shared, request, view, Asked::Put);
}

pub unsafe extern "C" fn remove(user_data: *mut c_void, request: slk_request, view: *const slk_request_view) {
    // SAFETY: as for `get`.
    let (shared, view) = unsafe { (Shared::behind(user_data), &*view) };
    submit(shared, request, view, Asked::Remove);
}

/// Nobody waits for the answer any longer. It may still come, and counts for nothing.
pub unsafe extern "C" fn cancel(user_data: *mut c_void, request: slk_request) {
    // SAFETY: the library gives what it was given.
    unsafe { Shared::behind(user_data) }.give_up_request(request);
}

fn submit(shared: &Shared, handle: slk_request, view: &slk_request_view, asked: Asked) {
    shared.add_request(handle, asked);
    let request = request_of(shared, view, asked);
    let number = shared.number;
    let submit = |world: &mut World| world.submit(number, RequestId(handle.id), request);
    if let Some(result) = shared.with_world(None, submit) {
        complete(shared, RequestId(handle.id), &result);
    }
}

fn request_of(shared: &Shared, view: &slk_request_view, asked: Asked) -> Request {
    // SAFETY: each pointer of the view leads to as many bytes as its length says, or is null with length 0.
    let part = |at: *const c_void, length: usize| unsafe {
        if at.is_null() {
            &[][..]
        } else {
            std::slice::from_raw_parts(at.cast::<u8>(), length)
        }
    };
    let text = |at, length| std::str::from_utf8(part(at, length)).expect("names are UTF-8");
    let is_server = view.key_kind == SLK_KEY_SERVER;
    let put = || {
        let value = shared.names.borrow_mut().publish(part(view.value, view.value_length));
        let data = view.value_length - view.header_length as usize;
        let announce = text(view.announce.cast(), view.announce_length);
        let hints = Hints {
            announce: (!announce.is_empty()).then(|| announce.into()),
            // Names in the header may have become longer or shorter.
            header_bytes: match view.header_length {
                0 => 0,
                _ => u32::try_from(value.len() - data).expect("records are small"),
            },
            data_unchanged: view.flags & SLK_REQUEST_DATA_UNCHANGED != 0,
        };
        (value, hints)
    };
    let version = || Version::new(part(view.version, view.version_length)).expect("a version was given by the store");
    Request {
        key: Key {
            kind: if is_server { Kind::Server } else { Kind::Record },
            space: text(view.spec.cast(), view.spec_length).into(),
            name: text(view.key.cast(), view.key_length).into(),
        },
        operation: match asked {
            Asked::Get => Operation::Get,
            Asked::Put => {
                let (value, hints) = put();
                let expected = if view.version.is_null() {
                    Expected::Missing
                } else {
                    Expected::Version(version())
                };
                Operation::Put { value, expected, hints }
            }
            Asked::Remove => Operation::Remove { expected: version() },
        },
    }
}

/// Answers a request, and looks whether the library says of the answer what it must.
pub fn complete(shared: &Shared, id: RequestId, result: &StoreResult) {
    let request = slk_request { id: id.0 };
    let waiting = shared.take_request(request);
    let given = match result {
        Ok(reply) => complete_with(shared, request, reply),
        Err(error) => fail(request, error),
    };
    shared.expect("completing a request", given, expected(waiting, result));
}

fn expected(waiting: Option<Waiting>, result: &StoreResult) -> slk_result {
    let Some(waiting) = waiting else {
        return SLK_E_INVALID_HANDLE;
    };
    let fits = match result {
        Err(_) => true,
        Ok(Reply::Found { .. } | Reply::Missing) => waiting.asked == Asked::Get,
        Ok(Reply::Written { .. }) => waiting.asked == Asked::Put,
        Ok(Reply::Removed) => waiting.asked == Asked::Remove,
        Ok(Reply::Conflict) => waiting.asked != Asked::Get,
        Ok(Reply::Keys { .. }) => false,
    };
    match (fits, waiting.given_up) {
        (false, _) => SLK_E_INVALID_ARGUMENT,
        (true, true) => SLK_E_LATE,
        (true, false) => SLK_OK,
    }
}

fn complete_with(shared: &Shared, request: slk_request, reply: &Reply) -> slk_result {
    let token = |version: &Version| (version.as_bytes().as_ptr().cast::<c_void>(), version.as_bytes().len());
    match reply {
        Reply::Found { value, version } => {
            let value = shared.names.borrow().reclaim(value);
            let (at, length) = token(version);
            // SAFETY: both are alive, and as long as said.
            unsafe { slk_request_complete_found(request, value.as_ptr().cast(), value.len(), at, length) }
        }
        Reply::Missing => slk_request_complete_missing(request),
        Reply::Written { version } => {
            let (at, length) = token(version);
            // SAFETY: the version is alive, and as long as said.
            unsafe { slk_request_complete_written(request, at, length) }
        }
        Reply::Removed => slk_request_complete_removed(request),
        Reply::Conflict => slk_request_complete_conflict(request),
        Reply::Keys { .. } => unreachable!("nobody asks for a list"),
    }
}

fn fail(request: slk_request, error: &StoreError) -> slk_result {
    let result = match (error.outcome, error.cause) {
        (Outcome::Unknown, _) => SLK_E_UNKNOWN_OUTCOME,
        (Outcome::NotApplied, Cause::Request) => SLK_E_INVALID_ARGUMENT,
        (Outcome::NotApplied, _) => SLK_E_NOT_APPLIED,
    };
    let text = CString::new(error.text.as_str()).expect("the world's words have no NUL");
    // SAFETY: the text is a string that is alive.
    unsafe { slk_request_complete_failed(request, result, text.as_ptr()) }
}
