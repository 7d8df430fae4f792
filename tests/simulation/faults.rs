//! What goes wrong apart from single requests: crashes, pauses, outages, clocks, damage.

use crate::clock::MS;
use crate::network::{self, Line};
use crate::process::{Desk, Process};
use crate::profile::NEWEST_SCHEMA;
use crate::profile::{Mood, Rates};
use crate::queue::Turn;
use crate::server::{Server, Through};
use crate::server_core::CoreServer;
use crate::shrink::FAULT_ROLLS;
use crate::tally::Injected;
use crate::through_c::CServer;
use crate::world::{record_key, Event, Standby, World, SPACE};
use sessionlocker::engine::core::{Core, CoreOptions};
use sessionlocker::error::Error;
use sessionlocker::locker::Spec;
use sessionlocker::record::migration::Migrations;
use sessionlocker::store::{Abilities, Bytes, Key, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The origin of all names that a server makes.
pub fn origin_of(number: usize) -> u128 {
    0x51 << 64 | number as u128
}

impl World {
    /// When the next fault comes.
    pub fn plan_fault(&mut self) {
        let mean = self.profile.fault_every;
        let at = self.now + 1 + self.fault_rng.u64(0..mean * 2);
        self.queue.push(at, Event::Fault);
    }

    pub fn fault(&mut self) {
        if !self.stage.has_faults() {
            return;
        }
        let place = self.fault_rng.usize(0..self.profile.places.len());
        let kind = match self.fault_rng.u32(0..FAULT_ROLLS) {
            _ if self.profile.edge && self.fault_rng.u32(0..3) > 0 => 40,
            87..92 if self.profile.edge => 40,
            kind => kind,
        };
        if self.omit.fault(self.now, kind) {
            return self.plan_fault();
        }
        match kind {
            0..17 => self.crash(place),
            17..35 => self.pause(place),
            35..45 => self.fade(place),
            45..60 => self.trouble(place, Line::Spell, Injected::Spell),
            60..67 => self.trouble(place, Line::Down, Injected::Down),
            67..72 => self.trouble(place, Line::Deaf, Injected::Deaf),
            72..76 => self.trouble(place, Line::SlowWrites, Injected::SlowWrites),
            76..81 => self.trouble(place, Line::ReadOnly, Injected::ReadOnly),
            81..87 => self.stall(),
            87..92 => self.change_rate(place),
            92..96 => self.jump_wall(place),
            96..103 if self.profile.vandal => self.vandalize(place),
            103..110 if self.profile.twins => self.start_twin(place),
            110..120 if self.profile.falls_back => self.fall_back(),
            _ => {}
        }
        self.plan_fault();
    }

    fn long_time(&mut self) -> u64 {
        network::long(&mut self.fault_rng, &self.profile)
    }

    // Processes --------------------------------------------------------------------------------------------------

    /// The process may die with the request that it is just sending: the worst moment there is.
    pub fn maybe_doom(&mut self, process: usize) {
        if self.profile.mood == Mood::Stormy && self.stage.has_faults() {
            match self.fault_rng.u32(0..1500) {
                0 | 1 if self.omit.fault(self.now, FAULT_ROLLS) => {}
                0 => self.processes[process].doomed = true,
                1 => self.pause_process(process),
                _ => {}
            }
        }
    }

    fn crash(&mut self, place: usize) {
        if let Some(&process) = self.places[place].first() {
            self.tally.inject(Injected::Crash);
            self.kill(process, "crashes");
        }
    }

    /// The process is gone; what it sent may still land. Its place gets a new one later.
    pub fn kill(&mut self, process: usize, how: &str) {
        if !self.processes[process].alive {
            return;
        }
        self.trace.number(process as u64);
        self.trace.say(self.now, || format!("p{process} {how}"));
        let place = self.processes[process].place;
        self.processes[process].alive = false;
        self.processes[process].server.kill();
        self.processes[process].ticks.cancel();
        self.thaw_clock(process);
        self.places[place].retain(|living| *living != process);
        if self.stage.has_faults() {
            let after = if self.fault_rng.bool() {
                self.fault_rng.u64(MS..100 * MS)
            } else {
                self.long_time()
            };
            self.queue.push(self.now + after, Event::Start { place });
        }
    }

    pub fn start(&mut self, place: usize) {
        if !self.places[place].is_empty() {
            return;
        }
        let first = !self.processes.iter().any(|process| process.place == place);
        let mut vouched = false;
        if !first {
            match self.fault_rng.u32(0..3) {
                0 => {
                    self.tally.inject(Injected::RestartFreshId);
                    self.server_ids[place] = format!("server-{place}-{}", self.processes.len());
                }
                1 => self.tally.inject(Injected::Restart),
                _ => {
                    self.tally.inject(Injected::RestartVouched);
                    vouched = true;
                }
            }
            if self.profile.compatible.is_some() && self.fault_rng.u32(0..3) == 0 {
                self.tally.inject(Injected::Upgrade);
                let newer = self.profile.places[place].schema + 1;
                self.profile.places[place].schema = newer.min(NEWEST_SCHEMA);
            }
            if self.fault_rng.u32(0..5) == 0 {
                // Somebody changed the configuration.
                let other = self.fault_rng.usize(0..self.profile.places.len());
                self.profile.places[place].lease = self.profile.places[other].lease;
                self.profile.places[place].beat = self.profile.places[other].beat;
            }
        }
        self.launch(place, vouched);
    }

    fn start_twin(&mut self, place: usize) {
        if self.places[place].len() != 1 {
            return;
        }
        let vouched = self.fault_rng.u32(0..3) == 0;
        self.tally
            .inject(if vouched { Injected::TwinVouched } else { Injected::Twin });
        self.ids_unique = false;
        self.launch(place, vouched);
    }

    pub fn launch(&mut self, place: usize, vouched: bool) {
        let number = self.processes.len();
        match self.make_process(number, place, vouched) {
            Ok(process) => {
                self.trace.say(self.now, || {
                    format!("p{number} starts as {} (vouched: {vouched})", process.server_id)
                });
                self.checker.process_started(process.schema);
                self.processes.push(process);
                self.places[place].push(number);
                self.queue.push(self.now + MS, Event::Deed { process: number });
                self.wake(number);
            }
            Err(error) => self.checker.broken("I11", format!("an engine cannot be made: {error}")),
        }
    }

    fn make_server(&self, number: usize, place: usize, vouched: bool) -> Result<Box<dyn Server>, Error> {
        if self.through == Through::C {
            return Ok(Box::new(CServer::new(self, number, place, vouched)?));
        }
        let settings = &self.profile.places[place];
        let nanos = Duration::from_nanos;
        let mut core = Core::new(CoreOptions {
            server_id: self.server_ids[place].clone(),
            entropy: origin_of(number),
            seed: self.seed_of(number),
            lease: nanos(settings.lease),
            beat_interval: nanos(settings.beat),
            predecessor_gone: vouched,
            request_timeout: nanos(settings.request_timeout),
            max_in_flight: settings.max_in_flight,
            bugs: self.bugs,
            ..CoreOptions::default()
        })?;
        let store = core.add_store(Abilities {
            name: "the simulated store".into(),
            compare_and_set: true,
            max_value_bytes: 1 << 20,
            max_key_bytes: 255,
            list: false,
            push: false,
            at_once: 0,
        })?;
        let spec = core.add_spec(
            store,
            Spec {
                name: SPACE.into(),
                schema: settings.schema,
                migrations: self.migrations(settings.schema)?.into(),
                apply_change: true,
                inbox_limit: self.profile.inbox_limit,
                opaque: false,
                autosave: nanos(settings.autosave),
                retry_min: nanos(settings.retry_min),
                retry_max: nanos(settings.retry_max),
                handover_delay: nanos(if settings.asks { settings.lease } else { 0 }),
                handover_refuse: settings.refuses,
                before_save: settings.before_save,
                apply_receipt: true,
                revoke_receipt: true,
                max_value_bytes: 1 << 20,
                ..Spec::named(SPACE)
            },
        )?;
        Ok(Box::new(CoreServer::new(core, store, spec, self.through.is_plain())))
    }

    /// Decides the jitter of a server.
    pub fn seed_of(&self, number: usize) -> u64 {
        match self.seed ^ (number as u64) << 32 {
            // Through C this would stand for a random one.
            0 if self.through.is_plain() => u64::MAX,
            seed => seed,
        }
    }

    fn make_process(&self, number: usize, place: usize, vouched: bool) -> Result<Process, Error> {
        Ok(Process {
            number,
            place,
            server_id: self.server_ids[place].clone(),
            server: self.make_server(number, place, vouched)?,
            alive: true,
            paused: false,
            doomed: false,
            shutting_down: None,
            shut_down: false,
            inbox: Vec::new(),
            pushed: Vec::new(),
            parked_calls: Vec::new(),
            desks: (0..self.profile.keys).map(|_| Desk::default()).collect(),
            loaded: BTreeSet::new(),
            ticks: Turn::default(),
            next_tag: 0,
            schema: self.profile.places[place].schema,
            errands: BTreeMap::new(),
            rate_before_pause: None,
        })
    }

    /// How this run's servers bring records to the version that they know.
    fn migrations(&self, schema: u32) -> Result<Migrations, Error> {
        let mut migrations = Migrations::default();
        let compatible = self.profile.compatible.unwrap_or_default();
        for (from, compatible) in (1..schema).zip(compatible) {
            migrations.add_migrator(from, compatible, None)?;
        }
        Ok(migrations)
    }

    fn pause(&mut self, place: usize) {
        if let Some(&process) = self.places[place].last() {
            self.pause_process(process);
        }
    }

    fn pause_process(&mut self, process: usize) {
        if self.processes[process].paused {
            return;
        }
        self.tally.inject(Injected::Pause);
        let length = self.long_time();
        self.trace
            .say(self.now, || format!("p{process} stands still for {} ms", length / MS));
        self.processes[process].paused = true;
        self.processes[process].ticks.cancel();
        let place = self.processes[process].place;
        let alone = self.places[place].len() == 1;
        if self.profile.rates == Rates::Wild && alone && self.fault_rng.bool() {
            // A clock that does not count suspended time.
            let rate = self.clocks[place].rate();
            self.processes[process].rate_before_pause = Some(rate);
            self.clocks[place].set_rate(self.now, -999_999);
        }
        self.queue.push(self.now + length, Event::Resume { process });
    }

    pub fn resume(&mut self, process: usize) {
        if !self.stage.has_faults() && self.is_outside(process) {
            return;
        }
        if !std::mem::take(&mut self.processes[process].paused) {
            return;
        }
        self.trace.say(self.now, || format!("p{process} goes on"));
        if !self.processes[process].alive {
            return;
        }
        self.thaw_clock(process);
        for call in std::mem::take(&mut self.processes[process].parked_calls) {
            self.call_done(process, call);
        }
        self.check_exclusive(process);
        self.wake(process);
    }

    fn thaw_clock(&mut self, process: usize) {
        if let Some(rate) = self.processes[process].rate_before_pause.take() {
            let place = self.processes[process].place;
            self.clocks[place].set_rate(self.now, rate);
        }
    }

    // Lines ------------------------------------------------------------------------------------------------------

    fn trouble(&mut self, place: usize, line: Line, what: Injected) {
        let length = self.long_time();
        self.trouble_for(place, line, what, length);
    }

    /// A line that becomes slow and then dies: what was sent last arrives late, and nothing after it.
    fn fade(&mut self, place: usize) {
        let lease = self.profile.longest_lease();
        let length = self.fault_rng.u64(lease / 10..lease * 2 / 3);
        self.trouble_for(place, Line::Slow, Injected::Slow, length);
    }

    fn trouble_for(&mut self, place: usize, line: Line, what: Injected, length: u64) {
        self.tally.inject(what);
        self.trace.say(self.now, || {
            format!("line of place {place}: {line:?} for {} ms", length / MS)
        });
        let state = &mut self.lines[place];
        state.line = line;
        state.turn += 1;
        let turn = state.turn;
        self.queue.push(self.now + length, Event::Mend { place, turn });
    }

    pub fn mend(&mut self, place: usize, turn: u32) {
        if self.outside[place] {
            return;
        }
        if self.lines[place].turn != turn {
            return;
        }
        if self.lines[place].line == Line::Slow && self.fault_rng.u32(0..3) > 0 {
            let lease = self.profile.longest_lease();
            let length = self.fault_rng.u64(lease..lease * 2);
            self.trouble_for(place, Line::Down, Injected::Faded, length);
        } else {
            self.lines[place].line = Line::Good;
        }
    }

    fn stall(&mut self) {
        self.tally.inject(Injected::Stall);
        let length = self.long_time();
        self.trace
            .say(self.now, || format!("the store stalls for {} ms", length / MS));
        self.stalled_until = self.now + length;
    }

    /// A standby takes the store's place. It is behind by what was written since it was copied last.
    pub fn fall_back(&mut self) {
        let behind = self.standby.take();
        // What was damaged before the store fell back, or is in its standby, is no truth to compare with.
        let damaged = (0..self.profile.keys).any(|key| self.checker.is_damaged(key));
        self.standby = (!damaged).then(|| Standby {
            entries: self.store.copy(),
            truth: self.checker.snapshot(),
        });
        let Some(behind) = behind.filter(|_| !damaged && self.fault_rng.bool()) else {
            return;
        };
        self.trace
            .say(self.now, || "the store falls back to its standby".into());
        self.standby = None;
        self.store.fall_back(behind.entries);
        self.cut_off = self.flights.len();
        // A verdict on a server may be forgotten with the rest.
        self.ids_unique = false;
        if self.checker.rolled_back(&behind.truth) {
            self.tally.inject(Injected::FallBack);
            for key in 0..self.profile.keys {
                self.history.broken_off(key, self.now);
            }
        }
    }

    // Clocks -----------------------------------------------------------------------------------------------------

    fn change_rate(&mut self, place: usize) {
        if self.places[place].iter().any(|process| self.processes[*process].paused) {
            return;
        }
        self.tally.inject(Injected::RateChange);
        let ppm = self.roll_rate();
        self.trace
            .say(self.now, || format!("the clock of place {place} is off by {ppm} ppm"));
        self.clocks[place].set_rate(self.now, ppm);
        for process in self.places[place].clone() {
            self.wake(process);
        }
    }

    fn jump_wall(&mut self, place: usize) {
        self.tally.inject(Injected::WallJump);
        let offset = self.fault_rng.i64(-100_000_000_000..100_000_000_000);
        self.clocks[place].set_wall_offset(offset);
    }

    // Damage -----------------------------------------------------------------------------------------------------

    fn vandalize(&mut self, place: usize) {
        let key = self.fault_rng.usize(0..self.profile.keys);
        match self.fault_rng.u32(0..8) {
            0 | 1 => self.damage(key),
            2 | 3 => self.heal(key),
            4 | 5 => self.erase(key),
            6 => self.damage_server(place),
            _ => self.erase_server(place),
        }
    }

    fn damage(&mut self, key: usize) {
        let name = record_key(key);
        if self.checker.is_damaged(key) {
            return;
        }
        let Some(stored) = self.store.look(&name).cloned() else {
            return;
        };
        self.tally.inject(Injected::Damage);
        let broken = self.broken_bytes(&stored.value);
        self.trace.say(self.now, || {
            format!("k{key} is damaged: {}", String::from_utf8_lossy(&broken))
        });
        self.store.write(&name, broken);
        self.undamaged[key] = Some(stored.value);
        self.checker.set_damaged(key, true);
    }

    fn broken_bytes(&mut self, good: &[u8]) -> Bytes {
        let mut bytes = good.to_vec();
        match self.fault_rng.u32(0..5) {
            0 => bytes.clear(),
            1 => bytes.truncate(self.fault_rng.usize(0..good.len())),
            2 => {
                let at = self.fault_rng.usize(0..good.len());
                bytes[at] = 0xff;
            }
            3 => bytes = b"{\"gold\":1}".to_vec(),
            _ => bytes = br#"{"$slk":{"format":99,"all":"different"},"data":{}}"#.to_vec(),
        }
        bytes.into()
    }

    /// The damaged bytes are replaced by the ones from before.
    pub fn heal(&mut self, key: usize) {
        if let Some(good) = self.undamaged[key].take() {
            self.tally.inject(Injected::Heal);
            self.trace.say(self.now, || format!("k{key} is restored"));
            self.store.write(&record_key(key), good);
            self.checker.set_damaged(key, false);
        }
    }

    fn erase(&mut self, key: usize) {
        let name = record_key(key);
        if self.store.look(&name).is_some() {
            self.tally.inject(Injected::Erase);
            self.trace.say(self.now, || format!("k{key} is erased"));
            self.store.erase(&name);
            self.undamaged[key] = None;
            self.checker.erased(key);
            self.history.broken_off(key, self.now);
        }
    }

    fn server_key(&self, place: usize) -> Key {
        Key {
            kind: Kind::Server,
            space: "".into(),
            name: self.server_ids[place].as_str().into(),
        }
    }

    fn damage_server(&mut self, place: usize) {
        let key = self.server_key(place);
        let stored = self.store.look(&key).filter(|stored| !stored.value.is_empty());
        if let Some(stored) = stored.cloned() {
            self.tally.inject(Injected::DamageServer);
            self.trace.say(self.now, || format!("{key} is damaged"));
            let broken = self.broken_bytes(&stored.value);
            self.store.write(&key, broken);
            self.checker.server_gone(&key.name);
        }
    }

    fn erase_server(&mut self, place: usize) {
        let key = self.server_key(place);
        if self.store.look(&key).is_some() {
            self.tally.inject(Injected::EraseServer);
            self.trace.say(self.now, || format!("{key} is erased"));
            self.store.erase(&key);
            self.checker.server_gone(&key.name);
        }
    }
}
