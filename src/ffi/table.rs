//! The tables that tell good handles from bad: the library's only globals.
//!
//! A handle is a number made of its type (4 bits), the generation of its slot (28 bits) and the slot (32 bits). A slot
//! that is used again has another generation, so an old handle to it is recognised; a slot that has used up all its
//! generations is never used again. Looking a handle up takes no lock that another look-up waits for.

use crate::error::{Error, ErrorKind};
use crate::sync::{kept, slip, Mutex, RwLock, Slip};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The type in a handle. Never renumbered: the numbers of one version must not mean something else in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Store = 1,
    Engine = 2,
    Spec = 3,
    Locker = 4,
    Document = 5,
    Request = 6,
    ErrorSink = 7,
    Migrations = 8,
    Buffer = 9,
}

impl Type {
    fn of_id(id: u64) -> Option<Self> {
        let all = [
            Self::Store,
            Self::Engine,
            Self::Spec,
            Self::Locker,
            Self::Document,
            Self::Request,
            Self::ErrorSink,
            Self::Migrations,
            Self::Buffer,
        ];
        all.into_iter().find(|it| *it as u64 == id >> TYPE_SHIFT)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Engine => "engine",
            Self::Spec => "spec",
            Self::Locker => "locker",
            Self::Document => "document",
            Self::Request => "request",
            Self::ErrorSink => "error sink",
            Self::Migrations => "set of migrations",
            Self::Buffer => "buffer",
        }
    }
}

/// How many objects of each type are alive, by the number of the type; there is no type 0.
static LIVING: [AtomicU64; 16] = [const { AtomicU64::new(0) }; 16];

/// How many objects of this type are alive; `None` if there is no such type.
pub(super) fn living(of: usize) -> Option<u64> {
    LIVING.get(of).map(|count| count.load(Ordering::Relaxed))
}

const TYPE_SHIFT: u32 = 60;
const GENERATION_SHIFT: u32 = 32;
const LAST_GENERATION: u32 = (1 << (TYPE_SHIFT - GENERATION_SHIFT)) - 1;

/// The first segment has this many slots, each further one twice as many as the one before.
const FIRST_SEGMENT: usize = 64;
/// Segments are numbered so that a slot's is found at once: most numbers have none.
const SEGMENTS: usize = u64::BITS as usize;
/// There are no more slots.
const SLOTS: u32 = (1 << 30) - 64;

/// The objects of one type that are alive.
pub(super) struct Table<T> {
    of: Type,
    segments: [OnceLock<Box<[Slot<T>]>>; SEGMENTS],
    unused: Mutex<Unused>,
}

type Slot<T> = RwLock<Entry<T>>;

struct Entry<T> {
    /// The upper half of the handle: type and generation, so that both are compared at once.
    tag: u32,
    object: Option<Arc<T>>,
}

impl<T> Entry<T> {
    fn is_of(&self, id: u64) -> bool {
        self.tag == tag_of(id)
    }

    fn generation(&self) -> u32 {
        self.tag & LAST_GENERATION
    }
}

/// Slots without an object.
struct Unused {
    freed: Vec<u32>,
    /// Slots from here on were never used.
    fresh: u32,
}

impl<T> Table<T> {
    pub const fn new(of: Type) -> Self {
        Self {
            of,
            segments: [const { OnceLock::new() }; SEGMENTS],
            unused: Mutex::new(Unused {
                freed: Vec::new(),
                fresh: 0,
            }),
        }
    }

    /// Gives the object a handle.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`] when there are a billion of them.
    pub fn insert(&self, object: Arc<T>) -> Result<u64, Error> {
        super::panic::be_silent();
        let index = self.unused_slot()?;
        let (segment, offset) = place_of(index);
        let slots = self.segments[segment].get_or_init(|| new_segment(segment, self.of));
        let mut entry = slots[offset].write();
        entry.tag += 1;
        slip(Slip::GenerationKept, || entry.tag -= 1);
        entry.object = Some(object);
        LIVING[self.of as usize].fetch_add(1, Ordering::Relaxed);
        Ok(self.id_of(index, entry.generation()))
    }

    /// The object of a handle.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`] for a handle that is null, of another type, destroyed or made up.
    #[inline]
    pub fn get(&self, id: u64) -> Result<Arc<T>, Error> {
        self.find(id).ok_or_else(|| self.invalid(id))
    }

    /// The object of a handle, if it is one: as [`Table::get`], without words for a failure.
    #[inline(always)]
    pub fn find(&self, id: u64) -> Option<Arc<T>> {
        let slot = self.slot(id)?;
        let entry = slot.read();
        let is_it = entry.is_of(id);
        let entry = kept(Slip::LookUpLetsGo, entry, || slot.read());
        if !is_it {
            return None;
        }
        let object = Arc::clone(entry.object.as_ref()?);
        drop(entry);
        Some(object)
    }

    /// Puts another object behind a handle. Nothing is done if the handle has ended.
    pub fn replace(&self, id: u64, object: Arc<T>) {
        let Some(slot) = self.slot(id) else {
            return;
        };
        let mut entry = slot.write();
        if entry.is_of(id) && entry.object.is_some() {
            let before = entry.object.replace(object);
            drop(entry);
            drop(before);
        }
    }

    /// Takes the object out; its handle is invalid from now on. Of several that try, one gets it.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn remove(&self, id: u64) -> Result<Arc<T>, Error> {
        let slot = self.slot(id).ok_or_else(|| self.invalid(id))?;
        let mut entry = slot.write();
        if !entry.is_of(id) {
            return Err(self.invalid(id));
        }
        entry = kept(Slip::RemovalLetsGo, entry, || slot.write());
        let object = entry.object.take().ok_or_else(|| self.invalid(id))?;
        let spent = entry.generation() == LAST_GENERATION;
        drop(entry);
        LIVING[self.of as usize].fetch_sub(1, Ordering::Relaxed);
        if !spent {
            self.unused.lock().freed.push(slot_of(id));
        }
        Ok(object)
    }

    fn unused_slot(&self) -> Result<u32, Error> {
        let mut unused = self.unused.lock();
        if let Some(index) = unused.freed.pop() {
            return Ok(index);
        }
        let index = unused.fresh;
        unused = kept(Slip::CountLetsGo, unused, || self.unused.lock());
        if index >= SLOTS {
            let text = format!("there are too many {}s", self.of.name());
            return Err(Error::new(ErrorKind::OutOfMemory, text));
        }
        unused.fresh += 1;
        Ok(index)
    }

    /// The slot that a handle names, whatever its type and generation.
    #[inline(always)]
    fn slot(&self, id: u64) -> Option<&Slot<T>> {
        let (segment, offset) = place_of(slot_of(id));
        self.segments.get(segment)?.get()?.get(offset)
    }

    fn id_of(&self, slot: u32, generation: u32) -> u64 {
        (self.of as u64) << TYPE_SHIFT | u64::from(generation) << GENERATION_SHIFT | u64::from(slot)
    }

    /// Why a handle leads to nothing.
    #[cold]
    pub fn invalid(&self, id: u64) -> Error {
        let wanted = self.of.name();
        let text = match Type::of_id(id) {
            _ if id == 0 => format!("the {wanted} handle is null"),
            Some(other) if other != self.of => {
                format!("{id:#x} is a handle of a {}, not of a {wanted}", other.name())
            }
            _ => {
                format!("{id:#x} names no living {wanted}: it was destroyed already, or never made")
            }
        };
        Error::new(ErrorKind::InvalidHandle, text)
    }
}

fn new_segment<T>(segment: usize, of: Type) -> Box<[Slot<T>]> {
    let empty = || {
        RwLock::new(Entry {
            tag: (of as u32) << (TYPE_SHIFT - GENERATION_SHIFT),
            object: None,
        })
    };
    std::iter::repeat_with(empty).take(1 << segment).collect()
}

/// The segment of a slot and its place there. A segment's number is the logarithm of its length, and the numbers beyond the
/// last slot lead to segments that are never made.
#[inline(always)]
fn place_of(slot: u32) -> (usize, usize) {
    let number = u64::from(slot) + FIRST_SEGMENT as u64;
    let highest_bit = number.ilog2();
    let place = number ^ (1 << highest_bit);
    #[allow(clippy::cast_possible_truncation, reason = "it has one bit less than the slot")]
    (highest_bit as usize, place as usize)
}

#[allow(clippy::cast_possible_truncation, reason = "type and generation are the upper half")]
fn tag_of(id: u64) -> u32 {
    (id >> GENERATION_SHIFT) as u32
}

#[allow(clippy::cast_possible_truncation, reason = "the slot is the lower half")]
fn slot_of(id: u64) -> u32 {
    id as u32
}

#[cfg(all(test, schedules))]
mod schedules;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn slots_fill_the_segments_without_gaps() {
        let mut expected = (6, 0);
        for slot in 0..10_000 {
            assert_eq!(place_of(slot), expected, "slot {slot}");
            expected.1 += 1;
            if expected.1 == 1 << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        let last = (1 << 29) - 1;
        assert_eq!(place_of(SLOTS - 1), (29, last));
        for beyond in [SLOTS, u32::MAX - 64, u32::MAX - 63, u32::MAX] {
            let (segment, _) = place_of(beyond);
            assert!(!(6..=29).contains(&segment), "{beyond} is in segment {segment}");
        }
    }

    #[test]
    fn a_handle_lives_from_insert_to_remove() {
        let table = Table::new(Type::Locker);
        let ids: Vec<u64> = (0..1000).map(|n| table.insert(Arc::new(n)).unwrap()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(*table.get(*id).unwrap(), n);
        }
        for id in &ids {
            table.remove(*id).unwrap();
        }
        let again: Vec<u64> = (0..1000).map(|n| table.insert(Arc::new(n)).unwrap()).collect();
        for id in &ids {
            assert_eq!(kind(table.get(*id)), Some(ErrorKind::InvalidHandle), "a stale handle");
            assert_eq!(kind(table.remove(*id)), Some(ErrorKind::InvalidHandle), "freed twice");
        }
        for id in again {
            assert!(table.get(id).is_ok());
        }
    }

    #[test]
    fn handles_of_another_type_and_made_up_ones_are_refused() {
        let lockers = Table::new(Type::Locker);
        let documents = Table::new(Type::Document);
        let locker = lockers.insert(Arc::new(())).unwrap();
        let document = documents.insert(Arc::new(())).unwrap();
        let text = lockers.get(document).unwrap_err();
        assert!(text.text().contains("a document, not of a locker"), "{text}");
        assert!(lockers.get(0).unwrap_err().text().contains("null"));
        for made_up in [
            1,
            u64::MAX,
            locker + 1,
            locker + (1 << GENERATION_SHIFT),
            locker | 0xffff_ffff,
        ] {
            assert_eq!(
                kind(lockers.get(made_up)),
                Some(ErrorKind::InvalidHandle),
                "{made_up:#x}"
            );
            assert_eq!(
                kind(lockers.remove(made_up)),
                Some(ErrorKind::InvalidHandle),
                "{made_up:#x}"
            );
        }
        assert!(lockers.get(locker).is_ok());
    }

    #[test]
    fn a_slot_without_generations_left_is_not_used_again() {
        let table = Table::new(Type::Locker);
        let first = table.insert(Arc::new(1)).unwrap();
        table.slot(first).unwrap().write().tag |= LAST_GENERATION;
        let last = table.id_of(slot_of(first), LAST_GENERATION);
        table.remove(last).unwrap();
        let other = table.insert(Arc::new(2)).unwrap();
        assert_ne!(slot_of(other), slot_of(first));
        assert_eq!(kind(table.get(last)), Some(ErrorKind::InvalidHandle));
    }

    #[test]
    fn of_many_threads_that_remove_one_gets_the_object() {
        let table = Table::new(Type::Request);
        for _ in 0..200 {
            let id = table.insert(Arc::new(())).unwrap();
            let got = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..3).map(|_| scope.spawn(|| table.remove(id).is_ok())).collect();
                tries
                    .into_iter()
                    .filter(|_| true)
                    .map(|it| it.join().unwrap())
                    .filter(|got| *got)
                    .count()
            });
            assert_eq!(got, 1);
        }
    }
}
