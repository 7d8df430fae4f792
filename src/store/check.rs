//! Finds out which of its promises a store breaks: for the tests of whoever writes a store.
//!
//! The check asks the store as an engine would, and compares. It uses records under a space of its own, and server
//! records with names of its own, which it removes at the end. It waits for each answer, so it is not for stores that
//! answer only while the calling thread does something else.

use super::{
    completion::ask, Bytes, Completion, Expected, Key, Kind, Operation, Reply, Request, RequestId, Store, StoreError,
    StoreResult, Version,
};
use crate::error::{Error, ErrorKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::mpsc;
use std::sync::Arc;
use std::time::Duration;

/// What a store promises. Each has a name that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Promise {
    /// Every request is answered.
    Answers,
    /// A request that the store declared to be possible is carried out, and its answer fits.
    CarriesOut,
    /// Create compares.
    CompareOnCreate,
    /// Replace compares.
    CompareOnReplace,
    /// Remove compares.
    CompareOnRemove,
    /// Compare and write are one step.
    OneWinner,
    /// Reads see what was written.
    FreshReads,
    /// What was written stays.
    KeptWrites,
    /// Values come back whole.
    WholeValues,
    /// Values may hold any bytes.
    AnyBytes,
    /// Different keys are different.
    DistinctKeys,
    /// Spaces, and records and server records, do not mix.
    SeparateSpaces,
    /// A write gives a version, and a read the same one.
    VersionsAgree,
    /// Each write gives another version.
    VersionsChange,
    /// A version never comes back.
    VersionsNeverReturn,
    /// Lists are complete.
    ListComplete,
    /// Lists are in order.
    ListOrdered,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Answers,
        Self::CarriesOut,
        Self::CompareOnCreate,
        Self::CompareOnReplace,
        Self::CompareOnRemove,
        Self::OneWinner,
        Self::FreshReads,
        Self::KeptWrites,
        Self::WholeValues,
        Self::AnyBytes,
        Self::DistinctKeys,
        Self::SeparateSpaces,
        Self::VersionsAgree,
        Self::VersionsChange,
        Self::VersionsNeverReturn,
        Self::ListComplete,
        Self::ListOrdered,
    ];

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Answers => ("answers", "every request is answered, once, within the time given"),
            Self::CarriesOut => (
                "carries-out",
                "a request within the declared limits is carried out, and its answer fits it",
            ),
            Self::CompareOnCreate => (
                "compare-on-create",
                "a put that expects no value conflicts where one is, changes nothing then, and succeeds where none is",
            ),
            Self::CompareOnReplace => (
                "compare-on-replace",
                "a put that expects a version conflicts unless that one is stored, changes nothing then, and succeeds if \
                 it is",
            ),
            Self::CompareOnRemove => (
                "compare-on-remove",
                "a remove conflicts unless the version that it expects is stored, changes nothing then, and removes if \
                 it is",
            ),
            Self::OneWinner => (
                "one-winner",
                "of several writes at once that expect the same, exactly one is carried out",
            ),
            Self::FreshReads => (
                "fresh-reads",
                "a read that begins after a write was answered sees it: no replica, no cache",
            ),
            Self::KeptWrites => ("kept-writes", "what was answered as written or removed is so, and stays so"),
            Self::WholeValues => ("whole-values", "values of all sizes up to the declared one come back whole"),
            Self::AnyBytes => ("any-bytes", "values may hold every byte, in any order"),
            Self::DistinctKeys => (
                "distinct-keys",
                "keys that differ in any byte are different keys, up to the declared length",
            ),
            Self::SeparateSpaces => (
                "separate-spaces",
                "the same name in another spec, or as a server record, is another key",
            ),
            Self::VersionsAgree => ("versions-agree", "a read gives the version that the write gave"),
            Self::VersionsChange => (
                "versions-change",
                "each write of another value gives another version",
            ),
            Self::VersionsNeverReturn => (
                "versions-never-return",
                "no version of a key comes back for another value, not even after remove and create",
            ),
            Self::ListComplete => (
                "list-complete",
                "a list has each key behind the given one, once, and none that is not there",
            ),
            Self::ListOrdered => ("list-ordered", "a list is in the order of the bytes of its names"),
        }
    }

    /// Its name: `one-winner`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// What is promised, in a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.words().1
    }
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Each promise that is broken, with what was seen first.
    pub broken: BTreeMap<Promise, String>,
}

impl Report {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty()
    }
}

impl fmt::Display for Report {
    /// One line for each broken promise: `one-winner: 3 of 8 puts were written`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (promise, seen) in &self.broken {
            writeln!(f, "{}: {seen}", promise.name())?;
        }
        Ok(())
    }
}

/// Checks a store. Each request may take as long as `patience`; the first that takes longer ends the check.
///
/// # Errors
/// [`ErrorKind::Unsupported`] if the system gives no random numbers.
pub fn check(store: &Arc<dyn Store>, patience: Duration) -> Result<Report, Error> {
    check_together(std::slice::from_ref(store), patience)
}

/// Checks several objects on one storage, each as a server of its own would have it: what one of them writes, the
/// others must see, and of writes at the same time through different ones exactly one may be carried out.
///
/// # Errors
/// As [`check`]; [`ErrorKind::InvalidArgument`] for no store at all.
pub fn check_together(stores: &[Arc<dyn Store>], patience: Duration) -> Result<Report, Error> {
    if stores.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "there is no store to check"));
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|fault| {
        let text = format!("the system gives no random numbers: {fault}");
        Error::new(ErrorKind::Unsupported, text)
    })?;
    let mut checker = Checker {
        stores,
        patience,
        space: format!("slk-check-{:016x}", u64::from_be_bytes(random)).into(),
        report: Report::default(),
        next: 0,
        used: BTreeSet::new(),
        kept: Vec::new(),
    };
    let finished = checker.run();
    if finished.is_ok() {
        checker.tidy();
    }
    Ok(checker.report)
}

/// The store no longer answers: there is no use in going on.
struct Silent;

type Checked = Result<(), Silent>;

struct Checker<'a> {
    stores: &'a [Arc<dyn Store>],
    patience: Duration,
    space: Arc<str>,
    report: Report,
    next: usize,
    used: BTreeSet<Key>,
    /// What was written last under keys that nobody touched since.
    kept: Vec<(Key, Bytes, Version)>,
}

/// The largest value that is tried, however much more a store declares.
const LARGEST_TRIED: usize = 64 * 1024 * 1024;

/// How many writes at once, and how often.
const RIVALS: usize = 8;
const ROUNDS: usize = 24;

impl Checker<'_> {
    fn broken(&mut self, promise: Promise, seen: impl Into<String>) {
        self.report.broken.entry(promise).or_insert_with(|| seen.into());
    }

    fn key(&self, name: &str) -> Key {
        Key {
            kind: Kind::Record,
            space: Arc::clone(&self.space),
            name: name.into(),
        }
    }

    /// One of the stores, in turn.
    fn store(&mut self) -> Arc<dyn Store> {
        self.next += 1;
        Arc::clone(&self.stores[self.next % self.stores.len()])
    }

    fn silent(&mut self, request: &Request) -> Silent {
        let text = format!(
            "a {} of `{}` was not answered within {:?}",
            request.operation.name(),
            shown(&request.key.name),
            self.patience
        );
        self.broken(Promise::Answers, text);
        Silent
    }

    /// Asks and waits. `None` for a failure, which is told.
    fn ask(&mut self, key: &Key, operation: Operation) -> Result<Option<Reply>, Silent> {
        let store = self.store();
        self.used.insert(key.clone());
        let request = Request {
            key: key.clone(),
            operation,
        };
        match ask(&*store, request.clone(), self.patience) {
            None => Err(self.silent(&request)),
            Some(result) => Ok(self.fitting(&request, result)),
        }
    }

    fn fitting(&mut self, request: &Request, result: StoreResult) -> Option<Reply> {
        let what = format!("a {} of `{}`", request.operation.name(), shown(&request.key.name));
        let reply = match result {
            Ok(reply) => reply,
            Err(StoreError { text, .. }) => {
                self.broken(Promise::CarriesOut, format!("{what} failed: {text}"));
                return None;
            }
        };
        let fits = matches!(
            (&request.operation, &reply),
            (Operation::Get, Reply::Found { .. } | Reply::Missing)
                | (Operation::Put { .. }, Reply::Written { .. } | Reply::Conflict)
                | (Operation::Remove { .. }, Reply::Removed | Reply::Conflict)
                | (Operation::List { .. }, Reply::Keys { .. })
        );
        if !fits {
            let text = format!("{what} was answered with '{}'", reply.name());
            self.broken(Promise::CarriesOut, text);
            return None;
        }
        Some(reply)
    }

    fn get(&mut self, key: &Key) -> Result<Option<Found>, Silent> {
        Ok(match self.ask(key, Operation::Get)? {
            Some(Reply::Found { value, version }) => Some(Found::Value(value, version)),
            Some(_) => Some(Found::Nothing),
            None => None,
        })
    }

    /// `Ok(Some(None))` is a conflict.
    fn put(&mut self, key: &Key, value: &Bytes, expected: Expected) -> Result<Option<Option<Version>>, Silent> {
        let value = value.clone();
        Ok(match self.ask(key, Operation::put(value, expected))? {
            Some(Reply::Written { version }) => Some(Some(version)),
            Some(_) => Some(None),
            None => None,
        })
    }

    fn remove(&mut self, key: &Key, expected: &Version) -> Result<Option<bool>, Silent> {
        let expected = expected.clone();
        let reply = self.ask(key, Operation::Remove { expected })?;
        Ok(reply.map(|reply| reply == Reply::Removed))
    }

    /// A write that must succeed, and be seen. `promise` is what is broken if it is refused although everything is as
    /// it should be.
    fn write(
        &mut self,
        promise: Promise,
        key: &Key,
        value: &Bytes,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, Silent> {
        let condition = expected.cloned().map_or(Expected::Missing, Expected::Version);
        match self.put(key, value, condition)? {
            None => Ok(None),
            Some(Some(version)) if expected == Some(&version) => {
                let name = shown(&key.name);
                let text = format!("a write of another value to `{name}` gave the version of the one before");
                self.broken(Promise::VersionsChange, text);
                Ok(None)
            }
            Some(Some(version)) => {
                // After a probe the version is another one.
                let seen = self.see(key, value, &version)?;
                Ok(seen.then_some(version))
            }
            Some(None) => {
                self.diagnose_refusal(promise, key, expected)?;
                Ok(None)
            }
        }
    }

    /// A write was refused that should not be: was what it relied on lost, or is the comparison wrong?
    fn diagnose_refusal(&mut self, promise: Promise, key: &Key, expected: Option<&Version>) -> Checked {
        let found = self.get(key)?;
        let name = shown(&key.name);
        match (expected, found) {
            (_, None) => {}
            (Some(expected), Some(Found::Value(_, version))) if version == *expected => {
                self.broken(
                    promise,
                    format!("a put of `{name}` with the stored version was refused"),
                );
            }
            (Some(_), Some(_)) => {
                let text = format!("`{name}` is no longer at the version that the last write gave");
                self.broken(Promise::KeptWrites, text);
            }
            (None, Some(Found::Nothing)) => {
                self.broken(promise, format!("`{name}`, which is not there, could not be created"));
            }
            (None, Some(Found::Value(..))) => {
                let text = format!("`{name}` could not be created: something that nobody put there is there");
                self.broken(promise, text);
            }
        }
        Ok(())
    }

    /// Reads and compares with what must be there. True if all is well.
    fn see(&mut self, key: &Key, value: &Bytes, version: &Version) -> Result<bool, Silent> {
        let name = shown(&key.name);
        match self.get(key)? {
            None => Ok(false),
            Some(Found::Value(found, at)) if at == *version => {
                if found == *value {
                    return Ok(true);
                }
                let promise = value_promise(value);
                self.broken(promise, different(&name, value, &found));
                Ok(false)
            }
            Some(Found::Value(found, _)) if found == *value => {
                self.diagnose_old_read(Promise::VersionsAgree, key, value, version)?;
                Ok(false)
            }
            Some(_) => {
                self.diagnose_old_read(Promise::FreshReads, key, value, version)?;
                Ok(false)
            }
        }
    }

    /// A read did not see the last write: is the write lost, or the read wrong? A put that expects the write can tell.
    fn diagnose_old_read(&mut self, wrong: Promise, key: &Key, value: &Bytes, version: &Version) -> Checked {
        let name = shown(&key.name);
        let expected = Expected::Version(version.clone());
        match self.put(key, value, expected)? {
            None => {}
            Some(Some(_)) => {
                let text = format!("a read of `{name}` after a write gave another version than the write");
                self.broken(wrong, text);
            }
            Some(None) => {
                let text = format!("`{name}` was answered as written, and what was there before is there still");
                self.broken(Promise::KeptWrites, text);
            }
        }
        Ok(())
    }

    /// After something that must have changed nothing.
    fn see_unchanged(&mut self, promise: Promise, what: &str, key: &Key, value: &Bytes, version: &Version) -> Checked {
        let name = shown(&key.name);
        match self.get(key)? {
            Some(Found::Value(found, at)) if at == *version && found == *value => {}
            Some(Found::Value(_, at)) if at == *version => {
                self.broken(
                    promise,
                    format!("{what} of `{name}` was refused, but changed the value"),
                );
            }
            None => {}
            Some(_) => {
                // An old read, or a change? Only if the version is still good was nothing changed.
                let expected = Expected::Version(version.clone());
                match self.put(key, value, expected)? {
                    Some(Some(_)) => {
                        let text = format!("a read of `{name}` gave what was there before the last write");
                        self.broken(Promise::FreshReads, text);
                    }
                    Some(None) => self.broken(promise, format!("{what} of `{name}` was refused, but changed the key")),
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn see_missing(&mut self, key: &Key) -> Checked {
        if let Some(Found::Value(_, version)) = self.get(key)? {
            let name = shown(&key.name);
            // If it can be removed once more, it was there still.
            match self.remove(key, &version)? {
                Some(true) => self.broken(
                    Promise::KeptWrites,
                    format!("`{name}` was answered as removed, and is there still"),
                ),
                Some(false) => self.broken(
                    Promise::FreshReads,
                    format!("a read after `{name}` was removed found it"),
                ),
                None => {}
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Checked {
        self.compare_on_create()?;
        self.compare_on_replace()?;
        self.compare_on_remove()?;
        self.reads_follow_writes()?;
        self.versions()?;
        self.one_winner()?;
        self.sizes()?;
        self.any_bytes()?;
        self.distinct_keys()?;
        self.separate_spaces()?;
        self.lists()?;
        self.kept_to_the_end()
    }

    // What is tried -------------------------------------------------------------------------------------------------

    fn compare_on_create(&mut self) -> Checked {
        let promise = Promise::CompareOnCreate;
        let key = self.key("create");
        let (one, two) = (bytes("one"), bytes("two"));
        let Some(version) = self.write(promise, &key, &one, None)? else {
            return Ok(());
        };
        match self.put(&key, &two, Expected::Missing)? {
            Some(Some(_)) => self.broken(promise, "a put that expects no value replaced one"),
            Some(None) => self.see_unchanged(promise, "a put that expects no value", &key, &one, &version)?,
            None => {}
        }
        Ok(())
    }

    fn compare_on_replace(&mut self) -> Checked {
        let promise = Promise::CompareOnReplace;
        let (key, missing) = (self.key("replace"), self.key("replace-missing"));
        let (one, two, three) = (bytes("one"), bytes("two"), bytes("three"));
        let Some(first) = self.write(promise, &key, &one, None)? else {
            return Ok(());
        };
        let Some(second) = self.write(promise, &key, &two, Some(&first))? else {
            return Ok(());
        };
        let mut longer = second.as_bytes().to_vec();
        longer.push(b'x');
        let mut wrong = vec![("the version before", first.clone())];
        wrong.extend(Version::new(&longer).map(|version| ("a longer version", version)));
        wrong.extend(Version::new(&second.as_bytes()[1..]).map(|version| ("a shorter version", version)));
        for (which, version) in wrong {
            match self.put(&key, &three, Expected::Version(version))? {
                Some(Some(_)) => {
                    self.broken(promise, format!("a put that expects {which} was carried out"));
                    return Ok(());
                }
                Some(None) => self.see_unchanged(promise, "a put", &key, &two, &second)?,
                None => {}
            }
        }
        if let Some(Some(_)) = self.put(&missing, &three, Expected::Version(second))? {
            self.broken(promise, "a put that expects a version created a key that was not there");
        }
        Ok(())
    }

    fn compare_on_remove(&mut self) -> Checked {
        let promise = Promise::CompareOnRemove;
        let key = self.key("remove");
        let (one, two) = (bytes("one"), bytes("two"));
        let Some(first) = self.write(promise, &key, &one, None)? else {
            return Ok(());
        };
        let Some(second) = self.write(promise, &key, &two, Some(&first))? else {
            return Ok(());
        };
        match self.remove(&key, &first)? {
            Some(true) => {
                self.broken(promise, "a remove that expects the version before was carried out");
                return Ok(());
            }
            Some(false) => self.see_unchanged(promise, "a remove", &key, &two, &second)?,
            None => {}
        }
        match self.remove(&key, &second)? {
            Some(false) => {
                if let Some(Found::Value(_, version)) = self.get(&key)? {
                    if version == second {
                        self.broken(promise, "a remove that expects the stored version was refused");
                    }
                }
                return Ok(());
            }
            Some(true) => self.see_missing(&key)?,
            None => return Ok(()),
        }
        if let Some(true) = self.remove(&key, &second)? {
            self.broken(promise, "a key that is not there was removed");
        }
        Ok(())
    }

    fn reads_follow_writes(&mut self) -> Checked {
        for number in 0..4 {
            let key = self.key(&format!("follow-{number}"));
            let mut present: Option<(Bytes, Version)> = None;
            for turn in 0..16 {
                let value = bytes(&format!("{number} {turn}"));
                let before = present.as_ref().map(|(_, version)| version.clone());
                let written = self.write(Promise::CompareOnReplace, &key, &value, before.as_ref())?;
                let Some(version) = written else {
                    present = None;
                    break;
                };
                present = Some((value, version));
            }
            if let Some((value, version)) = present {
                self.kept.push((key, value, version));
            }
        }
        Ok(())
    }

    /// What was written at the beginning is there at the end.
    fn kept_to_the_end(&mut self) -> Checked {
        if self.report.broken.contains_key(&Promise::FreshReads) {
            // The probes of the reads have written again.
            return Ok(());
        }
        for (key, value, version) in std::mem::take(&mut self.kept) {
            self.see(&key, &value, &version)?;
        }
        Ok(())
    }

    fn versions(&mut self) -> Checked {
        let key = self.key("versions");
        let mut seen: Vec<Version> = Vec::new();
        for turn in 0..6 {
            // As an engine's values, these differ from all before: a hash of the value is a good version.
            let (one, two) = (bytes(&format!("{turn} one")), bytes(&format!("{turn} two")));
            let Some(first) = self.write(Promise::CompareOnCreate, &key, &one, None)? else {
                return Ok(());
            };
            let Some(second) = self.write(Promise::CompareOnReplace, &key, &two, Some(&first))? else {
                return Ok(());
            };
            if seen.contains(&first) || seen.contains(&second) {
                let text = "a version of a key came back after it was removed and created again";
                self.broken(Promise::VersionsNeverReturn, text);
            }
            seen.extend([first, second.clone()]);
            if self.remove(&key, &second)? != Some(true) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn one_winner(&mut self) -> Checked {
        for round in 0..ROUNDS {
            let key = self.key(&format!("race-{round}"));
            let Some(version) = self.race(&key, &Expected::Missing, "create a key")? else {
                continue;
            };
            self.race(&key, &Expected::Version(version), "replace one version")?;
            if self.report.broken.contains_key(&Promise::OneWinner) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Several puts at once that expect the same; the version that is there afterwards.
    fn race(&mut self, key: &Key, expected: &Expected, what: &str) -> Result<Option<Version>, Silent> {
        self.used.insert(key.clone());
        let (sender, receiver) = mpsc::channel();
        let values: Vec<Bytes> = (0..RIVALS)
            .map(|rival| bytes(&format!("rival {rival} to {what}")))
            .collect();
        let request = |value: &Bytes| Request {
            key: key.clone(),
            operation: Operation::put(value.clone(), expected.clone()),
        };
        for (rival, value) in values.iter().enumerate() {
            let numbered = Numbered {
                rival,
                sender: sender.clone(),
            };
            let completion = Completion::to(RequestId(0), numbered);
            self.store().submit(request(value), completion);
        }
        drop(sender);
        let mut winners = Vec::new();
        for _ in 0..RIVALS {
            let Ok((rival, result)) = receiver.recv_timeout(self.patience) else {
                return Err(self.silent(&request(&values[0])));
            };
            if let Some(Reply::Written { version }) = self.fitting(&request(&values[rival]), result) {
                winners.push((rival, version));
            }
        }
        let [(rival, version)] = &winners[..] else {
            let text = format!("of {RIVALS} puts at once that {what}, {} were written", winners.len());
            if winners.len() > 1 {
                self.broken(Promise::OneWinner, text);
            } else {
                self.diagnose_no_winner(key, expected, text)?;
            }
            return Ok(None);
        };
        let fine = self.see(key, &values[*rival], version)?;
        Ok(fine.then(|| version.clone()))
    }

    /// Nobody won: did the write that all relied on get lost?
    fn diagnose_no_winner(&mut self, key: &Key, expected: &Expected, text: String) -> Checked {
        let promise = match (expected, self.get(key)?) {
            (_, None) => return Ok(()),
            (Expected::Version(version), Some(Found::Value(_, at))) if at == *version => Promise::OneWinner,
            (Expected::Missing, Some(Found::Nothing)) => Promise::OneWinner,
            _ => Promise::KeptWrites,
        };
        self.broken(promise, text);
        Ok(())
    }

    fn sizes(&mut self) -> Checked {
        let largest = self.stores[0].abilities().max_value_bytes;
        let largest = usize::try_from(largest).unwrap_or(usize::MAX).min(LARGEST_TRIED);
        let key = self.key("sizes");
        let mut present: Option<Version> = None;
        let sizes = [0, 1, 2, 255, 256, 4095, 4096, 8001, 65_535, 65_536, 1 << 20, largest, 0];
        for (turn, size) in sizes.into_iter().enumerate() {
            if size > largest {
                continue;
            }
            // Letters alone: which bytes are possible is asked elsewhere.
            let value: Bytes = (0..size).map(|index| b'a' + ((index * 7 + turn) % 25) as u8).collect();
            let written = self.write(Promise::CompareOnReplace, &key, &value, present.as_ref())?;
            if written.is_none() {
                return Ok(());
            }
            present = written;
        }
        Ok(())
    }

    fn any_bytes(&mut self) -> Checked {
        let all: Vec<u8> = (0..=255).collect();
        let samples: [Vec<u8>; 6] = [
            all.clone(),
            all.iter().rev().copied().collect(),
            vec![0; 64],
            vec![0xff; 64],
            b"\r\n\t \n\r ".to_vec(),
            b"'\"\\%00\x1a".to_vec(),
        ];
        for (number, sample) in samples.iter().enumerate() {
            let key = self.key(&format!("bytes-{number}"));
            let value: Bytes = sample.as_slice().into();
            let before = self.report.broken.contains_key(&Promise::CarriesOut);
            self.write(Promise::CompareOnCreate, &key, &value, None)?;
            if !before {
                if let Some(seen) = self.report.broken.remove(&Promise::CarriesOut) {
                    self.broken(Promise::AnyBytes, seen);
                }
            }
        }
        Ok(())
    }

    fn distinct_keys(&mut self) -> Checked {
        let longest = (self.stores[0].abilities().max_key_bytes as usize).min(1024);
        let long = "k".repeat(longest);
        let mut names: Vec<String> = [
            "a",
            "A",
            "a ",
            " a",
            "a\t",
            "ä",
            "a\u{308}",
            "Ä",
            "ss",
            "ß",
            "ı",
            "i",
            "I",
            "İ",
            "ﬁ",
            "fi",
            "'",
            "\"",
            "`",
            "%",
            "%41",
            "_",
            "*",
            "?",
            "/",
            "a/b",
            "a/",
            "/a",
            "\\",
            ".",
            "..",
            "../a",
            "a.b",
            "#",
            "&",
            "+",
            "a+b",
            "a b",
            ";--",
            "\n",
            "a\n",
            "\r\n",
            "0",
            "00",
            "0.0",
            "-0",
            "1e0",
            "null",
            "NULL",
            "true",
            "日本語",
            "😀",
            "\u{200b}a",
            "\u{feff}a",
            "\u{7f}",
            "\u{10ffff}",
            "{}",
            "[0]",
            "$ref",
            "~",
            "~0",
            "CON",
            "a:b",
            "<a>",
        ]
        .map(str::to_owned)
        .to_vec();
        names.push(format!("{}j", &long[1..]));
        names.push(long[1..].to_owned());
        names.push(long);
        self.distinct(Promise::DistinctKeys, names.iter().map(|name| self.key(name)).collect())
    }

    fn separate_spaces(&mut self) -> Checked {
        let space = &self.space;
        let of = |kind, space: &str, name: &str| Key {
            kind,
            space: space.into(),
            name: name.into(),
        };
        let keys = vec![
            of(Kind::Record, space, "x"),
            of(Kind::Record, &format!("{space}/y"), "x"),
            of(Kind::Record, space, "y/x"),
            of(Kind::Record, &format!("{space}-x"), "x"),
            of(Kind::Server, "", space),
            of(Kind::Record, space, space),
            of(Kind::Server, "", &format!("{space}/x")),
        ];
        self.distinct(Promise::SeparateSpaces, keys)
    }

    /// Creates all of them, and then reads all of them.
    fn distinct(&mut self, promise: Promise, keys: Vec<Key>) -> Checked {
        let mut written = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let value = bytes(&format!("key {number}"));
            match self.put(key, &value, Expected::Missing)? {
                Some(Some(version)) => written.push((key, value, version)),
                Some(None) => {
                    let name = shown(&key.to_string());
                    self.broken(
                        promise,
                        format!("`{name}` is taken for another key that is there already"),
                    );
                }
                None => {}
            }
        }
        for (key, value, version) in written {
            let name = shown(&key.to_string());
            match self.get(key)? {
                Some(Found::Value(found, at)) if at == version && found == value => {}
                Some(Found::Value(found, _)) if found.starts_with(b"key ") && found != value => {
                    let text = format!("`{name}` has the value of another key");
                    self.broken(promise, text);
                }
                Some(Found::Value(found, _)) if found != value => {
                    self.broken(value_promise(&value), different(&name, &value, &found));
                }
                Some(Found::Value(..)) => {
                    let text = format!("a read of `{name}` gave another version than the write");
                    self.broken(Promise::VersionsAgree, text);
                }
                Some(Found::Nothing) => self.diagnose_old_read(Promise::FreshReads, key, &value, &version)?,
                None => {}
            }
        }
        Ok(())
    }

    fn lists(&mut self) -> Checked {
        let mixed = [Promise::DistinctKeys, Promise::FreshReads]
            .iter()
            .any(|promise| self.report.broken.contains_key(promise));
        if !self.stores[0].abilities().list || mixed {
            return Ok(());
        }
        let space: Arc<str> = format!("{}-list", self.space).into();
        let key = |name: &str| Key {
            kind: Kind::Record,
            space: Arc::clone(&space),
            name: name.into(),
        };
        let mut names: Vec<String> = (0..30).map(|number| format!("{number}")).collect();
        names.extend(["b", "C", "ä", "z"].map(str::to_owned));
        for name in &names {
            if self.put(&key(name), &bytes("x"), Expected::Missing)?.is_none() {
                return Ok(());
            }
        }
        names.sort_unstable();
        // Only what can be read must be listed: a lost write is told elsewhere.
        let mut there = Vec::new();
        for name in names {
            if let Some(Found::Value(..)) = self.get(&key(&name))? {
                there.push(name);
            }
        }
        let names = there;
        for page in [1, 7, 1000] {
            let Some(found) = self.all_listed(&key, page, names.len())? else {
                return Ok(());
            };
            let mut sorted = found.clone();
            sorted.sort_unstable();
            if sorted != found {
                self.broken(Promise::ListOrdered, format!("in pages of {page}: {found:?}"));
            }
            if sorted != names {
                let text = format!(
                    "in pages of {page}: {} keys are there, {} were listed",
                    names.len(),
                    found.len()
                );
                self.broken(Promise::ListComplete, text);
            }
        }
        Ok(())
    }

    /// All pages; `None` if one failed. A list that does not end is cut.
    fn all_listed(
        &mut self,
        key: &dyn Fn(&str) -> Key,
        page: u32,
        enough: usize,
    ) -> Result<Option<Vec<String>>, Silent> {
        let mut all: Vec<String> = Vec::new();
        while all.len() <= enough {
            let after = all.last().map_or("", String::as_str);
            let store = self.store();
            let request = Request {
                key: key(after),
                operation: Operation::List { limit: page },
            };
            let Some(result) = ask(&*store, request.clone(), self.patience) else {
                return Err(self.silent(&request));
            };
            let Some(Reply::Keys { names, more }) = self.fitting(&request, result) else {
                return Ok(None);
            };
            if names.len() > page as usize {
                let text = format!("{} names were given where {page} were asked for", names.len());
                self.broken(Promise::ListComplete, text);
            }
            let none = names.is_empty();
            all.extend(names.iter().map(ToString::to_string));
            if !more || none {
                break;
            }
        }
        Ok(Some(all))
    }

    /// Removes what is left. A store that keeps its promises has nothing of it afterwards.
    fn tidy(&mut self) {
        let keys = std::mem::take(&mut self.used);
        let found = self.report.clone();
        for key in keys {
            let Ok(Some(Found::Value(_, version))) = self.get(&key) else {
                continue;
            };
            if self.remove(&key, &version).is_err() {
                break;
            }
        }
        // What shows in here has shown before.
        self.report = found;
    }
}

/// What a read found.
enum Found {
    Value(Bytes, Version),
    Nothing,
}

/// Tells which of the rivals was answered.
struct Numbered {
    rival: usize,
    sender: mpsc::Sender<(usize, StoreResult)>,
}

impl super::Receiver for Numbered {
    fn answer(self: Box<Self>, result: StoreResult) {
        // The check may have lost patience.
        let _ = self.sender.send((self.rival, result));
    }

    fn watch(&self, _waiter: std::sync::Weak<dyn super::Waiter>) {}
}

fn bytes(text: &str) -> Bytes {
    text.as_bytes().into()
}

/// A key in words, on one line and not too long.
fn shown(name: &str) -> String {
    let escaped: String = name.escape_debug().take(60).collect();
    if name.len() > 60 {
        return format!("{escaped}... ({} bytes)", name.len());
    }
    escaped
}

/// Which promise is broken by a value that came back different.
fn value_promise(value: &[u8]) -> Promise {
    let plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if plain {
        Promise::WholeValues
    } else {
        Promise::AnyBytes
    }
}

fn different(name: &str, value: &[u8], found: &[u8]) -> String {
    if value.starts_with(found) {
        return format!(
            "of the {} bytes of `{name}` only the first {} came back",
            value.len(),
            found.len()
        );
    }
    let at = value.iter().zip(found).position(|(a, b)| a != b);
    let at = at.unwrap_or(value.len().min(found.len()));
    format!(
        "{} bytes of `{name}` came back as {}, different from byte {at} on",
        value.len(),
        found.len()
    )
}
