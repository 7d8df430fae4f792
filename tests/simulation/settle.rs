//! The end of a run, without faults: everything that is wanted must load, everything let go must come to rest, every
//! shutdown must end in time.

use crate::clock::MS;
use crate::network::Line;
use crate::profile::{Rates, Weather};
use crate::seen::process_of;
use crate::view::RecordView;
use crate::world::{record_key, Event, World};
use sessionlocker::receipt::ReceiptState;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Faults and play.
    Chaos,
    /// Play without new faults, until all that was late has landed.
    Calming,
    /// Each record is wanted on one server.
    Loading { since: u64 },
    /// Each record is edited, and every purchase is delivered until it is granted.
    Serving { since: u64 },
    /// Nobody wants any record.
    Emptying { since: u64 },
    /// All engines shut down.
    Closing { since: u64 },
}

impl Stage {
    pub fn has_faults(self) -> bool {
        self == Self::Chaos
    }

    pub fn is_play(self) -> bool {
        matches!(self, Self::Chaos | Self::Calming)
    }
}

const WATCH_EVERY: u64 = 40 * MS;

impl World {
    /// Within this time after the last fault every wanted record is loaded: a dead server's lease runs out (on slow
    /// clocks), the looks before and after it, the requests that were lost, the peace after a refused hand-over.
    pub fn load_bound(&self) -> u64 {
        let lease = self.profile.longest_lease();
        let timeout = self.profile.places.iter().map(|place| place.request_timeout).max();
        let retry = self.profile.places.iter().map(|place| place.retry_max).max();
        let bound = 3 * lease + 3 * timeout.unwrap_or(0) + 12 * retry.unwrap_or(0) + 40 * self.profile.delay;
        match self.profile.rates {
            Rates::Bounded => bound,
            Rates::Wild => bound * 2,
        }
    }

    /// Faults end: lines are well, the store answers, who was paused goes on, who is superseded goes.
    pub fn calm_down(&mut self) {
        self.trace.say(self.now, || "--- faults end".into());
        self.stage = Stage::Calming;
        self.profile.weather = Weather::default();
        self.profile.delay = self.profile.delay.min(self.profile.brisk_delay());
        for line in &mut self.lines {
            line.line = Line::Good;
            line.turn += 1;
        }
        self.stalled_until = self.stalled_until.min(self.now);
        for process in 0..self.processes.len() {
            self.resume(process);
        }
        for place in 0..self.places.len() {
            self.calm_place(place);
        }
        for key in 0..self.profile.keys {
            if self.fault_rng.bool() {
                self.heal(key);
            }
        }
        let at = self.quiet_from.max(self.now) + WATCH_EVERY;
        self.queue.push(at, Event::Settle);
    }

    /// Of two with one id one goes; a place without a process gets one, or stays dead.
    fn calm_place(&mut self, place: usize) {
        while self.places[place].len() > 1 {
            let nth = self.fault_rng.usize(0..self.places[place].len());
            self.kill(self.places[place][nth], "goes, since another has its id");
        }
        let nobody_lives = self.places.iter().all(Vec::is_empty);
        if self.places[place].is_empty() && (self.fault_rng.u32(0..3) > 0 || nobody_lives) {
            self.start(place);
        }
    }

    /// Whatever was late has landed: the time in which all must be well begins.
    pub fn settle(&mut self) {
        if self.quiet_from > self.now && self.stage == Stage::Calming && self.late_ones_are_out() {
            let at = self.quiet_from + WATCH_EVERY;
            self.queue.push(at, Event::Settle);
            return;
        }
        self.trace.say(self.now, || "--- all must be well from here on".into());
        for process in 0..self.processes.len() {
            let running = &self.processes[process];
            if running.alive && running.shutting_down.is_some() {
                self.kill(process, "goes");
            }
        }
        if self.places.iter().all(Vec::is_empty) {
            self.start(0);
        }
        self.stage = Stage::Loading { since: self.now };
        self.choose_homes();
        self.queue.push(self.now + WATCH_EVERY, Event::Watch);
    }

    fn late_ones_are_out(&self) -> bool {
        self.quiet_from > self.now + 40 * self.profile.delay.max(MS)
    }

    /// Each record is wanted by one living process from now on, and by no other.
    fn choose_homes(&mut self) {
        let living: Vec<usize> = self.places.iter().flatten().copied().collect();
        for key in 0..self.profile.keys {
            let home = living[self.host_rng.usize(0..living.len())];
            self.homes[key] = home;
            for &process in &living {
                let Some(locker) = self.locker(process, key) else {
                    continue;
                };
                if process != home && self.processes[process].desks[key].wants() {
                    self.unwant(process, key, locker);
                }
                self.wake(process);
            }
        }
        self.want_at_homes();
    }

    fn want_at_homes(&mut self) {
        for key in 0..self.profile.keys {
            let home = self.homes[key];
            if !self.processes[home].desks[key].wants() {
                if let Some(locker) = self.locker(home, key) {
                    self.want(home, key, locker);
                    self.wake(home);
                }
            }
        }
    }

    /// Looks whether the present stage is done.
    pub fn watch(&mut self) {
        match self.stage {
            Stage::Chaos | Stage::Calming => {}
            Stage::Loading { since } => self.watch_loading(since),
            Stage::Serving { since } => self.watch_serving(since),
            Stage::Emptying { since } => self.watch_emptying(since),
            Stage::Closing { since } => self.watch_closing(since),
        }
        self.queue.push(self.now + WATCH_EVERY, Event::Watch);
    }

    fn sound_keys(&self) -> Vec<usize> {
        (0..self.profile.keys)
            .filter(|key| !self.checker.is_damaged(*key))
            .collect()
    }

    fn watch_loading(&mut self, since: u64) {
        self.replace_dead_homes();
        self.want_at_homes();
        let missing: Vec<usize> = self
            .sound_keys()
            .into_iter()
            .filter(|key| !self.is_available(self.homes[*key], *key))
            .collect();
        if missing.is_empty() {
            self.tally.slowest_load = self.tally.slowest_load.max(self.now - since);
            self.begin_serving();
        } else if self.now - since > self.load_bound() {
            let text = format!("keys {missing:?} do not load within {} ms", self.load_bound() / MS);
            self.checker.broken("I8", text);
        }
    }

    /// A process that was told that it is superseded has gone; its records are wanted elsewhere.
    fn replace_dead_homes(&mut self) {
        let gone = self.homes.iter().any(|home| !self.processes[*home].alive);
        if gone {
            if self.places.iter().all(Vec::is_empty) {
                self.start(0);
            }
            self.choose_homes();
            self.stage = Stage::Loading { since: self.now };
        }
    }

    fn begin_serving(&mut self) {
        self.trace.say(self.now, || "--- all are loaded".into());
        self.stage = Stage::Serving { since: self.now };
        for key in self.sound_keys() {
            let home = self.homes[key];
            if let Some(locker) = self.locker(home, key) {
                self.edit_and_wait(home, key, locker);
                self.wake(home);
            }
        }
        for purchase in 0..self.purchases.len() {
            self.deliver_at_home(purchase);
        }
    }

    /// The platform tells about a purchase once more, where its player is.
    pub fn deliver_at_home(&mut self, purchase: usize) {
        let key = self.purchases[purchase].key;
        let home = self.homes[key];
        if self.checker.is_damaged(key) || !self.processes[home].alive {
            return;
        }
        if let Some(locker) = self.locker(home, key) {
            let purchase = u32::try_from(purchase).expect("a run has few purchases");
            self.deliver_this(home, key, locker, purchase, ReceiptState::Purchased);
            self.wake(home);
        }
    }

    fn watch_serving(&mut self, since: u64) {
        let open = self.sound_keys().into_iter().any(|key| {
            let desk = &self.processes[self.homes[key]].desks[key];
            desk.is_expecting()
        });
        if !open {
            self.begin_emptying();
        } else if self.now - since > self.load_bound() + 4 * self.longest_autosave() {
            self.checker
                .broken("I8", "changes or purchases are not answered in a time without faults");
        }
    }

    fn longest_autosave(&self) -> u64 {
        self.profile
            .places
            .iter()
            .map(|place| place.autosave)
            .max()
            .unwrap_or(0)
    }

    fn begin_emptying(&mut self) {
        self.trace.say(self.now, || "--- all are served".into());
        self.stage = Stage::Emptying { since: self.now };
        for process in 0..self.processes.len() {
            if !self.processes[process].alive {
                continue;
            }
            for key in 0..self.profile.keys {
                let desk = &self.processes[process].desks[key];
                if let Some(locker) = desk.locker.filter(|_| desk.wants()) {
                    self.unwant(process, key, locker);
                }
            }
            self.wake(process);
        }
    }

    fn watch_emptying(&mut self, since: u64) {
        let mut busy = Vec::new();
        for key in self.sound_keys() {
            let holder = self
                .store
                .look(&record_key(key))
                .and_then(|stored| RecordView::parse(&stored.value).ok())
                .and_then(|view| view.header.holder);
            // What a dead process has left stays as it is until somebody wants it.
            let process = holder.and_then(|holder| self.processes.get(process_of(holder.incarnation)));
            let held = process.is_some_and(|process| process.alive);
            if held {
                busy.push(format!("k{key} is held"));
            }
            for process in self.processes.iter().filter(|process| process.alive) {
                let now = self.local(process.number);
                let status = process.desks[key].locker.map(|locker| process.core.status(now, locker));
                if status.is_some_and(|status| status.is_ok_and(|status| !status.idle)) {
                    busy.push(format!("k{key} is not idle on p{}", process.number));
                }
            }
        }
        if busy.is_empty() {
            self.tally.slowest_idle = self.tally.slowest_idle.max(self.now - since);
            self.begin_closing();
        } else if self.now - since > self.load_bound() {
            let text = format!("after {} ms: {}", self.load_bound() / MS, busy.join(", "));
            self.checker.broken("I8", text);
        }
    }

    fn begin_closing(&mut self) {
        self.trace.say(self.now, || "--- all are idle".into());
        self.stage = Stage::Closing { since: self.now };
        for process in 0..self.processes.len() {
            if self.processes[process].alive {
                self.begin_shutdown(process);
            }
        }
    }

    fn watch_closing(&mut self, since: u64) {
        let open = self.processes.iter().any(|process| process.alive && !process.shut_down);
        if !open {
            self.tally.slowest_shutdown = self.tally.slowest_shutdown.max(self.now - since);
            self.check_nothing_open();
            self.over = true;
        } else if self.now - since > self.load_bound() * 2 {
            self.checker.broken("I8", "a shutdown does not end");
        }
    }

    /// At the end everybody has heard of everything, once.
    fn check_nothing_open(&mut self) {
        let mut open = Vec::new();
        for process in self.processes.iter().filter(|process| process.alive) {
            for (key, desk) in process.desks.iter().enumerate() {
                // Of what could not be saved because nobody can read the record the host only knows that it is left.
                let unanswered = !desk.awaited.is_empty() || !desk.receipts.is_empty();
                let untold = !desk.untold.is_empty() && !self.checker.is_damaged(key);
                if unanswered || untold {
                    open.push(format!("p{} k{key}: {desk:?}", process.number));
                }
            }
        }
        if !open.is_empty() {
            self.checker
                .broken("I8", format!("never answered: {}", open.join("; ")));
        }
    }
}
