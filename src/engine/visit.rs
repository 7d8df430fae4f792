//! Driving visits: changes that are sent, shared records that are updated, looks at records, and erasing.

use super::core::{Action, Core, Target};
use super::event::{place, Event, SpecId, VisitOutcome};
use super::schedule::Sender;
use super::timers::Sleeper;
use crate::change::{Delivery, Draft};
use crate::clock::Time;
use crate::error::{Error, ErrorKind};
use crate::locker::call::CallAnswer;
use crate::locker::inputs::{Inputs, Priority};
use crate::locker::Built;
use crate::log::Level;
use crate::planted::Bug;
use crate::receipt::Past;
use crate::record::extra::Extra;
use crate::record::header::Holder;
use crate::record::inbox::Sent;
use crate::record::server::Letter;
use crate::record::stamp::Stamp;
use crate::record::Document;
use crate::store::{Key, Kind, RequestId, StoreResult};
use crate::visit::courier::{Answer, Courier, Errand, Fate, Origin};
use crate::visit::guest::{Guest, Parting, Purpose};
use crate::visit::search::{Aim, Hit, Search};
use crate::visit::VisitOutputs;
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use std::sync::Arc;

use super::event::StoreId;

/// Names a visit of an engine.
pub type VisitId = u64;

pub(super) enum Visitor {
    Courier(Courier),
    Guest {
        guest: Guest,
        tag: u64,
        erase: bool,
        /// The search that has sent it.
        search: Option<VisitId>,
    },
    Search {
        search: Search,
        tag: u64,
    },
}

pub(super) struct VisitSlot {
    pub visitor: Visitor,
    pub spec: SpecId,
    pub store: StoreId,
    pub key: Arc<str>,
    pub ready: bool,
    pub queued: Option<Priority>,
    pub wake_at: Option<Time>,
    pub request: Option<RequestId>,
}

/// A change that a host sends.
#[derive(Clone, Debug)]
pub struct Sending {
    /// What kind of change it is; the game's word.
    pub kind: String,
    /// What the game sends with it.
    pub payload: serde_json::Value,
    /// Create the record if it does not exist.
    pub create: bool,
    /// Apply it at once, to a record that nobody holds.
    pub update: bool,
    /// Comes back in the event.
    pub tag: u64,
}

impl Core {
    /// Sends a change to a record, or updates one that nobody holds; how it ended comes as an event. `default` is the
    /// data of a record that does not exist yet.
    ///
    /// # Errors
    /// [`ErrorKind::ShuttingDown`], [`ErrorKind::InvalidHandle`], a bad key; [`ErrorKind::Unsupported`] for an update
    /// where the spec applies no changes.
    pub fn send_change(
        &mut self,
        spec: SpecId,
        key: &str,
        sending: Sending,
        default: Option<Document>,
    ) -> Result<(), Error> {
        self.check_running()?;
        let key = self.check_key(spec, key)?;
        if sending.update && !self.specs[spec.0 as usize].spec.apply_change {
            let name = &self.specs[spec.0 as usize].spec.name;
            let text = format!("spec `{name}` has no callback that applies changes");
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let line = Stamp {
            origin: self.options.entropy,
            number: 0,
        };
        self.last_sent += 1;
        let mut line = line.to_string();
        if self.options.bugs.has(Bug::LineOfServerId) {
            line.clone_from(&self.options.server_id);
        }
        let errand = Errand {
            sent: Sent {
                line,
                number: self.last_sent,
                kind: sending.kind,
                payload: sending.payload,
                from: self.options.server_id.clone(),
                returned_from: None,
                at_ms: self.wall_ms,
                extra: Extra::default(),
            },
            update: sending.update,
            create: sending.create || sending.update,
            fresh: true,
            origin: Origin::Host { tag: sending.tag },
        };
        self.give_errand(spec, key, errand, default);
        Ok(())
    }

    /// The wall clock, for what is sent between two polls.
    pub fn note_wall_time(&mut self, wall_ms: i64) {
        self.wall_ms = wall_ms;
    }

    /// Looks at a record without taking it, or erases it; how it ended comes as an event.
    ///
    /// # Errors
    /// [`ErrorKind::ShuttingDown`], [`ErrorKind::InvalidHandle`], or a bad key.
    pub fn visit(
        &mut self,
        spec: SpecId,
        key: &str,
        purpose: Purpose,
        default: Document,
        tag: u64,
    ) -> Result<(), Error> {
        self.check_running()?;
        let key = self.check_key(spec, key)?;
        let core_spec = Arc::clone(&self.specs[spec.0 as usize].spec);
        let guest = Guest::new(core_spec, self.store_key(spec, &key), purpose, default);
        let erase = matches!(purpose, Purpose::Erase { .. });
        self.add_visit(
            spec,
            key,
            Visitor::Guest {
                guest,
                tag,
                erase,
                search: None,
            },
        );
        Ok(())
    }

    /// Exports or erases all records of a spec that are about a person; each comes as an event, and then the end.
    ///
    /// # Errors
    /// [`ErrorKind::ShuttingDown`], [`ErrorKind::InvalidHandle`], a bad id; [`ErrorKind::Unsupported`] if the store cannot
    /// list its keys.
    pub fn search(&mut self, spec: SpecId, user: &str, aim: Aim, tag: u64) -> Result<(), Error> {
        self.check_running()?;
        super::core::check_name("user id", user, super::core::MAX_NAME_BYTES)?;
        let settings = Arc::new(self.spec_settings(spec)?);
        let abilities = &self.stores[self.specs[spec.0 as usize].store.0 as usize].abilities;
        if !abilities.list {
            let text = format!("store `{}` cannot list its keys", abilities.name);
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let search = Search::new(settings, self.store_key(spec, &"".into()), user, aim);
        self.add_visit(spec, "".into(), Visitor::Search { search, tag });
        Ok(())
    }

    /// How many changes that the host sent, and other visits of the host, have not ended.
    #[must_use]
    pub fn visits_in_progress(&self) -> usize {
        let of_host = |slot: &VisitSlot| match &slot.visitor {
            Visitor::Courier(courier) => courier.of_host(),
            Visitor::Guest { .. } | Visitor::Search { .. } => 1,
        };
        self.visits.values().map(of_host).sum()
    }

    /// Whether a change of some outbox that is not in trouble is still on its way.
    pub(super) fn is_delivering(&self) -> bool {
        self.visits.values().any(|slot| match &slot.visitor {
            Visitor::Courier(courier) => !courier.is_done() && !courier.is_in_trouble(),
            Visitor::Guest { .. } | Visitor::Search { .. } => true,
        })
    }

    fn store_key(&self, spec: SpecId, key: &Arc<str>) -> Key {
        Key {
            kind: Kind::Record,
            space: Arc::clone(&self.specs[spec.0 as usize].spec.name),
            name: Arc::clone(key),
        }
    }

    fn give_errand(&mut self, spec: SpecId, key: Arc<str>, errand: Errand, default: Option<Document>) {
        let id = match self.courier_of.get(&(spec, Arc::clone(&key))) {
            Some(id) => *id,
            None => {
                let core_spec = Arc::clone(&self.specs[spec.0 as usize].spec);
                let courier = Courier::new(core_spec, self.store_key(spec, &key));
                let id = self.add_visit(spec, Arc::clone(&key), Visitor::Courier(courier));
                self.courier_of.insert((spec, key), id);
                id
            }
        };
        if let Some(Visitor::Courier(courier)) = self.visits.get_mut(&id).map(|slot| &mut slot.visitor) {
            courier.push(errand, default);
        }
        self.make_visit_ready(id);
    }

    fn add_visit(&mut self, spec: SpecId, key: Arc<str>, visitor: Visitor) -> VisitId {
        let id = self.next_visit;
        self.next_visit += 1;
        let slot = VisitSlot {
            visitor,
            spec,
            store: self.specs[spec.0 as usize].store,
            key,
            ready: false,
            queued: None,
            wake_at: None,
            request: None,
        };
        self.visits.insert(id, slot);
        self.make_visit_ready(id);
        id
    }

    /// Delivers what a session hands out. After a shutdown nothing is: the couriers have been dismissed, and what was
    /// handed out later would overtake what they had, which then counts as known at its target. It stays in the outbox.
    /// Gives the numbers of those for which there is no spec here.
    fn deliver(&mut self, source: &Key, store: StoreId, deliveries: Vec<Delivery>) -> Vec<u64> {
        let mut unplaced = Vec::new();
        if self.is_shut_down() {
            return unplaced;
        }
        for delivery in deliveries {
            let Delivery {
                line,
                from,
                fresh,
                outgoing,
            } = delivery;
            let here = self.spec_named(store, &outgoing.space);
            let Some(spec) = here.or_else(|| self.spec_anywhere(&outgoing.space)) else {
                let space = outgoing.space;
                self.log_store(Level::Warning, store, None, || {
                    format!("a change for a record of spec `{space}` waits: there is no such spec here")
                });
                unplaced.push(outgoing.number);
                continue;
            };
            let errand = Errand {
                sent: Sent {
                    line: line.clone(),
                    number: outgoing.number,
                    kind: outgoing.kind,
                    payload: outgoing.payload,
                    from,
                    returned_from: None,
                    at_ms: outgoing.at_ms,
                    extra: Extra::default(),
                },
                update: false,
                create: outgoing.create,
                fresh,
                origin: Origin::Outbox {
                    source: source.clone(),
                    line,
                },
            };
            self.give_errand(spec, outgoing.key.as_str().into(), errand, None);
        }
        unplaced
    }

    /// Delivers what the session of a locker hands out.
    pub(super) fn deliver_of_locker(&mut self, index: u32, deliveries: Vec<Delivery>) {
        let Some(slot) = self.slots[index as usize]
            .used
            .as_ref()
            .filter(|_| !deliveries.is_empty())
        else {
            return;
        };
        let (key, store) = (slot.locker.key().clone(), slot.store);
        let unplaced = self.deliver(&key, store, deliveries);
        if let Some(slot) = self.slots[index as usize].used.as_mut() {
            slot.locker.not_placed(&unplaced);
        }
    }

    /// Delivers what has waited for the spec `space`, which there is now.
    pub(super) fn deliver_waiting(&mut self, space: &str) {
        for index in 0..self.slots.len() {
            let used = self.slots[index].used.as_mut();
            let deliveries = used.map_or_else(Vec::new, |slot| slot.locker.hand_out_again(space));
            self.deliver_of_locker(place(index), deliveries);
        }
    }

    /// A change for another record, checked.
    ///
    /// # Errors
    /// Bad names.
    pub fn check_draft(&self, draft: &Draft) -> Result<(), Error> {
        super::core::check_name("the target's spec", &draft.space, super::core::MAX_NAME_BYTES)?;
        super::core::check_name("the target's key", &draft.key, super::core::MAX_KEY_BYTES)?;
        super::core::check_name("kind", &draft.kind, super::core::MAX_NAME_BYTES)
    }

    fn spec_anywhere(&self, name: &str) -> Option<SpecId> {
        self.specs
            .iter()
            .position(|slot| *slot.spec.name == *name)
            .map(SpecId::at)
    }

    // Stepping -----------------------------------------------------------------------------------------------------

    pub(super) fn make_visit_ready(&mut self, id: VisitId) {
        if let Some(slot) = self.visits.get_mut(&id) {
            if !slot.ready {
                slot.ready = true;
                self.ready_visits.push_back(id);
            }
        }
    }

    /// The next visit that is to be stepped; its call to the host, if it wants one.
    pub(super) fn step_visits(&mut self, now: Time) -> Option<Action> {
        while let Some(id) = self.ready_visits.pop_front() {
            if let Some(slot) = self.visits.get_mut(&id) {
                slot.ready = false;
            }
            let outputs = self.with_visit(now, id, |visitor, inputs, out| match visitor {
                Visitor::Courier(courier) => courier.poll(inputs, out),
                Visitor::Guest { guest, .. } => guest.poll(inputs, out),
                Visitor::Search { search, .. } => search.poll(inputs, out),
            });
            let Some(outputs) = outputs else {
                continue;
            };
            if let Some(priority) = outputs.send {
                self.queue_visit(id, priority);
            }
            if let Some(call) = outputs.call {
                let slot = self.visits.get(&id)?;
                return Some(Action::CallVisit {
                    visit: id,
                    spec: slot.spec,
                    key: Arc::clone(&slot.key),
                    call,
                });
            }
        }
        None
    }

    fn queue_visit(&mut self, id: VisitId, priority: Priority) {
        let Some(slot) = self.visits.get_mut(&id) else {
            return;
        };
        if slot.queued.is_none() {
            slot.queued = Some(priority);
            let store = slot.store;
            self.stores[store.0 as usize].schedule.push(priority, Sender::Visit(id));
        }
    }

    pub(super) fn send_visit(&mut self, now: Time, store: StoreId, id: VisitId, priority: Priority) -> Option<Action> {
        self.visits.get_mut(&id)?.queued = None;
        let op = self.new_operation();
        let mut built = Built::Nothing;
        self.with_visit(now, id, |visitor, inputs, _| {
            built = match visitor {
                Visitor::Courier(courier) => courier.build(inputs, op),
                Visitor::Guest { guest, .. } => guest.build(),
                Visitor::Search { search, .. } => search.build(),
            };
        })?;
        let Built::Request(request) = built else {
            self.make_visit_ready(id);
            return None;
        };
        self.stores[store.0 as usize].schedule.sent(now);
        self.visits.get_mut(&id)?.request = Some(self.peek_request_id());
        Some(self.submit(now, store, Target::Visit(id, priority), request))
    }

    pub(super) fn complete_visit(&mut self, now: Time, id: VisitId, request: RequestId, result: StoreResult) {
        let Some(slot) = self.visits.get_mut(&id).filter(|slot| slot.request == Some(request)) else {
            return;
        };
        slot.request = None;
        let op = self.new_operation();
        self.with_visit(now, id, |visitor, inputs, out| match visitor {
            Visitor::Courier(courier) => courier.reply(inputs, result, out),
            Visitor::Guest { guest, .. } => guest.reply(inputs, op, result),
            Visitor::Search { search, .. } => out.hit = search.reply(inputs, result),
        });
        self.make_visit_ready(id);
    }

    /// The host's answer to the call of a visit.
    pub fn finish_visit_call(&mut self, now: Time, id: VisitId, answer: CallAnswer) {
        self.with_visit(now, id, |visitor, inputs, out| match visitor {
            Visitor::Courier(courier) => courier.finish_call(inputs, answer, out),
            Visitor::Guest { guest, .. } => guest.finish_call(answer),
            Visitor::Search { .. } => {}
        });
        self.make_visit_ready(id);
    }

    fn with_visit(
        &mut self,
        now: Time,
        id: VisitId,
        step: impl FnOnce(&mut Visitor, &Inputs<'_>, &mut VisitOutputs),
    ) -> Option<VisitOutputs> {
        let moment = self.moment(now);
        let slot = self.visits.get_mut(&id)?;
        let store = &self.stores[slot.store.0 as usize];
        let inputs = moment.inputs(store, &self.verdicts);
        let mut outputs = VisitOutputs::default();
        step(&mut slot.visitor, &inputs, &mut outputs);
        self.after_visit(now, id, &mut outputs);
        Some(outputs)
    }

    fn after_visit(&mut self, now: Time, id: VisitId, outputs: &mut VisitOutputs) {
        let Some(slot) = self.visits.get_mut(&id) else {
            return;
        };
        let (spec, store, key) = (slot.spec, slot.store, Arc::clone(&slot.key));
        if let Some(wake) = outputs.wake.filter(|wake| slot.wake_at != Some(*wake)) {
            slot.wake_at = Some(wake);
            self.timers.wake(wake, Sleeper::Visit(id));
        }
        for answer in std::mem::take(&mut outputs.done) {
            self.tell_answer(spec, store, &key, answer);
        }
        if let Some(holder) = outputs.attend.take() {
            self.wake_holder(now, spec, store, &key, &holder);
        }
        if let Some(hit) = outputs.hit.take() {
            self.use_hit(id, hit);
        }
        self.end_visit(id);
    }

    pub(super) fn wake_visit(&mut self, at: Time, id: VisitId) {
        if let Some(slot) = self.visits.get_mut(&id).filter(|slot| slot.wake_at == Some(at)) {
            slot.wake_at = None;
            self.make_visit_ready(id);
        }
    }

    /// Forgets a visit that has come to its end.
    fn end_visit(&mut self, id: VisitId) {
        let Some(slot) = self.visits.get_mut(&id) else {
            return;
        };
        let (spec, store, key) = (slot.spec, slot.store, Arc::clone(&slot.key));
        match &mut slot.visitor {
            Visitor::Courier(courier) => {
                if courier.is_done() && slot.request.is_none() {
                    self.visits.remove(&id);
                    self.courier_of.remove(&(spec, key));
                }
            }
            Visitor::Guest {
                guest,
                tag,
                erase,
                search,
            } => {
                let (tag, erase, search) = (*tag, *erase, *search);
                if let Some(parting) = guest.take_parting() {
                    self.visits.remove(&id);
                    let result = result_of(&key, &parting);
                    self.tell_parting(spec, store, key, tag, erase, parting);
                    if let Some(search) = search {
                        self.report_to_search(search, result);
                    }
                }
            }
            Visitor::Search { search, tag } => {
                if let Some(end) = search.ended().cloned() {
                    let tag = *tag;
                    self.visits.remove(&id);
                    self.events.push_back(Event::Visit {
                        spec,
                        key,
                        tag,
                        outcome: VisitOutcome::Searched(end),
                    });
                }
            }
        }
    }

    /// A search has found a record.
    fn use_hit(&mut self, id: VisitId, hit: Hit) {
        let Some(slot) = self.visits.get(&id) else {
            return;
        };
        let Visitor::Search { search, tag } = &slot.visitor else {
            return;
        };
        let (spec, tag) = (slot.spec, *tag);
        match search.aim() {
            Aim::Export => self.events.push_back(Event::Visit {
                spec,
                key: Arc::clone(&hit.key),
                tag,
                outcome: VisitOutcome::Export(exported(&hit)),
            }),
            Aim::Erase { force } => {
                let settings = Arc::clone(&self.specs[spec.0 as usize].spec);
                let key = self.store_key(spec, &hit.key);
                let guest = Guest::new(settings, key, Purpose::Erase { force }, Document::default());
                let visitor = Visitor::Guest {
                    guest,
                    tag,
                    erase: true,
                    search: Some(id),
                };
                self.add_visit(spec, hit.key, visitor);
            }
        }
    }

    fn report_to_search(&mut self, id: VisitId, result: Result<(), String>) {
        if let Some(Visitor::Search { search, .. }) = self.visits.get_mut(&id).map(|slot| &mut slot.visitor) {
            search.erased(result);
        }
        self.end_visit(id);
    }

    fn tell_parting(
        &mut self,
        spec: SpecId,
        store: StoreId,
        key: Arc<str>,
        tag: u64,
        erase: bool,
        mut parting: Parting,
    ) {
        if let Parting::Erased { line, outgoing } = &mut parting {
            self.attend_here(spec, &key);
            let from = self.store_key(spec, &key);
            let left = std::mem::take(outgoing);
            if let Some(line) = line.clone() {
                let deliveries = left.into_iter().map(|outgoing| Delivery {
                    line: line.clone(),
                    from: from.to_string(),
                    fresh: false,
                    outgoing,
                });
                let deliveries = deliveries.collect();
                // What cannot be placed stays in what is left of the record, for its next session.
                self.deliver(&from, store, deliveries);
            }
        }
        let outcome = if erase {
            VisitOutcome::Erase(parting)
        } else {
            VisitOutcome::View(parting)
        };
        self.events.push_back(Event::Visit {
            spec,
            key,
            tag,
            outcome,
        });
    }

    fn tell_answer(&mut self, spec: SpecId, store: StoreId, key: &Arc<str>, answer: Answer) {
        let Answer { errand, fate } = answer;
        let tag = match &errand.origin {
            Origin::Host { tag } => *tag,
            Origin::Outbox { source, line } => {
                self.settle_outbox(store, source, line, errand.sent.number, &fate);
                if !matches!(fate, Fate::Unknown { .. }) {
                    return;
                }
                // That nobody knows must not go unsaid.
                0
            }
        };
        let outcome = if errand.update {
            VisitOutcome::Update(fate)
        } else {
            VisitOutcome::Send(fate)
        };
        self.events.push_back(Event::Visit {
            spec,
            key: Arc::clone(key),
            tag,
            outcome,
        });
    }

    /// Tells the record that sent a change how it ended, if it is held here. If it is not, the change stays in its stored
    /// outbox, and its next session sends it again, which the target recognises.
    fn settle_outbox(&mut self, store: StoreId, source: &Key, line: &str, number: u64, fate: &Fate) {
        let held_here = self
            .spec_named(store, &source.space)
            .or_else(|| self.spec_anywhere(&source.space))
            .and_then(|spec| self.by_key.find(&self.slots, spec, &source.name));
        let Some(index) = held_here else {
            return;
        };
        let change = self.new_change();
        if let Some(slot) = self.slots[index as usize].used.as_mut() {
            match fate {
                Fate::Missing if self.options.bugs.has(Bug::MissingSwallowsGift) => slot.locker.delivered(line, number),
                Fate::Delivered | Fate::Unknown { .. } => slot.locker.delivered(line, number),
                Fate::Missing => slot.locker.came_back(line, number, change),
                // Not tried any more here; its next session will.
                Fate::Full | Fate::Locked { .. } | Fate::Refused { .. } | Fate::NotSent { .. } => {}
            }
        }
        self.make_ready(index);
    }

    /// Has the holder of a record look at it.
    fn wake_holder(&mut self, now: Time, spec: SpecId, store: StoreId, key: &Arc<str>, holder: &Holder) {
        if holder.incarnation.origin == self.options.entropy {
            self.attend_here(spec, key);
            return;
        }
        let letter = Letter {
            space: self.specs[spec.0 as usize].spec.name.to_string(),
            name: key.to_string(),
        };
        self.post_letter(now, store, &holder.server, letter);
    }

    /// Has our own locker of a record look at it.
    fn attend_here(&mut self, spec: SpecId, key: &Arc<str>) {
        let Some(index) = self.by_key.find(&self.slots, spec, key) else {
            return;
        };
        if let Some(slot) = self.slots[index as usize].used.as_mut() {
            slot.locker.attend();
        }
        self.make_ready(index);
    }

    /// Ends all visits: the shutdown's deadline has passed.
    pub(super) fn dismiss_visits(&mut self, now: Time) {
        let ids: Vec<VisitId> = self.visits.keys().copied().collect();
        for id in ids {
            let text = "the shutdown's deadline passed";
            self.with_visit(now, id, |visitor, _, out| match visitor {
                Visitor::Courier(courier) => courier.dismiss(text, out),
                Visitor::Guest { guest, .. } => guest.dismiss(text),
                Visitor::Search { search, .. } => search.dismiss(text),
            });
        }
    }
}

/// What a search hears of a record that it wanted erased.
fn result_of(key: &str, parting: &Parting) -> Result<(), String> {
    match parting {
        Parting::Erased { .. } | Parting::Missing | Parting::Seen(_) => Ok(()),
        Parting::Locked { server } => Err(format!("`{key}` is held by server {server}")),
        Parting::Failed { text, .. } => Err(format!("`{key}`: {text}")),
    }
}

/// All that a record holds about a person, as JSON.
fn exported(hit: &Hit) -> Document {
    let header = &hit.header;
    let purchases: Vec<_> = crate::receipt::history(header).iter().map(Past::to_json).collect();
    let (name, data) = match hit.document.as_bytes() {
        Some(bytes) => ("bytes", STANDARD.encode(bytes).into()),
        None => ("data", hit.document.to_value().unwrap_or_default()),
    };
    let mut all = serde_json::json!({
        "key": &*hit.key,
        "users": *header.users,
        "created_ms": header.created_ms,
        "saved_ms": header.saved_ms,
        "schema": header.schema,
        "purchases": purchases,
        "credit": *header.credit,
    });
    all[name] = data;
    Document::from_value(all)
}
