//! The end of a run, without faults: everything that is wanted must load, everything let go must come to rest, every
//! shutdown must end in time.

use crate::clock::MS;
use crate::network::Line;
use crate::process::Process;
use crate::profile::{Rates, Weather};
use crate::seen::process_of;
use crate::tally::Injected;
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
        if self.profile.falls_back && self.fault_rng.bool() {
            self.fall_back();
        }
        self.trace.say(self.now, || "--- faults end".into());
        self.stage = Stage::Calming;
        self.profile.weather = Weather::default();
        self.profile.delay = self.profile.delay.min(self.profile.brisk_delay());
        self.choose_outside();
        for (line, outside) in self.lines.iter_mut().zip(&self.outside) {
            line.line = if *outside { Line::Down } else { Line::Good };
            line.turn += 1;
        }
        self.stalled_until = self.stalled_until.min(self.now);
        for process in 0..self.processes.len() {
            if !self.is_outside(process) {
                self.resume(process);
            }
        }
        for place in 0..self.places.len() {
            if !self.outside[place] {
                self.calm_place(place);
            }
        }
        for key in 0..self.profile.keys {
            if self.fault_rng.bool() {
                self.heal(key);
            }
        }
        let at = self.quiet_from.max(self.now) + WATCH_EVERY;
        self.queue.push(at, Event::Settle);
    }

    /// In some runs one server or more stay cut off, or stand still, for ever: the others must get on all the same.
    fn choose_outside(&mut self) {
        if !self.profile.partial {
            return;
        }
        let inside = self.fault_rng.usize(0..self.places.len());
        for place in (0..self.places.len()).filter(|place| *place != inside) {
            self.outside[place] = self.fault_rng.bool() && !self.places[place].is_empty();
        }
        if self.outside.contains(&true) {
            self.tally.inject(Injected::PartStaysBroken);
        }
    }

    /// Whether a process is at a place whose faults do not end.
    pub fn is_outside(&self, process: usize) -> bool {
        self.outside[self.processes[process].place]
    }

    /// The living processes at places that are well.
    fn sound_processes(&self) -> Vec<usize> {
        let sound = self.places.iter().zip(&self.outside).filter(|(_, outside)| !**outside);
        sound.flat_map(|(processes, _)| processes).copied().collect()
    }

    /// Of two with one id one goes; a place without a process gets one, or stays dead.
    fn calm_place(&mut self, place: usize) {
        while self.places[place].len() > 1 {
            let nth = self.fault_rng.usize(0..self.places[place].len());
            self.kill(self.places[place][nth], "goes, since another has its id");
        }
        let nobody_lives = self.sound_processes().is_empty();
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
            if running.alive && running.shutting_down.is_some() && !self.is_outside(process) {
                self.kill(process, "goes");
            }
        }
        self.start_somewhere();
        self.stage = Stage::Loading { since: self.now };
        self.choose_homes();
        self.queue.push(self.now + WATCH_EVERY, Event::Watch);
    }

    fn start_somewhere(&mut self) {
        if self.sound_processes().is_empty() {
            let place = self.outside.iter().position(|outside| !outside).unwrap_or(0);
            self.start(place);
        }
    }

    /// Where no living server knows the version that a record needs, one is replaced by a newer one.
    fn upgrade_if_needed(&mut self) {
        let keys = 0..self.profile.keys;
        let needed = keys
            .filter_map(|key| self.checker.view(key))
            .map(|view| view.header.needs());
        let needed = needed.max().unwrap_or(0);
        let newest = |process: &usize| self.processes[*process].schema >= needed;
        let sound = self.sound_processes();
        if sound.iter().any(newest) {
            return;
        }
        if let Some(&old) = sound.first() {
            let place = self.processes[old].place;
            self.kill(old, "is replaced by a newer one");
            self.profile.places[place].schema = needed;
            self.launch(place, true);
        }
    }

    fn late_ones_are_out(&self) -> bool {
        self.quiet_from > self.now + 40 * self.profile.delay.max(MS)
    }

    /// Each record is wanted by one living process from now on, and by no other.
    fn choose_homes(&mut self) {
        self.upgrade_if_needed();
        let living = self.sound_processes();
        for key in 0..self.profile.keys {
            let needs = self.checker.view(key).map_or(0, |view| view.header.needs());
            let able: Vec<usize> = living
                .iter()
                .copied()
                .filter(|process| self.processes[*process].schema >= needs)
                .collect();
            let home = able[self.host_rng.usize(0..able.len())];
            self.homes[key] = home;
            for &process in &living {
                let Some(locker) = self.locker(process, key) else {
                    continue;
                };
                let desk = &self.processes[process].desks[key];
                if desk.wants() && (process != home || desk.is_stubborn()) {
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

    /// A process that was told that it is superseded has gone, or somebody has migrated a record beyond what its home
    /// knows: the records are wanted elsewhere.
    fn replace_dead_homes(&mut self) {
        let keys = 0..self.profile.keys;
        let unfit = |key: usize| !self.processes[self.homes[key]].alive || self.too_new(self.homes[key], key);
        if keys.into_iter().any(unfit) {
            self.start_somewhere();
            self.choose_homes();
            self.stage = Stage::Loading { since: self.now };
        }
    }

    fn begin_serving(&mut self) {
        self.trace.say(self.now, || "--- all are loaded".into());
        self.stage = Stage::Serving { since: self.now };
        self.play_on();
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
        self.replace_dead_homes();
        if self.stage != (Stage::Serving { since }) {
            return;
        }
        let open = self.sound_keys().into_iter().any(|key| {
            let desk = &self.processes[self.homes[key]].desks[key];
            desk.is_expecting()
        });
        // A session may end even now, when its server finds that it had been declared dead before.
        self.want_at_homes();
        let mail = self.open_mail();
        let bound = self.load_bound() + 4 * self.longest_autosave();
        if !open && mail.is_empty() {
            self.begin_emptying();
            return;
        }
        // Where beats follow one another faster than a letter can be posted between them, a holder finds its mail at its
        // next save: players go on playing.
        let elapsed = self.now - since;
        if !open && elapsed % (bound / 8) < WATCH_EVERY && elapsed > bound / 8 {
            self.play_on();
        }
        if elapsed > bound {
            let text = format!("not done in a time without faults: saves and purchases: {open}, mail: {mail:?}");
            self.checker.broken("I8", text);
        }
    }

    /// Each record is edited once more where it is loaded.
    fn play_on(&mut self) {
        for key in self.sound_keys() {
            let home = self.homes[key];
            if let Some(locker) = self.locker(home, key) {
                self.edit_and_wait(home, key, locker);
                self.wake(home);
            }
        }
    }

    /// Letters that should have been delivered and applied by now, and what hosts sent out that has not come back.
    fn open_mail(&self) -> Vec<String> {
        let mut open = Vec::new();
        for process in self.sound_processes() {
            let errands = self.processes[process].errands.values();
            let to_sound = errands.filter(|(key, _)| !self.checker.is_damaged(*key));
            open.extend(to_sound.map(|(key, errand)| format!("p{process}: {errand:?} for k{key}")));
        }
        // What a host would not apply waits for the next session, and may keep others out of the inbox.
        let stubborn = |key: &usize| self.processes[self.homes[*key]].desks[*key].is_stubborn();
        let keys = self.sound_keys();
        if keys.len() == self.profile.keys && !keys.iter().any(stubborn) {
            for key in keys {
                let letters = self.checker.post.waiting_for(key);
                open.extend(letters.iter().map(|letter| format!("letter {letter} of k{key}")));
            }
        }
        open
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
            if !self.processes[process].alive || self.is_outside(process) {
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
            // A store that fell back may name a server that let go long ago, and hears of it when somebody asks.
            let forgotten = |process: &Process| self.cut_off > 0 && process.number != self.homes[key];
            let held =
                process.is_some_and(|process| process.alive && !self.is_outside(process.number) && !forgotten(process));
            if held {
                busy.push(format!("k{key} is held"));
            }
            for process in self.sound_processes() {
                let process = &self.processes[process];
                let now = self.local(process.number);
                let status = process.desks[key]
                    .locker
                    .map(|locker| process.server.status(now, locker));
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
            if self.processes[process].alive && !self.is_outside(process) {
                self.begin_shutdown(process);
            }
        }
    }

    fn watch_closing(&mut self, since: u64) {
        let sound = self.sound_processes();
        let open = sound.iter().any(|process| !self.processes[*process].shut_down);
        if !open {
            self.tally.slowest_shutdown = self.tally.slowest_shutdown.max(self.now - since);
            self.check_nothing_open();
            self.check_history();
            self.over = true;
        } else if self.now - since > self.load_bound() * 2 {
            self.checker.broken("I8", "a shutdown does not end");
        }
    }

    /// What hosts saw and were told is explained by one order of all saves.
    fn check_history(&mut self) {
        for key in 0..self.profile.keys {
            let last = self.checker.view(key).filter(|view| !view.header.erased);
            let last = last.map(|view| view.data.log.clone());
            if let Err((invariant, text)) = self.history.check(key, last.as_deref(), self.now) {
                self.checker.broken(invariant, text);
            }
        }
        self.checker.checks.loads += self.history.compared;
    }

    /// At the end everybody has heard of everything, once.
    fn check_nothing_open(&mut self) {
        let mut open = Vec::new();
        for process in self.sound_processes() {
            let process = &self.processes[process];
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
