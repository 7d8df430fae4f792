//! A session: what is written, and how writes end. As `src/locker/held.rs` and `src/locker/outcome.rs`; whoever is asked
//! for the record gives way at once.

use crate::beat::remember;
use crate::model::{Property, Sometimes, Step};
use crate::names::Domain;
use crate::planted::Planted;
use crate::state::{Attempt, Flight, Held, Late, Locker, Phase, Put, Stored};
use crate::store::{can_land, Expected, Holder, Outcome, Purpose, Record};

impl Attempt {
    fn of(put: &Put<Record>, held: &Held) -> Self {
        Self {
            op: put.value.op,
            data: put.value.data,
            release: put.purpose == Purpose::Release,
            incarnation: put.value.holder.map_or(held.incarnation, |holder| holder.incarnation),
        }
    }
}

impl Locker {
    /// Whether the next request is a read.
    pub fn will_read(&self) -> bool {
        let reads = match &self.phase {
            Phase::Idle => self.attention,
            Phase::Acquiring(_) | Phase::Reclaiming(None) => true,
            Phase::Reclaiming(Some(_)) => false,
            Phase::Held(held) => held.resolve || self.attention,
        };
        self.flight.is_none() && reads
    }

    /// Whether it matters that the engine beats.
    pub fn needs_lease(&self) -> bool {
        match &self.phase {
            Phase::Idle | Phase::Reclaiming(_) => false,
            Phase::Acquiring(acquire) => acquire.tries.iter().any(Option::is_some),
            Phase::Held(_) => true,
        }
    }

    fn release_wanted(&self, held: &Held) -> bool {
        held.release_sent || held.giving_way || !self.wanted
    }
}

impl Step<'_> {
    pub fn edit(&mut self, me: u8) {
        let change = 1 << self.state.spent.edits;
        self.state.spent.edits += 1;
        let held = self.held(me);
        held.data |= change;
        held.pending |= change;
    }

    fn held(&mut self, me: u8) -> &mut Held {
        match &mut self.engine(me).locker.phase {
            Phase::Held(held) => held,
            _ => unreachable!("called in the held phase only"),
        }
    }

    // Requests -----------------------------------------------------------------------------------------------------

    pub fn send_read(&mut self, me: u8) {
        let found = self.state.record;
        let locker = &mut self.engine(me).locker;
        locker.flight = Flight::Read(found);
        match &mut locker.phase {
            Phase::Idle => {
                locker.phase = Phase::Reclaiming(None);
                locker.attention = false;
            }
            Phase::Held(held) => {
                held.resolve = true;
                locker.attention = false;
            }
            Phase::Acquiring(_) | Phase::Reclaiming(_) => {}
        }
        if !self.model.bound.slow_reads {
            self.answer_locker(me);
        }
    }

    /// What a session has to write now.
    pub fn wanted_write(&self, me: u8) -> Option<Purpose> {
        let engine = self.state.engines[usize::from(me)].as_ref()?;
        let locker = &engine.locker;
        let held = match &locker.phase {
            Phase::Reclaiming(Some(_)) if locker.flight.is_none() => return Some(Purpose::Reclaim),
            Phase::Held(held) => held,
            _ => return None,
        };
        let room = held.in_doubt.iter().any(Option::is_none);
        if !locker.flight.is_none() || held.resolve || locker.attention || !room {
            return None;
        }
        let present = engine.beat.incarnation;
        let confirm = present.is_some_and(|present| present != held.incarnation);
        match (locker.release_wanted(held), confirm || held.pending != 0) {
            (true, _) => Some(Purpose::Release),
            (false, true) => Some(Purpose::Save),
            (false, false) => None,
        }
    }

    pub fn send_write(&mut self, me: u8, purpose: Purpose) {
        if let Phase::Reclaiming(Some(found)) = self.engine(me).locker.phase {
            return self.send_reclaim(me, &found);
        }
        let op = self.new_operation(me);
        let registered = self.engine(me).beat.incarnation;
        let unconditional = self.model.has(Planted::SaveUnconditionally);
        let release = purpose == Purpose::Release;
        let held = self.held(me);
        held.release_sent |= release;
        let incarnation = registered.unwrap_or(held.incarnation);
        let holder = Holder {
            incarnation,
            op: held.op,
        };
        let value = Record {
            epoch: held.epoch,
            op,
            author: held.op,
            holder: (!release).then_some(holder),
            asked: held.asked && !release,
            past: held.past,
            data: held.data,
        };
        let expected = Expected::Version(held.version);
        let gave_way = release && held.giving_way;
        if gave_way {
            self.engine(me).locker.wanted = false;
        }
        let expected = if unconditional { Expected::Anything } else { expected };
        self.write_record(me, value, expected, purpose);
    }

    // Answers ------------------------------------------------------------------------------------------------------

    /// The answer to the request under way comes.
    pub fn answer_locker(&mut self, me: u8) {
        let locker = &mut self.engine(me).locker;
        match std::mem::replace(&mut locker.flight, Flight::None) {
            Flight::None => {}
            Flight::Read(found) => match locker.phase {
                Phase::Idle => {}
                Phase::Acquiring(_) => self.read_answered_acquiring(me, found),
                Phase::Reclaiming(_) => self.read_answered_reclaiming(me, found),
                Phase::Held(_) => self.read_answered_held(me, found),
            },
            Flight::Put(put) => match locker.phase {
                Phase::Idle => {}
                Phase::Acquiring(_) => self.write_answered_acquiring(me, &put),
                Phase::Reclaiming(_) => self.write_answered_reclaiming(me, &put),
                Phase::Held(_) => self.write_answered_held(me, &put),
            },
        }
        self.settle_locker(me);
    }

    /// No answer comes to the write under way.
    pub fn locker_unanswered(&mut self, me: u8) {
        let locker = &mut self.engine(me).locker;
        let Flight::Put(put) = std::mem::replace(&mut locker.flight, Flight::None) else {
            return;
        };
        match &mut locker.phase {
            Phase::Idle => {}
            Phase::Acquiring(_) => self.write_unanswered_acquiring(me, &put),
            Phase::Reclaiming(found) => *found = None,
            Phase::Held(held) => {
                let attempt = Attempt::of(&put, held);
                held.resolve = true;
                if !self.model.has(Planted::TimeOutIsFailure) {
                    remember(&mut self.held(me).in_doubt, attempt);
                }
            }
        }
        self.settle_locker(me);
    }

    fn read_answered_acquiring(&mut self, me: u8, found: Option<Stored<Record>>) {
        if self.engine(me).locker.wanted {
            self.judge(me, found);
        }
    }

    fn write_answered_held(&mut self, me: u8, put: &Put<Record>) {
        let attempt = Attempt::of(put, self.held(me));
        if let Outcome::Written(version) = put.outcome {
            self.landed(me, attempt, version);
        }
    }

    /// The write under way was refused: somebody else wrote, or an earlier copy of this very request was stored.
    pub fn locker_refused(&mut self, me: u8) {
        let taken_for_success = self.model.has(Planted::ConflictIsSuccess);
        let locker = &mut self.engine(me).locker;
        let Flight::Put(put) = std::mem::replace(&mut locker.flight, Flight::None) else {
            return;
        };
        match &mut locker.phase {
            Phase::Idle => {}
            // The read that follows will tell.
            Phase::Acquiring(acquire) => acquire.asked |= put.purpose == Purpose::Ask,
            Phase::Reclaiming(found) => *found = None,
            Phase::Held(held) => {
                let attempt = Attempt::of(&put, held);
                if taken_for_success {
                    let version = held.version;
                    self.landed(me, attempt, version);
                } else {
                    held.resolve = true;
                    remember(&mut held.in_doubt, attempt);
                }
            }
        }
        self.settle_locker(me);
    }

    /// Planted error: the answer to an older write counts for the one under way.
    pub fn take_late_answer(&mut self) {
        let Some((me, version)) = self.state.late_answer.take() else {
            return;
        };
        if let Flight::Put(put) = &mut self.engine(me).locker.flight {
            put.outcome = Outcome::Written(version);
        }
        self.answer_locker(me);
    }

    fn landed(&mut self, me: u8, attempt: Attempt, version: u8) {
        let held = self.held(me);
        held.version = version;
        held.in_doubt = Default::default();
        self.settle_landed(me, attempt);
        if attempt.release {
            self.released(me);
        }
    }

    fn settle_landed(&mut self, me: u8, attempt: Attempt) {
        let held = self.held(me);
        let confirmed = held.incarnation != attempt.incarnation && !attempt.release;
        held.incarnation = attempt.incarnation;
        let saved = held.pending & attempt.data;
        held.pending &= !saved;
        self.state.told_saved |= saved;
        if saved != 0 {
            self.note(Sometimes::ToldSaved);
        }
        if confirmed {
            self.note(Sometimes::ConfirmationWon);
        }
    }

    fn released(&mut self, me: u8) {
        // What was changed since the last save was sent cannot be: the data stand still from there on.
        self.engine(me).locker.phase = Phase::Idle;
        self.engine(me).locker.wanted = false;
    }

    // Reading back -------------------------------------------------------------------------------------------------

    fn read_answered_held(&mut self, me: u8, found: Option<Stored<Record>>) {
        let Some(found) = found else {
            return self.broken(Property::NoLostSave);
        };
        let stored = found.value;
        let held = *self.held(me);
        let last = stored.last_operation_of(held.epoch);
        let attempt = last.and_then(|op| self.take_attempt(me, op));
        if let Some(attempt) = attempt {
            self.note(Sometimes::DoubtLanded);
            self.settle_landed(me, attempt);
        }
        let same_session = stored.holder.is_some_and(|holder| holder.op == held.op);
        if stored.epoch == held.epoch && same_session {
            self.go_on(me, &found, attempt.is_some());
        } else if attempt.is_some_and(|attempt| attempt.release) {
            self.released(me);
        } else {
            self.overtaken(me, last.is_some());
        }
    }

    fn take_attempt(&mut self, me: u8, op: crate::names::Name) -> Option<Attempt> {
        let held = self.held(me);
        let place = held
            .in_doubt
            .iter_mut()
            .find(|attempt| attempt.is_some_and(|attempt| attempt.op == op));
        place.and_then(Option::take)
    }

    /// It is still our session: others wrote into the header, or nothing happened.
    fn go_on(&mut self, me: u8, found: &Stored<Record>, own: bool) {
        let held = self.held(me);
        held.resolve = false;
        let moved = held.version != found.version;
        let in_doubt = held.in_doubt.iter().any(Option::is_some);
        if moved {
            held.in_doubt = Default::default();
        }
        if let Some(holder) = found.value.holder {
            held.incarnation = holder.incarnation;
        }
        held.version = found.version;
        held.asked = found.value.asked;
        held.giving_way |= held.asked && !held.release_sent;
        if in_doubt && !moved {
            self.note(Sometimes::DoubtNotLanded);
        }
        if moved && !own {
            self.note(Sometimes::Merged);
        }
    }

    fn overtaken(&mut self, me: u8, known: bool) {
        let present = self.engine(me).beat.incarnation;
        let held = *self.held(me);
        let in_doubt = held
            .in_doubt
            .iter()
            .flatten()
            .fold(0, |all, attempt| all | attempt.data);
        let decided = known || self.model.has(Planted::ForgottenIsLost);
        let unknown = if decided { 0 } else { held.pending & in_doubt };
        let lost = held.pending & !unknown;
        self.state.told_lost |= lost;
        if lost != 0 {
            self.note(Sometimes::ToldLost);
        }
        if unknown != 0 {
            self.note(Sometimes::ToldUnknown);
        }
        if present.is_some_and(|present| present != held.incarnation) {
            self.note(Sometimes::ConfirmationLost);
        }
        self.released(me);
    }

    // At the store -------------------------------------------------------------------------------------------------

    /// A write to the player's record comes to the store; its version if it landed.
    pub fn land_record(&mut self, sender: u8, put: &Put<Record>) -> Option<u8> {
        let old = self.state.record;
        if !can_land(old.as_ref(), put) {
            return None;
        }
        let keeps_order = match (old.map(|old| old.value), put.purpose) {
            (None, purpose) => purpose == Purpose::Take,
            (Some(old), Purpose::Take) => put.value.epoch > old.epoch && put.value.data == old.data,
            (Some(old), Purpose::Save | Purpose::Release) => {
                put.value.epoch == old.epoch && put.value.author == old.author
            }
            (Some(old), _) => put.value.author == old.author && put.value.op == old.op && put.value.data == old.data,
        };
        if !keeps_order {
            self.broken(Property::OneWriter);
        }
        if let (Some(old), Purpose::Take) = (old, put.purpose) {
            self.note_taken(sender, &old.value);
        }
        let version = self.new_number(Domain::RecordVersion);
        let value = put.value;
        self.state.record = Some(Stored { version, value });
        Some(version)
    }

    fn note_taken(&mut self, taker: u8, old: &Record) {
        let Some(holder) = old.holder else {
            let asked = match self.state.engines[usize::from(taker)].map(|engine| engine.locker.phase) {
                Some(Phase::Acquiring(acquire)) => acquire.asked,
                _ => false,
            };
            if asked {
                self.note(Sometimes::HandedOver);
            }
            return;
        };
        let lives = self
            .state
            .engines
            .iter()
            .flatten()
            .any(|engine| match &engine.locker.phase {
                Phase::Held(held) => held.op == holder.op,
                _ => false,
            });
        if lives {
            self.note(Sometimes::TakenFromLiving);
        } else if holder.incarnation.engine != taker {
            self.note(Sometimes::TakenFromCrashed);
        }
    }

    /// A write to the record for which nobody waits any more may land later.
    pub fn send_late_record(&mut self, sender: u8, put: Put<Record>) {
        if put.outcome == Outcome::Pending {
            remember(&mut self.state.late_records, Late { sender, put });
        }
    }
}
