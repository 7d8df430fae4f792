//! The check of stores: stores that are written wrongly on purpose are found out, each by the promise that it breaks, and
//! those that keep their promises pass.

mod store_support;

use parking_lot::Mutex;
use sessionlocker::store::check::{check, check_together, Promise, Report};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::overlay::ReadOnlyStore;
use sessionlocker::store::{
    Abilities, Bytes, Completion, Expected, Key, Kind, Operation, Reply, Request, Store, StoreError, Version,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use store_support::{call, list, PATIENCE};

/// What is wrong with a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// It reads, compares, and writes a moment later.
    GetThenSet,
    /// The first read after a write gives what was there before.
    StaleReads,
    /// Values end after this many bytes.
    Truncated(usize),
    /// Versions count from one for each key that is created.
    VersionReuse,
    /// Versions follow from the value, which is no fault: an engine writes no value twice.
    VersionOfContent,
    VersionOfLength,
    /// Each so many writes is answered and forgotten.
    LostWrites(u64),
    /// Some writes are there for a while.
    LostLater,
    FoldedKeys,
    TrimmedKeys,
    /// Records and server records, or specs, share their names.
    OneSpace,
    CreateReplaces,
    ReplaceIgnoresVersion,
    RemoveIgnoresVersion,
    /// Values are texts that end at a zero byte.
    ZeroEnds,
    ReadsGiveOtherVersion,
    Silent,
    Refuses,
    AnswersOddly,
    ListsOutOfOrder,
    ListForgets,
}

#[derive(Clone, PartialEq)]
struct Stored {
    value: Bytes,
    version: Version,
}

#[derive(Default)]
struct Inside {
    values: BTreeMap<Key, Stored>,
    before: HashMap<Key, Option<Stored>>,
    writes: u64,
    kept_from_answering: Vec<Completion>,
}

struct WrongStore {
    wrong: Wrong,
    abilities: Abilities,
    inside: Arc<Mutex<Inside>>,
}

impl WrongStore {
    fn open(wrong: Wrong) -> Arc<dyn Store> {
        Arc::new(Self {
            wrong,
            abilities: Abilities {
                name: "wrong".into(),
                compare_and_set: true,
                max_value_bytes: 1 << 20,
                max_key_bytes: 200,
                list: true,
                push: false,
                at_once: 0,
            },
            inside: Arc::default(),
        })
    }

    fn key(&self, key: &Key) -> Key {
        let mut key = key.clone();
        match self.wrong {
            Wrong::FoldedKeys => key.name = key.name.to_lowercase().into(),
            Wrong::TrimmedKeys => key.name = key.name.trim_end().into(),
            Wrong::OneSpace => {
                key.kind = Kind::Record;
                key.space = "".into();
            }
            _ => {}
        }
        key
    }

    fn value(&self, value: &Bytes) -> Bytes {
        match self.wrong {
            Wrong::Truncated(limit) => value[..value.len().min(limit)].into(),
            Wrong::ZeroEnds => value.split(|byte| *byte == 0).next().unwrap().into(),
            _ => value.clone(),
        }
    }

    fn version(&self, inside: &Inside, old: Option<&Stored>, value: &[u8]) -> Version {
        match self.wrong {
            Wrong::VersionReuse => match old {
                None => Version::from(1),
                Some(old) => {
                    let number = u64::from_be_bytes(old.version.as_bytes().try_into().unwrap());
                    Version::from(number + 1)
                }
            },
            Wrong::VersionOfContent => {
                let sum: u64 = value
                    .iter()
                    .fold(7, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
                Version::from(sum)
            }
            Wrong::VersionOfLength => Version::from(value.len() as u64),
            _ => Version::from(inside.writes),
        }
    }

    fn get(&self, inside: &mut Inside, key: &Key) -> Reply {
        let old = inside.before.remove(key).filter(|_| self.wrong == Wrong::StaleReads);
        let stored = old.unwrap_or_else(|| inside.values.get(key).cloned());
        stored.map_or(Reply::Missing, |stored| Reply::Found {
            version: match self.wrong {
                Wrong::ReadsGiveOtherVersion => Version::new(b"always").unwrap(),
                _ => stored.version,
            },
            value: stored.value,
        })
    }

    fn fits(&self, stored: Option<&Stored>, expected: &Expected) -> bool {
        match (expected, stored) {
            (Expected::Missing, None) => true,
            (Expected::Missing, Some(_)) => self.wrong == Wrong::CreateReplaces,
            (Expected::Version(_), Some(_)) if self.wrong == Wrong::ReplaceIgnoresVersion => true,
            (Expected::Version(version), Some(stored)) => *version == stored.version,
            (Expected::Version(_), None) => false,
        }
    }

    /// Gives the answer, and what is to be written.
    fn put(&self, inside: &mut Inside, key: &Key, value: &Bytes, expected: &Expected) -> (Reply, Option<Stored>) {
        let old = inside.values.get(key).cloned();
        if !self.fits(old.as_ref(), expected) {
            return (Reply::Conflict, None);
        }
        inside.writes += 1;
        let version = self.version(inside, old.as_ref(), value);
        let stored = Stored {
            value: self.value(value),
            version: version.clone(),
        };
        let written = Reply::Written { version };
        match self.wrong {
            Wrong::LostWrites(each) if inside.writes.is_multiple_of(each) => (written, None),
            Wrong::LostLater if inside.writes > 150 => {
                // The beginning is forgotten when there is no more room.
                inside.values.retain(|other, _| !other.name.starts_with("follow-2"));
                (written, Some(stored))
            }
            _ => {
                inside.before.insert(key.clone(), old);
                (written, Some(stored))
            }
        }
    }

    fn remove(&self, inside: &mut Inside, key: &Key, expected: &Version) -> Reply {
        let fits = |stored: &Stored| self.wrong == Wrong::RemoveIgnoresVersion || stored.version == *expected;
        match inside.values.get(key) {
            Some(stored) if fits(stored) => {
                let old = inside.values.remove(key);
                inside.before.insert(key.clone(), old);
                Reply::Removed
            }
            _ => Reply::Conflict,
        }
    }

    fn list(&self, inside: &Inside, after: &Key, limit: u32) -> Reply {
        let mut names: Vec<Arc<str>> = inside
            .values
            .keys()
            .filter(|key| key.kind == after.kind && key.space == after.space && key.name > after.name)
            .map(|key| Arc::clone(&key.name))
            .collect();
        match self.wrong {
            Wrong::ListForgets => names.retain(|name| &**name != "17"),
            Wrong::ListsOutOfOrder => names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX)),
            _ => {}
        }
        let more = names.len() > limit as usize;
        names.truncate(limit as usize);
        Reply::Keys { names, more }
    }
}

impl Store for WrongStore {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn submit(&self, request: Request, completion: Completion) {
        let key = self.key(&request.key);
        let mut inside = self.inside.lock();
        if self.wrong == Wrong::Silent && inside.writes > 3 {
            inside.kept_from_answering.push(completion);
            return;
        }
        let reply = match &request.operation {
            Operation::Get => self.get(&mut inside, &key),
            Operation::Put { value, expected, .. } => {
                let (reply, stored) = self.put(&mut inside, &key, value, expected);
                if let (Wrong::GetThenSet, Some(stored)) = (self.wrong, &stored) {
                    drop(inside);
                    return set_later(Arc::clone(&self.inside), key, stored.clone(), reply, completion);
                }
                if let Some(stored) = stored {
                    inside.values.insert(key, stored);
                }
                reply
            }
            Operation::Remove { expected } => self.remove(&mut inside, &key, expected),
            Operation::List { limit } => self.list(&inside, &key, *limit),
        };
        drop(inside);
        completion.complete(match self.wrong {
            Wrong::Refuses if &*request.key.name == "sizes" => Err(StoreError::not_applied("no mood")),
            Wrong::AnswersOddly if reply == Reply::Removed => Ok(Reply::Missing),
            _ => Ok(reply),
        });
    }
}

fn set_later(inside: Arc<Mutex<Inside>>, key: Key, stored: Stored, reply: Reply, completion: Completion) {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(1));
        inside.lock().values.insert(key, stored);
        completion.complete(Ok(reply));
    });
}

fn found(wrong: Wrong) -> HashSet<&'static str> {
    let report = check(&WrongStore::open(wrong), Duration::from_millis(500)).unwrap();
    println!("{report}");
    assert_eq!(report.to_string().lines().count(), report.broken.len());
    report.broken.keys().map(|promise| promise.name()).collect()
}

/// Exactly this promise is broken.
fn breaks(wrong: Wrong, promise: Promise) {
    assert_eq!(found(wrong), HashSet::from([promise.name()]));
}

/// This promise is broken, and others by the same fault may be.
fn breaks_with(wrong: Wrong, promise: Promise, others: &[Promise]) {
    let mut found = found(wrong);
    assert!(found.remove(promise.name()), "{} was not found", promise.name());
    let others: HashSet<_> = others.iter().map(|promise| promise.name()).collect();
    assert!(found.is_subset(&others), "{found:?} is too much");
}

fn passes(store: &Arc<dyn Store>) {
    let report = check(store, PATIENCE).unwrap();
    assert!(report.is_kept(), "{report}");
}

#[test]
fn get_then_set_has_more_than_one_winner() {
    breaks(Wrong::GetThenSet, Promise::OneWinner);
}

#[test]
fn stale_reads_are_found() {
    breaks(Wrong::StaleReads, Promise::FreshReads);
}

#[test]
fn truncated_values_are_found() {
    for limit in [4096, 65_535, (1 << 20) - 1] {
        breaks(Wrong::Truncated(limit), Promise::WholeValues);
    }
}

#[test]
fn versions_that_come_back_are_found() {
    breaks(Wrong::VersionReuse, Promise::VersionsNeverReturn);
}

#[test]
fn lost_writes_are_found() {
    for each in [2, 3, 7, 40] {
        // Where the write of the winner is lost, another one wins.
        breaks_with(Wrong::LostWrites(each), Promise::KeptWrites, &[Promise::OneWinner]);
    }
    breaks(Wrong::LostLater, Promise::KeptWrites);
}

#[test]
fn folded_keys_are_found() {
    breaks(Wrong::FoldedKeys, Promise::DistinctKeys);
    breaks(Wrong::TrimmedKeys, Promise::DistinctKeys);
}

#[test]
fn every_other_promise_can_be_found_broken() {
    breaks(Wrong::VersionOfLength, Promise::VersionsChange);
    breaks_with(Wrong::OneSpace, Promise::SeparateSpaces, &[Promise::ListComplete]);
    breaks_with(Wrong::CreateReplaces, Promise::CompareOnCreate, &[Promise::OneWinner]);
    breaks_with(
        Wrong::ReplaceIgnoresVersion,
        Promise::CompareOnReplace,
        &[Promise::OneWinner],
    );
    breaks(Wrong::RemoveIgnoresVersion, Promise::CompareOnRemove);
    breaks(Wrong::ZeroEnds, Promise::AnyBytes);
    breaks(Wrong::ReadsGiveOtherVersion, Promise::VersionsAgree);
    breaks(Wrong::Silent, Promise::Answers);
    breaks(Wrong::Refuses, Promise::CarriesOut);
    breaks(Wrong::AnswersOddly, Promise::CarriesOut);
    breaks(Wrong::ListForgets, Promise::ListComplete);
    breaks_with(Wrong::ListsOutOfOrder, Promise::ListOrdered, &[Promise::ListComplete]);
}

#[test]
fn promises_have_names_and_sentences_of_their_own() {
    let names: HashSet<_> = Promise::ALL.iter().map(|promise| promise.name()).collect();
    let sentences: HashSet<_> = Promise::ALL.iter().map(|promise| promise.sentence()).collect();
    assert_eq!((names.len(), sentences.len()), (Promise::ALL.len(), Promise::ALL.len()));
    assert!(Report::default().is_kept());
    assert!(check_together(&[], PATIENCE).is_err());
}

#[test]
fn the_same_store_without_a_fault_passes_and_is_left_empty() {
    let store = WrongStore::open(Wrong::Nothing);
    passes(&store);
    passes(&WrongStore::open(Wrong::VersionOfContent));
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    passes(&memory);
    let Ok(Reply::Keys { names, .. }) = call(&*memory, list(Kind::Server, "", "", 10)) else {
        panic!("no list");
    };
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_read_only_store_passes_and_writes_nothing_inside() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store: Arc<dyn Store> = Arc::new(ReadOnlyStore::new(Arc::clone(&inner)).unwrap());
    passes(&store);
    let Ok(Reply::Keys { names, .. }) = call(&*inner, list(Kind::Server, "", "", 10)) else {
        panic!("no list");
    };
    assert!(names.is_empty());
}

#[test]
fn two_objects_that_do_not_see_each_other_are_found() {
    let apart: [Arc<dyn Store>; 2] = [WrongStore::open(Wrong::Nothing), WrongStore::open(Wrong::Nothing)];
    let report = check_together(&apart, PATIENCE).unwrap();
    assert!(!report.is_kept());
    let one: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let report = check_together(&[Arc::clone(&one), one], PATIENCE).unwrap();
    assert!(report.is_kept(), "{report}");
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_passes_alone_and_as_two() {
    use sessionlocker::store::sqlite::{open, SqliteOptions};
    let folder = store_support::Folder::new();
    let file = folder.file("players.db");
    let stores = [
        open(&file, SqliteOptions::default()).unwrap(),
        open(&file, SqliteOptions::default()).unwrap(),
    ];
    passes(&stores[0]);
    let report = check_together(&stores, PATIENCE).unwrap();
    assert!(report.is_kept(), "{report}");
}
