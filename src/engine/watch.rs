//! Watching one foreign server: whether it still beats, and leaving letters for it.
//!
//! A server is declared dead by a compare-and-set, after its beat was seen unchanged for the whole lease that its
//! record names, by our own steady clock. One watch serves all keys that wait for the server.

use crate::clock::Time;
use crate::locker::inputs::Verdicts;
use crate::planted::{Bug, Bugs};
use crate::record::server::{bounded_lease, Letter, ServerRecord, LEASE_RANGE, MAX_LETTERS};
use crate::record::stamp::Incarnation;
use crate::store::{Expected, Key, Kind, Operation, Reply, Request, StoreResult, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What was last seen of the server.
struct Seen {
    /// `None` if there is no server record, or none that can be read.
    record: Option<ServerRecord>,
    version: Option<Version>,
    /// Since when nothing has changed but letters.
    since: Time,
    lease: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flight {
    None,
    Look,
    End(Incarnation),
    Letters,
}

struct Wanted {
    /// Looks sent before this number say nothing about "another incarnation".
    asked: u64,
    lease: Duration,
    lockers: BTreeSet<u32>,
}

/// The watch on one foreign server.
pub struct Watch {
    key: Key,
    bugs: Bugs,
    flight: Flight,
    wanted: BTreeMap<Incarnation, Wanted>,
    seen: Option<Seen>,
    letters: BTreeSet<Letter>,
    /// Letters that are left although nobody waits for a verdict.
    errands: BTreeSet<Letter>,
    /// The letters of the write that is under way.
    posting: Vec<Letter>,
    /// The beat that was answered with letters already.
    lettered: Option<(Incarnation, u64)>,
    looks: u64,
    /// What was seen is out of date: look before anything else.
    stale: bool,
    next: Time,
    failures: u32,
}

impl Watch {
    /// A watch on the server with this id.
    #[must_use]
    pub fn new(server: &Arc<str>, bugs: Bugs) -> Self {
        let key = Key {
            kind: Kind::Server,
            space: "".into(),
            name: Arc::clone(server),
        };
        Self {
            key,
            bugs,
            flight: Flight::None,
            wanted: BTreeMap::new(),
            seen: None,
            letters: BTreeSet::new(),
            errands: BTreeSet::new(),
            posting: Vec::new(),
            lettered: None,
            looks: 0,
            stale: true,
            next: Time(0),
            failures: 0,
        }
    }

    /// A locker waits for this incarnation. Called after the locker's record was read. `lease` counts where there is no
    /// server record to read one from.
    pub fn want(&mut self, now: Time, incarnation: Incarnation, lease_ms: u64, locker: u32) {
        let asked = self.looks;
        let wanted = self.wanted.entry(incarnation).or_insert_with(|| Wanted {
            asked,
            lease: bounded_lease(lease_ms),
            lockers: BTreeSet::new(),
        });
        wanted.lockers.insert(locker);
        if wanted.lockers.len() == 1 {
            // A new incarnation, or the first to wait again: look soon.
            self.next = self.next.min(now);
        }
    }

    /// A locker no longer waits.
    pub fn unwant(&mut self, incarnation: Incarnation, locker: u32) {
        if let Some(wanted) = self.wanted.get_mut(&incarnation) {
            wanted.lockers.remove(&locker);
            if wanted.lockers.is_empty() {
                self.wanted.remove(&incarnation);
            }
        }
    }

    /// Leaves a letter for the server.
    pub fn post(&mut self, now: Time, letter: Letter) {
        if self.letters.insert(letter) {
            self.next = self.next.min(now);
        }
    }

    /// Leaves a letter for the server, whether or not anybody waits for a verdict on it.
    pub fn post_errand(&mut self, now: Time, letter: Letter) {
        if self.errands.insert(letter) {
            self.next = self.next.min(now);
        }
    }

    /// Somebody wrote the server record: look now.
    pub fn notified(&mut self, now: Time) {
        self.next = self.next.min(now);
    }

    /// Whether nobody waits and nothing is under way.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_pointless() && self.flight == Flight::None
    }

    /// Nobody waits for a verdict, and there is no letter to leave.
    fn is_pointless(&self) -> bool {
        self.wanted.is_empty() && self.errands.is_empty()
    }

    /// When the next step is due.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        (self.flight == Flight::None && !self.is_pointless()).then_some(self.next)
    }

    /// Makes the next request, if one is due.
    pub fn build(&mut self, now: Time) -> Option<Request> {
        if self.flight != Flight::None || self.is_pointless() || now < self.next {
            return None;
        }
        let write = if self.stale {
            None
        } else {
            self.build_end(now).or_else(|| self.build_letters())
        };
        let operation = write.unwrap_or_else(|| self.build_look());
        Some(Request {
            key: self.key.clone(),
            operation,
        })
    }

    fn build_look(&mut self) -> Operation {
        self.looks += 1;
        self.flight = Flight::Look;
        Operation::Get
    }

    /// *Ended*, if the beat stood still for the whole lease.
    fn build_end(&mut self, now: Time) -> Option<Operation> {
        let seen = self.seen.as_ref()?;
        if now < seen.since.after(seen.lease) {
            return None;
        }
        let record = match &seen.record {
            Some(record) if !record.ended && self.wanted.contains_key(&record.incarnation) => {
                let mut record = record.clone();
                record.letters.clear();
                record.ended = true;
                record
            }
            Some(_) => return None,
            None => {
                let incarnation = self.wanted.keys().max().copied()?;
                let mut record = ServerRecord::living(incarnation, 0, seen.lease, 0);
                record.ended = true;
                record
            }
        };
        self.flight = Flight::End(record.incarnation);
        let expected = seen.version.clone().map_or(Expected::Missing, Expected::Version);
        Some(Operation::put(record.encode(), expected))
    }

    /// Letters, at most once for each beat that was seen.
    fn build_letters(&mut self) -> Option<Operation> {
        let seen = self.seen.as_ref()?;
        let mut record = seen.record.clone()?;
        let beat = (record.incarnation, record.nonce);
        let nothing = self.letters.is_empty() && self.errands.is_empty();
        if nothing || record.ended || self.lettered == Some(beat) {
            return None;
        }
        self.lettered = Some(beat);
        let before = record.letters.len();
        // What is in the box already has arrived.
        self.errands.retain(|letter| !record.letters.contains(letter));
        for letter in self.letters.union(&self.errands) {
            if record.letters.len() < MAX_LETTERS && !record.letters.contains(letter) {
                record.letters.push(letter.clone());
            }
        }
        if record.letters.len() == before {
            return None;
        }
        self.posting = record.letters[before..].to_vec();
        self.flight = Flight::Letters;
        let expected = Expected::Version(seen.version.clone()?);
        Some(Operation::put(record.encode(), expected))
    }

    /// Takes the answer; pronounces the incarnations that are over and gives the lockers that waited for them.
    pub fn reply(&mut self, now: Time, jitter: f64, result: StoreResult, verdicts: &mut Verdicts) -> Vec<u32> {
        let mut freed = Vec::new();
        match std::mem::replace(&mut self.flight, Flight::None) {
            Flight::None => {}
            Flight::Look => self.reply_look(now, jitter, result, verdicts, &mut freed),
            Flight::End(incarnation) => {
                self.stale = true;
                match result {
                    Ok(Reply::Written { .. }) => self.pronounce(incarnation, verdicts, &mut freed),
                    Ok(_) => self.next = now,
                    Err(_) => self.back_off(now, jitter),
                }
            }
            Flight::Letters => {
                // Landed or not: what was seen is out of date.
                self.stale = true;
                let posting = std::mem::take(&mut self.posting);
                if matches!(result, Ok(Reply::Written { .. })) {
                    // Others may have come meanwhile, or have found no room: they wait for the next beat.
                    self.letters.retain(|letter| !posting.contains(letter));
                    self.errands.retain(|letter| !posting.contains(letter));
                }
                self.back_off(now, jitter);
            }
        }
        freed
    }

    fn reply_look(
        &mut self,
        now: Time,
        jitter: f64,
        result: StoreResult,
        verdicts: &mut Verdicts,
        freed: &mut Vec<u32>,
    ) {
        match result {
            Ok(Reply::Missing) => self.observe(now, None, None),
            Ok(Reply::Found { value, version }) => {
                let record = ServerRecord::decode(&value);
                if let Some(record) = &record {
                    self.judge(record, verdicts, freed);
                }
                self.observe(now, record, Some(version));
            }
            Ok(_) | Err(_) => return self.back_off(now, jitter),
        }
        self.failures = 0;
        self.stale = false;
        self.plan(now, verdicts, freed);
        self.drop_vain_errands(now);
    }

    /// Which of the wanted incarnations this look shows to be over.
    fn judge(&mut self, record: &ServerRecord, verdicts: &mut Verdicts, freed: &mut Vec<u32>) {
        let looks = self.looks;
        let any_age = self.bugs.has(Bug::ReplacedFromOldLook);
        let over: Vec<Incarnation> = self
            .wanted
            .iter()
            .filter(|(incarnation, wanted)| {
                if **incarnation == record.incarnation {
                    record.ended
                } else {
                    // A look that was sent before the locker's record was read may show an older incarnation than the
                    // record names.
                    wanted.asked < looks || any_age
                }
            })
            .map(|(incarnation, _)| *incarnation)
            .collect();
        for incarnation in over {
            self.pronounce(incarnation, verdicts, freed);
        }
    }

    fn pronounce(&mut self, incarnation: Incarnation, verdicts: &mut Verdicts, freed: &mut Vec<u32>) {
        verdicts.pronounce(incarnation);
        if let Some(wanted) = self.wanted.remove(&incarnation) {
            freed.extend(wanted.lockers);
        }
    }

    /// Notes what a look found. The clock starts anew whenever the beat moved.
    fn observe(&mut self, now: Time, record: Option<ServerRecord>, version: Option<Version>) {
        let same = self.seen.as_ref().is_some_and(|seen| match (&seen.record, &record) {
            (Some(a), Some(b)) if self.bugs.has(Bug::EndedUnconditionally) => a.incarnation == b.incarnation,
            (Some(a), Some(b)) => a.incarnation == b.incarnation && a.nonce == b.nonce && a.ended == b.ended,
            (None, None) => seen.version == version,
            _ => false,
        });
        let since = match &self.seen {
            Some(seen) if same => seen.since,
            _ => now,
        };
        let mut lease = record
            .as_ref()
            .map_or_else(|| self.longest_lease(), ServerRecord::lease);
        if self.bugs.has(Bug::LengthInRecordIgnored) {
            lease = LEASE_RANGE.0;
        }
        self.seen = Some(Seen {
            record,
            version,
            since,
            lease,
        });
    }

    /// The lease to wait for where no server record tells: the longest that a waiting record names.
    fn longest_lease(&self) -> Duration {
        self.wanted
            .values()
            .map(|wanted| wanted.lease)
            .max()
            .unwrap_or(LEASE_RANGE.1)
    }

    /// When to look again: often enough to see a beat, and when the lease would be over.
    fn plan(&mut self, now: Time, verdicts: &mut Verdicts, freed: &mut Vec<u32>) {
        let Some(seen) = &self.seen else {
            return;
        };
        let end = seen.since.after(seen.lease);
        let missing = seen.record.is_none() && self.bugs.has(Bug::MissingIsDead);
        if missing || (self.bugs.has(Bug::TakeWithoutEnded) && now >= end) {
            let all: Vec<Incarnation> = self.wanted.keys().copied().collect();
            for incarnation in all {
                self.pronounce(incarnation, verdicts, freed);
            }
            return;
        }
        let beat = seen.record.as_ref().map(|record| (record.incarnation, record.nonce));
        let letters = !self.letters.is_empty() || !self.errands.is_empty();
        let to_post = letters && beat.is_some() && self.lettered != beat;
        self.next = if to_post || now >= end {
            now
        } else {
            now.after(seen.lease / 8).min(end)
        };
    }

    /// A server that does not beat reads no letters, and whoever takes its records finds what waits there.
    fn drop_vain_errands(&mut self, now: Time) {
        let reads_them = self.seen.as_ref().is_some_and(|seen| {
            let living = seen.record.as_ref().is_some_and(|record| !record.ended);
            living && now < seen.since.after(seen.lease)
        });
        if !reads_them {
            self.errands.clear();
        }
    }

    fn back_off(&mut self, now: Time, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        if self.failures > 5 {
            self.errands.clear();
        }
        let wait = Duration::from_millis(50).saturating_mul(1 << self.failures.min(6));
        self.next = now.after(wait.mul_f64(0.5 + jitter / 2.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDER: Incarnation = Incarnation { origin: 7, number: 1 };

    fn letter(name: &str) -> Letter {
        Letter {
            space: "player".into(),
            name: name.into(),
        }
    }

    /// The watch looks and finds the holder alive with an empty letter box.
    fn look(watch: &mut Watch, now: Time, nonce: u64) {
        let request = watch.build(now).expect("a look is due");
        assert!(matches!(request.operation, Operation::Get), "{request:?}");
        let found = Reply::Found {
            value: ServerRecord::living(HOLDER, nonce, Duration::from_secs(60), 0)
                .encode()
                .into(),
            version: Version::from(nonce),
        };
        watch.reply(now, 0.0, Ok(found), &mut Verdicts::default());
    }

    fn posted(watch: &mut Watch, now: Time) -> Vec<Letter> {
        let request = watch.build(now).expect("letters are due");
        let Operation::Put { value, .. } = request.operation else {
            panic!("not a put: {request:?}");
        };
        ServerRecord::decode(&value).expect("a server record").letters
    }

    #[test]
    fn a_letter_that_comes_while_others_are_written_is_sent_with_the_next_beat() {
        let mut watch = Watch::new(&"holder".into(), Bugs::default());
        let mut now = Time(0);
        watch.want(now, HOLDER, 60_000, 0);
        watch.post(now, letter("first"));
        look(&mut watch, now, 1);
        assert_eq!(posted(&mut watch, now), [letter("first")]);
        watch.post(now, letter("second"));
        let written = Reply::Written {
            version: Version::from(100),
        };
        watch.reply(now, 0.0, Ok(written), &mut Verdicts::default());
        now = now.after(Duration::from_secs(10));
        look(&mut watch, now, 2);
        assert_eq!(posted(&mut watch, now), [letter("second")]);
    }

    #[test]
    fn letters_that_found_no_room_are_sent_with_the_next_beat() {
        let mut watch = Watch::new(&"holder".into(), Bugs::default());
        let mut now = Time(0);
        watch.want(now, HOLDER, 60_000, 0);
        for number in 0..=MAX_LETTERS {
            watch.post(now, letter(&format!("{number:04}")));
        }
        look(&mut watch, now, 1);
        assert_eq!(posted(&mut watch, now).len(), MAX_LETTERS);
        let written = Reply::Written {
            version: Version::from(100),
        };
        watch.reply(now, 0.0, Ok(written), &mut Verdicts::default());
        now = now.after(Duration::from_secs(10));
        look(&mut watch, now, 2);
        assert_eq!(posted(&mut watch, now), [letter(&format!("{MAX_LETTERS:04}"))]);
    }
}
