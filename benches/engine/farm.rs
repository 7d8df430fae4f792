//! Everybody comes at once: a farm of servers has restarted.

use crate::game::Server;
use crate::memory::taken;
use crate::page::percentile;
use crate::Size;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SPAN: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(10);

/// How long this thread has run.
fn time_of_this_thread() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid, writable timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

pub fn measure(size: &Size) -> String {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut server = Server::start("farm", &store, None, None);
    let before = taken();
    let (mut ticks, mut worked) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut in_at_last = false;
    while !in_at_last {
        let begun = Instant::now();
        let begun_working = time_of_this_thread();
        let share = (start.elapsed().as_secs_f64() / SPAN.as_secs_f64()).min(1.0);
        let due = (size.joining as f64 * share) as usize;
        server.join(server.lockers.len()..due);
        server.tick();
        ticks.push(begun.elapsed().as_secs_f64() * 1e3);
        worked.push((time_of_this_thread() - begun_working).as_secs_f64() * 1e3);
        in_at_last = due == size.joining && server.loaded.iter().all(|loaded| *loaded);
        std::thread::sleep(TICK.saturating_sub(begun.elapsed()));
    }
    let all_in = start.elapsed().as_secs_f64();
    let bytes = (taken() - before) / size.joining;
    let (median, late, worst) = (
        percentile(&mut ticks, 0.5),
        percentile(&mut ticks, 0.99),
        percentile(&mut ticks, 1.0),
    );
    let worst_work = percentile(&mut worked, 1.0);
    let mut text = format!(
        "{} players with a kilobyte of data each come in {} s to one server with a turn of its loop each {} ms and 5 ms for the \
         library in it. What a tick worked is the time of its thread, without that in which the system let others run.\n\n\
         | all are in after | a tick, median | p99 | the longest | the longest worked | bytes of memory for each, stored record \
         included |\n|---|---|---|---|---|---|\n",
        size.joining,
        SPAN.as_secs(),
        TICK.as_millis()
    );
    let _ = writeln!(
        text,
        "| {all_in:.2} s | {median:.2} ms | {late:.2} ms | {worst:.2} ms | {worst_work:.2} ms | {bytes} |"
    );
    text
}
