//! `slk_metrics`: what an engine has counted, as numbers and as text for a monitoring system.

use super::engine;
use super::handle::{slk_engine, slk_store};
use super::panic;
use super::result::*;
use super::store;
use super::text;
use crate::engine::metrics::{Metrics, StoreCounters, CONFLICT};
use crate::locker::inputs::Priority;
use std::ffi::c_char;

/// What an engine has counted since it was made, and what there is now, over all its stores and specs. Times are in
/// seconds. The struct only grows.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct slk_metrics {
    /// Sessions begun.
    pub sessions_acquired: u64,
    /// Sessions that the game let go.
    pub sessions_released: u64,
    /// Sessions let go by a shutdown.
    pub sessions_released_by_shutdown: u64,
    /// Sessions handed over to servers that asked.
    pub handovers_given: u64,
    /// Sessions that other servers handed over when asked.
    pub handovers_received: u64,
    /// Requests for hand-over that were refused here.
    pub handovers_refused: u64,
    /// Sessions taken over from dead servers.
    pub takeovers: u64,
    /// Sessions lost because another server took the record.
    pub lost_taken: u64,
    /// Sessions lost because the record was removed.
    pub lost_erased: u64,
    /// Sessions lost because the store has lost writes.
    pub lost_rolled_back: u64,
    /// Loads that had to wait for a living server.
    pub waits_living_server: u64,
    /// Loads that had to wait until a server was surely dead.
    pub waits_dead_server: u64,
    /// Loads that had to wait because the store failed.
    pub waits_store_failure: u64,
    /// How long loads waited for living servers, from the first obstacle until they had the record or were given up.
    pub wait_seconds_living_server: f64,
    /// How long loads waited until servers were surely dead.
    pub wait_seconds_dead_server: f64,
    /// How long loads waited because the store failed.
    pub wait_seconds_store_failure: f64,
    /// The longest wait for a living server.
    pub longest_wait_seconds_living_server: f64,
    /// The longest wait until a server was surely dead.
    pub longest_wait_seconds_dead_server: f64,
    /// The longest wait because the store failed.
    pub longest_wait_seconds_store_failure: f64,
    /// Writes of sessions that are stored.
    pub saves: u64,
    /// How many times unsaved changes became durable.
    pub saves_timed: u64,
    /// How long that took together, each from the first unsaved change, as a tick first saw it.
    pub save_seconds: f64,
    /// The longest of them.
    pub longest_save_seconds: f64,
    /// How long the oldest change that is not saved has been waiting.
    pub oldest_unsaved_seconds: f64,
    /// Requests sent to stores, signs of life included.
    pub requests_sent: u64,
    /// Of those, signs of life.
    pub requests_sent_beats: u64,
    /// Of those, for loads, looks at other servers included.
    pub requests_sent_loads: u64,
    /// Requests that stores carried out.
    pub requests_ok: u64,
    /// Writes that stores refused because something else was stored than expected.
    pub conflicts: u64,
    /// Requests that ended, in whatever way.
    pub requests_timed: u64,
    /// How long they took together, from sending to the answer or to giving up.
    pub request_seconds: f64,
    /// The longest of them.
    pub longest_request_seconds: f64,
    /// Requests that failed by our mistake: `SLK_CAUSE_REQUEST`.
    pub errors_request: u64,
    /// Requests that failed by the store's trouble: `SLK_CAUSE_STORE`.
    pub errors_store: u64,
    /// Requests of which it cannot be told why they failed: `SLK_CAUSE_UNKNOWN`.
    pub errors_unknown: u64,
    /// How many stores are in a critical state.
    pub stores_critical: u64,
    /// How often stores have got into a critical state.
    pub times_critical: u64,
    /// Requests that stores have not answered.
    pub requests_in_flight: u64,
    /// Last saves with purchases in them that wait to be sent.
    pub requests_queued_purchase: u64,
    /// Other last saves that wait to be sent.
    pub requests_queued_release: u64,
    /// Saves that somebody waits for that wait to be sent.
    pub requests_queued_force: u64,
    /// Saves in their own time that wait to be sent.
    pub requests_queued_save: u64,
    /// Loads that wait to be sent.
    pub requests_queued_load: u64,
    /// Lockers of which nothing is held or under way.
    pub lockers_idle: u64,
    /// Lockers that are being loaded.
    pub lockers_loading: u64,
    /// Lockers whose sessions are surely ours.
    pub lockers_held: u64,
    /// Lockers whose sessions are in doubt.
    pub lockers_suspect: u64,
    /// How long all sessions together were held.
    pub held_seconds: f64,
    /// Requests sent for each hour that a session was held; 0 as long as none was.
    pub requests_per_player_hour: f64,
    /// Receipts that took effect.
    pub receipts_granted: u64,
    /// Receipts that had taken effect before.
    pub receipts_granted_before: u64,
    /// Receipts that became credit.
    pub receipts_credited: u64,
    /// Receipts that had become credit before.
    pub receipts_credited_before: u64,
    /// Receipts that were not processed.
    pub receipts_not_processed: u64,
    /// Callbacks of yours that failed.
    pub callbacks_failed: u64,
    /// Events that you have not taken yet.
    pub events_queued: u64,
    /// Receipts that are pending.
    pub receipts_pending: u64,
    /// Receipts that were turned down.
    pub receipts_rejected: u64,
    /// Receipts that were taken back.
    pub receipts_revoked: u64,
    /// Receipts of unknown products that were parked.
    pub receipts_parked: u64,
}

fn ended_well(store: &StoreCounters) -> u64 {
    let of_each = store.requests.iter();
    of_each.map(|ends| ends[..CONFLICT].iter().sum::<u64>()).sum()
}

fn view_of(metrics: &Metrics) -> slk_metrics {
    let (stores, specs) = (metrics.all_stores(), metrics.all_specs());
    let (store, spec) = (&stores.counters, &specs.counters);
    let critical = metrics.stores.iter().filter(|store| store.is_critical).count() as u64;
    slk_metrics {
        sessions_acquired: spec.acquired,
        sessions_released: spec.released[0],
        sessions_released_by_shutdown: spec.released[2],
        handovers_given: spec.released[1],
        handovers_received: spec.handovers_received,
        handovers_refused: spec.handovers_refused,
        takeovers: spec.takeovers,
        lost_taken: spec.lost[0],
        lost_erased: spec.lost[1],
        lost_rolled_back: spec.lost[2],
        waits_living_server: spec.waits[0].count,
        waits_dead_server: spec.waits[1].count,
        waits_store_failure: spec.waits[2].count,
        wait_seconds_living_server: spec.waits[0].total.as_secs_f64(),
        wait_seconds_dead_server: spec.waits[1].total.as_secs_f64(),
        wait_seconds_store_failure: spec.waits[2].total.as_secs_f64(),
        longest_wait_seconds_living_server: spec.waits[0].longest.as_secs_f64(),
        longest_wait_seconds_dead_server: spec.waits[1].longest.as_secs_f64(),
        longest_wait_seconds_store_failure: spec.waits[2].longest.as_secs_f64(),
        saves: spec.saves,
        saves_timed: spec.save_time.count,
        save_seconds: spec.save_time.sum.as_secs_f64(),
        longest_save_seconds: spec.save_time.longest.as_secs_f64(),
        oldest_unsaved_seconds: specs.oldest_unsaved.as_secs_f64(),
        requests_sent: store.requests_sent(),
        requests_sent_beats: store.sent[Priority::Beat as usize],
        requests_sent_loads: store.sent[Priority::Load as usize],
        requests_ok: ended_well(store),
        conflicts: store.conflicts(),
        requests_timed: store.request_time.count,
        request_seconds: store.request_time.sum.as_secs_f64(),
        longest_request_seconds: store.request_time.longest.as_secs_f64(),
        errors_request: store.errors[0],
        errors_store: store.errors[1],
        errors_unknown: store.errors[2],
        stores_critical: critical,
        times_critical: store.critical,
        requests_in_flight: stores.in_flight,
        requests_queued_purchase: stores.queued[Priority::Purchase as usize],
        requests_queued_release: stores.queued[Priority::Release as usize],
        requests_queued_force: stores.queued[Priority::Force as usize],
        requests_queued_save: stores.queued[Priority::Save as usize],
        requests_queued_load: stores.queued[Priority::Load as usize],
        lockers_idle: specs.lockers[0],
        lockers_loading: specs.lockers[1],
        lockers_held: specs.lockers[2],
        lockers_suspect: specs.lockers[3],
        held_seconds: spec.held_time.as_secs_f64(),
        requests_per_player_hour: metrics.requests_per_player_hour(),
        receipts_granted: spec.receipts[0],
        receipts_granted_before: spec.receipts[1],
        receipts_credited: spec.receipts[2],
        receipts_credited_before: spec.receipts[3],
        receipts_not_processed: spec.receipts[4],
        callbacks_failed: spec.callbacks_failed,
        events_queued: metrics.events_queued,
        receipts_pending: spec.receipts[5],
        receipts_rejected: spec.receipts[6],
        receipts_revoked: spec.receipts[7],
        receipts_parked: spec.receipts[8],
    }
}

/// Tells what an engine has counted, and what there is now.
///
/// It looks at each locker: call it once in a while, not in each tick.
///
/// Parameters:
///   `engine`: the engine.
///   `metrics`: receives the numbers.
///   `size`: `sizeof(slk_metrics)`.
/// Returns:
///   `SLK_OK`: told.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `metrics` is NULL; `size` is no size.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_get_metrics(
    engine: slk_engine,
    metrics: *mut slk_metrics,
    size: usize,
) -> slk_result {
    panic::enter("slk_engine_get_metrics", || {
        text::required(metrics, "metrics")?;
        text::check_out_size::<slk_metrics>(size)?;
        let object = engine::get(engine)?;
        let view = view_of(&object.run(|engine| Ok(engine.metrics()))?);
        // SAFETY: not null, with `size` writable bytes, as the caller promises.
        unsafe { text::put_sized(&view, metrics.cast(), size) };
        Ok(SLK_OK)
    })
}

/// Tells the same, by store and spec and with histograms, in Prometheus' text exposition format (version 0.0.4; media type
/// `text/plain; version=0.0.4`): serve it under `/metrics`. Players' keys are not in it.
///
/// It looks at each locker: call it once in a while, not in each tick. The text may grow between two calls: ask for more
/// room than is needed.
///
/// Parameters:
///   `engine`: the engine.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: it was copied, or its length was asked for.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL, but its capacity is not 0.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_engine_metrics_text(
    engine: slk_engine,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_engine_metrics_text", || {
        let object = engine::get(engine)?;
        let words = object.run(|engine| Ok(engine.metrics()))?.text();
        // SAFETY: a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe { text::copy_out(words.as_bytes(), buffer, capacity, needed) }?;
        Ok(SLK_OK)
    })
}

/// Whether so many requests of an engine to a store fail that the store is in a critical state: between
/// `SLK_EVENT_STORE_CRITICAL` and `SLK_EVENT_STORE_RECOVERED`.
///
/// Parameters: `engine`: the engine; `store`: one of its stores.
/// Returns: 1 or 0; 0 for a bad handle, and for a store that no spec of the engine uses.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_engine_is_store_critical(engine: slk_engine, store: slk_store) -> i32 {
    let result = panic::enter("slk_engine_is_store_critical", || {
        let object = engine::get(engine)?;
        let store = store::get(store)?;
        let critical = object.run(|engine| Ok(engine.is_store_critical(&store.store)))?;
        Ok(if critical { 1 } else { 0 })
    });
    result.max(0)
}
