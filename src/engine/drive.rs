//! Driving the core: what is due is stepped, what may be sent is sent, what was answered is passed on.

use super::beat::Notice;
use super::core::{Action, Core, InFlight, LockerSlot, SpecSlot, StoreSlot, Target};
use super::event::{place, Event, LockerId, Source, SpecId, StoreId};
use super::health::{fitting, Turn};
use super::metrics::operation_of;
use super::schedule::Sender;
use super::timers::Sleeper;
use super::waking::Whom;
use super::watch::Watch;
use crate::clock::Time;
use crate::locker::call::CallAnswer;
use crate::locker::event::Event as LockerEvent;
use crate::locker::inputs::{Inputs, Outputs, Priority, Verdicts};
use crate::locker::Built;
use crate::log::Level;
use crate::planted::{Bug, Bugs};
use crate::record::server::Letter;
use crate::record::Document;
use crate::store::{Request, RequestId, StoreError, StoreResult};
use std::sync::Arc;

/// After so many steps without an action the caller gets a chance to look at the clock.
const STEPS_PER_POLL: usize = 32;

/// What a step is told that does not depend on what is stepped.
pub(super) struct Moment {
    now: Time,
    wall_ms: i64,
    jitter: f64,
    shutting_down: bool,
    bugs: Bugs,
    next_change: u64,
}

impl Moment {
    /// All that something on this store is told.
    pub(super) fn inputs<'a>(&self, store: &'a StoreSlot, verdicts: &'a Verdicts) -> Inputs<'a> {
        Inputs {
            now: self.now,
            wall_ms: self.wall_ms,
            jitter: self.jitter,
            server: store.beat.view(),
            verdicts,
            shutting_down: self.shutting_down,
            bugs: self.bugs,
            critical: store.health.is_critical(),
            next_change: self.next_change,
        }
    }
}

impl Core {
    /// The next thing to do; call it until it gives `None`. `now` is the steady time, `wall_ms` is for people.
    pub fn poll(&mut self, now: Time, wall_ms: i64) -> Option<Action> {
        if let Some(action) = self.poll_server(now, wall_ms) {
            return Some(action);
        }
        for _ in 0..STEPS_PER_POLL {
            let Some(index) = self.ready.pop_front() else {
                if let Some(call) = self.step_visits(now) {
                    return Some(call);
                }
                self.poll_shutdown(now);
                let rest = (!self.waking.is_empty()).then_some(Action::Yield);
                return self.send_next(now).or(rest);
            };
            if let Some(action) = self.step_locker(now, index) {
                return Some(action);
            }
        }
        Some(self.send_next(now).unwrap_or(Action::Yield))
    }

    /// Whether `poll` has something to do at `now`, or left something to be taken away. What has nothing due is told the
    /// time by this alone.
    pub fn has_work(&mut self, now: Time) -> bool {
        self.now = now;
        let left = !self.given_up.is_empty() || !self.log.is_empty();
        let ending = self.shutdown.as_ref().is_some_and(|shutdown| !shutdown.done);
        left || ending || self.next_due().is_some_and(|due| due <= now)
    }

    /// The next thing to do for this locker alone, its server's beat and what it waits for included.
    pub fn poll_locker(&mut self, now: Time, wall_ms: i64, id: LockerId) -> Option<Action> {
        if let Some(action) = self.poll_server(now, wall_ms) {
            return Some(action);
        }
        let ready = self.slot_mut(id).is_some_and(|slot| slot.ready);
        if ready {
            self.ready.retain(|index| *index != id.index);
            if let Some(action) = self.step_locker(now, id.index) {
                return Some(action);
            }
        }
        self.send_next(now)
    }

    /// What comes before any locker: beats, time-outs, and the wake-ups that are due.
    fn poll_server(&mut self, now: Time, wall_ms: i64) -> Option<Action> {
        self.wall_ms = wall_ms;
        self.now = now;
        let beat = self.poll_beats(now);
        if beat.is_none() {
            self.expire_requests(now);
            self.wake_sleepers(now);
            self.go_on_waking();
        }
        beat
    }

    /// When `poll` has something to do by itself; `None` if only an answer or the host can change anything.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        if !self.ready.is_empty() || !self.ready_visits.is_empty() || !self.waking.is_empty() {
            return Some(Time(0));
        }
        let sendable = self.stores.iter().filter_map(|store| store.schedule.next());
        let beats = self.stores.iter().filter_map(|store| store.beat.due());
        let deadline = self
            .shutdown
            .as_ref()
            .filter(|shutdown| !shutdown.done)
            .map(|shutdown| shutdown.deadline);
        beats.chain(sendable).chain(self.timers.next()).chain(deadline).min()
    }

    /// The answer to a request. One that was given up, or never made, is ignored.
    pub fn complete(&mut self, now: Time, id: RequestId, result: StoreResult) {
        let Some(InFlight {
            store,
            target,
            operation,
            sent,
        }) = self.in_flight.remove(&id)
        else {
            return;
        };
        self.now = now;
        let result = fitting(operation, result);
        let took = now.since(sent);
        self.count_result(store, operation, &result, took);
        self.follow_health(now, store, &target, &result);
        if !matches!(target, Target::Beat(_)) {
            self.stores[store.0 as usize].schedule.answered(took);
        }
        match target {
            Target::Locker(locker, _) => self.complete_locker(now, locker, id, result),
            Target::Beat(store) => {
                let mut notices = Vec::new();
                self.stores[store.0 as usize].beat.reply(now, result, &mut notices);
                self.take_notices(store, notices);
            }
            Target::Watch(store, server) => self.complete_watch(now, store, &server, result),
            Target::Visit(visit, _) => self.complete_visit(now, visit, id, result),
        }
    }

    /// The spec of the record that a request is about; `None` for requests about servers, and those that are over.
    pub(super) fn spec_of_request(&self, id: RequestId) -> Option<SpecId> {
        match &self.in_flight.get(&id)?.target {
            Target::Locker(locker, _) => self.slot(*locker).map(|slot| slot.spec),
            Target::Visit(visit, _) => self.visits.get(visit).map(|slot| slot.spec),
            Target::Beat(_) | Target::Watch(..) => None,
        }
    }

    /// The host's answer to a call.
    pub fn finish_call(&mut self, now: Time, id: LockerId, answer: CallAnswer) {
        self.now = now;
        let change = self.new_change();
        self.with_locker(now, id.index, |slot, inputs, out| {
            slot.locker.finish_call(inputs, answer, change, out);
        });
        self.make_ready(id.index);
    }

    // Beats and watches --------------------------------------------------------------------------------------------

    fn poll_beats(&mut self, now: Time) -> Option<Action> {
        for index in 0..self.stores.len() {
            let store = StoreId::at(index);
            let beat = &mut self.stores[index].beat;
            if beat.due().is_none_or(|due| due > now) {
                continue;
            }
            let mut notices = Vec::new();
            let send = beat.poll(now, &mut notices);
            let request = if send { beat.build(now, self.wall_ms) } else { None };
            self.take_notices(store, notices);
            if let Some(request) = request {
                self.stores[index].schedule.beat_sent(now);
                return Some(self.submit(now, store, Target::Beat(store), request));
            }
        }
        None
    }

    fn take_notices(&mut self, store: StoreId, notices: Vec<Notice>) {
        for notice in notices {
            let name = self.stores[store.0 as usize].abilities.name.clone();
            let cause = match &notice {
                Notice::Trouble(_, cause) => Some(*cause),
                _ => None,
            };
            self.log_store(level_of_notice(&notice), store, cause, || {
                format!("store `{name}`: {}", notice.brief())
            });
            match notice {
                Notice::Registered => self.wake_all(store, Whom::Busy),
                Notice::Ended => self.events.push_back(Event::Ended { store: name }),
                Notice::Superseded => self.events.push_back(Event::ServerIdInUse {
                    store: name,
                    superseded: true,
                }),
                Notice::IdInUse => self.events.push_back(Event::ServerIdInUse {
                    store: name,
                    superseded: false,
                }),
                Notice::Suspect => self.events.push_back(Event::Suspect { store: name }),
                Notice::Fresh => {
                    self.events.push_back(Event::Fresh { store: name });
                    self.wake_all(store, Whom::WaitingForLease);
                }
                Notice::Trouble(text, cause) => {
                    let store = name;
                    self.events.push_back(Event::StoreTrouble { store, text, cause });
                }
                Notice::Letters(letters) => self.read_letters(store, letters),
            }
        }
    }

    /// Tells when so many requests fail that a store is in a critical state, and when that is over.
    fn follow_health(&mut self, now: Time, store: StoreId, target: &Target, result: &StoreResult) {
        let slot = &mut self.stores[store.0 as usize];
        let turn = slot.health.note(now, result);
        let Some(turn) = turn else {
            return;
        };
        let name = slot.abilities.name.clone();
        match (turn, result) {
            (Turn::Critical, Err(error)) => {
                slot.counters.critical += 1;
                let text = error.to_string();
                let words = self.masked(&text, &self.key_of(target).as_deref().into_iter().collect::<Vec<_>>());
                self.log_store(Level::Error, store, Some(error.cause), || {
                    format!("store `{name}` is in a critical state: {words}")
                });
                let event = Event::StoreCritical {
                    store: name.clone(),
                    text: text.clone(),
                    cause: error.cause,
                };
                self.events.push_back(event);
            }
            _ => {
                self.log_store(Level::Info, store, None, || format!("store `{name}` is well again"));
                self.events.push_back(Event::StoreRecovered { store: name.clone() });
            }
        }
    }

    /// The key of the locker that a request is for.
    fn key_of(&self, target: &Target) -> Option<Arc<str>> {
        match target {
            Target::Locker(id, _) => self.slot(*id).map(|slot| Arc::clone(&slot.locker.key().name)),
            Target::Visit(id, _) => self.visits.get(id).map(|slot| Arc::clone(&slot.key)),
            Target::Beat(_) | Target::Watch(..) => None,
        }
    }

    /// The spec of this name on this store.
    pub(super) fn spec_named(&self, store: StoreId, name: &str) -> Option<SpecId> {
        let fits = |slot: &SpecSlot| slot.store == store && *slot.spec.name == *name;
        self.specs.iter().position(fits).map(SpecId::at)
    }

    fn read_letters(&mut self, store: StoreId, letters: Vec<Letter>) {
        for letter in letters {
            let Some(spec) = self.spec_named(store, &letter.space) else {
                continue;
            };
            let default = if self.specs[spec.0 as usize].spec.opaque {
                Document::from_bytes(&[])
            } else {
                Document::default()
            };
            let index = self.locker_index(spec, &letter.name, default);
            if let Some(used) = &mut self.slots[index as usize].used {
                used.locker.attend();
            }
            self.make_ready(index);
        }
    }

    fn complete_watch(&mut self, now: Time, store: StoreId, server: &Arc<str>, result: StoreResult) {
        let jitter = self.rng.f64();
        let Some(watch) = self.stores[store.0 as usize].watches.get_mut(server) else {
            return;
        };
        let freed = watch.reply(now, jitter, result, &mut self.verdicts);
        for index in freed {
            self.make_ready(index);
        }
        self.plan_watch(store, server);
    }

    /// Sets the timer of a watch, or forgets the watch if nobody needs it.
    fn plan_watch(&mut self, store: StoreId, server: &Arc<str>) {
        let watches = &mut self.stores[store.0 as usize].watches;
        let Some(watch) = watches.get(server) else {
            return;
        };
        if watch.is_done() {
            watches.remove(server);
        } else if let Some(due) = watch.due() {
            self.timers.wake(due, Sleeper::Watch(store, Arc::clone(server)));
        }
    }

    /// Leaves a letter for a server for whose verdict nobody waits.
    pub(super) fn post_letter(&mut self, now: Time, store: StoreId, server: &str, letter: Letter) {
        let server: Arc<str> = server.into();
        let bugs = self.options.bugs;
        let watches = &mut self.stores[store.0 as usize].watches;
        let watch = watches
            .entry(Arc::clone(&server))
            .or_insert_with(|| Watch::new(&server, bugs));
        watch.post_errand(now, letter);
        self.plan_watch(store, &server);
    }

    /// Keeps the watches in step with what a locker waits for.
    fn follow_watching(&mut self, now: Time, index: u32) {
        let id = self.id_of(index);
        let Some(slot) = self.slot_mut(id) else {
            return;
        };
        let watching = slot.locker.watching();
        if slot.watching.as_deref() == watching.as_ref() {
            return;
        }
        let store = slot.store;
        let key = slot.locker.key().clone();
        let lease_ms = slot.locker.holder_lease_ms();
        let before = std::mem::replace(&mut slot.watching, watching.clone().map(Box::new));
        let bugs = self.options.bugs;
        let watches = &mut self.stores[store.0 as usize].watches;
        let same_holder = match (&before, &watching) {
            (Some(a), Some(b)) => a.server == b.server && a.incarnation == b.incarnation,
            _ => false,
        };
        let letters_before = before
            .as_ref()
            .filter(|_| same_holder)
            .map_or(0, |before| before.letters);
        if let Some(before) = before.filter(|_| !same_holder) {
            if let Some(watch) = watches.get_mut(&before.server) {
                watch.unwant(before.incarnation, index);
            }
            self.plan_watch(store, &before.server);
        }
        let Some(watching) = watching else {
            return;
        };
        let watches = &mut self.stores[store.0 as usize].watches;
        let watch = watches
            .entry(Arc::clone(&watching.server))
            .or_insert_with(|| Watch::new(&watching.server, bugs));
        watch.want(now, watching.incarnation, lease_ms, index);
        if watching.letters > letters_before {
            let letter = Letter {
                space: key.space.to_string(),
                name: key.name.to_string(),
            };
            watch.post(now, letter);
        }
        self.plan_watch(store, &watching.server);
    }

    // Lockers ------------------------------------------------------------------------------------------------------

    /// Steps a locker; gives the call to the host that it wants, if any.
    fn step_locker(&mut self, now: Time, index: u32) -> Option<Action> {
        let slot = self.slots[index as usize].used.as_mut()?;
        slot.ready = false;
        let outputs = self.with_locker(now, index, |slot, inputs, out| slot.locker.poll(inputs, out))?;
        if let Some(priority) = outputs.send {
            self.queue_locker(index, priority);
        }
        outputs.call.map(|call| self.call_action(index, call))
    }

    fn call_action(&mut self, index: u32, call: crate::locker::call::HostCall) -> Action {
        let id = self.id_of(index);
        let slot = self.slots[index as usize].used.as_ref();
        let (spec, key, tag) = slot.map_or((SpecId(0), "".into(), 0), |slot| {
            (slot.spec, Arc::clone(&slot.locker.key().name), slot.tag)
        });
        Action::Call {
            locker: id,
            spec,
            key,
            tag,
            call,
        }
    }

    fn queue_locker(&mut self, index: u32, priority: Priority) {
        let id = self.id_of(index);
        let Some(slot) = self.slot_mut(id) else {
            return;
        };
        if slot.queued.is_some_and(|queued| queued <= priority) {
            return;
        }
        slot.queued = Some(priority);
        let store = slot.store;
        self.stores[store.0 as usize]
            .schedule
            .push(priority, Sender::Locker(id));
    }

    fn complete_locker(&mut self, now: Time, id: LockerId, request: RequestId, result: StoreResult) {
        let late_accepted = self.options.bugs.has(Bug::LateAnswersAccepted);
        let Some(slot) = self.slot_mut(id) else {
            return;
        };
        if slot.request != Some(request) && !late_accepted {
            return;
        }
        slot.request = None;
        self.with_locker(now, id.index, |slot, inputs, out| {
            slot.locker.reply(inputs, result, out);
        });
        self.make_ready(id.index);
    }

    pub(super) fn moment(&mut self, now: Time) -> Moment {
        Moment {
            now,
            wall_ms: self.wall_ms,
            jitter: self.rng.f64(),
            shutting_down: self.shutdown.is_some(),
            bugs: self.options.bugs,
            next_change: self.next_change,
        }
    }

    /// Calls `step` with a locker and what it must be told, and does what every step calls for afterwards.
    fn with_locker(
        &mut self,
        now: Time,
        index: u32,
        step: impl FnOnce(&mut LockerSlot, &Inputs<'_>, &mut Outputs),
    ) -> Option<Outputs> {
        let moment = self.moment(now);
        let slot = self.slots.get_mut(index as usize)?.used.as_mut()?;
        let store = &self.stores[slot.store.0 as usize];
        let inputs = moment.inputs(store, &self.verdicts);
        let spec = slot.spec;
        let mut outputs = Outputs::default();
        step(slot, &inputs, &mut outputs);
        self.count_facts(now, spec, &outputs.facts);
        self.next_change += outputs.changes_made;
        self.after_step(now, index, &mut outputs);
        Some(outputs)
    }

    fn after_step(&mut self, now: Time, index: u32, outputs: &mut Outputs) {
        self.deliver_of_locker(index, std::mem::take(&mut outputs.deliver));
        self.tell(index, std::mem::take(&mut outputs.events));
        let id = self.id_of(index);
        if let Some(wake) = outputs.wake {
            if let Some(slot) = self.slot_mut(id) {
                if slot.wake_at != Some(wake) {
                    slot.wake_at = Some(wake);
                    let generation = id.generation;
                    self.timers.wake(wake, Sleeper::Locker { index, generation });
                }
            }
        }
        self.follow_watching(now, index);
        self.show_availability(index);
        self.count_idle(index);
    }

    fn count_idle(&mut self, index: u32) {
        let id = self.id_of(index);
        let Some(slot) = self.slot_mut(id) else {
            return;
        };
        let idle = slot.locker.is_idle();
        let was_idle = std::mem::replace(&mut slot.idle, idle);
        let forget = idle && slot.handles == 0;
        match (was_idle, idle) {
            (true, false) => self.busy_lockers += 1,
            (false, true) => self.busy_lockers -= 1,
            _ => {}
        }
        if forget {
            self.forget(index);
        }
    }

    /// Frees the slot of an idle locker that the host has no handle of.
    fn forget(&mut self, index: u32) {
        self.by_key.remove(&self.slots, index);
        let slot = &mut self.slots[index as usize];
        slot.used = None;
        slot.generation += 1;
        // A slot whose generations are used up is never given again.
        if slot.generation != u32::MAX {
            self.free.push(index);
        }
    }

    pub(super) fn tell(&mut self, index: u32, events: Vec<LockerEvent>) {
        if events.is_empty() {
            return;
        }
        let Some(source) = self.source_of(index) else {
            return;
        };
        let loaded = events.iter().find_map(|event| match event {
            LockerEvent::Loaded { epoch } => Some(*epoch),
            _ => None,
        });
        if let (Some(epoch), Some(slot)) = (loaded, self.slots[index as usize].used.as_mut()) {
            slot.last_epoch = Some(epoch);
        }
        self.log_locker(index, &events);
        self.count_events(source.spec, &events);
        for event in events {
            let ends_something = matches!(
                event,
                LockerEvent::Lost { .. }
                    | LockerEvent::Released { .. }
                    | LockerEvent::ChangeSettled { .. }
                    | LockerEvent::OfflineDropped { .. }
                    | LockerEvent::Refused { .. }
                    | LockerEvent::Deleted
                    | LockerEvent::Receipt { .. }
                    | LockerEvent::CreditUsed { .. }
            );
            if source.closed && !ends_something {
                continue;
            }
            let source = source.clone();
            self.events.push_back(Event::Locker { source, event });
        }
    }

    pub(super) fn source_of(&self, index: u32) -> Option<Source> {
        let slot = self.slots[index as usize].used.as_ref()?;
        Some(Source {
            locker: self.id_of(index),
            spec: slot.spec,
            key: Arc::clone(&slot.locker.key().name),
            tag: slot.tag,
            closed: slot.handles == 0,
        })
    }

    pub(super) fn make_ready(&mut self, index: u32) {
        if let Some(slot) = self.slots[index as usize].used.as_mut() {
            if !slot.ready {
                slot.ready = true;
                self.ready.push_back(index);
            }
        }
    }

    pub(super) fn id_of(&self, index: u32) -> LockerId {
        LockerId {
            index,
            generation: self.slots[index as usize].generation,
        }
    }

    pub(super) fn slot(&self, id: LockerId) -> Option<&LockerSlot> {
        let slot = self.slots.get(id.index as usize)?;
        slot.used.as_deref().filter(|_| slot.generation == id.generation)
    }

    pub(super) fn slot_mut(&mut self, id: LockerId) -> Option<&mut LockerSlot> {
        let slot = self.slots.get_mut(id.index as usize)?;
        slot.used.as_deref_mut().filter(|_| slot.generation == id.generation)
    }

    // Time and requests --------------------------------------------------------------------------------------------

    fn wake_sleepers(&mut self, now: Time) {
        while let Some((at, sleeper)) = self.timers.pop_wake(now) {
            match sleeper {
                Sleeper::Locker { index, generation } => {
                    let Some(slot) = self.slot_mut(LockerId { index, generation }) else {
                        continue;
                    };
                    if slot.wake_at == Some(at) {
                        slot.wake_at = None;
                        self.make_ready(index);
                    }
                }
                Sleeper::Watch(store, server) => self.queue_watch(now, store, server),
                Sleeper::Visit(id) => self.wake_visit(at, id),
            }
        }
    }

    /// Has a watch send what is due.
    pub(super) fn queue_watch(&mut self, now: Time, store: StoreId, server: Arc<str>) {
        let slot = &mut self.stores[store.0 as usize];
        let due = slot.watches.get(&server).and_then(Watch::due);
        if due.is_some_and(|due| due <= now) {
            // In turn with the loads that wait for it: above them, two watches would leave a narrow store no room.
            slot.schedule.push(Priority::Load, Sender::Watch(server));
        }
    }

    fn expire_requests(&mut self, now: Time) {
        loop {
            let in_flight = &self.in_flight;
            let expired = self.timers.pop_time_out(now, |id| !in_flight.contains_key(&id));
            let Some(id) = expired else {
                return;
            };
            self.given_up.push(id);
            let text = format!("no answer within {:?}", self.options.request_timeout);
            if self.options.bugs.has(Bug::LateAnswersAccepted) {
                self.expire_but_listen(now, id, text);
                continue;
            }
            self.complete(now, id, Err(StoreError::unknown(text)));
        }
    }

    /// Planted: the request is given up, and its late answer is taken all the same.
    fn expire_but_listen(&mut self, now: Time, id: RequestId, text: String) {
        let entry = self.in_flight.get(&id).cloned();
        self.complete(now, id, Err(StoreError::unknown(text)));
        if let Some(entry) = entry {
            self.in_flight.insert(id, entry);
        }
    }

    fn send_next(&mut self, now: Time) -> Option<Action> {
        for index in 0..self.stores.len() {
            let store = StoreId::at(index);
            while let Some((priority, sender)) = self.stores[index].schedule.pop(now) {
                let action = match sender {
                    Sender::Watch(server) => self.send_watch(now, store, server),
                    Sender::Locker(id) => self.send_locker(now, store, id, priority),
                    Sender::Visit(id) => self.send_visit(now, store, id, priority),
                };
                if action.is_some() {
                    return action;
                }
            }
        }
        None
    }

    fn send_watch(&mut self, now: Time, store: StoreId, server: Arc<str>) -> Option<Action> {
        let watch = self.stores[store.0 as usize].watches.get_mut(&server)?;
        let request = watch.build(now)?;
        self.stores[store.0 as usize].schedule.sent(now);
        Some(self.submit(now, store, Target::Watch(store, server), request))
    }

    fn send_locker(&mut self, now: Time, store: StoreId, id: LockerId, priority: Priority) -> Option<Action> {
        let slot = self.slot_mut(id)?;
        if slot.queued != Some(priority) {
            // It has moved to a queue of higher priority since, and was served there.
            return None;
        }
        slot.queued = None;
        let op = self.new_operation();
        let mut built = Built::Nothing;
        let outputs = self.with_locker(now, id.index, |slot, inputs, out| {
            built = slot.locker.build(inputs, op, out);
        })?;
        drop(outputs);
        match built {
            Built::Nothing => {
                self.make_ready(id.index);
                None
            }
            Built::Call(call) => {
                self.slot_mut(id)?.queued = Some(priority);
                self.stores[store.0 as usize]
                    .schedule
                    .push_front(priority, Sender::Locker(id));
                Some(self.call_action(id.index, call))
            }
            Built::Request(request) => {
                self.stores[store.0 as usize].schedule.sent(now);
                let request_id = self.peek_request_id();
                self.slot_mut(id)?.request = Some(request_id);
                Some(self.submit(now, store, Target::Locker(id, priority), request))
            }
        }
    }

    pub(super) fn peek_request_id(&self) -> RequestId {
        RequestId(self.next_request)
    }

    pub(super) fn submit(&mut self, now: Time, store: StoreId, target: Target, request: Request) -> Action {
        let id = self.peek_request_id();
        self.next_request += 1;
        let beat = matches!(target, Target::Beat(_));
        let patience = if beat {
            self.options.request_timeout.min(self.options.lease / 4)
        } else {
            self.options.request_timeout
        };
        self.timers.time_out(now.after(patience), id, beat);
        self.count_sent(store, &target);
        let in_flight = InFlight {
            store,
            target,
            operation: operation_of(&request.operation),
            sent: now,
        };
        self.in_flight.insert(id, in_flight);
        Action::Submit { store, id, request }
    }

    // Shutting down ------------------------------------------------------------------------------------------------

    fn poll_shutdown(&mut self, now: Time) {
        let Some(shutdown) = &self.shutdown else {
            return;
        };
        if shutdown.done {
            return;
        }
        let late = now >= shutdown.deadline;
        let early = self.options.bugs.has(Bug::ShutdownLeavesEarly);
        let busy = !early && (self.busy_lockers > 0 || self.is_delivering());
        if busy && !late {
            return;
        }
        if self.busy_lockers == 0 || early {
            for store in &mut self.stores {
                store.beat.close();
            }
        }
        if late || self.stores.iter().all(|store| store.beat.is_closed()) {
            self.finish_shutdown(now);
        }
    }

    fn finish_shutdown(&mut self, now: Time) {
        self.dismiss_visits(now);
        let mut left = 0;
        for index in 0..self.slots.len() {
            let index = place(index);
            let Some(used) = self.slots[index as usize].used.as_mut().filter(|used| !used.idle) else {
                continue;
            };
            let dirty = used.locker.is_dirty();
            let mut events = Vec::new();
            used.locker.dismiss(&mut events);
            left += 1;
            self.tell(index, events);
            if let Some(source) = self.source_of(index) {
                self.events.push_back(Event::LeftBehind { source, dirty });
            }
        }
        self.events.push_back(Event::ShutdownDone { left });
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.done = true;
        }
    }
}

fn level_of_notice(notice: &Notice) -> Level {
    match notice {
        Notice::Superseded | Notice::IdInUse => Level::Error,
        Notice::Ended | Notice::Suspect | Notice::Trouble(..) => Level::Warning,
        Notice::Registered | Notice::Fresh => Level::Info,
        Notice::Letters(_) => Level::Debug,
    }
}
