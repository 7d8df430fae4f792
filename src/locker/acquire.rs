//! Acquiring a record: read, decide whether it is free, write with a raised epoch; and letting go of an acquisition
//! that may have landed after nobody wanted it any more.

use super::event::{Event, LoadStatus};
use super::held::Held;
use super::inputs::{Inputs, Outputs, Priority, WaitCause};
use super::prepare::{unfit, Preparation};
use super::{Built, Locker, Phase, Spec, Watching};
use crate::clock::Time;
use crate::error::Cause;
use crate::planted::Bug;
use crate::record::codec::{decode, decode_or_import, Decoded, Encoded, ReadFault};
use crate::record::extra::Extra;
use crate::record::header::{HandoverRequest, Header, Holder};
use crate::record::import::ForeignLock;
use crate::record::server::LEASE_RANGE;
use crate::record::stamp::OperationId;
use crate::record::Document;
use crate::store::{Expected, Operation, Outcome, Reply, Request, StoreResult, Version};
use std::sync::Arc;
use std::time::Duration;

/// What a read found.
pub(super) struct Found {
    pub header: Header,
    pub document: Document,
    /// `None` if there is no record yet.
    pub version: Option<Version>,
    /// The data are as they are stored under this version.
    pub as_stored: bool,
}

enum Step {
    /// Read the record.
    Read,
    Reading,
    /// It is free: the host makes its data ready.
    Prepare(Box<Found>, Box<Preparation>),
    /// It is free: write it with our name.
    Take(Box<Found>),
    Taking(Box<Found>),
    /// Another server holds it: leave a request in it.
    Ask(Box<Found>),
    Asking,
    /// Read again later, or as soon as the holder is known to be dead.
    Wait {
        until: Time,
    },
}

/// One acquisition, from the first read until it is held or given up.
pub(super) struct Acquire {
    step: Step,
    /// Every write of this acquisition that may have landed.
    tries: Vec<OperationId>,
    failures: u32,
    /// Who was seen to hold it.
    holder: Option<Holder>,
    request: Option<OperationId>,
    asked: bool,
    /// How often the holder was to get a letter, and when last.
    letters: u32,
    letter_at: Option<Time>,
    /// Somebody wrote the record while it was being looked at.
    look_again: bool,
    refused_until: Option<Time>,
    /// What it waits for, and since when it has had to wait.
    wait: Option<(WaitCause, Time)>,
    /// The record is taken over from a dead server.
    taken_over: bool,
    /// The record was handed over by the server that had been asked.
    handed_over: bool,
}

impl Default for Acquire {
    fn default() -> Self {
        Self {
            step: Step::Read,
            tries: Vec::new(),
            failures: 0,
            holder: None,
            request: None,
            asked: false,
            letters: 0,
            letter_at: None,
            look_again: false,
            refused_until: None,
            wait: None,
            taken_over: false,
            handed_over: false,
        }
    }
}

impl Acquire {
    pub(super) fn watching(&self) -> Option<Watching> {
        let holder = self.holder.as_ref()?;
        Some(Watching {
            server: Arc::clone(&holder.server),
            incarnation: holder.incarnation,
            letters: if self.asked { self.letters } else { 0 },
        })
    }

    /// Somebody wrote the record: read it now, or once more if a look at it is under way.
    pub(super) fn notified(&mut self) {
        match &mut self.step {
            Step::Wait { until } => *until = Time(0),
            _ => self.look_again = true,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.step, Step::Wait { .. })
    }

    /// Something is in the way. The first counts for the time; what is known of the holder counts for the cause.
    fn wait_for(&mut self, cause: WaitCause, now: Time) {
        let known = self.wait.filter(|_| cause == WaitCause::Store);
        let since = self.wait.map_or(now, |(_, since)| since);
        self.wait = known.or(Some((cause, since)));
    }

    /// How long it had to wait, and for what.
    fn waited(&self, now: Time) -> Option<(WaitCause, Duration)> {
        self.wait.map(|(cause, since)| (cause, now.since(since)))
    }

    /// There is a request in the record: the holder is to look, and once more in each of its leases, since a letter may
    /// be lost with the record that it was in.
    fn remind(&mut self, now: Time) {
        self.asked = true;
        let lease = Duration::from_millis(self.holder_lease_ms()).max(LEASE_RANGE.0);
        if self.letter_at.is_none_or(|at| now >= at.after(lease)) {
            self.letter_at = Some(now);
            self.letters += 1;
        }
    }

    pub(super) fn holder_lease_ms(&self) -> u64 {
        self.holder.as_ref().map_or(0, |holder| holder.lease_ms)
    }
}

/// Letting go of an acquisition that landed although nobody wants it any more.
#[derive(Default)]
pub(super) struct Reclaim {
    found: Option<Box<Found>>,
    failures: u32,
    wait_until: Option<Time>,
}

impl Locker {
    fn acquire(&mut self) -> &mut Acquire {
        match &mut self.phase {
            Phase::Acquiring(acquire) => acquire,
            _ => unreachable!("called in the acquiring phase only"),
        }
    }

    pub(super) fn poll_acquiring(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if self.in_flight {
            return;
        }
        if !self.is_wanted() || inputs.shutting_down {
            self.give_up_acquiring(inputs, out);
            return;
        }
        let registered = inputs.server.incarnation.is_some();
        let acquire = self.acquire();
        if let Step::Wait { until } = acquire.step {
            let dead = acquire
                .holder
                .as_ref()
                .is_some_and(|holder| inputs.verdicts.is_dead(holder.incarnation));
            if !dead && inputs.now < until {
                out.wake_at(until);
                return;
            }
            acquire.step = Step::Read;
        }
        if self.poll_preparing(inputs, out) {
            return;
        }
        let acquire = self.acquire();
        // Without a registration there is no name to write into the record. The engine steps us again when it has one.
        let ready = registered || !matches!(acquire.step, Step::Take(_) | Step::Ask(_));
        if ready {
            out.send = Some(Priority::Load);
        }
    }

    /// Nobody wants it any more. If a try may have landed, or may yet, the record must be let go.
    fn give_up_acquiring(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        self.wants.clear();
        self.give_up_purchases("the load was given up", &mut out.events);
        // Somebody who asks for attention may have met one of our tries in the record.
        out.facts.waited = self.acquire().waited(inputs.now);
        let attention = std::mem::take(&mut self.attention);
        let ignored = inputs.bugs.has(Bug::OrphanIgnored);
        let in_doubt = !ignored && (!self.acquire().tries.is_empty() || attention);
        self.become_idle(&mut out.events);
        if in_doubt {
            self.phase = Phase::Reclaiming(Box::default());
            self.poll_reclaiming(inputs, out);
        }
    }

    pub(super) fn build_acquiring(&mut self, inputs: &Inputs<'_>, op: OperationId, out: &mut Outputs) -> Built {
        let acquire = self.acquire();
        match std::mem::replace(&mut acquire.step, Step::Read) {
            Step::Read => {
                acquire.step = Step::Reading;
                Built::Request(self.request(Operation::Get))
            }
            Step::Take(found) => self.build_take(inputs, op, found, out),
            Step::Ask(found) => self.build_ask(inputs, op, *found),
            other => {
                acquire.step = other;
                Built::Nothing
            }
        }
    }

    fn build_take(&mut self, inputs: &Inputs<'_>, op: OperationId, mut found: Box<Found>, out: &mut Outputs) -> Built {
        let Some(incarnation) = inputs.server.incarnation else {
            self.acquire().step = Step::Take(found);
            return Built::Nothing;
        };
        let mut header = found.header.clone();
        let epoch = header.epoch;
        header.begin_session(Holder {
            server: Arc::clone(&inputs.server.server_id),
            incarnation,
            op,
            since_ms: inputs.wall_ms,
            lease_ms: u64::try_from(inputs.server.lease.as_millis()).unwrap_or(u64::MAX),
            extra: Extra::default(),
        });
        if inputs.bugs.has(Bug::EpochNotRaised) && epoch > 0 {
            header.epoch = epoch;
        }
        if inputs.bugs.has(Bug::OldServerWritesItsVersion) {
            header.schema = self.spec.schema;
        }
        header.revision += 1;
        let record = Encoded::new(&header, &found.document);
        if record.value.len() as u64 > self.spec.max_value_bytes {
            let text = self.too_large(record.value.len());
            let cause = Cause::Request;
            self.wait_after_failure(inputs, LoadStatus::StoreFailure { text, cause }, out);
            return Built::Nothing;
        }
        found.header = header;
        let expected = found.version.clone().map_or(Expected::Missing, Expected::Version);
        let acquire = self.acquire();
        let as_stored = found.as_stored;
        acquire.tries.push(op);
        acquire.step = Step::Taking(found);
        Built::Request(self.request(record.put(expected, as_stored, None)))
    }

    fn build_ask(&mut self, inputs: &Inputs<'_>, op: OperationId, mut found: Found) -> Built {
        found.header.revision += 1;
        found.header.request = Some(Box::new(HandoverRequest {
            server: Arc::clone(&inputs.server.server_id),
            op,
            extra: Extra::default(),
        }));
        let acquire = self.acquire();
        acquire.request = Some(op);
        acquire.step = Step::Asking;
        let Some(version) = found.version else {
            return Built::Nothing;
        };
        let record = Encoded::new(&found.header, &found.document);
        let holder = found.header.holding_server();
        Built::Request(self.request(record.put(Expected::Version(version), found.as_stored, holder)))
    }

    pub(super) fn reply_acquiring(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        let acquire = self.acquire();
        match std::mem::replace(&mut acquire.step, Step::Read) {
            Step::Reading => self.reply_reading(inputs, result, out),
            Step::Taking(found) => self.reply_taking(inputs, *found, result, out),
            Step::Asking => {
                acquire.remind(inputs.now);
                self.wait_for_holder(inputs, out);
            }
            other => acquire.step = other,
        }
    }

    fn reply_reading(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        match result {
            Ok(Reply::Missing) => {
                let op = inputs.server.no_operation();
                let found = Found {
                    header: self.spec.new_header(op, inputs.wall_ms),
                    document: self.default.clone(),
                    version: None,
                    as_stored: false,
                };
                let acquire = self.acquire();
                acquire.taken_over = false;
                acquire.handed_over = false;
                self.take(found);
            }
            Ok(Reply::Found { value, version }) => match read_value(&self.spec, inputs, &value) {
                Ok(Decoded {
                    header,
                    document,
                    lock,
                    imported,
                }) => {
                    let found = Found {
                        header,
                        document,
                        version: Some(version),
                        as_stored: !imported,
                    };
                    match lock.filter(|lock| inputs.wall_ms < lock.until_ms) {
                        Some(lock) if !self.seize => self.wait_for_foreign_lock(inputs, lock, out),
                        _ => self.judge(inputs, found, out),
                    }
                }
                Err(fault) => {
                    let status = load_fault(&fault);
                    self.wait_after_failure(inputs, status, out);
                }
            },
            Ok(other) => {
                let text = format!("the store answered a get with '{}'", other.name());
                let cause = Cause::Store;
                self.wait_after_failure(inputs, LoadStatus::StoreFailure { text, cause }, out);
            }
            Err(error) => {
                let (text, cause) = (error.to_string(), error.cause);
                self.wait_after_failure(inputs, LoadStatus::StoreFailure { text, cause }, out);
            }
        }
    }

    /// Decides whether the record that was read is ours, free, or another server's.
    fn judge(&mut self, inputs: &Inputs<'_>, found: Found, out: &mut Outputs) {
        if found.header.erased {
            return self.judge_erased(inputs, found);
        }
        let unfit = unfit(&self.spec, &found.header, &found.document);
        if let Some(status) = unfit.filter(|_| !inputs.bugs.has(Bug::TooNewTaken)) {
            self.wait_after_failure(inputs, status, out);
            return;
        }
        let Some(holder) = found.header.holder.clone() else {
            let acquire = self.acquire();
            acquire.handed_over |= acquire.holder.is_some() && acquire.asked;
            acquire.taken_over = false;
            return self.make_ready(found);
        };
        if holder.incarnation.origin == inputs.server.origin {
            // Of our own engine. This acquisition's own write is adopted; anything else is the leftover of another
            // operation, whose late requests could still land, so that only a new write makes it safe.
            let landed = self.acquire().tries.contains(&holder.op);
            if landed || inputs.bugs.has(Bug::AdoptOtherOperation) {
                self.become_held(inputs, found, holder, out);
            } else {
                self.make_ready(found);
            }
            return;
        }
        if inputs.bugs.has(Bug::AdoptOldProcess) && *holder.server == *inputs.server.server_id {
            return self.become_held(inputs, found, holder, out);
        }
        if self.seize || inputs.verdicts.is_dead(holder.incarnation) {
            let dead = inputs.verdicts.is_dead(holder.incarnation);
            let acquire = self.acquire();
            acquire.handed_over = false;
            acquire.taken_over = dead;
            if dead && acquire.wait.is_some() {
                acquire.wait_for(WaitCause::Dead, inputs.now);
            }
            return self.make_ready(found);
        }
        self.report_locked(inputs, found, holder, out);
    }

    /// The record may be taken as soon as its data are ready.
    fn make_ready(&mut self, found: Found) {
        let preparation = Preparation::new(found.header.clone(), found.document.clone());
        self.prepare_again(Box::new(found), Box::new(preparation));
    }

    pub(super) fn prepare_again(&mut self, found: Box<Found>, preparation: Box<Preparation>) {
        let acquire = self.acquire();
        acquire.holder = None;
        acquire.asked = false;
        acquire.step = Step::Prepare(found, preparation);
    }

    /// True if the host was asked.
    fn poll_preparing(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) -> bool {
        let acquire = self.acquire();
        match std::mem::replace(&mut acquire.step, Step::Read) {
            Step::Prepare(found, preparation) => self.prepare(inputs, found, preparation, out),
            other => {
                acquire.step = other;
                false
            }
        }
    }

    pub(super) fn take(&mut self, found: Found) {
        let acquire = self.acquire();
        acquire.holder = None;
        acquire.asked = false;
        acquire.step = Step::Take(Box::new(found));
    }

    /// What is left of an erased record begins a new life with the default data.
    fn judge_erased(&mut self, inputs: &Inputs<'_>, found: Found) {
        let newborn = self.spec.new_header(inputs.server.no_operation(), inputs.wall_ms);
        let header = found.header.reborn(newborn);
        self.take(Found {
            header,
            document: self.default.clone(),
            version: found.version,
            as_stored: false,
        });
    }

    /// A server of another library holds the record, by a lock that ends by its own time.
    fn wait_for_foreign_lock(&mut self, inputs: &Inputs<'_>, lock: ForeignLock, out: &mut Outputs) {
        let status = LoadStatus::LockedElsewhere {
            server: lock.owner,
            since_ms: lock.since_ms,
            refused: false,
        };
        self.acquire().holder = None;
        self.wait_for_holder(inputs, out);
        self.show(status, &mut out.events);
    }

    fn report_locked(&mut self, inputs: &Inputs<'_>, found: Found, holder: Holder, out: &mut Outputs) {
        // A refused server does not ask again before the holder has had some peace.
        let peace = self.spec.retry_max.saturating_mul(4);
        let acquire = self.acquire();
        let refused = found.header.refused.is_some() && found.header.refused.as_deref().copied() == acquire.request;
        if refused {
            acquire.refused_until = Some(inputs.now.after(peace));
            acquire.request = None;
            acquire.asked = false;
        }
        let in_peace = acquire.refused_until.is_some_and(|until| inputs.now < until);
        let requested = found.header.request.is_some();
        let status = LoadStatus::LockedElsewhere {
            server: holder.server.to_string(),
            since_ms: holder.since_ms,
            refused: in_peace,
        };
        acquire.wait_for(WaitCause::Living, inputs.now);
        acquire.taken_over = false;
        acquire.handed_over = false;
        acquire.holder = Some(holder);
        acquire.asked = false;
        if requested && !in_peace {
            acquire.remind(inputs.now);
        }
        if requested || in_peace {
            self.wait_for_holder(inputs, out);
        } else {
            acquire.step = Step::Ask(Box::new(found));
        }
        self.show(status, &mut out.events);
    }

    /// The record is another server's: look again after a while. The engine steps us earlier when it knows more.
    fn wait_for_holder(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        let acquire = self.acquire();
        if std::mem::take(&mut acquire.look_again) {
            acquire.step = Step::Wait { until: inputs.now };
            out.wake_at(inputs.now);
            return;
        }
        acquire.failures = acquire.failures.saturating_add(1);
        // A store in a critical state gets no more loads than it must.
        let failures = if inputs.critical { u32::MAX } else { acquire.failures };
        let wait = self.spec.back_off(failures, inputs.jitter);
        let until = inputs.now.after(wait);
        self.acquire().step = Step::Wait { until };
        out.wake_at(until);
    }

    pub(super) fn wait_after_failure(&mut self, inputs: &Inputs<'_>, status: LoadStatus, out: &mut Outputs) {
        // A read that failed says nothing about the holder: whoever waits for its death goes on waiting, or one failure
        // in each lease would keep a dead server's records locked for ever.
        if matches!(status, LoadStatus::StoreFailure { .. }) {
            self.acquire().wait_for(WaitCause::Store, inputs.now);
        } else {
            self.acquire().holder = None;
        }
        self.wait_for_holder(inputs, out);
        self.show(status, &mut out.events);
    }

    fn reply_taking(&mut self, inputs: &Inputs<'_>, found: Found, result: StoreResult, out: &mut Outputs) {
        match result {
            Ok(Reply::Written { version }) => {
                let Some(holder) = found.header.holder.clone() else {
                    return;
                };
                let version = Some(version);
                self.become_held(inputs, Found { version, ..found }, holder, out);
            }
            Ok(Reply::Conflict) => {
                // Somebody was faster, or an earlier copy of this very request was: the read will tell.
                let acquire = self.acquire();
                acquire.failures = acquire.failures.saturating_add(1);
                if acquire.failures > 2 {
                    self.wait_for_holder(inputs, out);
                }
            }
            Ok(other) => {
                let text = format!("the store answered a put with '{}'", other.name());
                let cause = Cause::Store;
                self.wait_after_failure(inputs, LoadStatus::StoreFailure { text, cause }, out);
            }
            Err(error) => {
                if error.outcome == Outcome::Unknown && inputs.bugs.has(Bug::TimeoutIsFailure) {
                    self.acquire().tries.clear();
                }
                let (text, cause) = (error.to_string(), error.cause);
                self.wait_after_failure(inputs, LoadStatus::StoreFailure { text, cause }, out);
            }
        }
    }

    fn become_held(&mut self, inputs: &Inputs<'_>, found: Found, holder: Holder, out: &mut Outputs) {
        let Some(version) = found.version else {
            return;
        };
        self.seize = false;
        let epoch = found.header.epoch;
        if self.spec.apply_receipt {
            self.retry_all_parked(&found.header);
        }
        let acquire = self.acquire();
        out.facts.acquired = true;
        out.facts.taken_over = acquire.taken_over;
        out.facts.handed_over = acquire.handed_over;
        out.facts.waited = acquire.waited(inputs.now);
        let mut held = Held::new(found.header, holder, version);
        held.remember_valid(&self.spec, &found.document);
        let edited = std::mem::take(&mut self.edited_offline);
        let offline = std::mem::replace(&mut self.document, found.document);
        if edited {
            held.rare.put().offline = Some(offline);
        }
        let to_merge = edited;
        self.phase = Phase::Held(Box::new(held));
        self.show(LoadStatus::Loaded, &mut out.events);
        if !to_merge {
            out.events.push(Event::Loaded { epoch });
        }
    }

    pub(super) fn request(&self, operation: Operation) -> Request {
        Request {
            key: self.key.clone(),
            operation,
        }
    }

    pub(super) fn too_large(&self, bytes: usize) -> String {
        format!(
            "the record of `{}` would be {bytes} bytes, at most {} can be saved: take something out of it, spread it over \
             several records, or use a store that takes more (or a higher max_value_bytes of the spec)",
            self.key, self.spec.max_value_bytes
        )
    }

    // Reclaiming ---------------------------------------------------------------------------------------------------

    fn reclaim(&mut self) -> &mut Reclaim {
        match &mut self.phase {
            Phase::Reclaiming(reclaim) => reclaim,
            _ => unreachable!("called in the reclaiming phase only"),
        }
    }

    pub(super) fn poll_reclaiming(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if self.in_flight {
            return;
        }
        if self.is_wanted() && !inputs.shutting_down {
            // Acquiring replaces the leftover as well. If it is given up before, the leftover is still to be let go.
            self.attention |= !inputs.bugs.has(Bug::ReclaimForgotten);
            self.phase = Phase::Acquiring(Box::default());
            self.show(LoadStatus::Loading, &mut out.events);
            self.poll_acquiring(inputs, out);
            return;
        }
        match self.reclaim().wait_until {
            Some(until) if inputs.now < until => out.wake_at(until),
            _ => out.send = Some(Priority::Release),
        }
    }

    pub(super) fn build_reclaiming(&mut self) -> Built {
        let operation = match &self.reclaim().found {
            None => Operation::Get,
            Some(found) => {
                let mut header = found.header.clone();
                header.revision += 1;
                header.holder = None;
                header.request = None;
                let Some(version) = found.version.clone() else {
                    return Built::Nothing;
                };
                let record = Encoded::new(&header, &found.document);
                let waiting = found.header.waiting_server();
                record.put(Expected::Version(version), found.as_stored, waiting)
            }
        };
        Built::Request(self.request(operation))
    }

    pub(super) fn reply_reclaiming(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        let writing = self.reclaim().found.take().is_some();
        match result {
            Ok(Reply::Found { value, version }) => match decode(&value) {
                Ok((header, document)) if is_ours(&header, inputs.server.origin) => {
                    let version = Some(version);
                    self.reclaim().found = Some(Box::new(Found {
                        header,
                        document,
                        version,
                        as_stored: true,
                    }));
                }
                _ => self.become_idle(&mut out.events),
            },
            Ok(Reply::Conflict) if writing => {}
            Ok(_) => self.become_idle(&mut out.events),
            Err(_) => {
                let failures = self.reclaim().failures.saturating_add(1);
                let until = inputs.now.after(self.spec.back_off(failures, inputs.jitter));
                let reclaim = self.reclaim();
                reclaim.failures = failures;
                reclaim.wait_until = Some(until);
                out.wake_at(until);
            }
        }
    }
}

/// What is stored, also if another library wrote it and the spec takes such records over.
pub(crate) fn read_value(spec: &Spec, inputs: &Inputs<'_>, value: &[u8]) -> Result<Decoded, ReadFault> {
    decode_or_import(value, &spec.import, inputs.server.no_operation(), inputs.wall_ms)
}

fn is_ours(header: &Header, origin: u128) -> bool {
    header
        .holder
        .as_ref()
        .is_some_and(|holder| holder.incarnation.origin == origin)
}

pub(crate) fn load_fault(fault: &ReadFault) -> LoadStatus {
    match fault {
        ReadFault::Unreadable(text) => LoadStatus::Unreadable { text: text.clone() },
        ReadFault::NewerFormat(format) => LoadStatus::UnknownVersion {
            text: format!("the record has format {format}, which is newer than this library"),
            needs: 0,
        },
        ReadFault::UnknownCodec(codec) => LoadStatus::UnknownVersion {
            text: format!("the record is encoded by the codec `{codec}`, which is not known here"),
            needs: 0,
        },
    }
}
