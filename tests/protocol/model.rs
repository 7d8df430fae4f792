//! What a model is made of: how many engines, how much may happen, how fast clocks may run. And one step of it.

use crate::actions::{Action, Line};
use crate::names::{count_anew, Domain, Name, ENGINES};
use crate::planted::Planted;
use crate::state::{Engine, Flight, Phase, State, Try, VERDICTS};
use crate::store::{can_land, Outcome, Record, ServerRecord};

/// The times of a lease, in ticks of the clock of whoever measures them.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// How long a contender must see no beat.
    pub wait: u8,
    /// How long a holder believes. A clock stands still for one tick in `wait` at most, so that clocks run at
    /// `(wait - 1) / wait` to all of the speed of the fastest; for that rate `wait - 1` is the longest that is safe.
    pub stop: u8,
}

/// How much may happen. Beats, looks, ticks, and writes of the header are not limited.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub engines: usize,
    /// Engines with the same number are processes that share a server id.
    pub server_ids: [u8; ENGINES],
    /// Acquisitions that land.
    pub epochs: u8,
    /// Changes of data.
    pub edits: u8,
    /// Requests lost, answers lost, requests given up that may land later, requests doubled.
    pub faults: u8,
    pub crashes: u8,
    /// Whether crashed servers start again.
    pub restarts: bool,
    /// Whether the record remembers the session before the present one.
    pub remembers: bool,
    /// Server records erased by hand.
    pub erasures: u8,
    /// Whether contenders ask for the record.
    pub requests: bool,
    /// Whether hosts may change their minds while the record is being acquired.
    pub fickle: bool,
    /// Whether contenders leave letters for the holder.
    pub letters: bool,
    /// Whether time passes between what a look at a server record finds and its answer.
    pub slow_looks: bool,
    /// Whether the same holds for reads of the player's record.
    pub slow_reads: bool,
    /// Whether the answer to a write comes in the moment in which it lands. Writes are under way all the same.
    pub prompt: bool,
    /// Whether all servers are registered at the start.
    pub registered: bool,
    /// Whether a clock may stand still as often as it likes.
    pub any_clock_rate: bool,
    pub lease: Lease,
}

/// A model to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    pub bound: Bound,
    pub planted: Option<Planted>,
}

/// A property that was found broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// A write under an epoch that is not the writer's, or an epoch that fell.
    OneWriter,
    /// What was reported saved is not in the record.
    NoLostSave,
    /// What was reported lost is in the record.
    NoFalseWord,
    /// Two engines believe that the record is available to them.
    Exclusive,
    /// An incarnation that was ended or replaced is in its server record again.
    VerdictKept,
    /// A session was adopted that this acquisition did not make.
    OwnAdoption,
    /// The record is never loaded again although nothing fails any more.
    Progress,
}

impl Property {
    pub fn name(self) -> &'static str {
        match self {
            Self::OneWriter => "I1 one writer",
            Self::NoLostSave => "I2 no lost save",
            Self::NoFalseWord => "I3 no false word",
            Self::Exclusive => "I7 exclusive",
            Self::VerdictKept => "what is over never comes back",
            Self::OwnAdoption => "adoption of the own operation only",
            Self::Progress => "I8 progress",
        }
    }
}

/// States that must be reached, or the model shows little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Sometimes {
    Loaded,
    TakenFromLiving,
    TakenFromCrashed,
    EndedFoundByOwnBeat,
    ConfirmationWon,
    ConfirmationLost,
    AcquireAdopted,
    OrphanReleased,
    HandedOver,
    LateWriteRefused,
    LateWriteLanded,
    DoubtLanded,
    DoubtNotLanded,
    Merged,
    ToldSaved,
    ToldLost,
    ToldUnknown,
    Suspect,
    FreshAgain,
    Superseded,
    PredecessorWaitedOut,
    MissingEnded,
    NameRetired,
    TwoBelieve,
}

impl Sometimes {
    pub const ALL: [Self; 24] = [
        Self::Loaded,
        Self::TakenFromLiving,
        Self::TakenFromCrashed,
        Self::EndedFoundByOwnBeat,
        Self::ConfirmationWon,
        Self::ConfirmationLost,
        Self::AcquireAdopted,
        Self::OrphanReleased,
        Self::HandedOver,
        Self::LateWriteRefused,
        Self::LateWriteLanded,
        Self::DoubtLanded,
        Self::DoubtNotLanded,
        Self::Merged,
        Self::ToldSaved,
        Self::ToldLost,
        Self::ToldUnknown,
        Self::Suspect,
        Self::FreshAgain,
        Self::Superseded,
        Self::PredecessorWaitedOut,
        Self::MissingEnded,
        Self::NameRetired,
        Self::TwoBelieve,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::TakenFromLiving => "taken over while the old holder lives",
            Self::TakenFromCrashed => "taken over from a crashed server",
            Self::EndedFoundByOwnBeat => "ended found by own beat",
            Self::ConfirmationWon => "confirmation won",
            Self::ConfirmationLost => "confirmation lost to a takeover",
            Self::AcquireAdopted => "acquire adopted after a lost answer",
            Self::OrphanReleased => "orphaned acquisition released",
            Self::HandedOver => "hand-over done",
            Self::LateWriteRefused => "late write refused by compare-and-set",
            Self::LateWriteLanded => "late write landed",
            Self::DoubtLanded => "write in doubt found landed",
            Self::DoubtNotLanded => "write in doubt found not landed, and made again",
            Self::Merged => "own session met a foreign header write",
            Self::ToldSaved => "change reported saved",
            Self::ToldLost => "change reported lost",
            Self::ToldUnknown => "change reported unknown",
            Self::Suspect => "session in doubt",
            Self::FreshAgain => "available again after doubt",
            Self::Superseded => "superseded by another process of the same id",
            Self::PredecessorWaitedOut => "predecessor of the same id waited out",
            Self::MissingEnded => "missing server record created as ended",
            Self::NameRetired => "name retired after a lost registration",
            Self::TwoBelieve => "two believe that the record is available (clock rates beyond the bound)",
        }
    }
}

/// What was noticed during a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes {
    pub broken: Option<Property>,
    /// A bit for each [`Sometimes`].
    pub sometimes: u32,
}

/// A step under way.
pub struct Step<'a> {
    pub model: &'a Model,
    pub state: State,
    pub notes: Notes,
}

impl Model {
    pub fn has(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }

    pub fn server_id(&self, engine: u8) -> u8 {
        self.bound.server_ids[usize::from(engine)]
    }

    pub fn wait(&self) -> u8 {
        self.bound.lease.wait
    }

    pub fn stop(&self) -> u8 {
        if self.has(Planted::StopNotShorterThanWait) {
            self.wait()
        } else {
            self.bound.lease.stop
        }
    }

    /// After so many ticks a clock may stand still again.
    pub fn steady(&self) -> u8 {
        self.wait() - 1
    }

    /// Whether any two engines can change places: each has a server id of its own.
    pub fn is_symmetric(&self) -> bool {
        let ids = self.bound.server_ids;
        ids.iter().enumerate().all(|(engine, id)| usize::from(*id) == engine)
    }

    /// All engines have just been started, or are registered; no record is stored.
    pub fn start(&self) -> State {
        let mut state = self.just_started();
        for me in 0..self.bound.engines as u8 {
            let registration = [Action::BeatLook(me), Action::Beat(me), Action::Land(me, Line::Beat)];
            for action in registration.into_iter().filter(|_| self.bound.registered) {
                state = self.after(&state, action).0;
            }
        }
        state
    }

    fn just_started(&self) -> State {
        let mut state = State {
            record: None,
            servers: [None; ENGINES],
            late_records: [None; 2],
            late_servers: [None; 2],
            late_answer: None,
            over: [None; VERDICTS],
            engines: [None; ENGINES],
            next: Default::default(),
            told_saved: 0,
            told_lost: 0,
            spent: Default::default(),
        };
        for me in 0..self.bound.engines {
            let candidate = Name {
                engine: me as u8,
                number: 0,
            };
            state.engines[me] = Some(Engine::started(candidate, false, self.steady()));
        }
        count_anew(&mut state, self.bound.server_ids);
        state
    }
}

impl Step<'_> {
    pub fn note(&mut self, sometimes: Sometimes) {
        self.notes.sometimes |= 1 << sometimes as u32;
    }

    pub fn broken(&mut self, property: Property) {
        self.notes.broken.get_or_insert(property);
    }

    /// A name that was never used in its domain.
    pub fn new_number(&mut self, domain: Domain) -> u8 {
        let next = &mut self.state.next[domain.index(self.model.bound.server_ids)];
        *next += 1;
        *next - 1
    }

    pub fn new_operation(&mut self, engine: u8) -> Name {
        let number = self.new_number(Domain::Operation(engine));
        Name { engine, number }
    }

    pub fn new_incarnation(&mut self, engine: u8) -> Name {
        let number = self.new_number(Domain::Incarnation(engine));
        Name { engine, number }
    }

    /// An engine that is up.
    pub fn engine(&mut self, me: u8) -> &mut Engine {
        self.state.engines[usize::from(me)]
            .as_mut()
            .expect("only engines that are up act")
    }

    /// The clocks of all engines advance, but for those in the mask. Only what an engine believes of its own lease is
    /// measured by a clock that may stand still: a contender whose clock does so waits longer, and it may do so anyway.
    pub fn tick(&mut self, standing_still: u8) {
        let (stop, wait, steady) = (self.model.stop(), self.model.wait(), self.model.steady());
        for me in 0..ENGINES {
            let Some(engine) = &mut self.state.engines[me] else {
                continue;
            };
            engine.wait_on(wait);
            if standing_still & 1 << me != 0 {
                engine.steady = 0;
                continue;
            }
            let believed = engine.believes();
            engine.steady = (engine.steady + 1).min(steady);
            engine.believe_on(stop);
            if believed && !engine.believes() {
                self.note(Sometimes::Suspect);
            }
        }
    }

    /// Brings states that cannot be told apart to one form, and checks the properties.
    pub fn finish(&mut self) {
        self.settle_doomed();
        self.check();
        for engine in self.state.engines.iter_mut().flatten() {
            engine.forget_idle_watch();
            engine.forget_vain_clock(self.model);
        }
        self.forget_vain_tries();
        count_anew(&mut self.state, self.model.bound.server_ids);
    }

    fn check(&mut self) {
        let data = self.state.record.map_or(0, |record| record.value.data);
        if self.state.told_saved & !data != 0 {
            self.broken(Property::NoLostSave);
        }
        if self.state.told_lost & data != 0 {
            self.broken(Property::NoFalseWord);
        }
        let believers = self.state.engines.iter().flatten().filter(|engine| engine.believes());
        if believers.count() > 1 {
            self.note(Sometimes::TwoBelieve);
            if !self.model.bound.any_clock_rate {
                self.broken(Property::Exclusive);
            }
        }
    }

    /// A write whose condition no longer holds will never land: versions do not come back. Its sender hears of the
    /// conflict at once; all it does about it is to read, and that may be later.
    fn settle_doomed(&mut self) {
        let record = self.state.record;
        let servers = self.state.servers;
        let model = self.model;
        let server_of = |value: &ServerRecord| servers[usize::from(model.server_id(value.incarnation.engine))];
        let mut refused = false;
        for late in &mut self.state.late_records {
            refused |= late.is_some_and(|late| !can_land(record.as_ref(), &late.put));
            *late = late.filter(|late| can_land(record.as_ref(), &late.put));
        }
        for late in &mut self.state.late_servers {
            *late = late.filter(|late| can_land(server_of(&late.put.value).as_ref(), &late.put));
        }
        self.state.sort_late();
        if refused {
            self.note(Sometimes::LateWriteRefused);
        }
        for me in 0..ENGINES {
            if let Some(engine) = self.state.engines[me] {
                let me = me as u8;
                if in_vain(&engine.beat.flight, server_of) {
                    self.beat_unanswered(me);
                }
                if engine.watch.is_some_and(|watch| in_vain(&watch.flight, server_of)) {
                    self.watch_unanswered(me);
                }
                if in_vain(&engine.locker.flight, |_| record) {
                    self.locker_refused(me);
                }
            }
        }
    }

    /// Tries that are nowhere any more, neither stored nor on their way, can no longer be found: to remember them says
    /// nothing.
    fn forget_vain_tries(&mut self) {
        let state = self.state;
        for me in 0..ENGINES {
            let Some(engine) = &mut self.state.engines[me] else {
                continue;
            };
            if let Phase::Acquiring(acquire) = &mut engine.locker.phase {
                let flight = engine.locker.flight;
                for op in &mut acquire.tries {
                    *op = op.filter(|op| record_mentions(&state, &flight, *op));
                }
                acquire.tries.sort_unstable();
            }
            // Before it is registered, that there was a try at all counts; and the planted error asks for the last.
            if engine.beat.incarnation.is_some() && !self.model.has(Planted::AgeFromLastTry) {
                let flight = engine.beat.flight;
                for sent in &mut engine.beat.tries {
                    *sent = sent.filter(|sent| server_mentions(&state, &flight, me as u8, sent));
                }
                engine
                    .beat
                    .tries
                    .sort_unstable_by_key(|sent| sent.map(|sent| sent.nonce));
            }
        }
    }
}

/// Whether the write under way was refused, or will be.
fn in_vain<T>(flight: &Flight<T>, stored: impl Fn(&T) -> Option<crate::state::Stored<T>>) -> bool {
    match flight {
        Flight::None | Flight::Read(_) => false,
        Flight::Put(put) => match put.outcome {
            Outcome::Written(_) => false,
            Outcome::Conflict => true,
            Outcome::Pending => !can_land(stored(&put.value).as_ref(), put),
        },
    }
}

fn record_mentions(state: &State, flight: &Flight<Record>, op: Name) -> bool {
    let holds = |record: &Record| record.holder.is_some_and(|holder| holder.op == op);
    let stored = state.record.is_some_and(|record| holds(&record.value));
    let late = state.late_records.iter().flatten().any(|late| holds(&late.put.value));
    let mine = match flight {
        Flight::None => false,
        Flight::Read(found) => found.is_some_and(|found| holds(&found.value)),
        Flight::Put(put) => holds(&put.value),
    };
    stored || late || mine
}

fn server_mentions(state: &State, flight: &Flight<ServerRecord>, me: u8, sent: &Try) -> bool {
    let is_it = |record: &ServerRecord| record.incarnation.engine == me && record.nonce == sent.nonce;
    let stored = state.servers.iter().flatten().any(|record| is_it(&record.value));
    let late = state.late_servers.iter().flatten().any(|late| is_it(&late.put.value));
    let mine = match flight {
        Flight::None => false,
        Flight::Read(found) => found.is_some_and(|found| is_it(&found.value)),
        Flight::Put(put) => is_it(&put.value),
    };
    stored || late || mine
}
