//! The courier of one record: delivers what this engine sends there, in the order in which it was sent, and makes
//! updates of records that nobody holds.
//!
//! ```text
//! Read --found--> Decide --something is new--> Write --written--> answered
//!  ^                 |                            |
//!  |                 +--an update--> asks the host, then writes
//!  +------------ conflict, failure, reply lost: the inbox tells what has landed
//! ```

use super::{read_found, words_of, Found, Pace, VisitOutputs};
use crate::locker::call::{CallAnswer, HostCall, Question};
use crate::locker::inputs::{Inputs, Priority};
use crate::locker::prepare::{unfit, Preparation, Task};
use crate::locker::{Built, Spec};
use crate::planted::{Bug, Bugs};
use crate::record::codec::Encoded;
use crate::record::inbox::{Inbox, Intake, Sent};
use crate::record::stamp::OperationId;
use crate::record::Document;
use crate::store::{Key, Operation, Outcome, Reply, Request, StoreResult};
use std::collections::VecDeque;
use std::sync::Arc;

/// Who is to hear how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The host, which gave this tag.
    Host {
        /// The tag.
        tag: u64,
    },
    /// The record in whose outbox the change is.
    Outbox {
        /// That record.
        source: Key,
        /// Its row of changes.
        line: String,
    },
}

/// What a courier has to do.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The change.
    pub sent: Sent,
    /// Apply it here and now instead of putting it into the inbox.
    pub update: bool,
    /// Create the record if it does not exist.
    pub create: bool,
    /// Nobody else can have delivered it before.
    pub fresh: bool,
    /// Who is to hear how it ended.
    pub origin: Origin,
}

/// How an errand ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The change is in the inbox, or was applied there; an update is stored.
    Delivered,
    /// There is no record, and none was to be created.
    Missing,
    /// The inbox is full.
    Full,
    /// An update of a record that this server holds.
    Locked {
        /// That server's id.
        server: String,
    },
    /// The host's callback did not agree to an update.
    Refused {
        /// Its words.
        text: String,
    },
    /// It was never written.
    NotSent {
        /// Why.
        text: String,
    },
    /// It cannot be known whether it was written.
    Unknown {
        /// Why.
        text: String,
    },
}

/// An errand that has ended.
#[derive(Debug)]
pub struct Answer {
    /// The errand.
    pub errand: Errand,
    /// How it ended.
    pub fate: Fate,
}

struct Item {
    errand: Errand,
    /// A write with it was sent and may have landed.
    tried: bool,
}

impl Item {
    fn is_of_host(&self) -> bool {
        matches!(self.errand.origin, Origin::Host { .. })
    }

    /// How the errand has ended already, as far as the target's inbox tells; `None` if it is to be carried out.
    fn settled_by(&self, inbox: &Inbox, bugs: Bugs) -> Option<Fate> {
        if bugs.has(Bug::IntakeUnchecked) {
            return None;
        }
        match inbox.intake(&self.errand.sent.line, self.errand.sent.number) {
            Intake::Known => Some(Fate::Delivered),
            Intake::Refused => Some(Fate::Missing),
            Intake::Forgotten if self.tried || !self.errand.fresh => Some(Fate::Unknown {
                text: "the target has heard from too many others since".to_owned(),
            }),
            Intake::Forgotten | Intake::New => None,
        }
    }
}

enum Step {
    Read,
    Reading,
    /// The record is to be created, with data that only the host knows.
    NeedDefault,
    AskingDefault,
    /// An update needs the host.
    Prepare(Box<Found>, Box<Preparation>),
    Asking(Box<Found>, Box<Preparation>, Option<Task>),
    /// An update was applied, and is to be checked before it is written.
    Check(Box<Found>, Box<Preparation>),
    Checking(Box<Found>, Box<Preparation>),
    /// The first errands are in it.
    Write(Box<Found>, Batch),
    Writing(Box<Found>, Batch),
}

/// The errands that one write carries out: so many from the front of the queue.
#[derive(Clone, Copy)]
struct Batch {
    count: usize,
    /// They are turned away, and the record remembers that.
    refused: bool,
}

impl Batch {
    fn of(count: usize) -> Self {
        Self { count, refused: false }
    }
}

/// Delivers changes to one record.
pub struct Courier {
    spec: Arc<Spec>,
    key: Key,
    /// The data of a record that does not exist yet, once the host has been asked for them.
    default: Option<Document>,
    queue: VecDeque<Item>,
    step: Step,
    pace: Pace,
    /// How many errands are put into one write: fewer after a write was too large.
    batch: usize,
    /// A write of so many errands would be too large: what to say of it.
    too_large: Option<(usize, String)>,
}

impl Courier {
    /// A courier with nothing to do.
    #[must_use]
    pub fn new(spec: Arc<Spec>, key: Key) -> Self {
        Self {
            spec,
            key,
            default: None,
            queue: VecDeque::new(),
            step: Step::Read,
            pace: Pace::default(),
            batch: usize::MAX,
            too_large: None,
        }
    }

    /// One thing more to do, after all others. What is on its way already is not taken twice.
    pub fn push(&mut self, errand: Errand, default: Option<Document>) {
        self.default = default.or(self.default.take());
        let known = self
            .queue
            .iter()
            .any(|item| item.errand.sent.line == errand.sent.line && item.errand.sent.number == errand.sent.number);
        if !known {
            self.queue.push_back(Item { errand, tried: false });
        }
    }

    /// Whether the store, or the target, keeps it from getting on.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.pace.failures() > 3
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many errands of the host have not ended.
    #[must_use]
    pub fn of_host(&self) -> usize {
        self.queue.iter().filter(|item| item.is_of_host()).count()
    }

    /// Somebody wrote the record, or let go of it: look now.
    pub fn notified(&mut self) {
        self.pace.not_before = None;
    }

    /// Advances as far as possible without the store, and says what is wanted.
    pub fn poll(&mut self, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        if let Some((count, text)) = self.too_large.take() {
            self.cannot_be_written(count, &text, inputs, out);
        }
        if self.queue.is_empty() || self.is_waiting() {
            return;
        }
        if let Some(until) = self.pace.too_early(inputs.now) {
            out.wake = Some(until);
            return;
        }
        match self.step {
            Step::Prepare(..) => return self.ask(out),
            Step::Check(..) => return self.ask_to_check(out),
            Step::NeedDefault => return self.ask_default(out),
            _ => {}
        }
        // After a failure it is one of many that would get on with their lives. An inbox is emptied by a load of its
        // record: were a courier that finds it full to come before loads each time, on a store that takes one request
        // at a time neither would ever get on.
        let again = self.pace.failures() > 0;
        out.send = Some(if again { Priority::Load } else { Priority::Save });
    }

    fn is_waiting(&self) -> bool {
        matches!(
            self.step,
            Step::Reading | Step::Writing(..) | Step::Asking(..) | Step::Checking(..) | Step::AskingDefault
        )
    }

    fn ask_default(&mut self, out: &mut VisitOutputs) {
        self.step = Step::AskingDefault;
        out.call = Some(HostCall {
            question: Question::DefaultData,
            draft: Document::default(),
        });
    }

    /// Makes the request that `poll` asked to send.
    pub fn build(&mut self, inputs: &Inputs<'_>, op: OperationId) -> Built {
        match std::mem::replace(&mut self.step, Step::Read) {
            Step::Read if !self.queue.is_empty() => {
                self.step = Step::Reading;
                Built::Request(self.request(Operation::Get))
            }
            Step::Write(found, batch) => self.build_write(inputs, op, found, batch),
            other => {
                self.step = other;
                Built::Nothing
            }
        }
    }

    fn build_write(&mut self, inputs: &Inputs<'_>, op: OperationId, mut found: Box<Found>, batch: Batch) -> Built {
        found.header.revision += 1;
        if found.header.epoch == 0 {
            // Nobody has ever held it: its last operation is this one.
            found.header.op = op;
        }
        found.header.saved_ms = inputs.wall_ms;
        let record = Encoded::new(&found.header, &found.document);
        if record.value.len() as u64 > self.spec.max_value_bytes {
            let (bytes, most) = (record.value.len(), self.spec.max_value_bytes);
            let text = format!(
                "with it the record of `{}` would be {bytes} bytes, at most {most} can be saved",
                self.key
            );
            self.too_large = Some((batch.count, text));
            return Built::Nothing;
        }
        // What is turned away in vain may be delivered at the next try.
        for item in self.queue.iter_mut().take(batch.count) {
            item.tried |= !batch.refused;
        }
        let holder = found.header.holding_server();
        // A holder that is this very server is woken without the store.
        let holder = holder.filter(|server| **server != *inputs.server.server_id);
        let operation = record.put(found.expected(), found.as_stored, holder);
        let request = self.request(operation);
        self.step = Step::Writing(found, batch);
        Built::Request(request)
    }

    fn request(&self, operation: Operation) -> Request {
        Request {
            key: self.key.clone(),
            operation,
        }
    }

    /// Takes the answer to the request that `build` made.
    pub fn reply(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut VisitOutputs) {
        match (std::mem::replace(&mut self.step, Step::Read), result) {
            (Step::Reading, Ok(Reply::Found { value, version })) => {
                match read_found(&self.spec, inputs, &value, version) {
                    Ok(found) => self.decide(inputs, found, out),
                    Err(fault) => {
                        self.host_first();
                        self.give_up_front(&words_of(&fault), inputs, out);
                    }
                }
            }
            (Step::Reading, Ok(Reply::Missing)) => self.decide_missing(inputs, out),
            (Step::Writing(found, batch), Ok(Reply::Written { .. })) => {
                self.pace.succeeded();
                self.batch = usize::MAX;
                for _ in 0..batch.count {
                    let fate = if batch.refused { Fate::Missing } else { Fate::Delivered };
                    self.end_front(fate, out);
                }
                out.attend.clone_from(&found.header.holder);
            }
            (Step::Writing(_, Batch { count, .. }), Err(error))
                if error.outcome == Outcome::Unknown && inputs.bugs.has(Bug::DeliveredInDoubt) =>
            {
                for _ in 0..count {
                    self.end_front(Fate::Delivered, out);
                }
            }
            (Step::Writing(_, Batch { count, .. }), Err(error)) if error.outcome == Outcome::NotApplied => {
                // Even so an earlier copy of the request may have been carried out: what was tried stays tried.
                if error.cause == crate::store::Cause::Request {
                    return self.cannot_be_written(count, &error.to_string(), inputs, out);
                }
                self.pace.failed(&self.spec, inputs);
            }
            (Step::Writing(..), Ok(Reply::Conflict)) => {
                self.pace.failures = self.pace.failures.saturating_add(1);
                if self.pace.failures > 2 {
                    self.pace.failed(&self.spec, inputs);
                }
            }
            _ => self.pace.failed(&self.spec, inputs),
        }
    }

    /// The store does not take the record as it would be: too large.
    fn cannot_be_written(&mut self, count: usize, text: &str, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        if count == 1 && self.queue.front().is_some_and(Item::is_of_host) {
            return self.end_front_without(text, out);
        }
        self.batch = (count / 2).max(1);
        self.host_first();
        self.pace.failed(&self.spec, inputs);
    }

    /// The first errand cannot be carried out as things are. One of the host's ends; one of an outbox is tried again.
    fn give_up_front(&mut self, text: &str, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        if self.queue.front().is_some_and(Item::is_of_host) {
            self.end_front_without(text, out);
        } else {
            self.pace.failed(&self.spec, inputs);
        }
    }

    fn end_front_without(&mut self, text: &str, out: &mut VisitOutputs) {
        let text = text.to_owned();
        self.end_front_unless_tried(Fate::NotSent { text: text.clone() }, text, out);
    }

    /// The host does not agree. An earlier try, to which it had agreed, may land yet.
    fn end_refused(&mut self, inputs: &Inputs<'_>, text: String, out: &mut VisitOutputs) {
        let fate = Fate::Refused { text: text.clone() };
        if inputs.bugs.has(Bug::RefusedUpdateForgotten) {
            return self.end_front(fate, out);
        }
        self.end_front_unless_tried(fate, text, out);
    }

    /// Ends the first errand with this fate, or, if an earlier try of it may land yet, as unknown.
    fn end_front_unless_tried(&mut self, fate: Fate, text: String, out: &mut VisitOutputs) {
        let tried = self.queue.front().is_some_and(|item| item.tried);
        self.end_front(if tried { Fate::Unknown { text } } else { fate }, out);
    }

    fn end_front(&mut self, fate: Fate, out: &mut VisitOutputs) {
        if let Some(item) = self.queue.pop_front() {
            let errand = item.errand;
            out.done.push(Answer { errand, fate });
        }
    }

    fn decide_missing(&mut self, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        let op = inputs.server.no_operation();
        let found = Found {
            header: self.spec.new_header(op, inputs.wall_ms),
            document: Document::default(),
            lock: None,
            version: None,
            as_stored: false,
        };
        self.decide_unborn(inputs, found, out);
    }

    /// There is no record, or only what is left of an erased one.
    fn decide_unborn(&mut self, inputs: &Inputs<'_>, found: Found, out: &mut VisitOutputs) {
        while let Some(item) = self.queue.front() {
            if item.errand.create {
                return self.decide_birth(inputs, found, out);
            }
            if let Some(fate) = item.settled_by(&found.header.inbox, inputs.bugs) {
                self.end_front(fate, out);
            } else if item.tried && found.version.is_none() {
                let text = "the record has been removed from the store";
                self.end_front_without(text, out);
            } else if item.is_of_host() || inputs.bugs.has(Bug::TurnedAwayWithoutMark) {
                self.end_front(Fate::Missing, out);
            } else {
                return self.turn_away(inputs, found);
            }
        }
    }

    fn decide_birth(&mut self, inputs: &Inputs<'_>, mut found: Found, out: &mut VisitOutputs) {
        let Some(default) = &self.default else {
            self.step = Step::NeedDefault;
            return;
        };
        found.replace_data(default.clone());
        if found.header.erased {
            let newborn = self.spec.new_header(found.header.op, inputs.wall_ms);
            found.header = found.header.reborn(newborn);
        }
        self.take_in(inputs, found, out);
    }

    /// What an outbox has sent goes back to its sender, where it will be applied. An earlier session of the sender may
    /// have a courier of its own under way, and somebody may create the record: so that it cannot both come back and
    /// arrive, the place remembers in one write that it was turned away.
    fn turn_away(&mut self, inputs: &Inputs<'_>, mut found: Found) {
        let mut count = 0;
        for item in &self.queue {
            let new = item.settled_by(&found.header.inbox, inputs.bugs).is_none();
            if item.errand.create || item.is_of_host() || !new {
                break;
            }
            found
                .header
                .inbox
                .put()
                .refuse(&item.errand.sent.line, item.errand.sent.number);
            count += 1;
        }
        found.header.erased = true;
        found.replace_data(self.spec.no_data());
        self.step = Step::Write(Box::new(found), Batch { count, refused: true });
    }

    fn decide(&mut self, inputs: &Inputs<'_>, found: Found, out: &mut VisitOutputs) {
        if found.header.erased {
            return self.decide_unborn(inputs, found, out);
        }
        self.take_in(inputs, found, out);
    }

    /// Puts into the inbox what is new, from the front of the queue, until something else is needed.
    fn take_in(&mut self, inputs: &Inputs<'_>, mut found: Found, out: &mut VisitOutputs) {
        if let Some(lock) = found.lock.as_ref().filter(|lock| inputs.wall_ms < lock.until_ms) {
            let text = format!("{} holds the record", lock.owner);
            self.host_first();
            return self.give_up_front(&text, inputs, out);
        }
        // What needs no write comes first.
        let settled = |item: &Item| item.settled_by(&found.header.inbox, inputs.bugs);
        while let Some(fate) = self.queue.front().and_then(settled) {
            self.end_front(fate, out);
        }
        let full = found.header.inbox.waiting().len() >= self.spec.inbox_limit;
        if full {
            self.host_first();
        }
        match self.queue.front() {
            None => {}
            Some(item) if item.errand.update => self.begin_update(inputs, found, out),
            Some(_) if full => self.inbox_is_full(inputs, out),
            Some(_) => {
                let count = self.fill_inbox(inputs.bugs, &mut found);
                self.step = Step::Write(Box::new(found), Batch::of(count));
            }
        }
    }

    /// Puts in what is new, from the front of the queue, until something else is needed; gives how many.
    fn fill_inbox(&self, bugs: Bugs, found: &mut Found) -> usize {
        let mut count = 0;
        for item in &self.queue {
            let inbox = &mut found.header.inbox;
            let full = inbox.waiting().len() >= self.spec.inbox_limit || count >= self.batch;
            if full || item.errand.update || item.settled_by(inbox, bugs).is_some() {
                break;
            }
            inbox.put().take(item.errand.sent.clone());
            count += 1;
        }
        count
    }

    /// What waits for room, or for better times, must not keep the host waiting for an answer: what the host sends goes
    /// first. It is of another row than what an outbox sends.
    fn host_first(&mut self) {
        if let Some(index) = self.queue.iter().position(Item::is_of_host) {
            if let Some(item) = self.queue.remove(index) {
                self.queue.push_front(item);
            }
        }
    }

    fn inbox_is_full(&mut self, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        if self.queue.front().is_some_and(Item::is_of_host) {
            self.end_front(Fate::Full, out);
        } else if inputs.bugs.has(Bug::FullSwallowsGift) {
            self.end_front(Fate::Delivered, out);
        } else {
            self.pace.failed(&self.spec, inputs);
        }
    }

    // Updates ------------------------------------------------------------------------------------------------------

    fn begin_update(&mut self, inputs: &Inputs<'_>, found: Found, out: &mut VisitOutputs) {
        let holder = found.living_holder(inputs);
        if let Some(server) = holder.filter(|_| !inputs.bugs.has(Bug::UpdateOfHeldRecord)) {
            return self.end_front(Fate::Locked { server }, out);
        }
        if let Some(status) = unfit(&self.spec, &found.header, &found.document) {
            return self.end_front_without(&status.brief(), out);
        }
        let preparation = Preparation::new(found.header.clone(), found.document.clone());
        self.step = Step::Prepare(Box::new(found), Box::new(preparation));
    }

    fn ask(&mut self, out: &mut VisitOutputs) {
        let Step::Prepare(found, mut preparation) = std::mem::replace(&mut self.step, Step::Read) else {
            return;
        };
        let Some(item) = self.queue.front() else {
            return;
        };
        let default = self.default.clone().unwrap_or_default();
        let task = preparation.next_task(&self.spec, &default);
        let question = match task {
            Some(task) => Preparation::question(task),
            None => Question::ApplyChange {
                sent: Box::new(item.errand.sent.clone()),
                direct: true,
            },
        };
        out.call = Some(HostCall {
            question,
            draft: preparation.document.clone(),
        });
        self.step = Step::Asking(found, preparation, task);
    }

    /// Takes the host's answer to a call.
    pub fn finish_call(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, out: &mut VisitOutputs) {
        match std::mem::replace(&mut self.step, Step::Read) {
            Step::AskingDefault => self.finish_default(inputs, answer, out),
            Step::Asking(found, preparation, Some(task)) => {
                self.finish_task(inputs, (found, preparation, task), answer, out);
            }
            Step::Asking(found, preparation, None) => self.finish_update(inputs, found, preparation, answer, out),
            Step::Checking(found, preparation) => match answer.verdict.or_failed() {
                Ok(()) => self.write_update(*found, *preparation),
                Err(text) => self.end_refused(inputs, text, out),
            },
            other => self.step = other,
        }
    }

    fn finish_task(
        &mut self,
        inputs: &Inputs<'_>,
        (found, mut preparation, task): (Box<Found>, Box<Preparation>, Task),
        answer: CallAnswer,
        out: &mut VisitOutputs,
    ) {
        match preparation.finish(&self.spec, task, answer) {
            Ok(()) => self.step = Step::Prepare(found, preparation),
            Err(text) => self.end_refused(inputs, text, out),
        }
    }

    fn finish_update(
        &mut self,
        inputs: &Inputs<'_>,
        found: Box<Found>,
        mut preparation: Box<Preparation>,
        answer: CallAnswer,
        out: &mut VisitOutputs,
    ) {
        if let Err(text) = answer.verdict.or_failed() {
            return self.end_refused(inputs, text, out);
        }
        if !answer.outgoing.is_empty() {
            let text = "an update of a record that nobody holds cannot send changes".to_owned();
            return self.end_refused(inputs, text, out);
        }
        if let Some(draft) = answer.draft {
            preparation.document = draft;
        }
        if self.spec.validate {
            self.step = Step::Check(found, preparation);
        } else {
            self.write_update(*found, *preparation);
        }
    }

    fn ask_to_check(&mut self, out: &mut VisitOutputs) {
        let Step::Check(found, preparation) = std::mem::replace(&mut self.step, Step::Read) else {
            return;
        };
        out.call = Some(HostCall {
            question: Question::Validate,
            draft: preparation.document.clone(),
        });
        self.step = Step::Checking(found, preparation);
    }

    fn finish_default(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, out: &mut VisitOutputs) {
        match answer.verdict.or_failed() {
            Ok(()) => self.default = Some(answer.draft.unwrap_or_default()),
            Err(text) => self.give_up_front(&text, inputs, out),
        }
    }

    fn write_update(&mut self, found: Found, preparation: Preparation) {
        let Some(item) = self.queue.front() else {
            return;
        };
        let Preparation {
            mut header, document, ..
        } = preparation;
        // Taken in and applied in one write.
        let (line, number) = (item.errand.sent.line.clone(), item.errand.sent.number);
        header.inbox.put().take(item.errand.sent.clone());
        header.inbox.put().remove(&line, number);
        header.holder = None;
        let updated = Found {
            header,
            as_stored: found.as_stored && document.is_clone_of(&found.document),
            document,
            ..found
        };
        self.step = Step::Write(Box::new(updated), Batch::of(1));
    }

    /// Nobody waits any longer: ends everything of the host, as far as it is known. What is in an outbox stays there.
    pub fn dismiss(&mut self, text: &str, out: &mut VisitOutputs) {
        self.queue.retain(Item::is_of_host);
        while !self.queue.is_empty() {
            self.end_front_without(text, out);
        }
        self.step = Step::Read;
    }
}
