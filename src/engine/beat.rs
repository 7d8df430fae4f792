//! The server record of this engine in one store: registering, beating, and finding out that others declared us dead.
//!
//! ```text
//!  Look --free, ended or our predecessor is gone--> Register --landed--> Alive --shut down--> Closing --> Closed
//!   ^  \--another lives under our id--> Waiting        |                  |  ^
//!   |                                                  |                  v  | beat landed
//!   +---------------- outcome unknown, conflict -------+--------------- Beating
//!   Alive, found ended, missing or unreadable --> Look (a new incarnation);  found another alive --> Superseded
//! ```

use super::availability::Lease;
use crate::clock::Time;
use crate::error::Cause;
use crate::locker::inputs::ServerView;
use crate::planted::{Bug, Bugs};
use crate::record::server::{Letter, ServerRecord};
use crate::record::stamp::Incarnation;
use crate::store::{Expected, Key, Kind, Operation, Reply, Request, StoreResult, Version};
use std::sync::Arc;
use std::time::Duration;

/// What the engine must do or tell after a step of the server record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Registered: lockers may acquire, and those of an older incarnation must be confirmed.
    Registered,
    /// The registration was declared dead, or its record is gone: all sessions are in doubt.
    Ended,
    /// Another process lives under our server id.
    Superseded,
    /// Another process lives under our server id, and we are not registered yet.
    IdInUse,
    /// The lease was not renewed in time: all sessions are in doubt.
    Suspect,
    /// The lease is fresh again.
    Fresh,
    /// These keys need attention.
    Letters(Vec<Letter>),
    /// The store fails.
    Trouble(String, Cause),
}

impl Notice {
    /// The notice in a few words.
    pub fn brief(&self) -> String {
        match self {
            Self::Registered => "registered".into(),
            Self::Ended => "this server was declared dead; it registers again and confirms each session".into(),
            Self::Superseded => "another living process has taken over this server id".into(),
            Self::IdInUse => "another living process uses this server id; it is waited for".into(),
            Self::Suspect => "no beat was taken in time; no session is available until one is".into(),
            Self::Fresh => "the lease is fresh".into(),
            Self::Letters(letters) => format!("{} keys need attention", letters.len()),
            Self::Trouble(text, _) => format!("it does not take the beat: {text}"),
        }
    }
}

struct Try {
    nonce: u64,
    sent: Time,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not registered: read the server record.
    Look,
    /// Not registered: write it.
    Register,
    /// Not registered: another incarnation of our id may live.
    Waiting,
    Alive,
    /// Registered, and the next step is to read the server record.
    Check,
    Superseded,
    Closing,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flight {
    None,
    Look,
    Write(u64),
    Remove,
}

struct Predecessor {
    incarnation: Incarnation,
    nonce: u64,
    since: Time,
    lease: Duration,
    told: bool,
}

/// Settings of the beat.
#[derive(Clone, Debug)]
pub struct BeatOptions {
    /// The server's id.
    pub server_id: Arc<str>,
    /// The engine's random origin.
    pub origin: u128,
    /// The lease.
    pub lease: Duration,
    /// The time between two beats.
    pub interval: Duration,
    /// The host vouches that no process that used this id before is alive.
    pub predecessor_gone: bool,
    /// Deliberate faults, for tests.
    pub bugs: Bugs,
}

/// The server record of one engine in one store.
pub struct Beat {
    options: BeatOptions,
    key: Key,
    state: State,
    flight: Flight,
    view: ServerView,
    /// What of the view those can see who do not wait for the core.
    lease: Arc<Lease>,
    /// What is written when the next registration is tried.
    candidate: Incarnation,
    /// A registration of ours was in the store once.
    established: bool,
    version: Option<Version>,
    last_nonce: u64,
    /// Writes of the present (or intended) incarnation that may have landed.
    tries: Vec<Try>,
    next: Time,
    predecessor: Option<Predecessor>,
    told_fresh: bool,
    trouble_told: bool,
    /// Letters that were read and not cleared yet.
    read_letters: bool,
    /// The time of the next beat, while a look that somebody's notification asked for comes in between.
    planned: Option<Time>,
}

// The holder stops believing at four fifths of the lease, the contender waits for all of it: clock rates may differ by
// (1 + r) / (1 - r) = 5/4, r = 1/9.
fn believed(lease: Duration) -> Duration {
    lease * 4 / 5
}

impl Beat {
    /// A server record that is not registered yet.
    #[must_use]
    pub fn new(options: BeatOptions) -> Self {
        let view = ServerView {
            server_id: Arc::clone(&options.server_id),
            origin: options.origin,
            incarnation: None,
            fresh_until: Time(0),
            lease: options.lease,
        };
        let key = Key {
            kind: Kind::Server,
            space: "".into(),
            name: Arc::clone(&options.server_id),
        };
        let candidate = Incarnation {
            origin: options.origin,
            number: 1,
        };
        Self {
            options,
            key,
            state: State::Look,
            flight: Flight::None,
            view,
            lease: Arc::default(),
            candidate,
            established: false,
            version: None,
            last_nonce: 0,
            tries: Vec::new(),
            next: Time(0),
            predecessor: None,
            told_fresh: false,
            trouble_told: false,
            read_letters: false,
            planned: None,
        }
    }

    /// What the engine believes of its standing.
    #[must_use]
    pub fn view(&self) -> &ServerView {
        &self.view
    }

    /// The same for those who do not wait for the core.
    pub(super) fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Whether there is nothing left to do in this store.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Begins to take the server record away: all sessions are released.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Closing | State::Closed) {
            self.state = match self.version {
                Some(_) if self.view.incarnation.is_some() => State::Closing,
                _ => State::Closed,
            };
            self.next = Time(0);
        }
    }

    /// When the next step is due.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let step = (self.flight == Flight::None && !matches!(self.state, State::Superseded | State::Closed))
            .then_some(self.next);
        let lapse = self.told_fresh.then_some(self.view.fresh_until);
        match (step, lapse) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Notices the end of the lease; says whether a request is to be sent now.
    pub fn poll(&mut self, now: Time, notices: &mut Vec<Notice>) -> bool {
        if self.told_fresh && now >= self.view.fresh_until {
            self.told_fresh = false;
            notices.push(Notice::Suspect);
        }
        if self.flight != Flight::None || now < self.next {
            return false;
        }
        if self.state == State::Waiting && self.predecessor_is_dead(now) {
            self.state = State::Register;
        }
        !matches!(self.state, State::Superseded | State::Closed)
    }

    /// Somebody wrote our server record: look for letters now, not with the next beat.
    pub fn notified(&mut self, now: Time) {
        if self.state == State::Alive && self.flight == Flight::None && now < self.next {
            self.planned = Some(self.next);
            self.next = now;
            self.state = State::Check;
        }
    }

    fn predecessor_is_dead(&self, now: Time) -> bool {
        self.predecessor
            .as_ref()
            .is_some_and(|seen| now >= seen.since.after(seen.lease))
    }

    /// Makes the next request.
    pub fn build(&mut self, now: Time, wall_ms: i64) -> Option<Request> {
        let operation = match self.state {
            State::Look | State::Waiting | State::Check => {
                self.flight = Flight::Look;
                Operation::Get
            }
            State::Register | State::Alive => self.build_write(now, wall_ms),
            State::Closing => {
                self.flight = Flight::Remove;
                Operation::Remove {
                    expected: self.version.clone()?,
                }
            }
            State::Superseded | State::Closed => return None,
        };
        Some(Request {
            key: self.key.clone(),
            operation,
        })
    }

    fn build_write(&mut self, now: Time, wall_ms: i64) -> Operation {
        self.last_nonce += 1;
        let nonce = self.last_nonce;
        self.tries.push(Try { nonce, sent: now });
        self.flight = Flight::Write(nonce);
        let record = ServerRecord::living(self.candidate, nonce, self.options.lease, wall_ms);
        let expected = self.version.clone().map_or(Expected::Missing, Expected::Version);
        Operation::put(record.encode(), expected)
    }

    /// Takes the answer to the request; one that was given up counts as an unknown outcome.
    pub fn reply(&mut self, now: Time, result: StoreResult, notices: &mut Vec<Notice>) {
        match std::mem::replace(&mut self.flight, Flight::None) {
            Flight::None => {}
            Flight::Look => self.reply_look(now, result, notices),
            Flight::Write(nonce) => self.reply_write(now, nonce, result, notices),
            Flight::Remove => self.state = State::Closed,
        }
        let registration = self.view.incarnation.map(|incarnation| incarnation.number);
        self.lease.set(registration, self.view.fresh_until);
    }

    fn reply_write(&mut self, now: Time, nonce: u64, result: StoreResult, notices: &mut Vec<Notice>) {
        match result {
            Ok(Reply::Written { version }) => {
                self.version = Some(version);
                self.read_letters = false;
                self.beat_landed(now, nonce, notices);
            }
            Ok(Reply::Conflict) => {
                // A letter, a verdict, or an earlier copy of this very beat: look at once.
                self.next = now;
                self.look_again();
            }
            Ok(other) => self.trouble(
                now,
                format!("the store answered a put with '{}'", other.name()),
                Cause::Store,
                notices,
            ),
            Err(error) => self.trouble(now, error.to_string(), error.cause, notices),
        }
    }

    fn look_again(&mut self) {
        self.state = match self.state {
            State::Alive => State::Check,
            State::Register => State::Look,
            other => other,
        };
    }

    fn trouble(&mut self, now: Time, text: String, cause: Cause, notices: &mut Vec<Notice>) {
        self.next = now.after(self.options.interval / 4);
        self.look_again();
        if !self.trouble_told {
            self.trouble_told = true;
            notices.push(Notice::Trouble(text, cause));
        }
    }

    /// The try with this nonce is stored. The lease counts from before it was sent.
    fn beat_landed(&mut self, now: Time, nonce: u64, notices: &mut Vec<Notice>) {
        let sent = match self.tries.iter().find(|beat| beat.nonce == nonce) {
            _ if self.options.bugs.has(Bug::LeaseFromAnswer) => now,
            _ if self.options.bugs.has(Bug::LeaseFromLastTry) => self.tries.last().map_or(now, |beat| beat.sent),
            Some(beat) => beat.sent,
            None => return,
        };
        self.tries.retain(|beat| beat.nonce > nonce);
        self.trouble_told = false;
        let mut believed = believed(self.options.lease);
        if self.options.bugs.has(Bug::NoHolderMargin) {
            believed = self.options.lease * 3 / 2;
        }
        self.view.fresh_until = self.view.fresh_until.max(sent.after(believed));
        self.next = sent.after(self.options.interval);
        if self.view.incarnation != Some(self.candidate) {
            self.established = true;
            self.view.incarnation = Some(self.candidate);
            self.predecessor = None;
            notices.push(Notice::Registered);
        }
        if !matches!(self.state, State::Closing) {
            self.state = State::Alive;
        }
        if !self.told_fresh && now < self.view.fresh_until {
            self.told_fresh = true;
            notices.push(Notice::Fresh);
        }
    }

    fn reply_look(&mut self, now: Time, result: StoreResult, notices: &mut Vec<Notice>) {
        match result {
            Ok(Reply::Missing) => self.look_missing(now, None, notices),
            Ok(Reply::Found { value, version }) => match ServerRecord::decode(&value) {
                Some(record) => self.look_found(now, &record, version, notices),
                None => self.look_missing(now, Some(version), notices),
            },
            Ok(other) => self.trouble(
                now,
                format!("the store answered a get with '{}'", other.name()),
                Cause::Store,
                notices,
            ),
            Err(error) => self.trouble(now, error.to_string(), error.cause, notices),
        }
    }

    /// Another state than our registration was found, while a try of it may have landed and been replaced: others may
    /// have pronounced that name dead, for ever, so it is not used again.
    fn retire_candidate(&mut self) {
        if self.options.bugs.has(Bug::NameUsedAgain) {
            return;
        }
        if self.view.incarnation.is_none() && !self.tries.is_empty() {
            self.candidate.number += 1;
            self.tries.clear();
        }
    }

    /// Our server record is gone or cannot be read.
    fn look_missing(&mut self, now: Time, version: Option<Version>, notices: &mut Vec<Notice>) {
        self.version = version;
        self.next = now;
        self.retire_candidate();
        if self.view.incarnation.is_some() {
            self.end(notices);
        }
        self.state = State::Register;
    }

    fn look_found(&mut self, now: Time, record: &ServerRecord, version: Version, notices: &mut Vec<Notice>) {
        self.version = Some(version);
        self.next = now;
        if record.incarnation == self.candidate {
            return self.look_found_ours(now, record, notices);
        }
        self.retire_candidate();
        if record.ended || record.incarnation.origin == self.options.origin {
            if self.view.incarnation.is_some() {
                self.end(notices);
            }
            self.state = State::Register;
        } else if self.view.incarnation.is_some() || self.established {
            self.view.incarnation = None;
            self.told_fresh = false;
            self.state = State::Superseded;
            notices.push(Notice::Superseded);
        } else if self.options.predecessor_gone {
            self.state = State::Register;
        } else {
            self.watch_predecessor(now, record, notices);
        }
    }

    fn look_found_ours(&mut self, now: Time, record: &ServerRecord, notices: &mut Vec<Notice>) {
        if record.ended && !self.options.bugs.has(Bug::EndedIsIgnored) {
            self.end(notices);
            self.state = State::Register;
            return;
        }
        if !record.letters.is_empty() {
            notices.push(Notice::Letters(record.letters.clone()));
            self.read_letters = true;
        }
        // Planted: that we live is taken for the success of the last try, whichever is stored.
        let any_try = self.options.bugs.has(Bug::LeaseFromLastTry) && !self.tries.is_empty();
        if any_try || self.tries.iter().any(|beat| beat.nonce == record.nonce) {
            self.beat_landed(now, record.nonce, notices);
        } else if !matches!(self.state, State::Closing) {
            self.state = State::Alive;
        }
        let planned = self.planned.take();
        if self.read_letters {
            // The next beat clears the letter box.
            self.next = now;
        } else if let Some(planned) = planned {
            // Our own write may have been what we were notified of. To beat for that would be notified again, and so on.
            self.next = planned;
        }
    }

    /// This incarnation is over: the next registration has a new name.
    fn end(&mut self, notices: &mut Vec<Notice>) {
        self.established = true;
        self.view.incarnation = None;
        self.told_fresh = false;
        self.candidate.number += 1;
        self.tries.clear();
        notices.push(Notice::Ended);
    }

    fn watch_predecessor(&mut self, now: Time, record: &ServerRecord, notices: &mut Vec<Notice>) {
        self.state = State::Waiting;
        let known = self
            .predecessor
            .as_ref()
            .is_some_and(|seen| seen.incarnation == record.incarnation && seen.nonce == record.nonce);
        if !known {
            let beaten = self.predecessor.is_some();
            let told = self.predecessor.as_ref().is_some_and(|seen| seen.told);
            if beaten && !told {
                notices.push(Notice::IdInUse);
            }
            self.predecessor = Some(Predecessor {
                incarnation: record.incarnation,
                nonce: record.nonce,
                since: now,
                lease: record.lease(),
                told: beaten,
            });
        }
        if let Some(seen) = &self.predecessor {
            let end = seen.since.after(seen.lease);
            self.next = now.after(seen.lease / 4).min(end).max(now);
        }
    }
}
