//! Changes that leave a session for other records: queued with the session's own data, handed out for delivery when they
//! are durable, and taken out of the record when they have arrived or come back.

use super::call::{CallAnswer, Verdict};
use super::held::Held;
use super::inputs::{Inputs, Outputs};
use super::{Locker, Phase};
use crate::change::{Delivery, Draft};
use crate::error::{Error, ErrorKind};
use crate::planted::Bug;
use crate::record::extra::Extra;
use crate::record::outbox::{Outgoing, MAX_OUTBOX};
use crate::store::Key;

impl Held {
    /// The changes of the outbox that `choose` picks, oldest first.
    fn deliveries(&self, source: &Key, choose: impl Fn(&Outgoing) -> bool) -> Vec<Delivery> {
        let Some(line) = self.header.outbox.line() else {
            return Vec::new();
        };
        let from = source.to_string();
        let chosen = self.header.outbox.waiting().iter().filter(|outgoing| choose(outgoing));
        let delivery = |outgoing: &Outgoing| Delivery {
            line: line.clone(),
            from: from.clone(),
            fresh: outgoing.number > self.outbox_loaded,
            outgoing: outgoing.clone(),
        };
        chosen.map(delivery).collect()
    }
}

impl Locker {
    /// Queues a change for another record as part of the change `change` of this one.
    ///
    /// # Errors
    /// As [`Locker::edit`]; [`ErrorKind::Full`] if too many are on their way.
    pub fn queue_change(&mut self, change: u64, draft: Draft, wall_ms: i64) -> Result<(), Error> {
        self.check_held()?;
        self.check_outbox(1)?;
        self.put_into_outbox(vec![draft], wall_ms);
        self.changes.record(change);
        Ok(())
    }

    /// How many changes of this record are on their way.
    #[must_use]
    pub fn outgoing(&self) -> usize {
        match &self.phase {
            Phase::Held(held) => held.header.outbox.waiting().len(),
            _ => 0,
        }
    }

    pub(super) fn check_outbox(&self, more: usize) -> Result<(), Error> {
        let full = match &self.phase {
            Phase::Held(held) => held.header.outbox.is_full(more),
            _ => false,
        };
        if !full {
            return Ok(());
        }
        let text = format!(
            "{MAX_OUTBOX} changes of `{}` are on their way, there is no room for more",
            self.key
        );
        Err(Error::new(ErrorKind::Full, text))
    }

    pub(super) fn put_into_outbox(&mut self, drafts: Vec<Draft>, at_ms: i64) {
        let Phase::Held(held) = &mut self.phase else {
            return;
        };
        let Some(line) = held.acquisition() else {
            return;
        };
        for draft in drafts {
            held.header.outbox.queue(
                line,
                Outgoing {
                    number: 0,
                    space: draft.space,
                    key: draft.key,
                    kind: draft.kind,
                    payload: draft.payload,
                    create: draft.create,
                    at_ms,
                    extra: Extra::default(),
                },
            );
        }
    }

    /// Takes over what the host did to a draft, if it agreed and there is room for what it sends.
    pub(super) fn accept(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, change: u64) -> Verdict {
        if answer.verdict != Verdict::Done {
            return answer.verdict;
        }
        if let Err(error) = self.check_outbox(answer.outgoing.len()) {
            return Verdict::Failed(error.text().to_owned());
        }
        if answer.draft.is_some() || !answer.outgoing.is_empty() {
            self.changes.record(change);
        }
        if let Some(draft) = answer.draft {
            self.document = draft;
        }
        self.put_into_outbox(answer.outgoing, inputs.wall_ms);
        Verdict::Done
    }

    /// Hands out what became durable since the last time.
    pub(super) fn hand_out(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        let Phase::Held(held) = &mut self.phase else {
            return;
        };
        let mut durable = held.outbox_durable;
        if inputs.bugs.has(Bug::HandedOutBeforeDurable) {
            durable = held.header.outbox.last();
        }
        if durable <= held.outbox_handed {
            return;
        }
        let due = |outgoing: &Outgoing| outgoing.number <= durable && outgoing.number > held.outbox_handed;
        out.deliver.extend(held.deliveries(&self.key, due));
        held.outbox_handed = durable;
        if inputs.bugs.has(Bug::GiftForgottenWhenSent) {
            held.header.outbox = held.header.outbox.emptied().into();
        }
    }

    /// These changes were handed out, and there is no spec for their targets here. They wait for one, or for the next
    /// session.
    pub fn not_placed(&mut self, numbers: &[u64]) {
        if let Phase::Held(held) = &mut self.phase {
            held.rare.put().outbox_unplaced.extend(numbers);
        }
    }

    /// There is a spec called `space` now: hands out again what waited for it, before anything later can overtake it.
    pub fn hand_out_again(&mut self, space: &str) -> Vec<Delivery> {
        let Phase::Held(held) = &mut self.phase else {
            return Vec::new();
        };
        let waits =
            |outgoing: &Outgoing| outgoing.space == space && held.rare.outbox_unplaced.contains(&outgoing.number);
        let deliveries = held.deliveries(&self.key, waits);
        let placed = |number: &u64| deliveries.iter().any(|delivery| delivery.outgoing.number == *number);
        if let Some(rare) = held.rare.used() {
            rare.outbox_unplaced.retain(|number| !placed(number));
        }
        deliveries
    }

    /// A change of the outbox has arrived, or its fate cannot be known: it need not be sent again.
    pub fn delivered(&mut self, line: &str, number: u64) {
        if let Some(held) = self.held_with_line(line) {
            held.header.outbox.remove(number);
        }
    }

    /// A change of the outbox cannot be delivered: it goes into this record's own inbox, as the change `change`.
    pub fn came_back(&mut self, line: &str, number: u64, change: u64) {
        let from = self.key.to_string();
        let Some(held) = self.held_with_line(line) else {
            return;
        };
        if let Some(outgoing) = held.header.outbox.remove(number) {
            held.header.inbox.take_back(outgoing.returned(line, &from));
            self.changes.record(change);
        }
    }

    fn held_with_line(&mut self, line: &str) -> Option<&mut Held> {
        match &mut self.phase {
            Phase::Held(held) if !held.release_sent && held.header.outbox.line().as_deref() == Some(line) => Some(held),
            _ => None,
        }
    }
}
