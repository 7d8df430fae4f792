//! How a session's writes end: landed, in doubt, merged with what others wrote, or overtaken.

use super::acquire::load_fault;
use super::event::{Event, LossCause};
use super::held::{Attempt, Flight, Held};
use super::inputs::{Inputs, Outputs};
use super::{tell_answers, tell_settled, Locker, Phase};
use crate::error::Cause;
use crate::planted::Bug;
use crate::record::codec::decode;
use crate::record::header::Header;
use crate::record::stamp::OperationId;
use crate::store::{Outcome, Reply, StoreError, StoreResult, Version};

impl Held {
    fn forget_doubts(&mut self) {
        if let Some(rare) = self.rare.used() {
            rare.in_doubt.clear();
        }
    }

    /// How the stored record shows that the store has lost writes that it had confirmed; `None` if it does not. A
    /// revision alone would not tell: others who write into the header raise it again.
    fn store_is_behind(&self, stored: &Header, last: Option<OperationId>) -> Option<String> {
        let epoch = self.header.epoch;
        if stored.epoch < epoch || (stored.epoch == epoch && stored.revision < self.stored_revision) {
            return Some(format!(
                "the store is at epoch {} revision {}, behind the confirmed epoch {epoch} revision {}",
                stored.epoch, stored.revision, self.stored_revision
            ));
        }
        last.filter(|op| !self.knows(*op)).map(|op| {
            format!(
                "the last write of epoch {epoch} in the store is {op}, and {} was confirmed after that",
                self.stored_op
            )
        })
    }
}

impl Locker {
    pub(super) fn reply_held(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        match std::mem::replace(&mut self.held().flight, Flight::None) {
            Flight::None => {}
            Flight::Read => self.reply_resolving(inputs, result, out),
            Flight::Write(attempt) => self.reply_writing(inputs, *attempt, result, out),
        }
    }

    fn reply_writing(&mut self, inputs: &Inputs<'_>, attempt: Attempt, result: StoreResult, out: &mut Outputs) {
        match result {
            Ok(Reply::Written { version }) => self.landed(inputs, &attempt, version, out),
            Ok(Reply::Conflict) => {
                if inputs.bugs.has(Bug::ConflictIsSuccess) {
                    let version = self.held().version.clone();
                    return self.landed(inputs, &attempt, version, out);
                }
                // Somebody else wrote, or an earlier copy of this very request did: only a read can tell.
                let held = self.held();
                held.rare.put().in_doubt.push(attempt);
                held.resolve = true;
                held.failures = held.failures.saturating_add(1);
                if held.failures > 2 {
                    self.retry_later(inputs, out);
                }
            }
            Ok(other) => {
                let error = StoreError::unknown(format!("the store answered a put with '{}'", other.name()));
                self.write_failed(inputs, attempt, error, out);
            }
            Err(error) => self.write_failed(inputs, attempt, error, out),
        }
    }

    fn write_failed(&mut self, inputs: &Inputs<'_>, attempt: Attempt, error: StoreError, out: &mut Outputs) {
        let unknown = error.outcome == Outcome::Unknown;
        if unknown && attempt.release && inputs.bugs.has(Bug::ReleaseInDoubtIsDone) {
            let version = self.held().version.clone();
            return self.landed(inputs, &attempt, version, out);
        }
        let held = self.held();
        if unknown && inputs.bugs.has(Bug::TimeoutIsFailure) {
            held.resolve = true;
        } else {
            // Even a write that is said not to have been applied may have had a copy that was.
            held.rare.put().in_doubt.push(attempt);
            held.resolve = held.resolve || unknown;
        }
        if unknown && inputs.bugs.has(Bug::UnknownQueuedAgain) {
            if let Some(purchases) = self.purchases.used() {
                purchases.queue_again();
            }
        }
        self.save_trouble(inputs, error.to_string(), error.cause, out);
    }

    /// A save did not succeed: tell it once, and try again later.
    pub(super) fn save_trouble(&mut self, inputs: &Inputs<'_>, text: String, cause: Cause, out: &mut Outputs) {
        let held = self.held();
        held.failures = held.failures.saturating_add(1);
        held.ask_again();
        if !held.trouble_told {
            held.trouble_told = true;
            out.events.push(Event::SaveTrouble { text, cause });
        }
        self.retry_later(inputs, out);
    }

    fn retry_later(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        let failures = self.held().failures;
        let wait = self.spec.back_off(failures, inputs.jitter);
        let retry_at = inputs.now.after(wait);
        self.held().retry_at = Some(retry_at);
        out.wake_at(retry_at);
    }

    /// A write of this session is stored.
    fn landed(&mut self, inputs: &Inputs<'_>, attempt: &Attempt, version: Version, out: &mut Outputs) {
        let held = self.held();
        held.version = version;
        held.stored_revision = attempt.revision;
        // Whatever else was in doubt was sent against a version that is gone.
        held.forget_doubts();
        self.settle_landed(inputs, attempt, out);
        if attempt.release {
            self.released(attempt, out);
        }
    }

    /// The stored record has the data of this write.
    fn settle_landed(&mut self, inputs: &Inputs<'_>, attempt: &Attempt, out: &mut Outputs) {
        self.held().stored_op = attempt.op;
        let before = self.changes.saved();
        let latest = self.changes.latest();
        let mut covers = attempt.covers;
        if inputs.bugs.has(Bug::SavedPastSnapshot) {
            covers = self.changes.latest();
        }
        self.changes.settle_saved(covers);
        let held = self.held();
        held.failures = 0;
        held.retry_at = None;
        held.trouble_told = false;
        let refused = held.header.refused.as_deref().copied();
        let refusal = held
            .rare
            .used()
            .filter(|rare| rare.refuse.is_some() && rare.refuse == refused);
        if let Some(rare) = refusal {
            rare.refuse = None;
            out.facts.refused = true;
        }
        out.facts.saved = true;
        if covers > before {
            out.facts.save_time = held.unsaved_since.map(|since| inputs.now.since(since));
            // Whatever this write does not cover was changed after it was built.
            held.unsaved_since = (latest > covers).then_some(attempt.built);
        }
        let confirmed = held.incarnation != attempt.incarnation && !attempt.release;
        held.incarnation = attempt.incarnation;
        held.outbox_durable = held.outbox_durable.max(attempt.outbox);
        if inputs.bugs.has(Bug::OutboxPastSnapshot) {
            held.outbox_durable = held.header.outbox.last();
        }
        if attempt.valid.is_some() {
            held.valid.clone_from(&attempt.valid);
        }
        let epoch = held.header.epoch;
        if confirmed {
            out.events.push(Event::Confirmed { epoch });
        }
        if (covers > before || attempt.told) && !attempt.release {
            out.events.push(Event::Saved { change: covers });
        }
        if let Some(purchases) = self.purchases.used() {
            let mut answers = Vec::new();
            purchases.settle(covers, &mut answers);
            tell_answers(answers, &mut out.events);
        }
        self.settle_applied(covers, out);
        tell_settled(&mut self.changes, &mut out.events);
        self.hand_out(inputs, out);
    }

    fn released(&mut self, attempt: &Attempt, out: &mut Outputs) {
        out.events.push(Event::Released {
            cause: attempt.cause,
            change: self.changes.saved(),
        });
        self.end_session("the session has ended", out);
    }

    fn end_session(&mut self, text: &str, out: &mut Outputs) {
        self.give_up_purchases_of_session(text, out);
        tell_settled(&mut self.changes, &mut out.events);
        self.become_idle(&mut out.events);
    }

    /// After a release that is to be followed by a new session, waiting purchases go on waiting for that.
    fn give_up_purchases_of_session(&mut self, text: &str, out: &mut Outputs) {
        if !self.is_wanted() {
            self.give_up_purchases(text, &mut out.events);
        }
    }

    // Reading back -------------------------------------------------------------------------------------------------

    fn reply_resolving(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        match result {
            Ok(Reply::Found { value, version }) => match decode(&value) {
                Ok((stored, _)) => self.resolve(inputs, &stored, version, out),
                Err(fault) => {
                    let text = format!(
                        "the stored record of `{}` cannot be understood and is left as it is: {}",
                        self.key,
                        load_fault(&fault).brief()
                    );
                    self.save_trouble(inputs, text, Cause::Store, out);
                }
            },
            Ok(Reply::Missing) => self.resolve_missing(inputs, out),
            Ok(other) => {
                let text = format!("the store answered a get with '{}'", other.name());
                self.save_trouble(inputs, text, Cause::Store, out);
            }
            Err(error) => self.save_trouble(inputs, error.to_string(), error.cause, out),
        }
    }

    fn resolve_missing(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if inputs.bugs.has(Bug::MissingRecreated) {
            let held = self.held();
            held.resolve = false;
            held.should_save = true;
            held.recreate = true;
            return;
        }
        let unknown = self.held().latest_in_doubt();
        let text = "the record has been removed from the store".to_owned();
        self.lose(inputs, LossCause::Erased, unknown, text, out);
    }

    /// The stored record decides what became of the writes in doubt, and whether the session goes on.
    fn resolve(&mut self, inputs: &Inputs<'_>, stored: &Header, version: Version, out: &mut Outputs) {
        if inputs.bugs.has(Bug::EpochIgnored) {
            return self.go_on(inputs, stored, version, out);
        }
        let held = self.held();
        let epoch = held.header.epoch;
        let last = stored.last_operation_of(epoch);
        let behind = held.store_is_behind(stored, last);
        if let Some(behind) = behind.filter(|_| !inputs.bugs.has(Bug::RollbackIgnored)) {
            let unknown = held.latest_in_doubt();
            let ours = stored.holder.as_ref();
            let ours = ours.is_some_and(|holder| holder.incarnation.origin == inputs.server.origin);
            self.lose(inputs, LossCause::RolledBack, unknown, behind, out);
            if ours && !inputs.bugs.has(Bug::RolledBackHolderStays) {
                // The record says again that we hold it: it is let go as it is now.
                self.phase = Phase::Reclaiming(Box::default());
            }
            return;
        }
        let known = last.is_some();
        let attempt = last.and_then(|op| self.take_attempt(op));
        if let Some(attempt) = &attempt {
            self.settle_landed(inputs, attempt, out);
        }
        let ours = stored.epoch == epoch
            && stored
                .holder
                .as_ref()
                .is_some_and(|holder| Some(holder.op) == self.held().acquisition());
        if ours {
            return self.go_on(inputs, stored, version, out);
        }
        let released = attempt.filter(|attempt| attempt.release);
        if let Some(attempt) = released {
            return self.released(&attempt, out);
        }
        self.overtaken(inputs, stored, known, out);
    }

    fn take_attempt(&mut self, op: OperationId) -> Option<Attempt> {
        let in_doubt = &mut self.held().rare.used()?.in_doubt;
        let index = in_doubt.iter().position(|attempt| attempt.op == op)?;
        Some(in_doubt.swap_remove(index))
    }

    /// It is still our session: others wrote into the header, or nothing happened.
    fn go_on(&mut self, inputs: &Inputs<'_>, stored: &Header, version: Version, out: &mut Outputs) {
        let held = self.held();
        held.resolve = false;
        held.ask_again();
        let moved = held.version != version;
        if moved {
            held.forget_doubts();
            held.retry_at = None;
        }
        if let Some(holder) = &stored.holder {
            held.incarnation = holder.incarnation;
        }
        held.version = version;
        held.stored_revision = stored.revision;
        let rare = &held.rare;
        let own_inbox = inputs.bugs.has(Bug::MergeDropsNews).then(|| held.header.inbox.clone());
        held.header.merge_foreign(stored, |sent| {
            Self::is_applied(&rare.applied, sent) && !inputs.bugs.has(Bug::AppliedComesBack)
        });
        if let Some(own_inbox) = own_inbox {
            held.header.inbox = own_inbox;
        }
        self.notice_request(inputs, out);
    }

    fn overtaken(&mut self, inputs: &Inputs<'_>, stored: &Header, known: bool, out: &mut Outputs) {
        let unknown = if known { 0 } else { self.held().latest_in_doubt() };
        let cause = if stored.erased {
            LossCause::Erased
        } else {
            LossCause::Taken
        };
        let text = match &stored.holder {
            None if stored.erased => "the record was erased".to_owned(),
            Some(holder) => format!("server {} holds the record at epoch {}", holder.server, stored.epoch),
            None => format!("the record was let go at epoch {}", stored.epoch),
        };
        self.lose(inputs, cause, unknown, text, out);
    }

    fn lose(&mut self, inputs: &Inputs<'_>, cause: LossCause, mut unknown: u64, text: String, out: &mut Outputs) {
        if inputs.bugs.has(Bug::UnknownCountsAsLost) {
            unknown = 0;
        }
        if inputs.bugs.has(Bug::LossCountsAsSaved) {
            self.changes.settle_saved(self.changes.latest());
        }
        let saved = self.changes.saved();
        self.changes.settle_loss(unknown);
        self.wants.clear();
        out.events.push(Event::Lost {
            cause,
            document: self.document.clone(),
            saved,
            unknown: unknown.max(saved),
            text,
        });
        debug_assert!(matches!(self.phase, Phase::Held(_)));
        self.end_session("the session was lost", out);
    }
}
