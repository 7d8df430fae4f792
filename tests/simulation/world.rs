//! The world of one run: servers, one store, the lines between them, and true time, all decided by one seed.

use crate::checker::{Checker, Snapshot, Violation};
use crate::clock::Clock;
use crate::history::History;
use crate::network::{self, Fate, Line};
use crate::process::Process;
use crate::profile::{Mood, Profile, Pushes, Rates};
use crate::queue::Queue;
use crate::runner::Setup;
use crate::server::Through;
use crate::settle::Stage;
use crate::shrink::Omit;
use crate::store::{Store, Stored};
use crate::tally::{Injected, Seen, Tally};
use crate::trace::Trace;
use fastrand::Rng;
use sessionlocker::clock::Time;
use sessionlocker::engine::core::Action;
use sessionlocker::planted::Bugs;
use sessionlocker::store::Bytes;
use sessionlocker::store::{Key, Kind, Operation, Outcome, Reply, Request, RequestId, StoreError, StoreResult};
use std::collections::BTreeMap;

/// The name of the spec of all records.
pub const SPACE: &str = "player";

/// What comes about at its time.
pub enum Event {
    /// A server's game loop runs.
    Tick { process: usize, turn: u32 },
    /// A request reaches the store; the answer, if any, takes so long.
    Arrive { flight: usize, answers: Answers },
    /// An answer reaches its server.
    Answer {
        process: usize,
        flight: usize,
        result: StoreResult,
    },
    /// The store tells a server of a write for it.
    Push { process: usize, key: Key },
    /// A host does something.
    Deed { process: usize },
    /// A player who was sent away comes back.
    Rejoin { process: usize, key: usize },
    /// A host finishes what a call asked of it.
    CallDone { process: usize, call: usize },
    /// Something goes wrong.
    Fault,
    /// A paused process goes on.
    Resume { process: usize },
    /// A line is well again, or, after it was slow, goes down.
    Mend { place: usize, turn: u32 },
    /// A process is started at a place that has none.
    Start { place: usize },
    /// A process ends on purpose.
    Exit { process: usize },
    /// Faults end.
    CalmDown,
    /// Nothing that was late is under way any more.
    Settle,
    /// Progress is looked at.
    Watch,
}

/// How long after a request took effect its answer arrives, and arrives again.
pub type Answers = [Option<u64>; 2];

/// One request on its way.
pub struct Flight {
    pub process: usize,
    pub id: RequestId,
    pub request: Request,
    /// When its server gives it up, by that server's clock.
    pub given_up_at: u64,
    /// It took effect.
    pub applied: bool,
    /// Its server got a true answer in time.
    pub answered: bool,
    /// Its server was told that nothing is known.
    pub in_doubt: bool,
}

/// A line between a place and the store.
pub struct LineState {
    pub line: Line,
    pub turn: u32,
}

/// How a run ended.
pub struct Ending {
    pub hash: u64,
    pub violation: Option<Violation>,
}

/// See the module.
pub struct World {
    pub now: u64,
    pub seed: u64,
    pub bugs: Bugs,
    /// By which door its servers use the library.
    pub through: Through,
    /// What is left out of the run, to make its story short.
    pub omit: Omit,
    pub queue: Queue<Event>,
    pub store: Store,
    pub profile: Profile,
    /// Decides the fates of requests.
    pub weather_rng: Rng,
    /// Decides what else goes wrong.
    pub fault_rng: Rng,
    /// Decides what hosts do.
    pub host_rng: Rng,
    /// Decides what becomes of what the store pushes.
    push_rng: Rng,
    pub clocks: Vec<Clock>,
    pub lines: Vec<LineState>,
    pub stalled_until: u64,
    /// When the last thing that was sent so far will have landed.
    pub quiet_from: u64,
    pub processes: Vec<Process>,
    /// The living processes of each place; more than one only with twins.
    pub places: Vec<Vec<usize>>,
    /// The server id last used at each place.
    pub server_ids: Vec<String>,
    pub flights: Vec<Flight>,
    pub calls: Vec<crate::host::OpenCall>,
    pub purchases: Vec<crate::host::Purchase>,
    pub checker: Checker,
    pub history: History,
    /// What the standby of the store has.
    pub standby: Option<Standby>,
    /// How many requests had been sent when the store last fell back: those on their way then had the old one as their
    /// target, and arrive nowhere.
    pub cut_off: usize,
    pub tally: Tally,
    pub trace: Trace,
    pub stage: Stage,
    /// No two living processes had one server id so far, but by the host's false word.
    pub ids_unique: bool,
    pub over: bool,
    /// What was stored before a record was damaged.
    pub undamaged: Vec<Option<Bytes>>,
    /// Where each key is wanted at the end.
    pub homes: Vec<usize>,
    /// Places whose faults do not end, while the others must get on.
    pub outside: Vec<bool>,
    /// Requests about records so far.
    numbered: u64,
}

/// A copy of the store from some time ago.
pub struct Standby {
    pub entries: BTreeMap<Key, Stored>,
    pub truth: Vec<Snapshot>,
}

/// Pushes have chances of their own: so chosen that the seeds that find rare bugs are without pushes, as they were.
const PUSHES: u64 = 0x9054_0000_0000_24fd;
/// More events than any run needs: a run that gets here goes round in circles.
const MOST_STEPS: u64 = 2_000_000;
/// More polls than one tick can need.
const MOST_POLLS: u32 = 20_000;

impl World {
    pub fn new(seed: u64, setup: &Setup) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5e55_1011_0cce_5eed);
        let mut profile = Profile::roll(&mut rng);
        profile.pushes = Pushes::roll(&mut Rng::with_seed(!seed ^ PUSHES));
        if setup.through.is_plain() {
            profile.make_plain();
        }
        let calm = profile.mood == Mood::Calm && profile.rates == Rates::Bounded && profile.nth.is_none();
        let mut world = Self {
            now: 0,
            seed,
            bugs: setup.bugs,
            through: setup.through,
            omit: setup.omit.clone(),
            queue: Queue::new(),
            store: Store::default(),
            weather_rng: rng.fork(),
            fault_rng: rng.fork(),
            host_rng: rng.fork(),
            push_rng: Rng::with_seed(seed ^ PUSHES),
            clocks: Vec::new(),
            lines: Vec::new(),
            stalled_until: 0,
            quiet_from: 0,
            processes: Vec::new(),
            places: vec![Vec::new(); profile.places.len()],
            server_ids: Vec::new(),
            flights: Vec::new(),
            calls: Vec::new(),
            purchases: Vec::new(),
            checker: Checker::new(profile.keys, calm),
            history: History::new(profile.keys),
            standby: None,
            cut_off: 0,
            tally: Tally::default(),
            trace: Trace::new(setup.telling),
            stage: Stage::Chaos,
            ids_unique: true,
            over: false,
            undamaged: vec![None; profile.keys],
            homes: vec![0; profile.keys],
            outside: vec![false; profile.places.len()],
            numbered: 0,
            profile,
        };
        world.checker.blind_to_servers = world.is_tampered();
        world.trace.say(0, || format!("{:#?}", world.profile));
        world.lay_out();
        world
    }

    fn lay_out(&mut self) {
        for place in 0..self.profile.places.len() {
            let ppm = match (self.profile.edge, place % 2) {
                (true, 0) => crate::profile::BOUNDED_PPM,
                (true, _) => -crate::profile::BOUNDED_PPM,
                (false, _) => self.roll_rate(),
            };
            let settings = &self.profile.places[place];
            self.clocks
                .push(Clock::new(settings.clock_offset, ppm, settings.wall_offset_ms));
            self.lines.push(LineState {
                line: Line::Good,
                turn: 0,
            });
            self.server_ids.push(format!("server-{place}"));
            let at = self.fault_rng.u64(0..self.profile.longest_lease());
            self.queue.push(at, Event::Start { place });
        }
        if self.profile.mood != Mood::Calm {
            self.plan_fault();
        }
        self.queue.push(self.profile.chaos, Event::CalmDown);
    }

    /// A rate error for a steady clock, often close to the limit.
    pub fn roll_rate(&mut self) -> i32 {
        let limit = match self.profile.rates {
            Rates::Bounded => crate::profile::BOUNDED_PPM,
            Rates::Wild => crate::profile::WILD_PPM,
        };
        match self.fault_rng.u32(0..5) {
            0 => limit,
            1 => -limit,
            2 => 0,
            _ => self.fault_rng.i32(-limit..=limit),
        }
    }

    /// Runs to the end, or to the first broken promise.
    pub fn run(&mut self) -> Ending {
        while !self.over && self.checker.violation().is_none() {
            let Some((at, event)) = self.queue.pop() else {
                self.checker.broken("I8", "nothing will ever happen again");
                break;
            };
            self.now = at;
            self.tally.steps += 1;
            if self.tally.steps > MOST_STEPS {
                self.checker.broken("I8", "the run goes round in circles");
            }
            self.happen(event);
        }
        self.finish();
        self.trace.print_story();
        self.count_profile();
        self.checker.checks.letters = self.checker.post.checks;
        self.tally.checks = self.checker.checks;
        self.tally.virtual_ns = u128::from(self.now);
        self.tally.requests = self.flights.len() as u64;
        self.tally.see_times(Seen::DataUnchanged, self.store.unchanged);
        Ending {
            hash: self.trace.hash(),
            violation: self.checker.violation().cloned(),
        }
    }

    /// All servers are given back, and nothing of them may be left.
    fn finish(&mut self) {
        for process in &mut self.processes {
            if let Err(text) = process.server.finish() {
                self.checker
                    .broken("I10", format!("process {}: {text}", process.number));
            }
        }
    }

    fn count_profile(&mut self) {
        self.tally.seeds = 1;
        match self.profile.mood {
            Mood::Calm => self.tally.calm_seeds = 1,
            Mood::Rough => self.tally.rough_seeds = 1,
            Mood::Stormy => self.tally.stormy_seeds = 1,
        }
        self.tally.wild_seeds = u64::from(self.profile.rates == Rates::Wild);
    }

    fn happen(&mut self, event: Event) {
        self.trace.number(self.now);
        match event {
            Event::Tick { process, turn } => {
                if self.processes[process].ticks.keep(turn) {
                    self.tick(process);
                }
            }
            Event::Arrive { flight, answers } => self.arrive(flight, answers),
            Event::Answer {
                process,
                flight,
                result,
            } => self.answer(process, flight, result),
            Event::Push { process, key } => self.push(process, key),
            Event::Deed { process } => self.deed(process),
            Event::Rejoin { process, key } => self.rejoin(process, key),
            Event::CallDone { process, call } => self.call_done(process, call),
            Event::Fault => self.fault(),
            Event::Resume { process } => self.resume(process),
            Event::Mend { place, turn } => self.mend(place, turn),
            Event::Start { place } if self.stage.has_faults() => self.start(place),
            Event::Start { .. } => {}
            Event::Exit { process } => self.kill(process, "exits"),
            Event::CalmDown => self.calm_down(),
            Event::Settle => self.settle(),
            Event::Watch => self.watch(),
        }
    }

    pub fn local(&self, process: usize) -> Time {
        Time(self.clocks[self.processes[process].place].local(self.now))
    }

    pub fn wall(&self, process: usize) -> i64 {
        self.clocks[self.processes[process].place].wall_ms(self.now)
    }

    pub fn may_act(&self, process: usize) -> bool {
        let process = &self.processes[process];
        process.alive && !process.paused
    }

    /// The game loop of a process.
    pub fn tick(&mut self, process: usize) {
        if !self.may_act(process) {
            return;
        }
        let (now, wall) = (self.local(process), self.wall(process));
        for key in std::mem::take(&mut self.processes[process].pushed) {
            self.processes[process].server.notify(now, &key);
        }
        for (id, result) in std::mem::take(&mut self.processes[process].inbox) {
            self.processes[process].server.complete(now, wall, id, result);
        }
        self.drive(process);
        self.hear(process);
        if let Some(text) = self.processes[process].server.take_fault() {
            self.checker.broken("I11", format!("process {process}: {text}"));
        }
        self.check_told(process);
        self.check_exclusive(process);
        if self.processes[process].doomed {
            self.tally.inject(Injected::CrashOnSubmit);
            self.kill(process, "crashes with a request just sent");
            return;
        }
        self.plan_tick(process);
    }

    /// Lets the server do what is due.
    fn drive(&mut self, process: usize) {
        let (now, wall) = (self.local(process), self.wall(process));
        if let Some(engine) = self.processes[process].server.engine() {
            engine.update(self, now, wall);
            return;
        }
        for _ in 0..MOST_POLLS {
            let server = &mut self.processes[process].server;
            match server.core().and_then(|core| core.poll(now, wall)) {
                None => return,
                Some(Action::Submit { id, request, .. }) => {
                    if let Some(result) = self.submit(process, id, request) {
                        self.processes[process].server.complete(now, wall, id, result);
                    }
                }
                Some(Action::Call { locker, tag, call, .. }) => {
                    let key = usize::try_from(tag).expect("the tag of a locker is its key");
                    self.called(process, key, locker, &call);
                }
                Some(Action::CallVisit { visit, key, call, .. }) => {
                    self.called_by_visit(process, visit, &key, &call);
                }
                Some(Action::Yield) => {}
            }
        }
        self.checker
            .broken("I10", format!("process {process}: a tick does not come to its end"));
    }

    /// When the game loop of a process runs next.
    fn plan_tick(&mut self, process: usize) {
        let place = self.processes[process].place;
        let at = if self.profile.sparse_ticks {
            match self.processes[process].server.next_due(self.local(process)) {
                Some(due) => self.clocks[place].when(due.0),
                None => return,
            }
        } else {
            self.now
        };
        self.tick_by(process, at);
    }

    /// The game loop of a process runs at the first beat of its own time at or after `at`, and after now.
    fn tick_by(&mut self, process: usize, at: u64) {
        let tick = self.profile.places[self.processes[process].place].tick;
        let phase = (process as u64 * 7919) % tick;
        let at = at.max(self.now);
        let at = at - at % tick + phase + if at % tick >= phase { tick } else { 0 };
        let known = self.processes[process].ticks.at();
        if known.is_none_or(|known| known > at) {
            let turn = self.processes[process].ticks.appoint(at);
            self.queue.push(at, Event::Tick { process, turn });
        }
    }

    /// The game loop of a process will soon have something to do.
    pub fn wake(&mut self, process: usize) {
        self.tick_by(process, self.now);
    }

    /// Takes a request on its way; gives the result if the store answers inside the call.
    pub fn submit(&mut self, process: usize, id: RequestId, request: Request) -> Option<StoreResult> {
        let place = self.processes[process].place;
        let is_write = !matches!(request.operation, Operation::Get);
        let usual = network::fate(&mut self.weather_rng, &self.profile, self.lines[place].line, is_write);
        let fate = self.nth_fate(&request).unwrap_or(usual);
        let fate = if self.omit.fate(self.now, fate) {
            Fate::Well
        } else {
            fate
        };
        self.tally.fate(fate);
        self.note_submit(process, &request, fate);
        let flight = self.flights.len();
        if is_write && request.key.kind == Kind::Record {
            self.processes[process].desks[key_number(&request.key)]
                .writes
                .push(flight);
        }
        self.flights.push(Flight {
            process,
            id,
            request,
            given_up_at: self.local(process).0 + self.profile.places[place].request_timeout,
            applied: false,
            answered: false,
            in_doubt: false,
        });
        self.maybe_doom(process);
        if self.profile.instant && fate == Fate::Well && self.stalled_until <= self.now {
            self.flights[flight].answered = true;
            return Some(Ok(self.execute(flight)));
        }
        self.meet_fate(flight, fate);
        None
    }

    /// What befalls this request because it is the n-th of the run, or comes after it. The first request of all is left
    /// alone, and beats are: their failing is the world's business elsewhere.
    fn nth_fate(&mut self, request: &Request) -> Option<Fate> {
        let nth = self.profile.nth?;
        if request.key.kind == Kind::Server || !self.stage.has_faults() {
            return None;
        }
        self.numbered += 1;
        let hit = self.numbered == nth.number || (nth.from_then_on && self.numbered > nth.number);
        if !hit {
            return None;
        }
        self.tally.inject(if nth.from_then_on {
            Injected::AllFromNthFail
        } else {
            Injected::NthFails
        });
        Some(nth.fate)
    }

    fn note_submit(&mut self, process: usize, request: &Request, fate: Fate) {
        self.trace.number(process as u64);
        self.trace.bytes(request.key.name.as_bytes());
        if let Operation::Put { value, .. } = &request.operation {
            self.trace.bytes(value);
        }
        let tell = |text: &dyn Fn() -> String| match fate {
            Fate::Well => self.trace.murmur(self.now, text),
            _ => self.trace.say(self.now, text),
        };
        tell(&|| {
            let number = self.flights.len();
            let fate = if fate == Fate::Well { "" } else { fate.name() };
            match &request.operation {
                Operation::Get => format!("  p{process} #{number} get {} {fate}", request.key),
                Operation::Put { value, expected, .. } => format!(
                    "  p{process} #{number} put {} if {expected:?} {fate}\n             {}",
                    request.key,
                    String::from_utf8_lossy(value)
                ),
                Operation::Remove { expected } => {
                    format!("  p{process} #{number} remove {} if {expected:?} {fate}", request.key)
                }
                Operation::List { .. } => unreachable!("an engine lists nothing"),
            }
        });
    }

    fn meet_fate(&mut self, flight: usize, fate: Fate) {
        let line = self.lines[self.processes[self.flights[flight].process].place].line;
        let there = self.delay(line);
        let back = self.delay(line);
        match fate {
            Fate::Well => self.send(flight, there, [Some(back), None]),
            Fate::RequestLost => {}
            Fate::AnswerLost => self.send(flight, there, [None, None]),
            Fate::Refused => self.tell(flight, there, Err(StoreError::not_applied("refused on purpose"))),
            Fate::FailedUnknown => {
                self.tell(flight, there, Err(StoreError::unknown("failed on purpose")));
                match self.weather_rng.u32(0..4) {
                    0 => {}
                    1 => {
                        let late = self.long();
                        self.send(flight, late, [None, None]);
                    }
                    _ => self.send(flight, back, [None, None]),
                }
            }
            Fate::Doubled => {
                let late = if self.weather_rng.bool() {
                    self.long()
                } else {
                    self.delay(line)
                };
                let answers_again = self.weather_rng.bool().then_some(back);
                self.send(flight, there, [Some(back), None]);
                self.send(flight, there + late, [answers_again, None]);
            }
            Fate::LateRequest => {
                let late = self.long();
                self.send(flight, late, [Some(back), None]);
            }
            Fate::SlowWrite => {
                if self.weather_rng.u32(0..3) > 0 {
                    self.tell(flight, there, Err(StoreError::unknown("failed on purpose")));
                }
                let lease = self.profile.longest_lease();
                let late = self.weather_rng.u64(lease / 20..lease / 2);
                self.send(flight, late, [None, None]);
            }
            Fate::LateAnswer => {
                let late = self.long();
                self.send(flight, there, [Some(late), None]);
            }
            Fate::AnsweredTwice => {
                let late = self.long();
                self.send(flight, there, [Some(back), Some(back + late)]);
            }
            Fate::Nonsense => {
                let is_get = matches!(self.flights[flight].request.operation, Operation::Get);
                let result = self.through.nonsense(is_get);
                if self.weather_rng.bool() {
                    self.send(flight, there, [None, None]);
                }
                self.flights[flight].in_doubt = true;
                self.tell(flight, there + back, result);
            }
        }
    }

    /// The request arrives after a while.
    fn send(&mut self, flight: usize, after: u64, answers: Answers) {
        self.send_at(self.now + after, flight, answers);
    }

    fn send_at(&mut self, at: u64, flight: usize, answers: Answers) {
        let last_answer = answers.iter().flatten().max().copied().unwrap_or(0);
        self.quiet_from = self.quiet_from.max(at + last_answer);
        self.queue.push(at, Event::Arrive { flight, answers });
    }

    /// The server is told a result after a while.
    fn tell(&mut self, flight: usize, after: u64, result: StoreResult) {
        let at = self.now + after;
        self.quiet_from = self.quiet_from.max(at);
        let process = self.flights[flight].process;
        self.queue.push(
            at,
            Event::Answer {
                process,
                flight,
                result,
            },
        );
    }

    fn delay(&mut self, line: Line) -> u64 {
        network::delay(&mut self.weather_rng, &self.profile, line)
    }

    pub fn long(&mut self) -> u64 {
        network::long(&mut self.weather_rng, &self.profile)
    }

    fn arrive(&mut self, flight: usize, answers: Answers) {
        if flight < self.cut_off {
            return;
        }
        if self.stalled_until > self.now {
            let at = self.stalled_until + self.delay(Line::Good);
            self.send_at(at, flight, answers);
            return;
        }
        let reply = self.execute(flight);
        for after in answers.into_iter().flatten() {
            self.tell(flight, after, Ok(reply.clone()));
        }
    }

    /// The request takes effect at the store, and the checker sees it.
    fn execute(&mut self, flight: usize) -> Reply {
        let reply = self.store.execute(&self.flights[flight].request);
        let process = self.flights[flight].process;
        self.trace.number(flight as u64);
        self.trace.murmur(self.now, || {
            let text = match &reply {
                Reply::Found { version, .. } => format!("found at {version:?}"),
                Reply::Written { version } => format!("written at {version:?}"),
                other => format!("{other:?}"),
            };
            format!("      #{flight} of p{process} at the store: {text}")
        });
        if let Some(lie) = self.store.false_hint.take() {
            self.checker
                .broken("I2", format!("process {process} says that data are unchanged: {lie}"));
        }
        match &reply {
            Reply::Written { .. } => {
                self.flights[flight].applied = true;
                self.written(flight);
                self.announce(flight);
            }
            Reply::Removed => {
                let key = &self.flights[flight].request.key;
                if key.kind == Kind::Server {
                    self.checker.server_gone(&key.name);
                }
            }
            Reply::Conflict if self.is_late(flight) => self.tally.see(Seen::LateWriteRefused),
            _ => {}
        }
        reply
    }

    /// The store tells the server that waits for this write, if it pushes: perhaps late, perhaps twice, perhaps not.
    fn announce(&mut self, flight: usize) {
        let request = &self.flights[flight].request;
        let (Operation::Put { hints, .. }, Some(pushes)) = (&request.operation, self.profile.pushes) else {
            return;
        };
        let Some(server) = hints.announce.clone() else {
            return;
        };
        let key = request.key.clone();
        for process in 0..self.processes.len() {
            let listens = self.processes[process].alive && *self.processes[process].server_id == *server;
            if !listens {
                continue;
            }
            if self.push_rng.u32(0..1000) < pushes.lost {
                self.tally.inject(Injected::PushLost);
                continue;
            }
            for _ in 0..=u32::from(self.push_rng.u32(0..20) == 0) {
                let at = self.now + self.push_rng.u64(1..=pushes.delay);
                let key = key.clone();
                self.queue.push(at, Event::Push { process, key });
            }
        }
    }

    fn push(&mut self, process: usize, key: Key) {
        if !self.processes[process].alive {
            return;
        }
        self.tally.see(Seen::Pushed);
        self.trace
            .murmur(self.now, || format!("      p{process} is told of {key}"));
        self.processes[process].pushed.push(key);
        if self.may_act(process) {
            self.wake(process);
        }
    }

    /// Whether its server no longer counts on the request.
    pub fn is_late(&self, flight: usize) -> bool {
        let flight = &self.flights[flight];
        flight.in_doubt || !self.processes[flight.process].alive || self.local(flight.process).0 >= flight.given_up_at
    }

    fn written(&mut self, flight: usize) {
        let request = self.flights[flight].request.clone();
        let process = self.flights[flight].process;
        let Operation::Put { value, .. } = &request.operation else {
            return;
        };
        self.tally.commits += 1;
        match request.key.kind {
            Kind::Record => {
                let key = key_number(&request.key);
                let life = self.checker.life(key);
                let step = self.checker.committed(key, value, process);
                for seen in std::mem::take(&mut self.checker.post.noted) {
                    self.tally.see(seen);
                }
                if self.checker.life(key) != life {
                    self.history.broken_off(key, self.now);
                }
                if let Some(step) = step {
                    self.observe_commit(key, &step, flight);
                }
            }
            Kind::Server => {
                if let Some((before, after)) = self.checker.server_committed(&request.key.name, value) {
                    self.observe_server(&before, &after, process);
                }
            }
        }
    }

    fn answer(&mut self, process: usize, flight: usize, result: StoreResult) {
        if !self.processes[process].alive {
            let id = self.flights[flight].id;
            self.processes[process].server.complete_for_nobody(id, result);
            return;
        }
        self.trace.murmur(self.now, || {
            let text = match &result {
                Ok(Reply::Found { version, .. }) => format!("found at {version:?}"),
                Ok(other) => format!("{other:?}"),
                Err(error) => error.to_string(),
            };
            format!("      #{flight} answered to p{process}: {text}")
        });
        let late = self.is_late(flight);
        let state = &mut self.flights[flight];
        match &result {
            Ok(_) if !late => state.answered = true,
            Err(error) if error.outcome == Outcome::Unknown => state.in_doubt = true,
            _ => {}
        }
        let id = state.id;
        self.processes[process].inbox.push((id, result));
        if self.may_act(process) {
            self.wake(process);
        }
    }

    /// A host that has taken all its events knows of each session that it has.
    fn check_told(&mut self, process: usize) {
        for key in 0..self.profile.keys {
            let desk = &self.processes[process].desks[key];
            if desk.open && desk.session.is_none() && self.is_available(process, key) {
                self.checker.broken(
                    "I8",
                    format!("k{key} is available on process {process}, and its host was never told"),
                );
            }
        }
    }

    /// I7: no two servers may regard one record as theirs at one instant.
    pub fn check_exclusive(&mut self, process: usize) {
        let must = self.ids_unique && self.profile.rates == Rates::Bounded;
        self.checker.checks.exclusive += u64::from(must);
        for key in 0..self.profile.keys {
            let mine = self.is_available(process, key);
            self.note_availability(process, key, mine);
            let mine = mine && !self.is_outlived(process, key);
            if !mine || !must {
                continue;
            }
            let living: Vec<usize> = self.places.iter().flatten().copied().collect();
            for other in living {
                if other != process && self.is_available(other, key) && !self.is_outlived(other, key) {
                    self.checker.broken(
                        "I7",
                        format!("k{key} is available on processes {process} and {other} at once"),
                    );
                }
            }
        }
    }

    /// Whether the record was erased under the session: nothing can keep it exclusive then.
    fn is_outlived(&self, process: usize, key: usize) -> bool {
        let session = self.processes[process].desks[key].session;
        session.is_some_and(|session| self.checker.outlived(key, session))
    }

    pub fn is_available(&self, process: usize, key: usize) -> bool {
        let now = self.local(process);
        let process = &self.processes[process];
        process.desks[key]
            .locker
            .is_some_and(|locker| process.server.is_available(now, locker))
    }
}

/// The key of a record, as a number.
pub fn key_number(key: &Key) -> usize {
    key.name[1..].parse().expect("records are named k and a number")
}

/// The key of a record.
pub fn record_key(key: usize) -> Key {
    Key {
        kind: Kind::Record,
        space: SPACE.into(),
        name: format!("k{key}").into(),
    }
}
