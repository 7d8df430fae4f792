//! What a loaded, idle locker takes of memory, by an allocator that counts.

use crate::game::{data, Server};
use sessionlocker::engine::EngineOptions;
use sessionlocker::locker::Spec;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator; only sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the place came from `alloc` above, which had it from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.fetch_add(size, Ordering::Relaxed);
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as for `dealloc`; the caller keeps what `GlobalAlloc::realloc` asks for.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

pub fn taken() -> usize {
    TAKEN.load(Ordering::Relaxed)
}

const LOCKERS: usize = 2_000;

pub fn measure() -> String {
    let mut text = format!(
        "{LOCKERS} loaded lockers without anything to do, their stored records not counted: bytes of memory for each, and the \
         length of its data as JSON.\n\n| data | as loaded | read and changed |\n|---|---|---|\n"
    );
    for bytes in [2, 1_000, 48_000] {
        let data = if bytes == 2 { "{}".to_owned() } else { data(bytes) };
        let loaded = per_locker(&data, false);
        let looked_at = if bytes == 2 {
            "-".to_owned()
        } else {
            per_locker(&data, true).to_string()
        };
        let _ = writeln!(text, "| {} | {loaded} | {looked_at} |", data.len());
    }
    text
}

fn per_locker(data: &str, change: bool) -> usize {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let full_server = || {
        let mut server = Server::start_with(EngineOptions::default(), &store, Spec::named("player"), data);
        server.join(0..LOCKERS);
        server.tick_until_loaded();
        server
    };
    // The first writes the records, so that the second finds them.
    let mut writer = full_server();
    writer.begin_shutdown();
    while !writer.tick() {}
    drop(writer);
    let before = taken();
    let mut server = full_server();
    if change {
        for place in 0..LOCKERS {
            server.earn(place);
            let forced = server.engine.core().mark_force_save(server.lockers[place]);
            forced.expect("it is loaded");
        }
        while server.saves < LOCKERS as u64 {
            server.tick();
        }
    }
    (taken() - before) / LOCKERS
}
