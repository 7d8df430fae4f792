//! The boundary: every exported function runs inside [`enter`], which lets no panic through.

use super::error_text;
use super::result::*;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Once;

thread_local! {
    /// How many calls into this library are on this thread's stack.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The place and words of the panic that is being caught.
    static CAUGHT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of the exported function `function`: a failure becomes its code and the thread's last error, a panic
/// becomes [`SLK_E_PANIC`].
pub(super) fn enter(function: &'static str, body: impl FnOnce() -> Result<slk_result, Failure>) -> slk_result {
    match caught(body) {
        Ok(Ok(result)) => result,
        Ok(Err(failure)) => failed(function, &failure),
        Err(text) => failed(function, &Failure::new(SLK_E_PANIC, text)),
    }
}

/// Stands beside something that a panic can leave half changed, and lets nobody touch it afterwards.
#[derive(Debug, Default)]
pub(super) struct Guard {
    poisoned: AtomicBool,
}

impl Guard {
    /// Works on what is guarded, unless an earlier panic left it in an unknown state. `report` is given the words of a
    /// panic that is caught now.
    pub fn run<R>(&self, report: impl FnOnce(&str), body: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        if self.poisoned.load(Ordering::Acquire) {
            let text = "a bug was caught in an earlier call; the object can only be destroyed";
            return Err(Failure::new(SLK_E_PANIC, text));
        }
        // Not caught here: the exported function does that, once for everything inside.
        let alarm = Alarm {
            guard: self,
            report: Some(report),
        };
        let result = body();
        std::mem::forget(alarm);
        result
    }
}

/// Goes off when a panic passes.
struct Alarm<'a, F: FnOnce(&str)> {
    guard: &'a Guard,
    report: Option<F>,
}

impl<F: FnOnce(&str)> Drop for Alarm<'_, F> {
    #[cold]
    fn drop(&mut self) {
        self.guard.poisoned.store(true, Ordering::Release);
        let noted = CAUGHT.try_with(|caught| caught.borrow().clone()).unwrap_or_default();
        let Some(report) = self.report.take() else {
            return;
        };
        // A second panic that left this function would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| report(&caught_words(&noted))));
    }
}

#[cold]
fn failed(function: &str, failure: &Failure) -> slk_result {
    error_text::set(function, &failure.text);
    failure.result
}

/// Runs the body; a panic becomes its text.
fn caught<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    // Found once: a thread's own variable is dear to find in a shared library.
    DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        // A panic can leave broken only what its guard marks from then on.
        let result = catch_unwind(AssertUnwindSafe(body));
        depth.set(depth.get() - 1);
        result.map_err(|panic| words(panic.as_ref()))
    })
}

#[cold]
fn words(panic: &(dyn Any + Send)) -> String {
    let noted = CAUGHT.try_with(RefCell::take).unwrap_or_default();
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    caught_words(if noted.is_empty() { said } else { &noted })
}

fn caught_words(panic: &str) -> String {
    format!("a bug in this library was caught: {panic}")
}

/// Keeps the standard library from printing panics that will be caught here: the library prints nothing by itself.
/// Panics elsewhere in the process are handled as before.
pub(super) fn be_silent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let inside = DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false);
            if inside {
                let _ = CAUGHT.try_with(|caught| *caught.borrow_mut() = info.to_string());
            } else {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_result_with_its_place() {
        be_silent();
        let result = enter("slk_test", || panic!("number {}", 7));
        assert_eq!(result, SLK_E_PANIC);
        let text = error_text::last();
        assert!(text.starts_with("slk_test: a bug in this library was caught"), "{text}");
        assert!(text.contains("number 7") && text.contains("panic.rs"), "{text}");
    }

    #[test]
    fn a_guarded_object_is_not_touched_again() {
        be_silent();
        let guard = Guard::default();
        let reported = RefCell::new(String::new());
        let run = |body: fn() -> Result<slk_result, Failure>| {
            enter("slk_test", || {
                guard.run(|text| *reported.borrow_mut() = text.to_owned(), body)
            })
        };
        assert_eq!(run(|| Ok(SLK_EMPTY)), SLK_EMPTY);
        assert_eq!(run(|| Err(Failure::argument("x"))), SLK_E_INVALID_ARGUMENT);
        assert_eq!(run(|| Ok(SLK_OK)), SLK_OK);
        assert_eq!(run(|| panic!("bug")), SLK_E_PANIC);
        assert!(reported.borrow().contains("bug"));
        assert_eq!(run(|| Ok(SLK_OK)), SLK_E_PANIC);
        assert!(error_text::last().contains("only be destroyed"));
    }
}
