//! `slk_error_sink`: how a callback says in words why it failed.

use super::handle::slk_error_sink;
use super::panic;
use super::result::*;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_TEXT_BYTES};
use parking_lot::Mutex;
use std::ffi::c_char;
use std::sync::Arc;

static SINKS: Table<Mutex<String>> = Table::new(Type::ErrorSink);

/// Takes a callback's words until the callback returns.
pub(super) struct Sink {
    handle: slk_error_sink,
}

impl Sink {
    pub fn new() -> Result<Self, Failure> {
        let id = SINKS.insert(Arc::default())?;
        Ok(Self {
            handle: slk_error_sink { id },
        })
    }

    pub fn handle(&self) -> slk_error_sink {
        self.handle
    }

    /// What the callback said; empty if it said nothing.
    pub fn said(&self) -> String {
        let said = SINKS.get(self.handle.id).map(|words| words.lock().clone());
        said.unwrap_or_default()
    }

    /// What the callback said with this result, which is a failure.
    pub fn words(&self, callback: &str, result: slk_result) -> String {
        let said = self.said();
        if said.is_empty() {
            format!("{callback} returned {} ({result})", name_of(result))
        } else {
            format!("{callback}: {said}")
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Nobody else removes it.
        let _ = SINKS.remove(self.handle.id);
    }
}

/// Says in words why a callback fails: they end up in the event and in the log.
///
/// Parameters:
///   `sink`: as the callback got it; valid until the callback returns.
///   `text`: the words, UTF-8, up to `SLK_MAX_TEXT_BYTES`; copied. Those of an earlier call are replaced.
/// Returns:
///   `SLK_OK`: taken.
///   `SLK_E_INVALID_HANDLE`: the callback has returned, or it is no sink.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the text.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_error_sink_set(sink: slk_error_sink, text: *const c_char) -> slk_result {
    panic::enter("slk_error_sink_set", || {
        let words = SINKS.get(sink.id)?;
        // SAFETY: null or a string, as the caller promises.
        let text = unsafe { text::string(text, "text", SLK_MAX_TEXT_BYTES) }?;
        text.clone_into(&mut words.lock());
        Ok(SLK_OK)
    })
}
