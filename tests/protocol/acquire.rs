//! Acquiring the record: as `src/locker/acquire.rs`. What was read is judged and acted upon at once; that the write is
//! slow on its way stands for all delay between the two.

use crate::beat::remember;
use crate::model::{Property, Sometimes, Step};
use crate::names::Name;
use crate::planted::Planted;
use crate::state::{Acquire, Flight, Held, Phase, Put, Stored, TRIES};
use crate::store::{Expected, Holder, Outcome, Purpose, Record, PAST_SESSIONS};

impl Step<'_> {
    pub fn want(&mut self, me: u8) {
        let locker = &mut self.engine(me).locker;
        locker.wanted = true;
        locker.phase = Phase::Acquiring(Acquire {
            tries: [None; TRIES],
            holder: None,
            asked: false,
        });
    }

    pub fn unwant(&mut self, me: u8) {
        self.engine(me).locker.wanted = false;
        self.settle_locker(me);
    }

    /// What every step of a locker ends with.
    pub fn settle_locker(&mut self, me: u8) {
        let locker = &mut self.engine(me).locker;
        if let (Phase::Acquiring(acquire), true) = (&locker.phase, locker.flight.is_none() && !locker.wanted) {
            // Nobody wants it any more. If a try may have landed, or may yet, the record must be let go.
            let in_doubt = acquire.tries.iter().any(Option::is_some) || std::mem::take(&mut locker.attention);
            locker.phase = if in_doubt { Phase::Reclaiming(None) } else { Phase::Idle };
        }
        let (wanted, letter) = match &locker.phase {
            Phase::Acquiring(acquire) => (acquire.holder, acquire.asked),
            _ => (None, false),
        };
        let wanted = wanted.filter(|name| !self.engine(me).knows_dead(*name));
        self.follow_watching(me, wanted, letter);
    }

    fn acquire(&mut self, me: u8) -> &mut Acquire {
        match &mut self.engine(me).locker.phase {
            Phase::Acquiring(acquire) => acquire,
            _ => unreachable!("called in the acquiring phase only"),
        }
    }

    pub fn write_record(&mut self, me: u8, value: Record, expected: Expected, purpose: Purpose) {
        self.engine(me).locker.flight = Flight::Put(Put {
            value,
            expected,
            purpose,
            outcome: Outcome::Pending,
        });
    }

    /// Decides whether the record that was read is ours, free, or another server's.
    pub fn judge(&mut self, me: u8, found: Option<Stored<Record>>) {
        let Some((stored, holder)) = found.and_then(|found| Some((found, found.value.holder?))) else {
            return self.take(me, found);
        };
        let origin = holder.incarnation.engine == me;
        let own = origin && holder.incarnation.number >= self.engine(me).beat.born;
        if own {
            let tries = self.acquire(me).tries;
            if tries.contains(&Some(holder.op)) {
                self.note(Sometimes::AcquireAdopted);
                self.become_held(me, &stored, holder);
            } else if self.model.has(Planted::OtherOperationAdopted) {
                self.broken(Property::OwnAdoption);
                self.become_held(me, &stored, holder);
            } else {
                self.take(me, found);
            }
        } else if origin && self.model.has(Planted::OldProcessAdopted) {
            self.broken(Property::OwnAdoption);
            self.become_held(me, &stored, holder);
        } else if self.engine(me).knows_dead(holder.incarnation) {
            self.take(me, found);
        } else {
            self.report_locked(me, &stored, holder);
        }
    }

    fn take(&mut self, me: u8, found: Option<Stored<Record>>) {
        let registered = self.engine(me).beat.incarnation;
        let full = self.acquire(me).tries.iter().all(Option::is_some);
        let Some(incarnation) = registered.filter(|_| !full) else {
            // It is read again when there is a name to write into the record.
            return;
        };
        let op = self.new_operation(me);
        let raise = !self.model.has(Planted::EpochNotRaised);
        let holder = Holder { incarnation, op };
        let mut value = Record::begin_session(found.as_ref().map(|found| &found.value), holder, raise);
        if !self.model.bound.remembers {
            value.past = [None; PAST_SESSIONS];
        }
        let acquire = self.acquire(me);
        acquire.holder = None;
        remember(&mut acquire.tries, op);
        let expected = found.map_or(Expected::Missing, |found| Expected::Version(found.version));
        self.write_record(me, value, expected, Purpose::Take);
    }

    fn report_locked(&mut self, me: u8, found: &Stored<Record>, holder: Holder) {
        let may_ask = self.model.bound.requests && self.engine(me).beat.incarnation.is_some();
        let acquire = self.acquire(me);
        acquire.holder = Some(holder.incarnation);
        acquire.asked = found.value.asked;
        if !found.value.asked && may_ask {
            let value = Record {
                asked: true,
                ..found.value
            };
            self.write_record(me, value, Expected::Version(found.version), Purpose::Ask);
        }
    }

    pub fn write_answered_acquiring(&mut self, me: u8, put: &Put<Record>) {
        let purpose = put.purpose;
        if purpose == Purpose::Ask {
            self.acquire(me).asked = true;
        } else if let (Outcome::Written(version), Some(holder)) = (put.outcome, put.value.holder) {
            let value = put.value;
            self.become_held(me, &Stored { version, value }, holder);
        }
    }

    pub fn write_unanswered_acquiring(&mut self, me: u8, put: &Put<Record>) {
        if put.purpose == Purpose::Ask {
            self.acquire(me).asked = true;
        } else if self.model.has(Planted::TimeOutIsFailure) {
            self.acquire(me).tries = [None; TRIES];
        }
    }

    fn become_held(&mut self, me: u8, found: &Stored<Record>, holder: Holder) {
        self.note(Sometimes::Loaded);
        self.engine(me).locker.phase = Phase::Held(Held {
            epoch: found.value.epoch,
            incarnation: holder.incarnation,
            op: holder.op,
            version: found.version,
            past: found.value.past,
            asked: found.value.asked,
            data: found.value.data,
            pending: 0,
            in_doubt: [None; TRIES],
            resolve: false,
            giving_way: false,
            release_sent: false,
        });
    }

    /// Letting go of an acquisition that landed although nobody wants it any more.
    pub fn send_reclaim(&mut self, me: u8, found: &Stored<Record>) {
        let value = Record {
            holder: None,
            asked: false,
            ..found.value
        };
        self.write_record(me, value, Expected::Version(found.version), Purpose::Reclaim);
    }

    pub fn read_answered_reclaiming(&mut self, me: u8, found: Option<Stored<Record>>) {
        let born = self.engine(me).beat.born;
        let ours = |name: Name| name.engine == me && name.number >= born;
        let holder = found.and_then(|found| found.value.holder);
        self.engine(me).locker.phase = match holder {
            Some(holder) if ours(holder.incarnation) => Phase::Reclaiming(found),
            _ => Phase::Idle,
        };
    }

    pub fn write_answered_reclaiming(&mut self, me: u8, put: &Put<Record>) {
        if matches!(put.outcome, Outcome::Written(_)) {
            self.note(Sometimes::OrphanReleased);
            self.engine(me).locker.phase = Phase::Idle;
        }
    }
}
