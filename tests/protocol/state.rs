//! One state of the world: what is stored, what is on its way, what each engine knows, what was told to the hosts.

use crate::model::Model;
use crate::names::{Name, DOMAINS, ENGINES};
use crate::store::{Expected, Outcome, PastSession, Purpose, Record, ServerRecord, PAST_SESSIONS};

/// How many writes that were given up, or whose sender crashed, can still be on their way to one kind of key.
pub const LATE: usize = 2;
/// How many verdicts an engine remembers.
pub const VERDICTS: usize = 3;
/// How many tries of one acquisition, or of a beat, or writes in doubt, an engine keeps in mind: more than there are
/// faults, or an engine could get stuck.
pub const TRIES: usize = 4;

/// A value and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored<T> {
    pub version: u8,
    pub value: T,
}

/// A write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Put<T> {
    pub value: T,
    pub expected: Expected,
    pub purpose: Purpose,
    pub outcome: Outcome,
}

/// The one request of a state machine that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flight<T> {
    None,
    /// What a read found; the answer is on its way back.
    Read(Option<Stored<T>>),
    Put(Put<T>),
}

impl<T> Flight<T> {
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// A write that nobody waits for any more and that may land yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Late<T> {
    pub sender: u8,
    pub put: Put<T>,
}

/// A try of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Try {
    pub nonce: u8,
    /// Ticks of the own clock since it was sent.
    pub age: u8,
}

/// Another process under our own id, while it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Predecessor {
    pub incarnation: Name,
    pub nonce: u8,
    pub age: u8,
}

/// The states of `src/engine/beat.rs`, without its closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Look,
    Register,
    Waiting,
    Alive,
    Check,
    Superseded,
}

/// An engine's own server record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Beat {
    pub standing: Standing,
    pub flight: Flight<ServerRecord>,
    /// The living registration.
    pub incarnation: Option<Name>,
    pub candidate: Name,
    /// The first number of this process: stands for the random origin of an engine.
    pub born: u8,
    pub established: bool,
    pub vouched: bool,
    pub version: Option<u8>,
    pub tries: [Option<Try>; TRIES],
    /// Ticks of the own clock for which the engine still believes in its lease.
    pub fresh: u8,
    pub predecessor: Option<Predecessor>,
    /// Letters were read and not cleared yet.
    pub read_letters: bool,
}

/// What was last seen of a foreign server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    pub found: Option<Stored<ServerRecord>>,
    /// Ticks of the own clock since nothing has changed but letters.
    pub age: u8,
}

/// The watch on one foreign server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch {
    pub server: u8,
    pub flight: Flight<ServerRecord>,
    /// The look under way was sent before the wanted incarnation was read.
    pub old_look: bool,
    pub wanted: Option<Name>,
    pub seen: Option<Seen>,
    pub stale: bool,
    pub letter: bool,
    pub lettered: Option<(Name, u8)>,
}

/// An acquisition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acquire {
    /// Every write of this acquisition that may have landed.
    pub tries: [Option<Name>; TRIES],
    /// Who was seen to hold the record.
    pub holder: Option<Name>,
    pub asked: bool,
}

/// A write of a session in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub op: Name,
    pub data: u8,
    pub release: bool,
    pub incarnation: Name,
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub epoch: u8,
    pub incarnation: Name,
    /// The acquisition that made it.
    pub op: Name,
    pub version: u8,
    pub past: [Option<PastSession>; PAST_SESSIONS],
    pub asked: bool,
    pub data: u8,
    /// Changes of which nothing was told yet.
    pub pending: u8,
    pub in_doubt: [Option<Attempt>; TRIES],
    pub resolve: bool,
    pub giving_way: bool,
    pub release_sent: bool,
}

/// What a locker is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Idle,
    Acquiring(Acquire),
    /// Letting go of an acquisition that landed although nobody wants it any more.
    Reclaiming(Option<Stored<Record>>),
    Held(Held),
}

/// The locker of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Locker {
    pub wanted: bool,
    /// A letter said that the record needs attention.
    pub attention: bool,
    pub flight: Flight<Record>,
    pub phase: Phase,
}

/// One process of a game server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Engine {
    pub beat: Beat,
    pub locker: Locker,
    pub watch: Option<Watch>,
    pub dead: [Option<Name>; VERDICTS],
    /// Ticks since its clock last stood still.
    pub steady: u8,
}

/// What happened so far of what is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spent {
    pub edits: u8,
    pub faults: u8,
    pub crashes: u8,
    pub erasures: u8,
}

/// The whole world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub record: Option<Stored<Record>>,
    /// By server id.
    pub servers: [Option<Stored<ServerRecord>>; ENGINES],
    pub late_records: [Option<Late<Record>>; LATE],
    pub late_servers: [Option<Late<ServerRecord>>; LATE],
    /// Planted error only: a late answer that will be taken for the answer to a newer write.
    pub late_answer: Option<(u8, u8)>,
    /// `None`: crashed.
    pub engines: [Option<Engine>; ENGINES],
    /// The next number of each domain of names.
    pub next: [u8; DOMAINS],
    /// Incarnations that were stored and are over. Not in the product: it is what the verdicts are checked by.
    pub over: [Option<Name>; VERDICTS],
    pub told_saved: u8,
    pub told_lost: u8,
    pub spent: Spent,
}

impl Engine {
    /// A process that has just been started.
    pub fn started(candidate: Name, vouched: bool, steady: u8) -> Self {
        Self {
            beat: Beat {
                standing: Standing::Look,
                flight: Flight::None,
                incarnation: None,
                candidate,
                born: candidate.number,
                established: false,
                vouched,
                version: None,
                tries: [None; TRIES],
                fresh: 0,
                predecessor: None,
                read_letters: false,
            },
            locker: Locker {
                wanted: false,
                attention: false,
                flight: Flight::None,
                phase: Phase::Idle,
            },
            watch: None,
            dead: [None; VERDICTS],
            steady,
        }
    }

    /// Whether it tells its host that the record is available.
    pub fn believes(&self) -> bool {
        match &self.locker.phase {
            Phase::Held(held) => {
                !held.release_sent && self.beat.fresh > 0 && self.beat.incarnation == Some(held.incarnation)
            }
            _ => false,
        }
    }

    pub fn knows_dead(&self, incarnation: Name) -> bool {
        self.dead.contains(&Some(incarnation))
    }

    /// One tick for what it believes of its own lease.
    pub fn believe_on(&mut self, stop: u8) {
        self.beat.fresh = self.beat.fresh.saturating_sub(1);
        for sent in self.beat.tries.iter_mut().flatten() {
            sent.age = (sent.age + 1).min(stop);
        }
    }

    /// One tick for what it waits for.
    pub fn wait_on(&mut self, wait: u8) {
        if let Some(seen) = &mut self.beat.predecessor {
            seen.age = (seen.age + 1).min(wait);
        }
        if let Some(seen) = self.watch.as_mut().and_then(|watch| watch.seen.as_mut()) {
            seen.age = (seen.age + 1).min(wait);
        }
    }

    /// Whether it measures what it believes of its own lease.
    pub fn measures_lease(&self, stop: u8) -> bool {
        self.beat.fresh > 0 || self.beat.tries.iter().flatten().any(|sent| sent.age < stop)
    }

    /// A watch for which nobody waits and that has no request under way is dropped.
    pub fn forget_idle_watch(&mut self) {
        self.watch = self
            .watch
            .filter(|watch| watch.wanted.is_some() || !watch.flight.is_none());
    }

    /// Where no time is measured, it does not matter when the clock last stood still: whatever is measured next begins
    /// later.
    pub fn forget_vain_clock(&mut self, model: &Model) {
        if model.bound.any_clock_rate || !self.measures_lease(model.stop()) {
            self.steady = model.steady();
        }
    }
}

impl State {
    /// In which order writes are late does not matter.
    pub fn sort_late(&mut self) {
        fn order<T>(late: &Option<Late<T>>) -> Option<(u8, Purpose, Expected)> {
            late.as_ref()
                .map(|late| (late.sender, late.put.purpose, late.put.expected))
        }
        self.late_records.sort_unstable_by_key(order);
        self.late_servers.sort_unstable_by_key(order);
    }
}

impl Engine {
    /// By what engines are put in order, so that states that differ only in which server is which become one. Nothing in
    /// it names an engine. Engines that have the same are left as they are, which costs states and nothing else.
    pub fn rank(&self) -> u32 {
        fn of<T>(flight: &Flight<T>) -> u32 {
            match flight {
                Flight::None => 0,
                Flight::Read(_) => 1,
                Flight::Put(put) => 2 + put.purpose as u32 * 2 + u32::from(put.outcome == Outcome::Pending),
            }
        }
        let (phase, detail) = match &self.locker.phase {
            Phase::Idle => (0, 0),
            Phase::Acquiring(acquire) => (1, u32::from(acquire.holder.is_some())),
            Phase::Reclaiming(found) => (2, u32::from(found.is_some())),
            Phase::Held(held) => (3, u32::from(held.epoch) % 4),
        };
        let watch = self
            .watch
            .map_or(0, |watch| 1 + of(&watch.flight) + u32::from(watch.stale) * 20);
        let age = self
            .watch
            .and_then(|watch| watch.seen)
            .map_or(0, |seen| 1 + u32::from(seen.age));
        let lease = u32::from(self.beat.fresh) * 4 + u32::from(self.steady);
        let own = (self.beat.standing as u32 * 2 + u32::from(self.beat.established)) * 20 + of(&self.beat.flight);
        let parts = [
            (phase, 4),
            (detail, 4),
            (of(&self.locker.flight), 20),
            (own, 240),
            (lease, 16),
            (watch, 40),
            (age, 5),
        ];
        parts.iter().fold(0, |rank, (part, size)| rank * size + part)
    }
}
