//! The names of the protocol, as small numbers: of incarnations, operations, tries of beats and versions of keys.
//!
//! Names are only ever compared: same or not, newer or older. So after each step those that are still in use are counted
//! anew from 0 in their order, and states that differ in nothing else become one. That is why beats, looks and writes of
//! the header need no limit in the model.

use crate::state::{Flight, Put, State, Stored};
use crate::store::{Expected, Outcome, Record, ServerRecord};

/// The most engines that a model has.
pub const ENGINES: usize = 3;

/// An incarnation or an operation: the engine that made it, and a number that the engine counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    pub engine: u8,
    pub number: u8,
}

/// What a number is the name of. Each domain counts by itself.
#[derive(Clone, Copy, Debug)]
pub enum Domain {
    RecordVersion,
    /// A version of the server record of this engine.
    ServerVersion(u8),
    /// A try of a beat.
    Nonce(u8),
    Incarnation(u8),
    Operation(u8),
}

/// How many domains there are.
pub const DOMAINS: usize = 1 + 4 * ENGINES;

impl Domain {
    /// Engines with the same server id share the versions of one server record.
    pub fn index(self, server_ids: [u8; ENGINES]) -> usize {
        let (kind, of) = match self {
            Self::RecordVersion => return 0,
            Self::ServerVersion(engine) => (0, server_ids[usize::from(engine)]),
            Self::Nonce(engine) => (1, engine),
            Self::Incarnation(engine) => (2, engine),
            Self::Operation(engine) => (3, engine),
        };
        1 + kind * ENGINES + usize::from(of)
    }
}

/// What is done with each name of a state.
trait Visitor {
    fn number(&mut self, domain: Domain, number: &mut u8);

    /// The engine of a name that says its own.
    fn engine(&mut self, _engine: &mut u8) {}
}

impl<F: FnMut(Domain, &mut u8)> Visitor for F {
    fn number(&mut self, domain: Domain, number: &mut u8) {
        self(domain, number);
    }
}

fn operation(name: &mut Name, visit: &mut impl Visitor) {
    visit.number(Domain::Operation(name.engine), &mut name.number);
    visit.engine(&mut name.engine);
}

fn incarnation(name: &mut Name, visit: &mut impl Visitor) {
    visit.number(Domain::Incarnation(name.engine), &mut name.number);
    visit.engine(&mut name.engine);
}

/// A value of the store, with the names in it.
trait Names {
    fn names(&mut self, visit: &mut impl Visitor);
    fn version_domain(&self) -> Domain;
}

impl Names for Record {
    fn names(&mut self, visit: &mut impl Visitor) {
        operation(&mut self.op, visit);
        operation(&mut self.author, visit);
        if let Some(holder) = &mut self.holder {
            incarnation(&mut holder.incarnation, visit);
            operation(&mut holder.op, visit);
        }
        for past in self.past.iter_mut().flatten() {
            operation(&mut past.op, visit);
        }
    }

    fn version_domain(&self) -> Domain {
        Domain::RecordVersion
    }
}

impl Names for ServerRecord {
    fn names(&mut self, visit: &mut impl Visitor) {
        visit.number(Domain::Nonce(self.incarnation.engine), &mut self.nonce);
        incarnation(&mut self.incarnation, visit);
    }

    fn version_domain(&self) -> Domain {
        Domain::ServerVersion(self.incarnation.engine)
    }
}

fn stored<T: Names>(stored: &mut Stored<T>, visit: &mut impl Visitor) {
    visit.number(stored.value.version_domain(), &mut stored.version);
    stored.value.names(visit);
}

fn put<T: Names>(put: &mut Put<T>, visit: &mut impl Visitor) {
    let domain = put.value.version_domain();
    if let Expected::Version(version) = &mut put.expected {
        visit.number(domain, version);
    }
    if let Outcome::Written(version) = &mut put.outcome {
        visit.number(domain, version);
    }
    put.value.names(visit);
}

fn flight<T: Names>(flight: &mut Flight<T>, visit: &mut impl Visitor) {
    match flight {
        Flight::None | Flight::Read(None) => {}
        Flight::Read(Some(found)) => stored(found, visit),
        Flight::Put(sent) => put(sent, visit),
    }
}

mod engine {
    use super::{flight, incarnation, operation, stored, Domain, Visitor};
    use crate::state::{Beat, Engine, Held, Locker, Phase, Watch};

    fn beat(beat: &mut Beat, me: u8, visit: &mut impl Visitor) {
        flight(&mut beat.flight, visit);
        visit.number(Domain::Incarnation(me), &mut beat.born);
        incarnation(&mut beat.candidate, visit);
        if let Some(name) = &mut beat.incarnation {
            incarnation(name, visit);
        }
        if let Some(version) = &mut beat.version {
            visit.number(Domain::ServerVersion(me), version);
        }
        for sent in beat.tries.iter_mut().flatten() {
            visit.number(Domain::Nonce(me), &mut sent.nonce);
        }
        if let Some(seen) = &mut beat.predecessor {
            visit.number(Domain::Nonce(seen.incarnation.engine), &mut seen.nonce);
            incarnation(&mut seen.incarnation, visit);
        }
    }

    fn watch(watch: &mut Watch, visit: &mut impl Visitor) {
        flight(&mut watch.flight, visit);
        if let Some(wanted) = &mut watch.wanted {
            incarnation(wanted, visit);
        }
        if let Some(found) = watch.seen.as_mut().and_then(|seen| seen.found.as_mut()) {
            stored(found, visit);
        }
        if let Some((of, nonce)) = &mut watch.lettered {
            visit.number(Domain::Nonce(of.engine), nonce);
            incarnation(of, visit);
        }
    }

    fn held(held: &mut Held, visit: &mut impl Visitor) {
        visit.number(Domain::RecordVersion, &mut held.version);
        incarnation(&mut held.incarnation, visit);
        operation(&mut held.op, visit);
        for past in held.past.iter_mut().flatten() {
            operation(&mut past.op, visit);
        }
        for attempt in held.in_doubt.iter_mut().flatten() {
            operation(&mut attempt.op, visit);
            incarnation(&mut attempt.incarnation, visit);
        }
    }

    fn locker(locker: &mut Locker, visit: &mut impl Visitor) {
        flight(&mut locker.flight, visit);
        match &mut locker.phase {
            Phase::Idle | Phase::Reclaiming(None) => {}
            Phase::Reclaiming(Some(found)) => stored(found, visit),
            Phase::Acquiring(acquire) => {
                for op in acquire.tries.iter_mut().flatten() {
                    operation(op, visit);
                }
                if let Some(holder) = &mut acquire.holder {
                    incarnation(holder, visit);
                }
            }
            Phase::Held(session) => held(session, visit),
        }
    }

    /// All but the verdicts, which alone do not keep a name in use.
    pub fn names(engine: &mut Engine, me: u8, visit: &mut impl Visitor) {
        beat(&mut engine.beat, me, visit);
        locker(&mut engine.locker, visit);
        if let Some(of) = &mut engine.watch {
            watch(of, visit);
        }
    }
}

/// All but the verdicts, which alone do not keep a name in use.
fn names_in_use(state: &mut State, visit: &mut impl Visitor) {
    if let Some(record) = &mut state.record {
        stored(record, visit);
    }
    for record in state.servers.iter_mut().flatten() {
        stored(record, visit);
    }
    for late in state.late_records.iter_mut().flatten() {
        put(&mut late.put, visit);
    }
    for late in state.late_servers.iter_mut().flatten() {
        put(&mut late.put, visit);
    }
    if let Some((_, version)) = &mut state.late_answer {
        visit.number(Domain::RecordVersion, version);
    }
    for (me, engine) in state.engines.iter_mut().enumerate() {
        if let Some(engine) = engine {
            engine::names(engine, me as u8, visit);
        }
    }
}

/// Counts the names in use anew, and forgets verdicts on names that nothing mentions any more.
pub fn count_anew(state: &mut State, server_ids: [u8; ENGINES]) {
    let mut used = [0u32; DOMAINS];
    names_in_use(state, &mut |domain: Domain, number: &mut u8| {
        used[domain.index(server_ids)] |= 1 << *number;
    });
    // A version of a server record is only ever compared with the stored one: all others are equally old.
    for (server, stored) in state.servers.iter().enumerate() {
        used[1 + server] = stored.map_or(0, |stored| 1 << stored.version);
    }
    let rank = |domain: Domain, number: &mut u8| {
        let used = used[domain.index(server_ids)];
        *number = match domain {
            Domain::ServerVersion(_) => u8::from(used & 1 << *number != 0),
            _ => (used & ((1u32 << *number) - 1)).count_ones() as u8,
        };
    };
    let in_use = |name: &Name| used[Domain::Incarnation(name.engine).index(server_ids)] & 1 << name.number != 0;
    let verdicts = state.engines.iter_mut().flatten().map(|engine| &mut engine.dead);
    for verdicts in verdicts.chain([&mut state.over]) {
        for verdict in verdicts.iter_mut() {
            *verdict = verdict.filter(in_use);
            if let Some(name) = verdict {
                incarnation(name, &mut { rank });
            }
        }
        verdicts.sort_unstable();
    }
    names_in_use(state, &mut { rank });
    for (next, used) in state.next.iter_mut().zip(used) {
        *next = used.count_ones() as u8;
    }
    state.next[1..=ENGINES].fill(2);
}

/// Gives each engine the place of another.
struct Exchange([u8; ENGINES]);

impl Visitor for Exchange {
    fn number(&mut self, _: Domain, _: &mut u8) {}

    fn engine(&mut self, engine: &mut u8) {
        *engine = self.0[usize::from(*engine)];
    }
}

/// The state with the engines in other places: the engine at `i` goes to `places[i]`, with its server id and everything
/// that names it. Servers are alike, so that the state is as good as the one before.
pub fn exchange(state: &State, places: [u8; ENGINES]) -> State {
    let mut exchanged = *state;
    let mut exchange = Exchange(places);
    names_in_use(&mut exchanged, &mut exchange);
    let engines = exchanged.engines.iter_mut().flatten().map(|engine| &mut engine.dead);
    for verdicts in engines.chain([&mut exchanged.over]) {
        for name in verdicts.iter_mut().flatten() {
            incarnation(name, &mut exchange);
        }
        verdicts.sort_unstable();
    }
    for late in exchanged.late_records.iter_mut().flatten() {
        exchange.engine(&mut late.sender);
    }
    for late in exchanged.late_servers.iter_mut().flatten() {
        exchange.engine(&mut late.sender);
    }
    if let Some((sender, _)) = &mut exchanged.late_answer {
        exchange.engine(sender);
    }
    let before = exchanged;
    for (from, to) in places.iter().enumerate() {
        let to = usize::from(*to);
        exchanged.engines[to] = before.engines[from];
        exchanged.servers[to] = before.servers[from];
        for kind in 0..4 {
            exchanged.next[1 + kind * ENGINES + to] = before.next[1 + kind * ENGINES + from];
        }
    }
    for watch in exchanged
        .engines
        .iter_mut()
        .flatten()
        .flat_map(|engine| &mut engine.watch)
    {
        exchange.engine(&mut watch.server);
    }
    exchanged.sort_late();
    exchanged
}
