//! The text of the last failed call of each thread.

use std::cell::RefCell;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers what went wrong in `function`.
pub(super) fn set(function: &str, text: &str) {
    // A thread that is ending may call from a destructor that runs after this text is gone.
    let _ = LAST.try_with(|last| {
        let mut last = last.borrow_mut();
        last.clear();
        last.push_str(function);
        last.push_str(": ");
        last.push_str(text);
    });
}

/// What went wrong last on this thread.
pub(super) fn last() -> String {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or_default()
}
