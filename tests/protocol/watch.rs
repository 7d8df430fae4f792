//! The watch on a foreign server: as `src/engine/watch.rs`. One record, so that at most one incarnation is wanted.

use crate::beat::remember;
use crate::model::{Sometimes, Step};
use crate::names::Name;
use crate::planted::Planted;
use crate::state::{Flight, Late, Put, Seen, Stored, Watch};
use crate::store::{Expected, Outcome, Purpose, ServerRecord};

impl Watch {
    fn new(server: u8) -> Self {
        Self {
            server,
            flight: Flight::None,
            old_look: false,
            wanted: None,
            seen: None,
            stale: true,
            letter: false,
            lettered: None,
        }
    }

    pub fn may_look(&self) -> bool {
        self.wanted.is_some() && self.flight.is_none()
    }

    /// *Ended*, if the beat stood still for the whole lease.
    pub fn ended_to_write(&self, wait: u8) -> Option<ServerRecord> {
        let seen = self.seen.filter(|seen| seen.age >= wait)?;
        if self.stale || !self.may_look() {
            return None;
        }
        let wanted = self.wanted?;
        match seen.found {
            Some(found) if found.value.ended || found.value.incarnation != wanted => None,
            Some(found) => Some(ServerRecord {
                ended: true,
                letter: false,
                ..found.value
            }),
            None => Some(ServerRecord {
                incarnation: wanted,
                nonce: 0,
                ended: true,
                letter: false,
            }),
        }
    }

    /// A letter, at most one for each beat that was seen.
    pub fn letter_to_write(&self, wait: u8) -> Option<Stored<ServerRecord>> {
        let found = self.seen?.found?;
        let beat = Some((found.value.incarnation, found.value.nonce));
        let pointless = found.value.ended || found.value.letter || self.lettered == beat;
        let first = self.ended_to_write(wait).is_some();
        (self.letter && self.may_look() && !self.stale && !pointless && !first).then_some(found)
    }

    /// The clock starts anew whenever the beat moved.
    fn observe(&mut self, found: Option<Stored<ServerRecord>>) {
        let beat = |found: ServerRecord| (found.incarnation, found.nonce, found.ended);
        let same = self.seen.is_some_and(|seen| match (seen.found, found) {
            (Some(a), Some(b)) => beat(a.value) == beat(b.value),
            (None, None) => true,
            _ => false,
        });
        let age = self.seen.filter(|_| same).map_or(0, |seen| seen.age);
        self.seen = Some(Seen { found, age });
    }
}

impl Step<'_> {
    /// Keeps the watch in step with what the locker waits for.
    pub fn follow_watching(&mut self, me: u8, wanted: Option<Name>, letter: bool) {
        let Some(wanted) = wanted else {
            if let Some(watch) = &mut self.engine(me).watch {
                watch.wanted = None;
            }
            return;
        };
        let server = self.model.server_id(wanted.engine);
        if let Some(other) = self.engine(me).watch.filter(|watch| watch.server != server) {
            if let Flight::Put(put) = other.flight {
                self.send_late_server(me, put);
            }
            self.engine(me).watch = None;
        }
        let letter = letter && self.model.bound.letters;
        let watch = self.engine(me).watch.get_or_insert_with(|| Watch::new(server));
        if watch.wanted != Some(wanted) {
            watch.wanted = Some(wanted);
            watch.old_look = matches!(watch.flight, Flight::Read(_));
        }
        watch.letter |= letter;
    }

    fn watch(&mut self, me: u8) -> &mut Watch {
        self.engine(me).watch.as_mut().expect("it watches")
    }

    pub fn send_watch_look(&mut self, me: u8) {
        let server = self.watch(me).server;
        let found = self.state.servers[usize::from(server)];
        let watch = self.watch(me);
        watch.flight = Flight::Read(found);
        watch.old_look = false;
        if !self.model.bound.slow_looks {
            self.answer_watch(me);
        }
    }

    pub fn send_ended(&mut self, me: u8) {
        let wait = self.model.wait();
        let Some(value) = self.watch(me).ended_to_write(wait) else {
            return;
        };
        let unconditional = self.model.has(Planted::EndedUnconditionally);
        let watch = self.watch(me);
        let found = watch.seen.and_then(|seen| seen.found);
        let version = found.map_or(Expected::Missing, |found| Expected::Version(found.version));
        watch.flight = Flight::Put(Put {
            value,
            expected: if unconditional { Expected::Anything } else { version },
            purpose: Purpose::Ended,
            outcome: Outcome::Pending,
        });
        if self.model.has(Planted::TakenBeforeEndedLanded) {
            self.pronounce(me, value.incarnation);
        }
    }

    pub fn send_letter(&mut self, me: u8) {
        let wait = self.model.wait();
        let Some(found) = self.watch(me).letter_to_write(wait) else {
            return;
        };
        let watch = self.watch(me);
        watch.lettered = Some((found.value.incarnation, found.value.nonce));
        watch.flight = Flight::Put(Put {
            value: ServerRecord {
                letter: true,
                ..found.value
            },
            expected: Expected::Version(found.version),
            purpose: Purpose::Letter,
            outcome: Outcome::Pending,
        });
    }

    /// The answer to the request under way comes.
    pub fn answer_watch(&mut self, me: u8) {
        let watch = self.watch(me);
        match std::mem::replace(&mut watch.flight, Flight::None) {
            Flight::None => {}
            Flight::Read(found) => self.look_answered(me, found),
            Flight::Put(put) => {
                watch.stale = true;
                let written = matches!(put.outcome, Outcome::Written(_));
                if put.purpose == Purpose::Letter {
                    watch.letter &= !written;
                } else if written {
                    self.pronounce(me, put.value.incarnation);
                }
            }
        }
    }

    /// The write under way was refused, or no answer comes to it: what was seen is out of date.
    pub fn watch_unanswered(&mut self, me: u8) {
        let watch = self.watch(me);
        watch.flight = Flight::None;
        watch.stale = true;
    }

    fn look_answered(&mut self, me: u8, found: Option<Stored<ServerRecord>>) {
        let any_age = self.model.has(Planted::ReplacedFromOldLook);
        let watch = self.watch(me);
        let recent = !watch.old_look || any_age;
        watch.observe(found);
        watch.stale = false;
        let Some(wanted) = watch.wanted else {
            return;
        };
        match found {
            Some(found) => {
                let replaced = found.value.incarnation != wanted;
                if if replaced { recent } else { found.value.ended } {
                    self.pronounce(me, wanted);
                }
            }
            None if self.model.has(Planted::MissingIsDead) => self.pronounce(me, wanted),
            None => {}
        }
    }

    fn pronounce(&mut self, me: u8, incarnation: Name) {
        let engine = self.engine(me);
        if !engine.knows_dead(incarnation) && !remember(&mut engine.dead, incarnation) {
            // The product forgets verdicts too: that costs another look.
            engine.dead[0] = Some(incarnation);
        }
        if let Some(watch) = &mut engine.watch {
            watch.wanted = watch.wanted.filter(|wanted| *wanted != incarnation);
        }
    }

    /// A write to a server record for which nobody waits any more may land later.
    pub fn send_late_server(&mut self, sender: u8, put: Put<ServerRecord>) {
        if put.outcome == Outcome::Pending {
            remember(&mut self.state.late_servers, Late { sender, put });
        }
    }

    /// A write to a server record comes to the store; its version if it landed.
    pub fn land_server(&mut self, put: &Put<ServerRecord>) -> Option<u8> {
        let server = usize::from(self.model.server_id(put.value.incarnation.engine));
        let old = self.state.servers[server];
        if !crate::store::can_land(old.as_ref(), put) {
            return None;
        }
        let version = self.new_number(crate::names::Domain::ServerVersion(put.value.incarnation.engine));
        self.note_server_record(old.map(|old| old.value), &put.value);
        if old.is_none() && put.purpose == Purpose::Ended {
            self.note(Sometimes::MissingEnded);
        }
        self.state.servers[server] = Some(Stored {
            version,
            value: put.value,
        });
        Some(version)
    }
}
