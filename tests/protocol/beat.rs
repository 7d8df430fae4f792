//! The server record of an engine: as `src/engine/beat.rs`, without closing.

use crate::model::{Model, Property, Sometimes, Step};
use crate::names::{Domain, Name};
use crate::planted::Planted;
use crate::state::{Beat, Flight, Predecessor, Put, Standing, Stored, Try};
use crate::store::{Expected, Outcome, Purpose, ServerRecord};

/// Puts `value` into the first free place; whether there was one.
pub fn remember<T>(places: &mut [Option<T>], value: T) -> bool {
    let free = places.iter_mut().find(|place| place.is_none());
    let found = free.is_some();
    if let Some(place) = free {
        *place = Some(value);
    }
    found
}

impl Beat {
    /// Whether the next step is a read.
    pub fn will_look(&self) -> bool {
        let looks = matches!(self.standing, Standing::Look | Standing::Waiting | Standing::Check);
        self.flight.is_none() && looks
    }

    /// Whether a write may be sent. Two beats are at least a tick apart, unless there are letters to clear, and an engine
    /// that neither holds nor takes the record does not bother to beat.
    pub fn may_write(&self, model: &Model, idle: bool) -> bool {
        let room = self.tries.iter().any(Option::is_none);
        let due = match self.standing {
            Standing::Register => true,
            Standing::Alive => (self.fresh < model.stop() && !idle) || self.read_letters,
            Standing::Waiting => self.predecessor.is_some_and(|seen| seen.age >= model.wait()),
            Standing::Look | Standing::Check | Standing::Superseded => false,
        };
        self.flight.is_none() && room && due
    }

    fn look_again(&mut self) {
        self.standing = match self.standing {
            Standing::Alive => Standing::Check,
            Standing::Register => Standing::Look,
            other => other,
        };
    }
}

impl Step<'_> {
    fn beat(&mut self, me: u8) -> &mut Beat {
        &mut self.engine(me).beat
    }

    pub fn send_beat_look(&mut self, me: u8) {
        let found = self.state.servers[usize::from(self.model.server_id(me))];
        self.beat(me).flight = Flight::Read(found);
        if !self.model.bound.slow_looks {
            self.answer_beat(me);
        }
    }

    pub fn send_beat(&mut self, me: u8) {
        let nonce = self.new_number(Domain::Nonce(me));
        let unconditional = self.model.has(Planted::BeatUnconditionally);
        let beat = self.beat(me);
        if beat.standing == Standing::Waiting {
            beat.standing = Standing::Register;
            self.note(Sometimes::PredecessorWaitedOut);
        }
        let beat = self.beat(me);
        remember(&mut beat.tries, Try { nonce, age: 0 });
        let version = beat.version.map_or(Expected::Missing, Expected::Version);
        beat.flight = Flight::Put(Put {
            value: ServerRecord {
                incarnation: beat.candidate,
                nonce,
                ended: false,
                letter: false,
            },
            expected: if unconditional { Expected::Anything } else { version },
            purpose: Purpose::Beat,
            outcome: Outcome::Pending,
        });
    }

    /// The answer to the request under way comes.
    pub fn answer_beat(&mut self, me: u8) {
        let flight = std::mem::replace(&mut self.beat(me).flight, Flight::None);
        match flight {
            Flight::None => {}
            Flight::Read(None) => self.own_record_missing(me),
            Flight::Read(Some(found)) => self.own_record_found(me, found),
            Flight::Put(put) => match put.outcome {
                Outcome::Pending | Outcome::Conflict => {}
                Outcome::Written(version) => {
                    let beat = self.beat(me);
                    beat.version = Some(version);
                    beat.read_letters = false;
                    self.beat_landed(me, put.value.nonce);
                }
            },
        }
    }

    /// The write under way was refused, or no answer comes to it: look again.
    pub fn beat_unanswered(&mut self, me: u8) {
        let beat = self.beat(me);
        beat.flight = Flight::None;
        beat.look_again();
    }

    /// The try with this nonce is stored. The lease counts from before it was sent.
    fn beat_landed(&mut self, me: u8, nonce: u8) {
        let stop = self.model.stop();
        let (from_answer, from_last) = (
            self.model.has(Planted::AgeFromAnswer),
            self.model.has(Planted::AgeFromLastTry),
        );
        let believed = self.engine(me).believes();
        let beat = self.beat(me);
        let age = match beat.tries.iter().flatten().find(|sent| sent.nonce == nonce) {
            _ if from_answer => 0,
            _ if from_last => beat.tries.iter().flatten().map(|sent| sent.age).min().unwrap_or(0),
            Some(sent) => sent.age,
            None => return,
        };
        for sent in &mut beat.tries {
            *sent = sent.filter(|sent| sent.nonce > nonce);
        }
        beat.fresh = beat.fresh.max(stop.saturating_sub(age));
        beat.incarnation = Some(beat.candidate);
        beat.established = true;
        beat.predecessor = None;
        beat.standing = Standing::Alive;
        if !believed && self.engine(me).believes() {
            self.note(Sometimes::FreshAgain);
        }
    }

    /// Another state than our registration was found, while a try of it may have landed and been replaced.
    fn retire_candidate(&mut self, me: u8) {
        let beat = self.beat(me);
        let tried = beat.tries.iter().any(Option::is_some);
        if self.model.has(Planted::NameUsedAgain) || self.beat(me).incarnation.is_some() || !tried {
            return;
        }
        self.note(Sometimes::NameRetired);
        self.new_candidate(me);
    }

    fn new_candidate(&mut self, me: u8) {
        let candidate = self.new_incarnation(me);
        let beat = self.beat(me);
        beat.candidate = candidate;
        beat.tries = Default::default();
    }

    /// This incarnation is over: the next registration has a new name.
    fn incarnation_over(&mut self, me: u8) {
        let beat = self.beat(me);
        beat.established = true;
        beat.incarnation = None;
        self.new_candidate(me);
    }

    fn own_record_missing(&mut self, me: u8) {
        self.beat(me).version = None;
        self.retire_candidate(me);
        if self.beat(me).incarnation.is_some() {
            self.incarnation_over(me);
        }
        self.beat(me).standing = Standing::Register;
    }

    fn own_record_found(&mut self, me: u8, found: Stored<ServerRecord>) {
        let record = found.value;
        self.beat(me).version = Some(found.version);
        if record.incarnation == self.beat(me).candidate {
            return self.own_registration_found(me, &record);
        }
        self.retire_candidate(me);
        let beat = self.beat(me);
        let of_this_process = record.incarnation.engine == me && record.incarnation.number >= beat.born;
        let vouched = beat.vouched;
        if record.ended || of_this_process {
            if beat.incarnation.is_some() {
                self.incarnation_over(me);
            }
            self.beat(me).standing = Standing::Register;
        } else if beat.incarnation.is_some() || beat.established {
            beat.incarnation = None;
            beat.standing = Standing::Superseded;
            self.note(Sometimes::Superseded);
        } else if vouched {
            beat.standing = Standing::Register;
        } else {
            beat.watch_predecessor(&record);
        }
    }

    fn own_registration_found(&mut self, me: u8, record: &ServerRecord) {
        if record.ended {
            self.note(Sometimes::EndedFoundByOwnBeat);
            self.incarnation_over(me);
            self.beat(me).standing = Standing::Register;
            return;
        }
        if record.letter {
            self.engine(me).locker.attention = true;
            self.beat(me).read_letters = true;
        }
        let from_last = self.model.has(Planted::AgeFromLastTry);
        let mut tries = self.beat(me).tries.iter().flatten();
        let known = tries.any(|sent| from_last || sent.nonce == record.nonce);
        if known {
            self.beat_landed(me, record.nonce);
        } else {
            self.beat(me).standing = Standing::Alive;
        }
    }

    /// Keeps account of what was stored and is over, and checks that it stays so.
    pub fn note_server_record(&mut self, old: Option<ServerRecord>, new: &ServerRecord) {
        if let Some(old) = old.filter(|old| old.incarnation != new.incarnation || new.ended) {
            self.remember_over(old.incarnation);
        }
        if new.ended {
            self.remember_over(new.incarnation);
        } else if self.state.over.contains(&Some(new.incarnation)) {
            self.broken(Property::VerdictKept);
        }
    }

    fn remember_over(&mut self, incarnation: Name) {
        if !self.state.over.contains(&Some(incarnation)) {
            remember(&mut self.state.over, incarnation);
        }
    }
}

impl Beat {
    fn watch_predecessor(&mut self, record: &ServerRecord) {
        self.standing = Standing::Waiting;
        let seen = self.predecessor;
        let known = seen.is_some_and(|seen| seen.incarnation == record.incarnation && seen.nonce == record.nonce);
        if !known {
            self.predecessor = Some(Predecessor {
                incarnation: record.incarnation,
                nonce: record.nonce,
                age: 0,
            });
        }
    }
}
