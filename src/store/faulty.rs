//! A store that fails on purpose, in front of another one: for tests of how a game lives with trouble.
//!
//! Everything is decided by a seed: the same seed and the same sequence of requests give the same faults. There is
//! neither a thread nor a clock in it. Time is counted in steps: each request that comes in is one, and so is each call
//! of [`FaultyStore::step`]. What is held back for `n` steps comes out when the `n`th of them begins.
//!
//! Whatever goes wrong here can go wrong with a store that keeps its promises, as seen through a bad line. Only a
//! conflict that is none is a lie; engines take it for what it may be, an echo of a write of their own.

use super::{
    Abilities, Bytes, Completion, Key, Listener, Receiver, Reply, Request, Store, StoreError, StoreResult, Waiter,
};
use crate::error::{Error, ErrorKind};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Rates are parts of this.
pub const FULL_RATE: u32 = 10_000;

/// The longest that anything is held back, in steps.
pub const MAX_STEPS: u32 = 1_000_000;

/// Which faults, and how often. Each rate is in parts of [`FULL_RATE`]; a request meets one fault at most, so all rates
/// together are at most that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Refused: not carried out, and the answer says so.
    pub refused: u32,
    /// Carried out, but the answer says that the outcome is unknown.
    pub unknown: u32,
    /// The request never arrives, and no answer comes until the request is given up.
    pub request_lost: u32,
    /// Carried out, but no answer comes until the request is given up.
    pub reply_lost: u32,
    /// Carried out at once; the answer is held back for 1 to `longest` steps, so that others overtake it.
    pub delayed: u32,
    /// Writes alone: answered as unknown at once, and carried out 1 to `longest` steps later.
    pub late: u32,
    /// Writes alone: not carried out, and answered with a conflict that is none.
    pub conflict: u32,
    /// The longest that an answer or a late write is held back, in steps, up to [`MAX_STEPS`]. 0 stands for 8.
    pub longest: u32,
    /// Reads go well.
    pub spare_reads: bool,
    /// Writes go well.
    pub spare_writes: bool,
    /// Server records are read and written well: the servers look alive, only the game's records meet trouble.
    pub spare_servers: bool,
}

const DEFAULT_LONGEST: u32 = 8;

impl Faults {
    fn check(&self) -> Result<(), Error> {
        let rates = [
            self.refused,
            self.unknown,
            self.request_lost,
            self.reply_lost,
            self.delayed,
            self.late,
            self.conflict,
        ];
        let all: u64 = rates.iter().map(|rate| u64::from(*rate)).sum();
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        if all > u64::from(FULL_RATE) {
            return invalid(format!(
                "the rates of the faults are {all} together; at most {FULL_RATE}"
            ));
        }
        if self.longest > MAX_STEPS {
            return invalid(format!("{} steps are too long; at most {MAX_STEPS}", self.longest));
        }
        Ok(())
    }

    /// The fault that this roll, below [`FULL_RATE`], stands for.
    fn chosen(&self, roll: u32) -> Option<Fault> {
        let mut roll = roll;
        for (rate, fault) in [
            (self.refused, Fault::Refused),
            (self.unknown, Fault::Unknown),
            (self.request_lost, Fault::RequestLost),
            (self.reply_lost, Fault::ReplyLost),
            (self.delayed, Fault::Delayed),
            (self.late, Fault::Late),
            (self.conflict, Fault::Conflict),
        ] {
            if roll < rate {
                return Some(fault);
            }
            roll -= rate;
        }
        None
    }

    fn spare(&self, request: &Request, fault: Fault) -> bool {
        let read = request.operation.is_read();
        let spared = if read { self.spare_reads } else { self.spare_writes };
        let of_writes = matches!(fault, Fault::Late | Fault::Conflict);
        spared || (read && of_writes) || (self.spare_servers && request.key.kind == super::Kind::Server)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Refused,
    Unknown,
    RequestLost,
    ReplyLost,
    Delayed,
    Late,
    Conflict,
}

/// What was injected so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// All requests that came in.
    pub requests: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that were carried out with an unknown outcome.
    pub unknown: u64,
    /// Requests that never arrived.
    pub requests_lost: u64,
    /// Answers that never came.
    pub replies_lost: u64,
    /// Answers that were held back.
    pub delayed: u64,
    /// Writes that were carried out late.
    pub late: u64,
    /// Conflicts that were none.
    pub conflicts: u64,
}

/// A store in front of another one, which fails as it is told.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    abilities: Abilities,
    state: Arc<Mutex<State>>,
}

struct State {
    faults: Faults,
    random: fastrand::Rng,
    counts: FaultCounts,
    step: u64,
    /// What comes out at a step, oldest first.
    held: Vec<(u64, Held)>,
    /// Those who wait for an answer that will not come.
    lost: HashMap<u64, (Completion, Arc<Lost>)>,
    next_lost: u64,
}

enum Held {
    Answer(Completion, StoreResult),
    Write(Request),
}

impl FaultyStore {
    /// Puts faults in front of `inner`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for rates that are more than everything.
    pub fn new(inner: Arc<dyn Store>, seed: u64, faults: Faults) -> Result<Arc<Self>, Error> {
        faults.check()?;
        let abilities = Abilities {
            name: format!("faulty {}", inner.abilities().name),
            ..inner.abilities().clone()
        };
        let state = State {
            faults,
            random: fastrand::Rng::with_seed(seed),
            counts: FaultCounts::default(),
            step: 0,
            held: Vec::new(),
            lost: HashMap::new(),
            next_lost: 0,
        };
        Ok(Arc::new(Self {
            inner,
            abilities,
            state: Arc::new(Mutex::new(state)),
        }))
    }

    /// The store behind it.
    #[must_use]
    pub fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    /// Changes the faults from the next request on. What is held back stays so.
    ///
    /// # Errors
    /// As [`FaultyStore::new`]; the faults are as before then.
    pub fn set_faults(&self, faults: Faults) -> Result<(), Error> {
        faults.check()?;
        self.state.lock().faults = faults;
        Ok(())
    }

    /// What was injected so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.state.lock().counts
    }

    /// Answers and writes that are held back just now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.state.lock().held.len()
    }

    /// Lets a step pass without a request.
    pub fn step(&self) {
        let due = self.state.lock().pass();
        self.let_out(due);
    }

    /// Lets out all that is held back, in the order in which it would have come. Lost answers stay lost.
    pub fn release(&self) {
        let mut held = std::mem::take(&mut self.state.lock().held);
        held.sort_by_key(|(due, _)| *due);
        self.let_out(held.into_iter().map(|(_, held)| held).collect());
    }

    fn let_out(&self, due: Vec<Held>) {
        for held in due {
            match held {
                Held::Answer(completion, result) => completion.complete(result),
                Held::Write(request) => self.inner.submit(request, unheard()),
            }
        }
    }

    fn meet(&self, fault: Fault, steps: u64, request: Request, completion: Completion) {
        let text = format!(
            "{}: {} of {}",
            self.abilities.name,
            request.operation.name(),
            request.key
        );
        match fault {
            Fault::Refused => {
                completion.complete(Err(StoreError::not_applied(format!("{text} was refused on purpose"))));
            }
            Fault::Conflict => completion.complete(Ok(Reply::Conflict)),
            Fault::RequestLost => lose(&self.state, completion),
            Fault::Late => {
                let mut state = self.state.lock();
                let due = state.step + steps;
                state.held.push((due, Held::Write(request)));
                drop(state);
                completion.complete(Err(StoreError::unknown(format!("{text} is late on purpose"))));
            }
            Fault::Unknown | Fault::ReplyLost | Fault::Delayed => {
                let due = self.state.lock().step + steps;
                let id = completion.id();
                let between = Between {
                    completion,
                    state: Arc::clone(&self.state),
                    fault,
                    due,
                    text,
                };
                self.inner.submit(request, Completion::to(id, between));
            }
        }
    }
}

impl Store for FaultyStore {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }

    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        self.inner.listen(server, listener);
    }

    fn submit(&self, request: Request, completion: Completion) {
        let (due, fault, steps) = {
            let mut state = self.state.lock();
            let due = state.pass();
            let (fault, steps) = state.decide(&request);
            (due, fault, steps)
        };
        // No lock is held: an answer may lead to the next request, on this very thread.
        self.let_out(due);
        match fault {
            Some(fault) => self.meet(fault, steps, request, completion),
            None => self.inner.submit(request, completion),
        }
    }

    fn set_value(&self, key: Key, value: Bytes) -> Result<(), Error> {
        self.inner.set_value(key, value)
    }
}

impl State {
    /// One step passes; gives what comes out with it.
    fn pass(&mut self) -> Vec<Held> {
        self.step += 1;
        let (mut due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(due, _)| *due <= self.step);
        self.held = later;
        due.sort_by_key(|(due, _)| *due);
        due.into_iter().map(|(_, held)| held).collect()
    }

    /// What becomes of the request that came in. Always the same number of draws, so that what is spared, and rates that
    /// are changed, do not move the fate of the requests behind.
    fn decide(&mut self, request: &Request) -> (Option<Fault>, u64) {
        self.counts.requests += 1;
        let roll = self.random.u32(0..FULL_RATE);
        let length = self.random.u32(..);
        let longest = match self.faults.longest {
            0 => DEFAULT_LONGEST,
            longest => longest,
        };
        let fault = self.faults.chosen(roll);
        let fault = fault.filter(|fault| !self.faults.spare(request, *fault));
        match fault {
            None => {}
            Some(Fault::Refused) => self.counts.refused += 1,
            Some(Fault::Unknown) => self.counts.unknown += 1,
            Some(Fault::RequestLost) => self.counts.requests_lost += 1,
            Some(Fault::ReplyLost) => self.counts.replies_lost += 1,
            Some(Fault::Delayed) => self.counts.delayed += 1,
            Some(Fault::Late) => self.counts.late += 1,
            Some(Fault::Conflict) => self.counts.conflicts += 1,
        }
        (fault, u64::from(length % longest) + 1)
    }
}

/// Stands between the inner store and whoever waits.
struct Between {
    completion: Completion,
    state: Arc<Mutex<State>>,
    fault: Fault,
    due: u64,
    text: String,
}

impl Receiver for Between {
    fn answer(self: Box<Self>, result: StoreResult) {
        let Self {
            completion,
            state,
            fault,
            due,
            text,
        } = *self;
        match fault {
            Fault::Unknown => {
                let text = format!("{text} was done on purpose without a word");
                completion.complete(Err(StoreError::unknown(text)));
            }
            Fault::ReplyLost => lose(&state, completion),
            _ => {
                let mut state = state.lock();
                if due > state.step {
                    state.held.push((due, Held::Answer(completion, result)));
                } else {
                    drop(state);
                    completion.complete(result);
                }
            }
        }
    }

    fn watch(&self, waiter: Weak<dyn Waiter>) {
        self.completion.watch(waiter);
    }
}

/// Keeps a completion without an answer until nobody waits for one.
fn lose(state: &Arc<Mutex<State>>, completion: Completion) {
    let mut locked = state.lock();
    let number = locked.next_lost;
    locked.next_lost += 1;
    let waiter = Arc::new(Lost {
        state: Arc::downgrade(state),
        number,
    });
    let weak: Weak<Lost> = Arc::downgrade(&waiter);
    completion.watch(weak);
    locked.lost.insert(number, (completion, waiter));
}

/// An answer that will not come.
struct Lost {
    state: Weak<Mutex<State>>,
    number: u64,
}

impl Waiter for Lost {
    fn given_up(&self) {
        let state = self.state.upgrade();
        let lost = state.and_then(|state| state.lock().lost.remove(&self.number));
        // Dropped here, without the lock: the completion answers whoever no longer listens.
        drop(lost);
    }
}

/// A completion that nobody hears.
fn unheard() -> Completion {
    struct Nobody;
    impl Receiver for Nobody {
        fn answer(self: Box<Self>, _result: StoreResult) {}
        fn watch(&self, _waiter: Weak<dyn Waiter>) {}
    }
    Completion::to(super::RequestId(0), Nobody)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Operation;

    #[test]
    fn a_roll_stands_for_one_fault_by_its_rate() {
        let faults = Faults {
            refused: 1,
            unknown: 2,
            conflict: 3,
            ..Faults::default()
        };
        let chosen: Vec<_> = (0..8).map(|roll| faults.chosen(roll)).collect();
        use Fault::{Conflict, Refused, Unknown};
        let expected = [Refused, Unknown, Unknown, Conflict, Conflict, Conflict].map(Some);
        assert_eq!(chosen[..6], expected);
        assert_eq!(chosen[6..], [None, None]);
    }

    #[test]
    fn more_than_everything_is_refused() {
        let faults = Faults {
            refused: FULL_RATE,
            late: 1,
            ..Faults::default()
        };
        assert_eq!(faults.check().unwrap_err().kind(), ErrorKind::InvalidArgument);
        let faults = Faults {
            longest: MAX_STEPS + 1,
            ..Faults::default()
        };
        assert!(faults.check().is_err());
    }

    #[test]
    fn only_writes_are_late_or_conflict() {
        let key = Key {
            kind: crate::store::Kind::Record,
            space: "player".into(),
            name: "1".into(),
        };
        let get = Request {
            key: key.clone(),
            operation: Operation::Get,
        };
        let faults = Faults::default();
        assert!(faults.spare(&get, Fault::Late) && faults.spare(&get, Fault::Conflict));
        assert!(!faults.spare(&get, Fault::Refused));
    }
}
