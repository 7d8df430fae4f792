//! A session: when to write, and what. How writes end is in `outcome.rs`.

use super::call::{CallAnswer, HostCall, Question, SaveReason, Verdict};
use super::event::{Event, ReleaseCause};
use super::inbox::{Applied, Left};
use super::inputs::{Inputs, Outputs, Priority};
use super::{Asked, Built, HandoverAnswer, Locker, Phase, Spec};
use crate::clock::Time;
use crate::error::Cause;
use crate::planted::Bug;
use crate::rare::{Empty, Rare};
use crate::record::codec::Encoded;
use crate::record::header::{HandoverRequest, Header, Holder};
use crate::record::stamp::{Incarnation, OperationId};
use crate::record::Document;
use crate::store::{Expected, Operation, Version};
use std::sync::Arc;

/// A write that was sent and whose outcome is not settled.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub op: OperationId,
    pub revision: u64,
    /// All changes up to this one are in it.
    pub covers: u64,
    pub release: bool,
    pub incarnation: Incarnation,
    pub told: bool,
    pub cause: ReleaseCause,
    pub built: Time,
    /// The last change of the outbox that is in it.
    pub outbox: u64,
    /// Header and data as they are in it, where the host checks data.
    pub valid: Option<Arc<Valid>>,
}

/// Data that the host found good, and what belongs to them.
#[derive(Debug)]
pub(super) struct Valid {
    pub header: Header,
    pub document: Document,
}

/// What is under way at the store.
pub(super) enum Flight {
    None,
    Read,
    Write(Box<Attempt>),
}

/// Another server's request for the record.
pub(super) struct Handover {
    pub request: HandoverRequest,
    pub decide_at: Time,
    pub answer: Option<HandoverAnswer>,
}

/// The session of a record that this engine holds.
pub(super) struct Held {
    /// The registration under which the stored record names us.
    pub incarnation: Incarnation,
    /// As it will be written next; what others may write into it is as last read.
    pub header: Header,
    pub version: Version,
    /// The revision that is surely stored.
    pub stored_revision: u64,
    /// The last write of this session that is surely stored.
    pub stored_op: OperationId,
    pub flight: Flight,
    /// Read before the next write: something is in doubt, or somebody else wrote.
    pub resolve: bool,
    pub failures: u32,
    pub retry_at: Option<Time>,
    pub save_due: Option<Time>,
    pub should_save: bool,
    pub force_save: bool,
    pub giving_way: bool,
    /// The last save was sent: from here on the data stand still.
    pub release_sent: bool,
    /// The host has written its state for the write that is to come.
    pub hook_done: bool,
    pub trouble_told: bool,
    /// Planted only: the next write creates the record.
    pub recreate: bool,
    /// Changes of the outbox up to these numbers: stored, stored when the session began, handed out for delivery.
    pub outbox_durable: u64,
    pub outbox_loaded: u64,
    pub outbox_handed: u64,
    /// The last change of the data that the host has found good; 0 if it was not asked.
    pub checked: u64,
    /// What was stored last, where the host checks data.
    pub valid: Option<Arc<Valid>>,
    /// When a step first saw changes that are not saved.
    pub unsaved_since: Option<Time>,
    /// The record is close to its largest size, and that was told.
    pub size_told: bool,
    pub rare: Rare<Unusual>,
}

/// What few sessions have at any time.
#[derive(Default)]
pub(super) struct Unusual {
    /// Writes that were sent against `version` and may have landed or may land yet.
    pub in_doubt: Vec<Attempt>,
    pub handover: Option<Handover>,
    /// The server that last asked for the record: it is told when the record is free, or that it was refused.
    pub waiting: Option<Arc<str>>,
    /// The request that the next write refuses.
    pub refuse: Option<OperationId>,
    pub release_cause: Option<ReleaseCause>,
    /// We, while the header says that nobody holds the record.
    pub let_go: Option<Holder>,
    /// Data that were edited before these were loaded, until they are merged.
    pub offline: Option<Document>,
    /// Changes of the inbox that took effect here and may not be durable.
    pub applied: Vec<Applied>,
    pub left: Left,
    /// Changes of the outbox that were handed out in vain: there is no spec for their targets here.
    pub outbox_unplaced: Vec<u64>,
}

impl Empty for Unusual {
    fn none() -> &'static Self {
        static NONE: Unusual = Unusual::none();
        &NONE
    }

    fn is_empty(&self) -> bool {
        let ends = self.release_cause.is_some() || self.let_go.is_some();
        let others = self.handover.is_some() || self.waiting.is_some() || self.refuse.is_some();
        let inbox = !self.applied.is_empty() || !self.left.is_nothing() || !self.outbox_unplaced.is_empty();
        !(ends || others || inbox || self.offline.is_some() || !self.in_doubt.is_empty())
    }
}

impl Unusual {
    pub const fn none() -> Self {
        Self {
            in_doubt: Vec::new(),
            handover: None,
            waiting: None,
            refuse: None,
            release_cause: None,
            let_go: None,
            offline: None,
            applied: Vec::new(),
            left: Left::nothing(),
            outbox_unplaced: Vec::new(),
        }
    }
}

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Release(ReleaseCause),
    Save(SaveReason),
}

impl Wanted {
    fn reason(self) -> SaveReason {
        match self {
            Self::Save(reason) => reason,
            Self::Release(cause) => SaveReason::Last(cause),
        }
    }
}

impl Held {
    pub(super) fn new(mut header: Header, holder: Holder, version: Version) -> Self {
        let incarnation = holder.incarnation;
        header.holder = Some(holder);
        Self {
            stored_revision: header.revision,
            stored_op: header.op,
            outbox_durable: header.outbox.last(),
            outbox_loaded: header.outbox.last(),
            incarnation,
            header,
            version,
            flight: Flight::None,
            resolve: false,
            failures: 0,
            retry_at: None,
            save_due: None,
            should_save: false,
            force_save: false,
            giving_way: false,
            release_sent: false,
            hook_done: false,
            trouble_told: false,
            recreate: false,
            outbox_handed: 0,
            checked: 0,
            valid: None,
            unsaved_since: None,
            size_told: false,
            rare: Rare::default(),
        }
    }

    /// Whether its data can be read and changed: the last save was not sent, and nothing waits to be merged.
    pub(super) fn is_usable(&self) -> bool {
        !self.release_sent && self.rare.offline.is_none()
    }

    /// The acquisition that made the session.
    pub(super) fn acquisition(&self) -> Option<OperationId> {
        let holder = self.header.holder.as_ref().or(self.rare.let_go.as_ref());
        holder.map(|holder| holder.op)
    }

    /// Has the header say that we hold the record, under this registration, or that nobody does.
    fn write_holder(&mut self, incarnation: Option<Incarnation>) {
        let Some(incarnation) = incarnation else {
            if let Some(holder) = self.header.holder.take() {
                self.rare.put().let_go = Some(holder);
            }
            return;
        };
        if self.header.holder.is_none() {
            self.header.holder = self.rare.used().and_then(|rare| rare.let_go.take());
        }
        if let Some(holder) = &mut self.header.holder {
            holder.incarnation = incarnation;
        }
    }

    /// What was just loaded is good, if the host checks data.
    pub(super) fn remember_valid(&mut self, spec: &Spec, document: &Document) {
        self.valid = spec.validate.then(|| {
            Arc::new(Valid {
                header: self.header.clone(),
                document: document.clone(),
            })
        });
    }

    /// The last change that a write in doubt has; 0 if none is in doubt.
    pub(super) fn latest_in_doubt(&self) -> u64 {
        self.rare
            .in_doubt
            .iter()
            .map(|attempt| attempt.covers)
            .max()
            .unwrap_or(0)
    }

    /// Whether this operation is the last of this session that is stored, or may have become so.
    pub(super) fn knows(&self, op: OperationId) -> bool {
        op == self.stored_op || self.rare.in_doubt.iter().any(|attempt| attempt.op == op)
    }

    /// What the writes in doubt were asked for is still to be done, unless they turn out to have landed.
    pub(super) fn ask_again(&mut self) {
        self.should_save |= !self.rare.in_doubt.is_empty();
        self.force_save |= self.rare.in_doubt.iter().any(|attempt| attempt.told);
    }

    /// Something is to be written at once, whatever the autosave period says.
    fn urgent(&self, inputs: &Inputs<'_>, dirty: bool, purchase: bool) -> Option<SaveReason> {
        let present = inputs.server.incarnation;
        let confirm = present.is_some() && present != Some(self.incarnation);
        if confirm && !inputs.bugs.has(Bug::NoConfirmation) {
            return Some(SaveReason::Confirm);
        }
        if purchase {
            return Some(SaveReason::Receipt);
        }
        if self.force_save || (self.should_save && dirty) || self.rare.refuse.is_some() {
            return Some(SaveReason::Asked);
        }
        None
    }
}

impl Locker {
    pub(super) fn held(&mut self) -> &mut Held {
        match &mut self.phase {
            Phase::Held(held) => held,
            _ => unreachable!("called in the held phase only"),
        }
    }

    pub(super) fn poll_held(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if inputs.bugs.has(Bug::NoConfirmation) {
            if let Some(incarnation) = inputs.server.incarnation {
                self.held().incarnation = incarnation;
            }
        }
        if self.changes.is_dirty() {
            self.held().unsaved_since.get_or_insert(inputs.now);
        }
        if self.poll_merge(out) {
            return;
        }
        self.decide_handover(inputs, out);
        if self.release_wanted(inputs).is_some() {
            if self.purchases.has_work() {
                let mut answers = Vec::new();
                self.purchases
                    .put()
                    .give_up_waiting("the record is being let go", &mut answers);
                super::tell_answers(answers, &mut out.events);
            }
        } else if self.poll_purchases(inputs, out) || self.poll_inbox(inputs, out) {
            return;
        }
        self.hand_out(inputs, out);
        self.poll_requests(inputs, out);
    }

    /// Whether the session is to end, and why.
    fn release_wanted(&mut self, inputs: &Inputs<'_>) -> Option<ReleaseCause> {
        let wanted = self.is_wanted();
        let held = self.held();
        // Once the last save was sent it is seen through: a late copy of it could land at any time.
        let called_off = inputs.bugs.has(Bug::ReleaseCalledOffInDoubt) && wanted && held.resolve;
        if held.release_sent && !called_off {
            return held.rare.release_cause;
        }
        if held.release_sent {
            held.release_sent = false;
        }
        if inputs.shutting_down {
            Some(ReleaseCause::Shutdown)
        } else if held.giving_way {
            Some(ReleaseCause::HandedOver)
        } else if !wanted {
            Some(ReleaseCause::Released)
        } else {
            None
        }
    }

    fn poll_requests(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if self.in_flight {
            return;
        }
        if std::mem::take(&mut self.attention) {
            self.held().resolve = true;
        }
        if let Some(retry_at) = self.held().retry_at {
            if inputs.now < retry_at {
                out.wake_at(retry_at);
                return;
            }
        }
        if self.held().resolve {
            let releasing = self.release_wanted(inputs).is_some();
            out.send = Some(if releasing {
                self.release_priority()
            } else {
                Priority::Force
            });
            return;
        }
        out.send = self.wanted_write(inputs, out).map(|wanted| match wanted {
            Wanted::Release(_) => self.release_priority(),
            Wanted::Save(SaveReason::Receipt) => Priority::Purchase,
            Wanted::Save(SaveReason::Autosave) => Priority::Save,
            Wanted::Save(_) => Priority::Force,
        });
    }

    /// Releases that make purchases durable go before all others.
    fn release_priority(&self) -> Priority {
        if self.purchases.has_entered() {
            Priority::Purchase
        } else {
            Priority::Release
        }
    }

    fn wanted_write(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) -> Option<Wanted> {
        if let Some(cause) = self.release_wanted(inputs) {
            return Some(Wanted::Release(cause));
        }
        let dirty = self.changes.is_dirty();
        let purchase = self.purchases.has_entered();
        if let Some(reason) = self.held().urgent(inputs, dirty, purchase) {
            return Some(Wanted::Save(reason));
        }
        if !dirty {
            let held = self.held();
            held.save_due = None;
            held.should_save = false;
            held.hook_done = false;
            return None;
        }
        let spread = self.spec.autosave.mul_f64(0.5 + inputs.jitter / 2.0);
        let due = *self.held().save_due.get_or_insert(inputs.now.after(spread));
        if inputs.now < due {
            out.wake_at(due);
            return None;
        }
        Some(Wanted::Save(SaveReason::Autosave))
    }

    // Hand-over ----------------------------------------------------------------------------------------------------

    /// Takes note of a request that was found in the stored record.
    pub(super) fn notice_request(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        let decide_at = inputs.now.after(self.spec.handover_delay);
        let held = self.held();
        let Some(request) = held.header.request.as_deref().cloned() else {
            if let Some(rare) = held.rare.used() {
                rare.handover = None;
            }
            return;
        };
        held.rare.put().waiting = held.header.waiting_server();
        let known = held
            .rare
            .handover
            .as_ref()
            .is_some_and(|known| known.request.op == request.op);
        if known || held.release_sent || held.rare.refuse == Some(request.op) {
            return;
        }
        let server = request.server.to_string();
        held.rare.put().handover = Some(Handover {
            request,
            decide_at,
            answer: None,
        });
        out.events.push(Event::HandoverRequested { server });
    }

    fn decide_handover(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        let refuse_by_default = self.spec.handover_refuse;
        let held = self.held();
        let Some(rare) = held.rare.used() else {
            return;
        };
        let Some(handover) = &mut rare.handover else {
            return;
        };
        if let Some(HandoverAnswer::Give { after }) = handover.answer {
            handover.decide_at = inputs.now.after(after);
            // From here on an answer means "when the time has come".
            handover.answer = None;
        }
        let refused = handover.answer == Some(HandoverAnswer::Refuse);
        if !refused && inputs.now < handover.decide_at {
            out.wake_at(handover.decide_at);
            return;
        }
        let op = handover.request.op;
        if refused || refuse_by_default {
            rare.refuse = Some(op);
        } else {
            held.giving_way = true;
        }
        rare.handover = None;
    }

    // Writing ------------------------------------------------------------------------------------------------------

    pub(super) fn build_held(&mut self, inputs: &Inputs<'_>, op: OperationId, out: &mut Outputs) -> Built {
        if self.held().resolve {
            self.held().flight = Flight::Read;
            return Built::Request(self.request(Operation::Get));
        }
        if self.held().retry_at.is_some_and(|retry_at| inputs.now < retry_at) {
            // The host has just refused the data.
            return Built::Nothing;
        }
        let Some(wanted) = self.wanted_write(inputs, out) else {
            return Built::Nothing;
        };
        if let Some(call) = self.before_save(wanted).or_else(|| self.check(wanted)) {
            return Built::Call(call);
        }
        self.build_write(inputs, wanted, op, out)
    }

    /// The question to the host before the data are written, unless it was asked for this write already.
    fn before_save(&mut self, wanted: Wanted) -> Option<HostCall> {
        let reason = wanted.reason();
        let held = self.held();
        if held.hook_done || held.release_sent || self.closed || !self.spec.before_save {
            return None;
        }
        self.asked = Some(Box::new(Asked::BeforeSave));
        Some(HostCall {
            question: Question::BeforeSave(reason),
            draft: self.document.clone(),
        })
    }

    /// The question whether changed data may be saved, unless it was answered for them already.
    fn check(&mut self, wanted: Wanted) -> Option<HostCall> {
        let latest = self.changes.latest();
        if !self.spec.validate || !self.changes.is_dirty() {
            return None;
        }
        let held = self.held();
        if held.release_sent || held.checked == latest {
            return None;
        }
        self.asked = Some(Box::new(Asked::Validate(wanted.reason())));
        Some(HostCall {
            question: Question::Validate,
            draft: self.document.clone(),
        })
    }

    pub(super) fn finish_validate(
        &mut self,
        inputs: &Inputs<'_>,
        reason: SaveReason,
        answer: CallAnswer,
        out: &mut Outputs,
    ) {
        if !self.is_held() {
            return;
        }
        let Err(text) = answer.verdict.or_failed() else {
            self.held().checked = self.changes.latest();
            return;
        };
        let text = format!("the data of `{}` may not be saved: {text}", self.key);
        if matches!(reason, SaveReason::Last(_)) {
            self.go_back_to_valid(text, out);
        } else {
            self.held().hook_done = false;
            self.save_trouble(inputs, text, Cause::Request, out);
        }
    }

    /// The session ends with data that may not be saved: what was stored last stays, and everything since is lost, but
    /// not without a word.
    fn go_back_to_valid(&mut self, text: String, out: &mut Outputs) {
        let unknown = self.held().latest_in_doubt();
        let Some(valid) = self.held().valid.clone() else {
            return;
        };
        let refused = std::mem::replace(&mut self.document, valid.document.clone());
        let held = self.held();
        let mut header = valid.header.clone();
        header.inbox = valid.header.inbox.with_news_of(&held.header.inbox).into();
        header.request.clone_from(&held.header.request);
        header.extra.clone_from(&held.header.extra);
        held.header = header;
        if let Some(rare) = held.rare.used() {
            rare.applied.clear();
            if held.header.holder.is_some() {
                rare.let_go = None;
            }
        }
        let saved = self.changes.saved();
        self.changes.settle_loss(unknown);
        self.give_up_purchases("the data may not be saved", &mut out.events);
        out.events.push(Event::Refused {
            document: refused,
            saved,
            text,
        });
    }

    pub(super) fn finish_before_save(
        &mut self,
        inputs: &Inputs<'_>,
        answer: CallAnswer,
        change: u64,
        out: &mut Outputs,
    ) {
        if !self.is_held() {
            return;
        }
        self.held().hook_done = true;
        match self.accept(inputs, answer, change) {
            Verdict::Done | Verdict::NotApplicable | Verdict::Rejected(_) | Verdict::UnknownProduct => {}
            // The save goes on without the hook's edits: a hook that always fails must not keep the data from being
            // saved, or the record from being let go.
            Verdict::Failed(text) => out.events.push(Event::CallbackFailed {
                text: format!("before_save of `{}` failed, its edits were dropped: {text}", self.key),
            }),
        }
    }

    fn build_write(&mut self, inputs: &Inputs<'_>, wanted: Wanted, op: OperationId, out: &mut Outputs) -> Built {
        let covers = self.changes.latest();
        let held = self.held();
        held.hook_done = false;
        let incarnation = inputs.server.incarnation.unwrap_or(held.incarnation);
        let release = matches!(wanted, Wanted::Release(_));
        held.write_holder((!release).then_some(incarnation));
        let header = &mut held.header;
        header.revision = held.stored_revision + 1;
        header.op = op;
        header.saved_ms = inputs.wall_ms;
        if let Some(refused) = held.rare.refuse {
            header.refused = Some(Box::new(refused));
            header.request = header.request.take().filter(|request| request.op != refused);
        }
        if release {
            header.request = None;
        }
        let attempt = Attempt {
            op,
            revision: header.revision,
            covers,
            release,
            incarnation,
            told: held.force_save,
            built: inputs.now,
            cause: match wanted {
                Wanted::Release(cause) => cause,
                Wanted::Save(_) => ReleaseCause::Released,
            },
            outbox: header.outbox.last(),
            valid: None,
        };
        let for_waiting = release || held.rare.refuse.is_some();
        let announce = held.rare.waiting.clone().filter(|_| for_waiting);
        self.finish_build(inputs, attempt, wanted.reason(), announce, out)
    }

    fn finish_build(
        &mut self,
        inputs: &Inputs<'_>,
        mut attempt: Attempt,
        reason: SaveReason,
        announce: Option<Arc<str>>,
        out: &mut Outputs,
    ) -> Built {
        let record = self.encode_record(inputs);
        let bytes = record.value.len();
        if bytes as u64 > self.spec.max_value_bytes {
            let text = self.too_large(bytes);
            self.save_trouble(inputs, text, Cause::Request, out);
            return Built::Nothing;
        }
        self.warn_of_size(bytes as u64, out);
        let dirty = self.changes.is_dirty();
        if dirty {
            // Changes that the before-save hook has just made were seen by no step.
            self.held().unsaved_since.get_or_insert(inputs.now);
        }
        if attempt.release {
            self.begin_release(attempt.cause);
        }
        if self.spec.validate {
            let document = self.document.clone();
            let header = self.held().header.clone();
            attempt.valid = Some(Arc::new(Valid { header, document }));
        }
        out.events.push(Event::Saving(reason));
        let held = self.held();
        held.should_save = false;
        held.force_save = false;
        held.save_due = None;
        let expected = if std::mem::take(&mut held.recreate) {
            Expected::Missing
        } else {
            Expected::Version(held.version.clone())
        };
        let tried = held
            .rare
            .in_doubt
            .iter()
            .any(|earlier| earlier.covers == attempt.covers);
        let as_stored = !dirty || (tried && inputs.bugs.has(Bug::UnchangedByDoubt));
        let unchanged = as_stored && matches!(expected, Expected::Version(_));
        held.flight = Flight::Write(Box::new(attempt));
        Built::Request(self.request(record.put(expected, unchanged, announce)))
    }

    /// Tells once that the record has come close to its limit.
    fn warn_of_size(&mut self, bytes: u64, out: &mut Outputs) {
        let percent = self.spec.size_warning_percent;
        let max = self.spec.max_value_bytes;
        let close = percent < 100 && u128::from(bytes) * 100 >= u128::from(max) * u128::from(percent);
        let held = self.held();
        let told = std::mem::replace(&mut held.size_told, close);
        if close && !told {
            out.events.push(Event::SizeWarning { bytes, max });
        }
    }

    fn encode_record(&mut self, inputs: &Inputs<'_>) -> Encoded {
        let forget_receipts = inputs.bugs.has(Bug::ReceiptsInMemoryOnly);
        let document = self.document.clone();
        let held = self.held();
        if forget_receipts {
            let mut header = held.header.clone();
            header.ledger = Rare::default();
            return Encoded::new(&header, &document);
        }
        Encoded::new(&held.header, &document)
    }

    fn begin_release(&mut self, cause: ReleaseCause) {
        let held = self.held();
        if held.release_sent {
            return;
        }
        held.release_sent = true;
        held.rare.put().release_cause = Some(cause);
        if cause != ReleaseCause::Released {
            // The server that gives way stops wanting the record until it is marked again.
            self.wants.clear();
        }
    }
}
